"""Dtypes: the default float type, and the names of all others."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .types import Array, DType

FLOATS = ("float16", "float32", "float64")
EPSILON = 1e-7


_floatx = "float32"


def floatx() -> str:
    """The name of the default float type, such as "float32"."""
    return _floatx


def set_floatx(dtype: str) -> None:
    """Make `dtype` ("float16", "float32" or "float64") the type of new weights and inputs.

    Args:
        dtype: "float16", "float32" or "float64".
    Raises ValueError for any other.
    Example:
        >>> keras.config.set_floatx("float64")
        >>> keras.Tensor(1.5).dtype
        'float64'
        >>> keras.config.set_floatx("float32")  # as it was
    """
    global _floatx
    if dtype not in FLOATS:
        raise ValueError(f"floatx must be one of {', '.join(FLOATS)}, got {dtype!r}")
    _floatx = dtype


def epsilon() -> float:
    """The small number that keeps logarithms and divisions away from zero: 1e-7."""
    return EPSILON


def standard_dtype(dtype: DType, argument: str = "dtype") -> str:
    """The standard name of a dtype; raises a ValueError that names the argument if it is unknown.

    Python's `float` and `int` mean the library's default float and int32.
    """
    if dtype is None or dtype is float:
        return floatx()
    if dtype is int:
        return "int32"
    try:
        named = not isinstance(dtype, str) or dtype.isidentifier()
        known = np.dtype(dtype) if named else None
    except (TypeError, ValueError):
        known = None
    if known is None or known.kind not in "biuf":
        raise ValueError(f"{argument}={dtype!r} is not a known dtype, such as 'float32' or 'int32'")
    return known.name


def in_float_type_of(operands: Iterable[Array], value: Array) -> Array:
    """Cast a float64 result of smaller floats and integers to the type of the floats; of integers
    alone, to the default float type.

    NumPy widens where float32 meets integers; here float32 in gives float32 out, and uint8 / 255
    is float32.
    """
    if value.dtype != np.float64:
        return value
    types = [v.dtype for v in operands if hasattr(v, "dtype")]
    floats = [t for t in types if t.kind == "f"]
    if len(floats) == len(types) or np.float64 in floats:
        return value
    return value.astype(max(floats, default=floatx()))


def converted(array: Array, dtype: DType, what: str) -> Array:
    """A copy of `array` in another dtype, if that can hold its values.

    Wider floats are rounded; everything else must be exact, and nothing may overflow.
    Raises ValueError with the first value that does not fit; `what` names the array.
    """
    target = np.dtype(dtype)
    with np.errstate(all="ignore"):
        found = array.astype(target)
        lost = None if array.dtype == target else lost_in(array, found)
    if lost is not None and lost.any():
        first = array[lost].ravel()[0].item()
        floats = array.dtype.kind == target.kind == "f"
        reason = "is too large" if floats else "is not one of its values"
        raise ValueError(
            f"{what} is {target}, which cannot hold the {array.dtype} array that was given: "
            f"{first!r} {reason}"
        )
    return found


def lost_in(array: Array, found: Array) -> Array:
    """Where a conversion of `array` to `found` has overflowed or, except among floats, rounded."""
    kinds = array.dtype.kind + found.dtype.kind
    if kinds == "ff":
        return (abs(array) < np.inf) & ~(abs(found) < np.inf)
    lost = found.astype(array.dtype) != array
    if kinds in ("fi", "fu"):
        return lost | ~in_range(array, found.dtype)
    if kinds in ("if", "uf"):
        return lost | ~in_range(found, array.dtype)
    return lost | ((found < 0) != (array < 0))  # -1 becomes 255, and that becomes -1 again


def in_range(floats: Array, dtype: np.dtype[Any]) -> Array:
    """Whether each of `floats` lies between the smallest and the largest integer of a dtype."""
    limits, wide = np.iinfo(dtype), floats.astype("float64")
    return (wide >= float(limits.min)) & (wide < float(limits.max) + 1)


def as_float(x: Array) -> Array:
    """The same array; integers and booleans become the default float type.

    NumPy would compute the functions of 8-bit integers in float16, and let their squares wrap.
    """
    return x if x.dtype.kind == "f" else x.astype(floatx())
