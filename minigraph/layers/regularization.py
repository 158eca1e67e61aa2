"""Layers that make training harder on purpose, so that the model generalises to new data."""

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
    """Drop each value with probability `rate` in training, so that no unit relies on another.

        y = x * kept / (1 - rate),  kept = 1 with probability 1 - rate, else 0

    In inference nothing is changed.

    Shapes: (batch, ...) -> the same.
    Args:
        rate: Probability with which a value is dropped, from 0 to 1.
        noise_shape: Shape of the dropout mask: 1 for an axis that shares one decision, None for the
            size that the inputs have; None (default) decides for each value.
        seed: Integer for the same sequence of random numbers each time; None (default) takes a new
            one, which `utils.set_random_seed` makes repeatable.
    Raises ValueError if `rate` is outside [0, 1].
    Source: Srivastava et al. (2014).
    Example:
        >>> layer = keras.layers.Dropout(0.75)
        >>> x = np.ones((1, 1000))
        >>> np.unique(layer(x, training=True).numpy())  # those that are kept are larger
        array([0., 4.], dtype=float32)
        >>> np.unique(layer(x).numpy())
        array([1.], dtype=float32)
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
        self.rate: float = rate
        self.noise_shape: Sequence[int | None] | None = noise_shape
        self.seed: int | None = seed
        self.random: RandomStream = RandomStream(seed)

    def call(self, inputs: TensorLike, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return ops.multiply(inputs, self.keep(inputs.shape))

    def keep(self, shape: Sequence[int]) -> np.ndarray:
        """A random array of 0 and 1 / (1 - rate).

        Args:
            shape: Shape of the inputs.
        """
        if self.noise_shape is not None:
            shape = [
                have if want is None else want
                for have, want in zip(shape, self.noise_shape, strict=True)
            ]
        kept = self.random.generator.random(shape, np.float32) >= self.rate
        scale = 0.0 if self.rate == 1 else 1 / (1 - self.rate)
        return kept.astype(self.dtype) * np.dtype(self.dtype).type(scale)


class SpatialDropout(Dropout):
    """The base of dropout of whole channels: (batch, ..., channels), `rank` axes between.

    Args:
        noise_shape: Sizes that replace those of the dropout mask, (batch, 1, ..., channels), where
            they are not None; None (default) replaces nothing.
    """

    rank: int

    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[DropoutOptions]):
        super().__init__(rate, seed=seed, **options)
        self.input_spec: Any = InputSpec(ndim=self.rank + 2)

    def keep(self, shape: Sequence[int]) -> np.ndarray:
        return super().keep((shape[0], *[1] * self.rank, shape[-1]))


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels of a sequence.

        y = x * kept / (1 - rate),  with one decision for each sample and channel

    Shapes: (batch, steps, channels) -> the same.
    Raises ValueError if `rate` is outside [0, 1].
    Source: Tompson et al. (2015).
    Example:
        >>> x = np.ones((1, 3, 1000))
        >>> y = keras.layers.SpatialDropout1D(0.5)(x, training=True).numpy()
        >>> np.unique(y)
        array([0., 2.], dtype=float32)
        >>> bool((y == y[:, :1]).all())  # a channel is dropped as a whole
        True
    """

    rank = 1


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of images.

        y = x * kept / (1 - rate),  with one decision for each sample and channel

    Shapes: (batch, height, width, channels) -> the same.
    Raises ValueError if `rate` is outside [0, 1].
    Source: Tompson et al. (2015).
    Example:
        >>> x = np.ones((1, 3, 3, 1000))
        >>> y = keras.layers.SpatialDropout2D(0.5)(x, training=True).numpy()
        >>> np.unique(y)
        array([0., 2.], dtype=float32)
        >>> bool((y == y[:, :1, :1]).all())  # a channel is dropped as a whole
        True
    """

    rank = 2


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of volumes.

        y = x * kept / (1 - rate),  with one decision for each sample and channel

    Shapes: (batch, depth, height, width, channels) -> the same.
    Raises ValueError if `rate` is outside [0, 1].
    Source: Tompson et al. (2015).
    Example:
        >>> x = np.ones((1, 2, 2, 2, 1000))
        >>> y = keras.layers.SpatialDropout3D(0.5)(x, training=True).numpy()
        >>> np.unique(y)
        array([0., 2.], dtype=float32)
        >>> bool((y == y[:, :1, :1, :1]).all())  # a channel is dropped as a whole
        True
    """

    rank = 3


class GaussianNoise(Layer):
    """Add normally distributed noise to every value in training.

        y = x + noise,  noise of mean 0 and standard deviation stddev

    In inference nothing is changed.

    Shapes: (batch, ...) -> the same.
    Args:
        stddev: Standard deviation of the noise, a number of at least 0.
    Raises ValueError if `stddev` is not a number of at least 0.
    Example:
        >>> layer = keras.layers.GaussianNoise(0.5)
        >>> y = layer(np.zeros((1, 100000)), training=True).numpy()
        >>> round(float(y.std()), 1)
        0.5
        >>> np.unique(layer(np.zeros((1, 100000))).numpy())
        array([0.], dtype=float32)
    """

    supports_masking = True
    arguments_from: tuple[type[Any], ...] = (Dropout,)  # the seed

    def __init__(self, stddev: float, seed: int | None = None, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        check_numbers(least=0, stddev=stddev)
        self.stddev: float = stddev
        self.seed: int | None = seed
        self.random: RandomStream = RandomStream(seed)

    def call(self, inputs: TensorLike, training: bool = False) -> Any:
        if not training:
            return inputs
        noise = self.random.generator.standard_normal(inputs.shape, np.float32)
        return inputs + (self.stddev * noise).astype(self.dtype)


class ActivityRegularization(Layer):
    """The inputs unchanged, with a penalty that is added to the loss.

        y = x,  loss += (l1 * sum |x| + l2 * sum x^2) / batch

    Shapes: (batch, ...) -> the same.
    Args:
        l1: Factor of the sum of |x|, a number of at least 0 (default 0.0).
        l2: Factor of the sum of squares, a number of at least 0 (default 0.0).
    Raises ValueError for a negative `l1` or `l2`.
    Example:
        >>> layer = keras.layers.ActivityRegularization(l1=1.0)
        >>> layer(np.array([[2.0, -3.0]])).numpy()
        array([[ 2., -3.]], dtype=float32)
        >>> [float(loss) for loss in layer.losses]
        [5.0]
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.activity_regularizer: Any = regularizers.L1L2(l1, l2)
        self.l1: float = l1
        self.l2: float = l2

    def call(self, inputs: TensorLike) -> Any:
        return inputs
