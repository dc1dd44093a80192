"""Strokes and pushes as values: what a brush paints, when two strokes are the same, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gbrs_core.interaction import Click, Mode, Push, Stroke, TargetSpec, mode_of


def test_one_point_paints_a_disc():
    stroke = Stroke.along([(3, 2)], 1.0, 5, height=6, width=8)
    expected = np.zeros((6, 8), dtype=bool)
    expected[2, 2:5] = expected[1, 3] = expected[3, 3] = True
    assert np.array_equal(stroke.painted(6, 8), expected)
    assert stroke.target == 5


def test_a_thin_brush_still_paints_the_pixel_under_it():
    stroke = Stroke.along([(3.4, 2.4)], 0.1, 1, height=6, width=8)
    assert np.argwhere(stroke.painted(6, 8)).tolist() == [[2, 3]]


def test_a_way_is_painted_without_gaps():
    stroke = Stroke.along([(0, 0), (9, 0), (9, 5)], 0.5, 1, height=6, width=10)
    painted = stroke.painted(6, 10)
    assert painted[0].all() and painted[:, 9].all()
    assert painted.sum() == 10 + 5


def test_paint_is_clipped_to_the_image():
    painted = Stroke.along([(-1, 1), (20, 1)], 1.0, 1, height=4, width=5).painted(4, 5)
    assert painted[:3].all() and not painted[3].any()


def test_a_stroke_beside_the_image_is_refused():
    with pytest.raises(ValueError, match="outside"):
        Stroke.along([(50, 50)], 3, 1, height=6, width=8)


@pytest.mark.parametrize(("points", "radius"), [([], 3.0), ([(1, 1)], 0.0)])
def test_a_stroke_needs_points_and_a_radius(points, radius):
    with pytest.raises(ValueError, match="radius"):
        Stroke.along(points, radius, 1, height=6, width=8)


def test_strokes_are_compared_by_content():
    one, same = (Stroke.along([(3, 2)], 1.0, 5, 6, 8) for _ in range(2))
    other_place, other_target = Stroke.along([(4, 2)], 1.0, 5, 6, 8), Stroke.along([(3, 2)], 1.0, 4, 6, 8)
    assert one == same and hash(one) == hash(same)
    assert one != other_place and one != other_target
    assert one != Click(3, 2, 1, 5)


def test_an_offset_mask_lands_where_it_belongs():
    mask = np.array([[True, False], [True, True]])
    painted = Stroke(mask, 1, left=-1, top=2).painted(4, 3)
    assert np.argwhere(painted).tolist() == [[3, 0]]


@pytest.mark.parametrize(
    "mask", [np.zeros((2, 2), dtype=bool), np.ones((2, 2), dtype=np.uint8), np.ones(4, dtype=bool)]
)
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(ValueError, match="mask"):
        Stroke(mask, 1)


def test_the_painted_mask_cannot_be_changed():
    stroke = Stroke(np.ones((2, 2), dtype=bool), 1)
    with pytest.raises(ValueError):
        stroke.mask[0, 0] = False


@pytest.mark.parametrize("wrong", [{"direction": 0}, {"step": 0.0}, {"step": math.nan}, {"x": math.inf}])
def test_a_push_is_checked(wrong):
    with pytest.raises(ValueError):
        Push(**{"x": 1.0, "y": 2.0, "direction": 1, **wrong})


def test_modes():
    assert mode_of(Click(1, 1, 1, 1)) is Mode.CLICK
    assert mode_of(Push(1, 1, -1)) is Mode.PUSH
    assert mode_of(Stroke(np.ones((1, 1), dtype=bool), 1)) is Mode.STROKE


@pytest.mark.parametrize(
    ("spec", "accepted", "refused", "words"),
    [
        (TargetSpec("binary"), (1, -1), (0, 2), "object"),
        (TargetSpec("classes", 0, 10), (0, 10), (11, -1, 0.5), "from 0 to 10"),
        (TargetSpec("range", 0.001, math.inf, "m"), (0.5, 1e6), (0, -1), "from 0.001 m up"),
    ],
)
def test_targets(spec, accepted, refused, words):
    assert all(spec.accepts(target) for target in accepted)
    assert not any(spec.accepts(target) for target in refused)
    assert words in spec.range_text
