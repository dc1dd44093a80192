"""The annotator's edits: what each makes of the document, what undo says and brings back, what is refused."""

import pytest

from app.controllers.annotation import AnnotationController
from app.state.document import DocumentState
from gbrs_core.config import RefinementConfig
from gbrs_core.interaction import Click

FIRST, SECOND = Click(10.0, 20.0, 30.0, 1.0), Click(40.0, 50.0, 60.0, -1.0)


@pytest.fixture
def annotation(qtbot):
    controller = AnnotationController()
    controller.networks["interactive"] = "network"
    return controller


@pytest.fixture
def hints(annotation):
    heard = []
    annotation.hinted.connect(heard.append)
    return heard


def click(annotation, *clicks):
    for item in clicks or (FIRST,):
        annotation.add_click(item.x, item.y, item.radius, item.is_positive)


def active(annotation):
    return annotation.document.active


class TestClicks:
    def test_the_first_click_starts_an_object(self, annotation):
        click(annotation, FIRST, SECOND)
        assert active(annotation).clicks == (FIRST, SECOND)
        assert annotation.undo_stack.undoText() == "Add click 2 to Object 1"

    def test_a_click_after_finishing_starts_the_next_object(self, annotation):
        click(annotation)
        annotation.finish(1)
        click(annotation, SECOND)
        assert [item.clicks for item in annotation.document.objects] == [(FIRST,), (SECOND,)]
        assert active(annotation).object_id == 2

    def test_move_change_delete(self, annotation):
        click(annotation, FIRST, SECOND)
        annotation.move_click(0, 1.0, 2.0)
        assert active(annotation).clicks[0] == Click(1.0, 2.0, 30.0, 1.0)
        annotation.replace_click(1, FIRST)
        assert active(annotation).clicks[1] == FIRST
        annotation.delete_click(0)
        assert active(annotation).clicks == (FIRST,)
        annotation.delete_last_click()
        annotation.delete_last_click()
        assert active(annotation).clicks == ()

    def test_changing_nothing_is_no_step(self, annotation):
        click(annotation)
        annotation.move_click(0, FIRST.x, FIRST.y)
        annotation.rename(1, "Object 1")
        annotation.rename(1, "   ")
        annotation.set_config(RefinementConfig())
        assert annotation.undo_stack.count() == 1

    def test_selection_follows_the_document(self, annotation):
        click(annotation, FIRST, SECOND)
        annotation.select_click(1)
        assert annotation.selected_click == 1
        annotation.undo_stack.undo()
        assert annotation.selected_click is None
        annotation.select_click(5)
        assert annotation.selected_click is None


class TestHistory:
    def test_every_edit_can_be_taken_back_and_done_again(self, annotation):
        annotation.set_config(RefinementConfig(layer="sb"))
        click(annotation, FIRST, SECOND)
        edits = [
            lambda: annotation.move_click(0, 5.0, 5.0),
            lambda: annotation.delete_click(1),
            lambda: annotation.set_threshold(0.7),
            lambda: annotation.rename(1, "cup"),
            lambda: annotation.recolour(1, (1, 2, 3)),
            lambda: annotation.set_visible(1, False),
            lambda: annotation.finish(1),
            lambda: annotation.reopen(1),
            annotation.clear_clicks,
            lambda: annotation.set_locked(1, True),
            lambda: annotation.set_locked(1, False),
            lambda: annotation.delete_object(1),
            annotation.new_object,
            lambda: annotation.set_config(RefinementConfig(layer="bmsb")),
        ]
        states = []
        for edit in edits:
            states.append(annotation.document)
            edit()
            assert annotation.document != states[-1]
        last = annotation.document
        for expected in reversed(states):
            annotation.undo_stack.undo()
            # Which object is active is no step of its own, but comes back with the step.
            assert annotation.document == expected
        for _ in edits:
            annotation.undo_stack.redo()
        assert annotation.document == last

    def test_two_hundred_steps(self, annotation):
        for number in range(200):
            click(annotation, Click(float(number), 0.0, 5.0, 1.0))
        for _ in range(200):
            annotation.undo_stack.undo()
        assert annotation.document == DocumentState()
        for _ in range(200):
            annotation.undo_stack.redo()
        assert len(active(annotation).clicks) == 200

    def test_dragging_a_slider_is_one_step(self, annotation):
        click(annotation)
        for threshold in (0.6, 0.7, 0.8):
            annotation.set_threshold(threshold)
        annotation.undo_stack.undo()
        assert active(annotation).threshold == 0.5
        annotation.undo_stack.redo()
        assert active(annotation).threshold == 0.8

    def test_sliders_of_two_objects_are_two_steps(self, annotation):
        click(annotation)
        annotation.set_threshold(0.6)
        annotation.finish(1)
        click(annotation)
        annotation.set_threshold(0.7)
        annotation.undo_stack.undo()
        assert [item.threshold for item in annotation.document.objects] == [0.6, 0.5]

    def test_another_document_has_no_history(self, annotation):
        click(annotation)
        annotation.reset(DocumentState())
        assert not annotation.undo_stack.canUndo()
        assert annotation.document == DocumentState()

    def test_documents_in_reach_of_undo_and_redo(self, annotation):
        click(annotation, FIRST, SECOND)
        annotation.undo_stack.undo()
        lengths = {sum(len(item.clicks) for item in document.objects) for document in annotation.reachable_documents()}
        assert lengths == {0, 1, 2}


class TestRefusals:
    def test_locked_objects_keep_everything_but_looks(self, annotation, hints):
        click(annotation, FIRST, SECOND)
        annotation.set_locked(1, True)
        before = annotation.document
        click(annotation)
        annotation.move_click(0, 0.0, 0.0)
        annotation.delete_click(0)
        annotation.clear_clicks()
        annotation.set_threshold(0.9)
        annotation.finish(1)
        annotation.delete_object(1)
        assert annotation.document == before
        assert len(hints) == 7
        assert all("Object 1 is locked" in hint for hint in hints)

    def test_finished_objects_keep_their_clicks(self, annotation, hints):
        click(annotation)
        annotation.finish(1)
        before = annotation.document
        annotation.move_click(0, 0.0, 0.0)
        annotation.delete_last_click()
        assert annotation.document == before
        assert hints == ["Object 1 is finished. Reopen it to change its clicks."] * 2

    def test_empty_objects_are_not_finished_and_not_doubled(self, annotation, hints):
        annotation.new_object()
        annotation.finish(1)
        annotation.new_object()
        assert len(annotation.document.objects) == 1
        assert not active(annotation).is_finished
        assert len(hints) == 2

    def test_nothing_is_finished_before_there_is_a_network(self, annotation, hints):
        annotation.networks["interactive"] = ""
        click(annotation)
        annotation.finish(1)
        assert not active(annotation).is_finished
        assert "network is still loading" in hints[0]

    def test_without_objects_nothing_happens(self, annotation):
        annotation.delete_last_click()
        annotation.clear_clicks()
        annotation.set_threshold(0.7)
        annotation.activate_neighbour(1)
        assert annotation.document == DocumentState()


class TestFinished:
    def test_a_finished_object_stands_on_the_network_of_then(self, annotation):
        click(annotation)
        annotation.finish(1)
        key = annotation.key_of(active(annotation))
        annotation.networks["interactive"] = "another"
        annotation.set_config(RefinementConfig(layer="sb"))
        assert annotation.key_of(active(annotation)) == key
        annotation.reopen(1)
        assert annotation.key_of(active(annotation)).network_sha256 == "another"

    def test_finishing_changes_nothing_that_is_exported(self, annotation):
        click(annotation)
        before = annotation.export_views()
        annotation.finish(1)
        assert annotation.export_views() == before

    def test_reopening_activates(self, annotation):
        click(annotation)
        annotation.finish(1)
        click(annotation, SECOND)
        annotation.reopen(1)
        assert active(annotation).object_id == 1
        assert active(annotation).is_editable
