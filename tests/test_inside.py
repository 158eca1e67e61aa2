"""Tensors inside models: found by a path, drawn into other models, computed once."""

import numpy as np
import pytest

from minigraph import Input, Model, Sequential, Tape, backend, layers, ops
from minigraph.core.context import context
from minigraph.models import clone_model, load_model
from minigraph.view.describe import describe
from minigraph.view.trace import trace

X = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")


def encoder(name="encoder"):
    """Two layers with a dropout between them, and a sum with two inputs."""
    x = Input((6,), name="x")
    wide = layers.Dense(5, activation="tanh", name="wide")(x)
    dropped = layers.Dropout(0.5, name="drop")(wide)
    code = layers.Dense(3, name="code")(dropped)
    return Model(x, layers.Activation("relu", name="positive")(code), name=name)


def around(inner, name="outer"):
    x = Input((6,), name="entry")
    return Model(x, layers.Dense(1, name="head")(inner(x)), name=name)


def test_a_tensor_of_the_model_itself_is_that_tensor():
    model = encoder()
    assert model.get_tensor("code") is model.get_layer("code").output
    assert model.get_tensor("x") is model.input
    x = Input((6,))
    assert Model(x, (x + 1) * 2).get_tensor("add") is not None


def test_a_tensor_of_a_nested_model_is_an_output_of_a_new_outer_one():
    inner = encoder()
    outer = around(inner)
    code = outer.get_tensor("encoder/code")
    assert code.shape == (None, 3) and code.name == "encoder.code"
    assert outer.get_tensor("encoder/code") is code  # asked twice, drawn once
    over_the_same_graph = Model(outer.input, outer.get_layer("head").input)
    assert over_the_same_graph.get_tensor("encoder/code") is code
    both = Model(outer.input, {"prediction": outer.output, "code": code})
    found = both(X)
    np.testing.assert_array_equal(found["prediction"], outer(X))
    np.testing.assert_array_equal(found["code"], Model(inner.input, inner.get_tensor("code"))(X))
    assert both.output_names == ["head", "encoder.code"]
    assert both.weights == outer.weights and both.count_params() == outer.count_params()


def test_the_new_model_may_go_on_from_there():
    outer = around(encoder())
    model = Model(outer.input, layers.Dense(2)(outer.get_tensor("encoder/wide")))
    assert model(X).shape == (4, 2)
    assert model.count_params() == 6 * 5 + 5 + 5 * 2 + 2  # only the layers that lead there
    model.compile("sgd", "mse")
    before = outer.get_layer("encoder").get_layer("wide").get_weights()[0]
    model.fit(X, np.ones((4, 2)), verbose=0)
    assert (outer.get_layer("encoder").get_layer("wide").get_weights()[0] != before).all()


def counting(counts, name):
    class Count(layers.Layer):
        def call(self, inputs):
            if context.tracing is None:
                counts[self.name] = counts.get(self.name, 0) + 1
            return inputs

    return Count(name=name)


def test_nothing_is_computed_twice():
    counts = {}
    x = Input((6,))
    early = counting(counts, "early")(x)
    inner = Model(x, counting(counts, "late")(layers.Dense(2, name="dense")(early)), name="inner")
    y = Input((6,))
    middle = Model(y, inner(y) * 2, name="middle")
    z = Input((6,))
    outer = Model(z, middle(z) + 1)
    paths = ["middle/inner/early", "middle/inner/dense", "middle/inner", "middle"]
    tensors = [outer.get_tensor(path) for path in paths]
    Model(z, [*tensors[::-1], outer.output])(X)
    assert counts == {"early": 1, "late": 1}
    counts.clear()
    Model(z, tensors[:2])(X)  # without the whole: only the way there, and it once
    assert counts == {"early": 1}


def test_dropout_falls_the_same_way_for_a_model_and_its_inside():
    outer = around(encoder())
    inner = outer.get_layer("encoder")
    parts = [outer.get_tensor("encoder/drop"), outer.output, outer.get_tensor("encoder/code")]
    dropped, prediction, code = Model(outer.input, parts)(X, training=True)
    assert (dropped.numpy() == 0).any()
    np.testing.assert_array_equal(inner.get_layer("code")(dropped), code)
    np.testing.assert_array_equal(outer.get_layer("head")(layers.ReLU()(code)), prediction)


def test_gradients_of_whole_and_part_add_up():
    backend.set_floatx("float64")
    outer = around(encoder())
    both = Model(outer.input, [outer.output, outer.get_tensor("encoder/code")])
    kernel = outer.get_layer("encoder").get_layer("wide").weights[0]

    def gradient(*shares):
        with Tape() as tape:
            loss = sum(share * ops.sum(y) for share, y in zip(shares, both(X), strict=True))
        return tape.gradient(loss, [kernel])[0].numpy()

    assert gradient(1, 0).any() and gradient(0, 1).any()
    np.testing.assert_allclose(gradient(1, 1), gradient(1, 0) + gradient(0, 1), rtol=1e-12)


@pytest.mark.parametrize("way", ["config", "clone", "clone by layers", "file"])
def test_it_survives_a_file_and_a_copy(way, tmp_path):
    x = Input((6,))
    middle = around(encoder(), "middle")
    outer = Model(x, middle(x), name="outer")
    model = Model(x, [outer.output, outer.get_tensor("middle/encoder/drop")])
    if way == "config":
        other = Model.from_config(model.get_config())
    elif way == "file":
        model.save(tmp_path / "model")
        other = load_model(tmp_path / "model")
    else:
        copy = (lambda layer: type(layer).from_config(layer.get_config())) if " " in way else None
        other = clone_model(model, copy)
    assert other.count_params() == model.count_params() == 35 + 18 + 4
    assert other.get_config() == model.get_config()
    other.set_weights(model.get_weights())
    for a, b in zip(other.predict(X, verbose=0), model.predict(X, verbose=0), strict=True):
        np.testing.assert_array_equal(a, b)
    prediction, dropped = other(X, training=True)  # still one run for both
    inner = other.get_layer("middle").get_layer("encoder")
    code = layers.ReLU()(inner.get_layer("code")(dropped))
    np.testing.assert_array_equal(other.get_layer("middle").get_layer("head")(code), prediction)


def test_a_model_that_is_called_twice_asks_which_call():
    inner = encoder()
    a, b = Input((6,), name="a"), Input((6,), name="b")
    model = Model([a, b], inner(a) + inner(b), name="twins")
    with pytest.raises(ValueError) as caught:
        model.get_tensor("encoder/code")
    for text in ("'encoder' 2 times", "'encoder[0]' on [<SymbolicTensor 'a'", "'encoder[1]' on"):
        assert text in str(caught.value)
    code = Model(inner.input, inner.get_tensor("code"))
    for call in (0, 1):
        found = Model([a, b], [model.output, model.get_tensor(f"encoder[{call}]/code")])
        np.testing.assert_array_equal(found([X, X + 1])[1], code(X + call))
    with pytest.raises(ValueError, match="2 times: choose"):
        model.get_tensor("encoder[2]/code")


def test_calls_and_outputs_are_chosen_as_the_summary_writes_them():
    x = Input((5, 2))
    lstm = layers.LSTM(3, return_state=True, name="lstm")
    dense = layers.Dense(2, name="dense")
    dense(Input((2,)))  # a call in another graph does not count
    model = Model(x, [*lstm(dense(dense(x)))])
    assert model.get_tensor("dense[0]").node.index == 1
    assert model.get_tensor("dense[1][0]") is lstm.input
    assert model.get_tensor("lstm[0][2]") is lstm.output[2]
    with pytest.raises(ValueError, match=r"gives 3 tensors.*\(None, 3\)"):
        model.get_tensor("lstm")
    with pytest.raises(ValueError, match=r"'lstm\[0\]' in model .* has 3 outputs"):
        model.get_tensor("lstm[0][3]")


def test_brackets_in_a_name_are_read_literally_first():
    x = Input((2,))
    odd = layers.Dense(2, name="odd[1]")
    model = Model(x, layers.Dense(2, name="odd")(odd(x)))
    assert model.get_tensor("odd[1]") is model.get_tensor("odd[1][0]") is odd.output


def test_sequential_models_open_too():
    inner = Sequential([Input((6,)), layers.Dense(4, name="first"), layers.Dense(2)], name="chain")
    outer = Sequential([Input((6,)), inner, layers.Dense(1)], name="chains")
    first = Model(outer.inputs, outer.get_tensor("chain/first"))
    np.testing.assert_array_equal(first(X), inner.layers[0](X))


def test_a_mask_comes_with_the_tensor():
    x = Input((4,), dtype="int32")
    inner = Model(x, layers.LSTM(2)(layers.Embedding(5, 3, mask_zero=True, name="words")(x)))
    inner.name = "reader"
    y = Input((4,), dtype="int32")
    outer = Model(y, inner(y))
    model = Model(y, [outer.output, outer.get_tensor("reader/words")])
    words = np.array([[1, 2, 0, 0]])
    assert model(words)[1].mask.tolist() == [[True, True, False, False]]
    assert Model(y, model.outputs[1])(words).mask.tolist() == [[True, True, False, False]]


class Coded(Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.dense = layers.Dense(2, name="dense")

    def call(self, inputs):
        return self.dense(inputs)


@pytest.mark.parametrize(
    "path, texts",
    [
        ("encoder/cod", ["'encoder'", "'cod'", "Did you mean 'code'?"]),
        ("code", ["'outer'", "Did you mean 'encoder/code'? Known: 'encoder/code'."]),
        ("head/kernel", ["'head' is a Dense", "nothing inside"]),
        ("coded/dense", ["'coded' is a Coded", "a model that is a graph"]),
        ("entry/x", ["'entry' is a InputLayer"]),
        ("nowhere", ["'nowhere'", "Known: ", "'encoder', 'encoder/code'", "'head'"]),
        ("", ["''"]),
        (3, ["`path`", "3"]),
    ],
)
def test_what_is_not_there_is_told_with_what_is(path, texts):
    outer = around(encoder())
    outer = Model(outer.input, Coded(name="coded")(outer.output), name="outer")
    with pytest.raises(ValueError) as caught:
        outer.get_tensor(path)
    for text in texts:
        assert text in str(caught.value)


def test_a_model_that_is_not_drawn_has_no_tensors():
    with pytest.raises(AttributeError, match="has no graph"):
        Coded().get_tensor("dense")


def test_the_picture_and_a_recorded_run_show_it_as_a_box():
    outer = around(encoder())
    model = Model(outer.input, [outer.output, outer.get_tensor("encoder/code")])
    graph = describe(model)
    names = [box.name for box in graph.boxes]
    pairs = {(names[a], names[b]) for a, b in graph.pairs}
    assert pairs == {("entry", "encoder"), ("encoder", "head"), ("entry", "encoder.code")}
    recording = trace(model, X, [np.ones((4, 1)), X[:, :3]], loss=lambda y, p: ops.sum(p[1] * y[1]))
    arrived = {place for place, term in recording.terms.items() if term is not None}
    arrows = [edge for edge in recording.graph.edges if (edge.target, edge.argument) in arrived]
    names = [box.name for box in recording.graph.boxes]
    assert [(names[edge.source], names[edge.target]) for edge in arrows] == [
        ("entry", "encoder.code")
    ]
    seen = {}
    outputs = model.run(X, observe=lambda node, out: seen.update({node.name: out}))
    assert seen.keys() == {"encoder", "encoder.code", "head"}
    assert seen["encoder.code"][0] is outputs[1]


@pytest.mark.parametrize(
    "model, path",
    [({"$layer": 2}, "wide"), ({"$layer": 6}, "nowhere"), ({"$layer": 6}, 3), (None, "wide")],
)
def test_a_config_of_a_tensor_inside_something_else_is_refused(model, path):
    outer = around(encoder())
    config = Model(outer.input, outer.get_tensor("encoder/wide")).get_config()
    [inside] = [entry for entry in config["layers"] if entry["class_name"] == "Inside"]
    assert inside["config"]["model"] == {"$layer": 6}
    Model.from_config(config)
    inside["config"] |= {"model": model, "path": path}
    with pytest.raises(ValueError):
        Model.from_config(config)
