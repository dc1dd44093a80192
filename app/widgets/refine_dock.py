"""The settings of the refinement, with the measured default shown where a field is left open, and the loss curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast, get_args

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.messages import DeviceInfo
from app.widgets.fields import FIELD_HEIGHT, OptionalDoubleSpinBox, OptionalSpinBox, guard_wheel
from app.widgets.loss_plot import LossPlot
from app.widgets.zoom_panel import ZoomPanel
from gbrs_core.config import (
    GBRS,
    LAYER_NAMES,
    METHOD_NAMES,
    LayerName,
    MethodName,
    PresetName,
    RefinementConfig,
    RefinementDefaults,
)
from gbrs_core.method_catalog import INPUT_LEARNING_RATE, METHODS, MethodDescription

_LAYER_TITLES: Mapping[LayerName, str] = {
    "none": "none (network only)",
    "sb": "sb: scale, bias",
    "bmsb": "bmsb: + bias map",
    "bmsb-m": "bmsb-m: merged",
    "bmconv": "bmconv: map + conv",
}
_PRESET_TITLES: Mapping[PresetName, str] = {"tuned": "Tuned (best measured)", "paper": "Paper"}
_AUTO_DEVICE = DeviceInfo("auto", "Automatic")
LARGEST_RADIUS = 100_000


class RefineDock(QScrollArea):
    """The panel.

    Signals:
        config_requested(RefinementConfig)
        radius_requested(float): attention radius of the next click, image pixels.
        device_requested(str): id of a device.
    """

    config_requested = Signal(object)
    radius_requested = Signal(float)
    device_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._config = RefinementConfig()
        self._defaults: Mapping[tuple[LayerName, PresetName], RefinementDefaults] = {}
        self._methods: tuple[MethodDescription, ...] = (METHODS[GBRS],)
        self.method = _choice({}, "How clicks correct the prediction; only what fits the network is listed")
        self.preset = _choice(_PRESET_TITLES)
        self.layer = _choice({name: _LAYER_TITLES[name] for name in LAYER_NAMES})
        self.iterations = OptionalSpinBox(1, 1000)
        self.learning_rate = OptionalDoubleSpinBox(10.0, 6)
        self.consistency_weight = OptionalDoubleSpinBox(1e6, 2)
        self._tips: dict[QWidget, str] = {
            self.preset: "Values used where a field below is left open",
            self.layer: "The layer inserted into the network and optimised",
            self.iterations: "Optimiser iterations per click at most",
            self.learning_rate: "Step size of the optimiser",
            self.consistency_weight: "λ: how firmly the mask outside the attention radius is held; 0 leaves it free",
        }
        self.radius = QDoubleSpinBox()
        self.radius.setDecimals(0)
        self.radius.setRange(1, LARGEST_RADIUS)
        self.radius.setSuffix(" px")
        self.radius.setKeyboardTracking(False)
        self.radius.setToolTip("Attention radius of the next click in image pixels ([ and ], Shift+wheel, or drag)")
        guard_wheel(self.radius)
        self.device = _choice({_AUTO_DEVICE.device_id: _AUTO_DEVICE.title}, "Where the network runs")
        self.mirror = QCheckBox("&Average with the mirror image")
        self.mirror.setToolTip("One pass more per click, for what the network says of the mirrored photograph")
        self._gains_from_mirror = False
        self.zoom = ZoomPanel()
        self.reset = QPushButton("Reset to Defaults")
        self.reset.setToolTip("Take the measured defaults again")
        self.loss_plot = LossPlot()
        self._lay_out()
        self._connect()

    def set_defaults(self, defaults: Mapping[tuple[LayerName, PresetName], RefinementDefaults]) -> None:
        """The numbers taken where a field is left open."""
        self._defaults = defaults
        self.show_config(self._config)

    def set_methods(self, methods: tuple[MethodDescription, ...]) -> None:
        """The methods that can be chosen."""
        if methods != self._methods:
            self._methods = methods
            self.show_config(self._config)

    def set_mirroring(self, *, gains: bool) -> None:
        """Whether averaging with the mirror image measured better for the network, and is its default."""
        if gains != self._gains_from_mirror:
            self._gains_from_mirror = gains
            self.show_config(self._config)

    def set_devices(self, devices: tuple[DeviceInfo, ...], current: str) -> None:
        """The devices there are, and which one is wanted."""
        with QSignalBlocker(self.device):
            self.device.clear()
            for device in (_AUTO_DEVICE, *devices):
                self.device.addItem(device.title, device.device_id)
            self.device.setCurrentIndex(max(0, self.device.findData(current)))

    def show_config(self, config: RefinementConfig) -> None:
        """Show settings without telling anybody."""
        self._config = config
        self._show_method(config.method)
        for choice, value in ((self.preset, config.preset), (self.layer, config.layer)):
            with QSignalBlocker(choice):
                choice.setCurrentIndex(choice.findData(value))
        defaults = self._defaults_of(config)
        for field, name in self._fields():
            field.set_default_text(f"Default ({getattr(defaults, name):.4g})" if defaults is not None else "Default")
            if not METHODS[config.method].takes_numbers:
                field.set_default_text("Not used")
        self._enable_fields(config)
        self.iterations.set_optional_value(config.iterations)
        self.learning_rate.set_optional_value(config.learning_rate)
        self.consistency_weight.set_optional_value(config.consistency_weight)
        self.zoom.show_zoom_in(config.zoom_in)
        with QSignalBlocker(self.mirror):
            self.mirror.setChecked(config.mirrors(gains=self._gains_from_mirror))
        self.reset.setEnabled(config != RefinementConfig())

    def _show_method(self, name: MethodName) -> None:
        """List the methods; one that was chosen for another network stays in the list, marked."""
        entries = {method.name: method.title for method in self._methods}
        entries.setdefault(name, f"{METHODS[name].title} (not usable)")
        listed = {self.method.itemData(row): self.method.itemText(row) for row in range(self.method.count())}
        with QSignalBlocker(self.method):
            if entries != listed:
                self.method.clear()
                for row, (entry, title) in enumerate(entries.items()):
                    self.method.addItem(title, entry)
                    self.method.setItemData(row, METHODS[entry].tip, Qt.ItemDataRole.ToolTipRole)
            self.method.setCurrentIndex(self.method.findData(name))

    def _defaults_of(self, config: RefinementConfig) -> RefinementDefaults | None:
        """The numbers that are taken where a field is left open."""
        if METHODS[config.method].family != "input":
            return self._defaults.get((config.layer, config.preset))
        defaults = self._defaults.get(("bmconv", config.preset))
        return None if defaults is None else replace(defaults, learning_rate=INPUT_LEARNING_RATE)

    def _enable_fields(self, config: RefinementConfig) -> None:
        """Fields that say nothing to the method are disabled, and tell so."""
        method = METHODS[config.method]
        has_loop = method.takes_numbers and (method.name != GBRS or config.layer != "none")
        enabled: dict[QWidget, bool] = {self.layer: method.name == GBRS, self.preset: method.takes_numbers}
        for part in (self.zoom, self.mirror):
            part.setEnabled(method.name == GBRS)
        enabled |= {field: has_loop for field, _ in self._fields()}
        for field, is_enabled in enabled.items():
            field.setEnabled(is_enabled)
            is_of_the_method = is_enabled or method.name == GBRS
            field.setToolTip(self._tips[field] if is_of_the_method else f"{method.title} makes no use of it")

    def show_radius(self, radius: float) -> None:
        """Show the attention radius of the next click, image pixels."""
        with QSignalBlocker(self.radius):
            self.radius.setValue(radius)

    def _fields(self) -> tuple[tuple[OptionalSpinBox | OptionalDoubleSpinBox, str], ...]:
        return (
            (self.iterations, "iterations"),
            (self.learning_rate, "learning_rate"),
            (self.consistency_weight, "consistency_weight"),
        )

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(5)
        rows = (
            ("&Radius", self.radius),
            ("&Method", self.method),
            ("&Preset", self.preset),
            ("La&yer", self.layer),
            ("&Iterations", self.iterations),
            ("Learning ra&te", self.learning_rate),
            ("Consistency &λ", self.consistency_weight),
            ("De&vice", self.device),
        )
        for text, field in rows:
            form.addRow(text, field)
            field.setMinimumSize(60, FIELD_HEIGHT)
        caption = QLabel("Loss of the newest click")
        caption.setProperty("hint", True)
        caption.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.loss_plot.setMinimumHeight(76)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(8, 2, 8, 8)
        column.setSpacing(6)
        column.addLayout(form)
        column.addWidget(self.mirror)
        column.addWidget(self.zoom)
        column.addWidget(self.reset)
        column.addWidget(caption)
        column.addWidget(self.loss_plot, 1)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _connect(self) -> None:
        self.method.currentIndexChanged.connect(self._on_edited)
        self.preset.currentIndexChanged.connect(self._on_edited)
        self.layer.currentIndexChanged.connect(self._on_edited)
        for field in (self.iterations, self.learning_rate, self.consistency_weight):
            field.valueChanged.connect(self._on_edited)
        self.zoom.changed.connect(self._on_edited)
        self.mirror.toggled.connect(self._on_edited)
        self.radius.valueChanged.connect(self.radius_requested)
        self.device.currentIndexChanged.connect(self._on_device)
        self.reset.clicked.connect(self._on_reset)

    def _on_edited(self) -> None:
        config = replace(
            self._config,
            method=_checked_method(self.method.currentData()),
            preset=_checked_preset(self.preset.currentData()),
            layer=_checked_layer(self.layer.currentData()),
            iterations=self.iterations.optional_value(),
            learning_rate=self.learning_rate.optional_value() or None,
            consistency_weight=self.consistency_weight.optional_value(),
            zoom_in=self.zoom.zoom_in(),
            mirror=self.mirror.isChecked(),
        )
        if config.mirror == replace(config, mirror=None).mirrors(gains=self._gains_from_mirror):
            config = replace(config, mirror=None)
        self.config_requested.emit(config)

    def _on_device(self) -> None:
        self.device_requested.emit(self.device.currentData())

    def _on_reset(self) -> None:
        self.config_requested.emit(RefinementConfig())


def _choice(titles: Mapping[str, str] | Mapping[LayerName, str] | Mapping[PresetName, str], tip: str = "") -> QComboBox:
    choice = QComboBox()
    for value, title in titles.items():
        choice.addItem(title, value)
    choice.setToolTip(tip)
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    guard_wheel(choice)
    return choice


def _checked_method(value: object) -> MethodName:
    return next((name for name in METHOD_NAMES if name == value), GBRS)


def _checked_layer(value: object) -> LayerName:
    return cast(LayerName, value) if value in get_args(LayerName) else "bmconv"


def _checked_preset(value: object) -> PresetName:
    return cast(PresetName, value) if value in get_args(PresetName) else "tuned"
