"""Label maps as overlays: the right class at the right pixel, smooth boundaries, and every view."""

from dataclasses import replace

import numpy as np
import pytest

from app.rendering.base import Frame, ViewStyle
from app.rendering.label_field import UNKNOWN, boundary_coverage, class_slots, label_field, slot_table
from app.rendering.label_map import LabelMapRenderer
from app.rendering.layers import LabelMapLayer
from app.rendering.options import LabelMapOptions
from app.rendering.uncertainty import uncertainty_of
from app.state.viewport import DeviceWindow, Viewport

PALETTE = np.array([(128, 64, 128), (0, 0, 142), (107, 142, 35)], np.uint8)
SIZE = (40, 60)
PLAIN = LabelMapOptions(has_outlines=False)


def window_of(zoom=1.0, size=SIZE, ratio=1.0):
    return DeviceWindow(0, 0, round(size[1] * zoom), round(size[0] * zoom), 0, 0, zoom, ratio)


def halves(size=SIZE, edge=30):
    labels = np.zeros(size, np.uint8)
    labels[:, edge:] = 1
    return labels


def shown(layer, mode="fill", opacity=0.5, options=PLAIN, window=None, size=SIZE):
    """RGBA of the only overlay."""
    frame = Frame(window or window_of(size=size), size)
    renderer = LabelMapRenderer()
    assert list(renderer.draw_others((layer,), ViewStyle(mode, opacity, options), frame)) == []
    (overlay,) = renderer.draw_active((layer,), ViewStyle(mode, opacity, options), frame)
    return overlay.rgba()


def classes(labels, window, size=SIZE, scores=None, count=3):
    """The class of every pixel of a window."""
    field = label_field(labels, count, scores)
    table = slot_table(field)
    ids = np.zeros(256, int)
    for class_id, slot in table.items():
        ids[slot] = class_id
    return ids[class_slots(field, table, window, size)]


class TestField:
    def test_classes_are_known_and_the_most_frequent_is_first(self):
        assert label_field(halves(edge=10), 3).class_ids == (1, 0)

    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
    def test_ids_beyond_the_classes_are_unknown(self, dtype):
        labels = halves().astype(dtype)
        labels[0, 0] = 200
        if np.issubdtype(dtype, np.signedinteger):
            labels[0, 1] = -1
        assert set(label_field(labels, 3).class_ids) == {0, 1, UNKNOWN}

    def test_scores_of_another_size_are_refused(self):
        with pytest.raises(ValueError, match="do not belong"):
            label_field(halves(), 3, np.zeros((3, 5, 5), np.float32))

    @pytest.mark.parametrize("zoom", [1.0, 3.0, 17.0, 30.0])
    def test_every_cell_keeps_its_class_at_its_middle(self, zoom):
        labels = np.random.default_rng(1).integers(0, 3, (12, 18)).astype(np.uint8)
        scores = np.random.default_rng(2).random((3, 12, 18)).astype(np.float32)
        np.put_along_axis(scores, labels[None].astype(np.int64), 4.0, axis=0)
        size = (12, 18)
        enlarged = classes(labels, window_of(zoom, size), size, scores)
        middles = ((np.arange(18) + 0.5) * zoom).astype(int)
        np.testing.assert_array_equal(enlarged[middles[:12]][:, middles], labels)

    def test_the_boundary_lies_where_scores_cross(self):
        # Scores cross a quarter of a cell right of the middle of column 4: 4.75 cells from the left edge.
        size, columns = (10, 10), np.arange(10, dtype=np.float32) + 0.5
        scores = np.stack([np.tile(4.75 - columns, (10, 1)), np.tile(columns - 4.75, (10, 1))]).astype(np.float32)
        enlarged = classes(scores.argmax(0), window_of(40.0, size), size, scores, count=2)
        assert np.flatnonzero(enlarged[200] == 1)[0] == pytest.approx(4.75 * 40, abs=2)

    def test_a_slanted_boundary_is_smooth_without_scores(self):
        size = (32, 32)
        rows, columns = np.mgrid[:32, :32]
        labels = (columns > rows).astype(np.uint8)
        first = (classes(labels, window_of(8.0, size), size, count=2) == 1).argmax(axis=1)[40:200]
        # Cells would make steps of eight pixels.
        assert np.abs(np.diff(first)).max() <= 4
        assert np.abs(first - (np.arange(40, 200) + 4)).max() <= 4

    def test_a_line_of_one_cell_stays(self):
        labels = np.zeros(SIZE, np.uint8)
        labels[:, 20] = 2
        assert (classes(labels, window_of(4.0))[:, 80:84] == 2).any(axis=1).all()

    def test_a_part_of_the_window_shows_the_same(self):
        labels = np.random.default_rng(3).integers(0, 3, SIZE).astype(np.uint8)
        whole = classes(labels, window_of(6.0))
        part = classes(labels, DeviceWindow(0, 0, 100, 80, -120, -60, 6.0, 1.0))
        np.testing.assert_array_equal(part[4:-4, 4:-4], whole[64:136, 124:216])

    def test_a_large_window_is_in_place(self):
        enlarged = classes(halves(), window_of(40.0))
        assert enlarged.size > 2_500_000
        assert np.flatnonzero(enlarged[800] == 1)[0] == pytest.approx(1200, abs=3)

    def test_more_classes_than_slots_are_drawn(self):
        labels = np.arange(400, dtype=np.uint16).reshape(20, 20)
        layer = LabelMapLayer(labels, np.random.default_rng(0).integers(0, 256, (400, 3)).astype(np.uint8))
        assert shown(layer, "raw", size=(20, 20)).shape == (20, 20, 4)

    def test_edges_lie_on_both_sides(self):
        coverage = boundary_coverage(np.where(halves() == 1, 2, 1).astype(np.uint8), 1.0)
        assert coverage[20, 29] == coverage[20, 30] > 128
        assert coverage[20, 20] == coverage[20, 40] == 0


class TestViews:
    def test_fill_is_tinted(self):
        rgba = shown(LabelMapLayer(halves(), PALETTE), opacity=0.4)
        assert rgba[20, 5].tolist() == [128, 64, 128, 102]
        assert rgba[20, 55].tolist() == [0, 0, 142, 102]

    def test_raw_is_opaque(self):
        assert shown(LabelMapLayer(halves(), PALETTE), "raw")[20, 55].tolist() == [0, 0, 142, 255]

    def test_outline_is_clear_inside_and_lined_at_the_boundary(self):
        rgba = shown(LabelMapLayer(halves(), PALETTE), "outline")
        assert rgba[20, 5, 3] == rgba[20, 55, 3] == 0
        assert rgba[20, 29, 3] > 128 and rgba[20, 30, 3] > 128
        # Each side in a lighter shade of its own colour: 30 % of the way to white.
        assert rgba[20, 30, :3].tolist() == [76, 76, 176]

    def test_fill_has_lines_if_wanted(self):
        layer = LabelMapLayer(halves(), PALETTE)
        with_lines, plain = shown(layer, options=LabelMapOptions()), shown(layer)
        assert with_lines[20, 30, 3] > plain[20, 30, 3] == 128
        np.testing.assert_array_equal(with_lines[20, 50], plain[20, 50])

    def test_hidden_classes_are_clear(self):
        layer = LabelMapLayer(halves(), PALETTE, hidden=frozenset({1}))
        for mode in ("fill", "raw", "outline"):
            rgba = shown(layer, mode)
            assert rgba[20, 55, 3] == 0
        assert shown(layer, "raw")[20, 5, 3] == 255

    def test_on_black_shows_the_photograph_of_visible_classes(self):
        rgba = shown(LabelMapLayer(halves(), PALETTE, hidden=frozenset({1})), "black")
        assert rgba[20, 5, 3] == 0 and rgba[20, 55].tolist() == [0, 0, 0, 255]

    def test_unknown_ids_are_grey_and_striped(self):
        labels = halves()
        labels[:, 30:] = 77
        rgba = shown(LabelMapLayer(labels, PALETTE), opacity=1.0)
        tones = {tuple(tone) for tone in rgba[:, 40:].reshape(-1, 4).tolist()}
        assert tones == {(128, 128, 134, 255), (196, 196, 202, 255)}

    def test_difference_marks_what_changed(self):
        layer = LabelMapLayer(halves(edge=20), PALETTE, before=halves(edge=40))
        rgba = shown(layer, "difference")
        assert rgba[20, 30].tolist() == [0, 0, 142, 153]  # was 0, is 1
        assert rgba[20, 5].tolist() == rgba[20, 55].tolist() == [12, 14, 18, 158]

    @pytest.mark.parametrize("void", [255, 65535])
    def test_where_the_other_map_has_no_class_nothing_is_said_to_differ(self, void):
        before = halves(edge=40).astype(np.uint16)
        before[:10] = void
        rgba = shown(LabelMapLayer(halves(edge=20), PALETTE, before=before), "difference")
        assert rgba[20, 30].tolist() == [0, 0, 142, 153]
        assert rgba[4, 30].tolist() == rgba[4, 5].tolist() == [12, 14, 18, 158]

    def test_difference_of_nothing_is_dark_all_over(self):
        layer = LabelMapLayer(halves(), PALETTE, before=halves())
        assert (shown(layer, "difference")[:, :, 3] == 158).all()

    def test_uncertainty_is_seen_where_it_is(self):
        values = np.zeros(SIZE, np.float32)
        values[:, 30:] = 1.0
        rgba = shown(LabelMapLayer(halves(), PALETTE, uncertainty=values), "uncertainty")
        assert rgba[20, 5, 3] == 0 and rgba[20, 50, 3] > 200

    def test_the_other_measure_is_made_from_the_scores(self):
        scores = np.zeros((3, *SIZE), np.float32)
        layer = LabelMapLayer(halves(), PALETTE, scores=scores, uncertainty=np.zeros(SIZE, np.float32))
        assert (shown(layer, "uncertainty")[:, :, 3] == 0).all()
        assert (shown(layer, "uncertainty", options=LabelMapOptions(measure="probability"))[:, :, 3] > 200).all()

    @pytest.mark.parametrize("mode", ["uncertainty", "difference"])
    def test_what_is_not_known_is_not_drawn(self, mode):
        layer = LabelMapLayer(halves(), PALETTE)
        assert LabelMapRenderer().draw_active((layer,), ViewStyle(mode, 0.5), Frame(window_of(), SIZE)) == []

    def test_an_invisible_layer_is_not_drawn(self):
        layer = LabelMapLayer(halves(), PALETTE, is_visible=False)
        assert LabelMapRenderer().draw_active((layer,), ViewStyle("fill", 0.5), Frame(window_of(), SIZE)) == []

    def test_one_class_everywhere_has_no_lines(self):
        rgba = shown(LabelMapLayer(np.full(SIZE, 2, np.uint8), PALETTE), options=LabelMapOptions())
        assert (rgba == (107, 142, 35, 128)).all()

    def test_a_map_of_working_size_covers_the_image(self):
        rgba = shown(LabelMapLayer(halves((10, 15), 5), PALETTE), "raw")
        assert np.flatnonzero(rgba[20, :, 2] == 142)[0] == pytest.approx(20, abs=1)

    def test_new_labels_and_palettes_are_drawn(self):
        renderer, frame = LabelMapRenderer(), Frame(window_of(), SIZE)
        layer = LabelMapLayer(halves(), PALETTE)
        style = ViewStyle("raw", 0.5)
        renderer.draw_active((layer,), style, frame)
        (other,) = renderer.draw_active((replace(layer, labels=halves(edge=10)),), style, frame)
        assert other.rgba()[20, 15].tolist() == [0, 0, 142, 255]
        (third,) = renderer.draw_active((replace(layer, palette=PALETTE[::-1]),), style, frame)
        assert third.rgba()[20, 5].tolist() == [107, 142, 35, 255]


class TestUncertainty:
    def test_by_hand(self):
        # Probabilities 1/2, 1/2; 3/4, 1/4; and (nearly) 1, 0.
        scores = np.array([[[0.0, np.log(3.0), 50.0]], [[0.0, 0.0, 0.0]]], np.float32)
        quarter = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
        np.testing.assert_allclose(uncertainty_of(scores)[0], [1.0, quarter, 0.0], atol=1e-5)
        np.testing.assert_allclose(uncertainty_of(scores, "probability")[0], [0.5, 0.25, 0.0], atol=1e-6)

    def test_one_class_is_certain(self):
        assert (uncertainty_of(np.zeros((1, 4, 5), np.float32)) == 0).all()

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_what_is_not_finite_is_uncertain(self, bad):
        scores = np.zeros((3, 2, 2), np.float32)
        scores[0] = 9.0
        scores[1, 0, 0] = bad
        values = uncertainty_of(scores)
        assert values[0, 0] == 1.0 and values[1, 1] < 0.1


def test_the_layer_is_compared_by_what_it_draws():
    labels = halves()
    layer = LabelMapLayer(labels, PALETTE)
    assert layer.looks_like(LabelMapLayer(labels, PALETTE.copy()))
    assert not layer.looks_like(LabelMapLayer(halves(), PALETTE))
    assert not layer.looks_like(replace(layer, hidden=frozenset({0})))
    assert not layer.looks_like(replace(layer, before=halves()))


def test_window_of_24_megapixels_prints_its_time():
    import time

    size = (4000, 6000)
    labels = np.random.default_rng(0).integers(0, 11, (12, 16)).astype(np.uint8).repeat(30, 0).repeat(30, 1)
    layer = LabelMapLayer(labels, np.random.default_rng(1).integers(0, 256, (11, 3)).astype(np.uint8))
    renderer = LabelMapRenderer()
    frame = Frame(Viewport(size, (1080, 1920)).fitted().window(), size)
    for _ in range(2):  # the first prepares the map
        begin = time.thread_time()
        (overlay,) = renderer.draw_active((layer,), ViewStyle("fill", 0.5), frame)
        seconds = time.thread_time() - begin
    print(f"label map, {overlay.levels.size / 1e6:.1f} megapixels of window: {1000 * seconds:.1f} ms")  # noqa: T201
    assert overlay.levels.shape == (frame.window.height, frame.window.width)
