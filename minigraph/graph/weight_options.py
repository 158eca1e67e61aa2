"""The arguments that a weight brings to a layer: `kernel_initializer` and its like."""

from typing import TYPE_CHECKING, Any

from .. import constraints, initializers, regularizers
from ..constraints import ConstraintLike
from ..core.tensor import Variable

if TYPE_CHECKING:
    from .layer import Layer

KINDS: dict[str, Any] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}


def weight_options(weight_defaults: dict[str, Any]) -> dict[str, Any]:
    """The arguments of all weights with their defaults; each weight comes with its initializer."""
    return {
        f"{weight}_{kind}": start if kind == "initializer" else None
        for weight, start in weight_defaults.items()
        for kind in KINDS
    }


def take_weight_options(layer: "Layer", settings: dict[str, Any]) -> None:
    """Move these arguments from `settings` to attributes of the layer, as objects."""
    for option, default in weight_options(layer.weight_defaults).items():
        kind = KINDS[option.rpartition("_")[2]]
        setattr(layer, option, kind.get(settings.pop(option, default)))


def constrain(variable: Variable, constraint: ConstraintLike, layer: "Layer") -> None:
    """Give a new weight its constraint, or the one that the layer names for it.

    Raises ValueError for one that would never be applied, as no optimizer moves the weight.
    """
    if constraint is None:
        constraint = getattr(layer, f"{variable.name}_constraint", None)
    variable.constraint = constraints.get(constraint)
    if variable.constraint is not None and not variable.learnable:
        raise ValueError(
            f"{layer._title}: its weight {variable.name!r} is not trained, and a constraint is "
            "applied after the step of an optimizer. Leave it out."
        )
