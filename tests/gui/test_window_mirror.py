"""Averaging with the mirror image, chosen in the refinement panel."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStyle, QStyleOptionButton

import models.tiny
from gbrs_core.config import RefinementConfig


def press(shell):
    """On the box itself: a check box is not pressed beside its words."""
    panel = shell.window.refine_panel
    panel.ensureWidgetVisible(panel.mirror)
    option = QStyleOptionButton()
    panel.mirror.initStyleOption(option)
    box = panel.mirror.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, panel.mirror)
    shell.qtbot.mouseClick(panel.mirror, Qt.MouseButton.LeftButton, pos=box.center())
    shell.wait_idle()


def test_pressing_it_refines_with_it_and_is_remembered(shell):
    shell.click(60, 45)
    shell.wait_idle()
    before = shell.mask().copy()
    press(shell)
    assert shell.document.config.mirror is True
    assert shell.controller.settings.current.refinement.mirror is True
    press(shell)
    assert shell.document.config == RefinementConfig()
    assert (shell.mask() == before).all()


@pytest.fixture
def gaining(idle_shell, photo, monkeypatch):
    """A window with a network on which the mirror image was measured to help."""
    described = models.tiny._spec()
    monkeypatch.setattr(models.tiny, "_spec", lambda: replace(described, gains_from_mirror=True))
    idle_shell.start(photo)
    idle_shell.qtbot.waitUntil(idle_shell.window.refine_panel.mirror.isChecked)
    return idle_shell


def test_what_measured_better_is_the_default(gaining):
    panel = gaining.window.refine_panel
    assert not panel.reset.isEnabled()
    gaining.annotation.set_config(replace(gaining.document.config, preset="paper"))
    gaining.qtbot.waitUntil(lambda: not panel.mirror.isChecked())
    gaining.annotation.set_config(RefinementConfig())
    gaining.qtbot.waitUntil(panel.mirror.isChecked)


def test_leaving_the_default_is_kept(gaining):
    panel = gaining.window.refine_panel
    press(gaining)
    assert gaining.document.config.mirror is False
    gaining.qtbot.waitUntil(panel.reset.isEnabled)
    assert not panel.mirror.isChecked()
    panel.ensureWidgetVisible(panel.reset)
    gaining.qtbot.mouseClick(panel.reset, Qt.MouseButton.LeftButton)
    assert gaining.document.config.mirror is None
    gaining.qtbot.waitUntil(panel.mirror.isChecked)


def test_it_is_of_objects_and_of_the_layers(shell):
    panel = shell.window.refine_panel
    assert panel.mirror.isVisible()
    shell.annotation.set_config(replace(shell.document.config, method="grabcut"))
    shell.qtbot.waitUntil(lambda: not panel.mirror.isEnabled())
    shell.trigger("task_depth")
    shell.qtbot.waitUntil(lambda: not panel.mirror.isVisible())
