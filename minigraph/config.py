"""Settings that hold for the whole process."""

import numpy as np

from .core.dtypes import epsilon, floatx, set_floatx
from .core.names import clear_session

__all__ = ["clear_session", "epsilon", "floatx", "keep_memory", "set_floatx"]


def keep_memory() -> None:
    """Let the C library keep up to 64 MB of freed memory for the arrays that come next.

    A training step makes and drops arrays of the same sizes over and over. At first glibc, the C
    library of most Linux systems, gives large ones back, and the system clears every page anew for
    the next. From the largest block that came and went, up to 32 MB, it learns to keep blocks of
    that size, and twice as much in all. Convolutions and long sequences take 10 to 25 % less time
    then. That goes for everything that runs in the process, so it is for you to decide: call it
    once, before the first step. Other C libraries do as they did. The details stand in the manual
    page mallopt(3), under M_MMAP_THRESHOLD.
    """
    np.empty(2**25 - 2**16, "uint8")  # never written to, so it takes up no memory itself
