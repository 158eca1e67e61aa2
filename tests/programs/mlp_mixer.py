"""Images without attention: a mixer of patches and channels."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 4_076  # Keras 3.15.1


class MLPMixerLayer(layers.Layer):
    def __init__(self, num_patches, hidden_units, dropout_rate, **kwargs):
        super().__init__(**kwargs)
        self.num_patches, self.hidden_units = num_patches, hidden_units
        self.dropout_rate = dropout_rate
        self.mlp1 = keras.Sequential(
            [
                layers.Dense(units=num_patches, activation="gelu"),
                layers.Dense(units=num_patches),
                layers.Dropout(rate=dropout_rate),
            ]
        )
        self.mlp2 = keras.Sequential(
            [
                layers.Dense(units=num_patches, activation="gelu"),
                layers.Dense(units=hidden_units),
                layers.Dropout(rate=dropout_rate),
            ]
        )
        self.normalize = layers.LayerNormalization(epsilon=1e-6)

    def build(self, input_shape):
        return super().build(input_shape)

    def call(self, inputs):
        channels = ops.transpose(self.normalize(inputs), axes=(0, 2, 1))
        x = ops.transpose(self.mlp1(channels), axes=(0, 2, 1)) + inputs
        return x + self.mlp2(self.normalize(x))

    def get_config(self):
        own = {name: getattr(self, name) for name in ("num_patches", "hidden_units")}
        return {**super().get_config(), **own, "dropout_rate": self.dropout_rate}


def program(patch=4, dim=24, blocks=2):
    inputs = layers.Input(shape=(16, 16, 3))
    x = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomZoom(0.2, 0.2)])(inputs)
    x = ops.image.extract_patches(x, patch)
    x = layers.Reshape((16, patch * patch * 3))(x)
    x = layers.Dense(units=dim)(x)
    x = keras.Sequential([MLPMixerLayer(16, dim, 0.2) for _ in range(blocks)])(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(rate=0.2)(x)
    model = keras.Model(inputs=inputs, outputs=layers.Dense(4)(x))
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.005),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
    )
    random = np.random.default_rng(0)
    x, y = random.random((8, 16, 16, 3), "float32"), random.integers(0, 4, 8)
    reduce_lr = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=5)
    model.fit(x, y, batch_size=4, validation_split=0.25, callbacks=[reduce_lr], verbose=0)
    return model
