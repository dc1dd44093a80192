"""ZoomIn in the window: its panel, what clicks make of it, and the frame on the canvas."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionButton

from app.state.settings import RefinementSettings, Settings
from gbrs_core.config import RefinementConfig, ZoomInConfig

SMALL = ZoomInConfig(target_size=64, min_crop_size=16)


def toggle(shell):
    """Press the check box of the panel."""
    panel = shell.window.refine_panel
    panel.ensureWidgetVisible(panel.zoom.use)
    QApplication.processEvents()
    option = QStyleOptionButton()
    panel.zoom.use.initStyleOption(option)
    indicator = panel.zoom.use.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, panel.zoom.use)
    shell.qtbot.mouseClick(panel.zoom.use, Qt.MouseButton.LeftButton, pos=indicator.center())
    QApplication.processEvents()


def enter(shell, field, text):
    """Type a number into a field."""
    field.setFocus()
    field.selectAll()
    shell.qtbot.keyClicks(field, text)
    shell.qtbot.keyClick(field, Qt.Key.Key_Return)
    QApplication.processEvents()


@pytest.fixture
def plain(shell):
    """A window whose clicks see the whole image."""
    shell.annotation.set_config(replace(shell.document.config, zoom_in=None))
    QApplication.processEvents()
    return shell


@pytest.fixture
def zoomed(plain):
    """A window that zooms in on what fits into its small photograph."""
    plain.annotation.set_config(replace(plain.document.config, zoom_in=SMALL))
    QApplication.processEvents()
    return plain


class TestPanel:
    def test_numbers_are_shown_while_it_is_on(self, plain):
        panel = plain.window.refine_panel.zoom
        assert panel.isVisibleTo(plain.window) and not panel.target_size.isVisibleTo(panel)
        toggle(plain)
        assert panel.target_size.isVisibleTo(panel)
        assert plain.document.config.zoom_in == ZoomInConfig()
        toggle(plain)
        assert plain.document.config.zoom_in is None

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("skip_clicks", "3", 3),
            ("target_size", "256", 256),
            ("expansion_ratio", "2", 2.0),
            ("min_crop_size", "96", 96),
            ("recompute_overlap", "0", 0.0),
        ],
    )
    def test_every_number_reaches_the_settings(self, zoomed, name, text, value):
        enter(zoomed, getattr(zoomed.window.refine_panel.zoom, name), text)
        assert zoomed.document.config.zoom_in == replace(SMALL, **{name: value})
        assert zoomed.controller.settings.current.refinement.zoom_in == replace(SMALL, **{name: value})

    def test_undo_brings_it_back(self, plain):
        toggle(plain)
        plain.trigger("undo")
        QApplication.processEvents()
        assert not plain.window.refine_panel.zoom.use.isChecked()

    def test_reset_turns_it_off(self, zoomed):
        reset = zoomed.window.refine_panel.reset
        zoomed.window.refine_panel.ensureWidgetVisible(reset)
        zoomed.qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
        QApplication.processEvents()
        assert zoomed.document.config == RefinementConfig()
        assert not reset.isEnabled()

    def test_other_tasks_have_none(self, plain):
        plain.trigger("task_depth")
        QApplication.processEvents()
        assert not plain.window.refine_panel.zoom.isVisibleTo(plain.window)
        plain.trigger("task_interactive")
        QApplication.processEvents()
        assert plain.window.refine_panel.zoom.isVisibleTo(plain.window)

    def test_baselines_make_no_use_of_it(self, plain):
        plain.annotation.set_config(replace(plain.document.config, method="grabcut"))
        QApplication.processEvents()
        assert not plain.window.refine_panel.zoom.isEnabled()

    def test_every_field_has_a_tip(self, plain):
        panel = plain.window.refine_panel.zoom
        fields = (panel.use, panel.skip_clicks, panel.target_size, panel.expansion_ratio, panel.min_crop_size)
        assert all(field.toolTip() for field in (*fields, panel.recompute_overlap))


class TestSettings:
    def test_come_back(self):
        settings = Settings(refinement=RefinementSettings(zoom_in=SMALL))
        again = Settings.model_validate_json(settings.model_dump_json(exclude_defaults=True))
        assert again.refinement.to_config() == RefinementConfig(zoom_in=SMALL)

    def test_numbers_out_of_range_are_refused(self):
        with pytest.raises(ValueError, match="expansion_ratio of ZoomIn must be at least 1"):
            RefinementSettings.model_validate({"zoom_in": {"expansion_ratio": 0.5}})


class TestClicks:
    def test_second_click_is_framed(self, zoomed):
        frame = zoomed.canvas.crop_frame
        zoomed.click(60, 45)
        zoomed.wait_idle()
        assert frame.box is None
        assert zoomed.mask().any()
        zoomed.click(20, 20, Qt.MouseButton.RightButton)
        zoomed.wait_idle()
        before = frame.box
        assert before is not None
        left, top, right, bottom = before
        assert -0.5 <= left < right <= 119.5 and -0.5 <= top < bottom <= 89.5
        outside = np.ones((90, 120), dtype=bool)
        outside[round(top + 0.5) : round(bottom + 0.5), round(left + 0.5) : round(right + 0.5)] = False
        assert not zoomed.mask()[outside].any()
        zoomed.trigger("undo")
        zoomed.wait_idle()
        assert frame.box is None
        zoomed.trigger("redo")
        zoomed.wait_idle()
        assert frame.box == before

    def test_frame_is_drawn(self, plain):
        canvas = plain.canvas
        without = canvas.grab().toImage()
        canvas.crop_frame.show((9.5, 9.5, 99.5, 79.5))
        drawn = canvas.grab().toImage()
        edge = plain.place(9.5, 45)
        row = [edge + QPoint(step, along) for step in (-1, 0, 1) for along in range(-9, 10)]
        assert any(without.pixel(place) != drawn.pixel(place) for place in row)
        assert without.pixel(plain.place(60, 45)) == drawn.pixel(plain.place(60, 45))

    def test_turning_it_off_refines_the_whole_image_again(self, zoomed):
        zoomed.click(60, 45)
        zoomed.wait_idle()
        zoomed.click(20, 20, Qt.MouseButton.RightButton)
        zoomed.wait_idle()
        assert zoomed.canvas.crop_frame.box is not None
        toggle(zoomed)
        zoomed.wait_idle()
        assert zoomed.document.config.zoom_in is None
        assert zoomed.canvas.crop_frame.box is None
