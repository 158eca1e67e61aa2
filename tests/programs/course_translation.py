"""A course reads dates by attention: one decoder step, called in a loop over shared layers."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 52_960  # published
UNSAVED = "would be read back as"  # its `softmax` has the name of another


def softmax(x, axis=1):
    e = ops.exp(x - ops.max(x, axis=axis, keepdims=True))
    return e / ops.sum(e, axis=axis, keepdims=True)


def program(Tx=30, Ty=10, n_a=32, n_s=64, human=37, machine=11):
    repeator = layers.RepeatVector(Tx)
    concatenator = layers.Concatenate(axis=-1)
    densor1, densor2 = layers.Dense(10, activation="tanh"), layers.Dense(1, activation="relu")
    activator = layers.Activation(softmax, name="attention_weights")
    dotor = layers.Dot(axes=1)
    post_cell = layers.LSTM(n_s, return_state=True)
    output_layer = layers.Dense(machine, activation=softmax)

    X = layers.Input(shape=(Tx, human))
    s0, c0 = layers.Input(shape=(n_s,), name="s0"), layers.Input(shape=(n_s,), name="c0")
    s, c, outputs = s0, c0, []
    a = layers.Bidirectional(layers.LSTM(units=n_a, return_sequences=True))(X)
    for _ in range(Ty):
        energies = densor2(densor1(concatenator([a, repeator(s)])))
        context = dotor([activator(energies), a])
        _, s, c = post_cell(context, initial_state=[s, c])
        outputs.append(output_layer(s))
    model = keras.Model(inputs=[X, s0, c0], outputs=outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.005, beta_1=0.9, beta_2=0.999),
        loss="categorical_crossentropy",
        metrics=["accuracy"] * Ty,
    )
    random = np.random.default_rng(0)
    x = np.eye(human)[random.integers(human, size=(4, Tx))]
    y = np.eye(machine)[random.integers(machine, size=(4, Ty))]
    zeros = np.zeros((4, n_s))
    model.fit([x, zeros, zeros], list(y.swapaxes(0, 1)), epochs=1, batch_size=2, verbose=0)
    return model
