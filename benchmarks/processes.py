"""The processes that are compared: all alive at once, one obeying at a time."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


class Process:
    """A worker (see `worker`) that has just done its first step; `first` is how long it took.

    Raises RuntimeError, with the end of what it said, if it dies.
    """

    def __init__(self, peer, workload, threads=1, python=sys.executable, **options):
        command = [str(python), "-m", "benchmarks.worker", peer, workload, str(threads)]
        command += [repr(time.time()), json.dumps(options)]
        self.title = f"{peer} on {workload}"
        self.said = tempfile.TemporaryFile("w+")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.said}
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)
        try:
            self.first = self._answer()
        except BaseException:
            self.quit()
            raise

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.said.seek(0)
            raise RuntimeError(f"{self.title} ended:\n{self.said.read()[-2000:]}")
        return json.loads(line)

    def ask(self, command, argument=None):
        """What the worker answers to a command."""
        print(json.dumps([command, argument]), file=self.process.stdin, flush=True)
        return self._answer()

    def quit(self):
        """End the process and wait until it has ended."""
        self.process.kill()
        self.process.communicate()
        self.said.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.quit()
