"""Is a review kind? Two bidirectional LSTM layers over the words."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 2_757_761  # published


def program(max_features=20000, maxlen=20):
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(max_features, 128)(inputs)
    x = layers.Bidirectional(layers.LSTM(64, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(64))(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    random = np.random.default_rng(0)
    reviews = [random.integers(1, max_features, n).tolist() for n in (3, 30, 12, 20)]
    x = keras.utils.pad_sequences(reviews, maxlen=maxlen)
    assert x.shape == (4, maxlen) and x[0, 0] == 0
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, np.array([0, 1, 1, 0]), batch_size=2, epochs=1, verbose=0)
    return model
