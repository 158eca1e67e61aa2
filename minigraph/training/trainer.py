"""Training: the loop around batches, tape, loss, optimizer, metrics and callbacks.

One step reads: run the model with a tape open, compare its outputs with the targets, ask the tape
for the gradients, let the optimizer move the weights, add the batch to the running metrics.
`Trainer` does that for anything that can be called and has weights; `Model` inherits it.
"""

import functools
import operator
import sys
import warnings
from collections import UserDict
from contextlib import contextmanager
from functools import partial

import numpy as np

from .. import metrics, optimizers
from ..callbacks.base import CallbackList, History, ProgbarLogger, as_list, is_backup, is_terminal
from ..core import device, registry, tree
from ..core.checks import check_choice
from ..core.context import context
from ..core.device import array_module, is_on_device, to_host
from ..core.interrupts import deferred_interrupts
from ..core.tensor import Tape, Tensor, as_array
from ..graph.layer import Layer
from ..graph.plan import collect
from ..graph.tracing import tracing
from ..graph.tracking import parts_in
from ..saving.model import random_streams
from .data import (
    check_counts,
    is_stream,
    make_batches,
    pack,
    prepare,
    runs_once,
    split,
    unpack,
    weigh_classes,
)
from .scoring import Scoring, align, check_distinct


def to_python(value):
    """A number of the logs as a Python float, an array as a list."""
    if type(value) is float:
        return value
    array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    return float(array.item()) if array.size == 1 else array.tolist()


def logs_to_python(logs):
    """The logs as Python numbers. Those on a GPU come all at once, since each time is a wait."""
    if not hasattr(logs, "items"):
        raise TypeError(f"a step must return its logs, a dict of name: number, got {logs!r:.80}")
    arrays = {} if on_host() else {name: as_array(value) for name, value in logs.items()}
    away = {name: array for name, array in arrays.items() if is_on_device(array)}
    if away:
        join = array_module(*away.values()).concatenate
        row = join([array.reshape(-1).astype("float64") for array in away.values()]).get()
        parts = np.split(row, np.cumsum([array.size for array in away.values()])[:-1])
        logs = {**logs, **dict(zip(away, parts, strict=True))}
    return {name: to_python(value) for name, value in logs.items()}


class LazyLogs(UserDict):
    """The logs of a step on a GPU: they are fetched when somebody first looks at them."""

    def __init__(self, logs):
        self.on_device = logs

    @functools.cached_property
    def data(self):
        return logs_to_python(self.on_device)


def on_host():
    """Whether to look at a number costs nothing."""
    return device.array_type is np.ndarray


def values_of(logs):
    """What `evaluate` and `train_on_batch` return: the loss alone, or a list with all numbers."""
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


class Session:
    """What one `fit` remembers.

    A `fit` that goes on where another was stopped finds here which `epochs` are left, how many
    batches are `done` of the first of them, and the `logs` of the last batch or epoch before.
    """

    def __init__(self, epochs, data, callbacks):
        self.epochs, self.data, self.callbacks = epochs, data, callbacks
        self.done, self.logs = 0, {}
        self.warned = False

    @property
    def validates(self):
        return len(self.data) > 1


# ---------------------------------------------------------------------------------------------
# Training


class Trainer:
    """What a model can do once it is compiled: `fit`, `evaluate`, `predict`.

    Override `train_step`, `test_step` or `compute_loss` to change what a step does.
    """

    optimizer = None
    history = None
    stop_training = False  # set by a callback: this epoch is the last one
    stop_at_once = False  # set by a callback: not even this epoch goes on
    _scoring = None
    _session = None
    _collected = None  # what `_collect` has found in this epoch, or in this step alone

    # -- settings ------------------------------------------------------------------------------

    def compile(
        self, optimizer="rmsprop", loss=None, loss_weights=None, metrics=None,
        weighted_metrics=None, run_eagerly=False, steps_per_execution=1, jit_compile="auto",
    ):  # fmt: skip
        """Choose how to train: the optimizer, a loss and metrics for each output.

        `loss`, `loss_weights` and the metrics are given for all outputs at once, as a list in the
        order of the outputs, or as a dict by output name. An output whose loss is None is not
        trained. The sample weights reach `weighted_metrics`, not `metrics`. The last three
        arguments are accepted and change nothing: every step here runs eagerly.

        Raises ValueError for unknown names, wrong keys and wrong counts.
        """
        scoring = Scoring(loss, loss_weights, metrics, weighted_metrics)
        if self._graph_outputs() is not None:
            scoring.lay_routes(self.output, self.output_names)
        found = optimizers.get(optimizer)
        if found is None:
            raise ValueError("compile needs an `optimizer`, a name or an Optimizer; got None")
        self.optimizer, self._scoring = found, scoring

    @property
    def compiled(self):
        """Whether `compile` was called."""
        return self._scoring is not None

    def get_compile_config(self):
        """The compile settings as plain JSON, or None before `compile`."""
        if not self.compiled:
            return None
        return registry.serialize({"optimizer": self.optimizer, **self._scoring.given})

    def compile_from_config(self, config, custom_objects=None):
        """Compile with the settings that `get_compile_config` gave."""
        with registry.custom_object_scope(custom_objects or {}):
            self.compile(**registry.deserialize(config))

    def _graph_outputs(self):
        """The symbolic outputs, or None for a model that has no graph (yet)."""
        return getattr(self, "outputs", None)

    def _need_compile(self, method):
        if not self.compiled:
            raise ValueError(f"call compile(optimizer=..., loss=...) before {method}()")

    # -- one step ------------------------------------------------------------------------------

    def train_step(self, data):
        """Learn from one batch: (x,), (x, y) or (x, y, sample_weight). Returns the logs so far."""
        x, y, sample_weight = unpack(data)
        with Tape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
        if on_host():
            self._look_at(loss.value, x)
        weights = self._collect("weights", lambda: self.trainable_weights)
        gradients = tape.gradient(loss, weights) if weights else []
        logs = self._score(x, y, y_pred, sample_weight, loss)
        self._learn(gradients, weights)  # last: whatever raises before leaves the weights alone
        return logs

    def _learn(self, gradients, weights):
        """Move the weights. Those that only outputs without a loss need have nothing to learn."""
        if any(gradient is None for gradient in gradients):
            idle = self._collect("idle", self._idle_weights)
            pairs = zip(gradients, weights, strict=True)
            pairs = [(g, w) for g, w in pairs if g is not None or w not in idle]
            if pairs:  # else nothing can learn, and the optimizer says so
                gradients, weights = zip(*pairs, strict=True)
        if weights:
            self.optimizer.apply(gradients, weights)

    def _idle_weights(self):
        """The weights of the layers that no output with a loss needs."""
        trained = [route.loss is not None for route in self._scoring.routes]
        if all(trained) or self._graph_outputs() is None:
            return set()
        ends = [end for end, is_trained in zip(self.outputs, trained, strict=True) if is_trained]
        layers = [node.layer for node in collect(self.inputs, ends) if node.layer is not None]
        needed = {weight for layer in layers for weight in layer.weights}
        return set(self.trainable_weights) - needed

    def test_step(self, data):
        """Score one batch without learning from it. Returns the logs so far."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
        return self._score(x, y, y_pred, sample_weight, loss)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The number that training makes small.

        sum over the outputs of weight * loss, plus every loss that a layer has added

        Raises ValueError if there is no loss at all, or if a target is missing or does not fit.
        """
        terms = []
        for route, target, output, weight in self._compare(y, y_pred, sample_weight):
            if route.loss is None:
                continue
            loss = route.loss(target, output, weight)
            if len(self._scoring.routes) > 1:
                route.mean_loss.update_state(loss, count(output))
            terms.append(loss if route.weight == 1 else loss * route.weight)
        terms += getattr(self, "losses", ())  # what layers have added
        if not terms:
            raise ValueError(
                "there is no loss to make small: give compile() a `loss`, or call add_loss in "
                "a layer"
            )
        return functools.reduce(operator.add, terms)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Add one batch to the metrics of all outputs. Returns the logs so far."""
        for route, target, output, weight in self._compare(y, y_pred, sample_weight):
            for metric in route.metrics:
                metric.update_state(target, output)
            for metric in route.weighted_metrics:
                metric.update_state(target, output, weight)
        return self.get_metrics_result()

    def _compare(self, y, y_pred, sample_weight):
        """(route, target, output, weight) for each output that a loss or a metric looks at."""
        if self._scoring.names is None:  # not before the first batch is the number of outputs known
            self._scoring.lay_routes(y_pred, getattr(self, "output_names", None))
        rows = self._scoring.pair(y, tree.flatten(y_pred), sample_weight)
        return [(route, *align(target, output), weight) for route, target, output, weight in rows]

    def _score(self, x, y, y_pred, sample_weight, loss):
        """Add one batch to the mean loss, by its number of samples, and to the metrics."""
        self._scoring.mean_loss.update_state(loss, count(tree.flatten(x)[0]))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def _look_at(self, loss, x):
        """Warn, once in a `fit`, when the loss is no number any more, and say where that began."""
        if self._session is None or self._session.warned or np.isfinite(loss).all():
            return
        self._session.warned = True
        warnings.warn(
            f"the loss is {float(loss)}: {self._first_nonfinite(x)}. A smaller learning rate "
            "or scaled inputs may help.",
            stacklevel=2,
        )

    def _first_nonfinite(self, x):
        """Run a batch again and say which layer first gives NaN or infinite numbers."""
        if not all(np.isfinite(to_host(as_array(leaf))).all() for leaf in tree.flatten(x)):
            return "the inputs x are not finite"
        layers = self._all_layers() if isinstance(self, Layer) else []
        put_back, found = self._note_moving(), []
        streams = random_streams(layers)
        states = [stream.state for stream in streams]

        def look(layer, outputs):
            if not all(np.isfinite(output.numpy()).all() for output in tree.flatten(outputs)):
                found.append(layer.name)
            return outputs

        def watched(layer, run, args, kwargs):
            return look(layer, run(args, kwargs))

        try:
            for layer in layers:
                vars(layer)["_run"] = partial(watched, layer, layer._run)
            if self._graph_outputs() is None:
                self(x, training=True)
            else:
                self.run(x, training=True, observe=look)
        finally:
            for layer in layers:
                vars(layer).pop("_run", None)
            put_back()
            for stream, state in zip(streams, states, strict=True):
                stream.state = state
        return (
            f"{found[0]!r} is the first layer with an output that is not finite"
            if found
            else "the outputs are finite, so it comes from the targets or from the loss"
        )

    # -- metrics -------------------------------------------------------------------------------

    def _watched(self):
        """(name in the logs, metric): those of `compile`, then those that layers hold."""
        if self._scoring is None or self._scoring.names is None:  # more of them are to come
            return self._find_watched()
        return self._collect("watched", self._find_watched)

    def _find_watched(self):
        compiled = self._scoring.labelled if self._scoring else []
        held = self._walk().values() if isinstance(self, Layer) else [parts_in(self)]
        known = {metric for _, metric in compiled}
        found = dict.fromkeys(p for parts in held for p in parts if isinstance(p, metrics.Metric))
        watched = [*compiled, *((metric.name, metric) for metric in found if metric not in known)]
        check_distinct(watched)
        return watched

    @property
    def metrics(self):
        """All metrics: the mean loss, those of `compile`, and those that layers hold."""
        return [metric for _, metric in self._watched()]

    @property
    def metrics_names(self):
        """The names of the metrics in the logs; the first is "loss"."""
        return [name for name, _ in self._watched()]

    def get_metrics_result(self):
        """The logs: the value of every metric over all batches since the last reset.

        On a GPU they are tensors that stay there, so that a step need not wait for them.
        """
        logs = {name: metric.result() for name, metric in self._watched()}
        return logs_to_python(logs) if on_host() else logs

    def reset_metrics(self):
        """Start all metrics anew."""
        watched = [metric for _, metric in self._watched()]
        for metric in dict.fromkeys([*watched, *self.metrics]):  # a subclass may have its own list
            metric.reset_state()

    # -- loops ---------------------------------------------------------------------------------

    def fit(
        self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None,
        validation_split=0.0, validation_data=None, shuffle=True, class_weight=None,
        sample_weight=None, initial_epoch=0, steps_per_epoch=None, validation_steps=None,
        validation_batch_size=None, validation_freq=1,
    ):  # fmt: skip
        """Train for some epochs: in each, every sample is seen once. Returns a `History`.

        `x` is arrays, with targets `y`; or a generator, a PyDataset or a loader that yields batches
        (x, y) or (x, y, sample_weight). `validation_split` holds back the last part of the arrays,
        before shuffling. `class_weight` maps a class to the weight of its samples.
        What can be checked is checked before the first step (ValueError). Whatever ends training
        early, Ctrl-C too, leaves the weights as they were after the last complete step.
        """
        self._need_compile("fit")
        check_counts(epochs=epochs, optional=False)
        check_counts(initial_epoch=initial_epoch, least=0, optional=False)
        check_counts(steps_per_epoch=steps_per_epoch, validation_steps=validation_steps)
        check_counts(validation_batch_size=validation_batch_size)
        given = prepare(x, y, sample_weight)
        held_back = None if validation_data is None else prepare_validation(validation_data)
        if validation_split and held_back is None:
            given, held_back = split(*given, validation_split)
        names = self._scoring.names
        batches = make_batches(
            given, batch_size, shuffle, self.random, steps_per_epoch, class_weight, names
        )
        self._check_targets(given)
        validation, is_due = None, validation_schedule(validation_freq)
        if held_back is not None:
            if validation_batch_size is None and not is_stream(held_back[0]):
                validation_batch_size = batch_size
            validation = make_batches(held_back, validation_batch_size, steps=validation_steps)
            self._check_targets(held_back)
            due = sum(is_due(epoch + 1) for epoch in range(initial_epoch, epochs))
            check_reusable(held_back[0], due, validation_steps)

        self.history = History()
        callbacks = self._callback_list(callbacks, batches, verbose, epochs, self.history)
        data = [batches] if validation is None else [batches, validation]
        session = Session(range(initial_epoch, epochs), data, callbacks)
        with self._one_session(session), deferred_interrupts.listening():
            self.stop_training = self.stop_at_once = False
            try:
                callbacks.tell("on_train_begin", {})
                logs = session.logs
                for epoch in session.epochs:
                    self._start_metrics()
                    callbacks.tell("on_epoch_begin", epoch, {})
                    found = self._train_epoch(batches, callbacks, epoch)
                    if found is None:
                        break
                    logs = found
                    if validation is not None and is_due(epoch + 1):
                        where = f"the validation of epoch {epoch + 1}"
                        scores = self._test_epoch(validation, callbacks, where)
                        logs |= {f"val_{name}": value for name, value in scores.items()}
                    callbacks.tell("on_epoch_end", epoch, logs)
                    if self.stop_training or batches.ran_out or (validation and validation.ran_out):
                        break
                with deferred_interrupts:
                    callbacks.end(logs)
            except BaseException as error:
                with deferred_interrupts:  # a second Ctrl-C waits until all is put in order
                    if not callbacks.ended:
                        callbacks.end({}, error, partial(close, x), partial(close, validation_data))
                raise
        return self.history

    def _train_epoch(self, batches, callbacks, epoch):
        """One epoch of steps; returns its logs, None if the data had run out before."""
        session, where = self._session, f"epoch {epoch + 1}"
        self._collected.clear()  # at its beginning, callbacks may have frozen layers
        done, session.done = session.done, 0
        logs = session.logs if done else None
        logs = self._each_batch("train", batches, callbacks, self._whole_step, where, done, logs)
        if logs is None and not self.history.epoch:
            raise ValueError("the data are empty: there was not a single batch")
        if logs is None and not batches.ran_out:
            warnings.warn(
                f"the data ran out before epoch {epoch + 1}: training stops here. A generator "
                "can be run through once only.",
                stacklevel=3,
            )
        return logs

    def evaluate(
        self, x=None, y=None, batch_size=None, verbose="auto", sample_weight=None, steps=None,
        callbacks=None, return_dict=False,
    ):  # fmt: skip
        """The loss, and the metrics if there are any, over all samples.

        Returns the loss as a float, or a list of loss, losses of the outputs and metrics, or a
        dict.
        """
        self._need_compile("evaluate")
        given = prepare(x, y, sample_weight)
        batches = make_batches(given, batch_size, steps=steps)
        self._check_targets(given)
        with self._collecting():
            logs = self._test_epoch(batches, self._callback_list(callbacks, batches, verbose))
        return logs if return_dict else values_of(logs)

    def _test_epoch(self, batches, callbacks, where="the evaluation"):
        """Score all batches; returns the logs."""
        self._start_metrics()
        batches.rewind()
        callbacks.tell("on_test_begin", {})
        logs = self._each_batch("test", batches, callbacks, self.test_step, where)
        if logs is None:
            raise ValueError("the data to evaluate are empty: there was not a single batch")
        callbacks.tell("on_test_end", logs)
        return logs

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """The outputs for all samples, as NumPy arrays in the structure of the model's output.

        `verbose="auto"` shows a bar on a terminal and nothing elsewhere.
        """
        batches = make_batches(prepare(x), batch_size, steps=steps)
        shown = int(is_terminal(sys.stdout)) if verbose == "auto" else verbose
        callbacks = self._callback_list(callbacks, batches, shown)
        results = []

        def predict_step(data):
            results.append(self.predict_on_batch(data[0]))
            return {}

        callbacks.tell("on_predict_begin", {})
        self._each_batch("predict", batches, callbacks, predict_step, "the prediction")
        if not results:
            raise ValueError("the data to predict from are empty: there was not a single batch")
        callbacks.tell("on_predict_end", {})
        parts = zip(*(tree.flatten(result) for result in results), strict=True)
        return tree.pack(results[0], [np.concatenate(part) for part in parts])

    def _each_batch(self, moment, batches, callbacks, step, where, done=0, logs=None):
        """Do one step with each batch, and tell the callbacks.

        Returns the logs of the last step, None if there was no batch. `moment` is the word
        in the names of the hooks; `where` is what an error is told it was in. So many batches are
        `done` already, the last of them with these `logs`.
        """
        begin, end = f"on_{moment}_batch_begin", f"on_{moment}_batch_end"
        wanted = callbacks.listens(end)
        data = None
        try:
            for batch in batches.epoch(done):
                callbacks.tell(begin, done, {})
                with np.errstate(all="ignore"):  # `_look_at` says it once, and says where
                    logs = step(data := pack(*batch))
                if wanted:
                    shown = logs_to_python(logs) if on_host() else LazyLogs(logs)
                    callbacks.tell(end, done, shown)
                done += 1
                if moment == "train" and self.stop_at_once:
                    break
        except Exception as error:
            error.add_note(f"in {where}, after {done} complete batches")
            raise
        if not done:
            return None
        logs = logs_to_python(logs)
        if moment == "train" and data and "loss" in logs and not on_host():
            self._look_at(logs["loss"], data[0])
        return logs

    def _whole_step(self, data):
        """A training step that, if it fails, leaves the moving averages of layers alone too."""
        put_back, made = self._note_moving(), self.optimizer.iterations
        try:
            return self.train_step(data)
        except BaseException:
            if self.optimizer.iterations == made:  # else Ctrl-C came, but the step is complete
                put_back()
            raise

    def _find_moving(self):
        learning = set(self._collect("weights", lambda: self.trainable_weights))
        return [variable for variable in self.weights if variable not in learning]

    def _note_moving(self):
        """A function that puts moving averages back to where they are now."""
        moving = self._collect("moving", self._find_moving) if self.built else []
        values = [variable.value for variable in moving]

        def put_back():
            with deferred_interrupts:
                for variable, value in zip(moving, values, strict=True):
                    variable.value = value

        return put_back

    # -- single batches ------------------------------------------------------------------------

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """Learn from one batch. Returns its loss, or a list or dict with its metrics too."""
        self._need_compile("train_on_batch")
        x, y, sample_weight = prepare(x, y, sample_weight)
        sample_weight = weigh_classes(y, sample_weight, class_weight, self._scoring.names)
        return self._one_step(self._whole_step, pack(x, y, sample_weight), return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Score one batch. Returns its loss, or a list or dict with its metrics too."""
        self._need_compile("test_on_batch")
        return self._one_step(self.test_step, pack(*prepare(x, y, sample_weight)), return_dict)

    def _one_step(self, step, data, return_dict):
        with self._collecting(), np.errstate(all="ignore"):
            self.reset_metrics()
            logs = logs_to_python(step(data))
        return logs if return_dict else values_of(logs)

    def predict_on_batch(self, x):
        """The outputs for one batch, as NumPy arrays."""
        return tree.map(lambda output: output.numpy(), self(x, training=False))

    # -- helpers of the loops ------------------------------------------------------------------

    def _collect(self, name, collect):
        """What `collect` gives, and in an epoch what it gave at the first time."""
        if self._collected is None:
            return collect()
        if name not in self._collected:
            self._collected[name] = collect()
        return self._collected[name]

    @contextmanager
    def _collecting(self):
        """Within the block things are collected once, for that takes time."""
        outer, self._collected = self._collected, UserDict()  # no dict: layers look into those
        try:
            yield
        finally:
            self._collected = outer

    def _start_metrics(self):
        """Forget what was seen and collected before."""
        self._collected.clear()
        self.reset_metrics()

    def _check_targets(self, given):
        x, y, sample_weight = given
        if is_stream(x):
            return
        self._scoring.check(y, sample_weight, self._graph_outputs())
        if getattr(self, "runs_its_plan", False):
            with tracing(keep=False):
                self.bind(tree.map(lambda array: Tensor(array[:0]), x))

    def _callback_list(self, callbacks, batches, verbose, epochs=None, history=None):
        """The user's callbacks, then our own, which so see what the user's put into the logs.

        Last come backups, which keep the state of all the others.
        """
        params = {"steps": batches.steps, "verbose": verbosity(verbose)}
        if epochs is not None:
            params["epochs"] = epochs
        own = [ProgbarLogger()] if params["verbose"] else []
        own += [] if history is None else [history]
        callbacks = sorted([*as_list(callbacks), *own], key=is_backup)
        return CallbackList(callbacks, self, params)

    @contextmanager
    def _one_session(self, session):
        """Only one `fit` of a model at a time."""
        if self._session is not None:
            raise ValueError("this model is being fitted already; wait until that ends")
        self._session, before = session, dict(vars(context))
        try:
            with self._collecting():
                yield
        finally:
            vars(context).clear()  # Ctrl-C can skip what puts settings back
            vars(context).update(before)
            self._session = None


def count(array):
    """The number of samples in an array or tensor; 1 for a single number."""
    return array.shape[0] if array.shape else 1


def close(x):
    """Let go of a generator that was left half way."""
    if hasattr(x, "close") and iter(x) is x:
        x.close()


def prepare_validation(given):
    """`validation_data` as `prepare` gives it: (x, y), (x, y, sample_weight) or a stream."""
    if is_stream(given):
        return prepare(given)
    if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
        raise ValueError("validation_data must be (x, y), (x, y, sample_weight) or yield batches")
    return prepare(*given)


def check_reusable(x, times, steps):
    """Raise ValueError if validation data of one pass are to be used more often than once."""
    if runs_once(x) and times > 1 and steps is None:
        raise ValueError(
            f"validation_data is a {type(x).__name__}, which can be run through once only, but "
            f"{times} epochs are to be validated: give arrays, or an object that starts anew at "
            "each `iter`; for an endless generator give validation_steps"
        )


def validation_schedule(frequency):
    """A function that says whether epoch number 1, 2, ... is validated."""
    if isinstance(frequency, (list, tuple)):
        return lambda epoch: epoch in frequency
    check_counts(validation_freq=frequency)
    return lambda epoch: epoch % frequency == 0


def verbosity(verbose):
    """0, 1 or 2; "auto" means 1."""
    return 1 if check_choice(verbose, (0, 1, 2, "auto"), "verbose") == "auto" else int(verbose)
