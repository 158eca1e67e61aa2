"""The maker of mutants makes mutants, and the rows of the table tell them from the original."""

import mutation
import numpy as np
import pytest

from minigraph import ops

EVERY = mutation.all_mutants()


def mutant_of(owner, line):
    (found,) = [m for m in EVERY if str(m).startswith(f"{owner}: ") and str(m).endswith(line)]
    return found


def test_there_are_mutants_of_all_ways_back():
    """Signs, terms, factors, axes, places, sums: some op has a mutant of each kind."""
    assert len(EVERY) > 900
    for owner, line in [
        ("math.subtract", "return (a - b, (lambda g: g, lambda g: g))"),
        ("math.multiply", "return (a * b, (lambda g: g * a, lambda g: g * b))"),
        ("arrays.concatenate", "g[(slice(None),) * along + (slice(start + 1, stop),)]"),
        ("math.mean", "return (y * scale, (lambda g: stretch(g, x.shape, axis, keepdims),))"),
        ("nn.softmax", "return (y, (lambda g: y * (g + (g * y).sum(axis, keepdims=True)),))"),
        ("nn.softmax", "return (y, (lambda g: y * (g - (g * y).mean(axis, keepdims=True)),))"),
        (
            "conv.crop_padding",
            "return pad_or_crop(y, [a.pad_before for a in axes], [a.size for a in axes])",
        ),
    ]:
        assert mutant_of(owner, line)


def test_the_selection_is_fixed_and_spread_over_all_gradients():
    chosen = mutation.select(EVERY, 300)
    assert len(chosen) == 300
    again = mutation.select(EVERY[::-1], 300)
    assert [str(m) for m in chosen] == [str(m) for m in again]
    assert {m.owner for m in chosen} == {m.owner for m in EVERY}


def test_every_op_with_a_gradient_can_be_judged():
    assert all(mutation.JUDGES[m.module, m.owner] for m in EVERY)
    assert all(mutation.ROWS[name] for names in mutation.JUDGES.values() for name in names)


@pytest.mark.parametrize(
    ("owner", "line"),
    [
        ("math.subtract", "return (a - b, (lambda g: g, lambda g: g))"),
        ("math.reduce_sum", "return (y, (lambda g: -stretch(g, x.shape, axis, keepdims),))"),
        ("math.sin", "lambda xp, x, y: xp.sin(x))"),
    ],
)
@pytest.mark.linux
def test_a_mutant_lives_for_a_while_and_is_noticed(owner, line):
    mutant = mutant_of(owner, line)
    assert mutation.noticed(mutant)
    for check, row in mutation.ROWS[next(iter(mutation.JUDGES[mutant.module, mutant.owner]))]:
        check(row)  # the original is back


def test_what_is_equivalent_is_not_noticed():
    (mutant,) = [m for m in EVERY if str(m) == "math.prod: rest = xp.where(zero, 2, x)"]
    assert mutation.noticed(mutant) is None


def test_a_mutant_changes_the_running_op_and_says_where():
    mutant = mutant_of("arrays.reshape", "return (x.reshape(target), (lambda g: g,))")
    way_back = ops.reshape.__wrapped__.__code__
    with mutant.alive():
        assert ops.reshape.__wrapped__(np.ones((2, 3)), (6,))[1][0](np.ones(6)).shape == (6,)
    assert ops.reshape.__wrapped__.__code__ is way_back
    assert mutant.report().startswith(f"minigraph/ops/arrays.py:{mutant.line} reshape\n")
    assert "- return (x.reshape(target), (lambda g: g.reshape(x.shape),))" in mutant.report()


def test_a_mutant_that_hangs_is_stopped(monkeypatch):
    monkeypatch.setattr(mutation, "SECONDS", 0.1)

    def forever(row):
        while True:
            pass

    monkeypatch.setitem(mutation.ROWS, "subtract", [(forever, "row")])
    mutant = mutant_of("math.subtract", "return (a - b, (lambda g: g, lambda g: g))")
    assert mutation.noticed(mutant) == "row: Hangs"
