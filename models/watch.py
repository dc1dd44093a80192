"""Progress and cancellation of a long job. Torch-free."""

from __future__ import annotations

from collections.abc import Callable

from gbrs_core.errors import CancelledError


class Watch:
    """Tells how far a job is and asks whether to go on; both callables may be None and are called from its thread."""

    def __init__(
        self,
        progress: Callable[[str, float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._progress = progress
        self._cancelled = cancelled

    def at(self, text: str, share: float) -> None:
        """Report how far the job is, share in [0, 1]. Raises CancelledError when the caller asked to stop."""
        self.check()
        if self._progress is not None:
            self._progress(text, share)

    def check(self) -> None:
        """Raises CancelledError when the caller asked to stop."""
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("loading the checkpoint was cancelled")

    def part(self, start: float, end: float) -> Watch:
        """A watch for a part of the job, whose shares from 0 to 1 lie between `start` and `end` of the whole."""
        progress = self._progress
        if progress is None:
            return Watch(None, self._cancelled)
        return Watch(lambda text, share: progress(text, start + (end - start) * share), self._cancelled)
