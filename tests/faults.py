"""Many more damaged and forged files, and interrupts, than the tests try: `make faults`, or

    python tests/faults.py [how many files] [seed] [how many interrupts]

No file may load as another one, nothing but the two documented errors may be raised, nothing may
take longer than a second, and what the safetensors package rejects must not be accepted. Half as
many small files follow, with random settings of every class and op: see `small_files`. Ctrl-C, in
whatever call it comes, leaves no state behind: a model in a file predicts the same bits after it.
"""

import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import safetensors.numpy
import small_files
from test_damaged_files import ODD, SLOWEST, files, join, same_contents, small_model, split, wounded
from test_interrupts import CALLS, Notebook, seconds_of, with_timer

from minigraph.models import load_model
from minigraph.saving import FileDamaged, FileRefused
from minigraph.saving.file import Contents, from_bytes, to_bytes
from minigraph.saving.model import reading

SIZES = [-1, 0, 1, 7, 10**3, 10**5, 10**7, 2**31, 10**12, 10**19, 1e300]


def changed(value, source):
    """A copy of a structure that differs in one place, somewhere deep inside."""
    if value and isinstance(value, (dict, list)) and source.random() < 0.9:
        key = source.choice(list(value) if isinstance(value, dict) else range(len(value)))
        copy = value.copy()
        kind = source.random()
        if kind < 0.05:
            del copy[key]
        elif kind < 0.1 and isinstance(value, list):
            copy.insert(key, copy[key])
        elif kind < 0.1:
            copy[key + "x"] = copy.pop(key)
        else:
            copy[key] = changed(copy[key], source)
        return copy
    return source.choice(SIZES if type(value) in (int, float) else ODD)


def bytes_changed(data, contents, source):
    """Bytes overwritten, cut out, doubled, swapped."""
    return bytes(wounded(data, source)), True


def header_changed(data, contents, source):
    """A header that is still JSON."""
    header, body = split(data)
    return join(changed(header, source), body), True


def forged(data, contents, source):
    """A text of the metadata, changed under a right checksum: what it says may be accepted."""
    key = source.choice([k for k in contents.metadata if k not in ("minigraph.sha256",)])
    try:
        text = json.dumps(changed(json.loads(contents.metadata[key]), source))
        texts = contents.metadata | {key: text}
        if source.random() < 0.3:
            texts[key] = json.dumps(changed(json.loads(text), source))
        return to_bytes(Contents(texts, contents.tensors)), False
    except ValueError:  # it cannot be written
        return bytes_changed(data, contents, source)


def load(kind, path, model):
    """Read a file as what it is; a backup is read by `fit`, so here only its bytes are."""
    if kind == "weights":
        model.load_weights(path)
    elif kind == "backup":
        with reading(path, np.inf):
            pass
    else:
        load_model(path)


def interrupt(count, source):
    """Send Ctrl-C into calls of each kind, at random times."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = lambda _: None  # Python drops Ctrl-C, and says so, while it frees objects
    with tempfile.TemporaryDirectory() as folder:
        notebook = Notebook(Path(folder))
        for name in CALLS:
            call, sent, each = getattr(notebook, name), 0, -(-count // len(CALLS))
            call()  # what is made once is there
            longest = min(seconds_of(call) for _ in range(5))
            while sent < each:
                if with_timer(call, source.uniform(1e-6, longest)):
                    sent += 1
                    notebook.check(name)
                    notebook.check_file(name)
            print(f"{name:16} interrupted  {sent:8,}")


def main(count=200_000, seed=0, interrupts=20_000):
    interrupt(interrupts, random.Random(seed))
    source, verdicts, slowest = random.Random(seed), Counter(), 0.0
    good = [(kind, data, from_bytes(data)) for kind, data in files().items()]
    model = small_model()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for number in range(count):
            kind, data, contents = source.choice(good)
            damage = source.choice([bytes_changed, header_changed, forged])
            wrong, must_be_equal = damage(data, contents, source)
            path.write_bytes(wrong)
            start = time.process_time()
            try:
                load(kind, path, model)
                verdict = "accepted"
            except (FileDamaged, FileRefused) as error:
                verdict = type(error).__name__
            except BaseException:
                kept = Path(f"fault-{seed}-{number}")
                kept.write_bytes(wrong)
                print(f"{kept} holds the file that raised this:")
                raise
            seconds = time.process_time() - start
            slowest = max(slowest, seconds)
            if seconds > SLOWEST:
                raise SystemExit(f"file {number} of seed {seed} took {seconds:.1f} s")
            if verdict == "accepted":
                safetensors.numpy.load(wrong)
                if must_be_equal and not same_contents(from_bytes(wrong), contents):
                    raise SystemExit(f"file {number} of seed {seed} was loaded as another")
            verdicts[damage.__name__, verdict] += 1
    for (how, verdict), number in sorted(verdicts.items()):
        print(f"{how:16} {verdict:12} {number:8,}")
    print(f"{count:,} files, the slowest took {slowest:.2f} s")
    small_files.main(count // 2, seed)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
