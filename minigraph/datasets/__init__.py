"""Well-known data sets, fetched on demand. Importing downloads nothing."""

from . import cifar10, mnist

__all__ = ["cifar10", "mnist"]
