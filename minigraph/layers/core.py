"""Dense, Activation, Identity and Lambda, and helpers for other layers."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, Unpack

from .. import activations, ops
from ..activations import ActivationLike
from ..core import tree
from ..core.checks import check_choice, check_positive
from ..core.tensor import Variable
from ..core.types import Op, Shape, Structure, TensorLike
from ..graph.input_spec import InputSpec
from ..graph.layer import Layer, LayerOptions, ModelOptions
from ..ops import nn
from .options import DataFormat, KernelOptions, LastFormat

Call = TypeVar("Call", bound=Callable[..., Any])


class Dense(Layer):
    """A densely connected layer: every output depends on every input.

        y = activation(x @ kernel + bias)

    Shapes: (batch, ..., inputs) -> (batch, ..., units); kernel (inputs, units), bias (units).
    Args:
        units: Size of the last axis of the output, a positive integer.
        activation: Function of the output, or its name; None (default) leaves it linear.
        use_bias: Whether a bias is added (default True).
    Raises ValueError if `units` is not a positive integer, or if the last axis of the input is
    unknown.
    Example:
        >>> layer = keras.layers.Dense(2, kernel_initializer="ones")
        >>> layer(np.array([[1.0, 2.0, 3.0]])).numpy()
        array([[6., 6.]], dtype=float32)
        >>> [weight.shape for weight in layer.weights]
        [(3, 2), (2,)]
    """

    supports_masking = True
    weight_defaults: dict[str, Any] = {"kernel": "glorot_uniform", "bias": "zeros"}
    kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        units: int,
        activation: ActivationLike = None,
        use_bias: bool = True,
        **options: Unpack[KernelOptions],
    ):
        super().__init__(**options)
        self.units: int = check_positive(units, "units")
        self.activation: Op = activations.get(activation)
        self.use_bias: bool = use_bias
        self.input_spec: Any = InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        inputs = check_known(input_shape[-1] if input_shape else None, self)
        self.kernel = self.add_weight((inputs, self.units), name="kernel")
        self.bias = self.add_weight((self.units,), name="bias") if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: inputs})

    def call(self, inputs: TensorLike) -> Any:
        name = activations.FUSABLE.get(self.activation)
        y = nn.dense(inputs, self.kernel, self.bias, activation=name)
        return y if self.activation in activations.FUSABLE else self.activation(y)


class Activation(Layer):
    """An activation as a layer.

        y = activation(x)

    Shapes: (batch, ...) -> the same.
    Args:
        activation: Function of tensors, or the name of one, such as "relu"; None leaves x as it is.
    Raises ValueError if `activation` is neither a function nor the name of one.
    Example:
        >>> layer = keras.layers.Activation("relu")
        >>> layer(np.array([[-1.0, 2.0]])).numpy()
        array([[0., 2.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, activation: ActivationLike, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.activation: Op = activations.get(activation)

    def call(self, inputs: TensorLike) -> Any:
        return self.activation(inputs)


class Identity(Layer):
    """The inputs unchanged: a named node of the graph.

        y = x

    Shapes: any shape and structure -> the same.
    Example:
        >>> inputs = keras.Input((2,))
        >>> outputs = keras.layers.Identity(name="features")(2 * inputs)
        >>> keras.Model(inputs, outputs).get_layer("features").output.shape
        (None, 2)
    """

    supports_masking = True

    if TYPE_CHECKING:  # `Layer` takes more, for layers with weights

        def __init__(self, name: str | None = None, **options: Unpack[ModelOptions]): ...

    def call(self, inputs: TensorLike) -> Any:
        return tree.map(ops.identity, inputs)


class Lambda(Layer):
    """A function of tensors as a layer.

        y = function(x, **arguments)

    It is for quick experiments: it cannot be saved or cloned, since a function has no serialized
    form.

    Shapes: (batch, ...) -> the shape that the function returns.
    Args:
        function: Function of the inputs, and of `arguments` by name.
        output_shape: Shape of the output without the batch axis, or a function from the shape of
            the input to that of the output, both with it; None (default) takes what `function`
            gives. It is checked at each call, and None in it fits any size.
        mask: Mask of the output, or a function (inputs, mask) that returns it; None (default) for
            no mask.
        arguments: Dict of further arguments of the function; None (default) for none.
    Raises ValueError if `function` cannot be called, and when the layer is saved.
    Example:
        >>> scale = keras.layers.Lambda(lambda x, factor: factor * x, arguments={"factor": 10})
        >>> scale(np.array([[1.0, 2.0]])).numpy()
        array([[10., 20.]], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Structure = None,
        arguments: dict[str, Any] | None = None,
        **options: Unpack[LayerOptions],
    ):
        super().__init__(**options)
        if not callable(function):
            raise ValueError(f"`function` must be a function of tensors, got {function!r}")
        self.function: Op = function
        self.output_shape: Any = output_shape
        self.mask: Structure = mask
        self.arguments: dict[str, Any] = arguments or {}

    def call(self, inputs: TensorLike) -> Any:
        outputs = self.function(inputs, **self.arguments)
        if self.output_shape is not None:
            self.check_shapes(tree.map(lambda x: tuple(x.shape), inputs), outputs)
        return outputs

    def check_shapes(self, input_shape: Structure, outputs: Structure) -> None:
        """Raise ValueError, with both shapes, if the function does not give `output_shape`.

        Args:
            input_shape: Shape of the inputs, or shapes in their structure.
            outputs: What the function gave: a tensor, or several.
        """
        given = self.output_shape
        given = given(input_shape) if callable(given) else tree.map_shapes(whole_shape, given)
        promised: list[Any] = []
        tree.map_shapes(promised.append, given)
        found = [tuple(ops.shape(output)) for output in tree.flatten(outputs)]
        sizes = [
            pair for pair in zip(promised, found, strict=False) if len(pair[0]) == len(pair[1])
        ]
        agree = all(n in (None, m) for pair in sizes for n, m in zip(*pair, strict=True))
        fits = len(promised) == len(found) == len(sizes) and agree
        if not fits:
            raise ValueError(
                f"{self._title}: its function gives {list(map(batched, found))!r:.80}, but its "
                f"`output_shape` says {list(map(batched, promised))!r:.80}. Leave out "
                "`output_shape`: the function tells it."
            )

    def compute_mask(self, inputs: TensorLike, mask: Structure = None) -> Any:
        """The mask given by the argument `mask` of the constructor."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> NoReturn:
        """Raises ValueError: write a subclass of Layer to save a model."""
        raise ValueError(
            f"the Lambda layer {self.name!r} cannot be saved or cloned: a function has no "
            "serialized form. Write a subclass of Layer with this `call`, and mark it with "
            "@register_keras_serializable()."
        )


def whole_shape(shape: Shape) -> Shape:
    """A shape with a batch axis of any size before it."""
    return (None, *shape)


def batched(shape: Shape) -> Shape:
    """A shape as errors show it, with None for the batch."""
    return (None, *shape[1:])


def check_known(size: int | None, layer: Layer) -> int:
    """Return a size needed for weights; raise ValueError, naming the layer, if it is unknown."""
    if not isinstance(size, int):
        raise ValueError(
            f"{layer._title} needs the last axis of its input (or the one it works on) to make its "
            f"weights, but its size is {size}. Give one Input with a full shape."
        )
    return size


def check_last(data_format: LastFormat) -> LastFormat:
    """Raise ValueError unless channels come last."""
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"`data_format` must be one of None, 'channels_last', got {data_format!r:.80}. Move "
            "the channels to the end before, such as by layers.Permute((1, 3, 4, 2))"
        )
    return data_format


def in_channels_last(call: Call) -> Call:
    """Let a `call` that is written for channels last serve layers with channels first, too."""

    def wrapper(self: Any, inputs: TensorLike, *args: Any, **kwargs: Any) -> Any:
        outermost = type(self).call is as_declared  # a `super().call` has them last already
        if self.data_format != "channels_first" or not outermost:
            return call(self, inputs, *args, **kwargs)
        lengths = range(2, self.rank + 2)
        outputs = call(self, ops.transpose(inputs, (0, *lengths, 1)), *args, **kwargs)
        if len(outputs.shape) < self.rank + 2:  # nothing but channels is left
            return outputs
        return ops.transpose(outputs, (0, -1, *range(1, self.rank + 1)))

    as_declared: Any = wraps(call)(wrapper)
    return as_declared


class Spatial(Layer):
    """A layer over lines, images or volumes: (batch, *lengths, channels), with `rank` lengths.

    Args:
        data_format: Which axis of inputs and outputs holds the channels: "channels_last" or
            "channels_first"; None (default) means "channels_last".
    """

    rank: int

    def __init_subclass__(cls, **options: Any) -> None:
        for name in {"call"} & vars(cls).keys():
            setattr(cls, name, in_channels_last(vars(cls)[name]))
        super().__init_subclass__(**options)

    def __init__(self, data_format: DataFormat = None, **options: Any):
        super().__init__(**options)
        formats = None, "channels_last", "channels_first"
        self.data_format: DataFormat = check_choice(data_format, formats, "data_format")
        self.input_spec: Any = InputSpec(ndim=self.rank + 2)

    @property
    def channel_axis(self) -> int:
        """The axis that holds the channels."""
        return 1 if self.data_format == "channels_first" else -1
