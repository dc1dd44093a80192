"""The list of clicks, strokes and pushes: number, target, place, radius, loss; numbers are edited in place."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPalette
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
from app.rendering.layers import ClickMarker
from app.state.dense import DenseLayer
from app.state.document import Item
from app.state.results import ClickOutcome
from app.theme import icon
from app.widgets.objects_dock import flat_button
from gbrs_core.interaction import Click, Interaction, Push, Stroke, TargetSpec

Index = QModelIndex | QPersistentModelIndex

LARGEST_COORDINATE = 100_000.0
_ROW_HEIGHT = 26
_LEAST_ROWS = 3
_MEASURED_ROWS = 20
"""How many rows decide on the width of a column."""
_SMALL_LOSS = 1e-3
"""Below it a loss is told by its order of magnitude, which the column has room for."""
_EMPTY = "No clicks yet.\nLeft: object · right: background"
_EMPTY_DENSE = "No corrections yet.\nClick where the prediction is wrong."


class Column(IntEnum):
    """Columns of the list."""

    NUMBER = 0
    TARGET = 1
    X = 2
    Y = 3
    RADIUS = 4
    LOSS = 5


_TITLES = ("#", "±", "x", "y", "Radius", "Loss")
_TIPS = {
    Column.TARGET: "Object (+) or background (−); double-click to turn it round",
    Column.X: "Column in image pixels; double-click to change",
    Column.Y: "Row in image pixels; double-click to change",
    Column.RADIUS: "Attention radius in image pixels; double-click to change",
}
_TARGET_TIPS = {
    "classes": "Class; double-click to give it the class of the left button",
    "range": "Target; double-click to change",
}
_FIELDS = {Column.X: "x", Column.Y: "y", Column.RADIUS: "radius"}


class ClicksModel(QAbstractTableModel):
    """Shows clicks; edits are only asked for.

    Signals:
        change_requested(int index, Interaction)
    """

    change_requested = Signal(int, object)

    def __init__(self) -> None:
        super().__init__()
        self._clicks: tuple[Interaction, ...] = ()
        self._markers: tuple[ClickMarker, ...] = ()
        self._outcomes: tuple[ClickOutcome, ...] = ()
        self._layer: DenseLayer | None = None
        self._is_editable = False

    def show(self, item: Item | None, outcomes: tuple[ClickOutcome, ...], markers: tuple[ClickMarker, ...]) -> None:
        """Show the clicks of another state of the object or layer; the markers say how their targets look."""
        clicks = item.clicks if item is not None else ()
        before, now = len(self._clicks), len(clicks)
        if now > before:
            self.beginInsertRows(QModelIndex(), before, now - 1)
        elif now < before:
            self.beginRemoveRows(QModelIndex(), now, before - 1)
        self._clicks, self._outcomes, self._markers = clicks, outcomes, markers
        self._layer = item if isinstance(item, DenseLayer) else None
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.TARGET, Column.TARGET)
        self._is_editable = item is not None and item.is_editable
        if now > before:
            self.endInsertRows()
        elif now < before:
            self.endRemoveRows()
        if now:
            self.dataChanged.emit(self.index(0, 0), self.index(now - 1, len(Column) - 1))

    @property
    def targets(self) -> TargetSpec | None:
        """Which targets clicks have; None for object and background."""
        return self._layer.description.target_spec if self._layer is not None else None

    def turn(self, row: int) -> None:
        """Ask for the opposite sign or direction, or for the target of the left button."""
        click = self._clicks[row]
        if not self._is_editable:
            return
        if isinstance(click, Push):
            self.change_requested.emit(row, replace(click, direction=-click.direction))
        elif self._layer is not None:
            self.change_requested.emit(row, replace(click, target=self._layer.primary))
        else:
            self.change_requested.emit(row, replace(click, target=-click.target))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """One row per click."""
        return 0 if parent.isValid() else len(self._clicks)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """The columns of `Column`."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return "Target" if section == Column.TARGET and self._layer is not None else _TITLES[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(Column(section), has_words=self.targets is not None)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What Qt shows in a cell."""
        click, column = self._clicks[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), click, column)
        if role == Qt.ItemDataRole.EditRole and self._is_field(click, column):
            return getattr(click, _FIELDS.get(column, "target"))
        if role == Qt.ItemDataRole.DecorationRole and column == Column.TARGET:
            return self._swatch(index.row())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(index.row(), column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column, has_words=self.targets is not None)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for another place, radius or target; a target out of range is not taken."""
        click, column = self._clicks[index.row()], Column(index.column())
        if role != Qt.ItemDataRole.EditRole or not self._is_field(click, column):
            return False
        changes = {_FIELDS.get(column, "target"): float(value)}
        self.change_requested.emit(index.row(), replace(click, **changes))  # type: ignore[arg-type]
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Numbers are editable while the object is."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        is_editable = self._is_editable and self._is_field(self._clicks[index.row()], Column(index.column()))
        return flags | Qt.ItemFlag.ItemIsEditable if is_editable else flags

    def _is_field(self, click: Interaction, column: Column) -> bool:
        """Whether a cell holds a number of the interaction."""
        if column == Column.TARGET:
            has_number = self.targets is not None and self.targets.kind == "range"
            return has_number and not isinstance(click, Push)
        return column in _FIELDS and not isinstance(click, Stroke) and hasattr(click, _FIELDS[column])

    def _text(self, row: int, click: Interaction, column: Column) -> str:
        if column == Column.NUMBER:
            return str(row + 1)
        if column == Column.TARGET:
            label = self._markers[row].label if row < len(self._markers) else ""
            return label or ("+" if isinstance(click, Click) and click.is_positive else "−")
        if column == Column.LOSS:
            return loss_text(self._outcomes[row].loss, 3) if row < len(self._outcomes) else "…"
        if column == Column.RADIUS and not isinstance(click, Click):
            return "stroke" if isinstance(click, Stroke) else "push"
        return f"{getattr(click, _FIELDS[column]):.0f}" if not isinstance(click, Stroke) else ""

    def _swatch(self, row: int) -> QColor | None:
        """The colour of a class or an alpha; a depth has none of its own."""
        has_colours = self.targets is not None and not self.targets.unit
        colour = self._markers[row].colour if has_colours and row < len(self._markers) else None
        return QColor(*colour) if colour is not None else None

    def _tip(self, row: int, column: Column) -> str:
        if column == Column.TARGET and self.targets is not None:
            return _TARGET_TIPS[self.targets.kind]
        return _TIPS.get(column) or self._outcome_words(row)

    def _outcome_words(self, row: int) -> str:
        if row >= len(self._outcomes):
            return "Not refined yet"
        outcome = self._outcomes[row]
        early = ", stopped early" if outcome.stopped_early else ""
        return (
            f"Loss {loss_text(outcome.loss, 4)} after {outcome.iterations} iterations{early}, "
            f"{outcome.seconds * 1000:.0f} ms\n"
            f"Changed inside the radius: {outcome.changed_inside:.1%}, outside: {outcome.changed_outside:.1%}"
        )


def loss_text(loss: float, digits: int) -> str:
    """A loss; a dash for NaN, where the method optimises nothing."""
    if not math.isfinite(loss):
        return "–"
    return f"{loss:.0e}" if 0 < loss < _SMALL_LOSS else f"{loss:.{digits}g}"


class _NumberDelegate(QStyledItemDelegate):
    """Edits coordinates, radii and targets in spin boxes."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A spin box with the range of the column."""
        editor = QDoubleSpinBox(parent)
        editor.setDecimals(1)
        editor.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        model = index.model()
        targets = model.targets if isinstance(model, ClicksModel) else None
        if index.column() == Column.TARGET and targets is not None:
            editor.setDecimals(3)
            editor.setRange(targets.minimum, min(targets.maximum, LARGEST_COORDINATE))
        else:
            editor.setRange(1.0 if index.column() == Column.RADIUS else -0.5, LARGEST_COORDINATE)
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
        change_requested(int index, Interaction)
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
        self._empty = QLabel(_EMPTY)
        self._empty.setProperty("hint", True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.view)
        self._sign = QToolButton()
        self._sign.setProperty("flat", True)
        self._sign.setIconSize(QSize(18, 18))
        self._sign.setToolTip("Turn the selected click to the other sign, or give it the target of the left button")
        self._sign.setAccessibleName("Turn the target of the selected click")
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

    def show_clicks(
        self,
        item: Item | None,
        outcomes: tuple[ClickOutcome, ...],
        selected: int | None,
        markers: tuple[ClickMarker, ...] = (),
    ) -> None:
        """Show the clicks of an object or a layer, with what is known of their refinement, which one is selected, and
        how their targets look on the canvas.
        """
        self._model.show(item, outcomes, markers)
        is_dense = isinstance(item, DenseLayer)
        self._empty.setText(_EMPTY_DENSE if is_dense else _EMPTY)
        self._fit_columns(has_words=is_dense)
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
        view.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        header = view.horizontalHeader()
        header.setMinimumSectionSize(24)
        header.setHighlightSections(False)
        header.setResizeContentsPrecision(_MEASURED_ROWS)
        header.setSectionResizeMode(Column.NUMBER, QHeaderView.ResizeMode.Fixed)
        view.setColumnWidth(Column.NUMBER, 30)
        view.setMinimumHeight((_LEAST_ROWS + 1) * _ROW_HEIGHT + 2 * view.frameWidth())
        self._fit_columns(has_words=False)
        view.selectionModel().currentRowChanged.connect(self._on_row_changed)
        view.doubleClicked.connect(self._on_double_clicked)
        view.delete_pressed.connect(self._on_delete)

    def _fit_columns(self, *, has_words: bool) -> None:
        """Give the room that is left to the targets where they have words, else to the numbers."""
        header, modes = self.view.horizontalHeader(), QHeaderView.ResizeMode
        for column in (Column.X, Column.Y, Column.RADIUS, Column.LOSS):
            header.setSectionResizeMode(column, modes.ResizeToContents if has_words else modes.Stretch)
        header.setSectionResizeMode(Column.TARGET, modes.Stretch if has_words else modes.Fixed)
        if not has_words:
            self.view.setColumnWidth(Column.TARGET, 28)

    def _on_row_changed(self, current: QModelIndex) -> None:
        self.select_requested.emit(current.row())

    def _on_double_clicked(self, index: QModelIndex) -> None:
        if index.column() == Column.TARGET:
            self._model.turn(index.row())

    def _on_sign(self) -> None:
        if self.view.currentIndex().isValid():
            self._model.turn(self.view.currentIndex().row())

    def _on_delete(self) -> None:
        if self.view.currentIndex().isValid():
            self.delete_requested.emit(self.view.currentIndex().row())


def _alignment(column: Column, *, has_words: bool = False) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight
    if column == Column.TARGET:
        side = Qt.AlignmentFlag.AlignLeft if has_words else Qt.AlignmentFlag.AlignHCenter
    return side | Qt.AlignmentFlag.AlignVCenter
