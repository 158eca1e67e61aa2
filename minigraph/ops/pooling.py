"""Pooling: of each window over the input, the largest cell or the mean.

The cells that all windows see at one place are one strided slice of the input, so pooling takes as
many passes as a window has cells, whatever the number of axes. N is the batch, C the channels.
"""

import math

from ..backend import array_module
from ..tensor import op
from . import basic
from .conv import covered, framed, per_axis, plain_frame, slide, tap_slices


def windows(what, x, pool_size, strides, padding):
    """The zeros in front, the sizes of the framed input, and one index for each window cell."""
    rank = x.ndim - 2
    pool = per_axis(pool_size, rank)
    strides = pool if strides is None else per_axis(strides, rank)
    before, places = slide(what, x.shape[1:-1], pool, strides, padding)
    slices = list(tap_slices(pool, (1,) * rank, strides, places))
    return before, covered(places, pool, strides), slices


@op
def max_pool(x, /, pool_size=2, strides=None, padding="valid"):
    """The largest cell of each window: (N, *lengths, C) -> (N, *places, C).

    `strides` are the pool size unless given. Where cells are equal, the gradient goes to the
    first. With padding "same" the border counts as minus infinity.
    """
    xp = array_module(x)
    before, lengths, slices = windows("max_pool", x, pool_size, strides, padding)
    seen = framed(x, before, lengths, -math.inf)
    y = seen[slices[0]].copy()
    winner = xp.zeros(y.shape, "uint8" if len(slices) <= 256 else "uint32")
    for number, at in enumerate(slices[1:], 1):
        cells = seen[at]
        xp.maximum(winner, (cells > y) * winner.dtype.type(number), out=winner)
        xp.maximum(y, cells, out=y)

    def back(g):
        d = xp.zeros_like(seen)
        for number, at in enumerate(slices):
            d[at] += g * (winner == number)
        return framed(d, [-b for b in before], x.shape[1:-1])

    return y, (back,)


def max_pool_plain(x, pool_size=2, strides=None, padding="valid"):
    before, lengths, slices = windows("max_pool", x, pool_size, strides, padding)
    seen = plain_frame(x, before, lengths, -math.inf)
    return basic.reduce_max(basic.stack([seen[at] for at in slices]), axis=0)


@op
def average_pool(x, /, pool_size=2, strides=None, padding="valid"):
    """The mean of each window: (N, *lengths, C) -> (N, *places, C).

    `strides` are the pool size unless given. With padding "same" only real cells are counted.
    """
    xp = array_module(x)
    before, lengths, slices = windows("average_pool", x, pool_size, strides, padding)

    def total(cells):
        seen = framed(cells, before, lengths)
        y = seen[slices[0]].copy()
        for at in slices[1:]:
            y += seen[at]
        return y

    share = 1 / total(xp.ones((1, *x.shape[1:-1], 1), x.dtype))  # 1 / (real cells of a window)

    def back(g):
        g = g * share
        d = xp.zeros((len(x), *lengths, x.shape[-1]), x.dtype)
        for at in slices:
            d[at] += g
        return framed(d, [-b for b in before], x.shape[1:-1])

    return total(x) * share, (back,)


def average_pool_plain(x, pool_size=2, strides=None, padding="valid"):
    before, lengths, slices = windows("average_pool", x, pool_size, strides, padding)
    seen = plain_frame(x, before, lengths)
    real = plain_frame(x * 0 + 1, before, lengths)
    return sum(seen[at] for at in slices) / sum(real[at] for at in slices)
