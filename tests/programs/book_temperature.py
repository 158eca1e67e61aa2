"""A chapter on series: windows of the weather through six kinds of layers."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 12_513, 3_161, 1_937, 3_137, 3_873, 1_025  # Keras 3.15.1


def trained(inputs, x, data):
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    model.fit(data, epochs=1, validation_data=data, verbose=0)
    return model


def program(steps=60):
    random = np.random.default_rng(0)
    raw = random.standard_normal((100, 13)).astype("float32")
    data = keras.utils.timeseries_dataset_from_array(
        raw[:-10],
        targets=raw[10:, 1],
        sampling_rate=1,
        sequence_length=steps,
        shuffle=True,
        batch_size=16,
        start_index=0,
        end_index=85,
    )
    for samples, targets in data:
        assert samples.shape[1:] == (steps, 13) and len(samples) == len(targets)

    def new():
        return keras.Input(shape=(steps, raw.shape[-1]))

    models = []
    a = new()
    models.append(trained(a, layers.Dense(16, activation="relu")(layers.Flatten()(a)), data))
    b = new()
    x = layers.Conv1D(8, 24, activation="relu")(b)
    x = layers.MaxPooling1D(2)(x)
    x = layers.Conv1D(8, 10, activation="relu")(x)
    models.append(trained(b, layers.GlobalAveragePooling1D()(x), data))
    c = new()
    models.append(trained(c, layers.LSTM(16, recurrent_dropout=0.25)(c), data))
    d = new()
    x = layers.GRU(16, recurrent_dropout=0.5, return_sequences=True)(d)
    x = layers.GRU(16, recurrent_dropout=0.5)(x)
    models.append(trained(d, layers.Dropout(0.5)(x), data))
    e = new()
    models.append(trained(e, layers.Bidirectional(layers.LSTM(16))(e), data))
    f = new()
    x = layers.SimpleRNN(16, return_sequences=True)(f)
    models.append(trained(f, layers.SimpleRNN(16)(x), data))
    return tuple(models)
