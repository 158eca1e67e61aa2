"""Callbacks that stop, save, slow down and write: told by hand, then within `fit`."""

import csv

import numpy as np
import pytest

from minigraph import callbacks, layers
from minigraph.models import Sequential, load_model

X = np.linspace(-1, 1, 12, dtype="float32").reshape(12, 1)
Y = 2 * X


class Model:
    """What a callback needs of a model: weights that count the epochs, and an optimizer."""

    stop_training = False
    _session = None

    def __init__(self):
        self.epoch, self.set_to, self.optimizer = 0, None, self
        self.learning_rate = 1.0

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.set_to = weights


def tell(callback, values, name="val_loss"):
    """Tell a callback an epoch for each value, until it stops; returns its model and all logs."""
    model, every = Model(), []
    callback.set_model(model)
    callback.on_train_begin({})
    for epoch, value in enumerate(values):
        model.epoch = epoch
        callback.on_epoch_begin(epoch, {})
        every.append({name: value})
        callback.on_epoch_end(epoch, every[-1])
        if model.stop_training:
            break
    callback.on_train_end(every[-1])
    return model, every


@pytest.mark.parametrize(
    ("values", "settings", "stopped", "best_epoch"),
    [
        ([3, 2, 1], {}, 0, 2),
        ([3, 2, 2, 1], {}, 2, 1),
        ([3, 2, 4, 4, 1], {"patience": 2}, 3, 1),
        ([3, 2, 4, 1, 5, 5, 0], {"patience": 2}, 5, 3),
        ([1, 2, 3], {"mode": "max"}, 0, 2),
        ([3, 2.9, 2.8], {"min_delta": 0.5}, 1, 0),
        ([3, 2, 1, 0], {"baseline": -5, "patience": 2}, 0, 3),
        ([3, 2, 5, 6], {"baseline": 2.5, "patience": 2}, 3, 1),
        ([9, 1, 3, 4], {"start_from_epoch": 2}, 3, 2),
        ([np.nan, np.nan, 1], {"patience": 1}, 1, 0),
    ],
)
def test_early_stopping(values, settings, stopped, best_epoch):
    stopping = callbacks.EarlyStopping(**settings)
    model, every = tell(stopping, values)
    assert (stopping.stopped_epoch, stopping.best_epoch) == (stopped, best_epoch)
    assert model.stop_training == bool(stopped) and model.set_to is None
    restoring = callbacks.EarlyStopping(restore_best_weights=True, **settings)
    model, _ = tell(restoring, values)
    assert model.set_to == best_epoch


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [("loss", "min"), ("val_accuracy", "max"), ("auc_1", "max"), ("val_recall", "max")],
)
def test_the_mode_follows_the_name(monitor, mode):
    assert callbacks.EarlyStopping(monitor).mode == mode
    with pytest.warns(UserWarning, match="'upwards' is unknown"):
        assert callbacks.EarlyStopping(monitor, mode="upwards").mode == mode


def test_an_unknown_number_is_named():
    with pytest.raises(ValueError, match=r"watches 'val_lost', but the logs hold \['loss'\]"):
        tell(callbacks.EarlyStopping("val_lost"), [1], "loss")


@pytest.mark.parametrize(
    ("values", "settings", "rates"),
    [
        ([3, 2, 2, 2, 2, 2], {"patience": 2, "factor": 0.5}, [1, 1, 1, 1, 0.5, 0.5]),
        ([2] * 6, {"patience": 1, "factor": 0.5, "min_lr": 0.3}, [1, 1, 0.5, 0.3, 0.3, 0.3]),
        (
            [2] * 7,
            {"patience": 1, "factor": 0.5, "cooldown": 2},
            [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125],
        ),
        ([2, 1.99999], {"patience": 1}, [1, 1]),
    ],
)
def test_reduce_on_plateau(values, settings, rates):
    _, every = tell(callbacks.ReduceLROnPlateau(**settings), values)
    assert [logs["learning_rate"] for logs in every] == pytest.approx(rates)
    with pytest.raises(ValueError, match="factor"):
        callbacks.ReduceLROnPlateau(factor=1.0)


def test_learning_rate_scheduler():
    halve = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    assert [logs["learning_rate"] for logs in tell(halve, [1, 1, 1])[1]] == [0.5, 0.25, 0.125]
    steps = callbacks.LearningRateScheduler(lambda epoch: 10.0**-epoch)
    assert [logs["learning_rate"] for logs in tell(steps, [1, 1])[1]] == [1, 0.1]
    with pytest.raises(ValueError, match="must give a number"):
        tell(callbacks.LearningRateScheduler(lambda epoch: lambda: 1), [1])


# ---------------------------------------------------------------------------------------------
# Within fit


def model(optimizer="sgd", **options):
    found = Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="zeros")])
    found.compile(optimizer, "mse", **options)
    return found


def fit(callback, epochs=3, found=None, **options):
    found = model() if found is None else found
    found.fit(X, Y, epochs=epochs, batch_size=4, verbose=0, callbacks=[callback], **options)
    return found


def test_early_stopping_restores_the_best_epoch():
    stopping = callbacks.EarlyStopping("loss", patience=1, restore_best_weights=True, mode="max")
    found = fit(stopping, epochs=5)
    assert (stopping.best_epoch, stopping.stopped_epoch) == (0, 1)
    assert found.history.epoch == [0, 1]
    first = fit(callbacks.Callback(), epochs=1)
    assert len(first.history.epoch) == 1 and found.get_weights()[0].shape == (1, 1)


def test_a_number_of_the_validation_may_come_later():
    stopping = callbacks.EarlyStopping("val_loss", patience=5)
    fit(stopping, epochs=4, validation_data=(X, Y), validation_freq=2)
    assert stopping.best_epoch == 3
    with pytest.raises(ValueError, match="watches 'val_loss'"):
        fit(callbacks.EarlyStopping("val_loss"))


def test_checkpoints(tmp_path):
    found = fit(callbacks.ModelCheckpoint(tmp_path / "m-{epoch}-{loss:.1f}.safetensors"))
    losses = found.history.history["loss"]
    names = {f"m-{k + 1}-{loss:.1f}.safetensors" for k, loss in enumerate(losses)}
    assert {path.name for path in tmp_path.iterdir()} == names
    last = load_model(tmp_path / f"m-3-{losses[2]:.1f}.safetensors")
    np.testing.assert_array_equal(last.predict(X, verbose=0), found.predict(X, verbose=0))


def test_checkpoints_of_the_best(tmp_path):
    path = tmp_path / "best.weights.h5"
    checkpoint = callbacks.ModelCheckpoint(
        path, "loss", save_best_only=True, save_weights_only=True, mode="max"
    )
    found = fit(checkpoint)
    again = model()
    again.load_weights(path)
    assert checkpoint.best == found.history.history["loss"][0]
    assert (again.get_weights()[0] != found.get_weights()[0]).all()
    never = callbacks.ModelCheckpoint(
        tmp_path / "never", "loss", save_best_only=True, initial_value_threshold=0.0
    )
    fit(never)
    assert not (tmp_path / "never").exists()


def test_checkpoints_between_batches(tmp_path):
    fit(callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}", save_freq=2), epochs=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-2", "2-1", "2-3"]


def test_checkpoints_that_cannot_be(tmp_path):
    found = model()
    before = found.get_weights()
    with pytest.raises(OSError):
        fit(callbacks.ModelCheckpoint(tmp_path / "missing" / "m"), found=found)
    np.testing.assert_array_equal(found.get_weights()[0], before[0])
    with pytest.raises(ValueError, match="names 'speed', but the logs hold"):
        fit(callbacks.ModelCheckpoint(tmp_path / "{speed}"))
    with pytest.raises(ValueError, match="save_freq"):
        callbacks.ModelCheckpoint(tmp_path / "m", save_freq=0)


def test_a_table_of_all_epochs(tmp_path):
    path = tmp_path / "log.csv"
    history = fit(callbacks.CSVLogger(path), epochs=2).history.history
    fit(callbacks.CSVLogger(path, append=True), epochs=1)
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["epoch", "loss"] and [row[0] for row in rows[1:]] == ["0", "1", "0"]
    assert [float(row[1]) for row in rows[1:3]] == history["loss"]
    fit(callbacks.CSVLogger(path, separator=";"), validation_data=(X, Y), validation_freq=[1, 3])
    rows = list(csv.reader(path.read_text().splitlines(), delimiter=";"))
    assert rows[0] == ["epoch", "loss", "val_loss"] and rows[2][2] == "NA"


def test_functions_as_hooks():
    seen = []
    fit(
        callbacks.LambdaCallback(
            on_train_begin=lambda logs: seen.append("begin"),
            on_epoch_end=lambda epoch, logs: seen.append(epoch),
            on_train_batch_end=lambda batch, logs: seen.append(sorted(logs)),
            on_train_end=None,
        ),
        epochs=2,
    )
    assert seen == ["begin", *[["loss"]] * 3, 0, *[["loss"]] * 3, 1]
    with pytest.raises(TypeError, match="no hook on_lunch"):
        callbacks.LambdaCallback(on_lunch=print)


def test_the_first_nan_ends_training(capsys):
    y = Y.copy()
    y[5] = np.nan
    batches = []
    count = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(batch))
    found = model()
    with pytest.warns(UserWarning, match="the loss is nan"):
        found.fit(
            X, y, epochs=3, batch_size=4, shuffle=False, verbose=0,
            callbacks=[callbacks.TerminateOnNaN(), count],
        )  # fmt: skip
    assert batches == [0, 1] and found.history.epoch == [0] and found.stop_training
    assert "Batch 1" in capsys.readouterr().out


@pytest.mark.parametrize("cls", [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau])
def test_patience_is_a_number(cls):
    with pytest.raises(ValueError, match="`patience` must be a number, at least 0; got 'a'"):
        cls(patience="a")


def test_a_hook_is_a_function():
    with pytest.raises(TypeError, match="hooks are functions, got 3"):
        callbacks.LambdaCallback(on_epoch_end=3)
