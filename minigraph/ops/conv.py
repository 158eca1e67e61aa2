"""Convolution and its mirror image, over any number of axes.

A convolution slides a small kernel over its input and takes, at each place, one product of the
kernel with what it covers. Written out for all places at once this is one matrix product: each row
holds what the kernel sees at one place (`column_blocks`). The rows are made block by block, so that
a block is still in the cache when it is multiplied, given its bias and activated.

N is the batch, C the channels of the input, F the filters, K = taps * C what one place sees. A tap
is one place of the kernel; `reach` is how far the kernel reaches, (taps - 1) * dilation + 1.
"""

import math
from itertools import product

from ..backend import array_module
from ..tensor import op
from . import basic, nn

BLOCK_BYTES = 2**20  # a block of columns stays in the cache of one core
DEVICE_BLOCK_BYTES = 2**28  # a GPU has no use for small blocks
LEAST_ROWS = 512  # shorter blocks spend their time on the kernel matrix


# ---------------------------------------------------------------------------------------------
# Geometry


def per_axis(value, rank):
    """A setting for each axis; one number holds for all."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


def reaches(taps, dilation):
    return tuple((k - 1) * d + 1 for k, d in zip(taps, dilation, strict=True))


def slide(what, lengths, reach, strides, padding):
    """Where a window of size `reach` can stand: the zeros in front and the number of places.

    valid: floor((n - reach) / stride) + 1 places. same: ceil(n / stride), half of the zeros in
    front. causal: reach - 1 zeros in front, so that no place sees what comes after it.
    Raises ValueError if there is no place, or if `padding` is none of the three.
    """
    before = [0] * len(lengths)
    if padding == "same":
        places = [-(-n // s) for n, s in zip(lengths, strides, strict=True)]
        axes = zip(places, strides, reach, lengths, strict=True)
        before = [max((o - 1) * s + r - n, 0) // 2 for o, s, r, n in axes]
    elif padding in ("valid", "causal"):
        if padding == "causal":
            before = [r - 1 for r in reach]
        axes = zip(lengths, before, reach, strides, strict=True)
        places = [(n + b - r) // s + 1 for n, b, r, s in axes]
    else:
        raise ValueError(f'{what}: padding must be "valid" or "same", got {padding!r}')
    if min(places) < 1:
        raise ValueError(
            f"{what}: a window that covers {reach} is larger than the input of size "
            f"{tuple(lengths)}, so the output would have a negative size. Use a smaller kernel or "
            'pool, or padding="same".'
        )
    return before, places


def slide_back(lengths, reach, strides, padding, output_padding):
    """Zeros in front and output sizes of a transposed convolution.

    valid: n * s + max(reach - s, 0). same: n * s. With an output padding p:
    (n - 1) * s + reach - 2 * before + p, where before is 0 (valid) or reach // 2 (same).
    """
    same = padding == "same"
    if output_padding is not None:
        before = [r // 2 if same else 0 for r in reach]
        extra = per_axis(output_padding, len(reach))
        axes = zip(lengths, strides, reach, before, extra, strict=True)
        return before, [(n - 1) * s + r - 2 * b + p for n, s, r, b, p in axes]
    rest = [max(r - s, 0) for r, s in zip(reach, strides, strict=True)]
    axes = zip(lengths, strides, rest, strict=True)
    return [r // 2 if same else 0 for r in rest], [n * s + (0 if same else r) for n, s, r in axes]


def covered(places, reach, strides):
    """How many cells the windows cover along each axis."""
    return [s * (o - 1) + r for o, r, s in zip(places, reach, strides, strict=True)]


def framed(x, before, lengths, fill=0):
    """x moved by `before` along its inner axes, and filled up or cut to `lengths`."""
    if not any(before) and tuple(lengths) == x.shape[1:-1]:
        return x
    y = array_module(x).full((len(x), *lengths, x.shape[-1]), fill, x.dtype)
    whole = (slice(None),)
    axes = list(zip(before, lengths, x.shape[1:-1], strict=True))
    target = whole + tuple(slice(max(b, 0), max(b + n, 0)) for b, _, n in axes)
    source = whole + tuple(slice(max(-b, 0), max(size - b, 0)) for b, size, _ in axes)
    y[target] = x[source]
    return y


def tap_slices(taps, dilation, strides, places):
    """For each tap, the index of all cells that the windows see there."""
    for tap in product(*map(range, taps)):
        axes = zip(tap, dilation, strides, places, strict=True)
        yield (slice(None), *(slice(t * d, t * d + s * (o - 1) + 1, s) for t, d, s, o in axes))


# ---------------------------------------------------------------------------------------------
# Three functions of arrays: what the kernel sees, and the two ways back


def column_blocks(x, taps, strides, dilation):
    """What the kernel sees at each place, (rows, K), in blocks of consecutive places.

    Yields pairs (index of the block in the output, block). All blocks share one buffer.
    """
    xp, rank = array_module(x), len(taps)
    axes = tuple(range(1, rank + 1))
    view = xp.lib.stride_tricks.sliding_window_view(x, reaches(taps, dilation), axes)
    every = [slice(None, None, step) for step in (1, *strides, 1, *dilation)]
    view = xp.moveaxis(view[tuple(every)], rank + 1, -1)  # (N, *places, *taps, C)
    sizes, width = view.shape[: rank + 1], math.prod(view.shape[rank + 1 :])
    budget = BLOCK_BYTES if xp.__name__ == "numpy" else DEVICE_BLOCK_BYTES
    rows = max(LEAST_ROWS, budget // max(width * x.dtype.itemsize, 1))
    # One axis is cut, those before it are taken one by one and those after it whole: then a block
    # of the output lies in one piece.
    inner = [math.prod(sizes[axis + 1 :]) for axis in range(rank + 1)]
    steps = [min(n, max(1, rows // m)) or 1 for n, m in zip(sizes, inner, strict=True)]
    buffer = None
    for start in product(*(range(0, n, step) for n, step in zip(sizes, steps, strict=True))):
        at = tuple(slice(a, a + step) for a, step in zip(start, steps, strict=True))
        block = view[at]
        if not block.flags.c_contiguous:
            buffer = xp.empty(math.prod(steps) * width, x.dtype) if buffer is None else buffer
            columns = buffer[: block.size].reshape(block.shape)
            columns[...] = block
            block = columns
        yield at, block.reshape(-1, width)


def correlate(x, kernel, strides, dilation, finish=None):
    """The products of the kernel with what it covers, at every place: (N, *places, F).

    `finish` changes each block of the output while it is hot.
    """
    xp, taps, filters = array_module(x), kernel.shape[:-2], kernel.shape[-1]
    axes = zip(x.shape[1:-1], reaches(taps, dilation), strides, strict=True)
    places = [(n - r) // s + 1 for n, r, s in axes]
    y = xp.empty((len(x), *places, filters), xp.result_type(x, kernel))
    matrix = kernel.reshape(-1, filters)  # (K, F)
    for at, columns in column_blocks(x, taps, strides, dilation):
        block = y[at].reshape(-1, filters)  # a view
        xp.matmul(columns, matrix, out=block)
        if finish is not None:
            finish(block)
    return y


def kernel_gradient(x, g, taps, strides, dilation):
    """Each tap gathers the product of what it saw with what arrived: columns^T @ g."""
    xp, filters, channels = array_module(x), g.shape[-1], x.shape[-1]
    total = xp.zeros((filters, math.prod(taps) * channels), g.dtype)  # (F, K): the faster order
    for at, columns in column_blocks(x, taps, strides, dilation):
        total += g[at].reshape(-1, filters).T @ columns
    return total.T.reshape(*taps, channels, filters)


def input_gradient(g, kernel, before, lengths, strides, dilation):
    """What arrived at each place goes back to all cells that the kernel covered there.

    With stride 1 that is again a correlation, with the kernel turned round. Otherwise the
    products are folded: each tap adds its part to the cells that it saw.
    """
    xp, taps, (channels, filters) = array_module(g), kernel.shape[:-2], kernel.shape[-2:]
    rank, reach, places = len(taps), reaches(taps, dilation), g.shape[1:-1]
    if set(strides) == {1}:
        turned = kernel[(slice(None, None, -1),) * rank].swapaxes(-1, -2)
        border = [r - 1 - b for r, b in zip(reach, before, strict=True)]
        size = [n + r - 1 for n, r in zip(lengths, reach, strict=True)]
        return correlate(framed(g, border, size), turned, strides, dilation)
    matrix = kernel.reshape(-1, filters).T  # (F, K)
    folded = xp.zeros((len(g), *covered(places, reach, strides), channels), g.dtype)
    slices = list(tap_slices(taps, dilation, strides, places))
    step = max(1, BLOCK_BYTES // max(math.prod(places) * matrix.shape[1] * g.dtype.itemsize, 1))
    for start in range(0, len(g), step):  # a few images at a time, so that they stay in the cache
        few = g[start : start + step]
        parts = (few.reshape(-1, filters) @ matrix).reshape(*few.shape[:-1], -1, channels)
        for number, seen in enumerate(slices):
            folded[start : start + step][seen] += parts[..., number, :]
    return framed(folded, [-b for b in before], lengths)


def finisher(bias, activation):
    """A function that adds the bias and applies the activation in place."""

    def finish(block):
        if bias is not None:
            block += bias
        if activation is not None:
            nn.IN_PLACE[activation].forward(block, out=block)

    return finish


def grouped(fn, groups, *arrays):
    """`fn` of each group's part of the last axis, the results side by side."""
    if groups == 1:
        return fn(*arrays)
    xp = array_module(*arrays)
    parts = zip(*(xp.split(a, groups, -1) for a in arrays), strict=True)
    return xp.concatenate([fn(*part) for part in parts], -1)


def sum_to_bias(g):
    rows = g.reshape(-1, g.shape[-1])
    return array_module(g).ones(len(rows), g.dtype) @ rows


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
    x,
    kernel,
    bias=None,
    /,
    strides=1,
    padding="valid",
    dilation_rate=1,
    groups=1,
    activation=None,
):
    """activation(sum over taps of x[place * stride + tap * dilation] @ kernel[tap] + bias).

    (N, *lengths, C), (*taps, C / groups, F), (F) -> (N, *places, F), over one, two, three or more
    axes. The kernel is not flipped. Each of `groups` equal parts of the channels has filters of its
    own. `padding` is "valid", "same" or "causal"; `activation` is None, "relu", "sigmoid" or
    "tanh". Raises ValueError, with both shapes, if the kernel does not fit the input.
    """
    check_channels("conv", x, kernel, groups, -2)
    taps, rank = kernel.shape[:-2], x.ndim - 2
    strides, dilation = per_axis(strides, rank), per_axis(dilation_rate, rank)
    reach, lengths = reaches(taps, dilation), x.shape[1:-1]
    before, places = slide("conv", lengths, reach, strides, padding)
    seen = framed(x, before, covered(places, reach, strides))
    arrays = (seen, kernel) if bias is None else (seen, kernel, bias)

    def forward(s, k, b=None):
        return correlate(s, k, strides, dilation, finisher(b, activation))

    y = grouped(forward, groups, *arrays)

    def backward(g):
        if activation is not None:
            g = nn.IN_PLACE[activation].backward(g, y)

        def to_input(g, k):
            return input_gradient(g, k, before, lengths, strides, dilation)

        def to_kernel(s, g):
            return kernel_gradient(s, g, taps, strides, dilation)

        return (
            lambda: grouped(to_input, groups, g, kernel),
            lambda: grouped(to_kernel, groups, seen, g),
            lambda: sum_to_bias(g),
        )

    return y, backward


@op
def conv_transpose(
    x,
    kernel,
    bias=None,
    /,
    strides=1,
    padding="valid",
    output_padding=None,
    dilation_rate=1,
    activation=None,
):
    """The way back of a convolution as an op of its own: every cell of x paints the kernel.

    (N, *places, C), (*taps, F, C), (F) -> (N, *lengths, F). It is the gradient, with respect to
    its input, of the convolution with the same settings, so it makes small maps larger; see
    `slide_back` for the sizes. Raises ValueError, with both shapes, if the kernel does not fit.
    """
    check_channels("conv_transpose", x, kernel, 1, -1)
    taps, rank = kernel.shape[:-2], x.ndim - 2
    strides, dilation = per_axis(strides, rank), per_axis(dilation_rate, rank)
    reach, places = reaches(taps, dilation), x.shape[1:-1]
    before, lengths = slide_back(places, reach, strides, padding, output_padding)
    y = input_gradient(x, kernel, before, lengths, strides, dilation)
    finisher(bias, activation)(y)

    def backward(g):
        if activation is not None:
            g = nn.IN_PLACE[activation].backward(g, y)
        seen = framed(g, before, covered(places, reach, strides))
        return (
            lambda: correlate(seen, kernel, strides, dilation),
            lambda: kernel_gradient(seen, x, taps, strides, dilation),
            lambda: sum_to_bias(g),
        )

    return y, backward


# ---------------------------------------------------------------------------------------------
# The same out of basic ops


def plain_frame(x, before, lengths, fill=0):
    """Numbers around the inner axes, then cells cut off."""
    axes = list(zip(before, lengths, x.shape[1:-1], strict=True))
    around = [(max(b, 0), max(n - b - size, 0)) for b, n, size in axes]
    cut = [slice(max(-b, 0), max(-b, 0) + n) for b, n, _ in axes]
    return basic.pad(x, [(0, 0), *around, (0, 0)], fill)[(slice(None), *cut)]


def conv_plain(
    x, kernel, bias=None, strides=1, padding="valid", dilation_rate=1, groups=1, activation=None
):
    """Each tap sees the input moved by its place, and adds its product to the sum."""
    taps, rank = kernel.shape[:-2], x.ndim - 2
    strides, dilation = per_axis(strides, rank), per_axis(dilation_rate, rank)
    reach = reaches(taps, dilation)
    before, places = slide("conv", x.shape[1:-1], reach, strides, padding)
    x = plain_frame(x, before, covered(places, reach, strides))
    width, filters = kernel.shape[-2], kernel.shape[-1] // groups
    parts = []
    for group in range(groups):
        own = slice(group * width, (group + 1) * width)
        mine = kernel[..., group * filters : (group + 1) * filters]
        seen = tap_slices(taps, dilation, strides, places)
        pairs = zip(seen, product(*map(range, taps)), strict=True)
        parts.append(sum(x[(*at, own)] @ mine[tap] for at, tap in pairs))
    y = basic.concatenate(parts, -1)
    return nn.plain_activation(y if bias is None else y + bias, activation)


def conv_transpose_plain(
    x,
    kernel,
    bias=None,
    strides=1,
    padding="valid",
    output_padding=None,
    dilation_rate=1,
    activation=None,
):
    """Zeros between the cells of x, then a convolution with the kernel turned round."""
    taps, rank = kernel.shape[:-2], x.ndim - 2
    strides, dilation = per_axis(strides, rank), per_axis(dilation_rate, rank)
    reach = reaches(taps, dilation)
    before, lengths = slide_back(x.shape[1:-1], reach, strides, padding, output_padding)
    for axis, stride in enumerate(strides, 1):
        shape = [*x.shape[:axis], x.shape[axis] * stride, *x.shape[axis + 1 :]]
        spread = [x] + [basic.zeros(x.shape, x.dtype)] * (stride - 1)
        x = basic.reshape(basic.stack(spread, axis + 1), shape)
    border = [r - 1 - b for r, b in zip(reach, before, strict=True)]
    x = plain_frame(x, border, [n + r - 1 for n, r in zip(lengths, reach, strict=True)])
    turned = kernel[(slice(None, None, -1),) * rank]
    order = (*range(rank), rank + 1, rank)
    return conv_plain(x, basic.transpose(turned, order), bias, 1, "valid", dilation, 1, activation)
