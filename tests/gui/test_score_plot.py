"""The curve of a score: what is drawn where, what is read off, its table and its area."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint

from app.state.score import ScoreCurve, ScorePoint, TruthState, curve_csv
from app.widgets.score_plot import ScorePlot
from gbrs_core.interaction import Click, Push, Stroke

TRUTH = TruthState(1, Path("truth.png"), "depth", ("d1", "RMSE"), (True, False))


@pytest.fixture
def plot(qtbot):
    widget = ScorePlot()
    qtbot.addWidget(widget)
    widget.resize(400, 160)
    widget.show()
    return widget


def test_points_are_where_their_clicks_and_values_are(plot):
    plot.set_curve("IoU", (0.0, 0.5, None, 1.0, 0.75, 0.75))
    points, area = plot.points(), plot.area()
    assert points[2] is None
    assert points[0].x() == pytest.approx(area.left())
    assert points[5].x() == pytest.approx(area.right())
    assert points[1].x() - points[0].x() == pytest.approx(area.width() / 5)
    assert points[0].y() > points[1].y() > points[4].y() > points[3].y()
    assert points[4].y() == pytest.approx(points[5].y())
    assert area.top() <= points[3].y() < points[0].y() <= area.bottom()


def test_the_first_clicks_do_not_fill_the_plot(plot):
    plot.set_curve("IoU", (0.0, 0.5))
    assert plot.points()[1].x() < plot.area().left() + plot.area().width() / 4


def test_the_newest_known_value_is_read_off_without_a_mouse(plot):
    plot.set_curve("IoU", (0.0, 0.5, None))
    assert plot.readout() == "1 click   0.5"
    assert plot.accessibleName() == "IoU over clicks: 1 click   0.5"


def test_under_the_mouse_the_nearest_known_value_is_read_off(qtbot, plot):
    plot.set_curve("IoU", (0.0, 0.25, None, 0.75, 0.5, 0.5))
    area = plot.area()
    qtbot.mouseMove(plot, QPoint(int(area.left() + 1), 60))
    assert plot.readout() == "before clicks   0"
    qtbot.mouseMove(plot, QPoint(int(area.left() + area.width() * 0.6), 60))
    assert plot.readout() == "3 clicks   0.75"


def test_a_flat_curve_and_none_are_drawn(plot):
    for values in ((0.0, 0.0), (0.5,), (None, None), ()):
        plot.set_curve("IoU", values)
        assert not plot.grab().isNull()
    plot.set_empty_text("Nothing yet")
    assert "Nothing yet" in plot.accessibleName()


def test_the_area_is_by_trapezoids():
    scores = ((0.2, 4.0), (0.6, 3.0), (0.8, 2.0))
    points = tuple(ScorePoint(None, pair) for pair in scores)
    assert ScoreCurve(TRUTH, points).area(0) == pytest.approx((0.4 + 0.7) / 2)
    assert ScoreCurve(TRUTH, points).area(1) == pytest.approx(3.0)
    assert ScoreCurve(TRUTH, points[:1]).area(0) is None
    assert ScoreCurve(TRUTH, (*points, ScorePoint(None, None))).area(0) is None


def test_the_newest_known_scores():
    known, unknown = ScorePoint(None, (0.5, 1.0)), ScorePoint(None, None)
    assert ScoreCurve(TRUTH, (known, known, unknown)).newest == 1
    assert ScoreCurve(TRUTH, (unknown,)).newest is None


def test_the_table_names_what_was_done():
    stroke = Stroke.along([(1.0, 1.0)], 1.0, 3.0, 5, 5)
    done = (None, Click(3.5, 4.25, 10.0, 2.0), Push(1.0, 2.0, -1, 0.5), stroke)
    points = tuple(ScorePoint(interaction, (0.5, 1.25)) for interaction in done[:3])
    table = curve_csv(ScoreCurve(TRUTH, (*points, ScorePoint(stroke, None))))
    assert table.splitlines() == [
        "click,kind,x,y,radius,target,d1,RMSE",
        "0,,,,,,0.5,1.25",
        "1,click,3.5,4.25,10,2,0.5,1.25",
        "2,push,1,2,,-0.5,0.5,1.25",
        "3,stroke,,,,3,,",
    ]
