"""Schedules: learning rates that change with the step."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .core import module_names, registry
from .core.checks import check_numbers, is_number
from .core.registry import deserialize, serialize


class LearningRateSchedule(registry.Configurable):
    """The base of schedules: a subclass defines `__call__(step)`; the first step is 0.

    Example:
        >>> class Harmonic(keras.schedules.LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 1 / (step + 1)
        >>> optimizer = keras.optimizers.SGD(Harmonic())
        >>> optimizer.learning_rate
        1.0
        >>> optimizer.apply([np.array(1.0)], [keras.Variable(0.0)])
        >>> optimizer.learning_rate
        0.5
    """

    def __call__(self, step: int) -> float:
        """The learning rate of a step.

        Args:
            step: Number of steps taken so far.
        """
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step)")


class Decay(LearningRateSchedule):
    """The base of schedules that start at an initial rate and decay over `decay_steps`.

    Args:
        initial_learning_rate: Rate at step 0, a number.
        decay_steps: Length of the decay in steps, a number above 0.
        name: Kept in the config, without effect (default None).
    Raises ValueError if `decay_steps` is not positive.
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, name: str | None = None):
        check_numbers(above=0, decay_steps=decay_steps)
        check_numbers(initial_learning_rate=initial_learning_rate)
        self.initial_learning_rate: float = initial_learning_rate
        self.decay_steps: float = decay_steps
        self.name: str | None = name


@registry.register
class ExponentialDecay(Decay):
    """A rate that decays by the same factor every `decay_steps`.

        lr = initial_learning_rate * decay_rate^(step / decay_steps)

    Args:
        decay_steps: Number of steps after which the rate is multiplied by `decay_rate`, above 0.
        decay_rate: Factor by which the rate decays, a number.
        staircase: Whether the exponent is rounded down, so that the rate falls in jumps (default
            False).
    Raises ValueError if `decay_steps` is not positive.
    Example:
        >>> smooth = keras.schedules.ExponentialDecay(1.0, decay_steps=2, decay_rate=0.25)
        >>> stairs = keras.schedules.ExponentialDecay(1.0, 2, 0.25, staircase=True)
        >>> [smooth(step) for step in range(4)], [stairs(step) for step in range(4)]
        ([1.0, 0.5, 0.25, 0.125], [1.0, 1.0, 0.25, 0.25])
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ):
        super().__init__(initial_learning_rate, decay_steps, name)
        check_numbers(decay_rate=decay_rate)
        self.decay_rate: float = decay_rate
        self.staircase: bool = staircase

    def __call__(self, step: int) -> float:
        exponent = step / self.decay_steps
        exponent = math.floor(exponent) if self.staircase else exponent
        return self.initial_learning_rate * self.decay_rate**exponent


@registry.register
class PiecewiseConstantDecay(LearningRateSchedule):
    """A rate that changes at given steps and is constant in between.

        lr = values[k], where k is the count of boundaries below the step

    Args:
        boundaries: Last step of each piece but the last, numbers in ascending order.
        values: Rate of each piece, one more than there are boundaries.
        name: Kept in the config, without effect (default None).
    Raises ValueError unless boundaries ascend and there is one more value than boundaries.
    Example:
        >>> schedule = keras.schedules.PiecewiseConstantDecay([1, 3], [1.0, 0.5, 0.1])
        >>> [schedule(step) for step in range(5)]
        [1.0, 1.0, 0.5, 0.5, 0.1]
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str | None = None
    ):
        if len(boundaries) + 1 != len(values):
            raise ValueError(
                f"values must have one more element than boundaries, got {len(values)} and "
                f"{len(boundaries)}"
            )
        numbers = [*boundaries, *values]
        if not all(map(is_number, numbers)) or sorted(boundaries) != list(boundaries):
            raise ValueError(
                "boundaries must be numbers in ascending order, and values numbers, got "
                f"{boundaries!r:.80} and {values!r:.80}"
            )
        self.boundaries: list[float] = list(boundaries)
        self.values: list[float] = list(values)
        self.name: str | None = name

    def __call__(self, step: int) -> float:
        return self.values[sum(step > boundary for boundary in self.boundaries)]


@registry.register
class PolynomialDecay(Decay):
    """A rate that decays with a power of the remaining time, down to `end_learning_rate`.

        lr = (initial - end) * (1 - step / decay_steps)^power + end

    Args:
        end_learning_rate: Rate from step `decay_steps` on, a number (default 0.0001).
        power: Exponent; 1.0 (default) gives a straight line.
        cycle: Whether decay_steps grows to its next multiple whenever it is reached, so that the
            rate jumps up again, instead of staying at its end (default False).
    Raises ValueError if `decay_steps` is not positive.
    Example:
        >>> line = keras.schedules.PolynomialDecay(1.0, decay_steps=4, end_learning_rate=0.0)
        >>> [line(step) for step in range(6)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ):
        super().__init__(initial_learning_rate, decay_steps, name)
        check_numbers(end_learning_rate=end_learning_rate, power=power)
        self.end_learning_rate: float = end_learning_rate
        self.power: float = power
        self.cycle: bool = cycle

    def __call__(self, step: int) -> float:
        length = self.decay_steps
        if self.cycle:
            length *= max(math.ceil(step / length), 1)
        left = 1 - min(step, length) / length
        span = self.initial_learning_rate - self.end_learning_rate
        return span * left**self.power + self.end_learning_rate


@registry.register
class CosineDecay(Decay):
    """Half a cosine wave from the initial rate down to alpha times it, over `decay_steps`.

        lr = initial * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha)

    Args:
        alpha: Final rate as a fraction of the initial one, or of `warmup_target` (default 0.0).
        warmup_target: Rate to which the initial one first rises linearly, and from which it then
            decays; None (default) means no warmup.
        warmup_steps: Length of the warmup in steps, before `decay_steps` begin (default 0).
    Raises ValueError if `decay_steps` is not positive.
    Source: Loshchilov and Hutter (2017).
    Example:
        >>> schedule = keras.schedules.CosineDecay(1.0, decay_steps=4)
        >>> [round(schedule(step), 3) for step in range(5)]
        [1.0, 0.854, 0.5, 0.146, 0.0]
        >>> warm = keras.schedules.CosineDecay(0.0, 4, warmup_target=1.0, warmup_steps=2)
        >>> [round(warm(step), 3) for step in range(5)]
        [0.0, 0.5, 1.0, 0.854, 0.5]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str | None = None,
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ):
        super().__init__(initial_learning_rate, decay_steps, name)
        check_numbers(alpha=alpha, warmup_steps=warmup_steps)
        if warmup_target is not None:
            check_numbers(warmup_target=warmup_target)
        self.alpha: float = alpha
        self.warmup_target: float | None = warmup_target
        self.warmup_steps: int = warmup_steps

    def __call__(self, step: int) -> float:
        start, top = self.initial_learning_rate, self.initial_learning_rate
        if self.warmup_target is not None:
            top = self.warmup_target
            if step < self.warmup_steps:
                return start + (top - start) * step / self.warmup_steps
            step -= self.warmup_steps
        wave = 0.5 * (1 + math.cos(math.pi * min(step, self.decay_steps) / self.decay_steps))
        return top * ((1 - self.alpha) * wave + self.alpha)


# fmt: off
__all__ = [
    "CosineDecay", "Decay", "ExponentialDecay", "LearningRateSchedule", "PiecewiseConstantDecay",
    "PolynomialDecay", "deserialize", "serialize",
]
# fmt: on

if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
