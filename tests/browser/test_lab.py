"""The widgets in a real JupyterLab, started as `make lab` does: Python and the page see the same,
and what is stored in a notebook is alive before it runs, where the reader trusts it."""

import json
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

from minigraph.view.widget import SCRIPT
from tools import run_notebooks

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.browser

SOURCES = [
    """import numpy as np
import minigraph as keras
from minigraph import layers
from minigraph.utils import DrawAsYouCall, ErrorLens
x = keras.Input((4,), name="x")
hidden = layers.Dense(3, name="hidden")(x)
model = keras.Model(x, layers.Dense(2, name="head")(hidden), name="lab")
model.compile(loss="mean_squared_error")
widget = model.explore(np.ones((2, 4), "float32"), np.ones((2, 2), "float32"))
widget""",
    'print("Python sees", widget.selected, widget.step)',
    'widget.selected, widget.step = "x", 4',
    """with DrawAsYouCall() as drawing:
    a = keras.Input((4,), name="a")
    b = layers.Dense(3, name="b")(a)
drawing""",
    """with ErrorLens() as lens:
    image = keras.Input((4,), name="image")
    look = layers.Conv2D(3, 3, name="look")(image)
lens""",
]
WIDGETS = 3
DASHBOARD = [
    """import time
import numpy as np
import minigraph as keras
from minigraph import layers
x = keras.Input((4,), name="x")
hidden = layers.Dense(3, name="hidden")(x)
model = keras.Model(x, layers.Dense(2, name="head")(hidden), name="lab")
model.compile("sgd", loss="mean_squared_error")
dashboard = keras.utils.Dashboard()
dashboard""",
    """wait = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.3))
data = np.ones((20, 4), "float32"), np.ones((20, 2), "float32")
_ = model.fit(*data, batch_size=2, epochs=2, verbose=0, callbacks=[dashboard, wait])""",
    'print("Python sees", dashboard.widget.selected, dashboard.widget.step)',
    'dashboard.widget.selected, dashboard.widget.step = "hidden", 12',
]
PATIENCE = 60_000  # milliseconds: a kernel has to start


def notebook_text(sources=SOURCES):
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}))


@pytest.fixture
def jupyter(tmp_path, monkeypatch):
    """A folder of the reader's own, with nothing of Jupyter in it yet."""
    for name in ("CONFIG", "DATA", "RUNTIME"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def lab(jupyter):
    """The folder and the address of a running server that reaches no other host.

    It is given what `make lab` gives it. Its root holds notebooks and, as the repository does after
    `make lab`, the script of the widgets.
    """
    root = jupyter / "files"
    (root / "_build").mkdir(parents=True)
    (root / "_build" / "widget.js").write_text(SCRIPT, encoding="utf-8")
    (root / "lab.ipynb").write_text(notebook_text(), encoding="utf-8")
    made = subprocess.check_output(["make", "-n", "lab"], cwd=ROOT, text=True)
    ours = [word for word in shlex.split(made) if word.startswith("--LabApp.")]
    command = [
        sys.executable, "-m", "jupyterlab", *ours, "--no-browser", "--allow-root", "--port=0",
        "--ServerApp.token=", "--ServerApp.password=", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={root}", "--ServerApp.disable_check_xsrf=True",
        "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with open(jupyter / "log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield root, wait_for_server(jupyter / "RUNTIME", server)
    finally:
        server.terminate()
        server.wait(30)


def wait_for_server(folder, server):
    """The address that the server writes down when it is ready."""
    for _ in range(200):
        assert server.poll() is None, "the server ended"
        for path in folder.glob("jpserver-*.json"):
            address = json.loads(path.read_text())["url"].replace("localhost", "127.0.0.1")
            try:
                urllib.request.urlopen(f"{address}api").close()
                return address
            except urllib.error.URLError:
                pass  # not listening yet
        time.sleep(0.2)
    pytest.fail("the server did not start")


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1300, "height": 1000})
    yield context.new_page()
    context.close()


def open_notebook(page, address, name):
    page.goto(f"{address}lab/tree/{name}?reset")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=PATIENCE)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=PATIENCE)


def run_cell(page, number):
    """Run a cell. A kernel that has hardly started loses what it is told: then once more."""
    prompt = page.locator(".jp-CodeCell").nth(number).locator(".jp-InputPrompt")
    before = prompt.inner_text()
    for _ in range(20):
        page.locator(".jp-CodeCell .cm-content").nth(number).click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(1500)
        if prompt.inner_text() not in (before, "[ ]:"):
            return
    pytest.fail(f"cell {number} was not run")


def wait_until(ready, what):
    deadline = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def end_kernels(address):
    """End all kernels, so that nothing but the file is left of a run."""
    with urllib.request.urlopen(f"{address}api/sessions") as answer:
        sessions = json.load(answer)
    assert sessions
    for session in sessions:
        url = f"{address}api/sessions/{session['id']}"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()


def test_in_jupyterlab(lab, page):
    folder, address = lab
    open_notebook(page, address, "lab.ipynb")
    run_cell(page, 0)
    page.locator(".mg-frame").wait_for(timeout=PATIENCE)

    # What the reader does, Python sees.
    page.locator('.mg-node[data-node="2"]').click()
    run_cell(page, 1)
    page.get_by_text("Python sees head 0").wait_for(timeout=PATIENCE)
    page.locator("[data-action=forward]").click()
    page.locator("[data-action=forward]").click()
    run_cell(page, 1)
    page.get_by_text("Python sees hidden 2").wait_for(timeout=PATIENCE)

    # What Python sets, the reader sees.
    run_cell(page, 2)
    page.locator(".mg-words", has_text="Step 4 of 7, loss.").wait_for(timeout=PATIENCE)
    assert page.locator('.mg-panel [data-field="name"]').inner_text() == "x"

    # The other widgets.
    run_cell(page, 3)
    page.locator(".mg-frame", has_text="Draw as you call").wait_for(timeout=PATIENCE)
    run_cell(page, 4)
    page.locator(".mg-frame", has_text="Where the drawing breaks").wait_for(timeout=PATIENCE)
    assert page.locator(".mg-frame").count() == WIDGETS

    # What was saved is alive when the notebook is opened again, and nothing has run.
    page.keyboard.press("Control+s")
    saved = folder / "lab.ipynb"
    wait_until(lambda: "mg-still" in saved.read_text(encoding="utf-8"), "it was not saved")
    wait_until(lambda: "widget-state" in saved.read_text(encoding="utf-8"), "without the state")
    end_kernels(address)
    open_notebook(page, address, "lab.ipynb")
    for number, name in enumerate(["lab", "Draw as you call", "Where the drawing breaks"]):
        frame = page.locator(".mg-frame", has_text=name).first
        frame.wait_for(timeout=PATIENCE)
        if number == 0:
            assert "Step 4 of 7" in frame.locator(".mg-words").inner_text()
    assert page.locator(".mg-frame").count() == WIDGETS


@pytest.fixture
def stored(jupyter, tmp_path):
    """The text of a notebook as the book's are stored: run, without the state of any widget."""
    path = tmp_path / "source.ipynb"
    path.write_text(notebook_text(), encoding="utf-8")
    text = run_notebooks.execute(path)
    assert text.count("mg-still") == WIDGETS and "vnd.jupyter.widget" not in text
    return text


def test_a_stored_notebook_is_alive_if_it_is_trusted(stored, lab, page):
    folder, address = lab
    for name in ("trusted.ipynb", "untrusted.ipynb"):
        # A signature is one of the content, so the contents have to differ.
        text = stored.replace("Python sees", name)
        (folder / name).write_text(text, encoding="utf-8")
    trust = [sys.executable, "-m", "jupyter", "trust", str(folder / "trusted.ipynb")]
    subprocess.run(trust, check=True, capture_output=True)

    open_notebook(page, address, "untrusted.ipynb")
    page.locator(".mg-still img").nth(WIDGETS - 1).wait_for(timeout=PATIENCE)
    assert all(picture.is_visible() for picture in page.locator(".mg-still img").all())
    assert page.locator(".mg-still table").count() == WIDGETS
    width = page.locator(".mg-still img").first.evaluate("image => image.naturalWidth")
    assert width > 100, "the picture is not drawn"

    open_notebook(page, address, "trusted.ipynb")
    page.locator(".mg-frame").nth(WIDGETS - 1).wait_for(timeout=PATIENCE)
    assert not any(picture.is_visible() for picture in page.locator(".mg-still img").all())
    frame = page.locator(".mg-frame").first
    frame.locator("[data-action=forward]").click()
    frame.locator(".mg-words", has_text="Step 1 of 7, forward.").wait_for(timeout=PATIENCE)

    open_notebook(page, address, "untrusted.ipynb")
    page.locator(".mg-still img").nth(WIDGETS - 1).wait_for(timeout=PATIENCE)
    page.wait_for_timeout(2000)  # time enough to come to life, which it must not
    assert page.locator(".mg-frame").count() == 0
    assert page.locator(".minigraph-widget script").count() == 0


def test_the_dashboard_grows_in_jupyterlab(lab, page):
    folder, address = lab
    (folder / "dashboard.ipynb").write_text(notebook_text(DASHBOARD), encoding="utf-8")
    open_notebook(page, address, "dashboard.ipynb")
    run_cell(page, 0)
    page.locator(".mg-note", has_text="callbacks=[dashboard]").wait_for(timeout=PATIENCE)

    # While `fit` runs, the reader sees the curves grow and is taken along.
    run_cell(page, 1)
    words = page.locator(".mg-words")
    words.filter(has_text="epoch 1, batch").wait_for(timeout=PATIENCE)
    seen = words.inner_text()
    page.wait_for_function(
        "before => document.querySelector('.mg-words').innerText !== before", arg=seen
    )
    # Whoever looks back in the meantime is left there, with the layer that was chosen.
    page.locator(".mg-layer").nth(1).click()
    page.locator("[data-action=back]").click()
    at = words.inner_text().partition(",")[2]
    assert "Step 20 of 20" not in words.inner_text()
    page.wait_for_function("document.querySelector('.mg-player input').max >= 20", timeout=PATIENCE)
    assert words.inner_text().partition(",")[2] == at
    assert page.locator('.mg-panel [data-field="name"]').inner_text() == "head"

    # What the reader does, Python sees; what Python sets, the reader sees.
    idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    idle.wait_for(timeout=PATIENCE)  # a busy kernel hears nothing of what a reader does
    page.locator("input[type=range]").fill("20")
    page.wait_for_timeout(1000)
    idle.wait_for(timeout=PATIENCE)
    run_cell(page, 2)
    page.get_by_text("Python sees head 20").wait_for(timeout=PATIENCE)
    run_cell(page, 3)
    words.filter(has_text="Step 12 of 20, epoch 2, batch 2.").wait_for(timeout=PATIENCE)
    assert page.locator('.mg-panel [data-field="name"]').inner_text() == "hidden"
