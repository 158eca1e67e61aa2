"""The properties of a layer that describe its calls in graphs: `output` and `input`."""

from typing import TYPE_CHECKING, Any

from .guards import NoSingleCall, described

if TYPE_CHECKING:
    from .symbols import Node


class RemembersCalls:
    """The calls of a layer on symbols are its `nodes`; each has an input and an output."""

    name: str
    nodes: "list[Node]"

    @property
    def output(self) -> Any:
        """The symbolic output of the layer's only call."""
        return self._only_node("output").output_structure

    @property
    def input(self) -> Any:
        """The symbolic input of the layer's only call."""
        return self._only_node("input").input_structure

    def get_output_at(self, index: int) -> Any:
        """The symbolic output of one of the layer's calls.

        Args:
            index: Number of the call, counted from 0.
        """
        return self._node_at(index).output_structure

    def get_input_at(self, index: int) -> Any:
        """The symbolic input of one of the layer's calls.

        Args:
            index: Number of the call, counted from 0.
        """
        return self._node_at(index).input_structure

    def _only_node(self, what: str) -> "Node":
        if len(self.nodes) == 1:
            return self.nodes[0]
        if not self.nodes:
            raise NoSingleCall(
                f"layer {self.name!r} was never called on a symbolic tensor: it has no {what} yet"
            )
        calls = "; ".join(f"{i}: on {described(node.inputs)}" for i, node in enumerate(self.nodes))
        raise NoSingleCall(
            f"layer {self.name!r} was called {len(self.nodes)} times, so `{what}` could mean "
            f"several tensors. Choose a call with get_{what}_at(i): {calls}"
        )

    def _node_at(self, index: int) -> "Node":
        if not isinstance(index, int) or not 0 <= index < len(self.nodes):
            count = len(self.nodes)
            raise ValueError(f"layer {self.name!r} has {count} calls in graphs: no call {index!r}")
        return self.nodes[index]
