"""Constraints: what they make of weights, and that every step of an optimizer ends with them."""

import numpy as np
import pytest
from ops_table import spread
from test_layer import BATTERY, data

from minigraph import (
    Input,
    Model,
    Sequential,
    Tape,
    Variable,
    constraints,
    layers,
    models,
    ops,
    optimizers,
)

RULES = {
    "NonNeg": constraints.NonNeg(),
    "MaxNorm": constraints.MaxNorm(1.5),
    "UnitNorm": constraints.UnitNorm(),
    "MinMaxNorm": constraints.MinMaxNorm(0.5, 1.5),
}
W = spread(5, 4).astype("float32")


def lengths(w):
    return np.sqrt((np.asarray(w, "float64") ** 2).sum(0))


def test_what_constraints_make_of_a_matrix():
    np.testing.assert_array_equal(RULES["NonNeg"](W).numpy(), np.maximum(W, 0))
    np.testing.assert_allclose(lengths(RULES["UnitNorm"](W).numpy()), 1, rtol=1e-6)
    shorter = W * [0.01, 1, 1, 1]
    for name, least in (("MaxNorm", 0), ("MinMaxNorm", 0.5)):
        expected = lengths(shorter).clip(least, 1.5)
        np.testing.assert_allclose(lengths(RULES[name](shorter).numpy()), expected, rtol=1e-6)
    half = constraints.MinMaxNorm(0.5, 1.5, rate=0.5)(shorter).numpy()
    expected = (lengths(shorter) + lengths(shorter).clip(0.5, 1.5)) / 2
    np.testing.assert_allclose(lengths(half), expected, rtol=1e-6)
    filters = spread(3, 3, 2, 4)
    for axis in ((0, 1, 2), [0, 1, 2]):  # a list, as a file has it
        unit = constraints.UnitNorm(axis)(filters).numpy()
        np.testing.assert_allclose((unit**2).sum((0, 1, 2)), 1)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_is_allowed_keeps_its_bits(rule):
    allowed = rule(W).numpy() if rule is RULES["NonNeg"] else W / lengths(W).astype("float32")
    allowed = allowed if rule is not RULES["UnitNorm"] else np.eye(4, dtype="float32")
    np.testing.assert_array_equal(rule(allowed).numpy(), allowed)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("size", [0.0, 1e-42, 1e-30, 1e30])
def test_zeros_and_extreme_lengths_stay_finite(rule, size):
    w = np.full((3, 2), size, "float32")
    out = rule(w).numpy()
    assert np.isfinite(out).all()
    if size and rule in (RULES["UnitNorm"], RULES["MinMaxNorm"]):
        assert (lengths(out) > 0.49).all()
    if not size:
        assert not out.any()


CONSTRAINED = {
    name: (make, shapes)
    for name, (make, shapes) in BATTERY.items()
    if any(option.endswith("_constraint") for option in make().get_config())
    and name != "BatchNormalization-bare"  # it has no trained weight
}


@pytest.mark.parametrize(("make", "shapes"), CONSTRAINED.values(), ids=CONSTRAINED)
def test_every_weight_of_every_layer_keeps_its_constraint_after_a_step(make, shapes):
    config = make().get_config()
    options = {
        name: "non_neg"
        for name in config
        if name.endswith("_constraint") and not name.startswith("moving")
    }
    layer = type(make()).from_config(config | options)
    assert (
        layer.get_config().items()
        >= {name: {"class_name": "NonNeg", "config": {}} for name in options}.items()
    )
    layer(data(shapes))
    weights = layer.trainable_weights
    optimizers.SGD(1.0).apply([np.ones(w.shape, "float32") for w in weights], weights)
    assert all((w.numpy() >= 0).all() for w in weights)


def test_the_layers_with_options_for_weights_are_all_tried():
    kinds = {name.partition("-")[0] for name in CONSTRAINED}
    assert kinds >= {"Dense", "Conv2D", "LSTM", "PReLU", "BatchNormalization", "MultiHeadAttention"}
    embedding = layers.Embedding(3, 2, embeddings_constraint="unit_norm")
    embedding(np.array([[0, 1]]))
    optimizers.Adam(0.1).apply([np.ones((3, 2))], [embedding.embeddings])
    np.testing.assert_allclose(lengths(embedding.embeddings.numpy()), 1, rtol=1e-6)


class Clip(constraints.Constraint):
    """Weight clipping, as the critic of a Wasserstein GAN has it."""

    def __init__(self, limit):
        self.limit = limit

    def __call__(self, w):
        return ops.clip(w, -self.limit, self.limit)


def critic():
    return Sequential(
        [
            Input((4,)),
            layers.Dense(8, "relu", kernel_constraint=Clip(0.1), bias_constraint=Clip(0.1)),
            layers.Dense(1, kernel_constraint="max_norm"),
        ]
    )


def test_a_file_and_a_clone_keep_the_constraints(tmp_path):
    model = critic()
    model.compile(optimizers.SGD(5.0), "mse")
    x, y = spread(20, 4), spread(20, 1, seed=1)
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "critic.safetensors")
    again = models.load_model(tmp_path / "critic.safetensors", custom_objects={"Clip": Clip})
    clone = models.clone_model(model)
    clone.compile(optimizers.SGD(5.0), "mse")
    for other in (model, again, clone):
        other.fit(x, y, epochs=2, verbose=0)
        kernel, bias, last, free = other.get_weights()
        assert abs(kernel).max() == abs(bias).max() == np.float32(0.1)
        assert lengths(last) <= 2.00001 and abs(free).max() > 0
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_a_step_applies_a_constraint():
    layer = layers.Dense(1, kernel_constraint="non_neg", kernel_initializer="ones")
    layer.build((None, 2))
    layer.set_weights([np.array([[-1.0], [1.0]]), np.zeros(1)])
    assert layer.kernel.numpy().min() == -1
    optimizer = optimizers.SGD(0.1)
    optimizer.apply([np.ones(1)], [layer.bias])
    assert layer.kernel.numpy().min() == -1
    with pytest.warns(UserWarning, match="no gradient reaches"):
        optimizer.apply([None, np.ones(1)], [layer.kernel, layer.bias])
    assert layer.kernel.numpy().min() == -1
    optimizer.apply([np.zeros((2, 1)), np.ones(1)], [layer.kernel, layer.bias])
    assert layer.kernel.numpy().min() == 0
    layer.trainable = False
    assert layer.kernel.constraint is not None  # freezing forgets nothing


def test_a_constraint_sees_no_tape():
    v = Variable(np.ones(3, "float32"))
    v.constraint = constraints.get("non_neg")
    with Tape() as tape:
        optimizers.SGD(1.0).apply([np.ones(3)], [v])
    assert tape.records == []


def test_what_cannot_be_a_constraint_is_named():
    for make, words in [
        (
            lambda: layers.Dense(2, kernel_constraint="no_neg"),
            "Unknown constraint 'no_neg'.*non_neg",
        ),
        (lambda: layers.Dense(2, kernel_constraint=3), "3 .int. is not a valid constraint"),
        (lambda: constraints.MaxNorm(-1), "`max_value`"),
        (lambda: constraints.MinMaxNorm(2, 1), "`max_value` .* at least 2"),
        (lambda: constraints.MinMaxNorm(rate=2), "`rate`"),
        (
            lambda: layers.BatchNormalization(moving_mean_constraint="non_neg")(W),
            "'moving_mean' is not trained",
        ),
    ]:
        with pytest.raises(ValueError, match=words):
            make()
    layer = layers.Dense(2, kernel_constraint=lambda w: w[:1])
    layer(W)
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"'kernel' must return .* \(4, 2\), got \(1, 2\)"):
        optimizers.SGD(1.0).apply([np.ones((4, 2)), np.ones(2)], layer.weights)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_error_of_a_constraint_names_the_variable():
    inputs = Input((4,))
    dense = layers.Dense(2, kernel_constraint=constraints.UnitNorm(axis=5))
    model = Model(inputs, dense(inputs))
    model.compile("sgd", "mse")
    with pytest.raises(Exception, match="axis 5 is out of bounds") as caught:
        model.fit(W, W[:, :2], verbose=0)
    assert any("constraint of variable 'kernel'" in note for note in caught.value.__notes__)
