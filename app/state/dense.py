"""What the annotator has made of one image in a task with one map for the whole image. Immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from gbrs_core.config import RefinementConfig
from gbrs_core.interaction import Interaction
from gbrs_core.prediction import OutputKind
from gbrs_core.task_catalog import TASKS, TaskDescription

INTERACTIVE = "interactive"
"""The task with objects; every other one has a layer."""

LAYER_IDS: Mapping[str, int] = {
    name: -number
    for number, name in enumerate((name for name, task in TASKS.items() if task.output_kind is not OutputKind.MASK), 1)
}
"""What a layer goes by where objects go by their ids: negative, so that they never meet."""


_versions = count(1)


@dataclass(frozen=True)
class Trimap:
    """A trimap; another one has another version, so that nobody compares pixels.

    Attributes:
        values: read-only (H, W) uint8 at image size: 0 background, 128 unknown, 255 foreground.
        version: never given twice.
    """

    values: NDArray[np.uint8] = field(compare=False)
    version: int = field(default_factory=lambda: next(_versions))

    def __post_init__(self) -> None:
        self.values.flags.writeable = False

    @property
    def digest(self) -> str:
        """Names the content within this run."""
        return f"trimap {self.version}"


@dataclass(frozen=True)
class DenseLayer:
    """The one map of a task, and what was done to correct it.

    Attributes:
        task: registry name.
        clicks: clicks, strokes and pushes in the order they were made; the newest is last.
        config: refinement settings.
        trimap: for tasks that need one; None as long as there is none.
        hidden_classes: ids of the classes that are not drawn.
        primary: target of the left button: class id, alpha, or depth.
        secondary: target of the right button; None as long as nobody said.
        push_step: by how much a push changes the value, in its unit.
    """

    task: str
    clicks: tuple[Interaction, ...] = ()
    config: RefinementConfig = field(default_factory=RefinementConfig)
    trimap: Trimap | None = None
    hidden_classes: frozenset[int] = frozenset()
    primary: float = 1.0
    secondary: float | None = None
    push_step: float = 0.1

    @classmethod
    def blank(cls, task: str, config: RefinementConfig | None = None) -> DenseLayer:
        """A layer on which nothing was done yet, with the targets that the task begins with."""
        targets = TASKS[task].target_spec
        # A second depth cannot be guessed; a second class or alpha can.
        secondary = None if targets.kind == "range" and targets.unit else targets.secondary
        step = TASKS[task].push_step or cls.push_step
        config = config or RefinementConfig()
        return cls(task, config=config, primary=targets.default, secondary=secondary, push_step=step)

    @property
    def description(self) -> TaskDescription:
        """The task's entry in the catalogue."""
        return TASKS[self.task]

    @property
    def object_id(self) -> int:
        """What the layer goes by where objects go by their ids."""
        return LAYER_IDS[self.task]

    @property
    def name(self) -> str:
        """What the history calls it."""
        return self.description.title

    @property
    def is_editable(self) -> bool:
        """Whether clicks may be added, moved or deleted: always."""
        return True

    @property
    def is_predictable(self) -> bool:
        """Whether the network has everything it needs beside the image."""
        return self.trimap is not None or not self.description.needs_trimap

    @property
    def trimap_digest(self) -> str:
        """Names the trimap; empty without one."""
        return self.trimap.digest if self.trimap is not None else ""

    def emptied(self) -> DenseLayer:
        """For another image: nothing done yet, with the same settings and targets."""
        return replace(self, clicks=(), trimap=None)

    def with_target(self, target: float, *, is_secondary: bool) -> DenseLayer:
        """With another target of the left or the right button."""
        return replace(self, secondary=target) if is_secondary else replace(self, primary=target)

    def target_of(self, *, is_secondary: bool) -> float | None:
        """The target of a button; None as long as nobody said."""
        return self.secondary if is_secondary else self.primary


def blank_layers() -> tuple[DenseLayer, ...]:
    """A layer for every task that has one."""
    return tuple(DenseLayer.blank(task) for task in LAYER_IDS)
