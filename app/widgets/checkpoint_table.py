"""The table of the checkpoint manager: lines, columns, search and order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette

from app.state.checkpoints import PRESENCE_TITLES, SHORT_HASH, CheckpointRow, Presence, size_text
from app.theme import BAD, GOOD, icon, is_dark

SORT_ROLE = Qt.ItemDataRole.UserRole
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex

_PRESENCE_ORDER: tuple[Presence, ...] = ("in use", "found", "problem", "not found")
_PRESENCE_ICONS: dict[Presence, str] = {
    "in use": "mdi6.check-circle",
    "found": "mdi6.check-circle-outline",
    "problem": "mdi6.alert-circle-outline",
    "not found": "mdi6.circle-outline",
}


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        title: its header.
        width: in pixels to begin with.
        text: what a cell shows.
        order: what it is sorted by.
        tip: tooltip of a cell; empty shows the text.
        is_code: whether it is set in the fixed-width font.
    """

    title: str
    width: int
    text: Callable[[CheckpointRow], str]
    order: Callable[[CheckpointRow], Any]
    tip: Callable[[CheckpointRow], str] = lambda _: ""
    is_code: bool = False


def _text_column(title: str, width: int, text: Callable[[CheckpointRow], str]) -> Column:
    return Column(title, width, text, lambda row: text(row).casefold())


def _folder(row: CheckpointRow) -> str:
    return str(row.path) if row.path is not None else row.file_name


COLUMNS: tuple[Column, ...] = (
    Column(
        "On disk",
        128,
        lambda row: PRESENCE_TITLES[row.presence],
        lambda row: _PRESENCE_ORDER.index(row.presence),
    ),
    _text_column("Task", 80, lambda row: row.task_title),
    _text_column("Network", 250, lambda row: row.title),
    Column("File", 190, lambda row: row.file_name, lambda row: row.file_name.casefold(), _folder),
    _text_column("Trained on", 130, lambda row: row.training_data),
    _text_column("Published figures", 230, lambda row: row.figures),
    _text_column("Licence", 150, lambda row: row.licence),
    Column("Size", 76, lambda row: size_text(row.size_bytes), lambda row: row.size_bytes),
    Column(
        "SHA-256",
        120,
        lambda row: row.sha256[:SHORT_HASH] or "–",
        lambda row: row.sha256,
        lambda row: row.sha256,
        is_code=True,
    ),
)
TASK_COLUMN = 1
SIZE_COLUMN = 7
HASH_COLUMN = 8


class CheckpointModel(QAbstractTableModel):
    """The lines as a table."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[CheckpointRow, ...] = ()
        self._icons: dict[Presence, QIcon] = {}
        self._colours: dict[Presence, QColor] = {}
        self._code_font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)

    @property
    def rows(self) -> tuple[CheckpointRow, ...]:
        """The lines in their own order."""
        return self._rows

    def set_rows(self, rows: Sequence[CheckpointRow]) -> None:
        """Show other lines."""
        self.beginResetModel()
        self._rows = tuple(rows)
        self.endResetModel()

    def paint_icons(self, palette: QPalette) -> None:
        """Take the colours of the theme."""
        dark = is_dark(palette)
        self._colours = {
            "in use": QColor(GOOD[dark]),
            "found": QColor(GOOD[dark]),
            "problem": QColor(BAD[dark]),
            "not found": palette.color(QPalette.ColorRole.PlaceholderText),
        }
        self._icons = {
            presence: icon(name, palette, colour=self._colours[presence]) for presence, name in _PRESENCE_ICONS.items()
        }
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Number of lines."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].title
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        row, column = self._rows[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == SORT_ROLE:
            return column.order(row)
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip(row) or column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        return self._look(row, index.column(), role)

    def _look(self, row: CheckpointRow, column: int, role: int) -> QIcon | QColor | QFont | None:
        if role == Qt.ItemDataRole.FontRole and COLUMNS[column].is_code:
            return self._code_font
        if column == 0 and role == Qt.ItemDataRole.DecorationRole:
            return self._icons.get(row.presence)
        if role == Qt.ItemDataRole.ForegroundRole and (column == 0 or row.presence == "not found"):
            return self._colours.get(row.presence)
        return None


class CheckpointFilter(QSortFilterProxyModel):
    """The lines that are wanted, in the wanted order."""

    def __init__(self, model: CheckpointModel) -> None:
        super().__init__()
        self._words = ""
        self._task = ""
        self._only_files = False
        self._model = model
        self.setSourceModel(model)
        self.setSortRole(SORT_ROLE)

    def show_only(self, words: str, task: str, only_files: bool) -> None:
        """Show the lines with these words, of this task (empty: all), and only files on this computer if so wanted."""
        self._words, self._task, self._only_files = words, task, only_files
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: _Index) -> bool:
        """Whether a line is wanted."""
        row = self._model.rows[source_row]
        return (
            (not self._task or row.task == self._task)
            and (not self._only_files or row.found is not None)
            and row.contains(self._words)
        )

    def lessThan(self, left: _Index, right: _Index) -> bool:
        """Order by what the columns are sorted by; Qt cannot compare these values by itself."""
        return bool(left.data(SORT_ROLE) < right.data(SORT_ROLE))


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == SIZE_COLUMN else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
