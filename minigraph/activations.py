"""Activations by name: the element-wise functions that stand between layers."""

from . import registry
from .ops.basic import identity
from .ops.nn import relu, sigmoid, softmax, tanh


def linear(x):
    """x itself."""
    return identity(x)


FUNCTIONS = {fn.__name__: fn for fn in (relu, sigmoid, tanh, softmax, linear)}
for _fn in FUNCTIONS.values():
    registry.register(_fn, group="activation")


def get(identifier):
    """An activation from its name or a function; None means `linear`."""
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    if isinstance(identifier, str):
        return registry.lookup("activation", identifier)
    raise ValueError(f"activation must be a name or a function, got {identifier!r}")
