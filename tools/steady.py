"""Settings under which a notebook gives the same output every time it runs.

The notebooks store numbers, and those numbers are compared. Sums of floating-point numbers depend
on how many threads share the work, so linear algebra gets one thread. IPython and Matplotlib get
separate folders: no reader's start-up file or style sheet changes an output, and the message about
building the font list, which Matplotlib prints on first use, never ends up in a chapter.
"""

import os
import sys
from pathlib import Path

FOLDER = Path(sys.prefix) / "share" / "minigraph"

SETTINGS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLCONFIGDIR": str(FOLDER / "matplotlib"),
    "IPYTHONDIR": str(FOLDER / "ipython"),
    # The kernel is this environment's, even where the reader has another one installed.
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYTHONHASHSEED": "0",
}


def apply() -> None:
    """Apply the settings to this process and all it starts; call it before importing NumPy."""
    os.environ.update(SETTINGS)


def prepare() -> None:
    """Fill the two folders, once for each environment."""
    apply()
    profile = FOLDER / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    # Each kernel warns that it talks to its owner unencrypted. Both are on this machine.
    (profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 'ERROR'\n")
    import matplotlib.font_manager  # noqa: F401  (the import writes the font list)


if __name__ == "__main__":
    prepare()
