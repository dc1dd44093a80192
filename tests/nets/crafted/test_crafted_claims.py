"""Files made to claim more than they hold: each is refused before it takes much memory or time."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import models
from gbrs_core.errors import CheckpointError
from models.checkpoint_reader import read_here
from models.checkpoints import load_network
from models.isolated import ReadingProcess
from models.watch import Watch
from tests.helpers.crafted_checkpoints import CONTAINERS, zipped

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
@pytest.mark.slow
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
