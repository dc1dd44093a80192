"""From the results of samples to what the papers print: curves, areas, numbers of clicks, the worst tenth, seconds."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gbrs_core.evaluation.measures import Measure
from gbrs_core.evaluation.metrics import number_of_clicks
from gbrs_core.evaluation.runner import SampleResult, tally_curve

NOC_THRESHOLDS = (0.80, 0.85, 0.90, 0.95)
WORST_SHARE = 0.1
CSV_FIELDS = ("method", "sample", "click", "x", "y", "radius", "target", "iterations", "changed_outside")


def summarise(results: Sequence[SampleResult], measure: Measure) -> dict[str, Any]:
    """Figures of one method.

    Returns:
        `curves`: per score name, its values after 0, 1, ... clicks over all samples; `worst_curves`: over the tenth of
        the samples (at least one) whose main score was worst before the first click; `auc` and `auc_without_click_0`:
        the area under each curve by trapezoids, divided by the number of clicks; `best`: the best of each curve;
        `seconds_per_click` and `seconds_per_sample` (the f-BRS SPC and SPI), `median_seconds`, `p95_seconds`; for
        objects `noc`, `failures` (samples that count the maximum) and `true_failures` (those that never get there).
    """
    usable = [result for result in results if result.tallies]
    seconds = [second for result in usable for second in result.seconds]
    summary: dict[str, Any] = {
        "samples": len(results),
        "used": len(usable),
        "problems": {result.sample: result.problem for result in results if result.problem},
    }
    if not usable:
        return summary
    count = len(usable[0].tallies)
    summary["curves"] = _curves(usable, measure, count)
    summary["worst_curves"] = _curves(worst_tenth(usable, measure), measure, count)
    summary["auc"] = {name: area(curve) for name, curve in summary["curves"].items()}
    summary["auc_without_click_0"] = {name: area(curve[1:]) for name, curve in summary["curves"].items()}
    rises = dict(zip(measure.names, measure.rises, strict=True))
    summary["best"] = {name: (max if rises[name] else min)(curve) for name, curve in summary["curves"].items()}
    if seconds:
        summary["seconds_per_click"] = sum(seconds) / len(seconds)
        summary["seconds_per_sample"] = sum(seconds) / len(usable)
        summary["median_seconds"] = float(np.median(seconds))
        summary["p95_seconds"] = float(np.percentile(seconds, 95))
    if measure.names == ("IoU",):
        summary.update(_click_counts(usable, count - 1))
    return summary


def worst_tenth(results: Sequence[SampleResult], measure: Measure) -> list[SampleResult]:
    """The tenth with the worst main score before the first click; for objects after it, because all begin at 0."""
    begin = 1 if measure.names == ("IoU",) and len(results[0].tallies) > 1 else 0
    sign = 1.0 if measure.is_rising else -1.0

    def key(result: SampleResult) -> tuple[float, str]:
        return sign * measure.scores(np.array(result.tallies[begin]))[0], result.sample

    return sorted(results, key=key)[: max(1, round(WORST_SHARE * len(results)))]


def area(curve: Sequence[float]) -> float:
    """Area under a curve by trapezoids, divided by its length; the value itself for a single point."""
    return float(np.trapezoid(curve) / (len(curve) - 1)) if len(curve) > 1 else float(curve[0])


def per_click_csv(results: Sequence[SampleResult], measure: Measure) -> str:
    """One line per click (click 0: before the first), sorted by method and sample; equal runs give equal bytes."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*CSV_FIELDS, *measure.names])
    for result in sorted(results, key=lambda one: (one.method, one.sample)):
        for index, tally in enumerate(result.tallies[: len(result.clicks) + 1]):
            row: list[Any] = [""] * 6
            if index:
                click = result.clicks[index - 1]
                outside = "" if math.isnan(click.changed_outside) else f"{click.changed_outside:.8g}"
                places = [f"{value:.8g}" for value in (click.x, click.y, click.radius, click.target)]
                row = [*places, click.iterations, outside]
            scores = [f"{value:.8g}" for value in measure.scores(np.array(tally))]
            writer.writerow([result.method, result.sample, index, *row, *scores])
    return stream.getvalue()


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


def _curves(results: Sequence[SampleResult], measure: Measure, count: int) -> dict[str, list[float]]:
    totals = [measure.total(tally_curve(results, index)) for index in range(count)]
    return {name: [total[place] for total in totals] for place, name in enumerate(measure.names)}


def _click_counts(results: Sequence[SampleResult], maximum: int) -> dict[str, Any]:
    scores = [np.array([tally[0] for tally in result.tallies[1:]], dtype=np.float32) for result in results]
    counts = {
        f"{threshold:.2f}": [number_of_clicks(line, threshold, maximum) for line in scores]
        for threshold in NOC_THRESHOLDS
    }
    return {
        "noc": {threshold: float(np.mean(values)) for threshold, values in counts.items()},
        "failures": {threshold: sum(value == maximum for value in values) for threshold, values in counts.items()},
        "true_failures": {
            f"{threshold:.2f}": sum(bool((line < np.float32(threshold)).all()) for line in scores)
            for threshold in NOC_THRESHOLDS
        },
    }
