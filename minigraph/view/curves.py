"""Charts: axes with round numbers, and curves and bars as a still picture."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from xml.etree import ElementTree

from .svg import DARK, LIGHT, SANS, add, number

# The points of each kind of curve: (share of the width, value or None).
Series: TypeAlias = dict[str, list[tuple[float, Any]]]

WIDEST_LINEAR = 100  # positive values that differ by more than this factor get a logarithmic axis
NARROWEST = 1e-4  # an axis spans at least this fraction of its values
HUGE = 1e300  # larger values are clipped to the end of an axis, and those below 1/HUGE to 1/HUGE
MOST_TICKS = 5
WIDTH, PLOT_HEIGHT, LEFT, RIGHT = 640, 110, 64, 16
BAR_LEFT, BAR_RIGHT, ROW = 150, 80, 20

# How each kind of curve is drawn: (light colour, dark colour, width, dashes, dots).
STROKES = {
    "batch": ("#6d9fe0", "#4f7fc0", 1, "", False),
    "running": ("#6d9fe0", "#4f7fc0", 1, "", False),
    "epoch": ("#1c63c4", "#6fa8ff", 2, "", True),
    "validation": ("#bd4a0b", "#ff9d5c", 2, "5 3", True),
}
GRADIENT = STROKES["validation"][:2]  # the colours of what flows back
NAMES = {
    "batch": "batch",
    "running": "epoch so far",
    "epoch": "epoch",
    "validation": "validation",
}


@dataclass(frozen=True)
class Axis:
    """A scale from `least` to `most`, and the values that are written along it."""

    least: float
    most: float
    log: bool
    ticks: tuple[float, ...]

    def share(self, value: float | None) -> float | None:
        """The position of a value, from 0 to 1; None for one that is not on the axis."""
        if value is None or not math.isfinite(value) or (self.log and value <= 0):
            return None
        return self.position(value)

    def position(self, value: float) -> float:
        """Return the position of a number that the axis can show, from 0 to 1."""
        scale = math.log if self.log else float
        least, most = scale(self.least), scale(self.most)
        return min(max((scale(value) - least) / (most - least), 0.0), 1.0)

    def data(self) -> dict[str, Any]:
        """The axis as plain data: its ends, its kind, and the position and text of each tick."""
        ticks = [[round(self.position(tick), 4), f"{tick:g}"] for tick in self.ticks]
        return {"least": self.least, "most": self.most, "log": self.log, "ticks": ticks}


def axis_for(values: Iterable[float], log: bool = False) -> Axis:
    """An axis with round ends that holds all values; logarithmic where these differ widely."""
    values = [v for v in values if v is not None and math.isfinite(v) and (v > 0 or not log)]
    values = [min(max(v, 1 / HUGE if v > 0 else -HUGE), HUGE) for v in values]
    least, most = min(values, default=1.0), max(values, default=1.0)
    if log or least > 0 and most / least > WIDEST_LINEAR:
        return log_axis(least, most)
    return linear_axis(0.0 if 0 < least < most / 2 else least, most)


def linear_axis(least: float, most: float) -> Axis:
    """An axis whose ticks are 1, 2 or 5 times a power of ten apart."""
    parts = MOST_TICKS - 1
    flat = NARROWEST * max(abs(least), abs(most)) or 1.0
    step = round_step(max(most / parts - least / parts, flat / parts))
    first, last = math.floor(least / step), math.ceil(most / step)
    last = max(last, first + 1)
    ticks = tuple(float(f"{k * step:.10g}") for k in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], False, ticks)


def round_step(width: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least `width`."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= width * (1 - 1e-9))


def log_axis(least: float, most: float) -> Axis:
    """An axis whose ticks are powers of ten, or 1, 2 and 5 times those if it is short."""
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
    last = max(last, first + 1)
    fine = [float(f"{factor}e{power}") for power in range(first, last + 1) for factor in (1, 2, 5)]
    below = max([tick for tick in fine if tick <= least], default=fine[0])
    above = min([tick for tick in fine if tick >= most and tick > below], default=fine[-1])
    ticks = tuple(tick for tick in fine if below <= tick <= above)
    if len(ticks) > MOST_TICKS:
        every = -(-(last - first) // (MOST_TICKS - 1))
        ticks = tuple(float(f"1e{power}") for power in range(first, last + every, every))
    return Axis(ticks[0], ticks[-1], True, ticks)


# ---------------------------------------------------------------------------------------------
# The still picture


class Sheet:
    """A picture that grows downward, chart by chart."""

    def __init__(self, title: str, sentence: str) -> None:
        self.root: ElementTree.Element = ElementTree.Element("svg", {
            "xmlns": "http://www.w3.org/2000/svg", "class": "minigraph-curves", "role": "img",
            "aria-label": sentence, "font-family": SANS,
        })  # fmt: skip
        add(self.root, "title", text=title)
        add(self.root, "desc", text=sentence)
        add(self.root, "style", text=dark_style())
        self.paper: ElementTree.Element = add(
            self.root, "rect", "paper", width=WIDTH, rx=12, fill=LIGHT["paper"]
        )
        self.y: float = 12

    def finish(self) -> str:
        """The text of the SVG file."""
        height = number(self.y + 8)
        self.root.set("width", number(WIDTH))
        self.root.set("height", height)
        self.root.set("viewBox", f"0 0 {WIDTH} {height}")
        self.paper.set("height", height)
        return ElementTree.tostring(self.root, encoding="unicode")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        anchor: str = "start",
        colour: str = "soft",
        size: float = 11,
        bold: bool = False,
    ) -> None:
        """Draw a line of text."""
        element = add(
            self.root, "text", colour, text, x=x, y=y, text_anchor=anchor, font_size=size,
            fill=LIGHT[colour],
        )  # fmt: skip
        if bold:
            element.set("font-weight", "600")

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Draw a thin grid line."""
        add(self.root, "line", "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=LIGHT["line"])

    def words(self, text: str) -> None:
        """Draw a line of text that fills the width."""
        self.text(LEFT, self.y + 12, text, size=12)
        self.y += 26

    def chart(self, title: str, axis: Axis, series: Series, ends: Sequence[Sequence[Any]]) -> None:
        """Draw curves: `series` maps a kind of curve to its points (share of width, value), `ends`
        are the ticks along the bottom, (share of the width, text)."""
        self.legend(title, axis, series)
        top, bottom = self.y, self.y + PLOT_HEIGHT
        wide = WIDTH - LEFT - RIGHT
        for tick in axis.ticks:
            y = bottom - axis.position(tick) * PLOT_HEIGHT
            self.line(LEFT, y, WIDTH - RIGHT, y)
            self.text(LEFT - 7, y + 4, f"{tick:g}", "end")
        for share, text in ends:
            self.text(LEFT + share * wide, bottom + 15, text, "middle")
        for kind, points in series.items():
            pixels = [
                (LEFT + share * wide, bottom - height * PLOT_HEIGHT)
                for share, value in points
                if (height := axis.share(value)) is not None
            ]
            self.curve(kind, pixels)
        self.y = top + PLOT_HEIGHT + 34

    def legend(self, title: str, axis: Axis, series: Series) -> None:
        """Draw the title of a chart and a sample of each kind of curve."""
        self.text(LEFT, self.y + 12, f"{title} (log scale)" if axis.log else title,
                  colour="ink", size=13, bold=True)  # fmt: skip
        x = WIDTH - RIGHT
        for kind in reversed(series):
            x -= 7 * len(NAMES[kind]) + 2
            self.text(x, self.y + 12, NAMES[kind])
            self.curve(kind, [(x - 26, self.y + 8), (x - 6, self.y + 8)])
            x -= 40
        self.y += 26

    def curve(self, kind: str, points: Sequence[tuple[float, float]]) -> None:
        """Draw a line through points, with a dot on each if the curve has few."""
        if not points:
            return
        colour, _, width, dashes, dots = STROKES[kind]
        text = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        line = add(
            self.root, "polyline", kind, points=text, fill="none", stroke=colour,
            stroke_width=width,
        )  # fmt: skip
        if dashes:
            line.set("stroke-dasharray", dashes)
        if dots:
            for x, y in points:
                add(self.root, "circle", f"{kind}-dot", cx=x, cy=y, r=2.5, fill=colour)

    def bars(self, title: str, axis: Axis, rows: Sequence[tuple[str, float | None, str]]) -> None:
        """Draw a bar for each (name, value, text) on a logarithmic axis."""
        self.text(LEFT, self.y + 12, f"{title} (log scale)", colour="ink", size=13, bold=True)
        wide, top = WIDTH - BAR_LEFT - BAR_RIGHT, self.y + 40
        for tick in axis.ticks:
            x = BAR_LEFT + axis.position(tick) * wide
            self.line(x, top - 4, x, top + ROW * len(rows))
            self.text(x, top - 9, f"{tick:g}", "middle")
        self.y = top
        for name, value, text in rows:
            self.text(BAR_LEFT - 8, self.y + 13, name, "end", "ink")
            if share := axis.share(value):
                add(self.root, "rect", "gradient", x=BAR_LEFT, y=self.y + 3, width=share * wide,
                    height=12, rx=2, fill=GRADIENT[0])  # fmt: skip
            self.text(WIDTH - BAR_RIGHT + 8, self.y + 13, text)
            self.y += ROW
        self.y += 4


def dark_style() -> str:
    """The style sheet for dark screens."""
    rules = {f".mg-{name}": f"fill:{DARK[name]}" for name in ("paper", "ink", "soft")}
    rules |= {".mg-line": f"stroke:{DARK['line']}", ".mg-gradient": f"fill:{GRADIENT[1]}"}
    for kind, (_, colour, *_) in STROKES.items():
        rules |= {f".mg-{kind}": f"stroke:{colour}", f".mg-{kind}-dot": f"fill:{colour}"}
    scoped = "".join(f".minigraph-curves {name}{{{rule}}}" for name, rule in rules.items())
    return f"@media (prefers-color-scheme:dark){{{scoped}}}"
