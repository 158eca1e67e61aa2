"""Symbols, nodes, and the experiment that finds out what a call would give."""

import numpy as np
import pytest
from ops_table import spread

from minigraph import Input, SymbolicTensor, Tensor, layers, ops
from minigraph.core.context import context
from minigraph.core.random import RandomStream, set_random_seed
from minigraph.graph.layer import Layer
from minigraph.graph.plan import Plan, collect
from minigraph.graph.symbols import InputLayer, Node

X = spread(3, 4).astype("float32")


def run(inputs, outputs, *arrays):
    """The value of a drawn symbol for the given data."""
    (result,) = Plan(inputs, outputs).execute([Tensor(array) for array in arrays])
    return result.numpy()


# ---------------------------------------------------------------------------------------------
# Input


def test_input_shapes():
    assert Input((3,)).shape == Input(shape=[3]).shape == (None, 3)
    assert Input(()).shape == (None,)
    assert Input((None, 3)).shape == (None, None, 3)
    assert Input((3,), batch_size=2).shape == Input(batch_shape=(2, 3)).shape == (2, 3)
    assert Input(batch_shape=(None, None)).shape == (None, None)
    assert Input((np.int64(3),)).shape == (None, 3)


def test_input_is_a_symbol_with_a_source():
    x = Input((3,), dtype="int32", name="tokens")
    assert isinstance(x, SymbolicTensor)
    assert (x.name, x.dtype, x.ndim, x.index) == ("tokens", "int32", 2, 0)
    assert isinstance(x.node.layer, InputLayer) and x.node.layer.output is x
    assert x.node.inputs == [] and x.node.outputs == [x] and x.node.label == "InputLayer"
    assert Input((3,)).dtype == "float32"
    assert Input((3,)).name == "input_layer_1"
    assert "'tokens'" in repr(x) and "(None, 3)" in repr(x) and "int32" in repr(x)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"shape": 3},
        {"shape": (-1,)},
        {"shape": (2.5,)},
        {"shape": ("a",)},
        {"shape": (True,)},
        {"shape": "text"},
        {"batch_shape": ()},
        {"batch_shape": 3},
        {"shape": (3,), "batch_shape": (None, 3)},
        {"batch_shape": (None, 3), "batch_size": 2},
        {"shape": (3,), "batch_size": -1},
    ],
    ids=str,
)
def test_wrong_input_shapes(wrong):
    with pytest.raises(ValueError, match="shape"):
        Input(**wrong)


@pytest.mark.parametrize("dtype", ["float7", "text", object, "str"])
def test_wrong_input_types(dtype):
    with pytest.raises(ValueError, match="dtype"):
        Input((3,), dtype=dtype)


# ---------------------------------------------------------------------------------------------
# Symbols hold no values


@pytest.mark.parametrize(
    "use", [bool, len, list, float, int, np.asarray, np.sum, lambda x: x.numpy()]
)
def test_a_symbol_holds_no_values(use):
    with pytest.raises(TypeError, match="'data'.*holds no values"):
        use(Input((3,), name="data"))


def test_symbols_are_keys_and_equal_to_nothing_else():
    x, y = Input((3,)), Input((3,))
    assert x == x and x != y and x in {x} and y not in {x}


ARRAY = np.array([2.0, 3.0, 5.0, 7.0], "float32")
OPERATORS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "floor_divide": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "power": lambda a, b: a**b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
}
POSITIVE = np.abs(X)


@pytest.mark.parametrize("other", [2, 1.5, np.float64(1.5), ARRAY, Tensor(ARRAY)], ids=repr)
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_with_numbers_and_arrays_on_either_side(name, other):
    operator = OPERATORS[name]
    x = Input((4,))
    for drawn, eager in [
        (operator(x, other), operator(Tensor(POSITIVE), other)),
        (operator(other, x), operator(other, Tensor(POSITIVE))),
    ]:
        assert isinstance(drawn, SymbolicTensor)
        assert drawn.shape == (None, 4) and drawn.dtype == eager.dtype
        np.testing.assert_array_equal(run(x, drawn, POSITIVE), eager.numpy())


def test_operators_between_symbols():
    x, y = Input((4,)), Input((1,))
    for operator in OPERATORS.values():
        drawn = operator(x, y)
        assert drawn.shape == (None, 4)
        expected = operator(Tensor(POSITIVE), Tensor(POSITIVE[:, :1])).numpy()
        np.testing.assert_array_equal(run([x, y], drawn, POSITIVE, POSITIVE[:, :1]), expected)


def test_matmul_and_one_sided_operators():
    x = Input((4,))
    matrix = spread(4, 2).astype("float32")
    assert (x @ matrix).shape == (None, 2)
    np.testing.assert_allclose(run(x, x @ matrix, X), X @ matrix, rtol=1e-6)
    left = Input(batch_shape=(4, None))
    assert (matrix.T @ left).shape[0] == 2
    np.testing.assert_array_equal(run(x, -x, X), -X)
    np.testing.assert_array_equal(run(x, abs(x), X), np.abs(X))


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ((slice(None), 0), (None, 5)),
        ((slice(None), slice(1, 3)), (None, 2, 5)),
        ((Ellipsis, -1), (None, 4)),
        ((Ellipsis, None), (None, 4, 5, 1)),
        ((slice(None), slice(None, None, 2), [0, 2]), (None, 2, 2)),
        (slice(None), (None, 4, 5)),
    ],
    ids=str,
)
def test_indexing(key, shape):
    x = Input((4, 5))
    data = spread(3, 4, 5).astype("float32")
    assert x[key].shape == shape
    np.testing.assert_array_equal(run(x, x[key], data), data[key])


def test_every_operator_draws_a_node_with_a_name_of_its_own():
    x = Input((4,))
    y = x + 1
    z = (y + x) * 2
    assert y.node.name == "add" and z.node.inputs[0].node.name == "add_1"
    assert z.node.name == "multiply" and z.node.label == "Multiply"
    assert z.node.layer is None and z.node.fn is ops.multiply and z.node.index == 0
    assert z.node.args[1] == 2
    assert ops.reshape(x, (-1, 2, 2)).node.label == "Reshape"


def test_ops_and_layers_share_the_counters():
    x = Input((4,))
    assert (x + 1).node.name == "add"
    assert layers.Add()([x, x]).node.name == "add_1"


# ---------------------------------------------------------------------------------------------
# Shapes are found by experiment


def test_unknown_lengths_stay_unknown():
    x = Input((None, 4))
    assert layers.Dense(3)(x).shape == (None, None, 3)
    assert x[:, ::2].shape == (None, None, 4)
    assert x[:, 0].shape == (None, 4)
    assert ops.sum(x, axis=1).shape == (None, 4)
    assert ops.concatenate([x, x], axis=1).shape == (None, None, 4)
    assert ops.transpose(x, (0, 2, 1)).shape == (None, 4, None)
    assert ops.reshape(x, (-1, 4)).shape == (None, 4)
    assert layers.Reshape((-1, 2))(x).shape == (None, None, 2)
    assert (x + np.ones((1, 1, 4), "float32")).shape == (None, None, 4)


def test_two_unknown_lengths_that_must_be_equal():
    x = Input((None, 4))
    assert (x + x).shape == (None, None, 4)
    with pytest.raises(ValueError, match="'add'"):
        x + x[:, 1:]  # off by one, whatever the length


def test_a_fixed_batch_stays_fixed():
    x = Input(batch_shape=(2, 3, 4))
    assert layers.Dense(5)(x).shape == (2, 3, 5)
    assert layers.Flatten()(x).shape == (2, 12)
    assert ops.transpose(x).shape == (4, 3, 2)
    assert ops.sum(x, axis=0).shape == (3, 4)
    np.testing.assert_array_equal(
        run(x, layers.Flatten()(x), np.ones((2, 3, 4), "float32")), np.ones((2, 12))
    )


def test_a_call_that_cannot_run_without_rows():
    """A maximum over the batch has no value on an empty batch; then 2 and 3 rows are tried."""
    x = Input((4,))
    assert ops.max(x, axis=0).shape == (4,)
    assert ops.max(x, axis=0, keepdims=True).shape == (1, 4)
    assert (x - ops.max(x, axis=0)).shape == (None, 4)
    assert ops.argmax(x, axis=0).dtype == "int64"
    unknown = Input((None, 4))
    assert ops.max(unknown, axis=0).shape == (None, 4)
    fixed = Input(batch_shape=(5, 4))
    assert ops.softmax(fixed, axis=0).shape == (5, 4)

    class Standardized(Layer):
        def call(self, inputs):
            return (inputs - ops.min(inputs, axis=0)) / inputs.shape[0]

    assert Standardized()(x).shape == (None, 4)
    assert Standardized()(unknown).shape == (None, None, 4)


def test_types_are_found_too():
    x = Input((4,), dtype="int32")
    assert (x + 1).dtype == "int32"
    assert (x / 2).dtype == "float32"  # integers alone give the default float type
    assert (x > 1).dtype == "bool"
    assert ops.cast(x, "float32").dtype == "float32"
    assert layers.Dense(2)(x).dtype == "float32"


def test_results_that_are_numbers():
    x = Input((4,))
    assert ops.mean(x).shape == ()
    np.testing.assert_allclose(run(x, ops.mean(x), X), X.mean(), rtol=1e-5)


class CustomRNN(Layer):
    """A loop over time in plain Python, as a reader would write it."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units
        self.from_input = layers.Dense(units, activation="tanh")
        self.from_state = layers.Dense(units, activation="tanh")
        self.classifier = layers.Dense(1)

    def call(self, inputs):
        outputs = []
        state = ops.zeros((inputs.shape[0], self.units))
        for step in range(inputs.shape[1]):
            state = self.from_input(inputs[:, step, :]) + self.from_state(state)
            outputs.append(state)
        features = ops.stack(outputs, axis=1)
        print(features.shape)
        return self.classifier(features)


@pytest.mark.parametrize(
    ("batch_shape", "shape"),
    [((1, 10, 5), (1, 10, 1)), ((None, 10, 5), (None, 10, 1)), ((None, None, 5), (None, None, 1))],
    ids=str,
)
def test_a_recurrent_layer_of_ones_own(batch_shape, shape, capsys):
    layer = CustomRNN(32)
    x = Input(batch_shape=batch_shape)
    y = layer(x)
    assert y.shape == shape
    capsys.readouterr()
    data = spread(1, 10, 5).astype("float32")
    (out,) = Plan(x, y).execute([Tensor(data)])
    assert out.shape == (1, 10, 1)
    assert capsys.readouterr().out == "(1, 10, 32)\n"
    np.testing.assert_array_equal(layer(data).numpy(), out.numpy())
    assert layer.count_params() == (5 * 32 + 32) + (32 * 32 + 32) + 33


# ---------------------------------------------------------------------------------------------
# The experiment has no side effects


def test_a_drawn_assignment_does_nothing():
    class Counter(Layer):
        def __init__(self):
            super().__init__()
            self.count = self.add_weight((), "zeros", trainable=False)

        def call(self, inputs):
            self.count.assign_add(1.0)
            return inputs

    layer = Counter()
    x = Input((4,))
    y = layer(x)
    layer(Input((None, 4)))
    assert float(layer.count) == 0
    run(x, y, X)
    assert float(layer.count) == 1


def test_a_drawn_call_takes_no_random_numbers():
    def sequence(draw):
        layer = layers.Dropout(0.5, seed=3)
        if draw:
            layer(Input((4,)), training=True)
            layer(Input((None, 4)), training=True)
        return layer(X, training=True).numpy()

    np.testing.assert_array_equal(sequence(draw=True), sequence(draw=False))

    class Noise(Layer):
        def __init__(self):
            super().__init__()
            self.random = RandomStream(seed=3)

        def call(self, inputs):
            return inputs + self.random.generator.random(4).astype("float32")

    drawn, fresh = Noise(), Noise()
    drawn(Input((4,)))
    np.testing.assert_array_equal(drawn(X).numpy(), fresh(X).numpy())


def test_drawing_late_changes_no_weight():
    def weights(draw):
        set_random_seed(1)
        first, second = layers.Dense(3), layers.Dense(3)
        first(X)
        if draw:
            layers.Dropout(0.5, seed=1)(first(Input((4,))), training=True)
        return second(X).numpy()

    np.testing.assert_array_equal(weights(draw=True), weights(draw=False))


def test_drawing_makes_no_weight_take_memory():
    layer = layers.Dense(1_000_000)
    y = layer(Input((1_000_000,)))  # 4 TB of numbers, if they were drawn
    assert y.shape == (None, 1_000_000)
    assert layer.count_params() == 10**12 + 10**6


def test_drawing_runs_without_training_and_without_warnings():
    seen = []

    class Spy(Layer):
        def call(self, inputs, training=None):
            seen.append((training, context.tracing is not None, context.tape))
            return ops.log(inputs) / (inputs * 0)

    Spy()(Input((4,)))
    assert set(seen) == {(False, True, None)}
    assert context.tracing is None


def test_a_failed_draw_forgets_everything_that_it_made():
    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.good, self.wide = layers.Dense(3), layers.Dense(3)
            self.wide.build((None, 7))

        def build(self, input_shape):
            self.own = self.add_weight((2,), name="own")

        def call(self, inputs):
            return self.wide(self.good(inputs))

    layer = Outer()
    x = Input((4,), name="data")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"'outer' \(Outer\).*'data' of shape \(None, 4\)"):
            layer(x)
        assert not layer.built and not layer.good.built and layer.wide.built
        assert layer.weights == layer.wide.weights
        assert layer.nodes == [] and layer.good.nodes == []
        assert not hasattr(layer, "own")
    assert context.tracing is None
    layer.wide = layers.Dense(3)
    assert layer(x).shape == (None, 3)


def test_a_failed_draw_inside_a_draw_leaves_the_outer_one_whole():
    class Fallback(Layer):
        """Tries one layer; if its input does not fit, takes another."""

        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Reshape((5, -1)), layers.Dense(2)

        def call(self, inputs):
            try:
                return self.first(inputs)
            except ValueError:
                return self.second(inputs)

    layer = Fallback()
    assert layer(Input((4,))).shape == (None, 2)
    assert layer.built and layer.second.built and len(layer.weights) == 2


# ---------------------------------------------------------------------------------------------
# Errors name the layer, the shapes and a fix


def test_an_impossible_sum():
    a, b = Input((3,), name="a"), Input((4,), name="b")
    with pytest.raises(ValueError) as found:
        layers.Add(name="total")([a, b])
    text = str(found.value)
    assert text.startswith(
        "layer 'total' (Add) cannot be called on 'a' of shape (None, 3) and 'b' of shape (None, 4):"
    )
    assert "shapes (None, 3) and (None, 4) cannot be merged by Add" in text
    assert "A Dense layer" in text


@pytest.mark.parametrize(
    ("draw", "texts"),
    [
        (lambda a, b: a + b, ["op 'add'", "'a'", "(None, 3)", "'b'", "(None, 4)"]),
        (lambda a, b: a @ b, ["op 'matmul'", "(None, 3)", "(None, 4)"]),
        (lambda a, b: a @ np.ones((4, 2)), ["op 'matmul'", "(None, 3)", "(4, 2)"]),
        (lambda a, b: ops.concatenate([a, b], 0), ["'concatenate'", "(None, 3)", "(None, 4)"]),
        (lambda a, b: layers.Reshape((2, -1))(a), ["'reshape'", "(None, 3)", "(None, 2, -1)"]),
        (lambda a, b: layers.Dense(2)(Input(())), ["dense", "min_ndim=2", "(None,)"]),
        (lambda a, b: layers.Concatenate()([a, Input((3, 3))]), ["(None, 3), (None, 3, 3)"]),
        (lambda a, b: a[:, 3], ["'getitem'", "(None, 3)"]),
        (lambda a, b: ops.transpose(a, (0, 0)), ["'transpose'", "axes=(0, 0)"]),
        (lambda a, b: layers.Dense(2)(a, nonsense=1), ["'dense'", "nonsense"]),
    ],
)
def test_other_impossible_calls(draw, texts):
    with pytest.raises(ValueError) as found:
        draw(Input((3,), name="a"), Input((4,), name="b"))
    for text in texts:
        assert text in str(found.value)
    assert found.value.__cause__ is not None


def test_the_sizes_that_stand_for_unknown_ones_are_explained():
    x = Input((None, 3), name="sequence")
    with pytest.raises(ValueError, match=r"\(None, None, 3\).*unknown sizes were tried as 64"):
        x + np.ones((1, 7, 3))


def test_a_layer_must_give_tensors():
    class Silent(Layer):
        def call(self, inputs):
            pass

    with pytest.raises(ValueError, match="'silent' .* returned None. Is a `return` missing"):
        Silent()(Input((3,)))


# ---------------------------------------------------------------------------------------------
# Nodes


def test_a_node_is_one_call_of_a_layer():
    dense = layers.Dense(3, name="dense")
    x, z = Input((4,), name="x"), Input((4,), name="z")
    y, w = dense(x), dense(z)
    first, second = dense.nodes
    assert (first.index, second.index) == (0, 1)
    assert first.fn is first.layer is dense and first.label == "Dense" and first.name == "dense"
    assert first.inputs == [x] and first.outputs == [y] and first.parents == [x.node]
    assert y.node is first and y.index == 0 and w.node is second
    assert isinstance(first, Node) and "dense[0]" in repr(first)
    assert dense.get_output_at(1) is w and dense.get_input_at(1) is z


def test_output_and_input_of_a_layer_with_one_call():
    dense = layers.Dense(3)
    with pytest.raises(AttributeError, match="'dense' was never called"):
        dense.output  # noqa: B018
    x = Input((4,), name="short")
    y = dense(x)
    assert dense.output is y and dense.input is x
    dense(Input((9, 4), name="long"))
    for name in ("output", "input"):
        with pytest.raises(AttributeError) as found:
            getattr(dense, name)
        text = str(found.value)
        assert "called 2 times" in text and f"get_{name}_at(i)" in text
        assert "0: on 'short' of shape (None, 4)" in text
        assert "1: on 'long' of shape (None, 9, 4)" in text
    with pytest.raises(ValueError, match="2 calls.*no call 2"):
        dense.get_output_at(2)
    with pytest.raises(ValueError, match="no call -1"):
        dense.get_input_at(-1)


def test_arguments_of_any_structure_are_kept():
    class Mixed(Layer):
        def call(self, inputs, extra, scale=1, training=None):
            return {"sum": (inputs[0] + inputs[1]["b"] + extra) * scale, "first": inputs[0]}

    a, b, c = (Input((4,), name=name) for name in "abc")
    layer = Mixed()
    out = layer([a, {"b": b}], c, scale=2, training=False)
    assert list(out) == ["sum", "first"]
    (node,) = layer.nodes
    assert node.inputs == [a, b, c] and node.parents == [a.node, b.node, c.node]
    assert node.kwargs == {"scale": 2, "training": False}
    assert node.outputs == [out["sum"], out["first"]]
    assert [s.index for s in node.outputs] == [0, 1]
    assert layer.output is node.output_structure and layer.input == [a, {"b": b}]
    expected = (X + X + X) * 2
    np.testing.assert_allclose(run([a, b, c], out["sum"], X, X, X), expected, rtol=1e-6)


def test_constants_among_the_inputs():
    x = Input((4,))
    y = layers.Add()([x, np.ones((1, 4), "float32")])
    np.testing.assert_allclose(run(x, y, X), X + 1, rtol=1e-6)
    z = ops.concatenate([x, np.zeros((2, 4), "float32")], axis=0)
    np.testing.assert_array_equal(run(x, z, X), np.concatenate([X, np.zeros((2, 4))]))


def test_an_input_called_by_keyword():
    x = Input((4,))
    assert layers.Dense(2)(inputs=x).shape == (None, 2)


def test_masks_are_drawn_too():
    class Mask(Layer):
        def call(self, inputs):
            return inputs

        def compute_mask(self, inputs, mask=None):
            return inputs.numpy()[..., 0] != 0

    seen = []

    class Read(Layer):
        def call(self, inputs, mask=None):
            seen.append(None if mask is None else mask.shape)
            return inputs

    x = Input((5, 2))
    Read()(layers.Dropout(0.5)(Mask()(x)))
    assert seen == [(0, 5)]
    Read()(layers.Dense(3)(Mask()(x)))  # each step is still a step
    assert seen[-1] == (0, 5)
    Read()(layers.Flatten()(Mask()(x)))
    assert seen[-1] is None
    Read()(Mask()(Input((None, 2))))
    assert seen[-2:] == [(0, 64), (0, 96)]


# ---------------------------------------------------------------------------------------------
# Walking


def test_collect_gives_a_topological_order_of_what_is_needed():
    x = Input((4,))
    a = x + 1
    b = a * 2
    unused = a * 3
    c = a + b
    nodes = collect([x], [c])
    assert nodes == [a.node, b.node, c.node]
    assert unused.node not in nodes
    assert collect([a], [c]) == [b.node, c.node]
    assert collect([x], [x]) == []


def test_collect_names_the_missing_input():
    x, y = Input((4,), name="given"), Input((4,), name="forgotten")
    with pytest.raises(ValueError, match="not connected.*'given'.*'forgotten'"):
        collect([x], [x + y])


def test_a_chain_of_ten_thousand_ops_needs_no_recursion():
    x = y = Input((1,))
    for _ in range(10_000):
        y = y + 1
    assert len(collect([x], [y])) == 10_000
    assert run(x, y, np.zeros((1, 1), "float32")).tolist() == [[10_000]]


def test_a_plan_runs_each_node_once_and_drops_what_nobody_reads_any_more():
    x = Input((4,))
    a = x + 1
    out = a * a + a
    plan = Plan(x, out)
    alive = []

    def observe(node, results):
        assert len(results) == 1
        alive.append(node.name)

    plan.execute([Tensor(X)], observe)
    assert alive == ["add", "multiply", "add_1"]
    finished = [len(step[-1]) for step in plan.steps]
    assert sum(finished) == len(plan.slots) - 1  # all but the output


def test_a_node_cut_at_one_of_its_outputs_keeps_the_given_value():
    class Split(Layer):
        def call(self, inputs):
            return inputs * 2, inputs * 3

    x = Input((4,))
    double, triple = Split()(x)
    given = np.full((3, 4), 100.0, "float32")
    np.testing.assert_allclose(run([x, double], double + triple, X, given), 100 + 3 * X, rtol=1e-6)


class Slip(Layer):
    """A custom layer whose call, or what it calls, holds a slip."""

    def __init__(self, slip, **options):
        super().__init__(**options)
        self.slip = slip

    def call(self, inputs):
        return self.slip(self, inputs)


def import_nothing(layer, x):
    from minigraph import no_such_name  # noqa: F401


def not_yet(layer, x):
    raise NotImplementedError("tomorrow")


SLIPS = [
    (AttributeError, lambda layer, x: ops.no_such_op(x), "module 'minigraph.ops' has no attr"),
    (AttributeError, lambda layer, x: layer.dense2(x), "'Slip' object has no attribute 'dense2'"),
    (AttributeError, lambda layer, x: x.get_shape(), "'Tensor' object has no attribute"),
    (NameError, lambda layer, x: tf.reduce_mean(x), "name 'tf' is not defined"),  # noqa: F821
    (ImportError, import_nothing, "cannot import name 'no_such_name'"),
    (NotImplementedError, not_yet, "tomorrow"),
]


@pytest.mark.parametrize(("kind", "slip", "text"), SLIPS)
def test_a_slip_in_a_custom_layer_stays_an_error_of_its_kind(kind, slip, text):
    """Its sentence comes first, then where it happened; no shape would repair it."""
    for use in (lambda x: Slip(slip, name="mine")(x), Nested(slip, name="around")):
        with pytest.raises(kind, match=f"^{text}") as found:
            use(Input((3,), name="data"))
        assert isinstance(found.value, ValueError) and isinstance(found.value.__cause__, kind)
        assert "on 'data' of shape (None, 3)" in str(found.value)
        with pytest.raises(kind, match=f"^{text}"):
            use(X)


class Nested(Layer):
    def __init__(self, slip, **options):
        super().__init__(**options)
        self.inner = Slip(slip)

    def call(self, inputs):
        return self.inner(inputs)
