"""Layers that make training harder on purpose, so that what is learned holds on new data."""

import numbers

import numpy as np

from .. import registry
from ..backend import RandomStream
from ..layer import Layer
from ..ops import basic


@registry.register
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
        if not isinstance(rate, numbers.Real) or isinstance(rate, bool) or not 0 <= rate <= 1:
            raise ValueError(f"`rate` must be a number from 0 to 1, got {rate!r}")
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed
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
