"""One background thread with one worker object on it."""

from __future__ import annotations

from PySide6.QtCore import QMetaObject, QObject, Qt, QThread, Signal, Slot


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
