"""A custom layer, and a custom model that says what a training step does."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops


class Scale(layers.Layer):
    """y = factor * x, with a factor for each feature that is learned."""

    def __init__(self, start: float = 1.0, **options):
        super().__init__(**options)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight(
            shape=(input_shape[-1],), initializer=keras.initializers.Constant(self.start)
        )

    def call(self, inputs, training=None):
        return inputs * self.factor

    def get_config(self):
        return super().get_config() | {"start": self.start}


class Regression(keras.Model):
    """A line through points, with a step written out."""

    def __init__(self):
        super().__init__(name="regression")
        self.scale = Scale(2.0, name="scale")
        self.line = layers.Dense(1)
        self.steps = 0

    def call(self, inputs):
        return self.line(self.scale(inputs))

    def train_step(self, data):
        x, y = data
        with keras.Tape() as tape:
            predicted = self(x, training=True)
            loss = ops.mean(ops.square(predicted - y))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        self.steps += 1
        return {"loss": loss}


def main() -> tuple[list[float], int]:
    """The losses of the epochs, and how many steps were made."""
    x = np.linspace(-1, 1, 32, dtype="float32").reshape(32, 1)
    y = 3 * x + 1
    model = Regression()
    model.compile(optimizer="adam")
    model.optimizer.learning_rate = 0.1
    history = model.fit(x, y, batch_size=8, epochs=15, verbose=0)
    copy = Scale.from_config(model.scale.get_config())
    assert copy.start == 2.0 and model.count_params() == 3
    return history.history["loss"], model.steps
