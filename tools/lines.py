"""How many lines of code a reader meets: those of each floor, each file and each layer.

Docstrings, comments and blank lines are not counted: they are there to help. `make lines` prints
the table. `view/` draws and `learn/` checks exercises; both are counted apart from the library.
"""

import ast
import io
import statistics
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).parent.parent
APART = ("view", "learn")
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
SILENT |= {tokenize.ENDMARKER}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def lines_of_code(source):
    """The numbers of the lines of a program that hold code."""
    code, docstrings = set(), set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            docstrings.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return code - docstrings


def lines_of_classes(source):
    """The lines of code of each class of a program: name -> number."""
    code = lines_of_code(source)
    return {
        node.name: len(code & set(range(node.lineno, node.end_lineno + 1)))
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
    }


def lines_of_layers():
    """The lines of code of each class in `minigraph/layers`."""
    sources = (path.read_text("utf-8") for path in (ROOT / "minigraph" / "layers").glob("*.py"))
    return {name: lines for source in sources for name, lines in lines_of_classes(source).items()}


def main():
    sys.path.insert(0, str(ROOT / "tests"))
    from test_floors import FILES, FLOORS  # the one table of floors, which the tests enforce

    lines = {name: len(lines_of_code(path.read_text("utf-8"))) for name, path in FILES.items()}
    for number, floor in enumerate(FLOORS):
        names = [name for stack in floor for name in stack if name in lines]
        print(f"floor {number:2} {sum(lines[name] for name in names):6,}")
        for name in sorted(names, key=lines.get, reverse=True):
            print(f"{lines[name]:15,}  {name.replace('.', '/')}.py")
    apart = {part: sum(lines[n] for n in lines if n.startswith(f"{part}.")) for part in APART}
    print(f"library {sum(lines.values()) - sum(apart.values()):7,}")
    for part, total in apart.items():
        print(f"{part + '/':7} {total:7,}")
    layers = lines_of_layers()
    longest = max(layers, key=layers.get)
    print(
        f"layers: {len(layers)} classes, the median has {statistics.median(layers.values()):g} "
        f"lines, the longest, {longest}, {layers[longest]}"
    )


if __name__ == "__main__":
    main()
