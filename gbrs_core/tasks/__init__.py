"""The dense prediction tasks, one file each; `gbrs_core.task_catalog` is their registry."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from gbrs_core.task_catalog import TASKS
from gbrs_core.tasks.base import Task


def names() -> tuple[str, ...]:
    """The registry names."""
    return tuple(TASKS)


@cache
def task_named(name: str) -> Task:
    """The task of that registry name. Raises ValueError with the known names."""
    if name not in TASKS:
        raise ValueError(f"unknown task {name!r}; known tasks: {', '.join(TASKS)}")
    module, _, attribute = TASKS[name].home.partition(":")
    task = getattr(import_module(module), attribute)(TASKS[name])
    if not isinstance(task, Task):
        raise TypeError(f"{TASKS[name].home} is not a Task")
    return task
