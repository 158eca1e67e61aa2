"""A model as a still picture: an SVG file that needs no program and no script.

Everything is written through ElementTree, so that no name can become markup. Marks that look alike
share a group, which holds their style once: a picture of many boxes stays a small file.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from .describe import Box, Graph, as_sentence, describe
from .layout import Drawing, Rect, Stroke, layout
from .text import joined_within, shorten, some, text_width

if TYPE_CHECKING:
    from ..models.model import Model

Captions = list[tuple[str, str]]  # the lines of text in a box: (style, text)

# The three styles of text in a box: (size, line height, bold, monospace).
STYLES = {
    "title": (14, 20, True, False),
    "detail": (12, 17, False, False),
    "mono": (12, 17, False, True),
    "badge": (10, 12, True, False),
}
PADDING_X, PADDING_Y = 16, 10
LEAST_WIDTH, WIDTH_STEP = 96, 16  # widths grow in steps, which keeps columns of boxes tidy
LONGEST_LINE, LONGEST_SHAPES = 30, 44
LINE_WIDTH = 1.5
STACK = 5  # how far the card behind the box of a nested model sticks out
HEADING_HEIGHT, HEADING_GAP = 32, 10  # of an opened model
BADGE = 17  # the round badge with the number of a shared layer
ARROW_LENGTH, ARROW_HALF_WIDTH = 8, 4
LEAST_PORT_GAP = 10  # a box is made as wide as its arrows need, so that none hides another
MOST_SHAPES = 8  # how many are listed one by one

# The colours of light and dark pages. Attributes carry the light ones, so that a viewer without
# style sheets shows them; the dark ones are in a style sheet for readers who chose a dark screen.
LIGHT = {
    "paper": "#fbfbfd", "card": "#ffffff", "tint": "#eef2fb", "line": "#c9cfdb", "ink": "#1d2433",
    "soft": "#5b6478", "edge": "#8993a8", "bar": "#8993a8", "room0": "#f3f5f9", "room1": "#fbfbfd",
    "op": "#fdf5e8",
}  # fmt: skip
DARK = {
    "paper": "#14171f", "card": "#1f242f", "tint": "#232c3f", "line": "#414a5c", "ink": "#eef1f7",
    "soft": "#a9b2c3", "edge": "#8490a6", "bar": "#8490a6", "room0": "#191d26", "room1": "#14171f",
    "op": "#2d2820",
}  # fmt: skip
# One colour for each shared layer. They differ in lightness too, for readers who see few hues, and
# each has a number beside it.
SHARED_LIGHT = ["#0f7d7f", "#a23e8c", "#96620f", "#4c6fd1", "#5d7a1f", "#b4464b"]
SHARED_DARK = ["#4cc9c0", "#e08bd0", "#f0b95b", "#8fabff", "#a9cf5f", "#f28b8b"]
LIGHT |= {f"shared{i}": colour for i, colour in enumerate(SHARED_LIGHT)}
DARK |= {f"shared{i}": colour for i, colour in enumerate(SHARED_DARK)}
SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"


@dataclass
class Picture:
    """A graph, the lines of text in each of its boxes, and where everything is drawn."""

    graph: Graph
    captions: list[Captions]
    drawing: Drawing


@dataclass(frozen=True)
class Card:
    """A rounded rectangle (x, y, width, height); `fill` and `line` are names of colours."""

    rect: Rect
    radius: float
    fill: str
    line: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of text in one of the `STYLES`; `anchor` says what is at x: its middle or start."""

    x: float
    y: float
    text: str
    style: str
    colour: str
    anchor: str = "middle"


def compose(
    graph: Graph, rankdir: str = "TB", caption: Callable[[Box], Captions] | None = None
) -> Picture:
    """Lay out a graph; `caption(box)` gives the lines of a box as (style, text) pairs."""
    captions = [(caption or card_caption)(box) for box in graph.boxes]
    arrows = Counter(target for _, target in graph.pairs)
    sizes = [
        heading_size(lines) if box.opened else box_size(lines, arrows[i], rankdir)
        for i, (box, lines) in enumerate(zip(graph.boxes, captions, strict=True))
    ]
    drawing = layout(sizes, graph.pairs, rankdir, graph.outlets, graph.parents)
    return Picture(graph, captions, drawing)


def card_caption(box: Box) -> Captions:
    """Name, type and output shape: what a box shows by default."""
    detail = f"{box.type} · {box.activation}" if box.activation else box.type
    if box.calls > 1:
        detail += f" · call {box.call + 1} of {box.calls}"
    return [
        ("title", shorten(box.name, LONGEST_LINE)),
        ("detail", shorten(detail, LONGEST_LINE + 8)),
        ("mono", joined_within(box.outputs, LONGEST_SHAPES)),
    ]


def box_size(lines: Captions, arrows: int = 0, rankdir: str = "TB") -> tuple[float, float]:
    """The width and height that hold the lines of a box, and the arrows that end at its side."""
    widths = [width_of(style, text) for style, text in lines]
    width = max([LEAST_WIDTH, *(width + 2 * PADDING_X for width in widths)])
    height = height_of(lines) + 2 * PADDING_Y
    ports = (arrows + 1) * LEAST_PORT_GAP
    width, height = (max(width, ports), height) if rankdir == "TB" else (width, max(height, ports))
    return -int(-width // WIDTH_STEP) * WIDTH_STEP, height


def height_of(lines: Captions) -> float:
    return sum(STYLES[style][1] for style, _ in lines)


def heading_size(lines: Captions) -> tuple[float, float]:
    """The size of an opened model's heading, whose lines are written next to each other."""
    words = heading_lines(lines, 0, 0)
    return words[-1].x + width_of(words[-1].style, words[-1].text) + PADDING_X, HEADING_HEIGHT


def heading_lines(lines: Captions, x: float, y: float) -> list[Line]:
    """The heading of an opened model, without shapes: the boxes inside show them."""
    found, x = [], x + PADDING_X
    for style, text in lines:
        if style != "mono":
            colour = "ink" if style == "title" else "soft"
            found.append(Line(x, y + HEADING_HEIGHT / 2 + 5, text, style, colour, "start"))
            x += width_of(style, text) + HEADING_GAP
    return found


def width_of(style: str, text: str) -> float:
    size, _, bold, mono = STYLES[style]
    return text_width(text, size, bold, mono)


# ---------------------------------------------------------------------------------------------
# What a picture is made of, in any format


def cluster_cards(picture: Picture) -> list[Card]:
    """The cards below the arrows: one for each opened model, the inner ones on top."""
    levels: list[list[Card]] = [[]]
    depth: dict[int | None, int] = {None: 0}
    for i, (box, rect) in enumerate(zip(picture.graph.boxes, picture.drawing.boxes, strict=True)):
        depth[i] = depth[box.parent] + 1
        if box.opened:
            levels += [[]] * (depth[i] == len(levels))
            levels[depth[i]].append(Card(rect, 10, f"room{(depth[i] + 1) % 2}", "line"))
    return [card for cards in levels for card in cards]


def marks(box: Box, lines: Captions, rect: Rect) -> list[Card | Line]:
    """The cards and lines of text of one box: a pill for inputs and ops, a card for layers, a
    stack of cards for a nested model and for what was left out, a heading for a model that is
    open."""
    x, y, width, height = rect
    radius = min(height / 2, 22) if box.kind in ("input", "op") else 10
    if box.opened:
        height = HEADING_HEIGHT
    found = []
    if box.kind in ("model", "rest") and not box.opened:
        found.append(Card((x + STACK, y + STACK, width, height), radius, "card", "line"))
    fill = "tint" if box.opened else {"input": "tint", "op": "op"}.get(box.kind, "card")
    found.append(Card((x, y, width, height), radius, fill, "line"))
    colour = "bar" if box.shared is None else f"shared{box.shared % len(SHARED_LIGHT)}"
    if box.parameters or box.shared is not None:
        found.append(Card((x + 6, y + 9, 4, height - 18), 2, colour))
    top = y + (height - height_of(lines)) / 2
    found += heading_lines(lines, x, y) if box.opened else centred_lines(lines, x + width / 2, top)
    if box.shared is not None:
        left, top = x + width - BADGE + 5, y - 5
        found.append(Card((left, top, BADGE, BADGE), BADGE / 2, colour))
        number = str(box.shared + 1)
        found.append(Line(left + BADGE / 2, top + BADGE / 2 + 3.5, number, "badge", "paper"))
    return found


def centred_lines(lines: Captions, x: float, y: float) -> list[Line]:
    """The text of a box, one line below the other."""
    found = []
    for style, text in lines:
        y += STYLES[style][1]
        found.append(Line(x, y - 5, text, style, "ink" if style == "title" else "soft"))
    return found


# ---------------------------------------------------------------------------------------------
# Writing


def model_to_svg(model: "Model", rankdir: str = "TB") -> str:
    """The picture of a model as the text of an SVG file."""
    return picture_svg(compose(describe(model), rankdir), tooltips=True)


def notebook_forms(model: "Model") -> dict[str, Any]:
    """Return the forms in which a notebook may show a model: its picture, or a sentence."""
    picture = compose(describe(model))
    svg = picture_svg(picture, tooltips=True)
    return {"text/plain": as_sentence(picture.graph), "image/svg+xml": svg}


def picture_svg(picture: Picture, tooltips: bool = False) -> str:
    """The text of an SVG file: a description, then from bottom to top clusters, edges and boxes.

    With `tooltips` a box has a text that appears under the pointer. A browser shows it where the
    picture is part of a page, but not where the page includes it as an image.
    """
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
    style = add(root, "style")
    paper = Card((0, 0, drawing.width, drawing.height), 12, "paper")
    draw_groups(root, [(card, None) for card in [paper, *cluster_cards(picture)]])
    draw_edges(root, drawing)
    found = []
    for box, lines, rect in zip(graph.boxes, picture.captions, drawing.boxes, strict=True):
        words = box_sentence(box) if tooltips else None
        found += [(mark, words) for mark in marks(box, lines, rect)]
    draw_groups(root, sorted(found, key=lambda pair: look(pair[0])))
    style.text = dark_style({name for element in root.iter() for name in colours_of(element)})
    return ElementTree.tostring(root, encoding="unicode")


def look(mark: Card | Line) -> tuple[Any, ...]:
    """Return what the marks of a group share. Sorted by it, cards with a line around them come
    first, then bars and badges, and the text is on top."""
    if isinstance(mark, Line):
        return (2, mark.style, mark.colour, mark.anchor)
    return (0, mark.fill, mark.line) if mark.line else (1, mark.fill, "")


def draw_groups(root: ElementTree.Element, pairs: Sequence[tuple[Card | Line, str | None]]) -> None:
    """Draw (mark, tooltip) pairs; neighbours that look alike share a group."""
    for (_, *shared), members in groupby(pairs, key=lambda pair: look(pair[0])):
        draw: Callable[..., None] = draw_cards if len(shared) == 2 else draw_lines
        draw(root, *shared, list(members))


def draw_cards(
    root: ElementTree.Element, fill: str, line: str, pairs: list[tuple[Card, str | None]]
) -> None:
    """Draw a group of rounded rectangles."""
    group = add(root, "g", f"{fill} {line}".split(), fill=LIGHT[fill])
    if line:
        group.set("stroke", LIGHT[line])
    for card, words in pairs:
        x, y, width, height = card.rect
        element = add(group, "rect", x=x, y=y, width=width, height=height, rx=card.radius)
        if words and line:
            add(element, "title", text=words)


def draw_lines(
    root: ElementTree.Element,
    style: str,
    colour: str,
    anchor: str,
    pairs: list[tuple[Line, str | None]],
) -> None:
    """Draw a group of lines of text, which let the pointer through to the card below."""
    size, _, bold, mono = STYLES[style]
    group = add(root, "g", [colour], text_anchor=anchor, font_size=size, fill=LIGHT[colour])
    if bold:
        group.set("font-weight", "600")
    if mono:
        group.set("font-family", MONO)
    if any(words for _, words in pairs):
        group.set("pointer-events", "none")
    for line, _ in pairs:
        add(group, "text", text=line.text, x=line.x, y=line.y)


def draw_edges(root: ElementTree.Element, drawing: Drawing) -> None:
    """Draw all arrows, the lines as one shape and the heads as another, so no ids are needed."""
    if not drawing.paths:
        return
    lines = [strokes(shortened(path, drawing.rankdir)) for path in drawing.paths]
    heads = [strokes(arrow_head(path, drawing.rankdir)) for path in drawing.paths]
    add(
        root, "path", ["edge"], d="".join(lines),
        fill="none", stroke=LIGHT["edge"], stroke_width=LINE_WIDTH,
    )  # fmt: skip
    add(root, "path", ["head"], d="".join(heads), fill=LIGHT["edge"])


def dark_style(used: set[str]) -> str:
    """The style sheet for dark screens: a class is named after what it colours."""
    rules = [
        f".mg-{name}{{{'stroke' if name in ('line', 'edge') else 'fill'}:{colour}}}"
        for name, colour in (DARK | {"head": DARK["edge"]}).items()
        if name in used
    ]
    scoped = "".join(f".minigraph-picture {rule}" for rule in rules)
    return f"@media (prefers-color-scheme:dark){{{scoped}}}"


def colours_of(element: ElementTree.Element) -> list[str]:
    """The names of the colours that an element's classes stand for."""
    return element.get("class", "").replace("mg-", "").split()


def box_sentence(box: Box) -> str:
    """The tooltip of a box."""
    parameters = f", {box.parameters:,} parameters" if box.parameters else ""
    shapes = ", ".join(some(box.outputs, MOST_SHAPES))
    return f"{box.name}: {box.type}, output shape {shapes}{parameters}"


def add(
    parent: ElementTree.Element,
    tag: str,
    colours: Any = (),
    text: str | None = None,
    **attributes: Any,
) -> ElementTree.Element:
    """Add an element; numbers are written without extra digits, and `_` in names becomes `-`."""
    element = ElementTree.SubElement(parent, tag)
    if colours:
        element.set("class", " ".join(f"mg-{name}" for name in colours))
    for name, value in attributes.items():
        element.set(name.replace("_", "-"), value if isinstance(value, str) else number(value))
    element.text = text
    return element


# ---------------------------------------------------------------------------------------------
# Strokes


def arrow_head(path: list[Stroke], rankdir: str) -> list[Stroke]:
    """The triangle at the end of a path."""
    x, y = path[-1][-2:]
    back, side = ARROW_LENGTH, ARROW_HALF_WIDTH
    if rankdir == "TB":
        corners = [(x - side, y - back), (x + side, y - back)]
    else:
        corners = [(x - back, y - side), (x - back, y + side)]
    return [("M", x, y), *(("L", *corner) for corner in corners), ("Z",)]


def arrow_tail(path: list[Stroke], rankdir: str) -> list[Stroke]:
    """The arrow reversed: a triangle at a path's start, and the bit missing at its end."""
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


def shortened(path: list[Stroke], rankdir: str) -> list[Stroke]:
    """The path without its last bit, which the arrow head covers."""
    letter, *numbers = path[-1]
    x, y = numbers[-2:]
    end = (x, y - ARROW_LENGTH + 1) if rankdir == "TB" else (x - ARROW_LENGTH + 1, y)
    if letter == "C":
        return [*path[:-1], (letter, *numbers[:4], *end)]
    return [*path[:-1], (letter, *end)]


def path_data(path: list[Stroke]) -> str:
    """A path as SVG writes it: `M10 20L10 40`."""
    return "".join(letter + " ".join(map(number, numbers)) for letter, *numbers in path)


def strokes(path: list[Stroke]) -> str:
    """A path in as few characters as possible, every stroke relative to the end of the last
    one: `M10 20v20`."""
    text, x, y = "", 0.0, 0.0
    for letter, *numbers in path:
        if letter in "MZ":
            text += letter + " ".join(map(number, numbers))
        else:
            steps = [value - (y if i % 2 else x) for i, value in enumerate(numbers)]
            if letter == "L" and 0 in steps:
                letter, steps = ("v", steps[1:]) if steps[0] == 0 else ("h", steps[:1])
            text += letter.lower() + " ".join(map(number, steps)).replace(" -", "-")
        if numbers:
            x, y = numbers[-2:]
    return text


def number(value: float) -> str:
    """A coordinate without needless digits."""
    return f"{value:.1f}".removesuffix(".0")
