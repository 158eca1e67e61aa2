"""Check the types: Pyright over the library, the solutions and typical programs of users.

Three planted mistakes must be found, each for the reason that its first line names, and nearly all
public names must have a known type. It needs Node, as `check_scripts` does.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
from check_scripts import MODULES, ROOT, install, missing_node, not_checked

PYRIGHT = MODULES / ".bin" / "pyright"
PROGRAMS = ROOT / "_build" / "typed"
MISTAKES = ROOT / "tests" / "typed" / "mistakes"
LEAST_COMPLETE = 0.99  # of the public names


def write_programs() -> None:
    """Write the code of each solution as a program: Pyright reads no notebooks."""
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        lines = [line for source in code for line in [*source.splitlines(), "", ""]]
        magic = [f"# {line}" if line.startswith("%") else line for line in lines]
        (PROGRAMS / f"{path.stem.replace('-', '_')}.py").write_text("\n".join(magic), "utf-8")


def pyright(*arguments: str) -> dict:
    """Run Pyright, which looks for packages where the first Python on the path has them."""
    command = [str(PYRIGHT), "--outputjson", *arguments]
    here = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | here, capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"Pyright failed: {done.stdout}{done.stderr}")


def sentence(error: dict) -> str:
    """Return an error as file:line, its rule and its text."""
    path = Path(error["file"])
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    line = error["range"]["start"]["line"] + 1
    return f"{name}:{line}: {error.get('rule', 'syntax')}: {error['message']}"


def faults(report: dict) -> list[str]:
    """Return what is wrong: errors elsewhere, and mistakes that were not found."""
    errors = [e for e in report["generalDiagnostics"] if e["severity"] == "error"]
    planted = {path: path.read_text("utf-8").split(":")[0] for path in MISTAKES.glob("*.py")}
    found = {(Path(e["file"]), f"# {e.get('rule')}") for e in errors}
    wrong = [sentence(e) for e in errors if Path(e["file"]).parent != MISTAKES]
    missed = [path for path, rule in planted.items() if (path, rule) not in found]
    wrong += [f"{path.relative_to(ROOT)}: the planted mistake was not found" for path in missed]
    return wrong if planted else [*wrong, "there are no planted mistakes"]


def main() -> int:
    if reason := missing_node() or install():
        return not_checked("THE TYPES WERE NOT CHECKED", reason)
    write_programs()
    wrong = faults(pyright())
    complete = pyright("--verifytypes", "minigraph", "--ignoreexternal")
    score = complete["typeCompleteness"]["completenessScore"]
    print(f"types: {score:.1%} of the public names are known to type checkers")
    if score < LEAST_COMPLETE:
        wrong.append(f"at least {LEAST_COMPLETE:.0%} are promised")
    print(*wrong, sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
