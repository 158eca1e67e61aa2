"""The ops that everything else is made of, each with its gradient on the same screen.

In this file `g` is the gradient that arrives at the output, and every function behind a comma
takes it one step back. Broadcasting needs no care here: the tape sums a gradient back to its
input's shape.
"""

import math
from itertools import accumulate, pairwise, starmap

from .. import backend
from ..backend import array_module
from ..checks import is_size
from ..tensor import Operators, PlaceError, Tensor, as_array, op, to_operand

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


def eye(n, m=None, k=0, dtype=None):
    """The identity matrix with `n` rows and `m` columns (n if None), its ones moved `k` right."""
    return Tensor(array_module().eye(n, m, k, dtype=backend.standard_dtype(dtype)))


def arange(start, stop=None, step=1, dtype=None):
    """The numbers start, start + step, ... below `stop`; from 0 if one number is given."""
    whole = {type(start), type(stop), type(step)} <= {int, type(None)}
    dtype = "int32" if dtype is None and whole else dtype
    first, last = (0, start) if stop is None else (start, stop)
    return Tensor(array_module().arange(first, last, step, backend.standard_dtype(dtype)))


def linspace(start, stop, num=50, endpoint=True, dtype=None):
    """A row of `num` evenly spaced numbers from `start` to `stop`, the last one if `endpoint`."""
    numbers = array_module().linspace(start, stop, num, endpoint=endpoint)
    return Tensor(numbers.astype(backend.standard_dtype(dtype)))


@op
def zeros_like(x, /, dtype=None):
    """Zeros in the shape of x."""
    return array_module(x).zeros_like(x, dtype and backend.standard_dtype(dtype)), None


@op
def ones_like(x, /, dtype=None):
    """Ones in the shape of x."""
    return array_module(x).ones_like(x, dtype and backend.standard_dtype(dtype)), None


def shape(x):
    """The sizes of all axes, as a tuple; None for one that a symbolic tensor does not know."""
    return tuple(x.shape) if hasattr(x, "shape") else convert_to_tensor(x).shape


# ---------------------------------------------------------------------------------------------
# Arithmetic


@op
def add(a, b, /):
    """The sum of two, element by element: a + b."""
    return a + b, (lambda g: g, lambda g: g)


@op
def subtract(a, b, /):
    """The difference of two, element by element: a - b."""
    return a - b, (lambda g: g, lambda g: -g)


@op
def multiply(a, b, /):
    """The product of two, element by element: a * b."""
    return a * b, (lambda g: g * b, lambda g: g * a)


@op
def divide(a, b, /):
    """The quotient of two, element by element: a / b."""
    y = a / b
    return y, (lambda g: g / b, lambda g: -g * y / b)


@op
def mod(a, b, /):
    """The rest of a division: a - b * floor(a / b)."""
    xp = array_module(a, b)
    return a % b, (lambda g: g, lambda g: -g * xp.floor(a / b))


@op
def power(a, b, /):
    """The first to the power of the second: a^b.

    The gradient of the exponent is a^b log a, and 0 where a is not positive.
    """
    xp = array_module(a, b)
    y = a**b

    def to_exponent(g):
        positive = xp.asarray(a) > 0
        return g * y * xp.log(xp.where(positive, a, 1))

    # Where b is 0 so is the slope; lowering b there would divide by zero at a = 0.
    return y, (lambda g: g * b * a ** (b - (b != 0)), to_exponent)


@op
def matmul(a, b, /):
    """The matrix product over the last two axes: a @ b.

        y[i, j] = sum over k of a[i, k] * b[k, j]

    Shapes: (..., n, k), (..., k, m) -> (..., n, m).
    Raises ValueError, with both shapes, where the inner sizes differ.
    """
    xp = array_module(a, b)
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"matmul: cannot multiply shapes {a.shape} and {b.shape}: the last axis of the first "
            "must be as long as the last but one of the second"
        )

    backend.take_room(*a.shape[:-1], *b.shape[:-2], *b.shape[-1:])

    def to_a(g):  # g (..., n, m) @ b^T (..., m, k)
        if b.ndim == 1:
            return g[..., None] * b
        g = g[..., None, :] if a.ndim == 1 else g
        return g @ xp.swapaxes(b, -1, -2)

    def to_b(g):  # a^T (..., k, n) @ g (..., n, m)
        if a.ndim == 1:
            return a[:, None] * g[..., None, :] if b.ndim > 1 else a * g
        if b.ndim == 1:
            return a * g[..., None]
        if b.ndim == 2:  # one product for all leading axes, instead of a sum of many
            return a.reshape(-1, a.shape[-1]).T @ g.reshape(-1, g.shape[-1])
        return xp.swapaxes(a, -1, -2) @ g

    return a @ b, (to_a, to_b)


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def contract(arrays, inputs, output):
    """The sum of products that einsum writes as "ij,jk->ik": `inputs` ["ij", "jk"], output "ik"."""
    xp = array_module(*arrays)
    if any(len(set(labels)) < len(labels) for labels in [*inputs, output]):
        raise ValueError(f"einsum: a letter stands twice in one of {inputs}, {output!r}: use diag")

    shapes = sum((a.shape for a in arrays), ())
    sizes = dict(zip("".join(map("".join, inputs)), shapes, strict=True))
    backend.take_room(*(sizes[c] for c in (output if len(arrays) < 3 else sizes)))

    def product(operands, labels, result):
        return xp.einsum(f"{','.join(labels)}->{result}", *operands, optimize=True)

    def way(i):  # as for matrices: the gradient times all other factors, over all other letters
        others, labels = [*arrays[:i], *arrays[i + 1 :]], [*inputs[:i], *inputs[i + 1 :]]
        sizes = dict(zip(inputs[i], arrays[i].shape, strict=True))
        alone = "".join(c for c in inputs[i] if c not in output + "".join(labels))

        def back(g):
            ones = xp.ones([sizes[c] for c in alone], g.dtype)
            return product([g, *others, ones], [output, *labels, alone], inputs[i])

        return back

    return product(arrays, inputs, output), tuple(way(i) for i in range(len(arrays)))


@op(name="einsum")
def einsum_op(*arrays, subscripts):
    """See `einsum`."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(arrays):
        raise ValueError(f"einsum: {subscripts!r} names {len(inputs)} arrays, got {len(arrays)}")
    extra = [a.ndim - len(s.replace("...", "")) for a, s in zip(arrays, inputs, strict=True)]
    free = [c for c in LETTERS if c not in subscripts][: max([0, *extra])]
    if not arrow:
        named = left.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(c for c in set(named) if named.count(c) == 1))
    for i, axes in enumerate(extra):
        if axes < 0 or (axes and "..." not in inputs[i]):
            raise ValueError(f"einsum: {inputs[i]!r} does not fit an array of {arrays[i].shape}")
        inputs[i] = inputs[i].replace("...", "".join(free[len(free) - axes :]))
    return contract(arrays, inputs, output.replace("...", "".join(free)))


def einsum(subscripts, *operands):
    """Sums of products, written with a letter for each axis: `einsum("bi,ij->bj", x, w)`.

    Letters that are missing behind the arrow are summed over; `...` stands for further axes.

    Raises ValueError where a letter stands twice in one place, or letters and axes do not fit.
    """
    return einsum_op(list(operands), subscripts=subscripts)


@op
def tensordot(a, b, /, axes=2):
    """The sum of products over the last `axes` axes of a and the first of b.

    `axes` may also be a pair of lists: the axes of a, and those of b that they meet.

    Shapes: (n, k), (k, m) -> (n, m), with axes=1.
    """
    pairs = (range(-axes, 0), range(axes)) if isinstance(axes, int) else axes
    first, second = ([p] if isinstance(p, int) else list(p) for p in pairs)
    of_a, of_b = LETTERS[: a.ndim], list(LETTERS[a.ndim : a.ndim + b.ndim])
    for i, j in zip(first, second, strict=True):
        of_b[j] = of_a[i]
    shared = set(of_a) & set(of_b)
    output = "".join(c for c in [*of_a, *of_b] if c not in shared)
    return contract([a, b], [of_a, "".join(of_b)], output)


@op
def dot(a, b, /):
    """The sum of products over the last axis of a and the last but one of b; numbers multiply.

    Shapes: (n), (n) -> (), or (..., n, k), (..., k, m) -> (..., n, ..., m).
    """
    xp = array_module(a, b)
    if 0 in (xp.ndim(a), xp.ndim(b)):
        return multiply.__wrapped__(a, b)
    return tensordot.__wrapped__(a, b, axes=(-1, -2 if b.ndim > 1 else 0))


def outer(a, b):
    """Each number of a times each number of b: y[i, j] = a[i] * b[j].

    Shapes: (n), (m) -> (n, m).
    """
    return multiply(reshape(a, (-1, 1)), reshape(b, (-1,)))


# ---------------------------------------------------------------------------------------------
# Element by element


def named(name, text, fn):
    """An op of that name and docstring, for families of functions that differ in little."""
    fn.__name__, fn.__qualname__, fn.__doc__ = name, name, text
    return op(fn)


def elementwise(name, text, slope=None):
    """The op y = xp.<name>(x); `slope(xp, x, y)` is its derivative, None if it has none."""

    def fn(x, /):
        xp = array_module(x)
        y = getattr(xp, name)(x)
        return y, (lambda g: g * slope(xp, x, y),) if slope else None

    return named(name, text, fn)


# fmt: off
negative = elementwise("negative", "The number with the other sign: -x.", lambda xp, x, y: -1)
absolute = elementwise("abs", "The size |x|; the slope at 0 is 0.", lambda xp, x, y: xp.sign(x))
square = elementwise("square", "The square: x^2.", lambda xp, x, y: 2 * x)
sqrt = elementwise("sqrt", "The square root: x^(1/2).", lambda xp, x, y: 0.5 / y)
exp = elementwise("exp", "The exponential: e^x.", lambda xp, x, y: y)
expm1 = elementwise("expm1", "The value e^x - 1, exact near 0.", lambda xp, x, y: y + 1)
log = elementwise("log", "The natural logarithm: log x.", lambda xp, x, y: 1 / x)
log1p = elementwise("log1p", "The value log(1 + x), exact near 0.", lambda xp, x, y: 1 / (1 + x))
sin = elementwise("sin", "The sine of an angle in radians.", lambda xp, x, y: xp.cos(x))
cos = elementwise("cos", "The cosine of an angle in radians.", lambda xp, x, y: -xp.sin(x))
sign = elementwise("sign", "The sign: -1, 0 or 1; no gradient.")
floor = elementwise("floor", "The whole number below; no gradient.")
ceil = elementwise("ceil", "The whole number above; no gradient.")
isnan = elementwise("isnan", "Whether x is not a number.")
logical_not = elementwise("logical_not", "Whether x is 0, or false: not x.")
# fmt: on


def comparison(name, text):
    """The op xp.<name>(a, b), which has no gradient."""

    def fn(a, b, /):
        return getattr(array_module(a, b), name)(a, b), None

    return named(name, text, fn)


equal = comparison("equal", "Where two are the same: a == b.")
not_equal = comparison("not_equal", "Where two differ: a != b.")
less = comparison("less", "Where the first is smaller: a < b.")
less_equal = comparison("less_equal", "Where the first is not larger: a <= b.")
greater = comparison("greater", "Where the first is larger: a > b.")
greater_equal = comparison("greater_equal", "Where the first is not smaller: a >= b.")
logical_and = comparison("logical_and", "Where both are true, or not 0: a and b.")
logical_or = comparison("logical_or", "Where one of both is true, or not 0: a or b.")
floor_divide = comparison("floor_divide", "The largest integer below a / b; it has no gradient.")

# erf where |x| <= 6, in steps of 1/256; beyond, it is 1 to the last digit.
ERF = array_module().array([math.erf(k / 256) for k in range(6 * 256 + 1)])


def erf_forward(xp, x):
    """erf(x) by its Taylor series of fourth order around the nearest place of the table."""
    size = xp.minimum(xp.abs(x), 6)
    place = (size * 256 + 0.5).astype("int32")
    a = place.astype(x.dtype) / 256
    h = size - a
    series = 1 - h * (a - h * ((2 * a * a - 1) / 3 + h * a * (3 - 2 * a * a) / 6))
    slope = 2 / math.sqrt(math.pi) * xp.exp(-a * a)
    return xp.sign(x) * (xp.asarray(ERF, x.dtype)[place] + slope * h * series)


@op
def erf(x, /):
    """The error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    xp = array_module(x)
    return erf_forward(xp, x), (lambda g: g * 2 / math.sqrt(math.pi) * xp.exp(-x * x),)


@op
def rsqrt(x, /):
    """One over the square root: 1 / sqrt(x)."""
    y = 1 / array_module(x).sqrt(x)
    return y, (lambda g: g * -0.5 * y / x,)


@op
def clip(x, /, x_min=None, x_max=None):
    """Each number, or the nearest between `x_min` and `x_max`; no slope outside."""
    y = array_module(x).clip(x, x_min, x_max)
    return y, (lambda g: g * (x == y),)


@op
def logaddexp(a, b, /):
    """The logarithm of a sum of exponentials: log(e^a + e^b), which never overflows."""
    xp = array_module(a, b)
    y = xp.logaddexp(a, b)
    return y, (lambda g: g * xp.exp(a - y), lambda g: g * xp.exp(b - y))


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
    """The first where the condition holds, else the second: a or b."""
    xp = array_module(condition, a, b)
    y = xp.where(condition, a, b)
    return y, (None, lambda g: g * (condition != 0), lambda g: g * (condition == 0))


@op
def identity(x, /):
    """The same numbers, as a new tensor."""
    return x, (lambda g: g,)


@op
def cast(x, /, dtype):
    """The same numbers in another dtype; the gradient comes back in the old one."""
    y = x.astype(backend.standard_dtype(dtype))
    backend.remember(y, x)
    return y, (lambda g: g,)


# ---------------------------------------------------------------------------------------------
# Reductions: many numbers become one


def axes_of(axis, ndim):
    """The axes that a reduction runs over, counted from the front, as a tuple."""
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(a % ndim for a in axes)


def take_rest(x, axis):
    """Ask for the room of what a reduction leaves, which is not empty where the batch is summed."""
    if backend.context.calls_left is not None:
        gone = axes_of(axis, x.ndim)
        backend.take_room(*(n for i, n in enumerate(x.shape) if i not in gone))


def stretch(g, shape, axis, keepdims):
    """Bring a reduced gradient back to the shape before the reduction, as a broadcast view."""
    xp = array_module(g)
    g = g if axis is None or keepdims else xp.expand_dims(g, axes_of(axis, len(shape)))
    return xp.broadcast_to(g, shape)


def add_up(x, axis, keepdims):
    """The sum over `axis`.

    Where others follow the axes, it is a product with ones, which takes a third of the time.
    """
    given = axis if isinstance(axis, tuple) else (axis,)
    known = all(a in range(-x.ndim, x.ndim) for a in given)  # else NumPy says what is wrong
    axes = axes_of(axis, x.ndim) if known else ()
    if axes and x.dtype.name in ("float32", "float64") and x.flags.c_contiguous:
        first, end = axes[0], axes[-1] + 1
        if end < x.ndim and axes == tuple(range(first, end)):
            before, behind = x.shape[:first], x.shape[end:]
            ones = array_module(x).ones(math.prod(x.shape[first:end]), x.dtype)
            total = ones @ x.reshape(math.prod(before), len(ones), math.prod(behind))
            return total.reshape(*before, *(1 for _ in axes if keepdims), *behind)
    return x.sum(axis=axis, keepdims=keepdims)


@op(name="sum")
def reduce_sum(x, /, axis=None, keepdims=False):
    """The sum over `axis` (all axes if None).

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    take_rest(x, axis)
    y = add_up(x, axis, keepdims)
    return y, (lambda g: stretch(g, x.shape, axis, keepdims),)


@op
def mean(x, /, axis=None, keepdims=False):
    """The mean over `axis` (all axes if None): sum / count.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    x = x if x.dtype.kind == "f" else x.astype(backend.floatx())
    take_rest(x, axis)
    y = add_up(x, axis, keepdims)
    count = math.prod(x.shape[a] for a in axes_of(axis, x.ndim))
    scale = 1 / count if count else math.nan  # the mean of nothing is not a number
    return y * scale, (lambda g: stretch(g * scale, x.shape, axis, keepdims),)


def extremum(x, axis, keepdims, find):
    """The largest or smallest value; a gradient is shared evenly among equals."""
    take_rest(x, axis)
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
def prod(x, /, axis=None, keepdims=False):
    """The product over `axis` (all axes if None)."""
    xp = array_module(x)

    def back(g):  # the product of all others; one zero leaves only itself a slope, two leave none
        zero = x == 0
        rest = xp.where(zero, 1, x)
        others = rest.prod(axis=axis, keepdims=True) / rest
        return (
            stretch(g, x.shape, axis, keepdims)
            * others
            * (zero.sum(axis=axis, keepdims=True) == zero)
        )

    take_rest(x, axis)
    return x.prod(axis=axis, keepdims=keepdims), (back,)


@op
def logsumexp(x, /, axis=None, keepdims=False):
    """The logarithm of the sum of e^x over `axis` (all axes if None).

        y = log sum e^(x - max) + max

    So the exponentials stay finite.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    xp = array_module(x)
    take_rest(x, axis)
    most = x.max(axis=axis, keepdims=True)
    most = xp.where(xp.isfinite(most), most, 0)
    y = most + xp.log(xp.exp(x - most).sum(axis=axis, keepdims=True))
    return (y if keepdims else y.squeeze(axis)), (
        lambda g: stretch(g, x.shape, axis, keepdims) * xp.exp(x - y),
    )


@op
def cumsum(x, /, axis=None):
    """The running sum along `axis` (of all numbers in a row if None)."""
    xp = array_module(x)
    return x.cumsum(axis), (
        lambda g: xp.flip(xp.flip(g, axis).cumsum(axis), axis).reshape(x.shape),
    )


def var(x, axis=None, keepdims=False):
    """The mean squared distance from the mean: mean (x - mean)^2 over `axis`.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    return mean(square(x - mean(x, axis, True)), axis, keepdims)


def std(x, axis=None, keepdims=False):
    """The square root of the variance over `axis`.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    return sqrt(var(x, axis, keepdims))


def norm(x, ord=2, axis=None, keepdims=False):
    """The length of vectors along `axis` (of all numbers if None).

        y = (sum |x|^ord)^(1 / ord)

    `ord` may be infinite: then it is the largest |x|.

    Shapes: (..., n) -> (...), or (..., 1) with `keepdims`.
    """
    size = absolute(x)
    if ord == math.inf:
        return reduce_max(size, axis, keepdims)
    if ord in (None, 2, "fro", "euclidean"):
        return sqrt(reduce_sum(square(size), axis, keepdims))
    return power(reduce_sum(power(size, ord), axis, keepdims), 1 / ord)


def normalize(x, axis=-1, epsilon=1e-12):
    """The vectors along `axis`, divided by their length; one shorter than 1e-6 stays short.

        y = x / sqrt(max(sum x^2, epsilon))
    """
    return x * rsqrt(maximum(reduce_sum(square(x), axis, True), epsilon))


# The rest has no gradient.


def search(name, text):
    """The op xp.<name>(x, axis), which has no gradient."""

    def fn(x, /, axis=None, keepdims=False):
        return getattr(array_module(x), name)(x, axis=axis, keepdims=keepdims), None

    return named(name, text, fn)


reduce_all = search("all", "Whether all values over `axis` are true (not 0).")
reduce_any = search("any", "Whether one value over `axis` is true (not 0).")
argmax = search("argmax", "The place of the largest value along `axis`.")
argmin = search("argmin", "The place of the smallest value along `axis`.")


@op
def argsort(x, /, axis=-1):
    """The places of the values in rising order."""
    return x.argsort(axis), None


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
            f"reshape: values of shape {x.shape} do not fit into shape {newshape}; there are "
            f"{math.prod(x.shape[1:])} in each row"
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
    """The axes in another order; reversed if none is given.

    Raises ValueError if `axes` is no order of the axes.
    """
    axes = tuple(range(x.ndim))[::-1] if axes is None else tuple(axes)
    if sorted(axes) != list(range(x.ndim)):
        raise ValueError(f"transpose: axes={axes} is no order of the axes of shape {x.shape}")
    back = sorted(range(x.ndim), key=axes.__getitem__)  # back[axes[i]] = i
    return x.transpose(axes), (lambda g: g.transpose(back),)


@op
def expand_dims(x, /, axis):
    """A new axis of size 1 at place `axis`."""
    return array_module(x).expand_dims(x, axis), (lambda g: g.reshape(x.shape),)


@op
def squeeze(x, /, axis=None):
    """The same values without the axes of size 1 (or without the one that `axis` names)."""
    return x.squeeze(axis), (lambda g: g.reshape(x.shape),)


@op
def broadcast_to(x, /, shape):
    """The same values, repeated along axes of size 1 until they have `shape`."""
    return array_module(x).broadcast_to(x, shape), (lambda g: g,)


@op
def getitem(x, /, key):
    """The part x[key], for integers, slices, `...`, None and integer arrays.

    Raises IndexError for a place that does not exist.
    """
    xp, key = array_module(x), index_key(key)
    parts = key if isinstance(key, tuple) else (key,)
    once = all(k is None or k is ... or isinstance(k, (int, slice)) for k in parts)

    if not once:
        check_key(x, parts)
        places = max([1, *(k.size for k in parts if hasattr(k, "size"))])
        backend.take_room(places, x.size // max(min(x.shape, default=1), 1))

    def back(g):
        if not once:  # an element that was read twice gets both gradients
            return add_at(x, parts, g)
        dx = xp.zeros(x.shape, g.dtype)
        dx[key] = g
        return dx

    return x[key], (back,)


def check_key(x, parts):
    """Raise PlaceError for a place that does not exist, in an index with arrays in it."""
    axis = 0
    for i, part in enumerate(parts):
        if part is ...:
            axis = x.ndim - sum(map(axes_read, parts[i + 1 :]))
            continue
        if axes_read(part) and hasattr(part, "dtype") and part.dtype.kind in "iu":
            check_places(part, x.shape[axis] if axis < x.ndim else 0)
        axis += axes_read(part)


def axes_read(part):
    """How many axes a part of an index stands for."""
    mask = hasattr(part, "dtype") and part.dtype.kind == "b"
    return 0 if part is None else part.ndim if mask else 1


def add_at(x, key, g):
    """Zeros in the shape of x, to which g is added at `key`: twice where a place stands twice."""
    if len(key) == 1 and key[0].dtype.kind in "iu":  # whole rows
        places, count = key[0] % len(x), len(x)
    else:
        places, count = array_module(x).arange(x.size).reshape(x.shape)[key], x.size
    rows = g.reshape(places.size, x.size // count if count else 0)
    return sum_at(places.reshape(-1), rows, count).reshape(x.shape)


PAIRS = {"float32": "complex64", "float64": "complex128"}  # two numbers of a type, as one


def sum_at(places, rows, count):
    """The sum of the rows that belong to each place: (n,), (n, width) -> (count, width).

    NumPy adds number by number, or by pairs in the guise of complex numbers, which takes 0.6 of
    the time. On a GPU that would need atomic sums, whose order, and so whose last bits, are left to
    chance. There the rows are sorted by place, and each takes in the sum of those before it of the
    same place, of 1, 2, 4, ... rows: the last one then holds them all.
    """
    xp, width = array_module(rows), rows.shape[1]
    places = places.astype("int64")
    if xp.__name__ == "numpy" or not rows.size:
        total = xp.zeros((count, width), rows.dtype)
        pairs = PAIRS.get(rows.dtype.name) if width % 2 == 0 else None
        if rows.size:
            added, parts = (a.view(pairs or a.dtype) for a in (xp.ascontiguousarray(rows), total))
            cells = places[:, None] * parts.shape[1] + xp.arange(parts.shape[1])
            xp.add.at(parts.reshape(-1), cells.reshape(-1), added.reshape(-1))
        return total
    order = places.argsort()
    places, rows, reach = places[order], rows[order], 1
    while reach < len(places):
        same = places[reach:, None] == places[:-reach, None]
        rows[reach:] += xp.where(same, rows[:-reach], 0)
        reach *= 2
    every = xp.arange(count)
    last = xp.maximum(xp.searchsorted(places, every, side="right") - 1, 0)
    return xp.where((places[last] == every)[:, None], rows[last], 0)


def check_places(indices, size, least=None):
    """The indices, or a PlaceError that names the range of an axis with `size` places."""
    least = -size if least is None else least
    for found in backend.to_check(indices):
        if not found.size or (least <= found.min() and found.max() < size):
            return indices
    shown = f"{found.min()} to {found.max()}" if found.size > 1 else f"{found.max()}"
    raise PlaceError(f"places must lie from {least} to {size - 1}, got {shown}")


@op
def take(x, indices, /, axis=None):
    """The values at whole-number places along `axis` (of all numbers in a row if None).

    Raises ValueError, naming the range, for a place that does not exist.
    """
    flat = x.reshape(-1) if axis is None else x
    place = (axis or 0) % max(x.ndim, 1)
    indices = check_places(backend.to_array(indices), flat.shape[place]).astype("int64")
    key = (slice(None),) * place + (indices,)
    backend.take_room(indices.size, *flat.shape[:place], *flat.shape[place + 1 :])
    return flat[key], (lambda g: add_at(flat, key, g).reshape(x.shape), None)


@op
def take_along_axis(x, indices, /, axis=-1):
    """For each row its own places: y[i, j] = x[i, indices[i, j]] along the last of two axes.

    Raises ValueError, naming the range, for a place that does not exist.
    """
    xp = array_module(x)
    key = list(xp.ogrid[tuple(slice(n) for n in indices.shape)])
    key[axis] = check_places(indices, x.shape[axis]).astype("int64")
    return x[tuple(key)], (lambda g: add_at(x, tuple(key), g), None)


def sort(x, axis=-1):
    """The values in rising order."""
    return take_along_axis(x, argsort(x, axis), axis)


def top_k(x, k, sorted=True):
    """The k largest values along the last axis and their places; they always come sorted.

    Shapes: (..., n) -> (..., k) twice.
    Raises ValueError unless k is a whole number from 1 to n.
    """
    x = x if hasattr(x, "shape") else convert_to_tensor(x)
    size = x.shape[-1] if x.shape else 0
    if not is_size(k, 1) or (size is not None and k > size):
        raise ValueError(f"top_k: k must lie from 1 to {size}, the length of a row; got {k!r}")
    places = getitem(argsort(negative(x)), key=(..., slice(k)))
    return take_along_axis(x, places), places


@op
def one_hot(x, /, num_classes, axis=-1, dtype=None):
    """Ones at the places that labels name, else zeros; classes lie along `axis`.

    It has no gradient.

    Shapes: (...) -> (..., num_classes).
    """
    xp = array_module(x)
    backend.take_room(max(x.size, 1), num_classes)
    hits = x[..., None] == xp.arange(num_classes)
    return xp.moveaxis(hits, -1, axis).astype(backend.standard_dtype(dtype)), None


@op
def repeat(x, /, repeats, axis=None):
    """Each value `repeats` times, or as often as a list says for each."""
    xp = array_module(x)
    size = x.size if axis is None else x.shape[axis]
    times = repeats if isinstance(repeats, int) else tuple(map(int, repeats))
    backend.take_room(x.size, times if isinstance(times, int) else max(times, default=0))

    def back(g):
        key = (slice(None),) * ((axis or 0) % max(x.ndim, 1)) + (xp.repeat(xp.arange(size), times),)
        return add_at(x.reshape(-1) if axis is None else x, key, g).reshape(x.shape)

    return xp.repeat(x, times, axis), (back,)


@op
def tile(x, /, repeats):
    """The whole array side by side, `repeats` times along each axis."""
    repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    rank = max(x.ndim, len(repeats))
    sizes = (1,) * (rank - x.ndim) + x.shape
    repeats = (1,) * (rank - len(repeats)) + repeats
    pairs = [n for pair in zip(repeats, sizes, strict=True) for n in pair]
    backend.take_room(*pairs)
    return array_module(x).tile(x, repeats), (
        lambda g: g.reshape(pairs).sum(tuple(range(0, 2 * rank, 2))),
    )


@op
def pad(x, /, pad_width, constant_values=0):
    """The same values with `constant_values` around them.

    `pad_width` is a number, a pair (before, after), or a pair for each axis.

    Shapes: (n, ...) -> (before + n + after, ...).
    """
    pairs = (pad_width, pad_width) if isinstance(pad_width, int) else tuple(pad_width)
    pairs = (pairs,) * x.ndim if isinstance(pairs[0], int) else pairs
    pairs = pairs * x.ndim if len(pairs) == 1 else pairs
    inner = tuple(slice(b, b + n) for (b, _), n in zip(pairs, x.shape, strict=True))
    backend.take_room(*(b + n + a for (b, a), n in zip(pairs, x.shape, strict=True)))
    y = array_module(x).pad(x, pairs, constant_values=constant_values)
    return y, (lambda g: g[inner],)


@op
def flip(x, /, axis=None):
    """The values in reverse order along `axis` (all axes if None)."""
    xp = array_module(x)
    return xp.flip(x, axis), (lambda g: xp.flip(g, axis),)


@op
def swapaxes(x, /, axis1, axis2):
    """Two axes change places."""
    return x.swapaxes(axis1, axis2), (lambda g: g.swapaxes(axis1, axis2),)


@op
def triu(x, /, k=0):
    """The upper triangle of matrices, from diagonal `k` on; 0 below."""
    xp = array_module(x)
    return xp.triu(x, k), (lambda g: xp.triu(g, k),)


@op
def tril(x, /, k=0):
    """The lower triangle of matrices, up to diagonal `k`; 0 above."""
    xp = array_module(x)
    return xp.tril(x, k), (lambda g: xp.tril(g, k),)


@op
def diag(x, /, k=0):
    """A matrix with the vector x on its diagonal `k`, or that diagonal of the matrix x."""
    xp = array_module(x)
    if x.ndim == 1:
        backend.take_room(len(x) + abs(k), len(x) + abs(k))
        return xp.diag(x, k), (lambda g: xp.diag(g, k),)
    y = xp.diag(x, k)
    along = xp.arange(len(y))
    return y, (lambda g: add_at(x, (along + max(-k, 0), along + max(k, 0)), g),)


def ravel(x):
    """All values in one row."""
    return reshape(x, (-1,))


def split(x, indices_or_sections, axis=0):
    """A list of parts along `axis`: so many equal ones, or cut at the given places.

    Raises ValueError if equal parts are impossible, or if the size of the axis is unknown.
    """
    x = x if hasattr(x, "shape") else convert_to_tensor(x)
    place, cuts = check_axis(axis, len(x.shape), "split"), indices_or_sections
    if isinstance(cuts, int):
        size = x.shape[place]
        if size is None or cuts < 1 or size % cuts:
            raise ValueError(f"split: axis {axis} of shape {x.shape} has no {cuts} equal parts")
        cuts = range(size // cuts, size, size // cuts)
    edges = [0, *cuts, None]
    return [getitem(x, key=(slice(None),) * place + (slice(*ends),)) for ends in pairwise(edges)]


def index_key(key):
    """An index without tensors in it, with its arrays and lists in the library in use."""
    if isinstance(key, tuple):
        return tuple(map(index_key, key))
    key = as_array(key)
    return backend.to_array(key) if isinstance(key, list) and key or hasattr(key, "dtype") else key


def check_axis(axis, ndim, name):
    """The place of an axis from the front, or a ValueError that names it."""
    if not isinstance(axis, int) or not -ndim <= axis < ndim:
        raise ValueError(f"{name}: axis={axis!r} is no axis of an array with {ndim} axes")
    return axis % ndim


@op
def concatenate(*arrays, axis=0):
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
        found = ", ".join(map(str, shapes))
        raise ValueError(
            f"concatenate: shapes {found} differ in an axis other than axis={axis}; there all must "
            "be equal, so reshape, pool or crop one of them first"
        )
    edges = [0, *accumulate(shape[place] for shape in shapes)]

    def part(start, stop):
        return lambda g: g[(slice(None),) * place + (slice(start, stop),)]

    return xp.concatenate(arrays, place), tuple(starmap(part, pairwise(edges)))


@op
def stack(*arrays, axis=0):
    """Several arrays of one shape, joined along a new axis.

    Raises ValueError, with the shapes, where they differ, and for an empty list.
    """
    xp = array_module(*arrays)
    if not arrays:
        raise ValueError("stack: give a list of at least one array")
    arrays = [xp.asarray(a) for a in arrays]
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        raise ValueError(f"stack: all shapes must be equal, got {', '.join(map(str, shapes))}")
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
