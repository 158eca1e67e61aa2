"""Every page of the built book stands alone: no other host, no error, formulas and search work."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from minigraph.view.widget.scripts import all_views, needed, page_scripts
from tools import docstrings

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

pytestmark = pytest.mark.browser


CATALOGUE = "book/layer_catalogue.html"
SOURCE_PAGE = "_modules/minigraph/layers/core.html"


TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [chapter for part in TOC["parts"] for chapter in part["chapters"]]


def chapter_pages() -> list[str]:
    """Return the page of the root and of every chapter that _toc.yml lists."""
    return [f"{name}.html" for name in (TOC["root"], *(chapter["file"] for chapter in CHAPTERS))]


def section_pages() -> list[str]:
    """Return the pages below the chapters: those of the reference, all made in one way."""
    sections = [section for chapter in CHAPTERS for section in chapter.get("sections", [])]
    return [f"{section['file']}.html" for section in sections]


PAGES = [*chapter_pages(), "genindex.html", "search.html", SOURCE_PAGE]


@pytest.mark.parametrize("path", [*PAGES, *section_pages()])
def test_page_served(open_page, path):
    page = open_page(path).page
    assert "minigraph" in page.title()
    assert page.locator("article h1, .bd-search-container h1").first.is_visible()


@pytest.mark.parametrize("path", PAGES)
def test_page_from_disk(open_page, path):
    page = open_page(path, scheme="file").page
    assert page.locator("article h1, .bd-search-container h1").first.is_visible()


@pytest.mark.parametrize("path", chapter_pages())
def test_formulas_are_drawn(open_page, path):
    page = open_page(path, scheme="file").page
    formulas = page.locator("span.math, div.math")
    page.wait_for_function(
        "() => !window.MathJax || MathJax.startup?.promise && "
        "MathJax.startup.promise.then(() => true)"
    )
    assert page.locator("mjx-container svg").count() >= formulas.count()
    assert page.locator("mjx-merror").count() == 0


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_a_chapter(open_page, scheme):
    page = open_page("search.html", scheme=scheme).page
    page.goto(page.url + "?q=model")
    hits = page.locator("#search-results ul.search li a")
    hits.first.wait_for()
    links = [hits.nth(place).get_attribute("href") for place in range(hits.count())]
    assert any(link.split("?")[0].split("#")[0] in chapter_pages() for link in links), links


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_color_scheme_follows_the_system(open_page, choice):
    page = open_page("index.html", color_scheme=choice).page
    assert page.locator("html").get_attribute("data-theme") == choice
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in re.findall(r"\d+", color)[:3]) / 3
    assert (brightness > 128) == (choice == "light"), color


@pytest.mark.parametrize("path", chapter_pages())
def test_text_is_there_without_scripts(open_page, path):
    page = open_page(path, javascript=False).page
    assert len(page.locator("article").inner_text()) > 200


class LoadedAddresses(HTMLParser):
    """Collect the addresses that a page makes the browser fetch by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        attributes = dict(attrs)
        if tag == "link":
            # A canonical address and the like are information, and nothing is fetched for them.
            fetched = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "manifest"}
            if fetched & set((attributes.get("rel") or "").split()):
                self.found.append(attributes.get("href") or "")
        elif tag in ("script", "img", "iframe", "source", "video", "audio", "embed"):
            self.found.append(attributes.get("src") or "")


def test_no_page_names_another_host_to_load_from():
    pages = sorted(SITE.rglob("*.html"))
    assert pages, "the book is not built; run `make book` first"
    for page in pages:
        parser = LoadedAddresses()
        parser.feed(page.read_text(encoding="utf-8"))
        outside = [html.unescape(a) for a in parser.found if re.match(r"(https?:)?//", a)]
        assert outside == [], f"{page.relative_to(SITE)} loads from other hosts"


def test_no_style_sheet_loads_from_another_host():
    for sheet in SITE.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        outside = re.findall(r"(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)", text)
        assert outside == [], f"{sheet.relative_to(SITE)} loads from other hosts"


def test_one_script_for_each_view_and_no_jupyter_scripts():
    texts = page_scripts(*all_views())
    copies = {path.relative_to(SITE).as_posix() for path in SITE.rglob("widget*/*.js")}
    assert copies == {f"_static/widgets/{name}.js" for name in texts}
    assert not list(SITE.rglob("*widget*.js"))
    for name, text in texts.items():
        assert (SITE / "_static" / "widgets" / f"{name}.js").read_text(encoding="utf-8") == text
    for page in SITE.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for foreign in ("require.js", "requirejs", "embed-amd", "html-manager", "thebe"):
            assert foreign not in text, f"{page.relative_to(SITE)} mentions {foreign}"


SHOWN = {
    "book/04_calling_a_layer.html": ["base", "graph"],
    "book/widgets.html": ["base", "graph", "calls", "dashboard"],
    "book/write_a_widget.html": [],
}


def test_a_page_loads_the_scripts_of_what_it_shows_and_no_others():
    loaded = {}
    for page in SITE.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        views = re.findall(r'"body":{"view":"(\w+)"', text)
        scripts = re.findall(r'<script defer="defer" src="[./]*_static/widgets/(\w+)\.js', text)
        expected = ["base", *needed(*sorted(set(views)))] if views else []
        assert scripts == expected, page.relative_to(SITE)
        assert len(views) == text.count('class="minigraph-widget"')
        loaded[page.relative_to(SITE).as_posix()] = scripts
    assert {page: loaded[page] for page in SHOWN} == SHOWN


def test_a_card_leads_to_the_reference_and_to_the_source(open_page):
    page = open_page(CATALOGUE, scheme="file").page
    card = page.locator("#layer-catalogue section section", has=page.locator("h3", has_text="LSTM"))
    card.first.get_by_role("link", name="Reference").click()
    entry = page.locator(f"[id='{page.url.rpartition('#')[2]}']")
    assert "LSTM(units, activation='tanh'" in entry.inner_text()
    entry.get_by_role("link", name="[source]").click()
    assert "/_modules/minigraph/layers/recurrent.html" in page.url
    code = page.locator(f"[id='{page.url.rpartition('#')[2]}']")
    assert code.inner_text().split("\n\n")[2].startswith("class LSTM(CellRNN):")


def test_every_link_to_the_source_arrives():
    places = {}
    for page in [SITE / CATALOGUE, *(SITE / "book" / "reference").glob("*.html")]:
        text = page.read_text(encoding="utf-8")
        links = re.findall(r'href="(\.\./[^"#]*_modules/[^"#]*)#([^"]*)"', text)
        assert links or page.name == "index.html", f"{page.name} leads to no source"
        for file, place in links:
            source = (page.parent / file).resolve()
            ids = places.setdefault(source, re.findall(r' id="([^"]+)"', source.read_text("utf-8")))
            assert place in ids, f"{page.name}: {source.name} has no {place}"


def test_every_link_from_the_source_arrives():
    places, count = {}, 0
    for page in (SITE / "_modules").rglob("*.html"):
        links = re.findall(
            r'class="viewcode-back" href="([^"#]+)#([^"]+)"', page.read_text("utf-8")
        )
        for file, place in links:
            entry = (page.parent / file).resolve()
            ids = places.setdefault(entry, re.findall(r' id="([^"]+)"', entry.read_text("utf-8")))
            assert place in ids, f"{page.name}: {entry.name} has no {place}"
        count += len(links)
    assert count > 500


def test_every_public_name_is_an_anchor_of_the_reference():
    pages = (SITE / "book" / "reference").glob("*.html")
    texts = [page.read_text(encoding="utf-8") for page in pages]
    anchors = {place for text in texts for place in re.findall(r' id="([^"]+)"', text)}
    names = {f"{module}.{name}" for module, name, _ in docstrings.public_things()}
    assert names - anchors == set()
    assert {"minigraph.Model.fit", "minigraph.models.Model.fit"} <= anchors


def test_an_entry_shows_arguments_and_an_example(open_page):
    page = open_page("book/reference/layers.html").page
    entry = page.locator("dl.py", has=page.locator("[id='minigraph.layers.Dense']")).first
    arguments = entry.locator("dl.field-list").first
    assert "units" in arguments.inner_text()
    assert "kernel_initializer" in arguments.inner_text(), "what all layers with a kernel share"
    assert ">>>" in entry.locator("div.highlight-pycon").first.inner_text()


def test_the_catalogue_can_be_filtered(open_page):
    page = open_page(CATALOGUE).page
    cards = page.locator("#layer-catalogue section section")
    everything = cards.count()
    page.get_by_role("searchbox", name="Show only layers").fill("lstm")
    shown = [card for card in cards.all() if card.is_visible()]
    assert 3 <= len(shown) < everything / 4
    assert all("lstm" in card.inner_text().lower() for card in shown)


@pytest.mark.parametrize("path", [CATALOGUE, "book/reference/layers.html", SOURCE_PAGE])
def test_the_reference_fits_a_phone(open_page, path):
    page = open_page(path, width=390, height=844).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
