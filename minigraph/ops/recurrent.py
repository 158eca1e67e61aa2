"""Recurrent networks, a whole sequence in one op.

What the inputs contribute does not depend on the states, so one product computes it for all steps.
Only the small step from state to state is a loop, and so is its way back. The gradients of the
weights and of the inputs are again one product each, after that loop.

B is the batch, T the time, I the inputs, U the units. Inside, time comes first: a step is then one
piece of memory. Every op gives its outputs (B, T, U) and then the last states (B, U).

`mask` (B, T) says which steps are real. A masked step keeps the states. Its output is the former
output (0 where there is none), or 0 with `zero_output_for_mask`.
"""

from collections import namedtuple
from functools import cache, partial

from ..core.device import array_module
from ..core.tensor import op
from . import nn
from .arrays import broadcast_to, stack
from .conv import conv, conv_axes, correlate, input_gradient, kernel_gradient, pad_input
from .costs import LOOP_TURN, spend
from .kernels import flush_subnormals
from .math import where
from .nn import IN_PLACE

FLUSH_EVERY = 16  # steps of the way back, on which gradients vanish


@op
def unstack(x, /, axis=0):
    """The slices of x along an axis, as a tuple: the inverse of `stack`."""
    xp = array_module(x)
    parts = xp.moveaxis(x, axis, 0)
    parts = tuple(parts[i] for i in range(len(parts)))

    def backward(arriving):
        given = zip(parts, arriving, strict=True)
        return (xp.stack([xp.zeros_like(p) if g is None else g for p, g in given], axis),)

    return parts, backward


def run_steps(step, x, states, mask=None, zero_output_for_mask=False):
    """The obvious loop: `step(x_t, states)` gives an output and the next states, for each t.

    Returns all outputs, the last one and the last states. Without rows every step gives what the
    second gives, so two are run: a drawing takes no longer for a long sequence.
    """
    outputs, former, length = [], 0.0, x.shape[1]
    spend(len(x), length, LOOP_TURN)
    for t, x_t in enumerate(unstack(x if len(x) else x[:, :2], axis=1)):
        output, after = step(x_t, states)
        if mask is not None:
            after = [where_real(mask[:, t], a, b) for a, b in zip(after, states, strict=True)]
            output = where_real(mask[:, t], output, 0.0 if zero_output_for_mask else former)
        outputs.append(output)
        former, states = output, list(after)
    if len(x):
        return stack(outputs, axis=1), former, states
    everywhere = broadcast_to(former[:, None], (0, length, *former.shape[1:]))
    return everywhere, former, states


def where_real(real, new, old):
    """`new` in the rows that are real, else `old`."""
    return where(real.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def by_time(x):
    """Batch first becomes time first, each step in one piece."""
    xp = array_module(x)
    return xp.ascontiguousarray(xp.moveaxis(x, 1, 0))


def apart(z, count):
    """The gates one by one: (T, B, ..., K U) -> (T, K, B, ..., U), a view."""
    z = z.reshape(*z.shape[:-1], count, z.shape[-1] // count)
    return array_module(z).moveaxis(z, -2, 1)


def in_order(z, order):
    """A copy of the gates, one by one in an order of their own."""
    z = apart(z, len(order))
    return array_module(z).stack([z[:, k] for k in order], 1)


# A product of states and weights, and its two ways back. The product gives the gates one by one.
Product = namedtuple("Product", "forward to_state to_weights")


def matrix_product(h, weights, order):
    """The product of a state (B, U) and a matrix (U, K U)."""
    xp = array_module(weights)
    # In one piece each, since they are read at every step. A drawing, in which weights take no
    # memory, does not come here.
    stacked = cache(lambda: in_order(weights[None], order)[0])  # (K, U, U)
    turned = cache(lambda: xp.ascontiguousarray(weights.T))
    return Product(lambda h: h @ stacked(), lambda g: g @ turned(), lambda h, g: h.T @ g)


def map_product(h, weights, order):
    """The product of maps (B, *places, U) and a kernel (*taps, U, K U), with "same" padding."""
    axes = conv_axes("recurrent convolution", h.shape[1:-1], weights.shape[:-2], 1, "same")
    return Product(
        lambda h: in_order(correlate(pad_input(h, axes), weights, axes)[None], order)[0],
        lambda g: input_gradient(g, weights, axes),
        lambda h, g: kernel_gradient(pad_input(h, axes), g, axes),
    )


def run_sequence(
    x, states, weights, mask, shown_zero, order, step, way_back, enter=nn.dense.__wrapped__,
    meet=matrix_product, same_ways=True,
):  # fmt: skip
    """The frame of the ops below: what they share is all but the step and its slopes.

    A step works on its K gates one by one, z (K, B, ..., U), not on the (B, ..., K U) of a layer's
    weights. Each gate is then one piece of memory, on which arithmetic takes half the time. They
    come in an `order` in which those that are treated alike are neighbours.

    `step(t, z, s, *kept)` is given what the inputs contribute to the gates, z, and what the state
    does, s, and the states of all times. It turns z into the gates, and writes the states of time
    t + 1.
    `way_back(z, *kept)`, with the gates of all times, prepares `back(t, *d_states)`: from the
    gradients of the states of time t + 1 to those of what the inputs and of what the state
    contributed, in the order of the weights, always one array if they go the `same_ways`, and to
    what flows past the gates to the states before, None where nothing does.
    `enter` is the op by which inputs enter, `meet` the product of states and weights.
    """
    xp = array_module(x)
    kernel, recurrent, bias = weights
    count, own_bias = len(order), None  # of the product with the states
    if bias is not None and bias.ndim > 1:
        bias, own_bias = bias[0], in_order(bias[None, 1:], order)[0]  # (K, 1, U)
    steps = by_time(x)  # (T, B, ...)
    rows = steps.reshape(len(steps) * len(x), *x.shape[2:])
    z, back_to_inputs = enter(rows, kernel, bias)
    form, dtype = (*steps.shape[:2], *z.shape[1:]), z.dtype  # (T, B, ..., K U)
    z = in_order(z.reshape(form), order)  # (T, K, B, ..., U)
    product = meet(states[0], recurrent, order)
    kept = [xp.empty((len(steps) + 1, *state.shape), dtype) for state in states]
    for times, state in zip(kept, states, strict=True):
        times[0] = state
    real = None
    if mask is not None:
        real = by_time(mask).astype(bool).reshape(*steps.shape[:2], *[1] * (states[0].ndim - 1))
    for t in range(len(steps) if len(x) else 0):  # a drawing has no rows to step through
        s = product.forward(kept[0][t])
        if own_bias is not None:
            s += own_bias
        step(t, z[t], s, *kept)
        for times in [] if real is None else kept:
            times[t + 1] = xp.where(real[t], times[t + 1], times[t])
    outputs = kept[0][1:]
    if real is not None:
        shown = real if shown_zero else real.cumsum(0) > 0
        outputs = outputs * shown

    def backward(arriving):
        g, *d_states = arriving
        for i, times in enumerate(kept):
            d_states[i] = xp.zeros_like(times[0]) if d_states[i] is None else d_states[i]
        if g is not None:
            g = by_time(g) if real is None else by_time(g) * shown
        back = way_back(z, *kept)
        d = xp.empty(form, dtype)  # the gradient of what enters, and of the product
        e = d if same_ways else xp.empty(form, dtype)
        d_apart, e_apart = apart(d, count), apart(e, count)
        for t in reversed(range(len(steps) if len(x) else 0)):
            if t % FLUSH_EVERY == 0:  # else a thousand steps take six times as long as 500
                d_states = [flush_subnormals(d) for d in d_states]
            if g is not None:
                d_states[0] = d_states[0] + g[t]
            counted = d_states if real is None else [s * real[t] for s in d_states]
            d_apart[t], to_product, past = back(t, *counted)
            if e is not d:
                e_apart[t] = to_product
            through = product.to_state(e[t])
            past[0] = through if past[0] is None else past[0] + through
            if real is not None:
                past = [s * ~real[t] + b for s, b in zip(d_states, past, strict=True)]
            d_states = past
        to_rows, to_kernel, to_bias = back_to_inputs(d.reshape(len(rows), *form[2:]))
        befores, gs = (a.reshape(len(rows), *a.shape[2:]) for a in (kept[0][:-1], e))

        def to_bias_or_both():
            if own_bias is None:
                return to_bias()
            return xp.stack([to_bias(), xp.ones(len(gs), gs.dtype) @ gs])

        return (
            lambda: xp.moveaxis(to_rows().reshape(steps.shape), 0, 1),
            *d_states,
            to_kernel,
            lambda: product.to_weights(befores, gs),
            to_bias_or_both,
            None,
        )

    return (xp.moveaxis(outputs, 0, 1), *(times[-1] for times in kept)), backward


# ---------------------------------------------------------------------------------------------
# h' = f(x W + h U + b)


@op
def simple_rnn(
    x, h, kernel, recurrent, bias=None, mask=None, /, activation="tanh", zero_output_for_mask=False
):
    """A simple recurrent network over a whole sequence.

        h' = activation(x @ W + h @ U + b)

    `activation` is "tanh", "sigmoid" or "relu".

    Shapes: (B, T, I), (B, U), (I, U), (U, U), (U) -> (B, T, U), (B, U).
    Source: Elman (1990).
    """
    f = IN_PLACE[activation]

    def step(t, z, s, hs):
        z += s
        f.forward(z[0], out=hs[t + 1])

    def way_back(z, hs):
        slopes = f.slope(hs[1:])

        def back(t, dh):
            d = (dh * slopes[t])[None]
            return d, d, [None]

        return back

    weights = kernel, recurrent, bias
    return run_sequence(x, [h], weights, mask, zero_output_for_mask, [0], step, way_back)


def simple_rnn_step(x, h, kernel, recurrent, bias=None, activation=nn.tanh):
    """One step of `simple_rnn` out of basic ops: the next h."""
    return activation(nn.dense(x, kernel, bias) + h @ recurrent)


# ---------------------------------------------------------------------------------------------
# Long short-term memory


def lstm_sequence(
    x, h, c, weights, mask, shown_zero, functions, enter=nn.dense.__wrapped__, meet=matrix_product
):
    """The op `lstm`, whatever the products are."""
    xp = array_module(x)
    squash, gate = (IN_PLACE[name] for name in functions)
    squashed = xp.empty((x.shape[1], *h.shape), weights[1].dtype)

    def step(t, z, s, hs, cs):
        z += s
        i, f, o, g = parts(z)
        gate.forward(z[:3], out=z[:3])
        squash.forward(g, out=g)
        xp.multiply(f, cs[t], out=cs[t + 1])
        cs[t + 1] += i * g
        squash.forward(cs[t + 1], out=squashed[t])
        xp.multiply(o, squashed[t], out=hs[t + 1])

    def way_back(z, hs, cs):
        i, f, o, g = parts(z, axis=1)
        # What the gradient of c' or h' is multiplied by on its way to each gate, for all times.
        to_i, to_f, to_g, to_o = parts(ways := xp.empty_like(z), axis=1)
        xp.multiply(gate.slope(i), g, out=to_i)
        xp.multiply(gate.slope(f), cs[:-1], out=to_f)
        xp.multiply(squash.slope(g), i, out=to_g)
        xp.multiply(gate.slope(o), squashed, out=to_o)
        to_c = o * squash.slope(squashed)

        def back(t, dh, dc):
            dc = dc + dh * to_c[t]
            d = xp.empty_like(z[t])
            xp.multiply(dc, ways[t, :3], out=d[:3])
            xp.multiply(dh, to_o[t], out=d[3])
            return d, d, [None, dc * f[t]]

        return back

    settings = mask, shown_zero, [0, 1, 3, 2], step, way_back, enter, meet
    return run_sequence(x, [h, c], weights, *settings)


def parts(z, axis=0):
    """The gates of one time, or of all along axis 1."""
    return [z[k] if axis == 0 else z[:, k] for k in range(z.shape[axis])]


@op
def lstm(
    x, h, c, kernel, recurrent, bias=None, mask=None, /, activation="tanh",
    recurrent_activation="sigmoid", zero_output_for_mask=False,
):  # fmt: skip
    """A long short-term memory over a whole sequence.

        i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of the parts of x @ W + h @ U + b
        c' = f * c + i * g
        h' = o * tanh(c')

    The columns of the weights are those of i, f, g, o; `recurrent_activation` may replace the
    sigmoids, `activation` both tanh.

    Shapes: (B, T, I), (B, U), (B, U), (I, 4U), (U, 4U), (4U) -> (B, T, U), (B, U), (B, U).
    Source: Hochreiter and Schmidhuber (1997), Gers et al. (2000).
    """
    settings = mask, zero_output_for_mask, (activation, recurrent_activation)
    return lstm_sequence(x, h, c, (kernel, recurrent, bias), *settings)


@op
def conv_lstm(
    x, h, c, kernel, recurrent, bias=None, mask=None, /, strides=1, padding="valid",
    dilation_rate=1, activation="tanh", recurrent_activation="sigmoid", zero_output_for_mask=False,
):  # fmt: skip
    """The op `lstm` for sequences of maps: its products are convolutions.

    `strides`, `padding` and `dilation_rate` are those of the inputs' convolution; that of the
    states keeps their size.

    Shapes: (B, T, *lengths, C), (B, *places, F) twice, (*taps, C, 4F), (*taps, F, 4F), (4F) -> (B,
    T, *places, F), (B, *places, F) twice.
    Source: Shi et al. (2015).
    """
    enter = partial(conv.__wrapped__, strides=strides, padding=padding, dilation_rate=dilation_rate)
    settings = mask, zero_output_for_mask, (activation, recurrent_activation), enter, map_product
    return lstm_sequence(x, h, c, (kernel, recurrent, bias), *settings)


def lstm_step(
    x, h, c, kernel, recurrent, bias=None, activation=nn.tanh, recurrent_activation=nn.sigmoid,
):  # fmt: skip
    """One step of `lstm` out of basic ops: the next h and c."""
    z = nn.dense(x, kernel, bias) + h @ recurrent
    return gated(z, c, activation, recurrent_activation)


def conv_lstm_step(
    x, h, c, kernel, recurrent, bias=None, activation=nn.tanh, recurrent_activation=nn.sigmoid,
    **settings,
):  # fmt: skip
    """One step of `conv_lstm` out of basic ops: the next h and c."""
    z = conv(x, kernel, bias, **settings) + conv(h, recurrent, padding="same")
    return gated(z, c, activation, recurrent_activation)


def gated(z, c, activation, recurrent_activation):
    """The next h and c, from what the four gates are made of."""
    i, f, g, o = gates(z, 4)
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(g)
    return recurrent_activation(o) * activation(c), c


def gates(z, count):
    """The equal parts of the last axis."""
    units = z.shape[-1] // count
    return [z[..., k * units : (k + 1) * units] for k in range(count)]


# ---------------------------------------------------------------------------------------------
# Gated recurrent unit


@op
def gru(
    x, h, kernel, recurrent, bias=None, mask=None, /, activation="tanh",
    recurrent_activation="sigmoid", zero_output_for_mask=False,
):  # fmt: skip
    """A gated recurrent unit over a whole sequence, in the form that resets after the product.

        a = x @ W + b0,  s = h @ U + b1
        z, r = sigmoid of the first two parts of a + s
        h' = z * h + (1 - z) * tanh(a_g + r * s_g)

    The columns of the weights are those of z, r and the candidate g.

    Shapes: (B, T, I), (B, U), (I, 3U), (U, 3U), (2, 3U) -> (B, T, U), (B, U).
    Source: Cho et al. (2014).
    """
    xp = array_module(x)
    squash, gate = IN_PLACE[activation], IN_PLACE[recurrent_activation]
    seen = xp.empty((x.shape[1], *h.shape), kernel.dtype)  # s_g of all steps

    def step(t, z, s, hs):
        update, reset, candidate = parts(z)
        z[:2] += s[:2]
        gate.forward(z[:2], out=z[:2])
        seen[t] = s[2]
        candidate += reset * s[2]
        squash.forward(candidate, out=candidate)
        xp.subtract(hs[t], candidate, out=hs[t + 1])
        hs[t + 1] *= update
        hs[t + 1] += candidate

    def way_back(z, hs):
        update, reset, candidate = parts(z, axis=1)
        to_update = gate.slope(update) * (hs[:-1] - candidate)
        to_candidate = squash.slope(candidate) * (1 - update)
        to_reset = gate.slope(reset) * seen

        def back(t, dh):
            d = xp.empty_like(z[t])
            xp.multiply(dh, to_update[t], out=d[0])
            xp.multiply(dh, to_candidate[t], out=d[2])
            xp.multiply(d[2], to_reset[t], out=d[1])
            e = d.copy()
            e[2] *= reset[t]
            return d, e, [dh * update[t]]

        return back

    weights = kernel, recurrent, bias
    settings = mask, zero_output_for_mask, [0, 1, 2], step, way_back
    return run_sequence(x, [h], weights, *settings, same_ways=False)


def gru_step(
    x, h, kernel, recurrent, bias=None, activation=nn.tanh, recurrent_activation=nn.sigmoid,
    reset_after=True,
):  # fmt: skip
    """One step of `gru` out of basic ops: the next h. Without `reset_after`, U meets r h."""
    units = h.shape[-1]
    a = nn.dense(x, kernel, bias[0] if bias is not None and reset_after else bias)
    s = nn.dense(h, recurrent, bias[1] if bias is not None and reset_after else None)
    update, reset = gates(recurrent_activation((a + s)[..., : 2 * units]), 2)
    if reset_after:
        inner = reset * s[..., 2 * units :]
    else:
        inner = (reset * h) @ recurrent[:, 2 * units :]
    candidate = activation(a[..., 2 * units :] + inner)
    return update * h + (1 - update) * candidate


# ---------------------------------------------------------------------------------------------
# The plain twins: the obvious loops


def plain_loop(step, states):
    """The twin of an op with that many states: its step, again and again."""

    def run(x, *arrays, zero_output_for_mask=False, **settings):
        *weights, mask = arrays[states:]
        functions = {
            name: getattr(nn, value) if name.endswith("activation") else value
            for name, value in settings.items()
        }

        def one(x_t, before):
            after = step(x_t, *before, *weights, **functions)
            after = after if isinstance(after, tuple) else (after,)
            return after[0], after

        mask = None if mask is None else mask.value
        outputs, _, last = run_steps(one, x, arrays[:states], mask, zero_output_for_mask)
        return (outputs, *last)

    return run


simple_rnn_plain = plain_loop(simple_rnn_step, 1)
lstm_plain = plain_loop(lstm_step, 2)
conv_lstm_plain = plain_loop(conv_lstm_step, 2)
gru_plain = plain_loop(gru_step, 1)
