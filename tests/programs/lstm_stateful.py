"""A moving average, learned by an LSTM layer that keeps its state between batches."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 1_781  # published


def program(lahead=1, batch_size=1):
    model = keras.Sequential()
    model.add(layers.LSTM(20, batch_input_shape=(batch_size, lahead, 1), stateful=True))
    model.add(layers.Dense(1))
    model.compile(loss="mse", optimizer="adam")
    data = np.random.default_rng(0).uniform(-0.1, 0.1, (12, lahead, 1))
    target = (data[:, 0] + np.roll(data[:, 0], 1)) / 2
    for _ in range(2):
        model.fit(data, target, batch_size=batch_size, epochs=1, verbose=0, shuffle=False)
        model.layers[0].reset_state()
    first = model.predict(data, batch_size=batch_size, verbose=0)
    model.layers[0].reset_state()
    assert np.array_equal(first, model.predict(data, batch_size=batch_size, verbose=0))
    model.layers[0].reset_state()  # a file keeps no state
    return model
