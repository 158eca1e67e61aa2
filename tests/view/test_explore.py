"""The widget from Python's side: its data, its bundle for notebooks, its traits."""

import json
import sys

import html5lib
import numpy as np
import pytest

from minigraph import Input, Model
from minigraph.layers import Dense
from minigraph.view import widget as module
from minigraph.view.describe import as_sentence, describe
from minigraph.view.plot import plot_model
from minigraph.view.widget import SCRIPT, StillExplorer, explore


@pytest.fixture
def recorded(branched, batch, branched_loss):
    return explore(branched, *batch, loss=branched_loss)


def test_the_data_is_the_model(branched, recorded):
    data, graph = recorded.data, describe(branched)
    assert [box["name"] for box in data["boxes"]] == [box.name for box in graph.boxes]
    assert [(edge["source"], edge["target"]) for edge in data["edges"]] == graph.pairs
    assert data["parameters"] == branched.count_params()
    assert data["samples"] == 7 and len(data["steps"]) == 21
    json.dumps(data, allow_nan=False)


def test_without_data_there_are_no_steps(branched):
    data = explore(branched).data
    assert data["steps"] == [] and "model.explore(x, y)" in data["note"]
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
    assert host[0].get("src").startswith("data:image/svg+xml;base64,")
    assert json.loads(host[1].text) == json.loads(json.dumps(recorded.data))


def test_the_html_is_the_same_each_time(branched, batch, branched_loss):
    first, second = (explore(branched, *batch, loss=branched_loss).html for _ in range(2))
    assert first == second
    assert len(first) < 60_000


def test_selection_and_step_can_be_read_and_set(recorded):
    import traitlets

    assert (recorded.selected, recorded.step) == ("left", 0)
    recorded.selected, recorded.step = "shared[1]", 21
    for name, value in (("selected", "nobody"), ("step", 22), ("step", -1)):
        with pytest.raises(traitlets.TraitError, match=name):
            setattr(recorded, name, value)


def test_the_module_for_jupyter_is_the_script_and_an_export(recorded):
    assert recorded._esm.startswith(SCRIPT.read_text(encoding="utf-8"))
    assert recorded._esm.count("export default") == 1


def test_without_anywidget_the_same_html_is_shown(branched, monkeypatch):
    with_it = explore(branched)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    module.explorer_class.cache_clear()
    try:
        without = explore(branched)
    finally:
        module.explorer_class.cache_clear()
    assert type(without) is StillExplorer
    assert without._repr_mimebundle_() == {"text/plain": repr(with_it), "text/html": with_it.html}


def test_the_script_makes_no_markup_of_text():
    script = SCRIPT.read_text(encoding="utf-8")
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacent", "eval(", "Function(", "import("):
        assert forbidden not in script
    addresses = [word for word in script.split('"') if "://" in word]
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
