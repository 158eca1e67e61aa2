"""A stand-in for CuPy on machines without a GPU: NumPy behind it, and a strict doorman in front.

It refuses what CuPy refuses: NumPy's functions and arrays, lists where arrays are wanted, names and
parameters that CuPy lacks (as `record_cupy.py` wrote them down), atomic sums. Some things that CuPy
allows but that hide mistakes are refused too: iteration, and assigning twice to one place. As on
a GPU, a place that does not exist is another one, and nothing warns of overflow. `waits` lists
whatever would have made the host wait for the GPU.
"""

import functools
import json
import operator
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np

NAMES = json.loads(Path(__file__).with_name("cupy_names.json").read_text("utf-8"))
FROM_HOST = {"array", "asarray", "asanyarray", "ascontiguousarray"}
SHAPE_FIRST = {"zeros", "ones", "empty", "full", "result_type"}
LISTS_OF_ARRAYS = {"concatenate", "stack", "vstack", "hstack", "broadcast_arrays"}
WAITING = {"unique", "bincount", "nonzero", "argwhere", "flatnonzero", "array_equal"}
waits = []


def refuse(what):
    raise TypeError(f"CuPy would refuse this: {what}")


def to_numpy(value, host_allowed=False):
    """What stands behind an argument; arrays of NumPy are refused."""
    if isinstance(value, ndarray):
        return value.behind
    if isinstance(value, np.ndarray) and not host_allowed:
        refuse("an array of NumPy among its own")
    if type(value) in (list, tuple):
        return type(value)(to_numpy(item, host_allowed) for item in value)
    if isinstance(value, slice | str | bytes | int | float | complex | np.generic | None):
        return value
    if isinstance(value, type | np.dtype) or value is Ellipsis or isinstance(value, range):
        return value
    return value if host_allowed and isinstance(value, np.ndarray) else refuse(f"{type(value)}")


def wrapped(result, sources=()):
    """The result of NumPy as one of the stand-in, with the array of which it is a view."""
    if isinstance(result, tuple | list):
        return type(result)(wrapped(item, sources) for item in result)
    if not isinstance(result, np.ndarray | np.generic):
        return result
    array = ndarray(np.asarray(result))
    for source in sources:
        if isinstance(source, ndarray) and array.behind.base is not None:
            if array.behind.base is source.behind or array.behind.base is source.behind.base:
                array.base = source if source.base is None else source.base
    return array


def check_keywords(place, name, kwargs):
    known = NAMES[place].get(name)
    unknown = set(kwargs) - set(known.split()) if known and "kwargs" not in known.split() else ()
    if unknown:
        refuse(f"{place}.{name} has no parameter {', '.join(unknown)}")


def run(place, name, fn, args, kwargs, host_allowed=False):
    """Call NumPy's function, and give back arrays of the stand-in."""
    check_keywords(place, name, kwargs)
    if name in WAITING or (name == "where" and len(args) + len(kwargs) == 1):
        waits.append(name)
    given = [to_numpy(arg, host_allowed) for arg in args]
    named = {key: to_numpy(arg, host_allowed) for key, arg in kwargs.items()}
    with np.errstate(all="ignore"):
        result = fn(*given, **named)
    return kwargs["out"] if kwargs.get("out") is not None else wrapped(result, args)


class Function:
    """A function of CuPy."""

    def __init__(self, place, name, fn):
        self.place, self.name, self.fn = place, name, fn

    def __call__(self, *args, **kwargs):
        name, first = self.name, args[0] if args else None
        if isinstance(self.fn, np.ufunc):
            if any(isinstance(arg, list | tuple) for arg in args):
                refuse(f"a list in {name}")
            if not any(isinstance(arg, ndarray) for arg in args):
                refuse(f"{name} without an array of its own")
        elif isinstance(first, list | tuple) and name not in FROM_HOST | SHAPE_FIRST:
            if name not in LISTS_OF_ARRAYS or not all(isinstance(a, ndarray) for a in first):
                refuse(f"a list in {name}")
        return run(self.place, name, self.fn, args, kwargs, name in FROM_HOST)


class Grid:
    """`ogrid` and `mgrid`."""

    def __init__(self, grid):
        self.grid = grid

    def __getitem__(self, key):
        return wrapped(self.grid[key])


class Namespace(ModuleType):
    """A module of CuPy: only the names that were written down."""

    def __init__(self, name, numpy_module, **more):
        super().__init__(name)
        self.numpy_module = numpy_module
        vars(self).update(more)

    def __getattr__(self, name):
        if name not in NAMES[self.__name__]:
            raise AttributeError(f"{self.__name__} {NAMES['version']} has no {name!r}")
        thing = getattr(self.numpy_module, name)
        if name in ("ogrid", "mgrid"):
            return Grid(thing)
        plain = isinstance(thing, type) or not callable(thing)
        found = thing if plain else Function(self.__name__, name, thing)
        setattr(self, name, found)
        return found


def index(array, key):
    """A key as NumPy needs it: places that do not exist wrap, as they do on a GPU."""
    parts, axis, fixed = key if isinstance(key, tuple) else (key,), 0, []
    width = [0 if p is None else p.ndim if is_mask(p) else 1 for p in parts]
    for i, part in enumerate(parts):
        if isinstance(part, list | np.ndarray):
            refuse(f"{type(part)} as an index")
        if part is Ellipsis:
            axis = array.ndim - sum(width[i + 1 :])
        elif isinstance(part, ndarray):
            if is_mask(part):
                waits.append("index by a mask")
            wraps = part.dtype.kind in "iu"
            fixed.append(part.behind % max(array.shape[axis], 1) if wraps else part.behind)
            axis += width[i]
            continue
        else:
            axis += width[i]
        fixed.append(part)
    return tuple(fixed)


def is_mask(part):
    return isinstance(part, ndarray) and part.dtype.kind == "b"


class ndarray:
    """An array that lies on a GPU, as far as anybody can tell."""

    __array_priority__ = 100
    __hash__ = None

    def __init__(self, behind):
        self.behind, self.base = behind, None

    def __getattr__(self, name):
        if name not in NAMES["cupy.ndarray"] or name[0] == "_":
            raise AttributeError(f"cupy.ndarray {NAMES['version']} has no {name!r}")
        thing = getattr(self.behind, name)
        if not callable(thing):
            return wrapped(thing, [self])
        return functools.partial(self.method, name, thing)

    def method(self, name, fn, *args, **kwargs):
        result = run("cupy.ndarray", name, fn, args, kwargs)
        if isinstance(result, ndarray) and result is not kwargs.get("out"):
            return wrapped(result.behind, [self])
        return result

    def __array__(self, *_, **__):
        refuse("to be turned into an array of NumPy unasked; say .get()")

    def __array_function__(self, fn, *_):
        refuse(f"numpy.{fn.__name__}")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        scalars = all(isinstance(x, ndarray | np.generic) for x in inputs)
        if method != "__call__" or kwargs or not scalars or len(inputs) != 2:
            refuse(f"numpy.{ufunc.__name__}")
        return run("cupy", ufunc.__name__, ufunc, inputs, kwargs)  # number * array

    def __iter__(self):
        refuse("iteration, one small kernel after the other")

    def __len__(self):
        return len(self.behind)

    def __getitem__(self, key):
        return wrapped(self.behind[index(self, key)], [self])

    def __setitem__(self, key, value):
        place = index(self, key)
        if any(isinstance(part, np.ndarray) and part.dtype.kind in "iu" for part in place):
            cells = np.arange(self.size).reshape(self.shape)[place]
            if np.unique(cells).size < cells.size:
                refuse("two values for one place")
        self.behind[place] = to_numpy(value)

    def get(self):
        waits.append("get")
        return self.behind.copy()

    def item(self):
        waits.append("item")
        return self.behind.item()

    def tolist(self):
        waits.append("tolist")
        return self.behind.tolist()

    def scatter_add(self, *_):
        refuse("an atomic sum: its order is left to chance, and int64 has none")


def waiting(name):
    def method(self, *args):
        waits.append(name)
        return getattr(self.behind, name)(*args)

    return method


def two_sided(name):
    apply = getattr(operator, name)

    def forward(self, other, swap=False):
        if isinstance(other, np.ndarray | list | tuple):
            refuse(f"{type(other)} in {name}")
        if not isinstance(other, ndarray | int | float | np.generic):
            return NotImplemented
        pair = (self.behind, to_numpy(other))
        with np.errstate(all="ignore"):
            return wrapped(apply(*(pair[::-1] if swap else pair)))

    return forward, functools.partialmethod(forward, swap=True)


def in_place(name):
    def method(self, other):
        with np.errstate(all="ignore"):
            getattr(np, name)(self.behind, to_numpy(other), out=self.behind, casting="same_kind")
        return self

    return method


def no_matmul_in_place(self, other):
    refuse("a @= b")


for _name in ("float", "int", "bool", "complex", "repr", "str", "format"):
    setattr(ndarray, f"__{_name}__", waiting(f"__{_name}__"))
for _name in "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split():
    _forward, _back = two_sided(f"__{_name}__")
    setattr(ndarray, f"__{_name}__", _forward)
    setattr(ndarray, f"__r{_name}__", _back)
for _name in "eq ne lt le gt ge".split():
    setattr(ndarray, f"__{_name}__", two_sided(f"__{_name}__")[0])
for _name, _numpy in {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "pow": "power",
    "floordiv": "floor_divide", "mod": "remainder", "and": "bitwise_and", "or": "bitwise_or",
}.items():  # fmt: skip
    setattr(ndarray, f"__i{_name}__", in_place(_numpy))
for _name in "neg pos abs invert".split():
    _apply = getattr(operator, f"__{_name}__")
    setattr(ndarray, f"__{_name}__", lambda self, apply=_apply: wrapped(apply(self.behind)))
ndarray.__imatmul__ = no_matmul_in_place
ndarray.__hash__ = None
ndarray.__module__ = "cupy"


def make(available=True):
    """The stand-in as a module."""
    tricks = Namespace("cupy.lib.stride_tricks", np.lib.stride_tricks)
    return Namespace(
        "cupy", np, ndarray=ndarray, __version__=f"{NAMES['version']} (stand-in)",
        asnumpy=lambda array: array.get(), linalg=Namespace("cupy.linalg", np.linalg),
        lib=SimpleNamespace(stride_tricks=tricks),
        cuda=SimpleNamespace(is_available=lambda: available),
    )  # fmt: skip


@contextmanager
def installed(available=True):
    """`import cupy` gives the stand-in within the block."""
    before = sys.modules.get("cupy")
    sys.modules["cupy"] = make(available)
    waits.clear()
    try:
        yield sys.modules["cupy"]
    finally:
        del sys.modules["cupy"]
        if before is not None:
            sys.modules["cupy"] = before
