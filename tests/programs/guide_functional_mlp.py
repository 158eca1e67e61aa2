"""The first model of the guide to the functional API: digits through two hidden layers."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 55_050  # published


def program():
    inputs = keras.Input(shape=(784,))
    x = layers.Dense(64, activation="relu")(inputs)
    x = layers.Dense(64, activation="relu")(x)
    model = keras.Model(inputs=inputs, outputs=layers.Dense(10)(x), name="mnist_model")
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.RMSprop(),
        metrics=["accuracy"],
    )
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (50, 784)) / 255, random.integers(0, 10, 50)
    model.fit(x.astype("float32"), y, batch_size=16, epochs=2, validation_split=0.2, verbose=0)
    assert len(model.evaluate(x, y, verbose=0)) == 2
    return model
