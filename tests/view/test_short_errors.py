"""In a notebook an error of the library is told in short; other errors are left alone."""

import subprocess
import sys

import pytest

from minigraph.utils import short_errors

PROGRAM = r"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="NoColor", history_manager=None)
def run(cell):
    print("=" * 9)
    shell.run_cell(cell)
run("%load_ext minigraph")
run("import minigraph as keras\nfrom minigraph import layers\nx = keras.Input((4,))")
run("h = layers.Dense(3)(x)\nlayers.Reshape((5,))(h)")
run("class Odd(keras.Layer):\n    def call(self, x):\n        return x.nonsense\nOdd()(x)")
run("1 / 0")
run("%tb")
run("keras.ops.take([1, 2, 3], [7])")
run("%tb")
run("keras.utils.short_errors(False)\nkeras.ops.take([1, 2, 3], [7])")
"""


@pytest.fixture(scope="module")
def outputs():
    """What each cell prints."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [part.strip() for part in done.stdout.split("=" * 9 + "\n")][1:]


def test_the_sentence_comes_first_and_the_reader_sees_own_lines_alone(outputs):
    lines = outputs[2].splitlines()
    assert lines[0].startswith("ValueError: layer 'reshape' (Reshape) cannot be called on 'dense'")
    assert "in line 2: layers.Reshape((5,))(h)" in lines
    assert len(lines) <= 6 and "%tb" in lines[-1]


def test_a_mistake_in_a_custom_layer_is_told_without_the_library(outputs):
    assert "in line 4: Odd()(x)\nin line 3: return x.nonsense\n" in outputs[3]
    assert "minigraph/graph" not in outputs[3]


def test_other_errors_are_shown_as_ever(outputs):
    assert "Traceback" in outputs[4] and "ZeroDivisionError" in outputs[4]
    assert "ZeroDivisionError" in outputs[5]


def test_the_whole_traceback_is_one_call_away(outputs):
    assert (
        outputs[6]
        .splitlines()[0]
        .endswith("is out of bounds for axis 0 with size 3: indices must be in [-3, 2]")
    )
    assert "Traceback" in outputs[7] and "ops/arrays.py" in outputs[7]


def test_it_can_be_switched_off(outputs):
    assert "Traceback" in outputs[8] and "ops/arrays.py" in outputs[8]


def test_outside_of_a_notebook_it_says_so():
    with pytest.raises(RuntimeError, match="notebooks"):
        short_errors()
