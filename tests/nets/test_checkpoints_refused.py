"""Loading checkpoints: every bad file is refused with a clear message."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from gbrs_core.errors import CheckpointError
from models.checkpoints import save_safetensors
from tests.helpers.checkpoints import NAME, State, inspect_here, load, network_to_save, refusal, saver


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return network_to_save()


@pytest.fixture
def state(network: nn.Module) -> State:
    return dict(network.state_dict())


@pytest.fixture(params=["zip", "legacy"])
def save(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Any], Path]:
    return saver(tmp_path, request.param)


# Code


class RunsCode:
    """Writes a file when it is unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.proof}'",)


def test_a_pickle_that_runs_code_does_not_run(save: Callable[[Any], Path], state: State, tmp_path: Path) -> None:
    proof = tmp_path / "it ran"
    path = save({"state_dict": state, "extra": RunsCode(proof)})
    message = refusal(path)
    assert "nothing was run" in message and f"{os.name}.system" in message
    with pytest.raises(CheckpointError, match="nothing was run"):
        inspect_here(path)
    assert not proof.exists()


def test_the_proof_above_can_fail(tmp_path: Path) -> None:
    proof = tmp_path / "it ran"
    pickle.loads(pickle.dumps(RunsCode(proof)))
    assert proof.exists()


def test_a_bare_pickle_that_runs_code_does_not_run(tmp_path: Path) -> None:
    proof, path = tmp_path / "it ran", tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps(RunsCode(proof)))
    assert "bare Python pickle" in refusal(path)
    assert not proof.exists()


def test_a_newer_pickle_protocol_hides_no_code(tmp_path: Path, state: State) -> None:
    proof, path = tmp_path / "it ran", tmp_path / "checkpoint.pth"
    torch.save({"state_dict": state, "extra": RunsCode(proof)}, path, pickle_protocol=4)
    assert f"{os.name}.system" in refusal(path)
    assert not proof.exists()


def test_a_whole_module_is_refused(save: Callable[[Any], Path], network: nn.Module) -> None:
    message = refusal(save(network))
    assert "models.light.interactive" in message
    assert "torch.save(model.state_dict())" in message


@pytest.mark.parametrize("name", ["builtins.bytearray", "torch.Tensor", "torch._utils._rebuild_sparse_tensor"])
def test_names_that_allocate_without_stored_values_are_refused(tmp_path: Path, name: str) -> None:
    module, _, attribute = name.rpartition(".")
    content = b"\x80\x02c" + f"{module}\n{attribute}\n".encode() + b"J\xff\xff\xff\x7f\x85R."
    path = tmp_path / "checkpoint.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
    assert name in refusal(path)


# Programs and foreign files


def test_torchscript_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scripted.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "code/__torch__.py", "constants.pkl", "version"):
            archive.writestr(f"scripted/{name}", b"")
    assert "TorchScript" in refusal(path)


def test_exported_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "exported.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("models/model.json", "data/sample_inputs/model.pt", "archive_format"):
            archive.writestr(f"exported/{name}", b"")
    assert "exported program" in refusal(path)


def test_torch_package_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "package.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (".data/extern_modules", ".data/0.storage", "model/model.pkl"):
            archive.writestr(f"package/{name}", b"")
    assert "torch.package" in refusal(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"hello", "neither a PyTorch nor a safetensors file"),
        (b"\n<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 64, "HDF5"),
        (struct.pack("<Q", 10**15) + b'{"a":', "damaged"),
    ],
)
def test_other_files_are_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    assert reason in refusal(path)


def test_missing_file_folder_and_numpy_archive(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "missing.pth")
    assert "a folder" in refusal(tmp_path)
    np.savez(tmp_path / "arrays.npz", a=np.zeros(2))
    assert "no PyTorch checkpoint" in refusal(tmp_path / "arrays.npz")


def test_a_name_without_bundled_weights() -> None:
    with pytest.raises(CheckpointError, match="no weights of resnet101_dh256"):
        load("resnet101_dh256")


# Damaged files


@pytest.mark.parametrize("kept", [16, 500, 0.5, 0.999])
def test_truncated(save: Callable[[Any], Path], state: State, kept: float) -> None:
    path = save(state)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept > 1 else kept * len(content))])
    assert "damaged or cut short" in refusal(path)


@pytest.mark.parametrize("kept", [16, 0.5, 0.999])
def test_truncated_safetensors(tmp_path: Path, network: nn.Module, kept: float) -> None:
    path = tmp_path / "cut.safetensors"
    save_safetensors(path, network, {})
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept > 1 else kept * len(content))])
    assert "damaged or cut short" in refusal(path)


def test_a_storage_larger_than_the_file(save: Callable[[Any], Path]) -> None:
    path = save({"weight": torch.zeros(1000)})
    content = path.read_bytes()
    claimed = content.replace(b"M\xe8\x03", b"J\xff\xff\xff\x7f", 1)  # 1000 as the pickle writes it -> 2147483647
    assert claimed != content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, value in entries.items():
                archive.writestr(name, value.replace(b"M\xe8\x03", b"J\xff\xff\xff\x7f", 1))
    else:
        path.write_bytes(claimed)
    assert "2,147,483,647 values" in refusal(path)


def test_a_tensor_that_repeats_one_value(save: Callable[[Any], Path], state: State) -> None:
    key = next(key for key, value in state.items() if value.dim() == 4)
    path = save({**state, key: torch.zeros(1).expand(state[key].shape)})
    assert f"{key} claims" in refusal(path)


def test_an_archive_with_two_indexes(tmp_path: Path, state: State) -> None:
    path = tmp_path / "two.pth"
    torch.save(state, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other/data.pkl", b"\x80\x02}.")
    assert "several indexes" in refusal(path)


def test_a_compressed_archive(tmp_path: Path, state: State) -> None:
    stored, path = tmp_path / "stored.pth", tmp_path / "deflated.pth"
    torch.save(state, stored)
    with zipfile.ZipFile(stored) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    assert "compressed" in refusal(path)


# Files that do not fit


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(save: Callable[[Any], Path], state: State, wrong: float) -> None:
    key = "head.classify.weight"
    broken = state[key].clone()
    broken[0, 0] = wrong
    message = refusal(save({**state, key: broken}))
    assert key in message and "not usable numbers" in message


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int64, torch.bool])
def test_weights_that_are_whole_numbers(save: Callable[[Any], Path], state: State, dtype: torch.dtype) -> None:
    key = "head.classify.weight"
    message = refusal(save({**state, key: state[key].to(dtype)}))
    assert f"{key} ({str(dtype).removeprefix('torch.')})" in message
    assert "quantised" in message


def test_complex_weights(save: Callable[[Any], Path], state: State) -> None:
    key = "head.classify.weight"
    assert f"{key} holds complex numbers" in refusal(save({**state, key: state[key].to(torch.complex64)}))


@pytest.mark.parametrize("dtype", [torch.int8, torch.complex64])
def test_safetensors_of_other_numbers(tmp_path: Path, state: State, dtype: torch.dtype) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({key: value.to(dtype) for key, value in state.items()}, path)
    assert "quantised" in refusal(path) or "complex numbers" in refusal(path)


def test_negative_variances(save: Callable[[Any], Path], state: State) -> None:
    key = next(key for key in state if key.endswith("running_var"))
    assert key in refusal(save({**state, key: -state[key]}))


def test_float64_values_beyond_float32(save: Callable[[Any], Path], state: State) -> None:
    broken = {**state, "head.classify.bias": torch.tensor([1e300], dtype=torch.float64)}
    assert "head.classify.bias" in refusal(save(broken))


def test_another_architecture(save: Callable[[Any], Path]) -> None:
    message = refusal(save(nn.Linear(3, 2).state_dict()))
    assert "fits none of the known networks" in message and NAME in message


def test_nearest_architecture_is_named(save: Callable[[Any], Path], state: State) -> None:
    message = refusal(save({key: value for key, value in state.items() if not key.startswith("fusion")}))
    assert f"nearest is {NAME}" in message


def test_missing_unexpected_and_misshaped_entries_are_counted(save: Callable[[Any], Path], state: State) -> None:
    changed = {key: value for key, value in state.items() if not key.startswith("head.block1")}
    changed["head.classify.weight"] = torch.zeros(7, 32, 1, 1)
    changed["extra.weight"] = torch.zeros(3)
    path = save(changed)
    lost = sum(key.startswith("head.block1") and not key.endswith("num_batches_tracked") for key in state)
    message = refusal(path)
    assert f"{lost} entries are missing (head.block1.* {lost})" in message
    assert "1 have another shape (head.classify.weight is 7x32x1x1, not 1x32x1x1)" in message
    assert "1 are unknown to it (extra.weight)" in message
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert "head.block1.0.weight" in caught.value.details


@pytest.mark.parametrize("content", [{}, [1, 2], torch.zeros(3), {"epoch": 3}])
def test_files_without_weights(save: Callable[[Any], Path], content: Any) -> None:
    assert "instead of weights" in refusal(save(content))


def test_long_lists_are_grouped(save: Callable[[Any], Path], state: State) -> None:
    path = save({key: value for key, value in state.items() if not key.startswith("head.")} | {"mine": torch.zeros(2)})
    with pytest.raises(CheckpointError) as caught:
        load(path)
    lost = [key for key in state if key.startswith("head.block1.") and not key.endswith("num_batches_tracked")]
    lines = caught.value.details.splitlines()
    assert f"  head.block1.*, {len(lost)} entries: {lost[0]}, …" in lines
    assert lines[lines.index("Unexpected (1):") + 1] == "  mine"
