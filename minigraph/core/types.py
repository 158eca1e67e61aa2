"""Short names for the types in signatures. They are for readers and editors: nothing checks them.

What an op or a layer returns depends on its inputs: a tensor for tensors, a symbolic
tensor for symbolic ones. So their results are `Any`.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any  # an array of the active backend: NumPy's or CuPy's
TensorLike: TypeAlias = Any  # a tensor, a symbolic tensor, an array, a number or a nested list
Structure: TypeAlias = Any  # one leaf, or a nest of lists, tuples and dicts of leaves
Shape: TypeAlias = tuple[int | None, ...]  # the size of each axis, None where it is not known
Axis: TypeAlias = int | tuple[int, ...] | None  # the axes of a reduction; None means all
DType: TypeAlias = str | type[Any] | np.dtype[Any] | None  # "float32", float; None: the default
Config: TypeAlias = dict[str, Any]  # constructor arguments as plain JSON
Op: TypeAlias = Callable[..., Any]  # a function of tensors
Logs: TypeAlias = dict[str, Any]  # the name of a loss or metric -> its value
