"""Values across dtypes: a weight gets the numbers that it was given, or an error names the first.

The law: what a variable takes is equal to what was given, exactly; a wider float may be rounded,
but never to infinity.
"""

import itertools
import re

import numpy as np
import pytest

import minigraph as keras
from minigraph import layers
from minigraph.core.dtypes import converted

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
DTYPES = ["bool", *INTEGERS, "float16", "float32", "float64"]


def edges(dtype):
    """Numbers of a dtype that are hard to hold: its ends, and those of all other dtypes."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([False, True])
    found = [0, 1, 2, -1, 7]
    for other in INTEGERS:
        limits = np.iinfo(other)
        found += [limits.min - 1, limits.min, limits.max, limits.max + 1]
    for bits in (11, 24, 53):  # of the significands of floats
        found += [2**bits, 2**bits + 1, -(2**bits) - 1]
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.array([n for n in found if limits.min <= n <= limits.max], dtype)
    found += [0.5, -1.5, 1e-300, 1e300, 65504.0, 65520.0, 3.4e38, 3.5e38, np.inf, -np.inf, np.nan]
    with np.errstate(over="ignore"):
        return np.unique(np.array([float(n) for n in found]).astype(dtype))


def holds(value, dtype):
    """Whether a dtype can hold a Python number, by Python's exact arithmetic."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        if isinstance(value, float):
            with np.errstate(all="ignore"):
                return not np.isfinite(value) or bool(np.isfinite(dtype.type(value)))
        try:
            with np.errstate(all="ignore"):
                return int(dtype.type(value)) == value
        except OverflowError:
            return False
    if isinstance(value, float) and not value.is_integer():
        return False
    limits = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return limits[0] <= int(value) <= limits[1]


@pytest.mark.parametrize(("source", "target"), [*itertools.product(DTYPES, DTYPES)])
def test_a_conversion_is_exact_or_refused(source, target):
    for number in edges(source):
        array, value = np.array([number]), number.item()
        if not holds(value, target):
            with pytest.raises(ValueError, match=f"w is {target}.*{source} array") as raised:
                converted(array, target, "w")
            assert repr(value) in str(raised.value)
            continue
        found = converted(array, target, "w")
        assert found.dtype == target and not np.shares_memory(found, array)
        if np.dtype(target).kind == np.dtype(source).kind == "f":
            assert np.array_equal(found, array.astype(target), equal_nan=True)
        else:
            assert found[0].item() == value


class Kept(layers.Layer):
    """A layer that keeps a number of any dtype."""

    def __init__(self, kind, **options):
        super().__init__(**options)
        self.kind = kind

    def build(self, shape):
        self.first = self.add_weight((2,), "zeros", name="first")
        self.kept = self.add_weight((2,), "zeros", dtype=self.kind, trainable=False, name="kept")

    def call(self, x):
        return x + keras.ops.cast(self.kept, "float32") + self.first


def model_of(kind):
    inputs = keras.Input((2,))
    return keras.Model(inputs, Kept(kind, name="keeper")(inputs))


LOST = [
    ("int64", "int32", 2**40 + 7),
    ("int64", "float32", 2**24 + 1),
    ("int32", "uint8", -1),
    ("float64", "float32", 1e300),
    ("float32", "float16", 70000.0),
    ("float32", "int32", 1.5),
    ("float32", "int64", float("nan")),
]


@pytest.mark.parametrize(("source", "target", "value"), LOST)
def test_what_a_weight_cannot_hold_is_neither_loaded_nor_set(source, target, value, tmp_path):
    wide, narrow = model_of(source), model_of(target)
    wide.set_weights([np.ones(2, "float32"), np.array([1, value], source)])
    wide.save_weights(tmp_path / "w")
    before = narrow.get_weights()
    shown = re.escape(repr(np.dtype(source).type(value).item()))
    named = f"kept.*{target}.*{source} array.*{shown}"
    with pytest.raises(keras.saving.FileRefused, match=f"keeper/kept.*{target}.*{source}"):
        narrow.load_weights(tmp_path / "w")
    with pytest.raises(ValueError, match=f"weight '{named}"):
        narrow.set_weights(wide.get_weights())
    with pytest.raises(ValueError, match=named):
        narrow.get_layer("keeper").kept.assign(wide.get_weights()[1])
    with pytest.raises(ValueError, match=f"'n' is {target}"):
        keras.Variable(np.array([value], source), dtype=target, name="n")
    after = narrow.get_weights()  # nothing has changed, the first weight too
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("source", "target", "value"),
    [("int64", "int32", 7), ("float64", "float32", 0.1), ("int32", "float32", 2**24)]
    + [("float32", "int32", 3.0), ("bool", "float32", True), ("float64", "float16", np.inf)],
)
def test_what_a_weight_can_hold_is_loaded_and_set(source, target, value, tmp_path):
    wide, narrow = model_of(source), model_of(target)
    wide.set_weights([np.ones(2), np.array([0, value], source)])
    wide.save_weights(tmp_path / "w")
    puts = [lambda: narrow.set_weights(wide.get_weights())]
    if np.can_cast(source, target, "same_kind"):  # a file of another kind is another model's
        puts.append(lambda: narrow.load_weights(tmp_path / "w"))
    for put in puts:
        put()
        first, kept = narrow.get_weights()
        assert kept.dtype == target and kept[1] == np.dtype(target).type(value)
        assert first.tolist() == [1, 1]
        narrow.set_weights([np.zeros(2), np.zeros(2)])


def test_a_list_of_numbers_is_not_rounded_on_its_way():
    model = model_of("float64")
    model.set_weights([[1.0, 2.0], [0.1, 1e300]])
    assert model.get_weights()[1].tolist() == [0.1, 1e300]
    with pytest.raises(ValueError, match="first.*float32.*1e\\+300"):
        model.set_weights([[1.0, 1e300], [0.0, 0.0]])


@pytest.mark.parametrize("wrong", ["float64", "int64", "bool"])
def test_optimizer_slots_of_another_dtype_are_refused(wrong):
    model = model_of("float32")
    model.compile("adam", "mse")
    model.fit(np.ones((4, 2)), np.zeros((4, 2)), verbose=0)
    optimizer, state = model.optimizer, dict(model.optimizer.state(model.weights))
    name = next(name for name in state if "/" in name)
    with pytest.raises(ValueError, match=f"{name}.*{wrong}.*float32"):
        optimizer.load_state(state | {name: state[name].astype(wrong)}, model.weights)
    optimizer.load_state(state, model.weights)
