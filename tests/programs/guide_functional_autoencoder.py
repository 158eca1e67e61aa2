"""Functional API: an encoder and a decoder, joined as layers of a third model."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 18_672, 9_569, 28_241  # published


def program():
    image = keras.Input(shape=(28, 28, 1), name="img")
    x = layers.Conv2D(16, 3, activation="relu")(image)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D(3)(x)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.Conv2D(16, 3, activation="relu")(x)
    encoder = keras.Model(image, layers.GlobalMaxPooling2D()(x), name="encoder")

    code = keras.Input(shape=(16,), name="encoded_img")
    x = layers.Reshape((4, 4, 1))(code)
    x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
    x = layers.Conv2DTranspose(32, 3, activation="relu")(x)
    x = layers.UpSampling2D(3)(x)
    x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
    decoder = keras.Model(code, layers.Conv2DTranspose(1, 3, activation="relu")(x), name="decoder")

    whole = keras.Input(shape=(28, 28, 1), name="img")
    autoencoder = keras.Model(whole, decoder(encoder(whole)), name="autoencoder")
    autoencoder.compile("adam", "mse")
    x = np.random.default_rng(0).random((4, 28, 28, 1), "float32")
    autoencoder.fit(x, x, verbose=0)
    return encoder, decoder, autoencoder
