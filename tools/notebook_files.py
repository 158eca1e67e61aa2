"""The stored form of notebooks, without anything that differs between runs or machines."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent

# What a notebook says about its language. A fresh kernel would add its own patch version.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}
KERNEL = METADATA["kernelspec"]["name"]

# Marks that an editor or a run leaves in a cell. Everything else (tags, captions) is kept.
PASSING_CELL_METADATA = ("ExecuteTime", "collapsed", "execution", "scrolled", "trusted", "vscode")

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class NotebookError(Exception):
    """A notebook cannot be run or stored."""


def join_streams(outputs: list) -> list:
    """Join neighbouring pieces of one stream; their number depends on timing."""
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
    """Remove the Jupyter form of a widget, which names a model in a kernel that is gone.

    The text/html form beside it shows everything without a kernel. Raises NotebookError if there
    is none, because then nothing would be left to show.
    """
    data = output.get("data", {})
    if WIDGET_VIEW not in data:
        return
    if "text/html" not in data:
        raise NotebookError(
            "a widget is shown without a text/html form, so the page could not show it:\n"
            + data.get("text/plain", "")
        )
    del data[WIDGET_VIEW]


def clear_outputs(notebook: NotebookNode) -> None:
    """Remove the outputs and execution counts of the code cells."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None


def normalise(notebook: NotebookNode) -> None:
    """Remove everything that may differ in the next run; give ids to cells without one."""
    notebook["metadata"] = nbformat.from_dict(METADATA)
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


def to_text(notebook: NotebookNode) -> str:
    """Return the text of the file that holds this notebook, in its stored form."""
    normalise(notebook)
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def shown(path: Path) -> Path:
    """Return the path as a reader would type it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
