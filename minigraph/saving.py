"""One safe file: graph, weights, compile settings, optimizer state.

It is a safetensors file. Its tensors are all the arrays, and its metadata holds texts of JSON.
Other tools can open it and see the weights. What that format lacks is done here: a checksum over
everything, bounds before anything is parsed, and a writer that leaves the old file or the new
one, never half of it.

Nothing in a file is ever run or imported. A file names classes, and the registry says what each
name means.
"""

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import secrets
import stat
import time
from typing import NamedTuple

import numpy as np
import safetensors
import safetensors.numpy

from . import serialization, tree
from .backend import RandomStream
from .graph import InputLayer
from .registry import (
    custom_object_scope,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from .serialization import (
    clone_model,
    expect,
    graph_config,
    graph_from_config,
    model_config,
    model_from_config,
    model_from_json,
    model_to_json,
)

__all__ = [
    "CustomObjectScope",
    "FileDamaged",
    "FileRefused",
    "clone_model",
    "custom_object_scope",
    "get_registered_name",
    "get_registered_object",
    "graph_config",
    "graph_from_config",
    "load_model",
    "load_weights",
    "model_config",
    "model_from_config",
    "model_from_json",
    "model_to_json",
    "register_keras_serializable",
    "save_model",
    "save_weights",
]

CustomObjectScope = custom_object_scope

VERSION = "1"
KEYS = {f"minigraph.{part}" for part in ("version", "model", "compile", "train", "sha256")}
DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}

# Parsed JSON takes some 25 times the memory of its text. A model of a thousand layers needs half a
# megabyte.
LONGEST_HEADER = 2 * 2**20
LARGEST_FILE = 2 * 2**30
DEEPEST_JSON = 64
LONGEST_INTEGER = 20  # digits
MOST_TENSORS = 20_000
LONGEST_TENSOR_NAME = 256
MOST_AXES = 8
STALE_AFTER = 3600  # seconds until the remains of a killed save are swept away


class FileDamaged(ValueError):
    """The bytes of a file are not those that were written."""

    advice = "Copy or download the file again, or go back to an older one."


class FileRefused(ValueError):
    """A file is whole, but it holds what this library, or this model, does not accept."""

    advice = "Nothing was loaded."


class Contents(NamedTuple):
    """What a file holds: texts, and named arrays."""

    metadata: dict
    tensors: dict


# ---------------------------------------------------------------------------------------------
# Saving and loading


def save_model(model, path, overwrite=True):
    """Write graph, weights, compile settings and optimizer state to one file.

    The file is a safetensors file whatever its name. Saving is atomic: if anything fails, the old
    file stays whole. Raises ValueError for a model that cannot be rebuilt or has no weights yet,
    OSError where the file cannot be written, and FileExistsError if it is there and `overwrite`
    is False.
    """
    path = check_path(path, overwrite)
    write_atomically(path, to_bytes(model_contents(model)))


def load_model(path, custom_objects=None, compile=True, max_bytes=LARGEST_FILE):
    """The model in a file, ready to go on: same weights, same optimizer state, same random streams.

    Classes of your own must be registered, or be given as `custom_objects={"Name": Class}`.
    `compile=False` leaves the compile settings and the optimizer state behind.
    Raises FileDamaged or FileRefused (both ValueError), or OSError if the file cannot be read.
    """
    with about(path):
        contents = from_bytes(read_bytes(path, max_bytes))
        with refusing("the model"):
            model = rebuild(contents, custom_objects)
        if compile and "minigraph.compile" in contents.metadata:
            with refusing("the compile settings", "Load the model with compile=False."):
                restore_compiled(model, contents, custom_objects)
    return model


def save_weights(model, path):
    """Write the weights alone to a file. Raises ValueError if there are none yet, or OSError."""
    path = check_path(path)
    check_built(model)
    weights = labelled_weights(model)
    description = {"weights": list(weights)}
    tensors = {name: variable.numpy() for name, variable in weights.items()}
    write_atomically(path, to_bytes(Contents({"minigraph.model": to_json(description)}, tensors)))


def load_weights(model, path, max_bytes=LARGEST_FILE):
    """Read the weights from a file of `save_weights` or `save_model`, matched by their order.

    Names do not matter. If the number of weights, a shape or a kind of number differs, that is a
    FileRefused (a ValueError) and nothing is changed.
    """
    check_built(model)
    with about(path):
        contents = from_bytes(read_bytes(path, max_bytes))
        description = parse_metadata(contents, "minigraph.model")
        with refusing("the list of weights"):
            arrays = listed_weights(description, contents.tensors)
        fit_weights(model, arrays, exact=False)
    assign_weights(model, arrays)


@contextlib.contextmanager
def about(path):
    """Put the name of the file, and what to do, into an error about it."""
    try:
        yield
    except (FileDamaged, FileRefused) as error:
        error.args = (f"{os.fspath(path)}: {error}. {error.advice}",)
        raise


@contextlib.contextmanager
def refusing(what, advice=FileRefused.advice):
    """Whatever goes wrong inside means that the file holds something that cannot be used."""
    try:
        yield
    except (FileDamaged, FileRefused):
        raise
    except Exception as error:  # its code may be that of a custom class, so it may be anything
        text = str(error).rstrip(".") or type(error).__name__
        refused = FileRefused(f"{what} in the file cannot be used: {text}")
        refused.advice = advice
        raise refused from error


# ---------------------------------------------------------------------------------------------
# Models and their contents


def model_contents(model):
    """All that a file holds of a model, as texts and arrays."""
    description, table = serialization.write_model(model)
    check_built(model)
    weights = labelled_weights(model)
    parts = saved_parts(model, table)
    kept = {variable for part in parts for variable in part.weights}
    for name, variable in weights.items():
        if variable not in kept:
            raise ValueError(
                f"model {model.name!r}: the weight {name!r} belongs to no layer of its graph, so a "
                "file could not say where it goes. Make it part of a layer, or use save_weights"
            )
    description["weights"] = list(weights)
    description["trainable"] = {
        "layers": [part.trainable for part in parts],
        "weights": [variable.trainable for variable in weights.values()],
    }
    if table == [model]:  # it has no graph, so it must be told again what it was called on
        shape = getattr(model, "build_shape", None)
        if weights and shape is None:
            raise ValueError(
                f"model {model.name!r}: a {type(model).__name__} that was never built with a shape "
                "cannot be saved as a whole; use save_weights"
            )
        description["build_shape"] = serialization.Writer().encode(shape, {})
    tensors = {name: variable.numpy() for name, variable in weights.items()}
    states = [random_state(stream) for stream in random_streams(parts)]
    metadata = {"minigraph.train": to_json({"random": states})}
    if model.compiled:
        metadata["minigraph.compile"] = to_json(model.get_compile_config())
        if model.optimizer is not None:
            for name, array in model.optimizer.state(list(weights.values())):
                tensors[f"optimizer/{name}"] = array
    return Contents(metadata | {"minigraph.model": to_json(description)}, tensors)


def rebuild(contents, custom_objects):
    """The model that a file describes, with its weights, flags and random streams."""
    description = parse_metadata(contents, "minigraph.model")
    train = parse_metadata(contents, "minigraph.train", {"random": []})
    expect(isinstance(description, dict), "a description must be a dict")
    if "config" not in description:
        raise FileRefused(
            "the file holds weights only: build the model in code, then use model.load_weights"
        )
    keys = {"class_name", "config", "weights", "trainable"}
    serialization.check_keys(description, keys, keys | {"build_shape"}, "a model")
    serialization.check_keys(train, {"random"}, {"random"}, "the training state")
    arrays = listed_weights(description, contents.tensors)
    with serialization.bounded():
        model, table = serialization.model_from_description(description, custom_objects)
        if description.get("build_shape") is not None and not model.built:
            model.build(serialization.Reader([]).decode(description["build_shape"]))
    fit_weights(model, arrays, exact=True)
    parts = saved_parts(model, table)
    restore_trainable(model, parts, description["trainable"])
    streams = random_streams(parts)
    states = train["random"]
    same = isinstance(states, list) and len(states) == len(streams)
    expect(same, f"the model has {len(streams)} random streams, and the file other ones")
    for stream, state in zip(streams, states, strict=True):
        set_random_state(stream, state)
    assign_weights(model, arrays)
    return model


def restore_compiled(model, contents, custom_objects):
    """Compile the model as it was, and give its optimizer what that remembered."""
    config = parse_metadata(contents, "minigraph.compile")
    with custom_object_scope(custom_objects or {}):
        model.compile_from_config(config, custom_objects)
    prefix = "optimizer/"
    state = [
        (name.removeprefix(prefix), array)
        for name, array in contents.tensors.items()
        if name.startswith(prefix)
    ]
    if model.optimizer is not None:
        model.optimizer.load_state(state, model.weights)
    else:
        expect(not state, "there is optimizer state, but no optimizer")


def check_built(model):
    """Raise ValueError if the weights of a model do not exist yet."""
    if not model.built:
        raise ValueError(
            f"model {model.name!r} has no weights yet: call it on data, or build it with a shape, "
            "before saving or loading"
        )


def saved_parts(model, table):
    """The layers that a file speaks of, in the model's order: those that its config rebuilds."""
    rebuilt = {part for layer in table if layer is not None for part in layer._all_layers()}
    rebuilt.add(model)
    return [
        part for part in model._all_layers() if part in rebuilt and not isinstance(part, InputLayer)
    ]


def labelled_weights(model):
    """The weights in order, each under a label made of the names of its layer and its own."""
    owners = {}
    for layer in model._all_layers():
        for variable in layer._own_variables():
            owners.setdefault(variable, layer.name)
    labelled = {}
    for variable in model.weights:
        label = base = f"layers/{owners[variable]}/{variable.name}"
        count = 0
        while label in labelled:
            count += 1
            label = f"{base}_{count}"
        labelled[label] = variable
    return labelled


def listed_weights(description, tensors):
    """The arrays of a file in the order of the weights; every tensor must have a use."""
    names = description.get("weights") if isinstance(description, dict) else None
    good = isinstance(names, list) and all(isinstance(name, str) for name in names)
    expect(good and len(set(names)) == len(names), "`weights` must be a list of different names")
    missing = [name for name in names if name not in tensors]
    expect(not missing, f"the weights {missing[:3]} are listed, but not there")
    listed = set(names)
    extra = [n for n in tensors if n not in listed and not n.startswith("optimizer/")]
    expect(not extra, f"the tensors {extra[:3]} belong to no weight of the model")
    return {name: tensors[name] for name in names}


def fit_weights(model, arrays, exact):
    """Raise FileRefused, naming layer and shapes, unless the arrays can be the model's weights.

    No weight has taken memory so far: shapes are compared first, so a small file cannot make a
    model ask for much.
    """
    weights = labelled_weights(model)
    for (label, variable), (name, array) in zip(weights.items(), arrays.items(), strict=False):
        if variable.shape != array.shape:
            raise FileRefused(
                f"weight {label!r} of model {model.name!r} has shape {variable.shape}, but "
                f"{name!r} in the file has shape {array.shape}"
            )
        same = array.dtype == variable.dtype
        if not same and (exact or not np.can_cast(array.dtype, variable.dtype, "same_kind")):
            raise FileRefused(
                f"weight {label!r} of model {model.name!r} is {variable.dtype}, but {name!r} in "
                f"the file is {array.dtype}"
            )
    if len(weights) != len(arrays):
        longer, k = max(list(weights), list(arrays), key=len), min(len(weights), len(arrays))
        raise FileRefused(
            f"model {model.name!r} has {len(weights)} weights and the file {len(arrays)}: the "
            f"first without a partner is {longer[k]!r}"
        )


def assign_weights(model, arrays):
    """Put arrays that fit into the weights, in order."""
    for variable, array in zip(model.weights, arrays.values(), strict=True):
        variable.assign(array)


def restore_trainable(model, parts, flags):
    """Say of each layer and each weight whether it learns, as it was when the model was saved."""
    serialization.check_keys(flags, {"layers", "weights"}, {"layers", "weights"}, "`trainable`")
    for things, key in ((parts, "layers"), (model.weights, "weights")):
        good = isinstance(flags[key], list) and len(flags[key]) == len(things)
        good = good and all(isinstance(flag, bool) for flag in flags[key])
        expect(good, f"`trainable` must say true or false of each of the {len(things)} {key}")
    for layer, flag in zip(parts, flags["layers"], strict=True):
        layer._trainable = flag  # of this layer alone: the property would reach those inside
    for variable, flag in zip(model.weights, flags["weights"], strict=True):
        variable.trainable = flag


def random_streams(parts):
    """The random streams that layers and models keep, each once."""
    held = [leaf for part in parts for value in vars(part).values() for leaf in tree.flatten(value)]
    return list(dict.fromkeys(leaf for leaf in held if isinstance(leaf, RandomStream)))


def random_state(stream):
    """Where a random stream stands; its long numbers as texts, for the JSON reader refuses them."""
    state = stream.generator.bit_generator.state
    inner = {name: hex(number) for name, number in state["state"].items()}
    return state | {"state": inner}


def set_random_state(stream, state):
    """Put a random stream where `random_state` found it; ValueError if it cannot stand there."""
    current = random_state(stream)
    good = isinstance(state, dict) and state.keys() == current.keys()
    good = good and isinstance(state["state"], dict)
    good = good and state["state"].keys() == current["state"].keys()
    good = good and all(
        isinstance(text, str) and re.fullmatch("0x[0-9a-f]{1,32}", text)
        for text in state["state"].values()
    )
    good = good and all(type(state[k]) is type(current[k]) for k in current)
    expect(good, "a random stream has no valid state")
    inner = {name: int(text, 16) for name, text in state["state"].items()}
    stream.generator.bit_generator.state = state | {"state": inner}


# ---------------------------------------------------------------------------------------------
# JSON that surprises nobody


def to_json(value):
    """Compact JSON; ValueError for infinities and for what JSON cannot say."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except TypeError as error:
        raise ValueError(f"a config must be plain JSON: {error}") from error


def parse_json(text):
    """Strict JSON: no key twice, no infinities, no endless integers, no deep nesting.

    Depth is measured before the parser runs, because a parser goes down by calling itself.
    """
    depth = deepest = 0
    for bracket in re.findall(r"[\[{\]}]", re.sub(r'"(?:[^"\\]|\\.)*+"?', "", text, flags=re.S)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(depth, deepest)
    expect(deepest <= DEEPEST_JSON, f"the JSON is nested deeper than {DEEPEST_JSON}")
    return json.loads(
        text,
        object_pairs_hook=without_twins,
        parse_int=short_integer,
        parse_float=finite_float,
        parse_constant=finite_float,
    )


def without_twins(pairs):
    """A dict in which no key stands twice."""
    found = dict(pairs)
    expect(len(found) == len(pairs), "the JSON has a key twice")
    return found


def short_integer(text):
    expect(len(text) <= LONGEST_INTEGER, f"the JSON has an integer of {len(text)} digits")
    return int(text)


def finite_float(text):
    number = float(text)
    expect(math.isfinite(number), f"the JSON has the number {text:.20}, which is not finite")
    return number


def parse_metadata(contents, key, default=None):
    """One of the texts in the metadata, parsed."""
    text = contents.metadata.get(key)
    if text is None and default is not None:
        return default
    if text is None:
        raise FileRefused(f"the metadata has no {key!r}")
    with refusing(f"{key!r}"):
        return parse_json(text)


# ---------------------------------------------------------------------------------------------
# Contents and bytes


def to_bytes(contents):
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
        header, start = read_header(data)
        check_header(header, len(data) - start)
    except (FileDamaged, FileRefused) as error:
        raise ValueError(f"the model cannot be saved: {error}") from error
    return data


def from_bytes(data):
    """The contents of a file, after all checks that need no model."""
    header, start = read_header(data)
    metadata = check_header(header, len(data) - start)
    check_version(metadata)
    try:
        tensors = safetensors.numpy.load(data)
    except safetensors.SafetensorError as error:
        raise FileDamaged(f"the safetensors package cannot read it: {error}") from error
    for name, array in tensors.items():
        if array.dtype == bool and (array.view("uint8") > 1).any():
            raise FileDamaged(f"the tensor {name!r} holds bytes that are neither true nor false")
    if metadata.get("minigraph.sha256") != digest(metadata, tensors):
        raise FileDamaged("its content does not fit its checksum")
    return Contents(metadata, tensors)


def read_header(data):
    """(the header of a safetensors file, where its arrays start).

    The file begins with 8 bytes that give the length of the header, and the header is JSON. Raises
    FileDamaged.
    """
    if len(data) < 8:
        raise FileDamaged(f"it has {len(data)} bytes, too few for a model")
    length = int.from_bytes(data[:8], "little")
    if length > LONGEST_HEADER:
        raise FileDamaged(
            f"its header has {length:,} bytes, and {LONGEST_HEADER:,} are allowed: is it a model?"
        )
    if 8 + length > len(data):
        raise FileDamaged(f"it ends after {len(data)} bytes, inside its header")
    try:
        text = data[8 : 8 + length].decode("utf-8")
        expect(text.startswith("{"), "it does not start with a brace")
        return parse_json(text), 8 + length
    except ValueError as error:
        raise FileDamaged(f"its header cannot be read: {error}") from error


def check_header(header, size):
    """Check every entry of a header; returns the metadata.

    Afterwards every array is known to be as large as the bytes that are there for it, so a file can
    make nobody allocate more than its own `size`.
    """
    try:
        metadata = header.pop("__metadata__", {})
        expect(isinstance(metadata, dict), "its metadata is no dict")
        for key, text in metadata.items():
            expect(isinstance(text, str), f"the metadata {key!r:.40} is no text")
            (key + text).encode("utf-8")  # half of a character cannot be encoded
        expect(len(header) <= MOST_TENSORS, f"it has more than {MOST_TENSORS} tensors")
        spans = sorted(check_entry(name, entry) for name, entry in header.items())
        end = 0
        for start, stop in spans:
            expect(start == end, f"its arrays leave a gap, or overlap, at byte {end}")
            end = stop
        expect(end == size, f"its arrays need {end:,} bytes, but {size:,} are there")
    except ValueError as error:
        raise FileDamaged(f"its header is wrong: {error}") from error
    return metadata


def check_entry(name, entry):
    """Where the bytes of a tensor start and stop, after a look at all that its entry says."""
    good = name.isprintable() and 0 < len(name) <= LONGEST_TENSOR_NAME
    expect(good, f"{name!r:.80} is no name of at most {LONGEST_TENSOR_NAME} visible characters")
    good = isinstance(entry, dict) and entry.keys() == {"dtype", "shape", "data_offsets"}
    good = good and isinstance(entry["dtype"], str) and entry["dtype"] in DTYPES
    good = good and are_sizes(entry["shape"]) and len(entry["shape"]) <= MOST_AXES
    good = good and are_sizes(entry["data_offsets"]) and len(entry["data_offsets"]) == 2
    expect(good, f"the entry of tensor {name!r} is malformed")
    start, stop = entry["data_offsets"]
    needed = math.prod(entry["shape"]) * np.dtype(DTYPES[entry["dtype"]]).itemsize
    expect(stop - start == needed, f"tensor {name!r} needs {needed:,} bytes, not {stop - start:,}")
    return start, stop


def are_sizes(values):
    """Whether this is a list of whole numbers that can count bytes."""
    return isinstance(values, list) and all(type(n) is int and 0 <= n < 2**62 for n in values)


def check_version(metadata):
    """Raise FileRefused unless this release knows everything that the metadata may mean."""
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


def digest(metadata, tensors):
    """The SHA-256 of everything but itself, as hexadecimal.

    Each piece is preceded by its length, so no two contents give the same sequence of bytes. It
    shows damage. It is no signature: whoever changes a file on purpose can compute it anew.
    """
    hasher = hashlib.sha256()

    def add(piece):
        hasher.update(len(piece).to_bytes(8, "little"))
        hasher.update(piece)

    texts = {key: text for key, text in metadata.items() if key != "minigraph.sha256"}
    for table in (texts, tensors):
        hasher.update(len(table).to_bytes(8, "little"))
        for key in sorted(table):
            value = table[key]
            add(key.encode())
            if isinstance(value, str):
                add(value.encode())
            else:
                add(f"{value.dtype.name} {value.shape}".encode())
                add(value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes())
    return hasher.hexdigest()


# ---------------------------------------------------------------------------------------------
# Bytes and disk


def read_bytes(path, max_bytes):
    """All bytes of a regular file, or OSError; FileRefused if there are more than `max_bytes`."""
    # Without O_NONBLOCK a pipe would be waited for, before anyone could see that it is one.
    flags = ("O_RDONLY", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
    descriptor = os.open(path, sum(getattr(os, flag, 0) for flag in flags))
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise FileRefused("it is a folder or a device, not a file")
        if found.st_size > max_bytes:
            raise FileRefused(
                f"it has {found.st_size:,} bytes, and {max_bytes:,} are allowed (see max_bytes)"
            )
        data = file.read(found.st_size)
    if len(data) != found.st_size:
        raise FileDamaged("it grew shorter while it was read")
    return data


def check_path(path, overwrite=True):
    """The path to write to, links followed; raises before any work is done if it cannot be one."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"`path` must be a text or a Path, got {path!r:.80}")
    path = os.path.realpath(os.fspath(path))
    if not os.path.isdir(os.path.dirname(path)):
        raise FileNotFoundError(
            errno.ENOENT, "there is no such folder to save in", os.path.dirname(path)
        )
    if os.path.exists(path) and not os.path.isfile(path):
        raise FileExistsError(errno.EEXIST, "a folder or device is in the way", path)
    if os.path.exists(path) and not overwrite:
        raise FileExistsError(errno.EEXIST, "the file exists, and overwrite=False", path)
    return path


def write_atomically(path, data):
    """Write a file so that at every moment the old one or the new one is whole.

    The bytes go to a temporary file in the same folder, are forced onto the disk, and then take the
    name of the old file in one step. If anything fails, the temporary file is removed.
    """
    folder, name = os.path.split(path)
    remove_stale(folder, name)
    temporary = os.path.join(folder, temporary_prefix(name) + secrets.token_hex(4) + TEMPORARY)
    try:
        flags = ("O_WRONLY", "O_CREAT", "O_EXCL", "O_CLOEXEC", "O_BINARY")
        flags = sum(getattr(os, flag, 0) for flag in flags)
        descriptor = os.open(temporary, flags, 0o666)  # less what the user's umask takes away
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if os.path.exists(path):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            text = f"{error.strerror} (while saving; the file that was there before is whole)"
            raise OSError(error.errno, text, path) from error
        raise
    sync_folder(folder)


TEMPORARY = ".minigraph-tmp"


def temporary_prefix(name):
    """How the temporary files of a path start; short, because a file system limits names."""
    return "." + name.encode()[:100].decode(errors="ignore") + "."


def remove_stale(folder, name):
    """Remove what saves to this path left behind when they were killed, long ago."""
    pattern = re.escape(temporary_prefix(name)) + "[0-9a-f]{8}" + re.escape(TEMPORARY)
    for entry in os.scandir(folder):
        if re.fullmatch(pattern, entry.name):
            with contextlib.suppress(OSError):  # another save may be sweeping too
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > STALE_AFTER:
                    os.unlink(entry.path)


def replace(source, target):
    """Rename in one step. Windows refuses while another program reads the target, so try again."""
    for attempt in range(5):
        try:
            return os.replace(source, target)
        except PermissionError:
            if os.name != "nt" or attempt == 4:
                raise
            time.sleep(0.1)


def sync_folder(folder):
    """Force the new name onto the disk, where folders can be opened at all (not on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
