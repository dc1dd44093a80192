"""What crosses the thread border: requests go down, reports come up. Frozen, with plain values and read-only arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.state.dense import INTERACTIVE, Trimap
from app.state.results import ClickOutcome, LabelDetails, Values
from gbrs_core.config import LayerName, PresetName, RefinementConfig, RefinementDefaults
from gbrs_core.interaction import Interaction, Mode, TargetSpec
from gbrs_core.network import NetworkSpec

RgbImage = NDArray[np.uint8]
"""(H, W, 3), read-only."""
Logits = NDArray[np.float32]
"""(h, w) at working size, read-only."""
Defaults = Mapping[tuple[str, LayerName, PresetName, Mode], RefinementDefaults]
"""Measured numbers by task, layer, preset and mode."""


@dataclass(frozen=True)
class Request:
    """Anything asked of a worker; its reports carry the same id."""

    request_id: int


@dataclass(frozen=True)
class Report:
    """Anything a worker says about a request."""

    request_id: int


# --- engine: requests ---


@dataclass(frozen=True)
class StartEngine(Request):
    """Import the engine and say what there is."""


@dataclass(frozen=True)
class LoadNetwork(Request):
    """Load a network.

    Attributes:
        source: a checkpoint file, or the registry name of an embedded network.
        device: "auto" or one of the ids of `EngineReady.devices`.
        ignores_memory: load it even if the device seems too small for it.
    """

    source: str
    device: str
    ignores_memory: bool = False


@dataclass(frozen=True)
class SetDevice(Request):
    """Move the networks that are loaded to another device; their refinements start anew there."""

    device: str


@dataclass(frozen=True, eq=False)
class Refine(Request):
    """Object or layer `object_id` of the image should have exactly these clicks, refined with this configuration.

    A layer without clicks is what the network predicts by itself.

    Attributes:
        image_id: tells images apart without comparing pixels.
        image: the image, full size.
        object_id: whose clicks these are.
        clicks: clicks, strokes and pushes in order.
        config: refinement settings.
        is_fresh: forget what is known of the object and start from its first click.
        task: registry name; its network is used.
        trimap: for tasks that need one.
    """

    image_id: int
    image: RgbImage
    object_id: int
    clicks: tuple[Interaction, ...]
    config: RefinementConfig
    is_fresh: bool = False
    task: str = INTERACTIVE
    trimap: Trimap | None = None


# --- engine: reports ---


@dataclass(frozen=True)
class DeviceInfo:
    """A device the engine can use: its id and what the user reads."""

    device_id: str
    title: str


@dataclass(frozen=True)
class EmbeddedNetwork:
    """A network whose weights come with the program: registry name, what the user reads, registry name of its task."""

    name: str
    title: str
    task: str


@dataclass(frozen=True)
class EngineReady(Report):
    """The engine is imported.

    Attributes:
        devices: usable devices, the one that "auto" takes first.
        networks: the embedded networks.
        default_networks: by task, registry name of the embedded network; a task without one is missing.
        defaults: measured numbers, shown where the user left a field open.
    """

    devices: tuple[DeviceInfo, ...]
    networks: tuple[EmbeddedNetwork, ...]
    default_networks: Mapping[str, str]
    defaults: Defaults


@dataclass(frozen=True)
class LoadProgress(Report):
    """How far the loading of a network is: a share from 0 to 1 (None: not known) and a few words."""

    share: float | None
    text: str


@dataclass(frozen=True)
class NetworkLoaded(Report):
    """A network is in place: it is the one of its task from now on. Those of other tasks stay.

    Attributes:
        source: what was asked for.
        spec: its description; class names and colours are filled in where it has classes.
        sha256: hash of its weights.
        device: id of the device it is on.
        targets: which targets a click may have with it.
        has_named_classes: false if its classes are only numbered, because nobody has named them.
    """

    source: str
    spec: NetworkSpec
    sha256: str
    device: str
    targets: TargetSpec
    has_named_classes: bool = True

    @property
    def task(self) -> str:
        """Registry name of its task."""
        return self.spec.task

    @property
    def name(self) -> str:
        """Registry name of its architecture."""
        return self.spec.name

    @property
    def title(self) -> str:
        """What the window calls it."""
        return self.spec.title


@dataclass(frozen=True)
class DeviceSet(Report):
    """Every network is on this device now."""

    device: str


@dataclass(frozen=True)
class LoadCancelled(Report):
    """Loading was cancelled; the network from before stays."""


@dataclass(frozen=True, eq=False)
class RefineProgress(Report):
    """One iteration of a running click.

    Attributes:
        object_id: the object.
        click_index: which of its clicks, from 0.
        iteration: iterations done, from 1.
        iterations: iterations at most.
        losses: total loss of every iteration so far.
        values: the prediction as it is now, None when only the numbers are reported.
        details: of a label map; None of other kinds.
    """

    object_id: int
    click_index: int
    iteration: int
    iterations: int
    losses: tuple[float, ...]
    values: Values | None
    details: LabelDetails | None = None


@dataclass(frozen=True, eq=False)
class ClickRefined(Report):
    """The first `len(clicks)` clicks of a request are done.

    Attributes:
        object_id: the object or layer.
        clicks: the clicks this prediction stands on; none for what the network predicts by itself.
        config: the settings it was made with.
        network_sha256: the network it was made with.
        values: the prediction.
        outcomes: one per click.
        details: of a label map; None of other kinds.
        trimap: names the trimap it was made with, empty without one.
    """

    object_id: int
    clicks: tuple[Interaction, ...]
    config: RefinementConfig
    network_sha256: str
    values: Values
    outcomes: tuple[ClickOutcome, ...]
    details: LabelDetails | None = None
    trimap: str = ""


@dataclass(frozen=True)
class RefineEnded(Report):
    """No more reports of this request will come.

    Attributes:
        object_id: the object.
        is_complete: whether all its clicks were refined; otherwise it was cancelled, replaced, or failed.
    """

    object_id: int
    is_complete: bool


@dataclass(frozen=True)
class Failed(Report):
    """A request failed; nothing was changed by it.

    Attributes:
        what: what failed, a short sentence.
        reason: why, which file, and what to do.
        details: for the Details fold, for example a traceback.
    """

    what: str
    reason: str
    details: str = ""


@dataclass(frozen=True)
class DeviceTooSmall(Failed):
    """A network, or a click with it, does not fit into the device's memory.

    Attributes:
        device: id of the device.
        source: the network that was not loaded; empty if it was a click that did not fit.
    """

    device: str = ""
    source: str = ""
