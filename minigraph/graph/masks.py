"""Masks: which time steps are real. They are attached to tensors and pass from layer to layer."""

from collections.abc import Callable
from functools import reduce
from typing import Any, TypeVar

from .. import ops
from ..core import tree
from ..core.types import Structure

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
    """One mask for several inputs: a step counts if it counts in every input that has a mask."""
    given = [mask for mask in tree.flatten(masks) if mask is not None]
    return reduce(lambda a, b: a & b, given) if given else None


def attach_masks(outputs: Structure, masks: Structure) -> Structure:
    """Give each output its mask. An output that is also an input elsewhere is left alone.

    If the numbers of masks and outputs differ, every output gets the combined mask.
    """
    flat, masks = tree.flatten(outputs), tree.flatten(masks)
    if len(masks) != len(flat):
        masks = [combine_masks(masks)] * len(flat)
    fresh = []
    for output, mask in zip(flat, masks, strict=True):
        if output.mask is not mask:
            output = ops.identity(output)
            output.mask = mask
        fresh.append(output)
    return tree.pack(outputs, fresh)
