"""Constraints: rules that weights keep, applied after each step of an optimizer.

    layers.Dense(10, kernel_constraint="non_neg")

A step moves a weight wherever its gradient leads; then its constraint moves it back to the nearest
allowed value, or near it. Weights that are assigned or loaded are left as they are.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias, overload

from . import ops
from .core import registry
from .core.checks import check_numbers
from .core.registry import deserialize, serialize
from .core.tensor import Tensor, Variable, as_array, quietly
from .core.types import Array, Axis, Config, TensorLike


class Constraint(registry.Configurable):
    """The base of constraints: a subclass defines `__call__(w)`, which returns allowed values.

    Example:
        >>> class Clip(keras.constraints.Constraint):
        ...     def __init__(self, limit):
        ...         self.limit = limit
        ...     def __call__(self, w):
        ...         return keras.ops.clip(w, -self.limit, self.limit)
        >>> layer = keras.layers.Dense(1, kernel_constraint=Clip(0.5), kernel_initializer="ones")
        >>> layer.build((None, 2))
        >>> keras.optimizers.SGD(1.0).apply([np.array([[0.2], [3.0]])], [layer.kernel])
        >>> layer.kernel.numpy().ravel()  # without the constraint: 0.8 and -2
        array([ 0.5, -0.5], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, w)")


# A name, a config, a class, a constraint, or a function array -> array.
ConstraintLike: TypeAlias = str | Config | type[Constraint] | Constraint | Callable[..., Any] | None


@registry.register(group="constraint")
class NonNeg(Constraint):
    """No element is negative.

        max(w, 0)

    Example:
        >>> keras.constraints.NonNeg()(np.array([-2.0, 3.0])).numpy()
        array([0., 3.])
    """

    def __call__(self, w: TensorLike) -> Tensor:
        return ops.maximum(w, 0)


@registry.register(group="constraint")
class MinMaxNorm(Constraint):
    """The length of each vector along `axis` stays within bounds.

        w * ((1 - rate) + rate * clip(norm, min_value, max_value) / norm)

    A vector of zeros has no direction, and stays as it is.

    Args:
        min_value: Smallest length, a number of at least 0 (default 0.0).
        max_value: Largest length, a number of at least `min_value` (default 1.0).
        rate: How much of the way to the bounds is made in a step, from 0 to 1 (default 1.0: all).
        axis: Axis, or tuple of axes, along which the vectors lie (default 0: one vector of inputs
            for each unit of a dense layer); (0, 1, 2) means the filters of an image.
    Raises ValueError for numbers outside these ranges.
    Example:
        >>> rule = keras.constraints.MinMaxNorm(min_value=0.5, max_value=2.0)
        >>> rule(np.array([[3.0, 0.3, 1.0], [4.0, 0.0, 0.0]])).numpy()
        array([[1.2, 0.5, 1. ],
               [1.6, 0. , 0. ]])
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
    ):
        check_numbers(least=0, min_value=min_value)
        check_numbers(least=min_value, max_value=max_value)
        check_numbers(least=0, most=1, rate=rate)
        self.min_value: float = min_value
        self.max_value: float = max_value
        self.rate: float = rate
        self.axis: Axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        return rescaled(w, self.axis, self.min_value, self.max_value, self.rate)


@registry.register(group="constraint")
class MaxNorm(Constraint):
    """No vector along `axis` is longer than `max_value`.

        w * min(1, max_value / norm)

    Args:
        max_value: Largest length, a number of at least 0 (default 2).
        axis: Axis, or tuple of axes, along which the vectors lie (default 0: one vector of inputs
            for each unit of a dense layer); (0, 1, 2) means the filters of an image.
    Raises ValueError for a negative `max_value`.
    Source: Srebro and Shraibman (2005).
    Example:
        >>> keras.constraints.MaxNorm(max_value=1)(np.array([[3.0, 0.3], [4.0, 0.4]])).numpy()
        array([[0.6, 0.3],
               [0.8, 0.4]])
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0):
        check_numbers(least=0, max_value=max_value)
        self.max_value: float = max_value
        self.axis: Axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        return rescaled(w, self.axis, 0, self.max_value)


@registry.register(group="constraint")
class UnitNorm(Constraint):
    """Every vector along `axis` has length 1.

        w / norm

    A vector of zeros has no direction, and stays as it is.

    Args:
        axis: Axis, or tuple of axes, along which the vectors lie (default 0: one vector of inputs
            for each unit of a dense layer); (0, 1, 2) means the filters of an image.
    Example:
        >>> keras.constraints.UnitNorm()(np.array([[3.0], [4.0]])).numpy()
        array([[0.6],
               [0.8]])
    """

    def __init__(self, axis: Axis = 0):
        self.axis: Axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        return rescaled(w, self.axis, 1, 1)


def rescaled(w: TensorLike, axis: Axis, least: float, most: float, rate: float = 1) -> Tensor:
    """The vectors along `axis`, with lengths from `least` to `most`; zeros stay zeros."""
    axis = tuple(axis) if isinstance(axis, list) else axis  # as a config has it
    largest = ops.max(ops.abs(w), axis, True)
    direction = w / ops.where(largest > 0, largest, 1)  # no square overflows, or becomes 0
    length = ops.norm(direction, axis=axis, keepdims=True)
    norm = largest * length
    wanted = (1 - rate) * norm + rate * ops.clip(norm, least, most)
    moved = direction * (wanted / ops.maximum(length, 1))
    return ops.where(ops.equal(wanted, norm), w, moved)  # what is within the bounds keeps its bits


max_norm: Final = MaxNorm
min_max_norm: Final = MinMaxNorm
non_neg: Final = NonNeg
unit_norm: Final = UnitNorm


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: ConstraintLike) -> Callable[[Any], Any]: ...
def get(identifier: ConstraintLike) -> Callable[[Any], Any] | None:
    """A constraint from a name, a class, a config, an instance or a function; None gives None.

    Args:
        identifier: A name such as "non_neg", a class, a config, a constraint, a function or None.
    Raises ValueError for an unknown name, or anything else.
    Example:
        >>> keras.constraints.get("non_neg")(np.array([-1.0])).numpy()
        array([0.])
    """
    return registry.get("constraint", identifier, Constraint)


def constrained(array: Array, variable: Variable) -> Array:
    """The new value of a variable, a fresh array, moved to where its constraint allows."""
    if variable.constraint is None:
        return array
    try:
        with quietly():
            allowed = as_array(variable.constraint(Tensor(array)))
    except Exception as error:
        error.add_note(f"in the constraint of variable {variable.name!r} of shape {array.shape}")
        raise
    if getattr(allowed, "shape", None) != array.shape:
        raise ValueError(
            f"the constraint of variable {variable.name!r} must return an array of its shape "
            f"{array.shape}, got {getattr(allowed, 'shape', allowed)!r:.80}"
        )
    return allowed.astype(array.dtype)


# fmt: off
__all__ = [
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "max_norm",
    "min_max_norm", "non_neg", "serialize", "unit_norm",
]
# fmt: on
