"""Keywords that programs for Keras use, where minigraph has another way to say the same."""

import numpy as np
import pytest

from minigraph import Input, Model, Sequential, layers, models

FIRST_LAYERS = [
    (lambda **first: layers.Dense(3, **first), (4,)),
    (lambda **first: layers.Flatten(**first), (2, 3)),
    (lambda **first: layers.Conv2D(2, 2, **first), (5, 5, 1)),
    (lambda **first: layers.MaxPooling1D(2, **first), (6, 3)),
    (lambda **first: layers.LSTM(3, dropout=0.1, **first), (5, 4)),
    (lambda **first: layers.ConvLSTM2D(2, 2, **first), (3, 4, 4, 1)),
    (lambda **first: layers.Bidirectional(layers.GRU(2), **first), (5, 4)),
    (lambda **first: layers.TimeDistributed(layers.Dense(2), **first), (5, 4)),
    (lambda **first: layers.Embedding(9, 2, **first), (7,)),
    (lambda **first: layers.BatchNormalization(**first), (None, 3)),
]


@pytest.mark.parametrize(("make", "shape"), FIRST_LAYERS)
def test_a_first_layer_may_say_its_input_as_an_input_would(make, shape):
    expected = Sequential([Input(shape), make(name="first")])
    forms = [{"input_shape": shape}, {"input_shape": list(shape)}]
    forms += [{"batch_input_shape": (None, *shape)}]
    forms += [{"input_dim": shape[0]}] if len(shape) == 1 and make is not FIRST_LAYERS[8][0] else []
    for first in forms:
        model = Sequential([make(name="first", **first)])
        assert model.built and model.input_shape == expected.input_shape == (None, *shape)
        assert model.output_shape == expected.output_shape
        assert model.layers[0].get_config().keys() == expected.layers[0].get_config().keys()
    batched = Sequential([make(batch_input_shape=(8, *shape))])
    assert batched.input_shape == (8, *shape)
    assert models.clone_model(batched).input_shape == (8, *shape)


def test_the_keyword_counts_for_the_first_layer_only():
    model = Sequential([layers.Dense(3, input_shape=(4,)), layers.Dense(2, input_dim=3)])
    assert model.output_shape == (None, 2) and len(model.layers) == 2
    given = Sequential([Input((5,)), layers.Dense(3, input_shape=(4,))])
    assert given.input_shape == (None, 5)
    assert layers.Dense(3, input_shape=(4,))(Input((6,))).shape == (None, 3)


class Doubled(layers.Layer):
    def __init__(self, by=2, **options):
        super().__init__(**options)
        self.by = by

    def call(self, inputs):
        return self.by * inputs


def test_a_custom_layer_takes_it_with_its_options():
    assert Sequential([Doubled(3, input_shape=(4,))]).input_shape == (None, 4)
    assert Sequential([layers.Lambda(abs, input_shape=(4,))]).input_shape == (None, 4)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ({"input_shape": 4}, r"`input_shape` must be a tuple such as \(4,\)"),
        ({"input_shape": (0,)}, "`input_shape` must be a tuple of sizes"),
        ({"input_dim": "4"}, "`input_dim` must be"),
        ({"batch_input_shape": ()}, "`batch_input_shape` must have at least the batch axis"),
        ({"input_shape": (4,), "input_dim": 4}, "give one of input_shape and input_dim"),
    ],
)
def test_a_wrong_first_shape_is_told_by_its_keyword(first, said):
    with pytest.raises(ValueError, match=said):
        layers.Dense(3, **first)


def test_no_model_takes_the_keywords_of_a_layer():
    with pytest.raises(TypeError, match="Model takes no argument 'input_shape'"):
        Model(input_shape=(3,))


def test_an_input_layer_says_its_shape_as_an_input_does():
    for layer in (layers.InputLayer((3,)), layers.InputLayer(shape=(3,), name="x")):
        assert layer.output.shape == (None, 3)
        assert layer.get_config()["batch_shape"] == [None, 3]
        again = layers.InputLayer.from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
    assert layers.InputLayer((3,), 8).output.shape == (8, 3)
    assert layers.InputLayer(batch_shape=(8, 3), dtype="int32").output.dtype == "int32"
    assert Sequential([layers.InputLayer(shape=(3,)), layers.Dense(2)]).output_shape == (None, 2)
    with pytest.raises(ValueError, match="either `shape`"):
        layers.InputLayer()
    with pytest.raises(ValueError, match="give the batch size in `batch_shape` or"):
        layers.InputLayer(batch_size=2, batch_shape=(2, 3))
    with pytest.raises(TypeError, match="InputLayer takes no argument 'input_shape'. .*`shape`"):
        layers.InputLayer(input_shape=(3,))


def test_an_embedding_starts_from_a_given_table(tmp_path):
    table = np.arange(6.0).reshape(3, 2)
    for given in (table, [table], (table,)):
        layer = layers.Embedding(3, 2, weights=given, trainable=False)
        assert layer(np.array([[2, 0]])).numpy().tolist() == [[[4, 5], [0, 1]]]
        assert layer.trainable_weights == [] and "weights" not in layer.get_config()
    model = Sequential([layers.Embedding(3, 2, weights=[table], input_length=4)])
    assert model.output_shape == (None, 4, 2)
    model.save(tmp_path / "model.safetensors")
    again = models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.get_weights()[0], table)
    assert layers.Embedding(3, 2, input_length=None).first_shape is None
    with pytest.raises(ValueError, match=r"has shape \(3, 2\), got \(2, 3\)"):
        layers.Embedding(3, 2, weights=table.T)
    with pytest.raises(ValueError, match="has 1 weights, but 2 were given"):
        layers.Embedding(3, 2, weights=[table, table])
    with pytest.raises(ValueError, match="`mask_zero` must be one of .* got 'normal'"):
        layers.Embedding(3, 2, "normal")  # in Keras the third is the initializer


def distance(pair):
    return abs(pair[0] - pair[1])


@pytest.mark.parametrize(
    ("function", "promised", "inputs", "expected"),
    [
        (lambda x: 2 * x, (4,), Input((4,)), (None, 4)),
        (lambda x: 2 * x, (None,), Input((4,)), (None, 4)),
        (lambda x: x[:, :2], lambda shape: (shape[0], 2), Input((4,)), (None, 2)),
        (distance, lambda shapes: shapes[0], [Input((4,)), Input((4,))], (None, 4)),
        (lambda x: 2 * x, lambda shape: shape, Input((None, 3)), (None, None, 3)),
    ],
)
def test_a_lambda_may_promise_its_shape(function, promised, inputs, expected):
    layer = layers.Lambda(function, output_shape=promised)
    assert layer(inputs).shape == expected == layers.Lambda(function)(inputs).shape


@pytest.mark.parametrize("promised", [(5,), (4, 1), (), [(4,), (4,)], lambda shape: (shape[0], 5)])
def test_a_promise_that_a_lambda_breaks_is_told_with_both_shapes(promised):
    layer = layers.Lambda(lambda x: 2 * x, output_shape=promised)
    for inputs in (Input((4,)), np.ones((2, 4))):
        with pytest.raises(ValueError, match=r"gives \[\(None, 4\)\].*`output_shape` says"):
            layer(inputs)


def test_the_mask_has_the_name_that_it_has_in_keras():
    y = layers.Embedding(4, 2, mask_zero=True)(np.array([[1, 0]]))
    assert y._keras_mask is y.mask and y._keras_mask.tolist() == [[True, False]]
    assert layers.Dense(2)(np.ones((1, 2)))._keras_mask is None
