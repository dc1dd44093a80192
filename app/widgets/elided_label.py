"""A line of text that gives way: names of networks, files and classes must not widen the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QToolTip, QWidget

_LEAST_CHARACTERS = 8


class ElidedLabel(QLabel):
    """One line of plain text that loses its middle where there is no room for all of it; its tip has the whole."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    @property
    def shown(self) -> str:
        """What is to be read at the present width."""
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.contentsRect().width())

    def minimumSizeHint(self) -> QSize:
        """Room for a few characters, however long the text is."""
        whole = super().minimumSizeHint()
        frame = self.width() - self.contentsRect().width()
        least = self.fontMetrics().averageCharWidth() * _LEAST_CHARACTERS + frame
        return QSize(min(whole.width(), least), whole.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what there is room for."""
        painter = QPainter(self)
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            int(self.alignment().value),
            self.palette(),
            self.isEnabled(),
            self.shown,
            self.foregroundRole(),
        )

    def event(self, event: QEvent) -> bool:
        """Put a text that is not to be read in full before the tip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self.shown != self.text():
            QToolTip.showText(event.globalPos(), "\n".join(filter(None, (self.text(), self.toolTip()))), self)
            return True
        return super().event(event)
