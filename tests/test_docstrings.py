"""Every public name says what it is: one sentence, formula, shapes, errors, source.

The reference of the book is made from these docstrings, and `help` shows them as they are. What
they say is checked by people; that they say it is checked here.
"""

import ast
import inspect
import re
import textwrap

import pytest

from minigraph import Layer, Model, Sequential, layers
from minigraph.core.docstrings import raw_docstring, read_arguments
from minigraph.layers.core import Spatial
from tools import catalogue, docstrings

# Layers that move, choose or wrap numbers, so that there is no arithmetic to write down.
WITHOUT_FORMULA = {
    *("Concatenate", "Flatten", "Permute", "Reshape", "StackedRNNCells", "InputLayer", "Layer"),
    *(f"{name}{rank}D" for name in ("ZeroPadding", "Cropping") for rank in (1, 2, 3)),
}

# What was published, and by whom, as (year, names): the sources that a docstring must name.
SOURCES = {
    "AUC": "Hanley and McNeil (1982)",
    "Adagrad": "Duchi et al. (2011)",
    "Adam": "Kingma and Ba (2015)",
    "AdamW": "Loshchilov and Hutter (2019)",
    "Adamax": "Kingma and Ba (2015)",
    "BatchNormalization": "Ioffe and Szegedy (2015)",
    "Bidirectional": "Schuster and Paliwal (1997)",
    "CategoricalHinge": "Crammer and Singer (2001)",
    "Conv1D": "Waibel et al. (1989)",
    "Conv2D": "LeCun et al. (1989)",
    "Conv2DTranspose": "Zeiler et al. (2010)",
    "Conv3D": "Ji et al. (2010)",
    "ConvLSTM2D": "Shi et al. (2015)",
    "ConvLSTMCell": "Shi et al. (2015)",
    "CosineDecay": "Loshchilov and Hutter (2017)",
    "Dropout": "Srivastava et al. (2014)",
    "ELU": "Clevert et al. (2016)",
    "Embedding": "Bengio et al. (2003)",
    "GRU": "Cho et al. (2014)",
    "GRUCell": "Cho et al. (2014)",
    "GlobalAveragePooling2D": "Lin et al. (2014)",
    "GlorotNormal": "Glorot and Bengio (2010)",
    "GlorotUniform": "Glorot and Bengio (2010)",
    "HeNormal": "He et al. (2015)",
    "HeUniform": "He et al. (2015)",
    "Hinge": "Cortes and Vapnik (1995)",
    "Huber": "Huber (1964)",
    "KLDivergence": "Kullback and Leibler (1951)",
    "L1": "Tibshirani (1996)",
    "L1L2": "Zou and Hastie (2005)",
    "L2": "Hoerl and Kennard (1970)",
    "LSTM": "Hochreiter and Schmidhuber (1997)",
    "LSTMCell": "Hochreiter and Schmidhuber (1997)",
    "LayerNormalization": "Ba et al. (2016)",
    "LeakyReLU": "Maas et al. (2013)",
    "LecunNormal": "LeCun et al. (1998)",
    "LecunUniform": "LeCun et al. (1998)",
    "MaxPooling2D": "Riesenhuber and Poggio (1999)",
    "MultiHeadAttention": "Vaswani et al. (2017)",
    "Nadam": "Dozat (2016)",
    "Orthogonal": "Saxe et al. (2014)",
    "PReLU": "He et al. (2015)",
    "RMSprop": "Tieleman and Hinton (2012)",
    "ReLU": "Nair and Hinton (2010)",
    "SGD": "Robbins and Monro (1951)",
    "SimpleRNN": "Elman (1990)",
    "SimpleRNNCell": "Elman (1990)",
    "SpatialDropout1D": "Tompson et al. (2015)",
    "SpatialDropout2D": "Tompson et al. (2015)",
    "SpatialDropout3D": "Tompson et al. (2015)",
    "VGG19": "Simonyan and Zisserman (2015)",
    "VarianceScaling": "Glorot and Bengio (2010)",
    "gelu": "Hendrycks and Gimpel (2016)",
    "selu": "Klambauer et al. (2017)",
    "silu": "Elfwing et al. (2018)",
}

THINGS = {f"{module}.{name}": thing for module, name, thing in docstrings.public_things()}
LAYERS = {
    name: thing
    for name, thing in vars(layers).items()
    if inspect.isclass(thing) and issubclass(thing, Layer)
}
METHODS = {
    f"{cls.__name__}.{name}": member
    for cls in (Layer, Model, Sequential)
    for name, member in inspect.getmembers(cls)
    if name[0] != "_" and (inspect.isfunction(member) or isinstance(member, property))
}


def names(things):
    return pytest.mark.parametrize("name", things)


def doc_of(thing):
    return inspect.cleandoc(thing.__doc__ or "")


@names([*THINGS, *METHODS])
def test_the_first_line_is_one_sentence(name):
    text = doc_of(THINGS.get(name) or METHODS[name])
    first = text.partition("\n")[0]
    assert first.endswith("."), first or "there is no docstring"
    assert first[0].isupper() or first[0] == "`", first
    assert len(re.findall(r"[.;:]\s+[A-Z]\w", first)) <= 1, f"more than one sentence: {first}"


@names([*THINGS, *METHODS])
def test_the_text_has_the_form_that_the_reference_reads(name):
    text = doc_of(THINGS.get(name) or METHODS[name])
    assert text.count("`") % 2 == 0, "a backtick without its other half"
    text = re.sub(r"(?m)^(Args|Example):\n((    .*)\n?)+", "", text)
    for paragraph in re.split(r"\n\s*\n", text):
        lines = paragraph.split("\n")
        moved = [line.startswith("    ") for line in lines]
        assert all(moved) or not any(moved), f"a formula needs a blank line around it: {paragraph}"
        inside = [line for line in lines[1:] if re.search(r"\S.*\b(Raises \w+Error|Source:)", line)]
        assert inside == [], "what is raised, and the source, start a line of their own"


@names(LAYERS)
def test_a_layer_says_its_shapes_and_its_formula(name):
    if name == "Layer":
        return
    fields = r"\n\n|\n(?=Args:|Returns |Raises |Source: |Shapes: |Example:)"
    blocks = re.split(fields, doc_of(LAYERS[name]))
    shapes = [block for block in blocks if block.startswith("Shapes: ")]
    assert len(shapes) == 1 and (" -> " in shapes[0] or name == "InputLayer")
    formulas = [block for block in blocks if block.startswith("    ") and " = " in block]
    assert bool(formulas) != (name in WITHOUT_FORMULA)


def raises(thing):
    """Whether the code of a class or function, or of a base that it builds on, may raise."""
    bases = [b for b in getattr(thing, "__mro__", [thing]) if b.__module__.startswith("minigraph.")]
    for base in bases:
        if base.__name__ in ("Layer", "Configurable", "Initializer", "Loss", "Metric"):
            return False
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(base)))):
            called = getattr(node, "func", None)
            called = getattr(called, "id", getattr(called, "attr", ""))
            if isinstance(node, ast.Raise) or (called or "").startswith("check_"):
                return True
    return False


@names(LAYERS)
def test_a_layer_says_what_it_refuses(name):
    thing = LAYERS[name]
    told = bool(re.search(r"(?m)^Raises \w+Error", doc_of(thing)))
    assert told or not raises(thing)
    assert told or not issubclass(thing, Spatial), "an unknown data_format is refused"


def functions_that_raise():
    return [
        name
        for name, thing in THINGS.items()
        if inspect.isfunction(inspect.unwrap(thing))
        and not inspect.isclass(thing)
        and thing.__name__ not in ("serialize", "deserialize")
        and "<locals>" not in inspect.unwrap(thing).__qualname__
        and raises(inspect.unwrap(thing))
    ]


@names(functions_that_raise())
def test_a_function_says_what_it_refuses(name):
    assert re.search(r"(?m)^Raises ", doc_of(THINGS[name]))


@names(SOURCES)
def test_who_found_it_is_named(name):
    found = [thing for path, thing in THINGS.items() if path.rpartition(".")[2] == name]
    assert found, "there is no such name"
    for thing in found:
        sources = re.findall(r"(?m)^Source: ((?:.+\n?)*)", doc_of(thing))
        assert sources and SOURCES[name] in " ".join(sources[0].split())


def test_every_source_has_a_year():
    for name, thing in THINGS.items():
        for source in re.findall(r"(?m)^Source: (.*)", doc_of(thing)):
            assert re.search(r"\((19|20)\d\d\)", source), name


@names(["LSTM", "Dense", "Conv2DTranspose", "ConvLSTM2D"])
def test_the_signature_is_true(name):
    cls = LAYERS[name]
    parameters = inspect.signature(cls).parameters
    assert not any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters.values())
    given = {"filters": 2, "kernel_size": 3, "units": 2}
    layer = cls(*[given[p.name] for p in parameters.values() if p.default is p.empty])
    config = layer.get_config()
    assert config.keys() == parameters.keys()
    for argument, parameter in parameters.items():
        if isinstance(parameter.default, bool):
            assert config[argument] is parameter.default, argument


@names(LAYERS)
def test_no_argument_of_a_layer_hides(name):
    parameters = inspect.signature(LAYERS[name]).parameters.values()
    assert not any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)


# ---------------------------------------------------------------------------------------------
# Arguments

VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def is_error(thing):
    return inspect.isclass(thing) and issubclass(thing, Exception)


def all_that_is_called():
    """The public functions and classes, and the public methods that these classes define."""
    found = {
        path: thing for path, thing in THINGS.items() if callable(thing) and not is_error(thing)
    }
    for thing in [*found.values()]:
        for name, member in vars(thing).items() if inspect.isclass(thing) else ():
            function = getattr(member, "__func__", member)  # of a class method
            if name[0] != "_" and inspect.isfunction(function):
                path = f"{function.__module__}.{function.__qualname__}"
                found[path] = getattr(thing, name)
    return found


CALLED = all_that_is_called()


def parameters_of(thing):
    found = inspect.signature(thing).parameters.values()
    return {p.name: p for p in found if p.name != "self" and p.kind not in VARIABLE}


def described_in(thing):
    said = read_arguments(inspect.getdoc(thing))
    return {name: text for name, text in said.items() if not name.startswith("*")}


@names(CALLED)
def test_every_argument_is_described(name):
    thing = CALLED[name]
    parameters, described = parameters_of(thing), described_in(thing)
    if inspect.isclass(thing) or thing.__doc__:
        assert [*described] == [*parameters]
    else:  # a method that keeps the docstring of its base may leave some arguments out
        assert parameters.keys() <= described.keys()
    for argument, said in described.items():
        assert said.endswith("."), f"{argument}: {said}"
        assert len(said) > len(argument) + 3, f"{argument}: {said}"


@names(CALLED)
def test_the_default_is_said_and_is_true(name):
    described = described_in(CALLED[name])
    for argument, parameter in parameters_of(CALLED[name]).items():
        default = parameter.default
        if default is parameter.empty or argument not in described or inspect.isfunction(default):
            continue
        said = described[argument]
        values = re.findall(r'[Dd]efault `?("[^"]*"|\([^)]*\)|[-\w.]+)', said)
        values += re.findall(r'("[^"]*"|[-\w.]+)`? \(default\)', said)
        assert values, f"{argument} has the default {default!r}: {said}"
        assert any(means(value.rstrip("."), default) for value in values), f"{argument}: {said}"


def means(text, default):
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text == getattr(default, "__name__", None)
    return value == default and isinstance(value, bool) == isinstance(default, bool)


def test_an_argument_of_a_base_is_shown_where_it_is_handed_on():
    dense = described_in(layers.Dense)
    assert dense["name"] == described_in(layers.LSTM)["name"] == described_in(Model)["name"]
    assert "`kernel`" in dense["kernel_initializer"] and '"glorot' in dense["kernel_initializer"]
    assert "Args:" not in inspect.getsource(layers.MaxPooling2D)


@names(CALLED)
def test_no_docstring_describes_what_is_no_argument(name):
    thing = CALLED[name]
    written = raw_docstring(thing) if inspect.isclass(thing) else thing.__doc__
    if getattr(thing, "formula", None) is not None:  # its text is that of the formula
        return
    own = {n for n in read_arguments(written) if n[0] not in "*<"}
    assert own <= parameters_of(thing).keys()


# ---------------------------------------------------------------------------------------------
# What the book makes of it


def test_plain_text_stays_plain_text():
    lines = ["The size |x| of *lengths.", "", "    y = x_[i]", "", "With `a_b` or \"same\".",
             "Raises ValueError for x_", "and y.", "Source: A (1999)."]  # fmt: skip
    assert docstrings.to_rst(lines) == [
        r"The size \|x\| of \*lengths.", "", "::", "", "    y = x_[i]", "",
        'With ``a_b`` or ``"same"``.', "", r":Raises: ValueError for x\_ and y.",
        ":Source: A (1999).", "",
    ]  # fmt: skip


def test_the_catalogue_has_every_layer_once():
    found = [code.partition("(")[0] for code, *_ in catalogue.examples()]
    assert sorted(found) == sorted(LAYERS.keys() - {"Layer", "InputLayer"})


@pytest.mark.parametrize("example", [*catalogue.examples()], ids=lambda example: example[0])
def test_a_card_tells_the_truth(example):
    code, shapes, formula, sizes = example
    card = catalogue.card(*example)
    given, made, parameters = catalogue.trace(code, shapes)
    assert catalogue.count(formula, sizes)[1] == parameters
    assert catalogue.shown(made) in card and f"`layers.{code}`" in card
    assert ("```text" in card) != (code.partition("(")[0] in WITHOUT_FORMULA)
    with pytest.raises(ValueError, match="parameters"):
        catalogue.card(code, shapes, formula + " + 1", sizes)
