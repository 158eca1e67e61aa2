"""A process that holds one model of one library and does as it is told.

It reads one JSON list a line, [command, argument], and answers one JSON value a line. Its first
answer, unasked, is how long it took from the start of the process to the end of the first step.
"""

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path


def limit_threads(threads):
    """Let whatever is imported after this use so many threads, and so many cores."""
    names = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"]
    names += ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]
    os.environ |= dict.fromkeys(names, str(threads))
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if hasattr(os, "sched_setaffinity"):  # XLA makes as many threads as it may use cores
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-threads:])


def timed(act, count):
    """The CPU and wall seconds of each of `count` calls."""
    found = []
    for _ in range(count):
        cpu, wall = time.process_time(), time.perf_counter()
        act()
        found.append([time.process_time() - cpu, time.perf_counter() - wall])
    return found


def peak_memory():
    """The most memory that this process ever held, in MB.

    `ru_maxrss` would begin with what the parent held when it started this process.
    """
    with suppress(FileNotFoundError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def peak_rate():
    """The best rate of a 512 x 512 x 512 product in float32, in operations per second."""
    import numpy as np

    a = np.random.default_rng(1).random((512, 512), np.float32)
    out = np.empty_like(a)
    best = min(wall for _, wall in timed(lambda: np.matmul(a, a, out=out), 200))
    return 2 * 512**3 / best


class Worker:
    """One model of one library. Each method is a command."""

    def __init__(self, peer, name, threads, options):
        from benchmarks import peers, workloads  # not before the number of threads is set

        self.name, self.threads = peer, threads
        self.peer = peers.make(peer, workloads.make(name, **options), threads)
        self.sample, self.epoch = None, None

    def step(self, count):
        return timed(self.peer.step, count)

    def predict(self, count):
        self.sample = self.sample or [self.peer.sample()]
        return timed(lambda: self.peer.predict(self.sample[0]), count)

    def call(self, count):
        self.sample = self.sample or [self.peer.sample()]
        return timed(lambda: self.peer.call(self.sample[0]), count)

    def fit(self, batches):
        """The seconds of each batch in an epoch of so many."""
        if self.epoch is None:
            self.epoch = self.peer.work.data(self.peer.work.batch * batches)
        ((cpu, wall),) = timed(lambda: self.peer.fit(*self.epoch), 1)
        return [[cpu / batches, wall / batches]]

    def losses(self, asked):
        """The losses of the first steps of a workload, from the weights in a file."""
        import numpy as np

        from benchmarks import peers, workloads

        name, options, steps, weights_file = asked
        peer = peers.make(self.name, workloads.make(name, **options), self.threads)
        with np.load(weights_file) as file:
            peer.load([file[key] for key in file.files])
        return [peer.step() for _ in range(steps)]

    def memory(self, _):
        return peak_memory()


def main(peer, name, threads, started_at, options):
    """Obey until told to quit. `started_at` is when the clock of the parent started this."""
    # Libraries print what they like on standard output: the answers keep it for themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    limit_threads(int(threads))
    if peer == "rate":
        answer(peak_rate())
        return
    if peer == "scaling":
        from benchmarks import scaling

        answer(scaling.run(quick=name == "quick"))
        return
    if peer == "profile":
        from benchmarks import profile

        answer(profile.tables(name, **json.loads(options)))
        return
    worker = Worker(peer, name, int(threads), json.loads(options))
    worker.peer.step()
    answer({"cpu": time.process_time(), "wall": time.time() - float(started_at)})
    for line in sys.stdin:
        command, argument = json.loads(line)
        if command == "quit":
            return
        answer(getattr(worker, command)(argument))


if __name__ == "__main__":
    main(*sys.argv[1:])
