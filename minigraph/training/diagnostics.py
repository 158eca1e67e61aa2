"""Diagnostics: where a loss that is NaN or infinite comes from."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..core import tree
from ..core.context import setting
from ..core.device import to_host
from ..core.interrupts import deferred_interrupts
from ..core.random import RandomStream
from ..core.tensor import Tensor, Variable, as_array
from ..core.types import Array, Structure
from ..saving.model import random_streams


class restored_on_error:
    """Restore variables and random streams if the `with` block fails.

    If `unless` then returns True, they are left as they are. This is not a generator:
    if Ctrl-C arrives inside one, it cleans up only once its memory is freed.
    """

    def __init__(
        self,
        variables: Iterable[Variable],
        streams: Iterable[RandomStream] = (),
        unless: Callable[[], bool] | None = None,
    ) -> None:
        self.variables: Iterable[Variable] = variables
        self.streams: Iterable[RandomStream] = streams
        self.unless: Callable[[], bool] | None = unless

    def __enter__(self) -> None:
        self.values: list[Array] = [variable.value for variable in self.variables]
        self.states: list[Any] = [stream.state for stream in self.streams]

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if error is not None and not (self.unless and self.unless()):
            self.restore()

    def restore(self) -> None:
        with deferred_interrupts:
            for variable, value in zip(self.variables, self.values, strict=True):
                variable.value = value
            for stream, state in zip(self.streams, self.states, strict=True):
                stream.state = state


class restored(restored_on_error):
    """Restore variables and random streams at the end of the `with` block."""

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self.restore()


LARGE = 1e15  # the square of more is close to the largest float32


def first_strange_layer(model: Any, x: Any, limit: float) -> str | None:
    """The name of the first layer or op whose output has NaN or elements of `limit` and more.

    The batch `x` runs again, in training mode. Moving averages and random streams are as before
    afterwards.
    """
    found = []

    def look(source, outputs):
        if not found and not is_below(limit, outputs):
            found.append(source.name)

    streams = random_streams(model._walk())
    with restored(model._moving_averages(), streams), setting(on_output=look):
        if model.plan is None:
            model(x, training=True)
        else:
            model.run(x, training=True, observe=look)  # a plan also runs ops, not only layers
    return found[0] if found else None


def explain_nonfinite(model: Any, x: Any) -> str:
    """Say where NaN or infinity first occurs: in the inputs, in a layer, or after the outputs."""
    if not is_below(np.inf, x):
        return "the inputs x are not finite"
    name = first_strange_layer(model, x, np.inf)
    if name is None:
        large = first_strange_layer(model, x, LARGE)
        if large is not None:
            return f"the outputs are finite, but from {large!r} on larger than {LARGE:.0e}"
        return "the outputs are finite, so the cause is in the targets or the loss"
    return f"{name!r} is the first layer with an output that is not finite"


def is_below(limit: float, values: Structure) -> bool:
    """Return whether all elements of all arrays in a structure lie between -limit and limit."""
    arrays = [as_array(leaf) for leaf in tree.flatten(values) if is_value(leaf)]
    return all((np.abs(to_host(array)) < limit).all() for array in arrays)


def is_value(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) or hasattr(leaf, "dtype")
