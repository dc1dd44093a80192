"""Class lists as lines of text, and palettes: what a line or a PNG says of names and colours. Torch-free.

One class per line in the order of the network's outputs: a name, or a name with three numbers from 0 to 255 or a
#rrggbb before or after it, separated by spaces, tabs, commas or semicolons; a number alone before that is the class id.
So the label_colors.txt of CamVid, the CSV of a spreadsheet and the palettes of GIMP can be read.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Colour = tuple[int, int, int]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GIMP = "GIMP Palette"
_GIMP_HEADER = re.compile(r"(Name|Columns):")
_COMMENT = re.compile(r"#(?![0-9a-fA-F]{6}\b)|//")
_HEX = re.compile(r"#([0-9a-fA-F]{6})")
_HEADER_WORDS = frozenset(
    ("id", "index", "class", "classes", "name", "label", "colour", "color", "r", "g", "b", "red", "green", "blue")
)
_UNNAMED = "untitled"  # what GIMP calls a colour without a name


@dataclass(frozen=True)
class Line:
    """What one line says.

    Attributes:
        number: of the line in its file, from 1.
        name: of the class, empty if the line only has a colour.
        colour: None if the line only has a name.
        class_id: None if the line has none.
    """

    number: int
    name: str
    colour: Colour | None
    class_id: int | None


def read_lines(text: str) -> tuple[Line, ...]:
    """What the lines of a text say; empty ones, comments and headers are left out.

    Raises:
        ValueError: a colour is out of range, or class ids do not count up by one; the text says in which line.
    """
    is_gimp = text.lstrip().startswith(_GIMP)
    found: list[Line] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        is_header = is_gimp and (line.startswith(_GIMP) or _GIMP_HEADER.match(line))
        if line and not is_header and not _COMMENT.match(line):
            words = re.split(r"[\s,;]+", line.strip(",;").replace('"', ""))
            if found or not _is_table_head(words):
                found.append(_read_line(number, words))
    _check_ids(found)
    return tuple(found)


def palette_of_png(content: bytes) -> tuple[Colour, ...]:
    """The colours of an indexed PNG, in the order of the indices.

    Raises:
        ValueError: it has no palette, or is damaged.
    """
    place = len(PNG_SIGNATURE)
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        chunk = content[place + 8 : place + 8 + length]
        if kind == b"PLTE" and len(chunk) == length and length % 3 == 0:
            return tuple((chunk[at], chunk[at + 1], chunk[at + 2]) for at in range(0, length, 3))
        if kind in (b"PLTE", b"IDAT"):
            break
        place += 12 + length
    raise ValueError("this PNG has no palette; a label map with a palette (mode P) has one")


def _read_line(number: int, words: Sequence[str]) -> Line:
    hexadecimal = [word for word in words if _HEX.fullmatch(word)]
    if hexadecimal:
        words = [word for word in words if word not in hexadecimal]
        red, green, blue = bytes.fromhex(hexadecimal[0][1:])
        first = _count_numbers(words)
        return Line(number, " ".join(words[first:]), (red, green, blue), int(words[0]) if first == 1 else None)
    first, last = _count_numbers(words), _count_numbers(words[::-1])
    if first == len(words):  # a line of numbers alone
        has_id = first == 4
        return Line(number, "", _colour(number, words[has_id:]), int(words[0]) if has_id else None)
    if last >= 3 and first <= 1:  # a fourth number belongs to the name
        return Line(number, " ".join(words[first:-3]), _colour(number, words[-3:]), int(words[0]) if first else None)
    if first in (3, 4):
        name = " ".join(words[first:])
        name = "" if name.casefold() == _UNNAMED else name
        return Line(number, name, _colour(number, words[first - 3 : first]), int(words[0]) if first == 4 else None)
    return Line(number, " ".join(words[first == 1 :]), None, int(words[0]) if first == 1 else None)


def _colour(number: int, words: Sequence[str]) -> Colour:
    levels = [int(word) for word in words]
    if len(levels) != 3 or not all(level <= 255 for level in levels):
        raise ValueError(f"line {number} has no colour of three whole numbers from 0 to 255")
    return levels[0], levels[1], levels[2]


def _count_numbers(words: Sequence[str]) -> int:
    """How many words are whole numbers before the first that is none."""
    return next((index for index, word in enumerate(words) if not re.fullmatch(r"\d{1,9}", word)), len(words))


def _is_table_head(words: Sequence[str]) -> bool:
    """Whether a first line names the columns: at least two words, all of them such names."""
    return len(words) > 1 and all(word.casefold() in _HEADER_WORDS for word in words)


def _check_ids(lines: Sequence[Line]) -> None:
    numbered = [(line.number, line.class_id) for line in lines if line.class_id is not None]
    for (_, before), (number, class_id) in pairwise(numbered):
        if class_id != before + 1:
            raise ValueError(
                f"line {number} has the id {class_id} after {before}; the classes must come in the order of the "
                "network's outputs, without gaps"
            )
