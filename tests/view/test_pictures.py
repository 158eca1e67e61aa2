"""Still pictures: SVG, PNG and DOT."""

import struct
import sys
from xml.etree import ElementTree

import pytest

from minigraph import Input, layers
from minigraph.models import Model
from minigraph.view.describe import as_sentence, describe, explanation
from minigraph.view.dot import model_to_dot
from minigraph.view.plot import plot_model
from minigraph.view.svg import compose, model_to_svg
from minigraph.view.text import printable, shorten, size_text, text_width

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
        (graph.nodes.index(symbol.node), i, place)
        for i, node in enumerate(graph.nodes)
        for place, symbol in enumerate(node.inputs)
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


def test_text_fits_its_box(branched):
    picture = compose(describe(branched))
    for lines, (_, _, width, _) in zip(picture.captions, picture.drawing.boxes, strict=True):
        for _, text in lines:
            assert text_width(text, 12) < width


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
    }  # fmt: skip
    assert bare._repr_mimebundle_()["image/svg+xml"] == bare.svg


def test_nested_models_cannot_be_opened_in_pictures_yet(chain, tmp_path):
    x = Input((784,))
    outer = Model(x, layers.Dense(1)(chain(x)))
    for draw in (lambda: plot_model(outer, None, expand_nested=True),
                 lambda: model_to_dot(outer, expand_nested=True)):  # fmt: skip
        with pytest.raises(ValueError, match="expand_nested.*mnist_model"):
            draw()
    plot_model(chain, None, expand_nested=True)  # nothing is nested here


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
