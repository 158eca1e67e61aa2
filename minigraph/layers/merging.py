"""Layers that make one tensor out of several."""

from functools import reduce

from .. import registry
from ..backend import array_module
from ..layer import Layer, combine_masks
from ..ops import basic


class Merge(Layer):
    """The base of layers that take a list of at least two tensors.

    A subclass combines two of them; shapes broadcast as in NumPy, without the batch axis.
    """

    supports_masking = True

    def build(self, input_shape):
        shapes = input_shape if isinstance(input_shape, (list, tuple)) else [input_shape]
        if len(shapes) < 2 or not all(isinstance(shape, tuple) for shape in shapes):
            raise ValueError(
                f"layer {self.name!r} ({type(self).__name__}) merges a list of at least 2 tensors, "
                f"but it was called on one of shape {input_shape}"
            )

    def call(self, inputs):
        rank = max(x.ndim for x in inputs)
        return reduce(self.merge, [align(x, rank) for x in inputs])

    def merge(self, a, b):
        """Two tensors of equal rank become one."""
        raise NotImplementedError(f"{type(self).__name__} must define merge(self, a, b)")

    def compute_mask(self, inputs, mask=None):
        """A step counts if it counts in every input."""
        return combine_masks(mask)


def align(x, rank):
    """Axes of size 1 behind the batch, so that all inputs have the same rank."""
    missing = rank - x.ndim
    return basic.reshape(x, (x.shape[0], *[1] * missing, *x.shape[1:])) if missing else x


@registry.register
class Add(Merge):
    """The sum of the inputs: y = a + b + ..."""

    def merge(self, a, b):
        try:
            return basic.add(a, b)
        except ValueError:
            raise ValueError(
                f"shapes {a.shape} and {b.shape} cannot be added: sizes must be equal, or 1, in "
                "every axis. A Dense layer on one of them can bring both to the same width."
            ) from None


@registry.register
class Concatenate(Merge):
    """The inputs side by side along `axis` (the last unless told otherwise)."""

    def __init__(self, axis=-1, **options):
        super().__init__(**options)
        self.axis = axis

    def call(self, inputs):
        return basic.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs, mask=None):
        """Joined in time, if that is the axis; else a step counts if it counts in every input."""
        if mask is None or self.axis % inputs[0].ndim != 1:
            return combine_masks(mask)
        xp = array_module(inputs[0].value)
        pairs = zip(inputs, mask, strict=True)
        return xp.concatenate([xp.ones(x.shape[:2], bool) if m is None else m for x, m in pairs], 1)


def add(inputs, **options):
    """`Add(**options)(inputs)`: the sum of a list of tensors."""
    return Add(**options)(inputs)


def concatenate(inputs, axis=-1, **options):
    """`Concatenate(axis, **options)(inputs)`: a list of tensors side by side."""
    return Concatenate(axis, **options)(inputs)
