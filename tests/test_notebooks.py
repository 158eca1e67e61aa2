"""The stored notebooks are clean, running them is repeatable, and comparing them is strict."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools import notebook_files, run_notebooks

ROOT = Path(__file__).resolve().parents[1]
STORED = run_notebooks.all_notebooks()
SCRIPT = ROOT / "tools" / "run_notebooks.py"

# What tells nbval to look away. A chapter that needs one of these prints something it should not.
ESCAPES = re.compile(r"nbval[-_]?(ignore|skip|check|raises)", re.IGNORECASE)
HELD_BACK = re.compile(r"0x[0-9a-f]{6,}|/home/|/root/|/tmp/|site-packages")

by_name = pytest.mark.parametrize(
    "path", STORED, ids=lambda path: f"{path.parent.name}/{path.stem}"
)


def code_cells(path: Path) -> list:
    """Return the code cells of a stored notebook."""
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def test_there_are_chapters():
    assert any(path.parent.name == "book" for path in STORED)


@by_name
def test_every_cell_was_run_in_order_from_a_fresh_start(path):
    # nbval does not compare a cell that has no execution count.
    counts = [cell.execution_count for cell in code_cells(path) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"


@by_name
def test_nothing_tells_the_comparison_to_look_away(path):
    for cell in code_cells(path):
        assert not ESCAPES.search(cell.source + json.dumps(cell.metadata)), cell.id


@by_name
def test_no_output_depends_on_the_machine(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output.get("name") != "stderr", f"{cell.id} writes a warning"
            text = json.dumps(output.get("data", {}).get("text/plain", "")) + output.get("text", "")
            assert not HELD_BACK.search(text), f"{cell.id} prints an address or a folder"


@by_name
def test_file_is_in_the_form_that_the_script_writes(path):
    notebook = nbformat.read(path, as_version=4)
    text = notebook_files.to_text(notebook)
    assert path.read_text(encoding="utf-8") == text, "run `make notebooks`"


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook with these code cells and no outputs."""
    cells = [nbformat.v4.new_code_cell(s, id=f"cell-{n}") for n, s in enumerate(sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def run_script(*arguments: object) -> subprocess.CompletedProcess:
    """Run the script as a person would."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def nbval(folder: Path) -> subprocess.CompletedProcess:
    """Compare the notebooks of a folder with a fresh run, as the Makefile's options say."""
    options = [option for option in makefile_nbval_options() if option.startswith("--nbval")]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def makefile_nbval_options() -> list[str]:
    """Return the words of the Makefile's nbval command."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if "$(PYTEST) --nbval" in line).split()


MIXED_OUTPUTS = """
import sys
for number in range(200):
    print(number, flush=True)
print(*{"a", "b", "c", "d", "e"})
""".strip()


def test_running_twice_gives_the_same_bytes_and_writes_once(tmp_path):
    path = write_notebook(tmp_path / "one.ipynb", "1 + 1", MIXED_OUTPUTS, "{'b': 1, 'a': 2}")
    first = run_script(path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "written" in first.stdout
    stored, written_at = path.read_bytes(), path.stat().st_mtime_ns

    again = run_script(path)
    assert again.returncode == 0
    assert "unchanged" in again.stdout
    assert path.read_bytes() == stored
    assert path.stat().st_mtime_ns == written_at

    notebook = json.loads(stored)
    assert [len(cell["outputs"]) for cell in notebook["cells"]] == [1, 1, 1]
    assert "version" not in notebook["metadata"]["language_info"]
    assert all("execution" not in cell["metadata"] for cell in notebook["cells"])


def test_strict_comparison_fails_on_one_changed_number(tmp_path):
    path = write_notebook(tmp_path / "honest.ipynb", "print(0.1234)", "0.5 + 0.25")
    assert run_script(path).returncode == 0
    original = path.read_text(encoding="utf-8")
    changes = {"stream": ("0.1234\\n", "0.1235\\n"), "result": ('"0.75"', '"0.76"')}
    for name, (true, false) in changes.items():
        assert original.count(true) == 1
        changed = original.replace(true, false)
        (tmp_path / f"{name}.ipynb").write_text(changed, encoding="utf-8")

    compared = nbval(tmp_path)
    assert compared.returncode == 1, compared.stdout
    failed = sorted(re.findall(r"^FAILED (\S+)", compared.stdout, re.MULTILINE))
    assert failed == ["result.ipynb::Cell", "stream.ipynb::Cell"], compared.stdout
    assert "2 failed, 4 passed" in compared.stdout


def test_a_cell_that_raises_is_shown_and_nothing_is_written(tmp_path):
    path = write_notebook(tmp_path / "one.ipynb", "fine = 1", "fine / 0  # here it breaks")
    before = path.read_bytes()
    broken = run_script(path)
    assert broken.returncode == 1
    assert "fine / 0  # here it breaks" in broken.stdout
    assert "ZeroDivisionError" in broken.stdout
    assert path.read_bytes() == before


def test_check_writes_nothing_and_fails_on_a_change(tmp_path):
    path = write_notebook(tmp_path / "one.ipynb", "1 + 1")
    before = path.read_bytes()
    checked = run_script("--check", path)
    assert checked.returncode == 1
    assert "stale" in checked.stdout
    assert path.read_bytes() == before


def test_cells_without_an_id_get_a_lasting_one(tmp_path):
    path = write_notebook(tmp_path / "one.ipynb", "1", "2")
    notebook = nbformat.read(path, as_version=4)
    del notebook.cells[0]["id"]
    notebook_files.normalise(notebook)
    assert [cell.id for cell in notebook.cells] == ["cell-0", "cell-1"]


def widget_output(**data: str) -> dict:
    """An output as a widget makes it."""
    view = {"model_id": "1", "version_major": 2, "version_minor": 1}
    data = {notebook_files.WIDGET_VIEW: view, **data}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def test_a_widget_keeps_its_page_form_only():
    output = widget_output(**{"text/html": "<p>a</p>", "text/plain": "a"})
    notebook_files.drop_widget_view(output)
    assert output["data"] == {"text/html": "<p>a</p>", "text/plain": "a"}


def test_a_widget_without_page_form_is_refused():
    with pytest.raises(notebook_files.NotebookError, match="without a text/html form"):
        notebook_files.drop_widget_view(widget_output(**{"text/plain": "Slider()"}))
