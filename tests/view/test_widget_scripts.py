"""The parts of the widgets' script: how they are written, joined."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from minigraph.view.widget import EXPORT, MOST_BYTES, SCRIPT, packed, scripts
from tools import widget_scripts

PARTS = sorted(p.relative_to(scripts.FOLDER).as_posix() for p in scripts.FOLDER.rglob("*.js"))
SHEETS = sorted(p.relative_to(scripts.FOLDER).as_posix() for p in scripts.FOLDER.rglob("*.css"))
TYPES = sorted(p.relative_to(scripts.FOLDER).as_posix() for p in scripts.FOLDER.rglob("*.d.ts"))
VIEWS = ["calls", "dashboard", "graph"]


def text_of(part):
    return (scripts.FOLDER / part).read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------
# How the parts are written


@pytest.mark.parametrize("part", [*PARTS, *SHEETS, *TYPES])
def test_each_file_says_what_it_is_for_and_keeps_to_the_width(part):
    assert re.match(r"// \w|/\* \w", text_of(part))
    assert max(map(len, text_of(part).splitlines())) <= 100


@pytest.mark.parametrize("part", PARTS)
def test_a_part_imports_and_exports_in_the_form_that_is_joined(part):
    text = scripts.read(part)
    rest = scripts.EXPORT.sub("", scripts.IMPORT.sub("", text))
    if part == scripts.JUPYTER:
        rest = rest.replace("export default", "", 1)
    assert not re.search(r"^\s*(import|export)\b", rest, re.M)
    assert " as " not in "".join(names for names, _ in scripts.IMPORT.findall(text))
    for names, name in scripts.IMPORT.findall(text):
        exported = scripts.EXPORT.findall(scripts.read(scripts.beside(part, name)))
        assert {word.strip() for word in names.split(",") if word.strip()} <= set(exported)


@pytest.mark.parametrize("part", PARTS)
def test_no_text_runs_over_a_line_for_its_indent_would_be_lost(part):
    assert [line for line in text_of(part).splitlines() if line.count("`") % 2] == []


def test_the_base_knows_no_view():
    assert scripts.all_views() == VIEWS
    base = scripts.base_parts()
    assert {"dom.js", "pictures.js", "chart.js", "stage.js", "frame.js", "page.js"} <= set(base)
    assert all("/" not in part for part in base) and scripts.JUPYTER not in base
    views = {part for view in VIEWS for part in scripts.own_parts(view)}
    assert {*base, *views, scripts.JUPYTER} == set(PARTS), "a part that nobody loads"


# ---------------------------------------------------------------------------------------------
# How they are joined


def test_a_page_loads_what_it_shows_and_nothing_else():
    assert list(scripts.page_scripts("dashboard")) == ["base", "dashboard"]
    assert list(scripts.page_scripts("calls")) == ["base", "graph", "calls"]  # built on the graph
    alone, beside = scripts.page_scripts("calls"), scripts.page_scripts("calls", "dashboard")
    assert alone.items() <= beside.items()  # one file serves all pages
    assert SCRIPT == scripts.script(*VIEWS) == "".join(scripts.page_scripts(*VIEWS).values())


def test_every_part_is_there_once_and_after_what_it_imports():
    defined = re.findall(r'^minigraph\.parts\["([^"]*)"\] = ', SCRIPT, re.M)
    assert sorted(defined) == [part for part in PARTS if part != scripts.JUPYTER]
    for number, part in enumerate(defined):
        imported = [scripts.beside(part, n) for _, n in scripts.IMPORT.findall(scripts.read(part))]
        assert set(imported) <= set(defined[:number])


def test_every_style_sheet_comes_along():
    sheets = re.findall(r'\.sheets\["(\w+)"\] = (".*");\n', SCRIPT)
    assert sorted(name for name, _ in sheets) == sorted(Path(sheet).stem for sheet in SHEETS)
    for name, style in sheets:
        css = json.loads(style)
        assert "/*" not in css and ".minigraph-widget{" in css
        assert css.count("{") == css.count("}") > 0, name


def test_comments_stay_at_home():
    assert not re.search(r"^\s*(//|/\*|\*)", SCRIPT, re.M)
    assert "@import" not in SCRIPT and "@param" not in SCRIPT


def test_a_widget_needs_little_of_a_page():
    sizes = {name: len(text.encode()) for name, text in scripts.page_scripts(*VIEWS).items()}
    assert max(sizes.values()) <= MOST_BYTES / 2
    assert all(len(scripts.script(view).encode()) <= MOST_BYTES for view in VIEWS)


def test_a_module_shares_nothing_with_the_page():
    for view in VIEWS:
        module = scripts.module(view)
        assert "globalThis" not in module and module.endswith(EXPORT)
        assert module.startswith("const minigraph = ") and module.count("export default") == 1
    assert "dashboard" not in scripts.module("graph")


def test_a_part_that_was_changed_is_read_anew(tmp_path, monkeypatch):
    shutil.copytree(scripts.FOLDER, tmp_path / "widget")
    monkeypatch.setattr(scripts, "FOLDER", tmp_path / "widget")
    before = scripts.module("graph")
    assert scripts.module("graph") is before
    part = tmp_path / "widget" / "views" / "graph.js"
    part.write_text(part.read_text("utf-8").replace("Escape leads", "Escape always leads"), "utf-8")
    newest = max(path.stat().st_mtime_ns for path in part.parents[1].rglob("*")) + 1
    os.utime(part, ns=(newest, newest))
    assert "Escape always leads" in scripts.module("graph")


def test_the_book_sees_which_views_a_page_shows():
    names = ["a dashboard", "dashboard", "dashboard"]
    hosts = [
        '<div class="minigraph-widget"><div class="mg-still"></div><script type="application/json">'
        f"{json.dumps(packed({'names': names, 'view': view}))}</script></div>"
        for view in ("dashboard", "graph")
    ]
    assert "~0" in hosts[0] and '"view": "dashboard"' in hosts[0]  # it is not among what repeats
    assert widget_scripts.views_in("<p>".join(hosts)) == {"dashboard", "graph"}
    assert widget_scripts.views_in("<p>nothing") == set()
