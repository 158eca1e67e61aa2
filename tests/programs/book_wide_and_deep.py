"""Wide and deep: some columns go straight to the output; an auxiliary output learns, too."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 1_198 + 31  # Keras 3.15.1 has 2 more: the counts of two Normalization layers


def program():
    input_wide = layers.Input(shape=[5], name="wide")
    input_deep = layers.Input(shape=[6], name="deep")
    norm_wide, norm_deep = layers.Normalization(), layers.Normalization()
    x = norm_deep(input_deep)
    hidden1 = layers.Dense(30, activation="relu")(x)
    hidden2 = layers.Dense(30, activation="relu")(hidden1)
    concat = layers.concatenate([norm_wide(input_wide), hidden2])
    output = layers.Dense(1, name="main")(concat)
    aux_output = layers.Dense(1, name="aux")(hidden2)
    model = keras.Model(inputs=[input_wide, input_deep], outputs=[output, aux_output])
    model.compile(
        loss=("mse", "mse"),
        loss_weights=(0.9, 0.1),
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        metrics=["RootMeanSquaredError", "RootMeanSquaredError"],
    )
    table = np.random.default_rng(0).standard_normal((40, 8)).astype("float32")
    wide, deep, y = table[:, :5], table[:, 2:], table.sum(axis=1)
    norm_wide.adapt(wide)
    norm_deep.adapt(deep)
    model.fit((wide, deep), (y, y), epochs=2, validation_data=((wide, deep), (y, y)), verbose=0)
    return model
