"""An error inside an op names the op and keeps its type, whoever raises it."""

import inspect

import numpy as np
import pytest
from numpy.exceptions import AxisError
from ops_table import EXAMPLES, OPS

from minigraph import op, ops
from minigraph.core import tensor

FIRST = {example.name: example for example in reversed(EXAMPLES)}
ALONG_AN_AXIS = [
    name
    for name, fn in OPS.items()
    if name in FIRST and "axis" in inspect.signature(fn.__wrapped__).parameters
]


@pytest.mark.parametrize("name", ALONG_AN_AXIS)
def test_an_axis_that_does_not_exist_is_told_with_the_op(name):
    example = FIRST[name]
    arrays = list(example.arrays) if not example.over_list else [list(example.arrays)]
    with pytest.raises((ValueError, TypeError)) as caught:
        OPS[name](*arrays, **example.settings | {"axis": 99})
    assert str(caught.value).startswith(name)
    if isinstance(caught.value.__cause__, AxisError):
        assert isinstance(caught.value, AxisError)


def test_there_are_many_such_ops():
    assert {"mean", "sum", "argsort", "concatenate", "softmax"} <= set(ALONG_AN_AXIS)


def test_numpys_own_words_are_kept():
    with pytest.raises(AxisError, match="^mean: axis 5 is out of bounds for array of dimension 2$"):
        ops.mean(np.zeros((2, 3)), axis=5)
    with pytest.raises(AxisError, match="^argsort: axis 2 is out of bounds"):
        ops.argsort(3.0, axis=2)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: ops.take(np.zeros(3), [7]),
        lambda: ops.convert_to_tensor(np.zeros(3))[[7]],
        lambda: ops.take_along_axis(np.zeros(3), np.array([7])),
    ],
)
def test_an_index_out_of_bounds_is_an_index_error_in_numpys_words(wrong):
    with pytest.raises(IndexError, match="index 7 is out of bounds for axis 0 with size 3"):
        wrong()


def test_an_error_that_needs_more_than_a_text_keeps_its_type(monkeypatch):
    monkeypatch.setattr(tensor, "OPS", dict(tensor.OPS))

    class Picky(ValueError):
        def __init__(self, text, code):
            super().__init__(text)
            self.code = code

    def fussy(x, /):
        raise Picky("no", 7)

    with pytest.raises(Picky) as caught:
        op(fussy, name="fussy_once")(1.0)
    assert caught.value.code == 7
    assert caught.value.__notes__ == ["in op 'fussy_once'"]


def test_a_message_that_names_the_op_is_not_named_twice():
    with pytest.raises(ValueError, match=r"^matmul: cannot multiply shapes"):
        ops.matmul(np.zeros((2, 3)), np.zeros((2, 3)))
