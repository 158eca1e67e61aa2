"""Metrics against plain counting; sums over batches, weights, masks and names."""

import numpy as np
import pytest

from minigraph import backend, metrics
from minigraph.tensor import Tensor


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
    with backend.setting(drawing=[]):
        mean.update_state([1.0])
    assert mean.result().item() == 0
