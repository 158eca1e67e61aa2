"""Convolutions that look at each channel by itself, and separable ones, which then mix channels.

A convolution with a kernel of 3 x 3 and 64 channels multiplies 9 * 64 * 64 weights. A separable one
has 9 * 64 for the neighbourhood and 64 * 64 for the channels: one eighth.
"""

from typing import Any, Unpack

from ..activations import ActivationLike
from ..core.checks import check_positive
from ..core.tensor import Variable
from ..core.types import Shape, TensorLike
from ..graph.input_spec import InputSpec
from ..ops.conv import Padding, Sizes, conv, depthwise_conv
from .conv import Convolution
from .core import check_known
from .options import DepthwiseOptions, SeparableOptions


class DepthwiseConvolution(Convolution):
    """The base of convolutions of each channel by itself.

    kernel (*kernel_size, channels, depth_multiplier), bias (channels * depth_multiplier).

    Args:
        depth_multiplier: Number of filters for each channel, a positive integer (default 1).
    """

    derived_arguments: tuple[str, ...] = ("filters", "groups")
    weight_defaults: dict[str, Any] = {"depthwise": "glorot_uniform", "bias": "zeros"}

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding = "valid",
        dilation_rate: Sizes = 1,
        depth_multiplier: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        **options: Unpack[DepthwiseOptions],
    ):
        settings: Any = strides, padding, dilation_rate, 1, activation, use_bias
        super().__init__(1, kernel_size, *settings, **options)
        self.depth_multiplier: int = check_positive(depth_multiplier, "depth_multiplier")

    def build(self, input_shape: Shape) -> None:
        channels = check_known(input_shape[self.channel_axis], self)
        self.kernel: Variable = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier), name="depthwise"
        )
        outputs = self.build_pointwise(channels * self.depth_multiplier)
        bias = self.add_weight((outputs,), name="bias") if self.use_bias else None
        self.bias: Variable | None = bias
        self.input_spec: Any = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})

    def build_pointwise(self, channels: int) -> int:
        """Make the weights that mix the channels, if there are any; return how many come out.

        Args:
            channels: Number of channels that the depthwise convolution gives.
        """
        return channels

    def convolve(self, *arrays: TensorLike, **settings: Any) -> Any:
        return depthwise_conv(*arrays, **settings)


class SeparableConvolution(DepthwiseConvolution):
    """The base of separable convolutions: a depthwise one, then a convolution of size 1.

    depthwise_kernel (*kernel_size, channels, depth_multiplier), pointwise_kernel (1, ..., channels
    * depth_multiplier, filters), bias (filters).
    """

    derived_arguments: tuple[str, ...] = ("groups",)
    weight_defaults: dict[str, Any] = {
        "depthwise": "glorot_uniform",
        "pointwise": "glorot_uniform",
        "bias": "zeros",
    }

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding = "valid",
        dilation_rate: Sizes = 1,
        depth_multiplier: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        **options: Unpack[SeparableOptions],
    ):
        settings: Any = strides, padding, dilation_rate, depth_multiplier, activation, use_bias
        super().__init__(kernel_size, *settings, **options)
        self.filters: int = check_positive(filters, "filters")

    @property
    def depthwise_kernel(self) -> Variable:
        """The weights of each channel's neighbourhood."""
        return self.kernel

    def build_pointwise(self, channels: int) -> int:
        shape = (*[1] * self.rank, channels, self.filters)
        self.pointwise_kernel: Variable = self.add_weight(shape, name="pointwise")
        return self.filters

    def convolve(
        self,
        x: TensorLike,
        kernel: TensorLike,
        bias: TensorLike,
        *geometry: Any,
        activation: Any,
        **settings: Any,
    ) -> Any:
        y = depthwise_conv(x, kernel, None, *geometry, **settings)
        return conv(y, self.pointwise_kernel, bias, activation=activation)


class DepthwiseConv1D(DepthwiseConvolution):
    """A convolution over each channel of a sequence by itself.

        y[i, c, m] = activation(sum over t of x[i * strides + t, c] * kernel[t, c, m] + bias[c, m])

    This is the formula for a dilation of 1. Lengths and errors are those of `Conv1D`.

    Shapes: (batch, n, channels) -> (batch, m, channels * depth_multiplier); kernel (kernel_size,
    channels, depth_multiplier), bias (channels * depth_multiplier).
    Raises ValueError where `Conv2D` does.
    Source: Sifre (2014).
    Example:
        >>> layer = keras.layers.DepthwiseConv1D(kernel_size=2, depthwise_initializer="ones")
        >>> x = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])[None]
        >>> print(layer(x).numpy()[0])  # sums of neighbours, for each channel
        [[ 3. 30.]
         [ 6. 60.]]
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """A convolution over each channel of an image by itself.

        y[i, j, c, m] = activation(sum over t, u of x[i + t, j + u, c] * kernel[t, u, c, m] + bias)

    This is the formula for strides and dilation of 1. Lengths and errors are those of `Conv2D`.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels *
    depth_multiplier); kernel (*kernel_size, channels, depth_multiplier), bias (channels *
    depth_multiplier).
    Raises ValueError where `Conv2D` does.
    Source: Sifre (2014).
    Example:
        >>> layer = keras.layers.DepthwiseConv2D(kernel_size=3, depth_multiplier=2)
        >>> layer(np.ones((1, 5, 5, 4))).shape
        (1, 3, 3, 8)
        >>> layer.count_params()  # 9 for each of 8 outputs, and 8 biases
        80
    """

    rank = 2


class SeparableConv1D(SeparableConvolution):
    """A convolution over a sequence in two parts: each channel by itself, then across channels.

        y[i] = activation(depthwise[i] @ pointwise_kernel[0] + bias)
        depthwise[i, c] = sum over t of x[i * strides + t, c] * depthwise_kernel[t, c]

    This is the formula for a dilation and a depth multiplier of 1. Lengths and errors are those of
    `Conv1D`.

    Shapes: (batch, n, channels) -> (batch, m, filters); depthwise_kernel (kernel_size, channels,
    depth_multiplier), pointwise_kernel (1, channels * depth_multiplier, filters), bias (filters).
    Raises ValueError where `Conv2D` does.
    Source: Sifre (2014), Chollet (2017).
    Example:
        >>> layer = keras.layers.SeparableConv1D(
        ...     1, 2, depthwise_initializer="ones", pointwise_initializer="ones")
        >>> x = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])[None]
        >>> layer(x).numpy().ravel()  # sums of neighbours, then of channels
        array([33., 66.], dtype=float32)
    """

    rank = 1


class SeparableConv2D(SeparableConvolution):
    """A convolution over an image in two parts: each channel by itself, then across channels.

        y[i, j] = activation(depthwise[i, j] @ pointwise_kernel[0, 0] + bias)
        depthwise[i, j, c] = sum over t, u of x[i + t, j + u, c] * depthwise_kernel[t, u, c]

    This is the formula for strides, dilation and a depth multiplier of 1. Lengths and errors are
    those of `Conv2D`.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, filters);
    depthwise_kernel (*kernel_size, channels, depth_multiplier), pointwise_kernel (1, 1, channels *
    depth_multiplier, filters), bias (filters).
    Raises ValueError where `Conv2D` does.
    Source: Sifre (2014), Chollet (2017).
    Example:
        >>> layer = keras.layers.SeparableConv2D(filters=16, kernel_size=3)
        >>> layer(np.ones((1, 5, 5, 8))).shape
        (1, 3, 3, 16)
        >>> layer.count_params()  # 9 * 8 + 8 * 16 + 16, where Conv2D has 9 * 8 * 16 + 16
        216
    """

    rank = 2
