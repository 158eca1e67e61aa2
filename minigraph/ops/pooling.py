"""Pooling: of each window over the input, the largest cell or the mean.

The cells that all windows see at one place are one strided slice of the input, so pooling takes as
many passes as a window has cells, whatever the number of axes. N is the batch, C the channels.
"""

import math

from ..core.device import array_module
from ..core.tensor import op
from .arrays import stack
from .conv import plain_frame, seen_by, slide, tap_slices, unseen
from .math import reduce_max


def windows(what, x, pool_size, strides, padding):
    """How the window slides along each axis, and one index for each of its cells."""
    strides = pool_size if strides is None else strides
    axes = slide(what, x.shape[1:-1], pool_size, strides, padding)
    # Without rows there is nothing to compare, and one cell shows the shape: a drawing takes no
    # longer for a large window.
    looked_at = axes if len(x) else [a._replace(taps=1) for a in axes]
    return axes, [seen for _, seen in tap_slices(looked_at)]


@op
def max_pool(x, /, pool_size=2, strides=None, padding="valid"):
    """The largest cell of each window.

    `strides` are the pool size unless given. Where cells are equal, the gradient goes to the first.
    With padding "same" the border counts as minus infinity.

    Shapes: (N, *lengths, C) -> (N, *places, C).
    Raises ValueError if the pool is larger than the input.
    """
    xp = array_module(x)
    axes, slices = windows("max_pool", x, pool_size, strides, padding)
    seen = seen_by(x, axes, -math.inf)
    y = seen[slices[0]].copy()
    for at in slices[1:]:
        xp.maximum(y, seen[at], out=y)

    def back(g):
        d, waiting = xp.zeros_like(seen), xp.ones(y.shape, bool)
        apart = all(a.taps <= a.stride for a in axes)  # no cell lies in two windows
        for at in slices:
            found = (seen[at] == y) & waiting
            waiting ^= found  # a window that has found its largest cell waits for no other
            if apart:
                xp.multiply(g, found, out=d[at])  # a sixth less than adding
            else:
                d[at] += g * found
        return unseen(d, axes)

    return y, (back,)


def max_pool_plain(x, pool_size=2, strides=None, padding="valid"):
    axes, slices = windows("max_pool", x, pool_size, strides, padding)
    seen = plain_frame(x, [a.before for a in axes], [a.covered for a in axes], -math.inf)
    return reduce_max(stack([seen[at] for at in slices]), axis=0)


@op
def average_pool(x, /, pool_size=2, strides=None, padding="valid"):
    """The mean of each window.

    `strides` are the pool size unless given. With padding "same" only real cells are counted.

    Shapes: (N, *lengths, C) -> (N, *places, C).
    Raises ValueError if the pool is larger than the input.
    """
    xp = array_module(x)
    axes, slices = windows("average_pool", x, pool_size, strides, padding)

    def total(cells):
        seen = seen_by(cells, axes)
        y = seen[slices[0]].copy()
        for at in slices[1:]:
            y += seen[at]
        return y

    one = xp.ones((min(len(x), 1), *x.shape[1:-1], 1), x.dtype)
    share = 1 / total(one)  # 1 / (real cells of a window)

    def back(g):
        g = g * share
        d = xp.zeros((len(x), *(a.covered for a in axes), x.shape[-1]), x.dtype)
        for at in slices:
            d[at] += g
        return unseen(d, axes)

    return total(x) * share, (back,)


def average_pool_plain(x, pool_size=2, strides=None, padding="valid"):
    axes, slices = windows("average_pool", x, pool_size, strides, padding)
    frame = [a.before for a in axes], [a.covered for a in axes]
    seen, real = plain_frame(x, *frame), plain_frame(x * 0 + 1, *frame)
    return sum(seen[at] for at in slices) / sum(real[at] for at in slices)
