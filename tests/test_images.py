"""Ops and layers of images: other sizes, patches, and the layers that augment a data set."""

import numpy as np
import pytest
from ops_table import spread

from minigraph import Input, Model, ops

IMAGES = spread(3, 6, 8, 2).astype("float32")


@pytest.mark.parametrize("settings", [{}, {"interpolation": "nearest"}, {"antialias": True}])
def test_an_image_in_its_own_size_stays_as_it_is(settings):
    same = ops.image.resize(IMAGES, (6, 8), **settings).numpy()
    np.testing.assert_array_equal(same, IMAGES)
    flat = ops.image.resize(np.full((2, 5, 3), 7.0), (9, 2), **settings).numpy()
    np.testing.assert_allclose(flat, 7.0, rtol=1e-12)  # the weights of a pixel add up to 1
    one = ops.image.resize(IMAGES[0], (4, 11), **settings).numpy()
    np.testing.assert_array_equal(one, ops.image.resize(IMAGES, (4, 11), **settings).numpy()[0])


def test_resizing_keeps_integers_by_nearest_alone():
    pixels = np.arange(12, dtype="uint8").reshape(1, 3, 4, 1)
    assert ops.image.resize(pixels, (6, 4), interpolation="nearest").dtype == "uint8"
    halves = ops.image.resize(pixels, (3, 8))
    assert halves.dtype == "float32" and (halves.numpy() % 1 > 0).any()


def test_a_pixel_that_is_not_finite_stays_alone_by_nearest():
    x = IMAGES.copy()
    x[0, 2, 3, 1] = np.nan
    y = ops.image.resize(x, (12, 16), interpolation="nearest").numpy()
    assert np.isnan(y).sum() == 4


def test_patches_put_together_are_the_image():
    patches = ops.image.extract_patches(IMAGES, (3, 2)).numpy()
    assert patches.shape == (3, 2, 4, 12)
    again = patches.reshape(3, 2, 4, 3, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(IMAGES.shape)
    np.testing.assert_array_equal(again, IMAGES)
    one = ops.image.extract_patches(IMAGES[1], (3, 2)).numpy()
    np.testing.assert_array_equal(one, patches[1])
    windows = ops.image.extract_patches(IMAGES, 3, strides=1).numpy()
    np.testing.assert_array_equal(windows[:, 2, 4].ravel(), IMAGES[:, 2:5, 4:7].ravel())


def test_ops_of_images_are_drawn_also_where_sizes_are_not_known():
    inputs = Input((None, None, 2))
    small = ops.image.resize(inputs, (4, 6))
    patches = ops.image.extract_patches(small, 2)
    assert small.shape == (None, 4, 6, 2) and patches.shape == (None, 2, 3, 8)
    model = Model(inputs, patches)
    assert model(IMAGES).shape == (3, 2, 3, 8)
    assert ops.image.extract_patches(inputs, 2).shape == (None, None, None, 8)


def test_what_ops_of_images_refuse():
    for make, words in [
        (lambda: ops.image.resize(IMAGES[0, 0], (2, 2)), r"\(height, width, channels\).*\(8, 2\)"),
        (lambda: ops.image.resize(IMAGES, (0, 2)), "`size`"),
        (lambda: ops.image.resize(IMAGES, (2, 2, 2)), "`size`"),
        (lambda: ops.image.resize(IMAGES, (2, 2), "bicubic"), "'bilinear', 'nearest', got 'bicub"),
        (lambda: ops.image.extract_patches(IMAGES, 7), "larger than the input"),
        (lambda: ops.image.extract_patches(IMAGES, 0), "`size`"),
        (lambda: ops.image.extract_patches(IMAGES, 2, padding="full"), "padding must be"),
        (lambda: ops.image.extract_patches(IMAGES[0, 0], 2), "extract_patches takes images"),
    ]:
        with pytest.raises(ValueError, match=words):
            make()
