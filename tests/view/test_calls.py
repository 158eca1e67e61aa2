"""The drawing that grows beside its code: which code draws what, and where a drawing breaks."""

import threading
from contextlib import ExitStack

import pytest

from minigraph import Input, Layer, Model, Sequential, Tensor, layers
from minigraph.core.context import context
from minigraph.utils import DrawAsYouCall, ErrorLens
from minigraph.view.widget import MOST_BYTES


def boxes_of(shown):
    """The boxes with what most of them have in common."""
    data = shown.widget.data
    return [data["usual"] | box for box in data["boxes"]]


def marked(shown):
    """The code that each step marks, line by line."""
    data = shown.widget.data
    return [
        [data["code"][line][start:end] for line, start, end in call["spans"]]
        for call in data["calls"]
    ]


def test_each_call_marks_its_own_code():
    with DrawAsYouCall() as drawing:
        pixels = Input((64,), name="pixels")
        a = layers.Dense(32)(layers.Dense(8)(pixels))

        b = layers.Add()(
            [a, a],
        )
        Model(pixels, b * 2)
    assert marked(drawing) == [
        ['Input((64,), name="pixels")'],
        ["layers.Dense(8)(pixels)"],
        ["layers.Dense(32)(layers.Dense(8)(pixels))"],
        ["layers.Add()(", "[a, a],", ")"],
        ["b * 2"],
    ]
    assert drawing.widget.data["code"][2] == "" and drawing.widget.data["code"][4] == "    [a, a],"
    assert [box["outputs"] for box in boxes_of(drawing)] == [
        (shape,) for shape in ("(None, 64)", "(None, 8)", *["(None, 32)"] * 3)
    ]
    assert drawing.widget.page.steps == 5 and drawing.widget.step == 0


def test_the_table_has_the_same_facts():
    with DrawAsYouCall() as drawing:
        x = Input((3,), name="x")
        layers.Dense(2, name="two")(x)
    assert drawing.widget.page.rows[1:] == [
        ["1", 'Input((3,), name="x")', "x (InputLayer)", "nothing", "(None, 3)"],
        ["2", 'layers.Dense(2, name="two")(x)', "two (Dense)", "x (None, 3)", "(None, 2)"],
    ]
    assert "x (InputLayer) feeds two (Dense)" in drawing.widget.data["sentence"]
    assert len(drawing.html.encode()) < MOST_BYTES


def test_columns_count_characters_and_not_bytes():
    with DrawAsYouCall() as drawing:
        größe = "ä"; x = Input((3,), name=größe)  # noqa: E702  # fmt: skip
    assert marked(drawing) == [["Input((3,), name=größe)"]] and x.shape == (None, 3)


def test_a_loop_and_a_function_mark_the_line_of_the_block():
    def block(x):
        return layers.Dense(4)(layers.Dense(4)(x))

    with DrawAsYouCall() as drawing:
        x = Input((4,))
        for _ in range(2):
            x = block(x)
    assert marked(drawing)[1:] == [["block(x)"]] * 4


def test_what_was_drawn_before_is_there_from_the_start():
    before = layers.Dense(2, name="before")(Input((3,)))
    with DrawAsYouCall() as drawing:
        layers.Dense(1, name="after")(before)
    assert [box["path"] for box in boxes_of(drawing)] == ["before", "after"]
    assert drawing.widget.data["first"] == 1 and len(drawing.widget.data["calls"]) == 1


def test_calls_of_one_layer_are_distinguished_and_equal_names_too():
    with DrawAsYouCall() as drawing:
        shared = layers.Dense(2, name="same")
        a = Input((2,), name="a")
        shared(shared(a))
        layers.Dense(2, name="same")(a)
    boxes = boxes_of(drawing)
    assert [box["path"] for box in boxes] == ["a", "same[0]", "same[1]", "same"]
    assert [box["shared"] for box in boxes] == [None, 0, 0, None]
    with DrawAsYouCall() as drawing:
        layers.Dense(2, name="same")(layers.Dense(2, name="same")(a))
    assert [box["path"] for box in boxes_of(drawing)] == ["a", "same", "same (2)"]


def test_nested_models_and_layers_of_ones_own_are_one_call():
    class Twice(Layer):
        def __init__(self):
            super().__init__(name="twice")
            self.inner = layers.Dense(4)

        def call(self, x):
            return self.inner(self.inner(x))

    inner = Sequential([Input((4,)), layers.Dense(4)], name="inner")
    with DrawAsYouCall() as drawing:
        x = Input((4,), name="x")
        inner(Twice()(x))
    assert [box["name"] for box in boxes_of(drawing)] == ["x", "twice", "inner"]


def test_the_inner_of_two_watchers_tells_the_outer_one():
    with DrawAsYouCall() as outer:
        x = Input((4,), name="x")
        with DrawAsYouCall() as inner:
            layers.Dense(4)(x)
        layers.Dense(3)(x)
    assert len(inner.nodes) == 1 and len(outer.nodes) == 3
    assert marked(inner) == [["layers.Dense(4)(x)"]]
    assert context.on_node is None


def test_other_threads_are_not_watched():
    with DrawAsYouCall() as drawing:
        Input((4,), name="x")
        thread = threading.Thread(target=lambda: Input((5,)))
        thread.start()
        thread.join()
    assert len(drawing.nodes) == 1


def test_without_source_the_drawing_alone_is_shown():
    namespace = {}
    exec(
        "from minigraph import Input, utils\n"
        "with utils.DrawAsYouCall() as drawing:\n    Input((4,), name='x')",
        namespace,
    )
    drawing = namespace["drawing"]
    assert drawing.widget.data["code"] == [] and marked(drawing) == [[]]
    assert drawing.widget.data["calls"][0]["text"].startswith("The code makes a placeholder")
    with ExitStack() as stack:
        drawing = stack.enter_context(DrawAsYouCall())
        Input((4,), name="x")
    assert [box["name"] for box in boxes_of(drawing)] == ["x"]


def test_a_block_that_draws_nothing_says_so():
    with DrawAsYouCall() as drawing:
        pass
    assert drawing._repr_mimebundle_() == {"text/plain": "Nothing was drawn in the block."}


# ---------------------------------------------------------------------------------------------
# Where it breaks


def broken():
    with ErrorLens() as lens:
        image = Input((8, 8, 1), name="image")
        maps = layers.Conv2D(4, 3, name="look")(image)
        layers.Concatenate(name="both")([maps, image])
        raise AssertionError("the block ends at the error")
    return lens


def test_the_lens_shows_the_graph_up_to_the_break():
    lens = broken()
    with pytest.raises(ValueError) as caught:
        layers.Concatenate(name="both")(
            [Input((6, 6, 4), name="look"), Input((8, 8, 1), name="image")]
        )
    assert lens.failure == str(caught.value)
    boxes = boxes_of(lens)
    assert [box["name"] for box in boxes] == ["image", "look", "both"]
    assert boxes[-1]["kind"] == "broken" and boxes[-1]["outputs"] == ("✗ no output",)
    assert boxes[-1]["inputs"] == ("(None, 6, 6, 4)", "(None, 8, 8, 1)")
    assert marked(lens)[-1] == ['layers.Concatenate(name="both")([maps, image])']
    text = lens.widget.data["calls"][-1]["text"]
    assert text == f"Line 3 breaks: {lens.failure}"


def test_the_table_of_the_lens_has_both_shapes_and_the_message():
    page = broken().widget.page
    last = page.rows[-1]
    assert last[2:] == [
        "both (Concatenate)",
        "look (None, 6, 6, 4), image (None, 8, 8, 1)",
        "✗ no output",
    ]
    for words in ("differ in an axis", "reshape, pool or crop one of them first"):
        assert words in page.data["caption"] and words in page.html


def test_a_notebook_gets_the_widget():
    lens = broken()
    bundle = lens._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert bundle["text/html"] == lens.html and lens.failure in bundle["text/plain"]
    pytest.importorskip("anywidget")
    assert "application/vnd.jupyter.widget-view+json" in bundle
    lens.widget.step = 3
    assert lens.widget.selected == "image"


def test_a_bare_op_can_break_too():
    with ErrorLens() as lens:
        Input((3,), name="a") + Input((4,), name="b")
    assert boxes_of(lens)[-1]["type"] == "Add" and "(None, 4)" in lens.failure


def test_a_break_inside_a_layer_is_one_of_the_call_around_it():
    class Wrong(Layer):
        def call(self, x):
            return x @ Tensor([[1.0]])

    with ErrorLens() as lens:
        Wrong(name="wrong")(Input((3,), name="a"))
    assert [box["name"] for box in boxes_of(lens)] == ["a", "wrong"]


def test_the_lens_keeps_no_other_error():
    with pytest.raises(ValueError, match="units"), ErrorLens():
        layers.Dense(-1)
    with pytest.raises(ZeroDivisionError), ErrorLens():
        Input((3,))
        1 / 0  # noqa: B018
    with pytest.raises(ValueError, match="cannot be called"), DrawAsYouCall() as drawing:
        layers.LSTM(3)(Input((3,), name="a"))
    assert drawing.failure.startswith("layer ")
    assert context.on_node is None


def test_a_lens_over_what_works_is_a_drawing():
    with ErrorLens() as lens:
        Input((3,), name="a")
    assert lens.failure is None and lens.widget.data["title"] == "Draw as you call"


def test_watching_changes_nothing():
    def build():
        x = Input((4,), name="x")
        return Model(x, layers.Dense(2, name="d")(x) * 2, name="m")

    alone = build()
    with DrawAsYouCall():
        watched = build()
    layer = [box["class_name"] for box in alone.get_config()["layers"]]
    assert layer == [box["class_name"] for box in watched.get_config()["layers"]]
    assert alone.output.shape == watched.output.shape
