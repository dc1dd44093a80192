"""The embedded depth network: any size, planes by hand, losses by hand, which frames are kept back, and learning."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

import models
from gbrs_core import RefinementSession
from gbrs_core.errors import ShapeError
from gbrs_core.evaluation.dense_click import next_value_click
from models.light.depth import (
    MAX_DEPTH,
    MAXIMUM_TILT,
    ConvNormAct,
    DoublingConvNormAct,
    LightDepth,
    PlanarGuidance,
    depth_logit,
    spec,
)
from models.spec import LoadedNetwork
from models.training.config import TrainConfig, TrainingError, read_config
from models.training.depth_frames import DepthView, is_held_back, random_view, read_frames
from models.training.depth_losses import depth_loss, disparity_loss, gradient_difference, silog_loss
from models.training.recipes.depth import (
    DepthRecipe,
    generated_examples,
    held_back_examples,
    make,
    mean_over_scenes,
    predicted,
)
from models.training.trainer import Trainer, join_processes
from tests.helpers.reproducible import fill, image

ROOT = Path(__file__).parents[2]
SCENES = {"home_1": 3.0, "home_2": 2.0, "shop_1": 1.5}


@pytest.fixture(scope="module")
def network() -> LightDepth:
    module = models.create("light_depth")
    assert isinstance(module, LightDepth)
    fill(module, seed=1)
    return module.eval()


def test_it_is_small_and_says_what_it_is(network: LightDepth) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) <= 3_000_000
    description = spec()
    assert (description.task, description.max_depth, description.guidance) == ("depth", 80.0, "none")
    assert [point.stride for point in description.layout.points(3)] == [32, 8, 4]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 33), (64, 96), (45, 101)])
def test_any_size_answers_in_range(network: LightDepth, height: int, width: int) -> None:
    with torch.no_grad():
        depth = network(image((1, 3, height, width), 0))
    assert depth.shape == (1, 1, height, width)
    assert bool(((depth > 0) & (depth <= MAX_DEPTH)).all())


def test_odd_sizes_are_completed_to_whole_cells(network: LightDepth) -> None:
    """A size that is no multiple of 32 answers as the picture continued by its border pixels does."""
    small = image((1, 3, 40, 50), 3)
    large = torch.nn.functional.pad(small, (0, 14, 0, 24), mode="replicate")
    with torch.no_grad():
        torch.testing.assert_close(network(small), network(large)[:, :, :40, :50])


@pytest.mark.parametrize("shape", [(1, 4, 32, 32), (3, 32, 32)])
def test_other_inputs_are_refused(network: LightDepth, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="image"):
        network(torch.zeros(shape))


def guidance_saying(tilt: float, azimuth: float, distance: float, cell: int = 4) -> Tensor:
    """exp of what guidance says for one cell whose raw parameters are these; (cell, cell) shares of the depth."""
    guidance = PlanarGuidance(1, cell)
    weight = torch.zeros_like(guidance.parameters_of.weight)
    guidance.parameters_of.load_state_dict({"weight": weight, "bias": torch.tensor([tilt, azimuth, distance])})
    with torch.no_grad():
        log_share: Tensor = guidance(torch.zeros(1, 1, 1, 1))
    return log_share[0, 0].exp()


def test_a_plane_seen_head_on_is_the_same_everywhere() -> None:
    torch.testing.assert_close(guidance_saying(-40, 0.3, depth_logit(8.0)), torch.full((4, 4), 0.1))


def test_a_tilted_plane_by_hand() -> None:
    """A tilt of 25 degrees to the right: n4 / (cos + sin * u) over the columns, the same in every row."""
    found = guidance_saying(0.0, 0.0, 0.0)
    tilt = MAXIMUM_TILT / 2
    u = torch.tensor([-0.375, -0.125, 0.125, 0.375])
    expected = 0.5 / (math.cos(tilt) + math.sin(tilt) * u)
    torch.testing.assert_close(found, expected.expand(4, 4))
    torch.testing.assert_close(guidance_saying(0.0, 0.5, 0.0), expected[:, None].expand(4, 4))


def test_planes_stay_in_front_however_tilted() -> None:
    for azimuth in np.linspace(-1, 1, 9):
        shares = guidance_saying(40.0, float(azimuth), 0.0, cell=8)
        assert bool((torch.isfinite(shares) & (shares > 0)).all())


def test_recognised_among_others() -> None:
    keys = {key: tuple(value.shape) for key, value in models.create("light_depth").state_dict().items()}
    assert models.registry.entry("light_depth").recognise(keys) == {}
    assert models.registry.entry("light_depth").recognise({"encoder.stem2.conv.weight": (24, 3, 3, 3)}) is None


def test_silog_by_hand() -> None:
    """Log errors 0 and ln 4 over two pixels, the third unknown: mean ln 2, mean square 2 ln^2 2."""
    depth, truth = torch.tensor([1.0, 8.0, 5.0]), torch.tensor([1.0, 2.0, 0.0])
    known = (truth > 0).float()
    found = silog_loss(*(values.view(1, 1, 1, 3) for values in (depth, truth, known)))
    # sqrt(2 - 0.5) ln 2, and half the mean of the four gradient terms, of which only the first pair is known: ln 4 / 4.
    assert float(found) == pytest.approx(math.sqrt(1.5) * math.log(2) + 0.5 * math.log(4) / 4, rel=1e-5)


def test_disparity_is_compared_up_to_scale_and_shift() -> None:
    depth = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0)) + 0.5
    known = torch.ones_like(depth)
    assert float(disparity_loss(depth, 30 / depth + 7, known).max()) < 1e-4
    assert float(disparity_loss(depth, 30 * depth + 7, known).min()) > 0.05


def test_gradients_are_compared_over_known_pairs_only() -> None:
    error = torch.tensor([[0.0, 1.0, 9.0]]).view(1, 1, 1, 3)
    known = torch.tensor([[1.0, 1.0, 0.0]]).view(1, 1, 1, 3)
    assert float(gradient_difference(error, known)) == pytest.approx(1 / 4)


def test_unknown_pixels_and_kinds_of_truth_are_told_apart() -> None:
    """A picture of metres and one of disparity in a batch; what is predicted at unknown pixels is all the same."""
    values = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1)) + 1
    values[:, :, :2] = 0
    kinds = torch.tensor([1.0, 0.0]).view(2, 1, 1, 1).expand(2, 1, 8, 8)
    target = torch.cat([values, kinds], dim=1)
    depth = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(2)) + 1
    parts = [depth_loss(depth[index : index + 1], target[index : index + 1]) for index in (0, 1)]
    torch.testing.assert_close(depth_loss(depth, target), torch.stack(parts).mean())
    other = depth.clone()
    other[:, :, :2] = 50
    torch.testing.assert_close(depth_loss(other, target), depth_loss(depth, target))


def test_every_second_scene_of_a_data_set_is_kept_back() -> None:
    scenes = {"a_1", "a_2", "a_3", "b_x", "single"}
    assert [scene for scene in sorted(scenes) if is_held_back(scene, scenes)] == ["a_1", "a_3"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three scenes in miniature: a wall at one distance, whose brightness tells it."""
    folder = tmp_path / "data" / "depth"
    folder.mkdir(parents=True)
    rng, index = np.random.default_rng(0), []
    for scene, distance in SCENES.items():
        picture = (rng.integers(0, 40, (60, 80, 3)) + int(60 * distance)).astype(np.uint8)
        depth = np.full((60, 80), round(1000 * distance), np.uint16)
        depth[:5] = 0
        cv2.imwrite(str(folder / f"{scene}.png"), picture)
        cv2.imwrite(str(folder / f"{scene}_depth.png"), depth)
        kind = "disparity" if scene.startswith("shop") else "metric_depth"
        entry = {
            "image": f"{scene}.png",
            "depth": f"{scene}_depth.png",
            "kind": kind,
            "png_scale": 1000.0,
            "scene": scene,
        }
        index.append(entry)
    (folder / "index.json").write_text(json.dumps(index))
    return tmp_path / "data"


def test_frames_are_read_in_metres(data: Path) -> None:
    trained = read_frames(data / "depth", held_back=False)
    assert [(frame.name, frame.is_metric) for frame in trained] == [("home_2", True), ("shop_1", False)]
    assert trained[0].values[30, 40] == 2.0
    assert trained[0].values[0, 0] == 0.0
    small = read_frames(data / "depth", held_back=False, longest_side=40)[0]
    assert small.image.shape == (30, 40, 3)
    assert set(np.unique(small.values)) == {0.0, 2.0}


def test_held_back_examples_know_where_truth_is_known(data: Path) -> None:
    (example,) = held_back_examples(data)
    assert example.name == "home_1"
    assert not example.valid[:5].any()
    assert example.valid[5:].all()
    assert held_back_examples(data, limit=0) == []


def test_missing_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"index\.json"):
        read_frames(tmp_path, held_back=True)


def test_generated_examples_are_always_the_same() -> None:
    first, again = generated_examples(3, 30, 40), generated_examples(3, 30, 40)
    assert [example.name for example in first] == ["rooms 0", "tables 1", "streets 2"]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.target, other.target)
        assert np.isfinite(one.target[one.valid]).all()


def test_views_keep_metres() -> None:
    values = np.tile(np.linspace(1, 5, 80, dtype=np.float32), (60, 1))
    view = DepthView(np.full((60, 80, 3), 128, np.uint8), values, is_metric=True)
    for seed in range(4):
        seen = random_view(view, 24, 32, np.random.default_rng(seed))
        assert seen.image.shape == (24, 32, 3)
        assert seen.values.shape == (24, 32)
        assert set(np.unique(seen.values)) <= set(np.unique(values))
        assert np.ptp(seen.values) > 0.7 * 4


def config_of(data: Path, steps: int, sources: str) -> TrainConfig:
    path = data.parent / "train.toml"
    path.write_text(f"""
recipe = "depth"
network = "light_depth"
data = "{data}"
output = "{data.parent / "run"}"
weights = "{data.parent / "weights.safetensors"}"
steps = {steps}
learning_rate = 0.003
warmup_steps = 1
ema_decay = 0.5
bf16 = false
threads = 1
seed = 3
pool = 3
checkpoint_every = 100
validate_every = 100
[[phases]]
until = 1.0
crop = 64
batch = 2
[source_weights]
{sources}
""")
    return read_config(path)


def test_batches_mix_generated_and_real_pictures(data: Path) -> None:
    config = config_of(data, 2, "tables = 0.5\nreal = 0.5")
    recipe = make(config, np.random.default_rng(0))
    recipe.start_phase(config.phases[0])
    batches = [recipe.next_batch() for _ in range(6)]
    for (pictures,), target in batches:
        assert pictures.shape == (2, 3, 48, 64)
        assert target.shape == (2, 2, 48, 64)
    is_metric = torch.cat([target[:, 1, 0, 0] for _, target in batches])
    assert set(is_metric.tolist()) == {0.0, 1.0}


def test_real_frames_are_for_later_phases(data: Path) -> None:
    config = config_of(data, 2, "tables = 0.01\nreal = 0.99")
    recipe = make(config, np.random.default_rng(0))
    recipe.start_phase(config.phases[0].model_copy(update={"until": 0.4}))
    targets = [recipe.next_batch()[1] for _ in range(4)]
    assert all(bool((target[:, 1] == 1).all()) for target in targets)
    assert all(len(np.unique(target[:, 0].numpy())) > 10 for target in targets)


def test_unknown_sources_are_named(data: Path) -> None:
    with pytest.raises(TrainingError, match=r"castles.*rooms"):
        make(config_of(data, 2, "castles = 1.0"), np.random.default_rng(0))


@pytest.mark.slow
def test_training_lowers_the_loss_and_scores(data: Path) -> None:
    config = config_of(data, 12, "tables = 1.0")
    recipe: DepthRecipe = make(config, np.random.default_rng(1))
    recipe.start_phase(config.phases[0])
    inputs, target = recipe.next_batch()
    torch.manual_seed(0)
    network = models.create("light_depth").train()
    with torch.no_grad():
        before = float(recipe.loss(network(*inputs), target))
    trainer = Trainer(config, network, join_processes())
    scores = trainer.run(lambda progress: None)
    with torch.no_grad():
        after = float(recipe.loss(network.train()(*inputs), target))
    assert after < 0.8 * before
    assert set(scores) == {"d1", "d1_scaled", "abs_rel"}
    assert scores["d1_scaled"] >= 0


def test_prediction_is_at_the_size_of_the_picture(network: LightDepth) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (45, 60, 3), dtype=np.uint8)
    assert predicted(network, picture, working_side=32).shape == (45, 60)
    assert predicted(network, picture).shape == (45, 60)


@pytest.mark.skipif(not (ROOT.parent / "shared" / "data" / "depth").is_dir(), reason="development data not here")
def test_the_scenes_of_the_model_card_are_kept_back() -> None:
    names = {example.name for example in held_back_examples(ROOT.parent / "shared" / "data")}
    assert names == {*(f"nyu_diningroom_{number}" for number in range(1, 6)), "nyu_5017", "ycb_000001", "ycb_000003"}


def test_doubling_and_convolving_in_one() -> None:
    torch.manual_seed(0)
    layer = DoublingConvNormAct(3, 5).eval()
    fill(layer, seed=2)
    features = image((2, 3, 4, 6), 1)
    doubled = torch.nn.functional.interpolate(features, scale_factor=2.0, mode="nearest")
    with torch.no_grad():
        expected = torch.nn.functional.elu(layer.norm(layer.conv(doubled)))
        torch.testing.assert_close(layer(features), expected)


def test_parts_are_convolved_as_if_joined() -> None:
    layer = ConvNormAct(6, 4)
    fill(layer, seed=3)
    first, second = image((1, 4, 5, 7), 4), image((1, 2, 5, 7), 5)
    joined = torch.cat([first, second], dim=1)
    with torch.no_grad():
        torch.testing.assert_close(layer.train()(first, second), layer(joined))
        expected = torch.nn.functional.elu(layer.eval().norm(layer.conv(joined)))
        torch.testing.assert_close(layer(first, second), expected)


@pytest.fixture(scope="module")
def bundled() -> LoadedNetwork:
    return models.load("light_depth")


def test_the_bundled_weights_are_no_worse_than_their_card_says(bundled: LoadedNetwork) -> None:
    """The same generated scenes at a third of the size: d1 0.37, with the true median 0.48."""
    scores = mean_over_scenes(bundled.module, generated_examples(6, 120, 160))
    assert scores["d1"] > 0.33
    assert scores["d1_scaled"] > 0.45


@pytest.mark.slow
def test_a_click_with_the_bundled_weights_brings_its_depth_and_helps_around(bundled: LoadedNetwork) -> None:
    example = generated_examples(1, 120, 160)[0]
    session = RefinementSession(bundled, example.image)
    click = next_value_click(session.prediction.array, example.target, example.valid)
    assert click is not None
    before = np.abs(session.prediction.array - example.target)
    steps = list(session.refine(click))
    after = np.abs(session.prediction.array - example.target)
    row, col = round(click.y), round(click.x)
    assert len(steps) == 20
    assert after[row, col] < 0.2 * before[row, col]
    assert after[example.valid].mean() < 0.9 * before[example.valid].mean()
