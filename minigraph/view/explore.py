"""The graph widget: a model to click and to open, with a recorded pass to step through."""

from .describe import as_sentence, describe
from .pixels import Detail, activation_picture, histogram, weight_picture
from .svg import (
    LONGEST_LINE,
    card_caption,
    compose,
    path_data,
    picture_svg,
    shortened,
)
from .text import printable, shape_text, shorten
from .trace import norm_text, number_text, trace
from .widget import MOST_BYTES, Page, show

# A widget that would be too large is made again with less in it. (Even the least is too much for a
# model of more than some 80 boxes.)
DETAILS = [
    Detail(),
    Detail(side=12, maps=4),
    Detail(rows=4, columns=16, side=8, maps=3, drawings=8),
    Detail(rows=2, columns=12, side=6, maps=1, weights=False, terms=False, drawings=4),
    Detail(1, 8, 4, 1, weights=False, terms=False, drawings=1, names_only=True),
]
LARGEST_WEIGHT = 1 << 20  # of a larger one no picture is made: it may not even be in memory
NO_DATA = (
    "Nothing was recorded here. Give it data, model.explore(x, y), to step through a forward and "
    "a backward pass."
)
FORWARD_ONLY = (
    "Nothing has run yet. Step on to see the data enter. (With targets too, model.explore(x, y), "
    "you can also walk back along the gradients.)"
)
OPENING = "Nothing has run yet. Step on to see the data enter."


def explore(model, x=None, y=None, loss=None, rankdir="TB"):
    """A picture of `model` to click; with `x` it steps through a recorded forward pass, with `y`
    through the backward pass too.

    Nested models can be opened in place. The first samples of `x` and `y` are used. `loss`, a
    function (y_true, y_pred) -> tensor, takes the place of the compiled loss. The result shows
    itself in a notebook; its `selected` is the path of the chosen node and `step` the number of the
    step, and both can be set.
    Raises ValueError if the model has no graph, or if there is a `y` but no loss.
    """
    if x is None and y is not None:
        raise ValueError("explore needs the inputs `x` that belong to the targets `y`")
    recording = None if x is None else trace(model, x, y, loss)
    for detail in DETAILS:
        page = graph_page(model, recording, rankdir, detail)
        if len(page.html.encode()) <= MOST_BYTES:
            break
    return show(page)


def graph_page(model, recording=None, rankdir="TB", detail=DETAILS[0]):
    """All that the widget shows."""
    graph = recording.graph if recording else describe(model, opened=True)
    closed = compose(describe(model), rankdir, name_caption if detail.names_only else None)
    drawings, edges = draw_all(model, graph, rankdir, detail.drawings)
    meeting = meetings(drawings, edges)
    boxes = [box_data(graph, i, recording, detail) for i in range(len(graph.boxes))]
    usual = {key: most_frequent(box[key] for box in boxes) for key in boxes[0]}
    count = len(boxes)
    passes = 0 if recording is None else 1 if recording.loss is None else 2
    loss = number_text(recording.loss) if passes == 2 else None
    data = {
        "view": "graph",
        "title": graph.name,
        "sentence": as_sentence(closed.graph),
        "caption": caption(graph, recording),
        "parameters": model.count_params(),
        "rankdir": rankdir,
        "usual": usual,
        "boxes": [{k: v for k, v in box.items() if v != usual[k]} for box in boxes],
        "edges": [
            edge_data(edge, recording, detail if detail.terms and k in meeting else None)
            for k, edge in enumerate(edges)
        ],
        "drawings": drawings,
        "loss": loss,
        "ends": [] if passes < 2 else [array_data(t, detail) for t in recording.loss_terms],
        "passes": passes,
        "samples": recording.samples if recording else 0,
        "opening": OPENING if passes == 2 else FORWARD_ONLY,
        "note": NO_DATA,
    }
    names = [box["path"] for box in boxes]
    steps = [0, count, 2 * count + 1][passes]
    return Page(data, picture_svg(closed), table_rows(boxes, passes), names, steps)


# ---------------------------------------------------------------------------------------------
# Drawings: one for each choice of models to open


def draw_all(model, graph, rankdir, most):
    """A drawing for each choice of nested models that are open, and all edges of all of them.

    The drawings are keyed by the numbers of the open boxes: "", "2", "2,5".
    """
    place = {box.path: i for i, box in enumerate(graph.boxes)}
    drawings, numbers = {}, {}
    for opened in choices(graph, most):
        picture = compose(describe(model, [graph.boxes[i].path for i in opened]), rankdir)
        boxes = [place[box.path] for box in picture.graph.boxes]
        drawing = drawing_data(picture, boxes, numbers)
        drawings[",".join(map(str, sorted(opened)))] = drawing
    return drawings, list(numbers)


def choices(graph, most):
    """The sets of nested models that can be open together; an inner one only in an open one.

    Where there are too many, one after the other: each with the models around it.
    """
    models = [i for i, box in enumerate(graph.boxes) if box.opened]
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


def drawing_data(picture, boxes, numbers):
    """Where everything stands in one drawing. `boxes` are the numbers of its boxes in the whole
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
            [i, *place, layer]
            for i, place, layer in zip(boxes, drawing.boxes, drawing.layers, strict=True)
        ],
        "edges": edges,
        "ends": [boxes[i] for i in graph.outputs],
    }


# ---------------------------------------------------------------------------------------------
# Boxes, edges and what was recorded there


def most_frequent(values):
    """The value that occurs most often; what boxes have in common is written once."""
    values = list(values)
    return max(values, key=values.count)


def name_caption(box):
    """All that a box of a very large still picture says; the table says the rest."""
    return [("title", shorten(box.name, LONGEST_LINE))]


def box_data(graph, i, recording, detail):
    """One box: what it is, its weights, its value and the gradient that arrives there."""
    box = graph.boxes[i]
    fields = (
        "name", "path", "type", "kind", "parent", "activation", "call", "calls", "shared",
        "inputs", "outputs", "dtype", "parameters", "trainable", "sentence", "formula",
    )  # fmt: skip
    data = {name: getattr(box, name) for name in fields}
    data["lines"] = [text for _, text in card_caption(box)]
    data["weights"] = weights_data(graph, i, recording, detail)
    if recording:
        data["value"] = [array_data(tensor, detail) for tensor in recording.values[i]]
        if recording.loss is not None:
            data["gradient"] = [array_data(tensor, detail) for tensor in recording.gradients[i]]
    return data


def weights_data(graph, i, recording, detail):
    """The weights of a box. Those of a shared layer stand at its first call; a nested model has
    its own inside."""
    box, layer = graph.boxes[i], graph.nodes[i].layer
    if not box.parameters or box.kind == "model" or first_call(graph, i) != i:
        return []
    found = []
    for weight in layer.weights:
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


def first_call(graph, i):
    """The first box of the layer that box i calls."""
    layer = graph.nodes[i].layer
    return next(k for k, node in enumerate(graph.nodes) if node.layer is layer)


def edge_data(edge, recording, detail):
    """One edge, and the gradient that it carries back; with a picture where several meet."""
    source, output, target, argument = edge
    data = {"source": source, "output": output, "target": target}
    if recording and recording.loss is not None:
        term = recording.terms.get((target, argument))
        data["term"] = array_data(term, detail) if detail else {"norm": norm_text(term)}
    return data


def meetings(drawings, edges):
    """The numbers of the edges whose gradients are added to others, in any of the drawings."""
    found = set()
    for drawing in drawings.values():
        terms = {}
        for number, *_ in drawing["edges"]:
            terms.setdefault(edges[number][:2], []).append(number)
        for (source, _), numbers in terms.items():
            if len(numbers) > 1 or source in drawing["ends"]:
                found.update(numbers)
    return found


def array_data(tensor, detail):
    """What is shown of an array: its shape, its norm, and a small picture."""
    if tensor is None:
        return None
    data = {"shape": shape_text(tensor.shape), "norm": norm_text(tensor)}
    return data | {"picture": activation_picture(tensor.numpy(), detail)}


# ---------------------------------------------------------------------------------------------
# The same facts in words


def caption(graph, recording):
    """What stands above the table."""
    text = f"Model {graph.name}"
    if recording:
        samples = f"{recording.samples} sample{'' if recording.samples == 1 else 's'}"
        text += f", recorded on {samples}"
        if recording.loss is not None:
            text += f"; the loss is {number_text(recording.loss)}"
    return f"{text}."


def table_rows(boxes, passes):
    """The table: a row for each box, those inside nested models too."""
    head = ["Node", "Kind", "Output shape", "Parameters", "Norm of value", "Norm of gradient"]
    rows = [head[: 4 + passes]]
    for box in boxes:
        row = [box["path"], box["type"], ", ".join(box["outputs"]), f"{box['parameters']:,}"]
        row += [norms(box[what]) for what in ("value", "gradient")[:passes]]
        rows.append(row)
    return rows


def norms(arrays):
    """The norms of several arrays, in words."""
    return ", ".join("none" if array is None else array["norm"] for array in arrays) or "none"
