"""The examples in docstrings: each runs and prints what stands there.

An example may use two names that it does not import: `np` and `keras`, which is minigraph.
"""

import ast
import doctest
import inspect
from pathlib import Path

import numpy as np
import pytest

import minigraph
from minigraph import Layer, callbacks, layers, losses, metrics, optimizers

PACKAGE = Path(minigraph.__file__).parent
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)
FAMILIES = {
    layers: Layer,
    losses: losses.Loss,
    metrics: metrics.Metric,
    optimizers: optimizers.Optimizer,
    callbacks: callbacks.Callback,
}
VIEWS = {  # what draws
    "Model.summary": minigraph.Model.summary,
    "Model.explore": minigraph.Model.explore,
    **{
        f"utils.{name}": getattr(minigraph.utils, name)
        for name in ("DrawAsYouCall", "ErrorLens", "model_to_dot", "plot_model", "short_errors")
    },
}


def docstrings_with_examples():
    """Every docstring of the library that holds an example, by file and name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = ast.get_docstring(node) if isinstance(node, DOCUMENTED) else None
            if text and ">>>" in text:
                name = f"{path.relative_to(PACKAGE)}::{getattr(node, 'name', '')}"
                found[f"{name}:{node.body[0].lineno}"] = text
    return found


def things_that_need_one():
    needed = {
        f"{module.__name__.rpartition('.')[2]}.{name}": thing
        for module, base in FAMILIES.items()
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and issubclass(thing, base) and name in module.__all__
    }
    return needed | VIEWS


EXAMPLES = docstrings_with_examples()
NEEDED = things_that_need_one()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_stands_there(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where an example saves a model
    names = {"np": np, "keras": minigraph, "__name__": "__main__"}
    found = doctest.DocTestParser().get_doctest(EXAMPLES[name], names, name, None, 0)
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_ONLY_FIRST_FAILURE)
    failed, tried = runner.run(found, out=said.append)
    assert tried and not failed, "".join(said)


@pytest.mark.parametrize("name", NEEDED)
def test_it_is_shown_at_work(name):
    text = inspect.getdoc(NEEDED[name]) or ""
    parts = text.split("\nExample:\n")
    assert len(parts) == 2, "one example is asked for"
    lines = [line for line in parts[1].split("\n") if line.strip()]
    assert lines[0].startswith("    >>> ")
    assert 2 <= len(lines) <= 12 and all(line.startswith("    ") for line in lines)
    own = name.rpartition(".")[2]
    assert own in parts[1], f"the example does not use {own}"
    assert any(not line.strip().startswith((">>>", "...")) for line in lines), "nothing is printed"


def test_a_wrong_output_is_found(tmp_path):
    text = ">>> keras.ops.add(1, 2).numpy() + 1\nnp.int64(3)\n"
    names = {"keras": minigraph}
    found = doctest.DocTestParser().get_doctest(text, names, "planted", None, 0)
    assert doctest.DocTestRunner().run(found, out=lambda text: None).failed == 1
