"""Attention: each step of one sequence attends to all steps of another."""

import math
from collections.abc import Sequence
from typing import Any, Unpack

from .. import ops
from ..core import tree
from ..core.checks import check_positive
from ..core.device import array_module
from ..core.tensor import Variable, as_array
from ..core.types import Array, Shape, Structure, TensorLike
from ..graph.input_spec import InputSpec
from ..graph.layer import Layer
from ..graph.masks import check_mask, combine_masks
from ..ops import nn
from .core import check_known
from .options import KernelOptions
from .regularization import Dropout


class Heads(Layer):
    """A dense layer whose kernel has an axis for the heads of attention.

    Into heads: (batch, time, inputs) -> (batch, time, heads, width). Out of them, with
    `out=True`: (batch, time, heads, width) -> (batch, time, outputs).

    Args:
        shape: Last axes of the output: (heads, width), or (outputs,) with `out`.
        use_bias: Whether a bias is added (default True).
        out: Whether the layer leads out of the heads (default False).
    """

    weight_defaults: dict[str, Any] = {"kernel": "glorot_uniform", "bias": "zeros"}

    def __init__(
        self,
        shape: Sequence[int],
        use_bias: bool = True,
        out: bool = False,
        **options: Unpack[KernelOptions],
    ):
        super().__init__(**options)
        self.shape: tuple[int, ...] = tuple(shape)
        self.use_bias = use_bias
        self.out = out
        self.input_spec: Structure = InputSpec(ndim=4 if out else 3)

    def build(self, input_shape: Shape) -> None:
        input_axes = input_shape[2:] if self.out else (check_known(input_shape[-1], self),)
        self.kernel: Variable = self.add_weight((*input_axes, *self.shape), name="kernel")
        self.bias: Variable | None = None
        if self.use_bias:
            self.bias = self.add_weight(self.shape, name="bias")

    def call(self, inputs: TensorLike) -> Any:
        width, bias = math.prod(self.shape), self.bias
        bias = None if bias is None else ops.reshape(bias, (width,))
        kernel = ops.reshape(self.kernel, (self.kernel.size // width, width))
        flat = ops.reshape(inputs, (*inputs.shape[:2], math.prod(inputs.shape[2:])))
        y = nn.dense(flat, kernel, bias)
        return ops.reshape(y, (*inputs.shape[:2], *self.shape))


class MultiHeadAttention(Layer):
    """Multi-head attention: several heads attend to a sequence, and a dense layer combines them.

        q, k, v = query @ Wq + bq, key @ Wk + bk, value @ Wv + bv    for each head
        scores = softmax(q @ k^T / sqrt(key_dim))
        y = sum over the heads of (scores @ v) @ Wo + bo

    By default the query attends to itself.

    Shapes: query (batch, T, d), value and key (batch, S, d') -> (batch, T, output_shape), d wide
    by default; with `return_attention_scores` also the scores (batch, heads, T, S).
    Kernels of query, key and value are (inputs, heads, width), biases (heads, width), the last
    kernel is (heads, value_dim, outputs).
    Args:
        num_heads: Number of heads, a positive integer.
        key_dim: Width of the queries and keys of each head, a positive integer.
        value_dim: Width of the values of each head; None (default) means `key_dim`.
        dropout: Probability from 0 to 1 with which, in training, a score is dropped (default 0.0).
        use_bias: Whether the four dense layers add a bias (default True).
        output_shape: Size of the last axis of the output, or the sizes of several last axes; None
            (default) means that of the query.
        seed: Integer that makes dropout repeatable; None (default) follows
            `utils.set_random_seed`.
        <weight>_initializer: Initial value of `<weight>` in each of the four dense layers: an
            initializer, its name or a function of (shape, dtype) (default <default>).
        <weight>_regularizer: Penalty on `<weight>` in each of the four dense layers, added to the
            loss: a regularizer, its name or a function (default <default>).
        <weight>_constraint: Rule that `<weight>` in each of the four dense layers keeps after each
            step of the optimizer: a constraint, its name or a function (default <default>).
    Raises ValueError for sizes that are not positive integers, or a `dropout` outside [0, 1].
    Source: Vaswani et al. (2017).
    Example:
        >>> layer = keras.layers.MultiHeadAttention(1, key_dim=1, kernel_initializer="ones")
        >>> query, value = np.zeros((1, 1, 1)), np.array([[[2.0], [4.0]]])
        >>> y, scores = layer(query, value, return_attention_scores=True)
        >>> print(scores.numpy().ravel(), y.numpy().ravel())  # equal scores: y is the mean
        [0.5 0.5] [3.]
    """

    weight_defaults: dict[str, Any] = Heads.weight_defaults
    supports_masking = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        seed: int | None = None,
        **options: Unpack[KernelOptions],
    ):
        super().__init__(**options)
        self.num_heads: int = check_positive(num_heads, "num_heads")
        self.key_dim: int = check_positive(key_dim, "key_dim")
        self.value_dim: int | None = None
        if value_dim is not None:
            self.value_dim = check_positive(value_dim, "value_dim")
        self.dropout = dropout
        self.use_bias = use_bias
        self.seed = seed
        self.output_shape = output_shape
        for size in tree.flatten([] if output_shape is None else output_shape):
            check_positive(size, "output_shape")
        widths = {"query": key_dim, "key": key_dim, "value": self.value_dim or key_dim}
        self.heads: list[Heads] = [
            self.make_heads((num_heads, width), name) for name, width in widths.items()
        ]
        self.dropper: Dropout = Dropout(dropout, seed=seed, name="dropout", dtype=self.dtype)

    def make_heads(self, shape: Sequence[int], name: str, **more: Any) -> Heads:
        """A dense layer into heads or out of them, with the settings of this layer.

        Args:
            shape: Last axes of its output.
            name: Its name.
            **more: Further arguments of `Heads`.
        """
        settings = {name: getattr(self, name) for name in self.option_defaults}
        return Heads(shape, self.use_bias, name=name, dtype=self.dtype, **settings, **more)

    def build(self, input_shape: Shape) -> None:
        width = self.output_shape or check_known(input_shape[-1], self)
        self.joined: Heads = self.make_heads(tree.flatten(width), "attention_output", out=True)

    def call(
        self,
        query: TensorLike,
        value: TensorLike = None,
        key: TensorLike = None,
        query_mask: Array = None,
        value_mask: Array = None,
        key_mask: Array = None,
        attention_mask: Array = None,
        return_attention_scores: bool = False,
        training: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Attend; return the outputs, perhaps with the scores.

        Args:
            query: Tensor (batch, T, d), the steps that attend.
            value: Tensor (batch, S, d'), the steps to which they attend; None (default) means the
                query.
            key: Tensor (batch, S, d''), with which the queries are compared; None (default) means
                the value.
            query_mask: Boolean array (batch, T), True where a step counts; None (default) means the
                mask attached to the query.
            value_mask: Likewise for the value, (batch, S) (default None).
            key_mask: Likewise for the key, (batch, S) (default None).
            attention_mask: Boolean array (batch, T, S), True where a step of the query may attend
                to one of the value; None (default) allows all.
            return_attention_scores: Whether the scores are returned, too (default False).
            use_causal_mask: Whether a step attends only to itself and to earlier ones (default
                False).
        """
        value = query if value is None else value
        key = value if key is None else key
        q, k, v = (
            ops.transpose(heads(x), (0, 2, 1, 3))  # (batch, heads, time, width)
            for heads, x in zip(self.heads, (query, key, value), strict=True)
        )
        scores = q @ ops.transpose(k, (0, 1, 3, 2)) * (1 / math.sqrt(self.key_dim))
        given = (query, query_mask), (value, value_mask), (key, key_mask)
        masks = [
            check_mask(x.mask if mask is None else as_array(mask), x, self, ndim=2)
            for x, mask in given
        ]
        allowed = self.combined_mask(masks, attention_mask, use_causal_mask, scores)
        if allowed is not None:
            scores = ops.where(allowed, scores, -1e9 if self.dtype != "float16" else -3e4)
        scores = nn.softmax(scores)
        mixed = self.dropper(scores) @ v
        outputs = self.joined(ops.transpose(mixed, (0, 2, 1, 3)))
        return (outputs, scores) if return_attention_scores else outputs

    def combined_mask(
        self, masks: Sequence[Array], attention_mask: Array, causal: bool, scores: TensorLike
    ) -> Array:
        """A mask of which steps may attend to which, broadcast to the scores; None for all.

        Args:
            masks: Those of the query, the value and the key; each may be None.
            attention_mask: As for `call`, or None.
            causal: Whether a step attends only to itself and to earlier ones.
            scores: Tensor (batch, heads, T, S), only its shape counts.
        """
        queries, *keys = masks
        given = None if attention_mask is None else as_array(attention_mask).astype(bool)
        masks = [None if m is None else m[:, None, None, :] for m in keys]
        masks.append(None if queries is None else queries[:, None, :, None])
        if given is not None and given.ndim < 4:
            given = given.reshape(-1, 1, *given.shape[-2:])  # the same for all heads
        masks.append(given)
        if causal:
            masks.append(array_module(scores.value).tri(*scores.shape[2:], dtype=bool)[None, None])
        return combine_masks(masks)
