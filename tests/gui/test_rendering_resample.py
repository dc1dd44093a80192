"""Values and photographs through a window: right value, right place."""

import numpy as np
import pytest

from app.rendering.photo import render_photo
from app.rendering.pyramid import ImagePyramid, build_pyramid
from app.rendering.resample import Axis, resample, value_at
from app.state.viewport import DeviceWindow, Viewport


def bilinear(values, rows, columns):
    """The definition, one pixel at a time."""
    out = np.empty((rows.length, columns.length))
    for index in np.ndindex(out.shape):
        place = [
            np.clip((p + 0.5 - axis.offset) / axis.scale - 0.5, 0, count - 1)
            for p, axis, count in zip(index, (rows, columns), values.shape, strict=True)
        ]
        first = [min(int(at), max(count - 2, 0)) for at, count in zip(place, values.shape, strict=True)]
        share = [at - begin for at, begin in zip(place, first, strict=True)]
        last = [min(begin + 1, count - 1) for begin, count in zip(first, values.shape, strict=True)]
        out[index] = (
            values[first[0], first[1]] * (1 - share[0]) * (1 - share[1])
            + values[first[0], last[1]] * (1 - share[0]) * share[1]
            + values[last[0], first[1]] * share[0] * (1 - share[1])
            + values[last[0], last[1]] * share[0] * share[1]
        )
    return out


@pytest.fixture
def ramp():
    """A slope that bilinear interpolation reproduces exactly."""
    rows, columns = np.mgrid[:12, :17].astype(np.float32)
    return 3 * rows - 2 * columns


class TestResample:
    @pytest.mark.parametrize("scale", [1.0, 2.0, 3.3, 6.67, 14.0])
    @pytest.mark.parametrize("first", [0.0, 0.4, 2.23, 5.7])
    def test_a_slope_is_in_its_exact_place_up_to_high_magnification(self, ramp, scale, first):
        rows, columns = Axis(scale, -first * scale, 40), Axis(scale * 1.1, -first * scale, 50)
        inside = np.ix_(*(_inside(axis, count) for axis, count in ((rows, 12), (columns, 17))))
        out, expected = resample(ramp, rows, columns), bilinear(ramp, rows, columns)
        np.testing.assert_allclose(out[inside], expected[inside], atol=2e-3)
        # In the outermost cells by what the values change within an output pixel.
        np.testing.assert_allclose(out, expected, atol=(3 + 2) / scale)

    @pytest.mark.parametrize("scale", [17.0, 64.0, 800.5])
    def test_a_slope_is_in_its_exact_place_beyond(self, ramp, scale):
        rows, columns = Axis(scale, -4.3 * scale, 45), Axis(scale, -7.1 * scale, 61)
        np.testing.assert_allclose(resample(ramp, rows, columns), bilinear(ramp, rows, columns), atol=1e-3)

    def test_any_values_are_within_their_neighbours(self):
        values = np.random.default_rng(0).standard_normal((9, 9)).astype(np.float32)
        rows, columns = Axis(5.0, -10.0, 30), Axis(5.0, -10.0, 30)
        np.testing.assert_allclose(resample(values, rows, columns), bilinear(values, rows, columns), atol=1e-5)

    def test_the_border_goes_on(self, ramp):
        out = resample(ramp, Axis(4.0, 8.0, 70), Axis(4.0, 8.0, 90))
        assert out.shape == (70, 90)
        assert (out[:8, :8] == ramp[0, 0]).all()
        assert (out[-6:, -6:] == ramp[-1, -1]).all()

    def test_reduced_values_are_means_and_not_samples(self):
        stripes = np.tile(np.array([0.0, 1.0], np.float32), (64, 32))
        out = resample(stripes, Axis(0.25, 0.0, 16), Axis(0.25, 0.0, 16))
        np.testing.assert_allclose(out, 0.5)

    @pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 1)])
    @pytest.mark.parametrize("scale", [0.01, 0.4, 1.0, 5.0, 90.0])
    def test_thin_values_are_covered(self, shape, scale):
        values = np.full(shape, 7.0, np.float32)
        out = resample(values, Axis(scale, 0.0, 5), Axis(scale, 0.0, 6))
        assert out.shape == (5, 6)
        np.testing.assert_allclose(out, 7.0, rtol=1e-6)

    def test_value_at_a_position(self, ramp):
        # Values of 12 x 17 over an image of 24 x 34: image position 8.5 is 4 values from the first one.
        assert value_at(ramp, (24, 34), 8.5, 6.5) == pytest.approx(3 * 3 - 2 * 4)


class TestPyramid:
    def test_each_level_is_the_mean_of_the_one_below(self):
        image = np.zeros((512, 512, 3), np.uint8)
        image[::2, ::2] = 200
        pyramid = build_pyramid(image)
        assert [level.shape for level in pyramid.levels] == [(512, 512, 3), (256, 256, 3)]
        assert (pyramid.levels[1] == 50).all()

    def test_odd_sides_are_rounded_up(self):
        image = np.zeros((5, 601, 3), np.uint8)
        image[:, -1] = 90
        level = build_pyramid(image).levels[1]
        assert level.shape == (3, 301, 3)
        assert (level[:, -1] == 90).all() and (level[:, -2] == 0).all()

    def test_gives_up_when_cancelled(self):
        assert build_pyramid(np.zeros((600, 600, 3), np.uint8), lambda: True) is None

    def test_the_level_has_a_pixel_per_device_pixel(self):
        pyramid = build_pyramid(np.zeros((2048, 2048, 3), np.uint8))
        assert [pyramid.level_for(zoom) for zoom in (2.0, 1.0, 0.51, 0.5, 0.26, 0.01)] == [0, 0, 0, 1, 1, 3]

    def test_levels_that_are_not_made_are_not_used(self):
        assert ImagePyramid((np.zeros((2048, 2048, 3), np.uint8),)).level_for(0.1) == 0


class TestPhoto:
    def test_pixels_are_squares_at_high_zoom(self):
        image = np.array([[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [11, 12, 13]]], np.uint8)
        out = render_photo(build_pyramid(image), DeviceWindow(3, 4, 10, 10, 3, 4, 5.0, 1.0))
        assert out.shape == (10, 10, 4)
        for row, column in np.ndindex(2, 2):
            square = out[5 * row : 5 * row + 5, 5 * column : 5 * column + 5]
            assert (square == [*image[row, column, ::-1], 255]).all()

    def test_a_part_of_a_square_at_the_border_of_the_window(self):
        image = np.array([[[0] * 3, [100] * 3, [200] * 3]], np.uint8)
        # Three pixels of 10 device pixels, of which the window begins 7 in and ends 12 later.
        out = render_photo(build_pyramid(image), DeviceWindow(0, 0, 12, 10, -7, 0, 10.0, 1.0))
        assert out[0, :, 0].tolist() == [0] * 3 + [100] * 9

    @pytest.mark.parametrize("zoom", [0.3, 0.5, 0.77, 1.0, 1.6, 3.9])
    @pytest.mark.parametrize("centre", [(120.3, 80.8), (20.0, 15.0)])
    def test_an_edge_is_within_half_a_device_pixel_of_its_place(self, zoom, centre):
        image = np.zeros((200, 300, 3), np.uint8)
        image[:, 100:] = 255
        view = Viewport((200, 300), (90, 160), zoom=zoom).centred(*centre)
        window = view.window()
        line = render_photo(build_pyramid(image), window)[window.height // 2, :, 0]
        expected = window.origin_x + 100 * zoom - window.left
        measured = window.width - line.astype(float).sum() / 255
        assert measured == pytest.approx(np.clip(expected, 0, window.width), abs=0.5)

    def test_one_to_one_is_the_image(self):
        image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
        out = render_photo(build_pyramid(image), DeviceWindow(5, 6, 40, 30, 5, 6, 1.0, 1.0))
        np.testing.assert_array_equal(out[:, :, 2::-1], image)

    @pytest.mark.parametrize("size", [(1, 1), (10, 30000), (30000, 3)])
    @pytest.mark.parametrize("zoom", [0.0, 0.01, 0.2, 1.0, 64.0])
    def test_extreme_sizes_fill_the_window(self, size, zoom):
        image = np.full((*size, 3), 99, np.uint8)
        for pyramid in (build_pyramid(image), ImagePyramid((image,))):
            window = Viewport(size, (300, 400)).fitted().zoomed_to(zoom).window()
            out = render_photo(pyramid, window)
            assert out.shape == (window.height, window.width, 4)
            assert (out[:, :, :3] == 99).all()

    def test_before_its_levels_are_made_a_photograph_is_drawn_in_place(self):
        image = np.zeros((800, 1200, 3), np.uint8)
        image[:, 600:] = 255
        window = Viewport((800, 1200), (90, 130)).fitted().window()
        early, late = (render_photo(pyramid, window) for pyramid in (ImagePyramid((image,)), build_pyramid(image)))
        assert np.abs(early.astype(int) - late).mean() < 2


def _inside(axis, count):
    """Output pixels whose samples are not in the outermost cells."""
    places = axis.positions()
    return np.flatnonzero((places >= 1) & (places <= count - 2))
