"""Training through the public API: what fit learns, logs, refuses, and leaves when stopped."""

import os
import signal
import threading
import time
from functools import partial

import numpy as np
import pytest

from minigraph import Input, Variable, callbacks, layers, losses, metrics, ops, optimizers
from minigraph.callbacks import base
from minigraph.core import registry, tree
from minigraph.core.context import context
from minigraph.core.random import set_random_seed
from minigraph.core.tensor import Tape
from minigraph.models import Model, Sequential
from minigraph.training.scoring import Scoring
from minigraph.training.trainer import Trainer

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((40, 4)).astype("float32")
LABELS = (X @ RANDOM.standard_normal((4, 3))).argmax(1)
TARGETS = (X @ np.array([1.0, -2.0, 0.5, 3.0]) + 1).astype("float32")


def classifier(**options):
    inputs = Input((4,))
    h = layers.Dense(8, activation="relu")(inputs)
    model = Model(inputs, layers.Dense(3, activation="softmax", name="scores")(h))
    settings = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy"} | options
    model.compile(**settings)
    return model


def linear(**options):
    inputs = Input((4,))
    model = Model(inputs, layers.Dense(1)(inputs))
    model.compile(**({"optimizer": "sgd", "loss": "mse"} | options))
    return model


def two_outputs(**options):
    inputs = Input((4,))
    h = layers.Dense(5, activation="tanh")(inputs)
    model = Model(inputs, [layers.Dense(3, name="kind")(h), layers.Dense(1, name="size")(h)])
    crossentropy = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(**({"loss": {"kind": crossentropy, "size": "mse"}} | options))
    return model


def untouched(model, act, error, match):
    """`act` raises, names what is wrong, and leaves the weights as they were."""
    before = model.get_weights()
    with pytest.raises(error, match=match):
        act()
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


# -- learning --------------------------------------------------------------------------------------


def test_fit_is_the_loop_one_would_write():
    model = linear(optimizer=optimizers.SGD(0.05, momentum=0.9))
    kernel, bias = (w.astype("float64") for w in model.get_weights())
    velocity, expected = [0.0, 0.0], []
    for _ in range(3):
        sums = []
        for k in range(0, 40, 16):
            x, y = X[k : k + 16], TARGETS[k : k + 16, None]
            error = x @ kernel + bias - y
            sums.append((error**2).sum())
            slopes = [2 * x.T @ error / len(x), 2 * error.mean(0)]
            velocity = [0.9 * v - 0.05 * g for v, g in zip(velocity, slopes, strict=True)]
            kernel, bias = kernel + velocity[0], bias + velocity[1]
        expected.append(sum(sums) / 40)
    history = model.fit(X, TARGETS, batch_size=16, epochs=3, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], expected, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-4)
    assert model.optimizer.iterations == 9


def test_history_and_what_evaluate_says_agree():
    model = classifier(metrics=["accuracy"])
    history = model.fit(
        X, LABELS, epochs=30, batch_size=8, verbose=0, validation_data=(X[:9], LABELS[:9])
    )
    assert history is model.history
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(type(v) is float for values in history.history.values() for v in values)
    assert history.epoch == list(range(30))
    assert history.params == {"epochs": 30, "steps": 5, "verbose": 0}
    assert history.model is model
    assert history.history["loss"][-1] < history.history["loss"][0]
    loss, accuracy = model.evaluate(X[:9], LABELS[:9], verbose=0)
    assert loss == pytest.approx(history.history["val_loss"][-1])
    assert accuracy == history.history["val_accuracy"][-1]
    p = model.predict(X[:9])
    assert accuracy == pytest.approx((p.argmax(1) == LABELS[:9]).mean())
    assert loss == pytest.approx(-np.log(p[np.arange(9), LABELS[:9]]).mean(), rel=1e-5)
    assert model.metrics_names == ["loss", "accuracy"]
    assert [m.name for m in model.metrics] == ["loss", "accuracy"]


def test_the_result_of_evaluate_takes_three_forms():
    assert type(linear().evaluate(X, TARGETS, verbose=0)) is float
    model = linear(metrics=["mse"])
    loss, mse = model.evaluate(X, TARGETS, batch_size=7, verbose=0)
    assert loss == pytest.approx(mse, rel=1e-5)
    as_dict = model.evaluate(X, TARGETS, batch_size=7, verbose=0, return_dict=True)
    assert as_dict == {"loss": loss, "mse": mse}


def test_a_seed_fixes_a_run_and_another_changes_it():
    def run(seed):
        set_random_seed(seed)
        model = classifier()
        model.fit(X, LABELS, epochs=3, batch_size=7, verbose=0)
        return np.concatenate([w.ravel() for w in model.get_weights()])

    assert np.array_equal(run(3), run(3))
    assert not np.array_equal(run(3), run(4))


def test_two_fits_in_two_threads_give_the_bits_of_one_after_the_other():
    def run(seeded):
        seeded.fit(X, LABELS, epochs=5, batch_size=7, verbose=0)

    def make():
        set_random_seed(5)
        return [classifier(), classifier()]

    apart, together = make(), make()
    for model in apart:
        run(model)
    threads = [threading.Thread(target=run, args=(model,)) for model in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for a, b in zip(apart, together, strict=True):
        for v, w in zip(a.get_weights(), b.get_weights(), strict=True):
            assert np.array_equal(v, w)


def test_input_arrays_are_never_changed():
    x, y, w = X.copy(), LABELS.copy(), np.ones(40)
    classifier(weighted_metrics=["acc"]).fit(x, y, sample_weight=w, epochs=2, verbose=0)
    assert np.array_equal(x, X)
    assert np.array_equal(y, LABELS)
    assert np.array_equal(w, np.ones(40))


def test_validation_split_holds_back_the_end_before_shuffling():
    seen = []

    class Watch(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.clear()

    model = linear()
    step = model.train_step
    model.train_step = lambda data: (seen.extend(data[1].tolist()), step(data))[1]
    history = model.fit(
        X, TARGETS, epochs=2, validation_split=0.25, callbacks=Watch(), batch_size=8, verbose=0
    )
    assert sorted(seen) == sorted(TARGETS[:30].tolist())
    assert seen != TARGETS[:30].tolist()
    expected = model.evaluate(X[30:], TARGETS[30:], verbose=0)
    assert history.history["val_loss"][-1] == pytest.approx(expected)


def test_frozen_weights_are_asked_for_no_gradient():
    model = linear()
    model.trainable = False
    before = model.get_weights()
    history = model.fit(X, TARGETS, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations == 0
    assert history.history["loss"][0] > 0


def test_dropout_works_in_fit_alone():
    inputs = Input((4,))
    model = Model(inputs, layers.Dropout(0.5)(inputs))
    model.compile(loss="mse")
    assert model.fit(X, X, verbose=0).history["loss"][0] > 0.1
    assert model.evaluate(X, X, verbose=0) == 0
    assert np.array_equal(model.predict(X), X)


def test_initial_epoch_and_validation_frequency():
    model = linear()
    history = model.fit(
        X,
        TARGETS,
        epochs=7,
        initial_epoch=2,
        validation_data=(X, TARGETS),
        validation_freq=3,
        verbose=0,
    )
    assert history.epoch == [2, 3, 4, 5, 6]
    assert len(history.history["val_loss"]) == 2  # after epochs number 3 and 6
    assert len(history.history["loss"]) == 5


# -- weights of samples ----------------------------------------------------------------------------


def test_sample_weights_reach_the_loss_and_the_weighted_metrics_only():
    w = np.where(LABELS == 0, 0.0, 2.0)
    model = classifier(metrics=["accuracy"], weighted_metrics=[metrics.SparseCategoricalAccuracy()])
    found = model.evaluate(X, LABELS, sample_weight=w, verbose=0, return_dict=True)
    p = model.predict(X)
    hits, wrongness = p.argmax(1) == LABELS, -np.log(p[np.arange(40), LABELS])
    assert found["accuracy"] == pytest.approx(hits.mean())
    assert found["sparse_categorical_accuracy"] == pytest.approx((hits * w).sum() / w.sum())
    assert found["loss"] == pytest.approx((wrongness * w).mean(), rel=1e-4)


def test_class_weights_are_sample_weights():
    by_class, by_sample = classifier(), classifier()
    by_sample.set_weights(by_class.get_weights())
    table = {0: 0.5, 1: 2.0, 2: 3.0}
    options = {"shuffle": False, "verbose": 0, "epochs": 2}
    by_class.fit(X, LABELS, class_weight=table, **options)
    weights = np.array([table[k] for k in LABELS])
    by_sample.fit(X, LABELS, sample_weight=weights, **options)
    for a, b in zip(by_class.get_weights(), by_sample.get_weights(), strict=True):
        assert np.array_equal(a, b)
    untouched(
        by_class,
        lambda: by_class.fit(X, LABELS, class_weight={0: 1.0}, verbose=0),
        ValueError,
        "class_weight",
    )
    untouched(
        by_class,
        lambda: by_class.fit(X, LABELS, class_weight=table, sample_weight=weights, verbose=0),
        ValueError,
        "class_weight",
    )


# -- several outputs -------------------------------------------------------------------------------


def expected_losses(model):
    kind, size = model.predict(X)
    z = kind - kind.max(1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -log_p[np.arange(40), LABELS].mean(), ((size[:, 0] - TARGETS) ** 2).mean()


BY_CLASS = {0: 0.5, 1: 2.0, 2: 3.0}


@pytest.mark.parametrize(
    "targets, classes",
    [
        ({"size": TARGETS, "kind": LABELS}, {"kind": BY_CLASS}),
        ([LABELS, TARGETS], {"kind": BY_CLASS}),
        ((LABELS, TARGETS), {"kind": BY_CLASS, "size": None}),
        ([LABELS, TARGETS], [BY_CLASS, None]),
    ],
)
def test_class_weights_of_one_output_of_several(targets, classes):
    """They are its sample weights, in whatever form the targets and the weights are given."""
    weights = np.array([BY_CLASS[k] for k in LABELS])
    by_class, by_sample, by_batch = models = [two_outputs() for _ in range(3)]
    for model in models:
        model.set_weights(by_class.get_weights())
    options = {"shuffle": False, "verbose": 0}
    found = by_class.fit(X, targets, class_weight=classes, **options).history
    expected = by_sample.fit(X, targets, sample_weight={"kind": weights}, **options).history
    assert found == expected
    for rows in (slice(0, 32), slice(32, 40)):
        y = tree.map(lambda part, rows=rows: part[rows], targets)
        by_batch.train_on_batch(X[rows], y, class_weight=classes)
    for a, b, c in zip(*(model.get_weights() for model in models), strict=True):
        assert np.array_equal(a, b) and np.array_equal(a, c)
    with pytest.raises(ValueError, match="class_weight.*colour"):
        by_class.fit(X, targets, class_weight={"kind": BY_CLASS, "colour": None}, verbose=0)


@pytest.mark.parametrize("form", [list, dict, tuple])
def test_routes_to_several_outputs(form):
    crossentropy = losses.SparseCategoricalCrossentropy(from_logits=True)
    names = ["kind", "size"]

    def shaped(*values):
        return dict(zip(names, values, strict=True)) if form is dict else form(values)

    model = two_outputs(
        loss=shaped(crossentropy, "mse"),
        loss_weights=shaped(1.0, 0.25),
        metrics=shaped(["accuracy"], None),
    )
    kind, size = expected_losses(model)
    found = model.evaluate(X, shaped(LABELS, TARGETS), verbose=0, batch_size=9, return_dict=True)
    assert list(found) == ["loss", "kind_loss", "size_loss", "kind_accuracy"]
    assert found["kind_loss"] == pytest.approx(kind, rel=1e-5)
    assert found["size_loss"] == pytest.approx(size, rel=1e-5)
    assert found["loss"] == pytest.approx(kind + 0.25 * size, rel=1e-5)
    history = model.fit(X, shaped(LABELS, TARGETS), epochs=2, verbose=0, validation_split=0.5)
    assert list(history.history)[-2:] == ["val_size_loss", "val_kind_accuracy"]
    assert model.metrics_names == list(found)


def test_an_output_without_a_loss_is_not_trained():
    model = two_outputs(loss=[None, "mse"])
    before = model.get_layer("kind").get_weights()
    history = model.fit(X, {"size": TARGETS}, verbose=0)  # a warning would be an error here
    assert np.array_equal(before[0], model.get_layer("kind").get_weights()[0])
    assert list(history.history) == ["loss", "size_loss"]
    model.fit(X, [None, TARGETS], verbose=0)
    model.fit(X, [LABELS, TARGETS], verbose=0)


@pytest.mark.parametrize("loss", [[None, "mse"], {"size": "mse"}, {"kind": None, "size": "mse"}])
@pytest.mark.parametrize("weights", [None, {"size": 0.5}, [1.0, 0.5]])
def test_a_loss_for_some_outputs_takes_their_targets_alone(loss, weights):
    model = two_outputs(optimizer="sgd", loss=loss, loss_weights=weights)
    start, found = model.get_weights(), []
    for y in (TARGETS, {"size": TARGETS}, [None, TARGETS], [LABELS, TARGETS]):
        model.set_weights(start)
        before = model.evaluate(X, y, verbose=0)
        logs = model.fit(X, y, shuffle=False, verbose=0).history
        found.append([*before, *logs["loss"], *logs["size_loss"]])
        assert list(logs) == ["loss", "size_loss"]
        assert np.array_equal(start[2], model.get_weights()[2])  # those of "kind"
    assert all(numbers == found[0] for numbers in found)
    assert found[0][0] == pytest.approx(found[0][1] * (1 if weights is None else 0.5))


def test_a_single_target_needs_a_single_output_that_wants_one():
    model = two_outputs(loss=[None, "mse"], metrics=[["mse"], []])
    with pytest.raises(ValueError, match="list or dict of targets.*'kind', 'size'"):
        model.fit(X, TARGETS, verbose=0)
    with pytest.raises(ValueError, match=r"loss_weights.*lacks \['size'\]"):
        two_outputs(loss={"size": "mse"}, loss_weights={"kind": 1.0})


def test_train_step_gets_inputs_alone_where_there_are_no_targets():
    class Spy(Model):
        def train_step(self, data):
            seen.append(data)
            return {"loss": 0.0}

        def test_step(self, data):
            seen.append(data)
            return {"loss": 0.0}

    a, b = Input((4,), name="a"), Input((4,), name="b")
    one, two = Spy(a, layers.Dense(1)(a)), Spy([a, b], layers.Add()([a, b]))
    ones = np.ones(40)
    for model, x, y, is_right in [
        (one, X, (), lambda d: np.array_equal(d, X)),
        (one, iter([(X,)]), (), lambda d: np.array_equal(d, X)),
        (two, {"a": X, "b": X}, (), lambda d: list(d) == ["a", "b"]),
        (two, [X, X], (), lambda d: type(d) is tuple and len(d) == 1 and len(d[0]) == 2),
        (one, X, (ones,), lambda d: type(d) is tuple and np.array_equal(d[1], ones)),
    ]:
        model.compile("sgd")
        seen = []
        size = None if hasattr(x, "__next__") else 40
        model.fit(x, *y, batch_size=size, shuffle=False, verbose=0)
        assert len(seen) == 1 and is_right(seen[0])
        if size:
            model.evaluate(x, *y, batch_size=40, verbose=0)
            assert len(seen) == 2 and is_right(seen[1])


def test_a_loss_of_symbols_belongs_into_a_layer():
    inputs = Input((4,))
    hidden = layers.Dense(2)(inputs)
    model = Model(inputs, layers.Dense(1)(hidden))
    with pytest.raises(TypeError, match=r"'mean'.*self\.add_loss.*`call`"):
        model.add_loss(ops.mean(hidden))

    class Activity(layers.Layer):
        def call(self, x):
            self.add_loss(ops.mean(x**2))
            return x

    model = Model(inputs, layers.Dense(1)(Activity()(hidden)))
    model.compile("sgd")
    assert model.fit(X, verbose=0).history["loss"][0] > 0


def test_one_loss_for_all_outputs_and_weights_for_one():
    inputs = Input((4,))
    outputs = [layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)]
    model = Model(inputs, outputs)
    model.compile(loss="mse", weighted_metrics=[["mse"], ["mse"]])
    w = np.arange(40.0)
    found = model.evaluate(
        X, [TARGETS, TARGETS], sample_weight={"a": w}, verbose=0, return_dict=True
    )
    a, b = (((p[:, 0] - TARGETS) ** 2) for p in model.predict(X))
    assert found["a_loss"] == pytest.approx((a * w).mean(), rel=1e-5)
    assert found["b_loss"] == pytest.approx(b.mean(), rel=1e-5)
    assert found["a_mse"] == pytest.approx((a * w).sum() / w.sum(), rel=1e-5)
    y = {"a": (TARGETS > 0).astype(int), "b": TARGETS}
    model.fit(X, y, class_weight={"a": {0: 1.0, 1: 2.0}}, verbose=0)


def test_a_dict_of_outputs_goes_by_its_keys():
    inputs = Input((4,))
    model = Model(inputs, {"first": layers.Dense(1)(inputs), "second": layers.Dense(3)(inputs)})
    model.compile(loss={"first": "mse", "second": "mse"}, metrics={"first": ["mse"]})
    y = {"second": np.zeros((40, 3)), "first": TARGETS}
    found = model.evaluate(X, y, verbose=0, return_dict=True)
    assert list(found) == ["loss", "first_loss", "second_loss", "first_mse"]
    predicted = model.predict(X, batch_size=7)
    assert {k: v.shape for k, v in predicted.items()} == {"first": (40, 1), "second": (40, 3)}


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"loss": ["mse"]}, "loss.*1 entries.*2 outputs"),
        ({"loss": {"kind": "mse", "size": "mse", "weight": "mse"}}, r"loss.*weight.*kind.*size"),
        ({"loss_weights": [1.0]}, "loss_weights"),
        ({"loss_weights": {"kind": 1.0}}, "loss_weights"),
        ({"loss_weights": 2.0}, "loss_weights"),
        ({"metrics": ["accuracy"]}, "metrics"),
        ({"metrics": {"sise": "mse"}}, "metrics.*sise"),
        ({"metrics": [["nonsense"], []]}, "nonsense"),
        ({"loss": "nonsense"}, "nonsense"),
        ({"optimizer": "nonsense"}, "nonsense"),
        ({"optimizer": None}, "optimizer"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_compile(settings, match):
    with pytest.raises(ValueError, match=match):
        two_outputs(**settings)


@pytest.mark.parametrize(
    ("y", "match"),
    [
        ([LABELS], "`y` has 1 entries.*2 outputs"),
        (LABELS, "`y`.*kind.*size"),
        ({"kind": LABELS}, r"`y` are missing for \['size'\]"),
        ({"kind": LABELS, "size": TARGETS, "hue": LABELS}, "`y`.*hue"),
        ([LABELS, None], "missing.*size"),
        ([LABELS, np.zeros((40, 2))], r"size.*\(40, 2\)"),
        ([LABELS + 1, TARGETS], "kind.*labels.*0 to 2"),
        ([LABELS, TARGETS[:7]], "cardinality"),
        (None, "missing"),
    ],
)
def test_targets_that_do_not_fit_several_outputs(y, match):
    model = two_outputs()
    untouched(model, lambda: model.fit(X, y, verbose=0), ValueError, match)
    untouched(model, lambda: model.evaluate(X, y, verbose=0), ValueError, match)


def test_wrong_sample_weights_for_several_outputs():
    model = two_outputs()
    y = [LABELS, TARGETS]
    for weights, match in [
        ({"hue": np.ones(40)}, "sample_weight.*hue"),
        ([np.ones(40)], "sample_weight"),
        ([np.ones(7), None], "cardinality"),
    ]:
        untouched(
            model,
            lambda weights=weights: model.fit(X, y, sample_weight=weights, verbose=0),
            ValueError,
            match,
        )


# -- what is refused -------------------------------------------------------------------------------


def test_nothing_works_before_compile_but_predict():
    inputs = Input((4,))
    model = Model(inputs, layers.Dense(1)(inputs))
    assert not model.compiled
    assert model.get_compile_config() is None
    for act in (
        lambda: model.fit(X, TARGETS),
        lambda: model.evaluate(X, TARGETS),
        lambda: model.train_on_batch(X, TARGETS),
        lambda: model.test_on_batch(X, TARGETS),
    ):
        untouched(model, act, ValueError, "compile")
    assert model.predict(X).shape == (40, 1)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 2.5}, "batch_size"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": "three"}, "epochs"),
        ({"steps_per_epoch": 0}, "steps_per_epoch"),
        ({"initial_epoch": -1}, "initial_epoch"),
        ({"initial_epoch": "two"}, "initial_epoch"),
        ({"validation_split": 1.0}, "validation_split"),
        ({"validation_split": -0.1}, "validation_split"),
        ({"validation_split": 0.999}, "validation_split"),
        ({"validation_data": X}, "validation_data"),
        ({"validation_data": (X, TARGETS[:5])}, "cardinality"),
        ({"validation_data": (X, np.zeros((40, 2)))}, "target"),
        ({"validation_freq": 0, "validation_data": (X, TARGETS)}, "validation_freq"),
        ({"callbacks": ["early stopping"]}, "callbacks.*early stopping"),
        ({"sample_weight": np.ones(7)}, "cardinality"),
        ({"sample_weight": np.ones((40, 3))}, "sample_weight"),
        ({"verbose": 5}, "verbose"),
        ({"y": TARGETS[:3]}, "cardinality"),
        ({"y": np.zeros((40, 3))}, r"target.*\(40, 3\).*\(None, 1\)"),
        ({"y": None}, "y"),
        ({"y": np.array(["a"] * 40)}, "y cannot.*dtype"),
        ({"x": np.array([object()] * 40)}, "x cannot.*object"),
        ({"x": np.zeros((0, 4)), "y": np.zeros(0)}, "empty"),
        ({"x": X[:, :3]}, "4.*3"),
        ({"x": X[:, 0]}, r"\(None, 4\)"),
        ({"x": None}, "x is missing"),
    ],
)
def test_wrong_arguments_of_fit(options, match):
    model = linear()
    arguments = {"x": X, "y": TARGETS, "verbose": 0} | options
    untouched(model, lambda: model.fit(**arguments), ValueError, match)
    assert model.optimizer.iterations == 0
    model.fit(X, TARGETS, verbose=0)


def test_labels_out_of_range_are_found_before_the_first_step():
    model = classifier()
    bad = LABELS.copy()
    bad[-1] = 3
    untouched(
        model,
        lambda: model.fit(X, bad, batch_size=4, shuffle=False, verbose=0),
        ValueError,
        "labels.*0 to 2",
    )
    assert model.optimizer.iterations == 0


def test_a_missing_loss_is_said():
    model = linear(loss=None)
    untouched(model, lambda: model.fit(X, TARGETS, verbose=0), ValueError, "loss")
    untouched(model, lambda: model.evaluate(X, TARGETS, verbose=0), ValueError, "loss")


def test_a_loss_that_is_no_number_is_refused():
    model = linear(loss=losses.MeanSquaredError(reduction="none"))
    untouched(model, lambda: model.fit(X, TARGETS, verbose=0), ValueError, "shape")


# -- streams ---------------------------------------------------------------------------------------


def test_streams_train_like_the_arrays_they_are_made_of():
    def stream():
        for k in range(0, 40, 8):
            yield X[k : k + 8], TARGETS[k : k + 8]

    a, b = linear(), linear()
    b.set_weights(a.get_weights())
    a.fit(X, TARGETS, batch_size=8, shuffle=False, verbose=0)
    history = b.fit(stream(), verbose=0, validation_data=stream())
    assert all(np.array_equal(v, w) for v, w in zip(a.get_weights(), b.get_weights(), strict=True))
    assert b.evaluate(stream(), verbose=0) == history.history["val_loss"][0]
    assert b.predict(stream()).shape == (40, 1)


def test_a_generator_that_runs_out_ends_training_with_a_warning():
    model = linear()
    with pytest.warns(UserWarning, match="ran out") as found:
        history = model.fit(((X, TARGETS) for _ in range(2)), epochs=3, verbose=0)
    assert history.epoch == [0]
    assert [warning.filename for warning in found] == [__file__]  # the line that called `fit`
    with pytest.raises(ValueError, match="empty"):
        model.fit(iter([]), verbose=0)


def test_an_endless_generator_needs_steps():
    def endless():
        while True:
            yield X, TARGETS

    model = linear()
    stream = endless()
    history = model.fit(
        stream,
        steps_per_epoch=3,
        epochs=2,
        validation_data=endless(),
        validation_steps=2,
        verbose=0,
    )
    assert (model.optimizer.iterations, history.epoch) == (6, [0, 1])
    next(stream)  # still usable
    assert model.predict(endless(), steps=2).shape == (80, 1)
    assert type(model.evaluate(endless(), steps=2, verbose=0)) is float


def test_steps_of_ones_own_may_log_nothing():
    class Quiet(Plain):
        def train_step(self, data):
            super().train_step(data)
            return {}

        def test_step(self, data):
            return {}

    model = Quiet()
    model.compile("sgd", "mse")
    history = model.fit(X, TARGETS, epochs=2, validation_split=0.5, verbose=0)
    assert (history.epoch, history.history) == ([0, 1], {})


def test_a_failing_stream_says_where_and_keeps_the_last_complete_step():
    closed = []

    def failing():
        try:
            yield X[:8], TARGETS[:8]
            yield X[8:16], TARGETS[8:16]
            raise RuntimeError("disk gone")
        finally:
            closed.append(True)

    model = linear()
    with pytest.raises(RuntimeError, match="disk gone") as caught:
        model.fit(failing(), verbose=0)
    assert "epoch 1, after 2 complete batches" in "".join(caught.value.__notes__)
    assert model.optimizer.iterations == 2
    assert closed == [True]

    def ragged():
        try:
            yield X[:8], TARGETS[:8]
            yield X[:8, :2], TARGETS[:8]
        finally:
            closed.append(True)

    with pytest.raises(ValueError, match="4.*2"):
        model.fit(ragged(), verbose=0)
    assert model.optimizer.iterations == 3
    assert closed == [True, True]


# -- single batches --------------------------------------------------------------------------------


def test_single_batches():
    model = classifier(metrics=["accuracy"])
    before = model.test_on_batch(X, LABELS, return_dict=True)
    loss, accuracy = model.train_on_batch(X, LABELS)
    assert before == {"loss": pytest.approx(loss), "accuracy": pytest.approx(accuracy)}
    assert model.train_on_batch(X[:5], LABELS[:5])[0] != loss
    assert model.test_on_batch(X, LABELS)[0] < loss
    assert model.predict_on_batch(X).shape == (40, 3)
    assert type(linear().train_on_batch(X, TARGETS, class_weight=None)) is float
    weighted = classifier()
    table = {0: 1.0, 1: 0.0, 2: 2.0}
    expected = weighted.test_on_batch(X, LABELS, sample_weight=[table[k] for k in LABELS])
    assert weighted.train_on_batch(X, LABELS, class_weight=table) == pytest.approx(expected)


# -- callbacks -------------------------------------------------------------------------------------


class Diary(callbacks.Callback):
    """Writes down each hook."""

    def __init__(self):
        self.lines = []

    def note(self, name):
        def write(*args):
            position = [a for a in args if isinstance(a, int)]
            keys = [k for a in args if isinstance(a, dict) for k in a]
            self.lines.append((name, *position, *keys))

        return write

    def __getattribute__(self, name):
        if name.startswith("on_") and name not in ("on_batch_begin", "on_batch_end"):
            return object.__getattribute__(self, "note")(name)
        return object.__getattribute__(self, name)

    # overridden, so that the hooks of batches are called
    on_train_batch_begin = on_train_batch_end = on_test_batch_begin = on_test_batch_end = None
    on_predict_batch_begin = on_predict_batch_end = None


def test_the_order_of_hooks():
    diary = Diary()
    model = linear()
    model.fit(X, TARGETS, batch_size=20, validation_data=(X, TARGETS), callbacks=[diary], verbose=0)
    assert diary.lines == [
        ("on_train_begin",),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0, "loss"),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1, "loss"),
        ("on_test_begin",),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0, "loss"),
        ("on_test_batch_begin", 1),
        ("on_test_batch_end", 1, "loss"),
        ("on_test_end", "loss"),
        ("on_epoch_end", 0, "loss", "val_loss"),
        ("on_train_end", "loss", "val_loss"),
    ]
    diary.lines.clear()
    model.predict(X, batch_size=40, callbacks=diary)
    assert [line[0] for line in diary.lines] == [
        "on_predict_begin",
        "on_predict_batch_begin",
        "on_predict_batch_end",
        "on_predict_end",
    ]


def test_hooks_by_their_short_names_and_stopping():
    class Stop(callbacks.Callback):
        count = 0

        def on_batch_end(self, batch, logs=None):
            self.count += 1

        def on_epoch_end(self, epoch, logs=None):
            logs["mine"] = 7.0
            if epoch == 1:
                self.model.stop_training = True

    stop = Stop()
    model = linear()
    history = model.fit(X, TARGETS, epochs=9, batch_size=20, callbacks=stop, verbose=0)
    assert stop.count == 4
    assert history.epoch == [0, 1]
    assert history.history["mine"] == [7.0, 7.0]
    assert len(model.fit(X, TARGETS, verbose=0).epoch) == 1  # the wish does not outlive its fit


def test_a_failing_callback_lets_the_others_end():
    ended = []

    class Fails(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyError("first")

        def on_train_end(self, logs=None):
            raise RuntimeError("second")

    class Ends(callbacks.Callback):
        def on_train_end(self, logs=None):
            ended.append(True)

    model = linear()
    with pytest.raises(KeyError, match="first") as caught:
        model.fit(X, TARGETS, callbacks=[Fails(), Ends()], verbose=0)
    assert ended == [True]
    assert "second" in "".join(caught.value.__notes__)
    model.fit(X, TARGETS, verbose=0)


def test_a_model_is_fitted_once_at_a_time():
    class Again(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.fit(X, TARGETS, verbose=0)

    model = linear()
    with pytest.raises(ValueError, match="fitted already"):
        model.fit(X, TARGETS, callbacks=Again(), verbose=0)
    model.fit(X, TARGETS, verbose=0)


# -- interrupts ------------------------------------------------------------------------------------


class Trace(callbacks.Callback):
    """The weights after every step."""

    def __init__(self, model):
        self.weights = [flat(model)]
        self.ended = False

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append(flat(self.model))

    def on_train_end(self, logs=None):
        self.ended = True


def flat(model):
    return np.concatenate([w.ravel() for w in model.get_weights()])


def test_an_interrupt_from_a_callback_leaves_the_last_step():
    class Interrupt(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.optimizer.iterations == 7:
                raise KeyboardInterrupt

    model = classifier()
    trace = Trace(model)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, LABELS, batch_size=8, epochs=5, callbacks=[trace, Interrupt()], verbose=0)
    assert np.array_equal(flat(model), trace.weights[-1])
    assert trace.ended
    assert model.history.epoch == [0]
    assert len(model.history.history["loss"]) == 1
    model.fit(X, LABELS, verbose=0)


@pytest.mark.linux
def test_ctrl_c_at_any_time_leaves_whole_steps():
    random = np.random.default_rng(0)
    handler = signal.getsignal(signal.SIGINT)
    for _ in range(25):
        model = classifier(optimizer=optimizers.SGD(0.01))
        trace = Trace(model)
        delay = random.uniform(0, 0.02)
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
        trace.on_train_begin = lambda logs=None, timer=timer: timer.start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, LABELS, batch_size=8, epochs=10**6, callbacks=trace, verbose=0)
        timer.join()
        told, made = len(trace.weights) - 1, model.optimizer.iterations
        assert made in (told, told + 1)  # at most one whole step that the trace was not told of
        if made == told:
            assert np.array_equal(flat(model), trace.weights[-1])
        else:
            assert (flat(model) != trace.weights[-1])[-3:].all()  # the bias of the last layer moved
        assert trace.ended
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.linux
def test_ctrl_c_during_an_update_waits_for_its_end():
    class Slow(optimizers.SGD):
        def update(self, *args):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            return super().update(*args)

    model = linear(optimizer=Slow(0.1))
    before = flat(model)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, TARGETS, batch_size=8, verbose=0)
    assert model.optimizer.iterations == 1
    assert (flat(model) != before).all()


# -- numbers that are none -------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_warns_once_and_names_the_layer():
    inputs = Input((4,))
    h = layers.Dense(4, name="first")(inputs)
    model = Model(inputs, layers.Dense(1, name="second")(h))
    model.compile(optimizer=optimizers.SGD(1e30), loss="mse")
    with pytest.warns(UserWarning) as caught:
        history = model.fit(X, TARGETS, epochs=3, batch_size=20, verbose=0)
    assert len(caught) == 1
    assert "first layer" in str(caught[0].message)
    assert not np.isfinite(history.history["loss"][-1])


def test_the_source_of_nan_is_told_apart():
    x = X.copy()
    x[3, 1] = np.nan
    with pytest.warns(UserWarning, match="inputs x are not finite"):
        linear().fit(x, TARGETS, verbose=0)
    y = TARGETS.copy()
    y[0] = np.nan
    with pytest.warns(UserWarning, match="targets"):
        history = linear().fit(X, y, verbose=0)
    assert np.isnan(history.history["loss"][0])
    inputs = Input((4,))
    grown = layers.Rescaling(1e30, name="grown")(layers.Dense(2, name="calm")(inputs))
    model = Model(inputs, layers.Dense(1)(grown))
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="the loss is inf: .* from 'grown' on larger than 1e\\+15"):
        model.fit(X, TARGETS, verbose=0)


# -- models that are not graphs --------------------------------------------------------------------


class Plain(Model):
    def __init__(self, units=1):
        super().__init__()
        self.dense = layers.Dense(units)

    def call(self, inputs):
        return self.dense(inputs)


def test_a_subclass_and_an_open_chain_train_too():
    for model in (Plain(), Sequential([layers.Dense(1)])):
        model.compile(optimizer=optimizers.SGD(0.1), loss="mse", metrics=["mse"])
        history = model.fit(X, TARGETS, epochs=20, verbose=0)
        assert history.history["loss"][-1] < 0.1 * history.history["loss"][0]
        assert list(history.history) == ["loss", "mse"]
        with pytest.raises(ValueError, match="missing"):
            model.fit(X, verbose=0)


def test_a_subclass_with_several_outputs():
    class Two(Model):
        def __init__(self, names):
            super().__init__()
            self.a, self.b = layers.Dense(1), layers.Dense(1)
            self.names = names

        def call(self, inputs):
            both = [self.a(inputs), self.b(inputs)]
            return dict(zip(self.names, both, strict=True)) if self.names else both

    model = Two(["low", "high"])
    model.compile(loss={"low": "mse", "high": "mse"})
    history = model.fit(X, {"low": TARGETS, "high": TARGETS}, verbose=0)
    assert list(history.history) == ["loss", "low_loss", "high_loss"]
    model = Two(None)
    model.compile(loss=["mse", "mse"])
    history = model.fit(X, [TARGETS, TARGETS], verbose=0)
    assert list(history.history) == ["loss", "output_1_loss", "output_2_loss"]
    model = Two(None)
    model.compile(loss=["mse"])
    with pytest.raises(ValueError, match="loss.*1 entries"):
        model.fit(X, [TARGETS, TARGETS], verbose=0)


def test_a_step_of_ones_own():
    class Own(Plain):
        def __init__(self):
            super().__init__()
            self.watch = metrics.Mean(name="watched")

        def train_step(self, data):
            x, y = data
            with Tape() as tape:
                loss = self.compute_loss(x, y, self(x, training=True))
            weights = self.trainable_variables
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            self.watch.update_state(loss)
            return {"watched": self.watch.result(), "twice": 2 * loss}

    model = Own()
    model.compile("sgd", "mse")
    history = model.fit(X, TARGETS, epochs=2, batch_size=20, verbose=0)
    assert list(history.history) == ["watched", "twice"]
    assert all(type(v) is float for v in history.history["watched"])
    assert "watched" in [m.name for m in model.metrics]
    first, second = history.history["watched"]
    assert second < first  # reset between the epochs


def test_a_loss_of_ones_own():
    def cubic(y_true, y_pred):
        return abs(y_true - y_pred) ** 3

    model = linear(loss=cubic, metrics=[cubic])
    found = model.evaluate(X, TARGETS, verbose=0, return_dict=True)
    error = np.abs(model.predict(X)[:, 0] - TARGETS) ** 3
    assert found["loss"] == pytest.approx(error.mean(), rel=1e-4)
    assert found["cubic"] == pytest.approx(error.mean(), rel=1e-4)

    inputs = Input((4,))
    flat_output = Model(inputs, layers.Dense(1)(inputs)[:, 0])  # (n,) rather than (n, 1)
    flat_output.compile(loss="mse", weighted_metrics=["mse"])
    w = np.arange(40.0)
    error = (flat_output.predict(X) - TARGETS) ** 2
    loss, mse = flat_output.evaluate(X, TARGETS, sample_weight=w, verbose=0)
    assert loss == pytest.approx((error * w).mean(), rel=1e-4)
    assert mse == pytest.approx((error * w).sum() / w.sum(), rel=1e-4)

    class Halved(Plain):
        def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
            return super().compute_loss(x, y, y_pred, sample_weight, training) / 2

    model = Halved()
    model.compile(loss="mse", metrics=["mse"])
    loss, mse = model.evaluate(X, TARGETS, verbose=0)
    assert loss == pytest.approx(mse / 2)


# -- compile settings ------------------------------------------------------------------------------


def test_compiling_again_starts_a_fresh_optimizer():
    model = linear(optimizer="adam")
    model.fit(X, TARGETS, verbose=0)
    first = model.optimizer
    model.compile("adam", "mse")
    assert model.optimizer is not first
    assert model.optimizer.iterations == 0
    model.compile(first, "mse")
    assert model.optimizer is first
    assert first.iterations == 2


def test_compile_settings_survive_as_json():
    import json

    model = two_outputs(
        optimizer=optimizers.Adam(0.02, clipnorm=1.0),
        loss_weights={"kind": 2.0, "size": 1.0},
        metrics={"kind": ["accuracy"], "size": [metrics.MeanSquaredError(name="m")]},
        weighted_metrics=[None, ["mse"]],
    )
    config = json.loads(json.dumps(model.get_compile_config()))
    twin = two_outputs()
    twin.set_weights(model.get_weights())
    twin.compile_from_config(config)
    y = [LABELS, TARGETS]
    assert twin.evaluate(X, y, verbose=0, return_dict=True) == model.evaluate(
        X, y, verbose=0, return_dict=True
    )
    assert twin.optimizer.get_config() == model.optimizer.get_config()
    assert twin.get_compile_config() == config


def test_functions_in_compile_settings_go_by_name():
    def cubic(y_true, y_pred):
        return abs(y_true - y_pred) ** 3

    cubic.__qualname__ = "cubic"
    model = linear(loss=cubic)
    config = model.get_compile_config()
    twin = linear()
    twin.compile_from_config(config, {"cubic": cubic})
    twin.set_weights(model.get_weights())
    assert twin.evaluate(X, TARGETS, verbose=0) == model.evaluate(X, TARGETS, verbose=0)
    with pytest.raises(ValueError, match="cubic"):
        linear().compile_from_config(config)
    model.compile(loss=lambda y, p: abs(y - p))
    with pytest.raises(ValueError, match="name"):
        model.get_compile_config()


# -- what is printed -------------------------------------------------------------------------------


def test_quiet_output_is_the_finished_line_and_repeats(capsys):
    def run():
        set_random_seed(0)
        model = classifier(metrics=["accuracy"])
        model.fit(X, LABELS, epochs=2, batch_size=8, validation_split=0.2)
        model.evaluate(X, LABELS)
        model.predict(X)
        return capsys.readouterr().out

    text = run()
    assert text == run()
    assert "\r" not in text
    lines = text.splitlines()
    assert [lines[0], lines[2]] == ["Epoch 1/2", "Epoch 2/2"]
    assert lines[1].startswith("4/4 ━━━━━━━━━━━━━━━━━━━━ - loss: ")
    assert " - val_accuracy: " in lines[1]
    assert lines[4].startswith("2/2 ━")
    assert len(lines) == 5
    assert "s/step" not in text


def test_other_amounts_of_words(capsys):
    model = linear()
    model.fit(X, TARGETS, verbose=0)
    assert capsys.readouterr().out == ""
    model.fit(X, TARGETS)
    assert capsys.readouterr().out.startswith("2/2 ━")  # one epoch needs no number
    model.fit(X, TARGETS, epochs=2, verbose=2)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Epoch 1/2 - 2/2 - loss: ")
    assert second.startswith("Epoch 2/2 - ")
    model.fit(((X, TARGETS) for _ in range(3)), verbose=1)
    assert capsys.readouterr().out.startswith("3/3 ━")
    model.predict(X, verbose=1)
    assert capsys.readouterr().out == "2/2 ━━━━━━━━━━━━━━━━━━━━\n"


def test_a_terminal_sees_the_line_grow(capsys, monkeypatch):
    monkeypatch.setattr(base, "is_terminal", lambda stream: True)
    monkeypatch.setattr(base.ProgbarLogger, "PAUSE", 0)
    linear().fit(X, TARGETS, batch_size=8, verbose=1)
    *growing, last = capsys.readouterr().out.split("\r")
    assert len(growing) == 6
    assert "ms/step" in growing[1]
    assert growing[1].startswith("1/5 ━━━━─")
    assert last.startswith("5/5 ━━━━━━━━━━━━━━━━━━━━ - loss: ")
    assert "ms/step" not in last


def test_numbers_keep_their_digits():
    assert base.number(0.5) == "0.5000"
    assert base.number(0.0) == "0.0000"
    assert base.number(0.00001234) == "1.2340e-05"
    assert base.number([0.5, 1.0]) == "[0.5000, 1.0000]"


# -- mistakes in metrics, targets and validation data ----------------------------------------------


def raising(y_true, y_pred):
    raise ZeroDivisionError("no metric")


def test_a_metric_that_raises_leaves_the_weights():
    model = linear(metrics=[raising])
    untouched(model, lambda: model.fit(X, TARGETS, verbose=0), ZeroDivisionError, "no metric")
    assert model.optimizer.iterations == 0


def test_no_two_numbers_of_the_logs_share_a_name():
    called_loss = metrics.MeanSquaredError(name="loss")
    with pytest.raises(ValueError, match="'loss'.*MeanSquaredError.*name="):
        linear(metrics=[called_loss])
    twice = ["accuracy", metrics.SparseCategoricalAccuracy(name="accuracy")]
    with pytest.raises(ValueError, match="'accuracy'.*SparseCategoricalAccuracy"):
        classifier(metrics=twice)

    class Watching(layers.Layer):
        def __init__(self):
            super().__init__()
            self.mean = metrics.Mean("loss")

        def call(self, x):
            self.mean.update_state(x)
            return x

    model = Sequential([Input((4,)), Watching(), layers.Dense(1)])
    model.compile(loss="mse")
    untouched(model, lambda: model.fit(X, TARGETS, verbose=0), ValueError, "'loss'.*Mean 'loss'")


def test_a_metric_object_watches_one_output():
    shared = metrics.MeanSquaredError()
    for given in [[[shared], [shared]], shared]:
        with pytest.raises(ValueError, match="one object.*'kind' and of 'size'.*its own"):
            two_outputs(metrics=given)
    with pytest.raises(ValueError, match="one object"):
        linear(metrics=[shared], weighted_metrics=[shared])


def test_losses_and_metrics_given_as_classes():
    model = linear(loss=losses.MeanSquaredError, metrics=[metrics.MeanSquaredError])
    model.fit(X, TARGETS, verbose=0)
    config = model.get_compile_config()
    again = linear()
    again.compile_from_config(config)
    assert again.get_compile_config() == config
    assert again.metrics_names == ["loss", "mean_squared_error"]


def test_losses_and_metrics_given_as_functions_of_the_library():
    functions = [losses.binary_crossentropy, losses.mean_squared_error]
    model = linear(loss=losses.mean_squared_error, metrics=functions)
    config = model.get_compile_config()
    again = linear()
    again.compile_from_config(config)
    assert again.get_compile_config() == config
    assert again.metrics_names == model.metrics_names
    again.set_weights(model.get_weights())
    scores = [m.evaluate(X, TARGETS > 0, verbose=0) for m in (model, again)]
    assert scores[0] == scores[1]


def test_targets_in_the_nested_structure_of_the_outputs():
    inputs = Input((4,))
    a, b, c = (layers.Dense(1, name=name)(inputs) for name in "abc")
    model = Model(inputs, [a, {"x": b, "y": [c]}])
    model.compile(loss="mse")
    ys = [TARGETS, TARGETS * 2, TARGETS * 3]
    expected = model.evaluate(X, ys, verbose=0)
    nested = [ys[0], {"y": [ys[2]], "x": ys[1]}]
    np.testing.assert_allclose(model.evaluate(X, nested, verbose=0), expected)
    weights = [np.ones(40), {"y": [np.zeros(40)], "x": np.ones(40)}]
    assert model.evaluate(X, nested, sample_weight=weights, verbose=0)[3] == 0
    model.fit(X, nested, validation_split=0.5, verbose=0)


def pairs_of(count):
    for _ in range(count):
        yield X, TARGETS


def test_a_generator_validates_one_epoch_only():
    model = linear()
    act = lambda: model.fit(X, TARGETS, epochs=2, validation_data=pairs_of(3), verbose=0)  # noqa: E731
    untouched(model, act, ValueError, "validation_data is a generator.*once.*2 epochs")
    model.fit(X, TARGETS, validation_data=pairs_of(3), verbose=0)
    model.fit(X, TARGETS, epochs=2, validation_data=pairs_of(3), validation_freq=2, verbose=0)


def test_validation_steps_that_a_generator_cannot_give_stop_training():
    model = linear()
    given = {"validation_data": pairs_of(3), "validation_steps": 2}
    with pytest.warns(UserWarning, match="ran out after 1 of 2 batches: training stops"):
        history = model.fit(X, TARGETS, epochs=5, verbose=0, **given)
    assert len(history.epoch) == 2


def test_a_weight_that_a_trained_output_should_move_is_worth_a_warning():
    class Cut(layers.Layer):
        def call(self, x):
            return x.numpy()

    inputs = Input((4,))
    h = layers.Dense(3, name="before")(inputs)
    side = layers.Dense(2, name="side")(h)
    main = layers.Dense(1, name="main")(Cut()(h))
    model = Model(inputs, [side, main])
    model.compile(loss=[None, "mse"])
    with pytest.warns(UserWarning, match="no gradient reaches") as caught:
        model.fit(X, [None, TARGETS], verbose=0)
    assert len(caught) == 1 and "(3, 2)" not in str(caught[0].message)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"epochs": None}, "epochs must be an integer of at least 1, got None"),
        ({"initial_epoch": None}, "initial_epoch must be an integer of at least 0, got None"),
        ({"class_weight": {0: "a", 1: 1, 2: 1}}, "class_weight.*{0: 'a'}"),
        ({"class_weight": {0: None, 1: 1, 2: 1}}, "class_weight.*{0: None}"),
        ({"validation_split": "a"}, "validation_split.*'a'"),
    ],
)
def test_arguments_of_fit_are_named(wrong, match):
    model = classifier()
    untouched(model, lambda: model.fit(X, LABELS, verbose=0, **wrong), ValueError, match)


def test_a_share_may_be_a_numpy_number():
    history = linear().fit(X, TARGETS, validation_split=np.float32(0.5), verbose=0)
    assert "val_loss" in history.history


@pytest.mark.parametrize("weight", ["a", float("nan"), [1]])
def test_loss_weights_are_numbers(weight):
    with pytest.raises(ValueError, match="loss_weights.*not a number"):
        linear(loss_weights=[weight])


@registry.register_keras_serializable("Training")
def distance(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def test_functions_in_objects_come_back_by_their_names():
    loss = losses.FunctionLoss(distance, reduction="sum")
    model = linear(loss=loss, metrics=[metrics.MeanMetricWrapper(distance, name="far")])
    config = model.get_compile_config()
    again = linear()
    again.compile_from_config(config)
    assert again.get_compile_config() == config
    again.set_weights(model.get_weights())
    assert again.evaluate(X, TARGETS, verbose=0) == model.evaluate(X, TARGETS, verbose=0)
    assert again.metrics_names == ["loss", "far"]


def test_where_nothing_can_learn_there_is_an_error():
    inputs = Input((4,))
    model = Model(inputs, [layers.Dense(2, name="idle")(inputs), layers.Flatten()(inputs)])
    model.compile(loss=[None, "mse"])
    with pytest.raises(ValueError, match="no gradient|not recorded"):
        model.fit(X, [None, X], verbose=0)


@pytest.mark.parametrize("as_dict", [False, True])
def test_class_weights_by_name_reach_the_batches_of_a_stream(as_dict):
    x = Input((4,))
    model = Model(x, [layers.Dense(1, name="p")(x), layers.Dense(3, name="q")(x)])
    model.compile("sgd", ["mse", losses.SparseCategoricalCrossentropy(from_logits=True)])
    data, labels = np.ones((6, 4)), np.array([0, 1, 2, 0, 1, 2])
    y = {"p": data[:, 0], "q": labels} if as_dict else [data[:, 0], labels]
    table = {"q": {0: 0.0, 1: 0.0, 2: 0.0}}
    assert model.fit(iter([(data, y)]), class_weight=table, verbose=0).history["q_loss"] == [0.0]
    with pytest.raises(ValueError, match="class_weight"):
        model.fit(iter([(data, y)]), class_weight=table | {"z": None}, verbose=0)


def test_inputs_for_validation_are_checked_before_the_first_step():
    x = Input((4,))
    model = Model(x, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    data, before = np.ones((6, 4)), model.get_weights()
    for wrong in (data[:, :3], [data, data], {"z": data}):
        with pytest.raises(ValueError, match="model 'functional.*(expects|inputs)"):
            model.fit(data, data[:, 0], validation_data=(wrong, data[:, 0]), verbose=0)
    assert all(map(np.array_equal, before, model.get_weights()))


@pytest.mark.parametrize("logs", [3, None])
def test_a_step_returns_logs(logs):
    class Own(Model):
        def train_step(self, data):
            return logs

    x = Input((4,))
    model = Own(x, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match="a step must return its logs, a dict"):
        model.fit(np.ones((6, 4)), np.ones(6), verbose=0)


def test_an_interrupt_leaves_no_setting_behind():
    def interrupt(batch, logs):
        context.training = True  # as where Ctrl-C comes before a `with` block has begun
        raise KeyboardInterrupt

    x = Input((4,))
    model = Model(x, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    hook = callbacks.LambdaCallback(on_train_batch_end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(np.ones((6, 4)), np.ones(6), verbose=0, callbacks=[hook])
    assert context.training is None


def test_no_step_speaks_of_overflows():
    """A warning is an error here, and whoever looks at the loss sees it."""
    model = linear(optimizer="sgd", loss="mse")
    assert model.train_on_batch(np.full((2, 4), 1e30), np.zeros((2, 1))) == np.inf
    assert model.test_on_batch(np.full((2, 4), 1e30), np.zeros((2, 1))) != 0


# -- what a trainer needs of what it trains --------------------------------------------------------


class Line(Trainer):
    """No layer and no model: weights that learn, and a call."""

    def __init__(self, kernel, bias):
        self.kernel, self.bias = Variable(kernel), Variable(bias)

    @property
    def trainable_weights(self):
        return [self.kernel, self.bias]

    def __call__(self, x, training=None):
        return ops.matmul(x, self.kernel) + self.bias


def line_and_twin(optimizer, **options):
    """A plain class that trains, and a Model of the same weights."""
    inputs = Input((4,))
    twin = Model(inputs, layers.Dense(1)(inputs))
    line = Line(*twin.get_weights())
    for trained in (line, twin):
        trained.compile(optimizer(), "mse", **options)
    return line, twin


@pytest.mark.parametrize("optimizer", [partial(optimizers.SGD, 0.05), optimizers.Adam])
def test_a_plain_class_trains_as_a_model_does(optimizer):
    line, twin = line_and_twin(optimizer, metrics=["mae"])
    settings = {"epochs": 5, "batch_size": 8, "shuffle": False, "verbose": 0}
    a, b = (m.fit(X, TARGETS, validation_split=0.2, **settings).history for m in (line, twin))
    assert list(a) == ["loss", "mae", "val_loss", "val_mae"]
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-5)
    assert a["loss"][-1] < a["loss"][0] and a["val_loss"][-1] < a["val_loss"][0]
    for act in (
        lambda m: m.evaluate(X, TARGETS, verbose=0),
        lambda m: m.predict(X, verbose=0),
        lambda m: m.train_on_batch(X[:8], TARGETS[:8]),
        lambda m: m.test_on_batch(X[:8], TARGETS[:8], return_dict=True)["mae"],
        lambda m: m.predict_on_batch(X[:8]),
    ):
        np.testing.assert_allclose(act(line), act(twin), rtol=1e-5)
    for found, expected in zip(line.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert line.metrics_names == twin.metrics_names == ["loss", "mae"]
    assert line.optimizer.iterations == twin.optimizer.iterations == 21


def test_a_plain_class_has_callbacks_and_shuffles():
    line, twin = line_and_twin(partial(optimizers.SGD, 0.3))
    kept = []
    for trained in (line, twin):
        stopping = callbacks.EarlyStopping(patience=2, restore_best_weights=True)
        slower = callbacks.ReduceLROnPlateau(patience=1)
        given = {"callbacks": [stopping, slower], "epochs": 30, "shuffle": False, "verbose": 0}
        trained.fit(X, TARGETS, validation_data=(-X, TARGETS), **given)
        assert trained.stop_training
        kept.append((stopping.best_epoch, stopping.stopped_epoch, *trained.get_weights()))
    for found, expected in zip(*kept, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    history = line.fit(X, TARGETS, epochs=3, class_weight=None, verbose=0)  # shuffled
    assert history.epoch == [0, 1, 2] and history.history["loss"][-1] < history.history["loss"][0]


def test_what_a_plain_class_may_add():
    class More(Line):
        def __init__(self):
            super().__init__(np.ones((4, 1), "float32"), np.zeros(1, "float32"))
            self.calls = Variable(np.zeros((), "float32"))
            self.non_trainable_weights = [self.calls]
            self.mean, self.penalty = metrics.Mean("mean_output"), 0.0

        def __call__(self, x, training=None):
            self.calls.assign(self.calls + 1)
            outputs = super().__call__(x)
            self.mean.update_state(outputs)
            self.losses = [ops.sum(self.kernel**2)]
            return outputs

    more = More()
    more.compile("sgd", "mse")
    loss, mean = more.evaluate(X, TARGETS, batch_size=40, verbose=0)
    outputs = X.sum(1)
    assert loss == pytest.approx(np.mean((outputs - TARGETS) ** 2) + 4, rel=1e-5)
    assert mean == pytest.approx(outputs.mean(), rel=1e-4)
    assert len(more.get_weights()) == 3
    with pytest.raises(ValueError, match="shape|pair"):
        more.train_on_batch(X[:8], np.ones((8, 3)))
    assert more.calls.numpy() == 1  # a step that fails leaves it alone
    more.train_on_batch(X[:8], TARGETS[:8])
    assert more.calls.numpy() == 2


def test_a_plain_class_says_where_nan_begins():
    class Wrapped(Line):
        def __call__(self, x, training=None):
            return layers.ReLU(name="guilty")(super().__call__(x) / 0.0)

    line = Wrapped(np.ones((4, 1), "float32"), np.zeros(1, "float32"))
    line.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="'guilty' is the first layer"):
        line.fit(X, TARGETS, verbose=0)


# -- targets meet outputs once ---------------------------------------------------------------------


def pairings(monkeypatch, model, act):
    """How often targets and outputs are paired while the model acts."""
    calls, pair = [], Scoring.compare_batch
    monkeypatch.setattr(Scoring, "compare_batch", lambda *args: calls.append(1) or pair(*args))
    act(model)
    return len(calls)


@pytest.mark.parametrize(
    ("act", "steps"),
    [
        (lambda model: model.train_on_batch(X, TARGETS), 1),
        (lambda model: model.test_on_batch(X, TARGETS), 1),
        (lambda model: model.fit(X, TARGETS, batch_size=8, epochs=2, verbose=0), 10),
        (lambda model: model.evaluate(X, TARGETS, batch_size=8, verbose=0), 5),
    ],
)
def test_targets_and_outputs_are_paired_once_a_step(monkeypatch, act, steps):
    assert pairings(monkeypatch, linear(metrics=["mae"]), act) == steps


def test_metrics_of_other_targets_than_those_of_the_loss(monkeypatch):
    """An overridden method may pass on other targets: only the same objects are paired once."""

    class Doubled(Plain):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return super().compute_metrics(x, 2 * y, y_pred, sample_weight)

    class Alone(Plain):
        def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
            return ops.mean(y_pred**2)

    for kind, loss, metric, count in [(Doubled, 1, 2, 2), (Alone, 0, 1, 1)]:
        model = kind()
        model.compile(loss="mse", metrics=["mse"])
        outputs = model.predict(X)[:, 0]
        act = partial(Model.test_on_batch, x=X, y=TARGETS)
        assert pairings(monkeypatch, model, act) == count
        found = model.evaluate(X, TARGETS, batch_size=40, verbose=0)
        expected = [np.mean((outputs - factor * TARGETS) ** 2) for factor in (loss, metric)]
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        monkeypatch.undo()


def test_no_batch_outlives_its_loop():
    model = linear(metrics=["mae"])
    model.fit(X, TARGETS, verbose=0)
    model.train_on_batch(X, TARGETS)
    assert model._cache is None and model._session is None


def test_what_a_class_calls_untracked_is_not_searched_for_weights():
    class Base(layers.Layer):
        untracked = layers.Layer.untracked | {"hidden"}

        def __init__(self):
            super().__init__()
            self.hidden, self.seen = [Variable(np.ones(2))], {"a": [Variable(np.ones(3))]}
            self.more = metrics.Mean("more")

        def call(self, inputs):
            return inputs

    class Derived(Base):
        untracked = Base.untracked | {"more"}

    assert [w.shape for w in Base().weights] == [w.shape for w in Derived().weights] == [(3,)]
    for kind, names in [(Base, ["loss", "more"]), (Derived, ["loss"])]:
        model = Sequential([Input((4,)), layers.Dense(1), kind()])
        model.compile(loss="mse")
        assert model.metrics_names == names
