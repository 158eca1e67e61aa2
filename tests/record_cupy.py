"""Write down what CuPy offers: `python tests/record_cupy.py`, where CuPy is installed.

It needs no GPU. The stand-in knows only these names and parameters.
"""

import importlib
import inspect
import json
import re
from pathlib import Path

RECORD = Path(__file__).with_name("cupy_names.json")
PLACES = ("cupy", "cupy.ndarray", "cupy.linalg", "cupy.lib.stride_tricks")


def parameters(thing):
    """The names of the parameters, from the signature or from the docstring; None if unknown."""
    try:
        return [p.name for p in inspect.signature(thing).parameters.values()]
    except (TypeError, ValueError):
        text = (thing.__doc__ or "").replace("\\*", "*")
        found = re.match(r"[\w.]+\((.*?)\)(?: ->|\n|$)", text, re.DOTALL)
        parts = found[1].split(",") if found else []
        names = [re.split("[=:]", part)[0].strip(" */") for part in parts]
        return [name.split()[-1] for name in names if name] or None


def record():
    """What a file can hold of the installed CuPy."""
    cupy = importlib.import_module("cupy")
    facts = {"version": cupy.__version__}
    for place in PLACES:
        owner = cupy.ndarray if place.endswith("ndarray") else importlib.import_module(place)
        names = [n for n in dir(owner) if n[0] != "_" or (owner is cupy.ndarray and n[:2] == "__")]
        things = {name: getattr(owner, name) for name in names}
        known = {n: parameters(t) if callable(t) else None for n, t in things.items()}
        facts[place] = {n: " ".join(p) if p else None for n, p in known.items()}
    return facts


if __name__ == "__main__":
    lines = json.dumps(record(), indent=0, sort_keys=True)
    RECORD.write_text(lines + "\n", "utf-8")
