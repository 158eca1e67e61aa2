"""Ops that make arrays, rearrange them, choose elements and join arrays.

Each op returns its value and its backward functions, as in `ops.math`.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise, starmap
from typing import Any, TypeAlias

from ..core.checks import is_size
from ..core.context import context
from ..core.device import array_module, host_copies, to_array
from ..core.dtypes import standard_dtype
from ..core.errors import OutOfBounds
from ..core.tensor import Tensor, as_array, op, to_operand
from ..core.types import Array, Axis, DType, Shape, TensorLike
from .kernels import scatter_add
from .math import cast, negative

PadWidth: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]]  # see `pad`

# ---------------------------------------------------------------------------------------------
# Making tensors


def convert_to_tensor(x: TensorLike, dtype: DType = None) -> Any:
    """A tensor of `x`; a tensor stays as it is unless another dtype is asked for.

    Args:
        dtype: Data type of the result; None (default) keeps that of a tensor or array, and means
            `config.floatx()` for Python floats.
    """
    if not isinstance(x, Tensor):
        x = Tensor(to_operand(x))
    return x if dtype is None or x.dtype == standard_dtype(dtype) else cast(x, dtype)


def convert_to_numpy(x: TensorLike) -> Any:
    """The value of `x` as a NumPy array on the host.

    Args:
        x: A tensor, an array, a number or a nested list.
    """
    return convert_to_tensor(x).numpy()


def full(shape: int | Iterable[int], fill_value: TensorLike, dtype: DType = None) -> Tensor:
    """A tensor of the given shape, filled with one value.

    Args:
        fill_value: The value of every element.
    """
    xp = array_module()
    return Tensor(xp.full(whole_numbers(shape), fill_value, standard_dtype(dtype)))


def zeros(shape: int | Iterable[int], dtype: DType = None) -> Tensor:
    """A tensor of zeros."""
    return full(shape, 0, dtype)


def ones(shape: int | Iterable[int], dtype: DType = None) -> Tensor:
    """A tensor of ones."""
    return full(shape, 1, dtype)


def eye(n: int, m: int | None = None, k: int = 0, dtype: DType = None) -> Tensor:
    """A matrix with ones on one diagonal and zeros elsewhere: for `eye(n)`, the identity matrix.

    Args:
        n: The number of rows.
        m: The number of columns; None (default) means n.
    """
    return Tensor(array_module().eye(n, m, k, dtype=standard_dtype(dtype)))


def arange(start: float, stop: float | None = None, step: float = 1, dtype: DType = None) -> Tensor:
    """The numbers start, start + step, start + 2 step, ... up to `stop`, which is left out.

    Args:
        start: The first number; if no `stop` is given, the end, and the numbers start at 0.
        stop: The end; None (default) if `start` is the end.
        step: The distance from each number to the next, which may be negative (default 1).
        dtype: Data type of the result; None (default) means int32 for Python integers, else
            `config.floatx()`.
    Example:
        >>> keras.ops.arange(1, 10, 4).numpy()
        array([1, 5, 9], dtype=int32)
    """
    whole = {type(start), type(stop), type(step)} <= {int, type(None)}
    dtype = "int32" if dtype is None and whole else dtype
    first, last = (0, start) if stop is None else (start, stop)
    return Tensor(array_module().arange(first, last, step, standard_dtype(dtype)))


def linspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: DType = None
) -> Tensor:
    """Evenly spaced numbers from `start` to `stop`.

    Args:
        start: The first number.
        stop: The last number; without `endpoint`, the one that would come next.
        num: How many numbers (default 50).
        endpoint: Whether `stop` is one of the numbers (default True).
    Example:
        >>> keras.ops.linspace(0, 1, 5).numpy()
        array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    numbers = array_module().linspace(start, stop, num, endpoint=endpoint)
    return Tensor(numbers.astype(standard_dtype(dtype)))


@op
def zeros_like(x: Array, /, dtype: DType = None):
    """Zeros in the shape of x.

    Args:
        dtype: Data type of the result; None (default) means that of x.
    """
    return array_module(x).zeros_like(x, dtype and standard_dtype(dtype)), None


@op
def ones_like(x: Array, /, dtype: DType = None):
    """Ones in the shape of x.

    Args:
        dtype: Data type of the result; None (default) means that of x.
    """
    return array_module(x).ones_like(x, dtype and standard_dtype(dtype)), None


def shape(x: TensorLike) -> Shape:
    """The sizes of all axes, as a tuple, with None where a symbolic tensor does not know one."""
    return tuple(x.shape) if hasattr(x, "shape") else convert_to_tensor(x).shape


@op
def argsort(x: Array, /, axis: int = -1):
    """The indices that sort the values in ascending order.

    Args:
        axis: Axis along which the values are sorted (default -1).
    Example:
        >>> keras.ops.argsort([30, 10, 20]).numpy().tolist()
        [1, 2, 0]
    """
    return x.argsort(axis), None


@op
def stop_gradient(x: Array, /):
    """The same values, as a constant: no gradient passes.

    Args:
        x: Tensor of any shape.
    Example:
        >>> x = keras.Variable(3.0)
        >>> with keras.Tape() as tape:
        ...     y = x * keras.ops.stop_gradient(x)
        >>> float(tape.gradient(y, x))
        3.0
    """
    return x, None


# ---------------------------------------------------------------------------------------------
# The same values in another arrangement


@op
def reshape(x: Array, /, newshape: int | Iterable[int]):
    """The same values, row by row, in another shape.

    Args:
        newshape: Sizes of all axes, or an integer for a single axis; one may be -1, for what fits.
    Raises ValueError, with both shapes, where the number of values differs.
    Example:
        >>> keras.ops.reshape([1, 2, 3, 4, 5, 6], (2, -1)).numpy()
        array([[1, 2, 3],
               [4, 5, 6]])
    """
    newshape = whole_numbers(newshape)
    try:
        target = resolve_unknown(x.shape, newshape)
        return x.reshape(target), (lambda g: g.reshape(x.shape),)
    except ValueError:
        raise ValueError(
            f"reshape: values of shape {x.shape} do not fit into shape {newshape}; there are "
            f"{math.prod(x.shape[1:])} in each sample"
        ) from None


def resolve_unknown(shape: tuple[int, ...], newshape: tuple[int, ...]) -> tuple[int, ...]:
    """`newshape` with -1 replaced, also for an empty batch, where NumPy cannot infer it."""
    if math.prod(shape):
        return newshape
    if newshape[:1] == (-1,):
        return (0, *newshape[1:])
    have, want = math.prod(shape[1:]), math.prod(n for n in newshape[1:] if n != -1)
    if -1 not in newshape:
        # An empty array fits any empty shape. A trace must be right for every other batch, too.
        if context.tracing is not None and newshape[:1] == shape[:1] and have != want:
            raise ValueError
        return newshape
    if have % (want or 1):
        raise ValueError
    unknown = newshape.index(-1)
    return (*newshape[:unknown], have // (want or 1), *newshape[unknown + 1 :])


@op
def transpose(x: Array, /, axes: Iterable[int] | None = None):
    """The same values with the axes in another order.

    Args:
        axes: For each axis of the result the axis of x that it was, from 0, or from -1 backwards;
            None (default) reverses the order.
    Raises ValueError unless `axes` is a permutation of the axes.
    Example:
        >>> keras.ops.transpose(np.ones((2, 3, 5)), (0, 2, 1)).shape
        (2, 5, 3)
    """
    axes = tuple(range(x.ndim))[::-1] if axes is None else whole_numbers(axes)
    order = [axis + x.ndim if axis < 0 else axis for axis in axes]
    if sorted(order) != list(range(x.ndim)):
        raise ValueError(f"transpose: axes={axes} is not a permutation of all {x.ndim} axes")
    back = sorted(range(x.ndim), key=order.__getitem__)  # back[order[i]] = i
    return x.transpose(order), (lambda g: g.transpose(back),)


@op
def expand_dims(x: Array, /, axis: int | tuple[int, ...]):
    """A new axis of size 1 at index `axis`.

    Args:
        axis: Index of the new axis in the shape of the result, or a tuple for several new axes.
    """
    return array_module(x).expand_dims(x, axis), (lambda g: g.reshape(x.shape),)


@op
def squeeze(x: Array, /, axis: Axis = None):
    """The same values without axes of size 1.

    Args:
        axis: The axis to drop, or a tuple of axes; None (default) means every axis of size 1.
    """
    return x.squeeze(axis), (lambda g: g.reshape(x.shape),)


@op
def broadcast_to(x: Array, /, shape: int | Iterable[int]):
    """The same values, repeated along axes of size 1 until they have `shape`."""
    return array_module(x).broadcast_to(x, whole_numbers(shape)), (lambda g: g,)


@op
def getitem(x: Array, /, key: Any):
    """The part x[key] of x.

    Args:
        key: What stands between the brackets: an integer, a slice, `...`, None, an array of
            integers or booleans, or a tuple of such parts.
    Raises IndexError for an index out of bounds.
    Example:
        >>> x = np.array([[1, 2, 3], [4, 5, 6]])
        >>> keras.ops.getitem(x, (slice(None), 0)).numpy()  # for a tensor t: t[:, 0]
        array([1, 4])
    """
    key = index_key(key)
    parts = key if isinstance(key, tuple) else (key,)
    if not reads_once(parts):
        check_key(x, parts)
    return x[key], (lambda g: add_at(x, parts, g),)


def reads_once(key: tuple[Any, ...]) -> bool:
    """Whether an index can read no element twice."""
    return all(k is None or k is ... or isinstance(k, (int, slice)) for k in key)


def slice_of(x: TensorLike, start_indices: TensorLike, shape: TensorLike) -> Any:
    """The part of `shape` that begins at `start_indices`.

        y[i, j] = x[start_indices[0] + i, start_indices[1] + j]

    Args:
        x: Tensor of any shape.
        start_indices: Index of the first element along each axis.
        shape: Size of the part along each axis.
    Raises ValueError for a part that reaches beyond x, or if an axis is left out.
    Example:
        >>> keras.ops.slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2)).numpy().tolist()
        [[2, 3], [5, 6]]
    """
    x = x if hasattr(x, "shape") else convert_to_tensor(x)
    starts, sizes = whole_numbers(start_indices), whole_numbers(shape)
    if not len(starts) == len(sizes) == len(x.shape):
        raise ValueError(
            f"slice: an array of shape {tuple(x.shape)} needs {len(x.shape)} start_indices and "
            f"sizes, got {starts} and {sizes}"
        )
    for start, size, length in zip(starts, sizes, x.shape, strict=True):
        if start < 0 or size < 0 or (length is not None and start + size > length):
            raise ValueError(
                f"slice: a part of shape {sizes} from {starts} on lies outside of an array of "
                f"shape {tuple(x.shape)}"
            )
    ends = zip(starts, sizes, strict=True)
    return getitem(x, key=tuple(slice(start, start + size) for start, size in ends))


def check_key(x: Array, parts: tuple[Any, ...]) -> None:
    """Raise OutOfBounds if an index array holds an index that is out of bounds."""
    axis = 0
    for i, part in enumerate(parts):
        if part is ...:
            axis = x.ndim - sum(map(axes_read, parts[i + 1 :]))
            continue
        if axes_read(part) and hasattr(part, "dtype") and part.dtype.kind in "iu":
            check_indices(part, x.shape[axis] if axis < x.ndim else 0, axis)
        axis += axes_read(part)


def axes_read(part: Any) -> int:
    """The number of axes that a part of an index selects from."""
    mask = hasattr(part, "dtype") and part.dtype.kind == "b"
    return 0 if part is None else part.ndim if mask else 1


def add_at(x: Array, key: tuple[Any, ...], g: Array) -> Array:
    """Zeros in the shape of x, to which g is added at `key`: twice where an index occurs twice."""
    if hasattr(g, "add_at"):  # no array, and no number: see `ops/second_order`
        return g.add_at(x, key)
    if reads_once(key):
        dx = array_module(g).zeros(x.shape, g.dtype)
        dx[key] = g
        return dx
    if len(key) == 1 and key[0].dtype.kind in "iu":  # whole rows
        indices, count = key[0] % len(x), len(x)
    else:
        indices, count = array_module(x).arange(x.size).reshape(x.shape)[key], x.size
    rows = g.reshape(indices.size, x.size // count if count else 0)
    return scatter_add(indices.reshape(-1), rows, count).reshape(x.shape)


def check_indices(indices: Array, size: int, axis: int = 0, least: int | None = None) -> Array:
    """Return the indices; raise OutOfBounds, naming one and the axis size, if they do not fit."""
    least = -size if least is None else least
    for found in host_copies(indices):
        if not found.size or (least <= found.min() and found.max() < size):
            return indices
    wrong = found.max() if found.max() >= size else found.min()
    raise OutOfBounds(
        f"index {wrong} is out of bounds for axis {axis} with size {size}: indices must be in "
        f"[{least}, {size - 1}]"
    )


@op
def take(x: Array, indices: Array, /, axis: int | None = None):
    """The values at integer indices along `axis`.

    Args:
        indices: Integers of any shape; negative ones count from the end.
        axis: Axis that the indices refer to; None (default) means all elements in a row.
    Raises IndexError, naming the range, for an index out of bounds.
    Example:
        >>> keras.ops.take([[1, 2], [3, 4], [5, 6]], [2, 0, 2], axis=0).numpy()
        array([[5, 6],
               [1, 2],
               [5, 6]])
    """
    flat = x.reshape(-1) if axis is None else x
    along = 0 if axis is None else check_axis(axis, x.ndim, "take")
    indices = check_indices(to_array(indices), flat.shape[along], along).astype("int64")
    key = (slice(None),) * along + (indices,)
    return flat[key], (lambda g: add_at(flat, key, g).reshape(x.shape), None)


@op
def take_along_axis(x: Array, indices: Array, /, axis: int = -1):
    """Other indices for each row: y[i, j] = x[i, indices[i, j]] along the last of two axes.

    Args:
        indices: Integers, with the shape of x except along `axis`; negative ones count from the
            end.
        axis: Axis that the indices refer to (default -1).
    Raises IndexError, naming the range, for an index out of bounds.
    Example:
        >>> keras.ops.take_along_axis([[1, 2, 3], [4, 5, 6]], [[2], [0]]).numpy()
        array([[3],
               [4]])
    """
    xp = array_module(x)
    key = list(xp.ogrid[tuple(slice(n) for n in indices.shape)])
    key[axis] = check_indices(indices, x.shape[axis], axis % x.ndim).astype("int64")
    return x[tuple(key)], (lambda g: add_at(x, tuple(key), g), None)


def sort(x: TensorLike, axis: int = -1) -> Any:
    """The values in ascending order.

    Args:
        axis: Axis along which the values are sorted (default -1).
    """
    return take_along_axis(x, argsort(x, axis), axis)


def top_k(x: TensorLike, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The k largest values along the last axis and their indices, always sorted.

    Shapes: (..., n) -> (..., k) twice.
    Args:
        k: How many values of each row.
        sorted: Accepted as in Keras, without effect (default True).
    Raises ValueError unless k is an integer from 1 to n.
    Example:
        >>> values, indices = keras.ops.top_k([10, 40, 30, 20], 2)
        >>> values.numpy().tolist(), indices.numpy().tolist()
        ([40, 30], [1, 2])
    """
    x = x if hasattr(x, "shape") else convert_to_tensor(x)
    size = x.shape[-1] if x.shape else 0
    if not is_size(k, 1) or (size is not None and k > size):
        raise ValueError(f"top_k: k must be from 1 to {size}, the length of a row; got {k!r}")
    indices = getitem(argsort(negative(x)), key=(..., slice(k)))
    return take_along_axis(x, indices), indices


@op
def one_hot(x: Array, /, num_classes: int, axis: int = -1, dtype: DType = None):
    """One-hot vectors: 1 at the index given by each label, 0 elsewhere; classes lie along `axis`.

    It has no gradient.

    Shapes: (...) -> (..., num_classes).
    Args:
        x: Labels, integers from 0 on; one that is not below `num_classes` gives zeros only.
        num_classes: The number of classes.
        axis: Index of the new axis in the shape of the result (default -1).
    Example:
        >>> keras.ops.one_hot([2, 0], 3).numpy()
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
    """
    xp = array_module(x)
    hits = x[..., None] == xp.arange(num_classes)
    return xp.moveaxis(hits, -1, axis).astype(standard_dtype(dtype)), None


@op
def repeat(x: Array, /, repeats: int | Iterable[int], axis: int | None = None):
    """Each value several times, one after the other.

    Args:
        repeats: How often each value occurs: an integer, or a list with one for each value along
            the axis.
        axis: Axis along which values are repeated; None (default) means all elements in a row.
    Example:
        >>> keras.ops.repeat([1, 2, 3], 2).numpy()
        array([1, 1, 2, 2, 3, 3])
    """
    xp = array_module(x)
    size = x.size if axis is None else x.shape[axis]
    times = whole_numbers(repeats)
    times = times[0] if len(times) == 1 else times  # one number holds for every value

    def back(g):
        key = (slice(None),) * ((axis or 0) % max(x.ndim, 1)) + (xp.repeat(xp.arange(size), times),)
        return add_at(x.reshape(-1) if axis is None else x, key, g).reshape(x.shape)

    return xp.repeat(x, times, axis), (back,)


@op
def tile(x: Array, /, repeats: int | Iterable[int]):
    """The whole array several times along each axis.

    Args:
        repeats: How often the array occurs along each axis; if there are fewer than axes, they are
            for the last ones.
    Example:
        >>> keras.ops.tile([1, 2, 3], 2).numpy()
        array([1, 2, 3, 1, 2, 3])
    """
    times = whole_numbers(repeats)
    rank = max(x.ndim, len(times))
    sizes = (1,) * (rank - x.ndim) + x.shape
    times = (1,) * (rank - len(times)) + times
    pairs = [n for pair in zip(times, sizes, strict=True) for n in pair]
    return array_module(x).tile(x, times), (
        lambda g: g.reshape(pairs).sum(tuple(range(0, 2 * rank, 2))),
    )


@op
def pad(x: Array, /, pad_width: PadWidth, constant_values: float = 0):
    """The same values with `constant_values` around them.

    Shapes: (n, ...) -> (before + n + after, ...).
    Args:
        pad_width: How many elements to add: a number for both ends of all axes, a pair (before,
            after) for all axes, or a pair for each axis.
        constant_values: The value of the added elements (default 0).
    Raises ValueError for a fraction among integers.
    Example:
        >>> keras.ops.pad([1, 2, 3], (1, 2)).numpy()
        array([0, 1, 2, 3, 0, 0])
    """
    pairs = pad_widths(pad_width, x.ndim)
    if x.dtype.kind != "f" and constant_values != int(constant_values):
        raise ValueError(f"pad: {x.dtype.name} cannot hold {constant_values!r}: cast x to floats")
    inner = tuple(slice(b, b + n) for (b, _), n in zip(pairs, x.shape, strict=True))
    y = array_module(x).pad(x, pairs, constant_values=constant_values)
    return y, (lambda g: g[inner],)


def pad_widths(pad_width: PadWidth, ndim: int) -> Any:
    """A pair (before, after) for each axis."""
    pairs = (pad_width, pad_width) if isinstance(pad_width, int) else tuple(pad_width)
    pairs = (pairs,) * ndim if isinstance(pairs[0], int) else pairs
    return pairs * ndim if len(pairs) == 1 else pairs


@op
def flip(x: Array, /, axis: Axis = None):
    """The values in reverse order along `axis`.

    Args:
        axis: The axis to reverse, or a tuple of axes; None (default) means all.
    """
    xp = array_module(x)
    return xp.flip(x, axis), (lambda g: xp.flip(g, axis),)


@op
def swapaxes(x: Array, /, axis1: int, axis2: int):
    """Two axes swapped.

    Args:
        axis1: One of the two axes.
        axis2: The other one.
    """
    return x.swapaxes(axis1, axis2), (lambda g: g.swapaxes(axis1, axis2),)


@op
def triu(x: Array, /, k: int = 0):
    """The upper triangle of matrices, from diagonal `k` on; 0 below.

    Example:
        >>> keras.ops.triu([[1, 2, 3], [4, 5, 6], [7, 8, 9]], k=1).numpy()
        array([[0, 2, 3],
               [0, 0, 6],
               [0, 0, 0]])
    """
    xp = array_module(x)
    return xp.triu(x, k), (lambda g: xp.triu(g, k),)


@op
def tril(x: Array, /, k: int = 0):
    """The lower triangle of matrices, up to diagonal `k`; 0 above."""
    xp = array_module(x)
    return xp.tril(x, k), (lambda g: xp.tril(g, k),)


@op
def diag(x: Array, /, k: int = 0):
    """A matrix with the vector x on its diagonal `k`, or that diagonal of the matrix x.

    Example:
        >>> keras.ops.diag([1, 2]).numpy()
        array([[1, 0],
               [0, 2]])
    """
    xp = array_module(x)
    if x.ndim == 1:
        return xp.diag(x, k), (lambda g: xp.diag(g, k),)
    y = xp.diag(x, k)
    along = xp.arange(len(y))
    return y, (lambda g: add_at(x, (along + max(-k, 0), along + max(k, 0)), g),)


def ravel(x: TensorLike) -> Any:
    """All values as a vector."""
    return reshape(x, (-1,))


def split(x: TensorLike, indices_or_sections: int | Iterable[int], axis: int = 0) -> list[Any]:
    """A list of parts along `axis`: a number of equal parts, or parts split at the given indices.

    Args:
        indices_or_sections: The number of parts, or the indices at which a new part begins.
        axis: Axis along which to split (default 0).
    Raises ValueError if equal parts are impossible, or if the size of the axis is unknown.
    Example:
        >>> [part.numpy().tolist() for part in keras.ops.split([1, 2, 3, 4, 5], [2, 3])]
        [[1, 2], [3], [4, 5]]
    """
    x = x if hasattr(x, "shape") else convert_to_tensor(x)
    along, ends = check_axis(axis, len(x.shape), "split"), indices_or_sections
    if isinstance(ends, int):
        size = x.shape[along]
        if size is None or ends < 1 or size % ends:
            raise ValueError(f"split: axis {axis} of shape {x.shape} has no {ends} equal parts")
        ends = range(size // ends, size, size // ends)
    edges = [0, *ends, None]
    return [getitem(x, key=(slice(None),) * along + (slice(*pair),)) for pair in pairwise(edges)]


def index_key(key: Any) -> Any:
    """An index with tensors replaced by arrays, all on the active backend."""
    if isinstance(key, tuple):
        return tuple(map(index_key, key))
    key = as_array(key)
    if isinstance(key, list):
        key = to_array(key)
        return key if key.size else key.astype("int64")  # an empty list would be one of floats
    return to_array(key) if hasattr(key, "dtype") else key


def whole_numbers(values: Any) -> tuple[int, ...]:
    """A setting as a tuple of ints: a number, or several in a list, an array or a tensor.

    Raises TypeError for anything that is not a whole number.
    """
    values = as_array(values)
    values = values.tolist() if hasattr(values, "tolist") else values
    items = values if isinstance(values, Iterable) else (values,)
    items = [item.item() if hasattr(item, "item") else item for item in items]
    if not all(isinstance(item, int) or hasattr(item, "__index__") for item in items):
        raise TypeError(f"{values!r:.80} must be whole numbers, and a float is none")
    return tuple(map(int, items))


def check_axis(axis: int, ndim: int, name: str) -> int:
    """The axis counted from the front; ValueError if there is no such axis."""
    if not isinstance(axis, int) or not -ndim <= axis < ndim:
        raise ValueError(f"{name}: axis={axis!r} is out of bounds for an array of dimension {ndim}")
    return axis % ndim


@op
def concatenate(*arrays: Array, axis: int = 0):
    """Several arrays joined along one existing axis.

    Args:
        *arrays: One list of tensors or arrays, whose shapes agree in all other axes.
        axis: Axis along which they are joined (default 0).
    Raises ValueError, with all shapes, where another axis differs.
    Example:
        >>> keras.ops.concatenate([[[1, 2]], [[3, 4]]], axis=1).numpy()
        array([[1, 2, 3, 4]])
    """
    xp = array_module(*arrays)
    if not arrays or not all(hasattr(a, "shape") and a.shape for a in arrays):
        raise ValueError("concatenate: give a list of at least one array, each with an axis")
    shapes = [a.shape for a in arrays]
    along = check_axis(axis, len(shapes[0]), "concatenate")
    rests = {(len(s), *s[:along], *s[along + 1 :]) for s in shapes}
    if len(rests) > 1:
        found = ", ".join(map(str, shapes))
        raise ValueError(
            f"concatenate: shapes {found} differ in an axis other than axis={axis}; these must "
            "be equal, so reshape, pool or crop one of them first"
        )
    edges = [0, *accumulate(shape[along] for shape in shapes)]

    def part(start: int, stop: int):
        return lambda g: g[(slice(None),) * along + (slice(start, stop),)]

    return xp.concatenate(arrays, along), tuple(starmap(part, pairwise(edges)))


@op
def stack(*arrays: Array, axis: int = 0):
    """Several arrays of one shape, joined along a new axis.

    Args:
        *arrays: One list of tensors, arrays or numbers.
        axis: Index of the new axis in the shape of the result (default 0).
    Raises ValueError, with the shapes, where they differ, and for an empty list.
    Example:
        >>> keras.ops.stack([[1, 2], [3, 4]], axis=1).numpy()
        array([[1, 3],
               [2, 4]])
    """
    xp = array_module(*arrays)
    if not arrays:
        raise ValueError("stack: give a list of at least one array")
    parts = [xp.asarray(a) for a in arrays]
    shapes = {part.shape for part in parts}
    if len(shapes) > 1:
        raise ValueError(f"stack: all shapes must be equal, got {', '.join(map(str, shapes))}")
    along = check_axis(axis, parts[0].ndim + 1, "stack")
    y = xp.stack(parts, along)
    to_parts = tuple(lambda g, i=i: g[(slice(None),) * along + (i,)] for i in range(len(parts)))
    return y, to_parts
