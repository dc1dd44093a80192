"""f-BRS's settings as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gbrs_core.errors import GbrsError
from gbrs_core.fbrs.options import FBRS_OPTIONS, with_fbrs_options
from gbrs_core.fbrs.predictor import FbrsConfig


def test_of_the_pipeline_and_of_zoom_in() -> None:
    changed = with_fbrs_options(
        FbrsConfig(), ["skip_clicks=0", "expansion_ratio=1.2", "longest_side=800", "is_exact=1"]
    )
    assert changed.zoom_in is not None
    assert (changed.zoom_in.skip_clicks, changed.zoom_in.expansion_ratio) == (0, 1.2)
    assert (changed.longest_side, changed.is_exact) == (800, True)
    usual = replace(changed, zoom_in=FbrsConfig().zoom_in, longest_side=None, is_exact=False)
    assert usual == FbrsConfig() and changed.zoom_in.target_size == 400


@pytest.mark.parametrize("name", FBRS_OPTIONS)
def test_every_name_is_a_setting(name: str) -> None:
    values = (
        (0, 1) if name in ("can_stop", "is_exact", "threshold", "mask_threshold", "recompute_overlap") else (30, 31)
    )
    first, second = (with_fbrs_options(FbrsConfig(), [f"{name}={value}"]) for value in values)
    assert first != second


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("magic=1", "no setting 'magic'; it has skip_clicks"),
        ("skip_clicks=1.5", "skip_clicks of f-BRS's pipeline cannot be '1.5'"),
        ("skip_clicks", "cannot be ''"),
        ("is_exact=yes", "cannot be 'yes'"),
        ("longest_side=-1", "cannot be '-1': it has to be a number from 0 on"),
        ("expansion_ratio=nan", "cannot be 'nan'"),
    ],
)
def test_what_means_nothing_is_refused(option: str, words: str) -> None:
    with pytest.raises(GbrsError, match=words):
        with_fbrs_options(FbrsConfig(), [option])


def test_zoom_in_that_is_off_has_no_settings() -> None:
    with pytest.raises(GbrsError, match="turned off"):
        with_fbrs_options(FbrsConfig(zoom_in=None), ["skip_clicks=0"])
