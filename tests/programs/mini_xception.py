"""Emotions in a face: a small Xception in old names."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 58_423  # published


def program(input_shape=(64, 64, 1), num_classes=7):
    regularization = keras.regularizers.l2(0.01)
    img_input = layers.Input(input_shape)
    x = img_input
    for _ in range(2):
        x = layers.Convolution2D(
            8, (3, 3), strides=(1, 1), kernel_regularizer=regularization, use_bias=False
        )(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
    for filters in (16, 32, 64, 128):
        residual = layers.Conv2D(filters, (1, 1), strides=(2, 2), padding="same", use_bias=False)(x)
        residual = layers.BatchNormalization()(residual)
        x = layers.SeparableConv2D(filters, (3, 3), padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(filters, (3, 3), padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D((3, 3), strides=(2, 2), padding="same")(x)
        x = layers.add([x, residual])
    x = layers.Conv2D(num_classes, (3, 3), padding="same")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(img_input, layers.Activation("softmax", name="predictions")(x))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    x = np.random.default_rng(0).random((2, *input_shape), "float32")
    model.fit(x, np.eye(num_classes)[:2], epochs=1, verbose=0)
    return model
