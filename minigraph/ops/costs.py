"""What a model that is read from a file may cost while it is traced.

A trace runs on empty batches, so nearly all of its arrays are empty, however large their shapes.
The ops in the table can make large arrays, or run long loops, even then. A forged file must not
make them ask for more than a machine has.
"""

import math

from ..core import tree
from ..core.context import context
from .arrays import pad_widths
from .kernels import axes_of

ELEMENTS_PER_CALL = 64  # so many elements count as one call of a layer
LOOP_TURN = 4096  # elements that one turn of a loop counts as


class Budget:
    """The calls that are left to a model while it is read; its arrays count as calls, too."""

    def __init__(self, calls):
        self.calls = calls

    def spend(self, *sizes):
        """Pay for an array of these sizes; ValueError if that is more than what is left."""
        self.calls -= math.prod(sizes) // ELEMENTS_PER_CALL
        if self.calls < 0:
            raise ValueError(f"an array of {math.prod(sizes)} elements is too much for a trace")

    def charge(self, op_name, values, settings):
        """Pay for what an op makes of `values`."""
        if op_name in SIZES:
            self.spend(*SIZES[op_name](*values, **settings))


def spend(*sizes):
    """Pay for an array of these sizes, if a model that is read from a file is being traced."""
    if context.budget is not None:
        context.budget.spend(*sizes)


# ---------------------------------------------------------------------------------------------
# For each op that can be costly on an empty batch, the sizes of what it makes


def product(a, b):
    return *a.shape[:-1], *b.shape[:-2], *b.shape[-1:]


def reduction(x, axis=None, keepdims=False):
    reduced = axes_of(axis, x.ndim)
    return [n for i, n in enumerate(x.shape) if i not in reduced]


def indexed(x, key):
    parts = key if isinstance(key, tuple) else (key,)
    counts = [part.size for part in parts if hasattr(part, "size")]
    counts += [len(tree.flatten(part)) for part in parts if isinstance(part, list)]
    return (max([1, *counts]), x.size // max(min(x.shape, default=1), 1)) if counts else ()


def taken(x, indices, axis=None):
    axis = (axis or 0) % max(x.ndim, 1)
    return indices.size, *x.shape[:axis], *x.shape[axis + 1 :]


def one_hot(x, num_classes, axis=-1, dtype=None):
    return max(x.size, 1), num_classes


def repeated(x, repeats, axis=None):
    return x.size, repeats if isinstance(repeats, int) else max(map(int, repeats), default=0)


def tiled(x, repeats):
    return *x.shape, *((repeats,) if isinstance(repeats, int) else repeats)


def padded(x, pad_width, constant_values=0):
    widths = pad_widths(pad_width, x.ndim)
    return [before + n + after for (before, after), n in zip(widths, x.shape, strict=True)]


def diagonal(x, k=0):
    return (len(x) + abs(k), len(x) + abs(k)) if x.ndim == 1 else ()


def kernel_loop(x, kernel, *_, **__):
    return LOOP_TURN, *kernel.shape[:-2]


def pool_loop(x, pool_size=2, *_, **__):
    return LOOP_TURN, *((pool_size,) * (x.ndim - 2) if isinstance(pool_size, int) else pool_size)


def time_loop(x, *_, **__):
    return len(x), x.shape[1], LOOP_TURN


SIZES = {
    "matmul": product,
    **dict.fromkeys(("sum", "mean", "max", "min", "prod", "logsumexp"), reduction),
    "getitem": indexed,
    "take": taken,
    "one_hot": one_hot,
    "repeat": repeated,
    "tile": tiled,
    "pad": padded,
    "diag": diagonal,
    **dict.fromkeys(("conv", "conv_transpose"), kernel_loop),
    **dict.fromkeys(("max_pool", "average_pool"), pool_loop),
    **dict.fromkeys(("simple_rnn", "lstm", "gru", "conv_lstm"), time_loop),
}
