"""The table of a model."""

import os
import subprocess
import sys

import pytest

from minigraph import Input, layers
from minigraph.models import Model
from minigraph.view.summary import summary, summary_text


def cells(text):
    """The cells of each row of the table, without the head."""
    rows = [line.strip("│").split("│") for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in row] for row in rows]


def test_the_guides_first_model(chain):
    text = summary_text(chain)
    assert text.startswith('Model: "mnist_model"\n')
    assert cells(text) == [
        ["img (InputLayer)", "(None, 784)", "0"],
        ["dense (Dense)", "(None, 64)", "50,240"],
        ["dense_1 (Dense)", "(None, 64)", "4,160"],
        ["dense_2 (Dense)", "(None, 10)", "650"],
    ]
    assert text.splitlines()[-3:] == [
        "Total params: 55,050 (215.04 KB)",
        "Trainable params: 55,050 (215.04 KB)",
        "Non-trainable params: 0 (0.00 B)",
    ]


def test_the_table_is_as_wide_as_it_should_be(chain, branched):
    for model, width in ((chain, 88), (branched, 108)):
        table = [line for line in summary_text(model).splitlines() if line[0] in "┏┃┡│├└"]
        assert {len(line) for line in table} == {width}


def test_connections_name_the_call_and_the_output(branched):
    rows = {row[0]: row for row in cells(summary_text(branched, line_length=200))}
    assert rows["left (InputLayer)"][3] == "-"
    assert rows["shared (Dense)"][2:] == ["35", "left[0][0], right[0][0]"]
    assert rows["joined (Concatenate)"][3] == "shared[0][0], shared[1][0]"
    assert rows["total (Add)"][3] == "mixed[0][0], shared[0][0]"


def test_shared_weights_count_once(branched):
    expected = sum(layer.count_params() for layer in branched.layers)
    assert f"Total params: {expected:,} (" in summary_text(branched)


def test_long_cells_wrap_and_nothing_is_cut():
    name = "a_layer_with_quite_a_long_name_that_does_not_fit_into_any_column"
    x = Input((4,))
    model = Model(x, layers.Dense(2, name=name)(x))
    narrow = "".join(row[0] for row in cells(summary_text(model, line_length=60)))
    assert narrow.replace(" ", "") == f"input_layer(InputLayer){name}(Dense)"
    assert f"{name} (Dense)" in summary_text(model, line_length=300)


def test_trainable_column(chain):
    chain.get_layer("dense_1").trainable = False
    rows = cells(summary_text(chain, show_trainable=True))
    assert [row[-1] for row in rows] == ["-", "Y", "N", "Y"]
    assert "Non-trainable params: 4,160 (16.25 KB)" in summary_text(chain)


def test_nested_models_open(chain):
    x = Input((784,), name="photo")
    outer = Model(x, layers.Dense(1, name="score")(chain(x)), name="outer")
    closed = [row[0] for row in cells(summary_text(outer))]
    assert closed == ["photo (InputLayer)", "mnist_model (Functional)", "score (Dense)"]
    opened = [row[0] for row in cells(summary_text(outer, expand_nested=True))]
    assert opened[2:6] == [
        "└ img (InputLayer)",
        "└ dense (Dense)",
        "└ dense_1 (Dense)",
        "└ dense_2 (Dense)",
    ]
    assert cells(summary_text(outer))[1][2] == "55,050"


def test_layer_range(chain):
    rows = cells(summary_text(chain, layer_range=("dense", "dense_1")))
    assert [row[0] for row in rows] == ["dense (Dense)", "dense_1 (Dense)"]
    rows = cells(summary_text(chain, layer_range=["dense_[12]", "dense_[12]"]))
    assert [row[0] for row in rows] == ["dense_1 (Dense)", "dense_2 (Dense)"]
    with pytest.raises(ValueError, match="layer_range.*no_such.*img, dense"):
        summary_text(chain, layer_range=("no_such", "dense"))


def test_positions(chain):
    lines = summary_text(chain, positions=[30, 60, 80]).splitlines()
    assert lines[2].index("┃", 1) == 30 and len(lines[2]) == 80
    with pytest.raises(ValueError, match="positions needs 3"):
        summary_text(chain, positions=[0.5, 1.0])


def test_the_optimizer_is_counted_once_it_has_variables(chain):
    class Holder:
        slots = {"momentum": chain.get_layer("dense").kernel}

    chain.optimizer = Holder()
    last = summary_text(chain).splitlines()
    assert last[-1] == "Optimizer params: 50,176 (196.00 KB)"
    assert last[-4] == "Total params: 105,226 (411.04 KB)"


def test_a_layer_that_was_not_called_yet():
    class Custom(Model):
        def __init__(self):
            super().__init__(name="custom")
            self.head = layers.Dense(3, name="head")

    assert cells(summary_text(Custom())) == [["head (Dense)", "?", "0 (unbuilt)"]]


def test_summary_prints_or_hands_over(chain, capsys):
    summary(chain)
    assert capsys.readouterr().out == summary_text(chain) + "\n"
    heard = []
    summary(chain, print_fn=heard.append)
    assert heard == [summary_text(chain)]


WITHOUT_LINES = """
import numpy as np
from minigraph import Input, Model, layers
x = Input((2,), name="in")
model = Model(x, layers.Dense(3, name="größe_模")(x))
model.summary()
model.compile("sgd", "mse")
model.fit(np.zeros((4, 2)), np.zeros((4, 3)), verbose=1)
"""


def test_an_output_without_the_lines_gets_them_in_ascii():
    """As on Windows, where a file has 256 characters."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LINES],
        env=os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        encoding="cp1252",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "| größe_? (Dense) " in done.stdout
    assert "\n+----" in done.stdout and "\n+====" in done.stdout
    assert f"1/1 {'=' * 20}" in done.stdout
