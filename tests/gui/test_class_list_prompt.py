"""Classes without names: the window says so, takes a list, and remembers it for the checkpoint."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

import models
from app.widgets.classes_dock import Column
from models import class_lists
from models.checkpoints import save_safetensors
from models.class_lists import ClassList
from models.spec import LoadedNetwork
from tests.gui import conftest
from tests.helpers import dense_networks

UNNAMED = "unnamed"
SHA256 = "ab" * 32
COLOURS = ((10, 20, 30), (40, 50, 60), (70, 80, 90), (100, 110, 120))
FOUR = ClassList(("road", "sky", "tree", "car"), COLOURS)


def load_with_unnamed(source, *, progress, cancelled):
    """As the other window tests load, and a semantic network of four classes that nobody has named."""
    if source != UNNAMED:
        return LOAD_TINY(source, progress=progress, cancelled=cancelled)
    toy = dense_networks.network("semantic")
    return LoadedNetwork(toy.module, replace(toy.spec, class_names=(), class_colours=()), sha256=SHA256)


LOAD_TINY = conftest.load_tiny


@pytest.fixture(autouse=True)
def _unnamed_network(monkeypatch):
    # Before the window is made.
    monkeypatch.setattr(conftest, "load_tiny", load_with_unnamed)


@pytest.fixture
def shell(_unnamed_network, idle_shell, photo):
    idle_shell.start(photo)
    return idle_shell


def load(shell, source):
    shell.controller.network.load(str(source))
    shell.wait(lambda: not shell.controller.network.is_loading)
    shell.wait_idle()


def chosen(monkeypatch, path):
    """The file that the user picks in the next file dialogs."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))


def press(shell, text):
    button = next(button for button in shell.window.messages.buttons if button.text() == text)
    shell.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def written(path, classes):
    path.write_text(class_lists.as_json(classes), encoding="utf-8")
    return path


def shown_names(shell):
    """What the list of classes shows; it follows the network a moment later."""
    QApplication.processEvents()
    model = shell.window.classes_panel.view.model()
    return tuple(model.index(row, Column.NAME).data() for row in range(model.rowCount()))


class TestPrompt:
    def test_it_works_at_once_with_numbers_and_offers_names(self, shell):
        load(shell, UNNAMED)
        assert shell.error[0] == "The 4 classes of this network have no names"
        assert shown_names(shell) == ("Class 0", "Class 1", "Class 2", "Class 3")
        shell.click(60, 45)
        shell.wait_idle()
        assert len(shell.document.current.clicks) == 1

    def test_a_list_names_and_colours_the_classes(self, shell, tmp_path, monkeypatch):
        load(shell, UNNAMED)
        shell.click(60, 45)
        shell.wait_idle()
        before = shell.controller.refinement.result_of(shell.document.current).values.copy()
        chosen(monkeypatch, written(tmp_path / "streets.json", FOUR))
        press(shell, "Choose Class List…")
        shell.wait(lambda: shown_names(shell) == FOUR.names)
        assert "streets.json" in shell.error[0]
        assert shell.controller.source.colour_of(2) == COLOURS[2]
        assert class_lists.remembered(SHA256) == FOUR
        shell.wait_idle()
        after = shell.controller.refinement.result_of(shell.document.current).values
        np.testing.assert_array_equal(before, after)
        assert len(shell.document.current.clicks) == 1

    def test_the_config_of_mapillary(self, shell, tmp_path, monkeypatch):
        labels = [{"readable": name, "name": f"a--{name}", "color": [1, 2, 3]} for name in FOUR.names]
        labels.append({"readable": "Unlabeled", "name": "void--unlabeled", "color": [0, 0, 0]})
        (tmp_path / "config.json").write_text(json.dumps({"labels": labels}))
        load(shell, UNNAMED)
        chosen(monkeypatch, tmp_path / "config.json")
        press(shell, "Choose Class List…")
        shell.wait(lambda: shown_names(shell) == FOUR.names)

    def test_a_list_of_another_length_is_refused_and_another_can_be_chosen(self, shell, tmp_path, monkeypatch):
        load(shell, UNNAMED)
        chosen(monkeypatch, written(tmp_path / "short.json", ClassList(FOUR.names[:3], COLOURS[:3])))
        press(shell, "Choose Class List…")
        shell.wait(lambda: shell.error[0] == "The class list was not taken")
        assert "short.json names 3 classes, but the network tells 4 apart" in shell.error[1]
        assert shown_names(shell)[0] == "Class 0"
        assert class_lists.remembered(SHA256) is None
        chosen(monkeypatch, written(tmp_path / "right.json", FOUR))
        press(shell, "Choose Another…")
        shell.wait(lambda: shown_names(shell) == FOUR.names)

    def test_a_file_that_is_no_list_is_refused(self, shell, tmp_path, monkeypatch):
        (tmp_path / "notes.json").write_text("not JSON")
        load(shell, UNNAMED)
        chosen(monkeypatch, tmp_path / "notes.json")
        press(shell, "Choose Class List…")
        shell.wait(lambda: shell.error[0] == "The class list was not taken")
        assert "notes.json" in shell.error[1]

    def test_cancelling_the_file_dialog_leaves_the_numbers(self, shell, monkeypatch):
        load(shell, UNNAMED)
        chosen(monkeypatch, "")
        press(shell, "Choose Class List…")
        assert shown_names(shell)[0] == "Class 0"

    def test_it_is_said_once_per_network(self, shell):
        load(shell, UNNAMED)
        shell.window.messages.hide()
        load(shell, UNNAMED)
        assert shell.error[0] == ""

    def test_a_network_with_names_needs_no_words(self, shell):
        load(shell, "light_semantic")
        assert shell.error[0] == ""


class TestMenu:
    def test_there_is_nothing_to_choose_without_classes(self, shell):
        action = shell.window.actions_table["class_list"]
        assert not action.isEnabled()
        load(shell, UNNAMED)
        assert action.isEnabled()
        shell.trigger("task_interactive")
        assert not action.isVisible()

    def test_a_forgotten_list_leaves_the_names_of_the_checkpoint(self, shell, tmp_path, monkeypatch):
        load(shell, UNNAMED)
        shell.click(60, 45)
        shell.wait_idle()
        chosen(monkeypatch, written(tmp_path / "streets.json", FOUR))
        shell.trigger("class_list")
        shell.wait(lambda: shown_names(shell) == FOUR.names)
        shell.trigger("forget_class_list")
        shell.wait(lambda: shown_names(shell)[0] == "Class 0")
        shell.wait_idle()
        assert "forgotten" in shell.error[0]
        assert class_lists.remembered(SHA256) is None
        assert len(shell.document.current.clicks) == 1
        assert shell.controller.refinement.result_of(shell.document.current) is not None
        shell.trigger("forget_class_list")
        shell.wait(lambda: "none to forget" in shell.error[0])

    def test_a_palette_colours_the_classes_and_leaves_names_and_shares(self, shell, tmp_path, monkeypatch):
        load(shell, UNNAMED)
        QApplication.processEvents()
        model = shell.window.classes_panel.view.model()
        shares = [model.index(row, Column.SHARE).data() for row in range(4)]
        assert any("%" in share for share in shares)
        image = Image.fromarray(np.zeros((2, 2), np.uint8), "P")
        image.putpalette([level for colour in COLOURS[::-1] for level in colour])
        image.save(tmp_path / "palette.png")
        chosen(monkeypatch, tmp_path / "palette.png")
        shell.trigger("class_list")
        shell.wait(lambda: shell.controller.source.colour_of(2) == COLOURS[1])
        assert shown_names(shell) == ("Class 0", "Class 1", "Class 2", "Class 3")
        assert [model.index(row, Column.SHARE).data() for row in range(4)] == shares

    def test_a_list_is_applied_without_asking_the_next_time(self, shell, tmp_path, monkeypatch):
        path = tmp_path / "mine.safetensors"
        save_safetensors(path, models.create("light_semantic"), {})
        load(shell, path)
        own = shown_names(shell)
        other = ClassList(
            tuple(f"thing {number}" for number in range(len(own))), tuple((n, n, n) for n in range(len(own)))
        )
        chosen(monkeypatch, written(tmp_path / "things.json", other))
        shell.trigger("class_list")
        shell.wait(lambda: shown_names(shell) == other.names)
        load(shell, "light_semantic")
        assert shown_names(shell) != other.names
        load(shell, path)
        shell.wait(lambda: shown_names(shell) == other.names)
        assert shell.error[0] != "The class list was not taken"
        assert shell.controller.settings.current.folders["class_list"] == str(tmp_path)
