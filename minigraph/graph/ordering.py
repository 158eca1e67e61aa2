"""The reading order of a model: inputs first, all calls of a layer together."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .symbols import Node, SymbolicTensor


def is_feed(node: "Node", inputs: "Collection[SymbolicTensor]") -> bool:
    """Return whether data enters a model at a node's outputs although the node is not an Input."""
    return bool(node.inputs) and all(symbol in inputs for symbol in node.outputs)


def reading_order(
    nodes: "list[Node]", outputs: "list[SymbolicTensor]", inputs: "Iterable[SymbolicTensor]"
) -> "list[list[Node]]":
    """The nodes grouped by layer, in the order in which a person reads a model: inputs first.

    The depth of a node is its longest distance to an output, that of a layer the largest of its
    nodes'. Groups are sorted by decreasing depth; equal depths by the first visit of a walk
    that starts at the outputs and visits a node before its inputs. Each group is a list of nodes
    of one layer, or one op node.
    """
    members = set(nodes)
    feeds = set(inputs)
    visit, waiting = {}, [symbol.node for symbol in reversed(outputs)]
    while waiting:
        node = waiting.pop()
        if node in visit or node not in members:
            continue
        visit[node] = len(visit)
        waiting += [s.node for s in reversed(node.inputs) if s.node in members]

    def group_of(node: "Node") -> Any:
        # A feed stands for the data that enters there, not for its layer.
        return node if node.layer is None or is_feed(node, feeds) else node.layer

    depth, group_depth = dict.fromkeys(nodes, 0), {}
    for node in reversed(nodes):
        key = group_of(node)
        depth[node] = group_depth[key] = max(depth[node], group_depth.get(key, 0))
        for parent in [] if is_feed(node, feeds) else node.parents:
            if parent in members:
                depth[parent] = max(depth[parent], depth[node] + 1)

    groups = {}
    for node in nodes:
        groups.setdefault(group_of(node), []).append(node)
    first_visit = {key: min(visit.get(node, -1) for node in group) for key, group in groups.items()}
    keys = sorted(groups, key=lambda key: (-group_depth[key], first_visit[key]))
    return [groups[key] for key in keys]
