"""Sessions of the toy network on a small image, and clicks for them."""

from __future__ import annotations

import numpy as np

from gbrs_core import Click, RefinementConfig, RefinementSession
from tests.helpers.toy_networks import click_network

FIRST = Click(10, 8, 6, 1)
SECOND = Click(24, 20, 7, -1)
THIRD = Click(30, 5, 5, 1)


def image(height: int = 32, width: int = 40) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def session(config: RefinementConfig | None = None, **options: object) -> RefinementSession:
    chosen = config or RefinementConfig(learning_rate=0.02, stop_residual=0, iterations=5)
    return RefinementSession(click_network(), image(), chosen, **options)


def run(steps: object) -> list:
    return list(steps)


def refined(*clicks: Click, config: RefinementConfig | None = None) -> RefinementSession:
    made = session(config)
    for click in clicks:
        run(made.refine(click))
    return made


def assert_same(one: RefinementSession, other: RefinementSession) -> None:
    assert one.clicks == other.clicks
    assert np.array_equal(one.working_prediction, other.working_prediction)
    assert [report.losses for report in one.reports] == [report.losses for report in other.reports]


def count_iterations(steps: object) -> int:
    return sum(1 for _ in steps)
