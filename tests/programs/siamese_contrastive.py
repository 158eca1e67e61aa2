"""Are two digits the same? One embedding, called twice, and a contrastive loss."""

import numpy as np

import minigraph as keras
from minigraph import ops

PARAMETERS = 5_324  # Keras 3.15.1
UNSAVED = "Lambda layer .* cannot be saved"


def euclidean_distance(vects):
    x, y = vects
    total = ops.sum(ops.square(x - y), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(total, keras.backend.epsilon()))


def contrastive(margin=1):
    def contrastive_loss(y_true, y_pred):
        square_pred = ops.square(y_pred)
        margin_square = ops.square(ops.maximum(margin - y_pred, 0))
        return ops.mean((1 - y_true) * square_pred + y_true * margin_square)

    return contrastive_loss


def program():
    inputs = keras.layers.Input((28, 28, 1))
    x = keras.layers.BatchNormalization()(inputs)
    x = keras.layers.Conv2D(4, (5, 5), activation="tanh")(x)
    x = keras.layers.AveragePooling2D(pool_size=(2, 2))(x)
    x = keras.layers.Conv2D(16, (5, 5), activation="tanh")(x)
    x = keras.layers.AveragePooling2D(pool_size=(2, 2))(x)
    x = keras.layers.BatchNormalization()(keras.layers.Flatten()(x))
    embedding = keras.Model(inputs, keras.layers.Dense(10, activation="tanh")(x))

    first, second = keras.layers.Input((28, 28, 1)), keras.layers.Input((28, 28, 1))
    merge = keras.layers.Lambda(euclidean_distance, output_shape=(1,))(
        [embedding(first), embedding(second)]
    )
    normal = keras.layers.BatchNormalization()(merge)
    outputs = keras.layers.Dense(1, activation="sigmoid")(normal)
    siamese = keras.Model(inputs=[first, second], outputs=outputs)
    siamese.compile(loss=contrastive(margin=1), optimizer="RMSprop", metrics=["accuracy"])
    random = np.random.default_rng(0)
    a, b = random.random((2, 12, 28, 28), "float32")  # no axis of channels, as in the example
    siamese.fit([a, b], np.arange(12.0) % 2, batch_size=4, epochs=1, verbose=0)
    return siamese
