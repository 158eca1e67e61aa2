"""Digits without their noise: encoder, decoder and their chain, sizes read from a tensor."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 69_008, 108_993, 178_001  # Keras 3.15.1


def program(latent_dim=16, layer_filters=(32, 64)):
    inputs = layers.Input(shape=(28, 28, 1), name="encoder_input")
    x = inputs
    for filters in layer_filters:
        x = layers.Conv2D(filters, 3, strides=2, activation="relu", padding="same")(x)
    shape = x.shape
    latent = layers.Dense(latent_dim, name="latent_vector")(layers.Flatten()(x))
    encoder = keras.Model(inputs, latent, name="encoder")
    latent_inputs = layers.Input(shape=(latent_dim,), name="decoder_input")
    x = layers.Dense(shape[1] * shape[2] * shape[3])(latent_inputs)
    x = layers.Reshape((shape[1], shape[2], shape[3]))(x)
    for filters in layer_filters[::-1]:
        x = layers.Conv2DTranspose(filters, 3, strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2DTranspose(filters=1, kernel_size=3, padding="same")(x)
    outputs = layers.Activation("sigmoid", name="decoder_output")(x)
    decoder = keras.Model(latent_inputs, outputs, name="decoder")
    autoencoder = keras.Model(inputs, decoder(encoder(inputs)), name="autoencoder")
    autoencoder.compile(loss="mse", optimizer="adam")
    random = np.random.default_rng(0)
    clean = random.random((8, 28, 28, 1), "float32")
    noisy = np.clip(clean + random.normal(0.5, 0.5, clean.shape), 0.0, 1.0)
    autoencoder.fit(noisy, clean, validation_data=(noisy, clean), epochs=1, batch_size=4, verbose=0)
    return encoder, decoder, autoencoder
