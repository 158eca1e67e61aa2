"""Translation by causal convolutions and attention, in an old name of the layer."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 25_780  # Keras 3.15.1


def program(encoder_tokens=15, decoder_tokens=20, width=32):
    options = {"kernel_size": 3, "activation": "relu", "padding": "causal"}
    encoder_inputs = layers.Input(shape=(None, encoder_tokens))
    x_encoder = encoder_inputs
    for dilation in (1, 2, 4):
        x_encoder = layers.Convolution1D(width, dilation_rate=dilation, **options)(x_encoder)
    decoder_inputs = layers.Input(shape=(None, decoder_tokens))
    x_decoder = decoder_inputs
    for dilation in (1, 2, 4):
        x_decoder = layers.Convolution1D(width, dilation_rate=dilation, **options)(x_decoder)
    attention = layers.Dot(axes=[2, 2])([x_decoder, x_encoder])
    attention = layers.Activation("softmax")(attention)
    context = layers.Dot(axes=[2, 1])([attention, x_encoder])
    combined = layers.Concatenate(axis=-1)([context, x_decoder])
    outputs = layers.Convolution1D(width, 3, activation="relu", padding="causal")(combined)
    outputs = layers.Convolution1D(width, 3, activation="relu", padding="causal")(outputs)
    outputs = layers.Dense(decoder_tokens, activation="softmax")(outputs)
    model = keras.Model([encoder_inputs, decoder_inputs], outputs)
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    random = np.random.default_rng(0)
    x = np.eye(encoder_tokens, dtype="float32")[random.integers(encoder_tokens, size=(8, 6))]
    y = np.eye(decoder_tokens, dtype="float32")[random.integers(decoder_tokens, size=(8, 9))]
    model.fit([x, y], y, batch_size=4, epochs=1, validation_split=0.25, verbose=0)
    return model
