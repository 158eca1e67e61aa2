"""The widget from Python's side: its data, its bundle for notebooks, its traits."""

import json
import sys

import html5lib
import numpy as np
import pytest

from minigraph import Input, Model, layers
from minigraph.layers import Dense
from minigraph.view import widget as module
from minigraph.view.describe import as_sentence, describe
from minigraph.view.explore import choices, explore
from minigraph.view.plot import plot_model
from minigraph.view.trace import trace
from minigraph.view.widget import EXPORT, MOST_BYTES, SCRIPT, StillWidget, scripts


@pytest.fixture
def recorded(branched, batch, branched_loss):
    return explore(branched, *batch, loss=branched_loss)


def unpacked(packed):
    """What the script makes of packed data."""

    def unpack(value):
        if isinstance(value, dict):
            return {key: unpack(child) for key, child in value.items()}
        if isinstance(value, list):
            return [unpack(child) for child in value]
        if isinstance(value, str) and value.startswith("~"):
            return value[1:] if value.startswith("~~") else unpack(packed["parts"][int(value[1:])])
        return value

    return unpack(packed["body"])


def boxes_of(data):
    """The boxes with what most of them have in common."""
    return [data["usual"] | box for box in data["boxes"]]


def norm(tensor):
    return "none" if tensor is None else f"{np.linalg.norm(tensor.numpy().astype('f8')):.3g}"


def test_the_data_is_the_model(branched, recorded):
    data, graph = recorded.data, describe(branched)
    assert [box["name"] for box in boxes_of(data)] == [box.name for box in graph.boxes]
    assert [(edge["source"], edge["target"]) for edge in data["edges"]] == graph.pairs
    assert data["parameters"] == branched.count_params()
    assert data["samples"] == 7 and data["passes"] == 2 and recorded.page.steps == 21
    json.dumps(data, allow_nan=False)


def test_the_numbers_are_those_of_the_recording(branched, batch, branched_loss, recorded):
    data, recording = recorded.data, trace(branched, *batch, branched_loss)
    graph = recording.graph
    for box, values, gradients in zip(
        boxes_of(data), recording.values, recording.gradients, strict=True
    ):
        assert [array["norm"] for array in box["value"]] == [norm(value) for value in values]
        assert [array["shape"] for array in box["value"]] == [str(v.shape) for v in values]
        assert [array["norm"] for array in box["gradient"]] == [norm(g) for g in gradients]
    for edge, shown in zip(graph.edges, data["edges"], strict=True):
        assert shown["term"]["norm"] == norm(recording.terms[edge.target, edge.argument])
    assert [end["norm"] for end in data["ends"]] == [norm(t) for t in recording.loss_terms]
    assert data["loss"] == f"{recording.loss:.3g}"
    shown = {(box["path"], w["name"]): w for box in boxes_of(data) for w in box["weights"]}
    assert len(shown) == 8  # the shared layer's at its first call alone
    for layer in branched.layers:
        for weight in layer.weights:
            first = f"{layer.name}[0]" if len(layer.nodes) > 1 else layer.name
            found = shown[first, weight.name]
            assert found["gradient"] == norm(recording.weights[weight])
            assert found["histogram"]["most"] == f"{weight.numpy().max():.3g}"


def test_the_table_has_the_same_facts(branched, recorded):
    head, *rows = recorded.page.rows
    assert head[-2:] == ["Norm of value", "Norm of gradient"] and len(rows) == 10
    for row, box in zip(rows, boxes_of(recorded.data), strict=True):
        assert row[0] == box["path"] and row[2] == ", ".join(box["outputs"])
        assert row[4:] == [box["value"][0]["norm"], box["gradient"][0]["norm"]]
    assert [len(row) for row in explore(branched).page.rows] == [4] * 11


def autoencoder():
    photo = Input((8,), name="photo")
    encoder = Model(photo, Dense(3, name="squeeze")(photo), name="encoder")
    code = Input((3,), name="code")
    decoder = Model(code, Dense(8, name="widen")(code), name="decoder")
    x = Input((8,), name="x")
    return Model(x, decoder(encoder(x)), name="autoencoder")


def test_each_choice_of_open_models_has_its_drawing():
    model = autoencoder()
    data = explore(model, np.ones((2, 8), "float32")).data
    paths = [box["path"] for box in boxes_of(data)]
    index = {path: i for i, path in enumerate(paths)}
    encoder, decoder = index["encoder"], index["decoder"]
    keys = ["", f"{encoder}", f"{decoder}", f"{encoder},{decoder}"]
    assert list(data["drawings"]) == keys
    for key, opened in zip(
        keys, ([], ["encoder"], ["decoder"], ["encoder", "decoder"]), strict=True
    ):
        graph, drawing = describe(model, opened), data["drawings"][key]
        assert [paths[i] for i, *_ in drawing["boxes"]] == [box.path for box in graph.boxes]
        edges = [data["edges"][k] for k, *_ in drawing["edges"]]
        names = [(paths[edge["source"]], paths[edge["target"]]) for edge in edges]
        assert names == [(graph.boxes[a].path, graph.boxes[b].path) for a, b in graph.pairs]
        ends = [paths[i] for i in drawing["ends"]]
        assert ends == [graph.boxes[i].path for i in graph.outputs]


def test_too_many_nested_models_open_one_after_the_other():
    x = start = Input((2,), name="x")
    for n in range(6):
        inside = Input((2,), name="inside")
        core = Input((2,), name="core")
        deep = Model(core, Dense(2)(core), name=f"deep{n}")
        x = Model(inside, deep(inside), name=f"block{n}")(x)
    graph = describe(Model(start, x), opened=True)
    found = choices(graph, 16)
    assert len(found) == 13 and len(set(found)) == 13
    parents = graph.parents
    for opened in found:
        assert all(parents[i] is None or parents[i] in opened for i in opened)
        assert len(opened) <= 2
    assert choices(graph, 4) == found[:4]


def test_pages_stay_small():
    """A picture of a model of many large layers is reduced until it fits."""
    x = start = Input((32, 32, 3), name="photo")
    for n in range(14):
        y = layers.Conv2D(16, 3, padding="same", activation="relu", name=f"conv{n}")(x)
        x = layers.Add(name=f"add{n}")([x, y]) if n else y
    model = Model(start, layers.GlobalAveragePooling2D(name="mean")(x))
    data = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype("float32")
    widget = explore(model, data, np.zeros((4, 16), "float32"), lambda y, p: (y - p) ** 2)
    assert len(widget.html.encode()) <= MOST_BYTES
    assert (
        "each cell the mean of"
        in boxes_of(widget.data)[1]["value"][0]["picture"]["form"]["caption"]
    )
    assert len(scripts.script("graph").encode()) <= MOST_BYTES


def test_without_data_there_are_no_steps(branched):
    widget = explore(branched)
    assert widget.data["passes"] == 0 and "model.explore(x, y)" in widget.data["note"]
    assert widget.page.steps == 0 and "value" not in widget.data["boxes"][0]
    with pytest.raises(ValueError, match="inputs `x`"):
        explore(branched, y=np.zeros(3))


def test_the_bundle_for_a_notebook(branched, recorded):
    bundle, _ = recorded._repr_mimebundle_()
    assert set(bundle) == {
        "text/plain", "text/html", "application/vnd.jupyter.widget-view+json",
    }  # fmt: skip
    assert bundle["text/plain"] == as_sentence(describe(branched)) == repr(recorded)
    host = html5lib.parseFragment(bundle["text/html"], namespaceHTMLElements=False)[0]
    assert host.get("class") == "minigraph-widget"
    picture, table = host[0]
    assert picture.get("src").startswith("data:image/svg+xml;base64,")
    cells = [[cell.text for cell in row] for row in table.iter("tr")]
    assert cells == recorded.page.rows
    assert unpacked(json.loads(host[1].text)) == json.loads(json.dumps(recorded.page.data))


def test_the_html_is_the_same_each_time(branched, batch, branched_loss):
    first, second = (explore(branched, *batch, loss=branched_loss).html for _ in range(2))
    assert first == second
    assert len(first.encode()) < MOST_BYTES


def test_selection_and_step_can_be_read_and_set(recorded):
    import traitlets

    assert (recorded.selected, recorded.step) == ("left", 0)
    recorded.selected, recorded.step = "shared[1]", 21
    for name, value in (("selected", "nobody"), ("step", 22), ("step", -1)):
        with pytest.raises(traitlets.TraitError, match=name):
            setattr(recorded, name, value)


def test_the_module_for_jupyter_is_the_script_and_an_export(recorded):
    page, module = scripts.script("graph"), recorded._esm
    assert module.partition("\n")[2].startswith(page.partition("\n")[2])
    assert module.endswith(EXPORT) and module.count("export default") == 1


def test_without_anywidget_the_same_html_is_shown(branched, monkeypatch):
    with_it = explore(branched)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    module.widget_class.cache_clear()
    try:
        without = explore(branched)
    finally:
        module.widget_class.cache_clear()
    assert type(without) is StillWidget
    assert without._repr_mimebundle_() == {"text/plain": repr(with_it), "text/html": with_it.html}


def test_the_script_makes_no_markup_of_text():
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacent", "eval(", "Function(", "import("):
        assert forbidden not in SCRIPT
    addresses = [word for word in SCRIPT.split('"') if "://" in word]
    assert addresses == ["http://www.w3.org/2000/svg"]


@pytest.fixture
def compiled():
    x = Input((4,))
    model = Model(x, Dense(3, activation="softmax")(x))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


X = np.ones((5, 4), "float32")


@pytest.mark.parametrize("wrong", ["a", 3, iter([X])])
def test_data_that_are_no_array_are_named(compiled, wrong):
    with pytest.raises(ValueError, match="`x` must be an array of numbers.*one batch"):
        compiled.explore(wrong)
    with pytest.raises(ValueError, match="`y` must be an array of numbers"):
        compiled.explore(X, wrong)


def test_labels_and_rows_may_be_lists(compiled):
    expected = compiled.explore(X, np.array([0, 2, 1, 0, 1])).data
    for labels in ([0, 2, 1, 0, 1], [np.int64(n) for n in (0, 2, 1, 0, 1)]):
        assert compiled.explore(X.tolist(), labels).data == expected


@pytest.mark.parametrize("wrong", [3, Dense(2)])
def test_what_is_no_model_is_not_drawn(wrong):
    with pytest.raises(TypeError, match="only a Model can be drawn, got"):
        plot_model(wrong, None)


def test_packed_data_come_back():
    twice = {"form": "a long text that is repeated", "n": 3}
    data = {"a": "~7", "b": [twice, twice, twice["form"]], "c": None, "d": [{"e": "~~"}]}
    found = module.packed(data)
    assert found["parts"] == [twice["form"], {"form": "~0", "n": 3}]
    assert found["body"]["b"] == ["~1", "~1", "~0"]
    assert unpacked(found) == data
