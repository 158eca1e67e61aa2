"""Settings that hold for the whole process."""

from typing import TYPE_CHECKING

import numpy as np

from .core import module_names
from .core.dtypes import epsilon, floatx, set_floatx
from .core.names import clear_session

__all__ = ["clear_session", "epsilon", "floatx", "keep_memory", "set_floatx"]


def keep_memory() -> None:
    """Let the C library keep up to 64 MB of freed memory for the arrays that come next.

    A training step allocates and frees arrays of the same sizes over and over. By default glibc,
    the C library of most Linux systems, returns large ones to the system, which clears every page
    again for the next. After it has freed a large block, of up to 32 MB, it keeps blocks of that
    size, and twice as much in all. Then convolutions and long sequences take 10 to 25 % less time.
    This affects the whole process, so it is for you to decide: call it once, before the first step.
    Other C libraries are not affected. For details see M_MMAP_THRESHOLD in the manual page
    mallopt(3).
    """
    np.empty(2**25 - 2**16, "uint8")  # never written to, so it takes up no memory itself


if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
