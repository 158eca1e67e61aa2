"""Dense, Activation and the layers that change nothing but the form of a call."""

from .. import activations, initializers, registry
from ..layer import InputSpec, Layer
from ..ops import nn


@registry.register
class Dense(Layer):
    """Every input meets every output: y = activation(x @ kernel + bias).

    (batch, ..., inputs) -> (batch, ..., units); kernel (inputs, units), bias (units). Raises
    ValueError if `units` is no positive integer, or if the last axis of the input is unknown.
    """

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **options,
    ):
        super().__init__(**options)
        self.units = check_positive(units, "units")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape):
        inputs = check_known(input_shape, self)
        self.kernel = self.add_weight((inputs, self.units), self.kernel_initializer, name="kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias")
        self.input_spec = InputSpec(min_ndim=2, axes={-1: inputs})

    def call(self, inputs):
        fused = nn.FUSED.get(self.activation)
        y = nn.dense(inputs, self.kernel, self.bias, activation=fused)
        return y if fused else self.activation(y)


@registry.register
class Activation(Layer):
    """An activation as a layer of its own: y = activation(x), any shape."""

    supports_masking = True

    def __init__(self, activation, **options):
        super().__init__(**options)
        self.activation = activations.get(activation)

    def call(self, inputs):
        return self.activation(inputs)


def check_positive(value, argument):
    """`value` as an int, or a ValueError that names the argument."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise ValueError(f"`{argument}` must be a positive integer, got {value!r}")
    return int(value)


def check_known(shape, layer):
    """The size of the last axis, needed to make weights; ValueError with the layer if unknown."""
    if not shape or not isinstance(shape[-1], int):
        raise ValueError(
            f"layer {layer.name!r} ({type(layer).__name__}) needs the last axis of its input to "
            f"make its weights, but the shape is {shape}. Give one Input with a full shape."
        )
    return shape[-1]
