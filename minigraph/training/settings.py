"""Settings: the plain values that make a training what it is, beside its weights and its data.

They are read from the attributes that keep constructor arguments. A backup holds them twice: as
they were when training began, so that another model, loss or optimizer is refused, and as a
callback has changed them since, so that they can be restored.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.registry import Configurable, init_parameters
from ..core.tensor import Variable
from ..graph.layer import Layer
from ..metrics import Metric
from ..saving.file import expect

PLAIN = (bool, int, float, str, type(None))
UNKNOWN = object()  # what no plain value can describe
# These are kept elsewhere in a backup, are different in each model, or act only before training.
SKIPPED = re.compile(r"name|learning_rate|trainable|seed|(.*_)?initializer")


def settings_of(thing: Any) -> dict[str, Any]:
    """The constructor arguments of an object that a plain value can describe."""
    held, kind = vars(thing), type(thing)
    values = {name: held.get(name, getattr(kind, name, UNKNOWN)) for name in init_parameters(kind)}
    extra = held.get("settings")  # of a formula
    values |= extra if isinstance(extra, dict) else {}
    found = {n: described(value) for n, value in values.items() if not SKIPPED.fullmatch(n)}
    return {name: value for name, value in found.items() if value is not UNKNOWN}


def described(value: Any) -> Any:
    """A value as plain data: a function is its name, an object its class and settings.

    `UNKNOWN` for arrays and the like, and for layers, which are described one by one.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (list, tuple)):
        items = [described(item) for item in value]
        return UNKNOWN if any(item is UNKNOWN for item in items) else items
    if isinstance(value, dict):
        items = {str(key): described(item) for key, item in value.items()}
        return UNKNOWN if any(item is UNKNOWN for item in items.values()) else items
    if isinstance(value, (Layer, Variable, np.ndarray)):
        return UNKNOWN
    if isinstance(value, Configurable):
        # A second AUC in one process is called `auc_1`.
        named = [re.sub(r"_\d+$", "", value.name)] if isinstance(value, Metric) else []
        return [type(value).__name__, settings_of(value), *named]
    return getattr(value, "__name__", UNKNOWN) if callable(value) else UNKNOWN


def owners(model: Any) -> list[Any]:
    """All that has settings which a callback may change: the layers, and last the optimizer."""
    return [*model._all_layers(), model.optimizer]


def changes(model: Any, start: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each owner the settings that are not as they were at the `start`."""
    found = []
    for owner, before in zip(owners(model), start, strict=True):
        now = settings_of(owner).items()
        found.append({name: value for name, value in now if not same(value, before.get(name))})
    return found


def same(a: Any, b: Any) -> bool:
    return a == b or repr(a) == repr(b)  # NaN is not equal to itself


def check_settings(model: Any, start: list[dict[str, Any]], changed: list[dict[str, Any]]) -> None:
    """Raise ValueError, naming it, for a setting that is another than a backup was made with.

    A model that was already fitted may have what training has changed since the start. Settings of
    a layer that an older file does not have are not compared.

    Args:
        start: The settings when training began, for each owner.
        changed: Those that were changed since.
    """
    here = owners(model)
    counts = len(here) == len(start) == len(changed)
    expect(counts, "it does not have the settings of each layer")
    for owner, before, later in zip(here, start, changed, strict=True):
        both = isinstance(before, dict) and isinstance(later, dict)
        expect(both, "its settings are not in dicts by name")
        known = settings_of(owner)
        label = f"{'layer' if isinstance(owner, Layer) else 'optimizer'} {owner.name!r}"
        expect(later.keys() <= known.keys(), f"{label} has no settings {sorted(later)}")
        for name in before if isinstance(owner, Layer) else {**before, **known}:
            value, then = known.get(name), before.get(name)
            if not same(value, then) and not same(value, later.get(name, then)):
                raise ValueError(
                    f"{label} was made with {name}={then!r:.80}, and here is {value!r:.80}"
                )
        for name, value in later.items():
            ready = same(known[name], value) or is_kept(owner, name, value)
            expect(ready, f"{label}: {name!r} was changed in training, and cannot be kept")


def is_kept(owner: Any, name: str, value: Any) -> bool:
    """Return whether a changed setting can be assigned: a plain value in place of another."""
    if name not in vars(owner):
        return False
    old = vars(owner)[name]
    numbers = all(isinstance(v, (int, float, np.number, type(None))) for v in (old, value))
    return numbers or (isinstance(old, str) and isinstance(value, str))


def restore_settings(model: Any, changed: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Set what training had changed, after `check_settings`; return what it was before."""
    before = []
    for owner, later in zip(owners(model), changed, strict=True):
        known = settings_of(owner)
        new = {name: value for name, value in later.items() if not same(known[name], value)}
        before.append({name: getattr(owner, name) for name in new})
        for name, value in new.items():
            setattr(owner, name, value)
    return before
