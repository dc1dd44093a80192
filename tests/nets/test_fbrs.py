"""f-BRS's pipeline and refinement against figures of the original program, and where its faults are mended."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import models
from gbrs_core.config import ZoomInConfig
from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.metrics import number_of_clicks
from gbrs_core.fbrs.brs import BrsObjective, ScaleBias, minimise_brs
from gbrs_core.fbrs.brs_loss import brs_loss, click_masks, worst_errors
from gbrs_core.fbrs.predictor import FbrsConfig, FbrsPredictor
from gbrs_core.fbrs.zoom_in import Region, ZoomIn
from gbrs_core.network import InsertionLayout, InsertionPoint, NetworkSpec
from models.registry import entry
from tests.helpers.networks import REFERENCE, filled_network
from tests.helpers.reproducible import _values
from tests.helpers.toy_networks import click_network

DATA = Path(__file__).parents[1] / "data"
ZOOM_IN = json.loads((DATA / "fbrs_zoom_in.json").read_text())
PROTOCOL = json.loads((DATA / "fbrs_protocol.json").read_text())


def placed(clicks: list[list[float]]) -> list[tuple[float, float, bool]]:
    return [(row, column, kind == 1) for kind, row, column in clicks]


class TestRegions:
    @pytest.mark.parametrize("case", PROTOCOL["roi"], ids=str)
    def test_expansion_resizing_and_clicks(self, case: dict[str, Any]) -> None:
        height, width = case["image"]
        mask = np.zeros((height, width), dtype=bool)
        top, end, left, right = case["mask_box_half_open"]
        mask[top:end, left:right] = True
        clicks = placed(case["clicks"])
        for row, column, is_positive in clicks:
            if is_positive:
                mask[int(row), int(column)] = True
        box = Region.around(mask)
        assert box is not None
        region = box.expanded(case["expansion_ratio"], case["min_crop_size"], height, width)
        assert region == Region(*case["roi_rmin_rmax_cmin_cmax_inclusive"])
        size = region.size_for(case["target_size"])
        assert list(size) == case["crop_hw"]
        assert region.inside(clicks, size)[-1][:2] == pytest.approx(case["last_click_in_crop"], rel=1e-12)
        other = Region(*case["other_roi"])
        assert region.overlap(other) == pytest.approx(case["bbox_iou_with_other"], rel=1e-12)
        assert other.holds_positive(clicks) == case["other_contains_positive_clicks"]

    def test_an_empty_mask_has_no_region(self) -> None:
        assert Region.around(np.zeros((3, 4), dtype=bool)) is None

    def test_a_positive_click_in_the_last_row_replaces_the_region(self) -> None:
        region = Region(10, 20, 10, 20)
        assert region.holds_positive([(19.0, 19.0, True), (90.0, 90.0, False)])
        assert not region.holds_positive([(20.0, 15.0, True)])

    def test_an_empty_prediction_gives_the_region_up(self) -> None:
        some = np.zeros((300, 300), dtype=np.float32)
        some[100:120, 100:120] = 1
        clicks = [(110.0, 110.0, True), (112.0, 112.0, True)]
        for is_exact in (False, True):
            zoom = ZoomIn(ZoomInConfig(), 300, 300, is_exact=is_exact)
            assert zoom.advance(clicks, some) == (True, True)
            assert zoom.advance(clicks, np.zeros_like(some)) == (False, not is_exact)
            assert (zoom.region is not None) == is_exact


class TestClickMasks:
    @pytest.mark.parametrize("case", PROTOCOL["click_map_cases"], ids=lambda case: str(case["clicks"]))
    def test_squares_and_loss_as_published(self, case: dict[str, Any]) -> None:
        height, width = PROTOCOL["click_map_shape"]
        masks = click_masks(placed(case["clicks"]), height, width, is_exact=True)
        assert torch.nonzero(masks.positive[0, 0]).tolist() == case["pos_pixels"]
        assert torch.nonzero(masks.negative[0, 0]).tolist() == case["neg_pixels"]
        probability = torch.from_numpy(_values("prob", (1, 1, height, width), 1)).sigmoid()
        assert float(brs_loss([probability], [masks])) == pytest.approx(case["loss"], abs=1e-6)
        assert worst_errors([probability], [masks]) == pytest.approx((case["max_pos"], case["max_neg"]), abs=1e-6)

    def test_at_the_border_squares_are_clipped(self) -> None:
        masks = click_masks([(0, 7, True), (5, 0, False), (-5, 4, True), (20, 4, False)], 12, 16)
        assert torch.nonzero(masks.positive[0, 0]).tolist() == [[r, c] for r in (0, 1) for c in (6, 7, 8)]
        assert torch.nonzero(masks.negative[0, 0]).tolist() == [[r, c] for r in (4, 5, 6) for c in (0, 1)]

    def test_gradient(self) -> None:
        masks = [click_masks([(1, 1, True), (3, 4, False)], 5, 6)]
        values = torch.linspace(-1, 1, 30, dtype=torch.float64).view(1, 1, 5, 6).requires_grad_()
        assert torch.autograd.gradcheck(lambda logits: brs_loss([logits.sigmoid()], masks), values)


class TestOptimiser:
    def objective(self, layer: ScaleBias, **more: Any) -> BrsObjective:
        features = torch.linspace(-1, 1, 2 * 4 * 5).view(1, 2, 4, 5)
        masks = [click_masks([(1, 1, True), (3, 4, False)], 4, 5)]
        return BrsObjective([lambda: layer(features).sum(1, keepdim=True) - 1], masks, layer, 0.49, 0.01, **more)

    def test_the_loss_falls_and_the_best_logits_are_kept(self) -> None:
        layer = ScaleBias(2)
        objective = self.objective(layer, can_stop=False)
        minimise_brs(objective, layer, 20)
        assert min(objective.losses) < 0.3 * objective.losses[0]
        assert objective.best is not None
        assert len(objective.losses) >= 20

    def test_it_stops_when_every_click_has_its_side(self) -> None:
        layer = ScaleBias(2)
        objective = self.objective(layer)
        minimise_brs(objective, layer, 20)
        assert objective.was_satisfied
        assert len(objective.losses) < 20

    def test_penalty_by_hand(self) -> None:
        layer = ScaleBias(2)
        with torch.no_grad():
            layer.vector.copy_(torch.tensor([1.0, 2.0, 0.5, 0.0]))
        assert float(layer.penalty().detach()) == pytest.approx(1e-3 * (1 + 4 + 10 * 0.25))
        features = torch.ones(1, 2, 1, 1)
        assert layer(features).flatten().tolist() == [2.5, 3.0]


class Stub(nn.Module):
    """8 (negative map - positive map) - 4 + half of the image's first channel."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Identity()
        self.weight = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, picture: Tensor, maps: Tensor) -> Tensor:
        return self.place(8 * (maps[:, 1:] - maps[:, :1]) - 4 + 0.5 * picture[:, :1])


def stub(radius: float) -> Any:
    spec = NetworkSpec(
        name="stub",
        task="interactive",
        title="",
        layouts={"B": InsertionLayout(levels=((InsertionPoint("B", "place", channels=1),),))},
        default_layout="B",
        guidance="click_maps",
        click_norm_radius=radius,
    )
    return SimpleNamespace(module=Stub().eval(), spec=spec)


class TestPipeline:
    def predictor(self, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch, **more: Any) -> FbrsPredictor:
        height, width = ZOOM_IN["image_hw"]
        rows, columns = torch.arange(height)[:, None] / height, torch.arange(width)[None, :] / width
        planes = [2 * rows - 1 + 0 * columns, 2 * columns - 1 + 0 * rows, torch.zeros(height, width)]
        monkeypatch.setattr("gbrs_core.fbrs.predictor.normalised", lambda *_: torch.stack(planes)[None])
        zoom = dict(case["zoom"])
        if "recompute_thresh_iou" in zoom:
            zoom["recompute_overlap"] = zoom.pop("recompute_thresh_iou")
        config = FbrsConfig(
            "none", ZoomInConfig(**zoom), has_mirror=case["flip"], longest_side=case.get("max_size"), **more
        )
        return FbrsPredictor(stub(case["R"]), np.zeros((height, width, 3), np.uint8), config)

    @pytest.mark.parametrize("number", range(len(ZOOM_IN["cases"])))
    def test_every_click_as_published(self, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        case = ZOOM_IN["cases"][number]
        predictor = self.predictor(case, monkeypatch, is_exact=True)
        maps = REFERENCE / "fbrs" / "zoomin.seed1.npz"
        for index, (click, expected) in enumerate(zip(placed(ZOOM_IN["clicks"]), case["per_click"], strict=True)):
            calls = len(predictor.reports)
            probability = predictor.click(click[0], click[1], is_positive=click[2])
            made = predictor.reports[calls:]
            views = 2 if case["flip"] else 1
            assert [
                {"network_input_shape": [views, 3, *report.input_size], "image_changed": report.picture_changed}
                for report in made
            ] == expected["network_calls"]
            region = expected["roi_rmin_rmax_cmin_cmax"]
            assert made[-1].region == (None if region is None else Region(*region))
            assert int((probability > 0.49).sum()) == expected["area_gt_0.49"]
            assert float(probability.sum(dtype=np.float64)) == pytest.approx(expected["sum_prob"], rel=1e-5)
            if maps.exists():
                with np.load(maps, allow_pickle=False) as stored:
                    np.testing.assert_allclose(probability[::6, ::6], stored[f"prob_case{number}"][index], atol=2e-5)

    def test_reduced_pictures_are_not_squeezed_through_the_whole_image(self, monkeypatch: pytest.MonkeyPatch) -> None:
        exact = self.predictor(ZOOM_IN["cases"][4], monkeypatch, is_exact=True)
        mended = self.predictor(ZOOM_IN["cases"][4], monkeypatch)
        for row, column, is_positive in placed(ZOOM_IN["clicks"])[:2]:
            published = exact.click(row, column, is_positive=is_positive)
            better = mended.click(row, column, is_positive=is_positive)
        assert np.abs(published - better).max() > 1e-3

    def test_numbers_of_clicks_as_published(self) -> None:
        sequences = [np.array(one, np.float32) for one in PROTOCOL["noc"]["iou_sequences_float32"]]
        found = [np.mean([number_of_clicks(one, t) for one in sequences]) for t in PROTOCOL["noc"]["thresholds"]]
        assert found == pytest.approx(PROTOCOL["noc"]["noc"])


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    path = REFERENCE / "fbrs" / "protocol.seed1.npz"
    if not path.exists():
        pytest.skip("the full reference fixtures are not here")
    with np.load(path, allow_pickle=False) as stored:
        return np.asarray(stored["scene_u8"])


@pytest.fixture(scope="module")
def network() -> Any:
    """ResNet-34 with filled weights, and a last layer that decides something."""
    module = filled_network("resnet34_dh128", 1)
    last = module.get_submodule("head.layers.2")
    with torch.no_grad():
        last.weight.mul_(PROTOCOL["e2e_head_weight_scale"])
        last.bias.fill_(PROTOCOL["e2e_head_bias"])
    return SimpleNamespace(module=module.eval().requires_grad_(False), spec=entry("resnet34_dh128").spec())


class TestWholePredictors:
    """ResNet-34, clicked as the original was."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("title", "adjusted", "clicks"),
        [
            ("NoBRS", "none", 3),
            ("NoBRS_nozoom", "none", 2),
            ("f-BRS-A", "A", 2),
            ("f-BRS-B", "B", 3),
            ("f-BRS-B_nozoom", "B", 2),
            ("f-BRS-C", "C", 2),
            ("RGB-BRS", "image", 2),
            ("DistMap-BRS", "click maps", 2),
        ],
    )
    def test_as_published(self, title: str, adjusted: Any, clicks: int, scene: np.ndarray, network: Any) -> None:
        zoom = None if title.endswith("nozoom") else ZoomInConfig(target_size=160, min_crop_size=60)
        limit = 3 if adjusted in ("A", "B", "C") else None
        config = FbrsConfig(adjusted, zoom, evaluations=6, network_clicks=limit, is_exact=True)
        predictor = FbrsPredictor(network, scene, config)
        for click, expected in zip(placed(PROTOCOL["e2e_clicks"])[:clicks], PROTOCOL["e2e"][title], strict=False):
            probability = predictor.click(click[0], click[1], is_positive=click[2])
            report = predictor.reports[-1]
            if "roi" in expected:
                assert report.region == (None if expected["roi"] is None else Region(*expected["roi"]))
            trace = expected.get("loss_trace", [])
            assert report.losses[:3] == pytest.approx(trace[:3], rel=1e-3)
            if trace:
                assert min(report.losses) == pytest.approx(min(trace), rel=0.03)
            assert int((probability > 0.49).sum()) == pytest.approx(expected["area_gt_0.49"], rel=0.02, abs=25)


def test_networks_without_click_maps_are_refused() -> None:
    network = models.load("light_semantic")
    with pytest.raises(GbrsError, match="click maps"):
        FbrsPredictor(network, np.zeros((8, 8, 3), np.uint8))


def test_a_place_that_the_network_has_not() -> None:
    with pytest.raises(GbrsError, match="no place C"):
        FbrsPredictor(click_network(), np.zeros((64, 64, 3), np.uint8), FbrsConfig("C"))


def test_zoom_in_looks_at_the_mask_of_a_moved_threshold() -> None:
    image = np.random.default_rng(3).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    first = FbrsPredictor(click_network(), image, FbrsConfig("none")).click(20, 30, is_positive=True)
    threshold = float(np.quantile(first, 0.9))
    assert threshold < 0.5, "the published threshold of ZoomIn sees less"

    def region(*, is_exact: bool) -> Region | None:
        zoom_in = ZoomInConfig(min_crop_size=8, target_size=64, expansion_ratio=1.0)
        config = FbrsConfig("none", zoom_in, threshold=threshold, is_exact=is_exact)
        predictor = FbrsPredictor(click_network(), image, config)
        predictor.click(20, 30, is_positive=True)
        predictor.click(21, 31, is_positive=True)
        return predictor.reports[-1].region

    mask = first > threshold
    mask[[20, 21], [30, 31]] = True
    box = Region.around(mask)
    assert box is not None
    assert region(is_exact=False) == box
    assert region(is_exact=True) != box
