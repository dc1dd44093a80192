"""The mailbox: the newest request of an object wins, and nothing running is stopped without need."""

import numpy as np
import pytest

from app.mailbox import Mailbox
from app.messages import LoadNetwork, Refine, StartEngine
from gbrs_core.config import RefinementConfig
from gbrs_core.interaction import Click

IMAGE = np.zeros((4, 4, 3), np.uint8)
A, B, C, D = (Click(float(x), 0.0, 5.0, 1.0) for x in range(4))


def refine(request_id, *clicks, object_id=1, **more):
    return Refine(request_id, 1, IMAGE, object_id, clicks, more.pop("config", RefinementConfig()), **more)


@pytest.fixture
def running():
    """A mailbox whose reader is at the second click of A, B, C."""
    mailbox = Mailbox()
    mailbox.post(refine(1, A, B, C))
    mailbox.take()
    mailbox.start_click(1)
    return mailbox


def test_only_the_newest_of_an_object_is_taken():
    mailbox = Mailbox()
    for request_id in range(50):
        mailbox.post(refine(request_id, A))
    assert mailbox.take().request_id == 49
    assert mailbox.take() is None


def test_loads_come_before_refinements_and_in_order():
    mailbox = Mailbox()
    requests = [refine(1, A), StartEngine(2), LoadNetwork(3, "file", "cpu")]
    for request in requests:
        mailbox.post(request)
    assert [mailbox.take().request_id for _ in requests] == [2, 3, 1]


def test_the_object_asked_for_last_comes_first():
    mailbox = Mailbox()
    for request_id, object_id in ((1, 1), (2, 2), (3, 3), (4, 1)):
        mailbox.post(refine(request_id, A, object_id=object_id))
    assert [mailbox.take().request_id for _ in range(3)] == [4, 3, 2]


@pytest.mark.parametrize(
    ("newer", "is_cancelled"),
    [
        (refine(2, A, B, C, D), False),
        (refine(2, A, B), False),
        (refine(2, A, B, D), False),
        (refine(2, A), True),
        (refine(2, A, C), True),
        (refine(2, A, B, C, config=RefinementConfig(layer="sb")), True),
        (refine(2, A, B, C, is_fresh=True), True),
    ],
    ids=["extended", "third undone", "third moved", "undone", "moved", "settings", "fresh"],
)
def test_a_newer_request_cancels_only_a_click_it_does_not_want(running, newer, is_cancelled):
    running.post(newer)
    assert running.is_replaced
    assert running.is_cancelled is is_cancelled
    assert not running.put_back(refine(1, A, B, C))
    assert running.take() is newer


def test_another_object_does_not_disturb_the_running_one(running):
    running.post(refine(2, A, object_id=2))
    assert not running.is_replaced
    assert not running.is_cancelled


def test_a_load_lets_the_click_finish_and_the_rest_go_on_after_it(running):
    running.post(LoadNetwork(2, "file", "cpu"))
    assert running.is_replaced
    assert not running.is_cancelled
    assert running.put_back(refine(1, A, B, C))
    assert [running.take().request_id for _ in range(2)] == [2, 1]


def test_cancelling_forgets_what_waits(running):
    running.post(refine(2, A, B, C, D))
    running.cancel_refinement(1)
    assert running.is_cancelled
    assert running.take() is None


def test_cancelling_another_object_leaves_the_running_one(running):
    running.cancel_refinement(2)
    assert not running.is_cancelled


def test_a_new_start_is_not_cancelled(running):
    running.cancel_refinements()
    running.post(refine(2, A))
    running.take()
    assert not running.is_cancelled
    assert not running.is_replaced


def test_accept_is_for_the_running_click_once(running):
    running.accept()
    assert [running.take_accept(), running.take_accept()] == [True, False]
    running.accept()
    running.start_click(2)
    assert not running.take_accept()


def test_accept_without_anything_running_is_nothing():
    mailbox = Mailbox()
    mailbox.accept()
    mailbox.post(refine(1, A))
    mailbox.take()
    assert not mailbox.take_accept()


def test_cancelled_load():
    mailbox = Mailbox()
    mailbox.post(LoadNetwork(1, "file", "cpu"))
    mailbox.take()
    mailbox.cancel_loading()
    assert mailbox.is_load_cancelled
    mailbox.post(LoadNetwork(2, "file", "cpu"))
    mailbox.take()
    assert not mailbox.is_load_cancelled


def test_closing_ends_everything(running):
    running.post(refine(2, A, object_id=2))
    running.close()
    running.post(refine(3, A))
    assert running.is_cancelled
    assert running.is_load_cancelled
    assert running.take() is None
