"""Regularizers: a penalty on weights or outputs, added to the loss."""

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, overload

from . import ops
from .core import registry
from .core.checks import check_choice, check_numbers
from .core.registry import deserialize, serialize
from .core.tensor import Tensor
from .core.types import Config, TensorLike


class Regularizer(registry.Configurable):
    """The base of regularizers: a subclass defines `__call__(x)`, which returns a scalar."""

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, x)")


# A name, a config, a class, a regularizer, or a function array -> number.
RegularizerLike: TypeAlias = (
    str | Config | type[Regularizer] | Regularizer | Callable[..., Any] | None
)


@registry.register(group="regularizer", spelled="l1_l2")
class L1L2(Regularizer):
    """Both penalties at once: on the absolute value and on the square of each element.

        l1 * sum |x| + l2 * sum x^2

    Args:
        l1: Factor of the sum of |x|, a number of at least 0 (default 0.0).
        l2: Factor of the sum of x^2, a number of at least 0 (default 0.0).
    Raises ValueError for a negative factor.
    Source: Zou and Hastie (2005).
    Example:
        >>> keras.regularizers.L1L2(l1=1.0, l2=10.0)([1.0, -2.0]).numpy().item()  # 1 * 3 + 10 * 5
        53.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        check_numbers(least=0, l1=l1, l2=l2)
        self.l1: float = float(l1)
        self.l2: float = float(l2)

    def __call__(self, x: TensorLike) -> Tensor:
        terms = [(self.l1, ops.absolute), (self.l2, ops.square)]
        parts = [factor * ops.reduce_sum(size(x)) for factor, size in terms if factor]
        return ops.convert_to_tensor(sum(parts) if parts else 0.0)


@registry.register(group="regularizer")
class L1(L1L2):
    """A penalty on the absolute value of each element, which drives small weights to 0.

        l1 * sum |x|

    Args:
        l1: Factor of the sum of |x|, a number of at least 0 (default 0.01).
    Raises ValueError for a negative factor.
    Source: Tibshirani (1996).
    Example:
        >>> keras.regularizers.L1(0.5)([1.0, -2.0]).numpy().item()
        1.5
    """

    def __init__(self, l1: float = 0.01):
        super().__init__(l1=l1)


@registry.register(group="regularizer")
class L2(L1L2):
    """A penalty on the square of each element (without a factor 1/2), which keeps weights small.

        l2 * sum x^2

    Args:
        l2: Factor of the sum of x^2, a number of at least 0 (default 0.01).
    Raises ValueError for a negative factor.
    Source: Hoerl and Kennard (1970).
    Example:
        >>> keras.regularizers.L2(0.5)([1.0, -2.0]).numpy().item()
        2.5
    """

    def __init__(self, l2: float = 0.01):
        super().__init__(l2=l2)


@registry.register(group="regularizer")
class OrthogonalRegularizer(Regularizer):
    """A penalty on rows (or columns) of a matrix that are not orthogonal to each other.

        factor * mean |cosine| between the rows

    Args:
        factor: Factor of the penalty, a number of at least 0 (default 0.01).
        mode: Whether the "rows" (default) or the "columns" of the matrix are compared.
    Raises ValueError if `mode` is neither "rows" nor "columns", or if x is not a matrix.
    Example:
        >>> penalty = keras.regularizers.OrthogonalRegularizer(factor=1.0)
        >>> penalty(keras.ops.eye(2)).numpy().item()  # rows at right angles
        0.0
        >>> penalty(keras.ops.ones((2, 2))).numpy().round(3).item()  # rows of one direction
        1.0
    """

    def __init__(self, factor: float = 0.01, mode: Literal["rows", "columns"] = "rows"):
        check_choice(mode, ("rows", "columns"), "mode")
        check_numbers(least=0, factor=factor)
        self.factor: float = factor
        self.mode: Literal["rows", "columns"] = mode

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer takes a matrix, got shape {x.shape}")
        unit = ops.normalize(x if self.mode == "rows" else ops.transpose(x))
        count = unit.shape[0]
        cosines = (unit @ ops.transpose(unit)) * (1 - ops.eye(count, dtype=unit.dtype))
        return self.factor * ops.reduce_sum(ops.absolute(cosines)) / max(count * (count - 1), 1)


l1: Final = L1
l2: Final = L2
l1_l2: Final = L1L2
orthogonal_regularizer: Final = OrthogonalRegularizer


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: RegularizerLike) -> Callable[[Any], Any]: ...
def get(identifier: RegularizerLike) -> Callable[[Any], Any] | None:
    """A regularizer from a name, a class, a config, an instance or a function; None gives None.

    Args:
        identifier: A name such as "l2", a class, a config, a regularizer, a function or None.
    Raises ValueError for an unknown name, or anything else.
    Example:
        >>> keras.regularizers.get("l2")([10.0]).numpy().item()
        1.0
    """
    return registry.get("regularizer", identifier, Regularizer)


# fmt: off
__all__ = [
    "L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "l1", "l1_l2",
    "l2", "orthogonal_regularizer", "serialize",
]
# fmt: on
