"""Random streams: one process-wide source that only hands out seeds."""

import threading
from typing import Any

import numpy as np

from .context import context
from .interrupts import restores_context

_lock = threading.Lock()
_seeds: "np.random.Generator | None" = None  # made at first use: `numpy.random` loads slowly


@restores_context  # NumPy silences its warnings meanwhile, and Ctrl-C could leave them so
def new_generator(seed: int | None = None) -> "np.random.Generator":
    """A random number generator of NumPy.

    Args:
        seed: Its seed; None (default) takes one from the system.
    """
    return np.random.default_rng(seed)


def next_seed() -> int:
    """A fresh seed from the process-wide source, for a layer's or a model's own stream."""
    global _seeds
    with _lock:
        _seeds = _seeds or new_generator()
        return int(_seeds.integers(2**63))


def set_random_seed(seed: int) -> None:
    """Make everything that follows repeatable: initial weights, dropout, shuffling.

    Also seeds Python's `random` and NumPy's global generator.

    Args:
        seed: An integer from 0 to 2**32 - 1.
    Raises ValueError unless the seed is an integer from 0 to 2**32 - 1.
    Example:
        >>> keras.utils.set_random_seed(1)
        >>> first = keras.layers.Dense(2)(np.ones((1, 3))).numpy()
        >>> keras.utils.set_random_seed(1)
        >>> (keras.layers.Dense(2)(np.ones((1, 3))).numpy() == first).all()
        np.True_
    """
    global _seeds
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer from 0 to 2**32 - 1, got {seed!r}")
    with _lock:
        _seeds = new_generator(int(seed))
    import random

    random.seed(int(seed))
    np.random.seed(int(seed))


class RandomStream:
    """A random number generator; every random layer and every model keeps its own.

    All sampling happens on the host, so the same seed gives the same numbers on every device.
    """

    def __init__(self, seed: int | None = None):
        self.seed: int = next_seed() if seed is None else seed
        self._generator = new_generator(self.seed)

    @property
    def generator(self) -> "np.random.Generator":
        """NumPy's generator; while a call is traced, a temporary one."""
        return self._generator if context.tracing is None else new_generator(0)

    @property
    def state(self) -> dict[str, Any]:
        """The state of the generator as plain JSON; its long integers are hexadecimal strings.

        Raises ValueError if an invalid state is assigned.
        """
        state: Any = self._generator.bit_generator.state
        return state | {"state": {name: hex(number) for name, number in state["state"].items()}}

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        inner = {name: int(text, 16) for name, text in state["state"].items()}
        self._generator.bit_generator.state = state | {"state": inner}
        if self.state != state:
            raise ValueError("the state of a random stream is invalid")
