"""The graph widget: a model to click, with a recorded pass to step through.

All that it shows is one piece of plain data, made here. The file `widget.js` draws it, in a page of
the book as well as in Jupyter, where Python can read and set what is selected.
"""

import base64
import functools
import json
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from .describe import as_sentence, describe
from .svg import arrow_head, arrow_tail, compose, path_data, picture_svg, shortened
from .trace import trace

SCRIPT = Path(__file__).with_name("widget.js")
EXPORT = """
export default {
  render({ model, el }) {
    const host = document.createElement("div");
    host.className = "minigraph-widget";
    el.append(host);
    const view = globalThis.minigraph.mount(host, model.get("data"), {
      selected: model.get("selected"),
      step: model.get("step"),
      onChange({ selected, step }) {
        model.set("selected", selected);
        model.set("step", step);
        model.save_changes();
      },
    });
    const onStep = () => view.go(model.get("step"));
    const onSelected = () => view.select(model.get("selected"));
    model.on("change:step", onStep);
    model.on("change:selected", onSelected);
    return () => {
      model.off("change:step", onStep);
      model.off("change:selected", onSelected);
      view.remove();
    };
  },
};
"""
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

    The first samples of `x` and `y` are used. `loss`, a function (y_true, y_pred) -> tensor, takes
    the place of the compiled loss. The result shows itself in a notebook; its `selected` is the
    name of the chosen node and `step` the number of the step, and both can be set.
    Raises ValueError if the model has no graph, or if there is a `y` but no loss.
    """
    if x is None and y is not None:
        raise ValueError("explore needs the inputs `x` that belong to the targets `y`")
    recording = None if x is None else trace(model, x, y, loss)
    picture = compose(describe(model), rankdir)
    data = widget_data(picture, recording)
    show = explorer_class()
    return show(data, widget_html(data, picture_svg(picture)))


def widget_data(picture, recording=None):
    """All that the widget shows, as plain data."""
    graph, drawing = picture.graph, picture.drawing
    boxes = [
        box_data(box, lines, place, layer)
        for box, lines, place, layer in zip(
            graph.boxes, picture.captions, drawing.boxes, drawing.layers, strict=True
        )
    ]
    edges = [
        {
            "source": edge.source,
            "output": edge.output,
            "target": edge.target,
            "argument": edge.argument,
            "path": path_data(shortened(path, drawing.rankdir)),
            "head": path_data(arrow_head(path, drawing.rankdir)),
            "tail": path_data(arrow_tail(path, drawing.rankdir)),
        }
        for edge, path in zip(graph.edges, drawing.paths, strict=True)
    ]
    owners = {
        id(node.layer or node): box for node, box in zip(graph.nodes, graph.boxes, strict=True)
    }
    return {
        "model": graph.name,
        "sentence": as_sentence(graph),
        "parameters": sum(box.parameters for box in owners.values()),
        "rankdir": drawing.rankdir,
        "width": drawing.width,
        "height": drawing.height,
        "boxes": boxes,
        "edges": edges,
        "samples": recording.samples if recording else 0,
        "steps": recording.steps if recording else [],
        "opening": OPENING if recording and recording.loss is not None else FORWARD_ONLY,
        "note": NO_DATA,
    }


def box_data(box, lines, place, layer):
    """One box of the picture."""
    fields = (
        "name", "type", "kind", "activation", "call", "calls", "shared", "inputs", "outputs",
        "dtype", "parameters", "weights", "trainable", "sentence", "formula",
    )  # fmt: skip
    data = {name: getattr(box, name) for name in fields}
    return data | {"place": place, "layer": layer, "lines": lines}


def safe_json(data):
    """JSON that can stand in a page: no character in it can end a script or open a tag."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def widget_html(data, svg):
    """The widget as a piece of a page: a still picture, and the data that brings it to life."""
    host = ElementTree.Element("div", {"class": "minigraph-widget"})
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    ElementTree.SubElement(host, "img", {"alt": data["sentence"], "src": source})
    script = ElementTree.SubElement(host, "script", {"type": "application/json"})
    script.text = safe_json(data)
    return ElementTree.tostring(host, encoding="unicode")


# ---------------------------------------------------------------------------------------------
# In a notebook


@dataclass
class StillExplorer:
    """The widget where anywidget is not installed: alive in a page that loads `widget.js`."""

    data: dict
    html: str

    def _repr_mimebundle_(self, **options):
        return {"text/plain": repr(self), "text/html": self.html}

    def __repr__(self):
        return self.data["sentence"]


@functools.cache
def explorer_class():
    """The class that shows the widget: an anywidget if that package is there.

    Nothing of Jupyter is imported before the first widget is made.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        return StillExplorer

    class Explorer(anywidget.AnyWidget):
        """A model to click. `selected` names the chosen node; at `step` 0 nothing has run."""

        _esm = SCRIPT.read_text(encoding="utf-8") + EXPORT
        data = traitlets.Dict().tag(sync=True)
        selected = traitlets.Unicode().tag(sync=True)
        step = traitlets.Int().tag(sync=True)

        def __init__(self, data, html):
            self.names = [node_name(box) for box in data["boxes"]]
            super().__init__(data=data, selected=self.names[0], step=0)
            self.html = html

        @traitlets.validate("selected")
        def _check_selected(self, proposal):
            if proposal["value"] not in self.names:
                raise traitlets.TraitError(
                    f"selected={proposal['value']!r}: the nodes are {', '.join(self.names)}"
                )
            return proposal["value"]

        @traitlets.validate("step")
        def _check_step(self, proposal):
            most = len(self.data["steps"])
            if not 0 <= proposal["value"] <= most:
                raise traitlets.TraitError(f"step must lie in 0 to {most}, got {proposal['value']}")
            return proposal["value"]

        def _repr_mimebundle_(self, **options):
            live = super()._repr_mimebundle_(**options)
            bundle, metadata = live if isinstance(live, tuple) else (live or {}, {})
            return bundle | {"text/plain": repr(self), "text/html": self.html}, metadata

        def __repr__(self):
            return self.data["sentence"]

    return Explorer


def node_name(box):
    """What a node is called in `selected`: its name, with the call where there are several."""
    return f"{box['name']}[{box['call']}]" if box["calls"] > 1 else box["name"]
