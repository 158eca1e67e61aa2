"""A model as plain JSON, and back.

The config of a model is a table and a topology. The table holds each layer object once, also the
layers of models inside the model, so whatever is shared stays shared. The topology lists the calls
in the order in which they were made, and a call may name only calls before it. So a config cannot
describe a cycle.

JSON has no tuples, slices or arrays. Each is written as a dict with one key, its tag:

    {"$tensor": [2, 0]}    output 0 of call 2           {"$tuple": [...]}
    {"$layer": 3}          layer 3 of the table         {"$slice": [start, stop, step]}
    {"$float": "inf"}      also -inf and nan            {"$dtype": "float32"}
    {"$ellipsis": true}    the index `...`              {"$array": [dtype, shape, bytes as hex]}
"""

import inspect
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import EllipsisType, MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np

from ..core import registry, tree
from ..core.checks import check_keys
from ..core.context import context, setting
from ..core.dtypes import standard_dtype
from ..core.interrupts import restores_context
from ..core.names import check_name
from ..core.tensor import Tensor, Variable
from ..core.types import Config, Structure
from ..graph.guards import check_shape
from ..graph.inside import Inside
from ..graph.layer import Layer
from ..graph.plan import collect
from ..graph.symbols import InputLayer, Node, SymbolicTensor, check_symbols, connect
from ..ops.costs import ELEMENTS_PER_CALL, Budget, spend
from .file import expect, parse_json

if TYPE_CHECKING:
    from ..models.model import Model

CustomObjects: TypeAlias = dict[str, Any] | None  # the class or function behind each name
Sources: TypeAlias = Mapping[SymbolicTensor, list[int]]  # [call, output] that each symbol is
Starts: TypeAlias = Mapping[int, SymbolicTensor]  # the index of an Input -> what stands for it
Record: TypeAlias = dict[str, type[Any]]  # what stands under each key of a dict

# Bounds for a model that comes from a file (see `bounded`).
MOST_LAYERS = 10_000
MOST_CALLS = 200_000  # a call of a model counts all the calls inside it
MOST_ELEMENTS = 2**27  # of one sample in one tensor
CHAIN_START = -1  # instead of the index of an Input: a chain has none in its table
INNER_LAYER = 150  # calls that a layer inside the config of another counts as: it is made and run
DEEPEST_MODEL = 100  # models inside models; a call of one goes down by Python's own stack

# The keys of each part of a config, and what stands under them.
MODEL: Record = {"name": str, "trainable": bool, "layers": list}
GRAPH: Record = {"nodes": list, "inputs": object, "outputs": object}  # the topology,
CHAIN: Record = {"chain": list, "input": object}  # in one of two forms
LAYER: Record = {"class_name": str, "name": str, "config": dict}
LAYER_CALL: Record = {"layer": int, "args": list, "kwargs": dict}
OP_CALL: Record = {"op": str, "name": str, "args": list, "kwargs": dict}
DESCRIPTION: Record = {"class_name": str, "config": dict}


# ---------------------------------------------------------------------------------------------
# Models


def model_config(model: "Model") -> Config:
    """The config of a model, as `Model.get_config` returns it.

    Of a graph: name, trainable, layers (the table), nodes (the calls), inputs and outputs. Of a
    `Sequential`: name, trainable, layers, chain (indices of the table) and input.
    Raises ValueError for a subclass that has to say itself how it is rebuilt.
    """
    if form_of(model) == "object":  # its own get_config asks for the part that all models have
        return {"name": model.name, "trainable": model.trainable}
    return Writer().model(model)


def model_from_config(
    config: Config, custom_objects: CustomObjects = None, cls: Any = None
) -> "Model":
    """A new model of class `cls`, with fresh weights, from the result of `get_config`.

    Names are kept; no automatic name is used up. Raises ValueError if the config is not one of
    a model, or if it names a class or function that is not known.
    """
    expect(isinstance(config, dict), f"a config is a dict, got {config!r:.80}")
    functional, sequential = registry.find("Functional"), registry.find("Sequential")
    if cls in (None, functional):
        cls = sequential if "chain" in config else functional
    return read_model(cls, config, custom_objects)[0]


def clone_model(
    model: "Model",
    clone_function: Callable[[Layer], Layer] | None = None,
    input_tensors: Structure = None,
) -> "Model":
    """A model of the same structure and names, with new layers and fresh weights.

    Classes need not be registered.

    Args:
        model: The model, a graph or a Sequential.
        clone_function: A function `clone_function(layer)` that returns the layer to use instead,
            asked for every layer but Inputs and inner models; None (default) copies all of them.
        input_tensors: Symbolic tensors at which the new model starts, in the structure of its
            inputs; None (default) makes an Input like each of the old ones.
    Raises ValueError for a subclass that has to say itself how it is rebuilt, and for input tensors
    that the layers cannot be called on.
    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="sum")])
        >>> copy = keras.models.clone_model(model)
        >>> copy.layers[0].name, copy.layers[0] is model.layers[0]
        ('sum', False)
    """
    expect(form_of(model) != "object", f"{model!r}: use from_config(get_config()) to copy it")
    own = clone_function is None or callable(clone_function)
    expect(own, f"`clone_function` is a function, got {clone_function!r}: see `input_tensors`")
    writer, replaced = Writer(), {}
    config = writer.model(model)
    starts = starts_at(model, config, input_tensors)
    kept = (InputLayer, Inside, registry.find("Functional"))
    for index, layer in enumerate(writer.layers):
        if clone_function is not None and layer is not None and not isinstance(layer, kept):
            replaced[index] = clone_function(layer)
            good = isinstance(replaced[index], Layer)
            expect(good, f"clone_function must give a layer for {layer!r}, not {replaced[index]!r}")
    return read_model(type(model), config, writer.named, replaced, starts)[0]


def starts_at(model: "Model", config: Config, tensors: Structure) -> Starts:
    """The symbols at which a model starts, by the indices of its Inputs in the table.

    Raises ValueError unless there is a symbol for each input.
    """
    if tensors is None:
        return {}
    check_symbols(tensors, "input_tensors")
    given = tree.flatten(tensors) if model.plan is None else model.arranged(tensors)
    if "nodes" in config:
        return {config["nodes"][k]["layer"]: symbol for k, symbol in enumerate(given)}
    (symbol,) = given
    expect(
        isinstance(symbol.node.layer, InputLayer),
        f"a Sequential starts at an Input, and {symbol!r} is made by {symbol.node.name!r}",
    )
    config["input"] = symbol.node.layer.get_config()
    return {CHAIN_START: symbol}


def model_to_json(model: "Model", **json_args: Any) -> str:
    """The class and the config of a model as a JSON string; `json_args` go to `json.dumps`."""
    return json.dumps(write_model(model)[0], **json_args)


@restores_context
def model_from_json(text: str, custom_objects: CustomObjects = None) -> "Model":
    """A model with fresh weights from the output of `to_json`.

    Args:
        text: The output of `to_json`.
        custom_objects: The class or function behind each name in the text that is not registered;
            None (default) if all are known.
    Raises ValueError if the text is another, or names something unknown.
    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="sum")])
        >>> keras.models.model_from_json(model.to_json()).output_shape
        (None, 1)
    """
    expect(isinstance(text, str), f"`text` must be the output of to_json, got {text!r:.80}")
    with bounded():
        return read_description(parse_json(text), custom_objects)[0]


def write_model(model: "Model") -> tuple[Config, Sequence[Layer | None]]:
    """Return ({"class_name", "config"} of a model, the layers of its table).

    For a model that defines `get_config`, the only entry is the model itself.
    """
    writer = Writer()
    if form_of(model) != "object":
        config, layers = writer.model(model), writer.layers
    else:
        config, layers = writer.encode(model.get_config(), {}), [model]
        expect(not writer.table, f"get_config of {model!r} must return plain values, not layers")
    return {"class_name": writer.name_of(type(model)), "config": config}, layers


def read_description(
    description: Config, custom_objects: CustomObjects = None
) -> tuple[Any, list[Layer]]:
    """Return (a new model, the layers of its table) from the output of `write_model`."""
    check_record(description, "a model", DESCRIPTION)
    with registry.custom_object_scope(custom_objects or {}):
        cls = find_layer_class(description["class_name"])
    expect(issubclass(cls, registry.find("Functional")), f"{cls.__name__} is not a model")
    return read_model(cls, description["config"], custom_objects)


@restores_context
def read_model(
    cls: Any,
    config: Config,
    custom_objects: CustomObjects = None,
    replaced: Mapping[int, Layer] | None = None,
    starts: Starts = MappingProxyType({}),
) -> tuple[Any, list[Layer]]:
    """Return (a new model of class `cls`, the layers of its table) from a config."""
    expect(isinstance(config, dict), f"a config is a dict, got {config!r:.80}")
    with rebuilding(custom_objects):
        if topology_keys(config):
            check_record(config, "a model", MODEL, GRAPH | CHAIN)
            reader = Reader(config["layers"], replaced)
            reader.starts = starts  # now: the models in the table keep their Inputs
            model = reader.model(cls, config["name"], config["trainable"], config)
            return model, reader.layers
        plain = cls in (registry.find("Functional"), registry.find("Sequential"))
        expect(not plain, f"{sorted(config)} do not describe a {cls.__name__}: no nodes, no chain")
        model = make(cls, Reader([]).decode(config))
        return model, [model]


def has_topology(layer: Layer) -> "TypeGuard[Model]":
    """Return whether a layer is a model that is written as a graph or chain of other layers."""
    return isinstance(layer, registry.find("Functional")) and form_of(layer) != "object"


def form_of(model: Any) -> str:
    """The form of a model in a config: a "graph", a "chain", or an "object" (own `get_config`)."""
    cls, functional, sequential = type(model), *map(registry.find, ("Functional", "Sequential"))
    expect(isinstance(model, functional), f"`model` must be a Model, got {model!r:.80}")
    if cls.get_config is not functional.get_config:
        return "object"
    own_init = cls.__init__ not in (functional.__init__, sequential.__init__)
    if own_init or (model.plan is None and not isinstance(model, sequential)):
        raise ValueError(
            f"model {model.name!r}: a {cls.__name__} cannot be rebuilt from a config, because only "
            "its own code knows how it is put together. Define get_config(self) with the arguments "
            "of __init__, or save the weights alone with save_weights"
        )
    return "chain" if isinstance(model, sequential) else "graph"


# ---------------------------------------------------------------------------------------------
# Writing


class Writer:
    """Writes models as JSON. `table` and `layers` are the entries and their objects, in one order.

    `named` maps each name that was written to the class or function that it stands for.
    """

    def __init__(self):
        self.table: list[Config] = []
        self.layers: list[Layer | None] = []  # None for an Input that only the table has
        self.named: dict[str, Any] = {}
        self._indices: dict[int, int] = {}  # id of a layer, or of a symbol where a model starts
        self._met = set()  # the ids of layers whose entry is written or in progress

    def model(self, model: "Model") -> Config:
        """The whole config of a graph or chain."""
        topology = self.topology(model)
        return {"name": model.name, "trainable": model.trainable, "layers": self.table} | topology

    def topology(self, model: "Model") -> Config:
        """The calls of a graph, or the order of the layers in a chain."""
        if form_of(model) == "chain":
            start = model.plan.inputs[0].node.fn.get_config() if model.plan else None
            return {"chain": [self.index_of(layer) for layer in model.layers], "input": start}
        nodes, sources = [], {}
        calls = collect(model.inputs, model.outputs)
        taken = {node.name for node in calls}
        for symbol in model.inputs:
            sources[symbol] = [len(nodes), 0]
            nodes.append({"layer": self.index_of_start(symbol, taken)})
        for node in sorted(calls, key=lambda node: node.order):
            for index, symbol in enumerate(node.outputs):
                sources.setdefault(symbol, [len(nodes), index])
            nodes.append(self.call(node, sources))
        inputs, outputs = self.encode(model.input, sources), self.encode(model.output, sources)
        return {"nodes": nodes, "inputs": inputs, "outputs": outputs}

    def call(self, node: Node, sources: Sources) -> Config:
        """One call: the layer or op that is called, and its arguments."""
        try:
            if node.layer is not None:
                called = {"layer": self.index_of(node.layer)}
            else:
                called = {"op": self.name_of(node.fn), "name": node.name}
            args = [self.encode(value, sources) for value in node.args]
            return called | {"args": args, "kwargs": self.encode(node.kwargs, sources)}
        except ValueError as error:
            raise ValueError(f"the call of {node.name!r} cannot be written: {error}") from error

    def index_of(self, layer: Layer) -> int:
        """The index of a layer in the table; it is added to the table on first use."""
        if id(layer) not in self._indices:
            expect(id(layer) not in self._met, f"layer {layer.name!r} is an argument of itself")
            self._met.add(id(layer))
            self._enter(layer, self.entry(layer), layer)
        return self._indices[id(layer)]

    def index_of_start(self, symbol: SymbolicTensor, taken: set[str]) -> int:
        """The index of the Input where a model starts.

        A model that is a part of a larger graph starts at an inner tensor. Rebuilt, it starts at an
        Input of the same shape and dtype, and of the same name unless that is `taken`.
        """
        if isinstance(symbol.node.layer, InputLayer):
            return self.index_of(symbol.node.layer)
        if id(symbol) not in self._indices:
            name = symbol.name + "_input" * (symbol.name in taken)
            config = {"batch_shape": list(symbol.shape), "dtype": symbol.dtype, "name": name}
            self._enter(symbol, {"class_name": "InputLayer", "name": name, "config": config}, None)
        return self._indices[id(symbol)]

    def _enter(self, thing: Any, entry: Config, layer: Layer | None) -> None:
        self._indices[id(thing)] = len(self.table)
        self.table.append(entry)
        self.layers.append(layer)

    def entry(self, layer: Layer) -> Config:
        """A layer's entry: class, name and config, and for a model its topology."""
        head: Config = {"class_name": self.name_of(type(layer)), "name": layer.name}
        if has_topology(layer):
            config = {"name": layer.name, "trainable": layer.trainable}
            return head | {"config": config} | self.topology(layer)
        config = layer.get_config()
        expect(isinstance(config, dict), f"get_config of layer {layer.name!r} must return a dict")
        if type(layer).get_config is Layer.get_config:
            config = config | self.layers_in_arguments(layer)
        if not layer.trainable and "trainable" not in config:
            head["trainable"] = False
        return head | {"config": self.encode(config, {})}

    def layers_in_arguments(self, layer: Layer) -> dict[str, Any]:
        """The constructor arguments that hold layers, which are written as indices of the table."""
        arguments = {n: getattr(layer, n) for n in registry.init_parameters(type(layer))}
        for value in arguments.values():
            self.meet(value)
        held = {name: tree.flatten(value) for name, value in arguments.items()}
        return {n: arguments[n] for n in held if any(isinstance(leaf, Layer) for leaf in held[n])}

    def meet(self, value: Any) -> None:
        """Record what the names in the config of a constructor argument stand for."""
        if inspect.isfunction(value):
            self.name_of(value)
        elif isinstance(value, registry.Configurable):
            self.name_of(type(value))
            for name in registry.init_parameters(type(value)):
                self.meet(getattr(value, name, None))

    def name_of(self, thing: Any) -> str:
        """The name of a class or function; raises ValueError if it already stands for another."""
        name = registry.name_in_config(thing)
        self.named[name] = thing
        return name

    def encode(self, value: Any, sources: Any) -> Any:
        """A value as JSON. `sources` says which output of which call each symbol is."""
        match value.item() if isinstance(value, np.generic) else value:
            case None | bool() | int() | str() as plain:
                return plain
            case float() as plain:
                return plain if math.isfinite(plain) else {"$float": repr(plain)}
            case list() as items:
                return [self.encode(item, sources) for item in items]
            case dict() as items:
                good = all(isinstance(key, str) and not key.startswith("$") for key in items)
                expect(good, f"the keys {list(items)!r:.80} must be texts without a '$' in front")
                return {key: self.encode(item, sources) for key, item in items.items()}
            case tuple() as items:
                expect(not hasattr(items, "_fields"), "named tuples cannot be rebuilt: use a dict")
                return {"$tuple": self.encode(list(items), sources)}
            case slice(start=start, stop=stop, step=step):
                return {"$slice": self.encode([start, stop, step], sources)}
            case SymbolicTensor() as symbol:
                expect(symbol in sources, f"{symbol!r} is not made by the calls of this model")
                return {"$tensor": sources[symbol]}
            case Layer() as layer:
                return {"$layer": self.index_of(layer)}
            case EllipsisType():
                return {"$ellipsis": True}
            case np.dtype() | type() as dtype:
                return {"$dtype": standard_dtype(dtype)}
            case Tensor() | np.ndarray() as array:
                return {"$array": encode_array(array)}
        raise ValueError(f"{value!r:.80} ({type(value).__name__}) cannot be written as JSON")


def encode_array(value: Tensor | np.ndarray) -> list[Any]:
    """An array as its dtype, its shape, and its bytes in hexadecimal, little-endian."""
    is_variable = isinstance(value, Variable)
    expect(not is_variable, f"{value!r:.80} is outside of all layers: make it with add_weight")
    array = value.numpy() if isinstance(value, Tensor) else value
    expect(array.dtype.kind in "biuf", f"an array of {array.dtype} cannot be written")
    little = array.astype(array.dtype.newbyteorder("<"))
    return [array.dtype.name, list(array.shape), little.tobytes().hex()]


# ---------------------------------------------------------------------------------------------
# Reading


@contextmanager
def rebuilding(custom_objects: CustomObjects) -> Iterator[None]:
    """Within the block, custom names are known and automatic names have a separate counter."""
    with registry.custom_object_scope(custom_objects or {}), setting(names=Counter()):
        yield


class Reader:
    """Makes the layers of a table, then the calls of a topology.

    `replaced` maps indices of the table to layers that are used instead, and `starts` those of
    Inputs to symbols.
    """

    starts: Starts = MappingProxyType({})

    def __init__(self, table: list[Config], replaced: Mapping[int, Layer] | None = None):
        few = len(table) <= MOST_LAYERS or context.budget is None
        expect(few, f"the model has {len(table)} layers, and {MOST_LAYERS} are allowed")
        self.layers: list[Layer] = []
        self._replaced = dict(replaced or {})
        # Of each layer: how many calls one call of it makes, and how deep it nests.
        self._costs: list[tuple[int, int]] = []
        self._calls = self._depth = 0  # of the layer that is being made, with all that is inside
        for entry in table:
            self._calls = self._depth = 0
            self.layers.append(self.layer(entry))
            self._costs.append((1 + self._calls, 1 + self._depth))

    def at(self, index: Any) -> Layer:
        """The layer at this index of the table so far; looking it up counts as a call."""
        expect(is_index(index, self.layers), f"layer {index!r:.40} is not described before its use")
        calls, depth = self._costs[index]
        self.spend(calls)
        self._depth = max(self._depth, depth)
        expect(self._depth <= DEEPEST_MODEL, f"models are nested deeper than {DEEPEST_MODEL}")
        return self.layers[index]

    def spend(self, calls: int) -> None:
        """Count calls. A model that is read from a file may make a limited number."""
        self._calls += calls
        if context.budget is not None:
            context.budget.calls -= calls
            expect(context.budget.calls >= 0, f"the model makes more than {MOST_CALLS} calls")

    def layer(self, entry: Any) -> Layer:
        """Make the layer that an entry describes."""
        check_record(entry, "a layer", LAYER, {"trainable": bool} | GRAPH | CHAIN)
        cls, name, config = find_layer_class(entry["class_name"]), entry["name"], entry["config"]
        check_name(name)
        expect(config.get("name", name) == name, f"layer {name!r} has two names")
        trainable = entry.get("trainable", config.get("trainable", True))
        expect(isinstance(trainable, bool), f"`trainable` of {name!r} must be true or false")
        if topology_keys(entry):
            return self.model(cls, name, trainable, entry)
        layer = self._replaced.get(len(self.layers))
        if layer is None and issubclass(cls, InputLayer):
            layer = make_input(config | {"name": name})
        elif layer is None:
            layer = make(cls, self.decode(config))
        layer.name = name
        if not trainable:
            layer.trainable = False  # also freezes inner layers that no config describes
        return layer

    def model(self, cls: Any, name: str, trainable: bool, topology: Config) -> Any:
        """Make a model from its topology."""
        is_chain = issubclass(cls, registry.find("Sequential"))
        keys = (CHAIN if is_chain else GRAPH).keys()
        fits = issubclass(cls, registry.find("Functional")) and topology_keys(topology) == keys
        expect(fits, f"{name!r:.80}, a {cls.__name__}, must be described by {sorted(keys)}")
        if is_chain:
            model = cls(name=name, trainable=trainable)
            self.fill(model, topology)
            return model
        made: list[list[SymbolicTensor]] = []
        for entry in topology["nodes"]:
            made.append(self.call(entry, made))
        inputs, outputs = (self.decode(topology[key], made) for key in ("inputs", "outputs"))
        return cls(inputs, outputs, name=name, trainable=trainable)

    def fill(self, model: Any, topology: Config) -> None:
        """Put the layers into a Sequential."""
        if topology["input"] is not None:
            start = self.starts.get(CHAIN_START)
            model.add(make_input(topology["input"]).output if start is None else start)
        for index in topology["chain"]:
            layer = self.at(index)
            model.add(layer)
            if layer.nodes:
                check_size(layer.nodes[-1])

    def call(self, entry: Any, made: Sequence[list[SymbolicTensor]]) -> list[SymbolicTensor]:
        """Make one call on the symbols that were `made` before; returns those that it makes."""
        if isinstance(entry, dict) and entry.keys() == {"layer"}:
            layer = self.at(entry["layer"])
            expect(isinstance(layer, InputLayer), f"{layer.name!r} is called without arguments")
            return [self.starts.get(entry["layer"], layer.output)]
        is_op = isinstance(entry, dict) and "op" in entry
        check_record(entry, "a call", OP_CALL if is_op else LAYER_CALL)
        if is_op:
            check_name(entry["name"])
            self.spend(1)
        fn = find_function(entry["op"]) if is_op else self.at(entry["layer"])
        args = tuple(self.decode(value, made) for value in entry["args"])
        kwargs = {name: self.decode(value, made) for name, value in entry["kwargs"].items()}
        leaves = tree.flatten((args, kwargs))
        called_on = args and any(isinstance(leaf, SymbolicTensor) for leaf in leaves)
        expect(called_on, "a call needs a tensor that an earlier call made")
        if is_op:
            check_unbatched(leaves)
        symbols = tree.flatten(connect(fn, args, kwargs))
        if is_op:
            rename(symbols, entry["name"])
        check_size(symbols[0].node)
        return symbols

    def decode(self, value: Any, made: Any = ()) -> Any:
        """The inverse of `Writer.encode`; `made` are the symbols of the calls so far."""
        if isinstance(value, list):
            return [self.decode(item, made) for item in value]
        if not isinstance(value, dict):
            return value
        if not any(isinstance(key, str) and key.startswith("$") for key in value):
            return {key: self.decode(item, made) for key, item in value.items()}
        expect(len(value) == 1, f"{list(value)!r:.80} mixes a tag with other keys")
        match value:
            case {"$layer": index}:
                return self.at(index)
            case {"$tensor": [call, k]} if is_index(call, made) and is_index(k, made[call]):
                return made[call][k]
            case {"$tuple": list(items)}:
                return tuple(self.decode(items, made))
            case {"$slice": [_, _, _] as ends}:
                return slice(*self.decode(ends, made))
            case {"$float": "inf" | "-inf" | "nan" as text}:
                return float(text)
            case {"$ellipsis": True}:
                return Ellipsis
            case {"$dtype": str(name)}:
                return np.dtype(standard_dtype(name))
            case {"$array": [str(dtype), list(shape), str(data)]}:
                return decode_array(dtype, shape, data)
        raise ValueError(
            f"{value!r:.80} is none of the known tags, or does not name what was made before it"
        )


def make(cls: Any, config: Config) -> Any:
    """A layer from its config.

    The inherited `from_config` passes the config to the constructor, so objects inside it are made
    first. A class with its own gets the config as its own `get_config` wrote it.
    """
    inherited = (Layer.from_config.__func__, registry.find("Functional").from_config.__func__)
    if cls.from_config.__func__ in inherited:
        spend(ELEMENTS_PER_CALL * INNER_LAYER, layers_inside(config))
        return cls(**{key: registry.deserialize(value) for key, value in config.items()})
    layer = cls.from_config(config)
    expect(isinstance(layer, cls), f"{cls.__name__}.from_config gave {layer!r:.80}")
    return layer


def layers_inside(config: Any) -> int:
    """How many layers a config describes, such as the cells of an RNN."""
    if isinstance(config, (list, dict)):
        parts = config.values() if isinstance(config, dict) else config
        named = config.get("class_name") if isinstance(config, dict) else None
        known = isinstance(named, str) and is_layer_class(registry.get_registered_object(named))
        return known + sum(map(layers_inside, parts))
    return 0


def make_input(config: Any) -> InputLayer:
    """An InputLayer from its config, which may come from anywhere."""
    check_record(config, "an Input", {"batch_shape": list, "dtype": str, "name": str})
    layer = InputLayer(**config)
    check_size(layer.nodes[0])
    return layer


def find_layer_class(name: Any) -> Any:
    """The layer class that a name stands for; raises ValueError if there is none."""
    cls = None
    if isinstance(name, str):
        cls = registry.find(name, kind="layer or model", fits=is_layer_class)
    expect(is_layer_class(cls), f"{name!r:.80} is not the class of a layer")
    return cls


def is_layer_class(thing: Any) -> TypeGuard[type[Layer]]:
    return inspect.isclass(thing) and issubclass(thing, Layer)


def find_function(name: Any) -> Any:
    """The op that a name stands for; raises ValueError if there is none."""
    fn = registry.find(name, kind="op") if isinstance(name, str) else None
    expect(inspect.isfunction(fn), f"{name!r:.80} is not a function")
    return fn


def decode_array(dtype_name: str, shape: list[Any], data: str) -> np.ndarray:
    """An array from its dtype, shape and bytes, which must fit together."""
    dtype, axes = np.dtype(standard_dtype(dtype_name)), check_shape(shape, "shape")
    found = bytes.fromhex(data)
    sizes = [size for size in axes if size is not None]
    good = len(sizes) == len(axes) and len(found) == math.prod(sizes) * dtype.itemsize
    expect(good, f"an array of shape {axes} has {len(found)} bytes")
    return np.frombuffer(found, dtype.newbyteorder("<")).astype(dtype).reshape(sizes)


def rename(symbols: list[SymbolicTensor], name: str) -> None:
    """Give the node of an op, and the symbols that it makes, the name stored in the file."""
    symbols[0].node.name = name
    for symbol in symbols:
        symbol.name = name if len(symbols) == 1 else f"{name}_{symbol.index}"


def is_index(value: Any, things: Sequence[Any]) -> bool:
    """Return whether `value` is a valid index into `things`."""
    return type(value) is int and 0 <= value < len(things)


def topology_keys(config: Config) -> set[str]:
    """The keys in a config that describe the topology of a model."""
    return config.keys() & (GRAPH | CHAIN).keys()


def check_record(entry: Any, what: str, needed: Record, optional: Record | None = None) -> None:
    """Raise ValueError unless `entry` is a dict with all the needed keys and no unknown ones, and
    what stands under each is of its type.
    """
    known = needed | (optional or {})
    expect(isinstance(entry, dict), f"{what} is described by a dict, got {entry!r:.80}")
    check_keys(entry, f"the description of {what}", known, needed)
    for key, value in entry.items():
        if not isinstance(value, known[key]):  # no `expect`: formatting each value would be slow
            kind = known[key].__name__
            raise ValueError(f"`{key}` of {what} must be of type {kind}, got {value!r:.80}")


# ---------------------------------------------------------------------------------------------
# Bounds. Calls are traced on empty batches, so nearly all of the arrays are empty, however large
# their shapes. A config from a file must still not ask for more than a machine has.


def bounded() -> AbstractContextManager[None]:
    """Within the block, the limits for configs from files apply.

    Ten models, each calling the one before ten times, make ten billion calls in a short text.
    """
    return setting(budget=Budget(MOST_CALLS))


def check_size(node: Node) -> None:
    """Raise ValueError if one sample of an output of `node` has too many elements."""
    for symbol in node.outputs if context.budget is not None else []:
        probes = symbol.probes
        elements = max(math.prod(n or symbol.batch_size or 1 for n in shape) for shape in probes)
        text = f"{symbol.name!r} of shape {symbol.shape} has more than {MOST_ELEMENTS} elements"
        expect(elements <= MOST_ELEMENTS, text)


def check_unbatched(leaves: list[Any]) -> None:
    """Raise ValueError if the tensors without a batch that an op is given have too many elements.

    Only these are not empty while a call is traced. What an op makes of them, it is charged for
    itself.
    """
    shapes = [leaf.probes[1] for leaf in leaves if isinstance(leaf, SymbolicTensor)]
    shapes += [leaf.shape for leaf in leaves if isinstance(leaf, np.ndarray)]
    for shape in shapes:
        spend(*shape)
