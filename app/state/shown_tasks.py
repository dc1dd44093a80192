"""Which tasks the window can show. Qt-free."""

from __future__ import annotations

from gbrs_core.task_catalog import TASKS

SHOWN_TASKS: frozenset[str] = frozenset(TASKS)
"""Registry names of the tasks with panels in the window; networks of others are refused with a word to the user."""
