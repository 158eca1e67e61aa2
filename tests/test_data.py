"""Batches out of arrays, streams and datasets; what is refused, and that nothing is written to."""

import numpy as np
import pytest

import minigraph as keras
from minigraph import layers, utils
from minigraph.core.random import RandomStream
from minigraph.training.data import make_batches, pack, prepare, split, unpack, weigh_classes


def batches(x, y=None, sample_weight=None, **options):
    return list(make_batches(prepare(x, y, sample_weight), **options).epoch())


def test_arrays_in_order_with_a_smaller_last_batch():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    found = batches(x, y, batch_size=4)
    assert [len(b[0]) for b in found] == [4, 4, 2]
    assert np.array_equal(np.concatenate([b[0] for b in found]), x)
    assert all(b[2] is None for b in found)
    assert all(np.shares_memory(b[0], x) for b in found)  # views: nothing is copied needlessly
    assert [len(b[0]) for b in batches(np.zeros(70))] == [32, 32, 6]


def test_shuffling_keeps_samples_together_and_never_writes():
    x = np.arange(10.0)
    parts = {"a": x.copy(), "b": [x * 2, x * 3]}, (x * 4), (x * 5)
    copies = x.copy()
    made = make_batches(prepare(*parts), 3, True, RandomStream(0))
    orders = []
    for _ in range(2):
        epoch = list(made.epoch())
        seen = np.concatenate([b[0]["a"] for b in epoch])
        assert sorted(seen) == list(x)
        for inputs, y, w in epoch:
            assert np.array_equal(inputs["b"][0], inputs["a"] * 2)
            assert np.array_equal(inputs["b"][1], inputs["a"] * 3)
            assert np.array_equal(y, inputs["a"] * 4)
            assert np.array_equal(w, inputs["a"] * 5)
        orders.append(list(seen))
    assert orders[0] != orders[1] != list(x)
    assert np.array_equal(parts[0]["a"], copies)
    again = make_batches(prepare(*parts), 3, True, RandomStream(0))
    assert [list(np.concatenate([b[1] for b in again.epoch()]) / 4) for _ in range(2)] == orders


@pytest.mark.parametrize(
    "x", [[1.0, 2.0, 3.0], [[1, 2], [3, 4], [5, 6]], (1, 2, 3), list(np.arange(3.0))]
)
def test_a_list_of_numbers_is_one_array(x):
    [(found, _, _)] = batches(x)
    assert np.array_equal(found, np.array(x))


def test_a_list_with_arrays_is_several_inputs():
    [(found, _, _)] = batches([np.zeros(3), [1.0, 2.0, 3.0]])
    assert isinstance(found, list)
    assert [f.shape for f in found] == [(3,), (3,)]


def test_unequal_lengths_list_the_sizes():
    with pytest.raises(ValueError, match=r"number of samples \(cardinality\).*x: 5, 6; y: 5"):
        batches([np.zeros(5), np.zeros(6)], np.zeros(5))
    with pytest.raises(ValueError, match="cardinality.*sample_weight: 4"):
        batches(np.zeros(5), np.zeros(5), np.zeros(4))


@pytest.mark.parametrize(
    ("x", "word"),
    [
        (np.array(["a", "b"]), "x cannot.*numbers.*dtype"),
        (np.array([1, "b", None], dtype=object), "x cannot.*object"),
        ([[1, 2], [3]], "x cannot"),
        ({"one": np.array(["a"])}, r"x\['one'\]"),
        ([np.zeros(2), np.array(["a", "b"])], r"x\[1\]"),
        (np.zeros((0, 3)), "empty"),
        ([], "empty"),
        (3.0, "x must have an axis"),
        (None, "x is missing"),
        ("text", "x cannot"),
    ],
)
def test_what_is_no_data(x, word):
    with pytest.raises(ValueError, match=word):
        batches(x)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "32", True])
def test_wrong_batch_sizes(wrong):
    with pytest.raises(ValueError, match="batch_size"):
        batches(np.zeros(4), batch_size=wrong)


def test_validation_split_takes_the_last_part():
    x, y = np.arange(10), np.arange(10) * 2
    train, held = split(x, y, None, 0.25)
    assert (list(train[0]), list(held[0])) == ([0, 1, 2, 3, 4, 5, 6], [7, 8, 9])
    assert (list(held[1]), train[2], held[2]) == ([14, 16, 18], None, None)


@pytest.mark.parametrize("wrong", [1.0, -0.2, 2, "half", True, 0.95])
def test_wrong_splits(wrong):
    with pytest.raises(ValueError, match="validation_split"):
        split(np.arange(10), None, None, wrong)
    with pytest.raises(ValueError, match="validation_split"):
        split(iter([]), None, None, 0.5)


def test_batches_come_in_three_forms():
    x, y, w = np.zeros(2), np.ones(2), np.ones(2)
    for given, expected in [
        ((x,), (x, None, None)),
        ((x, y), (x, y, None)),
        ([x, y, w], (x, y, w)),
    ]:
        assert all(a is b for a, b in zip(unpack(given), expected, strict=True))
    assert unpack(x) == (x, None, None) or unpack(x)[0] is x
    assert pack(x, None, None) is x and pack([x, x], None, None) == ([x, x],)
    assert len(pack(x, y, None)) == 2
    assert len(pack(x, y, w)) == 3
    with pytest.raises(ValueError, match="4 parts"):
        unpack((x, y, w, x))


def test_generators_run_once_and_loaders_again():
    made = make_batches(prepare((np.full(2, k), np.zeros(2)) for k in range(3)))
    assert made.steps is None
    assert [b[0][0] for b in made.epoch()] == [0, 1, 2]
    assert list(made.epoch()) == []

    class Loader:
        def __iter__(self):
            return iter([[np.ones(2), np.zeros(2)]] * 2)

        def __len__(self):
            return 2

    made = make_batches(prepare(Loader()))
    assert made.steps == 2
    assert [len(list(made.epoch())) for _ in range(2)] == [2, 2]


def test_steps_go_on_where_the_last_epoch_ended():
    def endless():
        k = 0
        while True:
            yield np.full(1, k)
            k += 1

    made = make_batches(prepare(endless()), steps=2)
    assert [[b[0][0] for b in made.epoch()] for _ in range(2)] == [[0, 1], [2, 3]]
    made = make_batches(prepare(np.arange(6)), 2, steps=2)
    assert [[b[0][0] for b in made.epoch()] for _ in range(3)] == [[0, 2], [4, 0], [2, 4]]
    made = make_batches(prepare(np.zeros(1) for _ in range(3)), steps=2)
    assert len(list(made.epoch())) == 2
    with pytest.warns(UserWarning, match="ran out after 1 of 2"):
        assert len(list(made.epoch())) == 1
    assert made.ran_out


class Dataset:
    def __init__(self):
        self.ended = 0

    def __len__(self):
        return 5

    def __getitem__(self, k):
        assert isinstance(k, int)
        return np.full((2, 1), k), np.full(2, k)

    def on_epoch_end(self):
        self.ended += 1


def test_datasets_are_told_and_shuffled_by_batch():
    dataset = Dataset()
    assert [b[0][0, 0] for b in batches(dataset)] == [0, 1, 2, 3, 4]
    shuffled = [b[0][0, 0] for b in batches(dataset, shuffle=True, random=RandomStream(1))]
    assert sorted(shuffled) == [0, 1, 2, 3, 4] != shuffled
    assert dataset.ended == 2
    for argument in ("y", "sample_weight"):
        with pytest.raises(ValueError, match=argument):
            batches(dataset, **{argument: np.zeros(3)})


class Sums(utils.PyDataset):
    """Batch k: two samples of (a, b), named or listed, their sum, and a weight."""

    def __init__(self, named, **settings):
        super().__init__(**settings)
        self.named, self.order, self.ended = named, [], []

    def __len__(self):
        return 6

    def __getitem__(self, k):
        self.order.append(k)
        a, b = np.full((2, 1), k / 6), np.full((2, 1), -1.0)
        return {"a": a, "b": b} if self.named else [a, b], {"sum": a + b}, np.ones(2)

    def on_epoch_end(self):
        self.ended.append(len(self.order))


def adder():
    inputs = [layers.Input((1,), name=name) for name in "ab"]
    outputs = layers.Dense(1, name="sum")(layers.Concatenate()(inputs))
    model = keras.Model(inputs, {"sum": outputs})
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


@pytest.mark.parametrize("named", [True, False])
def test_a_dataset_trains_evaluates_and_predicts(named):
    dataset, model = Sums(named), adder()
    losses = model.fit(dataset, epochs=20, verbose=0, validation_data=Sums(named)).history
    assert losses["loss"][-1] < losses["loss"][0] / 10 and len(losses["val_loss"]) == 20
    epochs = np.array(dataset.order).reshape(20, 6)
    assert (np.sort(epochs) == np.arange(6)).all() and len(set(map(tuple, epochs))) > 15
    assert dataset.ended == list(range(6, 121, 6))
    ordered = Sums(named)
    assert model.evaluate(ordered, verbose=0) == pytest.approx(losses["val_loss"][-1])
    assert model.predict(ordered, verbose=0)["sum"].shape == (12, 1)
    model.fit(ordered, shuffle=False, verbose=0)
    assert ordered.order == 3 * list(range(6))


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict"])
def test_a_batch_size_beside_ready_batches_is_ignored_and_said_once(call):
    sources = [lambda: Sums(True), lambda: (Sums(True)[k] for k in range(6))]
    for make in sources:
        model, twin = adder(), adder()
        twin.set_weights(model.get_weights())
        options = {"verbose": 0} | ({"shuffle": False} if call == "fit" else {})
        with pytest.warns(UserWarning, match="batch_size=64 is ignored") as warned:
            found = getattr(model, call)(make(), batch_size=64, **options)
        assert len(warned) == 1 and (call != "fit" or warned[0].filename == __file__)
        expected = getattr(twin, call)(make(), **options)
        if call == "fit":
            found, expected = found.history, expected.history
        assert str(found) == str(expected)


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict"])
def test_the_values_of_a_dict_are_no_batches(call):
    x = {"a": np.zeros((2, 1)), "b": np.ones((2, 1))}
    y = [] if call == "predict" else [{"sum": np.ones((2, 1))}]
    for view in (x.values(), x.keys(), x.items(), set(x)):
        with pytest.raises(ValueError, match=r"x is a .*Write list\(\.\.\.\) around it"):
            getattr(adder(), call)(view, *y, verbose=0)
    getattr(adder(), call)(list(x.values()), *y, verbose=0)


def test_the_order_of_batches_comes_from_the_seed():
    orders = []
    for seed in (1, 1, 2):
        utils.set_random_seed(seed)
        dataset = Sums(True)
        adder().fit(dataset, epochs=2, verbose=0)
        orders.append(dataset.order)
    assert orders[0] == orders[1] != orders[2]


def test_what_a_dataset_must_define():
    class Halfway(utils.PyDataset):
        def __len__(self):
            return 2

    class LengthOnly:
        def __len__(self):
            return 2

    class ItemsOnly:
        def __getitem__(self, k):
            return np.zeros((2, 1))

    assert utils.Sequence is utils.PyDataset
    with pytest.raises(NotImplementedError, match=r"PyDataset must define __len__\(self\)"):
        batches(utils.PyDataset())
    with pytest.raises(NotImplementedError, match=r"Halfway must define __getitem__\(self, k\)"):
        batches(Halfway())
    with pytest.raises(ValueError, match="LengthOnly, which lacks __getitem__"):
        batches(LengthOnly())
    with pytest.raises(ValueError, match="ItemsOnly, which lacks __len__"):
        batches(ItemsOnly())


@pytest.mark.parametrize("settings", [{"workers": 4}, {"use_multiprocessing": True}])
def test_a_dataset_that_asks_for_workers_is_told(settings):
    with pytest.warns(UserWarning, match="one after the other, in this process"):
        Sums(True, **settings)
    Sums(True, workers=1, max_queue_size=20)  # no warning


def test_a_bad_batch_of_a_stream_is_named():
    with pytest.raises(ValueError, match="None"):
        batches(iter([None]))
    with pytest.raises(ValueError, match="cardinality"):
        batches(iter([(np.zeros(2), np.zeros(3))]))
    with pytest.raises(ValueError, match="empty"):
        batches(iter([(np.zeros(0), np.zeros(0))]))


@pytest.mark.parametrize(
    "y", [np.array([0, 2, 2]), np.array([[0.0], [2.0], [2.0]]), np.eye(3)[[0, 2, 2]]]
)
def test_class_weights(y):
    assert list(weigh_classes(y, None, {0: 3.0, 1: 9.0, 2: 0.5})) == [3.0, 0.5, 0.5]
    with pytest.raises(ValueError, match=r"class_weight has no weight for the classes \[2"):
        weigh_classes(y, None, {0: 3.0})
    with pytest.raises(ValueError, match="not both"):
        weigh_classes(y, np.ones(3), {0: 1.0, 2: 1.0})
    with pytest.raises(ValueError, match="class_weight"):
        weigh_classes(y, None, 3.0)


def test_class_weights_for_several_outputs():
    y = {"a": np.array([0, 1]), "b": np.array([1, 1])}
    found = weigh_classes(y, None, {"a": {0: 2.0, 1: 4.0}, "b": None})
    assert (list(found["a"]), found["b"]) == ([2.0, 4.0], None)
    found = weigh_classes(list(y.values()), None, [None, {1: 5.0}])
    assert (found[0], list(found[1])) == (None, [5.0, 5.0])
    with pytest.raises(ValueError, match="class_weight"):
        weigh_classes(y, None, {0: 1.0, 1: 1.0})
    with pytest.raises(ValueError, match="class_weight"):
        weigh_classes(list(y.values()), None, {0: 1.0, 1: 1.0})
