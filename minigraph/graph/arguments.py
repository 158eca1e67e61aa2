"""The arguments of a layer's call: inputs, `training` and `mask`."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .. import ops
from ..core.context import context
from ..core.device import is_array, to_array
from ..core.tensor import Tensor
from ..core.types import TensorLike
from .tracking import HoldsWeights

if TYPE_CHECKING:
    from .layer import Layer

Positional: TypeAlias = tuple[Any, ...]  # the arguments of a call that are given by position
Arguments: TypeAlias = tuple[Positional, dict[str, Any]]  # (args, kwargs) of a call


class CallSignature:
    """The positions of `training` and `mask` in the signature of a class's `call`, if it has them.

    It is read once for each class: binding it at each call would cost a third of a small step.
    """

    def __init__(self, call: Callable[..., Any]):
        names = list(inspect.signature(call).parameters)[1:]
        self.first: str | None = names[0] if names else None
        self.training: int | None = names.index("training") if "training" in names else None
        self.mask: int | None = names.index("mask") if "mask" in names else None
        self.reads_masks: bool = self.mask is not None or "query_mask" in names
        self.is_plain: bool = self.training is None and self.mask is None

    def first_by_position(self, args: Positional, kwargs: dict[str, Any], title: str) -> Arguments:
        """Move the first argument of `call`, if it was given by keyword, to its position."""
        if args:
            return args, dict(kwargs)
        if self.first not in kwargs:
            raise TypeError(f"{title} was called without inputs")
        kwargs = dict(kwargs)
        return (kwargs.pop(self.first),), kwargs

    def wants_mask(self, args: Positional, kwargs: dict[str, Any]) -> bool:
        """Return whether `call` takes a mask but was not given one."""
        by_keyword = self.mask is not None and len(args) <= self.mask
        return by_keyword and kwargs.get("mask") is None

    def settle_training(
        self, args: Positional, kwargs: dict[str, Any]
    ) -> tuple[Positional, bool | None]:
        """Decide whether this call trains: its own argument, else the enclosing call's, else None.

        The value is passed on if `call` wants it, and reaches the layers inside by the context.
        """
        index = len(args) if self.training is None else self.training
        by_position = index < len(args)
        given = args[index] if by_position else kwargs.pop("training", None)
        training = context.training if given is None else bool(given)
        if by_position:
            args = (*args[:index], bool(training), *args[index + 1 :])
        elif self.training is not None:
            kwargs["training"] = bool(training)
        return args, training

    def without_training(self, args: Positional, kwargs: dict[str, Any]) -> Arguments:
        """The arguments of a call without `training`."""
        index = self.training
        if index is not None and index < len(args):
            args = (*args[:index], None, *args[index + 1 :])
        return args, {name: value for name, value in kwargs.items() if name != "training"}


def is_tensor(value: Any) -> bool:
    """Return whether a value is a tensor, or an array on this or another device."""
    return isinstance(value, Tensor) or is_array(value)


def to_tensor(value: Any) -> Any:
    """Turn arrays into tensors and leave all else; TypeError for an array that is not numeric."""
    plain = is_tensor(value) and not isinstance(value, Tensor)
    return Tensor(to_array(value)) if plain else value


def to_input(value: TensorLike, layer: "Layer") -> Any:
    """An input of a layer as a tensor, cast to the layer's float type."""
    if not is_tensor(value):
        found, hint = f"{value!r:.100}", "Wrap numbers in np.array([...])"
        if isinstance(value, HoldsWeights):
            found, hint = "a layer that has not been called", "Call it first"
        kind = type(value).__name__
        raise ValueError(f"{layer._title} takes tensors and arrays, got {found} ({kind}). {hint}.")
    try:
        tensor = to_tensor(value)
    except TypeError as error:
        raise TypeError(f"{layer._title}: {error}") from None
    same = tensor.value.dtype == layer._dtype or not layer.casts_inputs  # reading `.name` is slow
    return tensor if same else ops.cast(tensor, layer.dtype)


def needs_no_change(inputs: Any, dtype: np.dtype) -> bool:
    """Return whether inputs are a tensor or a list of tensors, with nothing to cast and no mask."""
    if type(inputs) is list:
        return all(needs_no_change(x, dtype) for x in inputs)
    return type(inputs) is Tensor and inputs.mask is None and inputs.value.dtype == dtype
