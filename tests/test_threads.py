"""One model, several calls at once: within a callback, and in several threads."""

import copy
import pickle
import threading

import numpy as np
import pytest

from minigraph import Input, callbacks, layers
from minigraph.models import Model

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((48, 3)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def build():
    inputs = Input((3,))
    h = layers.Dense(4, "relu", kernel_initializer="ones")(inputs)
    model = Model(inputs, layers.Dense(1, "sigmoid", kernel_initializer="ones")(h))
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy", "AUC"])
    return model


def fit(model, *given, epochs=3):
    options = {"batch_size": 8, "shuffle": False, "verbose": 0, "validation_split": 0.25}
    return model.fit(X, Y, epochs=epochs, callbacks=list(given), **options)


CALLS = {
    "fit": lambda model: model.fit(X, Y, batch_size=8, verbose=0),
    "evaluate": lambda model: model.evaluate(X, Y, batch_size=8, verbose=0),
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
    "test_on_batch": lambda model: model.test_on_batch(X, Y),
}
HOOKS = [
    "on_train_begin",
    "on_epoch_begin",
    "on_train_batch_end",
    "on_test_batch_end",
    "on_epoch_end",
]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_refused_inner_fit_leaves_the_outer_one_as_it_is(hook):
    whole = fit(build()).history
    model, said = build(), []

    def again(*args):
        shared = model._session.callbacks.callbacks[0]
        with pytest.raises(ValueError, match="is being fitted already") as caught:
            fit(model, shared, epochs=7)
        said.append(caught.value)
        assert shared.params["epochs"] == 3

    history = fit(model, callbacks.LambdaCallback(**{hook: again}))
    assert said and history.history == whole and history.epoch == [0, 1, 2]
    assert model.history is history


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("call", ["evaluate", "test_on_batch"])
def test_a_call_in_a_callback_has_sums_apart(hook, call):
    """The running loss and metrics of the outer loop go on as if there had been no inner call."""
    whole = fit(build()).history
    model, found = build(), []
    act = callbacks.LambdaCallback(**{hook: lambda *args: found.append(CALLS[call](model))})
    assert fit(model, act).history == whole
    if hook == "on_epoch_end":  # the last inner call was made with the last weights
        assert found[-1] == CALLS[call](model)


def test_an_inner_call_of_evaluate_leaves_the_outer_one_its_sums():
    model = build()
    alone = CALLS["evaluate"](model)
    act = callbacks.LambdaCallback(on_test_batch_end=lambda *args: CALLS["test_on_batch"](model))
    assert model.evaluate(X, Y, batch_size=8, verbose=0, callbacks=[act]) == alone


class Halfway(callbacks.Callback):
    """Stops in the middle of a loop until it is told to go on."""

    def __init__(self):
        self.reached, self.free = threading.Event(), threading.Event()

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            self.reached.set()
            assert self.free.wait(20)

    on_test_batch_end = on_train_batch_end


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("running", ["fit", "evaluate"])
def test_a_second_thread_is_refused_with_a_sentence(running, call):
    model, halfway, results = build(), Halfway(), []
    outer = {
        "fit": lambda model, *given: fit(model, *given).history,
        "evaluate": lambda model, *given: model.evaluate(
            X, Y, batch_size=8, verbose=0, callbacks=list(given)
        ),
    }[running]
    expected = outer(build())
    thread = threading.Thread(target=lambda: results.append(outer(model, halfway)))
    thread.start()
    try:
        assert halfway.reached.wait(20)
        history = model.history
        match = rf"{call}\(\) must wait: this model is in {running}\(\) in another thread|already"
        with pytest.raises(ValueError, match=match):
            CALLS[call](model)
        assert model.history is history
        np.testing.assert_array_equal(model.predict(X), build_like(model).predict(X))
    finally:
        halfway.free.set()
        thread.join(20)
    assert results == [expected]
    CALLS[call](model)  # afterwards it is free again


def build_like(model):
    found = build()
    found.set_weights(model.get_weights())
    return found


def test_predictions_are_free_while_a_model_is_evaluated():
    model, stop, found, wrong = build(), threading.Event(), [], []
    expected = model.predict(X)

    def predict():
        while not stop.is_set():
            try:
                found.append(model.predict(X))
            except Exception as error:
                wrong.append(error)
                raise

    threads = [threading.Thread(target=predict) for _ in range(3)]
    for thread in threads:
        thread.start()
    alone = CALLS["evaluate"](build())
    for _ in range(40):
        assert CALLS["evaluate"](model) == alone
    stop.set()
    for thread in threads:
        thread.join(20)
    assert found and not wrong
    assert all(np.array_equal(each, expected) for each in found)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_made_in_a_callback_is_not_in_fit(duplicate):
    copies, model = [], build()
    keep = callbacks.LambdaCallback(on_epoch_end=lambda *args: copies.append(duplicate(model)))
    fit(model, keep, epochs=2)
    assert fit(copies[0], epochs=1).epoch == [0] and fit(model, epochs=1).epoch == [0]
