"""The signature of an op: which of its arguments are arrays, and which are settings."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

Arrays: TypeAlias = tuple[Any, ...]  # what an op is called on, before its settings


def as_list(arrays: Any) -> Any:
    """A `dict.values()` or a generator as a list, so that it can be walked through twice."""
    return list(arrays) if isinstance(arrays, Iterable) and not hasattr(arrays, "shape") else arrays


class OpSignature:
    """Sorts the arguments of a call: the arrays come before `/`, the settings after it."""

    def __init__(self, fn: Callable[..., Any], op_name: str):
        parameters = inspect.signature(fn).parameters.values()
        settable = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        self.op_name = op_name
        self.takes_list: bool = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        arrays = [p for p in parameters if p.kind is p.POSITIONAL_ONLY]
        self.array_defaults: list[Any] = [p.default for p in arrays]
        self.setting_names: list[str] = [p.name for p in parameters if p.kind in settable]
        self.count: int = 1 if self.takes_list else len(self.array_defaults)
        if not self.count:
            raise TypeError(f"@op: the arrays of {op_name} must come before `/` in its signature")

    def bind(self, args: Arrays, settings: dict[str, Any]) -> tuple[Arrays, dict[str, Any]]:
        """Return (arrays, settings). Settings may be passed by position, as NumPy users expect."""
        if self.takes_list and args and not isinstance(args[0], (list, tuple)):
            args = (as_list(args[0]), *args[1:])
        if len(args) <= self.count:
            return args, settings
        by_position = args[self.count :]
        named = dict(zip(self.setting_names, by_position, strict=False))
        if len(by_position) > len(named) or named.keys() & settings.keys():
            raise TypeError(f"{self.op_name}: too many arguments, or one was given twice")
        return args[: self.count], named | settings

    def with_defaults(self, arrays: Arrays) -> Arrays:
        """The arrays, with the defaults of those that may be left out, such as a bias."""
        missing = [] if self.takes_list else self.array_defaults[len(arrays) :]
        if inspect.Parameter.empty in missing:
            raise TypeError(f"{self.op_name} needs {self.count} arrays, got {len(arrays)}")
        return (*arrays, *missing) if missing else arrays
