"""A table of numbers and categories: the columns attend to one another."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 4_757  # Keras 3.15.1


def create_mlp(hidden_units, dropout_rate, activation, normalization_layer, name=None):
    mlp_layers = []
    for units in hidden_units:
        mlp_layers.append(normalization_layer())
        mlp_layers.append(layers.Dense(units, activation=activation))
        mlp_layers.append(layers.Dropout(dropout_rate))
    return keras.Sequential(mlp_layers, name=name)


def program(sizes=(9, 16, 7), numbers=2, dim=8, blocks=2):
    names = [f"category_{k}" for k in range(len(sizes))]
    inputs = {name: layers.Input(name=name, shape=(), dtype="int32") for name in names}
    inputs |= {f"n_{k}": layers.Input(name=f"n_{k}", shape=()) for k in range(numbers)}
    columns = [
        layers.Embedding(input_dim=size, output_dim=dim)(inputs[name])
        for name, size in zip(names, sizes, strict=True)
    ]
    x = ops.stack(columns, axis=1)
    positions = layers.Embedding(input_dim=len(sizes), output_dim=dim)
    x = x + positions(ops.arange(start=0, stop=len(sizes), step=1))
    for k in range(blocks):
        attention = layers.MultiHeadAttention(
            num_heads=2, key_dim=dim, dropout=0.2, name=f"multihead_attention_{k}"
        )(x, x)
        x = layers.Add(name=f"skip_connection1_{k}")([attention, x])
        x = layers.LayerNormalization(name=f"layer_norm1_{k}", epsilon=1e-6)(x)
        feedforward = create_mlp(
            [dim],
            0.2,
            keras.activations.gelu,
            lambda: layers.LayerNormalization(epsilon=1e-6),
            name=f"MLP_{k}",
        )(x)
        x = layers.Add(name=f"skip_connection2_{k}")([feedforward, x])
        x = layers.LayerNormalization(name=f"layer_norm2_{k}", epsilon=1e-6)(x)
    numeric = [ops.expand_dims(inputs[f"n_{k}"], -1) for k in range(numbers)]
    numeric = layers.LayerNormalization(epsilon=1e-6)(layers.concatenate(numeric))
    features = layers.concatenate([layers.Flatten()(x), numeric])
    units = [factor * features.shape[-1] for factor in (2, 1)]
    features = create_mlp(
        units, 0.2, keras.activations.selu, layers.BatchNormalization, name="MLP"
    )(features)
    outputs = layers.Dense(units=1, activation="sigmoid", name="sigmoid")(features)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(
        optimizer=keras.optimizers.AdamW(learning_rate=0.001, weight_decay=0.0001),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy")],
    )
    random = np.random.default_rng(0)
    x = {name: random.integers(0, n, 12) for name, n in zip(names, sizes, strict=True)}
    x |= {f"n_{k}": random.standard_normal(12) for k in range(numbers)}
    model.fit(x, random.integers(0, 2, (12, 1)), batch_size=4, verbose=0)
    return model
