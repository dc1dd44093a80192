"""The simulated annotator and the click metrics against hand-made masks and figures of the f-BRS evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gbrs_core.errors import ShapeError
from gbrs_core.evaluation.auto_click import attention_radius, inner_distance, next_click
from gbrs_core.evaluation.metrics import intersection_over_union, number_of_clicks

FIGURES = Path(__file__).parents[1] / "data" / "simulated_clicks.npz"


def square(top: int, left: int, side: int, size: tuple[int, int] = (30, 40)) -> np.ndarray:
    mask = np.zeros(size, dtype=np.int8)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_first_click_is_the_centre_of_the_object() -> None:
    click = next_click(np.zeros((30, 40), dtype=bool), square(5, 10, 9))
    assert click is not None
    assert (click.x, click.y, click.target) == (14.0, 9.0, 1.0)
    assert click.radius == pytest.approx(np.hypot(4, 4))


def test_background_click_when_the_spill_is_deeper() -> None:
    target = square(5, 10, 5)
    prediction = square(5, 10, 5).astype(bool)
    prediction[15:26, 20:31] = True
    click = next_click(prediction, target)
    assert click is not None
    assert (click.x, click.y, click.target) == (25.0, 20.0, -1.0)


def test_tie_between_the_signs_gives_a_background_click() -> None:
    target = square(3, 3, 5)
    prediction = square(20, 20, 5).astype(bool)
    click = next_click(prediction, target)
    assert click is not None and click.target == -1.0


def test_ignored_pixels_are_no_error() -> None:
    target = np.full((10, 10), -1, dtype=np.int8)
    assert next_click(np.ones((10, 10), dtype=bool), target) is None


def test_no_click_without_error() -> None:
    target = square(5, 5, 7)
    assert next_click(target.astype(bool), target) is None


def test_the_image_border_bounds_the_error() -> None:
    depth = inner_distance(np.ones((5, 7), dtype=bool))
    assert depth[2, 3] == 3.0
    assert depth[0, 0] == 1.0


def test_radius_counts_only_the_clicked_component() -> None:
    error = square(2, 2, 3).astype(bool) | square(20, 30, 3).astype(bool)
    assert attention_radius(error, 3, 3) == pytest.approx(np.hypot(1, 1))


def test_clicks_agree_with_the_published_evaluation() -> None:
    with np.load(FIGURES, allow_pickle=False) as figures:
        for target, prediction, expected in zip(
            figures["target"], figures["prediction"], figures["clicks"], strict=True
        ):
            placed = []
            for kind, row, col in expected:
                click = next_click(prediction, target, placed)
                if click is None:  # the published code then clicks background at the corner
                    assert (kind, row, col) == (0, 0, 0)
                    continue
                assert (int(click.is_positive), click.y, click.x) == (kind, row, col)
                placed.append(click)


def test_iou_agrees_with_the_published_evaluation() -> None:
    with np.load(FIGURES, allow_pickle=False) as figures:
        for target, prediction, expected in zip(figures["target"], figures["prediction"], figures["iou"], strict=True):
            assert intersection_over_union(prediction, target) == pytest.approx(expected, abs=1e-6)


def test_iou_leaves_ignored_pixels_out() -> None:
    target = np.array([[1, 1, -1, 0]], dtype=np.int8)
    prediction = np.array([[True, False, True, True]])
    assert intersection_over_union(prediction, target) == pytest.approx(1 / 3)


def test_iou_refuses_sizes_that_differ() -> None:
    with pytest.raises(ShapeError, match="prediction"):
        intersection_over_union(np.zeros((2, 3), dtype=bool), np.zeros((3, 2), dtype=np.int8))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([0.5, 0.86, 0.84], 2), ([0.85], 1), ([0.2] * 20, 20), ([0.2] * 19 + [0.9], 20), ([0.2] * 25 + [0.9], 20)],
)
def test_number_of_clicks(scores: list[float], expected: int) -> None:
    assert number_of_clicks(np.array(scores, dtype=np.float32), 0.85) == expected
