"""Layers that arrange the same numbers anew."""

import math

from .. import registry
from ..layer import InputSpec, Layer
from ..ops import basic


@registry.register
class Flatten(Layer):
    """All axes but the batch become one: (batch, a, b, ...) -> (batch, a * b * ...)."""

    def __init__(self, **options):
        super().__init__(**options)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs):
        return basic.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))


@registry.register
class Reshape(Layer):
    """The values of each sample, row by row, in another shape: (batch, ...) -> (batch,
    *target_shape).

    One entry of `target_shape` may be -1: it takes what is left.
    Raises ValueError if an entry is no size, or if the numbers of values differ.
    """

    def __init__(self, target_shape, **options):
        super().__init__(**options)
        self.target_shape = check_target(target_shape)

    def call(self, inputs):
        return basic.reshape(inputs, (inputs.shape[0], *self.target_shape))


def check_target(target_shape):
    """`target_shape` as a tuple of sizes with at most one -1, or a ValueError."""
    target = (target_shape,) if isinstance(target_shape, int) else target_shape
    sizes = isinstance(target, (list, tuple)) and all(
        isinstance(n, int) and not isinstance(n, bool) and (n > 0 or n == -1) for n in target
    )
    if not sizes or target.count(-1) > 1:
        raise ValueError(
            f"`target_shape` must hold positive integers and at most one -1, got {target_shape!r}"
        )
    return tuple(target)
