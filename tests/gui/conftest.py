"""A window with real threads and the miniature network, driven by real events."""

import sys
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox
from pytestqt.exceptions import TimeoutError as QtTimeoutError

WAIT_MS = 60_000
"""How long a test waits for the engine on a machine that is busy with other things."""

NETWORK_A, NETWORK_B = "light_interactive", "another"
DENSE_NETWORKS = {f"light_{task}": task for task in ("semantic", "matting", "depth")}


@pytest.fixture
def photo(tmp_path):
    """A small photograph with a bright disc."""
    return make_photo(tmp_path / "photo.png")


def make_photo(path, width=120, height=90):
    rows, columns = np.mgrid[:height, :width]
    image = np.full((height, width, 3), 60, np.uint8)
    image[np.hypot(rows - height / 2, columns - width / 2) < height / 4] = (220, 180, 60)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
    return path


def load_tiny(source, *, progress, cancelled):
    """Stands in for `models.load`: these names are miniature networks, everything else is a file."""
    import models
    from models.spec import LoadedNetwork
    from models.tiny import tiny_interactive
    from tests.helpers import dense_networks

    seeds = {NETWORK_A: 0, NETWORK_B: 1}
    if source in DENSE_NETWORKS:
        toy = dense_networks.network(DENSE_NETWORKS[source])
        return LoadedNetwork(toy.module, toy.spec, sha256=f"tiny-{source}")
    if source not in seeds:
        return models.load(source, progress, cancelled)
    progress("making it up", 0.5)
    return replace(tiny_interactive(seeds[source]), sha256=f"tiny-{source}")


class Shell:
    """The window as a user meets it: image coordinates in, what is on the screen out."""

    def __init__(self, qtbot, settings_path):
        from app import application
        from app.state.settings import SettingsStore

        self.qtbot = qtbot
        self.settings_path = settings_path
        self.controller = application.build(QApplication.instance(), SettingsStore(settings_path), load_tiny)
        self.window = self.controller.window
        self.canvas = self.window.canvas
        self.annotation = self.controller.annotation
        self.window.resize(1000, 760)
        self.window.show()
        qtbot.waitExposed(self.window)

    # --- waiting ---

    def wait(self, condition, what="the condition"):
        try:
            self.qtbot.waitUntil(lambda: bool(condition()), timeout=WAIT_MS)
        except QtTimeoutError:
            pytest.fail(f"waited in vain for {what}\n{self.state()}")

    def state(self):
        """What the window and every thread are at, for a test that waited in vain."""
        controller = self.controller
        lines = [
            f"message {self.error}, refining {controller.refinement.is_busy}, reading {controller.files.is_reading}"
        ]
        for ident, frame in sys._current_frames().items():
            lines += [f"thread {ident}", *traceback.format_stack(frame, limit=8)]
        return "\n".join(lines)

    def start(self, path=None, task="interactive"):
        """Start the threads; returns when the image and the network are there."""
        self.controller.start([path] if path is not None else [], None, "cpu", task)
        self.wait(lambda: self.controller.network.network is not None)
        if path is not None:
            self.wait_for_image(path)

    def wait_for_image(self, path):
        self.wait(lambda: self.controller.files.path == Path(path))

    def wait_idle(self):
        """Until every mask is there and drawn."""
        self.wait(lambda: not self.controller.refinement.is_busy)
        QApplication.processEvents()

    # --- acting ---

    def place(self, x, y):
        """The widget position of an image position."""
        height, width = self.controller.files.image.shape[:2]
        zoom = self.canvas.zoom() / self.canvas.devicePixelRatioF()
        centre = QPointF(self.canvas.width() / 2, self.canvas.height() / 2)
        shift = QPointF((x - (width - 1) / 2) * zoom, (y - (height - 1) / 2) * zoom)
        return (centre + shift).toPoint()

    def click(self, x, y, button=Qt.MouseButton.LeftButton, modifier=Qt.KeyboardModifier.NoModifier):
        """A click at an image position; the image must be fitted."""
        self.move(self.place(x, y) + QPoint(30, 30))
        self.qtbot.mouseClick(self.canvas, button, modifier, self.place(x, y))

    def drag(self, start, end, button=Qt.MouseButton.LeftButton):
        """Press, drag, release between two image positions."""
        begin, finish = self.place(*start), self.place(*end)
        # A marker that appeared under a resting pointer is not grabbed: come from elsewhere.
        for place in (begin + QPoint(30, 30), begin):
            self.move(place)
        self.qtbot.mousePress(self.canvas, button, pos=begin)
        for place in (begin + (finish - begin) / 2, finish):
            self.move(place, button)
        self.qtbot.mouseRelease(self.canvas, button, pos=finish)

    def move(self, place, button=Qt.MouseButton.NoButton):
        """The pointer at a widget position; the offscreen platform does not deliver moves of the cursor itself."""
        where = QPointF(place)
        everywhere = self.canvas.mapToGlobal(where)
        kind, none = QMouseEvent.Type.MouseMove, Qt.MouseButton.NoButton
        event = QMouseEvent(kind, where, everywhere, none, button, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.canvas, event)

    def key(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        """A key while the canvas has the keyboard."""
        self.focus_canvas()
        self.qtbot.keyClick(self.canvas, key, modifier)

    def focus_canvas(self):
        self.window.activateWindow()
        self.canvas.setFocus()
        self.wait(lambda: self.canvas.hasFocus())

    def trigger(self, action_id):
        """Choose an action from its menu."""
        action = self.window.actions_table[action_id]
        assert action.isEnabled(), f"{action_id} is not enabled"
        action.trigger()

    def answer(self, button):
        """Press a button of the question that is open, given as a standard button or by its text."""
        self.wait(lambda: self.open_dialog(QMessageBox))
        box = self.open_dialog(QMessageBox)
        found = (
            next(item for item in box.buttons() if item.text().replace("&", "") == button)
            if isinstance(button, str)
            else box.button(button)
        )
        self.qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
        self.wait(lambda: box.isHidden())

    def open_dialog(self, kind=QDialog):
        """The dialog of that kind that is open, None without one."""
        return next((found for found in self.window.findChildren(kind) if found.isVisible()), None)

    def close(self):
        """End without questions."""
        self.controller.close_now()
        QApplication.processEvents()

    # --- seeing ---

    @property
    def document(self):
        return self.annotation.document

    @property
    def active(self):
        return self.annotation.document.active

    def mask(self, object_id=None):
        """The mask that is shown of an object, at working size; None without one."""
        item = self.active if object_id is None else self.document.get(object_id)
        shown = self.controller.refinement.shown(item)
        return None if shown is None else shown.values > item.logit_threshold

    @property
    def error(self):
        """Title and text of the error that is shown."""
        return self.window.messages.title, self.window.messages.text


@pytest.fixture
def idle_shell(qtbot, tmp_path, monkeypatch):
    """A window whose threads were not started; every task has a miniature network."""
    import models

    monkeypatch.setattr(models, "default_network", lambda task: f"light_{task}")
    shell = Shell(qtbot, tmp_path / "settings" / "settings.json")
    yield shell
    shell.close()
    shell.window.deleteLater()
    QApplication.processEvents()


@pytest.fixture
def shell(idle_shell, photo):
    """A window with the photograph open and the miniature network in place."""
    idle_shell.start(photo)
    return idle_shell
