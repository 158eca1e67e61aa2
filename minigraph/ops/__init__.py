"""Functions of tensors, differentiable, with NumPy's names and meanings.

Each takes tensors, arrays, numbers or symbolic tensors. With a symbolic tensor among its
arguments the call is added to the graph instead of computed.
"""

from .arrays import (
    arange, argsort, broadcast_to, concatenate, convert_to_numpy, convert_to_tensor, diag,
    expand_dims, eye, flip, full, getitem, linspace, one_hot, ones, ones_like, pad, ravel,
    repeat, reshape, shape, sort, split, squeeze, stack, swapaxes, take, take_along_axis, tile,
    top_k, transpose, tril, triu, zeros, zeros_like,
)  # fmt: skip
from .conv import conv, conv_transpose
from .linalg import dot, einsum, norm, normalize, outer, tensordot
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

abs, all, any = absolute, reduce_all, reduce_any
max, min, sum = reduce_max, reduce_min, reduce_sum

__all__ = [
    "abs", "absolute", "add", "all", "any", "arange", "argmax", "argmin", "argsort", "average_pool",
    "batch_norm", "binary_crossentropy", "broadcast_to", "cast", "categorical_crossentropy", "ceil",
    "clip", "concatenate", "conv", "conv_lstm", "conv_transpose", "convert_to_numpy",
    "convert_to_tensor", "cos", "cumsum", "dense", "diag", "divide", "dot", "einsum", "elu",
    "equal", "erf", "exp", "expand_dims", "expm1", "eye", "flip", "floor", "floor_divide", "full",
    "gelu", "getitem", "greater", "greater_equal", "gru", "hard_sigmoid", "identity", "isnan",
    "leaky_relu", "less", "less_equal", "linspace", "log", "log1p", "log_softmax", "logaddexp",
    "logical_and", "logical_not", "logical_or", "logsumexp", "lstm", "matmul", "max", "max_pool",
    "maximum", "mean", "mean_squared_error", "min", "minimum", "mod", "multiply", "negative",
    "norm", "normalize", "not_equal", "one_hot", "ones", "ones_like", "outer", "pad", "power",
    "prod", "ravel", "reduce_all", "reduce_any", "reduce_max", "reduce_min", "reduce_sum", "relu",
    "relu6", "repeat", "reshape", "rsqrt", "selu", "shape", "sigmoid", "sign", "silu", "simple_rnn",
    "sin", "softmax", "softplus", "softsign", "sort", "sparse_categorical_crossentropy", "split",
    "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "swapaxes", "take",
    "take_along_axis", "tanh", "tensordot", "tile", "top_k", "transpose", "tril", "triu", "unstack",
    "var", "where", "zeros", "zeros_like",
]  # fmt: skip
