"""The strip of a view's options: one class per output kind, in its own file, and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QSizePolicy, QStackedWidget

from app.widgets.view_options_alpha import AlphaOptionsBar
from app.widgets.view_options_base import ViewOptionsBar
from app.widgets.view_options_depth import DepthOptionsBar
from app.widgets.view_options_label_map import LabelMapOptionsBar
from gbrs_core.prediction import OutputKind

VIEW_OPTION_BARS: Mapping[OutputKind, Callable[[], ViewOptionsBar]] = {
    OutputKind.LABEL_MAP: LabelMapOptionsBar,
    OutputKind.ALPHA_MATTE: AlphaOptionsBar,
    OutputKind.DEPTH_MAP: DepthOptionsBar,
}
"""Makes the strip of an output kind; masks have none."""


class ViewOptionsStack(QStackedWidget):
    """The strips one behind the other; hidden for kinds that have none."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: Mapping[OutputKind, ViewOptionsBar] = {kind: make() for kind, make in VIEW_OPTION_BARS.items()}
        for bar in self.bars.values():
            self.addWidget(bar)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_kind(self, kind: OutputKind) -> None:
        """Show the strip of an output kind."""
        bar = self.bars.get(kind)
        if bar is not None:
            self.setCurrentWidget(bar)
        self.setVisible(bar is not None)

    def paint_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of the theme."""
        for bar in self.bars.values():
            bar.paint_icons(palette)
