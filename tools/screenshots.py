"""Take the two screenshots at the top of the README: a widget in a browser, light and dark.

    python tools/screenshots.py          write book/images/explore_light.png and explore_dark.png
    python tools/screenshots.py FOLDER   write them there

It needs Chromium or Chrome: the first one found, or the one named in MINIGRAPH_CHROMIUM. Another
browser draws the letters a little differently, so no test compares the pictures byte by byte.
"""

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT, ROOT / "tools"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from PIL import Image  # noqa: E402  (these are found through the lines above)
from playwright.sync_api import sync_playwright  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

import minigraph as keras  # noqa: E402
from minigraph.view.explore import explore  # noqa: E402
from minigraph.view.widget import SCRIPT  # noqa: E402
from tools.readme import example  # noqa: E402

IMAGES = ROOT / "book" / "images"
SCHEMES = ("light", "dark")
WIDTH = 900
STEPS = 10  # into the backward pass, where the gradients of the two paths are added


def widget() -> str:
    """The README's model after five epochs on the digits, and what it does with eight of them."""
    keras.utils.set_random_seed(0)
    names = {}
    exec(example(), names)
    model = names["model"]
    digits = load_digits()
    x, y = (digits.data / 16).astype("float32"), digits.target
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    model.fit(x, y, epochs=5, verbose=0)
    return explore(model, x[:8], y[:8]).html


def page(scheme: str, widget: str) -> str:
    """A page with the widget and its script, in one of the colour schemes."""
    return (
        f'<!doctype html><html lang="en" data-theme="{scheme}"><meta charset="utf-8">'
        f"<title>widget</title><script>{SCRIPT}</script><style>:root {{ color-scheme: {scheme} }}"
        "body { margin: 0; padding: 12px; font-family: 'DejaVu Sans', sans-serif }</style>"
        f"<body>{widget}</body></html>"
    )


def browser_program() -> str:
    """The path of a Chromium, or the end of this program."""
    names = (os.environ.get("MINIGRAPH_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, (shutil.which(name) for name in names if name)), None)
    return found or sys.exit("No Chromium was found. Name one in MINIGRAPH_CHROMIUM.")


def take(folder: Path) -> None:
    """Write the two pictures into a folder."""
    shown = widget()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as temporary:
        browser = playwright.chromium.launch(
            executable_path=browser_program(), args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in SCHEMES:
            file = Path(temporary, f"{scheme}.html")
            file.write_text(page(scheme, shown), encoding="utf-8")
            context = browser.new_context(
                color_scheme=scheme,
                reduced_motion="reduce",
                viewport={"width": WIDTH, "height": 900},
                device_scale_factor=1.5,
            )
            opened = context.new_page()
            opened.goto(file.as_uri())
            for _ in range(STEPS):
                opened.locator('[data-action="forward"]').click()
            opened.get_by_role("button", name="Show all").click()
            opened.mouse.move(0, 0)
            picture = Image.open(io.BytesIO(opened.locator("body").screenshot()))
            # A palette of 256 colours makes the file a third as large, and nobody sees it.
            picture.quantize(256).save(folder / f"explore_{scheme}.png", optimize=True)
            context.close()
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]) if sys.argv[1:] else IMAGES)
