"""Record one forward and one backward pass of real data, step by step, as plain data.

The model's plan is run with a tape open. Every time a call reads a value it is handed a copy of its
own, made by the op `identity`, so an arrow of the picture and a tensor on the tape are the same
thing. One question to the tape then gives all gradients: at each node's output, and on each arrow,
where the term that this use contributes to the sum can be read off.
"""

from dataclasses import dataclass, field

import numpy as np

from .. import tree
from ..backend import setting
from ..ops import basic
from ..tensor import Tape, Tensor, as_array
from .describe import describe, listed
from .text import printable, shape_text

SAMPLES = 32  # a batch is cut to this size: enough to look at, quick to run
ROWS, COLUMNS, IMAGE_ROWS = 8, 16, 16  # the size of a small picture
LEVELS = "hgfedcba0ABCDEFGH"  # from -8 to 8, a letter for each cell of a small picture
NOT_FINITE = "x"
# Significant digits of every number that is shown. More would differ from processor to processor,
# since each adds up in its own order.
DIGITS = 3


@dataclass
class Recording:
    """What was recorded: `steps` as plain data, all else as tensors.

    `values[i]` and `gradients[i]` are the outputs of box i and the gradients that arrive there
    (None where none does); `terms[k]` is the gradient that edge k carries back, `loss_terms` those
    that the loss sends to each output of the model; `weights` pairs each trainable weight with
    its gradient.
    """

    graph: object
    steps: list = field(default_factory=list)
    samples: int = 0
    loss: float | None = None
    values: list = field(default_factory=list)
    gradients: list = field(default_factory=list)
    terms: list = field(default_factory=list)
    loss_terms: list = field(default_factory=list)
    weights: list = field(default_factory=list)


class Arrivals(list):
    """Values by slot. Each reading gives a copy of its own and writes it down in `taken`."""

    def __init__(self, slots):
        super().__init__([None] * slots)
        self.taken = []

    def __getitem__(self, slot):
        value = super().__getitem__(slot)
        copy = basic.identity(value)
        copy.mask = value.mask
        self.taken.append(copy)
        return copy


def trace(model, x, y=None, loss=None):
    """Run `model` on the first samples of `x`, and backwards from the loss if `y` is given.

    The pass is one of inference: dropout rests, and no weight changes. `loss` is a
    function (y_true, y_pred) -> tensor; without it the loss that the model was compiled with is
    taken. Returns a `Recording`. Raises ValueError if there is a `y` but no loss.
    """
    recording = Recording(describe(model))
    x, y = first_samples(x, model.inputs, "x"), first_samples(y, model.outputs, "y")
    with Tape() as tape:
        outputs, arrivals = forward(model, x, recording)
        if y is not None:
            total = compute_loss(model, x, y, tree.pack(model.output, outputs), loss)
    if y is not None:
        backward(model, tape, total, outputs, arrivals, recording)
    recording.steps = write_steps(recording)
    return recording


def first_samples(data, symbols, argument):
    """The first rows of each array as fresh tensors. None stays None.

    Where one array is due, a list of numbers, or of lists of them, is an array too.
    Raises ValueError, naming the argument, for what holds no numbers or no samples.
    """

    def cut(array):
        if array is None:
            return None
        given = array
        array = as_array(array) if isinstance(array, Tensor) else np.asarray(array)
        if array.ndim == 0 or array.dtype.kind not in "biuf":
            raise ValueError(
                f"`{argument}` must be an array of numbers with an axis of samples, got "
                f"{given!r:.80}; of a stream, give one batch"
            )
        return Tensor(array[:SAMPLES])

    numbers = all(getattr(leaf, "shape", ()) == () for leaf in tree.flatten(data))
    lone = len(symbols) == 1 and numbers
    return cut(data) if lone else tree.map(cut, data)


# ---------------------------------------------------------------------------------------------
# Running


def forward(model, x, recording):
    """Run the plan, and keep the value of each box's outputs.

    Returns the model's outputs as the loss reads them, and {(node, argument number): tensor}, what
    each edge carried.
    """
    plan, graph = model.plan, recording.graph
    arrivals, made = {}, {}
    values = Arrivals(len(plan.slots))
    given = model.bind(x)
    recording.samples = len(given[0])
    for symbol, tensor in zip(plan.inputs, given, strict=True):
        made[symbol] = Tensor(tensor.value, tracked=tensor.value.dtype.kind == "f")
        values[plan.slots[symbol]] = made[symbol]
    with setting(training=False):
        for node in plan.calls:
            results = tree.flatten(plan.call(node, values, training_is_said=True))
            for symbol, result in zip(node.outputs, results, strict=True):
                if symbol not in plan.inputs:  # where the graph is cut, the given value stays
                    values[plan.slots[symbol]] = made[symbol] = result
            arrivals |= {(node, place): copy for place, copy in enumerate(values.taken)}
            values.taken.clear()
    recording.values = [[made[s] for s in node.outputs if s in made] for node in graph.nodes]
    return [values[plan.slots[symbol]] for symbol in plan.outputs], arrivals


def compute_loss(model, x, y, prediction, loss):
    """The scalar from which the backward pass starts."""
    if loss is not None:
        value = loss(y, prediction)
        return basic.mean(value) if value.ndim else value
    if not model.compiled:
        raise ValueError(
            f"the backward pass of model {model.name!r} starts from a loss: compile the model with "
            "one, or give loss=..."
        )
    return model.compute_loss(x, y, prediction, None, training=False)


def backward(model, tape, total, outputs, arrivals, recording):
    """Ask the tape, once, for the gradient at every output, on every edge and of every weight."""
    graph = recording.graph
    edges = [arrivals[graph.nodes[edge.target], edge.argument] for edge in graph.edges]
    weights = model.trainable_weights
    sources = [recording.values, edges, outputs, weights]
    recording.gradients, recording.terms, recording.loss_terms, found = tape.gradient(
        total, sources
    )
    recording.weights = list(zip(weights, found, strict=True))
    recording.loss = total.item()


# ---------------------------------------------------------------------------------------------
# Steps


def write_steps(recording):
    """The recording as plain data: forward steps, the loss, backward steps in the reverse order."""
    boxes = range(len(recording.graph.boxes))
    steps = [forward_step(recording, i) for i in boxes]
    if recording.loss is not None:
        steps.append(loss_step(recording))
        steps += [backward_step(recording, i) for i in reversed(boxes)]
    return steps


def step_data(phase, box, words, edges=(), arrays=(), weights=()):
    """One step; `box` is None at the loss, `edge` is None for what comes from the loss itself."""
    return {
        "phase": phase,
        "box": box,
        "words": words,
        "edges": list(edges),
        "arrays": list(arrays),
        "weights": list(weights),
    }


def forward_step(recording, i):
    """A value is computed from the values that arrive."""
    graph = recording.graph
    box, arrays = graph.boxes[i], [array_data(tensor) for tensor in recording.values[i]]
    edges = []
    for k, edge in enumerate(graph.edges):
        if edge.target == i:
            norm = norm_text(recording.values[edge.source][edge.output])
            edges.append({"edge": k, "name": call_name(graph.boxes[edge.source]), "norm": norm})
    what = listed([f"shape {array['shape']}, norm {array['norm']}" for array in arrays])
    if box.kind == "input":
        words = f"The data enters at {call_name(box)}: {what}."
    else:
        sources = listed(list(dict.fromkeys(edge["name"] for edge in edges)))
        words = f"{call_name(box)} computes its value from {sources}: {what}."
    return step_data("forward", i, words, edges, arrays)


def loss_step(recording):
    """The turning point."""
    words = (
        f"The loss is {number_text(recording.loss)}, one number. Now its gradient walks back: each "
        "arrow carries the gradient of the loss with respect to the value that went along it."
    )
    return step_data("loss", None, words)


def backward_step(recording, i):
    """A gradient arrives: the sum of the terms that the uses of the value sent back."""
    graph = recording.graph
    box, name = graph.boxes[i], call_name(graph.boxes[i])
    edges = [
        {"edge": None, "name": "the loss", "norm": norm_text(term)}
        for maker, term in zip(graph.outputs, recording.loss_terms, strict=True)
        if maker == i
    ]
    for k, edge in enumerate(graph.edges):
        if edge.source == i:
            norm = norm_text(recording.terms[k])
            edges.append({"edge": k, "name": call_name(graph.boxes[edge.target]), "norm": norm})
    arrays = [array_data(gradient) for gradient in recording.gradients[i] if gradient is not None]
    if not arrays:
        words = f"No gradient arrives at {name}: the loss does not depend smoothly on its value."
        return step_data("backward", i, words, edges)
    norms = listed([array["norm"] for array in arrays])
    senders = listed([edge["name"] for edge in edges])
    if len(edges) > 1:
        words = f"At {name} the gradients from {senders} meet and are added: norm {norms}."
    else:
        words = f"At {name} the gradient from {senders} arrives: norm {norms}."
    weights = weight_norms(recording, graph.nodes[i]) if box.call == 0 else []
    if weights:
        source = "From this and its other calls" if box.calls > 1 else "From it"
        words += f" {source} follows the gradient of {listed([part['name'] for part in weights])}."
    return step_data("backward", i, words, edges, arrays, weights)


def call_name(box):
    """The name of a box in a sentence, with its call where the layer has several."""
    return f"‘{box.name}’ (call {box.call + 1})" if box.calls > 1 else f"‘{box.name}’"


def weight_norms(recording, node):
    """The norms of the gradients of a layer's weights.

    A layer that is called several times shows them at its first call: there, going backwards, the
    sum over its calls is complete.
    """
    own = set(() if node.layer is None else node.layer.trainable_weights)
    return [
        {"name": printable(weight.name), "norm": norm_text(gradient)}
        for weight, gradient in recording.weights
        if weight in own
    ]


# ---------------------------------------------------------------------------------------------
# Numbers as text and as small pictures


def number_text(value):
    """A number with three significant digits."""
    return f"{value:.{DIGITS}g}"


def norm_text(tensor):
    """The norm of a tensor, the root of the sum of its squares; "none" where nothing flows."""
    if tensor is None:
        return "none"
    return number_text(float(np.linalg.norm(tensor.numpy().astype("float64").ravel())))


def array_data(tensor):
    """What is shown of an array: its shape, its norm, and a small picture of its first numbers."""
    return {
        "shape": shape_text(tensor.shape),
        "norm": norm_text(tensor),
        "picture": small_picture(tensor.numpy().astype("float64")),
    }


def small_picture(array):
    """The first numbers of an array in 17 levels, a letter each; None for an array without numbers.

    Rows and columns are samples and features, or two axes of the first sample.
    """
    if not array.size:
        return None
    grid, caption = first_grid(array)
    finite = np.isfinite(grid)
    scale = float(np.abs(grid[finite]).max(initial=0.0))
    shares = np.where(finite, grid, 0.0) / (scale or 1.0)
    levels = np.rint(shares * (len(LEVELS) // 2)).astype(int) + len(LEVELS) // 2
    letters = [
        LEVELS[level] if good else NOT_FINITE
        for level, good in zip(levels.ravel(), finite.ravel(), strict=True)
    ]
    rows, columns = grid.shape
    return {
        "rows": rows,
        "columns": columns,
        "scale": number_text(scale),
        "cells": "".join(letters),
        "caption": caption,
    }


def first_grid(array):
    """The part of an array that fits a small picture, and words that say which part it is."""
    if array.ndim < 2:
        grid = array.reshape(1, -1)[:, :COLUMNS]
        return grid, f"{first_of(grid.size, array.size)} numbers"
    if array.ndim == 2:
        grid = array[:ROWS, :COLUMNS]
        rows, columns = (first_of(a, b) for a, b in zip(grid.shape, array.shape, strict=True))
        return grid, f"Each row is one sample ({rows}), each column one number ({columns})."
    sample = array[(0, ..., *[0] * (array.ndim - 3))]
    grid = sample[:IMAGE_ROWS, :COLUMNS]
    rows, columns = (first_of(a, b) for a, b in zip(grid.shape, sample.shape, strict=True))
    channel = ", first channel" if array.ndim > 3 else ""
    return grid, f"First sample{channel}: {rows} rows, {columns} columns."


def first_of(shown, whole):
    """ "8", or "first 8 of 32" where not all are shown."""
    return str(whole) if shown == whole else f"first {shown} of {whole}"
