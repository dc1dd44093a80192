"""G-BRS with ZoomIn: clicks refine in the region around the object, which the network sees enlarged.

The choice of the region is f-BRS's (`gbrs_core.fbrs.zoom_in`), the refinement that of `gbrs_core.refiner`.
`gbrs_core.baseline_session` makes a session of it. docs/decisions/0021-zooming-in.md says what is different from f-BRS.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gbrs_core.active_layers import Variables
from gbrs_core.baselines import ShouldEnd, as_click
from gbrs_core.bias_basis import bias_basis
from gbrs_core.config import RefinementConfig, ResolvedConfig, ZoomInConfig
from gbrs_core.fbrs.zoom_in import PlacedClick, Region, ZoomIn
from gbrs_core.interaction import Box, Click, Interaction
from gbrs_core.moved_variables import moved_variables
from gbrs_core.network import NetworkSpec, RefinableNetwork
from gbrs_core.optimise import RefinementStep
from gbrs_core.refiner import Refiner
from gbrs_core.session import Returning, read_only
from gbrs_core.tasks import task_named
from gbrs_core.tasks.base import Working
from gbrs_core.working_frame import WorkingFrame, working_size

PICTURE_SIDE = 2048
"""Longest side in pixels of the picture from which regions are cut, and of the prediction."""


@dataclass(frozen=True, eq=False)
class ZoomSnapshot:
    """What a refinement is after some clicks.

    Attributes:
        clicks: in image pixels.
        region: what the network looked at, None for the whole picture.
        logits: (h, w) of it, as the network gave them.
        variables: the auxiliary variables there; None without layers.
    """

    clicks: tuple[Click, ...] = ()
    region: Region | None = None
    logits: Working | None = None
    variables: Variables | None = None

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        variables = 0 if self.variables is None else self.variables.size_bytes
        return variables + (0 if self.logits is None else self.logits.nbytes)


class _View:
    """What the network looks at: a region of the picture at the size of its input."""

    def __init__(self, region: Region, size: tuple[int, int], refiner: Refiner) -> None:
        self.region = region
        self.size = size
        self.refiner = refiner
        self._frame = WorkingFrame((region.height, region.width), size)

    def placed(self, click: Click) -> Click:
        """A click of the picture in pixels of the input; it may lie outside."""
        shifted = replace(click, x=click.x - self.region.left, y=click.y - self.region.top)
        return as_click(self._frame.to_working(shifted))


class ZoomedRefinement:
    """G-BRS on one image with ZoomIn; see `gbrs_core.baselines.Baseline` for what a session asks of it.

    The picture is the image at no more than `PICTURE_SIDE`; regions are in its pixels. Outside of the region nothing is
    object.

    Args:
        network: an interactive network.
        image: (H, W, 3) uint8 RGB.
        config: settings with `zoom_in`.
        device: where the network runs.

    Raises:
        ValueError: the network is for another task, or the settings do not fit it.
    """

    def __init__(
        self, network: RefinableNetwork, image: NDArray[np.uint8], config: RefinementConfig, device: str = "cpu"
    ) -> None:
        check_zoomable(network.spec)
        self._network, self._device = network, device
        self._task = task_named(network.spec.task)
        self.frame = WorkingFrame((image.shape[0], image.shape[1]), _picture_size(image))
        self._picture = self.frame.shrunk(image)
        blank = self._task.blank(*self.frame.working_size)
        assert blank is not None, "object masks begin with nothing"
        self._blank = read_only(blank)
        self._whole = self._whole_view()
        self._view = self._whole
        self._now = ZoomSnapshot()
        self._working: Working | None = None
        self.losses: tuple[float, ...] = ()
        self.most_iterations = 0
        self.configure(config)

    @property
    def working(self) -> Working:
        """Logits (h, w) of the picture, read-only."""
        if self._working is None:
            self._working = self._pasted(self._now.logits, self._now.region)
        return self._working

    @property
    def iterations(self) -> int:
        """Of the newest click."""
        return max(0, len(self.losses) - 1)

    @property
    def crop(self) -> Box | None:
        """The region in image pixels; None for the whole image."""
        return None if self._now.region is None else self.frame.box_in_image(self._now.region.edges)

    def configure(self, config: RefinementConfig) -> None:
        """Take other settings from the next click on. Raises ValueError if they do not fit the network."""
        if config.zoom_in is None:
            raise ValueError("the settings have no ZoomIn; `open_session` makes a session without it")
        self._whole.refiner.structure(self._resolved(config))
        self._config, self._zoom_in = config, config.zoom_in

    def snapshot(self) -> ZoomSnapshot:
        """What it is now."""
        return self._now

    def restore(self, snapshot: ZoomSnapshot) -> None:
        """Be what it was then."""
        self._now, self._working = snapshot, None

    def steps(
        self, interaction: Interaction, should_end: ShouldEnd, preview_every: int = 0
    ) -> Generator[RefinementStep, None, None]:
        """Refine by one more click; a step per iteration. Closed before its end it changes nothing."""
        clicks = (*self._now.clicks, as_click(interaction))
        placed = [as_click(self.frame.to_working(click)) for click in clicks]
        config = self._resolved(self._config)
        region = self._region_for(placed, config)
        view, variables = self._at(region), self._variables_for(region, config)
        told = [view.placed(click) for click in placed]
        index, shown = len(self._now.clicks), partial(self._shown, region)
        losses: list[float] = []
        iterates = Returning(
            view.refiner.refine(told, variables, config, should_end, [one for one in told if _is_in(one, view.size)])
        )
        for iterate in iterates:
            losses.append(iterate.loss)
            if iterate.iteration > 0:
                yield iterate.step(index, config.iterations, preview_every, shown)
        refined = iterates.value
        logits = self._task.working_array(refined.logits, None)
        self._now, self._working = ZoomSnapshot(clicks, region, logits, refined.variables), None
        self.losses = tuple(losses)
        self.most_iterations = config.iterations if config.layer != "none" else 0

    # --- regions ---

    def _region_for(self, placed: Sequence[Click], config: ResolvedConfig) -> Region | None:
        """Where to look with these clicks of the picture, the newest included; None for the whole picture."""
        height, width = self.frame.working_size
        zoom = ZoomIn(self._zoom_in, height, width)
        zoom.region = self._now.region
        points = [_in_picture(click, height, width) for click in placed]
        if len(placed) > 1:
            is_zoomed, _ = zoom.advance(points, _as_mask(self.working))
            return zoom.region if is_zoomed else None
        if self._zoom_in.skip_clicks > 0:
            return None
        # Before the first click nothing is known of the object but what the network says by itself.
        told = [self._whole.placed(click) for click in placed]
        plain = self._task.working_array(self._whole.refiner.predict(told, None, config), None)
        mask = _as_mask(self._pasted(plain, None))
        if zoom.is_worth_another_look(mask):
            zoom.advance(points, mask)
        return zoom.region

    def _at(self, region: Region | None) -> _View:
        """The view of a region; that of the newest one is kept, with what was computed there."""
        if region is None:
            return self._whole
        size = _input_size(region, self._zoom_in, self._network.spec)
        if self._view.region != region or self._view.size != size:
            seen = _resized(self._picture[region.slices], size)
            refiner = Refiner(self._network, seen, self._task, self._device, like=self._whole.refiner)
            self._view = _View(region, size, refiner)
        return self._view

    def _whole_view(self) -> _View:
        """The whole picture as the network usually sees it."""
        size = working_size(self.frame.working_size, self._network.spec)
        seen = WorkingFrame(self.frame.working_size, size).shrunk(self._picture)
        region = Region.whole(*self.frame.working_size)
        return _View(region, size, Refiner(self._network, seen, self._task, self._device))

    def _variables_for(self, region: Region | None, config: ResolvedConfig) -> Variables | None:
        """What the click before ended with, for another region and other settings if need be."""
        known, logits = self._now.variables, self._now.logits
        if known is None or logits is None or known.structure != self._whole.refiner.structure(config):
            return None
        old = self._whole.region if self._now.region is None else self._now.region
        view = self._at(region)
        if view.region == old and view.size == logits.shape:
            return known
        seen = _resized(self._picture[old.slices], (logits.shape[0], logits.shape[1]))
        sizes = view.refiner.feature_sizes(known.structure.points)
        return moved_variables(known, old, view.region, sizes, partial(bias_basis, seen))

    # --- predictions ---

    def _pasted(self, logits: Working | None, region: Region | None) -> Working:
        """Logits of a region in the picture; everything is background outside of it."""
        if logits is None:
            return self._blank
        if region is None:
            return read_only(_enlarged(logits, self.frame.working_size))
        pasted = self._blank.copy()
        pasted[region.slices] = _enlarged(logits, (region.height, region.width))
        return read_only(pasted)

    def _shown(self, region: Region | None, logits: Tensor) -> Working:
        return self._pasted(self._task.working_array(logits, None), region)

    def _resolved(self, config: RefinementConfig) -> ResolvedConfig:
        defaults = self._task.defaults_for(config.layer, config.preset)
        return config.filled_from(defaults, gains_from_mirror=self._network.spec.gains_from_mirror)


def check_zoomable(spec: NetworkSpec) -> None:
    """Raises ValueError if the network's task has no object to look at."""
    if spec.task != "interactive":
        raise ValueError(f"ZoomIn follows an object; the task {spec.task} has none")


def _picture_size(image: NDArray[np.uint8]) -> tuple[int, int]:
    height, width = image.shape[:2]
    scale = min(1.0, PICTURE_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _input_size(region: Region, zoom_in: ZoomInConfig, spec: NetworkSpec) -> tuple[int, int]:
    """(h, w) of the network's input for a region: its longest side is the target, sides fit the network."""
    multiple = spec.size_multiple
    height, width = region.size_for(zoom_in.target_size)
    return max(1, round(height / multiple)) * multiple, max(1, round(width / multiple)) * multiple


def _as_mask(logits: Working) -> Working:
    """1 where the object is, else 0: the probability that ZoomIn compares with its threshold."""
    return (logits > 0).astype(np.float32)


def _in_picture(click: Click, height: int, width: int) -> PlacedClick:
    """A click as ZoomIn takes it; one beside the picture belongs to its nearest pixel."""
    return min(max(click.y, 0.0), height - 1.0), min(max(click.x, 0.0), width - 1.0), click.is_positive


def _is_in(click: Click, size: tuple[int, int]) -> bool:
    """Whether a click lies in the network's input, so that the losses can be about it."""
    height, width = size
    return -0.5 <= click.y < height - 0.5 and -0.5 <= click.x < width - 0.5


def _resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """(h, w, 3) at another size: averaged where it gets smaller, else bilinear."""
    if picture.shape[:2] == size:
        return np.ascontiguousarray(picture)
    is_smaller = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    interpolation = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size[::-1], interpolation=interpolation), dtype=np.uint8)


def _enlarged(logits: Working, size: tuple[int, int]) -> Working:
    return np.asarray(cv2.resize(logits, size[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32)
