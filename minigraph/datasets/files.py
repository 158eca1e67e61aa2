"""The files of data sets: fetched once, kept in a folder, checked at every use.

A file is named with its size and its SHA-256. So it does not matter who sends it or who wrote it
into the folder: what is returned are the published bytes, or nothing. They fit into memory, and no
archive is ever unpacked onto the disk.
"""

import io
import os
import sys
import tempfile
import threading
import time
import warnings
from typing import Any, NamedTuple

import numpy as np

from ..saving.file import FileDamaged, read_bytes, write_atomically

FOLDER_VARIABLE = "MINIGRAPH_DATA"
TIMEOUT = 15  # seconds without receiving a byte
PATIENCE = 60  # seconds that a download may take in all,
SLOWEST = 50_000  # and one more for each time this number of bytes
PAUSES = (0, 1, 3)  # seconds before each round through the mirrors

Arrays = tuple[np.ndarray, np.ndarray]  # images and their labels


class File(NamedTuple):
    """A published file: its name, its size in bytes, and its SHA-256."""

    name: str
    size: int
    sha256: str


class Source(NamedTuple):
    """A data set: its files, and addresses of the folders that hold them, the best one first."""

    name: str
    mirrors: tuple[str, ...]
    files: tuple[File, ...]


def parse_files(table: str) -> tuple[File, ...]:
    """Parse a table of files: on each line a name, a size and a SHA-256."""
    rows = [line.split() for line in table.strip().splitlines()]
    return tuple(File(name, int(size), sha256) for name, size, sha256 in rows)


def cache_folder() -> str:
    """The folder where data sets are kept: `MINIGRAPH_DATA`, or the cache folder of the system."""
    folders = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": "~/Library/Caches"}
    base = folders.get(sys.platform, os.environ.get("XDG_CACHE_HOME")) or "~/.cache"
    chosen = os.environ.get(FOLDER_VARIABLE) or os.path.join(base, "minigraph")
    return os.path.abspath(os.path.expanduser(chosen))


def load(source: Source) -> list[bytes]:
    """The bytes of each file of a data set, from the cache or else the first mirror that has it.

    A damaged file in the cache is fetched again. Raises ConnectionError, which says what to put
    where, if no mirror has a file. A cache that cannot be written to gives a warning.
    """
    bases = (cache_folder(), os.path.join(tempfile.gettempdir(), "minigraph"))
    folders = [os.path.join(base, source.name) for base in bases]
    contents = []
    for file in source.files:
        reasons = {}
        data = find(file, folders, reasons)
        if data is None:
            data = fetch(file, source.mirrors, reasons)
            if data is None:
                raise ConnectionError(advice(source, file, folders[0], reasons))
            keep(data, file, folders)
        contents.append(data)
    return contents


def check(data: bytes, file: File) -> None:
    """Raise FileDamaged unless these are the published bytes."""
    import hashlib  # here, since loading it is a good part of the cost of `import minigraph`

    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise FileDamaged(f"its {len(data):,} bytes were changed: they have the SHA-256 {found}")


def find(file: File, folders: list[str], reasons: dict[str, str]) -> bytes | None:
    """The bytes of a file from the first folder that has an intact copy, or None."""
    for folder in folders:
        path = os.path.join(folder, file.name)
        try:
            data = read_bytes(path, max_bytes=file.size)
            check(data, file)
            return data
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            reasons[path] = str(error)
    return None


def keep(data: bytes, file: File, folders: list[str]) -> None:
    """Write a file to the first folder where that works, with a warning for each where it fails."""
    for folder in folders:
        try:
            os.makedirs(folder, exist_ok=True)
            return write_atomically(os.path.join(folder, file.name), data)
        except OSError as error:
            warnings.warn(
                f"{file.name} cannot be kept in {folder}: {error}. Set {FOLDER_VARIABLE} to a "
                "folder that can be written to.",
                stacklevel=4,
            )


def fetch(file: File, mirrors: tuple[str, ...], reasons: dict[str, str]) -> bytes | None:
    """The bytes of a file from the first mirror that sends them, or None with the reasons."""
    from http.client import HTTPException  # here and below, because `urllib` is slow to load
    from urllib.error import HTTPError

    urls = [mirror + file.name for mirror in mirrors]
    for pause in PAUSES:
        time.sleep(pause if urls else 0)
        for url in list(urls):
            try:
                return download(url, file)
            except (OSError, HTTPException, FileDamaged) as error:
                reasons[url] = str(error) or type(error).__name__
                if not may_pass(error):
                    urls.remove(url)
                if isinstance(error, HTTPError):
                    error.close()  # it holds the connection, as a file does
    return None


def may_pass(error: Exception) -> bool:
    """Return whether a retry may help: not after a refusal, wrong bytes or a timeout.

    `code` is an HTTP status; from 500 on, the error is the server's.
    """
    cause = getattr(error, "reason", error)
    return getattr(error, "code", 500) >= 500 and not isinstance(cause, (TimeoutError, FileDamaged))


def download(url: str, file: File) -> bytes:
    """Download and check a file, or TimeoutError if that takes too long in all.

    A server that sends a byte now and then would never run into `TIMEOUT`. So a thread receives
    the file, and is left alone when the time is up.
    """
    outcome: list[Any] = []
    given_up = threading.Event()

    def run() -> None:
        try:
            outcome.append(receive(url, file, given_up))
        except BaseException as error:
            outcome.append(error)

    limit = PATIENCE + file.size / SLOWEST
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(limit)
    finally:  # also after Ctrl-C
        given_up.set()
    if not outcome:
        raise TimeoutError(f"it was not complete after {limit:.0f} seconds")
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def receive(url: str, file: File, given_up: threading.Event) -> bytes:
    """Receive and check a file; at most one byte more than expected is ever read."""
    from urllib.request import Request, urlopen

    request = Request(url, headers={"User-Agent": "minigraph"})
    with urlopen(request, timeout=TIMEOUT) as response:
        kind = response.headers.get_content_type()
        declared = response.headers.get("Content-Length", str(file.size))
        if declared != str(file.size):
            raise FileDamaged(f"it offers {declared} bytes of {kind} instead of {file.size}")
        pieces, done = [], 0
        # `read` would wait for the whole piece, `read1` gives what has come.
        while piece := response.read1(min(2**20, file.size + 1 - done)):
            if given_up.is_set():
                raise TimeoutError
            pieces.append(piece)
            done += len(piece)
            show_progress(file, done)
    if done < file.size:
        raise ConnectionError(f"it ended after {done} of {file.size} bytes ({kind})")
    data = b"".join(pieces)
    check(data, file)
    return data


def show_progress(file: File, done: int) -> None:
    """Show progress in one line, on a terminal only, so that logs stay short."""
    if sys.stderr is not None and sys.stderr.isatty():
        end = "\n" if done >= file.size else ""
        print(f"\r{file.name} {done / file.size:4.0%}", end=end, file=sys.stderr, flush=True)


def advice(source: Source, file: File, folder: str, reasons: dict[str, str]) -> str:
    """The message for a missing file: what was tried, and which files to put where."""
    tried = "".join(f"  {origin}\n    {reason}\n" for origin, reason in reasons.items())
    wanted = "".join(f"  {f.name}  {f.size:,} bytes\n    {f.sha256}\n" for f in source.files)
    return (
        f"the data set {source.name} is not on this machine, and {file.name} could not be "
        f"fetched.\n\nTried:\n{tried}\n"
        f"To use it without a network, put what follows into the folder\n  {folder}\n"
        f"(with the SHA-256 of each file):\n{wanted}\n"
        f"For another folder, set the environment variable {FOLDER_VARIABLE} to the one in which\n"
        f"`{source.name}` lies. The digits of scikit-learn (`load_digits`) need no network at all."
    )


# ---------------------------------------------------------------------------------------------
# Helpers for all formats


def gunzip(data: bytes, most: int) -> bytes:
    """Unpack gzip data of at most `most` bytes; if there are more, FileDamaged is raised first."""
    import gzip

    with gzip.open(io.BytesIO(data)) as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise FileDamaged(f"unpacked it has more than {most:,} bytes")
    return raw


def check_labels(labels: np.ndarray, classes: int) -> None:
    """Raise FileDamaged unless all labels are below the number of classes."""
    if labels.max() >= classes:
        raise FileDamaged(f"it has the label {labels.max()}, but labels end at {classes - 1}")
