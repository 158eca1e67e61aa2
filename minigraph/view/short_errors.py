"""In notebooks, show an error's message first, and of the traceback only the reader's lines."""

import builtins
import linecache
import sys
import traceback
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

PACKAGE = str(Path(__file__).resolve().parent.parent)


def short_errors(on: bool = True) -> None:
    """Show minigraph's errors in this notebook by their message, not by 40 lines of source.

    Below the message are the lines of your own code that led to it. `%tb` shows the whole
    traceback of the last error. `%load_ext minigraph` does the same as a call without arguments.

    Args:
        on: Whether errors are shown that way from now on (default True).
    Raises RuntimeError outside IPython and Jupyter.
    Example:
        >>> from minigraph.view.short_errors import short_text  # what the notebook shows
        >>> try:
        ...     layer = keras.layers.Dense(0)
        ... except ValueError as error:
        ...     for line in short_text(error, error.__traceback__):
        ...         print(line)
        ValueError: `units` must be a positive integer, got 0
        in line 2: layer = keras.layers.Dense(0)
        (%tb shows the whole traceback)
    """
    shell = _ipython()
    if shell is None:
        raise RuntimeError("short_errors works in notebooks and in IPython, and this is neither")
    shell.set_custom_exc((Exception,) if on else (), _show if on else None)


def _ipython() -> Any:
    """Return the running IPython shell, or None."""
    get_ipython = getattr(builtins, "get_ipython", None)  # present while a cell runs
    return None if get_ipython is None else get_ipython()


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    """Show one error: briefly if the library is in its traceback, otherwise as IPython does."""
    lines = short_text(error, trace)
    if lines is None:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace  # for %tb
    shell._showtraceback(kind, str(error), lines)


def short_text(error: BaseException, trace: TracebackType | None) -> list[str] | None:
    """Return the lines that describe an error of the library; None for any other error."""
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


def _is_users(code: CodeType) -> bool:
    """Return whether code was written by the user, not by a library or IPython."""
    installed = "site-packages" in code.co_filename or code.co_filename.startswith(sys.prefix)
    return not installed and not code.co_filename.startswith(PACKAGE)
