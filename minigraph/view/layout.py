"""Where to put the boxes of a graph, and how to lead the arrows around them.

The method is the layered drawing of directed graphs (Sugiyama, Tagawa and Toda, 1981), in five
steps: give every box a layer so that all arrows point forward, cut long arrows into pieces of one
layer each, order the layers so that few arrows cross, choose coordinates so that long arrows are
straight (Brandes and Köpf, 2002), and lead each arrow so that it bends between the layers only,
where no box can be in its way.

The functions know nothing of models: a box is a width and a height, an arrow is a pair of box
numbers. Nothing here is random and nothing is recursive.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

# The free band between two layers, in which arrows bend; wider where text stands along the arrow.
LAYER_GAP = {"TB": 50.0, "LR": 64.0}
BOX_GAP = 30.0  # the least distance of two boxes in one layer
ARROW_GAP = 18.0  # the least distance of a long arrow from whatever stands beside it
PORT_GAP = 22.0  # how far apart several arrows arrive at one box
MARGIN = 20.0

# A graph with very many long arrows would need more pieces than boxes can be drawn with in two
# seconds. What exceeds this allowance is led along the side of the drawing instead.
PIECES_FIXED, PIECES_PER_BOX = 2000, 3
ORDERING_WORK = 60_000  # how many visits of pieces may be spent on removing crossings


@dataclass
class Drawing:
    """Boxes with places and arrows with paths, in pixels, the origin at the top left.

    `boxes[i]` is (x, y, width, height) of the top left corner. `paths[k]` is a list of strokes:
    ("M", x, y) first, then ("L", x, y) lines and ("C", x1, y1, x2, y2, x, y) Bézier curves.
    `layers[i]` counts from 0 in the direction of the arrows.
    """

    width: float
    height: float
    boxes: list = field(default_factory=list)
    paths: list = field(default_factory=list)
    layers: list = field(default_factory=list)
    rankdir: str = "TB"


def layout(sizes, edges, rankdir="TB", outlets=None):
    """Place boxes of the given sizes and lead the edges between them.

    `sizes` is a list of (width, height), `edges` a list of (source, target) with box numbers;
    parallel edges are welcome. `rankdir` is "TB" (arrows point down) or "LR" (to the right).
    `outlets[k]`, if given, says which of its source's outputs edge k carries.
    Returns a `Drawing`. Raises ValueError for an unknown direction or a cycle.
    """
    if rankdir not in ("TB", "LR"):
        raise ValueError(
            f'rankdir must be "TB" (top to bottom) or "LR" (left to right), got {rankdir!r}'
        )
    if not sizes:
        return Drawing(2 * MARGIN, 2 * MARGIN, rankdir=rankdir)
    # The method below draws downwards. A drawing to the right is the same one, mirrored.
    upright = [tuple(size) if rankdir == "TB" else (size[1], size[0]) for size in sizes]
    outlets = outlets or [0] * len(edges)

    layers = tighten(longest_paths(len(sizes), edges), edges)
    pieces = cut(layers, edges, outlets, upright)
    rows = order(pieces)
    x = coordinates(pieces, rows)
    drawing = assemble(pieces, rows, x, edges, outlets, LAYER_GAP[rankdir])
    return drawing if rankdir == "TB" else mirrored(drawing)


# ---------------------------------------------------------------------------------------------
# Layers


def longest_paths(count, edges):
    """The layer of each box: the length of the longest path that ends there.

    Raises ValueError if the edges form a cycle.
    """
    successors, waiting = [[] for _ in range(count)], [0] * count
    for source, target in edges:
        successors[source].append(target)
        waiting[target] += 1
    layers = [0] * count
    ready = [box for box in range(count) if not waiting[box]]
    for box in ready:  # grows while it is walked
        for target in successors[box]:
            layers[target] = max(layers[target], layers[box] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(ready) < count:
        raise ValueError("the edges form a cycle, so there is no order in which to draw the boxes")
    return layers


def tighten(layers, edges):
    """Move boxes forward where that stretches no more arrows than it shortens.

    The longest path puts every input into the first layer. One that is used far down is better
    drawn beside the place where it is used, with its branch behind it.
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
    """The graph after its long arrows were cut: boxes first, then one piece per layer passed.

    `layer`, `width`, `height` belong to boxes and pieces alike; `boxes` says how many of them are
    boxes. `links` are the pairs (upper, lower) between neighbouring layers. `chains[k]` lists the
    pieces of edge k, or is None if that edge runs along the side.
    """

    layer: list
    width: list
    height: list
    boxes: int
    links: list
    chains: list


def cut(layers, edges, outlets, sizes):
    """Cut every arrow that passes a layer into pieces. Arrows with one origin share pieces."""
    allowance = PIECES_FIXED + PIECES_PER_BOX * len(sizes)
    reach = {}  # (box, outlet) -> the last layer that its shared chain passes
    beside = set()
    spans = [layers[target] - layers[source] for source, target in edges]
    for k in sorted(range(len(edges)), key=lambda k: (spans[k], k)):
        source, target = edges[k]
        key, last = (source, outlets[k]), layers[target] - 1
        needed = last - reach.get(key, layers[source])
        if needed > allowance:
            beside.add(k)
        elif needed > 0:
            allowance -= needed
            reach[key] = last

    layer = list(layers)
    width, height = [w for w, _ in sizes], [h for _, h in sizes]
    links, chains, shared = {}, [], {}
    for k, (source, target) in enumerate(edges):
        if k in beside:
            chains.append(None)
            continue
        chain, above = [], source
        for passed in range(layers[source] + 1, layers[target]):
            key = (source, outlets[k], passed)
            if key not in shared:
                shared[key] = len(layer)
                layer.append(passed)
                width.append(0.0)
                height.append(0.0)
            links[above, shared[key]] = None
            above = shared[key]
            chain.append(above)
        links[above, target] = None
        chains.append(chain)
    return Pieces(layer, width, height, len(sizes), list(links), chains)


# ---------------------------------------------------------------------------------------------
# Order within the layers


def neighbours(pieces):
    """Two lists: who stands above each piece, and who stands below."""
    above, below = [[] for _ in pieces.layer], [[] for _ in pieces.layer]
    for upper, lower in pieces.links:
        above[lower].append(upper)
        below[upper].append(lower)
    return above, below


def order(pieces):
    """The pieces of each layer from left to right, with few crossings.

    Starts from a walk through the graph, then sweeps down and up, sorting each layer by the median
    place of its neighbours, and keeps the best order seen.
    """
    above, below = neighbours(pieces)
    rows = [[] for _ in range(max(pieces.layer) + 1)]
    for piece in walk(pieces, below):
        rows[pieces.layer[piece]].append(piece)
    best, fewest = [list(row) for row in rows], crossings(rows, below)
    sweeps = max(2, min(24, ORDERING_WORK // len(pieces.layer)))
    for sweep in range(sweeps):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        guides, walked = (above, rows[1:]) if downwards else (below, rows[-2::-1])
        place = {piece: i for row in rows for i, piece in enumerate(row)}
        for row in walked:
            sort_by_median(row, guides, place, mirror=sweep % 4 >= 2)
        exchange(rows, above, below)
        count = crossings(rows, below)
        if count < fewest:
            best, fewest = [list(row) for row in rows], count
    return best


def walk(pieces, below):
    """All pieces, depth first from the first layer: what belongs together comes together."""
    seen = set()
    for start in sorted(range(len(pieces.layer)), key=lambda piece: (pieces.layer[piece], piece)):
        stack = [start]
        while stack:
            piece = stack.pop()
            if piece not in seen:
                seen.add(piece)
                yield piece
                stack.extend(reversed(below[piece]))


def sort_by_median(row, guides, place, mirror):
    """Sort a layer, in place, by the median place of each piece's neighbours.

    A piece without neighbours keeps its place. `mirror` lets equal medians swap, which frees
    orders that are stuck.
    """

    def median(piece):
        places = sorted(place[guide] for guide in guides[piece])
        middle = len(places) // 2
        return places[middle] if len(places) % 2 else (places[middle - 1] + places[middle]) / 2

    turn = -1 if mirror else 1
    movable = [piece for piece in row if guides[piece]]
    remaining = iter(sorted(movable, key=lambda piece: (median(piece), turn * place[piece])))
    row[:] = [next(remaining) if guides[piece] else piece for piece in row]
    for i, piece in enumerate(row):
        place[piece] = i


def exchange(rows, above, below):
    """Swap neighbours in a layer wherever that removes crossings."""
    place = {piece: i for row in rows for i, piece in enumerate(row)}
    for row in rows:
        for i in range(len(row) - 1):
            left, right = row[i], row[i + 1]
            now = then = 0
            for sides in (above, below):
                lefts = sorted(place[piece] for piece in sides[left])
                rights = sorted(place[piece] for piece in sides[right])
                now += pairs_before(rights, lefts)
                then += pairs_before(lefts, rights)
            if then < now:
                row[i], row[i + 1] = right, left
                place[left], place[right] = i + 1, i


def pairs_before(first, second):
    """How many pairs have a member of the sorted list `first` strictly before one of `second`."""
    return sum(len(second) - bisect_right(second, value) for value in first)


def crossings(rows, below):
    """How many links cross between neighbouring layers.

    Two links cross when their upper ends and lower ends come in opposite orders, so this counts
    inversions, with a tree of partial sums (Barth, Mutzel and Jünger, 2004).
    """
    total = 0
    for upper, lower in zip(rows, rows[1:], strict=False):
        place = {piece: i for i, piece in enumerate(lower)}
        sums, ended = [0] * (len(lower) + 1), 0
        for piece in upper:
            ends = sorted(place[other] for other in below[piece] if other in place)
            for end in ends:
                total += ended
                i = end + 1
                while i:  # those that ended at or before this one do not cross it
                    total -= sums[i]
                    i &= i - 1
            for end in ends:
                ended += 1
                i = end + 1
                while i <= len(lower):
                    sums[i] += 1
                    i += i & -i
    return total


# ---------------------------------------------------------------------------------------------
# Coordinates


def coordinates(pieces, rows):
    """The horizontal centre of every piece.

    Four drafts are made, each pushing as far as it can to one of four corners; each keeps the order
    and the distances, and so does the mean of the middle two.
    """
    above, below = neighbours(pieces)
    crossing = forbidden_links(pieces, rows, above)
    drafts = []
    for downwards in (True, False):
        guides = above if downwards else below
        ordered = rows if downwards else rows[::-1]
        for leftwards in (True, False):
            lined = ordered if leftwards else [row[::-1] for row in ordered]
            roots = align(lined, guides, crossing)
            x = compact(pieces, lined, roots)
            drafts.append(x if leftwards else [-value for value in x])
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


def forbidden_links(pieces, rows, above):
    """The links that must not be drawn straight, since they cross a piece of a longer arrow."""

    def inner(upper, lower):
        return upper >= pieces.boxes and lower >= pieces.boxes

    crossing = set()
    for upper_row, lower_row in zip(rows, rows[1:], strict=False):
        place = {piece: i for i, piece in enumerate(upper_row)}
        first, left = 0, 0
        for i, piece in enumerate(lower_row):
            long = next((guide for guide in above[piece] if inner(guide, piece)), None)
            if long is None and i < len(lower_row) - 1:
                continue
            right = len(upper_row) if long is None else place[long]
            for other in lower_row[first : i + 1]:
                for guide in above[other]:
                    if not left <= place[guide] <= right and not inner(guide, other):
                        crossing.add((guide, other))
                        crossing.add((other, guide))
            first, left = i + 1, right
    return crossing


def align(rows, guides, crossing):
    """Stack pieces into straight columns: each piece joins the column of its median neighbour.

    Returns the root of each piece's column. Columns never cross.
    """
    root = {piece: piece for row in rows for piece in row}
    place = {piece: i for row in rows for i, piece in enumerate(row)}
    continued = set()
    for row in rows:
        reached = -1
        for piece in row:
            candidates = sorted(guides[piece], key=place.get)
            middle = (len(candidates) - 1) / 2
            for guide in candidates[int(middle) : int(middle + 1.5)]:
                free = guide not in continued and (guide, piece) not in crossing
                if free and place[guide] > reached:
                    root[piece] = root[guide]
                    continued.add(guide)
                    reached = place[guide]
                    break
    return root


def compact(pieces, rows, root):
    """The place of every column, as far to the left as the distances allow, then drawn together."""
    apart = {}  # (left column, right column) -> the distance that they need
    for row in rows:
        for left, right in zip(row, row[1:], strict=False):
            pair, distance = (root[left], root[right]), separation(pieces, left, right)
            apart[pair] = max(apart.get(pair, 0.0), distance)
    after, before, waiting = {}, {}, dict.fromkeys(root.values(), 0)
    for (left, right), distance in apart.items():
        after.setdefault(left, []).append((right, distance))
        before.setdefault(right, []).append((left, distance))
        waiting[right] += 1
    columns = [column for column, count in waiting.items() if not count]
    x = {}
    for column in columns:  # grows while it is walked: a column comes after all on its left
        x[column] = max((x[left] + gap for left, gap in before.get(column, ())), default=0.0)
        for right, _ in after.get(column, ()):
            waiting[right] -= 1
            if not waiting[right]:
                columns.append(right)
    for column in reversed(columns):
        if column in after:
            x[column] = max(x[column], min(x[right] - gap for right, gap in after[column]))
    return [x[root[piece]] for piece in range(len(pieces.layer))]


def separation(pieces, left, right):
    """The least distance of the centres of two neighbours in a layer."""
    gap = BOX_GAP if left < pieces.boxes and right < pieces.boxes else ARROW_GAP
    return (pieces.width[left] + pieces.width[right]) / 2 + gap


# ---------------------------------------------------------------------------------------------
# Boxes and paths


def assemble(pieces, rows, x, edges, outlets, layer_gap):
    """Turn layers and coordinates into a drawing."""
    tops, bottoms, y = [], [], MARGIN
    for row in rows:
        tops.append(y)
        y += max(pieces.height[piece] for piece in row)
        bottoms.append(y)
        y += layer_gap
    height = y - layer_gap + MARGIN
    left = min(x[piece] - pieces.width[piece] / 2 for piece in range(len(x)))
    x = [value - left + MARGIN for value in x]
    right = max(x[piece] + pieces.width[piece] / 2 for piece in range(len(x)))

    boxes = []
    for box in range(pieces.boxes):
        w, h, layer = pieces.width[box], pieces.height[box], pieces.layer[box]
        middle = (tops[layer] + bottoms[layer]) / 2
        boxes.append((rounded(x[box] - w / 2), rounded(middle - h / 2), w, h))

    lanes = side_lanes(pieces, edges, outlets)
    stations = []  # for each edge: (x, from y, to y) of every upright stretch between its two boxes
    for k, (source, target) in enumerate(edges):
        if pieces.chains[k] is None:
            column = right + ARROW_GAP * (1 + lanes[k])
            first, last = pieces.layer[source] + 1, pieces.layer[target] - 1
            stations.append([(column, tops[first], bottoms[last])])
        else:
            passed = [(piece, pieces.layer[piece]) for piece in pieces.chains[k]]
            stations.append([(x[piece], tops[layer], bottoms[layer]) for piece, layer in passed])
    if lanes:
        right += ARROW_GAP * (1 + max(lanes.values()))

    leaving, arriving = ports(pieces, x, edges, outlets, stations)
    paths = []
    for k, (source, target) in enumerate(edges):
        start, end = boxes[source], boxes[target]
        upright = [
            (leaving[k], start[1] + start[3], bottoms[pieces.layer[source]]),
            *stations[k],
            (arriving[k], tops[pieces.layer[target]], end[1]),
        ]
        paths.append(lead(upright))
    layers = list(pieces.layer[: pieces.boxes])
    return Drawing(rounded(right + MARGIN), rounded(height), boxes, paths, layers)


def side_lanes(pieces, edges, outlets):
    """A lane beside the drawing for every edge that was not cut: the first that is free there."""
    lanes, taken = {}, []
    beside = [k for k, chain in enumerate(pieces.chains) if chain is None]
    for k in sorted(beside, key=lambda k: (pieces.layer[edges[k][0]], outlets[k], k)):
        first, last = pieces.layer[edges[k][0]], pieces.layer[edges[k][1]]
        lane = next((i for i, end in enumerate(taken) if end <= first), len(taken))
        taken[lane : lane + 1] = [last]
        lanes[k] = lane
    return lanes


def ports(pieces, x, edges, outlets, stations):
    """Where on its two boxes each edge begins and ends.

    The edges of one output leave together. Edges arrive side by side, in the order in which they
    come, so that the same tensor used twice is two arrows.
    """
    leaving, arriving = [0.0] * len(edges), [0.0] * len(edges)
    outs, ins = {}, {}
    for k, (source, target) in enumerate(edges):
        outs.setdefault(source, {}).setdefault(outlets[k], []).append(k)
        ins.setdefault(target, []).append(k)
    for source, groups in outs.items():
        places = spread(pieces.width[source], len(groups))
        for place, outlet in zip(places, sorted(groups), strict=True):
            for k in groups[outlet]:
                leaving[k] = x[source] + place
    for target, members in ins.items():

        def origin(k):
            return stations[k][-1][0] if stations[k] else x[edges[k][0]]

        members = sorted(members, key=lambda k: (origin(k), k))
        for place, k in zip(spread(pieces.width[target], len(members)), members, strict=True):
            arriving[k] = x[target] + place
    return leaving, arriving


def spread(width, count):
    """`count` places around the middle of a side, `PORT_GAP` apart or as the width allows."""
    gap = min(PORT_GAP, width / (count + 1))
    return [(i - (count - 1) / 2) * gap for i in range(count)]


def lead(stretches):
    """The path through upright stretches (x, from y, to y): lines within layers, curves between."""
    stretches = [tuple(rounded(value) for value in stretch) for stretch in stretches]
    x, y, below = stretches[0]
    path = [("M", x, y)]
    for column, top, bottom in stretches[1:]:
        if below > y:
            path.append(("L", x, below))
        middle = (below + top) / 2
        straight = column == x
        path.append(("L", x, top) if straight else ("C", x, middle, column, middle, column, top))
        x, y, below = column, top, bottom
    if below > y:
        path.append(("L", x, below))
    return path


def mirrored(drawing):
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


def rounded(value):
    """Half pixels are precise enough, and the same bytes come out on every processor."""
    return round(value * 2) / 2
