"""Exports, and the question about work that was not exported yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from app.controllers.annotation import AnnotationController
from app.controllers.files import FileController
from app.controllers.refinement import RefinementController
from app.messages import Export, Exported, ExportItem, Failed, Report
from app.state.document import ObjectState
from app.state.settings import SettingsStore
from app.widgets.export_dialog import ExportChoice, ExportDialog, FormatChoice
from gbrs_core.prediction import OutputKind
from resources import sample_path

Buttons = QMessageBox.StandardButton


class ExportController(QObject):
    """Writes masks; knows what of the document is not written yet.

    Signals:
        exported(tuple of Path): an export was written.
        failed(Failed): it was not; nothing is lost.
        dirty_changed(): whether there is unexported work may have changed.
        hinted(str): why nothing was written.
    """

    exported = Signal(tuple)
    failed = Signal(object)
    dirty_changed = Signal()
    hinted = Signal(str)

    def __init__(
        self,
        annotation: AnnotationController,
        refinement: RefinementController,
        files: FileController,
        settings: SettingsStore,
        post: Callable[[Export], None],
        request_ids: count[int],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._annotation = annotation
        self._refinement = refinement
        self._files = files
        self._settings = settings
        self._post = post
        self._request_ids = request_ids
        self._window = window
        self._exported_views: dict[int, tuple[object, ...]] = {}
        self._writing: tuple[int, dict[int, tuple[object, ...]]] | None = None
        self._waiting: ExportChoice | None = None
        self._choice: ExportChoice | None = None
        self._chosen_for: Path | None = None
        self._written: set[Path] = set()
        self._then: Callable[[], None] | None = None
        refinement.busy_changed.connect(self._on_busy_changed)
        files.image_changed.connect(self._on_image_changed)

    @property
    def is_dirty(self) -> bool:
        """Whether there is annotated work that no export shows."""
        return self._annotation.export_views() != self._exported_views

    @property
    def is_possible(self) -> bool:
        """Whether there is something to export in the task that is worked on."""
        document = self._annotation.document
        return document.has_clicks if document.layer is None else self._refinement.result_of(document.layer) is not None

    @property
    def is_writing(self) -> bool:
        """Whether an export is being written, or waits for a running click."""
        return self._writing is not None or self._waiting is not None

    def ask_then(self, action: Callable[[], None]) -> None:
        """Do something that loses unexported work, after asking: Save (and then do it), Discard, or Cancel."""
        if not self.is_dirty:
            action()
            return
        name = self._files.path.name if self._files.path is not None else "this image"
        box = QMessageBox(
            QMessageBox.Icon.Warning,
            "Unsaved masks",
            f"The masks of {name} have changes that are not exported.",
            Buttons.Save | Buttons.Discard | Buttons.Cancel,
            self._window,
        )
        box.setObjectName("unsavedQuestion")
        box.setInformativeText("Save exports them, Discard drops them, Cancel goes back to the image.")
        box.setDefaultButton(Buttons.Cancel)
        box.setEscapeButton(Buttons.Cancel)

        def answer() -> None:
            chosen = box.standardButton(box.clickedButton())
            if chosen == Buttons.Save:
                self._then = action
                self.export()
            elif chosen == Buttons.Discard:
                action()

        box.finished.connect(answer)
        _open(box)

    def export(self) -> None:
        """Export as the last time, or ask if that is not clear."""
        choice = self._repeated_choice()
        if choice is None:
            self.export_as()
        else:
            self._ask_unfinished_then(
                lambda: self._export(replace(choice, includes_unfinished=self._includes_unfinished))
            )

    def export_as(self) -> None:
        """Ask what to export and where."""
        if self._files.path is None or not self._annotation.document.has_clicks:
            self._give_up("There is nothing to export yet: click an object first.")
            return
        self._ask_unfinished_then(self._open_dialog)

    def receive(self, report: Report) -> None:
        """Take a report of the file thread about the running export."""
        if self._writing is None or report.request_id != self._writing[0]:
            return
        _, views = self._writing
        self._writing = None
        if isinstance(report, Exported):
            self._exported_views = views
            self._written.update(report.paths)
            self.dirty_changed.emit()
            self.exported.emit(report.paths)
            then, self._then = self._then, None
            if then is not None:
                then()
        elif isinstance(report, Failed):
            self._then = None
            self.failed.emit(report)

    # --- asking ---

    @property
    def _includes_unfinished(self) -> bool:
        return self._settings.current.include_unfinished is not False

    def _ask_unfinished_then(self, action: Callable[[], None]) -> None:
        """Ask once, ever, whether unfinished objects are exported too; the dialog's check box changes it later."""
        unfinished = [item for item in self._annotation.document.objects if item.clicks and not item.is_finished]
        if not unfinished or self._settings.current.include_unfinished is not None:
            action()
            return
        names = ", ".join(item.name for item in unfinished)
        box = QMessageBox(self._window)
        box.setObjectName("unfinishedQuestion")
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Unfinished objects")
        box.setText(f"Not finished yet: {names}. Export unfinished objects too?")
        box.setInformativeText("You are asked this once; the export dialog lets you change it.")
        include = box.addButton("Include", QMessageBox.ButtonRole.YesRole)
        leave_out = box.addButton("Leave Out", QMessageBox.ButtonRole.NoRole)
        box.addButton(Buttons.Cancel)
        box.setDefaultButton(include)

        def answer() -> None:
            if box.clickedButton() in (include, leave_out):
                self._settings.update(include_unfinished=box.clickedButton() is include)
                action()
            else:
                self._then = None

        box.finished.connect(answer)
        _open(box)

    def _open_dialog(self) -> None:
        assert self._files.path is not None
        document = self._annotation.document
        annotated = [item for item in document.objects if item.clicks]
        active = document.active
        settings = self._settings.current
        previous = self._choice or ExportChoice(
            settings.export_format, settings.export_scope, self._includes_unfinished, False, Path()
        )
        dialog = ExportDialog(
            _formats(),
            self._files.path.stem,
            self._export_folder(self._files.path),
            active_name=active.name if active is not None and active.clicks else "",
            object_count=len(annotated),
            has_unfinished=any(not item.is_finished for item in annotated),
            previous=replace(previous, includes_unfinished=self._includes_unfinished),
            parent=self._window,
        )
        dialog.setObjectName("exportDialog")

        def answer(is_accepted: int) -> None:
            if is_accepted:
                self._remember(dialog.choice(), asked_unfinished=any(not item.is_finished for item in annotated))
                self._export(dialog.choice())
            else:
                self._then = None

        dialog.finished.connect(answer)
        _open(dialog)

    def _export_folder(self, image_path: Path) -> Path:
        """Where the last export went, else beside the image, but never into the program's own folder."""
        beside = Path.home() if image_path.parent == sample_path().parent else image_path.parent
        return Path(self._settings.current.folders.get("export", beside))

    def _repeated_choice(self) -> ExportChoice | None:
        """The last choice for this image; None if it would replace a file that was not written in this run."""
        if self._choice is None or self._files.path is None:
            return None
        if self._chosen_for == self._files.path:
            return self._choice
        ending = next(choice.ending for choice in _formats() if choice.name == self._choice.format_name)
        path = self._choice.path.with_name(self._files.path.stem + ending)
        return replace(self._choice, path=path) if path in self._written or not path.exists() else None

    def _remember(self, choice: ExportChoice, asked_unfinished: bool) -> None:
        self._choice, self._chosen_for = choice, self._files.path
        self._settings.current = self._settings.current.with_folder("export", choice.path.parent)
        self._settings.update(export_format=choice.format_name, export_scope=choice.scope)
        if asked_unfinished:
            self._settings.update(include_unfinished=choice.includes_unfinished)

    # --- writing ---

    def _export(self, choice: ExportChoice) -> None:
        if self._refinement.is_busy:
            self._waiting = choice
            self.hinted.emit("The export begins when the running click is refined.")
            return
        assert self._files.image is not None
        assert self._files.path is not None
        chosen = self._chosen_objects(choice)
        if not chosen:
            self._give_up("There is nothing to export: every object is unfinished and those are left out.")
            return
        items: list[ExportItem] = []
        for item in chosen:
            result = self._refinement.result_of(item)
            if result is None:
                self._give_up(f"{item.name} has no mask yet. Refine it again (R) or leave it out of the export.")
                return
            items.append(ExportItem(item.name, item.colour, result.values, item.logit_threshold, item.is_locked))
        request_id = next(self._request_ids)
        self._writing = request_id, self._views_after(chosen)
        self._post(
            Export(
                request_id, choice.path, choice.format_name, choice.splits, self._files.image, self._files.path,
                tuple(items),
            )
        )  # fmt: skip

    def _chosen_objects(self, choice: ExportChoice) -> list[ObjectState]:
        document = self._annotation.document
        candidates = (document.active,) if choice.scope == "active" else document.objects
        return [
            item
            for item in candidates
            if item is not None and item.clicks and (item.is_finished or choice.includes_unfinished)
        ]

    def _views_after(self, chosen: list[ObjectState]) -> dict[int, tuple[object, ...]]:
        """What will be exported when this export is written: objects exported before and still there, and these."""
        now = self._annotation.export_views()
        before = {object_id: view for object_id, view in self._exported_views.items() if object_id in now}
        return {**before, **{item.object_id: now[item.object_id] for item in chosen}}

    def _give_up(self, reason: str) -> None:
        self._then = None
        self.hinted.emit(reason)

    def _on_busy_changed(self, is_busy: bool) -> None:
        if not is_busy and self._waiting is not None:
            choice, self._waiting = self._waiting, None
            self._export(choice)

    def _on_image_changed(self) -> None:
        self._exported_views, self._waiting, self._then = {}, None, None
        self.dirty_changed.emit()


def _open(dialog: ExportDialog | QMessageBox) -> None:
    """Show a dialog that blocks its window but not the program, and forget it when it is closed."""
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def _formats() -> tuple[FormatChoice, ...]:
    from gbrs_core.export import exporters_for

    formats = exporters_for(OutputKind.MASK)
    return tuple(FormatChoice(item.name, item.title, item.ending, item.can_split) for item in formats)
