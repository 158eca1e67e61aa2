"""Make exercises/ from solutions/: the same notebooks with the solutions taken out.

    python tools/make_exercises.py          write the exercises that are missing or old
    python tools/make_exercises.py --check  write nothing; name the old ones and fail

A solution is between the two marks that nbgrader uses, each on a separate line:

    def double(x):
        ### BEGIN SOLUTION
        return 2 * x
        ### END SOLUTION

What replaces it must let the cell run, so that the check below can report:

- inside a function, a line that raises NotImplementedError when the check calls the function;
- anywhere else, one line `name = None` for each name that the solution would have defined.

Outputs are removed. Everything else stays, cell ids included.
"""

import argparse
import ast
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import notebook_files  # noqa: E402  (found through the line above)

SOLUTIONS = ROOT / "solutions"
EXERCISES = ROOT / "exercises"

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
INVITATION = "# YOUR CODE HERE"
UNWRITTEN = 'raise NotImplementedError("This part is yours to write.")'

Function = ast.FunctionDef | ast.AsyncFunctionDef


class ExerciseError(Exception):
    """A solution notebook cannot be turned into an exercise."""


def find_regions(lines: list[str]) -> list[tuple[int, int]]:
    """Return the line indices (begin, end) of each pair of marks, counted from zero."""
    regions = []
    begin = None
    for number, line in enumerate(lines):
        mark = line.strip()
        if mark == BEGIN:
            if begin is not None:
                raise ExerciseError(f"'{BEGIN}' comes twice with no '{END}' between them")
            begin = number
        elif mark == END:
            if begin is None:
                raise ExerciseError(f"'{END}' has no '{BEGIN}' before it")
            regions.append((begin, number))
            begin = None
    if begin is not None:
        raise ExerciseError(f"'{BEGIN}' has no '{END}' after it")
    return regions


def inside(node: ast.AST, region: tuple[int, int]) -> bool:
    """Return whether a node of the syntax tree lies between the marks."""
    begin, end = region
    return begin < node.lineno - 1 and node.end_lineno - 1 < end


def in_function(tree: ast.Module, region: tuple[int, int]) -> bool:
    """Return whether the marks lie in the body of a function."""
    begin, end = region
    innermost = tree
    for node in ast.walk(tree):
        if isinstance(node, Function | ast.ClassDef):
            first, last = node.lineno - 1, node.end_lineno - 1
            if first < begin and end - 1 <= last:
                # ast.walk goes from the outside in, so a later hit lies deeper.
                innermost = node
    return isinstance(innermost, Function)


def bound_names(tree: ast.Module, region: tuple[int, int]) -> list[str]:
    """Return the names that the solution defines for later cells, in order."""
    names = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, Function | ast.ClassDef):
            if inside(node, region):
                names.append(node.name)
                return
        elif isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp):
            return
        elif isinstance(node, ast.GeneratorExp):
            return
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if inside(node, region):
                names.append(node.id)
        elif isinstance(node, ast.alias) and inside(node, region):
            names.append(node.asname or node.name.split(".")[0])
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return list(dict.fromkeys(names))


def stub(tree: ast.Module, lines: list[str], region: tuple[int, int]) -> list[str]:
    """Return the lines that replace one solution in the exercise."""
    mark = lines[region[0]]
    indent = mark[: len(mark) - len(mark.lstrip())]
    if in_function(tree, region):
        body = [UNWRITTEN]
    else:
        body = [f"{name} = None" for name in bound_names(tree, region)]
    return [indent + line for line in [INVITATION, *body]]


def without_solutions(source: str) -> str:
    """Return the source of a code cell with each solution replaced by a stub."""
    lines = source.split("\n")
    regions = find_regions(lines)
    if not regions:
        return source
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ExerciseError(f"the solution is not valid Python: {error}") from error
    for region in reversed(regions):
        begin, end = region
        lines[begin : end + 1] = stub(tree, lines, region)
    return "\n".join(lines)


def make_exercise(path: Path) -> str:
    """Return the text of the exercise notebook made from the solution notebook at `path`."""
    notebook = nbformat.read(path, as_version=4)
    solutions = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        try:
            source = without_solutions(cell.source)
        except ExerciseError as error:
            raise ExerciseError(f"{path.name}, cell {cell.get('id')}: {error}") from error
        solutions += source != cell.source
        cell["source"] = source
    if not solutions:
        raise ExerciseError(f"{path.name}: no cell holds '{BEGIN}'; the exercise would be solved")
    notebook_files.clear_outputs(notebook)
    return notebook_files.to_text(notebook)


def find_differences(solutions: Path, exercises: Path) -> dict[Path, str | None]:
    """Return each exercise file that is not as it should be, with its text (None: remove it)."""
    wanted = {exercises / path.name: make_exercise(path) for path in solutions.glob("*.ipynb")}
    different: dict[Path, str | None] = {
        path: text
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    different.update({path: None for path in exercises.glob("*.ipynb") if path not in wanted})
    return dict(sorted(different.items()))


def main() -> None:
    """Read the command line, then check or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a change")
    parser.add_argument("--solutions", type=Path, default=SOLUTIONS)
    parser.add_argument("--exercises", type=Path, default=EXERCISES)
    arguments = parser.parse_args()
    try:
        different = find_differences(arguments.solutions, arguments.exercises)
    except ExerciseError as error:
        sys.exit(str(error))
    for path, text in different.items():
        if arguments.check:
            reason = "has no solution" if text is None else "is not what its solution makes"
            print(f"{path.name} {reason}; run `make exercises`")
        elif text is None:
            path.unlink()
            print(f"removed {path.name}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.name}")
    if arguments.check and different:
        sys.exit(1)


if __name__ == "__main__":
    main()
