"""Names: the automatic ones of layers and ops, the rules for all, and how any text is shown."""

import re
import threading
import unicodedata
from collections import Counter

from .context import context

LONGEST_NAME = 128

_lock = threading.Lock()
_counts: Counter[str] = Counter()  # automatic name -> how often it was given


def unique_name(base: str) -> str:
    """`base`, then `base_1`, `base_2`, ... counted over the whole process."""
    with _lock:
        counts = _counts if context.names is None else context.names
        count = counts[base]
        counts[base] += 1
    return f"{base}_{count}" if count else base


def clear_session() -> None:
    """Reset the automatic names: the next `Dense` is called `dense` again."""
    with _lock:
        _counts.clear()


def snake_case(name: str) -> str:
    """`Conv2DTranspose` becomes `conv2d_transpose`, `ReLU` becomes `re_lu`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def camel_case(name: str) -> str:
    """`mean_squared_error` becomes `MeanSquaredError`."""
    return "".join(word.capitalize() for word in name.split("_"))


def check_name(name: str) -> None:
    """Raise ValueError unless `name` can be the name of a layer."""
    check_shown(name, without_slash=True)


def check_shown(name: str, without_slash: bool = False) -> str:
    """Return `name`, or raise ValueError unless logs and tables can show it as it is.

    `without_slash` is for layers, whose names are parts of paths.
    """
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME:
        raise ValueError(f"`name` must be text of 1 to {LONGEST_NAME} characters, got {name!r:.80}")
    hidden = [c for c in name if is_control(c)]
    slash = without_slash and "/" in name
    if slash or hidden:
        found = "'/'" if slash else f"the invisible character U+{ord(hidden[0]):04X}"
        rule = "no '/' and nothing invisible" if without_slash else "nothing invisible"
        raise ValueError(f"`name` must hold {rule}, and {name!r} has {found}")
    return name


def printable(text: object) -> str:
    """`text` with every character that controls a terminal, a parser or the reading direction
    replaced by a replacement character, so that a name can be shown anywhere."""
    if (text := str(text)).isprintable():
        return text
    return "".join("\ufffd" if is_control(character) else character for character in text)


def is_control(character: str) -> bool:
    """Return whether a character is a control, a format mark, a surrogate, or unassigned."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
