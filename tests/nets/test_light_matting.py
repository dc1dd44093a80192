"""The embedded matting network: any size, index blocks by hand, and a training data set that is what it says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import models
from gbrs_core.errors import ShapeError
from models.light.matting import (
    IndexBlock,
    LightMatting,
    index_pool,
    index_unpool,
    known_colours,
    spec,
    suggested_alpha,
)
from models.registry import names
from models.training import alphas
from models.training.config import TrainConfig, TrainingError, read_config
from models.training.foregrounds import estimate_colours, spread_colours
from models.training.losses import matting_loss
from models.training.mattes import Layer, held_back_names, joined, trimap_of
from models.training.recipes import make_recipe
from models.training.recipes.matting import MattingRecipe, as_input, held_back_examples
from models.training.trainer import Trainer, join_processes
from tests.helpers.reproducible import fill, image


@pytest.fixture(scope="module")
def network() -> LightMatting:
    module = models.create("light_matting")
    assert isinstance(module, LightMatting)
    fill(module, seed=1)
    return module.eval()


def test_it_is_small_and_registered(network: LightMatting) -> None:
    assert "light_matting" in names()
    assert sum(parameter.numel() for parameter in network.parameters()) <= 3_000_000


@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 33), (64, 96), (45, 101)])
def test_any_size(network: LightMatting, height: int, width: int) -> None:
    with torch.no_grad():
        alpha = network(image((1, 4, height, width), 0))
    assert alpha.shape == (1, 1, height, width)
    assert torch.isfinite(alpha).all()


def test_odd_sizes_are_completed_to_whole_cells(network: LightMatting) -> None:
    """A size that is no multiple of 32 answers as the picture continued by its border pixels does."""
    small = image((1, 4, 40, 50), 3)
    large = torch.nn.functional.pad(small, (0, 14, 0, 24), mode="replicate")
    with torch.no_grad():
        torch.testing.assert_close(network(small), network(large)[:, :, :40, :50])


@pytest.mark.parametrize("shape", [(1, 3, 32, 32), (4, 32, 32)])
def test_other_inputs_are_refused(network: LightMatting, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="image_and_trimap"):
        network(torch.zeros(shape))


def set_indices(block: IndexBlock, raw: list[float]) -> None:
    """Make the block answer with these raw indices everywhere: four per channel, in reading order."""
    block.indices.load_state_dict(
        {"weight": torch.zeros_like(block.indices.weight), "bias": torch.tensor(raw)}, strict=True
    )


def test_index_maps_by_hand() -> None:
    block = IndexBlock(1).eval()
    with torch.no_grad():
        set_indices(block, [0.0, 0.0, 0.0, np.log(3.0)])
        encoder_map, decoder_map = block(torch.rand(1, 1, 2, 4))
    # Softmax over (1, 1, 1, 3) and sigmoid of log 3, in reading order in every cell.
    expected = torch.tensor([[1 / 6, 1 / 6, 1 / 6, 1 / 6], [1 / 6, 1 / 2, 1 / 6, 1 / 2]])
    torch.testing.assert_close(encoder_map[0, 0], expected)
    expected = torch.tensor([[0.5, 0.5, 0.5, 0.5], [0.5, 0.75, 0.5, 0.75]])
    torch.testing.assert_close(decoder_map[0, 0], expected)


def test_channels_of_the_index_maps_are_their_own() -> None:
    block = IndexBlock(2).eval()
    with torch.no_grad():
        set_indices(block, [0.0, 0, 0, 0, 9, 9, 9, 9])
        _, decoder_map = block(torch.rand(1, 2, 2, 2))
    assert decoder_map[0, 0].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert (decoder_map[0, 1] > 0.99).all()


def test_pooling_and_unpooling_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    indices = torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]]])
    assert index_pool(features, indices).item() == pytest.approx(0.1 + 0.4 + 0.9 + 1.6)
    torch.testing.assert_close(index_unpool(torch.tensor([[[[10.0]]]]), indices), 10 * indices)


def test_known_colours_fill_the_picture() -> None:
    picture = torch.tensor([0.2, -1.0, 3.0])[:, None, None].expand(3, 12, 20)[None].clone()
    known = torch.zeros(1, 1, 12, 20)
    known[:, :, 2:6, 4:8] = 1
    picture[:, :, :, 10:] = 99
    colours = known_colours(picture, known)
    assert colours.shape == (1, 3, 6, 10)
    torch.testing.assert_close(colours, torch.tensor([0.2, -1.0, 3.0])[None, :, None, None].expand(1, 3, 6, 10))


def test_near_known_colours_count_more() -> None:
    picture = torch.zeros(1, 3, 8, 32)
    picture[..., 16:] = 1
    known = torch.zeros(1, 1, 8, 32)
    known[..., :2] = known[..., -2:] = 1
    row = known_colours(picture, known)[0, 0, 2]
    assert row[0] == 0 and row[-1] == 1
    assert row[3] < 0.35 and row[-4] > 0.65


def test_nothing_known_is_no_colour() -> None:
    assert (known_colours(torch.rand(1, 3, 6, 6), torch.zeros(1, 1, 6, 6)) == 0).all()


def test_suggested_alpha_by_hand() -> None:
    def colour(value: float) -> torch.Tensor:
        return torch.full((1, 3, 1, 1), value)

    assert suggested_alpha(colour(0.5), colour(2.0), colour(0.0)).item() == pytest.approx(3 / 12.05)
    assert suggested_alpha(colour(9.0), colour(2.0), colour(0.0)).item() == 1.5
    assert suggested_alpha(colour(0.5), colour(0.3), colour(0.3)).item() == 0


def test_places_are_the_decoder_maps(network: LightMatting) -> None:
    """Each level's map reaches alpha and nothing else of the encoder; channels and strides are as described."""
    layout = spec().layout
    assert [level[0].stride for level in layout.levels] == [16, 8, 4, 2]
    inputs = image((1, 4, 64, 96), 5)
    for (point,) in layout.levels:
        seen: list[torch.Size] = []

        def change(_module: object, _inputs: object, output: torch.Tensor, seen: list[torch.Size] = seen) -> object:
            seen.append(output.shape)
            return 0.5 * output

        with torch.no_grad():
            before = network(inputs)
            handle = network.get_submodule(point.module).register_forward_hook(change)
            after = network(inputs)
            handle.remove()
        assert point.stride is not None and point.channels is not None
        assert seen == [torch.Size([1, point.channels, 64 // point.stride, 96 // point.stride])]
        assert not torch.equal(before, after)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four mattes of soft discs, and a BSDS500 of two pictures."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    matting = folder / "matting" / "alphamatting"
    for kind in ("images", "alpha", "trimap1", "trimap2"):
        (matting / kind).mkdir(parents=True)
    rows, cols = np.mgrid[0:96, 0:120]
    for number in range(1, 5):
        distance = np.hypot(rows - 48, cols - 50 - 5 * number)
        alpha = np.clip((30 - distance) / 8 + 0.5, 0, 1)[..., None]
        mixed = alpha * rng.uniform(100, 255, 3) + (1 - alpha) * rng.uniform(0, 100, 3)
        files = {"images": mixed, "alpha": 255 * alpha[..., 0]}
        for kind, width in (("trimap1", 6), ("trimap2", 12)):
            files[kind] = np.where(distance < 30 - width, 255, np.where(distance > 30 + width, 0, 128))
        for kind, pixels in files.items():
            cv2.imwrite(str(matting / kind / f"GT{number:02d}.png"), pixels.astype(np.uint8))
    write_pictures(folder / "bsds500", rng)
    return folder


def write_pictures(folder: Path, rng: np.random.Generator) -> None:
    entries = []
    for stem in ("train/1", "train/2"):
        for kind in ("images", "labels"):
            (folder / kind / "train").mkdir(parents=True, exist_ok=True)
        labels = np.ones((100, 130), dtype=np.uint8)
        labels[30:70, 40:90] = 2
        cv2.imwrite(str(folder / "images" / f"{stem}.png"), rng.integers(0, 255, (100, 130, 3), dtype=np.uint8))
        cv2.imwrite(str(folder / "labels" / f"{stem}.png"), labels)
        entries.append(
            f'"{stem}": {{"image": "images/{stem}.png", "label": "labels/{stem}.png",'
            ' "objects": [{"id": 2, "clear_object": true}]}'
        )
    (folder / "objects.json").write_text("{" + ", ".join(entries) + "}")


@pytest.fixture
def config(data: Path, tmp_path: Path) -> TrainConfig:
    path = tmp_path / "train.toml"
    path.write_text(f"""
recipe = "matting"
network = "light_matting"
data = "{data}"
output = "{tmp_path / "run"}"
weights = "{tmp_path / "weights.safetensors"}"
steps = 12
learning_rate = 0.003
warmup_steps = 1
ema_decay = 0.5
bf16 = false
threads = 1
pool = 6
validate_every = 100
[[phases]]
until = 1.0
crop = 64
batch = 4
[source_weights]
mattes = 0.5
bsds = 0.5
""")
    return read_config(path)


@pytest.fixture(autouse=True)
def small_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.training.recipes.matting.BANK", 8)


def test_batches_are_valid(config: TrainConfig) -> None:
    recipe = make_recipe(config, np.random.default_rng(4))
    recipe.start_phase(config.phases[0])
    for _ in range(6):
        (inputs,), target = recipe.next_batch()
        assert inputs.shape == (4, 4, 64, 64) and target.shape == (4, 3, 64, 64)
        trimap, alpha, unknown = inputs[:, 3] * 255, target[:, 0], target[:, 1]
        assert set(trimap.flatten().tolist()) <= {0.0, 128.0, 255.0}
        assert ((alpha >= 0) & (alpha <= 1)).all()
        assert (alpha[trimap == 0] == 0).all() and (alpha[trimap == 255] == 1).all()
        assert torch.equal(unknown == 1, trimap == 128)
        assert ((target[:, 2] >= 0) & (target[:, 2] <= 1)).all()


def test_same_seed_draws_the_same_batches(config: TrainConfig) -> None:
    batches = []
    for _ in range(2):
        recipe = make_recipe(config, np.random.default_rng(4))
        recipe.start_phase(config.phases[0])
        batches.append(recipe.next_batch())
    assert torch.equal(batches[0][0][0], batches[1][0][0]) and torch.equal(batches[0][1], batches[1][1])


@pytest.mark.slow
def test_a_short_training_lowers_the_error(config: TrainConfig) -> None:
    torch.manual_seed(0)
    recipe = make_recipe(config, np.random.default_rng(0))
    trainer = Trainer(config, models.create("light_matting"), join_processes())
    before = recipe.validate(trainer.averaged)["mse"]
    after = trainer.run(lambda progress: None)["mse"]
    assert after < 0.8 * before


def test_mattes_are_held_back(data: Path, config: TrainConfig) -> None:
    assert held_back_names(data / "matting" / "alphamatting") == ["GT03"]
    examples = held_back_examples(data)
    assert [example.name for example in examples] == ["GT03 trimap1", "GT03 trimap2"]
    for example in examples:
        assert example.guidance is not None
        assert np.array_equal(example.valid, example.guidance == 128)
        assert example.target.dtype == np.float32 and example.target.max() == 1
    recipe = make_recipe(config, np.random.default_rng(0))
    assert isinstance(recipe, MattingRecipe)


def test_missing_sources_are_named(config: TrainConfig) -> None:
    with pytest.raises(TrainingError, match="bsds"):
        make_recipe(config.model_copy(update={"source_weights": {"mattes": 1.0}}), np.random.default_rng(0))


def test_input_convention() -> None:
    white = np.full((1, 1, 3, 3), 255, dtype=np.uint8)
    inputs = as_input(white, np.array([[[0, 128, 255]]], dtype=np.uint8))
    assert inputs.shape == (1, 4, 1, 3)
    assert inputs[0, :3, 0, 0].tolist() == pytest.approx([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225])
    assert inputs[0, 3, 0].tolist() == pytest.approx([0, 128 / 255, 1])


@pytest.mark.parametrize("kind", alphas.KINDS)
def test_procedural_alphas(kind: str) -> None:
    rng = np.random.default_rng(7)
    mask = alphas.shape((90, 110), rng)
    alpha = alphas.KINDS[kind](mask, rng)
    assert alpha.shape == mask.shape and alpha.dtype == np.float32
    assert alpha.min() >= 0 and alpha.max() <= 1
    assert 0.002 < ((alpha > 0.05) & (alpha < 0.95)).mean() < 0.9


def test_trimap_widths() -> None:
    alpha = np.zeros((60, 60), dtype=np.float32)
    alpha[:, 30:] = 1
    shares = [(trimap_of(alpha, np.random.default_rng(seed)) == 128).mean() for seed in range(30)]
    assert min(shares) < 0.15 and max(shares) > 0.6


def test_estimated_colours_explain_the_picture() -> None:
    rows, cols = np.mgrid[0:64, 0:64]
    alpha = np.clip((20 - np.hypot(rows - 32, cols - 32)) / 10 + 0.5, 0, 1).astype(np.float32)
    foreground, background = np.array([200.0, 40.0, 90.0]), np.array([20.0, 120.0, 220.0])
    picture = alpha[..., None] * foreground + (1 - alpha[..., None]) * background
    front, back = estimate_colours(np.rint(picture).astype(np.uint8), alpha)
    np.testing.assert_allclose(
        255 * front[alpha > 0.05], np.broadcast_to(foreground, front[alpha > 0.05].shape), atol=6
    )
    np.testing.assert_allclose(255 * back[alpha < 0.95], np.broadcast_to(background, back[alpha < 0.95].shape), atol=6)


def test_colours_spread_over_the_whole_picture() -> None:
    picture = np.full((40, 50, 3), 7, dtype=np.uint8)
    mask = np.zeros((40, 50), dtype=bool)
    picture[5:15, 5:15] = (250, 100, 30)
    mask[5:15, 5:15] = True
    spread = spread_colours(picture, mask)
    np.testing.assert_allclose(spread, np.broadcast_to([250, 100, 30], spread.shape), atol=1)


def test_matting_loss_by_hand() -> None:
    truth = torch.full((1, 1, 2, 2), 0.5)
    unknown = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
    contrast = torch.full((1, 1, 2, 2), 0.25)
    target = torch.cat([truth, unknown, contrast], dim=1)
    assert matting_loss(truth, target).item() == 0
    # Off by 0.1 everywhere: plain 0.1, composite 0.025. The error left is 0.1 above, 0 below, its mean 0.05, so the one
    # band of the pyramid holds 0.05 everywhere, over an unknown share of one half: 0.1, weighted 1 / 15, halved.
    assert matting_loss(truth + 0.1, target).item() == pytest.approx(0.1 + 0.025 + 0.5 * 0.1 / 15, rel=1e-5)


def test_joined_foregrounds_by_hand() -> None:
    back = Layer(np.full((40, 40, 3), 200, np.uint8), np.full((40, 40), 102, np.uint8))
    front = Layer(np.full((20, 20, 3), 50, np.uint8), np.full((20, 20), 153, np.uint8))
    both = joined(back, front, np.random.default_rng(1))
    assert set(np.unique(both.alpha)) >= {102, 194}
    # 0.6 of 50 over 0.4 * 0.4 of 200, in 0.76 of both: 81.6.
    assert set(both.colours[both.alpha == 194].flatten().tolist()) == {82}
    assert set(both.colours[both.alpha == 102].flatten().tolist()) == {200}
