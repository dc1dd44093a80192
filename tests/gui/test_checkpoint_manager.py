"""The checkpoint manager in the real window: a folder is searched, and what is found can be loaded and converted."""

import hashlib
import threading
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit

import models
from app.widgets.checkpoint_table import SIZE_COLUMN
from gbrs_core.errors import CancelledError
from models.checkpoints import save_safetensors
from models.published import PUBLISHED
from models.scan import FoundCheckpoint

NAME = "light_interactive"
PUBLISHED_NAMES = [entry.file_name for entry in PUBLISHED]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A published checkpoint, one of our own networks as two kinds of file, and a download that failed."""
    made = tmp_path_factory.mktemp("checkpoints")
    wrapped = {f"module.{key}": value for key, value in models.create("indexnet").state_dict().items()}
    torch.save({"state_dict": wrapped, "epoch": 30}, made / "indexnet_matting.pth.tar")
    (made / "own").mkdir()
    torch.save(models.create(NAME).state_dict(), made / "own" / "mine.pth")
    save_safetensors(made / "own" / "other.safetensors", models.create(NAME), {"architecture": NAME})
    (made / "page.pth").write_text("<html>not found</html>")
    return made


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Manager:
    """The dialog as a user meets it."""

    def __init__(self, shell):
        self.shell = shell
        shell.trigger("checkpoints")
        self.dialog = shell.controller.checkpoints.dialog
        shell.wait(lambda: len(self.rows) >= len(PUBLISHED))

    @property
    def rows(self):
        """The lines that are shown, from top to bottom."""
        return [self.dialog.lines.row_at(number) for number in range(self.dialog.lines.rowCount())]

    def row(self, file_name):
        return next(row for row in self.rows if row.file_name == file_name)

    def cell(self, file_name, title):
        """What a cell shows."""
        lines, number = self.dialog.lines, [row.file_name for row in self.rows].index(file_name)
        titles = [lines.headerData(column, Qt.Orientation.Horizontal) for column in range(lines.columnCount())]
        return lines.index(number, titles.index(title)).data()

    def select(self, file_name):
        number = [row.file_name for row in self.rows].index(file_name)
        table = self.dialog.table
        table.scrollTo(self.dialog.lines.index(number, 0))
        place = table.visualRect(self.dialog.lines.index(number, 0)).center()
        self.shell.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert self.dialog.current_row.file_name == file_name

    def press(self, button):
        assert button.isEnabled(), f"{button.text()} is not enabled"
        self.shell.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def wait_idle(self):
        self.shell.wait(lambda: not self.shell.controller.checkpoints.is_busy)
        self.shell.wait(lambda: not self.shell.controller.network.is_loading)

    def wait_for_file(self, file_name):
        self.shell.wait(lambda: any(row.file_name == file_name and row.found is not None for row in self.rows))

    def choose(self, folder, monkeypatch):
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
        self.press(self.dialog.choose)


@pytest.fixture
def manager(shell):
    return Manager(shell)


@pytest.fixture
def filled(manager, folder, monkeypatch):
    """The dialog with the files of the folder in it, without waiting for a process that reads them."""
    paths = {name: folder / name for name in ("indexnet_matting.pth.tar", "own/mine.pth", "own/other.safetensors")}
    published = next(entry for entry in PUBLISHED if entry.architecture == "indexnet")
    architectures = ("indexnet", NAME, NAME)
    found = [
        FoundCheckpoint(path, path.stat().st_size, sha256(path), published if known == "indexnet" else None, known, "")
        for path, known in zip(paths.values(), architectures, strict=True)
    ]
    found.append(FoundCheckpoint(folder / "page.pth", 22, "", None, "", "it is a web page"))
    monkeypatch.setattr("models.scan.scan_folder", lambda *_: iter(found))
    manager.choose(folder, monkeypatch)
    manager.wait_idle()
    manager.wait_for_file("page.pth")
    return manager


class TestSearch:
    def test_without_a_folder_the_published_ones_are_listed(self, manager):
        assert [row.file_name for row in manager.rows] == PUBLISHED_NAMES
        assert {row.presence for row in manager.rows} == {"not found"}
        assert not manager.dialog.scan.isEnabled()
        manager.select("indexnet_matting.pth.tar")
        assert not manager.dialog.details.load.isEnabled()
        assert "https://github.com/poppinace/indexnet_matting" in manager.dialog.details.facts.text()
        assert "choose that folder" in manager.dialog.details.facts.text()

    @pytest.mark.slow
    def test_what_a_folder_holds(self, manager, folder, monkeypatch):
        manager.choose(folder, monkeypatch)
        assert manager.shell.controller.checkpoints.is_busy
        manager.wait_idle()
        assert len(manager.rows) == len(PUBLISHED) + 3
        published = folder / "indexnet_matting.pth.tar"
        assert manager.cell("indexnet_matting.pth.tar", "On disk") == "Found"
        assert manager.cell("indexnet_matting.pth.tar", "SHA-256") == sha256(published)[:12]
        assert manager.cell("indexnet_matting.pth.tar", "Size") == f"{published.stat().st_size / 1e6:.1f} MB"
        assert manager.cell("mine.pth", "Task") == "Object"
        assert manager.cell("page.pth", "On disk") == "Unusable"
        assert manager.dialog.status.text() == "4 checkpoints found, of which 1 cannot be used."
        manager.shell.controller.close_now()
        assert str(folder) in manager.shell.settings_path.read_text(encoding="utf-8")

    def test_a_remembered_folder_is_searched_when_the_dialog_opens(self, shell, folder, monkeypatch):
        asked = []
        monkeypatch.setattr("models.scan.scan_folder", lambda path, *_: iter(asked.append(path) or ()))
        settings = shell.controller.settings
        settings.current = settings.current.with_folder("checkpoints", folder)
        manager = Manager(shell)
        manager.wait_idle()
        assert asked == [folder]
        assert manager.dialog.folder.text() == str(folder)
        assert manager.dialog.status.text() == "No checkpoints were found in this folder."

    def test_cancelling_keeps_what_was_found(self, manager, folder, monkeypatch):
        def endless(path, cancelled, progress):
            yield FoundCheckpoint(path / "one.pth", 10, "ab" * 32, None, NAME, "")
            while not cancelled():
                progress("two.pth", 0.5)

        monkeypatch.setattr("models.scan.scan_folder", endless)
        manager.choose(folder, monkeypatch)
        manager.shell.wait(lambda: "two.pth" in manager.dialog.progress.text)
        manager.press(manager.dialog.progress.cancel)
        manager.wait_idle()
        manager.wait_for_file("one.pth")
        assert manager.dialog.status.text() == "Stopped. 1 checkpoint found."
        assert manager.dialog.scan.isEnabled()

    def test_files_that_are_gone_disappear_with_the_next_scan(self, filled, monkeypatch):
        monkeypatch.setattr("models.scan.scan_folder", lambda *_: iter(()))
        filled.press(filled.dialog.scan)
        filled.wait_idle()
        assert [row.file_name for row in filled.rows] == PUBLISHED_NAMES

    def test_a_folder_that_is_gone(self, manager, tmp_path, monkeypatch):
        manager.choose(tmp_path / "unplugged", monkeypatch)
        manager.wait_idle()
        assert manager.dialog.messages.title == "The folder could not be searched"
        assert "unplugged" in manager.dialog.messages.text

    def test_another_folder_replaces_the_search_of_the_first(self, manager, folder, tmp_path, monkeypatch):
        def endless(path, cancelled, progress):
            if path == tmp_path:
                yield FoundCheckpoint(path / "here.pth", 10, "ab" * 32, None, NAME, "")
                return
            while not cancelled():
                progress("elsewhere.pth", 0.5)

        monkeypatch.setattr("models.scan.scan_folder", endless)
        manager.choose(folder, monkeypatch)
        manager.shell.wait(lambda: "elsewhere.pth" in manager.dialog.progress.text)
        manager.choose(tmp_path, monkeypatch)
        manager.wait_for_file("here.pth")
        manager.wait_idle()
        assert manager.dialog.status.text() == "1 checkpoint found."


class TestFilter:
    def test_words_of_any_column(self, filled):
        filled.dialog.search.setFocus()
        filled.shell.qtbot.keyClicks(filled.dialog.search, "vistas semantic")
        assert [row.file_name for row in filled.rows] == ["mapillary_ocrnet.HRNet_Mscale_fast-rattlesnake.pth"]
        filled.shell.qtbot.keyClick(filled.dialog.search, Qt.Key.Key_Escape)
        assert filled.dialog.isVisible()
        assert len(filled.rows) == len(PUBLISHED) + 3

    def test_a_task_and_only_files(self, filled):
        filled.dialog.task.setCurrentIndex(filled.dialog.task.findData("interactive"))
        assert {row.task for row in filled.rows} == {"interactive"}
        filled.press(filled.dialog.only_files)
        assert [row.file_name for row in filled.rows] == ["mine.pth", "other.safetensors"]
        filled.dialog.task.setCurrentIndex(filled.dialog.task.findData("depth"))
        assert filled.rows == []
        assert filled.dialog.nothing.isVisible()
        assert not filled.dialog.details.load.isEnabled()

    def test_the_selected_line_stays_selected(self, filled):
        filled.select("mine.pth")
        filled.press(filled.dialog.only_files)
        assert filled.dialog.current_row.file_name == "mine.pth"

    def test_a_click_on_a_header_sorts(self, filled):
        header = filled.dialog.table.horizontalHeader()
        place = QPoint(header.sectionViewportPosition(SIZE_COLUMN) + 10, 8)
        orders = []
        for _ in range(2):
            filled.shell.qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
            orders.append([row.size_bytes for row in filled.rows])
        assert sorted(orders) == [sorted(orders[0]), sorted(orders[0], reverse=True)]
        assert orders[0] != orders[1]


class TestLoad:
    def test_a_found_file_is_used_at_once(self, filled, folder):
        filled.shell.click(60, 45)
        filled.shell.wait_idle()
        filled.select("mine.pth")
        filled.press(filled.dialog.details.load)
        assert filled.dialog.progress.isVisible()
        filled.wait_idle()
        assert filled.shell.controller.network.network.sha256 == sha256(folder / "own" / "mine.pth")
        assert filled.cell("mine.pth", "On disk") == "In use"
        assert "is in use" in filled.dialog.status.text()
        assert not filled.dialog.details.load.isEnabled()
        filled.shell.wait_idle()
        assert len(filled.shell.controller.refinement.outcomes(filled.shell.active)) == 1

    def test_return_loads_the_selected_line(self, filled, folder):
        filled.select("other.safetensors")
        filled.shell.qtbot.keyClick(filled.dialog.table, Qt.Key.Key_Return)
        filled.wait_idle()
        assert filled.cell("other.safetensors", "On disk") == "In use"

    def test_a_file_that_is_gone_is_a_message_in_the_dialog(self, filled, folder):
        filled.select("other.safetensors")
        aside = (folder / "own" / "other.safetensors").rename(folder / "own" / "aside")
        filled.press(filled.dialog.details.load)
        filled.shell.wait(lambda: filled.dialog.messages.title == "The network was not loaded")
        aside.rename(folder / "own" / "other.safetensors")
        assert "other.safetensors" in filled.dialog.messages.text
        assert filled.shell.window.messages.title == ""
        filled.shell.qtbot.keyClick(filled.dialog.search, Qt.Key.Key_Return)
        assert not filled.dialog.messages.findChild(QPlainTextEdit).isVisible()

    def test_an_unusable_file_says_why(self, filled):
        filled.select("page.pth")
        assert "it is a web page" in filled.dialog.details.facts.text()
        assert not filled.dialog.details.load.isEnabled()
        assert not filled.dialog.details.convert.isEnabled()
        assert filled.dialog.details.reveal.isEnabled()

    def test_memory_is_estimated_beforehand(self, filled, monkeypatch):
        monkeypatch.setattr("models.memory.available_bytes", lambda _: 1 << 20)
        filled.select("other.safetensors")
        details = filled.dialog.details
        filled.shell.wait(lambda: "too little" in details.memory.text())
        assert "Processor (cpu) has 0.0 GB left" in details.memory.text()
        filled.press(details.load)
        filled.shell.wait(lambda: filled.dialog.messages.title == "The network was not loaded")
        (anyway,) = filled.dialog.messages.buttons
        assert anyway.text() == "Load Anyway"
        filled.press(anyway)
        filled.wait_idle()
        assert filled.cell("other.safetensors", "On disk") == "In use"
        assert filled.dialog.messages.title == ""


class TestConvert:
    def convert(self, manager, target, monkeypatch):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
        manager.press(manager.dialog.details.convert)

    @pytest.mark.slow
    def test_the_new_file_appears_and_can_be_loaded(self, filled, folder, tmp_path, monkeypatch):
        target = tmp_path / "written.safetensors"
        filled.select("mine.pth")
        self.convert(filled, tmp_path / "written", monkeypatch)
        filled.wait_idle()
        filled.wait_for_file("written.safetensors")
        assert filled.dialog.status.text() == f"Written as {target}."
        assert filled.row("written.safetensors").sha256 == sha256(target)
        assert Path(models.load(target).path) == target
        assert filled.dialog.current_row.path == target
        assert not filled.dialog.details.convert.isEnabled()

    def test_cancelling_writes_nothing(self, filled, tmp_path, monkeypatch):
        def endless(source, target, progress, cancelled):
            while not cancelled():
                progress("reading the file", 0.5)
            raise CancelledError("cancelled")

        monkeypatch.setattr("models.checkpoints.convert_checkpoint", endless)
        filled.select("mine.pth")
        self.convert(filled, tmp_path / "written.safetensors", monkeypatch)
        filled.shell.wait(lambda: "reading the file" in filled.dialog.progress.text)
        filled.press(filled.dialog.progress.cancel)
        filled.wait_idle()
        assert "nothing was written" in filled.dialog.status.text()

    def test_a_name_completed_by_the_program_replaces_nothing(self, filled, tmp_path, monkeypatch):
        (tmp_path / "mine.safetensors").write_text("precious")
        filled.select("mine.pth")
        self.convert(filled, tmp_path / "mine", monkeypatch)
        assert "exists already" in filled.dialog.messages.text
        assert (tmp_path / "mine.safetensors").read_text() == "precious"

    @pytest.mark.slow
    def test_a_place_that_cannot_be_written(self, filled, tmp_path, monkeypatch):
        filled.select("mine.pth")
        self.convert(filled, tmp_path / "missing" / "mine.safetensors", monkeypatch)
        filled.wait_idle()
        assert filled.dialog.messages.title == "The checkpoint was not converted"
        assert "missing" in filled.dialog.messages.text


class TestRest:
    def test_the_whole_hash_is_copied(self, filled, folder):
        filled.select("mine.pth")
        filled.press(filled.dialog.details.copy)
        assert QGuiApplication.clipboard().text() == sha256(folder / "own" / "mine.pth")

    def test_the_folder_of_a_file_is_opened(self, filled, folder, monkeypatch):
        opened = []
        monkeypatch.setattr("app.reveal.sys.platform", "linux")
        monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
        filled.select("mine.pth")
        filled.press(filled.dialog.details.reveal)
        assert opened == [QUrl.fromLocalFile(str(folder / "own"))]

    def test_colours_follow_the_theme(self, filled):
        index = filled.dialog.lines.index(0, 0)
        before = index.data(Qt.ItemDataRole.ForegroundRole).color()
        filled.shell.trigger("theme_dark")
        assert filled.dialog.lines.index(0, 0).data(Qt.ItemDataRole.ForegroundRole).color() != before

    def test_closing_the_window_ends_a_search(self, manager, folder, monkeypatch):
        ended = threading.Event()

        def endless(path, cancelled, progress):
            while not cancelled():
                progress("one.pth", 0.5)
            ended.set()
            yield from ()

        monkeypatch.setattr("models.scan.scan_folder", endless)
        manager.choose(folder, monkeypatch)
        manager.shell.wait(lambda: "one.pth" in manager.dialog.progress.text)
        manager.shell.close()
        assert ended.is_set()
