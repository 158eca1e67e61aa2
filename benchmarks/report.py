"""Results as Markdown tables and as plots."""

import math
import statistics
from contextlib import suppress

from .peers import OWN

COLUMNS = {
    "step": "A training step, milliseconds (f: the forward pass)",
    "fit": "A batch in an epoch of `fit`, milliseconds",
    "predict": "`predict` on one sample, milliseconds (g: on one batch)",
    "call": "`model(x)` on one sample, milliseconds (g: on one batch)",
}
LINEAR = 1.25  # the steepest slope that still counts: what outgrows a cache gets a little steeper


def short(number):
    """Three digits that mean something."""
    if number is None:
        return ""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def table(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def renamed(head, titles):
    """The names of columns, some of them replaced by titles."""
    titles = dict(titles)
    return [titles.get(name, name) for name in head]


def names_of(part):
    """The peers of a result, in the order in which they were started."""
    found = {}
    for row in part["workloads"].values():
        found |= dict.fromkeys(row["peers"])
    return list(found)


def value_of(row, peer, measure, clock, kind):
    """One number, or None where a peer has no such measure."""
    with suppress(KeyError):
        return row["peers"][peer][measure][clock][kind]
    return None


def measured(part, measure, clock, kind, floor=False, titles=()):
    """A table with a row for each workload and a column for each peer.

    The best of a row is bold; at its end stands minigraph's time / that of the best peer, with
    kept memory too if that was measured. `titles` may give columns other names.
    """
    names = names_of(part)
    own = [name for name in OWN if name in names]
    ends = ["to the best", "kept, to the best"][: len(own)]
    head = renamed(["workload", *(["floor"] if floor else []), *names, *ends], titles)
    rows = []
    for name, row in part["workloads"].items():
        numbers = [value_of(row, peer, measure, clock, kind) for peer in names]
        if not any(numbers):
            continue
        found = dict(zip(names, numbers, strict=True))
        others = [n for peer, n in found.items() if n and peer not in OWN]
        ratios = [f"{found[o] / min(others):.2f}" if found[o] and others else "" for o in own]
        best = min(n for n in numbers if n)
        cells = [f"**{short(n)}**" if n == best else short(n) for n in numbers]
        rows.append([name, *([short(row["floor"])] if floor else []), *cells, *ratios])
    return table(head, rows)


def plain(part, pick, titles=()):
    """A table of one number for each workload and peer."""
    names = names_of(part)
    rows = [
        [name, *(short(pick(row["peers"][p]) if p in row["peers"] else None) for p in names)]
        for name, row in part["workloads"].items()
    ]
    return table(renamed(["workload", *names], titles), rows)


def shares(part, titles=()):
    """What part of a step is the arithmetic that nobody can leave out."""
    rows = []
    for name, row in part["workloads"].items():
        steps = {p: value_of(row, p, "step", "wall", "median") for p in names_of(part)}
        cells = [f"{row['floor'] / n:.0%}" if n else "" for n in steps.values()]
        rows.append([name, row["title"], *cells])
    return table(renamed(["workload", "", *names_of(part)], titles), rows)


def heading(conditions):
    """Where and with what the numbers were taken."""
    versions = ", ".join(f"{name} {version}" for name, version in conditions["versions"].items())
    return (
        f"{conditions['date']}, {conditions['cpu']}, {conditions['cores']} cores, "
        f"load {conditions['load']} at the start; Python {conditions['python']}, {versions}.\n"
    )


def tables(found):
    """All results as one Markdown page."""
    parts = ["# Benchmarks\n", heading(found["conditions"]), *found["notes"]]
    for threads, part in found["threads"].items():
        word = "thread" if threads == "1" else "threads"
        parts.append(f"\n## {threads} {word}, {part['rate'] / 1e9:.1f} GFLOP/s at best\n")
        for measure, title in COLUMNS.items():
            for clock in ("cpu", "wall"):
                for kind in ("median", "min"):
                    parts.append(f"### {title}: {kind} of {clock} time\n")
                    parts.append(measured(part, measure, clock, kind, measure == "step"))
        parts.append("### The share of the floor: its time / the median wall time of a step\n")
        parts.append(shares(part))
        for clock in ("cpu", "wall"):
            parts.append(f"### From process start to the end of the first step, {clock} seconds\n")
            parts.append(plain(part, lambda peer, clock=clock: peer["first_step"][clock]))
        parts.append("### Peak memory, MB\n")
        parts.append(plain(part, lambda peer: peer["memory"]))
    return "\n".join(parts)


# ---------------------------------------------------------------------------------------------
# Pictures


def figure(height):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(9, height), layout="constrained")


def plot(found, path):
    """A row for each workload, a mark for each peer, and a bar where the floor is."""
    count = sum(len(part["workloads"]) for part in found["threads"].values())
    picture, axes = figure(1.5 + 0.35 * count)
    labels, marks = [], "osD^vP*X"
    for threads, part in found["threads"].items():
        names = names_of(part)
        for name, row in part["workloads"].items():
            y = len(labels)
            labels.append(f"{name}, {threads} thread{'s' * (threads != '1')}")
            for k, peer in enumerate(names):
                ms = value_of(row, peer, "step", "wall", "median")
                if ms:
                    style = {"color": f"C{k}", "marker": marks[k % len(marks)]}
                    axes.plot(ms, y, linestyle="", label=peer, **style)
            if row["floor"] > 1e-3:
                axes.plot(row["floor"], y, "k|", markersize=12, label="floor of the arithmetic")
    axes.set_xscale("log")
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("milliseconds for a step, wall time, median")
    legend = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    picture.legend(legend.values(), legend.keys(), loc="outside upper center", ncol=4)
    picture.savefig(path)


def slope(points):
    """How steep the upper half of a series is on logarithmic axes: 1 where cost grows linearly."""
    upper = points[len(points) // 2 - 1 :]
    xs, ys = zip(*((math.log(x), math.log(y)) for x, y in upper), strict=True)
    return statistics.linear_regression(xs, ys).slope


def scaling_table(found):
    """The series of a scaling run, each with the slope of its end."""
    rows = []
    for name, points in found["series"].items():
        steep = slope(points)
        shown = ", ".join(f"{x}: {short(1000 * y)}" for x, y in points)
        verdict = "linear or less" if steep <= LINEAR else "MORE THAN LINEAR"
        rows.append([name, shown, f"{steep:.2f}", verdict])
    return table(
        ["series", "size: milliseconds of processor time", "slope of the upper half", ""], rows
    )


def plot_scaling(found, path):
    """Every series on logarithmic axes, with a line of slope 1 beside them."""
    picture, axes = figure(6)
    for name, points in found["series"].items():
        axes.loglog(*zip(*points, strict=True), marker="o", label=name)
    axes.loglog([10, 5000], [1e-3, 0.5], "k:", label="linear")
    axes.set_xlabel("size")
    axes.set_ylabel("seconds of processor time")
    axes.legend()
    axes.grid(alpha=0.3)
    picture.savefig(path)
