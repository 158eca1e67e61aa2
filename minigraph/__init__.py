"""minigraph: neural networks as graphs of layers, small enough to read in a weekend.

    import minigraph as keras
    from minigraph import layers

    inputs = keras.Input(shape=(64,))
    outputs = layers.Dense(10)(layers.Dense(32, activation="relu")(inputs))
    model = keras.Model(inputs, outputs)

Read the source in this order: `core/context`, `core/tree`, `core/tensor`, `ops/math`,
`graph/layer`, `graph/symbols`, `graph/plan`, `models/model`, then `training/trainer`.
"""

from typing import TYPE_CHECKING

from . import (
    activations,
    applications,
    backend,
    callbacks,
    config,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    random,
    regularizers,
    saving,
    utils,
)
from .core import tree
from .core.device import use
from .core.tensor import Tape, Tensor, Variable, op
from .gradcheck import check_gradient
from .graph.layer import Layer
from .graph.symbols import Input, SymbolicTensor
from .models import Model, Sequential

if TYPE_CHECKING:
    from . import datasets
else:

    def __getattr__(name: str) -> object:
        """Import the data sets only when they are first used."""
        if name != "datasets":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import minigraph.datasets

        return minigraph.datasets


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
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "op",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "saving",
    "tree",
    "use",
    "utils",
]


def load_ipython_extension(ipython: object) -> None:
    """Called by `%load_ext minigraph`: turns on short errors (see `utils.short_errors`)."""
    utils.short_errors()
