"""f-BRS's way from clicks to a mask: ZoomIn, longest side, mirror, and refinement from the second click on."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from gbrs_core.config import ZoomInConfig
from gbrs_core.errors import GbrsError
from gbrs_core.fbrs.brs import BrsObjective, Forward, InputBias, ScaleBias, minimise_brs
from gbrs_core.fbrs.brs_loss import click_masks
from gbrs_core.fbrs.zoom_in import PlacedClick, Region, ZoomIn
from gbrs_core.guidance import click_maps
from gbrs_core.method_catalog import Adjusted
from gbrs_core.network import InsertionPoint, NetworkSpec, RefinableNetwork
from gbrs_core.partition import partition, run_plain
from gbrs_core.refiner import module_on, normalised

NETWORK_CLICKS = {"image": 5, "click maps": 5, "A": 8, "B": 8, "C": 8}
"""How many clicks the network is told of; later ones go into the loss alone."""


@dataclass(frozen=True)
class FbrsConfig:
    """Settings; the defaults are those of the published evaluation.

    Attributes:
        adjusted: what is optimised.
        zoom_in: settings of ZoomIn, None for the whole image always.
        has_mirror: average the logits with those of the mirrored image.
        threshold: probability above which a pixel is object.
        longest_side: larger pictures are reduced to this for the network; None does not.
        network_clicks: how many clicks the network is told of; None takes NETWORK_CLICKS.
        evaluations: of the loss per click, about.
        least_change: stop when masks of two evaluations overlap by more than 1 minus this.
        plain_clicks: so many clicks are not refined.
        can_stop: whether refinement stops early.
        is_exact: do as published where the published program errs (masks of clicks at the border, an empty previous
            mask, reduced pictures with ZoomIn).
    """

    adjusted: Adjusted = "B"
    zoom_in: ZoomInConfig | None = field(default_factory=ZoomInConfig)
    has_mirror: bool = True
    threshold: float = 0.49
    longest_side: int | None = None
    network_clicks: int | None = None
    evaluations: int = 20
    least_change: float = 0.01
    plain_clicks: int = 1
    can_stop: bool = True
    is_exact: bool = False


@dataclass(frozen=True, eq=False)
class FbrsReport:
    """How a prediction was made.

    Attributes:
        region: where the prediction belongs, None for the whole image.
        input_size: (h, w) of the network's input.
        picture_changed: whether that was another picture than at the click before.
        losses: of every evaluation, empty where nothing was refined.
    """

    region: Region | None
    input_size: tuple[int, int]
    picture_changed: bool
    losses: tuple[float, ...] = ()


Watch = Callable[[tuple[float, ...]], bool]
"""Called after every evaluation of the loss with the losses of the click so far; true ends there, an error cancels."""


@dataclass(frozen=True, eq=False)
class FbrsSnapshot:
    """What a predictor is after some clicks, for going back to.

    Attributes:
        clicks: (row, col, is_positive).
        probability: (H, W), not to be written to.
        region: where ZoomIn looked last.
        adjustment: the variables.
        was_reduced: whether a picture was reduced for the network.
    """

    clicks: tuple[PlacedClick, ...]
    probability: NDArray[np.float32]
    region: Region | None
    adjustment: ScaleBias | InputBias | None
    was_reduced: bool

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        return self.probability.nbytes + (0 if self.adjustment is None else self.adjustment.vector.nbytes)


class FbrsPredictor:
    """One image and the clicks on it.

    Args:
        network: an interactive network that takes click maps.
        image: (H, W, 3) uint8 RGB.
        config: settings.
        device: where the network runs.
        watch: called after every evaluation, see `Watch`.

    Attributes:
        probability: float32 (H, W); zeros before the first click.
        reports: how every prediction was made, the newest last; one click may take two.

    Raises:
        GbrsError: the network takes no click maps, or has no place of the name that is to be optimised.
    """

    def __init__(
        self,
        network: RefinableNetwork,
        image: NDArray[np.uint8],
        config: FbrsConfig | None = None,
        device: str = "cpu",
        watch: Watch | None = None,
    ) -> None:
        self._config = config or FbrsConfig()
        self._watch = watch
        self._spec = network.spec
        if self._spec.guidance != "click_maps":
            raise GbrsError(f"f-BRS needs a network that takes click maps; {self._spec.name} takes none")
        self._point = _place(self._spec, self._config.adjusted)
        self._device = torch.device(device)
        self._module = module_on(network.module, self._device)
        self._image = normalised(image, self._spec, self._device).contiguous()
        self._size = image.shape[0], image.shape[1]
        zoom_in = _zoom_in(self._config)
        self._zoom = None if zoom_in is None else ZoomIn(zoom_in, *self._size, is_exact=self._config.is_exact)
        self._adjustment: ScaleBias | InputBias | None = None
        self._was_reduced = False
        self._clicks: list[PlacedClick] = []
        self.probability = np.zeros(self._size, dtype=np.float32)
        self.reports: list[FbrsReport] = []

    @property
    def click_count(self) -> int:
        """Clicks so far, with one that is being worked on."""
        return len(self._clicks)

    def snapshot(self) -> FbrsSnapshot:
        """What it is now."""
        region = None if self._zoom is None else self._zoom.region
        adjustment = copy.deepcopy(self._adjustment)
        return FbrsSnapshot(tuple(self._clicks), self.probability, region, adjustment, self._was_reduced)

    def restore(self, snapshot: FbrsSnapshot) -> None:
        """Be what it was then; the reports stay."""
        self._clicks = list(snapshot.clicks)
        self.probability = snapshot.probability
        self._adjustment = copy.deepcopy(snapshot.adjustment)
        self._was_reduced = snapshot.was_reduced
        if self._zoom is not None:
            self._zoom.region = snapshot.region

    def click(self, row: float, column: float, *, is_positive: bool) -> NDArray[np.float32]:
        """Take one more click in pixels of the image; the new probabilities (H, W).

        Raises:
            DivergedError: the loss is not finite. After this or any other error clicks and all else are as before.
        """
        before = self.snapshot()
        self._clicks.append((row, column, is_positive))
        try:
            self.probability = self._predicted(self.probability if len(self._clicks) > 1 else None)
            if self._zoom is not None and self._zoom.is_worth_another_look(self.probability):
                self.probability = self._predicted(self.probability)
        except BaseException:
            self.restore(before)
            raise
        return self.probability

    def _predicted(self, previous: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """Cut out, resize, predict, and back in reverse."""
        picture, clicks = self._image, tuple(self._clicks)
        is_zoomed = changed = False
        if self._zoom is not None:
            is_zoomed, changed = self._zoom.advance(clicks, previous)
        region = self._zoom.region if self._zoom is not None and is_zoomed else None
        if region is not None and self._config.zoom_in is not None:
            size = region.size_for(self._config.zoom_in.target_size)
            picture, clicks = _resized(picture[..., *region.slices], size), region.inside(clicks, size)
        picture, clicks, is_reduced = self._reduced(picture, clicks)
        probability, losses = self._refined(picture, clicks, changed or is_reduced)
        if is_reduced or (self._config.is_exact and self._was_reduced):
            # As published, a picture that was once reduced goes through the image's full size ever after.
            whole = self._size if region is None or self._config.is_exact else (region.height, region.width)
            probability = _resized(probability, whole)
        self._was_reduced = self._was_reduced or is_reduced
        if self._config.is_exact and self._zoom is not None:
            # As published, also when the whole image was predicted because nothing was object before.
            region = self._zoom.region
        height, width = picture.shape[2:]
        self.reports.append(FbrsReport(region, (height, width), changed or is_reduced, losses))
        return self._pasted(probability, region)

    def _reduced(
        self, picture: Tensor, clicks: tuple[PlacedClick, ...]
    ) -> tuple[Tensor, tuple[PlacedClick, ...], bool]:
        """At the longest side that is allowed."""
        height, width = picture.shape[2:]
        limit = self._config.longest_side
        if limit is None or max(height, width) <= limit:
            return picture, clicks, False
        whole = Region.whole(height, width)
        size = whole.size_for(limit)
        return _resized(picture, size), whole.inside(clicks, size), True

    def _pasted(self, probability: Tensor, region: Region | None) -> NDArray[np.float32]:
        """Back into the image; outside of the region nothing is object."""
        if region is None:
            return np.asarray(_resized(probability, self._size)[0, 0].cpu().numpy(), dtype=np.float32)
        pasted = np.zeros(self._size, dtype=np.float32)
        pasted[region.slices] = _resized(probability, (region.height, region.width))[0, 0].cpu().numpy()
        return pasted

    def _refined(
        self, picture: Tensor, clicks: tuple[PlacedClick, ...], changed: bool
    ) -> tuple[Tensor, tuple[float, ...]]:
        """Probabilities (1, 1, h, w) at the network's size, and the losses on the way."""
        views = self._views(picture, clicks)
        if self._config.adjusted == "none":
            return _averaged([run_plain(self._module, view) for view in views]), ()
        forwards = self._forwards(views, changed)
        adjustment = self._adjustment
        assert adjustment is not None, "made with the forwards"
        if len(self._clicks) <= self._config.plain_clicks:
            with torch.no_grad():
                return _averaged([forward() for forward in forwards]), ()
        height, width = picture.shape[2:]
        masks = [
            click_masks(placed, height, width, is_exact=self._config.is_exact, device=self._device)
            for placed in (clicks, _mirrored(clicks, width))[: len(views)]
        ]
        objective = BrsObjective(
            forwards,
            masks,
            adjustment,
            self._config.threshold,
            self._config.least_change,
            can_stop=self._config.can_stop,
            watch=self._watch,
        )
        minimise_brs(objective, adjustment, self._config.evaluations)
        assert objective.best is not None, "the optimiser evaluates at least once"
        return _averaged(objective.best), tuple(objective.losses)

    def _views(self, picture: Tensor, clicks: Sequence[PlacedClick]) -> list[tuple[Tensor, Tensor]]:
        """The network's inputs for the picture, and for its mirror if that is wanted."""
        height, width = picture.shape[2:]
        limit = self._config.network_clicks or NETWORK_CLICKS.get(self._config.adjusted)
        told = [click for click in clicks[:limit] if not self._config.is_exact or max(click[0], click[1]) >= 0]
        maps = click_maps(told, height, width, self._spec.click_norm_radius, device=self._device)[None]
        views = [(picture, maps)]
        if self._config.has_mirror:
            views.append((picture.flip(-1), maps.flip(-1)))
        return views

    def _forwards(self, views: Sequence[tuple[Tensor, Tensor]], changed: bool) -> list[Forward]:
        """What gives the logits of every view with the variables as they are; makes the variables when needed."""
        if self._point is not None:
            return [self._suffix(view, self._point) for view in views]
        number = 0 if self._config.adjusted == "image" else 1
        channels, height, width = views[0][number].shape[1:]
        if changed or not isinstance(self._adjustment, InputBias) or self._adjustment.shape[1:] != (height, width):
            self._adjustment = InputBias((channels, height, width), len(views)).to(self._device)
        bias = self._adjustment
        added: tuple[Callable[[Tensor], Tensor], ...] = (bias, bias.mirrored)
        return [self._whole(view, number, add) for view, add in zip(views, added, strict=False)]

    def _suffix(self, view: tuple[Tensor, Tensor], point: InsertionPoint) -> Forward:
        def layer_at(_: InsertionPoint, features: Tensor) -> nn.Module:
            if self._adjustment is None:
                self._adjustment = ScaleBias(features.shape[1]).to(features.device)
            return self._adjustment

        return partition(self._module, view, (point,), layer_at, is_checked=False).suffix

    def _whole(self, view: tuple[Tensor, Tensor], number: int, add: Callable[[Tensor], Tensor]) -> Forward:
        def forward() -> Tensor:
            inputs = [add(tensor) if index == number else tensor for index, tensor in enumerate(view)]
            output: Tensor = self._module(*inputs)
            return output

        return forward


def _zoom_in(config: FbrsConfig) -> ZoomInConfig | None:
    """ZoomIn's settings; it looks at the mask that the user sees when only the threshold of the masks was moved.

    The published program keeps to 0.5 then.
    """
    if config.zoom_in is None or config.is_exact or config.threshold == FbrsConfig.threshold:
        return config.zoom_in
    if config.zoom_in.mask_threshold != ZoomInConfig.mask_threshold:
        return config.zoom_in
    return replace(config.zoom_in, mask_threshold=config.threshold)


def _place(spec: NetworkSpec, adjusted: Adjusted) -> InsertionPoint | None:
    if adjusted in ("none", "image", "click maps"):
        return None
    if adjusted not in spec.layouts:
        raise GbrsError(f"{spec.name} has no place {adjusted}; it has {', '.join(spec.layouts)}")
    return spec.layouts[adjusted].points()[0]


def _mirrored(clicks: Sequence[PlacedClick], width: int) -> tuple[PlacedClick, ...]:
    return tuple((row, width - 1 - column, is_positive) for row, column, is_positive in clicks)


def _averaged(logits: Sequence[Tensor]) -> Tensor:
    """Probabilities of the mean logits of the views."""
    if len(logits) == 1:
        return logits[0].sigmoid()
    return (0.5 * (logits[0] + logits[1].flip(-1))).sigmoid()


def _resized(values: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(values.shape[2:]) == tuple(size):
        return values
    return F.interpolate(values, size, mode="bilinear", align_corners=True)
