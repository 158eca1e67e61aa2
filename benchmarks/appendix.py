"""Write the book's appendix "How fast is it, and why" from the results of `make bench`.

    python -m benchmarks.appendix _build/bench/results book/how_fast.md

All tables come from `results.json` and, if it is there, from `scaling.json` (`python -m benchmarks
--scaling`); run it again when they were measured anew.
"""

import json
import math
import sys
from pathlib import Path

from . import peers, report, workloads

TITLES = {
    "workload": "", "minigraph": "mini", "minigraph-kept": "kept", "keras-tensorflow": "K-TF",
    "keras-jax": "K-JAX", "keras-torch": "K-PT", "torch": "PT", "torch-channels-last": "PT-cl",
    "to the best": "ratio", "kept, to the best": "kept",
}  # fmt: skip

TEXT = """\
# How fast is it, and why

A library in NumPy looks like a toy. This page measures how far that is true. The programs are those
of the book: the same models, the same data and the same numbers of steps, in minigraph, in Keras on
each of its backends, and in PyTorch by hand. Before anything is timed, each of them must compute
the same losses from the same weights.

{conditions}
{notes}
The models have short names in the tables:

{models}
And so have the libraries:

- mini: minigraph; kept: the same after one more line, `config.keep_memory()`
- K-TF, K-JAX, K-PT: Keras on TensorFlow, on JAX and on PyTorch
- PT: PyTorch by hand; PT-cl: the same with the channels last in memory, for images

## What a step costs

Milliseconds for one training step{threads}, processor time, medians{first}.
The best of a row is set in bold. The ratio at its end is the time of minigraph divided by that of
its fastest rival, without and with kept memory: below 1, minigraph is the fastest.

{steps}
{more_threads}A busy neighbour can make a time a quarter longer, so ratios near 1 are ties.

{verdict}

```{{image}} images/how_fast.svg
:alt: A row for each model and a mark for each library, on a logarithmic axis of milliseconds.
```

## Where the floor is

A step must multiply certain matrices, whatever the library. We count these products and divide by
the best rate at which this processor multiplies matrices, {rate:.0f} billion operations a second.
That is the floor; nobody who computes the same products gets below it. The table says what part of
the time of a step the floor is. The rest is memory traffic, element-wise functions, and the
library itself.

{shares}
## The three ideas that gave most

**Do little around the arithmetic.** In the small models the products take microseconds. What then
counts is how much Python runs between them: one record on the tape for a whole layer, a plan of the
calls that is made once for a model, weights collected once for an epoch, and one flat vector for
each slot of the optimizer.

**Keep it in the cache.** A convolution copies the windows of an image into a matrix, and then it is
one product. The whole matrix would be many times larger than the image. Cut into pieces of half a
megabyte it never leaves the cache, and one small buffer serves all pieces.

**Take out of the loop what does not need it.** A recurrent layer must go step by step, but only for
what depends on the state. The products with the inputs of all steps are one large product before
the loop, and the gradients of the weights are a few large products after it.

**And one wish to the system.** A step makes and drops arrays of the same sizes over and over. The C
library gives the large ones back each time, and gets new pages, which the system fills with zeros
first. `config.keep_memory()` lets it keep them. It holds for the whole process, so it is for you to
ask for.

## Where it is not the fastest

**Convolutions.** PyTorch and TensorFlow leave them to oneDNN, a library with a separate program
for each kind of processor. They read an image in place and run near the peak rate. NumPy has matrix
products and nothing else for this. So the windows must be copied (im2col), and a product with as
few columns as a layer has filters stays below that rate. With more threads the distance grows,
because NumPy gives the others nothing but its products: copies, pooling and activations stay on
one.

**Loops that are compiled.** Keras on JAX turns a whole training step into one program. No Python
runs between its operations, and several of them become one pass over the memory. That counts where
operations are many and small: in recurrent layers, and in `fit`, which does not wait for a step
before it prepares the next. The cost comes before the first step, as you see below.

{growth}## One sample

Milliseconds for `predict` on one sample, processor time, medians. Much of what a framework does for
a batch it does for one sample too, so this is mostly what a call costs.

{predict}
And for `model(x)` with the values brought to the host:

{call}
## Before the first step

Seconds of processor time from the start of the process to the end of the first training step: to
load the library, to build the model, and to compile it where that is done.

{starts}
## Memory

The most memory that the process ever held, in megabytes, data included.

{memory}"""


def ratios(part, own, rival, clock):
    """The time of a form of minigraph / that of a rival, or of the fastest one, for each model."""
    found = []
    for row in part["workloads"].values():
        times = {p: report.value_of(row, p, "step", clock, "median") for p in row["peers"]}
        others = [ms for peer, ms in times.items() if ms and peer not in peers.OWN]
        best = min(others) if rival is None and others else times.get(rival)
        found += [times[own] / best] if best else []
    return found


def verdicts(found):
    """For each number of threads a table: beside each rival, how often minigraph is faster."""
    parts = []
    for threads, part in found["threads"].items():
        own = [name for name in report.names_of(part) if name in peers.OWN]
        rivals = [name for name in report.names_of(part) if name not in peers.OWN]
        clock, time = ("cpu", "processor") if threads == "1" else ("wall", "wall-clock")
        rows = []
        for rival in [*rivals, None]:
            cells = [rival or "the fastest of a row"]
            for name in own:
                each = ratios(part, name, rival, clock)
                mean = math.exp(sum(map(math.log, each)) / max(len(each), 1))
                cells += [f"{sum(r < 1 for r in each)} of {len(each)}", f"{mean:.2f}"]
            rows.append(cells)
        head = [cell for name in own for cell in (f"{name} is faster on", "ratio of times")]
        word = "thread" if threads == "1" else "threads"
        parts.append(f"On {threads} {word}, {time} time; the ratio is a geometric mean:\n")
        parts.append(report.table(["beside", *head], rows))
    return "\n".join(parts)


GROWTH = """\
## How the cost grows

A cost that grows faster than the model would make every number above a matter of size. So we let
one size at a time grow: the batch of the MLP, the depth of the residual MLP, the steps of the two
LSTMs, the number of nodes of a chain of additions. In the picture a line that is as steep as the
dotted one stands for a cost that grows with the size, and a flatter one for a cost that hardly
depends on it. The slope is that of the upper half of a line: 1 means twice the time
for twice the size. A little more than 1 is what it costs to outgrow a cache.

One line was not straight at first. In the backward pass through a thousand steps a gradient
shrinks below 1e-38. Such a float32 is *subnormal*: it has fewer digits, and many processors take
about fifty times as long for it. It is far too small to move a weight, so minigraph flushes it to
zero, and does the same in the state that an optimizer keeps for weights that are not used any more.

```{{image}} images/how_cost_grows.svg
:alt: A line for each size that grows, on logarithmic axes, as steep as the dotted one or flatter.
```

{table}
"""


def growth(scaling):
    """The section on how cost grows, or nothing where that was not measured."""
    return "" if scaling is None else GROWTH.format(table=report.scaling_table(scaling))


def on_more_threads(found):
    """A table of steps for each larger number of threads, in wall-clock time."""
    return "".join(
        f"The same on {threads} threads, wall-clock time:\n\n"
        f"{report.measured(part, 'step', 'wall', 'median', True, TITLES)}\n"
        for threads, part in found["threads"].items()
        if threads != "1"
    )


def named(name, row):
    """A line that says what the short name of a model stands for."""
    return f"- {name}: {row['title']}, batches of {workloads.make(name).batch}\n"


def page(found, scaling=None):
    """The appendix as Markdown."""
    part = found["threads"].get("1") or next(iter(found["threads"].values()))
    rows = part["workloads"].items()
    names = [name for name, row in rows if row["title"].startswith("VGG")]
    return TEXT.format(
        conditions=f"Measured {report.heading(found['conditions'])}",
        notes="".join(f"{note}\n" for note in found["notes"]),
        models="".join(map(named, *zip(*rows, strict=True))),
        more_threads=on_more_threads(found),
        growth=growth(scaling),
        threads=" on one thread" if "1" in found["threads"] else "",
        first=f" ({names[0]} is the forward pass alone)" if names else "",
        steps=report.measured(part, "step", "cpu", "median", True, TITLES),
        verdict=verdicts(found),
        predict=report.measured(part, "predict", "cpu", "median", titles=TITLES),
        call=report.measured(part, "call", "cpu", "median", titles=TITLES),
        rate=part["rate"] / 1e9,
        shares=report.shares(part, TITLES),
        starts=report.plain(part, lambda peer: peer["first_step"]["cpu"], TITLES),
        memory=report.plain(part, lambda peer: peer["memory"], TITLES),
    )


def main(results, target):
    results, target = Path(results), Path(target)
    found = json.loads((results / "results.json").read_text("utf-8"))
    grown = results / "scaling.json"
    scaling = json.loads(grown.read_text("utf-8")) if grown.exists() else None
    target.write_text(page(found, scaling), "utf-8")
    pictures = {"results.svg": "how_fast.svg", "scaling.svg": "how_cost_grows.svg"}
    for name, shown in pictures.items():
        if (results / name).exists():
            picture = (results / name).read_text("utf-8")
            (target.parent / "images" / shown).write_text(picture, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
