"""`import minigraph` is quick and brings nothing along but NumPy and safetensors."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

HEAVY = [
    *("matplotlib", "IPython", "ipykernel", "jupyter_client", "jupyter_core", "jupyterlab"),
    *("notebook", "ipywidgets", "anywidget", "traitlets", "comm", "sklearn", "scipy", "pandas"),
    *("PIL", "cupy", "h5py", "nbformat", "nbclient", "unittest", "pytest"),
]

LIST_MODULES = "import sys, minigraph; print(*sys.modules)"
MEASURE = """
import time
import numpy, safetensors
before = time.process_time()
import minigraph
print(time.process_time() - before)
"""

COUNT_FAULTS = """
import resource
import numpy as np
import minigraph
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    x = np.ones(2**19, "float32")
    y = x + 1
    z = y + 1
    del x, y, z
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def python(code, **environment):
    """What a fresh Python prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    return done.stdout


def test_nothing_heavy_is_imported():
    loaded = {name.partition(".")[0] for name in python(LIST_MODULES).split()}
    assert {"minigraph", "numpy", "safetensors"} <= loaded
    assert not loaded & set(HEAVY)


def test_the_import_costs_little(tmp_path):
    """CPU seconds, not seconds on the clock, and the best of several: other programs may run.

    Python compiles the files the first time and keeps the result, unless it was told not to.
    """
    keep = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    python(MEASURE, **keep)
    best = min(float(python(MEASURE, **keep)) for _ in range(12))
    assert best <= 0.1


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do as they like")
def test_freed_memory_is_kept_for_the_next_arrays():
    """Three arrays of 2 MB have 1536 pages: the system hands them out once, not fifty times."""
    assert int(python(COUNT_FAULTS)) < 3 * 1536
