"""`main.py evaluate` over twenty small pictures of every task, with the embedded networks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import main

COUNT, HEIGHT, WIDTH = 20, 64, 80
LAYOUTS = {
    "interactive": ("davis", "img", "gt"),
    "semantic": ("camvid", "images", "labels"),
    "matting": ("composition1k", "image", "alpha"),
    "depth": ("nyu", "image", "depth"),
}

SCORES = {
    "interactive": ("IoU",),
    "semantic": ("mIoU", "pixel accuracy"),
    "matting": ("MSE x1e3", "SAD", "Grad", "Conn"),
    "depth": ("d1", "d2", "d3", "AbsRel", "SqRel", "RMSE", "RMSElog", "log10", "SILog"),
}

pytestmark = pytest.mark.slow


def truth_of(task: str, disc: np.ndarray) -> np.ndarray:
    """The same disc as object, class, alpha with a soft edge, or something nearer than the rest."""
    if task == "interactive":
        return (disc > 0.5).astype(np.uint8) * 255
    if task == "semantic":
        return np.where(disc > 0.5, 8, 3).astype(np.uint8)
    if task == "matting":
        return np.rint(disc * 255).astype(np.uint8)
    return np.where(disc > 0.5, 1500, 3000).astype(np.uint16)


def write_data(task: str, folder: Path) -> None:
    """Discs before noise; the last picture has no truth."""
    _, images, truths = LAYOUTS[task]
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for number in range(COUNT):
        row, column = rng.integers(24, 40), rng.integers(24, 56)
        disc = np.clip((18 - np.hypot(rows - row, columns - column)) / 6 + 0.5, 0, 1)[:, :, None]
        noise = rng.integers(0, 60, (HEIGHT, WIDTH, 3))
        picture = np.rint(disc * (180 + noise) + (1 - disc) * (20 + noise)).astype(np.uint8)
        files = {images: picture, truths: truth_of(task, disc[:, :, 0])}
        if task == "matting":
            files["trimap"] = np.where(disc[:, :, 0] >= 1, 255, np.where(disc[:, :, 0] <= 0, 0, 128)).astype(np.uint8)
        if number == COUNT - 1:
            del files[truths]
        for kind, array in files.items():
            (folder / kind).mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(folder / kind / f"{number:02}.png"), array)


@pytest.mark.parametrize("task", list(LAYOUTS))
def test_twenty_pictures(task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_data(task, tmp_path / "data")
    command = ["evaluate", task, "--data", str(tmp_path / "data"), "--layout", LAYOUTS[task][0], "--device", "cpu"]
    assert main.main([*command, "--method", "none", "bmconv", "--clicks", "3", "--out", str(tmp_path / "out")]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())["methods"]
    lines = list(csv.DictReader((tmp_path / "out" / "per_click.csv").read_text().splitlines()))
    for method in ("none", "bmconv"):
        assert summary[method]["used"] == COUNT - 1
        (problem,) = summary[method]["problems"].items()
        assert problem[0] == "19" and "missing" in problem[1]
        assert len({line["sample"] for line in lines if line["method"] == method}) == COUNT - 1
    for score in SCORES[task]:
        assert all(float(line[score]) >= 0 for line in lines)
        assert {score} <= summary["bmconv"]["curves"].keys() == summary["bmconv"]["worst_auc"].keys()
    name = next(iter(summary["none"]["curves"]))
    start, end = summary["bmconv"]["curves"][name][0], summary["bmconv"]["curves"][name][-1]
    assert (end < start) if task == "matting" else (end > start)
    assert "19/20 samples" in capsys.readouterr().out
    report = (tmp_path / "out" / "report.html").read_text()
    assert report.count("data:image/jpeg;base64") >= 2
    assert "What the papers report" in report
