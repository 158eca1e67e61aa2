"""Scoring: which loss and which metrics look at which output of a model."""

import inspect

from .. import formulas, losses, metrics
from ..core import tree
from ..core.checks import check_keys, is_number
from ..ops.arrays import convert_to_tensor, expand_dims


class Route:
    """One output of the model: its loss, how much that counts, and the metrics that watch it."""

    def __init__(self, name, loss, weight, plain_metrics, weighted_metrics):
        if weight is not None and not is_number(weight):
            raise ValueError(f"the entry of `loss_weights` for {name!r} is no number: {weight!r}")
        self.name, self.weight = name, 1.0 if weight is None else float(weight)
        self.loss = losses.get(loss)
        self.mean_loss = metrics.Mean(f"{name}_loss")
        self.metrics = [metrics.for_training(m) for m in listed(plain_metrics)]
        self.weighted_metrics = [metrics.for_training(m) for m in listed(weighted_metrics)]
        self.wants_target = bool(self.loss or self.metrics or self.weighted_metrics)


class Scoring:
    """The compile settings of a model, and for each of its outputs a `Route`.

    The routes are laid when the names of the outputs are known: for a graph at once, for a subclass
    of its own at the first batch.
    """

    def __init__(self, loss, loss_weights, metrics_, weighted_metrics):
        given = {"loss": loss, "loss_weights": loss_weights}
        given |= {"metrics": metrics_, "weighted_metrics": weighted_metrics}
        self.given = tree.map(as_object, given)
        self.mean_loss = metrics.Mean("loss")
        self.names, self.routes, self.labelled = None, [], [("loss", self.mean_loss)]
        self.structure = None

    def lay_routes(self, structure, names=None):
        """Give each output its loss and its metrics.

        `structure` is that of the model's output, `names` are those of the layers that make it.
        Raises ValueError, with the names, where a key, a count or a name does not fit.
        """
        names = names_of(structure, names)
        columns = []
        for argument, given in self.given.items():
            is_loss = argument.startswith("loss")
            if not is_loss and len(names) == 1 and isinstance(given, (list, tuple)):
                given = [given]  # a list of metrics, all for the only output
            if argument == "loss_weights" and len(names) > 1 and isinstance(given, (int, float)):
                raise ValueError(f"`loss_weights` needs one entry for each of the outputs {names}")
            columns.append(distribute(given, names, argument, complete=is_loss))
        self.routes = [Route(*row) for row in zip(names, *columns, strict=True)]
        self.labelled = self._label()
        self.names, self.structure = names, structure

    def _label(self):
        """(name in the logs, metric) of all that is watched, in the order of the logs.

        Raises ValueError if one Metric object is to watch twice, for it would mix what it sees.
        """
        several = len(self.routes) > 1
        found = [("loss", self.mean_loss)]
        found += [(r.mean_loss.name, r.mean_loss) for r in self.routes if several and r.loss]
        outputs = {}  # metric: the output that it watches
        for route in self.routes:
            for metric in [*route.metrics, *route.weighted_metrics]:
                if metric in outputs:
                    raise ValueError(
                        f"one object, {metric!r}, is given as a metric of {outputs[metric]!r} and "
                        f"of {route.name!r}, and would mix both: give each a metric of its own"
                    )
                outputs[metric] = route.name
                found.append((f"{route.name}_{metric.name}" if several else metric.name, metric))
        check_distinct(found)
        return found

    def pair(self, y, outputs, sample_weight):
        """(route, target, output, weight) for each output that has a loss or a metric."""
        if len(self.names) > 1 and y is not None and not tree.is_branch(y):
            raise ValueError(f"give `y` as a list or dict of targets, for the outputs {self.names}")
        targets = distribute(flatten_like(self.structure, y), self.names, "y")
        sample_weight = flatten_like(self.structure, sample_weight)
        weights = distribute(sample_weight, self.names, "sample_weight")
        rows = zip(self.routes, targets, outputs, weights, strict=True)
        rows = [row for row in rows if row[0].wants_target]
        missing = [route.name for route, target, _, _ in rows if target is None]
        if missing:
            raise ValueError(
                f"the targets `y` are missing for {missing}: a loss or metric compares these "
                "outputs with them"
            )
        return rows

    def check(self, y, sample_weight, outputs):
        """Check all targets before the first step, as far as the outputs are known.

        `outputs` are symbols with shapes, or None for a model that has no graph yet.
        """
        if outputs is None:
            if y is None and self.given["loss"] is not None:
                raise ValueError("the targets `y` are missing: the loss compares outputs with them")
            return
        for route, target, output, _ in self.pair(y, outputs, sample_weight):
            if route.loss is None:
                continue
            try:
                any_batch = (None, *output.shape[1:])[: output.ndim]  # even if one size is fixed
                route.loss.check_targets(target, any_batch)
            except ValueError as error:
                raise ValueError(f"targets of output {route.name!r}: {error}") from None


def as_object(given):
    """The class of a loss or metric becomes an object of it, which can be written to a file."""
    is_class = inspect.isclass(given) and issubclass(given, (losses.Loss, metrics.Metric))
    return given() if is_class else given


def check_distinct(labelled):
    """Raise ValueError if two of the pairs (name in the logs, metric) have one name."""
    seen = set()
    for name, metric in labelled:
        if name in seen:
            raise ValueError(
                f"two numbers of the logs are called {name!r}, the second from {metric!r}: give "
                "one of the metrics another `name=`"
            )
        seen.add(name)


def flatten_like(structure, value):
    """`value` as a flat list in the order of `structure`, if it has that structure; else as it is.

    The keys of a dict may stand in another order than those of the model's output.
    """
    if not tree.is_branch(structure) or not tree.same_structure(structure, value):
        return value
    keys = structure.keys() if isinstance(structure, dict) else range(len(structure))
    parts = [flatten_like(structure[key], value[key]) for key in keys]
    return [leaf for part in parts for leaf in tree.flatten(part)]


def listed(given):
    """One metric, or any nest of lists of them, as a flat list."""
    return [metric for metric in tree.flatten(given) if metric is not None]


def distribute(given, names, argument, complete=False):
    """One entry for each output: from a dict by name, a list in order, or one for all.

    Raises ValueError for a wrong key or count; `complete` asks for an entry for every output.
    """
    if isinstance(given, dict):
        check_keys(given, f"`{argument}`", names, names if complete else ())
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(
                f"`{argument}` has {len(given)} entries, but the model has {len(names)} "
                f"outputs, {names}"
            )
        return list(given)
    return [given] * len(names)


def align(target, output):
    """Target and output with an axis of features each: of (n,) against (n, 1), both are (n, 1)."""
    target = convert_to_tensor(target)
    if output.ndim == 1:
        output = expand_dims(output, -1)
    return formulas.fit_rank(target, output.shape), output


def names_of(structure, names=None):
    """A name for each output: its key in a dict, else what `names` says, else a number.

    Of several with one name, the later ones get `_1`, `_2`.
    """
    count = len(tree.flatten(structure))
    if isinstance(structure, dict) and len(structure) == count:
        return list(structure)
    if names is None:
        return ["output"] if count == 1 else [f"output_{k + 1}" for k in range(count)]
    repeats = [names[:k].count(name) for k, name in enumerate(names)]
    return [f"{n}_{again}" if again else n for n, again in zip(names, repeats, strict=True)]
