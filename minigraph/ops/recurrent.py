"""Recurrent networks, a whole sequence in one op.

First comes the plain form, a loop over a step written with basic ops. Then comes what the fast form
does differently, in the class `Recurrence`, and then each network: its step, the gradient of that
step, and its op.

B is the batch size, T the time, I the inputs, U the units, K the number of gates. Every op gives
its outputs (B, T, U) and then the last states (B, U).

`mask` (B, T) says which steps are real. A masked step keeps the states. Its output is the previous
output (0 where there is none), or 0 with `zero_output_for_mask`.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from typing import Any, TypeAlias

from ..core.device import array_module
from ..core.tensor import op
from ..core.types import Array, TensorLike
from . import nn
from .arrays import broadcast_to, stack
from .conv import (
    Axis,
    Padding,
    Sizes,
    conv,
    conv_axes,
    correlate,
    input_gradient,
    kernel_gradient,
    pad_input,
)
from .costs import LOOP_TURN, spend
from .kernels import flush_subnormals
from .math import where
from .nn import IN_PLACE, Activation, InPlace

FLUSH_EVERY = 16  # steps of the backward pass, in which gradients vanish

Plain: TypeAlias = Callable[..., tuple[Any, ...]]  # the outputs and the last states


# ---------------------------------------------------------------------------------------------
# The plain form: the obvious loop, and one step of each network in basic ops


@op
def unstack(x: Array, /, axis: int = 0):
    """The slices of x along an axis, as a tuple: the inverse of `stack`.

    Args:
        axis: Axis along which the slices lie (default 0).
    Example:
        >>> [part.numpy().tolist() for part in keras.ops.unstack([[1, 2], [3, 4]], axis=1)]
        [[1, 3], [2, 4]]
    """
    xp = array_module(x)
    before = (slice(None),) * (axis % x.ndim)
    parts = tuple(x[(*before, i)] for i in range(x.shape[axis]))

    def backward(arriving):
        given = zip(parts, arriving, strict=True)
        return (xp.stack([xp.zeros_like(p) if g is None else g for p, g in given], axis),)

    return parts, backward


def run_steps(
    step: Callable[..., Any],
    x: TensorLike,
    states: Sequence[TensorLike],
    mask: Array = None,
    zero_output_for_mask: bool = False,
) -> tuple[Any, Any, Sequence[Any]]:
    """The obvious loop: for each t, `step(x_t, states)` returns an output and the next states.

    Returns all outputs, the last one and the last states. With an empty batch every step returns
    the same as the second, so two are run: a trace takes no longer for a long sequence.
    """
    outputs, length = [], x.shape[1]
    previous: Any = 0.0
    spend(len(x), length, LOOP_TURN)
    for t, x_t in enumerate(unstack(x if len(x) else x[:, :2], axis=1)):
        output, after = step(x_t, states)
        if mask is not None:
            after = [where_real(mask[:, t], a, b) for a, b in zip(after, states, strict=True)]
            output = where_real(mask[:, t], output, 0.0 if zero_output_for_mask else previous)
        outputs.append(output)
        previous, states = output, list(after)
    if len(x):
        return stack(outputs, axis=1), previous, states
    repeated = broadcast_to(previous[:, None], (0, length, *previous.shape[1:]))
    return repeated, previous, states


def where_real(real: Array, new: TensorLike, old: TensorLike) -> Any:
    """`new` for the samples whose step is real (not masked), else `old`."""
    return where(real.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def dropped(h: TensorLike, keep: Array = None) -> Any:
    """The state h as the recurrent kernel sees it: after dropout, if there is a factor `keep`."""
    return h if keep is None else h * keep


def simple_rnn_step(
    x: TensorLike,
    h: TensorLike,
    kernel: TensorLike,
    recurrent: TensorLike,
    bias: TensorLike = None,
    activation: Callable[..., Any] = nn.tanh,
    keep: Array = None,
) -> Any:
    """One step of `simple_rnn`: the next h."""
    return activation(nn.dense(x, kernel, bias) + dropped(h, keep) @ recurrent)


def lstm_step(
    x: TensorLike,
    h: TensorLike,
    c: TensorLike,
    kernel: TensorLike,
    recurrent: TensorLike,
    bias: TensorLike = None,
    activation: Callable[..., Any] = nn.tanh,
    recurrent_activation: Callable[..., Any] = nn.sigmoid,
    keep: Array = None,
) -> tuple[Any, Any]:
    """One step of `lstm`: the next h and c."""
    z = nn.dense(x, kernel, bias) + dropped(h, keep) @ recurrent
    return lstm_states(z, c, activation, recurrent_activation)


def conv_lstm_step(
    x: TensorLike,
    h: TensorLike,
    c: TensorLike,
    kernel: TensorLike,
    recurrent: TensorLike,
    bias: TensorLike = None,
    activation: Callable[..., Any] = nn.tanh,
    recurrent_activation: Callable[..., Any] = nn.sigmoid,
    keep: Array = None,
    **settings: Any,
) -> tuple[Any, Any]:
    """One step of `conv_lstm`: the next h and c."""
    z = conv(x, kernel, bias, **settings) + conv(dropped(h, keep), recurrent, padding="same")
    return lstm_states(z, c, activation, recurrent_activation)


def lstm_states(
    z: TensorLike,
    c: TensorLike,
    activation: Callable[..., Any],
    recurrent_activation: Callable[..., Any],
) -> tuple[Any, Any]:
    """The next h and c, from the four gates before their activations."""
    i, f, g, o = equal_parts(z, 4)
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(g)
    return recurrent_activation(o) * activation(c), c


def gru_step(
    x: TensorLike,
    h: TensorLike,
    kernel: TensorLike,
    recurrent: TensorLike,
    bias: TensorLike = None,
    activation: Callable[..., Any] = nn.tanh,
    recurrent_activation: Callable[..., Any] = nn.sigmoid,
    reset_after: bool = True,
    keep: Array = None,
) -> Any:
    """One step of `gru`: the next h.

    Args:
        bias: That of the inputs, or, with `reset_after`, that and the one of the states, stacked;
            None (default) adds nothing.
        reset_after: Whether the reset gate acts on h @ U (default True), not on h.
    """
    units, seen = h.shape[-1], dropped(h, keep)
    a = nn.dense(x, kernel, bias[0] if bias is not None and reset_after else bias)
    s = nn.dense(seen, recurrent, bias[1] if bias is not None and reset_after else None)
    update, reset = equal_parts(recurrent_activation((a + s)[..., : 2 * units]), 2)
    if reset_after:
        inner = reset * s[..., 2 * units :]
    else:
        inner = (reset * seen) @ recurrent[:, 2 * units :]
    candidate = activation(a[..., 2 * units :] + inner)
    return update * h + (1 - update) * candidate


def equal_parts(z: TensorLike, count: int) -> list[Any]:
    """The last axis split into `count` equal parts."""
    units = z.shape[-1] // count
    return [z[..., k * units : (k + 1) * units] for k in range(count)]


def plain_loop(step: Callable[..., Any], state_count: int) -> Plain:
    """The plain twin of an op with that many states: a loop over its step."""

    def run(x, *arrays, zero_output_for_mask=False, **settings):
        *weights, mask = arrays[state_count:]
        functions = {
            name: getattr(nn, value) if name.endswith("activation") else value
            for name, value in settings.items()
        }

        def one_step(x_t, before):
            after = step(x_t, *before, *weights, **functions)
            after = after if isinstance(after, tuple) else (after,)
            return after[0], after

        mask = None if mask is None else mask.value
        states = arrays[:state_count]
        outputs, _, last = run_steps(one_step, x, states, mask, zero_output_for_mask)
        return (outputs, *last)

    return run


simple_rnn_plain: Plain = plain_loop(simple_rnn_step, 1)
lstm_plain: Plain = plain_loop(lstm_step, 2)
conv_lstm_plain: Plain = plain_loop(conv_lstm_step, 2)
gru_plain: Plain = plain_loop(gru_step, 1)


# ---------------------------------------------------------------------------------------------
# The fast form
#
# What the inputs contribute does not depend on the states, so one product computes it for all
# steps. Only the small step from state to state is a loop, and so is its backward pass; the
# gradients of the weights and of the inputs are again one product each, after that loop. Arrays are
# time-major, so that a step is contiguous. Each gate is stored separately, (K, B, U) instead of
# (B, K U): arithmetic on contiguous gates takes half the time. They come in a `gate_order` in which
# those with the same activation are neighbours.


def time_major(x: Array) -> Array:
    """(B, T, ...) -> (T, B, ...), each step contiguous."""
    xp = array_module(x)
    return xp.ascontiguousarray(xp.moveaxis(x, 1, 0))


def merge_time(x: Array) -> Array:
    """All steps of all samples as one batch: (T, B, ...) -> (T * B, ...)."""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def split_gates(z: Array, count: int) -> Array:
    """The gates along their own axis: (T, B, ..., K U) -> (T, K, B, ..., U), a view."""
    z = z.reshape(*z.shape[:-1], count, z.shape[-1] // count)
    return array_module(z).moveaxis(z, -2, 1)


def reorder_gates(z: Array, gate_order: Sequence[int]) -> Array:
    """A copy of the gates along their own axis, in the given order."""
    z = split_gates(z, len(gate_order))
    return array_module(z).stack([z[:, k] for k in gate_order], 1)


def each_gate(gates: Array, axis: int = 0) -> list[Array]:
    """The gates of one step, or of all steps along axis 1."""
    return [gates[k] if axis == 0 else gates[:, k] for k in range(gates.shape[axis])]


class MatrixProduct:
    """The product of a state (B, U) and a matrix (U, K U), gate by gate."""

    def __init__(self, state: Array, weights: Array, gate_order: Sequence[int]):
        self.weights: Array = weights
        self.gate_order: Sequence[int] = gate_order

    # Contiguous, since they are read at every step. A trace, in which weights take no memory, has
    # no steps.

    @cached_property
    def weights_by_gate(self) -> Array:
        return reorder_gates(self.weights[None], self.gate_order)[0]  # (K, U, U)

    @cached_property
    def transposed(self) -> Array:
        return array_module(self.weights).ascontiguousarray(self.weights.T)

    def forward(self, h: Array) -> Array:
        return h @ self.weights_by_gate

    def state_gradient(self, g: Array) -> Array:
        return g @ self.transposed

    def weights_gradient(self, h: Array, g: Array) -> Array:
        return h.T @ g


class ConvProduct:
    """The convolution of maps (B, *size, U) and a kernel (*kernel_size, U, K U), padded "same"."""

    def __init__(self, state: Array, weights: Array, gate_order: Sequence[int]):
        self.weights: Array = weights
        self.gate_order: Sequence[int] = gate_order
        sizes, kernel_size = state.shape[1:-1], weights.shape[:-2]
        self.axes: list[Axis] = conv_axes("recurrent convolution", sizes, kernel_size, 1, "same")

    def forward(self, h: Array) -> Array:
        z = correlate(pad_input(h, self.axes), self.weights, self.axes)
        return reorder_gates(z[None], self.gate_order)[0]

    def state_gradient(self, g: Array) -> Array:
        return input_gradient(g, self.weights, self.axes)

    def weights_gradient(self, h: Array, g: Array) -> Array:
        return kernel_gradient(pad_input(h, self.axes), g, self.axes)


StateProduct: TypeAlias = MatrixProduct | ConvProduct


class Recurrence:
    """The base of the fast ops. A subclass is one network:

    `step(t, gates, from_state)` turns `gates` (K, B, ..., U), the inputs' contribution, into the
    gates after their activations, using `from_state`, the state's contribution. It writes the
    states of time t + 1.

    `prepare_backward()` computes the derivatives that all steps need at once.

    `step_backward(t, d_states)` takes the gradients of the states of time t + 1. It returns those
    of both contributions, the inputs' and the state's, and the `passthrough`: what flows past
    the gates to each state of time t, None where nothing does.
    """

    step: Any  # these three are the network's own
    prepare_backward: Any
    step_backward: Any
    state_product: type[StateProduct] = MatrixProduct
    gate_order: tuple[int, ...] = (0,)
    gates_share_gradient: bool = True  # inputs and state are added: one array is both gradients

    activation: Activation
    gate_activation: Activation
    xp: Any  # the array library
    x: Array  # (T, B, ...)
    steps: int  # T; 0 in a trace, whose batch is empty
    input_backward: Callable[[Array], Any]
    shape: tuple[int, ...]  # (T, B, ..., K U)
    gates: Array  # (T, K, B, ..., U)
    product: StateProduct
    state_bias: Array  # of the product with the state: (K, 1, U), or None
    states: list[Array]  # each (T + 1, B, ..., U)
    real: Array  # the steps whose states count; None means all
    shown: Array  # the steps whose output is not 0; None means all

    def __init__(
        self,
        x: Array,
        states: Sequence[Array],
        weights: tuple[Array, Array, Array],
        mask: Array,
        zero_masked: bool,
        activation: InPlace,
        gate_activation: InPlace = "sigmoid",
        input_op: Callable[..., Any] = nn.dense.__wrapped__,
    ):
        self.activation, self.gate_activation = IN_PLACE[activation], IN_PLACE[gate_activation]
        self.xp = xp = array_module(x)
        kernel, recurrent, bias = weights
        self.state_bias = None
        if bias is not None and bias.ndim > 1:
            bias, state_bias = bias[0], bias[None, 1:]
            self.state_bias = reorder_gates(state_bias, self.gate_order)[0]
        self.x = time_major(x)
        self.steps = len(self.x) if len(x) else 0
        z, self.input_backward = input_op(merge_time(self.x), kernel, bias)
        self.shape = *self.x.shape[:2], *z.shape[1:]
        self.gates = reorder_gates(z.reshape(self.shape), self.gate_order)
        self.product = self.state_product(states[0], recurrent, self.gate_order)
        self.states = [xp.empty((len(self.x) + 1, *s.shape), z.dtype) for s in states]
        for times, state in zip(self.states, states, strict=True):
            times[0] = state
        self.real = self.shown = None
        if mask is not None:
            real = time_major(mask).astype(bool)
            self.real = real.reshape(*self.x.shape[:2], *[1] * (states[0].ndim - 1))
            self.shown = self.real if zero_masked else self.real.cumsum(0) > 0

    def forward(self) -> tuple[Array, ...]:
        """The outputs and the last states."""
        for t in range(self.steps):
            from_state = self.product.forward(self.states[0][t])
            if self.state_bias is not None:
                from_state += self.state_bias
            self.step(t, self.gates[t], from_state)
            if self.real is not None:
                for times in self.states:
                    times[t + 1] = self.xp.where(self.real[t], times[t + 1], times[t])
        outputs = self.states[0][1:]
        if self.real is not None:
            outputs = outputs * self.shown
        return self.xp.moveaxis(outputs, 0, 1), *(times[-1] for times in self.states)

    def backward(self, arriving: Iterable[Array]) -> tuple[Any, ...]:
        """The gradients of x, the states, the kernels, the bias and the mask."""
        g, *d_states = arriving
        for i, times in enumerate(self.states):
            d_states[i] = self.xp.zeros_like(times[0]) if d_states[i] is None else d_states[i]
        if g is not None:
            g = time_major(g) if self.real is None else time_major(g) * self.shown
        d_states, d_inputs, d_product = self.loop_backward(g, d_states)
        to_x, to_kernel, to_bias = self.input_backward(merge_time(d_inputs))
        d_product, h_before = merge_time(d_product), merge_time(self.states[0][:-1])

        def to_both_biases():
            ones = self.xp.ones(len(d_product), d_product.dtype)
            return self.xp.stack([to_bias(), ones @ d_product])

        return (
            lambda: self.xp.moveaxis(to_x().reshape(self.x.shape), 0, 1),
            *d_states,
            to_kernel,
            lambda: self.product.weights_gradient(h_before, d_product),
            to_bias if self.state_bias is None else to_both_biases,
            None,
        )

    def loop_backward(self, g: Array, d_states: list[Array]) -> tuple[list[Array], Array, Array]:
        """Backwards through time: the gradients of the first states, and those of what
        inputs and states contributed to the gates of all steps.
        """
        d_inputs = d_product = self.xp.empty(self.shape, self.gates.dtype)
        if not self.gates_share_gradient:
            d_product = self.xp.empty(self.shape, self.gates.dtype)
        count, product, real = len(self.gate_order), self.product, self.real
        d_inputs_by_gate, d_product_by_gate = (split_gates(d, count) for d in (d_inputs, d_product))
        self.prepare_backward()
        for t in reversed(range(self.steps)):
            if t % FLUSH_EVERY == 0:  # without it, 1000 steps take six times as long as 500
                d_states = [flush_subnormals(d) for d in d_states]
            if g is not None:
                d_states[0] = d_states[0] + g[t]
            d_real = d_states if real is None else [d * real[t] for d in d_states]
            d_inputs_by_gate[t], d_from_state, passthrough = self.step_backward(t, d_real)
            if not self.gates_share_gradient:
                d_product_by_gate[t] = d_from_state
            d_h, *others = passthrough
            through_gates = product.state_gradient(d_product[t])
            before = [through_gates if d_h is None else d_h + through_gates, *others]
            if real is not None:  # a masked step kept its states
                before = [d * ~real[t] + b for d, b in zip(d_states, before, strict=True)]
            d_states = before
        return d_states, d_inputs, d_product


# ---------------------------------------------------------------------------------------------
# Simple recurrent network


class SimpleRecurrence(Recurrence):
    """The step of `simple_rnn` and its gradient."""

    def step(self, t: int, gates: Array, from_state: Array) -> None:
        (hs,) = self.states
        gates += from_state
        self.activation.forward(gates[0], out=hs[t + 1])

    def prepare_backward(self) -> None:
        self.derivative: Array = self.activation.derivative(self.states[0][1:])

    def step_backward(self, t: int, d_states: list[Array]) -> tuple[Array, Array, list[Array]]:
        (dh,) = d_states
        d = (dh * self.derivative[t])[None]
        return d, d, [None]


@op
def simple_rnn(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array = None,
    mask: Array = None,
    /,
    activation: InPlace = "tanh",
    zero_output_for_mask: bool = False,
):
    """A simple recurrent network over a whole sequence.

        h' = activation(x @ W + h @ U + b)

    Shapes: (B, T, I), (B, U), (I, U), (U, U), (U) -> (B, T, U), (B, U).
    Source: Elman (1990).
    Example:
        >>> x, h = np.array([[[1.0], [2.0], [4.0]]]), np.zeros((1, 1))  # three steps
        >>> one = np.ones((1, 1))
        >>> outputs, last = keras.ops.simple_rnn(x, h, one, one, activation="relu")
        >>> outputs.numpy().ravel(), last.numpy().ravel()  # h' = x + h
        (array([1., 3., 7.]), array([7.]))
    """
    arrays = x, [h], (kernel, recurrent, bias), mask, zero_output_for_mask
    sequence = SimpleRecurrence(*arrays, activation)
    return sequence.forward(), sequence.backward


# ---------------------------------------------------------------------------------------------
# Long short-term memory


class LSTMRecurrence(Recurrence):
    """The step of `lstm` and its gradient."""

    gate_order: tuple[int, ...] = (0, 1, 3, 2)  # i, f, o, g: the first three are alike

    def __init__(self, *arrays: Any, **input_op: Any):
        super().__init__(*arrays, **input_op)
        self.activated_c: Array = self.xp.empty_like(self.states[1][1:])

    def step(self, t: int, gates: Array, from_state: Array) -> None:
        hs, cs = self.states
        gates += from_state
        i, f, o, g = each_gate(gates)
        self.gate_activation.forward(gates[:3], out=gates[:3])
        self.activation.forward(g, out=g)
        self.xp.multiply(f, cs[t], out=cs[t + 1])
        cs[t + 1] += i * g
        self.activation.forward(cs[t + 1], out=self.activated_c[t])
        self.xp.multiply(o, self.activated_c[t], out=hs[t + 1])

    def prepare_backward(self) -> None:
        (_, cs), (i, f, o, g) = self.states, each_gate(self.gates, axis=1)
        # The factors of the gradient of c' or h' on its way to each gate, for all steps.
        self.factors: Array = self.xp.empty_like(self.gates)
        to_i, to_f, to_g, to_o = each_gate(self.factors, axis=1)  # in the order of the weights
        self.xp.multiply(self.gate_activation.derivative(i), g, out=to_i)
        self.xp.multiply(self.gate_activation.derivative(f), cs[:-1], out=to_f)
        self.xp.multiply(self.activation.derivative(g), i, out=to_g)
        self.xp.multiply(self.gate_activation.derivative(o), self.activated_c, out=to_o)
        self.to_c: Array = o * self.activation.derivative(self.activated_c)

    def step_backward(self, t: int, d_states: list[Array]) -> tuple[Array, Array, list[Array]]:
        dh, dc = d_states
        dc = dc + dh * self.to_c[t]
        d = self.xp.empty_like(self.gates[t])
        self.xp.multiply(dc, self.factors[t, :3], out=d[:3])
        self.xp.multiply(dh, self.factors[t, 3], out=d[3])
        return d, d, [None, dc * self.gates[t, 1]]  # f * dc


@op
def lstm(
    x: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array = None,
    mask: Array = None,
    /,
    activation: InPlace = "tanh",
    recurrent_activation: InPlace = "sigmoid",
    zero_output_for_mask: bool = False,
):
    """A long short-term memory over a whole sequence.

        i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of the parts of x @ W + h @ U + b
        c' = f * c + i * g
        h' = o * tanh(c')

    The columns of the weights are those of i, f, g, o.

    Shapes: (B, T, I), (B, U), (B, U), (I, 4U), (U, 4U), (4U) -> (B, T, U), (B, U), (B, U).
    Source: Hochreiter and Schmidhuber (1997), Gers et al. (2000).
    """
    arrays = x, [h, c], (kernel, recurrent, bias), mask, zero_output_for_mask
    sequence = LSTMRecurrence(*arrays, activation, recurrent_activation)
    return sequence.forward(), sequence.backward


class ConvLSTMRecurrence(LSTMRecurrence):
    """That of `conv_lstm`: the state is convolved."""

    state_product: type[StateProduct] = ConvProduct


@op
def conv_lstm(
    x: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array = None,
    mask: Array = None,
    /,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation_rate: Sizes = 1,
    activation: InPlace = "tanh",
    recurrent_activation: InPlace = "sigmoid",
    zero_output_for_mask: bool = False,
):
    """The op `lstm` for sequences of feature maps: its products are convolutions.

    The convolution of the states keeps their size.

    Shapes: (B, T, *size, C), (B, *output_size, F) twice, (*kernel_size, C, 4F), (*kernel_size, F,
    4F), (4F) -> (B, T, *output_size, F), (B, *output_size, F) twice.
    Source: Shi et al. (2015).
    """
    settings = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate}
    arrays = x, [h, c], (kernel, recurrent, bias), mask, zero_output_for_mask
    input_op = partial(conv.__wrapped__, **settings)
    sequence = ConvLSTMRecurrence(*arrays, activation, recurrent_activation, input_op=input_op)
    return sequence.forward(), sequence.backward


# ---------------------------------------------------------------------------------------------
# Gated recurrent unit


class GRURecurrence(Recurrence):
    """The step of `gru` and its gradient."""

    gate_order: tuple[int, ...] = (0, 1, 2)  # z (update), r (reset), g (candidate)
    gates_share_gradient = False  # the reset gate scales only what the state contributes to g

    def __init__(self, *arrays: Any):
        super().__init__(*arrays)
        self.candidate_from_state: Array = self.xp.empty_like(self.states[0][1:])

    def step(self, t: int, gates: Array, from_state: Array) -> None:
        (hs,) = self.states
        update, reset, candidate = each_gate(gates)
        gates[:2] += from_state[:2]
        self.gate_activation.forward(gates[:2], out=gates[:2])
        self.candidate_from_state[t] = from_state[2]
        candidate += reset * from_state[2]
        self.activation.forward(candidate, out=candidate)
        self.xp.subtract(hs[t], candidate, out=hs[t + 1])
        hs[t + 1] *= update
        hs[t + 1] += candidate

    def prepare_backward(self) -> None:
        (hs,), (update, reset, candidate) = self.states, each_gate(self.gates, axis=1)
        self.to_update: Array = self.gate_activation.derivative(update) * (hs[:-1] - candidate)
        self.to_candidate: Array = self.activation.derivative(candidate) * (1 - update)
        self.to_reset: Array = self.gate_activation.derivative(reset) * self.candidate_from_state

    def step_backward(self, t: int, d_states: list[Array]) -> tuple[Array, Array, list[Array]]:
        (dh,), (update, reset, _) = d_states, each_gate(self.gates[t])
        d_inputs = self.xp.empty_like(self.gates[t])
        self.xp.multiply(dh, self.to_update[t], out=d_inputs[0])
        self.xp.multiply(dh, self.to_candidate[t], out=d_inputs[2])
        self.xp.multiply(d_inputs[2], self.to_reset[t], out=d_inputs[1])
        d_from_state = d_inputs.copy()
        d_from_state[2] *= reset
        return d_inputs, d_from_state, [dh * update]


@op
def gru(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array = None,
    mask: Array = None,
    /,
    activation: InPlace = "tanh",
    recurrent_activation: InPlace = "sigmoid",
    zero_output_for_mask: bool = False,
):
    """A gated recurrent unit over a whole sequence, in the form that resets after the product.

        a = x @ W + b0,  s = h @ U + b1
        z, r = sigmoid of the first two parts of a + s
        h' = z * h + (1 - z) * tanh(a_g + r * s_g)

    The columns of the weights are those of z, r and the candidate g.

    Shapes: (B, T, I), (B, U), (I, 3U), (U, 3U), (2, 3U) -> (B, T, U), (B, U).
    Args:
        bias: The biases b0 and b1, stacked; None (default) adds nothing.
    Source: Cho et al. (2014).
    """
    arrays = x, [h], (kernel, recurrent, bias), mask, zero_output_for_mask
    sequence = GRURecurrence(*arrays, activation, recurrent_activation)
    return sequence.forward(), sequence.backward
