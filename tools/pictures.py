"""Draw the pictures that the project shows outside the notebooks.

python tools/pictures.py            write book/images/tour.svg
python tools/pictures.py --check    write nothing; fail if it would change
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import minigraph as keras  # noqa: E402  (found through the line above)
from minigraph import layers  # noqa: E402
from minigraph.view.svg import model_to_svg  # noqa: E402

PICTURE = ROOT / "book" / "images" / "tour.svg"


def tour():
    """The model of the book's second chapter, as text of an SVG file."""
    inputs = keras.Input((64,), name="pixels")
    x = layers.Dense(64, activation="relu", name="first")(inputs)
    h = layers.Dense(64, activation="relu", name="second")(x)
    y = layers.Add(name="shortcut")([x, h])
    outputs = layers.Dense(10, name="digit")(y)
    return model_to_svg(keras.Model(inputs, outputs, name="digits"), rankdir="LR")


def main(arguments):
    text = tour()
    if "--check" in arguments:
        return int(not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != text)
    PICTURE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
