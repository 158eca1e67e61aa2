"""Tests made from the table of examples: every op keeps the promises of an op."""

import inspect
import sys
from functools import partial

import numpy as np
import pytest
from ops_table import EXAMPLES, OPS, PROMISES, joined, spread

from minigraph import Input, Tape, Tensor, check_gradient, ops
from minigraph.core import tree
from minigraph.core.tensor import Variable
from minigraph.gradcheck import numeric_gradient
from minigraph.graph.plan import Plan

NO_GRADIENT = {
    *("floor_divide", "argmax", "argmin", "argsort", "one_hot", "zeros_like", "ones_like"),
    "stop_gradient",
    *("sign", "floor", "ceil", "isnan", "all", "any", "logical_and", "logical_or", "logical_not"),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
}
SMOOTH = [e for e in EXAMPLES if e.name not in NO_GRADIENT]
SEVERAL_OUTPUTS = [e for e in SMOOTH if isinstance(e.outputs(*e.arrays), tuple)]
BATCHED = [e for e in EXAMPLES if e.rows]
FOR_EMPTY = [e for e in BATCHED if not e.reduces_rows]

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=str)
every_smooth_example = pytest.mark.parametrize("example", SMOOTH, ids=str)
every_batched_example = pytest.mark.parametrize("example", BATCHED, ids=str)
every_example_for_empty = pytest.mark.parametrize("example", FOR_EMPTY, ids=str)


def float_places(example):
    """The places of the arrays that have a gradient."""
    arrays = enumerate(example.arrays)
    return [i for i, a in arrays if isinstance(a, np.ndarray) and a.dtype.kind == "f"]


def only_arrays(example, join=True):
    """A function of the example's arrays alone; numbers and None stay where they are."""
    places = [i for i, a in enumerate(example.arrays) if isinstance(a, np.ndarray)]

    def call(*arrays):
        filled = list(example.arrays)
        for place, array in zip(places, arrays, strict=True):
            filled[place] = array
        return example.call(*filled) if join else example.outputs(*filled)

    return call, [example.arrays[place] for place in places]


def with_rows(example, count):
    """The example's arrays with another number of rows."""
    arrays = list(example.arrays)
    for place in example.rows:
        array = arrays[place]
        times = -(-max(count, 1) // len(array))
        arrays[place] = np.concatenate([array] * times)[:count]
    return arrays


def test_the_table_has_every_op():
    assert {e.name for e in EXAMPLES} == set(OPS)
    assert {e.name for e in EXAMPLES} >= NO_GRADIENT


# ---------------------------------------------------------------------------------------------
# Gradients

conv_module = sys.modules["minigraph.ops.conv"]  # `ops.conv` is the op


@every_smooth_example
def test_gradient_of_every_element(example):
    call, arrays = only_arrays(example)
    check_gradient(call, *arrays)


@every_smooth_example
def test_the_examples_lie_where_the_op_has_a_slope(example):
    """A gradient of zeros agrees with anything that is flat: it would prove nothing."""
    call, arrays = only_arrays(example)
    out = call(*arrays)
    cotangent = spread(*out.shape, seed=7)
    for place, array in enumerate(arrays):
        if array.dtype.kind == "f":
            numeric = numeric_gradient(call, arrays, [cotangent], place)
            assert np.abs(numeric).max() > 1e-3


@pytest.mark.parametrize("example", [e for e in SMOOTH if e.name.startswith("conv")], ids=str)
def test_gradient_in_small_blocks(example):
    """Convolutions work through their places in blocks: here each is as small as it can be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv_module, "BLOCK_BYTES", 1)
        patch.setattr(conv_module, "LEAST_ROWS", 1)
        test_gradient_of_every_element(example)


def views_of(array):
    """The array, and equal ones that lie otherwise in memory."""
    yield array
    yield np.asfortranarray(array)
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]) if array.ndim else (), np.nan)
    if array.ndim:
        wide[..., ::2] = array
        yield wide[..., ::2]
        yield array[::-1].copy()[::-1]


@every_smooth_example
def test_gradient_along_random_directions(example):
    """<gradient, direction> is the slope of the op along that direction, however memory lies."""
    call, arrays = only_arrays(example)
    floats = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    random = np.random.default_rng(3)
    cotangent = random.normal(size=call(*arrays).shape)
    step = 6e-6
    for layout in range(4):
        views = [[*views_of(a)][layout if a.ndim else 0] for a in arrays]
        inputs = [Tensor(v, tracked=i in floats) for i, v in enumerate(views)]
        with Tape() as tape:
            loss = ops.sum(call(*inputs) * cotangent)
        gradients = tape.gradient(loss, [inputs[i] for i in floats])
        direction = {i: random.normal(size=arrays[i].shape) for i in floats}

        def loss_at(distance, direction=direction):
            moved = [
                np.asarray(a + distance * direction[i]) if i in direction else a
                for i, a in enumerate(arrays)
            ]
            return float((call(*moved).numpy() * cotangent).sum())

        slope = (loss_at(step) - loss_at(-step)) / (2 * step)
        along = sum(
            float((g.numpy() * direction[i]).sum())
            for i, g in zip(floats, gradients, strict=True)
            if g is not None
        )
        assert abs(slope) > 1e-6
        np.testing.assert_allclose(along, slope, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.name in NO_GRADIENT], ids=str)
def test_ops_without_a_gradient_are_not_recorded(example):
    call, arrays = only_arrays(example)
    with Tape() as tape:
        out = call(*[Variable(array) for array in arrays])
    assert not out.tracked
    assert tape.records == []


@pytest.mark.parametrize("example", [e for e in FOR_EMPTY if e.name not in NO_GRADIENT], ids=str)
def test_gradient_without_rows(example):
    """Gradients of the rows are as empty as the rows, those of everything else are 0."""
    arrays = with_rows(example, 0)
    inputs = [Variable(a) if i in float_places(example) else a for i, a in enumerate(arrays)]
    with Tape() as tape:
        loss = ops.sum(example.call(*inputs))
    wanted = [inputs[i] for i in float_places(example)]
    for tensor, gradient in zip(wanted, tape.gradient(loss, wanted), strict=True):
        if gradient is not None:
            assert gradient.shape == tensor.shape
            assert not gradient.numpy().any()


# ---------------------------------------------------------------------------------------------
# Values stay where they are, types stay what they are


@every_example
def test_inputs_and_incoming_gradients_are_only_read(example):
    """Arrays that may not be written to show it at once; backward gives the same twice."""
    arrays = [a.copy() if isinstance(a, np.ndarray) else a for a in example.arrays]
    for array in arrays:
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    value, backward = example.op.__wrapped__(*arrays, **example.settings)
    for given, original in zip(arrays, example.arrays, strict=True):
        np.testing.assert_array_equal(given, original)
    if backward is None:
        assert example.name in NO_GRADIENT
        return
    kept = tree.map(np.array, value)
    arriving = tree.map(lambda v: spread(*np.shape(v), seed=4), value)
    for g in tree.flatten(arriving):
        g.flags.writeable = False

    def gradients():
        ways = backward(arriving) if callable(backward) else backward
        found = [way(arriving) if not callable(backward) and way else way for way in ways]
        return [way() if callable(way) else way for way in found]

    # A gradient may be wanted for arrays only; a number in the example has no way back.
    if all(isinstance(a, np.ndarray) for a in arrays):
        for first, second in zip(gradients(), gradients(), strict=True):
            np.testing.assert_array_equal(first, second)
    for now, before in zip(tree.flatten(value), tree.flatten(kept), strict=True):
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.name != "cast"], ids=str)
def test_float32_stays_float32(example):
    wide_call, wide = only_arrays(example)
    narrow = [a.astype("float32") if a.dtype.kind == "f" else a for a in wide]
    inputs = [Variable(a) if a.dtype.kind == "f" else a for a in narrow]
    with Tape() as tape:
        out = wide_call(*inputs)
        if out.dtype not in ("bool", "int64"):
            assert out.dtype == "float32"
            loss = ops.sum(out * spread(*out.shape).astype("float32"))
            assert loss.dtype == "float32"
    np.testing.assert_allclose(out.numpy(), wide_call(*wide).numpy(), rtol=2e-5, atol=2e-6)
    if example.name not in NO_GRADIENT:
        sources = [v for v in inputs if isinstance(v, Variable)]
        for gradient in tape.gradient(loss, sources):
            assert gradient is None or gradient.dtype == "float32"


@every_example
def test_settings_by_position_and_by_keyword(example):
    parameters = inspect.signature(example.op.__wrapped__).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    keyword_only = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    defaults = {p.name: p.default for p in parameters}
    names = names or keyword_only
    by_position = [example.settings.get(name, defaults[name]) for name in names]
    slots = [p for p in parameters if p.kind is p.POSITIONAL_ONLY]
    absent = [p.default for p in slots[len(example.arrays) :]]
    arrays = [list(example.arrays)] if example.over_list else [*example.arrays, *absent]
    np.testing.assert_array_equal(
        joined(example.op(*arrays, *by_position)).numpy(), example.call(*example.arrays).numpy()
    )
    with pytest.raises(TypeError, match="too many arguments"):
        example.op(*arrays, *by_position, 1)


# ---------------------------------------------------------------------------------------------
# Shapes


def expected_shape(example):
    """The output's shape, with None for the axes whose size follows the number of rows."""
    three = example.call(*with_rows(example, 3))
    five = example.call(*with_rows(example, 5))
    pairs = zip(three.shape, five.shape, strict=True)
    return tuple(a if a == b else None for a, b in pairs), three


@every_example_for_empty
def test_zero_rows_give_the_shape_of_three(example):
    shape, three = expected_shape(example)
    empty = example.call(*with_rows(example, 0))
    assert empty.shape == tuple(0 if n is None else n for n in shape)
    assert empty.dtype == three.dtype


@every_batched_example
def test_a_drawn_call_promises_the_real_shape_and_type(example):
    arrays = with_rows(example, 3)
    symbols = [
        Input(batch_shape=(None, *a.shape[1:]), dtype=a.dtype) if i in example.rows else a
        for i, a in enumerate(arrays)
    ]
    drawn = example.call(*symbols)
    shape, three = expected_shape(example)
    assert drawn.shape == shape
    assert drawn.dtype == three.dtype
    plan = Plan([symbols[i] for i in example.rows], drawn)
    (out,) = plan.execute([Tensor(arrays[i]) for i in example.rows])
    np.testing.assert_array_equal(out.numpy(), three.numpy())


# ---------------------------------------------------------------------------------------------
# Every fused op beside its plain twin

TWINS = {
    name.removesuffix("_plain"): twin
    for module in ("nn", "conv", "pooling", "recurrent")
    for name, twin in vars(sys.modules[f"minigraph.ops.{module}"]).items()
    if name.endswith("_plain")
}


def test_every_twin_has_an_op():
    assert set(TWINS) <= set(OPS)
    assert len(TWINS) >= 15


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.name in TWINS], ids=str)
def test_the_plain_twin_is_equal(example):
    def value_and_gradients(fn):
        inputs = [
            None if array is None else Tensor(array, tracked=array.dtype.kind == "f")
            for array in example.arrays
        ]
        with Tape() as tape:
            out = joined(fn(*inputs, **example.settings))
            loss = ops.sum(out * np.random.default_rng(0).normal(size=out.shape))
        sources = [t for t in inputs if t is not None and t.tracked]
        return [out.numpy(), *(g.numpy() for g in tape.gradient(loss, sources))]

    fused = value_and_gradients(example.op)
    plain = value_and_gradients(TWINS[example.name])
    for one, other in zip(fused, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------------------------------------
# Kinks: where there are several slopes, one of them is promised


@pytest.mark.parametrize("promise", PROMISES, ids=str)
def test_promised_gradients(promise):
    """The tape and `sum` stay outside: a wrong sign in the gradient of `sum` would undo itself."""
    with np.errstate(all="ignore"):
        value, backward = OPS[promise.name].__wrapped__(*promise.arrays, **promise.settings)
        ones = np.ones_like(value)
        ways = backward(ones) if callable(backward) else backward
        for way, expected in zip(ways, promise.gradients, strict=False):
            if expected is not None:
                gradient = way() if callable(backward) else way(ones)
                np.testing.assert_allclose(gradient, expected, rtol=1e-12)


@pytest.mark.parametrize("example", SEVERAL_OUTPUTS, ids=str)
def test_gradient_of_each_output_alone(example):
    """Where the other outputs of an op are not used, no gradient arrives at them."""
    call, arrays = only_arrays(example, join=False)
    for wanted in range(len(call(*arrays))):
        check_gradient(lambda *a, wanted=wanted: call(*a)[wanted], *arrays)


# ---------------------------------------------------------------------------------------------
# Large numbers in float32: no overflow (a warning would be an error), and the right limit

HUGE = np.array([[-1e4, -100.0, 0.0, 100.0, 1e4]], "float32")


def float32_gradient(fn, array):
    x = Variable(array)
    with Tape() as tape:
        out = fn(x)
        loss = ops.sum(out)
    gradient = tape.gradient(loss, [x])[0].numpy()
    assert np.isfinite(out.numpy()).all()
    assert np.isfinite(gradient).all()
    return out.numpy(), gradient


def test_sigmoid_and_tanh_of_large_numbers():
    value, slope = float32_gradient(ops.sigmoid, HUGE)
    np.testing.assert_allclose(value, [[0, 0, 0.5, 1, 1]], atol=1e-30)
    np.testing.assert_allclose(slope, [[0, 0, 0.25, 0, 0]], atol=1e-30)
    value, _ = float32_gradient(ops.tanh, HUGE)
    np.testing.assert_allclose(value, [[-1, -1, 0, 1, 1]])


def test_softmax_of_large_numbers():
    value, _ = float32_gradient(ops.softmax, HUGE)
    np.testing.assert_array_equal(value, [[0, 0, 0, 0, 1]])
    value, _ = float32_gradient(ops.log_softmax, HUGE)
    np.testing.assert_array_equal(value, HUGE - 1e4)


def test_losses_from_large_logits():
    target = np.array([[1.0, 1.0, 0.0, 0.0, 0.0]], "float32")
    value, slope = float32_gradient(
        lambda z: ops.binary_crossentropy(target, z, from_logits=True), HUGE
    )
    np.testing.assert_allclose(value, (1e4 + 100 + np.log(2) + 100 + 1e4) / 5, rtol=1e-6)
    np.testing.assert_allclose(slope * 5, [[-1, -1, 0.5, 1, 1]])
    value, slope = float32_gradient(
        lambda z: ops.sparse_categorical_crossentropy(np.array([0]), z, from_logits=True), HUGE
    )
    np.testing.assert_allclose(value, 2e4)
    np.testing.assert_allclose(slope, [[-1, 0, 0, 0, 1]])
    one_hot = np.eye(5, dtype="float32")[:1]
    again, _ = float32_gradient(
        lambda z: ops.categorical_crossentropy(one_hot, z, from_logits=True), HUGE
    )
    np.testing.assert_array_equal(again, value)


def test_losses_of_certain_and_wrong_probabilities():
    wrong = np.array([[0.0, 1.0]], "float32")
    value, _ = float32_gradient(
        lambda p: ops.categorical_crossentropy(np.array([[1.0, 0.0]], "float32"), p), wrong
    )
    np.testing.assert_allclose(value, -np.log(1e-7), rtol=1e-6)
    value, _ = float32_gradient(
        lambda p: ops.binary_crossentropy(np.array([[1.0, 0.0]], "float32"), p), wrong
    )
    np.testing.assert_allclose(value, -np.log(1e-7), rtol=2e-2)  # 1 - 1e-7 is coarse in float32


# ---------------------------------------------------------------------------------------------
# Numbers, lists, and errors


def test_numbers_and_lists_are_welcome():
    assert float(ops.add(1, 2)) == 3
    np.testing.assert_allclose(ops.exp(1.0).numpy(), np.e, rtol=1e-6)
    np.testing.assert_allclose(ops.sigmoid(0.0).numpy(), 0.5)
    np.testing.assert_allclose(ops.sigmoid(np.array([0, 1])).numpy(), [0.5, 0.731059], rtol=1e-5)
    assert float(ops.relu(-3.0)) == 0
    assert float(ops.sum([1.0, 2.0, 3.0])) == 6
    assert ops.sum([1.0, 2.0]).dtype == "float32"
    assert ops.add([1.0, 2.0], 1.5).dtype == "float32"
    assert ops.exp(1.0).dtype == "float32"
    assert ops.mean(np.array([1, 2])).dtype == "float32"
    np.testing.assert_array_equal(ops.stack([Tensor(np.ones(2)), [2.0, 3.0]]).numpy()[1], [2, 3])


def test_making_tensors():
    assert ops.zeros((2, 3)).shape == (2, 3)
    assert ops.zeros((2, 3)).dtype == "float32"
    assert ops.ones((2,), dtype="int32").numpy().tolist() == [1, 1]
    assert ops.full((2,), 7, "float64").numpy().tolist() == [7.0, 7.0]
    x = ops.convert_to_tensor([1.0, 2.0])
    assert ops.convert_to_tensor(x) is x
    assert ops.convert_to_tensor(x, "int32").dtype == "int32"
    assert isinstance(ops.convert_to_numpy(x), np.ndarray)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.matmul(np.ones((2, 3)), np.ones((4, 5))), r"\(2, 3\) and \(4, 5\)"),
        (lambda: ops.matmul(np.ones((2, 3)), np.array(1.0)), r"\(2, 3\) and \(\)"),
        (lambda: ops.dense(np.ones((2, 3)), np.ones((4, 5))), r"\(2, 3\).*\(4, 5\)"),
        (lambda: ops.reshape(np.ones((2, 3)), (4, -1)), r"values of shape \(2, 3\).*\(4, -1\)"),
        (lambda: ops.transpose(np.ones((2, 3)), (0, 0)), r"axes=\(0, 0\)"),
        (lambda: ops.concatenate([np.ones((2, 3)), np.ones((3, 3))], 1), r"\(2, 3\), \(3, 3\)"),
        (lambda: ops.stack([np.ones(3), np.ones(4)]), r"\(3,\), \(4,\)|\(4,\), \(3,\)"),
        (lambda: ops.cast(np.ones(3), "text"), "text"),
        (lambda: ops.add(np.ones(3), np.ones(4)), r"\(3,\).*\(4,\)"),
        (lambda: ops.sparse_categorical_crossentropy([2], np.ones((1, 2))), "0 to 1.*2 to 2"),
        (lambda: ops.sparse_categorical_crossentropy([-1], np.ones((1, 2))), "0 to 1.*-1 to -1"),
    ],
)
def test_errors_name_the_shapes(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_reshape_without_rows_finds_the_unknown_axis_in_the_others():
    empty = np.zeros((0, 2, 6))
    assert ops.reshape(empty, (0, 3, -1)).shape == (0, 3, 4)
    assert ops.reshape(empty, (0, -1, 3)).shape == (0, 4, 3)
    assert ops.reshape(empty, (-1, 3)).shape == (0, 3)
    with pytest.raises(ValueError, match=r"\(0, 2, 6\) do not fit into shape \(0, 5, -1\)"):
        ops.reshape(empty, (0, 5, -1))


def test_a_drawn_reshape_must_fit_for_every_batch():
    x = Input((4,))
    twice = lambda x: ops.reshape(x, (2 * x.shape[0], 2))  # noqa: E731
    assert twice(np.zeros((0, 4))).shape == (0, 2)
    assert ops.reshape(x, (-1, 2, 2)).shape == (None, 2, 2)
    assert ops.reshape(x, (-1,)).shape == (None,)
    fixed = Input(batch_shape=(3, 4))
    assert ops.reshape(fixed, (3, 2, -1)).shape == (3, 2, 2)
    with pytest.raises(ValueError, match=r"'reshape'.*\(3, 5\)"):
        ops.reshape(fixed, (3, 5))


def test_a_missing_array_is_a_type_error():
    with pytest.raises(TypeError, match="add needs 2 arrays, got 1"):
        ops.add(np.ones(3))
    with pytest.raises(TypeError, match="numbers"):
        ops.exp(["text"])


# ---------------------------------------------------------------------------------------------
# What is made of other ops, and what has no gradient, against NumPy


def test_compositions_are_those_of_numpy():
    x = spread(3, 4)
    for axis in (None, 0, 1):
        np.testing.assert_allclose(ops.var(x, axis).numpy(), x.var(axis))
        np.testing.assert_allclose(ops.std(x, axis, True).numpy(), x.std(axis, keepdims=True))
        for order in (1, 2, 3, np.inf):
            expected = np.linalg.norm(x if axis is not None else x.ravel(), order, axis)
            np.testing.assert_allclose(ops.norm(x, order, axis).numpy(), expected)
        if axis is not None:
            np.testing.assert_array_equal(ops.sort(x, axis).numpy(), np.sort(x, axis))
    values, places = ops.top_k(x, 2)
    np.testing.assert_array_equal(values.numpy(), -np.sort(-x)[:, :2])
    np.testing.assert_array_equal(np.take_along_axis(x, places.numpy(), -1), values.numpy())
    np.testing.assert_array_equal(ops.outer(x[0], x[1]).numpy(), np.outer(x[0], x[1]))
    assert ops.ravel(x).shape == (12,) and ops.shape(x) == ops.shape(Tensor(x)) == (3, 4)
    np.testing.assert_allclose(ops.erf(np.array([0.5, -7, 3])).numpy()[1:], [-1, 0.999977909503])


def test_parts_of_a_tensor():
    x = spread(2, 6)
    for cut in (3, (1, 4)):
        for part, expected in zip(ops.split(x, cut, 1), np.split(x, cut, 1), strict=True):
            np.testing.assert_array_equal(part.numpy(), expected)
    assert [p.shape for p in ops.split(Input((6,)), 2, axis=-1)] == [(None, 3)] * 2
    for wrong in [lambda: ops.split(x, 4, 1), lambda: ops.split(Input((6,)), 2)]:
        with pytest.raises(ValueError, match="equal parts"):
            wrong()


NEGATIVE_AXES = [
    *(("expand_dims", (-1, 1)), ("squeeze", (-1, 0)), ("flip", (-1, 0)), ("sum", (-1, 0))),
    *(("mean", (0, -2)), ("max", (-1, 1)), ("any", (-1, 0)), ("logsumexp", (-1, 0))),
    *(("var", (-1, 0)), ("transpose", (-1, 0, -2, 1))),
]
FROM_THE_FRONT = {"expand_dims": 6}  # the axes are those of the result


@pytest.mark.parametrize(("name", "axes"), NEGATIVE_AXES)
def test_an_axis_may_be_counted_from_the_end(name, axes):
    x = Tensor(spread(1, 2, 3, 1), tracked=True)
    rank = FROM_THE_FRONT.get(name, 4)
    results = []
    for given in (axes, tuple(axis % rank for axis in axes)):
        with Tape() as tape:
            y = getattr(ops, name)(x, given)
            loss = ops.sum(ops.cast(y, "float64") * spread(*y.shape))
        gradient = tape.gradient(loss, x).numpy() if loss.tracked else None
        results.append((y.numpy(), gradient))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    for out in (-5, 4) if name == "transpose" else ():
        with pytest.raises(ValueError, match="is not a permutation of all 4 axes"):
            ops.transpose(x, (0, 1, 2, out))


SIZES = [
    *(("reshape", (6, 2)), ("reshape", (12,)), ("transpose", (1, 0)), ("tile", (2, 1))),
    *(("tile", (3,)), ("repeat", (2,)), ("broadcast_to", (2, 3, 4)), ("zeros", (2, 3))),
]


@pytest.mark.parametrize(("name", "sizes"), SIZES)
def test_sizes_may_be_tensors_or_arrays(name, sizes):
    call = getattr(ops, name) if name == "zeros" else partial(getattr(ops, name), spread(3, 4))
    expected = call(sizes).numpy()
    forms = [list(sizes), np.array(sizes), Tensor(np.array(sizes)), [Tensor(n) for n in sizes]]
    forms += [np.int64(sizes[0]), Tensor(sizes[0])] if len(sizes) == 1 else []
    for form in forms:
        np.testing.assert_array_equal(call(form).numpy(), expected)
    with pytest.raises(TypeError, match="float"):
        call(Tensor(np.array(sizes) + 0.5))


@pytest.mark.parametrize("key", [[], [[]], (0, []), ([], slice(1)), ([], 1), np.zeros(0, int)])
def test_no_index_at_all_gives_no_row(key):
    x = Tensor(spread(3, 4), tracked=True)
    with Tape() as tape:
        y = x[key]
        loss = ops.sum(y) + ops.sum(x[0])
    assert y.shape == x.numpy()[np.array(key, int) if isinstance(key, list) else key].shape
    assert y.size == 0
    np.testing.assert_array_equal(tape.gradient(loss, x).numpy()[1:], 0)


def test_slice_is_a_part_of_known_shape():
    x = spread(3, 4)
    np.testing.assert_array_equal(ops.slice(x, (1, 0), (2, 3)).numpy(), x[1:, :3])
    np.testing.assert_array_equal(ops.slice(x, Tensor([1, 0]), np.array([2, 3])).numpy(), x[1:, :3])
    assert ops.slice(Input((4,)), (0, 1), (2, 3)).shape[1:] == (3,)
    for wrong in [((2, 0), (2, 4)), ((-1, 0), (1, 1)), ((0, 0), (1, -1)), ((0, 0), (1, 5))]:
        with pytest.raises(ValueError, match="slice: .*lies outside of an array of shape"):
            ops.slice(x, *wrong)
    with pytest.raises(ValueError, match="needs 2 start_indices"):
        ops.slice(x, (0,), (1,))


def test_average_is_that_of_numpy():
    x, weights = spread(3, 4), spread(3, 4, low=0.5)
    for axis in (None, 0, 1, -1):
        np.testing.assert_allclose(ops.average(x, axis).numpy(), np.average(x, axis))
        for given in (weights, None if axis is None else weights[0, : x.shape[axis]]):
            found = ops.average(x, axis, given).numpy()
            np.testing.assert_allclose(found, np.average(x, axis, given))
    assert ops.average(Input((3, 4)), 1, [1.0, 2.0, 3.0]).shape == (None, 4)
    for axis, given in [(0, np.ones(4)), (None, np.ones(3)), (1, np.ones((4, 3)))]:
        with pytest.raises(ValueError, match=r"average: weights of shape .* shape \(3, 4\)"):
            ops.average(x, axis, given)


def test_what_is_constant_has_no_gradient():
    x = Tensor(np.array([2.0, 3.0]), tracked=True)
    with Tape() as tape:
        loss = ops.sum(x * ops.stop_gradient(x))
    np.testing.assert_array_equal(tape.gradient(loss, x).numpy(), [2, 3])
    assert ops.stop_gradient(Input((3,))).shape == (None, 3)


def test_drawn_compositions():
    x = Input((3, 4))
    assert [y.shape for y in ops.top_k(x, 2)] == [(None, 3, 2)] * 2
    assert ops.einsum("bij,jk->bik", x, np.ones((4, 5))).shape == (None, 3, 5)
    assert ops.var(x, axis=1).shape == ops.sort(x, 1).shape[:1] + (4,)
    assert ops.shape(x) == (None, 3, 4)


def test_made_without_tensors():
    assert ops.arange(3).dtype == "int32" and ops.arange(0.0, 1, 0.5).numpy().tolist() == [0, 0.5]
    assert ops.linspace(0, 1, 3).numpy().tolist() == [0, 0.5, 1]
    assert ops.eye(2, 3, 1).numpy().tolist() == [[0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.take([1.0, 2.0], 2), "index 2 is out of bounds for axis 0 with size 2"),
        (lambda: ops.einsum("ii->i", np.eye(2)), "twice"),
        (lambda: ops.einsum("ij,jk", np.eye(2)), "names 2 arrays, got 1"),
        (lambda: ops.einsum("ij->i", np.ones(3)), r"'ij' does not fit an array of \(3,\)"),
    ],
)
def test_errors_of_the_ops_above(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_large_numbers_of_the_other_activations():
    for fn in (ops.softplus, ops.silu, ops.gelu, ops.elu, ops.selu, ops.softsign, ops.logsumexp):
        float32_gradient(fn, HUGE)
    np.testing.assert_allclose(ops.softplus(HUGE).numpy(), [[0, 0, np.log(2), 100, 1e4]], atol=1e-9)
    assert float(ops.logsumexp(HUGE)) == 1e4


@pytest.mark.parametrize(
    "a, b, axes", [((2, 1, 5), (2, 1, 5), 2), ((2, 3), (1, 4), 1), ((2, 1), (3, 1), [[1], [0]])]
)
def test_tensordot_sums_over_axes_of_one_length(a, b, axes):
    with pytest.raises(ValueError, match="equally long"):
        ops.tensordot(np.ones(a), np.ones(b), axes=axes)
    with pytest.raises(ValueError):
        np.tensordot(np.ones(a), np.ones(b), axes=axes)
