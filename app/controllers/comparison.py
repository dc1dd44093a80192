"""Comparing the prediction with a map of another program: figures in a message, places in the view "difference"."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal

from app.controllers.annotation import AnnotationController
from app.controllers.files import FileController
from app.controllers.layers import LayerSource
from app.controllers.network import NetworkController
from app.file_messages import ReadReference, ReferenceReady
from app.messages import Failed, Report
from app.state.dense import DenseLayer
from app.state.results import Values
from gbrs_core.label_maps import compare_label_maps
from gbrs_core.prediction import OutputKind


class ComparisonController(QObject):
    """Reads the map, and keeps it until another image is opened or the comparison is ended.

    Signals:
        compared(str title, str text): how far map and prediction agree.
        hinted(str): why nothing was compared.
        failed(Failed): the map could not be read.
    """

    compared = Signal(str, str)
    hinted = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        annotation: AnnotationController,
        network: NetworkController,
        files: FileController,
        source: LayerSource,
        post: Callable[[ReadReference], None],
        request_ids: count[int],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._annotation = annotation
        self._network = network
        self._files = files
        self._source = source
        self._post = post
        self._request_ids = request_ids
        self._request_id = 0
        self._task = ""
        files.image_changed.connect(self.end)

    def compare_with(self, path: Path) -> None:
        """Read a map of the task's kind and compare the prediction with it."""
        layer, image, network = self._annotation.document.layer, self._files.image, self._network.network
        if layer is None or image is None or self._source.estimate is None:
            self.hinted.emit("There is no prediction to compare with yet.")
            return
        self._request_id, self._task = next(self._request_ids), layer.task
        class_count = len(network.spec.class_names) if network is not None else 0
        size = (image.shape[0], image.shape[1])
        self._post(ReadReference(self._request_id, path, layer.description.output_kind, size, class_count))

    def end(self) -> None:
        """No longer compare: the view "difference" shows what refinement changed again."""
        self._request_id = 0
        self._source.references.clear()

    def receive(self, report: Report) -> None:
        """Take a report of the file thread about the map that was asked for last."""
        if report.request_id != self._request_id:
            return
        if isinstance(report, Failed):
            self.failed.emit(report)
            return
        layer, estimate = self._annotation.document.layer, self._source.estimate
        if (
            isinstance(report, ReferenceReady)
            and layer is not None
            and layer.task == self._task
            and estimate is not None
        ):
            reference = at_working_size(report.values, estimate.values)
            self._source.references[layer.task] = reference
            words = self._words(layer, reference, estimate.values)
            self.compared.emit(f"Compared with {report.path.name}", ". ".join((words, *report.notes)))
        else:
            self.hinted.emit("The prediction to compare with is gone: another task or network came in between.")

    def _words(self, layer: DenseLayer, reference: Values, values: Values) -> str:
        if layer.description.output_kind is OutputKind.LABEL_MAP:
            names = self._network.network.spec.class_names if self._network.network is not None else ()
            found = compare_label_maps(values.astype(np.int32), reference, len(names))
            return (
                f"{found.changed_share:.1%} of the pixels have another class, mean IoU {found.mean_iou:.3f}; "
                f"{found.compared_share:.0%} of the pixels have a class in both"
            )
        if layer.description.output_kind is OutputKind.ALPHA_MATTE:
            return f"Mean absolute difference of alpha {np.abs(values - reference).mean():.4f}"
        is_known = reference > 0
        share = np.abs(values - reference)[is_known] / reference[is_known]
        return f"Mean absolute relative difference of depth {share.mean():.3f} where the file knows a depth"


def at_working_size(reference: Values, values: Values) -> Values:
    """A map at image size, made as small as the prediction: its nearest pixels, so that ids and unknown depths stay."""
    height, width = values.shape
    small = cv2.resize(reference, (width, height), interpolation=cv2.INTER_NEAREST)
    small.flags.writeable = False
    return small
