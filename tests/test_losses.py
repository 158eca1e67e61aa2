"""Losses against their formulas, written again in NumPy; reductions, masks, shapes and names."""

import numpy as np
import pytest

from minigraph import layers, losses, metrics
from minigraph.core import registry
from minigraph.core.tensor import Tape, Tensor

RANDOM = np.random.default_rng(0)
Y = RANDOM.random((5, 3)).astype("float32")
P = RANDOM.random((5, 3)).astype("float32") * 0.8 + 0.1
BITS = (Y > 0.5).astype("float32")
LABELS = np.array([0, 2, 1, 1, 0])
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
Z = np.log(P)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def bce(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


D, SIGNS = Y - P, 2 * BITS - 1
FORMULAS = [
    (losses.MeanAbsoluteError(), Y, P, abs(D).mean(-1)),
    (losses.MeanAbsolutePercentageError(), Y, P, 100 * abs(D / Y).mean(-1)),
    (losses.MeanSquaredLogarithmicError(), Y, P, (np.log((1 + Y) / (1 + P)) ** 2).mean(-1)),
    (
        losses.Huber(),
        5 * Y,
        P,
        np.where(abs(5 * Y - P) <= 1, (5 * Y - P) ** 2 / 2, abs(5 * Y - P) - 0.5).mean(-1),
    ),
    (losses.Huber(0.2), Y, P, np.where(abs(D) <= 0.2, D**2 / 2, 0.2 * abs(D) - 0.02).mean(-1)),
    (losses.LogCosh(), Y, P, np.log(np.cosh(D)).mean(-1)),
    (losses.CosineSimilarity(), Y, P, -(unit(Y) * unit(P)).sum(-1)),
    (losses.Hinge(), BITS, P, np.maximum(1 - SIGNS * P, 0).mean(-1)),
    (losses.Hinge(), SIGNS, 3 * P, np.maximum(1 - SIGNS * 3 * P, 0).mean(-1)),
    (losses.SquaredHinge(), BITS, P, (np.maximum(1 - SIGNS * P, 0) ** 2).mean(-1)),
    (
        losses.CategoricalHinge(),
        ONE_HOT,
        P,
        np.maximum(((1 - ONE_HOT) * P).max(-1) - (ONE_HOT * P).sum(-1) + 1, 0),
    ),
    (losses.KLDivergence(), Y, P, (Y * np.log(Y / P)).sum(-1)),
    (losses.Poisson(), Y, P, (P - Y * np.log(P)).mean(-1)),
    (losses.MeanSquaredError(), Y, P, ((Y - P) ** 2).mean(-1)),
    (losses.BinaryCrossentropy(), BITS, P, bce(BITS, P)),
    (losses.BinaryCrossentropy(from_logits=True), BITS, Z, bce(BITS, sigmoid(Z))),
    (losses.BinaryCrossentropy(label_smoothing=0.2), BITS, P, bce(BITS * 0.8 + 0.1, P)),
    (
        losses.CategoricalCrossentropy(),
        ONE_HOT,
        P,
        -(ONE_HOT * np.log(P / P.sum(-1, keepdims=True))).sum(-1),
    ),
    (
        losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.3),
        ONE_HOT,
        3 * Y,
        -((ONE_HOT * 0.7 + 0.1) * np.log(softmax(3 * Y))).sum(-1),
    ),
    (
        losses.SparseCategoricalCrossentropy(),
        LABELS,
        P,
        -np.log((P / P.sum(-1, keepdims=True))[np.arange(5), LABELS]),
    ),
    (
        losses.SparseCategoricalCrossentropy(from_logits=True),
        LABELS[:, None],
        3 * Y,
        -np.log(softmax(3 * Y)[np.arange(5), LABELS]),
    ),
]


@pytest.mark.parametrize(("loss", "y", "p", "values"), FORMULAS)
def test_values_and_reductions(loss, y, p, values):
    w = np.array([1.0, 0.0, 2.0, 0.5, 1.0])
    expected = {
        "sum_over_batch_size": (values.mean(), (values * w).mean()),
        "sum": (values.sum(), (values * w).sum()),
        "mean_with_sample_weight": (values.mean(), (values * w).sum() / w.sum()),
        "none": (values, values * w),
        None: (values, values * w),
    }
    for reduction, (plain, weighted) in expected.items():
        loss.reduction = reduction
        assert loss(y, p).dtype == "float32"
        np.testing.assert_allclose(loss(y, p).numpy(), plain, rtol=2e-5)
        np.testing.assert_allclose(loss(y, p, w).numpy(), weighted, rtol=2e-5)
        np.testing.assert_allclose(loss(y, p, w[:, None]).numpy(), weighted, rtol=2e-5)
    loss.reduction = "sum_over_batch_size"


def test_function_forms_give_a_value_for_each_sample():
    np.testing.assert_allclose(losses.mean_squared_error(Y, P).numpy(), ((Y - P) ** 2).mean(-1))
    assert losses.binary_crossentropy([[0, 1]], [[0.2, 0.7]], label_smoothing=0.1).shape == (1,)
    assert losses.categorical_crossentropy(ONE_HOT, P).shape == (5,)
    assert losses.sparse_categorical_crossentropy(LABELS, Z, from_logits=True).shape == (5,)


def test_integer_and_wide_targets_keep_the_type_of_the_prediction():
    for y in (BITS.astype(int), BITS.astype("float64"), BITS.astype(bool)):
        value = losses.MeanSquaredError()(y, P)
        assert value.dtype == "float32"
        np.testing.assert_allclose(value.item(), ((BITS - P) ** 2).mean(), rtol=1e-6)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_a_last_axis_of_one_comes_and_goes(shape):
    y, p = np.array([0.0, 1.0, 2.0, 3.0]).reshape(shape), np.array([[1.0], [1.0], [1.0], [1.0]])
    assert losses.MeanSquaredError()(y, p).item() == 1.5
    assert losses.MeanSquaredError()(y.reshape(4, 1), p[:, 0]).item() == 1.5


def test_weights_line_up_from_the_left():
    y, p, w = np.zeros((2, 3, 4)), np.ones((2, 3, 4)), np.array([1.0, 3.0])
    assert losses.MeanSquaredError()(y, p, w).item() == 2.0
    mean = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert mean(y, p, w).item() == 3.0  # sum(l w) / sum(w), as Keras: w counts once
    assert mean(y, p, np.broadcast_to(w[:, None], (2, 3))).item() == 1.0
    with pytest.raises(ValueError, match=r"sample_weight of shape \(3,\).*\(2, 3\)"):
        losses.MeanSquaredError()(y, p, np.ones(3))


def test_all_weights_zero_give_zero():
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert loss(Y, P, np.zeros(5)).item() == 0


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [("sum_over_batch_size", 2.0), ("sum", 8.0), ("mean_with_sample_weight", 2.0)],
)
def test_masked_steps_leave_the_mean(reduction, expected):
    p = Tensor(np.array([[[1.0], [9.0], [1.0]], [[3.0], [9.0], [9.0]]]) ** 0.5)
    p.value = np.array([[[1.0], [9.0], [1.0]], [[6.0**0.5], [9.0], [0.0]]])
    p.mask = np.array([[True, False, True], [True, False, True]])
    # squares of the real steps: 1, 1, 6, 0
    loss = losses.MeanSquaredError(reduction=reduction)
    assert loss(np.zeros((2, 3, 1)), p).item() == pytest.approx(expected)
    weighted = loss(np.zeros((2, 3, 1)), p, np.array([1.0, 0.0])).item()
    masses = {"sum_over_batch_size": 2 / 4, "sum": 2, "mean_with_sample_weight": 2 / 2}
    assert weighted == pytest.approx(masses[reduction])


def test_a_mask_without_a_real_step_gives_zero():
    p = Tensor(np.ones((1, 2, 1)))
    p.mask = np.zeros((1, 2), bool)
    assert losses.MeanSquaredError()(np.zeros((1, 2, 1)), p).item() == 0


@pytest.mark.parametrize(
    ("loss", "y", "p", "words"),
    [
        ("mse", np.ones((4, 2)), np.ones((4, 3)), [r"\(4, 2\)", r"\(4, 3\)", "target"]),
        ("mse", np.ones(4), np.ones((4, 3)), [r"\(4,\)", r"\(4, 3\)", "sparse_categorical"]),
        ("mse", np.ones((4, 1)), np.ones((4, 3)), [r"\(4, 1\)", r"\(4, 3\)"]),
        ("categorical_crossentropy", LABELS, P, [r"\(5,\)", r"\(5, 3\)", "sparse"]),
        ("sparse_categorical_crossentropy", ONE_HOT, P, [r"\(5, 3\)", "target", "one-hot"]),
        ("sparse_categorical_crossentropy", LABELS + 1, P, ["labels", "0 to 2", "3"]),
        ("sparse_categorical_crossentropy", LABELS - 1, P, ["labels", "0 to 2", "-1"]),
        ("sparse_categorical_crossentropy", LABELS + 0.5, P, ["labels", "integers"]),
    ],
)
def test_targets_that_do_not_fit(loss, y, p, words):
    for word in words:
        with pytest.raises(ValueError, match=word):
            losses.get(loss)(y, p)


def test_cross_entropies_hold_at_extreme_logits():
    z = np.array([[100.0, -100.0]], "float32")
    assert losses.BinaryCrossentropy(from_logits=True)([[0.0, 1.0]], z).item() == 100.0
    assert losses.CategoricalCrossentropy(from_logits=True)([[0.0, 1.0]], z).item() == 200.0
    assert losses.SparseCategoricalCrossentropy(from_logits=True)([1], z).item() == 200.0
    assert np.isfinite(losses.BinaryCrossentropy()([[0.0, 1.0]], [[1.0, 0.0]]).item())


def test_crossentropy_follows_the_shapes():
    loss = losses.get("ce")
    assert (
        loss(BITS[:, :1], P[:, :1]).item()
        == losses.BinaryCrossentropy()(BITS[:, :1], P[:, :1]).item()
    )
    assert loss(LABELS, P).item() == losses.SparseCategoricalCrossentropy()(LABELS, P).item()
    assert loss(ONE_HOT, P).item() == losses.CategoricalCrossentropy()(ONE_HOT, P).item()


@pytest.mark.parametrize(("loss", "y", "p", "values"), FORMULAS)
def test_gradients_flow_through_every_loss(loss, y, p, values):
    p = Tensor(p.astype("float64"), tracked=True)
    direction = np.random.default_rng(1).standard_normal(p.shape)
    with Tape() as tape:
        value = loss(y, p)
    slope = (tape.gradient(value, p).numpy() * direction).sum()
    h = 1e-6
    there, back = loss(y, p.value + h * direction), loss(y, p.value - h * direction)
    assert slope == pytest.approx((there.item() - back.item()) / (2 * h), rel=1e-5)


def test_names_configs_and_strangers():
    for name in ("mse", "mean_squared_error", "MeanSquaredError"):
        assert isinstance(losses.get(name), losses.MeanSquaredError)
    assert losses.get(None) is None
    assert isinstance(losses.get(losses.BinaryCrossentropy), losses.BinaryCrossentropy)
    loss = losses.CategoricalCrossentropy(True, label_smoothing=0.1, name="mine", reduction="sum")
    again = losses.deserialize(losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    assert again.get_config()["label_smoothing"] == 0.1
    assert losses.get(losses.serialize(loss)).name == "mine"
    for wrong in ("nonsense", "relu", "Dense", "accuracy"):
        with pytest.raises(ValueError, match=wrong):
            losses.get(wrong)
    with pytest.raises(ValueError, match="loss"):
        losses.get(3)
    with pytest.raises(ValueError, match="average"):
        losses.MeanSquaredError(reduction="average")
    with pytest.raises(ValueError, match="label_smoothing"):
        losses.BinaryCrossentropy(label_smoothing=2)
    with pytest.raises(TypeError, match="speed"):
        losses.MeanSquaredError(speed=1)


def test_large_and_small_errors_stay_finite():
    assert losses.LogCosh()([[0.0]], np.array([[1e4]], "float32")).item() == pytest.approx(
        1e4 - np.log(2)
    )
    assert losses.MeanAbsolutePercentageError()([[0.0]], [[1.0]]).item() == pytest.approx(1e9)
    assert np.isfinite(losses.KLDivergence()([[0.0, 1.0]], [[1.0, 0.0]]).item())
    assert np.isfinite(losses.Poisson()([[1.0]], [[0.0]]).item())
    assert losses.CosineSimilarity()([[0.0, 0.0]], [[1.0, 0.0]]).item() == 0


def test_ignored_labels_leave_the_mean():
    labels, keep = LABELS.copy(), np.array([True, False, True, True, False])
    labels[~keep] = -1
    every = losses.SparseCategoricalCrossentropy(reduction="none")(LABELS, P).numpy()
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert loss(labels, P).item() == pytest.approx(every[keep].mean(), rel=1e-6)
    values = losses.sparse_categorical_crossentropy(labels, P, ignore_class=-1).numpy()
    np.testing.assert_allclose(values, every * keep, rtol=1e-6)
    loss.check_targets(labels, (None, 3))
    with pytest.raises(ValueError, match="0 to 2"):
        losses.SparseCategoricalCrossentropy().check_targets(labels, (None, 3))


def test_settings_come_first_and_are_checked():
    assert losses.Huber(2.0).get_config() == {
        "delta": 2.0, "name": "huber", "reduction": "sum_over_batch_size", "dtype": None,
    }  # fmt: skip
    assert losses.MeanAbsoluteError("sum").reduction == "sum"
    assert losses.get("kl_divergence").name == "kl_divergence"
    for short, name in [("mae", "MeanAbsoluteError"), ("msle", "MeanSquaredLogarithmicError")]:
        assert type(losses.get(short)).__name__ == name
    with pytest.raises(ValueError, match="`delta` must be a number, at least 0"):
        losses.Huber(-1)
    with pytest.raises(TypeError, match="takes from 1 to 5 positional arguments"):
        losses.Huber(1, "sum", "name", None, 5)


def test_a_loss_of_ones_own():
    class Cubic(losses.Loss):
        def call(self, y_true, y_pred):
            return abs(y_true - y_pred) ** 3

    assert Cubic()([1, 2], [[3.0], [3.0]]).item() == pytest.approx(4.5)
    assert Cubic().name == "cubic"
    with registry.custom_object_scope({"Cubic": Cubic}):
        assert isinstance(losses.get("Cubic"), Cubic)
        assert isinstance(losses.deserialize(losses.serialize(Cubic(name="c"))), Cubic)
    with pytest.raises(NotImplementedError, match="Loss must define call"):
        losses.Loss()(Y, P)


@pytest.mark.parametrize(
    "name", ["MeanSquaredError", "SparseCategoricalCrossentropy", "Crossentropy"]
)
def test_a_loss_needs_an_axis_of_samples(name):
    with pytest.raises(ValueError, match=r"y_pred.*shape \(\).*axis of samples"):
        losses.get(name)(1.0, 2.0)


def test_three_labels_for_two_rows():
    with pytest.raises(ValueError, match=r"target of shape \(3,\).*prediction of \(2, 3\)"):
        losses.sparse_categorical_crossentropy([0, 1, 2], P[:2])


@pytest.mark.parametrize("smoothing", ["a", None, 2, float("nan")])
def test_label_smoothing_is_a_share(smoothing):
    for group in (losses, metrics):
        with pytest.raises(ValueError, match=f"label_smoothing.*{smoothing}"):
            group.BinaryCrossentropy(label_smoothing=smoothing)


def test_other_objects_are_no_losses_and_no_metrics():
    dense, metric = layers.Dense(2, name="mistaken"), metrics.MeanSquaredError()
    for wrong in (dense, metric):
        with pytest.raises(ValueError, match=type(wrong).__name__ + ".* is not a valid loss"):
            losses.get(wrong)
    with pytest.raises(ValueError, match="mistaken.* is not a valid metric"):
        metrics.get(dense)
    with pytest.raises(ValueError, match="Dense.* is not a valid loss"):
        losses.get(layers.Dense)


@pytest.mark.parametrize("wrong", ["a", 2, -1, None])
def test_functions_check_their_settings_too(wrong):
    y, p = np.zeros((2, 3)), np.full((2, 3), 0.5)
    for formula in (losses.binary_crossentropy, losses.categorical_crossentropy):
        with pytest.raises(ValueError, match="`label_smoothing` must be a number"):
            formula(y, p, label_smoothing=wrong)
    with pytest.raises(ValueError, match="`delta` must be a number"):
        losses.huber(y, p, delta=-1 if wrong == 2 else wrong)


def test_an_ignored_class_is_a_number():
    with pytest.raises(ValueError, match="`ignore_class` must be a number; got 'a'"):
        losses.sparse_categorical_crossentropy([0, 1], np.full((2, 3), 0.5), ignore_class="a")
