"""The document: pure changes, nothing shared, nothing lost."""

import pytest

from app.state.document import DocumentState, ObjectState
from gbrs_core.config import RefinementConfig
from gbrs_core.interaction import Click
from resources import object_colour

FIRST, SECOND, THIRD = (Click(float(x), 5.0, 20.0, 1.0) for x in (1, 2, 3))


@pytest.fixture
def two_objects():
    document = DocumentState().with_new_object().with_click(1, FIRST).with_click(1, SECOND)
    return document.with_new_object().with_click(2, THIRD)


def ids(document):
    return [item.object_id for item in document.objects]


class TestObjects:
    def test_new_objects_are_active_named_and_coloured_by_id(self, two_objects):
        assert ids(two_objects) == [1, 2]
        assert two_objects.active == ObjectState(2, "Object 2", object_colour(1), (THIRD,))

    def test_changes_leave_the_document_before_alone(self, two_objects):
        two_objects.without_object(1)
        two_objects.with_click(1, THIRD)
        assert two_objects.get(1).clicks == (FIRST, SECOND)

    def test_ids_of_deleted_objects_in_the_middle_are_not_given_again(self, two_objects):
        document = two_objects.without_object(1).with_new_object()
        assert ids(document) == [2, 3]

    @pytest.mark.parametrize(("active", "deleted", "expected"), [(1, 1, 2), (2, 2, 1), (1, 2, 1)])
    def test_deleting_the_active_object_activates_its_neighbour(self, two_objects, active, deleted, expected):
        assert two_objects.activated(active).without_object(deleted).active_object_id == expected

    def test_deleting_the_last_object_leaves_none_active(self):
        document = DocumentState().with_new_object().without_object(1)
        assert document == DocumentState()

    @pytest.mark.parametrize(("active", "step", "expected"), [(1, 1, 2), (2, 1, 1), (1, -1, 2), (None, 1, 1)])
    def test_neighbours_go_round(self, two_objects, active, step, expected):
        assert two_objects.activated(active).neighbour(step) == expected

    def test_no_neighbour_without_objects(self):
        assert DocumentState().neighbour(1) is None

    def test_unknown_objects_are_refused(self, two_objects):
        for change in (two_objects.get, two_objects.activated, two_objects.without_object):
            with pytest.raises(KeyError, match="no object 7"):
                change(7)


class TestClicks:
    def test_replace_and_delete_keep_the_order(self, two_objects):
        assert two_objects.with_click_replaced(1, 0, THIRD).get(1).clicks == (THIRD, SECOND)
        assert two_objects.without_click(1, 0).get(1).clicks == (SECOND,)

    @pytest.mark.parametrize(("probability", "logit"), [(0.5, 0.0), (0.75, 1.0986123), (0.01, -4.5951199)])
    def test_threshold_as_logit(self, probability, logit):
        assert ObjectState(1, "a", (0, 0, 0), threshold=probability).logit_threshold == pytest.approx(logit)


def test_settings_are_part_of_the_document(two_objects):
    config = RefinementConfig(layer="sb")
    assert two_objects.configured(config).config == config
    assert two_objects.configured(config).objects == two_objects.objects
