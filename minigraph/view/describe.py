"""A model as plain data: boxes and edges that a picture, a table or a widget can be made of."""

import inspect
import re
from dataclasses import dataclass

from ..graph import Plan
from .text import printable, shape_text

LISTED = 12  # how many boxes a sentence names before it says "and 30 more"


@dataclass(frozen=True)
class Box:
    """One call of a layer or op.

    `kind` is "input", "layer", "op" or "model". `call` of `calls` tells the calls of a shared layer
    apart, and `shared` is a number that all calls of one shared layer have in common, else None.
    `weights` holds (name, shape) pairs; `trainable` is None where there is nothing to train.
    """

    name: str
    type: str
    kind: str
    inputs: tuple
    outputs: tuple
    dtype: str
    activation: str = ""
    call: int = 0
    calls: int = 1
    shared: int | None = None
    parameters: int = 0
    weights: tuple = ()
    trainable: bool | None = None
    sentence: str = ""
    formula: str = ""


@dataclass(frozen=True)
class Edge:
    """One tensor on its way: output number `output` of box `source` is argument number `argument`
    of box `target`."""

    source: int
    output: int
    target: int
    argument: int


@dataclass(frozen=True)
class Graph:
    """The boxes and edges of a model; `nodes[i]` is the node that box i stands for."""

    name: str
    boxes: tuple
    edges: tuple
    nodes: tuple
    outputs: tuple  # the boxes that make the model's outputs, in order

    @property
    def pairs(self):
        return [(edge.source, edge.target) for edge in self.edges]

    @property
    def outlets(self):
        return [edge.output for edge in self.edges]


def describe(model):
    """The graph of a model: a box for each call, an edge for each tensor that a call is given.

    Boxes stand in the order in which the model runs. A nested model is one box.
    Raises ValueError if the model has no graph, as one that is written as a class before its
    first call.
    """
    if not hasattr(model, "plan"):
        raise TypeError(
            f"only a Model can be drawn, got {model!r:.80}: make a Model of your layers"
        )
    if model.plan is None:
        raise ValueError(
            f"model {model.name!r} has no graph to draw: it was not made from symbolic inputs "
            "and outputs, or was not built yet"
        )
    nodes = model.plan.nodes
    place = {node: i for i, node in enumerate(nodes)}
    entries = {symbol.node for symbol in model.inputs}
    calls = {}
    for node in nodes:
        calls.setdefault(node.layer or node, []).append(node)
    repeated = [key for key, family in calls.items() if len(family) > 1]
    shared = {key: i for i, key in enumerate(repeated)}

    boxes, edges = [], []
    for i, node in enumerate(nodes):
        if node in entries:
            boxes.append(describe_entry(node))
            continue
        key = node.layer or node
        boxes.append(describe_node(node, calls[key].index(node), len(calls[key]), shared.get(key)))
        for argument, symbol in enumerate(node.inputs):
            edges.append(Edge(place[symbol.node], symbol.index, i, argument))
    outputs = tuple(place[symbol.node] for symbol in model.outputs)
    return Graph(printable(model.name), tuple(boxes), tuple(edges), tuple(nodes), outputs)


def describe_entry(node):
    """The box of a place where data enters: an Input, or a tensor at which the graph was cut."""
    return Box(
        name=printable(node.name),
        type="InputLayer",
        kind="input",
        inputs=(),
        outputs=tuple(shape_text(symbol.shape) for symbol in node.outputs),
        dtype=printable(node.outputs[0].dtype),
        sentence="Data enters the graph here.",
    )


def describe_node(node, call, calls, shared):
    """The box of one node."""
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
        call=call,
        calls=calls,
        shared=shared,
        parameters=sum(weight.size for weight in weights),
        weights=tuple((printable(weight.name), shape_text(weight.shape)) for weight in weights),
        trainable=layer.trainable if weights else None,
        sentence=sentence,
        formula=formula,
    )


def kind_of(node):
    if node.layer is None:
        return "op"
    return "model" if isinstance(getattr(node.layer, "plan", None), Plan) else "layer"


def activation_of(layer):
    """The name of a layer's activation, or nothing if it has none or the linear one."""
    activation = getattr(layer, "activation", None)
    name = activation if isinstance(activation, str) else getattr(activation, "__name__", "")
    return "" if name in ("", "linear") else printable(name)


def explanation(fn):
    """The first sentence of what a layer or op says about itself, and its formula.

    A formula stands behind a colon, as in "The sum of the inputs: y = a + b".
    """
    text = inspect.getdoc(fn if inspect.isfunction(fn) else type(fn)) or ""
    sentence = first_sentence(" ".join(text.split("\n\n")[0].split()))
    words, colon, formula = sentence.partition(": ")
    if " = " not in formula:
        return printable(sentence), ""
    if not formula.endswith("..."):
        formula = formula.removesuffix(".")
    return printable(words + "."), printable(formula)


def first_sentence(paragraph):
    """Up to the first full stop that ends a sentence."""
    found = re.match(r".*?[^.]\.(?= [A-Z]|$)", paragraph)
    return found[0] if found else paragraph


def as_sentence(graph):
    """The graph in words, for those who cannot see the picture.

    "A graph of 3 nodes: img (InputLayer) feeds dense (Dense); dense feeds dense_1 (Dense)."
    """
    introduced, clauses = set(), []

    def called(i):
        box = graph.boxes[i]
        if i in introduced:
            return box.name
        introduced.add(i)
        call = f", call {box.call + 1} of {box.calls}" if box.calls > 1 else ""
        return f"{box.name} ({box.type}{call})"

    readers = {}
    for edge in graph.edges:
        targets = readers.setdefault(edge.source, [])
        if edge.target not in targets:
            targets.append(edge.target)
    for i in range(len(graph.boxes)):
        if i in readers:
            clauses.append(f"{called(i)} feeds {listed([called(target) for target in readers[i]])}")
        elif i not in introduced:
            clauses.append(f"{called(i)} stands alone")
    count = len(graph.boxes)
    opening = f"A graph of {count} node{'' if count == 1 else 's'}"
    more = f"; and {len(clauses) - LISTED} more connections" if len(clauses) > LISTED else ""
    return f"{opening}: {'; '.join(clauses[:LISTED])}{more}."


def listed(words):
    """a; a and b; a, b and c"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
