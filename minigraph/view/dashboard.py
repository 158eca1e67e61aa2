"""The page of the training dashboard: what was recorded of a `fit`, as curves, bars and a table."""

from dataclasses import dataclass

from .curves import Axis, Sheet, axis_for
from .text import printable, shorten
from .trace import number_text
from .widget import MOST_BYTES, Page

# How many batches are shown, and how many epochs stand in the table. A page that would be too large
# is made again with fewer.
SIZES = [(240, 60), (160, 40), (100, 25), (60, 15), (30, 8), (15, 4)]
MOST_COLUMNS = 12  # layers in the table
MOST_BARS = 24  # layers in the still picture
MOST_CHARTS = 4  # charts in the still picture
MOST_LABELS = 8  # epochs that are named along the bottom of a chart
LONGEST_LABEL = 20
NOTHING = (
    "Nothing is recorded yet. Give the dashboard to fit: model.fit(x, y, callbacks=[dashboard])."
)


@dataclass
class Chart:
    """One metric over the whole training.

    `curves` maps a kind of curve to its numbers: "batch" is the value of each batch alone, "epoch"
    and "validation" are the logs at the ends of epochs. Of a metric that cannot be told for a batch
    alone there is "running", the logs in each batch, which hold all of the epoch so far. These are
    in `so_far` too.
    """

    name: str
    axis: Axis
    curves: dict
    so_far: list

    def data(self):
        curves = {kind: joined(map(text_of, values)) for kind, values in self.curves.items()}
        so_far = joined(map(text_of, self.so_far))
        return {"name": self.name, "scale": self.axis.data(), "curves": curves, "soFar": so_far}


def dashboard_page(name, batches, epochs, layers):
    """All that the dashboard shows of the training of the model `name`.

    `batches` and `epochs` are what `utils.Dashboard` has recorded; `layers` maps the path of each
    layer to what is known of it.
    """
    for most_batches, most_epochs in SIZES:
        page = page_of_size(name, batches, epochs, layers, most_batches, most_epochs)
        if len(page.html.encode()) <= MOST_BYTES:
            break
    return page


def page_of_size(name, batches, epochs, layers, most_batches=SIZES[0][0], most_epochs=SIZES[0][1]):
    """The page with at most so many batches, and so many epochs in the table."""
    shown, marks = thinned(batches, most_batches), thinned(epochs, most_batches)
    labels = [[record["last"], record["epoch"] + 1] for record in thinned(epochs, MOST_LABELS)]
    charts = [chart_of(metric, shown, marks) for metric in metrics_of(shown + marks)]
    norms = {path: [record["gradients"].get(path) for record in shown] for path in layers}
    scale = axis_for([norm for row in norms.values() for norm in row], log=True)
    title = f"Training of {printable(name)}" if name else "Training"
    total = batches[-1]["number"] if batches else 0
    data = {
        "view": "dashboard",
        "title": title,
        "sentence": sentence(title, epochs, shown, norms),
        "caption": caption(title, layers),
        "note": NOTHING,
        "start": total,
        "total": total,
        "finished": len(epochs) and epochs[-1]["number"],
        "numbers": joined(record["number"] for record in shown),
        "epochs": joined(record["epoch"] + 1 for record in shown),
        "batches": joined(record["batch"] + 1 for record in shown),
        "marks": joined(record["last"] for record in marks),
        "labels": labels,
        "charts": [chart.data() for chart in charts],
        "scale": scale.data(),
        "layers": [
            {"path": printable(path), **known, "norms": joined(map(text_of, norms[path]))}
            for path, known in layers.items()
        ],
    }
    svg = still_picture(data, charts, norms, scale)
    rows = table_rows(thinned(epochs, most_epochs), list(layers)[:MOST_COLUMNS])
    paths = [layer["path"] for layer in data["layers"]] or [""]
    return Page(data, svg, rows, paths, total)


def thinned(records, most):
    """Each record, or each second, fourth, eighth ... one, so that at most `most` are left; always
    with the last.

    What is left depends on their numbers alone, so records that were thinned before may be thinned
    again.
    """
    every = 1
    while records and records[-1]["number"] >= most * every:
        every *= 2
    return [record for record in records[:-1] if record["number"] % every == 0] + records[-1:]


def joined(values):
    """Values as one text, which takes less room than a list."""
    return " ".join(map(str, values))


def text_of(value):
    """A number as it is shown, "none" where there is none."""
    return "none" if value is None else number_text(value)


# ---------------------------------------------------------------------------------------------
# Curves


def metrics_of(records):
    """The names in the logs, without those of the validation: they belong to the same chart."""
    names = dict.fromkeys(name for record in records for name in record["logs"])
    return [name for name in names if name.removeprefix("val_") not in names.keys() - {name}]


def chart_of(metric, batches, epochs):
    """The curves of one metric."""
    alone = [record["alone"].get(metric) for record in batches]
    so_far = [record["logs"].get(metric) for record in batches]
    curves = {
        "batch": alone,
        "running": [] if any_number(alone) else so_far,
        "epoch": [record["logs"].get(metric) for record in epochs],
        "validation": [record["logs"].get(f"val_{metric}") for record in epochs],
    }
    curves = {kind: values for kind, values in curves.items() if any_number(values)}
    axis = axis_for([value for values in curves.values() for value in values])
    return Chart(printable(metric), axis, curves, so_far if any_number(so_far) else [])


def any_number(values):
    return any(value is not None for value in values)


# ---------------------------------------------------------------------------------------------
# The same facts as a still picture, in words and as a table


def still_picture(data, charts, norms, scale):
    """The curves, and the bars of the last batch."""
    sheet = Sheet(data["title"], data["sentence"])
    if not data["total"]:
        sheet.words(data["note"])
        return sheet.finish()
    places = {
        "batches": [int(number) / data["total"] for number in data["numbers"].split()],
        "epochs": [int(number) / data["total"] for number in data["marks"].split()],
    }
    ends = [(number / data["total"], str(epoch)) for number, epoch in data["labels"]]
    for chart in charts[:MOST_CHARTS]:
        series = {
            kind: list(zip(places["batches" if kind in ("batch", "running") else "epochs"],
                           values, strict=True))
            for kind, values in chart.curves.items()
        }  # fmt: skip
        sheet.chart(shorten(chart.name, LONGEST_LABEL), chart.axis, series, ends)
    left_out = len(charts) - MOST_CHARTS
    if left_out > 0:
        sheet.words(f"{left_out} more metrics stand in the table.")
    rows = [
        (shorten(printable(path), LONGEST_LABEL), row[-1], text_of(row[-1]))
        for path, row in norms.items()
    ]
    if rows:
        sheet.bars("Gradient norm of each layer, last batch", scale, rows[:MOST_BARS])
    if len(rows) > MOST_BARS:
        sheet.words(f"{len(rows) - MOST_BARS} more layers are left out.")
    return sheet.finish()


def sentence(title, epochs, batches, norms):
    """What the pictures show, for those who cannot see them."""
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
        largest = max(last_norms, key=last_norms.get)
        words.append(
            f"In the last batch the largest gradient norm of a layer is "
            f"{text_of(last_norms[largest])}, at ‘{printable(largest)}’."
        )
    return " ".join(words)


def counted(count, thing, things=None):
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def caption(title, layers):
    """What stands above the table."""
    if not layers:
        return f"{title}."
    more = "" if len(layers) <= MOST_COLUMNS else f", of the first {MOST_COLUMNS} layers"
    return f"{title}. Gradients: the norm for each layer in the last batch of the epoch{more}."


def table_rows(epochs, paths):
    """The table: a row for each epoch."""
    names = list(dict.fromkeys(name for record in epochs for name in record["logs"]))
    head = ["Epoch", "Batches", *map(printable, names)]
    rows = [[*head, *(f"Gradient of {printable(path)}" for path in paths)]]
    for record in epochs:
        row = [str(record["epoch"] + 1), f"{record['batches']:,}"]
        row += [text_of(record["logs"].get(name)) for name in names]
        rows.append(row + [text_of(record["gradients"].get(path)) for path in paths])
    return rows
