"""What the annotator has made of one image: objects with their clicks, and a layer per dense task. Immutable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from app.state.dense import INTERACTIVE, DenseLayer, blank_layers
from gbrs_core.config import RefinementConfig
from gbrs_core.interaction import Interaction
from resources import object_colour

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

DEFAULT_THRESHOLD = 0.5
"""Probability from which a pixel belongs to an object; 0.5 is logit 0."""


@dataclass(frozen=True)
class ResultKey:
    """What a prediction depends on beside the image; the same key always names the same values.

    Attributes:
        object_id: the object, or the layer, that the clicks belong to.
        clicks: clicks, strokes and pushes in order.
        network_sha256: hash of the network's weights.
        config: the refinement settings.
        trimap: names the trimap, empty where there is none.
    """

    object_id: int
    clicks: tuple[Interaction, ...]
    network_sha256: str
    config: RefinementConfig
    trimap: str = ""

    def after(self, count: int) -> ResultKey:
        """The key of the prediction after the first `count` clicks."""
        return replace(self, clicks=self.clicks[:count])


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
    clicks: tuple[Interaction, ...] = ()
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


Item = ObjectState | DenseLayer
"""What clicks go to: it has an `object_id`, a `name`, and `clicks`."""


@dataclass(frozen=True)
class DocumentState:
    """Everything undo brings back.

    Attributes:
        objects: of interactive segmentation.
        active_object_id: the object that receives clicks there.
        config: its refinement settings.
        layers: one per other task, see `app.state.dense`.
        task: the task that is worked on.
    """

    objects: tuple[ObjectState, ...] = ()
    active_object_id: int | None = None
    config: RefinementConfig = field(default_factory=RefinementConfig)
    layers: tuple[DenseLayer, ...] = field(default_factory=blank_layers)
    task: str = INTERACTIVE

    @property
    def active(self) -> ObjectState | None:
        """The object that receives clicks; None without one, and in other tasks."""
        if self.active_object_id is None or self.task != INTERACTIVE:
            return None
        return self.find(self.active_object_id)

    @property
    def layer(self) -> DenseLayer | None:
        """The layer of the task that is worked on; None in interactive segmentation."""
        return next((layer for layer in self.layers if layer.task == self.task), None)

    @property
    def current(self) -> Item | None:
        """What receives clicks: the active object, or the layer of the task."""
        return self.layer or self.active

    @property
    def current_config(self) -> RefinementConfig:
        """The refinement settings of the task that is worked on."""
        return self.config if self.layer is None else self.layer.config

    @property
    def items(self) -> tuple[Item, ...]:
        """Every object and every layer."""
        return (*self.objects, *self.layers)

    @property
    def next_object_id(self) -> int:
        """The id a new object gets."""
        return 1 + max((item.object_id for item in self.objects), default=0)

    @property
    def has_clicks(self) -> bool:
        """Whether any object was annotated at all."""
        return any(item.clicks for item in self.objects)

    def layer_of(self, task: str) -> DenseLayer:
        """The layer of a task. Raises KeyError for a task without."""
        for layer in self.layers:
            if layer.task == task:
                return layer
        raise KeyError(f"no layer {task!r}; layers: {[layer.task for layer in self.layers]}")

    def item(self, object_id: int) -> Item | None:
        """The object or layer of that id, or None."""
        return next((item for item in self.items if item.object_id == object_id), None)

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

    def emptied(self) -> DocumentState:
        """For another image: nothing done yet, with the same task and settings."""
        return DocumentState(config=self.config, layers=tuple(layer.emptied() for layer in self.layers), task=self.task)

    def switched(self, task: str) -> DocumentState:
        """With another task that is worked on."""
        return replace(self, task=task)

    def configured(self, config: RefinementConfig) -> DocumentState:
        """With other refinement settings of the task that is worked on."""
        if self.layer is None:
            return replace(self, config=config)
        return self.relayered(replace(self.layer, config=config))

    def relayered(self, layer: DenseLayer) -> DocumentState:
        """With the layer of a task replaced."""
        return replace(self, layers=tuple(layer if known.task == layer.task else known for known in self.layers))

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

    def with_clicks(self, object_id: int, clicks: tuple[Interaction, ...]) -> DocumentState:
        """With other clicks of an object or a layer. Raises KeyError if there is no such item."""
        layer = next((layer for layer in self.layers if layer.object_id == object_id), None)
        if layer is not None:
            return self.relayered(replace(layer, clicks=clicks))
        return self.changed(object_id, lambda item: replace(item, clicks=clicks))

    def with_click(self, object_id: int, click: Interaction) -> DocumentState:
        """With a click appended."""
        return self.with_clicks(object_id, (*self._clicks_of(object_id), click))

    def with_click_replaced(self, object_id: int, index: int, click: Interaction) -> DocumentState:
        """With click `index` (from 0) replaced."""
        clicks = self._clicks_of(object_id)
        return self.with_clicks(object_id, (*clicks[:index], click, *clicks[index + 1 :]))

    def without_click(self, object_id: int, index: int) -> DocumentState:
        """Without click `index` (from 0)."""
        clicks = self._clicks_of(object_id)
        return self.with_clicks(object_id, clicks[:index] + clicks[index + 1 :])

    def _clicks_of(self, object_id: int) -> tuple[Interaction, ...]:
        item = self.item(object_id)
        return self.get(object_id).clicks if item is None else item.clicks

    def kept_results(self) -> Iterator[ResultKey]:
        """The results that finished objects stand on."""
        return (item.finished_as for item in self.objects if item.finished_as is not None)
