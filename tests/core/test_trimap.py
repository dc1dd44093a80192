"""Trimaps from masks and from a brush."""

import numpy as np
import pytest

from gbrs_core.trimap import BACKGROUND, FOREGROUND, UNKNOWN, is_all_unknown, painted, trimap_from_mask

LETTERS = {".": BACKGROUND, "?": UNKNOWN, "#": FOREGROUND}


def trimap(text):
    return np.array([[LETTERS[letter] for letter in row] for row in text.split()], np.uint8)


class TestFromMask:
    def test_band_of_one_pixel_inside_and_two_outside(self):
        mask = np.zeros((1, 10), bool)
        mask[0, 4:] = True
        np.testing.assert_array_equal(trimap_from_mask(mask, 1, 2), trimap("..???#####"))

    def test_corners_are_round(self):
        mask = np.zeros((5, 5), bool)
        mask[2, 2] = True
        expected = trimap("..... ..?.. .?#?. ..?.. .....")
        np.testing.assert_array_equal(trimap_from_mask(mask, 0, 1), expected)
        np.testing.assert_array_equal(trimap_from_mask(mask, 1, 1.5)[1:4, 1:4], trimap("??? ??? ???"))

    def test_border_of_the_image_is_no_edge(self):
        mask = np.zeros((3, 6), bool)
        mask[:, :4] = True
        np.testing.assert_array_equal(trimap_from_mask(mask, 1, 1)[0], trimap("###??.")[0])

    @pytest.mark.parametrize("value", [False, True])
    def test_empty_and_full_masks_have_no_edge(self, value):
        found = trimap_from_mask(np.full((3, 4), value), 5, 5)
        np.testing.assert_array_equal(found, np.full((3, 4), FOREGROUND if value else BACKGROUND))
        assert found.dtype == np.uint8

    @pytest.mark.parametrize("width", [-1.0, float("nan")])
    def test_widths_must_be_positive(self, width):
        with pytest.raises(ValueError, match="at least 0"):
            trimap_from_mask(np.ones((2, 2), bool), width, 1)


class TestPainted:
    def test_disc_and_its_box(self):
        before = trimap("..... ..... ..... ..... .....")
        after, box = painted(before, [(2, 2)], 1, UNKNOWN)
        np.testing.assert_array_equal(after, trimap("..... ..?.. .???. ..?.. ....."))
        assert not before.any()
        left, top, right, bottom = box
        changed = after != before
        changed[top:bottom, left:right] = False
        assert not changed.any()
        assert box[2] - box[0] <= 5

    def test_way_of_the_brush(self):
        after, _ = painted(trimap("?????? ??????"), [(1, 0), (4, 0)], 0.5, FOREGROUND)
        np.testing.assert_array_equal(after, trimap("?####? ??????"))

    def test_outside_of_the_image_nothing_happens(self):
        before = trimap("#? ?.")
        after, box = painted(before, [(50, 50)], 3, BACKGROUND)
        np.testing.assert_array_equal(after, before)
        assert box == (0, 0, 0, 0)

    @pytest.mark.parametrize(("points", "radius", "value"), [([], 1, 0), ([(0, 0)], 0, 0), ([(0, 0)], 1, 127)])
    def test_refused(self, points, radius, value):
        with pytest.raises(ValueError):
            painted(trimap("#?"), points, radius, value)


def test_all_unknown():
    assert is_all_unknown(trimap("??"))
    assert not is_all_unknown(trimap("?#"))
