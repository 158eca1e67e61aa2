"""Ctrl-C leaves no state behind, and a training step is done completely or not at all.

Python runs the handler of a signal only at certain points: where a Python function begins, after a
call of a C function, and where a loop jumps back. The first point in `__exit__` comes before its
first line, so a `with` block may end without it. What must happen in any case stands directly after
`finally`, before the next such point: assignments to plain attributes, or one call of a C function.
"""

import signal
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from .context import Context, context

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULTS = {name: value for name, value in vars(Context).items() if not name.startswith("_")}


def restores_context(fn: Function) -> Function:
    """Make `fn` leave the context and NumPy's error state as they were, even if Ctrl-C ends it.

    The outermost calls do that for all `with` blocks inside. NumPy keeps its error state in a
    context variable, as `contextvars` calls them: what `fn` assigns to any of these ends with it.

    Args:
        fn: The function or method to wrap.
    """

    def call(*args, **kwargs):
        restore, before = vars(context).update, DEFAULTS | vars(context)
        try:
            return copy_context().run(fn, *args, **kwargs)
        finally:
            restore(before)

    as_declared: Any = wraps(fn)(call)
    return as_declared


def silent_state() -> tuple[Any, Any]:
    """The context variable in which NumPy keeps its error state, and the value for silence."""
    before, silent = copy_context(), copy_context()
    silent.run(np.seterr, all="ignore")
    return next(item for item in silent.items() if before.get(item[0]) is not item[1])


ERROR_STATE, SILENT = silent_state()


def silently(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call `fn` without NumPy's warnings; unlike `np.errstate` it is safe from Ctrl-C.

    Args:
        fn: The function to call with the other arguments.
    """
    quiet = copy_context()
    quiet.run(ERROR_STATE.set, SILENT)
    return quiet.run(fn, *args, **kwargs)


class DeferredInterrupts(threading.local):
    """Within a `with` block Ctrl-C is deferred until the block ends. Blocks may be nested.

    It only works inside a function that is `listening`, as `fit` is: installing a signal handler
    for each block would cost as much as a small update. Elsewhere the blocks do nothing.
    """

    is_listening: bool = False
    depth: int = 0
    arrived: Callable[[], Any] | None = None

    def listening(self, fn: Function) -> Function:
        """Make `fn` handle Ctrl-C while it runs. In other threads, which never get it, only call.

        Args:
            fn: The function or method to wrap.
        """

        def call(*args, **kwargs):
            handler = signal.getsignal(signal.SIGINT)
            if threading.current_thread() is not threading.main_thread() or not callable(handler):
                return fn(*args, **kwargs)

            def defer(*signal_and_frame):
                if self.depth:
                    self.arrived = lambda: handler(*signal_and_frame)
                else:
                    handler(*signal_and_frame)

            outer = self.is_listening, self.depth
            self.is_listening = True
            try:
                with self:  # until the handler is in its place
                    signal.signal(signal.SIGINT, defer)
                return fn(*args, **kwargs)
            finally:
                self.depth += 1  # until the old one is back
                try:
                    signal.signal(signal.SIGINT, handler)
                finally:
                    self.is_listening, self.depth = outer
                    self._notify()

        as_declared: Any = wraps(fn)(call)
        return as_declared

    def __enter__(self) -> None:
        if self.is_listening:
            if not self.depth:
                self.arrived = None
            self.depth += 1

    def __exit__(self, *error: object) -> None:
        if self.is_listening:
            self.depth -= 1
            self._notify()

    def _notify(self) -> None:
        """Handle the Ctrl-C that has arrived, unless a block around this one is still open."""
        if not self.depth and self.arrived is not None:
            arrived, self.arrived = self.arrived, None
            arrived()


deferred_interrupts: DeferredInterrupts = DeferredInterrupts()
