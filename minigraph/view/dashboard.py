"""The page of the training dashboard: the record of a `fit` as curves, bars and a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from .curves import Axis, Sheet, axis_for
from .text import printable, shorten
from .trace import number_text
from .widget import MOST_BYTES, Page

Record: TypeAlias = dict[str, Any]  # of a batch or an epoch, as `utils.Dashboard` keeps it

# How many batches are shown, and how many epochs are in the table. A page that would be too large
# is made again with fewer.
SIZES = [(240, 60), (160, 40), (100, 25), (60, 15), (30, 8), (15, 4)]
MOST_COLUMNS = 12  # layers in the table
MOST_BARS = 24  # layers in the still picture
MOST_CHARTS = 4  # charts in the still picture
MOST_LABELS = 8  # epochs that are labelled along the bottom of a chart
LONGEST_LABEL = 20
BEFORE = -0.04  # where the name of the axis is written, left of its start
NOTHING = (
    "Nothing is recorded yet. Pass the dashboard to fit: model.fit(x, y, callbacks=[dashboard])."
)


@dataclass
class Chart:
    """One metric over the whole training.

    `curves` maps a kind of curve to its values: "batch" is the value of each batch alone, which is
    known for metrics that are means; "running" are the logs after each batch, which cover the epoch
    so far; "epoch" and "validation" are the logs at the end of each epoch.
    """

    name: str
    curves: dict[str, list[Any]]

    @property
    def drawn(self) -> dict[str, list[Any]]:
        """The curves that are drawn: both curves of a batch would be too much in one picture."""
        hidden = "running" if "batch" in self.curves else None
        return {kind: values for kind, values in self.curves.items() if kind != hidden}

    @property
    def axis(self) -> Axis:
        return axis_for([value for values in self.drawn.values() for value in values])

    def data(self, over: Any) -> dict[str, Any]:
        """The chart as plain data; `over` says in words what it is drawn over."""
        curves = {kind: joined(map(text_of, values)) for kind, values in self.curves.items()}
        words = f"{self.name} {over}"
        return {"name": self.name, "words": words, "scale": self.axis.data(), "curves": curves}


def dashboard_page(
    name: str, batches: list[Record], epochs: list[Record], layers: dict[str, dict[str, Any]]
) -> Page:
    """Return everything that the dashboard shows of the training of the model `name`.

    `batches` and `epochs` are what `utils.Dashboard` has recorded; `layers` maps the path of each
    layer to what is known about it.
    """
    for most_batches, most_epochs in SIZES:
        page = page_of_size(name, batches, epochs, layers, most_batches, most_epochs)
        if len(page.html.encode()) <= MOST_BYTES:
            break
    return page


def page_of_size(
    name: str,
    batches: list[Record],
    epochs: list[Record],
    layers: dict[str, dict[str, Any]],
    most_batches: int = SIZES[0][0],
    most_epochs: int = SIZES[0][1],
) -> Page:
    """The page with at most `most_batches`, and at most `most_epochs` in the table."""
    shown, marks = thinned(batches, most_batches), thinned(epochs, most_batches)
    charts = [chart_of(metric, shown, marks) for metric in metrics_of(shown + marks)]
    norms = {path: [record["gradients"].get(path) for record in shown] for path in layers}
    scale = axis_for([norm for row in norms.values() for norm in row], log=True)
    title = f"Training of {printable(name)}" if name else "Training"
    total = batches[-1]["number"] if batches else 0
    over = f"over {counted(total, 'batch', 'batches')}"
    data = {
        "view": "dashboard",
        "title": "Training",
        "sentence": sentence(title, epochs, shown, norms),
        "caption": caption(title, layers),
        "note": NOTHING,
        "opening": f"{counted(total, 'batch was', 'batches were')} recorded.",
        "facts": facts(name, epochs, total, shown),
        "start": total,
        "total": total,
        "numbers": joined(record["number"] for record in shown),
        "epochs": joined(record["epoch"] + 1 for record in shown),
        "batches": joined(record["batch"] + 1 for record in shown),
        "marks": joined(record["last"] for record in marks),
        "ends": ends_of(epochs, total),
        "charts": [chart.data(over) for chart in charts],
        "scale": scale.data(),
        "layers": [
            {
                "path": printable(path),
                "words": f"gradient norm of {printable(path)} {over}",
                "curves": {"batch": joined(map(text_of, norms[path]))},
                **known,
            }
            for path, known in layers.items()
        ],
    }
    svg = still_picture(data, charts, norms, scale)
    rows = table_rows(thinned(epochs, most_epochs), list(layers)[:MOST_COLUMNS])
    paths = [layer["path"] for layer in data["layers"]] or [""]
    return Page(data, svg, rows, paths, total)


def ends_of(epochs: list[Record], total: int) -> list[list[Any]]:
    """Return the labels along the bottom of a chart: [position, text] where epochs end."""
    marks = thinned(epochs, MOST_LABELS)
    ends = [[round(mark["last"] / total, 4), str(mark["epoch"] + 1)] for mark in marks]
    return [[BEFORE, "epoch"], *ends]


def thinned(records: list[Record], most: int) -> list[Record]:
    """Keep every record, or every second, fourth, eighth ... one: at most `most` in all; the
    last one is always kept.

    What remains depends on the numbers of the records alone, so they can be thinned repeatedly.
    """
    every = 1
    while records and records[-1]["number"] >= most * every:
        every *= 2
    return [record for record in records[:-1] if record["number"] % every == 0] + records[-1:]


def joined(values: Iterable[Any]) -> str:
    """Join values into one string, which takes less space than a list."""
    return " ".join(map(str, values))


def text_of(value: Any) -> str:
    """A value as it is shown, "none" where there is none."""
    return "none" if value is None else number_text(value)


# ---------------------------------------------------------------------------------------------
# Curves


def metrics_of(records: list[Record]) -> list[str]:
    """The names in the logs, without those of validation: they belong to the same chart."""
    names = dict.fromkeys(name for record in records for name in record["logs"])
    return [name for name in names if name.removeprefix("val_") not in names.keys() - {name}]


def chart_of(metric: str, batches: list[Record], epochs: list[Record]) -> Chart:
    """The curves of one metric, without those that hold no value."""
    curves = {
        "batch": [record["alone"].get(metric) for record in batches],
        "running": [record["logs"].get(metric) for record in batches],
        "epoch": [record["logs"].get(metric) for record in epochs],
        "validation": [record["logs"].get(f"val_{metric}") for record in epochs],
    }
    some = {kind: row for kind, row in curves.items() if any(value is not None for value in row)}
    return Chart(printable(metric), some)


# ---------------------------------------------------------------------------------------------
# The same facts as a still picture, in words and as a table


def still_picture(data: dict[str, Any], charts: list[Chart], norms: Any, scale: Axis) -> str:
    """Draw the curves, and the bars of the last batch."""
    sheet = Sheet(data["title"], data["sentence"])
    if not data["total"]:
        sheet.words(data["note"])
        return sheet.finish()
    positions = {
        "batches": [int(number) / data["total"] for number in data["numbers"].split()],
        "epochs": [int(number) / data["total"] for number in data["marks"].split()],
    }
    for chart in charts[:MOST_CHARTS]:
        series = {
            kind: list(zip(positions["batches" if kind in ("batch", "running") else "epochs"],
                           values, strict=True))
            for kind, values in chart.drawn.items()
        }  # fmt: skip
        sheet.chart(shorten(chart.name, LONGEST_LABEL), chart.axis, series, data["ends"])
    left_out = len(charts) - MOST_CHARTS
    if left_out > 0:
        sheet.words(f"{left_out} more metrics are in the table.")
    rows = [
        (shorten(printable(path), LONGEST_LABEL), row[-1], text_of(row[-1]))
        for path, row in norms.items()
    ]
    if rows:
        sheet.bars("Gradient norm of each layer, last batch", scale, rows[:MOST_BARS])
    if len(rows) > MOST_BARS:
        sheet.words(f"{len(rows) - MOST_BARS} more layers are left out.")
    return sheet.finish()


def sentence(title: str, epochs: list[Record], batches: list[Record], norms: Any) -> str:
    """Describe what the pictures show, for those who cannot see them."""
    if not batches:
        return f"{title}. {NOTHING}"
    first, last = batches[0], batches[-1]
    words = [
        f"{title}: curves over {counted(last['number'], 'batch', 'batches')} in "
        f"{counted(last['epoch'] + 1 - first['epoch'], 'epoch')}."
    ]
    for name, value in last["alone"].items():
        start = first["alone"].get(name)
        words.append(
            f"The {printable(name)} of one batch goes from {text_of(start)} to {text_of(value)}."
        )
    if epochs:
        found = [f"{printable(name)} {text_of(v)}" for name, v in epochs[-1]["logs"].items()]
        words.append(f"Epoch {epochs[-1]['epoch'] + 1} ends with {', '.join(found)}.")
    last_norms = {path: row[-1] for path, row in norms.items() if row[-1] is not None}
    if last_norms:
        largest = max(last_norms, key=last_norms.__getitem__)
        words.append(
            f"In the last batch the largest gradient norm of a layer is "
            f"{text_of(last_norms[largest])}, at ‘{printable(largest)}’."
        )
    return " ".join(words)


def facts(name: str, epochs: list[Record], total: int, shown: list[Record]) -> str:
    """Return one line about the whole training."""
    if not shown:
        return ""
    number = epochs[-1]["number"] if epochs else 0
    thin = f", {len(shown):,} of them shown" if len(shown) < total else ""
    batches = counted(total, "batch", "batches")
    return f"{printable(name)}: {counted(number, 'epoch')}, {batches}{thin}"


def counted(count: int, thing: str, things: str | None = None) -> str:
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def caption(title: str, layers: dict[str, dict[str, Any]]) -> str:
    """The caption above the table."""
    if not layers:
        return f"{title}."
    more = "" if len(layers) <= MOST_COLUMNS else f", of the first {MOST_COLUMNS} layers"
    return f"{title}. Gradients: the norm for each layer in the last batch of the epoch{more}."


def table_rows(epochs: list[Record], paths: list[str]) -> list[list[str]]:
    """The table: a row for each epoch."""
    names = list(dict.fromkeys(name for record in epochs for name in record["logs"]))
    head = ["Epoch", "Batches", *map(printable, names)]
    rows = [[*head, *(f"Gradient of {printable(path)}" for path in paths)]]
    for record in epochs:
        row = [str(record["epoch"] + 1), f"{record['batches']:,}"]
        row += [text_of(record["logs"].get(name)) for name in names]
        rows.append(row + [text_of(record["gradients"].get(path)) for path in paths])
    return rows
