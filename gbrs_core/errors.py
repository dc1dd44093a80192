"""The errors a caller may want to tell apart. Torch-free."""

from __future__ import annotations


class GbrsError(Exception):
    """Base of every error raised on purpose; its text says what failed, where, and what to do."""


class ShapeError(GbrsError):
    """An array or tensor has the wrong shape.

    Attributes:
        actual: the offending shape.
        expected: the wanted shape in words, for example "(1, C, H, W)".
    """

    def __init__(self, what: str, actual: tuple[int, ...], expected: str) -> None:
        super().__init__(f"{what} has shape {tuple(actual)}, expected {expected}")
        self.actual = tuple(actual)
        self.expected = expected


class InsertionError(GbrsError):
    """A G-BRS layer cannot be inserted at the named place of the network."""


class CheckpointError(GbrsError):
    """A checkpoint cannot be read, is unsafe, or fits no known architecture.

    Attributes:
        details: what a "show details" button may show, several lines; empty if the message says it all.
    """

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class CancelledError(GbrsError):
    """The caller asked to stop; nothing was changed."""


class DivergedError(GbrsError):
    """The refinement produced a non-finite loss or prediction; the state before the click was restored."""


class ImageError(GbrsError):
    """An image file cannot be read or is of an unusable size."""


class ExportError(GbrsError):
    """A result could not be written; the file that was there before is untouched."""
