"""The strip of options of alpha mattes: background colour, background photo, trimap, what changed."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QColorDialog

from app.rendering.alpha import VIEW_MODES
from app.rendering.layers import Colour
from app.rendering.options import AlphaOptions, BackgroundPhoto
from app.widgets.view_options_base import ViewOptionsBar

_SWATCH_PX = 16


class AlphaOptionsBar(ViewOptionsBar):
    """See `ViewOptionsBar`; its options are `AlphaOptions`. Choosing a background shows the matte over it.

    Signals:
        photo_requested(): a background photo is to be chosen; `set_photo` takes it.
    """

    photo_requested = Signal()

    def __init__(self) -> None:
        super().__init__(AlphaOptions(), VIEW_MODES[0])
        self._alpha_options = AlphaOptions()
        self._photo_name = ""
        self.colour = self._add_button("Colour…", "Choose the colour behind the object")
        self.photo = self._add_button("Photo…", "Choose a photo behind the object", "mdi6.image-outline")
        self._add_mode("trimap", "Trimap", "Show foreground, background and the unknown part", "mdi6.layers-triple")
        self._add_mode("alpha", "Alpha", "Show the alpha matte as grey", "mdi6.gradient-horizontal")
        self._add_mode("difference", "Difference", "Show what changed since before", "mdi6.compare")
        self._row.addStretch(1)
        self.colour.clicked.connect(self._on_colour)
        self.photo.clicked.connect(self.photo_requested)
        self.set_options(AlphaOptions())

    def set_options(self, options: AlphaOptions) -> None:
        """Show options without telling of them."""
        self._options = self._alpha_options = options
        self.colour.setIcon(_swatch(options.colour, self.devicePixelRatioF()))
        self.photo.setText(self._photo_name if options.photo is not None and self._photo_name else "Photo…")

    def set_colour(self, colour: Colour) -> None:
        """Take a colour behind the object, and show the matte over it."""
        self._take(replace(self._alpha_options, colour=colour), "colour")

    def set_photo(self, photo: BackgroundPhoto, name: str) -> None:
        """Take a photo behind the object, and show the matte over it."""
        self._photo_name = name
        self._take(replace(self._alpha_options, photo=photo), "photo")

    def _take(self, options: AlphaOptions, mode: str) -> None:
        before = self._options
        self.set_options(options)
        if options != before:
            self.options_changed.emit(options)
        self.view_mode_requested.emit(mode)

    def _on_colour(self) -> None:
        chosen = QColorDialog.getColor(QColor(*self._alpha_options.colour), self, "Colour Behind the Object")
        if chosen.isValid():
            self.set_colour((chosen.red(), chosen.green(), chosen.blue()))


def _swatch(colour: Colour, ratio: float) -> QIcon:
    pixmap = QPixmap(QSize(_SWATCH_PX, _SWATCH_PX) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor(0, 0, 0, 0))
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(128, 128, 128), 1))
        painter.setBrush(QColor(*colour))
        painter.drawRoundedRect(1, 1, _SWATCH_PX - 2, _SWATCH_PX - 2, 3, 3)
    return QIcon(pixmap)
