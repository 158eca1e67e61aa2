"""Gradients of gradients: a backward pass that is recorded by the tape around it.

    with Tape() as outer:
        with Tape() as inner:
            score = ops.sum(critic(inner.watch(x)))
        gradient = inner.gradient(score, x)  # the outer tape records this
        penalty = ops.mean((ops.norm(gradient, axis=-1) - 1) ** 2)
    outer.gradient(penalty, critic.trainable_weights)

The function of an op computes with operators, methods of arrays and functions of NumPy. Within two
tapes it is called again, on `TensorArray`s, which offer the same but run ops: so the backward
function that it returns is made of ops. Fused ops, which write into arrays, lend their plain twin.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..core import tree
from ..core.context import context
from ..core.device import array_module
from ..core.tensor import OPS, Tape, Tensor, array_function, open_tape
from ..core.types import Array
from . import conv, linalg, nn, pooling, recurrent
from .arrays import add_at, arange, one_hot, ones, zeros
from .math import cast, identity, reduce_sum


class Library:
    """The ops under the names of NumPy: what `array_module` gives for a `TensorArray`."""

    def __getattr__(self, name: str) -> Any:
        return array_module().ogrid if name == "ogrid" else partial(run, name)


class TensorArray:
    """A tensor that the functions of ops take for an array; what they do with it is recorded."""

    library: Library = Library()
    base: None = None  # what the fast forms of ops ask for
    c_contiguous: bool = False
    __array_ufunc__ = None  # `array * tensor_array` is left to `__rmul__`

    def __init__(self, tensor: Any):
        self.tensor: Any = tensor
        self.shape: tuple[int, ...] = tensor.shape
        self.ndim: int = tensor.ndim
        self.size: int = tensor.size
        self.dtype: Any = tensor.value.dtype

    def __getattr__(self, name: str) -> Any:
        if name in ("T", "flags"):
            return run("transpose", self) if name == "T" else self
        return partial(run, name, self)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a backward function that is being recorded calls NumPy itself")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        return run("getitem", self, key=key)

    def add_at(self, x: Any, key: Any) -> Any:
        """The function `add_at` of this gradient; the gradient of reading is writing."""
        key, x = tree.map(array_of, key), array_of(x)
        return TensorArray(linear(self.tensor, partial(add_at, x, key), lambda d: d[key]))


OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "mod": "mod",
    "pow": "power", "matmul": "matmul", "lt": "less", "le": "less_equal", "gt": "greater",
    "ge": "greater_equal", "eq": "equal", "ne": "not_equal", "and": "logical_and",
    "or": "logical_or", "neg": "negative", "invert": "logical_not", "abs": "abs",
}  # fmt: skip
for _name, _op in OPERATORS.items():
    setattr(TensorArray, f"__{_name}__", lambda *args, op=_op: run(op, *args))
    setattr(TensorArray, f"__r{_name}__", lambda self, other, op=_op: run(op, other, self))


def unwrapped(value: Any) -> Any:
    return value.tensor if isinstance(value, TensorArray) else value


def array_of(value: Any) -> Any:
    return value.tensor.value if isinstance(value, TensorArray) else value


def wrapped(value: Any) -> Any:
    return TensorArray(value) if isinstance(value, Tensor) else value


OTHER_NAMES: dict[str, Callable[..., Any]] = {
    "astype": cast,
    "ones": ones,
    "zeros": zeros,
    "arange": arange,
    "asarray": lambda x: x,
    "where": lambda condition, a, b: OPS["where"](condition, *exactly(a, b)),
    "ndim": lambda x: getattr(x, "ndim", 0),
    "isfinite": lambda x: Tensor(array_module(x.value).isfinite(x.value)),
    "einsum": lambda subscripts, *x, optimize: linalg.einsum(subscripts, *x),
}


def exactly(*numbers: Any) -> Any:
    """Python numbers in the widest type: alone they would get the default one."""
    alone = all(isinstance(number, (int, float)) for number in numbers)
    return [array_module().asarray(n, "float64") for n in numbers] if alone else numbers


def run(name: str, *args: Any, out: None = None, **settings: Any) -> Any:
    """The op with a name of NumPy, on TensorArrays."""
    if out is not None:
        raise TypeError(f"{name} writes into an array while it is being recorded")
    if name == "reshape" and len(args) > 2:
        args = args[0], args[1:]
    result = OTHER_NAMES.get(name, OPS.get(name))
    if result is None:
        raise AttributeError(f"there is no op {name!r}")
    return tree.map(wrapped, result(*tree.map(unwrapped, args), **settings))


def linear(x: Tensor, there: Callable[..., Array], back: Callable[..., Array]) -> Tensor:
    """A linear map of a tensor, recorded: `there`, of which `back` is the transpose."""
    y = Tensor(there(x.value), x.tracked)

    def backward(g: Any) -> list[Any]:
        recorded = isinstance(g, TensorArray)
        return [TensorArray(linear(g.tensor, back, there)) if recorded else back(g)]

    tape = open_tape(context.tape)
    if x.tracked and tape is not None:
        tape.record("add_at", y, [x], backward)
    return y


# ---------------------------------------------------------------------------------------------
# The backward function of an op within two tapes


def from_labels(target: Tensor, output: Tensor, from_logits: bool = False) -> Any:
    """`sparse_categorical_crossentropy` with one-hot targets."""
    hits = one_hot(target, output.shape[-1], dtype=output.dtype)
    return nn.categorical_crossentropy(hits, output, from_logits)


TWINS: dict[str, Callable[..., Any]] = {"sparse_categorical_crossentropy": from_labels} | {
    name: getattr(module, f"{name}_plain")
    for module, names in [
        (nn, ("dense", "batch_norm")),
        (conv, ("conv", "conv_transpose")),
        (pooling, ("max_pool", "average_pool")),
        (recurrent, ("simple_rnn", "lstm", "conv_lstm", "gru")),
    ]
    for name in names
}
# A product of several zeros is taken apart with `where`, which hides how it depends on them.
# The others write into arrays and have no twin.
KNOWN = frozenset(OPS) - {"prod", "resize", "extract_patches", "depthwise_conv"}


def recordable(
    op: Callable[..., Any],
    arrays: Sequence[Any],
    values: Sequence[Array],
    settings: dict[str, Any],
    backward: Any,
) -> Callable[[Any], Any]:
    """A backward function that also takes TensorArrays: then its steps are ops."""

    def apply(g: Any) -> Any:
        if not any(isinstance(part, TensorArray) for part in tree.flatten(g)):
            return each_part(backward, g)
        name = op.__name__
        for array, value in zip(arrays, values, strict=True):
            if isinstance(array, Tensor) and array.value is not value:
                raise RuntimeError(f"{array!r} was assigned between {name} and its backward pass")
        if name in TWINS:
            return through_twin(TWINS[name], arrays, settings, g)
        if name not in KNOWN:
            return opaque(name, arrays, backward, g)
        indexed = name.startswith("take")  # its indices stay arrays
        given = [
            TensorArray(a if isinstance(a, Tensor) else Tensor(v))
            if hasattr(v, "dtype") and not (indexed and v.dtype.kind != "f")
            else v
            for a, v in zip(arrays, values, strict=True)
        ]
        return each_part(array_function(op)(*given, **settings)[1], g)

    return apply


def each_part(backward: Any, g: Any) -> Any:
    """The gradients of all inputs, from either form of a backward function."""
    return backward(g) if callable(backward) else [fn and partial(fn, g) for fn in backward]


def through_twin(
    twin: Callable[..., Any], arrays: Sequence[Any], settings: dict[str, Any], g: Any
) -> list[Any]:
    """The gradients that a tape finds for the plain twin of an op."""
    tensors = [None if a is None else identity(a) for a in arrays]  # each one is another tensor
    with Tape() as tape:
        outputs = zip(tree.flatten(twin(*tensors, **settings)), tree.flatten(g), strict=True)
        total: Any = sum(reduce_sum(y * part.tensor) for y, part in outputs if part is not None)
    sources = [t for t in tensors if t is not None and t.tracked]
    found = dict(zip(map(id, sources), tape.gradient(total, sources), strict=True))
    return [None if found.get(id(t)) is None else TensorArray(found[id(t)]) for t in tensors]


def opaque(name: str, arrays: Sequence[Any], backward: Any, g: Any) -> list[Any]:
    """The gradients of an op whose backward function cannot be recorded: they have none."""
    parts = each_part(backward, tree.map(array_of, g))
    found: list[Any] = []
    for array, part in zip(arrays, parts, strict=True):
        wanted = isinstance(array, Tensor) and array.tracked and part is not None
        value = part() if wanted and callable(part) else part
        found.append(TensorArray(Tensor(value, tracked=True)) if wanted else None)
        if wanted and (tape := open_tape(context.tape)) is not None:
            tape.record(f"gradient of {name}", found[-1].tensor, [], partial(refuse, name))
    return found


def refuse(name: str, g: Any) -> None:
    raise NotImplementedError(
        f"{name}: the gradient of its gradient is not known. Compute the same with other ops, or "
        "call `inner.gradient` after the outer tape is closed, if its result is only read"
    )


Tape._recordable, Tape._array_of_tensor = recordable, lambda value: TensorArray(Tensor(value))
