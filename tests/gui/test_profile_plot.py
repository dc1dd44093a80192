"""Cross-sections: the values along a line, what the plot shows of them, and their table."""

import csv

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from app.rendering.profile import profile_along, profile_csv
from app.widgets.profile_plot import ProfilePlot
from gbrs_core.errors import ExportError

SIZE = (20, 40)


def ramp():
    """Depth x / 4 at image position x: 10 columns of 4 image pixels each, the middles at 1.5, 5.5, ..."""
    return np.tile((np.arange(10, dtype=np.float32) * 4 + 1.5) / 4, (5, 1))


class TestProfile:
    def test_samples_lie_on_the_line_one_pixel_apart(self):
        profile = profile_along((5.0, 4.0), (35.0, 4.0), SIZE, ramp())
        np.testing.assert_allclose(profile.distances, np.arange(31))
        np.testing.assert_allclose(profile.x, np.arange(31) + 5)
        np.testing.assert_allclose(profile.after, (np.arange(31) + 5) / 4, atol=1e-5)

    def test_a_slanted_line_by_hand(self):
        profile = profile_along((4.0, 3.0), (12.0, 9.0), SIZE, ramp(), ramp() + 1)
        assert profile.distances[-1] == pytest.approx(10.0)  # 8 across, 6 down
        np.testing.assert_allclose(profile.after, profile.x / 4, atol=1e-5)
        np.testing.assert_allclose(profile.before, profile.x / 4 + 1, atol=1e-5)

    def test_a_line_without_length_has_two_samples(self):
        profile = profile_along((6.0, 6.0), (6.0, 6.0), SIZE, ramp())
        np.testing.assert_allclose(profile.after, [1.5, 1.5], atol=1e-6)

    @pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
    def test_what_is_not_finite_is_unknown(self, hole):
        values = ramp()
        values[:, 4] = hole  # its middle is at x = 17.5
        profile = profile_along((0.0, 8.0), (39.0, 8.0), SIZE, values)
        assert np.isnan(profile.after[17]) and np.isnan(profile.after[18])
        assert np.isfinite(profile.after[[5, 30]]).all()

    def test_outside_of_the_image_the_border_goes_on(self):
        profile = profile_along((-10.0, 5.0), (5.0, 5.0), SIZE, ramp())
        assert profile.after[0] == pytest.approx(ramp()[0, 0])

    def test_the_table_reads_back(self):
        values = ramp()
        values[:, 9] = np.nan
        profile = profile_along((5.0, 4.0), (39.0, 4.0), SIZE, values, values + 2, unit="m", name="depth")
        rows = list(csv.DictReader(profile_csv(profile).splitlines()))
        assert len(rows) == 35
        assert rows[3] == {"distance_px": "3.000", "x": "8.000", "y": "4.000", "depth_before_m": "4", "depth_m": "2"}
        assert rows[-1]["depth_m"] == rows[-1]["depth_before_m"] == ""

    def test_without_before_there_is_no_such_column(self):
        assert profile_csv(profile_along((0, 0), (3, 0), SIZE, ramp())).splitlines()[0] == "distance_px,x,y,value"


class TestPlot:
    @pytest.fixture
    def plot(self, qtbot):
        plot = ProfilePlot()
        qtbot.addWidget(plot)
        plot.resize(420, 180)
        plot.show()
        return plot

    def test_hovering_reads_off_and_tells_where(self, qtbot, plot):
        plot.set_profile(profile_along((5.0, 4.0), (35.0, 4.0), SIZE, ramp(), ramp() + 1, unit="m", name="depth"))
        assert plot.readout() == ""
        middle = plot.area().center()
        with qtbot.waitSignal(plot.hovered) as told:
            qtbot.mouseMove(plot, QPoint(round(middle.x()), round(middle.y())))
        assert told.args == pytest.approx([20.0, 4.0])
        assert plot.readout() == "15 px   before 6 m   after 5 m"

    def test_unknown_values_are_said_to_be(self, qtbot, plot):
        plot.set_profile(profile_along((5.0, 4.0), (35.0, 4.0), SIZE, np.full((5, 10), np.nan, np.float32)))
        qtbot.mouseMove(plot, plot.area().center().toPoint() + QPoint(31, 7))
        assert "unknown" in plot.readout()
        assert plot.limits() == (0.0, 1.0)
        assert not plot.grab().isNull()

    def test_limits_hold_both_curves(self, plot):
        plot.set_profile(profile_along((5.0, 4.0), (35.0, 4.0), SIZE, ramp(), ramp() + 3))
        low, high = plot.limits()
        assert low < 1.25 and high > 8.75 + 3

    def test_a_constant_is_drawn_in_the_middle(self, plot):
        plot.set_profile(profile_along((0.0, 0.0), (30.0, 0.0), SIZE, np.full((5, 10), 4.0, np.float32)))
        low, high = plot.limits()
        assert (low + high) / 2 == pytest.approx(4.0) and high > low

    def test_before_is_drawn_beside_after(self, plot):
        plot.set_profile(profile_along((5.0, 4.0), (35.0, 4.0), SIZE, ramp()))
        alone = plot.grab().toImage()
        plot.set_profile(profile_along((5.0, 4.0), (35.0, 4.0), SIZE, ramp(), ramp() * 2))
        assert plot.grab().toImage() != alone

    def test_a_shorter_line_forgets_what_was_hovered(self, qtbot, plot):
        plot.set_profile(profile_along((5.0, 4.0), (35.0, 4.0), SIZE, ramp()))
        qtbot.mouseMove(plot, QPoint(400, 60))
        plot.set_profile(profile_along((5.0, 4.0), (9.0, 4.0), SIZE, ramp()))
        assert plot.readout() == "" and not plot.grab().isNull()

    def test_saving_writes_the_table(self, plot, tmp_path):
        profile = profile_along((5.0, 4.0), (35.0, 4.0), SIZE, ramp(), unit="m", name="depth")
        plot.set_profile(profile)
        plot.save_csv(tmp_path / "säule.csv")
        assert (tmp_path / "säule.csv").read_text(encoding="utf-8") == profile_csv(profile)

    def test_saving_nothing_or_nowhere_is_told(self, plot, tmp_path):
        with pytest.raises(ExportError, match="Draw a line"):
            plot.save_csv(tmp_path / "a.csv")
        plot.set_profile(profile_along((5.0, 4.0), (35.0, 4.0), SIZE, ramp()))
        (tmp_path / "file").touch()
        with pytest.raises(ExportError, match="Cannot write"):
            plot.save_csv(tmp_path / "file" / "a.csv")
