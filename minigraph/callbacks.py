"""Callbacks: objects that are told what happens during training, and may look or step in."""

import sys
import time

import numpy as np

MOMENTS = ("train", "test", "predict")


class Callback:
    """The base: override the hooks that you need.

    `model` and `params` (`epochs`, `steps`, `verbose`) are set before the first hook. `logs` is a
    dict of the numbers so far. `self.model.stop_training = True` ends training after the epoch.
    """

    model = None
    params = None

    def set_model(self, model):
        self.model = model

    def set_params(self, params):
        self.params = params

    def on_train_begin(self, logs=None):
        """Before the first epoch."""

    def on_train_end(self, logs=None):
        """After the last epoch, also when training ends by an error."""

    def on_epoch_begin(self, epoch, logs=None):
        """Before an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        """After an epoch and its validation."""

    def on_batch_begin(self, batch, logs=None):
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch, logs=None):
        """Another name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch, logs=None):
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        """After a training step."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs=None):
        """Before an evaluation, also the one after an epoch."""

    def on_test_end(self, logs=None):
        """After an evaluation."""

    def on_test_batch_begin(self, batch, logs=None):
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch, logs=None):
        """After a batch of an evaluation."""

    def on_predict_begin(self, logs=None):
        """Before a prediction."""

    def on_predict_end(self, logs=None):
        """After a prediction."""

    def on_predict_batch_begin(self, batch, logs=None):
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch, logs=None):
        """After a batch of a prediction."""


class CallbackList:
    """Several callbacks, told one after the other.

    Hooks of single batches reach only those that override them, so that nobody pays for hooks that
    nobody listens to. Raises ValueError for what is no Callback.
    """

    def __init__(self, callbacks=None, model=None, params=None):
        callbacks = [] if callbacks is None else callbacks
        self.callbacks = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise ValueError(f"`callbacks` must hold Callback objects, got {callback!r:.80}")
        self.model, self.params = model, params or {}
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(self.params)
        self._listeners = {}
        for moment in MOMENTS:
            for place in ("begin", "end"):
                hook = f"on_{moment}_batch_{place}"
                self._listeners[hook] = [c for c in self.callbacks if overrides(c, hook)]

    def tell(self, hook, *args):
        """Call one hook of every callback, such as `tell("on_epoch_end", epoch, logs)`."""
        for callback in self._listeners.get(hook, self.callbacks):
            getattr(callback, hook)(*args)

    def listens(self, hook):
        """Whether anybody overrides a hook of single batches."""
        return bool(self._listeners[hook])

    def give_up(self, error):
        """Training ended by `error`: each callback may clean up, and the error stays first."""
        for callback in self.callbacks:
            try:
                callback.on_train_end({})
            except Exception as second:
                error.add_note(f"then {type(callback).__name__}.on_train_end failed: {second!r}")


def overrides(callback, hook):
    """Whether a callback does anything at a hook of single batches."""
    names = [hook, hook.replace("_train", "")] if "train" in hook else [hook]
    return any(getattr(type(callback), name) is not getattr(Callback, name) for name in names)


class History(Callback):
    """What `fit` returns: `history` maps each name to a list with one number for each epoch."""

    def __init__(self):
        self.history = {}
        self.epoch = []

    def on_epoch_end(self, epoch, logs=None):
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
    PAUSE = 0.1  # seconds between two redrawings

    label = None  # `Epoch 1/2`

    def on_epoch_begin(self, epoch, logs=None):
        epochs = self.params.get("epochs", 1)
        self.label = f"Epoch {epoch + 1}/{epochs}" if epochs > 1 else None
        if self.label and self.verbose == 1:
            print(self.label)
        self.begin(self.params.get("steps"))

    def on_train_batch_end(self, batch, logs=None):
        self.advance(batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        self.finish(logs)

    def on_test_begin(self, logs=None):
        if self.alone:
            self.begin(self.params.get("steps"))

    def on_test_batch_end(self, batch, logs=None):
        if self.alone:
            self.advance(batch, logs)

    def on_test_end(self, logs=None):
        if self.alone:
            self.finish(logs)

    def on_predict_begin(self, logs=None):
        self.begin(self.params.get("steps"))

    def on_predict_batch_end(self, batch, logs=None):
        self.advance(batch, logs)

    def on_predict_end(self, logs=None):
        self.finish(logs)

    # -- the line ------------------------------------------------------------------------------

    @property
    def verbose(self):
        return self.params.get("verbose", 1)

    @property
    def alone(self):
        """Whether an evaluation is the whole task, rather than the validation of an epoch."""
        return "epochs" not in self.params

    def begin(self, steps):
        self.steps, self.seen = steps, 0
        self.live = self.verbose == 1 and is_terminal(sys.stdout)
        self.started = self.drawn = time.monotonic()
        self.length = 0

    def advance(self, batch, logs):
        self.seen = batch + 1
        now = time.monotonic()
        if self.live and now - self.drawn >= self.PAUSE:
            self.drawn = now
            speed = f"{1000 * (now - self.started) / self.seen:.0f}ms/step"
            self.redraw(f"{self.bar()} {speed}{numbers(logs)}")

    def finish(self, logs):
        if self.verbose == 2:
            parts = [self.label] if self.label else []
            print(" - ".join([*parts, f"{self.seen}/{self.seen}"]) + numbers(logs))
        elif self.verbose == 1:
            self.steps = self.seen
            line = f"{self.bar()}{numbers(logs)}"
            if self.live:
                self.redraw(line)
                print()
            else:
                print(line)

    def bar(self):
        """`12/750 ━━━━────────`"""
        if self.steps is None:
            return f"{self.seen}/Unknown"
        done = self.WIDTH * self.seen // max(self.steps, 1)
        count = f"{self.seen:>{len(str(self.steps))}}/{self.steps}"
        return f"{count} {'━' * done}{'─' * (self.WIDTH - done)}"

    def redraw(self, line):
        """Write over the line; blanks hide what is left of a longer one."""
        print("\r" + line.ljust(self.length), end="", flush=True)
        self.length = len(line)


def is_terminal(stream):
    return bool(getattr(stream, "isatty", bool)())


def numbers(logs):
    """` - loss: 0.1234 - accuracy: 0.9000`"""
    return "".join(f" - {name}: {number(value)}" for name, value in (logs or {}).items())


def number(value):
    """Four decimals, or four digits of a number that would be lost that way."""
    if np.ndim(value):
        return "[" + ", ".join(number(v) for v in value) + "]"
    return f"{value:.4f}" if value == 0 or abs(value) > 1e-3 else f"{value:.4e}"
