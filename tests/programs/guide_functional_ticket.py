"""Functional API: tickets with a title, a text and tags get a priority and a department."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 163_297  # Keras 3.15.1


def program(words=400, tags=12, departments=4):
    title = keras.Input(shape=(None,), name="title")
    body = keras.Input(shape=(None,), name="body")
    tag = keras.Input(shape=(tags,), name="tags")
    title_features = layers.LSTM(128)(layers.Embedding(words, 64)(title))
    body_features = layers.LSTM(32)(layers.Embedding(words, 64)(body))
    x = layers.concatenate([title_features, body_features, tag])
    priority = layers.Dense(1, name="priority")(x)
    department = layers.Dense(departments, name="department")(x)
    model = keras.Model(
        inputs=[title, body, tag], outputs={"priority": priority, "department": department}
    )
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss={
            "priority": keras.losses.BinaryCrossentropy(from_logits=True),
            "department": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        loss_weights={"priority": 1.0, "department": 0.2},
    )
    random = np.random.default_rng(0)
    texts = {name: random.integers(words, size=(16, n)) for name, n in (("title", 5), ("body", 9))}
    x = texts | {"tags": random.integers(2, size=(16, tags)).astype("float32")}
    y = {
        "priority": random.random((16, 1)),
        "department": np.eye(departments)[random.integers(departments, size=16)],
    }
    model.fit(x, y, epochs=2, batch_size=8, verbose=0)
    return model
