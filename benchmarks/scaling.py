"""How the cost of minigraph grows: with the batch, the depth, the length of a text, the nodes."""

import gc
import sys
import time

from . import peers, workloads

SERIES = {
    "batch": ("a64", "batch", [8, 16, 32, 64, 128, 256, 512]),
    "depth": ("j", "depth", [2, 5, 10, 20, 50, 100, 200]),
    "steps": ("hlstm", "steps", [10, 20, 50, 100, 200, 500, 1000]),
    "nodes": ("nodes", "nodes", [10, 20, 50, 100, 200, 500, 1000, 2000, 5000]),
}


def best(act, seconds):
    """The least processor time of the calls that fit into some seconds, of three at least."""
    found, end = [], time.perf_counter() + seconds
    while len(found) < 3 or time.perf_counter() < end:
        start = time.process_time()
        act()
        found.append(time.process_time() - start)
    return min(found)


def run(quick=False):
    """Series -> points (size, seconds): those of a step, and of building the model."""
    import minigraph

    found, seconds = {}, 0.05 if quick else 1.0
    for series, (name, size, numbers) in SERIES.items():
        for number in numbers:
            work = workloads.make(name, **{size: number})
            peer = peers.make("minigraph", work, 1)
            found.setdefault(f"step by {series}", []).append((number, best(peer.step, seconds)))
            if series in ("depth", "nodes"):
                build = best(lambda work=work: work.build(minigraph), seconds)
                found.setdefault(f"build by {series}", []).append((number, build))
    return found


def calls(act):
    """How many functions Python calls while `act` runs: a cost that no busy machine changes."""
    count = 0

    def notice(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    gc.collect()
    gc.disable()  # what others have left behind is not cleared away at the cost of this
    sys.setprofile(notice)
    try:
        act()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def calls_at(name, size, numbers):
    """The calls that building a model and one step take: for each number (build, step)."""
    import minigraph

    found = []
    for number in numbers:
        work = workloads.make(name, tiny=True, **{size: number})
        build = calls(lambda work=work: work.build(minigraph))
        peer = peers.make("minigraph", work, 1)
        peer.step()
        found.append((build, calls(peer.step)))
    return found
