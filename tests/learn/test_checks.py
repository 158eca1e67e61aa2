"""The checks of the exercises: every answer, right, wrong or missing, gets the verdict it deserves.

An answer is source code, as a reader would write it into the cell. It runs after the cells that
come before it in the notebook, and is judged by the notebook's own check cell.
"""

import ast
import re
from itertools import combinations
from pathlib import Path

import nbformat
import pytest
from answers import ANOTHER, WRONG

from minigraph.core.names import unique_name
from minigraph.graph.symbols import Input
from minigraph.learn import chapter_00, chapter_04
from minigraph.learn.checking import NOT_YET, NOTHING_HERE, NotYet, Verdict, attempt, check

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = {
    "another-width": "00_tour",
    "largest-layer": "00_tour",
    "parameters": "00_tour",
    "side-branch": "04_calling_a_layer",
    "parents-first": "04_calling_a_layer",
    "run": "04_calling_a_layer",
}


def code_cells(folder, chapter):
    """The code cells of a notebook: their ids and sources, in order."""
    notebook = nbformat.read(ROOT / folder / f"{chapter}.ipynb", as_version=4)
    return {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "code"}


def run_cell(source, names):
    """Run a cell as a notebook does, but without its magics; return the last expression's value."""
    body = ast.parse(re.sub(r"(?m)^%.*$", "", source)).body
    last = ast.Expression(body.pop().value) if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
    return eval(compile(last, "<cell>", "eval"), names) if last else None


def judge(exercise, source):
    """The verdict on an answer, after the solved cells before it."""
    names = {}
    cells = code_cells("solutions", CHAPTERS[exercise])
    for name, solved in cells.items():
        if name == exercise:
            break
        if not name.endswith("-check"):
            run_cell(solved, names)
    run_cell(source, names)
    return run_cell(cells[f"{exercise}-check"], names)


WRONG_ANSWERS = [(exercise, name) for exercise, answers in WRONG.items() for name in answers]


def test_every_exercise_is_here():
    found = {
        name: chapter
        for chapter in dict.fromkeys(CHAPTERS.values())
        for name, source in code_cells("exercises", chapter).items()
        if "YOUR CODE HERE" in source
    }
    assert found == CHAPTERS
    assert WRONG.keys() == ANOTHER.keys() == CHAPTERS.keys()


@pytest.mark.parametrize("exercise", CHAPTERS)
def test_the_shipped_solution_passes(exercise):
    verdict = judge(exercise, code_cells("solutions", CHAPTERS[exercise])[exercise])
    assert verdict, verdict
    assert repr(verdict).startswith("✓ Right. ")


@pytest.mark.parametrize("exercise", CHAPTERS)
def test_a_different_right_answer_passes(exercise):
    verdict = judge(exercise, ANOTHER[exercise])
    assert verdict, verdict


@pytest.mark.parametrize("exercise", CHAPTERS)
def test_an_empty_cell_gets_the_first_step(exercise):
    verdict = judge(exercise, code_cells("exercises", CHAPTERS[exercise])[exercise])
    assert not verdict
    assert repr(verdict).startswith("Nothing here yet: ")
    assert len(verdict.message) > 40


@pytest.mark.parametrize(("exercise", "name"), WRONG_ANSWERS)
def test_a_wrong_answer_is_recognised(exercise, name):
    source, expected = WRONG[exercise][name]
    verdict = judge(exercise, source)
    assert verdict.heading == NOT_YET
    assert re.search(expected, verdict.message), verdict.message


@pytest.mark.parametrize("exercise", CHAPTERS)
def test_no_two_wrong_answers_get_the_same_message(exercise):
    assert len(WRONG[exercise]) >= 3
    messages = {
        name: judge(exercise, source).message for name, (source, _) in WRONG[exercise].items()
    }
    for a, b in combinations(messages, 2):
        assert messages[a] != messages[b], (a, b)
    for a in messages:  # what is searched for is found in no other message
        hits = [b for b in messages if re.search(WRONG[exercise][a][1], messages[b])]
        assert hits == [a]


@pytest.mark.parametrize("exercise", CHAPTERS)
def test_no_message_holds_the_solution(exercise):
    solution = code_cells("solutions", CHAPTERS[exercise])[exercise]
    lines = [line.strip() for line in solution.splitlines() if len(line.strip()) > 25]
    for source, _ in WRONG[exercise].values():
        message = judge(exercise, source).message
        assert not [line for line in lines if line in message]


@pytest.mark.parametrize("chapter", dict.fromkeys(CHAPTERS.values()))
def test_an_unsolved_notebook_runs_to_its_end(chapter):
    names, verdicts = {}, {}
    for name, source in code_cells("exercises", chapter).items():
        shown = run_cell(source, names)
        if name.endswith("-check"):
            verdicts[name.removesuffix("-check")] = shown
    assert list(verdicts) == [name for name in CHAPTERS if CHAPTERS[name] == chapter]
    assert [verdict.heading for verdict in verdicts.values()] == [NOTHING_HERE] * len(verdicts)
    assert len({verdict.message for verdict in verdicts.values()}) == len(verdicts)


@pytest.mark.parametrize("chapter", dict.fromkeys(CHAPTERS.values()))
def test_the_stored_verdicts_are_right(chapter):
    notebook = nbformat.read(ROOT / "solutions" / f"{chapter}.ipynb", as_version=4)
    checks = [cell for cell in notebook.cells if cell.id.endswith("-check")]
    for cell in checks:
        assert cell.outputs[0].data["text/plain"].startswith("✓ Right. "), cell.id
        assert cell.metadata.nbgrader.locked
    assert len(checks) == 3


def test_a_later_exercise_says_which_earlier_one_it_needs():
    cells = code_cells("exercises", "04_calling_a_layer")
    solution = code_cells("solutions", "04_calling_a_layer")["run"]
    names = {}
    for name in ("imports", "parents-first"):
        run_cell(cells[name], names)
    run_cell(solution, names)
    verdict = run_cell(cells["run-check"], names)
    assert repr(verdict).startswith("Nothing here yet: your function calls `parents_first`")


def test_the_half_done_drawing_hears_what_is_missing():
    solution = code_cells("solutions", "04_calling_a_layer")["side-branch"]
    without_count = judge("side-branch", solution + "\ncount = None")
    assert "Drawing and edges are right" in without_count.message
    without_edges = judge("side-branch", solution + "\nedges = count = None")
    assert "`edges` are still to be written" in without_edges.message


# -- the check runs the reader's own object ------------------------------------------------------


def counted(function, calls):
    """The function, with each call's arguments noted in `calls`."""

    def wrapper(*arguments):
        calls.append(arguments)
        return function(*arguments)

    return wrapper


@pytest.mark.parametrize("exercise", ["largest-layer", "parameters", "parents-first", "run"])
def test_the_readers_function_is_the_one_that_runs(exercise):
    names, calls = {}, []
    cells = code_cells("solutions", CHAPTERS[exercise])
    for name, source in cells.items():
        if not name.endswith("-check"):
            run_cell(source, names)
    name = exercise.replace("-", "_")
    names[name] = counted(names[name], calls)
    assert run_cell(cells[f"{exercise}-check"], names)
    assert len(calls) >= 3

    calls.clear()
    names[name] = counted(lambda *arguments: "nonsense", calls)
    assert not run_cell(cells[f"{exercise}-check"], names)
    assert len(calls) == 1  # the first wrong answer ends the check


def test_the_readers_model_is_the_one_that_runs():
    names = {}
    cells = code_cells("solutions", "00_tour")
    for name in ("imports", "another-width"):
        run_cell(cells[name], names)
    model = names["model"]
    assert chapter_00.another_width(model)
    first = model.layers[1]
    first.activation = lambda x: x * 1
    assert "has no relu" in chapter_00.another_width(model).message


def test_a_trained_model_is_judged_by_what_it_computes():
    names = {}
    cells = code_cells("solutions", "00_tour")
    for name in ("imports", "another-width"):
        run_cell(cells[name], names)
    model = names["model"]
    model.set_weights([3 * values + 0.5 for values in model.get_weights()])
    assert chapter_00.another_width(model)


def next_number(base):
    """The number in the next automatic name."""
    return int(unique_name(base).removeprefix(base).removeprefix("_") or 0)


def test_checking_uses_up_no_automatic_name_of_a_layer():
    bases = ("input_layer", "dense", "activation", "concatenate", "functional")
    before = [next_number(base) for base in bases]
    assert not chapter_00.parameters(lambda sizes: 0)
    assert not chapter_04.parents_first(lambda outputs: [])
    assert not chapter_04.run(lambda inputs, outputs, values: values)
    assert [next_number(base) for base in bases] == [number + 1 for number in before]


def test_checks_are_the_same_every_time():
    for exercise in CHAPTERS:
        source = next(iter(WRONG[exercise].values()))[0]
        assert repr(judge(exercise, source)) == repr(judge(exercise, source))


# -- answers of a strange kind -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (lambda: chapter_00.another_width(7), "`model` is 7"),
        (lambda: chapter_00.another_width(Input((64,))), "`model` is a SymbolicTensor"),
        (lambda: chapter_00.parameters(8970), "must be a function, but it is 8970"),
        (lambda: chapter_00.parameters(print), "returns None"),
        (lambda: chapter_00.parameters(str), "returns '"),
        (lambda: chapter_00.largest_layer(lambda model: model), "returns a Model"),
        (lambda: chapter_00.largest_layer(lambda m: (m.layers[1], 1)), "is a Dense"),
        (lambda: chapter_00.largest_layer(lambda m: ("layer_1", "half")), "is 'half'"),
        (lambda: chapter_04.side_branch("model", [], 0), "`model` is 'model'"),
        (lambda: chapter_04.parents_first(lambda outputs: set(outputs)), "a set of 1"),
        (lambda: chapter_04.parents_first(lambda outputs: outputs), "lists a SymbolicTensor"),
        (lambda: chapter_04.run(lambda inputs, outputs, values: values[0]), "gives a Tensor"),
        (lambda: chapter_04.run(lambda inputs, outputs, values: outputs), "is a SymbolicTensor"),
    ],
)
def test_a_strange_answer_gets_a_kind_word(verdict, expected):
    found = verdict()
    assert found.heading == NOT_YET
    assert expected in found.message


# -- the mechanism -------------------------------------------------------------------------------


@check("write down one number.")
def positive(function):
    """A tiny check."""
    value = attempt(function, 2, shown="`f(2)`")
    if value <= 0:
        raise NotYet(f"`f(2)` is {value}. Which way is up?")
    return "A number above 0 is positive."


def test_a_verdict_is_true_text_and_html():
    verdict = positive(lambda x: x)
    assert isinstance(verdict, Verdict)
    assert bool(verdict) is verdict.passed is True
    assert repr(verdict) == str(verdict) == "✓ Right. A number above 0 is positive."
    assert "<strong>✓ Right.</strong> A number" in verdict._repr_html_()

    verdict = positive(lambda x: -x)
    assert not verdict
    assert repr(verdict) == "Not yet. `f(2)` is -2. Which way is up?"
    assert "<code>f(2)</code> is -2." in verdict._repr_html_()


def test_html_of_a_verdict_is_escaped():
    def evil(x):
        raise ValueError("<img src=x onerror=alert(1)>")

    shown = positive(evil)._repr_html_()
    assert "<img" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown


def test_an_error_is_reported_with_its_call_its_text_and_its_line():
    def broken(x):
        return [][x]

    verdict = positive(broken)
    assert repr(verdict) == (
        "Not yet. `f(2)` stopped with IndexError: list index out of range, at the line "
        "`return [][x]`. Look at that line first."
    )


def test_nothing_is_said_of_a_line_that_python_cannot_show():
    names = {}
    exec("def broken(x):\n    return 1 / 0", names)
    assert (
        "ZeroDivisionError: division by zero. Call it yourself" in positive(names["broken"]).message
    )


def test_a_body_still_to_be_written_gets_the_first_step():
    def stub(x):
        raise NotImplementedError("This part is yours to write.")

    def half(x):
        return stub(x)

    assert repr(positive(stub)) == "Nothing here yet: write down one number."
    assert repr(positive(None)) == "Nothing here yet: write down one number."
    assert "calls `stub`, which is still to be written" in positive(half).message


def test_not_implemented_inside_the_library_is_an_error_like_any_other():
    from minigraph import Layer

    def calls_an_unfinished_layer(x):
        return Layer().call(x)

    found = positive(calls_an_unfinished_layer)
    assert found.heading == NOT_YET
    assert "NotImplementedError: Layer must define call" in found.message


def test_stopping_by_hand_stops():
    def stopped(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        positive(stopped)


def test_a_mistake_of_the_check_itself_is_not_hidden():
    @check("begin.")
    def broken(answer):
        return answer.no_such_thing

    with pytest.raises(AttributeError):
        broken(3)


def test_a_check_called_without_its_answers_says_how_to_call_it():
    with pytest.raises(TypeError, match=r"got 0 .*check\.side_branch\(model, edges, count\)"):
        chapter_04.side_branch()
    with pytest.raises(TypeError, match=r"got 2 .*check\.run\(function\)"):
        chapter_04.run(1, 2)
