"""The strips of view options and the depth legend: what they show, and what they ask for."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from app.rendering.depth_scale import DepthScale
from app.rendering.options import AlphaOptions, BackgroundPhoto, DepthOptions, LabelMapOptions
from app.rendering.registry import RENDERERS
from app.widgets.depth_legend import DepthLegend
from app.widgets.view_options import VIEW_OPTION_BARS
from app.widgets.view_options_alpha import AlphaOptionsBar
from app.widgets.view_options_depth import DepthOptionsBar
from app.widgets.view_options_label_map import LabelMapOptionsBar

LEFT = Qt.MouseButton.LeftButton


@pytest.mark.parametrize("kind", VIEW_OPTION_BARS, ids=lambda kind: kind.value)
class TestEveryBar:
    def test_modes_are_those_of_the_renderer(self, qtbot, kind):
        bar = VIEW_OPTION_BARS[kind]()
        qtbot.addWidget(bar)
        requested = []
        bar.view_mode_requested.connect(requested.append)
        for button in bar._modes.values():
            button.click()
            button.click()
        assert requested and set(requested) <= set(RENDERERS[kind]().view_modes)
        assert requested[1] == RENDERERS[kind]().view_modes[0]  # off again

    def test_showing_a_mode_asks_for_nothing(self, qtbot, kind):
        bar = VIEW_OPTION_BARS[kind]()
        qtbot.addWidget(bar)
        bar.paint_icons(bar.palette())
        with qtbot.assertNotEmitted(bar.view_mode_requested):
            bar.show_mode("difference")
            bar.show_mode("fill")

    def test_showing_options_tells_nobody(self, qtbot, kind):
        bar = VIEW_OPTION_BARS[kind]()
        qtbot.addWidget(bar)
        with qtbot.assertNotEmitted(bar.options_changed):
            bar.set_options(bar.options)


class TestLabelMapBar:
    def test_every_field_changes_its_option(self, qtbot):
        bar = LabelMapOptionsBar()
        qtbot.addWidget(bar)
        bar.outlines.click()
        assert bar.options == LabelMapOptions(has_outlines=False)
        with qtbot.waitSignal(bar.options_changed) as told:
            bar.measure.setCurrentIndex(1)
        assert told.args == [LabelMapOptions(has_outlines=False, measure="probability")]


class TestAlphaBar:
    def test_a_colour_is_taken_and_shown(self, qtbot):
        bar = AlphaOptionsBar()
        qtbot.addWidget(bar)
        told = []
        bar.options_changed.connect(told.append)
        bar.view_mode_requested.connect(told.append)
        bar.set_colour((1, 2, 3))
        assert told == [AlphaOptions(colour=(1, 2, 3)), "colour"]

    def test_the_same_colour_again_only_shows_it(self, qtbot):
        bar = AlphaOptionsBar()
        qtbot.addWidget(bar)
        with qtbot.assertNotEmitted(bar.options_changed), qtbot.waitSignal(bar.view_mode_requested) as told:
            bar.set_colour(AlphaOptions().colour)
        assert told.args == ["colour"]

    def test_a_photo_is_asked_for_and_taken(self, qtbot):
        bar = AlphaOptionsBar()
        qtbot.addWidget(bar)
        with qtbot.waitSignal(bar.photo_requested):
            qtbot.mouseClick(bar.photo, LEFT)
        photo = BackgroundPhoto.of(np.zeros((4, 6, 3), np.uint8))
        bar.set_photo(photo, "beach.jpg")
        assert bar.options.photo is photo and bar.photo.text() == "beach.jpg"


class TestDepthBar:
    def test_every_field_changes_its_option(self, qtbot):
        bar = DepthOptionsBar()
        qtbot.addWidget(bar)
        bar.colour_map.setCurrentIndex(bar.colour_map.findData("magma"))
        for button in (bar.reverse, bar.logarithmic, bar.contours):
            button.click()
        bar.near.setValue(1.5)
        bar.far.setValue(9.0)
        bar.step.setValue(0.25)
        assert bar.options == DepthOptions("magma", False, 1.5, 9.0, True, True, 0.25)

    def test_below_zero_is_automatic(self, qtbot):
        bar = DepthOptionsBar()
        qtbot.addWidget(bar)
        bar.set_range(1.0, 2.0)
        with qtbot.waitSignal(bar.options_changed) as told:
            bar.set_range(None, None)
        assert (told.args[0].near, told.args[0].far) == (None, None)
        assert (bar.near.text(), bar.far.text()) == ("Near auto", "Far auto")

    @pytest.mark.parametrize("last", ["near", "far"])
    def test_of_two_ends_that_do_not_go_together_the_last_one_counts(self, qtbot, last):
        bar = DepthOptionsBar()
        qtbot.addWidget(bar)
        bar.set_range(2.0, 3.0)
        field, value = (bar.near, 3.5) if last == "near" else (bar.far, 1.5)
        field.setValue(value)
        assert (bar.options.near, bar.options.far) == ((3.5, None) if last == "near" else (None, 1.5))


class TestLegend:
    @pytest.fixture
    def legend(self, qtbot):
        legend = DepthLegend()
        qtbot.addWidget(legend)
        legend.resize(legend.sizeHint())
        legend.set_scale(DepthScale(2.0, 10.0), "turbo", is_reversed=True)
        legend.show()
        return legend

    def test_near_is_below_and_far_above(self, legend):
        bar = legend.bar()
        assert legend.y_of(2.0) == pytest.approx(bar.bottom())
        assert legend.y_of(10.0) == pytest.approx(bar.top())
        assert legend.y_of(4.0) == pytest.approx(bar.bottom() - bar.height() / 4)
        assert legend.y_of(99.0) == pytest.approx(bar.top())
        assert legend.y_of(float("nan")) == pytest.approx(bar.top())

    @pytest.mark.parametrize(("first", "expected"), [(10.0, (2.0, 6.0)), (2.0, (6.0, 10.0))])
    def test_dragging_a_handle_to_the_middle(self, qtbot, legend, first, expected):
        start = QPoint(18, round(legend.y_of(first)))
        middle = QPoint(18, round(legend.bar().center().y()))
        qtbot.mousePress(legend, LEFT, pos=start)
        with qtbot.waitSignal(legend.range_requested) as told:
            qtbot.mouseMove(legend, middle)
        qtbot.mouseRelease(legend, LEFT, pos=middle)
        assert told.args == pytest.approx(expected, abs=0.05)

    def test_a_handle_dragged_past_the_other_leaves_a_range(self, qtbot, legend):
        qtbot.mousePress(legend, LEFT, pos=QPoint(18, round(legend.y_of(10.0))))
        qtbot.mouseMove(legend, QPoint(18, legend.height() + 200))
        assert legend.scale.far > legend.scale.near > 0

    def test_the_valid_range_bounds_a_drag(self, qtbot, legend):
        legend.set_scale(DepthScale(2.0, 10.0), "turbo", is_reversed=True, valid_range=(0.5, 12.0))
        qtbot.mousePress(legend, LEFT, pos=QPoint(18, round(legend.y_of(10.0))))
        qtbot.mouseMove(legend, QPoint(18, -500))
        assert legend.scale.far == pytest.approx(12.0)

    def test_a_press_elsewhere_drags_nothing(self, qtbot, legend):
        qtbot.mousePress(legend, LEFT, pos=QPoint(18, round(legend.bar().center().y())))
        with qtbot.assertNotEmitted(legend.range_requested):
            qtbot.mouseMove(legend, QPoint(18, round(legend.bar().top()) + 20))

    def test_a_double_click_resets(self, qtbot, legend):
        with qtbot.waitSignal(legend.range_reset):
            qtbot.mouseDClick(legend, LEFT, pos=QPoint(18, 100))

    def test_the_bar_has_the_colours_of_the_map(self, legend):
        legend.set_scale(DepthScale(2.0, 10.0), "grey", is_reversed=False)
        shown, bar = legend.grab().toImage(), legend.bar()
        x = round(bar.center().x())
        near, far = (shown.pixelColor(x, round(y)).lightness() for y in (bar.bottom() - 6, bar.top() + 6))
        assert near < 20 and far > 235

    def test_the_marked_depth_is_drawn(self, legend):
        legend.set_scale(DepthScale(2.0, 10.0), "viridis", is_reversed=False)
        plain = legend.grab().toImage()
        legend.mark(6.0)
        assert legend.grab().toImage() != plain
        legend.mark(None)
        assert legend.grab().toImage() == plain

    @pytest.mark.parametrize("scale", [DepthScale(1.0, 1.001), DepthScale(0.5, 80.0, True), DepthScale(1e-6, 1e-3)])
    def test_any_range_is_drawn(self, legend, scale):
        legend.set_scale(scale, "turbo", is_reversed=False, valid_range=(0.1, 80.0))
        assert not legend.grab().isNull()
