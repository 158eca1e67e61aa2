"""The training dashboard: a callback that records a `fit` batch by batch, and shows it."""

import itertools
import math
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any, TypeAlias

from ..core.context import context
from ..core.device import array_module, to_host
from ..core.tensor import Variable, as_array
from ..core.types import Logs
from ..metrics import Mean
from ..view.dashboard import dashboard_page, page_of_size, thinned
from ..view.text import printable, shape_text
from ..view.widget import Page, show
from .base import Callback

Record: TypeAlias = dict[str, Any]  # what is known of a batch or of an epoch
MOST_RECORDS = 1000  # of batches, and of epochs; beyond that, every second one is dropped


class Dashboard(Callback):
    """Record training batch by batch, and show it: curves, and the gradients of each layer.

        dashboard = Dashboard()
        model.fit(x, y, epochs=5, callbacks=[dashboard])
        dashboard

    In a notebook the object shows itself; shown before `fit`, in JupyterLab or VS Code, the curves
    grow while `fit` runs. `widget` is the widget shown; its `step`, the number of a batch, and its
    `selected`, the path of a layer, can be read and set.

    `batches` and `epochs` hold what was recorded, lists of dicts with plain numbers. In a batch
    `logs` are those that callbacks see, which hold all of the epoch so far; `alone` has the loss
    and each other mean for this batch alone; `gradients` maps each layer to the norm of the
    gradient of its weights, as the optimizer received it, before clipping. Of a long run
    every second, fourth or eighth batch is kept, at most 1000, and a page shows at most 240 of
    them. Each `fit` begins a new record.

    Example:
        >>> one = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="one")
        >>> model = keras.Sequential([one])
        >>> model.compile(keras.optimizers.SGD(0.25), "mse")
        >>> dashboard = keras.callbacks.Dashboard()
        >>> x, y = np.ones((1, 1)), np.zeros((1, 1))
        >>> history = model.fit(x, y, epochs=3, verbose=0, callbacks=[dashboard])
        >>> [batch["gradients"] for batch in dashboard.batches]
        [{'one': 2.0}, {'one': 1.0}, {'one': 0.5}]
    """

    PAUSE = 0.25  # seconds between two pictures while `fit` runs

    remembers: tuple[str, ...] = ("batches", "epochs")

    def __init__(self) -> None:
        self.batches: list[Record] = []
        self.epochs: list[Record] = []
        self._layers, self._owners, self._widget = {}, {}, None

    # -- recording -----------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        self.batches, self.epochs = [], []
        self._layers, self._owners, self._squares, self._drawn = {}, {}, {}, -math.inf
        # `fit` restores the context when it ends.
        self._outer, context.on_gradients = context.on_gradients, self._record_gradients

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._squares, self._sums_before = {}, self._sums()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        record = {"epoch": self._epoch, "batch": batch, "logs": numbers_of(logs)}
        record |= {"alone": self._alone(logs), "gradients": self._norms()}
        self.batches = with_one_more(self.batches, record)
        self._refresh(page_of_size, self.PAUSE)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        batch = self.batches[-1]
        record = {"epoch": epoch, "batches": batch["batch"] + 1, "last": batch["number"]}
        record |= {"logs": numbers_of(logs), "gradients": batch["gradients"]}
        self.epochs = with_one_more(self.epochs, record)
        self._refresh(page_of_size)

    def on_train_end(self, logs: Any = None) -> None:
        self._refresh(dashboard_page)

    def _sums(self) -> dict[str, tuple[float, float]]:
        """The running sums (total, count) of every metric that is a mean."""
        return {
            name: (metric.total.numpy().item(), metric.count.numpy().item())
            for name, metric in self.model._labelled_metrics()
            if getattr(type(metric), "result", None) is Mean.result
        }

    def _alone(self, logs: Any) -> dict[str, float]:
        """The mean of this batch alone, for each metric that is a mean: sums over counts."""
        found = {}
        for name, (total, count) in self._sums().items():
            total_before, count_before = self._sums_before.get(name, (0.0, 0.0))
            if name in logs and count > count_before:
                found[name] = (total - total_before) / (count - count_before)
        return found

    def _record_gradients(self, gradients: Sequence[Any], variables: Sequence[Variable]) -> None:
        """Keep the squared norms of the gradients that an optimizer is about to apply."""
        for gradient, variable in zip(gradients, variables, strict=True):
            flat = as_array(gradient).reshape(-1).astype("float64")
            self._squares[variable] = flat @ flat
        if self._outer is not None:
            self._outer(gradients, variables)

    def _norms(self) -> dict[str, float]:
        """The norm of the gradient of each layer: the root of the sum of its weights' squares."""
        if not self._squares:
            return {}
        squares = list(self._squares.values())
        squares = to_host(array_module(*squares).stack(squares)).tolist()  # one transfer from a GPU
        sums = Counter()
        for variable, square in zip(self._squares, squares, strict=True):
            sums[self._owner(variable)] += square
        return {path: math.sqrt(square) for path, square in sums.items() if path is not None}

    def _owner(self, variable: Variable) -> str | None:
        """The path of a variable's layer; None if it belongs to another model."""
        if variable not in self._owners:  # a subclassed model makes weights in its first batch
            owners, self._layers = owners_of(self.model)
            self._owners |= {variable: None, **owners}
        return self._owners[variable]

    # -- showing -------------------------------------------------------------------------------

    @property
    def widget(self) -> Any:
        """The widget that shows the record."""
        if self._widget is None:
            self._widget = show(self._page(dashboard_page))
        return self._widget

    @property
    def html(self) -> str:
        """The widget as HTML for a part of a page."""
        return self.widget.html

    def _page(self, make_page: Callable[..., Page]) -> Page:
        name = "" if self.model is None else self.model.name
        return make_page(name, self.batches, self.epochs, self._layers)

    def _refresh(self, make_page: Callable[..., Page], pause: float = 0.0) -> None:
        """Update the widget if it was last drawn at least `pause` seconds ago."""
        if self._widget is not None and time.monotonic() - self._drawn >= pause:
            self._widget.update(self._page(make_page))
            self._drawn = time.monotonic()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return self.widget._repr_mimebundle_(**options)


def with_one_more(records: list[Record], record: Record) -> list[Record]:
    """The records and a numbered new one; thinned out if there are too many."""
    record["number"] = records[-1]["number"] + 1 if records else 1
    records.append(record)
    return records if len(records) <= MOST_RECORDS else thinned(records, MOST_RECORDS // 2)


def numbers_of(logs: Logs) -> dict[str, float]:
    """The logs that are single numbers; a list cannot be shown as a curve."""
    return {name: value for name, value in logs.items() if isinstance(value, (int, float))}


def owners_of(model: Any) -> tuple[dict[Variable, str], dict[str, Record]]:
    """The path of the layer of each weight, and a description of the layer at each path."""
    owners, layers = {}, {}
    for path, layer, weights in layers_with_weights(model):
        new = [weight for weight in weights if weight not in owners]
        if not new:  # a shared layer that was seen before
            continue
        path = unused(path, layers)
        owners |= dict.fromkeys(new, path)
        layers[path] = {
            "type": printable(type(layer).__name__),
            "parameters": sum(weight.size for weight in new),
            "weights": [[printable(weight.name), shape_text(weight.shape)] for weight in new],
        }
    return owners, layers


def layers_with_weights(model: Any, prefix: str = "") -> Iterator[tuple[str, Any, list[Variable]]]:
    """Yield (path, layer, weights) of each layer of a model and of the models inside it."""
    for layer in model.layers:
        if hasattr(layer, "plan"):  # a model
            yield from layers_with_weights(layer, f"{prefix}{layer.name}/")
        else:
            yield prefix + layer.name, layer, layer.weights
    yield prefix + model.name, model, model._own_variables()


def unused(path: str, taken: Container[str]) -> str:
    """The path, with a number added if it is taken."""
    names = itertools.chain([path], (f"{path} ({number})" for number in itertools.count(2)))
    return next(name for name in names if name not in taken)
