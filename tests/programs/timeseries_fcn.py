"""Is an engine broken? Convolutions over the noise that it makes."""

import numpy as np

import minigraph as keras

PARAMETERS = 25_858  # published


def program(num_classes=2):
    input_layer = keras.layers.Input((100, 1))
    x = input_layer
    for _ in range(3):
        x = keras.layers.Conv1D(filters=64, kernel_size=3, padding="same")(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.ReLU()(x)
    gap = keras.layers.GlobalAveragePooling1D()(x)
    output_layer = keras.layers.Dense(num_classes, activation="softmax")(gap)
    model = keras.models.Model(inputs=input_layer, outputs=output_layer)
    callbacks = [
        keras.callbacks.ReduceLROnPlateau(
            monitor="val_loss", factor=0.5, patience=20, min_lr=0.0001
        ),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=50, verbose=1),
    ]
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
    )
    x = np.random.default_rng(0).standard_normal((20, 100, 1))
    y = np.arange(20) % num_classes
    model.fit(x, y, batch_size=8, epochs=1, callbacks=callbacks, validation_split=0.2, verbose=0)
    return model
