"""Alpha mattes as overlays: hand-computed pixels of every view."""

from dataclasses import replace

import numpy as np
import pytest

from app.rendering.alpha import AlphaRenderer, cover_window, trimap_slots
from app.rendering.base import Frame, ViewStyle
from app.rendering.layers import AlphaLayer
from app.rendering.options import AlphaOptions, BackgroundPhoto
from app.rendering.overlay import Picture
from app.rendering.patterns import CHECKER
from app.state.viewport import DeviceWindow, Viewport

SIZE = (20, 40)


def window_of(zoom=1.0, size=SIZE):
    return DeviceWindow(0, 0, round(size[1] * zoom), round(size[0] * zoom), 0, 0, zoom, 1.0)


def thirds():
    """0, 0.5 and 1 from left to right."""
    alpha = np.zeros(SIZE, np.float32)
    alpha[:, 10:30] = 0.5
    alpha[:, 30:] = 1.0
    return alpha


def shown(layer, mode, options=None, opacity=0.5, window=None):
    frame = Frame(window or window_of(), SIZE)
    (drawing,) = AlphaRenderer().draw_active((layer,), ViewStyle(mode, opacity, options), frame)
    return drawing.rgba()


class TestBackgrounds:
    @pytest.mark.parametrize(
        ("mode", "colour"), [("black", (0, 0, 0)), ("white", (255, 255, 255)), ("colour", (10, 200, 30))]
    )
    def test_covers_as_much_as_alpha_leaves(self, mode, colour):
        rgba = shown(AlphaLayer(thirds()), mode, AlphaOptions(colour=(10, 200, 30)))
        # 0.5 is 127.5, rounded to the even 128: 127 of 255 is left.
        assert rgba[10, [2, 20, 38], 3].tolist() == [255, 127, 0]
        assert (rgba[:, :, :3] == colour).all()

    def test_checks_alternate(self):
        rgba = shown(AlphaLayer(np.zeros(SIZE, np.float32)), "checker")
        assert rgba[5, 5].tolist() == rgba[15, 15].tolist() == [*CHECKER[0], 255]
        assert rgba[5, 15].tolist() == [*CHECKER[1], 255]

    def test_alpha_is_grey(self):
        rgba = shown(AlphaLayer(thirds()), "alpha")
        assert rgba[10, [2, 20, 38], 0].tolist() == [0, 128, 255]
        assert (rgba[:, :, 3] == 255).all() and (np.ptp(rgba[:, :, :3], axis=2) == 0).all()

    def test_a_photo_is_seen_through_what_is_not_there(self):
        photo = np.zeros((*SIZE, 3), np.uint8)
        photo[:, :20], photo[:, 20:] = (200, 100, 50), (1, 2, 3)
        frame = Frame(window_of(), SIZE)
        options = AlphaOptions(photo=BackgroundPhoto.of(photo))
        (drawing,) = AlphaRenderer().draw_active((AlphaLayer(thirds()),), ViewStyle("photo", 0.5, options), frame)
        assert isinstance(drawing, Picture)
        rgba = drawing.rgba()
        assert rgba[10, 2].tolist() == [200, 100, 50, 255]
        assert rgba[10, 25].tolist() == [1, 2, 3, 127]
        assert rgba[10, 38, 3] == 0

    def test_without_a_photo_there_are_checks(self):
        assert shown(AlphaLayer(thirds()), "photo").tolist() == shown(AlphaLayer(thirds()), "checker").tolist()

    @pytest.mark.parametrize("size", [(10, 10), (40, 20), (400, 300), (7, 900)])
    @pytest.mark.parametrize("zoom", [0.5, 1.0, 5.0])
    def test_a_photo_of_any_size_covers_the_image(self, size, zoom):
        photo = BackgroundPhoto.of(np.full((*size, 3), 77, np.uint8))
        layer = AlphaLayer(np.zeros(SIZE, np.float32))
        rgba = shown(layer, "photo", AlphaOptions(photo=photo), window=window_of(zoom))
        assert (rgba[:, :, :3] == 77).all() and (rgba[:, :, 3] == 255).all()

    def test_the_middle_of_a_photo_is_in_the_middle(self):
        window = cover_window((10, 40), Frame(window_of(2.0), SIZE))
        # Twice as high as it must be to cover 20 rows: 4 device pixels per pixel, 160 wide, cut by 40 at either side.
        assert (window.zoom, window.origin_x, window.origin_y) == (4.0, -40, 0)

    def test_a_new_background_replaces_the_old_one(self):
        renderer, frame, layer = AlphaRenderer(), Frame(window_of(), SIZE), AlphaLayer(np.zeros(SIZE, np.float32))
        for tone in (10, 200):
            options = AlphaOptions(photo=BackgroundPhoto.of(np.full((5, 5, 3), tone, np.uint8)))
            (drawing,) = renderer.draw_active((layer,), ViewStyle("photo", 0.5, options), frame)
            assert (drawing.rgba()[:, :, 0] == tone).all()


class TestTrimap:
    def test_values_between_are_unknown(self):
        assert trimap_slots(np.array([[0, 1, 127, 128, 254, 255]], np.uint8)).tolist() == [[0, 1, 1, 1, 1, 2]]

    def test_sides_are_red_and_green_and_the_unknown_part_is_faint(self):
        trimap = np.zeros(SIZE, np.uint8)
        trimap[:, 14:26], trimap[:, 26:] = 128, 255
        rgba = shown(AlphaLayer(thirds(), trimap=trimap), "trimap", opacity=0.6).astype(int)
        background, unknown, foreground = rgba[10, 4], rgba[10, 20], rgba[10, 36]
        assert background[0] > background[1] + 100 and foreground[1] > foreground[0] + 100
        assert unknown[3] < foreground[3] / 2 and background[3] == 153  # 0.6 of 255
        assert rgba[10, 13].min() > 150  # a white line between them

    def test_a_trimap_of_image_size_is_in_place_on_a_coarse_matte(self):
        trimap = np.zeros(SIZE, np.uint8)
        trimap[:, 20:] = 255
        rgba = shown(AlphaLayer(thirds()[::4, ::4], trimap=trimap), "trimap", window=window_of(4.0)).astype(int)
        assert rgba[40, 70, 0] > rgba[40, 70, 1] and rgba[40, 90, 1] > rgba[40, 90, 0]

    def test_without_a_trimap_nothing_is_drawn(self):
        frame = Frame(window_of(), SIZE)
        assert AlphaRenderer().draw_active((AlphaLayer(thirds()),), ViewStyle("trimap", 0.5), frame) == []


class TestDifference:
    def test_raised_is_orange_and_lowered_is_blue(self):
        before = np.full(SIZE, 0.5, np.float32)
        rgba = shown(AlphaLayer(thirds(), before=before), "difference").astype(int)
        lowered, same, raised = rgba[10, 2], rgba[10, 20], rgba[10, 38]
        assert lowered[2] > lowered[0] + 100 and raised[0] > raised[2] + 100
        assert same[:3].max() == 0 and same[3] < lowered[3] == raised[3]

    def test_maps_of_different_sizes_cannot_be_compared(self):
        with pytest.raises(ValueError, match="cannot be compared"):
            shown(AlphaLayer(thirds(), before=np.zeros((3, 3), np.float32)), "difference")


@pytest.mark.parametrize("mode", AlphaRenderer.view_modes)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 7.0, -7.0])
def test_bad_values_are_drawn_as_something(mode, bad):
    alpha = np.full(SIZE, bad, np.float32)
    layer = AlphaLayer(alpha, before=thirds(), trimap=np.full(SIZE, 128, np.uint8))
    assert shown(layer, mode).shape == (*SIZE, 4)


def test_what_is_not_a_number_is_not_there():
    assert (shown(AlphaLayer(np.full(SIZE, np.nan, np.float32)), "alpha")[:, :, 0] == 0).all()


def test_new_alpha_is_drawn():
    renderer, frame, layer = AlphaRenderer(), Frame(window_of(), SIZE), AlphaLayer(thirds())
    style = ViewStyle("alpha", 0.5)
    renderer.draw_active((layer,), style, frame)
    (after,) = renderer.draw_active((replace(layer, alpha=1 - thirds()),), style, frame)
    assert after.rgba()[10, 2, 0] == 255


def test_window_of_24_megapixels_prints_its_time():
    import time

    size = (4000, 6000)
    alpha = np.random.default_rng(0).random((480, 720)).astype(np.float32)
    options = AlphaOptions(photo=BackgroundPhoto.of(np.zeros((1200, 1600, 3), np.uint8)))
    trimap = np.full(size, 128, np.uint8)
    renderer = AlphaRenderer()
    frame = Frame(Viewport(size, (1080, 1920)).fitted().window(), size)
    for mode in renderer.view_modes:
        layer, style = AlphaLayer(alpha, alpha * 0, trimap), ViewStyle(mode, 0.5, options)
        for _ in range(2):
            begin = time.thread_time()
            drawn = renderer.draw_active((layer,), style, frame)
            seconds = time.thread_time() - begin
        print(f"matte, {mode}: {1000 * seconds:.1f} ms")  # noqa: T201
        assert drawn
