"""A vision transformer: images are augmented, cut into patches, and encoded."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 21_755  # Keras 3.15.1 has one more: the count of Normalization


def mlp(x, hidden_units, dropout_rate):
    for units in hidden_units:
        x = layers.Dense(units, activation=keras.activations.gelu)(x)
        x = layers.Dropout(dropout_rate)(x)
    return x


class Patches(layers.Layer):
    def __init__(self, patch_size, **kwargs):
        super().__init__(**kwargs)
        self.patch_size = patch_size

    def call(self, images):
        batch, height, width, channels = ops.shape(images)
        patches = ops.image.extract_patches(images, size=self.patch_size)
        count = (height // self.patch_size) * (width // self.patch_size)
        return ops.reshape(patches, (batch, count, self.patch_size**2 * channels))

    def get_config(self):
        return {**super().get_config(), "patch_size": self.patch_size}


class PatchEncoder(layers.Layer):
    def __init__(self, num_patches, projection_dim, **kwargs):
        super().__init__(**kwargs)
        self.num_patches, self.projection_dim = num_patches, projection_dim
        self.projection = layers.Dense(units=projection_dim)
        self.position_embedding = layers.Embedding(num_patches, projection_dim)

    def call(self, patch):
        positions = ops.expand_dims(ops.arange(start=0, stop=self.num_patches, step=1), axis=0)
        return self.projection(patch) + self.position_embedding(positions)

    def get_config(self):
        own = {"num_patches": self.num_patches, "projection_dim": self.projection_dim}
        return {**super().get_config(), **own}


def program(size=24, patch=6, dim=16):
    augmentation = keras.Sequential(
        [
            layers.Normalization(),
            layers.Resizing(size, size),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(factor=0.02),
            layers.RandomZoom(height_factor=0.2, width_factor=0.2),
        ],
        name="data_augmentation",
    )
    random = np.random.default_rng(0)
    images, labels = random.random((8, 16, 16, 3), "float32"), random.integers(0, 5, (8, 1))
    augmentation.layers[0].adapt(images)
    inputs = keras.Input(shape=(16, 16, 3))
    encoded = PatchEncoder((size // patch) ** 2, dim)(Patches(patch)(augmentation(inputs)))
    for _ in range(2):
        x1 = layers.LayerNormalization(epsilon=1e-6)(encoded)
        x1 = layers.MultiHeadAttention(num_heads=4, key_dim=dim, dropout=0.1)(x1, x1)
        x2 = layers.Add()([x1, encoded])
        x3 = mlp(layers.LayerNormalization(epsilon=1e-6)(x2), [dim * 2, dim], 0.1)
        encoded = layers.Add()([x3, x2])
    x = layers.Flatten()(layers.LayerNormalization(epsilon=1e-6)(encoded))
    features = mlp(layers.Dropout(0.5)(x), [32, 16], dropout_rate=0.5)
    model = keras.Model(inputs=inputs, outputs=layers.Dense(5)(features))
    model.compile(
        optimizer=keras.optimizers.AdamW(learning_rate=0.001, weight_decay=0.0001),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseTopKCategoricalAccuracy(3, name="top-3-accuracy")],
    )
    model.fit(images, labels, batch_size=4, epochs=1, validation_split=0.25, verbose=0)
    return model
