"""Laws of the drawing: they hold for every graph, so they are tried on random ones."""

import subprocess
import sys
import time
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigraph.view import layout as module
from minigraph.view.layout import crossings, layout


@st.composite
def graphs(draw):
    """Sizes of boxes, and edges that point from earlier boxes to later ones; parallel ones too."""
    count = draw(st.integers(1, 22))
    sizes = draw(
        st.lists(
            st.tuples(st.integers(40, 260), st.integers(20, 120)), min_size=count, max_size=count
        )
    )
    if count == 1:
        return sizes, []
    ends = st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True).map(sorted)
    edges = [tuple(pair) for pair in draw(st.lists(ends, max_size=40))]
    return sizes, edges


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
    sizes, edges = graph
    drawing = layout(sizes, edges, rankdir)
    assert [(w, h) for _, _, w, h in drawing.boxes] == [tuple(size) for size in sizes]
    for (ax, ay, aw, ah), (bx, by, bw, bh) in combinations(drawing.boxes, 2):
        apart = max(bx - (ax + aw), ax - (bx + bw), by - (ay + ah), ay - (by + bh))
        assert apart >= module.ARROW_GAP
    for x, y, w, h in drawing.boxes:
        assert x >= 0 and y >= 0 and x + w <= drawing.width and y + h <= drawing.height


def check_paths(drawing, edges):
    """Each path leads forward from its source to its target, and through no box."""
    boxes, upright = turned(drawing), drawing.rankdir == "TB"
    width = drawing.width if upright else drawing.height
    assert len(drawing.paths) == len(edges)
    for (source, target), path in zip(edges, drawing.paths, strict=True):
        way = points(path, upright)
        (x, y), (end_x, end_y) = way[0], way[-1]
        sx, sy, sw, sh = boxes[source]
        tx, ty, tw, _ = boxes[target]
        assert sx <= x <= sx + sw and y == sy + sh
        assert tx <= end_x <= tx + tw and end_y == ty
        assert end_y - y >= min(module.LAYER_GAP.values()) - 1
        assert all(
            later[1] >= earlier[1] - 1e-9 for earlier, later in zip(way, way[1:], strict=False)
        )
        for px, py in way:
            assert 0 <= px <= width
            for bx, by, bw, bh in boxes:
                assert not (bx + 1 < px < bx + bw - 1 and by + 1 < py < by + bh - 1)


@given(graphs(), directions)
def test_arrows_point_forward_and_go_around_boxes(graph, rankdir):
    sizes, edges = graph
    check_paths(layout(sizes, edges, rankdir), edges)


@given(graphs(), directions)
@settings(max_examples=40)
def test_arrows_without_room_for_pieces_go_along_the_side(graph, rankdir):
    sizes, edges = graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECES_FIXED", 0)
        patch.setattr(module, "PIECES_PER_BOX", 0)
        drawing = layout(sizes, edges, rankdir)
    check_paths(drawing, edges)


@given(graphs(), directions)
@settings(max_examples=40)
def test_the_same_graph_gives_the_same_drawing(graph, rankdir):
    assert layout(*graph, rankdir) == layout(*graph, rankdir)


def test_the_drawing_does_not_depend_on_the_order_of_hashes():
    program = (
        "from minigraph.view.layout import layout\n"
        "edges = [(i, j) for i in range(30) for j in range(i + 1, 30) if (i * j) % 7 == 3]\n"
        "print(layout([(80, 40)] * 30, edges))"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
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
    assert crossings([list(range(8)), list(range(8, 16))], below) == by_hand


def test_a_tree_is_drawn_without_crossings():
    edges = [((child - 1) // 3, child) for child in range(1, 121)]
    shuffled = [(a * 37 % 121, b * 37 % 121) for a, b in edges]
    pieces = module.cut(module.longest_paths(121, shuffled), shuffled, [0] * 120, [(50, 20)] * 121)
    rows = module.order(pieces)
    assert crossings(rows, module.neighbours(pieces)[1]) == 0


def test_a_chain_is_straight_and_a_skip_connection_passes_at_its_side():
    drawing = layout([(100, 40)] * 4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    centres = {x + w / 2 for x, _, w, _ in drawing.boxes[1:3]}
    assert len(centres) == 1
    side = [x for x, _ in points(drawing.paths[3], upright=True)]
    assert max(side) > drawing.boxes[1][0] + 100 or min(side) < drawing.boxes[1][0]


def test_an_input_stands_beside_the_place_where_it_is_used():
    edges = [(i, i + 1) for i in range(6)] + [(7, 6)]
    assert layout([(80, 30)] * 8, edges).layers[7] == 5


@pytest.mark.parametrize("shape", ["chain", "residual", "random", "long skips"])
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
    start = time.process_time()
    drawing = layout([(120, 60)] * count, edges)
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
