"""Functional API: a small residual network for colour images."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 223_242  # published


def program():
    inputs = keras.Input(shape=(32, 32, 3), name="img")
    x = layers.Conv2D(32, 3, activation="relu")(inputs)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    block = layers.MaxPooling2D(3)(x)
    for _ in range(2):
        x = layers.Conv2D(64, 3, activation="relu", padding="same")(block)
        x = layers.Conv2D(64, 3, activation="relu", padding="same")(x)
        block = layers.add([x, block])
    x = layers.Conv2D(64, 3, activation="relu")(block)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    model = keras.Model(inputs, layers.Dense(10)(x), name="toy_resnet")
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["acc"],
    )
    random = np.random.default_rng(0)
    x = random.random((8, 32, 32, 3), "float32")
    y = keras.utils.to_categorical(random.integers(0, 10, 8), 10)
    model.fit(x, y, batch_size=4, epochs=1, validation_split=0.25, verbose=0)
    return model
