"""The papers' simulated annotator in the window, and the place where a click would tell the network most."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from PySide6.QtCore import QObject, Signal

from app.controllers.annotation import AnnotationController
from app.controllers.dense import DenseController
from app.controllers.files import FileController
from app.controllers.refinement import RefinementController
from app.controllers.score import ScoreController
from app.messages import Failed, Report, Request
from app.score_messages import ClickProposed, PlaceSuggested, ProposeClick, SuggestPlace
from app.state.dense import DenseLayer
from app.state.document import Item, ResultKey
from gbrs_core.interaction import Click
from gbrs_core.prediction import OutputKind

MOST_CLICKS = 20
"""Of the papers' protocol."""

_NO_UNCERTAINTY = {
    OutputKind.ALPHA_MATTE: "A matting network does not say how sure it is",
    OutputKind.DEPTH_MAP: "A depth network does not say how sure it is",
}


class SimulatedAnnotator(QObject):
    """Clicks as a user does, one click at a time, each on what the network answered to the one before. Anything the
    user does to the clicks meanwhile ends it.

    Attributes:
        clicker: where it clicks, a name of `gbrs_core.evaluation.policies`.

    Signals:
        changed(): it began or ended.
        suggested(PlaceSuggested): where the network is least sure.
        suggestion_over(): the suggestion is about something that is no more.
        failed(Failed): a click, or a place, could not be found.
        hinted(str): why it ended, or did not begin.
        told(str title, str text): why there is no suggestion.
    """

    changed = Signal()
    suggested = Signal(object)
    suggestion_over = Signal()
    failed = Signal(object)
    hinted = Signal(str)
    told = Signal(str, str)

    def __init__(
        self,
        score: ScoreController,
        annotation: AnnotationController,
        refinement: RefinementController,
        dense: DenseController,
        files: FileController,
        post: Callable[[Request], None],
        request_ids: count[int],
    ) -> None:
        super().__init__(score)
        self._score = score
        self._annotation = annotation
        self._refinement = refinement
        self._dense = dense
        self._files = files
        self._post = post
        self._request_ids = request_ids
        self.clicker = "centre"
        self._remaining = 0
        self._is_placing = False
        self._clicked_key: ResultKey | None = None
        self._proposal_id: int | None = None
        self._suggestion_id: int | None = None
        annotation.document_changed.connect(self._on_document_changed)
        refinement.results_changed.connect(self._go_on)
        refinement.failed.connect(self.stop)
        files.image_changed.connect(self.stop)
        score.changed.connect(self._on_score_changed)

    @property
    def is_running(self) -> bool:
        """Whether clicks are still to come."""
        return self._remaining > 0

    def click_once(self) -> None:
        """Click where the paper's section 3.1 would click next."""
        self._start(1)

    def click_to_end(self) -> None:
        """Click until there are `MOST_CLICKS` clicks or nothing is wrong."""
        item = self._annotation.document.current
        done = len(item.clicks) if item is not None else 0
        if done >= MOST_CLICKS:
            self.hinted.emit(
                f"There are {done} clicks already; the protocol ends at {MOST_CLICKS}. Click once goes on."
            )
            return
        self._start(MOST_CLICKS - done)

    def stop(self, *_: object) -> bool:
        """Make no more clicks. Returns whether any were to come."""
        if not self.is_running:
            return False
        self._remaining, self._proposal_id = 0, None
        self.changed.emit()
        return True

    def suggest(self) -> None:
        """Show where the network is least sure; needs no ground truth."""
        item, image = self._annotation.document.current, self._files.image
        kind = item.description.output_kind if isinstance(item, DenseLayer) else OutputKind.MASK
        if kind in _NO_UNCERTAINTY:
            self.told.emit(
                _NO_UNCERTAINTY[kind],
                "Its output is one value per pixel, with nothing said about its error. Where ground truth is loaded, "
                "the simulated annotator (K) knows the next click.",
            )
            return
        result = self._refinement.result_of(item) if item is not None else None
        if item is None or result is None or image is None:
            self.hinted.emit("There is no prediction yet of which the network could be unsure.")
            return
        self._suggestion_id = next(self._request_ids)
        uncertainty = result.details.uncertainty if result.details is not None else None
        threshold = 0.0 if isinstance(item, DenseLayer) else item.logit_threshold
        logits = result.values if uncertainty is None else None
        size = (image.shape[0], image.shape[1])
        self._post(SuggestPlace(self._suggestion_id, uncertainty, logits, threshold, size, _clicks_of(item)))

    def receive(self, report: Report) -> None:
        """Take a report of the scoring thread about what was asked for last."""
        if report.request_id == self._proposal_id:
            self._proposal_id = None
            if isinstance(report, ClickProposed):
                self._take(report.click)
            elif isinstance(report, Failed):
                self.stop()
                self.failed.emit(report)
        elif report.request_id == self._suggestion_id:
            self._suggestion_id = None
            if isinstance(report, PlaceSuggested):
                self._show(report)
            elif isinstance(report, Failed):
                self.failed.emit(report)

    # --- one click after the other ---

    def _start(self, clicks: int) -> None:
        self.stop()
        reason = self._obstacle()
        if reason:
            self.hinted.emit(reason)
            return
        self._remaining, self._clicked_key = clicks, self._key()
        self.changed.emit()
        self._go_on()

    def _obstacle(self) -> str:
        """Why nothing can be clicked; empty if it can."""
        item = self._annotation.document.current
        if self._score.truth is None:
            return "The simulated annotator needs the ground truth: load it first."
        if isinstance(item, DenseLayer):
            if not item.is_predictable:
                return "A matte needs a trimap first."
        elif item is not None and not item.is_editable:
            return f"{item.name} is {'locked' if item.is_locked else 'finished'}. Start a new object, or go on with it."
        if self._score.standing_now() is None and not self._refinement.is_active_busy:
            return "There is no prediction to correct. Wait for the network, or run it again."
        return ""

    def _go_on(self) -> None:
        """Ask for the next click as soon as the prediction on all clicks so far is known."""
        truth, standing = self._score.truth, self._score.standing_now()
        if not self.is_running or self._proposal_id is not None or truth is None or standing is None:
            return
        self._proposal_id = next(self._request_ids)
        clicks = _clicks_of(self._annotation.document.current)
        self._post(ProposeClick(self._proposal_id, truth.truth_id, truth.task, standing, clicks, self.clicker))

    def _take(self, click: Click | None) -> None:
        if click is None:
            self.stop()
            self.hinted.emit("Nothing is wrong any more.")
            return
        self._is_placing = True
        self._remaining -= 1
        self._place(click)
        self._is_placing = False
        self._clicked_key = self._key()
        if not self.is_running:
            self.changed.emit()
        self._go_on()

    def _place(self, click: Click) -> None:
        if self._annotation.document.layer is None:
            self._annotation.add_click(click.x, click.y, click.radius, click.is_positive)
        else:
            self._dense.place(click)

    def _key(self) -> ResultKey | None:
        item: Item | None = self._annotation.document.current
        return self._annotation.key_of(item) if item is not None else None

    # --- suggestions ---

    def _show(self, report: PlaceSuggested) -> None:
        if report.place is None:
            self.hinted.emit("The network is sure everywhere.")
            return
        self.suggested.emit(report)
        self.hinted.emit("Here the network is least sure. Say what it is, or leave it if it is right.")

    # --- slots ---

    def _on_document_changed(self) -> None:
        self._suggestion_id = None
        self.suggestion_over.emit()
        if self.is_running and not self._is_placing and self._key() != self._clicked_key:
            self.stop()

    def _on_score_changed(self) -> None:
        if self.is_running and self._score.truth is None:
            self.stop()


def _clicks_of(item: Item | None) -> tuple[Click, ...]:
    """The clicks among what was done."""
    return tuple(done for done in item.clicks if isinstance(done, Click)) if item is not None else ()
