"""A graph with too many boxes for one page: the first and the last, and one box for the rest.

Boxes are in the order in which the model runs, so a path from one hidden box to another passes
through hidden boxes only. They can be drawn as one box without reversing an arrow, and that box
behaves as a model of them would: what enters and leaves it are tensors of the graph.
"""

from dataclasses import dataclass
from typing import TypeAlias

from .describe import Box, Edge, Graph

TensorOf: TypeAlias = tuple[int, int]  # a box, and which of its outputs
NOT_SHOWN = "not shown"
MOST_TENSORS = 4  # if more than this many leave the box for the rest, they are not distinguished
LARGEST_SHIFT = 12  # how far from the middle the rest may begin, if fewer tensors leave it there


@dataclass(frozen=True)
class Abridged:
    """A graph, made from the `whole` one, in which the box with index `rest` stands for many.

    `bundles[k]` are the edges of the whole that edge k stands for. `leaving` are the tensors, as
    (box, output) in the whole, that the rest passes on, or None if there are too many to
    distinguish. `ends[k]` says which of the model's outputs comes from box `graph.outputs[k]`, None
    where the rest makes several.
    """

    graph: Graph
    whole: Graph
    rest: int
    bundles: tuple[list[Edge], ...]
    leaving: tuple[TensorOf, ...] | None
    ends: tuple[int | None, ...]


def abridge(graph: Graph, most: int) -> Abridged:
    """The `Abridged` graph with `most` boxes, fewer than it has. No model in it may be open."""
    count = len(graph.boxes)
    first = best_start(graph, most)
    rest = range(first, first + count - most + 1)
    number = [i if i < first else max(first, i - len(rest) + 1) for i in range(count)]
    hidden_ends = [i for i in graph.outputs if i in rest]
    leaving = tensors_across(graph, rest, leaving=True)
    leaving = None if hidden_ends or len(leaving) > MOST_TENSORS else tuple(leaving)
    bundles = bundled(graph, rest, number, leaving)
    kept = [*range(first), None, *range(rest.stop, count)]
    ends = [(number[i], output) for output, i in enumerate(graph.outputs) if i not in rest]
    ends += [(first, None)] if hidden_ends else []
    small = Graph(
        graph.name,
        tuple(rest_box(graph, rest, leaving) if i is None else graph.boxes[i] for i in kept),
        tuple(bundles),
        tuple(None if i is None else graph.nodes[i] for i in kept),
        tuple(i for i, _ in ends),
    )
    outputs = tuple(output for _, output in ends)
    return Abridged(small, graph, first, tuple(bundles.values()), leaving, outputs)


def best_start(graph: Graph, most: int) -> int:
    """Return where the rest begins: near the middle, and where few tensors leave it."""
    middle, length = most // 2, len(graph.boxes) - most + 1
    starts = range(max(1, middle - LARGEST_SHIFT), min(most - 1, middle + LARGEST_SHIFT + 1))
    return min(
        sorted(starts, key=lambda start: abs(start - middle)),
        key=lambda start: len(tensors_across(graph, range(start, start + length), leaving=True)),
    )


def bundled(
    graph: Graph, rest: range, number: list[int], leaving: tuple[TensorOf, ...] | None
) -> dict[Edge, list[Edge]]:
    """{edge of the small graph: the edges of the whole one that it stands for}

    A tensor enters the rest once, however often it is used there. What leaves it is one edge for
    each use, or for each user where the tensors are not distinguished.
    """
    found: dict[Edge, list[Edge]] = {}
    entries, users = {}, {}
    for edge in graph.edges:
        source, output, target, argument = edge.source, edge.output, edge.target, edge.argument
        if source in rest and target in rest:
            continue
        if target in rest:
            argument = entries.setdefault((source, output), len(entries))
        elif source in rest:
            if leaving is None:
                output, argument = 0, users.setdefault(target, argument)
            else:
                output = leaving.index((source, output))
        key = Edge(number[source], output, number[target], argument)
        found.setdefault(key, []).append(edge)
    return found


def rest_box(graph: Graph, rest: range, leaving: tuple[TensorOf, ...] | None) -> Box:
    """Return the box that stands for all those left out."""
    layers = dict.fromkeys(graph.nodes[i].layer for i in rest if graph.nodes[i].layer is not None)
    entering = tensors_across(graph, rest, leaving=False)
    before, after = graph.boxes[rest.start - 1].name, graph.boxes[rest.stop].name
    return Box(
        name=f"… {len(rest):,} nodes",
        type="left out",
        kind="rest",
        inputs=shapes(graph, entering if len(entering) <= MOST_TENSORS else None),
        outputs=shapes(graph, leaving),
        dtype=NOT_SHOWN,
        parameters=sum(weight.size for layer in layers for weight in layer.weights),
        sentence=f"What runs after ‘{before}’ and before ‘{after}’, drawn as one box to keep the "
        "page small. model.summary() lists all of it.",
        path=f"…/{len(rest):,} nodes",  # no layer's name holds a slash
    )


def tensors_across(graph: Graph, rest: range, leaving: bool) -> tuple[TensorOf, ...]:
    """The tensors, each listed once, that leave the rest, or those that enter it."""
    across = [
        (edge.source, edge.output)
        for edge in graph.edges
        if (edge.source in rest, edge.target in rest) == (leaving, not leaving)
    ]
    return tuple(dict.fromkeys(across))


def shapes(graph: Graph, tensors: tuple[TensorOf, ...] | None) -> tuple[str, ...]:
    """The shapes of tensors of a graph, or a note that they are not shown."""
    return (NOT_SHOWN,) if tensors is None else tuple(graph.boxes[i].outputs[k] for i, k in tensors)
