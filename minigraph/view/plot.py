"""Write the picture of a model to a file, in the format that the file's extension names."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .describe import as_sentence, describe
from .dot import caption_maker, model_to_dot
from .raster import picture_png
from .svg import Captions, compose, picture_svg
from .text import joined_within, shorten

if TYPE_CHECKING:
    from ..models.model import Model

LONGEST_LINE = 60
LONGEST_SHAPES = 54


@dataclass(frozen=True)
class Plot:
    """What `plot_model` returns: in a notebook it shows the picture."""

    svg: str
    sentence: str

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return {"text/plain": self.sentence, "image/svg+xml": self.svg}

    def __repr__(self) -> str:
        return self.sentence


def plot_model(
    model: "Model",
    to_file: str | os.PathLike | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Plot:
    """Draw a model: a box for each call of a layer, arrows along the data.

    The extension of `to_file` chooses the format: `.svg` and `.dot` need nothing else, `.png` needs
    Matplotlib and has `dpi` pixels per inch; with None nothing is written. `show_...` choose what
    else a box shows, and `rankdir` is "TB" (arrows point down) or "LR" (to the right).
    `expand_nested` opens the models inside the model, at any depth: each becomes a box around its
    layers. All calls of a shared layer carry the same number. The result shows itself in a
    notebook.
    Raises ValueError for any other extension or direction, ImportError for a PNG without
    Matplotlib, OSError if the file cannot be written.
    """
    shows = {
        "show_shapes": show_shapes,
        "show_dtype": show_dtype,
        "show_layer_names": show_layer_names,
        "show_layer_activations": show_layer_activations,
        "show_trainable": show_trainable,
    }
    extension = None if to_file is None else Path(to_file).suffix.lower()
    if extension not in (None, ".png", ".svg", ".dot"):
        raise ValueError(
            f"to_file={str(to_file)!r}: the file name must end in .png, .svg or .dot, "
            f"which chooses the format"
        )
    graph = describe(model, opened=bool(expand_nested) or ())
    caption = caption_maker(**shows, join=lambda shapes: joined_within(shapes, LONGEST_SHAPES))
    picture = compose(graph, rankdir, lambda box: shortened_lines(caption(box)))
    svg = picture_svg(picture, tooltips=True)
    if extension == ".svg":
        content = svg.encode()
    elif extension == ".png":
        content = picture_png(picture, dpi)
    elif extension == ".dot":
        content = str(
            model_to_dot(model, rankdir=rankdir, expand_nested=expand_nested, dpi=dpi, **shows)
        ).encode()
    if to_file is not None:
        Path(to_file).write_bytes(content)
    return Plot(svg, as_sentence(graph))


def shortened_lines(lines: Captions) -> Captions:
    """A picture has no room for the longest names; DOT and the summary show them in full."""
    return [(style, shorten(text, LONGEST_LINE)) for style, text in lines]
