"""Windows with a ground truth: loading it, waiting for scores, and the engine by itself beside them."""

import numpy as np
from PIL import Image
from PySide6.QtWidgets import QApplication

from gbrs_core.session import RefinementSession
from tests.gui.conftest import load_tiny

ROWS, COLUMNS = np.mgrid[:90, :120]
DISC = np.hypot(ROWS - 45, COLUMNS - 60) < 22
"""The bright disc of the photograph."""
HALVES = np.where(COLUMNS < 60, 1, 3)
"""Two of the toy network's four classes."""
RAMP = 1 + 8 * COLUMNS / 119
"""Depth in metres."""


def saved(array, path):
    """A map in a file: float arrays as NumPy files."""
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        Image.fromarray(np.ascontiguousarray(array)).save(path)
    return path


def load(shell, path):
    shell.controller.scores.load(path)
    shell.wait(lambda: shell.controller.scores.score.truth is not None)
    wait_scored(shell)


def wait_scored(shell):
    """Until the prediction on all clicks is scored and shown."""
    shell.wait(lambda: not shell.controller.refinement.is_busy)
    shell.wait(lambda: shell.controller.scores.score.curve.points[-1].scores is not None)
    QApplication.processEvents()


def curve(shell):
    """The main score over the clicks."""
    return shell.controller.scores.score.curve.values(0)


def run(shell, action_id):
    """The simulated annotator until it has ended and everything is scored."""
    shell.trigger(action_id)
    shell.wait(lambda: not shell.controller.scores.annotator.is_running)
    wait_scored(shell)


def fresh_session(shell, task):
    """The engine by itself on the same image, network and settings as the window."""
    document = shell.document
    name = "light_interactive" if task == "interactive" else f"light_{task}"
    network = load_tiny(name, progress=lambda *_: None, cancelled=lambda: False)
    trimap = document.layer.trimap.values if task == "matting" else None
    return RefinementSession(network, shell.controller.files.image, document.current_config, trimap, device="cpu")


def clicked(session, click):
    for _ in session.refine(click):
        pass
    return session.prediction.array


def with_mask(shell, folder):
    """The photograph with the mask of its disc."""
    load(shell, saved(DISC.astype(np.uint8) * 255, folder / "mask.png"))
    return shell


def opened(shell, photo, task):
    shell.start(photo, task)
    if task != "matting":
        shell.wait(lambda: shell.controller.refinement.result_of(shell.document.layer) is not None)
    return shell


def with_labels(shell, photo, folder):
    opened(shell, photo, "semantic")
    load(shell, saved(HALVES.astype(np.uint8), folder / "labels.png"))
    return shell


def with_depth(shell, photo, folder):
    opened(shell, photo, "depth")
    load(shell, saved(RAMP.astype(np.float32), folder / "depth.npy"))
    return shell


def with_matte(shell, photo, folder):
    opened(shell, photo, "matting")
    distance = np.hypot(ROWS - 45, COLUMNS - 60)
    trimap = np.where(distance < 15, 255, np.where(distance < 35, 128, 0)).astype(np.uint8)
    shell.controller.dense.import_trimap(saved(trimap, folder / "trimap.png"))
    shell.wait(lambda: shell.document.layer.trimap is not None)
    shell.wait(lambda: shell.controller.refinement.result_of(shell.document.layer) is not None)
    load(shell, saved(np.clip((30 - distance) / 12, 0, 1).astype(np.float32), folder / "alpha.npy"))
    return shell
