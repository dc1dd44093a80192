"""The engine's thread: the only place of the window that knows torch. Owns the networks and every session."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PySide6.QtCore import Slot

from app.engine_failures import failure_of
from app.engine_memory import check_memory
from app.engine_thread import keep_collector_short, preload_torch
from app.engine_views import REPORT_INTERVAL_S, RunningClick, checked_view, outcome_of
from app.mailbox import Mailbox
from app.messages import (
    ClickRefined,
    Defaults,
    DeviceInfo,
    DeviceSet,
    EmbeddedNetwork,
    EngineReady,
    LoadCancelled,
    LoadNetwork,
    LoadProgress,
    NetworkLoaded,
    Refine,
    RefineEnded,
    Request,
    SetDevice,
    StartEngine,
)
from app.state.shown_tasks import SHOWN_TASKS
from app.threads import Worker, seldom
from gbrs_core.config import LAYER_NAMES, MethodName, PresetName, RefinementConfig
from gbrs_core.errors import CancelledError, GbrsError
from gbrs_core.interaction import Click, Interaction, TargetSpec
from gbrs_core.prediction import OutputKind
from gbrs_core.task_catalog import TASKS

if TYPE_CHECKING:
    from gbrs_core.baseline_session import Session
    from gbrs_core.optimise import RefinementStep
    from models.spec import LoadedNetwork

SESSION_LIMIT = 4
"""Sessions kept; each holds the cached prefix of one object."""

_WARM_UP_SIDE = 64
PRESET_NAMES: tuple[PresetName, ...] = ("tuned", "paper")


class NetworkLoader(Protocol):
    """Loads a network from a file or by its registry name; the default is `models.load`."""

    def __call__(
        self, source: str, *, progress: Callable[[str, float], None], cancelled: Callable[[], bool]
    ) -> LoadedNetwork:
        """Load it, reporting a few words with a share from 0 to 1, and stopping when told so."""


class EngineWorker(Worker):
    """Works through the mailbox: loads networks, refines clicks, reports every step."""

    def __init__(self, mailbox: Mailbox, load_network: NetworkLoader | None = None) -> None:
        super().__init__()
        self._mailbox = mailbox
        self._load_network = load_network
        self._networks: dict[str, LoadedNetwork] = {}
        self._device = "cpu"
        self._sessions: OrderedDict[tuple[int, int, MethodName, bool], _HeldSession] = OrderedDict()
        self._seconds_per_iteration = REPORT_INTERVAL_S
        self._running: RunningClick | None = None

    def close(self) -> None:
        """End what runs after the current iteration and take nothing new."""
        self._mailbox.close()

    @Slot()
    def work(self) -> None:
        """Do everything that is waiting."""
        while (request := self._mailbox.take()) is not None:
            self._handle(request)

    def _handle(self, request: Request) -> None:
        try:
            if isinstance(request, Refine):
                self._refine(request)
            elif isinstance(request, LoadNetwork):
                self._load(request)
            elif isinstance(request, SetDevice):
                self._set_device(request)
            elif isinstance(request, StartEngine):
                self._start(request)
        except CancelledError:
            self.reported.emit(LoadCancelled(request.request_id))
        except Exception as error:  # noqa: BLE001 - the border of the thread
            self.reported.emit(failure_of(error, request, self._device))

    def _start(self, request: StartEngine) -> None:
        preload_torch()
        import models
        from gbrs_core import devices

        if self._load_network is None:
            self._load_network = models.load
        usable = tuple(DeviceInfo(name, title) for name, title in devices.available().items())
        embedded = {task: name for task in TASKS if (name := models.default_network(task)) is not None}
        self.reported.emit(EngineReady(request.request_id, usable, _embedded_networks(), embedded, _defaults()))

    # --- networks ---

    def _load(self, request: LoadNetwork) -> None:
        def report(text: str, share: float) -> None:
            self.reported.emit(LoadProgress(request.request_id, share, text))

        from gbrs_core import devices

        device = devices.resolve(request.device)
        assert self._load_network is not None, "StartEngine is always the first request"
        network = self._load_network(
            request.source, progress=seldom(report), cancelled=lambda: self._mailbox.is_load_cancelled
        )
        _check_task(request.source, network)
        if not request.ignores_memory:
            check_memory(network, device)
        _warm_up(network, device)
        if not self._networks:
            keep_collector_short()
        self._forget_sessions(network.spec.task)
        self._networks[network.spec.task], self._device = network, device
        self._report_network(request.request_id, request.source, network)

    def _set_device(self, request: SetDevice) -> None:
        from gbrs_core import devices

        device = devices.resolve(request.device)
        for network in self._networks.values():
            check_memory(network, device)
            _warm_up(network, device)
        self._sessions.clear()
        self._device = device
        self.reported.emit(DeviceSet(request.request_id, device))

    def _report_network(self, request_id: int, source: str, network: LoadedNetwork) -> None:
        from gbrs_core.tasks import task_named
        from models.class_lists import classes_of

        classes = classes_of(network.spec)
        spec = replace(network.spec, class_names=classes.names, class_colours=classes.colours)
        targets = task_named(spec.task).targets_of(spec)
        is_named = spec.class_count is None or bool(network.spec.class_names)
        self.reported.emit(NetworkLoaded(request_id, source, spec, _hash_of(network), self._device, targets, is_named))

    def _forget_sessions(self, task: str) -> None:
        """Drop what was made with the network that a task had until now."""
        for key in [key for key, held in self._sessions.items() if held.task == task]:
            del self._sessions[key]

    # --- refinement ---

    def _refine(self, request: Refine) -> None:
        is_complete = False
        network = self._networks.get(request.task)
        if network is not None:
            is_complete = self._refine_clicks(request, self._held_session(request, network), _hash_of(network))
            if not is_complete and self._mailbox.put_back(request):
                return
        self.reported.emit(RefineEnded(request.request_id, request.object_id, is_complete))

    def _refine_clicks(self, request: Refine, held: _HeldSession, network_sha256: str) -> bool:
        """Bring a session to the request's clicks, one at a time; returns whether all of them were refined."""
        is_same_config = held.config == request.config
        known = _common_length(held.session.clicks, request.clicks) if is_same_config else 0
        # Clicks that the session has already, or can undo to, still need one call and one report. A dense task begins
        # with what the network predicts by itself.
        begins_without = known == 0 and not held.is_interactive and held.begun_with != request.config
        held.begun_with = request.config
        first = 0 if begins_without else min(known + 1, len(request.clicks))
        for length in range(first, len(request.clicks) + 1):
            if self._mailbox.is_replaced:
                return False
            self._mailbox.start_click(length - 1)
            if not self._refine_to(request, held, request.clicks[:length]):
                return False
            values, details = checked_view(held.session.working_prediction, held.task)
            self.reported.emit(
                ClickRefined(
                    request.request_id,
                    request.object_id,
                    request.clicks[:length],
                    request.config,
                    network_sha256,
                    values,
                    tuple(outcome_of(report) for report in held.session.reports),
                    details,
                    held.trimap,
                )
            )
        return True

    def _refine_to(self, request: Refine, held: _HeldSession, clicks: tuple[Interaction, ...]) -> bool:
        """Refine the last of these clicks; returns False if it was cancelled, which leaves the session as it was."""
        self._running = RunningClick(held.session, request, self._mailbox, self.reported.emit)
        losses = self._running.losses
        steps = held.session.replay(clicks, preview_every=self._preview_every)
        try:
            for step in steps:
                self._running.take(step)
        except CancelledError:
            return False
        finally:
            steps.close()
        held.config = request.config
        if losses:
            self._seconds_per_iteration = max(held.session.reports[-1].seconds / len(losses), 1e-4)
        return True

    def _watch(self, step: RefinementStep) -> None:
        """A step of a method that cannot be paused for it."""
        if self._running is not None:
            self._running.take(step)

    def _held_session(self, request: Refine, network: LoadedNetwork) -> _HeldSession:
        """The session of the request's object or layer, at the request's settings."""
        key = (request.image_id, request.object_id, request.config.method, request.config.is_zoomed)
        trimap = request.trimap.digest if request.trimap is not None else ""
        held = self._sessions.pop(key, None)
        if held is None or held.trimap != trimap:
            held = self._new_session(request, network, trimap)
        held.session.set_config(request.config)
        if request.is_fresh:
            held.session.reset()
            held.begun_with = None
        for stale in [other for other in self._sessions if other[0] != request.image_id]:
            del self._sessions[stale]
        self._sessions[key] = held
        while len(self._sessions) > SESSION_LIMIT:
            self._sessions.popitem(last=False)
        return held

    def _new_session(self, request: Refine, network: LoadedNetwork, trimap: str) -> _HeldSession:
        from gbrs_core.baseline_session import open_session

        guidance = request.trimap.values if request.trimap is not None else None
        session = open_session(network, request.image, request.config, guidance, device=self._device, watch=self._watch)
        return _HeldSession(session, request.config, request.task, trimap)

    @property
    def _preview_every(self) -> int:
        """Iterations between two previews, so that no more are made than are shown."""
        return max(1, round(REPORT_INTERVAL_S / self._seconds_per_iteration))


@dataclass
class _HeldSession:
    """A session, the settings its clicks were refined with, its task, what names its trimap, and the settings for which
    the prediction without clicks was reported.
    """

    session: Session
    config: RefinementConfig
    task: str
    trimap: str
    begun_with: RefinementConfig | None = None

    @property
    def is_interactive(self) -> bool:
        """Whether there is nothing to see before the first click."""
        return TASKS[self.task].output_kind is OutputKind.MASK


def _hash_of(network: LoadedNetwork) -> str:
    """Hash of a network; one without a file goes by its name."""
    return network.sha256 or network.spec.name


def _embedded_networks() -> tuple[EmbeddedNetwork, ...]:
    import models
    from models.registry import entry

    specs = [entry(name).spec() for name in models.bundled_names()]
    order = list(TASKS)
    specs.sort(key=lambda spec: order.index(spec.task))
    return tuple(EmbeddedNetwork(spec.name, spec.title, spec.task) for spec in specs)


def _check_task(source: str, network: LoadedNetwork) -> None:
    """Raises GbrsError if the window has no panels for the network's task."""
    task = network.spec.task
    if task not in SHOWN_TASKS:
        title = TASKS[task].title if task in TASKS else task
        raise GbrsError(
            f"{source} holds {network.spec.title}, a network for the task {title}, which this window does not show; "
            f"use it with: main.py refine --task {task}"
        )


def _warm_up(network: LoadedNetwork, device: str) -> None:
    """Refine a click on a small grey image: what is slow once is over before the user's first click, or fails now."""
    from gbrs_core.session import RefinementSession
    from gbrs_core.tasks import task_named

    side = max(_WARM_UP_SIDE, network.spec.size_multiple)
    image = np.full((side, side, 3), 128, np.uint8)
    trimap = np.full((side, side), 128, np.uint8) if network.spec.guidance == "trimap" else None
    config = RefinementConfig(iterations=2, stop_residual=0.0)
    target = _usual_target(task_named(network.spec.task).targets_of(network.spec))
    session = RefinementSession(network, image, config, trimap, device=device)
    for _ in session.refine(Click(side / 2, side / 2, side / 4, target)):
        pass


def _usual_target(targets: TargetSpec) -> float:
    return min(max(targets.default, targets.minimum), targets.maximum)


def _defaults() -> Defaults:
    """The measured numbers of every task, layer, preset and mode."""
    from gbrs_core.tasks import task_named

    return {
        (name, layer, preset, mode): task_named(name).defaults_for(layer, preset, mode)
        for name, description in TASKS.items()
        for layer in LAYER_NAMES
        for preset in PRESET_NAMES
        for mode in description.modes
    }


def _common_length(known: Sequence[Interaction], wanted: Sequence[Interaction]) -> int:
    pairs = zip(known, wanted, strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(known), len(wanted)))
