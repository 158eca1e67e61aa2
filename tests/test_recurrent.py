"""Sequences: recurrent layers and what stands around them, masks, embeddings, attention."""

import numpy as np
import pytest
from ops_table import spread

from minigraph import Input, Model, Tape, Tensor, layers, models, ops, optimizers, utils
from minigraph.core.registry import register_keras_serializable
from minigraph.graph.layer import Layer
from minigraph.layers import recurrent, sequences

KINDS = [layers.SimpleRNN, layers.LSTM, layers.GRU]
every_kind = pytest.mark.parametrize("kind", KINDS)


def data(*shape, seed=0):
    return spread(*shape, seed=seed).astype("float32")


def filled(layer, *inputs, **given):
    """The layer after a first call, with weights that are not close to 0."""
    layer(*inputs, **given)
    layer.set_weights([data(*w.shape, seed=i) / 2 for i, w in enumerate(layer.weights)])
    return layer


def same(actual, expected):
    actual = actual.numpy() if isinstance(actual, Tensor) else actual
    expected = expected.numpy() if isinstance(expected, Tensor) else expected
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def masked(array, mask):
    tensor = Tensor(array)
    tensor.mask = np.array(mask, bool)
    return tensor


# ---------------------------------------------------------------------------------------------
# The numbers


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def naive_simple_rnn(x, h, kernel, recurrent, bias):
    return [np.tanh(x @ kernel + h[0] @ recurrent + bias)]


def naive_lstm(x, states, kernel, recurrent, bias):
    h, c = states
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return [sigmoid(o) * np.tanh(c), c]


def naive_gru(x, states, kernel, recurrent, bias):
    (h,) = states
    xz, xr, xh = np.split(x @ kernel + bias[0], 3, axis=-1)
    hz, hr, hh = np.split(h @ recurrent + bias[1], 3, axis=-1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return [z * h + (1 - z) * np.tanh(xh + r * hh)]


def naive_gru_before(x, states, kernel, recurrent, bias):
    (h,) = states
    xz, xr, xh = np.split(x @ kernel + bias, 3, axis=-1)
    uz, ur, uh = np.split(recurrent, 3, axis=-1)
    z, r = sigmoid(xz + h @ uz), sigmoid(xr + h @ ur)
    return [z * h + (1 - z) * np.tanh(xh + (r * h) @ uh)]


@pytest.mark.parametrize(
    ("make", "step", "states"),
    [
        (lambda **o: layers.SimpleRNN(3, **o), naive_simple_rnn, 1),
        (lambda **o: layers.LSTM(3, **o), naive_lstm, 2),
        (lambda **o: layers.GRU(3, **o), naive_gru, 1),
        (lambda **o: layers.GRU(3, reset_after=False, **o), naive_gru_before, 1),
    ],
)
def test_a_layer_is_the_naive_loop(make, step, states):
    x = data(2, 5, 4)
    layer = filled(make(return_sequences=True, return_state=True), x)
    state = [data(2, 3, seed=20 + i) for i in range(states)]
    found, *last = layer(x, initial_state=[Tensor(s) for s in state])
    outputs = []
    for t in range(5):
        state = step(x[:, t], state, *layer.get_weights())
        outputs.append(state[0])
    same(found, np.stack(outputs, axis=1))
    for one, other in zip(last, state, strict=True):
        same(one, other)


@every_kind
def test_the_loop_over_a_cell_is_the_layer(kind):
    class Cell(kind.cell_class):
        """With its own call, the cell is called step by step."""

        def call(self, inputs, states, training=False):
            return super().call(inputs, states, training)

    x, mask = data(3, 4, 2), [[1, 1, 0, 1], [0, 0, 1, 1], [0, 0, 0, 0]]
    layer = filled(kind(3, return_sequences=True, return_state=True), x)
    loop = layers.RNN(Cell(3), return_sequences=True, return_state=True)
    loop(x)
    loop.set_weights(layer.get_weights())
    starts = [data(3, 3, seed=i) for i in range(len(layer.cell.state_size))]
    for given in (x, masked(x, mask)):
        for one, other in zip(
            loop(given, initial_state=starts), layer(given, initial_state=starts), strict=True
        ):
            same(one, other)


@register_keras_serializable("test_recurrent")
class Minimal(Layer):
    """The smallest cell there is; it names one size, and gets its one state in a list."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight((self.units, self.units), name="recurrent")

    def call(self, inputs, states):
        output = inputs @ self.kernel + states[0] @ self.recurrent
        return output, [output]


def test_a_custom_cell():
    layer = filled(layers.RNN(Minimal(3)), data(2, 4, 5))
    kernel, recurrent = layer.get_weights()
    h, x = np.zeros((2, 3)), data(2, 4, 5, seed=3)
    for t in range(4):
        h = x[:, t] @ kernel + h @ recurrent
    same(layer(x), h)


def test_a_cell_may_say_where_it_starts():
    class FromOne(Minimal):
        def get_initial_state(self, batch_size):
            return ops.ones((batch_size, self.units))

    layer = filled(layers.RNN(FromOne(3)), data(2, 1, 5))
    kernel, recurrent = layer.get_weights()
    x = data(2, 1, 5, seed=3)
    same(layer(x), x[:, 0] @ kernel + np.ones((2, 3)) @ recurrent)


def test_stacked_cells_are_layers_one_after_the_other():
    x = data(2, 4, 3)
    stacked = layers.RNN(
        [layers.LSTMCell(3), Minimal(2), layers.GRUCell(4)], return_sequences=True,
        return_state=True,
    )  # fmt: skip
    filled(stacked, x)
    assert [w.shape for w in stacked.weights[:4]] == [(3, 12), (3, 12), (12,), (3, 2)]
    single = [
        layers.LSTM(3, return_sequences=True),
        layers.RNN(Minimal(2), return_sequences=True),
        layers.GRU(4, return_sequences=True),
    ]
    y, weights = x, stacked.get_weights()
    for layer in single:
        layer(y)
        layer.set_weights([weights.pop(0) for _ in layer.weights])
        y = layer(y)
    found, *states = stacked(x)
    same(found, y)
    assert [s.shape for s in states] == [(2, 3), (2, 3), (2, 2), (2, 4)]


@every_kind
def test_going_backwards_reads_from_the_end(kind):
    x = data(2, 5, 3)
    forward = filled(kind(4, return_sequences=True), x)
    backward = kind(4, return_sequences=True, go_backwards=True)
    backward(x)
    backward.set_weights(forward.get_weights())
    same(backward(x), forward(x[:, ::-1]))
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool)
    out = backward(masked(x, mask))
    same(out, forward(masked(x[:, ::-1].copy(), mask[:, ::-1])))
    np.testing.assert_array_equal(out.mask, mask[:, ::-1])


def test_an_open_forget_gate():
    for open_gate in (True, False):
        layer = layers.LSTM(2, unit_forget_bias=open_gate)
        layer(data(1, 2, 3))
        assert layer.get_weights()[2].tolist() == [0, 0, open_gate, open_gate, 0, 0, 0, 0]


def test_recurrent_kernels_start_orthogonal():
    layer = layers.SimpleRNN(6)
    layer(data(1, 2, 3))
    recurrent = layer.get_weights()[1]
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(6), atol=1e-5)


@pytest.mark.parametrize("where", ["dropout", "recurrent_dropout"])
@every_kind
def test_dropout_in_training_only(kind, where):
    x = data(2, 4, 3)
    layer = filled(kind(5, **{where: 0.5}, seed=3), x)
    plain = kind(5)
    plain(x)
    plain.set_weights(layer.get_weights())
    same(layer(x), plain(x))
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert np.abs(first - plain(x).numpy()).max() > 1e-3 < np.abs(first - second).max()


def test_dropout_is_the_same_in_all_steps():
    ones = np.ones((1, 7, 50), "float32")
    layer = layers.SimpleRNN(
        50, activation="linear", dropout=0.5, kernel_initializer="identity",
        recurrent_initializer="zeros", return_sequences=True,
    )  # fmt: skip
    steps = layer(ones, training=True).numpy()[0]
    assert set(steps[0]) == {0, 2}
    np.testing.assert_array_equal(steps, np.repeat(steps[:1], 7, axis=0))


CELLS = {
    "SimpleRNNCell": layers.SimpleRNNCell,
    "LSTMCell": layers.LSTMCell,
    "GRUCell": layers.GRUCell,
    "GRUCell that resets before": lambda *a, **k: layers.GRUCell(*a, reset_after=False, **k),
    "ConvLSTMCell": lambda units, **options: layers.ConvLSTMCell(units, 1, **options),
}


def step_by_hand(kind, x, states, seen, kernel, recurrent, bias):
    """The next states by the formulas of the docstrings, if the weights see `seen` for h."""
    h, units = states[0], seen.shape[-1]
    if kind == "SimpleRNNCell":
        return naive_simple_rnn(x, [seen], kernel, recurrent, bias)
    if "LSTM" in kind:
        return naive_lstm(x, [seen, states[1]], kernel, recurrent, bias)
    after = bias.ndim == 2
    a = x @ kernel + (bias[0] if after else bias)
    s = seen @ recurrent + (bias[1] if after else 0)
    z, r, _ = np.split(sigmoid(a + s), 3, axis=-1)
    inner = r * s[..., 2 * units :] if after else (r * seen) @ recurrent[:, 2 * units :]
    return [z * h + (1 - z) * np.tanh(a[..., 2 * units :] + inner)]


@pytest.mark.parametrize("rate", [0.5, 1.0])
@pytest.mark.parametrize("kind", CELLS)
def test_recurrent_dropout_hides_the_state_from_the_weights_alone(kind, rate):
    """One step by hand with a dropped state: what the formula carries on is never dropped."""
    image = (1, 1) if "Conv" in kind else ()  # convolutions of one pixel are matrix products
    cell = CELLS[kind](4, recurrent_dropout=rate, dropout=0.5, seed=1)
    x, states = data(6, *image, 3), [data(6, *image, 4, seed=i) for i in range(cell.states)]
    filled(cell, x, states)
    keep_x, keep_h = (
        np.where(np.random.default_rng(i).random(a.shape) < drop, 0, 1 / max(1 - drop, 0.5))
        for i, (a, drop) in enumerate([(x, 0.5), (states[0], rate)])
    )
    cell.droppers[0].keep = lambda shape: keep_x.reshape(shape).astype("float32")
    cell.droppers[1].keep = lambda shape: keep_h.reshape(shape).astype("float32")
    _, after = cell(x, states, training=True)
    weights = [w.reshape(w.shape[2:]) if w.ndim == 4 else w for w in cell.get_weights()]
    expected = step_by_hand(kind, x * keep_x, states, states[0] * keep_h, *weights)
    for actual, wanted in zip(after, expected, strict=True):
        same(actual, wanted)


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_gru_that_keeps_its_state_keeps_it_under_dropout(reset_after):
    layer = layers.GRU(4, recurrent_dropout=0.5, reset_after=reset_after)
    layer.build((None, 3, 1))
    kernel, recurrent, bias = layer.get_weights()
    bias[..., :4] = 20  # z = 1
    layer.set_weights([kernel, recurrent, bias])
    ones = np.ones((1, 4), "float32")
    same(layer(np.zeros((1, 30, 1)), initial_state=[ones], training=True), ones)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", CELLS)
def test_a_bounded_state_stays_bounded_under_dropout(kind, count):
    settings = {"recurrent_dropout": 0.5, "dropout": 0.3}
    if "Conv" in kind:
        layer, x = layers.ConvLSTM2D(8, 1, **settings), 3 * data(2, 60, 2, 2, 4)
    else:
        layer, x = layers.RNN([CELLS[kind](8, **settings) for _ in range(count)]), data(2, 60, 4)
    assert np.abs(layer(x, training=True).numpy()).max() <= 1


def test_stacked_cells_drop_the_same_in_all_steps():
    """As a single cell does: one dropout mask for the whole sequence (Gal and Ghahramani)."""
    options = {"kernel_initializer": "identity", "recurrent_initializer": "zeros"}
    cells = [layers.SimpleRNNCell(50, None, dropout=0.5, **options) for _ in range(2)]
    layer = layers.RNN(cells, return_sequences=True)
    steps = layer(np.ones((1, 7, 50), "float32"), training=True).numpy()[0]
    assert set(steps[0]) == {0, 4}
    np.testing.assert_array_equal(steps, np.repeat(steps[:1], 7, axis=0))


@pytest.mark.parametrize("zero", [False, True])
def test_stacked_cells_are_one_layer_after_the_other(zero):
    x = masked(data(2, 5, 3), [[1, 1, 0, 1, 0], [0, 1, 1, 1, 1]])
    cells = [layers.GRUCell(4), layers.LSTMCell(3)]
    settings = {"return_sequences": True, "return_state": True, "zero_output_for_mask": zero}
    stacked = filled(layers.RNN(cells, **settings), x)
    first, second = layers.GRU(4, **settings), layers.LSTM(3, **settings)
    second(first(x)[0])
    first.set_weights(cells[0].get_weights())
    second.set_weights(cells[1].get_weights())
    between, state = first(x)
    outputs, *after = second(between)
    for actual, expected in zip(stacked(x), [outputs, state, *after], strict=True):
        same(actual, expected)


# ---------------------------------------------------------------------------------------------
# Sequences of images


def conv_lstm(**options):
    return layers.ConvLSTM2D(2, (2, 3), strides=(1, 2), padding="same", **options)


def test_a_convolutional_lstm_is_the_naive_loop():
    x = data(2, 3, 4, 5, 1)
    layer = filled(conv_lstm(return_sequences=True, return_state=True), x)
    kernel, recurrent, bias = layer.get_weights()
    assert [w.shape for w in layer.weights] == [(2, 3, 1, 8), (2, 3, 2, 8), (8,)]
    h, c = data(2, 4, 3, 2, seed=1), data(2, 4, 3, 2, seed=2)
    found, last_h, last_c = layer(x, initial_state=[h, c])
    outputs = []
    for t in range(3):
        z = ops.conv(x[:, t], kernel, bias, strides=(1, 2), padding="same").numpy()
        z = z + ops.conv(h, recurrent, padding="same").numpy()
        i, f, g, o = np.split(z, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    same(found, np.stack(outputs, axis=1))
    same(last_h, h)
    same(last_c, c)


def test_convolutional_lstms_everywhere():
    x, mask = data(2, 3, 4, 5, 1), np.array([[1, 1, 0], [0, 1, 0]], bool)
    layer = filled(conv_lstm(), x)
    same(layer(masked(x, mask))[:1], layer(x[:1, :2]))
    assert layer(Input((None, None, None, 1))).shape == (None, None, None, 2)
    assert layers.ConvLSTM2D(3, 3)(Input((None, 8, 9, 1))).shape == (None, 6, 7, 3)
    assert conv_lstm(return_sequences=True, activation="softsign")(x).shape == (2, 3, 4, 3, 2)
    assert layers.Bidirectional(conv_lstm(return_sequences=True))(x).shape == (2, 3, 4, 3, 4)
    kept = conv_lstm(stateful=True)
    kept(x)
    kept.reset_state()
    kept.set_weights(layer.get_weights())
    kept(x[:, :1])
    same(kept(x[:, 1:]), layer(x))


# ---------------------------------------------------------------------------------------------
# States


@every_kind
def test_a_gradient_that_vanishes_becomes_zero(kind):
    """In a long backward pass it shrinks for ever, and below 1e-38 it takes fifty times as long."""
    layer, random = kind(8), np.random.default_rng(0)
    with Tape() as tape:
        x = tape.watch(Tensor(random.standard_normal((4, 1500, 3)).astype("float32")))
        loss = ops.sum(layer(x))
    sizes = np.abs(tape.gradient(loss, x).numpy()).max(axis=(0, 2))
    assert sizes[-1] > 1e-3 and sizes[0] == 0
    assert np.sum((sizes > 0) & (sizes < np.finfo("float32").tiny)) < 16


@every_kind
def test_a_stateful_layer_reads_on(kind):
    x = data(2, 6, 3)
    whole = filled(kind(4, return_sequences=True), x)
    layer = kind(4, return_sequences=True, stateful=True)
    layer(Input(batch_shape=(2, None, 3)))
    layer.set_weights(whole.get_weights())  # states are no weights
    for _ in range(2):
        pieces = [layer(x[:, :2]), layer(x[:, 2:3]), layer(x[:, 3:])]
        same(np.concatenate([p.numpy() for p in pieces], axis=1), whole(x))
        layer.reset_state()
    with pytest.raises(ValueError, match=r"initial_state.*\(3, 4\).*\(2, 4\)"):
        layer(data(3, 6, 3))
    assert all(not state.numpy().any() for state in layer.states)


def test_a_stateful_layer_needs_a_fixed_batch():
    with pytest.raises(ValueError, match="'lstm.*stateful.*batch_shape"):
        layers.LSTM(3, stateful=True)(Input((5, 2)))


def test_a_stateful_model_predicts_on():
    inputs = Input(batch_shape=(2, 3, 1))
    layer = layers.GRU(4, stateful=True)
    model = Model(inputs, layer(inputs))
    x = data(2, 3, 1)
    first, second = model.predict(x), model.predict(x)
    assert np.abs(first - second).max() > 1e-4
    layer.reset_state()
    same(model.predict(x), first)


@every_kind
def test_initial_states_have_gradients(kind):
    x, h = data(2, 3, 2), [Tensor(data(2, 4, seed=i), tracked=True) for i in range(2)]
    layer = filled(kind(4), x)
    h = h[: len(layer.cell.state_size)]
    with Tape() as tape:
        loss = ops.sum(layer(x, initial_state=h))
    assert all(np.abs(g.numpy()).min() > 1e-6 for g in tape.gradient(loss, h))


def test_an_encoder_and_a_decoder():
    """The states of one layer are where the other starts, in a model and after its rebuilding."""
    source, target = Input((None, 3)), Input((None, 2))
    _, *states = layers.LSTM(4, return_state=True)(source)
    decoded = layers.LSTM(4, return_sequences=True)(target, initial_state=states)
    model = Model([source, target], decoded)
    assert decoded.shape == (None, None, 4)
    x = [data(2, 5, 3), data(2, 7, 2)]
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    same(again.predict(x), model.predict(x))
    other = [data(2, 5, 3, seed=9), x[1]]
    assert np.abs(model.predict(other) - model.predict(x)).max() > 1e-5


@pytest.mark.parametrize("states", [[(2, 3)], [(2, 4), (2, 3)], [(3, 4), (3, 4)], [(2, 4)] * 3])
def test_initial_states_of_wrong_shapes(states):
    layer = layers.LSTM(4, name="reader")
    with pytest.raises(ValueError, match=r"'reader'.*initial_state.*\[\(2, 4\), \(2, 4\)\]"):
        layer(data(2, 5, 3), initial_state=[np.zeros(s, "float32") for s in states])


def test_symbolic_initial_states_of_a_wrong_width():
    with pytest.raises(ValueError, match=r"initial_state.*\(None, 4\).*\(None, 5\)"):
        layers.GRU(4)(Input((None, 3)), initial_state=Input((5,)))


# ---------------------------------------------------------------------------------------------
# Masks


@every_kind
def test_masked_steps_change_nothing(kind):
    x = data(2, 5, 3)
    layer = filled(kind(4, return_sequences=True, return_state=True), x)
    mask = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1]], bool)
    out, *states = layer(masked(x, mask))
    np.testing.assert_array_equal(out.mask, mask)
    assert all(state.mask is None for state in states)
    for row in range(2):
        short, *short_states = layer(x[row : row + 1, mask[row]])
        same(out.numpy()[row, mask[row]], short.numpy()[0])
        for state, short_state in zip(states, short_states, strict=True):
            same(state.numpy()[row], short_state.numpy()[0])
    same(out.numpy()[0, 3], out.numpy()[0, 2])  # the previous output once more
    same(out.numpy()[0, 4], out.numpy()[0, 2])
    same(out.numpy()[1, 0], np.zeros(4))
    same(out.numpy()[1, 2], out.numpy()[1, 1])
    same(layer(x, mask=mask)[0], out)


@every_kind
def test_masked_outputs_may_be_zero(kind):
    x, mask = data(1, 4, 3), np.array([[0, 1, 1, 0]], bool)
    layer = filled(kind(4, return_sequences=True, zero_output_for_mask=True), x)
    out = layer(masked(x, mask)).numpy()
    assert not out[0, [0, 3]].any() and out[0, [1, 2]].all()
    last = kind(4, zero_output_for_mask=True)
    last(x)
    last.set_weights(layer.get_weights())
    assert not last(masked(x, mask)).numpy().any()


@every_kind
def test_where_nothing_counts_the_output_is_zero(kind):
    x = data(1, 2, 3)
    layer = filled(kind(4, return_state=True), x)
    starts = [data(1, 4, seed=i) for i in range(len(layer.cell.state_size))]
    out, *states = layer(masked(x, [[0, 0]]), initial_state=starts)
    assert not out.numpy().any()
    for state, start in zip(states, starts, strict=True):
        same(state, start)


def test_the_mask_ends_with_the_sequence():
    x = masked(data(1, 3, 2), [[1, 1, 0]])
    assert layers.GRU(2)(x).mask is None
    assert layers.GRU(2, return_sequences=True)(x).mask.tolist() == [[True, True, False]]


def test_masking():
    x = np.array([[[1, 2], [7, 7], [7, 3]]], "float32")
    out = layers.Masking(7)(x)
    assert out.mask.tolist() == [[True, False, True]]
    assert out.numpy().tolist() == [[[1, 2], [0, 0], [7, 3]]]


def test_a_mask_reaches_the_loss_and_the_metrics():
    inputs = Input((None,))
    x = layers.Embedding(10, 4, mask_zero=True)(inputs)
    x = layers.LSTM(3, return_sequences=True)(x)
    model = Model(inputs, layers.TimeDistributed(layers.Dense(1))(x))
    model.compile("sgd", "mse", weighted_metrics=["mse"])
    ids, y = np.array([[1, 2, 0, 0], [3, 4, 5, 0]]), data(2, 4, 1, seed=2)
    error = (model.predict(ids) - y)[ids != 0]
    loss, metric = model.evaluate(ids, y, verbose=0)
    same(np.array([loss, metric]), np.array([(error**2).mean()] * 2))
    far = np.where(ids[..., None] == 0, 1e6, y)  # targets of masked steps mean nothing
    same(np.array(model.evaluate(ids, far, verbose=0)), np.array([loss, metric]))


# ---------------------------------------------------------------------------------------------
# Around a layer


@every_kind
def test_bidirectional_is_two_layers(kind):
    x = data(2, 5, 3)
    forward, backward = kind(4, return_sequences=True, return_state=True), None
    layer = filled(layers.Bidirectional(forward), x)
    half = len(layer.weights) // 2
    backward = kind(4, return_sequences=True, return_state=True)
    backward(x)
    backward.set_weights(layer.get_weights()[half:])
    assert [w is v for w, v in zip(layer.weights[:half], forward.weights, strict=True)]
    a, *a_states = forward(x)
    b, *b_states = backward(x[:, ::-1])
    b = b.numpy()[:, ::-1]
    out, *states = layer(x)
    same(out, np.concatenate([a.numpy(), b], axis=-1))
    for one, other in zip(states, [*a_states, *b_states], strict=True):
        same(one, other)
    for mode, merged in {"sum": a + b, "mul": a * b, "ave": (a + b) / 2}.items():
        other = layers.Bidirectional(forward, mode, backward_layer=layer.backward_layer)
        same(other(x)[0], merged)
    both = layers.Bidirectional(forward, None, backward_layer=layer.backward_layer)(x)
    same(both[0], a)
    same(both[1], b)
    assert len(both) == 2 + len(states)


def test_bidirectional_states_halve():
    x = data(2, 3, 2)
    layer = filled(layers.Bidirectional(layers.LSTM(3)), x)
    starts = [Tensor(data(2, 3, seed=i)) for i in range(4)]
    out = layer(x, initial_state=starts)
    same(out[:, :3], layer.layer(x, initial_state=starts[:2]))
    same(out[:, 3:], layer.backward_layer(x, initial_state=starts[2:]))


def test_bidirectional_hands_the_mask_to_both():
    x, mask = data(1, 4, 2), np.array([[1, 1, 0, 0]], bool)
    layer = filled(layers.Bidirectional(layers.GRU(3, return_sequences=True)), x)
    out = layer(masked(x, mask))
    np.testing.assert_array_equal(out.mask, mask)
    same(out[:, :2], layer(x[:, :2]))
    last = layers.Bidirectional(layers.GRU(3))
    last(x)
    last.set_weights(layer.get_weights())
    out = last(masked(x, mask))
    assert out.mask is None
    same(out, last(x[:, :2]))


def test_time_distributed_is_the_layer_at_each_step():
    x, dense = data(2, 5, 3), layers.Dense(4, activation="tanh")
    layer = filled(layers.TimeDistributed(dense), x)
    out = layer(masked(x, np.ones((2, 5))))
    assert len(layer.weights) == 2 and out.mask.shape == (2, 5)
    same(out, np.stack([dense(x[:, t]).numpy() for t in range(5)], axis=1))
    words = layers.TimeDistributed(layers.Embedding(9, 2))
    assert words(Input((None, 7), dtype="int32")).shape == (None, None, 7, 2)
    model = Model(images := Input((4, 4, 1)), layers.Flatten()(layers.Conv2D(2, 3)(images)))
    assert layers.TimeDistributed(model)(Input((None, 4, 4, 1))).shape == (None, None, 8)


def test_time_distributed_runs_on_an_empty_batch():
    layer = filled(layers.TimeDistributed(layers.LSTM(4)), data(2, 5, 3, 2))
    assert layer(data(0, 5, 3, 2)).shape == (0, 5, 4)
    assert layer(data(2, 0, 3, 2)).shape == (2, 0, 4)


def test_an_error_inside_time_distributed_is_about_the_layer_inside():
    with pytest.raises(ValueError, match="effective size 9 is larger than the input"):
        layers.TimeDistributed(layers.Conv2D(2, 9))(Input((3, 5, 5, 1)))
    with pytest.raises(ValueError, match='"lstm".*expected ndim=3, found ndim=2'):
        layers.TimeDistributed(layers.LSTM(3, name="lstm"))(Input((5, 4)))


# ---------------------------------------------------------------------------------------------
# Embedding


def test_one_embedding_reads_two_texts():
    shared = layers.Embedding(1000, 128)
    a, b = Input((None,), dtype="int32"), Input((None,), dtype="int32")
    model = Model([a, b], [shared(a), shared(b)])
    assert model.count_params() == 128_000 and len(model.weights) == 1
    assert [o.shape for o in model.outputs] == [(None, None, 128)] * 2
    with Tape() as tape:
        one, two = model([np.array([[1, 2, 2]]), np.array([[2, 999]])])
        loss = ops.sum(one) + 10 * ops.sum(two)
    gradient = tape.gradient(loss, model.weights)[0].numpy()
    assert gradient[:, 0].nonzero()[0].tolist() == [1, 2, 999]
    assert gradient[[1, 2, 999], 5].tolist() == [1, 12, 10]
    table = shared.get_weights()[0]
    assert -0.05 <= table.min() < -0.04 and 0.04 < table.max() <= 0.05


@pytest.mark.parametrize("ids", [[[10]], [[-1]], [[3.0, 10.0]], [[np.nan]]])
def test_numbers_outside_the_table(ids):
    layer = layers.Embedding(10, 2, name="words")
    for error in (ValueError, IndexError):
        with pytest.raises(error, match=r"'words'.*\[0, 9\]"):
            layer(np.array(ids))


def test_ids_may_come_as_floats():
    layer = layers.Embedding(10, 2, mask_zero=True)
    whole = layer(np.array([[3, 0], [9, 1]]))
    floats = layer(np.array([[3, 0], [9, 1]], "float32"))
    same(floats, whole)
    assert floats.mask.tolist() == whole.mask.tolist() == [[True, False], [True, True]]
    assert layers.Embedding(10, 2)(np.array([[0]])).mask is None


def test_the_ticket_model():
    """The guide's model with several inputs and outputs; its ids are float32, the default."""
    title, body = Input((None,), name="title"), Input((None,), name="body")
    tags = Input((12,), name="tags")
    title_features = layers.LSTM(128)(layers.Embedding(10_000, 64)(title))
    body_features = layers.LSTM(32)(layers.Embedding(10_000, 64)(body))
    x = layers.concatenate([title_features, body_features, tags])
    priority = layers.Dense(1, name="priority")(x)
    department = layers.Dense(4, name="department")(x)
    model = Model([title, body, tags], [priority, department])
    assert model.count_params() == 1_392_097
    assert [o.shape for o in model.outputs] == [(None, 1), (None, 4)]
    out = model([np.ones((2, 3)), np.ones((2, 5)), np.ones((2, 12), "float32")])
    assert [o.shape for o in out] == [(2, 1), (2, 4)]


# ---------------------------------------------------------------------------------------------
# Attention


def naive_attention(query, value, key, weights, seen):
    wq, bq, wk, bk, wv, bv, wo, bo = weights
    q = np.einsum("btd,dhk->bhtk", query, wq) + bq[:, None]
    k = np.einsum("bsd,dhk->bhsk", key, wk) + bk[:, None]
    v = np.einsum("bsd,dhk->bhsk", value, wv) + bv[:, None]
    scores = np.einsum("bhtk,bhsk->bhts", q, k) / np.sqrt(wq.shape[-1])
    scores = np.exp(np.where(seen, scores, -np.inf))
    scores /= scores.sum(-1, keepdims=True)
    return np.einsum("bhts,bhsk,hko->bto", scores, v, wo) + bo, scores


def test_attention_is_its_formula():
    query, value, key = data(2, 3, 4, seed=1), data(2, 5, 6, seed=2), data(2, 5, 7, seed=3)
    layer = layers.MultiHeadAttention(2, 3, value_dim=5)
    filled(layer, query, value, key)
    shapes = [w.shape for w in layer.weights]
    assert shapes == [(4, 2, 3), (2, 3), (7, 2, 3), (2, 3), (6, 2, 5), (2, 5), (2, 5, 4), (4,)]
    weights = layer.get_weights()
    out, scores = layer(query, value, key, return_attention_scores=True)
    expected, expected_scores = naive_attention(query, value, key, weights, True)
    same(out, expected)
    same(scores, expected_scores)

    pad = np.array([[1, 1, 1, 1, 0], [1, 1, 0, 1, 1]], bool)
    free = spread(2, 3, 5) > 0
    free[..., 0] = True
    causal = np.tri(3, 5, dtype=bool)
    for given, seen in [
        ({"value_mask": pad}, pad[:, None, None]),
        ({"key_mask": pad}, pad[:, None, None]),
        ({"attention_mask": free}, free[:, None]),
        ({"attention_mask": free[0]}, free[0]),
        ({"use_causal_mask": True}, causal),
        ({"use_causal_mask": True, "value_mask": pad}, causal & pad[:, None, None]),
    ]:
        same(
            layer(query, value, key, **given),
            naive_attention(query, value, key, weights, seen)[0],
        )
    attached = layer(query, masked(value, pad), key)
    same(attached, naive_attention(query, value, key, weights, pad[:, None, None])[0])


def test_attention_to_itself_passes_its_mask_on():
    layer = layers.MultiHeadAttention(2, 3, output_shape=6, dropout=0.5)
    x = masked(data(2, 3, 4), [[1, 1, 0], [1, 1, 1]])
    out = layer(x)
    assert out.shape == (2, 3, 6) and out.mask.tolist() == x.mask.tolist()
    same(layer(x, x), out)
    assert layer(x, x, training=True).numpy().tolist() != out.numpy().tolist()
    assert layer(Input((None, 4)), Input((7, 4))).shape == (None, None, 6)


# ---------------------------------------------------------------------------------------------
# Files and configs


def every_sequence_layer():
    inputs = Input((6, 4))
    x = layers.Masking()(inputs)
    x = layers.Bidirectional(layers.LSTM(2, return_sequences=True, dropout=0.1), name="both")(x)
    x = layers.RNN([layers.GRUCell(3), Minimal(2)], return_sequences=True, go_backwards=True)(x)
    x = layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)
    x = layers.TimeDistributed(layers.Dense(3))(x)
    return Model(inputs, layers.SimpleRNN(2, activation="softsign")(x))


def test_sequence_layers_come_back_from_configs_and_files(tmp_path):
    utils.set_random_seed(1)
    model, x = every_sequence_layer(), data(3, 6, 4)
    again = Model.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    same(again.predict(x), model.predict(x))
    model.save(tmp_path / "model.safetensors")
    same(models.load_model(tmp_path / "model.safetensors").predict(x), model.predict(x))


def test_training_a_sequence_model():
    utils.set_random_seed(1)
    inputs = Input((None,), dtype="int32")
    x = layers.Embedding(5, 8, mask_zero=True)(inputs)
    x = layers.Bidirectional(layers.GRU(8))(x)
    model = Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizers.Adam(0.01), "binary_crossentropy")
    ids = np.random.default_rng(0).integers(0, 5, (64, 7))
    history = model.fit(ids, (ids == 3).any(1), epochs=12, batch_size=8, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0] / 2


# ---------------------------------------------------------------------------------------------
# What is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.LSTM(0), "`units`"),
        (lambda: layers.GRU("ten"), "`units`"),
        (lambda: layers.LSTMCell(2.5), "`units`"),
        (lambda: layers.SimpleRNN(3, activation="wonder"), "wonder"),
        (lambda: layers.LSTM(3, dropout=1.5), "`rate`"),
        (lambda: layers.LSTM(3, recurrent_dropout="half"), "`rate`"),
        (lambda: layers.ConvLSTM2D(0, 3), "`filters`"),
        (lambda: layers.ConvLSTM2D(3, (3, 3, 3)), "`kernel_size`"),
        (lambda: layers.ConvLSTM2D(3, 3, padding="causal"), "`padding`"),
        (lambda: layers.ConvLSTM2D(3, 3)(np.zeros((2, 3, 2, 9, 1))), "negative"),
        (lambda: layers.ConvLSTM2D(3, 3)(Input((3, 8, 8))), "ndim=5, found ndim=4"),
        (lambda: layers.RNN(layers.Dense(3)), "`cell`"),
        (lambda: layers.RNN([]), "`cells`"),
        (lambda: layers.RNN(3), "`cell`"),
        (lambda: layers.Bidirectional(layers.Dense(3)), "`layer`"),
        (lambda: layers.Bidirectional(layers.GRU(3), merge_mode="max"), "`merge_mode`.*'max'"),
        (
            lambda: layers.Bidirectional(layers.GRU(3), backward_layer=layers.GRU(3)),
            "`backward_layer`",
        ),
        (lambda: layers.TimeDistributed("dense"), "`layer`"),
        (lambda: layers.Embedding(0, 3), "`input_dim`"),
        (lambda: layers.Embedding(3, 2.5), "`output_dim`"),
        (lambda: layers.MultiHeadAttention(0, 3), "`num_heads`"),
        (lambda: layers.MultiHeadAttention(2, None), "`key_dim`"),
        (lambda: layers.MultiHeadAttention(2, 3, value_dim=0), "`value_dim`"),
        (lambda: layers.MultiHeadAttention(2, 3, output_shape=2.5), "`output_shape`"),
        (lambda: layers.MultiHeadAttention(2, 3)(Input((4,)), Input((4,))), "ndim=3"),
        (lambda: layers.MultiHeadAttention(2, 3)(Input((4, 2)), Input((4,))), "'value'|ndim=3"),
        (lambda: layers.LSTM(3)(Input((4,))), "ndim=3, found ndim=2"),
        (lambda: layers.LSTM(3)(Input((4, None))), "last axis"),
        (lambda: layers.LSTM(3)(np.zeros((2, 0, 4))), "without steps"),
        (lambda: layers.TimeDistributed(layers.Dense(3))(np.zeros((2, 4))), "min_ndim=3"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_unknown_arguments_are_named():
    with pytest.raises(TypeError, match="wonder"):
        layers.LSTM(3, wonder=1)
    with pytest.raises(TypeError, match="units"):
        layers.LSTM()


def test_another_width_is_refused_later():
    layer = layers.LSTM(3, name="reader")
    layer(data(1, 2, 3))
    with pytest.raises(ValueError, match='"reader".*size 3, found size 4'):
        layer(data(1, 2, 4))


def test_regularizers_and_freezing_reach_the_cell():
    layer = layers.LSTM(3, kernel_regularizer="l2", recurrent_regularizer="l2")
    layer(data(1, 2, 3))
    expected = sum(0.01 * (w**2).sum() for w in layer.get_weights()[:2])
    same(np.array([float(loss) for loss in layer.losses]).sum(), expected)
    layer.trainable = False
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 3


def test_the_public_names():
    for module in (recurrent, sequences):
        made = {n for n, thing in vars(module).items() if isinstance(thing, type)}
        named = {n for n in made if issubclass(vars(module)[n], Layer)} - {"Layer", "Dropout"}
        assert named - {"Cell", "CellRNN"} <= set(layers.__all__)


# ---------------------------------------------------------------------------------------------
# The guide's recurrent layer, written from scratch


class CustomRNN(Layer):
    def __init__(self, classifier):
        super().__init__()
        self.units, self.seen = 32, []
        self.projection_1 = layers.Dense(units=self.units, activation="tanh")
        self.projection_2 = layers.Dense(units=self.units, activation="tanh")
        self.classifier = classifier

    def call(self, inputs):
        outputs = []
        state = ops.zeros(shape=(inputs.shape[0], self.units))
        for t in range(inputs.shape[1]):
            x = inputs[:, t, :]
            h = self.projection_1(x)
            y = h + self.projection_2(state)
            state = y
            outputs.append(y)
        features = ops.stack(outputs, axis=1)
        self.seen.append(features.shape)
        return self.classifier(features)


def test_a_recurrent_layer_from_scratch():
    features = Input((None, 32))
    pooled = Model(features, layers.Dense(1)(layers.GlobalAveragePooling1D()(features)))
    layer = CustomRNN(pooled)
    assert layer(ops.zeros((1, 10, 5))).shape == (1, 1)
    assert layer.seen == [(1, 10, 32)]

    inputs = Input(batch_shape=(16, 10, 5))
    outputs = CustomRNN(layers.Dense(1))(layers.Conv1D(32, 3)(inputs))
    model = Model(inputs, outputs)
    assert outputs.shape == (16, 8, 1)
    assert model.count_params() == (15 * 32 + 32) + 2 * (32 * 32 + 32) + 33
    model.compile("rmsprop", "mse")
    model.fit(data(16, 10, 5), data(16, 8, 1), batch_size=16, verbose=0)


def test_the_dropout_inside_keeps_the_float_type():
    attention = layers.MultiHeadAttention(1, 4, dtype="float64")
    assert attention.dropper.dtype == "float64"
    assert {dropper.dtype for dropper in layers.LSTMCell(3, dtype="float64").droppers} == {
        "float64"
    }
    x = np.random.default_rng(0).normal(size=(1, 3, 4))
    out, scores = attention(x, return_attention_scores=True)
    value = np.einsum("btd,dhk->bhtk", x, attention.get_weights()[4])
    mixed = np.einsum("bhqt,bhtv->bqhv", scores.numpy(), value)
    expected = np.einsum("bqhv,hvo->bqo", mixed, attention.get_weights()[6])
    np.testing.assert_allclose(out.numpy(), expected, atol=1e-12)
