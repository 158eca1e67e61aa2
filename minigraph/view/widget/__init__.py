"""The widgets: interactive pictures, in a page of the book and in a notebook.

All that a widget shows is one piece of plain data, made in Python from a real run of the library.
The scripts beside this file draw it; `scripts.py` joins them. This file is what all widgets share:
the HTML with a still picture and a table for where no script runs, the data as JSON, and the
form for Jupyter, where Python can read and set what is selected and which step is shown.

A new widget is a function that makes a `Page`, and a view, which is a file in `views/`. `data.d.ts`
says what the data of each view hold, `view.d.ts` what a view receives and returns. The
appendix "Write a widget" of the book has the smallest one.
"""

import base64
import functools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from .scripts import all_views, export_for_jupyter, module, script

MOST_BYTES = 60_000  # what one widget may add to a page
SHORT = 10  # text no longer than this as JSON is not worth a number


def __getattr__(name: str) -> str:
    """Return SCRIPT, one script with all views, or EXPORT, which makes it a module for Jupyter.

    Both are made on demand: most programs show no widget.
    """
    if name == "SCRIPT":
        return script(*all_views())
    if name == "EXPORT":
        return export_for_jupyter()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass
class Page:
    """Everything that a widget is made of.

    `data` is plain data for the view that `data["view"]` names; `data["sentence"]` says in words
    what it shows. `svg` is the still picture, `rows` the table of the same facts, its first row the
    headings. `names` are what can be selected, the first being the initial one, and `steps` is the
    number of the last step. `data["start"]` is the step that is shown first, if it is not 0.
    """

    data: dict[str, Any]
    svg: str
    rows: list[list[str]]
    names: list[str] = field(default_factory=lambda: [""])
    steps: int = 0

    @functools.cached_property
    def html(self) -> str:
        """The widget as a piece of a page: picture, table, and the data that brings it to life."""
        host = ElementTree.Element("div", {"class": "minigraph-widget"})
        still = ElementTree.SubElement(host, "div", {"class": "mg-still"})
        source = "data:image/svg+xml;base64," + base64.b64encode(self.svg.encode()).decode()
        ElementTree.SubElement(still, "img", {"alt": self.data["sentence"], "src": source})
        still.append(self.table())
        script = ElementTree.SubElement(host, "script", {"type": "application/json"})
        script.text = safe_json(packed(self.data))
        return ElementTree.tostring(host, encoding="unicode")

    def table(self) -> ElementTree.Element:
        """The facts as a table."""
        table = ElementTree.Element("table")
        ElementTree.SubElement(table, "caption").text = self.data["caption"]
        head, *rows = self.rows
        line = ElementTree.SubElement(ElementTree.SubElement(table, "thead"), "tr")
        for title in head:
            ElementTree.SubElement(line, "th", {"scope": "col"}).text = title
        body = ElementTree.SubElement(table, "tbody")
        for row in rows:
            line = ElementTree.SubElement(body, "tr")
            for i, text in enumerate(row):
                tag, attributes = ("td", {}) if i else ("th", {"scope": "row"})
                ElementTree.SubElement(line, tag, attributes).text = text
        return table


def packed(data: dict[str, Any]) -> dict[str, Any]:
    """Return plain data in which each repeated long text or dict appears once, in `parts`.

    "~7" stands for part number 7, "~~" at the start for a literal "~". The name of the view
    is kept as it is, for code that looks up which scripts a page needs.
    """
    seen, parts, numbers = Counter(), [], {}

    def count(value: Any) -> None:
        if isinstance(value, (str, dict)):
            seen[json.dumps(value)] += 1
        if isinstance(value, (dict, list, tuple)):
            for child in value.values() if isinstance(value, dict) else value:
                count(child)

    def pack(value: Any) -> Any:
        key = json.dumps(value) if isinstance(value, (str, dict)) else ""
        if len(key) > SHORT and seen[key] > 1:
            if key not in numbers:
                part = pack_inside(value)
                numbers[key] = len(parts)
                parts.append(part)
            return f"~{numbers[key]}"
        return pack_inside(value)

    def pack_inside(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: pack(child) for key, child in value.items()}
        if isinstance(value, (list, tuple)):
            return [pack(child) for child in value]
        return f"~{value}" if isinstance(value, str) and value.startswith("~") else value

    count(data)
    packed_data: Any = pack(data)
    body = packed_data | {key: data[key] for key in ["view"] if key in data}
    return {"parts": parts, "body": body}


def safe_json(data: Any) -> str:
    """JSON that can stand in a page: no character in it can end a script or open a tag."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def show(page: Page) -> Any:
    """Return the page as an object that shows itself in a notebook."""
    return widget_class()(page)


@dataclass
class StillWidget:
    """The widget where anywidget is not installed: interactive in a page that loads its scripts."""

    page: Page

    @property
    def data(self) -> dict[str, Any]:
        return self.page.data

    @property
    def html(self) -> str:
        return self.page.html

    def update(self, page: Page) -> None:
        """Show another page from now on."""
        self.page = page

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html}

    def __repr__(self) -> str:
        return self.data["sentence"]


@functools.cache
def widget_class() -> Any:
    """The class that shows a widget: an anywidget if that package is installed.

    Nothing of Jupyter is imported before the first widget is made.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        return StillWidget

    class Widget(anywidget.AnyWidget):
        """A picture to click. `selected` names what was chosen; at `step` 0 nothing has run."""

        data = traitlets.Dict().tag(sync=True)
        selected = traitlets.Unicode().tag(sync=True)
        step = traitlets.Int().tag(sync=True)

        def __init__(self, page: Page) -> None:
            self.page = page
            self._esm = module(page.data["view"])
            start = page.data.get("start", 0)
            super().__init__(data=self._whole(), selected=page.names[0], step=start)

        def _whole(self) -> dict[str, Any]:
            """Return the data with the table, which a notebook gets from nowhere else."""
            return self.page.data | {"rows": self.page.rows}

        @property
        def html(self) -> str:
            return self.page.html

        def update(self, page: Page) -> None:
            """Show another page of the same kind, wherever this one is shown."""
            self.page = page
            with self.hold_sync():
                self.data = self._whole()
                self.step = min(self.step, page.steps)
                if self.selected not in page.names:
                    self.selected = page.names[0]

        @traitlets.validate("selected")
        def _check_selected(self, proposal: Any) -> Any:
            names = self.page.names
            if proposal["value"] not in names:
                raise traitlets.TraitError(
                    f"selected={proposal['value']!r}: the names are {', '.join(names)}"
                )
            return proposal["value"]

        @traitlets.validate("step")
        def _check_step(self, proposal: Any) -> Any:
            most = self.page.steps
            if not 0 <= proposal["value"] <= most:
                raise traitlets.TraitError(f"step must lie in 0 to {most}, got {proposal['value']}")
            return proposal["value"]

        def _repr_mimebundle_(self, **options: Any) -> Any:
            live = super()._repr_mimebundle_(**options)
            bundle, metadata = live if isinstance(live, tuple) else (live or {}, {})
            return bundle | {"text/plain": repr(self), "text/html": self.html}, metadata

        def __repr__(self) -> str:
            return self.data["sentence"]

    return Widget
