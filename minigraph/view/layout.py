"""Graph layout: where to put the boxes of a graph, and how to route the arrows around them.

The method is the layered drawing of directed graphs (Sugiyama, Tagawa and Toda, 1981), in five
steps: give every box a layer so that all arrows point forward, split long arrows into pieces (dummy
nodes) of one layer each, order each layer so that few arrows cross, choose coordinates so that long
arrows are straight (Brandes and Köpf, 2002), and route each arrow so that it bends only between the
layers, where there are no boxes.

A box may hold boxes: a nested model that is open. What is inside is laid out first, as a separate
drawing, which is then one large box in the drawing around it. An arrow that enters or leaves passes
through a door, a point of the border that both drawings know.

The functions know nothing about models: a box is a width and a height, an arrow is a pair of box
indices. Nothing here is random and nothing is recursive.
"""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, floor, inf
from typing import Any, TypeAlias

Size: TypeAlias = tuple[float, float]  # width, height
Rect: TypeAlias = tuple[float, float, float, float]  # x, y, width, height
Span: TypeAlias = tuple[float, float]  # from, to
Segment: TypeAlias = tuple[float, float, float]  # a vertical line: x, from y, to y
Stroke: TypeAlias = tuple[Any, ...]  # a letter, then coordinates, as in an SVG path
Link: TypeAlias = tuple[int, int]  # two boxes, items or pieces
Item: TypeAlias = Any  # a box, or a door: ("in", edge) or ("out", tensor)

# The free band between two layers, in which arrows bend; wider where text is along the arrows.
LAYER_GAP = {"TB": 50.0, "LR": 64.0}
BOX_GAP = 30.0  # the least distance between two boxes in one layer
ARROW_GAP = 22.0  # the least distance of a long arrow from whatever is beside it
PORT_GAP = 22.0  # how far apart several arrows arrive at one box or leave it
MARGIN = 20.0
PADDING = 16.0  # between the border of an open box and what is inside
DOOR_GAP = 30.0  # between a border with doors and the layer of boxes next to it

# A graph with very many long arrows would need more pieces than can be laid out in two seconds.
# The arrows that exceed this budget are routed along the side of the drawing instead.
PIECES_FIXED, PIECES_PER_BOX = 2000, 3
ORDERING_WORK = 60_000  # how many visits to pieces may be spent on removing crossings


@dataclass
class Drawing:
    """Boxes with positions and arrows with paths, in pixels, with the origin at the top left.

    `boxes[i]` is (x, y, width, height), with (x, y) the top left corner. `paths[k]` is a list of
    strokes: ("M", x, y) first, then ("L", x, y) lines and ("C", x1, y1, x2, y2, x, y) Bézier
    curves. `layers[i]` counts from 0 along the arrows, separately in each box that holds others.
    """

    width: float
    height: float
    boxes: list[Rect] = field(default_factory=list)
    paths: list[list[Stroke]] = field(default_factory=list)
    layers: list[int] = field(default_factory=list)
    rankdir: str = "TB"


def layout(
    sizes: Sequence[Size],
    edges: Sequence[Link],
    rankdir: str = "TB",
    outlets: list[int] | None = None,
    parents: list[int | None] | None = None,
) -> Drawing:
    """Position boxes of the given sizes and route the edges between them.

    `sizes` is a list of (width, height), `edges` a list of (source, target) with box indices;
    parallel edges are allowed. `rankdir` is "TB" (arrows point down) or "LR" (to the right).
    `outlets[k]`, if given, says which of its source's outputs edge k carries. `parents[i]`, if
    given, is the index of the box that holds box i, smaller than i, or None. No edge ends at a box
    that holds others; the size given for it is that of its heading.
    Returns a `Drawing`. Raises ValueError for an unknown direction or a cycle.
    """
    if rankdir not in ("TB", "LR"):
        raise ValueError(
            f'rankdir must be "TB" (top to bottom) or "LR" (left to right), got {rankdir!r}'
        )
    if not sizes:
        return Drawing(2 * MARGIN, 2 * MARGIN, rankdir=rankdir)
    # The method below draws downwards. A drawing to the right is the same one, mirrored.
    upright = [(w, h) if rankdir == "TB" else (h, w) for w, h in sizes]
    levels = divide(edges, outlets or [0] * len(edges), parents or [None] * len(sizes))
    for holder in sorted(levels, reverse=True):  # what is inside comes before what is around it
        heading = None if holder == WHOLE else upright[holder]
        border = Border.around(heading, rankdir)
        arrange(levels[holder], levels, upright, border, LAYER_GAP[rankdir])
        if heading is not None:
            upright[holder] = levels[holder].size
    drawing = assemble(levels, upright, len(edges))
    return drawing if rankdir == "TB" else mirrored(drawing)


# ---------------------------------------------------------------------------------------------
# Levels: the drawing itself, and each box that holds others

WHOLE = -1  # stands for the drawing itself where the index of a box could be


@dataclass
class Level:
    """What is directly inside one box, or the drawing, and the part of each edge there.

    `legs[k]` is (start, end) of edge k: each is a box, or a door where the edge enters or leaves.
    `tensors[k]` is what it carries, as (box, output). The other fields are set by `arrange`, and
    measured from the corner of this level: its `size`, `positions[box]` as (x, y, layer), `doors`,
    the position of each along the border, and `routes[k]`, the vertical segments (x, from y, to y)
    of a leg.
    """

    boxes: list[int] = field(default_factory=list)
    legs: dict[int, tuple[Item, Item]] = field(default_factory=dict)
    tensors: dict[int, tuple[int, int]] = field(default_factory=dict)
    size: Size = (0.0, 0.0)
    positions: dict[int, tuple[float, float, int]] = field(default_factory=dict)
    doors: dict[Item, float] = field(default_factory=dict)
    routes: dict[int, list[Segment]] = field(default_factory=dict)


def divide(
    edges: Sequence[Link], outlets: Sequence[int], parents: Sequence[int | None]
) -> dict[int, Level]:
    """The levels, by the box that holds them: every edge is split where it enters or leaves a box.

    Each edge enters through a separate door, ("in", edge); edges that carry the same tensor leave
    together, through ("out", tensor).
    """
    levels = {WHOLE: Level()}
    for box, parent in enumerate(parents):
        levels.setdefault(WHOLE if parent is None else parent, Level()).boxes.append(box)
    for k, (source, target) in enumerate(edges):
        tensor = (source, outlets[k])
        out, into = ancestors(source, parents), ancestors(target, parents)
        while len(out) > 2 and len(into) > 2 and out[-2] == into[-2]:
            out.pop()
            into.pop()
        legs = [(out[-1], out[-2], into[-2])]
        legs += [(outer, inner, ("out", tensor)) for inner, outer in pairwise(out[:-1])]
        legs += [(outer, ("in", k), inner) for inner, outer in pairwise(into[:-1])]
        for holder, start, end in legs:
            levels[holder].legs[k], levels[holder].tensors[k] = (start, end), tensor
    return levels


def ancestors(box: int, parents: Sequence[int | None]) -> list[int]:
    """A box, the box that holds it, and so on up to the whole drawing."""
    found = [box]
    while (parent := parents[found[-1]]) is not None:
        found.append(parent)
    return [*found, WHOLE]


@dataclass(frozen=True)
class Border:
    """The distances from the top, the left and all sides to what is inside; the least size."""

    top: float = 0.0
    left: float = 0.0
    padding: float = MARGIN
    width: float = 0.0
    height: float = 0.0

    @classmethod
    def around(cls, heading: Size | None, rankdir: str) -> "Border":
        """The border of a box with a heading of that (upright) size, or of the whole drawing.

        In a drawing to the right the heading is above the arrows, which means to their left before
        the drawing is mirrored.
        """
        if heading is None:
            return cls()
        if rankdir == "TB":
            return cls(top=heading[1], padding=PADDING, width=heading[0])
        return cls(left=heading[0], padding=PADDING, height=heading[1])


def arrange(
    level: Level, levels: dict[int, Level], sizes: Sequence[Size], border: Border, layer_gap: float
) -> None:
    """Lay out one level. The levels inside it are laid out already and have their `sizes`."""
    sketch = Sketch.of(level, levels, sizes)
    pieces = split_long_edges(sketch, layers_of(sketch))
    rows = order(pieces)
    x = straightened(pieces, rows, coordinates(pieces, rows))
    x, columns, width = horizontal_positions(sketch, pieces, x, border)
    spans, height = vertical_spans(sketch, pieces, border, layer_gap)
    level.size = (float(ceil(width)), rounded(height))  # half the width is a multiple of 0.5 too
    depths = []  # where edges arrive at each item, and where they leave it
    for i, item in enumerate(sketch.items):
        top, bottom = spans[pieces.layer[i]]
        if is_door(item):
            level.doors[item] = x[i]
            depths.append((top, top))
        else:
            (w, h), y = sizes[item], rounded((top + bottom - sizes[item][1]) / 2)
            level.positions[item] = (x[i] - w / 2, y, pieces.layer[i] - bool(sketch.entries))
            depths.append((y, y + h))
    found = route_edges(sketch, pieces, x, columns, spans, depths)
    level.routes = dict(zip(level.legs, found, strict=True))


@dataclass
class Sketch:
    """A level as a plain graph. Its items are its boxes, then the doors above, then those below.

    `edges` are pairs of indices of items, and `tensors[k]` is what edge k carries. `touch[k]` says
    how far from the middle of each of its two ends edge k touches it; None if that is not decided
    yet.
    """

    items: list[Item]
    boxes: int
    entries: int
    sizes: list[Size]
    edges: list[Link]
    tensors: list[tuple[int, int]]
    touch: list[tuple[float, float | None]]

    @classmethod
    def of(cls, level: Level, levels: dict[int, Level], sizes: Sequence[Size]) -> "Sketch":
        """The sketch of a level, whose inner levels have their `sizes`."""
        doors = dict.fromkeys(end for leg in level.legs.values() for end in leg if is_door(end))
        entries = [door for door in doors if door[0] == "in"]
        items = [*level.boxes, *entries, *(door for door in doors if door[0] == "out")]
        number = {item: i for i, item in enumerate(items)}
        leaving = {}
        for (start, _), tensor in zip(level.legs.values(), level.tensors.values(), strict=True):
            leaving.setdefault(start, set()).add(tensor)

        def touch(item: Item, door: Item) -> Any:
            """The edges of one tensor leave a box together. They arrive at separate points, unless
            a door decides where."""
            if item in levels:
                return levels[item].doors[door] - sizes[item][0] / 2
            if door[0] == "in":
                return None
            if is_door(item):
                return 0.0
            tensors = sorted(leaving[item])
            return spread(sizes[item][0], len(tensors))[tensors.index(door[1])]

        return cls(
            items,
            len(level.boxes),
            len(entries),
            [(0.0, 0.0) if is_door(item) else sizes[item] for item in items],
            [(number[start], number[end]) for start, end in level.legs.values()],
            list(level.tensors.values()),
            [
                (touch(start, ("out", level.tensors[k])), touch(end, ("in", k)))
                for k, (start, end) in level.legs.items()
            ],
        )


def is_door(item: Any) -> bool:
    return isinstance(item, tuple)


# ---------------------------------------------------------------------------------------------
# Layers


def layers_of(sketch: Sketch) -> list[int]:
    """The layer of each item: doors have the first and the last layer to themselves."""
    inner = [edge for edge in sketch.edges if max(edge) < sketch.boxes]
    layers = tighten(longest_paths(sketch.boxes, inner), inner)
    first = int(sketch.entries > 0)
    exits = len(sketch.items) - sketch.boxes - sketch.entries
    last = first + max(layers) + 1
    return [*(layer + first for layer in layers), *[0] * sketch.entries, *[last] * exits]


def longest_paths(count: int, edges: Sequence[Link]) -> list[int]:
    """The layer of each box: the length of the longest path that ends there.

    Raises ValueError if the edges form a cycle.
    """
    successors, waiting = [[] for _ in range(count)], [0] * count
    for source, target in edges:
        successors[source].append(target)
        waiting[target] += 1
    layers = [0] * count
    ready = [box for box in range(count) if not waiting[box]]
    for box in ready:  # grows during the loop
        for target in successors[box]:
            layers[target] = max(layers[target], layers[box] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(ready) < count:
        raise ValueError("the edges form a cycle, so there is no order in which to draw the boxes")
    return layers


def tighten(layers: list[int], edges: Sequence[Link]) -> list[int]:
    """Move boxes forward where that stretches no more arrows than it shortens.

    The longest path puts every input into the first layer. One that is used far down is better
    drawn near its use, with its branch before it.
    """
    layers = list(layers)
    incoming, successors = [0] * len(layers), [[] for _ in layers]
    for source, target in edges:
        incoming[target] += 1
        successors[source].append(target)
    for box in sorted(range(len(layers)), key=lambda box: (-layers[box], box)):
        if successors[box] and len(successors[box]) >= incoming[box]:
            layers[box] = min(layers[target] for target in successors[box]) - 1
    return layers


# ---------------------------------------------------------------------------------------------
# Pieces


@dataclass
class Pieces:
    """The graph after long arrows were split: items first, then one piece per layer passed.

    `layer`, `width` and `height` belong to items and pieces alike; `boxes` says how many of them
    are boxes. `links` are the pairs (upper, lower) between neighbouring layers, and `touch[a, b]`
    is the distance from the middle of a to where the link of a with b touches it, if that is not
    0. `chains[k]` lists the pieces of edge k, or is None if that edge runs along the side.
    """

    layer: list[int]
    width: list[float]
    height: list[float]
    boxes: int
    links: list[Link]
    touch: dict[Link, float]
    chains: list[list[int] | None]


def split_long_edges(sketch: Sketch, layers: list[int]) -> Pieces:
    """Split every arrow that passes a layer into pieces. Arrows with one tensor share pieces."""
    beside = without_pieces(sketch, layers)
    layer = list(layers)
    width, height = ([float(size[axis]) for size in sketch.sizes] for axis in (0, 1))
    links, touch, chains, shared = {}, {}, [], {}
    for k, (source, target) in enumerate(sketch.edges):
        if k in beside:
            chains.append(None)
            continue
        chain = []
        for passed in range(layers[source] + 1, layers[target]):
            key = (source, sketch.tensors[k], passed)
            if key not in shared:
                shared[key] = len(layer)
                layer.append(passed)
                width.append(0.0)
                height.append(0.0)
            chain.append(shared[key])
        chains.append(chain)
        path = [source, *chain, target]
        links |= dict.fromkeys(pairwise(path))
        start, end = sketch.touch[k]
        touch |= {(source, path[1]): start} if start else {}
        touch |= {} if end is None else {(target, path[-2]): end}
    return Pieces(layer, width, height, sketch.boxes, list(links), touch, chains)


def without_pieces(sketch: Sketch, layers: list[int]) -> set[int]:
    """The edges for which the budget of pieces does not suffice: the longest."""
    budget = PIECES_FIXED + PIECES_PER_BOX * len(sketch.items)
    covered = {}  # what is carried -> the last layer that its shared chain passes
    beside = set()
    spans = [layers[target] - layers[source] for source, target in sketch.edges]
    for k in sorted(range(len(spans)), key=lambda k: (spans[k], k)):
        source, target = sketch.edges[k]
        key, last = (source, sketch.tensors[k]), layers[target] - 1
        needed = last - covered.get(key, layers[source])
        if needed > budget:
            beside.add(k)
        elif needed > 0:
            budget -= needed
            covered[key] = last
    return beside


# ---------------------------------------------------------------------------------------------
# Order within the layers


def neighbours(pieces: Pieces) -> tuple[list[list[int]], list[list[int]]]:
    """Return two lists: the neighbours above each piece, and those below."""
    above, below = [[] for _ in pieces.layer], [[] for _ in pieces.layer]
    for upper, lower in pieces.links:
        above[lower].append(upper)
        below[upper].append(lower)
    return above, below


def order(pieces: Pieces) -> list[list[int]]:
    """The pieces of each layer from left to right, with few crossings.

    Starts from a walk through the graph, then sweeps down and up, sorting each layer by the median
    position of its neighbours, and keeps the best order seen.
    """
    above, below = neighbours(pieces)
    lean = {(a, b): offset / pieces.width[a] for (a, b), offset in pieces.touch.items()}
    rows = [[] for _ in range(max(pieces.layer) + 1)]
    for piece in walk(pieces, below):
        rows[pieces.layer[piece]].append(piece)
    best, fewest = [list(row) for row in rows], crossings(rows, below, lean)
    sweeps = max(2, min(24, ORDERING_WORK // len(pieces.layer)))
    for sweep in range(sweeps):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        guides, walked = (above, rows[1:]) if downwards else (below, rows[-2::-1])
        position = {piece: i for row in rows for i, piece in enumerate(row)}
        for row in walked:
            sort_by_median(row, guides, position, lean, mirror=sweep % 4 >= 2)
        exchange(rows, above, below, lean)
        count = crossings(rows, below, lean)
        if count < fewest:
            best, fewest = [list(row) for row in rows], count
    return best


def walk(pieces: Pieces, below: list[list[int]]) -> Iterator[int]:
    """Yield all pieces depth first from the first layer: what belongs together stays together."""
    seen = set()
    for start in sorted(range(len(pieces.layer)), key=lambda piece: (pieces.layer[piece], piece)):
        stack = [start]
        while stack:
            piece = stack.pop()
            if piece not in seen:
                seen.add(piece)
                yield piece
                stack.extend(reversed(below[piece]))


def sort_by_median(
    row: list[int],
    guides: list[list[int]],
    position: dict[int, int],
    lean: dict[Link, float],
    mirror: bool,
) -> None:
    """Sort a layer, in place, by the median position of each piece's neighbours.

    A piece without neighbours keeps its position. `mirror` lets equal medians swap, which frees
    orders that are stuck.
    """

    def median(piece):
        found = ends(piece, guides[piece], position, lean)
        middle = len(found) // 2
        return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2

    turn = -1 if mirror else 1
    guided = [piece for piece in row if guides[piece]]
    remaining = iter(sorted(guided, key=lambda piece: (median(piece), turn * position[piece])))
    row[:] = [next(remaining) if guides[piece] else piece for piece in row]
    for i, piece in enumerate(row):
        position[piece] = i


def ends(
    piece: int, others: Iterable[int], position: dict[int, int], lean: dict[Link, float]
) -> list[float]:
    """Return where the links of a piece with others end, from left to right: a box is wide."""
    return sorted(position[other] + lean.get((other, piece), 0) for other in others)


def exchange(
    rows: list[list[int]], above: list[list[int]], below: list[list[int]], lean: dict[Link, float]
) -> None:
    """Swap neighbours in a layer wherever that removes crossings."""
    position = {piece: i for row in rows for i, piece in enumerate(row)}
    for row in rows:
        for i in range(len(row) - 1):
            left, right = row[i], row[i + 1]
            now = then = 0
            for sides in (above, below):
                lefts = ends(left, sides[left], position, lean)
                rights = ends(right, sides[right], position, lean)
                now += pairs_before(rights, lefts)
                then += pairs_before(lefts, rights)
            if then < now:
                row[i], row[i + 1] = right, left
                position[left], position[right] = i + 1, i


def pairs_before(first: list[float], second: list[float]) -> int:
    """Count the pairs with a member of the sorted list `first` strictly before one of `second`."""
    return sum(len(second) - bisect_right(second, value) for value in first)


def crossings(rows: list[list[int]], below: list[list[int]], lean: dict[Link, float]) -> int:
    """Count the links that cross between neighbouring layers.

    Two links cross when their upper ends and lower ends come in opposite orders, so the links are
    walked by their upper ends, and those that ended further to the right are counted.
    """
    total = 0
    for upper, lower in pairwise(rows):
        position = {piece: i for i, piece in enumerate(lower)}
        fans = {}  # position of the upper end -> the lower ends
        for i, piece in enumerate(upper):
            for other in below[piece]:
                fan = fans.setdefault(i + lean.get((piece, other), 0), [])
                fan.append(position[other] + lean.get((other, piece), 0))
        ended = []
        for start in sorted(fans):
            total += sum(len(ended) - bisect_right(ended, end) for end in fans[start])
            for end in fans[start]:
                insort(ended, end)
    return total


# ---------------------------------------------------------------------------------------------
# Coordinates


def coordinates(pieces: Pieces, rows: list[list[int]]) -> list[float]:
    """The horizontal centre of every piece.

    Four drafts are made, each pushed as far as possible to one of four corners; each keeps the
    order and the distances, and so does the mean of the middle two.
    """
    above, below = neighbours(pieces)
    crossing = forbidden_links(pieces, rows, above)
    drafts = []
    for downwards in (True, False):
        guides = above if downwards else below
        ordered = rows if downwards else rows[::-1]
        for sign in (1, -1):
            lined = ordered if sign == 1 else [row[::-1] for row in ordered]
            roots, shifts = align(lined, guides, crossing, pieces.touch, sign)
            x = compact(pieces, lined, roots, shifts)
            drafts.append([sign * value for value in x])
    widths = [max(draft) - min(draft) for draft in drafts]
    narrow = drafts[widths.index(min(widths))]
    shifts = []
    for i, draft in enumerate(drafts):
        edge = min if i % 2 == 0 else max
        shifts.append(edge(narrow) - edge(draft))
    middles = []
    for values in zip(*drafts, strict=True):
        shifted = sorted(value + shift for value, shift in zip(values, shifts, strict=True))
        middles.append((shifted[1] + shifted[2]) / 2)
    return middles


def forbidden_links(pieces: Pieces, rows: list[list[int]], above: list[list[int]]) -> set[Link]:
    """The links that must not be drawn straight, because they cross a piece of a longer arrow."""

    def inner(upper, lower):
        return upper >= pieces.boxes and lower >= pieces.boxes

    crossing = set()
    for upper_row, lower_row in pairwise(rows):
        position = {piece: i for i, piece in enumerate(upper_row)}
        first, left = 0, 0
        for i, piece in enumerate(lower_row):
            long = next((guide for guide in above[piece] if inner(guide, piece)), None)
            if long is None and i < len(lower_row) - 1:
                continue
            right = len(upper_row) if long is None else position[long]
            for other in lower_row[first : i + 1]:
                for guide in above[other]:
                    if not left <= position[guide] <= right and not inner(guide, other):
                        crossing.add((guide, other))
                        crossing.add((other, guide))
            first, left = i + 1, right
    return crossing


def align(
    rows: list[list[int]],
    guides: list[list[int]],
    crossing: set[Link],
    touch: dict[Link, float],
    sign: int,
) -> tuple[dict[int, int], dict[int, float]]:
    """Stack pieces into straight columns: each piece joins the column of its median neighbour.

    Returns the root of each piece's column, and how far right of the root the piece is: a link need
    not touch its ends at their middles. Columns never cross.
    """
    root = {piece: piece for row in rows for piece in row}
    shift = dict.fromkeys(root, 0.0)
    position = {piece: i for row in rows for i, piece in enumerate(row)}
    continued = set()
    for row in rows:
        reached = -1
        for piece in row:
            candidates = sorted(guides[piece], key=position.__getitem__)
            middle = (len(candidates) - 1) / 2
            for guide in candidates[int(middle) : int(middle + 1.5)]:
                free = guide not in continued and (guide, piece) not in crossing
                if free and position[guide] > reached:
                    root[piece] = root[guide]
                    aside = touch.get((guide, piece), 0) - touch.get((piece, guide), 0)
                    shift[piece] = shift[guide] + sign * aside
                    continued.add(guide)
                    reached = position[guide]
                    break
    return root, shift


def compact(
    pieces: Pieces, rows: list[list[int]], root: dict[int, int], shift: dict[int, float]
) -> list[float]:
    """The x of every piece: columns as far left as the distances allow, then moved together."""
    apart = {}  # (left column, right column) -> the distance that they need
    for row in rows:
        for left, right in pairwise(row):
            pair = (root[left], root[right])
            distance = separation(pieces, left, right) + shift[left] - shift[right]
            apart[pair] = max(apart.get(pair, distance), distance)
    after, before, waiting = {}, {}, dict.fromkeys(root.values(), 0)
    for (left, right), distance in apart.items():
        after.setdefault(left, []).append((right, distance))
        before.setdefault(right, []).append((left, distance))
        waiting[right] += 1
    columns = [column for column, count in waiting.items() if not count]
    x = {}
    for column in columns:  # grows during the loop: a column comes after all on its left
        x[column] = max((x[left] + gap for left, gap in before.get(column, ())), default=0.0)
        for right, _ in after.get(column, ()):
            waiting[right] -= 1
            if not waiting[right]:
                columns.append(right)
    for column in reversed(columns):
        if column in after:
            x[column] = max(x[column], min(x[right] - gap for right, gap in after[column]))
    return [x[root[piece]] + shift[piece] for piece in range(len(pieces.layer))]


def straightened(pieces: Pieces, rows: list[list[int]], x: list[float]) -> list[float]:
    """Move each box whose only link is with a door in front of that door, if there is room."""
    x, links, wishes = list(x), Counter(end for link in pieces.links for end in link), {}
    for (box, other), offset in pieces.touch.items():
        if links[other] == 1 and other < pieces.boxes:
            wishes[other] = x[box] + offset
    for row in rows:
        for i, piece in enumerate(row):
            if wishes.get(piece, x[piece]) < x[piece]:
                bound = x[row[i - 1]] + separation(pieces, row[i - 1], piece) if i else -inf
                x[piece] = max(wishes[piece], bound)
        for i, piece in reversed([*enumerate(row, start=1)]):
            if wishes.get(piece, x[piece]) > x[piece]:
                last = i == len(row)
                bound = inf if last else x[row[i]] - separation(pieces, piece, row[i])
                x[piece] = min(wishes[piece], bound)
    return x


def separation(pieces: Pieces, left: int, right: int) -> float:
    """Return the least distance between the centres of two neighbours in a layer."""
    gap = ARROW_GAP if max(left, right) >= pieces.boxes else BOX_GAP
    return (pieces.width[left] + pieces.width[right]) / 2 + gap


# ---------------------------------------------------------------------------------------------
# Boxes and paths


def horizontal_positions(
    sketch: Sketch, pieces: Pieces, x: list[float], border: Border
) -> tuple[list[float], dict[int, float], float]:
    """The x of every piece, the column of each edge along the side, and the width."""
    x = [rounded(value) for value in x]
    left = min(x[piece] - pieces.width[piece] / 2 for piece in range(len(x)))
    right = max(x[piece] + pieces.width[piece] / 2 for piece in range(len(x)))
    columns = {k: right + ARROW_GAP * (1 + lane) for k, lane in side_lanes(sketch, pieces).items()}
    width = max([right, *columns.values()]) - left + border.left + 2 * border.padding
    shift = border.left + border.padding - left + rounded(max(0.0, border.width - width) / 2)
    columns = {k: column + shift for k, column in columns.items()}
    return [value + shift for value in x], columns, max(width, border.width)


def vertical_spans(
    sketch: Sketch, pieces: Pieces, border: Border, layer_gap: float
) -> tuple[list[Span], float]:
    """The (top, bottom) of every layer, and the height. Doors are on the border."""
    heights = [0.0] * (max(pieces.layer) + 1)
    for layer, height in zip(pieces.layer, pieces.height, strict=True):
        heights[layer] = max(heights[layer], height)
    above = sketch.entries > 0
    below = len(sketch.items) > sketch.boxes + sketch.entries
    spans, y = [], border.top + (DOOR_GAP if above else border.padding)
    for height in heights[above : len(heights) - below]:
        spans.append((y, y + height))
        y += height + layer_gap
    y += (DOOR_GAP if below else border.padding) - layer_gap
    lacking = max(0.0, border.height - y)
    spans = [(top + lacking / 2, bottom + lacking / 2) for top, bottom in spans]
    y += lacking
    return [(0.0, border.top)] * above + spans + [(y, y)] * below, y


def side_lanes(sketch: Sketch, pieces: Pieces) -> dict[int, int]:
    """A lane beside the drawing for every edge that was not split: the first that is free."""
    lanes, taken = {}, []
    beside = [k for k, chain in enumerate(pieces.chains) if chain is None]
    for k in sorted(beside, key=lambda k: (pieces.layer[sketch.edges[k][0]], sketch.tensors[k], k)):
        first, last = (pieces.layer[end] for end in sketch.edges[k])
        lane = next((i for i, end in enumerate(taken) if end <= first), len(taken))
        taken[lane : lane + 1] = [last]
        lanes[k] = lane
    return lanes


def route_edges(
    sketch: Sketch,
    pieces: Pieces,
    x: list[float],
    columns: dict[int, float],
    spans: list[Span],
    depths: list[Span],
) -> list[list[Segment]]:
    """For each edge: (x, from y, to y) of every vertical segment from its start to its end.

    Edges arrive at separate points, ordered by where they come from, so that the same tensor used
    twice is two arrows.
    """
    found, arriving = [], {}
    for k, (source, target) in enumerate(sketch.edges):
        route = [
            (x[source] + sketch.touch[k][0], depths[source][1], spans[pieces.layer[source]][1])
        ]
        chain = pieces.chains[k]
        if chain is None:
            first, last = pieces.layer[source] + 1, pieces.layer[target] - 1
            route.append((columns[k], spans[first][0], spans[last][1]))
        else:
            route += [(x[piece], *spans[pieces.layer[piece]]) for piece in chain]
        found.append(route)
        arriving.setdefault(target, []).append(k)
    for target, members in arriving.items():
        members.sort(key=lambda k: (found[k][-1][0], k))
        offsets = spread(sketch.sizes[target][0], len(members))
        top, end = spans[pieces.layer[target]][0], depths[target][0]
        for offset, k in zip(offsets, members, strict=True):
            decided = sketch.touch[k][1]
            found[k].append((x[target] + (offset if decided is None else decided), top, end))
    return found


def spread(width: float, count: int) -> list[float]:
    """`count` offsets from the middle of a side, `PORT_GAP` apart or as the width allows."""
    gap = min(PORT_GAP, width / (count + 1))
    return [rounded((i - (count - 1) / 2) * gap) for i in range(count)]


def assemble(levels: dict[int, Level], sizes: Sequence[Size], edges: int) -> Drawing:
    """The drawing: every level at its position in the one around it, every edge from its legs."""
    corners = {WHOLE: (0.0, 0.0)}
    boxes: list[Any] = [None] * len(sizes)
    layers = [0] * len(sizes)
    parts = [[] for _ in range(edges)]
    for holder in sorted(levels):
        level, (left, top) = levels[holder], corners[holder]
        for box, (x, y, layer) in level.positions.items():
            corners[box] = (left + x, top + y)
            boxes[box] = (left + x, top + y, *sizes[box])
            layers[box] = layer
        for k, route in level.routes.items():
            parts[k].append([(left + x, top + start, top + end) for x, start, end in route])
    paths = [smooth_path(merged(routes)) for routes in parts]
    return Drawing(*levels[WHOLE].size, boxes, paths, layers)


def merged(routes: list[list[Segment]]) -> list[Segment]:
    """The segments of an edge's legs as one list: at a door, two segments become one."""
    segments = []
    for route in sorted(routes, key=lambda route: route[0][1]):
        if segments:
            x, start, _ = segments.pop()
            route = [(x, start, route[0][2]), *route[1:]]
        segments += route
    return segments


def smooth_path(segments: list[Segment]) -> list[Stroke]:
    """The path along vertical segments (x, from y, to y): lines within layers, curves between."""
    x, y, below = segments[0]
    path: list[Stroke] = [("M", x, y)]
    for column, top, bottom in segments[1:]:
        if below > y:
            path.append(("L", x, below))
        middle = (below + top) / 2
        straight = column == x
        path.append(("L", x, top) if straight else ("C", x, middle, column, middle, column, top))
        x, y, below = column, top, bottom
    if below > y:
        path.append(("L", x, below))
    return path


def mirrored(drawing: Drawing) -> Drawing:
    """The same drawing with x and y exchanged."""
    boxes = [(y, x, h, w) for x, y, w, h in drawing.boxes]
    paths = []
    for path in drawing.paths:
        strokes = []
        for letter, *numbers in path:
            points = zip(numbers[1::2], numbers[::2], strict=True)
            strokes.append((letter, *(value for point in points for value in point)))
        paths.append(strokes)
    return Drawing(drawing.height, drawing.width, boxes, paths, drawing.layers, "LR")


def rounded(value: float) -> float:
    """A coordinate to half a pixel, so that every processor computes the same bytes.

    Ties are always rounded up, so that what was aligned stays aligned.
    """
    return floor(value * 2 + 0.5) / 2
