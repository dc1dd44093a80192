"""How far back a session remembers, and what goes first when memory is short."""

from __future__ import annotations

import numpy as np
import torch

from gbrs_core.active_layers import LayerStructure, Variables
from gbrs_core.config import RefinementConfig
from gbrs_core.history import ClickReport, History, State
from gbrs_core.interaction import Click
from gbrs_core.network import InsertionPoint

POINT = InsertionPoint("B", "head")
STRUCTURE = LayerStructure("sb", (POINT,), "free", None)
CONFIG = RefinementConfig(layer="sb")


def click(index: int) -> Click:
    return Click(index, 0, 5, 1)


def state(index: int, config: RefinementConfig = CONFIG) -> State:
    """A state of 100 bytes of variables and 400 bytes of prediction."""
    report = ClickReport(click(index), 1.0, 1, 0.1, 0.0, 0.0, stopped_early=False)
    variables = Variables(STRUCTURE, {POINT: {"scale": torch.zeros(25)}})
    return State(report, config, variables, np.zeros((10, 10), dtype=np.float32))


def pushed(count: int, budget_bytes: int = 10**6) -> History:
    history = History(budget_bytes=budget_bytes)
    for index in range(count):
        history = history.pushed(state(index))
    return history


def test_size_counts_variables_and_predictions():
    assert pushed(3).size_bytes == 1500


def test_oldest_predictions_go_first():
    history = pushed(5, budget_bytes=1600)
    assert [state.prediction is not None for state in history.done] == [False, False, False, True, True]
    assert all(state.is_kept for state in history.done)
    assert history.size_bytes == 1300


def test_then_the_oldest_states_go_but_their_clicks_stay():
    history = pushed(9, budget_bytes=1400)
    assert [state.is_kept for state in history.done] == [False] * 3 + [True] * 6
    assert history.size_bytes == 4 * 100 + 2 * 500
    assert history.clicks == tuple(click(index) for index in range(9))


def test_the_newest_two_are_kept_whatever_the_budget():
    history = pushed(4, budget_bytes=1)
    assert [state.is_kept for state in history.done] == [False, False, True, True]
    assert history.done[-1].prediction is not None and history.done[-2].prediction is not None


def test_undo_stops_in_front_of_what_was_dropped():
    history = pushed(4, budget_bytes=1)
    assert history.can_undo
    history = history.gone_to(3)
    assert not history.can_undo


def test_going_back_and_forth():
    history = pushed(4)
    back = history.gone_to(1)
    assert back.clicks == (click(0),)
    assert [state.click for state in back.undone] == [click(3), click(2), click(1)]
    assert back.can_redo and not history.can_redo
    assert back.gone_to(4).done == history.done
    assert back.gone_to(2).clicks == (click(0), click(1))
    assert not History().can_undo


def test_undone_states_are_gone_after_a_new_click():
    history = pushed(3).gone_to(1).pushed(state(7))
    assert history.clicks == (click(0), click(7))
    assert history.undone == ()


def test_undone_states_count_and_can_be_dropped():
    history = pushed(4).gone_to(1)
    short = History(history.done, history.undone, budget_bytes=900).with_newest(history.done[0])
    assert short.size_bytes <= 900
    assert short.done[0].prediction is not None


def test_known_beginning():
    history = pushed(4)
    assert history.reusable_count([click(0), click(1), click(9)], CONFIG) == 2
    assert history.gone_to(1).reusable_count([click(0), click(1), click(2)], CONFIG) == 3
    assert history.reusable_count([click(9)], CONFIG) == 0
    assert history.reusable_count([click(0), click(1)], RefinementConfig(layer="sb", iterations=3)) == 0


def test_known_beginning_ends_at_other_settings():
    history = History().pushed(state(0)).pushed(state(1, RefinementConfig())).pushed(state(2))
    assert history.reusable_count([click(0), click(1), click(2)], CONFIG) == 1


def test_known_beginning_passes_over_dropped_states():
    history = pushed(9, budget_bytes=1400)
    assert history.reusable_count([click(index) for index in range(2)], CONFIG) == 0
    assert history.reusable_count([click(index) for index in range(6)], CONFIG) == 6
