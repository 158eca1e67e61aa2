"""Time the workloads of `workloads` in minigraph and in every peer that is installed.

    make bench                          all, on one thread and on two (about an hour)
    python -m benchmarks --quick        few rounds, to see that everything runs
    python -m benchmarks --only a64,c --peers keras-jax,torch
    python -m benchmarks --profile --only a64     where a step of minigraph spends its time
    python -m benchmarks --scaling      how the cost of minigraph grows

For each workload one process a library is started, one after another, and all stay alive. Then they
take turns, round after round, so that whatever else the machine does meets all of them alike. The
results go to `_build/bench/results`: a table, JSON and a plot.
"""

import argparse
import json
import os
import platform
import statistics
from datetime import date
from pathlib import Path

from . import agreement, peers, report, workloads
from .processes import ROOT, Process

MEASURES = ["step", "fit", "predict", "call"]
FIT_BATCHES = 20


def summary(seconds):
    """Medians and minima of [cpu, wall] seconds, in milliseconds."""
    found = {"count": len(seconds)}
    for place, clock in enumerate(("cpu", "wall")):
        column = [1000 * row[place] for row in seconds]
        found[clock] = {"median": statistics.median(column), "min": min(column)}
    return found


def measure(name, names, threads, rounds, block, python_options):
    """Everything about one workload: peer -> first step, memory, and the timed measures."""
    work = workloads.make(name, **python_options)
    processes, found = {}, {}
    try:
        for peer in names:
            if peers.runs(peer, work):
                processes[peer] = Process(peer, name, threads, **python_options)
                found[peer] = {"first_step": processes[peer].first}
        for measure in MEASURES if work.trains else ["step", "predict", "call"]:
            seconds = take_turns(processes, measure, rounds, block)
            for peer, rows in seconds.items():
                found[peer][measure] = summary(rows)
        for peer, process in processes.items():
            found[peer]["memory"] = process.ask("memory")
    finally:
        for process in processes.values():
            process.quit()
    return found


def take_turns(processes, measure, rounds, block):
    """The [cpu, wall] seconds of each call: peer -> rows, in blocks of about `block` seconds.

    Each round begins with another peer. The first call of a block, which finds the caches full of
    the others' data, does not count if there are more.
    """
    counts = {}
    for peer, process in processes.items():
        if measure == "fit":
            process.ask("fit", FIT_BATCHES)
            counts[peer] = FIT_BATCHES
            continue
        process.ask(measure, 1)  # what is compiled at the first call is no part of the others
        ((_, wall),) = process.ask(measure, 1)
        counts[peer] = max(1, min(200, round(block / max(wall, 1e-6))))
    seconds = {peer: [] for peer in processes}
    order = list(processes)
    for _ in range(rounds):
        for peer in order:
            rows = processes[peer].ask(measure, counts[peer])
            seconds[peer] += rows[1:] or rows
        order.append(order.pop(0))
    return seconds


def cpu_name():
    """The model of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def conditions():
    """What the numbers depend on."""
    return {
        "date": date.today().isoformat(),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": peers.versions(),
    }


def rate(threads):
    """The peak rate of matrix products, measured in a process of its own."""
    with Process("rate", "none", threads) as process:
        return process.first


def check_agreement(installed, names):
    """Raise SystemExit unless all peers compute the losses that minigraph computes."""
    names = [name for name in names if name in agreement.trained()]
    if not names:
        return
    for peer in installed:
        if not any(peers.runs(peer, workloads.make(name)) for name in names):
            continue
        with Process(peer, names[0], tiny=True) as process:
            found = agreement.differences(process, peer, names)
        wrong = {n: d for n, d in found.items() if not d <= agreement.TOLERANCE}
        if wrong:
            raise SystemExit(f"{peer} does not compute what minigraph computes: {wrong}")
        print(f"{peer}: the same losses on {len(found)} workloads", flush=True)


def run(arguments, installed, names):
    """All workloads on all numbers of threads: after each, the JSON that holds the results so far.

    The peak rate is measured again each time, since nobody knows when a machine is at its best.
    """
    found = {"conditions": conditions(), "notes": arguments.notes, "threads": {}}
    rounds, block = (2, 0.05) if arguments.quick else (arguments.rounds, arguments.seconds)
    options = {"tiny": True} if arguments.tiny else {}
    for threads in arguments.threads:
        rows = {}
        part = found["threads"][str(threads)] = {"rate": rate(threads), "workloads": rows}
        for name in names:
            print(f"{name} on {threads} threads", flush=True)
            rows[name] = {
                "title": workloads.make(name).title,
                "flops": workloads.make(name, **options).flops(),
                "peers": measure(name, installed, threads, rounds, block, options),
            }
            part["rate"] = max(part["rate"], rate(threads))
            for row in rows.values():
                row["floor"] = 1000 * row["flops"] / part["rate"]
            yield found


def write(found, directory):
    """The results as JSON, as tables and as a plot. Returns the tables."""
    (directory / "results.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    table = report.tables(found)
    (directory / "results.md").write_text(table, "utf-8")
    report.plot(found, directory / "results.svg")
    return table


def words(text):
    """The parts of a list on the command line."""
    return text.split(",")


def numbers(text):
    """The same, as whole numbers."""
    return [int(part) for part in words(text)]


def read_arguments():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listed = [name for name in workloads.WORKLOADS if name != "nodes"]
    parser.add_argument("--only", type=words, default=listed, help=",".join(listed))
    parser.add_argument("--peers", type=words, default=peers.PEERS, help=",".join(peers.PEERS))
    parser.add_argument("--threads", type=numbers, default=[1, 2], help="such as 1,2")
    parser.add_argument("--rounds", type=int, default=15, help="blocks of each peer")
    parser.add_argument("--seconds", type=float, default=0.2, help="of one block")
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, to try the command")
    parser.add_argument("--profile", action="store_true", help="where minigraph's time goes, by op")
    parser.add_argument("--scaling", action="store_true", help="how minigraph's cost grows")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "bench" / "results")
    arguments = parser.parse_args()
    unknown = set(arguments.only) - set(workloads.WORKLOADS)
    unknown |= set(arguments.peers) - set(peers.PEERS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    return arguments


def main():
    arguments = read_arguments()
    if arguments.profile:
        for name in arguments.only:
            with Process("profile", name, arguments.threads[0], tiny=arguments.tiny) as process:
                print(process.first)
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.scaling:
        with Process("scaling", "quick" if arguments.quick else "long") as process:
            found = {"conditions": conditions(), "series": process.first}
        (arguments.out / "scaling.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        print(report.scaling_table(found))
        report.plot_scaling(found, arguments.out / "scaling.svg")
        return
    reasons = {peer: peers.missing(peer) for peer in arguments.peers}
    arguments.notes = [f"Left out: {reason}." for reason in reasons.values() if reason]
    installed = [peer for peer, reason in reasons.items() if not reason]
    check_agreement([peer for peer in installed if peer not in peers.OWN], arguments.only)
    for found in run(arguments, installed, arguments.only):  # an hour: nothing of it is lost
        table = write(found, arguments.out)
    print(table)
    print(f"The table, JSON and the plot are in {arguments.out}")


if __name__ == "__main__":
    main()
