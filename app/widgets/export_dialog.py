"""The export dialog: which format, which file, and what a format wants to know: objects, background, field of view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

Scope = Literal["active", "all"]
Colour = tuple[int, int, int]

_BACKGROUNDS: tuple[tuple[str, Colour], ...] = (
    ("White", (255, 255, 255)),
    ("Black", (0, 0, 0)),
    ("Green screen", (0, 177, 64)),
)
_COMPOSITE, _POINT_CLOUD = "composite", "point_cloud"
"""Formats that want to know more."""


@dataclass(frozen=True)
class FormatChoice:
    """A format as the dialog offers it.

    Attributes:
        name: registry name.
        title: what is shown.
        ending: appended to the image's stem: "_mask.png".
        can_split: whether one file per object makes sense.
        description: what is worth knowing of the values in the file.
    """

    name: str
    title: str
    ending: str
    can_split: bool
    description: str = ""


@dataclass(frozen=True)
class ExportChoice:
    """What the user chose; repeated by "Export".

    Attributes:
        format_name: registry name of the format.
        scope: the active object or all of them.
        includes_unfinished: whether unfinished objects are written too.
        splits: one file per object.
        path: the file.
        background: of composites: a colour, or a photograph's file.
        field_of_view: of point clouds, degrees.
    """

    format_name: str
    scope: Scope
    includes_unfinished: bool
    splits: bool
    path: Path
    background: Colour | Path = (255, 255, 255)
    field_of_view: float = 60.0


class ExportDialog(QDialog):
    """Asks for an `ExportChoice`."""

    def __init__(
        self,
        formats: Sequence[FormatChoice],
        image_stem: str,
        folder: Path,
        *,
        active_name: str,
        object_count: int | None,
        has_unfinished: bool,
        previous: ExportChoice,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setMinimumWidth(520)
        self._formats = {choice.name: choice for choice in formats}
        self._stem = image_stem
        self._folder = folder
        self.format = QComboBox()
        for choice in formats:
            self.format.addItem(choice.title, choice.name)
        self.format.setCurrentIndex(max(0, self.format.findData(previous.format_name)))
        self.description = QLabel()
        self.description.setProperty("hint", True)
        self.description.setWordWrap(True)
        self._add_scope(active_name, object_count, previous)
        self._add_options(previous, has_unfinished=has_unfinished)
        self.file = QLineEdit()
        self.browse = QPushButton("Browse…")
        self.browse.setAutoDefault(False)
        self.warning = QLabel()
        self.warning.setProperty("hint", True)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export = self._buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.export.setDefault(True)
        self._lay_out()
        self._connect()
        self._on_format()

    def choice(self) -> ExportChoice:
        """What the user chose."""
        return ExportChoice(
            format_name=self.format.currentData(),
            scope="active" if self.active_object.isChecked() else "all",
            includes_unfinished=self.unfinished.isChecked(),
            splits=self.split.isChecked() and self.split.isEnabled(),
            path=Path(self.file.text()),
            background=self._photo or self.background.currentData() or _BACKGROUNDS[0][1],
            field_of_view=self.field_of_view.value(),
        )

    def _add_scope(self, active_name: str, object_count: int | None, previous: ExportChoice) -> None:
        self._has_objects = object_count is not None
        plural = "s" if object_count != 1 else ""
        self.all_objects = QRadioButton(f"All objects ({object_count} object{plural})")
        self.active_object = QRadioButton(f"Active object only ({active_name})")
        self._scopes = QButtonGroup(self)
        for button in (self.all_objects, self.active_object):
            self._scopes.addButton(button)
        self.active_object.setEnabled(bool(active_name))
        only_active = previous.scope == "active" and bool(active_name)
        (self.active_object if only_active else self.all_objects).setChecked(True)

    def _add_options(self, previous: ExportChoice, *, has_unfinished: bool) -> None:
        self.unfinished = QCheckBox("Include unfinished objects")
        self.unfinished.setChecked(previous.includes_unfinished)
        self.unfinished.setVisible(has_unfinished)
        self.split = QCheckBox("One file per object")
        self.split.setChecked(previous.splits)
        self.background = QComboBox()
        for title, colour in _BACKGROUNDS:
            self.background.addItem(title, colour)
        self.background.addItem("Photograph…", None)
        self._photo: Path | None = None
        self.field_of_view = QDoubleSpinBox()
        self.field_of_view.setRange(1, 179)
        self.field_of_view.setDecimals(1)
        self.field_of_view.setSuffix("°")
        self.field_of_view.setValue(previous.field_of_view)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.file, 1)
        row.addWidget(self.browse)
        scope = QVBoxLayout()
        for widget in (self.all_objects, self.active_object, self.unfinished, self.split):
            scope.addWidget(widget)
        form = QFormLayout()
        form.setVerticalSpacing(12)
        form.addRow("&Format", self.format)
        form.addRow("", self.description)
        if self._has_objects:
            form.addRow("Objects", scope)
        form.addRow("Back&ground", self.background)
        form.addRow("Field of &view", self.field_of_view)
        self._form = form
        label = QLabel("File &name")
        label.setBuddy(self.file)
        form.addRow(label, row)
        form.addRow("", self.warning)
        column = QVBoxLayout(self)
        column.setSpacing(16)
        column.addLayout(form)
        column.addWidget(self._buttons)

    def _connect(self) -> None:
        self.format.currentIndexChanged.connect(self._on_format)
        self.file.textChanged.connect(self._on_file)
        self.browse.clicked.connect(self._on_browse)
        self.background.activated.connect(self._on_background)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    def _on_format(self) -> None:
        choice = self._formats[self.format.currentData()]
        self.split.setEnabled(choice.can_split)
        self.description.setText(choice.description)
        self._form.setRowVisible(self.description, bool(choice.description))
        self._form.setRowVisible(self.background, choice.name == _COMPOSITE)
        self._form.setRowVisible(self.field_of_view, choice.name == _POINT_CLOUD)
        shown = Path(self.file.text()).parent if self.file.text() else self._folder
        self.file.setText(str(shown / (self._stem + choice.ending)))

    def _on_file(self) -> None:
        path = Path(self.file.text())
        self.export.setEnabled(bool(path.name) and not path.is_dir())
        self.warning.setText("This file exists and will be replaced." if path.is_file() else "")

    def _on_background(self) -> None:
        """A photograph is chosen from a file; without one the colour from before stays."""
        is_photo = self.background.currentData() is None
        path = QFileDialog.getOpenFileName(self, "Background Photograph", str(self._folder))[0] if is_photo else ""
        self._photo = Path(path) if path else None
        self.background.setItemText(len(_BACKGROUNDS), self._photo.name if self._photo is not None else "Photograph…")
        if is_photo and self._photo is None:
            self.background.setCurrentIndex(0)

    def _on_browse(self) -> None:
        suffix = Path(self._formats[self.format.currentData()].ending).suffix
        path, _ = QFileDialog.getSaveFileName(self, "Export", self.file.text(), f"*{suffix}")
        if path:
            self.file.setText(path)
