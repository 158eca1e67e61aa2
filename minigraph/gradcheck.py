"""Numeric gradients against the tape."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .core import tree
from .core.device import to_host
from .core.random import new_generator
from .core.tensor import Tape, Tensor, as_array
from .core.types import Structure, TensorLike
from .ops.arrays import convert_to_tensor
from .ops.math import reduce_sum

STEP = np.finfo(np.float64).eps ** (1 / 3)  # where truncation and rounding errors balance


def numeric_gradient(
    fn: Callable[..., Structure], arrays: list[np.ndarray], cotangents: list[np.ndarray], which: int
) -> np.ndarray:
    """d/dx of sum(cotangent * fn(...)) for every element x of `arrays[which]`.

    Central differences: (f(x + h) - f(x - h)) / 2h, with h = 6e-6 max(1, |x|).
    """

    def weighted(value: np.ndarray) -> float:
        outputs = tree.flatten(fn(*[*arrays[:which], value, *arrays[which + 1 :]]))
        return sum(
            float((convert_to_tensor(out).numpy() * c).sum())
            for out, c in zip(outputs, cotangents, strict=True)
        )

    x = arrays[which]
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        h = STEP * max(1.0, abs(x[index]))
        shifted = x.copy()
        shifted[index] = x[index] + h
        above = weighted(shifted)
        shifted[index] = x[index] - h
        gradient[index] = (above - weighted(shifted)) / (2 * h)
    return gradient


def check_gradient(
    fn: Callable[..., Structure],
    *arrays: TensorLike,
    seed: int = 0,
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> float:
    """Check the gradients that the tape gives for `fn` against numeric ones, element by element.

        (f(x + h) - f(x - h)) / 2h,  h = 6e-6 max(1, |x|)

    The outputs are weighted with random numbers first: with plain ones, a backward function that
    ignores the gradient that it is given would pass.

    Args:
        fn: A function of tensors that returns a tensor, or nested lists, tuples and dicts of them.
        *arrays: What `fn` is called on. Float arrays are checked, in float64, so layers need
            dtype="float64" too; others are passed on as they are.
        seed: Seed of the random numbers by which the outputs are weighted (default 0).
        rtol: Largest difference, relative to the largest gradient (default 1e-6).
        atol: Largest difference that is always allowed (default 1e-8).
    Raises ValueError that names the argument, the index and both values where they differ by more
    than atol + rtol * (largest gradient).
    Example:
        >>> keras.check_gradient(keras.ops.tanh, np.array([0.5, -1.0])) < 1e-8
        True
        >>> @keras.op
        ... def wrong_square(x, /):
        ...     return x**2, (lambda g: g * x,)  # the factor 2 is missing
        >>> try:
        ...     keras.check_gradient(wrong_square, np.array([3.0]))
        ... except ValueError as error:
        ...     print(str(error).partition(":")[0])
        argument 0, element (0,)
    """
    given = [np.array(to_host(as_array(a))) for a in arrays]
    values = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in given]
    floats = [i for i, a in enumerate(values) if a.dtype.kind == "f"]
    inputs = [Tensor(a, tracked=i in floats) for i, a in enumerate(values)]
    with Tape() as tape:
        outputs = [convert_to_tensor(out) for out in tree.flatten(fn(*inputs))]
        random = new_generator(seed)
        cotangents = [
            random.uniform(0.5, 1.5, out.shape) * random.choice([-1, 1], out.shape)
            for out in outputs
        ]
        terms = [reduce_sum(out * c) for out, c in zip(outputs, cotangents, strict=True)]
        total: Any = sum(terms)
    gradients = tape.gradient(total, [inputs[i] for i in floats])

    largest = 0.0
    for i, gradient in zip(floats, gradients, strict=True):
        numeric = numeric_gradient(fn, values, cotangents, i)
        analytic = np.zeros_like(numeric) if gradient is None else gradient.numpy()
        difference = np.abs(analytic - numeric)
        bound = atol + rtol * max(np.abs(numeric).max(initial=0), 1)
        if not (difference <= bound).all():
            index = np.unravel_index(
                np.nanargmax(np.where(np.isnan(difference), np.inf, difference)), difference.shape
            )
            raise ValueError(
                f"argument {i}, element {tuple(map(int, index))}: the tape says "
                f"{analytic[index]:.8g}, the numeric gradient is {numeric[index]:.8g}"
            )
        largest = max(largest, float(difference.max(initial=0)))
    return largest
