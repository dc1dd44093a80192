"""Files that come with the program: sample photographs, colours, style sheet. Torch-free and Qt-free."""

from __future__ import annotations

import colorsys
import json
from functools import cache
from importlib import resources
from pathlib import Path

_GOLDEN_RATIO = 0.618033988749895
_DEFAULT_SAMPLE = "coffee.jpg"  # one clear object, and a harder one (the spoon) to try next


def sample_path() -> Path:
    """The photograph that opens when nobody names one."""
    return _file("samples", _DEFAULT_SAMPLE)


def sample_paths() -> tuple[Path, ...]:
    """All bundled photographs, the default one first."""
    others = sorted(path for path in _file("samples").glob("*.jpg") if path.name != _DEFAULT_SAMPLE)
    return (sample_path(), *others)


def sample_report_path() -> Path:
    """What `main.py evaluate` wrote about the photographs; tests/benchmarks/sample_report.py makes it."""
    return _file("reports", "sample.html")


@cache
def palette() -> tuple[tuple[int, int, int], ...]:
    """Colours of the first objects as (red, green, blue), 0 to 255 each; `object_colour` goes on after them."""
    entries = json.loads(_file("palettes", "objects.json").read_text(encoding="utf-8"))["colours"]
    return tuple((int(entry[1:3], 16), int(entry[3:5], 16), int(entry[5:7], 16)) for entry in entries)


def object_colour(index: int) -> tuple[int, int, int]:
    """Colour of the object with this index, from 0; the same on every machine and in every version.

    After the palette, hues go round the circle by the golden ratio, which never comes back to an earlier one, in three
    turns of lightness and strength.
    """
    if index < len(palette()):
        return palette()[index]
    lightness, saturation = ((0.55, 0.95), (0.72, 0.80), (0.40, 0.85))[index % 3]
    red, green, blue = colorsys.hls_to_rgb(index * _GOLDEN_RATIO % 1.0, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def _file(*parts: str) -> Path:
    """A bundled file; the program runs from a folder, never from inside a zip file."""
    return Path(str(resources.files(__name__).joinpath(*parts)))
