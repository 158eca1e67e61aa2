"""Metrics against plain counting; sums over batches, weights, masks and names."""

import numpy as np
import pytest

from minigraph import backend, losses, metrics
from minigraph.core.context import setting
from minigraph.core.names import unique_name
from minigraph.core.tensor import Tensor


def test_mean_adds_up_over_batches_with_weights():
    mean = metrics.Mean()
    assert mean.result().item() == 0
    mean.update_state([1.0, 3.0])
    assert float(mean([5.0])) == 3.0
    mean.update_state([[1.0, 2.0], [3.0, 4.0]], sample_weight=[0.0, 2.0])
    assert mean.result().item() == pytest.approx((9 + 14) / (3 + 4))
    mean.update_state(10.0, sample_weight=7)
    assert mean.result().item() == pytest.approx((23 + 70) / 14)
    assert [float(v) for v in mean.variables] == [93, 14]
    mean.reset_state()
    assert mean.result().item() == 0
    assert [float(v) for v in mean.variables] == [0, 0]


def test_a_long_epoch_loses_nothing():
    mean = metrics.Mean()
    mean.update_state(np.float32(1), sample_weight=2**25)
    mean.update_state(np.float32(0), sample_weight=1)
    assert mean.result().item() == 2**25 / (2**25 + 1) < 1


def test_a_mask_leaves_steps_out():
    p = Tensor(np.array([[[0.9], [0.9]], [[0.1], [0.9]]]))
    p.mask = np.array([[True, False], [True, False]])
    metric = metrics.BinaryAccuracy()
    metric.update_state(np.ones((2, 2, 1)), p)
    assert metric.result().item() == 0.5
    metric.reset_state()
    metric.update_state(np.ones((2, 2, 1)), p, [3.0, 1.0])
    assert metric.result().item() == 0.75


LABELS = np.array([0, 2, 1, 1])
P = np.array([[0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [0.5, 0.4, 0.1], [0.2, 0.7, 0.1]])
BITS = np.array([[0], [1], [1], [0]])
Q = np.array([[0.4], [0.6], [0.5], [0.9]])
CASES = [
    (metrics.Accuracy(), [[1], [2], [3], [4]], [[0], [2], [3], [4]], [0, 1, 1, 1]),
    (metrics.BinaryAccuracy(), BITS, Q, [1, 1, 0, 0]),
    (metrics.BinaryAccuracy(threshold=0.45), BITS[:, 0], Q, [1, 1, 1, 0]),
    (metrics.CategoricalAccuracy(), np.eye(3)[LABELS], P, [1, 1, 0, 1]),
    (metrics.SparseCategoricalAccuracy(), LABELS, P, [1, 1, 0, 1]),
    (metrics.SparseCategoricalAccuracy(), LABELS[:, None], P, [1, 1, 0, 1]),
    (
        metrics.MeanSquaredError(),
        [[1.0], [1.0], [1.0], [1.0]],
        [[0.0], [1.0], [3.0], [1.0]],
        [1, 0, 4, 0],
    ),
    (metrics.BinaryCrossentropy(), BITS, Q, -np.log([0.6, 0.6, 0.5, 0.1])),
    (metrics.CategoricalCrossentropy(), np.eye(3)[LABELS], P, -np.log([0.6, 0.8, 0.4, 0.7])),
    (metrics.SparseCategoricalCrossentropy(), LABELS, P, -np.log([0.6, 0.8, 0.4, 0.7])),
    (metrics.for_training("acc"), BITS, Q, [1, 1, 0, 0]),
    (metrics.for_training("accuracy"), LABELS, P, [1, 1, 0, 1]),
    (metrics.for_training("accuracy"), LABELS[:, None], P, [1, 1, 0, 1]),
    (metrics.for_training("accuracy"), np.eye(3)[LABELS], P, [1, 1, 0, 1]),
    (metrics.for_training("ce"), LABELS, P, -np.log([0.6, 0.8, 0.4, 0.7])),
]


@pytest.mark.parametrize(("metric", "y", "p", "values"), CASES)
def test_values_over_two_batches(metric, y, p, values):
    y, p, values = np.asarray(y), np.asarray(p), np.asarray(values, float)
    metric.reset_state()
    metric.update_state(y[:3], p[:3])
    metric.update_state(y[3:], p[3:])
    assert metric.result().item() == pytest.approx(values.mean(), rel=1e-5)
    metric.reset_state()
    w = np.array([1.0, 0.5, 2.0, 0.0])
    metric.update_state(y, p, w)
    assert metric.result().item() == pytest.approx((values * w).sum() / w.sum(), rel=1e-5)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(4, 1\)|\(4, 1\).*\(4, 3\)"):
        metrics.CategoricalAccuracy().update_state(BITS, P)


def test_names_and_configs():
    assert metrics.BinaryAccuracy().name == "binary_accuracy"
    assert metrics.MeanSquaredError().name == "mean_squared_error"
    assert metrics.for_training("mse").name == "mse"
    assert isinstance(metrics.for_training("mse"), metrics.MeanSquaredError)
    assert metrics.for_training("acc").name == "acc"
    assert isinstance(metrics.get("accuracy"), metrics.Accuracy)
    metric = metrics.BinaryAccuracy(name="mine", threshold=0.3)
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is metrics.BinaryAccuracy
    assert (
        again.get_config()
        == metric.get_config()
        == {"name": "mine", "dtype": None, "threshold": 0.3}
    )
    config = metrics.serialize(metrics.MeanSquaredError())
    assert type(metrics.deserialize(config)) is metrics.MeanSquaredError
    for wrong in ("nonsense", "relu"):
        with pytest.raises(ValueError, match=wrong):
            metrics.get(wrong)
    with pytest.raises(ValueError, match="threshold"):
        metrics.BinaryAccuracy(threshold=3)


def test_a_function_becomes_its_mean():
    def largest_error(y_true, y_pred):
        return abs(y_true - y_pred)

    metric = metrics.get(largest_error)
    assert metric.name == "largest_error"
    metric.update_state(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
    assert metric.result().item() == 1.0


def test_a_metric_of_ones_own():
    class Largest(metrics.Metric):
        def __init__(self, **options):
            super().__init__(**options)
            self.largest = self.add_weight(name="largest")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.largest.assign(max(float(self.largest), np.abs(y_true - y_pred).max()))

        def result(self):
            return self.largest

    metric = Largest()
    metric.update_state(np.array([1.0, 2.0]), np.array([1.5, 0.0]))
    metric.update_state(np.array([1.0]), np.array([1.5]))
    assert (metric.name, float(metric.result())) == ("largest", 2.0)
    metric.reset_state()
    assert float(metric.result()) == 0


def test_a_symbolic_call_adds_nothing():
    mean = metrics.Mean()
    with setting(tracing=[]):
        mean.update_state([1.0])
    assert mean.result().item() == 0


# ---------------------------------------------------------------------------------------------
# Counts of hits and misses

TRUE = np.array([0, 1, 1, 0, 1, 0])
SCORE = np.array([0.1, 0.8, 0.4, 0.7, 0.5, 0.2])


@pytest.mark.parametrize(
    ("name", "half", "both"),
    [
        ("TruePositives", 1, [3, 1]),
        ("FalsePositives", 1, [1, 1]),
        ("FalseNegatives", 2, [0, 2]),
        ("TrueNegatives", 2, [2, 2]),
        ("Precision", 0.5, [0.75, 0.5]),
        ("Recall", 1 / 3, [1, 1 / 3]),
    ],
)
def test_counts(name, half, both):
    backend.clear_session()
    metric = getattr(metrics, name)()
    assert metric.name == unique_name("x").replace("x", metric.name)
    assert float(metric.result()) == 0
    metric.update_state(TRUE[:2], SCORE[:2])
    metric.update_state(TRUE[2:, None], SCORE[2:, None].astype("float32"))
    assert float(metric.result()) == pytest.approx(half)
    metric.reset_state()
    assert float(metric.result()) == 0
    several = getattr(metrics, name)(thresholds=[0.5, 0.3][::-1])
    assert several.name.endswith("_1")
    several.update_state(TRUE, SCORE)
    np.testing.assert_allclose(several.result().numpy(), both)
    twice = getattr(metrics, name)(thresholds=[0.5, 0.3])
    twice.update_state(TRUE, SCORE, np.full(6, 2.0))
    np.testing.assert_allclose(twice.result().numpy(), np.array(both[::-1]) * (1 + (half >= 1)))
    again = metrics.deserialize(metrics.serialize(twice))
    assert again.get_config() == twice.get_config()


def test_counts_of_a_class_and_of_the_largest():
    y = np.array([[0, 0, 1], [0, 1, 0]])
    p = np.array([[0.1, 0.5, 0.4], [0.2, 0.3, 0.5]])
    recall = metrics.Recall(top_k=2)
    assert float(recall(y, p)) == 1
    assert float(metrics.Precision(top_k=2)(y, p)) == 0.5
    assert float(metrics.Precision(top_k=1)(y, p)) == 0
    assert float(metrics.Recall(thresholds=0.2, class_id=1)(y, p)) == 1
    assert float(metrics.FalsePositives(thresholds=0.2, class_id=1)(y, p)) == 1
    masked = Tensor(SCORE[None])
    masked.mask = np.array([[True, True, False, False, True, True]])
    assert float(metrics.FalsePositives()(TRUE[None], masked)) == 0
    with pytest.raises(ValueError, match="thresholds"):
        metrics.Recall(thresholds=[0.5, 2])


def test_area_under_the_curve():
    random = np.random.default_rng(0)
    y, p = random.integers(0, 2, 200), random.random(200)
    p = np.clip((p + y * 0.4) / 1.4, 0, 1)
    pairs = p[y == 1][:, None] - p[y == 0]
    rank = (pairs > 0).mean() + (pairs == 0).mean() / 2  # the probability of the right order
    auc = metrics.AUC(num_thresholds=2000)
    auc.update_state(y[:50], p[:50])
    auc.update_state(y[50:], p[50:])
    assert float(auc.result()) == pytest.approx(rank, abs=1e-3)
    low = metrics.AUC(10, summation_method="minoring")(y, p)
    middle, high = metrics.AUC(10)(y, p), metrics.AUC(10, summation_method="majoring")(y, p)
    assert float(low) < float(middle) < float(high)
    logits = metrics.AUC(num_thresholds=2000, from_logits=True)
    assert float(logits(y, np.log((p + 1e-9) / (1 - p + 1e-9)))) == pytest.approx(rank, abs=1e-3)
    columns = metrics.AUC(num_thresholds=2000, multi_label=True)
    value = columns(np.stack([y, 1 - y], 1), np.stack([p, p], 1))
    assert float(value) == pytest.approx(0.5, abs=1e-3)
    assert (metrics.AUC().get_config()["num_thresholds"], columns.result().shape) == (200, ())
    with pytest.raises(ValueError, match="curve='ROC'.*'PR'"):
        metrics.AUC(curve="PR")


def test_the_other_metrics():
    y, p = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [3.0, 3.0]])
    assert float(metrics.RootMeanSquaredError()(y, p)) == pytest.approx((5 / 4) ** 0.5)
    assert metrics.RootMeanSquaredError().name == "root_mean_squared_error"
    cosines = [1 / 5**0.5, 21 / (5 * 18**0.5)]
    assert float(metrics.CosineSimilarity()(y, p)) == pytest.approx(np.mean(cosines))
    assert float(metrics.LogCoshError()(y, p)) == pytest.approx(np.log(np.cosh(y - p)).mean())
    total = metrics.Sum()
    total.update_state([1.0, 2.0])
    assert float(total([3.0, 4.0], sample_weight=[1.0, 0.5])) == 8
    one_hot, scores = np.eye(4)[[0, 2]], np.array([[0.1, 0.3, 0.2, 0.4], [0.1, 0.2, 0.3, 0.4]])
    assert float(metrics.TopKCategoricalAccuracy(2)(one_hot, scores)) == 0.5
    assert float(metrics.SparseTopKCategoricalAccuracy(k=4)([0, 2], scores)) == 1
    assert metrics.TopKCategoricalAccuracy(3).get_config()["k"] == 3
    metric = metrics.get("sparse_top_k_categorical_accuracy")
    assert metric.settings == {"k": 5}
    ignoring = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    assert float(ignoring([-1, 2], scores)) == pytest.approx(-np.log(0.3))
    for name in losses.__all__:
        if isinstance(getattr(losses, name), type) and name not in LOSSES_ONLY:
            assert issubclass(getattr(metrics, name), metrics.Metric)


LOSSES_ONLY = {"Loss", "FormulaLoss", "FunctionLoss", "LogCosh", "Crossentropy"}


def test_columns_and_functions_that_are_none():
    for wrong in ({"top_k": 0}, {"class_id": -1}, {"class_id": "a"}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be an integer"):
            metrics.Precision(**wrong)
    for beyond in ({"top_k": 4}, {"class_id": 3}):
        with pytest.raises(ValueError, match="do not fit 3 classes"):
            metrics.Precision(**beyond)(np.eye(3), np.eye(3))
    with pytest.raises(TypeError, match="`fn` must be a function"):
        metrics.MeanMetricWrapper(3)
