"""Pages in one place, as high as the page that is seen."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget


class PageStack(QStackedWidget):
    """A stack that needs the width of its widest page, so that it keeps it, and the height of the current one."""

    def __init__(self) -> None:
        super().__init__()
        self.currentChanged.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """Of the current page."""
        page = self.currentWidget()
        return super().sizeHint() if page is None else QSize(super().sizeHint().width(), page.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Of the current page; text that is wrapped needs more height the less width there is."""
        page = self.currentWidget()
        least = super().minimumSizeHint()
        if page is None:
            return least
        height = page.minimumSizeHint().height()
        if page.hasHeightForWidth() and self.isVisible():
            height = max(height, page.heightForWidth(self.width()))
        return QSize(least.width(), height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may need another height."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()
