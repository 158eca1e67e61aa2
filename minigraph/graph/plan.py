"""The graph of layers: symbols are values that have not happened yet, nodes are calls.

Calling a layer on a symbol draws a node. What the call would give is learned by an experiment:
the call is made once on an empty batch (zero rows), and what comes out has the shape and dtype
that the new symbol promises. So no op and no layer needs a second definition for shapes.

Edges belong to the call, never to the layer. Shared layers, models inside models and several
models over one graph all follow from that sentence.
"""

from collections import Counter

from ..core import tree
from ..core.context import context
from ..core.tensor import Tensor
from .layer import Layer
from .symbols import SymbolicTensor

# ---------------------------------------------------------------------------------------------
# Walking the graph


def collect(inputs, outputs):
    """The nodes that lead from the symbols `inputs` to the symbols `outputs`, in topological order.

    The walk goes back from the outputs and stops at the inputs. It is a loop, so depth has no
    limit. Raises ValueError with the name of an Input that is needed but was not given.
    """
    given = set(inputs)
    ordered, seen = [], set()
    waiting = [(symbol.node, symbol, False) for symbol in reversed(outputs)]
    while waiting:
        node, symbol, parents_done = waiting.pop()
        if parents_done:
            ordered.append(node)
            continue
        if symbol in given or node in seen:
            continue
        seen.add(node)
        if not node.inputs:
            raise ValueError(
                f"the outputs {[s.node.name for s in outputs]!r:.80} are not connected to the "
                f"inputs {[s.name for s in inputs]!r:.80} alone: they also need the Input "
                f"{node.name!r}, of shape {symbol.shape}. Add it to `inputs`."
            )
        waiting.append((node, symbol, True))
        waiting += [(parent.node, parent, False) for parent in reversed(node.inputs)]
    return ordered


def is_cut(node, inputs):
    """Whether a node's outputs are inputs of a model, though the node is no Input itself."""
    return bool(node.inputs) and all(symbol in inputs for symbol in node.outputs)


def reading_order(nodes, outputs, inputs):
    """The nodes grouped by layer, in the order in which a person reads a model: inputs first.

    The depth of a node is its longest distance to an output, that of a layer the largest of its
    nodes'. Groups come by falling depth; equal depths in the order of the first visit by a walk
    that starts at the outputs and visits a node before its inputs. Each group is a list of nodes
    of one layer, or one op node.
    """
    members = set(nodes)
    cut = set(inputs)
    visit, waiting = {}, [symbol.node for symbol in reversed(outputs)]
    while waiting:
        node = waiting.pop()
        if node in visit or node not in members:
            continue
        visit[node] = len(visit)
        waiting += [s.node for s in reversed(node.inputs) if s.node in members]

    def group_of(node):  # where the graph is cut, the call stands for the data that enters there
        return node if node.layer is None or is_cut(node, cut) else node.layer

    depth, group_depth = dict.fromkeys(nodes, 0), {}
    for node in reversed(nodes):
        key = group_of(node)
        depth[node] = group_depth[key] = max(depth[node], group_depth.get(key, 0))
        for parent in [] if is_cut(node, cut) else node.parents:
            if parent in members:
                depth[parent] = max(depth[parent], depth[node] + 1)

    groups = {}
    for node in nodes:
        groups.setdefault(group_of(node), []).append(node)
    first_visit = {key: min(visit.get(node, -1) for node in group) for key, group in groups.items()}
    keys = sorted(groups, key=lambda key: (-group_depth[key], first_visit[key]))
    return [groups[key] for key in keys]


class Plan:
    """The calls that lead from inputs to outputs, in order, ready to be run again and again.

    `input` and `output` keep the structure in which the symbols were given, `inputs` and
    `outputs` are flat. Each symbol has a slot in a flat list. After its last reader a slot is
    emptied, so a deep model needs memory for a few layers, not for all.
    """

    def __init__(self, input, output):
        self.input, self.output = input, output
        self.inputs = check_symbols(input, "inputs")
        self.outputs = check_symbols(output, "outputs")
        if len(set(self.inputs)) < len(self.inputs):
            raise ValueError("each of the `inputs` of a model may be given once")
        calls = self.calls = collect(self.inputs, self.outputs)
        sources = [symbol.node for symbol in self.inputs if symbol.node not in set(calls)]
        self.nodes = list(dict.fromkeys([*sources, *calls]))
        self.groups = reading_order(self.nodes, self.outputs, self.inputs)
        shown = [group[0] for group in self.groups if not is_cut(group[0], self.inputs)]
        check_unique_names(shown)
        self.layers = [node.layer for node in shown if node.layer is not None]

        merging = next((n.layer for n in calls if hasattr(n.layer, "run_together")), None)
        calls = merging.run_together(calls) if merging else calls
        self.slots = {symbol: slot for slot, symbol in enumerate(self.inputs)}
        last_reader = {}
        for node in calls:
            for symbol in node.outputs:
                self.slots.setdefault(symbol, len(self.slots))
            last_reader |= dict.fromkeys(node.inputs, node)
        last_reader |= dict.fromkeys(self.outputs)  # read by whoever called
        given = set(self.inputs)
        self.nowhere = len(self.slots)  # where a call puts what the caller has given instead
        self.steps = []
        for node in calls:
            source = self._source(node)
            targets = [self.nowhere if s in given else self.slots[s] for s in node.outputs]
            read = [self.slots[s] for s in set(node.inputs) if last_reader[s] is node]
            self.steps.append((node, source, targets, read))
        self.unused = [s for s in self.inputs if s not in last_reader]

    def _source(self, node):
        """The slot of the symbol that a node is called on, or a list of slots for a list of them.

        None for a call on anything else, or on more than that.
        """
        if len(node.args) != 1 or node.kwargs:
            return None
        (argument,) = node.args
        if type(argument) is list and all(isinstance(x, SymbolicTensor) for x in argument):
            return [self.slots[symbol] for symbol in argument]
        return self.slots.get(argument) if argument is node.inputs[0] else None

    def run(self, inputs, observe=None):
        """The values of the outputs, from those of the inputs, both as flat lists of tensors."""
        values = [*inputs, *[None] * (self.nowhere + 1 - len(inputs))]
        said = context.training is not None
        for node, source, targets, finished in self.steps:
            if type(source) is int:
                results = node.fn(values[source])
            elif source is not None:
                results = node.fn([values[slot] for slot in source])
            else:
                results = self.call(node, values, said)
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

    def call(self, node, values, training_is_said):
        """Make a node's call, with values in the places of its symbols.

        A `training` that was fixed in the drawing gives way to one that the model's own call
        names; the context carries that.
        """

        def fill(leaf):
            return values[self.slots[leaf]] if isinstance(leaf, SymbolicTensor) else leaf

        args, kwargs = node.args, node.kwargs
        if training_is_said and node.layer is not None:
            args, kwargs = node.layer.without_training(args, kwargs)
        return node.fn(*tree.map(fill, args), **tree.map(fill, kwargs))


def check_symbols(structure, argument):
    """The symbols of `structure` as a flat list, or a ValueError that names the argument."""
    symbols = tree.flatten(structure)
    wrong = [leaf for leaf in symbols if not isinstance(leaf, SymbolicTensor)]
    if wrong or not symbols:
        first = wrong[0] if wrong else None
        found = f"{first!r:.80} ({type(first).__name__})" if wrong else "nothing"
        if isinstance(first, Layer):
            found = f"the layer {first.name!r} itself: name one of its calls, such as its `output`"
        elif hasattr(first, "shape"):
            found = f"a {type(first).__name__} of shape {tuple(first.shape)}, which holds numbers"
        raise ValueError(
            f"the `{argument}` of a model are symbolic tensors: an Input, or what a layer gives "
            f"when it is called on one; got {found}"
        )
    return symbols


def check_unique_names(nodes):
    """Raise ValueError if two different layers, or inputs, have one name."""
    names = Counter(node.name for node in nodes)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(
            f"the layers of a model need unique names, but two are called {twice[0]!r}. Give one "
            "of them another name=..."
        )
