"""Runs methods over the samples of a data set; what is done is kept, so that a run can be ended and gone on with."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np

from gbrs_core.atomic import atomic_write
from gbrs_core.errors import DivergedError, GbrsError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.gallery import picture
from gbrs_core.evaluation.layout_files import SampleError
from gbrs_core.evaluation.layouts import Sample
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


def as_it_is(example: DenseExample) -> DenseExample:
    """Nothing is done to it."""
    return example


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
        prepare: what is done to every example first, such as a crop of what counts; SampleError if it cannot be.
    """

    measure: Measure
    methods: dict[str, Callable[[DenseExample], Method]]
    policy: Policy
    click_count: int
    seed: int
    folder: Path
    settings: dict[str, Any]
    has_pictures: bool = True
    prepare: Callable[[DenseExample], DenseExample] = as_it_is


def run(plan: Plan, samples: Sequence[Sample]) -> Iterator[SampleResult]:
    """The results of all samples with all methods, one by one; those that are kept already are not computed again.

    One example is held at a time, so that a data set may be larger than the memory.

    Raises:
        GbrsError: a result cannot be written.
    """
    for sample in samples:
        example: DenseExample | SampleError | None = None
        for name, make in plan.methods.items():
            result = kept_result(plan, name, sample.name)
            if result is None:
                example = example or _loaded(plan, sample)
                result, prediction = _tried(plan, name, make, example, sample.name)
                _keep(plan, result, prediction, example)
            yield result


def kept_result(plan: Plan, method: str, sample: str) -> SampleResult | None:
    """What an earlier run kept of a sample; None if it is to be clicked still."""
    result = read_result(result_path(plan.folder, method, sample))
    return result if result is not None and (result.sample, result.method) == (sample, method) else None


def _tried(
    plan: Plan, name: str, make: Callable[[DenseExample], Method], example: DenseExample | SampleError, sample: str
) -> tuple[SampleResult, Prediction | None]:
    """What comes of a sample, and what the method ended with; samples that cannot be used give their problem."""
    objection = str(example) if isinstance(example, SampleError) else plan.measure.objection(example)
    if objection or isinstance(example, SampleError):
        return SampleResult(sample, name, problem=objection), None
    return clicked(plan, name, make, example)


def _keep(plan: Plan, result: SampleResult, prediction: Prediction | None, example: DenseExample | SampleError) -> None:
    """Write the picture, then the result, which says that all is there. Raises GbrsError."""
    try:
        if plan.has_pictures and prediction is not None and isinstance(example, DenseExample):
            _write_picture(picture_path(plan.folder, result.method, result.sample), example, prediction, result)
        _write(result_path(plan.folder, result.method, result.sample), result)
    except OSError as error:
        raise GbrsError(
            f"cannot write into {plan.folder}: {error.strerror or error}; what is finished is kept, run it again"
        ) from error


def clicked(
    plan: Plan, name: str, make: Callable[[DenseExample], Method], example: DenseExample
) -> tuple[SampleResult, Prediction | None]:
    """Click one example to its end; also what the method ended with, None if it never predicted."""
    measure, clicks, rows, seconds = plan.measure, list[Click](), list[ClickRow](), list[float]()
    tallies: list[tuple[float, ...]] = []
    problem, prediction = "", None
    try:
        method = make(example)
        prediction = _finite(method.prediction)
        tallies.append(tuple(measure.tally(prediction, example).tolist()))
        for index in range(plan.click_count):
            click = measure.next_click(prediction, example, clicks)
            if click is None:
                break
            click = placed(plan.policy, click, measure, example, index, plan.seed)
            answer = method.click(click)
            clicks.append(click)
            prediction = _finite(answer.prediction)
            rows.append(
                ClickRow(click.x, click.y, click.radius, click.target, answer.iterations, answer.changed_outside)
            )
            seconds.append(answer.seconds)
            tallies.append(tuple(measure.tally(prediction, example).tolist()))
    except GbrsError as error:
        # A picture that the network cannot take must not end the others.
        problem = str(error)
    if tallies:
        tallies += [tallies[-1]] * (plan.click_count + 1 - len(tallies))
    return SampleResult(example.name, name, tuple(rows), tuple(tallies), tuple(seconds), problem), prediction


def _finite(prediction: Prediction) -> Prediction:
    """The prediction. Raises DivergedError where it is no number: it can be neither clicked nor scored."""
    if not np.isfinite(prediction.array).all():
        raise DivergedError("the network's prediction is not finite")
    return prediction


def result_path(folder: Path, method: str, sample: str) -> Path:
    """Where the result of a sample is kept."""
    return folder / "samples" / _file_name(method) / (_unique_name(sample) + ".json")


def picture_path(folder: Path, method: str, sample: str) -> Path:
    """Where the picture of how a sample ended is kept."""
    return folder / "pictures" / _file_name(method) / (_unique_name(sample) + ".jpg")


def _unique_name(sample: str) -> str:
    """A file name of its own for every sample, whatever characters its name has."""
    name = _file_name(sample)
    return name if name == sample else f"{name}-{hashlib.blake2b(sample.encode(), digest_size=4).hexdigest()}"


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.@-]", "_", text.replace(":", "-"))


def read_result(path: Path) -> SampleResult | None:
    """A kept result; None if there is none, or it was not written to its end."""
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
        return _result_of(entry) if entry["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _result_of(entry: dict[str, Any]) -> SampleResult:
    rows = (
        {**row, "changed_outside": math.nan if row["changed_outside"] is None else row["changed_outside"]}
        for row in entry["clicks"]
    )
    return SampleResult(
        sample=entry["sample"],
        method=entry["method"],
        clicks=tuple(ClickRow(**row) for row in rows),
        tallies=tuple(tuple(tally) for tally in entry["tallies"]),
        seconds=tuple(entry["seconds"]),
        problem=entry["problem"],
    )


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


def _loaded(plan: Plan, sample: Sample) -> DenseExample | SampleError:
    try:
        return plan.prepare(sample.load())
    except SampleError as error:
        return error


@dataclass(frozen=True)
class KeptResults(Sequence[SampleResult]):
    """Results on disk, each read when it is asked for: a confusion matrix per click is large.

    Attributes:
        plan: whose results.
        keys: (method, sample) of each.
    """

    plan: Plan
    keys: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> SampleResult: ...

    @overload
    def __getitem__(self, index: slice) -> KeptResults: ...

    def __getitem__(self, index: int | slice) -> SampleResult | KeptResults:
        """Raises GbrsError if the result has gone since."""
        if isinstance(index, slice):
            return replace(self, keys=self.keys[index])
        result = kept_result(self.plan, *self.keys[index])
        if result is None:
            raise GbrsError(f"{result_path(self.plan.folder, *self.keys[index])} is not there any more; run it again")
        return result
