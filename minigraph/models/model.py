"""Models: a model is a layer whose call runs other layers; it can be trained and saved."""

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Self, Unpack

from .. import ops
from ..core import registry, tree
from ..core.checks import check_keys
from ..core.context import context, setting
from ..core.names import unique_name
from ..core.random import RandomStream
from ..core.types import Config, Structure, TensorLike
from ..graph.arguments import to_tensor
from ..graph.guards import check_input_fits
from ..graph.inside import find_layer, find_tensor
from ..graph.layer import Layer, ModelOptions
from ..graph.ordering import is_feed
from ..graph.plan import Plan
from ..graph.symbols import Input, Node, SymbolicTensor, experiment
from ..graph.tracing import tracing
from ..graph.tracking import unique
from ..saving.config import (
    model_config,
    model_from_config,
    model_to_json,
)
from ..saving.model import load_weights, save_model, save_weights
from ..training.trainer import Trainer


class Model(Layer, Trainer):
    """A graph of layers between `inputs` and `outputs`, or a subclass with its own `call`.

    A model is itself a layer: it can be called on arrays, on an `Input`, or on the output of
    another layer.

    Args:
        inputs: Symbolic tensors, alone or nested in lists, tuples and dicts; None (default) in a
            subclass with its own `call`.
        outputs: Symbolic tensors that are computed from `inputs`, alone or nested; None (default)
            in a subclass with its own `call`.
    Raises ValueError where the outputs cannot be computed from the inputs, or if two layers have
    one name.
    Example:
        >>> x = keras.Input((3,))
        >>> model = keras.Model(x, keras.layers.Dense(2, kernel_initializer="ones")(x))
        >>> model(np.array([[1.0, 2.0, 3.0]])).numpy().tolist()
        [[6.0, 6.0]]
        >>> model.count_params()
        8
    """

    casts_inputs = False  # the layers inside cast for themselves
    build_shape: Any = None  # the shape a subclass was built for; stored in files

    def __new__(cls, *args: Any, **options: Any) -> Self:
        return object.__new__(cls)  # without the check of Layer: a model is made from symbols

    def __init__(
        self,
        inputs: Structure = None,
        outputs: Structure = None,
        name: str | None = None,
        **options: Unpack[ModelOptions],
    ):
        if name is None and inputs is not None and type(self) is Model:
            name = unique_name("functional")
        super().__init__(name=name, **options)
        self.random = RandomStream()
        self._plan: Plan | None = None
        self._inside: dict[tuple[Node, str], SymbolicTensor] = {}
        if (inputs is None) != (outputs is None):
            raise ValueError(
                "a model needs both `inputs` and `outputs`, or, as a subclass with its own `call`, "
                "neither"
            )
        if inputs is not None:
            self._plan = Plan(inputs, outputs)
            self.built = True
            for symbol in self._plan.unused:
                warnings.warn(
                    f"model {self.name!r}: no output needs the Input {symbol.name!r}", stacklevel=2
                )

    def __getstate__(self) -> dict[str, Any]:
        nodes = self.plan.nodes if self.plan else []  # in order, else pickle would recurse deeply
        return {"_nodes_first": nodes} | super().__getstate__()

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        del vars(self)["_nodes_first"]

    @property
    def plan(self) -> Plan | None:
        """The calls between inputs and outputs; None for a subclass with its own `call`."""
        return self._plan

    # -- running -------------------------------------------------------------------------------

    def call(self, inputs: TensorLike) -> Any:
        """Run the graph: each node once, in order.

        Args:
            inputs: A tensor for each input, in the structure of `self.input`, or in a dict keyed
                by the names of the Inputs.
        """
        if self.plan is None:
            raise NotImplementedError(
                f"{type(self).__name__} must define call(self, inputs), or be given `inputs` "
                "and `outputs`"
            )
        return tree.pack(self.output, self.plan.execute(self.bind(inputs)))

    def run(
        self,
        inputs: Structure,
        training: bool | None = None,
        observe: Callable[[Node, list[Any]], Any] | None = None,
    ) -> Any:
        """Run the graph like a call, and show each node with its outputs to a function.

        Args:
            inputs: Arrays or tensors, in the structure of `self.input`, or in a dict keyed by the
                names of the Inputs.
            training: Whether layers such as Dropout behave as in training; None (default) leaves
                that to the call or `fit` around this one.
            observe: A function `observe(node, outputs)`, called after every node that is computed
                on the way; None (default) for none.
        """
        inputs = self.bind(tree.map(to_tensor, inputs))
        with setting(training=context.training if training is None else training):
            return tree.pack(self.output, self._graph_plan().execute(inputs, observe))

    def bind(self, inputs: Structure) -> list[Any]:
        """The tensors for `self.inputs`, in their order, each of its Input's shape and dtype.

        Args:
            inputs: A tensor for each input, in any structure in which they have this order, or in
                a dict keyed by the names of the Inputs.
        """
        given = self.arranged(inputs)
        for value, symbol in zip(given, self.inputs, strict=True):
            check_input_fits(value, symbol, self.name)
        return [
            value if value.value.dtype == symbol.dtype else ops.cast(value, symbol.dtype)
            for value, symbol in zip(given, self.inputs, strict=True)
        ]

    def arranged(self, inputs: Structure) -> list[Any]:
        """The arguments of the call, in the order of `self.inputs`.

        Args:
            inputs: Tensors in any structure; a dict has the keys of `self.input`, or the names of
                the Inputs if that is not a dict.
        """
        if isinstance(inputs, dict):
            keys = list(self.input) if isinstance(self.input, dict) else self.input_names
            check_keys(inputs, f"model {self.name!r}: the dict of inputs", keys)
            inputs = {key: inputs[key] for key in keys}
        given = tree.flatten(inputs)
        if len(given) != len(self.inputs):
            raise ValueError(
                f"model {self.name!r} has {len(self.inputs)} inputs "
                f"({', '.join(self.input_names)}), but was called on {len(given)}"
            )
        return given

    # When weights are made: in a graph, by the calls that made it. In a Sequential without an
    # Input, on its first data. In a subclass, by its `build` if it has one, and in its first call.

    def prepare(self, inputs: Structure) -> None:
        """Remember the shape that the model is built for, and run the `build` of a subclass.

        Args:
            inputs: The tensors or symbols of a call, in their structure.
        """
        if self.built:  # symbols come here at each call
            return
        self.build_shape = tree.map(lambda x: (None, *x.shape[1:]), inputs)
        if type(self).build is not Model.build:
            self.build(self.build_shape)
        if context.tracing is not None:  # builds nothing, but notes how to undo what is built
            Layer.build(self, self.build_shape)

    def pass_masks(self, inputs: Structure, masks: Structure, outputs: Structure) -> Any:
        """Leave the masks as they are: the layers inside have set them.

        Args:
            inputs: The tensors that the model was called on.
            masks: Their masks, or None.
            outputs: The tensors that the call gave, in their structure.
        """
        own = type(self).compute_mask is not Layer.compute_mask
        return super().pass_masks(inputs, masks, outputs) if own else outputs

    def build(self, input_shape: Any) -> None:
        """Make the weights of a subclassed model, by trying its `call` on an empty batch.

        Args:
            input_shape: The shape of the inputs with the batch axis, or a structure of shapes.
        """
        self._build_inside(input_shape)

    def _build_inside(self, input_shape: Any) -> None:
        """Make the weights of the layers inside, whether or not the subclass has a `build`."""
        self.build_shape = input_shape
        symbols = tree.map_shapes(lambda s: Input(batch_shape=(None, *s[1:])), input_shape)
        with tracing():
            experiment(self.call, (symbols,), {}, tree.flatten(symbols))

    def make_weights(self, input_shape: Any) -> None:
        """Make all weights: those that `build` makes, then those of the layers inside.

        Args:
            input_shape: The shape of the inputs with the batch axis, or a structure of shapes.
        """
        self.build(input_shape)
        if type(self).build is not Model.build:
            self._build_inside(input_shape)

    # -- the parts -----------------------------------------------------------------------------

    def _graph_plan(self) -> Plan:
        """Return the plan; raise an error if there is none."""
        if self.plan is None:
            raise AttributeError(
                f"model {self.name!r} has no graph, so it has no symbolic inputs and outputs. A "
                "Sequential gets its graph from its first data or by build(shape); a subclass with "
                "its own `call` has none."
            )
        return self.plan

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic inputs, in a flat list."""
        return self._graph_plan().inputs

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic outputs, in a flat list."""
        return self._graph_plan().outputs

    @property
    def input(self) -> Any:
        """The symbolic inputs, in the structure in which they were given."""
        return super().input if self.plan is None else self.plan.input

    @property
    def output(self) -> Any:
        """The symbolic outputs, in the structure in which they were given."""
        return super().output if self.plan is None else self.plan.output

    @property
    def layers(self) -> list[Layer]:
        """The layers without repetition, in reading order."""
        if self.plan is None:
            return self._sublayers(self._parts())
        return list(self.plan.layers)

    def _sublayers(self, parts: list[Any]) -> list[Layer]:
        return unique([*(self.plan.layers if self.plan else []), *super()._sublayers(parts)])

    def _walk(self) -> dict[Layer, list[Any]]:
        """This model and all layers inside it; cached during an epoch or a single step."""
        return self._cached("walk", super()._walk) if self.built else super()._walk()

    @property
    def plan_nodes(self) -> list[Node]:
        """The nodes of this model in topological order, those of its inputs first."""
        return self._graph_plan().nodes

    @property
    def summary_rows(self) -> list[tuple[str, str, Layer | None, list[Node]]]:
        """The rows of the summary: (name, label, layer or None, nodes of this model)."""
        rows = []
        for group in self._graph_plan().groups:
            node = group[0]
            enters = is_feed(node, self.inputs)  # the data enters here
            what = ("InputLayer", None) if enters else (node.label, node.layer)
            rows.append((node.name, *what, group))
        return rows

    @property
    def _label(self) -> str:
        """The label in pictures: `Functional` if the model is only a graph of layers."""
        return "Functional" if type(self) is Model else type(self).__name__

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs, in the order of `inputs`."""
        return [symbol.node.name for symbol in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs, in the order of `outputs`."""
        return [symbol.node.name for symbol in self.outputs]

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or a list of the shapes of several."""
        return shapes_of(self.inputs)

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or a list of the shapes of several."""
        return shapes_of(self.outputs)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """A layer by its name, or by its index in `layers`.

        Args:
            name: Name of the layer; None (default) to ask for an index.
            index: Index in `layers`, which may be negative; None (default) to ask for a name.
        Raises ValueError if there is no such layer, or unless one of the two is given.
        Example:
            >>> layers = [keras.layers.Dense(4, name="hidden"), keras.layers.Dense(1, name="out")]
            >>> keras.Sequential(layers).get_layer(index=-1).name
            'out'
        """
        return find_layer(self, name, index)

    def get_tensor(self, path: str) -> SymbolicTensor:
        """The symbolic tensor inside this model that `path` names, to be an output of a new model.

        A tensor of a nested model is a call of a layer `Inside`, which has the model's own weights.

        Args:
            path: Name of a layer or operation, after those of the nested models around it:
                "encoder/conv2d_3". A number in brackets selects one of several calls of a layer or
                model, a second one an output of a call: "encoder[1]/lstm[0][2]".
        Raises ValueError, listing the existing names and calls, for any other path.
        Example:
            >>> x = keras.Input((3,))
            >>> hidden = keras.layers.Dense(4, name="hidden")(x)
            >>> model = keras.Model(x, keras.layers.Dense(1)(hidden))
            >>> keras.Model(x, model.get_tensor("hidden")).output_shape
            (None, 4)
        """
        if not isinstance(path, str):
            raise ValueError(f"`path` must be a string such as 'encoder/dense', got {path!r:.80}")
        self._graph_plan()
        return find_tensor(self, path)

    @property
    def runs_its_plan(self) -> bool:
        """Whether a call runs the graph alone, and no code of a subclass."""
        return self.plan is not None and type(self).call is Model.call

    # -- looking -------------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the table of layers, output shapes and parameter counts.

        Args:
            line_length: Width of the table in characters, in which long cells wrap; None (default)
                means 88, or 108 where a column says how the layers are connected.
            positions: Right ends of the columns, in characters or as fractions of the width; None
                (default) gives the usual ones.
            print_fn: Function that is called with the whole text; None (default) prints it.
            expand_nested: Whether the layers of nested models are listed below them (default
                False).
            show_trainable: Whether a column says which layers are trainable (default False).
            layer_range: The names of the first and the last layer to list, or regular expressions
                for them; None (default) lists all.
        Raises ValueError for positions or a range that do not fit the table.
        Example:
            >>> layers = [keras.Input((3,)), keras.layers.Dense(2, name="dense")]
            >>> keras.Sequential(layers, name="tiny").summary(line_length=60)
            Model: "tiny"
            ┏━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━┓
            ┃ Layer (type)            ┃ Output Shape        ┃  Param # ┃
            ┡━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━┩
            │ dense (Dense)           │ (None, 2)           │        8 │
            └─────────────────────────┴─────────────────────┴──────────┘
            Total params: 8 (32.00 B)
            Trainable params: 8 (32.00 B)
            Non-trainable params: 0 (0.00 B)
        """
        from ..view.summary import summary

        summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def explore(self, x: TensorLike = None, y: TensorLike = None) -> Any:
        """An interactive drawing; with data, it steps through a forward and a backward pass.

        In a notebook the result shows itself. Its `selected` is the path of the selected node and
        `step` the number of the step; both can be set.

        Args:
            x: A batch of inputs as for a call, of which the first 32 samples are run; None
                (default) shows the graph alone.
            y: The targets of these samples, for the backward pass; None (default) leaves that out.
        Raises ValueError if the model has no graph, or if there is a `y` but no `x` or no loss.
        Example:
            >>> x = keras.Input((2,), name="x")
            >>> y = keras.layers.Dense(1, kernel_initializer="ones", name="sum")(x)
            >>> model = keras.Model(x, y)
            >>> model.compile("sgd", loss="mean_squared_error")
            >>> drawing = model.explore(np.array([[1.0, 2.0]]), np.array([[1.0]]))
            >>> drawing
            A graph of 2 nodes: x (InputLayer) feeds sum (Dense).
            >>> drawing.data["loss"]
            '4'
        """
        from ..view.explore import explore

        return explore(self, x, y)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if self.plan is None:
            return {"text/plain": repr(self)}
        from ..view.svg import notebook_forms

        return notebook_forms(self)

    # -- configs and files ---------------------------------------------------------------------

    def get_config(self) -> Config:
        """The graph as plain JSON: a table of layers, the nodes, the inputs and the outputs."""
        return model_config(self)

    @classmethod
    def from_config(cls, config: Config, custom_objects: dict[str, Any] | None = None) -> Any:
        """An independent model with fresh weights, from the result of `get_config`.

        Args:
            config: The result of `get_config`, or what JSON has made of it.
            custom_objects: The class or function behind each name in the config that is not
                registered; None (default) if all are known.
        Raises ValueError for a config of anything else, or with an unknown name.
        """
        return model_from_config(config, custom_objects, cls)

    def to_json(self, **json_args: Any) -> str:
        """The class and the config as a JSON string, for `model_from_json`.

        Args:
            **json_args: Arguments of `json.dumps`, such as `indent`.
        """
        return model_to_json(self, **json_args)

    def save(self, path: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the graph, weights, compile settings and optimizer state to one file.

        See `save_model` for what may go wrong.

        Args:
            path: The file, which `load_model` reads whatever its name.
            overwrite: Whether a file that exists is replaced (default True), else FileExistsError
                is raised.
        Example:
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            >>> model.save("model.minigraph")
            >>> same = keras.models.load_model("model.minigraph")
            >>> bool((same.get_weights()[0] == model.get_weights()[0]).all())
            True
        """
        save_model(self, path, overwrite)

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Write only the weights to a file.

        Args:
            path: The file, which is replaced if it exists.
        """
        save_weights(self, path)

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Read the weights from a file; raises ValueError for a file of another architecture.

        Args:
            path: A file of `save_weights` or `save`.
        """
        load_weights(self, path)


def shapes_of(symbols: list[SymbolicTensor]) -> Any:
    """The shape of a single symbol, or a list of the shapes of several."""
    shapes = [symbol.shape for symbol in symbols]
    return shapes[0] if len(shapes) == 1 else shapes


registry.register(Model, name="Functional")
