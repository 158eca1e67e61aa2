"""Open the built book in a headless Chromium that can reach no other host.

A test asks for `open_page` and gets a function:

    def test_something(open_page):
        page = open_page("book/00_tour.html", color_scheme="dark").page
        page.get_by_role("button", name="Next").click()

`page` is Playwright's page. When the test ends, the fixture fails it if any page that it opened
asked for another host, wrote an error to the console, raised an error or got a broken answer, so
no test needs to look for that itself.
"""

import os
import shutil
import threading
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_PATHS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# Without these a fresh Chromium calls home, which would only cost time here.
BROWSER_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    # Names are not looked up at all, whoever asks, workers and prefetching included.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
MISSING = (
    "no Chromium was found, so nobody looked at the book in a browser. Install one (on Debian: "
    "sudo apt-get install chromium), or name it in MINIGRAPH_CHROMIUM."
)


def find_chromium() -> str | None:
    """Return the program named in MINIGRAPH_CHROMIUM, or one found on this machine."""
    named = os.environ.get("MINIGRAPH_CHROMIUM")
    if named:
        if shutil.which(named) is None:
            pytest.fail(f"MINIGRAPH_CHROMIUM={named!r} is not a program")
        return named
    found = (shutil.which(name) for name in (*BROWSER_NAMES, *BROWSER_PATHS))
    return next((path for path in found if path), None)


def pytest_terminal_summary(terminalreporter) -> None:
    """Say in large letters that the browser tests did not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(MISSING in str(report.longrepr) for report in skipped):
        terminalreporter.section("NO BROWSER TESTS", sep="!", red=True, bold=True)
        terminalreporter.line(MISSING[0].upper() + MISSING[1:])


@pytest.fixture(scope="session")
def chromium():
    """A running browser. Without one the test is skipped, or fails if one is required."""
    program = find_chromium()
    if program is None:
        if os.environ.get("MINIGRAPH_REQUIRE_BROWSER", "0") not in ("", "0"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(BROWSER_FLAGS))
        yield browser
        browser.close()


class QuietHandler(SimpleHTTPRequestHandler):
    """A plain file server that does not print each request."""

    def log_message(self, *arguments) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def book_site():
    """The address of a plain file server on this machine that serves the built book."""
    if not (SITE / "index.html").is_file():
        pytest.fail("the book is not built; run `make book` first")
    handler = partial(QuietHandler, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@dataclass
class OpenPage:
    """A page of the book, and what went wrong while it was open."""

    page: Page
    home: str
    asked_elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Write down every request to another host, every error and every broken answer."""
        self.page.route("**/*", self.allow_home_only)
        self.page.on("console", self.on_console)
        self.page.on("pageerror", lambda error: self.errors.append(f"raised: {error}"))
        self.page.on("requestfailed", self.on_failed)
        self.page.on("response", self.on_response)

    def is_home(self, address: str) -> bool:
        """Say whether an address belongs to the book, or holds its own content."""
        return address.startswith(self.home) or urlsplit(address).scheme in ("data", "blob")

    def allow_home_only(self, route: Route) -> None:
        """Let the book's own files through and stop everything else."""
        if self.is_home(route.request.url):
            route.continue_()
        else:
            self.asked_elsewhere.append(route.request.url)
            route.abort()

    def on_console(self, message) -> None:
        """Note what the page writes as an error."""
        if message.type == "error":
            self.errors.append(f"console: {message.text}")

    def on_failed(self, request: Request) -> None:
        """Note an own file that did not come, unless the page was left or may run no scripts."""
        if self.is_home(request.url) and request.failure not in ("net::ERR_ABORTED", "csp"):
            self.errors.append(f"failed: {request.url} ({request.failure})")

    def on_response(self, response) -> None:
        """Note an own file that is missing."""
        if response.status >= 400:
            self.errors.append(f"answer {response.status}: {response.url}")


@pytest.fixture
def open_page(chromium: Browser, request: pytest.FixtureRequest):
    """A function that opens a page of the built book and returns an `OpenPage`.

    `path` is relative to the site. `scheme` is "http" (a plain file server) or "file" (straight
    from the disk). `color_scheme` is "light" or "dark". All pages are closed and judged after the
    test.
    """
    opened: list[OpenPage] = []
    contexts = []

    def open_it(
        path: str,
        *,
        scheme: str = "http",
        color_scheme: str = "light",
        javascript: bool = True,
        width: int = 1280,
        height: int = 900,
    ) -> OpenPage:
        if scheme == "http":
            home = request.getfixturevalue("book_site")
        elif (SITE / path).is_file():
            home = SITE.as_uri()
        else:
            pytest.fail(f"{SITE / path} is missing; run `make book` first")
        context = chromium.new_context(
            color_scheme=color_scheme,
            java_script_enabled=javascript,
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            service_workers="block",
        )
        contexts.append(context)
        result = OpenPage(context.new_page(), home)
        opened.append(result)
        result.listen()
        result.page.goto(f"{home}/{path}", wait_until="load")
        result.page.wait_for_load_state("networkidle")
        return result

    yield open_it
    for context in contexts:
        context.close()
    for result in opened:
        assert result.asked_elsewhere == [], "the page asked for other hosts"
        assert result.errors == [], "the page reported errors"
