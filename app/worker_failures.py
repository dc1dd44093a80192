"""The border of the background threads: whatever a request raises becomes a report for the window."""

from __future__ import annotations

import logging
import traceback

from app.messages import Failed, Request
from gbrs_core.errors import GbrsError

_log = logging.getLogger(__name__)


def failure(request: Request, what: str, error: Exception) -> Failed:
    """What is reported of a request that raised; to be called while the error is handled.

    Args:
        request: what was asked for.
        what: one sentence for the title, for example "The export was not written".
        error: what it raised; one that nobody expected also goes into the log.
    """
    details = getattr(error, "details", "") or traceback.format_exc()
    if isinstance(error, GbrsError):
        return Failed(request.request_id, what, str(error), details)
    _log.exception("%s", what)
    return Failed(request.request_id, what, f"Unexpected error: {error or type(error).__name__}", details)
