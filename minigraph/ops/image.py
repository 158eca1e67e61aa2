"""Ops of images, (batch, height, width, channels): other sizes, and patches.

keras.ops.image.resize(images, (72, 72))
"""

from typing import Any, Literal, TypeAlias

from ..core.checks import check_choice, check_sizes
from ..core.device import array_module
from ..core.dtypes import floatx
from ..core.tensor import op
from ..core.types import Array
from .conv import Padding, Sizes, conv_axes, crop_padding, kernel_positions, pad_input, windows

Interpolation: TypeAlias = Literal["bilinear", "nearest"]
INTERPOLATIONS: tuple[Interpolation, ...] = ("bilinear", "nearest")


@op
def resize(
    images: Array,
    /,
    size: tuple[int, int],
    interpolation: Interpolation = "bilinear",
    antialias: bool = False,
):
    """The images in another size: each new pixel is a mean of the old ones around its centre.

        y = rows @ x @ columns^T, for each channel

    The centre of new pixel i lies at (i + 0.5) * old / new - 0.5 among the old ones.

    Shapes: (N, height, width, C) -> (N, *size, C), also without N.
    Args:
        images: Images, with the channels as last axis; integers become floats, except by "nearest".
        size: New height and width.
        interpolation: "bilinear" (default) weighs the two nearest pixels of each axis by their
            distance; "nearest" takes the pixel in which the centre lies.
        antialias: Whether an image that shrinks is smoothed first, so that every old pixel counts
            (default False).
    Raises ValueError for images of another rank, or another interpolation.
    Example:
        >>> image = np.array([[[0.0], [4.0]]])  # height 1, width 2, one channel
        >>> keras.ops.image.resize(image, (1, 4)).numpy().ravel()
        array([0., 1., 3., 4.])
        >>> keras.ops.image.resize(image, (1, 4), interpolation="nearest").numpy().ravel()
        array([0., 0., 4., 4.])
    """
    check_choice(interpolation, INTERPOLATIONS, "interpolation")
    pairs = list(zip(image_sizes("resize", images), check_sizes(size, 2, "size"), strict=True))
    xp, dtype = array_module(images), images.dtype if images.dtype.kind == "f" else floatx()
    if interpolation == "nearest":
        rows, columns = (xp.eye(old, dtype=dtype)[nearest(xp, old, new)] for old, new in pairs)
        above, left = (nearest(xp, old, new) for old, new in pairs)
        y = images[..., above[:, None], left, :]
    else:
        rows, columns = (blend(xp, old, new, antialias).astype(dtype) for old, new in pairs)
        y = weave(images.astype(dtype), rows, columns)
    return y, (lambda g: weave(g, rows.T, columns.T),)


def image_sizes(what: str, images: Array) -> tuple[int, int]:
    """Height and width; ValueError unless the array is an image or a batch of them."""
    if images.ndim not in (3, 4):
        raise ValueError(
            f"{what} takes images of shape (height, width, channels) or (batch, height, width, "
            f"channels), got {images.shape}"
        )
    return images.shape[-3:-1]


def nearest(xp: Any, old: int, new: int) -> Array:
    """For each new pixel the index of the old one in which its centre lies."""
    return ((2 * xp.arange(new) + 1) * old) // (2 * new)


def blend(xp: Any, old: int, new: int, smooth: bool) -> Array:
    """The matrix (new, old) of the weights of old pixels in new ones; each row adds up to 1."""
    centre = (xp.arange(new) + 0.5) * old / new - 0.5
    width = max(old / new, 1) if smooth else 1
    weights = (1 - xp.abs(centre[:, None] - xp.arange(old)) / width).clip(0, 1)
    return weights / weights.sum(1, keepdims=True)


def weave(x: Array, rows: Array, columns: Array) -> Array:
    """Two matrices applied to images, one along each axis."""
    *batch, height, width, channels = x.shape
    y = rows @ x.reshape(*batch, height, width * channels)
    return columns @ y.reshape(*batch, len(rows), width, channels)


@op
def extract_patches(
    images: Array,
    /,
    size: Sizes,
    strides: Sizes | None = None,
    dilation_rate: Sizes = 1,
    padding: Padding = "valid",
):
    """The patches of images, each as one row: what a vision transformer reads as words.

        y[i, j] = x[i * strides : i * strides + size, j * strides : j * strides + size], flat

    Shapes: (N, height, width, C) -> (N, rows, columns, size * size * C), also without N.
    Args:
        images: Images, with the channels as last axis.
        size: Height and width of a patch, one number for both or one for each.
        strides: Distance between neighbouring patches, for both axes or for each; None (default)
            means the size, so that no two overlap.
        dilation_rate: Distance between the pixels of a patch (default 1: neighbours).
        padding: "valid" (default) for patches inside the image only; "same" for zeros around it, so
            that there are as many patches as its size divided by the strides, rounded up.
    Raises ValueError for images of another rank, or patches larger than the image.
    Example:
        >>> image = np.arange(8).reshape(2, 4, 1)  # rows 0 to 3 and 4 to 7
        >>> print(keras.ops.image.extract_patches(image, 2).numpy()[0])
        [[0 1 4 5]
         [2 3 6 7]]
    """
    xp, strides = array_module(images), size if strides is None else strides
    lengths = image_sizes("extract_patches", images)
    sides = check_sizes(size, 2, "size")
    axes = conv_axes("extract_patches", lengths, sides, strides, padding, dilation_rate)
    batch = images if images.ndim == 4 else images[None]
    padded = pad_input(batch, axes)
    view = windows(padded, axes)
    shape = (*view.shape[:3], sides[0] * sides[1] * images.shape[-1])

    def back(g):
        g, folded = g.reshape(view.shape), xp.zeros(padded.shape, g.dtype)
        for position, index in kernel_positions(axes):  # a pixel of several patches adds up
            folded[index] += g[(slice(None), slice(None), slice(None), *position)]
        return crop_padding(folded, axes).reshape(images.shape)

    return view.reshape(shape if images.ndim == 4 else shape[1:]), (back,)


__all__ = ["extract_patches", "resize"]
