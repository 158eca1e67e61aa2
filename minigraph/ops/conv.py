"""Convolution and its mirror image, over any number of axes.

A convolution slides a small kernel over its input and takes, at each place, one product of the
kernel with what it covers. Written out for all places at once this is one matrix product: each row
holds what the kernel sees at one place (`column_blocks`). The rows are made block by block, so that
a block is still in the cache when it is multiplied, given its bias and activated.

N is the batch, C the channels of the input, F the filters, K = taps * C what one place sees. A tap
is one place of the kernel.
"""

import math
from collections import namedtuple
from itertools import product

from ..core.checks import is_size
from ..core.device import array_module
from ..core.tensor import op
from . import nn
from .arrays import concatenate, pad, reshape, stack, transpose, zeros

BLOCK_BYTES = 2**19  # a block of columns stays in the cache of one core
DEVICE_BLOCK_BYTES = 2**28  # a GPU has no use for small blocks
LEAST_ROWS = 512  # shorter blocks spend their time on the kernel matrix
NARROW = 32  # products with fewer columns than this are slow


# ---------------------------------------------------------------------------------------------
# Geometry


class Axis(namedtuple("Axis", "length taps stride dilation before places")):
    """How a window slides along one axis: `before` zeros stand in front of the first cell."""

    __slots__ = ()

    @property
    def reach(self):
        """The cells from the first tap to the last."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def covered(self):
        """The cells that the window covers on its way, zeros in front included."""
        return self.stride * (self.places - 1) + self.reach


def per_axis(value, rank):
    """A setting for each axis; one number holds for all."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


def slide(what, lengths, taps, strides, padding, dilation=1):
    """The places where a window can stand along each axis.

    With reach = (taps - 1) * dilation + 1: valid: floor((n - reach) / stride) + 1 places. same:
    ceil(n / stride), half of the zeros in front. causal: reach - 1 zeros in front, so that no place
    sees what comes after it. Raises ValueError if there is no place, or for another `padding`.
    """
    if padding not in ("valid", "same", "causal"):
        raise ValueError(f'{what}: padding must be "valid" or "same", got {padding!r}')
    rank, axes = len(lengths), []
    settings = per_axis(taps, rank), per_axis(strides, rank), per_axis(dilation, rank)
    if not all(is_size(size, 1) for sizes in settings for size in sizes):
        raise ValueError(
            f"{what}: window, strides and dilation must be positive whole numbers, got {settings}"
        )
    for n, k, s, d in zip(lengths, *settings, strict=True):
        reach = (k - 1) * d + 1
        before = reach - 1 if padding == "causal" else 0
        places = (n + before - reach) // s + 1
        if padding == "same":
            places = -(-n // s)
            before = max((places - 1) * s + reach - n, 0) // 2
        if places < 1:
            raise ValueError(
                f"{what}: a window that reaches over {reach} cells is larger than the input, of "
                f"size {tuple(lengths)}, so the output would have a negative size. Use a smaller "
                'kernel or pool, or padding="same".'
            )
        axes.append(Axis(n, k, s, d, before, places))
    return axes


def slide_back(places, taps, strides, padding, dilation, output_padding):
    """The lengths that a transposed convolution gives along each axis.

    valid: n * s + max(reach - s, 0). same: n * s. With an output padding p:
    (n - 1) * s + reach - 2 * pad + p, where pad is 0 (valid) or reach // 2 (same). What the taps
    reach beyond that is cut off, the smaller half in front, as `slide` adds it.
    """
    rank, axes, same = len(places), [], padding == "same"
    settings = per_axis(strides, rank), per_axis(dilation, rank), per_axis(output_padding, rank)
    for n, k, s, d, p in zip(places, taps, *settings, strict=True):
        reach = (k - 1) * d + 1
        painted = (n - 1) * s + reach
        length = n * s if same else max(painted, n * s)
        if p is not None:
            length = painted - (2 * (reach // 2) if same else 0) + p
        before = max(painted - length, 0) // 2
        axes.append(Axis(length, k, s, d, before, n))
    return axes


def framed(x, before, lengths, fill=0):
    """x moved by `before` along its inner axes, and filled up or cut to `lengths`."""
    if not any(before) and tuple(lengths) == x.shape[1:-1]:
        return x
    y = array_module(x).full((len(x), *lengths, x.shape[-1]), fill, x.dtype)
    target = (slice(max(b, 0), max(b + n, 0)) for b, n in zip(before, x.shape[1:-1], strict=True))
    source = (slice(max(-b, 0), max(n - b, 0)) for b, n in zip(before, lengths, strict=True))
    y[(slice(None), *target)] = x[(slice(None), *source)]
    return y


def seen_by(x, axes, fill=0):
    """x with the zeros around it that the window covers."""
    return framed(x, [a.before for a in axes], [a.covered for a in axes], fill)


def unseen(y, axes):
    """The inverse of `seen_by`: what lies around the cells themselves is cut off."""
    return framed(y, [-a.before for a in axes], [a.length for a in axes])


def tap_slices(axes):
    """For each tap, its place and the index of all cells that the window sees there."""
    for tap in product(*(range(a.taps) for a in axes)):
        starts = [(t * a.dilation, a) for t, a in zip(tap, axes, strict=True)]
        inner = (slice(i, i + a.stride * (a.places - 1) + 1, a.stride) for i, a in starts)
        yield tap, (slice(None), *inner)


# ---------------------------------------------------------------------------------------------
# Three functions of arrays: what the kernel sees, and the two ways back


def windows(x, axes):
    """What the kernel sees at each place, (N, *places, *taps, C): a view, nothing is copied.

    Raises ValueError for an x without the zeros around it: the view would reach beyond its memory.
    """
    if any(n < a.covered for n, a in zip(x.shape[1:-1], axes, strict=True)):
        covered = tuple(a.covered for a in axes)
        raise ValueError(f"windows over {covered} cells do not fit into an array of {x.shape}")
    xp, (batch, *steps, channel) = array_module(x), x.strides
    shape = len(x), *(a.places for a in axes), *(a.taps for a in axes), x.shape[-1]
    along = (step * a.stride for step, a in zip(steps, axes, strict=True))
    inside = (step * a.dilation for step, a in zip(steps, axes, strict=True))
    strides = batch, *along, *inside, channel
    if xp.__name__ == "numpy" and x.flags.c_contiguous:  # `as_strided` takes ten times as long
        return xp.ndarray(shape, x.dtype, x, 0, strides)
    return xp.lib.stride_tricks.as_strided(x, shape, strides)


def column_blocks(x, axes):
    """What the kernel sees at each place, (rows, K), in blocks of consecutive places.

    Yields pairs (index of the block in the output, block). All blocks share one buffer.
    """
    xp, rank, view = array_module(x), len(axes), windows(x, axes)
    sizes, width = view.shape[: rank + 1], math.prod(view.shape[rank + 1 :])
    budget = BLOCK_BYTES if xp.__name__ == "numpy" else DEVICE_BLOCK_BYTES
    rows = max(LEAST_ROWS, budget // max(width * x.dtype.itemsize, 1))
    # One axis is cut, those before it are taken one by one and those after it whole: then a block
    # of the output lies in one piece.
    inner = [math.prod(sizes[axis + 1 :]) for axis in range(rank + 1)]
    steps = [min(n, max(1, rows // m)) or 1 for n, m in zip(sizes, inner, strict=True)]
    buffer = None
    for start in product(*(range(0, n, step) for n, step in zip(sizes, steps, strict=True))):
        at = tuple(slice(i, i + step) for i, step in zip(start, steps, strict=True))
        block = view[at]
        if not block.flags.c_contiguous:
            buffer = xp.empty(math.prod(steps) * width, x.dtype) if buffer is None else buffer
            columns = buffer[: block.size].reshape(block.shape)
            columns[...] = block
            block = columns
        yield at, block.reshape(-1, width)


def side_by_side(filters, axes):
    """How many neighbours share a row of columns, and how a window over them all slides.

    Neighbours see mostly the same cells. A few of them together are one place with a window that is
    a little wider, a stride of their number, and filters for each: fewer cells are copied, and a
    product with few filters gets more columns. A step of layers with 16 filters takes 13 % less.
    """
    *others, last = axes
    fits = last.stride == last.dilation == 1
    counts = (n for n in (4, 3, 2) if n * filters <= NARROW and last.places % n == 0)
    count = next(counts, 1) if fits else 1
    wide = last._replace(
        taps=last.taps + count - 1, stride=last.stride * count, places=last.places // count
    )
    return count, [*others, wide]


def moved_copies(wide, count, taps):
    """The place of each neighbour's kernel in the kernel for all of them: a cell further each."""
    return [wide[..., i : i + taps, :, i, :] for i in range(count)]


def correlate(x, kernel, axes, bias=None, activation=None):
    """The products of the kernel with what it covers, at every place: (N, *places, F).

    Each block of the output gets its bias and its activation while it is hot.
    """
    xp, (*taps, channels, filters) = array_module(x), kernel.shape
    # Without rows no second kernel is made: one in a file may be drawn larger than any memory.
    count, wide_axes = side_by_side(filters, axes) if len(x) else (1, axes)
    matrix = kernel.reshape(-1, filters)  # (K, F)
    if count > 1:
        wide = xp.zeros((*(a.taps for a in wide_axes), channels, count, filters), kernel.dtype)
        for copy in moved_copies(wide, count, taps[-1]):
            copy[...] = kernel
        matrix = wide.reshape(-1, count * filters)
        bias = None if bias is None else xp.tile(bias, count)
    places = [a.places for a in wide_axes]
    y = xp.empty((len(x), *places, matrix.shape[-1]), xp.result_type(x, kernel))
    for at, columns in column_blocks(x, wide_axes):
        block = y[at].reshape(len(columns), -1)  # a view
        xp.matmul(columns, matrix, out=block)
        finish(block, bias, activation)
    return y.reshape(len(x), *(a.places for a in axes), filters)


def kernel_gradient(x, g, axes):
    """Each tap gathers the product of what it saw with what arrived: columns^T @ g."""
    xp, channels, filters = array_module(x), x.shape[-1], g.shape[-1]
    count, wide_axes = side_by_side(filters, axes)
    g = g.reshape(len(g), *(a.places for a in wide_axes), count * filters)
    taps = [a.taps for a in wide_axes]
    total = xp.zeros((math.prod(taps) * channels, count * filters), g.dtype)
    for at, columns in column_blocks(x, wide_axes):
        total += columns.T @ g[at].reshape(len(columns), -1)
    wide = total.reshape(*taps, channels, count, filters)
    return sum(moved_copies(wide, count, axes[-1].taps))


def input_gradient(g, kernel, axes, bias=None, activation=None):
    """What arrived at each place goes back to all cells that the kernel covered there.

    With stride 1 that is again a correlation, with the kernel turned round. Otherwise the
    products are folded: each tap adds its part to the cells that it saw.
    """
    channels, filters = kernel.shape[-2:]
    if all(a.stride == 1 for a in axes):
        turned = kernel[(slice(None, None, -1),) * len(axes)].swapaxes(-1, -2)
        back = [
            Axis(a.places, a.taps, 1, a.dilation, a.reach - 1 - a.before, a.length) for a in axes
        ]
        return correlate(seen_by(g, back), turned, back, bias, activation)
    matrix = kernel.reshape(-1, filters).T  # (F, K)
    folded = array_module(g).zeros((len(g), *(a.covered for a in axes), channels), g.dtype)
    image_bytes = math.prod(g.shape[1:-1]) * matrix.shape[1] * g.dtype.itemsize
    step = max(1, BLOCK_BYTES // max(image_bytes, 1))
    for start in range(0, len(g), step):  # a few images at a time, so that they stay in the cache
        few = g[start : start + step]
        parts = (few.reshape(-1, filters) @ matrix).reshape(*few.shape[:-1], -1, channels)
        for number, (_, seen) in enumerate(tap_slices(axes)):
            folded[start : start + step][seen] += parts[..., number, :]
    y = unseen(folded, axes)
    finish(y, bias, activation)
    return y


def finish(y, bias, activation):
    """Add the bias and apply the activation, in place."""
    if bias is not None:
        y += bias
    if activation is not None:
        nn.IN_PLACE[activation].forward(y, out=y)


def before_finish(g, y, activation):
    """The gradient before the activation, and a function that sums it for the bias."""
    g = g if activation is None else nn.IN_PLACE[activation].backward(g, y)
    rows = g.reshape(-1, g.shape[-1])
    return g, lambda: array_module(g).ones(len(rows), g.dtype) @ rows


def grouped(fn, groups, *arrays):
    """`fn` of each group's part of the last axis, the results side by side."""
    if groups == 1:
        return fn(*arrays)
    xp = array_module(*arrays)
    parts = zip(*(xp.split(a, groups, -1) for a in arrays), strict=True)
    return xp.concatenate([fn(*part) for part in parts], -1)


# ---------------------------------------------------------------------------------------------
# The ops


def check_channels(what, x, kernel, groups, place):
    """Raise ValueError, with both shapes, if the kernel does not fit the input."""
    if x.ndim < 3 or kernel.ndim != x.ndim or x.shape[-1] != kernel.shape[place] * groups:
        raise ValueError(
            f"{what}: a kernel of shape {kernel.shape} with groups={groups} does not fit an input "
            f"of shape {x.shape}: it needs {kernel.ndim} axes and "
            f"{kernel.shape[place] * groups} channels"
        )
    if kernel.shape[-1] % groups:
        raise ValueError(f"{what}: {kernel.shape[-1]} filters cannot be cut into {groups} groups")


@op
def conv(
    x, kernel, bias=None, /, strides=1, padding="valid", dilation_rate=1, groups=1, activation=None
):
    """A kernel slides over one, two, three or more axes; it is not flipped.

        y[i] = activation(sum over taps t of x[i * strides + t * dilation] @ kernel[t] + bias)

    Each of `groups` equal parts of the channels has filters of its own. `padding` is "valid",
    "same" or "causal"; `activation` is None, "relu", "sigmoid" or "tanh".

    Shapes: (N, *lengths, C), (*taps, C / groups, F), (F) -> (N, *places, F).
    Raises ValueError, with both shapes, if the kernel does not fit the input.
    Source: LeCun et al. (1989).
    """
    check_channels("conv", x, kernel, groups, -2)
    axes = slide("conv", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate)
    seen = seen_by(x, axes)

    def forward(s, k, b=None):
        return correlate(s, k, axes, b, activation)

    y = grouped(forward, groups, *((seen, kernel) if bias is None else (seen, kernel, bias)))

    def backward(g):
        g, to_bias = before_finish(g, y, activation)
        return (
            lambda: grouped(lambda g, k: input_gradient(g, k, axes), groups, g, kernel),
            lambda: grouped(lambda s, g: kernel_gradient(s, g, axes), groups, seen, g),
            to_bias,
        )

    return y, backward


@op
def conv_transpose(
    x, kernel, bias=None, /, strides=1, padding="valid", output_padding=None, dilation_rate=1,
    activation=None,
):  # fmt: skip
    """The way back of a convolution as an op of its own: every cell of x paints the kernel.

        y[place * strides + tap * dilation] += x[place] @ kernel[tap].T

    It is the gradient, with respect to its input, of the convolution with the same settings, so it
    makes small maps larger; see `slide_back` for the sizes.

    Shapes: (N, *places, C), (*taps, F, C), (F) -> (N, *lengths, F).
    Raises ValueError, with both shapes, if the kernel does not fit.
    Source: Zeiler et al. (2010).
    """
    check_channels("conv_transpose", x, kernel, 1, -1)
    taps = kernel.shape[:-2]
    axes = slide_back(x.shape[1:-1], taps, strides, padding, dilation_rate, output_padding)
    y = input_gradient(x, kernel, axes, bias, activation)

    def backward(g):
        g, to_bias = before_finish(g, y, activation)
        seen = seen_by(g, axes)
        return (
            lambda: correlate(seen, kernel, axes),
            lambda: kernel_gradient(seen, x, axes),
            to_bias,
        )

    return y, backward


# ---------------------------------------------------------------------------------------------
# The same out of basic ops


def plain_frame(x, before, lengths, fill=0):
    """`framed` out of basic ops: numbers around the inner axes, then cells cut off."""
    axes = list(zip(before, lengths, x.shape[1:-1], strict=True))
    around = [(max(b, 0), max(n - b - size, 0)) for b, n, size in axes]
    cut = [slice(max(-b, 0), max(-b, 0) + n) for b, n, _ in axes]
    return pad(x, [(0, 0), *around, (0, 0)], fill)[(slice(None), *cut)]


def conv_plain(
    x, kernel, bias=None, strides=1, padding="valid", dilation_rate=1, groups=1, activation=None
):
    """Each tap sees the input moved by its place, and adds its product to the sum."""
    axes = slide("conv", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate)
    x = plain_frame(x, [a.before for a in axes], [a.covered for a in axes])
    width, filters, parts = kernel.shape[-2], kernel.shape[-1] // groups, []
    for group in range(groups):
        own = slice(group * width, (group + 1) * width)
        mine = kernel[..., group * filters : (group + 1) * filters]
        parts.append(sum(x[(*seen, own)] @ mine[tap] for tap, seen in tap_slices(axes)))
    y = concatenate(parts, -1)
    return nn.plain_activation(y if bias is None else y + bias, activation)


def conv_transpose_plain(
    x, kernel, bias=None, strides=1, padding="valid", output_padding=None, dilation_rate=1,
    activation=None,
):  # fmt: skip
    """Zeros between the cells of x, then each tap adds its product at its place."""
    places, taps = x.shape[1:-1], kernel.shape[:-2]
    axes = slide_back(places, taps, strides, padding, dilation_rate, output_padding)
    for i, a in enumerate(axes, 1):
        spread = [x] + [zeros(x.shape, x.dtype)] * (a.stride - 1)
        shape = [*x.shape[:i], x.shape[i] * a.stride, *x.shape[i + 1 :]]
        x = reshape(stack(spread, i + 1), shape)
    y = 0 if bias is None else bias
    for tap, _ in tap_slices(axes):
        moved = [t * a.dilation - a.before for t, a in zip(tap, axes, strict=True)]
        y = y + plain_frame(x @ transpose(kernel[tap]), moved, [a.length for a in axes])
    return nn.plain_activation(y, activation)
