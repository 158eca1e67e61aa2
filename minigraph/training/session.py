"""A session: the preparation, state and clean-up of one `fit`."""

import operator
import threading
from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from ..callbacks.base import CallbackList, History
from ..core.checks import check_counts
from ..core.context import context
from ..core.interrupts import deferred_interrupts, restores_context
from ..core.types import Logs
from .data import Batches, Triple, is_stream, prepare, runs_once, split
from .scoring import Comparison

if TYPE_CHECKING:
    from .trainer import Trainer

Method = TypeVar("Method", bound=Callable[..., Any])


def restores_state(method: Method) -> Method:
    """Make a method leave the context, and the trainer's cache and session, as they were before.

    It does so however it ends, also if Ctrl-C ends it (see `core/interrupts`). What another thread
    has set is left alone: that may end first.
    """
    restoring = restores_context(method)

    def call(self, *args, **kwargs):
        restore, before = vars(self).update, {"_cache": self._cache, "_session": self._session}
        thread = threading.get_ident()
        if self._cache is not None and self._cache.thread != thread:
            before = {}
        try:
            return restoring(self, *args, **kwargs)
        finally:
            cache = self._cache
            if cache is None or cache.thread == thread:
                restore(before)

    as_declared: Any = wraps(method)(call)
    return as_declared


class Cache:
    """A cache for things looked up once in an epoch or single step: weights, layers, metrics.

    Within `with Cache(trainer, "fit"):` the trainer uses it; afterwards it uses the previous one
    again. The metrics add up for this block alone: a block inside another one, such as `evaluate`
    in a callback, gives the other its sums back.

    Raises ValueError, when the block begins, if another thread is in such a block.
    """

    claiming: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, trainer: "Trainer", doing: str) -> None:
        self.trainer: Trainer = trainer
        self.doing: str = doing
        self.thread: int = threading.get_ident()
        self.found: dict[str, Any] = {}
        self.latest: tuple[Triple, list[Comparison]] | None = None

    def __enter__(self) -> None:
        with self.claiming:
            self.outer: Cache | None = self.trainer._cache
            if self.outer is not None and not self.outer.is_mine:
                raise ValueError(
                    f"{self.doing}() must wait: this model is in {self.outer.doing}() in another "
                    "thread, and both would add to the same running sums. Use a second model, "
                    "such as copy.deepcopy(model)."
                )
            self.trainer._cache = self
        if self.outer is not None:
            metrics = self.trainer.metrics
            copies = {metric: [v.value.copy() for v in metric.variables] for metric in metrics}
            self.sums: dict[Any, list[Any]] = copies

    def __exit__(self, *error: Any) -> None:
        if self.outer is not None:
            self.trainer.reset_metrics()
            for metric, values in self.sums.items():
                if values:  # some metrics make their sums in their first batch
                    metric.load_state(values)
        self.trainer._cache = self.outer

    @property
    def is_mine(self) -> bool:
        """Return whether it belongs to the thread that asks."""
        return self.thread == threading.get_ident()

    def get(self, name: str, find: Callable[[], Any]) -> Any:
        """The value that `find` returned when this name was first asked for."""
        if name not in self.found:
            self.found[name] = find()
        return self.found[name]

    def comparisons(
        self, given: Triple, compare: Callable[..., list[Comparison]]
    ) -> list[Comparison]:
        """The pairs of targets and outputs: the loss makes them, then the metrics reuse them.

        They are reused only once, since a batch need not stay in memory for longer, and only if the
        very same objects are `given`.
        """
        latest, self.latest = self.latest, None
        if latest is not None and all(map(operator.is_, latest[0], given)):
            return latest[1]
        pairs = compare(*given)
        self.latest = given, pairs
        return pairs

    def clear(self) -> None:
        self.found.clear()
        self.latest = None


class Session:
    """One `fit`: its epochs, its data, its callbacks, and its clean-up.

    `batches` are trained on; `validation` are the batches that epochs are validated on, or None,
    and `is_due` says of epoch number 1, 2, ... whether it is validated. A `fit` that resumes where
    another was stopped finds here which `epochs` are left, how many batches are `done` of the first
    of them, and the `logs` of the last batch or epoch before. `streams` are what may be generators,
    which are closed if training fails.
    """

    def __init__(
        self,
        trainer: "Trainer",
        epochs: range,
        batches: Batches,
        validation: Batches | None,
        is_due: Callable[[int], bool],
        callbacks: CallbackList,
        history: History,
        streams: Iterable[Any],
    ) -> None:
        self.trainer: Trainer = trainer
        self.epochs: range = epochs
        self.batches: Batches = batches
        self.validation: Batches | None = validation
        self.is_due: Callable[[int], bool] = is_due
        self.callbacks: CallbackList = callbacks
        self.history: History = history
        self.streams: Iterable[Any] = streams
        self.done: int = 0
        self.logs: Logs = {}
        self.made_by: dict[str, Any] = {}  # what its backups are bound to
        self.warned: bool = False  # whether it has warned of a loss that is not finite

    @property
    def data(self) -> list[Batches]:
        """All sources of batches."""
        return [self.batches] if self.validation is None else [self.batches, self.validation]

    @property
    def has_validation(self) -> bool:
        return self.validation is not None

    def validates(self, epoch: int) -> bool:
        """Return whether this epoch, counted from 0, is validated."""
        return self.has_validation and self.is_due(epoch + 1)

    @property
    def is_over(self) -> bool:
        """Return whether a callback has ended training after this epoch, or the data ran out."""
        return self.trainer.stop_training or any(batches.ran_out for batches in self.data)

    def open(self) -> None:
        """Make this the session of its trainer, until `fit` returns.

        Raises ValueError if the trainer is in another session already, and leaves that alone.
        """
        trainer = self.trainer
        check_not_running(trainer)
        trainer._session, trainer.history = self, self.history
        trainer.stop_training = trainer.stop_at_once = False
        context.tape = None  # a tape around `fit` would keep every step in memory

    def begin(self) -> None:
        """Notify the callbacks that training begins. One of them may restore a backup."""
        self.callbacks.notify("on_train_begin", {})

    def end_epoch(self, epoch: int, logs: Logs) -> None:
        """Notify the callbacks that an epoch and its validation are complete."""
        self.logs = logs
        self.callbacks.notify("on_epoch_end", epoch, logs)

    def end(self) -> None:
        """Notify the callbacks that training is complete."""
        with deferred_interrupts:
            self.callbacks.end(self.logs)

    def fail(self, error: BaseException) -> None:
        """End training after an error, unless everything was complete already."""
        with deferred_interrupts:  # a second Ctrl-C waits for the clean-up
            if not self.callbacks.ended:
                closing = [partial(close_generator, stream) for stream in self.streams]
                self.callbacks.end({}, error, *closing)


def check_not_running(trainer: "Trainer") -> None:
    """Raise ValueError if a trainer is in a session: one `fit` cannot run inside another."""
    if trainer._session is not None:
        raise ValueError("this model is being fitted already; wait until that ends")


def close_generator(x: Any) -> None:
    """Close a generator that was left halfway; does nothing to anything else."""
    if hasattr(x, "close") and iter(x) is x:
        x.close()


# ---------------------------------------------------------------------------------------------
# Preparing the data of a session


class ValidationSettings(NamedTuple):
    """The arguments of `fit` that begin with `validation_`."""

    data: Any
    split: float
    batch_size: int | None
    steps: int | None
    freq: int | list[int] | tuple[int, ...]


def prepare_data(given: Triple, validation: ValidationSettings) -> tuple[Triple, Triple | None]:
    """The training data, and the validation data or None, each as `data.prepare` returns them."""
    given = prepare(*given)
    if validation.data is not None:
        return given, prepare_validation(validation.data)
    return split(*given, validation.split) if validation.split else (given, None)


def prepare_validation(given: Any) -> Triple:
    """`validation_data` as `prepare` returns them: (x, y), (x, y, sample_weight) or a stream."""
    if is_stream(given):
        return prepare(given)
    if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
        raise ValueError("validation_data must be (x, y), (x, y, sample_weight) or yield batches")
    return prepare(*given)


def check_reusable(x: Any, times: int, steps: int | None) -> None:
    """Raise ValueError if validation data for one pass are to be used more than once."""
    if runs_once(x) and times > 1 and steps is None:
        raise ValueError(
            f"validation_data is a {type(x).__name__}, which can be iterated over only once, but "
            f"{times} epochs are to be validated: give arrays, or an object that starts from the "
            "beginning at each `iter`; for an endless generator give validation_steps"
        )


def validation_schedule(frequency: int | list[int] | tuple[int, ...]) -> Callable[[int], bool]:
    """A function that returns whether epoch number 1, 2, ... is validated."""
    if isinstance(frequency, (list, tuple)):
        return lambda epoch: epoch in frequency
    check_counts(validation_freq=frequency)
    return lambda epoch: epoch % frequency == 0
