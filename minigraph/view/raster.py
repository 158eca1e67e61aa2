"""The same picture as pixels: a PNG file, drawn by Matplotlib, which is imported only here."""

import io
import warnings
from typing import Any

from .layout import Stroke
from .svg import LIGHT, STYLES, Card, Line, Picture, arrow_head, cluster_cards, marks, shortened

PIXELS_PER_INCH = 96  # in the units of the drawing, as in a browser
LARGEST_SIDE = 65_000  # the limit of the PNG writer, in pixels


def picture_png(picture: Picture, dpi: float = 200) -> bytes:
    """The bytes of a PNG file with `dpi` pixels per inch.

    Raises ImportError without Matplotlib, ValueError if `dpi` is not positive or the picture would
    be too large.
    """
    figure_class, canvas_class = import_matplotlib()
    if not dpi > 0:
        raise ValueError(f"dpi must be a positive number, got {dpi!r}")
    width, height = (
        side / PIXELS_PER_INCH for side in (picture.drawing.width, picture.drawing.height)
    )
    if max(width, height) * dpi > LARGEST_SIDE:
        raise ValueError(
            f"at dpi={dpi} the picture would have {width * dpi:.0f} x {height * dpi:.0f} pixels, "
            f"but the limit is {LARGEST_SIDE:,} on a side. Write an .svg file, or lower dpi."
        )
    figure = figure_class(figsize=(width, height), dpi=dpi, facecolor="white")
    canvas_class(figure)
    paint(figure.add_axes((0, 0, 1, 1)), picture)
    file = io.BytesIO()
    with warnings.catch_warnings():
        # A character that the font lacks is drawn as an empty box, which is warning enough.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def import_matplotlib() -> Any:
    """The two classes that draw, or an error that says what to install."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'a PNG picture is drawn by Matplotlib: pip install "minigraph[plot]". '
            "An SVG picture needs nothing else: use a file name that ends in .svg"
        ) from error
    return Figure, FigureCanvasAgg


def paint(axes: Any, picture: Picture) -> None:
    """Draw edges and boxes, with y pointing down as in the drawing."""
    drawing = picture.drawing
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.axis("off")
    for card in cluster_cards(picture):
        paint_card(axes, card)
    for path in drawing.paths:
        paint_path(
            axes, shortened(path, drawing.rankdir), edgecolor=LIGHT["edge"], linewidth=points(1.5)
        )
        paint_path(axes, arrow_head(path, drawing.rankdir), filled=True, facecolor=LIGHT["edge"])
    for box, lines, rect in zip(picture.graph.boxes, picture.captions, drawing.boxes, strict=True):
        for mark in marks(box, lines, rect):
            if isinstance(mark, Card):
                paint_card(axes, mark)
            else:
                paint_line(axes, mark)


def points(pixels: float) -> float:
    """Pixels in points, 72 to the inch, in which line widths and letters are measured."""
    return pixels * 72 / PIXELS_PER_INCH


def paint_path(axes: Any, path: list[Stroke], filled: bool = False, **style: Any) -> None:
    """Draw one path of lines and curves."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    codes = {"M": [Path.MOVETO], "L": [Path.LINETO], "C": [Path.CURVE4] * 3, "Z": [Path.CLOSEPOLY]}
    corners, kinds = [], []
    for letter, *numbers in path:
        numbers = numbers or path[0][1:]  # closing a path leads back to its start
        corners += zip(numbers[::2], numbers[1::2], strict=True)
        kinds += codes[letter]
    style.setdefault("linewidth", 0)
    axes.add_patch(PathPatch(Path(corners, kinds), fill=filled, capstyle="butt", **style))


def paint_line(axes: Any, line: Line) -> None:
    """Draw a line of text."""
    size, _, bold, mono = STYLES[line.style]
    axes.text(
        line.x,
        line.y,
        line.text,
        size=points(size),
        color=LIGHT[line.colour],
        weight="bold" if bold else "normal",
        family="DejaVu Sans Mono" if mono else "DejaVu Sans",
        horizontalalignment={"middle": "center", "start": "left"}[line.anchor],
        verticalalignment="baseline",
        parse_math=False,  # a dollar sign in a name is a dollar sign
    )


def paint_card(axes: Any, card: Card) -> None:
    """Draw a rounded rectangle."""
    from matplotlib.patches import FancyBboxPatch

    x, y, width, height = card.rect
    style = f"round,pad=0,rounding_size={card.radius}"
    edge = (
        {"edgecolor": LIGHT[card.line], "linewidth": points(1)} if card.line else {"linewidth": 0}
    )
    patch = FancyBboxPatch(
        (x, y), width, height, boxstyle=style, facecolor=LIGHT[card.fill], **edge
    )
    axes.add_patch(patch)
