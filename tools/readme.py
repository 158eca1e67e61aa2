"""Find the example of the README, run it, and say whether it prints what the README shows.

    python tools/readme.py   run it with this Python; fail if it prints anything else

The example runs from the folder that this program is started in, so that it can check a package
that is installed elsewhere: a release does that with its wheel.
"""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def block(language: str) -> str:
    """Return the one block of code in the README that is marked with a language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", README.read_text("utf-8"), re.M | re.S)
    if len(found) != 1:
        sys.exit(f"the README has {len(found)} blocks of {language} instead of one")
    return found[0]


def example() -> str:
    """Return the code of the example."""
    return block("python")


def shown() -> str:
    """Return what the README says that it prints."""
    return block("text")


def printed() -> str:
    """Run the example and return what it prints; stop with its error if it raises one."""
    command = [sys.executable, "-X", "utf8", "-W", "error", "-c", example()]
    ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)
    if ran.returncode:
        sys.exit(f"the example of the README failed:\n{ran.stderr}")
    return ran.stdout


def main() -> None:
    """Compare, line by line; a blank at the end of a line does not count."""
    found, wanted = ([line.rstrip() for line in text.split("\n")] for text in (printed(), shown()))
    if found != wanted:
        sys.exit("the example of the README prints something else:\n" + "\n".join(found))
    print("the example of the README prints what the README shows")


if __name__ == "__main__":
    main()
