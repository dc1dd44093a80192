"""Settings of f-BRS's pipeline as text, such as `skip_clicks=0`, for whoever chooses them on a command line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gbrs_core.errors import GbrsError
from gbrs_core.fbrs.predictor import FbrsConfig


def _flag(text: str) -> bool:
    return {"0": False, "1": True}[text]


_ZOOM_IN: Mapping[str, Callable[[str], Any]] = {
    "skip_clicks": int,
    "target_size": int,
    "expansion_ratio": float,
    "min_crop_size": int,
    "recompute_overlap": float,
    "mask_threshold": float,
}
_PIPELINE: Mapping[str, Callable[[str], Any]] = {
    "threshold": float,
    "longest_side": int,
    "network_clicks": int,
    "evaluations": int,
    "least_change": float,
    "plain_clicks": int,
    "can_stop": _flag,
    "is_exact": _flag,
}
FBRS_OPTIONS = (*_ZOOM_IN, *_PIPELINE)
"""The names, those of `ZoomInConfig` and `FbrsConfig`."""


def with_fbrs_options(config: FbrsConfig, options: Sequence[str]) -> FbrsConfig:
    """The settings with some changed.

    Args:
        config: settings.
        options: `NAME=VALUE` each, with a name of FBRS_OPTIONS; 0 and 1 are no and yes.

    Raises:
        GbrsError: there is no such setting, the value is none, or ZoomIn's are given though it is off.
    """
    for option in options:
        name, _, text = option.partition("=")
        if name not in FBRS_OPTIONS:
            raise GbrsError(f"f-BRS's pipeline has no setting {name!r}; it has {', '.join(FBRS_OPTIONS)}")
        if name in _ZOOM_IN and config.zoom_in is None:
            raise GbrsError(f"{name} belongs to ZoomIn, which --zoom-in 0 turned off")
        try:
            config = _changed(config, name, text)
        except (ValueError, KeyError) as error:
            raise GbrsError(f"{name} of f-BRS's pipeline cannot be {text!r}: {error}") from error
    return config


def _changed(config: FbrsConfig, name: str, text: str) -> FbrsConfig:
    """Raises ValueError or KeyError for a value that means nothing."""
    value = (_ZOOM_IN.get(name) or _PIPELINE[name])(text)
    if not 0 <= value < math.inf:
        raise ValueError("it has to be a number from 0 on")
    if name in _PIPELINE or config.zoom_in is None:
        return replace(config, **{name: value})
    return replace(config, zoom_in=replace(config.zoom_in, **{name: value}))
