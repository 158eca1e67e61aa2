"""Short names for the types in signatures, so that an annotation fits beside its argument.

Some of them say more to a reader than to a type checker: for it, `Array` and `TensorLike` are Any.
"""

from typing import Any

import numpy as np

Array = Any  # an array of the active backend: what the function of an op gets
TensorLike = Any  # a tensor, a symbol, an array, a number, or a nested list of numbers
Shape = tuple[int | None, ...]  # the sizes of the axes; None for one that is not known yet
DType = str | type | np.dtype | None  # "float32", np.float32, or None for the default
Axis = int | tuple[int, ...] | None  # one axis, several, or None for all
Structure = Any  # a value, or a nest of lists, tuples and dicts of them
Logs = dict[str, Any]  # the numbers of a step or an epoch, by name
Config = dict[str, Any]  # what `get_config` returns: plain JSON
