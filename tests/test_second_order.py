"""Gradients of gradients: a tape inside a tape, compared with central differences of the first."""

import cupy_standin
import numpy as np
import pytest
from ops_table import NO_SECOND_ORDER, OPS, joined, spread
from test_ops import NO_GRADIENT, SMOOTH

import minigraph as keras
from minigraph import Tape, Tensor, Variable, check_gradient, layers, ops
from minigraph.core.context import context
from minigraph.core.tensor import OPS as EVERY_OP
from minigraph.ops.second_order import KNOWN, TWINS

TWICE = [e for e in SMOOTH if e.name not in NO_SECOND_ORDER]


def gradients_of(example):
    """A function of the example's float arrays: the gradients of a sum of weighted squares."""
    places = [i for i, a in enumerate(example.arrays) if getattr(a, "dtype", None) == "float64"]

    def first(*floats):
        arrays = list(example.arrays)
        inputs = [x if isinstance(x, Tensor) else Tensor(x, tracked=True) for x in floats]
        for place, tensor in zip(places, inputs, strict=True):
            arrays[place] = tensor
        with Tape() as tape:
            out = joined(example.outputs(*arrays))
            loss = ops.sum(ops.square(out) * spread(*out.shape, seed=5))
        found = tape.gradient(loss, inputs)
        return [ops.zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True)]

    return first, [example.arrays[i] for i in places]


@pytest.mark.parametrize("example", TWICE, ids=str)
def test_the_gradient_of_a_gradient_agrees_with_central_differences(example):
    first, arrays = gradients_of(example)
    check_gradient(first, *arrays, rtol=2e-6)


@pytest.mark.parametrize("example", TWICE, ids=str)
def test_a_recorded_backward_pass_gives_the_same_gradients(example):
    first, arrays = gradients_of(example)
    plain = first(*arrays)
    with Tape():
        recorded = first(*(Tensor(a, tracked=True) for a in arrays))
    for one, other in zip(plain, recorded, strict=True):
        assert one.dtype == other.dtype and type(other) is Tensor
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-9, atol=1e-12)


def test_the_table_says_which_ops_have_a_second_gradient():
    assert set(OPS) - KNOWN == NO_SECOND_ORDER
    assert set(TWINS) <= KNOWN and not NO_SECOND_ORDER & NO_GRADIENT


@pytest.mark.parametrize("name", sorted(NO_SECOND_ORDER))
def test_ops_without_one_say_so_when_it_is_needed(name):
    example = next(e for e in SMOOTH if e.name == name)
    x, *rest = [Variable(a) if hasattr(a, "dtype") else a for a in example.arrays]
    with Tape() as outer:
        with Tape() as inner:
            y = ops.sum(example.call(x, *rest))
        gradient = inner.gradient(y, x)
        loss = ops.sum(gradient)
    assert gradient.shape == x.shape
    with pytest.raises(NotImplementedError, match=f"{name}: the gradient of its gradient"):
        outer.gradient(loss, x)
    with Tape() as outer:
        with Tape() as inner:
            y = ops.sum(example.call(x, *rest))
        inner.gradient(y, x)
        other = ops.sum(x * x)
    np.testing.assert_allclose(outer.gradient(other, x).numpy(), 2 * x.numpy())


def test_a_custom_op_has_the_first_gradient_and_names_itself_at_the_second(monkeypatch):
    monkeypatch.setattr("minigraph.core.tensor.OPS", dict(EVERY_OP))

    @keras.op
    def cubed(x, /):
        return x**3, (lambda g: g * 3 * x**2,)

    x = Variable(2.0)
    with Tape() as outer:
        with Tape() as inner:
            y = cubed(x)
        gradient = inner.gradient(y, x)
    assert gradient.item() == 12
    with pytest.raises(NotImplementedError, match="cubed"):
        outer.gradient(gradient, x)


def test_derivatives_of_any_order():
    x = Variable(np.array(0.7))
    with Tape() as third:
        with Tape() as second:
            with Tape() as first:
                y = ops.exp(2 * x) * ops.sin(x)
            slope = first.gradient(y, x)
        curvature = second.gradient(slope, x)
    e, s, c = np.exp(1.4), np.sin(0.7), np.cos(0.7)
    expected = [e * (2 * s + c), e * (3 * s + 4 * c), e * (2 * s + 11 * c)]
    found = slope.item(), curvature.item(), third.gradient(curvature, x).item()
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert context.tape is None


def test_a_matrix_of_second_derivatives():
    """The Hessian of x^T A x / 2 + sum x^4 is (A + A^T) / 2 + diag(12 x^2), also by getitem."""
    a, x = spread(3, 3), Variable(spread(3, seed=1))
    rows = []
    for i in range(3):
        with Tape() as outer:
            with Tape() as inner:
                y = ops.sum(x * ops.matmul(a, x)) / 2 + ops.sum(x**4)
            element = inner.gradient(y, x)[i]
        rows.append(outer.gradient(element, x).numpy())
    np.testing.assert_allclose(rows, (a + a.T) / 2 + np.diag(12 * x.numpy() ** 2), rtol=1e-12)


def test_one_tensor_in_both_operands():
    for fn in (ops.matmul, ops.multiply, ops.dense):
        check_gradient(lambda x, fn=fn: gradient_at(lambda x: fn(x, x), x), spread(3, 3))


def gradient_at(fn, x):
    x = x if isinstance(x, Tensor) else Tensor(x, tracked=True)
    with Tape() as tape:
        loss = ops.sum(ops.square(fn(x)))
    return tape.gradient(loss, x)


CRITICS = {
    "dense": lambda: [layers.Dense(5), layers.LeakyReLU(), layers.Dense(4, activation="tanh")],
    "conv": lambda: [
        layers.Reshape((4, 4, 1)), layers.Conv2D(3, 3, 2, "same"), layers.LeakyReLU(0.2),
        layers.Dropout(0.3), layers.Conv2DTranspose(2, 2, 2), layers.AveragePooling2D(),
        layers.LayerNormalization(), layers.Flatten(),
    ],
    "sequence": lambda: [layers.Reshape((4, 4)), layers.GRU(3, activation="tanh")],
    "attention": lambda: [
        layers.Reshape((4, 4)), layers.Dense(4, activation="gelu"), layers.Conv1D(3, 2),
        layers.Activation("softmax"), layers.GlobalMaxPooling1D(),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CRITICS)
def test_the_penalty_on_the_gradient_of_a_critic(name):
    """WGAN-GP: the gradient of mean (|d score / d x| - 1)^2 with respect to the weights."""
    keras.config.set_floatx("float64")
    critic = keras.Sequential([keras.Input((16,)), *CRITICS[name](), layers.Dense(1)])
    x = Tensor(spread(3, 16))

    def penalty():
        with Tape() as tape:
            score = ops.sum(critic(tape.watch(x)))
        lengths = ops.norm(tape.gradient(score, x), axis=-1)
        return ops.mean((lengths - 1) ** 2)

    weights = critic.trainable_weights
    with Tape() as outer:
        loss = penalty()
    found = outer.gradient(loss, weights)
    for weight, gradient in zip(weights, found, strict=True):
        start, direction = weight.numpy().copy(), spread(*weight.shape, seed=3)
        slope = 0
        for sign in (1, -1):
            weight.assign(start + sign * 1e-6 * direction)
            slope += sign * float(penalty()) / 2e-6
        weight.assign(start)
        along = 0 if gradient is None else (gradient.numpy() * direction).sum()
        np.testing.assert_allclose(along, slope, rtol=1e-5, atol=1e-8)


def test_an_inner_tape_without_an_open_outer_one_computes_arrays():
    """As before: nothing is recorded where nobody listens."""
    x = Variable(3.0)
    with Tape():
        with Tape() as inner:
            y = x * x
    assert not inner.gradient(y, x).tracked
    with Tape() as alone:
        y = x * x
        gradient = alone.gradient(y, x)  # while it is open itself
    assert gradient.item() == 6 and not gradient.tracked and alone.records == []


def test_a_tape_that_opened_later_does_not_record_half_of_it():
    """It has not seen the forward pass, so what it could say would be wrong."""
    x = Variable(3.0)
    with Tape() as first:
        y = x * x * x
    with Tape() as later:
        gradient = first.gradient(y, x)
    with pytest.raises(ValueError, match="not recorded"):
        later.gradient(gradient, x)


def test_an_assignment_between_the_passes_is_refused():
    x = Variable(3.0, name="moved")
    with Tape():
        with Tape() as inner:
            y = x * x
        x.assign(4.0)
        with pytest.raises(RuntimeError, match="'moved'.* was assigned between multiply and"):
            inner.gradient(y, x)


def test_a_training_step_within_an_open_tape():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with Tape():
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert context.tape is None


def test_the_penalty_is_the_same_on_the_stand_in_for_cupy():
    def gradients():
        keras.utils.set_random_seed(0)
        critic = keras.Sequential([keras.Input((16,)), *CRITICS["attention"](), layers.Dense(1)])
        with Tape() as outer:
            with Tape() as inner:
                x = inner.watch(Tensor(spread(3, 16).astype("float32")))
                score = ops.sum(critic(x))
            loss = ops.mean((ops.norm(inner.gradient(score, x), axis=-1) - 1) ** 2)
        return [g.numpy() for g in outer.gradient(loss, critic.trainable_weights) if g is not None]

    expected = gradients()
    with cupy_standin.installed(), keras.use("cupy"):
        found = gradients()
    assert len(found) == len(expected) > 3
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_the_gradient_of_a_single_element_has_a_gradient():
    v = Variable(np.array([0.5, 2.0]))
    with Tape() as outer:
        with Tape() as inner:
            y = v[0] ** 3 + ops.sum(ops.stack([v[1], v[1] ** 2]) ** 2)
        first = inner.gradient(y, v)
        total = ops.sum(first)
    np.testing.assert_allclose(first.numpy(), [0.75, 4 + 32])
    np.testing.assert_allclose(outer.gradient(total, v).numpy(), [3.0, 2 + 48])
