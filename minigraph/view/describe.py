"""A model as plain data: the boxes and edges from which pictures, tables and widgets are made."""

import inspect
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..graph.symbols import Node, SymbolicTensor
from .text import printable, shape_text, shorten

if TYPE_CHECKING:
    from ..models.model import Model

LISTED = 12  # how many boxes a sentence names before it says "and 30 more"
LONGEST_NAME = 48  # in a sentence that somebody has to listen to


@dataclass(frozen=True)
class Box:
    """One call of a layer or op.

    `kind` is "input", "layer", "op" or "model". `path` names the box in its graph:
    "encoder[1]/dense" is the box `dense` inside the second call of `encoder`. `call` of `calls`
    distinguishes the calls of a layer in one model. `shared` is a number that all calls of one
    shared layer have in common, whichever model they are in, else None. `weights` holds (name,
    shape) pairs; `trainable` is None where there is nothing to train. `parent` is the index of the
    box of the opened model around this one, or None; `opened` says whether this is such a model.
    """

    name: str
    type: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    dtype: str
    activation: str = ""
    call: int = 0
    calls: int = 1
    shared: int | None = None
    parameters: int = 0
    weights: tuple[tuple[str, str], ...] = ()
    trainable: bool | None = None
    sentence: str = ""
    formula: str = ""
    path: str = ""
    parent: int | None = None
    opened: bool = False


@dataclass(frozen=True)
class Edge:
    """One tensor: output number `output` of box `source` is argument number `argument` of box
    `target`. Neither is an opened model: its arrows lead to and from the boxes inside."""

    source: int
    output: int
    target: int
    argument: int


@dataclass(frozen=True)
class Graph:
    """The boxes and edges of a model; `nodes[i]` is the node that box i stands for.

    The box of an opened model comes before the boxes inside it, and these before the next one.
    """

    name: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    nodes: tuple[Any, ...]  # None for a box that stands for several
    outputs: tuple[int, ...]  # the boxes that make the model's outputs, in order

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return [(edge.source, edge.target) for edge in self.edges]

    @property
    def outlets(self) -> list[int]:
        return [edge.output for edge in self.edges]

    @property
    def parents(self) -> list[int | None]:
        return [box.parent for box in self.boxes]


def describe(model: "Model", opened: Any = (), whole: Graph | None = None) -> Graph:
    """The graph of a model: a box for each call, an edge for each tensor that a call is given.

    Boxes are in the order in which the model runs. A nested model is one box, unless its path is
    among `opened` (True opens all, at any depth): then the boxes inside follow its own. What is
    open inside a closed model is not visible. Boxes are copied from the `whole` graph, in which all
    models are open, if it is given: that is faster.
    Raises ValueError if the model has no graph, such as a subclassed model before its first call,
    or if a path in `opened` names no nested model.
    """
    if not hasattr(model, "plan"):
        raise TypeError(
            f"only a Model can be drawn, got {model!r:.80}: make a Model of your layers"
        )
    if model.plan is None:
        raise ValueError(
            f"model {model.name!r} has no graph to draw: it was not made from symbolic inputs "
            "and outputs, or has not been built yet"
        )
    known = {} if whole is None else dict(zip(whole.nodes, whole.boxes, strict=True))
    found = GraphParts(opened, shared_layers(model), known)
    scope = walk(model, found)
    if opened is not True:
        check_opened(model, opened, found.boxes)
    outputs = tuple(scope.maker(symbol)[0] for symbol in model.outputs)
    return Graph(
        printable(model.name), tuple(found.boxes), tuple(found.edges), tuple(found.nodes), outputs
    )


@dataclass
class GraphParts:
    """The parts collected on a walk through a model and the open models inside it."""

    opened: Any
    shared: dict[Any, int]
    known: dict[Node, Box]
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)


@dataclass
class Scope:
    """A model seen from inside: the box of each node, and the scope of each open model."""

    boxes: dict[Node, int] = field(default_factory=dict)
    inside: dict[Node, "Scope"] = field(default_factory=dict)

    def maker(self, symbol: SymbolicTensor) -> tuple[int, int]:
        """(box, its output) that makes a tensor; for an open model, that is a box inside it."""
        scope = self
        while symbol.node in scope.inside:
            model: Any = symbol.node.layer
            scope, symbol = scope.inside[symbol.node], model.outputs[symbol.index]
        return scope.boxes[symbol.node], symbol.index


def walk(model: Any, found: GraphParts, parent: int | None = None) -> Scope:
    """Add the boxes and edges of a model, and of the models inside it that are open."""
    scope, calls = Scope(), set(model.plan.calls)
    families = {}
    for node in sorted(model.plan.nodes, key=lambda node: node.order):
        families.setdefault(node.layer or node, []).append(node)
    prefix = "" if parent is None else found.boxes[parent].path + "/"
    for node in model.plan.nodes:
        scope.boxes[node] = index = len(found.boxes)
        if node in calls:
            family, shared = families[node.layer or node], found.shared.get(node.layer)
            box = found.known.get(node)
            if box is None or box.kind == "input":  # an input of another model, but a call here
                box = describe_node(node)
            box = replace(box, call=family.index(node), calls=len(family), shared=shared)
        else:
            box = describe_entry(node)
        path = prefix + node_name(box)
        opened = box.kind == "model" and (found.opened is True or path in found.opened)
        found.boxes.append(replace(box, path=path, parent=parent, opened=opened))
        found.nodes.append(node)
        if opened:
            inside = scope.inside[node] = walk(node.layer, found, index)
            entries = zip(node.layer.arranged(node.args[0]), node.layer.inputs, strict=True)
            found.edges += [
                Edge(*scope.maker(given), inside.boxes[entry.node], entry.index)
                for given, entry in entries
                if isinstance(given, SymbolicTensor)
            ]
        elif node in calls:
            found.edges += [
                Edge(*scope.maker(symbol), index, argument)
                for argument, symbol in enumerate(node.inputs)
            ]
    return scope


def node_name(box: Box) -> str:
    """A box's name among its neighbours, with the call if its layer is called several times."""
    return f"{box.name}[{box.call}]" if box.calls > 1 else box.name


def shared_layers(model: Any) -> dict[Any, int]:
    """The layers that are called more than once, also inside nested models, and their numbers.

    A layer in a model that is called twice is called twice.
    """
    seen, shared, waiting = set(), {}, [(model, False)]
    for outer, repeated in waiting:  # grows during the loop
        for node in outer.plan.calls:
            layer = node.layer
            if layer is None or layer in shared:
                continue
            again = repeated or layer in seen
            if again:
                shared[layer] = len(shared)
            if kind_of(node) == "model":
                waiting.append((layer, again))
            seen.add(layer)
    return shared


def check_opened(model: "Model", opened: Any, boxes: Any) -> None:
    """Raise ValueError for a path that names no nested model, as far as open models can show it."""
    known = {box.path for box in boxes if box.kind == "model"}
    visible = {"", *(box.path for box in boxes if box.opened)}
    for path in opened:
        if path not in known and path.rpartition("/")[0] in visible:
            raise ValueError(
                f"opened: no nested model of {model.name!r} has the path {path!r}; the "
                f"visible ones are {', '.join(sorted(known)) or 'none'}"
            )


def describe_entry(node: Node) -> Box:
    """The box where data enters: an Input, or a tensor inside the graph that is fed."""
    return Box(
        name=printable(node.name),
        type="InputLayer",
        kind="input",
        inputs=(),
        outputs=tuple(shape_text(symbol.shape) for symbol in node.outputs),
        dtype=printable(node.outputs[0].dtype),
        sentence="Data enters the graph here.",
    )


def describe_node(node: Node) -> Box:
    """Return the box of a single node."""
    layer = node.layer
    weights = [] if layer is None else layer.weights
    sentence, formula = explanation(node.fn)
    return Box(
        name=printable(node.name),
        type=printable(node.label),
        kind=kind_of(node),
        inputs=tuple(shape_text(symbol.shape) for symbol in node.inputs),
        outputs=tuple(shape_text(symbol.shape) for symbol in node.outputs),
        dtype=printable(node.outputs[0].dtype),
        activation=activation_of(layer),
        parameters=sum(weight.size for weight in weights),
        weights=tuple((printable(weight.name), shape_text(weight.shape)) for weight in weights),
        trainable=layer.trainable if layer is not None and weights else None,
        sentence=sentence,
        formula=formula,
    )


def kind_of(node: Node) -> str:
    """The kind of the box of a call: "op", "layer" or "model"."""
    if node.layer is None:
        return "op"
    return "model" if getattr(node.layer, "runs_its_plan", False) else "layer"


def activation_of(layer: Any) -> str:
    """The name of a layer's activation, or nothing if it has none or the linear one."""
    activation = getattr(layer, "activation", None)
    name = activation if isinstance(activation, str) else getattr(activation, "__name__", "")
    return "" if name in ("", "linear") else printable(name)


def explanation(fn: Any) -> tuple[str, str]:
    """The first sentence and the indented formula of a layer's or op's docstring."""
    text = inspect.getdoc(fn if inspect.isfunction(fn) else type(fn)) or ""
    paragraphs = text.split("\n\n")
    sentence = first_sentence(" ".join(paragraphs[0].replace("`", "").split()))
    formula = next((block for block in paragraphs if block.startswith("    ")), "")
    return printable(sentence), printable("; ".join(map(str.strip, formula.splitlines())))


def first_sentence(paragraph: str) -> str:
    """Return the paragraph up to the first full stop that ends a sentence."""
    found = re.match(r".*?[^.]\.(?= [A-Z]|$)", paragraph)
    return found[0] if found else paragraph


def as_sentence(graph: Graph) -> str:
    """The graph in words, for those who cannot see the picture.

    "A graph of 3 nodes: img (InputLayer) feeds dense (Dense); dense feeds dense_1 (Dense)." What is
    inside an open model follows in a separate sentence.
    """
    members: dict[int | None, list[int]] = {None: []}
    readers = {}
    for i, box in enumerate(graph.boxes):
        members.setdefault(box.parent, []).append(i)
    for edge in graph.edges:
        out, into = around(graph, edge.source), around(graph, edge.target)
        source, target = next(pair for pair in zip(out, into, strict=False) if pair[0] != pair[1])
        readers.setdefault(source, {})[target] = None
    sentences = [
        sentence_of_level(graph, holder, boxes, readers) for holder, boxes in members.items()
    ]
    more = f" {len(sentences) - LISTED} more models are open." if len(sentences) > LISTED else ""
    return " ".join(sentences[:LISTED]) + more


def around(graph: Graph, i: int) -> list[int]:
    """The boxes around a box, the outermost first; the box itself is last."""
    found = [i]
    while (parent := graph.boxes[found[0]].parent) is not None:
        found.insert(0, parent)
    return found


def sentence_of_level(graph: Graph, holder: int | None, boxes: Any, readers: Any) -> str:
    """Say which box feeds which, directly inside an open model or in the whole graph."""
    introduced, clauses = set(), []

    def called(i):
        box = graph.boxes[i]
        if i in introduced:
            return name_with_call(box)
        introduced.add(i)
        call = f", call {box.call + 1} of {box.calls}" if box.calls > 1 else ""
        return f"{short_name(box)} ({shorten(box.type, LONGEST_NAME)}{call})"

    for i in boxes:
        if i in readers:
            clauses.append(f"{called(i)} feeds {listed([called(target) for target in readers[i]])}")
        elif i not in introduced:
            clauses.append(f"{called(i)} stands alone")
    count = f"{len(boxes)} node{'' if len(boxes) == 1 else 's'}"
    opening = f"A graph of {count}"
    if holder is not None:
        opening = f"Inside {whole_name(graph, holder)}, a graph of {count}"
    more = f"; and {len(clauses) - LISTED} more connections" if len(clauses) > LISTED else ""
    return f"{opening}: {'; '.join(clauses[:LISTED])}{more}."


def whole_name(graph: Graph, i: int) -> str:
    """A box's name and the models around it: `dense of encoder (call 2)`."""
    boxes = [graph.boxes[k] for k in reversed(around(graph, i))]
    return " of ".join(name_with_call(box) for box in boxes)


def name_with_call(box: Box) -> str:
    """The short name of a box, with the call if its layer is called several times."""
    return f"{short_name(box)} (call {box.call + 1})" if box.calls > 1 else short_name(box)


def short_name(box: Box) -> str:
    """The name of a box, shortened for a sentence."""
    return shorten(box.name, LONGEST_NAME)


def listed(words: list[str]) -> str:
    """a; a and b; a, b and c"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
