"""The ground floor: the array library, the default float, random streams, names, and one small
context.
"""

import math
import threading
import weakref
from collections import Counter

import numpy as np

FLOATS = ("float16", "float32", "float64")
EPSILON = 1e-7
STEP_ROOM = 4096  # numbers that one turn of a loop counts as (see `take_room`)


class Context(threading.local):
    """What the current thread is doing: recording, training, drawing.

    `tape` is the open tape or None. `training` says whether layers run in training mode (None:
    nobody said, which means no). `drawing` is None, or the list of undo steps of the symbolic
    call that is being tried out. `names` is None, or the counter that automatic names come from
    instead of the process-wide one, while a model is rebuilt from its config. `call` stands for the
    outermost layer call that is running: any object, another one for each such call. `calls_left`
    is how many calls a model that is read from a file may still make (None: any number). `watcher`
    is None, or what is told of each call that is drawn (see `view.calls`). `gradient_watcher` is
    None, or what each optimizer tells of its gradients and variables (see `dashboard`).
    """

    tape = None
    training = None
    drawing = None
    names = None
    call = None
    calls_left = None
    watcher = None
    gradient_watcher = None


context = Context()


def take_room(*sizes):
    """While a model from a file is drawn, count numbers; ValueError if it asks for too many.

    A drawing is tried out without rows, so few of its arrays are not empty. For those that are,
    64 numbers count as one call.
    """
    if context.calls_left is not None:
        context.calls_left -= math.prod(sizes) // 64
        if context.calls_left < 0:
            raise ValueError(f"an array of {math.prod(sizes)} numbers is too much for a drawing")


class setting:
    """Set fields of the context for the length of a `with` block.

    It is no generator: one that Ctrl-C leaves half way is ended by Python when its memory is freed,
    and would then put back what has long been put in order.
    """

    def __init__(self, **values):
        self.values = values

    def __enter__(self):
        self.before = {name: getattr(context, name) for name in self.values}
        for name, value in self.values.items():
            setattr(context, name, value)

    def __exit__(self, *error):
        for name, value in self.before.items():
            setattr(context, name, value)


# ---------------------------------------------------------------------------------------------
# Arrays


_library = np  # NumPy or CuPy
home = np.ndarray  # the type of its arrays
movable = weakref.WeakSet()  # what is told when the library changes: all variables
_origins = {}  # id of an array on the GPU -> (weak reference to it, the host array it came from)


class use:
    """Compute with another array library from now on: `use("cupy")` for a GPU, `use("numpy")`.

    With `with use("cupy"):` the former library is back after the block. It holds for all threads.

    Whatever is made from then on lies in the library in use: new tensors and weights, and each
    batch of arrays that layers, ops and `fit` are given, which is moved once. Variables (weights,
    the memory of optimizers, running sums of metrics) move when they are next used, so one model
    may be trained on one side and used on the other. Other tensors stay where they are: an op
    refuses those of the other side, and `Tensor(t)` moves one. `.numpy()` gives host arrays
    anywhere. All random numbers are drawn on the host, so equal seeds give equal draws; sums may
    differ in their last digits. Models are drawn on the host.

    Raises ValueError for another name, ImportError if CuPy is not installed, and RuntimeError if
    CuPy finds no GPU.
    """

    def __init__(self, library):
        self.before = _library
        _switch(_find(library))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        _switch(self.before)


def _find(name):
    if name == "numpy":
        return np
    if name != "cupy":
        raise ValueError(f'use: the library is "numpy" or "cupy", got {name!r}')
    try:
        import cupy
    except ImportError as error:
        raise ImportError(
            'use("cupy"): CuPy cannot be imported. For an NVIDIA GPU with a driver for CUDA 13, '
            f"`pip install minigraph[gpu]` installs it. ({error})"
        ) from None
    if not cupy.cuda.is_available():  # it can be imported anywhere
        raise RuntimeError(
            f'use("cupy"): CuPy {cupy.__version__} is installed, but finds no GPU that it can use '
            "on this machine. Everything runs on the CPU, slower, without this line."
        )
    return cupy


def _switch(library):
    global _library, home
    if library is not _library:
        _library, home = library, library.ndarray
        for variable in list(movable):
            variable.let_go()


def array_module(*arrays):
    """The library that the arrays belong to; without arrays, the library in use."""
    for array in arrays:
        if isinstance(array, np.ndarray):
            return np
        if is_on_device(array):
            import cupy

            return cupy
    return np if context.drawing is not None else _library


def is_on_device(value):
    """Whether a value is an array on a GPU."""
    return type(value).__module__.partition(".")[0] == "cupy" and hasattr(value, "dtype")


def is_array(value):
    """Whether a value is an array, on the host or on a GPU."""
    return isinstance(value, np.ndarray) or is_on_device(value)


def to_host(array):
    """An array as a NumPy array; what is no array on a GPU stays as it is."""
    return array.get() if is_on_device(array) else array


def to_library(array):
    """An array, moved into the library in use if it lies elsewhere; other values stay."""
    if type(array) is home is np.ndarray:  # nearly always
        return array
    xp = array_module()
    if not is_array(array) or array_module(array) is xp:
        return array
    return to_host(array) if xp is np else xp.asarray(array)


def remember(moved, origin):
    """Note the host array that the numbers of an array on the GPU came from (see `to_check`)."""
    origin = origin if isinstance(origin, np.ndarray) else _origin(origin)
    if origin is not None and is_on_device(moved):
        key = id(moved)
        _origins[key] = weakref.ref(moved, lambda _: _origins.pop(key, None)), origin


def _origin(array):
    """The host array that an array on the GPU came from, or the whole of which it is a view."""
    found = _origins.get(id(array)) or _origins.get(id(array.base))
    return found and found[1]


def to_check(array):
    """NumPy arrays that hold the numbers of an array, to check them: if one is right, all is well.

    A GPU reads a place that does not exist without a word. To look at what lies there means to
    wait, so what is known from before the move comes first; it may hold more than a view of it.
    """
    if isinstance(array, np.ndarray):
        yield array
        return
    origin = _origin(array)
    if origin is not None:
        yield origin
    yield array.get()


def flushed(array):
    """The array with 0 for numbers that are almost too small for its type.

    Below 1e-38 a float32 has no room for all its digits, and a processor takes fifty times as long
    for it. What shrinks step by step, such as a gradient on a long way back, comes there and stays
    for a while. The margin of 2^32 leaves it time to shrink further before it is asked again.
    """
    if array.dtype.name not in ("float32", "float64"):
        return array
    return array * (abs(array) >= np.finfo(array.dtype).tiny * 2**32)


_floatx = "float32"


def floatx():
    """The default float type, a string."""
    return _floatx


def set_floatx(dtype):
    """Make `dtype` ("float16", "float32" or "float64") the type of new weights and inputs.

    Raises ValueError for any other.
    """
    global _floatx
    if dtype not in FLOATS:
        raise ValueError(f"floatx must be one of {', '.join(FLOATS)}, got {dtype!r}")
    _floatx = dtype


def epsilon():
    """The small number that keeps logarithms and divisions away from zero: 1e-7."""
    return EPSILON


def standard_dtype(dtype, argument="dtype"):
    """The name of a dtype, or a ValueError that names the argument.

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
        raise ValueError(
            f"{argument}={dtype!r} is not a known number type, such as 'float32' or 'int32'"
        )
    return known.name


def is_number(value, least=-math.inf):
    """Whether `value` is a finite number, no bool and no text, of at least `least`."""
    if isinstance(value, (bool, np.bool_, str)) or value is None:
        return False
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return False
    return math.isfinite(number) and number >= least


def as_numbers(value):
    """An array of `value`; Python floats become the default float, Python ints int32 or int64.

    Arrays stay where they are.
    """
    array = value
    if not is_array(value):
        array = np.asarray(value)
        if array.dtype == np.float64 and not isinstance(value, np.generic):
            array = array.astype(floatx())
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"expected numbers, got {type(value).__name__} with dtype {array.dtype}. "
            "Text must be turned into numbers first, and rows must have equal length."
        )
    return array


def to_array(value):
    """Like `as_numbers`, moved into the library in use."""
    array = as_numbers(value)
    if type(array) is home:
        return array
    moved = to_library(array)
    remember(moved, array)
    return moved


# ---------------------------------------------------------------------------------------------
# Random streams: one process-wide source that only hands out seeds

_lock = threading.Lock()
_seeds = None  # made when first asked: to load NumPy's random numbers takes a while


def next_seed():
    """A fresh seed from the process-wide source; whoever draws keeps a stream of its own."""
    global _seeds
    with _lock:
        _seeds = _seeds or np.random.default_rng()
        return int(_seeds.integers(2**63))


def set_random_seed(seed):
    """Make everything that follows repeatable: initial weights, dropout, shuffling.

    Also seeds Python's `random` and NumPy's global generator.

    Raises ValueError if the seed is no integer from 0 to 2**32 - 1.
    """
    global _seeds
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer from 0 to 2**32 - 1, got {seed!r}")
    with _lock:
        _seeds = np.random.default_rng(int(seed))
    import random

    random.seed(int(seed))
    np.random.seed(int(seed))


class RandomStream:
    """A random stream of one's own, as every random layer and every model keeps.

    All draws happen on the host, so the same seed gives the same numbers on every device.
    """

    def __init__(self, seed=None):
        self.seed = next_seed() if seed is None else seed
        self._generator = np.random.default_rng(self.seed)

    @property
    def generator(self):
        """NumPy's generator; while a symbolic call is tried out, a scratch one."""
        return self._generator if context.drawing is None else np.random.default_rng(0)

    @property
    def state(self):
        """Where the stream stands, as plain JSON: its long numbers are texts in hexadecimal.

        Raises ValueError if what is assigned is no such state.
        """
        state = self._generator.bit_generator.state
        return state | {"state": {name: hex(number) for name, number in state["state"].items()}}

    @state.setter
    def state(self, state):
        inner = {name: int(text, 16) for name, text in state["state"].items()}
        self._generator.bit_generator.state = state | {"state": inner}
        if self.state != state:
            raise ValueError("a random stream has no valid state")


# ---------------------------------------------------------------------------------------------
# Automatic names

_names = Counter()


def unique_name(base):
    """`base`, then `base_1`, `base_2`, ... counted over the whole process."""
    with _lock:
        names = _names if context.names is None else context.names
        count = names[base]
        names[base] += 1
    return f"{base}_{count}" if count else base


def clear_session():
    """Start the automatic names anew: the next `Dense` is called `dense` again."""
    with _lock:
        _names.clear()
