"""Tensors, variables, the tape, and what makes a function an op."""

import threading
import tracemalloc
import weakref

import numpy as np
import pytest

from minigraph import Input, Tape, Tensor, Variable, backend, op, ops
from minigraph.core import tensor as tensors
from minigraph.core.context import context, setting
from minigraph.core.random import set_random_seed


@pytest.fixture(autouse=True)
def forget_the_ops_of_these_tests(monkeypatch):
    monkeypatch.setattr(tensors, "OPS", dict(tensors.OPS))


# ---------------------------------------------------------------------------------------------
# Tensor


def test_a_tensor_shows_its_array():
    t = Tensor(np.arange(6.0, dtype="float32").reshape(2, 3))
    assert (t.shape, t.dtype, t.ndim, t.size, len(t)) == ((2, 3), "float32", 2, 6, 2)
    assert t.mask is None and not t.tracked
    np.testing.assert_array_equal(t.numpy(), np.arange(6.0).reshape(2, 3))
    assert isinstance(t.numpy(), np.ndarray)
    assert [row.numpy().tolist() for row in t] == [[0, 1, 2], [3, 4, 5]]
    assert t[1, 2].item() == float(t[1, 2]) == int(t[1, 2]) == 5
    assert bool(Tensor(1.0)) and not bool(Tensor(0.0))


def test_a_tensor_with_no_axes_has_no_length():
    with pytest.raises(TypeError, match="no length"):
        len(Tensor(1.0))


def test_repr_shows_shape_type_and_a_few_values():
    text = repr(Tensor(np.arange(1000, dtype="float32")))
    assert "shape=(1000,)" in text and "float32" in text and "999." in text
    assert len(text) < 100


def test_equality_is_identity_so_tensors_can_be_keys():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert a == a and a != b
    assert {a: 1}[a] == 1
    assert ops.equal(a, b).numpy().all()


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        (1.5, "float32"),
        ([1.5, 2.5], "float32"),
        (2, "int64"),
        ([True, False], "bool"),
        (np.float64(1.5), "float64"),
        (np.arange(3, dtype="int32"), "int32"),
        (np.arange(3.0), "float64"),
        (np.float16([1.0]), "float16"),
    ],
)
def test_python_floats_become_the_default_float_and_arrays_keep_their_type(given, dtype):
    assert Tensor(given).dtype == dtype


def test_the_default_float_can_be_changed():
    backend.set_floatx("float64")
    assert Tensor(1.5).dtype == Tensor([1.5]).dtype == ops.zeros((2,)).dtype == "float64"
    with pytest.raises(ValueError, match="float7"):
        backend.set_floatx("float7")
    assert backend.floatx() == "float64"


@pytest.mark.parametrize("wrong", ["text", ["a", "b"], None, object(), {"a": 1}])
def test_what_holds_no_numbers_is_refused(wrong):
    with pytest.raises(TypeError, match="expected numbers"):
        Tensor(wrong)


def test_rows_of_unequal_length_are_refused():
    with pytest.raises(ValueError):
        Tensor([[1.0], [1.0, 2.0]])


# ---------------------------------------------------------------------------------------------
# Operators and NumPy

ARRAY = np.array([[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]], "float32")
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("other", [2, 1.5, np.float64(1.5), np.int64(2), np.float32(2), ARRAY[:1]])
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_from_both_sides(name, other):
    """Numbers and arrays may stand on the left; NumPy's float64 numbers do not widen float32."""
    operator, tensor = OPERATORS[name], Tensor(ARRAY)
    plain = other.item() if isinstance(other, np.generic) else other
    for result, expected in [
        (operator(tensor, other), operator(ARRAY, plain)),
        (operator(other, tensor), operator(plain, ARRAY)),
        (operator(tensor, tensor), operator(ARRAY, ARRAY)),
    ]:
        assert type(result) is Tensor
        assert result.dtype == expected.dtype.name
        assert result.dtype in ("float32", "bool")
        np.testing.assert_array_equal(result.numpy(), expected)


def test_matmul_from_both_sides():
    square = ARRAY @ ARRAY.T
    for product in [
        Tensor(ARRAY) @ ARRAY.T,
        ARRAY @ Tensor(ARRAY.T),
        Tensor(ARRAY) @ Tensor(ARRAY.T),
    ]:
        assert type(product) is Tensor
        np.testing.assert_array_equal(product.numpy(), square)


def test_one_sided_operators_and_indexing():
    t = Tensor(ARRAY)
    np.testing.assert_array_equal((-t).numpy(), -ARRAY)
    np.testing.assert_array_equal(abs(-t).numpy(), ARRAY)
    np.testing.assert_array_equal(t[0].numpy(), ARRAY[0])
    np.testing.assert_array_equal(t[:, ::-1].numpy(), ARRAY[:, ::-1])
    np.testing.assert_array_equal(t[..., None].numpy(), ARRAY[..., None])
    np.testing.assert_array_equal(t[Tensor(np.array([1, 0, 1]))].numpy(), ARRAY[[1, 0, 1]])
    np.testing.assert_array_equal(t[t > 2].numpy(), ARRAY[ARRAY > 2])
    with pytest.raises(IndexError):
        t[2]


def test_numpy_reads_tensors():
    t = Tensor(ARRAY)
    assert np.asarray(t) is ARRAY
    assert np.asarray(t, "float64").dtype == np.float64
    copy = np.array(t)
    copy[:] = 0
    assert ARRAY.any()
    np.testing.assert_allclose(np.mean(t), ARRAY.mean())


def test_python_numbers_stay_narrow_in_every_float_type():
    for dtype in ["float16", "float32", "float64"]:
        t = Tensor(np.ones(3, dtype))
        assert (2 * t + 1.5 - np.float64(0.5)).dtype == dtype
        assert (t / 3).dtype == (1 / t).dtype == (t**2).dtype == dtype


# ---------------------------------------------------------------------------------------------
# Variable


def test_a_variable_is_filled_when_it_is_first_needed():
    calls = []

    def initial(shape, dtype, seed):
        calls.append((shape, dtype, seed))
        return np.full(shape, 7.0)

    v = Variable(initial, (2, 3), "float32", name="kernel")
    assert (v.shape, v.dtype, v.size, v.ndim, v.name) == ((2, 3), "float32", 6, 2, "kernel")
    assert "kernel" in repr(v) and "(2, 3)" in repr(v)
    assert calls == []
    assert (v.numpy() == 7).all() and v.numpy().dtype == np.float32
    (v + 1, v.numpy())
    assert len(calls) == 1 and calls[0][:2] == ((2, 3), "float32")


def test_the_seed_is_fixed_when_the_variable_is_made_not_when_it_is_filled():
    def initial(shape, dtype, seed):
        return np.random.default_rng(seed).normal(size=shape)

    def two(fill_first):
        set_random_seed(5)
        a, b = Variable(initial, (3,)), Variable(initial, (3,))
        (a if fill_first == "a" else b).numpy()
        return a.numpy(), b.numpy()

    a, b = two("a")
    late_a, late_b = two("b")
    np.testing.assert_array_equal(a, late_a)
    np.testing.assert_array_equal(b, late_b)
    assert (a != b).any()


def test_a_variable_from_an_array_keeps_a_copy():
    array = np.ones(3)
    v = Variable(array)
    array[:] = 5
    assert v.numpy().tolist() == [1, 1, 1]
    assert v.dtype == "float64"
    assert Variable([1.0, 2.0]).dtype == "float32"
    assert Variable(array, dtype="float32").dtype == "float32"


def test_assign():
    v = Variable(np.zeros(3, "float32"), name="bias")
    value = np.array([1.0, 2.0, 3.0])
    assert v.assign(value) is v
    value[:] = 9
    assert v.numpy().tolist() == [1, 2, 3] and v.dtype == "float32"
    v.assign_add([1.0, 1.0, 1.0])
    v.assign_sub(Tensor([0.0, 1.0, 2.0]))
    assert v.numpy().tolist() == [2, 2, 2]


@pytest.mark.parametrize("wrong", [np.zeros(4), np.zeros((3, 1)), 0.0, np.zeros((1, 3))])
def test_assign_refuses_another_shape(wrong):
    v = Variable(np.ones(3, "float32"), name="bias")
    with pytest.raises(ValueError, match=r"'bias' has shape \(3,\), cannot assign shape"):
        v.assign(wrong)
    assert v.numpy().tolist() == [1, 1, 1]


def test_a_probe_sees_zeros_that_take_no_memory_and_changes_nothing():
    v = Variable(lambda shape, dtype, seed: np.ones(shape), (100_000, 100_000))  # 40 GB if filled
    with setting(tracing=[]):
        assert v.value.shape == (100_000, 100_000)
        assert v.value.nbytes == 4 * 10**10 and v.value.strides == (0, 0)
        assert not v.value[0, :5].any()
    w = Variable(lambda shape, dtype, seed: np.ones(shape), (3,))
    with setting(tracing=[]):
        w.assign_add(np.ones(3))
        w.assign(np.full(3, 9.0))
    assert w.numpy().tolist() == [1, 1, 1]
    with setting(tracing=[]):
        w.assign(np.full(3, 9.0))
    assert w.numpy().tolist() == [1, 1, 1]


def test_a_variable_has_no_unknown_attributes():
    with pytest.raises(AttributeError, match="colour"):
        Variable([1.0]).colour  # noqa: B018


def test_untrainable_variables_are_not_tracked():
    v = Variable([2.0], trainable=False)
    w = Variable([3.0])
    assert not v.trainable and w.trainable
    with Tape() as tape:
        loss = ops.sum(v * w)
    gradients = tape.gradient(loss, [v, w])
    assert gradients[0] is None
    assert gradients[1].numpy().tolist() == [2]
    w.trainable = False
    with Tape() as tape:
        v * w
    assert tape.records == []


# ---------------------------------------------------------------------------------------------
# Tape


def test_gradients_come_in_the_structure_of_the_sources():
    a, b = Variable([2.0]), Variable([3.0])
    with Tape() as tape:
        loss = ops.sum(a * b)
    gradients = tape.gradient(loss, {"a": a, "rest": (b, [a])})
    assert gradients["a"].numpy().tolist() == [3]
    assert gradients["rest"][0].numpy().tolist() == [2]
    assert gradients["rest"][1][0].numpy().tolist() == [3]
    with Tape() as tape:
        loss = ops.sum(a * b)
    assert tape.gradient(loss, a).numpy().tolist() == [3]


def test_none_stands_where_nothing_flows():
    a, b, c = Variable([2.0]), Variable([3.0]), Variable([4.0])
    with Tape() as tape:
        loss = ops.sum(a * 2)
        b * 5  # recorded, but the loss does not depend on it
    gradients = tape.gradient(loss, [a, b, c])
    assert gradients[0].numpy().tolist() == [2]
    assert gradients[1] is None and gradients[2] is None


def test_a_loss_must_be_one_number():
    a = Variable([2.0, 3.0])
    with Tape() as tape:
        loss = a * 2
    with pytest.raises(ValueError, match=r"shape \(2,\).*mean or sum"):
        tape.gradient(loss, [a])


def test_a_loss_must_have_been_recorded():
    a = Variable([2.0])
    with Tape() as tape:
        pass
    outside = ops.sum(a)
    with pytest.raises(ValueError, match="not recorded"):
        tape.gradient(outside, [a])
    with Tape() as tape:
        untracked = ops.sum(Tensor([2.0]))
    with pytest.raises(ValueError, match="not recorded"):
        tape.gradient(untracked, [a])


def test_a_tape_can_be_asked_once():
    """The records are gone after the first question; a silent None would stop all learning."""
    a = Variable([2.0])
    with Tape() as tape:
        loss = ops.sum(a * 2)
    assert tape.gradient(loss, [a])[0].numpy().tolist() == [2]
    with pytest.raises(ValueError, match="once"):
        tape.gradient(loss, [a])


def test_a_loss_of_another_tape_is_refused():
    a = Variable([2.0])
    with Tape():
        loss = ops.sum(a * 2)
    with Tape() as other:
        ops.sum(a * 3)
    with pytest.raises(ValueError, match="not recorded"):
        other.gradient(loss, [a])


def test_watch():
    x = Tensor([3.0])
    with Tape() as tape:
        assert tape.watch(x) is x
        loss = ops.sum(x * x)
    assert tape.gradient(loss, [x])[0].numpy().tolist() == [6]


def test_a_tensor_used_three_times_gets_the_sum():
    x = Variable([3.0])
    with Tape() as tape:
        loss = ops.sum(x * x + ops.exp(x))
    np.testing.assert_allclose(tape.gradient(loss, [x])[0].numpy(), 6 + np.exp(3), rtol=1e-6)


def test_adding_gradients_writes_into_no_array():
    """Both gradients of `add` are the one array that arrived."""
    x, y = Variable([3.0]), Variable([4.0])
    with Tape() as tape:
        loss = ops.sum((x + y) + (x + y * 2))
    gradients = tape.gradient(loss, [x, y])
    assert [g.numpy().tolist() for g in gradients] == [[2], [3]]


def test_gradients_of_intermediate_tensors_and_of_the_loss():
    x = Variable([3.0])
    with Tape() as tape:
        y = x * 2
        z = y * y
        loss = ops.sum(z + y)
    gradients = tape.gradient(loss, [x, y, z, loss])
    assert [g.numpy().tolist() for g in gradients] == [[26], [13], [1], 1]


def test_gradients_are_brought_back_to_the_shape_of_each_input():
    row, column, number = Variable(np.ones(4)), Variable(np.ones((3, 1))), Variable(2.0)
    with Tape() as tape:
        loss = ops.sum(row * column * number)
    shapes = [g.shape for g in tape.gradient(loss, [row, column, number])]
    assert shapes == [(4,), (3, 1), ()]


def test_gradients_have_the_type_of_their_tensor():
    narrow, wide = Variable(np.ones(3, "float32")), Variable(np.ones(3))
    with Tape() as tape:
        loss = ops.sum(narrow * wide)
    assert [g.dtype for g in tape.gradient(loss, [narrow, wide])] == ["float32", "float64"]


def test_nothing_is_recorded_without_a_tape():
    x = Variable([3.0])
    y = x * 2
    assert not y.tracked
    with Tape() as tape:
        y + 1
    assert tape.records == []


def test_nested_tapes_keep_lists_of_their_own():
    x = Variable([3.0])
    with Tape() as outer:
        y = x * x
        with Tape() as inner:
            z = y * x
            part = ops.sum(z)
        from_inner = inner.gradient(part, [x, y])
        loss = ops.sum(z * 2)
    assert [g.numpy().tolist() for g in from_inner] == [[9], [3]]
    assert context.tape is None
    assert outer.gradient(loss, [x])[0].numpy().tolist() == [2 * 27]


def test_a_tape_closes_when_an_error_passes():
    with pytest.raises(RuntimeError), Tape():
        raise RuntimeError("inside")
    assert context.tape is None


def test_memory_is_freed_on_the_way():
    x = Variable(np.ones(250_000, "float32"))  # 1 MB
    with Tape() as tape:
        y = x
        for _ in range(30):
            y = ops.exp(y * 0.01)
        loss = ops.mean(y)
    tracemalloc.start()
    tape.gradient(loss, [x])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tape.records == []
    assert peak < 8e6  # a few gradients at a time, not all sixty


def test_records_do_not_keep_what_the_program_dropped():
    x = Variable([3.0])
    with Tape() as tape:
        loss = ops.sum(x * 2)
    seen = weakref.ref(x)
    tape.gradient(loss, [x])
    del x, loss, tape
    assert seen() is None


def test_ten_thousand_ops_need_no_recursion():
    x = Variable([1.0])
    with Tape() as tape:
        y = x
        for _ in range(10_000):
            y = y + 1
        loss = ops.sum(y)
    assert len(tape.records) == 10_001
    assert tape.gradient(loss, [x])[0].numpy().tolist() == [1]


def test_threads_have_tapes_of_their_own():
    x = Variable([1.0])
    seen = []
    with Tape() as tape:
        thread = threading.Thread(target=lambda: seen.append((context.tape, x * 2)))
        thread.start()
        thread.join()
    assert seen[0][0] is None and not seen[0][1].tracked
    assert tape.records == []


# ---------------------------------------------------------------------------------------------
# @op


def test_an_op_may_return_several_outputs():
    """Backward gets a list of gradients, with None for an output that nothing used."""
    arrived = []

    @op
    def halves(x, /):
        def backward(g):
            arrived.append(g)
            first, second = (np.zeros(2) if part is None else part for part in g)
            return (np.concatenate([first, second]),)

        return (x[:2], x[2:]), backward

    x = Variable(np.arange(4.0))
    with Tape() as tape:
        first, second = halves(x)
        loss = ops.sum(second * 3)
    assert type(first) is Tensor and first.numpy().tolist() == [0, 1]
    assert tape.gradient(loss, [x])[0].numpy().tolist() == [0, 0, 3, 3]
    assert arrived[0][0] is None and arrived[0][1].tolist() == [3, 3]


def test_joint_gradients_that_nobody_wants_are_not_computed():
    computed = []

    @op
    def product(a, b, /):
        def backward(g):
            return (
                lambda: computed.append("a") or g * b,
                lambda: computed.append("b") or g * a,
            )

        return a * b, backward

    a, b = Tensor([2.0]), Variable([3.0])
    with Tape() as tape:
        loss = ops.sum(product(a, b))
    assert tape.gradient(loss, [b])[0].numpy().tolist() == [2]
    assert computed == ["b"]


def test_an_absent_array_is_none_and_gets_no_gradient():
    @op
    def shifted(x, by=None, /, times=1):
        return x * times if by is None else (x + by) * times, (
            lambda g: g * times,
            lambda g: g * times,
        )

    x, by = Variable([2.0]), Variable([3.0])
    with Tape() as tape:
        loss = ops.sum(shifted(x, times=2)) + ops.sum(shifted(x, by, 5))
    assert float(loss) == 29
    assert [g.numpy().tolist() for g in tape.gradient(loss, [x, by])] == [[7], [5]]


def test_an_op_over_a_list():
    @op
    def total(*arrays, times=1):
        return sum(arrays) * times, tuple(lambda g: g * times for _ in arrays)

    x = Variable([2.0])
    with Tape() as tape:
        loss = ops.sum(total([x, [3.0], x], times=2))
    assert float(loss) == 14
    assert tape.gradient(loss, [x])[0].numpy().tolist() == [4]


def test_settings_by_position_and_the_wrong_number_of_arguments():
    @op
    def scaled(x, /, times=1, plus=0):
        return x * times + plus, (lambda g: g * times,)

    assert float(scaled(2.0, 3, 4)) == float(scaled(2.0, 3, plus=4)) == 10
    with pytest.raises(TypeError, match="scaled: too many arguments, or one was given twice"):
        scaled(2.0, 3, 4, 5)
    with pytest.raises(TypeError, match="scaled: too many arguments, or one was given twice"):
        scaled(2.0, 3, times=3)
    with pytest.raises(TypeError, match="scaled needs 1 arrays, got 0"):
        scaled()
    with pytest.raises(TypeError, match="colour"):
        scaled(2.0, colour=3)


def test_python_numbers_reach_an_op_as_python_numbers():
    seen = []

    @op
    def spy(x, y, /):
        seen.append(type(y))
        return x * y, None

    for number in [2, 2.5, np.float64(2.5), np.int32(2), True]:
        assert spy(Tensor(np.ones(2, "float32")), number).dtype == "float32"
    assert seen == [int, float, float, int, bool]


def test_an_op_is_known_by_its_name_and_keeps_its_documentation():
    @op(name="cube")
    def reduce_cube(x, /):
        """x^3"""
        return x**3, (lambda g: 3 * g * x**2,)

    assert tensors.OPS["cube"] is reduce_cube
    assert reduce_cube.__name__ == "cube" and reduce_cube.__doc__ == "x^3"
    assert float(reduce_cube(Tensor(2.0))) == 8


def test_a_symbol_anywhere_takes_the_call_over():
    @op
    def product(a, b, /):
        return a * b, (lambda g: g * b, lambda g: g * a)

    symbol = Input((3,))
    assert product(symbol, np.ones(3)).shape == (None, 3)
    assert product(np.ones(3), symbol).shape == (None, 3)
    assert ops.concatenate([np.ones((1, 3)), symbol], axis=0).dtype == "float64"


def test_an_element_read_twice_gets_both_gradients():
    v = Variable(np.arange(4.0, dtype="float32").reshape(2, 2))
    for key in ((slice(None), (0, 0)), (slice(None), [0, 0]), np.array([1, 1])):
        with Tape() as tape:
            total = ops.sum(v[key])
        (gradient,) = tape.gradient(total, [v])
        expected = np.zeros((2, 2))
        np.add.at(expected, key, 1)
        np.testing.assert_array_equal(gradient.numpy(), expected)


def test_an_index_may_be_a_tensor():
    v = Variable(np.arange(3.0, dtype="float32"))
    with Tape() as tape:
        total = ops.sum(ops.getitem(v, Tensor(np.array([0, 0, 1]))))
    assert tape.gradient(total, [v])[0].numpy().tolist() == [2, 1, 0]


def test_a_list_of_tracked_tensors_is_refused():
    v = Variable(np.ones(2, "float32"))
    with pytest.raises(TypeError, match="ops.stack"):
        ops.add([v, v], 1)


@pytest.mark.parametrize("axis", [2, -3, 1.5, "a", None])
def test_an_axis_that_is_none_is_named(axis):
    with pytest.raises(ValueError, match=f"axis={axis!r}"):
        ops.concatenate([np.ones((2, 3)), np.ones((2, 3))], axis=axis)


def test_an_empty_list_is_refused():
    for join in (ops.concatenate, ops.stack):
        with pytest.raises(ValueError, match="at least one array"):
            join([])


def test_integers_do_not_widen_float32():
    v = Variable(np.ones(2, "float32"))
    assert (v + [1, 2]).dtype == "float32"
    assert (v * np.array([1, 2])).dtype == "float32"
    assert ops.maximum(v, [0, 0]).dtype == "float32"
    assert ops.cast(v, "float64").dtype == "float64"
    assert (ops.cast(v, "float64") + [1, 2]).dtype == "float64"


def test_what_is_no_tensor_is_refused_by_the_tape():
    with Tape() as tape, pytest.raises(TypeError, match="watches a Tensor"):
        tape.watch(np.ones(2))
    with pytest.raises(TypeError, match="loss must be a Tensor"):
        tape.gradient(3.0, [])


def test_an_op_must_say_which_arguments_are_arrays():
    with pytest.raises(TypeError, match="before `/`"):

        @op
        def twice(x):
            return 2 * x, (lambda g: 2 * g,)


A = np.ones((2, 3), "float32")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: ops.relu(None),
        lambda: ops.sum(None),
        lambda: ops.mean(None),
        lambda: ops.dense(1, 2),
        lambda: ops.conv(None, None),
        lambda: ops.conv(np.ones((1, 4, 2)), np.ones((2, 2, 1)), strides=0),
        lambda: ops.max_pool(3, 2),
        lambda: ops.max_pool(np.ones((1, 4, 2)), 0),
        lambda: ops.matmul(3, A),
        lambda: ops.sort(3),
        lambda: ops.sum(A, axes=1),
        lambda: ops.tensordot(A, A, axes=9),
        lambda: ops.einsum(3, A),
        lambda: ops.split(A, 0),
        lambda: ops.split(3, 2),
        lambda: ops.top_k(A, 4),
        lambda: ops.top_k(A, 0),
        lambda: ops.sparse_categorical_crossentropy([0, 1, 2], A),
    ],
)
def test_misused_ops_say_what_they_met(wrong):
    with pytest.raises((ValueError, TypeError), match="cannot|must|bounds|fit|equal parts|takes"):
        wrong()


def test_a_place_that_does_not_exist_is_both_kinds_of_error():
    for kind in (IndexError, ValueError):
        with pytest.raises(kind, match=r"getitem .*shape \(2, 3\).*index 9"):
            Tensor(A)[9]


def test_joining_and_padding_as_in_numpy():
    assert ops.concatenate([A, A]).shape == (4, 3)
    assert ops.pad(A, ((1, 2),)).shape == np.pad(A, ((1, 2),)).shape


def test_an_error_on_the_way_back_names_the_op():
    @op(name="one_way_street")
    def one_way(x, /):
        def back(g):
            raise RuntimeError("no backward pass")

        return x * 2, (back,)

    x = Variable(np.ones(()))
    with Tape() as tape:
        loss = one_way(x)
    with pytest.raises(RuntimeError) as caught:
        tape.gradient(loss, x)
    assert caught.value.__notes__ == ["in the backward pass of op 'one_way_street'"]
