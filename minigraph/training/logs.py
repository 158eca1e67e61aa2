"""Logs: the numbers that a step returns. On a GPU they stay there until they are read."""

import functools
from collections import UserDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core import device
from ..core.device import array_module, is_on_device, to_host
from ..core.tensor import as_array
from ..core.types import Array, Logs


def on_host() -> bool:
    """Return whether numbers are on the host, so that reading one needs no wait."""
    return device.array_type is np.ndarray


def to_number(value: Any) -> float | list[Any]:
    """One entry of the logs as a Python float, an array as a list.

    Args:
        value: A number, a tensor or an array of either backend.
    """
    if type(value) is float:
        return value
    array = np.asarray(to_host(as_array(value)))
    return float(array.item()) if array.size == 1 else array.tolist()


def fetch_logs(logs: Mapping[str, Any]) -> Logs:
    """The logs as Python numbers.

    Those on a GPU are fetched together, since each transfer has to wait for the GPU.

    Args:
        logs: Numbers, tensors and arrays by name, as a step returns them.
    Raises TypeError if a step returned something else than a dict.
    """
    if not hasattr(logs, "items"):
        raise TypeError(f"a step must return its logs, a dict of name: number, got {logs!r:.80}")
    if not on_host():
        arrays = {name: as_array(value) for name, value in logs.items()}
        remote = {name: array for name, array in arrays.items() if is_on_device(array)}
        logs = {**logs, **fetch_together(remote)}
    return {name: to_number(value) for name, value in logs.items()}


def fetch_together(arrays: dict[str, Array]) -> dict[str, Array]:
    """Arrays by name, brought from a GPU in one transfer."""
    if not arrays:
        return {}
    join = array_module(*arrays.values()).concatenate
    flat = join([array.reshape(-1).astype("float64") for array in arrays.values()]).get()
    parts = np.split(flat, np.cumsum([array.size for array in arrays.values()])[:-1])
    return dict(zip(arrays, parts, strict=True))


class LazyLogs(UserDict[str, Any]):
    """The logs of a step on a GPU: they are fetched when they are first read.

    Args:
        logs: Tensors by name, as the step returned them.
    """

    def __init__(self, logs: Mapping[str, Any]) -> None:
        self.on_device = logs

    @functools.cached_property
    def data(self) -> Logs:
        return fetch_logs(self.on_device)


def values_of(logs: Mapping[str, Any]) -> Any:
    """The result of `evaluate` and `train_on_batch`: the loss alone, or a list of all numbers.

    Args:
        logs: Numbers by name.
    """
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
