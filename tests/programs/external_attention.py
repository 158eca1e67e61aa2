"""Attention to a memory outside of the sample (EANet)."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 6_749  # Keras 3.15.1
UNSAVED = "its config cannot be read"  # its layers have no get_config


class PatchExtract(layers.Layer):
    def __init__(self, patch_size, **kwargs):
        super().__init__(**kwargs)
        self.patch_size = patch_size

    def call(self, x):
        B, C = ops.shape(x)[0], ops.shape(x)[-1]
        x = ops.image.extract_patches(x, self.patch_size)
        return ops.reshape(x, (B, -1, self.patch_size * self.patch_size * C))


class PatchEmbedding(layers.Layer):
    def __init__(self, num_patch, embed_dim, **kwargs):
        super().__init__(**kwargs)
        self.num_patch = num_patch
        self.proj = layers.Dense(embed_dim)
        self.pos_embed = layers.Embedding(input_dim=num_patch, output_dim=embed_dim)

    def call(self, patch):
        return self.proj(patch) + self.pos_embed(ops.arange(start=0, stop=self.num_patch, step=1))


def external_attention(x, dim, num_heads, dim_coefficient=4):
    _, num_patch, channel = x.shape
    num_heads = num_heads * dim_coefficient
    x = layers.Dense(dim * dim_coefficient)(x)
    x = ops.reshape(x, (-1, num_patch, num_heads, dim * dim_coefficient // num_heads))
    x = ops.transpose(x, axes=[0, 2, 1, 3])
    attn = layers.Dense(dim // dim_coefficient)(x)
    attn = layers.Softmax(axis=2)(attn)
    attn = layers.Lambda(lambda attn: ops.divide(attn, 1e-9 + ops.sum(attn, -1, keepdims=True)))(
        attn
    )
    x = layers.Dense(dim * dim_coefficient // num_heads)(layers.Dropout(0.2)(attn))
    x = ops.transpose(x, axes=[0, 2, 1, 3])
    x = ops.reshape(x, [-1, num_patch, dim * dim_coefficient])
    return layers.Dropout(0.2)(layers.Dense(dim)(x))


def program(size=16, patch=4, dim=16):
    inputs = layers.Input(shape=(size, size, 3))
    x = keras.Sequential(
        [
            layers.Normalization(mean=0.5, variance=0.1),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(factor=0.1),
            layers.RandomContrast(factor=0.1),
            layers.RandomZoom(height_factor=0.2, width_factor=0.2),
        ]
    )(inputs)
    x = PatchEmbedding((size // patch) ** 2, dim)(PatchExtract(patch)(x))
    for _ in range(2):
        residual = x
        x = layers.LayerNormalization(epsilon=1e-5)(x)
        x = layers.add([external_attention(x, dim, 2), residual])
        residual = x
        x = layers.LayerNormalization(epsilon=1e-5)(x)
        x = layers.Dropout(0.2)(layers.Dense(dim, activation="gelu")(x))
        x = layers.add([layers.Dense(dim)(x), residual])
    model = keras.Model(inputs, layers.Dense(5, "softmax")(layers.GlobalAveragePooling1D()(x)))
    model.compile(
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        optimizer=keras.optimizers.AdamW(learning_rate=1e-3, weight_decay=1e-4),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
    )
    random = np.random.default_rng(0)
    x, y = random.random((8, size, size, 3), "float32"), np.eye(5)[np.arange(8) % 5]
    model.fit(x, y, batch_size=4, epochs=1, validation_split=0.25, verbose=0)
    return model
