"""The list of classes: visible, colour, key, name, share of the pixels; which class each mouse button stands for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QKeySequence, QMouseEvent, QPalette, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions
from app.rendering.layers import Colour
from app.state.dense import DenseLayer
from app.theme import icon
from app.view_modes import CLASS_KEYS
from app.widgets.objects_dock import CellDelegate, flat_button

Index = QModelIndex | QPersistentModelIndex

_ROW_HEIGHT = 26
_LEAST_ROWS = 6


class Column(IntEnum):
    """Columns of the list."""

    VISIBLE = 0
    COLOUR = 1
    BUTTON = 2
    NAME = 3
    SHARE = 4


_TIPS = {
    Column.VISIBLE: "Show or hide the class",
    Column.BUTTON: "L: left button, R: right button; else the key that chooses the class",
    Column.NAME: "Click: class of the left button; right click: class of the right button",
    Column.SHARE: "Share of the pixels",
}


class ClassesModel(QAbstractTableModel):
    """Shows the classes of a network."""

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._colours: tuple[Colour, ...] = ()
        self._shares: tuple[float, ...] = ()
        self._layer = DenseLayer.blank("semantic")
        self._icons: dict[bool, QIcon] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What the classes are called."""
        return self._names

    def set_classes(self, names: tuple[str, ...], colours: tuple[Colour, ...]) -> None:
        """The classes of another network."""
        if (names, colours) != (self._names, self._colours):
            self.beginResetModel()
            self._names, self._colours, self._shares = names, colours, ()
            self.endResetModel()

    def show(self, layer: DenseLayer) -> None:
        """Which classes are hidden, and what the buttons stand for."""
        if layer != self._layer:
            self._layer = layer
            self._changed()

    def show_shares(self, shares: Sequence[float]) -> None:
        """Share of the pixels of each class, 0 to 1."""
        if tuple(shares) != self._shares:
            self._shares = tuple(shares)
            self._changed()

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        self._icons = {True: icon("mdi6.eye-outline", palette), False: icon("mdi6.eye-off-outline", palette)}
        self._changed()

    def is_visible(self, class_id: int) -> bool:
        """Whether a class is drawn."""
        return class_id not in self._layer.hidden_classes

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """One row per class."""
        return 0 if parent.isValid() else len(self._names)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """The columns of `Column`."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What Qt shows in a cell."""
        row, column = index.row(), Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return {
                Column.NAME: self._names[row],
                Column.BUTTON: self._button(row),
                Column.SHARE: _percent(self._shares[row]) if row < len(self._shares) else "",
            }.get(column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._decoration(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS.get(column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == Column.NAME:
            return f"{self._names[row]}, {'shown' if self.is_visible(row) else 'hidden'}"
        if role == Qt.ItemDataRole.FontRole and self._button(row) in ("L", "R", "L R"):
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (Column.BUTTON, Column.SHARE):
            side = Qt.AlignmentFlag.AlignHCenter if column == Column.BUTTON else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _button(self, row: int) -> str:
        """Which button a class belongs to, else its key."""
        sides = (("L", self._layer.primary), ("R", self._layer.secondary))
        held = " ".join(side for side, target in sides if target == row)
        return held or (CLASS_KEYS[row] if row < len(CLASS_KEYS) else "")

    def _decoration(self, row: int, column: Column) -> Any:
        if column == Column.COLOUR:
            return QColor(*self._colours[row])
        return self._icons.get(self.is_visible(row)) if column == Column.VISIBLE else None

    def _changed(self) -> None:
        if self._names:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._names) - 1, len(Column) - 1))


class _ClassesView(QTableView):
    """A table that tells the right button from the left one.

    Signals:
        right_pressed(int row)
    """

    right_pressed = Signal(int)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The right button chooses without making the row the current one."""
        index = self.indexAt(event.position().toPoint())
        if event.button() != Qt.MouseButton.RightButton:
            super().mousePressEvent(event)
        elif index.isValid():
            self.right_pressed.emit(index.row())


class ClassesDock(QWidget):
    """The panel.

    Signals:
        target_requested(float class_id, bool is_secondary)
        visibility_requested(int class_id, bool is_visible)
        search_ended(): a class was found, or the search was given up; the keys are the canvas's again.
    """

    target_requested = Signal(float, bool)
    visibility_requested = Signal(int, bool)
    search_ended = Signal()

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._model = ClassesModel()
        self.view = _ClassesView()
        self._set_up_view()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a class")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Find a class")
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._take_first)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.search)
        escape.setContext(Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self._end_search)
        self._empty = QLabel("The classes are shown when the network is there.")
        self._empty.setProperty("hint", True)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.view)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for action_id in ("swap_targets", "pick_tool", "predict"):
            buttons.addWidget(flat_button(actions, action_id))
        buttons.addStretch()
        show_all = flat_button(actions, "show_all_classes")
        show_all.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        buttons.addWidget(show_all)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.setSpacing(4)
        column.addWidget(self.search)
        column.addLayout(self._stack, 1)
        column.addLayout(buttons)

    def set_classes(self, names: tuple[str, ...], colours: tuple[Colour, ...]) -> None:
        """The classes of the network, none without one."""
        self._model.set_classes(names, colours)
        self._stack.setCurrentIndex(1 if names else 0)
        self._filter()

    def show_layer(self, layer: DenseLayer) -> None:
        """Show which classes are hidden, and what the buttons stand for."""
        self._model.show(layer)
        row = int(layer.primary)
        if self.view.currentIndex().row() != row and row < self._model.rowCount():
            selection = self.view.selectionModel()
            selection.blockSignals(True)
            self.view.setCurrentIndex(self._model.index(row, Column.NAME))
            selection.blockSignals(False)
            # Blocked signals keep Qt from scrolling there by itself.
            self.view.scrollTo(self._model.index(row, Column.NAME))
            self.view.viewport().update()

    def show_shares(self, shares: Sequence[float]) -> None:
        """Show the share of the pixels of each class, 0 to 1."""
        self._model.show_shares(shares)

    def focus_search(self) -> None:
        """Let the user type the name of a class."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        self._model.paint_icons(palette)

    def _set_up_view(self) -> None:
        view = self.view
        view.setModel(self._model)
        view.setItemDelegate(CellDelegate(view))
        view.setAccessibleName("Classes")
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        view.setMinimumHeight(_LEAST_ROWS * _ROW_HEIGHT + 2 * view.frameWidth())
        header = view.horizontalHeader()
        header.hide()
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((Column.VISIBLE, 28), (Column.COLOUR, 24), (Column.BUTTON, 32), (Column.SHARE, 68)):
            view.setColumnWidth(column, width)
        view.right_pressed.connect(self._on_right_press)
        view.clicked.connect(self._on_clicked)
        view.selectionModel().currentRowChanged.connect(self._on_row_changed)

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == Column.VISIBLE:
            self.visibility_requested.emit(index.row(), not self._model.is_visible(index.row()))

    def _on_row_changed(self, current: QModelIndex) -> None:
        if current.isValid():
            self.target_requested.emit(float(current.row()), False)

    def _on_right_press(self, row: int) -> None:
        self.target_requested.emit(float(row), True)

    def _filter(self) -> None:
        wanted = self.search.text().strip().casefold()
        for row, name in enumerate(self._model.names):
            self.view.setRowHidden(row, wanted not in name.casefold())

    def _take_first(self) -> None:
        """Make the first class that was found that of the left button."""
        found = [row for row in range(self._model.rowCount()) if not self.view.isRowHidden(row)]
        if found:
            self.target_requested.emit(float(found[0]), False)
            self._end_search()

    def _end_search(self) -> None:
        self.search.clear()
        self.view.scrollTo(self.view.currentIndex())
        self.search_ended.emit()


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %") if share else "–"
