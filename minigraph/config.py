"""Settings that hold for the whole process."""

import ctypes
import sys

from .backend import clear_session, epsilon, floatx, set_floatx

__all__ = ["clear_session", "epsilon", "floatx", "keep_memory", "set_floatx"]

# What `mallopt` of the GNU C library knows these settings by.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3


def keep_memory():
    """Keep the memory of freed arrays for the next ones, and say whether that is possible here.

    The C library of most Linux systems gives large pieces back when they are freed, and the system
    fills each new one with zeros, page by page. A training step needs the same sizes again and
    again: convolutions and long sequences take 10 to 25 % less time when it keeps them. The price
    is that the process holds on to the most it ever needed, until it ends, and that this goes for
    everything that runs in it. Call it once, before the first step.

    Returns False, and changes nothing, where the C library has no such setting.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is None:
        return False
    return bool(set_option(MMAP_THRESHOLD, 2**30) and set_option(TRIM_THRESHOLD, 2**31 - 1))
