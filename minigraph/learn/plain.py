"""Helpers that inspect the reader's model, and Dense layers in plain NumPy to compare it with."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import tree
from ..layers.core import Dense
from ..models.model import Model
from .checking import NotYet, describe

ENOUGH: dict[str, Any] = {
    "rtol": 1e-3,
    "atol": 1e-4,
}  # float32 sums in any order, on any processor


def require_graph(model: Any) -> None:
    """Raise NotYet unless the answer is a model whose graph has one Input and one output."""
    if not isinstance(model, Model):
        raise NotYet(
            f"`model` is {describe(model)}. The last step is missing: `Model(inputs, outputs)` "
            "makes a model from the two ends of your drawing."
        )
    if model.plan is None:
        raise NotYet("Your model has no Input yet, so it cannot know its shapes. Begin with one.")
    ends = len(model.inputs), len(model.outputs)
    if ends != (1, 1):
        raise NotYet(
            f"Your model has inputs: {ends[0]}, outputs: {ends[1]}. This one needs one of each."
        )


def dense_layers(model: Any) -> list[Dense]:
    """The Dense layers of a model, in reading order."""
    return [layer for layer in model.layers if isinstance(layer, Dense)]


def outputs_of(model: Any, x: np.ndarray) -> np.ndarray:
    """Return the output of a model that has one, as an array."""
    return tree.flatten(model(x))[0].numpy()


def dense(layer: Dense, x: np.ndarray, activation: str) -> np.ndarray:
    """Return the output of a Dense layer with this activation: activation(x @ kernel + bias)."""
    kernel, *bias = layer.get_weights()
    return ACTIVATIONS[activation](x @ kernel + sum(bias))


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
    "sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
    "tanh": np.tanh,
    "softmax": softmax,
}
