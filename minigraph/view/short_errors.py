"""In notebooks, an error shows its sentence first, and of the trace only the reader's own lines."""

import builtins
import linecache
import sys
import traceback
from pathlib import Path

PACKAGE = str(Path(__file__).resolve().parent.parent)


def short_errors(on=True):
    """Show errors of minigraph in this notebook by their sentence, not by 40 lines of source.

    Below the sentence are the lines of your own code that led to it. `%tb` shows the whole
    traceback of the last error. `%load_ext minigraph` does the same as a call without arguments;
    `short_errors(False)` switches it off.

    Raises RuntimeError outside of IPython, Jupyter and their like.
    """
    shell = _ipython()
    if shell is None:
        raise RuntimeError("short_errors works in notebooks and in IPython, and this is neither")
    shell.set_custom_exc((Exception,) if on else (), _show if on else None)


def _ipython():
    """The running IPython shell, or None."""
    get_ipython = getattr(builtins, "get_ipython", None)  # while it runs a cell, it is there
    return None if get_ipython is None else get_ipython()


def _show(shell, kind, error, trace, tb_offset=None):
    """Show one error: in short if the library is in its trace, else as IPython does."""
    lines = short_text(error, trace)
    if lines is None:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace  # for %tb
    shell._showtraceback(kind, str(error), lines)


def short_text(error, trace):
    """The lines that tell of an error of the library; None for an error of anything else."""
    frames, cause = list(traceback.walk_tb(trace)), error.__cause__
    while cause is not None:  # an error within a custom layer, say
        frames += traceback.walk_tb(cause.__traceback__)
        cause = cause.__cause__
    frames = [(frame.f_code, line) for frame, line in frames]
    if not any(code.co_filename.startswith(PACKAGE) for code, _ in frames):
        return None
    lines = [f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]
    lines += [
        f"in line {number}: {source}"
        for code, number in frames
        if _is_users(code) and (source := linecache.getline(code.co_filename, number).strip())
    ]
    return [*lines, "(%tb shows the whole traceback)"]


def _is_users(code):
    """Whether code was written by whoever works in the notebook: neither a library nor IPython."""
    installed = "site-packages" in code.co_filename or code.co_filename.startswith(sys.prefix)
    return not installed and not code.co_filename.startswith(PACKAGE)
