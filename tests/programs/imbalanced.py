"""Fraud is rare: dropout, many counts as metrics, and a weight for each class."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 139_777  # published


def program(features=30):
    model = keras.Sequential(
        [
            layers.Dense(256, activation="relu", input_shape=(features,)),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    metrics = [
        keras.metrics.FalseNegatives(name="fn"),
        keras.metrics.FalsePositives(name="fp"),
        keras.metrics.TrueNegatives(name="tn"),
        keras.metrics.TruePositives(name="tp"),
        keras.metrics.Precision(name="precision"),
        keras.metrics.Recall(name="recall"),
    ]
    model.compile(
        optimizer=keras.optimizers.Adam(1e-2), loss="binary_crossentropy", metrics=metrics
    )
    x = np.random.default_rng(0).standard_normal((64, features)).astype("float32")
    y = (np.arange(64) % 16 == 0).astype("uint8")[:, None]
    weights = {0: 1.0 / 60, 1: 1.0 / 4}
    model.fit(
        x, y, batch_size=32, epochs=2, class_weight=weights, validation_data=(x, y), verbose=0
    )
    return model
