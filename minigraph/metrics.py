"""Metrics: what to watch while training. Each is a running sum over all batches of an epoch."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal, TypeAlias, overload

import numpy as np

from . import formulas, initializers
from .core import registry
from .core.checks import check_counts
from .core.context import context
from .core.device import array_module
from .core.dtypes import EPSILON, floatx
from .core.names import snake_case, unique_name
from .core.tensor import Tensor, Variable
from .core.types import Array, Config, DType, TensorLike
from .initializers import InitializerLike
from .ops import nn
from .ops.arrays import convert_to_tensor
from .ops.kernels import scatter_add


class Metric(registry.Configurable):
    """The base of metrics: `update_state` adds a batch, `result` reads, `reset_state` resets.

    A subclass makes its running sums with `add_weight` and defines `update_state` and `result`.
    """

    def __init__(self, name: str | None = None, dtype: DType = None):
        self.name = snake_case(type(self).__name__) if name is None else name
        self.dtype = dtype
        self._variables: list[Variable] = []

    def add_weight(
        self,
        shape: int | tuple[int, ...] = (),
        initializer: InitializerLike = "zeros",
        dtype: DType = "float64",
        name: str | None = None,
    ) -> Variable:
        """A running sum. It is float64, so that a long epoch does not lose its last samples."""
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        start = initializers.get(initializer)(shape, "float64", seed=0)
        variable = Variable(start, dtype=dtype, name=name or "sum", trainable=False)
        self._variables.append(variable)
        return variable

    add_variable = add_weight

    @property
    def variables(self) -> list[Variable]:
        """The running sums."""
        return list(self._variables)

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        """Add one batch to the running sums."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state")

    def result(self) -> Any:
        """The value over all batches since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} must define result")

    def reset_state(self) -> None:
        """Set the running sums to 0."""
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape))

    def load_state(self, arrays: Iterable[Array]) -> None:
        """Take over the values of `variables`; ValueError if a shape or the count differs."""
        for variable, array in zip(self._variables, arrays, strict=True):
            variable.assign(array)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.update_state(*args, **kwargs)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


# A name, a config, a class, a metric, a function (y_true, y_pred) -> values, or None for none.
MetricLike: TypeAlias = str | Config | type[Metric] | Metric | Callable[..., Any] | None


@registry.register(group="metric")
class Mean(Metric):
    """The weighted mean of all values: sum(w v) / sum(w)."""

    def __init__(self, name: str | None = None, dtype: DType = None):
        super().__init__(name, dtype)
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add values; weights may have fewer axes, aligned from the left, or be a scalar."""
        if context.tracing is not None:  # a symbolic call has no side effects
            return
        values = convert_to_tensor(values).value
        weights = 1 if sample_weight is None else sample_weight
        if isinstance(weights, (int, float)):
            total, count = values.sum(dtype="float64") * weights, values.size * weights
        else:
            weights = formulas.spread(convert_to_tensor(weights).value, values)
            weights = array_module(values).broadcast_to(weights, values.shape)
            total, count = (values * weights).sum(dtype="float64"), weights.sum(dtype="float64")
        # In place: these two arrays are never handed out, and this runs at every step.
        self.total.value += total
        self.count.value += count

    def result(self) -> Tensor:
        """The mean; 0 before the first value."""
        count = self.count.value
        return Tensor(self.total.value / (count + (count == 0)))


@registry.register(group="metric")
class Sum(Metric):
    """The weighted sum of all values: sum(w v)."""

    def __init__(self, name: str | None = None, dtype: DType = None):
        super().__init__(name, dtype)
        self.total = self.add_weight(name="total")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add values; weights may have fewer axes, aligned from the left."""
        values = convert_to_tensor(values).value
        weights = convert_to_tensor(1 if sample_weight is None else sample_weight).value
        weighted = values * formulas.spread(weights, values)
        self.total.assign_add(weighted.sum(dtype="float64"))

    def result(self) -> Tensor:
        return Tensor(self.total.value)


@registry.register
class MeanMetricWrapper(Mean):
    """The mean over all samples of a function (y_true, y_pred) -> one value for each sample.

    A mask on the predictions multiplies the weights.
    """

    def __init__(
        self,
        fn: str | Callable[..., Any],
        name: str | None = None,
        dtype: DType = None,
        **settings: Any,
    ):
        fn = registry.as_function(fn)
        if not callable(fn):
            raise TypeError(f"`fn` must be a function (y_true, y_pred), got {fn!r:.80}")
        super().__init__(name or getattr(fn, "__name__", "metric"), dtype)
        self.fn, self.settings = fn, settings

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
        values = convert_to_tensor(self.fn(y_true, y_pred, **self.settings))
        weights = formulas.weigh(values, sample_weight, y_pred.mask, values.mask)
        super().update_state(values, weights)

    def get_config(self) -> Config:
        config = {"name": self.name, "dtype": self.dtype, **self.settings}
        own = {"fn": registry.serialize(self.fn)} if type(self) is MeanMetricWrapper else {}
        return config | own


# ---------------------------------------------------------------------------------------------
# A formula makes a metric. In files they are written `metrics>Name`, since a loss may have the
# same name; accuracies keep their plain names, because no loss has one.


class FormulaMetric(MeanMetricWrapper):
    """The base of metrics that are the mean of a formula, with its settings."""

    formula: ClassVar[Callable[..., Any]]

    def __init_subclass__(
        cls, formula: Callable[..., Any] | None = None, aliases: tuple[str, ...] = (), **more: Any
    ):
        """Give a class its `formula` and the docstring of it, and register the class."""
        if formula is not None:
            cls.formula, cls.__doc__ = staticmethod(formula), cls.__doc__ or formula.__doc__
        super().__init_subclass__(**more)
        if formula is not None:
            name = cls.__name__
            in_files = name if name.endswith("Accuracy") else f"metrics>{name}"
            registry.register(cls, name=in_files, group="metric", aliases=aliases)

    def __init__(self, name: str | None = None, dtype: DType = None):
        name = snake_case(type(self).__name__) if name is None else name
        super().__init__(type(self).formula, name, dtype)


# fmt: off
class Accuracy(FormulaMetric, formula=formulas.accuracy): ...
class CategoricalAccuracy(FormulaMetric, formula=formulas.categorical_accuracy): ...
class SparseCategoricalAccuracy(FormulaMetric, formula=formulas.sparse_categorical_accuracy): ...
class MeanSquaredError(
    FormulaMetric, formula=formulas.mean_squared_error, aliases=("mse", "MSE")
): ...
class MeanAbsoluteError(
    FormulaMetric, formula=formulas.mean_absolute_error, aliases=("mae", "MAE")
): ...
class MeanAbsolutePercentageError(
    FormulaMetric, formula=formulas.mean_absolute_percentage_error, aliases=("mape", "MAPE")
): ...
class MeanSquaredLogarithmicError(
    FormulaMetric, formula=formulas.mean_squared_logarithmic_error, aliases=("msle", "MSLE")
): ...
class LogCoshError(FormulaMetric, formula=formulas.log_cosh, aliases=("log_cosh", "logcosh")): ...
class Hinge(FormulaMetric, formula=formulas.hinge): ...
class SquaredHinge(FormulaMetric, formula=formulas.squared_hinge): ...
class CategoricalHinge(FormulaMetric, formula=formulas.categorical_hinge): ...
class KLDivergence(FormulaMetric, formula=formulas.kl_divergence, aliases=("kld", "KLD")): ...
class Poisson(FormulaMetric, formula=formulas.poisson): ...
# fmt: on


class BinaryAccuracy(FormulaMetric, formula=formulas.binary_accuracy):
    def __init__(self, name: str | None = None, dtype: DType = None, threshold: float = 0.5):
        super().__init__(name, dtype)
        self.settings = formulas.checked(threshold=threshold)


class TopKCategoricalAccuracy(FormulaMetric, formula=formulas.top_k_categorical_accuracy):
    def __init__(self, k: int = 5, name: str | None = None, dtype: DType = None):
        super().__init__(name, dtype)
        self.settings = formulas.checked(k=k)


class SparseTopKCategoricalAccuracy(
    FormulaMetric, formula=formulas.sparse_top_k_categorical_accuracy
):
    def __init__(self, k: int = 5, name: str | None = None, dtype: DType = None):
        super().__init__(name, dtype)
        self.settings = formulas.checked(k=k)


class Huber(FormulaMetric, formula=formulas.huber):
    def __init__(self, name: str | None = None, dtype: DType = None, delta: float = 1.0):
        super().__init__(name, dtype)
        self.settings = formulas.checked(delta=delta)


class CosineSimilarity(FormulaMetric, formula=formulas.cosine):
    def __init__(self, name: str | None = None, dtype: DType = None, axis: int = -1):
        super().__init__(name, dtype)
        self.settings = formulas.checked(axis=axis)


class BinaryCrossentropy(FormulaMetric, formula=formulas.binary_crossentropy, aliases=("bce",)):
    def __init__(
        self,
        name: str | None = None,
        dtype: DType = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ):
        super().__init__(name, dtype)
        self.settings = formulas.checked(from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(FormulaMetric, formula=formulas.categorical_crossentropy):
    def __init__(
        self,
        name: str | None = None,
        dtype: DType = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ):
        super().__init__(name, dtype)
        self.settings = formulas.checked(
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis
        )


class SparseCategoricalCrossentropy(
    FormulaMetric, formula=formulas.sparse_categorical_crossentropy
):
    def __init__(
        self,
        name: str | None = None,
        dtype: DType = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
    ):
        super().__init__(name, dtype)
        self.settings = formulas.checked(from_logits=from_logits, ignore_class=ignore_class)


@registry.register(group="metric", aliases=("rmse", "RMSE"))
class RootMeanSquaredError(MeanSquaredError):
    """The square root of the mean squared error, over all samples seen.

        sqrt(mean (y - p)^2)

    Shapes: (..., n), (..., n) -> a scalar.
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """

    def result(self) -> Tensor:
        return Tensor(super().result().value ** 0.5)


# ---------------------------------------------------------------------------------------------
# Counts of hits and misses


class Counts(Metric):
    """The base of metrics made of four counts, for predictions p above a threshold ("positive").

    tp: positive and true, fp: positive but false, fn: true but not positive, tn: neither. A list of
    `thresholds` (0.5 if None) gives an array. `top_k` counts only the k largest of each row,
    `class_id` only one column. A subclass defines `value(tp, fp, fn, tn)`.

    Raises ValueError for a threshold outside [0, 1].
    """

    def __init__(
        self,
        thresholds: float | list[float] | tuple[float, ...] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DType = None,
    ):
        kind = snake_case(type(self).__name__)
        super().__init__(name or unique_name(kind), dtype)
        self.thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        default = 0.5 if top_k is None else -np.inf
        values = np.atleast_1d(default if thresholds is None else thresholds).astype("float64")
        self.threshold_array = values
        if top_k is None and not ((values >= -EPSILON) & (values <= 1 + EPSILON)).all():
            raise ValueError(f"thresholds must lie between 0 and 1, got {thresholds!r}")
        check_counts(top_k=top_k)
        check_counts(least=0, class_id=class_id)
        self.counts: Variable | None = None

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        """What the metric makes of its counts, an element for each threshold."""
        raise NotImplementedError(f"{type(self).__name__} must define value(self, tp, fp, fn, tn)")

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        """Add the counts of one batch; targets other than 0 are true."""
        if context.tracing is not None:  # a symbolic call has no side effects
            return
        y_true, y_pred = formulas.match(y_true, y_pred)
        columns, column = y_pred.shape[-1], self.class_id or 0
        if (self.top_k or 0) > columns or column >= columns:
            asked = f"`top_k`={self.top_k} and `class_id`={self.class_id}"
            raise ValueError(f"{self.name}: {asked} do not fit {columns} classes")
        weight = self.weights_of(y_pred, sample_weight)
        true, p = y_true.value != 0, self.probability(y_pred.value)
        p = p if p.dtype.kind == "f" else p.astype(floatx())
        xp = array_module(p)
        if self.top_k is not None:
            least = xp.sort(p, -1)[..., -self.top_k, None]
            p = xp.where(p >= least, p, -np.inf)
        if self.class_id is not None:
            true, p, weight = (x[..., self.class_id] for x in (true, p, weight))
        found = self.count(xp, true, p, weight)
        self.make_counts(found.shape).assign_add(found)

    def make_counts(self, shape: tuple[int, ...]) -> Variable:
        if self.counts is None:
            self.counts = self.add_weight(shape, name="counts")
        return self.counts

    def load_state(self, arrays: Iterable[Array]) -> None:
        for array in arrays:
            self.make_counts(array.shape)
        super().load_state(arrays)

    def probability(self, p: Array) -> Array:
        return p

    def weights_of(self, y_pred: Tensor, sample_weight: TensorLike | None) -> Array:
        """The weight of each element of the prediction."""
        p, xp = y_pred.value, array_module(y_pred.value)
        weight = formulas.weigh(p, sample_weight, y_pred.mask)
        return xp.broadcast_to(xp.asarray(1.0 if weight is None else weight), p.shape)

    def count(self, xp: Any, true: Array, p: Array, weight: Array) -> Array:
        """The four counts for each threshold: (4, thresholds)."""
        thresholds = xp.asarray(self.threshold_array.astype(p.dtype))
        order = thresholds.argsort()
        below = xp.searchsorted(thresholds[order], p.reshape(-1))  # the count of thresholds below p

        def above(weights):  # the weights of all p above each threshold
            sums = scatter_add(below, weights.reshape(-1, 1).astype("float64"), len(order) + 1)
            return sums[::-1, 0].cumsum()[::-1][1:][order.argsort()]

        hits, misses = weight * true, weight * ~true
        tp, fp = above(hits), above(misses)
        return xp.stack([tp, fp, hits.sum() - tp, misses.sum() - fp])

    def result(self) -> Tensor:
        empty = np.zeros((4, len(self.threshold_array)))
        counts = empty if self.counts is None else self.counts.value
        value = self.value(*(counts[k] for k in range(4)))  # a GPU array must not be unpacked
        return Tensor(value if isinstance(self.thresholds, (list, tuple)) else value[0])


def ratio(a: Array, b: Array) -> Array:
    """a / b, and 0 where b is 0."""
    return a / array_module(b).where(b == 0, 1, b)


@registry.register(group="metric")
class TruePositives(Counts):
    """How many are called positive and are true: tp."""

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return tp


@registry.register(group="metric")
class FalsePositives(Counts):
    """How many are called positive but are false: fp."""

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return fp


@registry.register(group="metric")
class FalseNegatives(Counts):
    """How many are true but not called positive: fn."""

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return fn


@registry.register(group="metric")
class TrueNegatives(Counts):
    """How many are neither true nor called positive: tn."""

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return tn


@registry.register(group="metric")
class Precision(Counts):
    """How many positives are true: tp / (tp + fp)."""

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return ratio(tp, tp + fp)


@registry.register(group="metric")
class Recall(Counts):
    """How many of the true are positive: tp / (tp + fn)."""

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return ratio(tp, tp + fn)


@registry.register(group="metric")
class AUC(Counts):
    """The area under the curve of recall over the rate of false positives (ROC).

        area = sum over k of (x[k] - x[k + 1]) (y[k] + y[k + 1]) / 2
        x = fp / (fp + tn),  y = tp / (tp + fn)

    The curve is known at `num_thresholds` evenly spaced thresholds; between two of them it is a
    straight line ("interpolation"), or the lower or higher end ("minoring", "majoring").
    `multi_label` averages the areas of all columns.

    Raises ValueError for another curve or way of summing, and for fewer than 2 thresholds.
    Source: Hanley and McNeil (1982).
    """

    HEIGHTS = {
        "interpolation": lambda a, b: (a + b) / 2,
        "minoring": lambda a, b: array_module(a).minimum(a, b),
        "majoring": lambda a, b: array_module(a).maximum(a, b),
    }

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: Literal["ROC"] = "ROC",
        summation_method: Literal["interpolation", "minoring", "majoring"] = "interpolation",
        name: str | None = None,
        dtype: DType = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        from_logits: bool = False,
    ):
        if curve != "ROC" or summation_method not in self.HEIGHTS or num_thresholds < 2:
            raise ValueError(
                f"AUC knows curve='ROC', summation_method {' or '.join(self.HEIGHTS)} and at least "
                f"2 thresholds; got {curve!r}, {summation_method!r} and {num_thresholds!r}"
            )
        inner = [k / (num_thresholds - 1) for k in range(1, num_thresholds - 1)]
        super().__init__([-EPSILON, *inner, 1 + EPSILON], name=name, dtype=dtype)
        self.num_thresholds, self.curve = num_thresholds, curve
        self.summation_method, self.from_logits = summation_method, from_logits
        self.multi_label, self.num_labels = multi_label, num_labels

    def probability(self, p: Array) -> Array:
        return nn.sigmoid(p).value if self.from_logits else p

    def count(self, xp: Any, true: Array, p: Array, weight: Array) -> Array:
        if not self.multi_label:
            return super().count(xp, true, p, weight)
        columns = [(true[:, k], p[:, k], weight[:, k]) for k in range(p.shape[-1])]
        return xp.stack([super(AUC, self).count(xp, *column) for column in columns], -1)

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        x, y = ratio(fp, fp + tn), ratio(tp, tp + fn)
        heights = self.HEIGHTS[self.summation_method](y[:-1], y[1:])
        return ((x[:-1] - x[1:]) * heights).sum(0).mean()


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: MetricLike) -> Metric: ...
def get(identifier: MetricLike) -> Metric | None:
    """A metric from a name, a class, a config or an instance; None gives None.

    A function (y_true, y_pred) becomes its mean.

    Raises ValueError for an unknown name, or anything else.
    """
    return registry.get("metric", identifier, Metric, MeanMetricWrapper)


BY_SHAPES = {
    "accuracy": formulas.accuracy_by_shapes,
    "acc": formulas.accuracy_by_shapes,
    "crossentropy": formulas.crossentropy_by_shapes,
    "ce": formulas.crossentropy_by_shapes,
}


def for_training(identifier: Any) -> Metric:
    """A metric as `compile` understands it.

    "accuracy" and "crossentropy" mean the binary, sparse or categorical form, whichever the shapes
    call for. A metric given by name keeps the name as it was written; `package>name`, which a file
    writes for a registered function, is not such a name.
    """
    if not isinstance(identifier, str):
        return get(identifier)
    if identifier in BY_SHAPES:
        return MeanMetricWrapper(BY_SHAPES[identifier], identifier)
    metric = get(identifier)
    if ">" not in identifier:
        metric.name = identifier
    return metric


serialize, deserialize = registry.serialize, registry.deserialize

# fmt: off
__all__ = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "CategoricalAccuracy",
    "CategoricalCrossentropy", "CategoricalHinge", "CosineSimilarity", "Counts", "FalseNegatives",
    "FalsePositives", "FormulaMetric", "Hinge", "Huber", "KLDivergence", "LogCoshError", "Mean",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanMetricWrapper", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Metric", "Poisson", "Precision", "Recall",
    "RootMeanSquaredError", "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy", "SquaredHinge", "Sum", "TopKCategoricalAccuracy",
    "TrueNegatives", "TruePositives", "deserialize", "get", "serialize",
]
# fmt: on
