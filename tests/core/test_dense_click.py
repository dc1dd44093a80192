"""Equation 14 over classes and the rule for regression, on maps small enough to count."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gbrs_core.evaluation.dense_click import next_class_click, next_value_click
from gbrs_core.evaluation.label_metrics import class_iou, confusion_matrix, mean_iou
from gbrs_core.interaction import Click

ALL = np.ones((9, 12), dtype=bool)


def test_the_deepest_error_of_any_class_is_clicked():
    target = np.zeros((9, 12), dtype=int)
    target[1:4, 1:4] = 1  # 3 x 3, two pixels deep in the middle
    target[4:9, 6:11] = 2  # 5 x 5 at the border of the image, three deep in the middle
    click = next_class_click(np.zeros_like(target), target, ALL)
    assert (click.x, click.y, click.target) == (8, 6, 2)
    assert click.radius == pytest.approx(math.sqrt(8))


def test_what_is_ignored_is_no_error():
    target = np.zeros((9, 12), dtype=int)
    target[1:4, 1:4], target[4:9, 6:11] = 1, 2
    valid = ALL.copy()
    valid[4:9, 6:11] = False
    click = next_class_click(np.zeros_like(target), target, valid)
    assert (click.x, click.y, click.target) == (2, 2, 1)
    assert next_class_click(target, target, ALL) is None
    assert next_class_click(np.zeros_like(target), target, ~ALL) is None


def test_a_pixel_is_not_clicked_twice_and_ties_go_to_the_lower_class():
    target = np.zeros((3, 5), dtype=int)
    target[1, 1], target[1, 3] = 4, 2
    first = next_class_click(np.zeros_like(target), target, ALL[:3, :5])
    assert (first.x, first.target) == (3, 2)
    second = next_class_click(np.zeros_like(target), target, ALL[:3, :5], [first])
    assert (second.x, second.target) == (1, 4)
    assert next_class_click(np.zeros_like(target), target, ALL[:3, :5], [first, second]) is None


def test_the_larger_blob_of_either_sign_is_clicked_with_its_true_value():
    target = np.full((40, 60), 0.5)
    predicted = target.copy()
    predicted[10:15, 10:15] -= 0.4  # too low, 5 x 5
    predicted[20:27, 40:47] += 0.4  # too high, 7 x 7
    predicted[0:3, 50:53] += 0.01  # below Otsu's threshold
    click = next_value_click(predicted, target, np.ones_like(target, dtype=bool))
    assert (click.x, click.y, click.target) == (43, 23, 0.5)
    # The corner of the 7 x 7 error, widened by 7 pixels on each side.
    assert click.radius == pytest.approx(math.hypot(10, 10))
    other = next_value_click(predicted, target, np.ones_like(target, dtype=bool), [])
    assert other == click


def test_errors_of_different_sign_are_different_errors():
    target = np.full((40, 60), 2.0)
    predicted = target.copy()
    predicted[10:15, 10:15] = 1.0
    predicted[10:15, 15:20] = 3.0
    click = next_value_click(predicted, target, np.ones_like(target, dtype=bool))
    assert (click.x, click.y) == (12, 12)


def test_no_error_no_click():
    target = np.full((4, 4), 0.3)
    assert next_value_click(target, target, np.ones((4, 4), dtype=bool)) is None
    assert next_value_click(target + 1, target, np.zeros((4, 4), dtype=bool)) is None


def test_earlier_clicks_are_left_out():
    target = np.zeros((5, 5))
    predicted = target.copy()
    predicted[2, 2] = 1.0
    valid = np.ones((5, 5), dtype=bool)
    assert next_value_click(predicted, target, valid, [Click(2, 2, 1, 0.0)]) is None


def test_label_scores_by_hand():
    target = np.array([[0, 0, 1], [1, 1, 9]])
    predicted = np.array([[0, 1, 1], [1, 0, 0]])
    matrix = confusion_matrix(predicted, target, 3, target != 9)
    assert matrix.tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 0]]
    assert class_iou(matrix)[:2] == pytest.approx([1 / 3, 2 / 4])
    assert math.isnan(class_iou(matrix)[2])
    assert mean_iou(matrix) == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert math.isnan(mean_iou(np.zeros((2, 2), dtype=np.int64)))
