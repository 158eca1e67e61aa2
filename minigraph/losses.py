"""Losses: how wrong a prediction is, as one number that training makes small.

A loss is a formula that gives one value for each sample, and a reduction of these to one number.
"""

from .core import registry
from . import formulas, ops
from .ops import nn
from .core.names import snake_case
from .core.device import array_module
from .core.checks import check_choice
from .formulas import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    cosine_similarity,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from .graph.masks import combine_masks

from .ops.arrays import convert_to_tensor
from .core.tensor import Tensor, as_array

REDUCTIONS = ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none", None)


class Loss(registry.Configurable):
    """The base of losses: `loss(y_true, y_pred, sample_weight=None)` is a tensor.

    A subclass defines `call(y_true, y_pred)`, which gives a value l for each sample. With weights
    w, `reduction` makes of them

        "sum_over_batch_size"      sum(l w) / size(l)
        "sum"                      sum(l w)
        "mean_with_sample_weight"  sum(l w) / sum(w)
        "none" or None             l w

    A mask m on the predictions multiplies the weights, for "sum_over_batch_size" by m size(m) /
    sum(m), so that masked steps leave the mean.

    Raises ValueError for another reduction.
    """

    def __init__(self, name=None, reduction="sum_over_batch_size", dtype=None):
        check_choice(reduction, REDUCTIONS, "reduction")
        self.name = snake_case(type(self).__name__) if name is None else name
        self.reduction, self.dtype = reduction, dtype

    def call(self, y_true, y_pred):
        """One value for each sample."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = self.prepare(y_true, y_pred)
        values = convert_to_tensor(self.call(y_true, y_pred))
        mask = combine_masks([y_pred.mask, values.mask])
        return combine(values, sample_weight, mask, self.reduction)

    def prepare(self, y_true, y_pred):
        """Target and prediction as tensors that `call` can compare."""
        return formulas.adapt(y_true, y_pred)

    def check_targets(self, targets, shape):
        """Raise ValueError if an array of targets cannot belong to predictions of `shape`.

        Training asks this once for all data, before the first step. None in `shape` fits any size.
        """


def combine(values, weights, mask, reduction):
    """Reduce the values of all samples to one number, as the docstring of `Loss` says."""
    if mask is not None and reduction == "sum_over_batch_size":
        mask = as_array(mask)
        mask = mask * (mask.size / array_module(mask).maximum(mask.sum(), 1))
    weights = formulas.weigh(values, weights, mask)
    if weights is not None:
        weights = weights.astype(values.dtype)
        values = values * Tensor(weights)
    if reduction in ("none", None):
        return values
    if reduction == "sum":
        return ops.reduce_sum(values)
    if reduction == "sum_over_batch_size" or weights is None:
        return ops.mean(values)
    every = weights.sum()
    return ops.reduce_sum(values) / (every + (every == 0))


# ---------------------------------------------------------------------------------------------
# A formula and a name make a loss


class FormulaLoss(Loss):
    """The base of losses that are a formula: its settings are their first arguments."""

    def __init__(self, *args, **kwargs):
        settings = formulas.bind(type(self).__signature__, args, kwargs)
        super().__init__(*(settings.pop(name) for name in ("name", "reduction", "dtype")))
        self.settings = dict(settings)

    def call(self, y_true, y_pred):
        return type(self).formula(y_true, y_pred, **self.settings)

    def prepare(self, y_true, y_pred):
        return convert_to_tensor(y_true), convert_to_tensor(y_pred)

    def check_targets(self, targets, shape):
        formula = type(self).formula
        labels = formula is sparse_categorical_crossentropy or (
            formula is formulas.crossentropy_by_shapes
            and formulas.task(targets.shape, shape) == "sparse"
        )
        formulas.check_shapes(targets.shape, shape, labels)
        if labels:
            ignored = self.settings.get("ignore_class")
            nn.check_labels(targets if ignored is None else targets[targets != ignored], shape[-1])

    def get_config(self):
        """The settings, the reduction and the name."""
        return self.settings | super().get_config()


def loss_of(formula, *aliases, name=None):
    """The class of losses that a formula makes, registered under its name and some short ones."""
    others = {"reduction": "sum_over_batch_size", "name": None, "dtype": None}
    cls = formulas.class_of(formula, FormulaLoss, name, others)
    registry.register(formula, name=f"losses>{formula.__name__}")  # ops have the plain names
    return registry.register(cls, group="loss", aliases=aliases)


MeanSquaredError = loss_of(mean_squared_error, "mse", "MSE")
MeanAbsoluteError = loss_of(mean_absolute_error, "mae", "MAE")
MeanAbsolutePercentageError = loss_of(mean_absolute_percentage_error, "mape", "MAPE")
MeanSquaredLogarithmicError = loss_of(mean_squared_logarithmic_error, "msle", "MSLE")
Huber = loss_of(huber)
LogCosh = loss_of(log_cosh, "logcosh")
CosineSimilarity = loss_of(cosine_similarity)
Hinge = loss_of(hinge)
SquaredHinge = loss_of(squared_hinge)
CategoricalHinge = loss_of(categorical_hinge)
KLDivergence = loss_of(kl_divergence, "kld", "KLD", name="KLDivergence")
Poisson = loss_of(poisson)
BinaryCrossentropy = loss_of(binary_crossentropy, "bce")
CategoricalCrossentropy = loss_of(categorical_crossentropy)
SparseCategoricalCrossentropy = loss_of(sparse_categorical_crossentropy)
Crossentropy = loss_of(formulas.crossentropy_by_shapes, "ce", name="Crossentropy")


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
    """A loss from a name, a class, a config, an instance or a function; None gives None.

    A function (y_true, y_pred) becomes a `FunctionLoss`.

    Raises ValueError for an unknown name, or anything else.
    """
    return registry.get("loss", identifier, Loss, FunctionLoss)


serialize, deserialize = registry.serialize, registry.deserialize

# fmt: off
__all__ = [
    "BinaryCrossentropy", "CategoricalCrossentropy", "CategoricalHinge", "CosineSimilarity",
    "Crossentropy", "FormulaLoss", "FunctionLoss", "Hinge", "Huber", "KLDivergence", "LogCosh",
    "Loss", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy", "SquaredHinge",
    "binary_crossentropy", "categorical_crossentropy", "categorical_hinge", "cosine_similarity",
    "deserialize", "get", "hinge", "huber", "kl_divergence", "log_cosh", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "poisson", "serialize", "sparse_categorical_crossentropy", "squared_hinge",
]
# fmt: on
