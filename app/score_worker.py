"""Scores predictions against the ground truth and finds next clicks: too slow for the window on large photographs."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
from PySide6.QtCore import Slot

from app.messages import Request
from app.score_messages import (
    ClickProposed,
    ForgetTruth,
    PlaceSuggested,
    ProposeClick,
    ReadTruth,
    Scored,
    ScoreStandings,
    Standing,
    SuggestPlace,
    TruthRead,
)
from app.threads import Worker
from app.worker_failures import failure
from gbrs_core import enlarging
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.measures import MEASURES, Measure
from gbrs_core.evaluation.policies import POLICIES, placed
from gbrs_core.evaluation.truth import TruthOptions, read_truth, with_trimap
from gbrs_core.interaction import Click
from gbrs_core.prediction import OutputKind, Prediction
from gbrs_core.suggestion import mask_uncertainty, most_uncertain
from gbrs_core.task_catalog import TASKS


class ScoreWorker(Worker):
    """Works through requests in order, scores last; of several requests for scores only the newest counts."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._scoring: ScoreStandings | None = None
        self._is_closed = False
        self._truths: dict[str, tuple[int, DenseExample, Measure]] = {}

    def post(self, request: Request) -> None:
        """Leave a request; safe on any thread."""
        with self._lock:
            if self._is_closed:
                return
            if isinstance(request, ScoreStandings):
                self._scoring = request
            else:
                self._requests.append(request)

    def close(self) -> None:
        """Take nothing new; the prediction that is being scored is finished."""
        with self._lock:
            self._is_closed = True
            self._requests.clear()
            self._scoring = None

    @Slot()
    def work(self) -> None:
        """Do everything that is waiting."""
        while (request := self._take()) is not None:
            self._handle(request)

    def _take(self) -> Request | None:
        """The next request; of scores only the first prediction, because something newer may come meanwhile."""
        with self._lock:
            if self._requests:
                return self._requests.pop(0)
            if self._scoring is None or not self._scoring.standings:
                return None
            first, *rest = self._scoring.standings
            request, self._scoring = self._scoring, replace(self._scoring, standings=tuple(rest))
            return replace(request, standings=(first,))

    def _handle(self, request: Request) -> None:
        what = _FAILURES.get(type(request), "The request failed")
        try:
            if isinstance(request, ReadTruth):
                self._read(request)
            elif isinstance(request, ForgetTruth):
                self._truths.pop(request.task, None)
            elif isinstance(request, ScoreStandings):
                self._score(request)
            elif isinstance(request, ProposeClick):
                self._propose(request)
            elif isinstance(request, SuggestPlace):
                self.reported.emit(_suggestion(request))
        except Exception as error:  # noqa: BLE001 - the border of the thread
            self.reported.emit(failure(request, what, error))

    def _read(self, request: ReadTruth) -> None:
        options = TruthOptions(request.class_count, request.depth_limits)
        example, truth = read_truth(request.path, request.task, request.image, options)
        measure = MEASURES[request.task](request.class_count or None).brief()
        self._truths[request.task] = request.request_id, example, measure
        self.reported.emit(
            TruthRead(request.request_id, request.path, request.task, measure.names, measure.rises, truth.notes)
        )

    def _score(self, request: ScoreStandings) -> None:
        found = self._truth(request)
        if found is None:
            return
        truth, measure = found
        for standing in request.standings:
            prediction, example = _seen(request.task, standing, truth)
            scores = tuple(measure.scores(measure.tally(prediction, example)))
            self.reported.emit(Scored(request.request_id, request.truth_id, standing.key, scores))

    def _propose(self, request: ProposeClick) -> None:
        found = self._truth(request)
        if found is not None:
            truth, measure = found
            prediction, example = _seen(request.task, request.standing, truth)
            clicks = [_inside(click, example.target.shape) for click in request.clicks]
            click = measure.next_click(prediction, example, clicks)
            if click is not None:
                click = placed(POLICIES[request.clicker], click, measure, example, len(clicks))
            self.reported.emit(ClickProposed(request.request_id, click))

    def _truth(self, request: ScoreStandings | ProposeClick) -> tuple[DenseExample, Measure] | None:
        """The truth that is meant and how it is scored; None if it was replaced meanwhile."""
        known = self._truths.get(request.task)
        return known[1:] if known is not None and known[0] == request.truth_id else None


_FAILURES: dict[type[Request], str] = {
    ReadTruth: "The ground truth was not loaded",
    ScoreStandings: "The prediction was not scored",
    ProposeClick: "The simulated annotator found no click",
    SuggestPlace: "No click was suggested",
}


def _seen(task: str, standing: Standing, truth: DenseExample) -> tuple[Prediction, DenseExample]:
    """A prediction, and the truth as it counts for it."""
    example = with_trimap(truth, standing.trimap.values if standing.trimap is not None else None)
    return _prediction(task, standing, example), example


def _prediction(task: str, standing: Standing, example: DenseExample) -> Prediction:
    """The prediction at image size, exactly as exports and the protocol of the papers have it."""
    height, width = example.target.shape
    kind, estimate = TASKS[task].output_kind, standing.estimate
    if estimate is None:
        return Prediction(np.full((height, width), -1.0, np.float32), kind)
    if kind is OutputKind.LABEL_MAP:
        assert estimate.details is not None, "a label map comes with its scores"
        return Prediction(enlarging.label_map(estimate.details.scores, height, width), kind)
    values = enlarging.enlarged(estimate.values, height, width)
    if kind is OutputKind.ALPHA_MATTE:
        return Prediction(enlarging.imposed(values, example.guidance), kind)
    if kind is OutputKind.MASK:
        values = values - np.float32(standing.key.logit_threshold)
    return Prediction(values, kind)


def _suggestion(request: SuggestPlace) -> PlaceSuggested:
    uncertainty = request.uncertainty
    if uncertainty is None:
        assert request.logits is not None, "either of both"
        uncertainty = mask_uncertainty(request.logits, request.logit_threshold)
    height, width = uncertainty.shape
    across, down = request.size[1] / width, request.size[0] / height
    clicks = [
        replace(click, x=(click.x + 0.5) / across - 0.5, y=(click.y + 0.5) / down - 0.5) for click in request.clicks
    ]
    found = most_uncertain(uncertainty, clicks)
    if found is None:
        return PlaceSuggested(request.request_id, None)
    place = (found.x + 0.5) * across - 0.5, (found.y + 0.5) * down - 0.5
    return PlaceSuggested(request.request_id, place, found.radius * max(across, down), found.uncertainty)


def _inside(click: Click, shape: tuple[int, ...]) -> Click:
    """A click on the outermost half pixel is on the outermost pixel."""
    x, y = min(max(click.x, 0.0), shape[1] - 1.0), min(max(click.y, 0.0), shape[0] - 1.0)
    return replace(click, x=x, y=y)
