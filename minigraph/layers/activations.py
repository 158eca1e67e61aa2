"""Activations with settings, as layers: they store the settings, or even learn them."""

from collections.abc import Sequence
from typing import Any, Unpack

from .. import ops
from ..core.checks import check_numbers
from ..core.tensor import Variable
from ..core.types import Axis, Shape, TensorLike
from ..graph.layer import Layer, LayerOptions
from ..ops import nn
from .options import PReLUOptions


class ReLU(Layer):
    """The rectified linear unit, which passes positive values and sets the others to 0.

        y = max(x, 0)

    In full, y = min(x, max_value) where x is above `threshold`, else negative_slope *
    (x - threshold).

    Shapes: (batch, ...) -> the same.
    Args:
        max_value: Largest output, a number of at least 0; None (default) sets no limit.
        negative_slope: Factor of what is below the threshold, at least 0 (default 0.0).
        threshold: Value above which x passes, at least 0 (default 0.0).
    Raises ValueError for a negative setting.
    Source: Nair and Hinton (2010).
    Example:
        >>> x = np.array([[-2.0, 1.0, 9.0]])
        >>> keras.layers.ReLU()(x).numpy()
        array([[0., 1., 9.]], dtype=float32)
        >>> keras.layers.ReLU(max_value=6, negative_slope=0.5)(x).numpy()
        array([[-1.,  1.,  6.]], dtype=float32)
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
        self.max_value: float | None = max_value
        self.negative_slope: float = negative_slope
        self.threshold: float = threshold

    def call(self, inputs: TensorLike) -> Any:
        return nn.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """A rectified linear unit that lets a little of the negative side through.

        y = x where x > 0, else negative_slope * x

    Shapes: (batch, ...) -> the same.
    Args:
        negative_slope: Factor of negative values, at least 0 (default 0.3).
    Raises ValueError for a negative slope.
    Source: Maas et al. (2013).
    Example:
        >>> layer = keras.layers.LeakyReLU(negative_slope=0.25)
        >>> layer(np.array([[-4.0, 4.0]])).numpy()
        array([[-1.,  4.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        check_numbers(least=0, negative_slope=negative_slope)
        self.negative_slope: float = negative_slope

    def call(self, inputs: TensorLike) -> Any:
        return nn.leaky_relu(inputs, self.negative_slope)


class ELU(Layer):
    """The exponential linear unit, which bends smoothly down to -alpha.

        y = x where x > 0, else alpha * (e^x - 1)

    Shapes: (batch, ...) -> the same.
    Args:
        alpha: Size of the limit on the negative side, a number of at least 0 (default 1.0).
    Raises ValueError for a negative `alpha`.
    Source: Clevert et al. (2016).
    Example:
        >>> keras.layers.ELU()(np.array([[-100.0, -1.0, 2.0]])).numpy().round(2)
        array([[-1.  , -0.63,  2.  ]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        check_numbers(least=0, alpha=alpha)
        self.alpha: float = alpha

    def call(self, inputs: TensorLike) -> Any:
        return nn.elu(inputs, self.alpha)


class Softmax(Layer):
    """Positive numbers whose sum is 1.

        y = exp(x) / sum exp(x)

    Shapes: (batch, ...) -> the same.
    Args:
        axis: Axis, or axes, along which the sum is 1; None for all of them (default -1).
    Example:
        >>> x = np.log([[1.0, 3.0]])
        >>> keras.layers.Softmax()(x).numpy().round(3)
        array([[0.25, 0.75]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: Axis = -1, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.axis: Axis = axis

    def call(self, inputs: TensorLike) -> Any:
        return nn.softmax(inputs, self.axis)


class PReLU(Layer):
    """A leaky rectified linear unit that learns its slope, for each element of a sample.

        y = max(x, 0) + alpha * min(x, 0)

    Shapes: (batch, a, b, ...) -> the same; alpha (a, b, ...), with 1 for each of `shared_axes`.
    Args:
        shared_axes: Axis, or axes, along which all elements share one alpha, counted from 1 without
            the batch; None (default) shares none.
    Raises ValueError for a shared axis that the input does not have.
    Source: He et al. (2015).
    Example:
        >>> layer = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25))
        >>> layer(np.array([[-4.0, 4.0]])).numpy()
        array([[-1.,  4.]], dtype=float32)
        >>> layer.alpha.shape
        (2,)
    """

    supports_masking = True
    weight_defaults: dict[str, Any] = {"alpha": "zeros"}
    alpha: Variable

    def __init__(
        self, shared_axes: int | Sequence[int] | None = None, **options: Unpack[PReLUOptions]
    ):
        super().__init__(**options)
        axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes: Sequence[int] | None = axes

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
