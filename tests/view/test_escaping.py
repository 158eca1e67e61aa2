"""A stranger may have named a layer. Whatever the name, it stays text wherever it is shown."""

import json
import re
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import html5lib
import numpy as np
import pytest

from minigraph import Input, layers
from minigraph.layer import Layer
from minigraph.models import Model
from minigraph.view.describe import describe
from minigraph.view.dot import model_to_dot
from minigraph.view.explore import explore, graph_page
from minigraph.view.plot import plot_model
from minigraph.view.summary import summary_text
from minigraph.view.svg import model_to_svg
from minigraph.view.text import printable
from minigraph.view.widget import packed, safe_json

# Names that a layer may have: everything but "/" and what cannot be seen.
LEGAL = [
    "<script>alert(1)<\\script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" onmouseover="alert(1)" x="',
    "&lt;b&gt;",
    "&#60;script&#62;",
    "&amp;amp;",
    "]]>",
    "<![CDATA[x]]>",
    "<!-- comment -->",
    "-->",
    "<?xml version='1.0'?>",
    "<!DOCTYPE html>",
    "javascript:alert(1)",
    "data:text;html,<script>",
    "${alert(1)}",
    "{{7*7}}",
    "`alert(1)`",
    "\\",
    "\\\\N",
    "\\u003cscript\\u003e",
    'a"b',
    '"]; x [label="pwned',
    "n0 -> n1; //"[:-3],
    "<<b>bold<b>>",
    "$x^2$",
    "\\frac{1}{2}",
    "%s %d %n",
    "{0.__class__}",
    "__proto__",
    "constructor",
    "x;}*{display:none",
    "url(#evil)",
    "@import 'evil'",
    "🦊🦊🦊",
    "日本語の名前",
    "مرحبا",
    "e\u0301" * 20,
    "x" * 128,
    " leading and trailing ",
    "=cmd|'calc'!A1",
]
# Text of other origin (class names, docstrings, dtypes) may hold anything at all.
ILLEGAL = [
    "</script><script>alert(1)</script>",
    "</title></svg><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "a\x00b",
    "\x1b[31mred\x1b[0m",
    "line\nbreak",
    "tab\tand\rreturn",
    "right\u202eleft",
    "\u2066hidden\u2069",
    "\u2028line\u2029",
    "\ufeffbom",
    "half \ud800 pair",
    "\ufffe\uffff",
    "\x7f\x80\x9f",
]
SVG_ALLOWED = {
    "svg": {"xmlns", "class", "role", "aria-label", "width", "height", "viewBox", "font-family"},
    "title": set(),
    "desc": set(),
    "style": set(),
    "g": {
        "class", "fill", "stroke", "text-anchor", "font-size", "font-weight", "font-family",
        "pointer-events",
    },
    "rect": {"x", "y", "width", "height", "rx"},
    "path": {"class", "d", "fill", "stroke", "stroke-width"},
    "text": {"x", "y"},
}  # fmt: skip
HTML_ALLOWED = {
    "div": {"class"}, "img": {"alt", "src"}, "script": {"type"}, "table": set(), "caption": set(),
    "thead": set(), "tbody": set(), "tr": set(), "th": {"scope"}, "td": set(),
}  # fmt: skip


def hostile_model(name):
    """A small model in which every name is `name`, with numbers where names must differ."""
    x = Input((3,), name=name)
    shared = layers.Dense(3, name=f"1{name}"[:128])
    y = shared(shared(x)) + x
    return Model(x, y, name=name)


def nested_hostile_model(name):
    """A model of that kind inside another, called twice."""
    x = Input((3,), name=f"2{name}"[:128])
    inner = hostile_model(name)
    return Model(x, inner(inner(x)), name=name)


def strange_layer_model(text):
    """A model with a layer whose class name and docstring are `text`."""
    kind = type(text, (Layer,), {"__doc__": text, "call": lambda self, inputs: inputs * 2})
    x = Input((3,), name="x")
    return Model(x, kind(name="strange")(x), name="model")


MODELS = [(make, name) for make in (hostile_model, nested_hostile_model) for name in LEGAL]
# (Python itself refuses a class whose name holds a null or half a pair.)
MODELS += [
    (strange_layer_model, text)
    for text in (*LEGAL, *ILLEGAL)
    if "\x00" not in text and "\ud800" not in text
]


@pytest.fixture(params=MODELS, ids=[f"{make.__name__}{i}" for i, (make, _) in enumerate(MODELS)])
def model(request):
    make, text = request.param
    return make(text)


def check_elements(fragment, allowed, container):
    """Parse as a browser does, and compare every element and attribute with the allow-list."""
    tree = html5lib.parseFragment(fragment, treebuilder="etree", namespaceHTMLElements=False)
    count = 0
    for element in tree.iter():
        if element is tree:
            continue
        assert isinstance(element.tag, str), "a comment or an instruction"
        tag = element.tag.rpartition("}")[2]
        assert tag in allowed, f"element <{tag}>"
        attributes = {name.rpartition("}")[2] for name in element.attrib}
        assert attributes <= allowed[tag], f"attributes {attributes - allowed[tag]} of <{tag}>"
        count += 1
    assert [child.tag.rpartition("}")[2] for child in tree] == [container]
    return tree, count


def test_svg(model):
    svg = model_to_svg(model)
    ElementTree.fromstring(svg)
    check_elements(svg, SVG_ALLOWED, "svg")
    opened = plot_model(model, None, show_layer_names=True, expand_nested=True)
    check_elements(opened.svg, SVG_ALLOWED, "svg")


def test_widget(model):
    graph = describe(model, opened=True)
    page = graph_page(model, graph)
    data = page.data
    tree, _ = check_elements(page.html, HTML_ALLOWED, "div")
    picture, table = tree[0][0]
    assert picture.get("alt") == data["sentence"]
    assert [[cell.text for cell in row] for row in table.iter("tr")] == page.rows
    assert json.loads(tree[0][1].text) == json.loads(json.dumps(packed(data)))
    assert not set(safe_json(data)) & set("<>&\u2028\u2029")
    names = [(data["usual"] | box)["name"] for box in data["boxes"]]
    assert names == [box.name for box in graph.boxes]


def test_dot(model):
    """Every line is one of few kinds, and quoted texts hold no bare quote."""
    shows = {"show_layer_names": True, "show_shapes": True}
    text = str(model_to_dot(model, expand_nested=True, **shows))
    quoted = r'"(?:[^"\\\n]|\\\\|\\"|\\n)*"'
    kinds = (
        rf"digraph {quoted} \{{|\}}|",
        rf"  subgraph cluster_\d+ \{{|  \}}|  label={quoted};",
        r"  graph \[rankdir=TB, dpi=200\];",
        r'  node \[shape=box, style=rounded, fontname="sans-serif"\];',
        rf"  n\d+ \[label={quoted}(?:, shape=oval)?\];",
        r"  n\d+ -> n\d+;",
    )
    for line in text.split("\n"):
        assert any(re.fullmatch(kind, line) for kind in kinds), line


def test_summary(model):
    lines = summary_text(model, line_length=2000).split("\n")
    rows = len(model.summary_rows)
    assert len(lines) == 1 + 2 * rows + 3 + 3
    text = "".join(lines)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]", text)


@pytest.mark.parametrize("name", LEGAL)
def test_recorded_words_and_png(name, tmp_path):
    model = hostile_model(name)
    data = np.ones((2, 3), "float32")
    widget = explore(model, data, data, loss=lambda y, p: (y - p) ** 2)
    check_elements(widget.html, HTML_ALLOWED, "div")
    plot_model(model, tmp_path / "model.png", show_layer_names=True, dpi=20)


@pytest.mark.parametrize("text", ILLEGAL)
def test_what_no_parser_may_see_is_replaced(text):
    shown = printable(text)
    assert len(shown) == len(text)
    check_elements(f"<div>{escape(shown)}</div>", {"div": set()}, "div")
    ElementTree.fromstring(f"<div>{escape(shown)}</div>")
