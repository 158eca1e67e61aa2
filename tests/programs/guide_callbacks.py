"""Guide to callbacks: one that stops at the least loss, one that sets the learning rate."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 785  # published


class EarlyStoppingAtMinLoss(keras.callbacks.Callback):
    def __init__(self, patience=0):
        super().__init__()
        self.patience, self.best_weights = patience, None

    def on_train_begin(self, logs=None):
        self.wait, self.stopped_epoch, self.best = 0, 0, np.inf

    def on_epoch_end(self, epoch, logs=None):
        if logs["loss"] < self.best:
            self.best, self.wait = logs["loss"], 0
            self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped_epoch, self.model.stop_training = epoch, True
            self.model.set_weights(self.best_weights)


class CustomLearningRateScheduler(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        rate = self.model.optimizer.learning_rate
        self.model.optimizer.learning_rate = 0.01 if epoch == 1 else rate


def program():
    model = keras.Sequential()
    model.add(layers.Dense(1))
    model.compile(
        optimizer=keras.optimizers.RMSprop(learning_rate=0.1),
        loss="mean_squared_error",
        metrics=["mean_absolute_error"],
    )
    random = np.random.default_rng(0)
    x, y = random.random((64, 784), "float32"), random.integers(0, 10, 64)
    own = [EarlyStoppingAtMinLoss(), CustomLearningRateScheduler()]
    model.fit(x, y, batch_size=32, epochs=2, verbose=0, callbacks=own)
    return model
