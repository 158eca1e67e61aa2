"""Handwritten digits: 70,000 greyscale images of 28 by 28 pixels."""

import math

import numpy as np

from .files import Arrays, FileDamaged, Source, check_labels, gunzip, load, parse_files

__all__ = ["load_data"]

# Sizes and SHA-256 as in `url_checksums/mnist.txt` of TensorFlow Datasets.
FILES = """
train-images-idx3-ubyte.gz 9912422 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
train-labels-idx1-ubyte.gz 28881 3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c
t10k-images-idx3-ubyte.gz 1648877 8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6
t10k-labels-idx1-ubyte.gz 4542 f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6
"""
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
SOURCE = Source("mnist", MIRRORS, parse_files(FILES))
SHAPES = ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,))
UNSIGNED_BYTES = 0x0800  # the first number of an IDX file, plus the number of axes


def load_data() -> tuple[Arrays, Arrays]:
    """The digits as ((x_train, y_train), (x_test, y_test)), all uint8.

    0 is background and 255 is ink; labels are 0 to 9. The first call downloads 12 MB into the
    folder that the environment variable `MINIGRAPH_DATA` names, else into the system's cache.
    Shapes: x (60000, 28, 28) and (10000, 28, 28), y (60000,) and (10000,).
    Raises ConnectionError, with instructions, if no mirror has the files.
    Source: LeCun et al. (1998).
    """
    return read_all(SOURCE)


def read_all(source: Source) -> tuple[Arrays, Arrays]:
    """The arrays of a data set of four files in the format of MNIST."""
    arrays = [read_idx(packed, shape) for packed, shape in zip(load(source), SHAPES, strict=True)]
    x_train, y_train, x_test, y_test = arrays
    for labels in (y_train, y_test):
        check_labels(labels, classes=10)
    return (x_train, y_train), (x_test, y_test)


def read_idx(packed: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """The uint8 array in a gzipped IDX file: big-endian numbers for type and shape, then the bytes.

    Raises FileDamaged unless the file has this shape and exactly the bytes for it.
    """
    expected = [UNSIGNED_BYTES + len(shape), *shape]
    start = 4 * len(expected)
    raw = gunzip(packed, most=start + math.prod(shape))
    header = np.frombuffer(raw[:start].ljust(start, b"\0"), ">u4").tolist()
    if header != expected:
        raise FileDamaged(f"its header is {header} instead of {expected}")
    if len(raw) != start + math.prod(shape):
        raise FileDamaged(f"it ends after {len(raw):,} bytes, too early for the shape {shape}")
    return np.frombuffer(raw, "uint8", offset=start).reshape(shape).copy()
