"""Guide to training: an image and a series in, a score and a class out, losses by name."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 219  # Keras 3.15.1


def program():
    image = keras.Input(shape=(16, 16, 3), name="img_input")
    series = keras.Input(shape=(None, 10), name="ts_input")
    x1 = layers.Conv2D(3, 3)(image)
    x1 = layers.GlobalMaxPooling2D()(x1)
    x2 = layers.Conv1D(3, 3)(series)
    x2 = layers.GlobalMaxPooling1D()(x2)
    x = layers.concatenate([x1, x2])
    score = layers.Dense(1, name="score_output")(x)
    classes = layers.Dense(5, name="class_output")(x)
    model = keras.Model(inputs=[image, series], outputs=[score, classes])
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss={
            "score_output": keras.losses.MeanSquaredError(),
            "class_output": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        metrics={
            "score_output": [
                keras.metrics.MeanAbsolutePercentageError(),
                keras.metrics.MeanAbsoluteError(),
            ],
            "class_output": [keras.metrics.CategoricalAccuracy()],
        },
        loss_weights={"score_output": 2.0, "class_output": 1.0},
    )
    random = np.random.default_rng(0)
    x = {"img_input": random.random((10, 16, 16, 3)), "ts_input": random.random((10, 20, 10))}
    y = {"score_output": random.random((10, 1)), "class_output": np.eye(5)[np.arange(10) % 5]}
    model.fit(x, y, batch_size=4, epochs=1, verbose=0)
    return model
