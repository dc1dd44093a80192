"""Writes the tables of docs/results.md anew from the figures in docs/results/.

    python -m tests.benchmarks.results_page            # from the committed figures
    python -m tests.benchmarks.results_page FOLDER     # take the figures of new runs over first

The figures are what `main.py evaluate` writes: `per_click.csv`, `curves.csv` and `seconds.csv`, one folder per run. In
the page a table stands between `<!-- RUN -->` and `<!-- end -->`; everything else on it is written by people.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np

from gbrs_core.evaluation.metrics import number_of_clicks
from gbrs_core.evaluation.summary import area

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results.md"
FIGURES = ROOT / "docs" / "results"
FILES = ("per_click.csv", "curves.csv", "seconds.csv")
SHOWN = (0, 1, 5, 10, 20)
BLOCK = re.compile(r"<!-- (?P<run>[\w-]+) -->\n.*?<!-- end -->", re.DOTALL)


def lines_of(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file; none if it is not there."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def curves_of(folder: Path) -> dict[tuple[str, str, str], list[float]]:
    """Values after 0, 1, ... clicks by (method, score, "all" | "worst tenth")."""
    curves: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for line in lines_of(folder / "curves.csv"):
        curves[line["method"], line["score"], line["samples"]].append(float(line["value"]))
    return curves


def clicks_to(threshold: float, lines: list[dict[str, str]], score: str) -> float:
    """Mean NoC over the samples of one method."""
    by_sample: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        if line["click"] != "0":
            by_sample[line["sample"]].append(float(line[score]))
    return float(np.mean([number_of_clicks(np.array(values, np.float32), threshold) for values in by_sample.values()]))


def table(folder: Path) -> str:
    """The table of a run in Markdown: the main score, and for objects the numbers of clicks."""
    curves, clicks = curves_of(folder), lines_of(folder / "per_click.csv")
    score = next(name for _, name, _ in curves)
    is_object = score == "IoU"
    count = max(len(curve) for curve in curves.values()) - 1
    shown = [click for click in SHOWN if click <= count and (click or not is_object)]
    heads = ["method", *(["NoC@85", "NoC@90"] if is_object else [])]
    heads += [f"{score} after {click}" for click in shown]
    heads += ["AUC", "AUC, worst tenth", "changed outside", "s/click"]
    rows = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for method in dict.fromkeys(method for method, _, _ in curves):
        own = [line for line in clicks if line["method"] == method]
        curve = curves[method, score, "all"]
        cells = [f"`{method}`"]
        if is_object:
            cells += [f"{clicks_to(threshold, own, score):.2f}" for threshold in (0.85, 0.90)]
        cells += [f"{curve[click]:.3f}" for click in shown]
        cells += [f"{area(curve):.3f}", f"{area(curves[method, score, 'worst tenth']):.3f}"]
        cells += [outside(own), seconds(folder, method)]
        rows.append("| " + " | ".join(cells) + " |")
    samples = len({line["sample"] for line in clicks})
    return f"{samples} samples.\n\n" + "\n".join(rows)


def outside(lines: list[dict[str, str]]) -> str:
    """Mean share of the pixels outside the attention radius that a click changed."""
    shares = [float(line["changed_outside"]) for line in lines if line["changed_outside"]]
    return f"{np.mean(shares):.1%}" if shares else "–"


def seconds(folder: Path, method: str) -> str:
    """Median seconds per click."""
    values = [float(line["seconds"]) for line in lines_of(folder / "seconds.csv") if line["method"] == method]
    return f"{np.median(values):.2f}" if values else "–"


def rewritten(page: str, figures: Path) -> str:
    """The page with every table made anew; one without figures stays as it is."""

    def block(found: re.Match[str]) -> str:
        folder = figures / found["run"]
        if not (folder / "curves.csv").is_file():
            return found[0]
        return f"<!-- {found['run']} -->\n{table(folder)}\n<!-- end -->"

    return BLOCK.sub(block, page)


def main() -> int:
    """Copy new figures, then write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="folder of runs of `main.py evaluate`, one folder each")
    args = parser.parse_args()
    for path in sorted(args.folder.glob("*/curves.csv")) if args.folder else ():
        target = FIGURES / path.parent.name
        target.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(path.parent / name, target / name)
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), FIGURES), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
