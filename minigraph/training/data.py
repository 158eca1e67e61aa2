"""Batches: turns the user's data, arrays or a stream, into batches (x, y, sample_weight).

`x`, `y` and `sample_weight` are arrays, or lists, tuples and dicts of arrays.
"""

import inspect
import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..core import device, tree
from ..core.checks import check_counts, check_numbers, is_number
from ..core.device import as_numbers, to_array, to_host
from ..core.dtypes import floatx
from ..core.random import RandomStream
from ..core.tensor import as_array
from ..core.types import Structure

BATCH_SIZE = 32
Triple = tuple[Any, Any, Any]  # (x, y, sample_weight), each an array, a structure of arrays or None


def unpack(data: Any) -> Triple:
    """Return (x, y, sample_weight) of one batch, with None for missing parts.

    A batch is x alone, (x,), (x, y) or (x, y, sample_weight).
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"a batch must be x, (x, y) or (x, y, sample_weight), got {len(data)} parts; several "
            "inputs go into one tuple or dict: ((a, b), y)"
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack(x: Any, y: Any, sample_weight: Any) -> tuple[Any, ...]:
    """One batch as `train_step` receives it: on the active backend, and without missing parts."""
    batch = (x, y) if y is not None else (x,)
    batch = batch if sample_weight is None else (x, y, sample_weight)
    if device.array_type is np.ndarray:
        return batch
    return tree.map(lambda leaf: None if leaf is None else to_array(leaf), batch)


# ---------------------------------------------------------------------------------------------
# Arrays


def is_array(value: Any) -> bool:
    return hasattr(value, "shape") or hasattr(value, "__array__")


def to_arrays(value: Any, argument: str) -> Structure:
    """`value` as an array or a structure of arrays; None stays None.

    A list that contains no array is read as one array of numbers.
    Raises ValueError, naming the argument, for anything without numbers or samples.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: to_arrays(item, f"{argument}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)) and holds_parts(value):
        return [to_arrays(item, f"{argument}[{k}]") for k, item in enumerate(value)]
    try:
        array = as_array(value)
        array = to_host(array)  # data stay on the host; batches are moved one by one
        array = as_numbers(array if is_array(array) else np.asarray(array))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{argument} cannot be used as numbers: {error}") from error
    if array.ndim == 0:
        raise ValueError(f"{argument} must have an axis of samples, got the single value {value!r}")
    return array


def holds_parts(values: Structure) -> bool:
    """Return whether a list holds several arrays, rather than the numbers of one."""
    return any(v is None or (is_array(v) and np.shape(v) != ()) for v in tree.flatten(values))


def samples(x: Any, y: Any = None, sample_weight: Any = None) -> Triple:
    """The three arguments as arrays, all of one length."""
    given = {"x": x, "y": y, "sample_weight": sample_weight}
    arrays = tuple(to_arrays(value, argument) for argument, value in given.items())
    count_samples(*arrays)
    return arrays


def count_samples(x: Any, y: Any = None, sample_weight: Any = None) -> int:
    """The number of samples that all arrays share.

    Raises ValueError with the sizes if they differ, or if there are no samples.
    """
    parts = {"x": x, "y": y, "sample_weight": sample_weight}
    sizes = {
        name: [len(leaf) for leaf in tree.flatten(part) if leaf is not None]
        for name, part in parts.items()
    }
    found = {size for part in sizes.values() for size in part}
    if len(found) > 1:
        listed = "; ".join(f"{k}: {', '.join(map(str, v))}" for k, v in sizes.items() if v)
        raise ValueError(
            f"all arrays must have the same number of samples (cardinality), got sizes {listed}"
        )
    if not found or 0 in found:
        raise ValueError("the data are empty: x has no samples")
    return found.pop()


def take(structure: Structure, key: Any) -> Structure:
    """The samples that `key`, a slice or an array of indices, selects from every array."""
    return tree.map(lambda leaf: None if leaf is None else leaf[key], structure)


def split(x: Any, y: Any, sample_weight: Any, fraction: float) -> tuple[Triple, Triple]:
    """The first samples for training, the last `fraction` for validation: two triples of views.

    Raises ValueError, naming `validation_split`, if a part would be empty.
    """
    check_numbers(validation_split=fraction, above=0, below=1)
    if is_stream(x):
        raise ValueError("validation_split needs arrays; for a stream give validation_data")
    n = count_samples(x, y, sample_weight)
    first = math.floor(n * (1 - float(fraction)))
    if not 0 < first < n:
        raise ValueError(
            f"validation_split={fraction} of {n} samples leaves {first} for training and "
            f"{n - first} for validation; both need at least one"
        )
    parts = (x, y, sample_weight)
    return take(parts, slice(first)), take(parts, slice(first, None))


def weigh_classes(
    y: Any, sample_weight: Any, class_weight: Structure, names: list[str] | None = None
) -> Structure:
    """The sample weights that follow from `class_weight`, in the structure of the targets `y`.

    `class_weight` maps each class to a weight. For several outputs it has, like `y`, an entry for
    each, None where an output is not weighted, or is a dict with some of the outputs' `names`.
    Without it, `sample_weight` is returned unchanged.
    Raises ValueError if both are given, or if `class_weight` does not fit.
    """
    if class_weight is None:
        return sample_weight
    if sample_weight is not None:
        raise ValueError("give class_weight or sample_weight, not both")
    entries, keys = class_weight, list(y) if isinstance(y, dict) else names or []
    if not isinstance(y, (dict, list)):
        entries = [class_weight]
    elif isinstance(class_weight, dict) and class_weight.keys() <= set(keys):
        entries = [class_weight.get(key) for key in keys]
    fits = isinstance(entries, (list, tuple)) and len(entries) == len(tree.flatten(y))
    if y is None or not fits or not all(e is None or isinstance(e, dict) for e in entries):
        raise ValueError(
            "class_weight must be a dict of class: weight; for several outputs, one for each in a "
            f"list, or by name in a dict with the keys {list(keys)}; got {class_weight!r:.80}"
        )
    targets = zip(tree.flatten(y), entries, strict=True)
    return tree.pack(y, [None if e is None else weights_of(part, e) for part, e in targets])


def weights_of(y: np.ndarray, class_weight: dict[Any, float]) -> np.ndarray:
    """A weight for each sample, that of its class: labels (n,), (n, 1) or one-hot (n, C) -> (n,).

    Raises ValueError, naming `class_weight`, for a class without a weight.
    """
    labels = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y), -1)[:, 0]
    classes, index = np.unique(labels, return_inverse=True)
    missing = [c.item() for c in classes if c.item() not in class_weight]
    if missing:
        raise ValueError(
            f"class_weight has no weight for the classes {missing} of the data; it has weights for "
            f"{list(class_weight)}"
        )
    wrong = {c: weight for c, weight in class_weight.items() if not is_number(weight)}
    if wrong:
        raise ValueError(f"class_weight must map classes to numbers, but has {wrong!r:.80}")
    return np.array([class_weight[c.item()] for c in classes], floatx())[index]


# ---------------------------------------------------------------------------------------------
# Batches


class Batches:
    """Batches of triples (x, y, sample_weight), epoch after epoch.

    `one_pass(skip)` runs once through the data, in `steps` batches (None while that is unknown),
    and skips the first `skip` of them. If another number is `asked` for, each epoch continues where
    the last one ended, and the data are run through again as often as needed, unless they can be
    run through only `once`. `random` is the stream that shuffling draws from.
    """

    def __init__(
        self,
        one_pass: Callable[[int], Iterable[Triple]],
        steps: int | None = None,
        asked: int | None = None,
        random: RandomStream | None = None,
        once: bool = False,
    ) -> None:
        self.one_pass: Callable[[int], Iterable[Triple]] = one_pass
        self.asked: int | None = asked
        self.random: RandomStream | None = random
        self.once: bool = once
        self.steps: int | None = steps if asked is None else asked
        self.ran_out: bool = False
        self.taken: int = 0  # batches of this pass so far,
        self.start: Any = None  # and the state of `random` before it
        self._passes, self._skip = None, 0

    def epoch(self, given: int = 0) -> Iterator[Triple]:
        """Yield the batches of one epoch, after the first `given` of them."""
        if self.asked is None:
            yield from self._pass()
            return
        self._passes = self._passes or self._pass_after_pass()
        for batch in itertools.islice(self._passes, self.asked - given):
            yield batch
            given += 1
        if given < self.asked:
            self.ran_out = True
            warnings.warn(
                f"the data ran out after {given} of {self.asked} batches: training stops here. "
                "A generator can be iterated over only once.",
                stacklevel=2,
            )

    def _pass_after_pass(self) -> Iterator[Triple]:
        """Run through the data again and again, until a pass has no batches."""
        found = True
        while found:
            found = self._skip > 0
            for batch in self._pass():
                found = True
                yield batch

    def _pass(self) -> Iterator[Triple]:
        """The remaining batches of one pass through the data."""
        self.start = None if self.random is None else self.random.state
        skip, self._skip = self._skip, 0
        for batch in self.one_pass(skip):
            self.taken += 1
            yield batch
        self._end_pass()

    def _end_pass(self) -> None:
        self.taken = self.taken if self.once else 0

    def rewind(self) -> None:
        """Let the next epoch begin at the start of the data."""
        self._passes = None
        self._end_pass()

    def resume(self, taken: int, start: Any) -> None:
        """Continue where another `Batches` stopped, with its `taken` and `start`."""
        self.taken = self._skip = taken
        if taken and self.random:
            self.random.state = start


def array_batches(
    parts: Triple, batch_size: int, random: RandomStream | None, skip: int
) -> Iterator[Triple]:
    """The batches of arrays, which are never written to. The last one may be smaller."""
    count = count_samples(*parts)
    order = None if random is None else random.generator.permutation(count)
    for start in range(skip * batch_size, count, batch_size):
        chosen = slice(start, start + batch_size)
        yield take(parts, chosen if order is None else order[chosen])


class PyDataset:
    """A user-defined data set, which makes each batch on demand.

    Define `__len__(self)`, the number of batches, and `__getitem__(self, k)`, batch k as (x, y) or
    (x, y, sample_weight), where each is an array or a list or dict of arrays. `fit` takes the
    batches in a new order each time; `on_epoch_end(self)` is called after each pass through them.
    Batches are made one after another, in this process: the arguments, accepted as in Keras,
    change nothing.

    Args:
        workers: Any number but 1 (default) gives a warning.
        use_multiprocessing: Anything but False (default) gives a warning.
        max_queue_size: Ignored, since there is no queue (default 10).
    Example:
        >>> class Numbers(keras.utils.PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, k):
        ...         return np.array([[k], [k]]), np.array([[2.0 * k], [2.0 * k]])
        >>> model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile("sgd", loss="mean_squared_error")
        >>> model.evaluate(Numbers(), verbose=0)
        0.5
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        if workers != 1 or use_multiprocessing:
            warnings.warn(
                f"workers={workers!r} and use_multiprocessing={use_multiprocessing!r} change "
                "nothing: batches are made one after the other, in this process",
                stacklevel=2,
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __len__(self) -> int:
        name = type(self).__name__
        raise NotImplementedError(f"{name} must define __len__(self), the number of batches")

    def __getitem__(self, k: int) -> Any:
        name = type(self).__name__
        raise NotImplementedError(f"{name} must define __getitem__(self, k), which returns batch k")

    def on_epoch_end(self) -> None:
        """Called after each pass through the batches; does nothing by default."""


def dataset_batches(
    dataset: Any, random: RandomStream | None, weigh: Callable[[Any, Any], Any], skip: int
) -> Iterator[Triple]:
    """The batches of an object with `len(dataset)` and `dataset[k]`, such as a PyDataset."""
    count = len(dataset)
    order = range(count) if random is None else random.generator.permutation(count)
    for k in order[skip:]:
        yield to_batch(dataset[int(k)], weigh)
    if hasattr(dataset, "on_epoch_end"):
        dataset.on_epoch_end()


def stream_batches(
    stream: Iterable[Any], weigh: Callable[[Any, Any], Any], skip: int
) -> Iterator[Triple]:
    """The batches of a generator, or of anything else that can be iterated."""
    for item in itertools.islice(stream, skip, None):
        yield to_batch(item, weigh)


def to_batch(item: Any, weigh: Callable[[Any, Any], Any]) -> Triple:
    """One batch of a stream as a checked triple of arrays."""
    if item is None:
        raise ValueError("the data yielded None instead of a batch")
    x, y, sample_weight = samples(*unpack(item))
    return x, y, weigh(y, sample_weight)


def is_stream(x: Any) -> bool:
    """Return whether `x` yields batches, rather than being arrays."""
    if is_array(x) or isinstance(x, (list, tuple, dict, str, bytes)):
        return False
    return hasattr(x, "__iter__") or is_dataset(x)


def is_dataset(x: Any) -> bool:
    """Return whether a stream has a length, and returns each batch by its index."""
    return hasattr(x, "__getitem__") and hasattr(x, "__len__")


def runs_once(x: Any) -> bool:
    """Return whether `x` is a generator, `zip` or `map`, which can be iterated over only once.

    A user-defined iterator may well start from the beginning at each `iter`.
    """
    return inspect.isgenerator(x) or isinstance(x, (enumerate, filter, map, zip))


def prepare(x: Any, y: Any = None, sample_weight: Any = None) -> Triple:
    """The three arguments as arrays, or unchanged if `x` is a stream."""
    if is_stream(x):
        for argument, value in {"y": y, "sample_weight": sample_weight}.items():
            if value is not None:
                raise ValueError(
                    f"{argument} must not be given with a {type(x).__name__}: each of its "
                    "batches provides (x, y, sample_weight)"
                )
        return x, None, None
    if x is None:
        raise ValueError("x is missing: give arrays, or an object that yields batches")
    missing = [method for method in ("__len__", "__getitem__") if not hasattr(x, method)]
    if len(missing) == 1 and not is_array(x):
        raise ValueError(
            f"x is a {type(x).__name__}, which lacks {missing[0]}: a source of batches must say "
            "how many it has, and return each by its index (see utils.PyDataset)"
        )
    return samples(x, y, sample_weight)


def make_batches(
    data: Triple,
    batch_size: int | None = None,
    shuffle: bool = False,
    random: RandomStream | None = None,
    steps: int | None = None,
    class_weight: Structure = None,
    names: list[str] | None = None,
) -> Batches:
    """The `Batches` of what `prepare` returned. `random` is the stream that shuffling draws from.

    `names` are those of the model's outputs, if they are known, for the `class_weight`.
    """
    check_counts(batch_size=batch_size, steps=steps)
    x, y, sample_weight = data
    random = random if shuffle else None
    weigh = partial(weigh_classes, class_weight=class_weight, names=names)
    if not is_stream(x):
        batch_size = BATCH_SIZE if batch_size is None else int(batch_size)
        sample_weight = weigh(y, sample_weight)
        one_pass = partial(array_batches, (x, y, sample_weight), batch_size, random)
        return Batches(one_pass, math.ceil(count_samples(x) / batch_size), steps, random)
    if batch_size is not None:
        raise ValueError(
            f"batch_size={batch_size} cuts arrays into batches, but a {type(x).__name__} hands out "
            "batches already. Leave it out; use steps_per_epoch to set how many make an epoch."
        )
    size = len(x) if hasattr(x, "__len__") else None
    if not is_dataset(x):
        one_pass = partial(stream_batches, x, weigh)
        return Batches(one_pass, size, steps, once=runs_once(x))
    if size == 0:
        raise ValueError(f"the data are empty: this {type(x).__name__} has no batches")
    return Batches(partial(dataset_batches, x, random, weigh), size, steps, random)
