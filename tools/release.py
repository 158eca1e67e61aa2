"""Check that everything names the version that is released, and find what the changelog says of it.

    python tools/release.py check v0.1.0  fail unless tag, package, citation and changelog agree
    python tools/release.py notes         print what the changelog says of this version

It needs nothing but Python, so that a release can start with it. RELEASING.md says when it runs.
"""

import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read(name: str) -> str:
    """Return the text of one of the project's files."""
    return (ROOT / name).read_text(encoding="utf-8")


def only(pattern: str, text: str, what: str) -> str:
    """Return the one match of a pattern, or stop: `what` says what was looked for."""
    found = re.findall(pattern, text, re.MULTILINE)
    return found[0] if len(found) == 1 else sys.exit(f"there are {len(found)} of: {what}")


def package_version() -> str:
    """Return the version of the library in this folder, without importing it."""
    text = read("minigraph/__init__.py")
    return only(r'^__version__ = "([^"]+)"$', text, "__version__ in minigraph/__init__.py")


def cited(key: str) -> str | None:
    """Return what CITATION.cff says under a key, or None."""
    found = re.search(rf"^{key}: *[\"']?([^\"'\n]+)[\"']?$", read("CITATION.cff"), re.MULTILINE)
    return found[1] if found else None


def sections(changelog: str) -> dict[str, tuple[str | None, str]]:
    """Return each section of a changelog by its version, as its date and its text."""
    parts = re.split(r"^## \[([^\]]+)\](?: - (\S+))?$", changelog, flags=re.MULTILINE)[1:]
    return {parts[i]: (parts[i + 1], parts[i + 2].strip()) for i in range(0, len(parts), 3)}


def disagreements(tag: str) -> list[str]:
    """Return what still contradicts a release with this tag."""
    version = package_version()
    day, text = sections(read("CHANGELOG.md")).get(version, (None, ""))
    unreleased = sections(read("CHANGELOG.md")).get("Unreleased", (None, ""))[1]
    wrong = []
    if tag != f"v{version}":
        wrong.append(f"the tag is {tag}, and minigraph/__init__.py says {version}")
    if cited("version") != version:
        wrong.append(f"CITATION.cff says version {cited('version')} instead of {version}")
    if not text:
        wrong.append(f"CHANGELOG.md has no section [{version}] with a text")
    if unreleased:
        wrong.append("CHANGELOG.md still lists changes as Unreleased")
    if not is_date(day):
        wrong.append(f"CHANGELOG.md has no date, such as 2026-12-01, beside [{version}]")
    if cited("date-released") != day:
        wrong.append(f"CITATION.cff has date-released {cited('date-released')} instead of {day}")
    return wrong


def is_date(text: str | None) -> bool:
    """Say whether a text is a date, such as 2026-12-01."""
    try:
        return date.fromisoformat(text or "").isoformat() == text
    except ValueError:
        return False


def main(arguments: list[str]) -> None:
    """Read the command line and run."""
    if arguments == ["notes"]:
        found = sections(read("CHANGELOG.md")).get(package_version())
        print(found[1] if found else sys.exit(f"no notes for version {package_version()}"))
    elif arguments[:1] == ["check"] and len(arguments) == 2:
        if wrong := disagreements(arguments[1]):
            sys.exit("\n".join(wrong))
        print(f"{arguments[1]}: tag, package, citation and changelog agree")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
