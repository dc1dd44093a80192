"""What the engine's thread says when a request failed."""

from __future__ import annotations

import logging
import traceback

from app.engine_memory import is_out_of_memory
from app.messages import DeviceTooSmall, Failed, LoadNetwork, Refine, Request, SetDevice, StartEngine
from gbrs_core.errors import GbrsError

_WHAT: dict[type[Request], str] = {
    StartEngine: "The engine could not be started",
    LoadNetwork: "The network was not loaded",
    SetDevice: "The device cannot be used",
    Refine: "The click could not be refined",
}

_log = logging.getLogger(__name__)


def failure_of(error: Exception, request: Request, device_in_use: str) -> Failed:
    """The report about an error of any kind; one that nobody expected goes to the log too."""
    from models.memory import TooLargeError

    what = _WHAT.get(type(request), "The request failed")
    source = request.source if isinstance(request, LoadNetwork) else ""
    trace = traceback.format_exc()
    if isinstance(error, TooLargeError):
        return DeviceTooSmall(request.request_id, what, str(error), trace, error.device, source)
    if isinstance(error, GbrsError):
        return Failed(request.request_id, what, str(error), getattr(error, "details", "") or trace)
    if is_out_of_memory(error):
        device = _device_of(request, device_in_use)
        reason = f"The memory of the device {device} is not enough for this network at this size"
        return DeviceTooSmall(request.request_id, what, reason, trace, device, source)
    _log.error("%s", what, exc_info=error)
    reason = f"Unexpected error: {error or type(error).__name__}"
    return Failed(request.request_id, what, reason, trace)


def _device_of(request: Request, device_in_use: str) -> str:
    from gbrs_core import devices

    return devices.resolve(request.device) if isinstance(request, LoadNetwork | SetDevice) else device_in_use
