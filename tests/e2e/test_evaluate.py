"""`main.py evaluate`, from folders to files: go on after an end, share among processes, bad data, wrong use."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import main
from app.headless.evaluate import LAYOUT_NAMES
from gbrs_core.evaluation.layouts import LAYOUTS

ROOT = Path(main.__file__).parent
QUICK = ["--method", "none", "sb", "--clicks", "2", "--device", "cpu"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Four small photographs with an object each, DAVIS's layout."""
    folder = tmp_path_factory.mktemp("davis")
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c", "d"):
        image = rng.integers(0, 90, (48, 64, 3), dtype=np.uint8)
        mask = np.zeros((48, 64), dtype=np.uint8)
        cv2.circle(mask, tuple(int(place) for place in rng.integers(18, 30, 2)), 12, 255, -1)
        image[mask > 0] += 120
        for kind, array in (("img", image), ("gt", mask)):
            (folder / kind).mkdir(exist_ok=True)
            cv2.imwrite(str(folder / kind / f"{name}.png"), array)
    return folder


def evaluate(data, out, *more, layout="davis", task="interactive"):
    return main.main(["evaluate", task, "--data", str(data), "--layout", layout, "--out", str(out), *QUICK, *more])


@pytest.fixture(scope="module")
def done(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "run"
    assert evaluate(data, out) == 0
    return out


def test_the_files_say_the_same(done):
    rows = list(csv.DictReader((done / "per_click.csv").read_text().splitlines()))
    assert [row["sample"] for row in rows if row["method"] == "sb" and row["click"] == "0"] == ["a", "b", "c", "d"]
    assert all(float(row["IoU"]) == 0 for row in rows if row["click"] == "0")
    summary = json.loads((done / "summary.json").read_text())
    assert summary["settings"]["network"] == "light_interactive" and len(summary["settings"]["network_sha256"]) == 64
    last = [float(row["IoU"]) for row in rows if row["method"] == "none" and row["click"] == "2"]
    if len(last) == 4:
        assert summary["methods"]["none"]["curves"]["IoU"][2] == pytest.approx(np.mean(last), abs=1e-6)
    for method in summary["methods"].values():
        assert method["worst_by_click"] == 1 and method["auc"].keys() == method["auc_without_click_0"].keys()
    assert "Python" in summary["provenance"]["versions"] and summary["provenance"]["workers"] == 1
    seconds = list(csv.DictReader((done / "seconds.csv").read_text().splitlines()))
    assert len(seconds) == len([row for row in rows if row["click"] != "0"])
    assert "<svg" in (done / "report.html").read_text()


def test_an_ended_run_goes_on_to_the_same_bytes(done, data, tmp_path):
    out = tmp_path / "run"
    assert evaluate(data, out, "--limit", "2") == 0
    assert len(list((out / "samples" / "none").iterdir())) == 2
    assert evaluate(data, out) == 0
    assert (out / "per_click.csv").read_bytes() == (done / "per_click.csv").read_bytes()


def test_a_folder_with_another_run_is_left_alone(done, data, capsys):
    before = (done / "summary.json").read_bytes()
    assert evaluate(data, done, "--clicks", "3") == 2
    assert "other settings (clicks)" in capsys.readouterr().err
    assert (done / "summary.json").read_bytes() == before


def test_the_human_clicker_clicks_elsewhere(done, data, tmp_path):
    assert evaluate(data, tmp_path / "run", "--clicker", "human") == 0
    assert (tmp_path / "run" / "per_click.csv").read_bytes() != (done / "per_click.csv").read_bytes()


def test_bad_data_is_counted_and_named(data, tmp_path, capsys):
    for kind in ("img", "gt"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for name in ("a", "b"):
            (tmp_path / "data" / kind / f"{name}.png").write_bytes((data / kind / f"{name}.png").read_bytes())
    (tmp_path / "data" / "gt" / "b.png").unlink()
    assert evaluate(tmp_path / "data", tmp_path / "run") == 0
    assert "the mask of b is missing" in capsys.readouterr().out
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())["methods"]["none"]
    assert (summary["samples"], summary["used"]) == (2, 1)
    assert "the mask of b is missing" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--layout", "camvid"], "no layout 'camvid' for interactive"),
        (["--method", "magic"], "unknown method 'magic'"),
        (["--data", "/nowhere"], "/nowhere"),
        (["--clicks", "0"], "at least 1"),
        (["--workers", "0", "--limit", "0"], "--limit, --workers must be at least 1"),
        (["--crop", "eigen"], "no crop 'eigen'"),
        (["--fbrs", "magic=1"], "no setting 'magic'"),
        (["--zoom-in", "5"], "target_size"),
    ],
)
def test_wrong_use_is_one_line(data, tmp_path, capsys, more, words):
    assert evaluate(data, tmp_path / "run", *more) == 2
    error = capsys.readouterr().err.strip()
    assert words in error and "\n" not in error


def test_all_layouts_are_named() -> None:
    assert LAYOUT_NAMES.replace(";", ",").split(", ") == list(LAYOUTS)


def test_f_brs_as_published_and_elsewhere(data, tmp_path):
    """Settings of the pipeline are settings of the run."""
    kinds = {"mended": [], "published": ["--fbrs", "is_exact=1"], "small": ["--fbrs", "longest_side=32"]}
    found = {}
    for name, more in kinds.items():
        assert evaluate(data, tmp_path / name, "--limit", "1", "--method", "no-brs", *more) == 0
        found[name] = (tmp_path / name / "per_click.csv").read_bytes()
    assert found["small"] != found["mended"]
    assert evaluate(data, tmp_path / "mended", "--limit", "1", "--method", "no-brs", "--fbrs", "is_exact=1") == 2


@pytest.mark.slow
def test_two_processes_give_the_same_bytes_as_one(done, data, tmp_path):
    arguments = ["evaluate", "interactive", "--data", str(data), "--layout", "davis", "--out", str(tmp_path / "run")]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    finished = subprocess.run(
        [*launcher, str(ROOT / "main.py"), *arguments, *QUICK], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert (tmp_path / "run" / "per_click.csv").read_bytes() == (done / "per_click.csv").read_bytes()
