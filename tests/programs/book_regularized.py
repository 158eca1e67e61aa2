"""Against overfitting: layers made by partial, L2, dropout that stays on, and a largest norm."""

from functools import partial

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 89_610  # Keras 3.15.1


def program():
    RegularizedDense = partial(
        layers.Dense,
        activation="relu",
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.l2(0.01),
    )
    model = keras.Sequential(
        [
            layers.Flatten(input_shape=[28, 28]),
            RegularizedDense(100),
            layers.Dropout(rate=0.2),
            layers.Dense(100, activation="elu", kernel_constraint=keras.constraints.MaxNorm(1.0)),
            layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9, nesterov=True, clipnorm=1.0)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer)
    random = np.random.default_rng(0)
    x, y = random.random((40, 28, 28), "float32"), random.integers(0, 10, 40)
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * 0.1 ** (epoch / 20))
    model.fit(x, y, epochs=2, callbacks=[scheduler], verbose=0)
    assert np.stack([model(x, training=True) for _ in range(3)]).std(axis=0).max() > 0
    assert np.linalg.norm(model.layers[3].get_weights()[0], axis=0).max() < 1 + 1e-5
    return model
