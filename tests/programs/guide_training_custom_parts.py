"""Guide to training: custom losses, metrics and layers, class weights, a data set."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 55_050  # Keras 3.15.1
WARNS = "batch_size=64 is ignored"


class CustomMSE(keras.losses.Loss):
    def __init__(self, regularization_factor=0.1, name="custom_mse"):
        super().__init__(name=name)
        self.regularization_factor = regularization_factor

    def call(self, y_true, y_pred):
        mse = ops.mean(ops.square(y_true - y_pred), axis=-1)
        reg = ops.mean(ops.square(0.5 - y_pred), axis=-1)
        return mse + reg * self.regularization_factor

    def get_config(self):
        return {"regularization_factor": self.regularization_factor, "name": self.name}


class CategoricalTruePositives(keras.metrics.Metric):
    def __init__(self, name="categorical_true_positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.true_positives = self.add_variable(shape=(), name="ctp", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        hits = ops.equal(ops.argmax(y_true, axis=1), ops.argmax(y_pred, axis=1))
        self.true_positives.assign_add(ops.sum(ops.cast(hits, "float32")))

    def result(self):
        return self.true_positives.value

    def reset_state(self):
        self.true_positives.assign(0)


class ActivityRegularizationLayer(layers.Layer):
    def call(self, inputs):
        self.add_loss(ops.sum(inputs) * 0.001)
        return inputs


class Batches(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self):
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, k):
        part = slice(k * self.batch_size, (k + 1) * self.batch_size)
        return self.x[part], self.y[part]


def program():
    inputs = keras.Input(shape=(784,), name="digits")
    x = layers.Dense(64, activation="relu", name="dense_1")(inputs)
    x = ActivityRegularizationLayer()(x)
    x = layers.Dense(64, activation="relu", name="dense_2")(x)
    model = keras.Model(inputs, layers.Dense(10, name="predictions")(x))
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 1000, 0.96, staircase=True)
    model.compile(
        optimizer=keras.optimizers.RMSprop(schedule),
        loss=CustomMSE(),
        metrics=[CategoricalTruePositives()],
    )
    random = np.random.default_rng(0)
    x, y = random.random((32, 784), "float32"), np.eye(10, dtype="float32")[np.arange(32) % 10]
    weights = {k: 1.0 + (k == 5) for k in range(10)}
    model.fit(x, y, class_weight=weights, batch_size=16, epochs=1, verbose=0)
    model.fit(Batches(x, y, 16), batch_size=64, epochs=1, verbose=0)
    return model
