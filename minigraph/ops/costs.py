"""Limits on what a model from a file may cost while it is traced.

A trace runs on empty batches, so nearly all of its arrays are empty, however large their shapes.
But a setting can ask for a large array or a long loop even then, and some calls can only be traced
on a few samples. So every op is charged before it runs: for the sizes that the table gives, or else
for its arguments, broadcast. A forged file must not ask for more than a machine has.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any

from ..core import tree
from ..core.context import context
from ..core.types import Array, Axis
from .arrays import PadWidth, pad_widths, whole_numbers
from .kernels import axes_of

ELEMENTS_PER_CALL = 64  # this many elements count as one call of a layer
LOOP_TURN = 4096  # elements that one turn of a loop counts as
PART = 1024  # elements that one of many outputs counts as
TEMPORARIES = 3  # arrays of the size of the result that an op makes at most, besides it


class Budget:
    """The calls that are left to a model while it is read; its arrays count as calls, too."""

    def __init__(self, calls: int):
        self.calls: int = calls

    def spend(self, *sizes: int) -> None:
        """Pay for an array of these sizes; ValueError if that is more than what is left."""
        elements = math.prod(max(size, 0) for size in sizes)  # a negative size gives nothing back
        self.calls -= elements // ELEMENTS_PER_CALL
        if self.calls < 0:
            raise ValueError(f"an array of {elements} elements is too much for a trace")

    def charge(self, op_name: str, values: Sequence[Array], settings: dict[str, Any]) -> None:
        """Pay for the arrays that an op makes from `values`."""
        self.spend(*SIZES.get(op_name, broadcast)(*values, **settings))


def spend(*sizes: int) -> None:
    """Pay for an array of these sizes, if a model that is read from a file is being traced."""
    if context.budget is not None:
        context.budget.spend(*sizes)


# ---------------------------------------------------------------------------------------------
# The sizes that an op is charged for: of its result, or of what it makes on the way


def broadcast(*values: Any, **_: Any) -> Iterable[int]:
    shapes = [value.shape[::-1] for value in values if hasattr(value, "shape")]
    axes = zip_longest(*shapes, fillvalue=1)
    return TEMPORARIES, *(0 if 0 in sizes else max(sizes) for sizes in axes)


def nothing(*_: Any, **__: Any) -> Iterable[int]:
    return (0,)  # the result is a view, or the op itself spends


def product(a: Array, b: Array, *_: Any, **__: Any) -> Iterable[int]:
    return *a.shape[:-1], *b.shape[:-2], *b.shape[-1:]


def joined(*arrays: Array, axis: int = 0) -> Iterable[int]:
    return (sum(array.size for array in arrays),)


def parts(x: Array, axis: int = 0) -> Iterable[int]:
    return x.shape[axis], PART


def triangle(x: Array, k: int = 0) -> Iterable[int]:
    return (x.size + sum(x.shape[-2:]) + math.prod(x.shape[-2:]),)


def along_axis(x: Array, indices: Array, axis: int = -1) -> Iterable[int]:
    return TEMPORARIES, sum(indices.shape) + indices.size


def normalized(x: Array, *parameters: Array, **_: Any) -> Iterable[int]:
    sizes = [LOOP_TURN * p.size for p in parameters if p is not None and p.ndim != 1]
    return TEMPORARIES, x.size + TEMPORARIES * x.shape[-1] + sum(sizes)


def of_classes(target: Array, output: Array, *_: Any, **__: Any) -> Iterable[int]:
    return TEMPORARIES, target.size + output.size


def reduction(x: Array, axis: Axis = None, keepdims: bool = False) -> Iterable[int]:
    reduced = axes_of(axis, x.ndim)
    return TEMPORARIES, *(n for i, n in enumerate(x.shape) if i not in reduced)


def exponentials(x: Array, axis: Axis = None, keepdims: bool = False) -> Iterable[int]:
    return TEMPORARIES, x.size + math.prod(reduction(x, axis))


def indexed(x: Array, key: Any) -> Iterable[int]:
    parts = key if isinstance(key, tuple) else (key,)
    counts = [part.size for part in parts if hasattr(part, "size")]
    counts += [len(tree.flatten(part)) for part in parts if isinstance(part, list)]
    return (max([1, *counts]), x.size // max(min(x.shape, default=1), 1)) if counts else ()


def taken(x: Array, indices: Array, axis: int | None = None) -> Iterable[int]:
    along = (axis or 0) % max(x.ndim, 1)
    return indices.size, *x.shape[:along], *x.shape[along + 1 :]


def one_hot(x: Array, num_classes: int, axis: int = -1, dtype: Any = None) -> Iterable[int]:
    return max(x.size, 1), num_classes


def repeated(x: Array, repeats: Any, axis: int | None = None) -> Iterable[int]:
    return x.size, max(whole_numbers(repeats), default=0)


def tiled(x: Array, repeats: Any) -> Iterable[int]:
    return *x.shape, *whole_numbers(repeats)


def padded(x: Array, pad_width: PadWidth, constant_values: float = 0) -> Iterable[int]:
    widths = pad_widths(pad_width, x.ndim)
    return [before + n + after for (before, after), n in zip(widths, x.shape, strict=True)]


def diagonal(x: Array, k: int = 0) -> Iterable[int]:
    return (len(x) + abs(k), len(x) + abs(k)) if x.ndim == 1 else ()


def per_axis(value: Any, rank: int) -> Sequence[Any]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value or 0,) * rank


def window_loop(size: Sequence[int], padded: Iterable[int]) -> Iterable[int]:
    """A turn for each position in a window of this size, which slides over padded samples."""
    return (math.prod(size) * (LOOP_TURN + math.prod(padded)),)


def resized(x: Array, size: Sequence[int], *_: Any, **__: Any) -> Iterable[int]:
    return (x.shape[-3] * size[0] + x.shape[-2] * size[1],)  # two matrices


def kernel_loop(
    x: Array,
    kernel: Array,
    *_: Any,
    stretch: Any = 1,
    dilation_rate: Any = 1,
    output_padding: Any = None,
    **__: Any,
) -> Iterable[int]:
    size, rank = kernel.shape[:-2], x.ndim - 2
    each = stretch, dilation_rate, output_padding
    axes = zip(x.shape[1:-1], size, *(per_axis(value, rank) for value in each), strict=False)
    padded = [n * s + k * d + p for n, k, s, d, p in axes]
    return window_loop(size, (len(x), *padded, x.shape[-1] + sum(kernel.shape[-2:])))


def transposed_loop(
    x: Array, kernel: Array, *_: Any, strides: Any = 1, **settings: Any
) -> Iterable[int]:
    return kernel_loop(x, kernel, stretch=strides, **settings)


def pool_loop(
    x: Array, pool_size: Any = 2, strides: Any = None, padding: str = "valid"
) -> Iterable[int]:
    size = per_axis(pool_size, x.ndim - 2)
    border = size if padding == "same" else [0] * len(size)
    padded = [n + p for n, p in zip(x.shape[1:-1], border, strict=False)]
    return window_loop(size, (len(x), *padded, x.shape[-1]))


def time_loop(x: Array, h: Array, *_: Any, **__: Any) -> Iterable[int]:
    return len(x), x.shape[1], LOOP_TURN + TEMPORARIES * math.prod(h.shape[1:])


SIZES: dict[str, Callable[..., Iterable[int]]] = {
    **dict.fromkeys(("matmul", "dense"), product),
    **dict.fromkeys(("reshape", "transpose", "expand_dims", "squeeze", "swapaxes"), nothing),
    **dict.fromkeys(("broadcast_to", "flip", "identity", "einsum", "tensordot", "dot"), nothing),
    **dict.fromkeys(("concatenate", "stack"), joined),
    "unstack": parts,
    **dict.fromkeys(("triu", "tril"), triangle),
    "take_along_axis": along_axis,
    "batch_norm": normalized,
    "sparse_categorical_crossentropy": of_classes,
    **dict.fromkeys(("sum", "mean", "max", "min", "prod"), reduction),
    "logsumexp": exponentials,
    "getitem": indexed,
    "take": taken,
    "one_hot": one_hot,
    "repeat": repeated,
    "tile": tiled,
    "pad": padded,
    "diag": diagonal,
    **dict.fromkeys(("conv", "depthwise_conv"), kernel_loop),
    "conv_transpose": transposed_loop,
    "resize": resized,
    **dict.fromkeys(("max_pool", "average_pool"), pool_loop),
    **dict.fromkeys(("simple_rnn", "lstm", "gru", "conv_lstm"), time_loop),
}
