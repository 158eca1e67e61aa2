"""What is shared stays shared: in configs, copies, files, and while it learns. And what is large
stays within bounds."""

import numpy as np
import pytest

import minigraph as keras
from minigraph import Input, Model, layers, ops
from minigraph.models import clone_model, load_model

RANDOM = np.random.default_rng(3)
X = [RANDOM.normal(size=(48, 10)).astype("float32") for _ in range(2)]
Y = RANDOM.normal(size=(48, 3)).astype("float32")


def siblings():
    """One layer of 10 * 3 + 3 weights in two models, which stand side by side in a third."""
    shared = layers.Dense(3, name="shared")
    x = Input((10,))
    plain = Model(x, shared(x), name="plain")
    x = Input((10,))
    bent = Model(x, layers.Activation("tanh")(shared(x)), name="bent")
    a, b = Input((10,), name="a"), Input((10,), name="b")
    return Model([a, b], plain(a) + bent(b), name="family")


COPIES = {
    "config": lambda model, path: Model.from_config(model.get_config()),
    "json": lambda model, path: keras.models.model_from_json(model.to_json()),
    "clone": lambda model, path: clone_model(model),
    "file": lambda model, path: model.save(path) or load_model(path),
    "file of a clone": lambda model, path: clone_model(model).save(path) or load_model(path),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_layer_in_two_models_inside_a_third_is_counted_once(way, tmp_path):
    model = siblings()
    assert model.count_params() == 33 and len(model.weights) == 2
    copy = COPIES[way](model, tmp_path / "model")
    assert copy.count_params() == 33 and len(copy.weights) == 2
    assert [copy.get_layer(name).count_params() for name in ("plain", "bent")] == [33, 33]
    inner = [copy.get_layer(name).get_layer("shared") for name in ("plain", "bent")]
    assert inner[0] is inner[1] and inner[0] is not model.get_layer("plain").get_layer("shared")
    assert copy.get_config() == model.get_config()
    texts = []
    copy.summary(print_fn=texts.append, expand_nested=True)
    assert "Total params: 33 " in texts[0] and texts[0].count("shared (Dense)") == 2


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_shared_layer_learns_the_same_from_a_file(optimizer, tmp_path):
    model = siblings()
    model.compile(optimizer, "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    histories = [m.fit(X, Y, epochs=3, verbose=0, shuffle=False).history for m in (model, loaded)]
    assert histories[0] == histories[1]
    assert histories[0]["loss"][-1] < histories[0]["loss"][0]
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_both_uses_of_the_shared_layer_pull_at_it():
    model = siblings()
    kernel = model.weights[0]

    def gradient(a, b):
        with keras.Tape() as tape:
            loss = ops.sum(model([a, b]) * Y)
        return tape.gradient(loss, [kernel])[0].numpy()

    nothing = np.zeros_like(X[0])
    apart = gradient(X[0], nothing) + gradient(nothing, X[1])
    np.testing.assert_allclose(gradient(*X), apart, rtol=1e-4, atol=1e-4)


def ladder(steps):
    """A graph of `steps` calls: a few shared layers in a row, with branches that meet again."""
    shared = [layers.Dense(2, activation="tanh", name=f"dense_{k}") for k in range(5)]
    entry = symbol = before = Input((2,), name="entry")
    for k in range(steps):
        before, symbol = symbol, before + symbol if k % 3 == 2 else shared[k % 5](symbol)
    return Model(entry, symbol)


@pytest.mark.parametrize("steps", [1000, 5000])
def test_long_graphs_build_run_train_and_come_back(steps, tmp_path):
    model = ladder(steps)
    assert len(model.plan_nodes) == steps + 1 and model.count_params() == 30
    x = RANDOM.normal(size=(4, 2)).astype("float32")
    model.compile("sgd", "mse")
    model.fit(x, x, verbose=0)
    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert loaded.train_on_batch(x, x) == model.train_on_batch(x, x)
    texts = []
    model.summary(print_fn=texts.append)
    assert texts[0].count("(Add)") == steps // 3
