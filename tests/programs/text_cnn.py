"""Reviews read by convolutions over their words."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 88_769  # Keras 3.15.1, for 100 words


def program(max_features=100, embedding_dim=64):
    inputs = keras.Input(shape=(None,), dtype="int64")
    x = layers.Embedding(max_features, embedding_dim)(inputs)
    x = layers.Dropout(0.5)(x)
    x = layers.Conv1D(128, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.Conv1D(64, 2, padding="valid", activation="relu", strides=3)(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    predictions = layers.Dense(1, activation="sigmoid", name="predictions")(x)
    model = keras.Model(inputs, predictions)
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    x = np.random.default_rng(0).integers(0, max_features, (12, 40))
    model.fit(x, np.arange(12) % 2, validation_data=(x, np.arange(12) % 2), epochs=1, verbose=0)
    return model
