"""G-BRS in the region around the object: what the network sees, what persists, and that nothing is left behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gbrs_core.active_layers import LayerStructure, Variables
from gbrs_core.baseline_session import BaselineSession, open_session
from gbrs_core.config import GBRS, RefinementConfig, ZoomInConfig
from gbrs_core.errors import GbrsError
from gbrs_core.evaluation.methods import maker, with_options
from gbrs_core.fbrs.zoom_in import Region
from gbrs_core.interaction import Click
from gbrs_core.moved_variables import moved_variables, resampled
from gbrs_core.session import RefinementSession
from gbrs_core.tasks.interactive_segmentation import InteractiveSegmentation
from tests.helpers.dense_networks import network as dense_network
from tests.helpers.toy_networks import click_network

PHOTO = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
ZOOM = ZoomInConfig(target_size=64, min_crop_size=24)
ON, OFF, FAR = Click(40, 40, 12, 1.0), Click(52, 44, 8, -1.0), Click(120, 90, 6, -1.0)
BESIDE = Click(30, 52, 8, -1.0)
BEYOND = Click(110, 80, 10, 1.0)
LAYERS = ("none", "sb", "bmsb", "bmsb-m", "bmconv")


def disc_network():
    """Says that the object is a disc of some 15 pixels around its click, less what is near background clicks."""
    network = click_network()
    fusion, first, last = network.module.fusion, network.module.head[1], network.module.head[3]
    fusion.weight[0] = 0
    fusion.weight[0, 3, 1, 1], fusion.weight[0, 4, 1, 1] = -1, 1
    fusion.bias[0] = 0
    first.weight[0] = 0
    first.weight[0, 0, 1, 1] = 1
    last.weight[:] *= 0.1
    last.weight[0, 0] = 4
    last.bias[:] = -2
    return network


def session_for(zoom_in=ZOOM, layer="bmconv", network=None, **more):
    config = RefinementConfig(layer=layer, zoom_in=zoom_in, iterations=5, stop_residual=0.0, **more)
    return open_session(network or disc_network(), PHOTO, config)


def refined(session, *clicks):
    for click in clicks:
        for _ in session.refine(click):
            pass
    return session.working_prediction


def crops(session):
    return [report.crop for report in session.reports]


class TestRegion:
    def test_skipped_clicks_are_those_of_the_whole_image(self):
        whole, session = session_for(None), session_for()
        refined(whole, ON)
        refined(session, ON)
        assert np.array_equal(session.prediction.array, whole.prediction.array)
        assert (session.prediction.array > 0).any()
        assert crops(session) == [None]

    def test_second_click_sees_the_object(self):
        session = session_for(ZoomInConfig(target_size=64, min_crop_size=24, expansion_ratio=1.0))
        mask = refined(session, ON) > 0
        refined(session, OFF)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        left, top, right, bottom = crops(session)[1]
        assert left + 0.5 <= columns[0] and columns[-1] <= right - 0.5
        assert top + 0.5 <= rows[0] and rows[-1] <= bottom - 0.5

    def test_nothing_outside_is_object(self):
        session = session_for(replace(ZOOM, min_crop_size=8))
        prediction = refined(session, ON, OFF)
        left, top, right, bottom = (round(edge + 0.5) for edge in crops(session)[1])
        outside = np.ones(prediction.shape, dtype=bool)
        outside[top:bottom, left:right] = False
        assert (prediction[outside] == -1).all()

    def test_more_skipped_clicks(self):
        session = session_for(replace(ZOOM, skip_clicks=2))
        refined(session, ON, FAR, BESIDE)
        assert [crop is None for crop in crops(session)] == [True, True, False]

    def test_without_skipped_clicks_the_network_says_where_to_look(self):
        session = session_for(replace(ZOOM, skip_clicks=0))
        mask = refined(session, ON) > 0
        left, top, right, bottom = crops(session)[0]
        assert left < ON.x < right and top < ON.y < bottom
        assert (right - left) * (bottom - top) < PHOTO.shape[0] * PHOTO.shape[1] / 2
        assert mask.any()

    def test_a_click_on_the_object_beyond_the_region_moves_it(self):
        session = session_for(ZoomInConfig(target_size=64, min_crop_size=8))
        refined(session, ON, OFF, BEYOND)
        left, top, right, bottom = crops(session)[2]
        assert left < BEYOND.x < right and top < BEYOND.y < bottom

    def test_clicks_beyond_the_image_do_no_harm(self):
        refined(session_for(), Click(-4, 200, 10, 1.0), OFF, Click(900, -7, 3, -1.0))

    def test_a_background_click_beyond_the_region_supervises_no_border(self, monkeypatch):
        """Nothing is object there; the published program marked pixels of the region instead."""
        session = session_for(ZoomInConfig(target_size=64, min_crop_size=8, recompute_overlap=0.0))
        refined(session, ON, OFF)
        left, top, right, bottom = crops(session)[1]
        inside = [left < click.x < right and top < click.y < bottom for click in (ON, OFF, FAR)]
        assert inside[0] and not inside[2]
        supervised = []
        objective = InteractiveSegmentation.objective

        def recorded(task, interactions, reference, config):
            supervised.append(len(interactions))
            return objective(task, interactions, reference, config)

        monkeypatch.setattr(InteractiveSegmentation, "objective", recorded)
        refined(session, FAR)
        assert crops(session)[2] == crops(session)[1]
        assert supervised == [sum(inside)]

    def test_large_images_are_cut_from_a_picture_of_bounded_size(self):
        image = np.zeros((30, 4100, 3), np.uint8)
        session = open_session(click_network(), image, RefinementConfig(zoom_in=ZOOM, iterations=1))
        refined(session, Click(2000, 15, 10, 1.0))
        assert session.working_prediction.shape == (15, 2048)
        assert session.prediction.array.shape == (30, 4100)


@pytest.mark.parametrize("layer", LAYERS)
class TestHistory:
    def test_equal_clicks_equal_bits(self, layer):
        first, second = (refined(session_for(layer=layer), ON, OFF, BEYOND) for _ in range(2))
        assert np.array_equal(first, second)

    def test_undo_and_redo(self, layer):
        session = session_for(layer=layer)
        states = [refined(session, click).copy() for click in (ON, OFF, BEYOND)]
        for index in (1, 0):
            assert session.undo()
            assert np.array_equal(session.working_prediction, states[index])
        assert session.redo() and session.redo()
        assert np.array_equal(session.working_prediction, states[2])

    def test_another_click_after_undo_is_as_if_the_undone_one_never_was(self, layer):
        session = session_for(layer=layer)
        refined(session, ON, OFF, BEYOND)
        session.undo()
        assert np.array_equal(refined(session, FAR), refined(session_for(layer=layer), ON, OFF, FAR))

    def test_replay(self, layer):
        session = session_for(layer=layer)
        refined(session, ON, BEYOND)
        for _ in session.replay([ON, OFF, FAR]):
            pass
        assert np.array_equal(session.working_prediction, refined(session_for(layer=layer), ON, OFF, FAR))


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer != "none"])
def test_a_click_that_is_closed_changes_nothing(layer):
    session = session_for(layer=layer)
    before = refined(session, ON, OFF).copy()
    steps = session.refine(BEYOND)
    next(steps)
    steps.close()
    assert np.array_equal(session.working_prediction, before)
    assert np.array_equal(refined(session, FAR), refined(session_for(layer=layer), ON, OFF, FAR))


class TestVariables:
    REGION = Region(10, 29, 20, 59)

    def test_same_region_same_map(self):
        values = torch.rand(5, 10)
        assert torch.allclose(resampled(values, self.REGION, self.REGION, (5, 10)), values, atol=1e-6)

    def test_shifted_by_whole_cells(self):
        """A cell is 4 pixels: the map moves by one row up and two columns left, zeros come in."""
        values = torch.arange(1.0, 51.0).view(5, 10)
        moved = resampled(values, self.REGION, Region(14, 33, 28, 67), (5, 10))
        assert torch.allclose(moved[:4, :8], values[1:, 2:], atol=1e-4)
        assert (moved[4] == 0).all() and (moved[:, 8:] == 0).all()

    def test_finer_cells_lie_between(self):
        moved = resampled(torch.tensor([[0.0, 4.0]]), Region(0, 0, 0, 3), Region(0, 0, 0, 3), (1, 4))
        assert moved.tolist() == [[0.0, 1.0, 3.0, 4.0]]

    def test_numbers_of_channels_stay(self):
        structure = LayerStructure("bmsb", (), "free", None)
        named = {"free_map": torch.ones(5, 10), "scale": torch.rand(3), "bias": torch.rand(3)}
        moved = moved_variables(
            Variables(structure, {"here": named}), self.REGION, Region(0, 9, 0, 9), {"here": (4, 6)}, never_asked
        ).values["here"]
        assert moved["scale"] is named["scale"] and moved["bias"] is named["bias"]
        assert moved["free_map"].shape == (4, 6)

    def test_what_follows_the_colours_becomes_part_of_the_free_map(self):
        structure = LayerStructure("bmsb", (), "image", None)
        basis = torch.rand(2, 5, 10)
        named = {"layer.free_map": torch.ones(5, 10), "layer.basis_weight": torch.tensor([0.5, -1.0])}
        moved = moved_variables(
            Variables(structure, {"here": named}), self.REGION, self.REGION, {"here": (5, 10)}, lambda *size: basis
        ).values["here"]
        assert set(moved) == {"layer.free_map"}
        assert torch.allclose(moved["layer.free_map"], 1 + 0.5 * basis[0] - basis[1], atol=1e-5)

    @pytest.mark.parametrize("more", [{"bias_map": "image"}, {"top_k_channels": 2}])
    def test_other_structures_move_too(self, more):
        first, second = (refined(session_for(**more), ON, OFF, BEYOND, FAR) for _ in range(2))
        assert np.array_equal(first, second)


def never_asked(height, width):
    raise AssertionError("there is no basis")


class TestSettings:
    def test_off_is_the_session_of_always(self):
        assert isinstance(session_for(None), RefinementSession)
        assert isinstance(session_for(), BaselineSession)

    def test_without_zoom_in_another_session_is_needed(self):
        with pytest.raises(ValueError, match="open_session"):
            session_for().set_config(RefinementConfig())
        with pytest.raises(ValueError, match="ZoomIn"):
            RefinementSession(click_network(), PHOTO, RefinementConfig(zoom_in=ZOOM))

    def test_other_numbers_in_between(self):
        session = session_for()
        refined(session, ON, OFF)
        session.set_config(replace(session.config, zoom_in=replace(ZOOM, target_size=48), layer="sb"))
        refined(session, FAR)
        assert len(session.clicks) == 3

    def test_other_tasks_have_no_object(self):
        with pytest.raises(ValueError, match="the task depth has none"):
            open_session(dense_network("depth"), PHOTO, RefinementConfig(zoom_in=ZOOM))

    @pytest.mark.parametrize(
        "numbers",
        [{"skip_clicks": -1}, {"target_size": 3}, {"expansion_ratio": float("nan")}, {"recompute_overlap": 2}],
    )
    def test_numbers_out_of_range(self, numbers):
        with pytest.raises(ValueError, match=f"{next(iter(numbers))} of ZoomIn"):
            RefinementConfig(zoom_in=ZoomInConfig(**numbers))

    def test_baselines_do_not_care(self):
        assert not RefinementConfig(method="grabcut", zoom_in=ZOOM).is_zoomed
        assert RefinementConfig(method=GBRS, zoom_in=ZOOM).is_zoomed


class TestMethodNames:
    def test_options(self):
        assert with_options("bmconv@2/0.003:nolc:zoom", {}) == (
            "bmconv",
            {
                "levels": 2,
                "learning_rate": 0.003,
                "consistency_weight": 0.0,
                "zoom_in": ZoomInConfig(),
                "mirror": False,
            },
        )
        assert with_options("none:zoom", {})[0] == "none"

    @pytest.mark.parametrize("name", ["grabcut:zoom", "f-brs-b:zoom", "rgb-brs:zoom", "bmconv:zoom:nolc", ":zoom"])
    def test_nothing_else_zooms(self, name):
        with pytest.raises(GbrsError, match="unknown method"):
            maker(name, click_network(), "cpu", {})

    def test_other_tasks(self):
        with pytest.raises(GbrsError, match="bmconv:zoom cannot be used"):
            maker("bmconv:zoom", dense_network("depth"), "cpu", {})
