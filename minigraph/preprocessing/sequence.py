"""Another home of `utils.pad_sequences`."""

from typing import TYPE_CHECKING

from ..core import module_names
from ..training.sequences import pad_sequences

__all__ = ["pad_sequences"]

if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
