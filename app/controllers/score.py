"""Scores of the open image against its ground truth: what they are now, and how every click changed them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from weakref import ref

from PySide6.QtCore import QObject, QTimer, Signal

from app.controllers.annotation import AnnotationController
from app.controllers.files import FileController
from app.controllers.network import NetworkController
from app.controllers.refinement import RefinementController
from app.messages import Failed, Report, Request
from app.score_messages import ForgetTruth, ReadTruth, Scored, ScoreStandings, Standing, TruthRead
from app.state.dense import DenseLayer
from app.state.document import Item, ResultKey
from app.state.results import Values
from app.state.score import ScoreCurve, ScoreKey, ScorePoint, Scores, TruthState, curve_csv
from gbrs_core.atomic import atomic_write
from gbrs_core.interaction import Interaction
from gbrs_core.prediction import OutputKind


class ScoreController(QObject):
    """Compares what should be scored with what is, after every change; knows one ground truth per task.

    Signals:
        changed(): the truth, the curve, or whether something is being read or scored differs.
        loaded(TruthRead): a truth was read.
        failed(Failed): a truth could not be read, a prediction not scored, a curve not written.
        hinted(str): why nothing was done, or what was done.
    """

    changed = Signal()
    loaded = Signal(object)
    failed = Signal(object)
    hinted = Signal(str)

    def __init__(
        self,
        annotation: AnnotationController,
        refinement: RefinementController,
        network: NetworkController,
        files: FileController,
        post: Callable[[Request], None],
        request_ids: count[int],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._annotation = annotation
        self._refinement = refinement
        self._network = network
        self._files = files
        self._post = post
        self._request_ids = request_ids
        self._truths: dict[str, TruthState] = {}
        self._reading: dict[int, ReadTruth] = {}
        self._scores: dict[tuple[int, ScoreKey], Scores] = {}
        self._scoring_id = 0
        self._base: tuple[ResultKey, float] | None = None
        self._known_keys: tuple[ScoreKey, ...] = ()
        self._scored_truth = 0
        self._scored_keys: tuple[ScoreKey, ...] = ()
        self._missing: list[ScoreKey] = []
        self._asked: set[ScoreKey] = set()
        self._scored_values: dict[ScoreKey, ref[Values]] = {}
        self._limits_read: dict[str, tuple[int, tuple[float, float]]] = {}
        self._update = QTimer(self, singleShot=True, interval=0)
        self._update.timeout.connect(self.update_scores)
        annotation.document_changed.connect(self._update.start)
        refinement.results_changed.connect(self._update.start)
        refinement.click_refined.connect(self._forget_replaced)
        network.changed.connect(self._on_network_changed)
        files.image_changed.connect(self._on_image_changed)

    @property
    def truth(self) -> TruthState | None:
        """The truth of the task that is worked on."""
        return self._truths.get(self._annotation.document.task)

    @property
    def is_reading(self) -> bool:
        """Whether a truth of the task is being read."""
        return any(request.task == self._annotation.document.task for request in self._reading.values())

    @property
    def curve(self) -> ScoreCurve | None:
        """The scores after every click of the active object or of the layer; None without a truth."""
        truth = self.truth
        if truth is None:
            return None
        interactions = (None, *self._clicks())
        scores = (self._scores.get((truth.truth_id, key)) for key in self._keys())
        active = self._annotation.document.active
        points = tuple(ScorePoint(*pair) for pair in zip(interactions, scores, strict=True))
        return ScoreCurve(truth, points, active.name if active is not None else "")

    # --- the truth ---

    def load(self, path: Path) -> None:
        """Read the truth of the open image for the task that is worked on; until it is there the one before stays."""
        image, task = self._files.image, self._annotation.document.task
        limits = self._limits()
        if image is None or limits is None:
            self.hinted.emit("Ground truth is for an image and a network: open an image, and wait for the network.")
            return
        request = ReadTruth(next(self._request_ids), path, task, image, *limits)
        self._reading = {id_: other for id_, other in self._reading.items() if other.task != task}
        self._reading[request.request_id] = request
        self._limits_read[task] = limits
        self._post(request)
        self.changed.emit()

    def forget(self) -> None:
        """No longer score the task that is worked on."""
        self._forget(self._annotation.document.task)
        self._update.start()

    def receive(self, report: Report) -> None:
        """Take a report of the scoring thread; what is about another truth is dropped."""
        if isinstance(report, Scored):
            self._take_score(report)
        elif isinstance(report, TruthRead) and self._reading.pop(report.request_id, None) is not None:
            self._truths[report.task] = TruthState(
                report.request_id, report.path, report.task, report.names, report.rises
            )
            self.loaded.emit(report)
            self.update_scores()
        elif isinstance(report, Failed) and self._is_mine(report.request_id):
            self.failed.emit(report)
            self.changed.emit()

    def _is_mine(self, request_id: int) -> bool:
        return self._reading.pop(request_id, None) is not None or request_id == self._scoring_id

    def _take_score(self, report: Scored) -> None:
        if any(truth.truth_id == report.truth_id for truth in self._truths.values()):
            self._scores[report.truth_id, report.key] = report.scores
            if report.truth_id == self._scored_truth and report.key in self._missing:
                self._missing.remove(report.key)
            self.changed.emit()

    # --- scores ---

    def update_scores(self) -> None:
        """Ask for the scores that are not known, the newest prediction first. Cheap while nothing changed: previews
        come many times a second.
        """
        truth, keys = self.truth, self._keys()
        truth_id = truth.truth_id if truth is not None else 0
        if truth_id != self._scored_truth or keys is not self._scored_keys:
            self._scored_truth, self._scored_keys, self._asked = truth_id, keys, set()
            self._missing = [key for key in keys if (truth_id, key) not in self._scores]
            self.changed.emit()
        if truth is None:
            return
        standings = tuple(found for key in reversed(self._missing) if (found := self.standing(key)) is not None)
        asked = {found.key for found in standings}
        if not asked <= self._asked:
            self._asked, self._scoring_id = asked, next(self._request_ids)
            for found in standings:
                if found.estimate is not None:
                    self._scored_values[found.key] = ref(found.estimate.values)
            self._post(ScoreStandings(self._scoring_id, truth.truth_id, truth.task, standings))

    def _forget_replaced(self, *_: object) -> None:
        """Score again what was refined again: the same clicks may end otherwise when one is kept early."""
        for key in self._keys():
            scored = self._scored_values.get(key)
            result = self._refinement.results.get(key.result)
            if scored is not None and result is not None and scored() is not result.values:
                del self._scored_values[key]
                self._scores.pop((self._scored_truth, key), None)
                self._scored_keys = ()

    def standing_now(self) -> Standing | None:
        """The prediction on all clicks there are; None while it is not known."""
        return self.standing(self._keys()[-1])

    def standing(self, key: ScoreKey) -> Standing | None:
        """A prediction that is to be scored; None while it is not known."""
        layer = self._annotation.document.layer
        if layer is None and not key.result.clicks:
            return Standing(key, None)
        result = self._refinement.results.get(key.result)
        return None if result is None else Standing(key, result.estimate, layer.trimap if layer is not None else None)

    def save_curve(self, path: Path) -> None:
        """Write the curve as CSV."""
        curve = self.curve
        if curve is None:
            self.hinted.emit("There is no curve yet: load the ground truth first.")
            return
        try:
            with atomic_write(path) as temporary:
                temporary.write_text(curve_csv(curve), encoding="utf-8")
        except OSError as error:
            reason = f"Cannot write the curve to {path}: {error.strerror or error}. Choose another folder."
            self.failed.emit(Failed(next(self._request_ids), "The curve was not exported", reason))
            return
        self.hinted.emit(f"Exported the curve to {path}.")

    # --- plumbing ---

    def _item(self) -> Item | None:
        return self._annotation.document.current

    def _clicks(self) -> tuple[Interaction, ...]:
        item = self._item()
        return item.clicks if item is not None else ()

    def _keys(self) -> tuple[ScoreKey, ...]:
        """What names the predictions after 0, 1, ... clicks."""
        item, document = self._item(), self._annotation.document
        key = self._annotation.key_of(item) if item is not None else ResultKey(0, (), "", document.config)
        threshold = 0.0 if item is None or isinstance(item, DenseLayer) else item.logit_threshold
        if (key, threshold) != self._base:
            self._base = key, threshold
            self._known_keys = tuple(ScoreKey(key.after(length), threshold) for length in range(len(key.clicks) + 1))
        return self._known_keys

    def _limits(self) -> tuple[int, tuple[float, float]] | None:
        """Number of classes, and the depths that the network answers with; None as long as they are not known."""
        layer, network = self._annotation.document.layer, self._network.network
        if layer is None or layer.description.output_kind is OutputKind.ALPHA_MATTE:
            return 0, (0.0, float("inf"))
        if network is None:
            return None
        if layer.description.output_kind is OutputKind.LABEL_MAP:
            return len(network.spec.class_names), (0.0, float("inf"))
        return 0, (network.targets.minimum, network.targets.maximum)

    def _forget(self, task: str) -> None:
        self._truths.pop(task, None)
        self._post(ForgetTruth(next(self._request_ids), task))

    def _on_network_changed(self, *_: object) -> None:
        """Another network may have other classes: read the truth again."""
        if self.truth is not None and self._limits() != self._limits_read.get(self.truth.task):
            self.load(self.truth.path)

    def _on_image_changed(self) -> None:
        for task in {*self._truths, *(request.task for request in self._reading.values())}:
            self._forget(task)
        for known in (self._reading, self._scores, self._scored_values):
            known.clear()
        self._base, self._scored_truth = None, 0
        self.changed.emit()
