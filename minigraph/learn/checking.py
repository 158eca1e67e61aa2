"""The parts of a check: a verdict to show, and a kind way to run code that may be wrong.

A check is a function of the reader's answers. It either raises `NotYet` with what it found, or
returns one sentence on what the right answer shows; `@check` makes a `Verdict` of both.
"""

import html
import inspect
import re
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any

RIGHT = "✓ Right."
NOT_YET = "Not yet."
NOTHING_HERE = "Nothing here yet:"
COLOURS = {RIGHT: "#2e8b57", NOT_YET: "#d2691e", NOTHING_HERE: "#708090"}
LONGEST = 200  # characters of the reader's own objects and error texts that a message repeats


class NotYet(Exception):
    """Ends a check with what was found in the reader's answer, and what to look at next."""


class NothingHere(NotYet):
    """Ends a check because there is no answer to look at, with the first step to take."""


@dataclass(frozen=True)
class Verdict:
    """The result of a check, true if the answer passed; a notebook shows it as text or as HTML."""

    heading: str
    message: str

    @property
    def passed(self) -> bool:
        return self.heading == RIGHT

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return f"{self.heading} {self.message}"

    def _repr_html_(self) -> str:
        message = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.message))
        style = f"border-left: 4px solid {COLOURS[self.heading]}; padding: 0.2em 0.8em"
        return f'<div style="{style}"><strong>{self.heading}</strong> {message}</div>'


def check(first_step: str) -> Callable[[Callable[..., str]], Callable[..., Verdict]]:
    """Turn `examine(*answers)`, which raises NotYet or returns a sentence, into a check.

    `first_step` is shown to a reader who has not begun: the first answer is None, or a function
    whose body is still to be written.
    """

    def decorate(examine: Callable[..., str]) -> Callable[..., Verdict]:
        wanted = list(inspect.signature(examine).parameters)

        @wraps(examine)
        def run(*answers: Any) -> Verdict:
            if len(answers) != len(wanted):
                raise TypeError(
                    f"got {len(answers)} answers; write check.{examine.__name__}"
                    f"({', '.join(wanted)})"
                )
            try:
                if answers[0] is None:
                    raise NothingHere(first_step)
                return Verdict(RIGHT, examine(*answers))
            except NothingHere as found:
                return Verdict(NOTHING_HERE, str(found) or first_step)
            except NotYet as found:
                return Verdict(NOT_YET, str(found))

        return run

    return decorate


def require_function(answer: Any, name: str) -> None:
    """Raise NotYet unless the answer can be called."""
    if not callable(answer):
        raise NotYet(
            f"`{name}` must be a function, but it is {describe(answer)}. Pass the function "
            "itself, without calling it."
        )


def attempt(
    function: Callable[..., Any],
    *arguments: Any,
    shown: str,
    look: str | None = None,
    explain: Callable[[Any], str | None] | None = None,
) -> Any:
    """Return the result of the reader's function. `shown` is how a message names the call.

    An error of the function becomes a NotYet with the call, the error and the line, and with
    `look`, what to look at next, unless `explain(error)` knows the mistake and returns a text about
    it. A body that is still to be written becomes a NothingHere. None, which is what Python returns
    where a `return` was forgotten, becomes a NotYet.
    """
    try:
        result = function(*arguments)
    except Exception as error:
        frame, is_end = own_frame(function, error)
        if isinstance(error, NotImplementedError) and is_end:
            raise unwritten(function, frame.name) from error
        if explain is not None and (known := explain(error)):
            raise NotYet(known) from error
        text = " ".join(str(error).split())[:LONGEST]
        line = frame.line if frame else ""
        if look is None:
            look = "Look at that line first." if line else "Call it yourself and see where."
        raise NotYet(
            f"{shown} stopped with {type(error).__name__}{f': {text}' if text else ''}"
            f"{f', at the line `{line}`' if line else ''}. {look}"
        ) from error
    if result is None:
        raise NotYet(f"{shown} returns None. Is a `return` missing at the end of your function?")
    return result


def own_frame(function: Callable[..., Any], error: Exception) -> tuple[Any, bool]:
    """The last frame of the traceback that is the reader's own code (None if there is none), and
    whether the error was raised right there.

    A notebook's cells share their global names with the functions that they define.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame.f_globals is getattr(function, "__globals__", None)
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    mine = [frame for frame, is_own in zip(frames, own, strict=True) if is_own]
    return (mine[-1], own[-1]) if mine else (None, False)


def unwritten(function: Callable[..., Any], name: str) -> NothingHere:
    """Return the exception for a stub `name`, which is the reader's answer or a helper."""
    if name == getattr(function, "__name__", name):
        return NothingHere()
    return NothingHere(
        f"your function calls `{name}`, which is still to be written. Write that one first, then "
        "run this cell again."
    )


def describe(value: Any) -> str:
    """Describe one of the reader's objects in a few words, the same in every run."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)[:LONGEST]
    if isinstance(value, (list, tuple, set, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def listing(words: Iterable[object]) -> str:
    """Join words with commas, and "and" before the last: `a, b and c`."""
    words = [str(word) for word in words]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
