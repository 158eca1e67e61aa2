"""Make the project's own Python environment, or write down what a fresh one holds.

    python tools/environment.py make .venv      create .venv with the pins of requirements.txt
    python tools/environment.py pin             rewrite requirements.txt from pyproject.toml

The Makefile calls this with whatever Python the machine has, so the file uses nothing that an
older Python 3 cannot parse: a wrong version must end in a sentence, not in a SyntaxError.
"""

import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PINS = os.path.join(ROOT, "requirements.txt")
OLDEST = (3, 11)
# The pins must install on every Python 3.11; later ones of these refuse 3.11.0 to 3.11.4.
HELD_BACK = ["soupsieve<3.0.2"]


def check_python():
    """Stop with a plain sentence unless this Python can make the environment."""
    found = "%d.%d" % sys.version_info[:2]
    wanted = "%d.%d" % OLDEST
    if sys.version_info < OLDEST:
        sys.exit(
            "minigraph needs Python %s or newer, and %s is Python %s.\n"
            "Name another one like this: make book PYTHON=/path/to/python%s"
            % (wanted, sys.executable, found, wanted)
        )
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            sys.exit(
                "Python %s at %s comes without its module '%s', which makes environments.\n"
                "On Debian or Ubuntu install it with: sudo apt-get install python%s-venv"
                % (found, sys.executable, module, found)
            )
    if sys.version_info[:2] != OLDEST:
        print("Note: requirements.txt was made with Python %s; this is %s." % (wanted, found))


def python_of(folder, system=os.name):
    """Return the path of the interpreter inside the environment `folder`."""
    if system == "nt":
        return os.path.join(folder, "Scripts", "python.exe")
    return os.path.join(folder, "bin", "python")


def same_python(folder):
    """Return whether the environment `folder` exists and runs this Python's version."""
    code = "import sys; print(*sys.version_info[:3])"
    try:
        answer = subprocess.run(
            [python_of(folder), "-c", code], stdout=subprocess.PIPE, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.decode().split() == [str(part) for part in sys.version_info[:3]]


def create(folder):
    """Create the environment `folder`, keeping one that already runs this Python."""
    if os.path.exists(folder) and not same_python(folder):
        shutil.rmtree(folder)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)


def pip(folder, *arguments):
    """Run the environment's own pip."""
    command = [python_of(folder), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run(command + list(arguments), check=True)


def make(folder):
    """Create `folder`, install the pins, then this project itself, editable."""
    print("Making the Python environment in %s (a few minutes the first time) ..." % folder)
    sys.stdout.flush()
    create(folder)
    pip(folder, "install", "-qq", "--requirement", PINS)
    pip(folder, "install", "-qq", "--no-build-isolation", "--no-deps", "--editable", ROOT)
    pip(folder, "check")
    # Once, so that no chapter is the first to ask Matplotlib for a font.
    subprocess.run([python_of(folder), os.path.join(ROOT, "tools", "steady.py")], check=True)


def comment_lines(path):
    """Return the leading comment lines of a file, which a rewrite keeps."""
    kept = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                break
            kept.append(line)
    return "".join(kept)


def pin():
    """Install the extra "test" into a throw-away environment and write its versions down."""
    with tempfile.TemporaryDirectory() as folder:
        create(folder)
        # setuptools, which a package here needs, may come old with the environment.
        wanted = ["setuptools", ROOT + "[test]"] + HELD_BACK
        pip(folder, "install", "-qq", "--upgrade", *wanted)
        # All, since freeze alone hides "wheel" and "setuptools".
        command = [python_of(folder), "-m", "pip", "freeze", "--all"]
        for name in ("minigraph", "pip"):
            command += ["--exclude", name]
        frozen = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    if "@" in frozen:
        sys.exit("A pin names a file or an address instead of a version:\n" + frozen)
    header = comment_lines(PINS)
    with open(PINS, "w", encoding="utf-8") as file:
        file.write(header + frozen)


def main(arguments):
    check_python()
    if arguments[:1] == ["make"] and len(arguments) == 2:
        make(arguments[1])
    elif arguments == ["pin"]:
        pin()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit("This command failed with exit code %d: %s" % (error.returncode, error.cmd))
