"""The training dashboard in a real JupyterLab: its curves grow while `fit` runs."""

import nbformat
import pytest
from test_lab import PATIENCE, lab, open_notebook, page, run_cell  # noqa: F401  (two are fixtures)

pytestmark = pytest.mark.browser

SOURCES = [
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


def test_the_dashboard_grows_in_jupyterlab(lab, page):  # noqa: F811
    folder, address = lab
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(SOURCES)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "dashboard.ipynb")
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
