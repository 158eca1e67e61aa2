"""What callbacks can know before the first step: which numbers the logs will hold, which of their
values are better, and which settings would make a callback useless.

Each function is given the session of a `fit` that is about to begin.
"""

import re
import string
import warnings
from typing import Any, NamedTuple

from ..core import tree
from ..metrics import Better, Metric, better_by_name, better_of
from ..saving.config import write_model
from ..saving.model import model_contents

# The last word of the name: `kl_loss` is a loss, `gloss` may be anything.
IS_LOSS = re.compile(r"(^|[\W_])loss$")
VALIDATION_ADVICE = "Names that start with val_ need validation_data or validation_split in fit()."

# ---------------------------------------------------------------------------------------------
# Which values of a number are better


def better_in_logs(name: str, model: Any = None) -> Better:
    """Which values of a number in the logs are better; None if that is not known.

    A metric of the model says it itself. Otherwise a loss should be small, and the metrics that
    `compile` knows by their names are told by these.

    Args:
        name: Name in the logs, perhaps with `val_`.
        model: Model that is trained; None (default) if it is not known yet.
    """
    short = name.removeprefix("val_")
    known = metrics_called((name, short), model)
    found = {getattr(metric, "better", None) for metric in known} & {"min", "max"}
    if found:
        return found.pop() if len(found) == 1 else None
    if IS_LOSS.search(short):
        return "min"
    return None if known else better_by_name(short)


def metrics_called(names: tuple[str, ...], model: Any) -> list[Any]:
    """The metrics, or functions, of a model whose name in the logs is one of these.

    Before the first batch of a model without a graph, a name may begin with that of an output.
    """
    if model is None:
        return []
    known = [metric for name, metric in model._labelled_metrics() if name in names]
    if known or model._scoring.names is not None:
        return known
    given = model._scoring.given
    leaves = tree.flatten([given["metrics"], given["weighted_metrics"]])
    named = [(name_of(leaf), leaf) for leaf in leaves if leaf is not None]
    ends = [(own, leaf) for own, leaf in named if any(f"_{n}".endswith(f"_{own}") for n in names)]
    longest = max((len(own) for own, _ in ends), default=0)
    return [Known(leaf) for own, leaf in ends if len(own) == longest]


class Known:
    """Which values of a metric are better that is given by its name, as a function or an object."""

    def __init__(self, leaf: Any) -> None:
        self.better: Better
        if isinstance(leaf, str):
            self.better = better_by_name(leaf)
        else:
            self.better = leaf.better if isinstance(leaf, Metric) else better_of(leaf)


def name_of(leaf: Any) -> str:
    """The name in the logs of a metric that is given as a name, an object or a function."""
    if isinstance(leaf, str):
        return leaf
    return leaf.name if isinstance(leaf, Metric) else getattr(leaf, "__name__", "metric")


def check_mode(callback: Any, model: Any) -> str:
    """Return which values are better of what a callback monitors; ValueError if nobody knows."""
    found = better_in_logs(callback.monitor, model)
    if found is None:
        kind = type(callback).__name__
        raise ValueError(
            f"{kind} cannot know whether {callback.monitor!r} should become small or large: give "
            f'{kind} mode="min" or mode="max"'
        )
    return found


# ---------------------------------------------------------------------------------------------
# Which numbers the logs will hold


class Names(NamedTuple):
    """The names in the logs: of every batch or epoch, and further ones of validated epochs.

    Before the first batch of a model without a graph they may still lack the name of an output;
    then they are not `complete`.
    """

    always: list[str]
    validated: list[str]
    complete: bool

    def may_hold(self, name: str) -> bool:
        if not self.complete and not name.startswith("val_"):
            return True
        if not self.complete and self.validated:
            return True
        return name in self.all

    @property
    def all(self) -> list[str]:
        return [*self.always, *self.validated]


def names_to_come(session: Any, each_epoch: bool = True) -> Names | None:
    """The names in the logs of each epoch, or of each batch.

    None if nobody can know them: the model has custom steps, or a hook of a user may change
    the logs.
    """
    model, callbacks = session.trainer, session.callbacks.callbacks
    hooks = ("on_epoch_end", "on_test_end") if each_epoch else ("on_train_batch_end",)
    if model._makes_own_logs or any(is_of_user(c, hook) for c in callbacks for hook in hooks):
        return None
    complete = model._scoring.names is not None
    names = model.metrics_names
    if not complete:
        given = model._scoring.given
        leaves = tree.flatten([given["metrics"], given["weighted_metrics"]])
        names = [*names, *(name_of(leaf) for leaf in leaves if leaf is not None)]
    if not each_epoch:
        return Names(names, [], complete)
    rate = ["learning_rate"] if any(getattr(c, "sets_rate", False) for c in callbacks) else []
    validated = any(session.validates(epoch) for epoch in session.epochs)
    return Names([*names, *rate], [f"val_{n}" for n in names] if validated else [], complete)


def is_of_user(callback: Any, hook: str) -> bool:
    """Whether a hook of a callback is not the library's; that of batches has two names."""
    own = __name__.rpartition(".")[0]
    names = (hook, hook.replace("_train", ""))
    modules = [getattr(getattr(callback, n, None), "__module__", own) or "" for n in names]
    return not all(module.startswith(own) for module in modules)


def check_monitored(callback: Any, session: Any) -> None:
    """Raise ValueError if the logs cannot hold the number that a callback monitors."""
    each_epoch = getattr(callback, "save_freq", "epoch") == "epoch"
    names, name = names_to_come(session, each_epoch), callback.monitor
    if names is None or names.may_hold(name) or not session.epochs:
        return
    if name.startswith("val_") and session.has_validation and each_epoch and not names.validated:
        advice = "`validation_freq` of fit() leaves out every epoch."
    elif name.startswith("val_") and not each_epoch:
        advice = 'Numbers of the validation are there after epochs only: give save_freq="epoch".'
    else:
        advice = VALIDATION_ADVICE
    kind = type(callback).__name__
    raise ValueError(f"{kind} watches {name!r}, but the logs hold {names.all}. {advice}")


def columns_to_come(session: Any, logs: Any) -> list[str]:
    """The names of the validation that the logs of the first epoch lack, as a later one has it."""
    if session is None or any(name.startswith("val_") for name in logs):
        return []
    validated = any(session.validates(epoch) for epoch in session.epochs)
    return [f"val_{n}" for n in session.trainer.metrics_names if n in logs] if validated else []


# ---------------------------------------------------------------------------------------------
# Settings that would make a callback useless


def warn(callback: Any, text: str) -> None:
    """Warn that a callback will not do what it is there for."""
    warnings.warn(f"{type(callback).__name__}: {text}", stacklevel=6)


def check_rate_is_a_number(callback: Any, session: Any) -> None:
    """Raise ValueError if a callback that sets the learning rate would replace a schedule."""
    rate = session.trainer.optimizer._learning_rate
    if callable(rate):
        made = getattr(rate, "__name__", type(rate).__name__)
        raise ValueError(
            f"{type(callback).__name__} sets the learning rate, but that of the optimizer is the "
            f"schedule {made}, which a number would replace for good: give the optimizer a "
            "number, or leave the callback out"
        )


def warn_if_never(callback: Any, session: Any, done: int) -> None:
    """Warn if `save_freq` is more batches than this `fit` has, after those `done` before."""
    every, steps = callback.save_freq, session.batches.steps
    if every == "epoch" or steps is None or not session.epochs:
        return
    total = steps * len(session.epochs)
    if (done + total) // every == done // every:
        warn(callback, f"save_freq={every} is more than the {total} batches of this fit")


def check_filepath(callback: Any, session: Any) -> None:
    """Raise ValueError if the `filepath` of a checkpoint names what there will not be."""
    each_epoch, path = callback.save_freq == "epoch", callback.filepath
    names = names_to_come(session, each_epoch)
    try:
        parts = [field for _, field, _, _ in string.Formatter().parse(path)]
    except ValueError as error:
        raise ValueError(f"ModelCheckpoint: filepath {path!r}: {error}") from None
    numbers = ["epoch"] if each_epoch else ["epoch", "batch"]
    for field in parts:
        name = re.split(r"[.[]", "epoch" if field is None else field)[0]
        if name in numbers or names is None and name != "batch" or not session.epochs:
            continue
        if names is None or not names.may_hold(name) or name == "batch":
            hold = "" if names is None else f", but the logs hold {names.all}"
            raise ValueError(
                f"ModelCheckpoint: filepath {path!r} names {name!r}{hold}. Beside the logs there "
                f"is {' and '.join(numbers)} with save_freq={callback.save_freq!r}."
            )
        best = callback.save_best_only and callback.monitor.startswith("val_")
        if name in names.validated and not best and not all(map(session.validates, session.epochs)):
            raise ValueError(
                f"ModelCheckpoint: filepath {path!r} names {name!r}, which the logs lack in the "
                "epochs that `validation_freq` of fit() leaves out"
            )


def check_is_a_model(callback: Any, session: Any) -> None:
    """Raise ValueError if a callback that writes files meets a trainer that has none."""
    if not hasattr(session.trainer, "save"):
        raise ValueError(
            f"{type(callback).__name__} writes files, which only a Model has; "
            f"{type(session.trainer).__name__} is none"
        )


def warn_if_not_savable(callback: Any, session: Any) -> None:
    """Warn if the model that a checkpoint is to save cannot be saved."""
    model = session.trainer
    if callback.save_weights_only:
        return
    try:
        (model_contents if model.built else write_model)(model)
    except Exception as error:  # of a custom layer, so it may be anything
        warn(callback, f"the first save will fail, as this model cannot be saved: {error}")
