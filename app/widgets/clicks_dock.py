"""The list of the active object's clicks: number, sign, place, radius, loss; every cell but the loss can be edited."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDoubleSpinBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions
from app.state.document import ObjectState
from app.state.results import ClickOutcome
from app.theme import icon
from app.widgets.objects_dock import flat_button
from gbrs_core.interaction import Click

Index = QModelIndex | QPersistentModelIndex

LARGEST_COORDINATE = 100_000.0


class Column(IntEnum):
    """Columns of the list."""

    NUMBER = 0
    SIGN = 1
    X = 2
    Y = 3
    RADIUS = 4
    LOSS = 5


_TITLES = ("#", "±", "x", "y", "Radius", "Loss")
_TIPS = {
    Column.SIGN: "Object (+) or background (−); double-click to turn it round",
    Column.X: "Column in image pixels; double-click to change",
    Column.Y: "Row in image pixels; double-click to change",
    Column.RADIUS: "Attention radius in image pixels; double-click to change",
}
_FIELDS = {Column.X: "x", Column.Y: "y", Column.RADIUS: "radius"}


class ClicksModel(QAbstractTableModel):
    """Shows clicks; edits are only asked for.

    Signals:
        change_requested(int index, Click)
    """

    change_requested = Signal(int, object)

    def __init__(self) -> None:
        super().__init__()
        self._clicks: tuple[Click, ...] = ()
        self._outcomes: tuple[ClickOutcome, ...] = ()
        self._is_editable = False

    def show(self, item: ObjectState | None, outcomes: tuple[ClickOutcome, ...]) -> None:
        """Show the clicks of another state of the object."""
        clicks = item.clicks if item is not None else ()
        before, now = len(self._clicks), len(clicks)
        if now > before:
            self.beginInsertRows(QModelIndex(), before, now - 1)
        elif now < before:
            self.beginRemoveRows(QModelIndex(), now, before - 1)
        self._clicks, self._outcomes = clicks, outcomes
        self._is_editable = item is not None and item.is_editable
        if now > before:
            self.endInsertRows()
        elif now < before:
            self.endRemoveRows()
        if now:
            self.dataChanged.emit(self.index(0, 0), self.index(now - 1, len(Column) - 1))

    def toggle_sign(self, row: int) -> None:
        """Ask for the opposite sign."""
        if self._is_editable:
            self.change_requested.emit(row, replace(self._clicks[row], target=-self._clicks[row].target))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """One row per click."""
        return 0 if parent.isValid() else len(self._clicks)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """The columns of `Column`."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(Column(section))
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What Qt shows in a cell."""
        click, column = self._clicks[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), click, column)
        if role == Qt.ItemDataRole.EditRole and column in _FIELDS:
            return getattr(click, _FIELDS[column])
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS.get(column, self._outcome_words(index.row()))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another place or radius."""
        field = _FIELDS.get(Column(index.column()))
        if role != Qt.ItemDataRole.EditRole or field is None:
            return False
        self.change_requested.emit(index.row(), replace(self._clicks[index.row()], **{field: float(value)}))
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Numbers are editable while the object is."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if self._is_editable and index.column() in _FIELDS else flags

    def _text(self, row: int, click: Click, column: Column) -> str:
        if column == Column.NUMBER:
            return str(row + 1)
        if column == Column.SIGN:
            return "+" if click.is_positive else "−"
        if column == Column.LOSS:
            return f"{self._outcomes[row].loss:.3g}" if row < len(self._outcomes) else "…"
        return f"{getattr(click, _FIELDS[column]):.0f}"

    def _outcome_words(self, row: int) -> str:
        if row >= len(self._outcomes):
            return "Not refined yet"
        outcome = self._outcomes[row]
        early = ", stopped early" if outcome.stopped_early else ""
        return (
            f"Loss {outcome.loss:.4g} after {outcome.iterations} iterations{early}, {outcome.seconds * 1000:.0f} ms\n"
            f"Changed inside the radius: {outcome.changed_inside:.1%}, outside: {outcome.changed_outside:.1%}"
        )


class _NumberDelegate(QStyledItemDelegate):
    """Edits coordinates and radii in spin boxes."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A spin box with the range of the column."""
        editor = QDoubleSpinBox(parent)
        editor.setDecimals(1)
        editor.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        least = 1.0 if index.column() == Column.RADIUS else -0.5
        editor.setRange(least, LARGEST_COORDINATE)
        editor.setFrame(False)
        return editor


class _ClicksView(QTableView):
    """A table whose Delete key asks for deletion."""

    delete_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete deletes the click; the rest is Qt's."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_pressed.emit()
            return
        super().keyPressEvent(event)


class ClicksDock(QWidget):
    """The panel with the list and its buttons.

    Signals:
        change_requested(int index, Click)
        delete_requested(int index)
        select_requested(int index): -1 for none.
    """

    change_requested = Signal(int, object)
    delete_requested = Signal(int)
    select_requested = Signal(int)

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._model = ClicksModel()
        self._model.change_requested.connect(self.change_requested)
        self.view = _ClicksView()
        self._set_up_view()
        self._empty = QLabel("No clicks yet.\nLeft: object · right: background")
        self._empty.setProperty("hint", True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.view)
        self._sign = QToolButton()
        self._sign.setProperty("flat", True)
        self._sign.setIconSize(QSize(18, 18))
        self._sign.setToolTip("Turn the selected click from object to background or back")
        self._sign.setAccessibleName("Turn the sign of the selected click")
        self._sign.clicked.connect(self._on_sign)
        self._delete = QToolButton()
        self._delete.setProperty("flat", True)
        self._delete.setIconSize(QSize(18, 18))
        self._delete.setToolTip(f"Delete the selected click ({'Del'})")
        self._delete.setAccessibleName("Delete the selected click")
        self._delete.clicked.connect(self._on_delete)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        buttons.addWidget(self._sign)
        buttons.addWidget(flat_button(actions, "rerun"))
        buttons.addStretch()
        buttons.addWidget(self._delete)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.setSpacing(4)
        column.addLayout(self._stack, 1)
        column.addLayout(buttons)

    def show_clicks(self, item: ObjectState | None, outcomes: tuple[ClickOutcome, ...], selected: int | None) -> None:
        """Show the clicks of an object, with what is known of their refinement, and which one is selected."""
        self._model.show(item, outcomes)
        has_clicks = item is not None and bool(item.clicks)
        self._stack.setCurrentIndex(1 if has_clicks else 0)
        row = -1 if selected is None else selected
        if self.view.currentIndex().row() != row:
            self.view.setCurrentIndex(self._model.index(row, 0))
        if selected is None and has_clicks:
            self.view.scrollToBottom()
        for button in (self._sign, self._delete):
            button.setEnabled(selected is not None and item is not None and item.is_editable)

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        self._sign.setIcon(QIcon(icon("mdi6.plus-minus-variant", palette)))
        self._delete.setIcon(QIcon(icon("mdi6.trash-can-outline", palette)))

    def _set_up_view(self) -> None:
        view = self.view
        view.setModel(self._model)
        view.setItemDelegate(_NumberDelegate(view))
        view.setAccessibleName("Clicks of the active object")
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(26)
        header = view.horizontalHeader()
        header.setMinimumSectionSize(24)
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for column, width in ((Column.NUMBER, 34), (Column.SIGN, 28)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            view.setColumnWidth(column, width)
        view.selectionModel().currentRowChanged.connect(self._on_row_changed)
        view.doubleClicked.connect(self._on_double_clicked)
        view.delete_pressed.connect(self._on_delete)

    def _on_row_changed(self, current: QModelIndex) -> None:
        self.select_requested.emit(current.row())

    def _on_double_clicked(self, index: QModelIndex) -> None:
        if index.column() == Column.SIGN:
            self._model.toggle_sign(index.row())

    def _on_sign(self) -> None:
        if self.view.currentIndex().isValid():
            self._model.toggle_sign(self.view.currentIndex().row())

    def _on_delete(self) -> None:
        if self.view.currentIndex().isValid():
            self.delete_requested.emit(self.view.currentIndex().row())


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignHCenter if column == Column.SIGN else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
