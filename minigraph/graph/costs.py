"""Limits on what a layer from a file may cost while it is traced (see `ops.costs`)."""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..core import tree
from ..core.context import context
from ..core.types import Structure
from ..ops.costs import spend
from .tracking import HoldsWeights

if TYPE_CHECKING:
    from .symbols import SymbolicTensor


def charge_layer(fn: Any, batch_size: int, outputs: Structure = ()) -> None:
    """Charge the budget for a layer's weights, and for a batch of all outputs inside it."""
    if context.budget is None or not isinstance(fn, HoldsWeights):
        return
    spend(sum(math.prod(weight.shape) for weight in fn.weights))
    nodes = [n for layer in fn._all_layers() for n in getattr(layer, "plan_nodes", ())]
    shapes = [symbol.probes[1] for node in nodes for symbol in node.outputs]
    for shape in [*shapes, *(x.shape for x in tree.flatten(outputs))]:
        spend(batch_size, *(n or 1 for n in shape))


def charge_without_batch(fn: Any, symbols: "list[SymbolicTensor]", run: Callable[..., Any]) -> None:
    """Charge the budget for a call on tensors without a batch axis: a trace fills their arrays."""
    lengths = [s.probes[1][0] for s in symbols if s.ndim and 0 not in s.probes[1]]
    if context.budget is None or not lengths or not isinstance(fn, HoldsWeights):
        return
    outputs = ()
    with suppress(ValueError, TypeError, IndexError):  # the experiment says what is wrong
        outputs = run(0, without_first=True)
    charge_layer(fn, max(lengths), outputs)
