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

A library written in NumPy looks like a toy. This page measures how far that is true. The programs
are those of the book: the same models, the same data and the same numbers of steps, in minigraph,
in Keras on each of its backends, and in hand-written PyTorch. Before anything is timed, each of
them must compute the same losses from the same weights.

{conditions}
{notes}
The models have short names in the tables:

{models}
The libraries have short names too:

- mini: minigraph; kept: the same with one more line, `config.keep_memory()`
- K-TF, K-JAX, K-PT: Keras on TensorFlow, on JAX and on PyTorch
- PT: hand-written PyTorch; PT-cl: the same with the channels last in memory, for images

## What a step costs

Milliseconds for one training step{threads}, processor time, medians{first}.
The best time in each row is in bold. The ratio at the end of a row is the time of minigraph divided
by that of its fastest rival, without and with kept memory: below 1, minigraph is the fastest.

{steps}
{more_threads}Other work on the machine can slow a step down by a quarter, so treat ratios near 1
as ties.

{verdict}

```{{image}} images/how_fast.svg
:alt: A row for each model and a mark for each library, on a logarithmic axis of milliseconds.
```

## Where the floor is

A step must multiply certain matrices, whatever the library. We count these products and divide by
the best rate at which this processor multiplies matrices, {rate:.0f} billion operations a second.
That is the floor; nobody who computes the same products gets below it. The table gives the floor as
a share of the time of a step. The rest is memory traffic, element-wise functions, and the library
itself.

{shares}
## The three ideas that helped most

**Do little around the arithmetic.** In the small models the products take microseconds. What then
counts is how much Python runs between them: one record on the tape for a whole layer, a plan of
calls that is made once per model, weights collected once per epoch, and one flat vector for each
slot of the optimizer.

**Keep it in the cache.** A convolution copies the windows of an image into a matrix, and the rest
is one product. The whole matrix would be many times larger than the image. Cut into pieces of half
a megabyte, it never leaves the cache, and one small buffer serves all pieces.

**Take out of the loop what does not need it.** A recurrent layer must go step by step, but only for
what depends on the state. The products with the inputs of all steps are one large product before
the loop, and the gradients of the weights are a few large products after it.

**And one request to the operating system.** A step allocates and frees arrays of the same sizes
over and over. The C library returns the large ones to the system each time and gets new pages,
which the system fills with zeros first. `config.keep_memory()` lets it keep them. It applies to the
whole process, so it is off until you ask for it.

## Where it is not the fastest

**Convolutions.** PyTorch and TensorFlow leave them to oneDNN, a library with specialized code for
each kind of processor. It reads an image in place and runs near the peak rate. NumPy offers only
matrix products for this. So the windows must be copied (im2col), and a product with as few columns
as a layer has filters stays below that rate. With more threads the gap widens, because NumPy runs
only its matrix products on several: copies, pooling and activations stay on one.

**Loops that are compiled.** Keras on JAX turns a whole training step into one program. No Python
runs between its operations, and several of them become one pass over the memory. That counts where
operations are many and small: in recurrent layers, and in `fit`, which does not wait for a step
before it prepares the next. The cost comes before the first step, as you see below.

{growth}## One sample

Milliseconds for `predict` on one sample, processor time, medians. Much of the work
that a framework does for a batch it also does for one sample, so this is mostly the overhead of a
call.

{predict}
And for `model(x)` with the values copied to host memory:

{call}
## Before the first step

Seconds of processor time from the start of the process to the end of the first training step: to
load the library, to build the model, and to compile it where that is done.

{starts}
## Memory

The peak memory of the process in megabytes, data included.

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
    """For each number of threads a table: how often minigraph is faster than each rival."""
    parts = []
    for threads, part in found["threads"].items():
        own = [name for name in report.names_of(part) if name in peers.OWN]
        rivals = [name for name in report.names_of(part) if name not in peers.OWN]
        clock, time = ("cpu", "processor") if threads == "1" else ("wall", "wall-clock")
        rows = []
        for rival in [*rivals, None]:
            cells = [rival or "the fastest in each row"]
            for name in own:
                each = ratios(part, name, rival, clock)
                mean = math.exp(sum(map(math.log, each)) / max(len(each), 1))
                cells += [f"{sum(r < 1 for r in each)} of {len(each)}", f"{mean:.2f}"]
            rows.append(cells)
        head = [cell for name in own for cell in (f"{name} is faster on", "ratio of times")]
        word = "thread" if threads == "1" else "threads"
        parts.append(f"On {threads} {word}, {time} time; the ratio is a geometric mean:\n")
        parts.append(report.table(["compared with", *head], rows))
    return "\n".join(parts)


GROWTH = """\
## How the cost grows

If a cost grew faster than the model, every number above would hold for one size only. So we vary
one size at a time: the batch of the MLP, the depth of the residual MLP, the steps of the two LSTMs,
the number of nodes in a chain of additions. In the picture a line that is as steep as the dotted
one stands for a cost that grows with the size, and a flatter one for a cost that hardly depends on
it. The slope is that of the upper half of a line: 1 means twice the time for twice the size. A
slope a little above 1 shows the cost of outgrowing a cache.

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
