"""f-BRS's settings as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gbrs_core.errors import GbrsError
from gbrs_core.fbrs.options import FBRS_OPTIONS, with_fbrs_options
from gbrs_core.fbrs.predictor import FbrsConfig
from gbrs_core.fbrs.zoom_in import ZoomInConfig


def test_of_the_pipeline_and_of_zoom_in() -> None:
    changed = with_fbrs_options(
        FbrsConfig(), ["skip_clicks=0", "expansion_ratio=1.2", "longest_side=800", "is_exact=1"]
    )
    wanted = ZoomInConfig(skip_clicks=0, expansion_ratio=1.2)
    assert changed == replace(FbrsConfig(), zoom_in=wanted, longest_side=800, is_exact=True)


@pytest.mark.parametrize("name", FBRS_OPTIONS)
def test_every_name_is_a_setting(name: str) -> None:
    assert with_fbrs_options(FbrsConfig(), [f"{name}=0"]) != with_fbrs_options(FbrsConfig(), [f"{name}=1"])


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("magic=1", "no setting 'magic'; it has skip_clicks"),
        ("skip_clicks=1.5", "'1.5' is no value for skip_clicks"),
        ("skip_clicks", "'' is no value"),
        ("is_exact=yes", "'yes' is no value"),
        ("longest_side=-1", "cannot be negative"),
    ],
)
def test_what_means_nothing_is_refused(option: str, words: str) -> None:
    with pytest.raises(GbrsError, match=words):
        with_fbrs_options(FbrsConfig(), [option])


def test_zoom_in_that_is_off_has_no_settings() -> None:
    with pytest.raises(GbrsError, match="turned off"):
        with_fbrs_options(FbrsConfig(zoom_in=None), ["skip_clicks=0"])
