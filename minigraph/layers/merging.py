"""Layers that merge several tensors into one."""

import inspect
import typing
from collections.abc import Callable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Unpack

from .. import ops
from ..core.device import array_module
from ..core.docstrings import read_arguments, with_arguments
from ..core.types import Op, Structure, TensorLike
from ..graph.layer import Layer, LayerOptions, ModelOptions
from ..graph.masks import combine_masks, passes_masks_only
from ..ops.arrays import check_axis

P = ParamSpec("P")


class Merge(Layer):
    """The base of layers that take a list of at least two tensors.

    A subclass names the op that combines two of them; shapes broadcast as in NumPy, without the
    batch axis. Raises ValueError, with both shapes, where they do not fit.
    """

    combine: Op
    exactly_two: bool = False
    supports_masking = True

    if TYPE_CHECKING:  # `Layer` takes more, for layers with weights

        def __init__(self, name: str | None = None, **options: Unpack[ModelOptions]): ...

    def build(self, input_shape: Structure) -> None:
        shapes = input_shape if isinstance(input_shape, (list, tuple)) else [input_shape]
        if len(shapes) < 2 or not all(isinstance(shape, tuple) for shape in shapes):
            raise ValueError(
                f"{self._title} merges a list of at least 2 tensors, but it was called on one of "
                f"shape {input_shape}"
            )
        if self.exactly_two and len(shapes) != 2:
            raise ValueError(f"{self._title} takes exactly 2 inputs, got {len(shapes)}")

    def call(self, inputs: Sequence[TensorLike]) -> Any:
        rank = max(x.ndim for x in inputs)
        return reduce(self.merge, [align(x, rank) for x in inputs])

    def merge(self, a: TensorLike, b: TensorLike) -> Any:
        """Merge two tensors of equal rank into one.

        Args:
            a: Tensor, aligned with b.
            b: Tensor of the same rank.
        """
        try:
            return type(self).combine(a, b)
        except ValueError:
            raise ValueError(
                f"shapes {a.shape} and {b.shape} cannot be merged by {type(self).__name__}: sizes "
                f"must be equal, or 1, in every axis. {self.advice(a.shape, b.shape)}"
            ) from None

    @staticmethod
    def advice(a: tuple[int, ...], b: tuple[int, ...]) -> str:
        """Advice on how to make two shapes compatible.

        Args:
            a: Shape of the first tensor.
            b: Shape of the second.
        """
        if a[-1] != b[-1]:
            return "A Dense layer, or a convolution of size 1, makes their last axes equal."
        return 'A convolution or pooling with padding="same" keeps the other sizes.'

    @passes_masks_only
    def compute_mask(self, inputs: Sequence[TensorLike], mask: Structure = None) -> Any:
        """The combined mask: a step counts if it counts in every input."""
        return combine_masks(mask)


def align(x: TensorLike, rank: int) -> Any:
    """Insert axes of size 1 after the batch axis, so that all inputs have the same rank."""
    missing = rank - x.ndim
    return ops.reshape(x, (x.shape[0], *[1] * missing, *x.shape[1:])) if missing else x


class Add(Merge):
    """The sum of the inputs, element by element.

        y = a + b + ...

    Shapes: a list of (batch, ...) that broadcast -> (batch, ...).
    Raises ValueError, with both shapes, where they do not fit, and for fewer than two inputs.
    Example:
        >>> a, b = np.array([[1.0, 5.0]]), np.array([[3.0, 2.0]])
        >>> keras.layers.Add()([a, b]).numpy()  # or keras.layers.add([a, b])
        array([[4., 7.]], dtype=float32)
    """

    combine: Op = staticmethod(ops.add)


class Subtract(Merge):
    """The difference of two inputs, element by element.

        y = a - b

    Shapes: a list of two (batch, ...) that broadcast -> (batch, ...).
    Raises ValueError for another number of inputs, and where the shapes do not fit.
    Example:
        >>> a, b = np.array([[1.0, 5.0]]), np.array([[3.0, 2.0]])
        >>> keras.layers.Subtract()([a, b]).numpy()  # or keras.layers.subtract([a, b])
        array([[-2.,  3.]], dtype=float32)
    """

    combine: Op = staticmethod(ops.subtract)
    exactly_two = True


class Multiply(Merge):
    """The product of the inputs, element by element.

        y = a * b * ...

    Shapes: a list of (batch, ...) that broadcast -> (batch, ...).
    Raises ValueError, with both shapes, where they do not fit, and for fewer than two inputs.
    Example:
        >>> a, b = np.array([[1.0, 5.0]]), np.array([[3.0, 2.0]])
        >>> keras.layers.Multiply()([a, b]).numpy()  # or keras.layers.multiply([a, b])
        array([[ 3., 10.]], dtype=float32)
    """

    combine: Op = staticmethod(ops.multiply)


class Average(Add):
    """The mean of n inputs, element by element.

        y = (a + b + ...) / n

    Shapes: a list of (batch, ...) that broadcast -> (batch, ...).
    Raises ValueError, with both shapes, where they do not fit, and for fewer than two inputs.
    Example:
        >>> a, b = np.array([[1.0, 5.0]]), np.array([[3.0, 2.0]])
        >>> keras.layers.Average()([a, b]).numpy()  # or keras.layers.average([a, b])
        array([[2. , 3.5]], dtype=float32)
    """

    def call(self, inputs: Sequence[TensorLike]) -> Any:
        return super().call(inputs) / len(inputs)


class Maximum(Merge):
    """The largest of the inputs, element by element.

        y = max(a, b, ...)

    Shapes: a list of (batch, ...) that broadcast -> (batch, ...).
    Raises ValueError, with both shapes, where they do not fit, and for fewer than two inputs.
    Example:
        >>> a, b = np.array([[1.0, 5.0]]), np.array([[3.0, 2.0]])
        >>> keras.layers.Maximum()([a, b]).numpy()  # or keras.layers.maximum([a, b])
        array([[3., 5.]], dtype=float32)
    """

    combine: Op = staticmethod(ops.maximum)


class Minimum(Merge):
    """The smallest of the inputs, element by element.

        y = min(a, b, ...)

    Shapes: a list of (batch, ...) that broadcast -> (batch, ...).
    Raises ValueError, with both shapes, where they do not fit, and for fewer than two inputs.
    Example:
        >>> a, b = np.array([[1.0, 5.0]]), np.array([[3.0, 2.0]])
        >>> keras.layers.Minimum()([a, b]).numpy()  # or keras.layers.minimum([a, b])
        array([[1., 2.]], dtype=float32)
    """

    combine: Op = staticmethod(ops.minimum)


class Dot(Merge):
    """Products of two inputs summed over one axis of each, sample by sample.

        y[i, j] = sum over n of a[i, n] * b[j, n]    for two inputs of rank 3 and axes=2

    Shapes: (batch, ..., n, ...), (batch, ..., n, ...) -> (batch, the other axes of both), or
    (batch, 1) for two vectors.
    Args:
        axes: Axis to sum over, or a pair: the axis of a and that of b; the batch is axis 0.
        normalize: Whether the vectors along these axes are first normalised to length 1: the result
            is their cosine similarity (default False).
    Raises ValueError if the axes are not integers, if one is the batch, or if the sizes differ.
    Example:
        >>> a, b = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
        >>> keras.layers.Dot(axes=1)([a, b]).numpy()  # or keras.layers.dot([a, b], axes=1)
        array([[11.]], dtype=float32)
        >>> keras.layers.Dot(axes=1, normalize=True)([a, 2 * a]).numpy().round(3)
        array([[1.]], dtype=float32)
    """

    exactly_two = True

    def __init__(
        self,
        axes: int | tuple[int, int] | list[int],
        normalize: bool = False,
        **options: Unpack[LayerOptions],
    ):
        super().__init__(**options)
        pair = list(axes) if isinstance(axes, (list, tuple)) else [axes, axes]
        if len(pair) != 2 or not all(type(a) is int and a != 0 for a in pair):
            raise ValueError(f"`axes` must be an axis, or two, other than the batch; got {axes!r}")
        self.axes: int | tuple[int, int] | list[int] = axes
        self.normalize: bool = normalize

    def call(self, inputs: Sequence[TensorLike]) -> Any:
        axes = self.axes if isinstance(self.axes, (list, tuple)) else (self.axes, self.axes)
        names = ["b" + "ijklm"[: inputs[0].ndim - 1], "b" + "pqrst"[: inputs[1].ndim - 1]]
        for x, axis in zip(inputs, axes, strict=True):
            check_axis(axis, x.ndim, f"Dot in layer {self.name!r}")
        sizes = [x.shape[axis] for x, axis in zip(inputs, axes, strict=True)]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"Dot sums over axes {axes} of shapes {inputs[0].shape} and {inputs[1].shape}, but "
                f"their sizes {sizes[0]} and {sizes[1]} differ"
            )
        if self.normalize:
            inputs = [ops.normalize(x, axis) for x, axis in zip(inputs, axes, strict=True)]
        first, second = names[0][axes[0]], names[1][axes[1]]
        names[1] = names[1].replace(second, first)
        output = (names[0] + names[1][1:]).replace(first, "")
        y = ops.einsum(f"{names[0]},{names[1]}->{output}", *inputs)
        return ops.expand_dims(y, -1) if y.ndim == 1 else y

    @passes_masks_only
    def compute_mask(self, inputs: Sequence[TensorLike], mask: Structure = None) -> Any:
        """No mask: the output does not have the steps of the inputs."""


class Concatenate(Merge):
    """The inputs joined along one axis, the last by default.

    Shapes: a list of (batch, ..., n), (batch, ..., m), ... -> (batch, ..., n + m + ...).
    Args:
        axis: Axis along which the inputs are joined; the batch is axis 0 (default -1).
    Raises ValueError, with all shapes, where another axis differs, and for fewer than two inputs.
    Example:
        >>> a, b = np.array([[1.0, 2.0]]), np.array([[3.0]])
        >>> keras.layers.Concatenate()([a, b]).numpy()  # or keras.layers.concatenate([a, b])
        array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.axis: int = axis

    def call(self, inputs: Sequence[TensorLike]) -> Any:
        return ops.concatenate(inputs, axis=self.axis)

    @passes_masks_only
    def compute_mask(self, inputs: Sequence[TensorLike], mask: Structure = None) -> Any:
        """Masks joined over time, if that is the axis; else a step counts if all masks say so."""
        if mask is None or self.axis % inputs[0].ndim != 1:
            return combine_masks(mask)
        xp = array_module(inputs[0].value)
        pairs = zip(inputs, mask, strict=True)
        return xp.concatenate([xp.ones(x.shape[:2], bool) if m is None else m for x, m in pairs], 1)


def as_function(
    layer: Callable[P, Layer],
) -> Callable[typing.Concatenate[Sequence[TensorLike], P], Any]:
    """The lower-case form of a merge layer: `add(inputs)` is `Add()(inputs)`."""

    def merge(inputs: Sequence[TensorLike], *args: P.args, **options: P.kwargs) -> Any:
        return layer(*args, **options)(inputs)

    name, text = layer.__name__, layer.__doc__ or ""
    merge.__name__ = merge.__qualname__ = name.lower()
    first, *_ = inspect.signature(merge).parameters.values()
    taken = [first, *inspect.signature(layer).parameters.values()]
    vars(merge)["__signature__"] = inspect.Signature(taken)
    described = {"inputs": "List of the tensors to merge.", **read_arguments(text)}
    text = f"`{name}` as a function: {text[:1].lower()}{text[1:]}"
    merge.__doc__ = with_arguments(text, described)
    return merge


add: Final = as_function(Add)
subtract: Final = as_function(Subtract)
multiply: Final = as_function(Multiply)
average: Final = as_function(Average)
maximum: Final = as_function(Maximum)
minimum: Final = as_function(Minimum)
concatenate: Final = as_function(Concatenate)
dot: Final = as_function(Dot)
