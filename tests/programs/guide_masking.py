"""Guide to masking: padded sentences, a layer that halves time, and a softmax over what counts."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 92_480, 92_529  # Keras 3.15.1


class TemporalSplit(layers.Layer):
    def call(self, inputs):
        return ops.split(inputs, 2, axis=1)[0]

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else ops.split(mask, 2, axis=1)[0]


class TemporalSoftmax(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        weights = ops.exp(inputs) * ops.expand_dims(ops.cast(mask, "float32"), -1)
        return weights / (ops.sum(weights, axis=1, keepdims=True) + 1e-6)


def program():
    raw = [[711, 632, 71], [73, 8, 3215, 55, 927], [83, 91, 1, 645, 1253, 927]]
    padded = keras.utils.pad_sequences(raw, padding="post")
    embedding = layers.Embedding(input_dim=5000, output_dim=16, mask_zero=True)
    assert np.array_equal(np.asarray(embedding(padded)._keras_mask), padded != 0)

    inputs = keras.Input(shape=(6,), dtype="int32")
    x = TemporalSplit()(embedding(inputs))
    first = keras.Model(inputs, layers.LSTM(48)(x))
    first.compile("adam", "mse")
    first.fit(padded, np.zeros((3, 48)), verbose=0)

    x = layers.LSTM(48, return_sequences=True)(embedding(inputs))
    x = TemporalSoftmax()(layers.Dense(1)(x))
    second = keras.Model(inputs, x)
    second.compile("adam", "mse")
    second.fit(padded, np.zeros((3, 6, 1)), verbose=0)
    return first, second
