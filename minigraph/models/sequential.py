"""Sequential: a model that is a plain chain of layers."""

from collections.abc import Iterable
from typing import Any

from ..core import registry, tree
from ..core.types import Structure
from ..graph.layer import Layer
from ..graph.plan import Plan
from ..graph.symbols import Input, InputLayer, Node, SymbolicTensor
from ..graph.tracing import traced
from .model import Model


@registry.register
class Sequential(Model):
    """A plain chain of layers: the output of each is the input of the next.

    With a leading `Input` the graph exists at once. Without one it is made from the first data, and
    until then the model has no weights.

    Args:
        layers: The layers in their order, the first of which may be an `Input`; None (default)
            begins with none, for `add`.
    Raises TypeError for anything that is not a layer, ValueError for two layers of one name.
    Example:
        >>> model = keras.Sequential([keras.Input((2,))])
        >>> model.add(keras.layers.Dense(3, kernel_initializer="ones"))
        >>> model.add(keras.layers.Dense(1, kernel_initializer="ones"))
        >>> model(np.array([[1.0, 2.0]])).numpy().tolist()
        [[9.0]]
    """

    def __init__(
        self,
        layers: Iterable[Any] | None = None,
        trainable: bool = True,
        name: str | None = None,
    ):
        super().__init__(name=name, trainable=trainable)
        self._chain: list[Layer] = []
        # The symbol before the first layer, and the one after each layer.
        self._ends: list[SymbolicTensor] = []
        if isinstance(layers, Layer):
            raise TypeError(f"Sequential needs a list of layers: write Sequential([{layers.name}])")
        for layer in layers or []:
            self.add(layer)

    @property
    def plan(self) -> Plan | None:
        """The plan, made on demand: planning at each `add` would take quadratic time."""
        if self._plan is None and len(self._ends) > 1:
            self._plan = Plan(self._ends[0], self._ends[-1])
        return self._plan

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without a leading `Input`."""
        return list(self._chain)

    @property
    def summary_rows(self) -> list[tuple[str, str, Layer | None, list[Node]]]:
        """A row for each layer of the chain, without its Input."""
        return [row for row in super().summary_rows if not isinstance(row[2], InputLayer)]

    def add(self, layer: Any) -> None:
        """Append a layer, or the first `Input`, to the chain.

        Args:
            layer: A layer whose name is free; an `Input` only before all layers.
        Raises TypeError for anything that is not a layer, ValueError for an Input that comes late,
        a name that is taken, or a layer with several outputs.
        """
        if isinstance(layer, InputLayer):
            layer = layer.output
        if isinstance(layer, SymbolicTensor) and isinstance(layer.node.layer, InputLayer):
            if self._chain or self._ends:
                raise ValueError(f"{self.name!r}: an Input comes first, before all layers")
            self._ends = [layer]
            return
        if not isinstance(layer, Layer):
            raise TypeError(
                f"only layers can be added to {self.name!r}, got {layer!r:.80}"
                + (f": write {layer.__name__}()" if isinstance(layer, type) else "")
            )
        if not self._chain and not self._ends and layer.first_shape is not None:
            self._ends = [Input(batch_shape=layer.first_shape)]
        if any(layer.name == other.name for other in self._chain):
            raise ValueError(
                f"the layers of {self.name!r} need unique names: {layer.name!r} is taken"
            )
        if self._ends:
            self._append(layer)
        self._chain = [*self._chain, layer]

    def pop(self) -> Layer:
        """Remove the last layer and return it; raises ValueError if there is none."""
        if not self._chain:
            raise ValueError(f"{self.name!r} has no layer to take away")
        *self._chain, last = self._chain
        if self._ends:
            last.nodes.remove(self._ends[-1].node)
            for index, node in enumerate(last.nodes):
                node.index = index
            self._ends, self._plan = self._ends[:-1], None
            self.built = len(self._ends) > 1
        return last

    def _append(self, layer: Layer) -> None:
        """Call one more layer, at the end of the chain."""
        output = layer(self._ends[-1])
        if not isinstance(output, SymbolicTensor):
            raise ValueError(
                f"{self.name!r} is a chain, but layer {layer.name!r} gives "
                f"{len(tree.flatten(output))} outputs. Use Model(inputs, outputs) for such graphs."
            )
        self._ends, self._plan, self.built = [*self._ends, output], None, True

    def prepare(self, inputs: Structure) -> None:
        """Call the chain on a symbol with the shape of the first data.

        Args:
            inputs: The tensor of the first call.
        """
        if not self.built:
            self.build(tree.map(lambda x: tuple(x.shape), inputs))

    def build(self, input_shape: Any) -> None:
        """Make all weights, by calling the chain on a symbol.

        Args:
            input_shape: The shape of the input, with the batch axis.
        Raises ValueError if there are no layers yet.
        """
        if not self._chain:
            raise ValueError(f"{self.name!r} has no layers yet: add some first")
        self._ends = [Input(tuple(input_shape)[1:])]

        def append_all() -> None:
            for layer in self._chain:
                self._append(layer)

        traced(append_all)
