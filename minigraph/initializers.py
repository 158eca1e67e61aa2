"""How weights start: each initializer is a function of shape, dtype and seed."""

import math

import numpy as np

from . import registry
from .backend import is_number


class Initializer(registry.Configurable):
    """The base of initializers: a subclass defines `draw(random, shape)`.

    With a `seed` it gives the same array each time. Without one it follows
    `utils.set_random_seed`.
    """

    def __init__(self, seed=None):
        if seed is not None and not (is_number(seed, least=0) and seed == int(seed)):
            raise ValueError(f"seed must be a whole number of at least 0, or None; got {seed!r}")
        self.seed = None if seed is None else int(seed)

    def __call__(self, shape, dtype="float32", seed=None):
        random = np.random.default_rng(seed if self.seed is None else self.seed)
        return check_drawn(self.draw(random, tuple(shape)), tuple(shape), dtype, self)

    def draw(self, random, shape):
        """An array of `shape`; `random` is a NumPy generator."""
        raise NotImplementedError(f"{type(self).__name__} must define draw(self, random, shape)")


def check_numbers(least=-math.inf, **settings):
    """Raise ValueError, naming the argument, unless all are numbers of at least `least`."""
    for argument, value in settings.items():
        if not is_number(value, least):
            limit = "" if least == -math.inf else f" of at least {least}"
            raise ValueError(f"{argument} must be a number{limit}, got {value!r}")


def check_drawn(values, shape, dtype, source):
    """The values as an array; ValueError, with both shapes, if they have another shape."""
    array = np.asarray(values, dtype)
    if array.shape != shape:
        raise ValueError(
            f"initializer {source!r} gave an array of shape {array.shape} for a weight of shape "
            f"{shape}: return an array of the `shape` that it is called with"
        )
    return array


def fans(shape):
    """How many inputs feed one output, and how many outputs one input feeds: (fan_in, fan_out).

    The last two axes are inputs and outputs; the axes before them multiply both.
    """
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


@registry.register(group="initializer")
class Zeros(Initializer):
    """All zeros."""

    def __init__(self):
        super().__init__()

    def draw(self, random, shape):
        return np.zeros(shape)


@registry.register(group="initializer")
class Ones(Initializer):
    """All ones."""

    def __init__(self):
        super().__init__()

    def draw(self, random, shape):
        return np.ones(shape)


@registry.register(group="initializer")
class RandomNormal(Initializer):
    """Normal numbers with the given mean and standard deviation."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        super().__init__(seed)
        check_numbers(mean=mean)
        check_numbers(least=0, stddev=stddev)
        self.mean, self.stddev = mean, stddev

    def draw(self, random, shape):
        return random.normal(self.mean, self.stddev, shape)


@registry.register(group="initializer", aliases=("uniform",))
class RandomUniform(Initializer):
    """Uniform numbers between `minval` and `maxval`."""

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        super().__init__(seed)
        check_numbers(minval=minval, maxval=maxval)
        check_numbers(least=minval, maxval=maxval)
        self.minval, self.maxval = minval, maxval

    def draw(self, random, shape):
        return random.uniform(self.minval, self.maxval, shape)


@registry.register(group="initializer")
class GlorotUniform(Initializer):
    """Uniform in +-sqrt(6 / (fan_in + fan_out)), so that signals keep their size (Glorot and
    Bengio, 2010).
    """

    def draw(self, random, shape):
        bound = math.sqrt(6 / max(sum(fans(shape)), 1))
        return random.uniform(-bound, bound, shape)


@registry.register
class FunctionInitializer(Initializer):
    """A function (shape, dtype) -> array. A config holds its name, so it must be registered."""

    def __init__(self, function):
        super().__init__()
        self.function = registry.as_function(function)

    def __call__(self, shape, dtype="float32", seed=None):
        values = self.function(tuple(shape), dtype=dtype)
        return check_drawn(values, tuple(shape), dtype, self.function)


def get(identifier):
    """An initializer from a name, a class, a config, an instance or a function; None gives None."""
    found = registry.get("initializer", identifier, Initializer)
    if found is None or isinstance(found, Initializer):
        return found
    if hasattr(found, "get_config"):
        raise ValueError(f"an initializer is a name, an Initializer or a function, got {found!r}")
    return FunctionInitializer(found)


def serialize(initializer):
    """The config of an initializer."""
    return registry.serialize(initializer)


def deserialize(config, custom_objects=None):
    """An initializer from its config."""
    return registry.deserialize(config, custom_objects)
