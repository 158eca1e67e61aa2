"""A U-Net of a well-known repository, whose upsampling is followed by a convolution."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 485_813  # Keras 3.15.1


def program(input_size=(32, 32, 1), width=8):
    options = {"activation": "relu", "padding": "same", "kernel_initializer": "he_normal"}
    inputs = layers.Input(input_size)
    x, skips = inputs, []
    for k in range(5):
        x = layers.Conv2D(width * 2**k, 3, **options)(x)
        x = layers.Conv2D(width * 2**k, 3, **options)(x)
        x = layers.Dropout(0.5)(x) if k > 2 else x
        skips.append(x)
        x = layers.MaxPooling2D(pool_size=(2, 2))(x) if k < 4 else x
    for k in (3, 2, 1, 0):
        up = layers.Conv2D(width * 2**k, 2, **options)(layers.UpSampling2D(size=(2, 2))(x))
        x = layers.concatenate([skips[k], up], axis=3)
        x = layers.Conv2D(width * 2**k, 3, **options)(x)
        x = layers.Conv2D(width * 2**k, 3, **options)(x)
    x = layers.Conv2D(2, 3, **options)(x)
    model = keras.Model(inputs=inputs, outputs=layers.Conv2D(1, 1, activation="sigmoid")(x))
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-4),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    random = np.random.default_rng(0)

    def batches():
        while True:
            yield random.random((2, *input_size)), random.integers(0, 2, (2, *input_size))

    model.fit(batches(), steps_per_epoch=2, epochs=1, verbose=0)
    return model
