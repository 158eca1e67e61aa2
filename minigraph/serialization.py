"""A model as plain JSON, and back.

The config of a model is a table and a drawing. The table holds each layer object once, also the
layers of models inside the model, so whatever is shared stays shared. The drawing lists the calls
in the order in which they were made, and a call may name only calls before it. So a config cannot
describe a circle.

JSON has no tuples, slices or arrays. Each is written as a dict with one key, its tag:

    {"$tensor": [2, 0]}     output 0 of call 2          {"$tuple": [...]}    a tuple
    {"$layer": 3}           layer 3 of the table        {"$slice": [a, b, c]}
    {"$array": {...}}       numbers, as hexadecimal     {"$ellipsis": true}  ...
    {"$dtype": "float32"}   a type of number            {"$float": "inf"}    inf, -inf or nan
    {"$function": "relu"}   a function, by its name     {"$object": {...}}   class and config
    {"$dict": [[k, v]]}     a dict whose keys are not all plain texts
"""

import copy
import inspect
import json
import math
import threading
from collections import Counter
from contextlib import contextmanager

import numpy as np

from . import graph, registry, tree
from .backend import setting, standard_dtype
from .graph import InputLayer, SymbolicTensor
from .layer import Layer, check_name
from .tensor import Tensor, Variable

# Bounds for models that come from a file (see `bounded`).
MOST_LAYERS = 10_000
MOST_CALLS = 200_000  # each call of a model counts all the calls inside it
MOST_NUMBERS = 2**27  # in one row of one tensor


def expect(condition, text):
    """Raise ValueError with `text` unless the condition holds."""
    if not condition:
        raise ValueError(text)


# ---------------------------------------------------------------------------------------------
# Models


def model_config(model):
    """The config of a model, as `Model.get_config` gives it.

    A graph: name, trainable, layers (the table), nodes (the calls), inputs and outputs. A
    `Sequential`: name, trainable, layers, chain (places in the table) and input.
    Raises ValueError for a subclass that has to say itself how it is rebuilt.
    """
    if form_of(model) == "object":  # its own get_config asks for the part that every model has
        return {"name": model.name, "trainable": model.trainable}
    return Writer().model(model)


def model_from_config(config, custom_objects=None, cls=None):
    """A new model of class `cls`, with fresh weights, from what `get_config` gave.

    Names are kept and no automatic name is used up. Raises ValueError if the config is not one of a
    model, or if it names a class or function that is not known.
    """
    return read_model(config, custom_objects, cls)[0]


def graph_config(model):
    """The config of a graph model: what `model_config` gives for anything but a Sequential."""
    config = model_config(model)
    expect("nodes" in config, f"model {model.name!r} is no graph of layers")
    return config


def graph_from_config(config, custom_objects=None):
    """The symbols of a graph config, newly drawn: (inputs, outputs) in their structures."""
    with rebuilding(custom_objects):
        reader = Reader(config["layers"])
        return reader.draw(config)[:2]


def clone_model(model, clone_function=None):
    """A model of the same structure and names with new layers and fresh weights.

    `clone_function(layer)` may give the layer that takes a layer's place; Inputs and inner models
    are always copied. Layers need not be registered.
    """
    expect(
        form_of(model) != "object",
        f"{type(model).__name__} has a get_config of its own: clone it with "
        f"{type(model).__name__}.from_config(model.get_config())",
    )
    writer = Writer()
    config = writer.model(model)
    replaced = {}
    if clone_function is not None:
        for place, layer in enumerate(writer.layers):
            if layer is not None and not isinstance(
                layer, (InputLayer, registry.find("Functional"))
            ):
                replaced[place] = clone_function(layer)
                expect(
                    isinstance(replaced[place], Layer),
                    f"clone_function must give a layer for {layer.name!r}, got {replaced[place]!r}",
                )
    return read_model(config, writer.met, type(model), replaced)[0]


def model_to_json(model, **json_args):
    """The class and the config of a model as a text; `json_args` go to `json.dumps`."""
    return json.dumps(write_model(model)[0], **json_args)


def model_from_json(text, custom_objects=None):
    """A model with fresh weights from what `to_json` gave; ValueError if the text is another."""
    description = json.loads(text)
    with bounded():
        return model_from_description(description, custom_objects)[0]


def write_model(model):
    """({"class_name", "config"} of a model, the layer objects of its table).

    For a model with a `get_config` of its own, the table is the model itself.
    """
    writer = Writer()
    if form_of(model) == "object":
        place = writer.place(model)
        entry = writer.table[place]
        expect(
            len(writer.table) == 1,
            f"{type(model).__name__}.get_config must give plain values, not layers",
        )
        return {"class_name": entry["class_name"], "config": entry["config"]}, [model]
    config = writer.model(model)
    return {"class_name": writer.name_of(type(model)), "config": config}, writer.layers


def model_from_description(description, custom_objects=None):
    """(a new model, the layer objects of its table) from what `write_model` gave."""
    good = isinstance(description, dict) and {"class_name", "config"} <= description.keys()
    expect(good, "a model is described by its `class_name` and its `config`")
    with rebuilding(custom_objects):
        cls = find_layer_class(description["class_name"])
        expect(issubclass(cls, registry.find("Functional")), f"{cls.__name__} is no model")
        config = description["config"]
        if isinstance(config, dict) and config.keys() & {"nodes", "chain"}:
            return read_model(config, None, cls)
        model = make(cls, Reader([]).decode(config))
        return model, [model]


def read_model(config, custom_objects=None, cls=None, replaced=()):
    """(a new model, the layer objects of its table) from a config."""
    expect(isinstance(config, dict), f"a config is a dict, got {config!r:.80}")
    functional, sequential = registry.find("Functional"), registry.find("Sequential")
    if cls is not None and not config.keys() & {"nodes", "chain"}:
        expect(
            cls not in (functional, sequential),
            f"the config of a {cls.__name__} needs `layers` and the calls that join them, but has "
            f"only {sorted(config)}",
        )
        with rebuilding(custom_objects):
            model = cls(**registry.deserialize(copy.deepcopy(config)))
        return model, [model]
    if cls is None or (cls is functional and "chain" in config):
        cls = functional if "nodes" in config else sequential
    expect("layers" in config, "the config of a model needs `layers`")
    with rebuilding(custom_objects):
        reader = Reader(config["layers"], replaced)
        model, _ = reader.model(cls, config.get("name"), config.get("trainable", True), config)
    return model, reader.layers


def form_of(model):
    """How a model is written: as a "graph", a "chain", or an "object" with its own `get_config`."""
    functional, sequential = registry.find("Functional"), registry.find("Sequential")
    cls = type(model)
    if cls.get_config is not functional.get_config:
        return "object"
    own_init = cls.__init__ not in (functional.__init__, sequential.__init__)
    if own_init or (model.plan is None and not isinstance(model, sequential)):
        raise ValueError(
            f"model {model.name!r}: a {cls.__name__} cannot be rebuilt from a config, because only "
            "its own code knows how it is put together. Define get_config(self) with the arguments "
            "of __init__ (and from_config if they are more than plain values), or save the weights "
            "alone with save_weights"
        )
    return "chain" if isinstance(model, sequential) else "graph"


# ---------------------------------------------------------------------------------------------
# Writing


class Writer:
    """Writes models down. `table` and `layers` are the entries and their objects, in one order.

    `met` maps each name that was written to the class or function that it means.
    """

    def __init__(self):
        self.table, self.layers, self.met = [], [], {}
        self._places = {}  # id of a layer (or of a symbol where a model starts) -> its place

    def model(self, model):
        """The whole config of a graph or chain."""
        head = {"name": model.name, "trainable": model.trainable}
        description = self.describe(model)
        return head | {"layers": self.table} | description

    def describe(self, model):
        """How the layers of the table are joined: the calls of a graph, or the order of a chain."""
        if form_of(model) == "chain":
            start = model.plan.inputs[0].node.layer.get_config() if model.plan else None
            return {"chain": [self.place(layer) for layer in model.layers], "input": start}
        nodes, numbers = [], {}
        for symbol in model.inputs:
            numbers[symbol] = [len(nodes), 0]
            nodes.append({"layer": self.place_start(symbol)})
        calls = graph.collect(model.inputs, model.outputs)
        for node in sorted(calls, key=lambda node: node.order):
            for index, symbol in enumerate(node.outputs):
                numbers.setdefault(symbol, [len(nodes), index])
            nodes.append(self.call(node, numbers))
        inputs, outputs = self.encode(model.input, numbers), self.encode(model.output, numbers)
        return {"nodes": nodes, "inputs": inputs, "outputs": outputs}

    def call(self, node, numbers):
        """One call: what is called, and with what."""
        if node.layer is not None:
            called = {"layer": self.place(node.layer)}
        else:
            called = {"op": self.name_of(node.fn), "name": node.name}
        try:
            args = [self.encode(value, numbers) for value in node.args]
            kwargs = {name: self.encode(value, numbers) for name, value in node.kwargs.items()}
        except ValueError as error:
            raise ValueError(f"the call of {node.name!r} cannot be written: {error}") from error
        return called | {"args": args, "kwargs": kwargs}

    def place(self, layer):
        """The place of a layer in the table; it enters the table at its first mention."""
        if id(layer) not in self._places:
            self._places[id(layer)] = None
            self._enter(layer, self.entry(layer), layer)
        place = self._places[id(layer)]
        expect(place is not None, f"layer {layer.name!r} is an argument of itself")
        return place

    def place_start(self, symbol):
        """The place of the Input where a model starts.

        A model that was cut out of a larger graph starts at an inner tensor. Rebuilt, it starts at
        an Input of the same name, shape and dtype.
        """
        layer = symbol.node.layer
        if isinstance(layer, InputLayer):
            return self.place(layer)
        if id(symbol) not in self._places:
            name = symbol.name
            while any(entry["name"] == name for entry in self.table):
                name += "_input"
            config = {"batch_shape": list(symbol.shape), "dtype": symbol.dtype, "name": name}
            self._enter(symbol, {"class_name": "InputLayer", "name": name, "config": config}, None)
        return self._places[id(symbol)]

    def _enter(self, thing, entry, layer):
        self._places[id(thing)] = len(self.table)
        self.table.append(entry)
        self.layers.append(layer)

    def entry(self, layer):
        """A layer's entry: class, name and config, and for a model how its layers are joined."""
        head = {"class_name": self.name_of(type(layer)), "name": layer.name}
        if isinstance(layer, registry.find("Functional")) and form_of(layer) != "object":
            config = {"name": layer.name, "trainable": layer.trainable}
            return head | {"config": config} | self.describe(layer)
        config = layer.get_config()
        expect(isinstance(config, dict), f"get_config of layer {layer.name!r} must give a dict")
        if type(layer).get_config is Layer.get_config:
            config = config | self.arguments(layer)
        entry = head | {"config": self.encode(config, {})}
        if not layer.trainable and "trainable" not in config:
            entry["trainable"] = False
        return entry

    def arguments(self, layer):
        """The constructor arguments that hold layers; these are written as places in the table."""
        found = {}
        for name in registry.constructor_arguments(type(layer)):
            value = getattr(layer, name)
            if inspect.isfunction(value):
                self.name_of(value)
            if any(isinstance(leaf, Layer) for leaf in tree.flatten(value)):
                found[name] = value
        return found

    def name_of(self, thing):
        """The name that stands for a class or function; ValueError if it would mean another."""
        name = registry.get_registered_name(thing)
        known = registry.get_registered_object(name)
        same = known is None or known is thing
        if not same and (known.__module__, known.__qualname__) != (
            thing.__module__,
            thing.__qualname__,
        ):
            raise ValueError(
                f"{name!r} would be read back as {known!r}, not as {thing!r}: give yours another "
                "name, or mark it with @register_keras_serializable()"
            )
        self.met[name] = thing
        return name

    def encode(self, value, numbers):
        """A value as JSON. `numbers` says which output of which call each symbol is."""
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"$float": repr(value)}
        if isinstance(value, list):
            return [self.encode(item, numbers) for item in value]
        if isinstance(value, tuple):
            expect(
                not hasattr(value, "_fields"),
                f"a named tuple ({type(value).__name__}) cannot be rebuilt: use a dict instead",
            )
            return {"$tuple": [self.encode(item, numbers) for item in value]}
        if isinstance(value, dict):
            if all(isinstance(key, str) and not key.startswith("$") for key in value):
                return {key: self.encode(item, numbers) for key, item in value.items()}
            pairs = value.items()
            return {"$dict": [[self.encode(k, numbers), self.encode(v, numbers)] for k, v in pairs]}
        if isinstance(value, SymbolicTensor):
            expect(value in numbers, f"{value!r} is not made by the calls of this model")
            return {"$tensor": list(numbers[value])}
        if isinstance(value, Layer):
            return {"$layer": self.place(value)}
        if isinstance(value, slice):
            ends = (value.start, value.stop, value.step)
            return {"$slice": [self.encode(end, numbers) for end in ends]}
        if value is Ellipsis:
            return {"$ellipsis": True}
        number_types = (bool, int, float, np.generic)
        if isinstance(value, np.dtype) or (
            inspect.isclass(value) and issubclass(value, number_types)
        ):
            return {"$dtype": standard_dtype(value)}
        if isinstance(value, (Tensor, np.ndarray)):
            return {"$array": self.encode_array(value)}
        if inspect.isfunction(value):
            registry.serialize(value)  # refuses a function without a name
            return {"$function": self.name_of(value)}
        return {"$object": registry.serialize(value)}

    def encode_array(self, value):
        """An array as dtype, shape and its bytes in hexadecimal, little end first."""
        expect(
            not isinstance(value, Variable),
            f"the variable {getattr(value, 'name', '')!r} is used outside of a layer, where no "
            "file can find it: make it with add_weight in a layer",
        )
        array = value.numpy() if isinstance(value, Tensor) else value
        expect(array.dtype.kind in "biuf", f"an array of {array.dtype} cannot be written")
        data = array.astype(array.dtype.newbyteorder("<")).tobytes().hex()
        return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


# ---------------------------------------------------------------------------------------------
# Reading


@contextmanager
def rebuilding(custom_objects):
    """While models are rebuilt, custom names are known and automatic names come from elsewhere."""
    with registry.custom_object_scope(custom_objects or {}), setting(names=Counter()):
        yield


class Bounds(threading.local):
    """How many calls a model that is being read may still make; None for any number."""

    calls = None


_bounds = Bounds()


@contextmanager
def bounded():
    """Within the block, a config cannot ask for more than a file may.

    Ten models, each calling the one before ten times, are a short text and ten billion calls.
    """
    before, _bounds.calls = _bounds.calls, MOST_CALLS
    try:
        yield
    finally:
        _bounds.calls = before


class Reader:
    """Makes the layers of a table, then joins them.

    `replaced` maps places of the table to layers that stand there instead.
    """

    def __init__(self, table, replaced=()):
        expect(isinstance(table, list), f"`layers` must be a list, got {table!r:.80}")
        few = _bounds.calls is None or len(table) <= MOST_LAYERS
        expect(few, f"the model has {len(table)} layers; a file may have {MOST_LAYERS}")
        self.layers, self._costs, self._replaced = [], [], dict(replaced)
        for entry in table:
            layer, cost = self.layer(entry)
            self.layers.append(layer)
            self._costs.append(cost)

    def layer(self, entry):
        """(the layer of an entry, how many calls one call of it makes)."""
        joined = {"nodes", "inputs", "outputs", "chain", "input"}
        allowed = {"class_name", "name", "config", "trainable", *joined}
        check_keys(entry, {"class_name", "name", "config"}, allowed, "a layer")
        name, config = entry["name"], entry["config"]
        check_name(name)
        expect(isinstance(config, dict), f"the config of layer {name!r} must be a dict")
        expect(config.get("name", name) == name, f"layer {name!r} has another name in its config")
        cls = find_layer_class(entry["class_name"])
        trainable = entry.get("trainable", config.get("trainable", True))
        expect(isinstance(trainable, bool), f"layer {name!r}: `trainable` must be true or false")
        if entry.keys() & joined:
            return self.model(cls, name, trainable, entry)
        if issubclass(cls, InputLayer):
            graph.check_shape(config.get("batch_shape"), "batch_shape")
            config = config | {"name": name}
        layer = self._replaced.get(len(self.layers))
        if layer is None:
            layer = make(cls, self.decode(config))
        layer.name = name
        if not trainable:
            layer.trainable = False  # reaches the layers inside, which no config mentions
        for node in layer.nodes:  # an InputLayer has one from the start
            check_room(node)
        return layer, 1 + sum(self._costs[place] for place in places_in(config))

    def model(self, cls, name, trainable, description):
        """(a model from its drawing, how many calls one call of it makes)."""
        family = "Functional" if "nodes" in description else "Sequential"
        fits = issubclass(cls, registry.find(family))
        wrong = family == "Functional" and issubclass(cls, registry.find("Sequential"))
        expect(fits and not wrong, f"a {cls.__name__} is not described in this way")
        if family == "Functional":
            inputs, outputs, cost = self.draw(description)
            return cls(inputs, outputs, name=name, trainable=trainable), cost
        check_keys(description, {"chain", "input"}, None, "a Sequential")
        model, cost = cls(name=name, trainable=trainable), 1
        if description["input"] is not None:
            graph.check_shape(description["input"].get("batch_shape"), "batch_shape")
            model.add(make(InputLayer, self.decode(description["input"])).output)
        expect(isinstance(description["chain"], list), "`chain` must be a list")
        for place in description["chain"]:
            layer = self.at(place)
            spend(self._costs[place])
            model.add(layer)
            if layer.nodes:
                check_room(layer.nodes[-1])
            cost += self._costs[place]
        return model, cost

    def draw(self, description):
        """Make the calls of a graph: (inputs, outputs, how many calls they are)."""
        check_keys(description, {"nodes", "inputs", "outputs"}, None, "a graph")
        expect(isinstance(description["nodes"], list), "`nodes` must be a list")
        made, total = [], 1
        for entry in description["nodes"]:
            outputs, cost = self.call(entry, made)
            made.append(outputs)
            total += cost
        inputs, outputs = (self.decode(description[key], made) for key in ("inputs", "outputs"))
        return inputs, outputs, total

    def call(self, entry, made):
        """Make one call on the symbols that were `made` before: (its symbols, its cost)."""
        if isinstance(entry, dict) and entry.keys() == {"layer"}:
            layer = self.at(entry["layer"])
            expect(isinstance(layer, InputLayer), f"{layer.name!r} is called without arguments")
            return [layer.output], 0
        is_layer = isinstance(entry, dict) and "layer" in entry
        keys = {"layer", "args", "kwargs"} if is_layer else {"op", "name", "args", "kwargs"}
        check_keys(entry, keys, keys, "a call")
        if is_layer:
            fn, cost = self.at(entry["layer"]), self._costs[entry["layer"]]
        else:
            check_name(entry["name"])
            fn, cost = find_function(entry["op"]), 1
        good = isinstance(entry["args"], list) and isinstance(entry["kwargs"], dict)
        expect(good and entry["args"], "a call needs a list of `args` and a dict of `kwargs`")
        args = tuple(self.decode(value, made) for value in entry["args"])
        kwargs = {key: self.decode(value, made) for key, value in entry["kwargs"].items()}
        leaves = tree.flatten((args, kwargs))
        symbols = [leaf for leaf in leaves if isinstance(leaf, SymbolicTensor)]
        expect(symbols, "a call needs at least one tensor that an earlier call made")
        spend(cost)
        check_loose(leaves)
        outputs = tree.flatten(graph.connect(fn, args, kwargs))
        node = outputs[0].node
        if not is_layer:
            rename(node, entry["name"])
        check_room(node)
        return outputs, cost

    def at(self, place):
        """The layer at a place of the table that was filled before."""
        expect(is_place(place, self.layers), f"no layer {place!r:.40} was described before its use")
        return self.layers[place]

    def decode(self, value, made=()):
        """The inverse of `Writer.encode`; `made` are the symbols of the calls so far."""
        if isinstance(value, list):
            return [self.decode(item, made) for item in value]
        if not isinstance(value, dict):
            return value
        tags = [key for key in value if isinstance(key, str) and key.startswith("$")]
        if not tags:
            return {key: self.decode(item, made) for key, item in value.items()}
        expect(len(value) == 1, f"{sorted(value)} mixes a tag with other keys")
        tag, content = tags[0], value[tags[0]]
        if tag == "$tensor":
            good = isinstance(content, list) and len(content) == 2 and is_place(content[0], made)
            good = good and is_place(content[1], made[content[0]])
            expect(good, f"the tensor {content!r:.80} is not made by an earlier call")
            return made[content[0]][content[1]]
        if tag == "$layer":
            return self.at(content)
        if tag == "$float":
            expect(content in ("inf", "-inf", "nan"), f"{content!r:.40} is no special float")
            return float(content)
        if tag == "$dtype":
            return standard_dtype(content)
        if tag == "$ellipsis":
            return Ellipsis
        if tag == "$function":
            return find_function(content)
        if tag == "$object":
            return registry.deserialize(content)
        if tag == "$array":
            return decode_array(content)
        items = self.decode(content, made)
        expect(isinstance(items, list), f"the content of {tag} must be a list")
        if tag == "$tuple":
            return tuple(items)
        if tag == "$slice" and len(items) == 3:
            return slice(*items)
        if tag == "$dict":
            return dict(items)
        raise ValueError(f"unknown tag {tag!r:.40}")


def make(cls, config):
    """A layer from its config.

    The inherited `from_config` passes the config to the constructor, so objects inside it are made
    first. A class with its own gets the config as its own `get_config` wrote it.
    """
    expect(isinstance(config, dict), f"the config of a {cls.__name__} must be a dict")
    if cls.from_config.__func__ is Layer.from_config.__func__:
        return cls(**{key: registry.deserialize(value) for key, value in config.items()})
    layer = cls.from_config(config)
    expect(isinstance(layer, cls), f"{cls.__name__}.from_config gave {layer!r:.80}")
    return layer


def find_layer_class(name):
    """The layer class that a name means; ValueError if it means nothing, or something else."""
    expect(isinstance(name, str), f"a class is named by a text, got {name!r:.80}")
    cls = registry.find(name)
    good = inspect.isclass(cls) and issubclass(cls, Layer)
    expect(good, f"{name!r} is not the class of a layer")
    return cls


def find_function(name):
    """The op or function that a name means; ValueError if it means nothing, or something else."""
    expect(isinstance(name, str), f"a function is named by a text, got {name!r:.80}")
    fn = registry.find(name)
    expect(inspect.isfunction(fn), f"{name!r} is not a function")
    return fn


def decode_array(content):
    """An array from its dtype, shape and bytes, which must fit together."""
    check_keys(content, {"dtype", "shape", "data"}, {"dtype", "shape", "data"}, "an array")
    dtype = np.dtype(standard_dtype(content["dtype"]))
    shape = graph.check_shape(content["shape"], "shape")
    expect(isinstance(content["data"], str) and None not in shape, "the array is incomplete")
    data = bytes.fromhex(content["data"])
    expect(len(data) == math.prod(shape) * dtype.itemsize, "the array has another size")
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape(shape)


def rename(node, name):
    """Give the node of an op, and its symbols, a stored name."""
    node.name = name
    for symbol in node.outputs:
        symbol.name = name if len(node.outputs) == 1 else f"{name}_{symbol.index}"


def places_in(config):
    """The places of the table that a config mentions."""
    if isinstance(config, dict) and config.keys() == {"$layer"}:
        return [config["$layer"]]
    children = config.values() if isinstance(config, dict) else config
    return [p for c in children for p in places_in(c)] if tree.is_branch(config) else []


def is_place(place, things):
    """Whether `place` is a whole number that counts one of the things."""
    return type(place) is int and 0 <= place < len(things)


def check_keys(entry, needed, allowed, what):
    """Raise ValueError unless `entry` is a dict with the needed keys and only allowed ones."""
    expect(isinstance(entry, dict), f"{what} is described by a dict, got {entry!r:.80}")
    missing = needed - entry.keys()
    expect(not missing, f"the description of {what} misses {sorted(missing)}")
    unknown = entry.keys() - (allowed or entry.keys())
    expect(not unknown, f"the description of {what} has unknown keys {sorted(unknown)}")


# ---------------------------------------------------------------------------------------------
# Bounds. A drawing is tried out on no rows, so nearly everything in it has no numbers at all,
# however large its shape. What comes from a file must still not be able to ask for more than a
# machine has.


def spend(calls):
    """Count calls against the bound."""
    if _bounds.calls is not None:
        _bounds.calls -= calls
        expect(_bounds.calls >= 0, f"the model makes more than {MOST_CALLS} calls")


def check_room(node):
    """Raise ValueError if one row of an output of `node` has too many numbers."""
    if _bounds.calls is None:
        return
    for symbol in node.outputs:
        numbers = max(math.prod(n or symbol.rows or 1 for n in trial) for trial in symbol.trials)
        expect(
            numbers <= MOST_NUMBERS,
            f"{symbol.name!r} of shape {symbol.shape} has more than {MOST_NUMBERS:,} numbers a row",
        )


def check_loose(leaves):
    """Raise ValueError if tensors without a batch, combined, have too many numbers.

    These have numbers already in the drawing: (n, 1) * (1, m) makes n * m of them.
    """
    if _bounds.calls is None:
        return
    trials = [leaf.trials[1] for leaf in leaves if isinstance(leaf, SymbolicTensor)]
    trials += [leaf.shape for leaf in leaves if isinstance(leaf, np.ndarray)]
    numbers = math.prod(max(1, math.prod(trial)) for trial in trials if 0 not in trial)
    expect(numbers <= MOST_NUMBERS, f"a call would make more than {MOST_NUMBERS:,} numbers")
