"""Configs: what a model says of itself is enough to make it again."""

import copy
import json
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minigraph import Input, Model, Sequential, Variable, initializers, layers, op, ops
from minigraph.core import names as automatic
from minigraph.core import registry, tree
from minigraph.layers import Add, Concatenate, Dense, Dropout, Layer
from minigraph.models import clone_model, load_model, model_from_json, save_model
from minigraph.saving.config import Writer


def rebuild(model, **options):
    """The model made again from its config as a file would hold it: as a text."""
    config = model.get_config()
    again = type(model).from_config(json.loads(json.dumps(config)), **options)
    assert again.get_config() == config
    return again


def with_weights_of(again, model):
    again.set_weights(model.get_weights())
    return again


def assert_same_function(model, again, inputs):
    """Equal weights give equal bits."""
    again = with_weights_of(again, model)
    for a, b in zip(tree.flatten(model(inputs)), tree.flatten(again(inputs)), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def rows(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


class Scale(Layer):
    """A custom layer that stores its argument, and says nothing of configs."""

    def __init__(self, factor=2.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


class Twice(Layer):
    """A layer that is given a layer."""

    def __init__(self, layer, **options):
        super().__init__(**options)
        self.layer = layer

    def call(self, inputs):
        return self.layer(self.layer(inputs))


class Block(Layer):
    """A layer that makes layers of its own, under automatic names."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units
        self.first, self.second = Dense(units, activation="relu"), Dense(units)

    def call(self, inputs):
        return self.second(self.first(inputs))


# ---------------------------------------------------------------------------------------------
# The same model again


def test_a_graph_comes_back_with_names_structure_and_function():
    x = Input((8,), name="image")
    hidden = Dense(16, activation="relu")(x)
    model = Model(x, Dense(3, activation="softmax")(hidden))
    again = rebuild(model)
    assert again is not model
    assert [layer.name for layer in again.layers] == ["image", "dense", "dense_1"]
    assert again.name == "functional"
    assert all(a is not b for a, b in zip(model.layers, again.layers, strict=True))
    assert_same_function(model, again, rows(4, 8))


def test_weights_are_fresh():
    model = Model(x := Input((8,)), Dense(4)(x))
    again = rebuild(model)
    assert not np.array_equal(model.get_weights()[0], again.get_weights()[0])


def test_the_config_is_plain_json_and_is_not_changed_by_reading():
    x = Input((4, 6))
    model = Model(x, Scale(3.0)(x)[:, ::2] + 1)
    config = model.get_config()
    kept = copy.deepcopy(config)
    Model.from_config(config, custom_objects={"Scale": Scale})
    assert config == kept
    assert json.loads(json.dumps(config, allow_nan=False)) == config


def test_rebuilding_uses_no_automatic_name():
    x = Input((8,))
    model = Model(x, Block(4)(Dense(8)(x)) * 2 + 1)
    numbers = dict(automatic._counts)
    again = rebuild(model, custom_objects={"Block": Block})
    clone_model(model)
    assert dict(automatic._counts) == numbers
    assert [node.name for node in again.plan_nodes] == [node.name for node in model.plan_nodes]
    assert Dense(1).name == "dense_3"


def test_names_are_kept_after_other_models_took_numbers():
    config = Model(x := Input((2,)), Dense(2)(x) + 1).get_config()
    for _ in range(3):
        Dense(2)(Input((2,))) + 1
    again = Model.from_config(config)
    assert [layer.name for layer in again.layers] == ["input_layer", "dense"]
    assert again.output_names == ["add"]
    assert again.outputs[0].name == "add"


def test_several_outputs_of_one_op_are_named_again():
    @op(name="halves_of_a_test")
    def halves(x, /):
        middle = x.shape[-1] // 2
        return (x[..., :middle], x[..., middle:]), None

    x = Input((8,))
    first, second = halves(x)
    model = Model(x, [second, first])
    again = rebuild(model)
    assert [s.name for s in again.outputs] == [s.name for s in model.outputs]
    assert_same_function(model, again, rows(3, 8))


@pytest.mark.parametrize(
    "structure",
    [
        lambda a, b: a,
        lambda a, b: [a, b],
        lambda a, b: (b, a),
        lambda a, b: {"b": b, "a": a},
        lambda a, b: {"deep": [a, {"deeper": (b,)}]},
    ],
    ids=["single", "list", "tuple", "dict", "nested"],
)
def test_inputs_and_outputs_keep_their_structure(structure):
    a, b = Input((3,), name="a"), Input((3,), name="b")
    inputs = structure(a, b)
    both = [a, b] if inputs is not a else [a, a]
    outputs = structure(Dense(2)(both[0]), Dense(2)(both[1]))
    model = Model(inputs, outputs)
    again = rebuild(model)

    def form(value):
        if isinstance(value, dict):
            return {key: form(item) for key, item in value.items()}
        return type(value)(map(form, value)) if isinstance(value, (list, tuple)) else "leaf"

    assert form(again.input) == form(model.input)
    assert form(again.output) == form(model.output)
    assert again.input_names == model.input_names
    assert_same_function(model, again, structure(rows(5, 3), rows(5, 3, seed=1)))


@pytest.mark.parametrize(
    "draw",
    [
        lambda x: x[:, ::-1],
        lambda x: x[..., 1:3],
        lambda x: x[:, None, ..., 0],
        lambda x: x[:, [2, 0]],
        lambda x: x[:, np.array([3, 1])],
        lambda x: ops.reshape(x, (-1, 3, 4)),
        lambda x: ops.sum(x, axis=(1, 2), keepdims=True),
        lambda x: ops.transpose(x, (0, 2, 1)),
        lambda x: ops.maximum(x, -np.inf) + ops.minimum(x, np.inf),
        lambda x: x * np.float32(0.1) + np.int64(3) - np.bool_(True),
        lambda x: x + np.arange(12, dtype="float32").reshape(4, 3),
        lambda x: x * np.array([[np.nan, np.inf, -0.0]], dtype="float32"),
        lambda x: np.array([1, 2, 3]) - x,
        lambda x: x + ops.full((4, 3), 0.5),
        lambda x: ops.cast(x, np.float64),
        lambda x: ops.cast(x, np.dtype("float16")),
        lambda x: ops.cast(x, float),
        lambda x: ops.where(x > 0, x, 0.1 * x),
        lambda x: ops.concatenate([x, -x], axis=1),
        lambda x: ops.stack([x, x * 2], 1),
        lambda x: 2**x // 3 % 2,
        lambda x: abs(-x) @ np.ones((3, 2), "float32"),
    ],
    ids=range(22),
)
def test_ops_keep_their_arguments(draw):
    x = Input((4, 3))
    model = Model(x, draw(x))
    again = rebuild(model)
    assert again.output_shape == model.output_shape
    assert again.outputs[0].dtype == model.outputs[0].dtype
    np.testing.assert_array_equal(model(rows(2, 4, 3)).numpy(), again(rows(2, 4, 3)).numpy())


def test_a_training_argument_of_a_call_is_kept():
    x = Input((50,))
    model = Model(x, [Dropout(0.5, seed=1)(x, training=True), Dropout(0.5, seed=2)(x)])
    always, sometimes = rebuild(model)(np.ones((2, 50), "float32"))
    assert (always.numpy() == 0).any()
    assert (sometimes.numpy() == 1).all()


def test_batch_shape_and_dtype_of_inputs_are_kept():
    a = Input(batch_shape=(2, None, 3), name="a")
    b = Input((4,), dtype="int32", name="b")
    again = rebuild(Model([a, b], [ops.sum(a, axis=1), b + 1]))
    assert again.input_shape == [(2, None, 3), (None, 4)]
    assert [symbol.dtype for symbol in again.inputs] == ["float32", "int32"]


def test_a_model_cut_out_of_a_graph_starts_at_an_input_of_its_own():
    x = Input((4,))
    hidden = Dense(5, name="hidden")(x)
    model = Model(hidden, Dense(2)(hidden))
    again = rebuild(model)
    assert again.input_names == ["hidden"]
    assert again.count_params() == model.count_params() == 12
    assert_same_function(model, again, rows(3, 5))


def test_a_cut_through_a_shared_layer():
    shared = Dense(4, name="shared")
    middle = shared(Input((4,)))
    model = Model(middle, shared(middle))
    config = model.get_config()
    again = Model.from_config(config)
    assert again.input_names == ["shared_input"]
    assert_same_function(model, again, rows(3, 4))


def test_sequential():
    model = Sequential([Input((4,), name="four"), Dense(3), Dropout(0.1), Dense(2)], name="chain")
    again = rebuild(model)
    assert type(again) is Sequential
    assert again.name == "chain"
    assert again.input_names == ["four"]
    assert [layer.name for layer in again.layers] == ["dense", "dropout", "dense_1"]
    assert_same_function(model, again, rows(3, 4))


def test_a_layer_at_each_of_many_steps_comes_back_from_its_file(tmp_path):
    inputs = Input((28, 28, 1))
    rows = layers.TimeDistributed(layers.LSTM(8))(inputs)
    model = Model(inputs, layers.LSTM(8)(rows))
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert_same_function(model, again, np.ones((2, 28, 28, 1), "float32"))


def test_sequential_without_a_shape_stays_without():
    again = rebuild(Sequential([Dense(3), Dense(2)]))
    assert not again.built
    assert again(rows(1, 4)).shape == (1, 2)


def test_a_sequential_inside_a_graph():
    chain = Sequential([Dense(4, activation="relu"), Dense(4)], name="chain")
    x = Input((4,))
    model = Model(x, Add()([x, chain(x), chain(x * 2)]))
    again = rebuild(model)
    assert type(again.get_layer("chain")) is Sequential
    assert again.count_params() == model.count_params() == 40
    assert_same_function(model, again, rows(3, 4))


def test_frozen_layers_stay_frozen():
    x = Input((4,))
    model = Model(x, Block(3)(Dense(4)(x)))
    model.layers[2].trainable = False
    again = rebuild(model, custom_objects={"Block": Block})
    frozen = [layer.trainable for layer in again.layers]
    assert frozen == [True, True, False]
    assert len(again.trainable_weights) == 2
    assert len(again.non_trainable_weights) == 4


def test_structures_of_inputs_and_outputs_are_kept():
    x = Input((3,))
    model = Model({"x": x}, [Dense(2)(x)])
    again = Model.from_config(model.get_config())
    assert list(again.input) == ["x"]
    assert again.output[0].shape == (None, 2)
    assert again.output[0].node.layer is not model.layers[1]


# ---------------------------------------------------------------------------------------------
# Sharing


def test_a_layer_called_three_times_is_one_layer():
    shared = Dense(4)
    x = Input((4,))
    model = Model(x, shared(shared(shared(x))))
    again = rebuild(model)
    assert again.count_params() == 20
    assert len(again.layers[1].nodes) == 3
    assert_same_function(model, again, rows(3, 4))


def shared_across_sub_models():
    shared = Dense(3, name="shared")
    a, b, x = Input((10,), name="a"), Input((10,), name="b"), Input((10,), name="x")
    left = Model(a, shared(a), name="left")
    right = Model(b, shared(b) * 2, name="right")
    return Model(x, Add()([left(x), right(x)]), name="both")


def test_a_layer_shared_by_two_sub_models_stays_one():
    model = shared_across_sub_models()
    for again in (rebuild(model), clone_model(model), model_from_json(model.to_json())):
        assert again.count_params() == model.count_params() == 33
        left, right = again.get_layer("left"), again.get_layer("right")
        assert left.get_layer("shared") is right.get_layer("shared")
        assert_same_function(model, again, rows(3, 10))


def test_a_layer_of_the_outer_graph_that_is_also_inside_a_model():
    shared = Dense(4, name="shared")
    a, x = Input((4,)), Input((4,))
    inner = Model(a, shared(a), name="inner")
    model = Model(x, Concatenate()([shared(x), inner(shared(x))]))
    again = rebuild(model)
    assert again.count_params() == 20
    assert again.get_layer("inner").get_layer("shared") is again.get_layer("shared")
    assert_same_function(model, again, rows(3, 4))


def test_a_sub_model_called_twice_is_one_model():
    a, x = Input((4,)), Input((4,))
    inner = Model(a, Dense(4)(a), name="inner")
    model = Model(x, inner(inner(x)))
    again = rebuild(model)
    assert len(again.get_layer("inner").nodes) == 2
    assert again.count_params() == 20
    assert_same_function(model, again, rows(3, 4))


def test_a_layer_that_is_an_argument_of_another_is_shared_too():
    inner = Dense(4)
    x = Input((4,))
    model = Model(x, [inner(x), Twice(inner)(x), Twice(inner)(x)])
    again = rebuild(model, custom_objects={"Twice": Twice})
    assert again.count_params() == 20
    assert_same_function(model, again, rows(3, 4))


def test_a_model_as_an_argument_of_a_layer():
    a, x = Input((4,)), Input((4,))
    model = Model(x, Twice(Model(a, Dense(4)(a) + 1, name="inner"))(x))
    again = rebuild(model, custom_objects={"Twice": Twice})
    assert_same_function(model, again, rows(3, 4))


def test_calls_of_a_shared_layer_keep_their_order():
    shared = Dense(2)
    a, b = Input((2,), name="a"), Input((2,), name="b")
    first, second = shared(a), shared(b)
    model = Model([a, b], Concatenate()([second, first]))  # a walk from the outputs meets b first
    again = rebuild(model)
    calls = [symbol.node.index for symbol in again.layers[-1].input]
    assert calls == [second.node.index, first.node.index] == [1, 0]


def test_nesting_has_no_practical_limit():
    x = Input((2,))
    model = Model(x, Dense(2)(x))
    for level in range(40):
        x = Input((2,))
        model = Model(x, model(x) + 1, name=f"level_{level}")
    assert_same_function(model, rebuild(model), rows(2, 2))


def test_a_thousand_layers_in_a_row():
    x = symbol = Input((2,))
    for _ in range(1000):
        symbol = Dense(2)(symbol)
    assert rebuild(Model(x, symbol)).count_params() == 6000


@st.composite
def graphs(draw):
    """A random graph: branches, merges, shared layers, inner models, several ends."""
    width = 3
    symbols = [Input((width,), name=f"in_{k}") for k in range(draw(st.integers(1, 3)))]
    inputs, pool = list(symbols), [Dense(width, activation="tanh") for _ in range(2)]
    for _ in range(draw(st.integers(1, 8))):
        pick = st.sampled_from(symbols)
        kind = draw(st.sampled_from(["layer", "shared", "op", "merge", "model", "index"]))
        if kind == "layer":
            made = Dense(width)(draw(pick))
        elif kind == "shared":
            made = draw(st.sampled_from(pool))(draw(pick))
        elif kind == "op":
            made = draw(pick) * draw(st.floats(-2, 2, width=32)) - draw(pick)
        elif kind == "merge":
            merged = Concatenate()([draw(pick), draw(pick)])
            made = Dense(width)(merged)
        elif kind == "model":
            start = Input((width,))
            inner = Model(start, draw(st.sampled_from(pool))(start) + 1)
            pool.append(inner)
            made = inner(draw(pick))
        else:
            made = draw(pick)[:, ::-1]
        symbols.append(made)
    outputs = draw(st.lists(st.sampled_from(symbols[len(inputs) :]), min_size=1, max_size=3))
    used = set()
    waiting = list(outputs)
    while waiting:
        node = waiting.pop().node
        if node not in used:
            used.add(node)
            waiting += node.inputs
    return Model([s for s in inputs if s.node in used], outputs)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(model=graphs())
def test_random_graphs_come_back(model):
    again = rebuild(model)
    inputs = [rows(2, 3, seed=k) for k in range(len(model.inputs))]
    assert again.count_params() == model.count_params()
    assert_same_function(model, again, inputs)


# ---------------------------------------------------------------------------------------------
# Custom classes and functions


def custom_model():
    x = Input((4,))
    return Model(x, Scale(3.0)(x))


def test_custom_objects_by_argument():
    again = rebuild(custom_model(), custom_objects={"Scale": Scale})
    assert again.layers[1].factor == 3.0


def test_custom_objects_by_scope():
    with registry.custom_object_scope({"Scale": Scale}):
        assert rebuild(custom_model()).layers[1].factor == 3.0


def test_custom_objects_by_registration():
    @registry.register_keras_serializable(package="tests")
    class Registered(Scale):
        pass

    model = Model(x := Input((4,)), Registered(5.0)(x))
    assert model.get_config()["layers"][1]["class_name"] == "tests>Registered"
    assert rebuild(model).layers[1].factor == 5.0


@pytest.mark.parametrize("what", ["from_config", "json"])
def test_an_unknown_class_is_named(what):
    model = custom_model()
    with pytest.raises(ValueError, match="Scale.*custom_objects"):
        if what == "from_config":
            Model.from_config(model.get_config())
        else:
            model_from_json(model.to_json())


def test_an_activation_of_ones_own():
    def doubled(x):
        return x * 2

    model = Model(x := Input((4,)), Dense(2, activation=doubled)(x))
    again = rebuild(model, custom_objects={"doubled": doubled})
    assert again.layers[1].activation is doubled
    assert clone_model(model).layers[1].activation is doubled
    with pytest.raises(ValueError, match="doubled"):
        Model.from_config(model.get_config())


def test_a_config_of_ones_own_without_a_name():
    class Plain(Layer):
        def __init__(self, units=3):
            super().__init__()
            self.width = units

        def call(self, inputs):
            return inputs * self.width

        def get_config(self):
            return {"units": self.width}

    model = Model(x := Input((4,)), [Plain(5)(x), Plain(6)(x)])
    model.layers[1].trainable = False
    again = rebuild(model, custom_objects={"Plain": Plain})
    assert [layer.name for layer in again.layers[1:]] == ["plain", "plain_1"]
    assert [layer.trainable for layer in again.layers[1:]] == [False, True]
    assert_same_function(model, again, rows(2, 4))


def test_tuples_in_a_config_come_back_as_tuples():
    class Axes(Layer):
        def __init__(self, axes, **options):
            super().__init__(**options)
            self.axes = axes

        def call(self, inputs):
            return ops.sum(inputs, axis=self.axes)

        def get_config(self):
            return {"axes": self.axes, "name": self.name}

    model = Model(x := Input((4, 5)), Axes((1, 2))(x))
    assert rebuild(model, custom_objects={"Axes": Axes}).layers[1].axes == (1, 2)


def test_a_from_config_of_ones_own_gets_what_get_config_gave():
    class Holder(Layer):
        def __init__(self, inner, **options):
            super().__init__(**options)
            self.inner = inner

        def call(self, inputs):
            return self.inner(inputs)

        def get_config(self):
            return {"name": self.name, "inner": registry.serialize(self.inner)}

        @classmethod
        def from_config(cls, config):
            assert set(config["inner"]) == {"class_name", "config"}
            return cls(registry.deserialize(config["inner"]), name=config["name"])

    model = Model(x := Input((4,)), Holder(Dense(2))(x))
    assert_same_function(model, rebuild(model, custom_objects={"Holder": Holder}), rows(2, 4))


def test_a_class_with_the_name_of_a_built_in_one_is_refused():
    class Dense(Layer):
        def call(self, inputs):
            return inputs * 100

    model = Model(x := Input((4,)), Dense()(x))
    with pytest.raises(ValueError, match="'Dense' would be read back as.*rename yours"):
        model.get_config()


def test_an_op_with_the_name_of_a_built_in_one_is_refused():
    def relu(x):
        return x * 100

    model = Model(x := Input((4,)), layers.Dense(2, activation=relu)(x))
    with pytest.raises(ValueError, match="'relu' would be read back as"):
        model.get_config()


def test_a_subclass_of_model_without_a_constructor_of_its_own():
    class Named(Model):
        pass

    model = Named(x := Input((4,)), Dense(2)(x))
    again = rebuild(model)
    assert type(again) is Named
    assert type(model_from_json(model.to_json(), {"Named": Named})) is Named
    assert_same_function(model, again, rows(2, 4))


def test_a_subclassed_model_with_a_config_of_its_own():
    class Own(Model):
        def __init__(self, units, **options):
            super().__init__(**options)
            self.units, self.dense = units, Dense(units)

        def call(self, inputs):
            return self.dense(inputs)

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    model = Own(3, name="mine")
    again = rebuild(model)
    assert type(again) is Own
    assert (again.units, again.name) == (3, "mine")
    x = Input((4,))
    outer = Model(x, model(x))
    assert_same_function(outer, rebuild(outer, custom_objects={"Own": Own}), rows(2, 4))


def test_a_subclassed_model_without_one_is_refused():
    class Free(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(2)

        def call(self, inputs):
            return self.dense(inputs)

    model = Free()
    model(rows(1, 3))
    for attempt in (model.get_config, model.to_json, lambda: clone_model(model)):
        with pytest.raises(ValueError, match="Free cannot be rebuilt.*get_config"):
            attempt()


# ---------------------------------------------------------------------------------------------
# Clones


def test_a_clone_has_new_layers_and_weights():
    model = custom_model()  # its class is not registered: a clone needs no registration
    clone = clone_model(model)
    assert clone.get_config() == model.get_config()
    assert clone.layers[1] is not model.layers[1]


def test_a_clone_function_replaces_layers_but_not_inputs_or_models():
    seen = []

    def replace(layer):
        seen.append(layer.name)
        return Dropout(0.5, name=layer.name) if isinstance(layer, Dropout) else clone_of(layer)

    a, x = Input((4,)), Input((4,))
    inner = Model(a, Dropout(0.1, name="d")(Dense(4, name="n")(a)), name="inner")
    clone = clone_model(Model(x, inner(x)), clone_function=replace)
    assert seen == ["n", "d"]
    assert clone.get_layer("inner").get_layer("d").rate == 0.5
    with pytest.raises(ValueError, match="clone_function must give a layer"):
        clone_model(inner, clone_function=lambda layer: None)


def clone_of(layer):
    return type(layer).from_config(layer.get_config())


def test_a_clone_of_a_sequential():
    model = Sequential([Input((3,)), Dense(2)], name="chain")
    clone = clone_model(model)
    assert type(clone) is Sequential
    assert clone.get_config() == model.get_config()


# ---------------------------------------------------------------------------------------------
# JSON


def test_to_json_has_class_and_config():
    model = Model(x := Input((3,)), Dense(2)(x))
    text = model.to_json(indent=1)
    assert json.loads(text) == {"class_name": "Functional", "config": model.get_config()}
    chain = Sequential([Dense(2)])
    assert json.loads(chain.to_json())["class_name"] == "Sequential"
    assert type(model_from_json(chain.to_json())) is Sequential


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", "{}", "[" * 100_000, '{"class_name": "Dense", "config": {}}', "null", "NaN"],
)
def test_a_text_that_is_no_model_is_a_value_error(text):
    with pytest.raises(ValueError):
        model_from_json(text)


# ---------------------------------------------------------------------------------------------
# What cannot be written


def test_what_cannot_be_written_says_why():
    x = Input((4,))
    scale = Variable(np.ones(4, "float32"), name="scale")
    with pytest.raises(ValueError, match="'multiply' cannot be written.*add_weight"):
        Model(x, x * scale).get_config()

    class Keyed(Scale):
        def get_config(self):
            return {1: 2}

    with pytest.raises(ValueError, match="must be texts"):
        Model(x, Keyed()(x)).get_config()

    class Silent(Layer):
        def __init__(self, secret):
            super().__init__()
            self._hidden = secret

        def call(self, inputs):
            return inputs * self._hidden

    with pytest.raises(ValueError, match="'secret'.*get_config"):
        Model(x, Silent(2)(x)).get_config()


def test_a_function_without_a_name_is_refused():
    model = Model(x := Input((4,)), Dense(2, activation=lambda x: x)(x))
    with pytest.raises(ValueError, match="has no name, so"):
        model.get_config()


def test_a_layer_inside_itself_is_refused():
    layer = Twice(Dense(4))
    layer.layer = layer
    with pytest.raises((ValueError, RecursionError)):
        Writer().index_of(layer)


# ---------------------------------------------------------------------------------------------
# Configs that are wrong


def small_config():
    shared = Dense(4, name="shared")
    x = Input((4,), name="x")
    return Model(x, Add(name="sum")([shared(x), shared(x * 2)]), name="small").get_config()


def edit(*path):
    """A change of the small config: the last of `path` is put at the place the others lead to."""
    *keys, last, value = path

    def apply(config):
        for key in keys:
            config = config[key]
        config[last] = value

    return apply


def tensor(node, output):
    return {"$tensor": [node, output]}


WRONG = {
    "no layers": lambda c: c.pop("layers"),
    "no nodes": lambda c: c.pop("nodes"),
    "no inputs": lambda c: c.pop("inputs"),
    "layers no list": edit("layers", {}),
    "nodes no list": edit("nodes", "abc"),
    "a node that is a text": edit("nodes", 1, "shared"),
    "an unknown class": edit("layers", 1, "class_name", "os.system"),
    "a function as a class": edit("layers", 1, "class_name", "relu"),
    "an initializer as a layer": edit("layers", 1, "class_name", "Zeros"),
    "a class that is no text": edit("layers", 1, "class_name", ["Dense"]),
    "a layer as an op": edit("nodes", 2, "op", "Dense"),
    "an unknown op": edit("nodes", 2, "op", "eval"),
    "an op that is no text": edit("nodes", 2, "op", 7),
    "a forward reference": edit("nodes", 1, "args", [tensor(3, 0)]),
    "a reference to itself": edit("nodes", 1, "args", [tensor(1, 0)]),
    "a negative reference": edit("nodes", 1, "args", [tensor(-1, 0)]),
    "a missing output": edit("nodes", 1, "args", [tensor(0, 1)]),
    "true as a place": edit("nodes", 1, "args", [tensor(False, 0)]),
    "a place that is no number": edit("nodes", 1, "args", [tensor("0", 0)]),
    "no tensor at all": edit("nodes", 1, "args", [3]),
    "no arguments": edit("nodes", 1, "args", []),
    "arguments as a dict": edit("nodes", 1, "args", {"0": tensor(0, 0)}),
    "kwargs as a list": edit("nodes", 1, "kwargs", []),
    "an unknown argument": edit("nodes", 1, "kwargs", {"surprise": 1}),
    "a layer that is not there": edit("nodes", 1, "layer", 9),
    "a layer by name": edit("nodes", 1, "layer", "shared"),
    "a layer without arguments": lambda c: c["nodes"].__setitem__(1, {"layer": 1}),
    "an op without a name": lambda c: c["nodes"][2].pop("name"),
    "an op with markup and a slash": edit("nodes", 2, "name", "</script>"),
    "two names": edit("layers", 1, "name", "other"),
    "no name": lambda c: c["layers"][1].pop("name"),
    "a name that is no text": edit("layers", 1, "name", 5),
    "a name that is a path": edit("layers", 0, "name", "../x"),
    "an unknown key": edit("layers", 1, "module", "os"),
    "an unknown setting": edit("layers", 1, "config", "surprise", 1),
    "a config that is a list": edit("layers", 1, "config", []),
    "trainable is a text": edit("trainable", "yes"),
    "equal names": lambda c: (
        edit("layers", 2, "name", "x")(c),
        edit("layers", 2, "config", "name", "x")(c),
    ),
    "units as a text": edit("layers", 1, "config", "units", "64"),
    "units -1": edit("layers", 1, "config", "units", -1),
    "units 1.5": edit("layers", 1, "config", "units", 1.5),
    "units true": edit("layers", 1, "config", "units", True),
    "units null": edit("layers", 1, "config", "units", None),
    "units nan": edit("layers", 1, "config", "units", {"$float": "nan"}),
    "an unknown float": edit("layers", 1, "config", "units", {"$float": "1e9"}),
    "an unknown tag": edit("layers", 1, "config", "units", {"$import": "os"}),
    "a tag with company": edit("layers", 1, "config", "units", {"$tuple": [], "x": 1}),
    "a layer inside itself": edit("layers", 1, "config", "units", {"$layer": 1}),
    "a later layer": edit("layers", 1, "config", "units", {"$layer": 2}),
    "a wrong array": edit("nodes", 2, "args", [tensor(0, 0), {"$array": ["float32", [2], "00"]}]),
    "an array without hex": edit(
        "nodes", 2, "args", [tensor(0, 0), {"$array": ["int8", [1], "zz"]}]
    ),
    "an array of objects": edit(
        "nodes", 2, "args", [tensor(0, 0), {"$array": ["object", [0], ""]}]
    ),
    "a shape of -1": edit("layers", 0, "config", "batch_shape", [None, -1]),
    "a shape of texts": edit("layers", 0, "config", "batch_shape", ["4"]),
    "a shape that is a number": edit("layers", 0, "config", "batch_shape", 4),
    "a shape that does not fit": edit("layers", 0, "config", "batch_shape", [None]),
    "an unknown dtype": edit("layers", 0, "config", "dtype", "object"),
    "outputs that are numbers": edit("outputs", 3),
    "inputs that are not needed for them": edit("inputs", tensor(1, 0)),
    "a chain": edit("chain", [1]),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_config_is_refused(what):
    config = json.loads(json.dumps(small_config()))
    WRONG[what](config)
    names = dict(automatic._counts)
    with pytest.raises((ValueError, TypeError)):
        Model.from_config(config)
    assert dict(automatic._counts) == names


def test_a_config_is_not_one_of_another_class():
    graph = small_config()
    chain = Sequential([Dense(2)]).get_config()
    with pytest.raises(ValueError, match="Sequential"):
        Sequential.from_config(graph)
    assert type(Model.from_config(chain)) is Sequential
    with pytest.raises(ValueError, match="no nodes, no chain"):
        Model.from_config({"name": "x"})
    with pytest.raises(ValueError, match="dict"):
        Model.from_config([])


def test_models_that_call_models_cannot_ask_for_billions_of_calls():
    def calls(layer, count):
        return [{"layer": layer, "args": [tensor(k, 0)], "kwargs": {}} for k in range(count)]

    table = [
        {"class_name": "InputLayer", "name": "x", "config": {"batch_shape": [None, 1]}},
        {"class_name": "Flatten", "name": "f", "config": {}},
    ]
    table[0]["config"] |= {"dtype": "float32", "name": "x"}
    for level in range(10):
        nodes = [{"layer": 0}, *calls(len(table) - 1, 10)]
        joined = {"nodes": nodes, "inputs": tensor(0, 0), "outputs": tensor(10, 0)}
        entry = {"class_name": "Functional", "name": f"m{level}", "config": {}}
        table.append(entry | joined)
    config = {"name": "bomb", "trainable": True, "layers": table} | joined
    with pytest.raises(ValueError, match="calls"):
        model_from_json(json.dumps({"class_name": "Functional", "config": config}))


def test_a_function_or_a_class_of_ones_own_initializes_and_is_cloned():
    def halves(shape, dtype):
        return np.full(shape, 0.5, dtype)

    class Threes(initializers.Initializer):
        def draw(self, random, shape):
            return np.full(shape, 3.0)

    x = Input((2,))
    model = Model(x, Dense(1, kernel_initializer=halves, bias_initializer=Threes())(x))
    again = clone_model(model)
    assert [w.tolist() for w in again.get_weights()] == [[[0.5], [0.5]], [3.0]]


@pytest.mark.parametrize("wrong", [None, 3, "a"])
def test_what_is_no_model_and_no_config_is_named(wrong, tmp_path):
    shown = re.escape(repr(wrong))
    for act in (Model.from_config, Sequential.from_config, Dense.from_config):
        with pytest.raises(ValueError, match=f"config.*dict, got {shown}"):
            act(wrong)
    for act in (clone_model, lambda model: save_model(model, tmp_path / "file")):
        with pytest.raises(ValueError, match=f"`model` must be a Model, got {shown}"):
            act(wrong)


def test_a_text_and_a_path_are_what_is_read():
    with pytest.raises(ValueError, match="`text`.*to_json.*None"):
        model_from_json(None)
    with pytest.raises(TypeError, match="`path`.*None"):
        load_model(None)


# ---------------------------------------------------------------------------------------------
# Clones that start elsewhere


def test_a_clone_may_start_at_other_tensors():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    both = Model([a, b], layers.Dense(2, name="out")(a - b))
    x, y = Input((6,), name="x"), Input((6,), name="y")
    clone = clone_model(both, input_tensors=[x, y])
    assert clone.inputs == [x, y] and clone.output_shape == (None, 2)
    assert clone.input_names == ["x", "y"] and both.input_names == ["a", "b"]
    values = np.random.default_rng(0).normal(size=(2, 3, 6)).astype("float32")
    clone.get_layer("out").set_weights([np.ones((6, 2)), np.zeros(2)])
    difference = (values[0] - values[1]).sum(-1)
    np.testing.assert_allclose(clone([*values]).numpy()[:, 0], difference, rtol=1e-5)
    by_name = clone_model(both, input_tensors={"b": y, "a": x})
    assert by_name.inputs == [x, y]


def test_a_clone_may_start_inside_another_graph():
    start = Input((5,))
    inner = layers.Dense(4)(start)
    x = Input((4,))
    block = Model(x, layers.Dense(2, name="out")(layers.ReLU()(x)))
    clone = clone_model(block, input_tensors=inner)
    assert clone.inputs == [inner]
    whole = Model(start, clone.output)
    assert whole.input_shape == (None, 5) and whole.output_shape == (None, 2)


def test_a_clone_of_a_chain_starts_at_another_input():
    inside = Sequential([Input((3,)), layers.Dense(3, name="inside")], name="within")
    for chain in (
        Sequential([Input((3,)), inside, layers.Dense(2, name="d")]),
        Sequential([layers.Dense(3, name="c"), layers.Dense(2, name="d")]),
    ):
        x = Input((3,), batch_size=8, name="x")
        clone = clone_model(chain, input_tensors=x)
        assert clone.inputs == [x] and clone.output_shape == (8, 2)
        assert type(clone) is Sequential and clone.layers[-1] is not chain.layers[-1]
    with pytest.raises(ValueError, match="a Sequential starts at an Input"):
        clone_model(chain, input_tensors=2 * x)


def test_tensors_that_a_clone_cannot_start_at_are_told():
    x = Input((4,))
    model = Model(x, layers.Reshape((2, 2))(x))
    with pytest.raises(ValueError, match="`input_tensors` of a model must be symbolic"):
        clone_model(model, input_tensors=np.ones((2, 4)))
    with pytest.raises(ValueError, match="has 1 inputs .* but was called on 2"):
        clone_model(model, input_tensors=[x, x])
    with pytest.raises(ValueError, match="reshape cannot be called on|Reshape.* cannot be called"):
        clone_model(model, input_tensors=Input((5,)))
    with pytest.raises(ValueError, match="`clone_function` is a function, got .*`input_tensors`"):
        clone_model(model, x)
