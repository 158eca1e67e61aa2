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

    @overload
    def scaled(self, by: int) -> Ring: ...

    def scaled(
        self,
        by,
    ):
        """A signature is one line."""
        return by
'''


def test_docstrings_comments_and_blanks_are_not_lines_of_code():
    assert lines.lines_of_code(PROGRAM) == {4, 8, 11, 12, 14, 18, 19, 20, 25, 30}
    assert lines.lines_of_classes(PROGRAM) == {"Ring": 9}


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


def test_the_reading_path_stays_short():
    sizes = {
        name: len(lines.lines_of_code(lines.path_of(name).read_text("utf-8")))
        for name in lines.READING_PATH
    }
    assert min(sizes.values()) > 10  # each file is there, and counted
    assert sum(sizes.values()) <= lines.LONGEST_PATH, sizes


def test_a_function_of_the_reading_path_fits_on_a_screen():
    for name in lines.READING_PATH:
        functions = lines.lines_of_functions(lines.path_of(name).read_text("utf-8"))
        longest = max(functions, key=functions.get)
        assert functions[longest] <= lines.LONGEST_FUNCTION, f"{name}: {longest}"
