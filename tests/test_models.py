"""Models: functional, nested, sharing, cut, sequential and subclassed."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from ops_table import spread

from minigraph import Input, Tape, Tensor, backend, layers, ops
from minigraph.core.context import context
from minigraph.core.device import _variables
from minigraph.graph.layer import Layer
from minigraph.models import Model, Sequential, load_model

X = spread(3, 4).astype("float32")


def names(things):
    return [thing.name for thing in things]


def gradients(model, x, weights=None):
    """The gradients of a weighted sum of the model's output."""
    weights = model.trainable_weights if weights is None else weights
    with Tape() as tape:
        out = model(x)
        loss = ops.sum(out * np.cos(np.arange(out.size)).reshape(out.shape))
    return [None if g is None else g.numpy() for g in tape.gradient(loss, weights)], float(loss)


def check_model_gradients(model, x):
    """Compare the gradient of every weight with central differences along one random direction."""
    found, _ = gradients(model, x)
    random = np.random.default_rng(0)
    for weight, gradient in zip(model.trainable_weights, found, strict=True):
        kept, direction = weight.numpy(), random.normal(size=weight.shape)
        step = 6e-6
        losses = []
        for distance in (step, -step):
            weight.assign(kept + distance * direction)
            losses.append(gradients(model, x)[1])
        weight.assign(kept)
        slope = (losses[0] - losses[1]) / (2 * step)
        assert abs(slope) > 1e-6
        np.testing.assert_allclose((gradient * direction).sum(), slope, rtol=1e-6, atol=1e-8)


# ---------------------------------------------------------------------------------------------
# The first model of the guide


def first_model():
    inputs = Input((784,), name="img")
    x = layers.Dense(64, activation="relu")(inputs)
    x = layers.Dense(64, activation="relu")(x)
    return Model(inputs, layers.Dense(10)(x), name="mnist_model")


def test_the_first_model_of_the_guide():
    model = first_model()
    assert model.count_params() == 55_050
    assert names(model.layers) == ["img", "dense", "dense_1", "dense_2"]
    assert [layer.count_params() for layer in model.layers] == [0, 50_240, 4_160, 650]
    assert [layer.output.shape for layer in model.layers] == [
        (None, 784),
        (None, 64),
        (None, 64),
        (None, 10),
    ]
    assert model.input_shape == (None, 784) and model.output_shape == (None, 10)
    out = model(np.zeros((5, 784), "float32"))
    assert type(out) is Tensor and out.shape == (5, 10)
    text = []
    model.summary(print_fn=lambda line: text.append(line))
    table = "\n".join(text)
    assert 'Model: "mnist_model"' in table
    assert "Total params: 55,050 (215.04 KB)" in table
    assert "Non-trainable params: 0 (0.00 B)" in table
    cells = ["img (InputLayer)", "(None, 784)", "dense (Dense)", "50,240", "4,160", "650"]
    assert all(cell in table for cell in cells)


def test_attributes_of_a_model():
    model = first_model()
    assert model.built and model.nodes == []
    assert model.inputs == [model.input] and model.outputs == [model.output]
    assert model.input_names == ["img"] and model.output_names == ["dense_2"]
    assert names(model.weights) == ["kernel", "bias"] * 3
    assert model.trainable_weights == model.weights and model.non_trainable_weights == []
    assert [row[:3] for row in model.summary_rows] == [
        (layer.name, type(layer).__name__, layer) for layer in model.layers
    ]
    assert names(model.plan_nodes) == names(model.layers)


def test_model_names():
    x = Input((4,))
    y = layers.Dense(1)(x)
    assert names([Model(x, y), Model(x, y), Sequential(), Model(x, y, name="mine")]) == [
        "functional",
        "functional_1",
        "sequential",
        "mine",
    ]

    class Special(Model):
        pass

    assert Special(x, y).name == "special"
    with pytest.raises(ValueError, match="`name`"):
        Model(x, y, name="a/b")


# ---------------------------------------------------------------------------------------------
# The order of layers


def order_of(inputs, outputs):
    return names(Model(inputs, outputs).layers)


def dense(name):
    return layers.Dense(4, name=name)


def test_branches_come_by_depth_then_by_the_walk_from_the_outputs():
    """Two long branches and a short one, joined and read by two heads."""
    title, body, tags = (Input((4,), name=name) for name in ("title", "body", "tags"))
    from_title = dense("lstm")(dense("embedding")(title))
    from_body = dense("lstm_1")(dense("embedding_1")(body))
    joined = layers.Concatenate(name="join")([from_title, from_body, tags])
    outputs = [dense("priority")(joined), dense("department")(joined)]
    assert order_of([title, body, tags], outputs) == [
        *("title", "body", "embedding", "embedding_1", "lstm", "lstm_1", "tags"),
        *("join", "priority", "department"),
    ]


def test_a_residual_connection():
    x = Input((4,), name="x")
    first = dense("first")(x)
    second = dense("third")(dense("second")(first))
    out = dense("out")(layers.Add(name="sum")([second, first]))
    assert order_of(x, out) == ["x", "first", "second", "third", "sum", "out"]


def test_a_shared_layer_stands_where_its_deepest_call_is():
    """And pushes what comes before it: `b` would be nearer to the output without `shared(a)`."""
    shared = dense("shared")
    a, b = Input((4,), name="a"), Input((4,), name="b")
    out = layers.Add(name="sum")([shared(b), dense("extra")(shared(a))])
    assert order_of([a, b], out) == ["b", "a", "shared", "extra", "sum"]


def test_a_layer_called_twice_in_a_row():
    shared = dense("shared")
    x = Input((4,), name="x")
    assert order_of(x, dense("out")(shared(shared(x)))) == ["x", "shared", "out"]


def test_op_nodes_have_rows_but_are_no_layers():
    x = Input((4,), name="x")
    model = Model(x, dense("out")(x + 1) * 2)
    assert names(model.layers) == ["x", "out"]
    assert [row[:3] for row in model.summary_rows] == [
        ("x", "InputLayer", model.layers[0]),
        ("add", "Add", None),
        ("out", "Dense", model.layers[1]),
        ("multiply", "Multiply", None),
    ]


def order_by_the_book(outputs):
    """Longest distance to an output first, then the first visit of a walk from the outputs."""
    visits, readers = [], {}

    def walk(node):
        if node not in visits:
            visits.append(node)
            for parent in node.parents:
                readers.setdefault(parent, []).append(node)
                walk(parent)

    for symbol in outputs:
        walk(symbol.node)

    def depth(node):
        return max((1 + depth(reader) for reader in readers.get(node, [])), default=0)

    return [node.name for node in sorted(visits, key=lambda n: (-depth(n), visits.index(n)))]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_random_graphs(seed):
    random = np.random.default_rng(seed)
    inputs = [Input((4,), name=f"input_{i}") for i in range(3)]
    symbols = list(inputs)
    for i in range(12):
        count = int(random.integers(1, 4))
        chosen = [symbols[int(random.integers(len(symbols)))] for _ in range(count)]
        fn = layers.Add(name=f"add_{i}") if count > 1 else dense(f"dense_{i}")
        symbols.append(fn(chosen if count > 1 else chosen[0]))
    outputs = [symbols[-1], symbols[int(random.integers(3, len(symbols) - 1))]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an Input may be unused
        found = order_of(inputs, outputs)
    expected = order_by_the_book(outputs)
    assert [name for name in found if name in expected] == expected


def test_an_input_that_nothing_needs_is_allowed_with_a_warning():
    x, spare = Input((4,), name="x"), Input((4,), name="spare")
    with pytest.warns(UserWarning, match="no output needs the Input 'spare'"):
        model = Model([x, spare], dense("out")(x))
    assert names(model.layers) == ["x", "spare", "out"]
    assert model([X, X]).shape == (3, 4)


# ---------------------------------------------------------------------------------------------
# Wrong graphs


def test_a_disconnected_output_names_the_missing_input():
    a, b = Input((4,), name="given"), Input((4,), name="forgotten")
    out = layers.Add()([dense("one")(a), dense("two")(b)])
    with pytest.raises(ValueError, match="not connected.*'forgotten'"):
        Model(a, out)
    with pytest.raises(ValueError, match="not connected.*'given'"):
        Model(b, dense("three")(a))


@pytest.mark.parametrize("wrong", [X, None, "text", [], {}, [None]], ids=str)
def test_inputs_and_outputs_are_symbolic_tensors(wrong):
    x = Input((4,))
    with pytest.raises(ValueError, match="`inputs`|inputs"):
        Model(wrong, dense("a")(x))
    with pytest.raises(ValueError, match="`outputs`|outputs"):
        Model(x, wrong)


def test_a_layer_in_place_of_a_tensor():
    x = Input((4,))
    with pytest.raises(ValueError, match="`outputs`.*symbolic.*layer 'a' itself"):
        Model(x, dense("a"))


def test_one_input_may_be_given_once():
    x = Input((4,))
    with pytest.raises(ValueError, match="`inputs`.*once"):
        Model([x, x], dense("a")(x))


def test_names_must_be_unique():
    x = Input((4,))
    with pytest.raises(ValueError, match="unique.*'same'"):
        Model(x, dense("same")(dense("same")(x)))
    a, b = Input((4,), name="in"), Input((4,), name="in")
    with pytest.raises(ValueError, match="unique.*'in'"):
        Model([a, b], a + b)
    shared = dense("shared")
    assert Model(x, shared(shared(x))).count_params() == 20


# ---------------------------------------------------------------------------------------------
# Inputs and outputs of any structure


def test_lists_dicts_and_nested_structures():
    a, b, c = (Input((4,), name=name) for name in "abc")
    structure = {"first": a, "rest": [b, (c,)]}
    model = Model(structure, {"sum": a + b, "parts": [c * 2, (a,)]})
    out = model({"first": X, "rest": [2 * X, (3 * X,)]})
    assert list(out) == ["sum", "parts"] and isinstance(out["parts"][1], tuple)
    np.testing.assert_allclose(out["sum"].numpy(), 3 * X, rtol=1e-6)
    np.testing.assert_allclose(out["parts"][0].numpy(), 6 * X, rtol=1e-6)
    np.testing.assert_array_equal(out["parts"][1][0].numpy(), X)
    assert model.input is structure and model.inputs == [a, b, c]
    assert model.input_shape == [(None, 4)] * 3 and len(model.output_shape) == 3
    assert model.output_names == ["add", "multiply", "a"]


def test_one_in_a_list_stays_a_list():
    x = Input((4,))
    model = Model([x], [x * 2])
    out = model([X])
    assert isinstance(out, list) and len(out) == 1
    assert model(X)[0].shape == (3, 4)


def test_a_dict_keyed_by_the_names_of_the_inputs():
    a, b = Input((4,), name="a"), Input((1,), name="b")
    model = Model([a, b], a - b, name="difference")
    expected = X - X[:, :1]
    np.testing.assert_allclose(model({"b": X[:, :1], "a": X}).numpy(), expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r"'difference'.*lacks \['b'\]"):
        model({"a": X})
    with pytest.raises(ValueError, match=r"unknown keys \['c'\].*\['a', 'b'\]"):
        model({"a": X, "b": X[:, :1], "c": X})


def test_a_dict_of_inputs_is_read_by_its_keys_not_by_its_order():
    model = Model({"a": (a := Input((4,))), "b": (b := Input((4,)))}, a - b)
    np.testing.assert_allclose(model({"b": X, "a": 3 * X}).numpy(), 2 * X, rtol=1e-6)


def test_wrong_number_and_shape_of_inputs():
    a, b = Input((4,), name="a"), Input((None, 2), name="b")
    model = Model([a, b], [a, b], name="pair")
    sequence = np.zeros((3, 7, 2), "float32")
    assert model([X, sequence])[1].shape == (3, 7, 2)
    with pytest.raises(ValueError, match=r"'pair' has 2 inputs \(a, b\).* called on 1"):
        model(X)
    with pytest.raises(ValueError, match=r"input 'a' expects shape \(None, 4\), found \(3, 5\)"):
        model([np.zeros((3, 5)), sequence])
    with pytest.raises(ValueError, match=r"input 'b' expects shape \(None, None, 2\), found"):
        model([X, np.zeros((3, 2))])
    fixed = Model(c := Input(batch_shape=(2, 4)), c * 2)
    with pytest.raises(ValueError, match=r"expects shape \(2, 4\), found \(3, 4\)"):
        fixed(X)


def test_inputs_are_cast_to_the_type_of_their_input():
    tokens = Input((4,), dtype="int32")
    model = Model(tokens, [tokens + 1, dense("a")(tokens)])
    whole, floats = model(np.ones((2, 4)))
    assert whole.dtype == "int32" and floats.dtype == "float32"


@pytest.mark.parametrize("wrong", [None, "text", 3.0, [None]])
def test_what_is_no_array_is_refused(wrong):
    model = Model(x := Input((4,)), x * 2)
    with pytest.raises(ValueError, match="tensors and arrays"):
        model(wrong)


def test_a_model_without_any_layer():
    x = Input((4,))
    np.testing.assert_array_equal(Model(x, x)(X).numpy(), X)


# ---------------------------------------------------------------------------------------------
# Models as layers, sharing, cutting


def small(name="small", units=4):
    x = Input((4,), name=f"{name}_in")
    return Model(x, layers.Dense(units, activation="tanh", name=f"{name}_out")(x), name=name)


def test_a_model_is_a_layer():
    inner = small()
    x = Input((4,), name="x")
    y = inner(x)
    outer = Model(x, layers.Dense(2)(y))
    assert inner.nodes[0].outputs == [y] and y.node.name == "small"
    assert names(outer.layers) == ["x", "small", "dense"]
    assert outer.summary_rows[1][1] == "Functional"
    assert outer.count_params() == 20 + 10
    expected = outer.layers[2](inner(X)).numpy()
    np.testing.assert_array_equal(outer(X).numpy(), expected)


def test_a_model_of_fixed_batch_inside_another_model():
    x, y = Input(batch_shape=(2, 4)), Input(batch_shape=(2, 4))
    inner = Model(x, layers.Dense(3)(x))
    outer = Model(y, inner(y))
    assert outer.output_shape == (2, 3) and outer(X[:2]).shape == (2, 3)
    with pytest.raises(ValueError, match=r"expects shape \(2, 4\), found \(3, 4\)"):
        outer(X)


def test_an_ensemble_of_models_and_their_gradients():
    backend.set_floatx("float64")
    x = Input((4,))
    parts = [small(f"part_{i}", units=1) for i in range(3)]
    model = Model(x, ops.mean(layers.Concatenate()([part(x) for part in parts]), axis=1))
    assert model.count_params() == 15
    mean = np.mean([part(X).numpy() for part in parts], axis=0)[:, 0]
    np.testing.assert_allclose(model(X).numpy(), mean)
    check_model_gradients(model, X)


def test_a_model_with_a_structure_inside_another_model():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    inner = Model({"a": a, "b": b}, {"sum": a + b, "difference": a - b}, name="inner")
    x, y = Input((4,)), Input((4,))
    out = inner({"a": x, "b": y})
    outer = Model([x, y], out["difference"] * out["sum"])
    np.testing.assert_allclose(outer([3 * X, X]).numpy(), 2 * X * 4 * X, rtol=1e-5)
    assert outer.output_names == ["multiply"]
    assert out["difference"].node.name == "inner" and out["difference"].index == 1


def test_two_models_over_one_graph_share_the_weights():
    backend.set_floatx("float64")
    x = Input((4,))
    code = layers.Dense(2, activation="tanh", name="code")(x)
    encoder = Model(x, code, name="encoder")
    autoencoder = Model(x, layers.Dense(4, name="decoded")(code), name="autoencoder")
    assert encoder.weights == autoencoder.weights[:2]
    before = encoder(X).numpy()
    kernel = autoencoder.get_layer("code").kernel
    kernel.assign(kernel.numpy() + 1)
    assert (encoder(X).numpy() != before).all()
    check_model_gradients(autoencoder, X)
    check_model_gradients(encoder, X)


def test_a_model_cut_at_an_inner_tensor():
    x = Input((4,))
    code = layers.Dense(2, name="code")(x)
    out = layers.Dense(4, name="decoded")(code)
    whole, decoder = Model(x, out), Model(code, out, name="decoder")
    assert decoder.count_params() == 12 and decoder.input_shape == (None, 2)
    assert names(decoder.layers) == ["decoded"]
    assert decoder.summary_rows[0][1] == "InputLayer"
    encoded = Model(x, code)(X)
    np.testing.assert_array_equal(decoder(encoded).numpy(), whole(X).numpy())
    y = Input((2,))
    np.testing.assert_array_equal(Model(y, decoder(y))(encoded).numpy(), whole(X).numpy())


def test_a_model_cut_at_two_inner_tensors():
    x = Input((4,))
    a, b = x * 2, x + 1
    model = Model([a, b], a - b)
    np.testing.assert_allclose(model([X, 3 * X]).numpy(), -2 * X, rtol=1e-6)


def test_features_of_every_layer():
    model = first_model()
    features = Model(model.input, [layer.output for layer in model.layers])
    out = features(np.ones((2, 784), "float32"))
    assert [o.shape for o in out] == [(2, 784), (2, 64), (2, 64), (2, 10)]
    np.testing.assert_array_equal(out[-1].numpy(), model(np.ones((2, 784), "float32")).numpy())


def test_a_layer_used_three_times_gets_the_sum_of_the_separate_gradients():
    backend.set_floatx("float64")

    def chain(of):
        x = Input((4,))
        return Model(x, of[2](of[1](of[0](x))))

    def make(name):
        return layers.Dense(4, activation="tanh", name=name, bias_initializer="random_normal")

    shared = make("shared")
    together = chain([shared] * 3)
    assert together.count_params() == 20 and len(shared.nodes) == 3
    copies = [make(f"copy_{i}") for i in range(3)]
    apart = chain(copies)
    for twin in copies:
        twin.set_weights(shared.get_weights())

    found, loss = gradients(together, X)
    separate, same_loss = gradients(apart, X)
    assert loss == same_loss
    for place in (0, 1):
        total = separate[place] + separate[place + 2] + separate[place + 4]
        np.testing.assert_allclose(found[place], total, rtol=1e-12)
    check_model_gradients(together, X)
    check_model_gradients(apart, X)


def test_a_model_used_three_times():
    backend.set_floatx("float64")
    inner = small()
    x, y = Input((4,)), Input((4,))
    model = Model([x, y], inner(inner(x)) * inner(y))
    assert model.count_params() == 20 and len(inner.nodes) == 3
    check_model_gradients(model, [X, X[::-1]])


def test_training_reaches_layers_inside_nested_models():
    class Spy(Layer):
        def call(self, inputs, training=None):
            seen.append(training)
            return inputs

    seen = []
    x = Input((4,))
    inner = Model(x, Spy()(x))
    y = Input((4,))
    model = Model(y, inner(y))
    seen.clear()
    model(X, training=True)
    model(X)
    model(X, training=False)
    assert seen == [True, False, False]


@pytest.mark.parametrize("given", [{"training": True}, (True,)], ids=["keyword", "position"])
def test_training_fixed_in_the_drawing(given):
    """It holds where the model is called without `training`; an explicit value replaces it."""
    x = Input((4,))
    dropout = layers.Dropout(1.0)
    y = dropout(x, **given) if isinstance(given, dict) else dropout(x, *given)
    model = Model(x, y)
    assert not model(X).numpy().any()
    assert not model(X, training=True).numpy().any()
    np.testing.assert_array_equal(model(X, training=False).numpy(), X)
    z = Input((4,))
    outer = Model(z, model(z, training=False))
    np.testing.assert_array_equal(outer(X).numpy(), X)
    assert not outer(X, training=True).numpy().any()


def test_a_mask_reaches_the_output_of_a_model():
    class Mask(Layer):
        def call(self, inputs):
            return inputs

        def compute_mask(self, inputs, mask=None):
            return inputs.numpy()[..., 0] != 0

    x = Input((None, 2))
    model = Model(x, layers.Activation("relu")(Mask()(x)))
    data = np.array([[[1.0, 2.0], [0.0, 3.0]]], "float32")
    for _ in range(2):
        assert model(data).mask.tolist() == [[True, False]]
    y = Input((5, 2))
    assert Model(y, model(y))(np.ones((1, 5, 2))).mask.all()


def test_freezing_a_model_reaches_nested_ones():
    inner = small()
    x = Input((4,))
    model = Model(x, layers.Dense(1)(inner(x)))
    inner.trainable = False
    assert len(model.trainable_weights) == 2 and len(model.non_trainable_weights) == 2
    assert not inner.layers[1].trainable
    model.trainable = False
    assert model.trainable_weights == []
    model.trainable = True
    assert len(model.trainable_weights) == 4


def test_run_shows_every_node():
    model = first_model()
    seen = []
    out = model.run(
        np.ones((2, 784), "float32"), observe=lambda node, outs: seen.append((node.name, outs))
    )
    assert [name for name, _ in seen] == ["dense", "dense_1", "dense_2"]
    assert seen[-1][1][0] is out and out.shape == (2, 10)


def test_each_node_runs_once():
    calls = []

    class Spy(Layer):
        def call(self, inputs):
            calls.append(context.tracing is None)
            return inputs

    x = Input((4,))
    y = Spy()(x)
    model = Model(x, [y, y + 1, y * y])
    calls.clear()
    model(X)
    assert calls == [True]


# ---------------------------------------------------------------------------------------------
# Depth


def test_a_chain_of_a_thousand_layers():
    shared = layers.Dense(2)
    x = y = Input((2,))
    for i in range(1000):
        y = layers.Activation("tanh", name=f"tanh_{i}")(y) if i % 2 else shared(y)
    model = Model(x, y)
    assert len(model.plan_nodes) == 1001
    assert len(model.layers) == 502 and len(shared.nodes) == 500
    found, _ = gradients(model, np.ones((1, 2), "float32"))
    assert found[0].shape == (2, 2)


def test_sixty_models_inside_each_other():
    x = Input((2,))
    model = Model(x, layers.Dense(2, name="core")(x), name="model_0")
    for i in range(1, 61):
        y = Input((2,))
        model = Model(y, model(y), name=f"model_{i}")
    assert model.count_params() == 6
    found, _ = gradients(model, np.ones((1, 2), "float32"))
    assert found[0].shape == (2, 2)


# ---------------------------------------------------------------------------------------------
# get_layer


def test_get_layer():
    model = first_model()
    assert model.get_layer("dense_1") is model.get_layer(index=2) is model.layers[2]
    assert model.get_layer(index=-1).name == "dense_2"
    with pytest.raises(ValueError, match="no layer 'wonder'.*'dense', 'dense_1', 'dense_2', 'img'"):
        model.get_layer("wonder")
    with pytest.raises(ValueError, match="4 layers, so there is no index 4"):
        model.get_layer(index=4)
    with pytest.raises(ValueError, match="`name` or an `index`"):
        model.get_layer()


# ---------------------------------------------------------------------------------------------
# Sequential


def test_a_sequential_model_with_an_input_is_drawn_at_once():
    model = Sequential([Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2)])
    assert model.built and model.name == "sequential"
    assert names(model.layers) == ["dense", "dense_1"]
    assert model.count_params() == 15 + 8
    assert model.input_shape == (None, 4) and model.output_shape == (None, 2)
    expected = model.layers[1](model.layers[0](X)).numpy()
    np.testing.assert_array_equal(model(X).numpy(), expected)


def test_a_sequential_model_without_an_input_waits_for_data():
    model = Sequential([layers.Dense(3), layers.Dense(2)], name="late")
    assert not model.built and model.weights == [] and len(model.layers) == 2
    with pytest.raises(ValueError, match="'late' has no weights yet"):
        model.count_params()
    assert model(X).shape == (3, 2)
    assert model.built and len(model.weights) == 4 and model.output_shape == (None, 2)
    model = Sequential([layers.Dense(3)])
    model.build((None, 4))
    assert model.count_params() == 15
    nodes = list(model.layers[0].nodes)
    model.build((None, 4))
    assert model.layers[0].nodes == nodes


@pytest.mark.parametrize("attribute", ["inputs", "outputs", "input_shape", "output_shape"])
def test_what_is_not_known_before_the_data_says_so(attribute):
    for model in [Sequential([layers.Dense(3)], name="late"), Subclassed(name="late")]:
        with pytest.raises(AttributeError, match="'late'"):
            getattr(model, attribute)


def test_add_and_pop():
    model = Sequential([Input((4,))])
    assert not model.built and model.layers == []
    model.add(layers.Dense(3))
    assert model.built and model.output_shape == (None, 3)
    last = layers.Dense(2)
    model.add(last)
    assert model.output_shape == (None, 2) and model(X).shape == (3, 2)
    assert model.pop() is last
    assert model.output_shape == (None, 3) and model(X).shape == (3, 3)
    assert last.nodes == []
    model.pop()
    assert model.layers == [] and not model.built
    with pytest.raises(ValueError, match="no layer to take away"):
        model.pop()
    model.add(layers.Dense(5))
    assert model(X).shape == (3, 5)


def test_a_sequential_model_grows_after_its_first_data():
    model = Sequential([layers.Dense(3)])
    model(X)
    model.add(layers.Dense(7))
    assert model(X).shape == (3, 7) and len(model.weights) == 4
    model.pop()
    assert model(X).shape == (3, 3) and len(model.weights) == 2


class Twice(Model):
    """A model with a `call` of its own, and two outputs."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, inputs):
        return {"one": self.dense(inputs), "two": self.dense(inputs[:, ::-1])}


def test_the_output_shape_of_models():
    x = Input((None, 4))
    y = layers.GlobalMaxPooling1D()(layers.Conv1D(6, 2)(x))
    model = Model([x], {"pooled": y, "same": x})
    expected = {"pooled": (8, 6), "same": (8, 5, 4)}
    assert model.compute_output_shape([(8, 5, 4)]) == expected and not model.nodes
    for chain in (
        Sequential([layers.Dense(3), layers.Dense(2)]),
        Sequential([Input((7,)), layers.Dense(3), layers.Dense(2)]),
    ):
        built, calls = chain.built, [len(layer.nodes) for layer in chain.layers]
        assert chain.compute_output_shape((None, 7)) == (None, 2)
        assert chain.built == built and [len(layer.nodes) for layer in chain.layers] == calls
        assert bool(chain.weights) == built and not chain.nodes
        assert chain(np.ones((2, 7))).shape == (2, 2)
    own = Twice()
    assert own.compute_output_shape((None, 5)) == {"one": (None, 3), "two": (None, 3)}
    assert not own.built and not own.weights and not own.dense.nodes
    with pytest.raises(ValueError, match="expects shape"):
        model.compute_output_shape([(8, 5, 3)])


def test_what_cannot_be_added():
    model = Sequential([Input((4,)), layers.Dense(3, name="same")], name="chain")
    for wrong in [None, X, "dense", lambda x: x, layers.Dense, Input((4,)) + 1]:
        with pytest.raises(TypeError, match="only layers can be added to 'chain'"):
            model.add(wrong)
    with pytest.raises(ValueError, match="unique.*'same'"):
        model.add(layers.Dense(3, name="same"))
    with pytest.raises(ValueError, match="Input comes first"):
        model.add(Input((4,)))
    with pytest.raises(ValueError, match="'reshape'"):
        model.add(layers.Reshape((2, -1), name="reshape"))

    class Two(Layer):
        def call(self, inputs):
            return inputs, inputs

    with pytest.raises(ValueError, match="chain.*'two' gives 2 outputs"):
        model.add(Two())
    assert names(model.layers) == ["same"] and model(X).shape == (3, 3)
    with pytest.raises(ValueError, match="no layers yet"):
        Sequential().build((None, 4))


def test_a_sequential_model_that_fails_on_its_first_data_is_as_before():
    first = layers.Dense(3)
    model = Sequential([first, layers.Reshape((2, -1)), layers.Dense(1)])
    with pytest.raises(ValueError, match="'reshape'"):
        model(X)
    assert not model.built and not first.built and first.nodes == []
    model.layers[1].target_shape = (3, -1)
    assert model(np.zeros((2, 9), "float32")).shape == (2, 3, 1)


def test_models_in_a_sequential_model_and_the_reverse():
    backend.set_floatx("float64")
    chain = Sequential([Input((4,)), small("head"), Sequential([layers.Dense(3)])])
    assert chain(X).shape == (3, 3) and chain.count_params() == 20 + 15
    x = Input((4,))
    model = Model(x, chain(x) * chain(x + 1))
    assert names(model.layers)[1:] == [chain.name] and len(chain.nodes) == 2
    check_model_gradients(model, X)


def test_one_layer_in_two_sequential_models():
    shared = layers.Dense(3)
    first = Sequential([Input((4,)), shared])
    second = Sequential([Input((4,)), shared, layers.Dense(2)])
    assert first.weights == second.weights[:2]
    np.testing.assert_array_equal(second.layers[1](first(X)).numpy(), second(X).numpy())


def test_a_long_sequential_model_is_planned_once():
    model = Sequential([Input((4,))])
    for _ in range(300):
        model.add(layers.Activation("relu"))
    assert model(X).shape == (3, 4)


def test_a_frozen_sequential_model():
    model = Sequential([layers.Dense(3)], trainable=False)
    model(X)
    assert model.trainable_weights == [] and len(model.non_trainable_weights) == 2


# ---------------------------------------------------------------------------------------------
# Subclassed models


class Subclassed(Model):
    def __init__(self, units=3, name=None):
        super().__init__(name=name)
        self.units = units
        self.first = layers.Dense(units, activation="tanh")
        self.dropout = layers.Dropout(0.5)
        self.last = layers.Dense(2)

    def call(self, inputs, training=False):
        return self.last(self.dropout(self.first(inputs), training=training))


def test_a_subclassed_model_has_weights_after_its_first_call():
    model = Subclassed()
    assert not model.built and model.weights == [] and model.name == "subclassed"
    assert names(model.layers) == ["dense", "dropout", "dense_1"]
    assert model(X).shape == (3, 2)
    assert model.built and model.count_params() == 15 + 8
    np.testing.assert_array_equal(model(X).numpy(), model(X, training=False).numpy())
    assert (model(X, training=True).numpy() != model(X).numpy()).any()


def test_a_subclassed_model_has_weights_after_build():
    model = Subclassed()
    model.build((None, 4))
    assert model.built and model.count_params() == 15 + 8
    with pytest.raises(ValueError, match="axis -1 to have size 4, found size 9"):
        model(np.zeros((2, 9)))

    class Two(Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = layers.Dense(2), layers.Dense(2)

        def call(self, inputs):
            return self.a(inputs["a"]) + self.b(inputs["b"])

    model = Two()
    model.build({"a": (None, 3), "b": (None, 5)})
    assert model.count_params() == 8 + 12


def test_a_subclassed_model_inside_a_graph():
    backend.set_floatx("float64")
    inner = Subclassed()
    x = Input((4,))
    model = Model(x, inner(x) * 2)
    assert inner.built and model.count_params() == 23 and model.output_shape == (None, 2)
    check_model_gradients(model, X)
    assert Sequential([Input((4,)), Subclassed()]).output_shape == (None, 2)


def test_a_subclassed_model_whose_draw_fails_is_as_before():
    for draw in [lambda model: model.build((None, 4)), lambda model: model(Input((4,)))]:
        model = Subclassed()
        model.last = layers.Reshape((2, -1))
        with pytest.raises(ValueError, match="reshape"):
            draw(model)
        assert not model.built and not model.first.built and model.weights == []
        model.last = layers.Dense(2)
        assert model(np.zeros((2, 9), "float32")).shape == (2, 2)
        assert model.count_params() == 30 + 8


def test_a_model_that_holds_a_model():
    class Outer(Model):
        def __init__(self):
            super().__init__()
            self.inner = Subclassed()

        def call(self, inputs):
            return self.inner(inputs)

    model = Outer()
    model(X)
    assert model.count_params() == 23 and names(model.layers) == ["subclassed"]


def test_a_subclass_with_inputs_and_outputs():
    class Named(Model):
        def __init__(self, units):
            x = Input((4,))
            super().__init__(inputs=x, outputs=layers.Dense(units)(x))
            self.units = units
            self.extra = layers.Dense(1)

    model = Named(3)
    assert model.name == "named" and model.count_params() == 15 and model(X).shape == (3, 3)
    assert model._label == "Named"


def test_a_model_needs_a_call_or_a_graph():
    with pytest.raises(NotImplementedError, match="must define call"):
        Model()(X)
    with pytest.raises(ValueError, match="both `inputs` and `outputs`"):
        Model(Input((4,)))
    with pytest.raises(TypeError, match="colour"):
        Model(x := Input((4,)), x * 2, colour="red")


def test_a_model_pickles_no_secrets_into_its_repr():
    model = first_model()
    assert "mnist_model" in repr(model)
    bundle = model._repr_mimebundle_()
    assert bundle["image/svg+xml"].lstrip().startswith("<svg")
    assert bundle["text/plain"].startswith("A graph of 4 nodes: img (InputLayer) feeds ")
    assert set(Subclassed()._repr_mimebundle_()) == {"text/plain"}


def test_a_mask_goes_through_a_nested_model():
    class Marks(Layer):
        supports_masking = True

        def call(self, inputs):
            return inputs

        def compute_mask(self, inputs, mask=None):
            return np.ones(inputs.shape[:2], bool)

    inner_input = Input((5, 2))
    inner = Model(inner_input, layers.Activation("relu")(inner_input))
    marked = Marks()(np.zeros((3, 5, 2), "float32"))
    assert inner(marked).mask is not None
    outer_input = Input((5, 2))
    outer = Model(outer_input, inner(Marks()(outer_input)))
    assert outer(np.zeros((3, 5, 2), "float32")).mask is not None


def test_a_subclass_whose_first_call_fails_is_not_built():
    class Fails(Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(2)
            self.ready = False

        def call(self, inputs):
            if not self.ready:
                raise ValueError("not yet")
            return self.inner(inputs)

    model = Fails()
    with pytest.raises(ValueError, match="not yet"):
        model(np.ones((2, 3)))
    assert not model.built
    model.ready = True
    model.build((None, 3))
    assert model.built and len(model.weights) == 2


def test_calls_are_numbered_anew_after_a_pop():
    shared = layers.Dense(3)
    chain = Sequential([Input((3,)), shared])
    shared(Input((3,)))
    chain.pop()
    shared(Input((3,)))
    assert [node.index for node in shared.nodes] == [0, 1]


def test_an_input_layer_may_lead_a_chain():
    chain = Sequential([Input((3,)).node.layer, layers.Dense(2)])
    assert chain.built and chain.output_shape == (None, 2)


def test_a_chain_is_given_a_list():
    with pytest.raises(TypeError, match=r"Sequential\(\["):
        Sequential(layers.Dense(3, name="one"))


class OwnBuild(Model):
    """Makes one weight in `build` and has a layer inside."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = layers.Dense(2)

    def build(self, input_shape):
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

    def call(self, inputs):
        return self.inner(inputs * self.scale)

    def get_config(self):
        return {"name": self.name}


def test_a_subclass_may_define_build(tmp_path):
    assert OwnBuild()(Input((4,))).shape == (None, 2)
    model = OwnBuild()
    result = model(X).numpy()
    assert [w.shape for w in model.weights] == [(4,), (4, 2), (2,)]
    model.save(tmp_path / "own")
    again = load_model(tmp_path / "own", custom_objects={"OwnBuild": OwnBuild})
    np.testing.assert_array_equal(again(X).numpy(), result)


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_models_can_be_copied_and_pickled(twin):
    x = inputs = Input((4,))
    for _ in range(300):
        x = layers.Dense(4)(x)
    inner = Model(inputs, x)
    model = Sequential([Input((4,)), inner, layers.Dropout(0.5), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, X[:, :1], verbose=0)
    before = model.predict(X)
    other = twin(model)
    np.testing.assert_array_equal(other.predict(X), before)
    assert not {id(w) for w in other.weights} & {id(w) for w in model.weights}
    assert all(w in _variables for w in other.weights)
    one, two = (m.fit(X, X[:, :1], verbose=0).history for m in (model, other))
    assert one == two
    assert other.get_layer(index=1).output.node is other.plan_nodes[2]


def test_a_call_that_fails_leaves_the_shape_that_the_model_was_built_for():
    class Twice(Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = layers.Dense(2)

        def call(self, inputs):
            return self.inner(inputs)

    model = Twice()
    model(np.ones((1, 4)))
    with pytest.raises(ValueError):
        model(Input((5,)))
    assert model.build_shape == (None, 4)
