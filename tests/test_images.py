"""Ops and layers of images: other sizes, patches, and the layers that augment a data set."""

import numpy as np
import pytest
from ops_table import spread

from minigraph import Input, Model, Tape, Tensor, layers, models, ops

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


# ---------------------------------------------------------------------------------------------
# Augmentation

AUGMENTATIONS = {
    "RandomFlip": lambda **seed: layers.RandomFlip(**seed),
    "RandomCrop": lambda **seed: layers.RandomCrop(3, 4, **seed),
    "RandomContrast": lambda **seed: layers.RandomContrast(0.5, (-9, 9), **seed),
    "RandomRotation": lambda **seed: layers.RandomRotation(0.3, **seed),
    "RandomZoom": lambda **seed: layers.RandomZoom(0.4, **seed),
    "RandomTranslation": lambda **seed: layers.RandomTranslation(0.4, 0.4, **seed),
}
every_augmentation = pytest.mark.parametrize("make", AUGMENTATIONS.values(), ids=AUGMENTATIONS)


def test_every_augmentation_is_tried():
    assert set(AUGMENTATIONS) == {name for name in layers.__all__ if name.startswith("Random")}


@every_augmentation
def test_each_image_has_its_draw_and_a_seed_repeats_it(make):
    x = np.tile(IMAGES[:1], (40, 1, 1, 1))
    out = make(seed=3)(x, training=True).numpy()
    assert len(np.unique(out.reshape(40, -1).round(5), axis=0)) > 3
    np.testing.assert_array_equal(make(seed=3)(x, training=True).numpy(), out)
    assert (make(seed=4)(x, training=True).numpy() != out).any()
    still = make(seed=3)(x).numpy()
    np.testing.assert_array_equal(still[1:], still[:-1])


@every_augmentation
def test_an_augmentation_that_is_saved_goes_on_with_the_same_draws(make, tmp_path):
    inputs = Input((6, 8, 2))
    model = Model(inputs, make()(inputs))
    model(IMAGES, training=True)
    model.save(tmp_path / "model.safetensors")
    again = models.load_model(tmp_path / "model.safetensors")
    expected = model(IMAGES, training=True).numpy()
    np.testing.assert_array_equal(again(IMAGES, training=True).numpy(), expected)


@every_augmentation
def test_the_gradient_of_an_augmentation_is_its_adjoint(make):
    """Each is linear in the image: <g, y(x)> = <gradient, x>."""
    x = Tensor(IMAGES, tracked=True)
    with Tape() as tape:
        y = make(seed=5)(x, training=True)
        product = ops.sum(y * spread(*y.shape, seed=4).astype("float32"))
    gradient = tape.gradient(product, [x])[0].numpy()
    assert float((gradient * IMAGES).sum()) == pytest.approx(float(product), rel=1e-3, abs=1e-4)


def test_flips_are_drawn_for_each_direction():
    x = np.tile(IMAGES[:1], (200, 1, 1, 1))
    ways = {"vertical": [IMAGES[0], IMAGES[0, ::-1]], "horizontal": [IMAGES[0], IMAGES[0, :, ::-1]]}
    ways["horizontal_and_vertical"] = [*ways["vertical"], IMAGES[0, :, ::-1], IMAGES[0, ::-1, ::-1]]
    for mode, expected in ways.items():
        out = layers.RandomFlip(mode, seed=1)(x, training=True).numpy()
        counts = [(out == image).all((1, 2, 3)).sum() for image in expected]
        assert sum(counts) == 200 and min(counts) > 20


def test_a_crop_is_a_part_of_its_image_anywhere():
    x = np.arange(24.0).reshape(1, 4, 6, 1).repeat(300, 0)
    out = layers.RandomCrop(3, 4, seed=1)(x, training=True).numpy()[..., 0]
    np.testing.assert_array_equal(out - out[:, :1, :1], np.broadcast_to(x[0, :3, :4, 0], out.shape))
    assert set(out[:, 0, 0]) == {0, 1, 2, 6, 7, 8}
    inference = layers.RandomCrop(2, 2)(x[:1])  # 4 x 4 around the centre, halved
    halved = ops.image.resize(x[:1, :, 1:5].astype("float32"), (2, 2))
    np.testing.assert_array_equal(inference.numpy(), halved.numpy())
    same = layers.RandomCrop(4, 6)
    np.testing.assert_array_equal(same(x).numpy(), x)
    np.testing.assert_array_equal(same(x, training=True).numpy(), x)
    larger = layers.RandomCrop(8, 6)(x, training=True)
    assert larger.shape == (300, 8, 6, 1)


def test_contrast_keeps_the_mean_and_moves_both_ways():
    x = np.tile(IMAGES[:1], (500, 1, 1, 1))
    out = layers.RandomContrast(0.4, (-9, 9), seed=1)(x, training=True).numpy()
    np.testing.assert_allclose(out.mean((1, 2)), x.mean((1, 2)), atol=1e-6)
    contrast = out.std((1, 2)) / x.std((1, 2))
    assert 0.6 <= contrast.min() < 0.65 and 1.35 < contrast.max() <= 1.4001
    clipped = layers.RandomContrast((0, 1), (-1, 1), seed=1)(x, training=True).numpy()
    assert clipped.min() == -1 and clipped.max() == 1


@pytest.mark.parametrize("fill_mode", ["reflect", "wrap", "nearest", "constant"])
def test_what_lies_outside_is_filled(fill_mode):
    line = np.arange(1.0, 5.0).reshape(1, 1, 4, 1)
    layer = layers.RandomTranslation(0, (1, 1), fill_mode, fill_value=9.0)
    expected = {"reflect": [4, 3, 2, 1], "wrap": [1, 2, 3, 4], "nearest": [1] * 4}
    found = layer(line, training=True).numpy().ravel().tolist()
    assert found == expected.get(fill_mode, [9] * 4)


def test_a_rotation_by_whole_turns_and_quarters_moves_whole_pixels():
    x = spread(2, 5, 5, 2).astype("float32")
    for turns in (-0.25, 0.25, 0.5, 1):
        for interpolation in ("bilinear", "nearest"):
            layer = layers.RandomRotation((turns, turns), interpolation=interpolation)
            expected = np.rot90(x, round(4 * turns), (1, 2))
            np.testing.assert_allclose(layer(x, training=True).numpy(), expected, atol=1e-5)


def test_what_layers_of_images_refuse():
    for make, words in [
        (lambda: layers.Resizing(0, 2), "`height`"),
        (lambda: layers.Resizing(2, 2, "bicubic"), "`interpolation`"),
        (lambda: layers.RandomFlip("diagonal"), "`mode`"),
        (lambda: layers.RandomCrop(2, 2.5), "`width`"),
        (lambda: layers.RandomContrast(1.5), "`factor`"),
        (lambda: layers.RandomContrast((0.1, 0.2, 0.3)), "a pair of numbers"),
        (lambda: layers.RandomContrast(0.1, (2, 1)), "`value_range`"),
        (lambda: layers.RandomRotation("half"), "`factor`"),
        (lambda: layers.RandomRotation(2), "`factor`"),
        (lambda: layers.RandomZoom((-1, 0)), "`height_factor`"),
        (lambda: layers.RandomZoom(0.1, (0, 2)), "`width_factor`"),
        (lambda: layers.RandomTranslation(0.1, 1.5), "`width_factor`"),
        (lambda: layers.RandomRotation(0.1, "mirror"), "`fill_mode`.*'reflect', 'wrap'"),
        (lambda: layers.RandomRotation(0.1, fill_value=None), "`fill_value`"),
        (lambda: layers.RandomFlip(data_format="channels_first"), "`data_format`"),
        (lambda: layers.RandomFlip()(IMAGES[0]), "ndim=4"),
    ]:
        with pytest.raises(ValueError, match=words):
            make()
