"""`main.py evaluate` in several processes: shared, killed, interrupted, gone on with, to the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import main

ROOT = Path(main.__file__).parent
SMALL, LARGE = (48, 64), (384, 512)
SIZES = {**dict.fromkeys("abcde", SMALL), **dict.fromkeys("fghij", LARGE)}
"""Heights and widths by name; the large ones take so long that a signal after the first result is not too late."""
METHODS = ("none", "bmconv")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="sends signals")]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Photographs with an object each, DAVIS's layout; one mask is missing."""
    folder = tmp_path_factory.mktemp("davis")
    rng = np.random.default_rng(0)
    for name, (height, width) in SIZES.items():
        image = rng.integers(0, 90, (height, width, 3), dtype=np.uint8)
        mask = np.zeros((height, width), dtype=np.uint8)
        scale = height // 48
        cv2.circle(mask, tuple(scale * int(place) for place in rng.integers(18, 30, 2)), 12 * scale, 255, -1)
        image[mask > 0] += 120
        for kind, array in (("img", image), ("gt", mask)):
            (folder / kind).mkdir(exist_ok=True)
            assert cv2.imwrite(str(folder / kind / f"{name}.png"), array)
    (folder / "gt" / "c.png").unlink()
    return folder


def arguments(data, out, *more):
    command = ["evaluate", "interactive", "--data", data, "--layout", "davis", "--out", out, "--device", "cpu"]
    return [str(part) for part in (*command, "--clicks", 3, "--method", *METHODS, *more)]


def begun(*command):
    """A process of its own session, so that an interrupt reaches its workers as Ctrl+C in a terminal does.

    Tests that run in the background of a script ignore interrupts, and what they start would inherit that.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *command],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def ended_at_first_result(process, send):
    """Wait until a result is shown, then send a signal; the exit status."""
    shown = b""
    while b" min left" not in shown:
        part = os.read(process.stderr.fileno(), 4096)
        assert part, shown.decode()
        shown += part
    send(process.pid)
    process.communicate(timeout=60)  # ends when nobody holds the pipes any more: no worker is left
    return process.returncode


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory):
    """The figures of one process."""
    out = tmp_path_factory.mktemp("alone") / "run"
    assert main.main(arguments(data, out)) == 0
    return out


def test_workers_give_the_same_bytes(alone, data, tmp_path, capfd):
    assert main.main(arguments(data, tmp_path / "run", "--workers", "2")) == 0
    assert (tmp_path / "run" / "per_click.csv").read_bytes() == (alone / "per_click.csv").read_bytes()
    told = capfd.readouterr()
    assert "20/20" in told.err and "IoU: " in told.err
    assert "the mask of c is missing" in told.out
    assert (tmp_path / "run" / "report.html").read_text().count("data:image/jpeg") > 0


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_and_gone_on_with(alone, data, tmp_path, workers):
    """Only the first process is killed; its workers find themselves alone."""
    out = tmp_path / "run"
    process = begun(*arguments(data, out, "--workers", workers))
    status = ended_at_first_result(process, lambda pid: os.kill(pid, signal.SIGKILL))
    assert status == -signal.SIGKILL
    kept = {path: path.read_bytes() for path in (out / "samples").rglob("*.json") if not path.name.startswith(".")}
    assert 0 < len(kept) <= len(SIZES) * len(METHODS) and not (out / "per_click.csv").exists()
    assert main.main(arguments(data, out)) == 0
    assert (out / "per_click.csv").read_bytes() == (alone / "per_click.csv").read_bytes()
    assert all(path.read_bytes() == content for path, content in kept.items())


def test_interrupted_workers_end_and_leave_what_is_finished(alone, data, tmp_path):
    out = tmp_path / "run"
    process = begun(*arguments(data, out, "--workers", 2))
    assert ended_at_first_result(process, lambda pid: os.killpg(pid, signal.SIGINT)) == 130
    assert list((out / "samples").rglob("*.json"))
    assert not list(out.rglob(".gbrs-*"))
    assert main.main(arguments(data, out, "--workers", "2")) == 0
    assert (out / "per_click.csv").read_bytes() == (alone / "per_click.csv").read_bytes()


def test_what_a_worker_cannot_do_is_said_in_one_line(data, tmp_path, capfd):
    out = tmp_path / "run"
    out.mkdir()
    (out / "samples").write_text("in the way")
    assert main.main(arguments(data, out, "--workers", "2")) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert "cannot write into" in error and "Traceback" not in error


def test_a_run_keeps_its_number_of_threads(data, tmp_path, capsys):
    out = tmp_path / "run"
    assert main.main(arguments(data, out, "--limit", "1", "--threads", "1")) == 0
    assert main.main(arguments(data, out, "--limit", "1", "--threads", "2")) == 2
    assert "other settings (threads)" in capsys.readouterr().err
