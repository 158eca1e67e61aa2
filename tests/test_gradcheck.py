"""A check that never fails proves nothing: here it must find each kind of wrong gradient."""

import re

import numpy as np
import pytest
from ops_table import spread

from minigraph import Tape, Variable, check_gradient, op, ops
from minigraph.core.tensor import OPS


@pytest.fixture(autouse=True)
def forget_the_ops_of_these_tests(monkeypatch):
    monkeypatch.setattr("minigraph.core.tensor.OPS", dict(OPS))


def test_a_right_gradient_passes_and_the_largest_difference_is_told():
    difference = check_gradient(lambda x, y: ops.exp(x) * y, spread(2, 3), spread(3, seed=1))
    assert 0 < difference < 1e-8


def test_it_finds_a_wrong_sign():
    @op
    def wrong(a, b, /):
        return a - b, (lambda g: g, lambda g: g)

    with pytest.raises(ValueError, match="argument 1"):
        check_gradient(wrong, spread(2, 3), spread(2, 3, seed=1))


def test_it_finds_a_missing_term():
    @op
    def wrong(x, /):
        e = np.exp(x)
        y = e / e.sum(-1, keepdims=True)
        return y, (lambda g: y * g,)  # the term that comes from the sum is missing

    with pytest.raises(ValueError, match="argument 0"):
        check_gradient(wrong, spread(2, 3))


def test_it_finds_a_missing_factor_two():
    @op
    def wrong(x, /):
        return x * x, (lambda g: g * x,)

    with pytest.raises(ValueError, match="argument 0"):
        check_gradient(wrong, spread(2, 3))


def test_it_finds_a_backward_that_ignores_what_arrives():
    """With a plain sum as the loss the arriving gradient is 1, and this would pass."""

    @op
    def wrong(x, /):
        return np.sin(x), (lambda g: np.cos(x),)

    x = Variable(spread(2, 3))
    with Tape() as tape:
        loss = ops.sum(wrong(x))
    np.testing.assert_array_equal(tape.gradient(loss, [x])[0].numpy(), np.cos(x.numpy()))
    with pytest.raises(ValueError, match="argument 0"):
        check_gradient(wrong, x)


def test_it_finds_assignment_instead_of_addition():
    """An element that is read twice must get both gradients."""

    @op
    def wrong(x, /, places):
        def back(g):
            dx = np.zeros_like(x)
            dx[places] = g
            return dx

        return x[places], (back,)

    check_gradient(lambda x: wrong(x, [0, 2, 1]), spread(3))
    with pytest.raises(ValueError, match=r"argument 0, element \(0,\)"):
        check_gradient(lambda x: wrong(x, [0, 2, 0]), spread(3))


def test_it_finds_a_transposed_gradient():
    @op
    def wrong(x, /):
        return x.T.copy(), (lambda g: g.reshape(x.shape),)

    with pytest.raises(ValueError, match="argument 0"):
        check_gradient(wrong, spread(2, 3))


def test_it_finds_one_wrong_element_among_many():
    @op
    def wrong(x, /):
        factor = np.full_like(x, 3)

        def back(g):
            d = g * factor
            d[1, 2] += 1e-4
            return d

        return x * factor, (back,)

    with pytest.raises(ValueError, match=r"element \(1, 2\)"):
        check_gradient(wrong, spread(2, 3))


def test_it_finds_a_gradient_that_is_not_a_number():
    @op
    def wrong(x, /):
        return x * 2, (lambda g: g * np.nan,)

    with pytest.raises(ValueError, match="nan"):
        check_gradient(wrong, spread(2, 3))


def test_it_finds_a_gradient_that_is_missing():
    @op
    def wrong(a, b, /):
        return a * b, (lambda g: g * b, None)

    with pytest.raises(ValueError, match="argument 1"):
        check_gradient(wrong, spread(2, 3), spread(2, 3, seed=1))


def test_it_names_the_argument_and_both_numbers():
    @op
    def wrong(x, /):
        return 2 * x, (lambda g: g,)

    with pytest.raises(ValueError) as found:
        check_gradient(wrong, np.array([1.0]))
    text = r"argument 0, element \(0,\): the tape says (\S+), the numeric gradient is (\S+)"
    said, numeric = map(float, re.fullmatch(text, str(found.value)).groups())
    np.testing.assert_allclose(numeric, 2 * said, rtol=1e-6)


def test_it_takes_functions_with_several_outputs_and_integer_inputs():
    def pick(x, places):
        return {"picked": x[places], "all": [ops.square(x)]}

    check_gradient(pick, spread(4), np.array([0, 0, 3]))


def test_it_leaves_the_arrays_alone():
    x = spread(2, 3).astype("float32")
    before = x.copy()
    check_gradient(ops.square, x)
    np.testing.assert_array_equal(x, before)
    assert x.dtype == "float32"
