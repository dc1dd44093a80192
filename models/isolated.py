"""Reads foreign checkpoints in a process of its own, so that no file can take the program down with it. Torch-free,
unless values are wanted.

A crafted or gigantic file can at worst end that process: its memory is bounded by the file's size (`read_checkpoint`
says how), its time here, and it is killed when the caller cancels. The process hands over a safetensors file with
exactly the network's values and a JSON description, and both are checked again on this side. Starting it takes about a
second of processor time, for importing torch.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from gbrs_core.errors import CheckpointError
from models.reading import CheckpointReading
from models.watch import Watch

if TYPE_CHECKING:
    from torch import Tensor

ANSWER = "answer.json"
"""What the process learned, in the folder it was given."""
VALUES = "values.safetensors"
"""The network's values beside it, if they were wanted."""
START_SECONDS = 60.0
"""Time for starting and for small files."""
SLOWEST_BYTES_PER_SECOND = 2_000_000
"""A slow network drive; larger files get more time accordingly."""

_ROOT = Path(__file__).resolve().parents[1]
_POLL_SECONDS = 0.05
_LONGEST_LINE = 4096
_LONGEST_REPORT = 2000
_LARGEST_ANSWER = 64 << 20


def read_isolated(path: Path, watch: Watch, wants_values: bool) -> CheckpointReading:
    """Read a checkpoint in a process of its own, see `CheckpointReader`.

    Raises:
        CheckpointError: besides what reading raises, the process ran out of time or memory, or could not be started.
        CancelledError: the caller asked to stop; the process is gone.
    """
    with ReadingProcess() as process:
        return process.read(path, watch, wants_values)


class ReadingProcess:
    """A process that reads one checkpoint after the other; it is started when first needed, and again after its end.

    A context manager: its end is the end of the process.
    """

    def __init__(self, start_seconds: float = START_SECONDS) -> None:
        self._start_seconds = start_seconds
        self._folder = tempfile.TemporaryDirectory(prefix="gbrs-checkpoint-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._listener: threading.Thread | None = None

    def __enter__(self) -> ReadingProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._folder.cleanup()

    def read(self, path: Path, watch: Watch, wants_values: bool) -> CheckpointReading:
        """Read a file, see `read_isolated`."""
        try:
            self._ask(path.absolute(), wants_values)
            self._wait(path, watch)
        except BaseException:
            self._end()
            raise
        return self._answer(path, watch)

    def _ask(self, path: Path, wants_values: bool) -> None:
        for old in Path(self._folder.name).glob("*.*"):
            old.unlink()
        requests = self._requests(path)
        request = {"path": str(path), "folder": self._folder.name, "values": wants_values}
        try:
            requests.write(json.dumps(request) + "\n")
            requests.flush()
        except OSError as error:
            raise CheckpointError(f"cannot load {path}: the process that reads it has ended", self._report()) from error

    def _requests(self, path: Path) -> IO[str]:
        """The process's standard input; starts the process if there is none."""
        if self._process is None:
            self._process = self._started(path)
            assert self._process.stdout is not None  # a pipe, as ordered
            self._lines = queue.SimpleQueue()
            self._listener = threading.Thread(
                target=_listen, args=(self._process.stdout, self._lines), name="checkpoint reader", daemon=True
            )
            self._listener.start()
        assert self._process.stdin is not None  # likewise
        return self._process.stdin

    def _started(self, path: Path) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONSAFEPATH": "1"}
        try:
            with (Path(self._folder.name) / "errors").open("w") as errors:
                return subprocess.Popen(
                    [sys.executable, "-m", "models.read_checkpoint"],
                    cwd=self._folder.name,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    encoding="utf-8",
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise CheckpointError(
                f"cannot load {path}: the process that reads checkpoints could not be started ({error})"
            ) from error

    def _wait(self, path: Path, watch: Watch) -> None:
        """Pass progress on until the answer is there."""
        seconds = self._start_seconds + _size_of(path) / SLOWEST_BYTES_PER_SECOND
        deadline = time.monotonic() + seconds
        while True:
            watch.check()
            # Looked at with every line, so that a process which only ever reports progress is stopped too.
            if time.monotonic() > deadline:
                raise CheckpointError(
                    f"cannot load {path}: reading it was stopped after {seconds:.0f} seconds, far more than a file "
                    "of its size takes; it is damaged, made to do harm, or on a drive that does not answer"
                )
            try:
                line = self._lines.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if line is None:
                raise CheckpointError(
                    f"cannot load {path}: the process that read it ended unexpectedly, so the file is damaged or made "
                    "to do harm; nothing else was affected",
                    self._report(),
                )
            message = json.loads(line)
            if message is None:
                return
            watch.at(str(message[0]), 0.9 * float(message[1]))

    def _answer(self, path: Path, watch: Watch) -> CheckpointReading:
        folder = Path(self._folder.name)
        if (folder / ANSWER).stat().st_size > _LARGEST_ANSWER:
            raise CheckpointError(f"cannot load {path}: its list of entries is too long")
        answer: dict[str, Any] = json.loads((folder / ANSWER).read_text(encoding="utf-8"))
        if "error" in answer:
            raise CheckpointError(answer["error"], answer["details"])
        answer["path"] = path
        answer["shapes"] = {key: tuple(shape) for key, shape in answer["shapes"].items()}
        answer["stored_types"] = tuple(answer["stored_types"])
        if (folder / VALUES).is_file():
            answer["values"] = _values(folder / VALUES, watch)
        return CheckpointReading(**answer)

    def _report(self) -> str:
        """The end of what the process wrote to its standard error."""
        try:
            text = (Path(self._folder.name) / "errors").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text[-_LONGEST_REPORT:]

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        if self._listener is not None:
            self._listener.join()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)


def _listen(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    """Pass the process's lines on; None is their end."""
    while line := stream.readline(_LONGEST_LINE):
        lines.put(line)
    lines.put(None)


def _close(pipe: IO[str]) -> None:
    try:
        pipe.close()
    except OSError:  # what was not written to a process that is gone
        return


def _values(path: Path, watch: Watch) -> dict[str, Tensor]:
    """Copies of the values, so that the file may go."""
    from safetensors import safe_open

    values: dict[str, Tensor] = {}
    with safe_open(path, framework="pt", device="cpu") as file:
        keys = list(file.keys())
        for number, key in enumerate(keys):
            watch.at("preparing the network", 0.9 + 0.1 * number / len(keys))
            values[key] = file.get_tensor(key).clone()
    return values


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # the process will say what is wrong
        return 0
