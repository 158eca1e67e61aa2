"""The programs of `tests/typed`, which the type checker reads, also run, and do what they say.

Their signatures are what a user writes: where the library's types are too narrow for such a
program, `make lint` finds it there. In `mistakes`, each file has one that the types must show.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.typed import custom_layer, custom_parts, data_set, functional_model, gradients_by_hand

FOLDER = Path(__file__).parent / "typed"
MISTAKES = {
    "text_for_a_number": TypeError,
    "unknown_method": AttributeError,
    "misspelt_argument": TypeError,
}


def test_a_functional_model_learns_and_comes_back_from_its_file(tmp_path):
    loss, before, after = functional_model.main(tmp_path)
    assert loss < 0.5 and before.shape == (64, 2)
    np.testing.assert_array_equal(before, after)


def test_a_custom_step_learns_a_line():
    losses, steps = custom_layer.main()
    assert steps == 15 * 4 and losses[-1] < 0.1 * losses[0]


def test_custom_parts_are_used():
    history, rates, epochs = custom_parts.main()
    assert rates == pytest.approx([0.2, 0.1, 0.05]) and epochs == [0, 1, 2]
    assert history.keys() == {"loss", "largest"} and history["loss"][-1] < history["loss"][0]


def test_gradients_by_hand_lower_the_loss():
    losses, difference = gradients_by_hand.main()
    assert losses[0] == pytest.approx(np.log(2), rel=1e-5) and losses[-1] < 0.6 * losses[0]
    assert difference < 1e-7


def test_a_data_set_trains_a_convolution():
    accuracy, shape = data_set.main()
    assert accuracy > 0.9 and shape == (8, 8, 8, 4)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_at_run_time_too(name):
    """And its first comment names the rule of the type checker, then what it says."""
    source = (FOLDER / "mistakes" / f"{name}.py").read_text("utf-8")
    assert re.match(r"# report\w+: \S", source)
    with pytest.raises((MISTAKES[name], ValueError)):
        exec(compile(source, name, "exec"), {})


def test_every_program_and_every_mistake_is_tested():
    programs = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert programs <= globals().keys()
    assert {path.stem for path in (FOLDER / "mistakes").glob("*.py")} == MISTAKES.keys()
