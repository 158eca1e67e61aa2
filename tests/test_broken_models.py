"""Every broken program gets the message that its author deserves, and its repair repairs it."""

import pytest
from broken_models import CASES, PREAMBLE

import minigraph as mg
from tools import gallery

by_title = pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])


def run(program):
    mg.utils.clear_session()
    mg.utils.set_random_seed(0)
    exec(compile(PREAMBLE + program, "<program>", "exec"), {"__name__": "program"})


@by_title
def test_the_message_says_what_its_author_needs(case):
    with pytest.raises((ValueError, TypeError, KeyError, OSError)) as raised:
        run(case.program)
    missing = [word for word in case.words if word not in str(raised.value)]
    assert not missing, f"{missing} not in: {raised.value}"


@by_title
def test_the_repair_repairs_it(case):
    if case.repair:
        assert case.mended != case.program
        run(case.mended)


def test_there_are_many_cases_and_each_is_another():
    assert len(CASES) >= 60
    assert len({case.title for case in CASES}) == len(CASES)
    assert len({case.program for case in CASES}) == len(CASES)
    assert sum(bool(case.repair) for case in CASES) >= 60


def test_the_gallery_is_made_of_these_cases():
    assert sum(bool(case.lesson) for case in CASES) >= 30
    assert all(case.repair for case in CASES if case.lesson), "the gallery shows a repair for each"
    assert gallery.is_current(), "run `make notebooks`"
