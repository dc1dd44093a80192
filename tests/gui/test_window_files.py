"""Opening, paging, dropping, closing: what is bad is refused in words, and nothing is lost without asking."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from tests.gui.conftest import make_photo

Buttons = QMessageBox.StandardButton


def drop(shell, *paths):
    """Drop files on the canvas as a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place = QPointF(shell.canvas.rect().center())
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), Qt.DropAction.CopyAction, data, *none)
    QApplication.sendEvent(shell.canvas, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(shell.canvas, QDropEvent(place, Qt.DropAction.CopyAction, data, *none))


@pytest.fixture
def folder(tmp_path):
    """Three photographs and a text file."""
    for number in (1, 2, 10):
        make_photo(tmp_path / "földer" / f"photo{number}.png", width=100 + number)
    (tmp_path / "földer" / "notes.txt").write_text("no image")
    return tmp_path / "földer"


class TestOpen:
    def test_the_sample_is_there_to_be_clicked(self, idle_shell):
        from resources import sample_path

        idle_shell.start(sample_path())
        assert "coffee" in idle_shell.window.windowTitle()
        assert not idle_shell.window.isWindowModified()

    def test_another_sample_is_chosen_from_the_menu(self, idle_shell):
        from resources import sample_path, sample_paths

        idle_shell.start(sample_path())
        entries = idle_shell.window.samples_menu.actions()
        assert [entry.text() for entry in entries] == ["Coffee", "Astronaut", "Chelsea", "Pagoda"]
        entries[3].trigger()
        idle_shell.wait_for_image(sample_paths()[3])
        assert not idle_shell.controller.settings.current.recent_images

    def test_menu_remembers_folder_and_recent_files(self, shell, folder, monkeypatch):
        wanted = folder / "photo2.png"
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(wanted), ""))
        shell.trigger("open_image")
        shell.wait_for_image(wanted)
        settings = shell.controller.settings.current
        assert settings.recent_images[0] == str(wanted)
        assert settings.folders["image"] == str(folder)
        shell.window.recent_images_menu.aboutToShow.emit()
        assert shell.window.recent_images_menu.actions()[0].text() == str(wanted)

    def test_a_folder_opens_its_first_image_and_pages(self, shell, folder):
        drop(shell, folder)
        shell.wait_for_image(folder / "photo1.png")
        assert "(1 of 3)" in shell.window.windowTitle()
        shell.key(Qt.Key.Key_D)
        shell.wait_for_image(folder / "photo2.png")
        shell.key(Qt.Key.Key_PageDown)
        shell.wait_for_image(folder / "photo10.png")
        QApplication.processEvents()
        assert not shell.window.actions_table["next_image"].isEnabled()
        shell.key(Qt.Key.Key_A)
        shell.wait_for_image(folder / "photo2.png")

    def test_a_dropped_image_pages_through_its_folder(self, shell, folder):
        drop(shell, folder / "photo2.png")
        shell.wait_for_image(folder / "photo2.png")
        assert "(2 of 3)" in shell.window.windowTitle()

    def test_several_images_are_paged_in_the_order_given(self, shell, folder):
        first, second = folder / "photo10.png", folder / "photo1.png"
        drop(shell, first, second)
        shell.wait_for_image(first)
        assert "(1 of 2)" in shell.window.windowTitle()
        shell.key(Qt.Key.Key_D)
        shell.wait_for_image(second)
        assert "(2 of 2)" in shell.window.windowTitle()

    def test_another_image_starts_empty(self, shell, folder):
        shell.click(60, 45)
        shell.wait_idle()
        drop(shell, folder)
        shell.answer(Buttons.Discard)
        shell.wait_for_image(folder / "photo1.png")
        assert shell.document.objects == ()
        assert not shell.annotation.undo_stack.canUndo()

    def test_odd_sizes_can_be_clicked(self, shell, tmp_path):
        for size in ((1, 1), (3000, 10)):
            path = make_photo(tmp_path / f"{size[0]}.png", *size)
            drop(shell, path)
            shell.wait_for_image(path)
            shell.annotation.add_click(0.0, 0.0, 5.0, True)
            shell.wait_idle()
            assert shell.mask() is not None
            shell.annotation.undo_stack.undo()

    def test_notes_about_the_file_are_shown(self, shell, tmp_path):
        path = tmp_path / "transparent.png"
        Image.fromarray(np.zeros((20, 20, 4), np.uint8)).save(path)
        drop(shell, path)
        shell.wait_for_image(path)
        assert "transparent parts" in shell.window.messages.title

    def test_close_image(self, shell):
        shell.trigger("close_image")
        assert shell.controller.files.image is None
        QApplication.processEvents()
        assert not shell.window.actions_table["close_image"].isEnabled()
        assert shell.window.windowTitle().startswith("G-BRS Annotator")


class TestBadFiles:
    def write(self, kind, folder):
        path = folder / f"{kind}.png"
        if kind == "empty":
            path.touch()
        elif kind == "text":
            path.write_text("not an image at all")
        elif kind == "truncated":
            whole = make_photo(folder / "whole.png").read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
        return path

    @pytest.mark.parametrize("kind", ["empty", "text", "truncated", "missing"])
    def test_refused_in_words_and_the_image_stays(self, shell, photo, tmp_path, kind):
        shell.click(60, 45)
        shell.wait_idle()
        before = shell.document
        drop(shell, self.write(kind, tmp_path))
        shell.answer(Buttons.Discard)
        shell.wait(lambda: shell.error[0] == "The image could not be opened")
        assert f"{kind}.png" in shell.error[1]
        assert shell.controller.files.path == photo
        assert shell.document == before
        assert shell.mask()[45, 60]

    def test_a_folder_without_images(self, shell, tmp_path):
        empty = tmp_path / "nothing"
        empty.mkdir()
        drop(shell, empty)
        shell.wait(lambda: shell.error[0] == "The image could not be opened")
        assert "no image in" in shell.error[1]

    def test_the_message_is_closed_by_its_button(self, shell, tmp_path):
        drop(shell, self.write("empty", tmp_path))
        shell.wait(lambda: shell.error[0])
        shell.window.messages._close.click()
        assert shell.error[0] == ""


class TestUnsavedWork:
    @pytest.fixture
    def worked(self, shell):
        shell.click(60, 45)
        shell.wait_idle()
        QApplication.processEvents()
        return shell

    def test_the_title_tells(self, worked):
        assert worked.window.isWindowModified()
        worked.annotation.undo_stack.undo()
        QApplication.processEvents()
        assert not worked.window.isWindowModified()

    def test_cancel_cancels_closing(self, worked):
        worked.window.close()
        worked.answer(Buttons.Cancel)
        assert worked.window.isVisible()
        assert len(worked.active.clicks) == 1
        worked.click(90, 45)
        worked.wait_idle()
        assert len(worked.active.clicks) == 2

    def test_cancel_cancels_paging(self, worked, folder, photo):
        drop(worked, folder)
        worked.answer(Buttons.Cancel)
        assert worked.controller.files.path == photo
        assert worked.window.isWindowModified()

    def test_discard_closes(self, worked):
        worked.window.close()
        worked.answer(Buttons.Discard)
        worked.wait(lambda: not worked.window.isVisible())

    def test_save_exports_and_closes(self, worked, tmp_path):
        worked.controller.settings.update(include_unfinished=True)
        worked.window.close()
        worked.answer(Buttons.Save)
        from app.widgets.export_dialog import ExportDialog

        worked.wait(lambda: worked.open_dialog(ExportDialog))
        dialog = worked.open_dialog(ExportDialog)
        dialog.file.setText(str(tmp_path / "saved.png"))
        worked.qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
        worked.wait(lambda: not worked.window.isVisible())
        assert (tmp_path / "saved.png").exists()

    def test_save_that_fails_does_not_close(self, worked):
        worked.controller.settings.update(include_unfinished=True)
        worked.window.close()
        worked.answer(Buttons.Save)
        from app.widgets.export_dialog import ExportDialog

        worked.wait(lambda: worked.open_dialog(ExportDialog))
        dialog = worked.open_dialog(ExportDialog)
        dialog.file.setText(str(Path("/proc/nowhere/mask.png")))
        worked.qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
        worked.wait(lambda: worked.error[0] == "The export was not written")
        assert worked.window.isVisible()
        assert worked.window.isWindowModified()

    def test_nothing_annotated_closes_at_once(self, shell):
        shell.window.close()
        assert not shell.window.isVisible()

    def test_settings_survive_the_end(self, worked):
        from app.state.settings import SettingsStore

        worked.controller.set_theme("dark")
        worked.controller.view.set_opacity(0.3)
        worked.close()
        settings = SettingsStore(worked.settings_path).current
        assert (settings.theme, settings.overlay_opacity) == ("dark", 0.3)
        assert settings.window_geometry
