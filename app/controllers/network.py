"""Which network refines, and where: loading, switching back, devices."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.mailbox import Mailbox
from app.messages import (
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
from app.state.settings import SettingsStore


class NetworkController(QObject):
    """Starts the engine and loads networks; the one in use stays until another is in place.

    Signals:
        ready(EngineReady): the engine is imported.
        changed(NetworkLoaded): another network, or another device, is in use.
        loading_changed(): a load began, went on or ended; see `loading_text` and `loading_share`.
        failed(Failed): the engine, a network or a device cannot be used.
        recent_changed(): the list of recent checkpoints differs.
    """

    ready = Signal(object)
    changed = Signal(object)
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
        self._requests: dict[int, str] = {}
        self.engine: EngineReady | None = None
        self.network: NetworkLoaded | None = None
        self.loading_text = ""
        self.loading_share: float | None = None

    @property
    def is_loading(self) -> bool:
        """Whether the engine or a network is on its way."""
        return bool(self._requests)

    @property
    def can_cancel_loading(self) -> bool:
        """Whether what is on its way is a network from a file or by name."""
        return any(self._requests.values())

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

    def load(self, source: str) -> None:
        """Load a checkpoint file or an embedded network by name."""
        if self.engine is None:
            self._wanted_source = source
            return
        request_id = next(self._request_ids)
        self._begin(request_id, f"Loading {Path(source).name}", source)
        self._mailbox.cancel_loading()
        self._post(LoadNetwork(request_id, source, self._device))

    def load_default(self) -> None:
        """Go back to the embedded default network."""
        if self.engine is not None:
            self.load(self.engine.default_network)

    def cancel_loading(self) -> None:
        """Stop loading; the network in use stays."""
        self._mailbox.cancel_loading()

    def set_device(self, device: str) -> None:
        """Refine on another device."""
        if device == self._device:
            return
        self._device = device
        self._settings.update(device=device)
        if self.network is not None:
            request_id = next(self._request_ids)
            self._begin(request_id, "Moving the network")
            self._post(SetDevice(request_id, device))

    def receive(self, report: Report) -> None:
        """Take a report of the engine; those of other requests than loads are not for here."""
        if report.request_id not in self._requests:
            return
        if isinstance(report, LoadProgress):
            self.loading_text, self.loading_share = report.text, report.share
            self.loading_changed.emit()
            return
        source = self._requests.pop(report.request_id)
        self.loading_changed.emit()
        if isinstance(report, EngineReady):
            self._on_ready(report)
        elif isinstance(report, NetworkLoaded):
            self._on_loaded(report, source)
        elif isinstance(report, Failed):
            self._device = self.network.device if self.network is not None else "auto"
            self.failed.emit(report)
        elif isinstance(report, LoadCancelled) and self.network is None and not self.is_loading:
            self.failed.emit(
                Failed(report.request_id, "No network is loaded", "Load one from the Model menu to refine clicks.")
            )

    def _on_ready(self, report: EngineReady) -> None:
        self.engine = report
        self.ready.emit(report)
        self.load(self._wanted_source or report.default_network)

    def _on_loaded(self, report: NetworkLoaded, source: str) -> None:
        self.network = report
        if source and self.engine is not None and source not in {name for name, _ in self.engine.networks}:
            settings = self._settings.current.with_recent("recent_networks", Path(source).absolute())
            self._settings.current = settings.with_folder("network", Path(source).absolute().parent)
            self.recent_changed.emit()
        self.changed.emit(report)

    def _begin(self, request_id: int, text: str, source: str = "") -> None:
        self._requests[request_id] = source
        self.loading_text, self.loading_share = text, None
        self.loading_changed.emit()

    def _post(self, request: StartEngine | LoadNetwork | SetDevice) -> None:
        self._mailbox.post(request)
        self._wake()
