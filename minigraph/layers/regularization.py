"""Layers that make training harder on purpose, so that what is learned holds on new data."""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from .. import ops, regularizers
from ..core.checks import check_numbers
from ..core.random import RandomStream
from ..core.types import TensorLike
from ..graph.input_spec import InputSpec
from ..graph.layer import Layer, LayerOptions
from .options import DropoutOptions


class Dropout(Layer):
    """In training each value is dropped with probability `rate`: no unit can rely on another.

        y = x * kept / (1 - rate),  kept = 1 with probability 1 - rate, else 0

    In inference nothing is changed. Axes where `noise_shape` is 1 share one decision. Equal seeds
    give equal sequences of decisions.

    Shapes: (batch, ...) -> the same.
    Raises ValueError if `rate` is outside [0, 1].
    Source: Srivastava et al. (2014).
    """

    supports_masking = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ):
        super().__init__(**options)
        check_numbers(least=0, most=1, rate=rate)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed
        self.random = RandomStream(seed)

    def call(self, inputs: TensorLike, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return ops.multiply(inputs, self.keep(inputs.shape))

    def keep(self, shape: Sequence[int]) -> np.ndarray:
        """A random array of 0 and 1 / (1 - rate)."""
        if self.noise_shape is not None:
            shape = [
                have if want is None else want
                for have, want in zip(shape, self.noise_shape, strict=True)
            ]
        kept = self.random.generator.random(shape, np.float32) >= self.rate
        scale = 0.0 if self.rate == 1 else 1 / (1 - self.rate)
        return kept.astype(self.dtype) * np.dtype(self.dtype).type(scale)


class SpatialDropout(Dropout):
    """The base of dropout of whole channels: (batch, ..., channels), `rank` axes between."""

    rank: int

    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[DropoutOptions]):
        super().__init__(rate, seed=seed, **options)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def keep(self, shape: Sequence[int]) -> np.ndarray:
        return super().keep((shape[0], *[1] * self.rank, shape[-1]))


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels of a sequence.

        y = x * kept / (1 - rate),  with one decision for each sample and channel

    Shapes: (batch, steps, channels) -> the same.
    Raises ValueError if `rate` is outside [0, 1].
    Source: Tompson et al. (2015).
    """

    rank = 1


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of images.

        y = x * kept / (1 - rate),  with one decision for each sample and channel

    Shapes: (batch, height, width, channels) -> the same.
    Raises ValueError if `rate` is outside [0, 1].
    Source: Tompson et al. (2015).
    """

    rank = 2


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of volumes.

        y = x * kept / (1 - rate),  with one decision for each sample and channel

    Shapes: (batch, depth, height, width, channels) -> the same.
    Raises ValueError if `rate` is outside [0, 1].
    Source: Tompson et al. (2015).
    """

    rank = 3


class GaussianNoise(Layer):
    """In training, normal noise is added to every value.

        y = x + noise,  noise of mean 0 and standard deviation stddev

    In inference nothing is changed.

    Shapes: (batch, ...) -> the same.
    Raises ValueError if `stddev` is not a number of at least 0.
    """

    supports_masking = True

    def __init__(self, stddev: float, seed: int | None = None, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        check_numbers(least=0, stddev=stddev)
        self.stddev, self.seed = stddev, seed
        self.random = RandomStream(seed)

    def call(self, inputs: TensorLike, training: bool = False) -> Any:
        if not training:
            return inputs
        noise = self.random.generator.standard_normal(inputs.shape, np.float32)
        return inputs + (self.stddev * noise).astype(self.dtype)


class ActivityRegularization(Layer):
    """The inputs as they are, with a penalty that is added to the loss.

        y = x,  loss += (l1 * sum |x| + l2 * sum x^2) / batch

    Shapes: (batch, ...) -> the same.
    Raises ValueError for a negative `l1` or `l2`.
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.activity_regularizer = regularizers.L1L2(l1, l2)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: TensorLike) -> Any:
        return inputs
