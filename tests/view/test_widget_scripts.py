"""The parts of the widgets' script: how they are written, joined and checked."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from node_tools import run_node_tool

from minigraph import Input, Model, layers
from minigraph.utils import Dashboard, DrawAsYouCall, ErrorLens
from minigraph.view.explore import explore
from minigraph.view.widget import EXPORT, MOST_BYTES, SCRIPT, packed, scripts
from tools import widget_scripts

ROOT = Path(__file__).resolve().parents[2]
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


# ---------------------------------------------------------------------------------------------
# How they are checked


def test_the_scripts_are_checked_where_node_is():
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    wanted = package["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert lock["packages"][""]["devDependencies"] == wanted
    for name, version in wanted.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    assert "dependencies" not in package  # the pages need none of it
    assert "tools/check_scripts.py" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "MINIGRAPH_REQUIRE_NODE=1" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="a program of this kind is no script there")
@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("version", [None, "v12.22.9"])
def test_a_missing_or_old_node_is_loud(tmp_path, version, required):
    for name in ("node", "npm") if version else ():
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("MINIGRAPH_")}
    surroundings["PATH"] = str(tmp_path)
    if required:
        surroundings["MINIGRAPH_REQUIRE_NODE"] = "1"
    command = [sys.executable, str(ROOT / "tools" / "check_scripts.py")]
    ran = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60)
    assert ran.returncode == int(required)
    assert "! THE SCRIPTS WERE NOT CHECKED !" in ran.stdout and "nodejs npm" in ran.stdout
    assert f"Node {version} is too old" in ran.stdout if version else "not found" in ran.stdout


def real_data():
    """Data of each kind, as the library makes them: (interface, data)."""
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    image = Input((8, 8, 1), name="image")
    look = layers.Conv2D(2, 3, padding="same", name="look")
    once = look(image)
    inside = Input((8, 8, 2), name="inside")
    encoder = Model(inside, layers.Flatten(name="flat")(inside), name="encoder")
    code = layers.Dropout(0.5)(encoder(layers.Add(name="sum")([once, look(image)])))
    digit = layers.Dense(3, activation="relu", name="digit")(code)
    frozen = layers.Dense(1, trainable=False, name="frozen")(code)
    model = Model(image, [digit, frozen], name="model")
    y = [np.zeros((4, 3), "float32"), np.zeros((4, 1), "float32")]
    model.compile("sgd", ["mse", "mse"])
    for options in ({}, {"x": x}, {"x": x, "y": y}):
        yield "GraphData", explore(model, **options).data
    with DrawAsYouCall() as drawing:
        a = Input((4,), name="a")
        layers.Dense(3, name="b")(a)
    yield "CallsData", drawing.widget.data
    with ErrorLens() as lens:
        layers.Conv2D(3, 3, name="broken")(Input((4,), name="flat"))
    yield "CallsData", lens.widget.data
    yield "DashboardData", Dashboard().widget.data
    dashboard = Dashboard()
    settings = {"batch_size": 2, "epochs": 2, "validation_split": 0.5, "verbose": 0}
    small = Model(a, layers.Dense(2, name="c")(a))
    small.compile("sgd", "mse", metrics=["mae"])
    small.fit(np.ones((8, 4)), np.ones((8, 2)), callbacks=[dashboard], **settings)
    yield "DashboardData", dashboard.widget.data


def typed(kind, data):
    """A module in which data claim to be of a kind."""
    where = (scripts.FOLDER / "data.js").as_posix()
    return f'/** @type {{import("{where}").{kind}}} */\nexport const data = {json.dumps(data)};\n'


OPTIONS = [
    "--noEmit", "--checkJs", "--allowJs", "--strict", "--target", "ES2022",
    "--module", "ES2022", "--moduleResolution", "bundler", "--ignoreConfig",
]  # fmt: skip


WRONG = [
    ({"loss": 0.5}, "Type 'number' is not assignable to type 'string'"),
    ({"passes": None}, "Type 'null' is not assignable to type 'number'"),
    ({"samles": 3}, "'\"samles\"' does not exist in type 'GraphData'"),
]


def test_the_data_are_what_the_types_say(tmp_path):
    real = list(real_data())
    modules = {f"right{k}.js": typed(kind, data) for k, (kind, data) in enumerate(real)}
    for k, (change, _) in enumerate(WRONG):
        modules[f"wrong{k}.js"] = typed("GraphData", real[0][1] | change)
    for name, text in modules.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    _, said = run_node_tool("tsc", *OPTIONS, *(tmp_path / name for name in modules))
    complaints = [line for line in said.splitlines() if not line.startswith(" ")]
    assert len(complaints) == len(WRONG), said
    for k, (_, message) in enumerate(WRONG):
        assert f"wrong{k}.js(" in complaints[k] and message in complaints[k]
