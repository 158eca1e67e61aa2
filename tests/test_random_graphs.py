"""Random graphs: what can be drawn can be run, written to a file, copied and pictured."""

import os
import re
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from random_models import models, paths_inside

import minigraph as keras
from minigraph import layers
from minigraph.core import tree
from minigraph.view.describe import describe
from minigraph.view.svg import model_to_svg

STEADY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def data_for(model, samples=3):
    random = np.random.default_rng(1)
    arrays = [random.normal(size=(samples, *s.shape[1:])).astype("float32") for s in model.inputs]
    return tree.pack(model.input, arrays)


# ---------------------------------------------------------------------------------------------
# The edges of a model, as (source, its output, target), read off in four ways


def edges_of_config(config):
    table = [entry["name"] for entry in config["layers"]]
    names = [table[n["layer"]] if "layer" in n else n["name"] for n in config["nodes"]]
    edges = Counter()

    def look(value, target):
        if isinstance(value, dict) and value.keys() == {"$tensor"}:
            [[source, output]] = value.values()
            edges[names[source], output, target] += 1
        elif tree.is_branch(value):
            for child in value.values() if isinstance(value, dict) else value:
                look(child, target)

    for node, name in zip(config["nodes"], names, strict=True):
        look([node.get("args", []), node.get("kwargs", {})], name)
    return edges


def edges_of_summary(model):
    texts = []
    model.summary(line_length=2000, print_fn=texts.append)
    lines = texts[0].split("\n")
    rows = [[c.strip() for c in line.strip("│").split("│")] for line in lines if line[0] == "│"]
    names = [row[0].split(" (")[0] for row in rows]
    if len(rows[0]) == 3:  # a chain: each row feeds the next
        return Counter((a, 0, b) for a, b in zip(names, names[1:], strict=False))
    edges = Counter()
    for name, row in zip(names, rows, strict=True):
        for text in row[3].split(", ") if row[3] != "-" else []:
            source, output = re.fullmatch(r"(.+)\[\d+\]\[(\d+)\]", text).groups()
            edges[source, int(output), name] += 1
    return edges


def edges_of_picture(model):
    graph = describe(model)
    names = [box.name for box in graph.boxes]
    edges = Counter((names[e.source], e.output, names[e.target]) for e in graph.edges)
    svg = ElementTree.fromstring(model_to_svg(model))
    lines = [path.get("d") for path in svg.iter() if path.get("class") == "mg-edge"]
    assert sum(line.count("M") for line in lines) == len(graph.edges)
    return edges


def edges_of_dot(model):
    text = str(keras.utils.model_to_dot(model, show_layer_names=True))
    names = dict(re.findall(r"(n\d+) \[label=\"(.+?)\\n", text))
    return Counter((names[a], names[b]) for a, b in re.findall(r"(n\d+) -> (n\d+);", text))


def assert_same_bits(a, b):
    assert tree.same_structure(a, b)
    for one, other in zip(tree.flatten(a), tree.flatten(b), strict=True):
        np.testing.assert_array_equal(one, other)


pytestmark = [
    pytest.mark.filterwarnings("ignore:model .* no output needs the Input"),
    pytest.mark.filterwarnings("ignore:no gradient reaches the variables"),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Where a model is saved, without waiting for the disk each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield tmp_path_factory.mktemp("random_graphs") / "model"


@STEADY
@given(model=models())
def test_a_graph_that_can_be_drawn_runs_and_comes_back(model, path):
    x = data_for(model)
    expected = model.predict(x, verbose=0)
    for symbol, array in zip(model.outputs, tree.flatten(expected), strict=True):
        assert array.shape == (3, *symbol.shape[1:]) and array.dtype == symbol.dtype
    assert tree.same_structure(model.output, expected)

    model.save(path)
    copies = [keras.models.load_model(path), keras.models.clone_model(model)]
    copies.append(keras.Model.from_config(model.get_config()))
    for copy in copies:
        assert copy.get_config() == model.get_config()
        assert copy.count_params() == model.count_params()
        assert [w.shape for w in copy.weights] == [w.shape for w in model.weights]
        if copy is not copies[0]:
            copy.set_weights(model.get_weights())
        assert_same_bits(copy.predict(x, verbose=0), expected)


@STEADY
@given(model=models())
def test_table_config_and_picture_agree_on_the_edges(model):
    edges = edges_of_config(model.get_config())
    assert edges_of_summary(model) == edges
    assert edges_of_picture(model) == edges
    pairs = Counter()
    for (source, _, target), count in edges.items():
        pairs[source, target] += count
    assert edges_of_dot(model) == pairs


@STEADY
@given(model=models())
def test_whatever_learns_learns_the_same_in_a_copy(model):
    model = keras.Model(model.input, [model.output, layers.Dense(1)(model.outputs[0])])
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    x = data_for(model)
    y = tree.map(lambda array: array + 1.0, model.predict(x, verbose=0))
    logs = []
    for one in (model, copy):
        one.compile(keras.optimizers.SGD(0.01), "mse")
        logs.append([one.train_on_batch(x, y, return_dict=True) for _ in range(2)])
    assert logs[0] == logs[1] and logs[0][0]["loss"] > 0
    assert_same_bits(model.get_weights(), copy.get_weights())


@STEADY
@given(model=models())
def test_every_tensor_of_a_model_inside_is_within_reach(model):
    """And it is what the model inside gives when it is run by itself."""
    tensors = [(path, model.get_tensor(path)) for path in paths_inside(model)]
    both = keras.Model(model.input, [model.output, *(tensor for _, tensor in tensors)])
    assert both.weights == model.weights
    x = data_for(model)
    whole, *parts = both.predict(x, verbose=0)
    assert_same_bits(whole, model.predict(x, verbose=0))

    values = dict(zip(model.inputs, tree.flatten(x), strict=True))
    model.run(x, observe=lambda n, out: values.update(zip(n.outputs, out, strict=True)))
    for (path, tensor), part in zip(tensors, parts, strict=True):
        inner = tensor.node.layer.model
        alone = keras.Model(inner.input, inner.get_tensor(path.partition("/")[2]))
        given = tree.map(values.get, tensor.node.args[0])
        np.testing.assert_array_equal(part, alone(given))
