"""Pooling: layers that reduce each window of elements to one, so that feature maps get smaller.

Inputs are (batch, *lengths, channels).
"""

from typing import Any, Unpack

from .. import ops
from ..core.checks import check_choice, check_sizes
from ..core.types import Array, Op, TensorLike
from ..graph.masks import check_mask
from ..ops import pooling
from ..ops.conv import Sizes
from ..ops.pooling import PoolPadding
from .core import Spatial
from .options import SpatialOptions


class Pooling(Spatial):
    """The base of all pooling layers; a subclass has a `rank` and an op.

    A length n becomes floor((n - pool) / stride) + 1 (valid) or ceil(n / stride) (same). The
    strides are the pool size unless given. Raises ValueError for sizes that are not positive
    integers, for an unknown `padding` or `data_format`, and for a pool larger than the input.

    Args:
        pool_size: Size of a window: one for all axes, or one for each (default 2).
        strides: Distance between neighbouring windows; None (default) means the pool size.
        padding: "valid" (default) keeps windows within the input; "same" covers all of it.
    """

    pool: Op

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: PoolPadding = "valid",
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(**options)
        self.pool_size: tuple[int, ...] = check_sizes(pool_size, self.rank, "pool_size")
        strides = self.pool_size if strides is None else strides
        self.strides: tuple[int, ...] = check_sizes(strides, self.rank, "strides")
        self.padding: PoolPadding = check_choice(padding, ("valid", "same"), "padding")

    def call(self, inputs: TensorLike) -> Any:
        return self.pool(inputs, self.pool_size, self.strides, self.padding)


class GlobalPooling(Spatial):
    """The base of all global pooling layers: each channel becomes one number.

    (batch, *lengths, channels) -> (batch, channels); with `keepdims` the lengths become 1.

    Args:
        keepdims: Whether the axes that are pooled stay, with size 1 (default False).
    """

    pool: Op

    def __init__(self, keepdims: bool = False, **options: Unpack[SpatialOptions]):
        super().__init__(**options)
        self.keepdims: bool = keepdims

    def call(self, inputs: TensorLike) -> Any:
        return self.pool(inputs, tuple(range(1, self.rank + 1)), self.keepdims)


class MaxPooling1D(Pooling):
    """The largest element of each window of a line.

        y[i] = max over t < pool_size of x[i * strides + t]

    Lengths are those of `MaxPooling2D`.

    Shapes: (batch, n, channels) -> (batch, m, channels).
    Raises ValueError where `MaxPooling2D` does.
    Example:
        >>> x = np.array([1.0, 3.0, 2.0, 5.0]).reshape(1, 4, 1)
        >>> keras.layers.MaxPooling1D()(x).numpy().ravel()
        array([3., 5.], dtype=float32)
    """

    rank = 1
    pool: Op = staticmethod(pooling.max_pool)


class MaxPooling2D(Pooling):
    """The largest pixel of each window of an image, in each channel.

        y[i, j] = max over t, u < pool_size of x[i * strides + t, j * strides + u]

    A length n becomes

        floor((n - pool_size) / strides) + 1    for padding "valid"
        ceil(n / strides)                       for padding "same"

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels).
    Raises ValueError for sizes that are not positive integers, for an unknown `padding` or
    `data_format`, and for a pool that is larger than the input.
    Source: Riesenhuber and Poggio (1999).
    Example:
        >>> image = np.array([[1, 2, 5, 6], [3, 4, 7, 8]]).reshape(1, 2, 4, 1)
        >>> keras.layers.MaxPooling2D()(image).numpy().ravel()
        array([4., 8.], dtype=float32)
        >>> keras.layers.MaxPooling2D(strides=1)(image).numpy().ravel()
        array([4., 7., 8.], dtype=float32)
    """

    rank = 2
    pool: Op = staticmethod(pooling.max_pool)


class MaxPooling3D(Pooling):
    """The largest element of each window of a volume, in each channel.

        y[i, j, l] = max over t, u, v of x[i * strides + t, j * strides + u, l * strides + v]

    Lengths are those of `MaxPooling2D`.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width,
    channels).
    Raises ValueError where `MaxPooling2D` does.
    Example:
        >>> volume = np.arange(8).reshape(1, 2, 2, 2, 1)
        >>> keras.layers.MaxPooling3D()(volume).numpy().ravel()
        array([7.], dtype=float32)
    """

    rank = 3
    pool: Op = staticmethod(pooling.max_pool)


class AveragePooling1D(Pooling):
    """The mean of each window of a line.

        y[i] = mean over t < pool_size of x[i * strides + t]

    With padding "same" the padding is not counted. Lengths are those of `MaxPooling2D`.

    Shapes: (batch, n, channels) -> (batch, m, channels).
    Raises ValueError where `MaxPooling2D` does.
    Example:
        >>> x = np.array([1.0, 3.0, 2.0, 4.0]).reshape(1, 4, 1)
        >>> keras.layers.AveragePooling1D()(x).numpy().ravel()
        array([2., 3.], dtype=float32)
    """

    rank = 1
    pool: Op = staticmethod(pooling.average_pool)


class AveragePooling2D(Pooling):
    """The mean of each window of an image, in each channel.

        y[i, j] = mean over t, u < pool_size of x[i * strides + t, j * strides + u]

    With padding "same" the padding is not counted. Lengths are those of `MaxPooling2D`.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels).
    Raises ValueError where `MaxPooling2D` does.
    Source: LeCun et al. (1989).
    Example:
        >>> image = np.array([[1, 2, 5, 6], [3, 4, 7, 8]]).reshape(1, 2, 4, 1)
        >>> keras.layers.AveragePooling2D()(image).numpy().ravel()
        array([2.5, 6.5], dtype=float32)
    """

    rank = 2
    pool: Op = staticmethod(pooling.average_pool)


class AveragePooling3D(Pooling):
    """The mean of each window of a volume, in each channel.

        y[i, j, l] = mean over t, u, v of x[i * strides + t, j * strides + u, l * strides + v]

    With padding "same" the padding is not counted. Lengths are those of `MaxPooling2D`.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width,
    channels).
    Raises ValueError where `MaxPooling2D` does.
    Example:
        >>> volume = np.arange(8).reshape(1, 2, 2, 2, 1)
        >>> keras.layers.AveragePooling3D()(volume).numpy().ravel()
        array([3.5], dtype=float32)
    """

    rank = 3
    pool: Op = staticmethod(pooling.average_pool)


class GlobalMaxPooling1D(GlobalPooling):
    """The largest value of each channel along a line.

        y = max over i of x[i]

    Shapes: (batch, n, channels) -> (batch, channels), or (batch, 1, channels) with `keepdims`.
    Raises ValueError for a `data_format` other than "channels_last".
    Example:
        >>> x = np.array([[[1.0, 40.0], [3.0, 20.0]]])  # 2 steps with 2 channels
        >>> keras.layers.GlobalMaxPooling1D()(x).numpy()
        array([[ 3., 40.]], dtype=float32)
    """

    rank = 1
    pool: Op = staticmethod(ops.reduce_max)


class GlobalMaxPooling2D(GlobalPooling):
    """The largest value of each channel of an image.

        y = max over i, j of x[i, j]

    Shapes: (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with
    `keepdims`.
    Raises ValueError for a `data_format` other than "channels_last".
    Example:
        >>> image = np.arange(8).reshape(1, 2, 2, 2)  # channels 0, 2, 4, 6 and 1, 3, 5, 7
        >>> keras.layers.GlobalMaxPooling2D()(image).numpy()
        array([[6., 7.]], dtype=float32)
    """

    rank = 2
    pool: Op = staticmethod(ops.reduce_max)


class GlobalMaxPooling3D(GlobalPooling):
    """The largest value of each channel of a volume.

        y = max over i, j, l of x[i, j, l]

    Shapes: (batch, depth, height, width, channels) -> (batch, channels), or (batch, 1, 1, 1,
    channels) with `keepdims`.
    Raises ValueError for a `data_format` other than "channels_last".
    Example:
        >>> volume = np.arange(8).reshape(1, 2, 2, 2, 1)
        >>> keras.layers.GlobalMaxPooling3D()(volume).numpy()
        array([[7.]], dtype=float32)
    """

    rank = 3
    pool: Op = staticmethod(ops.reduce_max)


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel along a line.

        y = mean over i of x[i]

    With a mask it is the mean over the steps that count (0 if none does).

    Shapes: (batch, n, channels) -> (batch, channels), or (batch, 1, channels) with `keepdims`.
    Raises ValueError for a `data_format` other than "channels_last".
    Source: Lin et al. (2014).
    Example:
        >>> x = np.array([[[2.0], [4.0], [0.0]]])
        >>> keras.layers.GlobalAveragePooling1D()(x).numpy()
        array([[2.]], dtype=float32)
        >>> real = np.array([[True, True, False]])  # the last step is padding
        >>> keras.layers.GlobalAveragePooling1D()(x, mask=real).numpy()
        array([[3.]], dtype=float32)
    """

    rank = 1
    pool: Op = staticmethod(ops.mean)

    def call(self, inputs: TensorLike, mask: Array = None) -> Any:
        if mask is None:
            return super().call(inputs)
        mask = check_mask(mask, inputs, self, ndim=2)
        kept = mask[..., None].astype(inputs.dtype)  # (batch, n, 1)
        count = kept.sum(1, keepdims=self.keepdims).clip(1)
        return ops.reduce_sum(inputs * kept, 1, self.keepdims) / count


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel of an image.

        y = mean over i, j of x[i, j]

    Shapes: (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with
    `keepdims`.
    Raises ValueError for a `data_format` other than "channels_last".
    Source: Lin et al. (2014).
    Example:
        >>> image = np.arange(8).reshape(1, 2, 2, 2)  # channels 0, 2, 4, 6 and 1, 3, 5, 7
        >>> keras.layers.GlobalAveragePooling2D()(image).numpy()
        array([[3., 4.]], dtype=float32)
    """

    rank = 2
    pool: Op = staticmethod(ops.mean)


class GlobalAveragePooling3D(GlobalPooling):
    """The mean of each channel of a volume.

        y = mean over i, j, l of x[i, j, l]

    Shapes: (batch, depth, height, width, channels) -> (batch, channels), or (batch, 1, 1, 1,
    channels) with `keepdims`.
    Raises ValueError for a `data_format` other than "channels_last".
    Source: Lin et al. (2014).
    Example:
        >>> volume = np.arange(8).reshape(1, 2, 2, 2, 1)
        >>> keras.layers.GlobalAveragePooling3D()(volume).numpy()
        array([[3.5]], dtype=float32)
    """

    rank = 3
    pool: Op = staticmethod(ops.mean)
