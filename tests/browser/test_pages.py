"""Every page of the built book stands alone: no other host, no error, formulas and search work."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

pytestmark = pytest.mark.browser


def chapter_pages() -> list[str]:
    """Return the page of the root and of every chapter that _toc.yml lists."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [f"{name}.html" for name in (toc["root"], *chapters)]


PAGES = [*chapter_pages(), "genindex.html", "search.html"]


@pytest.mark.parametrize("path", PAGES)
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
    assert any(link.split("?")[0].split("#")[0] in PAGES for link in links), links


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


def test_one_widget_script_and_no_jupyter_scripts():
    copies = sorted(path.name for path in SITE.rglob("*widget*.js"))
    assert copies == ["widget.js"]
    original = ROOT / "minigraph" / "view" / "widget.js"
    assert (SITE / "_static" / "widget.js").read_bytes() == original.read_bytes()
    for page in SITE.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for foreign in ("require.js", "requirejs", "embed-amd", "html-manager", "thebe"):
            assert foreign not in text, f"{page.relative_to(SITE)} mentions {foreign}"
