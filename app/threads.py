"""One background thread with one worker object on it."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QMetaObject, QObject, Qt, QThread, Signal, Slot

_PROGRESS_INTERVAL_S = 0.05
"""Least time between two reports of how far something is: the window would draw no more of them."""


class Worker(QObject):
    """Something that works through requests on its own thread.

    Signals:
        reported(Report): anything to say, delivered on the receiver's thread.
    """

    reported = Signal(object)

    @Slot()
    def work(self) -> None:
        """Do everything that is waiting."""
        raise NotImplementedError

    def close(self) -> None:
        """Called on the window's thread: end what runs as soon as possible and take nothing new."""
        raise NotImplementedError


class WorkerThread:
    """Runs a worker; starts lazily and always ends in an orderly way."""

    def __init__(self, worker: Worker, name: str) -> None:
        self.worker = worker
        self._thread = QThread()
        self._thread.setObjectName(name)

    @property
    def is_running(self) -> bool:
        """Whether the thread was started and has not ended."""
        return self._thread.isRunning()

    def start(self) -> None:
        """Move the worker to the thread and start it."""
        self.worker.moveToThread(self._thread)
        self._thread.start()
        self.wake()

    def wake(self) -> None:
        """Have the worker look for requests; before `start` this does nothing."""
        if self._thread.isRunning():
            QMetaObject.invokeMethod(self.worker, "work", Qt.ConnectionType.QueuedConnection)

    def stop(self) -> None:
        """End what runs, end the thread, wait for it."""
        self.worker.close()
        self._thread.quit()
        self._thread.wait()


def seldom(report: Callable[[str, float], None]) -> Callable[[str, float], None]:
    """The same function for a few words and a share done, called only as often as somebody can see it."""
    reported_at = float("-inf")

    def report_seldom(text: str, share: float) -> None:
        nonlocal reported_at
        now = time.monotonic()
        if now - reported_at >= _PROGRESS_INTERVAL_S:
            reported_at = now
            report(text, share)

    return report_seldom
