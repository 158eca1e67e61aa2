"""Small pictures show what they say they show."""

import numpy as np
import pytest

from minigraph.view.pixels import (
    LEVELS,
    MIDDLE,
    Detail,
    activation_picture,
    averaged,
    histogram,
    weight_picture,
)

DETAIL = Detail()
SMALL = Detail(rows=2, columns=4, side=3, maps=2)


def numbers(picture):
    """The numbers that a picture shows, up to half a level."""
    levels = np.array([LEVELS.index(letter) - MIDDLE for letter in picture["cells"]])
    shape = picture["form"]["maps"], picture["form"]["rows"], picture["form"]["columns"]
    return levels.reshape(shape) * float(picture["scale"]) / MIDDLE


def close(found, expected):
    np.testing.assert_allclose(found, expected, atol=np.abs(expected).max() / 50)


def test_letters_are_levels_from_least_to_most():
    assert len(set(LEVELS)) == 63 and LEVELS[MIDDLE] == "V"
    picture = activation_picture(np.array([[-1.0, 0.0, 1.0]]), DETAIL)
    assert picture["cells"] == "0V-"
    assert picture["scale"] == "1"
    assert picture["form"]["caption"] == "Each row is one sample (1), each column one feature (3)."


def test_what_is_not_finite_is_marked():
    assert activation_picture(np.array([[np.nan, 2.0, np.inf]]), DETAIL)["cells"] == "*-*"
    assert activation_picture(np.zeros((2, 2)), DETAIL)["cells"] == "VVVV"
    assert activation_picture(np.zeros((0, 4)), DETAIL) is None
    assert histogram(np.full(3, np.nan)) is None


def test_vectors_are_cut_and_say_so():
    array = np.random.default_rng(0).normal(size=(5, 9))
    picture = activation_picture(array, SMALL)
    close(numbers(picture)[0], array[:2, :4])
    assert (
        "(first 2 of 5)" in picture["form"]["caption"]
        and "(first 4 of 9)" in picture["form"]["caption"]
    )


def test_sequences_run_to_the_right_in_means():
    array = np.random.default_rng(0).normal(size=(2, 10, 5))
    picture = activation_picture(array, SMALL)
    thirds = np.stack([array[0, i : i + 3].mean(axis=0) for i in (0, 3, 6, 9)])
    close(numbers(picture)[0], thirds[:, :2].T)
    assert "each cell the mean of 3" in picture["form"]["caption"]
    assert "(10 steps" in picture["form"]["caption"]


@pytest.mark.parametrize("depth", [0, 1])
def test_images_are_maps_of_channels_in_means(depth):
    array = np.random.default_rng(0).normal(size=(2, 6, 5, 4))
    given = np.stack([0 * array, array, 0 * array], axis=1) if depth else array
    picture = activation_picture(given, SMALL)
    assert (picture["form"]["maps"], picture["form"]["rows"], picture["form"]["columns"]) == (
        2,
        3,
        3,
    )
    shown = numbers(picture)
    for channel in range(2):
        for i in range(3):
            for j in range(3):
                block = array[0, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, channel]
                assert shown[channel, i, j] == pytest.approx(block.mean(), abs=0.06)
    assert "each cell the mean of 2 × 2" in picture["form"]["caption"]
    assert "(first 2 of 4)" in picture["form"]["caption"]


def test_weights():
    kernel = np.random.default_rng(0).normal(size=(6, 3))
    close(numbers(weight_picture(kernel, DETAIL))[0], kernel)
    filters = np.random.default_rng(0).normal(size=(3, 3, 2, 4))
    picture = weight_picture(filters, DETAIL)
    close(numbers(picture), filters[:, :, 0].transpose(2, 0, 1))
    assert "for its first input channel" in picture["form"]["caption"]
    assert weight_picture(np.arange(5.0), DETAIL)["form"]["kind"] == "bars"
    assert weight_picture(np.zeros((3, 2, 4)), DETAIL)["form"]["rows"] == 6
    assert weight_picture(np.zeros((0, 2)), DETAIL) is None


def test_the_last_mean_is_over_what_is_left():
    np.testing.assert_allclose(averaged(np.arange(5.0), 0, 2), [0.5, 2.5, 4.0])


def test_histograms_count():
    found = histogram(np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.5]))
    heights = [LEVELS.index(letter) for letter in found.pop("bars")]
    assert heights == [31, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 62]
    assert found == {"least": "0", "most": "1", "mean": "0.643", "std": "0.44"}
