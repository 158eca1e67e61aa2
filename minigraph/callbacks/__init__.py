"""Callbacks: objects that are notified of what happens during training, and may intervene."""

from typing import TYPE_CHECKING, Any

from ..core.module_names import refuse_name
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


def __getattr__(name: str) -> Any:
    """Import the dashboard only when it is first used: it needs all of `view`."""
    if name != "Dashboard":
        refuse_name(__name__, __all__, name)
    from .dashboard import Dashboard

    return Dashboard


def __dir__() -> list[str]:
    """All public names, also those that are not imported yet."""
    return __all__
