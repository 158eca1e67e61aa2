"""The basic ops that all others are built from, each with its gradient next to it.

Each op returns its value and, for each input, its vector-Jacobian product. This function takes
`g`, the gradient of the loss with respect to the value, and returns the gradient with respect to
the input. Broadcasting needs no care here: the tape sums a gradient to the shape of its input.
`xp` is the array library of the inputs, NumPy or CuPy.
"""

import math
from collections.abc import Callable
from typing import Any, ParamSpec, TypeAlias

from ..core.device import array_module, remember_host_copy
from ..core.dtypes import as_float, standard_dtype
from ..core.tensor import op
from ..core.types import Array, Axis, DType, Shape, TensorLike
from .kernels import axes_of, erf_by_table, fast_sum

P = ParamSpec("P")
Unary: TypeAlias = Callable[[Array], Any]  # an op of one array
Binary: TypeAlias = Callable[[Array, Array], Any]  # an op of two
Search: TypeAlias = Callable[..., Any]  # an op of one array, with `axis` and `keepdims`

# ---------------------------------------------------------------------------------------------
# Arithmetic


@op
def add(a: Array, b: Array, /):
    """The sum of two, element by element: a + b."""
    return a + b, (lambda g: g, lambda g: g)


@op
def subtract(a: Array, b: Array, /):
    """The difference of two, element by element: a - b.

    Integers that leave the range of their type wrap around, as everywhere in NumPy: a uint8 of 100
    less 128 is 228. Cast images to floats before you centre them.
    """
    return a - b, (lambda g: g, lambda g: -g)


@op
def multiply(a: Array, b: Array, /):
    """The product of two, element by element: a * b; integers wrap around, as in `subtract`."""
    return a * b, (lambda g: g * b, lambda g: g * a)


@op
def divide(a: Array, b: Array, /):
    """The quotient of two, element by element: a / b."""
    y = a / b
    return y, (lambda g: g / b, lambda g: -g * y / b)


@op
def mod(a: Array, b: Array, /):
    """The remainder of a division: a - b * floor(a / b)."""
    xp = array_module(a, b)
    return a % b, (lambda g: g, lambda g: -g * xp.floor(a / b))


@op
def power(a: Array, b: Array, /):
    """The first to the power of the second: a^b.

    The gradient with respect to the exponent is a^b log a, and 0 where a is not positive and
    finite. For exponents between 0 and 1 the one with respect to the base is 0 at 0.

    Args:
        a: The base, a tensor, symbolic tensor, array, number or nested list.
        b: The exponent; the two shapes are broadcast.
    """
    xp = array_module(a, b)
    y = a**b

    def to_base(g):
        # The exponent is b - 1. Where b is 0 it stays 0: 0 ** -1 would divide by zero, and the
        # factor b makes the derivative 0.
        rest = a ** (b - (b != 0))
        steep = (y == 0) & (rest == math.inf)  # 0 to a power below 1, as in `sqrt`
        return g * xp.where((rest == 0) | steep, 0, b * rest)  # inf * 0 would be NaN

    def to_exponent(g):
        base = xp.asarray(a)
        return g * y * xp.log(xp.where((base > 0) & (base < math.inf), a, 1))

    return y, (to_base, to_exponent)


@op
def matmul(a: Array, b: Array, /):
    """The matrix product over the last two axes: a @ b.

        y[i, j] = sum over k of a[i, k] * b[k, j]

    Products of small integer types wrap around, as those of `multiply` do.

    Shapes: (..., n, k), (..., k, m) -> (..., n, m).
    Args:
        a: Matrices (..., n, k), or one vector (k).
        b: Matrices (..., k, m), or one vector (k); the leading axes of both are broadcast.
    Raises ValueError, with both shapes, where the inner sizes differ.
    Example:
        >>> keras.ops.matmul([[1, 2], [3, 4]], [[1, 0], [0, 10]]).numpy()
        array([[ 1, 20],
               [ 3, 40]])
    """
    xp = array_module(a, b)
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"matmul: cannot multiply shapes {a.shape} and {b.shape}: the last axis of the first "
            "must be as long as the second to last of the second"
        )

    def to_a(g):  # g (..., n, m) @ b^T (..., m, k)
        if b.ndim == 1:
            return g[..., None] * b
        g = g[..., None, :] if a.ndim == 1 else g
        return g @ xp.swapaxes(b, -1, -2)

    def to_b(g):  # a^T (..., k, n) @ g (..., n, m)
        if a.ndim == 1:
            return a[:, None] * g[..., None, :] if b.ndim > 1 else a * g
        if b.ndim == 1:
            return a * g[..., None]
        if b.ndim == 2:  # one product for all leading axes, instead of a sum of many
            return a.reshape(-1, a.shape[-1]).T @ g.reshape(-1, g.shape[-1])
        return xp.swapaxes(a, -1, -2) @ g

    return a @ b, (to_a, to_b)


# ---------------------------------------------------------------------------------------------
# Element by element


def named(name: str, text: str, fn: Callable[P, Any]) -> Callable[P, Any]:
    """Make an op with this name and docstring, for families of similar functions."""
    fn.__name__, fn.__qualname__, fn.__doc__ = name, name, text
    return op(fn)


OF_INTEGERS = {"negative", "abs", "square"}  # they keep integers; other functions give floats


def elementwise(name: str, text: str, derivative: Any = None) -> Unary:
    """The op y = xp.<name>(x); `derivative(xp, x, y)` is dy/dx; None: no gradient."""

    def fn(x: Array, /):
        xp, x = array_module(x), x if derivative is None or name in OF_INTEGERS else as_float(x)
        y = getattr(xp, name)(x)
        return y, None if derivative is None else (lambda g: g * derivative(xp, x, y),)

    return named(name, text, fn)


# fmt: off
negative: Unary = elementwise("negative", "The negative: -x.", lambda xp, x, y: -1)
absolute: Unary = elementwise("abs", "The size |x|; gradient 0 at 0.", lambda xp, x, y: xp.sign(x))
square: Unary = elementwise("square", "The square: x^2.", lambda xp, x, y: 2 * x)
sqrt: Unary = elementwise(
    "sqrt",
    """The square root: x^(1/2); gradient 0 at 0.

    There the curve is vertical. With 0, as at the kink of |x|, a length of 0 has a gradient.
    """,
    lambda xp, x, y: 0.5 / xp.where(y == 0, math.inf, y),
)
exp: Unary = elementwise("exp", "The exponential: e^x.", lambda xp, x, y: y)
expm1: Unary = elementwise("expm1", "The value e^x - 1, accurate near 0.", lambda xp, x, y: y + 1)
log: Unary = elementwise("log", "The natural logarithm: log x.", lambda xp, x, y: 1 / x)
log1p: Unary = elementwise("log1p", "Log(1 + x), accurate near 0.", lambda xp, x, y: 1 / (1 + x))
sin: Unary = elementwise("sin", "The sine of an angle in radians.", lambda xp, x, y: xp.cos(x))
cos: Unary = elementwise("cos", "The cosine of an angle in radians.", lambda xp, x, y: -xp.sin(x))
sign: Unary = elementwise("sign", "The sign: -1, 0 or 1; no gradient.")
floor: Unary = elementwise("floor", "The largest integer not above x; no gradient.")
ceil: Unary = elementwise("ceil", "The smallest integer not below x; no gradient.")
isnan: Unary = elementwise("isnan", "True where x is not a number.")
logical_not: Unary = elementwise("logical_not", "True where x is 0 or false: not x.")
# fmt: on


def without_gradient(name: str, text: str) -> Binary:
    """The op xp.<name>(a, b), which has no gradient."""

    def fn(a: Array, b: Array, /):
        return getattr(array_module(a, b), name)(a, b), None

    return named(name, text, fn)


equal: Binary = without_gradient("equal", "True where both are equal: a == b.")
not_equal: Binary = without_gradient("not_equal", "True where the two differ: a != b.")
less: Binary = without_gradient("less", "True where the first is smaller: a < b.")
less_equal: Binary = without_gradient("less_equal", "True where the first is not larger: a <= b.")
greater: Binary = without_gradient("greater", "True where the first is larger: a > b.")
greater_equal: Binary = without_gradient(
    "greater_equal", "True where the first is not smaller: a >= b."
)
logical_and: Binary = without_gradient("logical_and", "True where both are true (not 0): a and b.")
logical_or: Binary = without_gradient("logical_or", "True where either is true (not 0): a or b.")
floor_divide: Binary = without_gradient(
    "floor_divide", "The quotient a / b rounded down; no gradient."
)


@op
def erf(x: Array, /):
    """The error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    xp, x = array_module(x), as_float(x)
    return erf_by_table(xp, x), (lambda g: g * 2 / math.sqrt(math.pi) * xp.exp(-x * x),)


@op
def rsqrt(x: Array, /):
    """One over the square root: 1 / sqrt(x)."""
    x = as_float(x)
    y = 1 / array_module(x).sqrt(x)
    return y, (lambda g: g * -0.5 * y / x,)


@op
def clip(x: Array, /, x_min: float | None = None, x_max: float | None = None):
    """Each element limited to the range `x_min` to `x_max`; the gradient is 0 outside.

    Args:
        x_min: The lower limit; None (default) sets none.
        x_max: The upper limit; None (default) sets none.
    """
    y = array_module(x).clip(x, x_min, x_max)
    return y, (lambda g: g * (x == y),)


@op
def logaddexp(a: Array, b: Array, /):
    """The logarithm of a sum of exponentials: log(e^a + e^b), which never overflows."""
    xp = array_module(a, b)
    y = xp.logaddexp(a * 1.0, b * 1.0)  # of floats, if they are integers
    return y, (lambda g: g * xp.exp(a - y), lambda g: g * xp.exp(b - y))


@op
def maximum(a: Array, b: Array, /):
    """The larger of two elements; where they are equal, the gradient goes to the first."""
    xp = array_module(a, b)
    return xp.maximum(a, b), (lambda g: g * (a >= b), lambda g: g * (a < b))


@op
def minimum(a: Array, b: Array, /):
    """The smaller of two elements; where they are equal, the gradient goes to the first."""
    xp = array_module(a, b)
    return xp.minimum(a, b), (lambda g: g * (a <= b), lambda g: g * (a > b))


@op
def where(condition: Array, a: Array, b: Array, /):
    """The first where the condition holds, else the second: a or b.

    Args:
        condition: Booleans, or numbers of which all but 0 count as true.
        a: The values where the condition holds.
        b: The values where it does not; the three shapes are broadcast.
    Example:
        >>> keras.ops.where([True, False, True], [1, 2, 3], 0).numpy()
        array([1, 0, 3])
    """
    xp = array_module(a, b, condition)
    y = xp.where(condition, a, b)
    return y, (None, lambda g: g * (condition != 0), lambda g: g * (condition == 0))


@op
def identity(x: Array, /):
    """The same values, as a new tensor."""
    return x, (lambda g: g,)


@op
def cast(x: Array, /, dtype: DType):
    """The same values in another data type; the gradient has the old one.

    Rounded to integers or booleans they have no gradient.

    Args:
        dtype: Data type of the result: a name such as "int32", or a type of Python or NumPy.
    """
    y = x.astype(standard_dtype(dtype))
    remember_host_copy(y, x)  # so that indices can be checked without a wait for the GPU
    return y, None if y.dtype.kind != "f" else (lambda g: g,)


# ---------------------------------------------------------------------------------------------
# Reductions: many elements become one


def stretch(g: Array, shape: Shape, axis: Axis, keepdims: bool) -> Array:
    """Bring a reduced gradient back to the shape before the reduction, as a broadcast view."""
    xp = array_module(g)
    g = g if axis is None or keepdims else xp.expand_dims(g, axes_of(axis, len(shape)))
    return xp.broadcast_to(g, shape)


@op(name="sum")
def reduce_sum(x: Array, /, axis: Axis = None, keepdims: bool = False):
    """The sum over `axis` (all axes if None).

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    y = fast_sum(x, axis, keepdims)
    return y, (lambda g: stretch(g, x.shape, axis, keepdims),)


@op
def mean(x: Array, /, axis: Axis = None, keepdims: bool = False):
    """The mean over `axis` (all axes if None): sum / count.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    x = as_float(x)
    y = fast_sum(x, axis, keepdims)
    count = math.prod(x.shape[a] for a in axes_of(axis, x.ndim))
    scale = 1 / count if count else math.nan  # the mean of no elements is NaN
    return y * scale, (lambda g: stretch(g * scale, x.shape, axis, keepdims),)


def extremum(x: Array, axis: Axis, keepdims: bool, find: Callable[..., Array]) -> tuple[Array, Any]:
    """The value and backward function of `max` or `min`: equals share the gradient evenly."""
    y = find(x, axis=axis, keepdims=True)

    def back(g):
        hit = x == y
        share = hit / hit.sum(axis=axis, keepdims=True)
        return (stretch(g, x.shape, axis, keepdims) * share).astype(x.dtype)

    return y if keepdims else y.squeeze(axis), (back,)


@op(name="max")
def reduce_max(x: Array, /, axis: Axis = None, keepdims: bool = False):
    """The largest value over `axis` (all axes if None)."""
    return extremum(x, axis, keepdims, array_module(x).max)


@op(name="min")
def reduce_min(x: Array, /, axis: Axis = None, keepdims: bool = False):
    """The smallest value over `axis` (all axes if None)."""
    return extremum(x, axis, keepdims, array_module(x).min)


@op
def prod(x: Array, /, axis: Axis = None, keepdims: bool = False):
    """The product over `axis` (all axes if None)."""
    xp = array_module(x)

    def to_x(g):  # the product of the other factors; a zero among them makes it 0
        zero = x == 0
        rest = xp.where(zero, 1, x)
        others = rest.prod(axis=axis, keepdims=True) / rest
        # A zero counts itself: there is none among the others if the count is 1 for it, else 0.
        none_among_others = zero.sum(axis=axis, keepdims=True) == zero
        return stretch(g, x.shape, axis, keepdims) * others * none_among_others

    return x.prod(axis=axis, keepdims=keepdims), (to_x,)


@op
def logsumexp(x: Array, /, axis: Axis = None, keepdims: bool = False):
    """The logarithm of the sum of e^x over `axis` (all axes if None).

        y = log sum e^(x - max) + max

    Subtracting the maximum keeps the exponentials finite.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    Example:
        >>> keras.ops.logsumexp([1000.0, 1000.0]).numpy().round(2)  # exp(1000) is infinite
        np.float32(1000.69)
    """
    xp, x = array_module(x), as_float(x)
    count = math.prod(x.shape[a] for a in axes_of(axis, x.ndim))
    most = x.max(axis=axis, keepdims=True) if count else xp.zeros((), x.dtype)
    most = xp.where(xp.isfinite(most), most, 0)  # where all are -inf, x - most would be NaN
    y = most + xp.log(xp.exp(x - most).sum(axis=axis, keepdims=True))
    return (y if keepdims else y.squeeze(axis)), (
        lambda g: stretch(g, x.shape, axis, keepdims) * xp.exp(x - y),
    )


@op
def cumsum(x: Array, /, axis: int | None = None):
    """The running sum along `axis`.

    Args:
        axis: Axis along which to add; None (default) means all elements in a row.
    Example:
        >>> keras.ops.cumsum([1, 2, 3, 4]).numpy()
        array([ 1,  3,  6, 10])
    """
    xp = array_module(x)

    def to_x(g):  # the running sum from the end: x[i] is in all sums from the i-th on
        return xp.flip(xp.flip(g, axis).cumsum(axis), axis).reshape(x.shape)

    return x.cumsum(axis), (to_x,)


def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean squared distance from the mean: mean (x - mean)^2 over `axis`.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    return mean(square(x - mean(x, axis, True)), axis, keepdims)


def std(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Any:
    """The square root of the variance over `axis`.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    return sqrt(var(x, axis, keepdims))


# Reductions without a gradient.


def plain_reduction(name: str, text: str) -> Search:
    """The op xp.<name>(x, axis), which has no gradient."""

    def fn(x: Array, /, axis: Axis = None, keepdims: bool = False):
        return getattr(array_module(x), name)(x, axis=axis, keepdims=keepdims), None

    return named(name, text, fn)


reduce_all: Search = plain_reduction("all", "True where all values over `axis` are true (not 0).")
reduce_any: Search = plain_reduction("any", "True where any value over `axis` is true (not 0).")
argmax: Search = plain_reduction("argmax", "The index of the first largest value along `axis`.")
argmin: Search = plain_reduction("argmin", "The index of the first smallest value along `axis`.")
