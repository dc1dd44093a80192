"""The strip of a view's options: one class per output kind, in its own file, and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
