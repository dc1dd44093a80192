"""Runs methods over the samples of a data set; what is done is kept, so that a run can be ended and gone on with."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gbrs_core.atomic import atomic_write
from gbrs_core.errors import DivergedError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.gallery import picture
from gbrs_core.evaluation.layouts import Sample, SampleError
from gbrs_core.evaluation.measures import Measure
from gbrs_core.evaluation.methods import Method
from gbrs_core.evaluation.policies import Policy, placed
from gbrs_core.interaction import Click
from gbrs_core.prediction import Prediction

FORMAT = 1


@dataclass(frozen=True)
class ClickRow:
    """One click of one sample. Seconds are left to `SampleResult`, so that equal runs give equal rows.

    Attributes:
        x: column in image pixels.
        y: row in image pixels.
        radius: attention radius in pixels.
        target: wanted value.
        iterations: iterations run.
        changed_outside: share of the pixels outside the radius that changed; NaN if it is not measured.
    """

    x: float
    y: float
    radius: float
    target: float
    iterations: int
    changed_outside: float


@dataclass(frozen=True, eq=False)
class SampleResult:
    """One sample clicked by one method.

    Attributes:
        sample: its name.
        method: the method's name.
        clicks: what was clicked; fewer than asked for when nothing was wrong any more.
        tallies: one per click and one before the first; the last is repeated for clicks that were not needed.
        seconds: of each click.
        problem: why the sample could not be used or ended early, empty if it could.
    """

    sample: str
    method: str
    clicks: tuple[ClickRow, ...] = ()
    tallies: tuple[tuple[float, ...], ...] = ()
    seconds: tuple[float, ...] = ()
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is run.

    Attributes:
        measure: clicks and scores.
        methods: what makes each method, by name.
        policy: where the annotator clicks.
        click_count: clicks per sample; curves need all of them, so nothing stops earlier but perfection.
        seed: of the policy.
        folder: where results are kept.
        settings: everything the results depend on; a folder with other settings is not gone on with.
        has_pictures: whether a small picture of how each sample ended is kept for the report.
    """

    measure: Measure
    methods: dict[str, Callable[[DenseExample], Method]]
    policy: Policy
    click_count: int
    seed: int
    folder: Path
    settings: dict[str, Any]
    has_pictures: bool = True


def run(plan: Plan, samples: Sequence[Sample]) -> Iterator[SampleResult]:
    """The results of all samples with all methods, one by one; those that are kept already are not computed again."""
    for sample in samples:
        example: DenseExample | SampleError | None = None
        for name, make in plan.methods.items():
            path = result_path(plan.folder, name, sample.name)
            kept = read_result(path)
            if kept is None:
                if example is None:
                    example = _loaded(sample)
                if isinstance(example, SampleError):
                    kept = SampleResult(sample.name, name, problem=str(example))
                else:
                    kept, prediction = clicked(plan, name, make, example)
                    if plan.has_pictures and prediction is not None:
                        _write_picture(picture_path(plan.folder, name, sample.name), example, prediction, kept)
                _write(path, kept)
            yield kept


def clicked(
    plan: Plan, name: str, make: Callable[[DenseExample], Method], example: DenseExample
) -> tuple[SampleResult, Prediction | None]:
    """Click one example to its end; also what the method ended with, None if it never predicted."""
    measure, clicks, rows, seconds = plan.measure, list[Click](), list[ClickRow](), list[float]()
    tallies: list[tuple[float, ...]] = []
    problem, prediction = "", None
    try:
        method = make(example)
        prediction = method.prediction
        tallies.append(tuple(measure.tally(prediction, example).tolist()))
        for index in range(plan.click_count):
            click = measure.next_click(prediction, example, clicks)
            if click is None:
                break
            click = placed(plan.policy, click, measure, example, index, plan.seed)
            answer = method.click(click)
            clicks.append(click)
            prediction = answer.prediction
            rows.append(
                ClickRow(click.x, click.y, click.radius, click.target, answer.iterations, answer.changed_outside)
            )
            seconds.append(answer.seconds)
            tallies.append(tuple(measure.tally(prediction, example).tolist()))
    except DivergedError as error:
        problem = str(error)
    if tallies:
        tallies += [tallies[-1]] * (plan.click_count + 1 - len(tallies))
    return SampleResult(example.name, name, tuple(rows), tuple(tallies), tuple(seconds), problem), prediction


def result_path(folder: Path, method: str, sample: str) -> Path:
    """Where the result of a sample is kept."""
    return folder / "samples" / _file_name(method) / (_file_name(sample) + ".json")


def picture_path(folder: Path, method: str, sample: str) -> Path:
    """Where the picture of how a sample ended is kept."""
    return folder / "pictures" / _file_name(method) / (_file_name(sample) + ".jpg")


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.@-]", "_", text.replace(":", "-"))


def read_result(path: Path) -> SampleResult | None:
    """A kept result; None if there is none, or it was not written to its end."""
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(entry, dict) or entry.pop("format", None) != FORMAT:
        return None
    rows = tuple(
        ClickRow(**{**row, "changed_outside": math.nan if row["changed_outside"] is None else row["changed_outside"]})
        for row in entry.pop("clicks")
    )
    tallies = tuple(tuple(tally) for tally in entry.pop("tallies"))
    return SampleResult(clicks=rows, tallies=tallies, seconds=tuple(entry.pop("seconds")), **entry)


def _write(path: Path, result: SampleResult) -> None:
    entry = {"format": FORMAT, **asdict(result)}
    for row in entry["clicks"]:
        if math.isnan(row["changed_outside"]):
            row["changed_outside"] = None
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(entry), encoding="utf-8")


def _write_picture(path: Path, example: DenseExample, prediction: Prediction, result: SampleResult) -> None:
    clicks = [Click(row.x, row.y, row.radius, row.target) for row in result.clicks]
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_bytes(picture(example, prediction, clicks))


def _loaded(sample: Sample) -> DenseExample | SampleError:
    try:
        return sample.load()
    except SampleError as error:
        return error


def tally_curve(results: Sequence[SampleResult], index: int) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
    """The tallies of usable results after `index` clicks."""
    return [np.array(result.tallies[index]) for result in results if result.tallies]
