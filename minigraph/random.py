"""Random tensors for models that sample, such as autoencoders and GANs.

    self.seed_generator = keras.random.SeedGenerator(1337)
    noise = keras.random.normal((32, 128), seed=self.seed_generator)

A `SeedGenerator` is a random stream. Kept as an attribute of a layer or a model, it is saved and
resumed with it. The numbers are those of NumPy's generators, drawn on the host, and so the same on
every device; another library draws others from the same seed.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from . import ops
from .core import registry
from .core.checks import check_numbers, is_size
from .core.context import context
from .core.docstrings import share_arguments
from .core.dtypes import standard_dtype
from .core.random import RandomStream, next_seed
from .core.tensor import Tensor
from .core.types import DType, TensorLike


@registry.register
class SeedGenerator(RandomStream, registry.Configurable):
    """A random stream that several calls share: each draws the numbers that follow.

    Args:
        seed: Integer of at least 0 for the same numbers each time; None (default) takes a new one,
            which `utils.set_random_seed` makes repeatable.
        name: Name that its config keeps; None (default) means "seed_generator".
    Raises ValueError for a seed that is not such an integer.
    Example:
        >>> seeds = keras.random.SeedGenerator(7)
        >>> first, second = (keras.random.uniform((3,), seed=seeds).numpy() for _ in range(2))
        >>> bool((first == second).any())
        False
        >>> again = keras.random.uniform((3,), seed=keras.random.SeedGenerator(7)).numpy()
        >>> bool((first == again).all())
        True
    """

    def __init__(self, seed: int | None = None, name: str | None = None):
        super().__init__(check_seed(seed))
        self.name: str = "seed_generator" if name is None else name


# The same numbers each time; a stream, for those that follow; None: `utils.set_random_seed`.
Seed: TypeAlias = int | RandomStream | None


def check_seed(seed: Any) -> Any:
    """The seed, if it is one."""
    if seed is not None and not isinstance(seed, RandomStream) and not is_size(seed, 0):
        raise ValueError(
            f"`seed` must be an integer of at least 0, a SeedGenerator or None, got {seed!r:.80}"
        )
    return seed


def generator(seed: Seed) -> np.random.Generator:
    """What draws the numbers: a stream goes on, an integer begins."""
    check_seed(seed)
    if isinstance(seed, RandomStream):
        return seed.generator
    if context.tracing is not None:  # a symbolic call has no side effects
        return np.random.default_rng(0)
    return np.random.default_rng(next_seed() if seed is None else int(seed))


def check_shape(shape: Any) -> tuple[int, ...]:
    """The shape as a tuple of known sizes."""
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if None in sizes:
        raise ValueError(
            f"random numbers need a shape without None, got {shape!r:.80}. In a model, draw them "
            "in the `call` of a layer, where the shape of the inputs is known."
        )
    if not all(is_size(size, 0) for size in sizes):
        raise ValueError(f"`shape` must hold sizes of at least 0, got {shape!r:.80}")
    return tuple(map(int, sizes))


def normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DType = None,
    seed: Seed = None,
) -> Tensor:
    """Normally distributed numbers.

    Args:
        mean: Mean of the distribution (default 0.0).
        stddev: Standard deviation, a number of at least 0 (default 1.0).
    Raises ValueError for a negative `stddev`, an integer `dtype`, or sizes that are not known.
    Example:
        >>> x = keras.random.normal((1000,), mean=5.0, seed=1).numpy()
        >>> round(float(x.mean()))
        5
    """
    check_numbers(mean=mean)
    check_numbers(least=0, stddev=stddev)
    numbers = generator(seed).normal(mean, stddev, check_shape(shape))
    return ops.convert_to_tensor(numbers.astype(check_float(dtype)))


def uniform(
    shape: int | Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: DType = None,
    seed: Seed = None,
) -> Tensor:
    """Numbers from `minval` on and below `maxval`, all equally likely.

    Args:
        minval: Lower end of the range (default 0.0).
        maxval: Upper end of the range, at least `minval` (default 1.0).
    Raises ValueError for an integer `dtype`, a range whose end comes first, or sizes that are not
    known.
    Example:
        >>> x = keras.random.uniform((1000,), 2.0, 3.0, seed=1).numpy()
        >>> bool((x >= 2).all() and (x < 3).all())
        True
    """
    check_numbers(minval=minval)
    check_numbers(least=minval, maxval=maxval)
    numbers = generator(seed).uniform(minval, maxval, check_shape(shape))
    array = numbers.astype(check_float(dtype))
    least, above = (array.dtype.type(number) for number in (minval, maxval))
    return ops.convert_to_tensor(array.clip(least, max(least, np.nextafter(above, least))))


def randint(
    shape: int | Sequence[int],
    minval: int,
    maxval: int,
    dtype: DType = "int32",
    seed: Seed = None,
) -> Tensor:
    """Whole numbers from `minval` to `maxval` - 1, all equally likely.

    Args:
        minval: Smallest number that can be drawn, an integer.
        maxval: Number above the largest that can be drawn, an integer.
        dtype: Integer type of the numbers (default "int32").
    Raises ValueError unless `minval` is below `maxval` and both fit `dtype`, and for sizes that are
    not known.
    Example:
        >>> x = keras.random.randint((1000,), 1, 7, seed=1).numpy()  # a die
        >>> sorted(set(x.tolist()))
        [1, 2, 3, 4, 5, 6]
    """
    dtype = np.dtype(standard_dtype(dtype))
    limits = np.iinfo(dtype) if dtype.kind in "iu" else None
    if limits is None:
        raise ValueError(f"randint draws integers, so `dtype` cannot be {dtype.name!r}")
    ordered = is_size(minval, limits.min) and is_size(maxval, minval + 1)
    if not ordered or maxval > limits.max + 1:
        raise ValueError(
            f"randint needs integers with `minval` < `maxval` that fit {dtype.name}, got "
            f"{minval!r} and {maxval!r}"
        )
    return ops.convert_to_tensor(
        generator(seed).integers(minval, maxval, check_shape(shape)).astype(dtype)
    )


def dropout(
    inputs: TensorLike,
    rate: float,
    noise_shape: Sequence[int | None] | None = None,
    seed: Seed = None,
) -> Any:
    """The inputs with each value dropped with probability `rate`, the others larger.

        y = x * kept / (1 - rate),  kept = 1 with probability 1 - rate, else 0

    Unlike the layer `Dropout` it always drops: call it in training only.

    Args:
        inputs: Tensor of any shape.
        rate: Probability with which a value is dropped, from 0 to 1.
        noise_shape: Shape of the dropout mask: 1 for an axis that shares one decision, None for the
            size that the inputs have; None (default) decides for each value.
    Raises ValueError if `rate` is outside [0, 1], or for inputs whose shape is not known.
    Source: Srivastava et al. (2014).
    Example:
        >>> y = keras.random.dropout(np.ones(1000, "float32"), 0.75, seed=1).numpy()
        >>> np.unique(y)
        array([0., 4.], dtype=float32)
    """
    check_numbers(least=0, most=1, rate=rate)
    inputs = inputs if hasattr(inputs, "shape") else ops.convert_to_tensor(inputs)
    shape = check_shape(inputs.shape)
    if noise_shape is not None:
        pairs = zip(shape, noise_shape, strict=True)
        shape = check_shape([have if want is None else want for have, want in pairs])
    kept = generator(seed).random(shape, np.float32) >= rate
    scale = 0.0 if rate == 1 else 1 / (1 - rate)
    return ops.multiply(inputs, (kept * scale).astype(check_float(inputs.dtype)))


def check_float(dtype: DType) -> Any:
    """The NumPy type, if it is one of floats."""
    found = np.dtype(standard_dtype(dtype))
    if found.kind != "f":
        raise ValueError(f"`dtype` must be a float type, got {found.name!r}; see `randint`")
    return found


# fmt: off
share_arguments(
    (normal, uniform, randint),
    """
    Args:
        shape: Size of each axis, a tuple or a single integer.
        dtype: Float type of the numbers; None (default) means `config.floatx()`.
    """,
)
share_arguments(
    (normal, uniform, randint, dropout),
    """
    Args:
        seed: Integer for the same numbers each time, a `SeedGenerator` for those that follow; None
            (default) takes fresh ones, which `utils.set_random_seed` makes repeatable.
    """,
)

__all__ = ["SeedGenerator", "dropout", "normal", "randint", "uniform"]
# fmt: on
