"""Well-known data sets, fetched when they are asked for. Nothing is downloaded by an import."""

from . import cifar10, mnist

__all__ = ["cifar10", "mnist"]
