"""The strip of options of label maps: outlines, uncertainty, what changed."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox

from app.rendering.label_map import VIEW_MODES
from app.rendering.options import LabelMapOptions
from app.widgets.view_options_base import ViewOptionsBar

_MEASURES = (("entropy", "Entropy"), ("probability", "1 – Probability"))


class LabelMapOptionsBar(ViewOptionsBar):
    """See `ViewOptionsBar`; its options are `LabelMapOptions`."""

    def __init__(self) -> None:
        super().__init__(LabelMapOptions(), VIEW_MODES[0])
        self.outlines = self._add_button(
            "Outlines", "Draw a line around every class", "mdi6.vector-polyline", is_checkable=True
        )
        self._add_mode("uncertainty", "Uncertainty", "Show where the network is not sure (G)", "mdi6.blur")
        self.measure = QComboBox()
        for name, title in _MEASURES:
            self.measure.addItem(title, name)
        self._add_field(self.measure, "Measure of uncertainty", "Entropy of all classes, or 1 - the most probable one")
        self._add_mode("difference", "Difference", "Show what changed since before", "mdi6.compare")
        self._row.addStretch(1)
        self.set_options(LabelMapOptions())
        self.outlines.toggled.connect(self._on_changed)
        self.measure.currentIndexChanged.connect(self._on_changed)

    def set_options(self, options: LabelMapOptions) -> None:
        """Show options without telling of them."""
        self._options = options
        with QSignalBlocker(self.outlines), QSignalBlocker(self.measure):
            self.outlines.setChecked(options.has_outlines)
            self.measure.setCurrentIndex(self.measure.findData(options.measure))

    def _on_changed(self) -> None:
        self._choose(LabelMapOptions(self.outlines.isChecked(), self.measure.currentData()))
