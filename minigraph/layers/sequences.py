"""Layers at the start of a sequence model: Embedding and Masking."""

from typing import Any, Unpack

from .. import ops
from ..core.checks import check_numbers, check_positive
from ..core.device import array_module, host_copies
from ..core.errors import OutOfBounds
from ..core.tensor import Variable
from ..core.types import Shape, Structure, TensorLike
from ..graph.layer import Layer, LayerOptions
from ..graph.masks import combine_masks
from ..ops.arrays import check_indices
from .options import EmbeddingOptions


class Embedding(Layer):
    """A table with a learned vector for each integer index, such as the index of a word.

        y[b, t] = embeddings[x[b, t]]

    Shapes: (batch, ...) integers from 0 to input_dim - 1 -> (batch, ..., output_dim);
    embeddings (input_dim, output_dim).
    Args:
        input_dim: Number of rows of the table, a positive integer.
        output_dim: Length of each vector, a positive integer.
        mask_zero: Whether the index 0 means padding, so that such steps are masked (default False).
    Raises ValueError if a size is not a positive integer, and ValueError (and IndexError), naming
    the range, for an index outside the table.
    Source: Bengio et al. (2003).
    Example:
        >>> table = np.array([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]])
        >>> layer = keras.layers.Embedding(3, 2, embeddings_initializer=lambda shape, dtype: table)
        >>> layer(np.array([[2, 1]])).numpy().tolist()
        [[[2.0, 20.0], [1.0, 10.0]]]
    """

    weight_defaults: dict[str, Any] = {"embeddings": "uniform"}
    casts_inputs = False

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        mask_zero: bool = False,
        **options: Unpack[EmbeddingOptions],
    ):
        super().__init__(**options)
        self.input_dim: int = check_positive(input_dim, "input_dim")
        self.output_dim: int = check_positive(output_dim, "output_dim")
        self.mask_zero = mask_zero

    def build(self, input_shape: Shape) -> None:
        shape = self.input_dim, self.output_dim
        self.embeddings: Variable = self.add_weight(shape, name="embeddings")

    def call(self, inputs: TensorLike) -> Any:
        try:
            indices = check_indices(inputs.value, self.input_dim, least=0)
        except OutOfBounds as error:
            raise OutOfBounds(
                f"layer {self.name!r} has a table of input_dim={self.input_dim} rows: {error}"
            ) from None
        if inputs.value.dtype.kind == "f" and not any(
            (found % 1 == 0).all() for found in host_copies(inputs.value)
        ):
            raise ValueError(f"layer {self.name!r} takes integers, got numbers with a fraction")
        return ops.take(self.embeddings, indices, axis=0)

    def compute_mask(self, inputs: TensorLike, mask: Structure = None) -> Any:
        return combine_masks([mask, inputs.value != 0]) if self.mask_zero else mask


class Masking(Layer):
    """Mask the steps in which all features equal `mask_value`, and set them to 0.

        y[t] = x[t] if any(x[t] != mask_value), else 0

    Shapes: (batch, time, features) -> the same; the mask is (batch, time).
    Args:
        mask_value: Number that fills the steps that do not count (default 0.0).
    Raises ValueError for a `mask_value` that is not a number.
    Example:
        >>> layer = keras.layers.Masking(mask_value=9)
        >>> y = layer(np.array([[[1.0, 9.0], [9.0, 9.0]]]))
        >>> print(y.numpy().tolist(), y.mask.tolist())
        [[[1.0, 9.0], [0.0, 0.0]]] [[True, False]]
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        check_numbers(mask_value=mask_value)
        self.mask_value = mask_value

    def call(self, inputs: TensorLike) -> Any:
        return ops.multiply(inputs, self.compute_mask(inputs)[..., None])

    def compute_mask(self, inputs: TensorLike, mask: Structure = None) -> Any:
        real = array_module(inputs.value).any(inputs.value != self.mask_value, axis=-1)
        return combine_masks([mask, real])
