"""From the results of samples to what the papers print: curves, areas, numbers of clicks, the worst tenth, seconds."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gbrs_core.evaluation.measures import Measure
from gbrs_core.evaluation.metrics import number_of_clicks
from gbrs_core.evaluation.runner import SampleResult

NOC_THRESHOLDS = (0.80, 0.85, 0.90, 0.95)
TARGET = 0.90
"""Where the f-BRS evaluation stops to click."""
WORST_SHARE = 0.1
PER_IMAGE = "per-image "
"""Before a score's name: the mean of the pictures' own scores, where that is not the score of the data set."""
CSV_FIELDS = ("method", "sample", "click", "x", "y", "radius", "target", "iterations", "changed_outside")


def summarise(results: Sequence[SampleResult], measure: Measure) -> dict[str, Any]:
    """Figures of one method. The results may be read from disk one by one: they are gone through once or twice.

    Scores that not all results hold, because some were kept by an earlier version, are left out.

    Returns:
        `curves`: per score name, its values after 0, 1, ... clicks over all samples; `worst_curves`: over the tenth of
        the samples (at least one) whose main score was worst after `worst_by_click` clicks: none, but one for objects,
        which all begin with nothing; `auc` and `auc_without_click_0`: the area under each curve by trapezoids, divided
        by the number of clicks, and `worst_auc` and `worst_auc_without_click_0` those of the worst tenth; `best`: the
        best of each curve; `seconds_per_click` and `seconds_per_sample` (SPC and SPI) over all clicks,
        `median_seconds`, `p95_seconds`; for objects `noc`, `failures` (samples that count the maximum),
        `true_failures` (those that never get there), and as `spc_to_target` and `spi_to_target` SPC and SPI with the
        f-BRS rule, which clicks no more from an IoU of 0.90 on.
    """
    problems: dict[str, str] = {}
    seconds: list[float] = []
    starts: list[tuple[float, str, int]] = []
    clicked: list[tuple[list[float], tuple[float, ...]]] = []
    total, begin = _Total(measure), int(measure.starts_blank)
    for place, result in enumerate(results):
        if result.problem:
            problems[result.sample] = result.problem
        if result.tallies:
            lines = total.add(result)
            seconds += result.seconds
            starts.append((lines[begin][0] * (1 if measure.is_rising else -1), result.sample, place))
            if measure.counts_clicks:
                clicked.append(([line[0] for line in lines[1:]], result.seconds))
    summary: dict[str, Any] = {"samples": len(results), "used": total.count, "problems": problems}
    if not total.count:
        return summary
    worst = _Total(measure)
    for _, _, place in sorted(starts)[: max(1, round(WORST_SHARE * len(starts)))]:
        worst.add(results[place])
    summary["worst_by_click"] = begin
    summary |= _areas(total.curves(), worst.curves(), measure)
    if seconds:
        summary |= {
            "seconds_per_click": sum(seconds) / len(seconds),
            "seconds_per_sample": sum(seconds) / total.count,
            "median_seconds": float(np.median(seconds)),
            "p95_seconds": float(np.percentile(seconds, 95)),
        }
    if measure.counts_clicks:
        summary |= _click_counts(clicked)
    return summary


@dataclass
class _Total:
    """Adds up the tallies of samples, click by click."""

    measure: Measure
    count: int = 0
    summed: np.ndarray[Any, np.dtype[np.float64]] = field(default_factory=lambda: np.zeros(0))
    scored: np.ndarray[Any, np.dtype[np.float64]] = field(default_factory=lambda: np.zeros(0))

    def add(self, result: SampleResult) -> list[list[float]]:
        """Add a sample; its own scores after 0, 1, ... clicks."""
        tallies = np.array(result.tallies)
        lines = [self.measure.scores(tally) for tally in tallies]
        scores = np.array(lines)
        if self.count:
            known = min(self.scored.shape[1], scores.shape[1])
            self.scored = self.scored[:, :known] + scores[:, :known]
            width = min(self.summed.shape[1], tallies.shape[1])
            self.summed = self.summed[:, :width] + tallies[:, :width]
        else:
            self.summed, self.scored = tallies, scores
        self.count += 1
        return lines

    def curves(self) -> dict[str, list[float]]:
        """Of the data set; beside them the means of the pictures' own main scores where they are something else."""
        names = self.measure.names[: self.scored.shape[1]]
        means = self.scored / self.count
        pooled = [self.measure.pooled(tally) for tally in self.summed]
        lines = [means[click] if line is None else line for click, line in enumerate(pooled)]
        curves = {name: [float(line[place]) for line in lines] for place, name in enumerate(names)}
        if pooled[0] is not None:
            curves[PER_IMAGE + names[0]] = [float(value) for value in means[:, 0]]
        return curves


def _areas(curves: dict[str, list[float]], worst: dict[str, list[float]], measure: Measure) -> dict[str, Any]:
    rises = dict(zip(measure.names, measure.rises, strict=True))
    return {
        "curves": curves,
        "worst_curves": worst,
        "auc": {name: area(curve) for name, curve in curves.items()},
        "auc_without_click_0": {name: area(curve[1:]) for name, curve in curves.items()},
        "worst_auc": {name: area(curve) for name, curve in worst.items()},
        "worst_auc_without_click_0": {name: area(curve[1:]) for name, curve in worst.items()},
        "best": {name: (max if rises[name.removeprefix(PER_IMAGE)] else min)(curve) for name, curve in curves.items()},
    }


def area(curve: Sequence[float]) -> float:
    """Area under a curve by trapezoids, divided by its length; the value itself for a single point, NaN for none."""
    if not len(curve):
        return float("nan")
    return float(np.trapezoid(curve) / (len(curve) - 1)) if len(curve) > 1 else float(curve[0])


def per_click_csv(results: Iterable[SampleResult], measure: Measure) -> str:
    """One line per click (click 0: before the first) in the order of the results; equal runs give equal bytes.

    Scores are those of the picture; what a result of an earlier version does not hold stays empty.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*CSV_FIELDS, *measure.names])
    for result in results:
        writer.writerows(_click_rows(result, measure))
    return stream.getvalue()


def _click_rows(result: SampleResult, measure: Measure) -> list[list[Any]]:
    rows = []
    for index, tally in enumerate(result.tallies[: len(result.clicks) + 1]):
        row: list[Any] = [""] * 6
        if index:
            click = result.clicks[index - 1]
            outside = "" if math.isnan(click.changed_outside) else f"{click.changed_outside:.8g}"
            places = [f"{value:.8g}" for value in (click.x, click.y, click.radius, click.target)]
            row = [*places, click.iterations, outside]
        scores = [f"{value:.8g}" for value in measure.scores(np.array(tally))]
        missing = [""] * (len(measure.names) - len(scores))
        rows.append([result.method, result.sample, index, *row, *scores, *missing])
    return rows


def curves_csv(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """One line per method, score and number of clicks: over all samples, and over the worst tenth.

    Scores of a data set such as the mIoU of its summed confusion matrix do not follow from those of the samples, so
    that this file holds what `per_click_csv` cannot.
    """
    lines = ["method,score,samples,click,value"]
    for method, summary in summaries.items():
        for part, kind in (("all", "curves"), ("worst tenth", "worst_curves")):
            for name, curve in summary.get(kind, {}).items():
                lines += [f"{method},{name},{part},{index},{value:.8g}" for index, value in enumerate(curve)]
    return "\n".join(lines) + "\n"


def seconds_csv(results: Iterable[SampleResult]) -> str:
    """Seconds per click; apart from the clicks, because no two runs agree on them."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["method", "sample", "click", "seconds"])
    for result in results:
        lines = enumerate(result.seconds, start=1)
        writer.writerows([result.method, result.sample, index, f"{seconds:.4f}"] for index, seconds in lines)
    return stream.getvalue()


def _click_counts(clicked: Sequence[tuple[Sequence[float], Sequence[float]]]) -> dict[str, Any]:
    """NoC, failures, SPC and SPI of samples: scores after each click, and the seconds of those that were made."""
    scores = [np.array(line, dtype=np.float32) for line, _ in clicked]
    maximum = len(scores[0])
    counts = {
        f"{threshold:.2f}": [number_of_clicks(line, threshold, maximum) for line in scores]
        for threshold in NOC_THRESHOLDS
    }
    stopped = [
        seconds[: number_of_clicks(line, TARGET, maximum)] for line, (_, seconds) in zip(scores, clicked, strict=True)
    ]
    spent, made = sum(map(sum, stopped)), sum(map(len, stopped))
    return {
        "noc": {threshold: float(np.mean(values)) for threshold, values in counts.items()},
        "failures": {threshold: sum(value == maximum for value in values) for threshold, values in counts.items()},
        "true_failures": {
            f"{threshold:.2f}": sum(bool((line < np.float32(threshold)).all()) for line in scores)
            for threshold in NOC_THRESHOLDS
        },
        **({"spc_to_target": spent / made, "spi_to_target": spent / len(clicked)} if made else {}),
    }
