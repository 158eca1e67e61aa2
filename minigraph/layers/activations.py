"""Activations with settings, as layers: they hold the settings, or even learn them."""

from collections.abc import Sequence
from typing import Any, Unpack

from .. import ops
from ..core.checks import check_numbers
from ..core.types import Axis, Shape, TensorLike
from ..graph.layer import Layer, LayerOptions
from ..ops import nn
from .options import PReLUOptions


class ReLU(Layer):
    """The rectified linear unit: positive values pass.

        y = max(x, 0)

    In full, y = min(x, max_value) where x is at least `threshold`, else negative_slope (x -
    threshold).

    Shapes: (batch, ...) -> the same.
    Raises ValueError for a negative setting.
    Source: Nair and Hinton (2010).
    """

    supports_masking = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Unpack[LayerOptions],
    ):
        super().__init__(**options)
        check_numbers(least=0, negative_slope=negative_slope, threshold=threshold)
        if max_value is not None:
            check_numbers(least=0, max_value=max_value)
        self.max_value, self.negative_slope = max_value, negative_slope
        self.threshold = threshold

    def call(self, inputs: TensorLike) -> Any:
        return nn.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """A rectified linear unit that lets a little of the negative side through.

        y = x where x > 0, else negative_slope * x

    Shapes: (batch, ...) -> the same.
    Raises ValueError for a negative slope.
    Source: Maas et al. (2013).
    """

    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        check_numbers(least=0, negative_slope=negative_slope)
        self.negative_slope = negative_slope

    def call(self, inputs: TensorLike) -> Any:
        return nn.leaky_relu(inputs, self.negative_slope)


class ELU(Layer):
    """The exponential linear unit, which bends smoothly down to -alpha.

        y = x where x > 0, else alpha * (e^x - 1)

    Shapes: (batch, ...) -> the same.
    Raises ValueError for a negative `alpha`.
    Source: Clevert et al. (2016).
    """

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        check_numbers(least=0, alpha=alpha)
        self.alpha = alpha

    def call(self, inputs: TensorLike) -> Any:
        return nn.elu(inputs, self.alpha)


class Softmax(Layer):
    """Positive numbers whose sum is 1 along `axis`.

        y = exp(x) / sum exp(x)

    Shapes: (batch, ...) -> the same.
    """

    supports_masking = True

    def __init__(self, axis: Axis = -1, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.axis = axis

    def call(self, inputs: TensorLike) -> Any:
        return nn.softmax(inputs, self.axis)


class PReLU(Layer):
    """A leaky rectified linear unit that learns its slope, for each element of a sample.

        y = max(x, 0) + alpha * min(x, 0)

    Shapes: (batch, a, b, ...) -> the same; alpha (a, b, ...), with 1 for each of `shared_axes`
    (counted from 1, without the batch).
    Raises ValueError for a shared axis that the input does not have.
    Source: He et al. (2015).
    """

    supports_masking = True
    weight_defaults = {"alpha": "zeros"}

    def __init__(
        self, shared_axes: int | Sequence[int] | None = None, **options: Unpack[PReLUOptions]
    ):
        super().__init__(**options)
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes

    def build(self, input_shape: Shape) -> None:
        shared = self.shared_axes or ()
        if not all(axis in range(1, len(input_shape)) for axis in shared):
            raise ValueError(
                f"`shared_axes`={shared!r} of layer {self.name!r} must lie from 1 to "
                f"{len(input_shape) - 1}, for an input of shape {tuple(input_shape)}"
            )
        shape = [1 if i in shared else n for i, n in enumerate(input_shape)]
        self.alpha = self.add_weight(shape[1:], name="alpha")

    def call(self, inputs: TensorLike) -> Any:
        return ops.maximum(inputs, 0) + self.alpha * ops.minimum(inputs, 0)
