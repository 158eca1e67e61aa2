"""Masks: how they pass ops, where they end, and what layers that read or make one promise."""

import warnings

import numpy as np
import pytest
from ops_table import EXAMPLES, spread

from minigraph import Input, Model, Tensor, layers, models, ops
from minigraph.graph.layer import Layer


def data(*shape, seed=0):
    return spread(*shape, seed=seed).astype("float32")


def masked(array, mask):
    tensor = Tensor(array)
    tensor.mask = np.array(mask, bool)
    return tensor


def host(x):
    return x.numpy() if isinstance(x, Tensor) else x.get() if hasattr(x, "get") else np.asarray(x)


def same(actual, expected):
    np.testing.assert_allclose(host(actual), host(expected), rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------------------------------------
# Masks and ops


def steps_that_move(example, place):
    """Each step (b, t) of an array, and the steps of the output that change with it."""
    array, arrays = example.arrays[place], [*example.arrays]
    before = host(example.outputs(*arrays))
    for step in np.ndindex(array.shape[:2]):
        arrays[place] = array.copy()
        arrays[place][step] *= 1.03
        same_as_before = np.isclose(host(example.outputs(*arrays)), before, rtol=1e-9, atol=0)
        yield step, set(zip(*np.nonzero(~same_as_before)[:2], strict=True))


def with_mask(example, place):
    """A mask, and the output of an example in which one array has it."""
    array, arrays = example.arrays[place], [*example.arrays]
    mask = (np.indices(array.shape[:2]).sum(0) % 3 != 1).tolist()
    arrays[place] = masked(array, mask)
    return arrays[place].mask, example.outputs(*arrays)


SEQUENCES = [
    pytest.param(example, place, id=f"{example}-{place}")
    for example in EXAMPLES
    for place, array in enumerate(example.arrays)
    if isinstance(array, np.ndarray) and array.ndim > 1 and array.dtype.kind == "f"
]
every_sequence = pytest.mark.parametrize("example, place", SEQUENCES)


@every_sequence
def test_an_op_passes_a_mask_only_if_it_keeps_the_steps_apart(example, place):
    mask, output = with_mask(example, place)
    if isinstance(output, tuple):
        assert all(part.mask is None for part in output)
    elif output.mask is not None:
        assert output.mask.shape == output.shape[:2]
        if mask.shape == output.shape[:2]:
            np.testing.assert_array_equal(host(output.mask), mask)
            assert all(moved <= {step} for step, moved in steps_that_move(example, place))


# These keep steps apart in some examples, but end masks: losses, whose values are samples, and ops
# whose settings say nothing of a time axis.
END_MASKS = {
    *("mean_squared_error", "binary_crossentropy", "categorical_crossentropy", "batch_norm"),
    *("sparse_categorical_crossentropy", "broadcast_to", "tensordot", "conv", "tile", "pad"),
    *("conv_transpose", "max_pool", "average_pool", "triu", "tril", "swapaxes", "dot"),
}


@every_sequence
def test_an_op_that_keeps_the_steps_apart_passes_the_mask(example, place):
    mask, output = with_mask(example, place)
    if isinstance(output, tuple) or output.shape[:2] != mask.shape or example.name in END_MASKS:
        return
    if mask.shape == (1, 1):  # a single step cannot be told from another
        return
    if all(moved == {step} for step, moved in steps_that_move(example, place)):
        np.testing.assert_array_equal(host(output.mask), mask)


def test_a_mask_is_broadcast_as_its_tensor_is():
    one = masked(data(1, 3, 1), [[1, 0, 1]])
    for out in (one + data(4, 3, 2), data(4, 3, 2) * one):
        np.testing.assert_array_equal(host(out.mask), [[True, False, True]] * 4)
    assert (one + data(5, 4, 3, 2)).mask is None  # the steps are no longer on axis 1


def test_the_masks_of_both_operands_count():
    a, b = masked(data(1, 3, 2), [[1, 1, 0]]), masked(data(1, 3, 2), [[0, 1, 1]])
    assert host((a + b).mask).tolist() == [[False, True, False]]
    words = masked(data(1, 3, 2, 4), [[[1, 1], [1, 0], [1, 1]]])
    sentences = masked(data(1, 3, 1, 4), [[1, 1, 0]])
    assert host((words * sentences).mask).tolist() == [[[True, True], [True, False], [False] * 2]]


def test_a_cast_keeps_the_mask():
    x = masked(spread(2, 3, 2), [[1, 1, 0], [1, 0, 0]])  # float64, which layers turn to float32
    np.testing.assert_array_equal(host(layers.Activation("relu")(x).mask), host(x.mask))
    inputs = Input((3, 2))
    out = Model(inputs, layers.GlobalAveragePooling1D()(inputs))(x)
    same(out.numpy()[0], x.numpy()[0, :2].mean(0))


TOKENS, PADDED = np.array([[1, 2, 3]]), np.array([[1, 2, 3, 0, 0, 0]])


@pytest.mark.parametrize(
    "join",
    [
        lambda h, a: h + a,
        lambda h, a: layers.Add()([h, a]),
        lambda h, a: ops.relu(h * 2 - a),
        lambda h, a: ops.softmax(h + a) * ops.mean(h, axis=-1, keepdims=True),
        lambda h, a: ops.einsum("btd,de->bte", h, np.eye(4, dtype="float32")),
        lambda h, a: a[..., 1:] / (1 + ops.abs(h[:, :, :3])),
    ],
)
def test_padding_does_not_move_what_comes_after_operators(join):
    inputs = Input((None,), dtype="int32")
    h = layers.Embedding(9, 4, mask_zero=True)(inputs)
    outputs = layers.GlobalAveragePooling1D()(join(h, layers.MultiHeadAttention(2, 2)(h, h)))
    model = Model(inputs, outputs)
    same(model.predict(PADDED), model.predict(TOKENS))


def test_masks_pass_operators_inside_a_layer():
    class Block(Layer):
        def __init__(self):
            super().__init__()
            self.words = layers.Embedding(9, 4, mask_zero=True)
            self.attend, self.pool = (
                layers.MultiHeadAttention(2, 2),
                layers.GlobalAveragePooling1D(),
            )

        def call(self, inputs):
            h = self.words(inputs)
            return self.pool(h + self.attend(h, h))

    block = Block()
    same(block(PADDED), block(TOKENS))


# ---------------------------------------------------------------------------------------------
# Where an op ends a mask


def embedded():
    inputs = Input((None,), dtype="int32", name="ids")
    return inputs, layers.Embedding(9, 4, mask_zero=True)(inputs)


READERS = {
    "lstm": lambda x: layers.LSTM(2, name="lstm")(x),
    "both": lambda x: layers.Bidirectional(layers.GRU(2), name="both")(x),
    "pool": lambda x: layers.GlobalAveragePooling1D(name="pool")(x),
    "norm": lambda x: layers.BatchNormalization(name="norm")(x),
    "attend": lambda x: layers.MultiHeadAttention(2, 2, name="attend")(x, x),
    "after dropout": lambda x: layers.LSTM(2, name="after dropout")(layers.Dropout(0.5)(x * 2)),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_mask_that_a_layer_would_have_used_is_missed_once(reader):
    _, h = embedded()
    later = h[:, 1:]
    with pytest.warns(UserWarning, match=f"ends at the op 'getitem'.*layer '{reader}'") as caught:
        READERS[reader](later)
    assert len(caught) == 1 and caught[0].filename == __file__
    layers.LSTM(2)(later)  # warnings are errors here: it was said


@pytest.mark.parametrize(
    "use",
    [
        lambda ids, h: layers.BatchNormalization()(h[:, -1]),
        lambda ids, h: layers.BatchNormalization()(ops.mean(h, axis=1)),
        lambda ids, h: layers.BatchNormalization()(ops.max(h, axis=1, keepdims=True)),
        lambda ids, h: layers.Dense(3)(h[:, 1:]),
        lambda ids, h: layers.TimeDistributed(layers.Dense(3))(h[:, 1:]),
        lambda ids, h: layers.LSTM(2)(h[:, 1:], mask=ops.not_equal(ids, 0)[:, 1:]),
        lambda ids, h: layers.LSTM(2)(h, initial_state=[layers.LSTM(2)(h)] * 2),
        lambda ids, h: layers.LSTM(2)(layers.LSTM(2, return_sequences=True)(h) / 2),
    ],
)
def test_a_mask_that_nobody_missed_ends_without_a_warning(use):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        use(*embedded())


def test_a_mask_may_be_given_where_it_was_lost():
    ids, h = embedded()
    last = layers.LSTM(2)(h[:, 1:], mask=ops.not_equal(ids, 0)[:, 1:])
    model = Model(ids, last)
    same(model.predict(PADDED), model.predict(TOKENS))


def test_a_lost_mask_is_told_when_a_graph_is_made_not_when_it_is_read(tmp_path):
    ids, h = embedded()
    with pytest.warns(UserWarning, match="ends at the op"):
        model = Model(ids, layers.LSTM(2)(h[:, 1:]))
    model.save(tmp_path / "model")
    same(models.load_model(tmp_path / "model").predict(PADDED), model.predict(PADDED))


# ---------------------------------------------------------------------------------------------
# Layers that read or make masks


def inner_model():
    inputs = Input((3,), dtype="int32")
    return Model(inputs, layers.LSTM(2)(layers.Embedding(9, 4, mask_zero=True)(inputs)))


WORDS, FILMS, IDS = data(2, 3, 4, 5), data(2, 3, 4, 2, 2, 1), np.arange(18).reshape(2, 3, 3) % 4
LAYERS = {
    "SimpleRNN": (lambda: layers.SimpleRNN(2), WORDS),
    "LSTM": (lambda: layers.LSTM(2), WORDS),
    "GRU": (lambda: layers.GRU(2, return_sequences=True), WORDS),
    "RNN": (lambda: layers.RNN([layers.GRUCell(2), layers.LSTMCell(3)]), WORDS),
    "ConvLSTM2D": (lambda: layers.ConvLSTM2D(2, 1), FILMS),
    "Bidirectional": (lambda: layers.Bidirectional(layers.GRU(2)), WORDS),
    "GlobalAveragePooling1D": (layers.GlobalAveragePooling1D, WORDS),
    "BatchNormalization": (layers.BatchNormalization, WORDS),
    "MultiHeadAttention": (lambda: layers.MultiHeadAttention(2, 3), WORDS),
    "Masking": (lambda: layers.Masking(WORDS[0, 0, 0, 0]), WORDS),
    "Embedding": (lambda: layers.Embedding(9, 2, mask_zero=True), IDS),
    "TimeDistributed": (lambda: layers.TimeDistributed(layers.LSTM(2)), data(2, 3, 2, 4, 5)),
    "Lambda": (lambda: layers.Lambda(lambda x: x * 2, mask=lambda x, mask: mask), WORDS),
    "Dense": (lambda: layers.Dense(2), WORDS),
    "Conv1D": (lambda: layers.Conv1D(2, 2), WORDS),
    "a model": (inner_model, IDS),
}
every_layer = pytest.mark.parametrize("kind", LAYERS)
SEVERAL_INPUTS = {
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
}


def test_the_table_has_every_layer_that_reads_or_makes_masks():
    public = {k: v for k, v in vars(layers).items() if isinstance(v, type) and issubclass(v, Layer)}
    own = {
        name
        for name, cls in public.items()
        if cls.compute_mask is not Layer.compute_mask or cls._signature.reads_masks
    }
    assert own - SEVERAL_INPUTS <= set(LAYERS)


def made(kind):
    """A layer, sequences of sequences for it, and a mask of them with one empty sequence."""
    make, x = LAYERS[kind]
    mask = np.indices(x.shape[:3]).sum(0) % 3 != 1
    mask[0, 1] = False
    return make(), x, mask


def joined_masks(outputs):
    """The masks of outputs, one for each step, as one; None if there are none."""
    masks = [y.mask for y in outputs]
    return None if masks[0] is None else np.stack([host(m) for m in masks], 1)


def assert_mask(tensor, expected):
    if expected is None:
        assert tensor.mask is None
    else:
        np.testing.assert_array_equal(host(tensor.mask), expected)


@every_layer
def test_time_distributed_is_the_layer_at_each_step(kind):
    layer, x, mask = made(kind)
    wrapped = layers.TimeDistributed(layer)
    out = wrapped(x)
    steps = [layer(x[:, t]) for t in range(x.shape[1])]
    same(out, np.stack([host(y) for y in steps], 1))
    assert_mask(out, joined_masks(steps))


@every_layer
def test_time_distributed_gives_each_step_its_mask(kind):
    layer, x, mask = made(kind)
    wrapped = layers.TimeDistributed(layer)
    steps = [layer(masked(x[:, t], mask[:, t])) for t in range(x.shape[1])]
    given = joined_masks(steps)
    for out in (wrapped(masked(x, mask)), wrapped(x, mask=mask)):
        same(out, np.stack([host(y) for y in steps], 1))
        assert_mask(out, mask.any(2) if given is None else given)


@every_layer
def test_time_distributed_passes_a_mask_of_whole_steps_on(kind):
    layer, x, mask = made(kind)
    sentences = mask.any(2)
    steps = [layer(x[:, t]) for t in range(x.shape[1])]
    out, parts = layers.TimeDistributed(layer)(masked(x, sentences)), joined_masks(steps)
    same(out, np.stack([host(y) for y in steps], 1))
    several = [1] * (0 if parts is None else parts.ndim - 2)
    whole = sentences.reshape(*sentences.shape, *several)
    assert_mask(out, sentences if parts is None else whole & parts)


def test_whole_steps_do_not_move_the_averages_of_a_batch_normalization():
    x, mask = data(2, 3, 4), np.array([[1, 1, 0], [1, 0, 0]], bool)
    layer = layers.BatchNormalization(momentum=0.0)
    layers.TimeDistributed(layer)(masked(x, mask), training=True)
    same(layer.moving_mean, x[mask].mean(0))


def test_words_make_sentences_and_sentences_a_document():
    """Padding in a hierarchy of texts, at both levels, changes nothing; and it can be trained."""
    inputs = Input((None, None), dtype="int32")
    words = layers.Embedding(9, 4, mask_zero=True)(inputs)
    sentences = layers.TimeDistributed(layers.Bidirectional(layers.GRU(3)))(words)
    model = Model(inputs, layers.Dense(1)(layers.LSTM(2)(sentences)))
    short, padded = np.array([[[1, 2, 3], [4, 0, 0]]]), np.zeros((1, 4, 5), int)
    padded[:, :2, :3] = short
    same(model.predict(padded), model.predict(short))
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(padded, np.ones((1, 1)), verbose=0).history["loss"]).all()


@pytest.mark.parametrize("mask_zero", [False, True])
def test_what_makes_a_mask_keeps_the_one_that_is_there(mask_zero):
    ids = masked(np.array([[1, 0, 2]], "int32"), [[1, 1, 0]])
    own = [True, not mask_zero, False]
    assert host(layers.Embedding(9, 2, mask_zero=mask_zero)(ids).mask).tolist() == [own]
    x = masked(np.array([[[1.0], [0.0], [2.0]]], "float32"), [[1, 1, 0]])
    assert host(layers.Masking()(x).mask).tolist() == [[True, False, False]]


@every_layer
def test_a_mask_of_the_wrong_length_is_an_error(kind):
    make, x = LAYERS[kind]
    layer, x = make(), x[:, 0]
    names = {"query_mask"} if kind == "MultiHeadAttention" else {"mask"}
    for wrong in (np.ones((2, x.shape[1] + 1), bool), np.ones(3, bool), np.ones((3, 1), bool)):
        for name in names:
            with pytest.raises(ValueError, match=r"mask of shape \(.*does not fit.*must be \(2, "):
                layer(x, **{name: wrong})
        if layer._signature.reads_masks:
            with pytest.raises(ValueError, match="does not fit inputs of shape"):
                layer(masked(x, wrong))


def test_a_mask_of_numbers_is_one_of_booleans():
    x, mask = data(2, 4, 3), np.array([[1, 1, 0, 0], [1, 0, 1, 1]])
    for kind in ("LSTM", "GlobalAveragePooling1D", "MultiHeadAttention", "TimeDistributed"):
        layer = layers.LSTM(3) if kind == "TimeDistributed" else LAYERS[kind][0]()
        name = "query_mask" if kind == "MultiHeadAttention" else "mask"
        same(layer(x, **{name: mask}), layer(x, **{name: mask.astype(bool)}))


def test_normalising_an_axis_of_the_mask_is_an_error():
    layer = layers.BatchNormalization(axis=1)
    with pytest.raises(ValueError, match=r"steps of axis 1, .*axis=-1"):
        layer(masked(data(2, 3, 4), np.ones((2, 3))), training=True)


# ---------------------------------------------------------------------------------------------
# Masks that a custom layer makes


class FirstHalf(layers.Layer):
    """A layer that cuts off half of the steps, and of their mask, by ops."""

    def call(self, inputs):
        return inputs[:, : inputs.shape[1] // 2]

    def compute_mask(self, inputs, mask=None):
        return ops.cast(mask, "int32")[:, : inputs.shape[1] // 2]


def attention():
    inputs = Input((3, 4))
    return Model(inputs, layers.MultiHeadAttention(2, 2)(inputs, inputs))


MASK_READERS = {
    **{"lstm": lambda: layers.LSTM(3), "pooling": layers.GlobalAveragePooling1D},
    **{"both ways": lambda: layers.Bidirectional(layers.GRU(3)), "attention": attention},
    **{"each step": lambda: layers.TimeDistributed(layers.Dense(2)), "softmax": layers.Softmax},
    **{"statistics": layers.BatchNormalization, "scale": layers.LayerNormalization},
}


@pytest.mark.parametrize("reader", MASK_READERS.values(), ids=MASK_READERS)
def test_a_compute_mask_may_use_ops(reader):
    x, mask = data(2, 6, 4), np.array([[1, 1, 0, 1, 1, 1], [1, 0, 0, 0, 0, 0]])
    layer = reader()
    same(layer(FirstHalf()(masked(x, mask))), layer(masked(x[:, :3], mask[:, :3])))
