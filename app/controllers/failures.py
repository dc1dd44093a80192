"""How the window says that something failed, and what it offers to do about it."""

from __future__ import annotations

import logging
from functools import partial

from app.controllers.network import NetworkController
from app.messages import DeviceTooSmall, Failed
from app.widgets.message_bar import MessageAction, MessageBar

_log = logging.getLogger(__name__)


def show_failure(bar: MessageBar, failed: Failed, network: NetworkController) -> None:
    """Say in the window what failed, why, and what to do."""
    _log.warning("%s: %s\n%s", failed.what, failed.reason, failed.details)
    bar.show_message("error", failed.what, failed.reason, failed.details, actions=_ways_out(failed, network))


def _ways_out(failed: Failed, network: NetworkController) -> tuple[MessageAction, ...]:
    """What helps where a device is too small: the processor, or trying it all the same."""
    if not isinstance(failed, DeviceTooSmall):
        return ()
    actions = []
    if failed.device != "cpu" and (failed.source or network.device != "cpu"):
        actions.append(MessageAction("Use the Processor", partial(_use_processor, failed.source, network)))
    if failed.source:
        actions.append(MessageAction("Load Anyway", partial(network.load, failed.source, ignores_memory=True)))
    return tuple(actions)


def _use_processor(source: str, network: NetworkController) -> None:
    network.set_device("cpu")
    if source:
        network.load(source)
