"""Limits on what a model from a file may cost while it is traced.

A trace runs on empty batches, so nearly all of its arrays are empty, however large their shapes.
The ops in the table can make large arrays, or run long loops, even then. A forged file must not
make them ask for more than a machine has.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..core import tree
from ..core.context import context
from ..core.types import Array, Axis
from .arrays import PadWidth, pad_widths
from .kernels import axes_of

ELEMENTS_PER_CALL = 64  # this many elements count as one call of a layer
LOOP_TURN = 4096  # elements that one turn of a loop counts as


class Budget:
    """The calls that are left to a model while it is read; its arrays count as calls, too."""

    def __init__(self, calls: int):
        self.calls: int = calls

    def spend(self, *sizes: int) -> None:
        """Pay for an array of these sizes; ValueError if that is more than what is left."""
        self.calls -= math.prod(sizes) // ELEMENTS_PER_CALL
        if self.calls < 0:
            raise ValueError(f"an array of {math.prod(sizes)} elements is too much for a trace")

    def charge(self, op_name: str, values: Sequence[Array], settings: dict[str, Any]) -> None:
        """Pay for the arrays that an op makes from `values`."""
        if op_name in SIZES:
            self.spend(*SIZES[op_name](*values, **settings))


def spend(*sizes: int) -> None:
    """Pay for an array of these sizes, if a model that is read from a file is being traced."""
    if context.budget is not None:
        context.budget.spend(*sizes)


# ---------------------------------------------------------------------------------------------
# For each op that can be costly on an empty batch: the sizes of its result


def product(a: Array, b: Array) -> Iterable[int]:
    return *a.shape[:-1], *b.shape[:-2], *b.shape[-1:]


def reduction(x: Array, axis: Axis = None, keepdims: bool = False) -> Iterable[int]:
    reduced = axes_of(axis, x.ndim)
    return [n for i, n in enumerate(x.shape) if i not in reduced]


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
    return x.size, repeats if isinstance(repeats, int) else max(map(int, repeats), default=0)


def tiled(x: Array, repeats: Any) -> Iterable[int]:
    return *x.shape, *((repeats,) if isinstance(repeats, int) else repeats)


def padded(x: Array, pad_width: PadWidth, constant_values: float = 0) -> Iterable[int]:
    widths = pad_widths(pad_width, x.ndim)
    return [before + n + after for (before, after), n in zip(widths, x.shape, strict=True)]


def diagonal(x: Array, k: int = 0) -> Iterable[int]:
    return (len(x) + abs(k), len(x) + abs(k)) if x.ndim == 1 else ()


def kernel_loop(x: Array, kernel: Array, *_: Any, **__: Any) -> Iterable[int]:
    return LOOP_TURN, *kernel.shape[:-2]


def pool_loop(x: Array, pool_size: Any = 2, *_: Any, **__: Any) -> Iterable[int]:
    return LOOP_TURN, *((pool_size,) * (x.ndim - 2) if isinstance(pool_size, int) else pool_size)


def resized(x: Array, size: Sequence[int], *_: Any, **__: Any) -> Iterable[int]:
    return (x.shape[-3] * size[0] + x.shape[-2] * size[1],)  # two matrices


def time_loop(x: Array, *_: Any, **__: Any) -> Iterable[int]:
    return len(x), x.shape[1], LOOP_TURN


SIZES: dict[str, Callable[..., Iterable[int]]] = {
    "matmul": product,
    **dict.fromkeys(("sum", "mean", "max", "min", "prod", "logsumexp"), reduction),
    "getitem": indexed,
    "take": taken,
    "one_hot": one_hot,
    "repeat": repeated,
    "tile": tiled,
    "pad": padded,
    "diag": diagonal,
    **dict.fromkeys(("conv", "conv_transpose", "depthwise_conv"), kernel_loop),
    "resize": resized,
    **dict.fromkeys(("max_pool", "average_pool"), pool_loop),
    **dict.fromkeys(("simple_rnn", "lstm", "gru", "conv_lstm"), time_loop),
}
