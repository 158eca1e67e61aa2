"""minigraph: neural networks as graphs of layers, small enough to read in a weekend.

    import minigraph as keras
    from minigraph import layers

    inputs = keras.Input(shape=(64,))
    outputs = layers.Dense(10)(layers.Dense(32, activation="relu")(inputs))
    model = keras.Model(inputs, outputs)

Read the source in this order: `tensor`, `ops/basic`, `layer`, `graph`, `models`, then `training`.
"""

from . import (
    activations,
    applications,
    backend,
    callbacks,
    config,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    regularizers,
    saving,
    utils,
)
from .backend import use
from .gradcheck import check_gradient
from .graph import Input, SymbolicTensor
from .layer import Layer
from .models import Model, Sequential
from .tensor import Tape, Tensor, Variable, op

KerasTensor = SymbolicTensor
__version__ = "0.1.0"

__all__ = [
    "Input",
    "KerasTensor",
    "Layer",
    "Model",
    "Sequential",
    "SymbolicTensor",
    "Tape",
    "Tensor",
    "Variable",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "check_gradient",
    "config",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "op",
    "ops",
    "optimizers",
    "regularizers",
    "saving",
    "use",
    "utils",
]
