"""Files made to do harm: nothing in them runs, and none takes much memory or time before it is refused.

Every file goes through the process of its own, as in the program. `test_checkpoints.py` has the damaged and ill-fitting
ones, read without it.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import resource
import struct
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import models
from gbrs_core.errors import CheckpointError
from models.checkpoint_files import LARGEST_FILE
from models.checkpoint_reader import read_here
from models.checkpoints import load_network
from models.isolated import ReadingProcess
from models.reading import CheckpointReading
from models.registry import weights_file
from models.watch import Watch

NAME = "light_interactive"
MAGIC = 0x1950A86A20F9469CFC6C
"""What torch.save of before 2020 begins with."""


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    """One process for all files: each must leave it able to read the next."""
    with ReadingProcess() as reading:
        reading.read(weights_file(NAME), Watch(), wants_values=False)
        yield reading


@pytest.fixture
def refusal(process: ReadingProcess) -> Callable[[Path], str]:
    """The message with which a file is refused, one line that names it, also when it is only inspected."""

    def refused(path: Path) -> str:
        with pytest.raises(CheckpointError) as caught:
            load_network(path, reader=_checked(process))
        assert str(caught.value).count(str(path)) == 1
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return refused


def _checked(process: ReadingProcess) -> Callable[[Path, Watch, bool], CheckpointReading]:
    return lambda path, watch, wants_values: process.read(path, watch, wants_values)


@pytest.fixture
def state() -> dict[str, Tensor]:
    return dict(load_network(NAME).module.state_dict())


@pytest.fixture(autouse=True)
def _still_reads_good_files(process: ReadingProcess) -> Iterator[None]:
    yield
    reading = process.read(weights_file(NAME), Watch(), wants_values=False)
    assert (reading.architecture, reading.problem) == (NAME, "")


class RunsCode:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def zipped(
    path: Path, index: bytes, storages: dict[str, bytes] | None = None, method: int = zipfile.ZIP_STORED
) -> Path:
    """A file in torch.save's present form around a hand-made index."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", index)
        archive.writestr("archive/byteorder", b"little")
        archive.writestr("archive/version", b"3\n")
        for name, content in (storages or {}).items():
            archive.writestr(f"archive/data/{name}", content)
    return path


def legacy(path: Path, index: bytes) -> Path:
    """A file in torch.save's form of before 2020 around a hand-made index."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [pickle.dumps(part, protocol=2) for part in (MAGIC, 1001, system)]
    path.write_bytes(b"".join([*parts, index, pickle.dumps([], protocol=2)]))
    return path


CONTAINERS = pytest.mark.parametrize("pack", [zipped, legacy])


# Code


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("place", ["beside the weights", "as a key", "as the whole file", "inside an optimiser"])
def test_code_does_not_run(
    refusal: Callable[[Path], str], tmp_path: Path, state: dict[str, Tensor], is_zip: bool, place: str
) -> None:
    marker, path = tmp_path / "it ran", tmp_path / "weights.pth"
    bomb = RunsCode(marker)
    content = {
        "beside the weights": {"state_dict": state, "epoch": bomb},
        "as a key": {**state, bomb: 1},
        "as the whole file": bomb,
        "inside an optimiser": {"state_dict": state, "optimizer": {"state": {0: {"step": [bomb]}}}},
    }[place]
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    assert "nothing was run" in refusal(path)
    assert not marker.exists()


RUNNING = {
    "GLOBAL": b"cos\nmkdir\n(X\x06\x00\x00\x00markertR.",
    "INST": b"(X\x06\x00\x00\x00markerios\nmkdir\n.",
    "OBJ": b"(cos\nmkdir\nX\x06\x00\x00\x00markero.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x05mkdir\x93\x8c\x06marker\x85R.",
    "memoised names": b"\x80\x04(\x8c\x05mkdir\x94\x8c\x02os\x94\x8c\x01x00h\x01h\x00\x93\x8c\x06marker\x85R.",
    "eval": b"\x80\x02cbuiltins\neval\nX\x20\x00\x00\x00__import__('os').mkdir('marker')\x85R.",
}
"""Indexes that make a file or folder called "marker" when Python unpickles them."""
REFUSED = {
    "torch.load": b"\x80\x02ctorch\nload\nX\x01\x00\x00\x00x\x85R.",
    "an allowed name misused": b"\x80\x02ctorch.serialization\n_get_layout\nX\x01\x00\x00\x00x\x85R.",
    "EXT1": b"\x80\x02\x82\x01.",
}


@pytest.mark.parametrize("name", RUNNING)
def test_the_indexes_below_would_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    pickle.loads(RUNNING[name])
    assert (tmp_path / "marker").exists()


@CONTAINERS
@pytest.mark.parametrize("name", [*RUNNING, *REFUSED])
def test_no_opcode_runs_code(
    refusal: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Any, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = pack(tmp_path / "weights.pth", {**RUNNING, **REFUSED}[name])
    refusal(path)
    with pytest.raises(CheckpointError):
        read_here(path, Watch(), wants_values=False)
    assert not (tmp_path / "marker").exists()


# Sizes


def storage_index(count: int, shape: tuple[int, ...], stride: tuple[int, ...], tensors: int = 1) -> bytes:
    """An index with tensors of a claimed shape over storages that claim `count` values each."""
    stream = io.BytesIO()

    class Pickler(pickle._Pickler):
        def persistent_id(self, entry: object) -> Any:
            return ("storage", torch.FloatStorage, entry[1], "cpu", count) if isinstance(entry, Stored) else None

    class Stored(tuple):
        pass

    class Claimed:
        def __init__(self, key: str) -> None:
            self.key = key

        def __reduce__(self) -> tuple[Any, ...]:
            stored = Stored(("stored", self.key))
            return torch._utils._rebuild_tensor_v2, (stored, 0, shape, stride, False, {})

    Pickler(stream, 2).dump({f"layer{number}.weight": Claimed(str(number)) for number in range(tensors)})
    return stream.getvalue()


@CONTAINERS
def test_a_storage_that_claims_gigabytes(refusal: Callable[[Path], str], tmp_path: Path, pack: Any) -> None:
    assert "claims a tensor of 1,099,511,627,776 values" in refusal(
        pack(tmp_path / "weights.pth", storage_index(1 << 40, (4,), (1,)))
    )


def test_many_storages_that_claim_the_whole_file_each(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    index = storage_index(20_000, (4,), (1,), tensors=200)
    assert "claims 4,000,000 values" in refusal(zipped(tmp_path / "weights.pth", index, {"0": bytes(80_000)}))


@pytest.mark.parametrize("stride", [(0, 0), (1, 1)])
def test_a_shape_larger_than_what_is_stored(
    refusal: Callable[[Path], str], tmp_path: Path, stride: tuple[int, int]
) -> None:
    index = storage_index(4, (1 << 20, 1 << 20), stride)
    message = refusal(zipped(tmp_path / "weights.pth", index, {"0": bytes(16)}))
    assert "claims 1,099,511,627,776 values" in message or "damaged" in message


@CONTAINERS
def test_deep_nesting(refusal: Callable[[Path], str], tmp_path: Path, pack: Any) -> None:
    depth = 100_000
    assert "instead of weights" in refusal(
        pack(tmp_path / "weights.pth", b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b".")
    )


def test_deep_nesting_of_wrapping_dicts(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    content: Any = {"conv.weight": torch.zeros(2)}
    for _ in range(300):
        content = {"state_dict": content}
    torch.save(content, tmp_path / "weights.pth")
    assert "instead of weights" in refusal(tmp_path / "weights.pth")


def test_a_zip_bomb(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    zipped(path, b"\x80\x02}.", {"0": bytes(200 << 20)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    assert "compressed archive" in refusal(path)


def test_a_compressed_index_alone(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    zipped(path, b"\x80\x02" + b"N0" * (50 << 20) + b"}.", method=zipfile.ZIP_DEFLATED)
    assert "compressed archive" in refusal(path)


def test_entries_that_share_their_bytes(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    """The central directory names the same stored megabyte a thousand times."""
    path = zipped(tmp_path / "weights.pth", b"\x80\x02}.", {"0": bytes(1 << 20)})
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    last = content.rindex(b"PK\x01\x02", start, end)
    copies = b"".join(content[last:end].replace(b"data/0", b"d%05d" % number) for number in range(1000))
    directory = content[start:end] + copies
    count, size = 4 + 1000, len(directory)
    path.write_bytes(
        content[:start] + directory + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, size, start, 0)
    )
    assert "claim more than the file" in refusal(path)


def test_two_entries_of_one_name(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data.pk_", b"\x80\x02cos\nsystem\nX\x01\x00\x00\x00x\x85R.")
    path.write_bytes(path.read_bytes().replace(b"data.pk_", b"data.pkl"))
    assert "several indexes" in refusal(path)


@CONTAINERS
def test_ten_million_tiny_keys(refusal: Callable[[Path], str], tmp_path: Path, pack: Any) -> None:
    """Every key takes 8 bytes, so that the file of 10,000,000 of them is made, and refused, in seconds."""
    count = 10_000_000
    keys = b"".join((b"U\x04%04dI0\n" % number) for number in range(10_000)) * (count // 10_000)
    path = pack(tmp_path / "weights.pth", b"\x80\x02}(" + keys + b"u.")
    message = refusal(path)
    assert "steps; no network" in message or "claim more than" in message


def test_many_tensors_within_the_bounds_of_an_index(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    index = (
        b"\x80\x02}"
        + b"".join(b"U\x07k%06d" % number + b"U\x07storageq\x00Q0N" + b"s" for number in range(100_001))
        + b"."
    )
    assert "more than 100,000 tensors" in refusal(zipped(tmp_path / "weights.pth", index))


def test_a_key_that_comes_twice_counts_once(process: ReadingProcess, tmp_path: Path) -> None:
    """A pickled dict keeps the last of two entries; so does the reading, whole and checked like any other."""
    index = storage_index(4, (4,), (1,), tensors=2).replace(b"layer1.weight", b"layer0.weight")
    path = zipped(tmp_path / "weights.pth", index, {"0": bytes(16), "1": bytes(16)})
    reading = process.read(path, Watch(), wants_values=False)
    assert dict(reading.shapes) == {"layer0.weight": (4,)}
    assert "fits none" in reading.problem


def test_a_string_that_claims_more_than_the_file(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    index = b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"x"
    message = refusal(zipped(tmp_path / "weights.pth", index))
    assert "damaged" in message


# safetensors


def safetensors(path: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "data"),
    [
        ({"a": {**F32, "data_offsets": [0, 1 << 40]}}, bytes(8)),
        ({"a": {**F32, "shape": [1 << 62, 4]}}, bytes(8)),
        ({"a": {**F32, "shape": [-2]}}, bytes(8)),
        ({"a": {**F32, "data_offsets": [8, 0]}}, bytes(8)),
        ({"a": F32, "b": F32}, bytes(8)),
        ({"a": {**F32, "data_offsets": [4, 12]}}, bytes(12)),
        ({"a": F32}, bytes(16)),
        ({"a": {**F32, "dtype": "OBJECT"}}, bytes(8)),
        ({"a": {"dtype": "F32"}}, bytes(8)),
        (b'{"a": ' + b"[" * 200_000, b""),
        (b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "\xff": 1}', bytes(8)),
        (b"{}" + b" " * 100, b"rest"),
    ],
    ids=[
        "offsets behind the end",
        "a shape that overflows",
        "a negative side",
        "offsets backwards",
        "two tensors over the same bytes",
        "a gap in front",
        "bytes behind the last",
        "an unknown type",
        "entries left out",
        "deep nesting",
        "not UTF-8",
        "values without a tensor",
    ],
)
def test_headers_that_lie(refusal: Callable[[Path], str], tmp_path: Path, header: Any, data: bytes) -> None:
    assert "damaged" in refusal(safetensors(tmp_path / "weights.safetensors", header, data))


def test_a_header_with_a_key_twice(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    entry = json.dumps(F32)
    header = f'{{"a": {entry}, "a": {entry}}}'.encode()
    message = refusal(safetensors(tmp_path / "weights.safetensors", header, bytes(8)))
    assert "damaged" in message or "fits none" in message


def test_a_header_of_a_gigabyte(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", 1 << 30) + b"{")
        stream.truncate((1 << 30) + 8)
    assert "header claims 1,073,741,824 bytes" in refusal(path)


def test_a_header_of_many_empty_tensors(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    entry = json.dumps({"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}, separators=(",", ":"))
    header = "{" + ",".join(f'"k{number}":{entry}' for number in range(150_000)) + "}"
    assert "more than 100,000 tensors" in refusal(safetensors(tmp_path / "weights.safetensors", header.encode()))


@pytest.mark.slow
def test_a_network_of_a_million_classes(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    """The file holds every byte it claims, three gigabytes of zeros, which take no room on the disk."""
    classes = 1_500_000
    with torch.device("meta"):
        tensors = models.create("hrnet_ocr_mscale", num_classes=classes).state_dict()
    header, end = {}, 0
    for key, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        dtype = "F32" if tensor.is_floating_point() else "I64"
        header[key] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [start, end]}
    path = safetensors(tmp_path / "weights.safetensors", header)
    with path.open("ab") as stream:
        stream.truncate(path.stat().st_size + end)
    for entry in (read_here, None):
        with pytest.raises(CheckpointError, match="would be a network of"):
            load_network(path, reader=entry)


# Not files at all


def test_a_pipe_is_not_waited_for(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    os.mkfifo(path)
    assert "a pipe or a device" in refusal(path)
    with pytest.raises(CheckpointError, match="a pipe or a device"):
        load_network(path)


def test_links_that_lead_in_a_circle(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    one, other = tmp_path / "one.pth", tmp_path / "other.pth"
    one.symlink_to(other)
    other.symlink_to(one)
    assert "leads in a circle" in refusal(one)


def test_a_folder_and_a_device(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    assert "a folder" in refusal(tmp_path)
    assert "a pipe or a device" in refusal(Path("/dev/zero"))


def test_a_gigantic_file_is_not_read(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({}, path)
    with path.open("ab") as stream:
        stream.truncate(LARGEST_FILE + 1)
    assert "more than the 8 GB that are read at most" in refusal(path)


# What it costs


def test_refusing_costs_this_process_little(refusal: Callable[[Path], str], tmp_path: Path) -> None:
    """The reading happens elsewhere: neither this process's memory nor its processor time grows with the file."""
    path = legacy(tmp_path / "weights.pth", b"\x80\x02}(" + b"U\x01kI0\n" * 2_000_000 + b"u.")
    memory, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    refusal(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 20_000
    assert time.process_time() - seconds < 2
