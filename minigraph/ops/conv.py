"""Convolution and transposed convolution, over any number of axes.

A convolution slides a small kernel over its input and takes, at each output position, one product
of the kernel with the part of the input under it. (It is a cross-correlation: the kernel is not
flipped.) First comes the plain form, then the geometry that both forms share, then the fast form,
and the ops at the end.

N is the batch size, C the channels of the input, F the filters. K = kernel positions * C is the
size of what one output position depends on.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, Literal, NamedTuple, TypeAlias

from ..core.checks import is_size
from ..core.device import array_module
from ..core.tensor import op
from ..core.types import Array, TensorLike
from . import nn
from .arrays import concatenate, pad, reshape, split, stack, transpose, zeros
from .nn import InPlace

Sizes: TypeAlias = int | tuple[int, ...] | list[int]  # one for all axes, or one for each
Padding: TypeAlias = Literal["valid", "same", "causal"]
Index: TypeAlias = tuple[Any, ...]  # of an array: a slice for each axis

# ---------------------------------------------------------------------------------------------
# The plain form, written with basic ops


def conv_plain(
    x: TensorLike,
    kernel: TensorLike,
    bias: TensorLike = None,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation_rate: Sizes = 1,
    groups: int = 1,
    activation: InPlace | None = None,
) -> Any:
    """A sum over the positions of the kernel.

    Each position is multiplied with a strided slice of the padded input, which it covers while the
    kernel slides.
    """
    axes = conv_axes("conv", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate)
    x = plain_pad_or_crop(x, [a.pad_before for a in axes], [a.padded_size for a in axes])
    outputs = [
        sum(x[index] @ kernel[position] for position, index in kernel_positions(axes))
        for x, kernel in zip(split(x, groups, -1), split(kernel, groups, -1), strict=True)
    ]
    y = concatenate(outputs, -1)
    return nn.plain_activation(y if bias is None else y + bias, activation)


def conv_transpose_plain(
    x: TensorLike,
    kernel: TensorLike,
    bias: TensorLike = None,
    strides: Sizes = 1,
    padding: Padding = "valid",
    output_padding: Sizes | None = None,
    dilation_rate: Sizes = 1,
    activation: InPlace | None = None,
) -> Any:
    """The input is dilated by its strides, then each kernel position adds a shifted product."""
    settings = strides, padding, dilation_rate, output_padding
    axes = conv_transpose_axes(x.shape[1:-1], kernel.shape[:-2], *settings)
    for i, a in enumerate(axes, 1):
        x = dilate(x, i, a.stride)
    y = 0 if bias is None else bias
    for position, _ in kernel_positions(axes):
        shift = [k * a.dilation - a.pad_before for k, a in zip(position, axes, strict=True)]
        part = x @ transpose(kernel[position])
        y = y + plain_pad_or_crop(part, shift, [a.size for a in axes])
    return nn.plain_activation(y, activation)


def dilate(x: TensorLike, axis: int, stride: int) -> Any:
    """Insert stride - 1 zeros after each element along an axis."""
    spaced = stack([x] + [zeros(x.shape, x.dtype)] * (stride - 1), axis + 1)
    return reshape(spaced, [*x.shape[:axis], x.shape[axis] * stride, *x.shape[axis + 1 :]])


def plain_pad_or_crop(
    x: TensorLike, before: Sequence[int], sizes: Sequence[int], fill: float = 0
) -> Any:
    """`pad_or_crop` written with basic ops."""
    axes = list(zip(before, sizes, x.shape[1:-1], strict=True))
    pads = [(max(b, 0), max(n - b - size, 0)) for b, n, size in axes]
    kept = [slice(max(-b, 0), max(-b, 0) + n) for b, n, _ in axes]
    return pad(x, [(0, 0), *pads, (0, 0)], fill)[(slice(None), *kept)]


# ---------------------------------------------------------------------------------------------
# Geometry


class Axis(NamedTuple):
    """How a kernel or pool slides along one axis of `size` elements."""

    size: int
    kernel_size: int
    stride: int
    dilation: int
    pad_before: int
    output_size: int

    @property
    def effective_kernel_size(self) -> int:
        """The elements from the first position of the dilated kernel to the last."""
        return (self.kernel_size - 1) * self.dilation + 1

    @property
    def padded_size(self) -> int:
        """The elements that the kernel slides over, padding included."""
        return self.stride * (self.output_size - 1) + self.effective_kernel_size


def per_axis(value: Any, rank: int) -> tuple[Any, ...]:
    """A setting for each axis; a single value applies to all."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


def conv_axes(
    what: str,
    sizes: Sequence[int],
    kernel_size: Sizes,
    strides: Sizes,
    padding: str,
    dilation: Sizes = 1,
) -> list[Axis]:
    """The axes of a convolution or pooling, with the output size of each.

    With k = (kernel_size - 1) * dilation + 1, the effective kernel size:
    valid: floor((n - k) / stride) + 1. same: ceil(n / stride), half of the padding in front.
    causal: as valid, after padding of k - 1 in front, so that no output depends on later inputs.
    Raises ValueError if an output size would be below 1, or for another `padding`.
    """
    if padding not in ("valid", "same", "causal"):
        raise ValueError(f'{what}: padding must be "valid" or "same", got {padding!r}')
    rank, axes = len(sizes), []
    settings = per_axis(kernel_size, rank), per_axis(strides, rank), per_axis(dilation, rank)
    if not all(is_size(size, 1) for values in settings for size in values):
        raise ValueError(
            f"{what}: kernel or pool size, strides and dilation must be positive integers, got "
            f"{settings}"
        )
    for n, k, s, d in zip(sizes, *settings, strict=True):
        effective = (k - 1) * d + 1
        pad_before = effective - 1 if padding == "causal" else 0
        output_size = (n + pad_before - effective) // s + 1
        if padding == "same":
            output_size = -(-n // s)
            pad_before = max((output_size - 1) * s + effective - n, 0) // 2
        if output_size < 1:
            raise ValueError(
                f"{what}: a kernel or pool of effective size {effective} is larger than the input "
                f"of size {tuple(sizes)}, so the output would have a negative size. Use a smaller "
                'kernel or pool, or padding="same".'
            )
        axes.append(Axis(n, k, s, d, pad_before, output_size))
    return axes


def conv_transpose_axes(
    sizes: Sequence[int],
    kernel_size: Sequence[int],
    strides: Sizes,
    padding: str,
    dilation: Sizes,
    output_padding: Sizes | None,
) -> list[Axis]:
    """The axes of the convolution whose transpose turns `sizes` into larger ones.

    With k, the effective kernel size, the larger size is, for valid: n * s + max(k - s, 0);
    for same: n * s; with an output padding p: (n - 1) * s + k - 2 * pad + p, where pad is 0
    (valid) or k // 2 (same). What the kernel adds beyond that is cropped, the smaller half in
    front, as `conv_axes` pads it.
    """
    rank, axes, same = len(sizes), [], padding == "same"
    settings = per_axis(strides, rank), per_axis(dilation, rank), per_axis(output_padding, rank)
    for n, k, s, d, p in zip(sizes, kernel_size, *settings, strict=True):
        effective = (k - 1) * d + 1
        full = (n - 1) * s + effective
        size = n * s if same else max(full, n * s)
        if p is not None:
            size = full - (2 * (effective // 2) if same else 0) + p
        pad_before = max(full - size, 0) // 2
        axes.append(Axis(size, k, s, d, pad_before, n))
    return axes


def kernel_positions(axes: Sequence[Axis]) -> Iterator[tuple[Index, Index]]:
    """Each position of the kernel, and the index of the part of the padded input that it covers."""
    for position in product(*(range(a.kernel_size) for a in axes)):
        starts = [(k * a.dilation, a) for k, a in zip(position, axes, strict=True)]
        inner = (slice(i, i + a.stride * (a.output_size - 1) + 1, a.stride) for i, a in starts)
        yield position, (slice(None), *inner)


def pad_or_crop(x: Array, before: Sequence[int], sizes: Sequence[int], fill: float = 0) -> Array:
    """x with `before` elements more (or -`before` fewer) in front of each inner axis, and `sizes`
    in all: padded at the end, or cropped.
    """
    if not any(before) and tuple(sizes) == x.shape[1:-1]:
        return x
    y = array_module(x).full((len(x), *sizes, x.shape[-1]), fill, x.dtype)
    target = (slice(max(b, 0), max(b + n, 0)) for b, n in zip(before, x.shape[1:-1], strict=True))
    source = (slice(max(-b, 0), max(n - b, 0)) for b, n in zip(before, sizes, strict=True))
    y[(slice(None), *target)] = x[(slice(None), *source)]
    return y


def pad_input(x: Array, axes: Sequence[Axis], fill: float = 0) -> Array:
    """x with the padding that the kernel slides over."""
    return pad_or_crop(x, [a.pad_before for a in axes], [a.padded_size for a in axes], fill)


def crop_padding(y: Array, axes: Sequence[Axis]) -> Array:
    """The inverse of `pad_input`: the padding is cropped."""
    return pad_or_crop(y, [-a.pad_before for a in axes], [a.size for a in axes])


# ---------------------------------------------------------------------------------------------
# The fast form: three functions of padded arrays and axes
#
# It computes the same sums, as one matrix product instead of one for each kernel position. Each
# row of the left matrix holds all that one output position depends on (im2col), and the kernel is
# the right one, of shape (K, F). The whole left matrix would not fit into the cache of a processor.
# So it is made block by block, and each block of the output gets its bias and its activation while
# it is still in the cache. Both gradients are such products, too.

BLOCK_BYTES = 2**19  # a block of the left matrix stays in the cache of one core
DEVICE_BLOCK_BYTES = 2**28  # a GPU has no use for small blocks
LEAST_ROWS = 512  # shorter blocks spend their time on reading the kernel


def windows(x: Array, axes: Sequence[Axis]) -> Array:
    """The input windows that each output position depends on: (N, *output_size, *kernel_size, C).

    It is a view, nothing is copied. Raises ValueError for an x that is not padded: the view would
    end beyond its memory.
    """
    if any(n < a.padded_size for n, a in zip(x.shape[1:-1], axes, strict=True)):
        padded = tuple(a.padded_size for a in axes)
        raise ValueError(f"windows over a padded size of {padded} do not fit into {x.shape}")
    batch, *steps, channel = x.strides
    shape = len(x), *(a.output_size for a in axes), *(a.kernel_size for a in axes), x.shape[-1]
    slides = (step * a.stride for step, a in zip(steps, axes, strict=True))
    inside = (step * a.dilation for step, a in zip(steps, axes, strict=True))
    strides = batch, *slides, *inside, channel
    return array_module(x).lib.stride_tricks.as_strided(x, shape, strides)


def im2col_blocks(x: Array, axes: Sequence[Axis]) -> Iterator[tuple[Index, Array]]:
    """The rows of the left matrix, (rows, K), in blocks of consecutive output positions.

    Yields pairs (index of the block in the output, block). All blocks share one buffer.
    """
    xp, rank, view = array_module(x), len(axes), windows(x, axes)
    sizes, width = view.shape[: rank + 1], math.prod(view.shape[rank + 1 :])
    budget = BLOCK_BYTES if xp.__name__ == "numpy" else DEVICE_BLOCK_BYTES
    rows = max(LEAST_ROWS, budget // max(width * x.dtype.itemsize, 1))
    # One axis is divided, those before it are taken one by one and those after it whole: then a
    # block of the output is contiguous.
    inner = [math.prod(sizes[axis + 1 :]) for axis in range(rank + 1)]
    steps = [min(n, max(1, rows // max(m, 1))) or 1 for n, m in zip(sizes, inner, strict=True)]
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


def correlate(
    x: Array,
    kernel: Array,
    axes: Sequence[Axis],
    bias: Array = None,
    activation: InPlace | None = None,
) -> Array:
    """The products of the kernel with what is under it: (N, *output_size, F)."""
    xp, filters = array_module(x), kernel.shape[-1]
    matrix = kernel.reshape(-1, filters)  # (K, F)
    output_size = [a.output_size for a in axes]
    y = xp.empty((len(x), *output_size, filters), xp.result_type(x, kernel))
    for at, columns in im2col_blocks(x, axes):
        block = y[at].reshape(len(columns), filters)  # a view
        xp.matmul(columns, matrix, out=block)
        add_bias_and_activate(block, bias, activation)
    return y


def kernel_gradient(x: Array, g: Array, axes: Sequence[Axis]) -> Array:
    """The gradient of the kernel: columns^T @ g."""
    xp, channels, filters = array_module(x), x.shape[-1], g.shape[-1]
    kernel_size = [a.kernel_size for a in axes]
    total = xp.zeros((math.prod(kernel_size) * channels, filters), g.dtype)
    for at, columns in im2col_blocks(x, axes):
        total += columns.T @ g[at].reshape(len(columns), filters)
    return total.reshape(*kernel_size, channels, filters)


def input_gradient(
    g: Array,
    kernel: Array,
    axes: Sequence[Axis],
    bias: Array = None,
    activation: InPlace | None = None,
) -> Array:
    """The gradient of the input; with a bias and an activation, a transposed convolution.

    With stride 1 that is again a correlation, with the flipped kernel. Otherwise the products
    g @ kernel^T are folded (col2im): each kernel position adds its part to the input it covered.
    """
    channels, filters = kernel.shape[-2:]
    if all(a.stride == 1 for a in axes):
        flipped = kernel[(slice(None, None, -1),) * len(axes)].swapaxes(-1, -2)
        back = [
            a._replace(
                size=a.output_size,
                pad_before=a.effective_kernel_size - 1 - a.pad_before,
                output_size=a.size,
            )
            for a in axes
        ]
        return correlate(pad_input(g, back), flipped, back, bias, activation)
    matrix = kernel.reshape(-1, filters).T  # (F, K)
    folded = array_module(g).zeros((len(g), *(a.padded_size for a in axes), channels), g.dtype)
    image_bytes = math.prod(g.shape[1:-1]) * matrix.shape[1] * g.dtype.itemsize
    step = max(1, BLOCK_BYTES // max(image_bytes, 1))
    for start in range(0, len(g), step):  # a few images at a time, so that they stay in the cache
        images = g[start : start + step]
        parts = (images.reshape(-1, filters) @ matrix).reshape(*images.shape[:-1], -1, channels)
        for k, (_, index) in enumerate(kernel_positions(axes)):
            folded[start : start + step][index] += parts[..., k, :]
    y = crop_padding(folded, axes)
    add_bias_and_activate(y, bias, activation)
    return y


def add_bias_and_activate(y: Array, bias: Array, activation: InPlace | None) -> None:
    """Add the bias and apply the activation, both in place."""
    if bias is not None:
        y += bias
    if activation is not None:
        nn.IN_PLACE[activation].forward(y, out=y)


def before_activation(
    g: Array, y: Array, activation: InPlace | None
) -> tuple[Array, Callable[[], Array]]:
    """The gradient before the activation, and a function that sums it for the bias."""
    g = g if activation is None else nn.IN_PLACE[activation].backward(g, y)
    rows = g.reshape(-1, g.shape[-1])
    return g, lambda: array_module(g).ones(len(rows), g.dtype) @ rows


def grouped(fn: Callable[..., Array], groups: int, *arrays: Array) -> Array:
    """`fn` of each group's part of the last axis, the results joined along it."""
    if groups == 1:
        return fn(*arrays)
    xp = array_module(*arrays)
    parts = zip(*(xp.split(a, groups, -1) for a in arrays), strict=True)
    return xp.concatenate([fn(*part) for part in parts], -1)


# ---------------------------------------------------------------------------------------------
# The ops


def check_channels(what: str, x: Array, kernel: Array, groups: int, axis: int) -> None:
    """Raise ValueError, with both shapes, if the kernel does not fit the input."""
    if x.ndim < 3 or kernel.ndim != x.ndim or x.shape[-1] != kernel.shape[axis] * groups:
        raise ValueError(
            f"{what}: a kernel of shape {kernel.shape} with groups={groups} does not fit an input "
            f"of shape {x.shape}: it needs {kernel.ndim} axes and "
            f"{kernel.shape[axis] * groups} channels"
        )
    if kernel.shape[-1] % groups:
        raise ValueError(f"{what}: {kernel.shape[-1]} filters cannot be split into {groups} groups")


@op
def conv(
    x: Array,
    kernel: Array,
    bias: Array = None,
    /,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation_rate: Sizes = 1,
    groups: int = 1,
    activation: InPlace | None = None,
):
    """The convolution of an input and a kernel over any number of axes; the kernel is not flipped.

        y[i] = activation(sum over k of x[i * strides + k * dilation_rate] @ kernel[k] + bias)

    Here i is an output position and k a kernel position.

    Shapes: (N, *size, C), (*kernel_size, C / groups, F), (F) -> (N, *output_size, F).
    Args:
        x: The inputs, with the channels as last axis.
        kernel: For each kernel position a matrix from channels to filters.
        groups: The number of equal parts of the channels, each of which has its own part of the
            filters (default 1).
    Raises ValueError, with both shapes, if the kernel does not fit the input.
    Source: LeCun et al. (1989).
    Example:
        >>> x = np.array([[[1.0], [2.0], [4.0], [8.0]]])  # one sample, four positions, one channel
        >>> kernel = np.array([[[-1.0]], [[1.0]]])  # right neighbour minus left
        >>> keras.ops.conv(x, kernel).numpy().ravel()
        array([1., 2., 4.])
        >>> keras.ops.conv(x, kernel, padding="causal").numpy().ravel()
        array([1., 1., 2., 4.])
    """
    check_channels("conv", x, kernel, groups, -2)
    axes = conv_axes("conv", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate)
    padded = pad_input(x, axes)

    def forward(p, k, b=None):
        return correlate(p, k, axes, b, activation)

    y = grouped(forward, groups, *((padded, kernel) if bias is None else (padded, kernel, bias)))

    def backward(g):
        g, to_bias = before_activation(g, y, activation)
        return (
            lambda: grouped(lambda g, k: input_gradient(g, k, axes), groups, g, kernel),
            lambda: grouped(lambda p, g: kernel_gradient(p, g, axes), groups, padded, g),
            to_bias,
        )

    return y, backward


@op
def conv_transpose(
    x: Array,
    kernel: Array,
    bias: Array = None,
    /,
    strides: Sizes = 1,
    padding: Literal["valid", "same"] = "valid",
    output_padding: Sizes | None = None,
    dilation_rate: Sizes = 1,
    activation: InPlace | None = None,
):
    """A transposed convolution: every element of x adds a multiple of the kernel to the output.

        y[i * strides + k * dilation_rate] += x[i] @ kernel[k].T

    It is the gradient, with respect to its input, of the convolution with the same settings, so it
    makes small maps larger.

    Shapes: (N, *size, C), (*kernel_size, F, C), (F) -> (N, *larger_size, F).
    Args:
        x: The inputs, with the channels as last axis.
        kernel: For each kernel position a matrix from filters to channels.
        strides: Distance between the outputs of neighbouring inputs, for all axes or for each
            (default 1).
        padding: "valid" (default) keeps all that the kernel adds; "same" crops the output to the
            size of the input times the strides.
        output_padding: How much larger the output is than (n - 1) * strides + k - 2 * pad, for all
            axes or for each. Here k is the effective kernel size, and pad is 0 for "valid", k // 2
            for "same". None (default) leaves the size to `padding`.
    Raises ValueError, with both shapes, if the kernel does not fit.
    Source: Zeiler et al. (2010).
    Example:
        >>> x = np.array([[[1.0], [2.0]]])
        >>> kernel = np.array([[[1.0]], [[10.0]]])
        >>> keras.ops.conv_transpose(x, kernel, strides=2).numpy().ravel()
        array([ 1., 10.,  2., 20.])
    """
    check_channels("conv_transpose", x, kernel, 1, -1)
    settings = strides, padding, dilation_rate, output_padding
    axes = conv_transpose_axes(x.shape[1:-1], kernel.shape[:-2], *settings)
    y = input_gradient(x, kernel, axes, bias, activation)

    def backward(g):
        g, to_bias = before_activation(g, y, activation)
        padded = pad_input(g, axes)
        return (
            lambda: correlate(padded, kernel, axes),
            lambda: kernel_gradient(padded, x, axes),
            to_bias,
        )

    return y, backward


@op
def depthwise_conv(
    x: Array,
    kernel: Array,
    bias: Array = None,
    /,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation_rate: Sizes = 1,
    activation: InPlace | None = None,
):
    """A convolution of each channel by itself: M filters see one channel, and no filter several.

        y[i, c, m] = sum over k of x[i * strides + k * dilation_rate, c] * kernel[k, c, m]

    Then bias and activation follow. There is no matrix product: each kernel position multiplies
    what it meets.

    Shapes: (N, *size, C), (*kernel_size, C, M), (C * M) -> (N, *output_size, C * M).
    Args:
        x: The inputs, with the channels as last axis.
        kernel: For each kernel position and channel a number for each of M filters.
    Raises ValueError, with both shapes, if the kernel does not fit the input.
    Source: Sifre (2014).
    Example:
        >>> x = np.array([[[1.0, 10.0], [2.0, 20.0]]])  # one sample, two positions, two channels
        >>> kernel = np.array([[[1.0], [1.0]], [[1.0], [-1.0]]])
        >>> keras.ops.depthwise_conv(x, kernel).numpy().ravel()  # a sum, a difference
        array([  3., -10.])
    """
    check_channels("depthwise_conv", x, kernel, 1, -2)
    axes = conv_axes("conv", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate)
    padded, parts = pad_input(x, axes)[..., None], list(kernel_positions(axes))
    xp, shape = array_module(x), (len(x), *(a.output_size for a in axes), *kernel.shape[-2:])
    y = xp.zeros(shape, xp.result_type(x, kernel))
    for position, index in parts:
        y += padded[index] * kernel[position]
    y = y.reshape(*shape[:-2], shape[-2] * shape[-1])
    add_bias_and_activate(y, bias, activation)

    def to_x(g):
        dx = xp.zeros(padded.shape[:-1], g.dtype)
        for position, index in parts:
            dx[index] += (g * kernel[position]).sum(-1)
        return crop_padding(dx, axes)

    def to_kernel(g):
        flat = [(padded[index] * g).reshape(-1, *g.shape[-2:]).sum(0) for _, index in parts]
        return xp.stack(flat).reshape(kernel.shape)

    def backward(g):
        g, to_bias = before_activation(g, y, activation)
        g = g.reshape(shape)
        return (lambda: to_x(g)), (lambda: to_kernel(g)), to_bias

    return y, backward
