"""Tensors, variables, and the tape that records operations for backpropagation.

`Tensor` wraps an array. `@op` turns a plain function of arrays into one of tensors. While a `Tape`
is open it records each op that runs, with its backward function.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial, wraps
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ParamSpec, Self, overload
from weakref import ref

import numpy as np

from . import device, registry, tree
from .context import context, setting
from .device import array_module, as_numbers, to_array, to_backend, to_host
from .dtypes import converted, in_float_type_of, standard_dtype
from .errors import OP_ERRORS, raise_named
from .interrupts import restores_context, silently
from .operators import OPS, Operators
from .random import next_seed
from .signatures import OpSignature
from .types import Array, DType, Structure, TensorLike

# Infinities and NaNs show in the values, on every device alike. NumPy's warnings would add noise:
# some BLAS kernels raise the flag for "invalid" on products of ordinary numbers.
silenced: Callable[[], AbstractContextManager[Any]] = partial(np.errstate, all="ignore")
NOTHING_TO_SET = nullcontext()

P = ParamSpec("P")  # the arguments of an op: those of the function it is made from
MASK_RULES: dict[str, Callable[..., None]] = {}  # of the ops that masks pass: see `graph/masks`


class Tensor(Operators):
    """A value: an array, and whether gradients are to flow through it.

    `mask`, if not None, is a boolean array that says which time steps are real.

    Args:
        value: An array, a number, a nested list or another tensor; an array of the active backend
            is kept, not copied.
        tracked: Whether a tape records the ops on this tensor (default False).
    Example:
        >>> x = keras.Tensor([1.0, 2.0])
        >>> 10 * x + 1
        Tensor([11., 21.], shape=(2,), dtype=float32)
    """

    __slots__ = ("value", "tracked", "mask")
    value: Array
    tracked: bool
    mask: Array | None

    def __init__(self, value: TensorLike, tracked: bool = False):
        self.value = value if type(value) is device.array_type else to_array(as_array(value))
        self.tracked = tracked
        self.mask = None

    @property
    def _keras_mask(self) -> Array | None:  # the name of `mask` in Keras
        return self.mask

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self.value.shape

    @property
    def dtype(self) -> str:
        """The name of the data type, such as "float32"."""
        return self.value.dtype.name

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def numpy(self) -> np.ndarray:
        """The value as a NumPy array on the host."""
        return to_host(self.value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if not isinstance(self.value, np.ndarray):
            raise TypeError("this tensor lives on a GPU: write .numpy() to bring it to the host")
        return np.array(self.value, dtype=dtype, copy=copy)

    def item(self) -> Any:
        """The value of a tensor with one element, as a Python number."""
        return self.value.item()

    def __float__(self) -> float:
        return float(self.value.item())

    def __int__(self) -> int:
        return int(self.value.item())

    def __bool__(self) -> bool:
        return bool(self.value)

    def __format__(self, spec: str) -> str:
        """`f"{loss:.3f}"` works for a tensor with one element."""
        return format(self.item(), spec) if spec else str(self)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor with no axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        few = {"precision": 4, "threshold": 8, "edgeitems": 2, "separator": ", "}
        values = np.array2string(self.numpy(), **few)
        return f"{type(self).__name__}({values}, shape={self.shape}, dtype={self.dtype})"


class Variable(Tensor):
    """A named tensor that an optimizer may assign.

    If `initial` is a function, it is called when the value is first needed, so a model can be built
    and counted before any weight takes memory. When another backend has become active, the value
    moves to it at that moment. `learnable` says what the variable was made for; `trainable` may be
    switched off to freeze it.

    Args:
        initial: The first value: an array or what becomes one, or a function `(shape, dtype, seed)
            -> array`.
        shape: Size of each axis, needed if `initial` is a function; else that of the value counts
            (default None).
        dtype: Data type of the value; None (default) means that of an array, and `config.floatx()`
            for a function.
        name: What summaries, errors and files call it (default "variable").
        trainable: Whether an optimizer may change the value (default True).
    Example:
        >>> w = keras.Variable([1.0, 2.0], name="w")
        >>> w.assign_add([10.0, 0.0]).numpy()
        array([11.,  2.], dtype=float32)
    """

    __slots__ = (
        *("_shape", "_dtype", "name", "_initial", "_seed", "learnable", "constraint"),
        "__weakref__",
    )

    value: Array
    tracked: bool
    mask: Array | None
    name: str
    learnable: bool
    constraint: Callable[..., Any] | None  # what an optimizer's new value goes through, or None
    _initial: Any

    def __init__(
        self,
        initial: TensorLike | Callable[..., Array],
        shape: Any = None,
        dtype: DType = None,
        name: str = "variable",
        trainable: bool = True,
    ):
        if callable(initial):
            self._shape, self._dtype = tuple(shape), standard_dtype(dtype)
            self._initial, self._seed = initial, next_seed()
        else:
            array = as_numbers(as_array(initial))
            dtype = array.dtype if dtype is None else standard_dtype(dtype)
            self._initial = converted(array, dtype, f"variable {name!r}")
            self._shape, self._dtype = array.shape, self._initial.dtype.name
        device.follow(self)
        self.name = name
        self.learnable = self.tracked = bool(trainable)
        self.mask = self.constraint = None
        # `value` stays unset until it is needed: then Python calls `__getattr__`.

    if not TYPE_CHECKING:  # else an editor would believe that a variable has every attribute

        def __getattr__(self, attribute):
            # Python comes here only while the slot is empty: a filled variable costs nothing extra.
            if attribute != "value":
                kind = type(self).__name__
                raise AttributeError(f"{kind!r} object has no attribute {attribute!r}")
            return self._first_value()

    def _first_value(self) -> Array:
        """Make the value of a variable that has none in memory yet."""
        if context.tracing is not None:  # only the shape matters: this takes no memory
            return device.zeros_without_memory(self._shape, self._dtype)
        start = self._initial
        if callable(start):
            start = np.asarray(start(self._shape, self._dtype, self._seed))
            start = converted(start, self._dtype, f"variable {self.name!r}")
        self.value = to_backend(start)
        if (
            start is self._initial
        ):  # an array, which is now the value; a function may be asked again
            self._initial = None
        return self.value

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        for slot, value in state[1].items():
            setattr(self, slot, value)
        device.follow(self)

    def release(self) -> None:
        """Keep the value as the initial one; it moves to the new backend when it is next needed."""
        with suppress(AttributeError):  # there is no value yet
            self._initial = object.__getattribute__(self, "value")
            del self.value

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis, known before the value is."""
        return self._shape

    @property
    def dtype(self) -> str:
        """The name of the data type, known before the value is."""
        return self._dtype

    @property
    def trainable(self) -> bool:
        """Whether gradients are wanted, so that an optimizer moves the value."""
        return self.tracked

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self.tracked = bool(trainable)

    def assign(self, value: TensorLike) -> Self:
        """Replace the value by one of the same shape; raises ValueError for any other.

        Args:
            value: The new value. Other data types are converted, if the variable's can hold them.
        """
        array = to_array(as_array(value))
        if array.shape != self._shape:
            raise ValueError(
                f"variable {self.name!r} has shape {self._shape}, cannot assign shape {array.shape}"
            )
        if context.tracing is None:  # a symbolic call has no side effects
            # A copy: the caller's array stays the caller's.
            self.value = converted(array, self._dtype, f"variable {self.name!r}")
        return self

    def assign_add(self, value: TensorLike) -> Self:
        """Add to the value; raises ValueError if that changes its shape.

        Args:
            value: What is added; its shape is broadcast.
        """
        return self.assign(self.value + to_operand(as_array(value)))

    def assign_sub(self, value: TensorLike) -> Self:
        """Subtract from the value; raises ValueError if that changes its shape.

        Args:
            value: What is subtracted; its shape is broadcast.
        """
        return self.assign(self.value - to_operand(as_array(value)))

    def __repr__(self) -> str:
        return f"Variable({self.name!r}, shape={self.shape}, dtype={self.dtype})"


# How values are converted, from the weakest form to the strongest:
#   as_array(x)             a tensor becomes its array; anything else is returned unchanged
#   device.as_numbers(x)    an array, left where it is; Python floats get the default float type
#   device.to_array(x)      the same, moved to the active backend
#   to_operand(x)           the same, but Python numbers stay Python numbers
#   device.on_backend(a)    no conversion: a TypeError unless the array is on the active backend


def as_array(value: Any) -> Any:
    """The array inside a tensor; anything else is returned unchanged."""
    return value.value if isinstance(value, Tensor) else value


# ---------------------------------------------------------------------------------------------
# The tape


class Tape:
    """The ops that ran while it was open, in the order in which they ran.

        with Tape() as tape:
            loss = ...
        gradients = tape.gradient(loss, variables)

    Tapes may be nested: the outer one records the ops of the inner one, too. While it is open, it
    also records the backward pass of the inner one, so that it can differentiate a gradient.

    Example:
        >>> x = keras.Variable(3.0)
        >>> with keras.Tape() as tape:
        ...     y = x * x
        >>> tape.gradient(y, x).item()  # dy/dx = 2 x
        6.0
        >>> with keras.Tape() as outer:
        ...     with keras.Tape() as inner:
        ...         y = x**3
        ...     first = inner.gradient(y, x)
        >>> first.item(), outer.gradient(first, x).item()  # 3 x^2 and 6 x
        (27.0, 18.0)
    """

    __slots__ = ("records", "_outer", "_is_open", "__weakref__")
    _recordable: Any  # `ops/second_order`, which needs the ops, sets these two
    _array_of_tensor: Any

    def __init__(self):
        self.records: list[tuple[Any, ...]] = []
        self._outer, self._is_open = None, False

    # Ctrl-C may keep `__exit__` from running. The reference is weak, so that a tape which was left
    # open is forgotten together with its variable.
    def __enter__(self) -> Self:
        self._outer, context.tape, self._is_open = context.tape, ref(self), True
        return self

    def __exit__(self, *error: object) -> None:
        context.tape, self._is_open = self._outer, False

    def record(self, name: str, outputs: Any, inputs: list[Tensor | None], backward: Any) -> None:
        """Record one op that has run.

        Args:
            name: The name of the op, for errors in the backward pass.
            outputs: The tensor that it returned, or a tuple of tensors.
            inputs: The tensors that it was called on, with None for each that is not tracked.
            backward: From the gradients of the outputs to those of the inputs, as `op` describes
                it.
        """
        self.records.append((name, outputs, inputs, backward))
        if outer := open_tape(self._outer):
            outer.record(name, outputs, inputs, backward)

    def watch(self, tensor: Tensor) -> Tensor:
        """Mark a tensor that is not a variable, so that ops on it are recorded from now on.

        Args:
            tensor: The tensor to mark, which is also returned.
        Raises TypeError for anything but a tensor.
        """
        if not isinstance(tensor, Tensor):
            raise TypeError(f"a tape watches a Tensor, got {type(tensor).__name__}: wrap it first")
        tensor.tracked = True
        return tensor

    @restores_context
    def gradient(self, loss: Tensor, sources: Structure) -> Any:
        """The gradients of `loss` with respect to `sources`, as tensors in their structure.

        d loss / d x = sum over the ops that used x of (d loss / d output) * (d output / d x)

        Records are processed in reverse. Ops ran in a topological order, so by the time an op is
        reached, every op that used its output has contributed its gradient. Records are dropped on
        the way to free memory, so a tape can be used once. A source that the loss does not depend
        on has the gradient None.

        Args:
            loss: A tensor with one element, computed while the tape was open.
            sources: A variable or watched tensor, or nested lists, tuples and dicts of them.
        Raises ValueError if the loss is not a scalar or was not recorded, TypeError if it is not a
        tensor.
        """
        if not isinstance(loss, Tensor):
            raise TypeError(f"the loss must be a Tensor, got {loss!r:.80} ({type(loss).__name__})")
        if loss.value.size != 1:
            raise ValueError(
                "a gradient starts from a scalar, but the loss has shape "
                f"{loss.shape}: take its mean or sum"
            )
        wanted = tree.flatten(sources)
        keep = set(wanted)
        recorded = any(loss in tree.flatten(outputs) for _, outputs, *_ in reversed(self.records))
        if not recorded and loss not in keep:
            raise ValueError(
                "the loss was not recorded: compute it inside `with Tape() as tape:`, from "
                "variables or watched tensors. A tape can be used only once, since it frees its "
                "records."
            )
        outer = open_tape(self._outer)
        outer = outer if outer is not None and outer._is_open else None
        gradients = {loss: array_module(loss.value).ones_like(loss.value)}
        if outer is not None:  # compute with tensors, so that it records what is done
            gradients = {loss: Tape._array_of_tensor(gradients[loss])}
        with quietly(), setting(tape=outer and self._outer):
            while self.records:
                name, outputs, inputs, backward = self.records.pop()
                try:
                    self._backpropagate(outputs, inputs, backward, gradients, keep)
                except Exception as error:
                    error.add_note(f"in the backward pass of op {name!r}")
                    raise
        found = [gradients.get(tensor) for tensor in wanted]
        to_tensor = Tensor if outer is None else attrgetter("tensor")
        return tree.pack(sources, [None if g is None else to_tensor(g) for g in found])

    def _backpropagate(self, outputs, inputs, backward, gradients, keep):
        """Apply the chain rule to one op: from its outputs to its inputs. `op` tells what
        forms `backward` has.
        """
        upstream = take_gradients(outputs, gradients, keep)
        if upstream is None:  # the loss does not depend on this op
            return
        if callable(backward):  # one function for all inputs
            parts: Any = backward(upstream)
        else:  # one function for each input
            parts = [fn and partial(fn, upstream) for fn in backward]
        for tensor, part in zip(inputs, parts, strict=True):
            if tensor is None or part is None:
                continue
            part = part() if callable(part) else part  # computed only now that it is needed
            contribution = unbroadcast(part, tensor)
            before = gradients.get(tensor)
            gradients[tensor] = contribution if before is None else before + contribution


def open_tape(reference: "Callable[[], Tape | None] | None") -> Tape | None:
    """The tape that `context.tape` or another weak reference means, if there is one."""
    return None if reference is None else reference()


def take_gradients(outputs: Any, gradients: dict[Tensor, Array], keep: set[Tensor]) -> Any:
    """The gradient of an op's output, or None if the loss does not depend on it.

    For several outputs it is a list, with None where the loss does not depend on one. A gradient
    that is not to be kept is dropped once it is taken.
    """
    if type(outputs) is tuple:
        found = [take_gradients(output, gradients, keep) for output in outputs]
        return found if any(g is not None for g in found) else None
    return gradients.get(outputs) if outputs in keep else gradients.pop(outputs, None)


def unbroadcast(gradient: Array, tensor: Tensor) -> Array:
    """Bring a gradient to the shape and dtype of its tensor.

    Where the forward pass broadcast an axis, the backward pass sums over it.
    """
    array = tensor.value
    if gradient.shape != array.shape:
        extra = gradient.ndim - array.ndim
        gradient = gradient.sum(tuple(range(extra))) if extra else gradient
        repeated = tuple(i for i, n in enumerate(array.shape) if n != gradient.shape[i])
        gradient = gradient.sum(repeated, keepdims=True) if repeated else gradient
    return gradient if gradient.dtype == array.dtype else gradient.astype(array.dtype)


# ---------------------------------------------------------------------------------------------
# Ops


@overload
def op(fn: Callable[P, Any], *, name: str | None = None) -> Callable[P, Any]: ...
@overload
def op(fn: None = None, *, name: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]: ...
def op(fn: Callable[..., Any] | None = None, *, name: str | None = None) -> Any:
    """Make an op of `fn(*arrays, /, **settings) -> (value, backward)`.

        @op
        def multiply(a, b, /):
            return a * b, (lambda g: g * b, lambda g: g * a)

    Arrays come before `/`, settings after it. `value` is an array or a tuple of arrays. `g` is the
    gradient of the loss with respect to the value. `backward` is one of three: a tuple with one
    function for each input, from g to the gradient with respect to that input (None if there is
    none); one function from g to all of them, where it pays to compute them together (an entry may
    be a function of no arguments, called only if it is needed); or None, if the op has no gradient.

    Of an op with several outputs, `backward` gets a list, with None for an output that the loss
    does not depend on. The tape undoes broadcasting: it sums a gradient to the shape of its input.
    An op over a list is written as a variadic function, `def stack(*arrays, axis=0)`, and called as
    `stack([a, b])`.

    Args:
        fn: The function to make an op of; None (default) in the form `@op(name="max")`.
        name: What errors and files call the op; None (default) means the name of the function.
    Raises TypeError if there is no argument before `/`.
    Example:
        >>> @keras.op
        ... def cubed(x, /):
        ...     return x**3, (lambda g: g * 3 * x**2,)
        >>> x = keras.Variable(2.0)
        >>> with keras.Tape() as tape:
        ...     y = cubed(x)
        >>> y.item(), tape.gradient(y, x).item()
        (8.0, 12.0)
    """
    if fn is None:
        return lambda fn: op(fn, name=name)
    op_name = name or fn.__name__
    signature = OpSignature(fn, op_name)

    @wraps(fn)
    def apply(*args, **settings):
        args, settings = signature.bind(args, settings)
        arrays, masked = args[0] if signature.takes_list else args, False
        for array in arrays:
            if isinstance(array, Tensor):
                masked = masked or array.mask is not None
            elif overrides_calls(array):  # a symbol: add a node
                return array.__minigraph_function__(apply, args, settings)

        arrays = signature.with_defaults(arrays)  # an array may be left out, such as a bias
        values = values_of(arrays)
        try:
            if context.budget is not None:  # a model that is read from a file is being traced
                context.budget.charge(op_name, values, settings)
            compute = fn if context.quiet else partial(silently, fn)
            value, backward = compute(*values, **settings)
        except OP_ERRORS as error:
            raise_named(error, op_name, values)

        typing = () if "dtype" in settings else values  # a type that was asked for stays
        tape = open_tape(context.tape)
        inputs = [a if isinstance(a, Tensor) and a.tracked else None for a in arrays]
        if backward is None or inputs.count(None) == len(inputs):
            tape = None  # there is nothing to record
        output = wrapped(value, typing, tracked=tape is not None)
        if tape is not None:
            if tape._outer is not None:
                backward = Tape._recordable(apply, arrays, values, settings, backward)
            tape.record(op_name, output, inputs, backward)
        if masked and op_name in MASK_RULES:
            MASK_RULES[op_name](arrays, settings, output)
        return output

    apply.__name__ = op_name
    OPS[op_name] = apply
    registry.register(apply)
    return apply


def array_function(op: Callable[P, Any]) -> Callable[P, Any]:
    """The function that an op was made from: it takes arrays and returns (value, backward)."""
    return vars(op)["__wrapped__"]


def overrides_calls(argument: Any) -> bool:
    """Return whether an argument intercepts calls, as NumPy's `__array_function__` does."""
    return hasattr(type(argument), "__minigraph_function__")


def values_of(arguments: Iterable[Any]) -> list[Array]:
    """The operands of an op: the arrays of tensors; anything else as an array or a number."""
    values = [
        device.on_backend(a.value) if isinstance(a, Tensor) else to_operand(a) for a in arguments
    ]
    if all(map(is_python_number, values)):  # nothing gives them a type: they get the defaults
        return [to_array(number) for number in values]
    # A trace computes on the host, whatever the active backend is.
    return values if context.tracing is None else device.traced_operands(values)


def is_python_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def to_operand(value: Any) -> Any:
    """The operand for an argument that is not a tensor: arrays move to the active backend.

    Python numbers stay Python numbers: as arrays they would turn float32 into float64.
    """
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (int, float)) or type(value) is device.array_type:
        return value
    if isinstance(value, (list, tuple)):
        if any(isinstance(leaf, Tensor) and leaf.tracked for leaf in tree.flatten(value)):
            raise TypeError("a list would lose its tensors' gradients: join them with ops.stack")
        value = tree.map(lambda leaf: leaf.numpy() if isinstance(leaf, Tensor) else leaf, value)
    return to_array(value)


def wrapped(value: Any, operands: Iterable[Array], tracked: bool) -> Any:
    """The result of an op as tensors, in the float type of its operands."""
    if type(value) is tuple:
        return tuple(wrapped(part, operands, tracked) for part in value)
    return Tensor(in_float_type_of(operands, value), tracked)


def quietly() -> AbstractContextManager[Any]:
    """A block without NumPy's warnings about overflow and the like: infinity and NaN are results.

    A layer enters it once around its call; entering it for every op would cost a microsecond each.
    """
    return NOTHING_TO_SET if context.quiet else silenced()
