"""Matting errors: by hand, and against reference figures of the published evaluation's definitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gbrs_core.errors import ShapeError
from gbrs_core.evaluation.matting_metrics import connectivity_error, gradient_error, mse, sad

DATA = Path(__file__).parents[1] / "data" / "matting_metrics.npz"
METRICS = {"sad": sad, "mse": mse, "grad": gradient_error, "conn": connectivity_error}


@pytest.mark.parametrize("name", METRICS)
def test_reference_figures(name: str) -> None:
    with np.load(DATA) as data:
        value = METRICS[name](data["pred"], data["gt"], data["trimap"] == 128)
        assert value == pytest.approx(float(data[f"matlab_{name}"]), rel=1e-6)


def test_differences_by_hand() -> None:
    alpha = np.array([[0.0, 0.5, 1.0, 0.25]])
    target = np.array([[1.0, 0.0, 1.0, 0.75]])
    unknown = np.array([[False, True, True, True]])
    assert sad(alpha, target, unknown) == pytest.approx((0.5 + 0 + 0.5) / 1000)
    assert mse(alpha, target, unknown) == pytest.approx((0.25 + 0 + 0.25) / 3)


def test_bytes_and_fractions_agree() -> None:
    rng = np.random.default_rng(0)
    alpha, target = rng.integers(0, 256, (2, 24, 30), dtype=np.uint8)
    unknown = rng.random((24, 30)) < 0.6
    for metric in METRICS.values():
        assert metric(alpha, target, unknown) == pytest.approx(metric(alpha / 255, target / 255, unknown), rel=1e-6)


def test_a_perfect_matte_has_no_error() -> None:
    alpha = np.random.default_rng(1).random((20, 20))
    for metric in METRICS.values():
        assert metric(alpha, alpha, np.ones((20, 20), dtype=bool)) == 0


def test_gradient_error_sees_a_step_where_there_is_none() -> None:
    target = np.zeros((21, 21))
    alpha = target.copy()
    alpha[:, 11:] = 1
    middle = np.zeros((21, 21), dtype=bool)
    middle[10, 10] = True
    # The kernel is normalised by its root sum of squares; across a step half of its absolute sum answers.
    offsets = np.arange(-4, 5)
    gaussian = np.exp(-(offsets**2) / (2 * 1.4**2))
    kernel = np.outer(gaussian, offsets * gaussian)
    answer = (gaussian.sum() * (offsets * gaussian)[offsets > 0].sum() / np.sqrt((kernel**2).sum())) ** 2
    assert gradient_error(alpha, target, middle) == pytest.approx(answer / 1000)


def test_connectivity_error_of_a_detached_island() -> None:
    target = np.zeros((9, 9))
    target[1:5, 1:5] = 1
    alpha = target.copy()
    alpha[7, 7] = 0.8
    # The island is in no common region: its level is 0, so it misses all of its 0.8.
    assert connectivity_error(alpha, target, np.ones((9, 9), dtype=bool)) == pytest.approx(0.8 / 1000)
    faint = target.copy()
    faint[7, 7] = 0.1
    assert connectivity_error(faint, target, np.ones((9, 9), dtype=bool)) == 0


def test_no_unknown_pixels_no_error() -> None:
    alpha, target = np.zeros((4, 4)), np.ones((4, 4))
    assert all(metric(alpha, target, np.zeros((4, 4), dtype=bool)) == 0 for metric in METRICS.values())


@pytest.mark.parametrize("metric", METRICS.values())
def test_sizes_must_agree(metric: object) -> None:
    assert callable(metric)
    with pytest.raises(ShapeError, match="alpha"):
        metric(np.zeros((4, 4)), np.zeros((4, 5)), np.ones((4, 5), dtype=bool))
    with pytest.raises(ShapeError, match="unknown"):
        metric(np.zeros((4, 4)), np.zeros((4, 4)), np.ones((5, 4), dtype=bool))
