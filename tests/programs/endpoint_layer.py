"""Targets as an input: a last layer that adds its own loss, so compile names none."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 110  # Keras 3.15.1


class LogisticEndpoint(layers.Layer):
    def __init__(self, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

    def call(self, targets, logits, sample_weight=None):
        self.add_loss(self.loss_fn(targets, logits, sample_weight))
        return ops.softmax(logits)


def program():
    inputs = keras.Input(shape=(10,), name="inputs")
    targets = keras.Input(shape=(10,), name="targets")
    logits = layers.Dense(10)(inputs)
    predictions = LogisticEndpoint(name="predictions")(targets, logits)
    model = keras.Model(inputs=[inputs, targets], outputs=predictions)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    random = np.random.default_rng(0)
    data = {"inputs": random.random((9, 10)), "targets": random.integers(0, 2, (9, 10))}
    model.fit(data, epochs=1, batch_size=3, verbose=0)
    return model
