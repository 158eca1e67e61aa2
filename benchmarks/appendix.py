"""Write the book's appendix "How fast is it, and why" from the results of `make bench`.

    python -m benchmarks.appendix _build/bench/results book/how_fast.md

All numbers come from `results.json`; run it again when they were measured anew.
"""

import json
import math
import sys
from pathlib import Path

from . import peers, report

TEXT = """\
# How fast is it, and why

A library in NumPy looks like a toy. This page measures how far that is true. The programs are those
of the book: the same models, the same data and the same numbers of steps, in minigraph, in Keras on
each of its backends, and in PyTorch by hand. Before anything is timed, each of them must compute
the same losses from the same weights.

{conditions}
{notes}
## What a step costs

Milliseconds for one training step{threads}, processor time, medians{first}.
The best of a row is set in bold. "To the best" is the time of minigraph divided by that of its
fastest peer: below 1, minigraph is the fastest. "minigraph-kept" is the same library after one
more line, `config.keep_memory()`.

{steps}
{verdict}

```{{image}} images/how_fast.svg
:alt: A row for each model and a mark for each library, on a logarithmic axis of milliseconds.
```

## Where the floor is

A step must multiply certain matrices, whatever the library. We count these products and divide by
the best rate at which this processor multiplies matrices, {rate:.0f} billion operations a second.
That is the floor; nobody who computes the same products gets below it. The table says what part of
the time of a step the floor is. All the rest is memory traffic, functions of single numbers, and
the library itself.

{shares}
## The three ideas that gave most

**Do little around the arithmetic.** In the small models the products take microseconds. What then
counts is how much Python runs between them: one record on the tape for a whole layer, a plan of the
calls that is made once for a model, weights collected once for an epoch, and one flat vector
for everything that the optimizer remembers.

**Keep it in the cache.** A convolution copies the windows of an image into a matrix, and then it is
one product. The whole matrix would be many times larger than the image. Cut into pieces of about a
megabyte it never leaves the cache, and one small buffer serves all pieces.

**Take out of the loop what does not need it.** A recurrent layer must go step by step, but only for
what depends on the state. The products with the inputs of all steps are one large product before
the loop, and the gradients of the weights are a few large products after it.

**And one wish to the system.** A step makes and drops arrays of the same sizes over and over. The C
library gives the large ones back each time, and gets new pages, which the system fills with zeros
first. `config.keep_memory()` lets it keep them. It holds for the whole process, so it is for you to
ask for.

## One sample

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


def verdict(part, name, clock="cpu"):
    """A sentence that counts where one form of minigraph is the fastest, and says where not."""
    slower, ratios = [], []
    for workload, row in part["workloads"].items():
        times = {p: report.value_of(row, p, "step", clock, "median") for p in row["peers"]}
        own = times[name]
        rivals = [ms for peer, ms in times.items() if ms and peer not in peers.OWN]
        if rivals:
            ratios.append(own / min(rivals))
            slower += [f"{workload} ({ratios[-1]:.2f})"] if ratios[-1] > 1 else []
    if not ratios:
        return "No peer was measured."
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    ahead = len(ratios) - len(slower)
    text = f"{name} is the fastest on {ahead} of {len(ratios)} models; "
    text += f"the geometric mean of its ratios to the fastest peer is {mean:.2f}."
    return text + (f" Slower than the fastest peer: {', '.join(slower)}." if slower else "")


def verdicts(found):
    """Those of all that was measured, a paragraph for each number of threads."""
    paragraphs = []
    for threads, part in found["threads"].items():
        own = [name for name in report.names_of(part) if name in peers.OWN]
        clock, time = ("cpu", "processor") if threads == "1" else ("wall", "wall-clock")
        said = " ".join(verdict(part, name, clock) for name in own)
        word = "thread" if threads == "1" else "threads"
        paragraphs.append(f"On {threads} {word}, by {time} time: {said}")
    return "\n\n".join(paragraphs)


def page(found):
    """The appendix as Markdown."""
    part = found["threads"].get("1") or next(iter(found["threads"].values()))
    names = [name for name, row in part["workloads"].items() if row["title"].startswith("VGG")]
    return TEXT.format(
        conditions=f"Measured {report.heading(found['conditions'])}",
        notes="".join(f"{note}\n" for note in found["notes"]),
        threads=" on one thread" if "1" in found["threads"] else "",
        first=f" ({names[0]} is the forward pass alone)" if names else "",
        steps=report.measured(part, "step", "cpu", "median", floor=True),
        verdict=verdicts(found),
        predict=report.measured(part, "predict", "cpu", "median"),
        call=report.measured(part, "call", "cpu", "median"),
        rate=part["rate"] / 1e9,
        shares=report.shares(part),
        starts=report.plain(part, lambda peer: peer["first_step"]["cpu"]),
        memory=report.plain(part, lambda peer: peer["memory"]),
    )


def main(results, target):
    results, target = Path(results), Path(target)
    target.write_text(page(json.loads((results / "results.json").read_text("utf-8"))), "utf-8")
    picture = (results / "results.svg").read_text("utf-8")
    (target.parent / "images" / "how_fast.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
