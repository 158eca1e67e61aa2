"""A value, a named value, and the list of the operations that made them.

`Tensor` wraps an array. `@op` turns a plain function of arrays into one of tensors. While a `Tape`
is open it keeps the receipt: each op that ran, with the function that carries gradients back.
"""

import inspect
import math
from contextlib import nullcontext, suppress
from functools import partial, wraps

import numpy as np

from . import backend, registry, tree
from .backend import context

# Infinities and NaNs show in the values, on every device alike. NumPy's warnings would add noise:
# some BLAS kernels raise the flag for "invalid" on products of ordinary numbers.
QUIET = partial(np.errstate, all="ignore")
IS_QUIET = nullcontext()

OPS = {}  # the name of each op -> the op; a file may name an op, never import one


class Operators:
    """What `+ - * / @ []` hang on, so that tensors and symbols share them (see `ops/basic`)."""

    __slots__ = ()
    __array_priority__ = 1000  # `array + tensor` asks the tensor first


class Tensor(Operators):
    """A value: an array, and whether gradients are wanted for it.

    `mask`, if not None, is a boolean array that says which time steps are real.
    """

    __slots__ = ("value", "tracked", "mask")

    def __init__(self, value, tracked=False):
        self.value = value if type(value) is backend.home else backend.to_array(as_array(value))
        self.tracked = tracked
        self.mask = None

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype.name)
    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: math.prod(self.shape))

    def numpy(self):
        """The value as a NumPy array on the host."""
        return backend.to_host(self.value)

    def __array__(self, dtype=None, copy=None):
        if not isinstance(self.value, np.ndarray):
            raise TypeError("this tensor lives on a GPU: write .numpy() to bring it to the host")
        return np.array(self.value, dtype=dtype, copy=copy)

    def item(self):
        """The value of a tensor with one element, as a Python number."""
        return self.value.item()

    def __float__(self):
        return float(self.value.item())

    def __int__(self):
        return int(self.value.item())

    def __bool__(self):
        return bool(self.value)

    def __format__(self, spec):
        """`f"{loss:.3f}"` works for a tensor with one element."""
        return format(self.item(), spec) if spec else str(self)

    def __len__(self):
        if not self.shape:
            raise TypeError("a tensor with no axes has no length")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        few = {"precision": 4, "threshold": 8, "edgeitems": 2, "separator": ", "}
        values = np.array2string(self.numpy(), **few)
        return f"{type(self).__name__}({values}, shape={self.shape}, dtype={self.dtype})"


class Variable(Tensor):
    """A named tensor that an optimizer may assign.

    `initial` is an array, or a function `(shape, dtype, seed) -> array`. The function is called
    when the value is first needed, so a model can be drawn and counted before any weight takes
    memory. When another array library has come into use, the value moves to it at that moment.
    `learnable` says what the variable was made for; `trainable` may be switched off to freeze it.
    """

    __slots__ = ("_shape", "_dtype", "name", "_initial", "_seed", "learnable", "__weakref__")

    def __init__(self, initial, shape=None, dtype=None, name="variable", trainable=True):
        if callable(initial):
            self._shape, self._dtype = tuple(shape), backend.standard_dtype(dtype)
            self._initial, self._seed = initial, backend.next_seed()
        else:
            array = backend.as_numbers(as_array(initial))
            dtype = array.dtype if dtype is None else backend.standard_dtype(dtype)
            self._initial = array.astype(dtype)
            self._shape, self._dtype = array.shape, self._initial.dtype.name
        backend.movable.add(self)
        self.name = name
        self.learnable = self.tracked = bool(trainable)
        self.mask = None

    def __getattr__(self, attribute):
        # Python comes here only while the slot is empty, so a filled variable costs nothing extra.
        if attribute != "value":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {attribute!r}")
        if context.drawing is not None:  # a shape is wanted, no numbers: a zero takes no memory
            return nothing(self._shape, self._dtype)
        start = self._initial
        if callable(start):
            start = np.asarray(start(self._shape, self._dtype, self._seed), self._dtype)
        self.value = backend.to_library(start)
        if start is self._initial:  # an array: it has moved, and need not be kept
            self._initial = None
        return self.value

    def __setstate__(self, state):
        for slot, value in state[1].items():  # a copy moves between libraries too
            setattr(self, slot, value)
        backend.movable.add(self)

    def let_go(self):
        """Another library is in use: the value becomes a start, to be moved when it is needed."""
        with suppress(AttributeError):  # it was not needed yet
            self._initial = Tensor.value.__get__(self)
            del self.value

    shape = property(lambda self: self._shape)
    dtype = property(lambda self: self._dtype)

    @property
    def trainable(self):
        """Whether gradients are wanted, so that an optimizer moves the value."""
        return self.tracked

    @trainable.setter
    def trainable(self, trainable):
        self.tracked = bool(trainable)

    def assign(self, value):
        """Replace the value by one of the same shape; ValueError otherwise."""
        array = backend.to_array(as_array(value))
        if array.shape != self._shape:
            raise ValueError(
                f"variable {self.name!r} has shape {self._shape}, cannot assign shape {array.shape}"
            )
        if context.drawing is None:  # a symbolic call has no side effects
            self.value = array.astype(self._dtype)  # a copy: the caller's array stays the caller's
        return self

    def assign_add(self, value):
        return self.assign(self.value + to_operand(as_array(value)))

    def assign_sub(self, value):
        return self.assign(self.value - to_operand(as_array(value)))

    def __repr__(self):
        return f"Variable({self.name!r}, shape={self.shape}, dtype={self.dtype})"


def nothing(shape, dtype):
    """A zero of any shape that takes no memory: for a drawing, which wants shapes, no numbers."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def as_array(value):
    """The array inside a tensor; anything else as it is."""
    return value.value if isinstance(value, Tensor) else value


# ---------------------------------------------------------------------------------------------
# The tape


class Tape:
    """The ops that ran while it was open, in the order in which they ran.

        with Tape() as tape:
            loss = ...
        gradients = tape.gradient(loss, variables)

    Tapes may be nested: each keeps its own list.
    """

    __slots__ = ("records", "_outer")

    def __init__(self):
        self.records = []

    def __enter__(self):
        self._outer, context.tape = context.tape, self
        return self

    def __exit__(self, *error):
        context.tape = self._outer

    def record(self, name, outputs, inputs, backward):
        """Write down one op: name, outputs, inputs (None where untracked), and its way back."""
        self.records.append((name, outputs, inputs, backward))
        if self._outer is not None:
            self._outer.record(name, outputs, inputs, backward)

    def watch(self, tensor):
        """Want gradients for a tensor that is no variable."""
        if not isinstance(tensor, Tensor):
            raise TypeError(f"a tape watches a Tensor, got {type(tensor).__name__}: wrap it first")
        tensor.tracked = True
        return tensor

    def gradient(self, loss, sources):
        """The gradients of `loss` with respect to `sources`, in the structure of `sources`.

        d loss / d x = sum over the ops that used x of (d loss / d output) * (d output / d x)

        Records are popped newest first. The order in which ops ran is a topological order, so
        when an op is popped every use of its output has already added its share, and memory is
        freed on the way. A tape can therefore be asked once. None stands where nothing flows.
        Raises ValueError if the loss is not a scalar or was not recorded here.
        """
        if not isinstance(loss, Tensor):
            raise TypeError(f"the loss must be a Tensor, got {loss!r:.80} ({type(loss).__name__})")
        if loss.value.size != 1:
            raise ValueError(
                "a gradient starts from one number, but the loss has shape "
                f"{loss.shape}: take its mean or sum"
            )
        wanted = tree.flatten(sources)
        keep = set(wanted)
        recorded = any(loss in tree.flatten(record[1]) for record in reversed(self.records))
        if not recorded and loss not in keep:
            raise ValueError(
                "the loss was not recorded: compute it inside `with Tape() as tape:`, from "
                "variables or watched tensors. A tape can be asked once, since it then frees its "
                "records."
            )
        gradients = {loss: backend.array_module(loss.value).ones_like(loss.value)}
        with QUIET():
            while self.records:
                name, *record = self.records.pop()
                try:
                    self._step_back(*record, gradients, keep)
                except Exception as error:
                    error.add_note(f"on the way back through the op {name!r}")
                    raise
        found = [gradients.get(tensor) for tensor in wanted]
        return tree.pack(sources, [None if g is None else Tensor(g) for g in found])

    def _step_back(self, outputs, inputs, backward, gradients, keep):
        """Carry what has arrived at the outputs of one op to its inputs."""
        arriving = take_arriving(outputs, gradients, keep)
        if arriving is None:  # the loss does not depend on this op
            return
        joint = callable(backward)
        ways = backward(arriving) if joint else backward
        for tensor, way in zip(inputs, ways, strict=True):
            if tensor is None or way is None:
                continue
            if callable(way):
                way = way() if joint else way(arriving)
            share = unbroadcast(way, tensor)
            before = gradients.get(tensor)
            gradients[tensor] = share if before is None else before + share


def quietly():
    """A block in which NumPy says nothing of overflow and the like: infinity and NaN are results.

    In the call of a layer that is so from its start; to ask NumPy at each op takes a microsecond.
    """
    return QUIET() if context.call is None else IS_QUIET


def take_arriving(outputs, gradients, keep):
    """The gradient that has arrived at an op's output (a list for several), or None if none did."""
    if type(outputs) is tuple:
        arriving = [take_arriving(output, gradients, keep) for output in outputs]
        return arriving if any(g is not None for g in arriving) else None
    return gradients.get(outputs) if outputs in keep else gradients.pop(outputs, None)


def unbroadcast(gradient, tensor):
    """Bring a gradient to the shape and dtype of its tensor.

    Where the forward pass broadcast an axis, the backward pass sums over it.
    """
    array = tensor.value
    if gradient.shape != array.shape:
        more = gradient.ndim - array.ndim
        gradient = gradient.sum(tuple(range(more))) if more else gradient
        stretched = tuple(i for i, n in enumerate(array.shape) if n != gradient.shape[i])
        gradient = gradient.sum(stretched, keepdims=True) if stretched else gradient
    return gradient if gradient.dtype == array.dtype else gradient.astype(array.dtype)


# ---------------------------------------------------------------------------------------------
# Ops


def op(fn=None, *, name=None):
    """Make an op of `fn(*arrays, /, **settings) -> (value, backward)`.

    Arrays stand before `/`, settings after it. `value` is an array or a tuple of arrays. `backward`
    is one of three.

    A tuple with one function for each input: from the gradient that arrives at the output to the
    gradient of that input (None for an input that has none).

    One function that computes them jointly; an entry of its result may itself be a function of no
    arguments, which is called only if that input's gradient is wanted.

    None, if the op has no gradient.

    An op over a list is variadic inside (`def stack(*arrays, axis=0)`) and takes the list outside.
    Broadcasting is the tape's business: it sums the gradient back to the input's shape.

    Raises TypeError if no argument stands before `/`.
    """
    if fn is None:
        return lambda fn: op(fn, name=name)
    parameters = inspect.signature(fn).parameters.values()
    over_list = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    array_defaults = [p.default for p in parameters if p.kind is p.POSITIONAL_ONLY]
    settable = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    setting_names = [p.name for p in parameters if p.kind in settable]
    if not over_list and not array_defaults:
        raise TypeError(f"@op: the arrays of {fn.__name__} must stand before `/` in its signature")
    slots = 1 if over_list else len(array_defaults)
    op_name = name or fn.__name__

    @wraps(fn)
    def apply(*args, **settings):
        if len(args) > slots:  # settings may be given by position, as NumPy users expect
            extra = dict(zip(setting_names, args[slots:], strict=False))
            if len(args) - slots > len(extra) or extra.keys() & settings.keys():
                raise TypeError(f"{op_name}: too many arguments, or one was given twice")
            settings, args = extra | settings, args[:slots]
        arrays = args[0] if over_list else args
        for array in arrays:
            if not isinstance(array, Tensor) and takes_over(array):
                return array.__take_over__(apply, args, settings)
        if len(args) < slots:
            missing = array_defaults[len(args) :]
            if inspect.Parameter.empty in missing:
                raise TypeError(f"{op_name} needs {slots} arrays, got {len(args)}")
            arrays = (*arrays, *missing)

        values, sources, tracked, numbers_only = [], [], False, True
        for array in arrays:
            if isinstance(array, Tensor):
                numbers_only = False
                value = array.value
                values.append(value if type(value) is backend.home else settled(value))
                sources.append(array if array.tracked else None)
                tracked = tracked or array.tracked
            else:
                values.append(to_operand(array))
                sources.append(None)
                numbers_only = numbers_only and isinstance(values[-1], (int, float))
        if numbers_only:  # nothing else says what type they should have
            values = [backend.to_array(number) for number in values]
        if backend.home is not np.ndarray and context.drawing is not None:
            values = [settled(value) if backend.is_array(value) else value for value in values]
        try:
            with quietly():
                value, backward = fn(*values, **settings)
        except ValueError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
            raise misused(op_name, values, error) from error

        tape = context.tape
        tracked = tracked and tape is not None and backward is not None
        if type(value) is tuple:
            output = tuple(Tensor(narrow(v, values), tracked) for v in value)
        else:
            output = Tensor(narrow(value, values), tracked)
        if tracked:
            tape.record(op_name, output, sources, backward)
        return output

    apply.__name__ = op_name
    OPS[op_name] = apply
    registry.register(apply)
    return apply


class PlaceError(ValueError, IndexError):
    """A place that does not exist."""


def misused(op_name, values, error):
    """The error of an op that met what it cannot work on, with the op's name and what it met."""
    met = (f"shape {v.shape}" if hasattr(v, "shape") else repr(v) for v in values)
    kinds = {TypeError: TypeError, LookupError: PlaceError, Exception: ValueError}
    kind = next(kinds[known] for known in kinds if isinstance(error, known))
    return kind(f"{op_name} cannot be computed of {' and '.join(met)}: {error}")


def narrow(value, operands):
    """A float64 result of smaller floats and integers, in the type of the floats.

    NumPy widens where float32 meets integers; here float32 in gives float32 out.
    """
    if value.dtype != np.float64:
        return value
    types = [v.dtype for v in operands if hasattr(v, "dtype")]
    floats = [t for t in types if t.kind == "f"]
    if not floats or len(floats) == len(types) or np.float64 in floats:
        return value
    return value.astype(max(floats))


def takes_over(argument):
    """Whether an argument wants to turn the call into something else, as a symbol does."""
    return hasattr(type(argument), "__take_over__")


def settled(value):
    """What an op sees of a tensor whose array is of another type than those of the library in use.

    Raises TypeError if it lies in another library: to move it unseen would hide what takes time.
    """
    library, own = (backend.array_module(*arrays).__name__ for arrays in ((), (value,)))
    if own == library:  # a kind of its own, such as np.memmap
        return value
    if context.drawing is not None:
        return nothing(value.shape, value.dtype)
    raise TypeError(
        f'a tensor of {own} meets {library}, which is in use since `use("{library}")`. Variables '
        "move by themselves; of any other tensor `t` make a new one with Tensor(t)."
    )


def to_operand(value):
    """What an op sees of an argument that is no tensor: arrays move into the library in use.

    Python numbers stay Python numbers: as arrays they would turn float32 into float64.
    """
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (int, float)) or type(value) is backend.home:
        return value
    if isinstance(value, (list, tuple)):
        if any(isinstance(leaf, Tensor) and leaf.tracked for leaf in tree.flatten(value)):
            raise TypeError("a list of tensors loses their gradients: join them with ops.stack")
        value = tree.map(lambda leaf: leaf.numpy() if isinstance(leaf, Tensor) else leaf, value)
    return backend.to_array(value)
