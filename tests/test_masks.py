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
    again = models.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    same(again.predict(PADDED), model.predict(TOKENS))


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
