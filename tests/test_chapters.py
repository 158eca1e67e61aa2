"""What every chapter promises its reader: size, shape, tone, and a text for every picture."""

import ast
import json
import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parent.parent / "book"
CHAPTERS = sorted(BOOK.glob("[0-9]*.ipynb"))

MOST_CELLS = 45
MOST_REBUILD_LINES = 100
FEWEST_QUESTIONS = 4


def cells(path, kind=None):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [c for c in notebook["cells"] if kind in (None, c["cell_type"])]


def source(cell):
    return "".join(cell["source"])


def text(path):
    return "\n".join(source(cell) for cell in cells(path, "markdown"))


def logical_lines(code):
    """How many statements a reader meets: docstrings, comments and blank lines do not count."""
    tree = ast.parse(code)
    docstrings = {
        node.body[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    return sum(isinstance(node, ast.stmt) and node not in docstrings for node in ast.walk(tree))


def test_there_are_chapters():
    assert CHAPTERS


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
class TestChapter:
    def test_says_what_it_takes(self, path):
        head = source(cells(path)[0])
        for promise in ("*You will", "*You need:*", "*Time:*"):
            assert promise in head, f"the first cell must say {promise}"

    def test_is_short(self, path):
        assert len(cells(path)) <= MOST_CELLS
        rebuild = [c for c in cells(path, "code") if "rebuild" in c["metadata"].get("tags", [])]
        lines = sum(logical_lines(source(cell)) for cell in rebuild)
        assert lines <= MOST_REBUILD_LINES, f"the rebuild has {lines} lines"

    def test_asks_before_it_tells(self, path):
        assert text(path).count("**Think first") >= 3
        assert text(path).count("<details>") >= FEWEST_QUESTIONS
        for cell in cells(path, "markdown"):
            if "**Think first" in source(cell):
                assert "<details>" in source(cell).split("**Think first", 1)[1], source(cell)[:80]

    def test_has_been_run_from_top_to_bottom(self, path):
        code = [c for c in cells(path, "code") if source(c).strip()]
        assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
        for cell in code:
            for output in cell["outputs"]:
                assert output["output_type"] != "error"
                assert output.get("name") != "stderr"

    def test_pictures_have_words(self, path):
        for cell in cells(path, "code"):
            kinds = {kind for output in cell["outputs"] for kind in output.get("data", {})}
            if "image/png" in kinds:
                words = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
                assert len(words) > 30, f"cell {cell['id']} shows a picture without a text for it"

    def test_speaks_plainly(self, path):
        found = re.findall(
            r"\b(simply|obviously|trivial|trivially|clearly|just)\b", text(path), re.I
        )
        assert not found, "words that make a reader who struggles feel alone"

    def test_ends_with_a_summary_and_the_exercises(self, path):
        end = source(cells(path)[-1])
        assert "## In one screen" in end
        assert f"../exercises/{path.name}" in end
