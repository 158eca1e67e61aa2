"""Initializers: the initial values of weights, as functions of shape, dtype and seed."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, overload

import numpy as np

from .core import module_names, registry
from .core.checks import check_choice, check_numbers, is_number
from .core.device import to_host
from .core.names import snake_case
from .core.random import new_generator
from .core.registry import deserialize, serialize
from .core.tensor import as_array
from .core.types import Config, DType, TensorLike

Mode: TypeAlias = Literal["fan_in", "fan_out", "fan_avg"]
Distribution: TypeAlias = Literal["truncated_normal", "untruncated_normal", "uniform"]
Fixed: TypeAlias = tuple[float, Mode, Distribution]  # the scale, the mode, the distribution


class Initializer(registry.Configurable):
    """The base of initializers: a subclass defines `draw(random, shape)`.

    It is called with a shape, a dtype (default "float32") and perhaps a seed.

    Args:
        seed: Integer of at least 0, for the same array each time; None (default) for another array
            each time, which for weights `utils.set_random_seed` makes repeatable.
    Raises ValueError unless the seed is an integer of at least 0.
    Example:
        >>> class Powers(keras.initializers.Initializer):
        ...     def draw(self, random, shape):
        ...         return 2.0 ** np.arange(shape[0])
        >>> Powers()((4,))
        array([1., 2., 4., 8.], dtype=float32)
    """

    def __init__(self, seed: int | None = None):
        if seed is not None and not (is_number(seed, least=0) and seed == int(seed)):
            raise ValueError(f"`seed` must be an integer of at least 0, or None; got {seed!r}")
        self.seed: int | None = None if seed is None else int(seed)

    def __call__(
        self, shape: Sequence[int], dtype: DType = "float32", seed: int | None = None
    ) -> np.ndarray:
        random = new_generator(seed if self.seed is None else self.seed)
        return check_initial(self.draw(random, tuple(shape)), tuple(shape), dtype, self)

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """Return an array of initial values.

        Args:
            random: NumPy generator that the numbers come from.
            shape: Shape of the array, a tuple.
        """
        raise NotImplementedError(f"{type(self).__name__} must define draw(self, random, shape)")


# A name, a config, a class, an initializer, or a function (shape, dtype) -> array.
InitializerLike: TypeAlias = (
    str | Config | type[Initializer] | Initializer | Callable[..., Any] | None
)


def check_initial(
    values: TensorLike, shape: tuple[int, ...], dtype: DType, source: Any
) -> np.ndarray:
    """Return the values as an array; raise ValueError, with both shapes, if the shape is wrong."""
    array = np.asarray(to_host(as_array(values)), dtype)
    if array.shape != shape:
        raise ValueError(
            f"initializer {source!r} made an array of shape {array.shape} for a weight of shape "
            f"{shape}: return an array of the `shape` that it is called with"
        )
    return array


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (fan_in, fan_out): the inputs that feed one output, and the outputs one input feeds.

    The last two axes are inputs and outputs; the axes before them multiply both.
    """
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


@registry.register(group="initializer")
class Constant(Initializer):
    """Constant values, all equal to one number.

    Args:
        value: The number (default 0.0).
    Example:
        >>> keras.initializers.Constant(3.0)((2,))
        array([3., 3.], dtype=float32)
    """

    def __init__(self, value: float = 0.0):
        super().__init__()
        check_numbers(value=value)
        self.value: float = value

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.full(shape, self.value)


@registry.register(group="initializer")
class Zeros(Constant):
    """All zeros.

    Example:
        >>> keras.initializers.Zeros()((2,))
        array([0., 0.], dtype=float32)
    """

    def __init__(self):
        super().__init__(0.0)


@registry.register(group="initializer")
class Ones(Constant):
    """All ones.

    Example:
        >>> keras.initializers.Ones()((2,))
        array([1., 1.], dtype=float32)
    """

    def __init__(self):
        super().__init__(1.0)


@registry.register(group="initializer", aliases=("normal",))
class RandomNormal(Initializer):
    """Samples of a normal distribution with the given mean and standard deviation.

    Args:
        mean: Mean of the distribution (default 0.0).
        stddev: Standard deviation, a number of at least 0 (default 0.05).
    Raises ValueError for a negative `stddev`.
    Example:
        >>> samples = keras.initializers.RandomNormal(mean=5, stddev=0.5, seed=0)((100, 1000))
        >>> round(float(samples.mean()), 1), round(float(samples.std()), 1)
        (5.0, 0.5)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        check_numbers(mean=mean)
        check_numbers(least=0, stddev=stddev)
        self.mean: float = mean
        self.stddev: float = stddev

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return random.normal(self.mean, self.stddev, shape)


@registry.register(group="initializer", aliases=("uniform",))
class RandomUniform(Initializer):
    """Samples of a uniform distribution between two bounds.

    Args:
        minval: Lower bound (default -0.05).
        maxval: Upper bound, at least `minval` (default 0.05).
    Raises ValueError if `maxval` is below `minval`.
    Example:
        >>> samples = keras.initializers.RandomUniform(0, 2, seed=0)((100, 1000))
        >>> bool((samples >= 0).all() and (samples <= 2).all()), round(float(samples.mean()), 1)
        (True, 1.0)
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        check_numbers(minval=minval, maxval=maxval)
        check_numbers(least=minval, maxval=maxval)
        self.minval: float = minval
        self.maxval: float = maxval

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return random.uniform(self.minval, self.maxval, shape)


@registry.register(name="initializers>Identity", group="initializer")
class Identity(Initializer):
    """A matrix with `gain` on its diagonal and zeros elsewhere.

    Args:
        gain: Number on the diagonal (default 1.0).
    Raises ValueError unless the shape has two axes.
    Source: Le et al. (2015), for recurrent kernels.
    Example:
        >>> print(keras.initializers.Identity(gain=2)((2, 3)))
        [[2. 0. 0.]
         [0. 2. 0.]]
    """

    def __init__(self, gain: float = 1.0):
        super().__init__()
        check_numbers(gain=gain)
        self.gain: float = gain

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) != 2:
            raise ValueError(f"Identity makes a matrix, but the requested shape is {shape}")
        return self.gain * np.eye(*shape)


@registry.register(group="initializer")
class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns (whichever are fewer), times `gain`.

    All axes but the last are the rows.

    Args:
        gain: Factor of the matrix (default 1.0).
    Raises ValueError for a vector.
    Source: Saxe et al. (2014).
    Example:
        >>> q = keras.initializers.Orthogonal(seed=0)((3, 2))
        >>> print(abs(q.T @ q).round(3))  # columns of length 1, at right angles
        [[1. 0.]
         [0. 1.]]
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        super().__init__(seed)
        check_numbers(gain=gain)
        self.gain: float = gain

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs at least 2 axes, but the shape is {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(random.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))  # so that all such matrices are equally likely
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


def draw_truncated(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal samples, redrawn where they lie outside [-2, 2]."""
    x = np.asarray(random.standard_normal(shape))
    while (far := np.abs(x) > 2).any():
        x[far] = random.standard_normal(far.sum())
    return x


@registry.register(group="initializer")
class TruncatedNormal(RandomNormal):
    """Normal samples within two standard deviations of the mean; others are redrawn.

    Raises ValueError for a negative `stddev`.
    Example:
        >>> samples = keras.initializers.TruncatedNormal(stddev=1.0, seed=0)((100, 1000))
        >>> bool(abs(samples).max() <= 2)
        True
    """

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return self.mean + self.stddev * draw_truncated(random, shape)


@registry.register(group="initializer")
class VarianceScaling(Initializer):
    """Samples of mean 0 and variance scale / n, so that signals keep their size.

    Args:
        scale: Factor of the variance, above 0 (default 1.0).
        mode: What n is: "fan_in" (default), the number of inputs of an output; "fan_out", the
            number of outputs of an input; or "fan_avg", the mean of both.
        distribution: "truncated_normal" (default), "untruncated_normal" or "uniform".
    Raises ValueError for another mode or distribution, or a scale that is not positive.
    Source: Glorot and Bengio (2010), He et al. (2015).
    Example:
        >>> start = keras.initializers.VarianceScaling(scale=2.0, mode="fan_in", seed=0)
        >>> round(float(start((200, 500)).var()), 3)  # 2 / 200
        0.01
    """

    MODES = ("fan_in", "fan_out", "fan_avg")
    DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

    def __init__(
        self,
        scale: float = 1.0,
        mode: Mode = "fan_in",
        distribution: Distribution = "truncated_normal",
        seed: int | None = None,
    ):
        super().__init__(seed)
        check_numbers(above=0, scale=scale)
        check_choice(mode, self.MODES, "mode")
        check_choice(distribution, self.DISTRIBUTIONS, "distribution")
        self.scale: float = scale
        self.mode: Mode = mode
        self.distribution: Distribution = distribution

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(n, 1)
        if self.distribution == "uniform":
            bound = math.sqrt(3 * variance)
            return random.uniform(-bound, bound, shape)
        if self.distribution == "untruncated_normal":
            return random.normal(0, math.sqrt(variance), shape)
        # Truncation reduces the standard deviation by a factor of 0.8796.
        return math.sqrt(variance) / 0.87962566103423978 * draw_truncated(random, shape)


class Scaling(VarianceScaling):
    """The base of initializers whose class fixes scale, mode and distribution."""

    fixed: ClassVar[Fixed]

    def __init__(self, seed: int | None = None):
        super().__init__(*self.fixed, seed=seed)


@registry.register(group="initializer")
class GlorotUniform(Scaling):
    """Uniform samples between +-sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio (2010).
    Example:
        >>> samples = keras.initializers.GlorotUniform(seed=0)((200, 400))
        >>> round(float(abs(samples).max()), 1)  # sqrt(6 / 600)
        0.1
    """

    fixed: ClassVar[Fixed] = (1.0, "fan_avg", "uniform")


@registry.register(group="initializer")
class GlorotNormal(Scaling):
    """Truncated normal samples of variance 2 / (fan_in + fan_out).

    Source: Glorot and Bengio (2010).
    Example:
        >>> samples = keras.initializers.GlorotNormal(seed=0)((100, 300))
        >>> round(float(samples.var()), 3)  # 2 / 400
        0.005
    """

    fixed: ClassVar[Fixed] = (1.0, "fan_avg", "truncated_normal")


@registry.register(group="initializer")
class HeUniform(Scaling):
    """Uniform samples between +-sqrt(6 / fan_in).

    Source: He et al. (2015).
    Example:
        >>> samples = keras.initializers.HeUniform(seed=0)((600, 100))
        >>> round(float(abs(samples).max()), 1)  # sqrt(6 / 600)
        0.1
    """

    fixed: ClassVar[Fixed] = (2.0, "fan_in", "uniform")


@registry.register(group="initializer")
class HeNormal(Scaling):
    """Truncated normal samples of variance 2 / fan_in.

    Source: He et al. (2015).
    Example:
        >>> samples = keras.initializers.HeNormal(seed=0)((200, 300))
        >>> round(float(samples.var()), 3)  # 2 / 200
        0.01
    """

    fixed: ClassVar[Fixed] = (2.0, "fan_in", "truncated_normal")


@registry.register(group="initializer")
class LecunUniform(Scaling):
    """Uniform samples between +-sqrt(3 / fan_in).

    Source: LeCun et al. (1998).
    Example:
        >>> samples = keras.initializers.LecunUniform(seed=0)((300, 100))
        >>> round(float(abs(samples).max()), 1)  # sqrt(3 / 300)
        0.1
    """

    fixed: ClassVar[Fixed] = (1.0, "fan_in", "uniform")


@registry.register(group="initializer")
class LecunNormal(Scaling):
    """Truncated normal samples of variance 1 / fan_in.

    Source: LeCun et al. (1998).
    Example:
        >>> samples = keras.initializers.LecunNormal(seed=0)((100, 300))
        >>> round(float(samples.var()), 3)  # 1 / 100
        0.01
    """

    fixed: ClassVar[Fixed] = (1.0, "fan_in", "truncated_normal")


@registry.register
class FunctionInitializer(Initializer):
    """A function (shape, dtype) -> array as an initializer.

    A config holds its name, so it must be registered before a model is saved.

    Args:
        function: The function, or its registered name.
    Example:
        >>> start = keras.initializers.get(lambda shape, dtype: np.arange(shape[0]))
        >>> type(start).__name__, start((3,)).tolist()
        ('FunctionInitializer', [0.0, 1.0, 2.0])
    """

    def __init__(self, function: str | Callable[..., Any]):
        super().__init__()
        self.function: Callable[..., Any] = registry.as_function(function)

    def __call__(
        self, shape: Sequence[int], dtype: DType = "float32", seed: int | None = None
    ) -> np.ndarray:
        values = self.function(tuple(shape), dtype=dtype)
        return check_initial(values, tuple(shape), dtype, self.function)


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: InitializerLike) -> Initializer: ...
def get(identifier: InitializerLike) -> Initializer | None:
    """An initializer from a name, a class, a config, an instance or a function; None gives None.

    Args:
        identifier: A name such as "he_normal", a class, a config, an initializer, a function or
            None.
    Raises ValueError for an unknown name, or anything else.
    Example:
        >>> keras.initializers.get("ones")((2,))
        array([1., 1.], dtype=float32)
    """
    return registry.get("initializer", identifier, Initializer, FunctionInitializer)


# fmt: off
__all__ = [
    "Constant", "FunctionInitializer", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform",
    "Identity", "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal",
    "RandomUniform", "Scaling", "TruncatedNormal", "VarianceScaling", "Zeros", "deserialize", "get",
    "serialize",
]
# fmt: on

# Each class by the name that `get` takes, as in `initializers.glorot_uniform()`
ALIASES: dict[str, type[Initializer]] = {
    snake_case(name): thing
    for name, thing in list(globals().items())
    if name in __all__ and thing not in (Initializer, FunctionInitializer, Scaling)
    if isinstance(thing, type)
}
if TYPE_CHECKING:  # an editor does not read the dict
    constant = Constant
    identity = Identity
    orthogonal = Orthogonal
    zeros = Zeros
    ones = Ones
    random_normal = RandomNormal
    random_uniform = RandomUniform
    truncated_normal = TruncatedNormal
    glorot_normal = GlorotNormal
    glorot_uniform = GlorotUniform
    variance_scaling = VarianceScaling
    he_normal = HeNormal
    he_uniform = HeUniform
    lecun_normal = LecunNormal
    lecun_uniform = LecunUniform
else:
    __getattr__ = module_names.answers(__name__, __all__, ALIASES)
