"""Random small model files, and a process with little memory that loads them:

    python tests/small_files.py [how many] [seed]

Each file names a registered layer, op, loss, metric, optimizer or schedule with random settings,
many of them huge. Whatever a file asks for, it must be loaded or refused within `SLOWEST` seconds
and `MOST_MEMORY` bytes.
"""

import inspect
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import minigraph  # noqa: F401  registers its classes
from minigraph.core import registry
from minigraph.graph.layer import Layer

SLOWEST = 1.0  # seconds
MOST_MEMORY = 128 * 2**20  # bytes
SMALL = [1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 8, 0, -1, -2]
HUGE = [10**power for power in (3, 4, 5, 6, 7, 8, 9, 12, 18)]
TEXTS = ["same", "valid", "causal", "relu", "softmax", "sum", "concat", "float64", "int8", "zeros"]
TEXTS += ["\x1b[2J\u202e\ud800", "x" * 1000]
TEXTS += ["nearest", "bilinear", "ij,jk->ik", "ijk->kji", "orthogonal", "identity", "l2", "mean"]
OF_LAYERS = ("layer", "cell", "cells", "backward_layer")


def kinds(fits):
    """The registered names of the library whose classes or functions fit."""
    found = [name for name, thing in registry._registered.items() if fits(thing)]
    return sorted(name for name in found if registry.find(name).__module__.startswith("minigraph."))


def classes_of(group):
    return sorted({registry.get_registered_name(t) for t in registry._members[group].values()})


MODELS = {"Functional", "Sequential", "InputLayer", "Inside", "Layer", "Lambda"}
LAYERS = sorted(set(kinds(lambda t: inspect.isclass(t) and issubclass(t, Layer))) - MODELS)
CELLS = [name for name in LAYERS if name.endswith("Cell")]
OPS = kinds(inspect.isfunction)
SCHEDULES = [name for name in kinds(inspect.isclass) if name.endswith("Decay")]
PARTS = {"losses": classes_of("loss"), "metrics": classes_of("metric")}
PARTS |= {"optimizers": classes_of("optimizer"), "schedules": SCHEDULES}


def chance(source, probability):
    return source.random() < probability


def number(source):
    return source.choice(SMALL if chance(source, 0.95) else HUGE)


def setting(source, name, default=None):
    """A value for a setting, as JSON: of the kind of its default, more often than not."""
    if isinstance(default, str) or chance(source, 0.06):
        return source.choice(TEXTS) if chance(source, 0.5) or not default else default
    if isinstance(default, bool) or chance(source, 0.05):
        return chance(source, 0.5)
    if name.endswith("initializer") or name.endswith("regularizer"):
        group = "initializer" if name.endswith("initializer") else "regularizer"
        return described(source, source.choice(classes_of(group)))
    if isinstance(default, float) and chance(source, 0.6):
        return source.choice([0.0, 0.5, 1.0, 1e30, -1.0])
    if chance(source, 0.05):
        return None
    if chance(source, 0.25):
        items = [number(source) for _ in range(source.choice([1, 2, 2, 3, 4]))]
        items *= 1000 if chance(source, 0.05) else 1
        return {"$tuple": items} if chance(source, 0.5) else items
    return number(source)


def settings(source, parameters):
    """Random settings for what has no default, and for some of the rest."""
    given = {}
    for name, parameter in parameters.items():
        needed = parameter.default is inspect.Parameter.empty
        if name in ("name", "dtype", "self") or not (needed or chance(source, 0.25)):
            continue
        default = None if needed else parameter.default
        if name in OF_LAYERS and needed:
            inner = [described(source, source.choice(CELLS)) for _ in range(source.choice([1, 2]))]
            given[name] = inner if name == "cells" else source.choice(inner)
            if name == "layer" or chance(source, 0.1):
                given[name] = described(source, source.choice(LAYERS))
        else:
            given[name] = setting(source, name, default)
    return given


def described(source, name):
    """An object as a config describes it."""
    parameters = registry.init_parameters(registry.find(name, fits=inspect.isclass))
    return {"class_name": name, "config": settings(source, parameters)}


def shape_for(source, name):
    digits = [int(digit) for digit in name if digit in "123"]
    rank = digits[0] + 1 if digits else source.choice([1, 2, 2, 3, 4])
    rank += name.startswith(("ConvLSTM", "TimeDistributed"))
    return [source.choice([1, 2, 3, 4, 8, 8]) for _ in range(rank)]


def numbers_in(value):
    """(container, key) of each number that is a size or a setting, in nested structures."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if type(item) in (int, float) and key != "layer":
            yield value, key
        elif isinstance(item, (dict, list)) and key != "$tensor":
            yield from numbers_in(item)


def with_huge_numbers(source, value):
    """The same, with one or two numbers somewhere inside replaced by huge ones."""
    value = json.loads(json.dumps(value))  # no part of it twice
    found = list(numbers_in(value))
    for _ in range(source.choice([0, 1, 1, 1, 2]) if found else 0):
        owner, key = source.choice(found)
        owner[key] = source.choice(HUGE)
    return value


def arguments_of(source, name, x):
    """Positional and keyword arguments for the call of an op on the tensor x."""
    args, kwargs, parameters = [], {}, inspect.signature(registry.find(name)).parameters
    for parameter in parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            args.append([x] * source.choice([1, 2, 3, 300]))
        elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY or parameter.name in ("x", "a"):
            args.append(x if chance(source, 0.9) else setting(source, "number"))
        elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            kwargs |= settings(source, {parameter.name: parameter})
    return args or [x], kwargs


def drawn(source, name):
    """The text of a model that calls one layer or op on an Input, or on a sum over a batch."""
    is_op, shape = name in OPS, shape_for(source, name)
    config = {"batch_shape": [source.choice([None, None, None, 4, 10**4]), *shape]}
    if chance(source, 0.2):
        config["batch_shape"][1] = None
    config |= {"dtype": source.choice(["float32", "float32", "int32"]), "name": "x"}
    table = [{"class_name": "InputLayer", "name": "x", "config": config}]
    nodes, x = [{"layer": 0}], {"$tensor": [0, 0]}
    if chance(source, 0.3):
        summed = {"args": [x], "kwargs": {"axis": 0, "keepdims": chance(source, 0.5)}}
        nodes.append({"op": "sum", "name": "sum"} | summed)
        x = {"$tensor": [1, 0]}
    if is_op:
        args, kwargs = arguments_of(source, name, x)
        nodes.append({"op": name, "name": "called", "args": args, "kwargs": kwargs})
    else:
        layer = described(source, name) | {"name": "called"}
        several = chance(source, 0.9 if name in ("Add", "Dot", "Concatenate") else 0.15)
        args = [[x, x]] if several else [x]
        args += [x] if name == "MultiHeadAttention" else []
        nodes.append({"layer": 1, "args": args, "kwargs": {}})
        table.append(layer)
    ends = {"inputs": {"$tensor": [0, 0]}, "outputs": {"$tensor": [len(nodes) - 1, 0]}}
    config = {"name": "m", "trainable": True, "layers": table, "nodes": nodes} | ends
    return {"class_name": "Functional", "config": config}


def doubling():
    """A model without layers or weights, whose file may be compiled in any way."""
    config = {"batch_shape": [None, 3], "dtype": "float32", "name": "x"}
    table = [{"class_name": "InputLayer", "name": "x", "config": config}]
    call = {"op": "add", "name": "added", "args": [{"$tensor": [0, 0]}] * 2, "kwargs": {}}
    ends = {"inputs": {"$tensor": [0, 0]}, "outputs": {"$tensor": [1, 0]}}
    graph = {"nodes": [{"layer": 0}, call]} | ends
    config = {"name": "m", "trainable": True, "layers": table} | graph
    return {"class_name": "Functional", "config": config}


def compiled(source, group, name):
    """The text of the compile settings with one loss, metric, optimizer or schedule."""
    part = described(source, name)
    given = {"optimizer": {"class_name": "SGD", "config": {}}, "loss": None, "loss_weights": None}
    given |= {"metrics": [], "weighted_metrics": None}
    if group == "schedules":
        given["optimizer"]["config"]["learning_rate"] = part
    elif group == "metrics":
        given[group] = [part] * source.choice([1, 1, 1, 200])
        if len(given[group]) > 1:  # each with a name of its own
            given[group] = [
                part | {"config": part["config"] | {"name": f"m{k}"}} for k in range(200)
            ]
    else:
        given["optimizer" if group == "optimizers" else "loss"] = part
    return given


def random_files(source, count):
    """Pairs (what it is about, {"model", "compile"}) that go round all kinds."""
    turns = [("layer", name) for name in LAYERS] + [("op", name) for name in OPS]
    turns += [(group, name) for group, names in PARTS.items() for name in names]
    for k in range(count):
        group, name = turns[k % len(turns)]
        if group in ("layer", "op"):
            texts = {"model": with_huge_numbers(source, drawn(source, name)), "compile": None}
        else:
            given = with_huge_numbers(source, compiled(source, group, name))
            texts = {"model": doubling(), "compile": given}
        yield f"{group} {name}", texts


PROGRAM = """
import gc, json, resource, sys, time, warnings
import numpy as np
from minigraph import Input, Model
from minigraph.models import load_model
from minigraph.saving.file import Contents, to_bytes
from minigraph.saving.model import random_streams
warnings.simplefilter("ignore")
path, most = sys.argv[1], int(sys.argv[2])
with open("/proc/self/statm") as file:
    taken = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + most, taken + most))
x = Input((1,))
streams = [stream.state for stream in random_streams([Model(x, x)])]
gc.freeze()
for line in sys.stdin:
    texts = json.loads(line)
    trained = [True] * len(texts["model"]["config"]["layers"])  # the model, and all but the Input
    flags = {"weights": [], "trainable": {"layers": trained, "weights": []}}
    metadata = {"minigraph.model": json.dumps(texts["model"] | flags)}
    metadata["minigraph.train"] = json.dumps({"random": streams})
    if texts["compile"]:
        metadata["minigraph.compile"] = json.dumps(texts["compile"])
    tensors = {"optimizer/iterations": np.array(0)} if texts["compile"] else {}
    with open(path, "wb") as file:
        file.write(to_bytes(Contents(metadata, tensors)))
    gc.collect()
    start = time.process_time()
    try:
        load_model(path)
        found = ["loaded", ""]
    except BaseException as error:
        found, cause = [type(error).__name__, str(error)[:300]], error
        while cause is not None:
            if isinstance(cause, (MemoryError, RecursionError)):
                found[0] = type(cause).__name__
            cause = cause.__cause__ or cause.__context__
    print(json.dumps([*found, time.process_time() - start]), flush=True)
"""


def tried(files, path):
    """What became of each file: (the kind of error or "loaded", its text, seconds)."""
    lines = "".join(json.dumps(texts) + "\n" for _, texts in files)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(MOST_MEMORY)],
        cwd=Path(__file__).parent.parent,
        input=lines,
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        about = files[done.stdout.count("\n")]
        raise AssertionError(f"the process died of {json.dumps(about)}:\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def faults_among(files, path):
    """The faults, and how many files had which end.

    It is a fault to take too long or too much memory, and to raise another error than the
    documented one, or one with a text that a terminal would obey.
    """
    faults, verdicts = [], Counter()
    for (what, texts), (kind, text, seconds) in zip(files, tried(files, path), strict=True):
        verdicts[kind] += 1
        good = kind in ("loaded", "FileRefused") and text.isprintable()
        if not good or seconds > SLOWEST:
            faults.append(f"{what}: {kind}, {seconds:.2f} s: {text}\n{json.dumps(texts)}")
    return faults, verdicts


def main(count=20_000, seed=0):
    source = random.Random(seed)
    files, verdicts = list(random_files(source, count)), Counter()
    for start in range(0, count, 1000):
        with tempfile.TemporaryDirectory() as folder:
            faults, found = faults_among(files[start : start + 1000], Path(folder) / "file")
        verdicts += found
        if faults:
            raise SystemExit("\n".join(fault[:3000] for fault in faults))
    print(f"{count:,} small files: {dict(verdicts)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
