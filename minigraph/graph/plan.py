"""The plan of a model: which calls lead from its inputs to its outputs, and in which order."""

from collections.abc import Callable
from typing import Any

from ..core import tree
from ..core.context import context
from ..core.tensor import Tensor
from ..core.types import Structure
from .arguments import Arguments
from .guards import check_inputs, check_unique_names, unconnected
from .layer import Layer
from .ordering import is_feed, reading_order
from .symbols import Node, SymbolicTensor, check_symbols


def collect(inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]) -> list[Node]:
    """The nodes that lead from the symbols `inputs` to the symbols `outputs`, in topological order.

    A depth-first walk back from the outputs, which stops at the inputs. It is a loop, not a
    recursion, so that depth has no limit.
    Raises ValueError with the name of an Input that is needed but was not given.
    """
    given = set(inputs)
    ordered, seen = [], set()
    waiting = [(symbol.node, symbol, False) for symbol in reversed(outputs)]
    while waiting:
        node, symbol, parents_done = waiting.pop()
        if parents_done:  # taken for the second time: its parents are in the list
            ordered.append(node)
            continue
        if symbol in given or node in seen:
            continue
        seen.add(node)
        if not node.inputs:  # an Input, and none of those given
            raise unconnected(outputs, inputs, symbol)
        waiting.append((node, symbol, True))
        waiting += [(parent.node, parent, False) for parent in reversed(node.inputs)]
    return ordered


class Plan:
    """The calls that lead from inputs to outputs, in order, ready to be run again and again.

    `input` and `output` keep the structure in which the symbols were given, `inputs` and
    `outputs` are flat. `calls` are the nodes that must run; `nodes` also has those of the inputs;
    `groups` are the nodes by layer, in reading order.

    Each symbol has a slot in a flat list. After its last reader a slot is emptied, so without a
    tape a deep model needs memory for a few layers, not for all.
    """

    slots: dict[SymbolicTensor, int]
    discard_slot: int  # for outputs that nothing reads
    unused: list[SymbolicTensor]  # inputs that no call reads
    steps: list[tuple[Node, Any, list[int], list[int]]]  # call, source, targets, finished slots

    def __init__(self, input: Structure, output: Structure):
        self.input: Structure = input
        self.output: Structure = output
        self.inputs: list[SymbolicTensor] = check_symbols(input, "inputs")
        self.outputs: list[SymbolicTensor] = check_symbols(output, "outputs")
        check_inputs(self.inputs)
        self.calls: list[Node] = collect(self.inputs, self.outputs)
        # An input may be the output of a layer: data is fed in there, and that layer is not shown.
        running = set(self.calls)
        sources = [symbol.node for symbol in self.inputs if symbol.node not in running]
        self.nodes: list[Node] = list(dict.fromkeys([*sources, *self.calls]))
        self.groups: list[list[Node]] = reading_order(self.nodes, self.outputs, self.inputs)
        shown = [group[0] for group in self.groups if not is_feed(group[0], self.inputs)]
        check_unique_names(shown)
        self.layers: list[Layer] = [node.layer for node in shown if node.layer is not None]
        self._assign_slots(merged(self.calls))

    def _assign_slots(self, calls: list[Node]) -> None:
        """Give each symbol a slot, and note for each call which slots it reads for the last time.

        An input of a model may be one output of a call that must run for its other outputs. Then
        the value that the caller gave counts, and the computed one goes to a slot that nothing
        reads.
        """
        self.slots = {symbol: slot for slot, symbol in enumerate(self.inputs)}
        last_reader = {}
        for node in calls:
            for symbol in node.outputs:
                self.slots.setdefault(symbol, len(self.slots))
            last_reader |= dict.fromkeys(node.inputs, node)
        last_reader |= dict.fromkeys(self.outputs)  # never released: no node is their last reader
        self.unused = [symbol for symbol in self.inputs if symbol not in last_reader]

        given, self.discard_slot = set(self.inputs), len(self.slots)
        self.steps = []
        for node in calls:
            targets = [self.discard_slot if s in given else self.slots[s] for s in node.outputs]
            finished = [self.slots[s] for s in set(node.inputs) if last_reader[s] is node]
            self.steps.append((node, self._source(node), targets, finished))

    def _source(self, node: Node) -> int | list[int] | None:
        """Where to find the input of a call: a slot, a list of slots, or None.

        A fast path: most calls take one symbol or a flat list of symbols. None means that the
        arguments must be filled in one by one (see `arguments`).
        """
        if len(node.args) != 1 or node.kwargs:
            return None
        (argument,) = node.args
        if type(argument) is list and all(isinstance(x, SymbolicTensor) for x in argument):
            return [self.slots[symbol] for symbol in argument]
        return self.slots[node.inputs[0]] if argument is node.inputs[0] else None

    def execute(
        self, inputs: list[Tensor], observe: Callable[[Node, list[Tensor]], Any] | None = None
    ) -> list[Tensor]:
        """The values of the outputs, from those of the inputs, both as flat lists of tensors.

        `observe(node, outputs)`, if given, is called with what each call returns.
        """
        values = [*inputs, *[None] * (self.discard_slot + 1 - len(inputs))]
        explicit_training = context.training is not None
        for node, source, targets, finished in self.steps:
            if type(source) is int:
                results = node.fn(values[source])
            elif source is not None:
                results = node.fn([values[slot] for slot in source])
            else:
                args, kwargs = self.arguments(node, values, explicit_training)
                results = node.fn(*args, **kwargs)
            results = [results] if type(results) is Tensor else tree.flatten(results)
            for slot, result in zip(targets, results, strict=True):
                values[slot] = result
            if observe is not None:
                made = dict(zip(node.outputs, results, strict=True))
                for part in node.parts or [node]:
                    observe(part, [made[symbol] for symbol in part.outputs])
            for slot in finished:
                values[slot] = None
        return [values[self.slots[symbol]] for symbol in self.outputs]

    def arguments(self, node: Node, values: list[Any], explicit_training: bool) -> Arguments:
        """The arguments of a node's call, with values for its symbols.

        If the model is called with an explicit `training`, that overrides one that is stored in the
        graph: it reaches the layers by the context.
        """

        def value_of(leaf: Any) -> Any:
            return values[self.slots[leaf]] if isinstance(leaf, SymbolicTensor) else leaf

        args, kwargs = node.args, node.kwargs
        if explicit_training and node.layer is not None:
            args, kwargs = node.layer.without_training(args, kwargs)
        return tree.map(value_of, args), tree.map(value_of, kwargs)


def merged(calls: list[Node]) -> list[Node]:
    """The calls, where a model and tensors inside it (`Model.get_tensor`) are computed in one run.

    Most plans have none of these. `graph.inside` imports this file, so its layers are known here by
    their method.
    """
    merging: Any = next((n.layer for n in calls if hasattr(n.layer, "merge_calls")), None)
    return calls if merging is None else merging.merge_calls(calls)
