"""The parts of the report beside its figures: pictures, the papers' own numbers, and the comparisons they print."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np
import pytest

import models
from gbrs_core.config import LEARNING_RATE_LADDER
from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.ablations import ABLATIONS
from gbrs_core.evaluation.example import DenseExample
from gbrs_core.evaluation.gallery import SIDE, chosen, figure, picture
from gbrs_core.evaluation.methods import maker, with_options
from gbrs_core.evaluation.plots import Scale, banded_plot, plot, scale_for, ticks
from gbrs_core.evaluation.published import PUBLISHED, as_html
from gbrs_core.evaluation.report import html
from gbrs_core.evaluation.summary import area
from gbrs_core.interaction import Click
from gbrs_core.prediction import OutputKind, Prediction
from gbrs_core.task_catalog import TASKS
from tests.helpers.dense_networks import network as toy_network
from tests.helpers.toy_networks import click_network

HEIGHT, WIDTH = 300, 640


def drawn(kind: OutputKind, values: np.ndarray, target: np.ndarray, *clicks: Click) -> np.ndarray:
    grey = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    example = DenseExample(grey, target, np.ones((HEIGHT, WIDTH), dtype=bool))
    data = picture(example, Prediction(values, kind), clicks)
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1].astype(int)


class TestPictures:
    def test_an_object_is_tinted_and_its_true_outline_white(self) -> None:
        logits = np.full((HEIGHT, WIDTH), -1.0, np.float32)
        logits[100:200, 200:400] = 1
        truth = np.zeros((HEIGHT, WIDTH), np.int8)
        truth[:, 500:] = 1
        image = drawn(OutputKind.MASK, logits, truth)
        assert image.shape == (HEIGHT * SIDE // WIDTH, SIDE, 3)
        inside, outside, outline = image[75, 150], image[20, 20], image[60, 250]
        assert inside[2] - inside[0] > 60
        assert np.ptp(outside) < 10
        assert outline.min() > 200

    def test_clicks_have_their_colours_and_rings(self) -> None:
        logits = np.full((HEIGHT, WIDTH), -1.0, np.float32)
        truth = np.zeros((HEIGHT, WIDTH), np.int8)
        image = drawn(OutputKind.MASK, logits, truth, Click(160, 150, 60, 1.0), Click(480, 150, 60, -1.0))
        assert image[75, 80][1] - image[75, 80][0] > 60
        assert image[75, 240][0] - image[75, 240][1] > 60
        assert image[75, 80 + 30][1] > image[75, 80 + 20][1] + 15

    def test_dense_outputs(self) -> None:
        halves = np.zeros((HEIGHT, WIDTH), np.float32)
        halves[:, WIDTH // 2 :] = 1
        labels = drawn(OutputKind.LABEL_MAP, halves.astype(np.int32), halves.astype(np.int64))
        assert np.abs(labels[50, 50] - labels[50, 300]).max() > 60
        alpha = drawn(OutputKind.ALPHA_MATTE, halves, halves)
        assert alpha[50, 50].max() < 100 < alpha[50, 300].min()
        depth = drawn(OutputKind.DEPTH_MAP, halves + 1, halves + 1)
        assert np.abs(depth[50, 50] - depth[50, 300]).max() > 60

    def test_best_median_and_worst_once_each(self) -> None:
        assert chosen([0.2, 0.9, 0.5, 0.7, float("nan")], is_rising=True) == [("best", 1), ("median", 2), ("worst", 0)]
        assert chosen([3.0, 1.0, 2.0], is_rising=False) == [("best", 1), ("median", 2), ("worst", 0)]
        assert chosen([0.5], is_rising=True) == [("best", 0)]
        assert chosen([], is_rising=True) == []

    def test_the_file_is_part_of_the_page(self, tmp_path) -> None:
        (tmp_path / "a.jpg").write_bytes(b"picture")
        assert "data:image/jpeg;base64,cGljdHVyZQ==" in figure(tmp_path / "a.jpg", "best: <a>")
        assert "best: &lt;a&gt;" in figure(tmp_path / "a.jpg", "best: <a>")
        assert figure(tmp_path / "gone.jpg", "") == ""


class TestComparisons:
    def test_table_1(self) -> None:
        assert ABLATIONS["table1"](click_network().spec) == [
            "rgb-brs:lbfgs", "distmap-brs:lbfgs", "rgb-brs", "distmap-brs",
        ]  # fmt: skip
        assert ABLATIONS["table1"](toy_network("depth").spec) == ["rgb-brs"]

    def test_figures_have_every_level_there_is(self) -> None:
        names = ABLATIONS["figures"](models.load("light_matting").spec)
        assert names[:5] == ["none", "sb@1", "bmsb@1", "bmsb-m@1", "bmconv@1"]
        assert len(names) == 1 + 4 * 3

    def test_the_ladder_has_ten_rates_per_layer(self) -> None:
        names = ABLATIONS["ladder"](click_network().spec)
        rates = [with_options(name, {})[1]["learning_rate"] for name in names if name.startswith("bmconv")]
        assert rates == pytest.approx(LEARNING_RATE_LADDER, rel=1e-4)

    @pytest.mark.parametrize("name", list(ABLATIONS))
    @pytest.mark.parametrize("task", ["interactive", "semantic"])
    def test_every_name_makes_a_method(self, name: str, task: str) -> None:
        network = click_network() if task == "interactive" else toy_network(task)
        for method in ABLATIONS[name](network.spec):
            assert callable(maker(method, network, "cpu", {}))


class TestOptions:
    def test_all_together(self) -> None:
        assert with_options("bmconv@2/0.003:nolc", {"preset": "paper"}) == (
            "bmconv",
            {"preset": "paper", "levels": 2, "learning_rate": 0.003, "consistency_weight": 0.0, "mirror": False},
        )
        assert with_options("none", {"levels": 1}) == ("none", {"levels": 1, "mirror": False})

    @pytest.mark.parametrize("name", ["bmconv@9", "bmconv@0", "bmconv/0", "bmconv/1.2.3", "none@1", "grabcut:nolc"])
    def test_what_cannot_be_is_refused(self, name: str) -> None:
        with pytest.raises(GbrsError):
            maker(name, click_network(), "cpu", {})


def summary_of(*curve: float, worst: Sequence[float] | None = None, **more: object) -> dict[str, object]:
    """A summary of one score, as short as the report can do with."""
    low = list(worst or curve)
    areas = {"auc": curve, "auc_without_click_0": curve[1:], "worst_auc": low, "worst_auc_without_click_0": low[1:]}
    return {
        "samples": 2, "used": 2, "problems": {}, "curves": {"d1": list(curve)}, "worst_curves": {"d1": low},
        "best": {"d1": max(curve)}, **{name: {"d1": area(line)} for name, line in areas.items()}, **more,
    }  # fmt: skip


class TestPlots:
    def test_ticks_are_round_and_inside(self) -> None:
        assert ticks(0.0, 1.0) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
        assert ticks(0.83, 0.86, 3) == pytest.approx([0.83, 0.84, 0.85, 0.86])
        assert ticks(-3, 8) == pytest.approx([-2, 0, 2, 4, 6, 8])

    def test_points_by_hand(self) -> None:
        scale = Scale(width=158, height=144, clicks=2, low=0.0, high=1.0)  # 100 x 100 pixels inside the margins
        assert scale.points([0.0, float("nan"), 1.0]) == ["46.0,110.0", "146.0,10.0"]

    def test_the_band_goes_there_and_back(self) -> None:
        scale = scale_for([[0.5, 0.9], [0.1, 0.7]], 250, 170)
        assert scale is not None
        picture = banded_plot([0.5, 0.9], [0.1, 0.7], scale, 0, "d1", "sb<b>")
        (polygon,) = re.findall(r'polygon points="([^"]*)"', picture)
        assert polygon.split() == [*scale.points([0.5, 0.9]), *reversed(scale.points([0.1, 0.7]))]
        assert "sb&lt;b&gt;" in picture and "<b>" not in picture

    def test_every_method_is_told_apart(self) -> None:
        picture = plot({f"m{number}": [0.0, number] for number in range(20)}, "d1")
        lines = re.findall(r"<polyline points=\"[^\"]*\" ([^>]*)>", picture)
        assert len(set(lines)) == len(lines) == 20
        assert plot({"none": [float("nan")]}, "d1") == ""


class TestTables:
    def test_what_is_best_stands_out_also_twice(self) -> None:
        summaries = {"a": summary_of(0.2, 0.5), "b": summary_of(0.2, 0.5), "c": summary_of(0.2, 0.4)}
        page = html("depth", summaries, {})
        assert page.count('<td class="best">0.500</td>') == 2 * 4  # last click, best, areas without click 0
        assert '<td class="best">0.400' not in page and '<td class="best">0.200' not in page

    def test_a_ladder_has_its_own_table(self) -> None:
        rates = {f"{layer}/{rate}": summary_of(0.0, rate) for layer in ("sb", "bmconv") for rate in (0.1, 0.05)}
        assert "<tr><td>0.05</td><td>0.025</td><td>0.025</td></tr>" in html("depth", rates, {})
        assert "learning rate" not in html("depth", {"sb": summary_of(0.1, 0.2)}, {})

    def test_a_run_of_which_nothing_could_be_used(self) -> None:
        bad = {"samples": 1, "used": 0, "problems": {"a<b": "the mask of a<b is missing"}}
        page = html("depth", {"none": bad}, {"seed": 0})
        assert "0 of 1 samples" in page and "the mask of a&lt;b is missing" in page and "<svg" not in page


class TestOwnFiguresBesideThePapers:
    def test_table_2_of_depth(self) -> None:
        page = as_html("depth", {"sb:nolc": summary_of(0.5, 0.7, 0.9), "bmconv": summary_of(0.5, 0.9, 0.9)})
        assert '<tr class="own"><td>here</td><td>0.700 / 0.800</td><td>–</td><td>–</td><td>–</td></tr>' in page
        assert "<td>–</td><td>–</td><td>–</td><td>0.800 / 0.900</td>" in page

    def test_seconds_and_the_worst_tenth(self) -> None:
        curve = [0.5, *[0.9] * 10]
        summary = summary_of(*curve, worst=[0.1, *[0.8] * 10], seconds_per_click=1.25)
        page = as_html("depth", {"bmconv": summary})
        assert "<td>1.250</td>" in page
        assert "<td>worst tenth, here</td><td>0.100</td><td>0.800</td><td>0.765 / 0.800</td>" in page

    def test_the_unit_of_the_papers(self) -> None:
        page = as_html("matting", {"sb:nolc": summary_of(12.0, 10.0)})
        assert "<td>0.0110 / 0.0100</td>" in page

    def test_clicks_stand_below_their_data_set(self) -> None:
        clicked = summary_of(0.0, 0.9, noc={"0.85": 2.5, "0.90": 3.25})
        page = as_html("interactive", {"f-brs-b": clicked}, "davis")
        row = "<td>f-brs-b, here</td><td>–</td><td>–</td><td>2.50 / 3.25</td><td>–</td><td>–</td>"
        assert row in page
        assert "here" not in as_html("interactive", {"none": clicked}, "elsewhere").replace("from here", "")


def test_every_task_has_published_figures() -> None:
    assert list(PUBLISHED) == list(TASKS)
    for task, tables in PUBLISHED.items():
        for one in tables:
            assert {len(row) for row in one.rows} == {len(one.heads)}
            assert {1 + len(cells) for _, cells in one.own} <= {len(one.heads)}
        assert "bmconv" in as_html(task)
    assert as_html("unknown") == ""
