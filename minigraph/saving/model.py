"""Models on disk: graph, weights, compile settings, optimizer state and random streams in one file.

Nothing in a file is ever run or imported. A file names classes, and the registry says what each
name means. Weights are matched by their order in the model; their names are labels.
"""

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import tree
from ..core.docstrings import share_arguments
from ..core.dtypes import converted
from ..core.interrupts import restores_context
from ..core.random import RandomStream
from ..core.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from ..core.tensor import Variable
from ..graph.layer import Layer
from ..graph.symbols import InputLayer
from ..optimizers import Optimizer
from . import config
from .config import (
    CustomObjects,
    Reader,
    Record,
    Writer,
    bounded,
    check_record,
    has_topology,
    read_description,
    write_model,
)
from .file import (
    LARGEST_FILE,
    Contents,
    FileDamaged,
    FileRefused,
    check_path,
    check_path_type,
    expect,
    from_bytes,
    parse_json,
    read_bytes,
    shown,
    to_bytes,
    to_json,
    write_atomically,
)

if TYPE_CHECKING:
    from ..models.model import Model

# fmt: off
__all__ = [
    "CustomObjectScope", "FileDamaged", "FileRefused", "custom_object_scope",
    "get_registered_name", "get_registered_object", "load_model", "load_weights",
    "register_keras_serializable", "save_model", "save_weights",
]
# fmt: on

# The names of optimizer slots in version 0.1.0.
OLD_SLOT_NAMES = {
    "SGD": {"velocity": "v"},
    "RMSprop": {"mean_square": "v", "mean": "m", "velocity": "b"},
    "Adam": {"mean": "m", "size": "v", "largest_size": "v_max"},
    "Adagrad": {"sum_of_squares": "G"},
    "Adamax": {"mean": "m", "size": "u"},
    "Nadam": {"mean": "m", "size": "v"},
}

# The contents of the JSON texts in a file.
MODEL_DESCRIPTION: Record = config.DESCRIPTION | {"weights": list, "trainable": dict}
FLAGS: Record = {"layers": list, "weights": list}

# ---------------------------------------------------------------------------------------------
# Saving and loading


def save_model(model: "Model", path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write the graph, weights, compile settings and optimizer state to one file.

    The file is a safetensors file whatever its name. Saving is atomic: if anything fails, the old
    file stays intact. What does not harm the new file, such as permissions that cannot be kept,
    gives a warning.

    Args:
        overwrite: Whether a file that exists is replaced (default True).
    Raises ValueError for a model that cannot be rebuilt or has no weights yet, OSError where the
    file cannot be written, and FileExistsError if it exists and `overwrite` is False.
    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="sum")])
        >>> keras.saving.save_model(model, "model.minigraph")
        >>> keras.saving.load_model("model.minigraph").layers[0].name
        'sum'
    """
    path = check_path(path, overwrite)
    write_atomically(path, to_bytes(model_contents(model)))


@restores_context
def load_model(
    path: str | os.PathLike[str],
    custom_objects: CustomObjects = None,
    compile: bool = True,
    max_bytes: int = LARGEST_FILE,
) -> "Model":
    """Load a model, ready to train on: same weights, same optimizer state, same random streams.

    Args:
        compile: Whether the compile settings and the optimizer state are restored too (default
            True).
    Raises FileDamaged or FileRefused (both ValueError), or OSError if the file cannot be read.
    """
    with reading(path, max_bytes) as contents:
        with refusing("the model"):
            model = rebuild(contents, custom_objects)
        if compile and "minigraph.compile" in contents.metadata:
            with refusing("the compile settings", "Load the model with compile=False."):
                restore_compiled(model, contents, custom_objects)
    return model


def save_weights(model: "Model", path: str | os.PathLike[str]) -> None:
    """Write the weights alone to a file.

    Raises ValueError if there are none yet, OSError if the file cannot be written.
    """
    path = check_path(path)
    weights = labelled_weights(model)
    metadata = {"minigraph.model": to_json({"weights": list(weights)})}
    write_atomically(path, to_bytes(Contents(metadata, arrays_of(weights))))


def load_weights(
    model: "Model", path: str | os.PathLike[str], max_bytes: int = LARGEST_FILE
) -> None:
    """Read the weights from a file of `save_weights` or `save_model`, matched by their order.

    Names do not matter. Weights of another width are converted: floats may be rounded, everything
    else must be exact. If the number of weights, a shape or the kind of numbers differs, or if a
    value does not fit, it raises FileRefused (a ValueError) and changes nothing.

    Example:
        >>> def make():
        ...     return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> trained, fresh = make(), make()
        >>> keras.saving.save_weights(trained, "weights.minigraph")
        >>> keras.saving.load_weights(fresh, "weights.minigraph")
        >>> bool((fresh.get_weights()[0] == trained.get_weights()[0]).all())
        True
    """
    weights = labelled_weights(model)
    with reading(path, max_bytes) as contents:
        description = parse_metadata(contents, "minigraph.model")
        with refusing("the list of weights"):
            arrays = listed_weights(description, contents.tensors)
        fit_weights(model, weights, arrays, exact=False)
    assign_weights(model, arrays)


share_arguments(
    (save_model, load_model, save_weights, load_weights),
    """
    Args:
        model: The model, whose weights exist already.
        path: The file; its name may end in anything.
        custom_objects: The class or function behind each name in the file that is not registered;
            None (default) if all are known.
        max_bytes: The size in bytes above which a file is refused (default 2147483648).
    """,
)


@contextlib.contextmanager
def reading(path: str | os.PathLike[str], max_bytes: float) -> Iterator[Contents]:
    """Yield the contents of a file; errors about them get the file's name and advice."""
    check_path_type(path)
    try:
        yield from_bytes(read_bytes(path, max_bytes))
    except (FileDamaged, FileRefused) as error:
        error.args = (f"{shown(path)}: {error}. {error.advice}",)
        raise


@contextlib.contextmanager
def refusing(what: str, advice: str = FileRefused.advice) -> Iterator[None]:
    """Turn any error in the block into a FileRefused: the file cannot be used."""
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


def model_contents(model: "Model") -> Contents:
    """Everything that a file stores about a model, as strings and arrays."""
    description, table = write_model(model)
    weights = labelled_weights(model)
    parts = saved_parts(model, table)
    plain = [part for part in parts if not has_topology(part)]
    kept = {variable for part in plain for variable in part._own_variables()}
    lost = [name for name, variable in weights.items() if variable not in kept]
    expect(
        not lost,
        f"model {model.name!r}: the weights {lost[:3]} belong to no layer of its graph, so a file "
        "could not record where they belong. Make them part of a layer, or use save_weights",
    )
    description["weights"] = list(weights)
    description["trainable"] = trainable_flags(model, parts)
    if table == [model]:  # it has no graph, so the file stores the shape it was built for
        description["build_shape"] = Writer().encode(model.build_shape, {})
    tensors = arrays_of(weights)
    states = [stream.state for stream in random_streams(parts)]
    metadata = {"minigraph.train": to_json({"random": states})}
    if model.compiled:
        metadata["minigraph.compile"] = to_json(model.get_compile_config())
        if model.optimizer is not None:
            for name, array in model.optimizer.state(list(weights.values())):
                tensors[f"optimizer/{name}"] = array
    return Contents(metadata | {"minigraph.model": to_json(description)}, tensors)


def rebuild(contents: Contents, custom_objects: CustomObjects) -> "Model":
    """The model that a file describes, with its weights, flags and random streams."""
    description = parse_metadata(contents, "minigraph.model")
    train = parse_metadata(contents, "minigraph.train", {"random": []})
    if isinstance(description, dict) and "config" not in description:
        raise FileRefused(
            "the file holds weights only: build the model in code, then use model.load_weights"
        )
    check_record(description, "a model", MODEL_DESCRIPTION, {"build_shape": object})
    check_record(train, "the training state", {"random": list})
    arrays = listed_weights(description, contents.tensors)
    alien = [name for name in contents.tensors if name.startswith("train/")]
    expect(not alien, f"the tensors {alien[:3]} belong to a backup, not to a model")
    unused = len(contents.tensors) - len(arrays)
    expect(not unused or "minigraph.compile" in contents.metadata, "it has slots but no optimizer")
    described = {key: description[key] for key in config.DESCRIPTION}
    with bounded():
        model, table = read_description(described, custom_objects)
        if not model.built:
            model.make_weights(Reader([]).decode(description.get("build_shape")))
    fit_weights(model, labelled_weights(model), arrays, exact=True)
    parts = saved_parts(model, table)
    restore_trainable(model, parts, description["trainable"])
    for stream, state in partners(random_streams(parts), train["random"], "random streams"):
        stream.state = state
    assign_weights(model, arrays)
    return model


def partners(things: Sequence[Any], listed: Sequence[Any], what: str) -> Iterable[tuple[Any, Any]]:
    """Pair the things of a model with their entries in a file; ValueError if the counts differ."""
    text = f"the model has {len(things)} {what}, and the file describes {len(listed)}"
    expect(len(things) == len(listed), text)
    return zip(things, listed, strict=True)


def restore_compiled(model: "Model", contents: Contents, custom_objects: CustomObjects) -> None:
    """Compile the model as it was, and restore the state of its optimizer."""
    with bounded():
        model.compile_from_config(parse_metadata(contents, "minigraph.compile"), custom_objects)
    prefix = "optimizer/"
    state = [
        (name.removeprefix(prefix), array)
        for name, array in contents.tensors.items()
        if name.startswith(prefix)
    ]
    if model.optimizer is not None:
        model.optimizer.load_state(under_new_names(state, model.optimizer), model.weights)
    else:
        expect(not state, "there is optimizer state, but no optimizer")


def under_new_names(
    state: list[tuple[str, np.ndarray]], optimizer: Optimizer
) -> list[tuple[str, np.ndarray]]:
    """The state of an optimizer from a file, with slots renamed to their current names."""
    kinds = [cls.__name__ for cls in type(optimizer).__mro__]
    new_names = next((OLD_SLOT_NAMES[kind] for kind in kinds if kind in OLD_SLOT_NAMES), {})
    now, renamed = optimizer.slot_names(), {}
    for name, array in state:
        index, slash, slot = name.partition("/")
        name = index + slash + (slot if slot in now else new_names.get(slot, slot))
        expect(name not in renamed, f"the optimizer slot {name!r} is there twice")
        renamed[name] = array
    return list(renamed.items())


def saved_parts(model: "Model", table: Sequence[Layer | None]) -> list[Layer]:
    """The layers that the config of a model rebuilds, in the order of the model.

    For a graph model these are the layers of the graph, not others among its attributes.
    """
    rebuilt: set[Layer] = {model}
    for layer in table:
        if layer is not None:
            rebuilt.update([layer] if has_topology(layer) else layer._all_layers())
    parts = [part for part in model._all_layers() if part in rebuilt]
    return [part for part in parts if not isinstance(part, InputLayer)]


def labelled_weights(model: "Model") -> dict[str, Variable]:
    """The weights in order, each under a label made of its layer's name and its own.

    Raises ValueError if they do not exist yet.
    """
    expect(
        model.built,
        f"model {model.name!r} has no weights yet: call it on data, or build it with a shape, "
        "before saving or loading",
    )
    owners = {}
    for layer in model._all_layers():
        for variable in layer._own_variables():
            owners.setdefault(variable, layer.name)
    labelled = {}
    for variable in model.weights:
        label = base = f"layers/{owners[variable]}/{variable.name}"
        for count in itertools.count(1):
            if label not in labelled:
                break
            label = f"{base}_{count}"
        labelled[label] = variable
    return labelled


def arrays_of(weights: Mapping[str, Variable]) -> dict[str, np.ndarray]:
    """The values of labelled weights, on the host."""
    return {label: variable.numpy() for label, variable in weights.items()}


def listed_weights(description: Any, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of a file in the order of the weights; every tensor must be listed."""
    found = description.get("weights") if isinstance(description, dict) else None
    names: list[Any] = found if isinstance(found, list) else [None]
    named = all(isinstance(name, str) for name in names)
    expect(named and len(set(names)) == len(names), "`weights` must list different names")
    missing = [name for name in names if name not in tensors]
    expect(not missing, f"the weights {missing[:3]} are listed, but missing")
    listed = set(names)
    extra = [n for n in tensors if n not in listed and not n.startswith(("optimizer/", "train/"))]
    expect(not extra, f"the tensors {extra[:3]} belong to no weight of the model")
    return {name: tensors[name] for name in names}


def fit_weights(
    model: "Model", weights: Mapping[str, Variable], arrays: Mapping[str, np.ndarray], exact: bool
) -> None:
    """Raise FileRefused, naming layer and shapes, unless the arrays can be the model's weights.

    No weight has been allocated so far: shapes are compared first, so a small file cannot make a
    model allocate much memory.
    """
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
    for (label, variable), array in zip(weights.items(), arrays.values(), strict=False):
        with refusing("the weights"):
            converted(array, variable.dtype, f"weight {label!r} of model {model.name!r}")
    if len(weights) != len(arrays):
        longer, k = max(list(weights), list(arrays), key=len), min(len(weights), len(arrays))
        raise FileRefused(
            f"model {model.name!r} has {len(weights)} weights and the file {len(arrays)}: the "
            f"first one left over is {longer[k]!r}"
        )


def assign_weights(model: "Model", arrays: Mapping[str, np.ndarray]) -> None:
    """Put arrays that fit into the weights, in order."""
    for variable, array in zip(model.weights, arrays.values(), strict=True):
        variable.assign(array)


def restore_trainable(model: "Model", parts: Sequence[Layer], flags: dict[str, Any]) -> None:
    """Set `trainable` of each layer and weight as it was when the model was saved."""
    said = all(isinstance(flag, bool) for flag in [*flags["layers"], *flags["weights"]])
    expect(said, "`trainable` must be true or false for each layer and each weight")
    for layer, flag in partners(parts, flags["layers"], "layers"):
        layer._trainable = flag  # only this layer: the property would also set those inside
    for variable, flag in partners(model.weights, flags["weights"], "weights"):
        variable.trainable = flag


def kept_states(layers: Iterable[Any]) -> list[Variable]:
    """The states that stateful layers keep from one batch to the next, beside their weights."""
    # To ask a layer for a name that it lacks is slow: it looks for similar ones.
    keeping = (part for part in layers if isinstance(part, Layer))
    keeping = (k for k in keeping if hasattr(type(k), "states") or "states" in vars(k))
    held = [layer.states for layer in keeping]
    listed = [part for states in held if isinstance(states, (list, tuple)) for part in states]
    return list(dict.fromkeys(part for part in listed if isinstance(part, Variable)))


def check_trainable(model: "Model", parts: Sequence[Layer], flags: dict[str, Any]) -> None:
    """Raise ValueError unless `restore_trainable` can use these flags."""
    check_record(flags, "`trainable`", FLAGS)
    said = all(isinstance(flag, bool) for flag in [*flags["layers"], *flags["weights"]])
    expect(said, "`trainable` must say true or false of each layer and each weight")
    partners(parts, flags["layers"], "layers")
    partners(model.weights, flags["weights"], "weights")


def trainable_flags(model: "Model", parts: Sequence[Layer]) -> dict[str, list[bool]]:
    """Whether each layer and each weight is trained."""
    return {
        "layers": [part.trainable for part in parts],
        "weights": [variable.trainable for variable in model.weights],
    }


def random_streams(parts: Iterable[Layer]) -> list[RandomStream]:
    """The random streams that layers and models keep, each once."""
    held = [leaf for part in parts for value in vars(part).values() for leaf in tree.flatten(value)]
    return list(dict.fromkeys(leaf for leaf in held if isinstance(leaf, RandomStream)))


def parse_metadata(contents: Contents, key: str, default: Any = None) -> Any:
    """One of the JSON strings in the metadata, parsed."""
    text = contents.metadata.get(key)
    if text is None and default is not None:
        return default
    if text is None:
        raise FileRefused(f"the metadata has no {key!r}")
    with refusing(f"{key!r}"):
        return parse_json(text)
