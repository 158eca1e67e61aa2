"""Pooling: many cells become one, so that maps get smaller.

Inputs are (batch, *lengths, channels).
"""

from ..ops import basic, pooling
from .core import Spatial, check_choice, check_sizes


class Pooling(Spatial):
    """What all pooling layers share; a subclass has a `rank` and an op.

    A length n becomes floor((n - pool) / stride) + 1 (valid) or ceil(n / stride) (same). The
    strides are the pool size unless given. Raises ValueError for sizes that are no positive
    integers, for an unknown `padding` or `data_format`, and for a pool larger than the input.
    """

    def __init__(self, pool_size=2, strides=None, padding="valid", **options):
        super().__init__(**options)
        self.pool_size = check_sizes(pool_size, self.rank, "pool_size")
        strides = self.pool_size if strides is None else strides
        self.strides = check_sizes(strides, self.rank, "strides")
        self.padding = check_choice(padding, ("valid", "same"), "padding")

    def call(self, inputs):
        return self.pool(inputs, self.pool_size, self.strides, self.padding)


class GlobalPooling(Spatial):
    """What all global pooling layers share: each channel becomes one number.

    (batch, *lengths, channels) -> (batch, channels); with `keepdims` the lengths stay, as 1.
    """

    def __init__(self, keepdims=False, **options):
        super().__init__(**options)
        self.keepdims = keepdims

    def call(self, inputs):
        return self.pool(inputs, tuple(range(1, self.rank + 1)), self.keepdims)


class MaxPooling1D(Pooling):
    """The largest cell of each window of a line:
    (batch, n, channels) -> (batch, n', channels).

    Sizes and errors are those of `Pooling`.
    """

    rank, pool = 1, staticmethod(pooling.max_pool)


class MaxPooling2D(Pooling):
    """The largest cell of each window of an image:
    (batch, h, w, channels) -> (batch, h', w', channels).

    Sizes and errors are those of `Pooling`.
    """

    rank, pool = 2, staticmethod(pooling.max_pool)


class MaxPooling3D(Pooling):
    """The largest cell of each window of a volume:
    (batch, d, h, w, channels) -> (batch, d', h', w', channels).

    Sizes and errors are those of `Pooling`.
    """

    rank, pool = 3, staticmethod(pooling.max_pool)


class AveragePooling1D(Pooling):
    """The mean of each window of a line:
    (batch, n, channels) -> (batch, n', channels).

    With padding "same" only real cells are counted. Sizes and errors are those of `Pooling`.
    """

    rank, pool = 1, staticmethod(pooling.average_pool)


class AveragePooling2D(Pooling):
    """The mean of each window of an image:
    (batch, h, w, channels) -> (batch, h', w', channels).

    With padding "same" only real cells are counted. Sizes and errors are those of `Pooling`.
    """

    rank, pool = 2, staticmethod(pooling.average_pool)


class AveragePooling3D(Pooling):
    """The mean of each window of a volume:
    (batch, d, h, w, channels) -> (batch, d', h', w', channels).

    With padding "same" only real cells are counted. Sizes and errors are those of `Pooling`.
    """

    rank, pool = 3, staticmethod(pooling.average_pool)


class GlobalMaxPooling1D(GlobalPooling):
    """The largest value of each channel: (batch, n, channels) -> (batch, channels)."""

    rank, pool = 1, staticmethod(basic.reduce_max)


class GlobalMaxPooling2D(GlobalPooling):
    """The largest value of each channel: (batch, h, w, channels) -> (batch, channels)."""

    rank, pool = 2, staticmethod(basic.reduce_max)


class GlobalMaxPooling3D(GlobalPooling):
    """The largest value of each channel: (batch, d, h, w, channels) -> (batch, channels)."""

    rank, pool = 3, staticmethod(basic.reduce_max)


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel: (batch, n, channels) -> (batch, channels).

    With a mask it is the mean over the steps that count (0 if none does).
    """

    rank, pool = 1, staticmethod(basic.mean)

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        kept = mask[..., None].astype(inputs.dtype)  # (batch, n, 1)
        count = kept.sum(1, keepdims=self.keepdims).clip(1)
        return basic.reduce_sum(inputs * kept, 1, self.keepdims) / count


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel: (batch, h, w, channels) -> (batch, channels)."""

    rank, pool = 2, staticmethod(basic.mean)


class GlobalAveragePooling3D(GlobalPooling):
    """The mean of each channel: (batch, d, h, w, channels) -> (batch, channels)."""

    rank, pool = 3, staticmethod(basic.mean)
