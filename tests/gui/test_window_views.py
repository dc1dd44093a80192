"""Options, legend, cross-section and points in space in the window."""

import numpy as np
import pytest
from PIL import Image

from app.rendering.options import AlphaOptions, DepthOptions
from gbrs_core.prediction import OutputKind


@pytest.fixture
def depth(shell, photo):
    """The depth task with an automatic prediction."""
    shell.start(photo, "depth")
    return predicted(shell)


@pytest.fixture
def matte(shell, photo):
    """The matting task with an automatic prediction of an unknown trimap."""
    shell.start(photo, "matting")
    return shell


def predicted(shell):
    shell.controller.window.actions_table["predict"].trigger()
    shell.wait(lambda: shell.controller.source.estimate is not None, "a prediction")
    return shell


def test_each_task_has_its_options_and_objects_have_none(shell, photo):
    shell.start(photo)
    options = shell.window.view_options
    assert not options.isVisible()
    for task, kind in (("semantic", OutputKind.LABEL_MAP), ("matting", OutputKind.ALPHA_MATTE)):
        shell.controller.tasks.set_task(task)
        shell.wait(options.isVisible)
        assert options.currentWidget() is options.bars[kind]
    shell.controller.tasks.set_task("interactive")
    shell.wait(lambda: not options.isVisible())


def test_legend_and_options_agree(depth):
    window = depth.window
    depth.wait(window.legend.isVisible)
    bar = window.view_options.bars[OutputKind.DEPTH_MAP]
    automatic = window.legend.scale
    window.legend.range_requested.emit(1.5, 3.0)
    assert (bar.options.near, bar.options.far) == (1.5, 3.0)
    assert (window.legend.scale.near, window.legend.scale.far) == (1.5, 3.0)
    window.legend.range_reset.emit()
    assert bar.options == DepthOptions() and window.legend.scale == automatic


def test_a_mode_button_shows_its_view(depth):
    bar = depth.window.view_options.bars[OutputKind.DEPTH_MAP]
    depth.controller.view.set_mode("difference")
    depth.wait(lambda: not depth.window.legend.isVisible())
    depth.controller.view.set_mode("colours")
    depth.wait(depth.window.legend.isVisible)
    bar.view_mode_requested.emit("contours")
    assert depth.controller.view.mode == "contours"


def test_a_line_is_plotted_and_saved(depth, tmp_path):
    window, views = depth.window, depth.controller.dense_views
    window.section_panel.parentWidget().show()
    depth.wait(window.section_panel.isVisible)
    views.line.line_changed.emit(((10.0, 45.0), (110.0, 45.0)))
    profile = window.section_panel.plot.profile
    assert len(profile.distances) == 101 and np.isfinite(profile.after).all() and profile.unit == "m"
    views.save_section(tmp_path / "section.csv")
    assert len((tmp_path / "section.csv").read_text().splitlines()) == 102
    window.section_panel.cleared.emit()
    assert window.section_panel.plot.profile is None


def test_points_are_drawn_while_they_are_seen(depth):
    panel = depth.window.points_panel
    panel.parentWidget().show()
    depth.wait(panel.isVisible)
    empty = panel.view.grab().toImage()
    depth.wait(lambda: panel.view.grab().toImage() != empty or panel.view.grab().toImage().pixelColor(5, 5).isValid())
    panel.field_of_view.setValue(90)
    assert panel.view.field_of_view == 90


def test_a_background_is_read_and_shown(matte, tmp_path):
    path = tmp_path / "beach.png"
    Image.fromarray(np.full((20, 30, 3), 99, np.uint8)).save(path)
    bar = matte.window.view_options.bars[OutputKind.ALPHA_MATTE]
    matte.controller.dense_views.read_background(path)
    matte.wait(lambda: bar.options != AlphaOptions(), "the background")
    assert bar.options.photo.pyramid.size == (20, 30)
    assert matte.controller.view.mode == "photo"


def test_a_background_that_is_none_is_told(matte, tmp_path):
    path = tmp_path / "beach.png"
    path.write_bytes(b"no picture")
    matte.controller.dense_views.read_background(path)
    matte.wait(matte.window.messages.isVisible, "the message")
    assert matte.window.view_options.bars[OutputKind.ALPHA_MATTE].options == AlphaOptions()
