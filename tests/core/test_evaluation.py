"""Layouts, the click loop, its memory on disk, and the figures made of it."""

from __future__ import annotations

import json
import math

import cv2
import numpy as np
import pytest
import scipy.io

from gbrs_core.config import RefinementConfig
from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.layout_files import SampleError
from gbrs_core.evaluation.layouts import LAYOUTS, Sample
from gbrs_core.evaluation.measures import MEASURES, InteractiveMeasure, SemanticMeasure
from gbrs_core.evaluation.methods import maker
from gbrs_core.evaluation.policies import centre, human
from gbrs_core.evaluation.report import html
from gbrs_core.evaluation.runner import ClickRow, Plan, SampleResult, read_result, result_path, run
from gbrs_core.evaluation.summary import area, per_click_csv, summarise
from gbrs_core.interaction import Click
from tests.helpers.toy_networks import click_network

PHOTO = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array if array.ndim == 2 else array[:, :, ::-1])


def box(value=255):
    mask = np.zeros((12, 16), dtype=np.uint8)
    mask[3:8, 4:10] = value
    return mask


def loaded(layout, folder):
    return {sample.name: sample.load() for sample in LAYOUTS[layout].samples(folder)}


# --- layouts ---


def test_grabcut_and_berkeley(tmp_path):
    mask = box()
    mask[0], mask[11, 0], mask[11, 1] = 128, 1, 64
    for images, masks, layout in (("data_GT", "boundary_GT", "grabcut"), ("images", "masks", "berkeley")):
        write(tmp_path / layout / images / "cat.v1.png", PHOTO)
        write(tmp_path / layout / masks / "cat.bmp", mask)
        example = loaded(layout, tmp_path / layout)["cat"]
        assert np.array_equal(example.image, PHOTO)
        assert (example.target[0] == -1).all() and not example.valid[0].any()
        assert example.target[11, 0] == 1 and example.target[11, 1] == 0
        assert (example.target == 1).sum() == 5 * 6 + 1


@pytest.mark.parametrize("layout", ["davis", "coco_mval"])
def test_whatever_is_not_black_is_object(tmp_path, layout):
    coloured = np.zeros((12, 16, 3), dtype=np.uint8)
    coloured[2, 3, 1] = 7
    write(tmp_path / "img" / "a.png", PHOTO)
    write(tmp_path / "gt" / "a.png", coloured)
    assert np.argwhere(loaded(layout, tmp_path)["a"].target == 1).tolist() == [[2, 3]]


def test_sbd_has_one_sample_per_object(tmp_path):
    labels = box(2) + 0
    labels[10, 10], labels[0, 0] = 1, 255
    (tmp_path / "inst").mkdir()
    scipy.io.savemat(tmp_path / "inst" / "2008_1.mat", {"GTinst": {"Segmentation": labels}})
    write(tmp_path / "img" / "2008_1.png", PHOTO)
    (tmp_path / "img" / "2008_1.png").rename(tmp_path / "img" / "2008_1.jpg")
    (tmp_path / "inst" / "2008_2.mat").write_bytes(b"no mat")
    (tmp_path / "val.txt").write_text("2008_1\n2008_2\n")
    samples = {sample.name: sample for sample in LAYOUTS["sbd"].samples(tmp_path)}
    assert list(samples) == ["2008_1_1", "2008_1_2", "2008_2"]
    assert (samples["2008_1_2"].load().target == 1).sum() == 30
    with pytest.raises(SampleError, match=r"2008_2\.mat"):
        samples["2008_2"].load()


def test_label_maps(tmp_path):
    labels = box(3)
    labels[0] = 11
    write(tmp_path / "images" / "a.png", PHOTO)
    write(tmp_path / "labels" / "a.png", labels)
    example = loaded("camvid", tmp_path)["a"]
    assert example.target[4, 5] == 3 and not example.valid[0].any() and example.valid[1:].all()
    assert loaded("mapillary", tmp_path)["a"].valid.all()
    city = tmp_path / "city"
    write(city / "leftImg8bit" / "val" / "ulm" / "ulm_1_leftImg8bit.png", PHOTO)
    write(
        city / "gtFine" / "val" / "ulm" / "ulm_1_gtFine_labelTrainIds.png", np.where(box() > 0, 255, 2).astype(np.uint8)
    )
    example = loaded("cityscapes", city)["ulm_1"]
    assert example.valid.sum() == 12 * 16 - 30 and (example.target[example.valid] == 2).all()


def test_mattes_and_depth(tmp_path):
    trimap = np.full((12, 16), 128, dtype=np.uint8)
    trimap[0], trimap[11] = 0, 255
    write(tmp_path / "image" / "a.png", PHOTO)
    write(tmp_path / "alpha" / "a.png", box(51))
    write(tmp_path / "trimap" / "a.png", trimap)
    example = loaded("composition1k", tmp_path)["a"]
    assert example.target[4, 5] == pytest.approx(0.2)
    assert np.array_equal(example.guidance, trimap) and example.valid.sum() == 10 * 16
    depth = np.full((12, 16), 2500, dtype=np.uint16)
    depth[0], depth[1] = 0, 10000
    write(tmp_path / "depth" / "a.png", depth)
    example = loaded("nyu", tmp_path)["a"]
    assert example.target[5, 5] == pytest.approx(2.5) and example.valid.sum() == 10 * 16


def test_bad_samples_say_what_is_wrong(tmp_path):
    for name in ("missing", "small", "empty", "broken", "ignored"):
        write(tmp_path / "data_GT" / f"{name}.png", PHOTO)
    masks = tmp_path / "boundary_GT"
    write(masks / "small.png", box()[:6])
    write(masks / "empty.png", np.zeros((12, 16), np.uint8))
    write(masks / "ignored.png", np.full((12, 16), 128, np.uint8))
    (masks / "broken.png").write_bytes(b"\x89PNG")
    words = {"missing": "missing", "small": "6, 16", "empty": "empty", "broken": r"broken\.png", "ignored": "known"}
    for sample in LAYOUTS["grabcut"].samples(tmp_path):
        with pytest.raises(SampleError, match=words[sample.name]):
            sample.load()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(GbrsError, match="boundary_GT"):
        list(LAYOUTS["grabcut"].samples(tmp_path))


# --- the click loop ---


def example(name="one"):
    picture = np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    target = np.zeros((24, 32), dtype=np.int8)
    target[6:18, 8:24] = 1
    return DenseExample(picture, target, target >= 0, None, name)


def plan(folder, methods=("none", "sb"), clicks=3):
    network = click_network()
    settings = {"iterations": 2}
    return Plan(
        InteractiveMeasure(None),
        {name: maker(name, network, "cpu", settings) for name in methods},
        centre,
        clicks,
        0,
        folder,
        {},
    )


def samples(*names):
    return [Sample(name, lambda name=name: example(name)) for name in names]


def test_every_click_is_scored_and_kept(tmp_path):
    results = list(run(plan(tmp_path), samples("a", "b")))
    assert [(result.sample, result.method) for result in results] == [
        ("a", "none"), ("a", "sb"), ("b", "none"), ("b", "sb"),
    ]  # fmt: skip
    for result in results:
        assert len(result.tallies) == 4 and result.tallies[0] == (0.0,) and not result.problem
        assert (result.clicks[0].x, result.clicks[0].y, result.clicks[0].target) == (13, 11, 1)
        assert len(result.seconds) == len(result.clicks) == 3
        kept = read_result(result_path(tmp_path, result.method, result.sample))
        assert per_click_csv([kept], InteractiveMeasure(None)) == per_click_csv([result], InteractiveMeasure(None))


def test_what_is_kept_is_not_done_again(tmp_path):
    whole = list(run(plan(tmp_path), samples("a", "b")))
    result_path(tmp_path, "sb", "b").unlink()
    damaged = result_path(tmp_path, "none", "a")
    damaged.write_text(damaged.read_text()[:50])

    def loads():
        raise AssertionError("a sample was loaded though all its results were there")

    again = list(run(plan(tmp_path), samples("a", "b")))
    measure = InteractiveMeasure(None)
    assert per_click_csv(again, measure) == per_click_csv(whole, measure)
    list(run(plan(tmp_path), [Sample("a", loads), Sample("b", loads)]))


def test_a_bad_sample_is_named_and_the_run_goes_on(tmp_path):
    def fails():
        raise SampleError("the mask of bad is missing")

    results = list(run(plan(tmp_path, ("none",)), [Sample("bad", fails), *samples("good")]))
    assert results[0].problem == "the mask of bad is missing" and not results[0].tallies
    summary = summarise(results, InteractiveMeasure(None))
    assert (summary["samples"], summary["used"]) == (2, 1)
    assert summary["problems"] == {"bad": "the mask of bad is missing"}


def test_grabcut_is_for_objects_only(tmp_path):
    results = list(run(plan(tmp_path, ("grabcut",), clicks=1), samples("a")))
    assert results[0].tallies[1][0] > 0 and math.isnan(results[0].clicks[0].changed_outside)
    network = click_network()
    with pytest.raises(GbrsError, match="known methods"):
        maker("magic", network, "cpu", {})


def test_without_consistency_loss():
    network = click_network()
    method = maker("bmconv:nolc", network, "cpu", {})(example())
    assert method._session.config == RefinementConfig(layer="bmconv", consistency_weight=0.0, mirror=False)


def test_people_click_around_the_middle_on_what_they_mean():
    meant = np.zeros((40, 60), dtype=bool)
    meant[10:30, 20:50] = True
    middle = Click(35, 20, 12, 1)
    moved = [human(middle, meant, 0, f"picture/{index}") for index in range(40)]
    assert all(meant[round(click.y), round(click.x)] for click in moved)
    assert len({(click.x, click.y) for click in moved}) > 20
    assert moved == [human(middle, meant, 0, f"picture/{index}") for index in range(40)]
    assert moved != [human(middle, meant, 1, f"picture/{index}") for index in range(40)]
    missed = moved[0]
    assert missed.radius == pytest.approx(12 + math.hypot(missed.x - 35, missed.y - 20))
    assert human(middle, np.zeros_like(meant), 0, "nowhere") == middle
    assert centre(middle, meant, 0, "") == middle


# --- figures ---


def result(name, scores, method="none", seconds=()):
    rows = tuple(ClickRow(1, 2, 3, 1, 5, 0.25) for _ in scores[1:])
    return SampleResult(name, method, rows, tuple((score,) for score in scores), seconds)


def test_area_by_hand():
    assert area([0.0, 0.5, 1.0]) == pytest.approx(0.5)
    assert area([0.0, 1.0, 1.0]) == pytest.approx(0.75)
    assert area([0.7]) == 0.7


def test_summary_by_hand():
    results = [result("a", [0, 0.84, 0.86, 0.91], seconds=(1.0, 2.0, 3.0)), result("b", [0, 0.5, 0.6, 0.7])]
    summary = summarise(results, InteractiveMeasure(None))
    assert summary["curves"]["IoU"] == pytest.approx([0, 0.67, 0.73, 0.805])
    assert summary["worst_curves"]["IoU"] == pytest.approx([0, 0.5, 0.6, 0.7])
    assert summary["auc"]["IoU"] == pytest.approx((0 / 2 + 0.67 + 0.73 + 0.805 / 2) / 3)
    assert summary["auc_without_click_0"]["IoU"] == pytest.approx((0.67 / 2 + 0.73 + 0.805 / 2) / 2)
    assert summary["best"]["IoU"] == pytest.approx(0.805)
    assert summary["noc"]["0.85"] == pytest.approx((2 + 3) / 2)
    # The field's count takes whoever needs all clicks for a failure; the true one only those that never get there.
    assert (summary["failures"]["0.90"], summary["true_failures"]["0.90"]) == (2, 1)
    assert summary["seconds_per_click"] == pytest.approx(2.0) and summary["median_seconds"] == 2.0


def test_a_data_sets_miou_is_not_the_mean_of_its_pictures():
    measure = SemanticMeasure(2)
    one, other = np.array([4.0, 0, 0, 0]), np.array([0, 0, 3.0, 1])
    assert measure.scores(one) == [1.0, 1.0]
    assert measure.scores(other) == pytest.approx([(0 + 1 / 4) / 2, 1 / 4])
    assert measure.total([one, other]) == pytest.approx([(4 / 7 + 1 / 4) / 2, 5 / 8])
    with pytest.raises(ValueError, match="classes"):
        MEASURES["semantic"](None)


def test_errors_are_best_when_least():
    measure = MEASURES["matting"](None)
    results = [SampleResult("a", "sb", (ClickRow(0, 0, 1, 1, 1, 0),), ((9.0, 3.0), (4.0, 2.0)), (0.1,))]
    assert summarise(results, measure)["best"] == {"MSE x1e3": 4.0, "SAD": 2.0}
    depth = MEASURES["depth"](None)
    results = [SampleResult("a", "sb", (ClickRow(0, 0, 1, 1, 1, 0),), ((0.5, 0.4, 2.0), (0.9, 0.2, 1.0)), (0.1,))]
    assert summarise(results, depth)["best"] == {"d1": 0.9, "AbsRel": 0.2, "RMSE": 1.0}


def test_the_report_stands_alone(tmp_path):
    results = {"sb<script>": [result("a", [0, 0.84, 0.86])], "none": [result("a", [0, 0.5, 0.6])]}
    summaries = {name: summarise(found, InteractiveMeasure(None)) for name, found in results.items()}
    text = html("interactive: davis", summaries, {"network_sha256": "abc123", "seed": 0})
    assert text.count("<svg") == 4 and "abc123" in text
    assert "<script" not in text and "src=" not in text and "href=" not in text
    assert json.loads(json.dumps(summaries)) == summaries
