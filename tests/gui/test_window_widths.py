"""The window fits a small screen in every task, and no name makes it wider."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.widgets.elided_label import ElidedLabel
from app.widgets.view_bar import ViewBar
from gbrs_core.task_catalog import TASKS

LONG_NAME = "HRNet-W48-OCR-multi-scale-Mapillary-Vistas-" * 8
SMALL_SCREEN = 1024


def opened(shell, photo, task):
    shell.start(photo, task)
    settle()
    return shell


def settle():
    for _ in range(3):
        QApplication.processEvents()


@pytest.mark.parametrize("task", TASKS)
def test_opening_does_not_widen_the_window(idle_shell, photo, task):
    before = idle_shell.window.width()
    assert before <= SMALL_SCREEN
    assert opened(idle_shell, photo, task).window.width() == before


@pytest.mark.parametrize("task", TASKS)
def test_names_do_not_widen_the_window(idle_shell, photo, task):
    shell = opened(idle_shell, photo, task)
    window, networks = shell.window, shell.controller.network
    window.resize(1, 1)
    settle()
    width = window.width()
    assert width <= SMALL_SCREEN
    network = networks.network
    names = tuple(f"{LONG_NAME} {number}" for number in range(network.spec.class_count or 0))
    networks.networks[task] = replace(network, spec=replace(network.spec, title=LONG_NAME, class_names=names))
    networks.changed.emit(networks.networks[task])
    window.status.show_pixel(0, 0, LONG_NAME)
    window.progress.show_progress(f"Loading {LONG_NAME}", 0.5, can_cancel=True)
    window.messages.show_message("error", f"Cannot read {LONG_NAME}", LONG_NAME * 3)
    settle()
    assert window.width() == width
    assert window.minimumSizeHint().width() <= width
    window.progress.hide()
    settle()
    assert window.width() == width


def test_a_narrow_window_drops_captions_and_a_wide_one_has_them(idle_shell, photo):
    shell = opened(idle_shell, photo, "depth")
    bar = shell.window.view_options.currentWidget()
    for width, is_compact in ((SMALL_SCREEN, True), (1600, False), (SMALL_SCREEN, True)):
        shell.window.resize(width, 700)
        settle()
        assert bar.is_compact is is_compact
        assert bar.width() >= bar.layout().minimumSize().width()
        style = bar.contours.toolButtonStyle()
        assert (style is Qt.ToolButtonStyle.ToolButtonIconOnly) is is_compact


def test_a_strip_is_decided_at_every_width(qtbot, idle_shell):
    stage = QWidget()
    qtbot.addWidget(stage)
    bar = ViewBar(idle_shell.window.actions_table)
    bar.setParent(stage)
    stage.show()
    seen = []
    for width in (*range(560, 1000, 11), *range(1000, 560, -11)):
        bar.resize(width, 40)
        before = bar.is_compact
        settle()
        assert bar.is_compact is before, f"undecided at {width}"
        seen.append(bar.is_compact)
    assert (seen[0], seen[len(seen) // 2], seen[-1]) == (True, False, True)
    assert bar.minimumSizeHint().width() == bar.layout().minimumSize().width()


def test_progress_takes_the_place_of_the_pixel_under_the_cursor(idle_shell):
    window = idle_shell.window
    window.status.show_pixel(3, 4, "p 0.5")
    window.progress.show_progress("Loading", None, can_cancel=False)
    assert not window.status.pixel.isVisible()
    window.progress.hide()
    assert window.status.pixel.isVisible()
    assert window.status.pixel.shown == "x 3  y 4"


def test_a_text_that_does_not_fit_loses_its_middle(qtbot):
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.setText("network-with-a-name")
    label.resize(label.sizeHint())
    assert label.shown == "network-with-a-name"
    label.resize(label.minimumSizeHint())
    assert label.shown.startswith("n") and label.shown.endswith("e") and "…" in label.shown
    least = label.minimumSizeHint()
    label.setText("network-with-a-name" * 30)
    assert label.minimumSizeHint() == least
