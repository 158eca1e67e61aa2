"""Losses: the error of a prediction as one number, which training minimizes.

A loss is a formula with one value for each sample, and a reduction of these values to one number.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload, TypeAlias, TypedDict, Unpack

from .core import module_names, registry
from . import formulas, ops
from .ops import nn
from .core.docstrings import share_arguments
from .core.names import check_shown, snake_case
from .core.registry import deserialize, serialize
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
from .core.types import Array, Config, DType, Shape, TensorLike

Reduction: TypeAlias = (
    Literal["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"] | None
)
REDUCTIONS = ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none", None)


class LossOptions(TypedDict, total=False):
    """The keyword arguments of all losses, besides their name."""

    reduction: Reduction
    dtype: DType


class Loss(registry.Configurable):
    """The base of losses: `loss(y_true, y_pred, sample_weight=None)` is a tensor.

    A subclass defines `call(y_true, y_pred)`, which returns a value l for each sample. With weights
    w, `reduction` turns them into

        "sum_over_batch_size"      sum(l w) / size(l)
        "sum"                      sum(l w)
        "mean_with_sample_weight"  sum(l w) / sum(w)
        "none" or None             l w

    A mask m on the predictions multiplies the weights, for "sum_over_batch_size" by m size(m) /
    sum(m), so that masked steps do not count in the mean.

    Args:
        name: Name of the loss; None (default) derives it from the class, such as `log_cosh`.
        reduction: How the values of the samples are reduced, one of the names above (default
            "sum_over_batch_size").
        dtype: Kept in the config, without effect on the result, which has the dtype of the values
            (default None).
    Raises ValueError for another reduction, and for a name that is empty, longer than 128
    characters or has invisible ones.
    Example:
        >>> class FourthPower(keras.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return keras.ops.mean((y_true - y_pred) ** 4, -1)
        >>> y, p = [[0.0], [0.0]], [[1.0], [2.0]]
        >>> float(FourthPower()(y, p)), float(FourthPower(reduction="sum")(y, p))
        (8.5, 17.0)
        >>> float(FourthPower()(y, p, sample_weight=[1.0, 0.0]))
        0.5
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: Reduction = "sum_over_batch_size",
        dtype: DType = None,
    ):
        check_choice(reduction, REDUCTIONS, "reduction")
        self.name: str = snake_case(type(self).__name__) if name is None else check_shown(name)
        self.reduction: Reduction = reduction
        self.dtype: DType = dtype

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one value for each sample."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def __call__(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None
    ) -> Tensor:
        """Return the loss of a batch: the values of its samples, weighted and reduced.

        Args:
            y_true: Targets, a tensor or anything that converts to one.
            y_pred: Predictions, a tensor or anything that converts to one, perhaps with a mask.
            sample_weight: Weights of the values, one for each sample or each value; None (default)
                weights all equally.
        Raises ValueError if targets, predictions and weights do not fit.
        """
        y_true, y_pred = self.prepare(y_true, y_pred)
        values = convert_to_tensor(self.call(y_true, y_pred))
        mask = combine_masks([y_pred.mask, values.mask])
        return combine(values, sample_weight, mask, self.reduction)

    def prepare(self, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
        """Target and prediction as tensors that `call` can compare."""
        return formulas.adapt(y_true, y_pred)

    def check_targets(self, targets: Array, shape: Shape) -> None:
        """Raise ValueError if an array of targets does not fit predictions of `shape`.

        Training calls this once for all data, before the first step.

        Args:
            targets: All targets, an array.
            shape: Shape of the predictions; None in it fits any size.
        """


share_arguments(
    [Loss.call, Loss.prepare],
    """
    Args:
        y_true: Targets, a tensor or anything that converts to one.
        y_pred: Predictions, a tensor or anything that converts to one.
    """,
)


# A name, a config, a class, a loss, a function (y_true, y_pred) -> values, or None for none.
LossLike: TypeAlias = str | Config | type[Loss] | Loss | Callable[..., Any] | None


def combine(
    values: Tensor, weights: TensorLike | None, mask: TensorLike | None, reduction: Reduction
) -> Tensor:
    """Reduce the values of all samples to one number, as the docstring of `Loss` says."""
    if mask is not None and reduction == "sum_over_batch_size":
        m = as_array(mask)
        mask = m * (m.size / array_module(m).maximum(m.sum(), 1))
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
# Losses made from formulas


class FormulaLoss(Loss):
    """The base of losses made from a formula, whose settings are their first arguments.

    `FormulaLoss` itself has no formula: a subclass names one, `class Mine(FormulaLoss, formula=f)`.

    Example:
        >>> loss = keras.losses.Huber(delta=2.0)
        >>> isinstance(loss, keras.losses.FormulaLoss), loss.formula is keras.losses.huber
        (True, True)
        >>> loss.settings
        {'delta': 2.0}
    """

    formula: ClassVar[Callable[..., Any]]
    aliases: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(
        cls, formula: Callable[..., Any] | None = None, aliases: tuple[str, ...] = (), **more: Any
    ) -> None:
        """Give a class its `formula` and the formula's docstring, and register both."""
        if formula is not None:
            cls.formula, cls.__doc__ = staticmethod(formula), cls.__doc__ or formula.__doc__
            cls.aliases = aliases
        super().__init_subclass__(**more)
        if formula is not None:
            registry.register(formula, name=f"losses>{formula.__name__}")  # ops have plain names
            registry.register(cls, group="loss", aliases=aliases)

    def __init__(
        self,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = None,
        dtype: DType = None,
    ):
        super().__init__(name, reduction, dtype)
        self.settings: dict[str, Any] = {}

    def keep_settings(self, **settings: Any) -> None:
        """Check the settings of the formula and keep them; ValueError for one out of range."""
        self.settings = formulas.checked(**settings)
        vars(self).update(settings)  # where `get_config` looks for constructor arguments

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return type(self).formula(y_true, y_pred, **self.settings)

    def prepare(self, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
        return convert_to_tensor(y_true), convert_to_tensor(y_pred)

    def check_targets(self, targets: Array, shape: Shape) -> None:
        formula = type(self).formula
        labels = formula is sparse_categorical_crossentropy or (
            formula is formulas.crossentropy_by_shapes
            and formulas.task(targets.shape, shape) == "sparse"
        )
        formulas.check_shapes(targets.shape, shape, labels)
        if labels:
            ignored = self.settings.get("ignore_class")
            nn.check_labels(targets if ignored is None else targets[targets != ignored], shape[-1])

    def get_config(self) -> Config:
        """The settings, the reduction and the name."""
        return self.settings | super().get_config()


# fmt: off
class MeanSquaredError(FormulaLoss, formula=mean_squared_error, aliases=("mse", "MSE")): ...
class MeanAbsoluteError(FormulaLoss, formula=mean_absolute_error, aliases=("mae", "MAE")): ...
class MeanAbsolutePercentageError(
    FormulaLoss, formula=mean_absolute_percentage_error, aliases=("mape", "MAPE")
): ...
class MeanSquaredLogarithmicError(
    FormulaLoss, formula=mean_squared_logarithmic_error, aliases=("msle", "MSLE")
): ...
class LogCosh(FormulaLoss, formula=log_cosh, aliases=("logcosh",)): ...
class Hinge(FormulaLoss, formula=hinge): ...
class SquaredHinge(FormulaLoss, formula=squared_hinge): ...
class CategoricalHinge(FormulaLoss, formula=categorical_hinge): ...
class KLDivergence(FormulaLoss, formula=kl_divergence, aliases=("kld", "KLD")): ...
class Poisson(FormulaLoss, formula=poisson): ...
class Crossentropy(FormulaLoss, formula=formulas.crossentropy_by_shapes, aliases=("ce",)): ...
# fmt: on


class Huber(FormulaLoss, formula=huber):
    def __init__(
        self,
        delta: float = 1.0,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = None,
        dtype: DType = None,
    ):
        super().__init__(reduction, name, dtype)
        self.keep_settings(delta=delta)


class CosineSimilarity(FormulaLoss, formula=cosine_similarity):
    def __init__(
        self,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = None,
        dtype: DType = None,
    ):
        super().__init__(reduction, name, dtype)
        self.keep_settings(axis=axis)


class BinaryCrossentropy(FormulaLoss, formula=binary_crossentropy, aliases=("bce",)):
    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = None,
        dtype: DType = None,
    ):
        super().__init__(reduction, name, dtype)
        self.keep_settings(from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(FormulaLoss, formula=categorical_crossentropy):
    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = None,
        dtype: DType = None,
    ):
        super().__init__(reduction, name, dtype)
        self.keep_settings(from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(FormulaLoss, formula=sparse_categorical_crossentropy):
    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: Reduction = "sum_over_batch_size",
        name: str | None = None,
        dtype: DType = None,
    ):
        super().__init__(reduction, name, dtype)
        self.keep_settings(from_logits=from_logits, ignore_class=ignore_class)


@registry.register
class FunctionLoss(Loss):
    """A loss made from a function (y_true, y_pred) -> one value for each sample, or one for all.

    Args:
        function: Function of two tensors, or its registered name.
        name: Name of the loss; None (default) takes that of the function.
    Example:
        >>> def fourth_power(y_true, y_pred):
        ...     return (y_true - y_pred) ** 4
        >>> loss = keras.losses.FunctionLoss(fourth_power)
        >>> loss.name, float(loss([0.0, 0.0], [1.0, 2.0]))
        ('fourth_power', 8.5)
    """

    def __init__(
        self,
        function: str | Callable[..., Any],
        name: str | None = None,
        **options: Unpack[LossOptions],
    ):
        self.function: Callable[..., Any] = registry.as_function(function)
        name = getattr(self.function, "__name__", "loss") if name is None else name
        super().__init__(name, **options)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.function(y_true, y_pred)


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: LossLike) -> Loss: ...
def get(identifier: LossLike) -> Loss | None:
    """A loss from a name, a class, a config, an instance or a function; None gives None.

    Args:
        identifier: A name such as "mse", a class, a config, an instance, None, or a function
            (y_true, y_pred), which becomes a `FunctionLoss`.
    Raises ValueError for an unknown name, or anything else.
    Example:
        >>> keras.losses.get("mse").name, keras.losses.get(keras.losses.Huber).delta
        ('mean_squared_error', 1.0)
    """
    return registry.get("loss", identifier, Loss, FunctionLoss)


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

# The functions by their short names, as in compile(loss=losses.mse)
ALIASES: dict[str, Callable[..., Any]] = {
    name: thing.formula
    for thing in list(globals().values())
    if hasattr(thing, "formula")
    for name in thing.aliases
}
if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__, ALIASES)
