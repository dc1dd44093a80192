"""The checkpoint manager: published checkpoints and those on this computer, in one table. Not modal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelectionModel, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.checkpoint_messages import MemoryEstimated
from app.state.checkpoints import CheckpointRow, converted_name
from app.theme import icon
from app.widgets.checkpoint_details import CheckpointDetails
from app.widgets.checkpoint_table import COLUMNS, TASK_COLUMN, CheckpointLines, CheckpointModel
from app.widgets.message_bar import MessageBar, ProgressStrip
from gbrs_core.task_catalog import TASKS

_NO_FOLDER = "No folder chosen yet. Choose the one with your checkpoints; it is searched with the folders below it."
_SAFE = "Files are only looked at: nothing in them is run."


class CheckpointManager(QDialog):
    """Shows the lines it is given; what to do is asked by signals.

    Signals:
        folder_chosen(Path): search this folder.
        scan_requested(): search the same folder again.
        cancel_requested(): stop searching or converting.
        selected(CheckpointRow | None): another line is selected.
        load_requested(Path): use this network.
        convert_requested(Path, Path): write it as safetensors; a proposal where to.
        reveal_requested(Path): show the file where it lies.
        copy_requested(str): put this text on the clipboard.
    """

    folder_chosen = Signal(object)
    scan_requested = Signal()
    cancel_requested = Signal()
    selected = Signal(object)
    load_requested = Signal(object)
    convert_requested = Signal(object, object)
    reveal_requested = Signal(object)
    copy_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Checkpoint Manager")
        self.setModal(False)
        self.resize(1260, 740)
        self._folder: Path | None = None
        self._wanted_key: tuple[str, str, str] | None = None
        self._shown: CheckpointRow | None = None
        self._is_changing = False
        self.folder = QLabel(_NO_FOLDER)
        self.folder.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.choose = _button("Choose &Folder…", "Search another folder and those below it")
        self.scan = _button("&Scan Again", "Search the same folder again")
        self.scan.setEnabled(False)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search networks, files, data, licences, SHA-256")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search")
        self.task = QComboBox()
        self.task.setAccessibleName("Task")
        self.task.addItem("All tasks", "")
        for name, task in TASKS.items():
            self.task.addItem(task.title, name)
        self.only_files = QCheckBox("Only &files on this computer")
        self.model = CheckpointModel()
        self.lines = CheckpointLines(self.model)
        self.table = QTableView()
        self.nothing = QLabel(self.table)
        self.details = CheckpointDetails()
        self.messages = MessageBar()
        self.progress = ProgressStrip()
        self.progress.cancel.setToolTip("Stop; what was found so far stays")
        self.status = QLabel(_SAFE)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._prepare_table()
        self._lay_out()
        self._connect()
        self.details.show_row(None, None)

    # --- what is shown ---

    @property
    def current_row(self) -> CheckpointRow | None:
        """The selected line."""
        index = self.table.currentIndex()
        return self.lines.row_at(index.row()) if index.isValid() else None

    def show_rows(self, rows: Sequence[CheckpointRow]) -> None:
        """Show lines in place of those before; the selection and the place in the table stay."""
        place = self.table.verticalScrollBar().value()
        with self._keeping_selection():
            self.model.set_rows(rows)
        self.table.verticalScrollBar().setValue(place)

    def select_file(self, path: Path) -> None:
        """Select the line of a file, unless it is filtered out."""
        keys = [
            row.key
            for row in (self.lines.row_at(number) for number in range(self.lines.rowCount()))
            if row.path == path
        ]
        if keys:
            self._select(keys[0])

    def show_folder(self, folder: Path | None) -> None:
        """Say which folder is searched."""
        self._folder = folder
        self.folder.setText(str(folder) if folder is not None else _NO_FOLDER)
        self.folder.setToolTip(str(folder) if folder is not None else "")
        self.folder.setProperty("hint", folder is None)
        self.folder.style().polish(self.folder)
        self.scan.setEnabled(folder is not None)
        self.details.show_row(self.current_row, folder)

    def show_progress(self, text: str, share: float | None) -> None:
        """Say what is going on; no further scan can be asked for until it ends."""
        self.status.hide()
        self.scan.setEnabled(False)
        self.progress.show_progress(text, share, can_cancel=True)

    def show_status(self, text: str, *, is_warning: bool = False) -> None:
        """Say how it ended; nothing to say gives the usual words."""
        self.progress.hide()
        self.scan.setEnabled(self._folder is not None)
        self.status.setText(text or _SAFE)
        self.status.setProperty("warning", is_warning)
        self.status.setProperty("hint", not is_warning)
        self.status.style().polish(self.status)
        self.status.show()

    def show_memory(self, estimate: MemoryEstimated) -> None:
        """Show the estimate if it is about the selected line."""
        row = self.current_row
        if row is not None and row.found is not None and row.found.architecture == estimate.architecture:
            self.details.show_memory(estimate)

    def paint_icons(self, palette: QPalette) -> None:
        """Draw every icon in the colours of the theme."""
        self.model.paint_icons(palette)
        self.choose.setIcon(icon("mdi6.folder-search-outline", palette))
        self.scan.setIcon(icon("mdi6.refresh", palette))

    # --- assembly ---

    def _prepare_table(self) -> None:
        table = self.table
        table.setModel(self.lines)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setAccessibleName("Checkpoints")
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(28)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setStretchLastSection(True)
        for number, column in enumerate(COLUMNS):
            table.setColumnWidth(number, column.width)
        table.setSortingEnabled(True)
        # The catalogue's own order until the user wants another.
        table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setProperty("hint", True)
        self.nothing.hide()
        table.installEventFilter(self)
        table.viewport().installEventFilter(self)

    def _lay_out(self) -> None:
        place = QHBoxLayout()
        place.setSpacing(8)
        place.addWidget(QLabel("Folder"))
        place.addWidget(self.folder, 1)
        place.addWidget(self.choose)
        place.addWidget(self.scan)
        wanted = QHBoxLayout()
        wanted.setSpacing(8)
        wanted.addWidget(self.search, 1)
        wanted.addWidget(self.task)
        wanted.addWidget(self.only_files)
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.addWidget(self.table)
        halves.addWidget(self.details)
        halves.setStretchFactor(0, 1)
        halves.setChildrenCollapsible(False)
        end = QHBoxLayout()
        end.addWidget(self.status, 1)
        end.addWidget(self.progress, 1)
        end.addWidget(self._buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 14, 14, 12)
        column.setSpacing(10)
        column.addLayout(place)
        column.addLayout(wanted)
        column.addWidget(self.messages)
        column.addWidget(halves, 1)
        column.addLayout(end)

    def _connect(self) -> None:
        self.choose.clicked.connect(self._on_choose)
        self.scan.clicked.connect(self.scan_requested)
        self.progress.cancelled.connect(self.cancel_requested)
        self.search.textChanged.connect(self._on_wanted)
        self.task.currentIndexChanged.connect(self._on_wanted)
        self.only_files.toggled.connect(self._on_wanted)
        self.table.selectionModel().currentRowChanged.connect(self._on_selected)
        self.table.doubleClicked.connect(lambda _: self._load())
        self.details.load_requested.connect(self._load)
        self.details.convert_requested.connect(self._convert)
        self.details.reveal_requested.connect(self._reveal)
        self.details.copy_requested.connect(self._copy)
        self._buttons.rejected.connect(self.reject)
        find = QAction(self)
        find.setShortcut(QKeySequence(QKeySequence.StandardKey.Find))
        find.triggered.connect(self._on_find)
        self.addAction(find)
        for button in (self.details.load, self.details.convert, self.details.reveal, self.details.copy):
            action = QAction(button.text(), self.table)
            action.triggered.connect(button.click)
            self.table.addAction(action)

    # --- events ---

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape empties the search before it closes."""
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the table; and the words over an empty table fill it."""
        if watched is self.table and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._load()
                return True
            if event.matches(QKeySequence.StandardKey.Copy):
                self._copy()
                return True
        if watched is self.table.viewport() and event.type() == QEvent.Type.Resize:
            self.nothing.setGeometry(self.table.viewport().geometry().adjusted(40, 0, -40, 0))
        return False

    # --- slots ---

    def _on_choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder with Checkpoints", str(self._folder or ""))
        if chosen:
            self.folder_chosen.emit(Path(chosen))

    def _on_find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _on_wanted(self) -> None:
        with self._keeping_selection():
            self.model.show_only(self.search.text(), self.task.currentData(), self.only_files.isChecked())

    def _on_selected(self) -> None:
        row = self.current_row
        if self._is_changing or row == self._shown:
            return
        if row is not None:
            self._wanted_key = row.key
        self._shown = row
        self.details.show_row(row, self._folder)
        self.selected.emit(row)

    def _load(self) -> None:
        row = self.current_row
        if self.details.load.isEnabled() and row is not None:
            self.load_requested.emit(row.path)

    def _convert(self) -> None:
        row = self.current_row
        if row is not None and row.path is not None:
            self.convert_requested.emit(row.path, row.path.with_name(converted_name(row)))

    def _reveal(self) -> None:
        row = self.current_row
        if row is not None and row.path is not None:
            self.reveal_requested.emit(row.path)

    def _copy(self) -> None:
        row = self.current_row
        if row is not None and row.sha256:
            self.copy_requested.emit(row.sha256)

    @contextmanager
    def _keeping_selection(self) -> Iterator[None]:
        """While lines come and go: the selected one stays selected, or its successor is."""
        self._is_changing = True
        try:
            yield
            self._select(self._wanted_key)
        finally:
            self._is_changing = False
        self._on_selected()
        self._show_emptiness()

    def _select(self, key: tuple[str, str, str] | None) -> None:
        """Select the line of that name; the first one if it is gone."""
        keys = [self.lines.row_at(number).key for number in range(self.lines.rowCount())]
        if keys:
            number = keys.index(key) if key in keys else _successor(key, keys)
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.table.selectionModel().setCurrentIndex(self.lines.index(number, TASK_COLUMN), flags)

    def _show_emptiness(self) -> None:
        is_empty = self.lines.rowCount() == 0
        if is_empty and self.only_files.isChecked() and not self.search.text():
            self.nothing.setText(
                "No checkpoints were found on this computer.\nDownload one from its project page, put it into the "
                "folder above and scan again, or choose another folder."
            )
        elif is_empty:
            self.nothing.setText("Nothing matches this search.\nPress Escape to empty the search field.")
        self.nothing.setGeometry(self.table.viewport().geometry().adjusted(40, 0, -40, 0))
        self.nothing.setVisible(is_empty)


def _successor(key: tuple[str, str, str] | None, keys: Sequence[tuple[str, str, str]]) -> int:
    """The line of the same published checkpoint, whose file has just been found or is gone; else the first line."""
    if key is None or not key[1]:
        return 0
    return next((number for number, other in enumerate(keys) if other[:2] == key[:2]), 0)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
