"""Arrays as small pictures: a few cells with few levels, one letter each.

A widget has to be small, so an array is cropped and averaged until it fits, and the picture says in
words what was done to it.
"""

import string
from dataclasses import dataclass
from typing import Any

import numpy as np

from .trace import number_text

# From -31 to 31, in units of a 31st of the largest absolute value in the picture.
LEVELS = string.digits + string.ascii_uppercase + string.ascii_lowercase + "-"
MIDDLE = len(LEVELS) // 2
NOT_FINITE = "*"
BINS = 16  # of a histogram


@dataclass(frozen=True)
class Detail:
    """How much is shown: the rows and columns of a grid, the side and number of feature maps,
    whether weights and the terms of sums get pictures, how many drawings (with nested models open
    or closed) and boxes there are, whether arrays get pictures at all, and whether the still
    picture shows only names."""

    rows: int = 8
    columns: int = 24
    side: int = 16
    maps: int = 6
    weights: bool = True
    terms: bool = True
    drawings: int = 16
    boxes: float = 200
    arrays: bool = True
    names_only: bool = False


def activation_picture(array: np.ndarray, detail: Detail) -> dict[str, Any] | None:
    """A batch of values: bars for vectors, a timeline for sequences, feature maps for images."""
    array = np.asarray(array, "float64")
    if not array.size:
        return None
    if array.ndim < 2:
        return bars(array, detail)
    if array.ndim == 2:
        grid = array[None, : detail.rows, : detail.columns]
        rows, columns = map(first_of, grid.shape[1:], array.shape)
        words = f"Each row is one sample ({rows}), each column one feature ({columns})."
        return cells("rows", grid, words)
    if array.ndim == 3:
        steps, features = array.shape[1:]
        factor = cells_in_one(steps, detail.columns)
        grid = averaged(array[:1], 1, factor)
        grid = grid[:, :, : detail.rows].swapaxes(1, 2)
        words = (
            f"First sample: time runs to the right ({steps} steps{means(factor, 'step')}), "
            f"each row is one feature ({first_of(grid.shape[1], features)})."
        )
        return cells("time", grid, words)
    sample, part = array[0], ""
    while sample.ndim > 3:
        part, sample = ", the middle of its depth", sample[len(sample) // 2]
    height, width, channels = sample.shape
    maps, factor = square(sample.transpose(2, 0, 1)[: detail.maps], detail.side)
    words = (
        f"First sample{part}: {height} × {width} pixels{means(factor, 'square')}, "
        f"one picture for each channel ({first_of(len(maps), channels)})."
    )
    return cells("maps", maps, words)


def weight_picture(array: np.ndarray, detail: Detail) -> dict[str, Any] | None:
    """A weight: bars for a vector, one picture per filter for a convolution, else a grid."""
    array = np.asarray(array, "float64")
    if not array.size:
        return None
    if array.ndim < 2:
        return bars(array, detail)
    if array.ndim == 4:
        maps, factor = square(array[:, :, 0].transpose(2, 0, 1)[: detail.maps], detail.side)
        inputs = ", for its first input channel" if array.shape[2] > 1 else ""
        words = f"One picture for each filter ({first_of(len(maps), array.shape[3])}){inputs}."
        return cells("maps", maps, words)
    table = array.reshape(-1, array.shape[-1])
    down, across = map(cells_in_one, table.shape, (detail.side, detail.columns))
    grid = averaged(averaged(table[None], 1, down), 2, across)
    words = f"{table.shape[0]} rows for the inputs, {table.shape[1]} columns for the outputs"
    words += f"; each cell is the mean of {down} × {across}." if down * across > 1 else "."
    return cells("grid", grid, words)


def bars(array: np.ndarray, detail: Detail) -> dict[str, Any]:
    """A picture of single values."""
    grid = array.reshape(1, 1, -1)[:, :, : detail.columns]
    return cells("bars", grid, f"Each bar is one value ({first_of(grid.size, array.size)}).")


def histogram(array: np.ndarray) -> dict[str, Any] | None:
    """Return the number of values in each of 16 bins, scaled to letters, and four statistics."""
    array = np.asarray(array, "float64").ravel()
    array = array[np.isfinite(array)]
    if not array.size:
        return None
    counts, _ = np.histogram(array, BINS)
    heights = np.rint(counts / counts.max() * (len(LEVELS) - 1)).astype(int)
    names = {"least": array.min(), "most": array.max(), "mean": array.mean(), "std": array.std()}
    numbers = {name: number_text(float(value)) for name, value in names.items()}
    return {"bars": "".join(LEVELS[height] for height in heights), **numbers}


def cells(kind: str, maps: np.ndarray, caption: str) -> dict[str, Any]:
    """A picture of one or more maps (map, row, column), one letter for each value.

    Its form, which many pictures have in common, is stored separately.
    """
    finite = np.isfinite(maps)
    scale = float(np.abs(maps[finite]).max(initial=0.0))
    shares = np.where(finite, maps, 0.0) / (scale or 1.0)
    levels = np.rint(shares * MIDDLE).astype(int) + MIDDLE
    letters = [
        LEVELS[level] if good else NOT_FINITE
        for level, good in zip(levels.ravel(), finite.ravel(), strict=True)
    ]
    count, rows, columns = maps.shape
    form = {"kind": kind, "maps": count, "rows": rows, "columns": columns, "caption": caption}
    return {"form": form, "scale": number_text(scale), "cells": "".join(letters)}


def cells_in_one(length: int, most: int) -> int:
    """Return how many neighbours to merge into one cell, so that there are at most `most` cells."""
    return -(-length // most)


def averaged(array: np.ndarray, axis: int, factor: int) -> np.ndarray:
    """`array` with an axis shortened: each element the mean of up to `factor` neighbours."""
    length = array.shape[axis]
    starts = np.arange(0, length, factor)
    sizes = np.diff(np.append(starts, length))
    shape = [-1 if a == axis else 1 for a in range(array.ndim)]
    return np.add.reduceat(array, starts, axis) / sizes.reshape(shape)


def square(maps: np.ndarray, side: int) -> tuple[np.ndarray, int]:
    """Maps no higher and no wider than `side`, averaged by the same factor along both axes."""
    factor = cells_in_one(max(maps.shape[1:]), side)
    return averaged(averaged(maps, 1, factor), 2, factor), factor


def means(factor: int, what: str) -> str:
    """The words for an average."""
    if factor == 1:
        return ""
    size = f"{factor} × {factor}" if what == "square" else str(factor)
    return f", each cell the mean of {size}"


def first_of(shown: int, whole: int) -> str:
    """ "8", or "first 8 of 32" where not all are shown."""
    return str(whole) if shown == whole else f"first {shown} of {whole}"
