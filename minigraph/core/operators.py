"""The operators of Python, such as `a + b`, on tensors and symbols: which op each of them calls."""

from collections.abc import Callable
from typing import Any

from .types import TensorLike

# The ops by name. Operators find them here, because the files of `ops/` come later; so do files of
# models.
OPS: dict[str, Callable[..., Any]] = {}


class Operators:
    """The operators of tensors and symbols: each calls the op of that name.

    `==` is not among them: tensors compare by identity, so that they can be keys of a dict. For
    comparing elements there is `ops.equal`.
    """

    __slots__ = ()
    __array_priority__ = 1000  # makes `array + tensor` call the tensor's operator

    # fmt: off
    def __add__(self, other: TensorLike) -> Any: return OPS["add"](self, other)
    def __radd__(self, other: TensorLike) -> Any: return OPS["add"](other, self)
    def __sub__(self, other: TensorLike) -> Any: return OPS["subtract"](self, other)
    def __rsub__(self, other: TensorLike) -> Any: return OPS["subtract"](other, self)
    def __mul__(self, other: TensorLike) -> Any: return OPS["multiply"](self, other)
    def __rmul__(self, other: TensorLike) -> Any: return OPS["multiply"](other, self)
    def __truediv__(self, other: TensorLike) -> Any: return OPS["divide"](self, other)
    def __rtruediv__(self, other: TensorLike) -> Any: return OPS["divide"](other, self)
    def __floordiv__(self, other: TensorLike) -> Any: return OPS["floor_divide"](self, other)
    def __rfloordiv__(self, other: TensorLike) -> Any: return OPS["floor_divide"](other, self)
    def __mod__(self, other: TensorLike) -> Any: return OPS["mod"](self, other)
    def __rmod__(self, other: TensorLike) -> Any: return OPS["mod"](other, self)
    def __pow__(self, other: TensorLike) -> Any: return OPS["power"](self, other)
    def __rpow__(self, other: TensorLike) -> Any: return OPS["power"](other, self)
    def __matmul__(self, other: TensorLike) -> Any: return OPS["matmul"](self, other)
    def __rmatmul__(self, other: TensorLike) -> Any: return OPS["matmul"](other, self)
    def __lt__(self, other: TensorLike) -> Any: return OPS["less"](self, other)
    def __le__(self, other: TensorLike) -> Any: return OPS["less_equal"](self, other)
    def __gt__(self, other: TensorLike) -> Any: return OPS["greater"](self, other)
    def __ge__(self, other: TensorLike) -> Any: return OPS["greater_equal"](self, other)
    def __neg__(self) -> Any: return OPS["negative"](self)
    def __abs__(self) -> Any: return OPS["abs"](self)
    def __getitem__(self, key: Any) -> Any: return OPS["getitem"](self, key=key)
    # fmt: on
