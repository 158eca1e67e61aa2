"""The formulas behind losses and metrics: one value for each sample's target and prediction.

First the two must be paired: targets of shape (n,) belong to predictions of shape (n, 1),
labels of shape (n,) or (n, 1) to predictions of shape (n, C). Then a formula returns one value for
each sample, the mean or sum over the last axis.
"""

import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

from . import ops
from .core.checks import check_numbers
from .core.docstrings import share_arguments
from .core.dtypes import EPSILON, FLOATS, floatx
from .core.tensor import Tensor
from .core.types import Array, Shape, TensorLike
from .ops import nn
from .ops.arrays import convert_to_tensor

# ---------------------------------------------------------------------------------------------
# How target, prediction and weight are paired


def adapt(target: TensorLike, prediction: TensorLike) -> tuple[Tensor, Tensor]:
    """Target and prediction as tensors of one float type; a last axis of 1 is added or removed."""
    target, prediction = convert_to_tensor(target), convert_to_tensor(prediction)
    if prediction.dtype not in FLOATS:  # differences of small integers would wrap
        prediction = ops.cast(prediction, floatx())
    if target.dtype != prediction.dtype:
        target = ops.cast(target, prediction.dtype)
    return fit_rank(target, prediction.shape), prediction


def fit_shape(shape: tuple[int, ...], wanted: Shape) -> tuple[int, ...]:
    """`shape` with a last axis of 1 added or removed, if that gives it as many axes as `wanted`."""
    if len(shape) + 1 == len(wanted) and wanted[-1] == 1:
        return (*shape, 1)
    if len(shape) == len(wanted) + 1 and shape[-1] == 1:
        return shape[:-1]
    return shape


def fit_rank(target: Tensor, wanted: Shape) -> Tensor:
    """A target with a last axis of size 1 added or removed, as in `fit_shape`."""
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


def check_shapes(target: tuple[int, ...], prediction: Shape, labels: bool = False) -> None:
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
    """The kind of targets that the shapes imply: "binary", "sparse" or "categorical"."""
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
    Example:
        >>> y, p = [[0.0, 0.0], [1.0, 1.0]], [[0.0, 2.0], [1.0, 1.0]]
        >>> keras.losses.mean_squared_error(y, p).numpy()
        array([2., 0.], dtype=float32)
        >>> float(keras.losses.MeanSquaredError()(y, p))
        1.0
        >>> float(keras.metrics.MeanSquaredError()(y, p))
        1.0
    """
    return nn.mean_squared_error(*match(y_true, y_pred))


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The mean absolute error.

        l = mean over the last axis of |y - p|

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[0.0, 0.0], [1.0, 1.0]], [[0.0, 2.0], [1.0, 1.0]]
        >>> keras.losses.mean_absolute_error(y, p).numpy()
        array([1., 0.], dtype=float32)
        >>> float(keras.losses.MeanAbsoluteError()(y, p))
        0.5
        >>> float(keras.metrics.MeanAbsoluteError()(y, p))
        0.5
    """
    y_true, y_pred = match(y_true, y_pred)
    return ops.mean(ops.absolute(y_true - y_pred), -1)


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The mean absolute error in percent of the target; |y| counts as at least 1e-7.

        l = 100 * mean over the last axis of |(y - p) / y|

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[2.0], [4.0]], [[3.0], [3.0]]
        >>> keras.losses.mean_absolute_percentage_error(y, p).numpy()
        array([50., 25.], dtype=float32)
        >>> float(keras.losses.MeanAbsolutePercentageError()(y, p))
        37.5
        >>> float(keras.metrics.MeanAbsolutePercentageError()(y, p))
        37.5
    """
    y_true, y_pred = match(y_true, y_pred)
    size = ops.maximum(ops.absolute(y_true), EPSILON)
    return 100 * ops.mean(ops.absolute((y_true - y_pred) / size), -1)


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The mean squared error of logarithms; y and p count as at least 1e-7.

        l = mean over the last axis of (log(1 + y) - log(1 + p))^2

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[9.0], [99.0]], [[99.0], [999.0]]  # 1 + p is ten times 1 + y
        >>> keras.losses.mean_squared_logarithmic_error(y, p).numpy().round(3)
        array([5.302, 5.302], dtype=float32)
        >>> round(float(keras.losses.MeanSquaredLogarithmicError()(y, p)), 3)
        5.302
        >>> round(float(keras.metrics.MeanSquaredLogarithmicError()(y, p)), 3)
        5.302
    """
    logs = [ops.log(ops.maximum(x, EPSILON) + 1) for x in match(y_true, y_pred)]
    return ops.mean(ops.square(logs[0] - logs[1]), -1)


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """The Huber loss: quadratic for small errors, linear for large ones.

        l = mean over the last axis of d^2 / 2                        where |d| <= delta
                                       delta * |d| - delta^2 / 2      elsewhere, with d = y - p

    Shapes: (..., n), (..., n) -> (...).
    Args:
        delta: Error size at which the loss turns from quadratic to linear, at least 0 (default
            1.0).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Huber (1964).
    Example:
        >>> y, p = [[0.0], [0.0]], [[1.0], [3.0]]
        >>> keras.losses.huber(y, p).numpy()
        array([0.5, 2.5], dtype=float32)
        >>> float(keras.losses.Huber(delta=1.0)(y, p))
        1.5
        >>> float(keras.metrics.Huber(delta=2.0)(y, p))
        2.25
    """
    check_numbers(least=0, delta=delta)
    y_true, y_pred = match(y_true, y_pred)
    size = ops.absolute(y_true - y_pred)
    far = delta * size - 0.5 * delta**2
    return ops.mean(ops.where(size.value <= delta, 0.5 * ops.square(size), far), -1)


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The log-cosh loss: about d^2 / 2 for small errors d, about |d| for large ones.

        l = mean over the last axis of log cosh(p - y)

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[0.0], [0.0]], [[1.0], [100.0]]
        >>> keras.losses.log_cosh(y, p).numpy().round(3)
        array([ 0.434, 99.307], dtype=float32)
        >>> round(float(keras.losses.LogCosh()(y, p)), 3)
        49.87
        >>> round(float(keras.metrics.LogCoshError()(y, p)), 3)
        49.87
    """
    y_true, y_pred = match(y_true, y_pred)
    d = y_pred - y_true
    return ops.mean(d + nn.softplus(-2 * d) - math.log(2), -1)


def cosine(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """The cosine of the angle between y and p along `axis`: 1 for the same direction.

        y . p / (|y| |p|)

    Shapes: (..., n), (..., n) -> (...).
    Args:
        axis: Axis of the vectors y and p, which the result does not have (default -1).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[1.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [3.0, 4.0]]  # cosines: 1 and 3 / 5
        >>> round(float(keras.metrics.CosineSimilarity()(y, p)), 3)
        0.8
    """
    y_true, y_pred = match(y_true, y_pred)
    return ops.reduce_sum(ops.normalize(y_true, axis) * ops.normalize(y_pred, axis), axis)


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """Minus the cosine of the angle between y and p along `axis`: -1 for the same direction.

        l = -y . p / (|y| |p|)

    Shapes: (..., n), (..., n) -> (...).
    Args:
        axis: Axis of the vectors y and p, which the result does not have (default -1).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[1.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [3.0, 4.0]]
        >>> keras.losses.cosine_similarity(y, p).numpy().round(3)
        array([-1. , -0.6], dtype=float32)
        >>> round(float(keras.losses.CosineSimilarity()(y, p)), 3)
        -0.8
    """
    return -cosine(y_true, y_pred, axis)


def match_signs(y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    """Like `match`, with targets of -1 and 1; if all are 0 or 1, 0 is read as -1."""
    y_true, y_pred = match(y_true, y_pred)
    y = y_true.value
    bits = ((y == 0) | (y == 1)).all().astype(y.dtype)  # 1 or 0; an `if` would have to wait
    return y_true * (1 + bits) - bits, y_pred


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The hinge loss, for targets of -1 and 1; if all are 0 or 1, 0 stands for -1.

        l = mean over the last axis of max(1 - y p, 0)

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Cortes and Vapnik (1995).
    Example:
        >>> y, p = [[1.0], [-1.0]], [[0.5], [-2.0]]
        >>> keras.losses.hinge(y, p).numpy()
        array([0.5, 0. ], dtype=float32)
        >>> float(keras.losses.Hinge()(y, p))
        0.25
        >>> float(keras.metrics.Hinge()(y, p))
        0.25
    """
    y_true, y_pred = match_signs(y_true, y_pred)
    return ops.mean(nn.relu(1 - y_true * y_pred), -1)


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The squared hinge loss, for targets of -1 and 1; if all are 0 or 1, 0 stands for -1.

        l = mean over the last axis of max(1 - y p, 0)^2

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[1.0], [-1.0]], [[0.5], [-2.0]]
        >>> keras.losses.squared_hinge(y, p).numpy()
        array([0.25, 0.  ], dtype=float32)
        >>> float(keras.losses.SquaredHinge()(y, p))
        0.125
        >>> float(keras.metrics.SquaredHinge()(y, p))
        0.125
    """
    y_true, y_pred = match_signs(y_true, y_pred)
    return ops.mean(ops.square(nn.relu(1 - y_true * y_pred)), -1)


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The hinge loss between the true class and the best of the others, for one-hot targets.

        l = max(max((1 - y) p) - sum(y p) + 1, 0)

    Shapes: (..., C), (..., C) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Crammer and Singer (2001).
    Example:
        >>> y, p = [[0.0, 1.0], [0.0, 1.0]], [[0.5, 2.0], [2.0, 1.0]]
        >>> keras.losses.categorical_hinge(y, p).numpy()
        array([0., 2.], dtype=float32)
        >>> float(keras.losses.CategoricalHinge()(y, p))
        1.0
        >>> float(keras.metrics.CategoricalHinge()(y, p))
        1.0
    """
    y_true, y_pred = match(y_true, y_pred)
    wrong = ops.reduce_max((1 - y_true) * y_pred, -1)
    return nn.relu(wrong - ops.reduce_sum(y_true * y_pred, -1) + 1)


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The Kullback-Leibler divergence of p from y, both clipped to [1e-7, 1].

        l = sum over the last axis of y log(y / p)

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Kullback and Leibler (1951).
    Example:
        >>> y, p = [[0.5, 0.5], [0.5, 0.5]], [[0.5, 0.5], [0.25, 0.75]]
        >>> keras.losses.kl_divergence(y, p).numpy().round(3)
        array([0.   , 0.144], dtype=float32)
        >>> round(float(keras.losses.KLDivergence()(y, p)), 3)
        0.072
        >>> round(float(keras.metrics.KLDivergence()(y, p)), 3)
        0.072
    """
    y, p = (ops.clip(x, EPSILON, 1) for x in match(y_true, y_pred))
    return ops.reduce_sum(y * ops.log(y / p), -1)


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The Poisson loss, for targets that count events; 1e-7 is added to p inside the logarithm.

        l = mean over the last axis of p - y log p

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[2.0], [0.0]], [[1.0], [3.0]]  # log 1 = 0
        >>> keras.losses.poisson(y, p).numpy().round(3)
        array([1., 3.], dtype=float32)
        >>> round(float(keras.losses.Poisson()(y, p)), 3)
        2.0
        >>> round(float(keras.metrics.Poisson()(y, p)), 3)
        2.0
    """
    y_true, y_pred = match(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + EPSILON), -1)


def binary_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Tensor:
    """The binary cross-entropy, for targets between 0 and 1.

        l = mean over the last axis of -(y log p + (1 - y) log(1 - p))

    Shapes: (..., n), (..., n) -> (...).
    Args:
        from_logits: Whether p is a logit, to which a sigmoid is applied first (default False);
            probabilities are clipped to [1e-7, 1 - 1e-7].
        label_smoothing: A number s from 0 to 1, which turns y into y (1 - s) + s / 2 (default 0.0).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Szegedy et al. (2016) for label smoothing.
    Example:
        >>> y, p = [[1.0], [0.0]], [[0.5], [0.25]]
        >>> keras.losses.binary_crossentropy(y, p).numpy().round(3)  # -log(1 / 2), -log(3 / 4)
        array([0.693, 0.288], dtype=float32)
        >>> round(float(keras.losses.BinaryCrossentropy()(y, p)), 3)
        0.49
        >>> round(float(keras.metrics.BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]])), 3)
        0.693
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
    """The cross-entropy over classes, for one-hot targets or other probabilities.

        l = -sum over the classes of y log p

    Shapes: (..., C), (..., C) -> (...).
    Args:
        from_logits: Whether p are logits, to which a softmax is applied first (default False);
            probabilities are divided by their sum and clipped to [1e-7, 1 - 1e-7].
        label_smoothing: A number s from 0 to 1, which turns y into y (1 - s) + s / C (default 0.0).
        axis: Axis of the classes, which the result does not have (default -1).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Source: Szegedy et al. (2016) for label smoothing.
    Example:
        >>> y, p = [[0.0, 1.0], [1.0, 0.0]], [[0.5, 0.5], [0.75, 0.25]]
        >>> keras.losses.categorical_crossentropy(y, p).numpy().round(3)
        array([0.693, 0.288], dtype=float32)
        >>> round(float(keras.losses.CategoricalCrossentropy()(y, p)), 3)
        0.49
        >>> round(float(keras.metrics.CategoricalCrossentropy()(y, p)), 3)
        0.49
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

    Shapes: labels (...) or (..., 1), predictions (..., C) -> (...).
    Args:
        from_logits: Whether p are logits, to which a softmax is applied first (default False);
            probabilities are divided by their sum and clipped to [1e-7, 1 - 1e-7].
        ignore_class: Label whose samples get the value 0, and a mask that leaves them out of means;
            None (default) ignores no label.
    Raises ValueError for an invalid label, and if target and prediction cannot be paired.
    Example:
        >>> y, p = [1, 0], [[0.5, 0.5], [0.75, 0.25]]
        >>> keras.losses.sparse_categorical_crossentropy(y, p).numpy().round(3)
        array([0.693, 0.288], dtype=float32)
        >>> round(float(keras.losses.SparseCategoricalCrossentropy()(y, p)), 3)
        0.49
        >>> metric = keras.metrics.SparseCategoricalCrossentropy(ignore_class=1)
        >>> round(float(metric(y, p)), 3)
        0.288
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


def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The fraction of elements with y = p, the mean over the last axis.

    Shapes: (..., n), (..., n) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> metric = keras.metrics.Accuracy()
        >>> float(metric([[1], [2], [3], [4]], [[1], [2], [3], [5]]))
        0.75
    """
    y_true, y_pred = match(y_true, y_pred)
    return ops.convert_to_tensor((y_true.value == y_pred.value).mean(-1))


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """The fraction of elements where p > threshold agrees with y (0 or 1), over the last axis.

    Shapes: (..., n), (..., n) -> (...).
    Args:
        threshold: Predictions above it count as 1, a number from 0 to 1 (default 0.5).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[0], [1], [1], [1]], [[0.2], [0.4], [0.6], [0.8]]
        >>> float(keras.metrics.BinaryAccuracy()(y, p))
        0.75
        >>> float(keras.metrics.BinaryAccuracy(threshold=0.3)(y, p))
        1.0
    """
    y_true, y_pred = match(y_true, y_pred)
    return ops.convert_to_tensor((y_true.value == (y_pred.value > threshold)).mean(-1))


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The accuracy for one-hot targets: 1 where argmax y = argmax p, else 0.

    Shapes: (..., C), (..., C) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[0, 0, 1], [0, 1, 0]], [[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]
        >>> float(keras.metrics.CategoricalAccuracy()(y, p))
        0.5
    """
    y_true, y_pred = match(y_true, y_pred)
    return ops.convert_to_tensor(y_true.value.argmax(-1) == y_pred.value.argmax(-1))


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """The accuracy for integer labels: 1 where y = argmax p, else 0.

    Shapes: labels (...) or (..., 1), predictions (..., C) -> (...).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [2, 1], [[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]
        >>> float(keras.metrics.SparseCategoricalAccuracy()(y, p))
        0.5
    """
    labels, y_pred = match_labels(y_true, y_pred)
    return ops.convert_to_tensor(labels.value == y_pred.value.argmax(-1))


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """The top-k accuracy for one-hot targets: 1 where the class is among the k largest of p.

    Shapes: (..., C), (..., C) -> (...).
    Args:
        k: Number of largest elements that count, at least 1 (default 5).
    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    Example:
        >>> y, p = [[0, 0, 1], [0, 1, 0]], [[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]
        >>> [float(keras.metrics.TopKCategoricalAccuracy(k)(y, p)) for k in (1, 2)]
        [0.5, 1.0]
    """
    y_true, y_pred = match(y_true, y_pred)
    return sparse_top_k_categorical_accuracy(y_true.value.argmax(-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """The top-k accuracy for integer labels: 1 where p[y] is among the k largest of p, else 0.

    Shapes: labels (...) or (..., 1), predictions (..., C) -> (...).
    Args:
        k: Number of largest elements that count, at least 1 (default 5).
    Raises ValueError for an invalid label, and if target and prediction cannot be paired.
    Example:
        >>> y, p = [2, 1], [[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]
        >>> [float(keras.metrics.SparseTopKCategoricalAccuracy(k)(y, p)) for k in (1, 2)]
        [0.5, 1.0]
    """
    labels, y_pred = match_labels(y_true, y_pred)
    nn.check_labels(labels, y_pred.shape[-1])
    own = ops.take_along_axis(y_pred, labels.value[..., None]).value
    return ops.convert_to_tensor((y_pred.value > own).sum(-1) < k)


ACCURACIES: dict[str, Callable[..., Tensor]] = {
    "binary": binary_accuracy,
    "sparse": sparse_categorical_accuracy,
    "categorical": categorical_accuracy,
}
CROSSENTROPIES: dict[str, Callable[..., Tensor]] = {
    "binary": binary_crossentropy,
    "sparse": sparse_categorical_crossentropy,
    "categorical": categorical_crossentropy,
}


def accuracy_by_shapes(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The accuracy that the shapes of two tensors call for: binary, sparse or categorical.

    Args:
        y_true: Targets of 0 and 1, integer labels or one-hot rows.
        y_pred: Predictions of shape (n, 1) for 0 and 1, (n, C) for classes.
    """
    return ACCURACIES[task(y_true.shape, y_pred.shape)](y_true, y_pred)


def crossentropy_by_shapes(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The cross-entropy that the shapes of two tensors call for: binary, sparse or categorical.

    Args:
        y_true: Targets of 0 and 1, integer labels or one-hot rows.
        y_pred: Probabilities, of shape (n, 1) for targets of 0 and 1, (n, C) for classes.
    Example:
        >>> loss = keras.losses.Crossentropy()
        >>> values = loss([1], [[0.5]]), loss([1], [[0.5, 0.5]]), loss([[0, 1]], [[0.5, 0.5]])
        >>> [round(float(value), 3) for value in values]  # binary, sparse, categorical
        [0.693, 0.693, 0.693]
    """
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
    """Return the settings of a formula by name; raise ValueError for one that is out of range."""
    for name in RANGES.keys() & settings.keys():
        check_numbers(**RANGES[name], **{name: settings[name]})
    return settings


# ---------------------------------------------------------------------------------------------
# What formulas share in their docstrings

share_arguments(
    [
        sparse_categorical_crossentropy,
        sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
    ],
    """
    Args:
        y_true: Labels, integers from 0 to C - 1.
        y_pred: Predictions p, a number for each of the C classes.
    """,
)
share_arguments(
    [categorical_hinge, categorical_crossentropy, categorical_accuracy, top_k_categorical_accuracy],
    """
    Args:
        y_true: Targets y, a row for each sample, with a 1 at the index of its class.
        y_pred: Predictions p, a number for each of the C classes.
    """,
)
share_arguments(
    [
        *(mean_squared_error, mean_absolute_error, mean_absolute_percentage_error),
        *(mean_squared_logarithmic_error, huber, log_cosh, cosine, cosine_similarity),
        *(hinge, squared_hinge, kl_divergence, poisson, binary_crossentropy),
        *(accuracy, binary_accuracy),
    ],
    """
    Args:
        y_true: Targets y, cast to the type of `y_pred`, a last axis of 1 added or removed to fit.
        y_pred: Predictions p, a tensor or anything that converts to one.
    """,
)
