"""Nested structures: lists, tuples and dicts of leaves, walked in one fixed order."""

from collections.abc import Callable, Iterable
from typing import Any

from .types import Structure

__all__ = ["flatten", "is_branch", "map", "map_shapes", "map_structure", "pack", "same_structure"]


BRANCHES = (list, tuple, dict)


def is_branch(structure: Structure) -> bool:
    """Whether `structure` is a list, a tuple or a dict, so that its leaves lie further down.

    Args:
        structure: A value of any kind.
    """
    return isinstance(structure, BRANCHES)


def flatten(structure: Structure) -> list[Any]:
    """All leaves as a flat list: `flatten({"a": 1, "b": [2, 3]})` is `[1, 2, 3]`.

    Dicts are walked in insertion order. Anything else is a leaf.

    Args:
        structure: A leaf, or a list, tuple or dict of structures.
    """
    if not is_branch(structure):
        return [structure]
    leaves = []
    for child in structure.values() if isinstance(structure, dict) else structure:
        if isinstance(child, BRANCHES):
            leaves += flatten(child)
        else:  # no calls for a leaf: they would take most of the time
            leaves.append(child)
    return leaves


def pack(structure: Structure, leaves: Iterable[Any]) -> Any:
    """The inverse of `flatten`: put `leaves` in place of those of `structure`.

    Args:
        structure: A leaf, or a list, tuple or dict of structures: the form of the result.
        leaves: The new leaves, in the order of `flatten`.
    Raises ValueError when the number of leaves differs.
    Example:
        >>> keras.tree.pack({"a": 0, "b": [0, 0]}, [1, 2, 3])
        {'a': 1, 'b': [2, 3]}
    """
    leaves = list(leaves)
    count = len(flatten(structure))
    if len(leaves) != count:
        raise ValueError(f"the structure has {count} leaves, but {len(leaves)} were given")
    remaining = iter(leaves)
    return map_structure(lambda _: next(remaining), structure)


def map_structure(fn: Callable[[Any], Any], structure: Structure) -> Any:
    """`structure` with every leaf replaced by `fn(leaf)`.

    Args:
        fn: A function of one leaf.
        structure: A leaf, or a list, tuple or dict of structures.
    Example:
        >>> keras.tree.map_structure(lambda n: 10 * n, {"a": 1, "b": (2, 3)})
        {'a': 10, 'b': (20, 30)}
    """
    if not isinstance(structure, BRANCHES):
        return fn(structure)
    if isinstance(structure, dict):
        return {key: map_structure(fn, child) for key, child in structure.items()}
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):  # a named tuple
        return type(structure)(*(map_structure(fn, child) for child in structure))
    return type(structure)(map_structure(fn, child) for child in structure)


def map_shapes(fn: Callable[[Any], Any], shapes: Structure) -> Any:
    """`shapes` with every shape replaced by `fn(shape)`; a shape is a tuple or list of sizes.

    Args:
        fn: A function of one shape.
        shapes: A shape, or a list, tuple or dict of shapes.
    Example:
        >>> keras.tree.map_shapes(len, {"a": (2, 3), "b": [(4,), (5, 6, 7)]})
        {'a': 2, 'b': [1, 3]}
    """
    if isinstance(shapes, dict):
        return {key: map_shapes(fn, shape) for key, shape in shapes.items()}
    if is_branch(shapes) and any(is_branch(shape) for shape in shapes):  # not sizes: several shapes
        return [map_shapes(fn, shape) for shape in shapes]
    return fn(shapes)


def same_structure(a: Structure, b: Structure) -> bool:
    """Whether two structures differ in nothing but their leaves (a list equals a tuple).

    Args:
        a: A leaf, or a list, tuple or dict of structures.
        b: The structure to compare it with.
    Example:
        >>> keras.tree.same_structure([1, {"x": 2}], ("one", {"x": "two"}))
        True
    """
    if not is_branch(a) or not is_branch(b):
        return is_branch(a) == is_branch(b)
    if isinstance(a, dict) != isinstance(b, dict) or len(a) != len(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_structure(a[key], b[key]) for key in a)
    return all(same_structure(x, y) for x, y in zip(a, b, strict=True))


map = map_structure
