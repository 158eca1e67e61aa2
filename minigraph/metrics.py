"""Metrics: numbers to watch while training. Each is a running sum over all batches of an epoch."""

import numpy as np

from . import formulas, initializers, registry
from .backend import array_module, context, is_number
from .layer import Layer
from .ops.basic import convert_to_tensor
from .tensor import Tensor, Variable

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "Mean",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "Metric",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "deserialize",
    "get",
    "serialize",
]


class Metric(registry.Configurable):
    """The base of metrics: `update_state` adds a batch, `result` reads, `reset_state` starts anew.

    A subclass makes its running sums with `add_weight` and defines `update_state` and `result`.
    """

    def __init__(self, name=None, dtype=None):
        self.name = registry.snake_case(type(self).__name__) if name is None else name
        self.dtype = dtype
        self._variables = []

    def add_weight(self, shape=(), initializer="zeros", dtype="float64", name=None):
        """A running sum. It is float64, so that a long epoch does not lose its last samples."""
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        start = initializers.get(initializer)(shape, "float64", seed=0)
        variable = Variable(start, dtype=dtype, name=name or "sum", trainable=False)
        self._variables.append(variable)
        return variable

    add_variable = add_weight

    @property
    def variables(self):
        """The running sums."""
        return list(self._variables)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add one batch to the running sums."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state")

    def result(self):
        """The value over all batches since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} must define result")

    def reset_state(self):
        """Start anew."""
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape))

    def __call__(self, *args, **kwargs):
        self.update_state(*args, **kwargs)
        return self.result()

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}>"


@registry.register(group="metric")
class Mean(Metric):
    """The weighted mean of all values: sum(w v) / sum(w)."""

    def __init__(self, name=None, dtype=None):
        super().__init__(name, dtype)
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def update_state(self, values, sample_weight=None):
        """Add values; weights may have fewer axes, lined up from the left, or be one number."""
        if context.drawing is not None:  # a symbolic call has no side effects
            return
        values = convert_to_tensor(values).value
        if sample_weight is None or isinstance(sample_weight, (int, float)):
            weight = 1 if sample_weight is None else sample_weight
            total = float(values.sum(dtype="float64") if values.ndim else values) * weight
            count = values.size * weight
        else:
            weights = formulas.spread(convert_to_tensor(sample_weight).value, values)
            weights = array_module(values).broadcast_to(weights, values.shape)
            total, count = (values * weights).sum(dtype="float64"), weights.sum(dtype="float64")
        # In place: these two arrays are never handed out, and this runs at every step.
        self.total.value += total
        self.count.value += count

    def result(self):
        """The mean; 0 before the first value."""
        count = self.count.value
        return Tensor(self.total.value / count if count else np.zeros(()))


@registry.register
class MeanMetricWrapper(Mean):
    """The mean over all samples of a function (y_true, y_pred) -> one value for each sample.

    A mask on the predictions multiplies the weights.
    """

    def __init__(self, fn, name=None, dtype=None, **settings):
        fn = registry.as_function(fn)
        super().__init__(name or getattr(fn, "__name__", "metric"), dtype)
        self.fn, self.settings = fn, settings

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
        values = convert_to_tensor(self.fn(y_true, y_pred, **self.settings))
        if y_pred.mask is not None:
            mask = formulas.spread(convert_to_tensor(y_pred.mask).value, values)
            if sample_weight is None:
                sample_weight = mask
            else:
                weights = formulas.spread(convert_to_tensor(sample_weight).value, values)
                sample_weight = weights * mask
        super().update_state(values, sample_weight)

    def get_config(self):
        config = {"name": self.name, "dtype": self.dtype, **self.settings}
        return config | (
            {"fn": registry.serialize(self.fn)} if type(self) is MeanMetricWrapper else {}
        )


# ---------------------------------------------------------------------------------------------
# One formula, one name. A class that shares its name with a loss is written `metrics>Name` in
# files.


@registry.register(group="metric")
class Accuracy(MeanMetricWrapper):
    """How often target and prediction are equal."""

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(formulas.accuracy, name, dtype)


@registry.register(group="metric")
class BinaryAccuracy(MeanMetricWrapper):
    """How often a prediction above `threshold` says what the target says (0 or 1)."""

    def __init__(self, name="binary_accuracy", dtype=None, threshold=0.5):
        if not is_number(threshold, least=0) or threshold > 1:
            raise ValueError(
                f"threshold must be a number and lie between 0 and 1, got {threshold!r}"
            )
        super().__init__(formulas.binary_accuracy, name, dtype, threshold=threshold)


@registry.register(group="metric")
class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the place of the 1 of a one-hot target."""

    def __init__(self, name="categorical_accuracy", dtype=None):
        super().__init__(formulas.categorical_accuracy, name, dtype)


@registry.register(group="metric")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the place that a whole-number label names."""

    def __init__(self, name="sparse_categorical_accuracy", dtype=None):
        super().__init__(formulas.sparse_categorical_accuracy, name, dtype)


@registry.register(name="metrics>MeanSquaredError", group="metric", aliases=("mse", "MSE"))
class MeanSquaredError(MeanMetricWrapper):
    """mean (y - p)^2."""

    def __init__(self, name="mean_squared_error", dtype=None):
        super().__init__(formulas.mean_squared_error, name, dtype)


@registry.register(name="metrics>BinaryCrossentropy", group="metric")
class BinaryCrossentropy(MeanMetricWrapper):
    """The mean binary cross-entropy; see `losses.BinaryCrossentropy`."""

    def __init__(
        self, name="binary_crossentropy", dtype=None, from_logits=False, label_smoothing=0.0
    ):
        smoothing = formulas.check_smoothing(label_smoothing)
        settings = {"from_logits": from_logits, "label_smoothing": smoothing}
        super().__init__(formulas.binary_crossentropy, name, dtype, **settings)


@registry.register(name="metrics>CategoricalCrossentropy", group="metric")
class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy against one-hot targets; see `losses.CategoricalCrossentropy`."""

    def __init__(
        self,
        name="categorical_crossentropy",
        dtype=None,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
    ):
        smoothing = formulas.check_smoothing(label_smoothing)
        settings = {"from_logits": from_logits, "label_smoothing": smoothing, "axis": axis}
        super().__init__(formulas.categorical_crossentropy, name, dtype, **settings)


@registry.register(name="metrics>SparseCategoricalCrossentropy", group="metric")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy against labels; see `losses.SparseCategoricalCrossentropy`."""

    def __init__(self, name="sparse_categorical_crossentropy", dtype=None, from_logits=False):
        super().__init__(
            formulas.sparse_categorical_crossentropy, name, dtype, from_logits=from_logits
        )


def get(identifier):
    """A metric from a name, a class, a config or an instance.

    A function (y_true, y_pred) becomes its mean. None gives None.
    """
    found = registry.get("metric", identifier, Metric)
    if isinstance(found, Layer):
        raise ValueError(f"a metric is a name, a Metric or a function, got the layer {found!r}")
    return found if found is None or isinstance(found, Metric) else MeanMetricWrapper(found)


BY_SHAPES = {
    "accuracy": formulas.accuracy_by_shapes,
    "acc": formulas.accuracy_by_shapes,
    "crossentropy": formulas.crossentropy_by_shapes,
    "ce": formulas.crossentropy_by_shapes,
}


def for_training(identifier):
    """A metric as `compile` understands it.

    "accuracy" and "crossentropy" mean the binary, sparse or categorical form, whichever the shapes
    call for. A metric given by name keeps the name as it was written; `package>name`, which a file
    writes for a registered function, is no such name.
    """
    if not isinstance(identifier, str):
        return get(identifier)
    if identifier in BY_SHAPES:
        return MeanMetricWrapper(BY_SHAPES[identifier], identifier)
    metric = get(identifier)
    if ">" not in identifier:
        metric.name = identifier
    return metric


def serialize(metric):
    """The config of a metric."""
    return registry.serialize(metric)


def deserialize(config, custom_objects=None):
    """A metric from its config."""
    return registry.deserialize(config, custom_objects)
