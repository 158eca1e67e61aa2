"""Sphinx extension: the layer catalogue, a card for each layer, drawn while the book is built.

The sentence and the formula of a card are those of the layer's docstring. Its shapes and its number
of parameters are those of the example below, called on symbolic tensors.
"""

import inspect
import re
from collections.abc import Iterator

from sphinx.application import Sphinx

from minigraph import Input, layers
from minigraph.core import tree
from tools.docstrings import origin_of

PAGE = "book/layer_catalogue"
MARK = "<!-- the cards -->"

# An example: how it is made, the shapes that it is called on (without the batch), its number of
# parameters as a formula, and the sizes that the formula names.
NONE = ("0", {})
CONV = "{positions} * channels * filters + filters"
PLAIN = "inputs * units + units * units + units"
GATES = "{gates} * (inputs * units + units * units + {bias})"
SMALL = {"channels": 3, "filters": 4, "k": 3}
CELL = {"inputs": 8, "units": 4}
FAMILIES = {
    "Dense layers and functions": [
        ("Dense(4)", [(8,)], "inputs * units + units", CELL),
        ("Activation('relu')", [(8,)], *NONE),
        ("Identity()", [(8,)], *NONE),
        ("Lambda(lambda x: 2 * x)", [(8,)], *NONE),
    ],
    "Activations with settings": [
        ("ReLU(max_value=6.0)", [(8,)], *NONE),
        ("LeakyReLU()", [(8,)], *NONE),
        ("ELU()", [(8,)], *NONE),
        ("Softmax()", [(8,)], *NONE),
        ("PReLU()", [(8,)], "inputs", {"inputs": 8}),
    ],
    "Convolutions": [
        ("Conv1D(4, 3)", [(16, 3)], CONV.format(positions="k"), SMALL),
        ("Conv2D(4, 3)", [(16, 16, 3)], CONV.format(positions="k^2"), SMALL),
        ("Conv3D(4, 3)", [(8, 8, 8, 3)], CONV.format(positions="k^3"), SMALL),
        ("Conv1DTranspose(4, 3, strides=2)", [(8, 3)], CONV.format(positions="k"), SMALL),
        ("Conv2DTranspose(4, 3, strides=2)", [(8, 8, 3)], CONV.format(positions="k^2"), SMALL),
        ("Conv3DTranspose(4, 3, strides=2)", [(4, 4, 4, 3)], CONV.format(positions="k^3"), SMALL),
    ],
    "Separable convolutions": [
        ("DepthwiseConv1D(3)", [(16, 8)], "k * channels + channels", {"k": 3, "channels": 8}),
        ("DepthwiseConv2D(3)", [(16, 16, 8)], "k^2 * channels + channels", {"k": 3, "channels": 8}),
        *(
            (
                f"SeparableConv{rank}D(16, 3)",
                [(16,) * rank + (8,)],
                f"k^{rank} * channels + channels * filters + filters",
                {"k": 3, "channels": 8, "filters": 16},
            )
            for rank in (1, 2)
        ),
    ],
    "Pooling": [
        (f"{name}{rank}D()", [(16,) * rank + (3,)], *NONE)
        for name in ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling")
        for rank in (1, 2, 3)
    ],
    "Recurrent layers": [
        ("SimpleRNN(4)", [(10, 8)], PLAIN, CELL),
        ("LSTM(4)", [(10, 8)], GATES.format(gates=4, bias="units"), CELL),
        ("GRU(4)", [(10, 8)], GATES.format(gates=3, bias="2 * units"), CELL),
        (
            "ConvLSTM2D(4, 3)",
            [(5, 16, 16, 3)],
            "4 * (k^2 * channels * filters + k^2 * filters * filters + filters)",
            SMALL,
        ),
        ("RNN(SimpleRNNCell(4))", [(10, 8)], PLAIN, CELL),
        ("Bidirectional(LSTM(4))", [(10, 8)], "2 * " + GATES.format(gates=4, bias="units"), CELL),
        ("TimeDistributed(Dense(4))", [(10, 8)], "inputs * units + units", CELL),
    ],
    "Cells": [
        ("SimpleRNNCell(4)", [(8,), (4,)], PLAIN, CELL),
        ("LSTMCell(4)", [(8,), (4,), (4,)], GATES.format(gates=4, bias="units"), CELL),
        ("GRUCell(4)", [(8,), (4,)], GATES.format(gates=3, bias="2 * units"), CELL),
        (
            "ConvLSTMCell(4, 3)",
            [(16, 16, 3), (14, 14, 4), (14, 14, 4)],
            "4 * (k^2 * channels * filters + k^2 * filters * filters + filters)",
            SMALL,
        ),
        (
            "StackedRNNCells([SimpleRNNCell(4), SimpleRNNCell(4)])",
            [(8,), (4,), (4,)],
            "inputs * units + units * units + units + 2 * units * units + units",
            CELL,
        ),
    ],
    "Sequences and attention": [
        ("Embedding(1000, 16)", [(10,)], "words * width", {"words": 1000, "width": 16}),
        ("Masking()", [(10, 8)], *NONE),
        (
            "MultiHeadAttention(2, 4)",
            [(10, 8), (12, 8)],
            "3 * (inputs * heads * width + heads * width) + heads * width * inputs + inputs",
            {"inputs": 8, "heads": 2, "width": 4},
        ),
    ],
    "Normalisation": [
        ("BatchNormalization()", [(16, 16, 3)], "4 * channels", {"channels": 3}),
        ("LayerNormalization()", [(10, 8)], "2 * inputs", {"inputs": 8}),
        ("Normalization()", [(8,)], "2 * inputs", {"inputs": 8}),
        ("Rescaling(1 / 255)", [(16, 16, 3)], *NONE),
    ],
    "Images": [
        ("Resizing(8, 8)", [(16, 16, 3)], *NONE),
        ("RandomFlip('horizontal')", [(16, 16, 3)], *NONE),
        ("RandomCrop(8, 8)", [(16, 16, 3)], *NONE),
        ("RandomContrast(0.2)", [(16, 16, 3)], *NONE),
        ("RandomRotation(0.1)", [(16, 16, 3)], *NONE),
        ("RandomZoom(0.2)", [(16, 16, 3)], *NONE),
        ("RandomTranslation(0.1, 0.1)", [(16, 16, 3)], *NONE),
    ],
    "Layers for regularization": [
        ("Dropout(0.5)", [(8,)], *NONE),
        ("SpatialDropout1D(0.5)", [(10, 8)], *NONE),
        ("SpatialDropout2D(0.5)", [(16, 16, 3)], *NONE),
        ("SpatialDropout3D(0.5)", [(8, 8, 8, 3)], *NONE),
        ("GaussianNoise(0.1)", [(8,)], *NONE),
        ("ActivityRegularization(l2=0.01)", [(8,)], *NONE),
    ],
    "Several inputs": [
        *((f"{name}()", [(8,), (8,)], *NONE) for name in ("Add", "Subtract", "Multiply")),
        *((f"{name}()", [(8,), (8,)], *NONE) for name in ("Average", "Maximum", "Minimum")),
        ("Concatenate()", [(8,), (4,)], *NONE),
        ("Dot(axes=2)", [(10, 8), (12, 8)], *NONE),
    ],
    "Other shapes": [
        ("Flatten()", [(4, 4, 3)], *NONE),
        ("Reshape((4, 6))", [(24,)], *NONE),
        ("Permute((2, 1))", [(10, 8)], *NONE),
        ("RepeatVector(5)", [(8,)], *NONE),
        *(
            (f"{name}{rank}D()", [(8,) * rank + (3,)], *NONE)
            for name in ("UpSampling", "ZeroPadding", "Cropping")
            for rank in (1, 2, 3)
        ),
    ],
}


def examples() -> Iterator[tuple[str, list, str, dict]]:
    """Yield every example."""
    for family in FAMILIES.values():
        yield from family


def make(code: str) -> layers.Layer:
    """Return the layer that the code of an example makes."""
    return eval(code, dict(vars(layers)))


def trace(code: str, shapes: list) -> tuple[list, list, int]:
    """Return the shapes of the inputs and outputs of an example, and its number of parameters."""
    layer = make(code)
    inputs = [Input(shape) for shape in shapes]
    if hasattr(layer, "state_size"):  # a cell, which takes its states in a list
        outputs = layer(inputs[0], tree.pack(layer.state_size, inputs[1:]))
    elif len(inputs) > 1 and not isinstance(layer, layers.MultiHeadAttention):
        outputs = layer(inputs)
    else:
        outputs = layer(*inputs)
    found = [symbol.shape for symbol in tree.flatten(outputs)]
    return [symbol.shape for symbol in inputs], found, layer.count_params()


def count(formula: str, sizes: dict) -> tuple[str, int]:
    """Return a formula with its sizes filled in, and its value."""
    numbers = re.sub(r"[a-z]+", lambda match: str(sizes[match[0]]), formula)
    return numbers, eval(numbers.replace("^", "**"), {})


def shown(shapes: list) -> str:
    """Return shapes as text, with `batch` for the axis of unknown size."""
    texts = [f"({', '.join('batch' if n is None else str(n) for n in shape)})" for shape in shapes]
    return ", ".join(texts)


def card(code: str, shapes: list, formula: str, sizes: dict) -> str:
    """Return the card of one layer as Markdown."""
    name = code.partition("(")[0]
    thing = getattr(layers, name)
    sentence, *rest = inspect.getdoc(thing).split("\n\n")
    formulas = [block for block in rest if block.startswith("    ")][:1]
    arithmetic = [f"```text\n{inspect.cleandoc(block)}\n```" for block in formulas]
    given, made, parameters = trace(code, shapes)
    numbers, value = count(formula, sizes)
    if value != parameters:
        raise ValueError(f"{code} has {parameters} parameters, but {formula} = {numbers} = {value}")
    total = f"`{formula}` = `{numbers}` = **{value:,}**" if value else "none"
    module, path = origin_of(thing)
    source = f"../_modules/{module.replace('.', '/')}.html#{path}"
    return "\n\n".join(
        [
            f"### {name}",
            sentence.replace("\n", " "),
            *arithmetic,
            f"Example\n: `layers.{code}`",
            f"Shapes\n: `{shown(given)}` → `{shown(made)}`",
            f"Parameters\n: {total}",
            f"{{py:class}}`Reference <minigraph.layers.{name}>` · "
            f'<a class="source" href="{source}">Source</a>',
        ]
    )


def cards() -> str:
    """Return all cards, by family."""
    parts = []
    for family, members in FAMILIES.items():
        parts += [f"## {family}", *(card(*example) for example in members)]
    return "\n\n".join(parts)


def fill(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace the mark by the cards."""
    if page == PAGE:
        source[0] = source[0].replace(MARK, cards())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
