"""What callbacks and metrics can know before the first step, they say before the first step."""

import csv

import numpy as np
import pytest

from minigraph import Input, callbacks, layers, losses, metrics, ops, optimizers
from minigraph.models import Model, Sequential

X = np.linspace(-1, 1, 20, dtype="float32").reshape(20, 1)
Y = 2 * X
LABELS = (X > 0).astype("float32")


def f1(y_true, y_pred):
    return ops.mean(y_true * y_pred, -1)


def hit_loss(y_true, y_pred):
    return ops.mean(abs(y_true - y_pred), -1)


def model(optimizer="sgd", with_input=True, **options):
    found = Sequential([*([Input((1,))] if with_input else []), layers.Dense(1)])
    found.compile(optimizer, "mse", **options)
    return found


def pair(**options):
    """A model of two outputs, whose names sound like metrics."""
    inputs = Input((1,))
    outputs = [layers.Dense(1, name=name)(inputs) for name in ("account", "precision")]
    found = Model(inputs, outputs)
    found.compile("sgd", "mse", **options)
    return found


def fit(callback, found=None, **options):
    found = model() if found is None else found
    y = [Y, Y] if type(found) is Model else Y
    given = callback if isinstance(callback, list) else [callback]
    found.fit(X, y, verbose=0, callbacks=given, batch_size=4, **options)
    return found


def refused(callback, match, found=None, **options):
    """A fit that is refused before its first step, with a sentence."""
    found = model() if found is None else found
    found.built or found.build((None, 1))
    before = found.get_weights()
    with pytest.raises(ValueError, match=match):
        fit(callback, found, **options)
    assert found.optimizer.iterations == 0 and found._session is None
    assert all(map(np.array_equal, before, found.get_weights()))


# -- which values are better -----------------------------------------------------------------------

CLASSES = [
    cls
    for cls in (getattr(metrics, name) for name in metrics.__all__)
    if isinstance(cls, type) and cls.better is not None
]


def test_every_metric_that_compares_says_which_values_are_better():
    says_nothing = {
        metrics.Metric, metrics.Mean, metrics.Sum, metrics.MeanMetricWrapper, metrics.FormulaMetric,
        metrics.Counts,
    }  # fmt: skip
    every = {cls for cls in (getattr(metrics, n) for n in metrics.__all__) if isinstance(cls, type)}
    assert every - set(CLASSES) == says_nothing


@pytest.mark.parametrize("cls", CLASSES)
def test_right_predictions_have_the_better_value(cls):
    """So a direction that is wrong would be found."""
    labels = cls.__name__.startswith("Sparse")
    y = np.array([0, 1, 1, 0]) if labels else np.eye(2, dtype="float32")[[0, 1, 1, 0]]
    right = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]], "float32")
    exact = cls is metrics.Accuracy
    options = {"k": 1} if "TopK" in cls.__name__ else {}
    good, bad = (
        float(cls(**options)(y, p.round() if exact else p)) for p in (right, right[:, ::-1])
    )
    assert good != bad and cls.better == ("max" if good > bad else "min")


def test_names_of_compile_say_which_values_are_better():
    """Alone, numbered, as a number of the validation and behind the name of an output."""
    for name, better in [
        ("acc", "max"), ("mae", "min"), ("mse", "min"), ("crossentropy", "min"), ("hinge", "min"),
        ("accuracy", "max"), ("auc", "max"), ("false_negatives", "min"),
    ]:  # fmt: skip
        found = pair(metrics=[[name], [name]])
        for output in ("account", "precision"):
            for val in ("", "val_"):
                stop = callbacks.EarlyStopping(f"{val}{output}_{name}")
                y = [LABELS, LABELS]
                found.fit(X, y, verbose=0, validation_split=0.2, callbacks=[stop])
                assert stop.mode == better
        assert callbacks.EarlyStopping(f"val_{name}_1").mode == better


def test_a_loss_is_minimized_whatever_its_output_is_called():
    for name in ("loss", "val_loss", "account_loss", "val_account_loss", "val_precision_loss"):
        stop = callbacks.EarlyStopping(name)
        fit(stop, pair(), validation_split=0.2)
        assert stop.mode == "min"
    stop = callbacks.EarlyStopping("val_hit_loss")
    fit(stop, model(metrics=[hit_loss]), validation_split=0.2)
    assert stop.mode == "min"


@pytest.mark.parametrize("with_input", [True, False])
@pytest.mark.parametrize(
    "make",
    [
        callbacks.EarlyStopping,
        callbacks.ReduceLROnPlateau,
        lambda name, **mode: callbacks.ModelCheckpoint("m", name, save_best_only=True, **mode),
    ],
)
def test_what_nobody_knows_is_asked_for_before_the_first_step(
    make, with_input, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    found = model(metrics=[f1], with_input=with_input)
    refused(make("val_f1"), "'val_f1' should become small or large", found, validation_split=0.2)
    callback = make("val_f1", mode="max")
    fit(callback, model(metrics=[f1], with_input=with_input), validation_split=0.2)
    assert callback.mode == "max"


def test_a_name_that_only_looks_like_a_metric_is_no_guess():
    def accuracy(y_true, y_pred):
        return ops.mean(abs(y_true - y_pred), -1)

    found = model(metrics=[accuracy])
    refused(callbacks.EarlyStopping("accuracy"), "small or large", found)
    for name in ("account", "precisely", "val_auctions", "gloss"):
        assert callbacks.Monitor(name).mode == "auto"
        with pytest.raises(ValueError, match='give Monitor mode="min" or mode="max"'):
            callbacks.Monitor(name).improves(1.0, 2.0)


def test_metrics_and_functions_of_a_user_may_say_it():
    class Hits(metrics.Mean):
        better = "max"

        def update_state(self, y_true, y_pred, sample_weight=None):
            super().update_state(y_true)

    def hits(y_true, y_pred):
        return y_true

    hits.better = "max"
    for metric in (Hits(name="hits"), hits, metrics.MeanMetricWrapper(hits)):
        stop = callbacks.EarlyStopping("val_hits")
        fit(stop, model(metrics=[metric]), validation_split=0.2)
        assert stop.mode == "max"


def test_the_best_epoch_is_kept():
    """Of a metric that should be large, and of the loss of an output whose name says otherwise."""
    found = Sequential([Input((1,)), layers.Dense(1, "sigmoid", kernel_initializer="zeros")])
    found.compile(optimizers.Adam(0.5), "binary_crossentropy", metrics=["AUC"])
    stop = callbacks.EarlyStopping("val_AUC", patience=9, restore_best_weights=True)
    seen = found.fit(X, LABELS, validation_data=(X, LABELS), epochs=9, verbose=0, callbacks=[stop])
    assert stop.best == max(seen.history["val_AUC"])
    found = pair()
    stop = callbacks.EarlyStopping("val_account_loss", patience=9, restore_best_weights=True)
    fit(stop, found, validation_split=0.2, epochs=9)
    assert stop.best == min(found.history.history["val_account_loss"])


# -- numbers that cannot appear --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("callback", "match", "options"),
    [
        (callbacks.EarlyStopping(), "watches 'val_loss', .*need validation_data", {}),
        (callbacks.EarlyStopping("lost", mode="min"), r"'lost', but the logs hold \['loss'\]", {}),
        (
            callbacks.EarlyStopping(),
            "`validation_freq` of fit.. leaves out every epoch",
            {"validation_split": 0.2, "validation_freq": 5, "epochs": 3},
        ),
        (
            callbacks.ModelCheckpoint("m", save_best_only=True, save_freq=3),
            'after epochs only: give save_freq="epoch"',
            {"validation_split": 0.2},
        ),
        (callbacks.ModelCheckpoint("{val_loss}"), "names 'val_loss', but the logs hold", {}),
        (callbacks.ModelCheckpoint("{batch}"), "'batch'.* with save_freq='epoch'", {}),
        (callbacks.ModelCheckpoint("{}"), "filepath '{}' names ''", {}),
        (callbacks.ModelCheckpoint("{epoch"), "filepath '{epoch': expected '}'", {}),
        (
            callbacks.ModelCheckpoint("{val_loss}"),
            "in the epochs that `validation_freq`",
            {"validation_split": 0.2, "validation_freq": 2, "epochs": 4},
        ),
    ],
)  # fmt: skip
def test_a_number_that_cannot_appear_is_named_before_the_first_step(callback, match, options):
    refused(callback, match, **options)


def test_a_model_without_a_graph_is_checked_as_far_as_it_is_known():
    found = model(with_input=False, metrics=["mae"])
    with pytest.raises(ValueError, match=r"'val_mae', but the logs hold \['loss', 'mae'\]"):
        fit(callbacks.EarlyStopping("val_mae"), found)
    assert found.optimizer.iterations == 0
    fit(callbacks.EarlyStopping("val_mae"), found, validation_split=0.2)


@pytest.mark.parametrize("act", [lambda m: m.build((None, 1)), lambda m: m.predict(X)])
def test_a_model_may_be_built_between_compile_and_fit(act):
    found = model(with_input=False, metrics=["mae"])
    act(found)
    fit(callbacks.EarlyStopping("val_mae"), found, validation_split=0.2)
    assert list(found.history.history) == ["loss", "mae", "val_loss", "val_mae"]


def test_logs_that_a_user_makes_are_not_foreseen():
    def add(epoch, logs):
        logs["mine"] = 1.0

    mine = callbacks.EarlyStopping("mine", mode="max")
    fit([callbacks.LambdaCallback(on_epoch_end=add), mine])
    assert mine.best == 1.0

    class Own(Sequential):
        def train_step(self, data):
            return super().train_step(data) | {"mine_loss": 2.0}

    found = Own([Input((1,)), layers.Dense(1)])
    found.compile("sgd", "mse")
    mine = callbacks.EarlyStopping("mine_loss")
    fit(mine, found)
    assert mine.best == 2.0
    rate = callbacks.EarlyStopping("learning_rate", mode="min")
    fit([callbacks.LearningRateScheduler(lambda epoch: 0.25), rate])
    assert rate.best == 0.25


def test_a_list_is_no_number_to_watch():
    recall = metrics.Recall(thresholds=[0.1, 0.5], name="recall")
    with pytest.raises(ValueError, match="'recall', which must be one number, and is"):
        fit(callbacks.EarlyStopping("recall"), model(metrics=[recall]))


# -- settings that do nothing ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: callbacks.LearningRateScheduler(lambda epoch: 0.1),
        lambda: callbacks.ReduceLROnPlateau("loss"),
    ],
)
def test_no_number_replaces_a_schedule(make):
    rate = optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
    found = model(optimizers.SGD(rate))
    refused(make(), "is the schedule ExponentialDecay, which a number would replace", found)
    assert found.optimizer._learning_rate is rate


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ([callbacks.ModelCheckpoint("m", initial_value_threshold=1.0)], "without save_best_only"),
        ([callbacks.ModelCheckpoint("m", save_freq=99)], "=99 is more than the 10 batches"),
        ([callbacks.BackupAndRestore("b", save_freq=99)], "save_freq=99"),
        ([callbacks.EarlyStopping("loss", start_from_epoch=2)], "leaves out all epochs"),
        ([callbacks.ReduceLROnPlateau("loss", min_lr=1.0)], "min_lr=1.0 is not below"),
        (
            [
                callbacks.ReduceLROnPlateau("loss"),
                callbacks.LearningRateScheduler(lambda epoch: 0.1),
            ],
            "undoes what ReduceLROnPlateau sets",
        ),
    ],
)  # fmt: skip
def test_a_callback_that_would_do_nothing_warns(given, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match=match) as caught:
        fit(given, epochs=2)
    assert len(caught) == 1 and caught[0].filename == __file__


def test_a_watch_for_nan_needs_a_loss():
    class Own(Sequential):
        def train_step(self, data):
            return {}

    found = Own([Input((1,)), layers.Dense(1)])
    found.compile("sgd", "mse")
    with pytest.warns(UserWarning, match=r"it watches 'loss', but the logs hold \[\]"):
        fit(callbacks.TerminateOnNaN(), found)


class Unsavable(layers.Layer):
    def __init__(self, size):
        super().__init__()
        self.width = size  # not under its own name

    def call(self, inputs):
        return inputs


@pytest.mark.parametrize("with_input", [True, False])
def test_a_layer_that_cannot_be_saved_is_named_before_the_first_step(with_input, tmp_path):
    found = Sequential([*([Input((1,))] if with_input else []), layers.Dense(1), Unsavable(3)])
    found.compile("sgd", "mse")
    steps = []
    seen = callbacks.LambdaCallback(on_train_begin=lambda logs: steps.append(caught.list[:]))
    with pytest.warns(UserWarning, match="cannot be saved: Unsavable takes the arg") as caught:
        with pytest.raises(ValueError, match="does not store it"):
            fit([callbacks.ModelCheckpoint(tmp_path / "m"), seen], found)
        assert len(steps[0]) == 1
    fit(callbacks.ModelCheckpoint(tmp_path / "w", save_weights_only=True), found)


def test_files_need_a_model():
    class Line:
        """No model, but it can be trained."""

    from minigraph.core.tensor import Variable
    from minigraph.training.trainer import Trainer

    class Trained(Line, Trainer):
        def __init__(self):
            self.kernel = Variable(np.ones((1, 1), "float32"))
            self.trainable_weights = [self.kernel]

        def __call__(self, x, training=None):
            return ops.matmul(x, self.kernel)

    line = Trained()
    line.compile("sgd", "mse")
    for callback in (callbacks.ModelCheckpoint("m"), callbacks.BackupAndRestore("b")):
        with pytest.raises(ValueError, match="only a Model has; Trained is none"):
            line.fit(X, Y, verbose=0, callbacks=[callback])


# -- columns ---------------------------------------------------------------------------------------


def test_no_column_vanishes(tmp_path):
    """The history and the table hold the same numbers, whenever an epoch is validated."""
    for frequency in (1, 2, 3, [4]):
        path = tmp_path / f"{frequency}.csv"
        found = model(metrics=["mae"])
        options = {"validation_split": 0.2, "validation_freq": frequency, "epochs": 4}
        fit(callbacks.CSVLogger(path), found, **options)
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        for name, values in found.history.history.items():
            assert [float(row[name]) for row in rows if row[name] != "NA"] == values
    fit(callbacks.CSVLogger(tmp_path / "plain.csv"))
    assert (tmp_path / "plain.csv").read_text().startswith("epoch,loss\n")


def test_a_number_without_a_column_is_named(tmp_path):
    def add(epoch, logs):
        if epoch:
            logs["late"] = 1.0

    path = tmp_path / "log.csv"
    adds = callbacks.LambdaCallback(on_epoch_end=add)
    with pytest.warns(UserWarning, match=r"no columns for \['late'\]") as caught:
        fit([adds, callbacks.CSVLogger(path)], epochs=3)
    assert len(caught) == 1
    more = model(metrics=["mae"])
    with pytest.warns(UserWarning, match=r"no columns for \['mae'\]"):
        fit(callbacks.CSVLogger(path, append=True), more)
    refused(callbacks.CSVLogger(path, ";", append=True), "Is separator=';' right")


# -- metrics that say nothing ----------------------------------------------------------------------

LOGITS = losses.BinaryCrossentropy(from_logits=True)


@pytest.mark.parametrize(
    ("metric", "loss", "y", "match"),
    [
        ("categorical_accuracy", "mse", LABELS, "the predictions have one column"),
        ("sparse_categorical_accuracy", "mse", LABELS, "the predictions have one column"),
        (metrics.Accuracy(), "mse", LABELS, "exactly equal to their targets"),
        ("accuracy", "mse", Y, "as in a regression"),
        ("accuracy", LOGITS, LABELS, "the loss takes logits"),
        ("AUC", LOGITS, LABELS, "the loss takes logits"),
        ("precision", LOGITS, LABELS, "the loss takes logits"),
        ("binary_crossentropy", LOGITS, LABELS, "the loss takes logits"),
        ("accuracy", "binary_crossentropy", LABELS, None),
        (metrics.BinaryAccuracy(threshold=0.0), LOGITS, LABELS, None),
        (metrics.Recall(thresholds=0.0), LOGITS, LABELS, None),
        (metrics.AUC(from_logits=True), LOGITS, LABELS, None),
        (metrics.BinaryCrossentropy(from_logits=True), LOGITS, LABELS, None),
        ("mae", "mse", Y, None),
    ],
)
def test_a_metric_that_says_nothing_of_an_output_is_named(metric, loss, y, match):
    found = Sequential([Input((1,)), layers.Dense(1, "sigmoid")])
    found.compile("sgd", loss, metrics=[metric])
    if match is None:
        found.fit(X, y, verbose=0)  # a warning would be an error
        return
    with pytest.warns(UserWarning, match=match) as caught:
        found.fit(X, y, verbose=0)
    assert len(caught) == 1 and caught[0].filename == __file__
