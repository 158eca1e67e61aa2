"""Tracing: calls made only to learn shapes, which must leave nothing behind if they fail.

While a call is traced nothing is recorded or assigned. What it builds is noted
in `context.tracing`, a list of (layer, its attributes before), and undone if the trace fails.
"""

import copy
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from ..core import tree
from ..core.context import context, setting
from ..core.interrupts import restores_context
from ..core.tensor import quietly
from ..core.types import Shape

Build = TypeVar("Build", bound=Callable[..., None])
Result = TypeVar("Result")


def builds_once(build: Build) -> Build:
    """Wrap a `build` method: it runs once, and if it fails the layer is as it was before."""

    def wrapper(self: Any, input_shape: Any) -> None:
        if self.built:
            return
        if not tree.is_branch(input_shape):
            raise ValueError(
                f"{self._title} is built for a shape with the batch axis, such as (None, 4), "
                f"got {input_shape!r:.80}"
            )
        before = {key: copy.copy(v) if tree.is_branch(v) else v for key, v in vars(self).items()}
        try:
            build(self, input_shape)
            self.built = True
            if context.tracing is not None:  # a symbolic call that fails later undoes this build
                context.tracing.append((self, before))
        except BaseException:
            restore(self, before)
            raise

    as_declared: Any = wraps(build)(wrapper)
    return as_declared


@restores_context
def traced(run: Callable[[], Result], keep: bool = True) -> Result:
    """Call `run`, without side effects, and return its result.

    What it builds is undone if it fails, and at the end unless `keep` is true.
    """
    undo, outer = [], context.tracing
    try:
        with setting(tape=None, training=False, tracing=undo), quietly():
            result = run()
        if not keep:
            restore_all(undo)
    except BaseException:
        restore_all(undo)
        raise
    if keep and outer is not None:
        outer += undo
    return result


def restore_all(undo: list[tuple[Any, dict[str, Any]]]) -> None:
    """Undo what calls have built, the latest first."""
    for layer, state in reversed(undo):
        restore(layer, state)


def restore(layer: Any, state: dict[str, Any]) -> None:
    """Give a layer the attributes that it had before."""
    vars(layer).clear()
    vars(layer).update(state)


def known_shape(tensor: Any) -> Shape:
    """The shape of a tensor or symbol; while tracing, an empty batch means one of unknown size."""
    shape = tuple(getattr(tensor, "shape", ()))
    unknown = context.tracing is not None and shape[:1] == (0,)
    return (None, *shape[1:]) if unknown else shape
