"""Makes the report that the Help menu opens anew: resources/reports/sample.html.

    python -m tests.benchmarks.sample_report                     # some minutes
    python -m tests.benchmarks.sample_report FOLDER --data-only  # only photographs and masks, to look at

Things in the bundled sample photographs, outlined by hand below, are what `main.py evaluate` measures; the report is
what it writes, but for the name of the system. To be run again when the report looks different or the default network
is another one.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import main
from resources import sample_paths, sample_report_path

METHODS = ("none", "bmconv", "f-brs-b", "grabcut")
CLICKS = 20

_OWN_SYSTEM = re.compile("<dt>system</dt><dd>[^<]*</dd>")
"""Says which kernel measured: of no use to others."""

Outline = tuple[tuple[int, int], ...] | tuple[float, float, float, float]
"""Corners (x, y) in image pixels, or an ellipse: centre x, centre y, half its width, half its height."""
OUTLINES: Mapping[str, tuple[str, Outline]] = {
    "coffee-cup-opening": ("coffee", (290.0, 113.0, 117.0, 95.0)),
    "coffee-spoon": (
        "coffee",
        (
            (328, 285), (327, 272), (332, 259), (343, 249), (358, 241), (372, 234), (377, 218), (384, 196), (394, 166),
            (404, 131), (407, 113), (403, 90), (397, 76), (401, 68), (412, 66), (423, 73), (422, 84), (415, 113),
            (403, 152), (393, 184), (385, 212), (384, 233), (394, 247), (403, 262), (406, 278), (401, 296), (392, 309),
            (379, 320), (362, 325), (347, 321), (335, 308), (329, 295),
        ),
    ),
    "astronaut-person": (
        "astronaut",
        (
            (153, 88), (154, 68), (166, 48), (188, 38), (205, 24), (235, 15), (265, 23), (287, 44), (299, 68),
            (302, 90), (292, 118), (277, 133), (268, 138), (262, 152), (257, 174), (276, 186), (297, 212), (304, 236),
            (322, 244), (342, 262), (352, 290), (361, 328), (366, 346), (345, 353), (325, 364), (303, 388), (290, 413),
            (281, 445), (278, 511), (34, 511), (27, 470), (23, 446), (27, 425), (21, 405), (24, 370), (26, 342),
            (34, 312), (42, 284), (57, 254), (78, 235), (100, 219), (115, 207), (115, 188), (123, 178), (140, 156),
            (160, 149), (184, 151), (183, 134), (174, 118), (160, 106), (155, 97),
        ),
    ),
    "astronaut-helmet": (
        "astronaut",
        (
            (278, 511), (279, 470), (284, 436), (294, 407), (310, 381), (330, 362), (350, 352), (372, 346), (398, 343),
            (424, 347), (448, 361), (470, 382), (485, 409), (493, 437), (496, 455), (503, 458), (507, 472), (508, 500),
            (511, 511),
        ),
    ),
    "astronaut-badge": ("astronaut", (170.5, 385.0, 37.0, 37.0)),
    "chelsea-left-eye": (
        "chelsea",
        (
            (136, 101), (141, 91), (152, 86), (165, 85), (180, 88), (192, 94), (201, 105), (205, 118), (204, 131),
            (198, 141), (184, 146), (171, 145), (158, 139), (147, 128), (140, 115),
        ),
    ),
    "chelsea-right-eye": (
        "chelsea",
        (
            (296, 136), (300, 124), (310, 115), (322, 110), (335, 110), (342, 118), (343, 131), (338, 146), (329, 157),
            (317, 163), (304, 161), (298, 152),
        ),
    ),
    "chelsea-nose": (
        "chelsea",
        (
            (229, 226), (242, 230), (258, 230), (275, 229), (291, 229), (290, 236), (281, 243), (272, 252), (263, 260),
            (256, 259), (251, 249), (243, 241), (233, 233),
        ),
    ),
}  # fmt: skip


def mask_of(outline: Outline, height: int, width: int) -> NDArray[np.uint8]:
    """255 inside the outline, 0 elsewhere."""
    mask = np.zeros((height, width), dtype=np.uint8)
    if isinstance(outline[0], tuple):
        cv2.fillPoly(mask, [np.array(outline, dtype=np.int32)], 255)
    else:
        centre_x, centre_y, half_width, half_height = np.array(outline, dtype=np.float64)
        rows, columns = np.mgrid[:height, :width]
        mask[((columns - centre_x) / half_width) ** 2 + ((rows - centre_y) / half_height) ** 2 <= 1] = 255
    return mask


def write_data(folder: Path) -> None:
    """Photographs and masks in the layout "davis"."""
    photographs = {path.stem: path for path in sample_paths()}
    for name in ("img", "gt"):
        (folder / name).mkdir(parents=True)
    for name, (photograph, outline) in OUTLINES.items():
        shutil.copy(photographs[photograph], folder / "img" / f"{name}.jpg")
        with Image.open(photographs[photograph]) as image:
            mask = mask_of(outline, image.height, image.width)
        Image.fromarray(mask).save(folder / "gt" / f"{name}.png")


def write_report(target: Path, folder: Path, clicks: int = CLICKS, limit: int | None = None) -> None:
    """Measure in a folder, going on with what is there, and put the report in its place."""
    if not (folder / "samples").exists():
        write_data(folder / "samples")
    command = ["evaluate", "interactive", "--data", "samples", "--layout", "davis", "--method", *METHODS]
    command += ["--clicks", str(clicks), "--device", "cpu", "--threads", "1", "--out", "run"]
    with contextlib.chdir(folder):  # the report names its data: no folder of this machine
        if main.main(command + ([] if limit is None else ["--limit", str(limit)])) != 0:
            raise SystemExit("the evaluation failed")
    report = (folder / "run" / "report.html").read_text(encoding="utf-8")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_OWN_SYSTEM.sub("", report), encoding="utf-8")


def run() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="keep data and results there; run again it goes on")
    parser.add_argument("--data-only", action="store_true", help="only write photographs and masks")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if args.folder is None else args.folder
        if args.data_only:
            write_data(folder / "samples")
        else:
            write_report(sample_report_path(), folder)


if __name__ == "__main__":
    run()
