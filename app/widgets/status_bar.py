"""The line at the foot of the window: where the cursor is, what the engine does, what the newest click did."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStatusBar, QWidget

from app.messages import RefineProgress
from app.state.results import ClickOutcome
from app.widgets.elided_label import ElidedLabel

_PADDING = 18
"""Of a field, logical pixels; the style sheet says so."""


class StatusBar(QStatusBar):
    """Fixed fields, so that nothing jumps while numbers change."""

    def __init__(self) -> None:
        super().__init__()
        self.pixel = self._field("x 00000  y 00000", "Pixel under the cursor, (0, 0) is the top left one")
        self.value = self._field("Traffic sign back  p 0.00", "Prediction under the cursor")
        self.iteration = self._field("Iteration 00/00", "Iteration of the running click")
        self.milliseconds = self._field("0000 ms/click", "Time the newest click took")
        self.outside = self._field(
            "Outside 00.00 %", "Share of pixels outside the radius that the newest click changed"
        )
        self.zoom = self._field("0000 %", "Screen pixels per image pixel")
        self.network = ElidedLabel()
        self.network.setToolTip("The network that refines")
        self.device = ElidedLabel()
        self.device.setToolTip("Where the network runs")
        self._cursor = QWidget()
        row = QHBoxLayout(self._cursor)
        row.setContentsMargins(0, 0, 0, 0)
        for field in (self.pixel, self.value):
            row.addWidget(field)
        row.addStretch(1)
        first = QWidget()
        self._first = QGridLayout(first)
        self._first.setContentsMargins(0, 0, 0, 0)
        self._first.addWidget(self._cursor, 0, 0)
        self.addWidget(first, 1)
        for field in (self.iteration, self.milliseconds, self.outside, self.zoom, self.network, self.device):
            self.addPermanentWidget(field)

    def show_pixel(self, x: float, y: float, value: str) -> None:
        """Show the pixel under the cursor and what the prediction says there."""
        self.pixel.setText(f"x {round(x)}  y {round(y)}")
        self.value.setText(value)

    def clear_pixel(self) -> None:
        """The cursor left the image."""
        self.pixel.clear()
        self.value.clear()

    def show_progress(self, report: RefineProgress) -> None:
        """Show which iteration runs."""
        self.iteration.setText(f"Iteration {report.iteration}/{report.iterations}")

    def show_outcome(self, outcome: ClickOutcome | None) -> None:
        """Show what the newest click did."""
        if outcome is None:
            for field in (self.iteration, self.milliseconds, self.outside):
                field.clear()
            return
        self.iteration.setText(f"{outcome.iterations} iteration{'' if outcome.iterations == 1 else 's'}")
        self.milliseconds.setText(f"{outcome.seconds * 1000:.0f} ms/click")
        self.outside.setText(f"Outside {outcome.changed_outside:.2%}".replace("%", " %"))

    def add_progress(self, strip: QWidget) -> None:
        """Add what says how far a long task is; while it is shown, it has the place of the pixel under the cursor."""
        self._first.addWidget(strip, 0, 0, Qt.AlignmentFlag.AlignLeft)
        strip.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Make room for the progress."""
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._cursor.setVisible(event.type() == QEvent.Type.HideToParent)
        return False

    def _field(self, widest: str, tip: str) -> ElidedLabel:
        label = ElidedLabel()
        label.setToolTip(tip)
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance(widest) + _PADDING)
        return label
