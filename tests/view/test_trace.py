"""The recorded pass shows the numbers that the library computes."""

import numpy as np
import pytest

from minigraph import Input, Tape, Tensor, layers, losses, ops
from minigraph.models import Model
from minigraph.view.trace import first_grid, number_text, small_picture, trace

# Shown numbers are rounded to three digits, so they may be off by half a unit of the third.
TOLERANCE = 6e-3


def norm(tensor):
    return float(np.sqrt((tensor.numpy().astype("float64") ** 2).sum()))


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
    for (_, mine), theirs in zip(recording.weights, weights, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-7)


def test_shown_norms_are_those_of_the_tape(plain, batch, branched_loss):
    x, y = batch
    steps = trace(plain, x, y, branched_loss).steps
    _, values, gradients, weights = independent(plain, x, y, branched_loss)
    expected = {"forward": values, "backward": gradients}
    seen = 0
    for step in steps:
        if step["phase"] == "loss":
            continue
        tensors = expected[step["phase"]][step["box"]]
        for array, tensor in zip(step["arrays"], tensors, strict=True):
            assert float(array["norm"]) == pytest.approx(norm(tensor), rel=TOLERANCE)
            assert array["shape"] == str(tensor.shape)
            seen += 1
    assert seen == 2 * len(plain.plan_nodes)
    norms = {id(w): norm(g) for w, g in zip(plain.trainable_weights, weights, strict=True)}
    shown = [(step["box"], step["weights"]) for step in steps if step["weights"]]
    assert len(shown) == 4  # the shared layer once
    for box, parts in shown:
        layer = plain.plan_nodes[box].layer
        for part, weight in zip(parts, layer.trainable_weights, strict=True):
            assert part["name"] == weight.name
            assert float(part["norm"]) == pytest.approx(norms[id(weight)], rel=TOLERANCE)


def test_where_gradients_meet_the_terms_add_up(branched, batch, branched_loss):
    x, y = batch
    recording = trace(branched, x, y, branched_loss)
    graph = recording.graph
    met = 0
    for i in range(len(graph.boxes)):
        terms = [recording.terms[k] for k, edge in enumerate(graph.edges) if edge.source == i]
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
    first, second = (term.numpy() for term in recording.terms)
    np.testing.assert_allclose(first, second)
    np.testing.assert_allclose(recording.gradients[0][0].numpy(), first + second)


def test_steps_run_forward_then_the_loss_then_backward(branched, batch, branched_loss):
    x, y = batch
    steps = trace(branched, x, y, branched_loss).steps
    boxes = list(range(10))
    assert [step["box"] for step in steps] == [*boxes, None, *reversed(boxes)]
    assert [step["phase"] for step in steps] == ["forward"] * 10 + ["loss"] + ["backward"] * 10
    without = trace(branched, x).steps
    assert without == steps[:10]


def test_recording_changes_nothing(branched, batch, branched_loss):
    x, y = batch
    before = branched.get_weights()
    first = trace(branched, x, y, branched_loss).steps
    assert trace(branched, x, y, branched_loss).steps == first
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


def test_a_nested_model_is_one_step_with_all_its_weights(chain):
    x = Input((784,), name="photo")
    outer = Model(x, layers.Dense(1, name="score")(chain(x)), name="outer")
    data = np.random.default_rng(0).normal(size=(3, 784)).astype("float32")
    steps = trace(outer, data, np.ones((3, 1), "float32"), lambda y, p: (p - y) ** 2).steps
    assert [step["box"] for step in steps] == [0, 1, 2, None, 2, 1, 0]
    assert len(steps[5]["weights"]) == 6


def test_a_value_without_gradient_says_so():
    x = Input((3,), dtype="int32", name="words")
    y = layers.Dense(1, name="score")(ops.cast(x, "float32"))
    steps = trace(Model(x, y), [[1, 2, 3]], [[1.0]], lambda y, p: (p - y) ** 2).steps
    assert steps[-1]["arrays"] == [] and "No gradient arrives at ‘words’" in steps[-1]["words"]


def test_small_pictures():
    picture = small_picture(np.array([[0.0, 1.0, -1.0], [0.5, -0.25, 0.01]]))
    assert picture == {
        "rows": 2,
        "columns": 3,
        "scale": "1",
        "cells": "0HhDb0",
        "caption": "Each row is one sample (2), each column one number (3).",
    }
    assert small_picture(np.array([[np.nan, 2.0, np.inf]]))["cells"] == "xHx"
    assert small_picture(np.zeros((2, 2)))["cells"] == "0000"
    assert small_picture(np.zeros((0, 4))) is None
    shapes = {
        (): (1, 1),
        (20,): (1, 16),
        (30, 40): (8, 16),
        (5, 20, 30): (16, 16),
        (5, 9, 7, 3): (9, 7),
    }
    for shape, expected in shapes.items():
        assert first_grid(np.zeros(shape))[0].shape == expected


def test_numbers_have_three_digits():
    assert [number_text(x) for x in (0.0, 3.14159, 12345.6, 1e-9, 100.0)] == [
        "0", "3.14", "1.23e+04", "1e-09", "100",
    ]  # fmt: skip
