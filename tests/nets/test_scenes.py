"""Generated scenes: depth by hand, normals that agree with depth, labels and boundaries, one result per seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.training.scenes import KINDS, Frame, make_frame, render
from models.training.scenes.furniture import Builder
from models.training.scenes.render import FLOOR, FURNITURE, LABELS, THING, Camera, Light, Scene
from models.training.scenes.solids import Solid
from models.training.scenes.textures import PATTERNS, SIDE, Atlas, any_texture, even, photo

HEIGHT, WIDTH, FOCAL = 49, 65, 40.0
MIDDLE = (24, 32)
EYE = 1.5
"""Height of the camera in metres."""
FLOOR_SLAB = Solid("box", (0, 0.5, 0), (50, 0.5, 50), FLOOR)
LAMP = Light((0, -3, 0), (1, 1, 1))


def frame_of(*solids: Solid, lights: tuple[Light, ...] = (LAMP,), **camera: float) -> Frame:
    scene = Scene(
        Camera(HEIGHT, WIDTH, FOCAL, (0, -EYE, 0), **camera), list(solids), [even(0.5), even(0.9)], list(lights)
    )
    return render(scene, np.random.default_rng(0))


def test_a_floor_is_as_far_as_the_rule_of_three_says() -> None:
    frame = frame_of(FLOOR_SLAB)
    rows = np.arange(MIDDLE[0] + 2, HEIGHT)
    expected = EYE * FOCAL / (rows - MIDDLE[0])
    np.testing.assert_allclose(frame.depth[rows], np.repeat(expected[:, None], WIDTH, axis=1), rtol=1e-5)
    np.testing.assert_allclose(frame.normals[rows], np.broadcast_to([0, -1, 0], (len(rows), WIDTH, 3)), atol=1e-6)


def test_above_the_horizon_is_sky() -> None:
    frame = frame_of(FLOOR_SLAB)
    above = slice(0, MIDDLE[0])
    assert np.isinf(frame.depth[above]).all()
    assert not frame.normals[above].any()
    assert not frame.labels[above].any()
    assert not frame.instances[above].any()


def test_a_ball_is_where_the_quadratic_equation_says() -> None:
    frame = frame_of(Solid("ball", (0, -EYE, 5), (1, 1, 1), THING))
    assert frame.depth[MIDDLE] == pytest.approx(4, rel=1e-6)
    np.testing.assert_allclose(frame.normals[MIDDLE], [0, 0, -1], atol=1e-6)
    # Four pixels to the right the ray is (0.1, 0, 1) t: 1.01 t^2 - 10 t + 24 = 0.
    expected = (10 - np.sqrt(100 - 4 * 1.01 * 24)) / 2.02
    assert frame.depth[MIDDLE[0], MIDDLE[1] + 4] == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(
        frame.normals[MIDDLE[0], MIDDLE[1] + 4], [0.1 * expected, 0, expected - 5], rtol=1e-4, atol=1e-6
    )


def test_a_cylinder_shows_its_mantle_and_its_cap() -> None:
    can = Solid("cylinder", (0, -EYE, 5), (1, 0.5, 1), THING)
    assert frame_of(can).depth[MIDDLE] == pytest.approx(4, rel=1e-6)
    # Looking down by 45 degrees one meets the cap 1 m lower and 1 m ahead: depth sqrt(2).
    beneath = Solid("cylinder", (0, -0.25, 1), (1, 0.25, 1), THING)
    frame = frame_of(beneath, pitch=np.pi / 4)
    assert frame.depth[MIDDLE] == pytest.approx(np.sqrt(2), rel=1e-5)
    np.testing.assert_allclose(frame.normals[MIDDLE], [0, -np.sqrt(0.5), -np.sqrt(0.5)], atol=1e-5)


def test_a_turned_box_shows_its_edge() -> None:
    frame = frame_of(Solid("box", (0, -EYE, 5), (1, 1, 1), THING, yaw=np.pi / 4))
    assert frame.depth[MIDDLE] == pytest.approx(5 - np.sqrt(2), rel=1e-5)
    left, right = frame.normals[MIDDLE[0], MIDDLE[1] - 3], frame.normals[MIDDLE[0], MIDDLE[1] + 3]
    np.testing.assert_allclose(left, [-np.sqrt(0.5), 0, -np.sqrt(0.5)], atol=1e-5)
    np.testing.assert_allclose(right, [np.sqrt(0.5), 0, -np.sqrt(0.5)], atol=1e-5)


def test_the_camera_turns_to_the_right_and_down() -> None:
    ahead = Solid("ball", (5 * np.sin(0.3), -EYE + 5 * np.tan(0.2), 5 * np.cos(0.3)), (0.1, 0.1, 0.1), THING)
    frame = frame_of(ahead, yaw=0.3, pitch=0.2)
    assert frame.depth[MIDDLE] == pytest.approx(5 / np.cos(0.2) - 0.1, rel=1e-4)


def test_the_nearer_solid_hides_the_farther() -> None:
    near = Solid("box", (0, -EYE, 3), (0.2, 0.2, 0.1), THING)
    far = Solid("box", (0, -EYE, 6), (2, 2, 0.1), FURNITURE)
    for solids in ((near, far), (far, near)):
        frame = frame_of(*solids)
        assert frame.depth[MIDDLE] == pytest.approx(2.9, rel=1e-5)
        assert frame.labels[MIDDLE] == THING
        assert frame.labels[MIDDLE[0], MIDDLE[1] + 6] == FURNITURE


def test_boundaries_lie_between_objects_and_not_between_parts_of_one() -> None:
    left = Solid("box", (-0.5, -EYE, 5), (0.5, 0.5, 0.1), FURNITURE, instance=7)
    right = Solid("box", (0.5, -EYE, 5), (0.5, 0.5, 0.1), FURNITURE, instance=7)
    joined, row = frame_of(left, right), MIDDLE[0]
    assert not joined.boundaries[row, MIDDLE[1] - 3 : MIDDLE[1] + 3].any()
    other = Solid("box", (0.5, -EYE, 5), (0.5, 0.5, 0.1), FURNITURE, instance=8)
    parted = frame_of(left, other)
    columns = np.flatnonzero(parted.boundaries[row])
    assert len(np.unique(parted.instances)) == 3
    assert len(columns) == 3
    for column in columns:
        assert parted.instances[row, column] != parted.instances[row, column + 1]


def test_a_shadow_falls_under_a_roof() -> None:
    roof = Solid("box", (0, -2.5, 4), (1, 0.05, 1), THING, texture=1)
    sun = Light((0.0, -1.0, 0.0), (1, 1, 1), is_sun=True)
    frame = frame_of(FLOOR_SLAB, roof, lights=(sun,))
    row = MIDDLE[0] + round(EYE * FOCAL / 4)
    under, beside = frame.image[row, MIDDLE[1]], frame.image[row, MIDDLE[1] + 20]
    assert frame.labels[row, MIDDLE[1]] == frame.labels[row, MIDDLE[1] + 20] == FLOOR
    assert under.mean() < 0.7 * beside.mean()


def differentiated_normals(frame: Frame) -> NDArray[np.float64]:
    """(H - 2, W - 2, 3) unit normals from the depth of the four neighbours."""
    height, width = frame.depth.shape
    rows, cols = np.mgrid[0:height, 0:width]
    rays = np.stack(
        [(cols - (width - 1) / 2) / frame.focal, (rows - (height - 1) / 2) / frame.focal, np.ones_like(rows)]
    )
    points = np.moveaxis(rays * np.where(np.isfinite(frame.depth), frame.depth, 0), 0, -1)
    across = points[1:-1, 2:] - points[1:-1, :-2]
    down = points[2:, 1:-1] - points[:-2, 1:-1]
    normals = np.cross(down, across)
    return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_frames_of_every_kind_are_consistent(kind: str) -> None:
    frame = make_frame(kind, 60, 80, np.random.default_rng(4))
    assert frame.image.shape == (60, 80, 3)
    assert [str(part.dtype) for part in (frame.image, frame.depth, frame.normals)] == ["uint8", "float32", "float32"]
    assert frame.image.std() > 10
    is_sky = np.isinf(frame.depth)
    assert (frame.depth[~is_sky] > 0).all()
    np.testing.assert_allclose(np.linalg.norm(frame.normals[~is_sky], axis=-1), 1, atol=1e-4)
    assert frame.labels.max() < len(LABELS)
    np.testing.assert_array_equal(frame.instances == 0, is_sky)
    np.testing.assert_array_equal(frame.labels == 0, is_sky)
    for number in np.unique(frame.instances):
        assert len(np.unique(frame.labels[frame.instances == number])) == 1


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_normals_agree_with_depth(kind: str) -> None:
    """Away from boundaries, creases and grazing views the normals are those one gets by differentiation."""
    frame = make_frame(kind, 120, 160, np.random.default_rng(5))
    given, found = frame.normals[1:-1, 1:-1], differentiated_normals(frame)
    flat = np.ones(given.shape[:2], dtype=bool)
    for rows, cols in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        flat &= np.roll(frame.instances, (rows, cols), axis=(0, 1))[1:-1, 1:-1] == frame.instances[1:-1, 1:-1]
        near = np.roll(frame.normals, (rows, cols), axis=(0, 1))[1:-1, 1:-1]
        flat &= (near * given).sum(axis=-1) > 0.999
    flat &= frame.instances[1:-1, 1:-1] > 0
    assert flat.mean() > 0.5
    agreement = (given * found).sum(axis=-1)[flat]
    assert np.quantile(agreement, 0.05) > 0.99


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_one_result_per_seed(kind: str) -> None:
    first, again, other = (make_frame(kind, 30, 40, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.depth, again.depth)
    assert not np.array_equal(first.depth, other.depth)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"castles.*rooms"):
        make_frame("castles", 30, 40, np.random.default_rng(0))


def test_nothing_stands_where_the_camera_is() -> None:
    build = Builder((), np.random.default_rng(0), keep_clear=(0.0, -1.5, 0.0), clearance=0.4)
    # A wall along z, 1 m to the right, is out of the way however long it is; turned across, it is not.
    assert build.add("box", (1.0, -1.5, 0.0), (0.1, 1.5, 5.0), FURNITURE) is not None
    assert build.add("box", (1.0, -1.5, 0.0), (0.1, 1.5, 5.0), FURNITURE, yaw=np.pi / 2) is None
    assert build.add("ball", (0.0, -1.5, 0.5), (0.2, 0.2, 0.2), THING) is None


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)
def test_textures_are_colours(pattern: object) -> None:
    assert callable(pattern)
    picture = pattern(np.random.default_rng(3))
    assert picture.shape == (SIDE, SIDE, 3)
    assert np.isfinite(picture).all()
    assert picture.min() > -0.5
    assert picture.max() < 2


def test_pictures_serve_as_textures() -> None:
    red = np.zeros((40, 50, 3), np.uint8)
    red[..., 0] = 255
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(photo([red], rng), np.broadcast_to([1.0, 0, 0], (SIDE, SIDE, 3)), atol=1e-6)
    assert any_texture([red], rng, photo_share=1.0)[..., 0].min() == pytest.approx(1)


def test_far_textures_are_averages() -> None:
    """Half the texture is white: seen from near it is black or white, from far away grey."""
    picture = np.zeros((SIDE, SIDE, 3), np.float32)
    picture[:, : SIDE // 2] = 1
    fine = np.tile(picture[:, :: SIDE // 4], (1, SIDE // 4, 1))
    atlas = Atlas([even(0.2), fine])
    across, down = (values.astype(np.float32) for values in np.meshgrid(np.linspace(-1, 1, 20), np.linspace(0, 3, 10)))
    which = np.ones(across.shape, np.int32)
    far = atlas.look_up(which, across, down, np.full_like(across, 1.0))
    np.testing.assert_allclose(far, 0.5, atol=1e-3)
    near = atlas.look_up(which, across, down, np.full_like(across, 1e-3))
    assert near.std() > 0.3
    np.testing.assert_allclose(atlas.look_up(0 * which, across, down, np.full_like(across, 0.1)), 0.2, atol=1e-6)
