"""The store of masks: a byte budget, and results that must not go."""

import numpy as np
import pytest

from app.state.document import ResultKey
from app.state.results import ObjectResult, ResultStore
from gbrs_core.config import RefinementConfig


def key(number):
    return ResultKey(number, (), "network", RefinementConfig())


def result():
    return ObjectResult(np.zeros((10, 10), np.float32), ())  # 400 bytes


def filled(count, **options):
    store = ResultStore(budget_bytes=1000, **options)
    for number in range(count):
        store.put(key(number), result())
    return store


def held(store, count):
    return [number for number in range(count) if key(number) in store]


def test_the_longest_unused_go_first():
    store = filled(2)
    store.get(key(0))
    store.put(key(2), result())
    assert held(store, 3) == [0, 2]
    assert store.size_bytes == 800


def test_needed_results_stay_beyond_the_budget():
    store = filled(6, needed=lambda: [key(0), key(1), key(2)])
    assert held(store, 6) == [0, 1, 2, 5]


def test_putting_a_key_again_counts_once():
    store = filled(1)
    store.put(key(0), result())
    assert (len(store), store.size_bytes) == (1, 400)


def test_discard_and_clear():
    store = filled(2)
    store.discard(key(0))
    store.discard(key(9))
    assert (held(store, 2), store.size_bytes) == ([1], 400)
    store.clear()
    assert (len(store), store.size_bytes, store.get(key(1))) == (0, 0, None)


def test_stored_logits_are_read_only():
    store = filled(1)
    with pytest.raises(ValueError, match="read-only"):
        store.get(key(0)).values[0, 0] = 1
