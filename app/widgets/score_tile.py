"""A button that shows a number and what it is."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

_NAME_PX, _VALUE_PX = 11, 19
_HEIGHT_PX = 52
_WIDTH_PX = 62
_INSET, _OUTSET = QPointF(6, -1.5), QPointF(-6, -1.5)


class ScoreTile(QAbstractButton):
    """Checked: it is the number that is looked at closely."""

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._name = self._value = ""

    def show_value(self, name: str, value: str) -> None:
        """Show a number and its name."""
        self._name, self._value = name, value
        self.setText(f"{name} {value}")
        self.setAccessibleName(self.text())
        self.update()

    def sizeHint(self) -> QSize:
        """Room for two lines."""
        return QSize(_WIDTH_PX, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Three of them fit into the panel."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw name over number; a line at the foot marks the checked one, a frame the one with the keyboard."""
        palette = self.palette()
        accent = palette.color(QPalette.ColorRole.Accent)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(accent if self.hasFocus() else palette.color(QPalette.ColorRole.Mid), 1))
            painter.setBrush(palette.color(QPalette.ColorRole.Base))
            painter.drawRoundedRect(frame, 5, 5)
            if self.isChecked():
                painter.setPen(QPen(accent, 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawLine(frame.bottomLeft() + _INSET, frame.bottomRight() + _OUTSET)
            painter.setFont(self._font(_NAME_PX, is_bold=False))
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            upper = frame.adjusted(2, 6, -2, -_HEIGHT_PX / 2 - 4)
            painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, self._name)
            painter.setFont(self._font(_VALUE_PX, is_bold=True))
            painter.setPen(palette.color(QPalette.ColorRole.WindowText))
            painter.drawText(frame.adjusted(2, 18, -2, -4), Qt.AlignmentFlag.AlignCenter, self._value)

    def _font(self, size: int, *, is_bold: bool) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(size)
        font.setBold(is_bold)
        return font
