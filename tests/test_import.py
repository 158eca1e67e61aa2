"""`import minigraph` is quick and brings nothing along but NumPy and safetensors."""

import os
import subprocess
import sys
from pathlib import Path

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
