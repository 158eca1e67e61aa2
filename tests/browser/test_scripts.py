"""Pages that load only the scripts of what they show, and a widget as "Write a widget" tells it."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from node_tools import run_node_tool

from minigraph import Input, Model, layers
from minigraph.utils import Dashboard, DrawAsYouCall
from minigraph.view.explore import explore
from minigraph.view.widget import scripts

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "_build" / "screenshots"

pytestmark = pytest.mark.browser


@pytest.fixture
def open_files(chromium, tmp_path):
    """A function that writes files and opens the page among them; no error may come up."""
    contexts, errors = [], []

    def open_it(files, **options):
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert errors == []


def page_of(*pieces, names, how="defer"):
    """A page with pieces of HTML, which loads scripts."""
    tags = "".join(f'<script {how} src="{name}.js"></script>' for name in names)
    head = f'<head><meta charset="utf-8"><title>page</title>{tags}</head>'
    return f'<!doctype html><html lang="en">{head}<body>{"".join(pieces)}</body></html>'


def files_of(*views):
    return {f"{name}.js": text for name, text in scripts.page_scripts(*views).items()}


def one_of_each():
    """A widget of each view, as HTML and as data."""
    x = Input((4,), name="x")
    graph = explore(Model(x, layers.Dense(3, name="dense")(x)), np.ones((2, 4), "float32"))
    with DrawAsYouCall() as drawing:
        layers.Dense(3, name="b")(Input((4,), name="a"))
    return {"graph": graph, "calls": drawing.widget, "dashboard": Dashboard().widget}


@pytest.mark.parametrize("view", ["graph", "calls", "dashboard"])
@pytest.mark.parametrize("how", ["defer", ""])
def test_a_page_needs_the_scripts_of_what_it_shows(open_files, view, how):
    widgets, needed = one_of_each(), files_of(view)
    names = [name.removesuffix(".js") for name in needed]
    html = page_of(*(widget.html for widget in widgets.values()), names=names, how=how)
    page = open_files(needed | {"page.html": html})
    alive = page.locator(".minigraph-widget[data-mounted]")
    shown = [name for name in widgets if name in names]  # the calls are built on the graph
    assert alive.count() == len(shown)
    titles = [widgets[name].data["title"] for name in shown]
    assert page.locator(".mg-heading").all_inner_texts() == titles
    asleep = page.locator(".minigraph-widget:not([data-mounted])")
    assert asleep.count() == len(widgets) - len(shown)  # their pictures stay
    assert all(still.is_visible() for still in asleep.locator("img").all())
    styles = page.locator("head style").evaluate_all("all => all.map(style => style.id)")
    assert styles == ["minigraph-style", *(f"minigraph-{name}" for name in names[1:])]


def test_a_view_that_comes_late_wakes_its_widgets(open_files):
    widgets = one_of_each()
    html = page_of(widgets["graph"].html, widgets["dashboard"].html, names=["base", "graph"])
    page = open_files(files_of("graph", "dashboard") | {"page.html": html})
    assert page.locator(".mg-frame").count() == 1
    page.add_script_tag(url="dashboard.js")
    assert page.locator(".mg-frame").count() == 2
    assert page.locator(".minigraph-widget[data-mounted]").count() == 2


MODULES = """async (modules) => {
  for (const [source, data] of modules) {
    const model = { get: (name) => ({ data, selected: "", step: 0 })[name] };
    for (const name of ["set", "save_changes", "on", "off"]) model[name] = () => {};
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    model.module = await import(address);
    (globalThis.lab ??= []).push(model);
  }
  // In Jupyter a widget may be drawn long after the modules of all others were loaded.
  for (const model of lab) model.module.default.render({ model, el: document.body });
}"""


def test_modules_of_different_views_live_side_by_side(open_files):
    page = open_files({"page.html": page_of(names=[])})
    widgets = one_of_each()
    modules = [[scripts.module(name), dict(widget.data)] for name, widget in widgets.items()]
    page.evaluate(MODULES, modules)
    titles = [widget.data["title"] for widget in widgets.values()]
    assert page.locator(".mg-heading").all_inner_texts() == titles
    assert page.evaluate("typeof minigraph") == "undefined"


# ---------------------------------------------------------------------------------------------
# The example of the appendix "Write a widget"

TEXT = (ROOT / "book" / "write_a_widget.md").read_text(encoding="utf-8")


def code(language):
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)
    return found


@pytest.fixture
def lamps(tmp_path, monkeypatch):
    """The widget that the page tells how to write, written into a copy of the scripts."""
    (name,) = re.findall(r"Save this as `minigraph/view/widget/(views/\w+\.js)`", TEXT)
    folder = tmp_path / "widget"
    shutil.copytree(scripts.FOLDER, folder)
    (folder / name).write_text(code("js"), encoding="utf-8")
    monkeypatch.setattr(scripts, "FOLDER", folder)
    *lines, last = code("python").splitlines()
    namespace = {}
    exec("\n".join([*lines, f"shown = {last}"]), namespace)
    return namespace["shown"]


def test_the_widget_of_the_page_is_small(lamps):
    assert len(code("js").splitlines()) <= 24 and len(code("python").splitlines()) <= 24
    assert len(lamps.html.encode()) < 3000
    assert "views.lamps" in lamps._esm and "views.graph" not in lamps._esm


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_widget_of_the_page_works(open_files, lamps, scheme):
    html = page_of(lamps.html, names=["base", "lamps"])
    page = open_files(files_of("lamps") | {"page.html": html}, color_scheme=scheme)
    assert page.locator(".mg-heading").inner_text() == lamps.data["title"]
    colours = set()
    for step, digits in enumerate(lamps.data["digits"]):
        fills = page.locator(".mg-main circle").evaluate_all(
            "all => all.map(lamp => getComputedStyle(lamp).fill)"
        )
        colours |= set(fills)
        assert [fill == fills[-1] for fill in fills] == [d == digits[-1] for d in digits]
        assert page.locator(".mg-panel dd").inner_text() == digits
        if step:
            words = page.locator(".mg-words").inner_text()
            assert words == f"Step {step} of 15, counting. This is {step}."
        if step < 15:
            page.get_by_role("button", name="Next step").click()
    assert len(colours) == 2
    page.get_by_role("button", name="Table").click()
    assert page.locator("tbody tr").count() == 16
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"lamps_{scheme}.png")
    found = Axe().run(page, ".minigraph-widget", {"resultTypes": ["violations"]}).response
    assert [fault["id"] for fault in found["violations"]] == []


def test_the_widget_of_the_page_without_scripts(open_files, lamps):
    html = page_of(lamps.html, names=[])
    page = open_files({"page.html": html}, java_script_enabled=False)
    assert page.get_by_role("img", name=lamps.data["sentence"]).bounding_box()["width"] == 320
    assert page.locator("tbody tr").last.inner_text().split() == ["15", "1111"]


def test_the_widget_of_the_page_in_jupyter(open_files, lamps):
    page = open_files({"page.html": page_of(names=[])})
    page.evaluate(MODULES, [[lamps._esm, dict(lamps.data)]])
    page.get_by_role("button", name="Next step").click()
    assert page.locator(".mg-panel dd").inner_text() == "0001"
    lamps.step = 15  # Python knows how far it goes
    with pytest.raises(Exception, match="step must lie in 0 to 15"):
        lamps.step = 16


def test_the_view_of_the_page_passes_the_checks(lamps):
    """ESLint and TypeScript find nothing in it, beside the other views."""
    settings = ("--stdin", "--stdin-filename", "lamps.js", "-c", ROOT / "eslint.config.mjs")
    assert run_node_tool("eslint", *settings, input=code("js")) == (0, "")
    settings = scripts.FOLDER.parent / "tsconfig.json"
    ours = (ROOT / "tsconfig.json").read_text(encoding="utf-8")
    settings.write_text(ours.replace("minigraph/view/widget", "widget"), encoding="utf-8")
    assert run_node_tool("tsc", "-p", settings) == (0, "")
