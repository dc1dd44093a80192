"""What the window offers when a device is too small."""

import pytest

from app import threads
from app.messages import DeviceTooSmall, Failed


@pytest.fixture
def gpu_shell(idle_shell, photo, monkeypatch):
    """A window whose networks are on a graphics processor, as far as it knows."""
    idle_shell.controller.settings.update(device="cpu")
    idle_shell.start(photo)
    monkeypatch.setattr(idle_shell.controller.network, "_device", "cuda:0")
    return idle_shell


def buttons(shell):
    return {button.text(): button for button in shell.window.messages.buttons}


def too_small(device, source):
    return DeviceTooSmall(1, "The network was not loaded", "one click would take too much", "", device, source)


def test_a_network_too_large_for_the_graphics_processor(gpu_shell):
    gpu_shell.controller.network.failed.emit(too_small("cuda:0", "another"))
    assert set(buttons(gpu_shell)) == {"Use the Processor", "Load Anyway"}
    buttons(gpu_shell)["Use the Processor"].click()
    gpu_shell.wait(lambda: not gpu_shell.controller.network.is_loading)
    assert gpu_shell.controller.network.device == "cpu"
    assert gpu_shell.controller.network.network.source == "another"
    assert gpu_shell.error[0] == ""


def test_a_click_too_large_for_the_graphics_processor(gpu_shell):
    gpu_shell.controller.refinement.failed.emit(too_small("cuda:0", ""))
    assert set(buttons(gpu_shell)) == {"Use the Processor"}
    buttons(gpu_shell)["Use the Processor"].click()
    gpu_shell.wait(lambda: not gpu_shell.controller.network.is_loading)
    assert gpu_shell.controller.network.network.device == "cpu"


def test_a_network_too_large_for_the_processor(shell):
    shell.controller.network.failed.emit(too_small("cpu", "another"))
    assert set(buttons(shell)) == {"Load Anyway"}
    buttons(shell)["Load Anyway"].click()
    shell.wait(lambda: shell.controller.network.network.source == "another")


def test_other_failures_have_no_buttons_and_take_those_of_others_away(shell):
    shell.controller.network.failed.emit(too_small("cpu", "another"))
    shell.controller.network.failed.emit(Failed(2, "The network was not loaded", "it is a web page"))
    assert buttons(shell) == {}
    assert shell.error == ("The network was not loaded", "it is a web page")


def test_progress_is_told_seldom(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(threads.time, "monotonic", lambda: now[0])
    told = []
    report = threads.seldom(lambda text, share: told.append(share))
    for step in range(10):
        report("reading", step / 10)
        now[0] += 0.02
    assert told == [0.0, 0.3, 0.6, 0.9]
