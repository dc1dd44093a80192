"""Edits of the layer of a dense task: clicks with a target, strokes, pushes, the trimap, targets, visible classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.controllers.annotation import MERGE_PUSH, MERGE_STRIDE, AnnotationController
from app.controllers.files import FileController
from app.controllers.layers import LayerSource
from app.controllers.network import NetworkController
from app.controllers.refinement import RefinementController
from app.file_messages import MakeTrimap, ReadTrimap, TrimapReady
from app.messages import Failed, Report
from app.state.dense import INTERACTIVE, DenseLayer, Trimap
from gbrs_core import trimap as trimaps
from gbrs_core.interaction import Click, Interaction, Mode, Push, Stroke, TargetSpec

Points = tuple[tuple[float, float], ...]


class DenseController(QObject):
    """Makes every edit a step of the history; what a button means (targets, brush values) is no step.

    Signals:
        hinted(str): why an edit was not made.
        warned(str title, str text): an edit was made that may not be meant.
        failed(Failed): a trimap could not be made or read; the one before stays.
        target_wanted(): the right button needs a target first.
        brush_changed(): another trimap value is painted.
    """

    hinted = Signal(str)
    warned = Signal(str, str)
    failed = Signal(object)
    target_wanted = Signal()
    brush_changed = Signal()

    def __init__(
        self,
        annotation: AnnotationController,
        refinement: RefinementController,
        network: NetworkController,
        files: FileController,
        source: LayerSource,
        post: Callable[[MakeTrimap | ReadTrimap], None],
        request_ids: count[int],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._annotation = annotation
        self._refinement = refinement
        self._network = network
        self._files = files
        self._source = source
        self._post = post
        self._request_ids = request_ids
        self._trimap_request = 0
        self._hold: tuple[float, float, bool] | None = None
        self._hold_ids = count(1)
        self._hold_id = 0
        self.trimap_value = trimaps.UNKNOWN
        refinement.busy_changed.connect(self._on_busy_changed)
        refinement.failed.connect(self.release_push)

    @property
    def layer(self) -> DenseLayer | None:
        """The layer of the task; None in interactive segmentation."""
        return self._annotation.document.layer

    @property
    def targets(self) -> TargetSpec | None:
        """Which targets there are, as the network has it; without one, as the task has it."""
        if self.layer is None:
            return None
        network = self._network.network
        return network.targets if network is not None else self.layer.description.target_spec

    # --- corrections ---

    def add_click(self, x: float, y: float, radius: float, is_positive: bool) -> None:
        """Correct the map around a pixel, to the target of the button."""
        target = self._target(is_secondary=not is_positive)
        if target is not None and self._is_open(x, y):
            self.place(Click(x, y, radius, target))

    def place(self, click: Click) -> None:
        """Add a click with a target of its own, whatever the buttons stand for."""
        self._add(click, "click")

    def add_stroke(self, points: Points, radius: float, is_secondary: bool) -> None:
        """Correct the map where a brush was moved, to the target of the button."""
        target, image = self._target(is_secondary=is_secondary), self._files.image
        if target is None or image is None:
            return
        try:
            stroke = Stroke.along(points, radius, target, *image.shape[:2])
        except ValueError:  # nothing of it is inside of the image
            return
        self._add(stroke, "stroke")

    def hold_push(self, x: float, y: float, is_positive: bool) -> None:
        """Push the value up or down at a pixel, again and again until it is released."""
        is_new = self._hold is None
        self._hold = x, y, is_positive
        if is_new:
            self._hold_id = next(self._hold_ids)
            self._push_once()

    def release_push(self) -> None:
        """No longer push."""
        self._hold = None

    def _push_once(self) -> None:
        layer = self.layer
        if self._hold is None or layer is None or not self._can_correct(layer):
            self._hold = None
            return
        x, y, is_positive = self._hold
        if not self._is_open(x, y):
            self._hold = None
            return
        push = Push(x, y, 1 if is_positive else -1, layer.push_step)
        self._add(push, "push", MERGE_PUSH + MERGE_STRIDE * self._hold_id)

    def _on_busy_changed(self, is_busy: bool) -> None:
        if not is_busy and self._hold is not None:
            self._push_once()

    def _add(self, interaction: Interaction, what: str, merge_id: int = -1) -> None:
        layer = self.layer
        if layer is not None and self._can_correct(layer):
            self._annotation.selected_click = None
            document = self._annotation.document.with_click(layer.object_id, interaction)
            self._annotation.push(document, f"{what.capitalize()} {len(layer.clicks) + 1} of {layer.name}", merge_id)

    def _can_correct(self, layer: DenseLayer) -> bool:
        """Whether there is something to correct; says what is missing."""
        if not layer.is_predictable:
            self.hinted.emit("A matte needs a trimap first: make it from an object, import one, or paint it (B).")
            return False
        return True

    def _is_open(self, x: float, y: float) -> bool:
        """Whether the trimap leaves a pixel to the network; says what to do where it does not."""
        trimap = self.layer.trimap if self.layer is not None else None
        if trimap is None:
            return True
        height, width = trimap.values.shape
        row, column = min(max(round(y), 0), height - 1), min(max(round(x), 0), width - 1)
        value = int(trimap.values[row, column])
        if value != trimaps.UNKNOWN:
            known = "foreground" if value == trimaps.FOREGROUND else "background"
            self.hinted.emit(f"The trimap says {known} here. To correct it, paint it unknown first (B).")
        return value == trimaps.UNKNOWN

    # --- targets ---

    def set_target(self, target: float, is_secondary: bool = False) -> None:
        """What a button makes of pixels; a target out of range is not taken."""
        layer, targets = self.layer, self.targets
        if layer is None or targets is None:
            return
        if not targets.accepts(target):
            self.hinted.emit(f"{target:g} is out of range: {targets.range_text}.")
            return
        self._annotation.show(self._annotation.document.relayered(layer.with_target(target, is_secondary=is_secondary)))

    def set_push_step(self, step: float) -> None:
        """By how much a push changes the value."""
        if self.layer is not None and step > 0:
            self._annotation.show(self._annotation.document.relayered(replace(self.layer, push_step=step)))

    def scale_target(self, factor: float) -> None:
        """Make the target of the left button a multiple of what it is: twice as far."""
        layer, targets = self.layer, self.targets
        if layer is not None and targets is not None:
            self.set_target(min(max(layer.primary * factor, targets.minimum), targets.maximum))

    def swap_targets(self) -> None:
        """Exchange the targets of both buttons."""
        layer = self.layer
        if layer is None:
            return
        if layer.secondary is None:
            self.target_wanted.emit()
            return
        swapped = replace(layer, primary=layer.secondary, secondary=layer.primary)
        self._annotation.show(self._annotation.document.relayered(swapped))

    def pick(self, x: float, y: float, is_secondary: bool = False) -> None:
        """Take the class, alpha or depth that the prediction has at a pixel as the target of a button."""
        image = self._files.image
        target = self._source.target_at(x, y, (image.shape[0], image.shape[1])) if image is not None else None
        targets = self.targets
        if target is None or targets is None:
            self.hinted.emit("There is no prediction to take a value from yet.")
            return
        self.set_target(min(max(target, targets.minimum), targets.maximum), is_secondary)

    def _target(self, *, is_secondary: bool) -> float | None:
        """The target of a button; asks for it where there is none."""
        layer, targets = self.layer, self.targets
        if layer is None or targets is None:
            return None
        target = layer.target_of(is_secondary=is_secondary)
        if target is None:
            self.hinted.emit(f"Say first which {layer.description.title.lower()} the right button stands for.")
            self.target_wanted.emit()
            return None
        if not targets.accepts(target):
            self.hinted.emit(f"{target:g} is out of range for this network: {targets.range_text}.")
            return None
        return target

    # --- classes ---

    def set_class_visible(self, class_id: int, is_visible: bool) -> None:
        """Show or hide a class."""
        layer = self.layer
        if layer is None or (class_id not in layer.hidden_classes) == is_visible:
            return
        hidden = layer.hidden_classes - {class_id} if is_visible else layer.hidden_classes | {class_id}
        self._set_hidden(layer, hidden, f"{'Show' if is_visible else 'Hide'} {self._source.class_name(class_id)}")

    def show_all_classes(self) -> None:
        """Show every class."""
        if self.layer is not None and self.layer.hidden_classes:
            self._set_hidden(self.layer, frozenset(), "Show all classes")

    def _set_hidden(self, layer: DenseLayer, hidden: frozenset[int], text: str) -> None:
        self._annotation.push(self._annotation.document.relayered(replace(layer, hidden_classes=hidden)), text)

    # --- trimap ---

    def set_trimap_value(self, value: int) -> None:
        """What the left button of the trimap brush paints."""
        self.trimap_value = value
        self.brush_changed.emit()

    def brush_value(self, is_secondary: bool) -> int:
        """What a button of the trimap brush paints: the right one unknown, or background where the left one does."""
        if not is_secondary:
            return self.trimap_value
        return trimaps.BACKGROUND if self.trimap_value == trimaps.UNKNOWN else trimaps.UNKNOWN

    def paint_trimap(self, points: Points, radius: float, is_secondary: bool) -> None:
        """Paint the trimap; the first stroke begins with background everywhere."""
        layer, image = self.layer, self._files.image
        if layer is None or image is None or not layer.description.needs_trimap:
            return
        known = layer.trimap.values if layer.trimap is not None else np.zeros(image.shape[:2], np.uint8)
        values, box = trimaps.painted(known, points, radius, self.brush_value(is_secondary))
        if box[2] > box[0]:
            self._set_trimap(layer, values, "Paint trimap")

    def clear_trimap(self) -> None:
        """Begin with a trimap that says nothing."""
        layer, image = self.layer, self._files.image
        if layer is not None and image is not None:
            self._set_trimap(
                layer, np.full(image.shape[:2], trimaps.UNKNOWN, np.uint8), "Trimap without anything known"
            )

    def trimap_from_object(self, erode: float, dilate: float) -> None:
        """Make the trimap from the mask of the active object, with an unknown band of these widths along its edge."""
        document, image = self._annotation.document, self._files.image
        item = document.find(document.active_object_id) if document.active_object_id is not None else None
        shown = self._refinement.shown(item) if item is not None else None
        if item is None or shown is None or image is None:
            self.hinted.emit("Click an object first: its mask is what the trimap is made from (Ctrl+1).")
            return
        size = (image.shape[0], image.shape[1])
        self._ask(MakeTrimap(next(self._request_ids), shown.values, item.logit_threshold, size, erode, dilate))

    def import_trimap(self, path: Path) -> None:
        """Take a trimap from a file."""
        image = self._files.image
        if image is not None:
            self._ask(ReadTrimap(next(self._request_ids), path, (image.shape[0], image.shape[1])))

    def receive(self, report: Report) -> None:
        """Take a report of the file thread about the trimap that was asked for last."""
        if report.request_id != self._trimap_request:
            return
        layer = self._annotation.document.layer_of("matting")
        image = self._files.image
        if isinstance(report, Failed):
            self.failed.emit(report)
        elif isinstance(report, TrimapReady) and image is not None and report.values.shape == image.shape[:2]:
            self._set_trimap(layer, report.values, report.text)
            if report.notes:
                self.hinted.emit("; ".join(report.notes))

    def _ask(self, request: MakeTrimap | ReadTrimap) -> None:
        self._trimap_request = request.request_id
        self._post(request)

    def _set_trimap(
        self, layer: DenseLayer, values: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], text: str
    ) -> None:
        self._annotation.push(self._annotation.document.relayered(replace(layer, trimap=Trimap(values))), text)
        if trimaps.is_all_unknown(values):
            self.warned.emit(
                "The trimap is unknown everywhere",
                "The network has to guess what the foreground is. Paint some foreground and background (B).",
            )
        elif not (values == trimaps.UNKNOWN).any():
            self.warned.emit(
                "The trimap leaves nothing unknown",
                "Only what is unknown is estimated. Paint the edge of the object unknown (B).",
            )

    @property
    def can_make_trimap(self) -> bool:
        """Whether there is an object to make a trimap from."""
        document = self._annotation.document
        item = document.find(document.active_object_id) if document.active_object_id is not None else None
        return item is not None and bool(item.clicks)

    def can_use(self, tool: str) -> bool:
        """Whether the task has a use for a tool."""
        document = self._annotation.document
        modes = document.layer.description.modes if document.layer is not None else (Mode.CLICK,)
        needed = {"stroke": Mode.STROKE in modes, "push": Mode.PUSH in modes, "pick": document.task != INTERACTIVE}
        needed["trimap"] = document.layer is not None and document.layer.description.needs_trimap
        return needed.get(tool, True)
