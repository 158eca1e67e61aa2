"""Small helpers around models and data."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .core.checks import check_counts
from .core.module_names import refuse_name
from .core.names import clear_session
from .core.random import set_random_seed
from .core.registry import CustomObjectScope, custom_object_scope
from .core.types import TensorLike
from .training.data import PyDataset
from .training.sequences import pad_sequences, timeseries_dataset_from_array

if TYPE_CHECKING:
    from .callbacks.dashboard import Dashboard
    from .view.calls import DrawAsYouCall, ErrorLens
    from .view.dot import model_to_dot
    from .view.plot import plot_model
    from .view.short_errors import short_errors
else:

    def __getattr__(name: str) -> Any:
        """Import pictures and widgets at first use."""
        if name not in __all__:
            refuse_name(__name__, __all__, name)
        from .callbacks import dashboard
        from .view import calls, dot, plot, short_errors

        modules = (dashboard, calls, dot, plot, short_errors)
        return next(vars(module)[name] for module in modules if name in vars(module))

    def __dir__():
        """All public names, also those that are not imported yet."""
        return __all__


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
    "pad_sequences",
    "plot_model",
    "set_random_seed",
    "short_errors",
    "timeseries_dataset_from_array",
    "to_categorical",
]


def to_categorical(x: TensorLike, num_classes: int | None = None) -> np.ndarray:
    """Convert integer classes to one-hot rows: (...) -> (..., num_classes).

    Args:
        x: Whole numbers, in an array or a nested list; a last axis of size 1 is dropped.
        num_classes: The size of the new last axis; None (default) means the largest class plus
            one.
    Raises ValueError for a class outside 0 .. num_classes - 1.
    Example:
        >>> keras.utils.to_categorical([2, 0]).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    check_counts(num_classes=num_classes)
    classes = np.asarray(x)
    numeric = classes.size > 0 and classes.dtype.kind in "biuf"
    if not numeric or not np.isfinite(classes).all() or (classes % 1).any():
        raise ValueError(f"to_categorical takes integers, got {x!r:.80}")
    classes = classes.astype(int)
    classes = classes[..., 0] if classes.ndim > 1 and classes.shape[-1] == 1 else classes
    count = int(classes.max()) + 1 if num_classes is None else int(num_classes)
    if classes.min() < 0 or classes.max() >= count:
        raise ValueError(
            f"classes must be from 0 to {count - 1} (num_classes={count}), "
            f"found {int(classes.min())} to {int(classes.max())}"
        )
    return np.eye(count, dtype="float32")[classes]
