"""Normalisation: values with mean 0 and variance 1, then scaled and shifted by weights."""

from typing import Any, Unpack

from .. import ops
from ..core.checks import check_numbers
from ..core.device import array_module
from ..core.tensor import Variable
from ..core.types import Array, Shape, Structure, TensorLike
from ..graph.input_spec import InputSpec
from ..graph.layer import Layer
from ..graph.masks import check_mask
from ..ops import nn
from .core import check_known
from .options import BatchNormalizationOptions, NormalizationOptions


class BatchNormalization(Layer):
    """Normalise each channel to mean 0 and variance 1 over the batch, then scale and shift it.

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta
        average = average * momentum + batch * (1 - momentum)

    In training, mean and variance are those of the batch (masked steps left out), and moving
    averages of them are updated. Otherwise, and if the layer is not `trainable`, they are the
    moving averages.

    Shapes: (batch, ..., channels) -> the same; gamma, beta, moving_mean, moving_variance
    (channels).
    Args:
        axis: Axis of the channels, an integer other than that of the batch (default -1).
        momentum: Weight of the past in the moving averages, from 0 to 1 (default 0.99).
        epsilon: Number that keeps the division away from 0, at least 0 (default 1e-3).
        center: Whether `beta` is added (default True).
        scale: Whether `gamma` is a factor (default True).
    Raises ValueError for an `axis` beyond the rank or a `momentum` outside [0, 1].
    Source: Ioffe and Szegedy (2015).
    Example:
        >>> layer = keras.layers.BatchNormalization(momentum=0.5, epsilon=0.0)
        >>> layer(np.array([[1.0], [3.0]]), training=True).numpy().tolist()
        [[-1.0], [1.0]]
        >>> layer.moving_mean.numpy().tolist()  # halfway from 0 to the mean 2
        [1.0]
    """

    supports_masking = True
    weight_defaults: dict[str, Any] = {
        "gamma": "ones",
        "beta": "zeros",
        "moving_mean": "zeros",
        "moving_variance": "ones",
    }

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Unpack[BatchNormalizationOptions],
    ):
        super().__init__(**options)
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise ValueError(f"`axis` must be an integer, got {axis!r}")
        check_numbers(least=0, most=1, momentum=momentum)
        check_numbers(least=0, epsilon=epsilon)
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale

    def build(self, input_shape: Shape) -> None:
        rank = len(input_shape)
        check_axis(self.axis, rank)
        size = check_known(input_shape[self.axis], self)
        self.gamma: Variable | None = self.add_weight((size,), name="gamma") if self.scale else None
        self.beta: Variable | None = self.add_weight((size,), name="beta") if self.center else None
        self.moving_mean: Variable = self.add_weight((size,), trainable=False, name="moving_mean")
        self.moving_variance: Variable = self.add_weight(
            (size,), trainable=False, name="moving_variance"
        )
        self.input_spec: Structure = InputSpec(ndim=rank, axes={self.axis: size})

    def call(self, inputs: TensorLike, training: bool = False, mask: Array = None) -> Any:
        mask = check_mask(mask, inputs, self)
        axis, last = self.axis % inputs.ndim, inputs.ndim - 1
        if training and mask is not None and axis < mask.ndim:
            raise ValueError(
                f"{self._title}: a mask of shape {mask.shape} leaves out steps of axis {axis}, but "
                "that axis is normalised. Normalise the features instead: axis=-1."
            )
        if axis == last:
            return self.normalize(inputs, training and self.trainable, mask)
        order = [i for i in range(inputs.ndim) if i != axis] + [axis]
        y = self.normalize(ops.transpose(inputs, order), training and self.trainable, mask)
        return ops.transpose(y, [order.index(i) for i in range(inputs.ndim)])

    def normalize(self, x: TensorLike, from_batch: bool, mask: Array) -> Any:
        """The formula along the last axis.

        Args:
            x: Tensor (..., channels).
            from_batch: Whether mean and variance are those of x, not the moving averages.
            mask: Boolean array of the first axes of x, True where a step counts, or None.
        """
        if not from_batch:
            scale = 1 / ops.sqrt(self.moving_variance + self.epsilon)
            scale = scale if self.gamma is None else scale * self.gamma
            # Subtract the mean first: folded into the shift, a large one would cause cancellation.
            y = (x - self.moving_mean) * scale
            return y if self.beta is None else y + self.beta
        if mask is not None:
            missing = (1,) * (x.ndim - 1 - mask.ndim)
            mask = array_module(mask).broadcast_to(mask.reshape(mask.shape + missing), x.shape[:-1])
        statistics = nn.moments(x.value, mask)  # the mean, the variance, and more
        averages = self.moving_mean, self.moving_variance
        for average, batch in zip(averages, statistics, strict=False):
            average.assign(average.value * self.momentum + batch * (1 - self.momentum))
        return nn.batch_norm(x, self.gamma, self.beta, self.epsilon, statistics=statistics)


class LayerNormalization(Layer):
    """Normalise each sample to mean 0 and variance 1 over `axis`, then scale and shift it.

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    Nothing is learned about the batch, so training and inference are the same.

    Shapes: (batch, ...) -> the same; gamma and beta have the sizes of the axes.
    Args:
        axis: The axis, or several in a tuple or list, other than that of the batch (default -1).
        epsilon: Number that keeps the division away from 0, at least 0 (default 1e-3).
        center: Whether `beta` is added (default True).
        scale: Whether `gamma` is a factor (default True).
    Raises ValueError for an `axis` beyond the rank.
    Source: Ba et al. (2016).
    Example:
        >>> layer = keras.layers.LayerNormalization(epsilon=0.0)
        >>> layer(np.array([[1.0, 3.0], [10.0, 50.0]])).numpy().tolist()
        [[-1.0, 1.0], [-1.0, 1.0]]
    """

    supports_masking = True
    weight_defaults: dict[str, Any] = {"gamma": "ones", "beta": "zeros"}

    def __init__(
        self,
        axis: int | tuple[int, ...] | list[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        **options: Unpack[NormalizationOptions],
    ):
        super().__init__(**options)
        check_numbers(least=0, epsilon=epsilon)
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale

    def build(self, input_shape: Shape) -> None:
        given = self.axis if isinstance(self.axis, (list, tuple)) else [self.axis]
        axes = sorted(check_axis(axis, len(input_shape)) for axis in given)
        self.axes: tuple[int, ...] = tuple(axes)
        sizes = tuple(check_known(input_shape[axis], self) for axis in self.axes)
        self.gamma: Variable | None = self.add_weight(sizes, name="gamma") if self.scale else None
        self.beta: Variable | None = self.add_weight(sizes, name="beta") if self.center else None

    def call(self, inputs: TensorLike) -> Any:
        shape = [n if axis in self.axes else 1 for axis, n in enumerate(inputs.shape)]
        d = inputs - ops.mean(inputs, self.axes, keepdims=True)
        y = d / ops.sqrt(ops.mean(d * d, self.axes, keepdims=True) + self.epsilon)
        y = y if self.gamma is None else y * ops.reshape(self.gamma, shape)
        return y if self.beta is None else y + ops.reshape(self.beta, shape)


def check_axis(axis: int, rank: int) -> int:
    """Return the axis counted from 0; raise ValueError if there is none, or it is the batch."""
    if not isinstance(axis, int) or not -rank < axis < rank or axis % rank == 0:
        raise ValueError(f"`axis`={axis!r} must be one of the {rank} axes other than the batch")
    return axis % rank
