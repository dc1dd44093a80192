"""The transform between image, widget and screen."""

from dataclasses import replace

import pytest

from app.state.viewport import FIT_MARGIN, MAX_ZOOM, MIN_VISIBLE, Viewport

VIEW = Viewport(image_size=(300, 400), view_size=(500, 800), zoom=2.0, centre_x=100.0, centre_y=50.0)


class TestTransform:
    def test_middle_of_the_widget_shows_the_centre(self):
        assert VIEW.to_image(400, 250) == (100, 50)

    def test_positions_by_hand(self):
        # 30 image pixels right of the centre are 60 view pixels right of the middle; 10 up are 20 up.
        assert VIEW.to_view(130, 40) == (460, 230)

    def test_dense_screens_have_more_device_pixels_per_view_pixel(self):
        dense = replace(VIEW, pixel_ratio=2.0)
        assert dense.to_view(130, 40) == (430, 240)

    @pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0, 3.0])
    @pytest.mark.parametrize("zoom", [0.013, 0.5, 1.0, 7.3, 64.0])
    @pytest.mark.parametrize("place", [(0.0, 0.0), (399.0, 299.0), (-12.5, 612.25)])
    def test_there_and_back(self, ratio, zoom, place):
        view = replace(VIEW, pixel_ratio=ratio, zoom=zoom)
        assert view.to_image(*view.to_view(*place)) == pytest.approx(place, abs=1e-9)

    def test_pixels_reach_half_a_pixel_around_their_middle(self):
        assert VIEW.contains(-0.5, -0.5) and VIEW.contains(399.49, 299.49)
        assert not VIEW.contains(-0.51, 0) and not VIEW.contains(399.5, 0) and not VIEW.contains(0, 299.5)


class TestFit:
    def test_the_whole_image_is_in_view(self):
        view = VIEW.fitted()
        left, top = view.to_view(-0.5, -0.5)
        right, bottom = view.to_view(399.5, 299.5)
        # 300 rows in 500 view pixels less two margins: the height decides.
        assert view.zoom == pytest.approx((500 - 2 * FIT_MARGIN) / 300)
        assert (top, bottom) == pytest.approx((FIT_MARGIN, 500 - FIT_MARGIN))
        assert (left + right) / 2 == pytest.approx(400)

    def test_stays_fitted_when_the_widget_changes(self):
        smaller = VIEW.fitted().resized((100, 200), 1.0)
        assert smaller == Viewport((300, 400), (100, 200)).fitted()

    def test_a_view_that_was_moved_keeps_its_middle_and_zoom(self):
        resized = VIEW.resized((100, 200), 1.0)
        assert (resized.zoom, resized.centre_x, resized.centre_y) == (2.0, 100.0, 50.0)

    def test_another_screen_shows_the_same_at_its_density(self):
        moved = VIEW.resized(VIEW.view_size, 2.0)
        assert moved.zoom == 4.0
        assert moved.to_view(130, 40) == VIEW.to_view(130, 40)

    @pytest.mark.parametrize("size", [(1, 1), (10, 30000), (6000, 8000)])
    def test_extreme_images_are_seen_whole(self, size):
        view = Viewport(size, (500, 800)).fitted()
        right, bottom = view.to_view(size[1] - 0.5, size[0] - 0.5)
        assert right <= 800 and bottom <= 500
        assert view.zoom <= MAX_ZOOM

    def test_a_box_is_shown_with_its_margin(self):
        view = VIEW.showing((10, 20, 110, 40), margin=50)
        assert view.to_view(10, 30) == pytest.approx((50, 250))
        assert view.to_view(110, 30) == pytest.approx((750, 250))

    def test_a_widget_without_size_does_not_fail(self):
        view = Viewport((300, 400), (0.0, 0.0)).fitted()
        assert view.window() is None


class TestZoom:
    @pytest.mark.parametrize("zoom", [0.5, 1.9, 2.5, 40.0])
    @pytest.mark.parametrize("anchor", [(400.0, 250.0), (222.5, 311.0), (700.0, 400.0)])
    def test_keeps_the_image_position_under_the_cursor(self, zoom, anchor):
        before = VIEW.to_image(*anchor)
        zoomed = VIEW.zoomed_to(zoom, anchor)
        assert zoomed.zoom == zoom
        assert zoomed.to_view(*before) == pytest.approx(anchor, abs=1e-6)

    def test_there_and_back_is_the_same_view(self):
        there = VIEW.zoomed_to(9.0, (200, 150))
        back = there.zoomed_to(2.0, (200, 150))
        assert (back.zoom, back.centre_x, back.centre_y) == pytest.approx((2.0, 100.0, 50.0))

    def test_has_limits(self):
        assert VIEW.zoomed_to(1000).zoom == MAX_ZOOM
        assert VIEW.zoomed_to(1e-9).zoom == 0.01

    def test_a_huge_image_can_always_be_zoomed_out_to_half_of_fitting(self):
        view = Viewport((10, 100_000), (500, 800))
        assert view.zoomed_to(1e-9).zoom == pytest.approx(0.004)

    def test_is_no_longer_fitted(self):
        assert not VIEW.fitted().zoomed_to(3.0).is_fitted


class TestPan:
    def test_moves_the_image_by_view_pixels(self):
        x, y = VIEW.to_view(100, 50)
        assert VIEW.panned(30, -20).to_view(100, 50) == (x + 30, y - 20)

    @pytest.mark.parametrize("step", [(1e6, 0), (-1e6, 0), (0, 1e6), (0, -1e6)])
    def test_never_loses_the_image(self, step):
        view = VIEW.panned(*step)
        left, top = view.to_view(-0.5, -0.5)
        right, bottom = view.to_view(399.5, 299.5)
        assert left <= 800 - MIN_VISIBLE and right >= MIN_VISIBLE
        assert top <= 500 - MIN_VISIBLE and bottom >= MIN_VISIBLE


class TestWindow:
    def test_is_the_visible_part_in_device_pixels(self):
        window = VIEW.window()
        # The image's left edge is 100.5 * 2 left of 400, its right edge 800 further; its top edge 50.5 * 2 above 250.
        assert (window.origin_x, window.origin_y) == (199, 149)
        assert (window.left, window.top, window.width, window.height) == (199, 149, 601, 351)

    def test_grows_with_the_density_of_the_screen(self):
        dense = VIEW.resized(VIEW.view_size, 2.0).window()
        assert (dense.left, dense.top, dense.width, dense.height) == (398, 298, 1202, 702)

    def test_of_an_image_beside_the_widget_is_none(self):
        assert replace(VIEW, centre_x=5000.0).window() is None

    def test_is_never_empty_where_the_image_is(self):
        window = Viewport((10, 30000), (500, 800)).zoomed_to(1e-9).window()
        assert window.height == 1
