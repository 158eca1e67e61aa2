"""Names: the automatic names of layers and ops, and the rules that a name must obey."""

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
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME:
        raise ValueError(f"`name` must be text of 1 to {LONGEST_NAME} characters, got {name!r:.80}")
    hidden = [c for c in name if unicodedata.category(c) in ("Cc", "Cf", "Cn", "Cs", "Zl", "Zp")]
    if "/" in name or hidden:
        found = "'/'" if "/" in name else f"the invisible character U+{ord(hidden[0]):04X}"
        raise ValueError(f"`name` must hold no '/' and nothing invisible, and {name!r} has {found}")
