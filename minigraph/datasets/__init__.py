"""Well-known data sets, fetched on demand. Importing downloads nothing."""

from typing import TYPE_CHECKING

from ..core import module_names
from . import cifar10, fashion_mnist, mnist

__all__ = ["cifar10", "fashion_mnist", "mnist"]

if not TYPE_CHECKING:  # else an editor would believe that every name exists
    __getattr__ = module_names.answers(__name__, __all__)
