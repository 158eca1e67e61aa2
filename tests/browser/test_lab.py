"""The graph widget in a real JupyterLab: Python and the page see the same."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest

pytestmark = pytest.mark.browser

SOURCES = [
    """import numpy as np
import minigraph as keras
from minigraph import layers
x = keras.Input((4,), name="x")
hidden = layers.Dense(3, name="hidden")(x)
model = keras.Model(x, layers.Dense(2, name="head")(hidden), name="lab")
model.compile(loss="mean_squared_error")
widget = model.explore(np.ones((2, 4), "float32"), np.ones((2, 2), "float32"))
widget""",
    'print("Python sees", widget.selected, widget.step)',
    'widget.selected, widget.step = "x", 4',
]
PATIENCE = 60_000  # milliseconds: a kernel has to start


@pytest.fixture
def lab(tmp_path):
    """The folder and the address of a running server that reaches no other host."""
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(SOURCES)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    (tmp_path / "files").mkdir()
    nbformat.write(notebook, tmp_path / "files" / "lab.ipynb")
    homes = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0",
        "--ServerApp.token=", "--ServerApp.password=", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={tmp_path / 'files'}",
        "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with open(tmp_path / "log", "w") as log:
        environment = os.environ | homes | {"HOME": str(tmp_path)}
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield tmp_path / "files", wait_for_server(tmp_path / "RUNTIME", server)
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

    page.keyboard.press("Control+s")
    saved = folder / "lab.ipynb"
    deadline = time.monotonic() + 30
    while "mg-still" not in saved.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, "the notebook was not saved"
        time.sleep(0.2)
