"""Sales of shops: each category has its vector, numbers come in by `input_dim`."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 2_103  # Keras 3.15.1


def program(sizes=(11, 7, 3), dims=(6, 4, 2), units=50):
    inputs, parts = [], []
    for size, dim in zip(sizes, dims, strict=True):
        inputs.append(layers.Input(shape=(1,)))
        vector = layers.Embedding(size, dim, name=f"embedding_{size}")(inputs[-1])
        parts.append(layers.Reshape(target_shape=(dim,))(vector))
    inputs.append(layers.Input(shape=(1,)))
    parts.append(layers.Dense(1, input_dim=1)(inputs[-1]))
    x = layers.Concatenate()(parts)
    x = layers.Dense(units, kernel_initializer="random_uniform")(x)
    x = layers.Activation("relu")(x)
    x = layers.Dense(units // 2, kernel_initializer="random_uniform")(x)
    x = layers.Activation("relu")(x)
    x = layers.Activation("sigmoid")(layers.Dense(1)(x))
    model = keras.Model(inputs=inputs, outputs=x)
    model.compile(loss="mean_absolute_error", optimizer="adam")
    random = np.random.default_rng(0)
    columns = [random.integers(0, size, 30) for size in sizes] + [random.integers(0, 2, 30)]
    y = np.log(random.integers(1, 900, 30)) / np.log(900)
    model.fit(columns, y, validation_data=(columns, y), epochs=2, batch_size=10, verbose=0)
    return model
