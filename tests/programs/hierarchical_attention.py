"""Documents of sentences of words, attention over both, and vectors of words from elsewhere."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 5_342  # Keras 3.15.1


class AttLayer(layers.Layer):
    def __init__(self, attention_dim, **kwargs):
        super().__init__(**kwargs)
        self.init = keras.initializers.get("random_normal")
        self.attention_dim = attention_dim

    def build(self, input_shape):
        assert len(input_shape) == 3
        size = input_shape[-1], self.attention_dim
        self.W = self.add_weight(shape=size, initializer=self.init, name="W")
        self.b = self.add_weight(shape=size[1:], initializer=self.init, name="b")
        self.u = self.add_weight(shape=(size[1], 1), initializer=self.init, name="u")
        super().build(input_shape)

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, x, mask=None):
        uit = ops.tanh(ops.matmul(x, self.W) + self.b)
        ait = ops.exp(ops.squeeze(ops.matmul(uit, self.u), -1))
        if mask is not None:
            ait *= ops.cast(mask, ait.dtype)
        ait /= ops.sum(ait, axis=1, keepdims=True) + keras.backend.epsilon()
        return ops.sum(x * ops.expand_dims(ait, -1), axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "attention_dim": self.attention_dim}


def program(words=50, dim=20, max_sents=4, max_length=7):
    random = np.random.default_rng(0)
    embedding_layer = layers.Embedding(
        words + 1,
        dim,
        weights=[random.standard_normal((words + 1, dim))],
        input_length=max_length,
        trainable=True,
        mask_zero=True,
    )
    sentence_input = layers.Input(shape=(max_length,), dtype="int32")
    embedded_sequences = embedding_layer(sentence_input)
    l_lstm = layers.Bidirectional(layers.GRU(10, return_sequences=True))(embedded_sequences)
    sent_encoder = keras.Model(sentence_input, AttLayer(10)(l_lstm))
    review_input = layers.Input(shape=(max_sents, max_length), dtype="int32")
    review_encoder = layers.TimeDistributed(sent_encoder)(review_input)
    l_lstm_sent = layers.Bidirectional(layers.GRU(10, return_sequences=True))(review_encoder)
    preds = layers.Dense(2, activation="softmax")(AttLayer(10)(l_lstm_sent))
    model = keras.Model(review_input, preds)
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["acc"])
    x, y = random.integers(0, words, (8, max_sents, max_length)), np.eye(2)[np.arange(8) % 2]
    model.fit(x, y, validation_data=(x, y), epochs=2, batch_size=4, verbose=0)
    return model
