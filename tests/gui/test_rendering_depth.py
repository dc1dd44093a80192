"""Depth maps as overlays, their scale, contours and holes."""

from dataclasses import replace

import numpy as np
import pytest

from app.rendering.base import Frame, ViewStyle
from app.rendering.colour_maps import colour_table
from app.rendering.depth import DepthRenderer, depth_change, difference_scale
from app.rendering.depth_scale import (
    DepthScale,
    automatic_range,
    contour_step,
    depth_text,
    is_known,
    round_step,
    scale_of,
)
from app.rendering.layers import DepthLayer
from app.rendering.options import COLOUR_MAPS, DepthOptions
from app.state.viewport import DeviceWindow, Viewport

SIZE = (30, 80)
GREY = DepthOptions("grey", is_reversed=False, near=1.0, far=5.0)


def window_of(zoom=1.0):
    return DeviceWindow(0, 0, round(SIZE[1] * zoom), round(SIZE[0] * zoom), 0, 0, zoom, 1.0)


def ramp():
    """1 to 5 metres from left to right."""
    return np.tile(np.linspace(1, 5, SIZE[1], dtype=np.float32), (SIZE[0], 1))


def drawn(layer, mode="colours", options=GREY, opacity=1.0, zoom=1.0):
    frame = Frame(window_of(zoom), SIZE)
    return [item.rgba() for item in DepthRenderer().draw_active((layer,), ViewStyle(mode, opacity, options), frame)]


class TestScale:
    def test_linear_by_hand(self):
        scale = DepthScale(2.0, 10.0)
        assert (scale.position(4.0), scale.depth_at(0.25), scale.ticks(4)) == (0.25, 4.0, (2.0, 4.0, 6.0, 8.0, 10.0))

    def test_logarithmic_by_hand(self):
        scale = DepthScale(1.0, 100.0, is_logarithmic=True)
        assert scale.position(10.0) == pytest.approx(0.5)
        assert scale.depth_at(0.25) == pytest.approx(10**0.5)
        assert scale.ticks(4) == pytest.approx((1, 3, 10, 30, 100))
        np.testing.assert_allclose(scale.positions(np.array([1, 10, 100, 999], np.float32)), [0, 0.5, 1, 1], atol=1e-6)
        with pytest.raises(ValueError, match="greater than 0"):
            scale.position(0.0)

    @pytest.mark.parametrize("is_logarithmic", [False, True])
    def test_there_and_back(self, is_logarithmic):
        scale = DepthScale(0.7, 81.0, is_logarithmic)
        assert scale.position(scale.depth_at(0.3)) == pytest.approx(0.3)

    @pytest.mark.parametrize(("least", "step"), [(0.9, 1), (1.0, 1), (1.1, 2), (2.2, 2.5), (3, 5), (0.07, 0.1)])
    def test_round_steps(self, least, step):
        assert round_step(least) == pytest.approx(step)

    def test_automatic_range_ignores_holes_and_outliers(self):
        depth = np.full((100, 100), 3.0, np.float32)
        depth[:50] = 7.0
        depth[0, 0], depth[0, 1], depth[0, 2], depth[0, 3] = np.nan, np.inf, -5, 900
        near, far = automatic_range(depth)
        assert 2.5 <= near <= 3.0 and 7.0 <= far <= 7.5

    def test_automatic_range_rests_while_the_map_trembles(self):
        depth = np.random.default_rng(0).uniform(1.03, 8.9, (120, 160)).astype(np.float32)
        assert automatic_range(depth) == automatic_range(depth * np.float32(1.0005))

    @pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -3.0])
    def test_nothing_known_has_a_range_all_the_same(self, value):
        assert automatic_range(np.full((9, 9), value, np.float32)) == (1.0, 2.0)

    def test_one_depth_everywhere_has_a_range(self):
        near, far = automatic_range(np.full((9, 9), 4.0, np.float32))
        assert 0 < near <= 4.0 <= far and near < far

    @pytest.mark.parametrize(("near", "far"), [(5.0, 5.0), (5.0, 1.0), (0.0, 0.0), (-3.0, None)])
    def test_an_empty_range_is_widened(self, near, far):
        scale = scale_of(ramp(), DepthOptions(near=near, far=far), "m")
        assert 0 < scale.near < scale.far

    @pytest.mark.parametrize(("near", "far", "expected"), [(50.0, None, (50.0, 100.0)), (None, 0.5, (0.25, 0.5))])
    def test_an_end_beyond_the_other_automatic_one_counts(self, near, far, expected):
        scale = scale_of(ramp(), DepthOptions(near=near, far=far), "m")
        assert (scale.near, scale.far) == expected

    def test_the_valid_range_bounds_what_is_known(self):
        known = is_known(np.array([[0.01, 0.1, 10.0, 10.001, 11.0]], np.float32), (0.1, 10.0))
        assert known.tolist() == [[False, True, True, True, False]]

    def test_texts(self):
        assert depth_text(2.5, "m", 0.5) == "2.5 m"
        assert depth_text(2.0, "relative", 0.25) == "2.00"
        assert contour_step(DepthScale(1.0, 5.0), DepthOptions()) == pytest.approx(0.5)
        assert contour_step(DepthScale(1.0, 5.0), DepthOptions(contour_step=0.2)) == 0.2


class TestColours:
    def test_near_is_first_and_far_is_last(self):
        (rgba,) = drawn(DepthLayer(ramp()))
        assert rgba[15, 0, 0] <= 2 and rgba[15, -1, 0] >= 253
        assert rgba[15, 40, 0] == pytest.approx(255 * 40 / 79, abs=3)
        assert (rgba[:, :, 3] == 255).all()

    def test_reversed(self):
        (rgba,) = drawn(DepthLayer(ramp()), options=replace(GREY, is_reversed=True))
        assert rgba[15, 0, 0] >= 253 and rgba[15, -1, 0] <= 2

    def test_beyond_the_range_are_the_end_colours(self):
        (rgba,) = drawn(DepthLayer(ramp()), options=replace(GREY, near=2.0, far=3.0))
        assert (rgba[15, :18, 0] == 0).all() and (rgba[15, 45:, 0] == 255).all()

    def test_logarithmic_halves_by_ratio(self):
        (rgba,) = drawn(DepthLayer(ramp()), options=replace(GREY, is_logarithmic=True))
        column = round(79 * (5**0.5 - 1) / 4)  # the depth half way between 1 and 5
        assert rgba[15, column, 0] == pytest.approx(128, abs=5)

    def test_opacity(self):
        (rgba,) = drawn(DepthLayer(ramp()), opacity=0.4)
        assert (rgba[:, :, 3] == 102).all()

    @pytest.mark.parametrize("name", COLOUR_MAPS)
    def test_every_colour_map_has_its_own_ends(self, name):
        (rgba,) = drawn(DepthLayer(ramp()), options=replace(GREY, colour_map=name))
        table = colour_table(name).astype(int)
        assert np.abs(rgba[15, 0, :3] - table[0]).max() <= 6 and np.abs(rgba[15, -1, :3] - table[-1]).max() <= 6

    @pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf, 0.0, -1.0])
    @pytest.mark.parametrize("zoom", [0.4, 1.0, 6.0, 30.0])
    def test_holes_are_hatched_and_spoil_nothing_beside_them(self, hole, zoom):
        depth = np.full(SIZE, 3.0, np.float32)
        depth[10:20, 20:60] = hole
        (rgba,) = drawn(DepthLayer(depth), zoom=zoom)
        inside = rgba[round(12 * zoom) : round(18 * zoom), round(25 * zoom) : round(55 * zoom)]
        assert inside[:, :, 3].max() < 100
        assert len(np.unique(inside[:, :, 3])) == 2  # stripes
        around = rgba[:, : round(18 * zoom)]
        assert np.abs(around[:, :, 0].astype(int) - 128).max() <= 2  # 3 is half way between 1 and 5
        assert (around[:, :, 3] == 255).all()

    @pytest.mark.parametrize("value", [np.nan, 0.0])
    @pytest.mark.parametrize("mode", DepthRenderer.view_modes)
    def test_all_holes(self, mode, value):
        depth = np.full(SIZE, value, np.float32)
        for rgba in drawn(DepthLayer(depth, depth.copy()), mode, DepthOptions(has_contours=True)):
            assert rgba.shape == (*SIZE, 4)

    def test_depths_the_network_cannot_say_are_holes(self):
        (rgba,) = drawn(DepthLayer(ramp(), valid_range=(2.0, 4.0)))
        assert rgba[15, 5, 3] < 100 and rgba[15, 40, 3] == 255 and rgba[15, 75, 3] < 100


class TestContours:
    def lines(self, **changes):
        """Columns of the lines over a ramp with a slope of 1 metre in 79 / 4 pixels, eight device pixels each."""
        options = replace(GREY, has_contours=True, **changes)
        rgba = drawn(DepthLayer(ramp()), "colours", options, zoom=8.0)[1]
        is_line = rgba[120, :, 3] > 130
        starts = np.flatnonzero(is_line[1:] & ~is_line[:-1]) + 1
        return [float(np.flatnonzero(is_line[start:])[0] + start) for start in starts]

    def test_lines_lie_at_multiples_of_the_step(self):
        expected = [(79 * (depth - 1) / 4 + 0.5) * 8 for depth in (2, 3, 4)]
        inner = [line for line in self.lines(contour_step=1.0) if 20 < line < 620]  # 1 and 5 are the very ends
        assert inner == pytest.approx(expected, abs=5)

    def test_the_step_is_chosen_for_about_ten(self):
        assert 6 <= len(self.lines()) <= 12

    def test_a_tiny_step_is_not_an_error(self):
        assert drawn(DepthLayer(ramp()), "contours", replace(GREY, contour_step=1e-9))

    def test_alone_they_have_the_colours_of_the_map(self):
        (rgba,) = drawn(DepthLayer(ramp()), "contours", replace(GREY, contour_step=1.0), zoom=8.0)
        line = rgba[120]
        tones = line[line[:, 3] > 130, 0]
        assert tones.min() < 100 and tones.max() > 160
        assert (line[:, 3] == 0).mean() > 0.9

    def test_around_a_hole_there_is_none(self):
        depth = np.full(SIZE, 3.25, np.float32)
        depth[10:20, 20:60] = np.nan
        coloured, lines = drawn(DepthLayer(depth), options=replace(GREY, has_contours=True, contour_step=1.0), zoom=4.0)
        assert coloured.size and lines[:, :, 3].max() == 0


class TestDifference:
    def test_farther_is_orange_and_nearer_is_blue(self):
        before, after = np.full(SIZE, 3.0, np.float32), np.full(SIZE, 3.0, np.float32)
        after[:, :20], after[:, 60:] = 2.0, 4.0
        (rgba,) = drawn(DepthLayer(after, before), "difference")
        nearer, same, farther = rgba[15, 5].astype(int), rgba[15, 40].astype(int), rgba[15, 75].astype(int)
        assert nearer[2] > nearer[0] + 100 and farther[0] > farther[2] + 100
        assert same[:3].max() == 0

    def test_holes_are_no_difference(self):
        before, after = ramp(), ramp() + 1
        after[:, :20] = np.nan
        before[:, 20:40] = 0
        change = depth_change(DepthLayer(after, before))
        assert np.isnan(change[:, :40]).all() and np.allclose(change[:, 40:], 1)
        assert difference_scale(change) == 1.0

    def test_the_scale_is_round_and_holds_nearly_all(self):
        change = np.linspace(-0.33, 0.33, 1000, dtype=np.float32)
        assert difference_scale(change) == pytest.approx(0.5)
        assert difference_scale(np.full(4, np.nan, np.float32)) == 1.0

    def test_without_before_nothing_is_drawn(self):
        assert drawn(DepthLayer(ramp()), "difference") == []


def test_new_depth_and_options_are_drawn():
    renderer, frame = DepthRenderer(), Frame(window_of(), SIZE)
    layer, style = DepthLayer(ramp()), ViewStyle("colours", 1.0, GREY)
    renderer.draw_active((layer,), style, frame)
    (other,) = renderer.draw_active((replace(layer, depth=ramp()[:, ::-1]),), style, frame)
    assert other.rgba()[15, 0, 0] >= 253
    (third,) = renderer.draw_active((layer,), replace(style, options=replace(GREY, far=100.0)), frame)
    assert third.rgba()[15, -1, 0] < 20


def test_window_of_24_megapixels_prints_its_time():
    import time

    size = (4000, 6000)
    depth = np.random.default_rng(0).uniform(1, 9, (480, 720)).astype(np.float32)
    depth[:100] = np.nan
    renderer = DepthRenderer()
    frame = Frame(Viewport(size, (1080, 1920)).fitted().window(), size)
    for mode, options in (("colours", DepthOptions()), ("colours", DepthOptions(has_contours=True)),
                          ("contours", DepthOptions()), ("difference", DepthOptions())):  # fmt: skip
        layer, style = DepthLayer(depth, depth * 2), ViewStyle(mode, 0.5, options)
        for _ in range(2):
            begin = time.thread_time()
            made = renderer.draw_active((layer,), style, frame)
            seconds = time.thread_time() - begin
        print(f"depth, {mode}, contours {options.has_contours}: {1000 * seconds:.1f} ms")  # noqa: T201
        assert made
