"""Which image is open: menus, command line, drag and drop, paging through a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.file_messages import ImageRead, ReadImage
from app.messages import Failed, Report, RgbImage
from app.state.image_list import ImageList
from app.state.settings import SettingsStore
from resources import sample_path

NETWORK_SUFFIXES = (".safetensors", ".pth", ".pt", ".tar", ".ckpt", ".bin")


class FileController(QObject):
    """Opens images; whether unsaved work may go is asked by whoever calls it.

    Signals:
        image_changed(): another image is open, or none.
        reading_changed(): an image is being read, or no longer.
        network_dropped(str path): a file that looks like a checkpoint was to be opened.
        failed(Failed): an image could not be opened; the one before stays.
    """

    image_changed = Signal()
    reading_changed = Signal()
    network_dropped = Signal(str)
    failed = Signal(object)

    def __init__(
        self, settings: SettingsStore, post: Callable[[ReadImage], None], request_ids: count[int], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._post = post
        self._request_ids = request_ids
        self._reading: ReadImage | None = None
        self._opened: Path | None = None
        self._given: tuple[Path, ...] = ()
        self.images = ImageList()
        self.image: RgbImage | None = None
        self.path: Path | None = None
        self.note = ""

    @property
    def is_reading(self) -> bool:
        """Whether an image is on its way."""
        return self._reading is not None

    def open(self, path: Path) -> None:
        """Open an image with the others of its folder, or a folder."""
        self._opened, self._given = path, ()
        self._read(ReadImage(next(self._request_ids), path, lists_folder=True))

    def open_several(self, paths: Sequence[Path]) -> None:
        """Open the first of several images and page through these; a folder among them is opened instead."""
        folder = next((path for path in paths if path.is_dir()), None)
        if folder is not None or len(paths) == 1:
            self.open(folder or paths[0])
            return
        self._opened = paths[0]
        self._given = tuple(paths)
        self._read(ReadImage(next(self._request_ids), paths[0]))

    def open_neighbour(self, step: int) -> None:
        """Go to another image of the folder; beyond either end nothing happens."""
        neighbour = self.images.neighbour(step)
        if neighbour is not None:
            self._opened, self._given = None, ()
            self._read(ReadImage(next(self._request_ids), neighbour))

    def close(self) -> None:
        """Have no image open."""
        self._reading = None
        self.image, self.path, self.note, self.images = None, None, "", ImageList()
        self.reading_changed.emit()
        self.image_changed.emit()

    def without_networks(self, paths: Sequence[Path]) -> list[Path]:
        """Of files to be opened, announce a checkpoint and return the images and folders."""
        networks = [path for path in paths if path.suffix.lower() in NETWORK_SUFFIXES]
        if networks:
            self.network_dropped.emit(str(networks[0]))
        return [path for path in paths if path not in networks]

    def receive(self, report: Report) -> None:
        """Take a report of the file thread; that of a request which was replaced is dropped."""
        if self._reading is None or report.request_id != self._reading.request_id:
            return
        self._reading = None
        self.reading_changed.emit()
        if isinstance(report, ImageRead):
            self._show(report)
        elif isinstance(report, Failed):
            self.failed.emit(report)

    def _read(self, request: ReadImage) -> None:
        self._reading = request
        self.reading_changed.emit()
        self._post(request)

    def _show(self, report: ImageRead) -> None:
        self.image, self.path, self.note = report.image, report.path, report.note
        siblings = report.siblings or self._given
        self._given = ()
        images = ImageList(siblings) if siblings else self.images
        self.images = images.at(report.path)
        if self._opened is not None:
            self._remember(self._opened.absolute())
        self.image_changed.emit()

    def _remember(self, path: Path) -> None:
        if path.parent == sample_path().parent:
            return
        settings = self._settings.current.with_recent("recent_images", path)
        self._settings.current = settings.with_folder("image", path if path.is_dir() else path.parent)
