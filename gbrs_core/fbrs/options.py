"""Settings of f-BRS's pipeline as text, such as `skip_clicks=0`, for whoever chooses them on a command line."""

from __future__ import annotations

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
        try:
            value = (_ZOOM_IN.get(name) or _PIPELINE[name])(text)
        except (ValueError, KeyError) as error:
            raise GbrsError(f"{text!r} is no value for {name} of f-BRS's pipeline; say {name}=NUMBER") from error
        if value < 0:
            raise GbrsError(f"{name} of f-BRS's pipeline cannot be negative")
        if name in _PIPELINE:
            config = replace(config, **{name: value})
        elif config.zoom_in is None:
            raise GbrsError(f"{name} belongs to ZoomIn, which --zoom-in 0 turned off")
        else:
            config = replace(config, zoom_in=replace(config.zoom_in, **{name: value}))
    return config
