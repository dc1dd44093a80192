"""What the annotator has made of one image: objects with their clicks, and the refinement settings. Immutable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from gbrs_core.config import RefinementConfig
from gbrs_core.interaction import Click
from resources import object_colour

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

DEFAULT_THRESHOLD = 0.5
"""Probability from which a pixel belongs to an object; 0.5 is logit 0."""


@dataclass(frozen=True)
class ResultKey:
    """What a mask depends on beside the image; the same key always names the same logits.

    Attributes:
        object_id: the object the clicks belong to.
        clicks: the clicks in order.
        network_sha256: hash of the network's weights.
        config: the refinement settings.
    """

    object_id: int
    clicks: tuple[Click, ...]
    network_sha256: str
    config: RefinementConfig


@dataclass(frozen=True)
class ObjectState:
    """One annotated object.

    Attributes:
        object_id: positive, never given twice within a document.
        name: what the annotator calls it.
        colour: overlay colour.
        clicks: in the order they were made; the newest is last.
        finished_as: names the mask kept when the object was finished, whatever the network is later; None while open.
        is_locked: neither edited nor deleted, and its pixels win over those of other objects.
        is_visible: whether the overlay shows it.
        threshold: probability in (0, 1) from which a pixel belongs to the object.
    """

    object_id: int
    name: str
    colour: Colour
    clicks: tuple[Click, ...] = ()
    finished_as: ResultKey | None = None
    is_locked: bool = False
    is_visible: bool = True
    threshold: float = DEFAULT_THRESHOLD

    @property
    def is_finished(self) -> bool:
        """Whether the object was finished and not reopened since."""
        return self.finished_as is not None

    @property
    def is_editable(self) -> bool:
        """Whether clicks may be added, moved or deleted."""
        return not self.is_finished and not self.is_locked

    @property
    def logit_threshold(self) -> float:
        """The threshold on the scale of the network's output."""
        return math.log(self.threshold / (1.0 - self.threshold))


@dataclass(frozen=True)
class DocumentState:
    """Everything undo brings back: the objects, which of them is active, and the refinement settings."""

    objects: tuple[ObjectState, ...] = ()
    active_object_id: int | None = None
    config: RefinementConfig = field(default_factory=RefinementConfig)

    @property
    def active(self) -> ObjectState | None:
        """The object that receives clicks, if there is one."""
        return None if self.active_object_id is None else self.find(self.active_object_id)

    @property
    def next_object_id(self) -> int:
        """The id a new object gets."""
        return 1 + max((item.object_id for item in self.objects), default=0)

    @property
    def has_clicks(self) -> bool:
        """Whether anything was annotated at all."""
        return any(item.clicks for item in self.objects)

    def find(self, object_id: int) -> ObjectState | None:
        """The object of that id, or None."""
        return next((item for item in self.objects if item.object_id == object_id), None)

    def get(self, object_id: int) -> ObjectState:
        """The object of that id. Raises KeyError if there is none."""
        found = self.find(object_id)
        if found is None:
            raise KeyError(f"no object {object_id}; objects: {[item.object_id for item in self.objects]}")
        return found

    def neighbour(self, step: int) -> int | None:
        """The id `step` places after the active object in the list, around the end; None without objects."""
        if not self.objects:
            return None
        ids = [item.object_id for item in self.objects]
        if self.active_object_id not in ids:
            return ids[0]
        return ids[(ids.index(self.active_object_id) + step) % len(ids)]

    def activated(self, object_id: int | None) -> DocumentState:
        """With another active object."""
        if object_id is not None:
            self.get(object_id)
        return replace(self, active_object_id=object_id)

    def configured(self, config: RefinementConfig) -> DocumentState:
        """With other refinement settings."""
        return replace(self, config=config)

    def with_new_object(self) -> DocumentState:
        """With one more object, active, named and coloured by its id."""
        object_id = self.next_object_id
        new = ObjectState(object_id, f"Object {object_id}", object_colour(object_id - 1))
        return replace(self, objects=(*self.objects, new), active_object_id=object_id)

    def without_object(self, object_id: int) -> DocumentState:
        """Without that object; its neighbour in the list becomes active if it was."""
        index = self.objects.index(self.get(object_id))
        objects = self.objects[:index] + self.objects[index + 1 :]
        if self.active_object_id != object_id:
            return replace(self, objects=objects)
        active_id = objects[min(index, len(objects) - 1)].object_id if objects else None
        return replace(self, objects=objects, active_object_id=active_id)

    def changed(self, object_id: int, change: Callable[[ObjectState], ObjectState]) -> DocumentState:
        """With one object replaced by `change(object)`. Raises KeyError if there is no such object."""
        self.get(object_id)
        objects = tuple(change(item) if item.object_id == object_id else item for item in self.objects)
        return replace(self, objects=objects)

    def with_click(self, object_id: int, click: Click) -> DocumentState:
        """With a click appended to an object."""
        return self.changed(object_id, lambda item: replace(item, clicks=(*item.clicks, click)))

    def with_click_replaced(self, object_id: int, index: int, click: Click) -> DocumentState:
        """With click `index` (from 0) of an object replaced."""
        return self.changed(
            object_id,
            lambda item: replace(item, clicks=(*item.clicks[:index], click, *item.clicks[index + 1 :])),
        )

    def without_click(self, object_id: int, index: int) -> DocumentState:
        """Without click `index` (from 0) of an object."""
        return self.changed(
            object_id, lambda item: replace(item, clicks=item.clicks[:index] + item.clicks[index + 1 :])
        )

    def kept_results(self) -> Iterator[ResultKey]:
        """The results that finished objects stand on."""
        return (item.finished_as for item in self.objects if item.finished_as is not None)
