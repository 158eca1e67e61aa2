"""Training: the loop around batches, tape, loss, optimizer, metrics and callbacks.

One step reads: run the model with a tape open, compare its outputs with the targets, ask the tape
for the gradients, add the batch to the running metrics, let the optimizer update the weights.
`Trainer` does that for every `Trainee`: a plain class that can be called and has weights, or a
`Model`, which inherits both from `Layer` and from `Trainer`.
"""

import functools
import operator
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from .. import metrics, optimizers
from ..callbacks.base import (
    Callback,
    CallbackList,
    History,
    ProgbarLogger,
    as_list,
    is_backup,
    is_terminal,
)
from ..core import registry, tree
from ..core.checks import check_choice, check_counts
from ..core.docstrings import share_arguments
from ..core.interrupts import deferred_interrupts, restores_context
from ..core.output import warn_caller
from ..core.random import RandomStream
from ..core.tensor import Tape, Tensor, Variable
from ..core.types import Config, Logs, TensorLike
from ..graph.guards import check_arrays_fit, check_values
from ..graph.plan import Plan, collect
from ..graph.tracking import parts_in
from ..metrics import Metric
from ..optimizers import Optimizer
from ..saving.model import kept_states
from .data import Batches, Triple, is_stream, make_batches, pack, prepare, unpack, weigh_classes
from .diagnostics import explain_nonfinite, restored_on_error
from .logs import LazyLogs, fetch_logs, on_host, values_of
from .scoring import Comparison, Labelled, Scoring, check_distinct
from .session import (
    Cache,
    Session,
    ValidationSettings,
    check_not_running,
    check_reusable,
    prepare_data,
    restores_state,
    validation_schedule,
)

Callbacks = Callback | Sequence[Callback] | None


class Trainee(Protocol):
    """What `Trainer` needs from a class that inherits from it: trainable weights, and a call.

    Everything else has a default in `Trainer`, so it may be left out:

    * `non_trainable_weights`: weights that a call itself may change, such as moving averages. A
      step that fails leaves them as they were.
    * `losses`: what the latest call has added to the loss.
    * `built`: whether the weights exist already, or only after the first call.
    * `random`: the stream that shuffling draws from.
    * `plan`: the graph that a call runs, with the symbolic inputs and outputs, or None; with
      `output_names` for its outputs. `runs_its_plan` says that a call does nothing else. Then
      data are checked before the first step.

    Methods for files and pictures, such as `save`, belong to `Model` only.
    """

    @property
    def trainable_weights(self) -> Sequence[Variable]:
        """The variables that the optimizer updates, in a fixed order."""
        ...

    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """The outputs for one batch: a tensor, or a list, tuple or dict of tensors.

        Args:
            x: The inputs of the batch: an array, or a structure of arrays.
            training: True for a training step, False otherwise; None (default) leaves it open.
        """
        ...


# ---------------------------------------------------------------------------------------------
# Training


class Trainer:
    """The training methods of a model: `compile`, `fit`, `evaluate`, `predict`.

    A subclass has `trainable_weights` and can be called (see `Trainee`). If it has
    another base, such as a layer, that one comes first, so that it hides the defaults. Override
    `train_step`, `test_step` or `compute_loss` to change what a step does.
    """

    # What a `Trainee` must provide. `arranged` is needed only if it runs a plan.
    trainable_weights: Sequence[Variable]
    __call__: Callable[..., Any]
    arranged: Callable[..., list[Any]]

    # What a `Trainee` may leave out.
    non_trainable_weights: Sequence[Variable] = ()
    losses: Sequence[Tensor] = ()
    built: bool = True
    plan: Plan | None = None
    output_names: list[str] | None = None
    runs_its_plan: bool = False

    # Any, since each is None at first, and checking that at every use would be tedious.
    optimizer: Any = None  # the Optimizer, once compiled
    history: Any = None  # the History of the latest `fit`
    _scoring: Any = None  # the Scoring, once compiled
    _session: Any = None  # the Session of the running `fit`
    _cache: Any = None  # the Cache of this epoch, or of this step alone

    stop_training: bool = False  # set by a callback: this epoch is the last one
    stop_at_once: bool = False  # set by a callback: this batch is the last one

    def __getstate__(self) -> dict[str, Any]:
        """What a copy gets: all but a running `fit`, which is not the copy's."""
        return vars(self) | {"_session": None, "_cache": None}

    @functools.cached_property
    def random(self) -> RandomStream:
        """The stream that shuffling draws from."""
        return RandomStream()

    def get_weights(self) -> list[np.ndarray]:
        """The values of all weights, as a list of NumPy arrays (copies)."""
        return [np.array(v.numpy()) for v in [*self.trainable_weights, *self.non_trainable_weights]]

    def set_weights(self, values: Sequence[TensorLike]) -> None:
        """Assign all weights at once, in the order of `get_weights`.

        Args:
            values: One array for each weight, of its shape.
        """
        variables = [*self.trainable_weights, *self.non_trainable_weights]
        arrays = check_values(values, variables, type(self).__name__)
        with deferred_interrupts:
            for variable, array in zip(variables, arrays, strict=True):
                variable.assign(array)

    def _walk(self) -> dict[Any, list[Any]]:
        """Each layer, or other object that holds variables and metrics, with its parts."""
        return {self: parts_in(self)}

    # -- settings ------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: str | Optimizer | type[Optimizer] | Config = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Choose how to train: the optimizer, a loss and metrics for each output.

        A loss, a weight of a loss or a list of metrics is given for all outputs at once, or as a
        list in the order of the outputs, or as a dict by output name.

        Args:
            optimizer: An Optimizer, its name, class or config (default "rmsprop").
            loss: A Loss, its name, or a function (y_true, y_pred); None (default) trains on what
                layers add to the loss alone. For some outputs only, a list has None for the
                others, and a dict leaves them out.
            loss_weights: The factor of each output's loss in the sum; None (default) means 1.
            metrics: Metrics, their names, or functions (y_true, y_pred), which ignore the sample
                weights; None (default) for none. "accuracy" takes the form that fits the shapes.
            weighted_metrics: Metrics of the same kinds, which count the sample weights; None
                (default) for none.
            run_eagerly: Changes nothing, since every step runs eagerly (default False).
            steps_per_execution: Changes nothing, for the same reason (default 1).
            jit_compile: Changes nothing, for the same reason (default "auto").
        Raises ValueError for unknown names, wrong keys and wrong counts.
        Example:
            >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
            >>> model.compile("sgd", loss="mean_squared_error", metrics=["mean_absolute_error"])
            >>> model.metrics_names
            ['loss', 'mean_absolute_error']
        """
        scoring = Scoring(loss, loss_weights, metrics, weighted_metrics)
        if self.plan is not None:
            scoring.prepare_outputs(self.plan.output, self.output_names)
        found = optimizers.get(optimizer)
        if found is None:
            raise ValueError("compile needs an `optimizer`: a name or an Optimizer; got None")
        self.optimizer, self._scoring = found, scoring

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self._scoring is not None

    def get_compile_config(self) -> Config | None:
        """The compile settings as plain JSON, or None before `compile`."""
        if not self.compiled:
            return None
        return registry.serialize({"optimizer": self.optimizer, **self._scoring.given})

    @restores_context
    def compile_from_config(
        self, config: Config, custom_objects: dict[str, Any] | None = None
    ) -> None:
        """Compile with the settings that `get_compile_config` returned.

        Args:
            config: What `get_compile_config` gave.
            custom_objects: The class or function behind each name in the config that is not
                registered; None (default) if all are known.
        """
        with registry.custom_object_scope(custom_objects or {}):
            self.compile(**registry.deserialize(config))

    def _need_compile(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"call compile(optimizer=..., loss=...) before {method}()")
        if self.plan is not None and self._scoring.names is None:  # it was built after `compile`
            self._scoring.prepare_outputs(self.plan.output, self.output_names)

    # -- one step ------------------------------------------------------------------------------

    def train_step(self, data: Any) -> Logs:
        """Train on one batch. Returns the logs so far.

        Args:
            data: The batch: x alone, (x,) for a list of inputs, (x, y) or (x, y, sample_weight).
        """
        x, y, sample_weight = unpack(data)
        with Tape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
        if on_host():
            self._warn_if_not_finite(loss.value, x)
        weights = self._cached("weights", lambda: self.trainable_weights)
        gradients = tape.gradient(loss, weights) if weights else []
        logs = self._score(x, y, y_pred, sample_weight, loss)
        self._learn(gradients, weights)  # last: an error before this leaves the weights unchanged
        return logs

    def _learn(self, gradients: Sequence[Tensor | None], weights: Sequence[Variable]) -> None:
        """Update the weights, except those that only outputs without a loss depend on.

        Other weights without a gradient stay in, so that the optimizer warns of them.
        """
        if any(gradient is None for gradient in gradients):
            idle = self._cached("idle", self._idle_weights)
            pairs = zip(gradients, weights, strict=True)
            pairs = [(g, w) for g, w in pairs if g is not None or w not in idle]
            if pairs:  # else nothing can be trained, and the optimizer says so
                gradients, weights = zip(*pairs, strict=True)
        if weights:
            self.optimizer.apply(gradients, weights)

    def _idle_weights(self) -> set[Variable]:
        """The weights of the layers that no output with a loss depends on."""
        trained = [output.loss is not None for output in self._scoring.outputs]
        if all(trained) or self.plan is None:
            return set()
        pairs = zip(self.plan.outputs, trained, strict=True)
        ends = [symbol for symbol, is_trained in pairs if is_trained]
        nodes = collect(self.plan.inputs, ends)
        layers = [node.layer for node in nodes if node.layer is not None]
        needed = {weight for layer in layers for weight in layer.weights}
        return set(self.trainable_weights) - needed

    def test_step(self, data: Any) -> Logs:
        """Evaluate one batch without training on it. Returns the logs so far.

        Args:
            data: The batch: x alone, (x,) for a list of inputs, (x, y) or (x, y, sample_weight).
        """
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
        return self._score(x, y, y_pred, sample_weight, loss)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The loss of one batch, which training minimizes.

            sum over the outputs of weight * loss, plus every loss that a layer has added

        Args:
            x: The inputs, which only an override may need; None (default) is fine here.
            y: The targets, in the structure of the outputs; None (default) if no loss needs any.
            y_pred: The outputs of the model for `x`; None (default) only if nothing reads them.
            sample_weight: The weight of each sample in the loss; None (default) weighs all alike.
            training: Whether this is a training step, which only an override may need (default
                True).
        Raises ValueError if there is no loss at all, or if a target is missing or does not fit.
        """
        terms = []
        for output, target, found, weight in self._comparisons(y, y_pred, sample_weight):
            if output.loss is None:
                continue
            loss = output.loss(target, found, weight)
            if len(self._scoring.outputs) > 1:
                output.mean_loss.update_state(loss, batch_size_of(found))
            terms.append(loss if output.weight == 1 else loss * output.weight)
        terms += self.losses
        if not terms:
            raise ValueError(
                "there is no loss to minimize: give compile() a `loss`, or call add_loss in a layer"
            )
        return functools.reduce(operator.add, terms)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Logs:
        """Add one batch to the metrics of all outputs. Returns the logs so far.

        Args:
            x: The inputs, which only an override may need.
            y: The targets, in the structure of the outputs.
            y_pred: The outputs of the model for `x`.
            sample_weight: The weight of each sample, which weighted metrics count; None (default)
                weighs all alike.
        """
        for output, target, found, weight in self._comparisons(y, y_pred, sample_weight):
            for metric in output.metrics:
                metric.update_state(target, found)
            for metric in output.weighted_metrics:
                metric.update_state(target, found, weight)
        return self.get_metrics_result()

    def _comparisons(self, y: Any, y_pred: Any, sample_weight: Any) -> list[Comparison]:
        """A tuple (output scoring, target, prediction, weight) for each output that is scored."""
        if self._scoring.names is None:  # the first batch shows how many outputs there are
            names = self.output_names if self.plan is not None else None
            self._scoring.prepare_outputs(y_pred, names)
        given, pair = (y, y_pred, sample_weight), self._scoring.compare_batch
        cache = self._own_cache
        return pair(*given) if cache is None else cache.comparisons(given, pair)

    def _score(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Tensor) -> Logs:
        """Add one batch to the mean loss, weighted by its number of samples, and to the metrics."""
        self._scoring.mean_loss.update_state(loss, batch_size_of(tree.flatten(x)[0]))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def _warn_if_not_finite(self, loss: Any, x: Any) -> None:
        """Warn, once in a `fit`, that the loss is NaN or infinite, and say where that began."""
        if self._session is None or self._session.warned or np.isfinite(loss).all():
            return
        self._session.warned = True
        warnings.warn(
            f"the loss is {float(loss)}: {explain_nonfinite(self, x)}. A smaller learning rate "
            "or scaled inputs may help.",
            stacklevel=2,
        )

    # -- metrics -------------------------------------------------------------------------------

    def _labelled_metrics(self) -> list[Labelled]:
        """Pairs (name in the logs, metric): those of `compile`, then those that layers hold."""
        if self._scoring is None or self._scoring.names is None:  # more will be added
            return self._find_metrics()
        return self._cached("metrics", self._find_metrics)

    def _find_metrics(self) -> list[Labelled]:
        compiled = self._scoring.labelled if self._scoring else []
        known = {metric for _, metric in compiled}
        parts = [part for parts in self._walk().values() for part in parts]
        held = dict.fromkeys(part for part in parts if isinstance(part, metrics.Metric))
        labelled = [*compiled, *((metric.name, metric) for metric in held if metric not in known)]
        check_distinct(labelled)
        return labelled

    @property
    def metrics(self) -> list[Metric]:
        """All metrics: the mean loss, those of `compile`, and those that layers hold."""
        return [metric for _, metric in self._labelled_metrics()]

    @property
    def metrics_names(self) -> list[str]:
        """The names of the metrics in the logs; the first is "loss"."""
        return [name for name, _ in self._labelled_metrics()]

    @property
    def _makes_own_logs(self) -> bool:
        """Whether a subclass decides what the logs hold."""
        methods = ("train_step", "test_step", "compute_metrics", "get_metrics_result")
        return any(getattr(type(self), m) is not getattr(Trainer, m) for m in methods)

    def get_metrics_result(self) -> Logs:
        """The logs: the value of every metric over all batches since the last reset.

        On a GPU they are tensors that stay there, so that a step need not wait for them.
        """
        logs = {name: metric.result() for name, metric in self._labelled_metrics()}
        return fetch_logs(logs) if on_host() else logs

    def reset_metrics(self) -> None:
        """Reset all metrics."""
        labelled = [metric for _, metric in self._labelled_metrics()]
        for metric in dict.fromkeys([*labelled, *self.metrics]):  # a subclass may have its own list
            metric.reset_state()

    # -- fit -----------------------------------------------------------------------------------

    @restores_state
    @deferred_interrupts.listening
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Callbacks = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | list[int] | tuple[int, ...] = 1,
    ) -> History:
        """Train for a number of epochs, each a pass over all samples. Returns a `History`.

        What can be checked is checked before the first step (ValueError). Whatever ends training
        early, Ctrl-C too, leaves the weights as they were after the last complete step.

        Args:
            x: Arrays with an axis of samples, one for each input in a list, tuple or dict; or a
                generator, a PyDataset or a loader that yields batches (x, y) or
                (x, y, sample_weight); None (default) is refused.
            y: The targets, an array for each output; None (default) if `x` brings them, or if no
                loss needs any.
            batch_size: How many samples make a batch; None (default) means 32. A source of batches
                decides that itself; then another value is ignored, with a warning.
            epochs: The number of the last epoch, counted from 1 (default 1).
            verbose: 0 prints nothing, 1 a bar, 2 a line without a bar; "auto" (default) means 1.
            callbacks: A Callback or a list of them; None (default) for none.
            validation_split: The share of the samples, from 0 to 1, that is held back for
                validation: the last ones, before shuffling (default 0.0).
            validation_data: What to validate on: (x, y), (x, y, sample_weight) or a source of
                batches, in place of a split; None (default) for none.
            shuffle: Whether each epoch takes the samples of arrays, or the batches of a PyDataset,
                in a new random order (default True).
            class_weight: A dict that maps each class to the weight of its samples, one for each
                output; None (default) weighs all alike.
            sample_weight: The weight of each sample in the loss, an array for each output; None
                (default) weighs all alike.
            initial_epoch: How many epochs are done already, and left out of `epochs` (default 0).
            steps_per_epoch: How many batches make an epoch; None (default) means one pass through
                the data.
            validation_steps: How many batches make a validation; None (default) means one pass.
            validation_batch_size: How many samples make a batch of a validation; None (default)
                means as many as in training.
            validation_freq: Every how many epochs there is a validation, or a list of the epochs,
                counted from 1 (default 1).
        Example:
            >>> layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
            >>> model = keras.Sequential([keras.Input((1,)), layer])
            >>> model.compile(keras.optimizers.SGD(0.25), loss="mean_squared_error")
            >>> model.fit(np.array([[1.0]]), np.array([[4.0]]), epochs=3, verbose=0).history
            {'loss': [16.0, 4.0, 1.0]}
            >>> layer.get_weights()[0].tolist()
            [[3.5]]
        """
        validation = ValidationSettings(
            validation_data, validation_split, validation_batch_size, validation_steps,
            validation_freq,
        )  # fmt: skip
        session = self._open_session(
            (x, y, sample_weight), class_weight, batch_size, steps_per_epoch, shuffle,
            initial_epoch, epochs, callbacks, verbose, validation,
        )  # fmt: skip
        with Cache(self, "fit"):
            session.open()
            try:
                session.begin()
                for epoch in session.epochs:
                    logs = self._train_epoch(session, epoch)
                    if logs is None:  # the data had run out before
                        break
                    if session.validates(epoch):
                        logs |= self._validate(session, epoch)
                    session.end_epoch(epoch, logs)
                    if session.is_over:
                        break
                session.end()
            except BaseException as error:
                session.fail(error)
                raise
        return session.history

    def _train_epoch(self, session: Session, epoch: int) -> Logs | None:
        """One epoch of steps; returns its logs, None if the data had run out before."""
        self._reset_metrics_and_cache()
        session.callbacks.notify("on_epoch_begin", epoch, {})
        self._cache.clear()  # once more: a callback may have frozen layers
        # A fit that resumes begins amid its first epoch: `done` batches were made before.
        done, session.done = session.done, 0
        logs = session.logs if done else None
        logs = self._run_steps(
            "train", session.batches, session.callbacks, self._atomic_step, f"epoch {epoch + 1}",
            done, logs,
        )  # fmt: skip
        if logs is None and not session.history.epoch:
            raise ValueError("the data are empty: there were no batches")
        if logs is None and not session.batches.ran_out:
            warn_caller(
                f"the data ran out before epoch {epoch + 1}: training stops here. A generator "
                "can be iterated over only once."
            )
        return logs

    def _run_steps(
        self,
        moment: str,
        batches: Batches,
        callbacks: CallbackList,
        step: Callable[[Any], Logs],
        where: str,
        done: int = 0,
        logs: Any = None,
    ) -> Logs | None:
        """Do one step with each batch, and notify the callbacks.

        Returns the logs of the last step, None if there was no batch. `moment` is the word in the
        names of the hooks; `where` goes into the notes of an error. The first `done` batches are
        skipped: they are done already, the last of them with these `logs`.
        """
        begin, end = f"on_{moment}_batch_begin", f"on_{moment}_batch_end"
        wanted = callbacks.listens(end)
        data = None
        try:
            for batch in batches.epoch(done):
                callbacks.notify(begin, done, {})
                with np.errstate(all="ignore"):  # `_warn_if_not_finite` warns once, and says where
                    logs = step(data := pack(*batch))
                if wanted:
                    shown = fetch_logs(logs) if on_host() else LazyLogs(logs)
                    callbacks.notify(end, done, shown)
                done += 1
                if moment == "train" and self.stop_at_once:
                    break
        except Exception as error:
            error.add_note(f"in {where}, after {done} complete batches")
            raise
        if not done:
            return None
        logs = fetch_logs(logs)
        if moment == "train" and "loss" in logs and not on_host():
            self._warn_if_not_finite(logs["loss"], unpack(data)[0])
        return logs

    def _atomic_step(self, data: Any) -> Logs:
        """A training step that, if it fails, leaves moving averages alone too."""
        before = self.optimizer.iterations
        with restored_on_error(
            self._moving_averages(),
            unless=lambda: self.optimizer.iterations != before,  # Ctrl-C came after the update
        ):
            return self.train_step(data)

    def _moving_averages(self) -> Sequence[Variable]:
        """The weights that a call itself may change, and the states that layers keep."""
        if not self.built:
            return ()
        return self._cached(
            "moving averages", lambda: [*self.non_trainable_weights, *kept_states(self._walk())]
        )

    def _validate(self, session: Session, epoch: int) -> Logs:
        """Validate an epoch and return the logs."""
        where = f"the validation of epoch {epoch + 1}"
        assert session.validation is not None  # else no epoch is validated
        logs = self._test_epoch(session.validation, session.callbacks, where)
        return {f"val_{name}": value for name, value in logs.items()}

    def _open_session(
        self,
        given: Triple,
        class_weight: Any,
        batch_size: int | None,
        steps: int | None,
        shuffle: bool,
        initial_epoch: int,
        epochs: int,
        callbacks: Callbacks,
        verbose: int | str,
        asked: ValidationSettings,
    ) -> Session:
        """Check the arguments of `fit`, and prepare its batches and callbacks."""
        self._need_compile("fit")
        check_not_running(self)
        check_counts(epochs=epochs, optional=False)
        check_counts(initial_epoch=initial_epoch, least=0, optional=False)
        check_counts(steps_per_epoch=steps, validation_steps=asked.steps)
        check_counts(validation_batch_size=asked.batch_size)
        streams = given[0], asked.data
        given, held_back = prepare_data(given, asked)
        names = self._scoring.names
        batches = make_batches(given, batch_size, shuffle, self.random, steps, class_weight, names)
        self._check_data(given)
        if self.plan is not None and not is_stream(given[0]):
            self._scoring.warn_of_metrics(given[1], given[2], self.plan.outputs)
        epochs_left, validation = range(initial_epoch, epochs), None
        is_due = validation_schedule(asked.freq)
        if held_back is not None:
            size = asked.batch_size
            if size is None and not is_stream(held_back[0]):
                size = batch_size
            validation = make_batches(held_back, size, steps=asked.steps)
            self._check_data(held_back)
            due = sum(is_due(epoch + 1) for epoch in epochs_left)
            check_reusable(held_back[0], due, asked.steps)
        history = History()
        notified = self._callback_list(callbacks, batches, verbose, epochs, history)
        session = Session(
            self, epochs_left, batches, validation, is_due, notified, history, streams
        )
        for callback in notified.callbacks:
            callback._check(session)
        return session

    def _check_data(self, given: Triple) -> None:
        """Check data before the first step, as far as inputs and outputs are known."""
        x, y, sample_weight = given
        if is_stream(x):
            return
        self._scoring.check(y, sample_weight, None if self.plan is None else self.plan.outputs)
        self._check_inputs(x)

    def _check_inputs(self, x: Any) -> None:
        """Check the inputs of all samples before the first batch, as far as a graph knows them."""
        if self.plan is not None and self.runs_its_plan and not is_stream(x):
            name = getattr(self, "name", type(self).__name__)
            check_arrays_fit(self.arranged(x), self.plan.inputs, name)

    # -- evaluate and predict ------------------------------------------------------------------

    @restores_state
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callbacks = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss, and the metrics if there are any, over all samples.

        Args:
            steps: How many batches to score; None (default) means one pass through the data.
            return_dict: Whether the numbers are returned in a dict by name (default False).
        Returns the loss as a float, or a list of the loss, the losses of the outputs and the
        metrics, or a dict.
        Raises ValueError if there is not a single batch.
        Example:
            >>> layer = keras.layers.Dense(1, kernel_initializer="ones")
            >>> model = keras.Sequential([keras.Input((1,)), layer])
            >>> model.compile("sgd", loss="mean_squared_error", metrics=["mean_absolute_error"])
            >>> model.evaluate(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]), verbose=0)
            [2.0, 1.0]
        """
        self._need_compile("evaluate")
        given = prepare(x, y, sample_weight)
        batches = make_batches(given, batch_size, steps=steps)
        self._check_data(given)
        with Cache(self, "evaluate"):
            logs = self._test_epoch(batches, self._callback_list(callbacks, batches, verbose))
        return logs if return_dict else values_of(logs)

    def _test_epoch(
        self, batches: Batches, callbacks: CallbackList, where: str = "the evaluation"
    ) -> Logs:
        """Score all batches; returns the logs."""
        self._reset_metrics_and_cache()
        batches.rewind()
        callbacks.notify("on_test_begin", {})
        logs = self._run_steps("test", batches, callbacks, self.test_step, where)
        if logs is None:
            raise ValueError("the data to evaluate are empty: there were no batches")
        callbacks.notify("on_test_end", logs)
        return logs

    @restores_context
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Callbacks = None,
    ) -> Any:
        """The outputs for all samples, as NumPy arrays in the structure of the model's output.

        Args:
            x: Arrays with an axis of samples, one for each input in a list, tuple or dict; or a
                source of batches, of which only the inputs are used.
            verbose: 0 prints nothing, 1 or 2 the progress; "auto" (default) shows a bar on a
                terminal and nothing elsewhere.
            steps: How many batches to run; None (default) means one pass through the data.
        Raises ValueError if there is not a single batch.
        Example:
            >>> layer = keras.layers.Dense(1, kernel_initializer="ones")
            >>> model = keras.Sequential([keras.Input((2,)), layer])
            >>> model.predict(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
            [[3.0], [7.0]]
        """
        given = prepare(x)
        batches = make_batches(given, batch_size, steps=steps)
        self._check_inputs(given[0])
        shown = int(is_terminal(sys.stdout)) if verbose == "auto" else verbose
        notified = self._callback_list(callbacks, batches, shown)
        results = []

        def predict_step(data: Any) -> Logs:
            results.append(self.predict_on_batch(unpack(data)[0]))
            return {}

        notified.notify("on_predict_begin", {})
        self._run_steps("predict", batches, notified, predict_step, "the prediction")
        if not results:
            raise ValueError("the data to predict from are empty: there were no batches")
        notified.notify("on_predict_end", {})
        parts = zip(*(tree.flatten(result) for result in results), strict=True)
        return tree.pack(results[0], [np.concatenate(part) for part in parts])

    # -- single batches ------------------------------------------------------------------------

    @restores_state
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch. Returns its loss, or a list or dict that includes its metrics.

        Args:
            x: The inputs of the batch: an array, or a structure of arrays.
            return_dict: Whether the numbers are returned in a dict by name (default False).
        Example:
            >>> layer = keras.layers.Dense(1, kernel_initializer="ones")
            >>> model = keras.Sequential([keras.Input((1,)), layer])
            >>> model.compile("sgd", loss="mean_squared_error")
            >>> model.train_on_batch(np.array([[1.0]]), np.array([[3.0]]))
            4.0
        """
        self._need_compile("train_on_batch")
        x, y, sample_weight = prepare(x, y, sample_weight)
        sample_weight = weigh_classes(y, sample_weight, class_weight, self._scoring.names)
        data = pack(x, y, sample_weight)
        return self._one_step("train_on_batch", self._atomic_step, data, return_dict)

    @restores_state
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Evaluate one batch. Returns its loss, or a list or dict that includes its metrics.

        Args:
            x: The inputs of the batch: an array, or a structure of arrays.
            return_dict: Whether the numbers are returned in a dict by name (default False).
        """
        self._need_compile("test_on_batch")
        data = pack(*prepare(x, y, sample_weight))
        return self._one_step("test_on_batch", self.test_step, data, return_dict)

    def _one_step(
        self, doing: str, step: Callable[[Any], Logs], data: Any, return_dict: bool
    ) -> Any:
        with Cache(self, doing), np.errstate(all="ignore"):
            self.reset_metrics()
            logs = fetch_logs(step(data))
        return logs if return_dict else values_of(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays.

        Args:
            x: The inputs: an array, or a structure of arrays.
        """
        return tree.map(lambda output: output.numpy(), self(x, training=False))

    # -- helpers of the loops ------------------------------------------------------------------

    def _cached(self, name: str, find: Callable[[], Any]) -> Any:
        """The value of `find()`; in a loop, the one computed first in this epoch."""
        cache = self._own_cache
        return find() if cache is None else cache.get(name, find)

    @property
    def _own_cache(self) -> Cache | None:
        """The cache of the loop that runs in this thread; a thread that predicts has none."""
        cache = self._cache
        return cache if cache is not None and cache.is_mine else None

    def _reset_metrics_and_cache(self) -> None:
        """Reset the metrics and clear the cache."""
        self._cache.clear()
        self.reset_metrics()

    def _callback_list(
        self,
        callbacks: Callbacks,
        batches: Batches,
        verbose: int | str,
        epochs: int | None = None,
        history: History | None = None,
    ) -> CallbackList:
        """The user's callbacks, then our own, so that ours see what the user's put into the logs.

        Backups come last, as they keep the state of all the others.
        """
        params = {"steps": batches.steps, "verbose": verbosity(verbose)}
        if epochs is not None:
            params["epochs"] = epochs
        own: list[Callback] = [ProgbarLogger()] if params["verbose"] else []
        own += [] if history is None else [history]
        return CallbackList(sorted([*as_list(callbacks), *own], key=is_backup), self, params)


share_arguments(  # what these take as `fit` does
    (Trainer.evaluate, Trainer.predict, Trainer.train_on_batch, Trainer.test_on_batch),
    Trainer.fit.__doc__ or "",
)


def batch_size_of(array: Any) -> int:
    """The number of samples in an array or tensor; 1 for a single number."""
    return array.shape[0] if array.shape else 1


def verbosity(verbose: Any) -> int:
    """0, 1 or 2; "auto" means 1."""
    return 1 if check_choice(verbose, (0, 1, 2, "auto"), "verbose") == "auto" else int(verbose)
