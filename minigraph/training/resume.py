"""Backups: a file with all that a `fit` needs to resume where another stopped, bit for bit.

The weights and the optimizer's slots are stored as in a model file. Everything else, from the
epoch to the state of the callbacks, is one structure of plain values; arrays in it, and long lists
of numbers such as a history, are tensors of the file.
"""

import copy
import math
import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from ..core.checks import is_number
from ..core.interrupts import deferred_interrupts
from ..core.random import RandomStream
from ..core.types import Array
from ..optimizers import Optimizer
from ..saving import config
from ..saving.config import check_record
from ..saving.file import Contents, check_path, expect, to_bytes, to_json, write_atomically
from ..saving.model import (
    arrays_of,
    assign_weights,
    check_trainable,
    fit_weights,
    kept_states,
    labelled_weights,
    listed_weights,
    parse_metadata,
    partners,
    random_streams,
    reading,
    refusing,
    restore_trainable,
    trainable_flags,
    under_new_names,
)
from .settings import (
    UNKNOWN,
    changes,
    check_settings,
    described,
    restore_settings,
    same,
    settings_of,
)

ADVICE = "Nothing was changed. Delete the file to train from scratch."
TRAINING: dict[str, type] = {
    "epoch": int, "done": int, "logs": dict, "stopped": bool, "data": list, "metrics": dict,
    "random": list, "callbacks": list, "rate": object, "order": list, "made_by": dict,
}  # fmt: skip
ALSO: dict[str, type] = {"states": list, "trainable": dict, "settings": list}  # newer files only
COMPILED = ("loss", "loss_weights", "metrics", "weighted_metrics")
POSITION: dict[str, type] = {"taken": int, "start": object}


class Writer(config.Writer):
    """Writes values as JSON, and puts arrays and lists of floats into a dict of tensors."""

    def encode(self, value: Any, tensors: dict[str, Any]) -> Any:
        listed = type(value) is list and value and all(type(item) is float for item in value)
        if not listed and not isinstance(value, np.ndarray):
            return super().encode(value, tensors)
        name = f"train/{len(tensors)}"
        tensors[name] = np.asarray(value)
        return {"$floats" if listed else "$array": name}


class Reader(config.Reader):
    """The inverse of `Writer`; removes the tensors that it uses from the dict."""

    def decode(self, value: Any, tensors: dict[str, Any]) -> Any:
        match value:
            case {"$floats": str(name)}:
                return tensors.pop(name).tolist()
            case {"$array": str(name)}:
                return tensors.pop(name)
        return super().decode(value, tensors)


def save(model: Any, path: str | os.PathLike[str], progress: dict[str, Any]) -> None:
    """Write the state of the running `fit` of a model.

    Args:
        model: Model that is being fitted.
        path: File to write, a string or a Path.
        progress: How far it has got: a dict of the `epoch` from 0, how many of its batches are
            `done`, and the `logs` after the last of them.
    Raises ValueError if part of the state cannot be written, and OSError.
    """
    path, weights = check_path(path), labelled_weights(model)
    session, optimizer, tensors = model._session, model.optimizer, {}
    positions = {variable: position for position, variable in enumerate(weights.values())}
    metrics = model._labelled_metrics() if progress["done"] else []
    training = progress | {
        "stopped": model.stop_training,
        "data": [
            {"taken": batches.taken, "start": batches.start if batches.taken else None}
            for batches in session.data
        ],
        "metrics": {name: [v.numpy() for v in metric.variables] for name, metric in metrics},
        "random": [stream.state for stream in streams_of(model)],
        "callbacks": [
            {name: getattr(callback, name) for name in callback.remembers}
            for callback in remembering(model)
        ],
        "rate": rate_of(optimizer),
        "order": [positions[v] for v in optimizer.parameters if v in positions],
        "states": [state.numpy() for state in kept_states(model._all_layers())],
        "trainable": trainable_flags(model, model._all_layers()),
        "settings": changes(model, starts(session.made_by)),
        "made_by": session.made_by,
    }
    texts = {
        "minigraph.model": {"weights": list(weights)},
        "minigraph.train": Writer().encode(training, tensors),
    }
    tensors |= arrays_of(weights)
    tensors |= {f"optimizer/{name}": array for name, array in optimizer.state(list(positions))}
    texts = {key: to_json(text) for key, text in texts.items()}
    write_atomically(path, to_bytes(Contents(texts, tensors)))


def begin(model: Any) -> None:
    """Note what a `fit` is made by, before a callback changes it: backups are bound to that."""
    model._session.made_by = maker(model)


def load(model: Any, path: str | os.PathLike[str]) -> Callable[[], None]:
    """Put a model, its optimizer and its running `fit` into the state of a backup.

    Args:
        model: Model that is being fitted.
        path: File to read, a string or a Path.
    Returns a function that repeats this. Raises FileDamaged or FileRefused, and changes nothing,
    if the file belongs to another model, optimizer or `fit`.
    """
    weights = labelled_weights(model)
    with reading(path, math.inf) as contents, refusing("the training", ADVICE):
        description = parse_metadata(contents, "minigraph.model")
        arrays = listed_weights(description, contents.tensors)
        rest = {name: array for name, array in contents.tensors.items() if name not in arrays}
        text = parse_metadata(contents, "minigraph.train")
        training = Reader([]).decode(text, rest)
        check_backup(model, training)
        fit_weights(model, weights, arrays, exact=True)
        check_changes(model, training)
        restore_again = partial(restore, model, arrays, rest, training)
        restore_again()
    return restore_again


def check_backup(model: Any, training: dict[str, Any]) -> None:
    """Raise ValueError unless a backup was made by this model, its optimizer and this `fit`."""
    check_record(training, "a training", TRAINING, ALSO)
    session, ours = model._session, model._session.made_by
    newer = dict.fromkeys([*COMPILED, "schedule", "settings"], object)
    older = {name: object for name in ours if name not in newer}
    check_record(training["made_by"], "its maker", older, newer)
    for what, found in training["made_by"].items():
        here = ours[what]
        text = f"it was made with the {what} {found!r:.200}, and here is {here!r:.200}"
        if what == "optimizer":  # its settings are compared one by one
            expect(isinstance(found, list) and len(found) == 2, text)
            expect(found[0] == here[0], text)
        elif what != "settings" and not (what == "schedule" and found is None):
            expect(same(found, here), text)
    for position in training["data"]:
        check_record(position, "a position in the data", POSITION)
    counts = [training["epoch"], training["done"], *training["order"]]
    counts += [position["taken"] for position in training["data"]]
    expect(all(type(n) is int and n >= 0 for n in counts), "a count is not a whole number")
    partners(streams_of(model), training["random"], "random streams")
    states = list(training["random"])
    for batches, position in partners(session.data, training["data"], "sources of data"):
        states += [position["start"]] if batches.random and position["taken"] else []
    for state in states:
        RandomStream(0).state = state
    for callback, kept in remembering(model, training["callbacks"]):
        expect(kept.keys() == set(callback.remembers), f"{callback!r} remembers other attributes")
        for name, value in kept.items():
            alike = are_alike(getattr(callback, name), value)
            expect(alike, f"{name!r} of {callback!r} cannot be {value!r:.40}")
    both = is_number(training["rate"], 0) == is_number(rate_of(model.optimizer))
    expect(both, "a schedule cannot replace a number as the learning rate, or vice versa")


def check_changes(model: Any, training: dict[str, Any]) -> None:
    """Raise ValueError unless all that training changed beside the weights can be restored."""
    made_by, layers = training["made_by"], model._all_layers()
    start = starts({"settings": [{} for _ in layers]} | made_by)
    training.setdefault("settings", [{} for _ in start])
    check_settings(model, start, training["settings"])
    if "trainable" in training:
        check_trainable(model, layers, training["trainable"])
    kept = kept_states(layers)
    for state, array in partners(kept, training.get("states", kept), "states of layers"):
        fits = (state.shape, state.dtype) == (array.shape, array.dtype)
        expect(fits, f"a state of a layer is {array.shape}, and here it is {state.shape}")


def restore(
    model: Any, arrays: dict[str, Array], rest: dict[str, Array], training: dict[str, Any]
) -> None:
    """Restore a state that has been checked."""
    session, optimizer = model._session, model.optimizer
    if training["done"]:  # else the epoch starts with fresh metrics
        watched, sums = dict(model._labelled_metrics()), training["metrics"]
        check_record(sums, "the metrics", dict.fromkeys(watched, list))
        for name, metric in watched.items():
            metric.load_state(sums[name])
    found = [(name.removeprefix("optimizer/"), array) for name, array in rest.items()]
    with deferred_interrupts:
        before = restore_settings(model, training["settings"])  # they decide which slots there are
        try:
            slots = under_new_names(found, optimizer)
            optimizer.load_state(slots, model.weights, training["order"])
        except BaseException:
            restore_settings(model, before)
            raise
        if training["rate"] is not None:
            optimizer.learning_rate = training["rate"]
        assign_weights(model, arrays)
        if "trainable" in training:
            restore_trainable(model, model._all_layers(), training["trainable"])
        states = kept_states(model._all_layers())
        for variable, array in zip(states, training.get("states", states), strict=True):
            variable.assign(array)
        for stream, state in zip(streams_of(model), training["random"], strict=True):
            stream.state = state
        for batches, position in zip(session.data, training["data"], strict=True):
            batches.resume(**position)
        for callback, kept in remembering(model, training["callbacks"]):
            vars(callback).update(copy.deepcopy(kept))
        epoch, session.done, session.logs = (training[key] for key in ("epoch", "done", "logs"))
        over = training["stopped"] and not session.done
        session.made_by = session.made_by | training["made_by"]
        session.epochs = range(epoch, epoch if over else session.epochs.stop)
        model.stop_training = training["stopped"]


# ---------------------------------------------------------------------------------------------
# The parts of the state


def streams_of(model: Any) -> list[RandomStream]:
    """All random streams of a model and its layers."""
    return random_streams(model._all_layers())


def rate_of(optimizer: Optimizer) -> float | None:
    """The learning rate, if it is a number; a schedule computes it from the step."""
    return None if callable(optimizer._learning_rate) else optimizer.learning_rate


def remembering(model: Any, kept: list[Any] | None = None) -> Iterable[Any]:
    """The callbacks that have a state, paired with the `kept` states if those are given."""
    found = [callback for callback in model._session.callbacks.callbacks if callback.remembers]
    return found if kept is None else partners(found, kept, "callbacks")


def maker(model: Any) -> dict[str, Any]:
    """The plain values that a backup is bound to; a `fit` must have the same to resume from it."""
    optimizer, session = model.optimizer, model._session
    schedule = described(optimizer._learning_rate) if rate_of(optimizer) is None else None
    given = {name: described(given) for name, given in model._scoring.given.items()}
    return {
        "layers": [type(layer).__name__ for layer in model._all_layers()],
        "optimizer": [type(optimizer).__name__, settings_of(optimizer)],
        "callbacks": [type(callback).__name__ for callback in remembering(model)],
        "number of batches": [batches.steps for batches in session.data],
        **{name: None if value is UNKNOWN else value for name, value in given.items()},
        "schedule": None if schedule is UNKNOWN else schedule,
        "settings": [settings_of(layer) for layer in model._all_layers()],
    }


def starts(made_by: dict[str, Any]) -> list[Any]:
    """The settings of each layer and of the optimizer when training began."""
    expect(isinstance(made_by["settings"], list), "its settings are not in a list")
    return [*made_by["settings"], made_by["optimizer"][1]]


def are_alike(a: Any, b: Any) -> bool:
    """Return whether one value can replace another: both numbers, both of one type, or one None."""
    kinds = {float if isinstance(value, (int, float)) else type(value) for value in (a, b)}
    return len(kinds - {type(None)}) <= 1
