"""Ctrl-C waits for the end of a training step, so that a step is made whole or not at all."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class DeferredInterrupts(threading.local):
    """Lets Ctrl-C wait while a step is being made, so that a step is made whole or not at all.

    `fit` puts it on guard; then each step is a `with` block, and one may hold others. To change
    what Ctrl-C does at every step would cost as much as a small update.
    """

    depth, arrived = 0, None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take over Ctrl-C for a while. Only the main thread hears of it, so only there."""
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(handler):
            yield
            return

        def wait(*signal_and_frame):
            if self.depth:
                self.arrived = lambda: handler(*signal_and_frame)
            else:
                handler(*signal_and_frame)

        signal.signal(signal.SIGINT, wait)
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


deferred_interrupts = DeferredInterrupts()
