"""An autoencoder of convolutions that takes noise from digits."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 28_353  # published


def program():
    inputs = layers.Input(shape=(28, 28, 1))
    x = layers.Conv2D(32, (3, 3), activation="relu", padding="same")(inputs)
    x = layers.MaxPooling2D((2, 2), padding="same")(x)
    x = layers.Conv2D(32, (3, 3), activation="relu", padding="same")(x)
    x = layers.MaxPooling2D((2, 2), padding="same")(x)
    x = layers.Conv2DTranspose(32, (3, 3), strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2DTranspose(32, (3, 3), strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2D(1, (3, 3), activation="sigmoid", padding="same")(x)
    autoencoder = keras.models.Model(inputs, x)
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    clean = np.random.default_rng(0).random((8, 28, 28, 1), "float32")
    autoencoder.fit(
        x=clean,
        y=clean,
        epochs=1,
        batch_size=4,
        shuffle=True,
        validation_data=(clean, clean),
        verbose=0,
    )
    return autoencoder
