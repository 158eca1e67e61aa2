"""Pages that load only the scripts of what they show."""

import numpy as np
import pytest

from minigraph import Input, Model, layers
from minigraph.utils import Dashboard, DrawAsYouCall
from minigraph.view.explore import explore
from minigraph.view.widget import scripts

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
