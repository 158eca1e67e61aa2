"""Convolutions: small kernels that slide over lines, images and volumes.

All of them use one op; the name says over how many axes the kernel slides.
Inputs are (batch, *lengths, channels).
"""

from typing import Any, Unpack

from .. import activations
from ..activations import ActivationLike
from ..core.checks import check_choice, check_positive, check_sizes
from ..core.tensor import Variable
from ..core.types import Op, Shape, TensorLike
from ..graph.input_spec import InputSpec
from ..ops.conv import Padding, Sizes, conv, conv_transpose
from .core import Dense, Spatial, check_known
from .options import ConvolutionOptions, ConvolutionTransposeOptions


class Convolution(Spatial):
    """The base of all convolutions; a subclass has a `rank`.

    kernel (*kernel_size, channels / groups, filters), bias (filters). Raises ValueError for sizes
    that are not positive integers, an unknown `padding` or `data_format`, strides together with
    dilation, and groups that do not divide both channels and filters.

    Args:
        filters: Number of channels of the output, a positive integer.
        kernel_size: Length of the kernel along each axis: one for all axes, or one for each.
        strides: Distance between neighbouring kernel positions along each axis (default 1).
        padding: "valid" (default) keeps the kernel within the input; "same" pads it with zeros.
        dilation_rate: Distance between the elements under the kernel (default 1: neighbours).
        groups: Number of equal parts of the channels, each with its own filters (default 1).
    """

    paddings: tuple[Padding, ...] = ("valid", "same")
    arguments_from: tuple[type[Any], ...] = (Dense,)  # the activation and the bias
    weight_defaults: dict[str, Any] = {"kernel": "glorot_uniform", "bias": "zeros"}
    kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding = "valid",
        dilation_rate: Sizes = 1,
        groups: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        **options: Unpack[ConvolutionOptions],
    ):
        super().__init__(**options)
        self.filters: int = check_positive(filters, "filters")
        self.kernel_size: tuple[int, ...] = check_sizes(kernel_size, self.rank, "kernel_size")
        self.strides: tuple[int, ...] = check_sizes(strides, self.rank, "strides")
        self.padding: Padding = check_choice(padding, self.paddings, "padding")
        self.dilation_rate: tuple[int, ...] = check_sizes(dilation_rate, self.rank, "dilation_rate")
        self.groups: int = check_positive(groups, "groups")
        self.activation: Op = activations.get(activation)
        self.use_bias: bool = use_bias
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"`strides`={strides} and `dilation_rate`={dilation_rate} cannot both be above 1"
            )
        if self.filters % self.groups:
            raise ValueError(f"`groups`={groups} must divide `filters`={filters}")

    def build(self, input_shape: Shape) -> None:
        channels = check_known(input_shape[self.channel_axis], self)
        if channels % self.groups:
            groups = f"`groups`={self.groups} must divide the {channels} channels of its input"
            raise ValueError(f"layer {self.name!r}: {groups}")
        self.kernel = self.add_weight((*self.kernel_size, *self.ends(channels)), name="kernel")
        self.bias = self.add_weight((self.filters,), name="bias") if self.use_bias else None
        self.input_spec: Any = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})

    def ends(self, channels: int) -> tuple[int, int]:
        """The last two axes of the kernel.

        Args:
            channels: Number of channels of the input.
        """
        return channels // self.groups, self.filters

    def call(self, inputs: TensorLike) -> Any:
        name = activations.FUSABLE.get(self.activation)
        y = self.convolve(
            inputs, self.kernel, self.bias, self.strides, self.padding,
            dilation_rate=self.dilation_rate, activation=name,
        )  # fmt: skip
        return y if self.activation in activations.FUSABLE else self.activation(y)

    def convolve(self, *arrays: TensorLike, **settings: Any) -> Any:
        return conv(*arrays, groups=self.groups, **settings)


class ConvolutionTranspose(Convolution):
    """The base of all transposed convolutions: the gradient of a convolution, as a layer.

    kernel (*kernel_size, filters, channels), bias (filters). With s the stride and k the
    effective kernel size, a length n becomes n * s + max(k - s, 0) (valid) or n * s (same), and
    with an `output_padding` p it becomes (n - 1) * s + k - 2 * pad + p, where pad is 0 (valid) or
    k // 2 (same).

    Args:
        strides: Distance between the kernels that neighbouring elements add (default 1).
        padding: "valid" (default) keeps all that the kernels add; "same" gives lengths n * strides.
        output_padding: Length added to each axis, below its stride: one for all axes, or one for
            each; None (default) leaves the lengths to `padding`.
        dilation_rate: Distance between the elements that a kernel adds to (default 1: neighbours).
        groups: 1 (default); transposed convolutions have no groups.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: Padding = "valid",
        output_padding: Sizes | None = None,
        **options: Unpack[ConvolutionTransposeOptions],
    ):
        super().__init__(filters, kernel_size, strides, padding, **options)
        check_choice(self.groups, (1,), "groups")
        self.output_padding: tuple[int, ...] | None = None
        if output_padding is not None:
            self.output_padding = check_sizes(output_padding, self.rank, "output_padding", 0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(f"`output_padding`={output_padding} must be below {strides=}")

    def ends(self, channels: int) -> tuple[int, int]:
        return self.filters, channels

    def convolve(self, *arrays: TensorLike, **settings: Any) -> Any:
        return conv_transpose(*arrays, output_padding=self.output_padding, **settings)


class Conv1D(Convolution):
    """A convolution over a sequence, such as audio or text.

        y[i] = activation(sum over t of x[i * strides + t * dilation_rate] @ kernel[t] + bias)

    Lengths and errors are those of `Conv2D`.

    Shapes: (batch, n, channels) -> (batch, m, filters); kernel (kernel_size, channels /
    groups, filters), bias (filters).
    Args:
        padding: "valid" (default) keeps the kernel within the input; "same" pads both ends with
            zeros, "causal" the start alone, so that no output depends on later inputs.
    Raises ValueError where `Conv2D` does.
    Source: Waibel et al. (1989), the time-delay neural network.
    Example:
        >>> layer = keras.layers.Conv1D(filters=1, kernel_size=2, kernel_initializer="ones")
        >>> x = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1)
        >>> layer(x).numpy().ravel()  # sums of neighbours
        array([3., 5., 7.], dtype=float32)
    """

    rank = 1
    paddings: tuple[Padding, ...] = ("valid", "same", "causal")


class Conv2D(Convolution):
    """A convolution over an image.

        y[i, j] = activation(sum over t, u of x[i * s + t * d, j * s + u * d] @ kernel[t, u] + bias)

    s are the strides, d is the dilation rate. With k = (kernel_size - 1) * d + 1, a length n
    becomes

        floor((n - k) / s) + 1    for padding "valid"
        ceil(n / s)               for padding "same"

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, filters); kernel
    (*kernel_size, channels / groups, filters), bias (filters).
    Raises ValueError for sizes that are not positive integers, an unknown `padding` or
    `data_format`, strides together with dilation, groups that do not divide channels and filters,
    and a kernel that is larger than the input.
    Source: LeCun et al. (1989).
    Example:
        >>> edges = lambda shape, dtype: np.array([-1.0, 1.0]).reshape(shape)
        >>> layer = keras.layers.Conv2D(filters=1, kernel_size=(1, 2), kernel_initializer=edges)
        >>> image = np.array([[0, 0, 1, 1], [0, 0, 1, 1]]).reshape(1, 2, 4, 1)
        >>> print(layer(image).numpy()[0, :, :, 0])
        [[0. 1. 0.]
         [0. 1. 0.]]
    """

    rank = 2


class Conv3D(Convolution):
    """A convolution over a volume or a video.

        y[i, j, l] = activation(sum over t, u, v of x[i + t, j + u, l + v] @ kernel[t, u, v] + bias)

    This is the formula for strides and dilation of 1; for others, and for lengths, see `Conv2D`.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width,
    filters); kernel (*kernel_size, channels / groups, filters), bias (filters).
    Raises ValueError where `Conv2D` does.
    Source: Ji et al. (2010).
    Example:
        >>> layer = keras.layers.Conv3D(filters=1, kernel_size=2, kernel_initializer="ones")
        >>> layer(np.ones((1, 2, 2, 3, 1))).numpy().ravel()  # each cube of 2 x 2 x 2 has 8 elements
        array([8., 8.], dtype=float32)
    """

    rank = 3


class Conv1DTranspose(ConvolutionTranspose):
    """The transpose of `Conv1D`: every element of a line adds a kernel to the output.

        y[i * strides + t] += x[i] @ kernel[t].T, then y = activation(y + bias)

    Lengths and errors are those of `Conv2DTranspose`.

    Shapes: (batch, n, channels) -> (batch, longer, filters); kernel (kernel_size, filters,
    channels), bias (filters).
    Raises ValueError where `Conv2DTranspose` does.
    Source: Zeiler et al. (2010).
    Example:
        >>> layer = keras.layers.Conv1DTranspose(1, 3, strides=2, kernel_initializer="ones")
        >>> x = np.array([1.0, 2.0]).reshape(1, 2, 1)
        >>> layer(x).numpy().ravel()  # where two kernels overlap, they add up
        array([1., 1., 3., 2., 2.], dtype=float32)
    """

    rank = 1


class Conv2DTranspose(ConvolutionTranspose):
    """The transpose of `Conv2D`, which enlarges images: every pixel adds a kernel.

        y[i * s + t, j * s + u] += x[i, j] @ kernel[t, u].T, then y = activation(y + bias)

    s are the strides. With k = (kernel_size - 1) * dilation_rate + 1, a length n becomes

        n * s + max(k - s, 0)                       for padding "valid"
        n * s                                       for padding "same"
        (n - 1) * s + k - 2 * p + output_padding    where that is given

    with p = 0 (valid) or k // 2 (same).

    Shapes: (batch, height, width, channels) -> (batch, higher, wider, filters); kernel
    (*kernel_size, filters, channels), bias (filters).
    Raises ValueError where `Conv2D` does, for `groups` other than 1, and for an `output_padding`
    that is not smaller than the strides.
    Source: Zeiler et al. (2010).
    Example:
        >>> layer = keras.layers.Conv2DTranspose(1, 2, strides=2, kernel_initializer="ones")
        >>> image = np.array([[1, 2]]).reshape(1, 1, 2, 1)
        >>> print(layer(image).numpy()[0, :, :, 0])
        [[1. 1. 2. 2.]
         [1. 1. 2. 2.]]
    """

    rank = 2


class Conv3DTranspose(ConvolutionTranspose):
    """The transpose of `Conv3D`: every element of a volume adds a kernel to the output.

        y[i * s + t, ...] += x[i, ...] @ kernel[t, ...].T, then y = activation(y + bias)

    The three axes behave alike. Lengths and errors are those of `Conv2DTranspose`.

    Shapes: (batch, depth, height, width, channels) -> (batch, deeper, higher, wider, filters);
    kernel (*kernel_size, filters, channels), bias (filters).
    Raises ValueError where `Conv2DTranspose` does.
    Source: Zeiler et al. (2010).
    Example:
        >>> layer = keras.layers.Conv3DTranspose(1, kernel_size=2, kernel_initializer="ones")
        >>> y = layer(np.ones((1, 1, 1, 1, 1))).numpy()  # one element adds the kernel once
        >>> y.shape, float(y.sum())
        ((1, 2, 2, 2, 1), 8.0)
    """

    rank = 3
