"""The three containers of weights that are read: torch.save as zip, torch.save of before 2020, and safetensors.

Nothing in a file is ever executed. Everything that could (TorchScript, torch.export, torch.package, pickles that name
code) is refused with the reason, and so are sizes that the file cannot hold.
"""

from __future__ import annotations

import errno
import hashlib
import io
import pickle  # the exception class and opcodes only; nothing is unpickled with it
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import torch
from safetensors import SafetensorError, safe_open

from gbrs_core.errors import CheckpointError
from models.pickle_scan import PickleScan, scan_pickle
from models.plain_weights import ADVICE, StoredTensor
from models.reading import Container
from models.watch import Watch

LARGEST_FILE = 8 << 30
"""Bytes of the largest file that is read; the largest known network takes 0.3 GB, with its optimiser 0.9 GB."""

_CHUNK = 4 << 20
_LARGEST_INDEX = 16 << 20  # a thousand layers need a few hundred kilobytes
_MOST_TENSORS = 100_000  # the largest known network has two thousand, three times that with its optimiser
_MOST_SHARED = 4  # how often the same values may be named: as weights, their average, under two wrappers
_LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_FOREIGN = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 (Keras) file",
    b"GGUF": "a GGUF file",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself; fetch it with git lfs pull",
    b"<": "a web page, not weights; the download probably failed",
}
# What torch's and safetensors' readers raise on damaged files, as seen with scrambled and shortened ones.
_READER_ERRORS = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    zlib.error,
    SafetensorError,
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    struct.error,
)


@dataclass(frozen=True, eq=False)
class CheckpointFile:
    """A file's content before any meaning is given to it.

    Attributes:
        path: the file.
        container: how it is stored.
        size: bytes.
        sha256: hexadecimal digest of the whole file.
        content: for torch.save whatever it holds (harmless types only), for safetensors a dict of `StoredTensor`.
        metadata: text entries of a safetensors header.
    """

    path: Path
    container: Container
    size: int
    sha256: str
    content: Any
    metadata: dict[str, str] = field(default_factory=dict)


def container_of(path: Path) -> Container:
    """Which container a file is, by its kind, size and first bytes.

    Raises:
        CheckpointError: it is no checkpoint, or cannot be opened; the text says what it is instead.
    """
    with naming(path):
        return _container(path, _size(path))


def read_checkpoint_file(path: Path, watch: Watch) -> CheckpointFile:
    """Read a checkpoint of any of the three containers, recognised by its content. To be called within `naming`.

    Raises:
        CheckpointError: damaged, unsafe, or of another kind.
        CancelledError: the caller asked to stop.
        Whatever the readers raise on files that are missing, unreadable or damaged, which `naming` knows.
    """
    size = _size(path)
    container = _container(path, size)
    sha256 = _sha256(path, size, watch.part(0.0, 0.6))
    watch.at("reading weights", 0.65)
    content, metadata = _READERS[container](path, size, watch.part(0.65, 1.0))
    return CheckpointFile(path, container, size, sha256, content, metadata)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Context that turns the errors of readers into CheckpointError, and names the file in them."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"cannot load {path}: {error}", error.details) from error
    except _READER_ERRORS as error:
        raise CheckpointError(f"cannot load {path}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """A reader's error in one line."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "you may not read it; check its permissions"
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return "reading it takes more memory than a checkpoint of its size may take; it is damaged, or made to do harm"
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "it is a link that leads in a circle"
    first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"the file is damaged or cut short; get it again ({first_line[:160]})"


def _size(path: Path) -> int:
    """Bytes of a regular file; nothing else is opened, because opening a pipe can wait for ever."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise CheckpointError("it is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise CheckpointError("it is a pipe or a device, not a file")
    if status.st_size == 0:
        raise CheckpointError("the file is empty (0 bytes); get it again")
    if status.st_size > LARGEST_FILE:
        raise CheckpointError(
            f"it has {status.st_size / 2**30:.1f} GB, more than the {LARGEST_FILE >> 30} GB that are read at most; "
            "no network known here is that large"
        )
    return status.st_size


def _sha256(path: Path, size: int, watch: Watch) -> str:
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            watch.at("checking the file", min(1.0, done / size))
    return digest.hexdigest()


def _container(path: Path, size: int) -> Container:
    """Which container the file is, by its first bytes. Raises CheckpointError for everything else."""
    with path.open("rb") as stream:
        start = stream.read(64)
    if start.startswith(b"PK\x03\x04"):
        return "PyTorch zip"
    if start.startswith(_LEGACY_MAGIC):
        return "PyTorch legacy"
    if start[8:9] == b"{" or path.suffix.lower() == ".safetensors":
        _check_safetensors_header(start, size)
        return "safetensors"
    for signature, kind in _FOREIGN.items():
        if start.lstrip().startswith(signature):
            raise CheckpointError(f"it is {kind}")
    if start.startswith(b"\x80"):
        raise CheckpointError(f"it is a bare Python pickle, which can run code; {ADVICE}")
    raise CheckpointError("it is neither a PyTorch nor a safetensors file")


# safetensors


def _check_safetensors_header(start: bytes, size: int) -> None:
    length = int.from_bytes(start[:8], "little")
    if len(start) < 9 or start[8:9] != b"{":
        raise CheckpointError("it is named .safetensors but has no safetensors header")
    if length > min(size - 8, _LARGEST_INDEX):
        raise CheckpointError(f"its header claims {length:,} bytes, the file has {size:,}; it is damaged or cut short")


def _read_safetensors(path: Path, size: int, watch: Watch) -> tuple[dict[str, StoredTensor], dict[str, str]]:
    """Every tensor's shape and format; its values are read when they are asked for. The header bounds both."""
    file: Any = safe_open(path, framework="pt", device="cpu")
    keys = list(file.keys())
    _check_count(len(keys))
    tensors = {}
    for key in keys:
        watch.check()
        stored = file.get_slice(key)
        name = stored.get_dtype()
        if name not in _SAFETENSORS_TYPES:
            raise CheckpointError(f"{key} is stored as {name}, which holds no plain numbers; {ADVICE}")
        tensors[key] = StoredTensor(tuple(stored.get_shape()), _SAFETENSORS_TYPES[name], partial(file.get_tensor, key))
    return tensors, dict(file.metadata() or {})


def _check_count(count: int) -> None:
    if count > _MOST_TENSORS:
        raise CheckpointError(
            f"it names more than {_MOST_TENSORS:,} tensors; no network known here has so many, and reading them could "
            "take for ever"
        )


_SAFETENSORS_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "C64": torch.complex64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


# torch.save


class _Inert:
    """Stands in for numpy scalars, dtypes and argparse namespaces: loads like them, holds nothing, does nothing.

    Training scripts leave such values (an epoch, a score, their arguments) beside the weights. None of them is
    wanted, so none of numpy's own constructors is given data from a stranger's file.
    """

    def __init__(self, *arguments: object) -> None:
        del arguments

    def __setstate__(self, state: object) -> None:
        del state


_STAND_INS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (_Inert, name)
    for name in (
        "argparse.Namespace",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy.core.multiarray.scalar",
        "numpy.core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct",
        *(f"numpy.dtypes.{kind}DType" for kind in ("Bool", "UInt8", "Int32", "Int64", "Float16", "Float32", "Float64")),
    )
]


def _check_scan(scan: PickleScan, size: int) -> None:
    unsafe = scan.unsafe_names
    if unsafe:
        shown = ", ".join(unsafe[:3]) + (f" and {len(unsafe) - 3} more" if len(unsafe) > 3 else "")
        raise CheckpointError(
            f"refused, and nothing was run: opening it would run code ({shown}), which weights never need; {ADVICE}",
            details="Names the file asks for:\n" + "\n".join(unsafe),
        )
    _check_count(len(scan.storage_lengths))
    largest = max(scan.storage_lengths, default=0)
    if largest > size:
        raise CheckpointError(f"it claims a tensor of {largest:,} values in a file of {size:,} bytes; it is damaged")
    claimed = sum(scan.storage_lengths)
    if claimed > _MOST_SHARED * size:
        raise CheckpointError(f"it claims {claimed:,} values in a file of {size:,} bytes; it is damaged")


def _read_zip(path: Path, size: int, watch: Watch) -> tuple[Any, dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        _refuse_programs([entry.filename for entry in entries])
        index = _pickle_entry(entries)
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise CheckpointError(f"it is a compressed archive, which torch.save never writes; {ADVICE}")
        if index.file_size > _LARGEST_INDEX or sum(entry.file_size for entry in entries) > size:
            raise CheckpointError(f"its parts claim more than the file's {size:,} bytes; it is damaged")
        _check_scan(scan_pickle(io.BytesIO(archive.read(index))), size)
    with torch.serialization.safe_globals(_STAND_INS):
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True), {}


def _refuse_programs(names: list[str]) -> None:
    """Archives that hold a program beside the weights."""
    inner = [name.split("/", 1)[-1] for name in names]
    kind = ""
    if any(name.startswith("code/") or name == "constants.pkl" for name in inner):
        kind = "a TorchScript archive"
    elif any(name.startswith((".data/extern_modules", ".data/python_version")) for name in inner + names):
        kind = "a torch.package archive"
    elif any(name in ("archive_format", "serialized_exported_program.json") for name in inner + names) or any(
        name.startswith(("models/", "data/aotinductor/")) for name in inner
    ):
        kind = "an exported program (.pt2)"
    if kind:
        raise CheckpointError(f"refused, and nothing was run: it is {kind}, which contains code; {ADVICE}")


def _pickle_entry(entries: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    found = [entry for entry in entries if entry.filename.split("/", 1)[-1] == "data.pkl"]
    if len(found) == 1:
        return found[0]
    if found:
        raise CheckpointError("it has several indexes, so that two programs could read it differently")
    raise CheckpointError("it is a ZIP archive, but no PyTorch checkpoint")


def _read_legacy(path: Path, size: int, watch: Watch) -> tuple[Any, dict[str, str]]:
    with path.open("rb") as stream:
        for _ in range(4):  # magic number, protocol version, system, content; the values follow behind
            _check_scan(scan_pickle(stream), size)
        stream.seek(0)
        with torch.serialization.safe_globals(_STAND_INS):
            watched = cast("IO[bytes]", _WatchedStream(stream, size, watch))
            return torch.load(watched, map_location="cpu", weights_only=True), {}


class _WatchedStream(io.RawIOBase):
    """A file that reports progress and can be cancelled between two reads."""

    def __init__(self, stream: io.BufferedReader, size: int, watch: Watch) -> None:
        super().__init__()
        self._stream, self._size, self._watch = stream, size, watch

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` from the file."""
        self._watch.at("reading weights", min(1.0, self._stream.tell() / self._size))
        return self._stream.readinto(buffer)

    def readline(self, size: int | None = -1) -> bytes:
        """The rest of a line, as the unpickler reads names."""
        return self._stream.readline(-1 if size is None else size)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """The position."""
        return self._stream.tell()


_READERS: dict[Container, Callable[[Path, int, Watch], tuple[Any, dict[str, str]]]] = {
    "PyTorch zip": _read_zip,
    "PyTorch legacy": _read_legacy,
    "safetensors": _read_safetensors,
}
