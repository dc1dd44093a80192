"""Points in space: where they are, how they are seen, and the view that turns them."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent

from app.rendering.points import MOST_POINTS, Orbit, PointCloud, draw_points, focal_px, point_cloud, view_matrix
from app.widgets.point_opengl import OpenGlPoints, projection
from app.widgets.point_view import PointView

LEFT = Qt.MouseButton.LeftButton


def plane(depth=2.0, size=(30, 40)):
    image = np.zeros((*size, 3), np.uint8)
    image[:, size[1] // 2 :] = (250, 20, 10)
    return np.full(size, depth, np.float32), image


class TestCloud:
    def test_positions_by_hand(self):
        depth, image = plane(2.0, (2, 4))
        cloud = point_cloud(depth, image, field_of_view=90.0)
        # Focal length: half of 4 pixels over tan 45°, 2 pixels. The first pixel's middle is 1.5 left and 0.5 up.
        assert cloud.positions[0].tolist() == pytest.approx([-1.5, -0.5, 2.0])
        assert cloud.positions[-1].tolist() == pytest.approx([1.5, 0.5, 2.0])
        assert cloud.colours[0].tolist() == [0, 0, 0] and cloud.colours[-1].tolist() == [250, 20, 10]

    def test_a_smaller_map_covers_the_same_field(self):
        image = np.zeros((40, 80, 3), np.uint8)
        cloud = point_cloud(np.full((2, 4), 2.0, np.float32), image, field_of_view=90.0)
        assert cloud.positions[0].tolist() == pytest.approx([-1.5, -0.5, 2.0])

    @pytest.mark.parametrize("hole", [np.nan, np.inf, -1.0, 0.0, 50.0])
    def test_holes_are_no_points(self, hole):
        depth, image = plane()
        depth[:10] = hole
        assert len(point_cloud(depth, image, valid_range=(0.1, 10.0)).positions) == 20 * 40

    def test_all_holes_are_an_empty_cloud(self):
        depth, image = plane(np.nan)
        cloud = point_cloud(depth, image)
        assert cloud.positions.shape == (0, 3) and cloud.size > 0
        assert (draw_points(cloud, Orbit(), (20, 30), 20.0, (9, 8, 7))[:, :, :3] == (7, 8, 9)).all()

    @pytest.mark.parametrize("size", [(1, 1), (480, 640), (3000, 10)])
    def test_there_are_never_too_many(self, size):
        depth, image = plane(3.0, size)
        cloud = point_cloud(depth, image)
        assert 0 < len(cloud.positions) <= MOST_POINTS
        assert len(cloud.positions) >= min(size[0] * size[1], MOST_POINTS) * 0.7


class TestDrawing:
    def test_at_rest_the_photograph_is_seen(self):
        depth, image = plane(2.0, (60, 80))
        cloud = point_cloud(depth, image, 60.0)
        shown = draw_points(cloud, Orbit(), (60, 80), focal_px((60, 80), (60, 80), 60.0), (9, 8, 7))[:, :, 2::-1]
        assert (shown[:, :38] == 0).all() and (shown[:, 42:] == (250, 20, 10)).all()

    def test_the_pivot_stays_in_place_while_turning(self):
        depth, image = plane(2.0)
        cloud = point_cloud(depth, image)
        rest, turned = (view_matrix(cloud, orbit) @ (*cloud.pivot, 1) for orbit in (Orbit(), Orbit(50, -20)))
        np.testing.assert_allclose(rest, turned, atol=1e-9)

    def test_a_quarter_turn_by_hand(self):
        cloud = PointCloud(
            np.zeros((1, 3), np.float32), np.zeros((1, 3), np.uint8), np.ones(1, np.float32), (0.0, 0.0, 4.0), 1.0
        )
        # 1 to the right of the pivot; turned by 90° it is 1 behind or before it, on the axis.
        seen = view_matrix(cloud, Orbit(turn=90.0)) @ (1.0, 0.0, 4.0, 1.0)
        assert seen[:3] == pytest.approx([0.0, 0.0, 3.0], abs=1e-9)

    def test_near_points_cover_far_ones(self):
        positions = np.array([[0, 0, 1.0], [0, 0, 3.0]], np.float32)
        colours = np.array([[255, 0, 0], [0, 255, 0]], np.uint8)
        extents = np.array([0.05, 3.0], np.float32)
        cloud = PointCloud(positions, colours, extents, (0.0, 0.0, 2.0), 2.0)
        shown = draw_points(cloud, Orbit(), (41, 41), 40.0, (0, 0, 0))
        assert shown[20, 20].tolist() == [0, 0, 255, 255]
        assert shown[24, 24].tolist() == [0, 255, 0, 255]

    def test_opengl_projects_to_the_same_place(self):
        depth, image = plane(2.0)
        cloud = point_cloud(depth, image)
        size, focal = (300, 400), 350.0
        eye = view_matrix(cloud, Orbit(20, 10)) @ np.array([0.3, -0.2, 2.0, 1.0])
        clip = projection(cloud, size, focal) @ eye
        assert (clip[0] / clip[3] + 1) / 2 * 400 == pytest.approx(eye[0] / eye[2] * focal + 200)
        assert (1 - clip[1] / clip[3]) / 2 * 300 == pytest.approx(eye[1] / eye[2] * focal + 150)
        assert -1 < clip[2] / clip[3] < 1

    def test_tilt_and_closeness_stay_within_reason(self):
        orbit = Orbit().turned(350.0, 500.0).zoomed(1e9)
        assert (orbit.turn, orbit.tilt) == (-10.0, 89.0) and math.isfinite(orbit.closeness)
        depth, image = plane()
        cloud = point_cloud(depth, image)
        assert draw_points(cloud, orbit, (30, 40), 40.0, (0, 0, 0)).shape == (30, 40, 4)


class TestView:
    @pytest.fixture
    def view(self, qtbot):
        view = PointView()
        qtbot.addWidget(view)
        view.resize(320, 240)
        view.set_map(*plane())
        view.show()
        return view

    def test_without_opengl_it_is_drawn_all_the_same(self, view):
        if QGuiApplication.platformName() != "offscreen":
            pytest.skip("there may be OpenGL here")
        shown = view.grab().toImage()
        assert not view.uses_opengl and OpenGlPoints.create() is None
        assert shown.pixelColor(240, 120).red() == 250

    def test_dragging_turns_and_a_double_click_goes_back(self, qtbot, view):
        before = view.grab().toImage()
        qtbot.mousePress(view, LEFT, pos=QPoint(100, 100))
        with qtbot.waitSignal(view.orbit_changed):
            qtbot.mouseMove(view, QPoint(200, 80))
        qtbot.mouseRelease(view, LEFT, pos=QPoint(200, 80))
        assert (view.orbit.turn, view.orbit.tilt) == pytest.approx((35.0, 7.0))
        assert view.grab().toImage() != before
        qtbot.mouseDClick(view, LEFT, pos=QPoint(50, 50))
        assert view.orbit == Orbit() and view.grab().toImage() == before

    def test_the_wheel_comes_nearer(self, view):
        event = QWheelEvent(
            QPointF(50, 50), QPointF(50, 50), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QGuiApplication.sendEvent(view, event)
        assert view.orbit.closeness == pytest.approx(1.15**2)

    @pytest.mark.parametrize(
        ("key", "orbit"),
        [
            (Qt.Key.Key_Left, Orbit(turn=-5.0)),
            (Qt.Key.Key_Up, Orbit(tilt=5.0)),
            (Qt.Key.Key_Plus, Orbit(closeness=1.15)),
            (Qt.Key.Key_Home, Orbit()),
        ],
    )
    def test_keys(self, qtbot, view, key, orbit):
        qtbot.keyClick(view, key)
        assert view.orbit == orbit

    def test_a_new_map_is_drawn(self, qtbot, view):
        before = view.grab().toImage()
        depth, image = plane()
        view.set_map(depth, 255 - image)
        assert view.grab().toImage() != before

    def test_the_field_of_view_is_limited(self, view):
        view.set_field_of_view(500.0)
        assert view.field_of_view == 170.0
        assert not view.grab().isNull()

    @pytest.mark.parametrize("depth", [None, np.full((30, 40), np.nan, np.float32), np.zeros((30, 40), np.float32)])
    def test_nothing_to_show_is_said(self, view, depth):
        view.set_map(depth, plane()[1])
        assert not view.grab().isNull()
