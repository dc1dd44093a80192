"""Settings of a refinement, with the equation or measurement each default comes from. Torch-free."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

LayerName = Literal["none", "sb", "bmsb", "bmsb-m", "bmconv"]
PresetName = Literal["paper", "tuned"]
MethodName = Literal[
    "g-brs", "no-brs", "rgb-brs", "distmap-brs", "rgb-brs:lbfgs", "distmap-brs:lbfgs", "f-brs-a", "f-brs-b", "f-brs-c",
    "grabcut",
]  # fmt: skip
BiasMapKind = Literal["free", "image"]

LAYER_NAMES: tuple[LayerName, ...] = ("none", "sb", "bmsb", "bmsb-m", "bmconv")
GBRS: MethodName = "g-brs"
METHOD_NAMES: tuple[MethodName, ...] = get_args(MethodName)
LEARNING_RATE_LADDER: tuple[float, ...] = tuple(0.1 * 0.5**k for k in range(10))
"""The ten learning rates of section 3.1."""


@dataclass(frozen=True)
class ZoomInConfig:
    """Settings of ZoomIn; the defaults are those of f-BRS's published evaluation.

    Attributes:
        skip_clicks: so many clicks see the whole image.
        target_size: longest side in pixels to which the region is resized.
        expansion_ratio: how much larger than the object the region is.
        min_crop_size: least side of the region in pixels of the image.
        recompute_overlap: the region stays while its overlap with the wanted one is at least this.
        mask_threshold: probability above which the previous prediction is object.
    """

    skip_clicks: int = 1
    target_size: int = 400
    expansion_ratio: float = 1.4
    min_crop_size: int = 200
    recompute_overlap: float = 0.5
    mask_threshold: float = 0.5

    def __post_init__(self) -> None:
        for name, least in (("skip_clicks", 0), ("target_size", 16), ("expansion_ratio", 1), ("min_crop_size", 1)):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= least):
                raise ValueError(f"{name} of ZoomIn must be at least {least}, got {value}")
        for name in ("recompute_overlap", "mask_threshold"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} of ZoomIn must be from 0 to 1, got {getattr(self, name)}")


@dataclass(frozen=True)
class RefinementConfig:
    """How one click refines the prediction. `None` takes the task's measured default for the layer and preset.

    Attributes:
        layer: the G-BRS layer of equations 3 to 6; "none" is the plain network (which may still see the clicks).
        preset: "paper" is exactly the paper's setting, "tuned" what measured best.
        iterations: Adam iterations per click (section 2.3: 20).
        learning_rate: Adam's step size.
        consistency_weight: lambda of L_c; 0 leaves the term out.
        stop_residual: stop when the largest residual of all clicks is below it; 0 never stops early.
        click_disc_radius: each click supervises the pixels within this many working pixels (0: one pixel), and within
            its attention radius.
        free_earlier_clicks: leave the discs of earlier clicks out of the consistency term as well.
        bias_map: "free" is the paper's H x W map; "image" adds a map that follows the colours of the image.
        layout: which of the network's insertion layouts is used; None takes the network's default.
        levels: how many insertion levels of the network are active, coarse to fine; None takes the network's default.
        top_k_channels: refine only the k channels of highest mean activation; None takes the network's default, which
            mostly is to refine all.
        precision: "bf16" runs the suffix in bfloat16; variables and losses stay float32.
        method: G-BRS, or a baseline of `gbrs_core.method_catalog`. Of the fields above, those with Adam's loop take
            preset, iterations, learning rate and consistency weight; the others have settings of their own.
        zoom_in: of G-BRS for object masks: refine in the region around the object; None takes the whole image.
        mirror: of G-BRS: take the mean of the network's outputs for the image and for its mirror image (f-BRS's flip
            averaging); None takes it with the preset "tuned" where it measured better for the network.
    """

    layer: LayerName = "bmconv"
    preset: PresetName = "tuned"
    iterations: int | None = None
    learning_rate: float | None = None
    consistency_weight: float | None = None
    stop_residual: float | None = None
    click_disc_radius: float | None = None
    free_earlier_clicks: bool | None = None
    bias_map: BiasMapKind | None = None
    layout: str | None = None
    levels: int | None = None
    top_k_channels: int | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    method: MethodName = GBRS
    zoom_in: ZoomInConfig | None = None
    mirror: bool | None = None

    def __post_init__(self) -> None:
        if self.method not in METHOD_NAMES:
            raise ValueError(f"unknown method {self.method!r}; known methods: {', '.join(METHOD_NAMES)}")
        if self.layer not in LAYER_NAMES:
            raise ValueError(f"unknown layer {self.layer!r}; known layers: {', '.join(LAYER_NAMES)}")
        if self.iterations is not None and self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {self.iterations}")
        if self.learning_rate is not None and not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise ValueError(f"the learning rate must be positive, got {self.learning_rate}")
        for name in ("consistency_weight", "stop_residual", "click_disc_radius"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be at least 0, got {value}")
        for name in ("levels", "top_k_channels"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")

    @property
    def is_zoomed(self) -> bool:
        """Whether G-BRS is to look at the region around the object."""
        return self.method == GBRS and self.zoom_in is not None

    def mirrors(self, *, gains: bool) -> bool:
        """Whether outputs are averaged with those for the mirror image; `gains`: that this measured better."""
        return self.preset == "tuned" and gains if self.mirror is None else self.mirror

    def filled_from(self, defaults: RefinementDefaults, *, gains_from_mirror: bool = False) -> ResolvedConfig:
        """Replace every None by the default, giving the numbers the optimiser runs with."""
        chosen = {
            name: getattr(defaults, name) if getattr(self, name, None) is None else getattr(self, name)
            for name in RefinementDefaults.__dataclass_fields__
        }
        return ResolvedConfig(
            layer=self.layer,
            layout=self.layout,
            levels=self.levels,
            top_k_channels=self.top_k_channels,
            precision=self.precision,
            mirror=self.mirrors(gains=gains_from_mirror),
            **chosen,
        )


@dataclass(frozen=True)
class RefinementDefaults:
    """A task's numbers for one layer, preset and mode; every one is a measured or published value.

    The fields that `RefinementConfig` has too mean the same there.

    Attributes:
        matches_step: take the step size with which, to first order, the newest interaction gets exactly what it asks
            for, instead of the learning rate; for modes of a single iteration.
    """

    iterations: int
    learning_rate: float
    consistency_weight: float
    stop_residual: float
    click_disc_radius: float = 0.0
    free_earlier_clicks: bool = False
    bias_map: BiasMapKind = "free"
    matches_step: bool = False

    def with_changes(self, **changes: object) -> RefinementDefaults:
        """A copy with some numbers replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class ResolvedConfig(RefinementDefaults):
    """A RefinementConfig without open choices."""

    layer: LayerName = "bmconv"
    layout: str | None = None
    levels: int | None = None
    top_k_channels: int | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    mirror: bool = False
