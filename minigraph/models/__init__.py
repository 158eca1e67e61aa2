"""Models, and the functions that make them from other models, configs and files."""

from typing import TYPE_CHECKING

from ..core import module_names
from ..saving.config import clone_model, model_from_json
from ..saving.model import load_model, save_model
from .model import Model
from .sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
