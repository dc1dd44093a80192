"""From predictions to what the canvas draws, what the status bar says of a pixel, and what the eyedropper takes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from app.controllers.annotation import AnnotationController
from app.controllers.network import NetworkController
from app.controllers.refinement import RefinementController
from app.rendering.layers import AlphaLayer, ClickMarker, Colour, DepthLayer, LabelMapLayer, Layer, MaskLayer
from app.rendering.resample import value_at
from app.state.dense import DenseLayer
from app.state.document import ObjectState
from app.state.results import Estimate, Values
from gbrs_core.interaction import Interaction, Push, Stroke
from gbrs_core.prediction import OutputKind

UNKNOWN_COLOUR: Colour = (128, 128, 128)
_ALPHA_DARK, _ALPHA_LIGHT = 40, 250


class LayerSource:
    """Reads document, predictions and networks.

    Attributes:
        references: by task, what the view "difference" compares with instead of the automatic prediction; at working
            size.
    """

    def __init__(
        self, annotation: AnnotationController, refinement: RefinementController, network: NetworkController
    ) -> None:
        self._annotation = annotation
        self._refinement = refinement
        self._network = network
        self.references: dict[str, Values] = {}

    @property
    def estimate(self) -> Estimate | None:
        """The prediction of the active object or of the layer of the task."""
        current = self._annotation.document.current
        return self._refinement.shown(current) if current is not None else None

    # --- what the canvas draws ---

    def layers(self) -> tuple[Layer, ...]:
        """Bottom to top."""
        document = self._annotation.document
        if document.layer is not None:
            estimate = self._refinement.shown(document.layer)
            return () if estimate is None else (self._dense(document.layer, estimate),)
        # As exports resolve overlaps: later over earlier, locked over all, the first locked topmost.
        locked = [item for item in document.objects if item.is_locked]
        ordered = (*(item for item in document.objects if not item.is_locked), *reversed(locked))
        known = ((item, self._refinement.shown(item)) for item in ordered)
        return tuple(self._mask(item, estimate) for item, estimate in known if estimate is not None)

    def before(self) -> Layer | None:
        """The active layer before the newest click, None if there was none."""
        current = self._annotation.document.current
        before = self._refinement.before(current) if current is not None else None
        if current is None or before is None:
            return None
        return self._dense(current, before) if isinstance(current, DenseLayer) else self._mask(current, before)

    def markers(self) -> tuple[ClickMarker, ...]:
        """A marker for every click, stroke and push that can be edited."""
        current = self._annotation.document.current
        if current is None or (isinstance(current, ObjectState) and current.is_finished):
            return ()
        selected = self._annotation.selected_click
        return tuple(
            self._marker(number, click, number - 1 == selected) for number, click in enumerate(current.clicks, 1)
        )

    def colour_of(self, target: float) -> Colour | None:
        """The colour in which a target is drawn; None where its sign says it all."""
        network, layer = self._network.network, self._annotation.document.layer
        if layer is None or layer.description.output_kind is OutputKind.DEPTH_MAP:
            return None if layer is None else UNKNOWN_COLOUR
        if layer.description.output_kind is OutputKind.ALPHA_MATTE:
            level = round(_ALPHA_DARK + (_ALPHA_LIGHT - _ALPHA_DARK) * min(max(target, 0.0), 1.0))
            return level, level, level
        colours = network.spec.class_colours if network is not None else ()
        return colours[int(target)] if 0 <= target < len(colours) else UNKNOWN_COLOUR

    def _mask(self, item: ObjectState, estimate: Estimate) -> MaskLayer:
        return MaskLayer(
            object_id=item.object_id,
            logits=estimate.values,
            colour=item.colour,
            is_active=item.object_id == self._annotation.document.active_object_id,
            is_visible=item.is_visible,
            is_locked=item.is_locked,
            threshold=item.logit_threshold,
        )

    def _dense(self, layer: DenseLayer, estimate: Estimate) -> Layer:
        kind, values = layer.description.output_kind, estimate.values
        reference = self._refinement.automatic(layer)
        before = self.references.get(layer.task)
        if before is None or before.shape != values.shape:
            before = reference.values if reference is not None and layer.clicks else None
        if kind is OutputKind.LABEL_MAP:
            details = estimate.details
            return LabelMapLayer(
                values,
                self._palette(),
                layer.hidden_classes,
                scores=details.scores if details is not None else None,
                uncertainty=details.uncertainty if details is not None else None,
                before=before,
            )
        if kind is OutputKind.ALPHA_MATTE:
            return AlphaLayer(values, before, layer.trimap.values if layer.trimap is not None else None)
        network = self._network.network
        limits = (network.targets.minimum, network.targets.maximum) if network is not None else None
        return DepthLayer(values, before, valid_range=limits)

    def _palette(self) -> NDArray[np.uint8]:
        network = self._network.network
        return np.array(network.spec.class_colours if network is not None else (), np.uint8).reshape(-1, 3)

    def _marker(self, number: int, click: Interaction, is_selected: bool) -> ClickMarker:
        if isinstance(click, Push):
            is_up = click.direction > 0
            label = f"{'+' if is_up else '−'}{click.step:g}"
            return ClickMarker(number, click.x, click.y, 0.0, is_up, is_selected, label=label)
        colour, label = self.colour_of(click.target), self.label_of(click.target)
        if isinstance(click, Stroke):
            return ClickMarker(number, *middle_of(click), 0.0, True, is_selected, colour, label)
        return ClickMarker(number, click.x, click.y, click.radius, click.is_positive, is_selected, colour, label)

    # --- values ---

    def label_of(self, target: float) -> str:
        """A target in a few characters; empty for object and background."""
        layer = self._annotation.document.layer
        if layer is None:
            return ""
        if layer.description.output_kind is OutputKind.LABEL_MAP:
            return self.class_name(int(target))
        unit = layer.description.target_spec.unit
        return f"{target:.2f} {unit}".strip()

    def class_name(self, class_id: int) -> str:
        """What a class is called."""
        network = self._network.network
        names = network.spec.class_names if network is not None else ()
        return names[class_id] if 0 <= class_id < len(names) else f"class {class_id}"

    def target_at(self, x: float, y: float, image_size: tuple[int, int]) -> float | None:
        """The class, alpha or depth that the prediction has at an image position; None without one."""
        layer, estimate = self._annotation.document.layer, self.estimate
        if layer is None or estimate is None:
            return None
        if layer.description.output_kind is OutputKind.LABEL_MAP:
            return float(estimate.values[_cell(estimate.values, image_size, x, y)])
        return value_at(estimate.values, image_size, x, y)

    def value_text(self, x: float, y: float, image_size: tuple[int, int]) -> str:
        """What the prediction says at an image position, in words; empty without one."""
        layer, estimate = self._annotation.document.layer, self.estimate
        if estimate is None:
            return ""
        if layer is None:
            logit = value_at(estimate.values, image_size, x, y)
            return f"logit {logit:+.1f}  p {_probability(logit):.2f}".replace("-", "−")
        target = self.target_at(x, y, image_size)
        assert target is not None, "there is an estimate"
        kind = layer.description.output_kind
        if kind is OutputKind.LABEL_MAP:
            return f"{self.class_name(int(target))}{_certainty(estimate, image_size, x, y)}"
        return f"alpha {target:.2f}" if kind is OutputKind.ALPHA_MATTE else f"depth {target:.2f} m"


def middle_of(stroke: Stroke) -> tuple[float, float]:
    """The painted pixel nearest to the middle of a stroke, (x, y) in image pixels."""
    rows, columns = np.nonzero(stroke.mask)
    nearest = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
    return float(columns[nearest] + stroke.left), float(rows[nearest] + stroke.top)


def _cell(values: NDArray[np.generic], image_size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    """The working pixel that an image position lies in."""
    height, width = values.shape
    row, column = int((y + 0.5) * height / image_size[0]), int((x + 0.5) * width / image_size[1])
    return min(max(row, 0), height - 1), min(max(column, 0), width - 1)


def _certainty(estimate: Estimate, image_size: tuple[int, int], x: float, y: float) -> str:
    """The probability of the most probable class there."""
    if estimate.details is None:
        return ""
    row, column = _cell(estimate.values, image_size, x, y)
    scores = estimate.details.scores[:, row, column].astype(np.float64)
    return f"  p {1.0 / np.exp(scores - scores.max()).sum():.2f}"


def _probability(logit: float) -> float:
    """The logistic function, without overflow."""
    return 1.0 / (1.0 + math.exp(-logit)) if logit > -500 else 0.0
