"""Guide to subclassing: layers that make their weights late, stay fixed, or know their phase."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 6_322  # Keras 3.15.1


class Linear(layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class ComputeSum(layers.Layer):
    def build(self, input_shape):
        self.total = self.add_weight(initializer="zeros", shape=(input_shape[-1],), trainable=False)

    def call(self, inputs, training=False):
        if training:
            self.total.assign(self.total + ops.sum(inputs, axis=0))
        return inputs + 0 * self.total


def program():
    inputs = keras.Input((64,))
    x = ops.relu(Linear(64)(inputs))
    x = ops.relu(Linear(32)(x))
    x = ComputeSum()(Linear(1, name="logit")(x))
    outputs = layers.Dense(16, kernel_regularizer=keras.regularizers.l2(1e-3))(x)
    model = keras.Model(inputs, layers.Dense(1, use_bias=False)(outputs))
    model.compile(optimizer="adam", loss="mse")
    x = np.random.default_rng(0).random((16, 64), "float32")
    model.fit(x, x[:, 0], epochs=2, verbose=0)
    return model
