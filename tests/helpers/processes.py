"""What processes a test has started."""

from __future__ import annotations

import os
from pathlib import Path


def children() -> list[int]:
    """Process ids of this process's children, without the one that multiprocessing keeps for its own tidying up."""
    numbers = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(number) for number in numbers if b"resource_tracker" not in _command(number)]


def _command(number: str) -> bytes:
    return Path(f"/proc/{number}/cmdline").read_bytes()
