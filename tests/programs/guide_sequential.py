"""Guide to Sequential models: layers added one by one, taken away, and read as features."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 14_019  # Keras 3.15.1


def program():
    model = keras.Sequential(name="my_sequential")
    model.add(keras.Input(shape=(100, 100, 3)))
    model.add(layers.Conv2D(32, 5, strides=2, activation="relu"))
    model.add(layers.Conv2D(32, 3, activation="relu", name="my_intermediate_layer"))
    model.add(layers.MaxPooling2D(3))
    model.add(layers.Dense(7))
    model.pop()
    model.add(layers.Conv2D(8, 3, activation="relu"))
    model.add(layers.GlobalMaxPooling2D())
    model.add(layers.Dense(3, activation="softmax"))
    assert len(model.layers) == 6
    for layer in model.layers[:1]:
        layer.trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).random((2, 100, 100, 3), "float32")
    model.fit(x, np.array([0, 1]), verbose=0)

    extractor = keras.Model(
        inputs=model.inputs, outputs=model.get_layer(name="my_intermediate_layer").output
    )
    assert extractor(x).shape == (2, 46, 46, 32)
    return model
