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
from functools import partial

from .. import backend
from ..backend import array_module
from ..tensor import op
from . import basic, nn
from .conv import conv, correlate, input_gradient, kernel_gradient, seen_by, slide
from .nn import IN_PLACE


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
    backend.take_room(len(x), length, backend.STEP_ROOM)
    for t, x_t in enumerate(unstack(x if len(x) else x[:, :2], axis=1)):
        output, after = step(x_t, states)
        if mask is not None:
            after = [where_real(mask[:, t], a, b) for a, b in zip(after, states, strict=True)]
            output = where_real(mask[:, t], output, 0.0 if zero_output_for_mask else former)
        outputs.append(output)
        former, states = output, list(after)
    if len(x):
        return basic.stack(outputs, axis=1), former, states
    everywhere = basic.broadcast_to(former[:, None], (0, length, *former.shape[1:]))
    return everywhere, former, states


def where_real(real, new, old):
    """`new` in the rows that are real, else `old`."""
    return basic.where(real.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def by_time(x):
    """Batch first becomes time first, each step in one piece."""
    xp = array_module(x)
    return xp.ascontiguousarray(xp.moveaxis(x, 1, 0))


# How states meet the recurrent weights, and the two ways back.
Product = namedtuple("Product", "forward to_state to_weights")
MATRIX = Product(lambda h, w: h @ w, lambda g, w: g @ w.T, lambda h, g: h.T @ g)


def convolution(taps, lengths):
    """The product of maps of that size with a kernel of so many taps, "same" padding."""
    axes = slide("recurrent convolution", lengths, taps, 1, "same")
    return Product(
        lambda h, w: correlate(seen_by(h, axes), w, axes),
        lambda g, w: input_gradient(g, w, axes),
        lambda h, g: kernel_gradient(seen_by(h, axes), g, axes),
    )


def run_sequence(
    x, states, weights, mask, shown_zero, step, back, enter=nn.dense.__wrapped__, meet=MATRIX,
    apart=False,
):  # fmt: skip
    """The frame of the ops below: what they share is all but the step and its slopes.

    `step(t, z, *kept)` takes z (B, ..., G), what the inputs contribute, and the states of all
    times; it writes the states of time t + 1, and into z what the way back needs.
    `back(t, z, d, e, kept, d_states)` takes the gradients of the states of time t + 1 and returns
    those of the states before. It writes the gradient of z into d, and into e that of the product
    of states and weights; the two are one array unless they stand `apart`.
    `enter` is the op by which inputs enter, `meet` the product of states and weights.
    """
    xp = array_module(x)
    kernel, recurrent, bias = weights
    own_bias = bias is not None and bias.ndim > 1  # of the product with the states
    steps = by_time(x)  # (T, B, ...)
    rows = steps.reshape(len(steps) * len(x), *x.shape[2:])
    z, back_to_inputs = enter(rows, kernel, bias[0] if own_bias else bias)
    z = z.reshape(*steps.shape[:2], *z.shape[1:])  # (T, B, ..., G)
    kept = [xp.empty((len(steps) + 1, *state.shape), z.dtype) for state in states]
    for times, state in zip(kept, states, strict=True):
        times[0] = state
    real = None
    if mask is not None:
        real = by_time(mask).astype(bool).reshape(*steps.shape[:2], *[1] * (states[0].ndim - 1))
    backend.take_room(len(x), len(steps), backend.STEP_ROOM)
    for t in range(len(steps) if len(x) else 0):  # a drawing has no rows to step through
        step(t, z[t], *kept)
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
        d = xp.empty_like(z)
        e = xp.empty_like(z) if apart else d
        for t in reversed(range(len(steps) if len(x) else 0)):
            if g is not None:
                d_states[0] = d_states[0] + g[t]
            if real is None:
                d_states = back(t, z[t], d[t], e[t], kept, d_states)
            else:
                counted = [s * real[t] for s in d_states]
                before = back(t, z[t], d[t], e[t], kept, counted)
                d_states = [s * ~real[t] + b for s, b in zip(d_states, before, strict=True)]
        to_rows, to_kernel, to_bias = back_to_inputs(d.reshape(len(rows), *z.shape[2:]))
        befores, gs = (a.reshape(len(rows), *a.shape[2:]) for a in (kept[0][:-1], e))

        def to_bias_or_both():
            return xp.stack([to_bias(), xp.ones(len(gs), gs.dtype) @ gs]) if own_bias else to_bias()

        return (
            lambda: xp.moveaxis(to_rows().reshape(steps.shape), 0, 1),
            *d_states,
            to_kernel,
            lambda: meet.to_weights(befores, gs),
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

    def step(t, z, hs):
        z += hs[t] @ recurrent
        f.forward(z, out=hs[t + 1])

    def back(t, z, d, e, kept, d_states):
        d[:] = f.backward(d_states[0], kept[0][t + 1])
        return [d @ recurrent.T]

    weights = kernel, recurrent, bias
    return run_sequence(x, [h], weights, mask, zero_output_for_mask, step, back)


def simple_rnn_step(x, h, kernel, recurrent, bias=None, activation=nn.tanh):
    """One step of `simple_rnn` out of basic ops: the next h."""
    return activation(nn.dense(x, kernel, bias) + h @ recurrent)


# ---------------------------------------------------------------------------------------------
# Long short-term memory


def lstm_sequence(
    x, h, c, weights, mask, shown_zero, functions, enter=nn.dense.__wrapped__, meet=MATRIX
):
    """The op `lstm`, whatever the products are."""
    xp, units = array_module(x), h.shape[-1]
    squash, gate = (IN_PLACE[name] for name in functions)
    # In the order o, i, f, g the gates lie side by side, and so do the parts that c' is made of.
    if len(x):  # a drawing has no rows, and weights that take no memory
        weights = [w if w is None else xp.roll(w, units, -1) for w in weights]
    recurrent = weights[1]
    squashed = xp.empty((x.shape[1], *h.shape), recurrent.dtype)

    def step(t, z, hs, cs):
        z += meet.forward(hs[t], recurrent)
        gate.forward(z[..., : 3 * units], out=z[..., : 3 * units])
        squash.forward(z[..., 3 * units :], out=z[..., 3 * units :])
        o, i, f, g = gates(z, 4)
        xp.multiply(f, cs[t], out=cs[t + 1])
        cs[t + 1] += i * g
        squash.forward(cs[t + 1], out=squashed[t])
        xp.multiply(o, squashed[t], out=hs[t + 1])

    def back(t, z, d, e, kept, d_states):
        o, i, f, g = gates(z, 4)
        dh, dc = d_states
        dc = dc + squash.backward(dh * o, squashed[t])
        arriving = (dh, squashed[t]), (dc, g), (dc, kept[1][t]), (dc, i)
        for part, pair in zip(gates(d, 4), arriving, strict=True):
            xp.multiply(*pair, out=part)
        d[..., : 3 * units] = gate.backward(d[..., : 3 * units], z[..., : 3 * units])
        d[..., 3 * units :] = squash.backward(d[..., 3 * units :], g)
        return [meet.to_state(d, recurrent), dc * f]

    settings = mask, shown_zero, step, back, enter, meet
    value, run_back = run_sequence(x, [h, c], weights, *settings)

    def backward(arriving):
        *ways, to_kernel, to_recurrent, to_bias, _ = run_back(arriving)
        weight_ways = to_kernel, to_recurrent, to_bias
        return (*ways, *[lambda way=way: xp.roll(way(), -units, -1) for way in weight_ways], None)

    return value, backward


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
    meet = convolution(recurrent.shape[:-2], h.shape[1:-1])
    settings = mask, zero_output_for_mask, (activation, recurrent_activation), enter, meet
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
    xp, units = array_module(x), h.shape[1]
    squash, gate = IN_PLACE[activation], IN_PLACE[recurrent_activation]
    seen = xp.empty((x.shape[1], *h.shape), kernel.dtype)  # s_h of all steps

    def step(t, z, hs):
        s = hs[t] @ recurrent
        if bias is not None:
            s += bias[1]
        gated = z[:, : 2 * units]
        gated += s[:, : 2 * units]
        gate.forward(gated, out=gated)
        seen[t] = s[:, 2 * units :]
        update, reset, candidate = gates(z, 3)
        candidate += reset * seen[t]
        squash.forward(candidate, out=candidate)
        xp.subtract(hs[t], candidate, out=hs[t + 1])
        hs[t + 1] *= update
        hs[t + 1] += candidate

    def back(t, z, d, e, kept, d_states):
        (dh,), (d_update, d_reset, d_candidate) = d_states, gates(d, 3)
        update, reset, candidate = gates(z, 3)
        d_update[:] = gate.backward(dh * (kept[0][t] - candidate), update)
        d_candidate[:] = squash.backward(dh * (1 - update), candidate)
        d_reset[:] = gate.backward(d_candidate * seen[t], reset)
        e[:] = d
        e[:, 2 * units :] *= reset
        return [e @ recurrent.T + dh * update]

    weights = kernel, recurrent, bias
    return run_sequence(x, [h], weights, mask, zero_output_for_mask, step, back, apart=True)


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
