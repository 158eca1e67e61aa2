"""Settings that hold for the whole process."""

from .backend import clear_session, epsilon, floatx, set_floatx

__all__ = ["clear_session", "epsilon", "floatx", "set_floatx"]
