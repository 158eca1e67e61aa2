"""Residual networks for small pictures, both versions, with a schedule by callbacks."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 274_442, 849_002  # published


def resnet_layer(
    x,
    num_filters=16,
    kernel_size=3,
    strides=1,
    activation="relu",
    batch_normalization=True,
    conv_first=True,
):
    conv = layers.Conv2D(
        num_filters,
        kernel_size=kernel_size,
        strides=strides,
        padding="same",
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.l2(1e-4),
    )
    x = conv(x) if conv_first else x
    x = layers.BatchNormalization()(x) if batch_normalization else x
    x = layers.Activation(activation)(x) if activation is not None else x
    return x if conv_first else conv(x)


def resnet_v1(input_shape, depth, num_classes=10):
    inputs, num_filters = layers.Input(shape=input_shape), 16
    x = resnet_layer(inputs)
    for stack in range(3):
        for k in range((depth - 2) // 6):
            strides = 2 if stack > 0 and k == 0 else 1
            y = resnet_layer(x, num_filters, strides=strides)
            y = resnet_layer(y, num_filters, activation=None)
            if strides == 2:
                x = resnet_layer(
                    x, num_filters, 1, strides, activation=None, batch_normalization=False
                )
            x = layers.Activation("relu")(layers.add([x, y]))
        num_filters *= 2
    y = layers.Flatten()(layers.AveragePooling2D(pool_size=input_shape[0] // 4)(x))
    outputs = layers.Dense(num_classes, "softmax", kernel_initializer="he_normal")(y)
    return keras.Model(inputs=inputs, outputs=outputs)


def resnet_v2(input_shape, depth, num_classes=10):
    inputs, filters_in = layers.Input(shape=input_shape), 16
    x = resnet_layer(inputs, filters_in)
    for stage in range(3):
        filters_out = filters_in * (4 if stage == 0 else 2)
        for k in range((depth - 2) // 9):
            first = {"activation": None, "batch_normalization": False} if stage == k == 0 else {}
            strides = 2 if stage > 0 and k == 0 else 1
            y = resnet_layer(x, filters_in, 1, strides, conv_first=False, **first)
            y = resnet_layer(y, filters_in, conv_first=False)
            y = resnet_layer(y, filters_out, 1, conv_first=False)
            if k == 0:
                x = resnet_layer(
                    x, filters_out, 1, strides, activation=None, batch_normalization=False
                )
            x = layers.add([x, y])
        filters_in = filters_out
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    y = layers.Flatten()(layers.AveragePooling2D(pool_size=input_shape[0] // 4)(x))
    outputs = layers.Dense(num_classes, "softmax", kernel_initializer="he_normal")(y)
    return keras.Model(inputs=inputs, outputs=outputs)


def program(size=16):
    random, models = np.random.default_rng(0), []
    x, y = random.random((4, size, size, 3), "float32"), np.eye(10)[:4]
    for build, depth in ((resnet_v1, 20), (resnet_v2, 29)):
        model = build((size, size, 3), depth)
        model.compile(
            loss="categorical_crossentropy",
            optimizer=keras.optimizers.Adam(learning_rate=1e-3),
            metrics=["accuracy"],
        )
        callbacks = [
            keras.callbacks.ReduceLROnPlateau(factor=np.sqrt(0.1), cooldown=0, patience=5),
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=9),
        ]
        model.fit(x, y, validation_data=(x, y), callbacks=callbacks, verbose=0)
        models.append(model)
    return tuple(models)
