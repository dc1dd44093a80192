"""The strip of options of depth maps: colours, range, contours, what changed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, QSize
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QComboBox

from app.rendering.colour_maps import colour_table
from app.rendering.depth import VIEW_MODES
from app.rendering.options import COLOUR_MAPS, ColourMapName, DepthOptions
from app.widgets.fields import OptionalDoubleSpinBox
from app.widgets.view_options_base import ViewOptionsBar

_SWATCH = QSize(48, 12)
_SWATCH_SPACING = 12
"""Between swatch and name; the size hint of a styled combo box does not count it."""
_FIELD_FRAME = 36
"""What a spin box needs besides its text, logical pixels."""
_GREATEST_DEPTH = 100_000.0


class DepthOptionsBar(ViewOptionsBar):
    """See `ViewOptionsBar`; its options are `DepthOptions`."""

    def __init__(self) -> None:
        super().__init__(DepthOptions(), VIEW_MODES[0])
        self.colour_map = QComboBox()
        self.colour_map.setIconSize(_SWATCH)
        for colour_map in COLOUR_MAPS:
            self.colour_map.addItem(_swatch(colour_map), colour_map.capitalize(), colour_map)
        self._add_field(self.colour_map, "Colour map", "Colours from near to far")
        self.colour_map.setMinimumWidth(self.colour_map.sizeHint().width() + _SWATCH_SPACING)
        self.reverse = self._add_button("Reverse", "Near in the last colour of the map",
                                        "mdi6.swap-horizontal", is_checkable=True)  # fmt: skip
        self.near, self.far = (OptionalDoubleSpinBox(_GREATEST_DEPTH, 2) for _ in range(2))
        for field, name, place in ((self.near, "Near", "first"), (self.far, "Far", "last")):
            _say(field, name)
            self._add_field(field, name, f"Depth of the {place} colour")
        self.logarithmic = self._add_button("Log", "Equal ratios equally far apart in colour", is_checkable=True)
        self.contours = self._add_button("Contours", "Draw lines of equal depth", "mdi6.chart-timeline-variant",
                                         is_checkable=True)  # fmt: skip
        self.step = OptionalDoubleSpinBox(_GREATEST_DEPTH, 2)
        _say(self.step, "Step")
        self._add_field(self.step, "Step between contours", "Depth between two lines")
        self._add_mode("difference", "Difference", "Show what changed since before", "mdi6.compare")
        self._row.addStretch(1)
        self.set_options(DepthOptions())
        self._connect()

    def set_options(self, options: DepthOptions) -> None:
        """Show options without telling of them."""
        self._options = options
        with QSignalBlocker(self.colour_map):
            self.colour_map.setCurrentIndex(self.colour_map.findData(options.colour_map))
        for button, is_on in (
            (self.reverse, options.is_reversed),
            (self.logarithmic, options.is_logarithmic),
            (self.contours, options.has_contours),
        ):
            with QSignalBlocker(button):
                button.setChecked(is_on)
        for field, value in ((self.near, options.near), (self.far, options.far), (self.step, options.contour_step)):
            field.set_optional_value(value)

    def set_range(self, near: float | None, far: float | None) -> None:
        """Take a range, None for automatic; what the legend asks for."""
        self.near.set_optional_value(near)
        self.far.set_optional_value(far)
        self._on_changed()

    def _connect(self) -> None:
        self.colour_map.currentIndexChanged.connect(self._on_changed)
        for button in (self.reverse, self.logarithmic, self.contours):
            button.toggled.connect(self._on_changed)
        self.step.valueChanged.connect(self._on_changed)
        for field, other in ((self.near, self.far), (self.far, self.near)):
            field.valueChanged.connect(lambda _, field=field, other=other: self._on_end_changed(field, other))

    def _on_end_changed(self, field: OptionalDoubleSpinBox, other: OptionalDoubleSpinBox) -> None:
        """The end that was entered last counts; one that does not go with it is found from the picture again."""
        near, far = self.near.optional_value(), self.far.optional_value() or None
        if near is not None and far is not None and near >= far:
            other.set_optional_value(None)
        self._on_changed()

    def _on_changed(self) -> None:
        self._choose(
            DepthOptions(
                colour_map=self.colour_map.currentData(),
                is_reversed=self.reverse.isChecked(),
                near=self.near.optional_value(),
                far=self.far.optional_value() or None,
                is_logarithmic=self.logarithmic.isChecked(),
                has_contours=self.contours.isChecked(),
                contour_step=self.step.optional_value() or None,
            )
        )


def _say(field: OptionalDoubleSpinBox, name: str) -> None:
    """Let a field say itself what it is; a caption beside it would need more room."""
    field.setPrefix(f"{name} ")
    field.set_default_text(f"{name} auto")
    field.setFixedWidth(field.fontMetrics().horizontalAdvance(f"{name} 000.00") + _FIELD_FRAME)


def _swatch(name: ColourMapName) -> QIcon:
    table = np.ascontiguousarray(np.broadcast_to(colour_table(name), (_SWATCH.height(), 256, 3)))
    image = QImage(table.data, 256, _SWATCH.height(), 3 * 256, QImage.Format.Format_RGB888)
    return QIcon(QPixmap.fromImage(image).scaled(_SWATCH))
