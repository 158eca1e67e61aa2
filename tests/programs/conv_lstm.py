"""The next frame of a film, by convolutional LSTM layers."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 12_697  # Keras 3.15.1, with 8 filters for 64


def program(filters=8):
    inputs = layers.Input(shape=(None, 16, 16, 1))
    x = inputs
    for size in (5, 3, 1):
        x = layers.ConvLSTM2D(
            filters=filters,
            kernel_size=(size, size),
            padding="same",
            return_sequences=True,
            activation="relu",
        )(x)
        x = layers.BatchNormalization()(x) if size > 1 else x
    x = layers.Conv3D(filters=1, kernel_size=(3, 3, 3), activation="sigmoid", padding="same")(x)
    model = keras.models.Model(inputs, x)
    model.compile(loss=keras.losses.binary_crossentropy, optimizer=keras.optimizers.Adam())
    callbacks = [
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=10),
        keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=5),
    ]
    films = np.random.default_rng(0).random((3, 5, 16, 16, 1), "float32")
    x, y = films[:, :-1], films[:, 1:]
    model.fit(x, y, batch_size=2, validation_data=(x, y), callbacks=callbacks, verbose=0)
    return model
