"""Convolutions: small kernels that slide over lines, images and volumes.

One mechanism stands behind all names; a name only says over how many axes its kernel slides.
Inputs are (batch, *lengths, channels).
"""

from .. import activations
from ..layer import InputSpec
from ..ops import nn
from ..ops.conv import conv, conv_transpose
from .core import Spatial, check_choice, check_known, check_positive, check_sizes


class Convolution(Spatial):
    """What all convolutions share; a subclass has a `rank`.

    kernel (*kernel_size, channels / groups, filters), bias (filters). Raises ValueError for sizes
    that are no positive integers, an unknown `padding` or `data_format`, strides together with
    dilation, and groups that do not divide both channels and filters.
    """

    paddings = ("valid", "same")
    weight_settings = {"kernel": "glorot_uniform", "bias": "zeros"}

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        dilation_rate=1,
        groups=1,
        activation=None,
        use_bias=True,
        **options,
    ):
        super().__init__(**options)
        self.filters = check_positive(filters, "filters")
        self.kernel_size = check_sizes(kernel_size, self.rank, "kernel_size")
        self.strides = check_sizes(strides, self.rank, "strides")
        self.padding = check_choice(padding, self.paddings, "padding")
        self.dilation_rate = check_sizes(dilation_rate, self.rank, "dilation_rate")
        self.groups = check_positive(groups, "groups")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"`strides`={strides} and `dilation_rate`={dilation_rate} cannot both be above 1"
            )
        if self.filters % self.groups:
            raise ValueError(f"`groups`={groups} must divide `filters`={filters}")

    def build(self, input_shape):
        channels = check_known(input_shape[-1], self)
        if channels % self.groups:
            raise ValueError(
                f"layer {self.name!r}: `groups`={self.groups} must divide the {channels} channels "
                "of its input"
            )
        self.kernel = self.add_weight((*self.kernel_size, *self.ends(channels)), name="kernel")
        self.bias = self.add_weight((self.filters,), name="bias") if self.use_bias else None
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={-1: channels})

    def ends(self, channels):
        """The last two axes of the kernel."""
        return channels // self.groups, self.filters

    def call(self, inputs):
        name = nn.FUSED.get(self.activation)
        y = self.convolve(
            inputs, self.kernel, self.bias, self.strides, self.padding,
            dilation_rate=self.dilation_rate, activation=name,
        )  # fmt: skip
        return y if name else self.activation(y)

    def convolve(self, *arrays, **settings):
        return conv(*arrays, groups=self.groups, **settings)


class ConvolutionTranspose(Convolution):
    """What all transposed convolutions share: the way back of a convolution, as a layer.

    kernel (*kernel_size, filters, channels), bias (filters). With s the stride and k the reach of
    the kernel, a length n becomes n * s + max(k - s, 0) (valid) or n * s (same), and with an
    `output_padding` p it becomes (n - 1) * s + k - 2 * pad + p, pad 0 (valid) or k // 2 (same).
    """

    def __init__(
        self, filters, kernel_size, strides=1, padding="valid", output_padding=None, **options
    ):
        super().__init__(filters, kernel_size, strides, padding, **options)
        check_choice(self.groups, (1,), "groups")
        self.output_padding = output_padding
        if output_padding is not None:
            self.output_padding = check_sizes(output_padding, self.rank, "output_padding", 0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"`output_padding`={output_padding} must be smaller than `strides`={strides}"
                )

    def ends(self, channels):
        return self.filters, channels

    def convolve(self, *arrays, **settings):
        return conv_transpose(*arrays, output_padding=self.output_padding, **settings)


class Conv1D(Convolution):
    """A kernel that slides along a line: (batch, n, channels) -> (batch, places, filters).

    y[i] = activation(sum over taps t of x[i * stride + t * dilation] @ kernel[t] + bias). With
    padding "causal" no output sees what comes after it. Raises what `Convolution` raises.
    """

    rank = 1
    paddings = ("valid", "same", "causal")


class Conv2D(Convolution):
    """A kernel that slides over an image: (batch, h, w, channels) -> (batch, h', w', filters).

    y[i, j] = activation(sum over taps of x[i + t, j + u] @ kernel[t, u] + bias), for stride 1.
    A length n becomes floor((n - k) / stride) + 1 (valid) or ceil(n / stride) (same), where
    k = (kernel_size - 1) * dilation + 1. Raises what `Convolution` raises (LeCun et al., 1989).
    """

    rank = 2


class Conv3D(Convolution):
    """A kernel that slides through a volume or a film: (batch, d, h, w, channels) -> (batch, d',
    h', w', filters).

    Lengths, weights and errors are those of `Conv2D`.
    """

    rank = 3


class Conv1DTranspose(ConvolutionTranspose):
    """The way back of `Conv1D`: (batch, n, channels) -> (batch, longer, filters).

    Lengths and errors are those of `ConvolutionTranspose`.
    """

    rank = 1


class Conv2DTranspose(ConvolutionTranspose):
    """The way back of `Conv2D`, which makes images larger: (batch, h, w, channels) -> (batch, H, W,
    filters).

    Lengths and errors are those of `ConvolutionTranspose` (Zeiler et al., 2010).
    """

    rank = 2


class Conv3DTranspose(ConvolutionTranspose):
    """The way back of `Conv3D`: (batch, d, h, w, channels) -> (batch, D, H, W, filters).

    Lengths and errors are those of `ConvolutionTranspose`.
    """

    rank = 3
