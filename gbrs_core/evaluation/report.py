"""`report.html`: curves, tables, pictures and provenance in one file that needs nothing beside itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from gbrs_core.evaluation.plots import banded_plot, plot, scale_for

Summaries = Mapping[str, Mapping[str, Any]]
SMALL = 250, 170
"""Width and height of the plots of single methods."""
_CLICKS = (0, 1, 5, 10, 20)
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ddd; } h3 { margin-bottom: 0.3rem; } .note { color: #666; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; font-size: 14px; }
th, td { padding: 0.2rem 0.7rem; text-align: right; font-variant-numeric: tabular-nums; } th { vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; } tr + tr { border-top: 1px solid #ddd; }
tr.own { background: #eaf2fc; } td.best { font-weight: 600; }
table.text th, table.text td { text-align: left; }
figure { display: inline-block; margin: 0 1rem 1.5rem 0; vertical-align: top; max-width: 100%; }
figure svg, figure img { max-width: 100%; height: auto; }
figcaption { color: #666; max-width: 620px; } .gallery figcaption { max-width: 320px; }
dl { display: grid; grid-template-columns: max-content auto; gap: 0.1rem 1.5rem; } dt { color: #666; }
dd { margin: 0; overflow-wrap: anywhere; } details { margin: 1rem 0; } summary { cursor: pointer; }
@media (prefers-color-scheme: dark) {
  body { background: #1b1b1d; color: #ddd; } h2, tr + tr { border-color: #444; } tr.own { background: #22344a; }
  .note, figcaption, dt { color: #aaa; }
}
"""


def html(
    title: str,
    summaries: Summaries,
    settings: Mapping[str, Any],
    gallery: Mapping[str, Sequence[str]] | None = None,
    published: str = "",
) -> str:
    """The report.

    Args:
        title: task and data set.
        summaries: by method, as `gbrs_core.evaluation.summary.summarise` gives them.
        settings: shown as they are: provenance.
        gallery: figures by method, as pieces of HTML.
        published: what the papers report, as a piece of HTML.
    """
    usable = {method: summary for method, summary in summaries.items() if "curves" in summary}
    names = list(dict.fromkeys(name for summary in usable.values() for name in summary["curves"]))
    parts = [f"<h1>{escape(title)}</h1>", _introduction(summaries, settings)]
    if names:
        parts += [_main_score(usable, names[0]), _click_table(usable), _seconds_table(usable)]
        parts.append(_other_scores(usable, names[1:]))
    parts += [published, _gallery(gallery or {}), _problems(summaries), _settings(settings)]
    body = "\n".join(part for part in parts if part)
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, own: int = 0, kind: str = "", best: Sequence[str] = ()
) -> str:
    """A table; empty without rows.

    Args:
        heads: of the columns.
        rows: of text.
        own: how many of the last rows are this evaluation's, beside those of others.
        kind: "text" for columns that are no numbers.
        best: for each column the figure that is to stand out wherever it stands; empty for no column.
    """
    if not rows:
        return ""
    lines = ["<tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>"]
    for number, row in enumerate(rows):
        marks = ["best" if best and cell and cell == best[place] else "" for place, cell in enumerate(row)]
        cells = "".join(f"<td{_class(mark)}>{escape(cell)}</td>" for mark, cell in zip(marks, row, strict=True))
        lines.append(f"<tr{_class('own' if number >= len(rows) - own else '')}>{cells}</tr>")
    return f'<div class="wide"><table{_class(kind)}>{"".join(lines)}</table></div>'


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _introduction(summaries: Summaries, settings: Mapping[str, Any]) -> str:
    counts = sorted({(summary["used"], summary["samples"]) for summary in summaries.values()})
    used = " or ".join(f"{used} of {samples}" for used, samples in counts)
    clicks, clicker = settings.get("clicks"), settings.get("clicker")
    how = f", {clicks} simulated clicks each ({clicker} clicker)" if clicks else ""
    return f'<p class="note">{escape(f"{used} samples could be used{how}.")}</p>'


def _main_score(summaries: Summaries, name: str) -> str:
    """Curves, bands and the table of the main score."""
    lines, worst = _lines(summaries, "curves", name), _lines(summaries, "worst_curves", name)
    after = max(summary.get("worst_by_click", 0) for summary in summaries.values())
    tenth = f"the tenth of the samples that was worst {'after the first click' if after else 'at the start'}"
    parts = [
        f"<h2>{escape(name)}</h2>",
        _figure(plot(lines, name), f"{name}, all samples"),
        _figure(plot(worst, name), f"{name}, {tenth}"),
        _score_table(summaries, name),
        _ladder_table(summaries, name),
        "<h3>Each method with the worst tenth</h3>",
        f'<p class="note">The line is all samples; the band reaches to {tenth} (dashed).</p>',
    ]
    scale = scale_for([*lines.values(), *worst.values()], *SMALL)
    if scale is not None:
        for number, method in enumerate(lines):
            parts.append(_figure(banded_plot(lines[method], worst[method], scale, number, name, method), method))
    return "\n".join(part for part in parts if part)


def _other_scores(summaries: Summaries, names: Sequence[str]) -> str:
    if not names:
        return ""
    parts = []
    for name in names:
        figure = _figure(plot(_lines(summaries, "curves", name), name, width=480, height=240), "all samples")
        parts.append(f"<h3>{escape(name)}</h3>{figure}{_score_table(summaries, name)}")
    return f"<h2>Other scores</h2><details><summary>{escape(', '.join(names))}</summary>{''.join(parts)}</details>"


def _lines(summaries: Summaries, kind: str, name: str) -> dict[str, Sequence[float]]:
    return {method: summary[kind][name] for method, summary in summaries.items() if name in summary[kind]}


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>" if picture else ""


def _score_table(summaries: Summaries, name: str) -> str:
    """Values on the way, and the areas with and without the prediction before the first click."""
    holding = {method: summary for method, summary in summaries.items() if name in summary["curves"]}
    last = max(len(summary["curves"][name]) for summary in holding.values()) - 1
    clicks = sorted({click for click in _CLICKS if click < last} | {last})
    keys = ("best", "auc", "auc_without_click_0", "worst_auc", "worst_auc_without_click_0")
    figures = [
        [*(summary["curves"][name][click] for click in clicks), *(summary[key][name] for key in keys)]
        for summary in holding.values()
    ]
    heads = ["method", *(f"click {click}" if click else "start" for click in clicks), "best"]
    heads += ["AUC", "AUC without click 0", "worst tenth: AUC", "without click 0"]
    # The best of a falling curve is its least value, so that it lies above the start of none that falls.
    is_rising = all(summary["best"][name] >= summary["curves"][name][0] for summary in holding.values())
    rows = [[method, *map(_number, line)] for method, line in zip(holding, figures, strict=True)]
    return table(heads, rows, best=["", *(_best(column, is_rising) for column in zip(*figures, strict=True))])


def _ladder_table(summaries: Summaries, name: str) -> str:
    """Areas by learning rate and layer, when the methods are such a ladder."""
    areas = {
        (method.partition("/")[0], method.partition("/")[2]): summary["auc"][name]
        for method, summary in summaries.items()
        if "/" in method and name in summary["auc"]
    }
    layers, rates = list(dict.fromkeys(key[0] for key in areas)), list(dict.fromkeys(key[1] for key in areas))
    if len(rates) < 2:
        return ""
    columns = [[areas.get((layer, rate), math.nan) for rate in rates] for layer in layers]
    is_rising = all(summary["best"][name] >= summary["curves"][name][0] for summary in summaries.values())
    rows = [[rate, *(_number(column[place]) for column in columns)] for place, rate in enumerate(rates)]
    found = table(["learning rate", *layers], rows, best=["", *(_best(column, is_rising) for column in columns)])
    return f"<h3>AUC by learning rate</h3>{found}"


def _best(column: Sequence[float], is_rising: bool, form: Callable[[float], str] | None = None) -> str:
    """The best figure as text; empty if there is nothing to choose."""
    form = form or _number
    known = [value for value in column if not math.isnan(value)]
    return form((max if is_rising else min)(known)) if len({form(value) for value in known}) > 1 else ""


def _clicks(value: float) -> str:
    return f"{value:.2f}"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4g}" if abs(value) >= 10 else f"{value:.3f}"


def _click_table(summaries: Summaries) -> str:
    counted = {method: summary for method, summary in summaries.items() if "noc" in summary}
    if not counted:
        return ""
    thresholds = list(next(iter(counted.values()))["noc"])
    heads = ["method", *(f"NoC@{threshold[2:]}" for threshold in thresholds)]
    heads += [f"≥ max @{threshold[2:]}" for threshold in thresholds]
    heads += [f"never {threshold[2:]}" for threshold in thresholds]
    rows = [
        [
            method,
            *(_clicks(summary["noc"][threshold]) for threshold in thresholds),
            *(str(summary["failures"][threshold]) for threshold in thresholds),
            *(str(summary["true_failures"][threshold]) for threshold in thresholds),
        ]
        for method, summary in counted.items()
    ]
    columns = list(zip(*(list(summary["noc"].values()) for summary in counted.values()), strict=True))
    best = ["", *(_best(column, False, _clicks) for column in columns), *([""] * (2 * len(thresholds)))]
    note = (
        "Mean number of clicks until the IoU is reached. The field counts a sample as failed if it takes all clicks "
        "(≥ max), also when the last one reaches the IoU; “never” counts those that do not reach it."
    )
    return f'<h2>Clicks to a good mask</h2><p class="note">{note}</p>' + table(heads, rows, best=best)


def _seconds_table(summaries: Summaries) -> str:
    keys = {
        "seconds_per_click": "per click (SPC)",
        "median_seconds": "median",
        "p95_seconds": "95 % take less",
        "seconds_per_sample": "per sample (SPI)",
        "spc_to_target": "SPC until IoU 0.90",
        "spi_to_target": "SPI until IoU 0.90",
    }
    timed = {method: summary for method, summary in summaries.items() if "seconds_per_click" in summary}
    shown = [key for key in keys if any(key in summary for summary in timed.values())]
    rows = [
        [method, *(f"{summary[key]:.3f}" if key in summary else "–" for key in shown)]
        for method, summary in timed.items()
    ]
    return "<h2>Seconds</h2>" + table(["method", *(keys[key] for key in shown)], rows) if rows else ""


def _gallery(gallery: Mapping[str, Sequence[str]]) -> str:
    shown = {method: [figure for figure in figures if figure] for method, figures in gallery.items()}
    lines = [
        f'<h3>{escape(method)}</h3><div class="gallery">{"".join(figures)}</div>'
        for method, figures in shown.items()
        if figures
    ]
    if not lines:
        return ""
    note = (
        "The prediction after the last click, with all clicks and their attention radii: green for object, red for "
        "background, yellow for a class or a value. Of objects the true outline is white."
    )
    return f'<h2>Best, median and worst samples</h2><p class="note">{note}</p>' + "".join(lines)


def _problems(summaries: Summaries) -> str:
    rows = [
        [method, sample, problem]
        for method, summary in summaries.items()
        for sample, problem in summary["problems"].items()
    ]
    return "<h2>Samples with problems</h2>" + table(["method", "sample", "problem"], rows, kind="text") if rows else ""


def _settings(settings: Mapping[str, Any]) -> str:
    items = "".join(f"<dt>{escape(key)}</dt><dd>{escape(str(value))}</dd>" for key, value in settings.items())
    return f"<h2>Settings and provenance</h2><dl>{items}</dl>"
