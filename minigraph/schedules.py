"""Schedules: a learning rate that changes with the step."""

import math
from collections.abc import Sequence

from .core import registry
from .core.checks import check_numbers, is_number


class LearningRateSchedule(registry.Configurable):
    """The base of schedules: a subclass defines `__call__(step)`; the first step is 0."""

    def __call__(self, step: int) -> float:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, step)")


class Decay(LearningRateSchedule):
    """The base of schedules that go from an initial rate downwards, over `decay_steps`.

    Raises ValueError if `decay_steps` is not positive.
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, name: str | None = None):
        check_numbers(above=0, decay_steps=decay_steps)
        check_numbers(initial_learning_rate=initial_learning_rate)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.name = name


@registry.register
class ExponentialDecay(Decay):
    """A rate that falls by the same factor every `decay_steps`.

        lr = initial_learning_rate * decay_rate^(step / decay_steps)

    `staircase` rounds the exponent down.

    Raises ValueError if `decay_steps` is not positive.
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
        self.decay_rate, self.staircase = decay_rate, staircase

    def __call__(self, step: int) -> float:
        exponent = step / self.decay_steps
        exponent = math.floor(exponent) if self.staircase else exponent
        return self.initial_learning_rate * self.decay_rate**exponent


@registry.register
class PiecewiseConstantDecay(LearningRateSchedule):
    """A rate that changes at given steps and stays between them.

        lr = values[k], where k is the count of boundaries below the step

    Raises ValueError unless the boundaries ascend and there is one value more than boundaries.
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str | None = None
    ):
        if len(boundaries) + 1 != len(values):
            raise ValueError(
                f"values must hold one element more than boundaries, got {len(values)} and "
                f"{len(boundaries)}"
            )
        numbers = [*boundaries, *values]
        if not all(map(is_number, numbers)) or sorted(boundaries) != list(boundaries):
            raise ValueError(
                "boundaries must be numbers in ascending order, and values numbers, got "
                f"{boundaries!r:.80} and {values!r:.80}"
            )
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def __call__(self, step: int) -> float:
        return self.values[sum(step > boundary for boundary in self.boundaries)]


@registry.register
class PolynomialDecay(Decay):
    """A rate that falls with a power of the remaining time, down to `end_learning_rate`.

        lr = (initial - end) * (1 - step / decay_steps)^power + end

    After `decay_steps` it stays. With `cycle`, decay_steps grows to its next multiple instead, so
    the rate jumps up again.

    Raises ValueError if `decay_steps` is not positive.
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
        self.end_learning_rate, self.power, self.cycle = end_learning_rate, power, cycle

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

    With `warmup_target`, the rate first rises in a straight line to it, over `warmup_steps`, and
    falls from there.

    Raises ValueError if `decay_steps` is not positive.
    Source: Loshchilov and Hutter (2017).
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
        self.alpha, self.warmup_target, self.warmup_steps = alpha, warmup_target, warmup_steps

    def __call__(self, step: int) -> float:
        start, top = self.initial_learning_rate, self.initial_learning_rate
        if self.warmup_target is not None:
            top = self.warmup_target
            if step < self.warmup_steps:
                return start + (top - start) * step / self.warmup_steps
            step -= self.warmup_steps
        wave = 0.5 * (1 + math.cos(math.pi * min(step, self.decay_steps) / self.decay_steps))
        return top * ((1 - self.alpha) * wave + self.alpha)


serialize, deserialize = registry.serialize, registry.deserialize

# fmt: off
__all__ = [
    "CosineDecay", "Decay", "ExponentialDecay", "LearningRateSchedule", "PiecewiseConstantDecay",
    "PolynomialDecay", "deserialize", "serialize",
]
# fmt: on
