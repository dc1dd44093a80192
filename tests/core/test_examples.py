"""Examples to measure on, made smaller."""

from __future__ import annotations

import numpy as np

from gbrs_core.evaluation.example import DenseExample, reduced


def test_mattes_are_averaged_and_trimaps_sampled() -> None:
    target = np.array([[0.0, 1.0, 0.5, 0.5], [1.0, 0.0, 0.5, 0.5]], dtype=np.float32)
    trimap = np.array([[0, 0, 128, 128], [0, 0, 128, 128]], dtype=np.uint8)
    image = np.repeat((target * 200).astype(np.uint8)[..., None], 3, axis=2)
    small = reduced(DenseExample(image, target, trimap == 128, trimap, "matte"), 2)
    assert small.target.tolist() == [[0.5, 0.5]]
    assert small.image[..., 0].tolist() == [[100, 100]]
    assert small.guidance is not None and small.guidance.tolist() == [[0, 128]]
    assert small.valid.tolist() == [[False, True]]
    assert small.name == "matte"


def test_classes_and_depth_are_never_mixed() -> None:
    target = np.array([[1, 1, 7, 7], [1, 1, 7, 7], [3, 3, 9, 9]], dtype=np.int64)
    small = reduced(DenseExample(np.zeros((3, 4, 3), np.uint8), target, target < 9), 2)
    assert small.target.tolist() == [[1, 7], [3, 9]]
    assert small.valid.tolist() == [[True, True], [True, False]]
    assert small.guidance is None


def test_small_examples_stay() -> None:
    example = DenseExample(np.zeros((3, 4, 3), np.uint8), np.zeros((3, 4)), np.ones((3, 4), bool))
    assert reduced(example, 4) is example
