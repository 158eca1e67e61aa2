"""A course's U-Net, whose blocks return the tensor for the skip connection, too."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 540_999  # Keras 3.15.1, with 8 filters for 32


def conv_block(inputs, n_filters, dropout_prob=0, max_pooling=True):
    conv = inputs
    for _ in range(2):
        conv = layers.Conv2D(
            n_filters, 3, activation="relu", padding="same", kernel_initializer="he_normal"
        )(conv)
    if dropout_prob > 0:
        conv = layers.Dropout(dropout_prob)(conv)
    next_layer = layers.MaxPooling2D((2, 2))(conv) if max_pooling else conv
    return next_layer, conv


def upsampling_block(expansive_input, contractive_input, n_filters):
    up = layers.Conv2DTranspose(n_filters, 3, strides=(2, 2), padding="same")(expansive_input)
    merge = layers.concatenate([up, contractive_input], axis=3)
    return conv_block(merge, n_filters, max_pooling=False)[0]


def program(input_size=(32, 48, 3), n_filters=8, n_classes=23):
    inputs = layers.Input(input_size)
    x, skips = inputs, []
    for factor in (1, 2, 4, 8):
        x, skip = conv_block(x, n_filters * factor, dropout_prob=0.3 if factor == 8 else 0)
        skips.append(skip)
    x = conv_block(x, n_filters * 16, dropout_prob=0.3, max_pooling=False)[0]
    for factor in (8, 4, 2, 1):
        x = upsampling_block(x, skips.pop(), n_filters * factor)
    x = layers.Conv2D(
        n_filters, 3, activation="relu", padding="same", kernel_initializer="he_normal"
    )(x)
    model = keras.Model(inputs=inputs, outputs=layers.Conv2D(n_classes, 1, padding="same")(x))
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    random = np.random.default_rng(0)
    x = random.random((2, *input_size), "float32")
    model.fit(x, random.integers(0, n_classes, (2, 32, 48, 1)), epochs=1, verbose=0)
    return model
