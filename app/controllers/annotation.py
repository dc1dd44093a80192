"""The annotator's edits: every one becomes a step of the undo history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.state.dense import INTERACTIVE, DenseLayer
from app.state.document import Colour, DocumentState, Item, ObjectState, ResultKey
from gbrs_core.config import RefinementConfig
from gbrs_core.interaction import Click, Interaction, Stroke

UNDO_LIMIT = 1000
OBJECT_TARGET, BACKGROUND_TARGET = 1.0, -1.0

_MERGE_THRESHOLD, _MERGE_CONFIG, MERGE_PUSH, MERGE_TRIMAP = 1, 2, 3, 4
"""What steps that become one have in common; with the stride times what they are about."""
MERGE_STRIDE = 8


class DocumentCommand(QUndoCommand):
    """A step from one document to the next; steps of the same merge id follow each other as one."""

    def __init__(
        self,
        apply: Callable[[DocumentState], None],
        before: DocumentState,
        after: DocumentState,
        text: str,
        merge_id: int = -1,
    ) -> None:
        super().__init__(text)
        self._apply = apply
        self._merge_id = merge_id
        self.before = before
        self.after = after

    def redo(self) -> None:
        """Show the document after the step."""
        self._apply(self.after)

    def undo(self) -> None:
        """Show the document before the step."""
        self._apply(self.before)

    def id(self) -> int:
        """Which steps this one merges with, -1 for none."""
        return self._merge_id

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over the outcome of the step that follows."""
        if not isinstance(other, DocumentCommand):
            return False
        self.after = other.after
        return True


class AnnotationController(QObject):
    """Holds the document and its history.

    Signals:
        document_changed(): the document, its active object or its settings differ.
        selection_changed(): another click is selected.
        hinted(str): why an edit was not made.
    """

    document_changed = Signal()
    selection_changed = Signal()
    hinted = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(UNDO_LIMIT)
        self.networks: dict[str, str] = {}
        self.selected_click: int | None = None
        self._document = DocumentState()

    @property
    def document(self) -> DocumentState:
        """The document as it is now."""
        return self._document

    def network_of(self, item: Item) -> str:
        """Hash of the network that is used for an object or a layer; empty while there is none."""
        return self.networks.get(item.task if isinstance(item, DenseLayer) else INTERACTIVE, "")

    def reset(self, document: DocumentState) -> None:
        """Start with another document and an empty history."""
        self.undo_stack.clear()
        self.show(document)

    def reachable_documents(self) -> Iterator[DocumentState]:
        """Every document that undo and redo can bring back, and the present one."""
        yield self._document
        for index in range(self.undo_stack.count()):
            command = self.undo_stack.command(index)
            if isinstance(command, DocumentCommand):
                yield command.before
                yield command.after

    def document_before_last_step(self) -> DocumentState | None:
        """What undo would bring back, None if there is nothing to undo."""
        command = self.undo_stack.command(self.undo_stack.index() - 1) if self.undo_stack.canUndo() else None
        return command.before if isinstance(command, DocumentCommand) else None

    # --- clicks ---

    def add_click(self, x: float, y: float, radius: float, is_positive: bool) -> None:
        """Click the active object; without one, or with a finished one, a new object begins."""
        document = self._document
        if document.active is None or document.active.is_finished:
            document = document.with_new_object()
        active = document.active
        assert active is not None
        if active.is_locked:
            self.hinted.emit(f"{active.name} is locked. Unlock it, or start a new object.")
            return
        click = Click(x, y, radius, OBJECT_TARGET if is_positive else BACKGROUND_TARGET)
        number = len(active.clicks) + 1
        self.selected_click = None
        self.push(document.with_click(active.object_id, click), f"Add click {number} to {active.name}")

    def replace_click(self, index: int, click: Interaction) -> None:
        """Change place, radius or target of a click of the active object, or of the layer."""
        active = self._editable_current()
        if active is None or active.clicks[index] == click:
            return
        document = self._document.with_click_replaced(active.object_id, index, click)
        self.push(document, f"Change click {index + 1} of {active.name}")

    def move_click(self, index: int, x: float, y: float) -> None:
        """Move a click; a stroke stays where it was painted."""
        current = self._document.current
        click = current.clicks[index] if current is not None else None
        if click is not None and not isinstance(click, Stroke):
            self.replace_click(index, replace(click, x=x, y=y))

    def delete_click(self, index: int) -> None:
        """Take one click out of the active object, or of the layer."""
        active = self._editable_current()
        if active is None:
            return
        self.selected_click = None
        document = self._document.without_click(active.object_id, index)
        self.push(document, f"Delete click {index + 1} of {active.name}")

    def delete_last_click(self) -> None:
        """Take the newest click out of the active object, or of the layer."""
        active = self._document.current
        if active is not None and active.clicks:
            self.delete_click(len(active.clicks) - 1)

    def clear_clicks(self) -> None:
        """Take all clicks out of the active object, or of the layer."""
        active = self._editable_current()
        if active is None or not active.clicks:
            return
        self.selected_click = None
        self.push(self._document.with_clicks(active.object_id, ()), f"Clear clicks of {active.name}")

    def select_click(self, index: int | None) -> None:
        """Select a click of the active object or of the layer, or none."""
        active = self._document.current
        if index is not None and (active is None or not 0 <= index < len(active.clicks)):
            index = None
        if index != self.selected_click:
            self.selected_click = index
            self.selection_changed.emit()

    # --- objects ---

    def new_object(self) -> None:
        """Start another object, unless the active one is still empty."""
        active = self._document.active
        if active is not None and not active.clicks and active.is_editable:
            self.hinted.emit(f"{active.name} has no clicks yet: click into the image.")
            return
        document = self._document.with_new_object()
        self.push(document, f"New {document.get(document.next_object_id - 1).name}")

    def delete_object(self, object_id: int) -> None:
        """Delete an object that is not locked."""
        item = self._unlocked(object_id)
        if item is not None:
            self.push(self._document.without_object(object_id), f"Delete {item.name}")

    def activate(self, object_id: int | None) -> None:
        """Make an object the one that receives clicks. Not a step of the history."""
        if object_id != self._document.active_object_id:
            self.show(self._document.activated(object_id))

    def activate_neighbour(self, step: int) -> None:
        """Go to the next or previous object."""
        neighbour = self._document.neighbour(step)
        if neighbour is not None:
            self.activate(neighbour)

    def rename(self, object_id: int, name: str) -> None:
        """Give an object another name; an empty one is ignored."""
        item = self._document.get(object_id)
        if name.strip() and name.strip() != item.name:
            self._change(item, f"Rename {item.name} to {name.strip()}", name=name.strip())

    def recolour(self, object_id: int, colour: Colour) -> None:
        """Give an object another colour."""
        item = self._document.get(object_id)
        if colour != item.colour:
            self._change(item, f"Colour of {item.name}", colour=colour)

    def set_locked(self, object_id: int, is_locked: bool) -> None:
        """Protect an object from edits, or stop protecting it."""
        item = self._document.get(object_id)
        if is_locked != item.is_locked:
            self._change(item, f"{'Lock' if is_locked else 'Unlock'} {item.name}", is_locked=is_locked)

    def set_visible(self, object_id: int, is_visible: bool) -> None:
        """Show or hide an object's mask."""
        item = self._document.get(object_id)
        if is_visible != item.is_visible:
            self._change(item, f"{'Show' if is_visible else 'Hide'} {item.name}", is_visible=is_visible)

    def set_threshold(self, threshold: float) -> None:
        """Set from which probability a pixel belongs to the active object."""
        item = self._document.active
        if item is None or threshold == item.threshold:
            return
        if item.is_locked:
            self.hinted.emit(f"{item.name} is locked.")
            return
        merge_id = _MERGE_THRESHOLD + MERGE_STRIDE * item.object_id
        self._change(item, f"Threshold of {item.name}", merge_id, threshold=threshold)

    def finish(self, object_id: int) -> None:
        """Finish an object: its mask stays as it is whatever the network is later."""
        item = self._unlocked(object_id)
        if item is None or item.is_finished:
            return
        if not item.clicks:
            self.hinted.emit(f"{item.name} has no clicks yet: click into the image.")
            return
        if not self.network_of(item):
            self.hinted.emit(f"The network is still loading; {item.name} can be finished when its mask is there.")
            return
        self._change(item, f"Finish {item.name}", finished_as=self.key_of(item))

    def reopen(self, object_id: int) -> None:
        """Open a finished object for more clicks and make it active."""
        item = self._unlocked(object_id)
        if item is None or not item.is_finished:
            return
        document = self._document.activated(object_id)
        document = document.changed(object_id, lambda found: replace(found, finished_as=None))
        self.push(document, f"Reopen {item.name}")

    def set_config(self, config: RefinementConfig) -> None:
        """Refine with other settings; unfinished objects, or the layer, are refined again."""
        if config != self._document.current_config:
            layer = self._document.layer
            merge_id = _MERGE_CONFIG + MERGE_STRIDE * (0 if layer is None else -layer.object_id)
            self.push(self._document.configured(config), "Refinement settings", merge_id)

    def key_of(self, item: Item) -> ResultKey:
        """Which result shows an object or a layer: the kept one if it is finished, else that of its clicks now."""
        if isinstance(item, DenseLayer):
            return ResultKey(item.object_id, item.clicks, self.network_of(item), item.config, item.trimap_digest)
        if item.finished_as is not None:
            return item.finished_as
        return ResultKey(item.object_id, item.clicks, self.network_of(item), self._document.config)

    def export_views(self) -> dict[int, tuple[object, ...]]:
        """By object id, what an export shows of each object or layer; equal views need no second export."""
        views: dict[int, tuple[object, ...]] = {
            item.object_id: (item.name, item.colour, self.key_of(item), item.is_locked, item.threshold)
            for item in self._document.objects
            if item.clicks
        }
        worked_on = (layer for layer in self._document.layers if layer.clicks or layer.trimap is not None)
        return views | {layer.object_id: (self.key_of(layer),) for layer in worked_on}

    def push(self, document: DocumentState, text: str, merge_id: int = -1) -> None:
        """Make a step of the history; one with the merge id of the step before becomes part of that."""
        self.undo_stack.push(DocumentCommand(self.show, self._document, document, text, merge_id))

    def show(self, document: DocumentState) -> None:
        """Show another document without a step of the history."""
        had = self._document
        self._document = document
        if (had.active_object_id, had.task) != (document.active_object_id, document.task):
            self.selected_click = None
        current = document.current
        if self.selected_click is not None and (current is None or self.selected_click >= len(current.clicks)):
            self.selected_click = None
        self.document_changed.emit()

    # --- plumbing ---

    def _editable_current(self) -> Item | None:
        current = self._document.current
        if isinstance(current, DenseLayer) or current is None:
            return current
        if current.is_locked:
            self.hinted.emit(f"{current.name} is locked. Unlock it to change its clicks.")
            return None
        if current.is_finished:
            self.hinted.emit(f"{current.name} is finished. Reopen it to change its clicks.")
            return None
        return current

    def _unlocked(self, object_id: int) -> ObjectState | None:
        item = self._document.get(object_id)
        if item.is_locked:
            self.hinted.emit(f"{item.name} is locked. Unlock it first.")
            return None
        return item

    def _change(self, item: ObjectState, text: str, merge_id: int = -1, **changes: object) -> None:
        document = self._document.changed(item.object_id, lambda found: replace(found, **changes))  # type: ignore[arg-type]
        self.push(document, text, merge_id)
