"""Switching networks and loading checkpoints in the real window."""

import pickle

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from tests.gui.conftest import NETWORK_B
from tests.gui.test_window_files import drop


class Payload:
    """What a hostile checkpoint holds."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def load(shell, source):
    shell.controller.network.load(str(source))
    shell.wait(lambda: not shell.controller.network.is_loading)


class TestSwitch:
    def test_finished_objects_stay_and_the_open_one_is_refined_again(self, shell):
        shell.click(30, 45)
        shell.wait_idle()
        shell.key(Qt.Key.Key_Return)
        shell.click(90, 45)
        shell.wait_idle()
        finished, opened = shell.mask(1).copy(), shell.controller.refinement.result_of(shell.active).values
        load(shell, NETWORK_B)
        shell.wait_idle()
        assert shell.controller.files.image is not None
        np.testing.assert_array_equal(shell.mask(1), finished)
        result = shell.controller.refinement.result_of(shell.active)
        assert not np.array_equal(result.values, opened)
        assert len(result.outcomes) == 1

    def test_switching_while_a_click_is_refined_loses_nothing(self, shell):
        for x in (30, 60, 90):
            shell.click(x, 45)
        shell.controller.network.load(NETWORK_B)
        shell.wait(lambda: shell.controller.network.network.sha256 == f"tiny-{NETWORK_B}")
        shell.wait_idle()
        assert len(shell.controller.refinement.result_of(shell.active).outcomes) == 3

    def test_back_to_the_default(self, shell):
        load(shell, NETWORK_B)
        shell.trigger("default_network")
        shell.wait(lambda: shell.controller.network.network.sha256 == "tiny-light_interactive")

    def test_reopened_objects_use_the_network_of_now(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        shell.key(Qt.Key.Key_Return)
        load(shell, NETWORK_B)
        shell.trigger("reopen")
        shell.wait_idle()
        assert shell.annotation.key_of(shell.active).network_sha256 == f"tiny-{NETWORK_B}"
        assert shell.controller.refinement.result_of(shell.active) is not None


class TestCheckpoints:
    @pytest.fixture
    def clicked(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        return shell

    def refused(self, shell, path):
        before = shell.mask().copy()
        drop(shell, path)
        shell.wait(lambda: "network was not loaded" in shell.error[0])
        assert path.name in shell.error[1]
        np.testing.assert_array_equal(shell.mask(), before)
        shell.click(90, 45)
        shell.wait_idle()
        assert len(shell.controller.refinement.outcomes(shell.active)) == 2

    def test_garbage_is_refused_and_work_goes_on(self, clicked, tmp_path):
        path = tmp_path / "garbage.safetensors"
        path.write_bytes(b"\x00" * 100)
        self.refused(clicked, path)

    def test_a_pickle_that_runs_code_does_not_run(self, clicked, tmp_path):
        target, path = tmp_path / "it-ran", tmp_path / "hostile.pth"
        path.write_bytes(pickle.dumps({"state_dict": Payload(target)}))
        self.refused(clicked, path)
        assert not target.exists()

    def test_another_architecture_is_refused_with_details(self, clicked, tmp_path):
        import torch
        from safetensors.torch import save_file

        path = tmp_path / "strange.safetensors"
        save_file({"encoder.weight": torch.zeros(3, 3)}, path)
        self.refused(clicked, path)

    def test_a_good_one_is_loaded_and_remembered(self, clicked, tmp_path, monkeypatch):
        import models
        from models.checkpoints import save_safetensors

        path = tmp_path / "mine.safetensors"
        save_safetensors(path, models.create("light_interactive"), {"architecture": "light_interactive"})
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
        clicked.trigger("load_network")
        clicked.wait(lambda: clicked.controller.network.network.source == str(path))
        clicked.wait_idle()
        assert clicked.controller.settings.current.recent_networks == (str(path),)
        clicked.window.recent_networks_menu.aboutToShow.emit()
        assert clicked.window.recent_networks_menu.actions()[0].text() == str(path)
        assert len(clicked.controller.refinement.outcomes(clicked.active)) == 1


def test_an_unknown_device_is_refused(shell):
    shell.controller.network.set_device("cuda:7")
    shell.wait(lambda: shell.error[0] == "The device cannot be used")
    assert shell.window.refine_panel.device.currentData() in ("auto", "cpu")
    shell.click(60, 45)
    shell.wait_idle()
    assert shell.mask()[45, 60]
