"""The `__getattr__` of a module: other names for what it has, and answers for what it has not."""

import sys
from collections.abc import Callable, Mapping, Sequence
from opcode import opmap
from types import MappingProxyType
from typing import Any, NoReturn

from .left_out import instead_of
from .registry import suggestions


def answers(
    module: str, known: Sequence[str], aliases: Mapping[str, Any] = MappingProxyType({})
) -> Callable[[str], Any]:
    """The `__getattr__` of a module: `aliases` are other names for what it has, `known` its own."""

    def __getattr__(name: str) -> Any:
        return aliases[name] if name in aliases else refuse_name(module, known, name)

    return __getattr__


def refuse_name(module: str, known: Sequence[str], name: str) -> NoReturn:
    """Raise AttributeError for a name that a module lacks, with what to use instead.

    `from module import name` would replace that error by one that says less, so it gets its own.
    """
    text = f"module {module!r} has no attribute {name!r}"
    if name.startswith("__"):
        raise AttributeError(text)
    if instead := instead_of(module.removeprefix("minigraph").lstrip("."), name):
        if asked_by_import(sys._getframe(2)):
            raise ImportError(f"cannot import name {name!r} from {module!r}. {instead}")
        raise AttributeError(f"{text}. {instead}")
    close = suggestions(name, known)
    raise AttributeError(
        f"{text}. Did you mean {' or '.join(map(repr, close))}?" if close else text
    )


def asked_by_import(frame: Any) -> bool:
    """Whether `from module import name` asks for a name: in this frame, or in Python's own code."""
    code = frame.f_code.co_code[frame.f_lasti]
    return code == opmap["IMPORT_FROM"] or frame.f_globals.get("__name__") == "importlib._bootstrap"
