"""The process in which foreign checkpoints are read: `python -m models.read_checkpoint`, started by `models.isolated`.

It takes one JSON object per line on its standard input, {"path", "folder", "values"}: the file, the folder for the
answer, and whether the network's values are wanted. It writes progress to its standard output, one JSON array per line,
[text, share], then the line null when the answer lies in the folder: `ANSWER`, and `VALUES` if there are any.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import IO

from safetensors.torch import save_file

from gbrs_core.errors import CheckpointError
from models.checkpoint_reader import read_here
from models.isolated import ANSWER, VALUES
from models.reading import CheckpointReading
from models.watch import Watch

SPARE_BYTES = 1 << 30
"""Address space a file may take beyond a multiple of its size."""
FILE_COPIES = 4
"""How often a file may be in memory: as stored, as weights, in float32, on its way out."""
_GUARD_SECONDS = 0.02


def main() -> int:
    """Answer requests until the input ends."""
    answers = _only_answers_on_stdout()
    for line in sys.stdin:
        request = json.loads(line)
        _limit_memory(Path(request["path"]))
        _answer(Path(request["path"]), Path(request["folder"]), request["values"], _reporter(answers))
        answers.write("null\n")
        answers.flush()
    return 0


def _only_answers_on_stdout() -> IO[str]:
    """The standard output as it was; whatever a library prints goes to the standard error from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _reporter(answers: IO[str]) -> Callable[[str, float], None]:
    last = -1.0

    def report(text: str, share: float) -> None:
        nonlocal last
        if share - last >= 0.005:
            last = share
            answers.write(json.dumps([text, share]) + "\n")
            answers.flush()

    return report


def _answer(path: Path, folder: Path, wants_values: bool, report: Callable[[str, float], None]) -> None:
    try:
        reading = read_here(path, Watch(report), wants_values)
        if reading.values:
            _write_values(reading, folder / VALUES)
        answer = asdict(replace(reading, values={})) | {"path": str(path)}
    except CheckpointError as error:
        answer = {"error": str(error), "details": error.details}
    except MemoryError:
        answer = {"error": f"cannot load {path}: there is not enough memory to read it", "details": ""}
    (folder / ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def _write_values(reading: CheckpointReading, path: Path) -> None:
    try:
        save_file(dict(reading.values), path)
    except OSError as error:
        reason = error.strerror or error
        raise CheckpointError(
            f"cannot load {reading.path}: its weights cannot be put into {path.parent} ({reason}); make room there"
        ) from error


def _limit_memory(path: Path) -> None:
    """Bound this process's memory by the file's size: its address space on Linux, what it occupies on macOS.

    Windows has no such limit; there the checks of what a file claims, which come before anything is allocated, and the
    limit on time are what bounds a file.
    """
    try:
        import resource
    except ImportError:
        return
    allowed = FILE_COPIES * (path.stat().st_size if path.is_file() else 0) + SPARE_BYTES
    try:
        limit = _address_space() + allowed
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (OSError, ValueError):  # macOS: no such count, and no heed of the limit
        _guard().allow(allowed)


@cache
def _guard() -> MemoryGuard:
    import resource

    return MemoryGuard(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


class MemoryGuard:
    """Ends this process as soon as its largest resident size has grown by more than it was allowed to.

    Args:
        peak: the largest resident size up to now, in bytes.
    """

    def __init__(self, peak: Callable[[], int]) -> None:
        self._peak = peak
        self._limit = math.inf
        threading.Thread(target=self._watch, name="memory guard", daemon=True).start()

    def allow(self, more: int) -> None:
        """From now on, `more` bytes beyond the present peak, whatever was allowed before."""
        self._limit = self._peak() + more

    def _watch(self) -> None:
        while self._peak() <= self._limit:
            time.sleep(_GUARD_SECONDS)
        os._exit(1)


def _address_space() -> int:
    """What this process takes by now, in bytes. Raises OSError where the system does not tell."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    sys.exit(main())
