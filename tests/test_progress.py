"""What `fit` shows while it runs, and what of it a notebook stores."""

import re
import sys
import types

import nbclient
import nbformat
import numpy as np
import pytest

from minigraph import (
    Input,
    callbacks,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    utils,
)
from minigraph.callbacks import base
from minigraph.models import Sequential

X = np.linspace(-1, 1, 20, dtype="float32").reshape(20, 1)
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def model():
    found = Sequential([Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    found.compile("sgd", "mse")
    return found


class Kernel:
    """The shell of a kernel, which keeps what is published: a text for each display id."""

    def __init__(self):
        self.sent, self.texts = [], {}
        self.display_pub = types.SimpleNamespace(publish=self.publish)

    def publish(self, data, metadata, transient, update):
        key = transient["display_id"]
        assert update == (key in self.texts)
        self.texts[key] = data["text/plain"]
        self.sent.append(data["text/plain"])


def test_a_notebook_sees_the_line_grow_and_keeps_the_finished_one(monkeypatch):
    shell = Kernel()
    stream = type("OutStream", (), {"__module__": "ipykernel.iostream"})()
    printed = []
    stream.write, stream.flush = printed.append, lambda: None
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(base.ProgbarLogger, "PAUSE", 0)
    stored = []
    for _ in range(2):
        shell.sent, shell.texts = [], {}
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            model().fit(X, X, batch_size=4, epochs=2, shuffle=False)
        assert len(shell.sent) > 10 and any("ms/step" in text for text in shell.sent)
        stored.append(list(shell.texts.values()))
    assert stored[0] == stored[1] and len(stored[0]) == 2 and not printed
    assert stored[0][0].startswith("Epoch 1/2\n5/5 ━━━━━━━━━━━━━━━━━━━━ - loss: ")
    assert "ms/step" not in "".join(stored[0])


def test_output_that_goes_elsewhere_is_printed(monkeypatch, capsys):
    """As under `redirect_stdout` in a notebook."""
    shell = Kernel()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    model().fit(X, X, batch_size=4, epochs=2)
    assert capsys.readouterr().out.startswith("Epoch 1/2\n5/5 ━") and not shell.sent


CELL = """
import time, numpy as np, minigraph as keras
x = np.linspace(-1, 1, 20).reshape(20, 1)
line = keras.layers.Dense(1, kernel_initializer="ones")
model = keras.Sequential([keras.Input((1,)), line])
model.compile("sgd", "mse")
slow = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.1))
say = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print("epoch", epoch))
model.fit(x, x, batch_size=4, epochs=2, shuffle=False, callbacks=[slow, say])
"""


def test_two_runs_of_a_notebook_store_the_same():
    stored = []
    for _ in range(2):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
        outputs = notebook.cells[0].outputs
        stored.append([(o.output_type, o.get("text") or o.data["text/plain"]) for o in outputs])
    assert stored[0] == stored[1]
    kinds = [kind for kind, _ in stored[0]]
    assert kinds == ["display_data", "stream"] * 2 + ["execute_result"]
    assert stored[0][0][1].startswith("Epoch 1/2\n5/5 ━") and "ms/step" not in str(stored[0])
    assert stored[0][-1][1].startswith("<History of 2 epochs - loss: 0.")


# -- texts without addresses -----------------------------------------------------------------------

MODULES = (callbacks, layers, losses, metrics, optimizers, optimizers.schedules, initializers)


@pytest.mark.parametrize(
    "module", [*MODULES, regularizers, utils], ids=lambda module: module.__name__
)
def test_no_object_shows_an_address(module):
    """Else each run of a notebook would store another text."""
    names = getattr(module, "__all__", dir(module))
    found = [getattr(module, name) for name in names if name[0] != "_"]
    classes = [c for c in found if isinstance(c, type) and c.__module__.startswith("minigraph.")]
    drawn = [c for c in classes if hasattr(c, "_repr_mimebundle_")]  # what shows itself
    bare = [c for c in classes if c.__repr__ is object.__repr__ and c not in drawn]
    assert classes and not bare


def test_what_fit_returns_shows_the_latest_numbers():
    history = model().fit(X, X, epochs=3, verbose=0, validation_split=0.2)
    text = f"<History of 3 epochs - loss: {history.history['loss'][-1]:.4f} - val_loss: "
    assert repr(history).startswith(text)
    assert repr(callbacks.History()) == "<History of 0 epochs>"
    given = [callbacks.EarlyStopping("loss"), optimizers.Adam(), losses.Huber(), history]
    assert not any(ADDRESS.search(repr(thing)) for thing in given)
