"""Baselines behind the interface of a session, and which of them there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gbrs_core.baseline_session import BaselineSession, open_session
from gbrs_core.baselines import Fbrs
from gbrs_core.config import GBRS, METHOD_NAMES, RefinementConfig
from gbrs_core.errors import CancelledError, DivergedError, GbrsError, ShapeError
from gbrs_core.fbrs.predictor import FbrsConfig, FbrsPredictor
from gbrs_core.grabcut import grabcut
from gbrs_core.history import History
from gbrs_core.interaction import Click, Push, Stroke
from gbrs_core.method_catalog import METHODS, methods_for
from gbrs_core.session import RefinementSession
from tests.helpers.dense_networks import network as dense_network
from tests.helpers.toy_networks import click_network

PHOTO = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
INSIDE, BESIDE, ABOVE = Click(26, 20, 12, 1.0), Click(52, 40, 10, -1.0), Click(30, 6, 8, 1.0)
FITTING = ("no-brs", "rgb-brs", "distmap-brs", "rgb-brs:lbfgs", "distmap-brs:lbfgs", "f-brs-b", "grabcut")
"""With the toy network, whose only place is B."""
OPTIMISING = tuple(name for name in FITTING if name not in ("no-brs", "grabcut"))

NOT_PAUSED = ("rgb-brs:lbfgs", "distmap-brs:lbfgs", "f-brs-b")


def session_for(method, network=None, **more):
    return open_session(network or click_network(), PHOTO, RefinementConfig(method=method), **more)


def refined(session, *clicks):
    for click in clicks:
        for _ in session.refine(click):
            pass
    return session.working_prediction


class TestCatalogue:
    def test_every_name_is_described(self):
        assert set(METHODS) == set(METHOD_NAMES)
        assert len({method.title for method in METHODS.values()}) == len(METHODS)

    def test_what_fits_an_interactive_network(self):
        assert {method.name for method in methods_for(click_network().spec)} == {GBRS, *FITTING}

    def test_places_of_the_network(self):
        spec = click_network().spec
        more = replace(spec, layouts=dict.fromkeys("ABC", spec.layouts["B"]))
        assert {"f-brs-a", "f-brs-c"} <= {method.name for method in methods_for(more)}

    @pytest.mark.parametrize("task", ["semantic", "matting", "depth"])
    def test_other_tasks_have_the_image_alone(self, task):
        assert [method.name for method in methods_for(dense_network(task).spec)] == [GBRS, "rgb-brs"]

    def test_without_click_maps(self):
        spec = replace(click_network().spec, guidance="none")
        assert [method.name for method in methods_for(spec)] == [GBRS, "rgb-brs", "grabcut"]

    def test_unknown_names_are_refused(self):
        with pytest.raises(ValueError, match="f-brs-b"):
            RefinementConfig(method="magic")


class TestOpening:
    def test_the_layers_have_their_own_session(self):
        assert isinstance(session_for(GBRS), RefinementSession)
        assert isinstance(open_session(click_network(), PHOTO), RefinementSession)
        with pytest.raises(ValueError, match="open_session"):
            RefinementSession(click_network(), PHOTO, RefinementConfig(method="grabcut"))
        with pytest.raises(ValueError, match="open_session"):
            BaselineSession(click_network(), PHOTO, RefinementConfig())

    def test_what_does_not_fit_says_why(self):
        with pytest.raises(GbrsError, match="no place C; it has B"):
            session_for("f-brs-c")
        with pytest.raises(GbrsError, match="makes object masks"):
            session_for("grabcut", dense_network("depth"))

    def test_bad_images_and_guidance(self):
        config = RefinementConfig(method="grabcut")
        with pytest.raises(ShapeError):
            BaselineSession(click_network(), PHOTO[..., 0], config)
        with pytest.raises(ValueError, match="takes no guidance"):
            BaselineSession(click_network(), PHOTO, config, PHOTO[..., 0])

    def test_another_method_needs_another_session(self):
        session = session_for("grabcut")
        with pytest.raises(ValueError, match="another one"):
            session.set_config(RefinementConfig(method="f-brs-b"))


@pytest.mark.parametrize("method", FITTING)
class TestEveryMethod:
    def test_corrects_as_it_is_clicked(self, method):
        session = session_for(method)
        assert not (session.prediction.array > 0).any()
        refined(session, INSIDE, BESIDE)
        assert session.clicks == (INSIDE, BESIDE)
        assert session.prediction.array.shape == (48, 64)
        assert session.prediction.array.dtype == np.float32
        assert not session.working_prediction.flags.writeable
        if method != "no-brs":
            assert session.prediction.array[20, 26] > 0 > session.prediction.array[40, 52]
        report = session.reports[-1]
        assert (report.iterations_run > 0) == (method in OPTIMISING) == np.isfinite(report.loss)
        assert len(report.losses) >= report.iterations_run
        assert 0 <= report.changed_inside <= 1 and report.seconds > 0

    def test_is_a_function_of_the_clicks(self, method):
        """Undone, redone, replayed and clicked anew it says the same."""
        session = session_for(method)
        first = refined(session, INSIDE)
        second = refined(session, BESIDE)
        third = refined(session, ABOVE)
        assert session.undo() and session.undo()
        np.testing.assert_array_equal(session.working_prediction, first)
        assert session.redo()
        np.testing.assert_array_equal(session.working_prediction, second)
        np.testing.assert_array_equal(refined(session, ABOVE), third)
        for _ in session.replay((INSIDE, BESIDE)):
            pass
        np.testing.assert_array_equal(session.working_prediction, second)
        moved = Click(20, 20, 12, 1.0)
        for _ in session.replay((moved, BESIDE, ABOVE)):
            pass
        np.testing.assert_array_equal(session.working_prediction, refined(session_for(method), moved, BESIDE, ABOVE))
        session.reset()
        assert session.clicks == () and not (session.working_prediction > 0).any()
        np.testing.assert_array_equal(refined(session, INSIDE), first)

    def test_states_that_fell_out_of_memory_are_made_again(self, method, monkeypatch):
        known = session_for(method)
        third = refined(known, INSIDE, BESIDE, ABOVE)
        session = session_for(method)
        monkeypatch.setattr(session, "_history", History(budget_bytes=1))
        refined(session, INSIDE, BESIDE, ABOVE)
        assert session.undo() and not session.undo()
        for _ in session.replay((INSIDE, BESIDE, ABOVE)):
            pass
        np.testing.assert_array_equal(session.working_prediction, third)

    def test_the_module_is_left_as_it_was(self, method):
        network = click_network()
        before = {name: value.clone() for name, value in network.module.state_dict().items()}
        refined(session_for(method, network), INSIDE, BESIDE)
        assert all(bool((value == before[name]).all()) for name, value in network.module.state_dict().items())


class TestEnding:
    def test_closing_leaves_the_clicks_as_they_were(self):
        session = session_for("rgb-brs")
        first = refined(session, INSIDE)
        steps = session.refine(BESIDE)
        next(steps)
        with pytest.raises(GbrsError, match="is running"):
            session.undo()
        steps.close()
        assert session.clicks == (INSIDE,)
        np.testing.assert_array_equal(session.working_prediction, first)
        np.testing.assert_array_equal(refined(session, BESIDE), refined(session_for("rgb-brs"), INSIDE, BESIDE))

    def test_steps_report_the_loop_that_is_ours(self):
        session = session_for("rgb-brs")
        session.set_config(RefinementConfig(method="rgb-brs", iterations=5, stop_residual=0.0))
        steps = list(session.refine(BESIDE, preview_every=2))
        assert [step.iteration for step in steps] == [1, 2, 3, 4, 5]
        assert {step.iterations for step in steps} == {5} and {step.click_index for step in steps} == {0}
        assert [step.prediction is not None for step in steps] == [False, True, False, True, True]
        assert session.reports[0].losses[1:] == tuple(step.loss for step in steps)

    def test_accepting_keeps_the_iteration(self):
        session = session_for("rgb-brs")
        for step in session.refine(BESIDE):
            if step.iteration == 2:
                session.accept()
        assert session.reports[0].iterations_run == 2
        assert session.reports[0].stopped_early

    def test_accepting_ends_a_loop_that_is_not_ours(self):
        session = session_for("f-brs-b", watch=lambda step: session.accept())
        refined(session, INSIDE, BESIDE)
        assert session.reports[-1].iterations_run == 1

    @pytest.mark.parametrize("method", NOT_PAUSED)
    def test_a_watcher_sees_every_evaluation(self, method):
        steps = []
        session = session_for(method, watch=steps.append)
        refined(session, INSIDE, BESIDE)
        assert tuple(step.loss for step in steps) == session.reports[-1].losses
        assert [step.iteration for step in steps] == list(range(1, len(steps) + 1))
        assert {step.click_index for step in steps} == {1}
        assert all(step.prediction is None and step.iteration <= step.iterations for step in steps)

    @pytest.mark.parametrize("method", NOT_PAUSED)
    def test_a_watcher_can_cancel(self, method):
        def watch(step):
            if is_cancelled:
                raise CancelledError("enough")

        is_cancelled = False
        session = session_for(method, watch=watch)
        before = refined(session, INSIDE, BESIDE)
        is_cancelled = True
        with pytest.raises(CancelledError):
            refined(session, Click(26, 21, 5, -1.0))
        assert session.clicks == (INSIDE, BESIDE)
        np.testing.assert_array_equal(session.working_prediction, before)
        is_cancelled = False
        np.testing.assert_array_equal(refined(session, ABOVE), refined(session_for(method), INSIDE, BESIDE, ABOVE))

    @pytest.mark.parametrize("method", OPTIMISING)
    def test_what_diverges_leaves_the_clicks_as_they_were(self, method):
        network = click_network()
        session = session_for(method, network)
        before = refined(session, INSIDE)
        network.module.head[-1].weight.fill_(float("nan"))
        with pytest.raises(DivergedError):
            refined(session, BESIDE)
        assert session.clicks == (INSIDE,)
        np.testing.assert_array_equal(session.working_prediction, before)

    def test_clicks_that_the_task_has_not_are_refused(self):
        session = session_for("grabcut")
        with pytest.raises(ValueError, match="target 3"):
            session.refine(Click(3, 3, 3, 3.0))
        with pytest.raises(ValueError, match="not corrected by a push"):
            session.replay((Push(3, 3, 1, 0.1),))


class TestDenseTasks:
    @pytest.mark.parametrize("task", ["semantic", "matting", "depth"])
    def test_clicks_pull_the_map_to_the_target(self, task):
        network, target = dense_network(task), {"semantic": 2.0, "matting": 0.9, "depth": 3.0}[task]
        trimap = np.full((48, 64), 128, np.uint8) if task == "matting" else None
        config = RefinementConfig(method="rgb-brs", learning_rate=0.05)
        session = open_session(network, PHOTO, config, trimap)
        before = session.prediction
        refined(session, Click(26, 20, 12, target))
        after = session.prediction
        if task == "semantic":
            assert after.logits[2, 20, 26] > before.logits[2, 20, 26]
        else:
            assert abs(after.array[20, 26] - target) < abs(before.array[20, 26] - target)

    def test_strokes(self):
        paint = np.zeros((48, 64), dtype=bool)
        paint[18:22, 20:30] = True
        session = session_for("rgb-brs", dense_network("semantic"))
        before = session.prediction.logits
        refined(session, Stroke(paint, 1.0))
        assert session.prediction.logits[1][paint].mean() > before[1][paint].mean()

    def test_pushes(self):
        trimap = np.full((48, 64), 128, np.uint8)
        session = session_for("rgb-brs", dense_network("matting"), guidance=trimap)
        before = session.prediction.array[20, 26]
        refined(session, Push(26, 20, 1, 0.1))
        assert session.prediction.array[20, 26] > before
        assert session.reports[0].iterations_run == 1


class TestSizes:
    def test_large_pictures_are_cut_from_a_smaller_one(self, monkeypatch):
        monkeypatch.setattr("gbrs_core.baseline_session.PICTURE_SIDE", 32)
        session = session_for("f-brs-b")
        refined(session, BESIDE, INSIDE)
        assert session.working_prediction.shape == (24, 32)
        assert session.prediction.array.shape == (48, 64)
        assert session.prediction.array[20, 26] > 0

    def test_the_network_sees_no_more_than_its_size(self, monkeypatch):
        seen = []
        network = click_network()
        network.module.fusion.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].shape[2:]))
        refined(session_for("f-brs-b", network), INSIDE, BESIDE)
        assert max(max(size) for size in seen) == network.spec.working_side == 48

    def test_colours_are_cut_at_the_working_size(self):
        assert refined(session_for("grabcut"), INSIDE).shape == (36, 48)


def test_the_logits_of_f_brs_have_the_sign_of_the_comparison():
    """At the threshold itself, and as near to it as float32 comes, the mask stays what the probability says."""
    baseline = Fbrs(click_network(), PHOTO, FbrsConfig(), "cpu")
    middle = np.float32(0.49)
    values = [0.0, 0.2, middle, np.nextafter(middle, np.float32(1)), np.nextafter(middle, np.float32(0)), 0.7, 1.0]
    baseline.restore(replace(baseline.snapshot(), probability=np.array([values], dtype=np.float32)))
    expected = np.array([values], dtype=np.float32) > 0.49
    np.testing.assert_array_equal(baseline.working > 0, expected)
    assert np.isfinite(baseline.working).all()
    assert baseline.working[0, 5] == pytest.approx(np.log(0.7 / 0.3) - np.log(0.49 / 0.51), rel=1e-5)


def test_a_cancelled_predictor_is_as_before():
    def cancel(losses):
        raise CancelledError("enough")

    predictor = FbrsPredictor(click_network(), PHOTO, FbrsConfig(), watch=cancel)
    first = predictor.click(20, 26, is_positive=True)
    with pytest.raises(CancelledError):
        predictor.click(40, 52, is_positive=False)
    assert predictor.snapshot().clicks == ((20, 26, True),)
    assert predictor.probability is first


class TestGrabCut:
    def test_a_disc_of_another_colour(self):
        rows, columns = np.mgrid[:60, :80]
        disc = np.hypot(rows - 30, columns - 40) < 15
        image = np.where(disc[..., None], (220, 60, 60), (40, 60, 90)).astype(np.uint8)
        np.testing.assert_array_equal(grabcut(image, [Click(40, 30, 20, 1.0)]), disc)

    def test_nothing_to_tell_apart(self):
        assert not grabcut(PHOTO, [BESIDE]).any()
        assert grabcut(PHOTO, [Click(30, 20, 500, 1.0)]).all()
