"""What is unusual in a series: what an autoencoder of convolutions rebuilds badly."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 9_505  # published


def program(steps=288):
    model = keras.Sequential(
        [
            layers.Input(shape=(steps, 1)),
            layers.Conv1D(filters=32, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Dropout(rate=0.2),
            layers.Conv1D(filters=16, kernel_size=7, padding="same", strides=2, activation="relu"),
            layers.Conv1DTranspose(
                filters=16, kernel_size=7, padding="same", strides=2, activation="relu"
            ),
            layers.Dropout(rate=0.2),
            layers.Conv1DTranspose(
                filters=32, kernel_size=7, padding="same", strides=2, activation="relu"
            ),
            layers.Conv1DTranspose(filters=1, kernel_size=7, padding="same"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss="mse")
    x = np.sin(np.linspace(0, 40, 10 * steps)).reshape(10, steps, 1).astype("float32")
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, mode="min")
    model.fit(x, x, epochs=2, batch_size=4, validation_split=0.1, callbacks=[stop], verbose=0)
    errors = np.mean(np.abs(model.predict(x, verbose=0) - x), axis=1)
    assert errors.shape == (10, 1)
    return model
