"""How many lines of code a reader meets: those of each floor, each file and each layer.

Docstrings, comments and blank lines are not counted: they are there to help. `make lines` prints
the table. `view/` draws and `learn/` checks exercises; both are counted separately.
"""

import ast
import io
import statistics
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).parent.parent
APART = ("view", "learn")
# What a reader reads first, in this order, and its greatest total length.
READING_PATH = (
    *("core.context", "core.tree", "core.tensor", "ops.math"),
    *("graph.layer", "graph.symbols", "graph.plan", "models.model"),
)
LONGEST_PATH = 1350
LONGEST_FUNCTION = 40
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
SILENT |= {tokenize.ENDMARKER}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DOCUMENTED = (ast.Module, ast.ClassDef, *FUNCTIONS)


def lines_of_code(source):
    """The numbers of the lines of a program that hold code; a signature counts as one line."""
    code = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            code -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
        if isinstance(node, FUNCTIONS):
            code -= set(range(node.lineno + 1, node.body[0].lineno))
            if any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list):
                code -= set(range(node.decorator_list[0].lineno, node.end_lineno + 1))
    return code


def lines_of_functions(source):
    """The lines of code of each function of a program, methods too: name -> number."""
    code = lines_of_code(source)
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, FUNCTIONS)]
    spans = {f"{f.name}, line {f.lineno}": range(f.lineno, f.end_lineno + 1) for f in functions}
    return {name: len(code & set(span)) for name, span in spans.items()}


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


def path_of(name):
    """The file behind a dotted name inside the package."""
    return ROOT / "minigraph" / f"{name.replace('.', '/')}.py"


def main():
    if "--path" in sys.argv:
        print(*(path_of(name).relative_to(ROOT) for name in READING_PATH))
        return
    sys.path.insert(0, str(ROOT / "tests"))
    from test_floors import FILES, FLOORS  # the one table of floors, which the tests enforce

    lines = {name: len(lines_of_code(path.read_text("utf-8"))) for name, path in FILES.items()}
    for number, floor in enumerate(FLOORS):
        names = [name for stack in floor for name in stack if name in lines]
        print(f"floor {number:2} {sum(lines[name] for name in names):6,}")
        for name in sorted(names, key=lines.get, reverse=True):
            print(f"{lines[name]:15,}  {name.replace('.', '/')}.py")
    for name in READING_PATH:
        print(f"path    {lines[name]:7,}  {name.replace('.', '/')}.py")
    print(f"path    {sum(lines[name] for name in READING_PATH):7,}  of {LONGEST_PATH:,} allowed")
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
