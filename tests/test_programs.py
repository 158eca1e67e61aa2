"""Public Keras programs, in reduced form, run with their imports changed and nothing else.

Each file of `tests/programs` has the layers, arguments and calls of one program of the Keras
guides and examples, of a book, a course or a repository, written in other words, on a few samples.
Its `program()` trains and returns the model, or several; `PARAMETERS` are their counts, "published"
by its authors, or of Keras for the same text (None where a custom model is never built).
Two more names say what is special: `UNSAVED`, why the (last) model cannot be saved; `WARNS`, what
minigraph warns of.
"""

import importlib
import types
from pathlib import Path

import numpy as np
import pytest

import minigraph as keras

NAMES = sorted(path.stem for path in Path(__file__).with_name("programs").glob("*.py"))


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


def run(module):
    """The models that a program returns, with the warnings that it promises and no others."""
    if not hasattr(module, "WARNS"):
        return as_tuple(module.program())
    with pytest.warns(UserWarning, match=module.WARNS):
        return as_tuple(module.program())


def sample_for(tensor):
    """Two samples of zeros and ones, which do as numbers, as words and as pixels."""
    shape = [tensor.shape[0] or 2, *(16 if size is None else size for size in tensor.shape[1:])]
    return np.random.default_rng(0).integers(0, 2, shape).astype(tensor.dtype)


def assert_same_after_loading(model, path, own):
    samples = [sample_for(tensor) for tensor in model.inputs]
    inputs = samples if len(samples) > 1 else samples[0]
    model.save(path)
    again = keras.models.load_model(path, custom_objects=own)
    before, after = (keras.tree.flatten(each.predict(inputs, verbose=0)) for each in (model, again))
    assert len(before) == len(after) == len(model.outputs)
    for expected, found in zip(before, after, strict=True):
        assert np.isfinite(expected).all()
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_program(name, tmp_path):
    module = importlib.import_module(f"tests.programs.{name}")
    models = run(module)

    for model, count in zip(models, as_tuple(module.PARAMETERS), strict=True):
        assert count is None or model.count_params() == count

    histories = [model.history.history for model in models if model.history is not None]
    assert histories, "no model was trained by `fit`"
    for values in (values for history in histories for values in history.values()):
        assert values and np.isfinite(values).all()

    kinds = (type, types.FunctionType)
    own = {key: value for key, value in vars(module).items() if isinstance(value, kinds)}
    reason = getattr(module, "UNSAVED", None)
    if reason is not None:
        *models, refused = models
        with pytest.raises(ValueError, match=reason):
            refused.save(tmp_path / "refused.keras")
    for k, model in enumerate(models):
        assert_same_after_loading(model, tmp_path / f"{k}.keras", own)


def test_there_are_enough_programs():
    modules = [importlib.import_module(f"tests.programs.{name}") for name in NAMES]
    saved = sum(not hasattr(module, "UNSAVED") for module in modules)
    counted = sum(as_tuple(module.PARAMETERS) != (None,) for module in modules)
    assert len(NAMES) >= 60 and saved >= 50 and counted == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_imports_of_a_program_name_minigraph(name):
    text = (Path(__file__).with_name("programs") / f"{name}.py").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "minigraph" in line]
    assert "import minigraph as keras" in lines
    assert all(line.startswith(("import minigraph", "from minigraph")) for line in lines)
