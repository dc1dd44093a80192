"""What the papers report, with one's own figures of the same kind below: the same protocol, other networks and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from gbrs_core.evaluation.report import table

Cell = tuple[str, str]
"""(method, figure): what of one's own belongs into a column; figures are those of `_figure`."""
HERE = "here"
_NONE = "–"


@dataclass(frozen=True)
class PublishedTable:
    """A table as printed.

    Attributes:
        title: source and what is measured.
        heads: of the columns.
        rows: of text.
        own: rows for one's own figures: what its first column says, then a cell for each other one.
        unit: what one's own figures are multiplied with to be in the table's unit.
        layouts: the layout of each column but the first, for tables whose columns are data sets.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    own: Sequence[tuple[str, Sequence[Cell | None]]] = ()
    unit: float = 1.0
    layouts: Sequence[str] = ()


_GBRS = "G-BRS (Lin, Price and Martinez, CVPR 2022)"
_CURVES = "all samples and the worst tenth, 20 clicks"
_INPUT = PublishedTable(
    f"{_GBRS}, table 1: refining the input on SBD, mIoU",
    ("method", "BRS loss: AUC", "best", "consistency loss: AUC", "best"),
    (
        ("distmap-brs", "0.832", "0.894", "0.845", "0.891"),
        ("rgb-brs", "0.853", "0.908", "0.851", "0.905"),
    ),
    tuple(
        (f"{name}, {HERE}", ((f"{name}:lbfgs", "auc"), (f"{name}:lbfgs", "best"), (name, "auc"), (name, "best")))
        for name in ("distmap-brs", "rgb-brs")
    ),
)
_SECONDS_HEADS = ("data set", "rgb-brs: AUC", "seconds per click", "bmconv: AUC", "seconds per click")
_SECONDS = f"{_GBRS}, table 3: RGB-BRS against bmconv on an RTX 2080 Ti"
_OWN_SECONDS = ((HERE, (("rgb-brs", "auc"), ("rgb-brs", "seconds"), ("bmconv", "auc"), ("bmconv", "seconds"))),)
_NOLC_HEADS = ("data set", "sb", "bmsb", "bmsb-m", "bmconv")
_NOLC = f"{_GBRS}, table 2: AUC without the consistency loss"
_OWN_NOLC = (
    (HERE, tuple((f"{layer}:nolc", "auc") for layer in _NOLC_HEADS[1:])),
    (f"{HERE}, with the consistency loss", tuple((layer, "auc") for layer in _NOLC_HEADS[1:])),
)
_THOUSANDTHS = 0.001
"""From the MSE in thousandths, as it is measured here, to the papers' in tables 2 and 3."""

PUBLISHED: Mapping[str, tuple[PublishedTable, ...]] = {
    "interactive": (
        _INPUT,
        PublishedTable(_NOLC, _NOLC_HEADS, (("SBD", "0.843", "0.832", "0.853", "0.846"),), _OWN_NOLC),
        PublishedTable(_SECONDS, _SECONDS_HEADS, (("SBD", "0.851", "1.542", "0.859", "0.584"),), _OWN_SECONDS),
        PublishedTable(
            f"{_GBRS}, figure 2a: bmconv on SBD, {_CURVES}",
            ("data set", "AUC", "AUC of the worst tenth", "best mIoU"),
            (("SBD", "0.859", "0.694", "0.918"),),
            ((HERE, (("bmconv", "auc"), ("bmconv", "worst auc"), ("bmconv", "best"))),),
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
            layouts=("grabcut", "berkeley", "davis", "sbd", "coco_mval"),
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
            (
                (
                    HERE,
                    tuple(("bmconv", figure) for figure in ("start", "click 10", "click 20", "auc", "worst auc")),
                ),
            ),
        ),
        PublishedTable(
            _NOLC,
            _NOLC_HEADS,
            (
                ("Cityscapes", "0.881", "0.889", "0.886", "0.883"),
                ("Mapillary Vistas", "0.737", "0.742", "0.739", "0.738"),
            ),
            _OWN_NOLC,
        ),
        PublishedTable(
            f"{_SECONDS}, 1024 x 512",
            _SECONDS_HEADS,
            (
                ("Cityscapes", "0.882", "8.361", "0.869", "5.727"),
                ("Mapillary Vistas", "0.675", "8.125", "0.673", "5.130"),
            ),
            _OWN_SECONDS,
        ),
    ),
    "matting": (
        PublishedTable(
            f"{_GBRS}, section 3.4: bmconv on Composition-1k, MSE x1e3, {_CURVES}",
            ("data set", "start", "after 20 clicks", "AUC", "AUC of the worst tenth"),
            (("Composition-1k", "14.420", "9.146", "10.763", "11.713"),),
            ((HERE, tuple(("bmconv", figure) for figure in ("start", "click 20", "auc", "worst auc"))),),
        ),
        PublishedTable(
            f"{_NOLC}, MSE",
            _NOLC_HEADS,
            (("Composition-1k", "0.0125", "0.0108", "0.0109", "0.0112"),),
            _OWN_NOLC,
            _THOUSANDTHS,
        ),
        PublishedTable(
            f"{_SECONDS}, MSE",
            _SECONDS_HEADS,
            (("Composition-1k", "0.0100", "2.473", "0.0108", "1.383"),),
            _OWN_SECONDS,
            _THOUSANDTHS,
        ),
    ),
    "depth": (
        PublishedTable(
            f"{_GBRS}, section 3.5: bmconv on NYU Depth V2, d1, {_CURVES}",
            ("samples", "start", "end (all: after 10 clicks)", "AUC"),
            (("all", "0.885", "0.983", "0.963"), ("worst tenth", "0.551", "0.963", "0.897")),
            (
                (f"all, {HERE}", (("bmconv", "start"), ("bmconv", "click 10"), ("bmconv", "auc"))),
                (f"worst tenth, {HERE}", (("bmconv", "worst start"), ("bmconv", "worst end"), ("bmconv", "worst auc"))),
            ),
        ),
        PublishedTable(_NOLC, _NOLC_HEADS, (("NYU Depth V2", "0.955", "0.962", "0.956", "0.955"),), _OWN_NOLC),
        PublishedTable(_SECONDS, _SECONDS_HEADS, (("NYU Depth V2", "0.961", "3.205", "0.963", "2.107"),), _OWN_SECONDS),
    ),
}
"""By task."""


def as_html(task: str, summaries: Mapping[str, Mapping[str, Any]] | None = None, layout: str = "") -> str:
    """The tables of a task, in the form of the report.

    Args:
        task: whose tables.
        summaries: one's own, by method; what of them is of the same kind stands below the papers' figures.
        layout: of one's own data.
    """
    tables = PUBLISHED.get(task, ())
    if not tables:
        return ""
    usable = {method: summary for method, summary in (summaries or {}).items() if "curves" in summary}
    body = "".join(f"<p>{escape(one.title)}</p>{_table(one, usable, layout)}" for one in tables)
    note = (
        "Other networks and data: compare how, not how much. The papers do not say whether an area counts the "
        "prediction before the first click: figures from here are with / without it."
    )
    return f'<h2>What the papers report</h2><p class="note">{note}</p>{body}'


def _table(one: PublishedTable, summaries: Mapping[str, Mapping[str, Any]], layout: str) -> str:
    own = [
        [title, *(_NONE if cell is None else _figure(summaries.get(cell[0]), cell[1], one.unit) for cell in cells)]
        for title, cells in one.own
    ]
    if layout in one.layouts:
        place = one.layouts.index(layout)
        own += [
            [
                f"{method}, {HERE}",
                *(_clicks(summary) if place == column else _NONE for column in range(len(one.layouts))),
            ]
            for method, summary in summaries.items()
        ]
    shown = [row for row in own if set(row[1:]) != {_NONE}]
    return table(one.heads, [*one.rows, *shown], own=len(shown))


def _clicks(summary: Mapping[str, Any]) -> str:
    return f"{summary['noc']['0.85']:.2f} / {summary['noc']['0.90']:.2f}"


def _figure(summary: Mapping[str, Any] | None, figure: str, unit: float) -> str:
    """A figure of the main score as text; a dash where there is none."""
    if summary is None:
        return _NONE
    if figure == "seconds":
        return f"{summary['seconds_per_click']:.3f}" if "seconds_per_click" in summary else _NONE
    name = next(iter(summary["curves"]))
    kind, figure = ("worst_", figure.removeprefix("worst ")) if figure.startswith("worst ") else ("", figure)
    curve = summary[f"{kind}curves"][name]
    if figure == "auc":
        values = [summary[f"{kind}auc"][name], summary[f"{kind}auc_without_click_0"][name]]
    elif figure == "best":
        values = [summary["best"][name]]
    else:
        click = {"start": 0, "end": len(curve) - 1}.get(figure)
        click = int(figure.removeprefix("click ")) if click is None else click
        values = [curve[click]] if click < len(curve) else []
    return " / ".join(f"{value * unit:.{3 if unit == 1 else 4}f}" for value in values) or _NONE
