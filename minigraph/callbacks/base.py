"""Callbacks: objects that are notified of what happens during training, and may intervene."""

import csv
import inspect
import math
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np

from ..core.checks import check_numbers, is_size
from ..core.docstrings import Documented, share_arguments
from ..core.interrupts import deferred_interrupts
from ..core.names import printable
from ..core.output import encodable
from ..training.resume import begin, load, save
from . import checks
from .notebook import DisplayedText, displayed_text

Frequency = int | Literal["epoch"]  # after that many batches, or after each epoch


class Callback(Documented):
    """The base: override the hooks that you need.

    `model` and `params` (`epochs`, `steps`, `verbose`) are set before the first hook.
    `self.model.stop_training = True` ends training after the epoch. `remembers` names the
    attributes that `BackupAndRestore` keeps: numbers, strings, arrays, lists and dicts of these.

    Example:
        >>> class LossPrinter(keras.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(epoch, logs["loss"])
        >>> model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(keras.optimizers.SGD(0.125), "mse")
        >>> x, y = np.ones((1, 1)), np.zeros((1, 1))
        >>> history = model.fit(x, y, epochs=3, verbose=0, callbacks=[LossPrinter()])
        0 1.0
        1 0.25
        2 0.0625
    """

    # Set before the first hook. `model` and `logs` are Any: the trainer need not be a Model, and a
    # hook that is overridden may read `logs["loss"]` at once, though its default is None.
    model: Any = None
    params: Any = None
    remembers: tuple[str, ...] = ()
    sets_rate: bool = False  # whether it sets the learning rate, and writes that into the logs

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def set_model(self, model: Any) -> None:
        """Set `model`.

        Args:
            model: Model that is trained, evaluated or used for predictions.
        """
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Set `params`.

        Args:
            params: A dict with `verbose`, with `steps`, the number of batches (None if it is not
                known), and in `fit` with `epochs`, the number of the last one.
        """
        self.params = params

    def _check(self, session: Any) -> None:
        """Raise ValueError, or warn, where the settings of a `fit` do not suit this callback."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch, or when an error ends training."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch and its validation."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Another name for `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Another name for `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a training step."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Before an evaluation, including the validation of an epoch."""

    def on_test_end(self, logs: Any = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of a prediction."""


share_arguments(
    [hook for name, hook in vars(Callback).items() if name.startswith("on_")],
    """
    Args:
        epoch: Number of the epoch, from 0.
        batch: Number of the batch, from 0 in each epoch, evaluation or prediction.
        logs: Losses and metrics so far, by name; an empty dict where there are none (default None).
    """,
)


class CallbackList:
    """Several callbacks, notified one after the other.

    Hooks of single batches are called only where they are overridden, so that unused hooks cost
    nothing.

    Args:
        callbacks: A callback, a list of them, or None (default) for none.
        model: Model that the callbacks get (default None).
        params: Dict that the callbacks get as `params`; None (default) is an empty one.
    Raises ValueError for anything that is not a Callback.
    Example:
        >>> hello = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: print(epoch))
        >>> keras.callbacks.CallbackList([hello, hello]).notify("on_epoch_begin", 7, {})
        7
        7
    """

    ended: bool = False
    failed: bool = False

    def __init__(
        self, callbacks: Any = None, model: Any = None, params: dict[str, Any] | None = None
    ) -> None:
        self.callbacks: list[Callback] = as_list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                made = f": write {callback.__name__}(...)" if isinstance(callback, type) else ""
                raise ValueError(f"`callbacks` needs Callback objects, got {callback!r:.80}{made}")
        self.model: Any = model
        self.params: dict[str, Any] = params or {}
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(self.params)
        self._listeners = {
            hook: [callback for callback in self.callbacks if overrides(callback, hook)]
            for hook in dir(Callback)
            if "_batch_" in hook
        }

    def __repr__(self) -> str:
        return f"<CallbackList of {self.callbacks}>"

    def notify(self, hook: str, *args: Any) -> None:
        """Call one hook of every callback, such as `notify("on_epoch_end", epoch, logs)`.

        Args:
            hook: Name of the hook; the arguments of the hook follow it.
        """
        for callback in self._listeners.get(hook, self.callbacks):
            getattr(callback, hook)(*args)

    def listens(self, hook: str) -> bool:
        """Return whether any callback overrides a hook of single batches.

        Args:
            hook: Name of the hook.
        """
        return bool(self._listeners[hook])

    def end(self, logs: Any, error: BaseException | None = None, *acts: Callable[[], None]) -> None:
        """Finish training, perhaps after an error: run the `acts`, then notify every callback.

        Every callback is notified even if an earlier one fails. The first error is raised, unless
        it is the one that ended training, with the later ones in its notes.

        Args:
            logs: Losses and metrics of the last epoch, by name.
            error: Error that ended training; None (default) if it is complete. The functions that
                follow take no arguments, and are called first.
        """
        self.ended, self.failed, first = True, error is not None, error
        for act in (*acts, *(partial(c.on_train_end, logs) for c in self.callbacks)):
            try:
                act()
            except Exception as second:
                self.failed, first = True, first or second
                if first is not second:
                    name = getattr(act.func, "__qualname__", repr(act.func))
                    first.add_note(f"then {name} failed: {second!r}")
        if error is None and first is not None:
            raise first


def is_backup(callback: Callback) -> bool:
    """Return whether a callback keeps the state of all the others, and so must come last."""
    return isinstance(callback, BackupAndRestore)


def as_list(callbacks: Any) -> list[Any]:
    """None, one callback or several, as a list."""
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def overrides(callback: Callback, hook: str) -> bool:
    """Return whether a callback overrides a hook of single batches."""
    names = [hook, hook.replace("_train", "")] if "train" in hook else [hook]
    own = [getattr(getattr(callback, name), "__func__", None) for name in names]
    return any(fn is not getattr(Callback, name) for fn, name in zip(own, names, strict=True))


class History(Callback):
    """The result of `fit`: `history` maps each name in the logs to a list, one number per epoch.

    Example:
        >>> model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(keras.optimizers.SGD(0.125), "mse")
        >>> x, y = np.ones((1, 1)), np.zeros((1, 1))
        >>> found = model.fit(x, y, epochs=3, verbose=0)
        >>> isinstance(found, keras.callbacks.History), found.epoch
        (True, [0, 1, 2])
        >>> found.history
        {'loss': [1.0, 0.25, 0.0625]}
        >>> found
        <History of 3 epochs - loss: 0.0625>
    """

    remembers: tuple[str, ...] = ("history", "epoch")

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def __repr__(self) -> str:
        last = {name: values[-1] for name, values in self.history.items()}
        count = len(self.epoch)
        return f"<History of {count} epoch{'' if count == 1 else 's'}{numbers(last)}>"

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        with deferred_interrupts:
            self.epoch.append(epoch)
            for name, value in (logs or {}).items():
                self.history.setdefault(name, []).append(value)


class ProgbarLogger(Callback):
    """Print progress: one line with a bar for each epoch.

    On a terminal and in a notebook the line grows while the epoch runs; elsewhere only the finished
    line is printed. That one contains no times, and a notebook stores no other, so the same run
    prints the same text.

    Example:
        >>> model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(keras.optimizers.SGD(0.125), "mse")
        >>> x, y = np.ones((1, 1)), np.zeros((1, 1))
        >>> history = model.fit(x, y, epochs=2, verbose=2)  # `fit` adds a ProgbarLogger
        Epoch 1/2 - 1/1 - loss: 1.0000
        Epoch 2/2 - 1/1 - loss: 0.2500
    """

    WIDTH = 20
    PAUSE = 0.1  # seconds between two updates of the line

    label: str | None = None  # `Epoch 1/2`
    steps: int | None  # batches in the epoch, None if that is not known
    seen: int
    live: bool  # whether the line grows
    displayed: DisplayedText | None  # the output of a notebook that shows it
    started: float
    drawn: float
    length: int  # of the line

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        epochs = self.params.get("epochs", 1)
        self.label = f"Epoch {epoch + 1}/{epochs}" if epochs > 1 else None
        self.begin()
        if self.label and self.verbose == 1 and self.displayed is None:
            print(self.label)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.advance(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.finish(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        if self.alone:
            self.begin()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.alone:
            self.advance(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        if self.alone:
            self.finish(logs)

    on_predict_begin = on_test_begin  # a prediction is never part of a `fit`
    on_predict_batch_end = on_test_batch_end
    on_predict_end = on_test_end

    # -- the line ------------------------------------------------------------------------------

    @property
    def verbose(self) -> int:
        return self.params.get("verbose", 1)

    @property
    def alone(self) -> bool:
        """Return whether this is `evaluate` itself, rather than the validation of an epoch."""
        return "epochs" not in self.params

    def begin(self) -> None:
        """Start a new line."""
        self.steps, self.seen = self.params.get("steps"), 0
        self.displayed = displayed_text(sys.stdout) if self.verbose == 1 else None
        self.live = self.displayed is not None or (self.verbose == 1 and is_terminal(sys.stdout))
        self.started = self.drawn = time.monotonic()
        self.length = 0
        if self.displayed is not None:
            self.redraw(self.bar())

    def advance(self, batch: int, logs: Any) -> None:
        """Redraw the line after a batch, if it is time for that.

        Args:
            batch: Number of the batch, from 0.
            logs: Losses and metrics so far, by name.
        """
        self.seen = batch + 1
        now = time.monotonic()
        if self.live and now - self.drawn >= self.PAUSE:
            self.drawn = now
            speed = f"{1000 * (now - self.started) / self.seen:.0f}ms/step"
            self.redraw(encodable(f"{self.bar()} {speed}{numbers(logs)}"))

    def finish(self, logs: Any) -> None:
        """Print the finished line.

        Args:
            logs: Losses and metrics of all batches, by name, or None.
        """
        if self.verbose == 2:
            parts = [self.label] if self.label else []
            line = " - ".join([*parts, f"{self.seen}/{self.seen}"]) + numbers(logs)
            print(encodable(line))
        elif self.verbose == 1:
            self.steps = self.seen
            line = encodable(f"{self.bar()}{numbers(logs)}")
            if self.live:
                self.redraw(line)
            if self.displayed is None:
                print("" if self.live else line)

    def bar(self) -> str:
        """`12/750 ━━━━────────`"""
        if self.steps is None:
            return f"{self.seen}/Unknown"
        done = self.WIDTH * self.seen // max(self.steps, 1)
        count = f"{self.seen:>{len(str(self.steps))}}/{self.steps}"
        return f"{count} {'━' * done}{'─' * (self.WIDTH - done)}"

    def redraw(self, line: str) -> None:
        """Overwrite the line; blanks cover the end of a longer one.

        Args:
            line: New text of the line.
        """
        if self.displayed is not None:
            self.displayed.show(f"{self.label}\n{line}" if self.label else line)
            return
        print("\r" + line.ljust(self.length), end="", flush=True)
        self.length = len(line)


def is_terminal(stream: Any) -> bool:
    return bool(getattr(stream, "isatty", bool)())


def numbers(logs: Any) -> str:
    """` - loss: 0.1234 - accuracy: 0.9000`"""
    return "".join(f" - {printable(name)}: {number(value)}" for name, value in (logs or {}).items())


def number(value: Any) -> str:
    """Format a number with four decimals, or with four significant digits if it is too small."""
    if np.ndim(value):
        return "[" + ", ".join(number(v) for v in value) + "]"
    return f"{value:.4f}" if value == 0 or abs(value) > 1e-3 else f"{value:.4e}"


# ---------------------------------------------------------------------------------------------
# Callbacks that monitor one number of the logs


class Monitor(Callback):
    """The base of callbacks that monitor a number and check whether it has improved.

    Args:
        monitor: Name of the number in the logs.
        mode: "min" if less is better, "max" if more is. "auto" (default) means "min" for a loss,
            and for a metric what its `better` says; any other number needs "min" or "max".
        min_delta: Change that an improvement must exceed; its sign is ignored (default <default>).
        verbose: 1 prints a line for each action, 0 (default) prints nothing.
    Raises ValueError, naming it, for a number that is not in the logs or needs a `mode`: when `fit`
    begins, if that can be known.
    Example:
        >>> monitor = keras.callbacks.Monitor("val_accuracy", min_delta=0.25)
        >>> monitor.mode
        'max'
        >>> monitor.improves(0.75, best=0.5), monitor.improves(1.0, best=0.5)
        (False, True)
    """

    def __init__(
        self, monitor: str, mode: str = "auto", min_delta: float = 0.0, verbose: int = 0
    ) -> None:
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__}: mode {mode!r} is unknown, using 'auto'",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor: str = monitor
        self.mode: str = mode
        self.asks_metric: bool = mode == "auto"  # when `fit` begins; until then the name must do
        if self.asks_metric:
            self.mode = checks.better_in_logs(monitor) or "auto"
        self.verbose: int = verbose
        self.min_delta: float = abs(min_delta)

    def _check(self, session: Any) -> None:
        checks.check_monitored(self, session)
        if self.asks_metric:
            self.mode = checks.check_mode(self, session.trainer)

    @property
    def worst(self) -> float:
        """The value that every number improves; NaN while `mode` is not known."""
        return {"min": math.inf, "max": -math.inf}.get(self.mode, math.nan)

    def improves(self, value: float, best: float) -> bool:
        """Return whether a value is better than the best one; NaN never is.

        Args:
            value: The value of this epoch.
            best: The best value before, or `worst` if there was none.
        """
        if self.mode == "auto":
            self.mode = checks.check_mode(self, None)
        gain = value - best if self.mode == "max" else best - value
        return gain > self.min_delta

    def read(self, logs: Any) -> float | None:
        """The monitored number, or None in an epoch without validation.

        Args:
            logs: Losses and metrics of the epoch, by name.
        Raises ValueError if the number is not in the logs.
        """
        if self.monitor in logs:
            if not isinstance(logs[self.monitor], (int, float)):
                raise ValueError(
                    f"{type(self).__name__} watches {self.monitor!r}, which must be one number, "
                    f"and is {logs[self.monitor]!r:.80}"
                )
            return logs[self.monitor]
        session = getattr(self.model, "_session", None)
        waits = self.monitor.startswith("val_") and getattr(session, "has_validation", False)
        if waits and not any(name.startswith("val_") for name in logs):
            return None
        raise ValueError(
            f"{type(self).__name__} watches {self.monitor!r}, but the logs hold {list(logs)}. "
            + checks.VALIDATION_ADVICE
        )

    def say(self, text: str) -> None:
        """Print a line if `verbose` is not 0.

        Args:
            text: Line to print.
        """
        if self.verbose:
            print(encodable(printable(text)))


class EarlyStopping(Monitor):
    """Stop when the monitored number has not improved for `patience` epochs.

    Afterwards `best`, `best_epoch` and `stopped_epoch` (0 if it did not stop) say what happened.
    Numbers of training, such as "loss", are means over an epoch in which the weights moved; only
    those of the validation come from the very weights that are restored.

    Args:
        monitor: Name of the number that should improve (default "val_loss").
        patience: Number of epochs in a row without improvement after which training stops; 0
            (default) acts like 1.
        baseline: Value that an improvement must beat to reset the count of epochs; None (default)
            lets every improvement reset it.
        restore_best_weights: Whether training ends with the weights of the best epoch, even if it
            was not stopped (default False).
        start_from_epoch: Number of epochs at the start that do not count (default 0).
    Raises ValueError if the monitored number is not in the logs.
    Source: Prechelt (1998).
    Example:
        >>> model = keras.Sequential([keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(1.0), "mse")
        >>> x = y = np.zeros((1, 1))
        >>> stop = keras.callbacks.EarlyStopping("loss", patience=2)
        >>> history = model.fit(x, y, epochs=9, verbose=0, callbacks=[stop])
        >>> history.history["loss"], stop.best_epoch, stop.stopped_epoch
        ([0.0, 0.0, 0.0], 0, 2)
    """

    remembers: tuple[str, ...] = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")

    wait: int  # epochs since the last improvement
    stopped_epoch: int
    best: float
    best_epoch: int
    best_weights: list[np.ndarray] | None

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        check_numbers(least=0, patience=patience, start_from_epoch=start_from_epoch)
        self.patience: int = patience
        self.baseline: float | None = baseline
        self.restore_best_weights: bool = restore_best_weights
        self.start_from_epoch: int = start_from_epoch

    def _check(self, session: Any) -> None:
        super()._check(session)
        if session.epochs and session.epochs.stop <= self.start_from_epoch:
            text = f"start_from_epoch={self.start_from_epoch} leaves out all epochs of this fit"
            checks.warn(self, text)

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = self.worst, None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = self.read(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        better = self.improves(value, self.best)
        self.wait += 1
        if self.restore_best_weights and (better or self.best_weights is None):
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        if better:
            self.best, self.best_epoch = value, epoch
            if self.baseline is None or self.improves(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            self.say(f"Epoch {epoch + 1}: no improvement in {self.monitor}, stopping")

    def on_train_end(self, logs: Any = None) -> None:
        if self.best_weights is not None and logs:  # after an error, the weights stay as they are
            self.model.set_weights(self.best_weights)
            self.say(f"The weights are those of epoch {self.best_epoch + 1}, the best one")


class ModelCheckpoint(Monitor):
    """Save the model, or its weights alone, after each epoch or every `save_freq` batches.

    When training starts, it checks that the folder is writable.

    Args:
        filepath: File to write, a string or a Path, which may contain `{epoch}` (from 1), `{batch}`
            (if `save_freq` is a number) and names from the logs, such as `{val_loss:.2f}`.
        monitor: Name of the number that should improve, with `save_best_only` (default "val_loss").
        save_best_only: Whether to save only if the monitored number has improved (default False).
        save_weights_only: Whether to call `save_weights` instead of `save` (default False).
        save_freq: "epoch" (default), or the number of batches from one save to the next.
        initial_value_threshold: Value that the first save must beat, with `save_best_only`; None
            (default) accepts any.
    Raises ValueError for another `save_freq`, and if a name in `filepath` is not in the logs.
    Example:
        >>> from glob import glob
        >>> model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(keras.optimizers.SGD(0.125), "mse")
        >>> x, y = np.ones((1, 1)), np.zeros((1, 1))
        >>> save = keras.callbacks.ModelCheckpoint("{epoch}_{loss:.2f}.safetensors")
        >>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[save])
        >>> sorted(glob("*.safetensors"))
        ['1_1.00.safetensors', '2_0.25.safetensors']
    """

    remembers: tuple[str, ...] = ("best", "batches")

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Frequency = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, verbose=verbose)
        self.filepath: str = os.fspath(filepath)
        self.save_freq: Frequency = check_frequency(save_freq)
        self.save_best_only: bool = save_best_only
        self.save_weights_only: bool = save_weights_only
        self.initial_value_threshold: float | None = initial_value_threshold
        self.best: float | None = initial_value_threshold  # None: nothing was saved yet
        self.epoch: int = 0
        self.batches: int = 0

    def _check(self, session: Any) -> None:
        if self.save_best_only:
            super()._check(session)
        elif self.initial_value_threshold is not None:
            checks.warn(self, "initial_value_threshold does nothing without save_best_only=True")
        checks.check_filepath(self, session)
        checks.warn_if_never(self, session, self.batches)
        checks.check_is_a_model(self, session)
        checks.warn_if_not_savable(self, session)

    def on_train_begin(self, logs: Any = None) -> None:
        folder = os.path.dirname(self.filepath.partition("{")[0]) or "."
        tempfile.TemporaryFile(dir=folder).close()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches += 1
        if self.save_freq != "epoch" and self.batches % self.save_freq == 0:
            self.save(logs, batch=batch + 1)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self.save(logs)

    def save(self, logs: Any, **numbers: int) -> None:
        """Write the file; with `save_best_only`, only if the monitored number has improved.

        Args:
            logs: Losses and metrics so far, by name; keywords are further numbers for `filepath`.
        """
        if self.save_best_only:
            value = self.read(logs)
            best = self.worst if self.best is None else self.best
            if value is None or not self.improves(value, best):
                return
            self.best = value
        try:
            path = self.filepath.format(epoch=self.epoch + 1, **numbers, **logs)
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} names {error}, but the logs hold "
                f"{list(logs)}"
            ) from None
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        self.say(f"Epoch {self.epoch + 1}: saved {path}")


def check_frequency(save_freq: Any) -> Frequency:
    """Return `save_freq`; raise ValueError unless it is "epoch" or a number of batches."""
    if save_freq != "epoch" and not is_size(save_freq, 1):
        raise ValueError(f"save_freq must be 'epoch' or a number of batches, got {save_freq!r}")
    return save_freq


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by `factor` after `patience` epochs without improvement.

        lr = max(lr * factor, min_lr)

    The logs get `learning_rate`, the one of the epoch.

    Args:
        monitor: Name of the number that should improve (default "val_loss").
        factor: Factor of the reduction, a number above 0 and below 1 (default 0.1).
        patience: Number of epochs without improvement before a reduction, at least 0 (default 10).
        cooldown: Number of epochs after a reduction that do not count (default 0).
        min_lr: Lower bound of the learning rate (default 0.0).
    Raises ValueError if `factor` is not below 1, if the monitored number is not in the logs, or if
    the learning rate is a schedule, which a number would replace.
    Example:
        >>> model = keras.Sequential([keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(1.0), "mse")
        >>> x = y = np.zeros((1, 1))
        >>> reduce = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2)
        >>> history = model.fit(x, y, epochs=6, verbose=0, callbacks=[reduce])
        >>> history.history["learning_rate"]
        [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    """

    remembers: tuple[str, ...] = ("wait", "resting", "best")
    sets_rate = True

    wait: int  # epochs since the last improvement
    resting: int  # epochs of the cooldown that are left
    best: float

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        check_numbers(above=0, below=1, factor=factor)
        check_numbers(least=0, patience=patience, cooldown=cooldown)
        self.factor: float = factor
        self.patience: int = patience
        self.cooldown: int = cooldown
        self.min_lr: float = min_lr

    def _check(self, session: Any) -> None:
        super()._check(session)
        checks.check_rate_is_a_number(self, session)
        rate = session.trainer.optimizer.learning_rate
        if rate <= self.min_lr:
            checks.warn(self, f"min_lr={self.min_lr} is not below the learning rate {rate}")

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait = self.resting = 0
        self.best = self.worst

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        rate = logs["learning_rate"] = optimizer.learning_rate
        value = self.read(logs)
        if value is None:
            return
        if self.resting:
            self.resting, self.wait = self.resting - 1, 0
        if self.improves(value, self.best):
            self.best, self.wait = value, 0
        elif not self.resting:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                optimizer.learning_rate = max(rate * self.factor, self.min_lr)
                self.resting, self.wait = self.cooldown, 0
                self.say(f"Epoch {epoch + 1}: learning rate {optimizer.learning_rate:.4g}")


# ---------------------------------------------------------------------------------------------
# Other callbacks


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch to schedule(epoch, learning rate) or schedule(epoch).

    The logs get `learning_rate`.

    Args:
        schedule: Function of the epoch (from 0), and of the current rate if it takes two arguments,
            that returns a number.
        verbose: 1 prints each rate, 0 (default) prints nothing.
    Raises ValueError, before the epoch, if the schedule does not return a number; and when `fit`
    begins, if the learning rate of the optimizer is a schedule, which a number would replace.
    Example:
        >>> model = keras.Sequential([keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(1.0), "mse")
        >>> x = y = np.zeros((1, 1))
        >>> halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        >>> history = model.fit(x, y, epochs=3, verbose=0, callbacks=[halve])
        >>> history.history["learning_rate"]
        [0.5, 0.25, 0.125]
    """

    sets_rate = True

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule: Callable[..., float] = schedule
        self.verbose: int = verbose
        self.takes_rate: bool = len(inspect.signature(schedule).parameters) > 1

    def _check(self, session: Any) -> None:
        checks.check_rate_is_a_number(self, session)
        others = [c for c in session.callbacks.callbacks if c.sets_rate and c is not self]
        if others and not self.takes_rate:
            kind = type(others[0]).__name__
            text = f"its schedule(epoch) undoes what {kind} sets; let it take (epoch, rate)"
            checks.warn(self, text)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        known = (epoch, optimizer.learning_rate) if self.takes_rate else (epoch,)
        rate = self.schedule(*known)
        if callable(rate):
            raise ValueError(f"a schedule must give a number, got {rate!r}")
        optimizer.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {optimizer.learning_rate:.4g}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["learning_rate"] = self.model.optimizer.learning_rate


class CSVLogger(Callback):
    """Write one line per epoch to a CSV file: `epoch` (from 0), then the numbers of the logs.

    A number that an epoch lacks is written as NA. The columns are those of the first epoch, and
    those of the validation if there will be one; a number that has none is named in a warning.

    Args:
        filename: File to write, a string or a Path.
        separator: Character between two columns (default ",").
        append: Whether to continue an existing file instead of replacing it (default False).
    Raises ValueError if the file to continue does not begin with the names of its columns.
    Example:
        >>> from pathlib import Path
        >>> model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(keras.optimizers.SGD(0.125), "mse")
        >>> x, y = np.ones((1, 1)), np.zeros((1, 1))
        >>> log = keras.callbacks.CSVLogger("log.csv")
        >>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[log])
        >>> print(Path("log.csv").read_text("utf-8"), end="")
        epoch,loss
        0,1.0
        1,0.25
    """

    remembers: tuple[str, ...] = ("length",)

    length: int  # of the file

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename: str | os.PathLike[str] = filename
        self.separator: str = separator
        self.append: bool = append
        self.file: Any = None  # open while `fit` runs

    def on_train_begin(self, logs: Any = None) -> None:
        self.file = open(self.filename, "a+", newline="", encoding="utf-8")
        self.length = self.file.tell() if self.append else 0
        self.columns: Any = ()  # of the table; None while it is still empty
        self.homeless: set[str] = set()  # numbers without a column

    def open(self) -> None:
        """Drop old lines and read the columns, now that it is known whether training resumes."""
        self.file.truncate(min(self.length, self.file.tell()))
        self.file.seek(0)
        self.columns = next(csv.reader(self.file, delimiter=self.separator), None)
        if self.columns and self.columns[0] != "epoch":
            raise ValueError(
                f"CSVLogger: the columns of {self.filename!r} are {self.columns}, and the first "
                f"should be 'epoch'. Is separator={self.separator!r} right?"
            )
        self.file.seek(0, os.SEEK_END)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.columns == ():
            self.open()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        writer = csv.writer(self.file, delimiter=self.separator)
        if self.columns is None:
            self.columns = ["epoch", *logs, *checks.columns_to_come(self.model._session, logs)]
            writer.writerow(self.columns)
        row = {"epoch": epoch, **logs}
        if new := row.keys() - set(self.columns) - self.homeless:
            self.homeless |= new
            checks.warn(self, f"{self.filename!r} has no columns for {sorted(new)}")
        writer.writerow([row.get(name, "NA") for name in self.columns])
        self.file.flush()
        self.length = self.file.tell()

    def on_train_end(self, logs: Any = None) -> None:
        if self.file is not None:
            self.file.close()


class BackupAndRestore(Callback):
    """Save the state of training, so that it can be stopped anywhere and resumed later.

    Run the same `fit` again, on a model made in the same way: it resumes from the file, and
    ends with the same bits as if it had never been stopped, on the same kind of machine. The file
    is written when training starts, then after each epoch or every `save_freq` batches.

    The file holds the weights and which are trained, the states of stateful layers, the optimizer's
    state and learning rate, all random streams, the epoch, the batch and the order of the batches,
    the running metrics, the History, and of each callback what it `remembers`. It also holds the
    settings of layers and optimizer that are numbers or strings, as a callback may change them. It
    does not hold other attributes that your code changes, nor the state of `numpy.random`.

    Arrays and a PyDataset continue at the next batch. From a generator, or anything else that is
    iterated, the batches that were used are read again and skipped, so it must yield the same ones
    again. If it resumes within an epoch, its `on_epoch_begin` is called a second time, and what is
    remembered is restored after that.

    Args:
        backup_dir: File to write, a string or a Path, or an existing folder for
            `backup.safetensors`.
        save_freq: "epoch" (default), or the number of batches from one save to the next.
        delete_checkpoint: Whether to delete the file once training is complete (default True).
    Raises ValueError for a model without weights (call it on data first), FileDamaged or
    FileRefused (both ValueError) if the file belongs to another model, loss, optimizer or set of
    callbacks, or to other metrics or settings, and OSError if it cannot be written. Then nothing is
    changed.
    Example:
        >>> def train(epochs):
        ...     one = keras.layers.Dense(1, kernel_initializer="ones")
        ...     model = keras.Sequential([keras.Input((1,)), one])
        ...     model.compile(keras.optimizers.SGD(0.125), "mse")
        ...     backup = keras.callbacks.BackupAndRestore("state", delete_checkpoint=False)
        ...     x, y = np.ones((1, 1)), np.zeros((1, 1))
        ...     model.fit(x, y, epochs=epochs, verbose=2, callbacks=[backup])
        >>> train(epochs=1)
        1/1 - loss: 1.0000
        >>> train(epochs=3)  # another model, which resumes after the first epoch
        Epoch 2/3 - 1/1 - loss: 0.2500
        Epoch 3/3 - 1/1 - loss: 0.0625
    """

    remembers: tuple[str, ...] = ("batches",)

    epoch: int
    batches: int  # in all epochs

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: Frequency = "epoch",
        delete_checkpoint: bool = True,
    ) -> None:
        backup_dir = os.fspath(backup_dir)
        inside = os.path.isdir(backup_dir)
        self.path: str = os.path.join(backup_dir, "backup.safetensors") if inside else backup_dir
        self.save_freq: Frequency = check_frequency(save_freq)
        self.delete_checkpoint: bool = delete_checkpoint

    def _check(self, session: Any) -> None:
        checks.check_is_a_model(self, session)
        checks.warn_if_never(self, session, 0)

    def on_train_begin(self, logs: Any = None) -> None:
        self.batches = 0
        self.restore: Any = None  # a function, where training resumes
        begin(self.model)
        if self.save_freq != "epoch" and self.model._scoring.names is None:
            raise ValueError(
                "a backup between two epochs holds the metrics of all outputs, and these are "
                "not known before the first batch: call test_on_batch on some data first"
            )
        if os.path.exists(self.path):
            self.restore = load(self.model, self.path)
            self.restore()
        else:
            self.epoch = self.model._session.epochs.start
            self.save(self.epoch, 0, {})

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if self.model._session.done:  # undo what this repeated hook did to other callbacks
            self.restore()
        self.restore = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches += 1
        due = self.save_freq != "epoch" and self.batches % self.save_freq == 0
        if due and not self.model.stop_at_once:  # else the epoch and training end here
            self.save(self.epoch, batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self.save(epoch + 1, 0, logs)

    def on_train_end(self, logs: Any = None) -> None:
        if self.delete_checkpoint and not self.model._session.callbacks.failed:
            os.unlink(self.path)

    def save(self, epoch: int, done: int, logs: Any) -> None:
        """Save the state after some batches of an epoch.

        Args:
            epoch: Number of the epoch, from 0.
            done: How many of its batches are done.
            logs: Losses and metrics after the last of them, by name.
        """
        save(self.model, self.path, {"epoch": epoch, "done": done, "logs": dict(logs)})


class LambdaCallback(Callback):
    """A callback made of functions: `LambdaCallback(on_epoch_end=lambda epoch, logs: ...)`.

    Raises TypeError for a name that is not a hook.
    Example:
        >>> model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(keras.optimizers.SGD(0.125), "mse")
        >>> x, y = np.ones((1, 1)), np.zeros((1, 1))
        >>> show = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))
        >>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[show])
        {'loss': 1.0}
        {'loss': 0.25}
    """

    def __init__(self, **hooks: Callable[..., Any] | None) -> None:
        unknown = [
            name for name in hooks if not name.startswith("on_") or name not in dir(Callback)
        ]
        if unknown:
            raise TypeError(f"a Callback has no hook {', '.join(unknown)}")
        wrong = [hook for hook in hooks.values() if hook is not None and not callable(hook)]
        if wrong:
            raise TypeError(f"hooks are functions, got {wrong[0]!r:.80}")
        vars(self).update({name: hook for name, hook in hooks.items() if hook is not None})


class TerminateOnNaN(Callback):
    """Stop at the first batch whose loss is NaN or infinite.

    Example:
        >>> callback = keras.callbacks.TerminateOnNaN()
        >>> callback.set_model(keras.Sequential())
        >>> callback.on_train_batch_end(3, {"loss": np.nan})
        Batch 3: the loss is not finite, stopping
        >>> callback.model.stop_training
        True
    """

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        logs = logs or {}
        if batch == 0 and "loss" not in logs:
            checks.warn(self, f"it watches 'loss', but the logs hold {list(logs)}")
        if not math.isfinite(logs.get("loss", 0.0)):
            print(f"Batch {batch}: the loss is not finite, stopping")
            self.model.stop_training = self.model.stop_at_once = True
