"""Masks as overlays: hand-computed colours, outlines in the right place and of the right width."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.rendering.base import Frame, ViewStyle
from app.rendering.layers import MaskLayer
from app.rendering.mask import (
    EDGE_LEVEL,
    LEVELS_PER_PX,
    distance_levels,
    draw_cutout,
    draw_mask,
    draw_raw,
    fill_palette,
    mask_field,
    object_box,
    union_levels,
)
from app.rendering.mask_renderer import MaskRenderer
from app.rendering.overlay import Overlay, stacked, two_tone_palette, two_toned
from app.state.viewport import DeviceWindow, Viewport

GOLDEN = Path(__file__).parents[1] / "golden"
RED, BLUE = (200, 20, 10), (30, 144, 255)
IMAGE = (60, 80)


def window_of(zoom=1.0, ratio=1.0, size=IMAGE):
    """All of an image, its corner in the corner of the widget."""
    height, width = round(size[0] * zoom), round(size[1] * zoom)
    return DeviceWindow(0, 0, width, height, 0, 0, zoom, ratio)


def half_plane(size=IMAGE, edge=40.0, slope=0.7):
    """Logits of an image size whose mask is right of `edge`, in pixel edges from the left."""
    columns = np.arange(size[1], dtype=np.float32)
    return np.tile((columns + 0.5 - edge) * np.float32(slope), (size[0], 1))


def disc(size=IMAGE, radius=15.0, centre=(30.0, 40.0)):
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    return (radius - np.hypot(rows + 0.5 - centre[0], columns + 0.5 - centre[1])).astype(np.float32)


def layer(logits, **changes):
    return replace(MaskLayer(1, logits, BLUE, True, True, False), **changes)


def picture(overlay, window):
    """An overlay in the whole window, RGBA."""
    out = np.zeros((window.height, window.width, 4), np.uint8)
    rgba = overlay.rgba()
    out[overlay.top : overlay.top + rgba.shape[0], overlay.left : overlay.left + rgba.shape[1]] = rgba
    return out


class TestPalette:
    def test_opaque_covers(self):
        palette = stacked([(RED, np.ones(256)), (BLUE, np.ones(256))])
        assert (palette == [*BLUE, 255]).all()

    def test_half_over_half_by_hand(self):
        # Over: 1/2; under shows through the other half of its own 1/2: together 3/4, of which blue is 2/3.
        palette = stacked([(RED, np.full(256, 0.5)), (BLUE, np.full(256, 0.5))])
        expected = [round((red + 2 * blue) / 3) for red, blue in zip(RED, BLUE, strict=True)]
        assert palette[0].tolist() == [*expected, 191]

    def test_nothing_is_transparent(self):
        assert (stacked([(RED, np.zeros(256))])[:, 3] == 0).all()

    def test_two_tones_share_one_byte(self):
        levels = np.array([[0, 100, 255]], np.uint8)
        first, second = (np.full((256, 4), tone, np.uint8) for tone in (7, 9))
        palette = two_tone_palette(first, second)
        for pattern, tone in ((False, 7), (True, 9)):
            assert (palette[two_toned(levels, np.full((1, 3), pattern))] == tone).all()

    def test_two_tones_keep_the_level(self):
        ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1)
        levels = np.arange(256, dtype=np.uint8)[None]
        shown = two_tone_palette(ramp, ramp)[two_toned(levels, levels % 3 == 0)][0, :, 0]
        assert np.abs(shown.astype(int) - levels[0]).max() <= 1

    def test_fill_line_and_casing_by_distance(self):
        palette = fill_palette(BLUE, 0.5, is_active=True)
        at = {distance: palette[EDGE_LEVEL + round(distance * LEVELS_PER_PX)] for distance in (-7.5, -2, 0, 3, 7.5)}
        assert at[-7.5][3] == 0  # outside: nothing
        assert 80 < at[-2][3] < 140 and at[-2][:3].max() < 20  # a dark casing around the line
        assert at[0].tolist() == [*BLUE, 255]  # the line covers
        assert at[3].tolist() == at[7.5].tolist() == [*BLUE, 128]  # inside: half

    def test_outline_only_is_clear_inside(self):
        palette = fill_palette(BLUE, 0.0, is_active=False)
        assert palette[0, 3] == palette[255, 3] == 0
        assert palette[EDGE_LEVEL].tolist() == [*BLUE, 255]


class TestField:
    def test_bounds_are_those_of_the_mask(self):
        logits = np.full((6, 8), -1.0, np.float32)
        logits[2:4, 3:7] = 2.0
        assert mask_field(logits, 0.0).bounds == (3, 2, 7, 4)
        assert mask_field(logits, 3.0).bounds is None

    def test_slope_is_the_steepest_to_a_neighbour(self):
        field = mask_field(np.array([[0.0, 3.0, 4.0], [0.0, 3.0, 8.0]], np.float32), 0.0)
        # Middle of the upper row: 3 to the left, 1 to the right, 0 down. Its right neighbour: 1 left, 4 down.
        assert field.slopes[0, 1] == pytest.approx(3, abs=1e-5)
        assert field.slopes[0, 2] == pytest.approx(17**0.5, abs=1e-5)

    def test_box_in_image_pixels(self):
        logits = np.full((6, 8), -1.0, np.float32)
        logits[2:4, 3:7] = 2.0
        # Cells of 10 x 10 image pixels, the first reaching from -0.5 to 9.5.
        assert object_box(mask_field(logits, 0.0), (60, 80)) == (29.5, 19.5, 69.5, 39.5)

    def test_logits_are_left_alone(self):
        logits = disc()
        logits.flags.writeable = False
        before = logits.copy()
        draw_mask(layer(logits), mask_field(logits, 0.5), window_of(2.0), IMAGE, 0.5)
        np.testing.assert_array_equal(logits, before)


class TestDistance:
    @pytest.mark.parametrize("slope", [0.05, 0.7, 30.0])
    @pytest.mark.parametrize("zoom", [1.0, 2.5, 9.0, 40.0])
    def test_is_in_pixels_whatever_the_slope(self, zoom, slope):
        window = window_of(zoom)
        left, _, levels = distance_levels(mask_field(half_plane(slope=slope), 0.0), window, IMAGE)
        line = levels[window.height // 2].astype(int)
        for distance in (-6, -3, 0, 3, 6):
            column = round(40 * zoom) + distance - left
            between = (line[column - 1] + line[column]) / 2  # the edge between two pixels
            assert between == pytest.approx(EDGE_LEVEL + LEVELS_PER_PX * distance, abs=LEVELS_PER_PX * 0.1)

    def test_is_in_logical_pixels_on_a_dense_screen(self):
        left, _, levels = distance_levels(mask_field(half_plane(), 0.0), window_of(4.0, ratio=2.0), IMAGE)
        line = levels[100].astype(int)
        between = (line[166 - left - 1] + line[166 - left]) / 2  # 6 device pixels, 3 logical ones, inside
        assert between == pytest.approx(EDGE_LEVEL + 3 * LEVELS_PER_PX, abs=2)

    def test_threshold_moves_the_outline(self):
        left, _, levels = distance_levels(mask_field(half_plane(slope=0.5), 2.0), window_of(1.0), IMAGE)
        assert (np.flatnonzero(levels[30] >= EDGE_LEVEL)[0] + left) == 44

    @pytest.mark.parametrize("zoom", [0.6, 1.0, 3.0, 10.0])
    def test_the_mask_is_that_of_the_enlarged_logits(self, zoom):
        window = window_of(zoom)
        left, top, levels = distance_levels(mask_field(disc(), 0.0), window, IMAGE)
        rows, columns = np.mgrid[: window.height, : window.width]
        true = 15.0 * zoom - np.hypot(rows + 0.5 - 30 * zoom, columns + 0.5 - 40 * zoom)
        drawn = np.zeros((window.height, window.width), bool)
        drawn[top : top + levels.shape[0], left : left + levels.shape[1]] = levels >= EDGE_LEVEL
        differs = drawn != (true > 0)
        assert np.abs(true[differs]).max(initial=0) < 0.35 + 0.1 * zoom

    def test_a_large_window_is_drawn_like_its_parts(self):
        size = (1200, 2400)
        logits = disc((120, 240), 50.0, (60.0, 120.0))
        whole = distance_levels(mask_field(logits, 0.0), DeviceWindow(0, 0, 2400, 1200, 0, 0, 1.0, 1.0), size)
        larger = distance_levels(mask_field(logits, 0.0), DeviceWindow(0, 0, 4800, 2400, 0, 0, 2.0, 2.0), size)
        assert larger[2].size > 2_500_000 > whole[2].size
        picked = larger[2][1::2, 1::2].astype(int)
        offset = whole[0] - larger[0] // 2, whole[1] - larger[1] // 2
        shape = min(picked.shape[0], whole[2].shape[0]), min(picked.shape[1], whole[2].shape[1])
        assert np.abs(np.array(offset)).max() <= 1
        difference = picked[: shape[0], : shape[1]] - whole[2][: shape[0], : shape[1]].astype(int)
        assert np.abs(difference).mean() < LEVELS_PER_PX * 0.5

    def test_is_none_beside_the_window_and_without_mask(self):
        assert distance_levels(mask_field(np.full(IMAGE, -1.0, np.float32), 0.0), window_of(), IMAGE) is None
        far = DeviceWindow(0, 0, 20, 20, 0, 0, 1.0, 1.0)
        assert distance_levels(mask_field(half_plane(edge=70.0), 0.0), far, IMAGE) is None

    def test_only_the_surroundings_of_the_mask_are_drawn(self):
        _, _, levels = distance_levels(mask_field(disc(radius=3.0), 0.0), window_of(4.0), IMAGE)
        assert levels.shape[0] < 60 and levels.shape[1] < 60


class TestDrawMask:
    def test_outline_is_two_pixels_wide(self):
        overlay = draw_mask(layer(half_plane()), mask_field(half_plane(), 0.0), window_of(2.0), IMAGE, 0.0)
        line = picture(overlay, window_of(2.0))[60]
        is_blue = (line[:, 3] > 0) & (line[:, 2] > 200)
        assert (line[is_blue, 3] / 255).sum() == pytest.approx(2.0, abs=0.4)
        assert np.flatnonzero(line[:, 3] == 255).tolist() == [79, 80]

    def test_of_another_object_is_thinner_and_without_casing(self):
        other = layer(half_plane(), is_active=False)
        line = picture(draw_mask(other, mask_field(half_plane(), 0.0), window_of(2.0), IMAGE, 0.0), window_of(2.0))[60]
        assert (line[line[:, 3] > 0, :3] == BLUE).all()
        assert (line[:, 3] / 255).sum() == pytest.approx(1.4, abs=0.3)

    def test_fill_has_the_opacity_that_was_asked_for(self):
        window = window_of(2.0)
        shown = picture(draw_mask(layer(half_plane()), mask_field(half_plane(), 0.0), window, IMAGE, 0.4), window)
        assert shown[60, 120].tolist() == [*BLUE, 102]
        assert shown[60, 40, 3] == 0

    def test_a_locked_mask_is_hatched(self):
        window = window_of(2.0)
        locked = layer(half_plane(), is_locked=True)
        shown = picture(draw_mask(locked, mask_field(half_plane(), 0.0), window, IMAGE, 0.4), window)
        assert set(np.unique(shown[40:80, 110:150, 3])) == {102, 36}

    def test_the_hatch_moves_with_the_image(self):
        locked = layer(half_plane(), is_locked=True)
        field = mask_field(half_plane(), 0.0)
        here = DeviceWindow(0, 0, 160, 120, 0, 0, 2.0, 1.0)
        there = DeviceWindow(7, 3, 160, 120, 7, 3, 2.0, 1.0)
        first, second = (picture(draw_mask(locked, field, window, IMAGE, 0.4), window) for window in (here, there))
        np.testing.assert_array_equal(first, second)


class TestCutout:
    def test_covers_all_but_the_object(self):
        window = window_of(2.0)
        levels = union_levels([mask_field(half_plane(), 0.0)], window, IMAGE)
        for mode, colour in (("black", 0), ("white", 255)):
            shown = draw_cutout(levels, mode, window).rgba()
            assert shown[60, 40].tolist() == [colour] * 3 + [255]
            assert shown[60, 120, 3] == 0

    def test_checks_alternate(self):
        window = window_of(2.0)
        levels = union_levels([mask_field(half_plane(edge=75.0), 0.0)], window, IMAGE)
        shown = draw_cutout(levels, "checker", window).rgba()
        assert shown[5, 5].tolist() == shown[15, 15].tolist() != shown[5, 15].tolist() == shown[15, 5].tolist()
        assert shown[60, 158, 3] == 0

    def test_union_of_two(self):
        window = window_of()
        left, right = disc(centre=(30.0, 20.0)), disc(centre=(30.0, 60.0))
        levels = union_levels([mask_field(left, 0.0), mask_field(right, 0.0)], window, IMAGE)
        distance = np.maximum(left, right)
        is_clear = np.abs(distance) > 1 / LEVELS_PER_PX
        np.testing.assert_array_equal((levels > EDGE_LEVEL)[is_clear], (distance > 0)[is_clear])

    def test_what_it_is_added_to_stays(self):
        start = np.full(IMAGE, 9, np.uint8)
        union_levels([mask_field(disc(), 0.0)], window_of(), IMAGE, start)
        assert (start == 9).all()


class TestRaw:
    def test_threshold_is_white_and_the_sides_differ(self):
        shown = draw_raw(mask_field(half_plane(slope=1.0), 0.0), window_of(), IMAGE).rgba()
        background, edge, inside = shown[30, 2], shown[30, 40], shown[30, 77]
        assert edge[:3].min() > 200
        assert background[2] > background[0] + 60 and inside[0] > inside[2] + 60
        assert (shown[:, :, 3] == 255).all()


class TestRenderer:
    frame = Frame(window_of(2.0), IMAGE)

    def draw(self, layers, mode, renderer=None):
        renderer = renderer or MaskRenderer()
        style = ViewStyle(mode, 0.5)
        others = list(renderer.draw_others(layers, style, self.frame))
        return others, renderer.draw_active(layers, style, self.frame)

    def test_active_and_others_are_apart(self):
        layers = (layer(disc(), object_id=1, is_active=False, colour=RED), layer(disc(), object_id=2))
        (other,), (active,) = self.draw(layers, "fill")
        assert other.palette[255, :3].tolist() == list(RED)
        assert active.palette[255, :3].tolist() == list(BLUE)

    @pytest.mark.parametrize("mode", MaskRenderer.view_modes)
    def test_hidden_layers_are_not_drawn(self, mode):
        layers = (layer(disc(), object_id=1, is_active=False, is_visible=False), layer(disc(), is_visible=False))
        assert self.draw(layers, mode) == ([], [])

    @pytest.mark.parametrize("mode", ["black", "white", "checker"])
    def test_without_a_mask_nothing_is_covered(self, mode):
        empty = layer(np.full(IMAGE, -1.0, np.float32))
        assert self.draw((), mode) == ([], [])
        assert self.draw((empty,), mode) == ([], [])

    def test_cutouts_hold_every_visible_object(self):
        layers = (
            layer(disc(centre=(30.0, 20.0)), object_id=1, is_active=False),
            layer(disc(centre=(30.0, 60.0)), object_id=2),
            layer(np.full(IMAGE, 9.0, np.float32), object_id=3, is_active=False, is_visible=False),
        )
        (cutout,) = self.draw(layers, "black")[1]
        shown = cutout.rgba()[:, :, 3]
        assert (shown[60, 40], shown[60, 120], shown[4, 4]) == (0, 0, 255)

    def test_new_logits_are_drawn(self):
        renderer = MaskRenderer()
        self.draw((layer(disc(radius=5.0)),), "fill", renderer)
        (active,) = self.draw((layer(disc(radius=20.0)),), "fill", renderer)[1]
        assert active.levels.shape[0] > 80

    def test_a_new_threshold_is_drawn(self):
        renderer, logits = MaskRenderer(), disc(radius=20.0)
        (large,) = self.draw((layer(logits),), "fill", renderer)[1]
        (small,) = self.draw((layer(logits, threshold=15.0),), "fill", renderer)[1]
        assert small.levels.shape[0] < large.levels.shape[0]

    def test_another_object_changes_the_cutout(self):
        renderer = MaskRenderer()
        active = layer(disc(centre=(30.0, 60.0)), object_id=2)
        self.draw((layer(disc(centre=(30.0, 20.0)), object_id=1, is_active=False), active), "black", renderer)
        (cutout,) = self.draw((active,), "black", renderer)[1]
        assert cutout.rgba()[60, 40, 3] == 255

    def test_box_of_a_layer(self):
        assert MaskRenderer().box_of(layer(disc(radius=10.0)), IMAGE) == pytest.approx((30, 20, 50, 40), abs=1.0)


@pytest.mark.parametrize("mode", MaskRenderer.view_modes)
def test_golden(mode, update_golden):
    """Three objects on a grey ramp as they looked when they were looked at."""
    size = (48, 64)
    layers = (
        layer(disc((24, 32), 6.0, (9.0, 9.0)), object_id=1, colour=(255, 150, 0), is_active=False),
        layer(disc((24, 32), 5.0, (16.0, 26.0)), object_id=2, colour=(195, 0, 60), is_active=False, is_locked=True),
        layer(disc((24, 32), 7.0, (12.0, 17.0)), object_id=3),
    )
    window = Viewport(size, (96, 128), zoom=2.0, centre_x=31.5, centre_y=23.5).window()
    frame, renderer = Frame(window, size), MaskRenderer()
    shown = np.repeat(np.linspace(0, 255, window.width)[None, :, None], window.height, 0).repeat(3, 2)
    style = ViewStyle(mode, 0.45)
    for overlay in (*renderer.draw_others(layers, style, frame), *renderer.draw_active(layers, style, frame)):
        shown = _blended(shown, overlay)
    _compare(np.rint(shown).astype(np.uint8), GOLDEN / f"mask_{mode}.png", update_golden)


def _blended(below, overlay: Overlay):
    rgba = overlay.rgba().astype(float)
    out = below.copy()
    part = out[overlay.top : overlay.top + rgba.shape[0], overlay.left : overlay.left + rgba.shape[1]]
    share = rgba[:, :, 3:] / 255
    part[:] = part * (1 - share) + rgba[:, :, :3] * share
    return out


def _compare(shown, path, update_golden):
    from PIL import Image

    if update_golden:
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(shown).save(path)
    expected = np.asarray(Image.open(path))
    assert shown.shape == expected.shape
    is_close = np.abs(shown.astype(int) - expected).max(axis=2) <= 3
    assert is_close.mean() >= 0.995
