"""The settings that Keras users look for under `backend`."""

from .core.dtypes import epsilon, floatx, set_floatx
from .core.names import clear_session

__all__ = ["clear_session", "epsilon", "floatx", "set_floatx"]
