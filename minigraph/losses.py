"""Losses: how wrong a prediction is, as one number that training makes small.

A loss is a formula that gives one value for each sample, and a rule that makes one number of them.
"""

from . import formulas, registry
from .formulas import (
    binary_crossentropy,
    categorical_crossentropy,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from .ops import basic
from .ops.basic import convert_to_tensor
from .tensor import Tensor, as_array

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Crossentropy",
    "FunctionLoss",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "mean_squared_error",
    "serialize",
    "sparse_categorical_crossentropy",
]

for _formula in (
    binary_crossentropy,
    categorical_crossentropy,
    mean_squared_error,
    sparse_categorical_crossentropy,
):
    registry.register(_formula, name=f"losses>{_formula.__name__}")  # ops have the plain names

REDUCTIONS = ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none", None)


class Loss(registry.Configurable):
    """The base of losses: `loss(y_true, y_pred, sample_weight=None)` is a tensor.

    A subclass names a `formula`, or defines `call(y_true, y_pred)`, which gives a value l for each
    sample. With weights w, `reduction` makes of them

        "sum_over_batch_size"      sum(l w) / number of values
        "sum"                      sum(l w)
        "mean_with_sample_weight"  sum(l w) / sum(w)
        "none" or None             l w

    A mask m on the predictions multiplies the weights, for "sum_over_batch_size" by m size(m) /
    sum(m), so that masked steps leave the mean.
    """

    formula = None

    def __init__(self, name=None, reduction="sum_over_batch_size", dtype=None):
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction must be one of {REDUCTIONS}, got {reduction!r}")
        self.name = registry.snake_case(type(self).__name__) if name is None else name
        self.reduction, self.dtype = reduction, dtype

    def call(self, y_true, y_pred):
        """One value for each sample."""
        if self.formula is None:
            raise NotImplementedError(
                f"{type(self).__name__} must define call(self, y_true, y_pred)"
            )
        return type(self).formula(y_true, y_pred)

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = self.prepare(y_true, y_pred)
        values = convert_to_tensor(self.call(y_true, y_pred))
        return combine(values, sample_weight, y_pred.mask, self.reduction)

    def prepare(self, y_true, y_pred):
        """Target and prediction as tensors that `call` can compare; a formula does the rest."""
        if self.formula is None:
            return formulas.adapt(y_true, y_pred)
        return convert_to_tensor(y_true), convert_to_tensor(y_pred)

    def check_targets(self, targets, shape):
        """Raise ValueError if an array of targets cannot belong to predictions of `shape`.

        Training asks this once for all data, before the first step. None in `shape` fits any size.
        """
        if self.formula is not None:
            formulas.check_shapes(targets.shape, shape)


def combine(values, weights, mask, reduction):
    """Make one number of the values of all samples, as the docstring of `Loss` says."""
    if mask is None and weights is None:
        if reduction in ("none", None):
            return values
        return basic.reduce_sum(values) if reduction == "sum" else basic.mean(values)
    weights = total_weights(values, weights, mask, reduction)
    weighted = values * Tensor(weights)
    if reduction in ("none", None):
        return weighted
    if reduction == "sum_over_batch_size":
        return basic.mean(weighted)
    total = basic.reduce_sum(weighted)
    if reduction == "sum":
        return total
    every = float((weights + 0 * values.value).sum())  # each weight as often as it was used
    return total / every if every else total


def total_weights(values, weights, mask, reduction):
    """Sample weights and mask as one array of weights, of the type of the values."""
    found = 1
    if weights is not None:
        found = formulas.spread(convert_to_tensor(weights).value, values)
    if mask is not None:
        mask = as_array(mask)
        real = mask.sum()
        scale = mask.size / real if reduction == "sum_over_batch_size" and real else 1
        found = found * (formulas.spread(mask, values) * scale)
    return found.astype(values.dtype)


@registry.register(group="loss", aliases=("mse", "MSE"))
class MeanSquaredError(Loss):
    """mean (y - p)^2 over the last axis."""

    formula = staticmethod(mean_squared_error)


@registry.register(group="loss")
class BinaryCrossentropy(Loss):
    """-(y log p + (1 - y) log(1 - p)), the mean over the last axis, for targets from 0 to 1.

    With `from_logits` predictions are numbers before a sigmoid. Label smoothing s turns y into
    y (1 - s) + s / 2.
    """

    formula = staticmethod(binary_crossentropy)

    def __init__(self, from_logits=False, label_smoothing=0.0, **options):
        super().__init__(**options)
        self.from_logits, self.label_smoothing = (
            from_logits,
            formulas.check_smoothing(label_smoothing),
        )

    def call(self, y_true, y_pred):
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)


@registry.register(group="loss")
class CategoricalCrossentropy(Loss):
    """-sum y log p over the classes, for targets that are one-hot rows or probabilities.

    With `from_logits` predictions are numbers before a softmax. Label smoothing s turns y into
    y (1 - s) + s / C.
    """

    formula = staticmethod(categorical_crossentropy)

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, **options):
        super().__init__(**options)
        self.from_logits, self.label_smoothing = (
            from_logits,
            formulas.check_smoothing(label_smoothing),
        )
        self.axis = axis

    def call(self, y_true, y_pred):
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


@registry.register(group="loss")
class SparseCategoricalCrossentropy(Loss):
    """-log p[y] for whole-number labels y, of shape (n,) or (n, 1).

    With `from_logits` predictions are numbers before a softmax.
    Raises ValueError for a label that is no class.
    """

    formula = staticmethod(sparse_categorical_crossentropy)

    def __init__(self, from_logits=False, **options):
        super().__init__(**options)
        self.from_logits = from_logits

    def call(self, y_true, y_pred):
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits)

    def check_targets(self, targets, shape):
        formulas.check_shapes(targets.shape, shape, labels=True)
        formulas.check_labels(targets, shape[-1])


@registry.register(group="loss", aliases=("ce",))
class Crossentropy(Loss):
    """Binary, sparse or categorical cross-entropy, whichever the shapes call for.

    Binary if the last axis of the prediction is 1, sparse if the target has fewer axes or a last
    axis of 1, else categorical.
    """

    formula = staticmethod(formulas.crossentropy_by_shapes)

    def check_targets(self, targets, shape):
        labels = formulas.task(targets.shape, shape) == "sparse"
        formulas.check_shapes(targets.shape, shape, labels)
        if labels:
            formulas.check_labels(targets, shape[-1])


@registry.register
class FunctionLoss(Loss):
    """A loss of a function (y_true, y_pred) -> one value for each sample, or one for all."""

    def __init__(self, function, name=None, **options):
        function = registry.as_function(function)
        super().__init__(name or getattr(function, "__name__", "loss"), **options)
        self.function = function

    def call(self, y_true, y_pred):
        return self.function(y_true, y_pred)


def get(identifier):
    """A loss from a name, a class, a config, an instance or a function; None gives None."""
    found = registry.get("loss", identifier, Loss)
    if not isinstance(found, Loss) and hasattr(found, "get_config"):
        raise ValueError(
            f"a loss is a name, a Loss or a function (y_true, y_pred), got the "
            f"{type(found).__name__} {found!r:.80}"
        )
    return found


def serialize(loss):
    """The config of a loss; a function is written as its name."""
    return registry.serialize(loss)


def deserialize(config, custom_objects=None):
    """A loss from its config."""
    return registry.deserialize(config, custom_objects)
