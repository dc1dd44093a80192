"""Shares of classes, colours of a map, and comparing two maps: figures by hand."""

import numpy as np
import pytest

from gbrs_core.errors import ShapeError
from gbrs_core.label_maps import coloured, compare_label_maps, shares, void_id

FIRST = np.array([[0, 0, 1, 1], [2, 2, 255, 1]])
SECOND = np.array([[0, 1, 1, 1], [2, 255, 0, 0]])


def test_void_is_no_class_that_exists():
    assert [void_id(count) for count in (1, 255, 256, 65535)] == [255, 255, 65535, 65535]


def test_shares_are_of_all_pixels():
    np.testing.assert_allclose(shares(FIRST, 4), [2 / 8, 3 / 8, 2 / 8, 0])


def test_colours():
    rgb = coloured(FIRST, [(1, 2, 3), (4, 5, 6), (7, 8, 9)])
    assert rgb[0, 0].tolist() == [1, 2, 3]
    assert rgb[1, 3].tolist() == [4, 5, 6]
    assert rgb[1, 2].tolist() == [0, 0, 0]


class TestComparison:
    def test_by_hand(self):
        # Compared are 6 pixels: 0-0, 0-1, 1-1, 1-1, 2-2, 1-0.
        found = compare_label_maps(FIRST, SECOND, 4)
        np.testing.assert_allclose(found.ious, [1 / 3, 2 / 4, 1, np.nan])
        assert found.mean_iou == pytest.approx((1 / 3 + 0.5 + 1) / 3)
        assert found.changed_share == pytest.approx(2 / 6)
        assert found.compared_share == pytest.approx(6 / 8)

    def test_same_map(self):
        found = compare_label_maps(FIRST, FIRST, 3)
        assert found.ious.tolist() == [1, 1, 1]
        assert found.changed_share == 0

    def test_order_does_not_matter(self):
        one, other = compare_label_maps(FIRST, SECOND, 3), compare_label_maps(SECOND, FIRST, 3)
        np.testing.assert_array_equal(one.ious, other.ious)

    def test_nothing_to_compare(self):
        found = compare_label_maps(np.full((2, 2), 255), np.zeros((2, 2), int), 3)
        assert np.isnan(found.mean_iou)
        assert (found.changed_share, found.compared_share) == (0, 0)

    def test_sizes_must_agree(self):
        with pytest.raises(ShapeError, match="second label map"):
            compare_label_maps(FIRST, SECOND[:1], 3)
