"""Layers that change images at random in training, so that a model meets more than it was given.

Random numbers are drawn for each image of a batch; in inference all images pass as they are. A
rotation, a zoom or a shift says where in the old image each new pixel lies, and takes the mean of
the four pixels around that position.
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, Unpack

import numpy as np

from .. import ops
from ..core.checks import check_choice, check_numbers, check_positive
from ..core.random import RandomStream
from ..core.types import TensorLike
from ..ops.image import INTERPOLATIONS, Interpolation
from .core import Spatial
from .options import SpatialOptions
from .regularization import Dropout

Factor: TypeAlias = float | Sequence[float]  # a pair, or a number f for the pair (-f, f)
FillMode: TypeAlias = Literal["reflect", "wrap", "constant", "nearest"]
FILL_MODES: tuple[FillMode, ...] = ("reflect", "wrap", "constant", "nearest")


class Resizing(Spatial):
    """Images in another size.

        y = rows @ x @ columns^T, for each channel

    Each row of these two matrices weighs the old pixels around the centre of a new one; see
    `ops.image.resize`.

    Shapes: (batch, any height, any width, channels) -> (batch, height, width, channels).
    Args:
        height: New height, a positive integer.
        width: New width, a positive integer.
        interpolation: "bilinear" (default) weighs the two nearest pixels of each axis by their
            distance; "nearest" takes one.
        crop_to_aspect_ratio: Whether the image is cropped around its centre first, so that nothing
            is distorted (default False).
        antialias: Whether an image that shrinks is smoothed first (default False).
    Raises ValueError for sizes that are not positive integers, another interpolation or an unknown
    `data_format`.
    Example:
        >>> image = np.array([[0.0, 4.0]]).reshape(1, 1, 2, 1)
        >>> keras.layers.Resizing(1, 4)(image).numpy().ravel()
        array([0., 1., 3., 4.], dtype=float32)
    """

    rank = 2

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: Interpolation = "bilinear",
        crop_to_aspect_ratio: bool = False,
        antialias: bool = False,
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(**options)
        self.height: int = check_positive(height, "height")
        self.width: int = check_positive(width, "width")
        check_choice(interpolation, INTERPOLATIONS, "interpolation")
        self.interpolation: Interpolation = interpolation
        self.crop_to_aspect_ratio: bool = crop_to_aspect_ratio
        self.antialias: bool = antialias

    def call(self, inputs: TensorLike) -> Any:
        size = self.height, self.width
        images = crop_to_shape_of(inputs, *size) if self.crop_to_aspect_ratio else inputs
        return ops.image.resize(images, size, self.interpolation, self.antialias)


def crop_to_shape_of(images: TensorLike, height: int, width: int) -> Any:
    """The largest part around the centre whose sides are in the ratio of height and width."""
    old_height, old_width = images.shape[1:3]
    tall = max(min(old_height, old_width * height // width), 1)
    wide = max(min(old_width, old_height * width // height), 1)
    top, left = (old_height - tall) // 2, (old_width - wide) // 2
    return images[:, top : top + tall, left : left + wide]


class Augmentation(Spatial):
    """The base of layers that change images at random: a subclass defines `augment(images)`.

    Args:
        seed: Integer for the same sequence of random numbers each time; None (default) takes a new
            one, which `utils.set_random_seed` makes repeatable.
    """

    rank = 2

    def __init__(self, seed: int | None = None, **options: Any):
        super().__init__(**options)
        self.seed: int | None = seed
        self.random: RandomStream = RandomStream(seed)

    def call(self, inputs: TensorLike, training: bool = False) -> Any:
        return self.augment(inputs) if training and len(inputs) else inputs

    def augment(self, images: TensorLike) -> Any:
        """Change a batch of images.

        Args:
            images: Tensor (batch, height, width, channels).
        """
        raise NotImplementedError(f"{type(self).__name__} must define augment(self, images)")

    def draw(self, limits: tuple[float, float], images: TensorLike) -> np.ndarray:
        """A number within limits for each image, as an array (batch, 1, 1).

        Args:
            limits: Smallest and largest number.
            images: Tensor (batch, ...).
        """
        return self.random.generator.uniform(*limits, (len(images), 1, 1))


class RandomFlip(Augmentation):
    """Flip each image, or leave it, with equal probability, for each direction by itself.

        y[i, j] = x[i, width - 1 - j]

    This is a horizontal flip. In inference nothing is changed.

    Shapes: (batch, height, width, channels) -> the same.
    Args:
        mode: "horizontal", "vertical" or "horizontal_and_vertical" (default), which draws for both.
    Raises ValueError for another `mode` or an unknown `data_format`.
    Example:
        >>> images = np.tile(np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1), (100, 1, 1, 1))
        >>> y = keras.layers.RandomFlip("horizontal")(images, training=True).numpy()
        >>> sorted(set(map(tuple, y[:, 0, :, 0].tolist())))
        [(1.0, 2.0), (2.0, 1.0)]
    """

    arguments_from: tuple[type[Any], ...] = (Dropout,)

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(seed, **options)
        check_choice(mode, ("horizontal", "vertical", "horizontal_and_vertical"), "mode")
        self.mode: str = mode

    def augment(self, images: TensorLike) -> Any:
        sides = []
        for name, length in zip(("vertical", "horizontal"), images.shape[1:3], strict=True):
            forwards = np.arange(length)
            flipped = self.draw((0, 1), images)[:, 0] < (0.5 if name in self.mode else 0)
            sides.append(np.where(flipped, forwards[::-1], forwards))
        return pixels(images, sides[0][:, :, None], sides[1][:, None])


class RandomCrop(Augmentation):
    """A part of each image, at a random position in training.

        y[i, j] = x[top + i, left + j]

    In inference, and from an image that is too small, it is the largest part around the centre that
    has this shape, resized.

    Shapes: (batch, any height, any width, channels) -> (batch, height, width, channels).
    Args:
        height: Height of the part, a positive integer.
        width: Width of the part, a positive integer.
    Raises ValueError for sizes that are not positive integers, or an unknown `data_format`.
    Example:
        >>> image = np.arange(16.0).reshape(1, 4, 4, 1)
        >>> y = keras.layers.RandomCrop(2, 2)(image, training=True).numpy()[0, :, :, 0]
        >>> y - y[0, 0]  # wherever it lies
        array([[0., 1.],
               [4., 5.]], dtype=float32)
    """

    def __init__(
        self, height: int, width: int, seed: int | None = None, **options: Unpack[SpatialOptions]
    ):
        super().__init__(seed, **options)
        self.height: int = check_positive(height, "height")
        self.width: int = check_positive(width, "width")

    def call(self, inputs: TensorLike, training: bool = False) -> Any:
        size, old = (self.height, self.width), inputs.shape[1:3]
        fits = old[0] >= size[0] and old[1] >= size[1]
        if training and fits and len(inputs):  # a trace asks for the shape only
            return self.augment(inputs)
        return ops.image.resize(crop_to_shape_of(inputs, *size), size)

    def augment(self, images: TensorLike) -> Any:
        old_height, old_width = images.shape[1:3]
        draw, shape = self.random.generator.integers, (len(images), 1, 1)
        top = draw(0, old_height - self.height + 1, shape)
        left = draw(0, old_width - self.width + 1, shape)
        rows = top + np.arange(self.height)[:, None]
        return pixels(images, rows, left + np.arange(self.width))


class RandomContrast(Augmentation):
    """Move the values of each image away from their mean, or towards it.

        y = clip((x - mean) * contrast + mean, low, high),  1 - lower <= contrast <= 1 + upper

    The mean is that of each channel of each image. In inference nothing is changed.

    Shapes: (batch, height, width, channels) -> the same.
    Args:
        factor: Pair (lower, upper) of numbers from 0 to 1, or one number for both.
        value_range: Pair (low, high) of the values that pixels have (default (0, 255)).
    Raises ValueError for numbers outside these ranges, or an unknown `data_format`.
    Example:
        >>> image = np.array([[2.0, 6.0]]).reshape(1, 1, 2, 1)
        >>> y = keras.layers.RandomContrast(0.5)(image, training=True).numpy().ravel()
        >>> float(y.mean()), bool(2 <= y[1] - y[0] <= 6)  # the difference was 4
        (4.0, True)
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(seed, **options)
        lower, upper = check_pair(factor, 0, 1, "factor", mirror=False)
        low, high = check_pair(value_range, -np.inf, np.inf, "value_range")
        check_numbers(least=low, value_range=high)
        self.factor: Factor = factor
        self.value_range: Sequence[float] = value_range
        self.limits: tuple[float, float] = 1 - lower, 1 + upper

    def augment(self, images: TensorLike) -> Any:
        contrast = self.draw(self.limits, images)[..., None].astype(self.dtype)
        mean = ops.mean(images, (1, 2), True)
        return ops.clip((images - mean) * contrast + mean, *self.value_range)


class Warp(Augmentation):
    """The base of layers that move pixels: a subclass defines `positions`.

    Args:
        fill_mode: What lies outside the image: "reflect" (default) the image mirrored at its edge,
            "wrap" the image again, "nearest" the pixel at the edge, "constant" `fill_value`.
        interpolation: "bilinear" (default) takes the mean of the four pixels around a position,
            weighted by their distance; "nearest" takes one.
        fill_value: Value outside the image for `fill_mode` "constant" (default 0.0).
    """

    def __init__(
        self,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(seed, **options)
        check_choice(fill_mode, FILL_MODES, "fill_mode")
        check_choice(interpolation, INTERPOLATIONS, "interpolation")
        check_numbers(fill_value=fill_value)
        self.fill_mode: FillMode = fill_mode
        self.interpolation: Interpolation = interpolation
        self.fill_value: float = fill_value

    def positions(self, images: TensorLike, y: np.ndarray, x: np.ndarray) -> tuple[Any, Any]:
        """The row and column of the old image at which each new pixel lies, (batch, ...).

        Args:
            images: Tensor (batch, height, width, channels).
            y: Rows of the new pixels, from the centre of the image, (height, 1).
            x: Columns of the new pixels, from the centre of the image, (width).
        """
        raise NotImplementedError(f"{type(self).__name__} must define positions")

    def augment(self, images: TensorLike) -> Any:
        centre = [(length - 1) / 2 for length in images.shape[1:3]]
        y, x = (np.arange(n) - c for n, c in zip(images.shape[1:3], centre, strict=True))
        moved = self.positions(images, y[:, None], x)
        rows, columns = (at + c for at, c in zip(moved, centre, strict=True))
        if self.interpolation == "nearest":
            return self.outside(images, np.floor(rows + 0.5), np.floor(columns + 0.5))
        top, left = np.floor(rows), np.floor(columns)
        total = 0
        for i, down in ((top, 1 - rows + top), (top + 1, rows - top)):
            for j, right in ((left, 1 - columns + left), (left + 1, columns - left)):
                share = (down * right)[..., None].astype(self.dtype)
                total = total + self.outside(images, i, j) * share
        return total

    def outside(self, images: TensorLike, rows: np.ndarray, columns: np.ndarray) -> Any:
        """The pixels at whole rows and columns, which may lie outside the image.

        Args:
            images: Tensor (batch, height, width, channels).
            rows: Rows, as whole numbers in floats.
            columns: Columns, as whole numbers in floats.
        """
        sides = list(zip((rows, columns), images.shape[1:3], strict=True))
        found = pixels(images, *(folded(at, n, self.fill_mode) for at, n in sides))
        if self.fill_mode != "constant":
            return found
        inside = np.logical_and(*((at >= 0) & (at < n) for at, n in sides))
        return ops.where(inside[..., None], found, self.fill_value)


class RandomRotation(Warp):
    """Turn each image about its centre, by a random part of a full turn.

        row = sin(angle) * x + cos(angle) * y,  column = cos(angle) * x - sin(angle) * y

    x and y are the column and row of a new pixel, row and column those of the old one, from the
    centre. A positive angle turns counterclockwise. In inference nothing is changed.

    Shapes: (batch, height, width, channels) -> the same.
    Args:
        factor: Pair (lower, upper) of parts of a full turn, from -1 to 1, or a number f for (-f,
            f).
    Raises ValueError for numbers outside these ranges, an unknown `fill_mode`, `interpolation` or
    `data_format`.
    Example:
        >>> image = np.array([[1, 2], [3, 4]]).reshape(1, 2, 2, 1)
        >>> layer = keras.layers.RandomRotation((0.25, 0.25))  # a quarter, counterclockwise
        >>> print(layer(image, training=True).numpy()[0, :, :, 0].round(3))
        [[2. 4.]
         [1. 3.]]
    """

    def __init__(
        self,
        factor: Factor,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, **options)
        self.turns: tuple[float, float] = check_pair(factor, -1, 1, "factor")
        self.factor: Factor = factor

    def positions(self, images: TensorLike, y: np.ndarray, x: np.ndarray) -> tuple[Any, Any]:
        angle = 2 * np.pi * self.draw(self.turns, images)
        sine, cosine = np.sin(angle), np.cos(angle)
        return sine * x + cosine * y, cosine * x - sine * y


class RandomZoom(Warp):
    """Zoom each image about its centre, in or out.

        row = (1 + f) * y,  column = (1 + g) * x

    x and y are the column and row of a new pixel, row and column those of the old one, from the
    centre; f is drawn for the height, g for the width. In inference nothing is changed.

    Shapes: (batch, height, width, channels) -> the same.
    Args:
        height_factor: Pair (lower, upper) of numbers above -1 and at most 1, or a number f for (-f,
            f); a positive one zooms out, a negative one in.
        width_factor: The same for the width; None (default) zooms both alike.
    Raises ValueError for numbers outside these ranges, an unknown `fill_mode`, `interpolation` or
    `data_format`.
    Example:
        >>> image = np.array([0.0, 1.0, 2.0, 3.0]).reshape(1, 1, 4, 1)
        >>> layer = keras.layers.RandomZoom((-0.5, -0.5))  # twice as large
        >>> layer(image, training=True).numpy().ravel()
        array([0.75, 1.25, 1.75, 2.25], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, **options)
        self.tall: tuple[float, float] = check_zoom(height_factor, "height_factor")
        alike = width_factor is None
        self.wide: Any = None if alike else check_zoom(width_factor, "width_factor")
        self.height_factor: Factor = height_factor
        self.width_factor: Factor | None = width_factor

    def positions(self, images: TensorLike, y: np.ndarray, x: np.ndarray) -> tuple[Any, Any]:
        tall = 1 + self.draw(self.tall, images)
        wide = tall if self.wide is None else 1 + self.draw(self.wide, images)
        return tall * y, wide * x


class RandomTranslation(Warp):
    """Shift each image by random parts of its height and width.

        y[i, j] = x[i - f * height, j - g * width]

    f and g are drawn for each image. In inference nothing is changed.

    Shapes: (batch, height, width, channels) -> the same.
    Args:
        height_factor: Pair (lower, upper) of parts of the height, from -1 to 1, or a number f for
            (-f, f); a positive one shifts down, a negative one up.
        width_factor: The same for the width; a positive one shifts to the right.
    Raises ValueError for numbers outside these ranges, an unknown `fill_mode`, `interpolation` or
    `data_format`.
    Example:
        >>> image = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 1, 4, 1)
        >>> layer = keras.layers.RandomTranslation(0, (0.25, 0.25), fill_mode="constant")
        >>> layer(image, training=True).numpy().ravel()
        array([0., 1., 2., 3.], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: FillMode = "reflect",
        interpolation: Interpolation = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **options: Unpack[SpatialOptions],
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, **options)
        self.down: tuple[float, float] = check_pair(height_factor, -1, 1, "height_factor")
        self.right: tuple[float, float] = check_pair(width_factor, -1, 1, "width_factor")
        self.height_factor: Factor = height_factor
        self.width_factor: Factor = width_factor

    def positions(self, images: TensorLike, y: np.ndarray, x: np.ndarray) -> tuple[Any, Any]:
        height, width = images.shape[1:3]
        down, right = self.draw(self.down, images), self.draw(self.right, images)
        return y - down * height, x - right * width


def pixels(images: TensorLike, rows: np.ndarray, columns: np.ndarray) -> Any:
    """The pixels of each image at its rows and columns, arrays (batch, ...)."""
    return ops.getitem(images, key=(np.arange(len(images))[:, None, None], rows, columns))


def folded(positions: np.ndarray, length: int, fill_mode: FillMode) -> np.ndarray:
    """Indices within an axis for positions that may lie outside."""
    at = positions.astype("int64")
    if fill_mode == "wrap":
        return at % length
    if fill_mode == "reflect":
        at = at % (2 * length)
        return np.minimum(at, 2 * length - 1 - at)
    return at.clip(0, length - 1)


def check_pair(
    value: Any, least: float, most: float, argument: str, mirror: bool = True
) -> tuple[float, float]:
    """A pair of numbers within limits; a single f means (-f, f), or (f, f) without `mirror`."""
    pair: Any = value
    if not isinstance(value, (tuple, list)):
        check_numbers(**{argument: value})
        pair = (-abs(value), abs(value)) if mirror else (value, value)
    if len(pair) != 2:
        raise ValueError(f"`{argument}` must be a number or a pair of numbers, got {value!r}")
    for number in pair:
        check_numbers(least=least, most=most, **{argument: number})
    return float(pair[0]), float(pair[1])


def check_zoom(factor: Factor, argument: str) -> tuple[float, float]:
    """The limits of a zoom; at -1 nothing of the image would be left."""
    lower, upper = check_pair(factor, -1, 1, argument)
    check_numbers(above=-1, **{argument: min(lower, upper)})
    return lower, upper
