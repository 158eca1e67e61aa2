"""The library and the book are written in the standard terms of their field.

Readers of this code know a textbook and the manuals of PyTorch, Keras and NumPy, and search for the
words that they found there. RETIRED lists words that we used before, each with what we write now.
The terms themselves are in the glossary of `CONTRIBUTING.md`.
"""

import importlib
import io
import json
import re
import tokenize
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
# The folders that are checked, and what in them is still to be mended.
CLEAN = ("minigraph", "book")
PENDING = ()  # folders that still wait for the words
CORE = tuple(f"minigraph/{name}" for name in ("core", "ops", "graph", "layers", "training"))


class Name(NamedTuple):
    """A pattern that no whole identifier may match, in one of `folders` if they are given."""

    pattern: str
    instead: str
    catches: str
    passes: str
    folders: tuple = ()

    def found_in(self, text):
        return [name for name in text.names if re.fullmatch(self.pattern, name.strip("_"))]


class Phrase(NamedTuple):
    """A pattern that no comment, docstring, message or prose may match."""

    pattern: str
    instead: str
    catches: str
    passes: str
    folders: tuple = ()

    def found_in(self, text):
        return [found[0] for found in re.finditer(self.pattern, text.prose, re.IGNORECASE)]


RETIRED = [
    Name(r"places?", "index, position, indices, positions", "places", "placeholder"),
    Name(r"(?:same_)?ways?(?:_back)?", "backward, gradients_of", "way_back", "highway"),
    Name(r"slopes?", "gradient, derivative", "slope", "negative_slope"),
    Name(r"prices?", "penalty, penalties", "prices", "priced_in"),
    Name(r"told|tells", "notify, notified", "told", "tell"),  # a file has a method `tell`
    Name(r"let_go", "release", "let_go", "release"),
    Name(r"home", "array_type, origin", "home", "home_page"),
    Name(r"movable", "variables on a device", "_movable", "removable"),
    Name(r"settled", "is_resolved, decided", "settled", "unsettled"),
    Name(r"take_room", "ops.costs.spend", "take_room", "take"),
    Name(r"calls_left", "budget", "calls_left", "calls"),
    Name(r"takes?_over", "overrides_calls, __minigraph_function__", "__take_over__", "takeover"),
    Name(r"whole_step", "deferred_interrupts", "_whole_step", "step"),
    Name(r"(?:gradient_)?watcher", "on_node, on_gradients", "gradient_watcher", "watch"),
    Name(r"to_library", "to_backend", "to_library", "to_backend"),
    Name(r"to_check", "host_copies", "to_check", "check"),
    Name(r"remember", "remember_host_copy, cache", "remember", "remember_host_copy"),
    Name(r"flushed", "flush_subnormals", "flushed", "flush"),
    Name(r"add_up", "fast_sum", "add_up", "add_update"),
    Name(r"sum_at", "scatter_add", "sum_at", "sum_of"),
    Name(r"erf_forward", "erf_by_table", "erf_forward", "forward"),
    Name(r"PlaceError", "OutOfBounds", "PlaceError", "IndexError"),
    Name(r"taps|tap_slices", "kernel_size, kernel_positions", "taps", "tapes"),
    Name(r"reach", "effective_kernel_size, receptive_field", "reach", "reachable"),
    Name(r"seen_by|unseen", "effective_kernel_size, crop", "seen_by", "seen"),
    Name(r"(?:un)?framed|plain_frame", "padded_size, pad, crop", "unframed", "frame"),
    Name(r"side_by_side", "im2col, concatenate", "side_by_side", "side"),
    Name(r"shown_zero", "zero_masked", "shown_zero", "shown"),
    Name(r"stand_ins?", "placeholder", "stand_in", "stand"),
    Name(r"trials?", "probes, cases", "trials", "trialled"),
    Name(r"findings?", "output_spec", "Finding".lower(), "find"),
    Name(r"Route|lay_routes", "OutputScoring, prepare_outputs", "lay_routes", "routes"),
    Name(r"joining_keys", "topology_keys", "joining_keys", "joined"),
    Name(r"set_inside", "derived_arguments", "set_inside", "inside"),
    Name(r"weight_settings", "weight_defaults", "weight_settings", "settings"),
    Name(r"training_is_said", "explicit_training", "training_is_said", "saved"),
    Name(r"nowhere", "discard_slot", "nowhere", "anywhere"),
    Name(r"cuts?", "thresholds, split_points, segments, feed", "cuts", "cutoff"),
    Name(r"draw(?:n|ing)", "tracing, traced", "drawing", "drawings", CORE),
    Phrase(r"\bways? back\b", "backward pass", "on the way back", "a walk back from the loss"),
    Phrase(r"\bon the way forwards?\b", "in the forward pass", "on the way forward", "on the way"),
    Phrase(r"\bpaid for\b", "the penalty is added", "outputs are paid for", "what it costs"),
    Phrase(
        r"\bprices? (?:on|of) (?:the |a |all )?(?:\w+ )?(?:weight|output|kernel|bias|layer)",
        *("penalty, regularization loss", "a price on weights", "the price of a house"),
    ),
    Phrase(
        r"\bof (?:one's|your|its|their|his|her|our|my) own\b(?=\s*(?:[^\s\w]|$|\w+ing\b"
        r"|(?:and|or|that|which|where|when|for|to|by|in|at|on|with|as|is|are|from|so|then)\b))",
        *("custom, separate, a second", "a layer of one's own.", "the weights of its own layer"),
    ),
    Phrase(r"\banew\b", "again, from scratch, resets", "computed anew", "a new layer"),
    Phrase(r"\bthat (?:is|are) none\b", "invalid", "a shape that is none", "none is left"),
    Phrase(
        r"(?<!there )\b(?:is|are|was) no (?!longer|more|less|fewer|other|one\b|\w+er\b|way\b)\w+",
        *("is not a ..., is not ...", "what is no Callback", "there is no graph"),
    ),
    Phrase(r"\bside by side\b", "im2col, concatenated", "side by side", "beside", CORE),
    Phrase(r"\brid(?:e|es|ing) on\b", "are attached to", "masks ride on the value", "stride one"),
    Phrase(r"\brest of (?:a|the) division\b", "remainder", "the rest of a division", "the rest"),
    Phrase(r"\bnumber of numbers\b", "size", "the number of numbers", "the number of weights"),
    Phrase(r"\bnumbers in (?:all |the )?weights\b", "parameters", "numbers in weights", "numbers"),
    Phrase(
        r"\balmost too small for (?:its|their)\b",
        *("subnormal", "numbers almost too small for their type", "too small to see"),
    ),
    Phrase(r"\b(?:array )?library in use\b", "active backend", "the library in use", "the library"),
    Phrase(r"\bso many\b(?! \w+ that)", "that many", "at most so many", "so many pixels that it"),
    Phrase(
        r"\bno slope\b|\bslopes? (?:at|outside|of (?:an op|the loss))\b",
        *("gradient, derivative", "the slope at 0 is 0", "the slope of a line"),
    ),
    Phrase(r"\blets? go\b", "release", "lets go of its array", "let it go on"),
    Phrase(r"\bas ever\b", "as usual", "raised as ever", "as every op"),
    Phrase(r"\bthe other way round\b", "reversed, vice versa", "the other way round", "around it"),
    Phrase(r"\bgoes without saying\b", "drop it", "it goes without saying", "it goes on"),
    Phrase(r"\bhand(?:s|ed)? back\b", "return", "hands back numbers", "hands on"),
    Phrase(r"\bmoved to the right\b", "indented", "moved to the right", "points to the right"),
    Phrase(r"\bto be had\b", "available", "not to be had", "to be handled"),
    Phrase(r"\bhalf way\b", "halfway", "half way through", "halfway through"),
    Phrase(r"\bin the place of\b", "instead of, replaced by", "in the place of x", "in place of x"),
    Phrase(r"\btr(?:y|ied|ies) (?:it )?out\b", "traced", "a call that is tried out", "try it"),
    Phrase(r"\bwritten as a class\b", "subclassed", "a model written as a class", "a class"),
    Phrase(r"\bat place \W?\w", "at index", "puts `b` at place 1", "in place 1"),
    Phrase(r"\bplaces must\b", "indices must", "places must lie from -3 to 2", "layers must"),
    Phrase(
        r"\bplaces? of the (?:largest|smallest)\b",
        *("index of", "the place of the largest value", "the index of the largest value"),
    ),
    Phrase(r"\bdo(?:es)? not meet\b", "do not match", "shapes that do not meet", "meet here"),
    Phrase(r"\btables? of (?:all )?weights\b", "matrix", "one table of weights", "a table"),
    Phrase(r"\bcallbacks? (?:is|are) told\b", "notified", "callbacks are told", "callbacks are"),
]


class Text(NamedTuple):
    """The identifiers of a file, and all that is written in it for people, on one line."""

    names: set
    prose: str


def of_python(source):
    """The `Text` of a program. Neighbouring comments or strings are one sentence."""
    names, prose, last = set(), [], None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            names.add(token.string)
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            separate = token.type != last or token.line.strip()[0] not in "#\"'fr"
            prose += ["\n"] * separate + [
                re.sub(r"^(?:#+|[rbfRBF]*['\"]+)|['\"]+$", "", token.string)
            ]
        if token.type not in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            last = token.type
    return Text(names, on_one_line(" ".join(prose)))


def of_script(source):
    """The `Text` of a program in JavaScript: its comments and strings, and the names elsewhere."""
    written = re.compile(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"|'[^'\n]*'", re.DOTALL)
    names = set(re.findall(r"[A-Za-z_]\w*", written.sub(" ", source)))
    return Text(names, on_one_line(" ".join(written.findall(source)).replace("//", " ")))


def of_notebook(source):
    """The `Text` of the cells of a notebook, without their outputs."""
    names, prose = set(), []
    for cell in json.loads(source)["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            found = of_python(re.sub(r"(?m)^[%!].*$", "", text))
            names |= found.names
            text = found.prose
        prose.append(text)
    return Text(names, on_one_line("\n\n".join(prose)))


def of_page(source):
    """The `Text` of a page in Markdown."""
    return Text(set(), on_one_line(source))


def on_one_line(text):
    """Text with single blanks between words, so that a phrase is found across lines."""
    return re.sub(r"\s+", " ", text)


READERS = {".py": of_python, ".js": of_script, ".ipynb": of_notebook, ".md": of_page}
FILES = sorted(
    path
    for folder in CLEAN
    for path in (ROOT / folder).rglob("*")
    if path.suffix in READERS and ".ipynb_checkpoints" not in path.parts
    if not path.relative_to(ROOT).as_posix().startswith(PENDING)
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_retired_word_comes_back(path):
    name = path.relative_to(ROOT).as_posix()
    text = READERS[path.suffix](path.read_text("utf-8"))
    found = [
        f"{match!r}: write {word.instead}"
        for word in RETIRED
        if not word.folders or name.startswith(word.folders)
        for match in word.found_in(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("word", RETIRED, ids=lambda word: word.pattern)
def test_a_pattern_catches_its_word_and_lets_others_pass(word):
    make = (lambda text: Text({text}, "")) if isinstance(word, Name) else of_page
    assert word.found_in(make(word.catches))
    assert not word.found_in(make(word.passes))


def test_words_are_found_wherever_they_are_written():
    program = (
        'x = 1  # on the way\n# back\nf("the numbers are "\n  "anew")\n'
        '"""A layer of\n\n  one\'s own.\n"""\n'
    )
    script = 'const place = "anew"; // on the\n// way back\n'
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": ["It starts\n", "anew."]},
            {"cell_type": "code", "source": ["%xmode\n", "place = 1  # let go"], "outputs": [1]},
        ]
    }

    def found(text):
        return [match for word in RETIRED for match in word.found_in(text)]

    assert found(of_python(program)) == ["way back", "of one's own", "anew"]
    assert found(of_script(script)) == ["place", "way back", "anew"]
    assert found(of_notebook(json.dumps(notebook))) == ["place", "anew", "let go"]


# ---------------------------------------------------------------------------------------------
# The glossary


def glossary():
    """The rows of the glossary in CONTRIBUTING.md: (term, meaning, where)."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.split("\n## Glossary\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return [row for row in rows if row[0] != "term"]


def exists(where):
    """Whether a file of the library, or a dotted name in it, exists."""
    if where.endswith((".py", ".js")):
        return (ROOT / "minigraph" / where).is_file()
    module, _, path = where.partition(":")
    thing = importlib.import_module(f"minigraph.{module}" if module else "minigraph")
    for name in path.split("."):
        thing = getattr(thing, name, None)
    return thing is not None


def test_the_glossary_has_each_term_once():
    terms = [term for term, _, _ in glossary()]
    assert len(terms) >= 50
    assert len(set(terms)) == len(terms)


@pytest.mark.parametrize("row", glossary(), ids=lambda row: row[0])
def test_a_term_lives_where_the_glossary_says(row):
    found = re.findall(r"`([^`]+)`", row[2])
    assert found, f"{row[0]}: say where it lives, in backticks"
    assert [where for where in found if not exists(where)] == []


def test_the_glossary_uses_no_retired_word():
    text = of_page(" ".join(f"{term}: {meaning}." for term, meaning, _ in glossary()))
    assert not [match for word in RETIRED for match in word.found_in(text)]
