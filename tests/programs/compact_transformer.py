"""A compact convolutional transformer with stochastic depth."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 27_291  # Keras 3.15.1
UNSAVED = "its config cannot be read"  # its layers have no get_config


class CCTTokenizer(layers.Layer):
    def __init__(self, output_channels=(16, 32), **kwargs):
        super().__init__(**kwargs)
        self.conv_model = keras.Sequential()
        for channels in output_channels:
            self.conv_model.add(
                layers.Conv2D(
                    channels,
                    3,
                    1,
                    padding="valid",
                    use_bias=False,
                    activation="relu",
                    kernel_initializer="he_normal",
                )
            )
            self.conv_model.add(layers.ZeroPadding2D(1))
            self.conv_model.add(layers.MaxPooling2D(3, 2, "same"))

    def call(self, images):
        outputs = self.conv_model(images)
        shape = ops.shape(outputs)
        return ops.reshape(outputs, (-1, shape[1] * shape[2], shape[-1]))


class PositionEmbedding(layers.Layer):
    def __init__(self, sequence_length, initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.sequence_length = int(sequence_length)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        self.position_embeddings = self.add_weight(
            name="embeddings",
            shape=[self.sequence_length, input_shape[-1]],
            initializer=self.initializer,
            trainable=True,
        )

    def call(self, inputs, start_index=0):
        shape = ops.shape(inputs)
        embeddings = ops.convert_to_tensor(self.position_embeddings)
        embeddings = ops.slice(embeddings, (start_index, 0), (shape[-2], shape[-1]))
        return ops.broadcast_to(embeddings, shape)


class SequencePooling(layers.Layer):
    def __init__(self):
        super().__init__()
        self.attention = layers.Dense(1)

    def call(self, x):
        weights = ops.softmax(self.attention(x), axis=1)
        return ops.squeeze(ops.matmul(ops.transpose(weights, axes=(0, 2, 1)), x), axis=-2)


class StochasticDepth(layers.Layer):
    def __init__(self, drop_prop, **kwargs):
        super().__init__(**kwargs)
        self.drop_prob = drop_prop
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, x, training=None):
        if training:
            keep_prob = 1 - self.drop_prob
            shape = (ops.shape(x)[0],) + (1,) * (len(x.shape) - 1)
            mask = keep_prob + keras.random.uniform(shape, 0, 1, seed=self.seed_generator)
            return (x / keep_prob) * ops.floor(mask)
        return x


def program(size=16, dim=32, depth=2):
    inputs = layers.Input((size, size, 3))
    augmentation = keras.Sequential(
        [
            layers.Rescaling(scale=1.0 / 255),
            layers.RandomCrop(size, size),
            layers.RandomFlip("horizontal"),
        ]
    )
    encoded = CCTTokenizer()(augmentation(inputs))
    encoded += PositionEmbedding(sequence_length=encoded.shape[1])(encoded)
    for rate in np.linspace(0, 0.1, depth):
        x1 = layers.LayerNormalization(epsilon=1e-5)(encoded)
        x1 = layers.MultiHeadAttention(num_heads=2, key_dim=dim, dropout=0.1)(x1, x1)
        x2 = layers.Add()([StochasticDepth(rate)(x1), encoded])
        x3 = layers.LayerNormalization(epsilon=1e-5)(x2)
        for units in (dim, dim):
            x3 = layers.Dropout(0.1)(layers.Dense(units, activation=ops.gelu)(x3))
        encoded = layers.Add()([StochasticDepth(rate)(x3), x2])
    representation = layers.LayerNormalization(epsilon=1e-5)(encoded)
    outputs = layers.Dense(10)(SequencePooling()(representation))
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(
        optimizer=keras.optimizers.AdamW(learning_rate=0.001, weight_decay=0.0001),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=[keras.metrics.TopKCategoricalAccuracy(5, name="top-5-accuracy")],
    )
    x = np.random.default_rng(0).integers(0, 256, (8, size, size, 3)).astype("float32")
    y = keras.utils.to_categorical(np.arange(8), 10)
    model.fit(x=x, y=y, batch_size=4, epochs=1, validation_split=0.25, verbose=0)
    return model
