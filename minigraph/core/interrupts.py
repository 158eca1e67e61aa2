"""Ctrl-C waits for the end of a training step, so that a step is done completely or not at all."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class DeferredInterrupts(threading.local):
    """Within a `with` block Ctrl-C is deferred until the block ends. Blocks may be nested.

    It only works inside `listening`, which `fit` uses: installing a signal handler for each
    block would cost as much as a small update.
    """

    depth: int = 0
    arrived: Callable[[], Any] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle Ctrl-C within the block. Does nothing in other threads, which never receive it."""
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(handler):
            yield
            return

        def defer(*signal_and_frame):
            if self.depth:
                self.arrived = lambda: handler(*signal_and_frame)
            else:
                handler(*signal_and_frame)

        signal.signal(signal.SIGINT, defer)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, handler)

    def __enter__(self) -> None:
        if not self.depth:
            self.arrived = None
        self.depth += 1

    def __exit__(self, *error: object) -> None:
        self.depth -= 1
        if not self.depth and self.arrived is not None:
            self.arrived()


deferred_interrupts: DeferredInterrupts = DeferredInterrupts()
