"""Losses that do not come from targets: prices of weights and outputs, and `add_loss`."""

import numpy as np
import pytest
from ops_table import spread

from minigraph import Input, Model, Sequential, Tape, layers, ops, regularizers
from minigraph.graph.layer import Layer
from minigraph.models import clone_model

X = spread(4, 3).astype("float32")
Y = spread(4, 1, seed=1).astype("float32")


class Spy(Layer):
    """Passes its input on and adds the mean of it to the loss."""

    def call(self, inputs):
        self.add_loss(ops.mean(inputs))
        return inputs * 1


def losses(layer):
    return [float(loss) for loss in layer.losses]


def test_prices_of_weights():
    dense = layers.Dense(2, kernel_regularizer="l1", bias_regularizer=regularizers.L2(0.5))
    dense(X)
    dense.bias.assign([1.0, 2.0])
    kernel = 0.01 * np.abs(dense.kernel.numpy()).sum()
    assert losses(dense) == pytest.approx([kernel, 2.5])
    config = dense.get_config()
    assert config["bias_regularizer"] == {"class_name": "L2", "config": {"l2": 0.5}}
    again = layers.Dense.from_config(config)
    assert again.get_config() == config
    dense.trainable = False
    assert dense.losses == []
    with pytest.raises(ValueError, match="Unknown regularizer 'l7'"):
        layers.Dense(2, kernel_regularizer="l7")
    with pytest.raises(TypeError, match="beta_regularizer"):
        layers.Dense(2, beta_regularizer="l2")


def test_a_weight_of_ones_own_may_have_a_price():
    layer = Layer()
    weight = layer.add_weight((2,), "ones", regularizer=lambda w: 3 * ops.sum(w))
    assert losses(layer) == [6.0] and layer.weights == [weight]


def test_prices_of_outputs_are_divided_by_the_batch_size():
    layer = layers.Activation("linear", activity_regularizer=regularizers.L1(2.0))
    layer(X)
    assert losses(layer) == pytest.approx([2 * np.abs(X).sum() / 4])
    drawn = Model(inputs := Input((3,)), layer(inputs))
    assert len(drawn.losses) == 1  # drawing adds nothing
    drawn(X[:2])
    assert losses(drawn) == pytest.approx([2 * np.abs(X[:2]).sum() / 2])
    drawn(X[:0])
    assert losses(drawn) == [0]


def test_added_losses_count_for_the_latest_call_only():
    spy = Spy()
    inputs = Input((3,))
    model = Model(inputs, spy(spy(inputs) * 2))
    assert model.losses == []
    for x in (X, X[:2]):
        model(x)
        assert losses(model) == pytest.approx([x.mean(), 2 * x.mean()])
    outer = Sequential([model, Spy()])
    outer(X)
    assert losses(outer) == pytest.approx([X.mean(), 2 * X.mean(), 2 * X.mean()])
    spy(ops.convert_to_tensor(X + 1))
    assert losses(spy) == pytest.approx([(X + 1).mean()])
    assert clone_model(model).losses == []


def test_training_counts_every_added_loss():
    inputs = Input((3,))
    hidden = layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1")
    model = Model(inputs, layers.Dense(1)(Spy()(hidden(inputs))))
    model.compile("sgd", "mse")
    total = model.evaluate(X, Y, verbose=0)
    error = ((model.predict(X, verbose=0) - Y) ** 2).mean()
    h = hidden(X).numpy()
    extra = [0.01 * (hidden.kernel.numpy() ** 2).sum(), 0.01 * np.abs(h).sum() / 4, h.mean()]
    assert total == pytest.approx(error + sum(extra), rel=1e-5)
    before = model.get_weights()
    with Tape() as tape:
        loss = model.compute_loss(X, Y, model(X, training=True))
    gradients = tape.gradient(loss, model.trainable_weights)
    model.fit(X, Y, epochs=1, verbose=0)
    for weight, old, gradient in zip(model.weights, before, gradients, strict=True):
        np.testing.assert_allclose(weight.numpy(), old - 0.01 * gradient.numpy(), rtol=1e-5)


def test_added_losses_alone_can_be_trained():
    model = Model(inputs := Input((3,)), Spy()(layers.Dense(1)(inputs)))
    model.compile("sgd")
    history = model.fit(X, epochs=3, verbose=0).history["loss"]
    assert history[0] > history[1] > history[2]
