"""What the papers report, to stand beside one's own figures: the same protocol, other networks and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gbrs_core.evaluation.report import table


@dataclass(frozen=True)
class PublishedTable:
    """A table as printed.

    Attributes:
        title: source and what is measured.
        heads: of the columns.
        rows: of text.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


_GBRS = "G-BRS (Lin, Price and Martinez, CVPR 2022)"
_CURVES = "all samples and the worst tenth, 20 clicks"
_INPUT = PublishedTable(
    f"{_GBRS}, table 1: refining the input on SBD, mIoU",
    ("method", "BRS loss: AUC", "best", "consistency loss: AUC", "best"),
    (
        ("distmap-brs", "0.832", "0.894", "0.845", "0.891"),
        ("rgb-brs", "0.853", "0.908", "0.851", "0.905"),
    ),
)
_SECONDS_HEADS = ("data set", "rgb-brs: AUC", "seconds per click", "bmconv: AUC", "seconds per click")
_SECONDS = f"{_GBRS}, table 3: RGB-BRS against bmconv on an RTX 2080 Ti"
_NOLC_HEADS = ("data set", "sb", "bmsb", "bmsb-m", "bmconv")
_NOLC = f"{_GBRS}, table 2: AUC without the consistency loss"

PUBLISHED: Mapping[str, tuple[PublishedTable, ...]] = {
    "interactive": (
        _INPUT,
        PublishedTable(_NOLC, _NOLC_HEADS, (("SBD", "0.843", "0.832", "0.853", "0.846"),)),
        PublishedTable(_SECONDS, _SECONDS_HEADS, (("SBD", "0.851", "1.542", "0.859", "0.584"),)),
        PublishedTable(
            f"{_GBRS}, figure 2a: bmconv on SBD, {_CURVES}",
            ("AUC", "AUC of the worst tenth", "best mIoU"),
            (("0.859", "0.694", "0.918"),),
        ),
        PublishedTable(
            "f-BRS (Sofiiuk et al., CVPR 2020), f-BRS-B, networks trained on SBD: NoC@85 / NoC@90",
            ("network", "GrabCut", "Berkeley", "DAVIS", "SBD", "COCO_MVal"),
            (
                ("ResNet-34", "2.06 / 2.48", "2.40 / 4.17", "5.34 / 7.73", "4.47 / 7.28", "4.31 / 5.79"),
                ("ResNet-50", "2.20 / 2.64", "2.17 / 4.22", "5.44 / 7.81", "4.55 / 7.45", "4.31 / 6.26"),
                ("ResNet-101", "2.30 / 2.68", "2.61 / 4.22", "5.32 / 7.35", "4.20 / 7.10", "4.11 / 5.91"),
                ("HRNet-W18 + OCR", "1.86 / 2.18", "2.07 / 3.96", "5.62 / 8.08", "4.70 / 7.65", "3.87 / 5.57"),
                ("HRNet-W32 + OCR", "1.78 / 2.16", "2.13 / 3.69", "5.54 / 7.62", "4.31 / 7.08", "3.82 / 5.44"),
            ),
        ),
    ),
    "semantic": (
        PublishedTable(
            f"{_GBRS}, section 3.3: bmconv, mIoU, {_CURVES}",
            ("data set", "start", "after 10 clicks", "after 20 clicks", "AUC", "AUC of the worst tenth"),
            (
                ("Cityscapes", "0.866", "0.900", "", "0.897", "0.863"),
                ("Mapillary Vistas", "0.582", "", "0.822", "0.779", "0.720"),
            ),
        ),
        PublishedTable(
            _NOLC,
            _NOLC_HEADS,
            (
                ("Cityscapes", "0.881", "0.889", "0.886", "0.883"),
                ("Mapillary Vistas", "0.737", "0.742", "0.739", "0.738"),
            ),
        ),
        PublishedTable(
            f"{_SECONDS}, 1024 x 512",
            _SECONDS_HEADS,
            (
                ("Cityscapes", "0.882", "8.361", "0.869", "5.727"),
                ("Mapillary Vistas", "0.675", "8.125", "0.673", "5.130"),
            ),
        ),
    ),
    "matting": (
        PublishedTable(
            f"{_GBRS}, section 3.4: bmconv on Composition-1k, MSE x1e3, {_CURVES}",
            ("start", "after 20 clicks", "AUC", "AUC of the worst tenth"),
            (("14.420", "9.146", "10.763", "11.713"),),
        ),
        PublishedTable(_NOLC, _NOLC_HEADS, (("Composition-1k", "0.0125", "0.0108", "0.0109", "0.0112"),)),
        PublishedTable(_SECONDS, _SECONDS_HEADS, (("Composition-1k", "0.0100", "2.473", "0.0108", "1.383"),)),
    ),
    "depth": (
        PublishedTable(
            f"{_GBRS}, section 3.5: bmconv on NYU Depth V2, d1, {_CURVES}",
            ("samples", "start", "end (all: after 10 clicks)", "AUC"),
            (("all", "0.885", "0.983", "0.963"), ("worst tenth", "0.551", "0.963", "0.897")),
        ),
        PublishedTable(_NOLC, _NOLC_HEADS, (("NYU Depth V2", "0.955", "0.962", "0.956", "0.955"),)),
        PublishedTable(_SECONDS, _SECONDS_HEADS, (("NYU Depth V2", "0.961", "3.205", "0.963", "2.107"),)),
    ),
}
"""By task."""


def as_html(task: str) -> str:
    """The tables of a task, in the form of the report."""
    tables = PUBLISHED.get(task, ())
    if not tables:
        return ""
    body = "".join(f"<p>{one.title}</p>{table(one.heads, one.rows)}" for one in tables)
    return f"<h2>What the papers report</h2><p>Other networks and data: compare how, not how much.</p>{body}"
