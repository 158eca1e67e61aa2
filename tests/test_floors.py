"""The house has floors: a file imports only from the floors below it.

So a reader can start at the bottom and never meet a name that comes from further up.
"""

import ast
import builtins
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "minigraph"

# From the ground up. The stacks of a floor know nothing of each other; inside a stack a file may
# import from the files before it.
FLOORS = [
    [["core.__init__"], ["core.types"]],
    [
        ["core.context", "core.interrupts", "core.names", "core.docstrings", "core.left_out"]
        + ["core.registry", "core.module_names"],
        ["core.tree"],
        ["core.checks"],
        ["core.dtypes"],
        ["core.operators"],
        ["core.output"],
    ],
    [
        ["core.tables", "core.device"],
        ["core.errors"],
        ["core.signatures"],
        ["core.random"],
        ["saving.file"],
    ],
    [["core.tensor"]],
    [
        ["ops.kernels", "ops.math", "ops.arrays", "ops.costs", "ops.linalg", "ops.nn"]
        + [
            "ops.conv",
            "ops.image",
            "ops.pooling",
            "ops.recurrent",
            "ops.second_order",
            "ops.__init__",
        ]
    ],
    [["gradcheck"], ["formulas"], ["initializers"], ["activations"], ["regularizers"]]
    + [["constraints"], ["random"]],
    [
        [
            "graph.__init__",
            "graph.guards",
            "graph.calls",
            "graph.tracking",
            "graph.weight_options",
            "graph.tracing",
        ]
        + ["graph.costs", "graph.masks", "graph.input_spec", "graph.arguments", "graph.layer"]
        + ["graph.symbols", "graph.ordering", "graph.plan", "graph.inside"]
    ],
    [
        ["layers.options"]
        + ["layers.core", "layers.merging", "layers.reshaping", "layers.regularization"]
        + ["layers.activations", "layers.preprocessing", "layers.augmentation"]
        + ["layers.conv", "layers.separable", "layers.pooling", "layers.normalization"]
        + ["layers.sequences", "layers.recurrent", "layers.attention", "layers.__init__"],
        ["losses"],
        ["metrics"],
        ["schedules", "optimizers"],
    ],
    [
        ["training.__init__", "training.data", "training.sequences"],
        ["training.scoring"],
        ["saving.config", "saving.model", "saving.__init__"]
        + ["training.settings", "training.resume"]
        + ["callbacks.checks", "callbacks.notebook", "callbacks.base"],
        ["training.logs"],
        [
            "view.__init__",
            "view.short_errors",
            "view.text",
            "view.describe",
            "view.abridge",
            "view.summary",
        ]
        + ["view.layout", "view.svg", "view.raster", "view.dot", "view.plot", "view.trace"]
        + ["view.pixels", "view.widget.scripts", "view.widget.__init__"]
        + ["view.explore", "view.calls"]
        + ["view.curves", "view.dashboard"],
    ],
    [
        ["training.diagnostics", "training.session", "training.trainer"],
        ["callbacks.dashboard", "callbacks.__init__"],
    ],
    [["models.model", "models.sequential", "models.__init__"]],
    [
        ["backend"],
        ["config"],
        ["utils"],
        ["preprocessing.sequence", "preprocessing.__init__"],
        ["applications"],
        ["datasets.files", "datasets.mnist", "datasets.fashion_mnist", "datasets.cifar10"]
        + ["datasets.__init__", "datasets.__main__"],
        ["learn.__init__", "learn.checking", "learn.plain", "learn.chapter_00", "learn.chapter_04"],
    ],
    [["__init__"]],
]

FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in FILES.items()}


def allowed(name):
    """The files that `name` may import from."""
    below = set()
    for floor in FLOORS:
        for stack in floor:
            if name in stack:
                return below | set(stack[: stack.index(name)])
        below |= {file for stack in floor for file in stack}
    raise AssertionError(f"minigraph/{name} stands on no floor: give it a place in FLOORS")


def file_of(dotted):
    """The file behind a dotted name inside the package: a module, or a package's `__init__`."""
    package = f"{dotted}.__init__".removeprefix(".")
    return dotted if dotted in FILES else package if package in FILES else None


def is_for_editors(node):
    """Whether a node is `if TYPE_CHECKING:`, whose body never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def nodes_that_run(tree):
    """All nodes of a file but those that only editors and type checkers read.

    A signature may name a class from a floor above; the code of the file may not.
    """
    yield tree
    children = tree.orelse if is_for_editors(tree) else ast.iter_child_nodes(tree)
    for child in children:
        yield from nodes_that_run(child)


def imported(name):
    """The files of the package that a file imports when it runs, and the line of each import."""
    found = []
    for node in nodes_that_run(TREES[name]):
        if isinstance(node, ast.Import):
            dotted = [a.name for a in node.names if a.name.split(".")[0] == "minigraph"]
            found += [
                (file_of(d.removeprefix("minigraph").lstrip(".")), node.lineno) for d in dotted
            ]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                place = name.split(".")[: -node.level]
                base = ".".join([*place, *([module] if module else [])])
            elif module.split(".")[0] == "minigraph":
                base = module.removeprefix("minigraph").lstrip(".")
            else:
                continue
            for alias in node.names:
                inner = file_of(f"{base}.{alias.name}".lstrip("."))
                found.append((inner or file_of(base), node.lineno))
    return found


def test_every_file_stands_on_one_floor():
    placed = [file for floor in FLOORS for stack in floor for file in stack]
    assert len(placed) == len(set(placed))
    optional = {"view.__init__", "learn.__init__"}  # a folder needs none
    assert set(placed) - optional <= set(FILES)
    assert set(FILES) <= set(placed)


@pytest.mark.parametrize("name", FILES)
def test_imports_come_from_lower_floors(name):
    below = allowed(name)
    wrong = [f"line {line}: {file}" for file, line in imported(name) if file not in below]
    assert not wrong, f"minigraph/{name} imports from its own floor or from above: {wrong}"


def test_the_test_reads_imports_of_every_form():
    assert "core.tensor" in {file for file, _ in imported("ops.math")}
    assert "ops.kernels" in {file for file, _ in imported("ops.math")}
    assert "core.tensor" not in {file for file, _ in imported("core.context")}
    assert {"layers.core", "models.model"} <= {file for file, _ in imported("learn.plain")}
    assert {"view.explore", "training.trainer", "saving.model"} <= {
        file for file, _ in imported("models.model")
    }


def outside(tree):
    """The names of all packages that a file imports from elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("ops.")])
def test_ops_use_the_array_module_of_their_inputs(name):
    """An op that calls NumPy by name would fail on arrays of another library."""
    assert set(outside(TREES[name])) <= {"math", "collections", "functools", "itertools", "typing"}


def test_no_op_shadows_a_builtin_in_its_own_file():
    """`sum` and others get their short names in `ops/__init__`: below, `sum` is Python's."""
    body = TREES["ops.math"].body
    assigned = [node for node in body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    targets = [t for node in assigned for t in ast.walk(node)]
    names = {t.id for t in targets if isinstance(t, ast.Name) and isinstance(t.ctx, ast.Store)}
    names |= {node.name for node in body if isinstance(node, ast.FunctionDef)}
    assert names >= {"reduce_sum", "absolute"} and not names & set(dir(builtins))


FORBIDDEN_MODULES = {
    *("pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "runpy", "imp"),
    *("importlib", "pkgutil", "code", "codeop", "subprocess", "ctypes"),
}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "breakpoint", "import_module"}


@pytest.mark.parametrize("name", FILES)
def test_nothing_can_run_code_out_of_a_file(name):
    """Data never becomes code: what a file may name stands in the registry."""
    assert not FORBIDDEN_MODULES & set(outside(TREES[name]))
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS, f"line {node.lineno}"
        if isinstance(node, ast.Name):  # nor may they be handed on under another name
            assert node.id not in FORBIDDEN_CALLS - {"compile"}, f"line {node.lineno}"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant) and node.value.value is False


@pytest.mark.parametrize("name", FILES)
def test_run_time_needs_numpy_and_safetensors_only(name):
    """Everything else is imported where it is used, inside a function, and is an extra."""
    extras = {"matplotlib", "anywidget", "traitlets", "cupy"}
    top_level = ast.Module(
        [n for n in TREES[name].body if isinstance(n, ast.Import | ast.ImportFrom)]
    )
    known = set(sys.stdlib_module_names) | {"numpy", "safetensors", "minigraph"}
    assert set(outside(top_level)) <= known
    assert set(outside(TREES[name])) <= known | extras
