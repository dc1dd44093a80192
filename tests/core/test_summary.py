"""Figures of whole runs by hand, and what becomes of results that are odd or were kept by an earlier version."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from gbrs_core.errors import GbrsError, ImageError
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.label_metrics import pixel_accuracy
from gbrs_core.evaluation.layout_files import SampleError
from gbrs_core.evaluation.layouts import Sample
from gbrs_core.evaluation.measures import MEASURES, DepthMeasure, InteractiveMeasure, MattingMeasure, SemanticMeasure
from gbrs_core.evaluation.methods import Answer
from gbrs_core.evaluation.policies import centre
from gbrs_core.evaluation.runner import ClickRow, KeptResults, Plan, SampleResult, read_result, result_path, run
from gbrs_core.evaluation.summary import per_click_csv, seconds_csv, summarise
from gbrs_core.prediction import OutputKind, Prediction

ROW = ClickRow(1, 2, 3, 1, 5, 0.25)


def result(name, *tallies, seconds=(), method="sb", problem=""):
    lines = tuple(tuple(tally) if isinstance(tally, (tuple, list)) else (tally,) for tally in tallies)
    return SampleResult(name, method, (ROW,) * (len(lines) - 1), lines, seconds, problem)


# --- figures ---


def test_per_image_and_data_set_miou_are_both_there():
    measure = SemanticMeasure(2)
    # Counts by (true, predicted) class. a: IoU 1 and none -> 1; b: 0 and 1/4 -> 1/8; together 4/7 and 1/4.
    results = [result("a", (4, 0, 0, 0), (4, 0, 0, 0)), result("b", (0, 0, 3, 1), (0, 0, 0, 4))]
    summary = summarise(results, measure)
    assert summary["curves"]["mIoU"] == pytest.approx([(4 / 7 + 1 / 4) / 2, 1])
    assert summary["curves"]["per-image mIoU"] == pytest.approx([(1 + 1 / 8) / 2, 1])
    assert summary["curves"]["pixel accuracy"] == pytest.approx([5 / 8, 1])
    assert summary["worst_curves"]["mIoU"] == pytest.approx([1 / 8, 1])
    assert summary["auc"]["per-image mIoU"] == pytest.approx((9 / 16 + 1) / 2)
    assert summary["best"]["per-image mIoU"] == 1


def test_pixel_accuracy_by_hand():
    assert pixel_accuracy(np.array([[3, 1], [2, 4]])) == pytest.approx(7 / 10)
    assert math.isnan(pixel_accuracy(np.zeros((2, 2), np.int64)))


def test_areas_of_the_worst_tenth():
    results = [result(f"{number:02}", number / 20, 1.0, 1.0) for number in range(20)]
    summary = summarise(results, DepthMeasure(None))
    # Two of twenty began worst: with 0 and 0.05.
    assert summary["worst_curves"]["d1"] == pytest.approx([0.025, 1, 1])
    assert summary["worst_auc"]["d1"] == pytest.approx((0.025 / 2 + 1 + 0.5) / 2)
    assert summary["worst_auc_without_click_0"]["d1"] == pytest.approx(1)


def test_seconds_by_hand():
    results = [
        result("a", 0, 0.5, 0.91, 0.95, seconds=(1.0, 2.0, 6.0)),
        result("b", 0, 0.1, 0.2, 0.3, seconds=(3, 4, 5)),
    ]
    summary = summarise(results, InteractiveMeasure(None))
    assert summary["seconds_per_click"] == pytest.approx(21 / 6)
    assert summary["seconds_per_sample"] == pytest.approx(21 / 2)
    assert summary["median_seconds"] == pytest.approx(3.5)
    assert summary["p95_seconds"] == pytest.approx(5.75)  # at place 0.95 * 5 of 1, 2, 3, 4, 5, 6
    # The f-BRS rule: a is clicked twice, b three times.
    assert summary["spc_to_target"] == pytest.approx((1 + 2 + 3 + 4 + 5) / 5)
    assert summary["spi_to_target"] == pytest.approx(15 / 2)
    assert seconds_csv(results).splitlines()[:2] == ["method,sample,click,seconds", "sb,a,1,1.0000"]


def test_objects_that_need_no_further_click():
    """Two clicks made it perfect: the third was not made, and costs nothing."""
    done = SampleResult("a", "sb", (ROW, ROW), ((0.0,), (0.8,), (1.0,), (1.0,)), (1.0, 2.0))
    summary = summarise([done], InteractiveMeasure(None))
    assert summary["noc"] == {"0.80": 1.0, "0.85": 2.0, "0.90": 2.0, "0.95": 2.0}
    assert summary["seconds_per_click"] == 1.5
    lines = list(csv.DictReader(per_click_csv([done], InteractiveMeasure(None)).splitlines()))
    assert [line["click"] for line in lines] == ["0", "1", "2"]


def test_thresholds_are_met_in_float32():
    barely = float(np.float32(0.90))
    assert barely < 0.90
    summary = summarise([result("a", 0, barely)], InteractiveMeasure(None))
    assert summary["noc"]["0.90"] == 1 and summary["true_failures"]["0.90"] == 0


# --- measures ---


def prediction(values, kind):
    return Prediction(np.asarray(values), kind)


def test_depth_scores_have_their_places():
    """1 and 4 metres for 2 and 4: one error of 1 m, a factor of 2; one pixel right."""
    example = DenseExample(np.zeros((1, 2, 3), np.uint8), np.float32([[2, 4]]), np.ones((1, 2), bool))
    measure = DepthMeasure(None)
    tally = measure.tally(prediction(np.float32([[1, 4]]), OutputKind.DEPTH_MAP), example)
    assert dict(zip(measure.names, measure.scores(tally), strict=True)) == pytest.approx(
        {
            "d1": 0.5, "d2": 0.5, "d3": 0.5, "AbsRel": 0.25, "SqRel": 0.25, "RMSE": math.sqrt(0.5),
            "RMSElog": math.log(2) / math.sqrt(2), "log10": math.log10(2) / 2, "SILog": 50 * math.log(2),
        }
    )  # fmt: skip
    assert dict(zip(measure.names, measure.rises, strict=True))["d3"] is True


def test_matting_errors_have_their_places():
    """An opaque island that is in no common region: connectivity misses all of it, the stretched gradient sees it."""
    alpha, target = np.zeros((9, 9), np.float32), np.zeros((9, 9), np.float32)
    alpha[1:5, 1:5] = target[1:5, 1:5] = 1
    alpha[7, 7] = 0.5
    example = DenseExample(np.zeros((9, 9, 3), np.uint8), target, np.ones((9, 9), bool))
    measure = MattingMeasure(None)
    scores = dict(zip(measure.names, measure.tally(prediction(alpha, OutputKind.ALPHA_MATTE), example), strict=True))
    assert scores["MSE x1e3"] == pytest.approx(0.25 / 81 * 1000)
    assert scores["SAD"] == scores["Conn"] == pytest.approx(0.5 / 1000)
    assert scores["Grad"] > 0
    assert measure.brief().names == ("MSE x1e3", "SAD")


@pytest.mark.parametrize("task", list(MEASURES))
def test_every_score_says_which_way_is_better(task):
    measure = MEASURES[task](3)
    assert len(measure.rises) == len(measure.names)
    assert measure.brief().names == measure.names[: len(measure.brief().names)]


# --- odd results ---


class Told:
    """A method that predicts what it is told, one after the other."""

    def __init__(self, *arrays, kind=OutputKind.DEPTH_MAP):
        self._left = [Prediction(np.float32(array), kind) for array in arrays]
        self.prediction = self._left.pop(0)

    def click(self, click):
        self.prediction = self._left.pop(0)
        return Answer(self.prediction, 0.5, 1, 0.0)


def plan(folder, make, measure=None, clicks=2):
    return Plan(measure or DepthMeasure(None), {"sb": make}, centre, clicks, 0, folder, {})


def example(name="one", target=2.0):
    return DenseExample(np.zeros((20, 20, 3), np.uint8), np.full((20, 20), target), np.ones((20, 20), bool), name=name)


def results_of(folder, make, *names, measure=None, target=2.0):
    samples = [Sample(name, lambda name=name: example(name, target)) for name in names]
    return list(run(plan(folder, make, measure), samples))


def test_a_prediction_that_is_no_number_is_named_and_scored_up_to_there(tmp_path):
    flat = np.ones((20, 20))
    (after,) = results_of(tmp_path, lambda _: Told(flat, flat * np.nan, flat), "a")
    assert after.problem == "the network's prediction is not finite"
    assert len(after.tallies) == 3 and not after.clicks
    (never,) = results_of(tmp_path / "never", lambda _: Told(flat * np.inf), "a")
    assert not never.tallies and summarise([never], DepthMeasure(None))["used"] == 0


def test_what_a_network_cannot_take_does_not_end_the_run(tmp_path):
    def makes(made):
        if made.name == "bad":
            raise ImageError("too small for the network")
        return Told(*[np.full((20, 20), 2.0)] * 3)

    bad, good = results_of(tmp_path, makes, "bad", "good")
    assert bad.problem == "too small for the network" and not bad.tallies
    assert good.tallies and not good.problem


def test_classes_that_the_network_does_not_have_are_named(tmp_path):
    made = results_of(tmp_path, lambda _: Told(np.zeros((20, 20))), "a", measure=SemanticMeasure(3), target=7)
    assert made[0].problem == "the labels of a hold the classes 7; the network knows 0 to 2"


def test_samples_are_prepared_and_what_that_refuses_is_named(tmp_path):
    def refuse(made):
        raise SampleError(f"{made.name} cannot be cropped")

    whole = plan(tmp_path, lambda _: Told(np.ones((20, 20))))
    (made,) = run(Plan(**{**whole.__dict__, "prepare": refuse}), [Sample("a", example)])
    assert made.problem == "one cannot be cropped"


def test_names_that_would_share_a_file_do_not(tmp_path):
    flat = np.full((20, 20), 2.0)
    values = iter((1.0, 3.0))
    made = results_of(tmp_path, lambda _: Told(*[flat * next(values)] * 3), "a b", "a?b")
    assert [read_result(result_path(tmp_path, "sb", name)).sample for name in ("a b", "a?b")] == ["a b", "a?b"]
    assert made[0].tallies != made[1].tallies


@pytest.mark.parametrize("text", ["", "[1]", '{"format": 1}', '{"format": 1, "clicks": [{}], "sample": "a"}', "null"])
def test_damaged_results_are_made_again(tmp_path, text):
    path = result_path(tmp_path, "sb", "a")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert read_result(path) is None
    (made,) = results_of(tmp_path, lambda _: Told(*[np.full((20, 20), 2.0)] * 3), "a")
    assert read_result(path).tallies == made.tallies


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "samples").write_text("in the way")
    with pytest.raises(GbrsError, match=r"cannot write into .*what is finished is kept"):
        results_of(tmp_path, lambda _: Told(*[np.full((20, 20), 2.0)] * 3), "a")


def test_results_of_an_earlier_version_hold_fewer_scores():
    old, new = result("a", (0.5, 0.4, 2.0)), result("b", (0.9, 0.2, 1.0, *[0.3] * 6))
    measure = DepthMeasure(None)
    assert summarise([old, new], measure)["curves"] == {
        "d1": [pytest.approx(0.7)], "AbsRel": [pytest.approx(0.3)], "RMSE": [pytest.approx(1.5)],
    }  # fmt: skip
    lines = list(csv.DictReader(per_click_csv([old, new], measure).splitlines()))
    assert [line["SILog"] for line in lines] == ["", "0.3"]
    assert json.loads(json.dumps(summarise([old], measure)))["best"]["d1"] == 0.5


def test_results_are_read_one_by_one(tmp_path):
    names = ("a", "b", "c")
    made = results_of(tmp_path, lambda _: Told(*[np.full((20, 20), 2.5)] * 3), *names)
    kept = KeptResults(plan(tmp_path, lambda _: None), tuple(("sb", name) for name in names))
    assert summarise(kept, DepthMeasure(None)) == summarise(made, DepthMeasure(None))
    assert [one.sample for one in kept[1:]] == ["b", "c"]
    result_path(tmp_path, "sb", "b").unlink()
    with pytest.raises(GbrsError, match="not there any more"):
        kept[1]
