"""The graph of layers: symbols are values that have not happened yet, nodes are calls.

Calling a layer on a symbol draws a node. What the call would give is learned by an experiment:
the call is made once on an empty batch (zero rows), and what comes out has the shape and dtype
that the new symbol promises. So no op and no layer needs a second definition for shapes.

Edges belong to the call, never to the layer. Shared layers, models inside models and several
models over one graph all follow from that sentence.
"""

import itertools
import math
import re
from collections import Counter
from contextlib import suppress
from functools import cached_property, partial

import numpy as np

from . import backend, registry, tree
from .backend import context
from .checks import is_size
from .layer import Layer, described, drawing, masks_of, unique
from .tensor import Operators, Tensor

# An unknown axis is tried at two sizes: where the results differ, the new axis is unknown too. Both
# are long enough for a few strides and poolings.
SIZES = (64, 96)

MOST_PATHS = 1000  # how many names of tensors an error looks through for a close match

_drawn = itertools.count()


def no_value(advice):
    """A method for what a symbol cannot do; its error gives the advice."""

    def method(self, *_, **__):
        raise TypeError(
            f"{self!r} holds no values: it stands for data that a model will be given. {advice}"
        )

    return method


class SymbolicTensor(Operators):
    """A value that has not happened yet: a shape, a dtype, and the call that will make it.

    `trials` are the two shapes that it had in the experiment, with 0 for the batch, `rows` is the
    batch size if it is fixed, and `node` and `index` say which output of which call it is.
    """

    __slots__ = ("trials", "rows", "dtype", "name", "node", "index", "mask_trials")

    def __init__(self, trials, rows, dtype, name, node, index, mask_trials=None):
        self.trials, self.rows, self.dtype, self.name = trials, rows, dtype, name
        self.node, self.index, self.mask_trials = node, index, mask_trials

    @property
    def shape(self):
        """The shape, with None for each axis whose size is not known before the data."""
        return tuple(
            self.rows if a == 0 else a if a == b else None
            for a, b in zip(*self.trials, strict=True)
        )

    @property
    def ndim(self):
        return len(self.trials[0])

    def __take_over__(self, fn, args, kwargs):
        """Called on a symbol, a layer or an op draws a node instead of computing."""
        return connect(fn, args, kwargs)

    def stand_in(self, trial, rows=0, cut=False):
        """A tensor of zeros of this symbol's shape, for the experiment; empty if it is `cut`."""
        shape = with_rows(self.trials[trial], rows)
        shape = (0, *shape[1:]) if cut and shape else shape
        backend.take_room(*shape)
        tensor = Tensor(np.zeros(shape, self.dtype))
        if self.mask_trials is not None:
            tensor.mask = np.ones(with_rows(self.mask_trials[trial], rows), bool)
        return tensor

    __bool__ = no_value("Python cannot branch on it; ops.where(condition, a, b) draws both sides.")
    __iter__ = __len__ = no_value("Take it apart by indexing, such as x[:, 0], or with ops.split.")
    __array__ = no_value("NumPy computes at once; use layers and minigraph.ops, which draw.")
    __float__ = __int__ = numpy = no_value("For numbers, call the model on an array.")

    def __repr__(self):
        return f"<SymbolicTensor {self.name!r}, shape={self.shape}, dtype={self.dtype}>"


def symbols_in(*structures):
    """All symbols in nested structures, in their order."""
    return [leaf for leaf in tree.flatten(structures) if isinstance(leaf, SymbolicTensor)]


class Node:
    """One call of one layer, or of one bare op.

    `args` and `kwargs` are what it was called with, symbols among them; `outputs` are the symbols
    that it made. `index` counts the calls of the same layer, `order` all calls ever drawn.
    """

    parts = ()  # the calls that this one makes at once (see `run_together`)

    def __init__(self, fn, args, kwargs):
        self.fn, self.args, self.kwargs = fn, args, kwargs
        self.layer = fn if isinstance(fn, Layer) else None
        self.name = fn.name if self.layer else backend.unique_name(fn.__name__)
        self.inputs = symbols_in(args, kwargs)
        self.output_structure = None
        self.index = len(fn.nodes) if self.layer else 0
        self.order = next(_drawn)

    @property
    def outputs(self):
        return tree.flatten(self.output_structure)

    @property
    def input_structure(self):
        """The symbols that the call was made on; an Input stands for itself."""
        return self.args[0] if self.args else self.output_structure

    @property
    def label(self):
        """What kind of thing is called: `Dense`, or `Add` for the op behind `+`."""
        if self.layer is None:
            return registry.camel_case(self.fn.__name__)
        return self.layer._label

    @property
    def parents(self):
        """The nodes that made this node's inputs, in argument order."""
        return [symbol.node for symbol in self.inputs]

    def __repr__(self):
        return f"<Node {self.name}[{self.index}]>"


# ---------------------------------------------------------------------------------------------
# Inputs


class InputLayer(Layer):
    """Where data enters a graph, made by `Input`.

    Shapes: `batch_shape`, with None for each unknown size.
    Raises ValueError for a shape that is none, or an unknown dtype.
    """

    def __init__(self, batch_shape, dtype=None, name=None):
        super().__init__(name=name, dtype=dtype)
        self.batch_shape = check_shape(batch_shape, "batch_shape")
        self.built = True
        rows, *rest = self.batch_shape
        trials = tuple((0, *(size if n is None else n for n in rest)) for size in SIZES)
        node = Node(self, (), {})
        node.output_structure = SymbolicTensor(trials, rows, self.dtype, self.name, node, 0)
        self.nodes.append(node)
        tell(node)


def Input(shape=None, batch_size=None, dtype=None, name=None, batch_shape=None):
    """A symbolic tensor for data of the given shape: the start of a graph.

    `shape` leaves out the batch axis, `batch_shape` includes it. None stands for a size that is not
    known before the data. The dtype is float32 unless told otherwise.
    Raises ValueError for a missing shape, an entry that is no size, or an unknown dtype.
    """
    if (shape is None) == (batch_shape is None):
        raise ValueError(
            "Input needs either `shape` (without the batch axis) or `batch_shape` (with it)"
        )
    if batch_shape is None:
        batch_shape = (batch_size, *check_shape(shape, "shape"))
    elif batch_size is not None:
        raise ValueError("give the batch size in `batch_shape` or as `batch_size`, not both")
    return InputLayer(batch_shape, dtype, name).output


def check_shape(shape, argument):
    """`shape` as a tuple, or a ValueError that names the argument."""
    if isinstance(shape, int):
        raise ValueError(f"`{argument}` must be a tuple such as ({shape},), got the number {shape}")
    sizes = shape if isinstance(shape, (tuple, list)) else ["none"]
    if not all(n is None or is_size(n, least=1) for n in sizes):
        raise ValueError(f"`{argument}` must be a tuple of sizes and None, got {shape!r}")
    if argument == "batch_shape" and not shape:
        raise ValueError("`batch_shape` must have at least the batch axis")
    return tuple(None if n is None else int(n) for n in shape)


# ---------------------------------------------------------------------------------------------
# Drawing a call


def connect(fn, args, kwargs):
    """Draw a call of `fn` into the graph and give the symbols that stand for its outputs.

    Raises ValueError, naming the layer, its inputs and their shapes, if the call cannot work;
    then every weight that was made on the way is forgotten again.
    """
    symbols = symbols_in(args, kwargs)
    try:
        with drawing():
            if isinstance(fn, Layer):
                fn.prepare(args[0])
            structure, findings = experiment(fn, args, kwargs, symbols)
    except Exception as error:
        raise explain(error, fn, symbols) from error

    node = Node(fn, args, kwargs)
    rows = fixed_rows(symbols)
    outputs = []
    for index, (trials, dtype, mask_trials) in enumerate(findings):
        name = node.name if len(findings) == 1 else f"{node.name}_{index}"
        outputs.append(SymbolicTensor(trials, rows, dtype, name, node, index, mask_trials))
    node.output_structure = tree.pack(structure, outputs)
    if node.layer is not None:
        if context.drawing is not None:  # if what is around this call fails, it was never drawn
            context.drawing.append((node.layer, vars(node.layer) | {"nodes": [*node.layer.nodes]}))
        node.layer.nodes.append(node)
    tell(node)
    return node.output_structure


def tell(node):
    """Tell who watches of a call that was drawn; not of those inside a call that is tried out."""
    if context.watcher is not None and context.drawing is None:
        context.watcher(node)


def experiment(fn, args, kwargs, symbols):
    """Learn what a call gives by making it on empty batches, with unknown axes at two sizes.

    Returns the structure of the outputs and, for each of them, a `finding`.
    """

    ordinary = Layer.compute_output_shape

    def attempt(trial, rows=0, cut=False):
        call_args, call_kwargs = tree.map(
            lambda x: x.stand_in(trial, rows, cut) if isinstance(x, SymbolicTensor) else x,
            (args, kwargs),
        )
        own = getattr(type(fn), "compute_output_shape", ordinary) is not ordinary
        run = partial(as_promised, fn) if own else fn
        return check_outputs(run(*call_args, **call_kwargs))

    def foresee(rows, outputs=()):
        """Ask for the room of the weights, and of so many rows of outputs and inside a model."""
        backend.take_room(sum(math.prod(weight.shape) for weight in fn.weights))
        nodes = [n for layer in fn._all_layers() for n in getattr(layer, "plan_nodes", ())]
        shapes = [s.trials[1] for node in nodes for s in node.outputs]
        for shape in [*shapes, *(x.shape for x in tree.flatten(outputs))]:
            backend.take_room(rows, *(n or 1 for n in shape))

    def both(rows):
        first = attempt(0, rows)
        all_known = all(s.trials[0] == s.trials[1] for s in symbols)
        return first, first if all_known else attempt(1, rows)

    from_file = context.calls_left is not None and isinstance(fn, Layer)
    loose = [s.trials[1][0] for s in symbols if s.ndim and 0 not in s.trials[1]]
    if from_file and loose:  # without a batch, the first axis is left out in an attempt before
        outputs = ()
        with suppress(ValueError, TypeError, IndexError):  # the next attempt says what is wrong
            outputs = attempt(0, cut=True)
        foresee(max(loose), outputs)

    rows = fixed_rows(symbols)
    tried = None
    try:
        first, second = both(0)
        other = first
    except Exception as error:
        # Some code cannot run without rows, such as a maximum over the batch. Then the batch is
        # what differs between two rows and three. A fixed batch size is tried at that size.
        if from_file:
            foresee(rows or 3)
        try:
            first, second = both(rows or 2)
            other, tried = first if rows else attempt(0, 3), rows
        except Exception:
            raise error from None
    trios = zip(*(tree.flatten(result) for result in (first, second, other)), strict=True)
    return first, [finding(a, b, batch_axes(a.shape, c.shape, tried)) for a, b, c in trios]


def as_promised(layer, inputs, *_, **__):
    """Zeros of the shapes that a layer of one's own promises in its `compute_output_shape`."""
    shapes = layer.compute_output_shape(tree.map(lambda x: x.shape, inputs))
    outputs = tree.map_shapes(
        lambda shape: Tensor(np.zeros([n or 0 for n in shape], layer.dtype)), shapes
    )
    return layer.pass_masks(inputs, masks_of(inputs), outputs)


def batch_axes(shape, other, rows):
    """Where the batch is in an output: what differs between two batches, or has the fixed size."""
    if rows is not None:
        return (0,) if shape[:1] == (rows,) else ()
    return [i for i, (n, m) in enumerate(zip(shape, other, strict=True)) if n != m]


def finding(a, b, batch):
    """What two trials say of an output: two shapes with 0 for the batch, dtype, two mask shapes."""
    trials = tuple(tuple(0 if i in batch else n for i, n in enumerate(x.shape)) for x in (a, b))
    masked = a.mask is not None
    return trials, a.dtype, tuple(shape[: a.mask.ndim] for shape in trials) if masked else None


def check_outputs(outputs):
    """The outputs of a call, which must be tensors."""
    flat = tree.flatten(outputs)
    wrong = [leaf for leaf in flat if not isinstance(leaf, Tensor)]
    if wrong or not flat:
        raise TypeError(f"a call must give tensors, not {wrong[0] if wrong else 'nothing'!r:.100}")
    if any(leaf.value.dtype.kind not in "biuf" for leaf in flat):  # NumPy lets no rows * None pass
        raise TypeError("a call must give numbers; is one of its arguments None, or a text?")
    return outputs


def fixed_rows(symbols):
    """The batch size, if one of the symbols fixes it."""
    return next((s.rows for s in symbols if s.rows is not None), None)


def with_rows(shape, rows):
    """A trial shape with its batch, written as 0, at another size."""
    return tuple(rows if n == 0 else n for n in shape)


def explain(error, fn, symbols):
    """The error of a failed experiment, as the author of the graph deserves to read it."""
    called = f"layer {fn.name!r} ({fn._label})" if isinstance(fn, Layer) else f"op {fn.__name__!r}"
    text = " ".join(str(error).split()) or type(error).__name__
    text = re.sub(r"(?<!=)\(0,", "(None,", text)  # a shape, and no setting such as axes=(0, 1)
    if any(s.trials[0] != s.trials[1] for s in symbols) and str(SIZES[0]) in text:
        text += f" (unknown sizes were tried as {SIZES[0]})"
    failure = ValueError(f"{called} cannot be called on {described(symbols)}: {text}")
    failure.call = fn, symbols  # for a picture of where the drawing breaks
    return failure


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

        calls = run_together(calls)
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


# ---------------------------------------------------------------------------------------------
# Tensors inside models


@registry.register
class Inside(Layer):
    """A tensor inside a model, for what the model is called on: made by `Model.get_tensor`.

    The weights are those of the model. Beside a call of the model on the same tensors it costs
    nothing: the model runs once for both. Alone, it runs only the layers that lead to the tensor.
    Raises ValueError if the path names nothing in the model.
    """

    casts_inputs = False

    def __init__(self, model, path, **options):
        super().__init__(**options)
        if not getattr(model, "runs_its_plan", False):
            raise ValueError(f"`model` must be a model that is drawn as a graph, got {model!r:.80}")
        self.model, self.path = model, path

    @cached_property
    def way(self):
        """The calls that lead to the tensor."""
        return Plan(self.model.input, self.model.get_tensor(self.path))

    def call(self, inputs):
        return tree.pack(self.way.output, self.way.run(self.model.bind(inputs)))

    def pass_masks(self, inputs, masks, outputs):
        """The layers on the way have given the tensor its mask."""
        return outputs

    def _sublayers(self, parts):
        """The layers on the way, not all of the model."""
        return unique(node.layer for node in self.way.nodes if node.layer is not None)


def run_together(calls):
    """The calls, with one in place of a model's and of all `Inside` it, on the same tensors.

    So nothing is computed twice, and dropout inside the model falls the same way for all of them.
    """
    opened = {node.layer.model for node in calls if isinstance(node.layer, Inside)}
    families = {}
    for node in calls:
        model = node.layer.model if isinstance(node.layer, Inside) else node.layer
        key = (model, str(tree.map(id, (node.args, node.kwargs)))) if model in opened else node
        if any(member.layer is node.layer for member in families.get(key, ())):
            key = node  # a call of its own, with a dropout of its own
        families.setdefault(key, []).append(node)
    return [family[0] if len(family) == 1 else joined(family) for family in families.values()]


def joined(family):
    """One call that makes what a model and tensors inside it would make one by one."""
    part = next(node.layer for node in family if isinstance(node.layer, Inside))
    wanted = [n.layer.way.output if isinstance(n.layer, Inside) else n.layer.output for n in family]
    together = Inside(part.model, part.path, name=part.name)
    together.way = Plan(part.model.input, wanted)
    node = Node(together, family[0].args, family[0].kwargs)
    node.parts, node.output_structure = family, [member.output_structure for member in family]
    return node


def find_call(model, name):
    """(the call, the number of its output or None) that `name` means in a model.

    "dense" will do where there is one call of that name. "dense[1]" is the second in this model,
    and "lstm[0][2]" is output 2 of the first. Raises ValueError, with what there is, for any other.
    """
    bare, numbers, brackets = name, [], True
    while not (found := [n for n in model.plan.nodes if n.name == bare]) and brackets:
        brackets = re.fullmatch(r"(.*)\[(\d+)\]", bare, re.DOTALL) if len(numbers) < 2 else None
        if brackets:
            bare, numbers = brackets[1], [int(brackets[2]), *numbers]
    if not found:
        known = list(itertools.islice(paths_in(model), MOST_PATHS))
        deeper = [path for path in known if path.endswith(f"/{bare}")]
        raise ValueError(
            f"nothing in model {model.name!r} is called {name!r}. "
            f"{registry.did_you_mean(bare, deeper or known)}"
        )
    found.sort(key=lambda node: node.order)
    place, output = [*numbers, None, None][:2]
    if place is None and len(found) == 1:
        place = 0
    if place is None or place >= len(found):
        calls = ", ".join(f"'{bare}[{k}]' on {node.inputs}" for k, node in enumerate(found))
        raise ValueError(f"model {model.name!r} calls {bare!r} {len(found)} times: choose {calls}")
    outputs = found[place].outputs
    if output is not None and output >= len(outputs):
        raise ValueError(f"'{bare}[{place}]' in model {model.name!r} has {len(outputs)} outputs")
    return found[place], output


def paths_in(model):
    """The paths of all calls in a model and in the models inside it, outer ones first."""
    waiting = [("", model)]
    for prefix, model in waiting:
        for node in model.plan.nodes:
            yield prefix + node.name
            if getattr(node.layer, "runs_its_plan", False):
                waiting.append((f"{prefix}{node.name}/", node.layer))
