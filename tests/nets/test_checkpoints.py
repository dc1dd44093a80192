"""Loading, inspecting and converting checkpoints: every good form of a file loads to the same network."""

from __future__ import annotations

import argparse
import hashlib
import json
import stat
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import models
from gbrs_core.errors import CancelledError
from models.checkpoints import convert_checkpoint, save_safetensors
from tests.helpers.checkpoints import NAME, State, assert_loads, inspect_here, load, network_to_save, saver


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return network_to_save()


@pytest.fixture
def state(network: nn.Module) -> State:
    return dict(network.state_dict())


@pytest.fixture(params=["zip", "legacy"])
def save(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Any], Path]:
    return saver(tmp_path, request.param)


# Good files


def test_bare_state_dict(save: Callable[[Any], Path], state: State) -> None:
    assert_loads(save(OrderedDict(state)), state)


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "net", "ema"])
def test_wrapped_as_training_programs_do(save: Callable[[Any], Path], state: State, wrapper: str) -> None:
    parallel = {f"module.{key}": value for key, value in state.items()}
    beside = {
        "epoch": 7,
        "mean_iu": np.float64(0.86),
        "losses": np.arange(3, dtype=np.float32),
        "args": argparse.Namespace(lr=0.1),
        "optimizer": {"state": {0: {"step": 3}}, "param_groups": [{"lr": 0.1}]},
    }
    assert_loads(save({**beside, wrapper: parallel}), state)


def test_numpy_scalars_under_their_name_of_numpy_1(tmp_path: Path, state: State) -> None:
    path = tmp_path / "checkpoint.pth"
    torch.save({"state_dict": state, "mean_iu": np.float64(0.86)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert b"numpy._core.multiarray" in content
    path.write_bytes(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert_loads(path, state)


def test_without_batch_counters(save: Callable[[Any], Path], state: State) -> None:
    path = save({key: value for key, value in state.items() if not key.endswith("num_batches_tracked")})
    assert_loads(path, state)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_number_formats_become_float32(save: Callable[[Any], Path], state: State, dtype: torch.dtype) -> None:
    stored = {key: value.to(dtype) if value.is_floating_point() else value for key, value in state.items()}
    expected = {key: value.to(state[key].dtype) for key, value in stored.items()}
    assert_loads(save(stored), expected)


def test_a_file_without_an_extension(tmp_path: Path, state: State) -> None:
    """As BTS publishes it: a file called "model", the weights under "model", each key with "module." in front."""
    path = tmp_path / "model"
    content = {
        "global_step": 7,
        "model": {f"module.{key}": value for key, value in state.items()},
        "optimizer": torch.optim.AdamW([nn.Parameter(torch.zeros(2))]).state_dict(),
        "best_eval_measures_higher_better": torch.zeros(3),
        "best_eval_steps": np.zeros(9, dtype=np.int32),
    }
    torch.save(content, path, _use_new_zipfile_serialization=False)
    assert_loads(path, state)


def test_parameters_and_single_numbers_beside_them(save: Callable[[Any], Path], state: State) -> None:
    key = next(iter(state))
    assert_loads(save({**state, key: nn.Parameter(state[key]), "aspp_dropout": torch.tensor(0.5)}), state)


def test_half_precision_safetensors_with_licence(tmp_path: Path, network: nn.Module) -> None:
    path = tmp_path / "half.safetensors"
    save_safetensors(path, network, {"licence": "CC0\n" + "x" * 1000}, half=True)
    halved = {k: v.half().float() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    assert_loads(path, halved)
    licence = load(path).spec.licence
    assert licence.startswith("CC0 xxx") and len(licence) == 300
    assert list(tmp_path.iterdir()) == [path]


def test_a_non_ascii_path(tmp_path: Path, network: nn.Module, state: State) -> None:
    path = tmp_path / "Gewichte für Ωmega.safetensors"
    save_safetensors(path, network, {})
    assert_loads(path, state)


def test_the_loaded_network_does_not_need_the_file(save: Callable[[Any], Path], state: State) -> None:
    path = save(state)
    loaded = load(path)
    path.write_bytes(b"\0" * path.stat().st_size)
    assert all(torch.equal(value, state[key]) for key, value in loaded.module.state_dict().items())


def test_progress_rises_to_one(save: Callable[[Any], Path], state: State) -> None:
    shares: list[float] = []
    load(save(state), progress=lambda text, share: shares.append(share))
    assert shares == sorted(shares)
    assert shares[0] <= 0.4
    assert shares[-1] == 1.0


@pytest.mark.parametrize("answers", [0, 1, 5, 60])
def test_loading_can_be_cancelled(save: Callable[[Any], Path], state: State, answers: int) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > answers

    with pytest.raises(CancelledError):
        load(save(state), cancelled=cancelled)
    assert len(asked) == answers + 1


# Inspection


def test_inspection_of_a_good_file(save: Callable[[Any], Path], state: State) -> None:
    path = save({"state_dict": state})
    found = inspect_here(path)
    assert found.problem == ""
    assert found.spec is not None and found.spec.name == NAME
    assert found.report is not None and found.report.fits and len(found.report.matched) == len(state)
    assert found.value_count == sum(value.numel() for value in state.values())
    assert found.stored_types == ("float32", "int64")
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_published_file_is_named_by_inspection(tmp_path: Path) -> None:
    from app.headless import inspect

    path = tmp_path / "hrnet18_ocr64_sbd.pth"
    torch.save(models.create("hrnet18_ocr64").state_dict(), path)
    found = inspect_here(path)
    assert json.loads(inspect.as_json(found))["published_as"] == "HRNetV2-W18 + OCR (SBD)"
    assert "published as  HRNetV2-W18 + OCR (SBD), https://github.com/" in inspect.as_text(found)


def test_inspection_of_a_file_that_does_not_fit(save: Callable[[Any], Path], state: State) -> None:
    del state["head.classify.bias"]
    found = inspect_here(save(state))
    assert found.spec is not None and found.spec.name == NAME
    assert found.report is not None and found.report.missing == ("head.classify.bias",)
    assert "head.classify.bias" in found.problem


@pytest.mark.slow
def test_inspect_command(
    save: Callable[[Any], Path], state: State, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from app.headless import convert, inspect

    path = save(state)
    assert inspect.run(argparse.Namespace(file=path, json=True)) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["architecture"] == NAME and printed["task"] == "interactive" and printed["classes"] == 2
    assert printed["usable"] is True and printed["keys"]["matched"] == printed["keys"]["expected"] == len(state)

    out = tmp_path / "converted.safetensors"
    assert convert.run(argparse.Namespace(file=path, out=out)) == 0
    assert_loads(out, state)
    capsys.readouterr()
    assert inspect.run(argparse.Namespace(file=out, json=False)) == 0
    text = capsys.readouterr().out
    assert NAME in text and hashlib.sha256(path.read_bytes()).hexdigest() in text

    save({key: value for key, value in state.items() if key != "head.classify.bias"})
    assert inspect.run(argparse.Namespace(file=path, json=False)) == 2
    captured = capsys.readouterr()
    assert "Missing (1):\n  head.classify.bias" in captured.out
    assert captured.err.count("\n") == 1 and "head.classify.bias" in captured.err


def test_written_files_may_be_read_by_others(tmp_path: Path, network: nn.Module) -> None:
    ordinary, path = tmp_path / "ordinary", tmp_path / "weights.safetensors"
    ordinary.touch()
    save_safetensors(path, network, {})
    assert path.stat().st_mode == ordinary.stat().st_mode
    path.chmod(0o640)
    save_safetensors(path, network, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_converted_file_says_where_it_comes_from(tmp_path: Path, state: State) -> None:
    path, out = tmp_path / "weights.pth", tmp_path / "converted.safetensors"
    torch.save(state, path)
    written = convert_checkpoint(path, out)
    found = inspect_here(out)
    assert found.metadata["architecture"] == NAME
    assert found.metadata["source"] == "weights.pth"
    assert found.metadata["source_sha256"] == written.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.spec is not None
    assert found.spec.licence == written.spec.licence
    image, clicks = torch.rand(1, 3, 64, 96), torch.rand(1, 2, 64, 96)
    assert torch.equal(load(out).module(image, clicks), written.module(image, clicks))


def test_convert_refuses_wrong_places(tmp_path: Path, network: nn.Module) -> None:
    from app.headless import convert
    from gbrs_core.errors import ExportError

    path = tmp_path / "weights.safetensors"
    save_safetensors(path, network, {})
    before = path.read_bytes()
    for out in (path, tmp_path / "weights.pth", tmp_path / "missing" / "out.safetensors"):
        with pytest.raises(ExportError, match="cannot write"):
            convert.run(argparse.Namespace(file=path, out=out))
    assert path.read_bytes() == before
