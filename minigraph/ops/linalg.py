"""Ops of linear algebra: sums of products over chosen axes, and lengths of vectors.

Each op returns its value and its backward functions, as in `ops.math`.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

from ..core.device import array_module
from ..core.dtypes import FLOATS, floatx, standard_dtype
from ..core.tensor import array_function, op
from ..core.types import Array, Axis, TensorLike
from .arrays import check_axis, convert_to_tensor, ones_like, reshape
from .costs import spend
from .math import (
    absolute,
    cast,
    maximum,
    mean,
    multiply,
    power,
    reduce_max,
    reduce_min,
    reduce_sum,
    rsqrt,
    sqrt,
    square,
)  # fmt: skip

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def contract(arrays: Sequence[Array], inputs: Sequence[Any], output: str) -> tuple[Array, Any]:
    """The sum of products that einsum writes as "ij,jk->ik": `inputs` ["ij", "jk"], output "ik"."""
    xp = array_module(*arrays)
    if any(len(set(labels)) < len(labels) for labels in [*inputs, output]):
        raise ValueError(f"einsum: a letter occurs twice within {inputs}, {output!r}: use diag")

    shapes = sum((a.shape for a in arrays), ())
    sizes = dict(zip("".join(map("".join, inputs)), shapes, strict=True))
    spend(*(sizes[c] for c in (output if len(arrays) < 3 else sizes)))

    def product(operands: Sequence[Array], labels: Sequence[str], result: str) -> Array:
        return xp.einsum(f"{','.join(labels)}->{result}", *operands, optimize=True)

    def to_input(i: int):  # as for matrices: the gradient times all other factors
        others, labels = [*arrays[:i], *arrays[i + 1 :]], [*inputs[:i], *inputs[i + 1 :]]
        sizes = dict(zip(inputs[i], arrays[i].shape, strict=True))
        alone = "".join(c for c in inputs[i] if c not in output + "".join(labels))

        def back(g):
            ones = xp.ones([sizes[c] for c in alone], g.dtype)
            return product([g, *others, ones], [output, *labels, alone], inputs[i])

        return back

    return product(arrays, inputs, output), tuple(to_input(i) for i in range(len(arrays)))


@op(name="einsum")
def einsum_op(*arrays: Array, subscripts: str):
    """See `einsum`."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(arrays):
        raise ValueError(f"einsum: {subscripts!r} names {len(inputs)} arrays, got {len(arrays)}")
    extra = [a.ndim - len(s.replace("...", "")) for a, s in zip(arrays, inputs, strict=True)]
    free = [c for c in LETTERS if c not in subscripts][: max([0, *extra])]
    if not arrow:
        named = left.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(c for c in set(named) if named.count(c) == 1))
    for i, axes in enumerate(extra):
        if axes < 0 or (axes and "..." not in inputs[i]):
            raise ValueError(f"einsum: {inputs[i]!r} does not fit an array of {arrays[i].shape}")
        inputs[i] = inputs[i].replace("...", "".join(free[len(free) - axes :]))
    return contract(arrays, inputs, output.replace("...", "".join(free)))


def einsum(subscripts: str, *operands: TensorLike) -> Any:
    """Sums of products, written with a letter for each axis: `einsum("bi,ij->bj", x, w)`.

    Letters that do not occur after the arrow are summed over; `...` means any further axes.

    Args:
        subscripts: The letters of the operands' axes, separated by commas, and after `->` those of
            the result; without an arrow, the letters that occur once, in alphabetical order.
        *operands: A tensor, array or nested list for each group of letters.
    Raises ValueError where a letter occurs twice in one operand, or letters and axes do not fit.
    Example:
        >>> rows = np.array([[1, 2], [3, 4]])
        >>> keras.ops.einsum("ij,ij->i", rows, rows).numpy()  # the square of each row's length
        array([ 5, 25])
    """
    return einsum_op(list(operands), subscripts=subscripts)


@op
def tensordot(a: Array, b: Array, /, axes: int | Sequence[Any] = 2):
    """The sum of products over the last `axes` axes of a and the first of b.

    Shapes: (n, k), (k, m) -> (n, m), with axes=1.
    Args:
        axes: How many axes (default 2), or a pair of lists: axes of a, and the axes of b that match
            them.
    Raises ValueError, with both shapes, if one has fewer axes or they differ in length.
    Example:
        >>> keras.ops.tensordot([[1, 2], [3, 4]], [[1, 0], [0, 10]], axes=2).item()  # 1 + 40
        41
    """
    if isinstance(axes, int) and not 0 <= axes <= min(a.ndim, b.ndim):
        raise ValueError(
            f"tensordot: both arrays must have {axes} axes to sum over, got shapes {a.shape} and "
            f"{b.shape}"
        )
    pairs = (range(-axes, 0), range(axes)) if isinstance(axes, int) else axes
    first, second = ([p] if isinstance(p, int) else list(p) for p in pairs)
    of_a, of_b = LETTERS[: a.ndim], list(LETTERS[a.ndim : a.ndim + b.ndim])
    for i, j in zip(first, second, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ValueError(
                f"tensordot: axis {i} of shape {a.shape} and axis {j} of shape {b.shape} must be "
                "equally long, since they are summed over together"
            )
        of_b[j] = of_a[i]
    shared = set(of_a) & set(of_b)
    output = "".join(c for c in [*of_a, *of_b] if c not in shared)
    return contract([a, b], [of_a, "".join(of_b)], output)


@op
def dot(a: Array, b: Array, /):
    """The sum of products over the last axis of a and the second to last of b; scalars multiply.

    Shapes: (n), (n) -> (), or (..., n, k), (..., k, m) -> (..., n, ..., m).
    Args:
        a: The first operand: a tensor, symbolic tensor, array, number or nested list.
        b: The second operand; if it is a vector, the sum runs over its only axis.
    """
    xp = array_module(a, b)
    if 0 in (xp.ndim(a), xp.ndim(b)):
        return array_function(multiply)(a, b)
    return array_function(tensordot)(a, b, axes=(-1, -2 if b.ndim > 1 else 0))


def outer(a: TensorLike, b: TensorLike) -> Any:
    """Each element of a times each element of b: y[i, j] = a[i] * b[j].

    Shapes: (n), (m) -> (n, m).
    Args:
        a: The values for the rows; all its elements in a row.
        b: The values for the columns, likewise.
    Example:
        >>> keras.ops.outer([1, 2], [1, 10, 100]).numpy()
        array([[  1,  10, 100],
               [  2,  20, 200]])
    """
    return multiply(reshape(a, (-1, 1)), reshape(b, (-1,)))


def average(x: TensorLike, axis: Axis = None, weights: TensorLike | None = None) -> Any:
    """The weighted mean along `axis` (of all elements if None); all weights are 1 unless given.

        y = sum(weights * x) / sum(weights)

    `weights` have the shape of x, or are one row along a single `axis`.

    Shapes: (..., n) -> (...), with axis=-1.
    Args:
        x: Tensor of numbers.
        axis: Axis, or several, over which the mean is taken; None (default) means all.
        weights: How much each element counts; None (default) means all alike.
    Raises ValueError, with both shapes, for weights that do not fit.
    Example:
        >>> float(keras.ops.average([1.0, 5.0], weights=[3.0, 1.0]))
        2.0
    """
    if weights is None:
        return mean(x, axis)
    values: Any = x if hasattr(x, "shape") else convert_to_tensor(x)
    factors: Any = weights if hasattr(weights, "shape") else convert_to_tensor(weights)
    shape, given = tuple(values.shape), tuple(factors.shape)
    if len(given) == 1 and len(shape) > 1 and isinstance(axis, int):
        along = check_axis(axis, len(shape), "average")
        given = (1,) * along + given + (1,) * (len(shape) - along - 1)
        factors = reshape(factors, given)
        fits = given[along] == shape[along] or shape[along] is None
    else:
        fits = given == shape
    if not fits:
        raise ValueError(
            f"average: weights of shape {tuple(factors.shape)} do not fit values of shape {shape} "
            f"and axis={axis}: give one for each element, or one row and its axis"
        )
    total = reduce_sum(factors * ones_like(values), axis)
    return reduce_sum(values * factors, axis) / total


def in_floats(x: TensorLike) -> Any:
    """x, with integers cast to the default float type: the squares of small ones would wrap."""
    x = x if hasattr(x, "dtype") else convert_to_tensor(x)
    return x if standard_dtype(x.dtype) in FLOATS else cast(x, floatx())


def norm(
    x: TensorLike,
    ord: float | Literal["fro", "euclidean"] | None = 2,
    axis: Axis = None,
    keepdims: bool = False,
) -> Any:
    """The length of vectors along `axis`.

        y = (sum |x|^ord)^(1 / ord)

    The gradient of a length of 0 is 0.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    Args:
        ord: The exponent, or infinity for the largest |x|, minus infinity for the smallest (default
            2); "fro", "euclidean" and None mean 2, too.
    Raises ValueError for the exponent 0.
    Example:
        >>> keras.ops.norm([[3.0, 4.0], [6.0, 8.0]], axis=1).numpy()
        array([ 5., 10.], dtype=float32)
    """
    size = absolute(in_floats(x))
    if ord in (math.inf, -math.inf):
        return (reduce_max if ord > 0 else reduce_min)(size, axis, keepdims)
    if ord in (None, 2, "fro", "euclidean"):
        return sqrt(reduce_sum(square(size), axis, keepdims))
    if not ord:
        raise ValueError("norm: ord=0 has no root; count with ops.sum(ops.not_equal(x, 0))")
    return power(reduce_sum(power(size, ord), axis, keepdims), 1 / ord)


def normalize(x: TensorLike, axis: Axis = -1, epsilon: float = 1e-12) -> Any:
    """The vectors along `axis`, divided by their length; one shorter than 1e-6 stays short.

        y = x / sqrt(max(sum x^2, epsilon))

    Args:
        axis: The axis of the vectors, or a tuple of axes (default -1).
        epsilon: What the sum of squares counts as where it is smaller (default 1e-12).
    Example:
        >>> keras.ops.normalize([[3.0, 4.0]]).numpy()
        array([[0.6, 0.8]], dtype=float32)
    """
    x = in_floats(x)
    return x * rsqrt(maximum(reduce_sum(square(x), axis, True), epsilon))
