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
from contextlib import suppress
from functools import partial

import numpy as np

from ..core import tree
from ..core.checks import is_size
from ..core.context import context
from ..core.names import camel_case, unique_name
from ..core.tensor import Operators, Tensor
from ..ops.costs import spend
from .layer import Layer, described
from .masks import masks_of
from .tracing import tracing

# An unknown axis is tried at two sizes: where the results differ, the new axis is unknown too. Both
# are long enough for a few strides and poolings.
SIZES = (64, 96)

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

    def __minigraph_function__(self, fn, args, kwargs):
        """Called on a symbol, a layer or an op draws a node instead of computing."""
        return connect(fn, args, kwargs)

    def stand_in(self, trial, rows=0, cut=False):
        """A tensor of zeros of this symbol's shape, for the experiment; empty if it is `cut`."""
        shape = with_rows(self.trials[trial], rows)
        shape = (0, *shape[1:]) if cut and shape else shape
        spend(*shape)
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
        self.name = fn.name if self.layer else unique_name(fn.__name__)
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
            return camel_case(self.fn.__name__)
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
        with tracing():
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
        if context.tracing is not None:  # if what is around this call fails, it was never drawn
            context.tracing.append((node.layer, vars(node.layer) | {"nodes": [*node.layer.nodes]}))
        node.layer.nodes.append(node)
    tell(node)
    return node.output_structure


def tell(node):
    """Tell who watches of a call that was drawn; not of those inside a call that is tried out."""
    if context.on_node is not None and context.tracing is None:
        context.on_node(node)


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
        spend(sum(math.prod(weight.shape) for weight in fn.weights))
        nodes = [n for layer in fn._all_layers() for n in getattr(layer, "plan_nodes", ())]
        shapes = [s.trials[1] for node in nodes for s in node.outputs]
        for shape in [*shapes, *(x.shape for x in tree.flatten(outputs))]:
            spend(rows, *(n or 1 for n in shape))

    def both(rows):
        first = attempt(0, rows)
        all_known = all(s.trials[0] == s.trials[1] for s in symbols)
        return first, first if all_known else attempt(1, rows)

    from_file = context.budget is not None and isinstance(fn, Layer)
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
