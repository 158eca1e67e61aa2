"""Optimizers: the rules that turn gradients into updates.

All variables together are treated as one flat vector. The slots of an optimizer, its state,
are vectors of the same length: m and v in Adam. So an update rule is a few lines on flat arrays,
and a model of many small variables costs no more than one large one. The vector is updated chunk by
chunk: its gradient is assembled from the gradients of the variables in it.
"""

import inspect
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypedDict, Unpack, overload

import numpy as np

from . import schedules as schedules
from .constraints import constrained
from .core import module_names, registry
from .core.checks import check_numbers, is_number
from .core.context import context
from .core.device import array_module, to_backend
from .core.docstrings import share_arguments
from .core.interrupts import deferred_interrupts
from .core.names import check_shown, snake_case
from .core.output import warn_caller
from .core.registry import deserialize, serialize
from .core.tensor import Variable, as_array
from .core.types import Array, Config
from .ops.kernels import flush_subnormals

# How many elements are updated at once. They stay in the cache from one operation to the next,
# which saves a third of the time on a million parameters. A GPU takes all elements at once.
CHUNK_SIZE = 2**15
FLUSH_EVERY = 64  # steps: where gradients are 0, a moving average decays towards 0 for ever


class Segment(NamedTuple):
    """The overlap of one parameter and one chunk."""

    param: int  # the index of the parameter
    in_chunk: slice
    in_param: slice


class Chunk(NamedTuple):
    """A part of the flat vectors that is updated at once, and the segments in it."""

    span: slice
    segments: list[Segment]


# A number, or a function of the step or of nothing, such as a schedule.
LearningRate: TypeAlias = float | Callable[..., float]


class ClippingOptions(TypedDict, total=False):
    """Keyword arguments: how gradients are clipped, and the name."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    name: str | None


class OptimizerOptions(ClippingOptions, total=False):
    """The keyword arguments of all optimizers, besides their learning rate."""

    weight_decay: float | None


# Arrays for the gradient of a chunk and for scratch, and the list of all chunks.
Workspace: TypeAlias = tuple[Array, Array, list[Chunk]]


class Optimizer(registry.Configurable):
    """The base of optimizers: `apply(gradients, variables)` takes one step.

    1. clip the gradients, 2. shrink each variable by `weight_decay * learning_rate`, 3. update, 4.
    apply the constraint of each variable, 5. count the step in `iterations`.

    `learning_rate` may be assigned at any time. A subclass names its slots in `slot_names` and
    defines `update`.

    Args:
        learning_rate: Step size: a number of at least 0, a schedule, or another function of the
            step (from 0) or of nothing (default <default>).
        weight_decay: Rate of weight decay, at least 0; None means no decay (default <default>).
        clipnorm: Largest norm of each variable's gradient; None (default) does not clip. Only one
            of the three kinds of clipping may be set.
        clipvalue: Largest absolute value of each gradient element; None (default) does not clip.
        global_clipnorm: Largest norm of all gradients together; None (default) does not clip.
        name: Name of the optimizer; None (default) derives it from the class, such as `adam`.
    Raises ValueError, naming the argument, for a negative or missing number or two kinds of
    clipping.
    Example:
        >>> class SignDescent(keras.optimizers.Optimizer):
        ...     def update(self, g, scratch, lr, t):
        ...         return -lr * np.sign(g)
        >>> w = keras.Variable([1.0, 1.0])
        >>> SignDescent(learning_rate=0.5).apply([np.array([7.0, -0.1])], [w])
        >>> w.numpy()
        array([0.5, 1.5], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ):
        self.name: str = snake_case(type(self).__name__) if name is None else check_shown(name)
        self.learning_rate = learning_rate
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        for argument, value in {"weight_decay": weight_decay, **clips}.items():
            if value is not None:
                check_numbers(least=0, **{argument: value})
        given = [argument for argument, value in clips.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"only one kind of clipping may be set, got {' and '.join(given)}")
        self.weight_decay: float | None = weight_decay
        self.clipnorm: float | None = clipnorm
        self.clipvalue: float | None = clipvalue
        self.global_clipnorm: float | None = global_clipnorm
        self.iterations: int = 0
        # the variables updated so far, in the order of the flat vectors
        self.parameters: list[Variable] = []
        self.slots: dict[str, Variable] = {}  # the name of each slot -> one flat Variable
        self._spans: list[slice] = []  # where each parameter lies in the flat vectors
        self._workspaces: dict[str, Workspace] = {}  # name of the array library -> its arrays
        self._without_gradient: set[Variable] = set()

    # -- what a subclass writes ----------------------------------------------------------------

    def slot_names(self) -> list[str]:
        """The names of the flat vectors that the rule keeps; they start at `slot_start`."""
        return []

    slot_start: float = 0.0

    def update(self, g: Array, scratch: Array, lr: float, t: int, **slots: Array) -> Array:
        """The step to add to the parameters, from their gradient `g` at step t.

        All arrays are flat, of the same chunk. The slots come by name and are changed in place.

        Args:
            g: Clipped gradient; it may be overwritten.
            scratch: Array of the size of `g` for intermediate values; it may be overwritten.
            lr: Learning rate of this step.
            t: Number of the step, from 1.
        """
        raise NotImplementedError(f"{type(self).__name__} must define update")

    # -- the learning rate ---------------------------------------------------------------------

    @property
    def learning_rate(self) -> float:
        """The current step size as a float; for a schedule, its value at `iterations`."""
        rate = self._learning_rate
        if not callable(rate):
            return rate
        return checked_rate(rate, [self.iterations] if self._rate_takes_step else [])

    @learning_rate.setter
    def learning_rate(self, rate: LearningRate) -> None:
        if callable(rate):
            self._rate_takes_step = bool(inspect.signature(rate).parameters)
        else:
            check_numbers(least=0, learning_rate=rate)
        self._learning_rate = rate if callable(rate) else float(rate)

    # -- one step ------------------------------------------------------------------------------

    def apply(self, gradients: Iterable[Any], variables: Iterable[Variable]) -> None:
        """Move each variable one step against its gradient.

        No array of a variable is modified in place: references to an old array keep the old values.

        Args:
            gradients: Tensors or arrays, each of the shape of its variable; None leaves the
                variable as it is, with a warning the first time.
            variables: Variables in the same order, each once.
        Raises ValueError if no variable has a gradient, or if a shape differs.
        """
        gradients, variables = self._with_gradients(list(gradients), list(variables))
        with deferred_interrupts:
            indices = self._indices_of(variables)
            untouched = self._slots_of_others(variables)
            flat = dict(zip(indices, self._flat_gradients(gradients, variables), strict=True))
            if context.on_gradients is not None:
                context.on_gradients(gradients, variables)
            old = {k: self.parameters[k].value.reshape(-1) for k in indices}
            new = {k: array_module(array).empty_like(array) for k, array in old.items()}
            self._move(flat, old, new)
            for slot, span, values in untouched:
                slot[span] = values
            pairs = [(new[k].reshape(v.shape), v) for k, v in zip(indices, variables, strict=True)]
            values = [constrained(array, variable) for array, variable in pairs]
            for variable, array in zip(variables, values, strict=True):
                variable.value = array  # fresh and of the right shape, so `assign` need not copy
            self.iterations += 1

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> None:
        """Move each variable one step, as `apply` does, from pairs such as those of `zip`.

        Args:
            grads_and_vars: Pairs (gradient, variable).
        Raises ValueError where `apply` does.
        """
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])

    def _move(
        self, gradients: dict[int, Array], old: dict[int, Array], new: dict[int, Array]
    ) -> None:
        """Write the new values chunk by chunk; each dict maps parameter indices to arrays."""
        xp, lr = array_module(*old.values()), self.learning_rate
        keep = 1 - (self.weight_decay or 0) * lr
        scales = self._clip_scales(gradients)
        g, scratch, chunks = self._workspace(xp)
        for span, segments in chunks:
            for k, in_chunk, in_param in segments:
                g[in_chunk] = gradients[k][in_param] if k in gradients else 0
                if k in scales:
                    g[in_chunk] *= scales[k]
            here = slice(span.stop - span.start)
            if self.clipvalue is not None:
                g[here].clip(-self.clipvalue, self.clipvalue, out=g[here])
            slots = {name: slot.value[span] for name, slot in self.slots.items()}
            if self.iterations % FLUSH_EVERY == 0:
                for slot in slots.values():
                    slot[...] = flush_subnormals(slot)
            step = self.update(g[here], scratch[here], lr, self.iterations + 1, **slots)
            for k, in_chunk, in_param in segments:
                if k in gradients:
                    before = old[k][in_param] if keep == 1 else old[k][in_param] * keep
                    xp.add(before, step[in_chunk], out=new[k][in_param])

    def _workspace(self, xp: Any) -> Workspace:
        """Arrays for the gradient of a chunk and for scratch, and the list of all chunks."""
        if xp.__name__ not in self._workspaces:
            total = self._spans[-1].stop
            size = max(1, min(CHUNK_SIZE, total) if xp is np else total)
            g, scratch = (xp.empty(size, self._dtype) for _ in range(2))
            self._workspaces[xp.__name__] = g, scratch, chunks_of(self._spans, size)
        return self._workspaces[xp.__name__]

    def _with_gradients(
        self, gradients: list[Any], variables: list[Variable]
    ) -> tuple[list[Any], list[Variable]]:
        """The gradients that are not None and their variables, as two lists."""
        if len(gradients) != len(variables):
            raise ValueError(f"got {len(gradients)} gradients for {len(variables)} variables")
        if not variables:
            raise ValueError("`variables` is empty")
        missing = [v for g, v in zip(gradients, variables, strict=True) if g is None]
        if not missing:
            return gradients, variables
        if len(missing) == len(variables):
            names = [v.name for v in variables]
            raise ValueError(f"no gradient reaches any of {names}: the loss does not use them")
        if fresh := [v for v in missing if v not in self._without_gradient]:
            self._without_gradient.update(fresh)
            named = [f"{v.name!r} of shape {v.shape} at index {variables.index(v)}" for v in fresh]
            warn_caller(
                f"no gradient reaches the variables {'; '.join(named)}, so they are unchanged"
            )
        pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        return [g for g, _ in pairs], [v for _, v in pairs]

    def _indices_of(self, variables: list[Variable]) -> Sequence[int]:
        """The index of each variable in `parameters`."""
        if len(variables) == len(self.parameters) and all(
            map(operator.is_, variables, self.parameters)
        ):
            return range(len(variables))  # the same as in the last step, the usual case
        for variable in variables:
            if not isinstance(variable, Variable):
                raise TypeError(
                    "`variables` must be a list of Variables, such as model.trainable_weights; got "
                    f"{variable!r:.80}"
                )
        if len(set(variables)) != len(variables):
            raise ValueError("a variable was given twice: add up its gradients first")
        self.build(variables)
        return [self.parameters.index(variable) for variable in variables]

    def _span_of(self, variable: Variable) -> slice:
        return self._spans[self.parameters.index(variable)]

    def build(self, variables: Iterable[Variable]) -> None:
        """Append slots for new variables; existing ones are kept.

        Args:
            variables: Variables that are to be updated.
        """
        new = [v for v in variables if v not in self.parameters]
        if not new:
            return
        xp = array_module(new[0].value)
        end = self._spans[-1].stop if self._spans else 0
        spans = []
        for variable in new:
            spans.append(slice(end, end + variable.size))
            end += variable.size
        self._dtype = slots_dtype([*self.parameters, *new])
        slots = {}
        for name in self.slot_names():
            flat = xp.full(end, self.slot_start, self._dtype)
            if name in self.slots:
                flat[: self.slots[name].size] = self.slots[name].value
            slots[name] = Variable(flat, name=name, trainable=False)
        self.parameters, self._spans = [*self.parameters, *new], [*self._spans, *spans]
        self.slots, self._workspaces = slots, {}

    def _slots_of_others(self, variables: list[Variable]) -> list[tuple[Array, slice, Array]]:
        """Copies of the slots of known variables that are not updated in this step."""
        if len(variables) == len(self.parameters):
            return []
        return [
            (slot.value, span, slot.value[span].copy())
            for variable, span in zip(self.parameters, self._spans, strict=True)
            if variable not in variables
            for slot in self.slots.values()
        ]

    def _flat_gradients(self, gradients: list[Any], variables: list[Variable]) -> Iterator[Array]:
        """The gradients as flat arrays; ValueError unless each has the shape of its variable."""
        for gradient, variable in zip(gradients, variables, strict=True):
            array = as_array(gradient)
            if not hasattr(array, "shape"):
                raise TypeError(
                    f"the gradient of variable {variable.name!r} must be a tensor or an array, "
                    f"got {gradient!r:.80}: wrap numbers in np.array(...)"
                )
            if array.shape != variable.shape:
                raise ValueError(
                    f"the gradient of variable {variable.name!r} has shape {array.shape}, but "
                    f"the variable has shape {variable.shape}"
                )
            yield to_backend(array).reshape(-1)

    def _clip_scales(self, gradients: dict[int, Array]) -> dict[int, Array]:
        """The scale factor of each parameter's gradient, if gradient norms are limited."""
        limit = self.clipnorm if self.global_clipnorm is None else self.global_clipnorm
        if limit is None:
            return {}
        xp, squares = array_module(*gradients.values()), {}
        for k, g in gradients.items():
            g = g.astype(self._dtype)
            squares[k] = g @ g
        if self.global_clipnorm is not None:
            squares = dict.fromkeys(squares, sum(squares.values()))
        # An `if` would have to wait for a GPU.
        return {k: limit / xp.maximum(xp.sqrt(s), limit or 1) for k, s in squares.items()}

    # -- state and config ----------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """The state kept between steps: one flat variable for each slot."""
        return list(self.slots.values())

    def state(self, variables: Iterable[Variable]) -> list[tuple[str, np.ndarray]]:
        """Everything needed to continue training, as a list of (name, array).

        The slots of the k-th variable are named `k/slot`. Variables that it never updated are left
        out.

        Args:
            variables: Variables whose slots are wanted, in the order that gives them their numbers.
        """
        found = [("iterations", np.asarray(self.iterations, "int64"))]
        slots = {name: slot.numpy() for name, slot in self.slots.items()}
        for k, variable in enumerate(variables):
            if variable in self.parameters:
                span = self._span_of(variable)
                for name, slot in slots.items():
                    found.append((f"{k}/{name}", slot[span].reshape(variable.shape).copy()))
        return found

    def load_state(
        self,
        state: Mapping[str, Any] | Iterable[tuple[str, Any]],
        variables: Sequence[Variable],
        order: Iterable[int] | None = None,
    ) -> None:
        """Restore what `state` returned.

        Args:
            state: Result of `state`, as pairs (name, array) or as a dict.
            variables: Variables in the order that they had for `state`.
            order: Indices of the variables in the order of the `parameters`, because sums over the
                flat vectors round off in their order; None (default) is that of `variables`.
        Raises ValueError, and changes nothing, if names or shapes do not belong to this optimizer.
        """
        state = dict(state)
        iterations = np.asarray(state.pop("iterations", -1))
        if iterations.shape != () or iterations.dtype.kind not in "iu" or iterations < 0:
            raise ValueError("the optimizer state has no valid number of `iterations`")
        names = {f"{k}/{s}": (v, s) for k, v in enumerate(variables) for s in self.slot_names()}
        self._check_slots(state, names)
        with_slots = {names[name][0] for name in state}
        moved = [v for v in variables if v in with_slots]
        if order is not None:
            moved = [variables[k] for k in order]
        complete = len(state) == len(moved) * len(self.slot_names())
        if not complete or not with_slots <= set(moved) or len(set(moved)) < len(moved):
            raise ValueError(f"the state of optimizer {self.name!r} lacks some slots")
        wrong = [name for name in state if as_array(state[name]).dtype != slots_dtype(moved)]
        if wrong:
            found = as_array(state[wrong[0]]).dtype
            raise ValueError(f"optimizer slot {wrong[0]!r} is {found}, not {slots_dtype(moved)}")
        self.parameters, self.slots, self._spans = [], {}, []
        self.build(moved)
        for name, array in state.items():
            variable, slot = names[name]
            array = to_backend(as_array(array))
            self.slots[slot].value[self._span_of(variable)] = array.reshape(-1)
        self.iterations = int(iterations)

    def _check_slots(self, state: dict[str, Any], names: dict[str, tuple[Variable, str]]) -> None:
        """Raise ValueError for an unknown slot, or one whose shape is not that of its variable."""
        for name, array in state.items():
            if name not in names:
                raise ValueError(
                    f"optimizer {self.name!r} has no slot {name!r} for these variables"
                )
            shape = names[name][0].shape
            if np.shape(array) != shape:
                raise ValueError(
                    f"optimizer slot {name!r} has shape {np.shape(array)}, but its variable has "
                    f"shape {shape}"
                )

    def get_config(self) -> Config:
        """The constructor arguments as plain JSON, with the current learning rate."""
        rate = {"learning_rate": registry.serialize(self._learning_rate)}
        return registry.read_config(self) | rate


def slots_dtype(variables: Iterable[Variable]) -> str:
    """The float type that holds the slots of all these variables."""
    return np.result_type("float32", *(v.dtype for v in variables)).name


# A name, a config, a class, an optimizer, or None for none.
OptimizerLike: TypeAlias = str | Config | type[Optimizer] | Optimizer | None


def chunks_of(spans: list[slice], size: int) -> list[Chunk]:
    """The chunks of a vector in which parameters lie at the given spans, each of `size` or less."""
    total = spans[-1].stop
    chunks = [Chunk(slice(k, min(k + size, total)), []) for k in range(0, total, size)]
    for param, span in enumerate(spans):
        for chunk in chunks[span.start // size : -(-span.stop // size)]:
            first, last = max(span.start, chunk.span.start), min(span.stop, chunk.span.stop)
            in_chunk = slice(first - chunk.span.start, last - chunk.span.start)
            in_param = slice(first - span.start, last - span.start)
            chunk.segments.append(Segment(param, in_chunk, in_param))
    return chunks


# ---------------------------------------------------------------------------------------------
# Update rules. w are the parameters, g the gradient, lr the learning rate, t the step from 1.


@registry.register(group="optimizer")
class SGD(Optimizer):
    """Stochastic gradient descent: a step against the gradient.

        w -= lr * g
        v = momentum * v - lr * g,  w += v                        with momentum
        v = momentum * v - lr * g,  w += momentum * v - lr * g    with nesterov, which looks ahead

    Args:
        momentum: Momentum coefficient, a number from 0 to 1 (default 0.0).
        nesterov: Whether momentum is Nesterov's, which looks ahead (default False).
    Raises ValueError if `momentum` is outside [0, 1].
    Source: Robbins and Monro (1951), Polyak (1964), Nesterov (1983).
    Example:
        >>> w = keras.Variable(1.0)
        >>> optimizer = keras.optimizers.SGD(learning_rate=0.25, momentum=0.5)
        >>> for _ in range(3):  # the gradient of w^2 is 2 w
        ...     optimizer.apply([2 * w.numpy()], [w])
        ...     print(float(w.numpy()))
        0.5
        0.0
        -0.25
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        check_numbers(least=0, most=1, momentum=momentum)
        self.momentum: float = momentum
        self.nesterov: bool = nesterov

    def slot_names(self) -> list[str]:
        return ["v"] if self.momentum else []

    def update(self, g: Array, scratch: Array, lr: float, t: int, v: Array = None) -> Array:
        """The step of descent, with momentum if there is a v.

        Args:
            v: Velocity, the last step; None (default) without momentum.
        """
        g *= -lr
        if v is None:
            return g
        v *= self.momentum
        v += g
        return g + self.momentum * v if self.nesterov else v


@registry.register(group="optimizer", spelled="rmsprop")
class RMSprop(Optimizer):
    """Divide each gradient by the root of the moving average of its square.

        v = rho * v + (1 - rho) * g^2
        w -= lr * g / sqrt(v + epsilon)
        m = rho * m + (1 - rho) * g,  w -= lr * g / sqrt(v - m^2 + epsilon)    if centered
        b = momentum * b - lr * g / sqrt(v + epsilon),  w += b                 with momentum

    Args:
        rho: Decay rate of the moving averages, a number from 0 to 1 (default 0.9).
        momentum: Momentum coefficient, a number from 0 to 1 (default 0.0).
        epsilon: Small number under the root, against division by 0; at least 0 (default 1e-7).
        centered: Whether v is centered: the square of the mean gradient m is subtracted (default
            False).
    Raises ValueError if `rho` or `momentum` is outside [0, 1], or `epsilon` is negative.
    Source: Tieleman and Hinton (2012).
    Example:
        >>> w = keras.Variable([0.0, 0.0])
        >>> optimizer = keras.optimizers.RMSprop(learning_rate=0.5, rho=0.75)
        >>> optimizer.apply([np.array([1.0, 1000.0])], [w])  # both are divided by g / 2
        >>> w.numpy().round(3)
        array([-1., -1.], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        check_numbers(least=0, most=1, rho=rho, momentum=momentum)
        check_numbers(least=0, epsilon=epsilon)
        self.rho: float = rho
        self.momentum: float = momentum
        self.epsilon: float = epsilon
        self.centered: bool = centered

    def slot_names(self) -> list[str]:
        slots = {"v": True, "m": self.centered, "b": self.momentum}
        return [name for name, wanted in slots.items() if wanted]

    def update(
        self,
        g: Array,
        scratch: Array,
        lr: float,
        t: int,
        v: Array,
        m: Array = None,
        b: Array = None,
    ) -> Array:
        """The step of RMSprop, centered if there is an m, with momentum if there is a b.

        Args:
            v: Moving average of the square of the gradient.
            m: Moving average of the gradient; None (default) if v is not centered.
            b: Velocity, the last step; None (default) without momentum.
        """
        xp = array_module(g)
        update_average(v, xp.multiply(g, g, out=scratch), self.rho)
        if m is not None:
            update_average(m, g.copy(), self.rho)
            v = xp.maximum(v - m * m, 0)  # rounding may leave it below 0
        xp.sqrt(xp.add(v, self.epsilon, out=scratch), out=scratch)
        g *= -lr
        g /= scratch
        if b is None:
            return g
        b *= self.momentum
        b += g
        return b


class Moments(Optimizer):
    """The base of Adam and its relatives, which keep moving averages m of g and v of g^2.

    Args:
        beta_1: Decay rate of m, a number from 0 to below 1 (default 0.9).
        beta_2: Decay rate of v, in Adamax of u, a number from 0 to below 1 (default 0.999).
        epsilon: Small number added to the divisor, against division by 0; at least 0 (default
            1e-7).
    Raises ValueError if a beta is not in [0, 1), or `epsilon` is negative.
    Example:
        >>> optimizer = keras.optimizers.Adam(beta_1=0.5, beta_2=0.75)
        >>> isinstance(optimizer, keras.optimizers.Moments)
        True
        >>> optimizer.apply([np.array(2.0)], [keras.Variable(0.0)])
        >>> {name: slot.numpy().tolist() for name, slot in optimizer.slots.items()}
        {'m': [1.0], 'v': [1.0]}
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        check_numbers(least=0, below=1, beta_1=beta_1, beta_2=beta_2)
        check_numbers(least=0, epsilon=epsilon)
        self.beta_1: float = beta_1
        self.beta_2: float = beta_2
        self.epsilon: float = epsilon

    def slot_names(self) -> list[str]:
        return ["m", "v"]


@registry.register(group="optimizer")
class Adam(Moments):
    """Use moving averages of the gradient and its square, both with bias correction.

        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g^2
        w -= lr * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)

    Args:
        amsgrad: Whether to divide by v_max, the largest v so far, instead of v (default False).
    Raises ValueError if a beta is not in [0, 1), or `epsilon` is negative.
    Source: Kingma and Ba (2015); Reddi et al. (2018) for amsgrad.
    Example:
        >>> w = keras.Variable([0.0, 0.0])
        >>> optimizer = keras.optimizers.Adam(learning_rate=0.5)
        >>> optimizer.apply([np.array([1.0, -1000.0])], [w])  # at first |step| is lr
        >>> w.numpy().round(3)
        array([-0.5,  0.5], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **options)
        self.amsgrad: bool = amsgrad

    def slot_names(self) -> list[str]:
        return ["m", "v", *(["v_max"] if self.amsgrad else [])]

    def update(
        self,
        g: Array,
        scratch: Array,
        lr: float,
        t: int,
        m: Array,
        v: Array,
        v_max: Array = None,
    ) -> Array:
        """The step of Adam.

        Args:
            v_max: Largest v so far; None (default) without amsgrad.
        """
        xp = array_module(g)
        update_average(v, xp.multiply(g, g, out=scratch), self.beta_2)
        update_average(m, g, self.beta_1)
        if v_max is not None:
            v = xp.maximum(v_max, v, out=v_max)
        xp.sqrt(v, out=scratch)
        scratch += self.epsilon
        xp.divide(m, scratch, out=g)
        g *= -lr * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        return g


class AdamOptions(ClippingOptions, total=False):
    """The keyword arguments that `AdamW` shares with `Adam`."""

    beta_1: float
    beta_2: float
    epsilon: float
    amsgrad: bool


@registry.register(group="optimizer")
class AdamW(Adam):
    """Adam with decoupled weight decay: weights shrink at each step, apart from the gradient.

        w = w * (1 - lr * weight_decay) - step of Adam

    Raises ValueError where `Adam` does, and for a negative `weight_decay`.
    Source: Loshchilov and Hutter (2019).
    Example:
        >>> w = keras.Variable(1.0)
        >>> optimizer = keras.optimizers.AdamW(learning_rate=0.5, weight_decay=0.5)
        >>> optimizer.apply([np.array(0.0)], [w])  # without a gradient, only the decay moves w
        >>> float(w.numpy())
        0.75
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float | None = 0.004,
        **options: Unpack[AdamOptions],
    ):
        super().__init__(learning_rate, weight_decay=weight_decay, **options)


@registry.register(group="optimizer")
class Adagrad(Optimizer):
    """Divide each gradient by the root of the sum of its squares so far.

        G = G + g^2, starting at initial_accumulator_value
        w -= lr * g / sqrt(G + epsilon)

    Args:
        initial_accumulator_value: Initial value of G, at least 0 (default 0.1).
        epsilon: Small number under the root, against division by 0; at least 0 (default 1e-7).
    Raises ValueError for a negative `initial_accumulator_value` or `epsilon`.
    Source: Duchi et al. (2011).
    Example:
        >>> w = keras.Variable(0.0)
        >>> optimizer = keras.optimizers.Adagrad(learning_rate=1.0, initial_accumulator_value=0.0)
        >>> for _ in range(2):  # G is 4, then 8: the steps are 1 and 1 / sqrt(2)
        ...     optimizer.apply([np.array(2.0)], [w])
        >>> round(float(w.numpy()), 3)
        -1.707
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        check_numbers(least=0, initial_accumulator_value=initial_accumulator_value, epsilon=epsilon)
        self.initial_accumulator_value: float = initial_accumulator_value
        self.epsilon: float = epsilon

    def slot_names(self) -> list[str]:
        return ["G"]

    @property
    def slot_start(self) -> float:
        return self.initial_accumulator_value

    def update(self, g: Array, scratch: Array, lr: float, t: int, G: Array) -> Array:
        """The step of Adagrad.

        Args:
            G: Sum of the squares of all gradients so far.
        """
        G += g * g
        return -lr * g / array_module(g).sqrt(G + self.epsilon)


@registry.register(group="optimizer")
class Adamax(Moments):
    """Adam with the infinity norm: the largest recent gradient instead of the root mean square.

        m = beta_1 * m + (1 - beta_1) * g
        u = max(beta_2 * u, |g|)
        w -= lr * m / ((1 - beta_1^t) * (u + epsilon))

    Raises ValueError where `Adam` does.
    Source: Kingma and Ba (2015).
    Example:
        >>> w = keras.Variable(0.0)
        >>> optimizer = keras.optimizers.Adamax(learning_rate=1.0, beta_1=0.0, beta_2=0.5)
        >>> for g in (4.0, 1.0):  # u is 4, then 2: the steps are 1 and 1 / 2
        ...     optimizer.apply([np.array(g)], [w])
        >>> round(float(w.numpy()), 3)
        -1.5
    """

    def slot_names(self) -> list[str]:
        return ["m", "u"]

    def update(self, g: Array, scratch: Array, lr: float, t: int, m: Array, u: Array) -> Array:
        """The step of Adamax.

        Args:
            u: Decaying maximum of the absolute value of the gradient.
        """
        xp = array_module(g)
        xp.maximum(self.beta_2 * u, xp.abs(g), out=u)
        update_average(m, g, self.beta_1)
        return -lr / (1 - self.beta_1**t) * m / (u + self.epsilon)


@registry.register(group="optimizer")
class Nadam(Moments):
    """Adam with Nesterov momentum.

        mu_t = beta_1 * (1 - 0.96^t / 2)
        m = beta_1 * m + (1 - beta_1) * g,  v = beta_2 * v + (1 - beta_2) * g^2
        m' = mu_{t+1} * m / (1 - mu_1 ... mu_{t+1}) + (1 - mu_t) * g / (1 - mu_1 ... mu_t)
        w -= lr * m' / (sqrt(v / (1 - beta_2^t)) + epsilon)

    Raises ValueError where `Adam` does.
    Source: Dozat (2016).
    Example:
        >>> for optimizer in (keras.optimizers.Adam(1.0), keras.optimizers.Nadam(1.0)):
        ...     w = keras.Variable(0.0)
        ...     optimizer.apply([np.array(1.0)], [w])
        ...     print(round(float(w.numpy()), 3))
        -1.0
        -1.063
    """

    _product = (0, 1.0)  # a step, and mu_1 ... mu_t up to it

    def mu(self, t: int) -> float:
        """mu_t of the formula.

        Args:
            t: Number of the step, from 1.
        """
        return self.beta_1 * (1 - 0.5 * 0.96**t)

    def product(self, t: int) -> float:
        """The product mu_1 ... mu_t, continued from the last step that was computed.

        Args:
            t: Number of the step, from 1.
        """
        done, product = self._product if self._product[0] <= t else (0, 1.0)
        for k in range(done + 1, t + 1):
            product *= self.mu(k)
        self._product = (t, product)
        return product

    def update(self, g: Array, scratch: Array, lr: float, t: int, m: Array, v: Array) -> Array:
        """The step of Nadam."""
        product = self.product(t)
        ahead = (1 - self.mu(t)) / (1 - product) * g
        update_average(v, g * g, self.beta_2)
        update_average(m, g, self.beta_1)
        ahead += self.mu(t + 1) / (1 - product * self.mu(t + 1)) * m
        ahead *= -lr
        return ahead / (array_module(g).sqrt(v / (1 - self.beta_2**t)) + self.epsilon)


def checked_rate(schedule: Callable[..., Any], step: list[int]) -> float:
    """What a schedule gives for a step; ValueError, naming both, if no step can be that long."""
    name = getattr(schedule, "__name__", type(schedule).__name__)
    after = f" after {step[0]} steps" if step else ""
    try:
        rate = schedule(*step)
    except ArithmeticError as error:
        raise ValueError(
            f"`learning_rate`: the schedule {name} cannot be computed{after}: {error.args[-1]}. "
            "Does it grow, or divide by what becomes 0?"
        ) from error
    if not is_number(rate, least=0):
        raise ValueError(
            f"`learning_rate`: the schedule {name} gave {rate!r:.80}{after}, and not a finite "
            "number of at least 0"
        )
    return float(rate)


def update_average(average: Array, new: Array, rho: float) -> None:
    """average = rho average + (1 - rho) new, in place; `new` is overwritten."""
    average *= rho
    new *= 1 - rho
    average += new


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: OptimizerLike) -> Optimizer: ...
def get(identifier: OptimizerLike) -> Optimizer | None:
    """An optimizer from a name, a class, a config or an instance; None gives None.

    Args:
        identifier: A name such as "adam", a class, a config, an instance or None.
    Raises ValueError for an unknown name, or anything else.
    Example:
        >>> keras.optimizers.get("sgd").learning_rate
        0.01
    """
    found = registry.get("optimizer", identifier, Optimizer)
    if found is None or isinstance(found, Optimizer):
        return found
    raise ValueError(f"an optimizer must be a name or an Optimizer, got {identifier!r}")


share_arguments(
    [rule.update for rule in (SGD, RMSprop, Adam, Adagrad, Adamax, Nadam)],
    """
    Args:
        g: Clipped gradient; it may be overwritten.
        scratch: Array of the size of `g` for intermediate values; it may be overwritten.
        lr: Learning rate of this step.
        t: Number of the step, from 1.
        m: Moving average of the gradient.
        v: Moving average of the square of the gradient.
    """,
)

# fmt: off
__all__ = [
    "Adagrad", "Adam", "AdamW", "Adamax", "Moments", "Nadam", "Optimizer", "RMSprop", "SGD",
    "deserialize", "get", "schedules", "serialize",
]
# fmt: on

if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
