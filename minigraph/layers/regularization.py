"""Layers that make training harder on purpose, so that what is learned holds on new data."""

import math
import numbers

import numpy as np

from .. import regularizers
from ..backend import RandomStream
from ..layer import InputSpec, Layer
from ..ops import basic


class Dropout(Layer):
    """In training, each value is kept with probability 1 - rate and scaled by 1 / (1 - rate),
    else set to 0.

    Otherwise nothing is changed. Any shape. Axes where `noise_shape` is 1 share one decision.
    Equal seeds give equal sequences of decisions (Srivastava et al., 2014). Raises ValueError if
    `rate` is outside [0, 1].
    """

    supports_masking = True

    def __init__(self, rate, noise_shape=None, seed=None, **options):
        super().__init__(**options)
        self.rate = check_number(rate, "rate", most=1)
        self.noise_shape, self.seed = noise_shape, seed
        self.random = RandomStream(seed)

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        return basic.multiply(inputs, self.keep(inputs.shape))

    def keep(self, shape):
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

    rank = None

    def __init__(self, rate, seed=None, **options):
        super().__init__(rate, seed=seed, **options)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def keep(self, shape):
        return super().keep((shape[0], *[1] * self.rank, shape[-1]))


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels of (batch, steps, channels) (Tompson et al., 2015)."""

    rank = 1


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of (batch, height, width, channels) (Tompson et al., 2015)."""

    rank = 2


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of (batch, a, b, c, channels) (Tompson et al., 2015)."""

    rank = 3


class GaussianNoise(Layer):
    """In training, y = x + noise of mean 0 and standard deviation `stddev`; else y = x.

    Any shape. Raises ValueError if `stddev` is no number of at least 0.
    """

    supports_masking = True

    def __init__(self, stddev, seed=None, **options):
        super().__init__(**options)
        self.stddev, self.seed = check_number(stddev, "stddev"), seed
        self.random = RandomStream(seed)

    def call(self, inputs, training=False):
        if not training:
            return inputs
        noise = self.random.generator.standard_normal(inputs.shape, np.float32)
        return inputs + (self.stddev * noise).astype(self.dtype)


class ActivityRegularization(Layer):
    """y = x, at a price of (l1 sum |x| + l2 sum x^2) / batch size, which is added to the loss."""

    supports_masking = True

    def __init__(self, l1=0.0, l2=0.0, **options):
        super().__init__(**options)
        self.activity_regularizer = regularizers.L1L2(l1, l2)
        self.l1, self.l2 = l1, l2

    def call(self, inputs):
        return inputs


def check_number(value, argument, most=math.inf):
    """`value` if it is a number from 0 to `most`, or a ValueError that names the argument."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not 0 <= value <= most:
        limit = "of at least 0" if most == math.inf else f"from 0 to {most}"
        raise ValueError(f"`{argument}` must be a number {limit}, got {value!r}")
    return value
