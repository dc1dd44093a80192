"""The settings of ZoomIn: whether clicks refine in the region around the object, and how that region is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QFormLayout, QSpinBox, QVBoxLayout, QWidget

from app.widgets.fields import FIELD_HEIGHT, guard_wheel
from gbrs_core.config import ZoomInConfig

_DEFAULT = ZoomInConfig()


class ZoomPanel(QWidget):
    """A part of the refinement panel; the numbers are shown while ZoomIn is on.

    Signals:
        changed(): the user chose something else; `zoom_in` says what.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.use = QCheckBox("&Zoom in on the object")
        self.use.setToolTip("Refine in the region around the object, enlarged for the network (ZoomIn of f-BRS)")
        self.skip_clicks = _whole(0, 20, "So many first clicks see the whole image")
        self.target_size = _whole(64, 2048, "The longest side at which the network sees the region", " px")
        self.expansion_ratio = _share(1.0, 5.0, "How much larger than the object the region is", "× ")
        self.min_crop_size = _whole(16, 4096, "The region is no smaller than this, in image pixels", " px")
        self.recompute_overlap = _share(
            0.0, 1.0, "The region moves once it overlaps less than this with the one that the object asks for"
        )
        self._numbers = QWidget()
        self._lay_out()
        self.use.toggled.connect(self._on_edited)
        for field in self._fields():
            field.valueChanged.connect(self._on_edited)

    def zoom_in(self) -> ZoomInConfig | None:
        """What is chosen; None for the whole image."""
        return self._chosen() if self.use.isChecked() else None

    def show_zoom_in(self, zoom_in: ZoomInConfig | None) -> None:
        """Show settings without telling anybody; where there are none the numbers stay, for the next time."""
        with self._silent():
            self.use.setChecked(zoom_in is not None)
            if zoom_in is not None:
                self.skip_clicks.setValue(zoom_in.skip_clicks)
                self.target_size.setValue(zoom_in.target_size)
                self.expansion_ratio.setValue(zoom_in.expansion_ratio)
                self.min_crop_size.setValue(zoom_in.min_crop_size)
                self.recompute_overlap.setValue(zoom_in.recompute_overlap)
        self._numbers.setVisible(zoom_in is not None)

    def _chosen(self) -> ZoomInConfig:
        return ZoomInConfig(
            skip_clicks=self.skip_clicks.value(),
            target_size=self.target_size.value(),
            expansion_ratio=round(self.expansion_ratio.value(), 2),
            min_crop_size=self.min_crop_size.value(),
            recompute_overlap=round(self.recompute_overlap.value(), 2),
        )

    def _fields(self) -> tuple[QSpinBox | QDoubleSpinBox, ...]:
        return (
            self.skip_clicks, self.target_size, self.expansion_ratio, self.min_crop_size, self.recompute_overlap,
        )  # fmt: skip

    @contextmanager
    def _silent(self) -> Iterator[None]:
        with ExitStack() as stack:
            for field in (self.use, *self._fields()):
                stack.enter_context(QSignalBlocker(field))
            yield

    def _lay_out(self) -> None:
        form = QFormLayout(self._numbers)
        form.setContentsMargins(18, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setVerticalSpacing(5)
        titles = ("Skip clicks", "Target size", "Expansion", "Least region", "Move below")
        for title, field in zip(titles, self._fields(), strict=True):
            field.setMinimumSize(60, FIELD_HEIGHT)
            form.addRow(title, field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self.use)
        column.addWidget(self._numbers)
        self.show_zoom_in(_DEFAULT)
        self.show_zoom_in(None)

    def _on_edited(self) -> None:
        self.changed.emit()


def _whole(least: int, most: int, tip: str, suffix: str = "") -> QSpinBox:
    field = QSpinBox()
    field.setRange(least, most)
    field.setSuffix(suffix)
    field.setKeyboardTracking(False)
    field.setToolTip(tip)
    guard_wheel(field)
    return field


def _share(least: float, most: float, tip: str, prefix: str = "") -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setRange(least, most)
    field.setDecimals(2)
    field.setSingleStep(0.1)
    field.setPrefix(prefix)
    field.setKeyboardTracking(False)
    field.setToolTip(tip)
    guard_wheel(field)
    return field
