"""The dense prediction tasks, one file each, and their registry."""

from __future__ import annotations

from gbrs_core.tasks.base import Task
from gbrs_core.tasks.interactive_segmentation import InteractiveSegmentation

TASKS: tuple[Task, ...] = (InteractiveSegmentation(),)


def task_named(name: str) -> Task:
    """The task of that registry name. Raises ValueError with the known names."""
    for task in TASKS:
        if task.name == name:
            return task
    raise ValueError(f"unknown task {name!r}; known tasks: {', '.join(task.name for task in TASKS)}")
