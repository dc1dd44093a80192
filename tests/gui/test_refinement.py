"""What is asked of the engine, and what is made of its reports; the engine is played by the test."""

from itertools import count

import numpy as np
import pytest

from app.controllers.annotation import AnnotationController
from app.controllers.refinement import RefinementController
from app.mailbox import Mailbox
from app.messages import ClickRefined, Failed, RefineEnded, RefineProgress
from app.state.results import ClickOutcome
from gbrs_core.config import RefinementConfig

IMAGE = np.zeros((8, 8, 3), np.uint8)
OUTCOME = ClickOutcome(0.5, 20, 0.1, 0.2, 0.0, False)


class Desk:
    """The controllers with a mailbox that the test reads in place of the engine."""

    def __init__(self):
        self.mailbox = Mailbox()
        self.annotation = AnnotationController()
        self.refinement = RefinementController(self.annotation, self.mailbox, lambda: None, count(1))
        self.busy = []
        self.refinement.busy_changed.connect(self.busy.append)

    def click(self, number=0, is_positive=True):
        self.annotation.add_click(float(number), 1.0, 3.0, is_positive)

    @property
    def item(self):
        return self.annotation.document.active

    def taken(self):
        """Every request waiting, newest object first."""
        requests = []
        while (request := self.mailbox.take()) is not None:
            requests.append(request)
        return requests

    def refined(self, request, length, value, sha="network"):
        logits = np.full((4, 4), value, np.float32)
        clicks = request.clicks[:length]
        report = ClickRefined(
            request.request_id, request.object_id, clicks, request.config, sha, logits, (OUTCOME,) * length
        )
        self.refinement.receive(report)

    def complete(self, value=1.0):
        """Answer what waits in full; returns the requests."""
        requests = self.taken()
        for request in requests:
            for length in range(1, len(request.clicks) + 1):
                self.refined(request, length, value)
            self.refinement.receive(RefineEnded(request.request_id, request.object_id, True))
        return requests

    def shown(self, item=None):
        logits = self.refinement.shown(item or self.item)
        return None if logits is None else float(logits.values[0, 0])


@pytest.fixture
def desk(qtbot):
    desk = Desk()
    desk.refinement.set_image(IMAGE)
    desk.refinement.set_network("network")
    return desk


class TestAsking:
    def test_a_click_asks_for_all_clicks_of_the_object(self, desk):
        desk.click(1)
        desk.click(2)
        (request,) = desk.taken()
        assert [click.x for click in request.clicks] == [1.0, 2.0]
        assert request.image is IMAGE

    def test_clicks_before_image_or_network_wait(self, qtbot):
        desk = Desk()
        desk.click()
        desk.refinement.set_image(IMAGE)
        assert desk.taken() == []
        desk.refinement.set_network("network")
        assert len(desk.taken()) == 1

    def test_nothing_is_asked_twice(self, desk):
        desk.click()
        desk.annotation.rename(1, "cup")
        desk.refinement.sync()
        assert len(desk.taken()) == 1
        desk.refinement.sync()
        assert desk.taken() == []

    def test_the_active_object_comes_first(self, desk):
        desk.click()
        desk.annotation.finish(1)
        desk.click()
        desk.annotation.reopen(1)
        assert [request.object_id for request in desk.taken()] == [1, 2]

    def test_undo_and_redo_need_no_engine(self, desk):
        for number, value in ((1, 10.0), (2, 20.0)):
            desk.click(number)
            (request,) = desk.taken()
            desk.refined(request, number, value)
            desk.refinement.receive(RefineEnded(request.request_id, 1, True))
        desk.annotation.undo_stack.undo()
        assert desk.shown() == 10.0
        desk.annotation.undo_stack.redo()
        assert desk.shown() == 20.0
        assert desk.taken() == []

    def test_deleting_an_object_stops_its_refinement(self, desk):
        desk.click()
        desk.mailbox.take()
        desk.annotation.delete_object(1)
        assert desk.mailbox.is_cancelled
        assert desk.busy == [True, False]

    def test_other_settings_refine_again(self, desk):
        desk.click()
        desk.complete()
        desk.annotation.set_config(RefinementConfig(layer="sb"))
        (request,) = desk.taken()
        assert request.config.layer == "sb"

    def test_another_network_refines_open_objects_only(self, desk):
        desk.click()
        desk.annotation.finish(1)
        desk.click()
        desk.complete(3.0)
        desk.refinement.set_network("another")
        assert [request.object_id for request in desk.taken()] == [2]
        assert desk.shown(desk.annotation.document.get(1)) == 3.0

    def test_an_object_finished_while_it_is_refined_gets_its_mask(self, desk):
        desk.click()
        (request,) = desk.taken()
        desk.annotation.finish(1)
        assert desk.taken() == []
        desk.refined(request, 1, 5.0)
        assert desk.shown() == 5.0

    def test_run_again_starts_afresh(self, desk):
        desk.click()
        desk.complete(1.0)
        desk.refinement.rerun()
        (request,) = desk.taken()
        assert request.is_fresh
        assert desk.shown() == 1.0


class TestReports:
    def test_previews_are_shown_until_the_result(self, desk):
        desk.click()
        (request,) = desk.taken()
        progressed = []
        desk.refinement.progressed.connect(progressed.append)
        preview = RefineProgress(request.request_id, 1, 0, 3, 20, (2.0, 1.0), np.full((4, 4), 7, np.float32))
        desk.refinement.receive(preview)
        assert desk.shown() == 7.0
        assert progressed == [preview]
        desk.refined(request, 1, 8.0)
        assert desk.shown() == 8.0
        assert desk.refinement.outcomes(desk.item) == (OUTCOME,)

    def test_the_mask_before_stays_until_the_first_preview(self, desk):
        desk.click(1)
        desk.complete(1.0)
        desk.click(2)
        assert desk.shown() == 1.0
        assert desk.refinement.outcomes(desk.item) == (OUTCOME,)
        assert desk.refinement.before(desk.item).values[0, 0] == 1.0

    def test_results_of_replaced_requests_are_kept_but_not_shown(self, desk):
        desk.click(1)
        (old,) = desk.taken()
        desk.click(2)
        desk.refined(old, 1, 4.0)
        assert desk.shown() is None
        desk.annotation.undo_stack.undo()
        assert desk.shown() == 4.0

    def test_reports_of_another_image_are_dropped(self, desk):
        desk.click()
        (old,) = desk.taken()
        desk.annotation.reset(desk.annotation.document.without_object(1))
        desk.refinement.set_image(IMAGE.copy())
        desk.click()
        desk.refined(old, 1, 9.0)
        assert desk.shown() is None
        assert desk.refinement.is_busy

    def test_a_failure_is_told_and_not_tried_again(self, desk):
        desk.click()
        (request,) = desk.taken()
        failures = []
        desk.refinement.failed.connect(failures.append)
        desk.refinement.receive(Failed(request.request_id, "what", "why"))
        desk.refinement.sync()
        assert [failed.reason for failed in failures] == ["why"]
        assert desk.taken() == []
        assert desk.busy == [True, False]
        desk.refinement.rerun()
        assert len(desk.taken()) == 1


class TestCancel:
    def test_cancel_takes_back_the_click_and_redo_brings_it_again(self, desk):
        desk.click(1)
        desk.complete(1.0)
        desk.click(2)
        desk.mailbox.take()
        assert desk.refinement.cancel()
        assert desk.mailbox.is_cancelled
        assert [click.x for click in desk.item.clicks] == [1.0]
        assert desk.shown() == 1.0
        assert desk.busy == [True, False, True, False]
        desk.annotation.undo_stack.redo()
        (request,) = desk.taken()
        assert len(request.clicks) == 2

    def test_cancel_takes_back_every_click_that_was_not_refined(self, desk):
        desk.click(1)
        desk.complete(1.0)
        for number in (2, 3, 4):
            desk.click(number)
        desk.refinement.cancel()
        assert len(desk.item.clicks) == 1

    def test_cancel_of_the_first_click_takes_the_object_with_it(self, desk):
        desk.click()
        desk.refinement.cancel()
        assert desk.annotation.document.objects == ()

    def test_cancel_leaves_edits_that_asked_for_nothing(self, desk):
        desk.click(1)
        desk.complete()
        desk.annotation.rename(1, "cup")
        desk.refinement.set_network("another")
        desk.mailbox.take()
        desk.refinement.cancel()
        assert desk.item.name == "cup"
        assert len(desk.item.clicks) == 1
        assert desk.taken() == []

    def test_nothing_to_cancel(self, desk):
        assert not desk.refinement.cancel()
        desk.click()
        desk.complete()
        assert not desk.refinement.cancel()
