"""Activations by name: the functions between the layers."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from .core import module_names, registry
from . import ops
from .ops import nn
from .ops.nn import (
    elu,
    gelu,
    hard_sigmoid,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from .core.tensor import OPS
from .core.types import Op, TensorLike

ActivationLike: TypeAlias = str | Callable[..., Any] | None  # a name or a function; None: linear


def linear(x: TensorLike) -> Any:
    """The identity: x.

    Args:
        x: Tensor of any shape.
    Example:
        >>> keras.activations.linear([-1.0, 2.0]).numpy()
        array([-1.,  2.], dtype=float32)
    """
    return ops.identity(x)


def exponential(x: TensorLike) -> Any:
    """The exponential: e^x.

    Args:
        x: Tensor of any shape.
    Example:
        >>> keras.activations.exponential([0.0, 1.0]).numpy().round(3)
        array([1.   , 2.718], dtype=float32)
    """
    return ops.exp(x)


swish = silu
# The names by which ops with a fused activation know these.
FUSABLE: dict[Op, Any] = {linear: None, **nn.FUSABLE}
FUNCTIONS = {
    fn.__name__: fn
    for fn in (elu, exponential, gelu, hard_sigmoid, leaky_relu, linear, log_softmax, relu)
    + (relu6, selu, sigmoid, silu, softmax, softplus, softsign, tanh)
}
for _fn in FUNCTIONS.values():
    registry.register(_fn, group="activation")
registry.register(silu, group="activation", aliases=("swish",))


def get(identifier: ActivationLike) -> Callable[..., Any]:
    """An activation from a function or its name; None means `linear`.

    Args:
        identifier: A function, None, or a name: of an activation, of an op of one array such as
            "exp", or of a custom function that is registered or given as a custom object.
    Raises ValueError for any other.
    Example:
        >>> keras.activations.get("relu")([-1.0, 2.0]).numpy()
        array([0., 2.], dtype=float32)
        >>> keras.activations.get(None) is keras.activations.linear
        True
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        op = OPS.get(identifier)
        if identifier not in FUNCTIONS and op is not None and takes_one_array(op):
            return op
        return registry.lookup("activation", identifier)
    if callable(identifier) and not inspect.isclass(identifier):
        return identifier
    hint = ": give an object of that class" if inspect.isclass(identifier) else ""
    raise ValueError(f"activation must be a name or a function, got {identifier!r}{hint}")


def takes_one_array(op: Callable[..., Any]) -> bool:
    """Return whether an op can be called with a single array and nothing else.

    Args:
        op: A function of arrays.
    """
    parameters = inspect.signature(op).parameters.values()
    needed = [p for p in parameters if p.default is inspect.Parameter.empty]
    return [p.kind for p in needed] == [inspect.Parameter.POSITIONAL_ONLY]


# fmt: off
__all__ = [
    "elu", "exponential", "gelu", "get", "hard_sigmoid", "leaky_relu", "linear", "log_softmax",
    "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh",
]
# fmt: on

if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
