"""Record one forward and one backward pass of real data, as plain data.

The model's plan is run under a tape, and the plans of nested models in the same way. Every time a
call reads a value it gets its own copy, made by the op `identity`, so each arrow of the picture has
a tensor on the tape. One call of `tape.gradient` then gives all gradients: at each node's output,
and on each arrow, where it is the term that this use contributes to the sum.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..core import tree
from ..core.context import setting
from ..core.interrupts import restores_context
from ..core.tensor import Tape, Tensor, Variable, as_array
from ..core.types import Structure
from ..graph.symbols import Node, SymbolicTensor
from .describe import Graph, describe

if TYPE_CHECKING:
    from ..models.model import Model

SAMPLES = 32  # the largest batch: enough to look at, quick to run
# Significant digits of every number that is shown. More would differ from processor to processor,
# since each sums in its own order.
DIGITS = 3


@dataclass
class Recording:
    """What was recorded, as tensors. The `graph` is that of the model with all nested ones open.

    `values[i]` and `gradients[i]` are the outputs of box i and the gradients that arrive there
    (None where none does). `terms[i, a]` is the gradient that argument a of box i passes back, and
    `loss_terms` are those that the loss passes to each output of the model. `weights` maps each
    trainable weight to its gradient.
    """

    graph: Graph
    samples: int = 0
    loss: float | None = None
    values: list[list[Any]] = field(default_factory=list)
    gradients: list[list[Any]] = field(default_factory=list)
    arrivals: dict[tuple[int, int], Tensor] = field(default_factory=dict)
    terms: dict[tuple[int, int], Any] = field(default_factory=dict)
    loss_terms: list[Any] = field(default_factory=list)
    weights: dict[Variable, Any] = field(default_factory=dict)


class Arrivals(list[Any]):
    """Values by slot. Each access returns a new copy and appends it to `taken`."""

    def __init__(self, slots: int) -> None:
        super().__init__([None] * slots)
        self.taken: list[Tensor] = []

    def __getitem__(self, slot: Any) -> Any:
        value = super().__getitem__(slot)
        copy = ops.identity(value)
        copy.mask = value.mask
        self.taken.append(copy)
        return copy


def trace(
    model: "Model", x: Any, y: Any = None, loss: Callable[..., Any] | None = None
) -> Recording:
    """Run `model` on the first samples of `x`, and backward from the loss if `y` is given.

    The forward pass runs in inference mode: dropout is off, and no weight changes. `loss` is a
    function (y_true, y_pred) -> tensor; the default is the loss that the model was compiled with.
    Returns a `Recording`. Raises ValueError if there is a `y` but no loss.
    """
    recording = Recording(describe(model, opened=True))
    x, y = first_samples(x, model.inputs, "x"), first_samples(y, model.outputs, "y")
    with Tape() as tape:
        outputs = forward(model, x, recording)
        if y is not None:
            total = compute_loss(model, x, y, tree.pack(model.output, outputs), loss)
    if y is not None:
        backward(model, tape, total, outputs, recording)
    return recording


def first_samples(data: Structure, symbols: list[SymbolicTensor], argument: str) -> Structure:
    """The first samples of each array as new tensors. None stays None.

    Where one array is expected, a list of numbers, or of lists of them, counts as an array too.
    Raises ValueError, naming the argument, for anything that holds no numbers or no samples.
    """

    def first(array):
        if array is None:
            return None
        given = array
        array = as_array(array) if isinstance(array, Tensor) else np.asarray(array)
        if array.ndim == 0 or array.dtype.kind not in "biuf":
            raise ValueError(
                f"`{argument}` must be an array of numbers with an axis of samples, got "
                f"{given!r:.80}; from a generator, pass one batch"
            )
        return Tensor(array[:SAMPLES])

    numbers = all(getattr(leaf, "shape", ()) == () for leaf in tree.flatten(data))
    lone = len(symbols) == 1 and numbers
    return first(data) if lone else tree.map(first, data)


# ---------------------------------------------------------------------------------------------
# Running


@restores_context
def forward(model: "Model", x: Any, recording: Recording) -> list[Tensor]:
    """Run the plan, and keep the value of each box's outputs and what each arrow carried.

    Returns the model's outputs as the loss reads them.
    """
    graph = recording.graph
    given = model.bind(x)
    recording.samples = len(given[0])
    recording.values = [[] for _ in graph.boxes]
    index = {
        (box.parent, node): i
        for i, (box, node) in enumerate(zip(graph.boxes, graph.nodes, strict=True))
    }
    given = [Tensor(tensor.value, tracked=tensor.value.dtype.kind == "f") for tensor in given]
    with setting(training=False):
        return run_plan(model, given, None, index, recording)


def run_plan(
    model: Any,
    given: list[Tensor],
    parent: int | None,
    index: dict[tuple[int | None, Node], int],
    recording: Recording,
) -> list[Tensor]:
    """Run the plan of the model in box `parent` (None for the whole model); return its outputs.

    `index[parent, node]` is the index of the box that stands for a node.
    """
    plan = model.plan
    values, made = Arrivals(len(plan.slots)), {}
    for symbol, tensor in zip(plan.inputs, given, strict=True):
        values[plan.slots[symbol]] = made[symbol] = tensor
        recording.arrivals[index[parent, symbol.node], symbol.index] = tensor
    for node in plan.calls:
        box = index[parent, node]
        if recording.graph.boxes[box].opened and takes_inputs_alone(node):
            inputs = tree.map(
                lambda leaf: values[plan.slots[leaf]] if isinstance(leaf, SymbolicTensor) else leaf,
                node.args[0],
            )
            results = run_plan(node.layer, node.layer.bind(inputs), box, index, recording)
        else:
            args, kwargs = plan.arguments(node, values, explicit_training=True)
            results = tree.flatten(node.fn(*args, **kwargs))
        for symbol, result in zip(node.outputs, results, strict=True):
            if symbol not in plan.inputs:  # a tensor inside the graph that is fed keeps its value
                values[plan.slots[symbol]] = made[symbol] = result
        recording.arrivals |= {(box, a): copy for a, copy in enumerate(values.taken)}
        values.taken.clear()
    for node in plan.nodes:
        kept = [made[symbol] for symbol in node.outputs if symbol in made]
        recording.values[index[parent, node]] = kept
    return [values[plan.slots[symbol]] for symbol in plan.outputs]


def takes_inputs_alone(node: Node) -> bool:
    """Return whether a call of a model gets its inputs and nothing else, so it can be followed.

    With an explicit mask, or an array in place of an input, the call stays one step.
    """
    model: Any = node.layer
    args, kwargs = model.without_training(node.args, node.kwargs)
    leaves = tree.flatten(args)
    return len(args) == 1 and not kwargs and len(leaves) == len(node.inputs)


def compute_loss(
    model: "Model", x: Any, y: Any, prediction: Structure, loss: Callable[..., Any] | None
) -> Any:
    """The scalar from which the backward pass starts."""
    if loss is not None:
        value = loss(y, prediction)
        return ops.mean(value) if value.ndim else value
    if not model.compiled:
        raise ValueError(
            f"the backward pass of model {model.name!r} starts from a loss: compile the model with "
            "one, or give loss=..."
        )
    return model.compute_loss(x, y, prediction, None, training=False)


def backward(
    model: "Model", tape: Tape, total: Tensor, outputs: list[Tensor], recording: Recording
) -> None:
    """Compute the gradients for every output, every arrow and every weight in one pass."""
    weights = model.trainable_weights
    sources = [recording.values, list(recording.arrivals.values()), outputs, weights]
    recording.gradients, terms, recording.loss_terms, found = tape.gradient(total, sources)
    recording.terms = dict(zip(recording.arrivals, terms, strict=True))
    recording.weights = dict(zip(weights, found, strict=True))
    recording.loss = total.item()


def number_text(value: float) -> str:
    """A number with three significant digits."""
    return f"{value:.{DIGITS}g}"


def norm_text(tensor: Any) -> str:
    """The norm of a tensor, the square root of the sum of its squares; "none" for None."""
    if tensor is None:
        return "none"
    return number_text(float(np.linalg.norm(tensor.numpy().astype("float64").ravel())))
