"""Names and colours of a network's classes: read from a user's file, remembered per checkpoint. Torch-free.

Read are JSON, lines of text and palettes. JSON is a list of {"name": ..., "color": [red, green, blue]}, the way this
program writes it, a list of names, {"classes": [names], "palette": [colours]}, or the config.json of Mapillary Vistas,
whose "labels" hold a "readable" name and a "color" each. `models.class_list_text` describes the other two.
"""

from __future__ import annotations

import colorsys
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from gbrs_core.atomic import atomic_write
from gbrs_core.errors import GbrsError
from gbrs_core.network import NetworkSpec
from models.class_list_text import PNG_SIGNATURE, Colour, palette_of_png, read_lines

_LARGEST_FILE = 4 << 20
_MOST_CLASSES = 65535  # a 16-bit label map keeps one value for "no label"
_LONGEST_NAME = 80
_GOLDEN_RATIO = 0.618033988749895
_NO_CLASS = frozenset(("unlabeled", "unlabelled", "void"))
"""What the last entry of a list is called if it is for pixels without a class."""
_PALETTE_KEYS = ("palette", "palette_rgb", "colors", "colours")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


class ClassListError(GbrsError):
    """A class list cannot be read, or it does not belong to this network; the text says why."""


@dataclass(frozen=True)
class ClassList:
    """What the classes of a network are called and how they are painted.

    Attributes:
        names: a name per class, in the order of the network's outputs.
        colours: (red, green, blue) from 0 to 255 per class.
    """

    names: tuple[str, ...]
    colours: tuple[Colour, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.colours):
            raise ValueError(f"{len(self.names)} names but {len(self.colours)} colours")

    def __len__(self) -> int:
        return len(self.names)


def read_class_list(path: Path, known_names: Sequence[str] = ()) -> ClassList:
    """Read a class list, or the colours for classes whose names are known, from a file.

    Where the last entry of a JSON list is "Unlabeled" or "Void" beside other classes, it is no class and is left out. A
    list without colours gets those of `numbered`.

    Args:
        path: JSON, lines of text, a GIMP palette, or an indexed PNG.
        known_names: names of the classes as they are, for files that only have colours.

    Raises:
        ClassListError: the file cannot be read or an entry is wrong; the text says which.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ClassListError(f"it is larger than {_LARGEST_FILE >> 20} MB")
        content = path.read_bytes()
        if content.startswith(PNG_SIGNATURE):
            return _coloured(palette_of_png(content)[: len(known_names) or None], known_names)
        text = content.decode("utf-8-sig")
        return from_text(text) if text.lstrip()[:1] in ("[", "{") else _from_lines(text, known_names)
    except OSError as error:
        raise ClassListError(f"cannot read {path} as a class list: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ClassListError(f"cannot read {path} as a class list: it is no text ({error})") from error
    except (ClassListError, ValueError) as error:
        raise ClassListError(f"cannot read {path} as a class list: {error}") from error


def from_text(text: str) -> ClassList:
    """A class list from what `as_json` makes. Raises ClassListError."""
    try:
        return _from_json(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ClassListError(f"it is not JSON ({error})") from error


def numbered(count: int) -> ClassList:
    """Names and well separated colours for classes nobody has named: "Class 0", "Class 1", ..."""
    return ClassList(tuple(f"Class {number}" for number in range(count)), tuple(map(_colour, range(count))))


def classes_of(spec: NetworkSpec) -> ClassList:
    """The classes of a semantic network: as its description names them, else numbered; empty for other tasks."""
    count = spec.class_count or 0
    fallback = numbered(count)
    names = spec.class_names if len(spec.class_names) == count else fallback.names
    colours = spec.class_colours if len(spec.class_colours) == count else fallback.colours
    return ClassList(names, colours)


def with_class_list(spec: NetworkSpec, classes: ClassList) -> NetworkSpec:
    """The description with these classes. Raises ClassListError, with both numbers, if their number is another."""
    if spec.class_count is None:
        raise ClassListError(f"{spec.title} tells no classes apart, so it takes no class list")
    if len(classes) != spec.class_count:
        raise ClassListError(f"the list has {len(classes)} classes, the network tells {spec.class_count} apart")
    return replace(spec, class_names=classes.names, class_colours=classes.colours)


def remember(sha256: str, classes: ClassList) -> None:
    """Keep a class list for the checkpoint with this digest, replacing an earlier one.

    Raises:
        ValueError: `sha256` is no hexadecimal SHA-256 digest.
        ClassListError: the list cannot be written; an earlier one is untouched.
    """
    path = _remembered_path(sha256)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            temporary.write_text(as_json(classes), encoding="utf-8")
    except OSError as error:
        raise ClassListError(f"cannot remember the class list in {path}: {error.strerror or error}") from error


def remembered(sha256: str) -> ClassList | None:
    """The class list kept for the checkpoint with this digest, None if there is none or it cannot be read."""
    if not _SHA256.fullmatch(sha256):
        return None
    path = _remembered_path(sha256)
    if not path.is_file():
        return None
    try:
        return read_class_list(path)
    except ClassListError as error:
        _log.warning("%s; numbered classes are used", error)
        return None


def forget(sha256: str) -> bool:
    """Drop the class list of a checkpoint; returns whether there was one.

    Raises:
        ValueError: as `remember`.
        ClassListError: the list cannot be removed.
    """
    path = _remembered_path(sha256)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ClassListError(f"cannot remove the class list {path}: {error.strerror or error}") from error
    return True


def as_json(classes: ClassList) -> str:
    """The list in the form `read_class_list` reads."""
    entries = [
        {"name": name, "color": list(colour)} for name, colour in zip(classes.names, classes.colours, strict=True)
    ]
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def _remembered_path(sha256: str) -> Path:
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"no SHA-256 digest: {sha256!r}")
    return Path(platformdirs.user_config_dir("gbrs-annotator", appauthor=False)) / "class-lists" / f"{sha256}.json"


def _from_json(content: Any) -> ClassList:
    if isinstance(content, dict) and isinstance(content.get("labels"), list):
        entries = _mapillary_entries(content["labels"])
    elif isinstance(content, dict) and isinstance(content.get("classes"), list):
        entries = _paired_entries(content)
    elif isinstance(content, list):
        entries = _with_colours(content) if all(isinstance(entry, str) for entry in content) else content
    else:
        raise ClassListError(
            'it is neither a list of {"name", "color"}, nor {"classes", "palette"}, nor the config.json of Mapillary'
        )
    return _checked(entries)


def _from_lines(text: str, known_names: Sequence[str]) -> ClassList:
    lines = read_lines(text)
    colours = [line.colour for line in lines if line.colour is not None]
    if not any(line.name for line in lines):
        return _coloured(colours, known_names)
    if not colours:
        return _checked(_with_colours([line.name for line in lines]))
    for line in lines:
        if not line.name or line.colour is None:
            raise ClassListError(f"line {line.number} has no {'colour' if line.name else 'name'}, but others have one")
    return _checked([{"name": line.name, "color": list(line.colour or ())} for line in lines])


def _coloured(colours: Sequence[Colour], known_names: Sequence[str]) -> ClassList:
    """Names as they are, with the colours of a palette."""
    if not known_names:
        raise ClassListError("it has colours but no names")
    if len(colours) != len(known_names):
        raise ClassListError(f"it has {len(colours)} colours for {len(known_names)} classes")
    return ClassList(tuple(known_names), tuple(colours))


def _checked(entries: Sequence[Any]) -> ClassList:
    if not 2 <= len(entries) <= _MOST_CLASSES:
        raise ClassListError(f"it has {len(entries)} classes; 2 to {_MOST_CLASSES:,} are possible")
    checked = [_entry(number, entry) for number, entry in enumerate(entries)]
    return ClassList(tuple(name for name, _ in checked), tuple(colour for _, colour in checked))


def _with_colours(names: Sequence[Any]) -> list[Any]:
    """Names as entries of our own form, with colours of `numbered`."""
    colours = map(_colour, range(len(names)))
    return [{"name": name, "color": list(colour)} for name, colour in zip(names, colours, strict=True)]


def _paired_entries(content: dict[str, Any]) -> list[Any]:
    """Entries of our own form from a list of names and one of colours beside it."""
    names = content["classes"]
    palette = next((content[key] for key in _PALETTE_KEYS if isinstance(content.get(key), list)), None)
    if palette is None:
        entries = _with_colours(names)
    elif len(palette) < len(names):
        raise ClassListError(f"it has {len(palette)} colours for {len(names)} classes")
    else:
        entries = [{"name": name, "color": colour} for name, colour in zip(names, palette, strict=False)]
    return _without_no_class(entries)


def _without_no_class(entries: list[Any]) -> list[Any]:
    is_no_class = bool(entries) and isinstance(entries[-1], dict) and str(entries[-1]["name"]).casefold() in _NO_CLASS
    return entries[:-1] if is_no_class else entries


def _mapillary_entries(labels: Sequence[Any]) -> list[Any]:
    """The labels as entries of our own form."""
    entries = [
        {"name": label.get("readable", label.get("name")), "color": label.get("color")}
        if isinstance(label, dict)
        else label
        for label in labels
    ]
    return _without_no_class(entries)


def _entry(number: int, entry: Any) -> tuple[str, Colour]:
    if not isinstance(entry, dict):
        raise ClassListError(f'entry {number} is no object with "name" and "color"')
    name, colour = entry.get("name"), entry.get("color")
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ClassListError(f'entry {number} has no "name" of 1 to {_LONGEST_NAME} printable characters')
    if not isinstance(colour, list) or len(colour) != 3 or not all(map(_is_level, colour)):
        raise ClassListError(f'entry {number} ({name}) has no "color" of three whole numbers from 0 to 255')
    return name.strip(), (colour[0], colour[1], colour[2])


def _is_level(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _colour(number: int) -> Colour:
    """Hues a golden section apart, so that neighbours differ, at changing saturation and brightness."""
    hue = (number * _GOLDEN_RATIO) % 1.0
    saturation, brightness = (0.85, 0.55, 0.95)[number % 3], (0.9, 0.95, 0.65)[number // 3 % 3]
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, brightness))
    return red, green, blue
