"""A model in the DOT language, for readers who have Graphviz and want its layouts."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .describe import Box, describe
from .svg import Captions
from .text import printable

if TYPE_CHECKING:
    from ..models.model import Model

DIRECTIONS = ("TB", "LR")


class Dot:
    """A graph in the DOT language: `str(dot)` is the text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def to_string(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Dot of {self.text.count(chr(10))} lines>"


def model_to_dot(
    model: "Model",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Dot:
    """The graph of a model as a `Dot`, whose text is in the DOT language, for Graphviz.

    Args:
        model: The model, which has a graph.
        show_shapes: Whether a box shows the shapes of its inputs and outputs (default False).
        show_dtype: Whether a box shows the type of its output (default False).
        show_layer_names: Whether a box shows the name of its layer, with the type below (default
            False).
        rankdir: Where the arrows point: "TB" (default) means down, "LR" to the right.
        expand_nested: Whether the models inside the model are opened, at any depth: each becomes a
            box around its layers (default False).
        dpi: Pixels per inch, for a program that draws the graph (default 200).
        show_layer_activations: Whether the activation follows the type of a layer, unless it is
            linear (default False).
        show_trainable: Whether a box with weights says if they are trainable or frozen (default
            False).
    Raises ValueError for any other `rankdir`, or for a model without a graph.
    Example:
        >>> x = keras.Input((2,))
        >>> model = keras.Model(x, keras.layers.Dense(1)(x), name="tiny")
        >>> print(str(keras.utils.model_to_dot(model)).strip())
        digraph "tiny" {
          graph [rankdir=TB, dpi=200];
          node [shape=box, style=rounded, fontname="sans-serif"];
          n0 [label="InputLayer", shape=oval];
          n1 [label="Dense"];
          n0 -> n1;
        }
    """
    if rankdir not in DIRECTIONS:
        raise ValueError(f"rankdir must be one of {', '.join(DIRECTIONS)}, got {rankdir!r}")
    graph = describe(model, opened=bool(expand_nested) or ())
    caption = caption_maker(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable
    )
    lines = [
        f"digraph {quoted(graph.name)} {{",
        f"  graph [rankdir={rankdir}, dpi={float(dpi):g}];",
        '  node [shape=box, style=rounded, fontname="sans-serif"];',
    ]
    open_clusters = []
    for i, box in enumerate(graph.boxes):
        while open_clusters and open_clusters[-1] != box.parent:
            open_clusters.pop()
            lines.append("  }")
        label = quoted("\n".join(text for _, text in caption(box)))
        if box.opened:
            open_clusters.append(i)
            lines += [f"  subgraph cluster_{i} {{", f"  label={label};"]
        else:
            shape = ", shape=oval" if box.kind in ("input", "op") else ""
            lines.append(f"  n{i} [label={label}{shape}];")
    lines += ["  }"] * len(open_clusters)
    lines += [f"  n{source} -> n{target};" for source, target in graph.pairs]
    return Dot("\n".join([*lines, "}", ""]))


def quoted(text: str) -> str:
    """Quote a text for DOT, so that no character in it has a special meaning."""
    rows = [printable(row).replace("\\", "\\\\").replace('"', '\\"') for row in text.split("\n")]
    return '"' + "\\n".join(rows) + '"'


def caption_maker(
    show_shapes: bool,
    show_dtype: bool,
    show_layer_names: bool,
    show_layer_activations: bool,
    show_trainable: bool,
    join: Callable[[Sequence[str]], str] = ", ".join,
) -> Callable[[Box], Captions]:
    """Return a function that gives the lines of a box as (style, text) pairs.

    `join` makes one text from several shapes.
    """

    def caption(box):
        type_text = box.type
        if show_layer_activations and box.activation:
            type_text += f" · {box.activation}"
        if show_layer_names:
            lines = [("title", box.name), ("detail", type_text)]
        else:
            lines = [("title", type_text)]
        if box.calls > 1:
            lines.append(("detail", f"call {box.call + 1} of {box.calls}"))
        if show_dtype:
            lines.append(("mono", box.dtype))
        if show_shapes:
            if box.inputs:
                lines.append(("mono", f"in: {join(box.inputs)}"))
            lines.append(("mono", f"out: {join(box.outputs)}"))
        if show_trainable and box.trainable is not None:
            lines.append(("detail", "trainable" if box.trainable else "frozen"))
        return lines

    return caption
