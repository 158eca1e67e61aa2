"""A functional model: draw, fit, evaluate, predict, save and load."""

from pathlib import Path

import numpy as np

import minigraph as keras
from minigraph import layers
from minigraph.callbacks import EarlyStopping


def main(folder: Path) -> tuple[float, np.ndarray, np.ndarray]:
    """The loss after training, and what the model predicts before and after a file."""
    random = np.random.default_rng(0)
    x = random.standard_normal((64, 8)).astype("float32")
    y = (x.sum(axis=1) > 0).astype("int64")

    inputs = keras.Input(shape=(8,), name="numbers")
    hidden = layers.Dense(16, activation="relu", kernel_initializer="he_normal", name="hidden")
    h = hidden(inputs)
    h = layers.Dropout(0.1)(h) + layers.Dense(16, use_bias=False)(inputs)
    outputs = layers.Dense(2, activation="softmax")(h)
    model = keras.Model(inputs, outputs, name="sign")
    model.summary(print_fn=lambda text: None)

    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    stop = EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
    history = model.fit(
        x, y, batch_size=16, epochs=12, validation_split=0.25, verbose=0, callbacks=[stop]
    )
    assert len(history.history["loss"]) == len(history.epoch)
    loss = model.evaluate(x, y, verbose=0, return_dict=True)["loss"]
    model.optimizer.learning_rate = 0.001

    before = model.predict(x, verbose=0)
    path = folder / "model.safetensors"
    model.save(path)
    loaded = keras.models.load_model(path)
    assert loaded.get_layer("hidden").units == 16
    return loss, before, loaded.predict(x, verbose=0)
