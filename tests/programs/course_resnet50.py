"""A course builds ResNet-50 from identity blocks and convolutional blocks."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 23_600_006  # published


def block(X, f, filters, s=None):
    """A convolutional block with stride `s`, or an identity block."""
    start = keras.initializers.glorot_uniform if s else keras.initializers.random_uniform
    F1, F2, F3 = filters
    X_shortcut = X
    for size, kernel, strides in ((F1, 1, s or 1), (F2, f, 1), (F3, 1, 1)):
        X = layers.Conv2D(
            filters=size,
            kernel_size=kernel,
            strides=(strides, strides),
            padding="same" if kernel > 1 else "valid",
            kernel_initializer=start(seed=0),
        )(X)
        X = layers.BatchNormalization(axis=3)(X)
        if size != F3 or kernel > 1:
            X = layers.Activation("relu")(X)
    if s:
        X_shortcut = layers.Conv2D(
            F3, 1, strides=(s, s), padding="valid", kernel_initializer=start(seed=0)
        )(X_shortcut)
        X_shortcut = layers.BatchNormalization(axis=3)(X_shortcut)
    return layers.Activation("relu")(layers.Add()([X, X_shortcut]))


def program(input_shape=(64, 64, 3), classes=6):
    X_input = layers.Input(input_shape)
    X = layers.ZeroPadding2D((3, 3))(X_input)
    X = layers.Conv2D(64, (7, 7), strides=(2, 2))(X)
    X = layers.BatchNormalization(axis=3)(X)
    X = layers.Activation("relu")(X)
    X = layers.MaxPooling2D((3, 3), strides=(2, 2))(X)
    stages = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
    for size, count, s in stages:
        filters = [size, size, 4 * size]
        X = block(X, 3, filters, s)
        for _ in range(count - 1):
            X = block(X, 3, filters)
    X = layers.Flatten()(layers.AveragePooling2D((2, 2))(X))
    X = layers.Dense(classes, "softmax", kernel_initializer=keras.initializers.glorot_uniform(0))(X)
    model = keras.Model(inputs=X_input, outputs=X)
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    x = np.random.default_rng(0).random((2, *input_shape), "float32")
    model.fit(x, np.eye(classes)[:2], epochs=1, batch_size=2, verbose=0)
    return model
