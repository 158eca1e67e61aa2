"""Tables: what a pandas user has at hand trains, and what cannot is named."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import minigraph as keras
from minigraph import layers

NA = pd.NA
TABLES = {
    "floats": pd.DataFrame({"a": [1.0, 2], "b": [3.0, 4]}),
    "float32": pd.DataFrame({"a": [1.0, 2], "b": [3.0, 4]}, dtype="float32"),
    "integers and floats": pd.DataFrame({"a": [1, 2], "b": [3.5, 4]}),
    "booleans": pd.DataFrame({"a": [True, False], "b": [False, True]}),
    "numbers and booleans": pd.DataFrame({"a": [1.5, 2], "b": [True, False], "c": [7, 8]}),
    "dummies": pd.get_dummies(pd.DataFrame({"age": [20.0, 30], "city": ["a", "b"]})),
    "sparse dummies": pd.get_dummies(pd.Series(["a", "b"]), sparse=True),
    "nullable": pd.DataFrame(
        {"a": pd.array([1, 2], "Int64"), "b": pd.array([True, False], "boolean")}
    ),
    "nullable floats": pd.DataFrame({"a": pd.array([1.5, 2], "Float64"), "b": [True, False]}),
    "categories of numbers": pd.DataFrame({"a": pd.Categorical([7, 9]), "b": [0.5, 1]}),
    "two columns of one name": pd.DataFrame([[1.0, True], [2.0, False]], columns=["a", "a"]),
    "unsigned and signed": pd.DataFrame({"a": np.uint8([255, 1]), "b": np.int8([-1, 1])}),
    "other index": pd.DataFrame({"a": [1, 2], "b": [True, False]}, index=[7, 3]),
}


def plain(table):
    """The numbers of a table, one by one."""
    return np.array([[float(item) for item in row] for row in table.to_numpy(object)])


def linear(features):
    model = keras.Sequential([keras.Input((features,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(1e-4), "mean_squared_error")
    return model


def trained(x, y, features):
    model = linear(features)
    losses = model.fit(x, y, epochs=2, verbose=0, shuffle=False).history["loss"]
    return [*losses, model.evaluate(x, y, verbose=0), *model.predict(x, verbose=0).ravel()]


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_numbers_trains_like_its_numbers(kind):
    table = TABLES[kind]
    numbers, y = plain(table), np.array([1.0, 2.0])
    expected = trained(numbers, y, numbers.shape[1])
    assert np.isfinite(expected).all()
    for form in (table, table.to_numpy(), table.to_numpy(object), table.to_numpy(object).tolist()):
        assert trained(form, pd.Series(y), numbers.shape[1]) == pytest.approx(expected)


@pytest.mark.parametrize("kind", TABLES)
def test_a_column_trains_like_its_numbers(kind):
    for k in range(TABLES[kind].shape[1]):
        column = TABLES[kind].iloc[:, k]
        numbers = plain(TABLES[kind])[:, k]
        x = np.array([[1.0], [2.0]])
        assert trained(x, column, 1) == pytest.approx(trained(x, numbers, 1))
        assert trained(column, numbers, 1) == pytest.approx(trained(numbers[:, None], numbers, 1))


def test_a_table_of_one_type_is_not_copied():
    table = pd.DataFrame(np.zeros((4, 2), "float32"))
    assert np.shares_memory(keras.core.device.as_numbers(table), table.to_numpy())


def test_a_missing_number_is_nan():
    table = pd.DataFrame({"a": pd.array([1, NA], "Int64"), "b": pd.array([NA, True], "boolean")})
    found = keras.Tensor(table).numpy()
    assert np.array_equal(found, [[1, np.nan], [np.nan, 1]], equal_nan=True)
    assert found.dtype == "float32"
    whole = pd.Series(pd.array([2**53 + 1, 1], "Int64"))
    assert keras.Tensor(whole).numpy().tolist() == [2**53 + 1, 1]  # nothing is missing: exact


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            pd.DataFrame({"a": [1.0], "city": ["Rome"]}),
            ("x ", "column 'city'", "'Rome'", "dummies"),
        ),
        (pd.DataFrame({"a": [1.0], "kind": pd.Categorical(["x"])}), ("column 'kind'", "'x'")),
        (pd.DataFrame({"day": pd.to_datetime(["2026-01-02"]), "b": 1}), ("column 'day'", "dates")),
        (pd.DataFrame({"a": [1.0], "z": [1 + 2j]}), ("column 'z'", "complex")),
        (pd.DataFrame({"a": [1.0], "list": [[1, 2]]}), ("column 'list'", "[1, 2] (list)")),
        (np.array([[1.0, None]], object), ("None (NoneType)",)),
        (scipy.sparse.eye(3).tocsr(), ("csr", ".toarray()")),
        ({"one": np.zeros(1)}.values(), ("dict_values", "list(...)")),
        ({1.0, 2.0}, ("set", "list(...)")),
    ],
)
def test_what_is_no_number_is_named(table, words):
    with pytest.raises(ValueError) as raised:
        linear(2).fit(table, np.zeros(1), verbose=0)
    missing = [word for word in words if word not in str(raised.value)]
    assert not missing, f"{missing} not in: {raised.value}"


# ---------------------------------------------------------------------------------------------
# A last axis of size 1


def by_columns():
    inputs = {name: keras.Input((1,), name=name) for name in ("age", "old")}
    joined = layers.Concatenate()(list(inputs.values()))
    model = keras.Model(inputs, layers.Dense(1, kernel_initializer="ones")(joined))
    model.compile(keras.optimizers.SGD(1e-4), "mean_squared_error")
    return model


def test_each_column_feeds_the_input_of_its_name():
    table, y = pd.DataFrame({"age": [20.0, 30], "old": [False, True]}), np.array([1.0, 2.0])
    model = by_columns()
    expected = trained(plain(table), y, 2)
    x = dict(table)
    found = model.fit(x, y, epochs=2, verbose=0, shuffle=False).history["loss"]
    assert [*found, model.evaluate(x, y, verbose=0)] == pytest.approx(expected[:3])
    assert model.predict(x, verbose=0).ravel() == pytest.approx(expected[3:])


@pytest.mark.parametrize("sizes", [(1,), (None, 1), (5, 1), (4, 5, 1), (3,), (4, 3), (None, 3)])
@pytest.mark.parametrize("batch", [1, 6])
def test_a_last_axis_of_size_1_may_be_missing_or_one_too_many(sizes, batch):
    x = np.random.default_rng(0).normal(size=(batch, *(n or 7 for n in sizes)))
    forms = [x[..., None]] if x.shape[-1] > 1 else [x[..., None], x[..., 0]]
    inputs = keras.Input(sizes)
    model = keras.Model(inputs, layers.Dense(2, activation="tanh")(inputs))
    model.compile("sgd", "mean_squared_error")
    expected = model.predict(x, verbose=0)
    for form in forms:
        assert np.array_equal(model.predict(form, verbose=0), expected)
        assert np.array_equal(model(form).numpy(), expected)
        assert np.isfinite(model.fit(form, expected, verbose=0).history["loss"]).all()
        if form.ndim > 1:  # the same inside a larger graph
            outer = keras.Input(form.shape[1:])
            assert np.array_equal(keras.Model(outer, model(outer)).predict(form), expected)


def test_the_gradient_and_the_mask_go_through_the_added_axis():
    inputs = keras.Input((3, 1))
    model = keras.Model(inputs, layers.GlobalAveragePooling1D()(layers.Masking(9.0)(inputs)))
    x = keras.Variable(np.array([[1.0, 2.0, 9.0]], "float32"))
    with keras.Tape() as tape:
        loss = keras.ops.sum(model(x))
    assert loss.item() == 1.5
    assert tape.gradient(loss, x).numpy().tolist() == [[0.5, 0.5, 0.0]]


def test_one_sample_or_a_batch_is_asked():
    inputs = keras.Input((None, 1))
    model = keras.Model(inputs, layers.SimpleRNN(2)(inputs))
    with pytest.raises(ValueError, match=r"found \(7, 1\).*x\[None\].*x\[\.\.\., None\]"):
        model.predict(np.zeros((7, 1)), verbose=0)


@pytest.mark.parametrize(
    ("sizes", "shape", "advice"),
    [
        ((4,), (4,), "x[None]"),
        ((28, 28, 1), (28, 28, 1), "x[None]"),
        ((28, 28, 3), (6, 28, 28), "The last axis is missing, with 3 values"),
        ((4,), (6, 5), ""),
        ((4,), (100,), ""),
        ((1,), (1, 6), ""),
    ],
)
def test_errors_show_the_shape_that_was_given(sizes, shape, advice):
    inputs = keras.Input(sizes, name="data")
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(inputs)))
    model.compile("sgd", "mean_squared_error")
    x, y = np.zeros(shape), np.zeros((shape[0], 1))
    good = np.zeros((2, *sizes)), np.zeros((2, 1))
    errors = []
    for call in (
        lambda: model.fit(x, y, verbose=0),
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.predict(x, verbose=0),
        lambda: model(x),
        lambda: model.fit(*good, validation_data=(x, y), verbose=0),
    ):
        with pytest.raises(ValueError) as raised:
            call()
        errors.append(str(raised.value))
    for error in errors:
        assert f"'data' expects shape {(None, *sizes)}, found {shape}" in error
        assert ("x[None]" in error) == (advice == "x[None]") and advice in error


TRIALS = [  # calls that fail on the empty batch of a trial
    lambda x: keras.ops.reshape(x, (7, 3)),
    lambda x: layers.Reshape((7,))(x),
    lambda x: layers.Lambda(lambda t: t.value.reshape(7, 3))(x),
    lambda x: layers.Lambda(lambda t: float(t))(x),
    lambda x: x[3],
    lambda x: x + np.zeros((2, 3)),
    lambda x: x @ np.zeros((3, 2)),
    lambda x: keras.ops.squeeze(x, 0),
    lambda x: keras.ops.concatenate([x, np.zeros((2, 3))]),
    lambda x: keras.ops.take(x, [2], axis=0),
    lambda x: keras.ops.split(x, 3, axis=1),
    lambda x: layers.Concatenate()([x, keras.Input((3, 4))]),
    lambda x: layers.Dense(2)(x[0]),
]


@pytest.mark.parametrize("call", TRIALS)
def test_no_error_shows_the_empty_batch_of_a_trial(call):
    with pytest.raises((ValueError, TypeError)) as raised:
        call(keras.Input((5,)))
    assert not re.search(r"(?<!=)\(0,|size 0\b|\[0, -1\]", str(raised.value)), raised.value


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict"])
def test_a_missing_input_is_named(call):
    model, x = by_columns(), {"age": np.zeros((2, 1)), "old": None}
    with pytest.raises(ValueError, match="'old' is None"):
        getattr(model, call)(x, *([] if call == "predict" else [np.zeros(2)]), verbose=0)
    with pytest.raises(ValueError, match="None.*Each input needs an array"):
        model(x)


def test_single_numbers_for_a_layer_get_the_right_advice():
    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(ValueError, match=r"x\[:, None\]"):
        model.fit(np.arange(3.0), np.arange(3.0), verbose=0)
