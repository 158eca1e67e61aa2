"""Sequences as arrays: padded to one length, or cut into windows, batch by batch."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ..core.checks import check_choice, check_counts
from ..core.random import RandomStream
from ..core.types import TensorLike
from .data import PyDataset

Side = Literal["pre", "post"]


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: Side = "pre",
    truncating: Side = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences of several lengths as one array, each padded with `value` or cut to `maxlen`.

    Shapes: n lists, or arrays (length, ...) -> (n, maxlen, ...).
    Args:
        sequences: The sequences, a list of lists, tuples or arrays.
        maxlen: Length of all rows; None (default) means the length of the longest sequence.
        dtype: Number type of the array (default "int32"); object takes text.
        padding: Where padding stands: "pre" (default) is before a sequence, "post" after it.
        truncating: Which end of a sequence that is too long is cut off (default "pre").
        value: What is padded with (default 0.0).
    Raises ValueError if the elements of two sequences differ in shape, and for a number that
    `dtype` cannot hold, such as 0.5 or 3 billion for int32.
    Example:
        >>> keras.utils.pad_sequences([[1, 2, 3], [4]], maxlen=2)
        array([[2, 3],
               [0, 4]], dtype=int32)
    """
    check_counts(maxlen=maxlen)
    for argument, side in {"padding": padding, "truncating": truncating}.items():
        check_choice(side, ("pre", "post"), argument)
    arrays = [as_sequence(sequence, k, dtype) for k, sequence in enumerate(sequences)]
    length = maxlen or max((len(array) for array in arrays), default=0)
    rests = [array.shape[1:] for array in arrays if len(array)]
    if len(set(rests)) > 1:
        raise ValueError(
            f"pad_sequences: the elements of all sequences must have one shape, got {set(rests)}"
        )
    result = np.full((len(arrays), length, *(rests[0] if rests else ())), exact(value, dtype, ""))
    for row, array in zip(result, arrays, strict=True):
        kept = array[-length:] if truncating == "pre" else array[:length]
        if len(kept):
            row[slice(-len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return result


def as_sequence(sequence: Any, k: int, dtype: Any) -> np.ndarray:
    """The k-th sequence as an array of `dtype`; ValueError if it is none, or does not fit."""
    if isinstance(sequence, str) or not hasattr(sequence, "__len__"):
        raise ValueError(
            f"pad_sequences takes a list of sequences, such as [[1, 2], [3]]; number {k} is "
            f"{sequence!r:.80}"
        )
    return exact(sequence, dtype, f" in sequence {k}")


def exact(values: Any, dtype: Any, where: str) -> np.ndarray:
    """Numbers as an array of `dtype`; ValueError for one that it cannot hold, or only rounded.

    Rounding to a shorter float is allowed.
    """
    found = np.asarray(values)
    with np.errstate(all="ignore"):
        array = found.astype(dtype)
    if array.dtype.kind in "iu" and found.size:
        wrong = found[(array != found) | ((array < 0) != (found < 0))]
    elif array.dtype.kind == "f" and found.size:
        wrong = found[np.isinf(array) & ~np.isinf(found.astype("float64"))]
    else:
        return array
    if wrong.size:
        raise ValueError(
            f"pad_sequences: {wrong.flat[0]}{where} is no {array.dtype} without loss. Give another "
            'dtype, such as "float32" or "int64".'
        )
    return array


def timeseries_dataset_from_array(
    data: TensorLike,
    targets: TensorLike | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> PyDataset:
    """The windows of a long series as a data set for `fit`, which cuts out each batch on demand.

        x[k, t] = data[start + k * sequence_stride + t * sampling_rate],
        y[k] = targets[start + k * sequence_stride]

    So targets[i] belongs to the window that begins at i: for a forecast give targets that are
    shifted.

    Shapes: data (n, ...), targets (n, ...) -> batches (batch, sequence_length, ...), (batch, ...).
    Args:
        data: The series, an array whose first axis is time.
        targets: A target for each start of a window; None for batches of x alone.
        sequence_length: Number of steps in a window.
        sequence_stride: Distance between the starts of neighbouring windows (default 1).
        sampling_rate: Distance between the steps within a window (default 1).
        batch_size: Number of windows in a batch; the last may have fewer (default 128).
        shuffle: Whether windows come in a new order in each pass (default False).
        seed: Integer that makes that order repeatable; None (default) takes another each time.
        start_index: First index of the part that is used; None (default) means 0.
        end_index: End of that part, itself not used; None (default) means the end of the data.
    Raises ValueError for sizes that are not positive, for indices outside of the data, and if the
    part is shorter than one window.
    Example:
        >>> data = keras.utils.timeseries_dataset_from_array(range(6), None, sequence_length=4)
        >>> data[0].tolist()
        [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]]
    """
    check_counts(
        optional=False,
        sequence_length=sequence_length,
        sequence_stride=sequence_stride,
        sampling_rate=sampling_rate,
        batch_size=batch_size,
    )
    data = np.asarray(data)
    size, start = len(data), 0 if start_index is None else start_index
    end = size if end_index is None else end_index
    check_counts(least=0, optional=False, start_index=start, end_index=end)
    if not start < end <= size:
        raise ValueError(
            f"start_index={start_index} and end_index={end_index} must choose a part of the "
            f"{size} steps of the data"
        )
    data, targets = data[start:end], None if targets is None else np.asarray(targets)[start:end]
    count = len(data) - (sequence_length - 1) * sampling_rate
    if targets is not None:
        count = min(count, len(targets))
    if count < 1:
        raise ValueError(
            f"no window of {sequence_length} steps, each {sampling_rate} after the last, fits into "
            f"the {len(data)} steps of the data"
            + ("" if targets is None else f" with their {len(targets)} targets")
        )
    steps = np.arange(sequence_length) * sampling_rate
    random = RandomStream(seed) if shuffle else None
    return Windows(data, targets, np.arange(0, count, sequence_stride), steps, batch_size, random)


class Windows(PyDataset):
    """The data set that `timeseries_dataset_from_array` returns."""

    def __init__(
        self,
        data: np.ndarray,
        targets: np.ndarray | None,
        starts: np.ndarray,
        steps: np.ndarray,
        batch_size: int,
        random: RandomStream | None,
    ):
        super().__init__()
        self.data: np.ndarray = data
        self.targets: np.ndarray | None = targets
        self.starts: np.ndarray = starts
        self.steps: np.ndarray = steps
        self.batch_size: int = batch_size
        self.random: RandomStream | None = random
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.starts) // self.batch_size)

    def __getitem__(self, k: int) -> Any:
        if not 0 <= k < len(self):  # where a loop over the batches ends
            raise IndexError(f"there are {len(self)} batches, and no batch {k}")
        starts = self.starts[k * self.batch_size :][: self.batch_size]
        x = self.data[starts[:, None] + self.steps]
        return x if self.targets is None else (x, self.targets[starts])

    def on_epoch_end(self) -> None:
        """Put the windows into another order, if they are to be shuffled."""
        if self.random is not None:
            self.starts = self.random.generator.permutation(self.starts)
