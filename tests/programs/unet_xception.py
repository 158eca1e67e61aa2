"""Segmentation of pets: a U-Net of separable convolutions with residuals."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 2_058_979  # Keras 3.15.1


def program(classes=3):
    inputs = keras.Input(shape=(32, 32, 3))
    x = layers.Conv2D(32, 3, strides=2, padding="same")(inputs)
    x = layers.BatchNormalization()(x)
    previous = x = layers.Activation("relu")(x)
    for filters in [64, 128, 256]:
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.SeparableConv2D(filters, 3, padding="same")(x)
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(filters, 1, strides=2, padding="same")(previous)
        previous = x = layers.add([x, residual])
    for filters in [256, 128, 64, 32]:
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.Conv2DTranspose(filters, 3, padding="same")(x)
            x = layers.BatchNormalization()(x)
        x = layers.UpSampling2D(2)(x)
        residual = layers.UpSampling2D(2)(previous)
        residual = layers.Conv2D(filters, 1, padding="same")(residual)
        previous = x = layers.add([x, residual])
    outputs = layers.Conv2D(classes, 3, activation="softmax", padding="same")(x)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.Adam(1e-4), loss="sparse_categorical_crossentropy")
    random = np.random.default_rng(0)
    images = random.random((2, 32, 32, 3), "float32")
    model.fit(images, random.integers(0, classes, (2, 32, 32, 1)), verbose=0)
    return model
