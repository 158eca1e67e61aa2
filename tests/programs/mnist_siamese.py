"""One network for two digits, and their distance by a Lambda layer with a function of shapes."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 133_504  # Keras 3.15.1
UNSAVED = "Lambda layer .* cannot be saved"


def euclidean_distance(vects):
    x, y = vects
    sum_square = ops.sum(ops.square(x - y), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(sum_square, keras.backend.epsilon()))


def eucl_dist_output_shape(shapes):
    shape1, shape2 = shapes
    return (shape1[0], 1)


def contrastive_loss(y_true, y_pred):
    margin_square = ops.square(ops.maximum(1 - y_pred, 0))
    return ops.mean(y_true * ops.square(y_pred) + (1 - y_true) * margin_square)


def accuracy(y_true, y_pred):
    return ops.mean(ops.equal(y_true, ops.cast(y_pred < 0.5, y_true.dtype)))


def program(input_shape=(28, 28)):
    inputs = layers.Input(shape=input_shape)
    x = layers.Flatten()(inputs)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dropout(0.1)(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dropout(0.1)(x)
    base_network = keras.Model(inputs, layers.Dense(128, activation="relu")(x))
    input_a, input_b = layers.Input(shape=input_shape), layers.Input(shape=input_shape)
    distance = layers.Lambda(euclidean_distance, output_shape=eucl_dist_output_shape)(
        [base_network(input_a), base_network(input_b)]
    )
    model = keras.Model([input_a, input_b], distance)
    model.compile(loss=contrastive_loss, optimizer=keras.optimizers.RMSprop(), metrics=[accuracy])
    pairs = np.random.default_rng(0).random((12, 2, *input_shape), "float32")
    y = (np.arange(12) % 2).astype("float32")
    a, b = pairs[:, 0], pairs[:, 1]
    model.fit([a, b], y, batch_size=6, epochs=2, validation_data=([a, b], y), verbose=0)
    return model
