"""What a target and a prediction give for each sample: the formulas behind losses and metrics.

First the two must find each other: targets of shape (n,) belong to predictions of shape (n, 1),
labels of shape (n,) or (n, 1) to predictions of shape (n, C). Then a formula gives one value for
each sample, the mean or sum over the last axis.
"""

from .backend import is_number
from .ops import basic, nn
from .ops.basic import convert_to_tensor
from .tensor import as_array

# ---------------------------------------------------------------------------------------------
# How target, prediction and weight find each other


def adapt(target, prediction):
    """Target and prediction as tensors of one float type; a last axis of 1 comes or goes to fit."""
    target, prediction = convert_to_tensor(target), convert_to_tensor(prediction)
    if target.dtype != prediction.dtype:
        target = basic.cast(target, prediction.dtype)
    return fit_rank(target, prediction.shape), prediction


def fit_rank(target, shape):
    """Where the ranks differ by one, add or drop a last axis of length 1 of the target."""
    if target.ndim + 1 == len(shape) and shape[-1] == 1:
        return basic.expand_dims(target, -1)
    if target.ndim == len(shape) + 1 and target.shape[-1] == 1:
        return basic.squeeze(target, -1)
    return target


def match(target, prediction):
    """Like `adapt`, for formulas that compare number by number.

    Raises ValueError, with both shapes, if target and prediction cannot be paired.
    """
    target, prediction = adapt(target, prediction)
    check_shapes(target.shape, prediction.shape)
    return target, prediction


def match_labels(labels, prediction):
    """Labels (...) or (..., 1) and predictions (..., C) as tensors, the labels without the last
    axis.

    Raises ValueError, with both shapes, if they cannot be paired.
    """
    labels, prediction = convert_to_tensor(labels), convert_to_tensor(prediction)
    if labels.ndim == prediction.ndim and labels.shape[-1:] == (1,):
        labels = basic.squeeze(labels, -1)
    check_shapes(labels.shape, prediction.shape, labels=True)
    return labels, prediction


def check_shapes(target, prediction, labels=False):
    """Raise ValueError unless the shapes can be paired; None in `prediction` fits any size."""
    if not prediction:
        raise ValueError(
            "`y_pred` is a single number, of shape (): losses and metrics compare arrays with an "
            "axis of samples, such as np.array([...])"
        )
    if labels:
        rank = len(prediction) - 1
        target = target[:-1] if len(target) > rank and target[-1] == 1 else target
        wanted = prediction[:-1]
    else:
        wanted = prediction
        if len(target) + 1 == len(wanted) and wanted[-1] == 1:
            target = (*target, 1)
        elif len(target) == len(wanted) + 1 and target[-1] == 1:
            target = target[:-1]
    if len(target) == len(wanted) and all(
        b in (a, None) for a, b in zip(target, wanted, strict=True)
    ):
        return
    hint = (
        "Labels are whole numbers, one for each sample; for one-hot targets use the "
        "categorical, not the sparse, form."
        if labels
        else "Both need the same shape; for whole-number labels of classes use "
        "'sparse_categorical_crossentropy'."
    )
    raise ValueError(
        f"a target of shape {target} does not fit a prediction of {prediction}. {hint}"
    )


def check_labels(labels, classes):
    """Raise ValueError unless all labels are whole numbers from 0 to `classes` - 1."""
    labels = as_array(labels)
    if labels.size == 0 or classes is None:
        return
    least, most = float(labels.min()), float(labels.max())
    if not (0 <= least and most < classes) or (labels.dtype.kind == "f" and (labels % 1).any()):
        raise ValueError(
            f"labels must be whole numbers, the classes 0 to {classes - 1}, because the "
            f"prediction has {classes} classes; found labels from {least:g} to {most:g}"
        )


def spread(weights, values):
    """Weights with as many axes as `values`, lined up from the left: (n,) becomes (n, 1, 1).

    Raises ValueError, with both shapes, if the weights do not fit.
    """
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    shape = (*weights.shape, *(1,) * (values.ndim - weights.ndim))
    if len(shape) != values.ndim or any(
        n not in (1, m) for n, m in zip(shape, values.shape, strict=True)
    ):
        raise ValueError(
            f"sample_weight of shape {weights.shape} does not fit values of shape "
            f"{values.shape}: give one weight for each sample"
        )
    return weights.reshape(shape)


def check_smoothing(label_smoothing):
    """`label_smoothing` itself; ValueError unless it is a number from 0 to 1."""
    if not is_number(label_smoothing, least=0) or label_smoothing > 1:
        raise ValueError(
            f"label_smoothing must be a number and lie between 0 and 1, got {label_smoothing!r}"
        )
    return label_smoothing


def task(target_shape, prediction_shape):
    """What the shapes say of the targets: "binary", "sparse" labels or "categorical" rows."""
    if prediction_shape[-1:] in ((), (1,)):
        return "binary"
    if len(target_shape) < len(prediction_shape) or target_shape[-1] == 1:
        return "sparse"
    return "categorical"


# ---------------------------------------------------------------------------------------------
# The formulas


def mean_squared_error(y_true, y_pred):
    """mean (y - p)^2 over the last axis: (..., n) -> (...)."""
    return nn.mean_squared_error(*match(y_true, y_pred))


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0):
    """-(y log p + (1 - y) log(1 - p)), the mean over the last axis: (..., n) -> (...).

    Label smoothing s turns y into y (1 - s) + s / 2 (Szegedy et al., 2016).
    """
    y_true, y_pred = match(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / 2
    return nn.binary_crossentropy(y_true, y_pred, from_logits=from_logits)


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """-sum y log p over the classes, for one-hot targets: (..., C) -> (...).

    Label smoothing s turns y into y (1 - s) + s / C (Szegedy et al., 2016).
    """
    y_true, y_pred = match(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    return nn.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False):
    """-log p[y] for whole-number labels y: (...) or (..., 1), (..., C) -> (...)."""
    labels, y_pred = match_labels(y_true, y_pred)
    if labels.value.dtype.kind == "f":  # the op would cut 1.5 down to 1 without a word
        check_labels(labels, y_pred.shape[-1])
    return nn.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits)


# Accuracies have no gradient, so they are plain arithmetic on arrays.


def accuracy(y_true, y_pred):
    """How often y = p, the mean over the last axis."""
    y_true, y_pred = match(y_true, y_pred)
    return (y_true.value == y_pred.value).mean(-1)


def binary_accuracy(y_true, y_pred, threshold=0.5):
    """How often p > threshold says what y says (0 or 1), the mean over the last axis."""
    y_true, y_pred = match(y_true, y_pred)
    return (y_true.value == (y_pred.value > threshold)).mean(-1)


def categorical_accuracy(y_true, y_pred):
    """Whether the largest entries of y and p are at the same place: (..., C) -> (...)."""
    y_true, y_pred = match(y_true, y_pred)
    return y_true.value.argmax(-1) == y_pred.value.argmax(-1)


def sparse_categorical_accuracy(y_true, y_pred):
    """Whether the largest entry of p is at the place y: (...) or (..., 1), (..., C) -> (...)."""
    labels, y_pred = match_labels(y_true, y_pred)
    return labels.value == y_pred.value.argmax(-1)


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


def accuracy_by_shapes(y_true, y_pred):
    """The accuracy that the shapes of two tensors call for."""
    return ACCURACIES[task(y_true.shape, y_pred.shape)](y_true, y_pred)


def crossentropy_by_shapes(y_true, y_pred):
    """The cross-entropy that the shapes of two tensors call for."""
    return CROSSENTROPIES[task(y_true.shape, y_pred.shape)](y_true, y_pred)
