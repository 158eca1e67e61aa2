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
from ..core.interrupts import deferred_interrupts
from ..core.output import encodable
from ..training.resume import load, save

Frequency = int | Literal["epoch"]  # after that many batches, or after each epoch


class Callback:
    """The base: override the hooks that you need.

    `model` and `params` (`epochs`, `steps`, `verbose`) are set before the first hook. `logs` is a
    dict of the numbers so far. `self.model.stop_training = True` ends training after the epoch.
    `remembers` names the attributes that `BackupAndRestore` keeps: numbers, texts, arrays, and
    lists and dicts of these.
    """

    # Set before the first hook. `model` and `logs` are Any: what trains need not be a Model, and a
    # hook that is overridden may read `logs["loss"]` at once, though its default is None.
    model: Any = None
    params: Any = None
    remembers: tuple[str, ...] = ()

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch, also when an error ends training."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch and its validation."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a training step."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Before an evaluation, also the one after an epoch."""

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


class CallbackList:
    """Several callbacks, notified one after the other.

    Hooks of single batches are called only where they are overridden, so that unused hooks cost
    nothing.

    Raises ValueError for anything that is not a Callback.
    """

    ended = failed = False

    def __init__(
        self, callbacks: Any = None, model: Any = None, params: dict[str, Any] | None = None
    ) -> None:
        self.callbacks = as_list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                made = f": write {callback.__name__}(...)" if isinstance(callback, type) else ""
                raise ValueError(f"`callbacks` holds Callback objects, got {callback!r:.80}{made}")
        self.model, self.params = model, params or {}
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(self.params)
        self._listeners = {
            hook: [callback for callback in self.callbacks if overrides(callback, hook)]
            for hook in dir(Callback)
            if "_batch_" in hook
        }

    def notify(self, hook: str, *args: Any) -> None:
        """Call one hook of every callback, such as `notify("on_epoch_end", epoch, logs)`."""
        for callback in self._listeners.get(hook, self.callbacks):
            getattr(callback, hook)(*args)

    def listens(self, hook: str) -> bool:
        """Whether anybody overrides a hook of single batches."""
        return bool(self._listeners[hook])

    def end(self, logs: Any, error: BaseException | None = None, *acts: Callable[[], None]) -> None:
        """Training ended, perhaps by `error`: do the `acts`, then notify every callback.

        Every callback is notified even if an earlier one fails. The first error is raised, unless
        it is `error` itself, with the later ones in its notes.
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
    """Whether a callback keeps the state of all the others, and so must come last."""
    return isinstance(callback, BackupAndRestore)


def as_list(callbacks: Any) -> list:
    """None, one callback or several, as a list."""
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def overrides(callback: Callback, hook: str) -> bool:
    """Whether a callback overrides a hook of single batches."""
    names = [hook, hook.replace("_train", "")] if "train" in hook else [hook]
    own = [getattr(getattr(callback, name), "__func__", None) for name in names]
    return any(fn is not getattr(Callback, name) for fn, name in zip(own, names, strict=True))


class History(Callback):
    """What `fit` returns: `history` maps each name in the logs to a list, one number an epoch."""

    remembers = ("history", "epoch")

    def __init__(self) -> None:
        self.history: dict[str, list] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        with deferred_interrupts:
            self.epoch.append(epoch)
            for name, value in (logs or {}).items():
                self.history.setdefault(name, []).append(value)


class ProgbarLogger(Callback):
    """Progress in words: one line for each epoch, with a bar.

    On a terminal the line grows while the epoch runs. Elsewhere, as in a notebook that is run and
    stored, only the finished line is printed. It holds no times, so the same run prints the same
    text.
    """

    WIDTH = 20
    PAUSE = 0.1  # seconds between two updates of the line

    label: str | None = None  # `Epoch 1/2`

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        epochs = self.params.get("epochs", 1)
        self.label = f"Epoch {epoch + 1}/{epochs}" if epochs > 1 else None
        if self.label and self.verbose == 1:
            print(self.label)
        self.begin()

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
        """Whether this is `evaluate` itself, rather than the validation of an epoch."""
        return "epochs" not in self.params

    def begin(self) -> None:
        self.steps, self.seen = self.params.get("steps"), 0
        self.live = self.verbose == 1 and is_terminal(sys.stdout)
        self.started = self.drawn = time.monotonic()
        self.length = 0

    def advance(self, batch: int, logs: Any) -> None:
        self.seen = batch + 1
        now = time.monotonic()
        if self.live and now - self.drawn >= self.PAUSE:
            self.drawn = now
            speed = f"{1000 * (now - self.started) / self.seen:.0f}ms/step"
            self.redraw(encodable(f"{self.bar()} {speed}{numbers(logs)}"))

    def finish(self, logs: Any) -> None:
        if self.verbose == 2:
            parts = [self.label] if self.label else []
            line = " - ".join([*parts, f"{self.seen}/{self.seen}"]) + numbers(logs)
            print(encodable(line))
        elif self.verbose == 1:
            self.steps = self.seen
            line = encodable(f"{self.bar()}{numbers(logs)}")
            if self.live:
                self.redraw(line)
                print()
            else:
                print(line)

    def bar(self) -> str:
        """`12/750 ━━━━────────`"""
        if self.steps is None:
            return f"{self.seen}/Unknown"
        done = self.WIDTH * self.seen // max(self.steps, 1)
        count = f"{self.seen:>{len(str(self.steps))}}/{self.steps}"
        return f"{count} {'━' * done}{'─' * (self.WIDTH - done)}"

    def redraw(self, line: str) -> None:
        """Write over the line; blanks cover the end of a longer one."""
        print("\r" + line.ljust(self.length), end="", flush=True)
        self.length = len(line)


def is_terminal(stream: Any) -> bool:
    return bool(getattr(stream, "isatty", bool)())


def numbers(logs: Any) -> str:
    """` - loss: 0.1234 - accuracy: 0.9000`"""
    return "".join(f" - {name}: {number(value)}" for name, value in (logs or {}).items())


def number(value: Any) -> str:
    """Four decimals, or four digits of a number that would be lost that way."""
    if np.ndim(value):
        return "[" + ", ".join(number(v) for v in value) + "]"
    return f"{value:.4f}" if value == 0 or abs(value) > 1e-3 else f"{value:.4e}"


# ---------------------------------------------------------------------------------------------
# Callbacks that monitor one number of the logs

LARGER_IS_BETTER = ("acc", "auc", "precision", "recall", "true_", "cosine")


class Monitor(Callback):
    """The base of callbacks that monitor a number, and ask whether it is better than before.

    `mode` is "min" (smaller is better), "max", or "auto", which depends on the name. Better means
    by more than `min_delta`.

    Raises ValueError, naming it, for a number that is not in the logs.
    """

    def __init__(
        self, monitor: str, mode: str = "auto", min_delta: float = 0.0, verbose: int = 0
    ) -> None:
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__}: mode {mode!r} is unknown, so it is taken as 'auto'",
                stacklevel=3,
            )
            mode = "auto"
        if mode == "auto":
            mode = "max" if any(word in monitor for word in LARGER_IS_BETTER) else "min"
        self.monitor, self.mode, self.verbose = monitor, mode, verbose
        self.min_delta = abs(min_delta)
        self.worst = -math.inf if mode == "max" else math.inf

    def improves(self, value: float, best: float) -> bool:
        """Whether `value` is better than `best`; NaN never is."""
        gain = value - best if self.mode == "max" else best - value
        return gain > self.min_delta

    def read(self, logs: Any) -> float | None:
        """The monitored number, or None in an epoch without validation."""
        if self.monitor in logs:
            return logs[self.monitor]
        session = getattr(self.model, "_session", None)
        waits = self.monitor.startswith("val_") and getattr(session, "has_validation", False)
        if waits and not any(name.startswith("val_") for name in logs):
            return None
        raise ValueError(
            f"{type(self).__name__} watches {self.monitor!r}, but the logs hold {list(logs)}. "
            "Names with val_ need validation_data or a validation_split in fit()."
        )

    def say(self, text: str) -> None:
        if self.verbose:
            print(text)


class EarlyStopping(Monitor):
    """Stop when the monitored number has not improved for `patience` epochs.

    Epochs before `start_from_epoch` do not count. With a `baseline`, patience is reset only by
    numbers that beat it. `restore_best_weights` ends with the weights of the best epoch, also when
    all epochs are done. Afterwards `best`, `best_epoch` and `stopped_epoch` (0 if it did not stop)
    say what happened.

    Raises ValueError if the monitored number is not in the logs.
    Source: Prechelt (1998).
    """

    remembers = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")

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
        self.patience, self.baseline = patience, baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch

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
            self.say(f"Epoch {epoch + 1}: no improvement of {self.monitor}, training stops")

    def on_train_end(self, logs: Any = None) -> None:
        if self.best_weights is not None and logs:  # after an error, the weights stay as they are
            self.model.set_weights(self.best_weights)
            self.say(f"The weights are those of epoch {self.best_epoch + 1}, the best one")


class ModelCheckpoint(Monitor):
    """Save the model, or its weights alone, after each epoch or after each `save_freq` batches.

    `filepath` may hold `{epoch}` (from 1), `{batch}` and names of the logs, such as
    `{val_loss:.2f}`. With `save_best_only` only when the monitored number improves (beyond
    `initial_value_threshold`). When training starts, it checks that the folder is writable.
    """

    remembers = ("best", "batches")

    def __init__(
        self,
        filepath: str | os.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Frequency = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, verbose=verbose)
        self.filepath = os.fspath(filepath)
        self.save_freq: Frequency = check_frequency(save_freq)
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.best = self.worst if initial_value_threshold is None else initial_value_threshold
        self.epoch = self.batches = 0

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
        """Write the file, if every one is wanted or the monitored number has improved."""
        if self.save_best_only:
            value = self.read(logs)
            if value is None or not self.improves(value, self.best):
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
    """`save_freq`, which must be "epoch" or a number of batches."""
    if save_freq != "epoch" and not is_size(save_freq, 1):
        raise ValueError(f"save_freq must be 'epoch' or a number of batches, got {save_freq!r}")
    return save_freq


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by `factor` after `patience` epochs without improvement.

        lr = max(lr * factor, min_lr)

    Then it waits for `cooldown` epochs before it counts again. The logs get `learning_rate`.

    Raises ValueError if `factor` is not below 1, or if the monitored number is not in the logs.
    """

    remembers = ("wait", "resting", "best")

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
        self.factor, self.patience = factor, patience
        self.cooldown, self.min_lr = cooldown, min_lr

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
    """Before each epoch: learning rate = schedule(epoch, learning rate), or schedule(epoch).

    The logs get `learning_rate`.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose
        self.takes_rate = len(inspect.signature(schedule).parameters) > 1

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
    """Write a line for each epoch to a table: `epoch` (from 0), then the numbers of the logs.

    `append` continues an existing file; a number that an epoch lacks is written as NA.
    """

    remembers = ("length",)

    def __init__(
        self, filename: str | os.PathLike, separator: str = ",", append: bool = False
    ) -> None:
        self.filename, self.separator, self.append = filename, separator, append
        self.file: Any = None  # open while `fit` runs

    def on_train_begin(self, logs: Any = None) -> None:
        self.file = open(self.filename, "a+", newline="", encoding="utf-8")
        self.length = self.file.tell() if self.append else 0
        self.columns: Any = ()  # of the table; None where it is empty still

    def open(self) -> None:
        """Remove old lines, once it is known whether training resumes from a backup."""
        self.file.truncate(min(self.length, self.file.tell()))
        self.file.seek(0)
        self.columns = next(csv.reader(self.file, delimiter=self.separator), None)
        self.file.seek(0, os.SEEK_END)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.columns == ():
            self.open()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        writer = csv.writer(self.file, delimiter=self.separator)
        if self.columns is None:
            self.columns = ["epoch", *logs]
            writer.writerow(self.columns)
        row = {"epoch": epoch, **logs}
        writer.writerow([row.get(name, "NA") for name in self.columns])
        self.file.flush()
        self.length = self.file.tell()

    def on_train_end(self, logs: Any = None) -> None:
        if self.file is not None:
            self.file.close()


class BackupAndRestore(Callback):
    """Save the state of training, so that it can be stopped anywhere and resumed later.

    Run the same `fit` again, on a model that is made in the same way: it resumes from the file, and
    ends with the same bits as if it had never been stopped, on the same kind of machine.
    `backup_dir` is the file, or an existing folder for a file `backup.safetensors`; it is written
    when training starts, then after each epoch or each `save_freq` batches, and deleted once
    training is complete, unless `delete_checkpoint` is False.

    The file holds the weights, the optimizer's state and learning rate, all random streams, the
    epoch, the batch and the order of the batches, the running metrics, the History, and of each
    callback what it `remembers`. Arrays and a PyDataset continue at the next batch. From a
    generator, or anything else that is iterated, the batches that were used are read again and
    skipped, so it must yield the same ones again. Where an epoch resumes in its middle, its
    `on_epoch_begin` is called a second time, and what is remembered is restored after that.

    Raises ValueError for a model without weights (call it on data first), FileDamaged or
    FileRefused (both ValueError) if the file belongs to another model, optimizer or set of
    callbacks, and OSError if it cannot be written. Then nothing is changed.
    """

    remembers = ("batches",)

    def __init__(
        self,
        backup_dir: str | os.PathLike,
        save_freq: Frequency = "epoch",
        delete_checkpoint: bool = True,
    ) -> None:
        backup_dir = os.fspath(backup_dir)
        inside = os.path.isdir(backup_dir)
        self.path = os.path.join(backup_dir, "backup.safetensors") if inside else backup_dir
        self.save_freq: Frequency = check_frequency(save_freq)
        self.delete_checkpoint = delete_checkpoint

    def on_train_begin(self, logs: Any = None) -> None:
        self.batches = 0
        self.restore: Any = None  # a function, where training resumes
        if self.save_freq != "epoch" and self.model._scoring.names is None:
            raise ValueError(
                "a backup between two epochs holds the metrics of all outputs, and what these are "
                "is not known before the first batch: call test_on_batch on some data first"
            )
        if os.path.exists(self.path):
            self.restore = load(self.model, self.path)
            self.restore()
        else:
            self.epoch = self.model._session.epochs.start
            self.save(self.epoch, 0, {})

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if self.model._session.done:  # undo what other callbacks did in this hook a second time
            self.restore()
        self.restore = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches += 1
        due = self.save_freq != "epoch" and self.batches % self.save_freq == 0
        if due and not self.model.stop_at_once:  # else this epoch ends here, and so does training
            self.save(self.epoch, batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self.save(epoch + 1, 0, logs)

    def on_train_end(self, logs: Any = None) -> None:
        if self.delete_checkpoint and not self.model._session.callbacks.failed:
            os.unlink(self.path)

    def save(self, epoch: int, done: int, logs: Any) -> None:
        """Save the state after `done` batches of an epoch, the last of them with these logs."""
        save(self.model, self.path, {"epoch": epoch, "done": done, "logs": dict(logs)})


class LambdaCallback(Callback):
    """Functions as hooks: `LambdaCallback(on_epoch_end=lambda epoch, logs: ...)`.

    Raises TypeError for a name that is not a hook.
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
    """Stop at the first batch whose loss is NaN or infinite."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            print(f"Batch {batch}: the loss is not finite, training stops")
            self.model.stop_training = self.model.stop_at_once = True
