"""The graph widget: a model to click and to open, with a recorded pass to step through."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias

from .abridge import NOT_SHOWN, Abridged, abridge
from .describe import Box, Graph, as_sentence, describe, listed
from .pixels import Detail, activation_picture, histogram, weight_picture
from .svg import (
    LONGEST_LINE,
    MOST_SHAPES,
    Captions,
    Picture,
    card_caption,
    compose,
    path_data,
    picture_svg,
    shortened,
)
from .text import printable, shape_text, shorten, some
from .trace import Recording, norm_text, number_text, trace
from .widget import MOST_BYTES, Page, show

if TYPE_CHECKING:
    from ..models.model import Model

EdgeKey: TypeAlias = tuple[int, int, int, int]  # source, output, target, argument

# A page that would be too large is made again with less in it: first the pictures of arrays become
# coarser, then fewer nested models can be opened, weights and the terms of sums lose their
# pictures, the still picture shows only names, and finally there are fewer boxes. The caption of
# the page says so.
BOXES = (200, 150, 110, 80, 60, 40, 25, 15, 9, 5)
SMALLEST = Detail(1, 8, 4, 1, weights=False, terms=False, drawings=1, names_only=True)
DETAILS = [
    Detail(),
    Detail(side=12, maps=4),
    Detail(rows=4, columns=16, side=8, maps=3, drawings=8),
    Detail(rows=2, columns=12, side=6, maps=1, weights=False, terms=False, drawings=4),
    SMALLEST,
    *(replace(SMALLEST, arrays=False, boxes=most) for most in BOXES),
]
LARGEST_WEIGHT = 1 << 20  # elements; a larger one gets no picture: it may not even be in memory
NO_DATA = (
    "Nothing was recorded here. Pass data, model.explore(x, y), to step through a forward and "
    "a backward pass."
)
FORWARD_ONLY = (
    "Nothing has run yet. Step to see the data enter. (With targets too, model.explore(x, y), "
    "you can also follow the gradients backward.)"
)
OPENING = "Nothing has run yet. Step to see the data enter."


def explore(
    model: "Model",
    x: Any = None,
    y: Any = None,
    loss: Callable[..., Any] | None = None,
    rankdir: str = "TB",
) -> Any:
    """An interactive picture of `model`; with `x` it steps through a recorded forward pass, with
    `y` through the backward pass too.

    Nested models can be opened in place. The first samples of `x` and `y` are used. `loss`, a
    function (y_true, y_pred) -> tensor, replaces the compiled loss. The result shows itself in a
    notebook; its `selected` is the path of the chosen node and `step` the index of the step, and
    both can be set. In a page, where Python does not run, a large model is shown with less detail,
    and a very large one with one box for the nodes in its middle; the caption of the table says
    what was left out.
    Raises ValueError if the model has no graph, or if there is a `y` but no loss.
    """
    if x is None and y is not None:
        raise ValueError("explore needs the inputs `x` that belong to the targets `y`")
    recording = None if x is None else trace(model, x, y, loss)
    whole = recording.graph if recording else describe(model, opened=True)
    page = graph_page(model, whole, recording, rankdir, full_detail(whole))
    if not fits(page):
        page.html = small_html(model, whole, recording, rankdir)
    return show(page)


def full_detail(graph: Graph) -> Detail:
    """The detail for a notebook in which Python runs: every box, every model can be opened."""
    models = sum(box.opened for box in graph.boxes)
    if len(graph.boxes) > Detail.boxes:
        return replace(DETAILS[3], boxes=inf, drawings=models + 1)
    return replace(DETAILS[0], boxes=inf, drawings=max(models + 1, Detail.drawings))


def small_html(model: "Model", whole: Graph, recording: Recording | None, rankdir: str) -> str:
    """The widget as HTML for a page, with as much detail as there is room for."""
    large = whole.parents.count(None) > Detail.boxes
    for detail in DETAILS[DETAILS.index(SMALLEST) if large else 0 :]:
        page = graph_page(model, whole, recording, rankdir, detail)
        if fits(page):
            break
    return page.html


def fits(page: Page) -> bool:
    """Whether a widget is small enough for a page."""
    return len(page.html.encode()) <= MOST_BYTES


def graph_page(
    model: "Model",
    whole: Graph,
    recording: Recording | None = None,
    rankdir: str = "TB",
    detail: Detail = DETAILS[0],
) -> Page:
    """Return everything that the widget shows of a model; `whole` is its graph, all models open."""
    excerpt = Excerpt.of(model, whole, detail)
    graph, recording = excerpt.graph, recording and recorded_on(excerpt, recording)
    drawings, edges, closed = draw_all(model, whole, excerpt, rankdir)
    summed = summed_edges(drawings, edges)
    boxes = [box_data(graph, i, recording, detail) for i in range(len(graph.boxes))]
    usual = {key: most_frequent(box[key] for box in boxes) for key in boxes[0]}
    count = len(boxes)
    passes = 0 if recording is None else 1 if recording.loss is None else 2
    loss = None if recording is None or recording.loss is None else number_text(recording.loss)
    data = {
        "view": "graph",
        "title": graph.name + excerpt.share,
        "sentence": as_sentence(closed.graph),
        "caption": caption(graph, recording) + left_out(excerpt, detail, passes),
        "parameters": model.count_params(),
        "rankdir": rankdir,
        "usual": usual,
        "boxes": [{k: v for k, v in box.items() if v != usual[k]} for box in boxes],
        "edges": [
            edge_data(edge, recording, detail if detail.terms and k in summed else None)
            for k, edge in enumerate(edges)
        ],
        "drawings": drawings,
        "loss": loss,
        "ends": [array_data(t, detail) for t in recording.loss_terms] if recording and loss else [],
        "passes": passes,
        "samples": recording.samples if recording else 0,
        "opening": OPENING if passes == 2 else FORWARD_ONLY,
        "note": NO_DATA,
    }
    names = [box["path"] for box in boxes]
    steps = [0, count, 2 * count + 1][passes]
    if detail.names_only:
        closed = compose(closed.graph, rankdir, name_caption)
    return Page(data, picture_svg(closed), table_rows(boxes, passes), names, steps)


# ---------------------------------------------------------------------------------------------
# Which part of the model is shown


@dataclass(frozen=True)
class Excerpt:
    """The part of a model that is shown.

    `graph` has all boxes that can be seen, whatever is open, and `openings` are the sets of boxes
    that can be open together. `closed` counts the nested models that cannot be opened. In a large
    model `abridged` says how `graph` was made from the one of all `nodes`.
    """

    graph: Graph
    openings: list[list[int]]
    closed: int
    nodes: int
    abridged: Abridged | None = None

    @classmethod
    def of(cls, model: "Model", whole: Graph, detail: Detail) -> "Excerpt":
        """As much of a graph in which all models are open as `detail` allows."""
        openings = choices(whole, detail.drawings, detail.boxes)
        models = set().union(*openings)
        everything = all(i in models for i, box in enumerate(whole.boxes) if box.opened)
        paths = [whole.boxes[i].path for i in models]
        graph = whole if everything else describe(model, paths, whole)
        closed = sum(box.kind == "model" and not box.opened for box in graph.boxes)
        if len(graph.boxes) > detail.boxes:
            abridged = abridge(graph, int(detail.boxes))
            return cls(abridged.graph, [[]], closed, len(graph.boxes), abridged)
        index = {box.path: i for i, box in enumerate(graph.boxes)}
        openings = [sorted(index[whole.boxes[i].path] for i in opened) for opened in openings]
        return cls(graph, openings, closed, len(graph.boxes))

    @property
    def missing(self) -> int:
        """The number of nodes that the box for the rest stands for."""
        return self.nodes - len(self.graph.boxes) + 1 if self.abridged else 0

    @property
    def share(self) -> str:
        """The part of the title about the nodes that are missing."""
        shown = self.nodes - self.missing
        return f" ({shown:,} of {self.nodes:,} nodes)" if self.missing else ""


def choices(graph: Graph, most: int, boxes: float = inf) -> list[frozenset[int]]:
    """The sets of nested models that can be open together; an inner one only in an open one.

    A model stays closed if opening it would show more than `boxes` boxes. If there are more than
    `most` sets, each set is one model with those around it.
    """
    members, models = Counter(graph.parents), []
    seen = members[None]
    for i, box in enumerate(graph.boxes):
        if box.opened and box.parent in (None, *models) and seen + members[i] <= boxes:
            models.append(i)
            seen += members[i]
    found = [frozenset()]
    for i in models:
        parent = graph.boxes[i].parent
        found += [opened | {i} for opened in found if parent is None or parent in opened]
        if len(found) > most:
            break
    else:
        return found
    found = [frozenset()]
    for i in models[: most - 1]:
        opened, holder = set(), i
        while holder is not None:
            opened.add(holder)
            holder = graph.boxes[holder].parent
        found.append(frozenset(opened))
    return found


def recorded_on(excerpt: Excerpt, recording: Recording) -> Recording:
    """Return the recording as if its graph had only the boxes that are shown."""
    indices = indices_in(recording.graph, excerpt.graph)
    shown = {index: i for i, index in enumerate(indices) if index is not None}
    part = replace(
        recording,
        graph=excerpt.graph,
        values=[[] if index is None else recording.values[index] for index in indices],
        gradients=[
            [] if index is None or recording.loss is None else recording.gradients[index]
            for index in indices
        ],
        terms={(shown[i], a): term for (i, a), term in recording.terms.items() if i in shown},
    )
    if excerpt.abridged:
        record_the_rest(excerpt.abridged, recording, part)
    return part


def record_the_rest(abridged: Abridged, recording: Recording, part: Recording) -> None:
    """Add to `part` what enters and leaves the box that stands for many, as if it were one call.

    The gradient of a tensor that leaves it is the sum of the gradients from all its uses outside;
    the gradient of one that enters it is the sum of those from all its uses inside.
    """
    indices: Any = indices_in(recording.graph, abridged.whole)  # no None: it has all of them
    rest, leaving = abridged.rest, abridged.leaving
    if leaving is None:
        part.values[rest] = [NOT_SHOWN]
    else:
        part.values[rest] = [recording.values[indices[box]][output] for box, output in leaving]
    if recording.loss is None:
        return
    uses = {}
    for edge, members in zip(abridged.graph.edges, abridged.bundles, strict=True):
        if rest not in (edge.source, edge.target):
            continue
        terms = [recording.terms.get((indices[m.target], m.argument)) for m in members]
        term = NOT_SHOWN if edge.source == rest and leaving is None else total(terms)
        part.terms[edge.target, edge.argument] = term
        if edge.source == rest:
            uses.setdefault(edge.output, []).append(term)
    if leaving is None:
        part.gradients[rest] = [NOT_SHOWN]
    else:
        part.gradients[rest] = [total(uses[output]) for output in range(len(leaving))]
    part.loss_terms = [
        NOT_SHOWN if output is None else recording.loss_terms[output] for output in abridged.ends
    ]


def indices_in(whole: Graph, graph: Graph) -> list[int | None]:
    """The index that each box of a graph has in the whole one; None for the box for the rest."""
    index = {box.path: i for i, box in enumerate(whole.boxes)}
    return [index.get(box.path) for box in graph.boxes]


def total(terms: Iterable[Any]) -> Any:
    """The sum of the gradients that are not None, or None if there are none."""
    terms = [term for term in terms if term is not None]
    return sum(terms[1:], terms[0]) if terms else None


# ---------------------------------------------------------------------------------------------
# Drawings: one for each choice of models to open


def draw_all(
    model: "Model", whole: Graph, excerpt: Excerpt, rankdir: str
) -> tuple[dict[str, dict[str, Any]], list[EdgeKey], Picture]:
    """A drawing for each choice of open nested models, the edges of all drawings, and the picture
    in which all models are closed.

    The drawings are keyed by the indices of the open boxes: "", "2", "2,5".
    """
    index = {box.path: i for i, box in enumerate(excerpt.graph.boxes)}
    pictures, drawings, numbers = [], {}, {}
    for opened in excerpt.openings:
        paths = [excerpt.graph.boxes[i].path for i in opened]
        alone = len(excerpt.openings) == 1
        graph = excerpt.graph if alone else describe(model, paths, whole)
        pictures.append(compose(graph, rankdir))
        boxes = [index[box.path] for box in pictures[-1].graph.boxes]
        key = ",".join(map(str, opened))
        drawings[key] = drawing_data(pictures[-1], boxes, numbers)
    return drawings, list(numbers), pictures[0]


def drawing_data(
    picture: Picture, boxes: Sequence[int], numbers: dict[EdgeKey, int]
) -> dict[str, Any]:
    """The positions of everything in one drawing. `boxes` are the indices of its boxes in the whole
    graph; `numbers` gives each edge its number, and grows."""
    graph, drawing = picture.graph, picture.drawing
    edges = []
    for edge, path in zip(graph.edges, drawing.paths, strict=True):
        key = (boxes[edge.source], edge.output, boxes[edge.target], edge.argument)
        number = numbers.setdefault(key, len(numbers))
        edges.append([number, path_data(shortened(path, drawing.rankdir))])
    return {
        "width": drawing.width,
        "height": drawing.height,
        "boxes": [
            [i, *rect, layer]
            for i, rect, layer in zip(boxes, drawing.boxes, drawing.layers, strict=True)
        ],
        "edges": edges,
        "ends": [boxes[i] for i in graph.outputs],
    }


# ---------------------------------------------------------------------------------------------
# Boxes, edges and what was recorded there


def most_frequent(values: Iterable[Any]) -> Any:
    """The most frequent value; what boxes have in common is written once."""
    values = list(values)
    counts = Counter(map(repr, values))
    return max(values, key=lambda value: counts[repr(value)])


def name_caption(box: Box) -> Captions:
    """The one line of a box in a very large still picture; the table says the rest."""
    return [("title", shorten(box.name, LONGEST_LINE))]


def box_data(graph: Graph, i: int, recording: Recording | None, detail: Detail) -> dict[str, Any]:
    """Return the data of one box: what it is, its weights, its value and its gradient."""
    box = graph.boxes[i]
    fields = (
        "name", "path", "type", "kind", "parent", "activation", "call", "calls", "shared",
        "inputs", "outputs", "dtype", "parameters", "trainable", "sentence", "formula",
    )  # fmt: skip
    data = {name: getattr(box, name) for name in fields}
    for name in ("inputs", "outputs"):
        data[name] = some(data[name], MOST_SHAPES)
    if not box.opened and box.kind in ("model", "rest"):
        data["kind"] = "layer"  # here it cannot be opened
    data["lines"] = [text for _, text in card_caption(box)]
    data["weights"] = weights_data(graph, i, recording, detail)
    if recording:
        data["value"] = [array_data(tensor, detail) for tensor in recording.values[i]]
        if recording.loss is not None:
            data["gradient"] = [array_data(tensor, detail) for tensor in recording.gradients[i]]
    return data


def weights_data(
    graph: Graph, i: int, recording: Recording | None, detail: Detail
) -> list[dict[str, Any]]:
    """The weights of a box. Those of a shared layer are listed at its first call; those of a nested
    model are listed at the boxes inside it."""
    box = graph.boxes[i]
    holds_others = box.kind in ("model", "rest")
    if not box.parameters or holds_others or first_call(graph, i) != i:
        return []
    found = []
    for weight in graph.nodes[i].layer.weights:
        data = {"name": printable(weight.name), "shape": shape_text(weight.shape)}
        if recording and recording.loss is not None and weight in recording.weights:
            data["gradient"] = norm_text(recording.weights[weight])
        if weight.size > LARGEST_WEIGHT:
            data["note"] = "Too large to be shown here."
        elif detail.weights:
            array = weight.numpy()
            data |= {"picture": weight_picture(array, detail), "histogram": histogram(array)}
        else:
            data["note"] = "Left out, to keep the page small."
        found.append(data)
    return found


def first_call(graph: Graph, i: int) -> int:
    """The first box of the layer that box i calls."""
    layer = graph.nodes[i].layer
    return next(k for k, node in enumerate(graph.nodes) if node and node.layer is layer)


def edge_data(edge: EdgeKey, recording: Recording | None, detail: Detail | None) -> dict[str, Any]:
    """Return the data of an edge: its gradient, with a picture where several are added."""
    source, output, target, argument = edge
    data: dict[str, Any] = {"source": source, "output": output, "target": target}
    if recording and recording.loss is not None:
        term = recording.terms.get((target, argument))
        known = term is not NOT_SHOWN
        norm = norm_text(term) if known else NOT_SHOWN
        data["term"] = array_data(term, detail) if detail and known else {"norm": norm}
    return data


def summed_edges(drawings: dict[str, dict[str, Any]], edges: list[EdgeKey]) -> set[int]:
    """The numbers of the edges whose gradients are added to others in any of the drawings."""
    found = set()
    for drawing in drawings.values():
        terms = {}
        for number, *_ in drawing["edges"]:
            terms.setdefault(edges[number][:2], []).append(number)
        for (source, _), numbers in terms.items():
            if len(numbers) > 1 or source in drawing["ends"]:
                found.update(numbers)
    return found


def array_data(tensor: Any, detail: Detail) -> dict[str, Any] | None:
    """Return what is shown of an array: its shape, its norm and a small picture."""
    if tensor is None:
        return None
    if tensor is NOT_SHOWN:
        return {"shape": NOT_SHOWN, "norm": NOT_SHOWN}
    data: dict[str, Any] = {"shape": shape_text(tensor.shape), "norm": norm_text(tensor)}
    if detail.arrays:
        data["picture"] = activation_picture(tensor.numpy(), detail)
    return data


# ---------------------------------------------------------------------------------------------
# The same facts in words


def caption(graph: Graph, recording: Recording | None) -> str:
    """The caption above the table."""
    text = f"Model {graph.name}"
    if recording:
        samples = f"{recording.samples} sample{'' if recording.samples == 1 else 's'}"
        text += f", recorded on {samples}"
        if recording.loss is not None:
            text += f"; the loss is {number_text(recording.loss)}"
    return f"{text}."


def left_out(excerpt: Excerpt, detail: Detail, passes: int) -> str:
    """Say what was left out to keep the page small, in the order of `DETAILS`."""
    missing = []
    if excerpt.closed:
        stay = "models stay" if excerpt.closed > 1 else "model stays"
        missing.append(f"{excerpt.closed} nested {stay} closed")
    if not detail.weights:
        missing.append("weights have no pictures")
    if passes and not detail.arrays:
        missing.append("nor have values and gradients")
    if detail.names_only:
        missing.append("the still picture has names only")
    if excerpt.missing:
        missing.append(f"{excerpt.missing:,} of {excerpt.nodes:,} nodes are drawn as one box")
    if not missing:
        return ""
    more = " model.summary() lists all nodes." if excerpt.missing or excerpt.closed else ""
    return f" To keep the page small, {listed(missing)}.{more}"


def table_rows(boxes: list[dict[str, Any]], passes: int) -> list[list[str]]:
    """The table: a row for each box, including those inside nested models."""
    head = ["Node", "Kind", "Output shape", "Parameters", "Norm of value", "Norm of gradient"]
    rows = [head[: 4 + passes]]
    for box in boxes:
        row = [box["path"], box["type"], ", ".join(box["outputs"]), f"{box['parameters']:,}"]
        row += [norms(box[what]) for what in ("value", "gradient")[:passes]]
        rows.append(row)
    return rows


def norms(arrays: Iterable[Any]) -> str:
    """The norms of several arrays, in words."""
    return ", ".join("none" if array is None else array["norm"] for array in arrays) or "none"
