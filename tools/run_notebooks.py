"""Run the notebooks and store what they print, the same bytes every time.

    python tools/run_notebooks.py                     all of book/ and solutions/
    python tools/run_notebooks.py book/00_tour.ipynb  these only
    python tools/run_notebooks.py --check             write nothing; fail where a file would change

Each notebook runs from top to bottom in a fresh kernel, in its own folder, two notebooks at a
time. A file is written only if its text changed, and not at all if one of its cells raises.

Three things are left out of the stored file, because they differ from run to run or from machine
to machine and no reader needs them: times, the exact version of Python, and the state of widgets.
A widget's output keeps its text/html form, which shows everything with no kernel; the Jupyter form
beside it only names a model that lives in a running kernel, and comes back when the cell is run.
"""

import argparse
import asyncio
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import steady  # noqa: E402  (found through the line above)

FOLDERS = ("book", "solutions")
PROCESSES = 2
CELL_TIMEOUT = 300

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# What a notebook says of its language. A fresh kernel would add its own patch version.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}
# Marks that an editor or a run leaves in a cell. Everything else (tags, captions) is kept.
PASSING_CELL_METADATA = ("ExecuteTime", "collapsed", "execution", "scrolled", "trusted", "vscode")


class NotebookError(Exception):
    """A notebook cannot be run or stored."""


def join_streams(outputs: list) -> list:
    """Join neighbouring pieces of one stream; how many there are depends on the clock."""
    joined = []
    for output in outputs:
        before = joined[-1] if joined else None
        if (
            before is not None
            and output["output_type"] == before["output_type"] == "stream"
            and output["name"] == before["name"]
        ):
            before["text"] += output["text"]
        else:
            joined.append(output)
    return joined


def drop_widget_view(output: dict) -> None:
    """Remove the Jupyter form of a widget, which is of no use without its kernel."""
    data = output.get("data", {})
    if WIDGET_VIEW not in data:
        return
    if "text/html" not in data:
        raise NotebookError(
            "a widget is shown without a text/html form, so the page could not show it:\n"
            + data.get("text/plain", "")
        )
    del data[WIDGET_VIEW]


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Remove from an executed notebook all that may differ in the next run."""
    notebook["metadata"] = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    taken = set()
    for number, cell in enumerate(notebook.cells):
        name = cell.get("id")
        if name is None or name in taken:
            name = cell["id"] = f"cell-{number}"
        taken.add(name)
        for key in PASSING_CELL_METADATA:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell["outputs"] = join_streams(cell.outputs)
            for output in cell.outputs:
                drop_widget_view(output)


def execute(path: Path) -> str:
    """Run one notebook and return the text that its file should hold."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name=NOTEBOOK_METADATA["kernelspec"]["name"],
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        # A kernel has nothing to say to this terminal: what a cell prints goes another way.
        client.execute(stderr=subprocess.DEVNULL)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise NotebookError(str(error)) from error
    normalise(notebook)
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def run_one(path: Path, check: bool) -> tuple[str, str]:
    """Run one notebook; return a word for what happened and, for a failure, the story."""
    with warnings.catch_warnings():
        # A notebook without cell ids is given them below; the library warns that it did so too.
        warnings.simplefilter("ignore", nbformat.warnings.MissingIDFieldWarning)
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


def start_worker() -> None:
    """Prepare a worker process."""
    steady.apply()
    asyncio.set_event_loop(asyncio.new_event_loop())


def shown(path: Path) -> Path:
    """Return the path as a reader would type it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def run_all(paths: list[Path], check: bool) -> int:
    """Run the notebooks and print a line for each; return how many need attention."""
    troubles = 0
    context = get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, initializer=start_worker) as pool:
        futures = [pool.submit(run_one, path, check) for path in paths]
        for path, future in zip(paths, futures, strict=True):
            word, story = future.result()
            print(f"{word:>9}  {shown(path)}", flush=True)
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
    steady.apply()
    paths = [path.resolve() for path in arguments.notebooks] or all_notebooks()
    if run_all(paths, arguments.check):
        sys.exit(1)


if __name__ == "__main__":
    main()
