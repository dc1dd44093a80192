"""Reports of evaluations, opened from the Help menu."""

from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from resources import sample_report_path


@pytest.fixture
def opened(monkeypatch):
    """What was handed to the desktop, which can open everything."""
    paths = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: not paths.append(Path(url.toLocalFile())))
    return paths


def choose(monkeypatch, path):
    """The answer of the file dialog; returns in which folder it begins."""
    begun = []

    def answer(parent, title, folder, filters):
        begun.append(folder)
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    return begun


def test_the_sample(idle_shell, opened):
    idle_shell.trigger("sample_report")
    assert opened == [sample_report_path()]
    assert idle_shell.error == ("", "")


def test_an_earlier_report(idle_shell, opened, monkeypatch, tmp_path):
    report = tmp_path / "a run with spaces & signs" / "report.html"
    report.parent.mkdir()
    report.write_text("<!doctype html>")
    begun = choose(monkeypatch, report)
    idle_shell.trigger("open_report")
    idle_shell.trigger("open_report")
    assert opened == [report, report]
    assert begun == ["", str(report.parent)]


def test_changing_ones_mind(idle_shell, opened, monkeypatch):
    choose(monkeypatch, "")
    idle_shell.trigger("open_report")
    assert opened == [] and idle_shell.error == ("", "")


def test_a_desktop_without_a_browser(idle_shell, monkeypatch):
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    idle_shell.trigger("sample_report")
    title, text = idle_shell.error
    assert title == "The report could not be opened"
    assert str(sample_report_path()) in text


def test_a_report_that_is_gone(idle_shell, opened, monkeypatch, tmp_path):
    choose(monkeypatch, tmp_path / "gone.html")
    idle_shell.trigger("open_report")
    assert opened == []
    assert idle_shell.error == ("The report could not be opened", f"There is no file {tmp_path / 'gone.html'}.")
