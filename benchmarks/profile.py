"""Where a training step of minigraph spends its time, by op."""

import cProfile
import pstats
import types

from . import peers, report, workloads

SECONDS = 2.0


def codes_of(op):
    """(the code of an op's forward pass, the codes of the functions that it gives out)."""
    own = op.__wrapped__.__code__
    found, waiting = [], [own]
    for code in waiting:
        inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
        inner = [code for code in inner if code.co_name not in ("<genexpr>", "<listcomp>")]
        found += inner
        waiting += inner
    return own, found


def by_op(stats):
    """Seconds of each op: name -> [forward, backward], with all that they call."""
    from minigraph.tensor import OPS

    timed = {place: numbers[3] for place, numbers in stats.stats.items()}  # cumulative seconds

    def seconds(code):
        return timed.get((code.co_filename, code.co_firstlineno, code.co_name), 0.0)

    found = {}
    for name, op in OPS.items():
        forward, backward = codes_of(op)
        places = {(c.co_filename, c.co_firstlineno, c.co_name): c for c in backward}
        times = [seconds(forward), sum(seconds(code) for code in places.values())]
        if sum(times):
            found[name] = times
    return found


def print_profile(name, steps=None, tiny=False):
    """Print the shares of the ops, then the functions of the library that take longest.

    The profiler makes short functions look longer than they are: read shares, not milliseconds.
    """
    work = workloads.make(name, tiny=tiny)
    peer = peers.make("minigraph", work, 1)
    peer.step()
    if steps is None:
        import time

        start = time.perf_counter()
        peer.step()
        steps = max(3, round(SECONDS / (time.perf_counter() - start)))
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(steps):
        peer.step()
    profiler.disable()
    stats = pstats.Stats(profiler)
    total = stats.total_tt
    rows = sorted(by_op(stats).items(), key=lambda row: -sum(row[1]))
    inside = sum(sum(times) for _, times in rows)
    shown = [[n, f"{f / total:.1%}", f"{b / total:.1%}"] for n, (f, b) in rows]
    shown.append(["everything else", f"{max(0.0, 1 - inside / total):.1%}", ""])
    print(f"\n{name}: {work.title}; {1000 * total / steps:.3f} ms a step under the profiler\n")
    print(report.table(["op", "forward", "backward"], shown))
    own = [(n[2], place) for place, n in stats.stats.items()]
    lines = [
        [f"{place[0].split('minigraph/')[-1]}:{place[1]} {place[2]}", f"{seconds / total:.1%}"]
        for seconds, place in sorted(own, reverse=True)[:15]
    ]
    print(report.table(["function, without what it calls", "share"], lines))
