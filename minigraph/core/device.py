"""The array library: NumPy on the host, or CuPy on a GPU, and how arrays move between them."""

import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np

from .context import context
from .dtypes import floatx
from .tables import NUMERIC, numbers_of
from .types import Array, TensorLike

_library: Any = np  # the active backend: NumPy or CuPy
array_type: type = np.ndarray  # the type of its arrays
_variables: weakref.WeakSet[Any] = (
    weakref.WeakSet()
)  # all variables: they are released when the backend changes
_origins: dict[
    int, tuple[Any, np.ndarray]
] = {}  # id of an array on the GPU -> (weak reference to it, the host array it came from)


class use:
    """Make another array library the active backend: `use("cupy")` for a GPU, `use("numpy")`.

    After a `with use("cupy"):` block, the previous backend is active again. The
    setting holds for all threads.

    New tensors and weights belong to the active backend, and so does each batch of arrays that
    layers, ops and `fit` are given, which is moved once. Variables (weights, the slots of
    optimizers, running sums of metrics) move when they are next used, so a model may be trained on
    a GPU and used on the host. Other tensors stay where they are: an op refuses those of another
    backend, and `Tensor(t)` moves one. `.numpy()` always gives a host array. All random numbers are
    drawn on the host, so equal seeds give equal numbers; sums may differ in their last digits.
    Symbolic calls are traced on the host.

    Args:
        library: "numpy" or "cupy".
    Raises ValueError for another name, ImportError if CuPy is not installed, and RuntimeError if
    CuPy finds no GPU.
    """

    def __init__(self, library: str):
        self.before = _library
        _switch(_find(library))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        _switch(self.before)


def _find(name: str) -> Any:
    if name == "numpy":
        return np
    if name != "cupy":
        raise ValueError(f'use: the library must be "numpy" or "cupy", got {name!r}')
    try:
        import cupy  # pyright: ignore[reportMissingImports]  # an extra
    except ImportError as error:
        raise ImportError(
            'use("cupy"): CuPy cannot be imported. For an NVIDIA GPU with a driver for CUDA 13, '
            f"`pip install minigraph[gpu]` installs it. ({error})"
        ) from None
    if not cupy.cuda.is_available():  # CuPy can be imported without a GPU
        raise RuntimeError(
            f'use("cupy"): CuPy {cupy.__version__} is installed, but finds no GPU that it can use '
            "on this machine. Without this line everything runs on the CPU, more slowly."
        )
    return cupy


def _switch(library: Any) -> None:
    global _library, array_type
    if library is not _library:
        _library, array_type = library, library.ndarray
        for variable in list(_variables):
            variable.release()


def array_module(*arrays: Array) -> Any:
    """The array library that the arrays belong to; without arrays, the active backend."""
    for array in arrays:
        if isinstance(array, np.ndarray):
            return np
        if is_on_device(array):
            import cupy  # pyright: ignore[reportMissingImports]  # an extra

            return cupy
        if hasattr(type(array), "library"):  # a `TensorArray`
            return array.library
    return np if context.tracing is not None else _library


def is_on_device(value: Any) -> bool:
    """Whether a value is an array on a GPU."""
    return type(value).__module__.partition(".")[0] == "cupy" and hasattr(value, "dtype")


def is_array(value: Any) -> bool:
    """Whether a value is an array, on the host or on a GPU."""
    return isinstance(value, np.ndarray) or is_on_device(value)


def to_host(array: Array) -> Any:
    """An array as a NumPy array; other values are returned unchanged."""
    return array.get() if is_on_device(array) else array


def to_backend(array: Array) -> Any:
    """An array, moved to the active backend if need be; other values are returned unchanged."""
    if type(array) is array_type is np.ndarray:  # nearly always
        return array
    xp = array_module()
    if not is_array(array) or array_module(array) is xp:
        return array
    return to_host(array) if xp is np else xp.asarray(array)


def remember_host_copy(moved: Array, origin: Array) -> None:
    """Remember the host array from which an array on the GPU was copied (see `host_copies`)."""
    origin = origin if isinstance(origin, np.ndarray) else _origin(origin)
    if origin is not None and is_on_device(moved):
        key = id(moved)
        _origins[key] = weakref.ref(moved, lambda _: _origins.pop(key, None)), origin


def _origin(array: Array) -> np.ndarray | None:
    """The host array from which a GPU array, or the whole array that it views, was copied."""
    found = _origins.get(id(array)) or _origins.get(id(array.base))
    return found and found[1]


def host_copies(array: Array) -> Iterator[np.ndarray]:
    """NumPy arrays to check instead of an array on a GPU: if the first is valid, so is the array.

    A GPU reads an index out of bounds without an error. Fetching the indices means waiting, so the
    host array that they were copied from comes first; the array may be a view of a part of it.
    """
    if isinstance(array, np.ndarray):
        yield array
        return
    origin = _origin(array)
    if origin is not None:
        yield origin
    yield array.get()


# The conversions: a table of them stands in core/tensor.


def as_numbers(value: TensorLike) -> Array:
    """An array of `value`; Python floats become the default float, Python ints int32 or int64.

    Arrays stay where they are; `np.matrix` and other subclasses lose their own arithmetic. Raises
    TypeError for what holds no numbers.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(
            f"a masked array of shape {value.shape} hides some elements, and an op would use what "
            "is under the mask: replace them first, as in array.filled(0)"
        )
    if (type(value) is np.ndarray or is_on_device(value)) and value.dtype.kind in NUMERIC:
        return value
    array = np.asarray(numbers_of(value))
    if array.dtype == np.float64 and not isinstance(value, (np.generic, np.ndarray)):
        array = array.astype(floatx())
    return array


def to_array(value: TensorLike) -> Array:
    """Like `as_numbers`, moved to the active backend."""
    array = as_numbers(value)
    if type(array) is array_type:
        return array
    moved = to_backend(array)
    remember_host_copy(moved, array)
    return moved


# ---------------------------------------------------------------------------------------------
# Variables and the operands of ops


def follow(variable: Any) -> None:
    """Register a variable: its `release` is called when another backend becomes active."""
    _variables.add(variable)


def zeros_without_memory(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Zeros of any shape that take no memory: only shapes matter to a trace."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def traced_operands(values: Iterable[Array]) -> list[Array]:
    """The operands of an op that is traced: zeros on the host in place of arrays on a GPU."""
    return [zeros_without_memory(v.shape, v.dtype) if is_on_device(v) else v for v in values]


def on_backend(array: Array) -> Array:
    """The array of a tensor, which must belong to the active backend.

    Raises TypeError if it does not: a silent copy would hide a slow transfer.
    """
    if type(array) is array_type or context.tracing is not None:
        return array
    active, own = array_module().__name__, array_module(array).__name__
    if own == active:  # a subclass, such as np.memmap
        return array
    raise TypeError(
        f'a tensor of {own} meets {active}, the active backend since `use("{active}")`. Variables '
        "move by themselves; move any other tensor `t` with Tensor(t)."
    )
