"""The table of the checkpoint manager: lines, columns, search and order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor, QFontDatabase, QIcon, QPalette, QStandardItem, QStandardItemModel

from app.state.checkpoints import PRESENCE_TITLES, SHORT_HASH, CheckpointRow, Presence, size_text
from app.theme import BAD, GOOD, icon, is_dark

SORT_ROLE = Qt.ItemDataRole.UserRole
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
WANTED_ROLE = Qt.ItemDataRole.UserRole + 2
_WANTED = "wanted"

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
    order: Callable[[CheckpointRow], str | int]
    tip: Callable[[CheckpointRow], str] = lambda _: ""
    is_code: bool = False


def _text_column(title: str, width: int, text: Callable[[CheckpointRow], str]) -> Column:
    return Column(title, width, text, lambda row: text(row).casefold())


def _folder(row: CheckpointRow) -> str:
    return str(row.path) if row.path is not None else row.file_name


COLUMNS: tuple[Column, ...] = (
    Column(
        "On disk",
        104,
        lambda row: PRESENCE_TITLES[row.presence],
        lambda row: _PRESENCE_ORDER.index(row.presence),
    ),
    _text_column("Task", 74, lambda row: row.task_title),
    _text_column("Network", 232, lambda row: row.title),
    Column("File", 190, lambda row: row.file_name, lambda row: row.file_name.casefold(), _folder),
    Column("Size", 70, lambda row: size_text(row.size_bytes), lambda row: row.size_bytes),
    Column(
        "SHA-256",
        116,
        lambda row: row.sha256[:SHORT_HASH] or "–",
        lambda row: row.sha256,
        lambda row: row.sha256,
        is_code=True,
    ),
    _text_column("Trained on", 124, lambda row: row.training_data),
    _text_column("Licence", 150, lambda row: row.licence),
    _text_column("Published figures", 150, lambda row: row.figures),
)
TASK_COLUMN = 1
SIZE_COLUMN = 4


class CheckpointModel(QStandardItemModel):
    """The lines as a table.

    Made of Qt's own items: a model in Python would be asked a thousand times per painting, and wait each time for the
    thread that is loading a network.
    """

    def __init__(self) -> None:
        super().__init__(0, len(COLUMNS))
        self.rows: tuple[CheckpointRow, ...] = ()
        self._wanted: tuple[str, str, bool] = ("", "", False)
        self._icons: dict[Presence, QIcon] = {}
        self._colours: dict[Presence, QColor] = {}
        self._code_font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        for number, column in enumerate(COLUMNS):
            header = QStandardItem(column.title)
            header.setTextAlignment(_alignment(number))
            self.setHorizontalHeaderItem(number, header)

    def set_rows(self, rows: Sequence[CheckpointRow]) -> None:
        """Show other lines."""
        self.rows = tuple(rows)
        self.setRowCount(0)
        for number, row in enumerate(self.rows):
            self.appendRow(self._items(number, row))

    def show_only(self, words: str, task: str, only_files: bool) -> None:
        """Show the lines with these words, of this task (empty: all), and only files on this computer if so wanted."""
        self._wanted = (words, task, only_files)
        for number, row in enumerate(self.rows):
            self.item(number, 0).setData(self._mark(row), WANTED_ROLE)

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
            presence: _drawn(icon(name, palette, colour=self._colours[presence]))
            for presence, name in _PRESENCE_ICONS.items()
        }
        for number, row in enumerate(self.rows):
            for column in range(len(COLUMNS)):
                self._colour(self.item(number, column), row, column)

    def _items(self, number: int, row: CheckpointRow) -> list[QStandardItem]:
        items = []
        for place, column in enumerate(COLUMNS):
            item = QStandardItem(column.text(row))
            item.setEditable(False)
            item.setToolTip(column.tip(row) or column.text(row))
            item.setTextAlignment(_alignment(place))
            item.setData(column.order(row), SORT_ROLE)
            item.setData(number, ROW_ROLE)
            if column.is_code:
                item.setFont(self._code_font)
            self._colour(item, row, place)
            items.append(item)
        items[0].setData(self._mark(row), WANTED_ROLE)
        return items

    def _colour(self, item: QStandardItem, row: CheckpointRow, column: int) -> None:
        if self._colours and (column == 0 or row.presence == "not found"):
            item.setForeground(self._colours[row.presence])
        if self._icons and column == 0:
            item.setIcon(self._icons[row.presence])

    def _mark(self, row: CheckpointRow) -> str:
        words, task, only_files = self._wanted
        is_wanted = (not task or row.task == task) and (not only_files or row.found is not None) and row.contains(words)
        return _WANTED if is_wanted else ""


class CheckpointLines(QSortFilterProxyModel):
    """The lines that are wanted, in the wanted order."""

    def __init__(self, model: CheckpointModel) -> None:
        super().__init__()
        self._model = model
        self.setSourceModel(model)
        self.setSortRole(SORT_ROLE)
        self.setFilterRole(WANTED_ROLE)
        self.setFilterFixedString(_WANTED)

    def row_at(self, number: int) -> CheckpointRow:
        """The line that is shown in a row."""
        return self._model.rows[int(self.index(number, 0).data(ROW_ROLE))]


def _drawn(made: QIcon) -> QIcon:
    """The icon as pixmaps: one of the icon font is drawn in Python each time."""
    drawn = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        drawn.addPixmap(made.pixmap(QSize(16, 16), mode), mode)
    return drawn


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == SIZE_COLUMN else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
