"""Functional API: the mean of three models, and a model that reads features of another."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 387, 258  # Keras 3.15.1


def get_model():
    inputs = keras.Input(shape=(128,))
    return keras.Model(inputs, layers.Dense(1)(inputs))


def program():
    members = [get_model() for _ in range(3)]
    inputs = keras.Input(shape=(128,))
    ensemble = keras.Model(inputs, layers.average([member(inputs) for member in members]))
    ensemble.compile(optimizer=keras.optimizers.SGD(0.01), loss="mae")
    x = np.random.default_rng(0).random((8, 128), "float32")
    ensemble.fit(x, x[:, :1], epochs=2, verbose=0)

    outputs = [member.layers[-1].output for member in members[:1]]
    features = keras.Model(members[0].input, outputs + [members[1](members[0].input)])
    assert len(features(x)) == 2
    return ensemble, features
