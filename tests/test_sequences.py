"""Sequences that are padded, and series that are cut into windows, against loops."""

import numpy as np
import pytest

import minigraph
from minigraph import Input, Sequential, layers, utils
from minigraph.preprocessing.sequence import pad_sequences

LISTS = [[1, 2, 3, 4], [], [5], (6, 7), np.array([8, 9, 10])]


def padded(sequences, maxlen, padding, truncating, value):
    """Rows by a loop."""
    rows = []
    for sequence in map(list, sequences):
        while len(sequence) > maxlen:
            sequence.pop(0 if truncating == "pre" else -1)
        while len(sequence) < maxlen:
            sequence.insert(0 if padding == "pre" else len(sequence), value)
        rows.append(sequence)
    return rows


@pytest.mark.parametrize("maxlen", [1, 2, 4, 6, None])
@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_rows_are_padded_and_cut_at_the_chosen_ends(maxlen, padding, truncating):
    found = utils.pad_sequences(LISTS, maxlen, padding=padding, truncating=truncating, value=-1)
    assert found.dtype == "int32"
    assert found.tolist() == padded(LISTS, maxlen or 4, padding, truncating, -1)


def test_elements_may_be_arrays_and_texts():
    steps = [np.ones((2, 3)), np.zeros((0, 3)), 2 * np.ones((1, 3))]
    found = pad_sequences(steps, dtype="float32")
    assert found.shape == (3, 2, 3) and found[2].tolist() == [[0, 0, 0], [2, 2, 2]]
    assert pad_sequences([["a"], ["b", "c"]], dtype=object, value="").tolist() == [
        *(["", "a"], ["b", "c"])
    ]
    assert pad_sequences([]).shape == (0, 0) and pad_sequences([[], []], 3).shape == (2, 3)
    assert utils.pad_sequences is minigraph.preprocessing.sequence.pad_sequences is pad_sequences


@pytest.mark.parametrize(
    ("sequences", "settings", "said"),
    [
        ([[1, 2], [0.5]], {}, "0.5 in sequence 1 is no int32"),
        ([[3_000_000_000]], {}, "3000000000 in sequence 0 is no int32"),
        ([[-1]], {"dtype": "uint8"}, "-1 in sequence 0 is no uint8"),
        ([[np.nan]], {}, "nan in sequence 0 is no int32"),
        ([[1e39]], {"dtype": "float32"}, "1e.39 in sequence 0 is no float32"),
        ([[1]], {"value": 0.5}, "0.5 is no int32"),
        ([[[1, 2]], [[1, 2, 3]]], {}, "must have one shape"),
        ([1, 2], {}, "number 0 is 1"),
        (["ab"], {}, "number 0 is 'ab'"),
        ([[1]], {"padding": "left"}, "`padding`"),
        ([[1]], {"truncating": "left"}, "`truncating`"),
        ([[1]], {"maxlen": 0}, "maxlen"),
    ],
)
def test_what_cannot_be_padded_is_told_and_never_changed(sequences, settings, said):
    with pytest.raises(ValueError, match=said):
        pad_sequences(sequences, **settings)


# ---------------------------------------------------------------------------------------------
# Windows


def windows(data, targets, length, stride, rate, start, end):
    """All windows, with their targets, by a loop."""
    found, end = [], len(data) if end is None else end
    first = start or 0
    while first + (length - 1) * rate < end and first < len(targets):
        found.append((data[first : first + (length - 1) * rate + 1 : rate], targets[first]))
        first += stride
    return found


@pytest.mark.parametrize("batch_size", [1, 3, 100])
@pytest.mark.parametrize(("length", "stride", "rate"), [(1, 1, 1), (3, 2, 1), (2, 1, 4), (4, 3, 2)])
@pytest.mark.parametrize(("start", "end"), [(None, None), (2, 17), (5, None), (0, 10)])
def test_windows_are_those_of_a_loop(batch_size, length, stride, rate, start, end):
    data, targets = np.arange(40).reshape(20, 2), np.arange(18)
    dataset = utils.timeseries_dataset_from_array(
        data, targets, length, stride, rate, batch_size, start_index=start, end_index=end
    )
    expected = windows(data, targets, length, stride, rate, start, end)
    batches = list(dataset)
    assert len(batches) == len(dataset) == -(-len(expected) // batch_size)
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), [x for x, _ in expected])
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), [y for _, y in expected])


def test_a_shuffled_data_set_has_the_same_windows_in_another_order():
    def order(seed):
        data = utils.timeseries_dataset_from_array(
            np.arange(50), None, 2, batch_size=7, shuffle=True, seed=seed
        )
        passes = []
        for _ in range(2):
            passes.append(np.concatenate(list(data)))
            data.on_epoch_end()
        return passes

    first, second = order(3)
    assert not np.array_equal(first, second) and not np.array_equal(first, np.sort(first, 0))
    np.testing.assert_array_equal(np.sort(first, 0), np.sort(second, 0))
    np.testing.assert_array_equal(first, order(3)[0])
    utils.set_random_seed(1)
    unseeded = order(None)[0]
    utils.set_random_seed(1)
    np.testing.assert_array_equal(order(None)[0], unseeded)


def test_a_forecast_is_learned_from_windows():
    series = np.sin(np.arange(200) / 5).astype("float32")[:, None]
    dataset = utils.timeseries_dataset_from_array(series[:-1], series[4:], 4, shuffle=True)
    model = Sequential([Input((4, 1)), layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    losses = model.fit(dataset, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert len(model.predict(dataset, verbose=0)) == 196


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sequence_length": 0}, "sequence_length"),
        ({"sequence_stride": 0}, "sequence_stride"),
        ({"sampling_rate": -1}, "sampling_rate"),
        ({"batch_size": None}, "batch_size"),
        ({"start_index": -1}, "start_index"),
        ({"start_index": 5, "end_index": 5}, "start_index=5 and end_index=5"),
        ({"end_index": 11}, "of the 10 steps"),
        ({"sequence_length": 11}, "no window of 11 steps"),
        ({"sequence_length": 4, "sampling_rate": 4}, "each 4 after the last"),
    ],
)
def test_windows_that_do_not_fit_are_told(settings, said):
    with pytest.raises(ValueError, match=said):
        utils.timeseries_dataset_from_array(
            np.arange(10), np.arange(10), **{"sequence_length": 2} | settings
        )
