"""Ctrl-C waits for the end of a training step, so that a step is made whole or not at all."""

import signal
import threading
from contextlib import contextmanager


class WholeStep(threading.local):
    """Lets Ctrl-C wait while a step is being made, so that a step is made whole or not at all.

    `fit` puts it on guard; then each step is a `with` block. To change what Ctrl-C does at every
    step would cost as much as a small update.
    """

    busy, arrived = False, None

    @contextmanager
    def on_guard(self):
        """Take over Ctrl-C for a while. Only the main thread hears of it, so only there."""
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(handler):
            yield
            return

        def wait(*signal_and_frame):
            if self.busy:
                self.arrived = lambda: handler(*signal_and_frame)
            else:
                handler(*signal_and_frame)

        signal.signal(signal.SIGINT, wait)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, handler)

    def __enter__(self):
        self.busy, self.arrived = True, None

    def __exit__(self, *error):
        self.busy = False
        if self.arrived is not None:
            self.arrived()


whole_step = WholeStep()
