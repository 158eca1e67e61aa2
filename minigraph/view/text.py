"""Text for tables and pictures: measured and shortened (see `core.names`, too)."""

import unicodedata
from collections.abc import Iterable, Sequence

from ..core.names import printable

# How wide the printable ASCII characters are, in units of the font size, for a wide sans-serif
# (DejaVu Sans). Other sans-serif fonts are narrower, so what is measured here fits everywhere.
WIDTHS = {
    0.29: "'ijlIJ",
    0.36: " ,./:;\\|f-",
    0.41: "()[]t!r",
    0.50: '"*_`',
    0.55: "sz?c",
    0.60: "LFkvxyP",
    0.64: "TYaoeESbdghnpqu$0123456789{}",
    0.70: "KAVBRXZC",
    0.79: "UHNDG&OQ",
    0.86: "w#+<=>^~M",
    1.00: "%mW@",
}
WIDTH_OF = {character: width for width, characters in WIDTHS.items() for character in characters}
BOLD_EXTRA = 0.1
MONOSPACE = 0.61


def shape_text(shape: Iterable[int | None]) -> str:
    """A shape as Python writes it: `(None, 64)`."""
    return printable(str(tuple(shape)))


def some(texts: Sequence[str], most: int) -> tuple[str, ...]:
    """Return the texts, or the first and the last ones and how many are between them."""
    if len(texts) <= most:
        return tuple(texts)
    head, tail = (most - 1) - (most - 1) // 2, (most - 1) // 2
    between = f"… {len(texts) - most + 1:,} more"
    return (*texts[:head], between, *texts[len(texts) - tail :])


def joined_within(texts: Sequence[str], length: int) -> str:
    """The texts with commas between them, some left out in the middle if the line would be too
    long: a shape is shown in full or not at all."""
    line = ", ".join(texts)
    for most in range(min(len(texts) - 1, length), 1, -1):
        if len(line) <= length:
            return line
        line = ", ".join(some(texts, most))
    return shorten(line, length)


def size_text(count: float) -> str:
    """A number of bytes in B, KB, MB or GB, in steps of 1024, with two decimals."""
    size, units = float(count), ["B", "KB", "MB", "GB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.2f} {units[0]}"


def text_width(text: str, size: float, bold: bool = False, mono: bool = False) -> float:
    """Return an upper bound in pixels for the width of a line of text, in a generic font."""
    return size * sum(character_width(character, bold, mono) for character in text)


def character_width(character: str, bold: bool, mono: bool) -> float:
    """The width of one character in units of the font size; wide scripts take more than one."""
    if unicodedata.combining(character):
        return 0.0
    if character in WIDTH_OF:
        return MONOSPACE if mono else WIDTH_OF[character] + (BOLD_EXTRA if bold else 0.0)
    return 1.35 if ord(character) > 0xFFFF else 1.1


def shorten(text: str, length: int) -> str:
    """Shorten a text in the middle to `length` characters: both ends help to tell names apart."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2 + (length - 1) % 2
    return text[:head] + "…" + text[len(text) - (length - 1 - head) :]
