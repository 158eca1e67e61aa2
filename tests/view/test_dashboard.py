"""The training dashboard: its numbers are those of the library, and its page stays small."""

import math
import warnings

import cupy_standin
import numpy as np
import pytest

from minigraph import Input, Layer, Model, Sequential, Tape, layers, losses, metrics, optimizers
from minigraph.callbacks import BackupAndRestore, LambdaCallback
from minigraph.core.context import context
from minigraph.core.device import use
from minigraph.utils import Dashboard
from minigraph.view.curves import axis_for
from minigraph.view.dashboard import dashboard_page, page_of_size, thinned
from minigraph.view.widget import MOST_BYTES, safe_json


def data(count=50):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(count, 6)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("int64")


def classifier(names=("first", "digit"), **settings):
    x = Input((6,), name="x")
    hidden = layers.Dense(5, activation="tanh", name=names[0])(x)
    model = Model(x, layers.Dense(2, name=names[1])(hidden), name="small")
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    settings = {"optimizer": "sgd", "loss": loss, "metrics": ["accuracy"], **settings}
    model.compile(**settings)
    return model


def fit(model, dashboard, *more, **settings):
    x, y = data()
    settings = {"batch_size": 8, "epochs": 3, "verbose": 0, "validation_split": 0.2, **settings}
    return model.fit(x, y, callbacks=[dashboard, *more], **settings)


def three(values):
    return ["none" if value is None else f"{value:.3g}" for value in values]


# ---------------------------------------------------------------------------------------------
# What is recorded


def test_batches_and_epochs_hold_what_fit_logs():
    seen, dashboard = [], Dashboard()
    spy = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append((batch, dict(logs))))
    history = fit(classifier(), dashboard, spy)
    assert [(b["batch"], b["logs"]) for b in dashboard.batches] == seen
    assert [b["number"] for b in dashboard.batches] == list(range(1, 16))
    assert [b["epoch"] for b in dashboard.batches] == [0] * 5 + [1] * 5 + [2] * 5
    assert [e["epoch"] for e in dashboard.epochs] == history.epoch
    for name, values in history.history.items():
        assert [e["logs"][name] for e in dashboard.epochs] == values
    assert [e["last"] for e in dashboard.epochs] == [5, 10, 15]


def test_the_loss_and_the_accuracy_of_one_batch_alone():
    """Computed again for each batch, with the weights as they were before its step."""
    dashboard, expected, model = Dashboard(), [], classifier()
    x, y = data(20)
    rest = model.get_weights()

    def look(batch, logs):
        part = slice(8 * batch, 8 * batch + 8)
        twin = classifier()
        twin.set_weights(rest)
        expected.append(twin.evaluate(x[part], y[part], verbose=0, return_dict=True))
        rest[:] = model.get_weights()

    spy = LambdaCallback(on_train_batch_end=look)
    model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=[dashboard, spy])
    assert len(expected) == 6
    for record, logs in zip(dashboard.batches, expected, strict=True):
        assert record["alone"] == pytest.approx(logs, rel=1e-5)


def test_the_norms_are_those_of_gradients_from_a_tape():
    dashboard, expected, model = Dashboard(), [], classifier()
    x, y = data(24)

    def look(batch, logs):
        part = slice(8 * batch, 8 * batch + 8)
        with Tape() as tape:
            loss = model.compute_loss(x[part], y[part], model(x[part], training=True))
        weights = {layer.name: layer.trainable_weights for layer in model.layers[1:]}
        squares = {
            name: sum(float((g.numpy().astype("float64") ** 2).sum()) for g in gradients)
            for name, gradients in zip(
                weights, tape.gradient(loss, list(weights.values())), strict=True
            )
        }
        expected.append({name: math.sqrt(square) for name, square in squares.items()})

    spy = LambdaCallback(on_train_batch_begin=look)
    model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0, callbacks=[spy, dashboard])
    assert [list(b["gradients"]) for b in dashboard.batches] == [["first", "digit"]] * 3
    for record, norms in zip(dashboard.batches, expected, strict=True):
        assert record["gradients"] == pytest.approx(norms, rel=1e-5)


def test_gradients_are_seen_before_they_are_clipped():
    one, other = Dashboard(), Dashboard()
    fit(classifier(), one, epochs=1, shuffle=False)
    clipped = classifier(optimizer=optimizers.SGD(clipnorm=1e-6))
    clipped.set_weights(one.model.get_weights())
    fit(clipped, other, epochs=1)
    assert min(other.batches[0]["gradients"].values()) > 1e-3


def test_the_training_is_the_same_with_a_dashboard_and_without():
    model, twin = classifier(optimizer="adam"), classifier(optimizer="adam")
    twin.set_weights(model.get_weights())
    fit(model, Dashboard(), shuffle=False)
    fit(twin, LambdaCallback(), shuffle=False)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_nobody_is_notified_of_gradients_after_fit():
    class Unlucky(LambdaCallback):
        def on_train_batch_end(self, batch, logs=None):
            raise RuntimeError("stop here")

    assert context.on_gradients is None
    dashboard = Dashboard()
    with pytest.raises(RuntimeError, match="stop here"):
        fit(classifier(), dashboard, Unlucky())
    assert context.on_gradients is None and len(dashboard.batches) == 1


def test_another_model_that_is_fitted_meanwhile_is_not_seen():
    other = classifier(("strange", "stranger"))
    inner = LambdaCallback(
        on_train_begin=lambda logs: fit(other, LambdaCallback(), epochs=1),
        on_train_batch_end=lambda batch, logs: fit(other, LambdaCallback(), epochs=1),
    )
    dashboard = Dashboard()
    fit(classifier(), dashboard, inner, epochs=1)
    assert [list(b["gradients"]) for b in dashboard.batches] == [["first", "digit"]] * 5


def test_on_a_gpu_the_same_is_recorded():
    model, here, there = classifier(), Dashboard(), Dashboard()
    start = model.get_weights()
    fit(model, here, shuffle=False)
    with cupy_standin.installed(), use("cupy"):
        twin = classifier()
        twin.set_weights(start)
        fit(twin, there, shuffle=False)
    assert type(there.batches[0]["gradients"]["first"]) is float
    for a, b in zip(here.batches, there.batches, strict=True):
        for kind in ("logs", "alone", "gradients"):
            assert b[kind] == pytest.approx(a[kind], rel=1e-4)


def test_two_dashboards_see_the_same():
    one, other = Dashboard(), Dashboard()
    fit(classifier(), one, other)
    assert one.batches == other.batches and one.epochs == other.epochs


def test_each_fit_begins_a_new_record():
    model, dashboard = classifier(), Dashboard()
    fit(model, dashboard)
    fit(model, dashboard, epochs=5, initial_epoch=3)
    assert [b["number"] for b in dashboard.batches] == list(range(1, 11))
    assert [e["epoch"] for e in dashboard.epochs] == [3, 4]


def test_a_fit_that_goes_on_goes_on_with_the_record(tmp_path):
    whole = Dashboard()
    model = classifier()
    start = model.get_weights()
    fit(model, whole, epochs=2, shuffle=False)

    def stop(epoch, logs):
        if epoch == 0:
            raise KeyboardInterrupt

    model = classifier()
    model.set_weights(start)
    for callbacks in ([LambdaCallback(on_epoch_end=stop)], []):
        resumed = Dashboard()
        backup = BackupAndRestore(tmp_path, save_freq=3)
        if callbacks:
            with pytest.raises(KeyboardInterrupt):
                fit(model, resumed, backup, *callbacks, epochs=2, shuffle=False)
        else:
            fit(model, resumed, backup, epochs=2, shuffle=False)
    assert resumed.batches == whole.batches


def test_layers_inside_models_have_a_path_and_shared_ones_stand_once():
    inner_in = Input((4,))
    inner = Model(inner_in, layers.Dense(4, name="deep")(inner_in), name="inner")
    x = Input((6,))
    shared = layers.Dense(4, name="shared")
    h = layers.Add()([shared(x), shared(x)])
    model = Model(x, layers.Dense(2, name="out")(inner(inner(h))))
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    dashboard = Dashboard()
    fit(model, dashboard, epochs=1)
    assert list(dashboard.batches[0]["gradients"]) == ["shared", "inner/deep", "out"]


def test_a_model_that_is_a_class_and_a_step_of_its_own():
    class Small(Model):
        def __init__(self):
            super().__init__(name="own")
            self.read = layers.Bidirectional(layers.LSTM(3), name="read")
            self.out = layers.Dense(2, name="out")
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
            self.seen = metrics.Mean("seen")

        def call(self, x):
            return self.out(self.read(x)) * self.scale

        def train_step(self, batch):
            x, y = batch
            with Tape() as tape:
                loss = self.compute_loss(x, y, self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_weights)
            self.optimizer.apply(gradients, self.trainable_weights)
            self.seen.update_state(loss)
            return {"seen": self.seen.result(), "twice": 2 * loss, "pair": [1.0, 2.0]}

    x, y = data(20)
    model, dashboard = Small(), Dashboard()
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x.reshape(20, 3, 2), y, batch_size=10, epochs=2, verbose=0, callbacks=[dashboard])
    assert set(dashboard.batches[0]["gradients"]) == {"read", "out", "own"}
    first, second = dashboard.batches[:2]
    assert second["alone"]["seen"] == pytest.approx(second["logs"]["twice"] / 2, rel=1e-5)
    assert set(first["logs"]) == {"seen", "twice"}  # a list of numbers is in no curve
    charts = {chart["name"]: chart["curves"] for chart in dashboard.widget.data["charts"]}
    assert list(charts["seen"]) == ["batch", "running", "epoch"]
    assert list(charts["twice"]) == ["running", "epoch"]


def test_frozen_layers_have_no_gradient():
    model, dashboard = classifier(), Dashboard()
    model.get_layer("first").trainable = False
    fit(model, dashboard, epochs=1)
    assert list(dashboard.batches[0]["gradients"]) == ["digit"]
    rows = {layer["path"]: layer["curves"]["batch"] for layer in dashboard.widget.data["layers"]}
    assert set(rows["first"].split()) == {"none"}


def test_a_layer_of_the_same_name_twice():
    class Pair(Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = layers.Dense(2)

        def call(self, x):
            return self.inner(x)

    class Twins(Model):
        def __init__(self):
            super().__init__(name="twins")
            self.a, self.b = Pair(name="same"), Pair(name="same")

        def call(self, x):
            return self.b(self.a(x))

    model, dashboard = Twins(), Dashboard()
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    fit(model, dashboard, epochs=1)
    assert list(dashboard.batches[0]["gradients"]) == ["same", "same (2)"]


# ---------------------------------------------------------------------------------------------
# The page


def test_the_page_shows_the_numbers_with_three_digits():
    dashboard = Dashboard()
    history = fit(classifier(), dashboard).history
    shown = dashboard.widget.data
    loss, accuracy = shown["charts"]
    assert [loss["name"], accuracy["name"]] == ["loss", "accuracy"]
    batches = dashboard.batches
    assert loss["curves"] == {
        "batch": " ".join(three(b["alone"]["loss"] for b in batches)),
        "running": " ".join(three(b["logs"]["loss"] for b in batches)),
        "epoch": " ".join(three(history["loss"])),
        "validation": " ".join(three(history["val_loss"])),
    }
    for layer in shown["layers"]:
        norms = [b["gradients"][layer["path"]] for b in batches]
        assert layer["curves"]["batch"].split() == three(norms)
    assert shown["layers"][0]["weights"] == [["kernel", "(6, 5)"], ["bias", "(5,)"]]
    assert dashboard.widget.page.rows[0] == [
        *("Epoch", "Batches", "loss", "accuracy", "val_loss", "val_accuracy"),
        *("Gradient of first", "Gradient of digit"),
    ]
    for k, row in enumerate(dashboard.widget.page.rows[1:]):
        logs = three(values[k] for values in history.values())
        norms = three(batches[5 * k + 4]["gradients"].values())
        assert row == [str(k + 1), "5", *logs, *norms]
    assert dashboard.widget.step == shown["start"] == 15 and dashboard.widget.selected == "first"
    assert "curves over 15 batches in 3 epochs" in shown["sentence"]
    assert f"Epoch 3 ends with loss {history['loss'][-1]:.3g}" in shown["sentence"]


def test_before_fit_the_page_says_how_to_begin():
    dashboard = Dashboard()
    assert dashboard.widget.data["total"] == 0 and dashboard.widget.step == 0
    assert "callbacks=[dashboard]" in dashboard.html
    assert len(dashboard.widget.page.rows) == 1
    assert "callbacks=[dashboard]" in dashboard.widget.data["sentence"]
    assert Dashboard().html == dashboard.html  # so a stored page stays as it is


def test_the_widget_grows_while_fit_runs():
    dashboard, totals = Dashboard(), []
    widget = dashboard.widget
    widget.observe(lambda change: totals.append(change["new"]["total"]), "data")
    dashboard.PAUSE = 0
    spy = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(widget.data["total"]))
    seen = []
    fit(classifier(), dashboard, spy)
    assert seen == list(range(1, 16))
    assert totals == sorted(totals) and totals[-1] == 15
    assert dashboard.widget is widget
    assert widget.data["rows"] == dashboard.widget.page.rows and len(widget.data["rows"]) == 4
    assert widget.selected == "first"


def test_while_fit_runs_the_picture_is_drawn_now_and_then():
    dashboard, sent = Dashboard(), []
    dashboard.widget.observe(lambda change: sent.append(change["new"]["total"]), "data")
    dashboard.PAUSE = 3600
    fit(classifier(), dashboard)
    assert sent == [1, 5, 10, 15]  # the first batch, and the ends of the epochs


def test_what_is_selected_stays_selected():
    dashboard, model = Dashboard(), classifier()
    fit(model, dashboard, epochs=1)
    dashboard.widget.selected, dashboard.widget.step = "digit", 3
    fit(model, dashboard, epochs=2)
    assert dashboard.widget.selected == "digit"
    assert dashboard.widget.step == 1  # as many batches as there were when the second fit began


def test_without_anywidget_it_is_shown_after_fit(monkeypatch):
    from minigraph.view import widget

    monkeypatch.setattr(widget, "widget_class", lambda: widget.StillWidget)
    dashboard = Dashboard()
    before = dashboard._repr_mimebundle_()["text/html"]
    fit(classifier(), dashboard)
    after = dashboard._repr_mimebundle_()["text/html"]
    assert before != after and "polyline" not in after and len(dashboard.widget.data["charts"]) == 2


def records(count, layer_names=("first",), names=("loss",)):
    generator = np.random.default_rng(0)

    def logs():
        return {name: float(generator.uniform()) for name in names}

    return [
        {
            "number": number,
            "epoch": number // 10,
            "batch": number % 10,
            "logs": logs(),
            "alone": logs(),
            "gradients": {name: float(generator.lognormal()) for name in layer_names},
        }
        for number in range(1, count + 1)
    ]


def test_of_many_batches_some_are_shown_always_the_same():
    for count in (1, 239, 240, 500, 5000):
        shown = thinned(records(count), 240)
        numbers = [record["number"] for record in shown]
        assert len(shown) <= 240 and numbers[-1] == count
        gaps = set(np.diff(numbers[:-1]))
        assert len(gaps) <= 1
    assert len(thinned(records(239), 240)) == 239
    twice = thinned(thinned(records(3000), 500) + records(3100)[3000:], 240)
    assert twice == thinned(records(3100), 240)
    assert thinned([], 240) == []


def test_a_long_training_is_kept_in_bounded_memory():
    x, y = data(10)
    model, dashboard = classifier(metrics=[]), Dashboard()
    model.fit(x, y, batch_size=1, epochs=120, verbose=0, callbacks=[dashboard])
    numbers = [record["number"] for record in dashboard.batches]
    assert len(numbers) <= 1000 and numbers[-1] == 1200
    shown = dashboard.widget.data["numbers"].split()
    assert shown == [str(number) for number in range(8, 1201, 8)]
    assert "150 of them shown" in dashboard.widget.data["facts"]
    assert len(dashboard.widget.page.rows) <= 61


def test_a_page_stays_small():
    names = [f"a_layer_with_a_long_name_{k}" for k in range(40)]
    known = {"type": "Dense", "parameters": 10, "weights": [["kernel", "(1, 10)"]]}
    found = dict.fromkeys(names, known)
    page = dashboard_page("large", records(5000, names, ["loss", "accuracy"]), [], found)
    assert len(page.html.encode()) <= MOST_BYTES
    assert len(page.data["layers"]) == 40 and page.data["total"] == 5000
    full = page_of_size("large", records(5000, names, ["loss", "accuracy"]), [], found)
    assert len(full.html.encode()) > MOST_BYTES > 0.3 * len(full.html.encode())


def test_names_never_become_markup():
    name, metric = "<img src=x onerror=alert(1)>", '"><script>alert(2)</script>'
    model = classifier((name, "digit"), metrics=[metrics.SparseCategoricalAccuracy(name=metric)])
    dashboard = Dashboard()
    fit(model, dashboard)
    assert dashboard.widget.selected == name
    for part in ("<img src=x", "<script>alert", '"><script'):
        assert part not in dashboard.html and part not in dashboard.widget.page.svg
    assert metric in safe_json(dashboard.widget.data).encode().decode("unicode_escape")


def test_a_training_that_breaks_is_shown_as_it_is():
    model, dashboard = classifier(optimizer=optimizers.SGD(1e38)), Dashboard()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(model, dashboard, epochs=4)
    assert "nan" in dashboard.widget.data["charts"][0]["curves"]["batch"].split()
    assert "NaN" not in safe_json(dashboard.widget.data)


@pytest.mark.parametrize(
    "values",
    [[], [0.0], [3.0], [-1.0, 1.0], [0.1, 0.9], [1e-3, 2.0], [5e-324, 1e308], [math.nan, 2.0]]
    + [[1e9, 1e9 + 1], [-1e308, 1e308], [math.inf], [1e-5, 1e-5], [0.29, 0.95]],
)
@pytest.mark.parametrize("log", [False, True])
def test_axes_hold_all_numbers_between_few_round_ticks(values, log):
    axis = axis_for(values, log)
    assert 2 <= len(axis.ticks) <= 7 and list(axis.ticks) == sorted(set(axis.ticks))
    assert axis.ticks[0] == axis.least and axis.ticks[-1] == axis.most
    assert axis.share(axis.least) == 0 and axis.share(axis.most) == 1
    for value in values:
        if math.isfinite(value) and (value > 0 or not axis.log):
            share = axis.share(value)
            assert 0 <= share <= 1
            at_the_end = share in (0, 1) and not 1e-300 < abs(value) < 1e300
            slack = 1e-9 * max(abs(axis.least), abs(axis.most))
            assert at_the_end or axis.least - slack <= value <= axis.most + slack
        else:
            assert axis.share(value) is None


def test_a_sequence_with_a_metric_that_is_no_mean():
    model = Sequential([Input((6,)), layers.Dense(1, activation="sigmoid", name="yes")])
    model.compile("sgd", "binary_crossentropy", metrics=[metrics.AUC(name="auc")])
    dashboard = Dashboard()
    fit(model, dashboard)
    curves = dashboard.widget.data["charts"][1]["curves"]
    assert list(curves) == ["running", "epoch", "validation"]
