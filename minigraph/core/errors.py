"""The errors of ops: each names the op and describes its arguments."""

from collections.abc import Iterable
from typing import Any, NoReturn

from numpy.exceptions import AxisError
from numpy.linalg import LinAlgError

OP_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class OutOfBounds(ValueError, IndexError):
    """An index that is out of bounds for its axis."""


def raise_named(error: Exception, op_name: str, values: Iterable[Any]) -> NoReturn:
    """Raise an op's error again, of the same type, naming the op and describing its arguments."""
    text = str(error)
    if text.startswith(op_name):
        raise error
    if type(error) in (ValueError, AxisError, LinAlgError, OutOfBounds):
        raise type(error)(f"{op_name}: {text}") from error
    if isinstance(error, ValueError):  # its constructor may need more than a message
        error.add_note(f"in op {op_name!r}")
        raise error
    met = (f"shape {v.shape}" if hasattr(v, "shape") else repr(v) for v in values)
    kinds = {TypeError: TypeError, LookupError: OutOfBounds, Exception: ValueError}
    kind = next(kinds[known] for known in kinds if isinstance(error, known))
    raise kind(f"{op_name} cannot be computed for {' and '.join(met)}: {text}") from error
