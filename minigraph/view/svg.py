"""A model as a still picture: an SVG file that needs no program and no script to be seen.

Everything is written through ElementTree, so that no name can become markup.
"""

from dataclasses import dataclass
from xml.etree import ElementTree

from .describe import as_sentence, describe
from .layout import Drawing, layout
from .text import shorten, text_width

# The three styles of text in a box: (size, line height, bold, monospace).
STYLES = {
    "title": (14, 20, True, False),
    "detail": (12, 17, False, False),
    "mono": (12, 17, False, True),
}
PADDING_X, PADDING_Y = 16, 10
LEAST_WIDTH, WIDTH_STEP = 96, 16  # widths grow in steps, which keeps columns of boxes calm
LONGEST_LINE = 30
LINE_WIDTH = 1.5
STACK = 5  # how far the card behind the box of a nested model stands out
ARROW_LENGTH, ARROW_HALF_WIDTH = 8, 4

# What light and dark pages see. Attributes carry the light colours, so that a viewer without style
# sheets shows them; the dark ones stand in a style sheet for those who asked for a dark screen.
LIGHT = {
    "paper": "#fbfbfd", "card": "#ffffff", "tint": "#eef2fb", "line": "#c9cfdb", "ink": "#1d2433",
    "soft": "#5b6478", "edge": "#8993a8", "bar": "#8993a8",
}  # fmt: skip
DARK = {
    "paper": "#14171f", "card": "#1f242f", "tint": "#232c3f", "line": "#414a5c", "ink": "#eef1f7",
    "soft": "#a9b2c3", "edge": "#8490a6", "bar": "#8490a6",
}  # fmt: skip
# One colour for each shared layer. They differ in lightness too, for readers who see few hues.
SHARED_LIGHT = ["#0f8b8d", "#a23e8c", "#b7791f", "#4c6fd1", "#5d7a1f", "#b4464b"]
SHARED_DARK = ["#4cc9c0", "#e08bd0", "#f0b95b", "#8fabff", "#a9cf5f", "#f28b8b"]
SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"


@dataclass
class Picture:
    """A graph, the lines of text in each of its boxes, and where everything stands."""

    graph: object
    captions: list
    drawing: Drawing


def compose(graph, rankdir="TB", caption=None):
    """Lay out a graph; `caption(box)` gives the lines of a box as (style, text) pairs."""
    captions = [(caption or card_caption)(box) for box in graph.boxes]
    sizes = [box_size(lines) for lines in captions]
    return Picture(graph, captions, layout(sizes, graph.pairs, rankdir, graph.outlets))


def card_caption(box):
    """Name, type and output shape: what a box shows when nobody asked for anything else."""
    detail = f"{box.type} · {box.activation}" if box.activation else box.type
    if box.calls > 1:
        detail += f" · call {box.call + 1} of {box.calls}"
    shapes = ", ".join(box.outputs)
    return [
        ("title", shorten(box.name, LONGEST_LINE)),
        ("detail", shorten(detail, LONGEST_LINE + 8)),
        ("mono", shorten(shapes, LONGEST_LINE)),
    ]


def box_size(lines):
    """The width and height that hold the lines of a box."""
    widths = [text_width(text, STYLES[style][0], *STYLES[style][2:]) for style, text in lines]
    wanted = max([LEAST_WIDTH, *(width + 2 * PADDING_X for width in widths)])
    width = -int(-wanted // WIDTH_STEP) * WIDTH_STEP
    return width, sum(STYLES[style][1] for style, _ in lines) + 2 * PADDING_Y


# ---------------------------------------------------------------------------------------------
# Writing


def model_to_svg(model, rankdir="TB"):
    """The picture of a model as the text of an SVG file."""
    return picture_svg(compose(describe(model), rankdir))


def picture_svg(picture):
    """The text of an SVG file: first words, then the edges, then the boxes over them."""
    drawing, graph = picture.drawing, picture.graph
    sentence = as_sentence(graph)
    root = ElementTree.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "minigraph-picture",
        "role": "img",
        "aria-label": sentence,
        "width": number(drawing.width),
        "height": number(drawing.height),
        "viewBox": f"0 0 {number(drawing.width)} {number(drawing.height)}",
        "font-family": SANS,
    })  # fmt: skip
    add(root, "title", text=f"Model {graph.name}")
    add(root, "desc", text=sentence)
    add(root, "style", text=dark_style())
    paper = {"width": drawing.width, "height": drawing.height, "rx": 12, "fill": LIGHT["paper"]}
    add(root, "rect", "paper", **paper)
    for path in drawing.paths:
        draw_edge(root, path, drawing.rankdir)
    for box, lines, place in zip(graph.boxes, picture.captions, drawing.boxes, strict=True):
        draw_box(root, box, lines, place)
    return ElementTree.tostring(root, encoding="unicode")


def dark_style():
    """The style sheet for dark screens: a class is named after what it colours."""
    rules = [
        f".mg-{name}{{{'stroke' if name in ('line', 'edge') else 'fill'}:{colour}}}"
        for name, colour in DARK.items()
    ]
    rules.append(f".mg-head{{fill:{DARK['edge']}}}")
    rules += [f".mg-shared{i}{{fill:{colour}}}" for i, colour in enumerate(SHARED_DARK)]
    scoped = "".join(f".minigraph-picture {rule}" for rule in rules)
    return f"@media (prefers-color-scheme:dark){{{scoped}}}"


def draw_edge(root, path, rankdir):
    """One arrow: the line, and the head as a shape of its own, so that no id is needed."""
    add(
        root, "path", "edge", d=path_data(shortened(path, rankdir)),
        fill="none", stroke=LIGHT["edge"], stroke_width=LINE_WIDTH,
    )  # fmt: skip
    add(root, "path", "head", d=path_data(arrow_head(path, rankdir)), fill=LIGHT["edge"])


def draw_box(root, box, lines, place):
    """One box: a card; a pill for inputs and ops; a stack of cards for a nested model."""
    x, y, width, height = place
    group = add(root, "g")
    add(group, "title", text=box_sentence(box))
    radius = corner_radius(box, height)
    if box.kind == "model":
        draw_card(group, (x + STACK, y + STACK, width, height), radius, "card")
    draw_card(group, place, radius, "tint" if box.kind == "input" else "card")
    if box.shared is not None:
        colour = box.shared % len(SHARED_LIGHT)
        draw_bar(group, place, f"shared{colour}", SHARED_LIGHT[colour])
    elif box.parameters:
        draw_bar(group, place, "bar", LIGHT["bar"])
    baseline = y + PADDING_Y
    for style, text in lines:
        size, line_height, bold, mono = STYLES[style]
        role = "ink" if style == "title" else "soft"
        element = add(
            group, "text", role, x=x + width / 2, y=baseline + line_height - 5,
            text_anchor="middle", font_size=size, fill=LIGHT[role],
        )  # fmt: skip
        if bold:
            element.set("font-weight", "600")
        if mono:
            element.set("font-family", MONO)
        element.text = text
        baseline += line_height


def corner_radius(box, height):
    """Inputs and bare ops are pills, all others are cards."""
    return min(height / 2, 22) if box.kind in ("input", "op") else 10


def draw_card(parent, place, radius, role):
    x, y, width, height = place
    element = add(
        parent, "rect", role, x=x, y=y, width=width, height=height, rx=radius,
        fill=LIGHT[role], stroke=LIGHT["line"],
    )  # fmt: skip
    element.set("class", f"mg-{role} mg-line")


def draw_bar(parent, place, name, colour):
    """The mark at the left of a box with weights; shared ones have a colour of their own."""
    x, y, _, height = place
    add(parent, "rect", name, x=x + 6, y=y + 9, width=4, height=height - 18, rx=2, fill=colour)


def box_sentence(box):
    """What a pointer that rests on a box is told."""
    parameters = f", {box.parameters:,} parameters" if box.parameters else ""
    return f"{box.name}: {box.type}, output shape {', '.join(box.outputs)}{parameters}"


def add(parent, tag, role=None, text=None, **attributes):
    """A new element; numbers are written without needless digits, `_` in a name becomes `-`."""
    element = ElementTree.SubElement(parent, tag)
    if role is not None:
        element.set("class", f"mg-{role}")
    for name, value in attributes.items():
        element.set(name.replace("_", "-"), value if isinstance(value, str) else number(value))
    element.text = text
    return element


# ---------------------------------------------------------------------------------------------
# Strokes


def arrow_head(path, rankdir):
    """The triangle at the end of a path."""
    x, y = path[-1][-2:]
    back, side = ARROW_LENGTH, ARROW_HALF_WIDTH
    if rankdir == "TB":
        corners = [(x - side, y - back), (x + side, y - back)]
    else:
        corners = [(x - back, y - side), (x - back, y + side)]
    return [("M", x, y), *(("L", *corner) for corner in corners), ("Z",)]


def arrow_tail(path, rankdir):
    """The arrow turned around: a triangle at a path's start, and the bit missing at its end."""
    (_, x, y), (end_x, end_y) = path[0], path[-1][-2:]
    length, side, half = ARROW_LENGTH, ARROW_HALF_WIDTH, LINE_WIDTH / 2
    if rankdir == "TB":
        corners = [(x - side, y + length), (x + side, y + length)]
        bit = [
            (end_x - half, end_y),
            (end_x - half, end_y - length),
            (end_x + half, end_y - length),
        ]
        bit.append((end_x + half, end_y))
    else:
        corners = [(x + length, y - side), (x + length, y + side)]
        bit = [
            (end_x, end_y - half),
            (end_x - length, end_y - half),
            (end_x - length, end_y + half),
        ]
        bit.append((end_x, end_y + half))
    triangle = [("M", x, y), *(("L", *corner) for corner in corners), ("Z",)]
    return [*triangle, ("M", *bit[0]), *(("L", *corner) for corner in bit[1:]), ("Z",)]


def shortened(path, rankdir):
    """The path without its last bit, which the arrow head covers."""
    letter, *numbers = path[-1]
    x, y = numbers[-2:]
    end = (x, y - ARROW_LENGTH + 1) if rankdir == "TB" else (x - ARROW_LENGTH + 1, y)
    if letter == "C":
        return [*path[:-1], (letter, *numbers[:4], *end)]
    return [*path[:-1], (letter, *end)]


def path_data(path):
    """A path as SVG writes it: `M10 20L10 40`."""
    strokes = [letter + " ".join(map(number, numbers)) for letter, *numbers in path]
    return "".join(strokes)


def number(value):
    """A coordinate without needless digits."""
    return f"{value:.1f}".removesuffix(".0")
