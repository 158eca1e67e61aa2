"""Functions of tensors, differentiable, with NumPy's names and meanings.

Each takes tensors, arrays, numbers or symbolic tensors. With a symbolic tensor among its
arguments, the call is added to the graph instead of computed.
"""

from typing import TYPE_CHECKING

from ..core import module_names
from ..core.docstrings import share_arguments as _share_arguments
from . import image as image
from . import recurrent, second_order as _second_order
from .arrays import (
    arange, argsort, broadcast_to, concatenate, convert_to_numpy, convert_to_tensor, diag,
    expand_dims, eye, flip, full, getitem, linspace, one_hot, ones, ones_like, pad, ravel,
    repeat, reshape, shape, sort, split, squeeze, stack, stop_gradient, swapaxes, take,
    take_along_axis, tile, top_k, transpose, tril, triu, zeros, zeros_like,
)  # fmt: skip
from .arrays import slice_of as slice
from .conv import conv, conv_transpose, depthwise_conv
from .linalg import average, dot, einsum, norm, normalize, outer, tensordot
from .math import (
    absolute, add, argmax, argmin, cast, ceil, clip, cos, cumsum, divide, equal, erf, exp,
    expm1, floor, floor_divide, greater, greater_equal, identity, isnan, less, less_equal, log,
    log1p, logaddexp, logical_and, logical_not, logical_or, logsumexp, matmul, maximum, mean,
    minimum, mod, multiply, negative, not_equal, power, prod, reduce_all, reduce_any,
    reduce_max, reduce_min, reduce_sum, rsqrt, sign, sin, sqrt, square, std, subtract, var,
    where,
)  # fmt: skip
from .nn import (
    batch_norm, binary_crossentropy, categorical_crossentropy, dense, elu, gelu, hard_sigmoid,
    leaky_relu, log_softmax, mean_squared_error, relu, relu6, selu, sigmoid, silu, softmax,
    softplus, softsign, sparse_categorical_crossentropy, tanh,
)  # fmt: skip
from .pooling import average_pool, max_pool
from .recurrent import conv_lstm, gru, lstm, simple_rnn, unstack

abs = absolute
all = reduce_all
any = reduce_any
max = reduce_max
min = reduce_min
sum = reduce_sum

__all__ = [
    "abs", "absolute", "add", "all", "any", "arange", "argmax", "argmin", "argsort", "average",
    "average_pool", "batch_norm", "binary_crossentropy", "broadcast_to", "cast",
    "categorical_crossentropy", "ceil", "clip", "concatenate", "conv", "conv_lstm",
    "conv_transpose", "convert_to_numpy", "convert_to_tensor", "cos", "cumsum", "dense",
    "depthwise_conv", "diag", "divide", "dot", "einsum", "elu", "equal", "erf", "exp",
    "expand_dims", "expm1", "eye", "flip", "floor", "floor_divide", "full", "gelu", "getitem",
    "greater", "greater_equal", "gru", "hard_sigmoid", "identity", "isnan", "leaky_relu",
    "less", "less_equal", "linspace", "log", "log1p", "log_softmax", "logaddexp", "logical_and",
    "logical_not", "logical_or", "logsumexp", "lstm", "matmul", "max", "max_pool", "maximum",
    "mean", "mean_squared_error", "min", "minimum", "mod", "multiply", "negative", "norm",
    "normalize", "not_equal", "one_hot", "ones", "ones_like", "outer", "pad", "power", "prod",
    "ravel", "reduce_all", "reduce_any", "reduce_max", "reduce_min", "reduce_sum", "relu",
    "relu6", "repeat", "reshape", "rsqrt", "selu", "shape", "sigmoid", "sign", "silu",
    "simple_rnn", "sin", "slice", "softmax", "softplus", "softsign", "sort",
    "sparse_categorical_crossentropy", "split", "sqrt", "square", "squeeze", "stack", "std",
    "stop_gradient", "subtract", "sum", "swapaxes", "take", "take_along_axis", "tanh",
    "tensordot", "tile", "top_k", "transpose", "tril", "triu", "unstack", "var", "where",
    "zeros", "zeros_like",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------
# Arguments that several ops share are described here, once. What an op says itself comes first.

_share_arguments(
    [argmax, argmin],
    """
    Args:
        axis: Axis along which to search; None (default) gives the index among all elements in a
            row.
        keepdims: Whether the axis stays, with size 1 (default False).
    """,
)
_share_arguments(
    [dense, conv, conv_transpose, depthwise_conv],
    """
    Args:
        bias: One number for each output channel, which is added; None (default) adds nothing.
        activation: Function of the sum, "relu", "sigmoid" or "tanh"; None (default) leaves it as it
            is.
    """,
)
_share_arguments(
    [binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy],
    """
    Args:
        target: The targets y, numbers from 0 to 1.
        output: The predictions: probabilities p or, with `from_logits`, logits z.
        from_logits: Whether the predictions are logits (default False).
    """,
)
_share_arguments(
    [max_pool, average_pool],
    """
    Args:
        x: The inputs, with the channels as last axis.
        pool_size: Size of the window, for all axes or for each (default 2).
        strides: Distance between neighbouring windows, for all axes or for each; None (default)
            means the pool size, so that no two overlap.
        padding: "valid" (default) for windows inside the input only, or "same" for as many as its
            size divided by the strides, rounded up.
    """,
)
_share_arguments(
    [simple_rnn, lstm, conv_lstm, gru],
    """
    Args:
        x: The inputs x of all steps.
        h: The state h before the first step.
        c: The cell state c before the first step.
        kernel: The weights W of the inputs.
        recurrent: The weights U of the state h.
        bias: The biases b; None (default) adds nothing.
        mask: Booleans (B, T): where False, the step is masked and keeps the states; None (default)
            masks no step.
        activation: Function of the new values, "tanh" (default), "sigmoid" or "relu".
        recurrent_activation: Function of the gates, "sigmoid" (default), "tanh" or "relu".
        zero_output_for_mask: Whether the output of a masked step is 0, not that of the step before
            (default False).
    """,
)
_share_arguments(
    [recurrent.simple_rnn_step, recurrent.lstm_step, recurrent.conv_lstm_step, recurrent.gru_step],
    """
    Args:
        x: The inputs x of this step.
        h: The state h before it.
        c: The cell state c before it.
        kernel: The weights W of the inputs.
        recurrent: The weights U of the state h.
        bias: The biases b; None (default) adds nothing.
        activation: Function of the new values (default `tanh`).
        recurrent_activation: Function of the gates (default `sigmoid`).
        keep: Scaled dropout mask of h, as U sees it: the state that is carried on stays whole; None
            (default) drops nothing.
    """,
)
_share_arguments(
    [conv, depthwise_conv, conv_lstm],
    """
    Args:
        strides: Distance between neighbouring positions of the kernel on the input, for all axes or
            for each (default 1).
        padding: "valid" (default) for none; "same" for zeros around the input, so that the output
            has its size divided by the strides, rounded up; "causal" for zeros in front only, so
            that no output depends on later inputs.
    """,
)
_share_arguments(
    [conv, conv_transpose, depthwise_conv, conv_lstm],
    """
    Args:
        dilation_rate: Distance on the map between neighbouring elements of the kernel, for all axes
            or for each (default 1).
    """,
)
_share_arguments(
    [fn for name, fn in vars().items() if name in {*__all__} - {"concatenate", "einsum", "stack"}],
    """
    Args:
        x: The input: a tensor, symbolic tensor, array, number or nested list.
        a: The first operand: a tensor, symbolic tensor, array, number or nested list.
        b: The second operand; the two shapes are broadcast.
        axis: Axis to reduce, or a tuple of axes; negative ones count from the end, and None
            (default) means all.
        keepdims: Whether the reduced axes stay, with size 1 (default False).
        shape: Sizes of all axes, or an integer for a single axis.
        dtype: Data type of the result, such as "int32"; None (default) means `config.floatx()`.
        k: Which diagonal: 0 (default) is the main one, positive ones lie above it, negative ones
            below.
    """,
)

ALIASES = {"array": convert_to_tensor}
if TYPE_CHECKING:  # an editor does not read the dict
    array = convert_to_tensor
else:
    __getattr__ = module_names.answers(__name__, __all__, ALIASES)
