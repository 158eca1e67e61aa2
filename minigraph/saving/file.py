"""The file format of models: text and arrays as bytes, and the bytes safely on the disk.

It is a safetensors file, which other tools can open. This module adds what that format lacks: a
checksum over everything, bounds before anything is parsed or allocated, and a writer that leaves
the old file or the new one, never a part of it.
"""

import contextlib
import errno
import json
import math
import os
import re
import stat
import time
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import safetensors
import safetensors.numpy

VERSION = "1"
KEYS = {f"minigraph.{part}" for part in ("version", "model", "compile", "train", "sha256")}
KINDS: dict[str, tuple[int, ...]] = {
    "float": (16, 32, 64),
    "int": (8, 16, 32, 64),
    "uint": (8, 16, 32, 64),
}
DTYPES = {f"{kind[0].upper()}{n}": f"{kind}{n}" for kind, sizes in KINDS.items() for n in sizes}
DTYPES["BOOL"] = "bool"  # beside F32, I64, U8 ...

# Parsed JSON takes some 25 times the memory of its text. A model of a thousand layers needs half a
# megabyte.
LONGEST_HEADER = 2 * 2**20
LARGEST_FILE = 2 * 2**30
DEEPEST_JSON = 64
LONGEST_INTEGER = 20  # digits
MOST_TENSORS = 20_000
LONGEST_TENSOR_NAME = 256
MOST_AXES = 8
STALE_AFTER = 3600  # seconds until the temporary file of a killed save is removed


class FileDamaged(ValueError):
    """The bytes of a file are not those that were written."""

    advice = "Copy or download the file again, or go back to an older one."


class FileRefused(ValueError):
    """A file is intact, but its contents are not accepted by this library or this model."""

    advice = "Nothing was loaded."


class Contents(NamedTuple):
    """The contents of a file: metadata as strings, and named arrays."""

    metadata: dict[str, str]
    tensors: dict[str, np.ndarray]


def expect(condition: Any, text: str) -> None:
    """Raise ValueError with `text` unless the condition holds."""
    if not condition:
        raise ValueError(text)


# ---------------------------------------------------------------------------------------------
# Strict JSON


def to_json(value: Any) -> str:
    """Compact JSON; raises ValueError for infinities and for values that JSON cannot represent."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except TypeError as error:
        raise ValueError(f"a config must be plain JSON: {error}") from error


def parse_json(text: str) -> Any:
    """Parse strict JSON: no duplicate keys, infinities, very long integers or deep nesting.

    Depth is measured before the parser runs, because the parser is recursive.
    """
    outside_of_texts = re.sub(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', "", text, flags=re.DOTALL)
    letters = np.frombuffer(outside_of_texts.encode("utf-8", "replace"), "uint8")
    opened, closed = (np.isin(letters, list(pair)) for pair in (b"[{", b"]}"))
    depth = np.cumsum(opened, dtype="int32") - np.cumsum(closed, dtype="int32")
    expect(depth.max(initial=0) <= DEEPEST_JSON, f"the JSON is nested deeper than {DEEPEST_JSON}")
    return json.loads(
        text,
        object_pairs_hook=without_twins,
        parse_int=short_integer,
        parse_float=finite_float,
        parse_constant=finite_float,
    )


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict from pairs; raise ValueError for a duplicate key."""
    found = dict(pairs)
    expect(len(found) == len(pairs), "the JSON has a duplicate key")
    return found


def short_integer(text: str) -> int:
    expect(len(text) <= LONGEST_INTEGER, f"the JSON has an integer of {len(text)} digits")
    return int(text)


def finite_float(text: str) -> float:
    number = float(text)
    expect(math.isfinite(number), f"the JSON has the number {text:.20}, which is not finite")
    return number


# ---------------------------------------------------------------------------------------------
# Contents and bytes


def to_bytes(contents: Contents) -> bytes:
    """The bytes of a file, checked by the reader's own rules: what is written can be read."""
    tensors = {}
    for name, array in contents.tensors.items():
        if array.dtype.name not in DTYPES.values():
            raise ValueError(f"{name!r} is {array.dtype}, which a file cannot hold")
        tensors[name] = np.asarray(array, order="C")
    metadata = contents.metadata | {"minigraph.version": VERSION}
    metadata["minigraph.sha256"] = digest(metadata, tensors)
    data = safetensors.numpy.save(tensors, metadata)
    try:
        read_header(data)
    except FileDamaged as error:
        raise ValueError(f"the model cannot be saved: {error}") from error
    return data


def from_bytes(data: bytes) -> Contents:
    """The contents of a file, after all checks that need no model.

    The safetensors package makes sure that arrays are exactly as large as the bytes stored for
    them, so a file cannot cause an allocation larger than its own size.
    """
    header = read_header(data)
    try:
        tensors = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError) as error:  # ValueError: absurd empty shapes
        raise FileDamaged(f"the safetensors package cannot read it: {error}") from error
    metadata = header.get("__metadata__") or {}
    check_version(metadata)
    for name, array in tensors.items():
        if array.dtype == bool and (array.view("uint8") > 1).any():
            raise FileDamaged(f"the tensor {name!r} holds bytes that are neither true nor false")
    if metadata.get("minigraph.sha256") != digest(metadata, tensors):
        raise FileDamaged("its content does not match its checksum")
    return Contents(metadata, tensors)


def read_header(data: bytes) -> dict[str, Any]:
    """The header of a safetensors file: JSON, after 8 bytes that give its length.

    It is checked against limits here, before the package parses it. Raises FileDamaged.
    """
    length = int.from_bytes(data[:8], "little")
    if length > LONGEST_HEADER:
        raise FileDamaged(
            f"its header has {length:,} bytes, and {LONGEST_HEADER:,} are allowed: is it a model?"
        )
    if 8 + length > len(data):
        raise FileDamaged(f"it ends after {len(data)} bytes, inside its header")
    try:
        header = parse_json(data[8 : 8 + length].decode("utf-8"))
        expect(isinstance(header, dict), "it must be a dict")
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        expect(len(entries) <= MOST_TENSORS, f"it has more than {MOST_TENSORS} tensors")
        for name, entry in entries.items():
            check_entry(name, entry)
    except ValueError as error:
        raise FileDamaged(f"its header cannot be read: {error}") from error
    return header


def check_entry(name: str, entry: Any) -> None:
    """Raise ValueError for errors in the entry of a tensor that the package would not catch."""
    good = name.isprintable() and 0 < len(name) <= LONGEST_TENSOR_NAME
    expect(good, f"{name!r:.80} is not a name of 1 to {LONGEST_TENSOR_NAME} visible characters")
    keys = {"dtype", "shape", "data_offsets"}
    good = isinstance(entry, dict) and entry.keys() == keys and isinstance(entry["shape"], list)
    expect(good, f"the entry of tensor {name!r} is malformed")
    expect(entry["dtype"] in list(DTYPES), f"the dtype of tensor {name!r} is not known")
    expect(len(entry["shape"]) <= MOST_AXES, f"tensor {name!r} has more than {MOST_AXES} axes")


def check_version(metadata: Mapping[str, str]) -> None:
    """Raise FileRefused unless this release supports the version and all keys of the metadata."""
    version = metadata.get("minigraph.version")
    if version is None:
        raise FileRefused("it is a safetensors file, but holds no model of this library")
    if version != VERSION:
        raise FileRefused(
            f"it has format {version!r:.40}, and this release reads {VERSION!r}: a newer one may"
        )
    unknown = sorted(k for k in metadata if k.startswith("minigraph.") and k not in KEYS)
    if unknown:
        raise FileRefused(f"its metadata has keys that this release does not know: {unknown}")


def digest(metadata: Mapping[str, str], tensors: Mapping[str, np.ndarray]) -> str:
    """The SHA-256 of everything but itself, in hexadecimal.

    Each piece is preceded by its length, so no two contents give the same sequence of bytes. It
    shows damage. It is not a signature: whoever changes a file on purpose can compute a new one.
    """
    import hashlib  # here, since loading it is a good part of the cost of `import minigraph`

    hasher = hashlib.sha256()
    texts = {key: text for key, text in metadata.items() if key != "minigraph.sha256"}
    for table in (texts, tensors):
        hasher.update(len(table).to_bytes(8, "little"))
        for key in sorted(table):
            for piece in (key.encode(), *pieces_of(table[key])):
                hasher.update(len(piece).to_bytes(8, "little"))
                hasher.update(piece)
    return hasher.hexdigest()


def pieces_of(value: str | np.ndarray) -> list[bytes]:
    """The bytes of a string; of an array its dtype, its shape and its little-endian elements."""
    if isinstance(value, str):
        return [value.encode()]
    little = value.astype(value.dtype.newbyteorder("<"), copy=False)
    return [f"{value.dtype.name} {value.shape}".encode(), little.tobytes()]


# ---------------------------------------------------------------------------------------------
# Bytes and disk


def read_bytes(path: str | os.PathLike[str], max_bytes: float) -> bytes:
    """All bytes of a regular file, or OSError; FileRefused if there are more than `max_bytes`."""
    # Without O_NONBLOCK, opening a pipe would block before it could be recognised as one.
    descriptor = os.open(path, flags("RDONLY", "NONBLOCK", "CLOEXEC", "BINARY"))
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise FileRefused("it is a folder or a device, not a file")
        if found.st_size > max_bytes:
            refused = FileRefused(f"it has {found.st_size:,} bytes, and {max_bytes:,} are allowed")
            refused.advice = "If you expect that, give a larger max_bytes."
            raise refused
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(found.st_size)
    finally:
        os.close(descriptor)
    if len(data) != found.st_size:
        raise FileDamaged("it was truncated while it was read")
    return data


def check_path(path: str | os.PathLike[str], overwrite: bool = True) -> str:
    """Return the path to write to, with links resolved; raise early if it cannot be written."""
    check_path_type(path)
    if os.fspath(path).endswith(("/", os.sep)):
        raise IsADirectoryError(errno.EISDIR, "the path names a folder, not a file", str(path))
    path = os.path.realpath(os.fspath(path))
    folder = os.path.dirname(path)
    if os.path.islink(path):
        raise OSError(errno.ELOOP, "the links form a cycle", path)
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "there is no such folder to save in", folder)
    if os.path.exists(path) and not os.path.isfile(path):
        raise FileExistsError(errno.EEXIST, "a folder or device is in the way", path)
    if os.path.exists(path) and not overwrite:
        raise FileExistsError(errno.EEXIST, "the file exists, and overwrite=False", path)
    return path


def check_path_type(path: Any) -> None:
    """Raise TypeError for what cannot be the name of a file."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"`path` must be a str or a Path, got {path!r:.80}")


def write_atomically(path: str, data: bytes) -> None:
    """Write a file so that at every moment the old one or the new one is whole.

    The bytes go to a temporary file in the same folder, are forced onto the disk, and then take the
    name of the old file in one step. If anything fails, the temporary file is removed. What the
    file system does not offer, such as forcing a folder onto the disk, is left out with a warning.
    """
    folder, name = os.path.split(path)
    remove_stale(folder, name)
    temporary = os.path.join(folder, temporary_prefix(name) + os.urandom(4).hex() + TEMPORARY)
    try:
        how = flags("WRONLY", "CREAT", "EXCL", "CLOEXEC", "BINARY")
        descriptor = os.open(temporary, how, 0o666)  # less what the user's umask takes away
        try:
            unwritten = memoryview(data)
            while unwritten:
                unwritten = unwritten[os.write(descriptor, unwritten) :]
            force(descriptor, path)
        finally:
            os.close(descriptor)
        if os.path.exists(path):
            keep_mode(temporary, path)
        replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            text = f"{error.strerror} (while saving; the previous file is intact)"
            raise OSError(error.errno, text, path) from error
        raise
    sync_folder(folder, path)


def flags(*names: str) -> int:
    """Flags for opening a file: those that this system has."""
    return sum(getattr(os, f"O_{name}", 0) for name in names)


TEMPORARY = ".minigraph-tmp"


def temporary_prefix(name: str) -> str:
    """The prefix of a path's temporary files; short, because file systems limit names."""
    return "." + os.fsencode(name)[:100].decode(errors="ignore") + "."


def remove_stale(folder: str, name: str) -> None:
    """Remove old temporary files left behind by saves to this path that were killed."""
    pattern = re.escape(temporary_prefix(name)) + "[0-9a-f]{8}" + re.escape(TEMPORARY)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:  # others may do the same
        for entry in entries:
            if re.fullmatch(pattern, entry.name):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > STALE_AFTER:
                    os.unlink(entry.path)


def replace(source: str, target: str) -> None:
    """Rename in one step. Windows refuses while another program reads the target, so try again."""
    for attempt in range(5):
        try:
            return os.replace(source, target)
        except OSError as error:
            if not os.path.lexists(source) and os.path.isfile(target):
                return  # it was done, and only the answer was lost, as on NFS
            if os.name != "nt" or attempt == 4 or not isinstance(error, PermissionError):
                raise
            time.sleep(0.1)


def force(descriptor: int, path: str) -> None:
    """Force the bytes of a file onto the disk, with a warning where its file system cannot."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
        warn_whole(path, f"its bytes may not be on the disk yet ({error.strerror})")


def keep_mode(temporary: str, path: str) -> None:
    """Give a new file the permissions of the old one, with a warning where that is not allowed."""
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        if mode != stat.S_IMODE(os.stat(temporary).st_mode):
            os.chmod(temporary, mode)
    except OSError as error:
        warn_whole(path, f"it cannot have the permissions of the one before ({error.strerror})")


def sync_folder(folder: str, path: str) -> None:
    """Force the new name onto the disk, where folders can be opened at all (not on Windows).

    The file is whole by then, so an error is only a warning.
    """
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        warn_whole(path, f"after a power failure the one before may be back ({error.strerror})")


def warn_whole(path: str, reservation: str) -> None:
    """Warn of something that does not harm the new file."""
    warnings.warn(f"{shown(path)} is written, but {reservation}", stacklevel=5)


def shown(path: str | os.PathLike[str]) -> str:
    """The name of a file in characters that can be printed, whatever bytes it is made of."""
    return os.fspath(path).encode(errors="backslashreplace").decode()
