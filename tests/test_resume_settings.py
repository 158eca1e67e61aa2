"""Whatever training changes is in a backup, or a fit that differs is refused by the name of it.

Each case is stopped at the start of every epoch, and resumed on a model made in the same way.
"""

import numpy as np
import pytest

from minigraph import Input, callbacks, layers, losses, metrics, ops, optimizers, utils
from minigraph.models import Model
from minigraph.saving import FileRefused
from minigraph.saving.model import kept_states

RANDOM = np.random.default_rng(1)
X = RANDOM.standard_normal((16, 6, 3)).astype("float32")
Y = X[:, 0, :1]
EPOCHS = 4


class Stopped(Exception):
    """Training is over, for now."""


class Scaled(layers.Layer):
    """A custom layer with a setting, and with a state from call to call."""

    def __init__(self, factor=1.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


def sequence(layer=None, optimizer=None, rate=0.2, **compiled):
    """A model of sequences in batches of 8, with much that a callback can change."""
    utils.set_random_seed(0)
    inputs = Input(batch_shape=(8, 6, 3))
    h = layers.LSTM(4, name="memory")(inputs) if layer is None else layer(inputs)
    h = layers.Dropout(rate, name="dropout")(layers.Dense(4, name="hidden")(h))
    h = layers.BatchNormalization(name="norm")(Scaled(name="scaled")(h))
    model = Model(inputs, layers.Dense(1, kernel_regularizer="l2", name="last")(h))
    compiled = {"loss": "mse", "metrics": ["mae"]} | compiled
    model.compile(optimizer or optimizers.SGD(0.05, momentum=0.5, clipnorm=1.0), **compiled)
    return model


def at_epochs(act):
    return callbacks.LambdaCallback(on_epoch_begin=act)


def setting(name, change, layer=None):
    """A callback that changes a setting of a layer, or of the optimizer, at each epoch."""

    def case():
        def act(epoch, logs):
            owner = model.optimizer if layer is None else model.get_layer(layer)
            setattr(owner, name, change(getattr(owner, name), epoch))

        model = sequence()
        return model, at_epochs(act)

    return case


def unfreeze():
    def act(epoch, logs):
        if epoch in (0, 2):
            model.get_layer("hidden").trainable = epoch > 0

    model = sequence()
    return model, at_epochs(act)


def freeze():
    def act(epoch, logs):
        if epoch == 1:
            model.get_layer("norm").trainable = model.get_layer("memory").trainable = False

    model = sequence()
    return model, at_epochs(act)


CASES = {
    "stateful LSTM": lambda: (sequence(layers.LSTM(4, stateful=True)), callbacks.Callback()),
    "stateful GRU": lambda: (sequence(layers.GRU(4, stateful=True)), callbacks.Callback()),
    "stateful cells": lambda: (
        sequence(layers.RNN([layers.GRUCell(3), layers.LSTMCell(4)], stateful=True)),
        callbacks.Callback(),
    ),
    "stateful both ways": lambda: (
        sequence(layers.Bidirectional(layers.SimpleRNN(2, stateful=True))),
        callbacks.Callback(),
    ),
    "unfreeze": unfreeze,
    "freeze": freeze,
    "rate": setting("rate", lambda rate, epoch: rate * 0.5, "dropout"),
    "rate of NumPy": setting("rate", lambda rate, epoch: np.float64(rate) * 0.5, "dropout"),
    "momentum of moving averages": setting("momentum", lambda m, epoch: 0.9 - 0.1 * epoch, "norm"),
    "custom setting": setting("factor", lambda factor, epoch: factor + 1, "scaled"),
    "clipnorm": setting("clipnorm", lambda norm, epoch: norm * 0.7),
    "no clipnorm": setting("clipnorm", lambda norm, epoch: None if epoch else norm),
    "momentum": setting("momentum", lambda momentum, epoch: 0.5 - 0.1 * epoch),
    "weight decay": setting("weight_decay", lambda decay, epoch: 0.01 * epoch or None),
}


def run(case, path=None, stop=None, save_freq="epoch"):
    """The history and the weights of a fit; it may be stopped before an epoch or at a batch."""
    made, changes = CASES[case]()
    own = [changes]

    def halt(*args):
        if made.optimizer.iterations == stop:
            raise Stopped

    if path is not None:
        own.append(callbacks.BackupAndRestore(path, save_freq))
    if stop is not None:
        own.append(callbacks.LambdaCallback(on_train_batch_begin=halt))
    options = {"batch_size": 8, "shuffle": False, "verbose": 0, "epochs": EPOCHS}
    history = made.fit(X, Y, callbacks=own, **options)
    states = [state.numpy() for state in kept_states(made._all_layers())]
    return history.history, made.get_weights(), states


@pytest.mark.parametrize("case", CASES)
def test_what_training_changes_is_restored_with_the_same_bits(case, tmp_path):
    history, weights, states = run(case)
    for step, save_freq in ((2, "epoch"), (4, "epoch"), (5, 1), (6, "epoch")):
        path = tmp_path / f"{step}"
        with pytest.raises(Stopped):
            run(case, path, step, save_freq)
        found, again, kept = run(case, path, None, save_freq)
        assert found == history
        assert all(map(np.array_equal, again, weights)) and all(map(np.array_equal, kept, states))


@pytest.mark.parametrize("stop", [3, 4])
def test_the_model_that_was_stopped_resumes_too(stop, tmp_path):
    """Its settings are those of the start or those of the backup."""

    def fit(model, *given):
        options = {"batch_size": 8, "shuffle": False, "verbose": 0, "epochs": EPOCHS}
        half = at_epochs(lambda epoch, logs: setattr(dropout(model), "rate", 0.2 * 0.5**epoch))
        backup = callbacks.BackupAndRestore(tmp_path / "backup")
        return model.fit(X, Y, callbacks=[half, *given, backup], **options).history

    def dropout(model):
        return model.get_layer("dropout")

    def halt(*args):
        if model.optimizer.iterations == stop:
            raise Stopped

    whole = fit(sequence())
    model = sequence()
    with pytest.raises(Stopped):
        fit(model, callbacks.LambdaCallback(on_train_batch_begin=halt))
    dropout(model).rate = 0.2  # as a model made again
    assert fit(model) == whole


# -- refused ---------------------------------------------------------------------------------------


def custom(y_true, y_pred):
    return ops.mean((y_true - y_pred) ** 2, -1)


OTHERS = {
    "loss": ({"loss": "mae"}, "made with the loss 'mse', and here is 'mae'"),
    "setting of the loss": ({"loss": losses.Huber(0.5)}, "made with the loss"),
    "function as loss": ({"loss": custom}, "and here is 'custom'"),
    "weights of losses": ({"loss_weights": [2.0]}, "made with the loss_weights None"),
    "metrics": ({"metrics": ["mse"]}, r"made with the metrics \['mae'\], and here is \['mse'\]"),
    "more metrics": ({"metrics": ["mae", metrics.AUC(name="a")]}, "made with the metrics"),
    "weighted metrics": ({"weighted_metrics": ["mse"]}, "made with the weighted_metrics None"),
    "rate": ({"rate": 0.5}, "layer 'dropout' was made with rate=0.2, and here is 0.5"),
    "activation": (
        {"layer": layers.LSTM(4, activation="relu", name="memory")},
        "layer 'cell' was made with activation='tanh', and here is 'relu'",
    ),
    "clipnorm": (
        {"optimizer": optimizers.SGD(0.05, momentum=0.5, clipnorm=2.0)},
        "optimizer 'sgd' was made with clipnorm=1.0, and here is 2.0",
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_fit_that_differs_is_refused_by_the_name_of_what_differs(other, tmp_path):
    options = {"batch_size": 8, "shuffle": False, "verbose": 0, "epochs": 2}
    keep = callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
    sequence().fit(X, Y, callbacks=[keep], **options)
    changed, match = OTHERS[other]
    model = sequence(**changed)
    before = model.get_weights()
    with pytest.raises(FileRefused, match=match):
        model.fit(X, Y, callbacks=[keep], **options | {"epochs": 3})
    assert all(map(np.array_equal, before, model.get_weights()))
    assert sequence().fit(X, Y, callbacks=[keep], **options | {"epochs": 3}).epoch == [0, 1, 2]


def test_another_schedule_is_refused(tmp_path):
    options = {"batch_size": 8, "shuffle": False, "verbose": 0, "epochs": 2}

    def fit(decay, epochs=2):
        rate = optimizers.schedules.ExponentialDecay(0.1, 3, decay)
        keep = callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
        model = sequence(optimizer=optimizers.SGD(rate))
        return model.fit(X, Y, callbacks=[keep], **options | {"epochs": epochs})

    fit(0.5)
    with pytest.raises(FileRefused, match="with the schedule .'ExponentialDecay'"):
        fit(0.9)
    assert fit(0.5, 3).epoch == [0, 1, 2]


def test_what_cannot_be_kept_is_named(tmp_path):
    def act(epoch, logs):
        model.get_layer("hidden").activation = ops.relu if epoch else ops.tanh

    options = {"batch_size": 8, "shuffle": False, "verbose": 0}
    keep = callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
    model = sequence()
    model.fit(X, Y, epochs=2, callbacks=[at_epochs(act), keep], **options)
    model = sequence()
    with pytest.raises(FileRefused, match="'hidden': 'activation' was changed in training"):
        model.fit(X, Y, epochs=3, callbacks=[at_epochs(act), keep], **options)


# -- a step that fails -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.LSTM(4, stateful=True),
        lambda: layers.Bidirectional(layers.GRU(2, stateful=True)),
    ],
)
def test_a_failed_step_puts_the_states_of_layers_back(make):
    model = sequence(make())
    model.train_on_batch(X[:8], Y[:8])

    def states():
        return [state.numpy().copy() for state in kept_states(model._all_layers())]

    before, weights = states(), model.get_weights()
    assert any(np.any(state) for state in before)
    with pytest.raises(ValueError):
        model.train_on_batch(X[:8], np.ones((8, 7)))
    assert all(map(np.array_equal, before, states()))
    assert all(map(np.array_equal, weights, model.get_weights()))
