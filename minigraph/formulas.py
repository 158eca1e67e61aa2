"""What a target and a prediction give for each sample: the formulas behind losses and metrics.

First the two must be paired: targets of shape (n,) belong to predictions of shape (n, 1),
labels of shape (n,) or (n, 1) to predictions of shape (n, C). Then a formula gives one value for
each sample, the mean or sum over the last axis.
"""

import math
import operator
from functools import reduce
from typing import Any

from . import ops
from .core.checks import check_numbers
from .core.dtypes import EPSILON
from .core.tensor import Tensor
from .core.types import Array, Shape, TensorLike
from .ops import nn
from .ops.arrays import convert_to_tensor

# ---------------------------------------------------------------------------------------------
# How target, prediction and weight are paired


def adapt(target: TensorLike, prediction: TensorLike) -> tuple[Tensor, Tensor]:
    """Target and prediction as tensors of one float type; a last axis of 1 comes or goes to fit."""
    target, prediction = convert_to_tensor(target), convert_to_tensor(prediction)
    if target.dtype != prediction.dtype:
        target = ops.cast(target, prediction.dtype)
    return fit_rank(target, prediction.shape), prediction


def fit_shape(shape: Shape, wanted: Shape) -> Shape:
    """`shape` with a last axis of 1 more or less, where that gives it as many axes as `wanted`."""
    if len(shape) + 1 == len(wanted) and wanted[-1] == 1:
        return (*shape, 1)
    if len(shape) == len(wanted) + 1 and shape[-1] == 1:
        return shape[:-1]
    return shape


def fit_rank(target: Tensor, wanted: Shape) -> Tensor:
    """A target with a last axis of 1 more or less, as in `fit_shape`."""
    shape = fit_shape(target.shape, wanted)
    return target if shape == target.shape else ops.reshape(target, shape)


def match(target: TensorLike, prediction: TensorLike) -> tuple[Tensor, Tensor]:
    """Like `adapt`, for element-wise formulas.

    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    target, prediction = adapt(target, prediction)
    check_shapes(target.shape, prediction.shape)
    return target, prediction


def match_labels(labels: TensorLike, prediction: TensorLike) -> tuple[Tensor, Tensor]:
    """Labels (...) or (..., 1) and predictions (..., C) as tensors, the labels without the last
    axis.

    Raises ValueError, with both shapes, if they cannot be paired.
    """
    labels, prediction = convert_to_tensor(labels), convert_to_tensor(prediction)
    labels = fit_rank(labels, prediction.shape[:-1])
    check_shapes(labels.shape, prediction.shape, labels=True)
    return labels, prediction


def check_shapes(target: Shape, prediction: Shape, labels: bool = False) -> None:
    """Raise ValueError unless the shapes can be paired; None in `prediction` fits any size."""
    if not prediction:
        raise ValueError(
            "`y_pred` is a scalar, of shape (): losses and metrics compare arrays with an "
            "axis of samples, such as np.array([...])"
        )
    wanted = prediction[:-1] if labels else prediction
    fitted = fit_shape(target, wanted)
    sizes = zip(fitted, wanted, strict=False)
    if len(fitted) != len(wanted) or any(n not in (m, None) for m, n in sizes):
        hint = "Both need the same shape; for integer labels of classes use "
        hint += "'sparse_categorical_crossentropy'."
        if labels:
            hint = "Labels are integers, one for each sample; for one-hot targets use the "
            hint += "categorical, not the sparse, form."
        raise ValueError(
            f"a target of shape {target} does not fit a prediction of {prediction}. {hint}"
        )


def spread(weights: Array, values: Array | Tensor) -> Array:
    """Weights with as many axes as `values`, aligned from the left: (n,) becomes (n, 1, 1).

    Raises ValueError, with both shapes, if the weights do not fit.
    """
    shape = fit_shape(weights.shape, values.shape)
    shape = (*shape, *(1,) * (values.ndim - len(shape)))
    sizes = zip(shape, values.shape, strict=False)
    if len(shape) != values.ndim or any(n not in (1, m) for n, m in sizes):
        raise ValueError(
            f"sample_weight of shape {weights.shape} does not fit values of shape "
            f"{values.shape}: give one weight for each sample"
        )
    return weights.reshape(shape)


def weigh(values: Array | Tensor, *factors: TensorLike | None) -> Array | None:
    """The product of those weights and masks that are not None, aligned with `values`, or None."""
    given = [spread(convert_to_tensor(f).value, values) for f in factors if f is not None]
    return reduce(operator.mul, given) if given else None


def task(target_shape: Shape, prediction_shape: Shape) -> str:
    """What the shapes say of the targets: "binary", "sparse" labels or "categorical" rows."""
    if prediction_shape[-1:] in ((), (1,)):
        return "binary"
    if len(target_shape) < len(prediction_shape) or target_shape[-1] == 1:
        return "sparse"
    return "categorical"


# ---------------------------------------------------------------------------------------------
# The formulas


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The mean squared error.

        l = mean over the last axis of (y - p)^2

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    return nn.mean_squared_error(*match(y_true, y_pred))


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The mean absolute error.

        l = mean over the last axis of |y - p|

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match(y_true, y_pred)
    return ops.mean(ops.absolute(y_true - y_pred), -1)


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The mean absolute error in percent of the target; |y| counts as at least 1e-7.

        l = 100 * mean over the last axis of |(y - p) / y|

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match(y_true, y_pred)
    size = ops.maximum(ops.absolute(y_true), EPSILON)
    return 100 * ops.mean(ops.absolute((y_true - y_pred) / size), -1)


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The mean squared error of logarithms; y and p count as at least 1e-7.

        l = mean over the last axis of (log(1 + y) - log(1 + p))^2

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    logs = [ops.log(ops.maximum(x, EPSILON) + 1) for x in match(y_true, y_pred)]
    return ops.mean(ops.square(logs[0] - logs[1]), -1)


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """The Huber loss: a parabola for small errors, straight lines for large ones.

        l = mean over the last axis of d^2 / 2                        where |d| <= delta
                                       delta * |d| - delta^2 / 2      elsewhere, with d = y - p

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Huber (1964).
    """
    check_numbers(least=0, delta=delta)
    y_true, y_pred = match(y_true, y_pred)
    size = ops.absolute(y_true - y_pred)
    far = delta * size - 0.5 * delta**2
    return ops.mean(ops.where(size.value <= delta, 0.5 * ops.square(size), far), -1)


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The log-cosh loss: near d^2 / 2 for small errors d, near |d| for large ones.

        l = mean over the last axis of log cosh(p - y)

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match(y_true, y_pred)
    d = y_pred - y_true
    return ops.mean(d + nn.softplus(-2 * d) - math.log(2), -1)


def cosine(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """The cosine of the angle between y and p along `axis`: 1 for the same direction.

        y . p / (|y| |p|)

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match(y_true, y_pred)
    return ops.reduce_sum(ops.normalize(y_true, axis) * ops.normalize(y_pred, axis), axis)


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """Minus the cosine of the angle between y and p along `axis`: -1 for the same direction.

        l = -y . p / (|y| |p|)

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    return -cosine(y_true, y_pred, axis)


def match_signs(y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    """Like `match`, with targets of -1 and 1; if all are 0 or 1, 0 is read as -1."""
    y_true, y_pred = match(y_true, y_pred)
    y = y_true.value
    bits = ((y == 0) | (y == 1)).all().astype(y.dtype)  # 1 or 0: an `if` would wait for a GPU
    return y_true * (1 + bits) - bits, y_pred


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The hinge loss, for targets of -1 and 1, or 0 and 1.

        l = mean over the last axis of max(1 - y p, 0)

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Cortes and Vapnik (1995).
    """
    y_true, y_pred = match_signs(y_true, y_pred)
    return ops.mean(nn.relu(1 - y_true * y_pred), -1)


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The squared hinge loss, for targets of -1 and 1, or 0 and 1.

        l = mean over the last axis of max(1 - y p, 0)^2

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match_signs(y_true, y_pred)
    return ops.mean(ops.square(nn.relu(1 - y_true * y_pred)), -1)


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The hinge loss between the true class and the best of the others, for one-hot targets.

        l = max(max((1 - y) p) - sum(y p) + 1, 0)

    Shapes: (..., C), (..., C) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Crammer and Singer (2001).
    """
    y_true, y_pred = match(y_true, y_pred)
    wrong = ops.reduce_max((1 - y_true) * y_pred, -1)
    return nn.relu(wrong - ops.reduce_sum(y_true * y_pred, -1) + 1)


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The divergence of p from y, both kept within [1e-7, 1].

        l = sum over the last axis of y log(y / p)

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Kullback and Leibler (1951).
    """
    y, p = (ops.clip(x, EPSILON, 1) for x in match(y_true, y_pred))
    return ops.reduce_sum(y * ops.log(y / p), -1)


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The Poisson loss, for targets that count events; 1e-7 is added to p inside the logarithm.

        l = mean over the last axis of p - y log p

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + EPSILON), -1)


def binary_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Tensor:
    """The cross-entropy of yes and no.

        l = mean over the last axis of -(y log p + (1 - y) log(1 - p))

    `from_logits` says that p is still to go through a sigmoid. Label smoothing s turns y into
    y (1 - s) + s / 2.

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Szegedy et al. (2016) for label smoothing.
    """
    check_numbers(least=0, most=1, label_smoothing=label_smoothing)
    y_true, y_pred = match(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / 2
    return nn.binary_crossentropy(y_true, y_pred, from_logits=from_logits)


def categorical_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """The cross-entropy over classes, for one-hot targets.

        l = -sum over the classes of y log p

    `from_logits` says that p is still to go through a softmax along `axis`. Label smoothing s turns
    y into y (1 - s) + s / C.

    Shapes: (..., C), (..., C) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Szegedy et al. (2016) for label smoothing.
    """
    check_numbers(least=0, most=1, label_smoothing=label_smoothing)
    y_true, y_pred = match(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    return nn.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
) -> Tensor:
    """The cross-entropy over classes, for integer labels y.

        l = -log p[y]

    `from_logits` says that p is still to go through a softmax. Where the label is `ignore_class`
    the value is 0, and a mask leaves it out of means.

    Shapes: labels (...) or (..., 1), predictions (..., C) -> (...).
    Raises ValueError for an invalid label, and if target and prediction cannot be paired.
    """
    if ignore_class is not None:
        check_numbers(ignore_class=ignore_class)
    labels, y_pred = match_labels(y_true, y_pred)
    valid = None if ignore_class is None else labels.value != ignore_class
    labels = labels if valid is None else labels * valid
    values = nn.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits)
    if valid is not None:
        values = values * valid
        values.mask = valid
    return values


# Accuracies have no gradient, so they are plain arithmetic on arrays.


def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """How often y = p, the mean over the last axis.

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match(y_true, y_pred)
    return (y_true.value == y_pred.value).mean(-1)


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Array:
    """How often p > threshold says what y says (0 or 1), the mean over the last axis.

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match(y_true, y_pred)
    return (y_true.value == (y_pred.value > threshold)).mean(-1)


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """Whether the largest elements of y and p have the same index: argmax y = argmax p.

    Shapes: (..., C), (..., C) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match(y_true, y_pred)
    return y_true.value.argmax(-1) == y_pred.value.argmax(-1)


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """Whether y is the index of the largest element of p: y = argmax p.

    Shapes: labels (...) or (..., 1), predictions (..., C) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    labels, y_pred = match_labels(y_true, y_pred)
    return labels.value == y_pred.value.argmax(-1)


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Array:
    """Whether the index of the 1 in y is among those of the k largest elements of p.

    Shapes: (..., C), (..., C) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    y_true, y_pred = match(y_true, y_pred)
    return sparse_top_k_categorical_accuracy(y_true.value.argmax(-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Array:
    """Whether p[y] is among the k largest of p.

    Shapes: labels (...) or (..., 1), predictions (..., C) -> (...).
    Raises ValueError for an invalid label, and if target and prediction cannot be paired.
    """
    labels, y_pred = match_labels(y_true, y_pred)
    nn.check_labels(labels, y_pred.shape[-1])
    own = ops.take_along_axis(y_pred, labels.value[..., None]).value
    return (y_pred.value > own).sum(-1) < k


ACCURACIES = {
    "binary": binary_accuracy,
    "sparse": sparse_categorical_accuracy,
    "categorical": categorical_accuracy,
}
CROSSENTROPIES = {
    "binary": binary_crossentropy,
    "sparse": sparse_categorical_crossentropy,
    "categorical": categorical_crossentropy,
}


def accuracy_by_shapes(y_true: Tensor, y_pred: Tensor) -> Array:
    """The accuracy that the shapes of two tensors call for."""
    return ACCURACIES[task(y_true.shape, y_pred.shape)](y_true, y_pred)


def crossentropy_by_shapes(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The cross-entropy that the shapes of two tensors call for."""
    return CROSSENTROPIES[task(y_true.shape, y_pred.shape)](y_true, y_pred)


# ---------------------------------------------------------------------------------------------
# The settings of formulas

RANGES = {
    "label_smoothing": {"least": 0, "most": 1},
    "threshold": {"least": 0, "most": 1},
    "delta": {"least": 0},
    "k": {"least": 1},
}


def checked(**settings: Any) -> dict[str, Any]:
    """The settings of a formula by name; ValueError for one out of range."""
    for name in RANGES.keys() & settings.keys():
        check_numbers(**RANGES[name], **{name: settings[name]})
    return settings
