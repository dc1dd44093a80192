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
from app.controllers.network import NetworkController
from app.controllers.refinement import RefinementController
from app.file_messages import Export, Exported, ExportItem, ExportMap
from app.messages import Failed, Report
from app.state.dense import INTERACTIVE, LAYER_IDS, DenseLayer
from app.state.document import ObjectState
from app.state.settings import SettingsStore
from app.widgets.export_dialog import ExportChoice, ExportDialog, FormatChoice
from gbrs_core.task_catalog import TASKS
from resources import sample_path

_WORDS = {INTERACTIVE: "masks", "semantic": "label map", "matting": "matte", "depth": "depth map"}

Buttons = QMessageBox.StandardButton


class ExportController(QObject):
    """Writes masks and maps; knows what of the document is not written yet.

    Signals:
        exported(Exported): an export was written.
        failed(Failed): it was not; nothing is lost.
        dirty_changed(): whether there is unexported work may have changed.
        hinted(str): why nothing was written.
    """

    exported = Signal(object)
    failed = Signal(object)
    dirty_changed = Signal()
    hinted = Signal(str)

    def __init__(
        self,
        annotation: AnnotationController,
        refinement: RefinementController,
        network: NetworkController,
        files: FileController,
        settings: SettingsStore,
        post: Callable[[Export], None],
        request_ids: count[int],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._annotation = annotation
        self._refinement = refinement
        self._network = network
        self._files = files
        self._settings = settings
        self._post = post
        self._request_ids = request_ids
        self._window = window
        self._exported_views: dict[int, tuple[object, ...]] = {}
        self._writing: tuple[int, dict[int, tuple[object, ...]]] | None = None
        self._waiting: ExportChoice | None = None
        self._choices: dict[str, tuple[ExportChoice, Path]] = {}
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
            "Unsaved work",
            f"{self._unsaved_words()} of {name} have changes that are not exported.",
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
                self._go_to_unsaved()
                # What other tasks made is asked about in its turn.
                self._then = lambda: self.ask_then(action) if self._is_dirty_elsewhere else action()
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
        if self._files.path is None or not self.is_possible:
            is_map = self._annotation.document.layer is not None
            self._give_up(
                "There is no prediction to export yet."
                if is_map
                else "There is nothing to export yet: click an object first."
            )
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
            self.exported.emit(report)
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
        document = self._annotation.document
        unfinished = [item for item in document.objects if item.clicks and not item.is_finished]
        if document.layer is not None or not unfinished or self._settings.current.include_unfinished is not None:
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
        name = settings.export_formats.get(document.task, settings.export_format)
        previous = ExportChoice(name, settings.export_scope, self._includes_unfinished, False, Path())
        if document.task in self._choices:
            previous = self._choices[document.task][0]
        dialog = ExportDialog(
            self._formats(),
            self._files.path.stem,
            self._export_folder(self._files.path),
            active_name=active.name if active is not None and active.clicks else "",
            object_count=len(annotated) if document.layer is None else None,
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
        task = self._annotation.document.task
        if task not in self._choices or self._files.path is None:
            return None
        choice, chosen_for = self._choices[task]
        if chosen_for == self._files.path:
            return choice
        ending = next(item.ending for item in self._formats() if item.name == choice.format_name)
        path = choice.path.with_name(self._files.path.stem + ending)
        return replace(choice, path=path) if path in self._written or not path.exists() else None

    def _remember(self, choice: ExportChoice, asked_unfinished: bool) -> None:
        assert self._files.path is not None
        document = self._annotation.document
        self._choices[document.task] = choice, self._files.path
        settings = self._settings.current.with_folder("export", choice.path.parent)
        self._settings.current = settings
        self._settings.update(export_formats={**settings.export_formats, document.task: choice.format_name})
        if document.layer is None:
            self._settings.update(export_format=choice.format_name, export_scope=choice.scope)
        if asked_unfinished:
            self._settings.update(include_unfinished=choice.includes_unfinished)

    # --- writing ---

    def _export(self, choice: ExportChoice) -> None:
        if self._refinement.is_busy:
            self._waiting = choice
            self.hinted.emit("The export begins when the running click is refined.")
            return
        layer = self._annotation.document.layer
        if layer is not None:
            self._export_map(choice, layer)
            return
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
        self._write(choice, [item.object_id for item in chosen], tuple(items))

    def _export_map(self, choice: ExportChoice, layer: DenseLayer) -> None:
        result = self._refinement.result_of(layer)
        if result is None:
            self._give_up(f"{layer.name} has no prediction yet. Predict again (F5).")
            return
        network = self._network.network
        content = ExportMap(
            layer.description.output_kind,
            result.values,
            scores=result.details.scores if result.details is not None else None,
            class_names=network.spec.class_names if network is not None else (),
            class_colours=network.spec.class_colours if network is not None else (),
            trimap=layer.trimap.values if layer.trimap is not None else None,
            background=choice.background,
            field_of_view=choice.field_of_view,
        )
        self._write(choice, [layer.object_id], (), content)

    def _write(
        self, choice: ExportChoice, ids: list[int], items: tuple[ExportItem, ...], content: ExportMap | None = None
    ) -> None:
        assert self._files.image is not None
        assert self._files.path is not None
        request_id = next(self._request_ids)
        self._writing = request_id, self._views_after(ids)
        self._post(
            Export(
                request_id, choice.path, choice.format_name, choice.splits, self._files.image, self._files.path,
                items, content,
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

    def _views_after(self, ids: list[int]) -> dict[int, tuple[object, ...]]:
        """What will be exported when this export is written: what was exported before and is still there, and this."""
        now = self._annotation.export_views()
        before = {object_id: view for object_id, view in self._exported_views.items() if object_id in now}
        return {**before, **{object_id: now[object_id] for object_id in ids if object_id in now}}

    def _formats(self) -> tuple[FormatChoice, ...]:
        from gbrs_core.export import exporters_for

        formats = exporters_for(TASKS[self._annotation.document.task].output_kind)
        return tuple(
            FormatChoice(item.name, item.title, item.ending, item.can_split, item.description) for item in formats
        )

    # --- what is not written ---

    def _dirty_tasks(self) -> list[str]:
        """The tasks in which something is not exported."""
        now = self._annotation.export_views()
        ids = {
            object_id
            for object_id in (*now, *self._exported_views)
            if now.get(object_id) != self._exported_views.get(object_id)
        }
        tasks = {object_id: task for task, object_id in LAYER_IDS.items()}
        return sorted({tasks.get(object_id, INTERACTIVE) for object_id in ids}, key=list(TASKS).index)

    @property
    def _is_dirty_elsewhere(self) -> bool:
        return any(task != self._annotation.document.task for task in self._dirty_tasks())

    def _unsaved_words(self) -> str:
        words = [_WORDS[task] for task in self._dirty_tasks()]
        listed = words[0] if len(words) < 2 else f"{', '.join(words[:-1])} and {words[-1]}"
        return f"The {listed}" if listed else "The masks"

    def _go_to_unsaved(self) -> None:
        """Work on a task in which something is not exported."""
        dirty = self._dirty_tasks()
        if dirty and self._annotation.document.task not in dirty:
            self._annotation.show(self._annotation.document.switched(dirty[0]))

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
