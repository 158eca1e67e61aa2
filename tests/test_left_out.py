"""Names and arguments that minigraph does not have are answered with what to use instead."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigraph
from minigraph import Input, Model, layers, losses, metrics, models, optimizers, utils
from minigraph.core import left_out
from minigraph.core.registry import Configurable, init_parameters
from tools import docstrings

NAMES = [
    pytest.param(f"minigraph.{module}".rstrip("."), name, id=f"{module}-{name}")
    for module in left_out.LEFT_OUT
    for name in left_out.answers_of(module)
]
MODULES = ["minigraph", *(f"minigraph.{module}" for module in left_out.LEFT_OUT if module)]
ANSWERS = [
    *(answer for table in left_out.LEFT_OUT.values() for answer in table.values()),
    *left_out.FOR_ALL_OTHERS.values(),
    *left_out.ARGUMENTS.values(),
]
WITH_ALIASES = ["layers", "initializers", "losses", "metrics", "ops"]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_name_that_is_left_out_says_what_to_use(module, name):
    owner = importlib.import_module(module)
    assert not hasattr(owner, name), "it is there now: take it out of the table"
    answer = left_out.answers_of(module.removeprefix("minigraph").lstrip("."))[name]
    with pytest.raises(AttributeError, match=re.escape(f"Instead, use {answer}.")):
        getattr(owner, name)
    with pytest.raises(ImportError, match=re.escape(f"Instead, use {answer}.")):
        exec(f"from {module} import {name}", {})


@pytest.mark.parametrize("answer", dict.fromkeys(ANSWERS))
def test_what_an_answer_names_exists(answer):
    for path in re.findall(r"`([^`]+)`", answer):
        thing = minigraph
        for part in path.split("."):
            thing = getattr(thing, part)


@pytest.mark.parametrize("module", MODULES)
def test_a_misspelt_name_is_told_with_a_similar_one(module):
    owner = importlib.import_module(module)
    known = max(owner.__all__, key=len)
    wrong = f"{known[:-1]}_{known[-1]}_"
    with pytest.raises(AttributeError, match=f"no attribute '{wrong}'.* '{known}'|`ops`"):
        getattr(owner, wrong)
    with pytest.raises(AttributeError, match="no attribute '__wrapped__'$"):
        owner.__wrapped__  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'no_such_name'"):
        exec(f"from {module} import no_such_name", {})


def test_modules_below_are_still_found_by_import():
    code = "from minigraph import learn, datasets; from minigraph.core import tree; print(learn)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "minigraph.learn" in done.stdout


@pytest.mark.parametrize(
    ("get", "name"),
    [
        (optimizers.get, "Lion"),
        (optimizers.get, "adadelta"),
        (losses.get, "binary_focal_crossentropy"),
        (metrics.get, "f1_score"),
        (minigraph.activations.get, "mish"),
    ],
)
def test_a_name_given_as_text_is_answered_too(get, name):
    with pytest.raises(ValueError, match=f"Unknown .* '{name}'. minigraph leaves it out. Instead"):
        get(name)


# ---------------------------------------------------------------------------------------------
# Arguments

CLASSES = {
    f"{module}.{name}": thing
    for module, name, thing in docstrings.public_things()
    if inspect.isclass(thing) and issubclass(thing, Configurable)
}


@pytest.mark.parametrize("name", CLASSES)
def test_an_unknown_argument_is_told_with_the_class_and_what_it_takes(name):
    cls = CLASSES[name]
    if cls is metrics.MeanMetricWrapper:  # any keyword is a setting of its function
        return
    with pytest.raises(TypeError) as caught:
        cls(no_such_argument=1)
    assert f"{cls.__name__} takes no argument 'no_such_argument'. " in str(caught.value)
    for argument in inspect.signature(cls).parameters:
        assert repr(argument) in str(caught.value)


def test_older_arguments_are_called_by_their_newer_names():
    known = {argument for cls in CLASSES.values() for argument in init_parameters(cls)}
    assert set(left_out.RENAMED.values()) <= known
    assert not left_out.ARGUMENTS.keys() & known, "it is there now: take it out of the table"
    with pytest.raises(TypeError, match="Adam takes no argument 'lr'. It is called `learning_rat"):
        optimizers.Adam(lr=0.1)
    with pytest.raises(TypeError, match="ReLU takes no argument 'alpha'. It is called `negative"):
        layers.LeakyReLU(alpha=0.1)
    with pytest.raises(TypeError, match="SGD takes no argument 'decay'. .*ExponentialDecay"):
        optimizers.SGD(decay=0.1)


def test_the_constructor_of_a_custom_class_has_its_own_rules():
    class Shifted(optimizers.SGD):
        def __init__(self, shift, **options):
            super().__init__(**options)
            self.shift = shift

    assert Shifted(shift=2, learning_rate=0.5).shift == 2
    with pytest.raises(TypeError, match="unexpected keyword argument 'lr'"):
        Shifted(shift=2, lr=0.5)


# ---------------------------------------------------------------------------------------------
# Other names for what is there


@pytest.mark.parametrize("module", WITH_ALIASES)
def test_an_alias_is_the_thing_itself_and_no_second_entry(module):
    owner = importlib.import_module(f"minigraph.{module}")
    assert owner.ALIASES and not set(owner.ALIASES) & set(owner.__all__)
    for name, thing in owner.ALIASES.items():
        assert getattr(owner, name) is thing
        exec(f"from minigraph.{module} import {name}", {})


@pytest.mark.parametrize("module", ["layers", "initializers", "ops"])
def test_an_editor_is_told_the_aliases(module):
    owner = importlib.import_module(f"minigraph.{module}")
    tree = ast.parse(Path(owner.__file__).read_text("utf-8"))
    blocks = [n for n in tree.body if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    names = {n.id: n for n in ast.walk(ast.Module(blocks[-1].body, [])) if isinstance(n, ast.Name)}
    stored = {name for name, node in names.items() if isinstance(node.ctx, ast.Store)}
    known = {
        n for n in owner.ALIASES if getattr(owner, n).__name__ not in ("Initializer", "Scaling")
    }
    assert stored == known - {"function_initializer"}


def test_the_shorter_names_make_the_same_model():
    inputs = Input((8, 8, 3))
    x = layers.MaxPool2D()(layers.Convolution2D(4, 3)(inputs))
    model = Model(inputs, layers.GlobalAvgPool2D()(x))
    assert [layer.name for layer in model.layers[1:]] == [
        *("conv2d", "max_pooling2d", "global_average_pooling2d")
    ]
    assert models.clone_model(model).count_params() == model.count_params() == 112


def test_functions_of_metrics_and_losses_survive_a_file(tmp_path):
    model = minigraph.Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile(
        loss=losses.sparse_categorical_crossentropy,
        metrics=[metrics.sparse_categorical_accuracy, metrics.sparse_categorical_crossentropy],
    )
    x, y = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 3
    history = model.fit(x, y, verbose=0).history
    assert list(history) == [
        *("loss", "sparse_categorical_accuracy", "sparse_categorical_crossentropy")
    ]
    model.save(tmp_path / "model.safetensors")
    again = models.load_model(tmp_path / "model.safetensors")
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    values = metrics.sparse_categorical_accuracy(y, model(x))
    assert float(values.numpy().mean()) == pytest.approx(again.evaluate(x, y, verbose=0)[1])
    assert utils.to_categorical([1]).shape == (1, 2)
