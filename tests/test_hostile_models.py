"""Models in files that ask for more than a machine has are refused before they get any of it.

A drawing is tried out without rows, so it takes no memory and no time, however large it is. Each
case here finds a place where that might fail. All of them are loaded by one process that has half a
gigabyte to spare: what took more would end in a MemoryError, and that counts as a fault.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from minigraph import Input, Model, layers, ops
from minigraph.models import model_from_json

SLOWEST = 1.0  # seconds
MOST_MEMORY = 128 * 2**20  # bytes
MARK = 1717  # stands for the sizes in the texts of the models


def row(x):
    """The sum over the batch: a tensor without a batch, which a drawing has to compute."""
    return ops.sum(x, axis=0)


def column(x):
    return ops.reshape(row(x), (-1, 1))


def image(x):
    return ops.reshape(row(x), (1, -1, 1))


def inner_maximum(x):
    inside = Input((MARK,))
    return Model(inside, ops.max(inside, axis=0))(x)


# name: (what is drawn on an Input, the Input's shape, the sizes that are put in MARK's place)
DRAWN = {
    "an input": (lambda x: x * 2, (MARK, MARK), [10**5, 10**19]),
    "units": (lambda x: layers.Dense(MARK)(x), (3,), [10**8, 10**12, 10**19]),
    "a repeated row": (lambda x: layers.RepeatVector(MARK)(x), (3,), [10**8, 10**9]),
    "an embedding": (lambda x: layers.Embedding(MARK, MARK)(x), (3,), [10**8, 10**12]),
    "larger pixels": (lambda x: layers.UpSampling2D(MARK)(x), (4, 4, 1), [10**6]),
    "smooth pixels": (
        lambda x: layers.UpSampling2D(MARK, interpolation="bilinear")(x),
        (4, 4, 1),
        [10**4, 10**6],
    ),
    "smooth wide pixels": (
        lambda x: layers.UpSampling2D(2, interpolation="bilinear")(x),
        (MARK, 2, 2),
        [10**5, 10**7],
    ),
    "a border": (lambda x: layers.ZeroPadding2D(MARK)(x), (4, 4, 1), [10**6]),
    "a kernel": (lambda x: layers.Conv2D(2, MARK, padding="same")(x), (4, 4, 1), [10**4, 10**9]),
    "a dilation": (
        lambda x: layers.Conv2D(2, 3, padding="same", dilation_rate=MARK)(x),
        (4, 4, 1),
        [10**7, 10**12],
    ),
    "a stride": (
        lambda x: layers.Conv2D(2, 3, padding="same", strides=MARK)(x),
        (4, 4, 1),
        [10**12],
    ),
    "a stride back": (
        lambda x: layers.Conv2DTranspose(2, 3, strides=MARK)(x),
        (4, 4, 1),
        [10**6, 10**12],
    ),
    "a pool": (
        lambda x: layers.MaxPooling2D(MARK, padding="same")(x),
        (4, 4, 1),
        [10**3, 10**5, 10**12],
    ),
    "a pool of three axes": (
        lambda x: layers.AveragePooling3D(MARK, padding="same")(x),
        (4, 4, 4, 1),
        [10**3, 10**12],
    ),
    "a pool that fits": (lambda x: layers.AveragePooling2D(MARK)(x), (MARK, MARK, 1), [8000]),
    "a long sequence": (lambda x: layers.SimpleRNN(2)(x), (MARK, 1), [10**8]),
    "a long sequence of an LSTM": (
        lambda x: layers.Bidirectional(layers.LSTM(2, return_sequences=True))(x),
        (MARK, 1),
        [10**5, 10**7],
    ),
    "a long sequence, step by step": (
        lambda x: layers.GRU(2, reset_after=False, return_sequences=True)(x),
        (MARK, 1),
        [10**5, 10**7],
    ),
    "a long sequence of two cells": (
        lambda x: layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)])(x),
        (MARK, 1),
        [10**7],
    ),
    "a long film": (lambda x: layers.ConvLSTM2D(2, 3)(x), (MARK, 4, 4, 1), [10**5]),
    "a wide LSTM": (lambda x: layers.LSTM(MARK)(x), (4, 2), [10**5, 10**7]),
    "a wide film": (
        lambda x: layers.ConvLSTM2D(MARK, MARK, padding="same")(x),
        (2, 4, 4, 1),
        [10**4],
    ),
    "many heads": (lambda x: layers.MultiHeadAttention(MARK, MARK)(x, x), (4, 2), [10**5]),
    "many classes": (lambda x: ops.one_hot(ops.cast(x, "int32"), MARK), (3,), [10**9]),
    "repeats": (lambda x: ops.repeat(x, MARK, axis=1), (3,), [10**7, 10**12]),
    "tiles": (lambda x: ops.tile(row(x), MARK), (3,), [10**8]),
    "padded rows": (lambda x: ops.pad(x, ((MARK, 0), (0, 0))), (3,), [10**8]),
    "a wide view": (lambda x: ops.broadcast_to(row(x), (MARK, 3)) + 1.0, (3,), [10**7]),
    "a sum over the batch": (lambda x: row(x), (MARK,), [10**8]),
    "a maximum over the batch": (lambda x: ops.max(x, axis=0), (MARK,), [10**8]),
    "a maximum inside": (inner_maximum, (MARK,), [10**8]),
    "a diagonal": (lambda x: ops.diag(row(x)), (MARK,), [10**5]),
    "a table": (lambda x: column(x) * ops.reshape(row(x), (1, -1)), (MARK,), [10**5]),
    "copies": (lambda x: ops.stack([row(x)] * 300), (MARK,), [10**6]),
    "products of the batch": (lambda x: ops.matmul(ops.transpose(x), x), (MARK,), [10**5]),
    "einsum": (lambda x: ops.einsum("ij,ik->jk", x, x), (MARK,), [10**5]),
    "tensordot": (lambda x: ops.tensordot(x, x, axes=([0], [0])), (MARK,), [10**5]),
    "units without a batch": (lambda x: layers.Dense(MARK)(column(x)), (300,), [10**6, 10**10]),
    "words without a batch": (lambda x: layers.Embedding(5, MARK)(column(x)), (300,), [10**6]),
    "pixels without a batch": (lambda x: layers.UpSampling1D(MARK)(image(x)), (3,), [10**9]),
    "a stride without a batch": (
        lambda x: layers.Conv1DTranspose(3, 2, strides=MARK)(image(x)),
        (3,),
        [10**9],
    ),
    "a sequence without a batch": (lambda x: layers.LSTM(3)(image(x)), (MARK,), [10**5]),
    "steps without a batch": (
        lambda x: layers.GRU(3, reset_after=False)(image(x)),
        (MARK,),
        [10**5],
    ),
    "a wide LSTM without a batch": (lambda x: layers.LSTM(MARK)(image(x)), (3,), [10**4]),
    "a pool without a batch": (lambda x: layers.MaxPooling1D(MARK)(image(x)), (MARK,), [10**5]),
}


def chain_of_models(depth):
    """A model in a model in a model ... each of them one entry of the table."""
    table = [{"class_name": "InputLayer", "name": "x", "config": {}}]
    table[0]["config"] = {"batch_shape": [None, 1], "dtype": "float32", "name": "x"}
    table.append({"class_name": "Flatten", "name": "f", "config": {}})
    for level in range(depth):
        call = {"layer": len(table) - 1, "args": [{"$tensor": [0, 0]}], "kwargs": {}}
        ends = {"inputs": {"$tensor": [0, 0]}, "outputs": {"$tensor": [1, 0]}}
        joined = {"nodes": [{"layer": 0}, call]} | ends
        table.append({"class_name": "Functional", "name": f"m{level}", "config": {}} | joined)
    return {"name": "m", "trainable": True, "layers": table} | joined


WRITTEN = {
    "a JSON nested 100,000 deep": "[" * 10**5 + "]" * 10**5,
    "models nested 1,000 deep": json.dumps(
        {"class_name": "Functional", "config": chain_of_models(1000)}
    ),
    "a number of 400 digits": '{"class_name": "Functional", "config": {"name": ' + "9" * 400 + "}}",
    "NaN": '{"class_name": "Functional", "config": {"name": NaN}}',
    "infinity": '{"class_name": "Functional", "config": {"name": 1e999}}',
}


def text_of(draw, shape):
    x = Input(shape)
    return Model(x, draw(x), name="m").to_json()


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """What became of each case: the kind of error, its text, seconds and bytes."""
    texts = dict(WRITTEN)
    for what, (draw, shape, sizes) in DRAWN.items():
        text = text_of(draw, shape)
        assert str(MARK) in text
        texts |= {f"{what} {size:.0e}": text.replace(str(MARK), str(size)) for size in sizes}
    program = """
import json, resource, sys, time, tracemalloc
from minigraph.models import load_model
from minigraph.saving.file import Contents, to_bytes
path, report = sys.argv[1], {}
with open("/proc/self/statm") as file:
    taken = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 2**29, taken + 2**29))
resource.setrlimit(resource.RLIMIT_CPU, (90, 90))
for what, text in json.load(sys.stdin).items():
    flags = '{"layers":[],"weights":[]}'
    text = text[:-1] + ', "weights": [], "trainable": ' + flags + text[-1]
    with open(path, "wb") as file:
        file.write(to_bytes(Contents({"minigraph.model": text}, {})))
    for tracing in (False, True):  # to trace takes time
        if tracing:
            tracemalloc.start()
        start = time.process_time()
        try:
            load_model(path)
            found = ["loaded", ""]
        except BaseException as error:
            found, cause = [type(error).__name__, str(error)], error
            while cause is not None:
                if isinstance(cause, (MemoryError, RecursionError)):
                    found[0] = type(cause).__name__
                cause = cause.__cause__ or cause.__context__
        if not tracing:
            seconds = time.process_time() - start
    report[what] = [*found, seconds, tracemalloc.get_traced_memory()[1]]
    tracemalloc.stop()
print(json.dumps(report))
"""
    path = tmp_path_factory.mktemp("hostile") / "model"
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=Path(__file__).parent.parent,
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "what", [*WRITTEN, *(f"{what} {size:.0e}" for what in DRAWN for size in DRAWN[what][2])]
)
@pytest.mark.linux
def test_what_asks_for_too_much_is_refused_before_it_gets_it(findings, what):
    kind, text, seconds, memory = findings[what]
    assert kind == "FileRefused", text
    assert seconds < SLOWEST, text
    assert memory < MOST_MEMORY, text


@pytest.mark.parametrize("what", DRAWN)
def test_the_same_in_a_size_of_every_day_is_read(what):
    """Small sizes are no attack, so what was refused above was refused for its size."""
    draw, shape, _ = DRAWN[what]
    text = text_of(draw, shape).replace(str(MARK), "2")
    assert model_from_json(text).name == "m"
