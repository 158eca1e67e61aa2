"""The module in which Keras users look for `preprocessing.sequence.pad_sequences`."""

from typing import TYPE_CHECKING

from ..core import module_names
from . import sequence

__all__ = ["sequence"]

if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
