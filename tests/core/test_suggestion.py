"""Where a network is least sure, on maps small enough to see it."""

import numpy as np
import pytest

from gbrs_core.interaction import Click
from gbrs_core.suggestion import mask_uncertainty, most_uncertain


class TestMaskUncertainty:
    def test_by_hand(self):
        logits = np.log(np.array([[1.0, 3.0, 1 / 3]], np.float32))  # p = 1/2, 3/4, 1/4
        quarter = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
        np.testing.assert_allclose(mask_uncertainty(logits), [[1.0, quarter, quarter]], rtol=1e-5)

    def test_the_threshold_is_where_it_is_greatest(self):
        assert mask_uncertainty(np.array([[2.0, 0.0]]), threshold=2.0).argmax() == 0

    def test_huge_logits_are_sure(self):
        np.testing.assert_allclose(mask_uncertainty(np.array([[1e6, -1e6]], np.float32)), 0.0, atol=1e-6)


class TestMostUncertain:
    def test_the_wide_part_wins_over_the_thin_edge(self):
        uncertainty = np.full((20, 30), 0.02, np.float32)
        uncertainty[:, 25] = 1.0
        uncertainty[5:12, 4:11] = 0.7
        found = most_uncertain(uncertainty)
        assert (found.x, found.y) == (7, 8)
        assert found.radius == pytest.approx(4.0)
        assert found.uncertainty == pytest.approx(0.7)

    def test_a_click_in_its_middle_moves_it(self):
        uncertainty = np.zeros((20, 30), np.float32)
        uncertainty[5:12, 4:11] = 0.7
        found = most_uncertain(uncertainty, [Click(7, 8, 5, 1)])
        assert (found.x, found.y) != (7, 8)
        assert uncertainty[found.y, found.x] == pytest.approx(0.7)

    def test_a_click_on_the_outermost_half_pixel_counts(self):
        uncertainty = np.zeros((4, 4), np.float32)
        uncertainty[3, 3] = 1.0
        assert most_uncertain(uncertainty, [Click(3.5, 3.5, 1, 1)]) is None

    @pytest.mark.parametrize("level", [0.0, 0.03])
    def test_a_sure_network_has_no_place(self, level):
        uncertainty = np.zeros((6, 6), np.float32)
        uncertainty[2:4, 2:4] = level
        assert most_uncertain(uncertainty) is None
