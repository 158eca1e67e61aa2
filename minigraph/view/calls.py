"""A drawing that grows call by call beside its code, up to the call that fails, if one does."""

import ast
import linecache
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import islice
from types import FrameType
from typing import Any

from ..core.context import context
from ..core.tensor import Variable
from ..graph.symbols import Node
from .describe import (
    Box,
    Edge,
    Graph,
    as_sentence,
    describe_entry,
    describe_node,
    listed,
    node_name,
)
from .explore import DETAILS, box_data, drawing_data, edge_data, most_frequent
from .svg import compose, picture_svg
from .text import printable
from .widget import Page, show

BREAK = "✗ no output"  # what is shown instead of a shape where a call fails


@dataclass
class Span:
    """Where a call is in the code: from (line, column) to (line, column), lines counted from 0."""

    start: tuple[int, int]
    end: tuple[int, int]


class DrawAsYouCall(AbstractContextManager[Any]):
    """Record which line of code draws which box and which arrows, to step through them.

    The block runs as it would without it. Afterwards the object shows itself in a notebook: the
    code of the block beside a graph that grows with each step. `widget` is what is shown; its
    `step` and `selected` can be read and set. Calls made before the block are there from the start.

    Example:
        >>> with keras.utils.DrawAsYouCall() as drawing:
        ...     x = keras.Input((64,), name="x")
        ...     y = keras.layers.Dense(10, name="y")(x)
        >>> drawing.widget
        A graph of 2 nodes: x (InputLayer) feeds y (Dense).
        >>> print(drawing.widget.data["calls"][1]["text"])
        Line 2 calls ‘y’ on x (None, 64). The arrow is drawn; the output has shape (None, 10).
    """

    widget: Any = None
    failure: str | None = None

    def __enter__(self) -> "DrawAsYouCall":
        self.frame: FrameType | None = sys._getframe(1)
        self.entered: int = self.frame.f_lineno
        self.filename: str = self.frame.f_code.co_filename
        self.nodes: list[Node] = []
        self.spans: list[Span | None] = []
        self.failure = None
        self.outer: Callable[[Any], None] | None = context.on_node
        context.on_node = self.note
        return self

    def note(self, node: Node) -> None:
        """Record a node that was added to the graph, and where in the block its call is.

        Args:
            node: The node, made while the block runs.
        """
        frame = sys._getframe()
        while frame is not None and frame is not self.frame:
            frame = frame.f_back
        self.nodes.append(node)
        self.spans.append(None if frame is None else span_of_call(frame.f_code, frame.f_lasti))
        if self.outer is not None:
            self.outer(node)

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        context.on_node, self.frame = self.outer, None
        call = getattr(error, "call", None)
        if call is not None:
            fn, symbols = call
            self.nodes.append(Node(fn, tuple(symbols), {}))
            self.spans.append(span_of_call(traceback.tb_frame.f_code, traceback.tb_lasti))
            self.failure = printable(str(error))
        self.widget = show(calls_page(self)) if self.nodes else None
        return self.catches and call is not None

    catches = False

    @property
    def html(self) -> str:
        """The widget as HTML for a page."""
        return self.widget.html

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        if self.widget is None:
            return {"text/plain": "Nothing was drawn in the block."}
        return self.widget._repr_mimebundle_(**options)


class ErrorLens(DrawAsYouCall):
    """Show where a drawing breaks: the graph so far, what went in, the rule and the fix.

    A ValueError raised by a symbolic call ends the block, and `failure` keeps its message; None if
    all went well. Every other error is raised as usual.

    Example:
        >>> with keras.utils.ErrorLens() as lens:
        ...     x = keras.Input((64,), name="pixels")
        ...     y = keras.layers.Conv2D(8, 3, name="conv")(x)
        >>> print(lens.failure.partition(": ")[0])
        layer 'conv' (Conv2D) cannot be called on 'pixels' of shape (None, 64)
    """

    catches = True


# ---------------------------------------------------------------------------------------------
# The code


def span_of_call(code: Any, instruction: int) -> Span | None:
    """The `Span` of the call that a frame is making."""
    found = next(islice(code.co_positions(), instruction // 2, None))
    if None in found:  # Python can be run without column numbers
        return None
    line, end_line, column, end_column = found
    return Span((line - 1, column), (end_line - 1, end_column))


def block_of(filename: str, entered: int) -> tuple[int, int]:
    """(first line, last line) of the `with` block that begins at a line, counted from 0; an empty
    range where the source is not available."""
    source = "".join(linecache.getlines(filename))
    blocks = [
        (node.body[0].lineno - 1, node.body[-1].end_lineno or 0)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.With)
        and node.lineno <= entered <= (node.items[-1].context_expr.end_lineno or 0)
    ]
    return max(blocks, default=(0, 0))  # the innermost


class Code:
    """The lines of a block without their common indent, and where spans lie in them."""

    def __init__(self, filename: str, entered: int) -> None:
        first, last = block_of(filename, entered)
        self.first: int = first
        self.raw: list[str] = [
            line.rstrip("\n") for line in linecache.getlines(filename)[first:last]
        ]
        lines = textwrap.dedent("\n".join(self.raw)).split("\n") if self.raw else []
        self.margin: int = len(self.raw[0]) - len(lines[0]) if lines else 0
        self.lines: list[str] = [printable(line) for line in lines]

    def pieces(self, span: Span | None) -> list[list[int]]:
        """The pieces of lines that a span covers: [line, from, to]."""
        found = []
        if span is None or not 0 <= span.start[0] - self.first < len(self.lines):
            return found
        for number in range(span.start[0], span.end[0] + 1):
            raw, text = self.raw[number - self.first], self.lines[number - self.first]
            start = len(text) - len(text.lstrip())
            end = len(text)
            if number == span.start[0]:
                start = characters(raw, span.start[1]) - self.margin
            if number == span.end[0]:
                end = characters(raw, span.end[1]) - self.margin
            found.append([number - self.first, start, end])
        return found


def characters(line: str, count: int) -> int:
    """Return how many characters the first `count` bytes of a line hold."""
    return len(line.encode()[:count].decode())


# ---------------------------------------------------------------------------------------------
# The graph


def partial_graph(nodes: list[Node], broken: bool) -> tuple[Graph, int]:
    """The graph of calls that need not make up a model; the last one may be broken.

    The earlier nodes that make the tensors which these calls read come first. Returns the graph and
    the index of the first of the given calls.
    """
    known = list(dict.fromkeys(p for node in nodes for p in node.parents if p not in set(nodes)))
    everything = known + nodes
    families = {}
    for node in everything:
        families.setdefault(node.layer or node, []).append(node)
    shared = [family for family in families.values() if len(family) > 1]
    boxes, seen = [], Counter()
    for node in everything:
        family = families[node.layer or node]
        number = shared.index(family) if len(family) > 1 else None
        if broken and node is nodes[-1]:
            box = broken_box(node)
        else:
            box = describe_node(node) if node.inputs else describe_entry(node)
        box = replace(box, call=family.index(node), calls=len(family), shared=number)
        path = node_name(box)
        seen[path] += 1
        boxes.append(replace(box, path=path if seen[path] == 1 else f"{path} ({seen[path]})"))
    index = {node: i for i, node in enumerate(everything)}
    edges = [
        Edge(index[symbol.node], symbol.index, index[node], argument)
        for node in nodes
        for argument, symbol in enumerate(node.inputs)
    ]
    graph = Graph("drawing", tuple(boxes), tuple(edges), tuple(everything), ())
    return graph, len(known)


def broken_box(node: Node) -> Box:
    """The box of a call that failed: it has no output."""
    node.output_structure = node.inputs[0]  # lends its dtype
    box = describe_node(node)
    return replace(box, kind="broken", outputs=(BREAK,))


def calls_page(record: DrawAsYouCall) -> Page:
    """Return everything that the widget shows."""
    code, broken = Code(record.filename, record.entered), record.failure is not None
    graph, first = partial_graph(record.nodes, broken)
    picture = compose(graph)
    numbers = {}
    drawing = drawing_data(picture, range(len(graph.boxes)), numbers)
    boxes = [box_data(graph, i, None, DETAILS[-1]) for i in range(len(graph.boxes))]
    for box in boxes:  # a nested model stays closed here
        box["kind"] = "layer" if box["kind"] == "model" else box["kind"]
    usual = {key: most_frequent(box[key] for box in boxes) for key in boxes[0]}
    calls = []
    for i, span in enumerate(record.spans, start=first):
        pieces = code.pieces(span)
        calls.append({"spans": pieces, "text": words(graph, i, pieces, record.failure)})
    title = "Where the drawing breaks" if broken else "Draw as you call"
    sentence = as_sentence(graph)
    data = {
        "view": "calls",
        "title": title,
        "sentence": f"{sentence} {record.failure}" if broken else sentence,
        "caption": f"{title}. {record.failure}" if broken else f"{title}.",
        "parameters": sum(weight.size for weight in all_weights(record.nodes)),
        "rankdir": "TB",
        "usual": usual,
        "boxes": [{k: v for k, v in box.items() if v != usual[k]} for box in boxes],
        "edges": [edge_data(edge, None, None) for edge in numbers],
        "drawings": {"": drawing},
        "loss": None,
        "ends": [],
        "passes": 0,
        "samples": 0,
        "opening": "Step forward: each call in the code draws a box and the arrows to it.",
        "code": code.lines,
        "first": first,
        "broken": broken,
        "calls": calls,
    }
    rows = [["Step", "Code", "Draws", "From", "Output shape"]]
    for k, call in enumerate(calls):
        i = first + k
        box = graph.boxes[i]
        text = " ".join(code.lines[line][start:end] for line, start, end in call["spans"])
        sources = ", ".join(sources_of(graph, i)) or "nothing"
        drawn = f"{box.name} ({box.type})"
        rows.append([str(k + 1), text, drawn, sources, ", ".join(box.outputs)])
    return Page(data, picture_svg(picture), rows, [box.path for box in graph.boxes], len(calls))


def all_weights(nodes: list[Node]) -> list[Variable]:
    """The weights of all layers that are called, each once."""
    layers = dict.fromkeys(node.layer for node in nodes if node.layer is not None)
    return list(dict.fromkeys(weight for layer in layers for weight in layer.weights))


def sources_of(graph: Graph, i: int) -> list[str]:
    """Return what a call is given: each tensor with its shape."""
    return [
        f"{graph.boxes[edge.source].path} {graph.boxes[edge.source].outputs[edge.output]}"
        for edge in graph.edges
        if edge.target == i
    ]


def words(graph: Graph, i: int, pieces: list[list[int]], failure: str | None) -> str:
    """Return the sentence for a step."""
    box = graph.boxes[i]
    where = f"Line {pieces[0][0] + 1}" if pieces else "The code"
    if box.kind == "broken":
        return f"{where} breaks: {failure}"
    shapes = listed(list(box.outputs))
    if box.kind == "input":
        return f"{where} makes a placeholder for data, ‘{box.name}’, of shape {shapes}."
    return (
        f"{where} calls ‘{box.name}’ on {listed(sources_of(graph, i))}. The arrow is drawn; the "
        f"output has shape {shapes}."
    )
