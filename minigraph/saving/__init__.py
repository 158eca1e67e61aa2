"""Models on disk: one safe file with graph, weights, compile settings and optimizer state."""

from ..core.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from .file import FileDamaged, FileRefused
from .model import load_model, load_weights, save_model, save_weights

__all__ = [
    "CustomObjectScope",
    "FileDamaged",
    "FileRefused",
    "custom_object_scope",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
]
