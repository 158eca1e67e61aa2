"""Checks of what a layer or a graph accepts, with their error messages."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import registry, tree
from ..core.checks import is_size
from ..core.context import context
from ..core.device import to_array
from ..core.tensor import Tensor, Variable, as_array, overrides_calls
from ..core.types import Array, Shape, Structure, TensorLike

if TYPE_CHECKING:
    from .symbols import Node, SymbolicTensor


class NoSingleCall(AttributeError, ValueError):
    """Raised by `layer.output` and the like if the layer has no call, or several."""


class MissingAttribute(AttributeError, ValueError):
    """Raised by a symbolic call in which code asks for an attribute that does not exist."""


class MissingName(NameError, ValueError):
    """Raised by a symbolic call in which code uses a name that is not defined."""


class MissingModule(ImportError, ValueError):
    """Raised by a symbolic call in which code cannot import something."""


class NotWritten(NotImplementedError, ValueError):
    """Raised by a symbolic call in which something is still to be written."""


class GuardsAttributes:
    """Clear errors for an attribute that hides a part of every layer, or is set too early."""

    if not TYPE_CHECKING:  # else an editor would believe that a layer has every attribute

        def __setattr__(self, attribute, value):
            taken = getattr(type(self), attribute, None)
            if isinstance(taken, property) and taken.fset is None:
                raise TypeError(
                    f"{type(self).__name__}: the name `{attribute}` is reserved in every layer "
                    f"({taken.__doc__ or 'see Layer'}). Choose another, such as "
                    f"self.my_{attribute}."
                )
            super().__setattr__(attribute, value)

        def __getattr__(self, attribute):
            special = attribute.startswith("__")  # copy and pickle ask for these before __init__
            if "_variables" not in vars(self) and not special:
                raise TypeError(
                    f"{type(self).__name__}.__init__ must call super().__init__() before anything "
                    f"else (found out while reading {attribute!r})"
                )
            return object.__getattribute__(self, attribute)  # the error that led here, once more


def refuse_symbols(cls: type, args: tuple[Any, ...]) -> None:
    """Raise TypeError if a layer's constructor is given tensors instead of settings."""
    if any(map(overrides_calls, tree.flatten(args))):
        kind = cls.__name__
        raise TypeError(
            f"{kind}(...) makes a layer, but it was given tensors. Use two pairs "
            f"of parentheses: the first makes the layer, the second calls it, as in {kind}(...)(x)"
        )


def check_no_more(settings: dict[str, Any], cls: type) -> None:
    """Raise TypeError, suggesting known names, if a constructor was given unknown arguments."""
    for wrong in settings:
        known = registry.did_you_mean(wrong, registry.init_parameters(cls))
        raise TypeError(f"{cls.__name__} takes no argument {wrong!r}. {known}")


def check_weight_shape(shape: Any, layer_name: str) -> Sequence[int]:
    """The shape of a new weight as a tuple; ValueError if its sizes are not all known."""
    if isinstance(shape, str):
        raise ValueError(f"add_weight: `shape` comes first; give the name as name={shape!r}")
    shape = shape if isinstance(shape, (tuple, list)) else (shape,)
    if not all(isinstance(n, (int, np.integer)) and n >= 0 for n in shape):
        raise ValueError(
            f"add_weight in layer {layer_name!r}: every entry of shape={shape} must be a number of "
            "elements. None means that the size of an axis is unknown: give the Input a full shape."
        )
    return shape


def check_values(
    values: Iterable[TensorLike], variables: Sequence[Variable], layer_name: str
) -> list[Array]:
    """Return arrays for the variables; ValueError if their number or a shape differs."""
    arrays = [to_array(as_array(value)) for value in values]
    if len(arrays) != len(variables):
        counts = f"{len(variables)} weights, but {len(arrays)} were given"
        raise ValueError(f"layer {layer_name!r} has {counts}")
    for variable, array in zip(variables, arrays, strict=True):
        if array.shape != variable.shape:
            raise ValueError(
                f"layer {layer_name!r}: weight {variable.name!r} has shape {variable.shape}, "
                f"got {array.shape}"
            )
    return arrays


def check_returned(outputs: Structure, title: str) -> None:
    """Raise TypeError if the call of a layer returned no tensor."""
    if outputs is None:
        raise TypeError(f"{title}: its call returned None. Is a `return` missing?")
    if isinstance(outputs, str):
        raise TypeError(f"{title}: its call returned {outputs!r:.80}, not a tensor")


def check_batch_size(
    shape: Shape | None, batch_size: int | None, batch_shape: Shape | None
) -> None:
    """Raise ValueError unless an Input is given exactly one shape, and at most one batch size."""
    if (shape is None) == (batch_shape is None):
        raise ValueError(
            "Input needs either `shape` (without the batch axis) or `batch_shape` (with it)"
        )
    if batch_shape is not None and batch_size is not None:
        raise ValueError("give the batch size in `batch_shape` or as `batch_size`, not both")


def check_shape(shape: Any, argument: str) -> Shape:
    """Return `shape` as a tuple, or raise a ValueError that names the argument."""
    if isinstance(shape, int):
        raise ValueError(f"`{argument}` must be a tuple such as ({shape},), got the number {shape}")
    sizes = shape if isinstance(shape, (tuple, list)) else ["none"]
    if not all(n is None or is_size(n, least=1) for n in sizes):
        raise ValueError(f"`{argument}` must be a tuple of sizes and None, got {shape!r}")
    if argument == "batch_shape" and not shape:
        raise ValueError("`batch_shape` must have at least the batch axis")
    return tuple(None if n is None else int(n) for n in shape)


def check_outputs(outputs: Structure) -> Structure:
    """The outputs of a call, which must be tensors."""
    flat = tree.flatten(outputs)
    wrong = [leaf for leaf in flat if not isinstance(leaf, Tensor)]
    if wrong or not flat:
        raise TypeError(
            f"a call must return tensors, not {wrong[0] if wrong else 'nothing'!r:.100}"
        )
    if any(leaf.value.dtype.kind not in "biuf" for leaf in flat):  # NumPy takes empty * None
        raise TypeError("a call must return numbers; is one of its arguments None or a string?")
    return outputs


def check_inputs(inputs: "list[SymbolicTensor]") -> None:
    """Raise ValueError if an input is given twice."""
    if len(set(inputs)) < len(inputs):
        raise ValueError("each of the `inputs` of a model may be listed only once")


def check_input_fits(value: TensorLike, symbol: "SymbolicTensor", model_name: str) -> None:
    """Raise ValueError, with both shapes, if a tensor does not fit an Input of a model."""
    expected, found = symbol.shape, tuple(value.shape)
    first = 0 if context.tracing is None else 1  # while a call is traced, the batch is empty
    sizes = zip(expected[first:], found[first:], strict=False)
    if len(found) != len(expected) or any(want not in (have, None) for want, have in sizes):
        lone = len(found) == len(expected) - 1
        advice = ". The first axis is the batch: one sample goes in as x[None]" if lone else ""
        raise ValueError(
            f"model {model_name!r}: input {symbol.name!r} expects shape {expected}, found "
            f"{found}{advice}"
        )


def unconnected(
    outputs: "list[SymbolicTensor]", inputs: "list[SymbolicTensor]", symbol: "SymbolicTensor"
) -> ValueError:
    """The error for outputs that depend on an Input that was not given."""
    return ValueError(
        f"the outputs {[s.node.name for s in outputs]!r:.80} are not connected to the inputs "
        f"{[s.name for s in inputs]!r:.80} alone: they also need the Input {symbol.node.name!r}, "
        f"of shape {symbol.shape}. Add it to `inputs`."
    )


def check_unique_names(nodes: "Iterable[Node]") -> None:
    """Raise ValueError if two different layers, or two inputs, have the same name."""
    names = Counter(node.name for node in nodes)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(
            f"the layers of a model need unique names, but two are called {twice[0]!r}. Give one "
            "of them another name=..."
        )


def described(symbols: "Iterable[SymbolicTensor]") -> str:
    """The symbols of a call in words: 'title' of shape (None, 4) and 'body' of shape (None, 8)."""
    return " and ".join(f"{symbol.node.name!r} of shape {symbol.shape}" for symbol in symbols)


def failed_call(
    error: Exception, fn: Any, symbols: "list[SymbolicTensor]", probe_size: int
) -> ValueError:
    """The error of a symbolic call, in terms of the graph: names, and None for the batch.

    A slip in the code stays an error of its kind, such as AttributeError, and comes first.
    """
    is_layer = hasattr(fn, "_label")
    called = f"layer {fn.name!r} ({fn._label})" if is_layer else f"op {fn.__name__!r}"
    text = " ".join(str(error).split()) or type(error).__name__
    text = re.sub(r"(?<!=)\(0,", "(None,", text)  # a shape, not a setting such as axes=(0, 1)
    if any(s.probes[0] != s.probes[1] for s in symbols) and str(probe_size) in text:
        text += f" (unknown sizes were tried as {probe_size})"
    failure = ValueError(f"{called} cannot be called on {described(symbols)}: {text}")
    for kind in (MissingAttribute, MissingName, MissingModule, NotWritten):
        if isinstance(error, kind.__bases__[0]):  # a slip in the code: no shape would help
            failure = kind(f"{text} (in {called}, called on {described(symbols)})")
    vars(failure)["call"] = fn, symbols  # for a picture of where the graph breaks
    return failure
