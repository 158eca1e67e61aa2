"""Metrics: numbers to monitor in training, from running sums over all batches of an epoch."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, overload

import numpy as np

from . import formulas, initializers
from .core import module_names, registry
from .core.checks import check_counts
from .core.context import context
from .core.device import array_module
from .core.docstrings import share_arguments
from .core.dtypes import EPSILON, floatx
from .core.names import check_shown, snake_case, unique_name
from .core.registry import deserialize, serialize
from .core.tensor import Tensor, Variable
from .core.types import Array, Config, DType, TensorLike
from .initializers import InitializerLike
from .ops import nn
from .ops.arrays import convert_to_tensor
from .ops.costs import spend
from .ops.kernels import scatter_add

THRESHOLD = 16  # elements that a threshold of AUC counts as, while a file is read

Better: TypeAlias = Literal["min", "max"] | None  # which values of a metric are better

LARGER_IS_BETTER: set[Callable[..., Any]] = {
    formulas.accuracy,
    formulas.binary_accuracy,
    formulas.categorical_accuracy,
    formulas.sparse_categorical_accuracy,
    formulas.top_k_categorical_accuracy,
    formulas.sparse_top_k_categorical_accuracy,
    formulas.accuracy_by_shapes,
    formulas.cosine,
}


def better_of(fn: Any) -> Better:
    """Which values of a function are better: of ours that is known, others may say it."""
    if getattr(fn, "__module__", None) == formulas.__name__:
        return "max" if fn in LARGER_IS_BETTER else "min"  # all others are distances
    found = getattr(fn, "better", None)
    return found if found in ("min", "max") else None


class Metric(registry.Configurable):
    """The base of metrics: `update_state` adds a batch, `result` returns the value so far.

    A subclass makes its running sums with `add_weight` and defines `update_state` and `result`.
    `reset_state` sets the sums to 0; a call adds a batch and returns the value. `better` says which
    values are better, "min" for the small and "max" for the large ones, or None if that is not
    known; callbacks with `mode="auto"` ask for it.

    Args:
        name: Name in the logs; None (default) derives it from the class, such as `log_cosh_error`.
        dtype: Kept in the config, without effect: running sums are float64 (default None).
    Raises ValueError for a name that is empty, longer than 128 characters or has invisible ones.
    Example:
        >>> class Count(keras.metrics.Metric):
        ...     better = "max"
        ...     def __init__(self, name="count"):
        ...         super().__init__(name)
        ...         self.count = self.add_weight()
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.count.assign_add(len(y_true))
        ...     def result(self):
        ...         return int(self.count.numpy())
        >>> samples = Count()
        >>> samples([1, 2, 3], [1, 2, 3]), samples([1, 2], [1, 2])
        (3, 5)
    """

    better: Better = None

    def __init__(self, name: str | None = None, dtype: DType = None):
        self.name: str = snake_case(type(self).__name__) if name is None else check_shown(name)
        self.dtype: DType = dtype
        self._variables: list[Variable] = []

    def add_weight(
        self,
        shape: int | tuple[int, ...] = (),
        initializer: InitializerLike = "zeros",
        dtype: DType = "float64",
        name: str | None = None,
    ) -> Variable:
        """Make a running sum. It is float64, so that rounding loses no samples in a long epoch.

        Args:
            shape: Shape of the sum, a tuple, or an integer for one axis (default ()).
            initializer: Initial values, as a name, a config or an object (default "zeros").
            dtype: Type of the sum (default "float64").
            name: Name of the variable; None (default) means `sum`.
        """
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
        """Set the values of `variables`.

        Args:
            arrays: Values of the variables in their order, an array for each.
        Raises ValueError if a shape or the count differs.
        """
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
    """The weighted mean of all values: sum(w v) / sum(w).

    Example:
        >>> mean = keras.metrics.Mean()
        >>> mean.update_state([1.0, 3.0])
        >>> mean.update_state([8.0], sample_weight=2.0)
        >>> float(mean.result())  # (1 + 3 + 2 * 8) / 4
        5.0
    """

    def __init__(self, name: str | None = None, dtype: DType = None):
        super().__init__(name, dtype)
        self.total: Variable = self.add_weight(name="total")
        self.count: Variable = self.add_weight(name="count")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add values to the running sums.

        Args:
            sample_weight: Weights of the values, a number, or an array whose axes are aligned with
                theirs from the left; None (default) weights all equally.
        Raises ValueError if the weights do not fit.
        """
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
        # In place: no caller ever gets these two arrays, and this runs at every step.
        self.total.value += total
        self.count.value += count

    def result(self) -> Tensor:
        """The mean; 0 before the first value."""
        count = self.count.value
        return Tensor(self.total.value / (count + (count == 0)))


@registry.register(group="metric")
class Sum(Metric):
    """The weighted sum of all values: sum(w v).

    Example:
        >>> total = keras.metrics.Sum()
        >>> total.update_state([1.0, 2.0])
        >>> total.update_state([3.0, 4.0], sample_weight=[1.0, 10.0])
        >>> float(total.result())
        46.0
    """

    def __init__(self, name: str | None = None, dtype: DType = None):
        super().__init__(name, dtype)
        self.total: Variable = self.add_weight(name="total")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add values to the running sum.

        Args:
            sample_weight: Weights of the values, whose axes are aligned with theirs from the left;
                None (default) weights all equally.
        Raises ValueError if the weights do not fit.
        """
        values = convert_to_tensor(values).value
        weights = convert_to_tensor(1 if sample_weight is None else sample_weight).value
        weighted = values * formulas.spread(weights, values)
        self.total.assign_add(weighted.sum(dtype="float64"))

    def result(self) -> Tensor:
        return Tensor(self.total.value)


@registry.register
class MeanMetricWrapper(Mean):
    """The mean over all samples of a function (y_true, y_pred) -> one value for each sample.

    A mask on the predictions multiplies the weights. Further keywords are settings of the function,
    which gets them at each call. Which values are better is known of the library's functions; one
    of a user may say it in an attribute, `fn.better = "max"`.

    Args:
        fn: Function of two tensors, or its registered name.
        name: Name in the logs; None (default) takes that of the function.
    Raises TypeError if `fn` cannot be called.
    Example:
        >>> def within(y_true, y_pred, limit):
        ...     return abs(y_true.numpy() - y_pred.numpy()) < limit
        >>> metric = keras.metrics.MeanMetricWrapper(within, limit=0.5)
        >>> metric.name, float(metric([1.0, 2.0], [1.25, 3.0]))
        ('within', 0.5)
    """

    other_keywords: tuple[str, ...] = ("*",)  # settings of the function

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
        super().__init__(getattr(fn, "__name__", "metric") if name is None else name, dtype)
        self.fn: Callable[..., Any] = fn
        self.better: Better = type(self).better or better_of(fn)
        self.settings: dict[str, Any] = settings

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        """Add the values that the function gives for one batch."""
        y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
        values = convert_to_tensor(self.fn(y_true, y_pred, **self.settings))
        weights = formulas.weigh(values, sample_weight, y_pred.mask, values.mask)
        super().update_state(values, weights)

    def get_config(self) -> Config:
        config = {"name": self.name, "dtype": self.dtype, **self.settings}
        own = {"fn": registry.serialize(self.fn)} if type(self) is MeanMetricWrapper else {}
        return config | own


# ---------------------------------------------------------------------------------------------
# Metrics made from formulas. In files they are written `metrics>Name`, since a loss may have the
# same name; accuracies keep their plain names, because no loss has one.


class FormulaMetric(MeanMetricWrapper):
    """The base of metrics that are the mean of a formula, with its settings.

    `FormulaMetric` itself has no formula: a subclass names one, `class Mine(FormulaMetric,
    formula=f)`.

    Example:
        >>> metric = keras.metrics.Huber(delta=2.0)
        >>> isinstance(metric, keras.metrics.FormulaMetric), metric.formula is keras.losses.huber
        (True, True)
        >>> metric.settings
        {'delta': 2.0}
    """

    formula: ClassVar[Callable[..., Any]]
    aliases: ClassVar[tuple[str, ...]] = ()
    other_keywords: tuple[str, ...] = ()

    def __init_subclass__(
        cls, formula: Callable[..., Any] | None = None, aliases: tuple[str, ...] = (), **more: Any
    ) -> None:
        """Give a class its `formula` and the formula's docstring, and register the class."""
        if formula is not None:
            cls.formula, cls.__doc__ = staticmethod(formula), cls.__doc__ or formula.__doc__
            cls.aliases = aliases
            cls.better: Better = better_of(formula)
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
        self.settings.update(formulas.checked(threshold=threshold))


class TopKCategoricalAccuracy(FormulaMetric, formula=formulas.top_k_categorical_accuracy):
    def __init__(self, k: int = 5, name: str | None = None, dtype: DType = None):
        super().__init__(name, dtype)
        self.settings.update(formulas.checked(k=k))


class SparseTopKCategoricalAccuracy(
    FormulaMetric, formula=formulas.sparse_top_k_categorical_accuracy
):
    def __init__(self, k: int = 5, name: str | None = None, dtype: DType = None):
        super().__init__(name, dtype)
        self.settings.update(formulas.checked(k=k))


class Huber(FormulaMetric, formula=formulas.huber):
    def __init__(self, name: str | None = None, dtype: DType = None, delta: float = 1.0):
        super().__init__(name, dtype)
        self.settings.update(formulas.checked(delta=delta))


class CosineSimilarity(FormulaMetric, formula=formulas.cosine):
    def __init__(self, name: str | None = None, dtype: DType = None, axis: int = -1):
        super().__init__(name, dtype)
        self.settings.update(formulas.checked(axis=axis))


class BinaryCrossentropy(FormulaMetric, formula=formulas.binary_crossentropy, aliases=("bce",)):
    def __init__(
        self,
        name: str | None = None,
        dtype: DType = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ):
        super().__init__(name, dtype)
        self.settings.update(
            formulas.checked(from_logits=from_logits, label_smoothing=label_smoothing)
        )


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
        self.settings.update(
            formulas.checked(from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)
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
        self.settings.update(formulas.checked(from_logits=from_logits, ignore_class=ignore_class))


@registry.register(group="metric", aliases=("rmse", "RMSE"))
class RootMeanSquaredError(MeanSquaredError):
    """The square root of the mean squared error over all samples so far.

        sqrt(mean (y - p)^2)

    Shapes: (..., n), (..., n) -> a scalar.
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> metric = keras.metrics.RootMeanSquaredError()
        >>> float(metric([[0.0], [0.0]], [[1.0], [7.0]]))  # the root of (1 + 49) / 2
        5.0
    """

    def result(self) -> Tensor:
        return Tensor(super().result().value ** 0.5)


# ---------------------------------------------------------------------------------------------
# Counts of hits and misses


class Counts(Metric):
    """The base of metrics made of four counts, for predictions p above a threshold ("positive").

    tp: positive and true, fp: positive but false, fn: true but not positive, tn: neither. A
    subclass defines `value(tp, fp, fn, tn)`.

    Args:
        thresholds: Predictions above it are positive: a number from 0 to 1, or a list of them, with
            one result for each. None (default) means 0.5, or no threshold if `top_k` is given.
        top_k: Only the k largest predictions of each row can be positive; None (default) sets no
            limit.
        class_id: Index of the only class to count, a column; None (default) counts all.
        name: Name in the logs; None (default) derives a unique one from the class, such as
            `recall_1`.
    Raises ValueError for a threshold outside [0, 1].
    Example:
        >>> class Positives(keras.metrics.Counts):
        ...     def value(self, tp, fp, fn, tn):
        ...         return tp + fp
        >>> y, p = [0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9]
        >>> Positives(thresholds=[0.0, 0.5, 0.8])(y, p).numpy().tolist()
        [4.0, 2.0, 1.0]
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
        super().__init__(unique_name(kind) if name is None else name, dtype)
        self.thresholds: float | list[float] | tuple[float, ...] | None = thresholds
        self.top_k: int | None = top_k
        self.class_id: int | None = class_id
        default = 0.5 if top_k is None else -np.inf
        values = np.atleast_1d(default if thresholds is None else thresholds).astype("float64")
        self.threshold_array: np.ndarray = values
        if top_k is None and not ((values >= -EPSILON) & (values <= 1 + EPSILON)).all():
            raise ValueError(f"thresholds must lie between 0 and 1, got {thresholds!r}")
        check_counts(top_k=top_k)
        check_counts(least=0, class_id=class_id)
        self.counts: Variable | None = None

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        """Compute the metric from its counts, with an element for each threshold.

        Args:
            tp: Number of true positives for each threshold, an array.
            fp: Number of false positives, likewise.
            fn: Number of false negatives, likewise.
            tn: Number of true negatives, likewise.
        """
        raise NotImplementedError(f"{type(self).__name__} must define value(self, tp, fp, fn, tn)")

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> None:
        """Add the counts of one batch; targets other than 0 are true.

        Raises ValueError if targets, predictions and weights do not fit, or if the predictions have
        fewer columns than `top_k` or `class_id` ask for.
        """
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
        """The variable of the counts, which is made when it is first asked for.

        Args:
            shape: Shape of the variable: (4, thresholds), or (4, thresholds, labels).
        """
        if self.counts is None:
            self.counts = self.add_weight(shape, name="counts")
        return self.counts

    def load_state(self, arrays: Iterable[Array]) -> None:
        for array in arrays:
            self.make_counts(array.shape)
        super().load_state(arrays)

    def probability(self, p: Array) -> Array:
        """Return the predictions as probabilities, to compare with thresholds.

        Args:
            p: Predictions, an array.
        """
        return p

    def weights_of(self, y_pred: Tensor, sample_weight: TensorLike | None) -> Array:
        """The weight of each element of the prediction.

        Args:
            y_pred: Predictions; their mask multiplies the weights.
            sample_weight: Weights of the samples or elements, or None.
        """
        p, xp = y_pred.value, array_module(y_pred.value)
        weight = formulas.weigh(p, sample_weight, y_pred.mask)
        return xp.broadcast_to(xp.asarray(1.0 if weight is None else weight), p.shape)

    def count(self, xp: Any, true: Array, p: Array, weight: Array) -> Array:
        """The four counts for each threshold: (4, thresholds).

        Args:
            xp: Array library of `p`.
            true: Targets, an array of bools of the shape of `p`.
            p: Predictions, an array.
            weight: Weights of the elements, of the shape of `p`.
        """
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
    """The number of true positives: tp.

    Example:
        >>> metric = keras.metrics.TruePositives()
        >>> float(metric([0, 1, 1, 1], [0.9, 0.2, 0.7, 0.8]))
        2.0
    """

    better: Better = "max"

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return tp


@registry.register(group="metric")
class FalsePositives(Counts):
    """The number of false positives: fp.

    Example:
        >>> metric = keras.metrics.FalsePositives()
        >>> float(metric([0, 1, 1, 1], [0.9, 0.2, 0.7, 0.8]))
        1.0
    """

    better: Better = "min"

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return fp


@registry.register(group="metric")
class FalseNegatives(Counts):
    """The number of false negatives: fn.

    Example:
        >>> metric = keras.metrics.FalseNegatives()
        >>> float(metric([0, 1, 1, 1], [0.9, 0.2, 0.4, 0.8]))
        2.0
    """

    better: Better = "min"

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return fn


@registry.register(group="metric")
class TrueNegatives(Counts):
    """The number of true negatives: tn.

    Example:
        >>> metric = keras.metrics.TrueNegatives()
        >>> float(metric([0, 0, 0, 1], [0.1, 0.2, 0.7, 0.3]))
        2.0
    """

    better: Better = "max"

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return tn


@registry.register(group="metric")
class Precision(Counts):
    """The fraction of predicted positives that are true: tp / (tp + fp).

    Example:
        >>> metric = keras.metrics.Precision()
        >>> float(metric([1, 0, 1, 1], [0.9, 0.8, 0.2, 0.1]))  # 1 of 2
        0.5
        >>> float(keras.metrics.Precision(thresholds=0.85)([1, 0, 1, 1], [0.9, 0.8, 0.2, 0.1]))
        1.0
    """

    better: Better = "max"

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return ratio(tp, tp + fp)


@registry.register(group="metric")
class Recall(Counts):
    """The fraction of true samples that are predicted positive: tp / (tp + fn).

    Example:
        >>> metric = keras.metrics.Recall()
        >>> float(metric([1, 1, 1, 1, 0], [0.9, 0.2, 0.3, 0.1, 0.8]))  # 1 of 4
        0.25
        >>> float(keras.metrics.Recall(top_k=2)([[1, 1, 0, 0]], [[0.1, 0.4, 0.3, 0.2]]))
        0.5
    """

    better: Better = "max"

    def value(self, tp: Array, fp: Array, fn: Array, tn: Array) -> Array:
        return ratio(tp, tp + fn)


@registry.register(group="metric")
class AUC(Counts):
    """The area under the ROC curve: recall against the false positive rate.

        area = sum over k of (x[k] - x[k + 1]) (y[k] + y[k + 1]) / 2
        x = fp / (fp + tn),  y = tp / (tp + fn)

    Args:
        num_thresholds: Number of evenly spaced thresholds from 0 to 1, at least 2 (default 200).
        curve: The curve; only "ROC" (default) is known.
        summation_method: Value between two points of the curve: "interpolation" (default) is
            linear, "minoring" takes the lower point, "majoring" the higher.
        multi_label: Whether each column has its own curve, and the areas are averaged (default
            False).
        num_labels: Kept in the config, without effect: columns are counted in the data (default
            None).
        from_logits: Whether predictions are logits, to which a sigmoid is applied first (default
            False).
    Raises ValueError for another curve or summation method, and for fewer than 2 thresholds.
    Source: Hanley and McNeil (1982).
    Example:
        >>> auc = keras.metrics.AUC()
        >>> round(float(auc([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.8])), 3)  # 3 of 4 pairs are in order
        0.75
    """

    better: Better = "max"

    HEIGHTS: ClassVar[dict[str, Callable[[Array, Array], Array]]] = {
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
                f"AUC takes curve='ROC', summation_method {' or '.join(self.HEIGHTS)} and at least "
                f"2 thresholds; got {curve!r}, {summation_method!r} and {num_thresholds!r}"
            )
        spend(num_thresholds, THRESHOLD)
        inner = [k / (num_thresholds - 1) for k in range(1, num_thresholds - 1)]
        super().__init__([-EPSILON, *inner, 1 + EPSILON], name=name, dtype=dtype)
        self.num_thresholds: int = num_thresholds
        self.curve: str = curve
        self.summation_method: str = summation_method
        self.from_logits: bool = from_logits
        self.multi_label: bool = multi_label
        self.num_labels: int | None = num_labels

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
    """A metric from a name, a class, a config, an instance or a function; None gives None.

    Args:
        identifier: A name such as "mae", a class, a config, an instance, None, or a function
            (y_true, y_pred), which becomes a `MeanMetricWrapper`.
    Raises ValueError for an unknown name, or anything else.
    Example:
        >>> keras.metrics.get("mae").name, keras.metrics.get(keras.metrics.Sum).name
        ('mean_absolute_error', 'sum')
    """
    return registry.get("metric", identifier, Metric, MeanMetricWrapper)


BY_SHAPES: dict[str, Callable[..., Tensor]] = {
    "accuracy": formulas.accuracy_by_shapes,
    "acc": formulas.accuracy_by_shapes,
    "crossentropy": formulas.crossentropy_by_shapes,
    "ce": formulas.crossentropy_by_shapes,
}


def for_training(identifier: Any) -> Metric:
    """A metric as `compile` understands it.

    "accuracy" and "crossentropy" mean the binary, sparse or categorical form, whichever fits the
    shapes. A metric given by name keeps the name as it was written; `package>name`, which a file
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


def better_by_name(name: str) -> Better:
    """Which values are better of the metric that `compile` knows by this name; None if of none.

    Args:
        name: Name of a metric, perhaps with a number, such as "accuracy" or "auc_1".
    """
    name = re.sub(r"_\d+$", "", name)
    found = BY_SHAPES.get(name) or registry.member("metric", name)
    return found.better if isinstance(found, type) else better_of(found)


share_arguments(
    [Metric.update_state, MeanMetricWrapper.update_state, Counts.update_state],
    """
    Args:
        y_true: Targets, a tensor or anything that converts to one.
        y_pred: Predictions, a tensor or anything that converts to one, perhaps with a mask.
        sample_weight: Weights of the samples; None (default) weights all equally.
    """,
)
share_arguments(
    [Mean.update_state, Sum.update_state],
    """
    Args:
        values: Numbers, a tensor or anything that converts to one.
    """,
)

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

# The functions behind the metrics, as in compile(metrics=[metrics.binary_accuracy])
ALIASES: dict[str, Callable[..., Tensor]] = {
    name: thing.formula
    for thing in list(globals().values())
    if hasattr(thing, "formula") and thing is not CosineSimilarity  # its function is a loss
    for name in (thing.formula.__name__, *thing.aliases)
}
for _name, _fn in ALIASES.items():
    if _name.endswith("accuracy"):  # the others are losses, and registered as such
        registry.register(_fn, name=f"metrics>{_name}")

if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__, ALIASES)
