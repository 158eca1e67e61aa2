"""Layers that arrange the same values in another way."""

import math
from collections.abc import Sequence
from typing import Any, Literal, Unpack

from .. import ops
from ..core.checks import check_choice, check_positive, check_sizes, is_size
from ..core.device import array_module
from ..core.types import Array, TensorLike
from ..graph.input_spec import InputSpec
from ..graph.layer import Layer, LayerOptions
from ..ops.conv import Sizes
from .core import Spatial
from .options import SpatialOptions

Pairs = int | Sequence[int | Sequence[int]]  # for both ends of all axes, or for each axis or end


class Flatten(Layer):
    """All axes but the batch become one, row by row.

    Shapes: (batch, a, b, ...) -> (batch, a * b * ...).
    """

    def __init__(self, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: TensorLike) -> Any:
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))


class Reshape(Layer):
    """The values of each sample, row by row, in another shape.

    One entry of `target_shape` may be -1: it is inferred.

    Shapes: (batch, ...) -> (batch, *target_shape).
    Raises ValueError if an entry is not a size, or if the number of values differs.
    """

    def __init__(self, target_shape: int | Sequence[int], **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.target_shape = check_target(target_shape)

    def call(self, inputs: TensorLike) -> Any:
        return ops.reshape(inputs, (inputs.shape[0], *self.target_shape))


class Permute(Layer):
    """The axes of each sample in another order; `dims` counts them from 1.

    Shapes: (batch, a, b) -> (batch, b, a), with dims=(2, 1).
    Raises ValueError if `dims` is not a permutation of 1, 2, ....
    """

    def __init__(self, dims: Sequence[int], **options: Unpack[LayerOptions]):
        super().__init__(**options)
        good = isinstance(dims, (list, tuple)) and sorted(dims) == list(range(1, len(dims) + 1))
        if not good:
            raise ValueError(f"`dims` must be the numbers 1, 2, ... in some order, got {dims!r}")
        self.dims = tuple(dims)
        self.input_spec = InputSpec(ndim=len(dims) + 1)

    def call(self, inputs: TensorLike) -> Any:
        return ops.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """The same vector n times, as a sequence.

        y[t] = x

    Shapes: (batch, width) -> (batch, n, width).
    Raises ValueError if `n` is not a positive integer.
    """

    def __init__(self, n: int, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.n = check_positive(n, "n")
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: TensorLike) -> Any:
        batch_size, width = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch_size, self.n, width))


class UpSampling(Spatial):
    """What all up-sampling shares: each element is repeated `size` times along each axis.

    (batch, n, ..., channels) -> (batch, n * size, ..., channels). A subclass has a `rank`.
    """

    def __init__(self, size: Sizes = 2, **options: Unpack[SpatialOptions]):
        super().__init__(**options)
        self.size = check_sizes(size, self.rank, "size")

    def call(self, inputs: TensorLike) -> Any:
        batch_size, *lengths, channels = inputs.shape
        pairs = list(zip(lengths, self.size, strict=True))
        single = [n for length, _ in pairs for n in (length, 1)]  # a new axis behind each length
        repeated = [n for pair in pairs for n in pair]
        y = ops.reshape(inputs, (batch_size, *single, channels))
        y = ops.broadcast_to(y, (batch_size, *repeated, channels))
        return ops.reshape(y, (batch_size, *(n * s for n, s in pairs), channels))


class UpSampling1D(UpSampling):
    """Each step of a line is repeated.

        y[i] = x[floor(i / size)]

    Shapes: (batch, n, channels) -> (batch, n * size, channels).
    Raises ValueError if `size` is not a positive integer.
    """

    rank = 1


class UpSampling2D(UpSampling):
    """A larger image, by repeated pixels or by straight lines between them.

        y[i, j] = x[floor(i / size), floor(j / size)]

    `interpolation` is "nearest" (each pixel is repeated) or "bilinear": between the centres of the
    pixels values change along straight lines.

    Shapes: (batch, height, width, channels) -> (batch, height * size, width * size, channels).
    Raises ValueError for another interpolation, or sizes that are not positive integers.
    """

    rank = 2

    def __init__(
        self,
        size: Sizes = (2, 2),
        interpolation: Literal["nearest", "bilinear"] = "nearest",
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(size, **options)
        choices = ("nearest", "bilinear")
        self.interpolation = check_choice(interpolation, choices, "interpolation")

    def call(self, inputs: TensorLike) -> Any:
        if self.interpolation == "nearest" or not len(inputs):  # a trace asks for the shape only
            return super().call(inputs)
        (batch_size, h, w, channels), (down, right) = inputs.shape, self.size
        xp = array_module(inputs.value)
        tall, wide = (blend(xp, n, s, self.dtype) for n, s in ((h, down), (w, right)))
        y = ops.matmul(tall, ops.reshape(inputs, (batch_size, h, w * channels)))
        y = ops.reshape(y, (batch_size, h * down, w, channels))
        return ops.matmul(wide, y)


def blend(xp: Any, length: int, size: int, dtype: str) -> Array:
    """The matrix (length * size, length) of straight lines between neighbouring centres.

    Element i of the output has its centre at (i + 0.5) / size - 0.5; at the ends the last element
    counts alone.
    """
    centre = ((xp.arange(length * size) + 0.5) / size - 0.5).clip(0, length - 1)
    distance = xp.abs(centre[:, None] - xp.arange(length))
    return (1 - distance).clip(0, 1).astype(dtype)


class UpSampling3D(UpSampling):
    """Each element of a volume is repeated along its three axes.

        y[i, j, l] = x[floor(i / size), floor(j / size), floor(l / size)]

    Shapes: (batch, a, b, c, channels) -> (batch, a * size, b * size, c * size, channels).
    Raises ValueError for sizes that are not positive integers.
    """

    rank = 3


class Edges(Spatial):
    """What padding and cropping share: a pair (before, after) of sizes for each axis.

    One number holds for all; one number for each axis holds for both of its ends. Raises
    ValueError for anything else.
    """

    def pairs(self, value: Pairs, argument: str) -> tuple[tuple[int, ...], ...]:
        rank = self.rank
        given = [value] * rank if isinstance(value, int) else value
        if rank == 1 and isinstance(given, (list, tuple)) and len(given) == 2:
            given = [given]
        if not isinstance(given, (list, tuple)) or len(given) != rank:
            raise ValueError(
                f"`{argument}` must be a number, or a number or a pair for each of {rank} axes, "
                f"got {value!r}"
            )
        return tuple(check_sizes(pair, 2, argument, least=0) for pair in given)


class ZeroPadding(Edges):
    """What all zero padding shares: a length n becomes before + n + after."""

    def __init__(self, padding: Pairs = 1, **options: Unpack[SpatialOptions]):
        super().__init__(**options)
        self.padding = self.pairs(padding, "padding")

    def call(self, inputs: TensorLike) -> Any:
        return ops.pad(inputs, ((0, 0), *self.padding, (0, 0)))


class Cropping(Edges):
    """What all cropping shares: a length n becomes n - before - after.

    Raises ValueError if nothing would be left.
    """

    def __init__(self, cropping: Pairs = 1, **options: Unpack[SpatialOptions]):
        super().__init__(**options)
        self.cropping = self.pairs(cropping, "cropping")

    def call(self, inputs: TensorLike) -> Any:
        lengths = inputs.shape[1:-1]
        if any(sum(pair) >= n for pair, n in zip(self.cropping, lengths, strict=True)):
            raise ValueError(f"`cropping`={self.cropping} leaves nothing of the sizes {lengths}")
        kept = (slice(b, n - a) for (b, a), n in zip(self.cropping, lengths, strict=True))
        return inputs[(slice(None), *kept)]


class ZeroPadding1D(ZeroPadding):
    """Zeros at the ends of a line.

    `padding` is a number for both ends, or a pair (before, after).

    Shapes: (batch, n, channels) -> (batch, before + n + after, channels).
    Raises ValueError for any other `padding`, and for negative numbers.
    """

    rank = 1


class ZeroPadding2D(ZeroPadding):
    """Zeros around an image.

    `padding` is a number for all sides, a number for each axis, or a pair (before, after) for each.

    Shapes: (batch, height, width, channels) -> (batch, before + height + after, before + width +
    after, channels).
    Raises ValueError for any other `padding`, and for negative numbers.
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Zeros around a volume.

    `padding` is a number for all sides, a number for each axis, or a pair (before, after) for each.

    Shapes: (batch, a, b, c, channels) -> (batch, before + a + after, ..., channels).
    Raises ValueError for any other `padding`, and for negative numbers.
    """

    rank = 3


class Cropping1D(Cropping):
    """A line without the elements at its ends.

    `cropping` is a number for both ends, or a pair (before, after).

    Shapes: (batch, n, channels) -> (batch, n - before - after, channels).
    Raises ValueError for any other `cropping`, and if nothing would be left.
    """

    rank = 1


class Cropping2D(Cropping):
    """An image without its border.

    `cropping` is a number for all sides, a number for each axis, or a pair (before, after) for
    each.

    Shapes: (batch, height, width, channels) -> (batch, height - before - after, width - before -
    after, channels).
    Raises ValueError for any other `cropping`, and if nothing would be left.
    """

    rank = 2


class Cropping3D(Cropping):
    """A volume without the elements at its sides.

    `cropping` is a number for all sides, a number for each axis, or a pair (before, after) for
    each.

    Shapes: (batch, a, b, c, channels) -> (batch, a - before - after, ..., channels).
    Raises ValueError for any other `cropping`, and if nothing would be left.
    """

    rank = 3


def check_target(target_shape: int | Sequence[int]) -> tuple[int, ...]:
    """`target_shape` as a tuple of sizes with at most one -1, or a ValueError."""
    target = (target_shape,) if isinstance(target_shape, int) else target_shape
    sizes = isinstance(target, (list, tuple)) and all(is_size(n, -1) and n for n in target)
    if not sizes or list(target).count(-1) > 1:
        raise ValueError(f"`target_shape` must hold sizes and at most one -1, got {target_shape!r}")
    return tuple(target)
