"""What callbacks can know before the first step: which numbers the logs will hold, and which of
their values are better.

Each function is given the session of a `fit` that is about to begin.
"""

import re
from typing import Any, NamedTuple

from ..core import tree
from ..metrics import Better, Metric, better_by_name, better_of

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
