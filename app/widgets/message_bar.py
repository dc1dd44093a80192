"""Messages inside the window: errors with a Details fold, hints that go away, progress that can be cancelled."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.theme import icon

MessageKind = Literal["info", "warning", "error"]

HINT_MS = 6000
_ICONS: dict[MessageKind, str] = {
    "info": "mdi6.information-outline",
    "warning": "mdi6.alert-outline",
    "error": "mdi6.alert-circle-outline",
}


class MessageBar(QFrame):
    """One message at the top of the canvas, never modal.

    Signals:
        closed(): the user closed the message.
    """

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messageBar")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self._stripe = QFrame()
        self._stripe.setObjectName("messageStripe")
        self._stripe.setFixedWidth(4)
        self._icon = QLabel()
        self._title = QLabel()
        self._title.setObjectName("title")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setMaximumHeight(160)
        self._details.hide()
        self._fold = QPushButton("Details")
        self._fold.setCheckable(True)
        self._fold.toggled.connect(self._details.setVisible)
        self._close = QToolButton()
        self._close.setProperty("flat", True)
        self._close.setText("×")
        self._close.setToolTip("Close this message")
        self._close.setAccessibleName("Close this message")
        self._close.clicked.connect(self._on_close)
        self._kind: MessageKind = "info"
        self._lay_out()
        self.hide()

    @property
    def title(self) -> str:
        """The message's first line; empty while none is shown."""
        return "" if self.isHidden() else self._title.text()

    @property
    def text(self) -> str:
        """The message's body."""
        return self._text.text()

    def show_message(self, kind: MessageKind, title: str, text: str = "", details: str = "") -> None:
        """Show a message in place of the one before; errors and warnings stay until they are closed."""
        self._kind = kind
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._details.setPlainText(details)
        self._fold.setVisible(bool(details))
        self._fold.setChecked(False)
        self._stripe.setProperty("kind", kind)
        self._stripe.style().polish(self._stripe)
        self.paint_icons(self.palette())
        self.show()
        self._timer.stop()
        if kind == "info":
            self._timer.start(HINT_MS)

    def show_hint(self, text: str) -> None:
        """Show a line that goes away by itself; an error that is shown stays."""
        if not (self.isVisible() and self._kind == "error"):
            self.show_message("info", text)

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icon in the colours of the theme."""
        self._icon.setPixmap(icon(_ICONS[self._kind], palette, accent=True).pixmap(QSize(20, 20)))
        self._close.setIcon(icon("mdi6.close", palette))
        self._close.setText("")

    def _lay_out(self) -> None:
        self._title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._title)
        words.addWidget(self._text)
        row = QHBoxLayout()
        row.setContentsMargins(10, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._details)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._stripe)
        whole.addLayout(column, 1)

    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()


class ProgressStrip(QFrame):
    """A line that says what is going on, how far it is, and lets the user cancel it.

    Signals:
        cancelled(): the user pressed Cancel.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("messageBar")
        self._text = QLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._cancel = QPushButton("Cancel")
        self._cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 8, 6)
        row.setSpacing(12)
        row.addWidget(self._text)
        row.addWidget(self._bar, 1)
        row.addWidget(self._cancel)
        self.hide()

    @property
    def text(self) -> str:
        """What is going on."""
        return self._text.text()

    def show_progress(self, text: str, share: float | None) -> None:
        """Show a share from 0 to 1, None while it is not known."""
        self._text.setText(text)
        self._bar.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self._bar.setValue(round(share * 1000))
        self.show()
