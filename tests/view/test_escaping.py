"""A stranger may have named a layer. Whatever the name, it stays text wherever it is shown."""

import json
import re
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import html5lib
import numpy as np
import pytest
from hostile_texts import ILLEGAL, LEGAL, TEXTS, break_off, hostile_model, strange_model

from minigraph import Input, layers
from minigraph.models import Model
from minigraph.view.describe import describe
from minigraph.view.dot import model_to_dot
from minigraph.view.explore import explore, graph_page
from minigraph.view.plot import plot_model
from minigraph.view.summary import summary_text
from minigraph.view.svg import model_to_svg
from minigraph.view.text import printable
from minigraph.view.widget import packed, safe_json

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


def nested_hostile_model(name):
    """A model of that kind inside another, called twice."""
    x = Input((3,), name=f"2{name}"[:128])
    inner = hostile_model(name)
    return Model(x, inner(inner(x)), name=name)


MODELS = [(make, name) for make in (hostile_model, nested_hostile_model) for name in LEGAL]
MODELS += [(strange_model, text) for text in TEXTS]


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


def test_there_are_enough_of_them():
    assert len(set(LEGAL)) >= 60 and len(set(TEXTS)) >= 70


@pytest.mark.parametrize("text", ILLEGAL)
def test_what_no_name_may_hold_is_refused(text):
    """So it need not be tried in the places where names are shown."""
    for name in (text, "a/b"):
        with pytest.raises(ValueError, match="must hold no '/' and nothing invisible"):
            layers.Dense(3, name=name)
        with pytest.raises(ValueError, match="must hold no '/' and nothing invisible"):
            Input((3,), name=name)
    with pytest.raises(ValueError, match="is not a known dtype"):
        Input((3,), dtype=text)


def in_one_line(text):
    """A sentence and a message have single blanks, whatever stood there."""
    return printable(" ".join(text.split()))


@pytest.mark.parametrize("text", TEXTS)
def test_every_place_of_a_strange_layer_shows_its_text(text):
    """The activation, the class, its sentence and the names of its weights are in the widget."""
    shown, data = printable(text), graph_page(model := strange_model(text), describe(model)).data
    [box] = [data["usual"] | box for box in data["boxes"] if box.get("name") == "strange"]
    assert box["type"] == shown and box["activation"] == shown
    assert [weight["name"] for weight in box["weights"]] == [shown]
    assert box["sentence"] in in_one_line(text.replace("`", ""))


@pytest.mark.parametrize("text", TEXTS)
def test_the_message_of_an_error_stays_text(text):
    lens = break_off(text)
    assert in_one_line(text) in lens.failure
    tree, _ = check_elements(lens.html, HTML_ALLOWED, "div")
    assert lens.failure in tree[0][0][0].get("alt")
    check_elements(lens.widget.page.svg, SVG_ALLOWED, "svg")


@pytest.mark.parametrize("name", TEXTS)
def test_recorded_words_and_png(name, tmp_path):
    model = hostile_model(name) if name in LEGAL else strange_model(name)
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
