"""Tables: columns of numbers as one array, and what to say of everything that holds no numbers.

A table is a pandas DataFrame or Series, an object array, or a list of rows. Its columns may be of
several kinds, and some of them nullable.
"""

from typing import Any

import numpy as np

from .checks import list_advice

NUMERIC = "biuf"  # the kinds of NumPy's dtypes: bool, int, unsigned int, float


def numbers_of(value: Any) -> np.ndarray:
    """The numbers in a table, or in anything else that `np.asarray` takes.

    Numbers and booleans together become numbers, and a missing one NaN. Raises TypeError, naming
    the column or the element, for anything else.
    """
    if hasattr(value, "iloc") and hasattr(value, "to_numpy"):  # a DataFrame or a Series of pandas
        return of_frame(value)
    array = np.asarray(value)
    return array if array.dtype.kind in NUMERIC else of_objects(array, value)


def of_frame(frame: Any) -> np.ndarray:
    """The numbers of a DataFrame, (rows, columns), or of a Series, (rows,)."""
    if frame.ndim == 1:
        return of_column(frame, frame.name)
    dtypes = set(frame.dtypes)
    if len(dtypes) == 1 and isinstance(dtype := dtypes.pop(), np.dtype) and dtype.kind in NUMERIC:
        return np.asarray(frame)  # without a copy
    columns = [of_column(frame.iloc[:, k], name) for k, name in enumerate(frame.columns)]
    return np.stack(columns, axis=1) if columns else np.empty(frame.shape)


def of_column(column: Any, name: Any) -> np.ndarray:
    """The numbers of one column; of a nullable one as floats, with NaN for what is missing."""
    if getattr(column.dtype, "kind", "O") in NUMERIC and column.isna().any():
        return column.to_numpy(dtype="float64", na_value=np.nan)
    array = np.asarray(column)
    try:
        return array if array.dtype.kind in NUMERIC else of_objects(array, column)
    except TypeError as error:
        raise TypeError(str(error) if name is None else f"column {name!r}: {error}") from None


def of_objects(array: np.ndarray, value: Any) -> np.ndarray:
    """The numbers in an object array; TypeError, with the likely fix, if some are none."""
    if array.dtype == object and array.ndim:
        try:
            plain = np.array(array.tolist())
        except ValueError as error:
            raise TypeError("the rows must have equal length") from error
        if plain.dtype.kind in NUMERIC and plain.shape == array.shape:
            return plain
    raise TypeError(f"expected numbers, got {type(value).__name__} with {fault_of(array, value)}")


def fault_of(array: np.ndarray, value: Any) -> str:
    """What an array holds instead of numbers, and what to do about it."""
    dtype = f"dtype {array.dtype}"
    if hasattr(value, "toarray"):
        return f"{dtype}. Write .toarray(): sparse matrices are taken only as plain arrays."
    if array.ndim == 0 and list_advice(value):
        return f"{dtype}{list_advice(value)}."
    if array.dtype.kind in "mM":
        return f"{dtype}. Turn dates into numbers first, such as days since the first one."
    strange = (item for item in array.ravel().tolist() if not isinstance(item, (int, float)))
    found = next(strange, None) if array.dtype.kind in "OSU" else None
    if isinstance(found, (str, bytes)):
        return (
            f"{dtype}, which holds text such as {found!r:.40}. Text must be turned into numbers "
            "first: an integer for each word, or a column for each (pandas.get_dummies)."
        )
    held = f", which holds {found!r:.40} ({type(found).__name__})" if array.dtype == object else ""
    return (
        f"{dtype}{held}. Text must be turned into numbers first, and rows must have equal length."
    )
