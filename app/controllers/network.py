"""Which network refines, and where: loading, switching back, devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.mailbox import Mailbox
from app.messages import (
    DeviceSet,
    EngineReady,
    Failed,
    LoadCancelled,
    LoadNetwork,
    LoadProgress,
    NetworkLoaded,
    Report,
    SetDevice,
    StartEngine,
)
from app.state.dense import INTERACTIVE
from app.state.document import Colour
from app.state.settings import SettingsStore


@dataclass(frozen=True)
class _Loading:
    """What a request is for.

    Attributes:
        source: the network that is loaded, empty for other requests.
        task: the task that it is loaded for; empty if the user chose the network, whatever its task is.
    """

    source: str = ""
    task: str = ""


class NetworkController(QObject):
    """Starts the engine and loads networks, one per task; the one in use stays until another is in place.

    Signals:
        ready(EngineReady): the engine is imported.
        changed(NetworkLoaded): a task has another network, or its network is on another device, or its classes have
            other names.
        task_found(str): the network that the user chose is for this task.
        loading_changed(): a load began, went on or ended; see `loading_text` and `loading_share`.
        failed(Failed): the engine, a network or a device cannot be used.
        recent_changed(): the list of recent checkpoints differs.
    """

    ready = Signal(object)
    changed = Signal(object)
    task_found = Signal(str)
    loading_changed = Signal()
    failed = Signal(object)
    recent_changed = Signal()

    def __init__(
        self,
        settings: SettingsStore,
        mailbox: Mailbox,
        wake: Callable[[], None],
        request_ids: count[int],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._mailbox = mailbox
        self._wake = wake
        self._request_ids = request_ids
        self._wanted_source: str | None = None
        self._device = settings.current.device
        self._requests: dict[int, _Loading] = {}
        self._task = INTERACTIVE
        self.engine: EngineReady | None = None
        self.networks: dict[str, NetworkLoaded] = {}
        self.loading_text = ""
        self.loading_share: float | None = None

    @property
    def network(self) -> NetworkLoaded | None:
        """The network of the task that is worked on, None as long as there is none."""
        return self.networks.get(self._task)

    @property
    def has_classes(self) -> bool:
        """Whether the network of the task tells classes apart."""
        return self.network is not None and self.network.spec.class_count is not None

    @property
    def is_loading(self) -> bool:
        """Whether the engine or a network is on its way."""
        return bool(self._requests)

    @property
    def can_cancel_loading(self) -> bool:
        """Whether what is on its way is a network from a file or by name."""
        return any(loading.source for loading in self._requests.values())

    @property
    def device(self) -> str:
        """Id of the device that is wanted, "auto" included."""
        return self._device

    def start(self, checkpoint: Path | None, device: str) -> None:
        """Import the engine, then load a checkpoint, or the default network for None."""
        self._wanted_source = str(checkpoint) if checkpoint is not None else None
        if device != "auto":
            self._device = device
        request_id = next(self._request_ids)
        self._begin(request_id, "Starting the engine")
        self._post(StartEngine(request_id))

    def set_task(self, task: str) -> None:
        """Another task is worked on: load its embedded network unless it has one already."""
        self._task = task
        is_on_its_way = any(loading.task == task for loading in self._requests.values())
        if task not in self.networks and not is_on_its_way:
            self.load_default()

    def has_default(self, task: str) -> bool:
        """Whether there is an embedded network for a task; it is assumed until the engine says otherwise."""
        return self.engine is None or task in self.engine.default_networks

    def load(self, source: str, task: str = "", *, ignores_memory: bool = False) -> None:
        """Load a checkpoint file or an embedded network by name.

        Args:
            source: file or name.
            task: the task that it is loaded for; empty if the user chose the network.
            ignores_memory: try it even if the device seems too small.
        """
        if self.engine is None:
            self._wanted_source = source
            return
        request_id = next(self._request_ids)
        self._begin(request_id, f"Loading {Path(source).name}", _Loading(source, task))
        self._mailbox.cancel_loading()
        self._post(LoadNetwork(request_id, source, self._device, ignores_memory))

    def load_default(self) -> None:
        """Take the embedded network of the task, if there is one."""
        if self.engine is not None and self._task in self.engine.default_networks:
            self.load(self.engine.default_networks[self._task], self._task)

    def reload(self, sha256: str) -> None:
        """Load the network with this hash again, because its description changed; nothing happens without it."""
        for task, network in self.networks.items():
            if network.sha256 == sha256:
                self.load(network.source, task)
                return

    def cancel_loading(self) -> None:
        """Stop loading; the network in use stays."""
        self._mailbox.cancel_loading()

    def set_device(self, device: str) -> None:
        """Refine on another device."""
        if device == self._device:
            return
        self._device = device
        self._settings.update(device=device)
        if self.networks:
            request_id = next(self._request_ids)
            self._begin(request_id, "Moving the networks")
            self._post(SetDevice(request_id, device))

    def name_classes(self, sha256: str, names: tuple[str, ...], colours: tuple[Colour, ...]) -> None:
        """Call the classes of the network with this hash so; nothing happens if it is not in use any more."""
        for task, network in self.networks.items():
            if network.sha256 == sha256 and network.spec.class_count == len(names):
                spec = replace(network.spec, class_names=names, class_colours=colours)
                self.networks[task] = replace(network, spec=spec, has_named_classes=True)
                self.changed.emit(self.networks[task])
                return

    def receive(self, report: Report) -> None:
        """Take a report of the engine; those of other requests than loads are not for here."""
        if report.request_id not in self._requests:
            return
        if isinstance(report, LoadProgress):
            self.loading_text, self.loading_share = report.text, report.share
            self.loading_changed.emit()
            return
        loading = self._requests.pop(report.request_id)
        self.loading_changed.emit()
        if isinstance(report, EngineReady):
            self._on_ready(report)
        elif isinstance(report, NetworkLoaded):
            self._on_loaded(report, loading)
        elif isinstance(report, DeviceSet):
            self._on_device_set(report)
        elif isinstance(report, Failed):
            self._device = next((network.device for network in self.networks.values()), "auto")
            self.failed.emit(report)
        elif isinstance(report, LoadCancelled) and self.network is None and not self.is_loading:
            self.failed.emit(
                Failed(report.request_id, "No network is loaded", "Load one from the Model menu to refine clicks.")
            )

    def _on_ready(self, report: EngineReady) -> None:
        self.engine = report
        self.ready.emit(report)
        if self._wanted_source is not None:
            self.load(self._wanted_source)
        else:
            self.load_default()

    def _on_loaded(self, report: NetworkLoaded, loading: _Loading) -> None:
        self.networks[report.task] = report
        if self.engine is not None and loading.source not in {network.name for network in self.engine.networks}:
            path = Path(loading.source).absolute()
            settings = self._settings.current.with_recent("recent_networks", path)
            self._settings.current = settings.with_folder("network", path.parent)
            self.recent_changed.emit()
        if not loading.task:
            self._task = report.task
            self.task_found.emit(report.task)
        self.changed.emit(report)

    def _on_device_set(self, report: DeviceSet) -> None:
        self.networks = {task: replace(network, device=report.device) for task, network in self.networks.items()}
        if self.network is not None:
            self.changed.emit(self.network)

    def _begin(self, request_id: int, text: str, loading: _Loading | None = None) -> None:
        self._requests[request_id] = loading or _Loading()
        self.loading_text, self.loading_share = text, None
        self.loading_changed.emit()

    def _post(self, request: StartEngine | LoadNetwork | SetDevice) -> None:
        self._mailbox.post(request)
        self._wake()
