"""Gestures, driven by events that no window made."""

import pytest

from app.rendering.layers import ClickMarker
from app.tools.base import (
    AddClick,
    GestureRunner,
    MoveClick,
    MoveFeedback,
    PanFeedback,
    PointerEvent,
    RingFeedback,
    SelectClick,
    Surroundings,
)
from app.tools.registry import TOOLS

ZOOM = 2.0
MARKERS = (ClickMarker(1, 50.0, 40.0, 30.0, True), ClickMarker(2, 20.0, 20.0, 10.0, False))
FIELD = Surroundings(image_size=(100, 200), radius=25.0, markers=MARKERS)
ON_MARKER = Surroundings(image_size=(100, 200), radius=25.0, markers=MARKERS, marker_index=1)


def at(kind, x, y, is_secondary=False):
    """An event at an image position, seen at a zoom of 2."""
    return PointerEvent(kind, x, y, ZOOM * x, ZOOM * y, is_secondary)


def perform(tool, surroundings, *places, is_secondary=False):
    """Press at the first place, move over the others, release at the last: feedbacks and the interaction."""
    runner = GestureRunner()
    runner.start(TOOLS[tool].begin(at("press", *places[0], is_secondary), surroundings))
    feedbacks = [runner.feedback]
    for place in places[1:]:
        assert runner.send(at("move", *place, is_secondary)) is None
        feedbacks.append(runner.feedback)
    interaction = runner.send(at("release", *places[-1], is_secondary))
    assert not runner.is_running and runner.feedback is None
    return feedbacks, interaction


class TestClick:
    def test_press_and_release_is_a_click_with_the_radius_of_the_tool(self):
        feedbacks, click = perform("click", FIELD, (60, 70))
        assert click == AddClick(60, 70, 25, True)
        assert feedbacks == [RingFeedback(60, 70, 25, True, is_drag=False)]

    def test_the_other_button_means_background(self):
        feedbacks, click = perform("click", FIELD, (60, 70), is_secondary=True)
        assert click == AddClick(60, 70, 25, False)
        assert not feedbacks[0].is_positive

    def test_a_drag_draws_the_radius_and_shows_it_grow(self):
        feedbacks, click = perform("click", FIELD, (60, 70), (63, 74), (66, 78), (72, 86))
        assert click == AddClick(60, 70, 20, True)
        assert [feedback.radius for feedback in feedbacks] == [25, 5, 10, 20]
        assert [feedback.is_drag for feedback in feedbacks] == [False, True, True, True]
        assert {(feedback.x, feedback.y) for feedback in feedbacks} == {(60, 70)}

    @pytest.mark.parametrize(("dx", "radius"), [(0.0, 25), (1.9, 25), (2.0, 25), (2.1, 2.1), (8.0, 8.0)])
    def test_up_to_four_view_pixels_are_no_drag(self, dx, radius):
        _, click = perform("click", FIELD, (60, 70), (60 + dx, 70))
        assert click.radius == pytest.approx(radius)

    def test_dragging_back_takes_the_radius_of_the_tool_again(self):
        _, click = perform("click", FIELD, (60, 70), (90, 70), (61, 70))
        assert click.radius == 25

    @pytest.mark.parametrize(("end", "radius"), [((1000, 70), (100**2 + 200**2) ** 0.5), ((60.0, 71.0), 2.0)])
    def test_radius_has_limits(self, end, radius):
        press, release = PointerEvent("press", 60, 70, 0, 0), PointerEvent("release", *end, 50, 0)
        runner = GestureRunner()
        runner.start(TOOLS["click"].begin(press, FIELD))
        assert runner.send(release).radius == pytest.approx(radius)

    @pytest.mark.parametrize("place", [(-0.6, 50), (50, -0.6), (199.5, 50), (50, 99.5)])
    def test_no_click_outside_of_the_image(self, place):
        assert TOOLS["click"].begin(at("press", *place), FIELD) is None

    @pytest.mark.parametrize(
        ("place", "click"), [((-0.4, -0.5), (0, 0)), ((199.4, 99.4), (199, 99)), ((60.25, 70.75), (60.25, 70.75))]
    )
    def test_the_outer_half_of_the_outermost_pixels_counts_as_their_middle(self, place, click):
        _, made = perform("click", FIELD, place)
        assert (made.x, made.y) == click

    def test_a_drag_may_leave_the_image(self):
        _, click = perform("click", FIELD, (60, 70), (60, 150))
        assert click == AddClick(60, 70, 80, True)


class TestMarker:
    def test_a_click_selects_it(self):
        feedbacks, interaction = perform("click", ON_MARKER, (21, 20), (22, 20))
        assert interaction == SelectClick(1)
        assert feedbacks == [None, None]

    def test_a_drag_moves_it_by_what_the_pointer_moved(self):
        feedbacks, interaction = perform("click", ON_MARKER, (21, 20), (31, 24), (41, 35))
        assert interaction == MoveClick(1, 40, 35)
        assert feedbacks == [None, MoveFeedback(1, 30, 24), MoveFeedback(1, 40, 35)]

    def test_it_stays_in_the_image(self):
        _, interaction = perform("click", ON_MARKER, (20, 20), (-300, 500))
        assert interaction == MoveClick(1, 0, 99)

    def test_it_can_be_put_back_where_it_was(self):
        _, interaction = perform("click", ON_MARKER, (20, 20), (60, 60), (20, 20))
        assert interaction == MoveClick(1, 20, 20)

    def test_the_other_button_makes_a_click_there(self):
        _, interaction = perform("click", ON_MARKER, (21, 20), is_secondary=True)
        assert interaction == AddClick(21, 20, 25, False)


class TestPan:
    def test_the_image_follows_the_pointer(self):
        feedbacks, interaction = perform("pan", FIELD, (60, 70), (65, 68), (64, 80))
        assert interaction is None
        assert feedbacks == [PanFeedback(0, 0), PanFeedback(10, -4), PanFeedback(-2, 24)]

    def test_begins_outside_of_the_image_too(self):
        assert perform("pan", FIELD, (-500, -500), (-490, -500))[0][1] == PanFeedback(20, 0)


class TestEveryTool:
    @pytest.mark.parametrize("name", TOOLS)
    @pytest.mark.parametrize("surroundings", [FIELD, ON_MARKER], ids=["field", "marker"])
    def test_a_cancelled_gesture_leaves_nothing(self, name, surroundings):
        runner = GestureRunner()
        runner.start(TOOLS[name].begin(at("press", 60, 70), surroundings))
        runner.send(at("move", 90, 90))
        assert runner.cancel()
        assert not runner.is_running and runner.feedback is None
        assert runner.send(at("release", 90, 90)) is None
        assert not runner.cancel()

    @pytest.mark.parametrize("name", TOOLS)
    def test_gestures_do_not_share_anything(self, name):
        first, second = GestureRunner(), GestureRunner()
        first.start(TOOLS[name].begin(at("press", 10, 10), FIELD))
        second.start(TOOLS[name].begin(at("press", 60, 70), FIELD))
        first.send(at("move", 150, 90))
        _, alone = perform(name, FIELD, (60, 70), (61, 70))
        second.send(at("move", 61, 70))
        assert second.send(at("release", 61, 70)) == alone

    @pytest.mark.parametrize("name", TOOLS)
    def test_is_listed_under_its_name(self, name):
        assert TOOLS[name].name == name
