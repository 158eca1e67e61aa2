"""The convolutional network for digits of the examples."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 34_826  # published


def program():
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    random = np.random.default_rng(0)
    x = np.expand_dims(random.random((20, 28, 28), "float32"), -1)
    y = keras.utils.to_categorical(random.integers(0, 10, 20), 10)
    model.fit(x, y, batch_size=9, epochs=1, validation_split=0.1, verbose=0)
    return model
