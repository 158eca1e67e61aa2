"""Batches: whatever the user has, arrays or a stream, becomes (x, y, sample_weight), a few at a
time.

`x`, `y` and `sample_weight` are arrays, or lists, tuples and dicts of arrays.
"""

import inspect
import math
import warnings

import numpy as np

from . import backend, tree
from .tensor import as_array

BATCH_SIZE = 32


def unpack(data):
    """(x, y, sample_weight) of one batch, with None for what it does not have.

    A batch is x alone, (x,), (x, y) or (x, y, sample_weight).
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"a batch is x, (x, y) or (x, y, sample_weight), got {len(data)} parts; several "
            "inputs go into a tuple or dict of their own: ((a, b), y)"
        )
    return (*data, None, None)[:3]


def pack(x, y, sample_weight):
    """One batch as `train_step` gets it: without what is not there."""
    if sample_weight is not None:
        return x, y, sample_weight
    return (x, y) if y is not None else (x,)


# ---------------------------------------------------------------------------------------------
# Arrays


def is_array(value):
    return hasattr(value, "shape") or hasattr(value, "__array__")


def to_arrays(value, argument):
    """`value` as an array or a structure of arrays; None stays None.

    A list without any array in it is one array, written as numbers.
    Raises ValueError, naming the argument, for what holds no numbers or no samples.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: to_arrays(item, f"{argument}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)) and holds_parts(value):
        return [to_arrays(item, f"{argument}[{k}]") for k, item in enumerate(value)]
    try:
        array = as_array(value)
        array = backend.to_array(array if is_array(array) else np.asarray(array))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{argument} cannot be used as numbers: {error}") from error
    if array.ndim == 0:
        raise ValueError(f"{argument} must have an axis of samples, got the single value {value!r}")
    return array


def holds_parts(values):
    """Whether a list holds several arrays, rather than the numbers of one."""
    return any(v is None or (is_array(v) and np.shape(v) != ()) for v in tree.flatten(values))


def count_samples(x, y=None, sample_weight=None):
    """The number of samples that all arrays share.

    Raises ValueError with the sizes if they differ, or if there is no sample.
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
        raise ValueError("the data are empty: there is no sample in x")
    return found.pop()


def take(structure, key):
    """The samples that `key` (a slice or an array of indices) picks from every array."""
    return tree.map(lambda leaf: None if leaf is None else leaf[key], structure)


def split(x, y, sample_weight, fraction):
    """The first samples for training, the last `fraction` for validation: two triples of views.

    Raises ValueError, naming `validation_split`, if a part would be empty.
    """
    if not backend.is_number(fraction, least=0) or not 0 < fraction < 1:
        raise ValueError(f"validation_split must lie between 0 and 1, got {fraction!r}")
    if is_stream(x):
        raise ValueError("validation_split needs arrays; for a stream give validation_data")
    n = count_samples(x, y, sample_weight)
    cut = math.floor(n * (1 - float(fraction)))
    if not 0 < cut < n:
        raise ValueError(
            f"validation_split={fraction} of {n} samples leaves {cut} to train and {n - cut} to "
            "validate; both parts need at least one"
        )
    parts = (x, y, sample_weight)
    return take(parts, slice(cut)), take(parts, slice(cut, None))


def weigh_classes(y, sample_weight, class_weight):
    """The sample weights that `class_weight` means, in the structure of the targets `y`.

    `class_weight` maps each class to a weight. For several outputs it has, like `y`, an entry for
    each, None where an output is not weighed. Raises ValueError if it is given beside sample
    weights, or does not fit.
    """
    if sample_weight is not None:
        raise ValueError("give class_weight or sample_weight, not both")
    if isinstance(y, dict):
        if not all(entry is None or isinstance(entry, dict) for entry in class_weight.values()):
            raise ValueError(f"class_weight needs a dict for each of the targets {list(y)}")
        entries = {name: class_weight.get(name) for name in y}
        return {
            name: None if entry is None else weights_of(y[name], entry)
            for name, entry in entries.items()
        }
    if isinstance(y, list):
        if not isinstance(class_weight, (list, tuple)) or len(class_weight) != len(y):
            raise ValueError(f"class_weight needs, like y, a list of {len(y)} entries")
        return [
            None if entry is None else weights_of(part, entry)
            for part, entry in zip(y, class_weight, strict=True)
        ]
    if y is None or not isinstance(class_weight, dict):
        raise ValueError(f"class_weight maps the classes of y to weights, got {class_weight!r}")
    return weights_of(y, class_weight)


def weights_of(y, class_weight):
    """A weight for each sample, that of its class: labels (n,), (n, 1) or one-hot (n, C) -> (n,).

    Raises ValueError, naming `class_weight`, for a class without a weight.
    """
    labels = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y), -1)[:, 0]
    classes, places = np.unique(labels, return_inverse=True)
    missing = [c.item() for c in classes if c.item() not in class_weight]
    if missing:
        raise ValueError(
            f"class_weight has no weight for the classes {missing} of the data; it has weights for "
            f"{list(class_weight)}"
        )
    wrong = {c: weight for c, weight in class_weight.items() if not backend.is_number(weight)}
    if wrong:
        raise ValueError(f"class_weight maps classes to numbers, but has {wrong!r:.80}")
    return np.array([class_weight[c.item()] for c in classes], backend.floatx())[places]


# ---------------------------------------------------------------------------------------------
# Batches


class Batches:
    """The base: batches of triples (x, y, sample_weight), epoch after epoch.

    `steps` is the number of batches in an epoch, None while it is not known. If it was asked for,
    an epoch goes on where the last one ended, and the data are run through again as often as
    needed. `samples` is the number of samples, None for a stream.
    """

    samples = None

    def __init__(self, steps=None):
        self.asked, self.steps = steps is not None, steps
        self.ran_out = False
        self._running = None

    def one_pass(self):
        """Run once through the data."""
        raise NotImplementedError(f"{type(self).__name__} must define one_pass(self)")

    def epoch(self):
        """The batches of one epoch."""
        if not self.asked:
            yield from self.one_pass()
            return
        for step in range(self.steps):
            batch = next(self._running, None) if self._running is not None else None
            if batch is None:
                self._running = self.one_pass()
                batch = next(self._running, None)
            if batch is None:
                self.ran_out = True
                warnings.warn(
                    f"the data ran out after {step} of {self.steps} batches: training stops here. "
                    "A generator can be run through once only.",
                    stacklevel=2,
                )
                return
            yield batch

    def rewind(self):
        """Begin the next epoch at the start of the data."""
        self._running = None

    def close(self):
        """Let go of a stream that was left half way."""
        self.rewind()


class ArrayBatches(Batches):
    """Batches out of arrays. The last one may be smaller. The arrays are never written to."""

    def __init__(self, x, y, sample_weight, batch_size, shuffle, random, steps):
        super().__init__(steps)
        self.parts = (x, y, sample_weight)
        self.samples = count_samples(*self.parts)
        self.batch_size, self.shuffle, self.random = batch_size, shuffle, random
        if steps is None:
            self.steps = math.ceil(self.samples / batch_size)

    def one_pass(self):
        order = self.random.generator.permutation(self.samples) if self.shuffle else None
        for start in range(0, self.samples, self.batch_size):
            place = slice(start, start + self.batch_size)
            yield take(self.parts, place if order is None else order[place])


class SequenceBatches(Batches):
    """The batches of an object with `len(dataset)` and `dataset[k]`, such as a PyDataset."""

    def __init__(self, dataset, shuffle, random, steps, class_weight):
        super().__init__(steps)
        self.dataset, self.shuffle, self.random = dataset, shuffle, random
        self.class_weight = class_weight
        if steps is None:
            self.steps = len(dataset)

    def one_pass(self):
        count = len(self.dataset)
        order = self.random.generator.permutation(count) if self.shuffle else range(count)
        for k in order:
            yield to_batch(self.dataset[int(k)], self.class_weight)
        if hasattr(self.dataset, "on_epoch_end"):
            self.dataset.on_epoch_end()


class StreamBatches(Batches):
    """The batches of a generator, or of anything else that can be iterated."""

    def __init__(self, stream, steps, class_weight):
        super().__init__(steps)
        self.stream, self.class_weight = stream, class_weight
        if steps is None and hasattr(stream, "__len__"):
            self.steps = len(stream)

    def one_pass(self):
        for item in self.stream:
            yield to_batch(item, self.class_weight)

    def close(self):
        self.rewind()
        if hasattr(self.stream, "close") and iter(self.stream) is self.stream:
            self.stream.close()


def to_batch(item, class_weight=None):
    """One batch of a stream as a checked triple of arrays."""
    if item is None:
        raise ValueError("the data gave None instead of a batch")
    parts = zip(unpack(item), ("x", "y", "sample_weight"), strict=True)
    x, y, sample_weight = (to_arrays(part, name) for part, name in parts)
    count_samples(x, y, sample_weight)
    if class_weight is not None:
        sample_weight = weigh_classes(y, sample_weight, class_weight)
    return x, y, sample_weight


def is_stream(x):
    """Whether `x` brings its own batches."""
    if is_array(x) or isinstance(x, (list, tuple, dict, str, bytes)):
        return False
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def runs_once(x):
    """Whether `x` is a generator, or a `zip` or `map`: what was read from it does not come again.

    An iterator class of one's own may well start anew at each `iter`.
    """
    return inspect.isgenerator(x) or isinstance(x, (enumerate, filter, map, zip))


def prepare(x, y=None, sample_weight=None):
    """The three arguments as arrays, or as they are if `x` is a stream."""
    if is_stream(x):
        for argument, value in {"y": y, "sample_weight": sample_weight}.items():
            if value is not None:
                raise ValueError(
                    f"{argument} must not be given beside a {type(x).__name__}: each of its "
                    "batches brings (x, y, sample_weight)"
                )
        return x, None, None
    if x is None:
        raise ValueError("x is missing: give arrays, or an object that yields batches")
    arguments = {"x": x, "y": y, "sample_weight": sample_weight}
    arrays = tuple(to_arrays(value, argument) for argument, value in arguments.items())
    count_samples(*arrays)
    return arrays


def make_batches(data, batch_size=None, shuffle=False, random=None, steps=None, class_weight=None):
    """The `Batches` of what `prepare` gave. `random` is the stream that shuffling draws from."""
    check_positive(batch_size=batch_size, steps=steps)
    x, y, sample_weight = data
    if not is_stream(x):
        batch_size = BATCH_SIZE if batch_size is None else int(batch_size)
        if class_weight is not None:
            sample_weight = weigh_classes(y, sample_weight, class_weight)
        return ArrayBatches(x, y, sample_weight, batch_size, shuffle, random, steps)
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):
        if len(x) == 0:
            raise ValueError(f"the data are empty: this {type(x).__name__} has no batch")
        return SequenceBatches(x, shuffle, random, steps, class_weight)
    return StreamBatches(x, steps, class_weight)


def check_positive(least=1, optional=True, **arguments):
    """Raise ValueError, naming the argument, unless each is an integer from `least` on.

    None will do too where the arguments are `optional`.
    """
    for argument, value in arguments.items():
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        absent = optional and value is None
        if not absent and not (whole and value >= least):
            raise ValueError(f"{argument} must be an integer of at least {least}, got {value!r}")
