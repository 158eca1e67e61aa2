"""Write the picture of a model to a file, in the format that the file's extension names."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.docstrings import share_arguments
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
    """The result of `plot_model`, which a notebook shows as the picture."""

    svg: str
    sentence: str

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return {"text/plain": self.sentence, "image/svg+xml": self.svg}

    def __repr__(self) -> str:
        return self.sentence


def plot_model(
    model: "Model",
    to_file: str | os.PathLike[str] | None = "model.png",
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

    All calls of a shared layer carry the same number. The result shows itself in a notebook.

    Args:
        to_file: The file (default "model.png"), whose extension chooses the format: `.svg` and
            `.dot` need nothing else, `.png` needs Matplotlib. None writes nothing.
        dpi: Pixels per inch of a PNG file, a positive number (default 200).
    Raises ValueError for any other extension or direction, or for a model without a graph,
    ImportError for a PNG without Matplotlib, OSError if the file cannot be written.
    Example:
        >>> x = keras.Input((2,), name="x")
        >>> hidden = keras.layers.Dense(3, name="hidden")(x)
        >>> model = keras.Model(x, keras.layers.Dense(1, name="out")(hidden))
        >>> keras.utils.plot_model(model, "model.svg", show_shapes=True)
        A graph of 3 nodes: x (InputLayer) feeds hidden (Dense); hidden feeds out (Dense).
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


share_arguments((plot_model,), model_to_dot.__doc__ or "")


def shortened_lines(lines: Captions) -> Captions:
    """Shorten the longest names, which DOT and the summary show in full."""
    return [(style, shorten(text, LONGEST_LINE)) for style, text in lines]
