"""A custom loss, a custom metric and a custom callback."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops
from minigraph.callbacks import Callback, LambdaCallback


class Asymmetric(keras.losses.Loss):
    """The squared error, that of predictions which are too low counted twice."""

    def __init__(self, weight: float = 2.0, name: str = "asymmetric"):
        super().__init__(name=name)
        self.weight = weight

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.where(error > 0, self.weight, 1.0) * error**2, axis=-1)


class Largest(keras.metrics.Metric):
    """The largest absolute error so far."""

    def __init__(self, name: str = "largest"):
        super().__init__(name=name)
        self.largest = self.add_weight(shape=(), initializer="zeros", name="largest")

    def update_state(self, y_true, y_pred, sample_weight=None):
        error = ops.max(ops.abs(y_true - y_pred))
        self.largest.assign(ops.maximum(self.largest, error))

    def result(self):
        return self.largest


class Halve(Callback):
    """Halve the learning rate after each epoch, and stop when the loss is small enough."""

    def __init__(self, enough: float):
        self.enough = enough
        self.rates: list[float] = []

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(self.model.optimizer.learning_rate)
        self.model.optimizer.learning_rate /= 2
        if logs["loss"] < self.enough:
            self.model.stop_training = True


def main() -> tuple[dict[str, list], list[float], list[int]]:
    """The history, the learning rates, and the epochs that a function has seen."""
    random = np.random.default_rng(1)
    x = random.standard_normal((40, 4)).astype("float32")
    y = x @ np.array([[1.0], [2.0], [0.0], [-1.0]], "float32")
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, kernel_regularizer="l2")])
    model.compile(keras.optimizers.SGD(0.2, momentum=0.5), loss=Asymmetric(), metrics=[Largest()])
    halve, seen = Halve(enough=0.0), []
    epochs = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    history = model.fit(x, y, epochs=3, verbose=0, callbacks=[halve, epochs])
    return history.history, halve.rates, seen
