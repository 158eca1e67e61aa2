"""Ctrl-C in any call, at any moment, leaves no state behind that later calls would meet.

CPython runs the handler of a signal at certain points only: where a Python function begins, after a
call of a C function, and where a loop jumps back. A profiler sees the first two, so one test sends
Ctrl-C at a selection of these points, always the same; the other sends it at random times, and
`make faults` does so 20,000 times.
"""

import random
import signal
import sys
import time

import numpy as np
import pytest

from minigraph import Input, Model, Tape, layers, ops
from minigraph.core.context import Context, context
from minigraph.core.interrupts import deferred_interrupts
from minigraph.models import clone_model, load_model

FIELDS = [name for name in vars(Context) if not name.startswith("_")]
EACH = 50  # how often a test interrupts each call
# Python drops what is raised while it frees an object, also Ctrl-C, and says so.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Notebook:
    """What users have at hand: a trained model, its file and data, and calls to interrupt."""

    def __init__(self, folder):
        source = np.random.default_rng(0)
        self.x = source.normal(size=(8, 4, 2)).astype("float32")
        self.y = source.normal(size=(8, 1)).astype("float32")
        self.model = self.build()
        self.model.compile("adam", "mse", metrics=["mae"])
        self.model.fit(self.x, self.y, verbose=0)
        self.weights = self.model.trainable_weights
        self.gradients = [np.ones(weight.shape, "float32") for weight in self.weights]
        self.path, self.copy = folder / "kept", folder / "copy"
        self.model.save(self.path)
        self.expected = self.predicted_by_file()
        self.state = self.global_state()

    def build(self):
        x, self.layer = Input((4, 2)), layers.LSTM(3)
        h = layers.Dropout(0.5)(self.layer(x))
        y = layers.Dense(1)(layers.BatchNormalization()(layers.Dense(3, activation="relu")(h)))
        return Model(x, y + ops.mean(h, axis=1, keepdims=True))

    def call(self):
        self.model(self.x)

    def compute(self):
        self.layer = layers.Dense(2)
        ops.exp(self.x * 1000) + self.layer(self.x)

    def predict(self):
        self.model.predict(self.x, batch_size=4, verbose=0)

    def train_on_batch(self):
        self.model.train_on_batch(self.x, self.y)

    def evaluate(self):
        self.model.evaluate(self.x, self.y, batch_size=4, verbose=0)

    def load(self):
        load_model(self.path, custom_objects={"unused": Notebook})

    def clone(self):
        clone_model(self.model)

    def save(self):
        self.model.save(self.copy)

    def loop_with_tapes(self):
        for _ in range(2):
            with Tape() as tape:
                loss = ops.mean(ops.square(self.model(self.x, training=True)))
            tape.gradient(loss, self.weights)

    def loop_of_updates(self):
        for _ in range(5):
            self.model.optimizer.apply(self.gradients, self.weights)

    def shapes(self):
        self.layer = layers.LSTM(3)
        self.layer.compute_output_shape((None, 4, 2))

    def fit(self):
        data = (self.x, self.y)
        self.model.fit(*data, batch_size=4, epochs=2, verbose=0, validation_data=data)

    def predicted_by_file(self):
        return load_model(self.path).predict(self.x, verbose=0).tobytes()

    def global_state(self):
        tape = context.tape and context.tape()
        return {name: getattr(context, name) for name in FIELDS if name != "tape"} | {
            "tape": tape,
            "NumPy": np.geterr(),
            "depth": deferred_interrupts.depth,
            "is_listening": deferred_interrupts.is_listening,
            "handler": signal.getsignal(signal.SIGINT),
            "cache": self.model._cache,
            "session": self.model._session,
        }

    def faults(self):
        """The names of what an interrupted call has left behind."""
        now = self.global_state()
        left = [name for name, value in self.state.items() if now[name] != value]
        whole = bool(self.layer.weights) == self.layer.built
        return left if whole else [*left, "a layer that is half built"]

    def check(self, name):
        left = self.faults()
        assert not left, f"Ctrl-C in {name} has left {left}"

    def check_file(self, name):
        assert self.predicted_by_file() == self.expected, f"after {name} the file loads as another"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    return Notebook(tmp_path_factory.mktemp("interrupts"))


@pytest.fixture(autouse=True)
def ordinary_handler():
    """Ctrl-C raises KeyboardInterrupt, whatever runs the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def with_profiler(call, at=0):
    """Make a call, with Ctrl-C at the point `at` of those where Python may take it, from 1.

    Returns how many points the call had until it ended.
    """
    points = 0

    def look(frame, event, argument):
        nonlocal points
        if event in ("call", "c_return"):
            points += 1
            if points == at:
                signal.raise_signal(signal.SIGINT)

    try:
        sys.setprofile(look)
        call()
    except KeyboardInterrupt:
        assert at
    finally:
        sys.setprofile(None)
    return points


def with_timer(call, seconds):
    """Make a call, with Ctrl-C after some time; returns whether that came before the end."""
    sent, ended = False, False

    def send(*_):
        nonlocal sent
        if not ended:
            sent = True
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGALRM, send)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        call()
    except KeyboardInterrupt:
        pass
    finally:
        ended = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return sent


def seconds_of(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


CALLS = (
    *("build", "call", "compute", "predict", "train_on_batch", "evaluate", "load", "clone", "save"),
    *("loop_with_tapes", "loop_of_updates", "shapes", "fit"),
)


@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_leaves_no_state_behind_at_any_point(notebook, name):
    call = getattr(notebook, name)
    call()  # what is made once is there
    points = with_profiler(call)
    for point in random.Random(name).sample(range(1, points + 1), min(EACH, points)):
        with_profiler(call, point)
        notebook.check(f"{name} at point {point} of {points}")
    notebook.check_file(name)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs the timers of POSIX")
@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_leaves_no_state_behind_at_any_time(notebook, name):
    call = getattr(notebook, name)
    longest, sent = min(seconds_of(call) for _ in range(2)), 0
    for _ in range(EACH):
        sent += with_timer(call, random.uniform(1e-6, longest))
        notebook.check(name)
    notebook.check_file(name)
    assert sent, "no call was long enough to be interrupted"


def test_a_fit_closes_a_tape_that_ctrl_c_left_open(notebook):
    tape = Tape()
    tape.__enter__()  # and `__exit__` never runs
    notebook.fit()
    assert not tape.records
    tape.__exit__()


def test_a_tape_that_ctrl_c_left_open_ends_with_its_memory(notebook):
    tape = Tape()
    tape.__enter__()
    del tape
    notebook.check("a tape")
    with Tape() as tape:
        loss = ops.mean(notebook.model(notebook.x))
    assert all(g is not None for g in tape.gradient(loss, notebook.weights))


def test_deferred_interrupts_do_nothing_unless_a_fit_is_listening():
    with pytest.raises(KeyboardInterrupt), deferred_interrupts:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("Ctrl-C was deferred")


def test_an_interrupt_while_the_handler_is_changed_waits_until_it_is_in_place():
    handler, seen = signal.getsignal(signal.SIGINT), []
    listening = deferred_interrupts.listening(lambda: seen.append(signal.getsignal(signal.SIGINT)))
    for point in range(1, with_profiler(listening) + 1):
        with_profiler(listening, point)
        assert signal.getsignal(signal.SIGINT) is handler
        assert deferred_interrupts.depth == 0 and not deferred_interrupts.is_listening
    assert seen and handler not in seen
