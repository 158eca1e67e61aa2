"""The ops that everything else is made of, each with its gradient on the same screen.

In this file `g` is the gradient that arrives at the output, and every function behind a comma
takes it one step back. Broadcasting needs no care here: the tape sums a gradient back to its
input's shape.
"""

import math

from .. import backend
from ..backend import array_module
from ..tensor import Operators, Tensor, as_array, op, to_operand

# ---------------------------------------------------------------------------------------------
# Making tensors


def convert_to_tensor(x, dtype=None):
    """A tensor of `x`; a tensor stays as it is unless another dtype is asked for."""
    if not isinstance(x, Tensor):
        x = Tensor(to_operand(x))
    return x if dtype is None or x.dtype == backend.standard_dtype(dtype) else cast(x, dtype)


def convert_to_numpy(x):
    """The value of `x` as a NumPy array on the host."""
    return convert_to_tensor(x).numpy()


def full(shape, fill_value, dtype=None):
    """A tensor of the given shape, filled with one number."""
    xp = array_module()
    return Tensor(xp.full(shape, fill_value, backend.standard_dtype(dtype)))


def zeros(shape, dtype=None):
    """A tensor of zeros."""
    return full(shape, 0, dtype)


def ones(shape, dtype=None):
    """A tensor of ones."""
    return full(shape, 1, dtype)


# ---------------------------------------------------------------------------------------------
# Arithmetic


@op
def add(a, b, /):
    """a + b"""
    return a + b, (lambda g: g, lambda g: g)


@op
def subtract(a, b, /):
    """a - b"""
    return a - b, (lambda g: g, lambda g: -g)


@op
def multiply(a, b, /):
    """a * b"""
    return a * b, (lambda g: g * b, lambda g: g * a)


@op
def divide(a, b, /):
    """a / b"""
    y = a / b
    return y, (lambda g: g / b, lambda g: -g * y / b)


@op
def floor_divide(a, b, /):
    """The largest integer below a / b; it has no gradient."""
    return a // b, None


@op
def mod(a, b, /):
    """a - b * floor(a / b)"""
    xp = array_module(a, b)
    return a % b, (lambda g: g, lambda g: -g * xp.floor(a / b))


@op
def power(a, b, /):
    """a ** b. The gradient of the exponent is a^b log a, and 0 where a is not positive."""
    xp = array_module(a, b)
    y = a**b

    def to_exponent(g):
        positive = xp.asarray(a) > 0
        return g * y * xp.log(xp.where(positive, a, 1))

    # Where b is 0 so is the slope; lowering b there would divide by zero at a = 0.
    return y, (lambda g: g * b * a ** (b - (b != 0)), to_exponent)


@op
def negative(a, /):
    """-a"""
    return -a, (lambda g: -g,)


@op(name="abs")
def absolute(a, /):
    """|a|; the gradient at 0 is 0."""
    xp = array_module(a)
    return xp.abs(a), (lambda g: g * xp.sign(a),)


@op
def matmul(a, b, /):
    """a @ b over the last two axes: (..., n, k) @ (..., k, m) -> (..., n, m).

    Raises ValueError, with both shapes, where the inner sizes differ.
    """
    xp = array_module(a, b)
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"matmul: cannot multiply shapes {a.shape} and {b.shape}: the last axis of the first "
            "must be as long as the last but one of the second"
        )

    def to_a(g):  # g (..., n, m) @ b^T (..., m, k)
        if b.ndim == 1:
            return g[..., None] * b
        g = g[..., None, :] if a.ndim == 1 else g
        da = g @ xp.swapaxes(b, -1, -2)
        return da[..., 0, :] if a.ndim == 1 else da

    def to_b(g):  # a^T (..., k, n) @ g (..., n, m)
        if a.ndim == 1:
            return a[:, None] * g[..., None, :] if b.ndim > 1 else a * g
        if b.ndim == 1:
            return (a * g[..., None]).reshape(-1, len(b)).sum(0)
        if b.ndim == 2:  # one product for all leading axes, instead of a sum of many
            return a.reshape(-1, a.shape[-1]).T @ g.reshape(-1, g.shape[-1])
        return xp.swapaxes(a, -1, -2) @ g

    return a @ b, (to_a, to_b)


# ---------------------------------------------------------------------------------------------
# Element by element


@op
def square(a, /):
    """a^2"""
    return a * a, (lambda g: 2 * g * a,)


@op
def sqrt(a, /):
    """The square root."""
    y = array_module(a).sqrt(a)
    return y, (lambda g: g / (2 * y),)


@op
def exp(a, /):
    """e^a"""
    y = array_module(a).exp(a)
    return y, (lambda g: g * y,)


@op
def log(a, /):
    """The natural logarithm."""
    return array_module(a).log(a), (lambda g: g / a,)


@op
def sin(a, /):
    """The sine."""
    xp = array_module(a)
    return xp.sin(a), (lambda g: g * xp.cos(a),)


@op
def cos(a, /):
    """The cosine."""
    xp = array_module(a)
    return xp.cos(a), (lambda g: -g * xp.sin(a),)


@op
def maximum(a, b, /):
    """The larger of two; where they are equal, the gradient goes to the first."""
    xp = array_module(a, b)
    return xp.maximum(a, b), (lambda g: g * (a >= b), lambda g: g * (a < b))


@op
def minimum(a, b, /):
    """The smaller of two; where they are equal, the gradient goes to the first."""
    xp = array_module(a, b)
    return xp.minimum(a, b), (lambda g: g * (a <= b), lambda g: g * (a > b))


@op
def where(condition, a, b, /):
    """a where the condition holds, else b."""
    xp = array_module(condition, a, b)
    return xp.where(condition, a, b), (
        None,
        lambda g: g * (condition != 0),
        lambda g: g * (condition == 0),
    )


@op
def identity(x, /):
    """x itself, as a new tensor."""
    return x, (lambda g: g,)


@op
def cast(x, /, dtype):
    """x in another dtype; the gradient comes back in the old one."""
    return x.astype(backend.standard_dtype(dtype)), (lambda g: g,)


# ---------------------------------------------------------------------------------------------
# Comparison: True or False, no gradient


@op
def equal(a, b, /):
    """a == b, element by element."""
    return a == b, None


@op
def not_equal(a, b, /):
    """a != b, element by element."""
    return a != b, None


@op
def less(a, b, /):
    """a < b"""
    return a < b, None


@op
def less_equal(a, b, /):
    """a <= b"""
    return a <= b, None


@op
def greater(a, b, /):
    """a > b"""
    return a > b, None


@op
def greater_equal(a, b, /):
    """a >= b"""
    return a >= b, None


# ---------------------------------------------------------------------------------------------
# Reductions: many numbers become one


def stretch(g, shape, axis, keepdims):
    """Bring a reduced gradient back to the shape before the reduction, as a broadcast view."""
    xp = array_module(g)
    if axis is not None and not keepdims:
        axes = axis if isinstance(axis, tuple) else (axis,)
        g = xp.expand_dims(g, tuple(a % len(shape) for a in axes))
    return xp.broadcast_to(g, shape)


@op(name="sum")
def reduce_sum(x, /, axis=None, keepdims=False):
    """The sum over `axis` (all axes if None)."""
    y = x.sum(axis=axis, keepdims=keepdims)
    return y, (lambda g: stretch(g, x.shape, axis, keepdims),)


@op
def mean(x, /, axis=None, keepdims=False):
    """The mean over `axis` (all axes if None)."""
    x = x if x.dtype.kind == "f" else x.astype(backend.floatx())
    y = x.sum(axis=axis, keepdims=keepdims)
    count = x.size // y.size if y.size else math.prod(x.shape[a] for a in axes_of(axis, x.ndim))
    scale = 1 / count if count else math.nan  # the mean of nothing is not a number
    return y * scale, (lambda g: stretch(g * scale, x.shape, axis, keepdims),)


def axes_of(axis, ndim):
    """The axes that a reduction runs over, as a tuple."""
    return range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def extremum(x, axis, keepdims, find):
    """The largest or smallest value; a gradient is shared evenly among equals."""
    y = find(x, axis=axis, keepdims=True)

    def back(g):
        hit = x == y
        share = hit / hit.sum(axis=axis, keepdims=True)
        return (stretch(g, x.shape, axis, keepdims) * share).astype(x.dtype)

    return y if keepdims else y.squeeze(axis), (back,)


@op(name="max")
def reduce_max(x, /, axis=None, keepdims=False):
    """The largest value over `axis` (all axes if None)."""
    return extremum(x, axis, keepdims, array_module(x).max)


@op(name="min")
def reduce_min(x, /, axis=None, keepdims=False):
    """The smallest value over `axis` (all axes if None)."""
    return extremum(x, axis, keepdims, array_module(x).min)


@op
def argmax(x, /, axis=None):
    """The place of the largest value; it has no gradient."""
    return x.argmax(axis), None


@op
def argmin(x, /, axis=None):
    """The place of the smallest value; it has no gradient."""
    return x.argmin(axis), None


# ---------------------------------------------------------------------------------------------
# The same numbers in another arrangement


@op
def reshape(x, /, newshape):
    """The same values, row by row, in another shape; one entry may be -1.

    Raises ValueError, with both shapes, where the number of values differs.
    """
    newshape = (newshape,) if isinstance(newshape, int) else tuple(newshape)
    try:
        target = resolve_unknown(x.shape, newshape)
        return x.reshape(target), (lambda g: g.reshape(x.shape),)
    except ValueError:
        raise ValueError(
            f"reshape: values of shape {x.shape} do not fit into shape {newshape}"
        ) from None


def resolve_unknown(shape, newshape):
    """`newshape` with -1 replaced, also for an array without rows, where NumPy cannot tell."""
    if math.prod(shape):
        return newshape
    if newshape[:1] == (-1,):
        return (0, *newshape[1:])
    have, want = math.prod(shape[1:]), math.prod(n for n in newshape[1:] if n != -1)
    if -1 not in newshape:
        # No values fit into any shape without rows. A drawing asks for all other batches too.
        if backend.context.drawing is not None and newshape[:1] == shape[:1] and have != want:
            raise ValueError
        return newshape
    if have % (want or 1):
        raise ValueError
    place = newshape.index(-1)
    return (*newshape[:place], have // (want or 1), *newshape[place + 1 :])


@op
def transpose(x, /, axes=None):
    """The axes in another order; reversed if none is given."""
    axes = tuple(range(x.ndim))[::-1] if axes is None else tuple(axes)
    back = (
        tuple(axes.index(i) for i in range(x.ndim)) if sorted(axes) == list(range(x.ndim)) else None
    )
    if back is None:
        raise ValueError(
            f"transpose: axes={axes} is no order of the {x.ndim} axes of shape {x.shape}"
        )
    return x.transpose(axes), (lambda g: g.transpose(back),)


@op
def expand_dims(x, /, axis):
    """A new axis of size 1 at place `axis`."""
    return array_module(x).expand_dims(x, axis), (lambda g: g.reshape(x.shape),)


@op
def squeeze(x, /, axis=None):
    """Without the axes of size 1 (or without the one that `axis` names)."""
    return x.squeeze(axis), (lambda g: g.reshape(x.shape),)


@op
def broadcast_to(x, /, shape):
    """x repeated along axes of size 1 until it has `shape`."""
    return array_module(x).broadcast_to(x, shape), (lambda g: g,)


@op
def getitem(x, /, key):
    """x[key], for integers, slices, `...`, None and integer arrays."""
    xp, key = array_module(x), index_key(key)
    parts = key if isinstance(key, tuple) else (key,)
    once = all(k is None or k is ... or isinstance(k, (int, slice)) for k in parts)

    def back(g):
        dx = xp.zeros(x.shape, g.dtype)
        if once:
            dx[key] = g
        else:
            xp.add.at(dx, key, g)  # an element that was read twice gets both gradients
        return dx

    return x[key], (back,)


def index_key(key):
    """An index without tensors in it."""
    parts = tuple(as_array(k) for k in (key if isinstance(key, tuple) else (key,)))
    return parts if isinstance(key, tuple) else parts[0]


def check_axis(axis, ndim, name):
    """The place of an axis from the front, or a ValueError that names it."""
    if not isinstance(axis, int) or not -ndim <= axis < ndim:
        raise ValueError(f"{name}: axis={axis!r} is no axis of an array with {ndim} axes")
    return axis % ndim


@op
def concatenate(*arrays, axis=-1):
    """Several arrays joined along one existing axis.

    Raises ValueError, with all shapes, where another axis differs.
    """
    xp = array_module(*arrays)
    if not arrays or not all(hasattr(a, "shape") and a.shape for a in arrays):
        raise ValueError("concatenate: give a list of at least one array, each with an axis")
    shapes = [a.shape for a in arrays]
    place = check_axis(axis, len(shapes[0]), "concatenate")
    rests = {(len(s), *s[:place], *s[place + 1 :]) for s in shapes}
    if len(rests) > 1:
        raise ValueError(
            f"concatenate: shapes {', '.join(map(str, shapes))} differ in an axis other than "
            f"axis={axis}"
        )
    ends = [0]
    for shape in shapes:
        ends.append(ends[-1] + shape[place])

    def part(start, stop):
        return lambda g: g[(slice(None),) * place + (slice(start, stop),)]

    ways = tuple(part(*edges) for edges in zip(ends[:-1], ends[1:], strict=True))
    return xp.concatenate(arrays, place), ways


@op
def stack(*arrays, axis=0):
    """Several arrays of one shape, joined along a new axis."""
    xp = array_module(*arrays)
    if not arrays:
        raise ValueError("stack: give a list of at least one array")
    arrays = [xp.asarray(a) for a in arrays]
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        raise ValueError(
            f"stack: all shapes must be equal, got {', '.join(str(a.shape) for a in arrays)}"
        )
    place = check_axis(axis, arrays[0].ndim + 1, "stack")
    y = xp.stack(arrays, place)
    ways = tuple(lambda g, i=i: g[(slice(None),) * place + (i,)] for i in range(len(arrays)))
    return y, ways


# ---------------------------------------------------------------------------------------------
# Operators: tensors and symbols share them through the empty class `Operators`


def pair(fn):
    """The two methods of an operator: `self op other` and `other op self`."""
    return (lambda self, other: fn(self, other)), (lambda self, other: fn(other, self))


Operators.__add__, Operators.__radd__ = pair(add)
Operators.__sub__, Operators.__rsub__ = pair(subtract)
Operators.__mul__, Operators.__rmul__ = pair(multiply)
Operators.__truediv__, Operators.__rtruediv__ = pair(divide)
Operators.__floordiv__, Operators.__rfloordiv__ = pair(floor_divide)
Operators.__mod__, Operators.__rmod__ = pair(mod)
Operators.__pow__, Operators.__rpow__ = pair(power)
Operators.__matmul__, Operators.__rmatmul__ = pair(matmul)
Operators.__lt__, Operators.__gt__ = pair(less)[0], pair(greater)[0]
Operators.__le__, Operators.__ge__ = pair(less_equal)[0], pair(greater_equal)[0]
Operators.__neg__ = lambda self: negative(self)
Operators.__abs__ = lambda self: absolute(self)
Operators.__getitem__ = lambda self, key: getitem(self, key=key)

abs, sum, max, min = absolute, reduce_sum, reduce_max, reduce_min
