"""Layers stay short, and the table that `make test` prints counts what it says."""

import statistics
import subprocess
import sys

from tools import lines

PROGRAM = '''"""What it is for,
in two lines."""

import math  # a comment


# Nothing but a comment.
class Ring:
    """A docstring."""

    text = """two
lines"""

    def area(self):
        """A docstring
        of two lines.
        """
        return (
            math.pi
        )
'''


def test_docstrings_comments_and_blanks_are_no_lines_of_code():
    assert lines.lines_of_code(PROGRAM) == {4, 8, 11, 12, 14, 18, 19, 20}
    assert lines.lines_of_classes(PROGRAM) == {"Ring": 7}


def test_the_median_layer_is_short():
    layers = lines.lines_of_layers()
    assert {"Dense", "LSTM", "Conv2D", "MultiHeadAttention"} <= set(layers)
    assert statistics.median(layers.values()) <= 20


def test_the_table_adds_up():
    command = [sys.executable, lines.__file__]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.replace(",", "").split() for line in table.splitlines()[:-1]]
    floors = sum(int(row[2]) for row in rows if row[0] == "floor")
    files = sum(int(row[0]) for row in rows if row[0].isdigit())
    parts = sum(int(row[1]) for row in rows if row[0] in ("library", "view/", "learn/"))
    assert floors == files == parts > 0
