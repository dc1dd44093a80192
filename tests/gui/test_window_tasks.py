"""From task to task in the real window: real events, real threads, miniature networks."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from gbrs_core.export import exporters_for
from gbrs_core.prediction import OutputKind
from tests.helpers import dense_networks
from tests.helpers.dense_windows import layer, opened, wait_for_prediction


@pytest.fixture
def semantic(idle_shell, photo):
    return opened(idle_shell, photo, "semantic")


@pytest.fixture
def depth(idle_shell, photo):
    return opened(idle_shell, photo, "depth")


class TestTasks:
    def test_each_task_keeps_what_was_made(self, semantic):
        semantic.click(60, 45)
        semantic.wait_idle()
        made = layer(semantic).clicks
        semantic.trigger("task_interactive")
        semantic.wait(lambda: semantic.controller.network.network is not None)
        semantic.click(60, 45)
        semantic.wait_idle()
        assert semantic.mask()[45, 60]
        semantic.trigger("task_semantic")
        assert layer(semantic).clicks == made
        assert semantic.document.objects[0].clicks

    def test_undo_goes_back_to_the_task_of_the_step(self, semantic):
        semantic.click(60, 45)
        semantic.trigger("task_depth")
        wait_for_prediction(semantic)
        semantic.annotation.undo_stack.undo()
        assert semantic.document.task == "semantic"
        assert layer(semantic).clicks == ()
        assert semantic.window.classes_panel.isVisible()

    def test_tools_without_a_use_are_not_offered(self, depth):
        table = depth.window.actions_table
        assert table["push_tool"].isEnabled()
        assert not table["stroke_tool"].isEnabled()
        assert not table["trimap_tool"].isVisible()
        depth.key(Qt.Key.Key_P)
        depth.trigger("task_semantic")
        assert depth.controller.view.tool == "click"

    def test_a_task_without_a_network_says_so(self, idle_shell, photo, monkeypatch):
        import models

        monkeypatch.setattr(models, "default_network", lambda task: f"light_{task}" if task != "depth" else None)
        idle_shell.start(photo)
        idle_shell.trigger("task_depth")
        assert "no network for Depth" in idle_shell.window.messages.title
        assert idle_shell.controller.network.network is None

    def test_a_network_of_another_task_switches_to_it(self, shell):
        shell.controller.network.load("light_depth")
        shell.wait(lambda: shell.document.task == "depth")
        wait_for_prediction(shell)

    def test_another_image_keeps_the_task(self, semantic, tmp_path):
        other = tmp_path / "other.png"
        Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(other)
        semantic.controller.files.open(other)
        semantic.wait_for_image(other)
        assert semantic.document.task == "semantic"
        wait_for_prediction(semantic)

    def test_a_network_that_says_nan_is_told_and_nothing_is_lost(self, depth, monkeypatch):
        depth.click(60, 45)
        depth.wait_idle()
        clicks = layer(depth).clicks
        network = dense_networks.network

        def broken(task):
            toy = network(task)
            toy.module.head.weight.fill_(float("nan"))
            return toy

        monkeypatch.setattr(dense_networks, "network", broken)
        depth.controller.network.load("light_depth")
        depth.wait(lambda: depth.window.messages.title)
        assert "finite" in depth.error[1] or "nan" in depth.error[1].lower()
        assert layer(depth).clicks == clicks


def test_every_kind_of_output_can_be_exported():
    assert all(exporters_for(kind) for kind in OutputKind)
