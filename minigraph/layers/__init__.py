"""The layers: functions that own variables."""

from ..graph import Input, InputLayer
from ..layer import InputSpec, Layer
from .core import Activation, Dense
from .merging import Add, Concatenate, add, concatenate
from .regularization import Dropout
from .reshaping import Flatten, Reshape

__all__ = [
    "Activation",
    "Add",
    "Concatenate",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "Reshape",
    "add",
    "concatenate",
]
