"""Messages inside the window: errors with a Details fold, hints that go away, progress that can be cancelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPalette
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
from app.widgets.elided_label import ElidedLabel

MessageKind = Literal["info", "warning", "error"]

HINT_MS = 6000
_ICONS: dict[MessageKind, str] = {
    "info": "mdi6.information-outline",
    "warning": "mdi6.alert-outline",
    "error": "mdi6.alert-circle-outline",
}

_COLOURS: dict[MessageKind, str] = {"warning": "#d99a1c", "error": "#d8412f"}


@dataclass(frozen=True)
class MessageAction:
    """Something that can be done about a message, as a button in it.

    Attributes:
        text: of the button, a verb first.
        run: does it; the message is gone by then.
    """

    text: str
    run: Callable[[], object]


class MessageBar(QFrame):
    """One message over the top of the canvas, never modal; the image does not move when it comes or goes.

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
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setMaximumHeight(160)
        self._details.hide()
        self._fold = QPushButton("Details")
        self._fold.setCheckable(True)
        self._fold.setAutoDefault(False)  # in a dialog, Return is for others
        self._fold.toggled.connect(self._details.setVisible)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(6)
        self.buttons: list[QPushButton] = []
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

    def show_message(
        self,
        kind: MessageKind,
        title: str,
        text: str = "",
        details: str = "",
        *,
        stays: bool = False,
        actions: Sequence[MessageAction] = (),
    ) -> None:
        """Show a message in place of the one before, with buttons for what can be done about it.

        Errors, warnings, messages with buttons, and what `stays` are there until closed.
        """
        self._kind = kind
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._details.setPlainText(details)
        self._fold.setVisible(bool(details))
        self._fold.setChecked(False)
        self._show_actions(actions)
        self._stripe.setProperty("kind", kind)
        self._stripe.style().polish(self._stripe)
        self.paint_icons(self.palette())
        self.show()
        self._timer.stop()
        if kind == "info" and not stays and not actions:
            self._timer.start(HINT_MS)

    def show_hint(self, text: str) -> None:
        """Show a line that goes away by itself; an error that is shown stays."""
        if not (self.isVisible() and self._kind == "error"):
            self.show_message("info", text)

    def hide_hint(self) -> None:
        """Take away a hint or a warning: what it was about is no longer shown. An error stays."""
        if self._kind != "error":
            self.hide()

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icon in the colours of the theme."""
        colour = _COLOURS.get(self._kind, palette.color(QPalette.ColorRole.Accent))
        self._icon.setPixmap(icon(_ICONS[self._kind], palette, colour=QColor(colour)).pixmap(QSize(20, 20)))
        self._close.setIcon(icon("mdi6.close", palette))
        self._close.setText("")

    def _lay_out(self) -> None:
        # Names of files in it do not widen the window.
        for label in (self._title, self._text):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._title)
        words.addWidget(self._text)
        row = QHBoxLayout()
        row.setContentsMargins(10, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addLayout(self._actions)
        row.setAlignment(self._actions, Qt.AlignmentFlag.AlignTop)
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

    def _show_actions(self, actions: Sequence[MessageAction]) -> None:
        for old in self.buttons:
            old.deleteLater()
            old.hide()
        self.buttons = [self._button_of(action) for action in actions]

    def _button_of(self, action: MessageAction) -> QPushButton:
        button = QPushButton(action.text)
        button.setAutoDefault(False)

        def run() -> None:
            self.hide()
            action.run()

        button.clicked.connect(run)
        self._actions.addWidget(button)
        return button

    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()


class ProgressStrip(QWidget):
    """A line in the status bar that says what is going on, how far it is, and lets the user cancel it.

    Signals:
        cancelled(): the user pressed Cancel.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ElidedLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(90, 8)
        self.cancel = QToolButton()
        self.cancel.setText("Cancel")
        self.cancel.setProperty("flat", True)
        self.cancel.setToolTip("Stop loading; the network in use stays")
        self.cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self._text, self._bar, self.cancel):
            row.addWidget(widget)
        self.hide()

    @property
    def text(self) -> str:
        """What is going on."""
        return self._text.text()

    def show_progress(self, text: str, share: float | None, can_cancel: bool) -> None:
        """Show a share from 0 to 1, None while it is not known."""
        self._text.setText(text)
        self._bar.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self._bar.setValue(round(share * 1000))
        self.cancel.setVisible(can_cancel)
        self.show()
