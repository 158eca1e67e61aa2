"""Fast forms of a few sums and functions. Each says what it computes, then how."""

import math
from typing import Any

from ..core.device import array_module
from ..core.types import Array, Axis


def flush_subnormals(array: Array) -> Array:
    """The array with 0 in place of subnormal numbers, and of those close to them.

    Below 1e-38 a float32 loses digits (it is subnormal), and a processor takes fifty times as long
    for it. A value that shrinks step by step, such as a gradient in a long sequence, gets there and
    stays for a while. The margin of 2^32 lets it shrink further before the next flush.
    """
    if array.dtype.name not in ("float32", "float64"):
        return array
    return array * (abs(array) >= array_module(array).finfo(array.dtype).tiny * 2**32)


# erf where |x| <= 6, in steps of 1/256; beyond, it is 1 to the last digit.
ERF = array_module().array([math.erf(k / 256) for k in range(6 * 256 + 1)])


def erf_by_table(xp: Any, x: Array) -> Array:
    """erf(x) by its Taylor series of fourth order around the nearest entry of the table."""
    erf = getattr(xp, "erf", None)  # of neither NumPy nor CuPy: see `ops/second_order`
    if erf is not None:
        return erf(x)
    size = xp.fmin(xp.abs(x), 6)  # 6 for NaN, too: it has no index, and the sign is NaN then
    index = (size * 256 + 0.5).astype("int32")
    a = index.astype(x.dtype) / 256
    h = size - a
    series = 1 - h * (a - h * ((2 * a * a - 1) / 3 + h * a * (3 - 2 * a * a) / 6))
    derivative = 2 / math.sqrt(math.pi) * xp.exp(-a * a)
    return xp.sign(x) * (xp.asarray(ERF, x.dtype)[index] + derivative * h * series)


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction runs over, counted from the front, as a tuple."""
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % ndim for a in axes)


def fast_sum(x: Array, axis: Axis, keepdims: bool) -> Array:
    """The sum over `axis`.

    Where other axes follow, it is a product with ones, which takes a third of the time.
    """
    given = axis if isinstance(axis, tuple) else (axis,)
    known = all(a in range(-x.ndim, x.ndim) for a in given)  # else NumPy raises the error
    axes = axes_of(axis, x.ndim) if known else ()
    if axes and x.dtype.name in ("float32", "float64") and x.flags.c_contiguous:
        first, end = axes[0], axes[-1] + 1
        if end < x.ndim and axes == tuple(range(first, end)):
            before, behind = x.shape[:first], x.shape[end:]
            ones = array_module(x).ones(math.prod(x.shape[first:end]), x.dtype)
            total = ones @ x.reshape(math.prod(before), len(ones), math.prod(behind))
            return total.reshape(*before, *(1 for _ in axes if keepdims), *behind)
    return x.sum(axis=axis, keepdims=keepdims)


PAIRS = {"float32": "complex64", "float64": "complex128"}  # two elements of a type, as one


def scatter_add(indices: Array, rows: Array, count: int) -> Array:
    """The sum of the rows that belong to each index: (n,), (n, width) -> (count, width).

    NumPy adds element by element, or by pairs viewed as complex numbers, which takes 0.6 of
    the time. On a GPU that would need atomic sums, whose order, and so whose last bits, are left to
    chance. There the rows are sorted by index. Then each adds the row 1, 2, 4, ... before it if
    that has the same index: the last row of an index ends up with the sum of all.
    """
    xp, width = array_module(rows), rows.shape[1]
    indices = indices.astype("int64")
    if xp.__name__ == "numpy" or not rows.size:
        total = xp.zeros((count, width), rows.dtype)
        pairs = PAIRS.get(rows.dtype.name) if width % 2 == 0 else None
        if rows.size:
            added, parts = (a.view(pairs or a.dtype) for a in (xp.ascontiguousarray(rows), total))
            flat = indices[:, None] * parts.shape[1] + xp.arange(parts.shape[1])
            xp.add.at(parts.reshape(-1), flat.reshape(-1), added.reshape(-1))
        return total
    order = indices.argsort()
    indices, rows, distance = indices[order], rows[order], 1
    while distance < len(indices):
        same = indices[distance:, None] == indices[:-distance, None]
        rows[distance:] += xp.where(same, rows[:-distance], 0)
        distance *= 2
    every = xp.arange(count)
    last = xp.maximum(xp.searchsorted(indices, every, side="right") - 1, 0)
    return xp.where((indices[last] == every)[:, None], rows[last], 0)
