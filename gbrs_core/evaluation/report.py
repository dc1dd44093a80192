"""`report.html`: curves, tables and provenance in one file that needs nothing beside itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f")
WIDTH, HEIGHT, MARGIN = 560, 300, 46
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; } th, td { padding: 0.25rem 0.7rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } tr + tr { border-top: 1px solid #ddd; }
figure { display: inline-block; margin: 0 1rem 1.5rem 0; } figcaption { color: #666; } dt { float: left; width: 14rem; }
@media (prefers-color-scheme: dark) { body { background: #1b1b1d; color: #ddd; } tr + tr { border-color: #444; } }
"""


def html(
    title: str,
    summaries: Mapping[str, Mapping[str, Any]],
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
    names = list(next(iter(usable.values()))["curves"]) if usable else []
    parts = [f"<h1>{escape(title)}</h1>", _score_table(usable, names), _click_table(usable), _seconds_table(usable)]
    for name in names:
        for kind, caption in (("curves", "all samples"), ("worst_curves", "the worst tenth")):
            lines = {method: summary[kind][name] for method, summary in usable.items()}
            parts.append(f"<figure>{plot(lines, name)}<figcaption>{escape(name)}, {caption}</figcaption></figure>")
    parts += [published, _gallery(gallery or {}), _problems(summaries), _settings(settings)]
    body = "\n".join(part for part in parts if part)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def plot(lines: Mapping[str, Sequence[float]], name: str) -> str:
    """Curves over the clicks as an SVG picture, with a legend.

    Args:
        lines: values after 0, 1, ... clicks, by method.
        name: of the score, for readers who do not see the picture.
    """
    values = [value for line in lines.values() for value in line if value == value]
    if not values:
        return ""
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    count = max(len(line) for line in lines.values())

    def place(index: int, value: float) -> str:
        x = MARGIN + index / max(1, count - 1) * (WIDTH - MARGIN - 10)
        return f"{x:.1f},{10 + (high - value) / spread * (HEIGHT - MARGIN - 10):.1f}"

    marks = [
        f'<text x="4" y="{14 + share * (HEIGHT - MARGIN - 10):.0f}">{high - share * spread:.3g}</text>'
        for share in (0, 0.5, 1)
    ]
    marks += [
        f'<text x="{place(index, low).split(",")[0]}" y="{HEIGHT - MARGIN + 18}">{index}</text>'
        for index in range(0, count, max(1, (count - 1) // 4 or 1))
    ]
    for number, (method, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(place(index, value) for index, value in enumerate(line))
        marks.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = MARGIN + number % 5 * 105, HEIGHT - 8 - number // 5 * 14
        marks.append(f'<text x="{x}" y="{y}" style="fill:{colour}">{escape(method)}</text>')
    label = escape(f"{name} over clicks: {', '.join(lines)}")
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg {box} role="img" aria-label="{label}" font-size="11" fill="currentColor">{"".join(marks)}</svg>'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; empty without rows."""
    if not rows:
        return ""
    lines = ["<tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return "<table>" + "".join(lines) + "</table>"


def _score_table(summaries: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> str:
    rows = []
    for name in names:
        for method, summary in summaries.items():
            curve = summary["curves"][name]
            shown = [curve[index] for index in (0, 1, 5, 10, len(curve) - 1) if index < len(curve)]
            figures = [*shown, summary["auc"][name], summary["auc_without_click_0"][name], summary["best"][name]]
            rows.append([f"{name}, {method}", *(f"{value:.4g}" for value in figures)])
    if not rows:
        return ""
    count = len(rows[0]) - 4
    clicks = ["start", "1 click", "5", "10", "last"]
    heads = ["score, method", *clicks[: count - 1], "last", "AUC", "AUC without click 0", "best"]
    return "<h2>Scores</h2>" + table(heads, rows)


def _click_table(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    counted = {method: summary for method, summary in summaries.items() if "noc" in summary}
    if not counted:
        return ""
    thresholds = list(next(iter(counted.values()))["noc"])
    heads = ["method", *(f"NoC@{threshold[2:]}" for threshold in thresholds)]
    heads += [f"never {threshold[2:]}" for threshold in thresholds]
    rows = [
        [
            method,
            *(f"{summary['noc'][threshold]:.2f}" for threshold in thresholds),
            *(str(summary["true_failures"][threshold]) for threshold in thresholds),
        ]
        for method, summary in counted.items()
    ]
    return "<h2>Clicks to a good mask</h2>" + table(heads, rows)


def _seconds_table(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    keys = ("seconds_per_click", "median_seconds", "p95_seconds", "seconds_per_sample")
    rows = [
        [method, *(f"{summary[key]:.3f}" for key in keys)]
        for method, summary in summaries.items()
        if all(key in summary for key in keys)
    ]
    return "<h2>Seconds</h2>" + table(["method", "per click", "median", "95 %", "per sample"], rows) if rows else ""


def _gallery(gallery: Mapping[str, Sequence[str]]) -> str:
    shown = {method: [figure for figure in figures if figure] for method, figures in gallery.items()}
    lines = [f"<h3>{escape(method)}</h3>" + "".join(figures) for method, figures in shown.items() if figures]
    if not lines:
        return ""
    note = (
        "The prediction after the last click; clicks with their attention radii, for objects the true outline in white."
    )
    return f"<h2>Best, median and worst samples</h2><p>{note}</p>" + "".join(lines)


def _problems(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [method, sample, problem]
        for method, summary in summaries.items()
        for sample, problem in summary["problems"].items()
    ]
    return "<h2>Samples with problems</h2>" + table(["method", "sample", "problem"], rows) if rows else ""


def _settings(settings: Mapping[str, Any]) -> str:
    items = "".join(f"<dt>{escape(key)}</dt><dd>{escape(str(value))}</dd>" for key, value in settings.items())
    return f"<h2>Settings and provenance</h2><dl>{items}</dl>"
