"""What one widget adds to a page has a limit, whatever it shows; and what is left out is said."""

import json
import re
from collections import Counter
from dataclasses import replace

import html5lib
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_models import models
from test_explore import unpacked
from test_guide import perceptron, residual_model, squeeze, ticket_model, unfold

from minigraph import Input, Model, Tape, Tensor, applications, layers, losses, ops
from minigraph.core import tree
from minigraph.view.abridge import NOT_SHOWN, abridge
from minigraph.view.describe import describe
from minigraph.view.explore import DETAILS, explore, graph_page
from minigraph.view.svg import compose
from minigraph.view.trace import trace
from minigraph.view.widget import MOST_BYTES

RANDOM = np.random.default_rng(0)


def stored(widget):
    """The data in a page, where Python does not run."""
    host = html5lib.parseFragment(widget.html, namespaceHTMLElements=False)[0]
    return unpacked(json.loads(host[1].text))


def random(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def mean_loss(y_true, y_pred):
    """A loss over any number of outputs."""
    pairs = zip(tree.flatten(y_true), tree.flatten(y_pred), strict=True)
    return sum(ops.mean(losses.mean_squared_error(true, guess)) for true, guess in pairs)


def autoencoder():
    image, code = Input((28, 28, 1), name="image"), Input((16,), name="code")
    encoder = Model(image, squeeze(image), name="encoder")
    decoder = Model(code, unfold(code), name="decoder")
    photo = Input((28, 28, 1), name="photo")
    return Model(photo, decoder(encoder(photo)), name="autoencoder")


def chain(count, name="dense"):
    x = start = Input((8,), name="x")
    for number in range(count):
        x = layers.Dense(8, activation="relu", name=f"{number}{name}"[:128])(x)
    return Model(start, x, name="chain")


def residual_chain(blocks):
    x = start = Input((8,), name="x")
    for _ in range(blocks):
        x = layers.Add()([x, layers.Dense(8)(layers.Dense(8, activation="relu")(x))])
    return Model(start, x, name="residual_chain")


def fan(count):
    """Many layers that read one tensor and are added up."""
    x = Input((4,), name="x")
    return Model(x, layers.Add(name="sum")([layers.Dense(4)(x) for _ in range(count)]), name="fan")


def many_inputs(count):
    inputs = [Input((4,)) for _ in range(count)]
    return Model(inputs, layers.Concatenate(name="all")(inputs), name="many_inputs")


def many_outputs(count):
    x = start = Input((4,), name="x")
    outputs = []
    for _ in range(count):
        x = layers.Dense(4)(x)
        outputs.append(x)
    return Model(start, outputs, name="many_outputs")


def towers(count, height):
    """Nested models in a chain, each a chain of layers itself."""
    x = start = Input((8,), name="x")
    for number in range(count):
        h = inside = Input((8,))
        for _ in range(height):
            h = layers.Dense(8)(h)
        x = Model(inside, h, name=f"tower{number}")(x)
    return Model(start, x, name="towers")


def ticket_data():
    words = [RANDOM.integers(0, 10000, (4, length)) for length in (10, 40)]
    return [*words, random(4, 12)], [random(4, 1), random(4, 4)]


CASES = {
    "perceptron": (perceptron, random(8, 784), random(8, 10)),
    "autoencoder": (autoencoder, random(4, 28, 28, 1), random(4, 28, 28, 1)),
    "tickets": (ticket_model, *ticket_data()),
    "residual network": (residual_model, random(4, 32, 32, 3), random(4, 10)),
    "VGG19": (
        lambda: applications.VGG19(include_top=False, input_shape=(32, 32, 3)),
        random(2, 32, 32, 3), random(2, 1, 1, 512),
    ),
    "200 layers": (lambda: chain(200), random(4, 8), random(4, 8)),
    "1000 layers": (lambda: chain(1000), random(4, 8), random(4, 8)),
    "300 long names": (lambda: chain(300, "🦊" * 128), random(4, 8), random(4, 8)),
    "300 residual nodes": (lambda: residual_chain(100), random(4, 8), random(4, 8)),
    "fan of 1000": (lambda: fan(1000), random(4, 4), random(4, 4)),
    "1000 inputs": (lambda: many_inputs(1000), [random(4, 4)] * 1000, random(4, 4000)),
    "1000 outputs": (lambda: many_outputs(1000), random(4, 4), [random(4, 4)] * 1000),
    "100 nested models": (lambda: towers(100, 2), random(4, 8), random(4, 8)),
    "1000 nested layers": (lambda: towers(4, 250), random(4, 8), random(4, 8)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_no_widget_adds_more_than_the_limit(name):
    make, x, y = CASES[name]
    model = make()
    for widget in (explore(model), explore(model, x), explore(model, x, y, mean_loss)):
        assert len(widget.html.encode()) <= MOST_BYTES
        assert len(stored(widget)["boxes"]) >= min(9, len(describe(model).boxes))
        assert len(widget.data["boxes"]) == len(describe(model, True).boxes)  # where it does run
        for data in (stored(widget), widget.data):  # whatever can be found can be shown
            shown = {i for drawing in data["drawings"].values() for i, *_ in drawing["boxes"]}
            assert shown == set(range(len(data["boxes"])))


def test_all_of_a_large_network_fits():
    """VGG19 with its three dense layers: all boxes, all lines of text."""
    widget = explore(applications.VGG19(weights=None))
    assert len(widget.html.encode()) <= MOST_BYTES / 2
    data = stored(widget)
    assert len(data["boxes"]) == 26 and "To keep" not in data["caption"]


def test_the_caption_says_what_was_left_out():
    def said(model, *data):
        return stored(explore(model, *data))["caption"]

    assert said(chain(10)) == "Model chain."
    assert re.fullmatch(
        r"Model chain\. To keep the page small, weights have no pictures, the still picture has "
        r"names only and \d+ of 1,001 nodes are drawn as one box\. model\.summary\(\) lists all "
        r"nodes\.",
        said(chain(1000)),
    )
    assert "nor have values and gradients" in said(chain(1000), random(4, 8))
    assert "4 nested models stay closed" in said(towers(4, 250))


def test_the_box_for_the_rest():
    model = chain(1000)
    widget = explore(model)
    data = stored(widget)
    boxes = [data["usual"] | box for box in data["boxes"]]
    [rest] = [box for box in boxes if box["type"] == "left out"]
    count = 1001 - len(boxes) + 1
    assert rest["name"] == f"… {count} nodes" and rest["parameters"] == 72 * count
    assert data["title"] == f"chain ({len(boxes) - 1} of 1,001 nodes)"
    assert sum(box["parameters"] for box in boxes) == model.count_params()
    table = html5lib.parseFragment(widget.html, namespaceHTMLElements=False).iter("tr")
    assert [row[0].text for row in table][1:] == [box["path"] for box in boxes]
    assert widget.data["title"] == "chain"
    widget.selected = "500dense"  # where Python runs nothing is left out


def crossing(graph, outside, inside):
    """The tensors that lead from some boxes to others, each once, as (box, output)."""
    return list(dict.fromkeys(
        (edge.source, edge.output)
        for edge in graph.edges
        if edge.source in outside and edge.target in inside
    ))  # fmt: skip


def test_what_the_rest_hands_on_and_back_is_what_the_library_computes():
    """The box for the rest is compared with a model of the layers that it stands for."""
    model, x, y = residual_chain(8), random(4, 8), random(4, 8)
    recording = trace(model, x, y, mean_loss)
    graph, compared = recording.graph, 0
    for most in range(3, len(graph.boxes)):
        detail = replace(DETAILS[0], boxes=most)
        small = abridge(graph, most)
        hidden = range(small.rest, small.rest + len(graph.boxes) - most + 1)
        before, after = range(hidden.start), range(hidden.stop, len(graph.boxes))
        data = graph_page(model, graph, recording, detail=detail).data
        rest = data["usual"] | data["boxes"][small.rest]
        assert rest["value"][0]["norm"] != NOT_SHOWN

        def tensors(outputs):
            symbols = [graph.nodes[box].outputs[output] for box, output in outputs]
            return symbols, [recording.values[box][output].numpy() for box, output in outputs]

        both = range(hidden.stop)
        symbols, values = tensors(crossing(graph, both, after))
        with Tape() as tape:
            given = [Tensor(value, tracked=True) for value in values]
            loss = mean_loss(y, Model(symbols, model.outputs)(given))
        late = dict(zip(symbols, tape.gradient(loss, given), strict=True))
        leaving, values = tensors(crossing(graph, hidden, after))
        assert [array["norm"] for array in rest["value"]] == [norm(value) for value in values]
        assert [a["norm"] for a in rest["gradient"]] == [norm(late[s].numpy()) for s in leaving]

        entering, values = tensors(crossing(graph, before, hidden))
        with Tape() as tape:
            given = [Tensor(value, tracked=True) for value in values]
            made = Model(entering, leaving)(given)
            total = sum(
                ops.sum(tensor * late[symbol].numpy())
                for tensor, symbol in zip(made, leaving, strict=True)
            )
        back = tape.gradient(total, given)
        shown = [edge["term"]["norm"] for edge in data["edges"] if edge["target"] == small.rest]
        assert shown == [norm(gradient.numpy()) for gradient in back]
        compared += len(shown)
    assert compared > 30


def norm(array):
    return f"{np.linalg.norm(array.astype('f8')):.3g}"


STEADY = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@pytest.mark.filterwarnings("ignore:model .* no output needs the Input")
@STEADY
@given(models(), st.data())
def test_laws_of_a_graph_in_which_one_box_stands_for_many(model, data):
    graph = describe(model)
    assume(len(graph.boxes) > 3)
    most = data.draw(st.integers(3, len(graph.boxes) - 1))
    small = abridge(graph, most)
    kept = [box for i, box in enumerate(small.graph.boxes) if i != small.rest]
    assert len(small.graph.boxes) == most and set(kept) <= set(graph.boxes)
    index = {box: i for i, box in enumerate(graph.boxes)}
    for edge, members in zip(small.graph.edges, small.bundles, strict=True):
        assert edge.source < edge.target
        for member in members:
            for end in ("source", "target"):
                box = small.graph.boxes[getattr(edge, end)]
                assert box.kind == "rest" or index[box] == getattr(member, end)
    hidden = set(range(len(graph.boxes))) - {index[box] for box in kept}
    shown = Counter(edge for members in small.bundles for edge in members)
    assert shown == Counter(e for e in graph.edges if not {e.source, e.target} <= hidden)
    into = Counter((edge.target, edge.argument) for edge in small.graph.edges)
    assert not into or max(into.values()) == 1
    ends, all_ends = ({g.boxes[i] for i in g.outputs} for g in (small.graph, graph))
    assert ends - {small.graph.boxes[small.rest]} == all_ends & set(kept)
    compose(small.graph)
