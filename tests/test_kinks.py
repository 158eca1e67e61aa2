"""Every op at the arguments that break formulas: 0, ties, infinities, NaN, empty axes.

The values are those of NumPy and SciPy, and where a function tends to a number, as x sigmoid(x)
does towards minus infinity, that number. Gradients are finite wherever the function is: at a kink,
or where the curve is vertical, one finite number is promised.

Products are left out of the infinities: there 0 times infinity is NaN, in NumPy and here.
"""

import warnings

import numpy as np
import pytest
from ops_table import EXAMPLES, ONE_INPUT, OPS, TWO_INPUTS
from scipy import special
from test_ops import NO_GRADIENT, SMOOTH, TWINS

from minigraph import Tape, Tensor, Variable, losses, ops

POINTS = np.array(
    [-np.inf, -1e6, -800.0, -6, -3, -1, -0.5, -0.0, 0, 0.5, 1, 3, 6, 30, 1e6, np.inf, np.nan]
)
PAIRS = [grid.ravel() for grid in np.meshgrid(POINTS, POINTS)]


def limit(fn, below):
    """A formula with its limit at minus infinity."""
    return lambda x: np.where(x == -np.inf, below, fn(x))


def scaled_elu(x):
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))


ONE = {
    "negative": np.negative, "abs": np.abs, "square": np.square, "sqrt": np.sqrt, "exp": np.exp,
    "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sin": np.sin, "cos": np.cos,
    "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "isnan": np.isnan,
    "logical_not": np.logical_not, "zeros_like": np.zeros_like, "ones_like": np.ones_like,
    "erf": special.erf, "rsqrt": lambda x: 1 / np.sqrt(x), "identity": lambda x: x,
    "stop_gradient": lambda x: x,
    "sigmoid": special.expit, "tanh": np.tanh, "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6), "leaky_relu": lambda x: np.where(x <= 0, 0.2 * x, x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), "selu": scaled_elu,
    "softplus": lambda x: np.logaddexp(x, 0), "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "softsign": lambda x: np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x))),
    "silu": limit(lambda x: x * special.expit(x), 0),
    "gelu": limit(lambda x: x * special.ndtr(x), 0),
}  # fmt: skip
TWO = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
    "mod": np.mod, "power": np.power, "maximum": np.maximum, "minimum": np.minimum,
    "logaddexp": np.logaddexp, "logical_and": np.logical_and, "logical_or": np.logical_or,
    "floor_divide": np.floor_divide, "equal": np.equal, "not_equal": np.not_equal,
    "less": np.less, "less_equal": np.less_equal, "greater": np.greater,
    "greater_equal": np.greater_equal,
}  # fmt: skip
REDUCTIONS = {
    "sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod, "all": np.all,
    "any": np.any, "argmax": np.argmax, "argmin": np.argmin, "logsumexp": special.logsumexp,
    "var": np.var, "std": np.std, "norm": lambda x, axis: np.sqrt(np.sum(x * x, axis)),
}  # fmt: skip
ROWS = np.array(
    [
        [0.0, 0, 0, 0],
        [2, 2, 2, 2],
        [-1, 3, 3, -1],
        [0, np.inf, 1, 2],
        [-np.inf, -np.inf, 0, 1],
        [-np.inf] * 4,
        [1, np.nan, 2, 3],
    ]
)
PRODUCTS = {
    *("matmul", "dot", "tensordot", "einsum", "dense", "conv", "conv_transpose", "batch_norm"),
    "depthwise_conv",
    *("simple_rnn", "lstm", "gru", "conv_lstm"),
}


def value_and_gradients(fn, *arrays):
    """The value of `fn`, and the gradients of the sum of its elements."""
    inputs = [Variable(array) for array in arrays]
    with Tape() as tape:
        out = fn(*inputs)
        total = ops.sum(out)
    if not out.tracked:
        return out.numpy(), None
    found = tape.gradient(total, inputs)
    return out.numpy(), [None if g is None else g.numpy() for g in found]


def finite_where_the_value_is(value, gradients):
    for gradient in gradients:
        if gradient is not None:
            assert np.isfinite(gradient[np.isfinite(value)]).all()


def test_the_tables_have_every_element_wise_op():
    assert set(ONE) == {name for name, *_ in ONE_INPUT}
    assert set(TWO) == {name for name, *_ in TWO_INPUTS}
    plain = {e.name for e in EXAMPLES if "keepdims" in e.settings}
    assert plain <= set(REDUCTIONS)


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_number_at_special_points(name):
    with np.errstate(all="ignore"):
        expected = ONE[name](POINTS)
    value, gradients = value_and_gradients(OPS[name], POINTS)
    np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-12)
    assert (gradients is None) == (name in NO_GRADIENT)
    if gradients:
        finite_where_the_value_is(value, gradients)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("name", ONE)
def test_narrow_floats_reach_the_same_limits(name, dtype):
    ends = np.array([-np.inf, -0.0, 0, np.inf, np.nan])
    wide, _ = value_and_gradients(OPS[name], ends)
    value, gradients = value_and_gradients(OPS[name], ends.astype(dtype))
    np.testing.assert_allclose(value, wide, rtol=2e-3)
    if gradients:
        finite_where_the_value_is(value, gradients)


@pytest.mark.parametrize("name", TWO)
def test_functions_of_two_numbers_at_special_points(name):
    with np.errstate(all="ignore"):
        expected = TWO[name](*PAIRS)
    value, gradients = value_and_gradients(OPS[name], *PAIRS)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    if gradients:  # nothing is promised of a NaN, though 1 ** NaN is 1, nor at a jump
        known = np.isfinite(value) & ~np.isnan(PAIRS[0]) & ~np.isnan(PAIRS[1])
        if name == "power":
            known &= ~((np.abs(PAIRS[0]) == 1) & np.isinf(PAIRS[1]))
        finite_where_the_value_is(np.where(known, value, np.nan), gradients)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_zeros_ties_and_infinities(name):
    fn = getattr(ops, name)
    with np.errstate(all="ignore"):
        expected = REDUCTIONS[name](ROWS, axis=1)
    for row, wanted in zip(ROWS, expected, strict=True):
        value, gradients = value_and_gradients(lambda x: fn(x, axis=0), row)
        np.testing.assert_allclose(value, wanted, rtol=1e-12)
        if gradients and np.isfinite(value):
            assert np.isfinite(gradients[0]).all(), row


@pytest.mark.parametrize("shape, axis", [((0,), None), ((3, 0), 1), ((0, 3), 0), ((3, 0), 0)])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_nothing_are_those_of_numpy(name, shape, axis):
    empty = np.zeros(shape)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the mean of nothing
        try:
            expected = REDUCTIONS[name](empty, axis=axis)
        except ValueError:  # what has no identity, such as max
            with pytest.raises(ValueError, match=name):
                getattr(ops, name)(empty, axis=axis)
            return
    value, gradients = value_and_gradients(lambda x: getattr(ops, name)(x, axis=axis), empty)
    np.testing.assert_array_equal(value, expected)
    assert gradients is None or gradients[0].shape == shape


def may_be_infinite(example):
    """Whether infinity is an argument of the op: 0 times it is NaN, and no probability is it."""
    probabilities = "crossentropy" in example.name and not example.settings.get("from_logits")
    return example.name not in PRODUCTS and not probabilities


@pytest.mark.parametrize("example", SMOOTH, ids=str)
@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_gradients_of_zeros_and_ties_are_finite(example, fill):
    """Each array of an example in turn, then all of them, hold one number."""
    floats = [i for i, a in enumerate(example.arrays) if is_float(a)]
    for chosen in [*([i] for i in floats), floats]:
        arrays = [np.full_like(a, fill) if i in chosen else a for i, a in enumerate(example.arrays)]
        value, gradients = value_and_gradients(partly(example, arrays), *floats_of(arrays))
        assert np.isfinite(value).all() <= all_finite(gradients)


@pytest.mark.parametrize("example", [e for e in SMOOTH if may_be_infinite(e)], ids=str)
@pytest.mark.parametrize("special_value", [-np.inf, np.inf, np.nan])
def test_an_infinite_element_spoils_no_finite_value(example, special_value):
    """If all values are finite though an element is not, then all gradients are finite, too."""
    for i, array in enumerate(example.arrays):
        if is_float(array):
            changed = array.copy()
            changed.reshape(-1)[:1] = special_value
            arrays = [*example.arrays[:i], changed, *example.arrays[i + 1 :]]
            value, gradients = value_and_gradients(partly(example, arrays), *floats_of(arrays))
            assert np.isfinite(value).all() <= all_finite(gradients)


def is_float(array):
    return isinstance(array, np.ndarray) and array.dtype.kind == "f"


def floats_of(arrays):
    return [a for a in arrays if is_float(a)]


def partly(example, arrays):
    """The example as a function of its float arrays."""

    def call(*floats):
        left = iter(floats)
        return example.call(*(next(left) if is_float(a) else a for a in arrays))

    return call


def all_finite(gradients):
    return all(np.isfinite(g).all() for g in gradients or () if g is not None)


# ---------------------------------------------------------------------------------------------
# What users write at these points


def test_a_length_of_zero_has_the_gradient_zero():
    zero = np.zeros((2, 3))
    for order in (0.5, 1, 2, 3, np.inf, -np.inf, "fro", None):
        value, (gradient,) = value_and_gradients(lambda x, p=order: ops.norm(x, p, 1), zero)
        assert not value.any() and not gradient.any(), order
    for fn in (ops.std, ops.norm, lambda x: ops.sqrt(ops.sum(x * x))):
        assert not value_and_gradients(fn, zero)[1][0].any()
    assert not value_and_gradients(lambda x: ops.norm(x) ** 2, zero)[1][0].any()
    assert not value_and_gradients(lambda x: ops.std(x, axis=()), np.ones((2, 3)))[1][0].any()
    assert not value_and_gradients(ops.std, np.full((2, 3), 7.0))[1][0].any()


def test_norms_of_infinite_order_are_those_of_numpy():
    x = np.array([[3.0, -4.0], [0.5, 2.0]])
    for order in (-np.inf, -1, 0.5, 3, np.inf):
        expected = np.linalg.norm(x, order, axis=1)
        np.testing.assert_allclose(ops.norm(x, order, axis=1).numpy(), expected)
    with pytest.raises(ValueError, match="ord=0"):
        ops.norm(x, 0)


def test_relu_in_every_form_is_flat_at_minus_infinity():
    ends = np.array([-np.inf, np.nan, np.inf])
    for settings in ({"max_value": 6}, {"threshold": 1.0}, {"max_value": 2.0, "threshold": 1.0}):
        value, (gradient,) = value_and_gradients(lambda x, s=settings: ops.relu(x, **s), ends)
        np.testing.assert_array_equal(value, [0, np.nan, settings.get("max_value", np.inf)])
        assert gradient[0] == 0


def test_an_excluded_class_costs_nothing():
    """A logit of minus infinity is a class that is ruled out; its target is 0."""
    target, logits = np.array([[0.0, 1.0]]), np.array([[-np.inf, 3.0]])
    value, gradients = value_and_gradients(
        lambda z: losses.categorical_crossentropy(target, z, from_logits=True), logits
    )
    assert value == [0] and not gradients[0].any()


def test_predictions_that_are_all_zero_are_probabilities_of_zero():
    """As in `binary_crossentropy`: they count as 1e-7, and are flat there."""
    value, gradients = value_and_gradients(
        lambda p: losses.categorical_crossentropy(np.array([[0.0, 1.0]]), p), np.zeros((1, 2))
    )
    np.testing.assert_allclose(value, -np.log(1e-7))
    assert not gradients[0].any()


def test_rounding_has_no_gradient():
    x = Variable([0.5, 1.5])
    for dtype in ("int32", "bool", "uint8"):
        with Tape() as tape:
            loss = ops.sum(ops.cast(ops.cast(x * 2, dtype), "float32") + x * 0)
        assert tape.gradient(loss, x).numpy().tolist() == [0, 0]


@pytest.mark.parametrize("name", sorted(set(TWINS) - PRODUCTS))
def test_twins_agree_on_ties(name):
    for example in EXAMPLES:
        if example.name == name:
            arrays = [np.round(a) if is_float(a) else a for a in example.arrays]
            if "crossentropy" in name and not example.settings.get("from_logits"):
                continue  # only the fast form clips probabilities
            found = [
                fn(*(Tensor(a) for a in arrays), **example.settings).numpy()
                for fn in (example.op, TWINS[name])
            ]
            np.testing.assert_allclose(*found, rtol=1e-9)
