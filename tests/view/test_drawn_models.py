"""Laws of pictures: they hold for random models, any of whose nested models may be open."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_models import models

from minigraph.view.describe import describe
from minigraph.view.svg import STYLES, Card, Line, compose, marks, picture_svg
from minigraph.view.text import text_width

STEADY = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
pytestmark = pytest.mark.filterwarnings("ignore:model .* no output needs the Input")


@st.composite
def opened_models(draw):
    """A random model, and the paths of some of the models inside it."""
    model = draw(models())
    paths = [box.path for box in describe(model, True).boxes if box.kind == "model"]
    return model, draw(st.sets(st.sampled_from(paths))) if paths else set()


def edges_by_level(graph):
    """{an opened box or None: how often the boxes directly inside it feed each other}"""
    found = {}
    for source, target in graph.pairs:
        ends = []
        for end in (source, target):
            way = [end]
            while way[-1] is not None:
                way.append(graph.boxes[way[-1]].parent)
            ends.append(way[::-1])
        level, source, target = next(
            (out[k - 1], out[k], into[k])
            for out, into in [ends]
            for k in range(min(map(len, ends)))
            if out[k] != into[k]
        )
        pair = (graph.boxes[source].path, graph.boxes[target].path)
        found.setdefault(level, Counter())[pair] += 1
    return found


@STEADY
@given(opened_models())
def test_the_edges_at_every_level_are_those_of_the_model_there(case):
    model, opened = case
    graph = describe(model, opened)
    assert describe(model, opened, describe(model, True)) == graph
    levels = edges_by_level(graph)
    rooms = [(None, "", model)]
    rooms += [(i, box.path + "/", graph.nodes[i].layer) for i, box in enumerate(graph.boxes)
              if box.opened]  # fmt: skip
    assert len(graph.boxes) == sum(len(room.plan.nodes) for _, _, room in rooms)
    for index, prefix, room in rooms:
        alone = describe(room)
        names = [prefix + box.path for box in alone.boxes]
        pairs = Counter((names[source], names[target]) for source, target in alone.pairs)
        assert levels.get(index, Counter()) == pairs


@STEADY
@given(opened_models(), st.sampled_from(["TB", "LR"]))
def test_boxes_do_not_overlap_and_text_stays_inside(case, rankdir):
    model, opened = case
    graph = describe(model, opened)
    picture = compose(graph, rankdir)
    boxes = picture.drawing.boxes

    def contains(outer, inner):
        (x, y, width, height), (left, top, w, h) = outer, inner
        return x <= left and y <= top and left + w <= x + width and top + h <= y + height

    for i, j in combinations(range(len(boxes)), 2):
        ancestor = graph.boxes[j].parent
        while ancestor not in (None, i):
            ancestor = graph.boxes[ancestor].parent
        (ax, ay, aw, ah), (bx, by, bw, bh) = boxes[i], boxes[j]
        if ancestor == i:
            assert contains(boxes[i], boxes[j])
        else:
            assert max(bx - (ax + aw), ax - (bx + bw), by - (ay + ah), ay - (by + bh)) > 0
    for box, lines, rect in zip(graph.boxes, picture.captions, boxes, strict=True):
        found = marks(box, lines, rect)
        cards = [mark.rect for mark in found if isinstance(mark, Card)]
        for line in (mark for mark in found if isinstance(mark, Line)):
            size, _, bold, mono = STYLES[line.style]
            width = text_width(line.text, size, bold, mono)
            left = line.x if line.anchor == "start" else line.x - width / 2
            inside = (left, line.y - 0.8 * size, width, size)
            assert any(contains(card, inside) for card in cards)
            assert line.style == "badge" or contains(rect, inside)


@STEADY
@given(opened_models(), st.sampled_from(["TB", "LR"]))
def test_the_same_model_gives_the_same_bytes(case, rankdir):
    model, opened = case
    first, second = (picture_svg(compose(describe(model, opened), rankdir)) for _ in range(2))
    assert first == second
