"""Small photographs in ten classes: 60,000 of 32 by 32 pixels in colour."""

import io

import numpy as np

from .files import Arrays, FileDamaged, Source, check_labels, gunzip, load, parse_files

__all__ = ["load_data"]

# Size and SHA-256 as in `url_checksums/cifar10.txt` of TensorFlow Datasets. Of the three versions
# on the page of the data set this is the plain one: another needs `pickle`, which can run code.
FILES = """
cifar-10-binary.tar.gz 170052171 c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd
"""
MIRRORS = ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/")
SOURCE = Source("cifar10", MIRRORS, parse_files(FILES))
TRAIN = [f"cifar-10-batches-bin/data_batch_{k}.bin" for k in range(1, 6)]
TEST = ["cifar-10-batches-bin/test_batch.bin"]
PICTURES = 10_000  # images in each file of the archive
RECORD = 1 + 3 * 32 * 32  # a label, then the red, the green and the blue plane
OTHER_BYTES = 2**20  # room for what else is in the archive: headers, a list of classes, a page


def load_data() -> tuple[Arrays, Arrays]:
    """The images as ((x_train, y_train), (x_test, y_test)), all uint8.

    The labels 0 to 9 are airplane, automobile, bird, cat, deer, dog, frog, horse, ship and truck.
    The first call downloads 170 MB into the folder that the environment variable `MINIGRAPH_DATA`
    names, else into the system's cache.
    Shapes: x (50000, 32, 32, 3) and (10000, 32, 32, 3), y (50000, 1) and (10000, 1).
    Raises ConnectionError, with instructions, if no mirror has the file.
    Source: Krizhevsky (2009).
    """
    members = read_members(*load(SOURCE))
    train, test = (read_pictures([members[name] for name in names]) for names in (TRAIN, TEST))
    return train, test


def read_members(packed: bytes) -> dict[str, bytes]:
    """The six data files of the archive, as a dict of bytes; nothing else in it is read.

    Raises FileDamaged if one is missing, there twice, a link, or not exactly as long as it must be.
    """
    import tarfile

    size, found = PICTURES * RECORD, {}
    raw = gunzip(packed, most=len(TRAIN + TEST) * size + OTHER_BYTES)
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
        for member in archive:
            if member.name in TRAIN + TEST:
                if not member.isreg() or member.size != size or member.name in found:
                    raise FileDamaged(f"{member.name} must be one plain file of {size:,} bytes")
                file = archive.extractfile(member)
                assert file is not None  # None is only for folders and the like
                found[member.name] = file.read()
    if missing := [name for name in TRAIN + TEST if name not in found]:
        raise FileDamaged(f"the archive lacks {', '.join(missing)}")
    return found


def read_pictures(parts: list[bytes]) -> Arrays:
    """Images (n, 32, 32, 3) and labels (n, 1) from several data files."""
    records = np.concatenate([np.frombuffer(part, "uint8") for part in parts]).reshape(-1, RECORD)
    labels, planes = records[:, :1].copy(), records[:, 1:].reshape(-1, 3, 32, 32)
    check_labels(labels, classes=10)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels
