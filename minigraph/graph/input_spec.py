"""The inputs that a layer accepts, and the errors for all others."""

from typing import Any, TypedDict

from ..core import tree
from ..core.context import context
from ..core.types import Shape, Structure
from .guards import check_shape

# The meaning of the axes of an input, by their number.
AXES = {
    2: "(batch, features)",
    3: "(batch, steps, features)",
    4: "(batch, rows, columns, channels)",
    5: "(batch, steps or depth, rows, columns, channels)",
}


class InputSpec:
    """What a layer accepts: an exact, minimum or maximum rank, and fixed sizes of some axes.

    Args:
        dtype: Accepted for compatibility with Keras, but not checked, as layers cast their inputs
            (default None).
        shape: The full shape, with None for an axis of any size; it sets `ndim` and `axes`. None
            (default) accepts any.
        ndim: Number of axes; None (default) accepts any.
        max_ndim: Maximum number of axes; None (default) sets no limit.
        min_ndim: Minimum number of axes; None (default) sets no limit.
        axes: Dict from an axis, which may be negative, to its size; None (default) accepts any
            sizes.
    Example:
        >>> spec = keras.layers.InputSpec(shape=(None, 28, 28))
        >>> print(spec.ndim, spec.axes)
        3 {1: 28, 2: 28}
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Shape | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
    ):
        self.dtype = dtype
        self.shape = shape
        self.ndim: int | None = ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes: dict[int, int | None] = dict(axes or {})
        if shape is not None:
            self.ndim = len(shape)
            self.axes |= {axis: size for axis, size in enumerate(shape) if size is not None}

    def __repr__(self) -> str:
        given = [f"{name}={value!r}" for name, value in vars(self).items() if value]
        return f"<InputSpec {', '.join(given)}>"

    def check(self, shape: Shape, layer_name: str, position: int = 0) -> None:
        """Raise ValueError, naming the layer and what was found, if `shape` does not fit.

        Args:
            shape: Shape of an input; an unknown size, None, fits any.
            layer_name: Name of the layer, for the error.
            position: Index of this input among those of the layer, for the error (default 0).
        """
        fault = self._fault(shape)
        if fault:
            shown = (None, *shape[1:]) if context.tracing is not None else tuple(shape)
            rule, advice = fault
            raise ValueError(
                f'Input {position} of layer "{layer_name}" is incompatible with the layer: '
                f"{rule}. Full shape received: {shown}. {advice}"
            )

    def _fault(self, shape: Shape) -> tuple[str, str] | None:
        """The rule that `shape` breaks, with advice, or None."""
        ndim = len(shape)
        if self.ndim is not None and ndim != self.ndim:
            return f"expected ndim={self.ndim}, found ndim={ndim}", reads(self.ndim, ndim)
        if self.min_ndim is not None and ndim < self.min_ndim:
            rule = f"expected min_ndim={self.min_ndim}, found ndim={ndim}"
            return rule, reads(self.min_ndim, ndim)
        if self.max_ndim is not None and ndim > self.max_ndim:
            rule = f"expected max_ndim={self.max_ndim}, found ndim={ndim}"
            return rule, reads(self.max_ndim, ndim)
        for axis, size in self.axes.items():
            if not -ndim <= axis < ndim:
                return f"expected axis {axis} to have size {size}, found ndim={ndim}", ""
            if shape[axis] not in (size, None):
                advice = "Its weights were made for that size, and all its calls share them."
                return f"expected axis {axis} to have size {size}, found size {shape[axis]}", advice
        return None


def reads(rank: int, found: int) -> str:
    """A sentence of advice: what the axes of a layer's input mean."""
    if (rank, found) == (2, 1):
        return "It expects (batch, features): single numbers go in as x[:, None]."
    return f"It expects {AXES.get(rank, f'{rank} axes')}: Reshape adds or removes axes."


def check_specs(specs: Structure, inputs: Structure, layer_name: str) -> None:
    """Raise ValueError if an input does not fit its `InputSpec` (None: anything fits)."""
    found, expected = tree.flatten(inputs), tree.flatten(specs)
    if specs is not None and len(found) != len(expected):
        raise ValueError(
            f'Layer "{layer_name}" expects {len(expected)} input(s), but it received {len(found)}, '
            f"of shapes {[tuple(x.shape) for x in found]!r:.200}. Call it on each, or join them "
            "first, as Concatenate does."
        )
    for position, (x, spec) in enumerate(zip(found, expected, strict=False)):
        if spec is not None:
            spec.check(x.shape, layer_name, position)


# ---------------------------------------------------------------------------------------------
# What a first layer says of its input, instead of an `Input` before it


class FirstShape(TypedDict, total=False):
    """The older keywords for the shape of the input, without the batch axis and with it."""

    input_shape: Shape
    batch_input_shape: Shape


FIRST_SHAPES = "input_shape", "input_dim", "batch_input_shape"


def take_first_shape(settings: dict[str, Any]) -> Shape | None:
    """Take the `FIRST_SHAPES` out of a layer's keywords; return the shape with the batch axis.

    Raises ValueError for a wrong shape, and if two of them are given.
    """
    given = {key: settings.pop(key) for key in FIRST_SHAPES if key in settings}
    given = {key: shape for key, shape in given.items() if shape is not None}
    if len(given) > 1:
        raise ValueError(f"give one of {' and '.join(given)}, since they say the same")
    for argument, shape in given.items():
        if argument == "batch_input_shape":
            return check_shape(shape, argument)
        return (None, *check_shape((shape,) if argument == "input_dim" else shape, argument))
    return None
