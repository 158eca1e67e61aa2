"""Where a training step of minigraph spends its time, by op."""

import cProfile
import pstats
import time
from contextlib import contextmanager

from minigraph.core.tensor import OPS, Tape

from . import peers, report, workloads

SECONDS = 2.0


class Clock:
    """Seconds of processor time that each op spends: name -> [forward, backward]."""

    def __init__(self):
        self.spent = {name: [0.0, 0.0] for name in OPS}

    def timed(self, name, way, run):
        """A function like `run` that adds its time to what `name` has spent that way."""

        def timed(*arguments, **settings):
            start = time.process_time()
            result = run(*arguments, **settings)
            self.spent[name][way] += time.process_time() - start
            return result

        return timed if callable(run) else run

    @contextmanager
    def running(self):
        """Within the block, every op and every way back that a tape records is timed."""
        record = Tape.record
        cells = {n: op.__closure__[op.__code__.co_freevars.index("fn")] for n, op in OPS.items()}
        functions = {name: cell.cell_contents for name, cell in cells.items()}

        def timed_ways(name, backward):
            if not callable(backward):
                return tuple(self.timed(name, 1, way) for way in backward)
            joint = self.timed(name, 1, backward)  # gives several functions at once
            return lambda g: [self.timed(name, 1, way) for way in joint(g)]

        def record_timed(tape, name, outputs, inputs, backward):
            record(tape, name, outputs, inputs, timed_ways(name, backward))

        try:
            Tape.record = record_timed
            for name, cell in cells.items():
                cell.cell_contents = self.timed(name, 0, functions[name])
            yield self.spent
        finally:
            Tape.record = record
            for name, cell in cells.items():
                cell.cell_contents = functions[name]


def tables(name, steps=None, tiny=False):
    """The shares of the ops, and of the functions that take longest, as Markdown.

    The second table is that of a profiler, which makes short functions look longer than they are.
    """
    work = workloads.make(name, tiny=tiny)
    peer = peers.make("minigraph", work, 1)
    peer.step()
    if steps is None:
        start = time.perf_counter()
        peer.step()
        steps = max(3, round(SECONDS / (time.perf_counter() - start)))
    with Clock().running() as spent:
        start = time.process_time()
        for _ in range(steps):
            peer.step()
        total = time.process_time() - start
    rows = sorted(spent.items(), key=lambda row: -sum(row[1]))
    shown = [[n, f"{f / total:.1%}", f"{b / total:.1%}"] for n, (f, b) in rows if f]
    inside = sum(map(sum, spent.values()))
    shown.append(["everything else", f"{1 - inside / total:.1%}", ""])
    head = f"{name}: {work.title}; {1000 * total / steps:.3f} ms a step"
    ops = report.table(["op", "forward", "backward"], shown)
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    for _ in range(steps):
        peer.step()
    profiler.disable()
    stats = pstats.Stats(profiler)
    total = stats.total_tt
    own = [(n[2], place) for place, n in stats.stats.items()]
    lines = [
        [f"{place[0].split('minigraph/')[-1]}:{place[1]} {place[2]}", f"{seconds / total:.1%}"]
        for seconds, place in sorted(own, reverse=True)[:15]
    ]
    functions = report.table(["function, without what it calls", "share"], lines)
    return f"\n{head}\n\n{ops}\n{functions}"
