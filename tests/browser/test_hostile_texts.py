"""Hostile texts in a real browser: every widget and picture that shows them, on one page."""

import numpy as np
import pytest
from hostile_texts import ILLEGAL, LEGAL, TEXTS, break_off, hostile_model, strange_model

from minigraph.view.explore import explore
from minigraph.view.plot import plot_model
from minigraph.view.widget import SCRIPT

pytestmark = pytest.mark.browser

# Every element of the page with the names of its attributes, and where its addresses lead.
ELEMENTS = """() => [...document.body.querySelectorAll("*")].map((element) => {
  const names = [...element.attributes].map((attribute) => attribute.name);
  return [element.localName, ...names.sort()].join(" ");
})"""
ADDRESSES = """() => [...document.querySelectorAll("[href], [src], [data], [action]")]
  .map((element) => (element.getAttribute("src") || "other").slice(0, 26))"""
# Choose every node, walk through all steps, search for everything, and open every table.
TRY_ALL = """() => {
  for (const host of document.querySelectorAll(".minigraph-widget")) {
    for (const node of host.querySelectorAll(".mg-node"))
      node.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    const search = host.querySelector(".mg-search");
    const next = host.querySelector("[data-action=forward]");
    if (search) {
      search.value = host.querySelector(".mg-heading").textContent;
      search.dispatchEvent(new Event("input", { bubbles: true }));
      search.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    }
    while (next && !next.disabled) next.click();
    host.querySelector("[data-action=table]").click();
  }
}"""


def pieces(texts):
    """Pieces of a page in which each text stands in every place where it may."""
    data = np.ones((2, 3), "float32")
    for text in texts:
        models = [strange_model(text)] + ([] if text in ILLEGAL else [hostile_model(text)])
        for model in models:
            yield explore(model, data, data, lambda y, p: (y - p) ** 2).html
            yield plot_model(model, None, show_layer_names=True, expand_nested=True).svg
        yield break_off(text).html


@pytest.fixture
def visit(chromium, tmp_path):
    """A function that puts pieces on a page, tries everything there, and tells what it saw."""
    contexts = []

    def visit_it(texts):
        (tmp_path / "widget.js").write_text(SCRIPT, encoding="utf-8")
        body = "".join(pieces(texts))
        (tmp_path / "page.html").write_text(
            '<!doctype html><meta charset="utf-8"><script src="widget.js" defer></script>'
            f"<body>{body}</body>",
            encoding="utf-8",
        )
        contexts.append(chromium.new_context())
        page = contexts[-1].new_page()
        seen = {"dialogs": [], "errors": [], "requests": []}
        page.on("dialog", lambda dialog: (seen["dialogs"].append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: seen["errors"].append(message.text))
        page.on("pageerror", lambda error: seen["errors"].append(str(error)))
        page.on("request", lambda request: seen["requests"].append(request.url))
        page.goto((tmp_path / "page.html").as_uri())
        page.evaluate(TRY_ALL)
        page.wait_for_timeout(300)  # for what would run a little later
        seen["elements"] = set(page.evaluate(ELEMENTS))
        seen["addresses"] = set(page.evaluate(ADDRESSES))
        seen["widgets"] = page.locator(".mg-frame").count()
        seen["requests"] = {url.rpartition("/")[2] for url in seen["requests"] if url[:4] == "file"}
        return seen

    yield visit_it
    for context in contexts:
        context.close()


def test_a_page_of_hostile_texts_is_made_of_the_same_elements_as_a_harmless_one(visit):
    harmless = visit(["harmless", "also harmless", "a/b", "x"])
    hostile = visit(TEXTS)
    assert hostile["widgets"] == 2 * len(TEXTS) + len(LEGAL)
    assert hostile["dialogs"] == [] and hostile["errors"] == []
    assert hostile["elements"] <= harmless["elements"]
    assert hostile["addresses"] == harmless["addresses"]
    assert hostile["requests"] == {"page.html", "widget.js"}
