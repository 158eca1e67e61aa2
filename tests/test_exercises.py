"""exercises/ is what the script makes of solutions/, and the script does what it says."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools import make_exercises
from tools.make_exercises import ExerciseError, without_solutions

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = sorted((ROOT / "solutions").glob("*.ipynb"))

INVITATION = make_exercises.INVITATION
UNWRITTEN = make_exercises.UNWRITTEN


def test_there_are_solutions():
    assert SOLUTIONS


def test_every_exercise_is_made_from_its_solution():
    different = make_exercises.find_differences(ROOT / "solutions", ROOT / "exercises")
    names = [path.name for path in different]
    assert names == [], "run `make exercises`"


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_exercise_keeps_cells_and_loses_outputs(path):
    solution = nbformat.read(path, as_version=4)
    exercise = nbformat.read(ROOT / "exercises" / path.name, as_version=4)
    assert [cell.id for cell in exercise.cells] == [cell.id for cell in solution.cells]
    for kept, made in zip(solution.cells, exercise.cells, strict=True):
        assert made.cell_type == kept.cell_type
        assert made.metadata == kept.metadata
        assert make_exercises.BEGIN not in made.source
        assert make_exercises.END not in made.source
        if made.cell_type == "code":
            assert made.outputs == []
            assert made.execution_count is None
        else:
            assert made.source == kept.source


def test_a_function_body_becomes_an_error_when_called():
    source = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    made = without_solutions(source)
    assert made == f"def double(x):\n    {INVITATION}\n    {UNWRITTEN}"
    names = {}
    exec(made, names)
    with pytest.raises(NotImplementedError, match="yours to write"):
        names["double"](1)


def test_code_around_a_solution_stays():
    source = (
        "class Half:\n"
        "    def call(self, x):\n"
        "        start = x\n"
        "        ### BEGIN SOLUTION\n"
        "        y = start / 2\n"
        "        ### END SOLUTION\n"
        "        return y\n"
    )
    made = without_solutions(source)
    assert made.startswith("class Half:\n    def call(self, x):\n        start = x\n")
    assert made.endswith(f"        {INVITATION}\n        {UNWRITTEN}\n        return y\n")


@pytest.mark.parametrize(
    ("solution", "names"),
    [
        ("width = 3", ["width"]),
        ("width, (depth, *rest) = 3, (4, 5)", ["width", "depth", "rest"]),
        ("import numpy as np\nimport os.path", ["np", "os"]),
        ("def f(x):\n    inner = x\n    return inner", ["f"]),
        ("class A:\n    attribute = 1", ["A"]),
        ("squares = [n * n for n in range(3)]", ["squares"]),
        ("for step in range(3):\n    total = step", ["step", "total"]),
        ("a = 1\na = 2", ["a"]),
        ("a: int = 1", ["a"]),
        ("print('nothing is named')", []),
    ],
)
def test_names_of_a_loose_solution_become_none(solution, names):
    made = without_solutions(f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION\nafter = 1")
    assert made == "\n".join([INVITATION, *(f"{name} = None" for name in names), "after = 1"])
    exec(made, {})


def test_a_solution_inside_a_class_or_a_block_names_what_it_defines():
    made = without_solutions(
        "class Layer:\n"
        "    ### BEGIN SOLUTION\n"
        "    def call(self, x):\n"
        "        return x\n"
        "    ### END SOLUTION\n"
        "\n"
        "\n"
        "if Layer:\n"
        "    ### BEGIN SOLUTION\n"
        "    answer = 42\n"
        "    ### END SOLUTION\n"
    )
    names = {}
    exec(made, names)
    assert names["Layer"].call is None
    assert names["answer"] is None


def test_two_solutions_in_one_function():
    made = without_solutions(
        "def f(x):\n"
        "    ### BEGIN SOLUTION\n"
        "    y = x\n"
        "    ### END SOLUTION\n"
        "    z = y\n"
        "    ### BEGIN SOLUTION\n"
        "    return z\n"
        "    ### END SOLUTION"
    )
    assert made.count(UNWRITTEN) == 2
    assert "    z = y\n" in made


def test_a_cell_without_marks_is_not_touched():
    source = "x = 1\n\n\nprint(  x )"
    assert without_solutions(source) == source


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("### BEGIN SOLUTION\nx = 1", "no '### END SOLUTION' after"),
        ("x = 1\n### END SOLUTION", "no '### BEGIN SOLUTION' before"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "comes twice"),
        ("### BEGIN SOLUTION\nx = = 1\n### END SOLUTION", "not valid Python"),
    ],
)
def test_broken_marks_are_named(source, complaint):
    with pytest.raises(ExerciseError, match=complaint):
        without_solutions(source)


def write_solution(folder: Path, source: str) -> None:
    """Write a one-cell solution notebook called one.ipynb."""
    folder.mkdir(exist_ok=True)
    cell = nbformat.v4.new_code_cell(source, id="only", metadata={"tags": ["kept"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "one.ipynb")


def run_script(*arguments: object) -> subprocess.CompletedProcess:
    """Run the script as a person would."""
    command = [sys.executable, str(ROOT / "tools" / "make_exercises.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_script_checks_writes_and_removes(tmp_path):
    solutions, exercises = tmp_path / "solutions", tmp_path / "exercises"
    places = ("--solutions", solutions, "--exercises", exercises)
    write_solution(solutions, "### BEGIN SOLUTION\nx = 1\n### END SOLUTION")

    stale = run_script("--check", *places)
    assert stale.returncode == 1
    assert "one.ipynb is not what its solution makes" in stale.stdout
    assert not exercises.exists()

    assert run_script(*places).returncode == 0
    made = (exercises / "one.ipynb").read_bytes()
    written_at = (exercises / "one.ipynb").stat().st_mtime_ns
    assert run_script(*places).returncode == 0
    assert (exercises / "one.ipynb").read_bytes() == made
    assert (exercises / "one.ipynb").stat().st_mtime_ns == written_at

    (exercises / "two.ipynb").write_bytes(made)
    lost = run_script("--check", *places)
    assert lost.returncode == 1
    assert "two.ipynb has no solution" in lost.stdout
    assert run_script(*places).returncode == 0
    assert not (exercises / "two.ipynb").exists()


def test_script_refuses_a_solution_that_hides_nothing(tmp_path):
    write_solution(tmp_path / "solutions", "x = 1")
    refused = run_script(
        "--solutions", tmp_path / "solutions", "--exercises", tmp_path / "exercises"
    )
    assert refused.returncode == 1
    assert "one.ipynb: no cell holds '### BEGIN SOLUTION'" in refused.stderr
