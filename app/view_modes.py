"""The ways to show the predictions of each task, and what the trimap brush and the class keys are. Qt-free."""

from __future__ import annotations

from collections.abc import Mapping

VIEW_MODES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "interactive": (
        ("fill", "Fill and outline"),
        ("outline", "Outline only"),
        ("black", "Object on black"),
        ("white", "Object on white"),
        ("checker", "Object on checkerboard"),
        ("raw", "Raw network output"),
    ),
    "semantic": (
        ("fill", "Classes and outlines"),
        ("outline", "Outlines only"),
        ("raw", "Class colours"),
        ("black", "Visible classes on black"),
        ("uncertainty", "Uncertainty"),
        ("difference", "Changed by refinement"),
    ),
    "matting": (
        ("checker", "Cut-out on checkerboard"),
        ("alpha", "Alpha"),
        ("black", "Cut-out on black"),
        ("white", "Cut-out on white"),
        ("colour", "Cut-out on a colour"),
        ("photo", "Cut-out on a photograph"),
        ("trimap", "Trimap"),
        ("difference", "Changed by refinement"),
    ),
    "depth": (
        ("colours", "Depth in colours"),
        ("contours", "Contours"),
        ("difference", "Changed by refinement"),
    ),
}
"""Ways to show the predictions of each task: the renderer's mode and what the menu calls it."""

TRIMAP_VALUES: tuple[tuple[str, int], ...] = (("background", 0), ("unknown", 128), ("foreground", 255))
CLASS_KEYS = "1234567890"
"""Key of each of the first ten classes."""


def tasks_with_view(mode: str) -> tuple[str, ...]:
    """The tasks that have a way to show."""
    return tuple(task for task, modes in VIEW_MODES.items() if mode in dict(modes))


def every_view() -> tuple[str, ...]:
    """Every way to show, of all tasks, each once."""
    return tuple(dict.fromkeys(mode for modes in VIEW_MODES.values() for mode, _ in modes))
