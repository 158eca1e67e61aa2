"""The script of the widgets, joined from its parts.

The parts are ES modules, so that a reader, an editor and a type checker see where each name
comes from. But browsers do not load modules from the disk, where the pages of the book must open
too, and anywidget takes one file. So the parts are joined: each becomes a function that returns
what the part exports, and its imports read what other parts have returned. Python does that in a
few lines, so nobody needs Node or a bundler to build a page. The price is that a part writes
imports and exports in one plain form, each at the start of a line; a test enforces it.

What lies beside this file is the base, which all widgets share. A file in `views/` is a view, with
its pieces in a folder of the same name, and is loaded only where that view is shown.
"""

import functools
import json
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

FOLDER = Path(__file__).parent
BASE = "base"  # the name of the script that comes before those of the views
JUPYTER = "jupyter.js"
PAGE, MODULE = "globalThis.minigraph = { parts: {} };\n", "const minigraph = { parts: {} };\n"
START = 'minigraph.parts["page.js"].start();\n'

IMPORT = re.compile(r'^import \{([^}]*)\} from "(.*)";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:const|function) (\w+))", re.M)
COMMENT = re.compile(r"^ *(?://.*|/\*(?:[^*]|\*(?!/))*\*/)\n", re.M)


def all_views() -> list[str]:
    """Return the names of all views."""
    return sorted(path.stem for path in FOLDER.glob("views/*.js"))


def page_scripts(*views: str) -> dict[str, str]:
    """The scripts of a page that shows these views: name -> text, in the order of loading."""
    found = {BASE: PAGE + "".join(map(joined, base_parts()))}
    for view in needed(*views):
        found[view] = "".join(map(joined, own_parts(view))) + START
    return found


def script(*views: str) -> str:
    """Return the scripts of a page as one text."""
    return "".join(page_scripts(*views).values())


def module(view: str) -> str:
    """A module for Jupyter that shows one view. It shares nothing with those of other views."""
    return module_as_of(view, max(path.stat().st_mtime_ns for path in FOLDER.rglob("*.*s")))


@functools.lru_cache
def module_as_of(view: str, changed: int) -> str:
    """Return the module, cached until a part changes: no restart of Python to write a view."""
    return script(view).replace(PAGE, MODULE, 1) + export_for_jupyter()


def export_for_jupyter() -> str:
    """Return the code that makes the script a module for Jupyter."""
    return with_bound_imports(JUPYTER, read(JUPYTER))


# ---------------------------------------------------------------------------------------------
# Which parts


def base_parts() -> list[str]:
    """The parts that all widgets share."""
    return with_imports(path.name for path in sorted(FOLDER.glob("*.js")) if path.name != JUPYTER)


def needed(*views: str) -> list[str]:
    """Return views with those that they build on, which come first."""
    parts = with_imports(f"views/{view}.js" for view in views)
    return [PurePosixPath(part).stem for part in parts if posixpath.dirname(part) == "views"]


def own_parts(view: str) -> list[str]:
    """The parts of a view that are neither in the base nor in a view on which it is built."""
    others = with_imports(f"views/{other}.js" for other in needed(view)[:-1])
    known = {*base_parts(), *others}
    return [part for part in with_imports([f"views/{view}.js"]) if part not in known]


def with_imports(parts: Iterable[str]) -> list[str]:
    """Parts and all that they import, each once, and each after what it imports itself."""
    found = {}

    def add(part):
        if part not in found:
            for _, name in IMPORT.findall(read(part)):
                add(beside(part, name))
            found[part] = True

    for part in parts:
        add(part)
    return list(found)


def beside(part: str, name: str) -> str:
    """Return the path of the part that `part` imports as `name`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), name))


# ---------------------------------------------------------------------------------------------
# Joining


def read(part: str | PurePosixPath) -> str:
    """The text of a part without comments and indents, which a page need not carry."""
    text = COMMENT.sub("", (FOLDER / part).read_text(encoding="utf-8"))
    return re.sub(r"\n\s+", "\n", text).lstrip()


def joined(part: str) -> str:
    """A part as a piece of the script: a function, called at once, and the style beside it."""
    text = read(part)
    exports = ", ".join(EXPORT.findall(text))
    body = EXPORT.sub("", with_bound_imports(part, text)).strip()
    return (
        f'minigraph.parts["{part}"] = (() => {{\n"use strict";\n{body}\n'
        f"return {{ {exports} }};\n}})();\n{style_beside(part)}"
    )


def with_bound_imports(part: str, text: str) -> str:
    """The text of a part, taking what it imports from the parts that have run."""
    return IMPORT.sub(
        lambda found: f'const {{{found[1]}}} = minigraph.parts["{beside(part, found[2])}"];\n', text
    )


def style_beside(part: str) -> str:
    """The style sheet of a part's name, if there is one, as a line of the script."""
    sheet = PurePosixPath(part).with_suffix(".css")
    if not (FOLDER / sheet).exists():
        return ""
    css = re.sub(r"\s+", " ", read(sheet)).strip()
    css = re.sub(r"(?<=[{};:,]) | (?=[{}])", "", css)
    text = json.dumps(css, ensure_ascii=False)
    return f'minigraph.parts["style.js"].sheets["{sheet.stem}"] = {text};\n'
