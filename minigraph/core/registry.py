"""The registry: which class or function a name in a file stands for.

A file never says what to import. It says `"Dense"`, and this table says which class that is. So a
file can only ever make what was put here: the library's own classes, classes marked with
`@register_keras_serializable`, and those that the caller passes as `custom_objects`.
"""

import difflib
import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Self, TypeVar, overload

from .context import context
from .docstrings import Documented
from .left_out import about_argument, answers_of, instead_of
from .names import LONGEST_NAME, snake_case
from .types import Config

LISTED = 60  # how many known names an error lists at most
LISTED_OF_ALL = 10  # the same where any registered name would do
SUGGESTED = 3
LETTERS_COMPARED = 2_000_000  # pairs of letters; a file may hold a thousand long names

_registered = {}  # registered name -> class or function
_names = {}  # class or function -> registered name
_members = {}  # group -> {each accepted spelling: class or function}
_listed = {}  # group -> {letters of a name: the spelling of it that errors list}


Thing = TypeVar("Thing", bound=Callable[..., Any])  # a class or a function


@overload
def register(
    thing: Thing,
    *,
    name: str | None = None,
    group: str | None = None,
    spelled: str | None = None,
    aliases: tuple[str, ...] = (),
) -> Thing: ...
@overload
def register(
    thing: None = None,
    *,
    name: str | None = None,
    group: str | None = None,
    spelled: str | None = None,
    aliases: tuple[str, ...] = (),
) -> Callable[[Thing], Thing]: ...
def register(
    thing: Any = None,
    *,
    name: str | None = None,
    group: str | None = None,
    spelled: str | None = None,
    aliases: tuple[str, ...] = (),
) -> Any:
    """Put a class or function of this library into the table, under its own name or under `name`.

    With a `group` ("loss", "optimizer", ...) it is also found by name there: in CamelCase, in
    snake_case, as it is `spelled`, or by one of the `aliases`.
    """
    if thing is None:
        return lambda thing: register(
            thing, name=name, group=group, spelled=spelled, aliases=aliases
        )
    name = name or thing.__name__
    _registered.setdefault(name, thing)
    _names[thing] = name
    if group is not None:
        snake = snake_case(thing.__name__)
        members, listed = _members.setdefault(group, {}), _listed.setdefault(group, {})
        for spelling in (spelled or snake, *aliases, snake, thing.__name__):
            members[spelling] = thing
            listed.setdefault(plain_letters(spelling), spelling)
    return thing


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Thing], Thing]:
    """A decorator that lets files name your class or function, as `package>name`.

    Args:
        package: First part of that name, such as the name of your project (default "Custom").
        name: Second part; None (default) means the name of the class or function.
    Raises ValueError if the name is taken by another object.
    """

    def decorate(thing: Any) -> Any:
        registered = f"{package}>{name or thing.__name__}"
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(f"{registered}: a class needs a `get_config` method to be registered")
        taken = _registered.get(registered, thing)
        if not same_source(taken, thing):
            raise ValueError(f"{registered} is already registered to {taken!r}")
        _registered[registered] = thing
        _names[thing] = registered
        return thing

    return decorate


def same_source(a: Any, b: Any) -> bool:
    """Return whether two classes or functions are the same, or come from code that ran twice.

    A notebook cell that is run again makes a new object; that is not a clash of names.
    """
    return a is b or (a.__module__, a.__qualname__) == (b.__module__, b.__qualname__)


def get_registered_name(thing: Callable[..., Any]) -> str:
    """The name under which `thing` is registered, or its own name.

    Args:
        thing: A class or a function.
    Example:
        >>> keras.saving.get_registered_name(keras.layers.Dense)
        'Dense'
    """
    return _names.get(thing, thing.__name__)


def get_registered_object(name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The class or function that `name` means, or None.

    Open scopes are searched, too, but neither they nor `custom_objects` can replace a library
    class.

    Args:
        name: Name as a file has it, such as "Dense", or "Custom>MyLayer" for a registered class.
        custom_objects: Dict from further names to classes and functions; None (default) adds none.
    Example:
        >>> keras.saving.get_registered_object("Dense") is keras.layers.Dense
        True
    """
    if name in _registered:
        return _registered[name]
    for table in (custom_objects or {}, *context.custom_objects):
        if name in table:
            return table[name]
    return None


def find(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    kind: str = "function",
    fits: Callable[[Any], bool] = inspect.isfunction,
) -> Any:
    """Like `get_registered_object`, but an unknown name is a ValueError that says what to do.

    The error names the `kind` of thing, and lists the known names for which `fits` is true.
    """
    thing = get_registered_object(name, custom_objects)
    if thing is None:
        known = [name for name, thing in _registered.items() if fits(thing)]
        raise ValueError(
            f"{unknown_name(kind, name, known, LISTED_OF_ALL)} Pass a custom one as "
            f"custom_objects={{{name!r:.80}: ...}}, or mark it with @register_keras_serializable() "
            "before loading."
        )
    return thing


def as_function(given: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The function that a name in a config stands for; a function is returned unchanged."""
    return find(given, custom_objects) if isinstance(given, str) else given


def find_class(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Like `find`, but what `name` means must be a class whose objects a config can describe."""
    found = None
    if isinstance(name, str):
        found = find(name, custom_objects, "class", inspect.isclass)
    if not hasattr(found, "from_config"):
        raise ValueError(f"`class_name` must be the name of a class, got {name!r:.80}")
    return found


def name_in_config(thing: Any) -> str:
    """The name that a config writes for a class or function.

    Raises ValueError for a function without a name, and if the name would be read back as another
    thing: a user's `relu` must not become the library's.
    """
    name = _names.get(thing) or getattr(thing, "__name__", "<")
    if name.startswith("<"):
        raise ValueError(
            f"{thing!r} has no name, so it cannot be written to a config. Define it "
            "with `def`, and mark it with @register_keras_serializable()."
        )
    known = get_registered_object(name) or thing
    if not same_source(known, thing):
        raise ValueError(
            f"{name!r} would be read back as {known!r}, not as your {thing!r}: rename yours, or "
            "mark it with @register_keras_serializable()"
        )
    return name


@contextmanager
def custom_object_scope(*tables: dict[str, Any]) -> Iterator[None]:
    """Within the block, names in the given dicts may be used by configs and files.

    Args:
        *tables: Dicts from names to classes and functions; the last one is searched first.
    Raises TypeError unless each is a dict.
    Example:
        >>> def double(x):
        ...     return 2 * x
        >>> with keras.saving.custom_object_scope({"double": double}):
        ...     layer = keras.layers.Activation("double")
        >>> layer(np.array([3.0])).numpy()
        array([6.], dtype=float32)
    """
    for table in tables:
        if not isinstance(table, dict):
            raise TypeError(f"custom objects must be a dict of name: class, got {table!r}")
    outer = context.custom_objects
    context.custom_objects = (*reversed(tables), *outer)
    try:
        yield
    finally:
        context.custom_objects = outer


CustomObjectScope = custom_object_scope


def unknown_name(kind: str, name: Any, known: Collection[str], listed: int = LISTED) -> str:
    """The message of an error about an unknown name, with similar names and the known ones."""
    return f"Unknown {kind} {name!r:.80}. {did_you_mean(name, known, listed)}"


def did_you_mean(name: Any, known: Collection[str], listed: int = LISTED) -> str:
    """The part of a message that lists the `known` names: the similar ones first, then all."""
    close = suggestions(name, known)
    question = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    names = sorted(set(known))
    more = f" and {len(names) - listed} more" if len(names) > listed else ""
    return f"{question}Known: {', '.join(map(repr, names[:listed])) or 'none'}{more}."


def suggestions(name: Any, known: Collection[str]) -> list[str]:
    """The known names that contain `name` or resemble it, the likeliest first.

    Case and punctuation are ignored: `GlorotUnifrm` is near `glorot_uniform`.
    """
    wanted, plain = plain_letters(name), {k: plain_letters(k) for k in known}
    holding = [k for k in plain if len(wanted) > 2 and wanted in plain[k]]
    holding.sort(key=lambda k: not plain[k].startswith(wanted))
    compared = list(plain.values())[: LETTERS_COMPARED // max(len(wanted), 1) // LONGEST_NAME]
    near = difflib.get_close_matches(wanted, compared, SUGGESTED, cutoff=0.7)
    alike = sorted((k for k in plain if plain[k] in near), key=lambda k: near.index(plain[k]))
    return list(dict.fromkeys([*holding, *alike]))[:SUGGESTED]


def plain_letters(name: Any) -> str:
    return re.sub(r"[\W_]", "", str(name)[:LONGEST_NAME]).lower()  # a file may hold any length


def member(group: str, name: str) -> Any:
    """The member of a group that has this name, or None."""
    return _members[group].get(name)


def left_out_in(module: str, name: str) -> str:
    """What to write for a name, in any spelling, that a module leaves out; "" for any other."""
    names = [known for known in answers_of(module) if plain_letters(known) == plain_letters(name)]
    return instead_of(module, names[0]) if names else ""


def lookup(group: str, name: str) -> Any:
    """The member of a group with this name; ValueError, listing the known names, if none has it."""
    found = _members[group].get(name)
    if found is None and (">" in name or name not in _registered):  # an op is not a loss
        found = get_registered_object(name)
    if found is None:
        if instead := left_out_in("losses" if group == "loss" else f"{group}s", name):
            raise ValueError(f"Unknown {group} {name!r:.80}. {instead}")
        raise ValueError(
            f"{unknown_name(group, name, _listed[group].values())} A custom {group} is given as an "
            f"object, or as custom_objects={{{name!r:.80}: ...}} when a model is loaded."
        )
    return found


def get(
    group: str, identifier: Any, base: type, of_function: Callable[[Any], Any] | None = None
) -> Any:
    """An instance of `base` from a name, a class, a config dict, a function or a ready instance.

    A function is wrapped as `of_function(function)`, if that is given. None gives None.
    """
    found = identifier
    if isinstance(found, str):
        found = lookup(group, found)
    elif isinstance(found, dict):
        found = deserialize(found)
    if inspect.isclass(found) and issubclass(found, base):
        found = found()
    if found is None or isinstance(found, base):
        return found
    if callable(found) and not inspect.isclass(found) and not hasattr(found, "get_config"):
        return found if of_function is None else of_function(found)
    raise ValueError(
        f"{identifier!r:.80} ({type(identifier).__name__}) is not a valid {group}: give a name, "
        f"an object of the class {base.__name__} or a function"
    )


# ---------------------------------------------------------------------------------------------
# Configs: from constructor arguments to plain JSON and back

POSITION_OR_KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD
KEYWORD = inspect.Parameter.KEYWORD_ONLY
MORE_POSITIONS, MORE_KEYWORDS = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD


@lru_cache(1000)  # reading a signature takes longer than all the rest
def init_parameters(cls: type) -> dict[str, inspect.Parameter]:
    """The parameters of `cls(...)` by name, including those that `**options` passes to a base.

    What signatures cannot tell must be declared: see `Configurable`.
    """
    derived = getattr(cls, "derived_arguments", ())
    found = handed_on(cls, [base for base in cls.__mro__ if "__init__" in vars(base)])
    found = [p for p in found.values() if p.name not in derived]
    return {p.name: p for p in sorted(found, key=lambda parameter: parameter.kind)}


def handed_on(cls: type, bases: list[type]) -> dict[str, inspect.Parameter]:
    """The parameters of the first base's `__init__`, and of the next if it takes `**options`."""
    if bases[0] is object:
        options = getattr(cls, "option_defaults", {})
        return {name: inspect.Parameter(name, KEYWORD, default=options[name]) for name in options}
    parameters = list(inspect.signature(bases[0].__init__).parameters.values())[1:]
    kinds = {p.kind for p in parameters}
    found = {p.name: p for p in parameters if p.kind in (POSITION_OR_KEYWORD, KEYWORD)}
    for name, p in (handed_on(cls, bases[1:]) if MORE_KEYWORDS in kinds else {}).items():
        found.setdefault(name, p if MORE_POSITIONS in kinds else p.replace(kind=KEYWORD))
    return found


def check_arguments(cls: type, args: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """Raise TypeError, with what to use instead, for an argument that a constructor does not take.

    It takes those in its signature and, if the class has any, its `other_keywords`. A constructor
    that is not the library's may have other rules.
    """
    bare = cls.__init__ is object.__init__  # Python lets that take anything, for a custom __new__
    if bare and args:
        raise TypeError(f"{cls.__name__} takes no arguments, got {args[0]!r:.80}")
    if not options or not (bare or is_ours(cls.__init__)):
        return
    known, others = parameters_of(cls), getattr(cls, "other_keywords", ())
    for name in options:
        if name not in known and name not in others and "*" not in others:
            raise unknown_argument(name, cls)


def parameters_of(cls: Any) -> Collection[str]:
    """The names of what `help` shows that a class takes."""
    return cls.__signature__.parameters


def is_ours(thing: Any) -> bool:
    return (getattr(thing, "__module__", None) or "").startswith("minigraph.")


def unknown_argument(name: str, cls: type) -> TypeError:
    """The error for an argument that a class does not take: what to write, then what it takes."""
    known = parameters_of(cls)
    advice = about_argument(name, known) + did_you_mean(name, known)
    return TypeError(f"{cls.__name__} takes no argument {name!r}. {advice}")


class InitSignature:
    """The signature that `help`, editors and the reference show: all that `cls(...)` takes."""

    def __init__(
        self, parameters: Callable[[type], dict[str, inspect.Parameter]] = init_parameters
    ):
        self.parameters = parameters  # class -> dict of its parameters

    def __get__(self, thing: Any, cls: type) -> inspect.Signature | None:
        return inspect.Signature([*self.parameters(cls).values()]) if thing is None else None


def read_config(thing: Any) -> Config:
    """The config of an object that stores each constructor argument under its own name."""
    config = {}
    for name in init_parameters(type(thing)):
        if not hasattr(thing, name):
            raise ValueError(
                f"{type(thing).__name__} takes the argument {name!r} but does not store it, so its "
                f"config cannot be read. Write `self.{name} = {name}` in __init__, or define "
                "get_config()."
            )
        config[name] = serialize(getattr(thing, name))
    return config


class Configurable(Documented):
    """An object whose config is its constructor arguments.

    They are read from the signature of `__init__`, with three exceptions that a class declares:
    `derived_arguments` are those of its base that it sets itself, `option_defaults` are further
    ones that the `**options` of the base may hold, with their defaults, and `other_keywords` are
    taken, too, but left out of the config; "*" among them means any.
    """

    derived_arguments: tuple[str, ...] = ()
    option_defaults: dict[str, Any] = {}
    __signature__: Any = InitSignature()
    other_keywords: tuple[str, ...] = ()

    def __new__(cls, *args: Any, **options: Any) -> Self:
        check_arguments(cls, args, options)
        return object.__new__(cls)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # no address: the same run shows the same text

    def get_config(self) -> Config:
        """The constructor arguments as plain JSON."""
        return read_config(self)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """A new object with the same constructor arguments.

        Args:
            config: What `get_config` returned.
        """
        if not isinstance(config, dict):
            raise ValueError(f"the `config` of a {cls.__name__} must be a dict, got {config!r:.80}")
        return cls(**{key: deserialize(value) for key, value in config.items()})


def serialize(value: Any) -> Any:
    """The config of an object, or a constructor argument, as plain JSON.

    A function is written as its name.

    Args:
        value: A value of JSON, a function, an object with `get_config`, or a list, tuple or dict of
            these.
    Raises ValueError for a value that JSON cannot describe.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [serialize(item) for item in value]
    if isinstance(value, dict):
        return {str(key): serialize(item) for key, item in value.items()}
    if hasattr(value, "get_config"):
        return {"class_name": name_in_config(type(value)), "config": value.get_config()}
    if hasattr(value, "item"):  # a NumPy scalar
        return value.item()
    if callable(value):
        return name_in_config(value)
    raise ValueError(f"{value!r} ({type(value).__name__}) cannot be written to a config")


def deserialize(value: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The inverse of `serialize`: an object, or an argument, from its config.

    Args:
        value: What `serialize` returned.
        custom_objects: Dict from further names to classes and functions; None (default) adds none.
    Raises ValueError for a name that is not known.
    """
    if isinstance(value, list):
        return [deserialize(item, custom_objects) for item in value]
    if isinstance(value, dict):
        if value.keys() == {"class_name", "config"}:
            return find_class(value["class_name"], custom_objects).from_config(value["config"])
        return {key: deserialize(item, custom_objects) for key, item in value.items()}
    return value
