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
        uncertainty = np.full((80, 100), 0.01, np.float32)
        uncertainty[:, 80] = 1.0
        uncertainty[30:47, 20:37] = 0.7
        found = most_uncertain(uncertainty)
        assert 26 <= found.x <= 30 and 36 <= found.y <= 40
        assert found.radius == pytest.approx(4.0)  # twice 2 % of 100
        assert found.uncertainty == pytest.approx(0.7, abs=0.01)

    def test_what_is_near_a_click_has_been_asked(self):
        uncertainty = np.zeros((80, 100), np.float32)
        uncertainty[30:47, 20:37] = 0.7
        uncertainty[60:69, 70:79] = 0.4
        first = most_uncertain(uncertainty)
        second = most_uncertain(uncertainty, [Click(first.x, first.y, 60.0, 1.0)])
        assert (second.x, second.y) == (74, 64)

    def test_a_thin_edge_alone_is_nothing_to_ask_about(self):
        uncertainty = np.zeros((300, 400), np.float32)
        uncertainty[:, 200] = 0.9
        assert most_uncertain(uncertainty) is None

    @pytest.mark.parametrize("level", [0.0, 0.03])
    def test_a_sure_network_has_no_place(self, level):
        assert most_uncertain(np.full((60, 60), level, np.float32)) is None

    def test_the_map_is_left_as_it_is(self):
        uncertainty = np.full((20, 20), 0.5, np.float32)
        uncertainty.flags.writeable = False
        assert most_uncertain(uncertainty, [Click(3, 3, 40, 1)]) is not None
