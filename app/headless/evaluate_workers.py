"""The processes of `main.py evaluate --workers`: each clicks one sample after the other and says what came of it.

They are started anew (spawn), as Windows and macOS want it and as CUDA needs it, and get the command's arguments and
the samples through a pipe. What they finish they write themselves, so that nothing of it is lost when the run is ended.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, cast

from gbrs_core.errors import GbrsError

if TYPE_CHECKING:
    from gbrs_core.evaluation.layouts import Sample
    from gbrs_core.evaluation.runner import Plan, SampleResult


GRACE_SECONDS = 10.0
"""How long a process that is told to end may take."""


@dataclass(frozen=True)
class Finished:
    """A sample that a method is through with.

    Attributes:
        sample: its name.
        method: the method's name.
        score: the main score after the last click, None if the sample could not be used.
    """

    sample: str
    method: str
    score: float | None


@dataclass(frozen=True)
class Ready:
    """A worker has nothing to do."""


@dataclass(frozen=True)
class Failed:
    """A worker cannot go on.

    Attributes:
        message: why, and what to do.
    """

    message: str


def finished(plan: Plan, samples: Sequence[Sample]) -> Iterator[Finished]:
    """Click the samples in this process. Raises GbrsError."""
    from gbrs_core.evaluation.runner import run

    for result in run(plan, samples):
        yield Finished(result.sample, result.method, final_score(plan, result))


def final_score(plan: Plan, result: SampleResult) -> float | None:
    """The main score after the last click; None if the sample could not be used."""
    import numpy as np

    return plan.measure.scores(np.array(result.tallies[-1]))[0] if result.tallies else None


def shared(args: argparse.Namespace, samples: Sequence[Sample], count: int) -> Iterator[Finished]:
    """Click the samples in `count` processes; whoever is done gets the next one.

    Raises:
        GbrsError: a process says that it cannot go on, or has gone.
    """
    waiting = iter(samples)
    workers: dict[Connection, tuple[BaseProcess, str]] = {}
    context = multiprocessing.get_context("spawn")
    try:
        for number in range(count):
            here, there = context.Pipe()
            process = context.Process(target=work, args=(there, args, number), daemon=True)
            process.start()
            there.close()
            workers[here] = process, ""
        while workers:
            for connection in cast("list[Connection]", wait(list(workers))):
                worker, busy_with = workers[connection]
                message = _received(connection, worker, busy_with)
                if isinstance(message, Finished):
                    yield message
                elif isinstance(message, Failed):
                    raise GbrsError(message.message)
                elif (sample := next(waiting, None)) is not None:
                    connection.send(sample)
                    workers[connection] = worker, sample.name
                else:
                    connection.send(None)
                    worker.join()
                    connection.close()
                    del workers[connection]
    finally:
        for connection, (worker, _) in workers.items():
            worker.terminate()
            worker.join(GRACE_SECONDS)
            worker.kill()
            worker.join()
            connection.close()


def _received(connection: Connection, process: BaseProcess, busy_with: str) -> Finished | Ready | Failed:
    try:
        message: Finished | Ready | Failed = connection.recv()
    except (EOFError, ConnectionError) as error:
        process.join()
        during = f" at {busy_with}" if busy_with else ""
        raise GbrsError(
            f"a worker has gone{during} (exit status {process.exitcode}; out of memory?); what is finished is kept, "
            "run it again, perhaps with fewer --workers"
        ) from error
    return message


def work(connection: Connection, args: argparse.Namespace, number: int) -> None:
    """What a process does: samples from the pipe until there is None, or the one at its other end has gone."""
    # Ctrl+C reaches all processes of a terminal; the first one decides, and ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # As an exception it lets a file that is being written be removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    from app.headless.evaluate import make_plan

    try:
        plan, _ = make_plan(args, number)
        connection.send(Ready())
        while (sample := connection.recv()) is not None:
            for result in finished(plan, [sample]):
                connection.send(result)
            connection.send(Ready())
    except GbrsError as error:
        connection.send(Failed(str(error)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
