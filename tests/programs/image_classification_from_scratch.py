"""Cats and dogs: augmentation, rescaling, and a small version of Xception."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 2_731_065  # Keras 3.15.1
WARNS = "the loss takes logits"  # the metric of the example counts logits above 0.5


def program(num_classes=2):
    augmentation = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)]
    inputs = x = keras.Input(shape=(32, 32, 3))
    for layer in augmentation:
        x = layer(x)
    x = layers.Rescaling(1.0 / 255)(x)
    x = layers.Conv2D(128, 3, strides=2, padding="same")(x)
    x = layers.BatchNormalization()(x)
    previous = x = layers.Activation("relu")(x)
    for size in [256, 512, 728]:
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.SeparableConv2D(size, 3, padding="same")(x)
            x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(size, 1, strides=2, padding="same")(previous)
        previous = x = layers.add([x, residual])
    x = layers.SeparableConv2D(1024, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    units = 1 if num_classes == 2 else num_classes
    x = layers.Dropout(0.25)(x)
    model = keras.Model(inputs, layers.Dense(units, activation=None)(x))
    model.compile(
        optimizer=keras.optimizers.Adam(3e-4),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(name="acc")],
    )
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    model.fit(images, np.array([0, 1]), epochs=1, verbose=0)
    return model
