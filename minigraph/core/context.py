"""What the current thread is doing: recording, training, tracing."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..ops.costs import Budget
    from .tensor import Tape


class Context(threading.local):
    """The settings of the current thread. Whoever changes one puts it back (see `setting`).

    `tape` is the open tape or None. `training` says whether layers run in training mode (None:
    nobody said, which means no). `tracing` is None, or the list of undo steps of the symbolic call
    that is being traced. `names` is None, or the counter that automatic names come from while a
    model is rebuilt from its config. `call` is the outermost layer call that is running; `quiet`
    says whether NumPy is silent about overflow and the like. `budget` is None, or what a model that
    is read from a file may still cost (see `ops.costs`). `on_node` is None, or a function that is
    told of each node that is added to a graph; `on_output` of each layer that has run, with its
    outputs; `on_gradients` of the gradients and variables that an optimizer was given.
    """

    tape: "Tape | None" = None
    training: bool | None = None
    tracing: list[tuple[Any, dict[str, Any]]] | None = None
    names: Counter[str] | None = None
    call: Any = None
    quiet: bool = False
    budget: "Budget | None" = None
    on_node: Callable[[Any], None] | None = None
    on_gradients: Callable[..., None] | None = None
    on_output: Callable[[Any, Any], None] | None = None


context = Context()


class setting:
    """Set fields of the context for the length of a `with` block.

    This is a class, not a generator: Python closes a generator that Ctrl-C interrupted only when
    its memory is freed, and that would restore the old values too late.
    """

    def __init__(self, **values: Any):
        self.values = values

    def __enter__(self) -> None:
        self.before = {name: getattr(context, name) for name in self.values}
        for name, value in self.values.items():
            setattr(context, name, value)

    def __exit__(self, *error: object) -> None:
        for name, value in self.before.items():
            setattr(context, name, value)
