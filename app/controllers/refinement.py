"""Keeps the predictions in step with the document: asks the engine for what is missing, stores what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from PySide6.QtCore import QObject, Signal

from app.controllers.annotation import AnnotationController
from app.mailbox import Mailbox
from app.messages import ClickRefined, Failed, Refine, RefineEnded, RefineProgress, Report, RgbImage
from app.state.dense import INTERACTIVE, DenseLayer
from app.state.document import Item, ResultKey
from app.state.results import ClickOutcome, Estimate, ObjectResult, ResultStore


@dataclass(frozen=True)
class _Outstanding:
    """A request the engine has not ended yet."""

    request_id: int
    key: ResultKey


class RefinementController(QObject):
    """Asks for predictions declaratively: after every change it compares what the document needs with what is there.

    Signals:
        results_changed(): a prediction, a preview or a click's outcome differs.
        progressed(RefineProgress): an iteration of the active object's running click.
        click_refined(ClickOutcome): a click was refined to its end.
        busy_changed(bool): the engine started or ended refining.
        failed(Failed): a refinement failed.
    """

    results_changed = Signal()
    progressed = Signal(object)
    click_refined = Signal(object)
    busy_changed = Signal(bool)
    failed = Signal(object)

    def __init__(
        self,
        annotation: AnnotationController,
        mailbox: Mailbox,
        wake: Callable[[], None],
        request_ids: count[int],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._annotation = annotation
        self._mailbox = mailbox
        self._wake = wake
        self._request_ids = request_ids
        self._image: RgbImage | None = None
        self._image_id = 0
        self._oldest_request_id = 0
        self._outstanding: dict[int, _Outstanding] = {}
        self._given_up: set[ResultKey] = set()
        self._previews: dict[int, Estimate] = {}
        self._last_shown: dict[int, Estimate] = {}
        self._fresh: set[int] = set()
        self._was_busy = False
        self.results = ResultStore(needed=self._needed_keys)
        annotation.document_changed.connect(self.sync)

    @property
    def is_busy(self) -> bool:
        """Whether the engine refines or is about to."""
        return bool(self._outstanding)

    @property
    def is_active_busy(self) -> bool:
        """Whether the active object, or the layer of the task, is being refined or is about to."""
        current = self._annotation.document.current
        return current is not None and current.object_id in self._outstanding

    def set_image(self, image: RgbImage | None) -> None:
        """Forget everything of the image before."""
        self._mailbox.cancel_refinements()
        self._image, self._image_id = image, self._image_id + 1
        self._oldest_request_id = next(self._request_ids)
        self.results.clear()
        for known in (self._outstanding, self._previews, self._last_shown, self._given_up, self._fresh):
            known.clear()
        self._report_busy()

    def set_network(self, sha256: str, task: str = INTERACTIVE) -> None:
        """Refine everything unfinished of a task with the network that is in place now."""
        self._annotation.networks[task] = sha256
        self._given_up.clear()
        self.sync()

    def sync(self) -> None:
        """Ask for what the document needs and is not there; stop what it no longer needs."""
        document = self._annotation.document
        needed = [item for item in document.items if self._needs_refinement(item)]
        for object_id in set(self._outstanding) - {item.object_id for item in needed}:
            self._stop(object_id)
        for item in needed:
            self._request(item)
        if document.current is not None:
            self._mailbox.prefer(document.current.object_id)
        self._report_busy()
        self.results_changed.emit()

    def accept(self) -> None:
        """Keep the running click as it is now."""
        self._mailbox.accept()

    def rerun(self) -> None:
        """Refine the active object again from its first click, or predict the layer again and refine it."""
        active = self._annotation.document.current
        if active is None or not active.is_editable or not (active.clicks or isinstance(active, DenseLayer)):
            return
        key = self._annotation.key_of(active)
        self.results.discard(key)
        self._given_up.discard(key)
        self._outstanding.pop(active.object_id, None)
        self._fresh.add(active.object_id)
        self.sync()

    def cancel(self) -> bool:
        """Stop refining the active object or layer and take back the edits that asked for it. Returns whether it ran.

        The edits can be redone. Where nothing was edited (the network was switched), the object just stays as it was.
        """
        active = self._annotation.document.current
        if active is None or active.object_id not in self._outstanding:
            return False
        self._stop(active.object_id)
        self._given_up.add(self._annotation.key_of(active))
        stack = self._annotation.undo_stack
        while stack.canUndo() and self._is_open_edit(active.object_id):
            opened = self._annotation.document.item(active.object_id)
            if opened is not None:
                self._given_up.discard(self._annotation.key_of(opened))
            stack.undo()
        self.sync()
        return True

    # --- what is known ---

    def result_of(self, item: Item) -> ObjectResult | None:
        """The result of an object or a layer as it is now, None while it is not known."""
        return self.results.get(self._annotation.key_of(item))

    def shown(self, item: Item) -> Estimate | None:
        """The prediction to draw: the running preview, the result, or the last one drawn until either comes."""
        if not (item.is_predictable if isinstance(item, DenseLayer) else item.clicks):
            self._last_shown.pop(item.object_id, None)
            return None
        shown = self._previews.get(item.object_id)
        if shown is None:
            result = self.result_of(item)
            shown = result.estimate if result is not None else self._last_shown.get(item.object_id)
        if shown is not None:
            self._last_shown[item.object_id] = shown
        return shown

    def before(self, item: Item) -> Estimate | None:
        """The prediction before the newest click, None if there was none or it is no longer known."""
        result = self.results.get(self._annotation.key_of(item).after(len(item.clicks) - 1)) if item.clicks else None
        return result.estimate if result is not None else None

    def automatic(self, item: Item) -> Estimate | None:
        """The prediction before the first click, None if it is not known."""
        result = self.results.get(self._annotation.key_of(item).after(0))
        return result.estimate if result is not None else None

    def outcomes(self, item: Item) -> tuple[ClickOutcome, ...]:
        """The outcomes of the clicks of an object or a layer as far as they are known."""
        key = self._annotation.key_of(item)
        for length in range(len(key.clicks), 0, -1):
            result = self.results.get(key.after(length))
            if result is not None:
                return result.outcomes
        return ()

    # --- reports ---

    def receive(self, report: Report) -> None:
        """Take a report of the engine; reports of requests that were replaced are dropped."""
        if isinstance(report, ClickRefined):
            self._store(report)
        elif isinstance(report, RefineProgress):
            self._show_progress(report)
        elif isinstance(report, RefineEnded):
            self._end(report.request_id, report.object_id)
        elif isinstance(report, Failed):
            self._fail(report)

    def _store(self, report: ClickRefined) -> None:
        outstanding = self._outstanding.get(report.object_id)
        if outstanding is None or report.request_id < self._oldest_request_id:
            return
        # Also a replaced request's clicks are worth keeping: they are what undo comes back to.
        key = ResultKey(report.object_id, report.clicks, report.network_sha256, report.config, report.trimap)
        result = ObjectResult(report.values, report.outcomes, report.details)
        self.results.put(key, result)
        if report.request_id == outstanding.request_id:
            self._previews.pop(report.object_id, None)
            self._last_shown[report.object_id] = result.estimate
            if report.outcomes:
                self.click_refined.emit(report.outcomes[-1])
            self.results_changed.emit()

    def _show_progress(self, report: RefineProgress) -> None:
        outstanding = self._outstanding.get(report.object_id)
        if outstanding is None or outstanding.request_id != report.request_id:
            return
        if report.values is not None:
            self._previews[report.object_id] = Estimate(report.values, report.details)
        current = self._annotation.document.current
        if current is not None and report.object_id == current.object_id:
            self.progressed.emit(report)
        if report.values is not None:
            self.results_changed.emit()

    def _end(self, request_id: int, object_id: int) -> None:
        outstanding = self._outstanding.get(object_id)
        if outstanding is None or outstanding.request_id != request_id:
            return
        del self._outstanding[object_id]
        self._previews.pop(object_id, None)
        self._report_busy()
        self.results_changed.emit()

    def _fail(self, report: Failed) -> None:
        for object_id, outstanding in list(self._outstanding.items()):
            if outstanding.request_id == report.request_id:
                self._given_up.add(outstanding.key)
                self._end(report.request_id, object_id)
                self.failed.emit(report)

    # --- plumbing ---

    def _needs_refinement(self, item: Item) -> bool:
        network = self._annotation.network_of(item)
        if self._image is None or not network or not self._is_asked_for(item):
            return False
        key = self._annotation.key_of(item)
        return key.network_sha256 == network and key not in self.results and key not in self._given_up

    def _is_asked_for(self, item: Item) -> bool:
        """Whether there is to be a prediction: a layer has one as soon as its task is worked on."""
        if not isinstance(item, DenseLayer):
            return bool(item.clicks)
        return item.is_predictable and (bool(item.clicks) or item.task == self._annotation.document.task)

    def _request(self, item: Item) -> None:
        assert self._image is not None
        key = self._annotation.key_of(item)
        outstanding = self._outstanding.get(item.object_id)
        if outstanding is not None and outstanding.key == key:
            return
        request_id = next(self._request_ids)
        self._outstanding[item.object_id] = _Outstanding(request_id, key)
        is_fresh = item.object_id in self._fresh
        self._fresh.discard(item.object_id)
        layer = item if isinstance(item, DenseLayer) else None
        self._mailbox.post(
            Refine(
                request_id, self._image_id, self._image, item.object_id, key.clicks, key.config, is_fresh,
                INTERACTIVE if layer is None else layer.task, None if layer is None else layer.trimap,
            )
        )  # fmt: skip
        self._wake()

    def _stop(self, object_id: int) -> None:
        self._mailbox.cancel_refinement(object_id)
        self._outstanding.pop(object_id, None)
        self._previews.pop(object_id, None)

    def _is_open_edit(self, object_id: int) -> bool:
        """Whether the newest step changed what the prediction depends on, and that prediction is not known."""
        document = self._annotation.document
        item = document.item(object_id)
        if item is None or not self._is_asked_for(item) or self.result_of(item) is not None:
            return False
        before = self._annotation.document_before_last_step()
        if before is None:
            return False
        previous = before.item(object_id)
        if isinstance(item, DenseLayer) and isinstance(previous, DenseLayer):
            return (previous.clicks, previous.config, previous.trimap) != (item.clicks, item.config, item.trimap)
        return previous is None or previous.clicks != item.clicks or before.config != document.config

    def _needed_keys(self) -> set[ResultKey]:
        return {key for document in self._annotation.reachable_documents() for key in document.kept_results()}

    def _report_busy(self) -> None:
        if self.is_busy != self._was_busy:
            self._was_busy = self.is_busy
            self.busy_changed.emit(self.is_busy)
