"""The ops that everything else is made of, each with its gradient on the same screen.

In this file `g` is the gradient that arrives at the output, and every function behind a comma
takes it one step back. Broadcasting needs no care here: the tape sums a gradient back to its
input's shape.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

from ..core.device import array_module
from ..core.tensor import array_function, op
from ..core.types import Array, Axis, TensorLike
from .arrays import reshape
from .costs import spend
from .math import absolute, maximum, multiply, power, reduce_max, reduce_sum, rsqrt, sqrt, square

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def contract(arrays: Sequence[Array], inputs: Sequence[Any], output: str):
    """The sum of products that einsum writes as "ij,jk->ik": `inputs` ["ij", "jk"], output "ik"."""
    xp = array_module(*arrays)
    if any(len(set(labels)) < len(labels) for labels in [*inputs, output]):
        raise ValueError(f"einsum: a letter occurs twice in one of {inputs}, {output!r}: use diag")

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

    Raises ValueError where a letter occurs twice in one operand, or letters and axes do not fit.
    """
    return einsum_op(list(operands), subscripts=subscripts)


@op
def tensordot(a: Array, b: Array, /, axes: int | Sequence[Any] = 2):
    """The sum of products over the last `axes` axes of a and the first of b.

    `axes` may also be a pair of lists: the axes of a, and those of b that they meet.

    Shapes: (n, k), (k, m) -> (n, m), with axes=1.
    """
    pairs = (range(-axes, 0), range(axes)) if isinstance(axes, int) else axes
    first, second = ([p] if isinstance(p, int) else list(p) for p in pairs)
    of_a, of_b = LETTERS[: a.ndim], list(LETTERS[a.ndim : a.ndim + b.ndim])
    for i, j in zip(first, second, strict=True):
        of_b[j] = of_a[i]
    shared = set(of_a) & set(of_b)
    output = "".join(c for c in [*of_a, *of_b] if c not in shared)
    return contract([a, b], [of_a, "".join(of_b)], output)


@op
def dot(a: Array, b: Array, /):
    """The sum of products over the last axis of a and the last but one of b; scalars multiply.

    Shapes: (n), (n) -> (), or (..., n, k), (..., k, m) -> (..., n, ..., m).
    """
    xp = array_module(a, b)
    if 0 in (xp.ndim(a), xp.ndim(b)):
        return array_function(multiply)(a, b)
    return array_function(tensordot)(a, b, axes=(-1, -2 if b.ndim > 1 else 0))


def outer(a: TensorLike, b: TensorLike) -> Any:
    """Each element of a times each element of b: y[i, j] = a[i] * b[j].

    Shapes: (n), (m) -> (n, m).
    """
    return multiply(reshape(a, (-1, 1)), reshape(b, (-1,)))


def norm(
    x: TensorLike,
    ord: float | Literal["fro", "euclidean"] | None = 2,
    axis: Axis = None,
    keepdims: bool = False,
) -> Any:
    """The length of vectors along `axis` (of all elements if None).

        y = (sum |x|^ord)^(1 / ord)

    `ord` may be infinite: then it is the largest |x|.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    size = absolute(x)
    if ord == math.inf:
        return reduce_max(size, axis, keepdims)
    if ord in (None, 2, "fro", "euclidean"):
        return sqrt(reduce_sum(square(size), axis, keepdims))
    return power(reduce_sum(power(size, ord), axis, keepdims), 1 / ord)


def normalize(x: TensorLike, axis: Axis = -1, epsilon: float = 1e-12) -> Any:
    """The vectors along `axis`, divided by their length; one shorter than 1e-6 stays short.

    y = x / sqrt(max(sum x^2, epsilon))
    """
    return x * rsqrt(maximum(reduce_sum(square(x), axis, True), epsilon))
