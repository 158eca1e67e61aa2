"""The programs that `make lint` installs for the scripts: ESLint and tsc."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MISSING = "ESLint and TypeScript are not installed; `make lint` does that where Node is"


def run_node_tool(name, *arguments, **options):
    """Run one of the programs; give its exit code and what it said.

    Where it is not installed the test is skipped, or fails if Node is required.
    """
    program = ROOT / "node_modules" / ".bin" / name
    if shutil.which("node") is None or not program.exists():
        required = os.environ.get("MINIGRAPH_REQUIRE_NODE", "0") not in ("", "0")
        pytest.fail(MISSING) if required else pytest.skip(MISSING)
    command = ["node", str(program.resolve()), *map(str, arguments)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, **options)
    return ran.returncode, ran.stdout + ran.stderr
