"""The settings that Keras users look for under `backend`."""

from typing import TYPE_CHECKING

from .core import module_names
from .core.dtypes import epsilon, floatx, set_floatx
from .core.names import clear_session

__all__ = ["clear_session", "epsilon", "floatx", "set_floatx"]

if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
