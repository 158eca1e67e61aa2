"""Callbacks: objects that are told what happens during training, and may look or step in."""

from typing import TYPE_CHECKING

from .base import (
    BackupAndRestore,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    Monitor,
    ProgbarLogger,
    ReduceLROnPlateau,
    TerminateOnNaN,
)

if TYPE_CHECKING:
    from .dashboard import Dashboard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "Dashboard",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Monitor",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]


def __getattr__(name):
    """The dashboard draws, so it is imported when it is asked for, and not before."""
    if name != "Dashboard":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .dashboard import Dashboard

    return Dashboard
