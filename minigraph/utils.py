"""Small helpers around models and data."""

import numpy as np

from .backend import clear_session, set_random_seed
from .registry import custom_object_scope
from .view.dot import model_to_dot
from .view.plot import plot_model

__all__ = [
    "CustomObjectScope",
    "clear_session",
    "custom_object_scope",
    "model_to_dot",
    "plot_model",
    "set_random_seed",
    "to_categorical",
]

CustomObjectScope = custom_object_scope


def to_categorical(x, num_classes=None):
    """Integer classes as one-hot rows: (...) -> (..., num_classes).

    `num_classes` is the largest class plus one unless given.
    Raises ValueError for a class outside 0 .. num_classes - 1.
    """
    classes = np.asarray(x)
    if (
        classes.size == 0
        or classes.dtype.kind not in "biuf"
        or (classes != classes.astype(int)).any()
    ):
        raise ValueError(f"to_categorical takes whole numbers, got {x!r:.80}")
    classes = classes.astype(int)
    classes = classes[..., 0] if classes.ndim > 1 and classes.shape[-1] == 1 else classes
    count = int(classes.max()) + 1 if num_classes is None else num_classes
    if classes.min() < 0 or classes.max() >= count:
        raise ValueError(
            f"classes must lie in 0 to {count - 1} (num_classes={count}), "
            f"found {int(classes.min())} to {int(classes.max())}"
        )
    return np.eye(count, dtype="float32")[classes]
