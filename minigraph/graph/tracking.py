"""A layer is a function that owns variables.

Calling it on tensors computes. Calling it on a symbolic tensor draws: the symbol takes the call
over (see `graph`), so this file knows nothing of graphs.
"""

from ..core import registry, tree
from ..core.tensor import Variable

# What most attributes are: to pass them by takes a quarter off a walk.
PLAIN = {type(None), bool, int, float, str}


def parts_in(owner):
    """The variables and configurable objects that attributes hold, also in lists, tuples, dicts."""
    untracked = getattr(type(owner), "untracked", ())
    return parts_among(value for name, value in vars(owner).items() if name not in untracked)


def parts_among(values):
    """The same, for values."""
    found = []
    for value in values:
        if type(value) in PLAIN:
            continue
        if isinstance(value, (Variable, registry.Configurable)):
            found.append(value)
        elif isinstance(value, tree.BRANCHES) and value:
            found += parts_among(value.values() if isinstance(value, dict) else value)
    return found


def own_variables(parts):
    """The variables among the parts of a layer, those that were made to be trained first."""
    found = unique([part for part in parts if isinstance(part, Variable)])
    return sorted(found, key=lambda variable: not variable.learnable)


def losses_of(layers):
    """The losses that these layers have added, then the prices of their trainable weights."""
    added = [loss for layer in layers if layer._added[1] for loss in layer._added[1]]
    priced = [pair for layer in layers if layer._regularized for pair in layer._regularized]
    return added + [price(weight) for price, weight in priced if weight.trainable]


def unique(things):
    """Each thing once, in the order of its first appearance."""
    return list(dict.fromkeys(things))
