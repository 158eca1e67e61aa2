"""The recorded pass shows the numbers that the library computes."""

import numpy as np
import pytest

from minigraph import Input, Tape, Tensor, layers, losses, ops
from minigraph.models import Model
from minigraph.view.trace import number_text, trace


def independent(model, x, y, loss):
    """Values and gradients at every node, by the tape alone, without the code under test."""
    values = {}
    inputs = [Tensor(array) for array in x]
    with Tape() as tape:
        for tensor in inputs:
            tape.watch(tensor)
        outputs = model.run(inputs, training=False, observe=lambda n, out: values.update({n: out}))
        total = loss(y, outputs)
    for symbol, tensor in zip(model.inputs, inputs, strict=True):
        values[symbol.node] = [tensor]
    nodes = model.plan_nodes
    found, weights = tape.gradient(total, [[values[n] for n in nodes], model.trainable_weights])
    return total, [values[n] for n in nodes], found, weights


@pytest.fixture
def plain(branched):
    """`branched` without dropout, whose output in inference may be its very input."""
    left, right = Input((6,), name="left"), Input((6,), name="right")
    shared = layers.Dense(5, activation="tanh", name="shared")
    a, b = shared(left), shared(right)
    mixed = layers.Dense(5, name="mixed")(layers.Concatenate(name="joined")([a, b]))
    total = mixed + a
    first = layers.Dense(3, activation="softmax", name="first")(total)
    second = layers.Dense(1, name="second")(ops.relu(total))
    return Model([left, right], [first, second], name="plain")


def test_values_and_gradients_are_those_of_the_tape(plain, batch, branched_loss):
    x, y = batch
    recording = trace(plain, x, y, branched_loss)
    total, values, gradients, weights = independent(plain, x, y, branched_loss)
    assert recording.loss == total.item() and recording.samples == 7
    for i in range(len(values)):
        for mine, theirs in zip(recording.values[i], values[i], strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-6)
        for mine, theirs in zip(recording.gradients[i], gradients[i], strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-7)
            assert np.abs(theirs.numpy()).max() > 1e-4
    for mine, theirs in zip(recording.weights.values(), weights, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-7)


def test_where_gradients_meet_the_terms_add_up(branched, batch, branched_loss):
    x, y = batch
    recording = trace(branched, x, y, branched_loss)
    graph = recording.graph
    met = 0
    for i in range(len(graph.boxes)):
        uses = [(edge.target, edge.argument) for edge in graph.edges if edge.source == i]
        terms = [recording.terms[use] for use in uses]
        ends = zip(graph.outputs, recording.loss_terms, strict=True)
        terms += [term for box, term in ends if box == i]
        met += len(terms) > 1
        (arrived,) = recording.gradients[i]
        total = sum(term.numpy() for term in terms)
        np.testing.assert_allclose(arrived.numpy(), total, rtol=1e-5, atol=1e-8)
    assert met == 2  # the residual connection, and the two heads


def test_a_tensor_used_twice_by_one_call_sends_two_terms():
    x = Input((4,), name="x")
    model = Model(x, layers.Add()([x, x]))
    data = np.ones((2, 4), "float32")
    recording = trace(model, data, data, loss=lambda y, p: (p - y) ** 2)
    first, second = (recording.terms[1, argument].numpy() for argument in (0, 1))
    np.testing.assert_allclose(first, second)
    np.testing.assert_allclose(recording.gradients[0][0].numpy(), first + second)


def test_recording_changes_nothing(branched, batch, branched_loss):
    x, y = batch
    before = branched.get_weights()
    first, second = (trace(branched, x, y, branched_loss) for _ in range(2))
    for a, b in zip(first.gradients, second.gradients, strict=True):
        np.testing.assert_array_equal(a[0].numpy(), b[0].numpy())
    for old, new in zip(before, branched.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_callers_arrays_and_tensors_are_left_alone(plain, batch, branched_loss):
    x, y = batch
    tensors = [Tensor(array.copy()) for array in x]
    trace(plain, tensors, y, branched_loss)
    assert not any(tensor.tracked for tensor in tensors)
    np.testing.assert_array_equal(tensors[0].numpy(), x[0])


def test_the_compiled_loss_is_taken(chain):
    data = np.random.default_rng(0).normal(size=(50, 784)).astype("float32")
    labels = np.arange(50) % 10
    with pytest.raises(ValueError, match="mnist_model.*compile"):
        trace(chain, data, labels)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    chain.compile("sgd", loss)
    recording = trace(chain, data, labels)
    assert recording.samples == 32
    expected = loss(labels[:32], chain(data[:32])).item()
    assert recording.loss == pytest.approx(expected, rel=1e-5)


def mean_square(y, p):
    return (p - y) ** 2


def nested_model():
    """A model that is called twice in another one, and takes its two inputs as a dict."""
    a, b = Input((3,), name="a"), Input((4,), name="b")
    hidden = layers.Dense(4, activation="tanh", name="hidden")(a)
    pair = Model({"b": b, "a": a}, layers.Add(name="sum")([hidden, b, hidden]), name="pair")
    x, z = Input((3,), name="x"), Input((4,), name="z")
    first = pair({"a": x, "b": z})
    second = pair({"b": first, "a": x})
    return Model([x, z], layers.Dense(2, name="head")(second), name="outer")


def test_nested_models_are_followed_inside():
    model = nested_model()
    generator = np.random.default_rng(1)
    x = [generator.normal(size=(5, n)).astype("float32") for n in (3, 4)]
    y = generator.normal(size=(5, 2)).astype("float32")
    recording = trace(model, x, y, mean_square)
    graph = recording.graph
    index = {box.path: i for i, box in enumerate(graph.boxes)}
    hidden, kernel = index["pair[0]/hidden"], model.get_layer("pair").get_layer("hidden").kernel
    value = np.tanh(x[0] @ kernel.numpy())
    np.testing.assert_allclose(recording.values[hidden][0].numpy(), value, rtol=1e-5)
    np.testing.assert_allclose(
        recording.values[index["pair[0]"]][0].numpy(), 2 * value + x[1], rtol=1e-5
    )
    np.testing.assert_array_equal(recording.values[index["pair[1]/a"]][0].numpy(), x[0])
    for i, box in enumerate(graph.boxes):
        uses = [(edge.target, edge.argument) for edge in graph.edges if edge.source == i]
        if box.opened or i in graph.outputs:
            continue
        total = sum(recording.terms[use].numpy() for use in uses)
        (arrived,) = recording.gradients[i]
        np.testing.assert_allclose(arrived.numpy(), total, rtol=1e-5, atol=1e-8)
    for i, box in enumerate(graph.boxes):
        if box.opened:  # what arrives at the model arrives at the box inside that makes its output
            (maker,) = (k for k, other in enumerate(graph.boxes) if other.path == f"{box.path}/sum")
            found = [recording.gradients[k][0].numpy() for k in (i, maker)]
            np.testing.assert_allclose(*found, rtol=1e-6)


def test_a_call_with_a_mask_of_its_own_stays_one_step():
    steps = Input((4, 3), name="steps")
    inner = Model(steps, layers.GRU(2, name="gru")(steps), name="inner")
    x = Input((4, 3), name="x")
    keep = Input((4,), dtype="bool", name="keep")
    outer = Model([x, keep], inner(x, mask=keep), name="outer")
    data = np.ones((2, 4, 3), "float32"), np.array([[1, 1, 0, 0], [1, 1, 1, 1]], bool)
    recording = trace(outer, data, np.zeros((2, 2), "float32"), mean_square)
    counts = {
        box.path: len(v) for box, v in zip(recording.graph.boxes, recording.values, strict=True)
    }
    assert counts == {"x": 1, "keep": 1, "inner": 1, "inner/steps": 0, "inner/gru": 0}
    expected = outer(data).numpy()
    np.testing.assert_allclose(recording.values[2][0].numpy(), expected, rtol=1e-6)


def test_a_value_without_gradient_says_so():
    x = Input((3,), dtype="int32", name="words")
    y = layers.Dense(1, name="score")(ops.cast(x, "float32"))
    recording = trace(Model(x, y), [[1, 2, 3]], [[1.0]], mean_square)
    assert recording.gradients[0] == [None]


def test_numbers_have_three_digits():
    assert [number_text(x) for x in (0.0, 3.14159, 12345.6, 1e-9, 100.0)] == [
        "0", "3.14", "1.23e+04", "1e-09", "100",
    ]  # fmt: skip
