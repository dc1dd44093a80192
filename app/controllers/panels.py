"""The panels of the dense tasks, and what targets look like at the pointer."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from app.controllers.annotation import AnnotationController
from app.controllers.dense import DenseController
from app.controllers.layers import LayerSource
from app.controllers.network import NetworkController
from app.controllers.refinement import RefinementController
from app.rendering.layers import Colour, TargetLook
from app.state.dense import DenseLayer
from app.state.results import Values
from app.widgets.canvas import Canvas
from app.widgets.classes_dock import ClassesDock
from app.widgets.depth_dock import DepthDock
from app.widgets.matte_dock import MatteDock
from gbrs_core.label_maps import shares
from gbrs_core.network import NetworkSpec
from gbrs_core.prediction import OutputKind

_TRIMAP_COLOURS: dict[int, Colour] = {0: (226, 58, 48), 128: (120, 150, 220), 255: (34, 178, 94)}


class PanelController(QObject):
    """Shows the layer of the task in its panel, and passes on what is asked there."""

    def __init__(
        self,
        panels: tuple[ClassesDock, MatteDock, DepthDock],
        canvas: Canvas,
        annotation: AnnotationController,
        refinement: RefinementController,
        network: NetworkController,
        dense: DenseController,
        source: LayerSource,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._classes, self._matte, self._depth = panels
        self._canvas = canvas
        self._annotation = annotation
        self._refinement = refinement
        self._network = network
        self._dense = dense
        self._source = source
        self._tool = "click"
        self._counted: tuple[Values, NetworkSpec] | None = None
        self._show = QTimer(self, singleShot=True, interval=0)
        self._show.timeout.connect(self.show_layer)
        annotation.document_changed.connect(self._show.start)
        refinement.results_changed.connect(self._show.start)
        network.changed.connect(self._show.start)
        dense.brush_changed.connect(self._show.start)
        dense.target_wanted.connect(self._ask_for_target)
        for panel in panels:
            panel.target_requested.connect(dense.set_target)
        for panel in (self._matte, self._depth):
            panel.push_step_requested.connect(dense.set_push_step)
        self._classes.visibility_requested.connect(dense.set_class_visible)
        self._classes.search_ended.connect(canvas.setFocus)
        self._matte.from_object_requested.connect(dense.trimap_from_object)

    def set_tool(self, tool: str) -> None:
        """Another tool: its targets look different."""
        self._tool = tool
        self._show.start()

    def show_layer(self) -> None:
        """Show targets, classes and trimap as they are now."""
        layer, targets = self._dense.layer, self._dense.targets
        self._canvas.set_targets(self._looks(layer))
        if layer is None or targets is None:
            return
        kind = layer.description.output_kind
        if kind is OutputKind.LABEL_MAP:
            network = self._network.network
            spec = network.spec if network is not None else None
            self._classes.set_classes(*((spec.class_names, spec.class_colours) if spec is not None else ((), ())))
            self._classes.show_layer(layer)
            self._show_shares(layer)
        elif kind is OutputKind.ALPHA_MATTE:
            self._matte.show_layer(layer, targets)
        else:
            self._depth.show_layer(layer, targets)

    def _show_shares(self, layer: DenseLayer) -> None:
        """Count the pixels of each class, once per result: previews come too fast for it to be of use."""
        result, network = self._refinement.result_of(layer), self._network.network
        if result is None or network is None:
            return
        # With other names or colours the list begins anew, without shares.
        spec = network.spec
        if self._counted is None or result.values is not self._counted[0] or spec is not self._counted[1]:
            self._counted = result.values, spec
            self._classes.show_shares(shares(result.values, len(spec.class_names)).tolist())

    def _looks(self, layer: DenseLayer | None) -> tuple[TargetLook, TargetLook] | None:
        """How the targets of both buttons look with the tool in hand."""
        if layer is None:
            return None
        if self._tool == "trimap":
            first, second = (_TRIMAP_COLOURS[self._dense.brush_value(is_secondary)] for is_secondary in (False, True))
            return TargetLook(first), TargetLook(second)
        return self._look(layer.primary), self._look(layer.secondary if layer.secondary is not None else layer.primary)

    def _look(self, target: float) -> TargetLook:
        return TargetLook(self._source.colour_of(target) or (128, 128, 128), self._source.label_of(target))

    def _ask_for_target(self) -> None:
        if self._dense.layer is not None and self._dense.layer.description.output_kind is OutputKind.DEPTH_MAP:
            self._depth.focus_secondary()
