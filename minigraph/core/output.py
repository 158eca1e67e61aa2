"""Text for the standard output, which cannot show every character everywhere; warnings."""

import sys
import warnings

# The lines of tables and bars, and what stands for them in ASCII.
PLAIN = str.maketrans("┏┳┓┡╇┩├┼┤└┴┘━─┃│", "++++++++++++=-||")


def encodable(text: str) -> str:
    """`text`, in characters that the standard output can encode.

    On Windows, output that goes to a file often has only 256 characters. Lines are then drawn in
    ASCII, and other characters replaced by a question mark.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    return text


def warn_caller(text: str) -> None:
    """Warn of something at the line of the user's program that led here."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_globals["__name__"].split(".")[0] == "minigraph":
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)
