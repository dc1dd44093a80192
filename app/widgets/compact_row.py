"""A row of fields that gives up words before it makes the window wider."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

_UNLIMITED = 16_777_215
"""Qt's greatest width of a widget."""
_LEAST_SPACING, _MOST_SPACING = 4, 14
"""Less and more than a button needs between its icon and its words, logical pixels."""


class CompactRow(QWidget):
    """A row that drops its captions, and the words beside the icons of its buttons, where there is no room for them.

    The tips of fields and buttons say the same, so nothing is lost but width. Subclasses fill `_row`, and name with
    `_may_drop` what can do without words.
    """

    def __init__(self) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._captions: list[QLabel] = []
        self._buttons: list[QToolButton] = []
        self._is_compact = False

    @property
    def is_compact(self) -> bool:
        """Whether the words are dropped."""
        return self._is_compact

    def minimumSizeHint(self) -> QSize:
        """The size without the words."""
        now = super().minimumSizeHint()
        return now if self._is_compact else now - QSize(self._width_of_words(_LEAST_SPACING), 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Drop the words or bring them back."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """See to the words when fields came, went, or have other texts."""
        is_handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return is_handled

    def _may_drop(self, item: QLabel | QToolButton) -> None:
        """A caption that may be hidden, or a button whose icon is enough."""
        if isinstance(item, QLabel):
            self._captions.append(item)
        else:
            self._buttons.append(item)

    def _fit(self) -> None:
        # Counted generously on the way back, so that the words do not come only to go again.
        words = self._width_of_words(_MOST_SPACING) if self._is_compact else 0
        is_compact = super().minimumSizeHint().width() + words > self.width()
        if is_compact == self._is_compact:
            return
        self._is_compact = is_compact
        for caption in self._captions:
            caption.setMaximumWidth(0 if is_compact else _UNLIMITED)
        styles = Qt.ToolButtonStyle
        for button in self._buttons:
            button.setToolButtonStyle(styles.ToolButtonIconOnly if is_compact else styles.ToolButtonTextBesideIcon)

    def _width_of_words(self, spacing: int) -> int:
        """What dropping wins, with what is supposed between the icon and the words of a button."""
        captions = sum(caption.sizeHint().width() for caption in self._captions if not caption.isHidden())
        words = (button.fontMetrics().horizontalAdvance(button.text()) for button in self._buttons)
        return captions + sum(word + spacing for word in words)
