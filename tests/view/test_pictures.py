"""Still pictures: SVG, PNG and DOT."""

import struct
import sys
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from minigraph import Input, layers
from minigraph.models import Model
from minigraph.view.describe import as_sentence, describe, explanation
from minigraph.view.dot import caption_maker, model_to_dot
from minigraph.view.plot import plot_model
from minigraph.view.svg import ARROW_HALF_WIDTH, compose, model_to_svg
from minigraph.view.text import joined_within, printable, shorten, size_text, some, text_width

SVG = "{http://www.w3.org/2000/svg}"


def test_boxes_are_calls_and_edges_are_arguments(branched):
    graph = describe(branched)
    assert [(box.name, box.kind, box.call, box.calls) for box in graph.boxes] == [
        ("left", "input", 0, 1),
        ("right", "input", 0, 1),
        ("shared", "layer", 0, 2),
        ("shared", "layer", 1, 2),
        ("joined", "layer", 0, 1),
        ("mixed", "layer", 0, 1),
        ("total", "layer", 0, 1),
        ("quiet", "layer", 0, 1),
        ("first", "layer", 0, 1),
        ("second", "layer", 0, 1),
    ]
    arguments = [
        (graph.nodes.index(symbol.node), i, argument)
        for i, node in enumerate(graph.nodes)
        for argument, symbol in enumerate(node.inputs)
    ]
    assert [(edge.source, edge.target, edge.argument) for edge in graph.edges] == arguments
    assert graph.boxes[2].shared == graph.boxes[3].shared == 0
    assert graph.boxes[5].shared is None
    mixed = graph.boxes[5]
    assert mixed.inputs == ("(None, 10)",) and mixed.outputs == ("(None, 5)",)
    assert mixed.parameters == 55
    assert mixed.weights == (("kernel", "(10, 5)"), ("bias", "(5,)"))
    assert mixed.formula == "y = activation(x @ kernel + bias)"


def test_a_graph_that_is_cut_at_an_inner_tensor_starts_there(chain):
    cut = Model(chain.get_layer("dense").output, chain.output)
    boxes = describe(cut).boxes
    assert [(box.name, box.kind, box.parameters) for box in boxes] == [
        ("dense", "input", 0),
        ("dense_1", "layer", 4160),
        ("dense_2", "layer", 650),
    ]


def test_a_model_without_a_graph_says_so():
    class Custom(Model):
        pass

    with pytest.raises(ValueError, match="'mine' has no graph"):
        describe(Custom(name="mine"))


def test_the_same_tensor_used_twice_is_two_arrows():
    x = Input((3,), name="x")
    graph = describe(Model(x, layers.Add(name="double")([x, x])))
    assert [(edge.source, edge.target, edge.argument) for edge in graph.edges] == [
        (0, 1, 0),
        (0, 1, 1),
    ]
    first, second = compose(graph).drawing.paths
    assert first != second


def test_what_a_layer_says_about_itself():
    def op():
        """The sum of the inputs.

            y = a + b
            z = a

        Shapes: any.
        """

    def plain():
        """Turns 3.5 into text, e.g. for a table. And more."""

    assert explanation(op) == ("The sum of the inputs.", "y = a + b; z = a")
    assert explanation(plain) == ("Turns 3.5 into text, e.g. for a table.", "")


def test_the_picture_reads_like_a_sentence(chain):
    sentence = as_sentence(describe(chain))
    assert sentence == (
        "A graph of 4 nodes: img (InputLayer) feeds dense (Dense); dense feeds dense_1 (Dense); "
        "dense_1 feeds dense_2 (Dense)."
    )
    root = ElementTree.fromstring(model_to_svg(chain))
    assert root.get("role") == "img" and root.get("aria-label") == sentence
    assert root.find(f"{SVG}title").text == "Model mnist_model"
    assert root.find(f"{SVG}desc").text == sentence


def test_the_svg_holds_each_name_and_shape_and_no_id(branched):
    root = ElementTree.fromstring(model_to_svg(branched))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts.count("shared") == 2
    assert "Dense · tanh · call 2 of 2" in texts
    assert "(None, 10)" in texts
    assert not [element for element in root.iter() if "id" in element.attrib]


def test_the_same_model_gives_the_same_bytes(branched, tmp_path):
    pictures = []
    for i in range(2):
        for ending in ("svg", "png", "dot"):
            plot_model(branched, tmp_path / f"{i}.{ending}", show_shapes=True)
        pictures.append([(tmp_path / f"{i}.{end}").read_bytes() for end in ("svg", "png", "dot")])
    assert pictures[0] == pictures[1]


def png_size(path):
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and content[-8:-4] == b"IEND"
    return struct.unpack(">II", content[16:24])


def test_png(chain, tmp_path):
    sizes = {}
    for dpi in (100, 200):
        plot_model(chain, tmp_path / "model.png", dpi=dpi)
        sizes[dpi] = png_size(tmp_path / "model.png")
    assert abs(sizes[200][0] - 2 * sizes[100][0]) <= 2
    plot_model(chain, str(tmp_path / "shapes.png"), show_shapes=True)
    assert png_size(tmp_path / "shapes.png") > sizes[200]
    plot_model(chain, tmp_path / "wide.PNG", rankdir="LR")
    width, height = png_size(tmp_path / "wide.PNG")
    assert width > height


def test_png_draws_what_the_svg_draws(branched, tmp_path):
    from matplotlib.image import imread

    plot_model(branched, tmp_path / "model.png", dpi=96)
    pixels = imread(tmp_path / "model.png")
    drawing = compose(describe(branched)).drawing
    plain = compose(describe(branched), caption=lambda box: [("title", box.type)]).drawing
    assert abs(pixels.shape[1] - plain.width) < 60 and drawing.height > plain.height
    assert 0.5 < (pixels[..., :3].min(axis=2) > 0.99).mean() < 0.97  # paper, and ink on it


def test_png_without_matplotlib_says_what_to_install(chain, tmp_path, monkeypatch):
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"minigraph\[plot\].*\.svg"):
        plot_model(chain, tmp_path / "model.png")
    assert not (tmp_path / "model.png").exists()
    plot_model(chain, tmp_path / "model.svg")
    assert (tmp_path / "model.svg").stat().st_size > 1000


def test_png_that_would_be_too_large(chain, tmp_path):
    with pytest.raises(ValueError, match="dpi=1000000"):
        plot_model(chain, tmp_path / "model.png", dpi=1_000_000)
    with pytest.raises(ValueError, match="dpi must be a positive number"):
        plot_model(chain, tmp_path / "model.png", dpi=0)


@pytest.mark.parametrize("name", ["model.pdf", "model", "model.svg.gz"])
def test_unknown_endings_are_refused(chain, tmp_path, name):
    with pytest.raises(ValueError, match=r"\.png, \.svg or \.dot"):
        plot_model(chain, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_plot_options(branched, tmp_path):
    branched.get_layer("mixed").trainable = False
    plot = plot_model(
        branched,
        tmp_path / "all.svg",
        show_shapes=True,
        show_dtype=True,
        show_layer_names=True,
        show_layer_activations=True,
        show_trainable=True,
    )
    texts = [element.text for element in ElementTree.fromstring(plot.svg).iter(f"{SVG}text")]
    for expected in ("in: (None, 10)", "out: (None, 5)", "float32", "frozen", "Dense · tanh"):
        assert expected in texts
    bare = plot_model(branched, None)
    texts = [element.text for element in ElementTree.fromstring(bare.svg).iter(f"{SVG}text")]
    assert set(texts) == {
        "InputLayer", "Dense", "Concatenate", "Add", "Dropout", "call 1 of 2", "call 2 of 2",
        "1",
    }  # fmt: skip
    assert bare._repr_mimebundle_()["image/svg+xml"] == bare.svg


@pytest.fixture
def nested():
    """Twins in a judge: a shared model, a shared layer and a bare op, three levels deep."""
    word = Input((4,), name="word")
    tower = Model(word, layers.Dense(3, activation="tanh", name="project")(word), name="tower")
    left, right = Input((4,), name="left"), Input((4,), name="right")
    mix = layers.Dense(4, name="mix")
    a, b = tower(mix(left)), tower(mix(right))
    judge = Model([left, right], [a, layers.Add(name="both")([a, b])], name="judge")
    x, y = Input((4,), name="x"), Input((4,), name="y")
    first, second = judge([y, x])
    return Model([x, y], [first * second, tower(x)], name="three_levels")


PATHS = ["judge", "judge/tower[0]", "judge/tower[1]", "tower"]


def test_any_nested_models_can_be_opened(nested):
    paths = [box.path for box in describe(nested).boxes]
    assert paths == ["x", "y", "judge", "multiply", "tower"]
    graph = describe(nested, {"judge", "judge/tower[1]"})
    assert [box.path for box in graph.boxes] == [
        "x", "y", "judge", "judge/left", "judge/right", "judge/mix[0]", "judge/tower[0]",
        "judge/mix[1]", "judge/tower[1]", "judge/tower[1]/word", "judge/tower[1]/project",
        "judge/both", "multiply", "tower",
    ]  # fmt: skip
    by_path = {box.path: i for i, box in enumerate(graph.boxes)}
    for box in graph.boxes:
        outer = box.path.rpartition("/")[0]
        assert box.parent == (by_path[outer] if outer else None)
        assert box.opened == (box.path in ("judge", "judge/tower[1]"))
    named = [
        (graph.boxes[a].path.removeprefix("judge/"), graph.boxes[b].path.removeprefix("judge/"))
        for a, b in graph.pairs
    ]
    assert sorted(named) == sorted([
        ("y", "left"), ("x", "right"), ("left", "mix[0]"), ("right", "mix[1]"),
        ("mix[0]", "tower[0]"), ("mix[1]", "tower[1]/word"),
        ("tower[1]/word", "tower[1]/project"), ("tower[0]", "both"),
        ("tower[1]/project", "both"), ("tower[0]", "multiply"), ("both", "multiply"),
        ("x", "tower"),
    ])  # fmt: skip
    assert [graph.boxes[i].path for i in graph.outputs] == ["multiply", "tower"]
    assert [node.name for node in graph.nodes] == [box.name for box in graph.boxes]
    assert nested.get_tensor("judge/tower[1]/project").shape == (None, 3)


def test_what_is_no_nested_model_cannot_be_opened(nested):
    assert describe(nested, ["judge/tower[0]"]) == describe(nested)  # inside a closed one
    for wrong in ("x", "judge/both", "judge/tower", "nobody"):
        with pytest.raises(ValueError, match=f"opened: no nested model.*'{wrong}'.*judge"):
            describe(nested, ["judge", wrong])


def test_all_calls_of_a_shared_layer_have_one_number(nested):
    """Whatever is open: a number stays when another model is opened."""
    numbers = {"tower": 0, "mix": 1, "project": 2}
    for count in range(len(PATHS) + 1):
        for opened in combinations(PATHS, count):
            for box in describe(nested, opened).boxes:
                assert box.shared == numbers.get(box.name)
    texts = [t.text for t in ElementTree.fromstring(model_to_svg(nested)).iter(f"{SVG}text")]
    assert texts.count("1") == 1  # one call of `tower` can be seen
    svg = plot_model(nested, None, expand_nested=True).svg
    texts = [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert [texts.count(number) for number in ("1", "2", "3")] == [3, 2, 3]


def test_dicts_find_their_inputs(chain):
    """A model that is called on a dict may get its inputs in another order."""
    a, b = Input((2,), name="a"), Input((3,), name="b")
    joined = layers.Concatenate(name="joined")([a, b])
    inner = Model({"a": a, "b": b}, joined, name="inner")
    x, y = Input((2,), name="x"), Input((3,), name="y")
    graph = describe(Model([x, y], inner({"b": y, "a": x})), True)
    named = [(graph.boxes[s].name, graph.boxes[t].name) for s, t in graph.pairs]
    assert ("x", "a") in named and ("y", "b") in named and len(named) == 4


def test_data_find_their_way_through_open_models_of_every_kind():
    x, y, i, j = (Input((2,), name=name) for name in "xyij")
    same = Model(i, i, name="same")
    double = layers.Dense(2, name="double")(i)
    both = Model([i, j], layers.Add(name="plus")([double, j]), name="both")
    late = Model(double, layers.Dense(1, name="end")(double), name="late")
    ones = np.ones((1, 2), "float32")
    graph = describe(Model([x, y], [same(same(x)), late(both([y, ones]))]), True)
    named = {(graph.boxes[a].path, graph.boxes[b].path) for a, b in graph.pairs}
    assert named == {
        ("x", "same[0]/i"), ("same[0]/i", "same[1]/i"), ("y", "both/i"),
        ("both/i", "both/double"), ("both/double", "both/plus"), ("both/j", "both/plus"),
        ("both/plus", "late/double"), ("late/double", "late/end"),
    }  # fmt: skip


def test_an_open_model_is_put_into_words(nested):
    assert as_sentence(describe(nested, ["judge", "judge/tower[1]"])) == (
        "A graph of 5 nodes: x (InputLayer) feeds judge (Functional) and tower (Functional); "
        "y (InputLayer) feeds judge; judge feeds multiply (Multiply). "
        "Inside judge, a graph of 7 nodes: left (InputLayer) feeds mix (Dense, call 1 of 2); "
        "right (InputLayer) feeds mix (Dense, call 2 of 2); "
        "mix (call 1) feeds tower (Functional, call 1 of 2); tower (call 1) feeds both (Add); "
        "mix (call 2) feeds tower (Functional, call 2 of 2); tower (call 2) feeds both. "
        "Inside tower (call 2) of judge, a graph of 2 nodes: "
        "word (InputLayer) feeds project (Dense)."
    )


def test_open_models_in_every_format(nested, tmp_path):
    closed, sizes = plot_model(nested, tmp_path / "closed.png"), {}
    plot = plot_model(nested, tmp_path / "open.png", expand_nested=True, show_layer_names=True)
    sizes = [png_size(tmp_path / f"{name}.png") for name in ("closed", "open")]
    assert sizes[0] < sizes[1]
    texts = [element.text for element in ElementTree.fromstring(plot.svg).iter(f"{SVG}text")]
    assert texts.count("word") == 3 and "word" not in closed.svg
    assert plot.sentence == as_sentence(describe(nested, True))

    plot_model(nested, tmp_path / "open.dot", expand_nested=True, show_layer_names=True)
    lines = (tmp_path / "open.dot").read_text().split("\n")
    assert sum("subgraph cluster_" in line for line in lines) == len(PATHS)
    depth, deepest = 0, {}
    for line in lines:
        depth += line.count("{") - line.count("}")
        if "label=" in line:
            deepest[line.split('"')[1].split("\\n")[0]] = depth
    assert depth == 0
    assert [deepest[name] for name in ("x", "judge", "mix", "both", "multiply")] == [1, 2, 2, 2, 1]
    assert sum(" -> " in line for line in lines) == len(describe(nested, True).edges)


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
def test_png_has_the_boxes_of_the_svg(nested, tmp_path, rankdir):
    """Along both sides of every box there is a line, darker than what lies beside it."""
    from matplotlib.image import imread

    plot_model(nested, tmp_path / "model.png", dpi=192, expand_nested=True, rankdir=rankdir)
    picture = compose(
        describe(nested, True), rankdir, caption_maker(False, False, False, False, False)
    )
    pixels = imread(tmp_path / "model.png")[..., :3].min(axis=2)
    for x, y, width, height in picture.drawing.boxes:
        middle = int(2 * (y + height - 14))  # below the heading, above the corner
        for edge in (x, x + width):
            across = pixels[middle, int(2 * edge) - 4 : int(2 * edge) + 5]
            assert across.min() < 0.85 < across.max()


def test_dot(branched):
    text = str(model_to_dot(branched, show_shapes=True, show_layer_names=True, rankdir="LR"))
    assert text.startswith('digraph "branched" {\n  graph [rankdir=LR')
    assert r'n2 [label="shared\nDense\ncall 1 of 2\nin: (None, 6)\nout: (None, 5)"];' in text
    assert text.count(" -> ") == len(describe(branched).edges)
    with pytest.raises(ValueError, match="rankdir"):
        model_to_dot(branched, rankdir="UP")


def test_a_thousand_layers_are_drawn_without_recursion():
    x = start = Input((2,))
    for _ in range(1000):
        x = layers.Activation("relu")(x)
    svg = model_to_svg(Model(start, x))
    assert svg.count("<text") == 3 * 1001


def test_text_tools():
    assert shorten("abcdefghij", 5) == "ab…ij" and shorten("abc", 5) == "abc"
    assert [size_text(n) for n in (0, 1023, 1024, 220200, 5 * 2**30)] == [
        "0.00 B", "1023.00 B", "1.00 KB", "215.04 KB", "5.00 GB",
    ]  # fmt: skip
    assert printable("a\x00b\u202ec\nd") == "a\ufffdb\ufffdc\ufffdd"
    assert text_width("mmm", 10) > text_width("iii", 10)
    assert text_width("漢字", 10) >= 20 and text_width("e\u0301", 10) == text_width("e", 10)


def test_a_wide_font_is_not_wider_than_measured():
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    for family, weight, mono in (("DejaVu Sans", "normal", False), ("DejaVu Sans", "bold", False),
                                 ("DejaVu Sans Mono", "normal", True)):  # fmt: skip
        font = FT2Font(findfont(FontProperties(family=family, weight=weight)))
        font.set_size(100, 72)
        for text in (
            "conv2d_transpose_12",
            "(None, 224, 224, 3)",
            "WQ@%mM",
            "Illinois",
            "Dense · relu",
        ):
            font.set_text(text)
            width = font.get_width_height()[0] / 64
            assert width <= text_width(text, 100, bold=weight == "bold", mono=mono) * 1.02


def test_a_shape_is_shown_whole_or_not_at_all():
    shapes = [f"({n}, 28, 28, 8)" for n in range(9)]
    assert joined_within(shapes[:2], 60) == "(0, 28, 28, 8), (1, 28, 28, 8)"
    assert joined_within(shapes, 50) == "(0, 28, 28, 8), … 7 more, (8, 28, 28, 8)"
    assert joined_within(shapes * 99, 50) == "(0, 28, 28, 8), … 889 more, (8, 28, 28, 8)"
    assert joined_within(shapes[:1], 9) == "(0, …, 8)"
    assert some("abcde", 5) == tuple("abcde") and some("abcdefg", 4) == ("a", "b", "… 4 more", "g")


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
def test_many_arrows_end_side_by_side(rankdir):
    x = Input((4,), name="x")
    model = Model(x, layers.Add(name="sum")([layers.Dense(4)(x) for _ in range(30)]))
    picture = compose(describe(model), rankdir)
    axis = -2 if rankdir == "TB" else -1
    ends = sorted(path[-1][axis] for path in picture.drawing.paths[-30:])
    assert min(b - a for a, b in pairwise(ends)) >= 2 * ARROW_HALF_WIDTH
