"""Pooling: the largest element of each window over the input, or the mean.

The elements at one position of all windows are one strided slice of the input. So pooling takes as
many passes as a window has elements, whatever the number of axes. N is the batch size, C the
channels.
"""

import math
from functools import reduce
from typing import Any, Literal, TypeAlias

from ..core.device import array_module
from ..core.dtypes import as_float
from ..core.tensor import op
from ..core.types import Array, TensorLike
from .conv import (
    Axis,
    Index,
    Sizes,
    conv_axes,
    crop_padding,
    kernel_positions,
    pad_input,
    plain_pad_or_crop,
)
from .math import maximum

PoolPadding: TypeAlias = Literal["valid", "same"]


def pool_axes(
    what: str, x: TensorLike, pool_size: Sizes, strides: Sizes | None, padding: str
) -> tuple[list[Axis], list[Index]]:
    """How the window slides along each axis, and one index of x for each position in it."""
    strides = pool_size if strides is None else strides
    axes = conv_axes(what, x.shape[1:-1], pool_size, strides, padding)
    # On an empty batch one position is enough to find the shape, so a trace takes no
    # longer for a large window.
    visited = axes if len(x) else [a._replace(kernel_size=1) for a in axes]
    return axes, [index for _, index in kernel_positions(visited)]


@op
def max_pool(
    x: Array, /, pool_size: Sizes = 2, strides: Sizes | None = None, padding: PoolPadding = "valid"
):
    """The largest element of each window.

    Where elements are equal, the gradient goes to the first. With padding "same" the padding counts
    as minus infinity.

    Shapes: (N, *size, C) -> (N, *output_size, C).
    Raises ValueError if the pool is larger than the input.
    Example:
        >>> keras.ops.max_pool(np.array([[[1], [5], [2], [3]]])).numpy().ravel()
        array([5, 3])
    """
    xp = array_module(x)
    axes, positions = pool_axes("max_pool", x, pool_size, strides, padding)
    least = {"f": -math.inf, "i": xp.iinfo("int64").min >> 64 - 8 * x.dtype.itemsize}
    padded = pad_input(x, axes, least.get(x.dtype.kind, 0))
    y = padded[positions[0]].copy()
    for index in positions[1:]:
        xp.maximum(y, padded[index], out=y)

    def backward(g):
        d, searching = xp.zeros_like(padded), xp.ones(y.shape, bool)
        disjoint = all(a.kernel_size <= a.stride for a in axes)
        for index in positions:
            found = (padded[index] == y) & searching
            searching ^= found  # a window that has found its largest element looks no further
            if disjoint:  # no element lies in two windows: a quarter less than adding
                xp.multiply(g, found, out=d[index])
            else:
                d[index] += g * found
        return crop_padding(d, axes)

    return y, (backward,)


def max_pool_plain(
    x: TensorLike,
    pool_size: Sizes = 2,
    strides: Sizes | None = None,
    padding: PoolPadding = "valid",
) -> Any:
    axes, positions = pool_axes("max_pool", x, pool_size, strides, padding)
    sizes = [a.pad_before for a in axes], [a.padded_size for a in axes]
    padded = plain_pad_or_crop(x, *sizes, -math.inf)
    return reduce(maximum, [padded[index] for index in positions])


@op
def average_pool(
    x: Array, /, pool_size: Sizes = 2, strides: Sizes | None = None, padding: PoolPadding = "valid"
):
    """The mean of each window.

    With padding "same" the padding is not counted.

    Shapes: (N, *size, C) -> (N, *output_size, C).
    Raises ValueError if the pool is larger than the input.
    Example:
        >>> keras.ops.average_pool(np.array([[[1.0], [5.0], [2.0], [4.0]]])).numpy().ravel()
        array([3., 3.])
    """
    xp, x = array_module(x), as_float(x)
    axes, positions = pool_axes("average_pool", x, pool_size, strides, padding)

    def total(elements):
        padded = pad_input(elements, axes)
        y = padded[positions[0]].copy()
        for index in positions[1:]:
            y += padded[index]
        return y

    ones = xp.ones((min(len(x), 1), *x.shape[1:-1], 1), x.dtype)
    share = 1 / total(ones)  # 1 / (elements of a window without its padding)

    def backward(g):
        g = g * share
        d = xp.zeros((len(x), *(a.padded_size for a in axes), x.shape[-1]), x.dtype)
        for index in positions:
            d[index] += g
        return crop_padding(d, axes)

    return total(x) * share, (backward,)


def average_pool_plain(
    x: TensorLike,
    pool_size: Sizes = 2,
    strides: Sizes | None = None,
    padding: PoolPadding = "valid",
) -> Any:
    axes, positions = pool_axes("average_pool", x, pool_size, strides, padding)
    sizes = [a.pad_before for a in axes], [a.padded_size for a in axes]
    padded, real = plain_pad_or_crop(x, *sizes), plain_pad_or_crop(x * 0 + 1, *sizes)
    return sum(padded[index] for index in positions) / sum(real[index] for index in positions)
