"""The panel of the points in space: the view, and the camera's field of view."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QPalette, QShowEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.rendering.points import DEFAULT_FIELD_OF_VIEW
from app.theme import icon
from app.widgets.fields import FIELD_HEIGHT, guard_wheel
from app.widgets.point_view import PointView


class PointsDock(QWidget):
    """The panel.

    Signals:
        shown_changed(bool): the panel is seen, or not any more.
    """

    shown_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.view = PointView()
        self.field_of_view = QDoubleSpinBox()
        self.field_of_view.setRange(10, 150)
        self.field_of_view.setDecimals(0)
        self.field_of_view.setSuffix(" °")
        self.field_of_view.setValue(DEFAULT_FIELD_OF_VIEW)
        self.field_of_view.setMinimumHeight(FIELD_HEIGHT)
        self.field_of_view.setAccessibleName("Field of view")
        self.field_of_view.setToolTip("Field of view of the camera across the longer side of the photograph")
        guard_wheel(self.field_of_view)
        self.reset = QToolButton()
        self.reset.setText("Reset View")
        self.reset.setToolTip("Back to where the photograph was taken from (Home, or a double click)")
        self.reset.setIconSize(QSize(16, 16))
        self.reset.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        row = QHBoxLayout()
        row.addWidget(QLabel("Field of view"))
        row.addWidget(self.field_of_view)
        row.addWidget(self.reset)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 8, 8)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        self.field_of_view.valueChanged.connect(self.view.set_field_of_view)
        self.reset.clicked.connect(self.view.reset)

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        self.reset.setIcon(icon("mdi6.restore", palette))

    def showEvent(self, event: QShowEvent) -> None:
        """The panel is seen."""
        super().showEvent(event)
        self.shown_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """The panel is closed, or behind another one."""
        super().hideEvent(event)
        self.shown_changed.emit(False)
