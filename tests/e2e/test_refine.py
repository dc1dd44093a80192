"""`main.py refine` and `main.py bench`, called as a user calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import main
import models
from gbrs_core import Click, RefinementConfig, RefinementSession
from gbrs_core.image_io import read_image
from resources import sample_path

ROOT = Path(__file__).parents[2]
CLICKS = ("300,223,72,1", "60,60,40,-1")


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "main.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)


def refine(out: Path, *more: str, clicks: tuple[str, ...] = CLICKS) -> subprocess.CompletedProcess[str]:
    given = [part for one in clicks for part in ("--click", one)]
    return call("refine", str(sample_path()), "--task", "interactive", *given, "--out", str(out), *more)


@pytest.mark.slow
def test_mask_equals_that_of_a_session(tmp_path: Path) -> None:
    done = refine(tmp_path / "mask.png", "--json")
    assert done.returncode == 0, done.stderr
    session = RefinementSession(models.load("light_interactive"), read_image(sample_path()).array, RefinementConfig())
    for x, y, radius, target in ((300, 223, 72, 1), (60, 60, 40, -1)):
        for _ in session.refine(Click(x, y, radius, target)):
            pass
    mask = np.asarray(Image.open(tmp_path / "mask.png"))
    np.testing.assert_array_equal(mask == 255, session.prediction.array > 0)
    assert set(np.unique(mask)) <= {0, 255}
    reports = json.loads(done.stdout)["clicks"]
    assert [report["iterations"] for report in reports] == [report.iterations_run for report in session.reports]
    assert [report["loss"] for report in reports] == pytest.approx([report.loss for report in session.reports])
    assert all(0 <= report["changed_outside"] <= 1 for report in reports)


@pytest.mark.parametrize("method", ["f-brs-b", "grabcut"])
@pytest.mark.slow
def test_baselines(tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str) -> None:
    path = tmp_path / "mask.png"
    clicks = [part for one in CLICKS for part in ("--click", one)]
    arguments = ["refine", str(sample_path()), "--method", method, *clicks, "--out", str(path), "--json"]
    assert main.main(arguments) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["method"] == method
    losses = [report["loss"] for report in summary["clicks"]]
    assert losses[0] is None and (losses[1] is None) == (method == "grabcut")
    mask = np.asarray(Image.open(path))
    assert mask[223, 300] == 255 and mask[60, 60] == 0


def test_a_method_that_does_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--method", "grabcut", "--task", "depth", "--out", str(tmp_path / "depth.tif"))
    status, error = called_here(capsys, *given)
    assert status == 2 and "makes object masks; the task is depth; choose another method" in error


def test_float_outputs_hold_the_logits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("logits.npy", "logits.tif"):
        given = ("--click", CLICKS[0], "--iterations", "1", "--out", str(tmp_path / name))
        assert called_here(capsys, *given) == (0, "")
    logits = np.load(tmp_path / "logits.npy", allow_pickle=False)
    assert logits.dtype == np.float32
    assert logits[223, 300] > 0
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "logits.tif"), cv2.IMREAD_UNCHANGED), logits)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--click", "9999,10,20,1"), "outside of the image"),
        (("--click", "30,10,20"), "X,Y,RADIUS,TARGET"),
        (("--click", "30,10,-5,1"), "radius"),
        (("--click", "30,10,5,0.5"), "target"),
        (("--click", "30,10,5,1", "--lr", "-1"), "learning rate"),
        (("--click", "30,10,5,1", "--levels", "7"), "levels"),
        (("--click", "30,10,5,1", "--device", "cuda:99"), "no device"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    status, err = called_here(capsys, *arguments, "--out", str(tmp_path / "mask.png"))
    assert status == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "mask.png").exists()


def test_zoom_in_looks_at_the_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clicks = [part for one in CLICKS for part in ("--click", one)]
    whole, zoomed = tmp_path / "whole.png", tmp_path / "zoomed.png"
    for path, more in ((whole, ()), (zoomed, ("--zoom-in", "320"))):
        status, err = called_here(capsys, *clicks, "--iterations", "2", *more, "--out", str(path))
        assert status == 0, err
    masks = [np.asarray(Image.open(path)) > 0 for path in (whole, zoomed)]
    assert masks[0].shape == masks[1].shape
    assert masks[1].any() and (masks[0] != masks[1]).any()


@pytest.mark.parametrize("arguments", [("--task", "depth"), ("--method", "grabcut", "--click", CLICKS[0])])
def test_zoom_in_without_object_or_layers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    status, err = called_here(capsys, *arguments, "--zoom-in", "400", "--out", str(tmp_path / "out.png"))
    assert status == 2
    assert "--zoom-in follows an object" in err


def test_unwritable_target_names_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("not a folder")
    target = tmp_path / "file" / "mask.png"
    status, err = called_here(capsys, "--click", CLICKS[0], "--iterations", "1", "--out", str(target))
    assert status == 2
    assert str(target) in err


def called_here(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit status and stderr of the command in this process: many calls do without a new one each."""
    try:
        status = main.main(["refine", str(sample_path()), *arguments])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    return status, capsys.readouterr().err


@pytest.mark.slow
def test_bench_gives_plausible_ratios() -> None:
    done = call("bench", "--networks", "light_interactive", "--repeats", "1", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["networks"]
    assert row["network"] == "light_interactive"
    assert all(value > 0 for key, value in row.items() if key != "network")
