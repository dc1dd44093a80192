"""Depth scores, crops and alignment by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gbrs_core.evaluation.depth_metrics import (
    NEAREST,
    DepthScores,
    aligned_by_scale,
    aligned_to_disparity,
    clamped,
    countable,
    depth_scores,
    eigen_crop_kitti,
    eigen_crop_nyu,
    garg_crop,
    mean_scores,
)

EVERYWHERE = np.ones((1, 2), dtype=bool)


def test_scores_of_two_pixels() -> None:
    """Predictions 1 and 4 for truths 2 and 4: one error of 1 m, a factor of 2; one pixel right."""
    scores = depth_scores(np.array([[1.0, 4.0]]), np.array([[2.0, 4.0]]), EVERYWHERE)
    assert (scores.d1, scores.d2, scores.d3) == (0.5, 0.5, 0.5)
    assert scores.abs_rel == pytest.approx(0.25)
    assert scores.sq_rel == pytest.approx(0.25)
    assert scores.rmse == pytest.approx(math.sqrt(0.5))
    assert scores.rmse_log == pytest.approx(math.log(2) / math.sqrt(2))
    assert scores.log10 == pytest.approx(math.log10(2) / 2)
    assert scores.silog == pytest.approx(100 * math.log(2) / 2)


def test_thresholds_are_strict_and_symmetric() -> None:
    truth = np.array([[1.0, 1.25]])
    assert depth_scores(np.array([[1.25, 1.0]]), truth, EVERYWHERE).d1 == 0.0
    assert depth_scores(np.array([[1.24, 1.01]]), truth, EVERYWHERE).d1 == 1.0
    nearly = depth_scores(np.array([[1.5, 2.3]]), truth, EVERYWHERE)
    assert (nearly.d1, nearly.d2, nearly.d3) == (0.0, 0.5, 1.0)


def test_a_common_factor_costs_no_silog() -> None:
    truth = np.array([[2.0, 5.0]])
    assert depth_scores(3 * truth, truth, EVERYWHERE).silog == pytest.approx(0, abs=1e-6)


def test_only_pixels_that_count() -> None:
    counts = np.array([[True, False]])
    scores = depth_scores(np.array([[2.0, 9.0]]), np.array([[2.0, 0.0]]), counts)
    assert (scores.d1, scores.rmse) == (1.0, 0.0)


def test_refusals() -> None:
    truth = np.ones((1, 2))
    with pytest.raises(ValueError, match="no pixel counts"):
        depth_scores(truth, truth, ~EVERYWHERE)
    with pytest.raises(ValueError, match="shapes differ"):
        depth_scores(np.ones((2, 2)), truth, EVERYWHERE)
    with pytest.raises(ValueError, match="no scores"):
        mean_scores([])


def test_the_mean_is_over_pictures() -> None:
    first = DepthScores(1, 1, 1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    second = DepthScores(0, 0.5, 1, 0.4, 0.2, 2.0, 0.6, 0.1, 30.0)
    assert mean_scores([first, second]) == DepthScores(0.5, 0.75, 1, 0.2, 0.1, 1.0, 0.3, 0.05, 15.0)


def test_clamping() -> None:
    wild = np.array([[np.nan, np.inf, -1.0, 0.5, 11.0]])
    np.testing.assert_array_equal(clamped(wild, 10.0), np.float32([[NEAREST, 10, NEAREST, 0.5, 10]]))


def test_what_counts() -> None:
    truth = np.array([[0.0, 0.001, 1.0, 10.0, 9.999, np.inf, np.nan]])
    np.testing.assert_array_equal(countable(truth, 10.0), [[False, False, True, False, True, False, False]])
    crop = np.zeros(truth.shape, dtype=bool)
    assert not countable(truth, 10.0, crop).any()


def bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, cols = np.nonzero(mask)
    assert mask[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1].all()
    return int(rows.min()), int(rows.max()), int(cols.min()), int(cols.max())


def test_crops() -> None:
    assert bounds(eigen_crop_nyu(480, 640)) == (45, 470, 41, 600)
    assert bounds(eigen_crop_kitti(375, 1242)) == (124, 341, 44, 1196)
    assert bounds(garg_crop(375, 1242)) == (153, 370, 44, 1196)
    with pytest.raises(ValueError, match="480 x 640"):
        eigen_crop_nyu(240, 320)


def test_alignment_by_scale_takes_the_median() -> None:
    truth = np.array([[2.0, 4.0, 60.0]])
    prediction = np.array([[1.0, 2.0, 3.0]])
    counts = np.ones((1, 3), dtype=bool)
    np.testing.assert_allclose(aligned_by_scale(prediction, truth, counts), [[2, 4, 6]])


def test_alignment_to_disparity_finds_scale_and_shift() -> None:
    depth = np.array([[1.0, 2.0, 4.0, 9.0]])
    disparity = 8 / depth + 3
    counts = np.array([[True, True, True, False]])
    np.testing.assert_allclose(aligned_to_disparity(depth, disparity, counts), disparity, rtol=1e-5)
