"""Sphinx extension: a page loads the scripts of those widgets that it shows, and no others.

A widget's output is a piece of the page that names the view which draws it. The scripts of all
views lie among the static files; what shows no widget loads none of them. They are classic scripts,
which work from the disk too, and wait until the page is read, each for the one before it.

As a program, `python tools/widget_scripts.py FILE`, it writes all views into one script.
JupyterLab, as `make lab` starts it, loads that.
"""

import json
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

from minigraph.view.widget.scripts import BASE, all_views, needed, page_scripts, script

FOLDER = "widgets"  # among the static files
DATA = re.compile(
    r'<div class="minigraph-widget">.*?<script type="application/json">(.*?)</script>', re.S
)


def views_in(html: str) -> set[str]:
    """Return the names of the views that the widgets of a page need."""
    return {json.loads(data)["body"]["view"] for data in DATA.findall(html)}


def write_scripts(app: Sphinx) -> None:
    """Put the script of each view among the static files."""
    if app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for name, text in page_scripts(*all_views()).items():
        (target / f"{name}.js").write_text(text, encoding="utf-8")


def name_scripts(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Let a page load the scripts that it needs."""
    views = views_in(context.get("body") or "")
    for name in [BASE, *needed(*sorted(views))] if views else []:
        app.add_js_file(f"{FOLDER}/{name}.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("builder-inited", write_scripts)
    app.connect("html-page-context", name_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    Path(sys.argv[1]).write_text(script(*all_views()), encoding="utf-8")
