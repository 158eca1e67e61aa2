"""The wheel works far from the repository, with nothing beside it but NumPy and safetensors."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib.util import find_spec
from pathlib import Path

import pytest

import minigraph

ROOT = Path(__file__).resolve().parents[1]
INFORMATION = f"minigraph-{minigraph.__version__}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built with the environment's own tools and no network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps"]
    command += ["--no-index", "--wheel-dir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"minigraph", INFORMATION}
    assert "minigraph/py.typed" in names
    assert f"{INFORMATION}/licenses/LICENSE" in names
    files = [p for kind in ("py", "js", "css") for p in (ROOT / "minigraph").rglob(f"*.{kind}")]
    sources = {p.relative_to(ROOT).as_posix() for p in files}
    assert {"minigraph/view/widget/frame.js", "minigraph/view/widget/style.css"} <= sources
    assert sources <= set(names)


def test_wheel_needs_two_packages(wheel):
    text = zipfile.ZipFile(wheel).read(f"{INFORMATION}/METADATA").decode()
    metadata = Parser().parsestr(text)
    needed = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    assert sorted(line.split(">")[0] for line in needed) == ["numpy", "safetensors"]
    assert set(metadata.get_all("Provides-Extra")) == {"plot", "widgets", "gpu", "book", "test"}


USE = """
import sys
sys.path[:0] = sys.argv[1:]
import minigraph
from minigraph.view.widget import SCRIPT
assert minigraph.__file__.startswith(sys.argv[1]), minigraph.__file__
assert all(f"views.{name} = " in SCRIPT for name in ("graph", "calls", "dashboard")), SCRIPT[:80]
print("imported", sorted({"matplotlib", "IPython", "ipywidgets", "anywidget"} & set(sys.modules)))
"""


@pytest.mark.linux
def test_wheel_imports_outside_the_repository(wheel, tmp_path):
    home, beside = tmp_path / "installed", tmp_path / "beside"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index"]
    command += ["--target", str(home), str(wheel)]
    installed = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert installed.returncode == 0, installed.stdout + installed.stderr

    # The environment's other packages are out of sight: -S leaves site-packages away, and the two
    # that are needed are linked into a folder of their own.
    beside.mkdir()
    for name in ("numpy", "safetensors"):
        source = Path(find_spec(name).origin).parent
        for part in (source, source.with_name(f"{name}.libs")):
            if part.exists():
                (beside / part.name).symlink_to(part)
    use = [sys.executable, "-I", "-S", "-W", "error", "-c", USE, str(home), str(beside)]
    used = subprocess.run(use, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert used.returncode == 0, used.stderr
    assert used.stdout == "imported []\n"
