"""Make the gallery of errors, book/gallery_of_errors.ipynb, from tests/broken_models.py.

python tools/gallery.py          write the notebook, without outputs: `make notebooks` runs it
python tools/gallery.py --check  write nothing; fail if the cells are not those of the cases
"""

import difflib
import re
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT, ROOT / "tests"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import broken_models  # noqa: E402  (found through the lines above)

from tools import notebook_files  # noqa: E402

GALLERY = ROOT / "book" / "gallery_of_errors.ipynb"

INTRODUCTION = """\
# Gallery of errors

An error message is the library talking to you. It should say where you are, what it found, what it
expected, and what to try. This page breaks {count} programs on purpose, one mistake each, so that
you have met the message before it meets you.

Read each program before you look below it. *What will go wrong, and on which line?* Then compare:
first comes the message, then the line that led to it. Below are the reason and a fix, which removes
the red lines and adds the green ones.

All of these errors are raised while the graph is built or before the first step of training, long
before a night of computing can be lost. A test runs every program on this page, first broken,
then fixed.
"""

SETUP = f"""\
{broken_models.PREAMBLE.strip()}

# An error of minigraph shows its message first; %tb shows the whole traceback.
%load_ext minigraph
"""

SECTIONS = (
    ("Shapes that do not match", broken_models.SHAPES),
    ("Graphs that do not connect", broken_models.GRAPH),
    ("Layers with invalid arguments", broken_models.LAYERS),
    ("Training that cannot start", broken_models.TRAINING),
    ("Models that do not fit into a file", broken_models.FILES),
)


def repair(case: broken_models.Case) -> str:
    """Return the reason and the repair of a case as Markdown, with the changed lines as a diff."""
    before, after = case.program.strip().splitlines(), case.mended.strip().splitlines()
    changes = list(difflib.unified_diff(before, after, lineterm="", n=0))[2:]
    changed = "\n".join(line for line in changes if not line.startswith("@@"))
    return f"{case.lesson}\n\n```diff\n{changed}\n```"


def cells() -> list:
    """Return the cells of the gallery, with ids made of the titles."""
    count = sum(bool(case.lesson) for case in broken_models.CASES)
    setup = new_code_cell(SETUP.strip(), id="setup")
    found = [new_markdown_cell(INTRODUCTION.format(count=count), id="introduction"), setup]
    for heading, cases in SECTIONS:
        shown = [case for case in cases if case.lesson]
        for case in shown:
            name = re.sub(r"[^a-z0-9]+", "-", case.title.lower()).strip("-")[:50]
            above = f"## {heading}\n\n" if case is shown[0] else ""
            title = f"{above}### {case.title}"
            code = new_code_cell(case.program.strip(), id=name)
            code.metadata["tags"] = ["raises-exception"]
            found += [
                new_markdown_cell(title, id=f"{name}-title"),
                code,
                new_markdown_cell(repair(case), id=f"{name}-repair"),
            ]
    return found


def contents(notebook: nbformat.NotebookNode) -> list:
    """Return the contents of a notebook, without outputs."""
    return [(c.id, c.cell_type, c.source, c.metadata.get("tags", [])) for c in notebook["cells"]]


def is_current() -> bool:
    """Return whether the stored notebook has the cells made from the cases."""
    return GALLERY.is_file() and contents(nbformat.read(GALLERY, as_version=4)) == contents(
        new_notebook(cells=cells())
    )


def main() -> None:
    """Write the notebook if its cells have changed."""
    if is_current():
        return
    if sys.argv[1:] == ["--check"]:
        sys.exit("The gallery is not what tests/broken_models.py makes: run `make notebooks`")
    GALLERY.write_text(notebook_files.to_text(new_notebook(cells=cells())), encoding="utf-8")


if __name__ == "__main__":
    main()
