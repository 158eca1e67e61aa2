"""Layers that scale data to a range that suits training."""

from collections.abc import Sequence
from typing import Any, Unpack

from .. import ops
from ..core.dtypes import EPSILON
from ..core.tensor import Variable, as_array
from ..core.types import Shape, Structure, TensorLike
from ..graph.input_spec import InputSpec
from ..graph.layer import Layer, LayerOptions
from ..ops.arrays import check_axis


class Rescaling(Layer):
    """Rescale values to another range, such as pixels to 0 to 1.

        y = x * scale + offset

    Shapes: (batch, ...) -> the same.
    Args:
        scale: Factor of all values, or a list with one for each channel.
        offset: Number added afterwards, or a list with one for each channel (default 0.0).
    Example:
        >>> layer = keras.layers.Rescaling(scale=2, offset=-1)  # from 0 to 1 becomes -1 to 1
        >>> layer(np.array([[0.0, 0.5, 1.0]])).numpy()
        array([[-1.,  0.,  1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self, scale: TensorLike, offset: TensorLike = 0.0, **options: Unpack[LayerOptions]
    ):
        super().__init__(**options)
        self.scale: Any = to_plain(scale)
        self.offset: Any = to_plain(offset)
        self.input_spec: Structure = InputSpec()  # one tensor: 2 * [x, y] would repeat a list

    def call(self, inputs: TensorLike) -> Any:
        return inputs * self.scale + self.offset


class Normalization(Layer):
    """Normalise data with a mean and variance that are found by `adapt(data)` or given.

        y = (x - mean) / sqrt(variance)

    Shapes: (batch, ...) -> the same; mean and variance, unless both are given, have the sizes of
    `axis` and 1 elsewhere.
    Args:
        axis: Axis, or axes, whose indices each have a mean and variance (default -1); None for one
            mean and variance of all values.
        mean: Number, or numbers that broadcast; None (default) leaves it to `adapt`.
        variance: Number, or numbers that broadcast; None (default) leaves it to `adapt`.
        invert: Whether the inverse is computed, y = mean + x * sqrt(variance) (default False).
    Raises ValueError if one of them is given without the other.
    Example:
        >>> layer = keras.layers.Normalization()
        >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
        >>> layer(np.array([[1.0, 30.0], [2.0, 50.0]])).numpy()
        array([[-1.,  1.],
               [ 0.,  3.]], dtype=float32)
    """

    supports_masking = True
    found_mean: Variable
    found_variance: Variable

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: TensorLike = None,
        variance: TensorLike = None,
        invert: bool = False,
        **options: Unpack[LayerOptions],
    ):
        super().__init__(**options)
        if (mean is None) != (variance is None):
            raise ValueError("Normalization takes `mean` and `variance` together, or neither")
        self.axis: int | Sequence[int] | None = axis
        self.mean: Any = to_plain(mean)
        self.variance: Any = to_plain(variance)
        self.invert: bool = invert

    def build(self, input_shape: Shape) -> None:
        rank = len(input_shape)
        axes = [self.axis] if isinstance(self.axis, int) else self.axis or ()
        kept = {check_axis(axis, rank, f"layer {self.name!r}") for axis in axes}
        self.reduced: tuple[int, ...] = tuple(a for a in range(rank) if a not in kept)
        shape = [n if a in kept else 1 for a, n in enumerate(input_shape)]
        if self.mean is None:
            self.found_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.found_variance = self.add_weight(shape, "ones", trainable=False, name="variance")

    def adapt(self, data: Any) -> None:
        """Learn mean and variance from an array, or from an iterable of batches.

        Args:
            data: An array of samples, or an iterable of batches of them.
        Raises ValueError if the layer was given its mean and variance, or if there is no data.
        """
        if self.mean is not None:
            raise ValueError(f"layer {self.name!r} was given its mean and variance already")
        if not hasattr(data, "shape"):
            data = ops.concatenate(list(data), axis=0)
        data = ops.cast(data, "float64")
        if not data.size:
            raise ValueError(f"layer {self.name!r} cannot adapt to `data` of shape {data.shape}")
        self.prepare(data)
        self.found_mean.assign(ops.mean(data, self.reduced, True))
        self.found_variance.assign(ops.var(data, self.reduced, True))

    def call(self, inputs: TensorLike) -> Any:
        given = self.mean is not None
        mean = self.mean if given else self.found_mean
        variance = self.variance if given else self.found_variance
        deviation = ops.maximum(ops.sqrt(ops.cast(variance, inputs.dtype)), EPSILON)
        return mean + inputs * deviation if self.invert else (inputs - mean) / deviation


def to_plain(value: TensorLike) -> Any:
    """An array, or a list of numbers, as a plain list or number, so that a config can hold it."""
    return as_array(value).tolist() if hasattr(value, "shape") else value
