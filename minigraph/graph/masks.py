"""Masks: which time steps are real. They are attached to tensors and pass from layer to layer.

They also pass the ops that compute each step from the same step of their inputs. Where another op
ends a mask that a later layer would have used, a warning names both while the graph is made.
"""

from collections.abc import Callable, Iterable
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, TypeVar

from .. import ops
from ..core import tree
from ..core.context import context
from ..core.device import array_module, to_array
from ..core.output import warn_caller
from ..core.tensor import MASK_RULES, Tensor, as_array
from ..core.types import Array, Structure, TensorLike

if TYPE_CHECKING:
    from .layer import Layer
    from .symbols import Node, SymbolicTensor

Method = TypeVar("Method", bound=Callable[..., Any])


def passes_masks_only(compute_mask: Method) -> Method:
    """Mark a `compute_mask` that need not be called if no input has a mask."""
    vars(compute_mask)["passes_masks_only"] = True
    return compute_mask


def masks_of(inputs: Structure) -> Structure:
    """The masks attached to inputs, in their structure; None if there are none."""
    masks = tree.map(lambda x: x.mask, inputs)
    return masks if any(mask is not None for mask in tree.flatten(masks)) else None


def combine_masks(masks: Structure) -> Any:
    """One mask for several inputs: a step counts if it counts in every input that has a mask.

    The masks are aligned at their first axes: one of sentences (B, S) leaves out all their words in
    one of words (B, S, W).
    """
    given = [mask for mask in tree.flatten(masks) if mask is not None]
    if all(mask is given[0] for mask in given):
        return given[0] if given else None
    most = max(mask.ndim for mask in given)
    aligned = (to_array(m).reshape(*m.shape, *[1] * (most - m.ndim)) for m in given)
    return reduce(lambda a, b: a & b, aligned)


def attach_masks(outputs: Structure, masks: Structure, reader: "Layer | None" = None) -> Structure:
    """Give each output its mask. An output that is also an input elsewhere is left alone.

    If the numbers of masks and outputs differ, every output gets the combined mask. Those that a
    user gave a layer, the `reader`, are checked.
    """
    flat, masks = tree.flatten(outputs), tree.flatten(masks)
    if len(masks) != len(flat):
        masks = [combine_masks(masks)] * len(flat)
    fresh = []
    for output, mask in zip(flat, masks, strict=True):
        mask = mask if reader is None else check_mask(mask, output, reader)
        if output.mask is not mask:
            output = ops.identity(output)
            output.mask = mask
        fresh.append(output)
    return tree.pack(outputs, fresh)


def check_mask(mask: Array, inputs: TensorLike, layer: "Layer", ndim: int | None = None) -> Array:
    """The mask that a layer was given, as booleans; ValueError, naming the layer, if it is wrong.

    It has the first axes of the inputs: `ndim` of them, or any number (None).
    """
    if mask is None:
        return None
    mask = as_array(mask)  # a user may give a tensor
    found, shape = tuple(mask.shape), tuple(inputs.shape)
    if not found or found != shape[: len(found)] or ndim not in (None, len(found)):
        expected = shape[:2] if ndim is None else shape[:ndim]
        raise ValueError(
            f"{layer._title}: a mask of shape {found} does not fit inputs of shape {shape}. A "
            f"mask says of each step whether it counts, so its shape must be {expected}."
        )
    return to_array(mask if mask.dtype == bool else mask.astype(bool))


# ---------------------------------------------------------------------------------------------
# Masks and ops


def pass_masks(
    keeps_steps: Callable[..., bool],
    arrays: Iterable[Any],
    settings: dict[str, Any],
    output: Tensor,
) -> None:
    """Give the output of an op the masks of those inputs whose steps it keeps.

    `keeps_steps(i, x, count, settings, output)` says so of input number i, whose first `count` axes
    are those of its mask.
    """
    masks = []
    for i, x in enumerate(arrays):
        if isinstance(x, Tensor) and x.mask is not None:
            mask, count = x.mask, x.mask.ndim
            size = output.shape[:count]
            if mask.shape != x.shape[:count]:  # the layer that reads it says what is wrong
                continue
            if keeps_steps is same_elements and mask.shape != size and x.ndim == output.ndim:
                mask = array_module(mask).broadcast_to(mask, size)  # as the op broadcast x
            if mask.shape == size and keeps_steps(i, x, count, settings, output):
                masks.append(mask)
    if masks:
        output.mask = combine_masks(masks)


def same_elements(i: int, x: Tensor, count: int, settings: dict[str, Any], output: Tensor) -> bool:
    """Element by element. Axes that broadcasting puts in front would move the steps."""
    return x.ndim == output.ndim


def other_axis(
    default: int | None, i: int, x: Tensor, count: int, settings: dict[str, Any], output: Tensor
) -> bool:
    """Along an axis, if it comes after the steps."""
    axis, ndim = settings.get("axis", default), max(x.ndim, output.ndim)
    return axis is not None and all(a % ndim >= count for a in tree.flatten(axis))


def rows(i: int, x: Tensor, count: int, settings: dict[str, Any], output: Tensor) -> bool:
    """A product of matrices keeps the rows of the first, unless the second has more axes."""
    return i == 0 and x.ndim > count and x.ndim >= output.ndim


def same_first_axes(
    i: int, x: Tensor, count: int, settings: dict[str, Any], output: Tensor
) -> bool:
    """In a reshape with the first axes as they were, each step keeps its numbers."""
    return True


def same_order(i: int, x: Tensor, count: int, settings: dict[str, Any], output: Tensor) -> bool:
    """In a transpose that leaves the first axes where they are."""
    return tuple(settings.get("axes") or ())[:count] == tuple(range(count))


def all_steps(i: int, x: Tensor, count: int, settings: dict[str, Any], output: Tensor) -> bool:
    """In an index that takes all of the first axes, such as x[..., 0] or x[:, :, 1:3]."""
    key = settings["key"] if isinstance(settings["key"], tuple) else (settings["key"],)
    if not all(part is None or isinstance(part, (int, slice, type(...))) for part in key):
        return False
    if key[:1] == (...,):
        return sum(part is not None for part in key[1:]) <= x.ndim - count
    return key[:count] == (slice(None),) * count


def same_letters(i: int, x: Tensor, count: int, settings: dict[str, Any], output: Tensor) -> bool:
    """In an einsum whose output begins with the letters of the steps."""
    inputs, _, after = settings["subscripts"].replace(" ", "").partition("->")
    before = inputs.split(",")[i]
    further = x.ndim - len(before) + 3  # the axes for which ... stands
    if before[:3] == after[:3] == "...":
        return count <= further == output.ndim - len(after) + 3
    return "." not in before + after and before[:count] == after[:count]


def each_op(names: str, keeps_steps: Callable[..., bool]) -> None:
    MASK_RULES.update(dict.fromkeys(names.split(), partial(pass_masks, keeps_steps)))


# The ops that masks pass. All others, such as a slice of the time axis, end them.
each_op(
    "abs add cast ceil clip cos divide elu equal erf exp expm1 floor floor_divide gelu greater "
    "greater_equal hard_sigmoid identity isnan leaky_relu less less_equal log log1p logaddexp "
    "logical_and logical_not logical_or maximum minimum mod multiply negative not_equal ones_like "
    "power relu relu6 rsqrt selu sigmoid sign silu sin softplus softsign sqrt square stop_gradient "
    "subtract tanh where zeros_like",
    same_elements,
)
each_op(
    "all any argmax argmin cumsum expand_dims flip logsumexp max mean min prod repeat squeeze sum "
    "take",
    partial(other_axis, None),
)
each_op("argsort log_softmax one_hot softmax take_along_axis", partial(other_axis, -1))
each_op("concatenate stack", partial(other_axis, 0))
each_op("dense dot matmul", rows)
each_op("reshape", same_first_axes)
each_op("transpose", same_order)
each_op("getitem", all_steps)
each_op("einsum", same_letters)


# ---------------------------------------------------------------------------------------------
# Masks that end


def follow_masks(node: "Node") -> None:
    """Note where an op ended a mask on the way to these outputs; warn if this call reads masks.

    Only ops are noted: of a layer, its `supports_masking` says whether masks end there.
    """
    sources = [s for s in node.inputs if s.mask_probes is not None or s.mask_end is not None]
    if not sources:
        return
    if node.layer is not None and reads_masks(node.layer):
        read = tree.flatten(node.args[0] if node.layer._signature.mask else node.inputs)
        ends = [s.mask_end for s in sources if s.mask_end is not None and s in read]
        given = any(name == "mask" or name.endswith("_mask") for name in node.kwargs)
        if ends and not given:
            warn_of_lost_mask(ends[0], node)
    elif node.layer is None or node.layer.supports_masking:
        for output in node.outputs:
            kept = [s for s in sources if keeps_time(s, output)]
            if output.mask_probes is None and kept:
                output.mask_end = kept[0].mask_end or (node if node.layer is None else None)


def reads_masks(layer: "Layer") -> bool:
    """Whether a layer, or the one that it wraps, uses the masks of its inputs."""
    inner = getattr(layer, "layer", None)
    return layer._signature.reads_masks and (inner is None or reads_masks(inner))


def keeps_time(before: "SymbolicTensor", after: "SymbolicTensor") -> bool:
    """Whether a tensor may still have a time axis: a sum over it, or its last step, has none."""
    return after.ndim >= before.ndim and after.shape[1] != 1


def warn_of_lost_mask(end: "Node", reader: "Node") -> None:
    """Warn, once for each op that ended a mask, that a layer will read all steps."""
    if end.mask_was_missed or context.budget is not None:  # a file: it was said when it was made
        return
    end.mask_was_missed = True
    warn_caller(
        f"the mask of the steps ends at the op {end.name!r}, so layer {reader.name!r} "
        f"({reader.label}) reads padding as if it were data. Call {reader.name!r} before "
        f"{end.name!r}, or give it the mask of its inputs: mask=...",
    )
