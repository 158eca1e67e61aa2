"""One table of examples for every op of the library; `test_ops` makes its tests from it.

An example is an op, arrays and settings. The arrays keep away from the kinks of the op, such as 0
for relu: there a central difference measures the mean of two slopes. What an op promises at a
kink has tests of its own.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from minigraph import ops
from minigraph.core.tensor import OPS  # those of the losses, too

OPS = {name: fn for name, fn in OPS.items() if fn.__module__.startswith("minigraph.")}


def spread(*shape, low=-2.0, high=2.0, seed=0):
    """Shuffled numbers from `low` to `high`, no two alike and none of them 0.

    `seed` also shifts the numbers a little, so two arrays share none.
    """
    count = int(np.prod(shape))
    numbers = np.linspace(low, high, count + 2)[1:-1] + 0.0137 * (seed + 1)
    return np.random.default_rng(seed).permutation(numbers).reshape(shape)


def shares(*shape, seed=0):
    """Positive rows that add up to 1."""
    rows = spread(*shape, low=0.5, high=2.0, seed=seed)
    return rows / rows.sum(-1, keepdims=True)


def labels(*shape, classes, seed=0):
    """Integer classes, from 0 to `classes - 1`."""
    return np.random.default_rng(seed).integers(0, classes, shape)


def joined(outputs):
    """Several outputs side by side, so that what is tested of one is tested of all."""
    if not isinstance(outputs, tuple):
        return outputs
    flat = [ops.reshape(out, (-1, math.prod(out.shape[1:]))) for out in outputs]
    return ops.concatenate(flat, axis=-1)


@dataclass
class Example:
    """A call of an op.

    `rows` names the arrays whose first axis is the batch. `reduces_rows` marks a call that takes
    an extremum over the batch, which has no value without rows.
    """

    name: str
    arrays: tuple
    settings: dict = field(default_factory=dict)
    rows: tuple = ()
    over_list: bool = False
    reduces_rows: bool = False

    @property
    def op(self):
        return OPS[self.name]

    def outputs(self, *arrays):
        """The op on other arrays, with the settings of this example."""
        return self.op(*([list(arrays)] if self.over_list else arrays), **self.settings)

    def call(self, *arrays):
        """The same, with all outputs in one."""
        return joined(self.outputs(*arrays))

    def __str__(self):
        shapes = "-".join("x".join(map(str, np.shape(a))) or "scalar" for a in self.arrays)
        settings = "-".join(f"{key}={value}" for key, value in self.settings.items())
        return f"{self.name}-{shapes}" + (f"-{settings}" if settings else "")


EXAMPLES = []
# The ops that have a gradient, but not the gradient of a gradient (see `ops/second_order`).
NO_SECOND_ORDER = {"prod", "resize", "extract_patches", "depthwise_conv"}


@dataclass
class Promise:
    """The gradients of the sum of all outputs of a call, where a central difference says nothing:
    at a kink, at the edge of a range, for a size of 0. None stands for one that is not promised.
    """

    what: str
    name: str
    arrays: tuple
    gradients: tuple
    settings: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.name}: {self.what}"


PROMISES = []


def promise(what, name, arrays, gradients, **settings):
    arrays = tuple(np.array(a, "float64") if isinstance(a, list) else a for a in arrays)
    PROMISES.append(Promise(what, name, arrays, gradients, settings))


def example(name, *arrays, rows=(0,), over_list=False, reduces_rows=False, **settings):
    EXAMPLES.append(Example(name, arrays, settings, rows, over_list, reduces_rows))


# Element by element, one input: (name, lowest, highest number)
ONE_INPUT = [
    ("negative", -2, 2),
    ("abs", -2, 2),
    ("square", -2, 2),
    ("sqrt", 0.2, 3),
    ("rsqrt", 0.2, 3),
    ("exp", -2, 2),
    ("expm1", -2, 2),
    ("log", 0.2, 3),
    ("log1p", -0.7, 3),
    ("erf", -2, 2),
    ("sin", -2, 2),
    ("cos", -2, 2),
    ("sign", -2, 2),
    ("floor", -2, 2),
    ("ceil", -2, 2),
    ("isnan", -2, 2),
    ("logical_not", -2, 2),
    ("zeros_like", -2, 2),
    ("ones_like", -2, 2),
    ("stop_gradient", -2, 2),
    ("identity", -2, 2),
    ("relu", -2, 2),
    ("relu6", -2, 2),
    ("leaky_relu", -2, 2),
    ("elu", -2, 2),
    ("selu", -2, 2),
    ("gelu", -2, 2),
    ("silu", -2, 2),
    ("softplus", -2, 2),
    ("softsign", -2, 2),
    ("hard_sigmoid", -2, 2),
    ("sigmoid", -3, 3),
    ("tanh", -2, 2),
]
for _name, _low, _high in ONE_INPUT:
    for _shape in [(1,), (3, 4), (2, 1, 3)]:
        # A single number lies in the upper part, where relu has a slope.
        example(_name, spread(*_shape, low=_low, high=_high) if _shape != (1,) else np.array([0.7]))
    example(_name, np.array(0.7), rows=())
example("relu", spread(3, 4), negative_slope=0.1, max_value=1.2, threshold=0.5)
example("relu", spread(3, 4), threshold=-0.5)
example("relu6", spread(3, 4, low=2, high=9))
example("leaky_relu", spread(3, 4), negative_slope=0.7)
example("elu", spread(3, 4), alpha=0.3)
example("gelu", spread(3, 4), approximate=True)
example("hard_sigmoid", spread(3, 4, low=-5, high=5))
example("clip", spread(3, 4), x_min=-1.1, x_max=0.5)
example("clip", spread(3, 4), x_min=0.3)
example("ones_like", spread(3, 4), dtype="int64")

# Element by element, two inputs that broadcast: (name, range of a, range of b)
TWO_INPUTS = [
    ("add", (-2, 2), (-2, 2)),
    ("subtract", (-2, 2), (-2, 2)),
    ("multiply", (-2, 2), (-2, 2)),
    ("divide", (-2, 2), (0.4, 3)),
    ("mod", (1.1, 5), (0.6, 0.9)),
    ("power", (0.3, 2), (-2, 3)),
    ("maximum", (-2, 2), (-2, 2)),
    ("minimum", (-2, 2), (-2, 2)),
    ("logaddexp", (-2, 2), (-2, 2)),
    ("logical_and", (-2, 2), (-2, 2)),
    ("logical_or", (-2, 2), (-2, 2)),
    ("floor_divide", (-2, 2), (0.4, 3)),
    ("equal", (-2, 2), (-2, 2)),
    ("not_equal", (-2, 2), (-2, 2)),
    ("less", (-2, 2), (-2, 2)),
    ("less_equal", (-2, 2), (-2, 2)),
    ("greater", (-2, 2), (-2, 2)),
    ("greater_equal", (-2, 2), (-2, 2)),
]
SHAPES_OF_TWO = [  # shapes of a and of b, and which of them has rows
    ((3, 4), (3, 4), (0, 1)),
    ((3, 4), (4,), (0,)),
    ((3, 1), (3, 4), (0, 1)),
    ((5,), (3, 5), (1,)),
    ((2, 3, 4), (1, 4), (0,)),
    ((3, 4), (), (0,)),
    ((4,), (3, 1), (1,)),
]
for _name, (_a_low, _a_high), (_b_low, _b_high) in TWO_INPUTS:
    for _a_shape, _b_shape, _rows in SHAPES_OF_TWO:
        _a = spread(*_a_shape, low=_a_low, high=_a_high, seed=1)
        _b = spread(*_b_shape, low=_b_low, high=_b_high, seed=2)
        example(_name, _a, _b, rows=_rows)
example("power", spread(3, 4), 3)
example("power", spread(3, 4, low=0.5, high=2), 0.5)
example("power", 2.5, spread(3, 4), rows=(1,))
example("divide", 1.5, spread(3, 4, low=0.4, high=2), rows=(1,))
example("equal", np.array([[1, 2], [3, 4]]), np.array([1, 4]))

_condition = spread(3, 4, seed=5) > 0
example("where", _condition, spread(3, 4, seed=1), spread(3, 4, seed=2), rows=(0, 1, 2))
example("where", _condition, spread(3, 1, seed=1), spread(4, seed=2), rows=(0, 1))
example("where", _condition, spread(3, 4, seed=1), 0.5, rows=(0, 1))
example("where", 3 * _condition, spread(3, 4, seed=1), spread(3, 4, seed=2), rows=(0, 1, 2))

# Products
example("matmul", spread(3, 4, seed=1), spread(4, 2, seed=2))
example("matmul", spread(1, 1, seed=1), spread(1, 1, seed=2))
example("matmul", spread(2, 3, 4, seed=1), spread(2, 4, 5, seed=2), rows=(0, 1))
example("matmul", spread(2, 3, 4, seed=1), spread(4, 5, seed=2))
example("matmul", spread(2, 1, 3, 4, seed=1), spread(5, 4, 2, seed=2))
example("matmul", spread(3, 4, seed=1), spread(2, 4, 5, seed=2), rows=(1,))
example("matmul", spread(4, seed=1), spread(4, seed=2), rows=())
example("matmul", spread(3, 4, seed=1), spread(4, seed=2))
example("matmul", spread(2, 3, 4, seed=1), spread(4, seed=2))
example("matmul", spread(4, seed=1), spread(4, 3, seed=2), rows=())
example("matmul", spread(4, seed=1), spread(2, 4, 3, seed=2), rows=(1,))
_a, _b = spread(3, 4, seed=1), spread(4, 2, seed=2)
example("einsum", _a, _b, subscripts="ij,jk->ik", over_list=True)
example("einsum", _a, _b, subscripts="ij,jk", over_list=True)
example("einsum", spread(2, 3, 4, seed=1), _b, subscripts="...i,ij->...j", over_list=True)
example("einsum", spread(2, 3, 4), subscripts="b...->b", over_list=True)
example("einsum", spread(3, 4), subscripts="ij->ji", over_list=True)
example(
    "einsum",
    spread(3, 4),
    spread(3, 5),
    spread(5),
    subscripts="ij,ik,k->i",
    rows=(0, 1),
    over_list=True,
)
example("tensordot", _a, _b, axes=1)
example("tensordot", spread(2, 3, 4, seed=1), spread(3, 4, 5, seed=2))
example("tensordot", spread(2, 3, 4, seed=1), spread(4, 5, 3, seed=2), axes=((1, 2), (2, 0)))
example("dot", _a, _b)
example("dot", _a, spread(4, seed=2))
example("dot", spread(4, seed=1), spread(4, seed=2), rows=())
example("dot", _a, spread(2, 4, 5, seed=2))
example("dot", _a, np.array(0.7))

for _activation in [None, "relu", "sigmoid", "tanh"]:
    example(
        "dense",
        spread(3, 4, seed=1),
        spread(4, 2, seed=2),
        spread(2, seed=3),
        activation=_activation,
    )
example("dense", spread(3, 4, seed=1), spread(4, 2, seed=2), None, activation="tanh")
example("dense", spread(2, 3, 4, seed=1), spread(4, 5, seed=2), spread(5, seed=3))
example("dense", spread(1, 1, seed=1), spread(1, 1, seed=2), spread(1, seed=3))

# Reductions
for _name in ["sum", "mean", "max", "min", "logsumexp", "all", "any"]:
    _extremum = _name in ("max", "min", "logsumexp")
    example(_name, spread(3, 4), reduces_rows=_extremum)
    example(_name, spread(3, 4), axis=0, reduces_rows=_extremum)
    example(_name, spread(3, 4), axis=1)
    example(_name, spread(2, 3, 4), axis=-1, keepdims=True)
    example(_name, spread(2, 3, 4), axis=(1, 2))
    example(_name, spread(2, 3, 4), axis=(0, -1), reduces_rows=_extremum)
    example(_name, spread(2, 3, 4), axis=None, keepdims=True, reduces_rows=_extremum)
    example(_name, spread(1), reduces_rows=_extremum)
example("prod", spread(3, 4, low=0.5))
example("prod", spread(3, 4, low=-1.5), axis=0)
example("prod", np.where(spread(3, 4) < -1.5, 0, spread(3, 4)), axis=1, keepdims=True)
example("prod", spread(2, 3, 4, low=0.5), axis=(0, 2))
for _name in ["argmax", "argmin"]:
    example(_name, spread(3, 4), axis=1)
    example(_name, spread(3, 4), axis=0, reduces_rows=True)
    example(_name, spread(3, 4), reduces_rows=True)
    example(_name, spread(3, 4), axis=1, keepdims=True)
for _axis in [None, 0, 1, -1]:
    example("cumsum", spread(3, 4), axis=_axis)
for _axis in [0, 1, -1]:
    example("argsort", spread(3, 4), axis=_axis, rows=(0,) if _axis else ())
for _name in ["softmax", "log_softmax"]:
    example(_name, spread(3, 4))
    example(_name, spread(2, 3, 4), axis=1)
    example(_name, spread(3, 4), axis=0, reduces_rows=True)
    example(_name, spread(1, 2))

# The same numbers in another arrangement
example("cast", spread(3, 4), dtype="float64")
example("reshape", spread(3, 4), newshape=(-1, 2, 2))
example("reshape", spread(3, 4), newshape=(3, 2, -1), rows=())
example("reshape", spread(3, 4), newshape=(-1,))
example("reshape", spread(4), newshape=(2, 2), rows=())
example("reshape", spread(4), newshape=4, rows=())
example("transpose", spread(3, 4))
example("transpose", spread(2, 3, 4), axes=(0, 2, 1))
example("transpose", spread(2, 3, 4), axes=(2, 0, 1))
example("transpose", spread(2, 3, 4), axes=(0, -1, 1))
example("expand_dims", spread(3, 4), axis=1)
example("expand_dims", spread(3, 4), axis=-1)
example("expand_dims", spread(3, 4), axis=0)
example("squeeze", spread(3, 1, 4), axis=1)
example("squeeze", spread(3, 1, 4, 1), axis=(1, -1))
example("squeeze", spread(1, 4, 1), rows=())
_places = np.array([[1, 1, 0], [3, 0, 3], [2, 2, 2]])
example("take", spread(3, 4), _places, axis=1)
example("take", spread(3, 4), np.array(2), axis=-1)
example("take", spread(3, 4), np.array([0, 5, 5, -1]), rows=())
example("take", spread(4, 2), _places, axis=0, rows=(1,))
example("take_along_axis", spread(3, 4), _places, rows=(0, 1))
example("take_along_axis", spread(3, 4), _places[:, ::-1] % 3, axis=0, rows=())
example("one_hot", labels(3, classes=4), num_classes=4)
example("one_hot", labels(3, 2, classes=4), num_classes=4, axis=1, dtype="int64")
example("repeat", spread(3, 4), repeats=2, axis=1)
example("repeat", spread(3, 4), repeats=(0, 2, 1, 3), axis=-1)
example("repeat", spread(3, 4), repeats=2)
example("tile", spread(3, 4), repeats=(1, 2))
example("tile", spread(3, 4), repeats=2)
example("tile", spread(4), repeats=(2, 3), rows=())
example("tile", spread(3, 4), repeats=np.array([1, 2]))
example("pad", spread(3, 4), pad_width=((0, 0), (1, 2)), constant_values=0.5)
example("pad", spread(3, 4), pad_width=(1, 0), rows=())
example("pad", spread(3, 4), pad_width=2, rows=())
example("flip", spread(3, 4))
example("flip", spread(3, 4), axis=1)
example("swapaxes", spread(2, 3, 4), axis1=1, axis2=-1)
for _name in ["triu", "tril"]:
    example(_name, spread(2, 3, 4), k=1)
    example(_name, spread(3, 4), k=-1, rows=())
for _k in [0, 1, 2, -1]:
    example("diag", spread(3), k=_k, rows=())
    example("diag", spread(3, 4), k=_k, rows=())
example("broadcast_to", spread(4), shape=(3, 4), rows=())
example("broadcast_to", spread(3, 1), shape=(2, 3, 4), rows=())
example("getitem", spread(3, 4), key=(slice(None), 1))
example("getitem", spread(3, 4), key=(slice(None), slice(1, None, 2)))
example("getitem", spread(3, 4), key=(Ellipsis, None, slice(None, None, -1)))
example("getitem", spread(3, 4), key=(slice(None), [1, 1, 3]))
example("getitem", spread(3, 4), key=np.array([0, 2, 2]), rows=())
example("getitem", spread(3, 4), key=1, rows=())
example("getitem", spread(3, 4), key=spread(3, 4) > 0, rows=())
for _name in ["concatenate", "stack"]:
    for _axis in [-1, 1]:
        example(
            _name,
            spread(3, 4, seed=1),
            spread(3, 4, seed=2),
            spread(3, 4, seed=3),
            axis=_axis,
            rows=(0, 1, 2),
            over_list=True,
        )
example(
    "concatenate",
    spread(3, 4, seed=1),
    spread(3, 2, seed=2),
    axis=1,
    rows=(0, 1),
    over_list=True,
)
example("concatenate", spread(2, 4, seed=1), spread(3, 4, seed=2), axis=0, rows=(), over_list=True)
example("stack", spread(4, seed=1), spread(4, seed=2), axis=0, rows=(), over_list=True)

# Losses
for _shape in [(3, 4), (1, 1), (2, 3, 4)]:
    example("mean_squared_error", spread(*_shape, seed=1), spread(*_shape, seed=2), rows=(0, 1))
    example(
        "binary_crossentropy",
        spread(*_shape, low=0, high=0.9, seed=1),
        spread(*_shape, low=0.1, high=0.8, seed=2),
        rows=(0, 1),
    )
    example(
        "binary_crossentropy",
        spread(*_shape, low=0, high=0.9, seed=1),
        spread(*_shape, low=-4, high=4, seed=2),
        from_logits=True,
        rows=(0, 1),
    )
for _shape in [(3, 4), (1, 2), (2, 3, 4)]:
    _target = shares(*_shape, seed=1)
    _class = labels(*_shape[:-1], classes=_shape[-1])
    # Probabilities need not add up to 1: the loss divides them by their sum.
    _positive = spread(*_shape, low=0.2, high=1.5, seed=2)
    _logits = spread(*_shape, low=-3, high=3, seed=2)
    example("categorical_crossentropy", _target, _positive, rows=(0, 1))
    example("categorical_crossentropy", _target, _logits, from_logits=True, rows=(0, 1))
    example("sparse_categorical_crossentropy", _class, _positive, rows=(0, 1))
    example("sparse_categorical_crossentropy", _class, _logits, from_logits=True, rows=(0, 1))
example(
    "categorical_crossentropy",
    shares(2, 4, 3, seed=1).swapaxes(1, 2),
    spread(2, 3, 4, low=-3, high=3, seed=2),
    from_logits=True,
    axis=1,
    rows=(0, 1),
)

# Recurrent networks: (name, number of states, width of the weights, shape of the bias)
example("unstack", spread(3, 4, 2), rows=())
example("unstack", spread(2, 3, 4), axis=1)
example("unstack", spread(2, 3, 4), axis=-1)
_mask = np.array([[1, 1, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0]], bool)
for _name, _states, _width, _bias in [
    ("simple_rnn", 1, 2, (2,)),
    ("lstm", 2, 8, (8,)),
    ("gru", 1, 6, (2, 6)),
]:
    for _time, _given, _settings in [
        (4, (spread(*_bias, seed=8), None), {}),
        (4, (spread(*_bias, seed=8), _mask), {}),
        (4, (None, _mask), {"zero_output_for_mask": True, "activation": "sigmoid"}),
        (1, (None, None), {}),
    ]:
        example(
            _name,
            spread(3, _time, 3, seed=1),
            *[spread(3, 2, seed=2 + i) for i in range(_states)],
            spread(3, _width, low=-1, high=1, seed=5),
            spread(2, _width, low=-1, high=1, seed=6),
            *_given,
            rows=(*range(_states + 1), *([] if _given[1] is None else [_states + 4])),
            **_settings,
        )
for _taps, _mask_or_none, _settings in [
    ((2, 3), None, {}),
    ((3, 2), np.array([[0, 1, 0], [1, 1, 0]], bool), {"padding": "same", "strides": (2, 1)}),
]:
    _places = (2, 2) if not _settings else (2, 4)
    example(
        "conv_lstm",
        spread(2, 3, 3, 4, 2, seed=1),
        spread(2, *_places, 1, seed=2),
        spread(2, *_places, 1, seed=3),
        spread(*_taps, 2, 4, low=-1, high=1, seed=5),
        spread(*_taps, 1, 4, low=-1, high=1, seed=6),
        spread(4, seed=8),
        _mask_or_none,
        rows=(0, 1, 2) if _mask_or_none is None else (0, 1, 2, 6),
        **_settings,
    )

# Convolutions, pooling and batch normalisation
CONVOLUTIONS = [  # input, kernel, settings
    ((2, 5, 2), (3, 2, 3), {}),
    ((2, 6, 2), (3, 2, 2), {"padding": "causal", "dilation_rate": 2}),
    ((1, 4, 1), (2, 1, 2), {"padding": "causal", "strides": 2}),
    ((1, 7, 1), (1, 1, 1), {"strides": 2}),
    ((2, 4, 5, 2), (3, 2, 2, 3), {"padding": "same", "activation": "relu"}),
    ((2, 6, 5, 2), (2, 3, 2, 2), {"padding": "same", "strides": (2, 3), "activation": "tanh"}),
    ((1, 5, 6, 1), (2, 2, 1, 2), {"dilation_rate": (2, 3)}),
    ((2, 3, 4, 4), (2, 2, 2, 4), {"groups": 2, "activation": "sigmoid"}),
    ((2, 5, 4, 3), (3, 2, 1, 3), {"groups": 3, "strides": 2, "padding": "same"}),
    ((1, 3, 2, 3, 2), (2, 1, 2, 2, 2), {}),
    ((1, 4, 3, 3, 1), (2, 2, 3, 1, 2), {"strides": (2, 1, 2), "padding": "same"}),
]
for _x, _kernel, _settings in CONVOLUTIONS:
    _bias = spread(_kernel[-1], seed=3)
    example("conv", spread(*_x, seed=1), spread(*_kernel, seed=2), _bias, **_settings)
example("conv", spread(2, 4, 4, 2, seed=1), spread(2, 2, 2, 3, seed=2), None)
for _shape, _settings in (
    ((2, 3, 4, 2), {"size": (5, 7)}),
    ((2, 6, 5, 1), {"size": (3, 2), "antialias": True}),
    ((1, 3, 5, 2), {"size": (7, 3), "interpolation": "nearest"}),
):
    example("resize", spread(*_shape, seed=1), **_settings)
example("resize", spread(3, 2, 2, seed=2), size=(2, 4), rows=())
for _settings in (
    {"size": 2},
    {"size": (2, 3), "strides": 1, "padding": "same"},
    {"size": 2, "strides": (1, 2), "dilation_rate": (2, 1)},
):
    example("extract_patches", spread(2, 4, 5, 2, seed=1), **_settings)
example("extract_patches", spread(3, 4, 2, seed=1), size=(3, 2), rows=())
for _x, _kernel, _bias, _settings in (
    ((2, 5, 2), (3, 2, 2), spread(4), {"padding": "causal", "dilation_rate": 2}),
    ((2, 4, 5, 3), (2, 3, 3, 1), spread(3), {"strides": (2, 1), "activation": "tanh"}),
    ((2, 3, 4, 2), (3, 2, 2, 3), None, {"padding": "same", "strides": 2}),
    ((1, 3, 2, 3, 1), (2, 2, 2, 1, 2), spread(2), {"activation": "sigmoid"}),
):
    example("depthwise_conv", spread(*_x, seed=1), spread(*_kernel, seed=2), _bias, **_settings)

TRANSPOSED = [  # input, kernel (taps, filters, channels), settings
    ((2, 3, 2), (3, 3, 2), {}),
    ((2, 3, 2), (2, 1, 2), {"strides": 3}),
    ((2, 3, 1), (4, 2, 1), {"strides": 2, "padding": "same"}),
    ((1, 4, 2), (2, 2, 2), {"dilation_rate": 3, "padding": "same", "activation": "relu"}),
    ((2, 2, 3, 2), (3, 2, 3, 2), {"strides": (2, 1), "activation": "tanh"}),
    ((1, 2, 3, 2), (3, 3, 1, 2), {"strides": 2, "padding": "same", "output_padding": (0, 1)}),
    ((1, 3, 2, 1), (2, 3, 2, 1), {"strides": 2, "output_padding": 1}),
    ((1, 2, 2, 1, 1), (2, 1, 2, 2, 1), {"strides": (1, 2, 2)}),
]
for _x, _kernel, _settings in TRANSPOSED:
    _bias = spread(_kernel[-2], seed=3)
    example("conv_transpose", spread(*_x, seed=1), spread(*_kernel, seed=2), _bias, **_settings)
example("conv_transpose", spread(2, 3, 2, seed=1), spread(2, 1, 2, seed=2), None)

for _name in ["max_pool", "average_pool"]:
    example(_name, spread(2, 5, 2))
    example(_name, spread(2, 5, 1), pool_size=3, strides=1, padding="same")
    example(_name, spread(2, 5, 6, 2), pool_size=(2, 3))
    example(_name, spread(1, 5, 4, 2), pool_size=3, strides=2, padding="same")
    example(_name, spread(1, 4, 4, 1), pool_size=(3, 2), strides=(1, 2))
    example(_name, spread(1, 3, 4, 2, 2), pool_size=2, padding="same")
    example(_name, spread(2, 4, 1, low=-3, high=-1), pool_size=3, padding="same", strides=1)

_channels = (spread(2, seed=2), spread(2, seed=3))
example("batch_norm", spread(5, 2, seed=1), *_channels, reduces_rows=True)
example("batch_norm", spread(4, 3, 2, seed=1), *_channels, epsilon=0.1, reduces_rows=True)
example("batch_norm", spread(4, 2, seed=1), None, None, reduces_rows=True)
_mask = np.array([[True, False, True], [True, True, False]])
example("batch_norm", spread(2, 3, 2, seed=1), *_channels, mask=_mask, rows=())

# What is promised where the examples above may not stand
promise("the sum gives its gradient to each", "sum", ([1.0, 2.0],), ([1, 1],))
promise("the derivative at 0 is 0", "relu", ([-1.0, 0.0, 1.0],), ([0, 0, 1],))
promise(
    "relu inside has slope 0 at 0", "dense", ([[-1.0, 0.0, 1.0]], np.eye(3), None),
    ([[0, 0, 1]], None), activation="relu",
)  # fmt: skip
promise("the derivative at 0 is alpha", "elu", ([-1e-300, 0.0, 1.0],), ([0.3, 0.3, 1],), alpha=0.3)
promise("the derivative at 0 is 0", "abs", ([-2.0, 0.0, 2.0],), ([-1, 0, 1],))
promise("no derivative at its ends", "hard_sigmoid", ([-3.0, 0.0, 3.0],), ([0, 1 / 6, 0],))
promise("the ends have a derivative", "clip", ([0.0, 1.0, 1.5],), ([1, 1, 0],), x_min=0, x_max=1)
promise("equals share", "max", ([1.0, 3.0, 3.0],), ([0, 0.5, 0.5],))
promise("equals share", "min", ([1.0, 1.0, 1.0, 3.0],), ([1 / 3, 1 / 3, 1 / 3, 0],))
promise("rows", "max", ([[2.0, 2.0], [0.0, 5.0]],), ([[0.5, 0.5], [0, 1]],), axis=1)
promise("the first of two equals", "maximum", ([1.0, 2.0], [1.0, 3.0]), ([1, 0], [0, 1]))
promise("the first of two equals", "minimum", ([1.0, 2.0], [1.0, 3.0]), ([1, 1], [0, 0]))
promise(
    "no slope of the exponent where the base is not positive", "power",
    ([2.0, 0.0, -3.0], [2.0, 2.0, 2.0]), ([4, 0, -6], [4 * math.log(2), 0, 0]),
)  # fmt: skip
promise("first power at 0", "power", ([0.0], [1.0]), ([1], None))
promise("second power at 0", "power", ([0.0], [2.0]), ([0], [0]))
promise("power 0", "power", ([0.0, 2.0], [0.0, 0.0]), ([0, 0], None))
promise("0 to a power below 1 is vertical", "power", ([0.0, 4.0], [0.5, 0.5]), ([0, 0.25], None))
promise("0 to a negative power is infinite", "power", ([0.0], [-1.0]), ([-np.inf], None))
promise("an infinite power of a fraction is 0", "power", ([0.5], [np.inf]), ([0], [0]))
promise("infinity to the power 0 is 1", "power", ([np.inf], [0.0]), ([0], [0]))
promise("vertical at 0", "sqrt", ([0.0, 1.0, 4.0],), ([0, 0.5, 0.25],))
for _name in ["silu", "gelu", "relu6"]:
    promise("0 at minus infinity", _name, ([-np.inf, 0.0],), ([0, 0 if _name == "relu6" else 0.5],))
promise("one zero has a slope", "prod", ([2.0, 0.0, 3.0],), ([0, 6, 0],))
promise("two zeros have none", "prod", ([0.0, 0.0, 3.0],), ([0, 0, 0],))
promise("read twice", "getitem", ([5.0, 6.0, 7.0],), ([2, 0, 1],), key=[0, 0, 2])
for _name in ["mean_squared_error", "binary_crossentropy"]:
    promise("no features", _name, (np.ones((2, 0)), np.ones((2, 0))), ([[], []], [[], []]))
promise(
    "clipped probabilities have no slope", "binary_crossentropy",
    ([[1.0, 1.0, 0.0]], [[0.0, 0.5, 1.0]]), (None, [[0, -2 / 3, 0]]),
)  # fmt: skip
promise(
    "clipped probabilities have no slope", "categorical_crossentropy",
    ([[1.0, 0.0]], [[0.0, 1.0]]), (None, [[0, 0]]),
)  # fmt: skip
promise(
    "clipped probabilities have no slope", "sparse_categorical_crossentropy",
    (np.array([0]), [[0.0, 1.0]]), (None, [[0, 0]]),
)  # fmt: skip
promise(
    "the first of equal elements",
    "max_pool",
    (np.reshape([2.0, 2, 1, 3, 3, 3], (1, 6, 1)),),
    (np.reshape([1, 0, 0, 1, 0, 0], (1, 6, 1)),),
    pool_size=3,
)
