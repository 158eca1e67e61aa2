"""Well-known architectures, ready to be trained. No pretrained weights are included."""

from typing import TYPE_CHECKING, Literal

from . import layers
from .activations import ActivationLike
from .core import module_names
from .core.checks import check_choice
from .core.types import Shape
from .models.model import Model

__all__ = ["VGG19"]
BLOCKS = [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)]  # (convolutions, filters)


def VGG19(
    include_top: bool = True,
    weights: None = None,
    input_shape: Shape | None = None,
    pooling: Literal["avg", "max"] | None = None,
    classes: int = 1000,
    classifier_activation: ActivationLike = "softmax",
    name: str = "vgg19",
) -> Model:
    """VGG-19: sixteen 3x3 convolutions in five blocks, then three dense layers.

    It has 143,667,240 parameters.

    Shapes: (batch, 224, 224, 3) -> (batch, classes).
    Args:
        include_top: Whether the dense layers follow the blocks (default True).
        weights: Only None (default): a new model starts with random weights.
        input_shape: Height, width and channels of the pictures; None (default) means
            (224, 224, 3), or (None, None, 3) without the top.
        pooling: What follows the last block without the top: "avg" or "max" for a global pooling,
            None (default) for nothing.
        classes: The number of outputs, with the top (default 1000).
        classifier_activation: Function of the outputs, or its name, with the top (default
            "softmax").
        name: Name of the model (default "vgg19").
    Raises ValueError for any `weights` but None.
    Source: Simonyan and Zisserman (2015).
    """
    if weights is not None:
        raise ValueError(
            f"weights={weights!r}: no trained weights are shipped. Use weights=None and train, or "
            "call `load_weights` with your own file."
        )
    check_choice(pooling, (None, "avg", "max"), "pooling")
    x = inputs = layers.Input(input_shape or ((224, 224, 3) if include_top else (None, None, 3)))
    for block, (convolutions, filters) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            label = f"block{block}_conv{number}"
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=label)(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    if include_top:
        x = layers.Flatten(name="flatten")(x)
        for label in ("fc1", "fc2"):
            x = layers.Dense(4096, activation="relu", name=label)(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    elif pooling is not None:
        x = (layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D)()(x)
    return Model(inputs, x, name=name)


if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
