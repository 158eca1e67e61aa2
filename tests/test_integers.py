"""Integers: where an op gives floats, they are the default ones and as exact; what is not an array
of numbers with NumPy's arithmetic is a plain array, or refused.
"""

import numpy as np
import pytest
from ops_table import EXAMPLES

from minigraph import Input, Model, Tensor, Variable, layers, losses, metrics, ops

INTEGERS = ["uint8", "int8", "int16", "int32", "int64", "uint64"]
# Arithmetic of integers, which wraps around at the ends of their type, as in NumPy
WRAPS = {
    *("add", "subtract", "multiply", "negative", "square", "power", "prod", "matmul", "einsum"),
    *("tensordot", "dot", "dense", "conv", "conv_transpose", "depthwise_conv"),
}
FLOATS_ONLY = {"simple_rnn", "lstm", "gru", "conv_lstm"}  # their states are floats
TYPED = {"cast", "one_hot", "ones_like", "zeros_like"}  # they take a dtype
FUNCTIONS = (
    *("exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "sin", "cos", "erf", "gelu", "silu"),
    *("softplus", "softsign", "sigmoid", "tanh", "elu", "selu", "leaky_relu", "hard_sigmoid"),
    *("softmax", "log_softmax", "mean", "var", "std", "norm", "logsumexp", "normalize"),
)


def is_float(array):
    return isinstance(array, np.ndarray) and array.dtype.kind == "f"


def of_integers(example):
    """Whether an example means the same with integers for its floats."""
    settings = example.settings
    probabilities = example.name == "binary_crossentropy" and not settings.get("from_logits")
    fused = settings.get("activation") in ("sigmoid", "tanh")
    filled = settings.get("constant_values", 0) % 1
    return not (probabilities or fused or filled or example.name in FLOATS_ONLY | TYPED)


def whole(array, dtype):
    """The numbers of an array as integers, large enough for the squares of bytes to wrap."""
    numbers = np.round(array * 40)
    return (np.abs(numbers) if dtype[0] == "u" else numbers).astype(dtype)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("example", [e for e in EXAMPLES if of_integers(e)], ids=str)
def test_an_op_of_integers_is_that_of_the_same_floats(example, dtype):
    arrays = [whole(a, dtype) if is_float(a) else a for a in example.arrays]
    pairs = zip(arrays, example.arrays, strict=True)
    wide = [a.astype("float64") if is_float(b) else b for a, b in pairs]
    if example.name == "power" and min(np.min(a) for a in arrays) < 0:
        return  # NumPy refuses integers to negative powers
    out, expected = example.call(*arrays), example.call(*wide).numpy()
    if out.dtype.startswith("float"):
        assert out.dtype == "float32"
        np.testing.assert_allclose(out.numpy(), expected, rtol=2e-5, atol=2e-5)
    elif example.name not in WRAPS:
        np.testing.assert_array_equal(out.numpy(), expected)


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_integers_are_default_floats(name, dtype):
    x, fn = np.array([1, 0, 1], dtype), getattr(ops, name)
    assert fn(x).dtype == fn(Input((3,), dtype=dtype)).dtype == "float32"
    expected = fn(x.astype("float64")).numpy()
    np.testing.assert_allclose(fn(x).numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_a_quotient_of_integers_is_a_default_float(dtype):
    x, symbol = np.array([255, 51, 0]).astype(dtype), Input((3,), dtype=dtype)
    for scaled in (lambda x: x / 255, lambda x: x * 0.5, lambda x: x + 0.5, lambda x: 1 / (1 + x)):
        assert scaled(Tensor(x)).dtype == scaled(symbol).dtype == "float32"
    np.testing.assert_allclose((Tensor(x) / 255).numpy(), x / 255, rtol=1e-6)
    assert (Tensor(x) / np.ones(3)).dtype == "float64"  # a wide float was given
    model = Model(symbol, layers.Dense(2)(symbol / 255))
    assert model(x[None]).dtype == "float32"


def test_a_type_that_is_asked_for_is_given():
    x = np.array([1, 2], "int32")
    assert ops.cast(x, "float64").dtype == ops.cast(Tensor(x), "float64").dtype == "float64"
    assert ops.ones_like(x, "float64").dtype == "float64"
    assert ops.one_hot(x, 3, dtype="float64").dtype == "float64"
    assert ops.cast(x, "float16").dtype == "float16"


def test_bytes_wrap_as_the_docstrings_say():
    x = np.array([100, 200], "uint8")
    assert (Tensor(x) - 128).numpy().tolist() == [228, 72]
    assert ops.multiply(x, x).numpy().tolist() == [16, 64]
    for op in (ops.subtract, ops.multiply, ops.matmul):
        assert "wrap around" in op.__doc__
    assert (ops.cast(x, "float32") - 128).numpy().tolist() == [-28, 72]


def test_distances_of_bytes_do_not_wrap():
    x, y = np.array([[0, 250]], "uint8"), np.array([[250, 0]], "uint8")
    assert ops.norm(x).item() == 250
    assert ops.mean_squared_error(x, y).item() == losses.mean_squared_error(x, y).item() == 62500
    for metric, expected in [
        (metrics.MeanSquaredError(), 62500), (metrics.MeanAbsoluteError(), 250),
        (metrics.RootMeanSquaredError(), 250),
    ]:  # fmt: skip
        assert float(metric(x, y)) == expected
    pooled = ops.average_pool(np.full((1, 4, 1), 200, "uint8"))
    assert pooled.numpy().ravel().tolist() == [200, 200]
    least = ops.max_pool(np.full((1, 3, 1), -100, "int8"), padding="same")
    assert least.numpy().ravel().tolist() == [-100, -100]


def test_a_fraction_does_not_fit_among_integers():
    with pytest.raises(ValueError, match="int64 cannot hold 0.5"):
        ops.pad(np.array([1, 2]), 1, 0.5)
    assert ops.pad(np.array([1, 2]), 1, 7.0).numpy().tolist() == [7, 1, 2, 7]


# ---------------------------------------------------------------------------------------------
# Arrays with an arithmetic of their own


def model_of_two():
    x = Input((2,))
    model = Model(x, layers.Dense(1, kernel_initializer="ones")(x))
    model.compile("sgd", "mse")
    return model


def test_a_matrix_is_a_plain_array():
    plain = np.array([[1.0, 2], [3, 4]], "float32")
    matrix = plain.view(np.matrix)
    assert layers.Multiply()([matrix, matrix]).numpy().tolist() == [[1, 4], [9, 16]]
    for value in (Tensor(matrix), Variable(matrix), ops.identity(matrix), Tensor(plain) + matrix):
        assert type(value.numpy()) is np.ndarray
    assert ops.multiply(matrix, matrix).numpy().tolist() == [[1, 4], [9, 16]]
    assert ops.sum(matrix, axis=1).shape == (2,)
    assert ops.multiply([matrix], [matrix]).numpy().tolist() == [[[1, 4], [9, 16]]]
    np.testing.assert_array_equal(model_of_two().predict(matrix), model_of_two().predict(plain))
    model_of_two().fit(matrix, matrix[:, 0], verbose=0)


def test_a_subclass_keeps_its_type_and_loses_its_arithmetic():
    class Doubled(np.ndarray):
        def __mul__(self, other):
            return 2 * np.asarray(self) * np.asarray(other)

    x = np.array([1.0, 2.0], "float64").view(Doubled)
    assert ops.multiply(x, x).numpy().tolist() == [1, 4]
    assert Tensor(x).dtype == "float64"  # an array keeps its type, a list gets the default one


def test_a_masked_array_is_refused_if_it_hides_elements():
    masked = np.ma.masked_array([[1.0, 2.0]], mask=[[False, True]])
    for call in (Tensor, Variable, ops.sum, lambda x: Tensor([[1.0, 2.0]]) + x, layers.ReLU()):
        with pytest.raises(TypeError, match=r"masked array of shape \(1, 2\).*filled"):
            call(masked)
    for call in (
        lambda x: model_of_two().predict(x, verbose=0),
        lambda x: model_of_two().fit(x, np.ones((1, 1)), verbose=0),
        lambda x: model_of_two().fit(np.ones((1, 2)), x[:, 1:], verbose=0),
    ):
        with pytest.raises((TypeError, ValueError), match="masked array"):
            call(masked)
    whole_array = np.ma.masked_array([1.0, 2.0])
    assert ops.sum(whole_array).item() == 3
    assert type(Tensor(whole_array).numpy()) is np.ndarray
