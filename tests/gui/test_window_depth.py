"""Depth maps in the real window: real events, real threads, miniature networks."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gbrs_core.imports import read_depth_map
from gbrs_core.interaction import Click
from tests.helpers.dense_windows import at, dense_session, export, layer, opened, values

RIGHT = Qt.MouseButton.RightButton


@pytest.fixture
def depth(idle_shell, photo):
    return opened(idle_shell, photo, "depth")


class TestDepth:
    def test_a_click_pulls_depth_to_the_typed_value(self, depth):
        before = at(values(depth), 60, 45)
        target = float(before * 0.7)
        depth.window.depth_panel.form.values[0].setValue(target)
        depth.window.view_bar.radius.setValue(14)  # the toy network can not move all that the usual radius covers
        depth.click(60, 45)
        depth.wait_idle()
        after = at(values(depth), 60, 45)
        assert abs(after - target) < abs(before - target)
        assert isinstance(layer(depth).clicks[0], Click)

    def test_the_right_button_asks_once(self, depth):
        depth.click(60, 45, RIGHT)
        assert "right button" in depth.window.messages.title
        assert layer(depth).clicks == ()
        depth.window.depth_panel.form.values[1].setValue(3.0)
        depth.click(60, 45, RIGHT)
        depth.wait_idle()
        assert [click.target for click in layer(depth).clicks] == [3.0]

    def test_a_typed_depth_out_of_range_is_refused_with_the_range(self, depth):
        field = depth.window.depth_panel.form.values[0]
        field.setFocus()
        field.selectAll()
        depth.qtbot.keyClicks(field, "500000")
        depth.qtbot.keyClick(field, Qt.Key.Key_Return)
        assert depth.window.messages.title.startswith("500000 is out of range")
        assert field.text() == "2.000 m"
        assert layer(depth).primary == 2.0

    def test_same_as_there_and_twice_as_far(self, depth):
        there = float(at(values(depth), 30, 30))
        depth.key(Qt.Key.Key_I)
        depth.click(30, 30)
        assert layer(depth).primary == pytest.approx(there, abs=0.3)
        picked = layer(depth).primary
        depth.trigger("half_as_far")
        assert layer(depth).primary == pytest.approx(picked / 2)
        depth.trigger("twice_as_far")
        assert layer(depth).primary == pytest.approx(picked)

    def test_a_target_beyond_the_network_is_refused(self, depth):
        depth.controller.dense.set_target(25.0)
        assert layer(depth).primary == 2.0
        assert "10 m" in depth.window.messages.title

    def test_a_click_in_the_list_shows_and_takes_metres(self, depth):
        depth.click(60, 45)
        depth.wait_idle()
        model = depth.window.clicks_panel.view.model()
        index = model.index(0, 1)
        assert model.data(index) == "2.00 m"
        assert model.setData(index, 4.5)
        depth.wait_idle()
        assert layer(depth).clicks[0].target == 4.5

    def test_the_list_of_clicks_shows_targets_in_full(self, depth):
        depth.click(60, 45)
        depth.wait_idle()
        view = depth.window.clicks_panel.view
        depth.wait(lambda: view.columnWidth(1) >= view.sizeHintForColumn(1))
        assert view.model().index(0, 1).data(Qt.ItemDataRole.DecorationRole) is None

    def test_millimetres_come_back_as_they_were(self, depth, tmp_path):
        depth.click(60, 45)
        depth.wait_idle()
        path = export(depth, "depth_mm", tmp_path / "depth.png")
        session = dense_session("depth", depth)
        list(session.replay(layer(depth).clicks))
        np.testing.assert_allclose(read_depth_map(path, (90, 120)).array, session.prediction.array, atol=0.0006)
