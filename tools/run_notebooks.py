"""Run the notebooks and store what they print, the same bytes every time.

    python tools/run_notebooks.py                     all of book/ and solutions/
    python tools/run_notebooks.py book/00_tour.ipynb  these only
    python tools/run_notebooks.py --check             write nothing; fail where a file would change

Each notebook runs from top to bottom in a fresh kernel, in its own folder, two notebooks at a
time. A file is written only if its text changed, and not at all if one of its cells raises.

Three things are left out of the stored file, because they differ from run to run or from machine
to machine and no reader needs them: times, the exact version of Python, and the state of widgets
(their text/html form shows everything; the live form comes back when the cell is run).
"""

import argparse
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import notebook_files, steady  # noqa: E402  (found through the line above)
from tools.notebook_files import NotebookError  # noqa: E402

FOLDERS = ("book", "solutions")
PROCESSES = 2
CELL_TIMEOUT = 300


def execute(path: Path) -> str:
    """Run one notebook and return the text that its file should hold."""
    notebook = nbformat.read(path, as_version=4)
    notebook_files.normalise(notebook)
    notebook_files.clear_outputs(notebook)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name=notebook_files.KERNEL,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        # What a kernel writes to this terminal is noise: the output of cells takes another path.
        client.execute(stderr=subprocess.DEVNULL)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise NotebookError(str(error)) from error
    return notebook_files.to_text(notebook)


def run_one(path: Path, check: bool) -> tuple[str, str]:
    """Run one notebook; return a word for what happened and, for a failure, the message."""
    try:
        text = execute(path)
    except NotebookError as error:
        return "failed", str(error)
    if path.read_text(encoding="utf-8") == text:
        return "unchanged", ""
    if check:
        return "stale", ""
    path.write_text(text, encoding="utf-8")
    return "written", ""


def run_all(paths: list[Path], check: bool) -> int:
    """Run the notebooks and print a line for each; return how many need attention."""
    troubles = 0
    context = get_context("spawn")
    with ProcessPoolExecutor(min(PROCESSES, len(paths)), context) as pool:
        futures = [pool.submit(run_one, path, check) for path in paths]
        for path, future in zip(paths, futures, strict=True):
            word, story = future.result()
            print(f"{word:>9}  {notebook_files.shown(path)}", flush=True)
            if story:
                print(story)
            troubles += word in ("failed", "stale")
    return troubles


def all_notebooks() -> list[Path]:
    """Return every chapter and every solution, in order."""
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.ipynb"))]


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of them")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a change")
    arguments = parser.parse_args()
    paths = [path.resolve() for path in arguments.notebooks] or all_notebooks()
    if not paths:
        sys.exit("There is no notebook in " + " or ".join(FOLDERS))
    # The kernels inherit these.
    steady.apply()
    if run_all(paths, arguments.check):
        sys.exit(1)


if __name__ == "__main__":
    main()
