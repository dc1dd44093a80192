"""Reads images and maps, makes trimaps, writes exports: what a slow disk or a large photograph would hold up."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Slot

from app.file_messages import (
    BackgroundRead,
    Export,
    Exported,
    ExportItem,
    ExportMap,
    ImageRead,
    MakeTrimap,
    ReadBackground,
    ReadImage,
    ReadReference,
    ReadTrimap,
    ReferenceReady,
    TrimapReady,
)
from app.messages import Request
from app.rendering.options import BackgroundPhoto
from app.threads import Worker
from app.worker_failures import failure
from gbrs_core.errors import ImageError
from gbrs_core.prediction import OutputKind

if TYPE_CHECKING:
    from gbrs_core.export import ExportObject, ExportRequest


class IoWorker(Worker):
    """Works through file requests in order; of several images, or trimaps, asked for in a row only the last is made."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    def post(self, request: Request) -> None:
        """Leave a request; safe on any thread."""
        with self._lock:
            if isinstance(request, ReadImage | MakeTrimap):
                self._requests = [waiting for waiting in self._requests if type(waiting) is not type(request)]
            self._requests.append(request)

    def close(self) -> None:
        """Take nothing new; a file that is being written is finished."""
        with self._lock:
            self._requests.clear()

    @Slot()
    def work(self) -> None:
        """Do everything that is waiting."""
        while (request := self._take()) is not None:
            self._handle(request)

    def _take(self) -> Request | None:
        with self._lock:
            return self._requests.pop(0) if self._requests else None

    def _handle(self, request: Request) -> None:
        what = _FAILURES.get(type(request), "The request failed")
        try:
            if isinstance(request, ReadImage):
                self.reported.emit(_read(request))
            elif isinstance(request, Export):
                self.reported.emit(_export(request))
            elif isinstance(request, MakeTrimap):
                self.reported.emit(_make_trimap(request))
            elif isinstance(request, ReadTrimap):
                self.reported.emit(_read_trimap(request))
            elif isinstance(request, ReadReference):
                self.reported.emit(_read_reference(request))
            elif isinstance(request, ReadBackground):
                self.reported.emit(_read_background(request))
        except Exception as error:  # noqa: BLE001 - the border of the thread
            self.reported.emit(failure(request, what, error))


_FAILURES: dict[type[Request], str] = {
    ReadImage: "The image could not be opened",
    Export: "The export was not written",
    MakeTrimap: "The trimap was not made",
    ReadTrimap: "The trimap was not imported",
    ReadReference: "The map to compare with was not imported",
    ReadBackground: "The background could not be opened",
}


def _read_background(request: ReadBackground) -> BackgroundRead:
    from gbrs_core import image_io

    photo = BackgroundPhoto.of(image_io.read_image(request.path).array)
    return BackgroundRead(request.request_id, request.path, photo)


def _read(request: ReadImage) -> ImageRead:
    from gbrs_core import image_io

    path = request.path
    siblings: tuple[Path, ...] = ()
    if path.is_dir():
        siblings = image_io.list_images(path)
        if not siblings:
            suffixes = ", ".join(image_io.SUFFIXES)
            raise ImageError(f"there is no image in {path}; looked for files ending in {suffixes}")
        path = siblings[0]
    elif request.lists_folder:
        siblings = image_io.list_images(path.parent)
    file = image_io.read_image(path)
    return ImageRead(request.request_id, file.path, file.array, file.note, siblings)


def _make_trimap(request: MakeTrimap) -> TrimapReady:
    import cv2

    from gbrs_core.trimap import trimap_from_mask

    height, width = request.size
    logits = cv2.resize(request.logits, (width, height), interpolation=cv2.INTER_LINEAR)
    values = trimap_from_mask(np.asarray(logits > request.logit_threshold), request.erode, request.dilate)
    return TrimapReady(request.request_id, values, "Trimap from object")


def _read_trimap(request: ReadTrimap) -> TrimapReady:
    from gbrs_core.imports import read_trimap

    imported = read_trimap(request.path, request.size)
    return TrimapReady(request.request_id, imported.array, f"Import {request.path.name}", imported.notes)


def _read_reference(request: ReadReference) -> ReferenceReady:
    from gbrs_core import imports

    if request.kind is OutputKind.LABEL_MAP:
        imported = imports.read_label_map(request.path, request.size, request.class_count)
    elif request.kind is OutputKind.ALPHA_MATTE:
        imported = imports.read_alpha_matte(request.path, request.size)
    else:
        imported = imports.read_depth_map(request.path, request.size)
    return ReferenceReady(request.request_id, request.path, imported.array, imported.notes)


def _export(request: Export) -> Exported:
    from gbrs_core import export

    exporter = export.exporter(request.format_name)
    content = _objects(request) if request.map is None else _map(request, request.map)
    written = export.write_export(exporter, content, request.path, request.splits)
    return Exported(request.request_id, written.paths, written.notes)


def _objects(request: Export) -> ExportRequest:
    from gbrs_core.export import MaskRequest

    size = request.image.shape[:2]
    objects = tuple(_at_image_size(item, size) for item in request.items)
    return MaskRequest(image=request.image, objects=objects, image_path=request.image_path)


def _map(request: Export, item: ExportMap) -> ExportRequest:
    """The map at image size, exactly as `RefinementSession.prediction` has it."""
    from gbrs_core import enlarging, image_io
    from gbrs_core.export import AlphaMatteRequest, DepthMapRequest, LabelMapRequest

    height, width = request.image.shape[:2]
    if item.kind is OutputKind.LABEL_MAP:
        assert item.scores is not None, "a label map comes with its scores"
        return LabelMapRequest(
            image=request.image,
            image_path=request.image_path,
            label_map=enlarging.label_map(item.scores, height, width),
            class_names=item.class_names,
            class_colours=item.class_colours,
            logits=item.scores,
        )
    values = enlarging.enlarged(item.values, height, width)
    if item.kind is OutputKind.DEPTH_MAP:
        return DepthMapRequest(
            image=request.image, image_path=request.image_path, depth_map=values, field_of_view=item.field_of_view
        )
    behind = item.background
    return AlphaMatteRequest(
        image=request.image,
        image_path=request.image_path,
        alpha_matte=enlarging.imposed(values, item.trimap),
        trimap=item.trimap,
        background=behind if isinstance(behind, tuple) else image_io.read_image(behind).array,
    )


def _at_image_size(item: ExportItem, size: tuple[int, int]) -> ExportObject:
    """The object's mask and logits at image size; bilinear between the centres of the working pixels, as on screen."""
    import cv2

    from gbrs_core.export import ExportObject

    height, width = size
    logits = cv2.resize(item.logits, (width, height), interpolation=cv2.INTER_LINEAR) - np.float32(item.logit_threshold)
    return ExportObject(item.name, item.colour, logits > 0, logits, item.is_locked)
