"""The variables, layers and metrics of an object, found by a walk over its attributes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..core import registry, tree
from ..core.interrupts import deferred_interrupts
from ..core.tensor import Variable
from ..core.types import TensorLike
from .guards import check_values

if TYPE_CHECKING:
    from .layer import Layer

T = TypeVar("T")

# The types of most attributes: skipping them makes a walk a quarter faster.
PLAIN: set[type[Any]] = {type(None), bool, int, float, str}


class HoldsWeights:
    """The properties and methods of a layer about its weights and the layers inside it.

    An attribute that holds a variable or a layer makes it a part of this layer, also within lists,
    tuples and dicts. `untracked` names the attributes that are not searched.
    """

    name: str
    built: bool
    untracked: frozenset[str] = frozenset()
    _trainable = True

    def _parts(self) -> list[Any]:
        """The variables, layers, metrics and the like that the attributes hold."""
        return parts_in(self)

    def _own_variables(self) -> list[Variable]:
        """This layer's variables, those that were made to be trained first."""
        return own_variables(self._parts())

    def _sublayers(self, parts: list[Any]) -> list[Any]:
        """The layers among what this one holds."""
        return unique(part for part in parts if isinstance(part, HoldsWeights))

    def _walk(self) -> "dict[Layer, list[Any]]":
        """This layer and all layers inside it, each once, outer ones first, with their parts."""
        found: dict[Any, list[Any]] = {}
        waiting: list[Any] = [self]
        while waiting:
            layer = waiting.pop()
            if layer not in found:
                found[layer] = layer._parts()
                waiting += reversed(layer._sublayers(found[layer]))
        return found

    def _all_layers(self) -> "list[Layer]":
        """This layer and all layers inside it, each once, outer ones first."""
        return list(self._walk())

    @property
    def weights(self) -> list[Variable]:
        """All variables, each once: this layer's own, then those of the layers inside it."""
        return unique(v for parts in self._walk().values() for v in own_variables(parts))

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that are trained: none of a frozen layer or of the layers inside it."""
        frozen = {v for part in self._all_layers() if not part.trainable for v in part.weights}
        return [v for v in self.weights if v.trainable and v not in frozen]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that are not trained: moving averages, and all of a frozen layer."""
        learning = set(self.trainable_weights)
        return [v for v in self.weights if v not in learning]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether the weights are trained. Setting it reaches every layer inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        for layer in self._all_layers():
            layer._trainable = bool(trainable)
            for variable in layer._own_variables():
                variable.trainable = trainable and variable.learnable

    def get_weights(self) -> list[np.ndarray]:
        """The values of all weights, as a list of NumPy arrays (copies)."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, values: Iterable[TensorLike]) -> None:
        """Assign all weights at once.

        Args:
            values: An array for each of `weights`, in that order.
        Raises ValueError if the number or a shape differs; then nothing at all is assigned.
        """
        variables = self.weights
        arrays = check_values(values, variables, self.name)
        with deferred_interrupts:
            for variable, value in zip(variables, arrays, strict=True):
                variable.assign(value)

    def count_params(self) -> int:
        """The total number of parameters; ValueError before the weights exist."""
        if not self.built:
            raise ValueError(f"layer {self.name!r} has no weights yet: call it, or build it, first")
        return sum(variable.size for variable in self.weights)


def parts_in(owner: Any) -> list[Any]:
    """The variables and configurable objects that attributes hold, also in lists, tuples, dicts."""
    held = vars(owner)
    if untracked := getattr(type(owner), "untracked", None):
        held = {name: value for name, value in held.items() if name not in untracked}
    return parts_among(held.values())


def parts_among(values: Iterable[Any]) -> list[Any]:
    """The variables and configurable objects among values, also in lists, tuples and dicts."""
    found = []
    for value in values:
        if type(value) in PLAIN:
            continue
        if isinstance(value, (Variable, registry.Configurable)):
            found.append(value)
        elif isinstance(value, tree.BRANCHES) and value:
            found += parts_among(value.values() if isinstance(value, dict) else value)
    return found


def own_variables(parts: Iterable[Any]) -> list[Variable]:
    """The variables among the parts of a layer, those that were made to be trained first."""
    found = unique([part for part in parts if isinstance(part, Variable)])
    return sorted(found, key=lambda variable: not variable.learnable)


def losses_of(layers: "Iterable[Layer]") -> list[Any]:
    """The losses that these layers have added, then the penalties of their trainable weights."""
    added = [loss for layer in layers if layer._added_losses for loss in layer._added_losses]
    pairs = [pair for layer in layers if layer._regularized for pair in layer._regularized]
    return added + [regularizer(weight) for regularizer, weight in pairs if weight.trainable]


def unique(things: Iterable[T]) -> list[T]:
    """The things without repetition, in the order of their first appearance."""
    return list(dict.fromkeys(things))
