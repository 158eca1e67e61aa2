"""The graph of layers: symbols are values that have not happened yet, nodes are calls.

A layer that is called on a symbol (a symbolic tensor, a placeholder for data) adds a node. Which
shape and dtype the call will return is found by an experiment (shape inference by a trial run): the
call is made on an empty batch. So no op and no layer needs a second definition for shapes.

Each symbol stores two probe shapes. The batch axis is 0 in both. Any other unknown axis is 64 in
one and 96 in the other: an axis of the output that differs between the two is unknown, too.

Edges belong to the call, never to the layer. Shared layers, models inside models and several
models over one graph all follow from that rule.
"""

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..core import tree
from ..core.context import context
from ..core.names import camel_case, unique_name
from ..core.tensor import Operators, Tensor
from ..core.types import DType, Shape, Structure
from ..ops.costs import spend
from .costs import charge_layer, charge_without_batch
from .guards import check_batch_size, check_outputs, check_shape, failed_call
from .layer import Layer
from .masks import follow_masks, masks_of
from .tracing import tracing

# Both are large enough to survive several strided convolutions and poolings.
PROBE_SIZES = (64, 96)

_count_nodes = itertools.count()

Probes = tuple[tuple[int, ...], ...]  # the shapes of a symbol in both experiments


class OutputSpec(NamedTuple):
    """What an experiment (see `experiment` below) found out about one output.

    `probes` are the two shapes that it had, with 0 for the batch; `mask_probes` those of its mask.
    """

    probes: Probes
    dtype: str
    mask_probes: Probes | None = None


def no_value(advice: str) -> Callable[..., Any]:
    """A method for what a symbol cannot do; its error gives the advice."""

    def method(self, *_, **__):
        raise TypeError(
            f"{self!r} holds no values: it stands for data that a model will be given. {advice}"
        )

    return method


class SymbolicTensor(Operators):
    """A value that has not happened yet: a shape, a dtype, and the call that will make it.

    `node` and `index` say which output of which call it is; `batch_size` is None if unknown.
    """

    __slots__ = (
        "probes",
        "batch_size",
        "dtype",
        "name",
        "node",
        "index",
        "mask_probes",
        "mask_end",
    )

    def __init__(
        self, spec: OutputSpec, batch_size: int | None, name: str, node: "Node", index: int = 0
    ):
        self.probes, self.dtype, self.mask_probes = spec
        self.batch_size, self.name, self.node, self.index = batch_size, name, node, index
        self.mask_end: Node | None = None  # see `follow_masks`

    @property
    def shape(self) -> Shape:
        """The shape, with None for each axis whose size is not known before the data."""
        return tuple(
            self.batch_size if a == 0 else a if a == b else None
            for a, b in zip(*self.probes, strict=True)
        )

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.probes[0])

    def __minigraph_function__(self, fn: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """A layer or an op that is called on a symbol adds a node instead of computing."""
        return connect(fn, args, kwargs)

    def placeholder(self, probe: int, batch_size: int = 0, without_first: bool = False) -> Tensor:
        """Zeros of a probe shape, for the experiment; the first axis may be made 0."""
        shape = with_batch_size(self.probes[probe], batch_size)
        shape = (0, *shape[1:]) if without_first and shape else shape
        spend(*shape)
        tensor = Tensor(np.zeros(shape, self.dtype))
        if self.mask_probes is not None:
            tensor.mask = np.ones(with_batch_size(self.mask_probes[probe], batch_size), bool)
        return tensor

    __bool__ = no_value("Python cannot branch on it; ops.where(condition, a, b) has both sides.")
    __iter__ = __len__ = no_value("Take it apart by indexing, such as x[:, 0], or with ops.split.")
    __array__ = no_value("NumPy computes at once; use layers and minigraph.ops, which wait.")
    __float__ = __int__ = numpy = no_value("For numbers, call the model on an array.")

    def __repr__(self) -> str:
        return f"<SymbolicTensor {self.name!r}, shape={self.shape}, dtype={self.dtype}>"


def symbols_in(*structures: Structure) -> list[SymbolicTensor]:
    """All symbols in nested structures, in their order."""
    return [leaf for leaf in tree.flatten(structures) if isinstance(leaf, SymbolicTensor)]


def check_symbols(structure: Structure, argument: str) -> list[SymbolicTensor]:
    """The symbols of `structure` as a flat list, or a ValueError that names the argument."""
    symbols = tree.flatten(structure)
    wrong = [leaf for leaf in symbols if not isinstance(leaf, SymbolicTensor)]
    if wrong or not symbols:
        first: Any = wrong[0] if wrong else None
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


class Node:
    """One call of one layer, or of one bare op.

    `args` and `kwargs` are what it was called with, symbols among them; `outputs` are the symbols
    that it made. `index` counts the calls of the same layer, `order` all calls.
    """

    mask_was_missed = False  # whether `follow_masks` has warned that a mask ends here
    parts: "Sequence[Node]" = ()  # the calls that this one makes at once (see `graph.inside`)

    def __init__(self, fn: Any, args: tuple, kwargs: dict[str, Any]):
        self.fn: Any = fn
        self.args, self.kwargs = args, kwargs
        self.layer: Layer | None = fn if isinstance(fn, Layer) else None
        self.name = self.layer.name if self.layer else unique_name(self.fn.__name__)
        self.inputs = symbols_in(args, kwargs)
        self.output_structure: Structure = None
        self.index = len(fn.nodes) if self.layer else 0
        self.order = next(_count_nodes)

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbols that the call made, as a flat list."""
        return tree.flatten(self.output_structure)

    @property
    def input_structure(self) -> Structure:
        """The symbols that the call was made on; an Input stands for itself."""
        return self.args[0] if self.args else self.output_structure

    @property
    def label(self) -> str:
        """What kind of thing is called: `Dense`, or `Add` for the op behind `+`."""
        return self.layer._label if self.layer else camel_case(self.fn.__name__)

    @property
    def parents(self) -> "list[Node]":
        """The nodes that made this node's inputs, in argument order."""
        return [symbol.node for symbol in self.inputs]

    def __repr__(self) -> str:
        return f"<Node {self.name}[{self.index}]>"


# ---------------------------------------------------------------------------------------------
# Inputs


class InputLayer(Layer):
    """Where data enters a graph, made by `Input`.

    Shapes: `batch_shape`, with None for each unknown size.
    Raises ValueError for an invalid shape or an unknown dtype.
    """

    def __init__(self, batch_shape: Shape, dtype: DType = None, name: str | None = None):
        super().__init__(name=name, dtype=dtype)
        self.batch_shape = check_shape(batch_shape, "batch_shape")
        self.built = True
        batch_size, *rest = self.batch_shape
        probes = tuple((0, *(size if n is None else n for n in rest)) for size in PROBE_SIZES)
        node = Node(self, (), {})
        spec = OutputSpec(probes, self.dtype)
        node.output_structure = SymbolicTensor(spec, batch_size, self.name, node)
        self.nodes.append(node)
        notify(node)


def Input(
    shape: Shape | None = None,
    batch_size: int | None = None,
    dtype: DType = None,
    name: str | None = None,
    batch_shape: Shape | None = None,
) -> Any:
    """A symbolic tensor for data of the given shape: the start of a graph.

    `shape` leaves out the batch axis, `batch_shape` includes it. None stands for a size that is not
    known before the data. The dtype is float32 unless told otherwise.
    Raises ValueError for a missing or invalid shape, or an unknown dtype.
    """
    check_batch_size(shape, batch_size, batch_shape)
    if batch_shape is None:
        batch_shape = (batch_size, *check_shape(shape, "shape"))
    return InputLayer(batch_shape, dtype, name).output


# ---------------------------------------------------------------------------------------------
# Symbolic calls


def connect(fn: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Add a call of `fn` to the graph and give the symbols that stand for its outputs.

    Raises ValueError, naming the layer, its inputs and their shapes, if the call cannot work;
    then the weights that were made on the way are discarded.
    """
    symbols = symbols_in(args, kwargs)
    try:
        with tracing():
            if isinstance(fn, Layer):
                fn.prepare(args[0])
            structure, specs = experiment(fn, args, kwargs, symbols)
    except Exception as error:
        raise failed_call(error, fn, symbols, PROBE_SIZES[0]) from error

    node = Node(fn, args, kwargs)
    batch_size = fixed_batch_size(symbols)
    outputs = []
    for index, spec in enumerate(specs):
        name = node.name if len(specs) == 1 else f"{node.name}_{index}"
        outputs.append(SymbolicTensor(spec, batch_size, name, node, index))
    node.output_structure = tree.pack(structure, outputs)
    follow_masks(node)
    if node.layer is not None:
        if context.tracing is not None:  # inside another traced call: undone if that one fails
            context.tracing.append((node.layer, vars(node.layer) | {"nodes": [*node.layer.nodes]}))
        node.layer.nodes.append(node)
    notify(node)
    return node.output_structure


def notify(node: Node) -> None:
    """Notify the observer of a new node, unless it was made inside a call that is traced."""
    if context.on_node is not None and context.tracing is None:
        context.on_node(node)


def experiment(
    fn: Callable[..., Any], args: tuple, kwargs: dict, symbols: list[SymbolicTensor]
) -> tuple[Structure, list[OutputSpec]]:
    """Learn what a call returns by making it on an empty batch, with unknown axes at two sizes.

    Returns the structure of the outputs and, for each of them, its `OutputSpec`.
    """

    def run(probe, batch_size=0, without_first=False):
        def value_of(leaf):
            is_symbol = isinstance(leaf, SymbolicTensor)
            return leaf.placeholder(probe, batch_size, without_first) if is_symbol else leaf

        call_args, call_kwargs = tree.map(value_of, (args, kwargs))
        return check_outputs(what_to_run(fn)(*call_args, **call_kwargs))

    charge_without_batch(fn, symbols, run)
    try:
        return on_empty_batch(run, symbols)
    except Exception as error:
        charge_layer(fn, fixed_batch_size(symbols) or 3)
        try:
            return on_small_batches(run, symbols)
        except Exception:
            raise error from None


def on_empty_batch(run, symbols):
    """What an experiment finds on an empty batch: the batch axis is the one of size 0."""
    first, second = at_two_sizes(run, symbols, 0)
    pairs = zip(tree.flatten(first), tree.flatten(second), strict=True)
    return first, [output_spec(a, b) for a, b in pairs]


def on_small_batches(run, symbols):
    """The same where code cannot run on an empty batch, such as a maximum over it.

    The batch axis is the one that differs between two samples and three. A fixed batch size is
    tried as it is.
    """
    batch_size = fixed_batch_size(symbols)
    first, second = at_two_sizes(run, symbols, batch_size or 2)
    other = first if batch_size else run(0, 3)
    trios = zip(*(tree.flatten(result) for result in (first, second, other)), strict=True)
    return first, [output_spec(a, b, batch_axes(a.shape, c.shape, batch_size)) for a, b, c in trios]


def at_two_sizes(run, symbols, batch_size):
    """The outputs with each unknown axis at the first and at the second of its sizes."""
    first = run(0, batch_size)
    all_known = all(symbol.probes[0] == symbol.probes[1] for symbol in symbols)
    return first, first if all_known else run(1, batch_size)


def what_to_run(fn: Any) -> Callable[..., Any]:
    """What the experiment runs: the call, or what a custom `compute_output_shape` promises."""
    inherited = Layer.compute_output_shape
    own = getattr(type(fn), "compute_output_shape", inherited) is not inherited
    return partial(promised_outputs, fn) if own else fn


def promised_outputs(layer: Layer, inputs: Structure, *_: Any, **__: Any) -> Any:
    """Zeros of the shapes that a custom layer promises in its `compute_output_shape`."""
    shapes = layer.compute_output_shape(tree.map(lambda x: x.shape, inputs))
    outputs = tree.map_shapes(
        lambda shape: Tensor(np.zeros([n or 0 for n in shape], layer.dtype)), shapes
    )
    return layer.pass_masks(inputs, masks_of(inputs), outputs)


def batch_axes(
    shape: tuple[int, ...], other: tuple[int, ...], batch_size: int | None
) -> Sequence[int]:
    """Where the batch is in an output: what differs between two batches, or has the fixed size."""
    if batch_size is not None:
        return (0,) if shape[:1] == (batch_size,) else ()
    return [i for i, (n, m) in enumerate(zip(shape, other, strict=True)) if n != m]


def output_spec(a: Tensor, b: Tensor, batch: Sequence[int] = ()) -> OutputSpec:
    """The spec of an output, from its values at both sizes and its batch axes."""
    probes = tuple(tuple(0 if i in batch else n for i, n in enumerate(x.shape)) for x in (a, b))
    mask = a.mask
    mask_probes = None if mask is None else tuple(shape[: mask.ndim] for shape in probes)
    return OutputSpec(probes, a.dtype, mask_probes)


def fixed_batch_size(symbols: list[SymbolicTensor]) -> int | None:
    """The batch size, if one of the symbols fixes it."""
    return next((s.batch_size for s in symbols if s.batch_size is not None), None)


def with_batch_size(shape: tuple[int, ...], batch_size: int) -> tuple[int, ...]:
    """A probe shape with its batch, written as 0, at another size."""
    return tuple(batch_size if n == 0 else n for n in shape)
