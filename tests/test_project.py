"""What the README, the pins and the scripts around the library promise is so."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tools import environment

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "index.md")


def read(name: str) -> str:
    """Return the text of one of the project's files."""
    return (ROOT / name).read_text(encoding="utf-8")


def requirements() -> list[Requirement]:
    """Return everything that pyproject.toml asks for, at run time and in the extras."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    lines = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    found = [Requirement(line) for line in lines]
    return [requirement for requirement in found if requirement.name != "minigraph"]


def pins() -> dict[str, str]:
    """Return the name and version of each line of requirements.txt."""
    lines = [line for line in read("requirements.txt").splitlines() if not line.startswith("#")]
    broken = [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)]
    assert broken == [], "a pin is a name, two equals signs and a version"
    return {canonicalize_name(name): version for name, version in (p.split("==") for p in lines)}


def test_every_pin_is_what_is_installed():
    installed = {name: importlib.metadata.version(name) for name in pins()}
    assert installed == pins()


def test_pins_satisfy_what_the_project_asks_for():
    for requirement in requirements():
        if requirement.name.startswith("cupy"):
            continue  # needs a graphics card, and is no part of the book or the tests
        assert pins()[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_every_pin_installs_on_every_python_3_11():
    for name in pins():
        accepted = importlib.metadata.metadata(name)["Requires-Python"] or ""
        assert "3.11.0" in SpecifierSet(accepted), f"{name} needs Python {accepted}"


def test_nothing_pinned_asks_for_something_unpinned():
    known = {*pins(), "pip"}
    for name in pins():
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) in known, f"{name} needs {line}"


@pytest.mark.parametrize("page", PAGES)
def test_every_make_command_in_the_text_exists(page):
    named = set(re.findall(r"\bmake ([a-z]+)\b(?=`|\s+#|\n)", read(page)))
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    assert named and named <= targets


def test_readme_names_the_two_commands():
    commands = re.search(r"```sh\n(.*?)```", read("README.md"), re.DOTALL).group(1)
    assert [line.split("#")[0].strip() for line in commands.splitlines()] == [
        "make book",
        "make test",
    ]


def test_make_help_lists_targets_that_exist():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = re.findall(r"^make (\w+)", listed, re.MULTILINE)
    assert {"book", "lab", "test"} <= set(named) <= targets


def test_readme_has_a_line_for_each_dependency():
    reasons = read("README.md").split("## Why each dependency")[1].split("\n## ")[0].lower()
    for requirement in requirements():
        name = requirement.name.split("-cuda")[0]
        assert f"**{name.lower()}**" in reasons, f"the README does not say why {name} is there"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", read(page))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (ROOT / link).exists()]
    assert missing == []


def test_readme_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", read("README.md"), re.DOTALL)
    command = [sys.executable, "-W", "error", "-c", example]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "8,970" in ran.stdout


def test_old_python_gets_a_plain_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit, match="needs Python 3.11 or newer, and .* is Python 3.9"):
        environment.check_python()


def test_missing_venv_names_the_package_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    expected = "apt-get install python{}.{}-venv".format(*sys.version_info)
    with pytest.raises(SystemExit, match=re.escape(expected)):
        environment.check_python()


def test_environment_script_parses_on_old_python():
    ast.parse(read("tools/environment.py"), feature_version=(3, 6))


def test_continuous_check_is_a_program():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Chrome has a fixed place")
@pytest.mark.parametrize("required", [False, True])
def test_a_missing_browser_is_loud(required):
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("MINIGRAPH_")}
    surroundings["PATH"] = "/nowhere"
    if required:
        surroundings["MINIGRAPH_REQUIRE_BROWSER"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/browser"]
    command += ["-k", "test_page_served"]
    ran = subprocess.run(
        command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=60
    )
    if required:
        assert ran.returncode == 1
        assert "no Chromium was found" in ran.stdout
    else:
        assert ran.returncode == 0
        assert "! NO BROWSER TESTS !" in ran.stdout
        assert " passed" not in ran.stdout


def test_the_picture_is_what_the_library_draws():
    ran = subprocess.run([sys.executable, str(ROOT / "tools" / "pictures.py"), "--check"])
    assert ran.returncode == 0, "run `python tools/pictures.py`"
