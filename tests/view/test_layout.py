"""Laws of the drawing: they hold for every graph, so they are tried on random ones."""

import os
import subprocess
import sys
import time
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigraph.view import layout as module
from minigraph.view.layout import crossings, layout

sizes_of_boxes = st.tuples(st.integers(40, 260), st.integers(20, 120))


@st.composite
def graphs(draw, nested=True):
    """Sizes of boxes, edges that point from earlier boxes to later ones, parallel ones too, and
    for each box the number of the box around it."""
    count = draw(st.integers(1, 22))
    sizes = draw(st.lists(sizes_of_boxes, min_size=count, max_size=count))
    parents, around = [], []
    for box in range(count):
        if nested:
            del around[draw(st.integers(0, len(around))) :]
        parents.append(around[-1] if around else None)
        if nested and draw(st.booleans()):
            around.append(box)
    leaves = [box for box in range(count) if box not in parents]
    if len(leaves) == 1:
        return sizes, [], parents
    ends = st.lists(st.sampled_from(leaves), min_size=2, max_size=2, unique=True).map(sorted)
    edges = [tuple(pair) for pair in draw(st.lists(ends, max_size=40))]
    return sizes, edges, parents


def draw_graph(graph, rankdir):
    sizes, edges, parents = graph
    return layout(sizes, edges, rankdir, None, parents)


def holders(box, parents):
    """The boxes around a box."""
    found = set()
    while parents[box] is not None:
        box = parents[box]
        found.add(box)
    return found


directions = st.sampled_from(["TB", "LR"])


def points(path, upright):
    """Points along a path, close together, with x and y exchanged if arrows point right."""
    found, here = [], None
    for letter, *numbers in path:
        corners = list(zip(numbers[::2], numbers[1::2], strict=True))
        if letter == "C":
            a, b, c, d = here, *corners
            for i in range(1, 21):
                t, s = i / 20, 1 - i / 20
                weights = (s**3, 3 * s * s * t, 3 * s * t * t, t**3)
                found.append(
                    tuple(
                        sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True))
                        for axis in (0, 1)
                    )
                )
        else:
            start = here or corners[-1]
            end = corners[-1]
            found += [
                tuple(start[axis] + (end[axis] - start[axis]) * i / 20 for axis in (0, 1))
                for i in range(21)
            ]
        here = corners[-1]
    return found if upright else [(y, x) for x, y in found]


def turned(drawing):
    """The boxes as if arrows pointed down."""
    if drawing.rankdir == "TB":
        return drawing.boxes
    return [(y, x, h, w) for x, y, w, h in drawing.boxes]


@given(graphs(), directions)
def test_boxes_keep_their_size_and_never_touch(graph, rankdir):
    sizes, _, parents = graph
    drawing = draw_graph(graph, rankdir)
    for i, (x, y, w, h) in enumerate(drawing.boxes):
        assert x >= 0 and y >= 0 and x + w <= drawing.width and y + h <= drawing.height
        if i in parents:
            assert w >= sizes[i][0] and h >= sizes[i][1]
        else:
            assert (w, h) == sizes[i]
        if parents[i] is not None:
            left, top, width, height = drawing.boxes[parents[i]]
            heading = sizes[parents[i]][1]
            assert x >= left + module.PADDING and x + w <= left + width - module.PADDING
            assert y >= top + heading + module.PADDING
            assert y + h <= top + height - module.PADDING
    for (i, a), (j, b) in combinations(enumerate(drawing.boxes), 2):
        if i not in holders(j, parents):
            (ax, ay, aw, ah), (bx, by, bw, bh) = a, b
            apart = max(bx - (ax + aw), ax - (bx + bw), by - (ay + ah), ay - (by + bh))
            assert apart >= module.ARROW_GAP


def check_paths(drawing, graph):
    """Each path leads forward from its source to its target and through no other box. It leaves a
    box that holds its source at the end, and enters one that holds its target at the front."""
    sizes, edges, parents = graph
    boxes, upright = turned(drawing), drawing.rankdir == "TB"
    width = drawing.width if upright else drawing.height
    assert len(drawing.paths) == len(edges)
    for (source, target), path in zip(edges, drawing.paths, strict=True):
        out, into = holders(source, parents), holders(target, parents)
        way = points(path, upright)
        (x, y), (end_x, end_y) = way[0], way[-1]
        sx, sy, sw, sh = boxes[source]
        tx, ty, tw, _ = boxes[target]
        assert sx <= x <= sx + sw and y == sy + sh
        assert tx <= end_x <= tx + tw and end_y == ty
        assert end_y - y >= min(module.LAYER_GAP.values()) - 1
        assert all(later[1] >= earlier[1] - 1e-9 for earlier, later in pairwise(way))
        assert all(0 <= px <= width for px, _ in way)
        for box, (bx, by, bw, bh) in enumerate(boxes):
            inside = [(px, py) for px, py in way if by + 1 < py < by + bh - 1]
            if box in out or box in into:
                assert all(bx < px < bx + bw for px, _ in inside)
                if not upright:  # the heading is above the arrows
                    assert all(px > bx + sizes[box][1] for px, _ in inside)
            else:
                assert not any(bx + 1 < px < bx + bw - 1 for px, _ in inside)


@given(graphs(), directions)
def test_arrows_point_forward_and_go_around_boxes(graph, rankdir):
    check_paths(draw_graph(graph, rankdir), graph)


@given(graphs(), directions)
@settings(max_examples=40)
def test_arrows_without_room_for_pieces_go_along_the_side(graph, rankdir):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECES_FIXED", 0)
        patch.setattr(module, "PIECES_PER_BOX", 0)
        drawing = draw_graph(graph, rankdir)
    check_paths(drawing, graph)


@given(graphs(nested=False), directions)
@settings(max_examples=40)
def test_what_stands_inside_is_drawn_as_it_is_alone(graph, rankdir):
    """Opening one model leaves the inside of all others as it was."""
    sizes, edges, _ = graph
    alone = layout(sizes, edges, rankdir)
    shifted = [(a + 1, b + 1) for a, b in edges]
    held = layout([(40, 20), *sizes], shifted, rankdir, None, [None, *[0] * len(sizes)])
    x, y = (held.boxes[1][axis] - alone.boxes[0][axis] for axis in (0, 1))
    assert held.boxes[1:] == [(a + x, b + y, w, h) for a, b, w, h in alone.boxes]
    assert held.layers[1:] == alone.layers


@given(graphs(), directions)
@settings(max_examples=40)
def test_the_same_graph_gives_the_same_drawing(graph, rankdir):
    assert draw_graph(graph, rankdir) == draw_graph(graph, rankdir)


def test_the_drawing_does_not_depend_on_the_order_of_hashes():
    program = (
        "from minigraph.view.layout import layout\n"
        "edges = [(i, j) for i in range(30) for j in range(i + 1, 30) if (i * j) % 7 == 3]\n"
        "edges += [(i, j + 5) for i in (28, 29) for j in (28, 29)]\n"
        "parents = [None] * 30 + [None, 30, 30, 32, 32]\n"
        "edges = [(i, j) for i, j in edges if not {i, j} & {30, 32}]\n"
        "print(layout([(80, 40)] * 35, edges, 'TB', None, parents))"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1] != ""


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), unique=True, max_size=30))
def test_crossings_are_counted_as_by_hand(links):
    below = [[8 + lower for upper, lower in links if upper == i] for i in range(8)] + [[]] * 8
    by_hand = sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(links, 2))
    assert crossings([list(range(8)), list(range(8, 16))], below, {}) == by_hand


def test_a_tree_is_drawn_without_crossings():
    edges = [((child - 1) // 3, child) for child in range(1, 121)]
    shuffled = [(a * 37 % 121, b * 37 % 121) for a, b in edges]
    level = module.divide(shuffled, [0] * 120, [None] * 121)[module.WHOLE]
    sketch = module.Sketch.of(level, {}, [(50, 20)] * 121)
    pieces = module.split_long_edges(sketch, module.longest_paths(121, shuffled))
    rows = module.order(pieces)
    assert crossings(rows, module.neighbours(pieces)[1], {}) == 0


def test_a_chain_is_straight_and_a_skip_connection_passes_at_its_side():
    drawing = layout([(100, 40)] * 4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    centres = {x + w / 2 for x, _, w, _ in drawing.boxes[1:3]}
    assert len(centres) == 1
    side = [x for x, _ in points(drawing.paths[3], upright=True)]
    assert max(side) > drawing.boxes[1][0] + 100 or min(side) < drawing.boxes[1][0]


def test_arrows_into_an_open_box_come_straight_and_in_the_order_of_its_doors():
    """Three boxes, written down in the wrong order, feed three boxes inside a fourth."""
    edges = [(2, 4), (1, 5), (0, 6), (4, 7), (5, 7), (6, 7), (4, 8), (5, 8), (8, 9), (7, 9)]
    drawing = layout([(80, 40)] * 10, edges, "TB", None, [None] * 4 + [3] * 6)
    outside = sorted(range(3), key=lambda box: drawing.boxes[box])
    inside = sorted(range(4, 7), key=lambda box: drawing.boxes[box])
    assert [6 - box for box in outside] == inside
    assert not [letter for path in drawing.paths[:3] for letter, *_ in path if letter == "C"]


def test_an_arrow_into_an_open_box_is_straight_where_it_can_be():
    drawing = layout([(80, 40)] * 5, [(0, 2), (2, 3), (3, 4)], "TB", None, [None, None, 1, 1, None])
    assert not [letter for path in drawing.paths for letter, *_ in path if letter == "C"]


def test_an_input_stands_beside_the_place_where_it_is_used():
    edges = [(i, i + 1) for i in range(6)] + [(7, 6)]
    assert layout([(80, 30)] * 8, edges).layers[7] == 5


@pytest.mark.parametrize("shape", ["chain", "residual", "random", "long skips", "nested"])
def test_a_thousand_boxes_take_less_than_two_seconds(shape):
    count = 1000
    edges = [(i, i + 1) for i in range(count - 1)]
    if shape == "residual":
        edges += [(i, i + 4) for i in range(0, count - 4, 4)]
    if shape == "random":
        edges = [(i * i * 31 % i, i) for i in range(1, count)]
        edges += [(i * 7919 % i, i) for i in range(2, count, 2)]
    if shape == "long skips":
        edges += [(i, i + (i * 7919) % (count - i)) for i in range(0, count - 2, 2)]
        edges = [(a, b) for a, b in edges if a != b]
    parents = [None] * count
    if shape == "nested":  # boxes of ten inside boxes of twenty
        parents = [None if i % 20 == 0 else i - i % 20 + (i % 20 > 10) * 10 for i in range(count)]
        leaves = [i for i in range(count) if i % 10]
        edges = [*pairwise(leaves), *zip(leaves, leaves[3:], strict=False)]
    start = time.process_time()
    drawing = layout([(120, 60)] * count, edges, "TB", None, parents)
    assert time.process_time() - start < 2.0
    assert len(drawing.boxes) == count


def test_no_box_gives_an_empty_drawing():
    drawing = layout([], [])
    assert drawing.boxes == [] and drawing.width > 0


def test_a_cycle_is_refused():
    with pytest.raises(ValueError, match="cycle"):
        layout([(10, 10)] * 3, [(0, 1), (1, 2), (2, 1)])


def test_an_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="rankdir.*TB.*BT"):
        layout([(10, 10)], [], "BT")
