"""Docstrings whose `Args:` block is complete: what `help` and the reference show.

A docstring describes the arguments that are new. Those that a family shares, such as the `name` of
a layer or the `axis` of an op, are described once, by a base class, by the method that others
override or by a table, and added here. Where a base describes `<weight>_initializer`, that stands
for `kernel_initializer` and its like; `<training>` is an argument that only other methods take.
"""

import inspect
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

HEAD = "Args:"
INDENT = "    "
WIDTH = 96  # of a line, 100 where `help` indents it
STARS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
AFTER_ARGUMENTS = ("Returns ", "Raises ", "Source: ", "Example:")


def split_at_arguments(text: str) -> tuple[list[str], list[str], list[str]]:
    """Return the lines before the `Args:` block, those in it, and those from its end on.

    Without a block, it is where one belongs: before what is returned, raised, cited and shown.
    """
    lines = inspect.cleandoc(text).split("\n")
    if HEAD in lines:
        start = lines.index(HEAD)
        inside = start + 1
    else:
        start = inside = next(
            (i for i, line in enumerate(lines) if line.startswith(AFTER_ARGUMENTS)), len(lines)
        )
    end = inside
    while HEAD in lines and end < len(lines) and lines[end].startswith(INDENT):
        end += 1
    return lines[:start], lines[inside:end], lines[end:]


def read_arguments(text: str | None) -> dict[str, str]:
    """Return what the `Args:` block of a docstring says of each argument."""
    found: dict[str, str] = {}
    for line in split_at_arguments(text or "")[1]:
        if line.startswith(2 * INDENT):  # a description goes on
            name = next(reversed(found))
            found[name] = f"{found[name]} {line.strip()}"
        else:
            name, _, said = line.strip().partition(": ")
            found[name] = said
    return found


def with_arguments(text: str, described: Mapping[str, str]) -> str:
    """Return a docstring with these arguments as its `Args:` block."""
    before, _, after = split_at_arguments(text)
    block = [HEAD]
    for name, said in described.items():
        block += in_lines(f"{INDENT}{name}: {said}")
    if not described:
        return "\n".join([*before, *after])
    blank = [""] if before[-1] and not after else []
    return "\n".join([*before, *blank, *block, *after])


def in_lines(line: str) -> list[str]:
    """Return a line of the block as it is, or as several if it is too long."""
    if len(line) <= WIDTH:
        return [line]
    return textwrap.wrap(line, WIDTH, subsequent_indent=2 * INDENT, break_on_hyphens=False)


def describe(
    parameters: Mapping[str, inspect.Parameter], tables: Iterable[Mapping[str, str]]
) -> dict[str, str]:
    """Return for each parameter what the first table that knows it says."""
    tables = list(tables)
    found = {}
    for name, parameter in parameters.items():
        weight, _, kind = name.rpartition("_")
        name = STARS.get(parameter.kind, "") + name
        for key in (name, f"<{name}>", f"<weight>_{kind}"):
            said = next((table[key] for table in tables if key in table), None)
            if said is not None:
                said = said.replace("<weight>", weight)
                found[name] = said.replace("<default>", as_written(parameter.default))
                break
    return found


def completed(
    text: str,
    own: Mapping[str, str],
    parameters: Mapping[str, inspect.Parameter],
    tables: Iterable[Mapping[str, str]],
) -> str:
    """Return a docstring that describes its own arguments, then those that the tables know."""
    described = describe(parameters, [own, *tables])
    left_over = {name: said for name, said in own.items() if name[0] != "<"}  # a test finds them
    return with_arguments(text, described | left_over)


def as_written(default: Any) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)


class ClassDocstring:
    """The docstring of a class, completed when somebody asks for it."""

    def __init__(self, text: str):
        self.text = text

    def __get__(self, thing: Any, cls: type) -> str:
        classes = [cls, *getattr(cls, "arguments_from", ())]
        bases = [base for each in classes for base in each.__mro__]
        tables = [read_arguments(raw_docstring(base)) for base in bases]
        return with_arguments(self.text, describe(inspect.signature(cls).parameters, tables))


def raw_docstring(cls: type) -> str | None:
    """Return the docstring of a class as its source has it."""
    found = vars(cls).get("__doc__")
    return found.text if isinstance(found, ClassDocstring) else found


def complete_methods(cls: type) -> None:
    """Complete the docstrings of methods with what those that they override say of arguments."""
    for name, method in vars(cls).items():
        defined_here = getattr(method, "__qualname__", "") == f"{cls.__qualname__}.{name}"
        if name[0] == "_" or not inspect.isfunction(method) or not defined_here:
            continue
        chain = [vars(base)[name] for base in cls.__mro__ if name in vars(base)]
        text = next((each.__doc__ for each in chain if each.__doc__), None)
        if text:
            own = vars(method)["described_arguments"] = read_arguments(method.__doc__)
            vars(method)["says_nothing_new"] = not method.__doc__
            tables = [getattr(each, "described_arguments", {}) for each in chain[1:]]
            method.__doc__ = completed(text, own, inspect.signature(method).parameters, tables)


class Documented:
    """The base of classes whose docstrings also describe the arguments that they hand on.

    These are described by their bases and by the classes in `arguments_from`, and those of their
    methods by the methods that these override.
    """

    arguments_from: tuple[type, ...] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__module__.startswith("minigraph."):
            complete_methods(cls)
            if isinstance(cls.__doc__, str):
                documented: Any = cls  # for type checkers a docstring is a text
                documented.__doc__ = ClassDocstring(cls.__doc__)


def share_arguments(functions: Iterable[Any], table: str) -> None:
    """Complete the docstrings of functions with arguments that a text in the form `Args:` has."""
    shared = read_arguments(table)
    for function in functions:
        if function.__doc__:
            own = read_arguments(function.__doc__)
            parameters = inspect.signature(function).parameters
            function.__doc__ = completed(function.__doc__, own, parameters, [shared])
            vars(function)["described_arguments"] = read_arguments(function.__doc__)
