"""Looks for checkpoints and converts them, on a thread of its own, so that a slow disk holds nothing else up.

Foreign files are read in a process of their own (`models.isolated`); this thread waits for it and can be cancelled.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot

from app.checkpoint_messages import (
    CheckpointConverted,
    CheckpointFound,
    CheckpointProgress,
    ClassListForgotten,
    ClassListRead,
    ConvertCheckpoint,
    EstimateMemory,
    ForgetClassList,
    ListPublished,
    MemoryEstimated,
    PublishedListed,
    ReadClassList,
    ScanEnded,
    ScanFolder,
    WorkCancelled,
)
from app.engine_memory import working_size
from app.engine_thread import preload_torch
from app.messages import Report, Request
from app.threads import Worker, seldom
from app.worker_failures import failure
from gbrs_core.errors import CancelledError, CheckpointError

if TYPE_CHECKING:
    from models.memory import MemoryEstimate

_WHAT: dict[type[Request], str] = {
    ListPublished: "The published checkpoints cannot be listed",
    ScanFolder: "The folder could not be searched",
    EstimateMemory: "The memory could not be estimated",
    ConvertCheckpoint: "The checkpoint was not converted",
    ReadClassList: "The class list was not taken",
    ForgetClassList: "The class list was not forgotten",
}


class CheckpointWorker(Worker):
    """Works through its requests: quick ones first, also in the middle of a scan; one scan or conversion at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._quick: list[Request] = []
        self._slow: list[Request] = []
        self._running: Request | None = None
        self._is_cancelled = False
        self._is_closed = False
        self._estimates: dict[str, MemoryEstimate] = {}
        self._do: dict[type[Request], Callable[..., Report | None]] = {
            ListPublished: _list_published,
            ReadClassList: _read_class_list,
            ForgetClassList: _forget_class_list,
            EstimateMemory: self._estimate,
            ScanFolder: self._scan,
            ConvertCheckpoint: self._convert,
        }

    # --- window thread ---

    def post(self, request: Request) -> None:
        """Leave a request; of several estimates that wait only the last is made."""
        with self._lock:
            if self._is_closed:
                return
            if isinstance(request, ScanFolder | ConvertCheckpoint):
                self._slow.append(request)
                return
            if isinstance(request, EstimateMemory):
                self._quick = [waiting for waiting in self._quick if not isinstance(waiting, EstimateMemory)]
            self._quick.append(request)

    def cancel(self, kinds: tuple[type[Request], ...] = (ScanFolder, ConvertCheckpoint)) -> frozenset[int]:
        """Stop the scan or conversion that runs, and forget those that wait.

        Args:
            kinds: which of both are meant.

        Returns:
            The ids of those that waited: nothing will be reported of them. The one that runs reports its end.
        """
        with self._lock:
            forgotten = [waiting for waiting in self._slow if isinstance(waiting, kinds)]
            self._slow = [waiting for waiting in self._slow if not isinstance(waiting, kinds)]
            self._is_cancelled = self._is_cancelled or isinstance(self._running, kinds)
            return frozenset(request.request_id for request in forgotten)

    def close(self) -> None:
        """Stop everything, for good."""
        with self._lock:
            self._is_closed = True
            self._quick.clear()
            self._slow.clear()

    # --- own thread ---

    @Slot()
    def work(self) -> None:
        """Do everything that is waiting."""
        while (request := self._take()) is not None:
            self._handle(request)

    def _take(self) -> Request | None:
        with self._lock:
            if self._quick:
                return self._quick.pop(0)
            self._is_cancelled = False
            self._running = self._slow.pop(0) if self._slow else None
            return self._running

    def _do_quick_ones(self) -> None:
        """In between, so that nobody waits for the end of a scan to see a number."""
        while True:
            with self._lock:
                request = self._quick.pop(0) if self._quick else None
            if request is None:
                return
            self._handle(request)

    def _is_stopped(self) -> bool:
        with self._lock:
            return self._is_cancelled or self._is_closed

    def _handle(self, request: Request) -> None:
        what = _WHAT[type(request)]
        try:
            report = self._do[type(request)](request)
        except CancelledError:
            report = WorkCancelled(request.request_id)
        except Exception as error:  # noqa: BLE001 - the border of the thread
            report = failure(request, what, error)
        if report is not None:
            self.reported.emit(report)

    def _progress(self, request: Request) -> Callable[[str, float], None]:
        def report(text: str, share: float) -> None:
            self.reported.emit(CheckpointProgress(request.request_id, text, share))
            self._do_quick_ones()

        return seldom(report)

    def _scan(self, request: ScanFolder) -> Report:
        from models.scan import scan_folder

        for found in scan_folder(request.folder, self._is_stopped, self._progress(request)):
            self.reported.emit(CheckpointFound(request.request_id, found))
            self._do_quick_ones()
        is_stopped = self._is_stopped()
        if not is_stopped and not request.folder.is_dir():
            raise CheckpointError(
                f"the folder {request.folder} is gone or cannot be reached any more; "
                "connect its drive again, or choose another folder"
            )
        return ScanEnded(request.request_id, not is_stopped)

    def _convert(self, request: ConvertCheckpoint) -> Report:
        preload_torch()
        from models.checkpoints import convert_checkpoint
        from models.scan import FoundCheckpoint

        try:
            written = convert_checkpoint(request.source, request.target, self._progress(request), self._is_stopped)
            found = FoundCheckpoint(
                request.target,
                request.target.stat().st_size,
                _sha256(request.target),
                None,
                written.spec.name,
                "",
            )
        except OSError as error:
            raise CheckpointError(f"cannot write {request.target}: {error.strerror or error}") from error
        return CheckpointConverted(request.request_id, found)

    def _estimate(self, request: EstimateMemory) -> Report:
        preload_torch()
        from gbrs_core import devices
        from models import memory
        from models.registry import entry

        spec = entry(request.architecture).spec()
        height, width = working_size(spec)
        if request.architecture not in self._estimates:
            self._estimates[request.architecture] = memory.estimate(spec, height, width)
        device = devices.resolve(request.device)
        return MemoryEstimated(
            request.request_id,
            request.architecture,
            devices.available()[device],
            (height, width),
            self._estimates[request.architecture].total_bytes,
            memory.available_bytes(device),
        )


def _list_published(request: ListPublished) -> Report:
    from models.published import PUBLISHED
    from models.registry import DEFAULTS

    tasks = {name: task for task, name in DEFAULTS.items()} | {entry.architecture: entry.task for entry in PUBLISHED}
    return PublishedListed(request.request_id, PUBLISHED, tasks)


def _read_class_list(request: ReadClassList) -> Report:
    from models import class_lists

    classes = class_lists.read_class_list(request.path, request.names)
    if len(classes) != len(request.names):
        raise class_lists.ClassListError(
            f"{request.path} names {len(classes)} classes, but the network tells {len(request.names)} apart; "
            "choose the list of the data set it was trained on"
        )
    class_lists.remember(request.sha256, classes)
    return ClassListRead(request.request_id, request.path, request.sha256, classes.names, classes.colours)


def _forget_class_list(request: ForgetClassList) -> Report:
    from models import class_lists

    return ClassListForgotten(request.request_id, request.sha256, class_lists.forget(request.sha256))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
