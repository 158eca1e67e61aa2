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

__all__ = [name for name, op in list(globals().items()) if callable(op) and name[0] != "_"]
