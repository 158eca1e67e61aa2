"""The state of the current thread: recording, training, tracing."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..ops.costs import Budget
    from .tensor import Tape


class Context(threading.local):
    """The settings of the current thread; the class attributes are each thread's defaults.

    Code that changes one must restore it (see `setting`). Ctrl-C may keep it from doing so, so the
    outermost calls restore them all (see `core/interrupts`).
    """

    # Recording and mode
    tape: "Callable[[], Tape | None] | None" = None  # a weak reference to the innermost open tape
    training: bool | None = None  # None: not specified, which means inference
    quiet: bool = False  # whether NumPy is silent about overflow and the like
    call: Any = None  # the identity of the outermost layer call that is running

    # Symbolic calls
    tracing: list[tuple[Any, dict[str, Any]]] | None = None  # the undo log of the traced call
    names: Counter[str] | None = None  # a temporary counter for automatic names
    budget: "Budget | None" = None  # what a model from an untrusted file may still cost
    custom_objects: tuple[dict[str, Any], ...] = ()  # what names in files mean, innermost first

    # Observers, called if set; pictures, the dashboard and the search for NaN set them
    on_node: Callable[[Any], None] | None = None  # with each node that is added to a graph
    on_output: Callable[[Any, Any], None] | None = None  # with a layer that ran and its outputs
    on_gradients: Callable[..., None] | None = None  # with what an optimizer is given


context: Context = Context()


class setting:
    """Set fields of the context for the length of a `with` block."""

    def __init__(self, **values: Any):
        self.values = values

    def __enter__(self) -> None:
        self.before: dict[str, Any] = {name: getattr(context, name) for name in self.values}
        for name, value in self.values.items():
            setattr(context, name, value)

    def __exit__(self, *error: object) -> None:
        for name, value in self.before.items():
            setattr(context, name, value)
