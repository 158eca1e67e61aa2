"""Sphinx extension: what the book needs to work offline, without any other host.

Formulas. The package sphinx-mathjax-offline carries MathJax, but would copy all 24 MB of it into
the site. A page needs one file, which holds the TeX reader, the SVG writer and the fonts, and the
folder of TeX extensions that this file loads when a formula asks for one.

Notebooks to take home. A chapter links to its exercises as a file, `../exercises/name.ipynb`. In
JupyterLab that opens the notebook. In the book there is no such page, so the link becomes a
download.

Search. Its index is a script, which works from the disk too. To show a few words around each hit it
fetches the pages, which browsers refuse to do for files; then only the titles are shown.
"""

from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.fileutil import copy_asset

PACKAGE = "sphinx-mathjax-offline"
PARTS = ("tex-svg.js", "input/tex/extensions")

BEFORE_DOWNLOADS_ARE_COLLECTED = 100
NO_SUMMARIES_FROM_DISK = (
    "if (location.protocol === 'file:') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"
)


def mathjax_folder() -> Path:
    """Return the folder of the installed package that holds MathJax."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ExtensionError(f"The package {PACKAGE} is not installed. Run `make book`.")
    return Path(found.origin).parent / "static" / "mathjax"


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Copy the parts that a page may ask for into the site's static files."""
    if error is not None or app.builder.format != "html":
        return
    source = mathjax_folder()
    target = Path(app.outdir) / "_static" / "mathjax"
    for name in PARTS:
        part = source / name
        if not part.exists():
            raise ExtensionError(f"{part} is missing from the package {PACKAGE}.")
        copy_asset(part, target if part.is_file() else target / name)


def offer_downloads(app: Sphinx, doctree: nodes.document) -> None:
    """Turn each link to a notebook that is not a page of the book into a download of its file."""
    for link in list(doctree.findall(addnodes.pending_xref)):
        name = link.get("reftarget", "")
        if link.get("refdomain") != "doc" or name in app.env.found_docs:
            continue
        file = Path(app.srcdir) / f"{name}.ipynb"
        if file.is_file():
            download = addnodes.download_reference(
                "", "", *link.children, reftarget=f"/{name}.ipynb", refdoc=link["refdoc"]
            )
            download["classes"] = ["xref", "download", "myst"]
            link.replace_self(download)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("doctree-read", offer_downloads, priority=BEFORE_DOWNLOADS_ARE_COLLECTED)
    app.connect("build-finished", copy_mathjax)
    app.add_js_file(None, body=NO_SUMMARIES_FROM_DISK)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
