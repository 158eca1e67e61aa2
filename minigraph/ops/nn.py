"""The ops of neural networks: activations, the dense layer, losses.

A performance-critical op has a hand-written gradient. Next to it is its plain twin (`..._plain`),
the obvious program written with basic ops; a test checks that both agree in value and in every
gradient.

B is the batch, I the inputs and O the outputs of a layer, C the classes. In a loss, y is the
target, p a predicted probability and z a logit: what goes into a sigmoid or softmax.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from ..core.device import array_module, host_copies, to_array
from ..core.dtypes import EPSILON, as_float
from ..core.tensor import OPS, as_array, op
from ..core.types import Array, Axis, TensorLike
from .arrays import expand_dims, ones
from .kernels import erf_by_table
from .math import cast, equal, exp, log, matmul, mean, reduce_max, reduce_sum, sqrt, square

InPlace: TypeAlias = Literal["relu", "sigmoid", "tanh"]  # the activations that an op can apply

# ---------------------------------------------------------------------------------------------
# Activations


class Activation(NamedTuple):
    """An activation whose gradient follows from its output alone, so it can be applied in place.

    `forward(x, out)` writes it, and `derivative(y)` is its derivative where the output is y.
    """

    forward: Callable[..., Array]
    derivative: Callable[[Array], Array]

    def backward(self, g: Array, y: Array) -> Array:
        """The gradient of the input, from that of the output."""
        return g * self.derivative(y)


def relu_forward(x: Array, out: Array = None) -> Array:
    return array_module(x).maximum(x, 0, out=out)


def sigmoid_forward(x: Array, out: Array = None) -> Array:
    xp = array_module(x)
    x = as_float(x)
    y = xp.exp(xp.negative(x, out=out), out=out)  # infinity where it overflows, and then 1 / y is 0
    y += 1
    return xp.divide(1, y, out=out)


def tanh_forward(x: Array, out: Array = None) -> Array:
    return array_module(x).tanh(as_float(x), out=out)


IN_PLACE = {
    "relu": Activation(relu_forward, lambda y: y > 0),
    "sigmoid": Activation(sigmoid_forward, lambda y: y * (1 - y)),
    "tanh": Activation(tanh_forward, lambda y: 1 - y * y),
}


def activate(name: InPlace, x: Array) -> Any:
    """The value of an in-place activation and its gradient, as an op returns them."""
    activation = IN_PLACE[name]
    y = activation.forward(x)
    return y, (lambda g: activation.backward(g, y),)


@op
def relu(
    x: Array, /, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
):
    """The rectified linear unit: max(x, 0); the gradient at 0 is 0.

    In full: min(x, max_value) above `threshold`, else negative_slope (x - threshold).

    Args:
        negative_slope: Factor of x - threshold below the threshold (default 0.0).
        max_value: The largest output; None (default) sets no limit.
        threshold: The value above which an element passes unchanged (default 0.0).
    Source: Nair and Hinton (2010).
    Example:
        >>> keras.ops.relu([-2.0, 3.0]).numpy()
        array([0., 3.], dtype=float32)
    """
    if not negative_slope and max_value is None and not threshold:
        return activate("relu", x)
    xp, x = array_module(x), as_float(x) if negative_slope else x
    below = x <= threshold
    y = xp.where(below, negative_slope * (x - threshold) if negative_slope else 0, x)
    derivative = xp.where(below, negative_slope, 1).astype(x.dtype)
    if max_value is not None:
        derivative *= y < max_value
        y = xp.minimum(y, max_value)
    return y, (lambda g: g * derivative,)


@op
def relu6(x: Array, /):
    """A rectified linear unit that stops at 6: min(max(x, 0), 6)."""
    return relu.__wrapped__(x, max_value=6)


@op
def leaky_relu(x: Array, /, negative_slope: float = 0.2):
    """A leaky rectified linear unit: x where it is positive, else negative_slope x.

    Args:
        negative_slope: Factor of x where it is not positive (default 0.2).
    Source: Maas et al. (2013).
    Example:
        >>> keras.ops.leaky_relu([-10.0, 3.0]).numpy()
        array([-2.,  3.], dtype=float32)
    """
    return relu.__wrapped__(x, negative_slope)


@op
def elu(x: Array, /, alpha: float = 1.0):
    """The exponential linear unit: x where it is positive, else alpha (e^x - 1).

    Args:
        alpha: How far below 0 the output can come (default 1.0).
    Source: Clevert et al. (2016).
    """
    xp, x = array_module(x), as_float(x)
    y = xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))
    return y, (lambda g: g * xp.where(x > 0, 1, y + alpha),)


@op
def selu(x: Array, /):
    """A scaled exponential linear unit: 1.0507 elu(x, 1.6733).

    A deep stack of it keeps mean 0 and variance 1.

    Source: Klambauer et al. (2017).
    """
    y, (back,) = elu.__wrapped__(x, 1.6732632423543772)
    return 1.0507009873554805 * y, (lambda g: 1.0507009873554805 * back(g),)


@op
def gelu(x: Array, /, approximate: bool = False):
    """The Gaussian error linear unit: x P(X <= x) for a standard normal X.

        y = x * (1 + erf(x / sqrt(2))) / 2

    Args:
        approximate: Whether the probability is computed as (1 + tanh(sqrt(2 / pi) (x + 0.044715
            x^3))) / 2 (default False).
    Source: Hendrycks and Gimpel (2016).
    """
    xp, scale = array_module(x), math.sqrt(2 / math.pi)
    x = xp.maximum(as_float(x), -100)  # where the probability is 0: 0 * -infinity would be NaN
    if approximate:
        t = xp.tanh(scale * (x + 0.044715 * x**3))
        p, density = (1 + t) / 2, lambda: (1 - t * t) / 2 * scale * (1 + 0.134145 * x * x)
    else:
        p = (1 + erf_by_table(xp, x / math.sqrt(2))) / 2
        density = lambda: xp.exp(-x * x / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    return x * p, (lambda g: g * (p + x * density()),)


@op
def silu(x: Array, /):
    """A smooth gate, also called swish: x sigmoid(x).

    Source: Elfwing et al. (2018).
    """
    s = sigmoid_forward(x)
    x = array_module(x).maximum(as_float(x), -1000)  # where s is 0: 0 * -infinity would be NaN
    return x * s, (lambda g: g * s * (1 + x * (1 - s)),)


@op
def softplus(x: Array, /):
    """A smooth rectifier: log(1 + e^x), which never overflows."""
    return array_module(x).logaddexp(as_float(x), 0), (lambda g: g * sigmoid_forward(x),)


@op
def softsign(x: Array, /):
    """A soft sign between -1 and 1: x / (1 + |x|)."""
    xp, x = array_module(x), as_float(x)
    d = 1 + xp.abs(x)
    return xp.where(d < math.inf, x / d, xp.sign(x)), (lambda g: g / (d * d),)


@op
def hard_sigmoid(x: Array, /):
    """A piecewise linear sigmoid: x / 6 + 1/2, clipped to [0, 1]."""
    y = array_module(x).clip(x / 6 + 0.5, 0, 1)
    return y, (lambda g: g / 6 * ((y > 0) & (y < 1)),)


@op
def sigmoid(x: Array, /):
    """The logistic function: 1 / (1 + e^-x), between 0 and 1."""
    return activate("sigmoid", x)


@op
def tanh(x: Array, /):
    """The hyperbolic tangent: (e^x - e^-x) / (e^x + e^-x), between -1 and 1."""
    return activate("tanh", x)


# Those that the op of a layer can apply.
FUSABLE: dict[Callable[..., Any], str] = {relu: "relu", sigmoid: "sigmoid", tanh: "tanh"}


@op
def softmax(x: Array, /, axis: Axis = -1):
    """Positive numbers whose sum is 1 along `axis`.

        y = exp(x) / sum exp(x)

    The maximum is subtracted first, which changes nothing but keeps exp from overflowing.

    Args:
        axis: Axis along which the results have the sum 1, or a tuple of axes (default -1).
    Source: Bridle (1990).
    Example:
        >>> keras.ops.softmax(np.log([1.0, 3.0, 4.0])).numpy().round(3)
        array([0.125, 0.375, 0.5  ])
    """
    xp, x = array_module(x), as_float(x)
    y = xp.exp(x - x.max(axis, keepdims=True))
    y /= y.sum(axis, keepdims=True)
    return y, (lambda g: y * (g - (g * y).sum(axis, keepdims=True)),)


def softmax_plain(x: TensorLike, axis: Axis = -1) -> Any:
    e = exp(x - reduce_max(x, axis, keepdims=True))
    return e / reduce_sum(e, axis, keepdims=True)


@op
def log_softmax(x: Array, /, axis: Axis = -1):
    """The logarithm of softmax along `axis`, accurate where softmax would round to 0.

        y = x - max - log sum e^(x - max)

    Shapes: (...) -> the same.
    Args:
        axis: Axis along which the probabilities have the sum 1, or a tuple of axes (default -1).
    """
    xp, x = array_module(x), as_float(x)
    y = x - x.max(axis, keepdims=True)
    y -= xp.log(xp.exp(y).sum(axis, keepdims=True))
    return y, (lambda g: g - xp.exp(y) * g.sum(axis, keepdims=True),)


def log_softmax_plain(x: TensorLike, axis: Axis = -1) -> Any:
    return log(softmax_plain(x, axis))


# ---------------------------------------------------------------------------------------------
# Dense


@op
def dense(x: Array, kernel: Array, bias: Array = None, /, activation: InPlace | None = None):
    """A dense layer in one step: activation(x @ kernel + bias).

    Shapes: (..., I), (I, O), (O) -> (..., O).
    Args:
        x: The inputs; all axes but the last are a batch.
        kernel: The matrix that they are multiplied by.
    Raises ValueError, with both shapes, where the inner sizes differ.
    Example:
        >>> keras.ops.dense([[1.0, 2.0]], [[1.0], [10.0]], [-30.0]).numpy()  # 1 + 20 - 30
        array([[-9.]], dtype=float32)
        >>> keras.ops.dense([[1.0, 2.0]], [[1.0], [10.0]], [-30.0], activation="relu").numpy()
        array([[0.]], dtype=float32)
    """
    if x.ndim == 0 or x.shape[-1] != kernel.shape[0]:
        raise ValueError(
            f"dense: the last axis of the input {x.shape} must be as long as the first of the "
            f"kernel {kernel.shape}"
        )
    if activation not in (None, *IN_PLACE):
        raise ValueError(f"dense: activation={activation!r} must be one of {', '.join(IN_PLACE)}")
    xp = array_module(x)
    rows = x.reshape(-1, x.shape[-1])  # (B, I): all axes but the last are a batch
    y = rows @ kernel  # (B, O)
    if bias is not None:
        y += bias
    if activation is not None:
        IN_PLACE[activation].forward(y, out=y)

    def backward(g):
        g = g.reshape(y.shape)
        if activation is not None:
            g = IN_PLACE[activation].backward(g, y)
        return (
            lambda: (g @ kernel.T).reshape(x.shape),
            lambda: rows.T @ g,
            lambda: xp.ones(len(g), g.dtype) @ g,  # a sum over the batch, at the speed of a product
        )

    return y.reshape(*x.shape[:-1], y.shape[-1]), backward


def dense_plain(
    x: TensorLike, kernel: TensorLike, bias: TensorLike = None, activation: InPlace | None = None
) -> Any:
    y = matmul(x, kernel)
    return plain_activation(y if bias is None else y + bias, activation)


def plain_activation(y: TensorLike, activation: InPlace | None) -> Any:
    return y if activation is None else OPS[activation](y)


# ---------------------------------------------------------------------------------------------
# Batch normalisation


def batch_norm_plain(
    x: TensorLike,
    gamma: TensorLike = None,
    beta: TensorLike = None,
    epsilon: float = 1e-3,
    mask: Array = None,
    statistics: Any = None,
) -> Any:
    """The definition: mean and variance over all axes but the last. It needs no `statistics`."""
    axes = tuple(range(x.ndim - 1))
    weight = ones(x.shape[:-1], x.dtype) if mask is None else cast(mask, x.dtype)
    weight = expand_dims(weight / reduce_sum(weight), -1)
    d = x - reduce_sum(x * weight, axes)
    y = d / sqrt(reduce_sum(d * d * weight, axes) + epsilon)
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta


# What the fast form does differently: sums over the batch are matrix products, and gamma and the
# standard deviation become one factor. The matrix has long rows, each of several samples: with 16
# channels, few long rows take two thirds of the time of many short ones. A channel then occurs
# several times in a row; `per_channel` adds up its sums, and `tile` repeats its parameters.

LONG_ROW = 512  # elements


def long_rows(x: Array, mask: Array = None) -> Array:
    """x as a matrix with long rows of several whole samples; of one sample where a mask may leave
    samples out.
    """
    samples, channels = math.prod(x.shape[:-1]), x.shape[-1]
    count = math.gcd(samples, max(1, LONG_ROW // channels)) if mask is None else 1
    return x.reshape(-1, count * channels)


def per_channel(sums: Array, channels: int) -> Array:
    """The sums over one long row, in which each channel occurs several times."""
    return sums.reshape(-1, channels).sum(0)


def moments(x: Array, mask: Array = None) -> tuple[Array, Array, Array, Array]:
    """Mean and variance of each channel over the batch, as matrix products: (..., C) -> (C), (C).

    `mask` (...) leaves samples out. Returns the mean, the variance, the `long_rows` less their
    mean, and the weight of each of these rows in a mean.
    """
    xp, rows, channels = array_module(x), long_rows(x, mask), x.shape[-1]
    count = rows.shape[-1] // channels
    real = xp.ones(len(rows)) if mask is None else to_array(mask).reshape(-1)
    weight = real.astype(x.dtype)
    weight = weight / xp.maximum(weight.sum() * count, 1)
    mean = per_channel(weight @ rows, channels)
    centred = rows - xp.tile(mean, count)
    return mean, per_channel(weight @ (centred * centred), channels), centred, weight


@op
def batch_norm(
    x: Array,
    gamma: Array = None,
    beta: Array = None,
    /,
    epsilon: float = 1e-3,
    mask: Array = None,
    statistics: tuple[Array, Array, Array, Array] | None = None,
):
    """Normalise each channel to mean 0 and variance 1 over this batch, then scale and shift it.

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    Shapes: (..., C), (C), (C) -> (..., C).
    Args:
        x: The samples, with the channels as last axis.
        gamma: The factor of each channel; None (default) means 1.
        beta: What is added to each channel; None (default) means 0.
        epsilon: Added to the variance, so that nothing is divided by 0 (default 0.001).
        mask: Booleans (...), the shape of x without its channels: where it is False, a sample does
            not count in the mean and the variance; None (default) if all count.
        statistics: The `moments` of x, for a caller who has them already; None (default) computes
            them.
    Source: Ioffe and Szegedy (2015).
    Example:
        >>> x = np.array([[1.0, 100.0], [3.0, 300.0]])  # two samples of two channels
        >>> keras.ops.batch_norm(x, epsilon=0.0).numpy()
        array([[-1., -1.],
               [ 1.,  1.]])
    """
    xp, x, channels = array_module(x), as_float(x), x.shape[-1]
    _, variance, centred, weight = statistics or moments(x, mask)
    count = centred.shape[-1] // channels
    scale = 1 / xp.sqrt(variance + epsilon)
    if gamma is not None:
        scale *= gamma
    y = centred * xp.tile(scale, count)
    if beta is not None:
        y += xp.tile(beta, count)

    def backward(g):
        g = g.reshape(y.shape)
        one = xp.ones(len(g), g.dtype)
        total, along = (per_channel(one @ part, channels) for part in (g, g * centred))  # (C)

        def to_x():  # the mean and the variance depend on every sample that has a weight in them
            d = centred * xp.tile(along / (variance + epsilon), count)
            d += xp.tile(total, count)
            d *= weight[:, None]
            d = xp.subtract(g, d, out=d)
            d *= xp.tile(scale, count)
            return d.reshape(x.shape)

        return to_x, lambda: along / xp.sqrt(variance + epsilon), total

    return y.reshape(x.shape), backward


# ---------------------------------------------------------------------------------------------
# Losses: one value for each sample, the mean or sum over the last axis


@op
def mean_squared_error(target: Array, output: Array, /):
    """The mean over the last axis of (y - p)^2.

    Shapes: (..., n), (..., n) -> (...).
    Args:
        target: The targets y.
        output: The predictions p.
    Example:
        >>> keras.ops.mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]).numpy()  # (1 + 9) / 2
        array([5.], dtype=float32)
    """
    d = as_float(output) - as_float(target)
    n = d.shape[-1] or math.nan  # the mean of no elements is NaN
    return (d * d).sum(-1) / n, (
        lambda g: g[..., None] * (-2 / n * d),
        lambda g: g[..., None] * (2 / n * d),
    )


def mean_squared_error_plain(target: TensorLike, output: TensorLike) -> Any:
    return mean(square(target - output), -1)


@op
def binary_crossentropy(target: Array, output: Array, /, from_logits: bool = False):
    """The binary cross-entropy, averaged over the last axis.

        -(y log p + (1 - y) log(1 - p))

    From logits z it is max(z, 0) - z y + log(1 + exp(-|z|)), which never overflows. Probabilities
    are clipped to [1e-7, 1 - 1e-7].

    Shapes: (..., n), (..., n) -> (...).
    Example:
        >>> keras.ops.binary_crossentropy([[1.0]], [[0.5]]).numpy().round(3)  # log 2
        array([0.693], dtype=float32)
    """
    xp, n = array_module(output), output.shape[-1] or math.nan
    output, y = as_float(output), as_float(target)
    if from_logits:
        value = xp.maximum(output, 0) - output * y + xp.log1p(xp.exp(-xp.abs(output)))
        derivative, to_target = lambda: sigmoid_forward(output) - y, lambda: -output
    else:
        p = xp.clip(output, EPSILON, 1 - EPSILON)
        value = -(y * xp.log(p) + (1 - y) * xp.log(1 - p))
        derivative, to_target = (
            lambda: (p - y) / (p * (1 - p)) * (p == output),
            lambda: xp.log(1 - p) - xp.log(p),
        )
    return value.sum(-1) / n, (
        lambda g: g[..., None] * to_target() / n,
        lambda g: g[..., None] * derivative() / n,
    )


def binary_crossentropy_plain(
    target: TensorLike, output: TensorLike, from_logits: bool = False
) -> Any:
    p = sigmoid(output) if from_logits else output
    return mean(-(target * log(p) + (1 - target) * log(1 - p)), -1)


def log_probabilities(
    output: Array, from_logits: bool, axis: int
) -> tuple[Array, Callable[[Array], Array]]:
    """The log-probabilities of the classes, and their backward function to the output.

    They are the log-softmax of logits. Anything else is divided by its sum and kept within
    [1e-7, 1 - 1e-7] first.
    """
    if from_logits:
        log_p, (back,) = log_softmax.__wrapped__(output, axis=axis)
        return log_p, back
    xp, output = array_module(output), as_float(output)
    total = output.sum(axis, keepdims=True)
    total = xp.where(total == 0, 1, total)  # no class is predicted: each probability is 0
    q = output / total
    p = xp.clip(q, EPSILON, 1 - EPSILON)

    def back(g):
        g = g / p * (p == q)
        return (g - (g * q).sum(axis, keepdims=True)) / total

    return xp.log(p), back


def check_labels(labels: TensorLike, classes: int | None) -> None:
    """Raise ValueError unless all labels are integers from 0 to `classes` - 1."""
    if classes is None:
        return
    for found in host_copies(as_array(labels)):
        whole = found.dtype.kind != "f" or not (found % 1).any()
        if not found.size or (whole and 0 <= found.min() and found.max() < classes):
            return
    raise ValueError(
        f"labels must be integers from 0 to {classes - 1}, because the prediction "
        f"has {classes} classes; found labels from {found.min():g} to {found.max():g}"
    )


@op
def categorical_crossentropy(
    target: Array, output: Array, /, from_logits: bool = False, axis: int = -1
):
    """The cross-entropy -sum y log p over the classes, for targets that are probabilities.

    From logits it uses log-softmax; probabilities are first divided by their sum.

    Shapes: (..., C), (..., C) -> (...).
    Args:
        target: The targets y: for each class its probability.
        axis: Axis of the classes (default -1).
    """
    xp, (log_p, back) = array_module(output), log_probabilities(output, from_logits, axis)
    terms = xp.where(target == 0, 0, target * log_p)  # a logit may be -infinity: excluded
    return -terms.sum(axis), (
        lambda g: xp.expand_dims(-g, axis) * log_p,
        lambda g: back(xp.expand_dims(-g, axis) * target),
    )


def categorical_crossentropy_plain(
    target: TensorLike, output: TensorLike, from_logits: bool = False, axis: int = -1
) -> Any:
    p = softmax(output, axis) if from_logits else output / reduce_sum(output, axis, keepdims=True)
    return -reduce_sum(target * log(p), axis)


@op
def sparse_categorical_crossentropy(target: Array, output: Array, /, from_logits: bool = False):
    """The cross-entropy -log p[y] for integer labels y.

    Shapes: labels (...), predictions (..., C) -> (...).
    Args:
        target: The labels y: for each sample the index of its class.
    Raises ValueError for a label outside 0 .. C-1.
    Example:
        >>> keras.ops.sparse_categorical_crossentropy([1], [[0.25, 0.5, 0.25]]).numpy().round(3)
        array([0.693], dtype=float32)
    """
    xp, classes = array_module(output), output.shape[-1]
    check_labels(target, classes)
    if target.shape != output.shape[:-1]:
        raise ValueError(
            f"labels of shape {target.shape} do not fit predictions of {output.shape}: each sample "
            "needs one label"
        )
    log_p, back = log_probabilities(output, from_logits, -1)
    rows = log_p.reshape(-1, classes)  # (B, C)
    hits = xp.arange(len(rows)), target.astype("int64").reshape(-1)

    def to_output_from_hits(g):
        d = xp.zeros_like(rows)
        d[hits] = -g.reshape(-1)
        return back(d.reshape(output.shape))

    return -rows[hits].reshape(output.shape[:-1]), (None, to_output_from_hits)


def sparse_categorical_crossentropy_plain(
    target: TensorLike, output: TensorLike, from_logits: bool = False
) -> Any:
    classes = array_module(output.value).arange(output.shape[-1])
    one_hot = cast(equal(expand_dims(target, -1), classes), output.dtype)
    return categorical_crossentropy_plain(one_hot, output, from_logits)
