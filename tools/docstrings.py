"""Sphinx extension: the reference and its source pages, from the library as it is.

Docstrings here are plain text, made to be read in an editor or by `help`. The first line is one
sentence. An indented block is a formula or code. A line that starts with "Shapes:", "Args:",
"Returns", "Raises", "Source:" or "Example:" begins a field, which ends at the next one or at a
blank line. Names of code are in `backticks`. Everything else is text, even |x|, *lengths or x_,
which would mean something to Sphinx.
"""

import ast
import importlib
import inspect
import posixpath
import re
from collections.abc import Iterator
from functools import cache

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

from minigraph.core.docstrings import read_arguments

MODULES = (
    *("activations", "applications", "callbacks", "config", "constraints", "initializers"),
    *("layers", "losses", "metrics", "models", "ops", "ops.image", "optimizers", "random"),
    *("regularizers", "saving", "schedules", "utils", "datasets.mnist", "datasets.cifar10"),
    "core.tree",
)
FIELDS = {
    "Shapes: ": "Shapes",
    "Returns ": "Returns",
    "Raises ": "Raises",
    "Source: ": "Source",
}
BLOCKS = ("Args:", "Example:")  # fields whose lines are indented


# Classes with two public names, and the one that has no entry of its own.
SECOND_NAMES = {
    "minigraph.Layer": "minigraph.layers.Layer",
    "minigraph.Model": "minigraph.models.Model",
    "minigraph.Sequential": "minigraph.models.Sequential",
    "minigraph.SymbolicTensor": "minigraph.KerasTensor",
    "minigraph.callbacks.Dashboard": "minigraph.utils.Dashboard",
}
PUBLIC_MODULES = ("minigraph", *(f"minigraph.{name}" for name in MODULES))


def public_things() -> Iterator[tuple[str, str, object]]:
    """Yield (module, name, thing) for every public name of the library."""
    for module in PUBLIC_MODULES:
        contents = importlib.import_module(module)
        for name in contents.__all__:
            thing = getattr(contents, name)
            if not inspect.ismodule(thing):
                yield module, name, thing


# ---------------------------------------------------------------------------------------------
# Docstrings


def escape(text: str) -> str:
    """Return plain text as reStructuredText that means the same.

    What is in backticks is code, and so is a value such as "same".
    """
    pieces = re.split(r"`([^`]+)`|(\"[\w>-]+\")", text)
    plain = [re.sub(r"([\\*|_<>])", r"\\\1", piece) for piece in pieces[::3]]
    code = [f"``{name or value}``" for name, value in zip(pieces[1::3], pieces[2::3], strict=True)]
    both = [piece for pair in zip(plain, [*code, ""], strict=True) for piece in pair]
    return "".join(both)


def paragraphs(lines: list[str]) -> Iterator[list[str]]:
    """Yield the blocks between blank lines, each split where a field starts."""
    block: list[str] = []
    for line in [*lines, ""]:
        if block and (not line.strip() or line.startswith((*FIELDS, *BLOCKS))):
            yield block
            block = []
        if line.strip():
            block.append(line)


def indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def to_rst(lines: list[str]) -> list[str]:
    """Return a docstring as reStructuredText: prose, then literal blocks, then a list of fields."""
    found: list[str] = []
    fields: list[str] = []
    for block in paragraphs(lines):
        start = next((start for start in FIELDS if block[0].startswith(start)), None)
        if block[0].startswith("    "):
            found += ["::", "", *block, ""]
        elif block[0] == "Args:":
            described = read_arguments("\n" + "\n".join(block)).items()
            fields += [f":param {escape(name)}: {escape(said)}" for name, said in described]
        elif block[0] == "Example:":
            fields += [":Example:", "", "    .. code-block:: pycon", "", *indent(block[1:]), ""]
        elif start:
            text = escape(" ".join(line.strip() for line in block)[len(start) :])
            fields.append(f":{FIELDS[start]}: {text}")
        else:
            found += [*map(escape, block), ""]
    return [*found, *fields, ""]


def write_docstring(app, what, name, thing, options, lines: list[str]) -> None:
    """Replace a docstring by reStructuredText."""
    lines[:] = to_rst(lines)


def skip_tools(app, what, name, thing, skip, options) -> bool | None:
    """Leave out what a class only uses: its `pool` is `max_pool`, which has its own entry.

    Also methods without a docstring of their own, which that of the base describes.
    """
    other = what == "class" and getattr(thing, "__name__", name) != name
    return True if other or getattr(thing, "says_nothing_new", False) else None


# ---------------------------------------------------------------------------------------------
# Source pages


def origin_of(thing: object) -> tuple[str, str]:
    """Return the module that defines a class, function or property, and its name there."""
    thing = getattr(thing, "fget", thing)
    path = getattr(thing, "__qualname__", "")
    return getattr(thing, "__module__", "") or "", path.rpartition("<locals>.")[2]


def follow(app: Sphinx, module: str, path: str) -> str:
    """Return, for sphinx.ext.viewcode, the module that defines what a page names."""
    thing = importlib.import_module(module)
    for name in path.split("."):
        thing = getattr(thing, name)
    return origin_of(thing)[0]


@cache
def source_of(module: str) -> tuple[str, dict]:
    """Return the text of a module and the lines of its names, including those of assignments.

    `max = reduce_max` in another module makes a second name for something that is defined here.
    """
    analyzer = ModuleAnalyzer.for_module(module)
    analyzer.analyze()
    found = dict(analyzer.tags)
    for statement in ast.parse(analyzer.code).body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            for target in ast.walk(statement):
                if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
                    found.setdefault(target.id, ("def", statement.lineno, statement.end_lineno))
    contents = vars(importlib.import_module(module))
    names = {id(thing): name for name, thing in contents.items() if name in found}
    for _, name, thing in public_things():
        members = inspect.getmembers(thing) if inspect.isclass(thing) else []
        for path, part in [(name, thing), *((f"{name}.{last}", part) for last, part in members)]:
            origin, own = origin_of(part)
            own = names.get(id(part), own)
            if origin == module and own in found:
                found.setdefault(path, found[own])
    return analyzer.code, found


def find_source(app: Sphinx, module: str) -> tuple[str, dict] | None:
    """Return, for sphinx.ext.viewcode, the text of a module and the lines of its names."""
    return source_of(module) if module.startswith("minigraph") else None


# ---------------------------------------------------------------------------------------------
# Anchors


def add_second_names(app: Sphinx, doctree: nodes.document) -> None:
    """Give a class and its members an anchor for each of their public names."""
    domain = app.env.get_domain("py")
    for node in doctree.findall(addnodes.desc_signature):
        path = f"{node.get('module')}.{node.get('fullname')}"
        for first, second in SECOND_NAMES.items():
            if path == first or path.startswith(f"{first}."):
                name = path.replace(first, second, 1)
                node["ids"].append(name)
                kind = node.parent["objtype"]
                domain.note_object(name, kind, name, aliased=True, location=node)


def within_module(path: str) -> str:
    """Return a public name without its module: `Model.fit` of `minigraph.models.Model.fit`."""
    module = max((m for m in PUBLIC_MODULES if path.startswith(f"{m}.")), key=len)
    return path.removeprefix(f"{module}.")


def lead_back(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Let each [docs] on a source page lead to the entry that links to it.

    For sphinx.ext.viewcode all names of a source page belong to one public module.
    """
    if not page.startswith("_modules/minigraph"):
        return
    anchors = {
        (entry.docname, within_module(path)): entry.node_id
        for path, entry in app.env.get_domain("py").objects.items()
        if path.startswith("minigraph.") and not entry.aliased and entry.objtype != "module"
    }

    def mend(link: re.Match) -> str:
        document = posixpath.normpath(posixpath.join(posixpath.dirname(page), link["page"]))
        return f"{link['start']}#{anchors[document, within_module(link['name'])]}"

    back = r'(?P<start>class="viewcode-back" href="(?P<page>[^"#]+)\.html)#(?P<name>[^"]+)'
    context["body"] = re.sub(back, mend, context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.viewcode")
    app.connect("autodoc-process-docstring", write_docstring)
    app.connect("autodoc-skip-member", skip_tools)
    app.connect("viewcode-follow-imported", follow)
    app.connect("viewcode-find-source", find_source)
    app.connect("doctree-read", add_second_names)
    app.connect("html-page-context", lead_back)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
