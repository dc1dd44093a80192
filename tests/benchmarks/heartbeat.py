"""How long the window stops answering while clicks are refined: the longest pause between two beats of a timer.

Run from the checkout: `python -m tests.benchmarks.heartbeat [--tiny] [--clicks N]`. With `--tiny` the miniature network
takes the place of the built-in one, which leaves the interpreter less often and so is the harder case per second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from app import application
from app.controller import Controller
from app.state.settings import SettingsStore
from gbrs_core.config import RefinementConfig
from resources import sample_path

BEAT_MS = 2
LARGE = (4000, 6000)
"""(H, W) of the 24-megapixel photograph."""


class Heartbeat:
    """Measures the pauses of the thread it is made on."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(interval=BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def restart(self) -> None:
        """Forget what was measured."""
        self.pauses.clear()
        self._last = time.perf_counter()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.pauses.append(1000 * (now - self._last))
        self._last = now


def main() -> None:
    """Open a small and a large photograph, click, print the pauses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="use the miniature network of the tests")
    parser.add_argument("--clicks", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), options.clicks, _tiny if options.tiny else None)


def run(folder: Path, click_count: int, load_network: Callable[..., object] | None) -> None:
    """Measure both photographs."""
    qt = QApplication(sys.argv[:1])
    controller = application.build(qt, SettingsStore(folder / "settings.json"), load_network)  # type: ignore[arg-type]
    controller.window.resize(1600, 1000)
    controller.window.show()
    heartbeat = Heartbeat()
    controller.start([sample_path()], None, "auto")
    _wait(lambda: controller.network.network is not None and controller.files.image is not None)
    _report("start, import of the engine, loading", heartbeat)
    _measure(controller, heartbeat, "sample photograph", click_count)
    large = folder / "large.png"
    _write_large(large)
    heartbeat.restart()
    controller.files.open(large)
    _wait(lambda: controller.files.path == large)
    _spin(1.0)
    _report("opening 24 megapixels", heartbeat)
    _measure(controller, heartbeat, "24 megapixels", click_count)
    controller.close_now()


def _measure(controller: Controller, heartbeat: Heartbeat, name: str, click_count: int) -> None:
    assert controller.files.image is not None
    height, width = controller.files.image.shape[:2]
    random = np.random.default_rng(0)
    # The full number of iterations, as when nothing stops early.
    controller.annotation.set_config(RefinementConfig(iterations=20, stop_residual=0.0))
    _spin(0.5)
    heartbeat.restart()
    for number in range(click_count):
        x, y = random.uniform(0.2, 0.8, 2) * (width, height)
        controller.annotation.add_click(float(x), float(y), 0.1 * width, number % 3 != 1)
        _wait(lambda: not controller.refinement.is_busy)
    _report(f"{name}, {click_count} clicks", heartbeat)
    milliseconds = [1000 * outcome.seconds for outcome in controller.refinement.outcomes(_active(controller))]
    sys.stdout.write(f"{'':44} median {np.median(milliseconds):.0f} ms per click\n")
    for _ in range(3):
        controller.window.canvas.zoom_in()
        _spin(0.1)
    heartbeat.restart()
    controller.annotation.add_click(0.5 * width, 0.5 * height, 0.1 * width, True)
    _wait(lambda: not controller.refinement.is_busy)
    _report(f"{name}, zoomed in, 1 click", heartbeat)


def _active(controller: Controller):
    active = controller.annotation.document.active
    assert active is not None
    return active


def _report(name: str, heartbeat: Heartbeat) -> None:
    pauses = np.array(heartbeat.pauses or [0.0])
    sys.stdout.write(
        f"{name:44} longest pause {pauses.max():6.1f} ms, 99.9 % below {np.percentile(pauses, 99.9):6.1f} ms\n"
    )


def _wait(condition: Callable[[], bool], limit_s: float = 600.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the engine did not answer")
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def _spin(seconds: float) -> None:
    end = time.monotonic() + seconds
    _wait(lambda: time.monotonic() > end)


def _write_large(path: Path) -> None:
    from PIL import Image

    photo = Image.open(sample_path()).convert("RGB")
    photo.resize((LARGE[1], LARGE[0])).save(path, compress_level=1)


def _tiny(source: str, *, progress: Callable[[str, float], None], cancelled: Callable[[], bool]) -> object:
    from models.tiny import tiny_interactive

    return tiny_interactive(0)


if __name__ == "__main__":
    main()
