"""Digits read row by row, by an LSTM of what an LSTM read along each row."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 199_434  # Keras 3.15.1


def program(rows=28, row_hidden=128, col_hidden=128):
    x = layers.Input(shape=(rows, rows, 1))
    encoded_rows = layers.TimeDistributed(layers.LSTM(row_hidden))(x)
    encoded_columns = layers.LSTM(col_hidden)(encoded_rows)
    prediction = layers.Dense(10, activation="softmax")(encoded_columns)
    model = keras.Model(x, prediction)
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    digits = np.random.default_rng(0).random((4, rows, rows, 1), "float32")
    y = keras.utils.to_categorical(np.arange(4), 10)
    model.fit(digits, y, batch_size=2, epochs=1, verbose=0, validation_data=(digits, y))
    return model
