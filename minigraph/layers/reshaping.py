"""Layers that rearrange values."""

import math
from collections.abc import Sequence
from typing import Any, Literal, Unpack

from .. import ops
from ..core.checks import check_choice, check_positive, check_sizes, is_size
from ..core.types import TensorLike
from ..graph.input_spec import InputSpec
from ..graph.layer import Layer, LayerOptions
from ..ops.conv import Sizes
from .core import Spatial
from .options import SpatialOptions

Pairs = int | Sequence[int | Sequence[int]]  # for both ends of all axes, or for each axis or end


class Flatten(Layer):
    """Flatten all axes but the batch into one, in row-major order.

    Shapes: (batch, a, b, ...) -> (batch, a * b * ...).
    Example:
        >>> images = np.arange(8).reshape(2, 2, 2)
        >>> print(keras.layers.Flatten()(images).numpy())
        [[0. 1. 2. 3.]
         [4. 5. 6. 7.]]
    """

    def __init__(self, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.input_spec: Any = InputSpec(min_ndim=1)

    def call(self, inputs: TensorLike) -> Any:
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))


class Reshape(Layer):
    """The values of each sample, in row-major order, in another shape.

    Shapes: (batch, ...) -> (batch, *target_shape).
    Args:
        target_shape: Sizes of the axes after the batch, or one size; one of them may be -1: it is
            inferred.
    Raises ValueError if an entry is not a size, or if the number of values differs.
    Example:
        >>> x = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
        >>> print(keras.layers.Reshape((2, -1))(x).numpy()[0])
        [[1. 2. 3.]
         [4. 5. 6.]]
    """

    def __init__(self, target_shape: int | Sequence[int], **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.target_shape: tuple[int, ...] = check_target(target_shape)

    def call(self, inputs: TensorLike) -> Any:
        return ops.reshape(inputs, (inputs.shape[0], *self.target_shape))


class Permute(Layer):
    """The axes of each sample in another order.

    Shapes: (batch, a, b) -> (batch, b, a), with dims=(2, 1).
    Args:
        dims: The axes in their new order, counted from 1 without the batch, such as (2, 1).
    Raises ValueError if `dims` is not a permutation of 1, 2, ....
    Example:
        >>> x = np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
        >>> print(keras.layers.Permute((2, 1))(x).numpy()[0])
        [[1. 4.]
         [2. 5.]
         [3. 6.]]
    """

    def __init__(self, dims: Sequence[int], **options: Unpack[LayerOptions]):
        super().__init__(**options)
        good = isinstance(dims, (list, tuple)) and sorted(dims) == list(range(1, len(dims) + 1))
        if not good:
            raise ValueError(f"`dims` must be the numbers 1, 2, ... in some order, got {dims!r}")
        self.dims: tuple[int, ...] = tuple(dims)
        self.input_spec: Any = InputSpec(ndim=len(dims) + 1)

    def call(self, inputs: TensorLike) -> Any:
        return ops.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """The same vector n times, as a sequence.

        y[t] = x

    Shapes: (batch, width) -> (batch, n, width).
    Args:
        n: Number of repetitions, a positive integer.
    Raises ValueError if `n` is not a positive integer.
    Example:
        >>> x = np.array([[1.0, 2.0]])
        >>> print(keras.layers.RepeatVector(3)(x).numpy()[0])
        [[1. 2.]
         [1. 2.]
         [1. 2.]]
    """

    def __init__(self, n: int, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.n: int = check_positive(n, "n")
        self.input_spec: Any = InputSpec(ndim=2)

    def call(self, inputs: TensorLike) -> Any:
        batch_size, width = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch_size, self.n, width))


class UpSampling(Spatial):
    """The base of all up-sampling layers: each element is repeated `size` times along each axis.

    (batch, n, ..., channels) -> (batch, n * size, ..., channels). A subclass has a `rank`.

    Args:
        size: How often each element is repeated: one for all axes, or one for each (default 2).
    """

    def __init__(self, size: Sizes = 2, **options: Unpack[SpatialOptions]):
        super().__init__(**options)
        self.size: tuple[int, ...] = check_sizes(size, self.rank, "size")

    def call(self, inputs: TensorLike) -> Any:
        batch_size, *lengths, channels = inputs.shape
        pairs = list(zip(lengths, self.size, strict=True))
        single = [n for length, _ in pairs for n in (length, 1)]  # a new axis after each length
        repeated = [n for pair in pairs for n in pair]
        y = ops.reshape(inputs, (batch_size, *single, channels))
        y = ops.broadcast_to(y, (batch_size, *repeated, channels))
        return ops.reshape(y, (batch_size, *(n * s for n, s in pairs), channels))


class UpSampling1D(UpSampling):
    """Each step of a line is repeated.

        y[i] = x[floor(i / size)]

    Shapes: (batch, n, channels) -> (batch, n * size, channels).
    Raises ValueError if `size` is not a positive integer.
    Example:
        >>> x = np.array([1.0, 2.0]).reshape(1, 2, 1)
        >>> keras.layers.UpSampling1D(size=3)(x).numpy().ravel()
        array([1., 1., 1., 2., 2., 2.], dtype=float32)
    """

    rank = 1


class UpSampling2D(UpSampling):
    """An image enlarged by repeating pixels or by linear interpolation.

        y[i, j] = x[floor(i / size), floor(j / size)]

    The formula is that of interpolation "nearest".

    Shapes: (batch, height, width, channels) -> (batch, height * size, width * size, channels).
    Args:
        size: Factor by which each axis grows: one for both axes, or one for each (default (2, 2)).
        interpolation: "nearest" (default) repeats each pixel; "bilinear" interpolates linearly
            between pixel centres.
    Raises ValueError for another interpolation, or sizes that are not positive integers.
    Example:
        >>> image = np.array([[0.0, 4.0]]).reshape(1, 1, 2, 1)
        >>> keras.layers.UpSampling2D((1, 2))(image).numpy().ravel()
        array([0., 0., 4., 4.], dtype=float32)
        >>> keras.layers.UpSampling2D((1, 2), interpolation="bilinear")(image).numpy().ravel()
        array([0., 1., 3., 4.], dtype=float32)
    """

    rank = 2

    def __init__(
        self,
        size: Sizes = (2, 2),
        interpolation: Literal["nearest", "bilinear"] = "nearest",
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(size, **options)
        check_choice(interpolation, ("nearest", "bilinear"), "interpolation")
        self.interpolation: Literal["nearest", "bilinear"] = interpolation

    def call(self, inputs: TensorLike) -> Any:
        if self.interpolation == "nearest" or not len(inputs):  # a trace asks for the shape only
            return super().call(inputs)
        _, height, width, _ = inputs.shape
        return ops.image.resize(inputs, (height * self.size[0], width * self.size[1]))


class UpSampling3D(UpSampling):
    """Each element of a volume is repeated along its three axes.

        y[i, j, l] = x[floor(i / size), floor(j / size), floor(l / size)]

    Shapes: (batch, a, b, c, channels) -> (batch, a * size, b * size, c * size, channels).
    Raises ValueError for sizes that are not positive integers.
    Example:
        >>> volume = np.ones((1, 2, 3, 4, 1))
        >>> keras.layers.UpSampling3D((1, 2, 2))(volume).shape
        (1, 2, 6, 8, 1)
    """

    rank = 3


class Edges(Spatial):
    """The base of padding and cropping: a pair (before, after) of sizes for each axis.

    One number applies to all; one number for each axis applies to both of its ends. Raises
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
    """The base of all zero padding: a length n becomes before + n + after.

    Args:
        padding: Number of zeros at each end of each axis (default 1), or a list with a number or a
            pair (before, after) for each axis.
    """

    def __init__(self, padding: Pairs = 1, **options: Unpack[SpatialOptions]):
        super().__init__(**options)
        self.padding: tuple[tuple[int, ...], ...] = self.pairs(padding, "padding")

    def call(self, inputs: TensorLike) -> Any:
        return ops.pad(inputs, ((0, 0), *self.padding, (0, 0)))


class Cropping(Edges):
    """The base of all cropping: a length n becomes n - before - after.

    Args:
        cropping: Number of elements removed at each end of each axis (default 1), or a list with a
            number or a pair (before, after) for each axis.
    Raises ValueError if nothing would be left.
    """

    def __init__(self, cropping: Pairs = 1, **options: Unpack[SpatialOptions]):
        super().__init__(**options)
        self.cropping: tuple[tuple[int, ...], ...] = self.pairs(cropping, "cropping")

    def call(self, inputs: TensorLike) -> Any:
        lengths = inputs.shape[1:-1]
        if any(sum(pair) >= n for pair, n in zip(self.cropping, lengths, strict=True)):
            raise ValueError(f"`cropping`={self.cropping} leaves nothing of the sizes {lengths}")
        kept = (slice(b, n - a) for (b, a), n in zip(self.cropping, lengths, strict=True))
        return inputs[(slice(None), *kept)]


class ZeroPadding1D(ZeroPadding):
    """Zeros at the ends of a line.

    Shapes: (batch, n, channels) -> (batch, before + n + after, channels).
    Args:
        padding: Number of zeros at both ends (default 1), or a pair (before, after).
    Raises ValueError for any other `padding`, and for negative numbers.
    Example:
        >>> x = np.array([1.0, 2.0]).reshape(1, 2, 1)
        >>> keras.layers.ZeroPadding1D((2, 1))(x).numpy().ravel()
        array([0., 0., 1., 2., 0.], dtype=float32)
    """

    rank = 1


class ZeroPadding2D(ZeroPadding):
    """Zeros around an image.

    Shapes: (batch, height, width, channels) -> (batch, before + height + after, before + width +
    after, channels).
    Raises ValueError for any other `padding`, and for negative numbers.
    Example:
        >>> image = np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)
        >>> layer = keras.layers.ZeroPadding2D(((1, 0), (0, 2)))  # above, below, left, right
        >>> print(layer(image).numpy()[0, :, :, 0])
        [[0. 0. 0. 0.]
         [1. 2. 0. 0.]
         [3. 4. 0. 0.]]
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Zeros around a volume.

    Shapes: (batch, a, b, c, channels) -> (batch, before + a + after, ..., channels).
    Raises ValueError for any other `padding`, and for negative numbers.
    Example:
        >>> volume = np.ones((1, 2, 2, 2, 1))
        >>> y = keras.layers.ZeroPadding3D(1)(volume).numpy()
        >>> y.shape, float(y.sum())
        ((1, 4, 4, 4, 1), 8.0)
    """

    rank = 3


class Cropping1D(Cropping):
    """A line without the elements at its ends.

    Shapes: (batch, n, channels) -> (batch, n - before - after, channels).
    Args:
        cropping: Number of elements removed at both ends (default 1), or a pair (before, after).
    Raises ValueError for any other `cropping`, and if nothing would be left.
    Example:
        >>> x = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1)
        >>> keras.layers.Cropping1D((2, 1))(x).numpy().ravel()
        array([3.], dtype=float32)
    """

    rank = 1


class Cropping2D(Cropping):
    """An image without its border.

    Shapes: (batch, height, width, channels) -> (batch, height - before - after, width - before -
    after, channels).
    Raises ValueError for any other `cropping`, and if nothing would be left.
    Example:
        >>> image = np.arange(12).reshape(1, 3, 4, 1)  # rows 0 to 3, 4 to 7 and 8 to 11
        >>> print(keras.layers.Cropping2D((1, 1))(image).numpy()[0, :, :, 0])
        [[5. 6.]]
    """

    rank = 2


class Cropping3D(Cropping):
    """A volume without the elements at its sides.

    Shapes: (batch, a, b, c, channels) -> (batch, a - before - after, ..., channels).
    Raises ValueError for any other `cropping`, and if nothing would be left.
    Example:
        >>> volume = np.arange(27).reshape(1, 3, 3, 3, 1)
        >>> keras.layers.Cropping3D(1)(volume).numpy().ravel()  # the element in the middle
        array([13.], dtype=float32)
    """

    rank = 3


def check_target(target_shape: int | Sequence[int]) -> tuple[int, ...]:
    """Return `target_shape` as a tuple of sizes with at most one -1, or raise ValueError."""
    target = (target_shape,) if isinstance(target_shape, int) else target_shape
    sizes = isinstance(target, (list, tuple)) and all(is_size(n, -1) and n for n in target)
    if not sizes or list(target).count(-1) > 1:
        raise ValueError(f"`target_shape` must hold sizes and at most one -1, got {target_shape!r}")
    return tuple(target)
