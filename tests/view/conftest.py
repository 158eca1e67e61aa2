"""Models that show what a picture must be able to show."""

import numpy as np
import pytest

from minigraph import Input, layers, losses, ops
from minigraph.models import Model


@pytest.fixture
def chain():
    """The first model of every guide: 784 - 64 - 64 - 10."""
    image = Input((784,), name="img")
    x = layers.Dense(64, activation="relu", name="dense")(image)
    x = layers.Dense(64, activation="relu", name="dense_1")(x)
    return Model(image, layers.Dense(10, name="dense_2")(x), name="mnist_model")


@pytest.fixture
def branched():
    """Two inputs, one shared layer, a residual connection, dropout and two outputs."""
    left, right = Input((6,), name="left"), Input((6,), name="right")
    shared = layers.Dense(5, activation="tanh", name="shared")
    a, b = shared(left), shared(right)
    joined = layers.Concatenate(name="joined")([a, b])
    mixed = layers.Dense(5, name="mixed")(joined)
    total = layers.Add(name="total")([mixed, a])
    quiet = layers.Dropout(0.5, name="quiet")(total)
    first = layers.Dense(3, activation="softmax", name="first")(quiet)
    second = layers.Dense(1, name="second")(quiet)
    return Model([left, right], [first, second], name="branched")


@pytest.fixture
def batch():
    """Inputs and targets for `branched`: 7 samples."""
    generator = np.random.default_rng(3)
    x = [generator.normal(size=(7, 6)).astype("float32") for _ in range(2)]
    y = [np.arange(7) % 3, generator.normal(size=(7, 1)).astype("float32")]
    return x, y


@pytest.fixture
def branched_loss():
    """A loss over both outputs of `branched`, out of library functions."""
    pass

    def loss(y_true, y_pred):
        classes = losses.sparse_categorical_crossentropy(y_true[0], y_pred[0])
        values = losses.mean_squared_error(y_true[1], y_pred[1])
        return ops.mean(classes) + 0.5 * ops.mean(values)

    return loss
