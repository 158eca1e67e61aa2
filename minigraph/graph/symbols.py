"""The graph of layers: symbols stand for values not computed yet, nodes are calls.

A layer that is called on a symbol (a symbolic tensor, a placeholder for data) adds a node. The
shape and dtype of its outputs are found by an experiment (shape inference by a trial run): the
call is made on an empty batch. So no op and no layer needs a second definition for shapes.

Each symbol stores two probe shapes. The batch axis is 0 in both. Any other unknown axis is 64 in
one and 96 in the other: an axis of the output that differs between the two is unknown, too.

Edges belong to the call, never to the layer. Shared layers, models inside models and several
models over one graph all follow from that rule.
"""

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..core import tree
from ..core.checks import list_advice
from ..core.context import context
from ..core.names import camel_case, unique_name
from ..core.tensor import Operators, Tensor
from ..core.types import Config, DType, Shape, Structure
from ..ops.costs import spend
from .costs import charge_layer, charge_without_batch
from .guards import check_outputs, failed_call, full_shape
from .layer import Layer
from .masks import follow_masks, masks_of
from .tracing import traced

# Both are large enough to survive several strided convolutions and poolings.
PROBE_SIZES = (64, 96)

_node_numbers = itertools.count()

Probes: TypeAlias = tuple[tuple[int, ...], ...]  # the shapes of a symbol at both probe sizes
Args: TypeAlias = tuple[Any, ...]  # what a call is made on, by position
Run: TypeAlias = Callable[..., Any]  # a call that is made without data
Refusal: TypeAlias = Callable[..., Any]  # a method that only raises an error


class OutputSpec(NamedTuple):
    """The result of an experiment (see `experiment` below) for one output.

    `probes` are the two shapes that it had, with 0 for the batch; `mask_probes` those of its mask.
    """

    probes: Probes
    dtype: str
    mask_probes: Probes | None = None


Specs: TypeAlias = tuple[Structure, list[OutputSpec]]  # the outputs of a call, and their specs


def no_value(advice: str) -> Refusal:
    """A method that a symbol cannot have: it raises an error with this advice."""

    def method(self, *_, **__):
        raise TypeError(
            f"{self!r} holds no values: it stands for data that a model will be given. {advice}"
        )

    return method


class SymbolicTensor(Operators):
    """A value that is not computed yet: a shape, a dtype, and the call that will compute it.

    Args:
        spec: Its shapes and data type, as a trace found them.
        batch_size: The size of the batch axis, None if it is unknown.
        name: What errors and summaries call it.
        node: The call that makes it.
        index: Which output of that call it is (default 0).
    Example:
        >>> keras.Input(shape=(3,), name="x")
        <SymbolicTensor 'x', shape=(None, 3), dtype=float32>
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
        self.probes: Probes = spec.probes
        self.dtype: str = spec.dtype
        self.mask_probes: Probes | None = spec.mask_probes
        self.mask_end: Node | None = None  # see `follow_masks`
        self.batch_size: int | None = batch_size
        self.name: str = name
        self.node: Node = node
        self.index: int = index

    @property
    def shape(self) -> Shape:
        """The shape, with None for each axis whose size depends on the data."""
        return tuple(  # a 0 marks the batch axis; an axis that differs is unknown
            self.batch_size if small == 0 else small if small == large else None
            for small, large in zip(*self.probes, strict=True)
        )

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.probes[0])

    def __minigraph_function__(self, fn: Any, args: Args, kwargs: dict[str, Any]) -> Any:
        """Add a node for the call of a layer or an op on a symbol, instead of computing."""
        return connect(fn, args, kwargs)

    def probe_tensor(self, probe: int, batch_size: int = 0, without_first: bool = False) -> Tensor:
        """Zeros of a probe shape, for the experiment.

        Args:
            probe: 0 or 1: which of the two probe shapes.
            batch_size: The size of the batch axis (default 0).
            without_first: Whether the first axis gets the size 0 in any case, to see what a call
                without a batch costs (default False).
        """
        shape = with_batch_size(self.probes[probe], batch_size)
        shape = (0, *shape[1:]) if without_first and shape else shape
        spend(*shape)
        tensor = Tensor(np.zeros(shape, self.dtype))
        if self.mask_probes is not None:
            tensor.mask = np.ones(with_batch_size(self.mask_probes[probe], batch_size), bool)
        return tensor

    __bool__: Refusal = no_value(
        "Python cannot branch on it; ops.where(condition, a, b) takes both sides."
    )
    __len__: Refusal = no_value("Take it apart by indexing, such as x[:, 0], or with ops.split.")
    __iter__: Refusal = __len__
    __array__: Refusal = no_value(
        "NumPy computes at once; use layers and minigraph.ops, which wait."
    )
    numpy: Refusal = no_value("For numbers, call the model on an array.")
    __float__: Refusal = numpy
    __int__: Refusal = numpy

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
        kind = f"({type(first).__name__}){list_advice(first)}"
        found = f"{first!r:.80} {kind}" if wrong else "nothing"
        if isinstance(first, Layer):
            found = f"the layer {first.name!r} itself: name one of its calls, such as its `output`"
        elif hasattr(first, "shape"):
            found = f"a {type(first).__name__} of shape {tuple(first.shape)}, which holds numbers"
        raise ValueError(
            f"the `{argument}` of a model must be symbolic: an Input, or what a layer returns "
            f"when it is called on one; got {found}"
        )
    return symbols


class Node:
    """One call of one layer, or of one bare op.

    `args` and `kwargs` are what it was called with, symbols among them; `outputs` are the symbols
    that it made. `index` counts the calls of the same layer, `order` all calls.
    """

    mask_was_missed: bool = False  # whether `follow_masks` has warned that a mask ends here
    parts: "Sequence[Node]" = ()  # the calls that `graph.inside` merged into this one

    def __init__(self, fn: Any, args: Args, kwargs: dict[str, Any]):
        self.fn: Any = fn
        self.args: Args = args
        self.kwargs: dict[str, Any] = kwargs
        self.layer: Layer | None = fn if isinstance(fn, Layer) else None
        self.name: str = self.layer.name if self.layer else unique_name(self.fn.__name__)
        self.inputs: list[SymbolicTensor] = symbols_in(args, kwargs)
        self.output_structure: Structure = None
        self.index: int = len(fn.nodes) if self.layer else 0
        self.order: int = next(_node_numbers)

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
        """The kind of thing that is called: `Dense`, or `Add` for the op behind `+`."""
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

    It is also the first item of a `Sequential`, like `Input` itself.

    Shapes: `batch_shape`, with None for each unknown size.
    Args:
        shape: The shape of one sample, without the batch axis, with None for each unknown size;
            None (default) if `batch_shape` is given.
        batch_size: The number of samples in a batch; None (default) if it is unknown.
        dtype: Data type of the data, such as "int32"; None (default) means `config.floatx()`.
        batch_shape: The shape with the batch axis, instead of `shape` and `batch_size`; None
            (default) if these are given.
    Raises ValueError for a missing or invalid shape, or an unknown dtype.
    Example:
        >>> layer = keras.layers.InputLayer((3,), name="x")
        >>> layer.output
        <SymbolicTensor 'x', shape=(None, 3), dtype=float32>
    """

    other_keywords: tuple[str, ...] = ()

    def __init__(
        self,
        shape: Shape | None = None,
        batch_size: int | None = None,
        dtype: DType = None,
        name: str | None = None,
        batch_shape: Shape | None = None,
    ):
        whole = full_shape(shape, batch_size, batch_shape)
        super().__init__(name=name, dtype=dtype)
        self.batch_shape: Shape = whole
        self.built = True
        batch_size, *rest = self.batch_shape
        probes = tuple((0, *(size if n is None else n for n in rest)) for size in PROBE_SIZES)
        node = Node(self, (), {})
        spec = OutputSpec(probes, self.dtype)
        node.output_structure = SymbolicTensor(spec, batch_size, self.name, node)
        self.nodes.append(node)
        notify(node)

    def get_config(self) -> Config:
        return {"batch_shape": [*self.batch_shape], "dtype": self.dtype, "name": self.name}


def Input(
    shape: Shape | None = None,
    batch_size: int | None = None,
    dtype: DType = None,
    name: str | None = None,
    batch_shape: Shape | None = None,
) -> Any:
    """A symbolic tensor for data of the given shape: the start of a graph.

    Args:
        shape: The shape of one sample, without the batch axis, with None for each unknown size;
            None (default) if `batch_shape` is given.
        batch_size: The number of samples in a batch; None (default) if it is unknown.
        dtype: Data type of the data, such as "int32"; None (default) means `config.floatx()`.
        name: What errors and summaries call it; None (default) means an automatic name, such as
            `input_layer`.
        batch_shape: The shape with the batch axis, instead of `shape` and `batch_size`; None
            (default) if these are given.
    Raises ValueError for a missing or invalid shape, or an unknown dtype.
    Example:
        >>> inputs = keras.Input(shape=(3,))
        >>> inputs.shape
        (None, 3)
        >>> model = keras.Model(inputs, 2 * inputs)
        >>> model(np.array([[1.0, 2.0, 3.0]])).numpy()
        array([[2., 4., 6.]], dtype=float32)
    """
    return InputLayer(shape, batch_size, dtype, name, batch_shape).output


# ---------------------------------------------------------------------------------------------
# Symbolic calls


def connect(fn: Any, args: Args, kwargs: dict[str, Any]) -> Any:
    """Add a call of `fn` to the graph and return the symbols that stand for its outputs.

    Raises ValueError, naming the layer, its inputs and their shapes, if the call cannot work;
    then the weights that were made on the way are discarded.
    """
    symbols = symbols_in(args, kwargs)

    def run() -> Specs:
        if isinstance(fn, Layer):  # built from the symbols: an unknown size is None, not 64
            fn.prepare(args[0])
        return experiment(fn, args, kwargs, symbols)

    try:
        structure, specs = traced(run)
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
            before = vars(node.layer) | {"nodes": [*node.layer.nodes]}  # the list grows in place
            context.tracing.append((node.layer, before))
        node.layer.nodes.append(node)
    notify(node)
    return node.output_structure


def notify(node: Node) -> None:
    """Notify the observer of a new node, unless it was made inside a call that is traced."""
    if context.on_node is not None and context.tracing is None:
        context.on_node(node)


def experiment(fn: Run, args: Args, kwargs: dict[str, Any], symbols: list[SymbolicTensor]) -> Specs:
    """Learn what a call returns by making it on an empty batch, with unknown axes at two sizes.

    Returns the structure of the outputs and, for each of them, its `OutputSpec`.
    """

    def run(probe: int, batch_size: int = 0, without_first: bool = False) -> Any:
        def value_of(leaf):
            is_symbol = isinstance(leaf, SymbolicTensor)
            return leaf.probe_tensor(probe, batch_size, without_first) if is_symbol else leaf

        call_args, call_kwargs = tree.map(value_of, (args, kwargs))
        return check_outputs(what_to_run(fn)(*call_args, **call_kwargs))

    charge_without_batch(fn, symbols, run)  # costs count while a model is read from a file
    try:
        return on_empty_batch(run, symbols)
    except Exception as error:
        charge_layer(fn, fixed_batch_size(symbols) or 3)  # 3: the larger of the small batches
        try:
            return on_small_batches(run, symbols)
        except Exception:  # perhaps only about the batch; the first is about the call itself
            raise error from None


def on_empty_batch(run: Run, symbols: list[SymbolicTensor]) -> Specs:
    """Run the experiment on an empty batch: the batch axis is the one of size 0.

    Returns the outputs, of which only the structure counts, and their specs.
    """
    first, second = at_two_sizes(run, symbols, 0)
    pairs = zip(tree.flatten(first), tree.flatten(second), strict=True)
    return first, [output_spec(a, b) for a, b in pairs]


def on_small_batches(run: Run, symbols: list[SymbolicTensor]) -> Specs:
    """The same for code that cannot run on an empty batch, such as a maximum over it.

    The batch axis is the one that differs between two samples and three. A fixed batch size is
    tried as it is.
    """
    batch_size = fixed_batch_size(symbols)
    first, second = at_two_sizes(run, symbols, batch_size or 2)
    other = first if batch_size else run(probe=0, batch_size=3)
    trios = zip(*(tree.flatten(result) for result in (first, second, other)), strict=True)
    return first, [output_spec(a, b, batch_axes(a.shape, c.shape, batch_size)) for a, b, c in trios]


def at_two_sizes(run: Run, symbols: list[SymbolicTensor], batch_size: int) -> Any:
    """The outputs with each unknown axis at the first and at the second of its sizes."""
    first = run(probe=0, batch_size=batch_size)
    all_known = all(symbol.probes[0] == symbol.probes[1] for symbol in symbols)
    second = first if all_known else run(probe=1, batch_size=batch_size)
    return first, second


def what_to_run(fn: Any) -> Run:
    """The function that the experiment runs: `fn`, or a custom `compute_output_shape`."""
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
    """The batch axes of an output: those that differ between batches, or have the fixed size."""
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
    """A probe shape with its batch axis, written as 0, set to another size."""
    return tuple(batch_size if n == 0 else n for n in shape)
