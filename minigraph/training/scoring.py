"""Scoring: which loss and which metrics belong to which output of a model."""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import formulas, losses, metrics
from ..core import tree
from ..core.checks import check_keys, is_number
from ..core.output import warn_caller
from ..core.tensor import as_array
from ..core.types import Structure, TensorLike
from ..graph.symbols import SymbolicTensor
from ..ops.arrays import convert_to_tensor, expand_dims


class OutputScoring:
    """One output of the model: its loss, the weight of that loss, and its metrics."""

    def __init__(
        self, name: str, loss: Any, weight: Any, plain_metrics: Any, weighted_metrics: Any
    ) -> None:
        if weight is not None and not is_number(weight):
            raise ValueError(
                f"the entry of `loss_weights` for {name!r} is not a number: {weight!r}"
            )
        self.name: str = name
        self.weight: float = 1.0 if weight is None else float(weight)
        self.loss: losses.Loss | None = losses.get(loss)
        self.mean_loss: metrics.Mean = metrics.Mean()
        self.mean_loss.name = f"{name}_loss"
        self.metrics: list[metrics.Metric] = [
            metrics.for_training(m) for m in listed(plain_metrics)
        ]
        self.weighted_metrics: list[metrics.Metric] = [
            metrics.for_training(m) for m in listed(weighted_metrics)
        ]
        self.wants_target: bool = bool(self.loss or self.metrics or self.weighted_metrics)


Comparison = tuple[OutputScoring, Any, Any, Any]  # of an output: its target, prediction and weights
Labelled = tuple[str, metrics.Metric]  # a metric, and its name in the logs


class Scoring:
    """The compile settings of a model, and an `OutputScoring` for each of its outputs.

    `outputs` is filled when the names of the outputs are known: for a graph at once, for any other
    model at the first batch.
    """

    def __init__(self, loss: Any, loss_weights: Any, metrics_: Any, weighted_metrics: Any) -> None:
        given = {"loss": loss, "loss_weights": loss_weights}
        given |= {"metrics": metrics_, "weighted_metrics": weighted_metrics}
        self.given: dict[str, Any] = tree.map(as_object, given)
        self.mean_loss: metrics.Mean = metrics.Mean("loss")
        self.names: Any = None  # a list, once the names are known
        self.outputs: list[OutputScoring] = []
        self.labelled: list[Labelled] = [("loss", self.mean_loss)]
        self.structure: Structure = None

    def prepare_outputs(self, structure: Structure, names: list[str] | None = None) -> None:
        """Give each output its loss and its metrics.

        `structure` is that of the model's output, `names` are those of the layers that make it.
        Raises ValueError, with the names, where a key, a count or a name does not fit.
        """
        names = names_of(structure, names)
        columns = []
        for argument, given in self.given.items():
            if (
                not argument.startswith("loss")
                and len(names) == 1
                and isinstance(given, (list, tuple))
            ):
                given = [given]  # a list of metrics, all for the only output
            if argument == "loss_weights" and len(names) > 1 and isinstance(given, (int, float)):
                raise ValueError(f"`loss_weights` needs one entry for each of the outputs {names}")
            needed = []
            if argument == "loss_weights":
                pairs = zip(names, columns[0], strict=True)
                needed = [name for name, loss in pairs if loss is not None]
            columns.append(distribute(given, names, argument, needed))
        self.outputs = [OutputScoring(*row) for row in zip(names, *columns, strict=True)]
        self.labelled = self._label()
        self.names, self.structure = names, structure

    def _label(self) -> list[Labelled]:
        """Return (name in the logs, metric) for all metrics, in the order of the logs.

        Raises ValueError if one Metric object is given twice, since it would mix both inputs.
        """
        several = len(self.outputs) > 1
        found: list[Labelled] = [("loss", self.mean_loss)]
        found += [(o.mean_loss.name, o.mean_loss) for o in self.outputs if several and o.loss]
        owners = {}  # metric: the name of its output
        for output in self.outputs:
            for metric in [*output.metrics, *output.weighted_metrics]:
                if metric in owners:
                    raise ValueError(
                        f"one object, {metric!r}, is given as a metric of {owners[metric]!r} and "
                        f"of {output.name!r}, and would mix both: give each its own metric"
                    )
                owners[metric] = output.name
                found.append((f"{output.name}_{metric.name}" if several else metric.name, metric))
        check_distinct(found)
        return found

    def pair(
        self, y: Structure, predictions: list[Any], sample_weight: Structure
    ) -> list[Comparison]:
        """A tuple (output scoring, target, prediction, weight) for each output that is scored."""
        if len(self.names) > 1 and y is not None and not tree.is_branch(y):
            y = self._only_target(y)
        targets = distribute(flatten_like(self.structure, y), self.names, "y")
        sample_weight = flatten_like(self.structure, sample_weight)
        weights = distribute(sample_weight, self.names, "sample_weight")
        pairs = zip(self.outputs, targets, predictions, weights, strict=True)
        pairs = [pair for pair in pairs if pair[0].wants_target]
        missing = [output.name for output, target, _, _ in pairs if target is None]
        if missing:
            raise ValueError(
                f"the targets `y` are missing for {missing}: a loss or metric compares those "
                "outputs with them"
            )
        return pairs

    def _only_target(self, y: Any) -> dict[str, Any]:
        """A single target, for the only output that wants one; ValueError if there are more."""
        wanted = [output.name for output in self.outputs if output.wants_target]
        if len(wanted) > 1:
            raise ValueError(f"give `y` as a list or dict of targets, for the outputs {self.names}")
        return dict.fromkeys(wanted, y)

    def compare_batch(
        self, y: Structure, y_pred: Structure, sample_weight: Structure
    ) -> list[Comparison]:
        """The pairs of one batch, target and prediction each with an axis of features."""
        pairs = self.pair(y, tree.flatten(y_pred), sample_weight)
        return [(output, *align(target, found), weight) for output, target, found, weight in pairs]

    def check(
        self, y: Structure, sample_weight: Structure, symbols: list[SymbolicTensor] | None
    ) -> None:
        """Check all targets before the first step, as far as the outputs are known.

        `symbols` are the symbolic outputs, or None for a model that has no graph yet.
        """
        if symbols is None:
            if y is None and self.given["loss"] is not None:
                raise ValueError("the targets `y` are missing: the loss compares outputs with them")
            return
        for output, target, symbol, _ in self.pair(y, symbols, sample_weight):
            if output.loss is None:
                continue
            try:
                any_batch = (None, *symbol.shape[1:])[: symbol.ndim]  # even if one size is fixed
                output.loss.check_targets(target, any_batch)
            except ValueError as error:
                raise ValueError(f"targets of output {output.name!r}: {error}") from None

    def warn_of_metrics(
        self, y: Structure, sample_weight: Structure, symbols: list[SymbolicTensor]
    ) -> None:
        """Warn of metrics whose numbers would mean nothing, before the first step."""
        for output, target, symbol, _ in self.pair(y, symbols, sample_weight):
            for metric in [*output.metrics, *output.weighted_metrics]:
                if doubt := doubt_about(metric, output.loss, target, symbol):
                    text = f"metric {metric.name!r} of output {output.name!r}: {doubt}"
                    warn_caller(text)


OF_CLASSES = (
    formulas.categorical_accuracy,
    formulas.sparse_categorical_accuracy,
    formulas.top_k_categorical_accuracy,
    formulas.sparse_top_k_categorical_accuracy,
    formulas.categorical_crossentropy,
    formulas.sparse_categorical_crossentropy,
)
CROSSENTROPIES = (*formulas.CROSSENTROPIES.values(), formulas.crossentropy_by_shapes)


def doubt_about(metric: metrics.Metric, loss: Any, target: Any, symbol: Any) -> str | None:
    """Why a metric would say nothing about an output, and what to do; None if it may be right."""
    fn, one_column = getattr(metric, "fn", None), symbol.shape[1:] == () or symbol.shape[-1] == 1
    if one_column and fn in OF_CLASSES:
        return (
            "it compares the columns of several classes, and the predictions have one column: use "
            "the binary form"
        )
    if fn is formulas.accuracy and np.dtype(symbol.dtype).kind == "f":
        return (
            "it counts the predictions that are exactly equal to their targets, and floats hardly "
            "ever are: give the name 'accuracy'"
        )
    if one_column and fn in (formulas.accuracy_by_shapes, formulas.binary_accuracy):
        values = as_array(target)
        if values.dtype.kind == "f" and (values != values.round()).any() and values.max() > 1:
            return "the targets are not 0 and 1, as in a regression: use a metric such as 'mae'"
    logits = getattr(loss, "settings", {}).get("from_logits")
    if logits and takes_probabilities(metric, one_column):
        return (
            "the loss takes logits, and this metric takes probabilities: give it a threshold of "
            "0.0 or from_logits=True, or end the model with a sigmoid or softmax"
        )
    return None


def takes_probabilities(metric: Any, one_column: bool) -> bool:
    """Whether a metric compares predictions with a threshold between 0 and 1, or takes their log.

    The largest of several columns is the same for logits.
    """
    if isinstance(metric, metrics.Counts):
        given = (metric.thresholds, metric.top_k) != (None, None)
        return not getattr(metric, "from_logits", given)
    fn, settings = getattr(metric, "fn", None), getattr(metric, "settings", {})
    if fn is formulas.binary_accuracy or (fn is formulas.accuracy_by_shapes and one_column):
        return settings.get("threshold", 0.5) == 0.5
    return fn in CROSSENTROPIES and not settings.get("from_logits")


def as_object(given: Any) -> Any:
    """Turn the class of a loss or metric into an object, which can be written to a file."""
    is_class = inspect.isclass(given) and issubclass(given, (losses.Loss, metrics.Metric))
    return given() if is_class else given


def check_distinct(labelled: list[Labelled]) -> None:
    """Raise ValueError if two of the pairs (name in the logs, metric) have the same name."""
    seen = set()
    for name, metric in labelled:
        if name in seen:
            raise ValueError(
                f"two numbers of the logs are called {name!r}, the second from {metric!r}: give "
                "one of the metrics another `name=`"
            )
        seen.add(name)


def flatten_like(structure: Structure, value: Structure) -> Structure:
    """`value` as a flat list in the order of `structure`, if it has that structure; else unchanged.

    The keys of a dict may come in another order than those of the model's output.
    """
    if not tree.is_branch(structure) or not tree.same_structure(structure, value):
        return value
    keys = structure.keys() if isinstance(structure, dict) else range(len(structure))
    parts = [flatten_like(structure[key], value[key]) for key in keys]
    return [leaf for part in parts for leaf in tree.flatten(part)]


def listed(given: Any) -> list[Any]:
    """One metric, or nested lists of metrics, as a flat list."""
    return [metric for metric in tree.flatten(given) if metric is not None]


def distribute(
    given: Any, names: list[str], argument: str, needed: Sequence[str] = ()
) -> list[Any]:
    """One entry for each output: from a dict by name, a list in order, or one for all.

    A dict may leave out outputs that are not `needed`. Raises ValueError for a wrong key or count.
    """
    if isinstance(given, dict):
        check_keys(given, f"`{argument}`", names, needed)
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(
                f"`{argument}` has {len(given)} entries, but the model has {len(names)} "
                f"outputs, {names}"
            )
        return list(given)
    return [given] * len(names)


def align(target: TensorLike, output: Any) -> tuple[Any, Any]:
    """Give target and output an axis of features: (n,) and (n, 1) become (n, 1) and (n, 1)."""
    target = convert_to_tensor(target)
    if output.ndim == 1:
        output = expand_dims(output, -1)
    return formulas.fit_rank(target, output.shape), output


def names_of(structure: Structure, names: list[str] | None = None) -> list[str]:
    """A name for each output: its key in a dict, else what `names` says, else a number.

    If several have the same name, the later ones get `_1`, `_2`.
    """
    count = len(tree.flatten(structure))
    if isinstance(structure, dict) and len(structure) == count:
        return list(structure)
    if names is None:
        return ["output"] if count == 1 else [f"output_{k + 1}" for k in range(count)]
    repeats = [names[:k].count(name) for k, name in enumerate(names)]
    return [f"{n}_{again}" if again else n for n, again in zip(names, repeats, strict=True)]
