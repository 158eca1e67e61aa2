"""Functions of tensors, differentiable, with NumPy's names and meanings.

Each takes tensors, arrays, numbers or symbolic tensors. With a symbolic tensor among its
arguments the call is drawn into the graph instead of computed.
"""

from .basic import (
    absolute, add, arange, argmax, argmin, argsort, broadcast_to, cast, ceil, clip, concatenate,
    convert_to_numpy, convert_to_tensor, cos, cumsum, diag, divide, dot, einsum, equal, erf, exp,
    expand_dims, expm1, eye, flip, floor, floor_divide, full, getitem, greater, greater_equal,
    identity, isnan, less, less_equal, linspace, log, log1p, logaddexp, logical_and, logical_not,
    logical_or, logsumexp, matmul, maximum, mean, minimum, mod, multiply, negative, norm, normalize,
    not_equal, one_hot, ones, ones_like, outer, pad, power, prod, ravel, reduce_all, reduce_any,
    reduce_max, reduce_min, reduce_sum, repeat, reshape, rsqrt, shape, sign, sin, sort, split, sqrt,
    square, squeeze, stack, std, subtract, swapaxes, take, take_along_axis, tensordot, tile, top_k,
    transpose, tril, triu, var, where, zeros, zeros_like,
)  # fmt: skip
from .conv import conv, conv_transpose
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
