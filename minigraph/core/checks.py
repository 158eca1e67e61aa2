"""Checks of arguments: each raises a ValueError that names the argument and what was given."""

import math
import operator
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np


def is_number(value: Any, least: float = -math.inf) -> bool:
    """Return whether `value` is a finite number (not a bool) of at least `least`."""
    if isinstance(value, (bool, np.bool_, str)) or value is None:
        return False
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return False
    return math.isfinite(number) and number >= least


def check_numbers(
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    **arguments: Any,
) -> None:
    """Raise ValueError unless all of `arguments` are finite numbers within these limits."""
    for argument, value in arguments.items():
        if not (is_number(value, least) and value <= most and above < value < below):
            words = {"at least": least, "above": above, "at most": most, "below": below}
            limits = [f", {word} {limit}" for word, limit in words.items() if math.isfinite(limit)]
            raise ValueError(f"`{argument}` must be a number{''.join(limits)}; got {value!r}")


def check_choice(value: Any, choices: Collection[Any], argument: str) -> Any:
    """Return `value`, or raise ValueError if it is not one of `choices`."""
    if value not in choices:
        known = ", ".join(map(repr, choices))
        raise ValueError(f"`{argument}` must be one of {known}, got {value!r}")
    return value


def check_keys(
    given: Mapping[Any, Any], what: str, known: Iterable[str], needed: Iterable[str] | None = None
) -> None:
    """Raise ValueError if the dict `given` has a key that is not `known`, or lacks a needed one.

    Without `needed`, all known keys are needed.
    """
    unknown = [key for key in given if key not in known]
    missing = [key for key in (known if needed is None else needed) if key not in given]
    if unknown or missing:
        wrong = f"has unknown keys {unknown!r:.80}" if unknown else f"lacks {missing}"
        raise ValueError(f"{what} {wrong}; its keys must be {list(known)}")


def is_size(value: Any, least: int) -> bool:
    """Return whether `value` is an integer (not a bool) of at least `least`."""
    try:
        return not isinstance(value, bool) and operator.index(value) >= least
    except TypeError:  # also for an array of several integers, or of a float
        return False


def check_counts(least: int = 1, optional: bool = True, **arguments: Any) -> None:
    """Raise ValueError, naming the argument, unless each is an integer of at least `least`.

    None is accepted, too, where the arguments are `optional`.
    """
    for argument, value in arguments.items():
        absent = optional and value is None
        if not absent and not is_size(value, least):
            raise ValueError(f"{argument} must be an integer of at least {least}, got {value!r}")


def check_positive(value: Any, argument: str) -> int:
    """Return `value` as an int, or raise ValueError unless it is a positive integer."""
    if not is_size(value, 1):
        raise ValueError(f"`{argument}` must be a positive integer, got {value!r}")
    return int(value)


def check_sizes(value: Any, rank: int, argument: str, least: int = 1) -> tuple[int, ...]:
    """A tuple of sizes, one for each of `rank` axes; an int applies to all of them."""
    sizes = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    if len(sizes) != rank or not all(is_size(size, least) for size in sizes):
        kind = "a positive integer" if least else "an integer of at least 0"
        raise ValueError(f"`{argument}` must be {kind}, or {rank} of them, got {value!r}")
    return tuple(map(int, sizes))
