"""The loss curve."""

import pytest
from PySide6.QtCore import QRectF

from app.widgets.loss_plot import LossPlot

AREA = QRectF(10, 20, 190, 100)


@pytest.fixture
def plot(qtbot):
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.resize(220, 84)
    return plot


def places(plot):
    return [(round(point.x(), 3), round(point.y(), 3)) for point in plot.points(AREA)]


def test_decades_are_evenly_spaced(plot):
    plot.set_curve([1.0, 0.1, 0.01], 20)
    # 20 iterations are 19 steps of 10 pixels; two decades fill the height.
    assert places(plot) == [(10, 20), (20, 70), (30, 120)]


def test_the_last_iteration_is_at_the_right_edge(plot):
    plot.set_curve([0.5] * 20, 20)
    assert places(plot)[-1] == (200, 70)


def test_a_nearly_flat_curve_looks_flat(plot):
    plot.set_curve([1.0, 0.99], 20)
    (_, first), (_, second) = places(plot)
    assert 0 < second - first < 2


def test_a_loss_of_zero_and_one_that_is_not_finite_are_drawn_around(plot):
    plot.set_curve([1.0, float("nan"), float("inf"), 0.0], 4)
    assert places(plot) == [(10, 20), (200, 120)]
    plot.grab()


def test_more_losses_than_announced_fit(plot):
    plot.set_curve([3.0, 2.0, 1.0], 2)
    assert places(plot)[-1][0] == 200


def test_says_what_it_shows(plot):
    assert plot.accessibleName() == "Loss curve: No refinement yet"
    plot.set_curve([1.5, 0.25], 20)
    assert plot.accessibleName() == "Loss curve: Loss 0.25, iteration 2 / 20"


def test_is_drawn_and_cleared(plot):
    empty = plot.grab().toImage()
    plot.set_curve([2.0, 1.0, 0.5], 20)
    assert plot.grab().toImage() != empty
    plot.set_curve((), 0)
    assert plot.grab().toImage() == empty
