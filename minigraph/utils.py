"""Small helpers around models and data."""

import numpy as np

from .backend import clear_session, set_random_seed
from .checks import check_counts
from .dashboard import Dashboard
from .data import PyDataset
from .registry import CustomObjectScope, custom_object_scope
from .view.calls import DrawAsYouCall, ErrorLens
from .view.dot import model_to_dot
from .view.plot import plot_model

Sequence = PyDataset  # its older name

__all__ = [
    "CustomObjectScope",
    "Dashboard",
    "DrawAsYouCall",
    "ErrorLens",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "model_to_dot",
    "plot_model",
    "set_random_seed",
    "to_categorical",
]


def to_categorical(x, num_classes=None):
    """Integer classes as one-hot rows: (...) -> (..., num_classes).

    `num_classes` is the largest class plus one unless given.
    Raises ValueError for a class outside 0 .. num_classes - 1.
    """
    check_counts(num_classes=num_classes)
    classes = np.asarray(x)
    numbers = classes.size > 0 and classes.dtype.kind in "biuf"
    if not numbers or not np.isfinite(classes).all() or (classes % 1).any():
        raise ValueError(f"to_categorical takes whole numbers, got {x!r:.80}")
    classes = classes.astype(int)
    classes = classes[..., 0] if classes.ndim > 1 and classes.shape[-1] == 1 else classes
    count = int(classes.max()) + 1 if num_classes is None else int(num_classes)
    if classes.min() < 0 or classes.max() >= count:
        raise ValueError(
            f"classes must lie in 0 to {count - 1} (num_classes={count}), "
            f"found {int(classes.min())} to {int(classes.max())}"
        )
    return np.eye(count, dtype="float32")[classes]
