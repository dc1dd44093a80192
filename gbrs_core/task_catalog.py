"""The dense prediction tasks and what the window must know of them, torch-free.

How to add a task: write its file in `gbrs_core/tasks/` and add one entry here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gbrs_core.interaction import Mode, TargetSpec
from gbrs_core.prediction import OutputKind


@dataclass(frozen=True)
class TaskDescription:
    """A task; panels, parsers and menus are built from it.

    Attributes:
        name: registry name.
        title: what the window calls it.
        home: where its engine part is, "package.module:CLASS".
        output_kind: what its predictions are.
        modes: how they can be corrected.
        target_spec: which targets a click may have, as far as the task decides it; a network may narrow it, see
            `gbrs_core.tasks.base.Task.targets_of`.
        needs_trimap: whether its networks want a trimap beside the image.
        push_step: epsilon of the push mode, in units of the prediction; None where there is no push mode.
        radius_share: attention radius that is offered before anybody chose one, in longest sides of the image.
    """

    name: str
    title: str
    home: str
    output_kind: OutputKind
    modes: tuple[Mode, ...]
    target_spec: TargetSpec
    needs_trimap: bool = False
    push_step: float | None = None
    radius_share: float = 0.12


_ALL = (
    TaskDescription(
        name="interactive",
        title="Object",
        home="gbrs_core.tasks.interactive_segmentation:InteractiveSegmentation",
        output_kind=OutputKind.MASK,
        modes=(Mode.CLICK,),
        target_spec=TargetSpec(kind="binary"),
    ),
    TaskDescription(
        name="semantic",
        title="Semantic",
        home="gbrs_core.tasks.semantic_segmentation:SemanticSegmentation",
        output_kind=OutputKind.LABEL_MAP,
        modes=(Mode.CLICK, Mode.STROKE),
        target_spec=TargetSpec(kind="classes", minimum=0.0, maximum=float("inf"), default=0.0, secondary=1.0),
    ),
    TaskDescription(
        name="matting",
        title="Matting",
        home="gbrs_core.tasks.image_matting:ImageMatting",
        output_kind=OutputKind.ALPHA_MATTE,
        modes=(Mode.CLICK, Mode.PUSH),
        target_spec=TargetSpec(kind="range", minimum=0.0, maximum=1.0, default=1.0, secondary=0.0),
        needs_trimap=True,
        push_step=0.1,
    ),
    TaskDescription(
        name="depth",
        title="Depth",
        home="gbrs_core.tasks.depth_estimation:DepthEstimation",
        output_kind=OutputKind.DEPTH_MAP,
        modes=(Mode.CLICK, Mode.PUSH),
        target_spec=TargetSpec(kind="range", minimum=0.001, maximum=float("inf"), unit="m", default=2.0, secondary=4.0),
        push_step=0.1,
        radius_share=0.3,  # measured in docs/results_depth.md
    ),
)

TASKS: Mapping[str, TaskDescription] = {task.name: task for task in _ALL}
"""By registry name, in the order the window shows them."""
