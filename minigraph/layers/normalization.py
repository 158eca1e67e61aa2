"""Normalisation: numbers brought to mean 0 and variance 1, then scaled and moved by weights."""

import numbers

from ..backend import array_module
from ..layer import InputSpec, Layer
from ..ops import basic, nn
from .core import check_known


class BatchNormalization(Layer):
    """y = gamma (x - mean) / sqrt(variance + epsilon) + beta, for each channel along `axis`.

    In training, mean and variance are those of the batch (masked steps left out), and
    moving = moving * momentum + batch * (1 - momentum). Otherwise, and always when the layer is
    not `trainable`, they are the moving ones. Weights: gamma, beta, moving_mean, moving_variance,
    each (channels). Raises ValueError for an `axis` beyond the rank or a `momentum` outside [0, 1]
    (Ioffe and Szegedy, 2015).
    """

    supports_masking = True
    weight_settings = {
        "gamma": "ones",
        "beta": "zeros",
        "moving_mean": "zeros",
        "moving_variance": "ones",
    }

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True, **options):
        super().__init__(**options)
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise ValueError(f"`axis` must be an integer, got {axis!r}")
        if not isinstance(momentum, numbers.Real) or not 0 <= momentum <= 1:
            raise ValueError(f"`momentum` must be a number from 0 to 1, got {momentum!r}")
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale = center, scale

    def build(self, input_shape):
        rank = len(input_shape)
        check_axis(self.axis, rank)
        size = check_known(input_shape[self.axis], self)
        self.gamma = self.add_weight((size,), name="gamma") if self.scale else None
        self.beta = self.add_weight((size,), name="beta") if self.center else None
        self.moving_mean = self.add_weight((size,), trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight((size,), trainable=False, name="moving_variance")
        self.input_spec = InputSpec(ndim=rank, axes={self.axis: size})

    def call(self, inputs, training=False, mask=None):
        axis, last = self.axis % inputs.ndim, inputs.ndim - 1
        if axis == last:
            return self.normalize(inputs, training and self.trainable, mask)
        order = [i for i in range(inputs.ndim) if i != axis] + [axis]
        y = self.normalize(basic.transpose(inputs, order), training and self.trainable, mask)
        return basic.transpose(y, [order.index(i) for i in range(inputs.ndim)])

    def normalize(self, x, from_batch, mask):
        """The formula along the last axis."""
        if not from_batch:
            scale = 1 / basic.sqrt(self.moving_variance + self.epsilon)
            scale = scale if self.gamma is None else scale * self.gamma
            # The mean comes off first: folded into one sum it would cancel where it is large.
            y = (x - self.moving_mean) * scale
            return y if self.beta is None else y + self.beta
        if mask is not None:
            missing = (1,) * (x.ndim - 1 - mask.ndim)
            mask = array_module(mask).broadcast_to(mask.reshape(mask.shape + missing), x.shape[:-1])
        found = nn.moments(x.value, mask)
        for moving, batch in zip((self.moving_mean, self.moving_variance), found, strict=False):
            moving.assign(moving.value * self.momentum + batch * (1 - self.momentum))
        return nn.batch_norm(x, self.gamma, self.beta, self.epsilon, found=found)


class LayerNormalization(Layer):
    """y = gamma (x - mean) / sqrt(variance + epsilon) + beta, for each sample over `axis`.

    `axis` is one axis or several; gamma and beta have their sizes. Nothing is learned about the
    batch, so training and inference are the same (Ba et al., 2016). Raises ValueError for an `axis`
    beyond the rank.
    """

    supports_masking = True
    weight_settings = {"gamma": "ones", "beta": "zeros"}

    def __init__(self, axis=-1, epsilon=1e-3, center=True, scale=True, **options):
        super().__init__(**options)
        self.axis, self.epsilon, self.center, self.scale = axis, epsilon, center, scale

    def build(self, input_shape):
        axes = self.axis if isinstance(self.axis, (list, tuple)) else [self.axis]
        self.axes = tuple(sorted(check_axis(axis, len(input_shape)) for axis in axes))
        sizes = tuple(check_known(input_shape[axis], self) for axis in self.axes)
        self.gamma = self.add_weight(sizes, name="gamma") if self.scale else None
        self.beta = self.add_weight(sizes, name="beta") if self.center else None

    def call(self, inputs):
        shape = [n if axis in self.axes else 1 for axis, n in enumerate(inputs.shape)]
        d = inputs - basic.mean(inputs, self.axes, keepdims=True)
        y = d / basic.sqrt(basic.mean(d * d, self.axes, keepdims=True) + self.epsilon)
        y = y if self.gamma is None else y * basic.reshape(self.gamma, shape)
        return y if self.beta is None else y + basic.reshape(self.beta, shape)


def check_axis(axis, rank):
    """The axis counted from 0, or a ValueError if it is not one behind the batch."""
    if not isinstance(axis, int) or not -rank < axis < rank or axis % rank == 0:
        raise ValueError(f"`axis`={axis!r} is no axis behind the batch, of {rank} in all")
    return axis % rank
