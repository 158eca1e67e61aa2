"""Tiny YOLOv3: two scales of boxes, and a loss inside of a Lambda layer."""

from functools import reduce, wraps

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 8_678_554  # Keras 3.15.1, for 2 classes
UNSAVED = "Lambda layer .* cannot be saved"


@wraps(layers.Conv2D)
def DarknetConv2D(*args, **kwargs):
    options = {"kernel_regularizer": keras.regularizers.l2(5e-4)}
    options["padding"] = "valid" if kwargs.get("strides") == (2, 2) else "same"
    options.update(kwargs)
    return layers.Conv2D(*args, **options)


def compose(*funcs):
    return reduce(lambda f, g: lambda *a, **kw: g(f(*a, **kw)), funcs)


def DarknetConv2D_BN_Leaky(*args, **kwargs):
    return compose(
        DarknetConv2D(*args, use_bias=False, **kwargs),
        layers.BatchNormalization(),
        layers.LeakyReLU(negative_slope=0.1),
    )


def yolo_loss(args):
    (y1, y2), targets = args[:2], args[2:]
    parts = [
        ops.sum(ops.square(y - t), axis=(1, 2, 3)) for y, t in zip((y1, y2), targets, strict=True)
    ]
    return ops.expand_dims(parts[0] + parts[1], -1)


def program(size=64, num_anchors=3, num_classes=2):
    inputs = layers.Input(shape=(size, size, 3))
    x1 = inputs
    for filters in (16, 32, 64, 128):
        x1 = DarknetConv2D_BN_Leaky(filters, (3, 3))(x1)
        x1 = layers.MaxPooling2D(pool_size=(2, 2), strides=(2, 2), padding="same")(x1)
    x1 = DarknetConv2D_BN_Leaky(256, (3, 3))(x1)
    x2 = compose(
        layers.MaxPooling2D(pool_size=(2, 2), strides=(2, 2), padding="same"),
        DarknetConv2D_BN_Leaky(512, (3, 3)),
        layers.MaxPooling2D(pool_size=(2, 2), strides=(1, 1), padding="same"),
        DarknetConv2D_BN_Leaky(1024, (3, 3)),
        DarknetConv2D_BN_Leaky(256, (1, 1)),
    )(x1)
    filters = num_anchors * (num_classes + 5)
    y1 = compose(DarknetConv2D_BN_Leaky(512, (3, 3)), DarknetConv2D(filters, (1, 1)))(x2)
    x2 = compose(DarknetConv2D_BN_Leaky(128, (1, 1)), layers.UpSampling2D(2))(x2)
    y2 = compose(
        layers.Concatenate(), DarknetConv2D_BN_Leaky(256, (3, 3)), DarknetConv2D(filters, (1, 1))
    )([x2, x1])
    body = keras.Model(inputs, [y1, y2])

    targets = [layers.Input(shape=(size // s, size // s, filters)) for s in (32, 16)]
    loss = layers.Lambda(yolo_loss, output_shape=(1,), name="yolo_loss")([*body.output, *targets])
    model = keras.Model([body.input, *targets], loss)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        loss={"yolo_loss": lambda y_true, y_pred: y_pred},
    )
    random = np.random.default_rng(0)
    x = [random.random((2, *tensor.shape[1:]), "float32") for tensor in model.inputs]
    model.fit(x, np.zeros(2), epochs=1, batch_size=2, verbose=0)
    return model
