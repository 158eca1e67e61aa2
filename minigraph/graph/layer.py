"""A layer is a function that owns variables.

Called on tensors, it computes. Called on a symbolic tensor, it hands the call over to the symbol
(`__minigraph_function__`), which adds a node to a graph: see `graph/symbols`.
"""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypedDict

import numpy as np

from .. import initializers, ops, regularizers
from ..constraints import ConstraintLike
from ..core import registry, tree
from ..core.context import context, setting
from ..core.dtypes import standard_dtype
from ..core.names import check_name, snake_case, unique_name
from ..core.tensor import Tensor, Variable, as_array, overrides_calls, quietly
from ..core.types import DType, Structure, TensorLike
from ..initializers import InitializerLike
from ..regularizers import RegularizerLike
from .arguments import (
    Arguments,
    CallSignature,
    Positional,
    needs_no_change,
    to_input,
    to_tensor,
)
from .calls import RemembersCalls
from .guards import (
    GuardsAttributes,
    check_no_more,
    check_returned,
    check_weight_shape,
    refuse_symbols,
)
from .input_spec import check_specs
from .masks import attach_masks, masks_of, passes_masks_only
from .tracing import builds_once, known_shape, tracing
from .tracking import HoldsWeights, losses_of, parts_in
from .weight_options import constrain, take_weight_options, weight_options

if TYPE_CHECKING:
    from .symbols import Node


class ModelOptions(TypedDict, total=False):
    """The keyword arguments of all models, besides their name."""

    trainable: bool
    dtype: DType
    activity_regularizer: RegularizerLike


class LayerOptions(ModelOptions, total=False):
    """The keyword arguments of all layers."""

    name: str | None


class LayerCall:
    """A token for one outermost layer call.

    By it `add_loss` sees that a new call has begun, and drops the losses of the one before.
    """


class Layer(registry.Configurable, HoldsWeights, RemembersCalls, GuardsAttributes):
    """The base of all layers.

    A subclass stores its constructor arguments under their own names, makes its weights in
    `build(input_shape)` with `add_weight`, and computes in `call(inputs)`. If `call` names
    `training` or `mask`, it is given them. Shapes include the batch axis, which is None where it
    is unknown.

    `weight_defaults` names the weights whose initializer, regularizer and constraint are arguments:
    with {"bias": "zeros"} the layer takes `bias_initializer`, `bias_regularizer` and
    `bias_constraint`, and `add_weight(name="bias")` uses them.

    Its bases serve other concerns: `Configurable` gives the config, `HoldsWeights` finds the
    weights and the layers inside, `RemembersCalls` has `input` and `output`, `GuardsAttributes`
    explains mistakes.

    Args:
        name: Name of the layer, unique within a model, without "/"; None (default) makes one from
            the class: "dense", "dense_1", ...
        trainable: Whether the weights are trained (default True); `layer.trainable = False` freezes
            them later.
        dtype: Float type of the weights, to which inputs are cast, such as "float32"; None
            (default) means `config.floatx()`.
        activity_regularizer: Penalty on the outputs, divided by the batch size and added to the
            loss: a regularizer, its name or a function; None (default) adds none.
        <weight>_initializer: Initial value of `<weight>`: an initializer, its name or a function of
            (shape, dtype) (default <default>).
        <weight>_regularizer: Penalty on `<weight>`, added to the loss: a regularizer, its name or a
            function (default <default>).
        <weight>_constraint: Rule that `<weight>` keeps after each step of the optimizer: a
            constraint, its name or a function (default <default>).
    Example:
        >>> class Scale(keras.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight((), keras.initializers.Constant(3))
        ...     def call(self, inputs):
        ...         return self.factor * inputs
        >>> Scale()(np.array([1.0, 2.0])).numpy()
        array([3., 6.], dtype=float32)
    """

    weight_defaults: dict[str, Any] = {}
    input_spec: Structure = None  # an `InputSpec` for each input, or None
    supports_masking: bool = False
    casts_inputs: bool = True  # whether inputs are turned into the layer's float type

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "weight_defaults" in vars(cls):
            # what `**settings` may hold, for the config: see `registry.Configurable`
            cls.option_defaults: dict[str, Any] = weight_options(cls.weight_defaults)
        if "build" in vars(cls):
            cls.build = builds_once(cls.build)
        if "call" in vars(cls):
            cls._signature = CallSignature(cls.call)
        cls._can_be_fast = cls._signature.is_plain and hasattr(
            cls.compute_mask, "passes_masks_only"
        )

    def __new__(cls, *args: Any, **options: Any) -> Self:
        refuse_symbols(cls, args)  # before __init__ complains about, say, `units`
        return object.__new__(cls)

    def __init__(
        self,
        name: str | None = None,
        trainable: bool = True,
        dtype: DType = None,
        activity_regularizer: RegularizerLike = None,
        **settings: Any,
    ):
        if name is not None:
            check_name(name)
        self.name: str = unique_name(snake_case(type(self).__name__)) if name is None else name
        self._dtype = np.dtype(standard_dtype(dtype))
        self.built: bool = False
        self.nodes: list[Node] = []  # the calls of this layer in graphs
        self._trainable = bool(trainable)
        self._variables: list[Variable] = []
        self._regularized: list[tuple[Any, Variable]] = []  # (regularizer, variable)
        self._added_losses: list[Any] = []  # in its latest call
        self._added_in: Any = None  # which call that was
        self.activity_regularizer: Callable[..., Any] | None = regularizers.get(
            activity_regularizer
        )
        take_weight_options(self, settings)
        check_no_more(settings, type(self))

    @property
    def _title(self) -> str:
        """The name of this layer in error messages: layer 'dense_1' (Dense)."""
        return f"layer {self.name!r} ({type(self).__name__})"

    @property
    def _label(self) -> str:
        """The kind of this layer, as pictures and errors show it."""
        return type(self).__name__

    @property
    def dtype(self) -> str:
        """The float type of the weights, to which inputs are cast."""
        return self._dtype.name

    # -- what a subclass writes ----------------------------------------------------------------

    @builds_once
    def build(self, input_shape: Any) -> None:
        """Make the weights.

        Args:
            input_shape: Shape of the inputs with the batch axis, such as (None, 4), or the shapes
                of several inputs in their structure.
        """

    def call(self, inputs: TensorLike) -> Any:
        """Compute the outputs.

        Args:
            inputs: A tensor, or several in a list, tuple or dict.
            <training>: Whether this call is one of training (default False). Without it, a call
                inside another takes that one's value.
            <mask>: Boolean array (batch, time), True where a step counts, or one for each of
                several inputs; None (default) means what is attached to the inputs.
        """
        raise NotImplementedError(f"{type(self).__name__} must define call(self, inputs)")

    # Those of a plain Layer: `__init_subclass__` sets both for subclasses.
    _signature = CallSignature(call)
    _can_be_fast = False

    def compute_output_shape(self, input_shape: Structure) -> Any:
        """The shape of the outputs for inputs of this shape, with None for each unknown size.

        It is found by calling the layer on symbols and undoing all side effects. A layer that
        cannot run on an empty batch may override it: then symbolic calls use what it returns.

        Args:
            input_shape: As for `build`.
        Raises ValueError, naming the layer, if it cannot be called on such inputs.
        """
        entrance = registry.find("InputLayer")  # by name: its file imports this one
        # These Inputs take no automatic names away.
        with tracing(keep=False), setting(names=Counter()):
            inputs = tree.map_shapes(lambda shape: entrance(shape, self.dtype).output, input_shape)
            return tree.map(lambda output: output.shape, self(inputs))

    @passes_masks_only
    def compute_mask(self, inputs: TensorLike, mask: Structure = None) -> Any:
        """The mask of the outputs: that of the inputs if the layer supports masking, else none.

        Args:
            inputs: What the layer was called on.
            mask: Their mask, or masks in their structure; None (default) if they have none.
        """
        return mask if self.supports_masking else None

    # -- calling -------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer: on tensors it computes, on symbols it adds a node to the graph.

        1. Arrays become tensors, and the masks that are attached to them are collected.
        2. The first call builds the weights.
        3. `training` comes from the argument, else from the call around this one.
        4. `call` computes.
        5. Outputs become tensors, penalties are added to the losses, masks are passed on.
        """
        if self._is_fast_call(args, kwargs):
            return self._finish(self._run(args, {}))
        args, kwargs = self._signature.first_by_position(args, kwargs, self._title)
        for leaf in tree.flatten((args, kwargs)):
            if overrides_calls(leaf):  # a symbol: the call becomes a node of a graph
                return leaf.__minigraph_function__(self, args, kwargs)

        args, kwargs, masks = self._take_inputs(args, kwargs)
        if not self.built:
            self.prepare(args[0])
        args, training = self._signature.settle_training(args, kwargs)
        call = context.call or LayerCall()
        with quietly(), setting(training=training, call=call, quiet=True):
            outputs = self._finish(self._run(args, kwargs))
        self.built = True
        return self.pass_masks(args[0], masks, outputs)

    def _is_fast_call(self, args: Positional, kwargs: dict[str, Any]) -> bool:
        """Return whether this call is inside another, with nothing to build, cast, mask or set."""
        known = self._can_be_fast and self.built and context.call is not None
        return known and len(args) == 1 and not kwargs and needs_no_change(args[0], self._dtype)

    def without_training(self, args: Positional, kwargs: dict[str, Any]) -> Arguments:
        """The arguments of a call of this layer without `training`.

        Args:
            args: Those given by position, as a tuple.
            kwargs: Those given by keyword, as a dict.
        """
        return self._signature.without_training(args, kwargs)

    def _take_inputs(self, args: Positional, kwargs: dict[str, Any]) -> tuple[tuple, dict, Any]:
        """The arguments with tensors for arrays, and the masks of the inputs, or None.

        If `call` wants a mask and was given none, it gets that of the inputs.
        """
        inputs = tree.map(lambda value: to_input(value, self), args[0])
        kwargs = tree.map(to_tensor, kwargs)
        if "mask" in kwargs:  # masks are bare arrays, as they are on a tensor
            kwargs["mask"] = tree.map(as_array, kwargs["mask"])
        if "mask" in kwargs and self._signature.mask is None:  # `call` takes none: attach it
            inputs = attach_masks(inputs, kwargs.pop("mask"), self)
        masks = masks_of(inputs)
        if self._signature.wants_mask(args, kwargs):
            kwargs["mask"] = masks
        return (inputs, *tree.map(to_tensor, args[1:])), kwargs, masks

    def prepare(self, inputs: Structure) -> None:
        """Check the first inputs and make the weights that fit them.

        Args:
            inputs: Tensors or symbolic tensors; only their shapes count.
        """
        check_specs(self.input_spec, inputs, self.name)
        if not self.built:  # symbols come here at each call, also of a layer that is built
            self.build(tree.map(known_shape, inputs))

    def _run(self, args: Positional, kwargs: dict[str, Any]) -> Any:
        """Check the inputs and compute; an error gets a note that names this layer."""
        if self.input_spec is not None:
            check_specs(self.input_spec, args[0], self.name)
        try:
            return self.call(*args, **kwargs)
        except Exception as error:
            shapes = tree.map(lambda x: getattr(x, "shape", x), args[0])
            error.add_note(f"in {self._title}, called on shape {shapes}")
            raise

    def _finish(self, outputs: Structure) -> Any:
        """The outputs as tensors, with the activity penalty added to the losses."""
        if type(outputs) is not Tensor:
            outputs = tree.map(to_tensor, outputs)
            check_returned(outputs, self._title)
        if self.activity_regularizer is not None and context.tracing is None:
            for output in tree.flatten(outputs):
                self.add_loss(
                    self.activity_regularizer(output) / max(output.shape[0], 1)
                )  # per sample
        if context.on_output is not None:
            context.on_output(self, outputs)
        return outputs

    def pass_masks(self, inputs: Structure, masks: Structure, outputs: Structure) -> Any:
        """The outputs with the masks that `compute_mask` gives them.

        Args:
            inputs: What the layer was called on.
            masks: Their masks, in their structure, or None.
            outputs: What the call computed: tensors.
        """
        if masks is None and hasattr(self.compute_mask, "passes_masks_only"):
            return outputs
        return attach_masks(outputs, self.compute_mask(inputs, masks))

    # -- weights and losses --------------------------------------------------------------------

    def add_weight(
        self,
        shape: Any = (),
        initializer: InitializerLike = None,
        dtype: DType = None,
        trainable: bool = True,
        regularizer: RegularizerLike = None,
        name: str | None = None,
        constraint: ConstraintLike = None,
    ) -> Variable:
        """A new variable of this layer.

        Args:
            shape: Size of each axis, as a tuple or a single int (default ()).
            initializer: Its initial value: an initializer, its name or a function of (shape,
                dtype); None (default) means `<name>_initializer` of the layer, or else
                "glorot_uniform".
            dtype: Type of its numbers; None (default) means that of the layer.
            trainable: Whether it is trained (default True); in a frozen layer it is not.
            regularizer: Penalty on it, added to `losses` while it is trained; None (default) means
                `<name>_regularizer` of the layer, if there is one.
            name: Name of the variable; None (default) calls it "variable".
            constraint: Rule that it keeps after each step of the optimizer; None (default) means
                `<name>_constraint` of the layer, if there is one.
        Raises ValueError for a wrong shape or an unknown initializer.
        """
        shape = check_weight_shape(shape, self.name)
        if initializer is None:
            initializer = getattr(self, f"{name}_initializer", None) or "glorot_uniform"
        if regularizer is None:
            regularizer = getattr(self, f"{name}_regularizer", None)
        start, regularizer = initializers.get(initializer), regularizers.get(regularizer)
        variable = Variable(start, shape, dtype or self.dtype, name or "variable", trainable)
        variable.trainable = trainable and self._trainable
        constrain(variable, constraint, self)
        # A new list, no append: `tracing` may restore the old one.
        self._variables = [*self._variables, variable]
        if regularizer is not None:
            self._regularized = [*self._regularized, (regularizer, variable)]
        return variable

    def add_loss(self, loss: Structure) -> None:
        """Add a term to the training loss: called within `call`, it counts for that call only.

        Args:
            loss: A scalar tensor, a number, or a structure of them.
        """
        if context.tracing is not None:  # a symbolic call has no side effects
            return
        if context.call is None or context.call is not self._added_in:
            self._added_losses, self._added_in = [], context.call
        terms = map(ops.convert_to_tensor, tree.flatten(loss))
        self._added_losses = [*self._added_losses, *terms]

    @property
    def losses(self) -> list[Any]:
        """The losses added by this layer and those inside in their latest call, then penalties."""
        return losses_of(self._all_layers())

    def _parts(self) -> list[Any]:
        """The variables, layers, metrics and the like that this layer holds."""
        return [*self._variables, *parts_in(self)]  # a clear error if __init__ never ran

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"
