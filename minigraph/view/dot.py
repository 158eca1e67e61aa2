"""A model in the DOT language, for readers who have Graphviz and want its layouts."""

from .describe import describe
from .text import printable

DIRECTIONS = ("TB", "LR")


class Dot:
    """A graph in the DOT language: `str(dot)` is the text."""

    def __init__(self, text):
        self.text = text

    def to_string(self):
        return self.text

    def __str__(self):
        return self.text

    def __repr__(self):
        return f"<Dot of {self.text.count(chr(10))} lines>"


def model_to_dot(
    model,
    show_shapes=False,
    show_dtype=False,
    show_layer_names=False,
    rankdir="TB",
    expand_nested=False,
    dpi=200,
    show_layer_activations=False,
    show_trainable=False,
):
    """The graph of a model as a `Dot`, whose text is in the DOT language, for Graphviz.

    The arguments are those of `plot_model`.

    Raises ValueError for any other `rankdir`.
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


def quoted(text):
    """A text between quotes, as DOT reads it: no character in it has a special meaning."""
    rows = [printable(row).replace("\\", "\\\\").replace('"', '\\"') for row in text.split("\n")]
    return '"' + "\\n".join(rows) + '"'


def caption_maker(
    show_shapes,
    show_dtype,
    show_layer_names,
    show_layer_activations,
    show_trainable,
    join=", ".join,
):
    """The function that gives the lines of a box as (style, text) pairs; `join` makes one text of
    several shapes."""

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
