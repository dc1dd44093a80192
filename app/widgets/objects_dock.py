"""The list of objects: visible, colour, name, clicks, state."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions
from app.state.document import DocumentState, ObjectState
from app.theme import icon

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """Columns of the list."""

    VISIBLE = 0
    COLOUR = 1
    NAME = 2
    CLICKS = 3
    STATE = 4


_TIPS = {
    Column.VISIBLE: "Show or hide the mask",
    Column.COLOUR: "Double-click to change the colour",
    Column.NAME: "Double-click or F2 to rename",
    Column.CLICKS: "Number of clicks",
}
_ICON_NAMES = {
    "visible": "mdi6.eye-outline",
    "hidden": "mdi6.eye-off-outline",
    "locked": "mdi6.lock-outline",
    "finished": "mdi6.check-circle-outline",
}


class ObjectsModel(QAbstractTableModel):
    """Shows the objects of a document; edits are only asked for.

    Signals:
        rename_requested(int object_id, str name)
    """

    rename_requested = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self._document = DocumentState()
        self._icons: dict[str, QIcon] = {}

    def show(self, document: DocumentState) -> None:
        """Show another document, keeping the rows that stay."""
        before, now = len(self._document.objects), len(document.objects)
        if now > before:
            self.beginInsertRows(QModelIndex(), before, now - 1)
        elif now < before:
            self.beginRemoveRows(QModelIndex(), now, before - 1)
        self._document = document
        if now > before:
            self.endInsertRows()
        elif now < before:
            self.endRemoveRows()
        if now:
            self.dataChanged.emit(self.index(0, 0), self.index(now - 1, len(Column) - 1))

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        self._icons = {key: icon(name, palette) for key, name in _ICON_NAMES.items()}
        self.show(self._document)

    def object_at(self, row: int) -> ObjectState:
        """The object of a row."""
        return self._document.objects[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """One row per object."""
        return 0 if parent.isValid() else len(self._document.objects)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """The columns of `Column`."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What Qt shows in a cell."""
        item, column = self.object_at(index.row()), Column(index.column())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return {Column.NAME: item.name, Column.CLICKS: len(item.clicks)}.get(column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._decoration(item, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS.get(column, _state_words(item))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{item.name}, {len(item.clicks)} clicks, {_state_words(item)}" if column == Column.NAME else None
        if role == Qt.ItemDataRole.TextAlignmentRole and column == Column.CLICKS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another name."""
        if role != Qt.ItemDataRole.EditRole or index.column() != Column.NAME:
            return False
        self.rename_requested.emit(self.object_at(index.row()).object_id, str(value))
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Names are editable."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == Column.NAME else flags

    def _decoration(self, item: ObjectState, column: Column) -> Any:
        if column == Column.COLOUR:
            return QColor(*item.colour)
        if column == Column.VISIBLE:
            return self._icons.get("visible" if item.is_visible else "hidden")
        if column == Column.STATE:
            return self._icons.get("locked" if item.is_locked else "finished" if item.is_finished else "")
        return None


class CellDelegate(QStyledItemDelegate):
    """Draws the colour as a round swatch and centres icons."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one cell."""
        decoration = index.data(Qt.ItemDataRole.DecorationRole)
        plain = QStyleOptionViewItem(option)
        super().paint(painter, plain, index)
        area = QRect(0, 0, 16, 16)
        area.moveCenter(option.rect.center())
        if isinstance(decoration, QColor):
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(decoration.darker(130))
            painter.setBrush(decoration)
            painter.drawEllipse(area.adjusted(2, 2, -2, -2))
            painter.restore()
        elif isinstance(decoration, QIcon):
            is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
            mode = QIcon.Mode.Selected if is_selected else QIcon.Mode.Normal
            decoration.paint(painter, area, Qt.AlignmentFlag.AlignCenter, mode)

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Leave the decoration to `paint`."""
        super().initStyleOption(option, index)
        option.icon = QIcon()
        option.features &= ~QStyleOptionViewItem.ViewItemFeature.HasDecoration


class _ObjectsView(QTableView):
    """A table whose Delete key asks for deletion."""

    delete_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete deletes the object; the rest is Qt's."""
        if event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
            return
        super().keyPressEvent(event)


class ObjectsDock(QWidget):
    """The panel with the list and its buttons.

    Signals:
        activate_requested(int object_id)
        visibility_requested(int object_id, bool is_visible)
        lock_requested(int object_id, bool is_locked)
        rename_requested(int object_id, str name)
        recolour_requested(int object_id)
        delete_requested(int object_id)
    """

    activate_requested = Signal(int)
    visibility_requested = Signal(int, bool)
    lock_requested = Signal(int, bool)
    rename_requested = Signal(int, str)
    recolour_requested = Signal(int)
    delete_requested = Signal(int)

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._model = ObjectsModel()
        self._model.rename_requested.connect(self.rename_requested)
        self.view = _ObjectsView()
        self._set_up_view()
        self._empty = QLabel("No objects yet.\nClick into the image to start one.")
        self._empty.setProperty("hint", True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.view)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for action_id in ("new_object", "finish", "reopen", "lock"):
            buttons.addWidget(flat_button(actions, action_id))
        buttons.addStretch()
        buttons.addWidget(flat_button(actions, "delete_object"))
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.setSpacing(4)
        column.addLayout(self._stack, 1)
        column.addLayout(buttons)

    def show_document(self, document: DocumentState) -> None:
        """Show the objects and which of them is active."""
        self._model.show(document)
        self._stack.setCurrentIndex(1 if document.objects else 0)
        ids = [item.object_id for item in document.objects]
        if document.active_object_id in ids:
            row = ids.index(document.active_object_id)
            if self.view.currentIndex().row() != row:
                self.view.setCurrentIndex(self._model.index(row, Column.NAME))
        else:
            self.view.clearSelection()

    def edit_name(self, object_id: int) -> None:
        """Open the name of an object for editing."""
        for row in range(self._model.rowCount()):
            if self._model.object_at(row).object_id == object_id:
                self.view.edit(self._model.index(row, Column.NAME))

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        self._model.paint_icons(palette)

    def _set_up_view(self) -> None:
        view = self.view
        view.setModel(self._model)
        view.setItemDelegate(CellDelegate(view))
        view.setAccessibleName("Objects")
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(28)
        header = view.horizontalHeader()
        header.hide()
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((Column.VISIBLE, 28), (Column.COLOUR, 24), (Column.CLICKS, 36), (Column.STATE, 28)):
            view.setColumnWidth(column, width)
        view.clicked.connect(self._on_clicked)
        view.doubleClicked.connect(self._on_double_clicked)
        view.delete_pressed.connect(self._on_delete)
        view.selectionModel().currentRowChanged.connect(self._on_row_changed)

    def _on_row_changed(self, current: QModelIndex) -> None:
        if current.isValid():
            self.activate_requested.emit(self._model.object_at(current.row()).object_id)

    def _on_clicked(self, index: QModelIndex) -> None:
        item = self._model.object_at(index.row())
        if index.column() == Column.VISIBLE:
            self.visibility_requested.emit(item.object_id, not item.is_visible)
        elif index.column() == Column.STATE:
            self.lock_requested.emit(item.object_id, not item.is_locked)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        if index.column() == Column.COLOUR:
            self.recolour_requested.emit(self._model.object_at(index.row()).object_id)

    def _on_delete(self) -> None:
        if self.view.currentIndex().isValid():
            self.delete_requested.emit(self._model.object_at(self.view.currentIndex().row()).object_id)


def flat_button(actions: Actions, action_id: str) -> QToolButton:
    """A small button of an action for the foot of a panel."""
    button = QToolButton()
    button.setDefaultAction(actions[action_id])
    button.setProperty("flat", True)
    button.setIconSize(QSize(18, 18))
    button.setAccessibleName(actions[action_id].toolTip())
    return button


def _state_words(item: ObjectState) -> str:
    words = "finished" if item.is_finished else "open"
    return f"{words}, locked; click to unlock" if item.is_locked else f"{words}; click to lock"
