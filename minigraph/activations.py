"""Activations by name: the element-wise functions that stand between layers."""

from . import registry
from .ops import basic
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


def linear(x):
    """x itself."""
    return basic.identity(x)


def exponential(x):
    """e^x"""
    return basic.exp(x)


swish = silu
for _fn in [elu, exponential, gelu, hard_sigmoid, leaky_relu, linear, log_softmax, relu, relu6]:
    registry.register(_fn, group="activation")
for _fn in [selu, sigmoid, softmax, softplus, softsign, tanh]:
    registry.register(_fn, group="activation")
registry.register(silu, group="activation", aliases=("swish",))


def get(identifier):
    """An activation from its name or a function; None means `linear`."""
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    if isinstance(identifier, str):
        return registry.lookup("activation", identifier)
    raise ValueError(f"activation must be a name or a function, got {identifier!r}")
