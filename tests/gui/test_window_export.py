"""Exports from the window, read back with another library."""

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.widgets.export_dialog import ExportDialog


@pytest.fixture
def two_objects(shell):
    """Object 1 finished, Object 2 not."""
    shell.click(30, 45)
    shell.wait_idle()
    shell.key(Qt.Key.Key_Return)
    shell.click(90, 45)
    shell.wait_idle()
    return shell


def export_as(shell, path, format_name="mask", scope="all", unfinished=None, answer=None):
    """Go through the export dialog."""
    shell.trigger("export_as")
    if answer is not None:
        shell.answer(answer)
    shell.wait(lambda: shell.open_dialog(ExportDialog))
    dialog = shell.open_dialog(ExportDialog)
    dialog.format.setCurrentIndex(dialog.format.findData(format_name))
    dialog.active_object.setChecked(scope == "active")
    if unfinished is not None:
        dialog.unfinished.setChecked(unfinished)
    dialog.file.setText(str(path))
    shell.qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)


def wait_for(shell, path):
    shell.wait(lambda: path.exists() and not shell.controller.exports.is_writing)
    return np.asarray(Image.open(path))


class TestFormats:
    def test_binary_mask_is_what_is_shown(self, two_objects, tmp_path):
        path = tmp_path / "mask.png"
        export_as(two_objects, path, answer="Include")
        mask = wait_for(two_objects, path)
        shown = two_objects.mask(1) | two_objects.mask(2)
        np.testing.assert_array_equal(mask > 0, shown)
        assert set(np.unique(mask)) == {0, 255}

    def test_instance_ids_have_sixteen_bits(self, two_objects, tmp_path):
        path = tmp_path / "ids.png"
        export_as(two_objects, path, "instances", answer="Include")
        wait_for(two_objects, path)
        ids = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert ids.dtype == np.uint16
        np.testing.assert_array_equal(ids == 2, two_objects.mask(2))

    def test_palette_has_the_colours_of_the_objects(self, two_objects, tmp_path):
        two_objects.annotation.recolour(2, (1, 2, 3))
        path = tmp_path / "palette.png"
        export_as(two_objects, path, "palette", answer="Include")
        wait_for(two_objects, path)
        image = Image.open(path)
        assert image.mode == "P"
        assert tuple(image.getpalette()[6:9]) == (1, 2, 3)

    def test_threshold_counts(self, two_objects, tmp_path):
        two_objects.annotation.set_threshold(0.9)
        path = tmp_path / "mask.png"
        export_as(two_objects, path, scope="active", answer="Include")
        np.testing.assert_array_equal(wait_for(two_objects, path) > 0, two_objects.mask(2))


class TestUnfinished:
    def test_left_out_when_the_user_says_so_and_asked_once(self, two_objects, tmp_path):
        first, second = tmp_path / "first.png", tmp_path / "second.png"
        export_as(two_objects, first, answer="Leave Out")
        np.testing.assert_array_equal(wait_for(two_objects, first) > 0, two_objects.mask(1))
        export_as(two_objects, second)
        np.testing.assert_array_equal(wait_for(two_objects, second) > 0, two_objects.mask(1))
        QApplication.processEvents()
        assert two_objects.window.isWindowModified()

    def test_the_check_box_changes_the_answer(self, two_objects, tmp_path):
        path = tmp_path / "mask.png"
        two_objects.controller.settings.update(include_unfinished=False)
        export_as(two_objects, path, unfinished=True)
        assert (wait_for(two_objects, path) > 0)[45, 90]
        assert two_objects.controller.settings.current.include_unfinished is True

    def test_cancel_writes_nothing(self, two_objects, tmp_path):
        two_objects.trigger("export_as")
        two_objects.answer("Cancel")
        assert two_objects.open_dialog(ExportDialog) is None
        assert two_objects.controller.settings.current.include_unfinished is None


class TestAgain:
    def test_export_repeats_to_the_same_file(self, two_objects, tmp_path):
        path = tmp_path / "mask.png"
        export_as(two_objects, path, answer="Include")
        before = wait_for(two_objects, path).copy()
        QApplication.processEvents()
        assert not two_objects.window.isWindowModified()
        two_objects.click(60, 20)
        two_objects.wait_idle()
        QApplication.processEvents()
        assert two_objects.window.isWindowModified()
        two_objects.trigger("export")
        two_objects.wait(lambda: not two_objects.window.isWindowModified())
        assert (np.asarray(Image.open(path)) != before).any()

    def test_export_waits_for_the_running_click(self, shell, tmp_path):
        shell.controller.settings.update(include_unfinished=True)
        path = tmp_path / "mask.png"
        shell.click(30, 45)
        export_as(shell, path)
        assert (wait_for(shell, path) > 0)[45, 30]

    def test_files_of_others_are_not_replaced_without_the_dialog(self, two_objects, tmp_path):
        two_objects.controller.settings.update(include_unfinished=True)
        export_as(two_objects, tmp_path / "photo_mask.png")
        wait_for(two_objects, tmp_path / "photo_mask.png")
        from tests.gui.conftest import make_photo

        other = make_photo(tmp_path / "other" / "second.png")
        (tmp_path / "second_mask.png").write_text("somebody else's")
        two_objects.controller.files.open(other)
        two_objects.wait_for_image(other)
        two_objects.click(60, 45)
        two_objects.wait_idle()
        two_objects.trigger("export")
        two_objects.wait(lambda: two_objects.open_dialog(ExportDialog))
        two_objects.open_dialog(ExportDialog).reject()
        assert (tmp_path / "second_mask.png").read_text() == "somebody else's"


class TestFailures:
    def test_which_file_and_why_and_nothing_lost(self, two_objects, tmp_path):
        two_objects.controller.settings.update(include_unfinished=True)
        blocked = tmp_path / "file"
        blocked.write_text("a file where a folder is wanted")
        export_as(two_objects, blocked / "mask.png")
        two_objects.wait(lambda: two_objects.error[0] == "The export was not written")
        assert "mask.png" in two_objects.error[1]
        QApplication.processEvents()
        assert two_objects.window.isWindowModified()
        assert len(two_objects.document.objects) == 2
