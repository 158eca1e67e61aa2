"""A label for a bag of images: gated attention over the instances of the bag."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 142_146  # Keras 3.15.1


class MILAttentionLayer(layers.Layer):
    def __init__(self, weight_params_dim, kernel_regularizer=None, use_gated=False, **kwargs):
        super().__init__(**kwargs)
        self.weight_params_dim, self.use_gated = weight_params_dim, use_gated
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape):
        options = {"initializer": "glorot_uniform", "regularizer": self.kernel_regularizer}
        size, dim = input_shape[0][1], self.weight_params_dim
        self.v_weight_params = self.add_weight(shape=(size, dim), name="v", **options)
        self.w_weight_params = self.add_weight(shape=(dim, 1), name="w", **options)
        if self.use_gated:
            self.u_weight_params = self.add_weight(shape=(size, dim), name="u", **options)

    def call(self, inputs):
        scores = ops.stack([self.compute_attention_scores(instance) for instance in inputs])
        alpha = ops.softmax(scores, axis=0)
        return [alpha[k] for k in range(len(inputs))]

    def compute_attention_scores(self, instance):
        scores = ops.tanh(ops.tensordot(instance, self.v_weight_params, axes=1))
        if self.use_gated:
            gate = ops.tensordot(instance, self.u_weight_params, axes=1)
            scores = scores * ops.sigmoid(gate)
        return ops.tensordot(scores, self.w_weight_params, axes=1)

    def get_config(self):
        own = {"weight_params_dim": self.weight_params_dim, "use_gated": self.use_gated}
        regularizer = keras.regularizers.serialize(self.kernel_regularizer)
        return {**super().get_config(), **own, "kernel_regularizer": regularizer}


def program(bag=3):
    inputs, embeddings = [], []
    dense_1 = layers.Dense(128, activation="relu")
    dense_2 = layers.Dense(64, activation="relu")
    for _ in range(bag):
        inputs.append(layers.Input((28, 28)))
        embeddings.append(dense_2(dense_1(layers.Flatten()(inputs[-1]))))
    alpha = MILAttentionLayer(
        weight_params_dim=256,
        kernel_regularizer=keras.regularizers.L2(0.01),
        use_gated=True,
        name="alpha",
    )(embeddings)
    weighted = [layers.multiply([alpha[k], embeddings[k]]) for k in range(bag)]
    outputs = layers.Dense(2, activation="softmax")(layers.concatenate(weighted, axis=1))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    random = np.random.default_rng(0)
    x, y = list(random.random((bag, 10, 28, 28), "float32")), np.arange(10) % 2
    model.fit(x, y, batch_size=1, class_weight={0: 0.7, 1: 1.6}, epochs=1, verbose=0)
    return model
