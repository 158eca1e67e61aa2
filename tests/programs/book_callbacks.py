"""A chapter on training: checkpoints, an early stop, a metric and a callback of one's own."""

import tempfile
from pathlib import Path

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 407_050  # published


class RootMeanSquaredError(keras.metrics.Metric):
    def __init__(self, name="rmse", **kwargs):
        super().__init__(name=name, **kwargs)
        self.mse_sum = self.add_weight(name="mse_sum", initializer="zeros")
        self.total_samples = self.add_weight(name="total_samples", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.one_hot(y_true, ops.shape(y_pred)[1])
        self.mse_sum.assign_add(ops.sum(ops.square(y_true - y_pred)))
        self.total_samples.assign_add(ops.cast(ops.shape(y_pred)[0], "float32"))

    def result(self):
        return ops.sqrt(self.mse_sum / self.total_samples)

    def reset_state(self):
        self.mse_sum.assign(0.0)
        self.total_samples.assign(0.0)


class LossHistory(keras.callbacks.Callback):
    def on_train_begin(self, logs):
        self.per_batch_losses = []

    def on_batch_end(self, batch, logs):
        self.per_batch_losses.append(logs.get("loss"))


def program():
    inputs = keras.Input(shape=(28 * 28,))
    features = layers.Dense(512, activation="relu")(inputs)
    features = layers.Dropout(0.5)(features)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(features))
    random, losses = np.random.default_rng(0), LossHistory()
    x, y = random.random((40, 784), "float32"), random.integers(0, 10, 40)
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer="rmsprop", loss=loss, metrics=["accuracy", RootMeanSquaredError()])
    model.fit(x, y, epochs=1, callbacks=[losses], validation_data=(x, y), verbose=0)
    assert np.isfinite(losses.per_batch_losses).all()

    model.compile(optimizer="rmsprop", loss=loss, metrics=["accuracy"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint_path.keras"
        callbacks = [
            keras.callbacks.EarlyStopping(monitor="accuracy", patience=1),
            keras.callbacks.ModelCheckpoint(
                filepath=str(path), monitor="val_loss", save_best_only=True
            ),
        ]
        model.fit(x, y, epochs=2, callbacks=callbacks, validation_data=(x, y), verbose=0)
        assert keras.models.load_model(path).count_params() == PARAMETERS
    return model
