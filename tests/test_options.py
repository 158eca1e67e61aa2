"""The types of constructors tell the truth: what an editor is told is what a class takes."""

import ast
import inspect
import typing
from pathlib import Path

import pytest

from minigraph import layers, ops
from minigraph.graph.layer import Layer

CLASSES = {
    name: thing
    for name in layers.__all__
    if isinstance(thing := getattr(layers, name), type) and issubclass(thing, Layer)
}


def stub_of(cls):
    """The constructor that only editors see, under `if TYPE_CHECKING:` in a class, or None."""
    tree = ast.parse(Path(inspect.getsourcefile(cls)).read_text("utf-8"))
    (found,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == cls.__name__]
    for node in found.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            (stub,) = node.body
            assert stub.name == "__init__"
            return stub
    return None


def told_by_stub(cls, stub):
    """Name -> default of its arguments, and the names of its `**options`."""
    names = [argument.arg for argument in stub.args.args[1:]]
    defaults = [ast.literal_eval(default) for default in stub.args.defaults]
    needed = [inspect.Parameter.empty] * (len(names) - len(defaults))
    table = getattr(inspect.getmodule(cls), stub.args.kwarg.annotation.slice.id)
    return dict(zip(names, [*needed, *defaults], strict=True)), set(table.__annotations__)


def told(cls):
    """Name -> default of the arguments that a constructor names, and those of its `**options`."""
    owner = next(base for base in cls.__mro__ if stub_of(base) or "__init__" in vars(base))
    stub = stub_of(owner)
    if stub is not None:
        return told_by_stub(owner, stub)
    _, *parameters = inspect.signature(owner.__init__).parameters.values()
    named = {p.name: p.default for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
    more = [p.annotation for p in parameters if p.kind is p.VAR_KEYWORD]
    if not more or more[0] is typing.Any:  # of the base: the defaults of a subclass say which
        return named, set()
    (table,) = typing.get_args(more[0])
    return named, set(table.__annotations__)


@pytest.mark.parametrize("name", CLASSES)
def test_an_editor_is_told_what_a_constructor_takes(name):
    named, keywords = told(CLASSES[name])
    taken = inspect.signature(CLASSES[name]).parameters
    keywords = keywords - set(CLASSES[name].other_keywords)  # `help` does not show these
    assert named.keys() | keywords == taken.keys() and not named.keys() & keywords
    assert {name: taken[name].default for name in named} == named
    assert list(taken)[: len(named)] == list(named)


def test_the_cells_and_bases_are_told_alike():
    for cls in (layers.LSTM, layers.ConvLSTM2D):
        assert set().union(*told(cls)) >= {"recurrent_initializer", "return_sequences", "name"}
    assert "actvation" not in set().union(*told(layers.Dense))


@pytest.mark.parametrize("package", [layers, ops])
def test_a_package_lists_what_it_offers(package):
    tree = ast.parse(Path(package.__file__).read_text("utf-8"))
    (listed,) = [
        ast.literal_eval(node.value)  # a list that is written out, for readers and type checkers
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert listed == sorted(set(listed))
    assert set(listed) == {
        n for n, thing in vars(package).items() if callable(thing) and n[0] != "_"
    }
