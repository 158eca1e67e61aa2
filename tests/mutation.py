"""How much the tests of gradients notice: each mutant of a gradient should fail one of them.

    python tests/mutation.py            # 300 mutants, two processes, a few minutes
    python tests/mutation.py --all      # every mutant there is

A mutant is `minigraph/ops/` with one small mistake in a gradient: a sign turned, a term dropped, a
product divided, axes swapped, a place off by one, a sum for a mean. It is put into the running
process and judged by the rows of `ops_table` that belong to its op. The mutants that no row
notices are printed. The selection is fixed and spread over all ops.
"""

import argparse
import ast
import contextlib
import copy
import difflib
import gc
import hashlib
import inspect
import multiprocessing
import os
import signal
import sys
import time
import types
import warnings
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

if __name__ == "__main__":  # before NumPy is imported
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_name, "1")  # the processes share the cores

import test_ops  # noqa: E402
from ops_table import OPS  # noqa: E402

import minigraph  # noqa: E402

MODULES = {
    name: sys.modules[f"minigraph.ops.{name}"]
    for name in ("math", "arrays", "linalg", "kernels", "nn", "conv", "pooling", "recurrent")
}
ARRIVING = {"g", "arriving", "d_states"}  # a function that takes one of these is a way back
PADDING = {"pad_or_crop", "pad_input", "crop_padding", "kernel_positions", "correlate"}
SECONDS = 30  # a mutant that needs longer hangs

# Mutants that compute the same function, so that no test can tell them from the original, and why:
# where they are, and a part of the changed line that no other mutant there has.
SLOWER = "another way to the same numbers"
OVERLAP = "a window and its input always overlap, so this number is above 0"
EQUIVALENT = {
    ("math.matmul", "if b.ndim == 1:"): SLOWER,
    ("linalg.contract", "c not in output)"): "a factor 1 along a letter that other factors have",
    ("linalg.contract", "c not in ''.join(labels)"): "a factor 1 along a letter of the output",
    ("math.prod", "where(zero, 2, x)"): "the number in the place of zeros is divided out again",
    ("nn.dense", "lambda: g)"): "the tape sums over the axes that a bias lacks",
    ("conv.pad_or_crop", "x.shape[2:-1]:"): SLOWER,
    ("conv.pad_or_crop", "x.shape[0:-1]:"): SLOWER,
    ("conv.pad_or_crop", "x.shape[1:1]:"): SLOWER,
    ("conv.pad_or_crop", "x.shape[1:-1 + 1]:"): SLOWER,
    ("conv.pad_or_crop", "x.shape[1:-1 - 1]:"): SLOWER,
    ("conv.pad_or_crop", "max(b + n, 1)"): OVERLAP,
    ("conv.pad_or_crop", "max(b + n, -1)"): OVERLAP,
    ("conv.pad_or_crop", "max(n - b, 1)"): OVERLAP,
    ("conv.pad_or_crop", "max(n - b, -1)"): OVERLAP,
    ("conv.input_gradient", "a.stride == 0"): SLOWER,
    ("conv.input_gradient", "parts = (images @ matrix)"): SLOWER,
    ("conv.before_activation", "lambda: rows)"): "the tape sums over the axes that a bias lacks",
    ("pooling.max_pool", "a.kernel_size < a.stride"): SLOWER,
    ("recurrent.Recurrence", "zeros_like(times[1])"): "all times have the same shape",
}


# ---------------------------------------------------------------------------------------------
# Where the gradients are

FUNCTIONS = ast.FunctionDef, ast.Lambda
SILENT = ast.Raise, ast.arguments  # what errors say, and defaults
HOW_MUCH_AT_ONCE = {"image_bytes", "step"}  # changes the speed only


def parameters(function):
    a = function.args
    return {p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)}


def loads(node):
    """The names that are read anywhere inside a node."""
    names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
    return {n.id for n in names if isinstance(n.ctx, ast.Load)}


def targets(statement):
    """The names that an assignment or an inner function defines."""
    if isinstance(statement, ast.FunctionDef):
        return {statement.name}
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return set()
    assigned = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = (n for target in assigned for n in ast.walk(target))
    return {n.id for n in names if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def ways_back(node):
    """The outermost parts of a statement that carry gradients back."""
    if isinstance(node, FUNCTIONS) and parameters(node) & ARRIVING:
        return [node]
    if isinstance(node, ast.FunctionDef) and node.name in {"prepare_backward", *PADDING}:
        return node.body
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "elementwise":  # its third argument is the derivative
            return node.args[2:]
    found = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Return) and isinstance(child.value, ast.Tuple):
            value, *ways = child.value.elts  # an op returns its value and the ways back
            whole = len(ways) == 1 and isinstance(ways[0], (ast.Tuple, ast.IfExp, ast.Call))
            found += [*ways_back(value), *ways] if whole else ways_back(child)
        else:
            found += ways_back(child)
    return found


def only_for(parts, function):
    """The statements of a function whose results nothing but those parts of it reads."""
    inner = [s for s in ast.walk(function) if targets(s)]
    found = []
    while True:
        known = {id(n) for part in [*parts, *found] for n in ast.walk(part)}
        read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and id(n) not in known
                and isinstance(n.ctx, ast.Load)}  # fmt: skip
        used = set().union(*(loads(part) for part in [*parts, *found]))
        new = [s for s in inner if id(s) not in known and targets(s) & used
               and not targets(s) & read]  # fmt: skip
        if not new:
            return found
        found += new


def gradient_nodes(statement):
    """Each node of a statement that belongs to a gradient, and where it is: the smallest statement
    around it, its parent, and its field and index there.
    """
    roots = ways_back(statement)
    for function in [n for n in ast.walk(statement) if isinstance(n, ast.FunctionDef)]:
        inside = {id(n) for n in ast.walk(function)} - {id(function)}
        roots += only_for([r for r in roots if id(r) in inside], function)
    wanted, found = {id(root) for root in roots}, []

    def visit(node, inside, inner):
        for field, value in ast.iter_fields(node):
            for index, child in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(child, ast.AST) or isinstance(child, SILENT):
                    continue
                if isinstance(child, ast.keyword) and child.arg in ("strict", "optimize"):
                    continue
                if targets(child) & HOW_MUCH_AT_ONCE:
                    continue
                own = inside or id(child) in wanted
                around = child if isinstance(child, ast.stmt) else inner
                if own:
                    place = index if isinstance(value, list) else None
                    found.append((child, around, node, field, place))
                visit(child, own, around)

    visit(ast.Module([statement], []), False, statement)
    return found


# ---------------------------------------------------------------------------------------------
# Small mistakes

TURNED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
    ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Lt: ast.GtE, ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
AT_THE_EDGE = {ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt}
OTHER_NAME = {
    "sum": "mean", "mean": "sum", "cos": "sin", "sin": "cos", "ones": "zeros", "zeros": "ones",
    "ones_like": "zeros_like", "zeros_like": "ones_like", "max": "min", "min": "max",
    "triu": "tril", "tril": "triu", "multiply": "add", "floor": "ceil", "sign": "abs",
}  # fmt: skip
# Without these the numbers lie at other places.
MOVES = {"swapaxes", "transpose", "flip", "cumsum", "roll", "moveaxis", "expand_dims", "reshape",
         "reversed", "time_major", "crop_padding", "pad_input", "stretch"}  # fmt: skip


def shifted(node, by):
    return ast.BinOp(copy.deepcopy(node), ast.Add() if by > 0 else ast.Sub(), ast.Constant(1))


def mistakes(node, parent):
    """What may stand in the place of a node, each with one small mistake."""
    kind = type(node)
    if kind is ast.BinOp:
        if type(node.op) in TURNED:
            yield ast.BinOp(node.left, TURNED[type(node.op)](), node.right)
        if kind is ast.BinOp and isinstance(node.op, (ast.MatMult, ast.Sub, ast.Div)):
            yield ast.BinOp(node.right, node.op, node.left)
        yield node.left
        if isinstance(node.op, (ast.Add, ast.Mult, ast.MatMult, ast.BitAnd)):
            yield node.right
    elif kind is ast.AugAssign and type(node.op) in TURNED:
        yield ast.AugAssign(node.target, TURNED[type(node.op)](), node.value)
        yield ast.Pass()
    elif kind is ast.Assign and isinstance(node.targets[0], ast.Subscript):
        yield ast.Pass()
    elif kind is ast.Expr and isinstance(node.value, ast.Call):
        yield ast.Pass()
    elif kind is ast.UnaryOp:
        if isinstance(node.operand, ast.Constant):
            yield node.operand
            yield shifted(node, 1)
            if not called(parent, "reshape"):  # there -2 means what -1 means
                yield shifted(node, -1)
        else:
            yield node.operand
    elif kind is ast.Compare and len(node.ops) == 1:
        for table in (TURNED, AT_THE_EDGE):
            if type(node.ops[0]) in table:
                yield ast.Compare(node.left, [table[type(node.ops[0])]()], node.comparators)
    elif kind is ast.BoolOp:
        yield ast.BoolOp(TURNED[type(node.op)](), node.values)
    elif kind is ast.Constant and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif kind is ast.Constant and isinstance(node.value, int):
        if not isinstance(parent, ast.UnaryOp):
            yield ast.Constant(node.value + 1)
            if node.value or not isinstance(parent, ast.Subscript):  # the first may be the last
                yield ast.Constant(node.value - 1)
    elif kind is ast.Constant and isinstance(node.value, float):
        yield ast.Constant(node.value * 1.5)
    elif kind is ast.IfExp:
        yield ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif kind is ast.If:
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif kind is ast.Slice:
        for field in ("lower", "upper"):
            edge = getattr(node, field)
            if edge is not None and not isinstance(edge, (ast.Constant, ast.UnaryOp)):
                for by in (1, -1):
                    yield ast.Slice(**{**vars_of(node), field: shifted(edge, by)})
        if node.step is not None:
            yield ast.Slice(node.lower, node.upper)
    elif kind is ast.Attribute and node.attr == "T":
        yield node.value
    elif kind is ast.Call:
        yield from mistakes_of_call(node)
    elif kind is ast.Tuple and len(node.elts) > 1 and all(map(is_way, node.elts)):
        yield ast.Tuple(node.elts[::-1], node.ctx)
    elif kind is ast.Lambda and not isinstance(node.body, (ast.Lambda, ast.Tuple)):
        yield ast.Lambda(node.args, ast.UnaryOp(ast.USub(), node.body))
    elif kind is ast.Return and isinstance(node.value, (ast.BinOp, ast.Call, ast.Subscript)):
        yield ast.Return(ast.UnaryOp(ast.USub(), node.value))


def is_way(node):
    """Whether an expression is a function that carries a gradient back."""
    return isinstance(node, ast.Lambda) or getattr(node, "id", "").startswith("to_")


def called(node, name):
    """Whether a node is a call of the method of that name."""
    return isinstance(node, ast.Call) and getattr(node.func, "attr", None) == name


def mistakes_of_call(node):
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in OTHER_NAME and isinstance(node.func, ast.Attribute):
        func = ast.Attribute(node.func.value, OTHER_NAME[name], ast.Load())
        yield ast.Call(func, node.args, node.keywords)
    if name in MOVES:
        of_module = not isinstance(node.func, ast.Attribute) or (
            isinstance(node.func.value, ast.Name) and node.func.value.id == "xp"
        )
        yield node.args[0] if of_module else node.func.value
    if name == "slice":
        for i, edge in enumerate(node.args):
            for by in (1, -1) if not isinstance(edge, ast.Constant) else ():
                edges = [*node.args[:i], shifted(edge, by), *node.args[i + 1 :]]
                yield ast.Call(node.func, edges, [])
    for keyword in node.keywords:
        if keyword.arg == "axis":
            yield ast.Call(node.func, node.args, [k for k in node.keywords if k is not keyword])


def vars_of(node):
    return {field: getattr(node, field) for field in node._fields}


# ---------------------------------------------------------------------------------------------
# Mutants


@dataclass(eq=False)
class Mutant:
    """One mistake: `new` stands in the place of a node of a module."""

    module: str
    tree: ast.Module
    statement: ast.stmt  # of the module
    inner: ast.stmt  # the smallest around the node
    parent: ast.AST
    field: str
    index: int | None
    new: ast.AST

    def __post_init__(self):
        self.old = getattr(self.parent, self.field)
        self.old = self.old if self.index is None else self.old[self.index]
        self.owner = name_of(self.statement)
        self.line = getattr(self.old, "lineno", self.statement.lineno)
        ast.fix_missing_locations(ast.copy_location(self.new, self.old))
        before = ast.unparse(self.inner)
        with self.written():
            after = ast.unparse(self.new if self.old is self.inner else self.inner)
        differences = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0)
        lines = [line for line in differences if line[:3] not in ("---", "+++")]
        self.removed = [line[1:].strip() for line in lines if line[0] == "-"]
        self.added = [line[1:].strip() for line in lines if line[0] == "+"]

    def __str__(self):
        shown = self.added if self.added != ["pass"] else [*self.removed, "removed"]
        return f"{self.module}.{self.owner}: {' '.join(shown)}"

    @contextlib.contextmanager
    def written(self):
        """The tree with the mistake in it."""

        def put(node):
            if self.index is None:
                setattr(self.parent, self.field, node)
            else:
                getattr(self.parent, self.field)[self.index] = node

        put(self.new)
        try:
            yield self.tree
        finally:
            put(self.old)

    def report(self):
        """Where it is, and what it changes there."""
        place = f"minigraph/ops/{self.module}.py:{self.line} {self.owner}"
        lines = [*(f"    - {line}" for line in self.removed), *(f"    + {a}" for a in self.added)]
        return "\n".join([place, *lines])

    @contextlib.contextmanager
    def alive(self):
        """The running functions with the mistake in them."""
        with self.written() as tree:
            mutated = compile(tree, "mutant", "exec")
        changed = []
        try:
            for original, other in code_pairs(ORIGINALS[self.module], mutated):
                for function in LIVE.get(original, ()) if original != other else ():
                    changed.append((function, function.__code__))
                    function.__code__ = other
            if not changed:
                raise LookupError(f"no function changes with {self}")
            yield
        finally:
            for function, original in changed:
                function.__code__ = original


def name_of(statement):
    named = isinstance(statement, (ast.FunctionDef, ast.ClassDef))
    return statement.name if named else " ".join(sorted(targets(statement)))


def code_pairs(original, mutated):
    """The codes inside two codes, side by side; all in the first have a partner in the second."""
    inner, others = ([c for c in code.co_consts if isinstance(c, types.CodeType)]
                     for code in (original, mutated))  # fmt: skip
    named = defaultdict(list)
    for code in others:
        named[code.co_name, code.co_firstlineno].append(code)
    for code in inner:
        twins = named[code.co_name, code.co_firstlineno]
        if twins:
            other = twins.pop(0)
            yield code, other
            yield from code_pairs(code, other)


def live_functions():
    """All functions of the ops that exist now, by their code."""
    files, found = {m.__file__ for m in MODULES.values()}, defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__code__.co_filename in files:
            found[thing.__code__].append(thing)
    return found


TREES = {name: ast.parse(Path(m.__file__).read_text("utf-8")) for name, m in MODULES.items()}
ORIGINALS = {name: compile(tree, "original", "exec") for name, tree in TREES.items()}
LIVE = live_functions()


def all_mutants():
    """Every mutant, in the order of the files; those that make the same change count once."""
    found, known = [], set()
    for module, tree in TREES.items():
        for statement in tree.body:
            for node, *place in gradient_nodes(statement):
                for new in mistakes(node, place[1]):
                    mutant = Mutant(module, tree, statement, *place, copy.copy(new))
                    change = id(mutant.inner), *mutant.removed, "->", *mutant.added
                    if mutant.removed and change not in known:
                        known.add(change)
                        found.append(mutant)
    return found


def select(mutants, count):
    """So many mutants: of each op some, of long ones more. No chance is involved."""
    owners = defaultdict(list)
    for mutant in mutants:
        owners[mutant.module, mutant.owner].append(mutant)
    ranked = []
    for group in owners.values():
        group.sort(key=lambda m: hashlib.sha256(str(m).encode()).hexdigest())
        ranked += [((rank + 1) / len(group) ** 0.5, str(m), m) for rank, m in enumerate(group)]
    return [mutant for _, _, mutant in sorted(ranked, key=lambda r: r[:2])[:count]]


# ---------------------------------------------------------------------------------------------
# Judging

CHECKS = (
    test_ops.test_gradient_of_every_element,
    test_ops.test_gradient_along_random_directions,
    test_ops.test_gradient_without_rows,
    test_ops.test_inputs_and_incoming_gradients_are_only_read,
    test_ops.test_float32_stays_float32,
    test_ops.test_the_plain_twin_is_equal,
    test_ops.test_promised_gradients,
    test_ops.test_gradient_of_each_output_alone,
    test_ops.test_gradient_in_small_blocks,
)


def uses():
    """For each definition of a module of ops, as (module, name), those that it mentions."""
    owner = {}
    for module, tree in TREES.items():
        for statement in tree.body:
            for name in {name_of(statement)} | targets(statement):
                owner[module, name] = (module, name_of(statement))
    found = {}
    for module, tree in TREES.items():
        own = {name: key for (m, name), key in owner.items() if m == module}
        for statement in tree.body:
            if isinstance(statement, ast.ImportFrom):
                for alias in statement.names:
                    key = (statement.module or "", alias.name)
                    own |= {alias.name: owner[key]} if key in owner else {}
        for statement in tree.body:
            key = module, name_of(statement)
            mentioned = {own[name] for name in loads(statement) if name in own}
            for node in ast.walk(statement):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    if (node.value.id, node.attr) in owner:
                        mentioned.add(owner[node.value.id, node.attr])
            found[key] = found.get(key, set()) | mentioned
    return found


def judging_ops():
    """For each definition, the ops whose gradients go through it."""
    used_by = defaultdict(set)
    for key, mentioned in uses().items():
        for other in mentioned:
            used_by[other].add(key)
    names = {}
    for module, name in list(used_by) + list(uses()):
        fn = getattr(MODULES[module], name.split(" ")[0], None)
        if inspect.isfunction(fn) and fn in OPS.values():
            names[module, name] = fn.__name__
    found = {}
    for key in uses():
        reached, waiting = set(), [key]
        while waiting:
            here = waiting.pop()
            if here not in reached:
                reached.add(here)
                waiting += used_by[here]
        found[key] = {names[key]} if key in names else {names[k] for k in reached if k in names}
    return found


def rows_of_ops():
    """For each op, its checks as the suite has them: pairs of a test and a row of the table."""
    found = defaultdict(list)
    for check in CHECKS:
        (rows,) = [mark.args[1] for mark in check.pytestmark if mark.name == "parametrize"]
        for row in rows:
            found[row.name].append((check, row))
    return found


def without_equivalents(mutants):
    """The mutants that a test can notice; ValueError if EQUIVALENT names none or several."""
    equal = []
    for owner, part in EQUIVALENT:
        meant = [m for m in mutants if str(m).startswith(f"{owner}: ") and part in str(m)]
        if len(meant) != 1:
            raise ValueError(f"EQUIVALENT names {len(meant)} mutants of {owner} by {part!r}")
        equal += meant
    return [m for m in mutants if m not in equal]


JUDGES = judging_ops()
ROWS = rows_of_ops()


class Hangs(BaseException):
    """No exception that a check may take for its own."""


def stop(signal_number, frame):
    raise Hangs


def noticed(mutant):
    """Which row notices a mutant, as text; None if none does."""
    checks = [row for name in sorted(JUDGES[mutant.module, mutant.owner]) for row in ROWS[name]]
    signal.signal(signal.SIGALRM, stop)
    with mutant.alive(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for check, example in checks:
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                check(example)
            except (Exception, Hangs) as error:
                return f"{example}: {type(error).__name__}"
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    return None


def judge(index):
    start = time.time()
    return index, noticed(CHOSEN[index]), time.time() - start


CHOSEN = []  # the processes that judge are forked after it is filled


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="how many mutants, at most")
    parser.add_argument("--all", action="store_true", help="every mutant there is")
    parser.add_argument("--only", default="", help="all mutants whose description has this in it")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--verbose", action="store_true", help="say which row notices each")
    settings = parser.parse_args()
    start = time.time()
    every = all_mutants()
    CHOSEN[:] = [m for m in without_equivalents(every) if settings.only in str(m)]
    if not settings.all and not settings.only:
        CHOSEN[:] = select(CHOSEN, settings.count)
    for check, example in [row for rows in ROWS.values() for row in rows]:
        check(example)  # what fails without a mistake proves nothing
    survivors = []
    with multiprocessing.get_context("fork").Pool(settings.processes) as pool:
        for index, by, seconds in pool.imap_unordered(judge, range(len(CHOSEN))):
            if settings.verbose:
                print(f"{seconds:5.1f} s  {CHOSEN[index]}  | {by}", flush=True)
            if by is None:
                survivors.append(CHOSEN[index])
    for mutant in sorted(survivors, key=lambda m: (m.module, m.line)):
        print(mutant.report(), flush=True)
    killed = len(CHOSEN) - len(survivors)
    print(
        f"{date.today()}, minigraph {minigraph.__version__}: {killed} of {len(CHOSEN)} mutants "
        f"killed ({100 * killed / max(len(CHOSEN), 1):.1f} %), {len(every)} possible, "
        f"{len(EQUIVALENT)} equivalent; {time.time() - start:.0f} s"
    )
    return killed < 0.95 * len(CHOSEN)


if __name__ == "__main__":
    sys.exit(main())
