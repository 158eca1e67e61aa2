"""A layer is a function that owns variables.

Calling it on tensors computes. Calling it on a symbolic tensor draws: the symbol takes the call
over (see `graph`), so this file knows nothing of graphs.
"""

import inspect
from collections import Counter

import numpy as np

from .. import initializers, ops, regularizers
from ..core import registry, tree
from ..core.context import context, setting
from ..core.device import is_array, to_array
from ..core.dtypes import standard_dtype
from ..core.interrupts import deferred_interrupts
from ..core.names import check_name, snake_case, unique_name
from ..core.tensor import Tensor, Variable, as_array, overrides_calls, quietly
from .masks import attach_masks, follows_masks, masks_of
from .tracing import builds_once, known_shape, tracing
from .tracking import losses_of, own_variables, parts_in, unique


class NoSingleCall(AttributeError, ValueError):
    """A question about the only call of a layer that has none, or several."""


def described(symbols):
    """The symbols of a call in words: 'title' of shape (None, 4) and 'body' of shape (None, 8)."""
    return " and ".join(f"{symbol.node.name!r} of shape {symbol.shape}" for symbol in symbols)


class Layer(registry.Configurable):
    """The base of all layers.

    A subclass stores its constructor arguments under their own names, makes its weights in
    `build(input_shape)` with `add_weight`, and computes in `call(inputs)`. If `call` names
    `training` or `mask`, it is given them. Shapes include the batch axis, which is None where it
    is unknown.

    `weight_settings` names the weights that can be set from outside, and how they start: with
    {"bias": "zeros"} the layer takes `bias_initializer` and `bias_regularizer`, and
    `add_weight(name="bias")` uses them. `activity_regularizer` puts a price on the outputs.
    """

    weight_settings = {}
    untracked = frozenset()  # names of attributes that hold variables, but no weights
    input_spec = None
    supports_masking = False
    casts_inputs = True  # whether inputs are turned into the layer's float type
    _training_place = _mask_place = None  # where `call` takes `training` and `mask`, if it does
    _short_path = False  # whether a call needs nothing but `call` itself

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if "weight_settings" in vars(cls):
            cls.more_arguments = {
                f"{weight}_{kind}": value
                for weight, start in cls.weight_settings.items()
                for kind, value in (("initializer", start), ("regularizer", None))
            }
        if "build" in vars(cls):
            cls.build = builds_once(cls.build)
        if "call" in vars(cls):
            # Read once for each class: to bind it at each call costs a third of a small step.
            parameters = list(inspect.signature(cls.call).parameters)[1:]
            place = {name: i for i, name in enumerate(parameters) if name in ("training", "mask")}
            cls._training_place, cls._mask_place = place.get("training"), place.get("mask")
        plain = cls._training_place is None and cls._mask_place is None
        cls._short_path = plain and hasattr(cls.compute_mask, "follows_masks")

    def __new__(cls, *args, **options):
        # Here, because most layers would refuse a symbol as an argument of another kind.
        if any(map(overrides_calls, tree.flatten(args))):
            kind = cls.__name__
            raise TypeError(
                f"{kind}(...) makes a layer, and it was given what layers are called on. Two pairs "
                f"of brackets: the first makes the layer, the second calls it, {kind}(...)(x)"
            )
        return object.__new__(cls)

    def __init__(
        self, name=None, trainable=True, dtype=None, activity_regularizer=None, **settings
    ):
        if name is not None:
            check_name(name)
        kind = snake_case(type(self).__name__)
        self.name = unique_name(kind) if name is None else name
        self._dtype = np.dtype(standard_dtype(dtype))
        self.built = False
        self.nodes = []  # the calls of this layer in graphs
        self._trainable = bool(trainable)
        self._variables = []
        self._regularized = []  # (regularizer, variable)
        self._added = (None, [])  # the outermost call that last reached this layer, and its losses
        self.activity_regularizer = regularizers.get(activity_regularizer)
        for weight, start in self.weight_settings.items():
            start = settings.pop(f"{weight}_initializer", start)
            price = settings.pop(f"{weight}_regularizer", None)
            setattr(self, f"{weight}_initializer", initializers.get(start))
            setattr(self, f"{weight}_regularizer", regularizers.get(price))
        if settings:
            kind, wrong = type(self), next(iter(settings))
            known = registry.did_you_mean(wrong, registry.constructor_arguments(kind))
            raise TypeError(f"{kind.__name__} takes no argument {wrong!r}. {known}")

    def __setattr__(self, attribute, value):
        taken = getattr(type(self), attribute, None)
        if isinstance(taken, property) and taken.fset is None:
            raise TypeError(
                f"{type(self).__name__}: the name `{attribute}` means something in every layer "
                f"({taken.__doc__ or 'see Layer'}). Choose another, such as self.my_{attribute}."
            )
        super().__setattr__(attribute, value)

    def __getattr__(self, attribute):
        special = attribute.startswith("__")  # copy and pickle ask for these before __init__
        if "_variables" not in vars(self) and not special:
            raise TypeError(
                f"{type(self).__name__}.__init__ must call super().__init__() before anything else "
                f"(found out while reading {attribute!r})"
            )
        return object.__getattribute__(self, attribute)  # the error that led here, once more

    @property
    def _title(self):
        """What errors call it: layer 'dense_1' (Dense)."""
        return f"layer {self.name!r} ({type(self).__name__})"

    @property
    def _label(self):
        """What kind of layer pictures and errors call it."""
        return type(self).__name__

    @property
    def dtype(self):
        """The float type of the weights, to which inputs are cast."""
        return self._dtype.name

    # -- what a subclass writes ----------------------------------------------------------------

    @builds_once
    def build(self, input_shape):
        """Make the weights. `input_shape` includes the batch axis; several inputs give several."""

    def call(self, inputs):
        """Compute the outputs."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, inputs)")

    def compute_output_shape(self, input_shape):
        """The shape of the outputs (or several) for inputs of this shape, with None for unknown.

        It is found by a call on symbols, after which the layer is as it was before. A layer that
        cannot run on an empty batch may define it: then its symbolic calls go by what it says.
        Raises ValueError, naming the layer, if it cannot be called on such inputs.
        """
        entrance = registry.find("InputLayer")
        with tracing(keep=False), setting(names=Counter()):
            inputs = tree.map_shapes(lambda shape: entrance(shape, self.dtype).output, input_shape)
            return tree.map(lambda output: output.shape, self(inputs))

    @follows_masks
    def compute_mask(self, inputs, mask=None):
        """The mask of the outputs: that of the inputs if the layer supports masking, else none."""
        return mask if self.supports_masking else None

    # -- calling -------------------------------------------------------------------------------

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and self._short_path and self._is_ready(args[0]):
            if self.built and context.call is not None:  # the short path: there is nothing to tell
                return self._finish(self._run(args, {}))
        args, kwargs = self._name_first(args, kwargs)
        for leaf in tree.flatten((args, kwargs)):
            if overrides_calls(leaf):
                return leaf.__minigraph_function__(self, args, kwargs)

        args, kwargs, masks = self._take_inputs(args, kwargs)
        if not self.built:
            self.prepare(args[0])
        args, training = self._settle_training(args, kwargs)
        with quietly(), setting(training=training, call=context.call or object()):
            outputs = self._finish(self._run(args, kwargs))
        self.built = True
        return self.pass_masks(args[0], masks, outputs)

    def _is_ready(self, inputs):
        """Whether inputs are a tensor, or a list of some, with nothing to cast and no mask."""
        if type(inputs) is list:
            return all(map(self._is_ready, inputs))
        dtype = self._dtype
        return type(inputs) is Tensor and inputs.mask is None and inputs.value.dtype == dtype

    def _take_inputs(self, args, kwargs):
        """The arguments with tensors for arrays, and the masks of the inputs, or None.

        If `call` wants a mask and was given none, it gets that of the inputs.
        """
        inputs = tree.map(self._to_input, args[0])
        kwargs = tree.map(to_tensor, kwargs)
        if "mask" in kwargs:  # masks are bare arrays, as they are on a tensor
            kwargs["mask"] = tree.map(as_array, kwargs["mask"])
        if "mask" in kwargs and self._mask_place is None:  # then it rides on the inputs
            inputs = attach_masks(inputs, kwargs.pop("mask"))
        masks = masks_of(inputs)
        wanted = self._mask_place is not None and len(args) <= self._mask_place
        if wanted and kwargs.get("mask") is None:
            kwargs["mask"] = masks
        return (inputs, *tree.map(to_tensor, args[1:])), kwargs, masks

    def pass_masks(self, inputs, masks, outputs):
        """The outputs with the masks that `compute_mask` gives them."""
        if masks is None and type(self).compute_mask is Layer.compute_mask:
            return outputs
        return attach_masks(outputs, self.compute_mask(inputs, masks))

    def _run(self, args, kwargs):
        """Check the inputs, compute, and say in which layer an error arose."""
        self._check_spec(args[0])
        try:
            return self.call(*args, **kwargs)
        except Exception as error:
            shapes = tree.map(lambda x: getattr(x, "shape", x), args[0])
            error.add_note(f"in {self._title}, called on shape {shapes}")
            raise

    def prepare(self, inputs):
        """Check the first inputs and make the weights that fit them."""
        self._check_spec(inputs)
        if not self.built:
            self.build(tree.map(known_shape, inputs))

    def _check_spec(self, inputs):
        if self.input_spec is None:
            return
        specs = tree.flatten(self.input_spec)
        for position, (x, spec) in enumerate(zip(tree.flatten(inputs), specs, strict=False)):
            if spec is not None:
                spec.check(x.shape, self.name, position)

    def _finish(self, outputs):
        """Plain arrays that a layer returns become tensors, and outputs are paid for."""
        if outputs is None:
            raise TypeError(f"{self._title}: its call gave None. Is a `return` missing?")
        outputs = outputs if type(outputs) is Tensor else tree.map(to_tensor, outputs)
        if isinstance(outputs, str):
            raise TypeError(f"{self._title}: its call gave the text {outputs!r:.80}, no tensor")
        if self.activity_regularizer is not None and context.tracing is None:
            for output in tree.flatten(outputs):
                self.add_loss(self.activity_regularizer(output) / max(output.shape[0], 1))
        return outputs

    def _name_first(self, args, kwargs):
        """The first argument of `call` may also be given by keyword."""
        if args:
            return args, dict(kwargs)
        first = next(iter(inspect.signature(self.call).parameters), None)
        if first not in kwargs:
            raise TypeError(f"{self._title} was called without inputs")
        kwargs = dict(kwargs)
        return (kwargs.pop(first),), kwargs

    def _to_input(self, value):
        """An input as a tensor, cast to the layer's float type."""
        if not is_tensor(value):
            found, hint = f"{value!r:.100}", "Wrap numbers in np.array([...])"
            if isinstance(value, Layer):
                found, hint = "a layer that was not called", "Call it first"
            kind = type(value).__name__
            raise ValueError(
                f"{self._title} takes tensors and arrays, got {found} ({kind}). {hint}."
            )
        try:
            tensor = to_tensor(value)
        except TypeError as error:
            raise TypeError(f"{self._title}: {error}") from None
        same = tensor.value.dtype == self._dtype or not self.casts_inputs  # a `.name` takes long
        return tensor if same else ops.cast(tensor, self.dtype)

    def _settle_training(self, args, kwargs):
        """Whether this call trains: its own argument, else what runs around it, else None.

        The value is passed on if `call` wants it, and reaches the layers inside by the context.
        """
        place = self._training_place
        by_position = place is not None and len(args) > place
        given = args[place] if by_position else kwargs.pop("training", None)
        training = context.training if given is None else bool(given)
        if by_position:
            args = (*args[:place], bool(training), *args[place + 1 :])
        elif place is not None:
            kwargs["training"] = bool(training)
        return args, training

    def without_training(self, args, kwargs):
        """The arguments of a call of this layer, with nothing said about training."""
        place = self._training_place
        if place is not None and place < len(args):
            args = (*args[:place], None, *args[place + 1 :])
        return args, {name: value for name, value in kwargs.items() if name != "training"}

    # -- weights -------------------------------------------------------------------------------

    def add_weight(
        self, shape=(), initializer=None, dtype=None, trainable=True, regularizer=None, name=None
    ):
        """A new variable of this layer; `initializer` is a name, an initializer or a function.

        What is not given comes from `<name>_initializer` and `<name>_regularizer` of the layer, if
        it has them; else weights start with Glorot's uniform distribution. A wrong shape or an
        unknown initializer is a ValueError.
        """
        if isinstance(shape, str):
            raise ValueError(f"add_weight: `shape` comes first; give the name as name={shape!r}")
        shape = shape if isinstance(shape, (tuple, list)) else (shape,)
        if not all(isinstance(n, (int, np.integer)) and n >= 0 for n in shape):
            raise ValueError(
                f"add_weight in layer {self.name!r}: every entry of shape={shape} must be a number "
                "of elements. None means that the size of an axis is unknown: give the Input a "
                "full shape."
            )
        if initializer is None:
            initializer = getattr(self, f"{name}_initializer", None) or "glorot_uniform"
        if regularizer is None:
            regularizer = getattr(self, f"{name}_regularizer", None)
        start, price = initializers.get(initializer), regularizers.get(regularizer)
        variable = Variable(start, shape, dtype or self.dtype, name or "variable", trainable)
        variable.trainable = trainable and self._trainable
        self._variables = [*self._variables, variable]
        if price is not None:
            self._regularized = [*self._regularized, (price, variable)]
        return variable

    # -- losses --------------------------------------------------------------------------------

    def add_loss(self, loss):
        """Add a number to what training makes small: called within `call`, for this call only."""
        if context.tracing is not None:  # a symbolic call has no side effects
            return
        call, losses = self._added
        known = losses if call is context.call and call is not None else []
        self._added = (context.call, [*known, *map(ops.convert_to_tensor, tree.flatten(loss))])

    @property
    def losses(self):
        """What the layers inside have added in their latest call, and the prices of weights."""
        return losses_of(self._all_layers())

    def _parts(self):
        """The variables, layers, metrics and the like that the attributes hold, also inside lists,
        tuples and dicts."""
        return [*self._variables, *parts_in(self)]  # named: without __init__ it is not there

    def _own_variables(self):
        """This layer's variables, those that were made to be trained first."""
        return own_variables(self._parts())

    def _sublayers(self, parts):
        """The layers among what this one holds."""
        return unique(part for part in parts if isinstance(part, Layer))

    def _walk(self):
        """This layer and all layers inside it, each once, outer ones first, with their parts."""
        found, waiting = {}, [self]
        while waiting:
            layer = waiting.pop()
            if layer not in found:
                found[layer] = layer._parts()
                waiting += reversed(layer._sublayers(found[layer]))
        return found

    def _all_layers(self):
        """This layer and all layers inside it, each once, outer ones first."""
        return list(self._walk())

    @property
    def weights(self):
        """All variables, each once: this layer's own, then those of the layers inside it."""
        return unique(v for parts in self._walk().values() for v in own_variables(parts))

    @property
    def trainable_weights(self):
        """The weights that learn: none of a frozen layer, nor of the layers inside it."""
        frozen = {v for part in self._all_layers() if not part.trainable for v in part.weights}
        return [v for v in self.weights if v.trainable and v not in frozen]

    @property
    def non_trainable_weights(self):
        """The weights that do not learn: moving averages, and all of a frozen layer."""
        learning = set(self.trainable_weights)
        return [v for v in self.weights if v not in learning]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self):
        """Whether the weights learn. Setting it reaches every layer inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable):
        for layer in self._all_layers():
            layer._trainable = bool(trainable)
            for variable in layer._own_variables():
                variable.trainable = trainable and variable.learnable

    def get_weights(self):
        """The values of all weights, as a list of NumPy arrays (copies)."""
        return [np.array(v.numpy()) for v in self.weights]

    def set_weights(self, values):
        """Assign all weights at once.

        Raises ValueError if the number or a shape differs; then nothing at all is assigned.
        """
        variables = self.weights
        values = [to_array(as_array(value)) for value in values]
        if len(values) != len(variables):
            counts = f"{len(variables)} weights, but {len(values)} were given"
            raise ValueError(f"layer {self.name!r} has {counts}")
        for variable, value in zip(variables, values, strict=True):
            if value.shape != variable.shape:
                raise ValueError(
                    f"layer {self.name!r}: weight {variable.name!r} has shape {variable.shape}, "
                    f"got {value.shape}"
                )
        with deferred_interrupts:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def count_params(self):
        """The number of numbers in all weights; ValueError before the weights exist."""
        if not self.built:
            raise ValueError(f"layer {self.name!r} has no weights yet: call it, or build it, first")
        return sum(variable.size for variable in self.weights)

    # -- places in graphs ----------------------------------------------------------------------

    @property
    def output(self):
        """The symbolic output of the layer's only call."""
        return self._only_node("output").output_structure

    @property
    def input(self):
        """The symbolic input of the layer's only call."""
        return self._only_node("input").input_structure

    def get_output_at(self, index):
        """The symbolic output of the layer's call number `index`, from 0."""
        return self._node_at(index).output_structure

    def get_input_at(self, index):
        """The symbolic input of the layer's call number `index`, from 0."""
        return self._node_at(index).input_structure

    def _only_node(self, what):
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

    def _node_at(self, index):
        if not isinstance(index, int) or not 0 <= index < len(self.nodes):
            count = len(self.nodes)
            raise ValueError(f"layer {self.name!r} has {count} calls in graphs: no call {index!r}")
        return self.nodes[index]

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}>"


def is_tensor(value):
    """Whether a value is a tensor, or an array of this or another device."""
    return isinstance(value, Tensor) or is_array(value)


def to_tensor(value):
    """Arrays become tensors, all else stays; TypeError for an array that holds no numbers."""
    plain = is_tensor(value) and not isinstance(value, Tensor)
    return Tensor(to_array(value)) if plain else value
